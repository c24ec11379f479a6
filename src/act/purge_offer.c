/* What a purge offers when it is over: AoRs that can only go whole, and rows that are left. */
#include <stdlib.h>
#include "act/purge_state.h"
#include "base/alloc.h"

static void on_survey(void *ctx, struct plan *take, const struct err *e)
{
	struct purge *p = ctx;

	p->survey = NULL;
	p->offers[0] = take;
	for (size_t i = 0; !take && i < p->plan->count; i++)
		if (p->plan->items[i].state == PLAN_NOT_ALONE)
			purge_say_why(&p->plan->items[i], "not touched", e);
	purge_end(p);
}

/* Of what could not be done, what can be asked next. */
bool purge_find_offers(struct purge *p)
{
	const struct binding **aors = xcalloc(p->plan->count, sizeof(*aors));
	const struct binding **rows = xcalloc(p->plan->count, sizeof(*rows));
	size_t aor_count = 0, row_count = 0;

	for (size_t i = 0; i < p->plan->count; i++) {
		struct plan_item *it = &p->plan->items[i];

		if (it->state == PLAN_NOT_ALONE)
			aors[aor_count++] = it->b;
		if (!it->row)
			continue;
		it->row->source = it->b->source;
		rows[row_count++] = it->row;
	}
	if (row_count && !p->stopping)
		p->offers[1] =
			plan_of_found(p->env, PLAN_ROWS, rows, row_count, p->plan->reason, NULL);
	if (aor_count && !p->stopping)
		p->survey = survey_start(p->env, PLAN_WHOLE_AORS, aors, aor_count, p->plan->reason,
					 on_survey, p, NULL);
	free(aors);
	free(rows);
	return p->survey != NULL;
}

const struct plan *purge_offered(const struct purge *p)
{
	if (!p->over)
		return NULL;
	return p->offers[0] ? p->offers[0] : p->offers[1];
}

struct plan *purge_take_offer(struct purge *p)
{
	size_t which = p->offers[0] ? 0 : 1;
	struct plan *taken = p->over ? p->offers[which] : NULL;

	if (taken)
		p->offers[which] = NULL;
	return taken;
}
