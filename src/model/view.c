/* The view: which bindings, in which order; filter, stable sort, freeze, and the cursor by key. */
#include "model/view.h"

#include <stdlib.h>
#include "base/alloc.h"
#include "model/view_sort.h"

/* Rows whose order or membership time can change are looked at again each second, and one second
 * later for each so many of them: a large picture must not keep a processor busy. */
#define LOOK_AGAIN_MS      1000
#define ROWS_LOOKED_AT_A_S 100000

struct view {
	struct store *store;
	view_judge_fn *judge;
	void *judge_ctx;
	struct filter *filter;
	char *filter_text;
	enum column_id sort;
	bool reverse, frozen;

	binding_id *ids;
	size_t count, cap;
	uint32_t *places; /* by slot: index into ids, trusted only if ids agrees */
	size_t place_count;

	bool stale;                   /* filter, order or freeze changed */
	bool resort;                  /* frozen, but the person asked for another order */
	uint64_t generation, touched; /* of the store when last updated */
	int64_t looked_ms;            /* wall time of the last look at the rows */
	int64_t now_ms;               /* wall time of the update that runs */

	binding_id cursor;
	size_t cursor_at; /* where it was when last seen */

	size_t hidden_marks;
	uint64_t marks_touched, marks_generation;
	bool marks_known;
};

struct view *view_new(struct store *s, view_judge_fn *judge, void *ctx)
{
	struct view *v = xcalloc(1, sizeof(*v));

	v->store = s;
	v->judge = judge;
	v->judge_ctx = ctx;
	v->sort = COL_AOR;
	v->filter_text = xstrdup("");
	filter_parse(SLICE_NONE, &v->filter, NULL, NULL);
	v->stale = true;
	return v;
}

void view_free(struct view *v)
{
	if (!v)
		return;
	filter_free(v->filter);
	free(v->filter_text);
	free(v->ids);
	free(v->places);
	free(v);
}

/* ---- rows ---------------------------------------------------------------------------------------
 */

static bool fill_row(const struct view *v, binding_id id, int64_t now_ms, unsigned needs,
		     struct row *r)
{
	if (!store_get(v->store, id, &r->b))
		return false;
	r->id = id;
	r->now_ms = now_ms;
	r->source = store_source_name(v->store, r->b.source);
	r->marked = store_marked(v->store, id);
	r->evidence = NULL;
	r->twins = 0;
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
	return fill_row(v, id, now_ms, NEEDS_EVIDENCE | NEEDS_TWINS | NEEDS_JUDGEMENT, r);
}

/* ---- what the person set ------------------------------------------------------------------------
 */

int view_set_filter(struct view *v, struct slice text, size_t *at, struct err *e)
{
	struct filter *f;
	int rc = filter_parse(text, &f, at, e);

	if (rc)
		return rc;
	filter_free(v->filter);
	free(v->filter_text);
	v->filter = f;
	v->filter_text = slice_copy(text);
	v->stale = true;
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
	v->stale = v->resort = true;
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
	v->stale |= !on;
}

bool view_frozen(const struct view *v)
{
	return v->frozen;
}

/* ---- updating -----------------------------------------------------------------------------------
 */

static void remember_places(struct view *v)
{
	size_t slots = store_slots(v->store), had = v->place_count;

	XGROW(v->places, v->place_count, slots);
	if (v->place_count > had)
		memset(v->places + had, 0, (v->place_count - had) * sizeof(*v->places));
	for (size_t i = 0; i < v->count; i++)
		v->places[binding_slot(v->ids[i])] = (uint32_t)i;
	v->marks_known = false;
}

ptrdiff_t view_index(const struct view *v, binding_id id)
{
	uint32_t slot = binding_slot(id), at;

	if (!id || slot >= v->place_count)
		return -1;
	at = v->places[slot];
	return at < v->count && v->ids[at] == id ? (ptrdiff_t)at : -1;
}

struct gather {
	struct view *v;
	binding_id *ids;
	size_t n, cap;
	bool only_new; /* leave out what the view holds already */
};

static bool gather_one(void *ctx, binding_id id)
{
	struct gather *g = ctx;
	struct view *v = g->v;
	struct row r;

	if (g->only_new && view_index(v, id) >= 0)
		return true;
	if (!fill_row(v, id, v->now_ms, filter_needs(v->filter), &r) ||
	    !filter_match(v->filter, &r))
		return true;
	XGROW(g->ids, g->cap, g->n + 1);
	g->ids[g->n++] = id;
	return true;
}

static bool row_for_sort(void *ctx, binding_id id, struct row *r)
{
	struct view *v = ctx;

	return fill_row(v, id, v->now_ms, column_needs(v->sort), r);
}

static bool row_plain(void *ctx, binding_id id, struct row *r)
{
	struct view *v = ctx;

	return fill_row(v, id, v->now_ms, 0, r);
}

static void sort_ids(struct view *v, binding_id *ids, size_t n)
{
	struct sort_spec spec = {.col = v->sort,
				 .reverse = v->reverse,
				 .row = row_for_sort,
				 .plain_row = row_plain,
				 .ctx = v};

	view_sort_ids(&spec, ids, n);
}

/* Takes ids over; true when the list differs from the one before. */
static bool take_list(struct view *v, struct gather *g)
{
	bool differs =
		g->n != v->count || (g->n && memcmp(g->ids, v->ids, g->n * sizeof(*g->ids)) != 0);

	free(v->ids);
	v->ids = g->ids;
	v->count = g->n;
	v->cap = g->cap;
	remember_places(v);
	return differs;
}

static bool update_sorted(struct view *v)
{
	struct gather g = {.v = v};

	store_each(v->store, gather_one, &g);
	sort_ids(v, g.ids, g.n);
	return take_list(v, &g);
}

/* Rows stay where they are, also those that would not match any more because a probe or time went
 * on: the person froze the list to look at it. Only another filter sends them away. */
static bool update_frozen(struct view *v, bool filter_again)
{
	struct gather g = {.v = v}, fresh = {.v = v, .only_new = true};

	for (size_t i = 0; i < v->count; i++) {
		if (filter_again) {
			gather_one(&g, v->ids[i]);
		} else if (store_has(v->store, v->ids[i])) {
			XGROW(g.ids, g.cap, g.n + 1);
			g.ids[g.n++] = v->ids[i];
		}
	}
	store_each(v->store, gather_one, &fresh);
	sort_ids(v, fresh.ids, fresh.n);
	XGROW(g.ids, g.cap, g.n + fresh.n);
	if (fresh.n)
		memcpy(g.ids + g.n, fresh.ids, fresh.n * sizeof(*fresh.ids));
	g.n += fresh.n;
	free(fresh.ids);
	return take_list(v, &g);
}

static int64_t look_again_ms(const struct view *v)
{
	return LOOK_AGAIN_MS +
	       (int64_t)(store_count(v->store) / ROWS_LOOKED_AT_A_S) * LOOK_AGAIN_MS;
}

static bool must_look(const struct view *v, int64_t now_ms)
{
	unsigned needs = filter_needs(v->filter) | column_needs(v->sort);
	int64_t since = now_ms - v->looked_ms;

	if (v->stale || store_generation(v->store) != v->generation)
		return true;
	if ((needs & (NEEDS_JUDGEMENT | NEEDS_EVIDENCE)) && store_touched(v->store) != v->touched)
		return true;
	/* A wall clock that stepped back counts as time gone by. */
	return (needs & NEEDS_TIME) && (since >= look_again_ms(v) || since < 0);
}

/* The cursor stays on its binding; when that left, it goes to what took its place. */
static void settle_cursor(struct view *v)
{
	ptrdiff_t at = view_index(v, v->cursor);

	if (at >= 0) {
		v->cursor_at = (size_t)at;
		return;
	}
	if (!v->count)
		return;
	if (v->cursor_at >= v->count)
		v->cursor_at = v->count - 1;
	v->cursor = v->ids[v->cursor_at];
}

bool view_update(struct view *v, int64_t now_ms)
{
	bool differs, filter_again = v->stale;

	if (!must_look(v, now_ms))
		return false;
	v->now_ms = now_ms;
	v->looked_ms = now_ms;
	v->generation = store_generation(v->store);
	v->touched = store_touched(v->store);
	if (v->frozen && !v->resort)
		differs = update_frozen(v, filter_again);
	else
		differs = update_sorted(v);
	v->stale = v->resort = false;
	settle_cursor(v);
	return differs;
}

/* ---- looking ------------------------------------------------------------------------------------
 */

size_t view_count(const struct view *v)
{
	return v->count;
}

binding_id view_at(const struct view *v, size_t index)
{
	return index < v->count ? v->ids[index] : 0;
}

size_t view_hidden_marks(const struct view *v)
{
	struct view *mine = (struct view *)v; /* what is remembered is not seen from outside */
	binding_id *ids;
	size_t n;

	if (v->marks_known && v->marks_touched == store_touched(v->store) &&
	    v->marks_generation == store_generation(v->store))
		return v->hidden_marks;
	n = store_marks(v->store, &ids);
	mine->hidden_marks = 0;
	for (size_t i = 0; i < n; i++)
		mine->hidden_marks += view_index(v, ids[i]) < 0;
	free(ids);
	mine->marks_known = true;
	mine->marks_touched = store_touched(v->store);
	mine->marks_generation = store_generation(v->store);
	return v->hidden_marks;
}

binding_id view_cursor(struct view *v)
{
	return v->count ? v->cursor : 0;
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
	ptrdiff_t at = (ptrdiff_t)v->cursor_at, last = (ptrdiff_t)v->count - 1;

	if (!v->count)
		return;
	if (delta > last - at)
		at = last;
	else if (delta < -at)
		at = 0;
	else
		at += delta;
	v->cursor_at = (size_t)at;
	v->cursor = v->ids[at];
}
