/* Probing bindings: chooses the path, paces, and records what came back as evidence. */
#include "act/ping.h"

#include <stdlib.h>
#include "act/ping_flight.h"
#include "base/alloc.h"

/* So many of the queue are looked at in one turn of the loop; others wait for their turn too. */
#define TRIES_PER_TICK 64
/* A fast sweep sends a handful at a time rather than one every fraction of a millisecond. */
#define TICK_MS 5

static void give_up(struct pinger *p, struct ping_job *j, const struct ping_path *path)
{
	struct ping_finding f = {.outcome = path->never, .path = path->path};
	binding_id id = j->id;

	memcpy(f.detail, path->why, sizeof(f.detail));
	pinger_record(p, id, &f, clock_wall_ms(p->env->clock));
	pinger_drop(p, j);
	pinger_notify(p, id);
}

/* Sends it off, or lets it wait where somebody else is on the way to the same place. */
static void try_one(struct pinger *p, struct ping_job *j)
{
	struct ping_place *taken = j->place ? ping_places_find(&p->places, j->place) : NULL;
	struct ping_path path = PING_PATH_INIT;
	uint64_t place = 0;
	struct binding b;

	if (taken) {
		ping_jobs_wait(&p->jobs, taken, j);
		return;
	}
	if (!store_get(p->env->store, j->id, &b)) {
		pinger_drop(p, j);
		return;
	}
	ping_path_find(p->env, &b, &path);
	if (path.never == PROBE_NOT_ASKED) {
		place = ping_path_place(&path, &b);
		taken = ping_places_find(&p->places, place);
	}
	/* It goes elsewhere now: who waited behind it does not. */
	if (place != j->place)
		ping_jobs_pass_on(&p->jobs, j);
	j->place = place;
	if (path.never != PROBE_NOT_ASKED)
		give_up(p, j, &path);
	else if (taken)
		ping_jobs_wait(&p->jobs, taken, j);
	else
		ping_flight_start(p, j, &b, &path);
	ping_path_free(&path);
}

static void batch(struct pinger *p, void (*step)(struct prober *))
{
	for (size_t i = 0; i < p->env->source_count; i++)
		if (p->env->probers[i])
			step(p->env->probers[i]);
}

/* The answers come faster than they are read: the pace is beyond this machine. */
static bool behind(const struct pinger *p)
{
	for (size_t i = 0; i < p->env->source_count; i++)
		if (p->env->transports[i] && sip_transport_behind(p->env->transports[i]))
			return true;
	return false;
}

static void on_tick(void *arg)
{
	struct pinger *p = arg;
	double burst = p->rate / 20.0;
	int64_t wait_ms = 0;

	if (behind(p)) {
		loop_timer_set(p->tick, 1);
		return;
	}
	batch(p, prober_begin_batch);
	for (unsigned tries = 0; p->jobs.queue.first && tries < TRIES_PER_TICK; tries++) {
		if (!pace_ready(&p->pace, p->env->clock, p->rate, burst < 1 ? 1 : burst, &wait_ms))
			break;
		try_one(p, ping_jobs_take(&p->jobs));
	}
	batch(p, prober_end_batch);
	if (wait_ms > 0 && p->rate >= 1000 / TICK_MS * 2 && wait_ms < TICK_MS)
		wait_ms = TICK_MS;
	if (p->jobs.queue.first)
		loop_timer_set(p->tick, wait_ms);
}

/* ---- what others call ------------------------------------------------------------------------ */

void pinger_set_rate(struct pinger *p, unsigned rate_per_s)
{
	p->rate = rate_per_s ? rate_per_s : PING_DEFAULT_RATE;
}

struct pinger *pinger_new(struct act_env *env, unsigned rate_per_s)
{
	struct pinger *p = xcalloc(1, sizeof(*p));

	p->env = env;
	pinger_set_rate(p, rate_per_s);
	p->tick = loop_timer_new(env->loop, LOOP_SIP, on_tick, p);
	return p;
}

void pinger_free(struct pinger *p)
{
	if (!p)
		return;
	pinger_cancel(p);
	for (size_t i = 0; i < p->jobs.cap; i++) {
		while (p->jobs.buckets[i])
			pinger_drop(p, p->jobs.buckets[i]);
	}
	loop_timer_free(p->tick);
	ping_jobs_end(&p->jobs);
	free(p);
}

void pinger_ask(struct pinger *p, binding_id id)
{
	struct ping_job *j = ping_jobs_find(&p->jobs, id);

	if (j && (j->queued || !j->flight->concluded))
		return;
	if (pinger_open(p) == 0) {
		p->sweep = (struct ping_progress){.total = 0};
		p->began_us = clock_mono_us(p->env->clock);
	}
	if (j)
		ping_flight_free(j->flight);
	else
		j = ping_jobs_new(&p->jobs, id);
	j->again = false;
	j->place = 0;
	ping_jobs_queue(&p->jobs, j);
	p->sweep.total++;
	pinger_wake(p);
}

bool pinger_asks(const struct pinger *p, binding_id id)
{
	const struct ping_job *j = ping_jobs_find(&p->jobs, id);

	return j && (j->queued || !j->flight->concluded);
}

size_t pinger_cancel(struct pinger *p)
{
	size_t dropped = p->jobs.queued;

	p->sweep.forgotten += dropped;
	p->sweep.stopped |= pinger_open(p) > 0;
	ping_jobs_forget_order(&p->jobs, &p->places);
	for (size_t i = 0; i < p->jobs.cap; i++) {
		struct ping_job *j = p->jobs.buckets[i], *next;

		for (; j; j = next) {
			next = j->chain;
			j->behind = (struct ping_list){NULL, NULL};
			if (!j->queued)
				continue;
			if (j->again)
				pinger_set_pending(p, j->id, false);
			pinger_drop(p, j);
		}
	}
	return dropped;
}

/* What is to be sent still takes as long as the pace allows, or as long as it took so far; then the
 * last of it gets its time to answer. */
static int64_t seconds_left(const struct pinger *p, size_t begun)
{
	double took_s = (double)(clock_mono_us(p->env->clock) - p->began_us) / 1e6;
	double each_s = 1.0 / p->rate;

	if (took_s > 2 && begun > 0 && took_s / (double)begun > each_s)
		each_s = took_s / (double)begun;
	return (int64_t)((double)p->jobs.queued * each_s + pinger_verdict_ms(p) / 1000.0 + 0.5);
}

void pinger_progress(const struct pinger *p, struct ping_progress *out)
{
	*out = p->sweep;
	out->waiting = p->jobs.queued;
	out->flying = p->flying;
	out->left_s = pinger_open(p) ? seconds_left(p, out->total - out->waiting) : 0;
}

size_t pinger_open(const struct pinger *p)
{
	return p->jobs.queued + p->flying;
}

struct trace *pinger_traced(const struct pinger *p, binding_id id)
{
	for (size_t i = 0; i < p->traced_count; i++)
		if (p->traced[i] == id)
			return p->trace;
	return NULL;
}

void pinger_trace(struct pinger *p, const binding_id *ids, size_t n, struct trace *t)
{
	p->traced_count = n < PING_TRACED_MAX ? n : PING_TRACED_MAX;
	memcpy(p->traced, ids, p->traced_count * sizeof(*ids));
	p->trace = t;
}

/* A late answer may still come to a prober when nobody reads the trace any more. */
void pinger_untrace(struct pinger *p, const struct trace *t)
{
	for (size_t i = 0; i < p->env->source_count; i++)
		if (p->env->probers[i])
			prober_untrace(p->env->probers[i], t);
	if (p->trace != t)
		return;
	p->traced_count = 0;
	p->trace = NULL;
}

void pinger_on_result(struct pinger *p, void (*fn)(void *ctx, binding_id id), void *ctx)
{
	p->fn = fn;
	p->ctx = ctx;
}
