/* Causes that many bindings share: an edge, a site, the registrar itself, a connection that is
 * lost.
 */
#include "judge/cause_facts.h"

/* What is asked together is answered within. */
#define ONE_SITTING_MS 10000

static const struct group_effect *effect(const struct findings *f, enum group_kind kind)
{
	for (size_t i = 0; i < f->group_count; i++)
		if (f->groups[i].kind == kind && f->groups[i].effect)
			return &f->groups[i];
	return NULL;
}

static bool all_fail(const struct group_effect *g)
{
	return g->answered == 0;
}

static void add_group(const struct findings *f, const struct group_effect *g, struct cause *out)
{
	bool before = g->since_ms && f->now_ms - g->since_ms > ONE_SITTING_MS;

	/* Some of it may be remembered from before. */
	cause_add(out, before ? g->since_ms : f->now_ms, "%s%s", g->words,
		  before ? ", asked since then" : "");
}

/* The first live binding that fails; a group explains nothing of a phone that answers. */
static const struct finding_binding *failing(const struct findings *f, struct cause *out)
{
	for (size_t i = 0; i < f->count; i++) {
		const struct finding_binding *b = &f->bindings[i];

		if (!fact_live(f, b) || fact_superseded(f, i, NULL))
			continue;
		if (fact_fails(f, b)) {
			out->binding = i;
			return b;
		}
	}
	return NULL;
}

bool cause_edge_dead(const struct findings *f, struct cause *out)
{
	const struct group_effect *g = effect(f, GROUP_PATH), *site = effect(f, GROUP_NETWORK);
	const struct finding_binding *b = failing(f, out);
	const struct evidence *e, *call;
	bool edge_fails;

	if (!b || !b->row.b.path.n)
		return false;
	e = &b->ways[WAY_EDGE];
	call = fact_asked(f, b);
	/* Not silence, but a closed port or no way there: that is said of the edge. */
	if (!probe_was_sent(e->outcome) && call &&
	    (call->outcome == PROBE_REFUSED || call->outcome == PROBE_NO_ROUTE))
		e = call;
	edge_fails = probe_was_sent(e->outcome) && e->outcome != PROBE_ANSWERED;
	/* When the phones of one site are all that there are behind it, it is the site. */
	if (!edge_fails && (!g || (site && site->asked >= g->asked)))
		return false;
	if (edge_fails)
		cause_say(out, g ? CONFIDENCE_HIGH : CONFIDENCE_MEDIUM,
			  "Not the phone: the edge %s on its Path does not answer%s%s.",
			  g ? g->value : fact_hop(b), g ? "; " : "", g ? g->words : "");
	else
		cause_say(out, CONFIDENCE_MEDIUM, "Not this phone alone: %s%s.", g->words,
			  e->outcome == PROBE_ANSWERED
				  ? ", though the edge itself answers: it is what stands behind it"
				  : "");
	if (probe_was_sent(e->outcome))
		cause_add(out, e->asked_ms, "the edge itself: %s",
			  e->outcome == PROBE_ANSWERED ? fact_format("%d", e->code)
			  : e->detail[0]               ? e->detail
						       : "no answer");
	if (g)
		add_group(f, g, out);
	cause_add_usual(out, f, b);
	return true;
}

static bool restarted(const struct findings *f, size_t i, struct cause *out)
{
	const struct finding_binding *b = &f->bindings[i];

	if (!f->about.started_s || !fact_is_stream(b) || b->row.b.refreshed_s <= 0 ||
	    f->about.started_s <= b->row.b.refreshed_s || !fact_fails(f, b))
		return false;
	cause_say(out, CONFIDENCE_HIGH,
		  "The registrar was restarted at %s, after this phone registered over %s: its "
		  "connection ended then, and the entry was only read back.",
		  fact_time(f, f->about.started_s * 1000), transport_name(b->hop.transport));
	cause_add(out, f->about.started_s * 1000, "start of the registrar");
	cause_add_usual(out, f, b);
	return true;
}

bool cause_restarted(const struct findings *f, struct cause *out)
{
	return fact_any(f, out, restarted);
}

/* What was found straight from here says something of the phone, and nothing of its calls. */
static bool registrar_away(const struct findings *f, size_t i, struct cause *out)
{
	const struct finding_binding *b = &f->bindings[i];
	const struct evidence *e = &b->ways[WAY_DIRECT];

	if (!e->away)
		return false;
	cause_say(
		out, CONFIDENCE_HIGH,
		"The registrar itself takes no SIP: its port is shut, or there is no way to it. No "
		"call can come to any of its phones, whatever they answer to others.");
	cause_add(out, e->asked_ms, "the registrar took no OPTIONS; straight from here: %s",
		  e->outcome == PROBE_ANSWERED ? fact_format("%d", e->code)
		  : e->detail[0]               ? e->detail
					       : "no answer");
	cause_add_usual(out, f, b);
	return true;
}

bool cause_registrar_away(const struct findings *f, struct cause *out)
{
	return fact_any(f, out, registrar_away);
}

static bool registrar_path(const struct findings *f, size_t i, struct cause *out)
{
	const struct finding_binding *b = &f->bindings[i];
	const struct evidence *call = &b->ways[WAY_CALL], *direct = &b->ways[WAY_DIRECT];

	if (!fact_only_direct(b) || !fact_fails(f, b))
		return false;
	cause_say(
		out, call->failures < 2 ? CONFIDENCE_LOW : CONFIDENCE_MEDIUM,
		"The phone answers at %s who asks it straight, and nothing comes back through "
		"the registrar: the fault is the registrar's, or lies on its own way to the phone.",
		fact_hop(b));
	cause_add(out, direct->asked_ms, "straight from here: %d", direct->code);
	cause_add_usual(out, f, b);
	return true;
}

bool cause_registrar_path(const struct findings *f, struct cause *out)
{
	return fact_any(f, out, registrar_path);
}

/* Everybody of a socket, node or source at once: what they share is the registrar's. */
bool cause_registrar_silent(const struct findings *f, struct cause *out)
{
	static const enum group_kind kinds[] = {GROUP_SOURCE, GROUP_NODE, GROUP_SOCKET};
	const struct finding_binding *b = failing(f, out);
	const struct group_effect *g = NULL, *site = effect(f, GROUP_NETWORK);

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && !g; i++)
		g = effect(f, kinds[i]);
	/* When the site is all that there is, it is the site. */
	if (!b || !g || !all_fail(g) || (site && site->asked >= g->asked))
		return false;
	cause_say(out, CONFIDENCE_MEDIUM,
		  "Not this phone alone: %s. What they have in common is the registrar's side.",
		  g->words);
	add_group(f, g, out);
	cause_add_usual(out, f, b);
	return true;
}

/* Who answers there proves the line, and the router. */
static void site_in_part(const struct group_effect *g, struct cause *out)
{
	cause_say(out, CONFIDENCE_MEDIUM,
		  "Not this phone alone: %s. %u there answer%s, so the line is up: look for what "
		  "the silent ones share.",
		  g->words, g->answered, g->answered == 1 ? "s" : "");
	out->advice = "Look for what the silent ones have in common and the others have not: a "
		      "switch or its power (PoE), a Wi-Fi, a VLAN, a model. Leave the bindings in "
		      "place.";
}

bool cause_site_down(const struct findings *f, struct cause *out)
{
	const struct group_effect *g = effect(f, GROUP_NETWORK);
	const struct finding_binding *b = failing(f, out);

	/* Phones that were seen to move say more: the address is a former one. */
	if (!b || !g || f->siblings_moved)
		return false;
	if (all_fail(g))
		cause_say(out, CONFIDENCE_HIGH,
			  "Not this phone alone: %s. It is the site or its line%s.", g->words,
			  g->host[0] ? "" : ", or the network that these addresses share");
	else
		site_in_part(g, out);
	add_group(f, g, out);
	cause_add_usual(out, f, b);
	return true;
}

bool cause_model_silent(const struct findings *f, struct cause *out)
{
	const struct group_effect *g = effect(f, GROUP_AGENT);
	const struct finding_binding *b = failing(f, out);

	if (!b || !g || effect(f, GROUP_NETWORK) || effect(f, GROUP_SOCKET) ||
	    effect(f, GROUP_PATH))
		return false;
	cause_say(out, CONFIDENCE_MEDIUM,
		  "Not this phone alone: %s, and they are at different places: this model or its "
		  "firmware.",
		  g->words);
	add_group(f, g, out);
	cause_add_usual(out, f, b);
	return true;
}

/* ---- streams --------------------------------------------------------------------------------- */

static bool is_web(const struct finding_binding *b)
{
	return b->hop.transport == TRANSPORT_WS || b->hop.transport == TRANSPORT_WSS;
}

static bool said_half_open(const struct evidence *e)
{
	return e && e->outcome == PROBE_FLOW_GONE && strncmp(e->detail, "half-open", 9) == 0;
}

static bool half_open(const struct findings *f, size_t i, struct cause *out)
{
	const struct finding_binding *b = &f->bindings[i];
	const struct evidence *e = fact_asked(f, b);
	const struct tcp_state *t = &b->tcp;

	if ((!tcp_state_half_open(t) && !said_half_open(e)) || fact_answers(f, b))
		return false;
	cause_say(out, CONFIDENCE_HIGH,
		  "The %s connection looks open and is not: what the registrar writes is never "
		  "acknowledged. A router in between forgot it, or the phone went away without a "
		  "word.",
		  transport_name(b->hop.transport));
	/* The probe may have said the same. */
	if (tcp_state_half_open(t) && !said_half_open(e))
		cause_add(out, f->now_ms,
			  "kernel: %u bytes wait, sent again %u times, last acknowledged %s ago",
			  t->send_queue, t->retransmits, fact_span(t->last_ack_ms / 1000));
	cause_add_usual(out, f, b);
	return true;
}

bool cause_half_open(const struct findings *f, struct cause *out)
{
	return fact_any(f, out, half_open);
}

static bool websocket(const struct findings *f, size_t i, struct cause *out)
{
	const struct finding_binding *b = &f->bindings[i];

	if (!is_web(b) || !fact_fails(f, b))
		return false;
	cause_say(out, CONFIDENCE_HIGH,
		  "The WebSocket of this phone is gone: the browser page was closed, or sleeps.");
	cause_add_usual(out, f, b);
	return true;
}

bool cause_websocket(const struct findings *f, struct cause *out)
{
	return fact_any(f, out, websocket);
}

static bool flow_closed(const struct findings *f, size_t i, struct cause *out)
{
	const struct finding_binding *b = &f->bindings[i];
	const struct evidence *e = fact_asked(f, b);

	if (!e || e->outcome != PROBE_FLOW_GONE || is_web(b) || said_half_open(e) ||
	    tcp_state_half_open(&b->tcp))
		return false;
	cause_say(out, CONFIDENCE_HIGH,
		  "The %s connection that the phone registered over is closed, and only that "
		  "connection reaches it: calls cannot come until it connects again.",
		  transport_name(b->hop.transport));
	cause_add_usual(out, f, b);
	return true;
}

bool cause_flow_closed(const struct findings *f, struct cause *out)
{
	return fact_any(f, out, flow_closed);
}
