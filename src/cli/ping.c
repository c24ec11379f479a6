/* regtop ping: probes what a filter names and prints what was found. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/text.h"
#include "cli/batch.h"

static const enum column_id ping_columns[] = {COL_AOR,      COL_CONTACT,     COL_VERDICT,
					      COL_BASIS,    COL_CODE,        COL_RTT_MS,
					      COL_NEXT_HOP, COL_ANSWERED_BY, COL_NOTE};

/* From so many probes on it takes long enough to say how far it is, so often. */
#define PROGRESS_FROM 5
#define PROGRESS_MS   200
#define PROGRESS_COLS 70

/* The ladder of more would be read by nobody; what is swept is not traced. */
#define LADDER_MAX 8

/* A sweep that a person can stop: what was found until then is printed all the same. */
struct sweep {
	struct app *app;
	bool shown; /* on a terminal only */
	int64_t said_ms;
	unsigned stops; /* how often the person has asked for an end */
};

static void wipe_progress(const struct sweep *s)
{
	if (s->shown)
		fprintf(stderr, "\r%*s\r", PROGRESS_COLS, "");
}

static void show_progress(struct sweep *s)
{
	int64_t now = clock_mono_ms(s->app->clock);
	struct ping_progress p;
	char text[120], left[16];

	if (!s->shown || now - s->said_ms < PROGRESS_MS)
		return;
	s->said_ms = now;
	pinger_progress(s->app->pinger, &p);
	if (p.stopped)
		snprintf(text, sizeof(text), "stopped, %zu on the way; Ctrl-C ends it now",
			 p.flying);
	else
		snprintf(text, sizeof(text), "asked %zu of %zu, %zu silent, %s left",
			 p.total - p.waiting, p.total, p.silent, text_duration(p.left_s, left));
	fprintf(stderr, "\r%-*.*s", PROGRESS_COLS, PROGRESS_COLS, text);
	fflush(stderr);
}

/* Once: nothing more is sent, and what is on the way may still answer. Twice: that neither. */
static void on_stop(void *ctx, int signo)
{
	struct sweep *s = ctx;

	(void)signo;
	s->stops++;
	s->said_ms = 0;
	pinger_cancel(s->app->pinger);
}

/* True when all were asked to the end. */
static bool sweep_run(struct app *a, const binding_id *ids, size_t n)
{
	struct sweep s = {.app = a, .shown = n > PROGRESS_FROM && isatty(STDERR_FILENO)};
	struct loop_signal *sigint = loop_signal_new(a->loop, SIGINT, on_stop, &s);
	struct loop_signal *sigterm = loop_signal_new(a->loop, SIGTERM, on_stop, &s);
	struct ping_progress p;

	for (size_t i = 0; i < n; i++)
		pinger_ask(a->pinger, ids[i]);
	while (pinger_open(a->pinger) > 0 && s.stops < 2) {
		loop_turn(a->loop, true);
		show_progress(&s);
	}
	wipe_progress(&s);
	loop_signal_free(sigint);
	loop_signal_free(sigterm);
	pinger_progress(a->pinger, &p);
	if (!s.stops)
		return true;
	fprintf(stderr, "regtop: stopped: %zu of %zu were asked, %zu have no verdict\n",
		p.total - p.forgotten, p.total, p.forgotten + p.flying);
	return p.forgotten + p.flying == 0;
}

static bool answered(struct app *a, binding_id id)
{
	struct row r;

	/* One that left meanwhile is nobody's fault. */
	if (!view_row(a->view, id, app_now_ms(a), &r))
		return true;
	return r.j.verdict == VERDICT_ANSWERS || r.j.verdict == VERDICT_EDGE_ANSWERS;
}

static int check_ladder(const struct options *o, size_t n)
{
	if (!o->ladder)
		return REGTOP_OK;
	if (o->json || o->csv) {
		fprintf(stderr, "regtop: --ladder is text: without --json and --csv\n");
		return REGTOP_USAGE;
	}
	if (n <= LADDER_MAX)
		return REGTOP_OK;
	fprintf(stderr,
		"regtop: that matches %zu bindings, and a ladder is of %d at the most; nothing was "
		"asked\n        Name fewer, or say --limit=%d.\n",
		n, LADDER_MAX, LADDER_MAX);
	return REGTOP_USAGE;
}

static int ping_all(struct app *a, const struct options *o)
{
	size_t n, asked;
	binding_id *ids = app_view_ids(a, &n);
	struct trace *trace = NULL;
	bool all_well = true, all_asked;
	int status;

	if (n == 0) {
		fprintf(stderr, "regtop: nothing matches; nothing was asked\n");
		free(ids);
		return REGTOP_FOUND;
	}
	asked = o->limit && o->limit < n ? o->limit : n;
	status = check_ladder(o, asked);
	if (status != REGTOP_OK) {
		free(ids);
		return status;
	}
	if (o->ladder) {
		trace = trace_new(a->clock);
		pinger_trace(a->pinger, ids, asked, trace);
	}
	all_asked = sweep_run(a, ids, asked);
	for (size_t i = 0; i < asked; i++)
		all_well = answered(a, ids[i]) && all_well;
	free(ids);
	status = cli_print_listing(a, o, ping_columns,
				   sizeof(ping_columns) / sizeof(ping_columns[0]));
	cli_print_ladder(trace, o);
	pinger_untrace(a->pinger, trace);
	trace_free(trace);
	if (status == REGTOP_OK && !all_asked)
		status = REGTOP_INCOMPLETE;
	if (status == REGTOP_OK && !all_well)
		status = REGTOP_FOUND;
	return status;
}

int cli_ping(const struct options *o)
{
	struct app *a;
	int status = cli_open(o, &a), pinged;
	const struct source *s;

	if (a && (status == REGTOP_OK || status == REGTOP_INCOMPLETE)) {
		s = a->env.sources[0];
		if (a->env.source_count == 1 && s->status.state == SOURCE_FROZEN) {
			fprintf(stderr, "regtop: %s is a snapshot: there is nobody to ask\n",
				s->name);
			status = REGTOP_REFUSED;
		} else {
			pinged = ping_all(a, o);
			if (status == REGTOP_OK)
				status = pinged;
		}
	}
	app_free(a);
	return status;
}
