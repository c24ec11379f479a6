/* Reads a binding once more, right before it is called. */
#include "act/call_again.h"

#include <stdlib.h>
#include "base/alloc.h"

struct call_again {
	const struct act_env *env;
	binding_id id;
	const struct binding *shown;
	struct loop_timer *timer; /* the registrar's time, then that to tell */
	uintptr_t token;          /* of the question; 0: none is open */
	const char *changed;
	bool told;
	call_again_fn *fn;
	void *ctx;
};

/* A source may answer when nobody listens any more: it is given a number, not a pointer. */
static struct call_again *live;
static uintptr_t last_token;

static bool differs(struct slice a, struct slice b)
{
	/* What one of the two sources does not know cannot differ. */
	return a.n && b.n && !slice_eq(a, b);
}

static const char *difference(const struct binding *shown, const struct binding *now)
{
	if (!slice_eq(shown->contact, now->contact))
		return "its contact is another one now";
	if (differs(shown->received, now->received))
		return "it comes from another address now";
	if (differs(shown->path, now->path))
		return "its Path is another one now";
	if (differs(shown->instance, now->instance))
		return "another device holds it now";
	return NULL;
}

const char *call_again_picture(const struct act_env *env, binding_id id,
			       const struct binding *shown)
{
	struct binding now;

	return store_get(env->store, id, &now) ? difference(shown, &now) : "it is gone";
}

static void conclude(struct call_again *a, const char *changed)
{
	a->token = 0;
	a->told = true;
	a->changed = changed;
	loop_timer_stop(a->timer);
	loop_timer_set(a->timer, 0);
}

static void on_answer(void *ctx, enum source_answer answer, const struct binding *now,
		      const struct err *e)
{
	struct call_again *a = live;

	(void)e;
	if (!a || !a->token || a->token != (uintptr_t)ctx)
		return;
	switch (answer) {
	case SOURCE_DONE:
		conclude(a, now ? difference(a->shown, now) : NULL);
		break;
	case SOURCE_GONE:
		conclude(a, "the registrar no longer has it");
		break;
	case SOURCE_CHANGED:
		conclude(a, "the registrar says that it has changed");
		break;
	case SOURCE_REFUSED:
	case SOURCE_NO_ANSWER:
	case SOURCE_WHOLE_AOR:
		conclude(a, NULL);
		break;
	}
}

static void on_timer(void *arg)
{
	struct call_again *a = arg;
	const char *changed = a->told ? a->changed : NULL;

	a->token = 0;
	if (!changed)
		changed = call_again_picture(a->env, a->id, a->shown);
	a->fn(a->ctx, changed);
}

struct call_again *call_again_start(const struct act_env *env, binding_id id,
				    const struct binding *shown, call_again_fn *fn, void *ctx)
{
	struct call_again *a = xcalloc(1, sizeof(*a));
	struct source *s = env->sources[shown->source];

	*a = (struct call_again){.env = env, .id = id, .shown = shown, .fn = fn, .ctx = ctx};
	a->timer = loop_timer_new(env->loop, LOOP_SIP, on_timer, a);
	live = a;
	if (!s->ops->reread || s->status.state == SOURCE_FROZEN) {
		loop_timer_set(a->timer, 0);
		return a;
	}
	loop_timer_set(a->timer, CALL_AGAIN_MS);
	a->token = ++last_token;
	s->ops->reread(s, shown, on_answer, (void *)a->token);
	return a;
}

void call_again_free(struct call_again *a)
{
	if (!a)
		return;
	if (live == a)
		live = NULL;
	loop_timer_free(a->timer);
	free(a);
}
