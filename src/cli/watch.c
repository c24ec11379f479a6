/* regtop watch: one line for each change of what a filter names. */
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "base/alloc.h"
#include "base/text.h"
#include "cli/batch.h"
#include "cli/lines.h"
#include "cli/watch_ping.h"
#include "model/watch.h"

/* So often it is looked whether anything changed. */
#define LOOK_MS 200

struct watching {
	struct app *app;
	const struct options *options;
	struct watch *watch;
	struct lines *lines;
	struct watch_ping *ping; /* NULL: nobody is asked */
	struct loop_timer *look, *end;
	bool troubled[ACT_MAX_SOURCES]; /* it was told */
	unsigned told;                  /* changes */
	bool full_told, over;
};

static void local_time(int64_t when_ms, char out[16])
{
	time_t s = (time_t)(when_ms / 1000);
	struct tm tm;

	out[0] = '\0';
	if (localtime_r(&s, &tm))
		strftime(out, 16, "%H:%M:%S", &tm);
}

static void stop(struct watching *w)
{
	w->over = true;
	loop_stop(w->app->loop);
}

static void set_text(json_t *o, const char *name, const char *text)
{
	json_object_set_new(o, name, text[0] ? json_string(text) : json_null());
}

static void add_json(struct watching *w, json_t *take)
{
	char *text = json_dumps(take, JSON_COMPACT | JSON_PRESERVE_ORDER |
					      (app_ascii_only(w->options) ? JSON_ENSURE_ASCII : 0));

	if (text)
		lines_add(w->lines, slice_of(text));
	free(text);
	json_decref(take);
}

static json_t *json_begin(int64_t when_ms, const char *event, const char *source)
{
	json_t *o = json_object();
	char when[28];

	json_object_set_new(o, "time", json_string(text_rfc3339_ms(when_ms, when)));
	json_object_set_new(o, "event", json_string(event));
	set_text(o, "source", source);
	return o;
}

static void print_json(struct watching *w, const struct watch_event *e)
{
	json_t *o = json_begin(e->when_ms, watch_word(e->kind), e->source);

	set_text(o, "aor", e->aor);
	set_text(o, "contact", e->contact);
	set_text(o, "was", e->was);
	set_text(o, "now", e->now);
	set_text(o, "words", e->words);
	add_json(w, o);
}

static void print_text(struct watching *w, int64_t when_ms, const char *who, const char *words)
{
	struct strbuf line = STRBUF_INIT;
	char when[16];

	local_time(when_ms, when);
	strbuf_addf(&line, "%s ", when);
	text_clean(slice_of(who), app_ascii_only(w->options), &line);
	strbuf_addf(&line, "  ");
	text_clean(slice_of(words), app_ascii_only(w->options), &line);
	if (w->options->bell)
		strbuf_add_char(&line, '\a');
	lines_add(w->lines, strbuf_slice(&line));
	strbuf_free(&line);
}

static void on_event(void *ctx, const struct watch_event *e)
{
	struct watching *w = ctx;

	if (w->over)
		return;
	if (w->options->json)
		print_json(w, e);
	else
		print_text(w, e->when_ms, e->aor, e->words);
	if (e->kind == WATCH_IS)
		return;
	w->told++;
	if (w->options->count && w->told >= w->options->count)
		stop(w);
}

/* A registrar that cannot be read changes nothing; whoever waits must know that. */
static void tell_source(struct watching *w, size_t i, int64_t now_ms)
{
	const struct source *s = w->app->env.sources[i];
	bool trouble = s->status.state == SOURCE_TROUBLE;
	char name[128], what[400];

	if (trouble == w->troubled[i])
		return;
	w->troubled[i] = trouble;
	text_clean_buf(slice_of(s->name), name, sizeof(name));
	if (trouble)
		snprintf(what, sizeof(what), "cannot be read: %s No change is seen until it can.",
			 s->status.trouble.what);
	else
		snprintf(what, sizeof(what), "can be read again.");
	if (w->options->json) {
		json_t *o = json_begin(now_ms, trouble ? "source-trouble" : "source-back", name);

		set_text(o, "words", what);
		add_json(w, o);
	} else {
		print_text(w, now_ms, name, what);
	}
}

static void on_look(void *arg)
{
	struct watching *w = arg;
	int64_t now = app_now_ms(w->app);
	bool full;

	for (size_t i = 0; i < w->app->env.source_count; i++)
		tell_source(w, i, now);
	watch_look(w->watch, now, !w->options->quiet_start);
	watch_count(w->watch, &full);
	if (full && !w->full_told)
		fprintf(stderr,
			"regtop: more than %d bindings match; the rest is not watched: "
			"name fewer\n",
			WATCH_MAX);
	w->full_told |= full;
	watch_ping_go_on(w->ping, now);
	if (lines_nobody(w->lines))
		stop(w);
	loop_timer_set(w->look, LOOK_MS);
}

static void on_end(void *arg)
{
	stop(arg);
}

static void on_signal(void *ctx, int signo)
{
	(void)signo;
	stop(ctx);
}

static void begin(struct watching *w)
{
	struct err e = ERR_NONE;
	size_t n;

	w->watch = watch_new(w->app->view, w->app->store, on_event, w);
	/* It was parsed once already, for the view. */
	watch_set_filter(w->watch, slice_of(w->options->filter), &e);
	w->lines = lines_new(w->app->loop, w->options->json ? LINES_JSON : LINES_TEXT, false);
	w->look = loop_timer_new(w->app->loop, LOOP_DRAW, on_look, w);
	w->end = loop_timer_new(w->app->loop, LOOP_DRAW, on_end, w);
	if (w->options->timeout_s)
		loop_timer_set(w->end, (int64_t)w->options->timeout_s * 1000);
	on_look(w);
	n = watch_count(w->watch, NULL);
	if (!n)
		fprintf(stderr, "regtop: nothing matches yet; what comes is told\n");
	if (w->options->ping_s) {
		w->ping = watch_ping_new(w->watch, w->app->store, w->app->pinger,
					 w->options->ping_s, w->options->rate);
		watch_ping_say(w->ping);
	}
}

static int watch_run(struct watching *w)
{
	static const int ends[] = {SIGHUP, SIGTERM, SIGINT};
	struct loop_signal *signals[sizeof(ends) / sizeof(ends[0])];

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		signals[i] = loop_signal_new(w->app->loop, ends[i], on_signal, w);
	begin(w);
	if (!w->over)
		loop_run(w->app->loop);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		loop_signal_free(signals[i]);
	loop_timer_free(w->look);
	loop_timer_free(w->end);
	watch_ping_free(w->ping);
	watch_free(w->watch);
	lines_free(w->lines);
	/* Who waits for so many changes wants to know whether they came. */
	return w->options->count && w->told < w->options->count ? REGTOP_FOUND : REGTOP_OK;
}

int cli_watch(const struct options *o)
{
	struct watching w = {.options = o};
	struct app *a;
	int status = cli_open(o, &a);

	if (a && (status == REGTOP_OK || status == REGTOP_INCOMPLETE)) {
		if (a->env.source_count == 1 && a->env.sources[0]->status.state == SOURCE_FROZEN) {
			fprintf(stderr, "regtop: %s is a snapshot: nothing in it changes\n",
				a->env.sources[0]->name);
			status = REGTOP_REFUSED;
		} else {
			w.app = a;
			status = watch_run(&w);
		}
	}
	app_free(a);
	return status;
}
