/* Causes that the data alone shows: nothing is stored, or what is stored cannot be reached. */
#include "base/sipuri.h"
#include "judge/cause_facts.h"

bool cause_banned(const struct findings *f, struct cause *out)
{
	if (!f->about.bans_known || !f->about.banned)
		return false;
	cause_say(out, CONFIDENCE_MEDIUM,
		  "The address of %s is on the registrar's ban list %s: its REGISTERs and answers "
		  "are dropped there.",
		  f->aor, f->about.ban_list);
	cause_add(out, f->about.asked_ms, "the registrar's list %s names it", f->about.ban_list);
	return true;
}

static void add_last_known(struct cause *out, const struct history_summary *h)
{
	if (h->last_contact[0])
		cause_add(out, h->last_seen_s * 1000, "last seen: %s%s%s%s%s", h->last_contact,
			  h->last_source[0] ? " from " : "", h->last_source,
			  h->last_agent[0] ? ", " : "", h->last_agent);
	if (h->removed_ms)
		cause_add(out, h->removed_ms, "removed%s%s", h->removed_by[0] ? " by " : "",
			  h->removed_by);
}

bool cause_not_registered(const struct findings *f, struct cause *out)
{
	const struct history_summary *h = &f->past;

	if (f->count)
		return false;
	if (h->last_seen_s)
		cause_say(out, f->picture_complete ? CONFIDENCE_HIGH : CONFIDENCE_MEDIUM,
			  "%s is not registered: no binding is listed. It was last seen at %s.",
			  f->aor, fact_time(f, h->last_seen_s * 1000));
	else
		cause_say(out, f->picture_complete ? CONFIDENCE_HIGH : CONFIDENCE_MEDIUM,
			  "%s is not registered: no binding is listed, and none was ever seen "
			  "here.",
			  f->aor);
	add_last_known(out, h);
	return true;
}

static bool all_lapsed(const struct findings *f)
{
	for (size_t i = 0; i < f->count; i++)
		if (fact_live(f, &f->bindings[i]))
			return false;
	return f->count > 0;
}

/* The one that lapsed last. */
static const struct finding_binding *last_lapsed(const struct findings *f)
{
	const struct finding_binding *b = &f->bindings[0];

	for (size_t i = 1; i < f->count; i++)
		if (f->bindings[i].row.b.expires_s > b->row.b.expires_s)
			b = &f->bindings[i];
	return b;
}

static void add_lapsed(const struct findings *f, struct cause *out)
{
	for (size_t i = 0; i < f->count; i++)
		cause_add(out, f->bindings[i].row.b.expires_s * 1000, "%s expired",
			  fact_text(f->bindings[i].row.b.contact));
}

bool cause_still_called(const struct findings *f, struct cause *out)
{
	const struct call_found *c;

	if (!all_lapsed(f))
		return false;
	for (size_t i = 0; i < f->count; i++) {
		c = fact_call(f, &f->bindings[i], CALL_SWITCH);
		if (!c || (!c->ringing && c->outcome != CALL_ANSWERED))
			continue;
		cause_say(out, CONFIDENCE_HIGH,
			  "Every binding of %s has expired, and the switch still sends calls "
			  "there: it rang at %s.",
			  f->aor, fact_time(f, c->when_ms));
		add_lapsed(f, out);
		cause_add(out, c->when_ms, "a call through the switch rang");
		return true;
	}
	return false;
}

bool cause_lapsed(const struct findings *f, struct cause *out)
{
	const struct finding_binding *b;

	if (!all_lapsed(f))
		return false;
	b = last_lapsed(f);
	cause_say(out, CONFIDENCE_HIGH,
		  "The registration of %s expired %s ago, at %s, and was not refreshed; it is only "
		  "still listed.",
		  f->aor, fact_span(f->now_ms / 1000 - b->row.b.expires_s),
		  fact_time(f, b->row.b.expires_s * 1000));
	add_lapsed(f, out);
	return true;
}

/* ---- the registrar's table and its memory ---------------------------------------------------- */

static bool only_table(const struct findings *f, size_t i, struct cause *out)
{
	const struct finding_binding *b = &f->bindings[i];
	const struct evidence *e = fact_asked(f, b);

	if (b->row.differs == BINDING_ONLY_TABLE)
		cause_say(out, CONFIDENCE_HIGH,
			  "Only the table has this binding: the registrar's memory does not know "
			  "it, and calls go by memory.");
	else if (fact_unknown_to_registrar(e))
		cause_say(out, CONFIDENCE_HIGH,
			  "Only the table has this binding: the registrar itself answered %d when "
			  "it was asked for it, and calls are looked up in the same way.",
			  e->code);
	else
		return false;
	cause_add_usual(out, f, b);
	return true;
}

bool cause_only_table(const struct findings *f, struct cause *out)
{
	return fact_any(f, out, only_table);
}

static bool differs(const struct findings *f, size_t i, struct cause *out)
{
	const struct finding_binding *b = &f->bindings[i];

	if (b->row.differs != BINDING_FIELDS && b->row.differs != BINDING_ONLY_MEMORY)
		return false;
	/* A REGISTER that is later than the last look at the table is no difference. */
	if (f->picture_age_ms >= 0 && b->row.b.refreshed_s * 1000 >= f->now_ms - f->picture_age_ms)
		return false;
	cause_say(out, CONFIDENCE_HIGH,
		  b->row.differs == BINDING_FIELDS
			  ? "The registrar's memory and its table differ about this binding; what "
			    "is shown is memory's, by which calls go."
			  : "The registrar's memory has this binding, and its table does not, or "
			    "not yet.");
	cause_add(out, b->row.b.refreshed_s * 1000, "last REGISTER that memory knows");
	return true;
}

bool cause_differs(const struct findings *f, struct cause *out)
{
	return fact_any(f, out, differs);
}

/* ---- nothing can arrive ---------------------------------------------------------------------- */

static bool elsewhere(const struct findings *f, size_t i, struct cause *out)
{
	const struct finding_binding *b = &f->bindings[i];
	const struct evidence *e = &b->ways[WAY_CALL];

	if (e->outcome != PROBE_ELSEWHERE)
		e = &b->known;
	if (e->outcome != PROBE_ELSEWHERE)
		return false;
	cause_say(out, CONFIDENCE_HIGH,
		  "It registered at another node%s%s, and only that node reaches it: a call that "
		  "this one handles cannot ring it.",
		  b->row.b.node.n ? ", " : "", fact_text(b->row.b.node));
	cause_add(out, 0, "%s", e->detail);
	cause_add(out, b->row.b.refreshed_s * 1000, "last REGISTER, there");
	return true;
}

bool cause_elsewhere(const struct findings *f, struct cause *out)
{
	return fact_any(f, out, elsewhere);
}

static bool contact_host(const struct finding_binding *b, struct netaddr *out)
{
	struct sip_uri u;

	return sip_uri_split(b->row.b.contact, &u) == 0 && u.is_sip &&
	       netaddr_parse(u.host, u.port ? u.port : 5060, out) == 0;
}

static bool private_contact(const struct findings *f, size_t i, struct cause *out)
{
	const struct finding_binding *b = &f->bindings[i];
	struct netaddr host;

	if (b->hop.reachable || b->row.b.received.n || b->row.b.path.n || !contact_host(b, &host) ||
	    !netaddr_is_private(&host) || netaddr_is_link_local(&host) || fact_answers(f, b))
		return false;
	cause_say(out, CONFIDENCE_HIGH,
		  "The contact %s is a private address, and the registrar did not store where the "
		  "REGISTER came from: calls go to an address that nobody can reach from here.",
		  fact_text(b->row.b.contact));
	cause_add_usual(out, f, b);
	return true;
}

bool cause_private(const struct findings *f, struct cause *out)
{
	return fact_any(f, out, private_contact);
}

static bool name(const struct findings *f, size_t i, struct cause *out)
{
	const struct finding_binding *b = &f->bindings[i];

	/* Nobody looks up what only the phone's own network knows. */
	bool local = !b->hop.reachable && b->hop.name[0] && !b->hop.by_flow;

	if ((b->name != NAME_FAILS && b->name != NAME_PRIVATE && !local) || fact_answers(f, b))
		return false;
	if (local)
		cause_say(
			out, CONFIDENCE_HIGH,
			"Calls would go to the name %s, which only the phone's own network knows.",
			b->hop.name);
	else if (b->name == NAME_FAILS)
		cause_say(out, CONFIDENCE_HIGH,
			  "Calls go to the name %s, and that name does not resolve from here.",
			  b->hop.name);
	else
		cause_say(out, CONFIDENCE_HIGH,
			  "Calls go to the name %s, and from here that is the private address %s.",
			  b->hop.name, b->name_addr);
	if (!local)
		cause_add(out, f->now_ms, "name service: %s %s", b->hop.name,
			  b->name == NAME_FAILS ? "has no address" : b->name_addr);
	cause_add_usual(out, f, b);
	return true;
}

bool cause_name(const struct findings *f, struct cause *out)
{
	return fact_any(f, out, name);
}

static enum transport socket_transport(const struct finding_binding *b)
{
	struct slice word = SLICE_NONE;

	slice_cut(b->row.b.socket, ':', &word);
	return transport_parse(word);
}

/* What the contact asks for against what the REGISTER came by; the registrar's own address of it
 * (received) outdoes the contact, so it must not be there. */
static bool transport(const struct findings *f, size_t i, struct cause *out)
{
	const struct finding_binding *b = &f->bindings[i];
	enum transport came = socket_transport(b), wanted = b->hop.transport;
	const struct evidence *e = &b->ways[WAY_DIRECT];

	if (!fact_by_contact(b) || came == TRANSPORT_NONE || came == TRANSPORT_OTHER ||
	    next_hop_socket_speaks(came, wanted) || wanted == TRANSPORT_NONE || fact_answers(f, b))
		return false;
	cause_say(out,
		  e->outcome == PROBE_REFUSED || !b->hop.reachable ? CONFIDENCE_HIGH
								   : CONFIDENCE_MEDIUM,
		  "The contact asks for %s, but the phone registered over %s: it may take no call "
		  "over the one that it names.",
		  transport_name(wanted), transport_name(came));
	cause_add(out, 0, "contact %s", fact_text(b->row.b.contact));
	cause_add(out, 0, "registered on %s", fact_text(b->row.b.socket));
	if (e->outcome == PROBE_REFUSED)
		cause_add(out, e->asked_ms, "%s refused", transport_name(wanted));
	return true;
}

bool cause_transport(const struct findings *f, struct cause *out)
{
	return fact_any(f, out, transport);
}

static const char *family_name(const struct netaddr *a)
{
	return a->sa.sa_family == AF_INET6 ? "IPv6" : "IPv4";
}

static bool family(const struct findings *f, size_t i, struct cause *out)
{
	const struct finding_binding *b = &f->bindings[i];
	struct netaddr socket;
	bool local;

	if (!b->hop.addr.len || fact_answers(f, b))
		return false;
	local = netaddr_is_link_local(&b->hop.addr) && !b->hop.reachable;
	if (!local && (!next_hop_socket_address(&b->row.b, &socket) ||
		       socket.sa.sa_family == b->hop.addr.sa.sa_family))
		return false;
	if (local)
		cause_say(out, CONFIDENCE_HIGH,
			  "Calls go to %s, a link-local address: it means nothing outside of the "
			  "phone's own wire.",
			  fact_hop(b));
	else
		cause_say(out, CONFIDENCE_HIGH,
			  "Calls go to %s, which is %s, from the socket %s, which is %s.",
			  fact_hop(b), family_name(&b->hop.addr), fact_text(b->row.b.socket),
			  family_name(&socket));
	cause_add_usual(out, f, b);
	return true;
}

bool cause_family(const struct findings *f, struct cause *out)
{
	return fact_any(f, out, family);
}

/* The rules above name it better. */
static bool is_named(const struct findings *f, size_t i)
{
	static binding_rule *const rules[] = {private_contact, name, transport, family};
	struct cause unused;

	for (size_t r = 0; r < sizeof(rules) / sizeof(rules[0]); r++) {
		memset(&unused, 0, sizeof(unused));
		if (rules[r](f, i, &unused))
			return true;
	}
	return false;
}

/* A flow that the registrar holds is not seen in the data: what answers is reached. */
static bool unroutable(const struct findings *f, size_t i, struct cause *out)
{
	const struct finding_binding *b = &f->bindings[i];

	if (b->hop.reachable || fact_answers(f, b) || fact_is_stream(b) || is_named(f, i))
		return false;
	cause_say(out, CONFIDENCE_HIGH, "No call can be sent to %s: %s.",
		  fact_text(b->row.b.contact), b->hop.why ? b->hop.why : "there is no address");
	cause_add_usual(out, f, b);
	return true;
}

bool cause_unroutable(const struct findings *f, struct cause *out)
{
	return fact_any(f, out, unroutable);
}

static bool push(const struct findings *f, size_t i, struct cause *out)
{
	const struct finding_binding *b = &f->bindings[i];

	if (!contact_has_push(b->row.b.contact) || fact_answers(f, b))
		return false;
	cause_say(out, CONFIDENCE_HIGH,
		  "It is a mobile app that sleeps until a push wakes it: that no probe is answered "
		  "means nothing.");
	cause_add(out, 0, "the contact has push parameters");
	cause_add_usual(out, f, b);
	return true;
}

bool cause_push(const struct findings *f, struct cause *out)
{
	return fact_any(f, out, push);
}

/* ---- clocks ---------------------------------------------------------------------------------- */

#define SKEW_S 5

static bool granted_too_long(const struct findings *f, size_t i, struct cause *out)
{
	const struct binding *b = &f->bindings[i].row.b;
	int64_t left = binding_left_s(b, f->now_ms / 1000);

	if (b->granted_s <= 0 || b->expires_s == BINDING_PERMANENT || left <= b->granted_s + SKEW_S)
		return false;
	cause_say(out, CONFIDENCE_HIGH,
		  "Times here come from another clock: %s are left of the %s that were granted.",
		  fact_span(left), fact_span(b->granted_s));
	cause_add(out, b->expires_s * 1000, "expiry as stored");
	return true;
}

bool cause_skew(const struct findings *f, struct cause *out)
{
	int64_t skew = f->about.skew_s;

	if (f->about.clock_known && (skew >= SKEW_S || skew <= -SKEW_S)) {
		cause_say(out, CONFIDENCE_HIGH,
			  "Times here come from another clock: the registrar's is %s %s ours.",
			  fact_span(skew < 0 ? -skew : skew), skew < 0 ? "behind" : "ahead of");
		cause_add(out, f->about.asked_ms, "the registrar told its time");
		return true;
	}
	return fact_any(f, out, granted_too_long);
}
