/* The frame: a screen as a value, cells in memory; made by views, painted by the terminal. */
#include "ui/frame.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/alloc.h"
#include "base/text.h"

/* Nobody's terminal is larger; it keeps a hostile window size from eating the memory. */
#define FRAME_MAX 4096

/* One letter per role for golden tests; a blank cell of plain text stays a blank. */
static const char role_letters[ROLE_COUNT] = {
	[ROLE_TEXT] = '.',   [ROLE_DIM] = 'd',   [ROLE_TITLE] = 'T',  [ROLE_HEADING] = 'h',
	[ROLE_SORTED] = 's', [ROLE_KEY] = 'k',   [ROLE_STATUS] = 'S', [ROLE_GOOD] = 'g',
	[ROLE_WARN] = 'w',   [ROLE_BAD] = 'b',   [ROLE_FRESH] = 'f',  [ROLE_MARKED] = 'm',
	[ROLE_PROMPT] = 'p', [ROLE_ALERT] = 'A', [ROLE_MATCH] = 'M',
};

void frame_init(struct frame *f, int width, int height, bool ascii_only)
{
	f->width = width < 1 ? 1 : width > FRAME_MAX ? FRAME_MAX : width;
	f->height = height < 1 ? 1 : height > FRAME_MAX ? FRAME_MAX : height;
	f->cells = xcalloc((size_t)f->width * (size_t)f->height, sizeof(*f->cells));
	f->ascii_only = ascii_only;
	f->cursor_x = f->cursor_y = -1;
}

void frame_free(struct frame *f)
{
	free(f->cells);
	f->cells = NULL;
	f->width = f->height = 0;
}

void frame_clear(struct frame *f)
{
	memset(f->cells, 0, (size_t)f->width * (size_t)f->height * sizeof(*f->cells));
	f->cursor_x = f->cursor_y = -1;
}

static bool cell_same(const struct cell *a, const struct cell *b)
{
	return a->cp == b->cp && a->role == b->role && a->style == b->style;
}

bool frame_line_differs(const struct cell *line, const struct cell *old, int width, int *from,
			int *to)
{
	int a = 0, b = width;

	while (a < b && cell_same(&line[a], &old[a]))
		a++;
	/* Nothing lies behind the last cell of the last line. */
	if (a == b)
		return false;
	while (cell_same(&line[b - 1], &old[b - 1]))
		b--;
	/* A wide character is put, and taken away, as a whole. */
	while (a > 0 && (line[a].style | old[a].style) & CELL_WIDE_TAIL)
		a--;
	while (b < width && (line[b].style | old[b].style) & CELL_WIDE_TAIL)
		b++;
	*from = a;
	*to = b;
	return true;
}

static struct cell *cell_at(const struct frame *f, int x, int y)
{
	return &f->cells[(size_t)y * (size_t)f->width + (size_t)x];
}

/* Overwriting one half of a wide character blanks its other half. */
static void cell_break(struct frame *f, int x, int y)
{
	struct cell *c = cell_at(f, x, y);

	if ((c->style & CELL_WIDE_TAIL) && x > 0)
		cell_at(f, x - 1, y)->cp = 0;
	if (x + 1 < f->width && (cell_at(f, x + 1, y)->style & CELL_WIDE_TAIL)) {
		struct cell *tail = cell_at(f, x + 1, y);

		tail->style &= (uint8_t)~CELL_WIDE_TAIL;
		tail->cp = 0;
	}
}

static void cell_set(struct frame *f, int x, int y, uint32_t cp, enum role role, unsigned style)
{
	cell_break(f, x, y);
	*cell_at(f, x, y) = (struct cell){
		.cp = cp == ' ' ? 0 : cp, .role = (uint8_t)role, .style = (uint8_t)style};
}

/* The printable ASCII at the text's start, which is nearly all there is; returns the columns used.
 * like: role and style of the cells. */
static int put_plain(struct frame *f, int x, int y, int max, struct cell like, struct slice *text)
{
	struct cell *line = cell_at(f, 0, y);
	int n = 0;

	while (n < max && (size_t)n < text->n && text->p[n] >= ' ' && text->p[n] < 0x7f)
		n++;
	if (n == 0)
		return 0;
	cell_break(f, x, y);
	cell_break(f, x + n - 1, y);
	for (int i = 0; i < n; i++) {
		like.cp = text->p[i] == ' ' ? 0 : (uint32_t)text->p[i];
		line[x + i] = like;
	}
	*text = slice_skip(*text, (size_t)n);
	return n;
}

int frame_put(struct frame *f, int x, int y, int max, enum role role, unsigned style,
	      struct slice text)
{
	int used = 0;

	if (y < 0 || y >= f->height || x >= f->width || x < 0)
		return 0;
	if (max < 0 || max > f->width - x)
		max = f->width - x;
	while (text.n > 0) {
		size_t len;
		uint32_t cp;
		int w;

		used += put_plain(f, x + used, y, max - used,
				  (struct cell){0, (uint8_t)role, (uint8_t)style}, &text);
		if (text.n == 0 || used == max)
			break;
		cp = text_decode(text, &len);
		w = text_cp_width(cp);

		text = slice_skip(text, len);
		if (w == 0)
			continue;
		/* Text was cleaned before it came here; a control that slipped by stops here. */
		if (cp < 0x20 || (cp >= 0x7f && (f->ascii_only || cp < 0xa0))) {
			cp = '?';
			w = 1;
		}
		if (used + w > max)
			break;
		cell_set(f, x + used, y, cp, role, style);
		if (w == 2)
			cell_set(f, x + used + 1, y, 0, role, style | CELL_WIDE_TAIL);
		used += w;
	}
	return used;
}

int frame_putf(struct frame *f, int x, int y, int max, enum role role, unsigned style,
	       const char *fmt, ...)
{
	char buf[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	return frame_put(f, x, y, max, role, style, slice_of(buf));
}

/* Bytes to skip so that what is left fits width columns. */
static size_t tail_start(struct slice s, int width)
{
	int left = (int)text_width(s);
	size_t at = 0;

	while (at < s.n && left > width) {
		size_t len;

		left -= text_cp_width(text_decode(slice_skip(s, at), &len));
		at += len;
	}
	return at;
}

void frame_put_cut(struct frame *f, int x, int y, int width, bool middle, bool right,
		   enum role role, unsigned style, struct slice text)
{
	struct slice mark = slice_of(f->ascii_only ? "~" : "\xe2\x80\xa6");
	int have = (int)text_width(text);
	int head, used;

	if (width <= 0)
		return;
	frame_fill(f, x, y, width, 1, role, style, 0);
	if (have <= width) {
		int pad = right ? width - have : 0;

		frame_put(f, x + pad, y, width - pad, role, style, text);
		return;
	}
	/* The end of a URI (its port and parameters) says as much as its start. */
	head = middle ? width / 2 : width - 1;
	used = frame_put(f, x, y, head, role, style, text);
	used += frame_put(f, x + used, y, 1, role, style, mark);
	if (middle)
		frame_put(f, x + used, y, width - used, role, style,
			  slice_skip(text, tail_start(text, width - used)));
}

void frame_fill(struct frame *f, int x, int y, int width, int height, enum role role,
		unsigned style, uint32_t cp)
{
	struct cell c = {cp == ' ' ? 0 : cp, (uint8_t)role, (uint8_t)style};
	int from = x < 0 ? 0 : x, end = x + width < f->width ? x + width : f->width;

	for (int row = y < 0 ? 0 : y; from < end && row < y + height && row < f->height; row++) {
		cell_break(f, from, row);
		cell_break(f, end - 1, row);
		for (int col = from; col < end; col++)
			*cell_at(f, col, row) = c;
	}
}

void frame_style(struct frame *f, int x, int y, int width, unsigned add)
{
	if (y < 0 || y >= f->height)
		return;
	for (int col = x < 0 ? 0 : x; col < x + width && col < f->width; col++)
		cell_at(f, col, y)->style |= (uint8_t)add;
}

static void trim_line(struct strbuf *out, size_t from)
{
	while (out->n > from && out->p[out->n - 1] == ' ')
		out->p[--out->n] = '\0';
	strbuf_add_char(out, '\n');
}

void frame_text(const struct frame *f, struct strbuf *out)
{
	for (int y = 0; y < f->height; y++) {
		size_t from = out->n;

		for (int x = 0; x < f->width; x++) {
			const struct cell *c = cell_at(f, x, y);
			char utf8[4];

			if (c->style & CELL_WIDE_TAIL)
				continue;
			if (c->cp == 0)
				strbuf_add_char(out, ' ');
			else
				strbuf_add(out, utf8, text_encode(c->cp, utf8));
		}
		trim_line(out, from);
	}
}

void frame_text_roles(const struct frame *f, struct strbuf *out)
{
	frame_text(f, out);
	strbuf_add_str(out, "--\n");
	for (int y = 0; y < f->height; y++) {
		size_t from = out->n;

		for (int x = 0; x < f->width; x++) {
			const struct cell *c = cell_at(f, x, y);
			bool blank = c->cp == 0 && !(c->style & CELL_WIDE_TAIL);

			strbuf_add_char(out, blank && c->role == ROLE_TEXT ? ' '
									   : role_letters[c->role]);
		}
		trim_line(out, from);
	}
}
