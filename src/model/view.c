/* The view: which bindings, in which order; filter, stable sort, freeze, and the cursor by key. */
#include "model/view.h"

#include <stdlib.h>
#include "base/alloc.h"
#include "model/view_state.h"

/* A step of an update that nobody draws between. */
#define ROWS_AT_ONCE (1u << 20)

struct view *view_new(struct store *s, view_judge_fn *judge, void *ctx)
{
	struct view *v = xcalloc(1, sizeof(*v));
	struct filter *all;

	v->store = s;
	v->judge = judge;
	v->judge_ctx = ctx;
	v->sort = COL_AOR;
	v->ranks.col = COL_NONE;
	v->filter_text = xstrdup("");
	filter_parse(SLICE_NONE, &all, NULL, NULL);
	view_list_set_filter(v, all);
	return v;
}

void view_free(struct view *v)
{
	if (!v)
		return;
	view_list_free(v);
	free(v->filter_text);
	free(v);
}

/* ---- rows ---------------------------------------------------------------------------------------
 */

bool view_fill(const struct view *v, binding_id id, int64_t now_ms, unsigned needs, struct row *r)
{
	if (!store_get(v->store, id, &r->b))
		return false;
	r->id = id;
	r->now_ms = now_ms;
	r->source = store_source_name(v->store, r->b.source);
	r->marked = store_marked(v->store, id);
	r->differs = store_differs(v->store, id);
	r->evidence = NULL;
	r->twins = 0;
	r->habit_s = store_habit(v->store, id);
	r->agent_never_answers = false;
	r->j.verdict = VERDICT_NOT_ASKED;
	r->j.basis = BASIS_NONE;
	r->j.tone = TONE_NEUTRAL;
	r->j.code = 0;
	r->j.faded = false;
	r->j.next_hop[0] = r->j.note[0] = '\0';
	if (needs & (NEEDS_EVIDENCE | NEEDS_JUDGEMENT))
		r->evidence = store_evidence(v->store, id);
	if (needs & NEEDS_TWINS)
		r->twins = store_twins(v->store, id);
	if ((needs & NEEDS_JUDGEMENT) && v->judge)
		v->judge(v->judge_ctx, r);
	return true;
}

bool view_row(const struct view *v, binding_id id, int64_t now_ms, struct row *r)
{
	return view_fill(v, id, now_ms, NEEDS_EVIDENCE | NEEDS_TWINS | NEEDS_JUDGEMENT, r);
}

/* ---- what the person set ------------------------------------------------------------------------
 */

int view_set_filter(struct view *v, struct slice text, size_t *at, struct err *e)
{
	struct filter *f;
	int rc = filter_parse(text, &f, at, e);

	if (rc)
		return rc;
	free(v->filter_text);
	v->filter_text = slice_copy(text);
	view_list_set_filter(v, f);
	return 0;
}

const char *view_filter(const struct view *v)
{
	return v->filter_text;
}

void view_set_sort(struct view *v, enum column_id col, bool reverse)
{
	if (col == v->sort && reverse == v->reverse)
		return;
	v->sort = col;
	v->reverse = reverse;
	v->resort = true;
	view_list_ask(v, WANT_LIST);
}

enum column_id view_sort(const struct view *v, bool *reverse)
{
	if (reverse)
		*reverse = v->reverse;
	return v->sort;
}

void view_freeze(struct view *v, bool on)
{
	if (on == v->frozen)
		return;
	v->frozen = on;
	/* Thawing sorts again; freezing changes nothing. */
	if (!on)
		view_list_ask(v, WANT_MATCH | WANT_LIST);
}

bool view_frozen(const struct view *v)
{
	return v->frozen;
}

/* ---- updating -----------------------------------------------------------------------------------
 */

/* The cursor stays on its binding; when that left, it goes to what took its place. */
static void settle_cursor(struct view *v)
{
	ptrdiff_t at = view_index(v, v->cursor);

	if (at >= 0) {
		v->cursor_at = (size_t)at;
		return;
	}
	if (!v->list.n)
		return;
	if (v->cursor_at >= v->list.n)
		v->cursor_at = v->list.n - 1;
	v->cursor = view_at(v, v->cursor_at);
}

bool view_work(struct view *v, int64_t now_ms, size_t rows)
{
	bool differs = view_list_work(v, now_ms, rows, false);

	settle_cursor(v);
	return differs;
}

bool view_update(struct view *v, int64_t now_ms)
{
	bool differs = false;

	do
		differs |= view_list_work(v, now_ms, ROWS_AT_ONCE, true);
	while (!view_list_is_true(v));
	settle_cursor(v);
	return differs;
}

bool view_busy(const struct view *v)
{
	return v->job.phase != JOB_NONE || (v->want && v->asked);
}

bool view_behind(const struct view *v)
{
	return v->job.phase != JOB_NONE ? v->job.asked : v->asked;
}

/* ---- looking ------------------------------------------------------------------------------------
 */

size_t view_count(const struct view *v)
{
	return v->list.n;
}

binding_id view_at(const struct view *v, size_t index)
{
	binding_id id = index < v->list.n ? store_at(v->store, v->list.at[index]) : 0;

	return binding_serial(id) > v->serial ? 0 : id;
}

/* Compared in blocks, so that the compiler can take many at a time. */
static ptrdiff_t place_of(const struct slots *l, uint32_t slot)
{
	size_t i = 0;

	for (; i + 64 <= l->n; i += 64) {
		unsigned hits = 0;

		for (size_t k = 0; k < 64; k++)
			hits |= l->at[i + k] == slot;
		if (hits)
			break;
	}
	for (; i < l->n; i++)
		if (l->at[i] == slot)
			return (ptrdiff_t)i;
	return -1;
}

bool view_has(const struct view *v, binding_id id)
{
	return id && binding_serial(id) <= v->serial && bitmap_get(&v->listed, binding_slot(id)) &&
	       store_has(v->store, id);
}

ptrdiff_t view_index(const struct view *v, binding_id id)
{
	uint32_t slot = binding_slot(id);

	if (!view_has(v, id))
		return -1;
	if (v->cursor_at < v->list.n && v->list.at[v->cursor_at] == slot)
		return (ptrdiff_t)v->cursor_at;
	return place_of(&v->list, slot);
}

struct mark_count {
	const struct view *v;
	size_t hidden;
};

static bool count_hidden(void *ctx, binding_id id)
{
	struct mark_count *c = ctx;

	c->hidden +=
		binding_serial(id) > c->v->serial || !bitmap_get(&c->v->listed, binding_slot(id));
	return true;
}

size_t view_hidden_marks(const struct view *v)
{
	struct view *mine = (struct view *)v; /* what is remembered is not seen from outside */
	struct mark_count c = {.v = v};

	if (v->marks_known && v->marks_touched == store_touched(v->store) &&
	    v->marks_version == v->list_version)
		return v->hidden_marks;
	store_each_mark(v->store, count_hidden, &c);
	mine->hidden_marks = c.hidden;
	mine->marks_known = true;
	mine->marks_touched = store_touched(v->store);
	mine->marks_version = v->list_version;
	return c.hidden;
}

binding_id view_cursor(struct view *v)
{
	return v->list.n ? v->cursor : 0;
}

void view_set_cursor(struct view *v, binding_id id)
{
	ptrdiff_t at = view_index(v, id);

	if (at < 0)
		return;
	v->cursor = id;
	v->cursor_at = (size_t)at;
}

void view_move_cursor(struct view *v, ptrdiff_t delta)
{
	ptrdiff_t at = (ptrdiff_t)v->cursor_at, last = (ptrdiff_t)v->list.n - 1;

	if (!v->list.n)
		return;
	if (delta > last - at)
		at = last;
	else if (delta < -at)
		at = 0;
	else
		at += delta;
	v->cursor_at = (size_t)at;
	v->cursor = view_at(v, v->cursor_at);
}
