/* One probe of a binding under way: its legs, what they found, and the verdict that follows. */
#include "act/ping_flight.h"

#include <errno.h>
#include <stdlib.h>
#include "act/flow_state.h"
#include "base/alloc.h"
#include "base/text.h"

#define PLACE_RETRY_MS 100
/* A direct second probe gets at least this long. */
#define SECOND_MIN_MS 500

void pinger_wake(struct pinger *p)
{
	if (p->jobs.queue.first && !loop_timer_is_set(p->tick))
		loop_timer_set(p->tick, 0);
}

/* ---- legs ------------------------------------------------------------------------------------ */

static void on_report(void *ctx, uint64_t id, const struct probe_report *r);
static void on_uac(void *ctx, const struct source_uac_reply *r);

static void leg_leave_place(struct leg *l)
{
	struct pinger *p = l->flight->pinger;

	if (l->state != LEG_OPEN)
		return;
	l->state = LEG_DONE;
	ping_places_leave(&p->places, &l->place, &p->jobs);
	pinger_wake(p);
}

static void leg_close(struct leg *l)
{
	struct act_env *env = l->flight->pinger->env;
	uint8_t source = l->flight->source;

	leg_leave_place(l);
	if (l->state != LEG_UNUSED)
		l->state = LEG_DONE;
	if (l->probe)
		prober_cancel(env->probers[source], l->probe);
	l->probe = 0;
	if (l->uac)
		env->sources[source]->ops->uac_cancel(env->sources[source], l->uac);
	l->uac = 0;
	if (l->connection)
		sip_transport_close(env->transports[source], l->connection);
	l->connection = 0;
	free(l->finding);
	l->finding = NULL;
}

static void leg_keep(struct leg *l, const struct ping_finding *f)
{
	if (!l->finding)
		l->finding = xmalloc(sizeof(*l->finding));
	*l->finding = *f;
}

static void leg_failed_to_connect(struct leg *l, int error)
{
	struct ping_finding f = {.path = l->path, .sent = true};

	l->state = LEG_DONE;
	f.outcome = error == ECONNREFUSED ? PROBE_REFUSED : PROBE_NO_ROUTE;
	text_clean_buf(slice_of(strerror(error)), f.detail, sizeof(f.detail));
	leg_keep(l, &f);
}

/* False when the registrar cannot be asked any more. */
static bool leg_start_uac(struct leg *l, const struct binding *b, const struct ping_path *path,
			  unsigned verdict_ms)
{
	struct ping_finding f = {.path = l->path, .outcome = PROBE_NO_ROUTE};
	struct source *s = l->flight->pinger->env->sources[l->flight->source];

	l->by_uac = true;
	l->uac = s->ops->uac(s, b, "OPTIONS", verdict_ms, on_uac, l);
	if (!l->uac) {
		l->state = LEG_DONE;
		leg_keep(l, &f);
		return false;
	}
	pace_take(&l->flight->pinger->pace);
	l->state = LEG_OPEN;
	ping_places_take(&l->flight->pinger->places, &l->place, l->flight->job,
			 ping_path_place(path, b));
	return true;
}

static const char *leg_title(enum probe_path path)
{
	switch (path) {
	case PROBE_PATH_OWN:
		return "OPTIONS from the registrar's own socket";
	case PROBE_PATH_REGISTRAR:
		return "OPTIONS through the registrar";
	case PROBE_PATH_DIRECT:
	case PROBE_PATH_NONE:
		break;
	}
	return "OPTIONS straight to the next hop";
}

/* False when it ended before anything could be sent. */
static bool leg_start(struct leg *l, const struct binding *b, const struct ping_path *path,
		      unsigned verdict_ms)
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
	if (path->uac)
		return leg_start_uac(l, b, path, verdict_ms);
	if (spec.flow.transport != TRANSPORT_UDP && spec.flow.connection == 0) {
		l->connection =
			sip_transport_connect(env->transports[f->source], &spec.flow.remote);
		if (!l->connection) {
			leg_failed_to_connect(l, errno);
			return false;
		}
		spec.flow.connection = l->connection;
	}
	pace_take(&f->pinger->pace);
	l->state = LEG_OPEN;
	ping_places_take(&f->pinger->places, &l->place, f->job, ping_path_place(path, b));
	spec.trace = pinger_traced(f->pinger, f->job->id);
	if (spec.trace)
		trace_begin(spec.trace, leg_title(path->path));
	l->probe = prober_start(env->probers[f->source], &spec, on_report, l);
	return true;
}

/* ---- flights --------------------------------------------------------------------------------- */

unsigned pinger_verdict_ms(const struct pinger *p)
{
	return p->env->probe_timeout_ms ? p->env->probe_timeout_ms : PROBE_VERDICT_MS;
}

static int64_t elapsed_ms(const struct ping_flight *f)
{
	return (clock_mono_us(f->pinger->env->clock) - f->asked_us) / 1000;
}

void ping_flight_free(struct ping_flight *f)
{
	if (!f)
		return;
	leg_close(&f->legs[0]);
	leg_close(&f->legs[1]);
	if (!f->concluded)
		f->pinger->flying--;
	loop_timer_free(f->timer);
	f->job->flight = NULL;
	free(f);
}

void pinger_drop(struct pinger *p, struct ping_job *j)
{
	ping_flight_free(j->flight);
	ping_jobs_pass_on(&p->jobs, j);
	ping_jobs_free(&p->jobs, j);
}

void pinger_set_pending(struct pinger *p, binding_id id, bool pending)
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

static void count(struct pinger *p, const struct ping_finding *f)
{
	if (f->outcome == PROBE_ANSWERED)
		p->sweep.answered++;
	else if (f->outcome == PROBE_SILENT)
		p->sweep.silent++;
	else
		p->sweep.failed++;
}

void pinger_record(struct pinger *p, binding_id id, const struct ping_finding *f, int64_t asked_ms)
{
	store_finding(p, id, f, asked_ms);
	count(p, f);
}

void pinger_notify(struct pinger *p, binding_id id)
{
	if (p->fn)
		p->fn(p->ctx, id);
}

/* The binding as it is now; false when it is not there any more or not reached as it was. */
static bool same_way(const struct ping_flight *f, struct binding *b)
{
	return store_get(f->pinger->env->store, f->job->id, b) &&
	       ping_path_fingerprint(b) == f->way;
}

/* True when the binding is gone or has changed, and the flight was dealt with. */
static bool overtaken(struct ping_flight *f)
{
	struct pinger *p = f->pinger;
	struct ping_job *j = f->job;
	struct binding now;

	if (!store_get(p->env->store, j->id, &now)) {
		pinger_drop(p, j);
		return true;
	}
	if (ping_path_fingerprint(&now) == f->way)
		return false;
	if (j->again) {
		pinger_set_pending(p, j->id, false);
		pinger_drop(p, j);
		return true;
	}
	ping_flight_free(f);
	j->again = true;
	j->place = 0;
	ping_jobs_queue_first(&p->jobs, j);
	pinger_wake(p);
	return true;
}

/* Writes the evidence. What was silent on the path of a call stays a while for a late answer. */
static void conclude(struct ping_flight *f, const struct ping_finding *found)
{
	struct pinger *p = f->pinger;
	struct ping_job *j = f->job;
	binding_id id = j->id;
	bool heard = ping_evidence_heard(found);

	if (overtaken(f))
		return;
	pinger_record(p, id, found, f->asked_ms);
	f->concluded = true;
	p->flying--;
	leg_close(&f->legs[1]);
	/* The prober tells when nothing can come any more. */
	if (f->legs[0].probe == 0 || heard)
		pinger_drop(p, j);
	pinger_notify(p, id);
}

static bool blames_the_way(enum probe_outcome o)
{
	return o == PROBE_REFUSED || o == PROBE_NO_ROUTE;
}

/* The registrar's own SIP port is shut or away: that says nothing about the phone. */
static bool registrar_away(const struct leg *l)
{
	return l->path == PROBE_PATH_REGISTRAR && !l->finding->by_registrar &&
	       blames_the_way(l->finding->outcome);
}

static void decide(struct ping_flight *f);

/* Nobody else can send to it either: of several nodes only this one could have. */
static void conclude_unreached(struct ping_flight *f, const struct binding *b)
{
	struct ping_finding nothing = {.outcome = PROBE_UNROUTABLE, .path = PROBE_PATH_REGISTRAR};
	struct ping_path path = PING_PATH_INIT;
	struct strbuf words = STRBUF_INIT;

	ping_path_find(f->pinger->env, b, &path);
	if (f->legs[0].by_uac) {
		strbuf_add_str(&words, "the registrar cannot be asked: ");
	} else if (path.node[0]) {
		nothing.outcome = PROBE_ELSEWHERE;
		strbuf_addf(&words, "only node %s reaches it, which takes no SIP: ", path.node);
	} else {
		strbuf_add_str(&words, "the registrar takes no SIP: ");
	}
	strbuf_add_str(&words, f->legs[0].finding->detail);
	text_clean_buf(strbuf_slice(&words), nothing.detail, sizeof(nothing.detail));
	strbuf_free(&words);
	ping_path_free(&path);
	conclude(f, &nothing);
}

static void go_direct_instead(struct ping_flight *f)
{
	struct ping_path path = PING_PATH_INIT;
	struct binding b;

	if (overtaken(f) || !store_get(f->pinger->env->store, f->job->id, &b))
		return;
	ping_path_direct(f->pinger->env, &b, &path);
	if (path.never == PROBE_NOT_ASKED) {
		if (!leg_start(&f->legs[1], &b, &path, pinger_verdict_ms(f->pinger)))
			decide(f);
	} else {
		conclude_unreached(f, &b);
	}
	ping_path_free(&path);
}

static void conclude_with(struct ping_flight *f, const struct leg *l)
{
	/* A copy: what is concluded frees its legs. */
	struct ping_finding found = *l->finding;

	conclude(f, &found);
}

/* The phone itself may be well; calls cannot come to it all the same. */
static void conclude_instead(struct ping_flight *f, const struct leg *l)
{
	struct ping_finding found = *l->finding;

	found.away = true;
	conclude(f, &found);
}

/* Silence through the registrar, and what a direct packet of ours found. A direct answer does not
 * override it: a call takes the registrar's path. */
static void conclude_both(struct ping_flight *f)
{
	struct ping_finding found = *f->legs[0].finding;
	const struct ping_finding *direct = f->legs[1].finding;

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
		if (second->state == LEG_DONE && blames_the_way(second->finding->outcome))
			conclude_with(f, second);
	} else if (registrar_away(first)) {
		if (second->state == LEG_UNUSED)
			go_direct_instead(f);
		else if (second->state == LEG_DONE)
			conclude_instead(f, second);
	} else if (first->finding->outcome != PROBE_SILENT || second->state == LEG_UNUSED) {
		conclude_with(f, first);
	} else if (second->state == LEG_DONE) {
		conclude_both(f);
	}
}

static void take_late(struct ping_flight *f, const struct binding *b, const struct probe_report *r)
{
	struct pinger *p = f->pinger;
	binding_id id = f->job->id;
	struct ping_finding found;
	bool heard = false;

	if (b) {
		ping_evidence_read(b, f->legs[0].path, r, &found);
		found.late = true;
		heard = ping_evidence_heard(&found);
		store_finding(p, id, &found, f->asked_ms);
	}
	pinger_drop(p, f->job);
	if (heard)
		pinger_notify(p, id);
}

/* After the verdict only the first leg's answer is news: a call takes its path. */
static void take_after_verdict(struct leg *l, const struct binding *b, const struct probe_report *r)
{
	struct ping_flight *f = l->flight;

	if (l != &f->legs[0])
		return;
	if (r->end == PROBE_END_ANSWER)
		take_late(f, b, r);
	else if (l->probe == 0)
		pinger_drop(f->pinger, f->job);
}

static void on_report(void *ctx, uint64_t id, const struct probe_report *r)
{
	struct leg *l = ctx;
	struct ping_flight *f = l->flight;
	struct ping_finding found;
	struct binding now;
	bool same = same_way(f, &now);

	(void)id;
	if (r->end != PROBE_END_SILENT)
		l->probe = 0;
	leg_leave_place(l);
	if (f->concluded) {
		take_after_verdict(l, same ? &now : NULL, r);
		return;
	}
	if (r->end == PROBE_END_FORGOTTEN)
		return;
	if (!same) {
		overtaken(f);
		return;
	}
	ping_evidence_read(&now, l->path, r, &found);
	found.late = false;
	flow_state_explain(&now, &found);
	leg_keep(l, &found);
	decide(f);
}

static void on_uac(void *ctx, const struct source_uac_reply *r)
{
	struct leg *l = ctx;
	struct ping_flight *f = l->flight;
	struct ping_finding found;
	struct binding now;

	l->uac = 0;
	leg_leave_place(l);
	if (!same_way(f, &now)) {
		overtaken(f);
		return;
	}
	ping_evidence_told(&now, r, &found);
	flow_state_explain(&now, &found);
	leg_keep(l, &found);
	decide(f);
}

static void start_second(struct ping_flight *f)
{
	struct ping_path path = PING_PATH_INIT;
	struct pinger *p = f->pinger;
	int64_t left = (int64_t)pinger_verdict_ms(p) - elapsed_ms(f);
	struct binding b;

	/* Otherwise the first leg's end will see what became of the binding. */
	if (!same_way(f, &b))
		return;
	ping_path_direct(p->env, &b, &path);
	if (path.never == PROBE_NOT_ASKED) {
		if (ping_places_find(&p->places, ping_path_place(&path, &b)))
			loop_timer_set(f->timer, PLACE_RETRY_MS);
		else if (!leg_start(&f->legs[1], &b, &path,
				    (unsigned)(left > SECOND_MIN_MS ? left : SECOND_MIN_MS)))
			decide(f);
	}
	ping_path_free(&path);
}

static void on_flight_timer(void *arg)
{
	struct ping_flight *f = arg;

	if (!f->concluded && f->legs[0].state == LEG_OPEN && f->legs[1].state == LEG_UNUSED)
		start_second(f);
}

static void set_second_timer(struct ping_flight *f)
{
	int64_t ms = (int64_t)pinger_verdict_ms(f->pinger) * PING_SECOND_MS / PROBE_VERDICT_MS;

	f->timer = loop_timer_new(f->pinger->env->loop, LOOP_SIP, on_flight_timer, f);
	loop_timer_set(f->timer, ms < PING_SECOND_MS ? ms : PING_SECOND_MS);
}

void ping_flight_start(struct pinger *p, struct ping_job *j, const struct binding *b,
		       const struct ping_path *path)
{
	struct ping_flight *f = xcalloc(1, sizeof(*f));

	f->pinger = p;
	f->job = j;
	f->way = ping_path_fingerprint(b);
	f->source = b->source;
	f->asked_ms = clock_wall_ms(p->env->clock);
	f->asked_us = clock_mono_us(p->env->clock);
	f->legs[0].flight = f->legs[1].flight = f;
	j->flight = f;
	p->flying++;
	if (!leg_start(&f->legs[0], b, path, pinger_verdict_ms(p))) {
		decide(f);
		return;
	}
	if (path->second)
		set_second_timer(f);
	pinger_set_pending(p, j->id, true);
}
