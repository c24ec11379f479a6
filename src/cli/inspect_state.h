/* What the files of the inspector share: one run of it, and what is written to files. */
#ifndef REGTOP_CLI_INSPECT_STATE_H
#define REGTOP_CLI_INSPECT_STATE_H

#include "act/call.h"
#include "act/purge.h"
#include "act/workup.h"
#include "app.h"
#include "ui/terminal.h"
#include "ui/ui.h"

/* Messages that were traced last, for the ladder; the oldest makes room. */
#define INSPECT_LADDERS 16

struct inspector {
	struct app *app;
	const struct options *options;
	struct ui *ui;
	struct terminal *terminal;
	struct frame frame;
	struct loop_timer *draw, *work;
	struct purge *run;                 /* running, or the last one */
	struct workup *why;                /* running, or the last one */
	struct test_call *call;            /* running, or the last one */
	struct inspect_snapshot *snapshot; /* being written */
	struct worker *disk;               /* NULL until a large snapshot is written */
	int64_t call_us;                   /* monotonic, when it began */
	struct inspect_ladder {
		binding_id id; /* 0: free */
		struct trace *trace;
		int64_t began_us;
	} ladders[INSPECT_LADDERS];
	int64_t drawn_mono_ms;
	int64_t seen_mono_ms; /* the sources were told what is looked at */
	bool history_told;    /* why there is none, or why it is not written */
	bool drawing_soon;    /* a frame within FRAME_MS is on its way already */
	bool drew_nothing;    /* the last frame held no row: the first rows are worth one at once */
	struct loop_timer *draw_first; /* the first rows are painted before the next are taken */
};

/* Something that the screen shows has changed: a frame follows soon. */
void inspect_changed(struct inspector *in);
/* "regtop-20310507T031240Z.regtop": in the working directory when it can be written, else beside
 * the journal. A second one within the same second gets a number. */
int inspect_new_file(const char *stem, const char *ending, int64_t now_ms, char path[256],
		     struct err *e);
int inspect_write_text(const char *path, struct slice text, struct err *e);

/* ---- inspect_snapshot.c: the port's part for snapshots */
int inspect_snapshot(void *ctx, struct err *e);
bool inspect_snapshot_now(void *ctx, size_t *done, size_t *of);
/* Nothing is left half written. After the screen: what became of it is said on stderr. */
void inspect_snapshot_free(struct inspector *in);

/* ---- app_history.c through the port */
size_t inspect_history(void *ctx, binding_id id, struct history_summary *sum,
		       struct history_event *events, size_t max);

/* ---- inspect_why.c: the port's part for workups */
int inspect_why(void *ctx, binding_id id, unsigned neighbours, struct err *e);
void inspect_why_cancel(void *ctx);
/* The test call is over: the workup of its binding, when that stands, is judged anew. */
void inspect_why_called(struct inspector *in);
bool inspect_why_now(void *ctx, struct ui_why *out);
int inspect_why_ticket(void *ctx, enum ui_ladder ladder, char path[256], struct err *e);

/* ---- inspect_call.c: the port's part for test calls and ladders */
struct call_plan *inspect_call_plan(void *ctx, binding_id id, const struct call_order *o,
				    struct err *e);
int inspect_call_run(void *ctx, struct call_plan *take, struct err *e);
void inspect_call_stop(void *ctx);
bool inspect_call_now(void *ctx, struct ui_call *out);
const char *inspect_call_refused(void *ctx);
const struct trace *inspect_ladder(void *ctx, binding_id id);
int inspect_ladder_ticket(void *ctx, binding_id id, char path[256], struct err *e);
/* The probe of this one binding that is about to be asked for goes into a ladder. */
void inspect_trace_ping(struct inspector *in, binding_id id);
/* What is asked from now on is not traced. */
void inspect_untrace_pings(struct inspector *in);
/* The last call has ended by now, or ends without a word. */
void inspect_call_free(struct inspector *in);
/* The ticket of these bindings, redacted. */
void inspect_ticket(struct inspector *in, const binding_id *ids, size_t n, struct strbuf *out);

#endif
