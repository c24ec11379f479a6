/* What is looked at: the sources are told, so that they ask their registrars' memory about it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "app.h"
#include "base/alloc.h"

/* The copies of one source's rows. */
struct looked {
	struct binding *rows;
	struct binding **copies;
	size_t n;
};

static void look(struct looked *l, const struct app *a, const binding_id *ids, size_t n,
		 uint8_t source)
{
	struct binding b;

	*l = (struct looked){xcalloc(n ? n : 1, sizeof(*l->rows)),
			     xcalloc(n ? n : 1, sizeof(*l->copies)), 0};
	for (size_t i = 0; i < n; i++) {
		if (!store_get(a->store, ids[i], &b) || b.source != source)
			continue;
		/* What store_get() lends does not last. */
		l->copies[l->n] = binding_copy(&b);
		l->rows[l->n] = *l->copies[l->n];
		l->n++;
	}
}

static void look_away(struct looked *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->copies[i]);
	free(l->copies);
	free(l->rows);
}

void app_seen(struct app *a, const binding_id *ids, size_t n)
{
	for (size_t i = 0; i < a->env.source_count; i++) {
		struct source *s = a->env.sources[i];
		struct looked l;

		if (!s->ops->seen)
			continue;
		look(&l, a, ids, n, (uint8_t)i);
		s->ops->seen(s, l.rows, l.n);
		look_away(&l);
	}
}

struct everything {
	binding_id *ids;
	size_t n, cap;
};

static bool take_id(void *ctx, binding_id id)
{
	struct everything *all = ctx;

	XGROW(all->ids, all->cap, all->n + 1);
	all->ids[all->n++] = id;
	return true;
}

static bool all_told(const struct app *a)
{
	for (size_t i = 0; i < a->env.source_count; i++) {
		const struct source *s = a->env.sources[i];

		if (s->ops->seen && !s->ops->seen_all(s))
			return false;
	}
	return true;
}

static void on_timeout(void *arg)
{
	*(bool *)arg = true;
}

int app_ask_memory(struct app *a, unsigned timeout_s)
{
	struct everything all = {NULL, 0, 0};
	bool late = false;
	struct loop_timer *t = loop_timer_new(a->loop, LOOP_INPUT, on_timeout, &late);

	store_each(a->store, take_id, &all);
	app_seen(a, all.ids, all.n);
	free(all.ids);
	loop_timer_set(t, (int64_t)timeout_s * 1000);
	while (!all_told(a) && !late)
		loop_turn(a->loop, true);
	loop_timer_free(t);
	if (!late)
		return REGTOP_OK;
	fprintf(stderr,
		"regtop: the registrar's memory was not asked about every binding within %u s; "
		"--timeout gives it longer\n",
		timeout_s);
	return REGTOP_INCOMPLETE;
}

/* As a field of the filter, a column or the order. */
bool app_wants_memory(const struct options *o)
{
	const char *const texts[] = {o->filter, o->columns, o->sort};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i] && strstr(texts[i], columns[COL_DIFFERS].name))
			return true;
	return false;
}
