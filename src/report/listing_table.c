/* The plain table of a listing: columns as wide as their text, or cut to a terminal. */
#include "report/listing_table.h"

#include "base/text.h"
#include "report/json_out.h"

/* Rows looked at to find the widths: beyond these, every n-th. */
#define SAMPLE  20000
#define GAP     2
#define PENDING 32768

struct sheet {
	const struct listing *l;
	size_t cols;
	unsigned width[COL_COUNT];
	struct strbuf cell, line;
};

size_t listing_rows(const struct listing *l)
{
	size_t n = view_count(l->view);

	return l->limit && l->limit < n ? l->limit : n;
}

/* Bytes at the start of s that take at most width columns. */
static size_t head_bytes(struct slice s, unsigned width)
{
	size_t at = 0, used = 0;

	while (at < s.n) {
		size_t len;
		int w = text_cp_width(text_decode(slice_skip(s, at), &len));

		if (used + (size_t)w > width)
			break;
		used += (size_t)w;
		at += len;
	}
	return at;
}

/* The end of s that takes at most width columns. */
static struct slice tail_of(struct slice s, unsigned width)
{
	size_t w = text_width(s);

	while (s.n && w > width) {
		size_t len;

		w -= (size_t)text_cp_width(text_decode(s, &len));
		s = slice_skip(s, len);
	}
	return s;
}

void listing_table_cut(struct slice cell, unsigned width, enum column_cut cut, bool ascii_only,
		       struct strbuf *out)
{
	unsigned tail = 0;

	if (text_width(cell) <= width) {
		strbuf_add_slice(out, cell);
		return;
	}
	if (width == 0)
		return;
	if (cut == CUT_MIDDLE)
		tail = (width - 1) / 2;
	strbuf_add(out, cell.p, head_bytes(cell, width - 1 - tail));
	strbuf_add_str(out, ascii_only ? "~" : "\xe2\x80\xa6");
	if (tail)
		strbuf_add_slice(out, tail_of(cell, tail));
}

static struct slice cell_text(struct sheet *s, enum column_id col, const struct row *r)
{
	strbuf_clear(&s->cell);
	column_show(col, r, s->l->ascii_only, &s->cell);
	/* An empty cell would shift the columns for whoever splits at blanks. */
	if (!s->cell.n)
		strbuf_add_char(&s->cell, '-');
	return strbuf_slice(&s->cell);
}

static void measure(struct sheet *s)
{
	const struct listing *l = s->l;
	size_t rows = listing_rows(l), step = rows / SAMPLE + 1;
	struct row r;

	for (size_t c = 0; c < s->cols; c++)
		s->width[c] = (unsigned)text_width(slice_of(columns[l->cols[c]].title));
	for (size_t i = 0; i < rows; i += step) {
		if (!view_row(l->view, view_at(l->view, i), l->now_ms, &r))
			continue;
		for (size_t c = 0; c < s->cols; c++) {
			unsigned w = (unsigned)text_width(cell_text(s, l->cols[c], &r));

			if (w > s->width[c])
				s->width[c] = w;
		}
	}
}

static unsigned least_width(const struct sheet *s, size_t c)
{
	const struct column *col = &columns[s->l->cols[c]];
	unsigned title = (unsigned)text_width(slice_of(col->title));
	unsigned least = col->width_min > title ? col->width_min : title;

	return least < s->width[c] ? least : s->width[c];
}

/* Takes from the column that has most to give, until the line fits or nothing is left to take: a
 * column that was asked for is never left out. */
static void fit(struct sheet *s)
{
	unsigned total = 0;

	for (size_t c = 0; c < s->cols; c++)
		total += s->width[c] + (c ? GAP : 0);
	while (total > s->l->width) {
		size_t best = 0;
		unsigned spare = 0;

		for (size_t c = 0; c < s->cols; c++) {
			if (s->width[c] - least_width(s, c) > spare) {
				spare = s->width[c] - least_width(s, c);
				best = c;
			}
		}
		if (spare == 0)
			return;
		s->width[best]--;
		total--;
	}
}

static void add_cell(struct sheet *s, size_t c, struct slice cell)
{
	const struct column *col = &columns[s->l->cols[c]];
	size_t at = s->line.n, used;
	bool last = c + 1 == s->cols;

	if (c) {
		strbuf_add_fill(&s->line, ' ', GAP);
		at = s->line.n;
	}
	used = text_width(cell);
	if (col->right && used < s->width[c])
		strbuf_add_fill(&s->line, ' ', s->width[c] - used);
	if (s->l->width)
		listing_table_cut(cell, s->width[c], col->cut, s->l->ascii_only, &s->line);
	else
		strbuf_add_slice(&s->line, cell);
	used = text_width(slice_make(s->line.p + at, s->line.n - at));
	if (!last && used < s->width[c])
		strbuf_add_fill(&s->line, ' ', s->width[c] - used);
}

static int write_rows(struct sheet *s, FILE *out)
{
	const struct listing *l = s->l;
	size_t rows = listing_rows(l);
	struct row r;
	int rc = 0;

	for (size_t c = 0; c < s->cols; c++)
		add_cell(s, c, slice_of(columns[l->cols[c]].title));
	strbuf_add_char(&s->line, '\n');
	for (size_t i = 0; i < rows && rc == 0; i++) {
		if (!view_row(l->view, view_at(l->view, i), l->now_ms, &r))
			continue;
		for (size_t c = 0; c < s->cols; c++)
			add_cell(s, c, cell_text(s, l->cols[c], &r));
		strbuf_add_char(&s->line, '\n');
		if (s->line.n >= PENDING)
			rc = json_out_flush(&s->line, out);
	}
	return rc ? rc : json_out_flush(&s->line, out);
}

int listing_table_write(const struct listing *l, FILE *out)
{
	struct sheet s = {.l = l};
	int rc;

	s.cols = l->col_count < COL_COUNT ? l->col_count : COL_COUNT;
	measure(&s);
	if (l->width)
		fit(&s);
	rc = write_rows(&s, out);
	strbuf_free(&s.cell);
	strbuf_free(&s.line);
	return rc;
}
