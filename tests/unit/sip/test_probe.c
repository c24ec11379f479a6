/* Tests of sip/probe: what a phone does and what the report says, on real loopback sockets. */
#include "loopback.h"
#include "sip/probe.h"
#include "sip/transport_state.h"

#define SHORT_MS 60

/* A prober, and the reports of one probe. */
struct bench {
	struct loop *loop;
	struct sip_transport *transport;
	struct prober *prober;
};

struct notes {
	unsigned reports, late;
	uint64_t id;
	struct probe_report last;
	char agent[64], reason[64], warning[64];
};

static void note(void *ctx, uint64_t id, const struct probe_report *r)
{
	struct notes *n = ctx;

	n->reports++;
	n->late += r->late;
	n->id = id;
	n->last = *r;
	slice_to_buf(r->agent, n->agent, sizeof(n->agent));
	slice_to_buf(r->reason, n->reason, sizeof(n->reason));
	slice_to_buf(r->warning, n->warning, sizeof(n->warning));
}

static struct bench *bench_new(void)
{
	struct bench *b = xcalloc(1, sizeof(*b));
	struct netaddr any = loopback_any_port();

	b->loop = loop_new();
	b->transport = sip_transport_new(b->loop, &clock_system);
	assert_int_equal(sip_transport_listen(b->transport, TRANSPORT_UDP, &any, NULL), 0);
	b->prober = prober_new(b->loop, &clock_system, b->transport);
	return b;
}

static void bench_free(struct bench *b)
{
	prober_free(b->prober);
	sip_transport_free(b->transport);
	loop_free(b->loop);
	free(b);
}

static uint64_t probe(struct bench *b, const struct netaddr *to, unsigned verdict_ms,
		      struct notes *n)
{
	struct probe_spec s = {
		.flow = {.transport = TRANSPORT_UDP, .remote = *to},
		.request_uri = SLICE_LIT("sip:%61lice@192.0.2.1;transport=;line=abc"),
		.to_uri = SLICE_LIT("sip:alice@acme.example"),
		.from_uri = SLICE_LIT("sip:ops@acme.example"),
		.verdict_ms = verdict_ms,
	};

	return prober_start(b->prober, &s, note, n);
}

static uint64_t probe_tcp(struct bench *b, const struct netaddr *to, uint32_t connection,
			  struct notes *n)
{
	struct probe_spec s = {
		.flow = {.transport = TRANSPORT_TCP, .remote = *to, .connection = connection},
		.request_uri = SLICE_LIT("sip:a@192.0.2.1;transport=tcp"),
		.to_uri = SLICE_LIT("sip:alice@acme.example"),
		.from_uri = SLICE_LIT("sip:ops@acme.example"),
		.verdict_ms = 1000,
	};

	return prober_start(b->prober, &s, note, n);
}

/* The request that reached the phone; the test frees it. */
static struct sip_msg *take(int fd, struct netaddr *from)
{
	const char *text = loopback_receive(fd, from), *why;
	struct sip_msg *m;

	if (sip_msg_parse(text, strlen(text), &m, NULL, &why) != SIP_IN_MESSAGE)
		fail_msg("no good request (%s): %s", why ? why : "", text);
	return m;
}

static void respond(int fd, const struct sip_msg *m, const struct netaddr *to, int code,
		    const char *headers, bool stream)
{
	struct sip_flow from = {.transport = TRANSPORT_UDP, .remote = *to};
	struct strbuf b = STRBUF_INIT;

	sip_build_response(&b, m, &from, code, NULL, "t");
	strbuf_add_str(&b, headers);
	sip_build_end(&b, SLICE_NONE);
	/* A stream knows where it goes. */
	loopback_send(fd, stream ? NULL : to, b.p);
	strbuf_free(&b);
}

static void reply(int fd, const struct sip_msg *m, const struct netaddr *to, int code,
		  const char *headers)
{
	respond(fd, m, to, code, headers, false);
}

/* A phone on fd answers the next request. */
static void answer(int fd, int code, const char *headers)
{
	struct netaddr from;
	struct sip_msg *m = take(fd, &from);

	reply(fd, m, &from, code, headers);
	sip_msg_free(m);
}

/* ---- UDP ------------------------------------------------------------------------------------- */

TEST(an_answer_tells_its_code_its_time_and_who_gave_it)
{
	struct bench *b = bench_new();
	struct notes n = {0};
	struct netaddr phone;
	int fd = loopback_socket(SOCK_DGRAM, &phone);
	uint64_t id = probe(b, &phone, 0, &n);

	UNUSED_STATE;
	assert_int_not_equal(id, 0);
	assert_int_equal(prober_open(b->prober), 1);
	assert_int_equal(n.reports, 0);
	answer(fd, 486, "User-Agent: Phone/1\r\nWarning: 399 h \"busy\"\r\n");
	TURN_UNTIL(b->loop, n.reports);
	assert_int_equal(n.last.end, PROBE_END_ANSWER);
	assert_int_equal(n.last.code, 486);
	assert_true(n.id == id);
	assert_false(n.last.late);
	assert_int_equal(n.last.sends, 1);
	assert_in_range(n.last.rtt_us, 1, 4000000);
	assert_string_equal(n.agent, "Phone/1");
	assert_string_equal(n.reason, "Busy Here");
	assert_string_equal(n.warning, "399 h \"busy\"");
	assert_int_equal(prober_open(b->prober), 0);
	close(fd);
	bench_free(b);
}

TEST(the_request_keeps_the_contacts_bytes_and_says_who_asks)
{
	struct bench *b = bench_new();
	struct notes n = {0};
	struct netaddr phone, from, ours;
	struct sip_msg *m;
	struct sip_via via;
	struct sip_contact c;
	char contact[NETADDR_STR + 16], at[NETADDR_STR];
	int fd = loopback_socket(SOCK_DGRAM, &phone);

	UNUSED_STATE;
	probe(b, &phone, 0, &n);
	m = take(fd, &from);
	assert_slice_equal(sip_msg_method(m), "OPTIONS");
	assert_slice_equal(sip_msg_request_uri(m), "sip:%61lice@192.0.2.1;transport=;line=abc");
	assert_slice_equal(sip_msg_to_uri(m), "sip:alice@acme.example");
	assert_int_equal(sip_msg_to_tag(m).n, 0);
	assert_slice_equal(sip_msg_from_uri(m), "sip:ops@acme.example");
	assert_true(sip_msg_from_tag(m).n > 0);
	assert_slice_equal(sip_msg_header(m, "Max-Forwards", 0), "70");
	assert_slice_equal(sip_msg_header(m, "Accept", 0), "application/sdp");
	assert_null(sip_msg_header(m, "Route", 0).p);
	assert_true(sip_msg_via(m, &via));
	assert_true(via.rport);
	assert_true(sip_transport_local(b->transport, TRANSPORT_UDP, NULL, &ours));
	assert_true(netaddr_eq(&from, &ours));
	assert_int_equal(via.port, netaddr_port(&ours));
	snprintf(contact, sizeof(contact), "sip:regtop@%s", netaddr_format(&ours, at));
	assert_true(sip_msg_contact(m, 0, &c));
	assert_slice_equal(c.uri, contact);
	sip_msg_free(m);
	close(fd);
	bench_free(b);
}

TEST(the_path_becomes_the_route)
{
	struct bench *b = bench_new();
	struct notes n = {0};
	struct netaddr phone;
	struct sip_msg *m;
	int fd = loopback_socket(SOCK_DGRAM, &phone);
	struct probe_spec s = {.flow = {.transport = TRANSPORT_UDP, .remote = phone},
			       .request_uri = SLICE_LIT("sip:a@192.0.2.1"),
			       .route = SLICE_LIT("<sip:e1;lr>,<sip:e2;lr>"),
			       .to_uri = SLICE_LIT("sip:a@b"),
			       .from_uri = SLICE_LIT("sip:o@b")};

	UNUSED_STATE;
	prober_start(b->prober, &s, note, &n);
	m = take(fd, NULL);
	assert_slice_equal(sip_msg_header(m, "route", 0), "<sip:e1;lr>,<sip:e2;lr>");
	sip_msg_free(m);
	close(fd);
	bench_free(b);
}

TEST(a_provisional_answer_is_not_the_answer)
{
	struct bench *b = bench_new();
	struct notes n = {0};
	struct netaddr phone, from;
	struct sip_msg *m;
	int fd = loopback_socket(SOCK_DGRAM, &phone);

	UNUSED_STATE;
	probe(b, &phone, 0, &n);
	m = take(fd, &from);
	reply(fd, m, &from, 100, "");
	TURN_UNTIL(b->loop, sip_transport_stats(b->transport)->in == 1);
	assert_int_equal(n.reports, 0);
	reply(fd, m, &from, 200, "Server: S/1\r\n");
	TURN_UNTIL(b->loop, n.reports);
	assert_int_equal(n.last.code, 200);
	assert_string_equal(n.agent, "S/1");
	/* The answer once more tells nothing new. */
	reply(fd, m, &from, 200, "");
	TURN_UNTIL(b->loop, sip_transport_stats(b->transport)->in == 3);
	assert_int_equal(n.reports, 1);
	sip_msg_free(m);
	close(fd);
	bench_free(b);
}

TEST(silence_is_told_and_a_late_answer_after_it)
{
	struct bench *b = bench_new();
	struct notes n = {0};
	struct netaddr phone;
	int fd = loopback_socket(SOCK_DGRAM, &phone);

	UNUSED_STATE;
	probe(b, &phone, SHORT_MS, &n);
	TURN_UNTIL(b->loop, n.reports);
	assert_int_equal(n.last.end, PROBE_END_SILENT);
	assert_int_equal(n.last.code, 0);
	assert_false(n.last.late);
	assert_int_equal(prober_open(b->prober), 0);
	answer(fd, 200, "");
	TURN_UNTIL(b->loop, n.reports == 2);
	assert_int_equal(n.last.end, PROBE_END_ANSWER);
	assert_true(n.last.late);
	assert_true(n.last.rtt_us >= SHORT_MS * 1000);
	assert_int_equal(n.late, 1);
	close(fd);
	bench_free(b);
}

TEST(an_unanswered_request_is_sent_again)
{
	struct bench *b = bench_new();
	struct notes n = {0};
	struct netaddr phone;
	char first[1024];
	int fd = loopback_socket(SOCK_DGRAM, &phone);

	UNUSED_STATE;
	probe(b, &phone, 700, &n);
	slice_to_buf(slice_of(loopback_receive(fd, NULL)), first, sizeof(first));
	TURN_UNTIL(b->loop, n.reports);
	assert_int_equal(n.last.end, PROBE_END_SILENT);
	assert_int_equal(n.last.sends, 2);
	/* Byte for byte: a retransmission, not another request. */
	assert_string_equal(loopback_receive(fd, NULL), first);
	close(fd);
	bench_free(b);
}

TEST(a_closed_port_refuses)
{
	struct bench *b = bench_new();
	struct notes n = {0};
	struct netaddr phone = loopback_closed_port(SOCK_DGRAM);

	UNUSED_STATE;
	probe(b, &phone, 0, &n);
	assert_int_equal(n.reports, 0);
	TURN_UNTIL(b->loop, n.reports);
	assert_int_equal(n.last.end, PROBE_END_REFUSED);
	assert_int_equal(n.last.error.error, ECONNREFUSED);
	assert_int_equal(n.last.error.icmp_type, 3);
	assert_int_equal(n.last.error.icmp_code, 3);
	assert_true(netaddr_eq(&n.last.error.to, &phone));
	assert_int_equal(prober_open(b->prober), 0);
	bench_free(b);
}

TEST(a_healthy_phone_does_not_inherit_its_neighbours_error)
{
	struct bench *b = bench_new();
	struct netaddr dead = loopback_closed_port(SOCK_DGRAM), phone;
	int fd = loopback_socket(SOCK_DGRAM, &phone);
	struct notes bad[4] = {{0}}, good[4] = {{0}};

	UNUSED_STATE;
	for (int i = 0; i < 4; i++) {
		probe(b, &dead, 0, &bad[i]);
		probe(b, &phone, 0, &good[i]);
	}
	for (int i = 0; i < 4; i++)
		answer(fd, 200, "");
	TURN_UNTIL(b->loop, prober_open(b->prober) == 0);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(bad[i].reports, 1);
		assert_int_equal(bad[i].last.end, PROBE_END_REFUSED);
		assert_int_equal(good[i].reports, 1);
		assert_int_equal(good[i].last.end, PROBE_END_ANSWER);
	}
	close(fd);
	bench_free(b);
}

/* RFC 792: eight bytes behind the IP header are all that a router need quote, the UDP header. */
TEST(an_error_that_quotes_nothing_is_matched_by_its_destination)
{
	struct bench *b = bench_new();
	struct netaddr phone, other;
	int fd = loopback_socket(SOCK_DGRAM, &phone), fd2 = loopback_socket(SOCK_DGRAM, &other);
	struct notes n = {0}, untouched = {0};
	struct sip_send_error e = {
		.to = phone, .error = EHOSTUNREACH, .icmp_type = 3, .icmp_code = 1};

	UNUSED_STATE;
	probe(b, &phone, 0, &n);
	probe(b, &other, 0, &untouched);
	transport_tell_send_error(b->transport, &e);
	assert_int_equal(n.last.end, PROBE_END_UNREACHABLE);
	assert_int_equal(n.reports, 1);
	assert_int_equal(untouched.reports, 0);
	/* Nobody is left to whom it could apply. */
	transport_tell_send_error(b->transport, &e);
	assert_int_equal(n.reports, 1);
	assert_int_equal(prober_open(b->prober), 1);
	close(fd);
	close(fd2);
	bench_free(b);
}

TEST(a_batch_leaves_together_and_loses_nobody)
{
	enum { MANY = 200 };
	struct bench *b = bench_new();
	struct netaddr phone, dead = loopback_closed_port(SOCK_DGRAM), v6;
	int fd = loopback_socket(SOCK_DGRAM, &phone);
	static struct notes n[MANY];

	UNUSED_STATE;
	memset(n, 0, sizeof(n));
	assert_int_equal(netaddr_parse(SLICE_LIT("::1"), 5060, &v6), 0);
	prober_begin_batch(b->prober);
	for (int i = 0; i < MANY; i++)
		probe(b, i % 3 == 0 ? &phone : i % 3 == 1 ? &dead : &v6, 0, &n[i]);
	prober_cancel(b->prober, probe(b, &phone, 0, NULL));
	prober_end_batch(b->prober);
	for (int i = 0; i < MANY; i += 3)
		answer(fd, 200, "");
	TURN_UNTIL(b->loop, prober_open(b->prober) == 0);
	for (int i = 0; i < MANY; i++) {
		assert_int_equal(n[i].reports, 1);
		assert_int_equal(n[i].last.end, i % 3 == 0   ? PROBE_END_ANSWER
						: i % 3 == 1 ? PROBE_END_REFUSED
							     : PROBE_END_UNREACHABLE);
	}
	close(fd);
	bench_free(b);
}

TEST(strays_wrong_branches_and_other_methods_are_ignored)
{
	static const char *const strays[] = {
		"Via: SIP/2.0/UDP h;branch=z9hG4bK0123456789abcdef\r\nCSeq: 1 OPTIONS\r\n",
		"Via: SIP/2.0/UDP h;branch=z9hG4bK%llx0\r\nCSeq: 1 OPTIONS\r\n",
		"Via: SIP/2.0/UDP h;branch=z9hG4bK%llx\r\nCSeq: 1 INVITE\r\n",
		"Via: SIP/2.0/UDP h;branch=%llx\r\nCSeq: 1 OPTIONS\r\n",
		"Via: SIP/2.0/UDP h\r\nCSeq: 1 OPTIONS\r\n",
	};
	struct bench *b = bench_new();
	struct notes n = {0};
	struct netaddr phone, ours;
	int fd = loopback_socket(SOCK_DGRAM, &phone);
	uint64_t id = probe(b, &phone, 200, &n);

	UNUSED_STATE;
	assert_true(sip_transport_local(b->transport, TRANSPORT_UDP, NULL, &ours));
	for (size_t i = 0; i < sizeof(strays) / sizeof(strays[0]); i++) {
		struct strbuf text = STRBUF_INIT;
		struct slice rest = slice_of(strays[i]), before;

		strbuf_add_str(&text, "SIP/2.0 200 OK\r\nFrom: <sip:a@b>\r\nTo: <sip:a@b>\r\n"
				      "Call-ID: x\r\n");
		rest = slice_cut(rest, '%', &before);
		strbuf_add_slice(&text, before);
		if (rest.n)
			strbuf_addf(&text, "%016llx%s", (unsigned long long)id, rest.p + 3);
		strbuf_add_str(&text, "\r\n");
		loopback_send(fd, &ours, text.p);
		strbuf_free(&text);
	}
	TURN_UNTIL(b->loop, n.reports);
	assert_int_equal(sip_transport_stats(b->transport)->in, 5);
	assert_int_equal(n.last.end, PROBE_END_SILENT);
	/* The same way of writing it, with nothing wrong, is the answer: the test itself is sound.
	 */
	answer(fd, 200, "");
	TURN_UNTIL(b->loop, n.late);
	close(fd);
	bench_free(b);
}

TEST(an_answer_from_elsewhere_counts_when_its_branch_is_right)
{
	struct bench *b = bench_new();
	struct notes n = {0};
	struct netaddr phone, other, from;
	struct sip_msg *m;
	int fd = loopback_socket(SOCK_DGRAM, &phone), fd2 = loopback_socket(SOCK_DGRAM, &other);

	UNUSED_STATE;
	probe(b, &phone, 0, &n);
	m = take(fd, &from);
	reply(fd2, m, &from, 200, "");
	TURN_UNTIL(b->loop, n.reports);
	assert_int_equal(n.last.end, PROBE_END_ANSWER);
	sip_msg_free(m);
	close(fd);
	close(fd2);
	bench_free(b);
}

TEST(a_cancelled_probe_reports_nothing)
{
	struct bench *b = bench_new();
	struct notes n = {0}, other = {0};
	struct netaddr phone;
	int fd = loopback_socket(SOCK_DGRAM, &phone);
	uint64_t id = probe(b, &phone, SHORT_MS, &n);

	UNUSED_STATE;
	probe(b, &phone, SHORT_MS, &other);
	prober_cancel(b->prober, id);
	prober_cancel(b->prober, id);
	prober_cancel(b->prober, 0);
	assert_int_equal(prober_open(b->prober), 1);
	answer(fd, 200, "");
	TURN_UNTIL(b->loop, other.reports);
	assert_int_equal(n.reports, 0);
	close(fd);
	bench_free(b);
}

TEST(what_the_kernel_will_not_send_is_unreachable_and_told_later)
{
	struct bench *b = bench_new();
	struct notes n = {0};
	struct netaddr v6;

	UNUSED_STATE;
	assert_int_equal(netaddr_parse(SLICE_LIT("::1"), 5060, &v6), 0);
	probe(b, &v6, 0, &n);
	assert_int_equal(n.reports, 0);
	TURN_UNTIL(b->loop, n.reports);
	assert_int_equal(n.last.end, PROBE_END_UNREACHABLE);
	assert_int_equal(n.last.error.error, EAFNOSUPPORT);
	assert_int_equal(n.last.error.icmp_type, -1);
	bench_free(b);
}

struct chain {
	struct bench *bench;
	struct netaddr to;
	unsigned left;
};

static void start_next(void *ctx, uint64_t id, const struct probe_report *r)
{
	struct chain *c = ctx;
	struct probe_spec s = {.flow = {.transport = TRANSPORT_UDP, .remote = c->to},
			       .request_uri = SLICE_LIT("sip:a@b"),
			       .to_uri = SLICE_LIT("sip:a@b"),
			       .from_uri = SLICE_LIT("sip:a@b"),
			       .verdict_ms = 10};

	assert_true(!r || r->end == PROBE_END_SILENT);
	/* Its own id too: nobody waits for a late answer any more. */
	prober_cancel(c->bench->prober, id);
	if (c->left-- > 0)
		prober_start(c->bench->prober, &s, start_next, c);
}

TEST(a_report_may_start_and_cancel_probes)
{
	struct chain c = {.bench = bench_new(), .left = 5};
	int fd = loopback_socket(SOCK_DGRAM, &c.to);

	UNUSED_STATE;
	start_next(&c, 0, NULL);
	TURN_UNTIL(c.bench->loop, prober_open(c.bench->prober) == 0);
	assert_int_equal(c.left, UINT32_MAX);
	close(fd);
	bench_free(c.bench);
}

TEST(many_probes_end_each_in_its_own_way)
{
	enum { MANY = 500 };
	struct bench *b = bench_new();
	struct netaddr phone;
	int fd = loopback_socket(SOCK_DGRAM, &phone);
	static struct notes n[MANY];
	unsigned answered = 0;

	UNUSED_STATE;
	memset(n, 0, sizeof(n));
	for (int i = 0; i < MANY; i++)
		probe(b, &phone, 300, &n[i]);
	for (int i = 0; i < MANY / 5; i++)
		answer(fd, 200, "");
	TURN_UNTIL(b->loop, prober_open(b->prober) == 0);
	for (int i = 0; i < MANY; i++) {
		assert_int_equal(n[i].reports, 1);
		answered += n[i].last.end == PROBE_END_ANSWER;
	}
	assert_int_equal(answered, MANY / 5);
	close(fd);
	bench_free(b);
}

/* ---- TCP ------------------------------------------------------------------------------------- */

TEST(a_probe_over_a_connection_is_sent_once_and_answered_on_it)
{
	struct bench *b = bench_new();
	struct notes n = {0};
	struct netaddr phone;
	struct sip_msg *m;
	int listener = loopback_socket(SOCK_STREAM, &phone), fd;

	UNUSED_STATE;
	assert_int_equal(listen(listener, 1), 0);
	probe_tcp(b, &phone, sip_transport_connect(b->transport, &phone), &n);
	fd = accept(listener, NULL, NULL);
	assert_true(fd >= 0);
	/* Longer than a retransmission would take over UDP. */
	TURN_FOR(b->loop, 600, n.reports);
	assert_int_equal(n.reports, 0);
	m = take(fd, NULL);
	respond(fd, m, &phone, 200, "User-Agent: T/1\r\n", true);
	sip_msg_free(m);
	TURN_UNTIL(b->loop, n.reports);
	assert_int_equal(n.last.end, PROBE_END_ANSWER);
	assert_int_equal(n.last.sends, 1);
	assert_string_equal(n.agent, "T/1");
	close(fd);
	close(listener);
	bench_free(b);
}

TEST(a_connection_that_closes_ends_its_probes)
{
	struct bench *b = bench_new();
	struct notes n[2] = {{0}}, late = {0};
	struct netaddr phone;
	int listener = loopback_socket(SOCK_STREAM, &phone), fd;
	uint32_t id;

	UNUSED_STATE;
	assert_int_equal(listen(listener, 1), 0);
	id = sip_transport_connect(b->transport, &phone);
	probe_tcp(b, &phone, id, &n[0]);
	probe_tcp(b, &phone, id, &n[1]);
	fd = accept(listener, NULL, NULL);
	assert_true(fd >= 0);
	TURN_FOR(b->loop, 20, false);
	assert_non_null(strstr(loopback_receive(fd, NULL), "OPTIONS sip:a@192.0.2.1"));
	close(fd);
	TURN_UNTIL(b->loop, prober_open(b->prober) == 0);
	assert_int_equal(n[0].last.end, PROBE_END_CLOSED);
	assert_int_equal(n[1].last.end, PROBE_END_CLOSED);
	assert_int_equal(n[0].reports + n[1].reports, 2);
	/* And one that starts on what is closed already. */
	probe_tcp(b, &phone, id, &late);
	assert_int_equal(late.reports, 0);
	TURN_UNTIL(b->loop, late.reports);
	assert_int_equal(late.last.end, PROBE_END_CLOSED);
	/* One that ends in another way is gone all the same: here, by bytes that nobody can frame.
	 */
	id = sip_transport_connect(b->transport, &phone);
	probe_tcp(b, &phone, id, &late);
	fd = accept(listener, NULL, NULL);
	loopback_send(fd, NULL, "x\r\n\r\n");
	TURN_UNTIL(b->loop, late.reports == 2);
	assert_int_equal(late.last.end, PROBE_END_CLOSED);
	close(fd);
	close(listener);
	bench_free(b);
}

TEST(a_refused_connection_refuses_its_probe)
{
	struct bench *b = bench_new();
	struct notes n = {0};
	struct netaddr closed = loopback_closed_port(SOCK_STREAM);

	UNUSED_STATE;
	probe_tcp(b, &closed, sip_transport_connect(b->transport, &closed), &n);
	TURN_UNTIL(b->loop, n.reports);
	assert_int_equal(n.last.end, PROBE_END_REFUSED);
	assert_int_equal(n.last.error.error, ECONNREFUSED);
	bench_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(an_answer_tells_its_code_its_time_and_who_gave_it),
		T(the_request_keeps_the_contacts_bytes_and_says_who_asks),
		T(the_path_becomes_the_route),
		T(a_provisional_answer_is_not_the_answer),
		T(silence_is_told_and_a_late_answer_after_it),
		T(an_unanswered_request_is_sent_again),
		T(a_closed_port_refuses),
		T(a_healthy_phone_does_not_inherit_its_neighbours_error),
		T(an_error_that_quotes_nothing_is_matched_by_its_destination),
		T(a_batch_leaves_together_and_loses_nobody),
		T(strays_wrong_branches_and_other_methods_are_ignored),
		T(an_answer_from_elsewhere_counts_when_its_branch_is_right),
		T(a_cancelled_probe_reports_nothing),
		T(what_the_kernel_will_not_send_is_unreachable_and_told_later),
		T(a_report_may_start_and_cancel_probes),
		T(many_probes_end_each_in_its_own_way),
		T(a_probe_over_a_connection_is_sent_once_and_answered_on_it),
		T(a_connection_that_closes_ends_its_probes),
		T(a_refused_connection_refuses_its_probe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
