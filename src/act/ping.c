/* Probing bindings: chooses the path, paces, and records what came back as evidence. */
#include "act/ping.h"

#include <errno.h>
#include <stdlib.h>
#include "act/ping_evidence.h"
#include "act/ping_jobs.h"
#include "act/ping_path.h"
#include "base/alloc.h"
#include "base/text.h"

/* So many of the queue are looked at in one turn of the loop; others wait for their turn too. */
#define TRIES_PER_TICK   256
#define BLOCKED_PER_TICK 64
#define PLACE_RETRY_MS   100
/* After the prober has forgotten a probe, nothing can come any more. */
#define LINGER_MS (PROBE_LINGER_MS + 500)
/* A direct second probe gets at least this long. */
#define SECOND_MIN_MS 500

enum leg_state { LEG_UNUSED, LEG_OPEN, LEG_DONE };

/* One transaction of a flight: the first on the path a call takes, the second direct. */
struct leg {
	struct ping_flight *flight;
	enum leg_state state;
	uint64_t probe;      /* the prober's; 0 when no report can come */
	uint32_t connection; /* one that was opened for it; 0 none */
	enum probe_path path;
	struct ping_place place; /* held while open */
	struct ping_finding finding;
};

/* A probe on its way, kept after the verdict of silence for a late answer. */
struct ping_flight {
	struct pinger *pinger;
	struct ping_job *job;
	struct binding *b; /* as it was when asked */
	int64_t asked_ms, asked_us;
	bool second;    /* a direct leg may follow */
	bool concluded; /* the evidence is written; waits for a late answer */
	struct loop_timer *timer;
	struct leg legs[2];
};

struct pinger {
	struct act_env *env;
	unsigned rate;
	struct pace pace;
	struct loop_timer *tick;
	struct ping_jobs jobs;
	struct ping_places places;
	size_t flying;
	void (*fn)(void *ctx, binding_id id);
	void *ctx;
};

/* ---- legs ------------------------------------------------------------------------------------ */

static void on_report(void *ctx, uint64_t id, const struct probe_report *r);

static void leg_close(struct leg *l)
{
	struct pinger *p = l->flight->pinger;
	uint8_t source = l->flight->b->source;

	if (l->state == LEG_OPEN)
		ping_places_leave(&p->places, &l->place);
	if (l->state != LEG_UNUSED)
		l->state = LEG_DONE;
	if (l->probe)
		prober_cancel(p->env->probers[source], l->probe);
	l->probe = 0;
	if (l->connection)
		sip_transport_close(p->env->transports[source], l->connection);
	l->connection = 0;
}

static void leg_failed_to_connect(struct leg *l, int error)
{
	l->state = LEG_DONE;
	l->finding = (struct ping_finding){.path = l->path, .sent = true};
	l->finding.outcome = error == ECONNREFUSED ? PROBE_REFUSED : PROBE_NO_ROUTE;
	text_clean_buf(slice_of(strerror(error)), l->finding.detail, sizeof(l->finding.detail));
}

/* False when it ended before anything could be sent. */
static bool leg_start(struct leg *l, const struct ping_path *path, unsigned verdict_ms)
{
	struct ping_flight *f = l->flight;
	struct act_env *env = f->pinger->env;
	struct probe_spec spec = {
		.flow = path->flow,
		.request_uri = strbuf_slice(&path->request_uri),
		.route = strbuf_slice(&path->route),
		.to_uri = strbuf_slice(&path->to_uri),
		.from_uri = strbuf_slice(&path->from_uri),
		.verdict_ms = verdict_ms,
	};

	l->path = path->path;
	if (spec.flow.transport != TRANSPORT_UDP && spec.flow.connection == 0) {
		l->connection =
			sip_transport_connect(env->transports[f->b->source], &spec.flow.remote);
		if (!l->connection) {
			leg_failed_to_connect(l, errno);
			return false;
		}
		spec.flow.connection = l->connection;
	}
	pace_take(&f->pinger->pace);
	l->state = LEG_OPEN;
	ping_places_take(&f->pinger->places, &l->place, ping_path_place(path, f->b));
	l->probe = prober_start(env->probers[f->b->source], &spec, on_report, l);
	return true;
}

/* ---- flights --------------------------------------------------------------------------------- */

static unsigned verdict_ms(const struct pinger *p)
{
	return p->env->probe_timeout_ms ? p->env->probe_timeout_ms : PROBE_VERDICT_MS;
}

static int64_t elapsed_ms(const struct ping_flight *f)
{
	return (clock_mono_us(f->pinger->env->clock) - f->asked_us) / 1000;
}

static void flight_free(struct ping_flight *f)
{
	if (!f)
		return;
	leg_close(&f->legs[0]);
	leg_close(&f->legs[1]);
	if (!f->concluded)
		f->pinger->flying--;
	loop_timer_free(f->timer);
	f->job->flight = NULL;
	free(f->b);
	free(f);
}

static void drop(struct pinger *p, struct ping_job *j)
{
	flight_free(j->flight);
	ping_jobs_free(&p->jobs, j);
}

static void set_pending(struct pinger *p, binding_id id, bool pending)
{
	const struct evidence *known = store_evidence(p->env->store, id);
	struct evidence e = {.outcome = PROBE_NOT_ASKED};

	if (!store_has(p->env->store, id) || (!known && !pending))
		return;
	if (known)
		e = *known;
	e.pending = pending;
	store_set_evidence(p->env->store, id, &e);
}

static void store_finding(struct pinger *p, binding_id id, const struct ping_finding *f,
			  int64_t asked_ms)
{
	const struct evidence *known = store_evidence(p->env->store, id);
	struct evidence e = {.outcome = PROBE_NOT_ASKED};
	int64_t now = clock_wall_ms(p->env->clock);

	if (known)
		e = *known;
	if (f->late)
		ping_evidence_add_late(&e, f, now);
	else
		ping_evidence_add(&e, f, asked_ms, now);
	store_set_evidence(p->env->store, id, &e);
}

static void notify(struct pinger *p, binding_id id)
{
	if (p->fn)
		p->fn(p->ctx, id);
}

/* A REGISTER from a new port during a probe must not make the old address' silence its own
 * (facts/sip-and-diagnosis 2.2). */
static bool same_way(const struct binding *a, const struct binding *b)
{
	return a->source == b->source && a->connection == b->connection &&
	       slice_eq(a->contact, b->contact) && slice_eq(a->received, b->received) &&
	       slice_eq(a->path, b->path) && slice_eq(a->socket, b->socket);
}

static void arm(struct pinger *p, int64_t delay_ms)
{
	loop_timer_set(p->tick, delay_ms);
}

/* True when the binding is gone or has changed, and the flight was dealt with. */
static bool overtaken(struct ping_flight *f)
{
	struct pinger *p = f->pinger;
	struct ping_job *j = f->job;
	struct binding now;

	if (!store_get(p->env->store, j->id, &now)) {
		drop(p, j);
		return true;
	}
	if (same_way(f->b, &now))
		return false;
	if (j->again) {
		set_pending(p, j->id, false);
		drop(p, j);
		return true;
	}
	flight_free(f);
	j->again = true;
	j->place = 0;
	ping_jobs_queue_first(&p->jobs, j);
	arm(p, 0);
	return true;
}

/* Writes the evidence. What was silent on the path of a call stays a while for a late answer. */
static void conclude(struct ping_flight *f, const struct ping_finding *found)
{
	struct pinger *p = f->pinger;
	struct ping_job *j = f->job;
	binding_id id = j->id;

	if (overtaken(f))
		return;
	store_finding(p, id, found, f->asked_ms);
	f->concluded = true;
	p->flying--;
	leg_close(&f->legs[1]);
	if (f->legs[0].probe == 0 || ping_evidence_heard(found))
		drop(p, j);
	else
		loop_timer_set(f->timer, LINGER_MS - elapsed_ms(f));
	if (p->jobs.queued)
		arm(p, 0);
	notify(p, id);
}

static bool blames_the_way(enum probe_outcome o)
{
	return o == PROBE_REFUSED || o == PROBE_NO_ROUTE;
}

/* The registrar's own SIP port is shut or away: that says nothing about the phone. */
static bool registrar_away(const struct leg *l)
{
	return l->path == PROBE_PATH_REGISTRAR && !l->finding.by_registrar &&
	       blames_the_way(l->finding.outcome);
}

static void decide(struct ping_flight *f);

static void go_direct_instead(struct ping_flight *f)
{
	struct ping_finding nothing = {.outcome = PROBE_UNROUTABLE, .path = PROBE_PATH_REGISTRAR};
	struct ping_path path = PING_PATH_INIT;
	struct strbuf words = STRBUF_INIT;

	ping_path_direct(f->pinger->env, f->b, &path);
	if (path.never == PROBE_NOT_ASKED) {
		if (!leg_start(&f->legs[1], &path, verdict_ms(f->pinger)))
			decide(f);
	} else {
		strbuf_addf(&words, "the registrar takes no SIP: %s", f->legs[0].finding.detail);
		text_clean_buf(strbuf_slice(&words), nothing.detail, sizeof(nothing.detail));
		strbuf_free(&words);
		conclude(f, &nothing);
	}
	ping_path_free(&path);
}

/* Silence through the registrar, and what a direct packet of ours found. A direct answer does not
 * override it: a call takes the registrar's path. */
static void conclude_both(struct ping_flight *f)
{
	struct ping_finding found = f->legs[0].finding;
	const struct ping_finding *direct = &f->legs[1].finding;

	if (blames_the_way(direct->outcome))
		found = *direct;
	else if (direct->outcome == PROBE_ANSWERED)
		text_clean_buf(slice_of("it answers direct, but not through the registrar"),
			       found.detail, sizeof(found.detail));
	conclude(f, &found);
}

/* A leg has ended: is that the verdict? */
static void decide(struct ping_flight *f)
{
	const struct leg *first = &f->legs[0], *second = &f->legs[1];

	if (first->state == LEG_OPEN) {
		/* The first had its time before the second began. */
		if (second->state == LEG_DONE && blames_the_way(second->finding.outcome))
			conclude(f, &second->finding);
	} else if (registrar_away(first)) {
		if (second->state == LEG_UNUSED)
			go_direct_instead(f);
		else if (second->state == LEG_DONE)
			conclude(f, &second->finding);
	} else if (first->finding.outcome != PROBE_SILENT || second->state == LEG_UNUSED) {
		conclude(f, &first->finding);
	} else if (second->state == LEG_DONE) {
		conclude_both(f);
	}
}

static void take_late(struct ping_flight *f, struct ping_finding *found)
{
	struct pinger *p = f->pinger;
	binding_id id = f->job->id;
	struct binding now;
	bool heard = ping_evidence_heard(found);

	found->late = true;
	if (store_get(p->env->store, id, &now) && same_way(f->b, &now))
		store_finding(p, id, found, f->asked_ms);
	else
		heard = false;
	drop(p, f->job);
	if (heard)
		notify(p, id);
}

static void on_report(void *ctx, uint64_t id, const struct probe_report *r)
{
	struct leg *l = ctx;
	struct ping_flight *f = l->flight;
	struct ping_finding found;

	(void)id;
	if (r->end == PROBE_END_FORGOTTEN) {
		l->probe = 0;
		return;
	}
	ping_evidence_read(f->b, l->path, r, &found);
	if (r->end != PROBE_END_SILENT)
		l->probe = 0;
	if (l->state == LEG_OPEN)
		ping_places_leave(&f->pinger->places, &l->place);
	if (r->late || f->concluded) {
		/* The first leg's answer after a verdict by the second, or after its own. */
		l->state = LEG_DONE;
		if (l == &f->legs[0] && r->end == PROBE_END_ANSWER)
			take_late(f, &found);
		return;
	}
	l->state = LEG_DONE;
	l->finding = found;
	decide(f);
}

static void start_second(struct ping_flight *f)
{
	struct ping_path path = PING_PATH_INIT;
	int64_t left = (int64_t)verdict_ms(f->pinger) - elapsed_ms(f);

	ping_path_direct(f->pinger->env, f->b, &path);
	if (path.never == PROBE_NOT_ASKED) {
		if (ping_places_taken(&f->pinger->places, ping_path_place(&path, f->b)))
			loop_timer_set(f->timer, PLACE_RETRY_MS);
		else if (!leg_start(&f->legs[1], &path,
				    (unsigned)(left > SECOND_MIN_MS ? left : SECOND_MIN_MS)))
			decide(f);
	}
	ping_path_free(&path);
}

static void on_flight_timer(void *arg)
{
	struct ping_flight *f = arg;

	if (f->concluded)
		drop(f->pinger, f->job);
	else if (f->legs[0].state == LEG_OPEN && f->legs[1].state == LEG_UNUSED)
		start_second(f);
}

static void take_off(struct pinger *p, struct ping_job *j, const struct binding *b,
		     const struct ping_path *path)
{
	struct ping_flight *f = xcalloc(1, sizeof(*f));
	int64_t second_ms = (int64_t)verdict_ms(p) * PING_SECOND_MS / PROBE_VERDICT_MS;

	f->pinger = p;
	f->job = j;
	f->b = binding_copy(b);
	f->asked_ms = clock_wall_ms(p->env->clock);
	f->asked_us = clock_mono_us(p->env->clock);
	f->timer = loop_timer_new(p->env->loop, LOOP_SIP, on_flight_timer, f);
	f->legs[0].flight = f->legs[1].flight = f;
	j->flight = f;
	p->flying++;
	set_pending(p, j->id, true);
	if (!leg_start(&f->legs[0], path, verdict_ms(p)))
		decide(f);
	else if (path->second)
		loop_timer_set(f->timer, second_ms < PING_SECOND_MS ? second_ms : PING_SECOND_MS);
}

static void give_up(struct pinger *p, struct ping_job *j, const struct ping_path *path)
{
	struct ping_finding f = {.outcome = path->never, .path = path->path};
	binding_id id = j->id;

	memcpy(f.detail, path->why, sizeof(f.detail));
	store_finding(p, id, &f, clock_wall_ms(p->env->clock));
	drop(p, j);
	notify(p, id);
}

/* False when its place is taken and it went to the end of the queue. */
static bool try_first(struct pinger *p)
{
	struct ping_job *j = ping_jobs_take(&p->jobs);
	struct ping_path path = PING_PATH_INIT;
	struct binding b;
	bool gone;

	if (j->place && ping_places_taken(&p->places, j->place)) {
		ping_jobs_queue(&p->jobs, j);
		return false;
	}
	if (!store_get(p->env->store, j->id, &b)) {
		drop(p, j);
		return true;
	}
	ping_path_find(p->env, &b, &path);
	j->place = path.never == PROBE_NOT_ASKED ? ping_path_place(&path, &b) : 0;
	gone = !j->place || !ping_places_taken(&p->places, j->place);
	if (!gone)
		ping_jobs_queue(&p->jobs, j);
	else if (path.never != PROBE_NOT_ASKED)
		give_up(p, j, &path);
	else
		take_off(p, j, &b, &path);
	ping_path_free(&path);
	return gone;
}

static void on_tick(void *arg)
{
	struct pinger *p = arg;
	double burst = p->rate / 20.0;
	int64_t wait_ms = 0;

	for (unsigned tries = 0, blocked = 0; p->jobs.queued > 0 && tries < TRIES_PER_TICK;
	     tries++) {
		if (!pace_ready(&p->pace, p->env->clock, p->rate, burst < 1 ? 1 : burst, &wait_ms))
			break;
		if (try_first(p))
			continue;
		/* Who finds its place taken is at the end of the queue now. */
		if (++blocked >= BLOCKED_PER_TICK || blocked >= p->jobs.queued) {
			wait_ms = PLACE_RETRY_MS;
			break;
		}
	}
	if (p->jobs.queued)
		arm(p, wait_ms);
}

/* ---- what others call ------------------------------------------------------------------------ */

struct pinger *pinger_new(struct act_env *env, unsigned rate_per_s)
{
	struct pinger *p = xcalloc(1, sizeof(*p));

	p->env = env;
	p->rate = rate_per_s ? rate_per_s : PING_DEFAULT_RATE;
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
			drop(p, p->jobs.buckets[i]);
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
	if (j)
		flight_free(j->flight);
	else
		j = ping_jobs_new(&p->jobs, id);
	j->again = false;
	j->place = 0;
	ping_jobs_queue(&p->jobs, j);
	if (p->jobs.queued == 1 || !loop_timer_is_set(p->tick))
		arm(p, 0);
}

size_t pinger_cancel(struct pinger *p)
{
	size_t dropped = p->jobs.queued;

	while (p->jobs.first) {
		struct ping_job *j = ping_jobs_take(&p->jobs);

		if (j->again)
			set_pending(p, j->id, false);
		drop(p, j);
	}
	return dropped;
}

size_t pinger_open(const struct pinger *p)
{
	return p->jobs.queued + p->flying;
}

void pinger_on_result(struct pinger *p, void (*fn)(void *ctx, binding_id id), void *ctx)
{
	p->fn = fn;
	p->ctx = ctx;
}
