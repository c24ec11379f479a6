/* The connection that a registrar of this machine holds to a phone, as the kernel knows it. */
#include "act/flow_state.h"

#include "judge/next_hop.h"

/* TLS and WebSocket are TCP below. */
static bool is_stream(enum transport t)
{
	return t == TRANSPORT_TCP || t == TRANSPORT_TLS || t == TRANSPORT_WS || t == TRANSPORT_WSS;
}

bool flow_state_find(const struct binding *b, struct tcp_state *out)
{
	struct slice place, word = SLICE_NONE;
	struct netaddr local;
	struct next_hop hop;

	*out = (struct tcp_state){.last_ack_ms = -1};
	place = slice_cut(b->socket, ':', &word);
	next_hop_find(b, &hop);
	/* Behind an edge the connection is the edge's. */
	if (hop.from == HOP_PATH || !hop.addr.len || !is_stream(hop.transport) ||
	    !is_stream(transport_parse(word)) || netaddr_parse_hostport(place, 0, &local) < 0)
		return false;
	if (tcp_state_find(&local, &hop.addr, out) == 0 && out->established)
		return true;
	*out = (struct tcp_state){.last_ack_ms = -1};
	return false;
}

void flow_state_explain(const struct binding *b, struct ping_finding *f)
{
	struct tcp_state s;

	if (f->outcome != PROBE_SILENT || !flow_state_find(b, &s) || !tcp_state_half_open(&s))
		return;
	f->outcome = PROBE_FLOW_GONE;
	tcp_state_half_open_words(&s, f->detail);
}
