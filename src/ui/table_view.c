/* The table view: which columns fit, and the rows of bindings below their headings. */
#include "base/text.h"
#include "ui/views.h"

/* Lines of the tallest frame. */
#define ROWS_MAX 4096
/* Left of the AoR: cursor, mark, news or watch. */
#define GUTTER 3
/* So many columns are shown even where they must be squeezed; others only where all have comfort.
 */
#define CORE_COLUMNS 4
/* No column takes more of a wide window. */
#define WIDTH_MAX 100
/* Columns of these ranks get all they want before others get more than comfort. */
#define FIRST_RANKS 6
/* Columns of later ranks come only where all before them have comfort. */
#define SECOND_RANKS 7
/* After so many rows it is known how full a column is, and the layout rests. */
#define SEEN_ROWS 1000

static int title_width(enum column_id id)
{
	return (int)text_width(slice_of(columns[id].title));
}

/* What the column's text took so far, and its title; its widest width while nothing is known. */
static int content(const struct ui *u, enum column_id id)
{
	int seen = u->seen[id].width, title = title_width(id);

	return !seen ? columns[id].width_want : seen > title ? seen : title;
}

static int smaller(int a, int b)
{
	return a < b ? a : b;
}

/* Only texts give up width that was meant for them: numbers and times come and go. */
static int least(const struct ui *u, enum column_id id)
{
	bool text = columns[id].kind == COLUMN_TEXT && id != COL_VERDICT && u->seen[id].usual;
	int usual = u->seen[id].usual, title = title_width(id);

	return text ? smaller(columns[id].width_min, usual > title ? usual : title)
		    : columns[id].width_min;
}

/* A width at which a column can be read. */
static int modest(const struct ui *u, enum column_id id)
{
	int spare = columns[id].width_want - columns[id].width_min, narrow = least(u, id);
	int nice = smaller(columns[id].width_min + spare / 3, content(u, id));

	if (u->seen[id].usual && columns[id].kind == COLUMN_TEXT)
		nice = smaller(nice, u->seen[id].usual);
	return nice > narrow ? nice : narrow;
}

/* In comfort: most of its rows are whole. */
static int comfort(const struct ui *u, enum column_id id)
{
	int nice = modest(u, id);
	int usual = smaller(u->seen[id].usual, columns[id].width_want);

	return columns[id].kind == COLUMN_TEXT && usual > nice ? usual : nice;
}

/* The chosen columns in the order in which they are let in. */
static size_t by_rank(const struct ui *u, size_t order[COL_COUNT])
{
	for (size_t i = 0; i < u->col_count; i++)
		order[i] = i;
	if (u->cols_named)
		return u->col_count;
	for (size_t i = 2; i < u->col_count; i++)
		for (size_t k = i;
		     k > 1 && columns[u->cols[order[k]]].rank < columns[u->cols[order[k - 1]]].rank;
		     k--) {
			size_t swap = order[k];

			order[k] = order[k - 1];
			order[k - 1] = swap;
		}
	return u->col_count;
}

/* Of the columns that were let in. */
struct widths {
	int least, modest, comfort;
};

/* A column that is read first may make the others narrower; one that is not comes only where those
 * before it have comfort. */
static bool has_room(const struct ui *u, enum column_id id, size_t place, int room,
		     const struct widths *used)
{
	if (place < CORE_COLUMNS)
		return used->least + least(u, id) <= room;
	if (u->cols_named || columns[id].rank <= SECOND_RANKS)
		return used->modest + modest(u, id) <= room;
	return used->comfort + comfort(u, id) <= room;
}

/* The order in which columns stand when one scrolls to the right: those that fit at once, then the
 * others, so that "+n columns" are exactly the ones that come next. Returns how many fit. */
static size_t reading_order(const struct ui *u, int room, enum column_id out[COL_COUNT])
{
	size_t order[COL_COUNT], n = by_rank(u, order), at = 0;
	bool in[COL_COUNT] = {false};
	struct widths used = {0, 0, 0};
	size_t fit;

	for (size_t i = 0; i < n; i++) {
		enum column_id id = u->cols[order[i]];

		if (i > 0 && !has_room(u, id, i, room - 1, &used)) {
			/* An order that a person named has no gaps. */
			if (u->cols_named)
				break;
			continue;
		}
		used.least += least(u, id) + (i > 0);
		used.modest += modest(u, id) + (i > 0);
		used.comfort += comfort(u, id) + (i > 0);
		in[order[i]] = true;
	}
	for (size_t i = 0; i < n; i++)
		if (in[i])
			out[at++] = u->cols[i];
	fit = at;
	for (size_t i = 0; i < n; i++)
		if (!in[i])
			out[at++] = u->cols[i];
	return fit;
}

static int wanted(const struct ui *u, enum column_id id)
{
	return smaller(content(u, id), columns[id].width_want);
}

/* Of the columns that are read first, before the others get anything. */
static int wanted_first(const struct ui *u, enum column_id id)
{
	return columns[id].rank && columns[id].rank <= FIRST_RANKS ? wanted(u, id) : 0;
}

/* A window that is wide enough shows everything that there is. */
static int whole(const struct ui *u, enum column_id id)
{
	return smaller(content(u, id), WIDTH_MAX);
}

/* Hands out what is left, a character at a time, until every column has its aim; returns the rest.
 */
static int widen(const struct ui *u, struct table_layout *l, int spare,
		 int (*aim)(const struct ui *u, enum column_id id))
{
	int aims[COL_COUNT];
	bool grew = true;

	for (size_t i = 0; i < l->count; i++)
		aims[i] = aim(u, l->cols[i].id);
	while (spare > 0 && grew) {
		grew = false;
		for (size_t i = 0; i < l->count && spare > 0; i++) {
			if (l->cols[i].width >= aims[i])
				continue;
			l->cols[i].width++;
			spare--;
			grew = true;
		}
	}
	return spare;
}

/* How many columns of the order stand beside the first one, after skip of them. */
static size_t count_beside(const struct ui *u, int room, const enum column_id *order, size_t fit,
			   size_t skip)
{
	int used = modest(u, order[0]);
	size_t n = 0;

	if (skip == 0)
		return fit - 1;
	while (1 + skip + n < u->col_count) {
		used += 1 + modest(u, order[1 + skip + n]);
		if (used > room && n > 0)
			break;
		n++;
	}
	return n;
}

void table_layout(const struct ui *u, int width, struct table_layout *out)
{
	enum column_id order[COL_COUNT];
	int room = width - GUTTER, used, x = GUTTER;
	size_t skip = u->col_scroll, fit, beside;

	*out = (struct table_layout){0};
	if (u->col_count == 0)
		return;
	fit = reading_order(u, room, order);
	if (skip > u->col_count - 1)
		skip = u->col_count - 1;
	beside = count_beside(u, room, order, fit, skip);
	out->left = skip;
	out->right = u->col_count - 1 - skip - beside;
	out->cols[out->count++].id = order[0];
	for (size_t i = 0; i < beside; i++)
		out->cols[out->count++].id = order[1 + skip + i];
	used = (int)out->count - 1;
	for (size_t i = 0; i < out->count; i++) {
		out->cols[i].width = least(u, out->cols[i].id);
		used += out->cols[i].width;
	}
	if (used > room)
		out->cols[out->count - 1].width -= used - room;
	used = widen(u, out, room - used, modest);
	used = widen(u, out, used, comfort);
	used = widen(u, out, used, wanted_first);
	used = widen(u, out, used, wanted);
	widen(u, out, used, whole);
	for (size_t i = 0; i < out->count; i++) {
		out->cols[i].x = x;
		x += out->cols[i].width + 1;
	}
}

enum role verdict_role(const struct judgement *j)
{
	if (j->verdict == VERDICT_NOT_ASKED || j->faded)
		return ROLE_DIM;
	switch (j->tone) {
	case TONE_GOOD:
		return ROLE_GOOD;
	case TONE_WARN:
		return ROLE_WARN;
	case TONE_BAD:
		return ROLE_BAD;
	case TONE_NEUTRAL:
		break;
	}
	return ROLE_TEXT;
}

static void draw_headings(const struct ui *u, struct frame *f, int y)
{
	bool reverse;
	enum column_id sorted = view_sort(u->cfg.view, &reverse);
	const char *arrow = reverse ? glyph(f, "\xe2\x86\x93", "v") : glyph(f, "\xe2\x86\x91", "^");

	frame_fill(f, 0, y, f->width, 1, ROLE_HEADING, 0, 0);
	for (size_t i = 0; i < u->layout.count; i++) {
		enum column_id id = u->layout.cols[i].id;
		int x = u->layout.cols[i].x, w = u->layout.cols[i].width;
		enum role role = id == sorted ? ROLE_SORTED : ROLE_HEADING;
		int title = (int)text_width(slice_of(columns[id].title));

		frame_put_cut(f, x, y, w, false, columns[id].right, role, 0,
			      slice_of(columns[id].title));
		if (id != sorted)
			continue;
		/* Beside the title, where its text does not begin or end; the blank between two
		 * columns serves a title that fills its own. */
		if (columns[id].right)
			x += (title < w ? w - title : 0) - 1;
		else
			x += title < w ? title : w;
		frame_put(f, x, y, 1, role, 0, slice_of(arrow));
	}
}

/* '?' a probe is on its way, '+' the row is new, '~' it changed. */
static char news_sign(const struct ui *u, const struct row *r)
{
	const struct binding_life *life = store_life(u->cfg.store, r->id);
	int64_t now_s = r->now_ms / 1000, baseline = u->baseline_s[r->b.source];

	if (r->evidence && r->evidence->pending)
		return '?';
	/* A snapshot does not change, however new its rows are to this store. */
	if (!life || !baseline || ui_is_frozen(u, r->b.source))
		return 0;
	if (life->first_seen_s > baseline && now_s - life->first_seen_s < UI_FRESH_S)
		return '+';
	if (life->changed_s > baseline && now_s - life->changed_s < UI_FRESH_S)
		return '~';
	return 0;
}

static enum role cell_role(enum column_id id, const struct row *r, char news)
{
	if (id == COL_VERDICT)
		return verdict_role(&r->j);
	if (id == COL_LEFT && r->b.expires_s * 1000 < r->now_ms)
		return ROLE_WARN;
	if (id == COL_AOR && r->marked)
		return ROLE_MARKED;
	if (id == COL_AOR && (news == '+' || news == '~'))
		return ROLE_FRESH;
	return ROLE_TEXT;
}

static uint32_t lower(uint32_t cp)
{
	return cp >= 'A' && cp <= 'Z' ? cp + 32 : cp;
}

/* Does the text stand in the cells from x on? Returns how many columns it takes, or 0. */
static int match_at(const struct frame *f, int x, int end, int y, struct slice text)
{
	int from = x;

	while (text.n) {
		size_t len;
		uint32_t cp = text_decode(text, &len);
		const struct cell *c = &f->cells[(size_t)y * (size_t)f->width + (size_t)x];

		if (x >= end || lower(c->cp ? c->cp : ' ') != lower(cp))
			return 0;
		x += text_cp_width(cp);
		text = slice_skip(text, len);
	}
	return x - from;
}

/* Shows what the search found; where a cut hides it, the whole cell says so. */
static void draw_match(struct frame *f, int x, int y, int width, struct slice text)
{
	int end = x + width < f->width ? x + width : f->width, hits = 0;
	struct cell *line = &f->cells[(size_t)y * (size_t)f->width];

	for (int at = x; at < end; at++)
		for (int n = match_at(f, at, end, y, text); n > 0; n--, hits++)
			line[at + n - 1].role = ROLE_MATCH;
	for (int at = x; hits == 0 && at < end; at++)
		line[at].role = ROLE_MATCH;
}

/* The layout learns from what is drawn. */
static void note_content(struct ui *u, enum column_id id, struct slice text)
{
	struct column_seen *seen = &u->seen[id];
	int width = (int)text_width(text);

	if (width > seen->width && seen->width < WIDTH_MAX) {
		seen->width = smaller(width, WIDTH_MAX);
		u->seen_more = true;
	}
	if (seen->rows >= SEEN_ROWS)
		return;
	seen->rows++;
	seen->rows_of[smaller(width, USUAL_MAX)]++;
}

/* The width in which three rows of four are whole. */
static void learn_usual(struct ui *u, enum column_id id)
{
	struct column_seen *seen = &u->seen[id];
	unsigned rows = 0;
	int width = 0;

	while (width < USUAL_MAX && (rows += seen->rows_of[width]) * 4 < seen->rows * 3)
		width++;
	if (width <= seen->usual)
		return;
	seen->usual = width;
	u->seen_more = true;
}

static void draw_row(struct ui *u, struct frame *f, int y, const struct row *r, bool cursor)
{
	struct slice search = slice_of(u->search);
	struct strbuf text = STRBUF_INIT;
	char news = news_sign(u, r);
	bool watched = watch_is_marked(u->watching.watch, r->id);

	if (cursor)
		frame_fill(f, 0, y, f->width, 1, ROLE_TEXT, CELL_CURSOR, 0);
	if (cursor)
		frame_put(f, 0, y, 1, ROLE_TEXT, CELL_CURSOR, SLICE_LIT(">"));
	if (r->marked)
		frame_put(f, 1, y, 1, ROLE_MARKED, cursor ? CELL_CURSOR : 0, SLICE_LIT("*"));
	/* What is new with somebody who is watched is told in words. */
	if (watched && news != '?')
		frame_put(f, 2, y, 1, ROLE_KEY, cursor ? CELL_CURSOR : 0, SLICE_LIT("!"));
	else if (news)
		frame_put(f, 2, y, 1, ROLE_FRESH, cursor ? CELL_CURSOR : 0, slice_make(&news, 1));
	for (size_t i = 0; i < u->layout.count; i++) {
		enum column_id id = u->layout.cols[i].id;
		enum role role = cell_role(id, r, news);

		strbuf_clear(&text);
		column_show(id, r, f->ascii_only, &text);
		note_content(u, id, strbuf_slice(&text));
		frame_put_cut(f, u->layout.cols[i].x, y, u->layout.cols[i].width,
			      columns[id].cut == CUT_MIDDLE, columns[id].right, role,
			      cursor ? CELL_CURSOR : 0, strbuf_slice(&text));
		if (search.n && slice_find_icase(strbuf_slice(&text), search) >= 0)
			draw_match(f, u->layout.cols[i].x, y, u->layout.cols[i].width, search);
	}
	strbuf_free(&text);
}

/* Scrolls as little as needed to have the cursor in sight. */
static void keep_cursor_in_sight(struct ui *u, size_t count)
{
	ptrdiff_t at = view_index(u->cfg.view, view_cursor(u->cfg.view));
	size_t cursor = at < 0 ? 0 : (size_t)at;

	if (cursor < u->top)
		u->top = cursor;
	if (cursor >= u->top + u->page)
		u->top = cursor - u->page + 1;
	if (u->top + u->page > count)
		u->top = count > u->page ? count - u->page : 0;
}

static void draw_rows(struct ui *u, struct frame *f, int y, size_t count, int64_t now_ms)
{
	binding_id cursor = view_cursor(u->cfg.view), ids[ROWS_MAX];
	size_t n = 0;

	drawn_rows_check(u, f, now_ms);
	for (; n < u->page && n < ROWS_MAX && y + (int)n < f->height && u->top + n < count; n++) {
		bool here;
		struct row r;

		ids[n] = view_at(u->cfg.view, u->top + n);
		here = ids[n] == cursor;
		if (!drawn_rows_put(u, f, y + (int)n, ids[n], here) &&
		    view_row(u->cfg.view, ids[n], now_ms, &r))
			draw_row(u, f, y + (int)n, &r, here);
	}
	drawn_rows_keep(u, f, y, ids, n, cursor);
	for (size_t i = 0; i < u->layout.count; i++)
		learn_usual(u, u->layout.cols[i].id);
}

/* Columns are as wide as what was seen in them, and only grow: a row that scrolls by must not make
 * the table jump each time. So what is drawn may ask for another layout, but seldom does. */
void table_draw(struct ui *u, struct frame *f, struct area a, int64_t now_ms)
{
	size_t count = view_count(u->cfg.view);
	struct table_layout before;
	int again = 0;

	u->page = a.height > 2 ? (size_t)a.height - 1 : 1;
	if (count)
		keep_cursor_in_sight(u, count);
	table_layout(u, f->width, &u->layout);
	do {
		before = u->layout;
		u->seen_more = false;
		frame_fill(f, 0, a.y, f->width, a.height, ROLE_TEXT, 0, 0);
		draw_headings(u, f, a.y);
		draw_rows(u, f, a.y + 1, count, now_ms);
		if (u->seen_more)
			table_layout(u, f->width, &u->layout);
	} while (memcmp(&before, &u->layout, sizeof(before)) != 0 && again++ < COL_COUNT);
	if (u->col_scroll > u->layout.left)
		u->col_scroll = u->layout.left;
	if (!count) {
		struct area inside = {a.y + 2, a.height - 2};

		put_wrapped(f, inside, GUTTER, a.y + 2, f->width - GUTTER - 1, ROLE_TEXT,
			    slice_of(status_why_empty(u)));
	}
}
