/* The view kept true change by change: a few changes among millions are worked into the list. */
#include "model/view_state.h"

#include <stdlib.h>
#include "base/alloc.h"

/* Each costs some twenty comparisons. With more than that, the list is made anew. */
#define CHANGES_MIN  64
#define CHANGES_MAX  1000
#define CHANGES_PART 64 /* of the list */

static void collect(struct view *v, uint32_t slot)
{
	if (bitmap_get(&v->dirty, slot))
		return;
	bitmap_put(&v->dirty, slot, true);
	slots_add(&v->dirty_slots, slot);
}

static void forget_collected(struct view *v)
{
	for (size_t i = 0; i < v->dirty_slots.n; i++)
		bitmap_put(&v->dirty, v->dirty_slots.at[i], false);
	v->dirty_slots.n = 0;
}

static size_t changes_worth_it(size_t n)
{
	size_t some = CHANGES_MIN + n / CHANGES_PART;

	return some < CHANGES_MAX ? some : CHANGES_MAX;
}

/* Slots of changes of at least this kind since a generation; false when there are too many. */
static bool collect_changes(struct view *v, uint64_t since, enum store_change least, size_t limit)
{
	uint64_t now = store_generation(v->store);
	enum store_change what;
	uint32_t slot;

	bitmap_fit(&v->dirty, store_slots(v->store));
	if (now - since >= STORE_LOG)
		return false;
	for (uint64_t g = since + 1; g <= now; g++) {
		if (!store_change_at(v->store, g, &slot, &what))
			return false;
		if (what >= least)
			collect(v, slot);
		if (v->dirty_slots.n > limit)
			return false;
	}
	return true;
}

static bool collect_touched(struct view *v, size_t limit)
{
	uint64_t now = store_touched(v->store);
	uint32_t slot;

	if (now - v->touched >= STORE_LOG)
		return false;
	for (uint64_t t = v->touched + 1; t <= now; t++) {
		if (!store_touch_at(v->store, t, &slot))
			return false;
		if (slot != UINT32_MAX)
			collect(v, slot);
		if (v->dirty_slots.n > limit)
			return false;
	}
	return true;
}

/* Takes the collected slots out of l. */
static void take_out(const struct view *v, struct slots *l)
{
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++) {
		l->at[n] = l->at[i];
		n += !bitmap_get(&v->dirty, l->at[i]);
	}
	l->n = n;
}

/* Puts fresh ones where they belong in l, which is sorted. */
static void put_in(struct view *v, struct slots *l, struct slots *fresh, view_compare_fn *compare)
{
	size_t hi = l->n;

	if (!fresh->n)
		return;
	qsort_r(fresh->at, fresh->n, sizeof(*fresh->at), compare, v);
	XGROW(l->at, l->cap, l->n + fresh->n);
	l->n += fresh->n;
	for (size_t i = fresh->n; i-- > 0;) {
		size_t low = 0, high = hi;

		while (low < high) {
			size_t mid = low + (high - low) / 2;

			if (compare(&fresh->at[i], &l->at[mid], v) < 0)
				high = mid;
			else
				low = mid + 1;
		}
		memmove(l->at + low + i + 1, l->at + low, (hi - low) * sizeof(*l->at));
		l->at[low + i] = fresh->at[i];
		hi = low;
	}
}

/* Base up to the present; false when it is better sorted anew. */
bool view_catch_up_base(struct view *v)
{
	struct slots fresh = {0};
	bool few = collect_changes(v, v->base_at, STORE_PLACED, changes_worth_it(v->base.n));

	if (few && v->dirty_slots.n) {
		take_out(v, &v->base);
		for (size_t i = 0; i < v->dirty_slots.n; i++)
			if (view_is_live(v, v->dirty_slots.at[i]))
				slots_add(&fresh, v->dirty_slots.at[i]);
		put_in(v, &v->base, &fresh, view_compare_aor);
		slots_free(&fresh);
	}
	if (few)
		v->base_at = store_generation(v->store);
	forget_collected(v);
	return few;
}

static bool order_can_change(const struct view *v)
{
	switch (v->sort) {
	case COL_LEFT:
	case COL_EXPIRES:
	case COL_REFRESHED:
	case COL_GRANTED:
	case COL_CSEQ:
		return true;
	default:
		return column_needs(v->sort) != 0;
	}
}

/* Works the collected slots into a list that nobody froze. Those that only were renewed stay where
 * they are when the order knows nothing of it. */
static bool change_list(struct view *v, const struct bitmap *stays)
{
	struct slots fresh = {0};
	bool differs = false;
	size_t n = 0, cost = 0;

	for (size_t i = 0; i < v->dirty_slots.n; i++) {
		uint32_t slot = v->dirty_slots.at[i];
		bool was = bitmap_get(&v->listed, slot);
		bool is = view_has_filter(v) ? view_matches(v, slot, &cost) : view_is_live(v, slot);

		if (view_has_filter(v))
			bitmap_put(&v->matches, slot, is);
		bitmap_put(&v->listed, slot, is);
		if ((was && is && bitmap_get(stays, slot)) || (!was && !is)) {
			bitmap_put(&v->dirty, slot, false);
			continue;
		}
		v->dirty_slots.at[n++] = slot;
		if (is)
			slots_add(&fresh, slot);
		differs = true;
	}
	v->dirty_slots.n = n;
	if (n)
		take_out(v, &v->list);
	put_in(v, &v->list, &fresh, view_compare_listed);
	slots_free(&fresh);
	return differs;
}

/* A frozen list: what is gone leaves, what is new is appended, all others stay. */
static bool change_frozen(struct view *v)
{
	struct slots fresh = {0};
	bool differs = false;
	size_t n = 0, cost = 0;

	for (size_t i = 0; i < v->dirty_slots.n; i++) {
		uint32_t slot = v->dirty_slots.at[i];
		bool was = bitmap_get(&v->listed, slot), leaves = was && !view_is_live(v, slot);
		bool is = view_has_filter(v) ? view_matches(v, slot, &cost) : view_is_live(v, slot);

		if (view_has_filter(v))
			bitmap_put(&v->matches, slot, is);
		leaves |= was && view_is_reborn(v, slot);
		if (is && (!was || leaves))
			slots_add(&fresh, slot);
		bitmap_put(&v->listed, slot, is || (was && !leaves));
		if (leaves)
			v->dirty_slots.at[n++] = slot;
		else
			bitmap_put(&v->dirty, slot, false);
		differs |= leaves;
	}
	v->dirty_slots.n = n;
	if (n)
		take_out(v, &v->list);
	if (fresh.n) {
		qsort_r(fresh.at, fresh.n, sizeof(*fresh.at), view_compare_listed, v);
		for (size_t i = 0; i < fresh.n; i++)
			slots_add(&v->list, fresh.at[i]);
		differs = true;
	}
	slots_free(&fresh);
	return differs;
}

static void now_true(struct view *v)
{
	v->generation = store_generation(v->store);
	v->touched = store_touched(v->store);
	v->serial = store_serial(v->store);
}

/* What was renewed only, of the collected slots. */
static void find_renewed(struct view *v, struct bitmap *stays)
{
	enum store_change what;
	uint32_t slot;

	bitmap_fit(stays, store_slots(v->store));
	if (order_can_change(v))
		return;
	for (size_t i = 0; i < v->dirty_slots.n; i++)
		bitmap_put(stays, v->dirty_slots.at[i], true);
	for (uint64_t g = v->generation + 1; g <= store_generation(v->store); g++)
		if (store_change_at(v->store, g, &slot, &what) && what != STORE_RENEWED)
			bitmap_put(stays, slot, false);
}

/* What changed since the list was true, worked into it; false when it is better made anew. */
bool view_apply_changes(struct view *v, bool *differs)
{
	unsigned needs = filter_needs(v->filter) | column_needs(v->sort);
	size_t limit = changes_worth_it(v->list.n);
	bool by_evidence = needs & (NEEDS_JUDGEMENT | NEEDS_EVIDENCE), few;
	struct bitmap stays = {0};

	/* With the same AoR as one that came or went, all others count differently. */
	if ((needs & NEEDS_TWINS) && store_generation(v->store) != v->generation)
		return false;
	/* In an order that time does not touch, and without a filter, refreshes change nothing. */
	few = collect_changes(v, v->generation,
			      view_has_filter(v) || order_can_change(v) ? STORE_RENEWED
									: STORE_ALTERED,
			      limit) &&
	      (!by_evidence || collect_touched(v, limit));
	if (few && v->dirty_slots.n) {
		bitmap_fit(&v->listed, store_slots(v->store));
		bitmap_fit(&v->matches, store_slots(v->store));
		glancer_refresh(v->glancer);
		view_rank(v);
		find_renewed(v, &stays);
		*differs = v->frozen ? change_frozen(v) : change_list(v, &stays);
		bitmap_free(&stays);
	}
	forget_collected(v);
	if (few)
		now_true(v);
	return few;
}
