/* What the keys that act do: marks, probes, the purge with its question, and what is written. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/alloc.h"
#include "base/text.h"
#include "ui/tty.h"
#include "ui/ui_state.h"

/* What a person reads through, or pastes. */
#define TICKET_MAX        1000
#define COPY_BINDINGS_MAX 10000

/* ---- marks -------------------------------------------------------------------------------- */

void do_mark(struct ui *u, const char *arg, int64_t now_ms)
{
	binding_id id = ui_current(u);

	(void)arg;
	(void)now_ms;
	if (!id)
		return;
	store_set_mark(u->cfg.store, id, true);
	if (ui_mode(u) == MODE_TABLE)
		view_move_cursor(u->cfg.view, 1);
}

void do_mark_all(struct ui *u, const char *arg, int64_t now_ms)
{
	size_t all;

	(void)arg;
	/* Those that the filter means now, not those of a list that is still to be made. */
	view_update(u->cfg.view, now_ms);
	all = view_count(u->cfg.view);
	for (size_t i = 0; i < all; i++)
		store_set_mark(u->cfg.store, view_at(u->cfg.view, i), true);
	if (all == 1)
		ui_say(u, false, "The one binding of the table is marked; U takes marks away.");
	else
		ui_say(u, false, "All %zu bindings of the table are marked; U takes marks away.",
		       all);
}

void do_unmark(struct ui *u, const char *arg, int64_t now_ms)
{
	binding_id id = ui_current(u);

	(void)arg;
	(void)now_ms;
	if (id)
		store_set_mark(u->cfg.store, id, false);
}

void do_unmark_all(struct ui *u, const char *arg, int64_t now_ms)
{
	size_t all = store_mark_count(u->cfg.store);
	size_t hidden = view_hidden_marks(u->cfg.view);

	(void)arg;
	(void)now_ms;
	store_clear_marks(u->cfg.store);
	if (hidden)
		ui_say(u, false, "%zu marks taken away, %zu of them out of sight.", all, hidden);
	else
		ui_say(u, false, all == 1 ? "1 mark taken away." : "%zu marks taken away.", all);
}

/* What an action is about: the binding whose detail is open, else the marked ones, else the one
 * under the cursor. The caller frees. */
static size_t targets(struct ui *u, binding_id **ids)
{
	if (ui_mode(u) == MODE_TABLE && store_mark_count(u->cfg.store) > 0)
		return store_marks(u->cfg.store, ids);
	*ids = xmalloc(sizeof(**ids));
	(*ids)[0] = ui_current(u);
	return (*ids)[0] ? 1 : 0;
}

/* Told before a million marks are gathered and put in order, which a key would have to wait for. */
static bool too_many(struct ui *u, const char *what, size_t max)
{
	size_t marks = ui_mode(u) == MODE_TABLE ? store_mark_count(u->cfg.store) : 0;

	if (marks <= max)
		return false;
	ui_say(u, true,
	       "%s takes %zu bindings at the most, and %zu are marked: U takes marks away.", what,
	       max, marks);
	return true;
}

/* ---- probes ------------------------------------------------------------------------------- */

size_t sweep_open(const struct ping_progress *s)
{
	return s->waiting + s->flying;
}

bool ui_sweep(const struct ui *u, struct ping_progress *out)
{
	u->cfg.port.ping_progress(u->cfg.port.ctx, out);
	return out->total > UI_SWEEP;
}

static void ask(struct ui *u, const binding_id *ids, size_t n)
{
	u->sweep_told = false;
	u->cfg.port.ping(u->cfg.port.ctx, ids, n);
}

static void say_aor(struct ui *u, const char *before, binding_id id, const char *behind)
{
	struct strbuf raw = STRBUF_INIT;
	struct binding b;
	char aor[120];

	if (!store_get(u->cfg.store, id, &b))
		return;
	binding_add_aor(&b, &raw);
	text_clean_buf(strbuf_slice(&raw), aor, sizeof(aor));
	strbuf_free(&raw);
	ui_say(u, false, "%s%s%s", before, aor, behind);
}

static bool can_be_asked(const struct ui *u, binding_id id)
{
	struct binding b;

	return store_get(u->cfg.store, id, &b) && !ui_is_frozen(u, b.source);
}

/* Leaves those of the ids that can be asked; returns how many. */
static size_t keep_askable(const struct ui *u, binding_id *ids, size_t n)
{
	size_t kept = 0;
	bool all = true;

	for (size_t i = 0; i < u->cfg.source_count; i++)
		all = all && !ui_is_frozen(u, i);
	/* Most often everybody can, and a million need not be looked up for that. */
	if (all)
		return n;
	for (size_t i = 0; i < n; i++)
		if (can_be_asked(u, ids[i]))
			ids[kept++] = ids[i];
	return kept;
}

static void say_nobody(struct ui *u, bool any)
{
	if (any)
		ui_say(u, true, "A snapshot is a picture: there is nobody to ask.");
	else
		ui_say(u, false, "There is no binding to ask.");
}

void do_ping(struct ui *u, const char *arg, int64_t now_ms)
{
	binding_id id = ui_current(u);

	(void)arg;
	(void)now_ms;
	if (!id || !can_be_asked(u, id)) {
		say_nobody(u, id != 0);
		return;
	}
	say_aor(u, "Asking ", id, ".");
	u->asking = true;
	ask(u, &id, 1);
}

static void say_asking(struct ui *u, size_t n, const char *where)
{
	struct ping_progress s;
	char words[16];

	if (ui_sweep(u, &s) && s.waiting)
		ui_say(u, false, "Asking %zu bindings %s, about %s at this rate. Ctrl-C stops.", n,
		       where, text_duration(s.left_s, words));
	else
		ui_say(u, false, "Asking %zu binding%s %s.", n, n == 1 ? "" : "s", where);
}

void ui_ask_all(struct ui *u, binding_id *ids, size_t n, const char *where)
{
	size_t askable = keep_askable(u, ids, n);

	if (!askable) {
		say_nobody(u, n > 0);
		return;
	}
	ask(u, ids, askable);
	say_asking(u, askable, where);
	u->asking = true;
}

/* ":ping-all 2000" sets the rate first, for this and what follows. */
static bool take_rate(struct ui *u, const char *arg)
{
	uint64_t rate;

	if (!arg || !*arg)
		return true;
	if (!slice_to_u64(slice_of(arg), PING_MAX_RATE, &rate) || rate == 0) {
		ui_say(u, true, "The rate is a number of probes a second, 1 to %d.", PING_MAX_RATE);
		return false;
	}
	u->cfg.port.ping_rate(u->cfg.port.ctx, (unsigned)rate);
	return true;
}

void do_ping_all(struct ui *u, const char *arg, int64_t now_ms)
{
	bool marked = store_mark_count(u->cfg.store) > 0;
	binding_id *ids = NULL;
	size_t n = 0;

	(void)now_ms;
	if (ui_mode(u) == MODE_WHY) {
		do_neighbours(u, arg, now_ms);
		return;
	}
	if (!take_rate(u, arg))
		return;
	if (ui_mode(u) == MODE_GROUP) {
		group_ask(u);
		return;
	}
	if (ui_mode(u) == MODE_WATCH) {
		watch_ask(u);
		return;
	}
	if (marked) {
		n = store_marks(u->cfg.store, &ids);
	} else {
		ids = xcalloc(u->page + 1, sizeof(*ids));
		while (n < u->page && view_at(u->cfg.view, u->top + n)) {
			ids[n] = view_at(u->cfg.view, u->top + n);
			n++;
		}
	}
	ui_ask_all(u, ids, n, marked ? "with a mark" : "in sight");
	free(ids);
}

/* ---- purge -------------------------------------------------------------------------------- */

static const struct plan *plan_running(const struct ui *u, bool *over)
{
	*over = true;
	return u->cfg.port.purge_plan_now(u->cfg.port.ctx, over);
}

static bool purge_is_running(const struct ui *u)
{
	bool over;

	return plan_running(u, &over) && !over;
}

static void confirm_ask(struct ui *u, struct plan *take)
{
	u->plan = take;
	u->answer[0] = '\0';
	u->confirm_scroll = (struct scroll){0};
}

static void confirm_open(struct ui *u, struct plan *take)
{
	confirm_ask(u, take);
	u->was_frozen = view_frozen(u->cfg.view);
	/* Nothing may move behind a question. */
	view_freeze(u->cfg.view, true);
	ui_push(u, MODE_CONFIRM);
}

void confirm_leave(struct ui *u)
{
	plan_free(u->plan);
	u->plan = NULL;
	u->answer[0] = '\0';
	view_freeze(u->cfg.view, u->was_frozen);
	ui_pop(u);
}

void do_purge(struct ui *u, const char *arg, int64_t now_ms)
{
	struct err e = ERR_NONE;
	binding_id *ids = NULL;
	struct plan *plan;
	size_t n;

	(void)now_ms;
	if (purge_is_running(u)) {
		confirm_open(u, NULL);
		return;
	}
	if (too_many(u, "A purge", PLAN_MAX_ITEMS))
		return;
	n = targets(u, &ids);
	/* One key would answer for a single binding, so it must be one that can be seen. */
	if (ui_mode(u) == MODE_TABLE && n == 1 && view_hidden_marks(u->cfg.view)) {
		ui_say(u, true,
		       "The marked binding is out of sight: change the filter with f, or "
		       "unmark it with U.");
		free(ids);
		return;
	}
	plan = u->cfg.port.purge_plan(u->cfg.port.ctx, ids, n, &e);
	free(ids);
	if (!plan) {
		ui_say_err(u, &e);
		return;
	}
	if (arg && *arg)
		text_clean_buf(slice_of(arg), plan->reason, sizeof(plan->reason));
	confirm_open(u, plan);
}

static void confirm_run(struct ui *u)
{
	struct plan *plan = u->plan;
	struct err e = ERR_NONE;

	confirm_ask(u, NULL);
	if (u->cfg.port.purge_run(u->cfg.port.ctx, plan, &e) < 0) {
		confirm_leave(u);
		ui_say_err(u, &e);
	}
}

/* One binding: its one key is yes, every other key leaves. */
static void confirm_key_one(struct ui *u, const char *key)
{
	if (plan_confirmed(u->plan, key)) {
		confirm_run(u);
		return;
	}
	confirm_leave(u);
	ui_say(u, false, "Nothing was purged.");
}

static void confirm_submit(struct ui *u)
{
	if (plan_confirmed(u->plan, u->answer)) {
		confirm_run(u);
		return;
	}
	confirm_leave(u);
	ui_say(u, true, "Nothing was purged: that was not the number of bindings.");
}

/* Several: the number is typed, and Enter hands it in. An empty line is no answer. */
static void confirm_key_many(struct ui *u, const char *key, int64_t now_ms)
{
	const struct command *c = command_by_key(key);
	size_t n = strlen(u->answer);

	if (key[0] >= '0' && key[0] <= '9' && !key[1]) {
		if (n + 1 < sizeof(u->answer)) {
			u->answer[n] = key[0];
			u->answer[n + 1] = '\0';
		}
	} else if (strcmp(key, "bs") == 0 && n > 0) {
		u->answer[n - 1] = '\0';
	} else if (strcmp(key, "enter") == 0 && n > 0) {
		confirm_submit(u);
	} else if (strcmp(key, "esc") == 0 || strcmp(key, "q") == 0 || strcmp(key, "ctrl-c") == 0) {
		confirm_leave(u);
		ui_say(u, false, "Nothing was purged.");
	} else if (c && c->group == GROUP_MOVE) {
		c->run(u, NULL, now_ms);
	} else {
		ui_say(u, false, "Type the number %zu and Enter, or Esc to leave.", u->plan->count);
	}
}

/* While it runs, and when its results stand there. */
static void confirm_key_running(struct ui *u, const char *key, int64_t now_ms)
{
	const struct command *c = command_by_key(key);
	bool running = purge_is_running(u);

	if (running && strcmp(key, "ctrl-c") == 0) {
		u->cfg.port.purge_cancel(u->cfg.port.ctx);
		ui_say(u, false, "Stopping: what has not begun is left alone.");
	} else if (strcmp(key, "esc") == 0 || strcmp(key, "q") == 0 || strcmp(key, "enter") == 0 ||
		   strcmp(key, "ctrl-c") == 0) {
		confirm_leave(u);
		if (running)
			ui_say(u, false, "The purge goes on; x shows it, Ctrl-C stops it.");
	} else if (c && c->run == do_purge && u->cfg.port.purge_offered(u->cfg.port.ctx)) {
		/* The key only opens the question; it is no answer to it. */
		confirm_ask(u, u->cfg.port.purge_take_offer(u->cfg.port.ctx));
	} else if (c && c->group == GROUP_MOVE) {
		c->run(u, NULL, now_ms);
	}
}

void confirm_key(struct ui *u, const char *key, int64_t now_ms)
{
	if (!u->plan)
		confirm_key_running(u, key, now_ms);
	else if (u->plan->count == 1)
		confirm_key_one(u, key);
	else
		confirm_key_many(u, key, now_ms);
}

void do_cancel(struct ui *u, const char *arg, int64_t now_ms)
{
	struct ping_progress s;

	if (why_stop(u) || call_stop(u))
		return;
	ui_sweep(u, &s);
	if (purge_is_running(u)) {
		u->cfg.port.purge_cancel(u->cfg.port.ctx);
		ui_say(u, false, "Stopping: what has not begun is left alone.");
	} else if (s.waiting) {
		u->cfg.port.ping_cancel(u->cfg.port.ctx);
		ui_say(u, false, "Stopped: %zu of %zu are not asked; %zu may still answer.",
		       s.waiting, s.total, s.flying);
	} else if (s.flying && !s.stopped) {
		u->cfg.port.ping_cancel(u->cfg.port.ctx);
		ui_say(u, false, "All were asked; what is on the way ends by itself.");
	} else {
		do_quit(u, arg, now_ms);
	}
}

/* ---- what is written ---------------------------------------------------------------------- */

void do_ticket(struct ui *u, const char *arg, int64_t now_ms)
{
	struct err e = ERR_NONE;
	binding_id *ids = NULL;
	char path[256] = "";
	size_t n;

	(void)arg;
	(void)now_ms;
	if (ui_mode(u) == MODE_WHY) {
		why_ticket(u);
		return;
	}
	if (ui_mode(u) == MODE_LADDER) {
		ladder_ticket(u);
		return;
	}
	if (too_many(u, "A ticket", TICKET_MAX))
		return;
	n = targets(u, &ids);
	if (!n)
		ui_say(u, false, "There is no binding to write about.");
	else if (u->cfg.port.ticket(u->cfg.port.ctx, ids, n, path, &e) < 0)
		ui_say_err(u, &e);
	else
		ui_say(u, false, "The ticket text, redacted, is in %s.", path);
	free(ids);
}

void do_snapshot(struct ui *u, const char *arg, int64_t now_ms)
{
	struct err e = ERR_NONE;
	int rc = u->cfg.port.snapshot(u->cfg.port.ctx, &e);

	(void)arg;
	(void)now_ms;
	if (rc == -ECANCELED)
		ui_say(u, false, "%s", e.what);
	else if (rc < 0)
		ui_say_err(u, &e);
}

/* Appends "AoR contact", cleaned; false when the clipboard has no room for the line. */
static bool copy_line(const struct binding *b, struct strbuf *text)
{
	struct strbuf raw = STRBUF_INIT;
	size_t before = text->n;

	if (before)
		strbuf_add_char(text, '\n');
	binding_add_aor(b, &raw);
	text_clean(strbuf_slice(&raw), false, text);
	strbuf_free(&raw);
	strbuf_add_char(text, ' ');
	text_clean(b->contact, false, text);
	if (text->n <= TTY_COPY_MAX)
		return true;
	strbuf_cut(text, before);
	return false;
}

static void say_copied(struct ui *u, size_t copied, size_t wanted)
{
	if (copied < wanted)
		ui_say(u, true, "Only %zu of %zu bindings fit on your terminal's clipboard.",
		       copied, wanted);
	else if (copied == 1)
		ui_say(u, false, "AoR and contact were handed to your terminal's clipboard.");
	else
		ui_say(u, false, "%zu bindings were handed to your terminal's clipboard.", copied);
}

void do_copy(struct ui *u, const char *arg, int64_t now_ms)
{
	struct strbuf text = STRBUF_INIT;
	binding_id *ids = NULL;
	size_t n, copied = 0;

	(void)arg;
	(void)now_ms;
	if (too_many(u, "A clipboard", COPY_BINDINGS_MAX))
		return;
	n = targets(u, &ids);
	for (size_t i = 0; i < n; i++) {
		struct binding b;

		if (!store_get(u->cfg.store, ids[i], &b))
			continue;
		if (!copy_line(&b, &text))
			break;
		copied++;
	}
	if (text.n)
		u->cfg.port.copy(u->cfg.port.ctx, strbuf_slice(&text));
	if (n)
		say_copied(u, copied, n);
	strbuf_free(&text);
	free(ids);
}

/* ---- the rest ----------------------------------------------------------------------------- */

void do_refresh(struct ui *u, const char *arg, int64_t now_ms)
{
	(void)arg;
	(void)now_ms;
	ui_say(u, false, "Reading again.");
	u->cfg.port.refresh(u->cfg.port.ctx);
}

void do_redraw(struct ui *u, const char *arg, int64_t now_ms)
{
	(void)arg;
	(void)now_ms;
	u->cfg.port.redraw(u->cfg.port.ctx);
}

void do_suspend(struct ui *u, const char *arg, int64_t now_ms)
{
	(void)arg;
	(void)now_ms;
	u->cfg.port.suspend(u->cfg.port.ctx);
}

void do_command(struct ui *u, const char *arg, int64_t now_ms)
{
	(void)arg;
	(void)now_ms;
	prompt_open(&u->prompt, PROMPT_COMMAND, "");
}

void do_back(struct ui *u, const char *arg, int64_t now_ms)
{
	(void)arg;
	(void)now_ms;
	if (why_put_away(u) || why_stop(u))
		return;
	if (u->depth > 1)
		ui_pop(u);
	else
		u->search[0] = '\0';
	u->searches++;
}

/* By key one level up; the word `quit` typed out leaves from anywhere. */
void do_quit(struct ui *u, const char *arg, int64_t now_ms)
{
	struct ping_progress s;
	struct ui_call call;

	(void)now_ms;
	if (!arg && ui_mode(u) == MODE_WHY)
		why_leave(u);
	else if (!arg && u->depth > 1)
		ui_pop(u);
	else if (!arg && purge_is_running(u))
		ui_say(u, true,
		       "A purge is running: Ctrl-C stops it, then q leaves; :quit leaves now.");
	else if (!arg && call_shown(u, &call) && !call.over)
		ui_say(u, true,
		       "A test call is under way: Ctrl-C ends it, then q leaves; :quit ends it and "
		       "leaves now.");
	else if (!arg && ui_sweep(u, &s) && s.waiting)
		ui_say(u, true,
		       "A sweep is running: Ctrl-C stops it, then q leaves; :quit leaves now.");
	else
		u->cfg.port.quit(u->cfg.port.ctx);
}
