/* Causes that a probe of one phone shows: what the network said, who answered, and silence by its
 * age (facts/sip-and-diagnosis 2.1, 2.5). */
#include "base/sipuri.h"
#include "judge/cause_facts.h"
#include "judge/verdict.h"

/* A grant that is longer than routers commonly hold a UDP mapping (facts 1.5). */
#define LONG_GRANT_S 120
/* Asked so often, a phone may take its sender for an attacker. */
#define MANY_PROBES 20

static bool offender_is_hop(const struct finding_binding *b, const struct evidence *e)
{
	char host[NETADDR_STR];

	if (!e->offender[0] || !b->hop.addr.len)
		return false;
	return strcmp(netaddr_format_host(&b->hop.addr, host), e->offender) == 0;
}

static const char *heard_at(const struct findings *f, const struct finding_binding *b)
{
	int64_t heard = fact_heard_ms(b);

	return heard ? fact_time(f, heard) : "an unknown time";
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
		cause_add(out, f->now_ms, "other phones: %s, then %s", f->siblings_from,
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
	bool lives = e && fact_silent(f, b) && b->known.failures >= 2 &&
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

static bool port_closed(const struct findings *f, const struct finding_binding *b, bool *process)
{
	const struct evidence *e = fact_asked(f, b);
	int64_t quiet;

	if (!e || fact_icmp(e) != ICMP_PORT)
		return false;
	quiet = fact_quiet_s(b, e);
	*process = !b->hop.nat || (quiet >= 0 && quiet < VERDICT_MAPPING_FRESH_S);
	return true;
}

static bool process(const struct findings *f, size_t i, struct cause *out)
{
	const struct finding_binding *b = &f->bindings[i];
	bool is_process;

	if (!port_closed(f, b, &is_process) || !is_process)
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

	if (!port_closed(f, b, &is_process) || is_process)
		return false;
	cause_say(out, CONFIDENCE_MEDIUM,
		  "Nobody is behind %s any more: the router forgot the phone between refreshes, or "
		  "the phone's software stopped. It was last heard at %s.",
		  fact_hop(b), heard_at(f, b));
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

	if (!e || fact_icmp(e) != ICMP_HOST || (!mine && b->hop.nat))
		return false;
	if (mine)
		cause_say(out, CONFIDENCE_HIGH,
			  "The router %s is there, and says that the phone behind it is not: it is "
			  "without power, or its cable or Wi-Fi is down.",
			  e->offender);
	else
		cause_say(out, CONFIDENCE_HIGH,
			  "No device is at %s any more: it is without power, or its cable or Wi-Fi "
			  "is down.",
			  fact_hop(b));
	cause_add_usual(out, f, b);
	return true;
}

bool cause_host_down(const struct findings *f, struct cause *out)
{
	return fact_any(f, out, host_down);
}

/* ---- somebody answered ----------------------------------------------------------------------- */

static bool disowned(const struct findings *f, size_t i, struct cause *out)
{
	const struct finding_binding *b = &f->bindings[i];
	const struct evidence *e = fact_asked(f, b);

	if (!e || e->outcome != PROBE_ANSWERED || e->by_registrar ||
	    (e->code != 404 && e->code != 410 && e->code != 416))
		return false;
	cause_say(out, CONFIDENCE_HIGH,
		  "Somebody answers at %s, and does not know this contact (%d): the phone was "
		  "restarted, or its address is another's now.",
		  fact_hop(b), e->code);
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
	const struct evidence *e = fact_asked(f, b);

	if (b->row.j.verdict != VERDICT_STRANGER || !e || e->outcome != PROBE_ANSWERED)
		return false;
	cause_say(out, CONFIDENCE_HIGH,
		  "Another device answers at %s: %s registered, %s answered. Calls for %s reach a "
		  "stranger.",
		  fact_hop(b), fact_text(b->row.b.user_agent), e->agent, f->aor);
	cause_add_usual(out, f, b);
	return true;
}

bool cause_stranger(const struct findings *f, struct cause *out)
{
	return fact_any(f, out, stranger);
}

static bool wants_password(int code)
{
	return code == 401 || code == 407;
}

static bool last_hop_auth(const struct findings *f, size_t i, struct cause *out)
{
	const struct finding_binding *b = &f->bindings[i];
	const struct evidence *e = fact_asked(f, b);
	const struct call_found *c = fact_call(b, CALL_QUIET);
	bool probe =
		e && e->outcome == PROBE_ANSWERED && !e->by_registrar && wants_password(e->code);
	bool call = c && !c->by_registrar && wants_password(c->code);

	if (!probe && !call)
		return false;
	cause_say(out, CONFIDENCE_HIGH,
		  "The phone itself asks the switch for a password (%d), and a switch has none to "
		  "give.",
		  call ? c->code : e->code);
	if (call)
		cause_add(out, c->when_ms, "quiet INVITE: %d %s", c->code, c->reason);
	cause_add_usual(out, f, b);
	return true;
}

bool cause_last_hop_auth(const struct findings *f, struct cause *out)
{
	return fact_any(f, out, last_hop_auth);
}

/* ---- silence --------------------------------------------------------------------------------- */

static bool failed(const struct evidence *e)
{
	return probe_was_sent(e->outcome) && e->outcome != PROBE_ANSWERED;
}

static bool stale_contact(const struct findings *f, size_t i, struct cause *out)
{
	const struct finding_binding *b = &f->bindings[i];
	const struct evidence *source = &b->ways[WAY_SOURCE];
	struct netaddr host;
	struct sip_uri u;

	if (b->hop.from != HOP_CONTACT || fact_answers(f, b) || source->outcome != PROBE_ANSWERED ||
	    sip_uri_split(b->row.b.contact, &u) < 0 ||
	    netaddr_parse(u.host, u.port ? u.port : 5060, &host) < 0 || netaddr_is_private(&host) ||
	    !(failed(&b->ways[WAY_DIRECT]) || fact_fails(f, b)))
		return false;
	cause_say(out, CONFIDENCE_HIGH,
		  "The phone registers the public address %s, which does not answer; the address "
		  "that it really comes from does. What it believes of itself is out of date.",
		  fact_text(u.host));
	cause_add(out, source->asked_ms, "the source of its REGISTER answers: %d", source->code);
	cause_add_usual(out, f, b);
	return true;
}

bool cause_stale_contact(const struct findings *f, struct cause *out)
{
	return fact_any(f, out, stale_contact);
}

static void add_history(struct cause *out, const struct finding_binding *b)
{
	const struct history_summary *h = &b->past;

	if (h->answered_at_age_s >= 0 && h->last_answer_ms)
		cause_add(out, h->last_answer_ms, "it answered up to %s after a refresh",
			  fact_span(h->answered_at_age_s));
	if (h->silent_at_age_s >= 0 && h->last_failure_ms)
		cause_add(out, h->last_failure_ms, "it was silent from %s after a refresh on",
			  fact_span(h->silent_at_age_s));
	if (h->habit_s)
		cause_add(out, h->last_refresh_s * 1000, "it refreshes every %s as a rule",
			  fact_span(h->habit_s));
}

static bool silent_udp_nat(const struct findings *f, const struct finding_binding *b)
{
	return fact_silent(f, b) && b->hop.nat && !fact_is_stream(b);
}

static bool mapping(const struct findings *f, size_t i, struct cause *out)
{
	const struct finding_binding *b = &f->bindings[i];
	const struct evidence *e = fact_asked(f, b);
	int64_t quiet = fact_quiet_s(b, e), by;
	bool seen = b->past.answered_at_age_s >= 0 && b->past.last_answer_ms;

	if (!silent_udp_nat(f, b) || fact_overdue(f, b, &by) || quiet < VERDICT_MAPPING_FRESH_S)
		return false;
	cause_say(out, seen ? CONFIDENCE_HIGH : CONFIDENCE_MEDIUM,
		  "The router in front of the phone forgot it between two refreshes: no answer "
		  "from %s, %s after it was last heard; registered until %s.",
		  fact_hop(b), fact_span(quiet),
		  b->row.b.expires_s == BINDING_PERMANENT
			  ? "ever"
			  : fact_time(f, b->row.b.expires_s * 1000));
	cause_add_usual(out, f, b);
	add_history(out, b);
	return true;
}

bool cause_mapping(const struct findings *f, struct cause *out)
{
	return fact_any(f, out, mapping);
}

static bool off(const struct findings *f, size_t i, struct cause *out)
{
	const struct finding_binding *b = &f->bindings[i];
	const struct evidence *e = fact_asked(f, b);
	int64_t by = 0;
	bool overdue = fact_overdue(f, b, &by);

	/* Overdue alone is enough: it needs no packet. */
	if (e ? !fact_silent(f, b) : !overdue)
		return false;
	if (overdue)
		cause_say(out, e ? CONFIDENCE_HIGH : CONFIDENCE_MEDIUM,
			  "No sign of life since %s: its refresh is %s late%s. The phone is off, "
			  "or its line is down.",
			  heard_at(f, b), fact_span(by), e ? ", and no probe is answered" : "");
	else
		cause_say(out, CONFIDENCE_MEDIUM,
			  "No answer from %s (%u in a row, %s), last heard at %s: the phone is "
			  "off, or its line is down, or what comes in is dropped.",
			  fact_hop(b), e->failures ? e->failures : 1, fact_way(e->path),
			  heard_at(f, b));
	cause_add_usual(out, f, b);
	add_history(out, b);
	return true;
}

bool cause_off(const struct findings *f, struct cause *out)
{
	return fact_any(f, out, off);
}

/* Only a way that a call does not take was possible, and it failed. */
static bool cannot_tell(const struct findings *f, size_t i, struct cause *out)
{
	const struct finding_binding *b = &f->bindings[i];
	const struct evidence *e = &b->ways[WAY_DIRECT];
	int64_t by;

	if (!probe_was_sent(e->outcome))
		e = &b->known;
	if (fact_asked(f, b) || !failed(e) || fact_overdue(f, b, &by))
		return false;
	cause_say(out, CONFIDENCE_LOW,
		  "It cannot be told from here: the phone is behind %s, and only what comes from "
		  "the registrar's own socket reaches it; a probe from here was not answered.",
		  b->hop.by_flow ? "its own connection" : "NAT");
	cause_add(out, e->asked_ms, "OPTIONS straight from here: %s",
		  e->detail[0] ? e->detail : "no answer");
	cause_add_usual(out, f, b);
	return true;
}

bool cause_cannot_tell(const struct findings *f, struct cause *out)
{
	return fact_any(f, out, cannot_tell);
}

static bool ignores(const struct findings *f, size_t i, struct cause *out)
{
	const struct finding_binding *b = &f->bindings[i];

	if (!fact_silent(f, b) || !b->past.never_answered_agent)
		return false;
	cause_say(out, CONFIDENCE_LOW,
		  "No %s ever answered OPTIONS here: this model may not do it, and be well all the "
		  "same.",
		  fact_text(b->row.b.user_agent));
	cause_add(out, b->past.last_failure_ms, "none of this User-Agent has ever answered");
	return true;
}

bool cause_ignores_options(const struct findings *f, struct cause *out)
{
	return fact_any(f, out, ignores);
}

static bool flood(const struct findings *f, size_t i, struct cause *out)
{
	const struct finding_binding *b = &f->bindings[i];
	const struct evidence *e = &b->known;

	if (!fact_silent(f, b) || !e->answers || e->probes < MANY_PROBES || !e->heard_ms ||
	    e->failures < 2 || b->row.b.refreshed_s * 1000 < e->heard_ms)
		return false;
	cause_say(out, CONFIDENCE_LOW,
		  "It answered %u of %u probes and then fell silent, but goes on registering: it "
		  "may have banned who asks so often.",
		  e->answers, e->probes);
	cause_add(out, e->heard_ms, "last answer to a probe");
	cause_add(out, b->row.b.refreshed_s * 1000, "last REGISTER");
	return true;
}

bool cause_flood(const struct findings *f, struct cause *out)
{
	return fact_any(f, out, flood);
}

/* ---- it answers ------------------------------------------------------------------------------ */

static bool prediction(const struct findings *f, size_t i, struct cause *out)
{
	const struct finding_binding *b = &f->bindings[i];
	int64_t interval = b->past.habit_s ? b->past.habit_s : b->row.b.granted_s;

	if (!fact_answers(f, b) || !b->hop.nat || fact_is_stream(b) ||
	    b->row.b.granted_s <= LONG_GRANT_S || interval <= LONG_GRANT_S)
		return false;
	cause_say(out, CONFIDENCE_MEDIUM,
		  "It is behind NAT and refreshes only every %s: unless something keeps its "
		  "mapping open, calls fail some time after each refresh. The probe that was "
		  "answered has just opened it again.",
		  fact_span(interval));
	cause_add_usual(out, f, b);
	add_history(out, b);
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

	if (call->outcome != PROBE_ANSWERED || call->path == PROBE_PATH_DIRECT ||
	    call->by_registrar || direct->outcome != PROBE_SILENT)
		return false;
	cause_say(out, CONFIDENCE_MEDIUM,
		  "It takes what its registrar sends, and nothing from elsewhere: no fault, but a "
		  "test from another place says nothing.");
	cause_add(out, call->asked_ms, "answered %s: %d", fact_way(call->path), call->code);
	cause_add(out, direct->asked_ms, "no answer %s", fact_way(direct->path));
	return true;
}

bool cause_server_only(const struct findings *f, struct cause *out)
{
	return fact_any(f, out, server_only);
}
