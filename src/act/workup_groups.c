/* The others of a workup: neighbours that are asked too, and what a group has in common. */
#include "act/workup_groups.h"

#include <stdlib.h>
#include "base/alloc.h"
#include "judge/cause_facts.h"
#include "judge/verdict.h"

/* So many slots are looked at in one go: a millisecond or two. */
#define SLOTS_AT_ONCE 8192
/* What is remembered costs a look into a file each: a site has no more phones than that. */
#define REMEMBERED_MAX     500
#define REMEMBERED_AT_ONCE 40

struct workup_groups {
	const struct workup_env *we;
	struct findings *f;
	uint32_t asking, counting; /* next slot of each pass */
	binding_id asked[WORKUP_NEIGHBOURS_MAX];
	size_t asked_count;
	char network[96];
	struct group_effect g[GROUP_KINDS];
	size_t n;
	unsigned remembered;
};

static int64_t now_ms(const struct workup_groups *g)
{
	return workup_now_ms(g->we->env);
}

struct workup_groups *workup_groups_new(const struct workup_env *we, struct findings *f)
{
	struct workup_groups *g = xcalloc(1, sizeof(*g));

	g->we = we;
	g->f = f;
	if (f->count)
		group_value(GROUP_NETWORK, &f->bindings[0].row, g->network, sizeof(g->network));
	return g;
}

void workup_groups_free(struct workup_groups *g)
{
	free(g);
}

static bool is_ours(const struct workup_groups *g, binding_id id)
{
	for (size_t i = 0; i < g->f->count; i++)
		if (g->f->bindings[i].row.id == id)
			return true;
	return false;
}

static bool is_neighbour(const struct workup_groups *g, const struct row *r)
{
	char value[sizeof(g->network)];

	return group_value(GROUP_NETWORK, r, value, sizeof(value)) &&
	       strcmp(value, g->network) == 0;
}

/* What was asked just now counts as it is. */
static bool is_fresh(const struct workup_groups *g, binding_id id)
{
	const struct evidence *e = store_evidence(g->we->env->store, id);

	return e && probe_was_sent(e->outcome) &&
	       now_ms(g) - e->asked_ms < VERDICT_FADES_AFTER_S * 1000LL;
}

static void look_for_neighbour(struct workup_groups *g, binding_id id)
{
	struct row r = {.id = id};

	if (is_fresh(g, id) || is_ours(g, id) || !store_get(g->we->env->store, id, &r.b) ||
	    !is_neighbour(g, &r) || binding_left_s(&r.b, now_ms(g) / 1000) <= 0)
		return;
	g->asked[g->asked_count++] = id;
	pinger_ask(g->we->pinger, id);
}

bool workup_groups_ask(struct workup_groups *g, unsigned max)
{
	size_t slots = store_slots(g->we->env->store);

	if (!g->network[0])
		return false;
	for (unsigned i = 0; i < SLOTS_AT_ONCE && g->asking < slots && g->asked_count < max; i++) {
		binding_id id = store_at(g->we->env->store, g->asking++);

		if (id)
			look_for_neighbour(g, id);
	}
	return g->asking < slots && g->asked_count < max;
}

const binding_id *workup_groups_asked(const struct workup_groups *g, size_t *n)
{
	*n = g->asked_count;
	return g->asked;
}

/* ---- counting -------------------------------------------------------------------------------- */

/* Of the site's phones alone what is remembered is looked up. */
static void count_remembered(struct workup_groups *g, binding_id id)
{
	struct row r = {.id = id};
	struct evidence old;

	if (!g->we->evidence || g->remembered == REMEMBERED_MAX ||
	    !store_get(g->we->env->store, id, &r.b) || !is_neighbour(g, &r) ||
	    !view_row(g->we->view, id, now_ms(g), &r))
		return;
	g->remembered++;
	if (!g->we->evidence(g->we->past_ctx, r.source, &r.b, &old))
		return;
	r.evidence = &old;
	verdict_judge(NULL, &r);
	group_effects_add(g->g, g->n, &r);
}

/* What a phone left behind when it was restarted is no phone of its own. */
static bool is_left_behind(const struct workup_groups *g, binding_id id)
{
	for (size_t i = 0; i < g->f->count; i++)
		if (g->f->bindings[i].row.id == id)
			return fact_superseded(g->f, i, NULL);
	return false;
}

static void count(struct workup_groups *g, binding_id id)
{
	struct row r;

	if (is_left_behind(g, id))
		return;
	if (!store_evidence(g->we->env->store, id))
		count_remembered(g, id);
	else if (view_row(g->we->view, id, now_ms(g), &r))
		group_effects_add(g->g, g->n, &r);
}

bool workup_groups_count(struct workup_groups *g)
{
	size_t slots = store_slots(g->we->env->store);
	unsigned before;

	if (!g->f->count)
		return false;
	if (!g->counting)
		g->n = group_effects_begin(&g->f->bindings[0].row, g->g);
	before = g->remembered;
	for (unsigned i = 0; i < SLOTS_AT_ONCE && g->counting < slots &&
			     g->remembered - before < REMEMBERED_AT_ONCE;
	     i++) {
		binding_id id = store_at(g->we->env->store, g->counting++);

		if (id)
			count(g, id);
	}
	if (g->counting < slots)
		return true;
	group_effects_end(g->g, g->n);
	for (size_t i = 0; i < g->n && g->f->group_count < FINDING_GROUPS; i++)
		if (g->g[i].asked > 1)
			g->f->groups[g->f->group_count++] = g->g[i];
	return false;
}
