/* The confirm view: the frozen list of what a purge will touch, the question, and what came of it.
 */
#include <stdio.h>
#include "base/text.h"
#include "ui/views.h"

static enum role state_role(enum plan_state s)
{
	switch (s) {
	case PLAN_WAITING:
	case PLAN_CANCELLED:
		return ROLE_DIM;
	case PLAN_RUNNING:
		return ROLE_FRESH;
	case PLAN_DONE:
		return ROLE_GOOD;
	case PLAN_UNPROVEN:
	case PLAN_CAME_BACK:
	case PLAN_SKIPPED_CHANGED:
	case PLAN_SKIPPED_GONE:
	case PLAN_NOT_ALONE:
	case PLAN_ONLY_ROW:
		return ROLE_WARN;
	case PLAN_REFUSED:
	case PLAN_UNKNOWN:
		return ROLE_BAD;
	}
	return ROLE_TEXT;
}

static void clean_aor(const struct binding *b, bool ascii_only, struct strbuf *out)
{
	struct strbuf raw = STRBUF_INIT;

	binding_add_aor(b, &raw);
	text_clean(strbuf_slice(&raw), ascii_only, out);
	strbuf_free(&raw);
}

/* "refreshed 4m05s ago, 55m55s left" at the time the plan was frozen. */
static void add_age(const struct binding *b, int64_t at_s, struct strbuf *out)
{
	char words[16];
	int64_t left = binding_left_s(b, at_s);

	if (b->refreshed_s > 0)
		strbuf_addf(out, "refreshed %s ago, ", text_duration(at_s - b->refreshed_s, words));
	if (left == INT64_MAX)
		strbuf_add_str(out, "never lapses");
	else if (left < 0)
		strbuf_addf(out, "lapsed %s ago", text_duration(-left, words));
	else
		strbuf_addf(out, "%s left", text_duration(left, words));
}

static void put_item(struct sheet *s, const struct plan *p, size_t i, bool running)
{
	const struct plan_item *it = &p->items[i];
	bool ascii_only = s->f->ascii_only;
	struct strbuf t = STRBUF_INIT;

	clean_aor(it->b, ascii_only, &t);
	sheet_gap(s);
	sheet_field(s, ROLE_DIM, "AoR", ROLE_MARKED, strbuf_slice(&t));
	strbuf_clear(&t);
	text_clean(it->b->contact, ascii_only, &t);
	sheet_field(s, ROLE_DIM, "Contact", ROLE_TEXT, strbuf_slice(&t));
	if (running) {
		sheet_field(s, ROLE_DIM, "Result", state_role(it->state),
			    slice_of(plan_state_word(it->state)));
		if (it->result[0])
			sheet_text(s, s->indent, ROLE_TEXT, slice_of(it->result));
		strbuf_free(&t);
		return;
	}
	strbuf_clear(&t);
	text_clean(it->b->user_agent, ascii_only, &t);
	sheet_field(s, ROLE_DIM, "User-Agent", ROLE_TEXT,
		    t.n ? strbuf_slice(&t) : SLICE_LIT("not known"));
	strbuf_clear(&t);
	add_age(it->b, p->frozen_ms / 1000, &t);
	sheet_field(s, ROLE_DIM, "Age", ROLE_TEXT, strbuf_slice(&t));
	if (it->consequence[0])
		sheet_field(s, ROLE_DIM, "Then", ROLE_WARN, slice_of(it->consequence));
	strbuf_free(&t);
}

static void running_title(const struct plan *p, bool over, char *out, size_t size)
{
	size_t gone = 0, open = 0;

	for (size_t i = 0; i < p->count; i++) {
		enum plan_state s = p->items[i].state;

		gone += s == PLAN_DONE;
		open += s == PLAN_WAITING || s == PLAN_RUNNING;
	}
	if (over)
		snprintf(out, size, "Purge over: %zu of %zu removed and proved", gone, p->count);
	else
		snprintf(out, size, "Purging: %zu of %zu to go", open, p->count);
}

static bool put_list(struct ui *u, struct frame *f, struct area a, const struct plan *p,
		     bool running, bool over)
{
	struct sheet s;
	char title[80];

	sheet_begin(&s, f, a, &u->confirm_scroll, 13);
	for (size_t i = 0; i < p->count; i++)
		put_item(&s, p, i, running);
	if (p->reason[0]) {
		struct strbuf t = STRBUF_INIT;

		text_clean(slice_of(p->reason), f->ascii_only, &t);
		sheet_gap(&s);
		sheet_field(&s, ROLE_DIM, "Reason", ROLE_TEXT, strbuf_slice(&t));
		strbuf_free(&t);
	}
	if (running)
		running_title(p, over, title, sizeof(title));
	else
		snprintf(title, sizeof(title), "Purge %zu %s%s", p->count,
			 p->kind == PLAN_ROWS ? "row" : "binding", p->count == 1 ? "" : "s");
	return sheet_end(&s, title);
}

static void add_question(const struct ui *u, struct strbuf *out)
{
	size_t hidden = view_hidden_marks(u->cfg.view);

	if (u->plan->kind == PLAN_BINDINGS && u->plan->count > 1 && hidden)
		strbuf_addf(out, "%zu of them not shown in the table. ", hidden);
	plan_question(u->plan, out);
}

/* The question stands below the list and never scrolls away. */
static void draw_question(const struct ui *u, struct frame *f, struct area a)
{
	struct strbuf t = STRBUF_INIT;
	bool many = u->plan->count > 1;
	int x, y = a.y + 1;

	frame_fill(f, 0, a.y, f->width, a.height, ROLE_TEXT, 0, 0);
	add_question(u, &t);
	y += put_wrapped(f, a, 0, y, f->width, ROLE_ALERT, strbuf_slice(&t));
	strbuf_free(&t);
	if (!many)
		return;
	x = frame_put(f, 0, y, -1, ROLE_KEY, 0, SLICE_LIT("number: "));
	x += frame_put(f, x, y, -1, ROLE_PROMPT, 0, slice_of(u->answer));
	f->cursor_x = x;
	f->cursor_y = y;
}

/* What a purge that is over leaves to be asked. */
static void add_offer(const struct ui *u, struct strbuf *out)
{
	const struct plan *offered = u->cfg.port.purge_offered(u->cfg.port.ctx);

	if (!offered)
		return;
	plan_offer(offered, out);
	strbuf_add_str(out, ": x shows them and asks.");
}

static void draw_offer(const struct ui *u, struct frame *f, struct area a)
{
	struct strbuf t = STRBUF_INIT;

	frame_fill(f, 0, a.y, f->width, a.height, ROLE_TEXT, 0, 0);
	add_offer(u, &t);
	put_wrapped(f, a, 0, a.y + 1, f->width, ROLE_ALERT, strbuf_slice(&t));
	strbuf_free(&t);
}

static int offer_height(const struct ui *u, struct frame *f)
{
	struct strbuf t = STRBUF_INIT;
	struct area nowhere = {0, 0};
	int lines;

	add_offer(u, &t);
	lines = t.n ? put_wrapped(f, nowhere, 0, 0, f->width, ROLE_ALERT, strbuf_slice(&t)) + 1 : 0;
	strbuf_free(&t);
	return lines;
}

static int question_height(const struct ui *u, struct frame *f)
{
	struct strbuf t = STRBUF_INIT;
	struct area nowhere = {0, 0};
	int lines;

	add_question(u, &t);
	lines = put_wrapped(f, nowhere, 0, 0, f->width, ROLE_ALERT, strbuf_slice(&t));
	strbuf_free(&t);
	return lines + 1 + (u->plan->count > 1);
}

void confirm_draw(struct ui *u, struct frame *f, struct area a, int64_t now_ms)
{
	bool over = true, asking = u->plan != NULL;
	const struct plan *p =
		asking ? u->plan : u->cfg.port.purge_plan_now(u->cfg.port.ctx, &over);
	int below = asking ? question_height(u, f) : over ? offer_height(u, f) : 0;
	struct area list = {a.y, a.height - below};
	struct area question = {a.y + a.height - below, below};

	(void)now_ms;
	if (!p) {
		put_wrapped(f, a, 0, a.y, f->width, ROLE_TEXT, SLICE_LIT("No purge has been run."));
		return;
	}
	if (list.height < 3)
		list.height = 3;
	if (put_list(u, f, list, p, !asking, over))
		put_list(u, f, list, p, !asking, over);
	if (asking)
		draw_question(u, f, question);
	else if (below)
		draw_offer(u, f, question);
}
