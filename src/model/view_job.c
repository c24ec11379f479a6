/* The view's list made anew: sorted, matched and sorted again in steps of bounded work. */
#include "model/view_state.h"

#include <stdlib.h>
#include "base/alloc.h"

/* What nobody asked for takes at most a quarter of the time. */
#define REST_PARTS 3

static bool let_through(const struct view *v, const struct bitmap *matches, uint32_t slot)
{
	return view_has_filter(v) ? bitmap_get(matches, slot) : view_is_live(v, slot);
}

void view_job_drop(struct job *j)
{
	slots_free(&j->fresh);
	slots_free(&j->kept);
	sorter_free(j->sorter);
	bitmap_free(&j->matches);
	*j = (struct job){0};
}

void view_job_enter(struct view *v, enum job_phase phase)
{
	struct job *j = &v->job;

	if (phase == JOB_MATCH && !((j->want & WANT_MATCH) && view_has_filter(v)))
		phase = JOB_GATHER;
	j->phase = phase;
	j->at = 0;
	sorter_free(j->sorter);
	j->sorter = NULL;
	j->fresh.n = j->kept.n = 0;
	if (phase == JOB_MATCH) {
		bitmap_free(&j->matches);
		bitmap_fit(&j->matches, store_slots(v->store));
		/* What matched another filter says nothing, unless it narrows that one. */
		j->narrow = v->matched && v->matched != v->filter &&
			    v->generation == j->generation && filter_narrows(v->matched, v->filter);
	}
}

void view_job_begin(struct view *v)
{
	struct job *j = &v->job;

	view_job_drop(j);
	j->began_ms = v->now_ms;
	j->want = v->want;
	j->asked = v->asked;
	v->want = 0;
	v->asked = false;
	if (!view_catch_up_base(v))
		j->want |= WANT_BASE | WANT_MATCH;
	j->want |= WANT_LIST;
	j->generation = store_generation(v->store);
	j->touched = store_touched(v->store);
	j->serial = store_serial(v->store);
	v->looked_ms = v->now_ms;
	view_job_enter(v, j->want & WANT_BASE ? JOB_BASE_GATHER : JOB_MATCH);
}

static size_t step_base_gather(struct view *v, size_t rows)
{
	struct job *j = &v->job;
	size_t slots = store_slots(v->store), from = j->at;

	for (; j->at < slots && j->at - from < rows; j->at++)
		if (view_is_live(v, (uint32_t)j->at))
			slots_add(&j->fresh, (uint32_t)j->at);
	if (j->at == slots) {
		j->sorter = sorter_new(j->fresh.at, j->fresh.n, view_aor_key, view_soon, v);
		j->phase = JOB_BASE_SORT;
	}
	return j->at - from;
}

static size_t step_base_sort(struct view *v, size_t rows)
{
	struct job *j = &v->job;

	if (sorter_step(j->sorter, rows))
		return rows;
	sorter_result(j->sorter, j->fresh.at);
	slots_free(&v->base);
	v->base = j->fresh;
	j->fresh = (struct slots){0};
	v->base_at = j->generation;
	view_job_enter(v, JOB_MATCH);
	return rows;
}

static size_t step_match(struct view *v, size_t rows)
{
	struct job *j = &v->job;
	size_t slots = j->matches.words * 64, cost = 0;

	if (slots > store_slots(v->store))
		slots = store_slots(v->store);
	glancer_refresh(v->glancer);
	for (; j->at < slots && cost < rows; j->at++) {
		uint32_t slot = (uint32_t)j->at;

		if (j->narrow && !bitmap_get(&v->matches, slot)) {
			/* a whole word of nothing costs one look */
			if (slot % 64 == 0 &&
			    (slot / 64 >= v->matches.words || !v->matches.word[slot / 64])) {
				j->at += 63;
				cost++;
			}
			continue;
		}
		if (view_matches(v, slot, &cost))
			bitmap_put(&j->matches, slot, true);
	}
	if (j->at >= slots)
		view_job_enter(v, JOB_GATHER);
	return cost + 1;
}

static const struct bitmap *job_matches(const struct view *v)
{
	return v->job.want & WANT_MATCH ? &v->job.matches : &v->matches;
}

/* A frozen list keeps its rows, also those that would not match any more because a probe or time
 * went on: the person froze it to look at it. Only another filter sends them away. */
static void gather_kept(struct view *v)
{
	struct job *j = &v->job;

	for (size_t i = 0; i < v->list.n; i++) {
		uint32_t slot = v->list.at[i];

		if (view_is_live(v, slot) && !view_is_reborn(v, slot) &&
		    (!v->refilter || let_through(v, job_matches(v), slot)))
			slots_add(&j->kept, slot);
	}
}

static size_t step_gather(struct view *v, size_t rows)
{
	struct job *j = &v->job;
	bool frozen = v->frozen && !v->resort;
	size_t from = j->at;

	if (frozen && from == 0)
		gather_kept(v);
	for (; j->at < v->base.n && j->at - from < rows * 4; j->at++) {
		uint32_t slot = v->base.at[j->at];

		if (let_through(v, job_matches(v), slot) &&
		    !(frozen && bitmap_get(&v->listed, slot) && !view_is_reborn(v, slot)))
			slots_add(&j->fresh, slot);
	}
	if (j->at == v->base.n) {
		/* Base is this order already. */
		view_rank(v);
		if (v->sort != COL_AOR || v->reverse)
			j->sorter =
				sorter_new(j->fresh.at, j->fresh.n, view_column_key, view_soon, v);
		j->phase = JOB_SORT;
	}
	return (j->at - from) / 4 + 1;
}

static bool publish(struct view *v)
{
	struct job *j = &v->job;
	struct slots was = v->list;
	bool differs;

	if (j->sorter)
		sorter_result(j->sorter, j->fresh.at);
	if (j->kept.n) {
		for (size_t i = 0; i < j->fresh.n; i++)
			slots_add(&j->kept, j->fresh.at[i]);
		v->list = j->kept;
		j->kept = (struct slots){0};
	} else {
		v->list = j->fresh;
		j->fresh = (struct slots){0};
	}
	differs = was.n != v->list.n ||
		  (was.n && memcmp(was.at, v->list.at, was.n * sizeof(*was.at)) != 0);
	slots_free(&was);
	if (j->want & WANT_MATCH) {
		bitmap_free(&v->matches);
		v->matches = j->matches;
		j->matches = (struct bitmap){0};
		if (v->matched != v->filter)
			filter_free(v->matched);
		v->matched = view_has_filter(v) ? v->filter : NULL;
	}
	bitmap_fit(&v->listed, store_slots(v->store));
	memset(v->listed.word, 0, v->listed.words * sizeof(*v->listed.word));
	for (size_t i = 0; i < v->list.n; i++)
		bitmap_put(&v->listed, v->list.at[i], true);
	v->generation = j->generation;
	v->touched = j->touched;
	v->serial = j->serial;
	v->resort = v->refilter = false;
	v->rest_from_ms = v->called_ms;
	v->rest_ms = (v->called_ms - j->began_ms) * REST_PARTS;
	view_job_drop(j);
	return differs;
}

/* One phase's worth at most; true when the new list is there, and differs. */
bool view_job_step(struct view *v, size_t rows, size_t *did)
{
	switch (v->job.phase) {
	case JOB_BASE_GATHER:
		*did = step_base_gather(v, rows);
		return false;
	case JOB_BASE_SORT:
		*did = step_base_sort(v, rows);
		return false;
	case JOB_MATCH:
		*did = step_match(v, rows);
		return false;
	case JOB_GATHER:
		*did = step_gather(v, rows);
		return false;
	default:
		*did = rows;
		if (v->job.sorter && sorter_step(v->job.sorter, rows / view_key_rows(v) + 1))
			return false;
		return publish(v);
	}
}
