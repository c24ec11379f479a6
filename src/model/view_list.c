/* The view's list: what there is to do for it, and when. */
#include "model/view_state.h"

#include <stdlib.h>
#include "base/alloc.h"

/* Rows whose order or membership time can change are looked at again each second, and one second
 * later for each so many of them: a large picture must not keep a processor busy. */
#define LOOK_AGAIN_MS      1000
#define ROWS_LOOKED_AT_A_S 100000

void view_list_ask(struct view *v, unsigned want)
{
	struct job *j = &v->job;

	if (j->phase == JOB_NONE) {
		v->asked = true;
		v->want |= want;
		return;
	}
	j->asked = true;
	/* Base is good for every filter and order; work on the list begins again behind it. */
	j->want |= want;
	if (j->phase > JOB_BASE_SORT)
		view_job_enter(v, JOB_MATCH);
}

void view_list_set_filter(struct view *v, struct filter *take)
{
	glancer_free(v->glancer);
	if (v->filter != v->matched)
		filter_free(v->filter);
	v->filter = take;
	v->glancer = glancer_new(take, v->store);
	v->refilter = true;
	view_list_ask(v, WANT_MATCH | WANT_LIST);
}

static int64_t look_again_ms(const struct view *v)
{
	return LOOK_AGAIN_MS +
	       (int64_t)(store_count(v->store) / ROWS_LOOKED_AT_A_S) * LOOK_AGAIN_MS;
}

/* Time alone can change who matches, and the order. */
static bool time_has_come(const struct view *v)
{
	unsigned needs = filter_needs(v->filter) | column_needs(v->sort);
	int64_t since = v->now_ms - v->looked_ms;

	/* A wall clock that stepped back counts as time gone by. */
	return (needs & NEEDS_TIME) && (since >= look_again_ms(v) || since < 0);
}

static bool something_changed(const struct view *v)
{
	unsigned needs = filter_needs(v->filter) | column_needs(v->sort);

	return store_generation(v->store) != v->generation ||
	       ((needs & (NEEDS_JUDGEMENT | NEEDS_EVIDENCE)) &&
		store_touched(v->store) != v->touched);
}

/* Works in what can be worked in at once, and finds out whether the rest is to be begun. */
static bool must_begin(struct view *v, bool patient, bool *differs)
{
	int64_t rested;

	if (something_changed(v) && !(v->want & WANT_MATCH) && !view_apply_changes(v, differs))
		v->want |= WANT_MATCH | WANT_LIST;
	if (time_has_come(v))
		v->want |= WANT_MATCH | WANT_LIST;
	/* A wall clock that stepped back counts as time gone by. */
	rested = v->called_ms - v->rest_from_ms;
	return v->want && (v->asked || patient || rested >= v->rest_ms || rested < 0);
}

bool view_list_work(struct view *v, int64_t now_ms, size_t rows, bool patient)
{
	bool differs = false;
	size_t did = 0, one;

	v->called_ms = now_ms;
	if (v->job.phase == JOB_NONE) {
		v->now_ms = now_ms;
		if (must_begin(v, patient, &differs))
			view_job_begin(v);
	}
	while (v->job.phase != JOB_NONE && did < rows) {
		differs |= view_job_step(v, rows - did, &one);
		did += one;
	}
	v->list_version += differs;
	return differs;
}

bool view_list_is_true(const struct view *v)
{
	return v->job.phase == JOB_NONE && !v->want && !something_changed(v);
}

void view_list_free(struct view *v)
{
	view_job_drop(&v->job);
	glancer_free(v->glancer);
	if (v->matched != v->filter)
		filter_free(v->matched);
	filter_free(v->filter);
	slots_free(&v->base);
	slots_free(&v->list);
	slots_free(&v->dirty_slots);
	bitmap_free(&v->listed);
	bitmap_free(&v->matches);
	bitmap_free(&v->dirty);
	free(v->ranks.of);
}
