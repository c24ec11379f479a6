/* The frame: a screen as a value, cells in memory; made by views, painted by the terminal. */
#ifndef REGTOP_UI_FRAME_H
#define REGTOP_UI_FRAME_H

#include <stdbool.h>
#include <stdint.h>
#include "base/slice.h"
#include "base/strbuf.h"

/* Roles, not colours: the theme maps them. Every state that has a role has a word as well. */
enum role {
	ROLE_TEXT,
	ROLE_DIM,
	ROLE_TITLE,   /* the top line */
	ROLE_HEADING, /* column titles */
	ROLE_SORTED,  /* title of the sorted column */
	ROLE_KEY,     /* a key in the hint bar and help */
	ROLE_STATUS,
	ROLE_GOOD,
	ROLE_WARN,
	ROLE_BAD,
	ROLE_FRESH, /* just changed */
	ROLE_MARKED,
	ROLE_PROMPT,
	ROLE_ALERT, /* the question before an action */
	ROLE_MATCH, /* a search hit */
	ROLE_COUNT
};

/* Style bits beside the role. */
enum { CELL_CURSOR = 1, CELL_BOLD = 2, CELL_WIDE_TAIL = 4 };

struct cell {
	uint32_t cp; /* code point; 0 is a blank or the tail of a wide one */
	uint8_t role;
	uint8_t style;
};

struct frame {
	int width, height;
	struct cell *cells;     /* height * width, row by row */
	bool ascii_only;        /* only ASCII may be put in */
	int cursor_x, cursor_y; /* -1: hidden */
};

void frame_init(struct frame *f, int width, int height, bool ascii_only);
void frame_free(struct frame *f);
void frame_clear(struct frame *f);
/* The stretch [*from, *to) in which two lines of that width differ, wide characters as a whole;
 * false: they do not. */
bool frame_line_differs(const struct cell *line, const struct cell *old, int width, int *from,
			int *to);
/* Puts cleaned UTF-8 text at (x, y), clipped at the edges and after max columns (max < 0: to the
 * edge). Returns the columns used. Text that does not fit is simply cut; see frame_put_cut. */
int frame_put(struct frame *f, int x, int y, int max, enum role role, unsigned style,
	      struct slice text);
int frame_putf(struct frame *f, int x, int y, int max, enum role role, unsigned style,
	       const char *fmt, ...) __attribute__((format(printf, 7, 8)));
/* As frame_put, in exactly width columns: padded, or cut at the end (middle false) or in the middle
 * with a mark ("…", ASCII "~") that says so. */
void frame_put_cut(struct frame *f, int x, int y, int width, bool middle, bool right,
		   enum role role, unsigned style, struct slice text);
void frame_fill(struct frame *f, int x, int y, int width, int height, enum role role,
		unsigned style, uint32_t cp);
/* Adds style bits to a stretch of a line. */
void frame_style(struct frame *f, int x, int y, int width, unsigned add);
/* The frame as text lines without trailing blanks (--batch and golden tests). */
void frame_text(const struct frame *f, struct strbuf *out);
/* The same with a second block of lines naming each cell's role by a letter, for golden tests. */
void frame_text_roles(const struct frame *f, struct strbuf *out);

#endif
