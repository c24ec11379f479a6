/* Causes that a test call shows, and what is left when nothing is wrong (facts/sip-and-diagnosis
 * 3.3). */
#include "base/sipuri.h"
#include "judge/cause_facts.h"

/* A refusal that comes so fast was decided by no person. */
#define AT_ONCE_US 300000
/* Above this the rules of RFC 3261 18.1.1 want TCP. */
#define BIG_BYTES 1300

static const char *after(uint32_t us)
{
	return us <= AT_ONCE_US ? "at once"
				: fact_format("after %u.%u s", us / 1000000, us / 100000 % 10);
}

static const struct call_found *first_code(const struct findings *f,
					   const struct finding_binding *b, const int *codes)
{
	static const enum call_kind kinds[] = {CALL_RING, CALL_SWITCH};

	for (size_t k = 0; k < 2; k++) {
		const struct call_found *c = fact_call(f, b, kinds[k]);

		for (size_t i = 0; c && codes[i]; i++)
			if (c->code == codes[i] && !c->by_registrar)
				return c;
	}
	return NULL;
}

/* ---- it does not get through ----------------------------------------------------------------- */

/* The largest INVITE that the phone answered; 0: none was sent, or none was. */
static unsigned largest_passed(const struct findings *f, const struct finding_binding *b)
{
	const struct call_found *quiet = fact_phone_call(f, b, CALL_QUIET);

	return quiet && quiet->size > b->pad_answered ? quiet->size : b->pad_answered;
}

static bool fragments(const struct findings *f, size_t i, struct cause *out)
{
	const struct finding_binding *b = &f->bindings[i];
	const struct call_found *quiet = fact_phone_call(f, b, CALL_QUIET);
	unsigned passes = largest_passed(f, b);

	if (!fact_call(f, b, CALL_PADDED) || !b->pad_lost || !passes || b->pad_lost <= passes ||
	    fact_is_stream(b))
		return false;
	cause_say(out, CONFIDENCE_HIGH,
		  "Small messages arrive and large ones do not: an INVITE of %u bytes is answered, "
		  "one of %u gets nothing. Packets that are cut into fragments are dropped on the "
		  "way.",
		  passes, b->pad_lost);
	cause_add_call(out, quiet);
	cause_add(out, fact_call(f, b, CALL_PADDED)->when_ms,
		  "padded INVITEs: the phone answered up to %u bytes, and nothing from %u on",
		  passes, b->pad_lost);
	cause_add_usual(out, f, b);
	return true;
}

bool cause_fragments(const struct findings *f, struct cause *out)
{
	return fact_any(f, out, fragments);
}

static bool too_big(const struct findings *f, size_t i, struct cause *out)
{
	const struct finding_binding *b = &f->bindings[i];
	const struct call_found *c = fact_call(f, b, CALL_SWITCH), *q = fact_call(f, b, CALL_QUIET);

	if (!c || !c->by_registrar || (c->code != 477 && c->code != 503 && c->code != 513) ||
	    fact_is_stream(b) || !(fact_phone_call(f, b, CALL_QUIET) || fact_answers(f, b)))
		return false;
	cause_say(out, CONFIDENCE_MEDIUM,
		  "The switch could not send the call (%d), though the phone is reached by UDP: "
		  "above %d bytes it tries TCP, and this phone has none.",
		  c->code, BIG_BYTES);
	cause_add_call(out, c);
	cause_add_call(out, q);
	return true;
}

bool cause_too_big(const struct findings *f, struct cause *out)
{
	return fact_any(f, out, too_big);
}

/* OPTIONS passes, an INVITE of the ordinary size does not: something on the way understands SIP. */
static bool alg(const struct findings *f, size_t i, struct cause *out)
{
	const struct finding_binding *b = &f->bindings[i];
	const struct call_found *c = fact_call(f, b, CALL_QUIET),
				*ring = fact_call(f, b, CALL_RING);

	if (!c || !call_found_lost(c))
		c = ring;
	if (!c || !call_found_lost(c) || !fact_answers(f, b) || b->pad_answered ||
	    fact_phone_call(f, b, CALL_QUIET))
		return false;
	cause_say(out, CONFIDENCE_MEDIUM,
		  "OPTIONS is answered and INVITE is not: something on the way changes or drops "
		  "calls, most often the SIP ALG of a router.");
	cause_add_call(out, c);
	cause_add_usual(out, f, b);
	return true;
}

bool cause_alg(const struct findings *f, struct cause *out)
{
	return fact_any(f, out, alg);
}

static bool answers_lost(const struct findings *f, size_t i, struct cause *out)
{
	const struct finding_binding *b = &f->bindings[i];
	const struct call_found *c = fact_call(f, b, CALL_RING);

	if (!c || !c->ringing || c->sends < 3)
		return false;
	cause_say(out, CONFIDENCE_LOW,
		  "The INVITE had to be sent %u times until an answer came back: the phone may "
		  "answer to another place than where it was asked from.",
		  c->sends);
	cause_add_call(out, c);
	return true;
}

bool cause_answers_lost(const struct findings *f, struct cause *out)
{
	return fact_any(f, out, answers_lost);
}

/* ---- the phone says no ----------------------------------------------------------------------- */

static bool forwarded(const struct findings *f, size_t i, struct cause *out)
{
	static const int codes[] = {300, 301, 302, 305, 380, 0};
	const struct finding_binding *b = &f->bindings[i];
	const struct call_found *c = first_code(f, b, codes), *ring = fact_call(f, b, CALL_RING);
	const struct evidence *e = fact_asked(f, b);

	if (!c && ring && ring->forwarded)
		c = ring;
	if (c)
		cause_say(out, CONFIDENCE_HIGH, "The phone forwards its calls%s%s (%d).",
			  c->moved_to[0] ? " to " : "", c->moved_to,
			  c->forwarded && c->code < 300 ? 181 : c->code);
	else if (e && fact_answers(f, b) && e->code >= 300 && e->code < 400)
		cause_say(out, CONFIDENCE_MEDIUM,
			  "The phone answers %d: it would forward a call elsewhere.", e->code);
	else
		return false;
	cause_add_call(out, c);
	cause_add_usual(out, f, b);
	return true;
}

bool cause_forwarded(const struct findings *f, struct cause *out)
{
	return fact_any(f, out, forwarded);
}

static bool media(const struct findings *f, size_t i, struct cause *out)
{
	static const int codes[] = {488, 606, 415, 0};
	const struct finding_binding *b = &f->bindings[i];
	const struct call_found *c = first_code(f, b, codes);

	if (!c)
		return false;
	cause_say(out, CONFIDENCE_HIGH,
		  "The phone accepts none of the codecs that a call offers (%d), or takes only "
		  "encrypted media.",
		  c->code);
	cause_add_call(out, c);
	return true;
}

bool cause_media(const struct findings *f, struct cause *out)
{
	return fact_any(f, out, media);
}

static bool extension(const struct findings *f, size_t i, struct cause *out)
{
	static const int codes[] = {420, 421, 422, 494, 0};
	const struct finding_binding *b = &f->bindings[i];
	const struct call_found *c = first_code(f, b, codes);

	if (!c)
		return false;
	cause_say(out, CONFIDENCE_HIGH,
		  "The phone and the switch do not agree on an extension of SIP (%d%s%s).", c->code,
		  c->detail[0] ? ": " : "", c->detail);
	cause_add_call(out, c);
	return true;
}

bool cause_extension(const struct findings *f, struct cause *out)
{
	return fact_any(f, out, extension);
}

static bool is_refusal(const struct evidence *e)
{
	if (e->code == 403 || e->code == 433)
		/* From elsewhere than its registrar it may refuse the sender only. */
		return e->path != PROBE_PATH_DIRECT;
	return e->code == 480 || e->code == 486 || e->code == 600 || e->code == 603;
}

/* A ring test that the phone itself ended without ringing, by what no other rule names. */
static const struct call_found *refused_ring(const struct findings *f,
					     const struct finding_binding *b)
{
	const struct call_found *c = fact_phone_call(f, b, CALL_RING);

	return c && c->outcome == CALL_FINAL && c->code >= 400 && !c->ringing && !c->progress
		       ? c
		       : NULL;
}

static bool is_named_elsewhere(int code)
{
	static const int codes[] = {401, 404, 407, 410, 415, 416, 420, 421, 422, 488, 494, 606};

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i] == code)
			return true;
	return false;
}

static const char refusals[] = ": do not disturb, another call, a blocked caller, or logged out";

static bool refuses(const struct findings *f, size_t i, struct cause *out)
{
	static const int codes[] = {480, 486, 600, 603, 403, 433, 0};
	const struct finding_binding *b = &f->bindings[i];
	const struct call_found *c = first_code(f, b, codes);
	const struct evidence *e = fact_asked(f, b);

	if (!c && refused_ring(f, b) && !is_named_elsewhere(refused_ring(f, b)->code))
		c = refused_ring(f, b);
	if (c && c->ringing)
		return false;
	if (c)
		cause_say(
			out, c->final_us <= AT_ONCE_US ? CONFIDENCE_HIGH : CONFIDENCE_MEDIUM,
			"The phone is reached and refuses the call %s, without ringing (%d%s%s)%s.",
			after(c->final_us), c->code, c->reason[0] ? " " : "", c->reason,
			c->code >= 500 && c->code < 600 ? "" : refusals);
	else if (fact_answers(f, b) && is_refusal(e))
		cause_say(out, CONFIDENCE_HIGH,
			  "The phone is reached and says that it would refuse a call (%d)%s.",
			  e->code, refusals);
	else
		return false;
	cause_add_call(out, c);
	cause_add_usual(out, f, b);
	return true;
}

bool cause_refuses(const struct findings *f, struct cause *out)
{
	return fact_any(f, out, refuses);
}

/* ---- through the switch and not ------------------------------------------------------------- */

static bool good_alone(const struct findings *f, const struct finding_binding *b)
{
	return fact_phone_call(f, b, CALL_RING) || fact_phone_call(f, b, CALL_QUIET) ||
	       fact_answers(f, b);
}

static bool wrong_socket(const struct findings *f, size_t i, struct cause *out)
{
	const struct finding_binding *b = &f->bindings[i];
	const struct call_found *c = fact_call(f, b, CALL_SWITCH);

	if (!c || c->ringing || !call_found_lost(c) || !good_alone(f, b))
		return false;
	cause_say(out, CONFIDENCE_HIGH,
		  "The phone answers on the path of its registration (%s), but a call through the "
		  "switch gets no answer from it: the switch sends calls from another socket, and "
		  "the phone's router lets in only the one that it registered at.",
		  fact_text(b->row.b.socket));
	cause_add_call(out, c);
	cause_add_usual(out, f, b);
	return true;
}

bool cause_wrong_socket(const struct findings *f, struct cause *out)
{
	return fact_any(f, out, wrong_socket);
}

static bool never_called(const struct findings *f, size_t i, struct cause *out)
{
	const struct finding_binding *b = &f->bindings[i];
	const struct call_found *c = fact_call(f, b, CALL_SWITCH);

	if (!c || !c->by_registrar || c->ringing || (c->code != 404 && c->code != 480) ||
	    !good_alone(f, b))
		return false;
	cause_say(out, CONFIDENCE_HIGH,
		  "The phone is reached, but the switch itself refuses a call to %s (%d): it never "
		  "sends the call there.",
		  f->aor, c->code);
	cause_add_call(out, c);
	cause_add_call(out, fact_call(f, b, CALL_RING));
	cause_add_usual(out, f, b);
	return true;
}

bool cause_never_called(const struct findings *f, struct cause *out)
{
	return fact_any(f, out, never_called);
}

static bool caller_refused(const struct findings *f, size_t i, struct cause *out)
{
	const struct finding_binding *b = &f->bindings[i];
	const struct call_found *c = fact_call(f, b, CALL_SWITCH);

	if (!c || c->ringing || !c->by_registrar ||
	    (c->code != 401 && c->code != 403 && c->code != 407) || !good_alone(f, b))
		return false;
	cause_say(out, CONFIDENCE_MEDIUM,
		  "The phone is reached, but the switch does not let this caller through (%d).",
		  c->code);
	cause_add_call(out, c);
	cause_add_usual(out, f, b);
	return true;
}

bool cause_caller_refused(const struct findings *f, struct cause *out)
{
	return fact_any(f, out, caller_refused);
}

/* ---- it is well, as far as was asked --------------------------------------------------------- */

static bool early_media(const struct findings *f, size_t i, struct cause *out)
{
	const struct finding_binding *b = &f->bindings[i];
	const struct call_found *c = fact_call(f, b, CALL_RING);

	if (!c)
		c = fact_call(f, b, CALL_SWITCH);
	if (!c || !c->progress || c->ringing)
		return false;
	cause_say(out, CONFIDENCE_MEDIUM,
		  "Instead of ringing (180) somebody plays sound before the answer (183): the "
		  "caller may hear nothing.");
	cause_add_call(out, c);
	return true;
}

bool cause_early_media(const struct findings *f, struct cause *out)
{
	return fact_any(f, out, early_media);
}

static bool rings(const struct findings *f, size_t i, struct cause *out)
{
	const struct finding_binding *b = &f->bindings[i];
	const struct call_found *c = fact_call(f, b, CALL_RING);

	if (!c || (!c->ringing && c->outcome != CALL_ANSWERED))
		return false;
	if (c->ringing)
		cause_say(out, CONFIDENCE_HIGH,
			  "It does ring: the phone got the call and said so %u ms later. If nobody "
			  "hears it, look at the phone, not at the network.",
			  c->ring_us / 1000);
	else
		cause_say(out, CONFIDENCE_HIGH,
			  "The test call was answered (%s): by a person, by itself, or by a "
			  "mailbox.",
			  c->agent[0] ? c->agent : "nobody said by what");
	cause_add_call(out, c);
	cause_add_usual(out, f, b);
	return true;
}

bool cause_rings(const struct findings *f, struct cause *out)
{
	return fact_any(f, out, rings);
}

static bool any_fails(const struct findings *f)
{
	for (size_t i = 0; i < f->count; i++)
		if (fact_live(f, &f->bindings[i]) && !fact_superseded(f, i, NULL) &&
		    fact_fails(f, &f->bindings[i]))
			return true;
	return false;
}

static bool well(const struct findings *f, size_t i, struct cause *out)
{
	const struct finding_binding *b = &f->bindings[i];
	const struct evidence *e = fact_asked(f, b);

	const struct call_found *ring = fact_call(f, b, CALL_RING), *reached;
	unsigned passes;

	/* A call that went wrong is not outdone by a probe. */
	if (ring && !fact_phone_call(f, b, CALL_RING))
		return false;
	reached = fact_reached(f, b);
	if (fact_ignores(f, b) && reached) {
		cause_say(out, CONFIDENCE_HIGH,
			  "The phone is registered and takes calls at %s, though it answers no "
			  "OPTIONS: nothing is wrong with its registration or with the way to it.",
			  fact_hop(b));
		cause_add_usual(out, f, b);
		cause_add_call(out, reached);
		return true;
	}
	if (!fact_answers(f, b))
		return false;
	passes = largest_passed(f, b);
	cause_say(out, e->path == PROBE_PATH_DIRECT ? CONFIDENCE_MEDIUM : CONFIDENCE_HIGH,
		  "The phone is registered and answers from %s in %u.%u ms: its registration and "
		  "the way to it are good, for %s. A ring test tells the rest.",
		  fact_hop(b), e->rtt_us / 1000, e->rtt_us / 100 % 10,
		  passes ? fact_format("messages of %u bytes too", passes)
			 : "small messages at least");
	cause_add_usual(out, f, b);
	cause_add_call(out, fact_call(f, b, CALL_QUIET));
	return true;
}

bool cause_well(const struct findings *f, struct cause *out)
{
	return !any_fails(f) && fact_any(f, out, well);
}

/* Its own address as its Call-ID shows it, when that is a private one and the contact's is not. */
static bool private_call_id(const struct finding_binding *b, struct slice *host)
{
	struct netaddr inside, outside;
	struct sip_uri u;
	struct slice user;

	*host = slice_cut(b->row.b.call_id, '@', &user);
	return host->n && netaddr_parse(*host, 0, &inside) == 0 && netaddr_is_private(&inside) &&
	       sip_uri_split(b->row.b.contact, &u) == 0 &&
	       netaddr_parse(u.host, 0, &outside) == 0 && !netaddr_is_private(&outside) &&
	       !netaddr_is_loopback(&outside);
}

/* facts/sip-and-diagnosis 4, row 16: a kernel's ALG rewrites Via and Contact so completely that a
 * phone looks public; its Call-ID is left. STUN in the phone does the same. */
static bool alg_likely(const struct findings *f, size_t i, struct cause *out)
{
	const struct finding_binding *b = &f->bindings[i];
	struct slice host;

	(void)f;
	if (!private_call_id(b, &host))
		return false;
	cause_say(out, CONFIDENCE_LOW,
		  "Its contact %s is a public address, but its Call-ID names the private %s: a SIP "
		  "ALG in the router, or STUN in the phone, rewrites what it registers.",
		  fact_text(b->row.b.contact), fact_text(host));
	cause_add(out, b->row.b.refreshed_s * 1000, "Call-ID %s", fact_text(b->row.b.call_id));
	return true;
}

bool cause_alg_likely(const struct findings *f, struct cause *out)
{
	return fact_any(f, out, alg_likely);
}

/* Said only when no other rule holds: diagnose() sees to that. */
bool cause_unexplained(const struct findings *f, struct cause *out)
{
	cause_say(out, CONFIDENCE_LOW,
		  "What was found fits no known cause; the evidence says all there is.");
	for (size_t i = 0; i < f->count; i++) {
		for (int k = 0; k < CALL_KINDS; k++)
			cause_add_call(out, fact_call(f, &f->bindings[i], (enum call_kind)k));
		cause_add_usual(out, f, &f->bindings[i]);
	}
	return true;
}

static void add_opinion(const struct finding_binding *b, struct cause *out)
{
	const struct evidence *e = &b->ways[WAY_CALL];

	if (e->outcome != PROBE_ANSWERED)
		e = &b->known;
	if (e->outcome == PROBE_ANSWERED && e->by_registrar)
		cause_add(out, e->asked_ms,
			  "the registrar itself answered %d%s%s: that says nothing about the phone",
			  e->code, e->detail[0] ? " " : "", e->detail);
}

/* A way that was not taken says why. */
static void add_why_not(const struct finding_binding *b, struct cause *out)
{
	static const enum finding_way ways[] = {WAY_CALL, WAY_DIRECT};

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		const struct evidence *e = &b->ways[ways[i]];

		if (!probe_was_sent(e->outcome) && e->detail[0])
			cause_add(out, 0, "not asked: %s", e->detail);
	}
}

bool cause_not_asked(const struct findings *f, struct cause *out)
{
	if (!f->count)
		return false;
	for (size_t i = 0; i < f->count; i++)
		if (fact_asked(f, &f->bindings[i]) ||
		    probe_was_sent(f->bindings[i].ways[WAY_DIRECT].outcome))
			return false;
	out->binding = 0;
	cause_say(out, CONFIDENCE_LOW,
		  "%s is registered, and nobody has asked the phone%s: what is stored says "
		  "nothing about it being there.",
		  f->aor, f->cancelled ? ", because the workup was stopped" : "");
	cause_add_usual(out, f, &f->bindings[0]);
	add_opinion(&f->bindings[0], out);
	add_why_not(&f->bindings[0], out);
	return true;
}
