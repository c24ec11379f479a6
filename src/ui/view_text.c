/* What the views share: wrapped text, lists that scroll, glyphs, and the names of keys as a person
 * reads them. */
#include <stdio.h>
#include "base/text.h"
#include "ui/views.h"

const char *glyph(const struct frame *f, const char *utf8, const char *ascii)
{
	return f->ascii_only ? ascii : utf8;
}

/* Bytes of the next line of at most width columns; *skip gets those to the start of the one after.
 */
static size_t wrap_one(struct slice text, int width, size_t *skip)
{
	size_t at = 0, blank = 0;
	int used = 0;

	while (at < text.n) {
		size_t len;
		int w = text_cp_width(text_decode(slice_skip(text, at), &len));

		if (used + w > width)
			break;
		if (text.p[at] == ' ')
			blank = at;
		used += w;
		at += len;
	}
	if (at == text.n || at == 0) {
		*skip = text.n;
		return text.n;
	}
	if (text.p[at] == ' ')
		blank = at;
	/* A word that would leave half the line empty is cut instead: URIs have no blanks. */
	if (blank * 2 < at) {
		*skip = at;
		return at;
	}
	*skip = blank + 1;
	return blank;
}

int put_wrapped(struct frame *f, struct area a, int x, int y, int width, enum role role,
		struct slice text)
{
	int lines = 0;

	do {
		size_t skip, n = wrap_one(text, width, &skip);

		if (y + lines >= a.y && y + lines < a.y + a.height)
			frame_put(f, x, y + lines, width > 0 ? width : 1, role, 0,
				  slice_make(text.p, n));
		text = slice_skip(text, skip);
		lines++;
	} while (text.n);
	return lines;
}

const char *key_shown(const char *key, char buf[16])
{
	static const char *const names[][2] = {
		{"space", "Space"}, {"enter", "Enter"}, {"esc", "Esc"},     {"pgup", "PgUp"},
		{"pgdn", "PgDn"},   {"home", "Home"},   {"end", "End"},     {"up", "Up"},
		{"down", "Down"},   {"left", "Left"},   {"right", "Right"}, {"tab", "Tab"},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(key, names[i][0]) == 0)
			return names[i][1];
	if (strncmp(key, "ctrl-", 5) == 0)
		snprintf(buf, 16, "Ctrl-%c", key[5] - 'a' + 'A');
	else if (key[0] == 'f' && key[1])
		snprintf(buf, 16, "F%.4s", key + 1);
	else
		snprintf(buf, 16, "%.15s", key);
	return buf;
}

/* ---- lists that scroll -------------------------------------------------------------------- */

void sheet_begin(struct sheet *s, struct frame *f, struct area a, struct scroll *scroll, int indent)
{
	*s = (struct sheet){.f = f, .scroll = scroll, .indent = indent};
	s->area = (struct area){a.y + 1, a.height - 1};
	frame_fill(f, 0, a.y, f->width, a.height, ROLE_TEXT, 0, 0);
}

static int sheet_y(const struct sheet *s)
{
	return s->area.y + s->line - (int)s->scroll->top;
}

void sheet_text(struct sheet *s, int x, enum role role, struct slice text)
{
	s->line += put_wrapped(s->f, s->area, x, sheet_y(s), s->f->width - x, role, text);
}

void sheet_gap(struct sheet *s)
{
	if (s->line > 0)
		s->line++;
}

void sheet_heading(struct sheet *s, const char *text)
{
	sheet_gap(s);
	sheet_text(s, 0, ROLE_TITLE, slice_of(text));
}

void sheet_field(struct sheet *s, enum role label_role, const char *label, enum role role,
		 struct slice text)
{
	int y = sheet_y(s);

	if (y >= s->area.y && y < s->area.y + s->area.height)
		frame_put(s->f, 1, y, s->indent - 2, label_role, 0, slice_of(label));
	sheet_text(s, s->indent, role, text);
}

bool sheet_end(struct sheet *s, const char *title)
{
	size_t before = s->scroll->top, first, last;
	int y = s->area.y - 1, width = (int)text_width(slice_of(title)), room;
	char where[96] = "";

	scroll_fit(s->scroll, (size_t)s->line, s->area.height);
	first = s->scroll->top + 1;
	last = s->scroll->top + s->scroll->page;
	if (s->scroll->lines > s->scroll->page)
		snprintf(where, sizeof(where), "  (lines %zu to %zu of %zu)", first, last,
			 s->scroll->lines);
	/* The title says what one came for: it is cut last. */
	if (where[0] && width + (int)strlen(where) > s->f->width)
		snprintf(where, sizeof(where), "  (%zu-%zu of %zu)", first, last, s->scroll->lines);
	room = s->f->width - (int)strlen(where);
	frame_fill(s->f, 0, y, s->f->width, 1, ROLE_HEADING, 0, 0);
	frame_put_cut(s->f, 0, y, width < room ? width : room, false, false, ROLE_HEADING, 0,
		      slice_of(title));
	frame_put(s->f, width < room ? width : room, y, -1, ROLE_HEADING, 0, slice_of(where));
	return s->scroll->top != before;
}
