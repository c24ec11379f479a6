/* The diagnosis table: one case for each cause; its words stand in causes.expected, and so does
 * what else holds in that case, so that no rule is reached unnoticed. */
#include "test.h"

#include <stdlib.h>
#include "base/strbuf.h"
#include "judge/diagnosis.h"
#include "judge/verdict.h"

#define NOW_MS 1900000000000
#define NOW_S  (NOW_MS / 1000)
#define AGO(s) (NOW_MS - (s)*1000LL)

#define MANY 5

/* What a case starts from: a Yealink behind NAT that answers over the registrar's own socket. */
struct scene {
	struct findings f;
	struct finding_binding b[MANY];
};

static struct evidence answered(enum probe_path path, int code)
{
	struct evidence e = {.outcome = PROBE_ANSWERED,
			     .path = path,
			     .code = code,
			     .asked_ms = AGO(1),
			     .heard_ms = AGO(1),
			     .rtt_us = 1400,
			     .probes = 1,
			     .answers = 1};

	slice_to_buf(slice_of("Yealink SIP-T46U 108.86"), e.agent, sizeof(e.agent));
	return e;
}

static struct evidence failed(enum probe_path path, enum probe_outcome outcome, const char *detail)
{
	struct evidence e = {.outcome = outcome,
			     .path = path,
			     .asked_ms = AGO(5),
			     .failed_first_ms = AGO(36),
			     .failures = 2,
			     .probes = 2};

	slice_to_buf(slice_of(detail), e.detail, sizeof(e.detail));
	return e;
}

static struct evidence icmp(int code, const char *offender, const char *detail)
{
	struct evidence e =
		failed(PROBE_PATH_OWN, code == 3 ? PROBE_REFUSED : PROBE_NO_ROUTE, detail);

	e.icmp = true;
	e.icmp_type = 3;
	e.icmp_code = (uint8_t)code;
	slice_to_buf(slice_of(offender), e.offender, sizeof(e.offender));
	return e;
}

static void no_past(struct history_summary *h)
{
	memset(h, 0, sizeof(*h));
	h->answered_at_age_s = h->silent_at_age_s = HISTORY_AGE_UNKNOWN;
}

static void a_binding(struct finding_binding *b)
{
	struct binding *x = &b->row.b;

	memset(b, 0, sizeof(*b));
	*x = (struct binding){.key = SLICE_LIT("k1"),
			      .user = SLICE_LIT("4021"),
			      .domain = SLICE_LIT("acme.example"),
			      .contact = SLICE_LIT("sip:4021@10.0.0.2:5062"),
			      .received = SLICE_LIT("sip:203.0.113.2:42744"),
			      .socket = SLICE_LIT("udp:203.0.113.10:5060"),
			      .user_agent = SLICE_LIT("Yealink SIP-T46U 108.86"),
			      .call_id = SLICE_LIT("one@10.0.0.2"),
			      .expires_s = NOW_S + 3000,
			      .refreshed_s = NOW_S - 600,
			      .granted_s = 3600,
			      .cseq = 7,
			      .methods = BINDING_METHODS_ALL,
			      .q_milli = BINDING_Q_UNSET,
			      .connection = -1};
	b->ways[WAY_CALL] = answered(PROBE_PATH_OWN, 200);
	no_past(&b->past);
}

static void settle(struct scene *s)
{
	s->f.bindings = s->b;
	for (size_t i = 0; i < s->f.count; i++) {
		struct finding_binding *b = &s->b[i];

		if (b->known.outcome == PROBE_NOT_ASKED && b->ways[WAY_CALL].outcome)
			b->known = b->ways[WAY_CALL];
		b->row.now_ms = NOW_MS;
		b->row.twins = (unsigned)s->f.count;
		b->row.source = "kamailio.sqlite";
		b->row.evidence = b->known.outcome ? &b->known : NULL;
		verdict_judge(NULL, &b->row);
		next_hop_find(&b->row.b, &b->hop);
	}
}

static void begin(struct scene *s)
{
	memset(s, 0, sizeof(*s));
	slice_to_buf(slice_of("4021@acme.example"), s->f.aor, sizeof(s->f.aor));
	s->f.now_ms = NOW_MS;
	s->f.source_name = "kamailio.sqlite";
	s->f.picture_complete = true;
	s->f.count = 1;
	no_past(&s->f.past);
	a_binding(&s->b[0]);
}

static void is_silent(struct finding_binding *b)
{
	b->ways[WAY_CALL] = failed(PROBE_PATH_OWN, PROBE_SILENT, "");
}

static void by_stream(struct finding_binding *b, const char *transport)
{
	if (strcmp(transport, "ws") == 0) {
		b->row.b.contact = SLICE_LIT("sip:4021@x7.invalid;transport=ws");
		b->row.b.received = SLICE_LIT("sip:203.0.113.2:42744;transport=ws");
		b->row.b.socket = SLICE_LIT("ws:203.0.113.10:8080");
	} else {
		b->row.b.contact = SLICE_LIT("sip:4021@10.0.0.2:5062;transport=tcp");
		b->row.b.received = SLICE_LIT("sip:203.0.113.2:42744;transport=tcp");
		b->row.b.socket = SLICE_LIT("tcp:203.0.113.10:5060");
	}
	b->row.b.connection = 17;
}

static struct group_effect *group(struct scene *s, enum group_kind kind, const char *value,
				  unsigned asked, unsigned well)
{
	struct group_effect *g = &s->f.groups[s->f.group_count++];

	*g = (struct group_effect){.kind = kind,
				   .members = asked + 2,
				   .asked = asked,
				   .answered = well,
				   .silent = asked - well};
	slice_to_buf(slice_of(value), g->value, sizeof(g->value));
	group_effects_end(g, 1);
	return g;
}

static struct call_found *call(struct finding_binding *b, enum call_kind kind,
			       enum call_outcome outcome, int code, const char *reason)
{
	struct call_found *c = &b->calls[kind];

	*c = (struct call_found){.kind = kind,
				 .outcome = outcome,
				 .path = PROBE_PATH_OWN,
				 .when_ms = AGO(20),
				 .code = code,
				 .final_us = 84000,
				 .size = 730,
				 .sends = 1};
	slice_to_buf(slice_of(reason), c->reason, sizeof(c->reason));
	return c;
}

/* ---- the cases, in the order of the table ---------------------------------------------------- */

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
	s->b[0].row.b.received = SLICE_NONE;
	s->b[0].row.b.contact = SLICE_LIT("sip:4021@phone7.acme.example");
	s->b[0].ways[WAY_CALL] = (struct evidence){.outcome = PROBE_NOT_ASKED};
	s->b[0].name = NAME_FAILS;
}

static void transport(struct scene *s)
{
	s->b[0].row.b.received = SLICE_NONE;
	s->b[0].row.b.contact = SLICE_LIT("sip:4021@203.0.113.9:5060;transport=tcp");
	s->b[0].ways[WAY_CALL] = (struct evidence){.outcome = PROBE_NOT_ASKED};
	s->b[0].ways[WAY_DIRECT] = failed(PROBE_PATH_DIRECT, PROBE_REFUSED, "Connection refused");
}

static void family(struct scene *s)
{
	s->b[0].row.b.received = SLICE_NONE;
	s->b[0].row.b.contact = SLICE_LIT("sip:4021@[2001:db8::7]:5060");
	is_silent(&s->b[0]);
}

static void unroutable(struct scene *s)
{
	s->b[0].row.b.received = SLICE_NONE;
	s->b[0].row.b.contact = SLICE_LIT("sip:4021@0.0.0.0:5060");
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

static void filtered(struct scene *s)
{
	s->b[0].ways[WAY_CALL] =
		icmp(13, "198.51.100.1", "ICMP prohibited by a filter from 198.51.100.1");
}

static void filtered_in_silence(struct scene *s)
{
	is_silent(&s->b[0]);
	s->b[0].row.b.refreshed_s = NOW_S - 12;
	s->b[0].row.b.expires_s = NOW_S + 3588;
}

static void process(struct scene *s)
{
	s->b[0].row.b.refreshed_s = NOW_S - 20;
	s->b[0].ways[WAY_CALL] = icmp(3, "203.0.113.2", "ICMP port unreachable from 203.0.113.2");
}

static void process_or_mapping(struct scene *s)
{
	s->b[0].ways[WAY_CALL] = icmp(3, "203.0.113.2", "ICMP port unreachable from 203.0.113.2");
}

static void host_down(struct scene *s)
{
	s->b[0].ways[WAY_CALL] = icmp(1, "203.0.113.2", "ICMP host unreachable from 203.0.113.2");
}

static void disowned(struct scene *s)
{
	s->b[0].ways[WAY_CALL] = answered(PROBE_PATH_OWN, 404);
}

static void stranger(struct scene *s)
{
	s->b[0].ways[WAY_CALL] = answered(PROBE_PATH_OWN, 200);
	slice_to_buf(slice_of("Snom D785"), s->b[0].ways[WAY_CALL].agent, EVIDENCE_AGENT);
}

static void last_hop_auth(struct scene *s)
{
	s->b[0].ways[WAY_CALL] = answered(PROBE_PATH_OWN, 401);
}

static void forwarded(struct scene *s)
{
	struct call_found *c = call(&s->b[0], CALL_RING, CALL_FINAL, 302, "Moved Temporarily");

	slice_to_buf(slice_of("sip:mailbox@acme.example"), c->moved_to, sizeof(c->moved_to));
}

static void media(struct scene *s)
{
	call(&s->b[0], CALL_RING, CALL_FINAL, 488, "Not Acceptable Here");
}

static void extension(struct scene *s)
{
	struct call_found *c = call(&s->b[0], CALL_RING, CALL_FINAL, 421, "Extension Required");

	slice_to_buf(slice_of("Require: 100rel"), c->detail, sizeof(c->detail));
}

static void refuses(struct scene *s)
{
	s->b[0].ways[WAY_CALL] = answered(PROBE_PATH_OWN, 486);
}

static void refuses_the_call(struct scene *s)
{
	call(&s->b[0], CALL_RING, CALL_FINAL, 480, "Do Not Disturb");
}

static void stale_contact(struct scene *s)
{
	s->b[0].row.b.contact = SLICE_LIT("sip:4021@198.51.100.20:5062");
	s->b[0].row.b.received = SLICE_NONE;
	is_silent(&s->b[0]);
	s->b[0].ways[WAY_SOURCE] = answered(PROBE_PATH_DIRECT, 200);
}

static void mapping(struct scene *s)
{
	is_silent(&s->b[0]);
	s->b[0].past.answered_at_age_s = 45;
	s->b[0].past.last_answer_ms = AGO(560);
	s->b[0].past.silent_at_age_s = 90;
	s->b[0].past.last_failure_ms = AGO(510);
	s->b[0].past.habit_s = 1750;
	s->b[0].past.last_refresh_s = NOW_S - 600;
}

static void mapping_alone(struct scene *s)
{
	is_silent(&s->b[0]);
}

static void off(struct scene *s)
{
	s->b[0].row.b.received = SLICE_NONE;
	s->b[0].row.b.contact = SLICE_LIT("sip:4021@203.0.113.9:5060");
	is_silent(&s->b[0]);
}

static void off_overdue(struct scene *s)
{
	is_silent(&s->b[0]);
	s->b[0].row.b.refreshed_s = NOW_S - 4200;
	s->b[0].row.b.granted_s = 3600;
}

static void cannot_tell(struct scene *s)
{
	s->b[0].ways[WAY_CALL] = (struct evidence){.outcome = PROBE_NOT_ASKED};
	s->b[0].ways[WAY_DIRECT] = failed(PROBE_PATH_DIRECT, PROBE_SILENT, "");
	s->b[0].known = s->b[0].ways[WAY_DIRECT];
}

/* Another device, not behind NAT, under the same AoR. */
static struct finding_binding *another(struct scene *s)
{
	struct finding_binding *b = &s->b[s->f.count++];

	a_binding(b);
	b->row.b.key = SLICE_LIT("k2");
	b->row.b.contact = SLICE_LIT("sip:4021@203.0.113.9:5060");
	b->row.b.received = SLICE_NONE;
	b->row.b.call_id = SLICE_LIT("two@203.0.113.9");
	b->row.b.user_agent = SLICE_LIT("Linphone/5.1");
	slice_to_buf(slice_of("Linphone/5.1"), b->ways[WAY_CALL].agent, EVIDENCE_AGENT);
	return b;
}

static void former(struct finding_binding *b, const char *contact)
{
	b->row.b.key = SLICE_LIT("k0");
	b->row.b.contact = slice_of(contact);
	b->row.b.received = SLICE_LIT("sip:203.0.113.2:40001");
	b->row.b.call_id = SLICE_LIT("zero@10.0.0.2");
	b->row.b.refreshed_s = NOW_S - 2400;
	b->row.b.expires_s = NOW_S + 1200;
	is_silent(b);
}

static void serial_fork(struct scene *s)
{
	is_silent(&s->b[0]);
	s->b[0].row.b.q_milli = 1000;
	s->b[0].known.probes = 2;
	another(s)->row.b.q_milli = 500;
}

static void limit(struct scene *s)
{
	is_silent(&s->b[0]);
	is_silent(another(s));
	s->f.about = (struct source_about){.asked_ms = AGO(1), .max_contacts = 2};
}

static void twin(struct scene *s)
{
	struct finding_binding *b = &s->b[s->f.count++];

	a_binding(b);
	former(b, "sip:4021-0x7@10.0.0.2:5062");
	b->row.b.instance = s->b[0].row.b.instance = SLICE_LIT("<urn:uuid:1>");
}

static void twin_by_looks(struct scene *s)
{
	struct finding_binding *b = &s->b[s->f.count++];

	a_binding(b);
	former(b, "sip:4021-0x7@10.0.0.2:5062");
}

static void many_stale(struct scene *s)
{
	static const char *const contacts[] = {"sip:a@10.0.0.2:5062", "sip:b@10.0.0.2:5062",
					       "sip:c@10.0.0.2:5062"};

	for (int i = 0; i < 3; i++) {
		struct finding_binding *b = &s->b[s->f.count++];

		a_binding(b);
		former(b, contacts[i]);
	}
}

static void shared(struct scene *s)
{
	s->f.past.alternations = 3;
	s->f.past.last_refresh_s = NOW_S - 30;
	slice_to_buf(slice_of("Linphone/5.1"), s->f.past.last_agent, 64);
	slice_to_buf(slice_of("198.51.100.4:5060"), s->f.past.last_source, 64);
}

static void wiped(struct scene *s)
{
	s->f.past.wipes = 2;
	s->f.past.removed_ms = AGO(900);
	slice_to_buf(slice_of("Linphone/5.1 from 198.51.100.4"), s->f.past.removed_by, 96);
}

static void flapping(struct scene *s)
{
	s->f.past.registers_last_minute = 14;
	s->f.past.last_refresh_s = NOW_S - 2;
}

static void gaps(struct scene *s)
{
	s->f.past.gaps = 3;
	s->f.past.habit_s = 3900;
	s->f.past.last_refresh_s = NOW_S - 600;
}

static void rebound(struct scene *s)
{
	s->b[0].past.port_moves = 2;
	s->b[0].past.last_move_ms = AGO(600);
	slice_to_buf(slice_of("203.0.113.2:40211"), s->b[0].past.moved_from, 64);
	slice_to_buf(slice_of("203.0.113.2:42744"), s->b[0].past.moved_to, 64);
}

static void fragments(struct scene *s)
{
	call(&s->b[0], CALL_QUIET, CALL_FINAL, 488, "Not Acceptable Here");
	call(&s->b[0], CALL_PADDED, CALL_SILENT, 0, "")->size = 1600;
	s->b[0].calls[CALL_PADDED].sends = 4;
	s->b[0].pad_answered = 1300;
	s->b[0].pad_lost = 1600;
}

static void too_big(struct scene *s)
{
	call(&s->b[0], CALL_QUIET, CALL_FINAL, 488, "Not Acceptable Here");
	call(&s->b[0], CALL_SWITCH, CALL_FINAL, 477, "Send failed")->by_registrar = true;
}

static void alg(struct scene *s)
{
	call(&s->b[0], CALL_QUIET, CALL_SILENT, 0, "")->sends = 4;
}

static void wrong_socket(struct scene *s)
{
	call(&s->b[0], CALL_SWITCH, CALL_FINAL, 408, "Request Timeout")->by_registrar = true;
}

static void never_called(struct scene *s)
{
	call(&s->b[0], CALL_RING, CALL_CANCELLED, 487, "Request Terminated")->ringing = true;
	s->b[0].calls[CALL_RING].ring_us = 84000;
	call(&s->b[0], CALL_SWITCH, CALL_FINAL, 404, "Not Found")->by_registrar = true;
}

static void caller_refused(struct scene *s)
{
	call(&s->b[0], CALL_SWITCH, CALL_FINAL, 403, "Forbidden")->by_registrar = true;
}

static void answers_lost(struct scene *s)
{
	struct call_found *c = call(&s->b[0], CALL_RING, CALL_CANCELLED, 487, "Request Terminated");

	c->ringing = true;
	c->ring_us = 3600000;
	c->sends = 4;
}

static void early_media(struct scene *s)
{
	call(&s->b[0], CALL_RING, CALL_CANCELLED, 487, "Request Terminated")->progress = true;
}

static void rings(struct scene *s)
{
	struct call_found *c = call(&s->b[0], CALL_RING, CALL_CANCELLED, 487, "Request Terminated");

	c->ringing = true;
	c->ring_us = 84000;
	slice_to_buf(slice_of("Yealink SIP-T46U 108.86"), c->agent, sizeof(c->agent));
}

static void well(struct scene *s)
{
	(void)s;
}

/* ---- said beside another --------------------------------------------------------------------- */

static void flood(struct scene *s)
{
	is_silent(&s->b[0]);
	s->b[0].known = s->b[0].ways[WAY_CALL];
	s->b[0].known.probes = 60;
	s->b[0].known.answers = 57;
	s->b[0].known.heard_ms = AGO(900);
}

static void ignores(struct scene *s)
{
	off(s);
	s->b[0].past.never_answered_agent = true;
	s->b[0].past.last_failure_ms = AGO(5);
}

static void server_only(struct scene *s)
{
	s->b[0].ways[WAY_DIRECT] = failed(PROBE_PATH_DIRECT, PROBE_SILENT, "");
	s->b[0].ways[WAY_CALL].path = PROBE_PATH_REGISTRAR;
}

static void memory_differs(struct scene *s)
{
	s->b[0].row.differs = BINDING_FIELDS;
}

static void skew(struct scene *s)
{
	s->f.about = (struct source_about){.asked_ms = AGO(1), .clock_known = true, .skew_s = -75};
}

static void not_asked(struct scene *s)
{
	s->b[0].ways[WAY_CALL] = (struct evidence){.outcome = PROBE_NOT_ASKED};
	s->f.cancelled = true;
}

struct fixture {
	const char *id; /* of the cause */
	const char *what;
	void (*make)(struct scene *s);
	bool beside; /* it is not the first, but has to be among what is said beside it */
};

/* clang-format off */
static const struct fixture fixtures[] = {
	{"banned", "its address is on the list", banned, false},
	{"not-registered", "removed two hours ago", not_registered, false},
	{"lapsed-still-called", "expired, and the switch rings it", still_called, false},
	{"all-lapsed", "expired", lapsed, false},
	{"edge-dead", "six phones of one Path", edge_dead, false},
	{"registrar-restarted", "TCP, registered before the start", restarted, false},
	{"address-moved", "a router complains", moved, false},
	{"address-moved", "two siblings came back from elsewhere", moved_with_siblings, false},
	{"site-down", "five of six of one network", site_down, false},
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
	{"filtered", "ICMP 3/13", filtered, false},
	{"filtered", "it registers, and answers nothing", filtered_in_silence, false},
	{"process-dead", "ICMP 3/3, heard 20 s ago", process, false},
	{"process-or-mapping", "ICMP 3/3, heard 10 minutes ago", process_or_mapping, false},
	{"host-down", "ICMP 3/1 from its own router", host_down, false},
	{"disowned", "404", disowned, false},
	{"stranger", "a Snom answers", stranger, false},
	{"last-hop-auth", "401", last_hop_auth, false},
	{"forwarded", "302 to a mailbox", forwarded, false},
	{"media-refused", "488 to an ordinary offer", media, false},
	{"extension-refused", "421", extension, false},
	{"phone-refuses", "486 to OPTIONS", refuses, false},
	{"phone-refuses", "480 at once to a call", refuses_the_call, false},
	{"stale-public-contact", "its source answers, its contact does not", stale_contact, false},
	{"nat-mapping", "answered at 45 s, silent at 90 s", mapping, false},
	{"nat-mapping", "no history", mapping_alone, false},
	{"off-or-down", "silent, no NAT", off, false},
	{"off-or-down", "silent and overdue", off_overdue, false},
	{"cannot-tell", "only a probe from outside", cannot_tell, false},
	{"serial-fork-dead-first", "q=1.0 is silent", serial_fork, true},
	{"contact-limit", "two of two are silent", limit, true},
	{"twin-after-reboot", "same instance", twin, false},
	{"twin-after-reboot", "same looks", twin_by_looks, false},
	{"many-stale", "three former ones", many_stale, true},
	{"account-shared", "A, B, A, B", shared, false},
	{"wiped-by-other", "twice", wiped, false},
	{"register-flapping", "14 in a minute", flapping, false},
	{"registration-gaps", "three", gaps, false},
	{"port-rebound", "two new ports", rebound, false},
	{"fragments-lost", "1300 passes, 1600 does not", fragments, false},
	{"too-big-for-udp", "477 of the switch", too_big, false},
	{"sip-alg", "no answer to INVITE", alg, false},
	{"wrong-socket", "408 through the switch", wrong_socket, false},
	{"never-called", "404 of the switch", never_called, false},
	{"caller-refused", "403 of the switch", caller_refused, false},
	{"answers-lost", "180 after four sends", answers_lost, false},
	{"early-media", "183", early_media, false},
	{"rings-unheard", "180 after 84 ms", rings, false},
	{"well", "200", well, false},
	{"nat-mapping-likely", "NAT, and an hour between refreshes", well, true},
	{"flood-protection", "57 of 60, then nothing", flood, true},
	{"ignores-options", "its model never answered", ignores, true},
	{"server-only", "no answer straight from here", server_only, true},
	{"memory-differs", "memory is ahead", memory_differs, true},
	{"clock-skew", "75 s behind", skew, true},
	{"not-asked", "stopped", not_asked, false},
};
/* clang-format on */

#define FIXTURES (sizeof(fixtures) / sizeof(fixtures[0]))

/* ---- what they come to ----------------------------------------------------------------------- */

static const struct cause *find(const struct diagnosis *d, const char *id)
{
	for (size_t i = 0; i < d->count; i++)
		if (strcmp(d->list[i].row->id, id) == 0)
			return &d->list[i];
	return NULL;
}

static void write_evidence(const struct cause *c, struct strbuf *out)
{
	for (unsigned i = 0; i < c->evidence_count; i++)
		strbuf_addf(out, "  evidence %+lld s: %s\n",
			    c->evidence[i].when_ms
				    ? (long long)(c->evidence[i].when_ms - NOW_MS) / 1000
				    : 0LL,
			    c->evidence[i].words);
}

static void write_fixture(const struct fixture *x, const struct diagnosis *d, struct strbuf *out)
{
	const struct cause *c = find(d, x->id);

	strbuf_addf(out, "%s (%s)\n", x->id, x->what);
	if (c) {
		strbuf_addf(out, "  %s\n  %s: %s\n", c->row->title, confidence_name(c->confidence),
			    c->sentence);
		write_evidence(c, out);
		strbuf_addf(out, "  advice: %s\n", c->row->advice);
	}
	strbuf_addf(out, "  verdict: %s\n  all:", d->verdict);
	for (size_t i = 0; i < d->count; i++)
		strbuf_addf(out, " %s", d->list[i].row->id);
	strbuf_addf(out, "\n  next: %s\n\n", d->next_step);
}

static void diagnose_fixture(const struct fixture *x, struct scene *s, struct diagnosis *d)
{
	begin(s);
	x->make(s);
	settle(s);
	diagnose(&s->f, d);
}

TEST(each_case_is_its_own_cause)
{
	struct scene s;
	struct diagnosis d;

	UNUSED_STATE;
	for (size_t i = 0; i < FIXTURES; i++) {
		diagnose_fixture(&fixtures[i], &s, &d);
		if (fixtures[i].beside)
			assert_non_null(find(&d, fixtures[i].id));
		else
			assert_string_equal(d.list[0].row->id, fixtures[i].id);
		assert_true(d.list[0].sentence[0]);
		diagnosis_free(&d);
	}
}

TEST(each_row_of_the_table_has_a_case)
{
	UNUSED_STATE;
	for (size_t r = 0; r < causes_count; r++) {
		bool found = false;

		for (size_t i = 0; i < FIXTURES && !found; i++)
			found = strcmp(fixtures[i].id, causes[r].id) == 0;
		if (!found)
			fail_msg("%s has no case", causes[r].id);
		assert_ptr_equal(cause_by_id(slice_of(causes[r].id)), &causes[r]);
		for (size_t o = 0; o < r; o++) {
			assert_string_not_equal(causes[o].id, causes[r].id);
			assert_string_not_equal(causes[o].title, causes[r].title);
		}
	}
}

static char *expected_path(void)
{
	struct strbuf path = STRBUF_INIT;
	const char *top = getenv("TOP_SRCDIR");

	strbuf_addf(&path, "%s/tests/unit/judge/causes.expected", top ? top : ".");
	return strbuf_take(&path);
}

static void read_all(const char *path, struct strbuf *out)
{
	FILE *f = fopen(path, "r");
	char buf[4096];
	size_t n;

	if (!f)
		return;
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
		strbuf_add(out, buf, n);
	fclose(f);
}

static void update(const char *path, const struct strbuf *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(strbuf_str(text), f);
	fclose(f);
}

TEST(words_evidence_advice_and_what_else_holds_are_as_expected)
{
	struct strbuf got = STRBUF_INIT, wanted = STRBUF_INIT;
	struct slice g, w, a, b;
	char *path = expected_path();
	struct diagnosis d;
	struct scene s;

	UNUSED_STATE;
	for (size_t i = 0; i < FIXTURES; i++) {
		diagnose_fixture(&fixtures[i], &s, &d);
		write_fixture(&fixtures[i], &d, &got);
		diagnosis_free(&d);
	}
	/* As with the golden frames: look at the difference before it is committed. */
	if (getenv("REGTOP_GOLDEN_UPDATE"))
		update(path, &got);
	read_all(path, &wanted);
	g = strbuf_slice(&got);
	w = strbuf_slice(&wanted);
	while (g.n || w.n) {
		g = slice_cut(g, '\n', &a);
		w = slice_cut(w, '\n', &b);
		if (!slice_eq(a, b))
			fail_msg("got    %.*s\nwanted %.*s", (int)a.n, a.p ? a.p : "", (int)b.n,
				 b.p ? b.p : "");
	}
	strbuf_free(&got);
	strbuf_free(&wanted);
	free(path);
}

TEST(nothing_that_fits_no_cause_is_called_well)
{
	struct diagnosis d;
	struct scene s;

	UNUSED_STATE;
	begin(&s);
	/* The registrar itself answered, with what says nothing about the phone. */
	s.b[0].ways[WAY_CALL] = answered(PROBE_PATH_REGISTRAR, 403);
	s.b[0].ways[WAY_CALL].by_registrar = true;
	settle(&s);
	diagnose(&s.f, &d);
	assert_false(d.well);
	assert_true(d.count >= 1 && d.list[0].sentence[0]);
	diagnosis_free(&d);
}

TEST(an_aor_that_a_shell_would_run_is_put_into_no_command_line)
{
	struct diagnosis d;
	struct scene s;

	UNUSED_STATE;
	begin(&s);
	slice_to_buf(slice_of("4021;reboot@acme.example"), s.f.aor, sizeof(s.f.aor));
	settle(&s);
	diagnose(&s.f, &d);
	assert_true(d.well);
	assert_string_equal(d.next_step, "");
	diagnosis_free(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(each_case_is_its_own_cause),
		T(each_row_of_the_table_has_a_case),
		T(words_evidence_advice_and_what_else_holds_are_as_expected),
		T(nothing_that_fits_no_cause_is_called_well),
		T(an_aor_that_a_shell_would_run_is_put_into_no_command_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
