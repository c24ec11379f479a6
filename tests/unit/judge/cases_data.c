/* Cases of what the data and the neighbours say: nothing stored, out of reach, groups, streams. */
#include "cause_scenes.h"

static void banned(struct scene *s)
{
	is_silent(&s->b[0]);
	s->f.about = (struct source_about){.asked_ms = AGO(2), .bans_known = true, .banned = true};
	slice_to_buf(slice_of("ipban"), s->f.about.ban_list, sizeof(s->f.about.ban_list));
}

static void not_registered(struct scene *s)
{
	s->f.count = 0;
	s->f.past.last_seen_s = NOW_S - 7200;
	s->f.past.removed_ms = AGO(7100);
	slice_to_buf(slice_of("sip:4021@10.0.0.2:5062"), s->f.past.last_contact, 200);
	slice_to_buf(slice_of("203.0.113.2:42744"), s->f.past.last_source, 64);
	slice_to_buf(slice_of("ruth from 192.0.2.4"), s->f.past.removed_by, 96);
}

static void still_called(struct scene *s)
{
	s->b[0].row.b.expires_s = NOW_S - 90;
	call(&s->b[0], CALL_SWITCH, CALL_CANCELLED, 487, "Request Terminated")->ringing = true;
}

static void lapsed(struct scene *s)
{
	s->b[0].row.b.expires_s = NOW_S - 90;
	is_silent(&s->b[0]);
}

static void edge_dead(struct scene *s)
{
	s->b[0].row.b.path = SLICE_LIT("<sip:192.0.2.50;lr>");
	is_silent(&s->b[0]);
	s->b[0].ways[WAY_EDGE] = failed(PROBE_PATH_DIRECT, PROBE_SILENT, "");
	group(s, GROUP_PATH, "192.0.2.50", 6, 0);
}

static void restarted(struct scene *s)
{
	by_stream(&s->b[0], "tcp");
	s->b[0].ways[WAY_CALL] =
		failed(PROBE_PATH_OWN, PROBE_FLOW_GONE, "its connection is closed");
	s->f.about = (struct source_about){.asked_ms = AGO(1), .started_s = NOW_S - 120};
}

static void moved(struct scene *s)
{
	s->b[0].ways[WAY_CALL] = icmp(1, "203.0.113.10", "ICMP host unreachable from 203.0.113.10");
}

static void moved_beside_registrar(struct scene *s)
{
	is_silent(&s->b[0]);
	s->b[0].ways[WAY_CALL].path = PROBE_PATH_REGISTRAR;
	s->b[0].ways[WAY_DIRECT] =
		icmp(1, "203.0.113.10", "ICMP host unreachable from 203.0.113.10");
	s->b[0].ways[WAY_DIRECT].path = PROBE_PATH_DIRECT;
}

static void moved_with_siblings(struct scene *s)
{
	is_silent(&s->b[0]);
	s->f.siblings_moved = 2;
	slice_to_buf(slice_of("203.0.113.2"), s->f.siblings_from, 64);
	slice_to_buf(slice_of("203.0.113.77"), s->f.siblings_to, 64);
	group(s, GROUP_NETWORK, "203.0.113.0/24", 3, 0);
}

static void site_down(struct scene *s)
{
	is_silent(&s->b[0]);
	group(s, GROUP_NETWORK, "203.0.113.0/24", 6, 1);
}

static void registrar_away(struct scene *s)
{
	s->b[0].known = s->b[0].ways[WAY_DIRECT] = answered(PROBE_PATH_DIRECT, 200);
	s->b[0].known.away = s->b[0].ways[WAY_DIRECT].away = true;
	memset(&s->b[0].ways[WAY_CALL], 0, sizeof(s->b[0].ways[WAY_CALL]));
}

static void registrar_away_and_silent(struct scene *s)
{
	registrar_away(s);
	s->b[0].known = failed(PROBE_PATH_DIRECT, PROBE_REFUSED, "ICMP port unreachable");
	s->b[0].known.away = true;
	s->b[0].ways[WAY_DIRECT] = s->b[0].known;
}

static void registrar_path(struct scene *s)
{
	s->b[0].known = s->b[0].ways[WAY_CALL] = failed(PROBE_PATH_REGISTRAR, PROBE_SILENT, "");
	s->b[0].ways[WAY_DIRECT] = answered(PROBE_PATH_DIRECT, 200);
}

static void registrar_silent(struct scene *s)
{
	is_silent(&s->b[0]);
	group(s, GROUP_NETWORK, "203.0.113.0/24", 4, 0);
	group(s, GROUP_SOCKET, "udp:203.0.113.10:5060", 12, 0);
}

static void model_silent(struct scene *s)
{
	is_silent(&s->b[0]);
	group(s, GROUP_AGENT, "Yealink SIP-T46U 108.86", 9, 0);
	group(s, GROUP_SOCKET, "udp:203.0.113.10:5060", 20, 11);
}

static void only_table(struct scene *s)
{
	s->b[0].row.differs = BINDING_ONLY_TABLE;
	is_silent(&s->b[0]);
}

static void elsewhere(struct scene *s)
{
	s->b[0].row.b.node = SLICE_LIT("edge-2");
	s->b[0].ways[WAY_CALL] = (struct evidence){.outcome = PROBE_ELSEWHERE};
	slice_to_buf(slice_of("only node edge-2 reaches it"), s->b[0].ways[WAY_CALL].detail,
		     EVIDENCE_DETAIL);
}

static void private_contact(struct scene *s)
{
	s->b[0].row.b.received = SLICE_NONE;
	s->b[0].ways[WAY_CALL] = (struct evidence){.outcome = PROBE_NOT_ASKED};
}

static void name_fails(struct scene *s)
{
	in_the_open(&s->b[0], "sip:4021@phone7.acme.example");
	s->b[0].ways[WAY_CALL] = (struct evidence){.outcome = PROBE_NOT_ASKED};
	s->b[0].name = NAME_FAILS;
}

static void transport(struct scene *s)
{
	in_the_open(&s->b[0], "sip:4021@203.0.113.9:5060;transport=tcp");
	s->b[0].ways[WAY_CALL] = (struct evidence){.outcome = PROBE_NOT_ASKED};
	s->b[0].ways[WAY_DIRECT] = failed(PROBE_PATH_DIRECT, PROBE_REFUSED, "Connection refused");
}

static void family(struct scene *s)
{
	in_the_open(&s->b[0], "sip:4021@[2001:db8::7]:5060");
	is_silent(&s->b[0]);
}

static void unroutable(struct scene *s)
{
	in_the_open(&s->b[0], "sip:4021@0.0.0.0:5060");
	s->b[0].ways[WAY_CALL] = (struct evidence){.outcome = PROBE_NOT_ASKED};
}

static void push(struct scene *s)
{
	s->b[0].row.b.contact = SLICE_LIT("sip:4021@10.0.0.2;pn-provider=apns;pn-prid=1");
	is_silent(&s->b[0]);
}

static void half_open(struct scene *s)
{
	by_stream(&s->b[0], "tcp");
	is_silent(&s->b[0]);
	s->b[0].tcp = (struct tcp_state){.known = true,
					 .established = true,
					 .send_queue = 335,
					 .unacked = 1,
					 .retransmits = 5,
					 .last_ack_ms = 4616,
					 .rto_ms = 400};
}

static void websocket(struct scene *s)
{
	by_stream(&s->b[0], "ws");
	s->b[0].ways[WAY_CALL] =
		failed(PROBE_PATH_OWN, PROBE_FLOW_GONE, "its connection is closed");
}

static void flow_closed(struct scene *s)
{
	by_stream(&s->b[0], "tcp");
	s->b[0].ways[WAY_CALL] =
		failed(PROBE_PATH_OWN, PROBE_FLOW_GONE, "its connection is closed");
}

static void never_seen(struct scene *s)
{
	s->f.count = 0;
	s->f.picture_complete = false;
}

static void site_remembered(struct scene *s)
{
	struct group_effect *g;

	is_silent(&s->b[0]);
	g = group(s, GROUP_NETWORK, "203.0.113.0/24", 6, 1);
	put(g->host, sizeof(g->host), "203.0.113.2");
	g->since_ms = AGO(240);
	group_effects_end(g, 1);
}

static void site_all(struct scene *s)
{
	is_silent(&s->b[0]);
	group(s, GROUP_NETWORK, "203.0.113.0/24", 3, 0);
}

static void unknown_to_registrar(struct scene *s)
{
	s->b[0].ways[WAY_CALL] = answered(PROBE_PATH_REGISTRAR, 404);
	s->b[0].ways[WAY_CALL].by_registrar = true;
	put(s->b[0].ways[WAY_CALL].agent, EVIDENCE_AGENT, "kamailio (5.6.3)");
}

static void local_name(struct scene *s)
{
	in_the_open(&s->b[0], "sip:4021@snom370.local:5060");
	s->b[0].ways[WAY_CALL] = (struct evidence){.outcome = PROBE_NOT_ASKED};
}

static void private_name(struct scene *s)
{
	name_fails(s);
	s->b[0].name = NAME_PRIVATE;
	put(s->b[0].name_addr, sizeof(s->b[0].name_addr), "192.168.3.9");
}

static void link_local(struct scene *s)
{
	in_the_open(&s->b[0], "sip:4021@[fe80::7]:5060");
	s->b[0].row.b.socket = SLICE_LIT("udp:[2001:db8::1]:5060");
	s->b[0].ways[WAY_CALL] = (struct evidence){.outcome = PROBE_NOT_ASKED};
}

static void tls_over_udp(struct scene *s)
{
	in_the_open(&s->b[0], "sip:4021@203.0.113.9:5061;transport=tls");
	s->b[0].ways[WAY_CALL] = (struct evidence){.outcome = PROBE_NOT_ASKED};
}

static void half_open_by_probe(struct scene *s)
{
	by_stream(&s->b[0], "tcp");
	s->b[0].ways[WAY_CALL] = failed(PROBE_PATH_OWN, PROBE_FLOW_GONE,
					"half-open: 335 bytes wait, sent again 5 times");
}

static void flow_closed_by_registrar(struct scene *s)
{
	by_stream(&s->b[0], "tcp");
	s->b[0].ways[WAY_CALL] =
		failed(PROBE_PATH_REGISTRAR, PROBE_FLOW_GONE,
		       "Unfortunately error on sending to next hop occurred (477/TM)");
	s->b[0].ways[WAY_CALL].by_registrar = true;
	s->b[0].ways[WAY_CALL].code = 477;
}

static void edge_refused(struct scene *s)
{
	s->b[0].row.b.path = SLICE_LIT("<sip:192.0.2.50;lr>");
	s->b[0].ways[WAY_CALL] = icmp(3, "192.0.2.50", "ICMP port unreachable from 192.0.2.50");
}

static void edge_is_well(struct scene *s)
{
	s->b[0].row.b.path = SLICE_LIT("<sip:192.0.2.50;lr>");
	is_silent(&s->b[0]);
	s->b[0].ways[WAY_EDGE] = answered(PROBE_PATH_DIRECT, 200);
	group(s, GROUP_PATH, "192.0.2.50", 3, 0);
}

static void site_behind_edge(struct scene *s)
{
	edge_is_well(s);
	group(s, GROUP_NETWORK, "203.0.113.0/24", 3, 0);
}

/* clang-format off */
const struct cause_case cases_of_data[] = {
	{"banned", "its address is on the list", banned, false},
	{"not-registered", "removed two hours ago", not_registered, false},
	{"lapsed-still-called", "expired, and the switch rings it", still_called, false},
	{"all-lapsed", "expired", lapsed, false},
	{"edge-dead", "six phones of one Path", edge_dead, false},
	{"registrar-restarted", "TCP, registered before the start", restarted, false},
	{"address-moved", "a router complains", moved, false},
	{"address-moved", "silent through the registrar, and a packet of ours finds no such host", moved_beside_registrar, false},
	{"address-moved", "two siblings came back from elsewhere", moved_with_siblings, false},
	{"registrar-path", "silent through the registrar, 200 straight", registrar_path, false},
	{"site-down", "five of six of one network", site_down, false},
	{"registrar-away", "the phone answers straight from here", registrar_away, false},
	{"registrar-away", "and nobody listens at the phone", registrar_away_and_silent, false},
	{"registrar-silent", "all of one socket", registrar_silent, false},
	{"model-silent", "all of one model", model_silent, false},
	{"only-in-table", "memory does not know it", only_table, false},
	{"other-node", "only node edge-2 reaches it", elsewhere, false},
	{"private-contact", "10.0.0.2 and no received", private_contact, false},
	{"name-unresolvable", "phone7.acme.example", name_fails, false},
	{"transport-mismatch", "TCP in the contact, UDP in fact", transport, false},
	{"family-mismatch", "IPv6 from an IPv4 socket", family, false},
	{"unroutable", "0.0.0.0", unroutable, false},
	{"push-asleep", "pn-provider", push, false},
	{"flow-half-open", "Send-Q 335", half_open, false},
	{"websocket-closed", "ws", websocket, false},
	{"flow-closed", "tcp", flow_closed, false},
	{"not-registered", "never seen, and the picture is incomplete", never_seen, false},
	{"site-down", "three of three of one network", site_all, false},
	{"site-down", "behind one address, asked by somebody else before", site_remembered, false},
	{"only-in-table", "the registrar answers 404 itself", unknown_to_registrar, false},
	{"name-unresolvable", "a name of the phone's own network", local_name, false},
	{"name-unresolvable", "a name that leads to a private address", private_name, false},
	{"family-mismatch", "link-local", link_local, false},
	{"transport-mismatch", "TLS in the contact, UDP in fact", tls_over_udp, false},
	{"flow-half-open", "the probe says so", half_open_by_probe, false},
	{"flow-closed", "the registrar cannot send", flow_closed_by_registrar, false},
	{"edge-dead", "its port is closed", edge_refused, false},
	{"edge-dead", "the edge answers, and nobody behind it", edge_is_well, false},
	{"site-down", "all behind an edge that answers", site_behind_edge, false},
};
/* clang-format on */

const size_t cases_of_data_count = sizeof(cases_of_data) / sizeof(cases_of_data[0]);
