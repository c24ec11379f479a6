/* The column chooser: every column with its sentence, and which of them are chosen. */
#include "ui/views.h"

static bool is_chosen(const struct ui *u, enum column_id id)
{
	for (size_t i = 0; i < u->col_count; i++)
		if (u->cols[i] == id)
			return true;
	return false;
}

static void draw_column(const struct ui *u, struct frame *f, int y, enum column_id id)
{
	bool cursor = (size_t)id == u->chooser_at, on = is_chosen(u, id);
	unsigned style = cursor ? CELL_CURSOR : 0;

	if (cursor)
		frame_fill(f, 0, y, f->width, 1, ROLE_TEXT, style, 0);
	frame_put(f, 0, y, 1, ROLE_TEXT, style, slice_of(cursor ? ">" : " "));
	frame_put(f, 2, y, 3, on ? ROLE_MARKED : ROLE_DIM, style, slice_of(on ? "[x]" : "[ ]"));
	frame_put(f, 6, y, 12, ROLE_KEY, style, slice_of(columns[id].name));
	frame_put_cut(f, 19, y, f->width - 19, false, false, ROLE_TEXT, style,
		      slice_of(columns[id].help));
}

void chooser_draw(struct ui *u, struct frame *f, struct area a)
{
	struct scroll *s = &u->chooser_scroll;

	frame_fill(f, 0, a.y, f->width, 1, ROLE_HEADING, 0, 0);
	frame_putf(f, 0, a.y, f->width, ROLE_HEADING, 0, "Columns: %zu of %d are chosen",
		   u->col_count, COL_COUNT);
	scroll_fit(s, COL_COUNT, a.height - 1);
	if (u->chooser_at < s->top)
		s->top = u->chooser_at;
	if (u->chooser_at >= s->top + s->page)
		s->top = u->chooser_at - s->page + 1;
	for (size_t i = 0; i < s->page && s->top + i < COL_COUNT; i++)
		draw_column(u, f, a.y + 1 + (int)i, (enum column_id)(s->top + i));
}
