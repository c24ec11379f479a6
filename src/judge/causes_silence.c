/* Causes of silence: what an unanswered probe means by the phone's age, its NAT and its past
 * (facts/sip-and-diagnosis 2.5, 4). */
#include "base/sipuri.h"
#include "judge/cause_facts.h"
#include "judge/verdict.h"

/* Asked so often, a phone may take its sender for an attacker. */
#define MANY_PROBES 20

static bool failed(const struct evidence *e)
{
	return probe_was_sent(e->outcome) && e->outcome != PROBE_ANSWERED;
}

static bool unreadable(const struct findings *f, size_t i, struct cause *out)
{
	const struct finding_binding *b = &f->bindings[i];
	const struct evidence *e = fact_asked(f, b);

	if (!e || !e->unreadable || !fact_fails(f, b))
		return false;
	cause_say(
		out, CONFIDENCE_MEDIUM,
		"Something answers at %s, but what comes is no SIP message that can be read: it is "
		"spoilt on the way, or whoever is there is no phone.",
		fact_hop(b));
	cause_add_usual(out, f, b);
	return true;
}

bool cause_unreadable(const struct findings *f, struct cause *out)
{
	return fact_any(f, out, unreadable);
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

static bool silent_udp_nat(const struct findings *f, const struct finding_binding *b)
{
	return fact_silent(f, b) && b->hop.nat && !fact_is_stream(b);
}

/* One probe, and nothing else that says so: a lost packet looks the same. */
static enum confidence doubted(const struct evidence *e, enum confidence c)
{
	return e->failures < 2 && c > CONFIDENCE_LOW ? CONFIDENCE_LOW : c;
}

static const char *registered_until(const struct findings *f, const struct finding_binding *b)
{
	if (b->row.b.expires_s == BINDING_PERMANENT)
		return "registered for good";
	return fact_format("registered until %s", fact_time(f, b->row.b.expires_s * 1000));
}

/* Who was silent before, and answered after its next refresh, was not off then. That it answered
 * once, sooner after a refresh than now, may as well be because it was not off yet. */
static enum confidence sure_of_mapping(const struct finding_binding *b, const struct evidence *e)
{
	int64_t age_s = e->asked_ms / 1000 - b->row.b.refreshed_s;

	if (b->past.answered_at_age_s < 0 || !b->past.last_answer_ms)
		return doubted(e, CONFIDENCE_MEDIUM);
	if (b->past.answered_at_age_s >= age_s)
		return CONFIDENCE_LOW;
	return b->past.recoveries ? CONFIDENCE_HIGH : CONFIDENCE_MEDIUM;
}

static bool mapping(const struct findings *f, size_t i, struct cause *out)
{
	const struct finding_binding *b = &f->bindings[i];
	const struct evidence *e = fact_asked(f, b);
	int64_t quiet = fact_quiet_s(b, e), by;
	bool refused, closed = fact_port_closed(f, b, &refused) && !refused && fact_forgets(b);
	static const char *const begins[] = {[CONFIDENCE_LOW] = "Perhaps the",
					     [CONFIDENCE_MEDIUM] = "Most likely the",
					     [CONFIDENCE_HIGH] = "The"};
	enum confidence sure;

	if ((!silent_udp_nat(f, b) && !closed) || fact_overdue(f, b, &by) ||
	    quiet < VERDICT_MAPPING_FRESH_S)
		return false;
	sure = sure_of_mapping(b, e);
	cause_say(out, sure,
		  "%s router in front of the phone forgot it between two refreshes: %s %s, %s "
		  "after it was last heard; %s.",
		  begins[sure], closed ? "nobody is left behind" : "no answer from", fact_hop(b),
		  fact_span(quiet), registered_until(f, b));
	cause_add_usual(out, f, b);
	cause_add_past(out, b);
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
			  fact_heard_at(f, b), fact_span(by),
			  e ? ", and no probe is answered" : "");
	else
		cause_say(out, doubted(e, CONFIDENCE_MEDIUM),
			  "No answer from %s (%u probe%s, %s), last heard at %s: the phone is off, "
			  "or its line is down, or what comes in is dropped.",
			  fact_hop(b), e->failures ? e->failures : 1, e->failures > 1 ? "s" : "",
			  fact_way(e->path), fact_heard_at(f, b));
	cause_add_usual(out, f, b);
	cause_add_past(out, b);
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
	int64_t by;

	if (!fact_silent(f, b) || !fact_never_answers(b) || fact_overdue(f, b, &by))
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
