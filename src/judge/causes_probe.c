/* Causes that a probe of one phone shows: what the network said, and who answered
 * (facts/sip-and-diagnosis 2.1, 2.5). */
#include "base/sipuri.h"
#include "judge/cause_facts.h"
#include "judge/verdict.h"

/* A grant that is longer than routers commonly hold a UDP mapping (facts 1.5). */
#define LONG_GRANT_S 120

static bool offender_is_hop(const struct finding_binding *b, const struct evidence *e)
{
	char host[NETADDR_STR];

	if (!e->offender[0] || !b->hop.addr.len)
		return false;
	return strcmp(netaddr_format_host(&b->hop.addr, host), e->offender) == 0;
}

/* ---- the network said something -------------------------------------------------------------- */

/* The public address itself is gone: a router complains, or phones of its site came back from
 * another address. */
static bool moved(const struct findings *f, size_t i, struct cause *out)
{
	const struct finding_binding *b = &f->bindings[i];
	const struct evidence *e = fact_asked(f, b);
	bool router = e && fact_icmp(e) == ICMP_HOST && !offender_is_hop(b, e);

	if (!f->siblings_moved && !(router && b->hop.nat))
		return false;
	if (fact_answers(f, b) || (!fact_fails(f, b) && !f->siblings_moved))
		return false;
	if (f->siblings_moved)
		cause_say(out, CONFIDENCE_HIGH,
			  "The line of this phone got a new public address: %u other phone%s of "
			  "%s came back from %s, and this one has not registered since.",
			  f->siblings_moved, f->siblings_moved == 1 ? "" : "s", f->siblings_from,
			  f->siblings_to);
	else
		cause_say(out, CONFIDENCE_MEDIUM,
			  "The public address that it registered from, %s, is no longer there: the "
			  "line has got a new one, or is down.",
			  fact_hop(b));
	if (f->siblings_moved)
		cause_add(out, f->now_ms, "%u other phone%s: before at %s, now at %s",
			  f->siblings_moved, f->siblings_moved == 1 ? "" : "s", f->siblings_from,
			  f->siblings_to);
	cause_add_usual(out, f, b);
	return true;
}

bool cause_moved(const struct findings *f, struct cause *out)
{
	return fact_any(f, out, moved);
}

static bool filtered(const struct findings *f, size_t i, struct cause *out)
{
	const struct finding_binding *b = &f->bindings[i];
	const struct evidence *e = fact_asked(f, b);
	bool icmp = e && fact_icmp(e) == ICMP_FILTER;
	/* It registered again between two questions that it did not answer: it lives. */
	bool lives = e && fact_silent(f, b) && !fact_never_answers(b) && b->known.failures >= 2 &&
		     b->row.b.refreshed_s * 1000 > b->known.failed_first_ms &&
		     fact_quiet_s(b, e) >= 0 && fact_quiet_s(b, e) < VERDICT_MAPPING_FRESH_S;

	if (!icmp && !lives)
		return false;
	if (icmp)
		cause_say(out, CONFIDENCE_HIGH,
			  "A firewall on the way to %s rejects what the switch sends (%s).",
			  fact_hop(b), e->detail);
	else
		cause_say(out, CONFIDENCE_MEDIUM,
			  "It registers on time, the last time at %s, and nothing that is sent to "
			  "%s is answered: what comes in is filtered on the way, or by the phone.",
			  fact_time(f, b->row.b.refreshed_s * 1000), fact_hop(b));
	cause_add_usual(out, f, b);
	return true;
}

bool cause_filtered(const struct findings *f, struct cause *out)
{
	return fact_any(f, out, filtered);
}

static bool process(const struct findings *f, size_t i, struct cause *out)
{
	const struct finding_binding *b = &f->bindings[i];
	bool is_process;

	if (!fact_port_closed(f, b, &is_process) || !is_process)
		return false;
	cause_say(out, CONFIDENCE_HIGH,
		  "The device at %s is there, but nothing listens on its SIP port any more: the "
		  "phone's software stopped.",
		  fact_hop(b));
	cause_add_usual(out, f, b);
	return true;
}

bool cause_process(const struct findings *f, struct cause *out)
{
	return fact_any(f, out, process);
}

static bool process_or_mapping(const struct findings *f, size_t i, struct cause *out)
{
	const struct finding_binding *b = &f->bindings[i];
	bool is_process;

	if (!fact_port_closed(f, b, &is_process) || is_process || fact_forgets(b))
		return false;
	cause_say(out, CONFIDENCE_MEDIUM,
		  "Nobody is behind %s any more: the router forgot the phone between refreshes, or "
		  "the phone's software stopped. It was last heard at %s.",
		  fact_hop(b), fact_heard_at(f, b));
	cause_add_usual(out, f, b);
	return true;
}

bool cause_process_or_mapping(const struct findings *f, struct cause *out)
{
	return fact_any(f, out, process_or_mapping);
}

static bool host_down(const struct findings *f, size_t i, struct cause *out)
{
	const struct finding_binding *b = &f->bindings[i];
	const struct evidence *e = fact_asked(f, b);
	bool mine = e && offender_is_hop(b, e);

	if (!e || fact_icmp(e) != ICMP_HOST || (!mine && b->hop.nat) || b->row.b.path.n)
		return false;
	if (mine)
		cause_say(out, CONFIDENCE_HIGH,
			  "The router %s is there, and says that the phone behind it is not: it is "
			  "without power, its cable or Wi-Fi is down, or it has another address "
			  "there now.",
			  e->offender);
	else
		cause_say(out, CONFIDENCE_HIGH,
			  "No device is at %s any more: it is without power, its cable or Wi-Fi is "
			  "down, or it has another address now.",
			  fact_hop(b));
	cause_add_usual(out, f, b);
	return true;
}

bool cause_host_down(const struct findings *f, struct cause *out)
{
	return fact_any(f, out, host_down);
}

/* What is left when nobody says which host, port or filter it is. */
static bool no_route(const struct findings *f, size_t i, struct cause *out)
{
	const struct finding_binding *b = &f->bindings[i];
	const struct evidence *e = fact_asked(f, b);

	if (!e || e->outcome != PROBE_NO_ROUTE || b->row.b.path.n ||
	    (fact_icmp(e) != ICMP_NOTHING && fact_icmp(e) != ICMP_OTHER))
		return false;
	if (e->by_registrar)
		cause_say(
			out, CONFIDENCE_HIGH,
			"The registrar itself cannot send to %s (%s): calls fail in the same way.",
			fact_hop(b), e->detail[0] ? e->detail : fact_format("%d", e->code));
	else
		cause_say(out, e->path == PROBE_PATH_DIRECT ? CONFIDENCE_MEDIUM : CONFIDENCE_HIGH,
			  "There is no way to %s: %s.", fact_hop(b),
			  e->detail[0] ? e->detail : "the network refused the packet");
	cause_add_usual(out, f, b);
	return true;
}

bool cause_no_route(const struct findings *f, struct cause *out)
{
	return fact_any(f, out, no_route);
}

/* ---- somebody answered ----------------------------------------------------------------------- */

static bool disowns(int code)
{
	return code == 404 || code == 410 || code == 416;
}

static bool disowned(const struct findings *f, size_t i, struct cause *out)
{
	const struct finding_binding *b = &f->bindings[i];
	const struct call_found *c = fact_phone_call(f, b, CALL_QUIET);
	bool probe = disowns(fact_code(f, b)), call = c && disowns(c->code);

	if (!probe && !call)
		return false;
	cause_say(out, CONFIDENCE_HIGH,
		  "Somebody answers at %s, and does not know this contact (%d): the phone was "
		  "restarted, or its address is another's now.",
		  fact_hop(b), probe ? fact_code(f, b) : c->code);
	if (call)
		cause_add_call(out, c);
	cause_add_usual(out, f, b);
	return true;
}

bool cause_disowned(const struct findings *f, struct cause *out)
{
	return fact_any(f, out, disowned);
}

static bool stranger(const struct findings *f, size_t i, struct cause *out)
{
	const struct finding_binding *b = &f->bindings[i];

	if (!fact_stranger(f, b))
		return false;
	cause_say(out, CONFIDENCE_HIGH,
		  "Another device answers at %s: %s registered, %s answered. Calls for %s reach a "
		  "stranger.",
		  fact_hop(b), fact_text(b->row.b.user_agent), fact_asked(f, b)->agent, f->aor);
	cause_add_usual(out, f, b);
	return true;
}

bool cause_stranger(const struct findings *f, struct cause *out)
{
	return fact_any(f, out, stranger);
}

static bool edge_answers(const struct findings *f, size_t i, struct cause *out)
{
	const struct finding_binding *b = &f->bindings[i];
	const struct evidence *e = fact_asked(f, b);
	const struct call_found *c = fact_call(f, b, CALL_QUIET);

	/* A call that the phone itself answered proves what the probe could not. */
	if (!fact_edge_answers(f, b) || fact_phone_call(f, b, CALL_RING) ||
	    (c && verdict_same_agent(b->row.b.user_agent, slice_of(c->agent))))
		return false;
	cause_say(out, e->code >= 300 ? CONFIDENCE_MEDIUM : CONFIDENCE_LOW,
		  "The edge %s on its Path answered %d as %s, and the phone behind it is not "
		  "proven%s.",
		  fact_hop(b), e->code, e->agent,
		  e->code >= 300 ? ": the edge itself refuses" : "");
	cause_add_usual(out, f, b);
	return true;
}

bool cause_edge_answers(const struct findings *f, struct cause *out)
{
	return fact_any(f, out, edge_answers);
}

static bool wants_password(int code)
{
	return code == 401 || code == 407;
}

static bool last_hop_auth(const struct findings *f, size_t i, struct cause *out)
{
	const struct finding_binding *b = &f->bindings[i];
	const struct call_found *c = fact_phone_call(f, b, CALL_RING);
	bool call, probe = wants_password(fact_code(f, b));

	if (!c || !wants_password(c->code))
		c = fact_phone_call(f, b, CALL_QUIET);
	call = c && wants_password(c->code);
	if (!probe && !call)
		return false;
	cause_say(out, CONFIDENCE_HIGH,
		  "The phone itself asks the switch for a password (%d), and a switch has none to "
		  "give.",
		  call ? c->code : fact_code(f, b));
	if (call)
		cause_add_call(out, c);
	cause_add_usual(out, f, b);
	return true;
}

bool cause_last_hop_auth(const struct findings *f, struct cause *out)
{
	return fact_any(f, out, last_hop_auth);
}

/* ---- it answers ------------------------------------------------------------------------------ */

/* The first question of ours reached it so long after its refresh: something keeps the mapping. */
static bool is_kept(const struct findings *f, const struct finding_binding *b)
{
	const struct evidence *e = fact_asked(f, b);
	int64_t age_s = e->asked_ms / 1000 - b->row.b.refreshed_s;

	return b->row.b.refreshed_s > 0 && age_s > LONG_GRANT_S && e->probes == 1 &&
	       (!b->past.last_answer_ms || b->past.last_answer_ms >= e->asked_ms ||
		e->asked_ms - b->past.last_answer_ms > LONG_GRANT_S * 1000LL);
}

static bool prediction(const struct findings *f, size_t i, struct cause *out)
{
	const struct finding_binding *b = &f->bindings[i];
	int64_t interval = b->past.habit_s ? b->past.habit_s : b->row.b.granted_s;

	if (!fact_answers(f, b) || !b->hop.nat || fact_is_stream(b) || b->row.b.path.n ||
	    b->row.b.granted_s <= LONG_GRANT_S || interval <= LONG_GRANT_S || is_kept(f, b))
		return false;
	cause_say(out, CONFIDENCE_MEDIUM,
		  "It is behind NAT and refreshes only every %s: unless something keeps its "
		  "mapping open, calls fail some time after each refresh. The probe that was "
		  "answered has just opened it again.",
		  fact_span(interval));
	cause_add_usual(out, f, b);
	cause_add_past(out, b);
	return true;
}

bool cause_prediction(const struct findings *f, struct cause *out)
{
	return fact_any(f, out, prediction);
}

static bool server_only(const struct findings *f, size_t i, struct cause *out)
{
	const struct finding_binding *b = &f->bindings[i];
	const struct evidence *call = &b->ways[WAY_CALL], *direct = &b->ways[WAY_DIRECT];

	bool refused = direct->outcome == PROBE_ANSWERED &&
		       (direct->code == 403 || direct->code == 404 || direct->code == 433);

	/* What a NAT keeps out, the phone has never seen. */
	if (call->path == PROBE_PATH_DIRECT || (b->hop.nat && !refused) || !fact_answers(f, b) ||
	    fact_asked(f, b) != call || (direct->outcome != PROBE_SILENT && !refused))
		return false;
	cause_say(out, CONFIDENCE_MEDIUM,
		  "It takes what its registrar sends, and nothing from elsewhere: no fault, but a "
		  "test from another place says nothing.");
	cause_add(out, call->asked_ms, "answered %s: %d", fact_way(call->path), call->code);
	if (refused)
		cause_add(out, direct->asked_ms, "%d %s", direct->code, fact_way(direct->path));
	else
		cause_add(out, direct->asked_ms, "no answer %s", fact_way(direct->path));
	return true;
}

bool cause_server_only(const struct findings *f, struct cause *out)
{
	return fact_any(f, out, server_only);
}
