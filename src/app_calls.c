/* The end of test calls: no phone is left ringing by a program that ends. */
#include "app.h"
#include "sip/call.h"

/* A phone that is there answers a CANCEL or BYE long before. */
#define SETTLE_MS 2000

static size_t unsettled(const struct app *a)
{
	size_t n = a->caller ? caller_unsettled(a->caller) : 0;

	for (size_t i = 0; i < a->env.source_count; i++)
		if (a->env.callers[i] && a->env.callers[i] != a->caller)
			n += caller_unsettled(a->env.callers[i]);
	return n;
}

static void on_late(void *arg)
{
	*(bool *)arg = true;
}

void app_end_calls(struct app *a)
{
	struct loop_timer *t;
	bool late = false;

	for (size_t i = 0; i < a->env.source_count; i++)
		if (a->env.callers[i])
			caller_hang_up_all(a->env.callers[i]);
	if (unsettled(a)) {
		t = loop_timer_new(a->loop, LOOP_INPUT, on_late, &late);
		loop_timer_set(t, SETTLE_MS);
		while (unsettled(a) && !late)
			loop_turn(a->loop, true);
		loop_timer_free(t);
	}
	for (size_t i = 0; i < a->env.source_count; i++) {
		if (a->env.callers[i] != a->caller)
			caller_free(a->env.callers[i]);
		a->env.callers[i] = NULL;
	}
	caller_free(a->caller);
	a->caller = NULL;
}
