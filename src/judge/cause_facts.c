/* What the rules of causes ask of findings: who was asked, who answered, and what that counts. */
#include "judge/cause_facts.h"

#include "base/sipuri.h"
#include "judge/verdict.h"

/* ---- one binding ----------------------------------------------------------------------------- */

bool fact_live(const struct findings *f, const struct finding_binding *b)
{
	int64_t read_ms = f->now_ms - (f->picture_age_ms > 0 ? f->picture_age_ms : 0);

	/* What was good when the registrar was last read may have been refreshed since. */
	return binding_left_s(&b->row.b, read_ms / 1000) > 0;
}

static bool same_text(struct slice a, struct slice b)
{
	return a.n && slice_eq(a, b);
}

static bool same_host(struct slice a, struct slice b)
{
	struct sip_uri x, y;

	return sip_uri_split(a, &x) == 0 && sip_uri_split(b, &y) == 0 && slice_ieq(x.host, y.host);
}

/* Its instance names a device; without one, the same model at the same inner address is it. */
bool fact_same_device(const struct binding *a, const struct binding *b, bool *instance)
{
	bool same = same_text(a->instance, b->instance);

	if (instance)
		*instance = same;
	if (same)
		return a->reg_id == b->reg_id;
	if (a->instance.n && b->instance.n)
		return false;
	return same_text(a->user_agent, b->user_agent) && same_host(a->contact, b->contact);
}

/* Registrars keep seconds: of two REGISTERs in one, the later is the one that somebody answers at.
 */
static bool is_later(const struct findings *f, const struct finding_binding *o,
		     const struct finding_binding *b)
{
	if (o->row.b.refreshed_s != b->row.b.refreshed_s)
		return o->row.b.refreshed_s > b->row.b.refreshed_s;
	return fact_answers(f, o) && fact_fails(f, b);
}

bool fact_superseded(const struct findings *f, size_t i, bool *instance)
{
	const struct binding *b = &f->bindings[i].row.b;
	bool known;

	for (size_t j = 0; j < f->count; j++) {
		const struct binding *o = &f->bindings[j].row.b;

		if (j == i || !fact_same_device(b, o, &known) || slice_eq(b->call_id, o->call_id) ||
		    slice_eq(b->contact, o->contact) ||
		    !is_later(f, &f->bindings[j], &f->bindings[i]))
			continue;
		if (instance)
			*instance = known;
		return true;
	}
	return false;
}

/* What a registrar says by itself is about the phone only where it tried to reach it, or looked it
 * up (facts/kamailio-opensips 4.2). */
static bool is_opinion(const struct evidence *e)
{
	if (e->outcome != PROBE_ANSWERED || !e->by_registrar)
		return false;
	return e->code != 408 && e->code != 430 && e->code != 504 && !fact_unknown_to_registrar(e);
}

/* Of an outsider's probe only an answer, and a failure without NAT in between, say something. */
static bool counts(const struct finding_binding *b, const struct evidence *e)
{
	if (!probe_was_sent(e->outcome) || is_opinion(e))
		return false;
	if (e->path != PROBE_PATH_DIRECT)
		return e->path != PROBE_PATH_NONE;
	return e->outcome == PROBE_ANSWERED || (!b->hop.nat && !b->hop.by_flow);
}

const struct evidence *fact_asked(const struct findings *f, const struct finding_binding *b)
{
	const struct evidence *call = &b->ways[WAY_CALL], *direct = &b->ways[WAY_DIRECT];

	/* Kamailio hears no ICMP: where a packet of ours means the same, it says more. That there
	 * is no such host is the same whichever port asks, behind a NAT too. */
	if (counts(b, call) && call->outcome == PROBE_SILENT && direct->icmp &&
	    (counts(b, direct) || fact_icmp(direct) == ICMP_HOST))
		return direct;
	if (counts(b, call))
		return call;
	if (counts(b, direct))
		return direct;
	if (counts(b, &b->known) && f->now_ms - b->known.asked_ms <= VERDICT_FADES_AFTER_S * 1000LL)
		return &b->known;
	return NULL;
}

/* Codes by which somebody in between says that the phone did not answer. */
static bool gave_up(const struct finding_binding *b, const struct evidence *e)
{
	return (e->by_registrar || b->row.b.path.n) &&
	       (e->code == 408 || e->code == 430 || e->code == 504);
}

/* Somebody else than the registrar answered. */
static bool somebody_answers(const struct finding_binding *b, const struct evidence *e)
{
	return e && e->outcome == PROBE_ANSWERED && !e->by_registrar && !gave_up(b, e);
}

static bool other_agent(const struct finding_binding *b, const struct evidence *e)
{
	return !verdict_same_agent(b->row.b.user_agent, slice_of(e->agent));
}

bool fact_edge_answers(const struct findings *f, const struct finding_binding *b)
{
	const struct evidence *e = fact_asked(f, b);

	return somebody_answers(b, e) && b->row.b.path.n && other_agent(b, e);
}

static bool disowns(int code)
{
	return code == 404 || code == 410 || code == 416;
}

bool fact_stranger(const struct findings *f, const struct finding_binding *b)
{
	const struct evidence *e = fact_asked(f, b);

	return somebody_answers(b, e) && !b->row.b.path.n && other_agent(b, e) && !disowns(e->code);
}

int fact_code(const struct findings *f, const struct finding_binding *b)
{
	const struct evidence *e = fact_asked(f, b);

	return somebody_answers(b, e) && !fact_edge_answers(f, b) && !fact_stranger(f, b) ? e->code
											  : 0;
}

bool fact_answers(const struct findings *f, const struct finding_binding *b)
{
	int code = fact_code(f, b);

	return code && !disowns(code);
}

bool fact_unknown_to_registrar(const struct evidence *e)
{
	return e && e->outcome == PROBE_ANSWERED && e->by_registrar &&
	       (e->code == 404 || e->code == 410 || e->code == 480);
}

static bool silent(const struct finding_binding *b, const struct evidence *e)
{
	return e && (e->outcome == PROBE_SILENT || (e->outcome == PROBE_ANSWERED && gave_up(b, e)));
}

bool fact_ignores(const struct findings *f, const struct finding_binding *b)
{
	return silent(b, fact_asked(f, b)) && fact_reached(f, b);
}

bool fact_only_direct(const struct finding_binding *b)
{
	const struct evidence *call = &b->ways[WAY_CALL], *direct = &b->ways[WAY_DIRECT];

	return call->path == PROBE_PATH_REGISTRAR && silent(b, call) && !b->row.b.path.n &&
	       somebody_answers(b, direct) && !other_agent(b, direct) && !disowns(direct->code);
}

bool fact_silent(const struct findings *f, const struct finding_binding *b)
{
	const struct evidence *e = fact_asked(f, b);

	return silent(b, e) && !e->unreadable && !fact_only_direct(b) && !fact_reached(f, b);
}

bool fact_fails(const struct findings *f, const struct finding_binding *b)
{
	const struct evidence *e = fact_asked(f, b);

	return e && (e->outcome != PROBE_ANSWERED || gave_up(b, e)) && !fact_reached(f, b);
}

enum icmp_meaning fact_icmp(const struct evidence *e)
{
	if (!e)
		return ICMP_NOTHING;
	if (!e->icmp)
		return e->outcome == PROBE_REFUSED ? ICMP_PORT : ICMP_NOTHING;
	if (e->icmp_type == 3)
		switch (e->icmp_code) {
		case 3:
			return ICMP_PORT;
		case 0:
		case 1:
			return ICMP_HOST;
		case 9:
		case 10:
		case 13:
			return ICMP_FILTER;
		}
	if (e->icmp_type == 1)
		switch (e->icmp_code) {
		case 4:
			return ICMP_PORT;
		case 0:
		case 3:
			return ICMP_HOST;
		case 1:
		case 5:
		case 6:
			return ICMP_FILTER;
		}
	return ICMP_OTHER;
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* The last answer to a probe, as long as it was the phone's: an edge or a stranger is none. */
static int64_t answered_ms(const struct finding_binding *b)
{
	const struct evidence *e = &b->known;
	int64_t past = b->past.last_answer_ms;

	if (e->outcome != PROBE_ANSWERED || (!e->by_registrar && !other_agent(b, e)))
		return later(past, e->heard_ms);
	return past < e->asked_ms ? past : 0;
}

int64_t fact_heard_ms(const struct finding_binding *b)
{
	int64_t heard = b->row.b.refreshed_s > 0 ? b->row.b.refreshed_s * 1000 : 0;

	heard = later(heard, answered_ms(b));
	if (fact_only_direct(b))
		heard = later(heard, b->ways[WAY_DIRECT].asked_ms);
	return later(heard, b->past.last_refresh_s * 1000);
}

int64_t fact_quiet_s(const struct finding_binding *b, const struct evidence *e)
{
	int64_t heard = fact_heard_ms(b);

	if (!heard || !e || e->asked_ms < heard)
		return -1;
	return (e->asked_ms - heard) / 1000;
}

bool fact_by_contact(const struct finding_binding *b)
{
	return b->hop.from == HOP_CONTACT ||
	       (b->hop.from == HOP_NONE && !b->row.b.received.n && !b->row.b.path.n);
}

bool fact_is_stream(const struct finding_binding *b)
{
	switch (b->hop.transport) {
	case TRANSPORT_TCP:
	case TRANSPORT_TLS:
	case TRANSPORT_WS:
	case TRANSPORT_WSS:
		return true;
	default:
		return b->row.b.connection > 0;
	}
}

bool fact_overdue(const struct findings *f, const struct finding_binding *b, int64_t *by_s)
{
	struct row r = b->row;

	r.now_ms = f->now_ms;
	if (!r.habit_s)
		r.habit_s = b->past.habit_s;
	*by_s = row_overdue_s(&r);
	return *by_s > 0;
}

const struct call_found *fact_call(const struct findings *f, const struct finding_binding *b,
				   enum call_kind kind)
{
	const struct call_found *c = &b->calls[kind];

	if (c->outcome == CALL_NOT_MADE || f->now_ms - c->when_ms > CALL_FADES_S * 1000LL)
		return NULL;
	return c;
}

const struct call_found *fact_phone_call(const struct findings *f, const struct finding_binding *b,
					 enum call_kind kind)
{
	const struct call_found *c = fact_call(f, b, kind);

	if (!c || c->by_registrar)
		return NULL;
	return c->outcome == CALL_FINAL || c->outcome == CALL_ANSWERED ||
			       c->outcome == CALL_CANCELLED || c->ringing || c->late_code
		       ? c
		       : NULL;
}

/* Asked and called within one sitting. */
#define SITTING_MS 120000

const struct call_found *fact_reached(const struct findings *f, const struct finding_binding *b)
{
	static const enum call_kind kinds[] = {CALL_RING, CALL_QUIET};
	const struct evidence *e = fact_asked(f, b);

	for (size_t i = 0; e && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const struct call_found *c = fact_phone_call(f, b, kinds[i]);

		if (c && c->when_ms >= e->asked_ms - SITTING_MS)
			return c;
	}
	return NULL;
}

bool fact_any(const struct findings *f, struct cause *out, binding_rule *rule)
{
	for (size_t i = 0; i < f->count; i++) {
		if (!fact_live(f, &f->bindings[i]) || fact_superseded(f, i, NULL))
			continue;
		out->binding = i;
		if (rule(f, i, out))
			return true;
	}
	out->binding = f->count;
	return false;
}

/* Neither this phone nor any other of its User-Agent ever answered a probe here. */
bool fact_never_answers(const struct finding_binding *b)
{
	return b->past.never_answered_agent && !b->past.last_answer_ms && !b->known.heard_ms;
}

bool fact_port_closed(const struct findings *f, const struct finding_binding *b, bool *process)
{
	const struct evidence *e = fact_asked(f, b);
	int64_t quiet;

	/* Behind an edge it is the edge's port, and not the phone's. */
	if (!e || fact_icmp(e) != ICMP_PORT || b->row.b.path.n)
		return false;
	quiet = fact_quiet_s(b, e);
	*process = !b->hop.nat || (quiet >= 0 && quiet < VERDICT_MAPPING_FRESH_S);
	return true;
}

/* It answered soon after a refresh and not later on: that is how a router forgets. */
bool fact_forgets(const struct finding_binding *b)
{
	const struct history_summary *h = &b->past;

	return h->last_answer_ms && h->answered_at_age_s >= 0 &&
	       h->silent_at_age_s > h->answered_at_age_s;
}
