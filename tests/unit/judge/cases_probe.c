/* Cases of what a probe of one phone shows, of silence, and of what is said beside a cause. */
#include "cause_scenes.h"

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
	in_the_open(&s->b[0], "sip:4021@198.51.100.20:5062");
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

static void mapping_again(struct scene *s)
{
	mapping(s);
	s->b[0].past.recoveries = 2;
}

static void mapping_alone(struct scene *s)
{
	is_silent(&s->b[0]);
}

static void off(struct scene *s)
{
	in_the_open(&s->b[0], "sip:4021@203.0.113.9:5060");
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
	in_the_open(&s->b[0], "sip:4021@203.0.113.9:5060");
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

static void host_down_in_the_open(struct scene *s)
{
	off(s);
	s->b[0].ways[WAY_CALL] = icmp(1, "203.0.113.10", "ICMP host unreachable from 203.0.113.10");
}

static void no_route_of_registrar(struct scene *s)
{
	s->b[0].ways[WAY_CALL] =
		failed(PROBE_PATH_REGISTRAR, PROBE_NO_ROUTE, "Unresolvable destination (478/TM)");
	s->b[0].ways[WAY_CALL].by_registrar = true;
	s->b[0].ways[WAY_CALL].code = 478;
}

static void no_route_of_kernel(struct scene *s)
{
	s->b[0].ways[WAY_CALL] = failed(PROBE_PATH_OWN, PROBE_NO_ROUTE, "Network is unreachable");
}

static void disowned_by_call(struct scene *s)
{
	call(&s->b[0], CALL_QUIET, CALL_FINAL, 404, "Not Found");
}

static void behind_edge(struct scene *s, int code)
{
	s->b[0].row.b.path = SLICE_LIT("<sip:192.0.2.50;lr>");
	s->b[0].ways[WAY_CALL] = answered(PROBE_PATH_OWN, code);
	put(s->b[0].ways[WAY_CALL].agent, EVIDENCE_AGENT, "OpenSIPS (3.4.18)");
}

static void edge_answers(struct scene *s)
{
	behind_edge(s, 200);
}

static void edge_refuses(struct scene *s)
{
	behind_edge(s, 404);
}

static void mapping_refused(struct scene *s)
{
	mapping(s);
	process_or_mapping(s);
}

static void mapping_once(struct scene *s)
{
	is_silent(&s->b[0]);
	s->b[0].ways[WAY_CALL].failures = s->b[0].ways[WAY_CALL].probes = 1;
	s->b[0].ways[WAY_CALL].failed_first_ms = s->b[0].ways[WAY_CALL].asked_ms;
}

static void off_by_habit(struct scene *s)
{
	s->b[0].ways[WAY_CALL] = (struct evidence){.outcome = PROBE_NOT_ASKED};
	s->b[0].past.habit_s = 290;
	s->b[0].past.last_refresh_s = s->b[0].row.b.refreshed_s;
}

static void server_refuses(struct scene *s)
{
	server_only(s);
	s->b[0].ways[WAY_DIRECT] = answered(PROBE_PATH_DIRECT, 403);
}

static void opinion(struct scene *s)
{
	s->b[0].ways[WAY_CALL] = answered(PROBE_PATH_REGISTRAR, 403);
	s->b[0].ways[WAY_CALL].by_registrar = true;
	put(s->b[0].ways[WAY_CALL].agent, EVIDENCE_AGENT, "kamailio (5.6.3)");
	put(s->b[0].ways[WAY_CALL].detail, EVIDENCE_DETAIL, "Forbidden");
}

static void rewritten(struct scene *s)
{
	s->b[0].row.b.contact = SLICE_LIT("sip:4021@203.0.113.2:42744");
}

static void off_and_changed(struct scene *s)
{
	off(s);
	s->b[0].changed_meanwhile = true;
}

static void mapping_doubted(struct scene *s)
{
	mapping(s);
	s->b[0].past.answered_at_age_s = 1700;
	s->b[0].past.silent_at_age_s = HISTORY_AGE_UNKNOWN;
}

static void browser_without_flow(struct scene *s)
{
	struct evidence *e = &s->b[0].ways[WAY_DIRECT];

	in_the_open(&s->b[0], "sip:x7@df7jal23ls0d.invalid;transport=ws");
	s->b[0].row.b.socket = SLICE_LIT("tcp:203.0.113.10:80");
	s->b[0].ways[WAY_CALL] = (struct evidence){.outcome = PROBE_NOT_ASKED};
	e->outcome = PROBE_UNROUTABLE;
	put(e->detail, sizeof(e->detail), "it can only be reached over its own connection");
}

static void unreadable(struct scene *s)
{
	is_silent(&s->b[0]);
	s->b[0].ways[WAY_CALL].unreadable = true;
	put(s->b[0].ways[WAY_CALL].detail, EVIDENCE_DETAIL, "what came is no SIP message");
}

/* clang-format off */
const struct cause_case cases_of_probes[] = {
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
	{"unreadable", "what comes is no SIP", unreadable, false},
	{"stale-public-contact", "its source answers, its contact does not", stale_contact, false},
	{"nat-mapping", "answered at 45 s, silent at 90 s", mapping, false},
	{"nat-mapping", "as twice before, when it answered after its next refresh", mapping_again, false},
	{"nat-mapping", "no history", mapping_alone, false},
	{"off-or-down", "silent, no NAT", off, false},
	{"off-or-down", "silent and overdue", off_overdue, false},
	{"cannot-tell", "only a probe from outside", cannot_tell, false},
	{"flood-protection", "57 of 60, then nothing", flood, true},
	{"server-only", "no answer straight from here", server_only, true},
	{"memory-differs", "memory is ahead", memory_differs, true},
	{"clock-skew", "75 s behind", skew, true},
	{"not-asked", "stopped", not_asked, false},
	{"host-down", "ICMP 3/1, no NAT", host_down_in_the_open, false},
	{"no-route", "the registrar cannot resolve it", no_route_of_registrar, false},
	{"no-route", "the kernel has none", no_route_of_kernel, false},
	{"disowned", "404 to a quiet call", disowned_by_call, false},
	{"edge-answers", "200 of the edge", edge_answers, false},
	{"edge-answers", "404 of the edge is not the phone's", edge_refuses, false},
	{"ignores-options", "its model never answered", ignores, false},
	{"nat-mapping", "ICMP 3/3 late, as its past says", mapping_refused, false},
	{"nat-mapping", "one probe, no history", mapping_once, false},
	{"off-or-down", "overdue by its habit, not asked", off_by_habit, false},
	{"server-only", "403 straight from here", server_refuses, true},
	{"not-asked", "the registrar refused to ask", opinion, false},
	{"sip-alg-likely", "public contact, private Call-ID", rewritten, true},
	{"off-or-down", "it changed while it was asked", off_and_changed, false},
	{"nat-mapping", "it answered so late before", mapping_doubted, false},
	{"not-asked", "a browser whose connection only the registrar knows", browser_without_flow, false},
};
/* clang-format on */

const size_t cases_of_probes_count = sizeof(cases_of_probes) / sizeof(cases_of_probes[0]);
