/* The group view: what bindings have in common, and how many of each group answer. */
#include <stdio.h>
#include "base/text.h"
#include "ui/views.h"

#define GUTTER    2
#define VALUE_MAX 44
#define BAR       12 /* with a blank before it */

/* Which of the right-hand columns there is room for. */
struct places {
	int value;                             /* width */
	int phones, answer, bar, silent, gone; /* x; 0: not shown */
};

static void place(int width, struct places *p)
{
	int x;

	*p = (struct places){.value = width - GUTTER - 9 - 17 - BAR};
	if (width >= 76) {
		p->value -= 16;
		p->silent = p->gone = 1;
	}
	if (p->value > VALUE_MAX)
		p->value = VALUE_MAX;
	x = GUTTER + p->value;
	p->phones = x;
	p->answer = x += 9;
	p->bar = x += 17;
	x += BAR;
	if (p->silent) {
		p->silent = x;
		p->gone = x + 8;
	}
}

static enum role role_of(const struct tally_group *g)
{
	if (!g->asked)
		return ROLE_DIM;
	if (g->effect)
		return ROLE_BAD;
	return g->answered == g->asked ? ROLE_GOOD : ROLE_WARN;
}

/* At least one cell for the one that answers among many, and for the one that does not. Never
 * reversed with the cursor's row: blocks turned inside out would say the opposite. */
static void draw_bar(struct frame *f, int x, int y, const struct tally_group *g)
{
	int cells = BAR - 2, on;

	if (!g->asked)
		return;
	on = (int)((uint64_t)g->answered * (unsigned)cells / g->asked);
	if (!on && g->answered)
		on = 1;
	for (int i = 0; i < cells; i++)
		frame_put(f, x + 1 + i, y, 1, i < on ? ROLE_GOOD : ROLE_BAD, 0,
			  slice_of(i < on ? glyph(f, "█", "#") : glyph(f, "░", "-")));
}

static void draw_count(struct frame *f, int x, int y, unsigned n, unsigned style)
{
	if (x)
		frame_putf(f, x, y, 8, n ? ROLE_TEXT : ROLE_DIM, style, "%7u", n);
}

static void draw_group(struct frame *f, const struct places *p, int y, const struct tally_group *g,
		       bool cursor)
{
	unsigned style = cursor ? CELL_CURSOR : 0;
	char answer[32];

	if (cursor) {
		frame_fill(f, 0, y, f->width, 1, ROLE_TEXT, style, 0);
		frame_put(f, 0, y, 1, ROLE_TEXT, style, SLICE_LIT(">"));
	}
	frame_put_cut(f, GUTTER, y, p->value, true, false, *g->value ? ROLE_TEXT : ROLE_DIM, style,
		      slice_of(*g->value ? g->value : "(none)"));
	frame_putf(f, p->phones, y, 9, ROLE_TEXT, style, "%8u", g->members);
	if (g->asked)
		snprintf(answer, sizeof(answer), "%u of %u", g->answered, g->asked);
	else
		snprintf(answer, sizeof(answer), "not asked");
	/* Only the words in their colour: on the cursor's row it is a background. */
	frame_put(f, p->answer + 16 - (int)strlen(answer), y, 16, role_of(g), style,
		  slice_of(answer));
	draw_bar(f, p->bar, y, g);
	draw_count(f, p->silent, y, g->silent, style);
	draw_count(f, p->gone, y, g->gone, style);
}

static void draw_heading(struct frame *f, const struct places *p, int y, enum column_id by)
{
	frame_fill(f, 0, y, f->width, 1, ROLE_HEADING, 0, 0);
	frame_put_cut(f, GUTTER, y, p->value, false, false, ROLE_HEADING, CELL_BOLD,
		      slice_of(columns[by].title));
	frame_put_cut(f, p->phones, y, 8, false, true, ROLE_HEADING, 0, SLICE_LIT("Bindings"));
	frame_put_cut(f, p->answer, y, 16, false, true, ROLE_HEADING, 0, SLICE_LIT("Answer"));
	if (p->silent)
		frame_put_cut(f, p->silent, y, 7, false, true, ROLE_HEADING, 0,
			      SLICE_LIT("Silent"));
	if (p->gone)
		frame_put_cut(f, p->gone, y, 7, false, true, ROLE_HEADING, 0, SLICE_LIT("Gone"));
}

/* The group under the cursor in one sentence. */
static void draw_words(struct frame *f, int y, const struct tally_group *g)
{
	unsigned failed = g->asked - g->answered;
	char text[120];

	if (!g->asked)
		snprintf(text, sizeof(text), "Nobody was asked lately: P asks all %u.", g->members);
	else if (g->effect)
		snprintf(text, sizeof(text),
			 "%u of %u asked do not answer: look at what they share.", failed,
			 g->asked);
	else if (failed)
		snprintf(text, sizeof(text),
			 "%u of %u asked do not answer: too few to blame what they share.", failed,
			 g->asked);
	else
		snprintf(text, sizeof(text), "All %u that were asked answer.", g->asked);
	frame_put_cut(f, 0, y, f->width, false, false, role_of(g), 0, slice_of(text));
}

static void draw_title(const struct ui *u, struct frame *f, int y, size_t groups)
{
	const struct tally *t = u->group.tally;

	if (tally_percent(t) < 100)
		frame_putf(f, 0, y, f->width, ROLE_TITLE, 0, "Groups by %s: counting, %u %%",
			   columns[tally_by(t)].name, tally_percent(t));
	else
		frame_putf(f, 0, y, f->width, ROLE_TITLE, 0, "Groups by %s: %zu, worst first",
			   columns[tally_by(t)].name, groups);
}

void group_draw(struct ui *u, struct frame *f, struct area a)
{
	const struct tally *t = u->group.tally;
	size_t n = tally_count(t), page = a.height > 4 ? (size_t)a.height - 3 : 1;
	struct places p;

	place(f->width, &p);
	draw_title(u, f, a.y, n);
	draw_heading(f, &p, a.y + 1, tally_by(t));
	u->group.page = page;
	if (u->group.at < u->group.top)
		u->group.top = u->group.at;
	if (u->group.at >= u->group.top + page)
		u->group.top = u->group.at - page + 1;
	if (u->group.top + page > n)
		u->group.top = n > page ? n - page : 0;
	for (size_t i = 0; i < page && u->group.top + i < n; i++)
		draw_group(f, &p, a.y + 2 + (int)i, tally_at(t, u->group.top + i),
			   u->group.top + i == u->group.at);
	if (n)
		draw_words(f, a.y + a.height - 1, tally_at(t, u->group.at));
	else if (tally_percent(t) == 100)
		frame_put(f, GUTTER, a.y + 3, f->width - GUTTER, ROLE_TEXT, 0,
			  slice_of(status_why_empty(u)));
}
