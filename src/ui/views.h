/* The views: each turns the inspector's state into cells of a frame; none knows curses. */
#ifndef REGTOP_UI_VIEWS_H
#define REGTOP_UI_VIEWS_H

#include "ui/ui_state.h"

/* A rectangle of lines of the frame, full width. */
struct area {
	int y, height;
};

/* Which columns stand where in width columns. Pure. */
void table_layout(const struct ui *u, int width, struct table_layout *out);
void table_draw(struct ui *u, struct frame *f, struct area a, int64_t now_ms);

/* Rows as they were drawn, so that a key which moves the cursor does not make all of them anew. */
struct drawn_rows;
/* Forgets them when anything has changed that a row shows. */
void drawn_rows_check(struct ui *u, const struct frame *f, int64_t now_ms);
/* Puts the row into line y as it was; false when it must be drawn. */
bool drawn_rows_put(const struct ui *u, struct frame *f, int y, binding_id id, bool cursor);
/* Remembers the n rows that stand in the frame from line y on. */
void drawn_rows_keep(struct ui *u, const struct frame *f, int y, const binding_id *ids, size_t n,
		     binding_id cursor);
/* The bindings whose rows were drawn last; NULL for none. */
const binding_id *drawn_rows_ids(const struct drawn_rows *d, size_t *n);
void drawn_rows_free(struct drawn_rows *d);
void detail_draw(struct ui *u, struct frame *f, struct area a, int64_t now_ms);
void help_draw(struct ui *u, struct frame *f, struct area a);
void chooser_draw(struct ui *u, struct frame *f, struct area a);
/* Puts what the history remembers of id, if there is one. */
struct sheet;
void timeline_put(struct ui *u, struct sheet *s, binding_id id, int64_t now_ms);
void group_draw(struct ui *u, struct frame *f, struct area a);
void watch_draw(struct ui *u, struct frame *f, struct area a, int64_t now_ms);
void why_draw(struct ui *u, struct frame *f, struct area a);
void call_draw(struct ui *u, struct frame *f, struct area a, int64_t now_ms);
/* Pairs of a key and a word, ended by NULL. */
const char *const *call_hints(const struct ui *u);
void ladder_draw(struct ui *u, struct frame *f, struct area a);
void confirm_draw(struct ui *u, struct frame *f, struct area a, int64_t now_ms);

/* The two lines at the top: source, age, completeness, counts; filter, order, marks, modes. */
void status_draw_top(struct ui *u, struct frame *f, int64_t now_ms);
/* The lines at the bottom: message or prompt; keys. */
void status_draw_bottom(struct ui *u, struct frame *f, int64_t now_ms);
/* Lines that the message takes, at least one. */
int status_message_lines(const struct ui *u, struct frame *f);
/* Why there is nothing in the table, in one sentence. */
const char *status_why_empty(const struct ui *u);
/* The line of keys for what is shown. */
void hints_draw(const struct ui *u, struct frame *f, int y);
/* At ':' the commands that may be meant, in place of the keys; false: there are none. */
bool hints_draw_candidates(const struct ui *u, struct frame *f, int y);

/* ---- shared by the views */
/* The verdict's role: its tone, dim when nothing is known or the evidence is old. */
enum role verdict_role(const struct judgement *j);
/* The UTF-8 text, or the plain one on a frame that takes only ASCII. */
const char *glyph(const struct frame *f, const char *utf8, const char *ascii);
/* Puts text into lines of at most width columns, cut at blanks where there are some, from line y
 * on; draws only lines inside the area. Returns the number of lines it takes. */
int put_wrapped(struct frame *f, struct area a, int x, int y, int width, enum role role,
		struct slice text);

/* A list that scrolls: lines are put one after the other and drawn when they are in sight. */
struct sheet {
	struct frame *f;
	struct area area;
	struct scroll *scroll;
	int line;   /* the next one, counted from the top of the whole list */
	int indent; /* column of the values of sheet_field() */
};

/* Begins below the area's first line, which gets the title and how far one has come. */
void sheet_begin(struct sheet *s, struct frame *f, struct area a, struct scroll *scroll,
		 int indent);
void sheet_heading(struct sheet *s, const char *text);
/* label in its column, text behind it, wrapped. */
void sheet_field(struct sheet *s, enum role label_role, const char *label, enum role role,
		 struct slice text);
void sheet_text(struct sheet *s, int x, enum role role, struct slice text);
void sheet_gap(struct sheet *s);
/* Fits the scroll position to what was put; puts the title. Draw again when it returns true: the
 * position was behind the end. */
bool sheet_end(struct sheet *s, const char *title);

/* A line's key as a person reads it: "Space", "PgDn", "^L". */
const char *key_shown(const char *key, char buf[16]);

#endif
