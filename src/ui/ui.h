/* The inspector's state and its reducer: keys in, frames out; what changes the world goes through
 * the port. */
#ifndef REGTOP_UI_UI_H
#define REGTOP_UI_UI_H

#include "act/call.h"
#include "act/ping.h"
#include "act/plan.h"
#include "act/workup.h"
#include "model/history.h"
#include "model/view.h"
#include "source/source.h"
#include "ui/frame.h"

struct ui;

/* How much of the messages behind an answer is shown. */
enum ui_ladder { LADDER_NONE, LADDER_LINES, LADDER_RAW };

/* The workup that runs, or the last one. */
struct ui_why {
	const struct findings *f;
	const struct diagnosis *d; /* count 0 until it is over */
	const struct trace *trace;
	struct workup_progress progress;
};

/* The test call that runs, or the last one. */
struct ui_call {
	const struct call_plan *plan;
	const struct call_found *found;
	size_t count;
	const char *now; /* "180 after 84 ms" */
	const struct trace *trace;
	bool over;
};

/* What the inspector can ask of the rest of the program. ids are borrowed for the call. Text in *e
 * is shown to the person. */
struct ui_port {
	void *ctx;
	void (*quit)(void *ctx);
	void (*suspend)(void *ctx);
	void (*redraw)(void *ctx);  /* Ctrl-L: repaint all, nothing else */
	void (*refresh)(void *ctx); /* F5: read the sources again */
	void (*ping)(void *ctx, const binding_id *ids, size_t n);
	void (*ping_rate)(void *ctx, unsigned per_s);
	/* How far the probes are that were asked for; total 0 before the first. */
	void (*ping_progress)(void *ctx, struct ping_progress *out);
	void (*ping_cancel)(void *ctx);
	/* NULL with *e when it is not allowed; the ui owns the plan until it is run or dropped. */
	struct plan *(*purge_plan)(void *ctx, const binding_id *ids, size_t n, struct err *e);
	int (*purge_run)(void *ctx, struct plan *take, struct err *e);
	void (*purge_cancel)(void *ctx);
	/* The plan that is running or was the last to run, NULL for none. */
	const struct plan *(*purge_plan_now)(void *ctx, bool *over);
	/* When it is over: what may be asked next, or NULL (act/purge.h). */
	const struct plan *(*purge_offered)(void *ctx);
	struct plan *(*purge_take_offer)(void *ctx);
	/* Writes a file, and says where by ui_say() when it is there: now, or later when it is
	 * large. Again while it is being written: stops that, -ECANCELED with the words in *e. */
	int (*snapshot)(void *ctx, struct err *e);
	/* Rows that are written, of *of; false: none is being written. */
	bool (*snapshot_now)(void *ctx, size_t *done, size_t *of);
	/* Writes a file and says where in path. */
	int (*ticket)(void *ctx, const binding_id *ids, size_t n, char path[256], struct err *e);
	/* Puts text on the operator's clipboard (OSC 52). */
	void (*copy)(void *ctx, struct slice text);
	/* NULL: offered; else why not (for greyed commands). */
	const char *(*purge_refused)(void *ctx);
	/* Works up the AoR of a binding; what ran before is given up. */
	int (*why)(void *ctx, binding_id id, unsigned neighbours, struct err *e);
	void (*why_cancel)(void *ctx);
	/* False: there is none yet. */
	bool (*why_now)(void *ctx, struct ui_why *out);
	/* Writes its answer, redacted; with its messages when they are shown, so much of them. */
	int (*why_ticket)(void *ctx, enum ui_ladder ladder, char path[256], struct err *e);
	/* As purge_plan and purge_run; the plan is freed by call_plan_free(). */
	struct call_plan *(*call_plan)(void *ctx, binding_id id, const struct call_order *o,
				       struct err *e);
	int (*call_run)(void *ctx, struct call_plan *take, struct err *e);
	void (*call_stop)(void *ctx);
	/* False: there was none yet. */
	bool (*call_now)(void *ctx, struct ui_call *out);
	/* NULL: test calls are offered; else why not. */
	const char *(*call_refused)(void *ctx);
	/* The messages of the last single probe or test call of this binding; NULL: none is kept.
	 * Valid until the loop's next turn. */
	const struct trace *(*ladder)(void *ctx, binding_id id);
	/* Writes the ticket of this binding with its last call and its ladder, redacted. */
	int (*ladder_ticket)(void *ctx, binding_id id, char path[256], struct err *e);
	/* What is remembered of the binding: events newest first, at most max, and their sum.
	 * Returns how many. NULL: no history is kept. */
	size_t (*history)(void *ctx, binding_id id, struct history_summary *sum,
			  struct history_event *events, size_t max);
};

struct ui_config {
	struct view *view;
	struct store *store;
	const struct source *const *sources;
	size_t source_count;
	struct ui_port port;
	bool ascii_only;
	bool read_only;
	const char *title;          /* "demo", or NULL */
	const char *first_words;    /* a message shown first, or NULL */
	const enum column_id *cols; /* --columns, or NULL */
	size_t col_count;
};

struct ui *ui_new(const struct ui_config *cfg);
void ui_free(struct ui *u);

/* Keys by name: a single UTF-8 character ("p", "é"), or "up" "down" "left" "right" "pgup" "pgdn"
 * "home" "end" "enter" "esc" "tab" "backtab" "bs" "del" "space" "f1".."f12" "ctrl-l" "ctrl-c"
 * "ctrl-u" "ctrl-w" "ctrl-d" "ctrl-f" "ctrl-b" "ctrl-z". Between "paste" and "paste-end" stands
 * what was pasted: it may go into a prompt, and presses no command. */
void ui_key(struct ui *u, const char *key, int64_t now_ms);
/* Runs one line of the ':' prompt. */
int ui_command(struct ui *u, const char *line, int64_t now_ms, struct err *e);
/* A search goes on over some more rows; true when the cursor came to rest or nothing was found. Of
 * a small table the key itself has looked at all. */
bool ui_search_on(struct ui *u, int64_t now_ms);
bool ui_searching(const struct ui *u);
/* The groups are counted on, when they are on the screen; true when they differ. Like
 * ui_search_on() in steps, for as long as ui_grouping(). */
bool ui_group_on(struct ui *u, int64_t now_ms, size_t rows);
bool ui_grouping(const struct ui *u);
/* Looks whether anything happened to who is watched, and says so; true when it did, which is worth
 * one bell. To be called before drawing. */
bool ui_watch_on(struct ui *u, int64_t now_ms);
/* A message in the status line; it stays until the next key. alert: in the alert role; others go
 * after some seconds. */
void ui_say(struct ui *u, bool alert, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Draws everything into f (its size counts). Pure: the same state, store and now give the same
 * cells. The view must have been updated. */
void ui_draw(struct ui *u, struct frame *f, int64_t now_ms);
/* The bindings whose rows ui_draw() drew last. */
const binding_id *ui_drawn(const struct ui *u, size_t *n);
/* Wall time at which the screen will next differ by itself (a countdown's next second, a fading
 * evidence), for the drawing timer. */
int64_t ui_next_change_ms(const struct ui *u, int64_t now_ms);

#endif
