/* The connection that a registrar of this machine holds to a phone, as the kernel knows it. */
#include "act/flow_state.h"

#include "judge/next_hop.h"

/* TLS and WebSocket are TCP below. */
static bool is_stream(enum transport t)
{
	return t == TRANSPORT_TCP || t == TRANSPORT_TLS || t == TRANSPORT_WS || t == TRANSPORT_WSS;
}

static bool find(const struct binding *b, struct next_hop *hop, struct tcp_state *out)
{
	struct slice place, word = SLICE_NONE;
	struct netaddr local;

	*out = (struct tcp_state){.last_ack_ms = -1};
	place = slice_cut(b->socket, ':', &word);
	next_hop_find(b, hop);
	/* Behind an edge the connection is the edge's. */
	if (hop->from == HOP_PATH || !hop->addr.len || !is_stream(hop->transport) ||
	    !is_stream(transport_parse(word)) || netaddr_parse_hostport(place, 0, &local) < 0)
		return false;
	if (tcp_state_find(&local, &hop->addr, out) == 0 && (out->established || out->listening))
		return true;
	*out = (struct tcp_state){.last_ack_ms = -1};
	return false;
}

bool flow_state_find(const struct binding *b, struct tcp_state *out)
{
	struct next_hop hop;

	return find(b, &hop, out);
}

void flow_state_explain(const struct binding *b, struct ping_finding *f)
{
	struct next_hop hop;
	struct tcp_state s;

	if (f->outcome != PROBE_SILENT || !find(b, &hop, &s))
		return;
	if (tcp_state_half_open(&s)) {
		f->outcome = PROBE_FLOW_GONE;
		tcp_state_half_open_words(&s, f->detail);
	} else if (!s.established && hop.by_flow) {
		f->outcome = PROBE_FLOW_GONE;
		slice_to_buf(SLICE_LIT("the registrar has no connection to it any more"), f->detail,
			     sizeof(f->detail));
	}
}
