/* What the inspector remembers between two keys; private to the files of ui/. */
#ifndef REGTOP_UI_UI_STATE_H
#define REGTOP_UI_UI_STATE_H

#include "model/tally.h"
#include "model/watch.h"
#include "ui/commands.h"
#include "ui/prompt.h"
#include "ui/ui.h"

enum ui_mode {
	MODE_TABLE,
	MODE_DETAIL,
	MODE_HELP,
	MODE_COLUMNS,
	MODE_CONFIRM,
	MODE_WHY,
	MODE_CALL,
	MODE_LADDER,
	MODE_GROUP,
	MODE_WATCH
};

#define UI_DEPTH   8 /* modes that can lie over each other */
#define UI_SOURCES 256
#define UI_SWEEP   20  /* so many probes at once are a sweep: how far it is, and how it ended */
#define UI_FRESH_S 10  /* a new or changed row keeps its sign this long */
#define UI_NEWS    200 /* so many changes of who is watched are kept to be read again */
/* Rows that are searched in one go: SIP and the keys come between. */
#define UI_SEARCH_ROWS 2048

/* Texts that are wider are all the same to the layout. */
#define USUAL_MAX 63

/* What was drawn in a column so far. */
struct column_seen {
	int width; /* of the widest text; 0: nothing was drawn yet */
	int usual; /* three texts of four are not wider */
	unsigned rows;
	uint16_t rows_of[USUAL_MAX + 1]; /* by their width */
};

/* Where the table's columns stand at a width; made by table_layout(). */
struct table_layout {
	struct {
		enum column_id id;
		int x, width;
	} cols[COL_COUNT];
	size_t count;
	size_t left, right; /* columns that are out of sight on either side */
};

/* What happened to somebody who is watched; cleaned. */
struct ui_news {
	int64_t when_ms;
	enum tone tone;
	char aor[120], words[320];
};

/* A list that is longer than the screen. */
struct scroll {
	size_t top, lines; /* first line shown, lines there are (set by drawing) */
	size_t page;       /* lines that fit (set by drawing) */
};

struct ui {
	struct ui_config cfg;
	enum ui_mode modes[UI_DEPTH]; /* modes[depth - 1] is on top, modes[0] the table */
	unsigned depth;
	struct prompt prompt;
	bool pasting;
	char message[640];
	bool alert, asking; /* asking: the message says so until the answer has come */
	bool news;          /* the message tells of who is watched: it waits to be read */
	int64_t message_ms; /* since when it is shown; 0: it was not yet */

	enum column_id cols[COL_COUNT]; /* chosen, in the order shown; the first stays in sight */
	size_t col_count;
	bool cols_named; /* by the person: their order counts, not the ranks */
	size_t col_scroll;
	struct table_layout layout; /* of the last frame */
	struct column_seen seen[COL_COUNT];
	bool seen_more; /* the last drawing saw what the layout did not know */
	struct drawn_rows *drawn;
	size_t top, page;               /* first row in sight, rows in sight */
	int64_t baseline_s[UI_SOURCES]; /* first complete picture: what is older is not fresh */

	char search[PROMPT_MAX + 1]; /* "" none */
	uint64_t searches;           /* grows with every change of it */
	struct {
		size_t left;     /* rows still to look at; 0: no search is under way */
		int step;        /* 1 down, -1 up */
		binding_id last; /* looked at last */
		size_t at;       /* where that was */
		bool wrapped;
		uint64_t searches; /* which text */
	} hunt;
	char *filter_before;     /* what Esc at the filter prompt goes back to */
	struct err filter_error; /* code 0: the text parses */
	size_t filter_at;        /* byte position in it */

	binding_id detail;
	binding_id why; /* whose AoR is worked up */
	enum ui_ladder why_ladder;
	struct scroll why_scroll;
	struct scroll detail_scroll, help_scroll, confirm_scroll, chooser_scroll;
	size_t chooser_at;

	struct call_plan
		*call_plan; /* asked about now; NULL: shows the call that runs, or the last */
	struct call_order call_order; /* what it was made of; its reason lies in call_reason */
	char call_reason[200];
	char call_answer[64]; /* what was typed in quiet hours */
	bool call_ending;     /* the person has asked for its end */
	struct scroll call_scroll, ladder_scroll;
	binding_id ladder;
	bool ladder_raw; /* the messages themselves as well */
	struct {
		enum column_id by; /* COL_NONE: never opened */
		struct tally *tally;
		char *cursor;   /* value of the group under it; NULL: the first */
		size_t at, top; /* its line, the first line in sight */
		size_t page;
	} group;

	struct {
		struct watch *watch;  /* NULL: nobody was watched yet */
		struct ui_news *news; /* the last UI_NEWS */
		uint64_t told;        /* of all times */
		uint64_t unread;      /* since the list was looked at */
		uint64_t version;     /* grows with every mark */
		struct scroll scroll;
	} watching;

	bool sweep_told; /* how the last sweep ended was on the screen when a key came */

	struct plan *plan; /* asked about now; NULL: shows the running or last one */
	char answer[24];   /* what was typed in answer */
	bool was_frozen;   /* the view's order before the question */
};

/* ---- ui.c */
enum ui_mode ui_mode(const struct ui *u);
void ui_push(struct ui *u, enum ui_mode m);
void ui_pop(struct ui *u);
void ui_say_err(struct ui *u, const struct err *e);
/* The binding under the cursor, or the one whose detail is open; 0 for none. */
binding_id ui_current(struct ui *u);
/* Is the source a snapshot: nothing in it changes, and nobody is there to ask? */
bool ui_is_frozen(const struct ui *u, size_t source);
/* Why the command is not offered now, or NULL. */
const char *ui_refused(const struct ui *u, const struct command *c);
/* Scrolls a list by delta lines, stopping at the ends. */
void scroll_by(struct scroll *s, ptrdiff_t delta);
/* Keeps the position inside the list; page is what fits. Called when drawing. */
void scroll_fit(struct scroll *s, size_t lines, int page);

/* ---- ui_look.c: what the keys that look around do */
/* Ends a search that is under way where it is; the cursor has not moved. */
void ui_search_stop(struct ui *u);
typedef void ui_run_fn(struct ui *u, const char *arg, int64_t now_ms);
ui_run_fn do_down, do_up, do_page_down, do_page_up, do_half_down, do_half_up, do_first, do_last,
	do_left, do_right, do_search, do_next, do_previous, do_detail, do_filter, do_sort,
	do_sort_left, do_reverse, do_columns, do_freeze, do_help;
/* A key for an open prompt. */
void prompt_run_key(struct ui *u, const char *key, int64_t now_ms);
void chooser_toggle(struct ui *u);

/* ---- ui_act.c: what the keys that act do */
ui_run_fn do_mark, do_mark_all, do_unmark, do_unmark_all, do_ping, do_ping_all, do_purge, do_cancel,
	do_ticket, do_snapshot, do_copy, do_refresh, do_redraw, do_suspend, do_command, do_back,
	do_quit;
/* ---- ui_why.c: the workup */
ui_run_fn do_why, do_neighbours;
/* Fills out with the workup that is on the screen; false when none is. */
bool why_shown(const struct ui *u, struct ui_why *out);
/* Esc: true when the messages lay over the answer, which is seen again. */
bool why_put_away(struct ui *u);
/* Ctrl-C and Esc: true when a workup ran and was stopped. */
bool why_stop(struct ui *u);
/* One level up: from the messages to the answer, else out; one that still runs is given up. */
void why_leave(struct ui *u);
void why_ticket(struct ui *u);
/* The answer, its messages, and these as they were sent: each time the next of them. */
void why_ladder(struct ui *u);

/* ---- ui_call.c: test calls, and the ladder of messages */
ui_run_fn do_call, do_ladder;
/* Fills out with the call that runs or the last one; false when there was none. */
bool call_shown(const struct ui *u, struct ui_call *out);
void call_key(struct ui *u, const char *key, int64_t now_ms);
/* Ctrl-C: true when a call was under way and is told to end. */
bool call_stop(struct ui *u);
/* The ticket of the call or ladder that is on the screen. */
void ladder_ticket(struct ui *u);
/* The messages that the ladder shows; NULL: none. */
const struct trace *ladder_shown(const struct ui *u);

/* ---- ui_group.c: the groups */
ui_run_fn do_group;
void group_move(struct ui *u, ptrdiff_t lines);
/* The neighbour of the column that is grouped by. */
void group_step(struct ui *u, int step, int64_t now_ms);
/* Enter: the table shows only the group under the cursor. */
void group_enter(struct ui *u);
/* P: asks all of it. */
void group_ask(struct ui *u);
/* The group under the cursor; NULL when there is none. */
const struct tally_group *group_current(struct ui *u);

/* ---- ui_watch.c: the watch */
ui_run_fn do_watch, do_watches;
/* What happened, 0 the last; NULL: no more is kept. */
const struct ui_news *watch_news(const struct ui *u, size_t back);
/* Enter: the table shows only who is watched. */
void watch_enter(struct ui *u);
/* P: asks all of them. */
void watch_ask(struct ui *u);
void watch_end(struct ui *u);

void confirm_key(struct ui *u, const char *key, int64_t now_ms);
/* Asks those of n bindings that can be asked, and says so; ids may be put in another order. */
void ui_ask_all(struct ui *u, binding_id *ids, size_t n, const char *where);
/* How far the probes are. True when they are so many that it is worth words. */
bool ui_sweep(const struct ui *u, struct ping_progress *out);
/* Probes on the way or still to be sent. */
size_t sweep_open(const struct ping_progress *s);
/* Leaves the question; the plan is dropped, the table goes on. */
void confirm_leave(struct ui *u);

#endif
