/* The picture that the golden frames show: bindings for every verdict, and text that hurts. */
#include "picture.h"

#include <stdio.h>
#include <stdlib.h>
#include "base/alloc.h"
#include "base/text.h"
#include "judge/verdict.h"

#define PICTURE_TWINS 4

struct fake {
	const char *key, *user, *contact, *received, *path, *agent;
	int left_s, refreshed_ago_s;
	struct evidence e;
};

#define AGO(s) (PICTURE_NOW_MS - (s)*1000LL)
#define HEARD(code_, rtt_, agent_)                                                                 \
	{                                                                                          \
		.outcome = PROBE_ANSWERED, .path = PROBE_PATH_OWN, .code = code_,                  \
		.asked_ms = AGO(4), .heard_ms = AGO(4), .rtt_us = rtt_, .probes = 3, .answers = 3, \
		.agent = agent_                                                                    \
	}
#define FAILED(what, words)                                                                        \
	{                                                                                          \
		.outcome = what, .path = PROBE_PATH_OWN, .asked_ms = AGO(12),                      \
		.failed_first_ms = AGO(62), .failures = 3, .probes = 5, .answers = 2,              \
		.heard_ms = AGO(300), .detail = words                                              \
	}

/* clang-format off */
static const struct fake fakes[] = {
	{"k01", "1001", "sip:1001@192.0.2.10:5060", "", "", "Yealink SIP-T46U 108.86.0.20",
	 3355, 245, HEARD(200, 12400, "Yealink SIP-T46U 108.86.0.20")},
	{"k02", "1001", "sip:1001@192.0.2.11:5066;transport=tcp", "", "", "MicroSIP/3.21.3",
	 122, 3478, HEARD(486, 3100, "MicroSIP/3.21.3")},
	{"k03", "1002", "sip:1002@192.0.2.12:5060", "", "", "snomD785/10.1.175.16",
	 900, 2700, FAILED(PROBE_SILENT, "")},
	{"k04", "1003", "sip:1003@192.0.2.13:5060", "", "", "Grandstream GXP2170 1.0.11.64",
	 1800, 1800, FAILED(PROBE_REFUSED, "port unreachable")},
	{"k05", "1004", "sip:1004@203.0.113.77:5060", "", "", "Cisco-CP8845/12.0.1",
	 60, 60, FAILED(PROBE_NO_ROUTE, "no route to host")},
	{"k06", "1005", "sip:1005@192.0.2.15:49152;transport=tls", "", "", "Zoiper v2.10.19.5",
	 300, 3300, FAILED(PROBE_FLOW_GONE, "the connection is closed")},
	{"k07", "1006", "sip:1006@192.0.2.16:5060", "", "", "Polycom VVX 411 6.4.4",
	 2400, 1200, HEARD(404, 8800, "Polycom VVX 411 6.4.4")},
	{"k08", "1007", "sip:1007@192.0.2.17:5060", "", "", "Yealink SIP-T42S 66.86",
	 2000, 1600, HEARD(200, 91000, "Fritz!OS/7.57")},
	{"k09", "1008", "sip:1008@10.0.0.8:5060", "", "<sip:edge1.example.net;lr>", "Linphone/5.2",
	 2222, 1378, HEARD(200, 21000, "OpenSIPS (3.4.2)")},
	{"k10", "1009", "sip:1009@phone.invalid;transport=ws", "", "", "JsSIP 3.10.1",
	 580, 20, {.outcome = PROBE_NOT_ASKED}},
	{"k11", "1010", "sip:1010@192.0.2.20:5060", "", "", "Gigaset N510 IP PRO/42.250",
	 -35, 3635, {.outcome = PROBE_NOT_ASKED}},
	{"k12", "1011", "sip:1011@192.0.2.21:5060", "", "", "AVM FRITZ!Box 7590",
	 300, 3700, {.outcome = PROBE_NOT_ASKED}},
	{"k13", "1012", "sip:1012@198.51.100.4:40211;pn-provider=apns;pn-prid=00fc13adff78512;"
	 "pn-param=A1B2C3D4.com.example.app;app-id=com.example.app;transport=tls",
	 "sip:198.51.100.4:40211;transport=tls", "", "Acrobits Softphone/6.0",
	 604000, 800, {.outcome = PROBE_NOT_ASKED}},
	{"k14", "1013", "sip:1013@192.0.2.23:5060", "", "", "baresip v1.0.0 (x86_64/linux)",
	 3000, 600, {.outcome = PROBE_NOT_ASKED, .pending = true}},
	{"k15", "hostile", "sip:hostile@192.0.2.66:5060;x=\x1b]0;owned\x07", "", "",
	 "\x1b[31mEvil\x1b[0m \xe2\x80\xae" "fdp.exe\xc3 \x9b" "2J", 3000, 600, HEARD(200, 900, "")},
	{"k16", "\xe6\x9d\xb1\xe4\xba\xac" ".desk", "sip:desk@192.0.2.30:5060", "", "",
	 "\xe9\x9b\xbb\xe8\xa9\xb1\xe6\xa9\x9f" "Phone \xc3\xa9t\xc3\xa9", 3000, 600,
	 {.outcome = PROBE_ANSWERED, .path = PROBE_PATH_OWN, .code = 200, .asked_ms = AGO(700),
	  .heard_ms = AGO(700), .rtt_us = 45000, .probes = 1, .answers = 1}},
	{"k17", "an.exceedingly.long.user.name.of.a.department", "sip:dept@a-very-long-host-name."
	 "branch-office.customer.example.com:15060;transport=udp;line=8f7e6d5c4b3a", "", "",
	 "Unify OpenScape Desk Phone CP600 V1 R5.7.0 SIP 180504", 3500, 100,
	 HEARD(200, 7700, "Unify OpenScape Desk Phone CP600")},
};
/* clang-format on */

static void put(struct picture *p, const struct fake *k)
{
	struct binding b = {
		.key = slice_of(k->key),
		.user = slice_of(k->user),
		.domain = SLICE_LIT("example.com"),
		.contact = slice_of(k->contact),
		.received = slice_of(k->received),
		.path = slice_of(k->path),
		.socket = SLICE_LIT("udp:192.0.2.1:5060"),
		.user_agent = slice_of(k->agent),
		.call_id = SLICE_LIT("8a7f-33@192.0.2.10"),
		.ruid = slice_of(k->key),
		.expires_s = PICTURE_NOW_S + k->left_s,
		.refreshed_s = PICTURE_NOW_S - k->refreshed_ago_s,
		.granted_s = k->key[1] == '1' && k->key[2] == '2' ? 3600
								  : k->left_s + k->refreshed_ago_s,
		.cseq = 17,
		.methods = BINDING_METHODS_ALL,
		.q_milli = BINDING_Q_UNSET,
	};
	binding_id id = store_put(p->store, 0, &b, PICTURE_NOW_S - 900);

	if (k->e.outcome != PROBE_NOT_ASKED || k->e.pending)
		store_set_evidence(p->store, id, &k->e);
}

binding_id picture_id(struct picture *p, const char *key)
{
	return store_find(p->store, 0, slice_of(key));
}

/* ---- the port ----------------------------------------------------------------------------- */

static void port_nothing(void *ctx)
{
	(void)ctx;
}

static void port_ping(void *ctx, const binding_id *ids, size_t n)
{
	(void)ctx;
	(void)ids;
	(void)n;
}

static void port_ping_progress(void *ctx, struct ping_progress *out)
{
	*out = (struct ping_progress){.total = ((struct picture *)ctx)->pings_open,
				      .flying = ((struct picture *)ctx)->pings_open};
}

static struct plan *port_purge_plan(void *ctx, const binding_id *ids, size_t n, struct err *e)
{
	return plan_purge(&((struct picture *)ctx)->env, ids, n, e);
}

static int port_purge_run(void *ctx, struct plan *take, struct err *e)
{
	struct picture *p = ctx;

	(void)e;
	plan_free(p->ran);
	p->ran = take;
	p->ran_over = false;
	return 0;
}

static const struct plan *port_purge_offered(void *ctx)
{
	return ((struct picture *)ctx)->offered;
}

static struct plan *port_purge_take_offer(void *ctx)
{
	struct picture *p = ctx;
	struct plan *taken = p->offered;

	p->offered = NULL;
	return taken;
}

static const struct plan *port_purge_plan_now(void *ctx, bool *over)
{
	struct picture *p = ctx;

	*over = p->ran_over;
	return p->ran;
}

static int port_snapshot(void *ctx, struct err *e)
{
	(void)ctx;
	(void)e;
	return 0;
}

static bool port_snapshot_now(void *ctx, size_t *done, size_t *of)
{
	(void)ctx;
	*done = *of = 0;
	return false;
}

static int port_ticket(void *ctx, const binding_id *ids, size_t n, char path[256], struct err *e)
{
	(void)ctx;
	(void)ids;
	(void)n;
	(void)e;
	snprintf(path, 256, "20310507T031240Z.txt");
	return 0;
}

static void port_copy(void *ctx, struct slice text)
{
	(void)ctx;
	(void)text;
}

/* The past of one of them: a day ago, and today. */
static size_t port_history(void *ctx, binding_id id, struct history_summary *sum,
			   struct history_event *events, size_t max)
{
	static const struct history_event past[] = {
		{.when_ms = AGO(12),
		 .kind = HISTORY_PROBE,
		 .code = 0,
		 .words = "asked from the registrar's own socket: no answer"},
		{.when_ms = AGO(300),
		 .kind = HISTORY_PROBE,
		 .code = 200,
		 .us = 18300,
		 .words = "answers 200"},
		{.when_ms = AGO(2700),
		 .kind = HISTORY_MOVED,
		 .words = "registers from another address",
		 .was = "198.51.100.23:5060",
		 .now = "192.0.2.12:5060"},
		{.when_ms = AGO(90000), .kind = HISTORY_GAP, .words = "came back 2m10s too late"},
		{.when_ms = AGO(180000), .kind = HISTORY_SEEN, .words = "first seen"},
	};

	memset(sum, 0, sizeof(*sum));
	if (id != picture_id(ctx, "k03"))
		return 0;
	*sum = (struct history_summary){.first_seen_s = PICTURE_NOW_S - 180000,
					.refreshes = 99,
					.habit_s = 1770,
					.moves = 1,
					.gaps = 1};
	if (max > sizeof(past) / sizeof(past[0]))
		max = sizeof(past) / sizeof(past[0]);
	memcpy(events, past, max * sizeof(past[0]));
	return max;
}

static bool add_finding(void *ctx, binding_id id)
{
	struct picture *p = ctx;
	struct finding_binding *b = &p->f.bindings[p->f.count];

	if (!view_row(p->view, id, PICTURE_NOW_MS, &b->row))
		return true;
	if (b->row.evidence)
		b->known = *b->row.evidence;
	next_hop_find(&b->row.b, &b->hop);
	b->past.answered_at_age_s = b->past.silent_at_age_s = HISTORY_AGE_UNKNOWN;
	b->ways[b->known.path == PROBE_PATH_DIRECT ? WAY_DIRECT : WAY_CALL] = b->known;
	return ++p->f.count < PICTURE_TWINS;
}

static int port_why(void *ctx, binding_id id, unsigned neighbours, struct err *e)
{
	struct picture *p = ctx;
	struct binding b;

	(void)e;
	free(p->f.bindings);
	diagnosis_free(&p->d);
	memset(&p->f, 0, sizeof(p->f));
	p->f.bindings = xcalloc(PICTURE_TWINS, sizeof(*p->f.bindings));
	p->f.now_ms = PICTURE_NOW_MS;
	p->f.source_name = p->source.name;
	p->f.picture_age_ms = 3000;
	p->f.picture_complete = true;
	p->neighbours = neighbours;
	if (neighbours) {
		p->f.groups[0] = (struct group_effect){
			.kind = GROUP_NETWORK,
			.value = "198.51.100.0/24",
			.members = 6,
			.asked = 6,
			.answered = 1,
			.silent = 5,
			.effect = true,
			.words = "5 of 6 asked phones from 198.51.100.0/24 do "
				 "not answer"};
		p->f.group_count = 1;
	}
	store_get(p->store, id, &b);
	snprintf(p->f.aor, sizeof(p->f.aor), "%.*s@%.*s", (int)b.user.n, b.user.p, (int)b.domain.n,
		 b.domain.p);
	store_each_twin(p->store, id, add_finding, p);
	if (!p->why_runs)
		diagnose(&p->f, &p->d);
	return 0;
}

static bool port_why_now(void *ctx, struct ui_why *out)
{
	struct picture *p = ctx;

	*out = (struct ui_why){.f = &p->f, .d = &p->d, .trace = p->trace};
	out->progress = (struct workup_progress){
		.ways = 3, .answered = p->why_runs ? 1 : 3, .over = !p->why_runs};
	return p->f.bindings != NULL;
}

static void port_why_cancel(void *ctx)
{
	struct picture *p = ctx;

	p->why_runs = false;
	p->f.cancelled = true;
	diagnose(&p->f, &p->d);
}

static int port_why_ticket(void *ctx, enum ui_ladder ladder, char path[256], struct err *e)
{
	(void)ladder;
	return port_ticket(ctx, NULL, 0, path, e);
}

/* ---- test calls ------------------------------------------------------------------------------ */

static struct call_plan *port_call_plan(void *ctx, binding_id id, const struct call_order *o,
					struct err *e)
{
	struct picture *p = ctx;
	struct call_plan *plan = xcalloc(1, sizeof(*plan));
	struct binding b;

	(void)e;
	store_get(p->store, id, &b);
	plan->id = id;
	plan->b = binding_copy(&b);
	plan->kind = o->kind;
	plan->ring_s = o->ring_s ? o->ring_s : 4;
	plan->in_quiet_hours = p->quiet_hours;
	snprintf(plan->way, sizeof(plan->way), "through the registrar at 198.51.100.4:5060");
	snprintf(plan->will, sizeof(plan->will),
		 o->kind == CALL_QUIET
			 ? "should not ring: phones refuse what it asks for; is cancelled at the "
			   "first ringing"
			 : "RINGS this phone for %u s, then it is cancelled; if somebody answers, "
			   "it is ended at once",
		 plan->ring_s);
	return plan;
}

static const char invite[] = "INVITE sip:1001@192.0.2.10:5060 SIP/2.0\r\n"
			     "Via: SIP/2.0/UDP 198.51.100.9:5061;branch=z9hG4bK1;rport\r\n"
			     "Max-Forwards: 70\r\n"
			     "From: \"Line test\" <sip:regtop@example.com>;tag=1\r\n"
			     "To: <sip:1001@example.com>\r\n"
			     "Call-ID: 1\r\n"
			     "CSeq: 1 INVITE\r\n"
			     "Proxy-Authorization: Digest username=\"test\", response=\"1\"\r\n"
			     "Subject: line test\r\n"
			     "Content-Type: application/sdp\r\n"
			     "Content-Length: 31\r\n\r\n"
			     "v=0\r\nm=audio 9 RTP/AVP 0 8 101\r\n";

static void add_message(struct picture *p, bool sent, int64_t after_ms, const char *raw)
{
	struct netaddr here, there;

	netaddr_parse_hostport(SLICE_LIT("198.51.100.9:5061"), 0, &here);
	netaddr_parse_hostport(SLICE_LIT("198.51.100.4:5060"), 0, &there);
	clock_fake_advance(&p->clock, after_ms);
	if (sent)
		trace_sent(p->messages, TRANSPORT_UDP, &here, &there, raw, strlen(raw));
	else
		trace_received(p->messages, TRANSPORT_UDP, &here, &there, raw, strlen(raw));
}

/* Rang, and was cancelled; the INVITE was sent twice. */
static void add_messages(struct picture *p)
{
	trace_free(p->messages);
	p->messages = trace_new(&p->clock.clock);
	trace_begin(p->messages, "ring test, through the registrar at 198.51.100.4:5060");
	add_message(p, true, 0, invite);
	add_message(p, true, 500, invite);
	add_message(p, false, 12, "SIP/2.0 100 Trying\r\nServer: kamailio (5.6.3)\r\n\r\n");
	add_message(p, false, 72, "SIP/2.0 180 Ringing\r\nUser-Agent: \x1b[1mT46\r\n\r\n");
	if (p->call_runs)
		return;
	add_message(p, true, 4000, "CANCEL sip:1001@192.0.2.10:5060 SIP/2.0\r\n\r\n");
	add_message(p, false, 9, "SIP/2.0 200 cancelling\r\n\r\n");
	add_message(p, false, 11, "SIP/2.0 487 Request Terminated\r\n\r\n");
	add_message(p, true, 0, "ACK sip:1001@192.0.2.10:5060 SIP/2.0\r\n\r\n");
}

static int port_call_run(void *ctx, struct call_plan *take, struct err *e)
{
	struct picture *p = ctx;

	(void)e;
	call_plan_free(p->called);
	p->called = take;
	p->found = (struct call_found){.kind = take->kind,
				       .outcome = CALL_CANCELLED,
				       .path = PROBE_PATH_REGISTRAR,
				       .when_ms = PICTURE_NOW_MS,
				       .code = 487,
				       .trying = true,
				       .ringing = true,
				       .ring_us = 84000,
				       .final_us = 4104000,
				       .size = 512,
				       .sends = 2,
				       .forks = 1,
				       .agent = "Yealink SIP-T46U 108.86.0.20",
				       .reason = "Request Terminated"};
	add_messages(p);
	return 0;
}

static void port_call_stop(void *ctx)
{
	((struct picture *)ctx)->call_runs = false;
}

static bool port_call_now(void *ctx, struct ui_call *out)
{
	struct picture *p = ctx;

	*out = (struct ui_call){.plan = p->called,
				.found = &p->found,
				.count = !p->call_runs,
				.now = "180 after 84 ms",
				.trace = p->messages,
				.over = !p->call_runs};
	return p->called != NULL;
}

static const struct trace *port_ladder(void *ctx, binding_id id)
{
	struct picture *p = ctx;

	(void)id;
	if (!p->messages)
		add_messages(p);
	return p->messages;
}

static int port_ladder_ticket(void *ctx, binding_id id, char path[256], struct err *e)
{
	(void)ctx;
	(void)id;
	(void)e;
	snprintf(path, 256, "ticket.txt");
	return 0;
}

static const char *port_purge_refused(void *ctx)
{
	return ((struct picture *)ctx)->refused;
}

static void purge_how(const struct source *s, const struct binding *b, struct strbuf *out)
{
	(void)b;
	(void)s;
	strbuf_add_str(out, "done by the registrar itself");
}

static void never(struct source *s, const struct binding *b, source_answer_fn *fn, void *ctx)
{
	(void)s;
	(void)b;
	(void)fn;
	(void)ctx;
}

static void never_aor(struct source *s, const struct binding *b, source_aor_fn *fn, void *ctx)
{
	(void)s;
	(void)b;
	(void)fn;
	(void)ctx;
}

static void never_all(struct source *s, const struct binding *const *all, size_t n,
		      source_answer_fn *fn, void *ctx)
{
	(void)s;
	(void)all;
	(void)n;
	(void)fn;
	(void)ctx;
}

static void aor_how(const struct source *s, const struct binding *b, struct strbuf *out)
{
	(void)b;
	(void)s;
	strbuf_add_str(out, "ul.rm on unix:/run/kamailio/kamailio_rpc.sock takes every contact of "
			    "the AoR at once");
}

static void row_how(const struct source *s, const struct binding *b, struct strbuf *out)
{
	(void)b;
	(void)s;
	strbuf_add_str(out, "DELETE of its row in /var/lib/kamailio/kamailio.sqlite; a phone that "
			    "registers at that very instant may get a 500");
}

static const struct source_ops ops = {.kind = "golden",
				      .purge_how = purge_how,
				      .reread = never,
				      .purge = never,
				      .purge_aor_how = aor_how,
				      .read_aor = never_aor,
				      .purge_aor = never_all,
				      .purge_row_how = row_how,
				      .purge_row = never};

void picture_open(struct picture *p, bool ascii_only)
{
	struct ui_config cfg;

	*p = (struct picture){.ran_over = true};
	clock_fake_init(&p->clock, PICTURE_NOW_MS);
	p->store = store_new();
	store_add_source(p->store, "kamailio.sqlite");
	for (size_t i = 0; i < sizeof(fakes) / sizeof(fakes[0]); i++)
		put(p, &fakes[i]);
	p->view = view_new(p->store, verdict_judge, NULL);
	p->source.ops = &ops;
	p->source.status = (struct source_status){
		.state = SOURCE_LIVE, .read_ms = PICTURE_NOW_MS - 3000, .complete = true};
	snprintf(p->source.name, sizeof(p->source.name), "kamailio.sqlite");
	p->sources[0] = &p->source;
	p->env = (struct act_env){
		.clock = &p->clock.clock,
		.store = p->store,
		.sources = {&p->source},
		.source_count = 1,
		/* Only looked at, never opened: a plan asks whether there is one. */
		.journal = (struct journal *)p};
	cfg = (struct ui_config){
		.view = p->view,
		.store = p->store,
		.sources = p->sources,
		.source_count = 1,
		.ascii_only = ascii_only,
		.port = {.ctx = p,
			 .quit = port_nothing,
			 .suspend = port_nothing,
			 .redraw = port_nothing,
			 .refresh = port_nothing,
			 .ping = port_ping,
			 .ping_progress = port_ping_progress,
			 .ping_cancel = port_nothing,
			 .purge_plan = port_purge_plan,
			 .purge_run = port_purge_run,
			 .purge_cancel = port_nothing,
			 .purge_plan_now = port_purge_plan_now,
			 .purge_offered = port_purge_offered,
			 .purge_take_offer = port_purge_take_offer,
			 .snapshot = port_snapshot,
			 .snapshot_now = port_snapshot_now,
			 .ticket = port_ticket,
			 .copy = port_copy,
			 .history = port_history,
			 .purge_refused = port_purge_refused,
			 .why = port_why,
			 .why_cancel = port_why_cancel,
			 .why_now = port_why_now,
			 .why_ticket = port_why_ticket,
			 .call_plan = port_call_plan,
			 .call_run = port_call_run,
			 .call_stop = port_call_stop,
			 .call_now = port_call_now,
			 .call_refused = port_purge_refused,
			 .ladder = port_ladder,
			 .ladder_ticket = port_ladder_ticket},
	};
	p->ui = ui_new(&cfg);
	view_update(p->view, PICTURE_NOW_MS);
}

void picture_close(struct picture *p)
{
	ui_free(p->ui);
	plan_free(p->offered);
	plan_free(p->ran);
	free(p->f.bindings);
	diagnosis_free(&p->d);
	call_plan_free(p->called);
	trace_free(p->messages);
	view_free(p->view);
	store_free(p->store);
}

void picture_keys(struct picture *p, const char *keys)
{
	struct slice rest = slice_of(keys), one;
	char key[16];

	while (rest.n) {
		rest = slice_cut(rest, ' ', &one);
		view_update(p->view, PICTURE_NOW_MS);
		ui_key(p->ui, slice_to_buf(one, key, sizeof(key)), PICTURE_NOW_MS);
	}
	view_update(p->view, PICTURE_NOW_MS);
}

void picture_type(struct picture *p, const char *text)
{
	struct slice rest = slice_of(text);

	while (rest.n) {
		char key[8];
		size_t len;

		text_decode(rest, &len);
		slice_to_buf(slice_make(rest.p, len), key, sizeof(key));
		ui_key(p->ui, strcmp(key, " ") == 0 ? "space" : key, PICTURE_NOW_MS);
		rest = slice_skip(rest, len);
	}
	view_update(p->view, PICTURE_NOW_MS);
}
