/* The inspector: the screen on an app, with the port through which its keys act. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/text.h"
#include "cli/batch.h"
#include "cli/inspect_state.h"
#include "paths.h"
#include "report/ticket.h"

/* At most this often; a key is drawn at once. */
#define FRAME_MS 100
/* At most this often the sources are told what is looked at. */
#define SEEN_MS 500
/* The view is worked on for so long at a time, then keys and SIP have their turn; a step of so many
 * rows is a fraction of that. */
#define WORK_MS   6
#define WORK_ROWS 8192

/* ---- drawing ----------------------------------------------------------------------------- */

/* Makes sure that a frame is drawn in delay_ms at the latest. */
static void draw_within(struct inspector *in, int64_t delay_ms)
{
	loop_timer_stop(in->draw);
	loop_timer_set(in->draw, delay_ms);
}

static bool busy(const struct inspector *in)
{
	return view_busy(in->app->view) || ui_searching(in->ui) || ui_grouping(in->ui);
}

/* What is left is gone on with as soon as nothing else is to be done. */
static void work_soon(struct inspector *in)
{
	if (busy(in) && !loop_timer_is_set(in->work))
		loop_timer_set(in->work, 0);
}

static void work_on(void *arg)
{
	struct inspector *in = arg;
	struct view *v = in->app->view;
	int64_t until = clock_mono_ms(in->app->clock) + WORK_MS, now = app_now_ms(in->app);
	bool differs = false;

	do
		differs |= view_busy(v)          ? view_work(v, now, WORK_ROWS)
			   : ui_grouping(in->ui) ? ui_group_on(in->ui, now, WORK_ROWS)
						 : ui_search_on(in->ui, now);
	while (busy(in) && clock_mono_ms(in->app->clock) < until);
	if (differs || !busy(in))
		draw_within(in, 0);
	work_soon(in);
}

/* Rows that somebody looks at are worth a question to the registrar. */
static void tell_seen(struct inspector *in)
{
	const binding_id *ids;
	size_t n;

	if (in->drawn_mono_ms - in->seen_mono_ms < SEEN_MS)
		return;
	in->seen_mono_ms = in->drawn_mono_ms;
	ids = ui_drawn(in->ui, &n);
	app_seen(in->app, ids, n);
}

/* Once: it goes on without a history. */
static void say_history(struct inspector *in)
{
	const struct err *e = &in->app->history_err;

	if (!e->code || in->history_told)
		return;
	in->history_told = true;
	ui_say(in->ui, true, "%s. %s", e->what, e->hint);
}

static void draw_now(void *arg)
{
	struct inspector *in = arg;
	int64_t now = app_now_ms(in->app), next;

	/* One step, so that a key is seen at once; of a small table that is all there is. */
	view_work(in->app->view, now, WORK_ROWS);
	ui_group_on(in->ui, now, WORK_ROWS);
	work_soon(in);
	say_history(in);
	if (ui_watch_on(in->ui, now))
		terminal_beep(in->terminal);
	ui_draw(in->ui, &in->frame, now);
	in->drawn_mono_ms = clock_mono_ms(in->app->clock);
	tell_seen(in);
	in->drawing_soon = false;
	in->drew_nothing = view_count(in->app->view) == 0;
	/* A dropped frame comes back through drained(). */
	if (!terminal_paint(in->terminal, &in->frame))
		return;
	next = ui_next_change_ms(in->ui, now);
	draw_within(in, next > now ? next - now : FRAME_MS);
}

void inspect_changed(struct inspector *in)
{
	int64_t since;

	if (in->drew_nothing && store_count(in->app->store) > 0) {
		in->drew_nothing = false;
		in->drawing_soon = true;
		loop_timer_set(in->draw_first, 0);
		return;
	}
	/* Changes come in thousands; one frame shows them all. */
	if (in->drawing_soon)
		return;
	in->drawing_soon = true;
	since = clock_mono_ms(in->app->clock) - in->drawn_mono_ms;
	draw_within(in, since >= FRAME_MS ? 0 : FRAME_MS - since);
}

static void on_change(void *ctx)
{
	inspect_changed(ctx);
}

/* ---- the terminal's events ---------------------------------------------------------------- */

static void on_key(void *ctx, const char *name)
{
	struct inspector *in = ctx;
	int64_t now = app_now_ms(in->app);

	/* The keys act on bindings, not on lines: the cursor's is settled before, and no more. */
	view_work(in->app->view, now, 0);
	ui_key(in->ui, name, now);
	draw_within(in, 0);
}

static void on_resized(void *ctx, int width, int height)
{
	struct inspector *in = ctx;
	bool ascii = in->frame.ascii_only;

	frame_free(&in->frame);
	frame_init(&in->frame, width, height, ascii);
	draw_within(in, 0);
}

static void on_lost(void *ctx)
{
	struct inspector *in = ctx;

	loop_stop(in->app->loop);
}

static void on_drained(void *ctx)
{
	draw_within(ctx, 0);
}

static void on_signal(void *ctx, int signo)
{
	struct inspector *in = ctx;

	(void)signo;
	loop_stop(in->app->loop);
}

/* ---- the port ----------------------------------------------------------------------------- */

static void port_quit(void *ctx)
{
	struct inspector *in = ctx;

	loop_stop(in->app->loop);
}

static void port_suspend(void *ctx)
{
	struct inspector *in = ctx;

	terminal_suspend(in->terminal);
}

static void port_redraw(void *ctx)
{
	struct inspector *in = ctx;

	terminal_redraw(in->terminal);
}

static void port_refresh(void *ctx)
{
	struct inspector *in = ctx;

	for (size_t i = 0; i < in->app->env.source_count; i++)
		in->app->env.sources[i]->ops->refresh(in->app->env.sources[i]);
}

static void port_ping(void *ctx, const binding_id *ids, size_t n)
{
	struct inspector *in = ctx;

	/* Of one binding every message is kept; a sweep stays as fast as it is. */
	inspect_untrace_pings(in);
	if (n == 1)
		inspect_trace_ping(in, ids[0]);
	for (size_t i = 0; i < n; i++)
		pinger_ask(in->app->pinger, ids[i]);
}

static void port_ping_rate(void *ctx, unsigned per_s)
{
	struct inspector *in = ctx;

	pinger_set_rate(in->app->pinger, per_s);
}

static void port_ping_progress(void *ctx, struct ping_progress *out)
{
	struct inspector *in = ctx;

	pinger_progress(in->app->pinger, out);
}

static void port_ping_cancel(void *ctx)
{
	struct inspector *in = ctx;

	pinger_cancel(in->app->pinger);
}

static struct plan *port_purge_plan(void *ctx, const binding_id *ids, size_t n, struct err *e)
{
	struct inspector *in = ctx;

	if (in->run && !purge_over(in->run)) {
		err_set(e, -EBUSY, "Ctrl-C cancels it.", "another purge is still running");
		return NULL;
	}
	return plan_purge(&in->app->env, ids, n, e);
}

static void on_purge_progress(void *ctx, const struct plan *p, size_t index)
{
	struct inspector *in = ctx;

	/* The model learns from the registrar's next answer, not from our hope. */
	if (index >= p->count)
		port_refresh(in);
	on_change(in);
}

static int port_purge_run(void *ctx, struct plan *take, struct err *e)
{
	struct inspector *in = ctx;

	purge_free(in->run);
	in->run = purge_start(&in->app->env, take, on_purge_progress, in, e);
	return in->run ? 0 : e->code;
}

static void port_purge_cancel(void *ctx)
{
	struct inspector *in = ctx;

	if (in->run)
		purge_cancel(in->run);
}

static const struct plan *port_purge_plan_now(void *ctx, bool *over)
{
	struct inspector *in = ctx;

	*over = !in->run || purge_over(in->run);
	return in->run ? purge_plan(in->run) : NULL;
}

static const struct plan *port_purge_offered(void *ctx)
{
	struct inspector *in = ctx;

	return in->run ? purge_offered(in->run) : NULL;
}

static struct plan *port_purge_take_offer(void *ctx)
{
	struct inspector *in = ctx;

	return in->run ? purge_take_offer(in->run) : NULL;
}

static const char *port_purge_refused(void *ctx)
{
	const struct act_env *env = &((struct inspector *)ctx)->app->env;
	const char *why = NULL;

	if (env->read_only)
		return env->read_only_why;
	if (!env->journal)
		return env->journal_trouble;
	/* One source that can is enough; the plan tells the others. */
	for (size_t i = 0; i < env->source_count; i++) {
		why = source_purge_refused(env->sources[i]);
		if (!why)
			return NULL;
	}
	return why;
}

int inspect_new_file(const char *stem, const char *ending, int64_t now_ms, char path[256],
		     struct err *e)
{
	char when[24], name[96];
	char *full;

	text_rfc3339(now_ms / 1000, when);
	for (int try = 1; try < 100; try++) {
		/* "2031-05-07T03:12:40Z" without what a file name should not hold. */
		snprintf(name, sizeof(name), "%s-%.4s%.2s%.5s%.2s%.2sZ", stem, when, when + 5,
			 when + 8, when + 14, when + 17);
		if (try > 1)
			snprintf(name + strlen(name), sizeof(name) - strlen(name), "-%d", try);
		snprintf(name + strlen(name), sizeof(name) - strlen(name), "%s", ending);
		if (access(".", W_OK) == 0) {
			snprintf(path, 256, "%s", name);
		} else {
			full = paths_state_file(name, e);
			if (!full)
				return e->code;
			snprintf(path, 256, "%s", full);
			free(full);
		}
		if (access(path, F_OK) < 0)
			return 0;
	}
	return err_set(e, -EEXIST, NULL, "%s: too many files of this second", path);
}

int inspect_write_text(const char *path, struct slice text, struct err *e)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600), rc = 0;

	if (fd < 0)
		return err_set(e, -errno, NULL, "cannot write %s: %s", path, strerror(errno));
	while (text.n && rc == 0) {
		ssize_t n = write(fd, text.p, text.n);

		if (n < 0 && errno != EINTR)
			rc = -errno;
		else if (n > 0)
			text = slice_skip(text, (size_t)n);
	}
	if (close(fd) < 0 && rc == 0)
		rc = -errno;
	if (rc < 0) {
		unlink(path);
		return err_set(e, rc, NULL, "cannot write %s: %s", path, strerror(-rc));
	}
	return 0;
}

void inspect_ticket(struct inspector *in, const binding_id *ids, size_t n, struct strbuf *out)
{
	struct app *a = in->app;
	struct ticket t = {.view = a->view,
			   .store = a->store,
			   .ids = ids,
			   .count = n,
			   .now_ms = app_now_ms(a),
			   .sources = (const struct source *const *)a->env.sources,
			   .source_count = a->env.source_count,
			   .ascii_only = in->frame.ascii_only};

	ticket_write(&t, out);
}

static int port_ticket(void *ctx, const binding_id *ids, size_t n, char path[256], struct err *e)
{
	struct inspector *in = ctx;
	struct strbuf text = STRBUF_INIT;
	int rc = inspect_new_file("regtop-ticket", ".txt", clock_wall_ms(in->app->clock), path, e);

	if (rc < 0)
		return rc;
	inspect_ticket(in, ids, n, &text);
	rc = inspect_write_text(path, strbuf_slice(&text), e);
	strbuf_free(&text);
	return rc;
}

static void port_copy(void *ctx, struct slice text)
{
	struct inspector *in = ctx;

	terminal_copy(in->terminal, text);
}

static const struct ui_port port = {
	.quit = port_quit,
	.suspend = port_suspend,
	.redraw = port_redraw,
	.refresh = port_refresh,
	.ping = port_ping,
	.ping_rate = port_ping_rate,
	.ping_progress = port_ping_progress,
	.ping_cancel = port_ping_cancel,
	.purge_plan = port_purge_plan,
	.purge_run = port_purge_run,
	.purge_cancel = port_purge_cancel,
	.purge_plan_now = port_purge_plan_now,
	.purge_offered = port_purge_offered,
	.purge_take_offer = port_purge_take_offer,
	.snapshot = inspect_snapshot,
	.snapshot_now = inspect_snapshot_now,
	.ticket = port_ticket,
	.copy = port_copy,
	.purge_refused = port_purge_refused,
	.history = inspect_history,
	.why = inspect_why,
	.why_cancel = inspect_why_cancel,
	.why_now = inspect_why_now,
	.why_ticket = inspect_why_ticket,
	.call_plan = inspect_call_plan,
	.call_run = inspect_call_run,
	.call_stop = inspect_call_stop,
	.call_now = inspect_call_now,
	.call_refused = inspect_call_refused,
	.ladder = inspect_ladder,
	.ladder_ticket = inspect_ladder_ticket,
};

/* ---- the run ------------------------------------------------------------------------------ */

static int make_ui(struct inspector *in, const char *title, const char *first_words)
{
	static enum column_id cols[COL_COUNT];
	struct ui_config cfg = {.view = in->app->view,
				.store = in->app->store,
				.sources = (const struct source *const *)in->app->env.sources,
				.source_count = in->app->env.source_count,
				.port = port,
				.ascii_only = in->frame.ascii_only,
				.read_only = in->app->env.read_only,
				.title = title,
				.first_words = first_words};

	cfg.port.ctx = in;
	if (in->options->columns) {
		cfg.col_count = app_columns(in->options, NULL, 0, cols);
		if (cfg.col_count == 0)
			return REGTOP_USAGE;
		cfg.cols = cols;
	}
	in->ui = ui_new(&cfg);
	return REGTOP_OK;
}

static int open_screen(struct inspector *in)
{
	struct terminal_events ev = {in, on_key, on_resized, on_lost, on_drained};
	struct err e = ERR_NONE;
	int width, height;

	in->terminal = terminal_open(in->app->loop, in->app->clock, in->options->no_color,
				     in->frame.ascii_only, &ev, &e);
	if (!in->terminal) {
		err_print(&e);
		return REGTOP_USAGE;
	}
	terminal_size(in->terminal, &width, &height);
	on_resized(in, width, height);
	return REGTOP_OK;
}

int cli_inspect_app(struct app *a, const struct options *o, const char *title,
		    const char *first_words)
{
	static const int ends[] = {SIGHUP, SIGTERM, SIGINT};
	struct loop_signal *signals[sizeof(ends) / sizeof(ends[0])];
	struct inspector in = {.app = a, .options = o};
	int status;

	in.frame.ascii_only = app_ascii_only(o);
	in.draw = loop_timer_new(a->loop, LOOP_DRAW, draw_now, &in);
	in.draw_first = loop_timer_new(a->loop, LOOP_SIP, draw_now, &in);
	in.drew_nothing = true;
	in.work = loop_timer_new(a->loop, LOOP_DRAW, work_on, &in);
	status = make_ui(&in, title, first_words);
	if (status == REGTOP_OK)
		status = open_screen(&in);
	if (status == REGTOP_OK) {
		for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
			signals[i] = loop_signal_new(a->loop, ends[i], on_signal, &in);
		a->on_change = on_change;
		a->on_change_ctx = &in;
		loop_run(a->loop);
		a->on_change = NULL;
		for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
			loop_signal_free(signals[i]);
		/* No phone is left ringing; the screen says so as long as it takes. */
		inspect_call_stop(&in);
		app_end_calls(a);
	}
	terminal_close(in.terminal);
	/* What is in flight stays "unknown" in the journal; nothing new begins. */
	purge_free(in.run);
	workup_free(in.why);
	inspect_call_free(&in);
	ui_free(in.ui);
	loop_timer_free(in.draw_first);
	loop_timer_free(in.draw);
	loop_timer_free(in.work);
	inspect_snapshot_free(&in);
	frame_free(&in.frame);
	return status;
}

/* What nobody named is told in the first words on the screen. */
static void say_found(const struct app *a, struct strbuf *out)
{
	size_t n = a->found ? a->found->config->count : 0;

	if (!n)
		return;
	strbuf_add_str(out, "Found ");
	discovery_describe(a->found, 0, out);
	if (n > 1)
		strbuf_addf(out, " and %zu more; regtop check tells of them", n - 1);
}

int cli_inspect(const struct options *o)
{
	struct err e = ERR_NONE;
	struct strbuf words = STRBUF_INIT;
	struct app *a;
	int status;

	/* Told before any source is opened: the person wants the word for it, not a registrar. */
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
		fprintf(stderr, "regtop: the inspector needs a terminal on stdin and stdout\n"
				"        For scripts and pipes there is: regtop list\n");
		return REGTOP_USAGE;
	}
	a = app_new(o, &e, &status);
	if (!a) {
		err_print(&e);
		return status;
	}
	say_found(a, &words);
	status = app_apply_view(a, o);
	if (status == REGTOP_OK)
		status = cli_inspect_app(a, o, NULL, words.n ? strbuf_str(&words) : NULL);
	strbuf_free(&words);
	app_free(a);
	return status;
}
