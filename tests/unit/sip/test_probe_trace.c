/* Tests of traced probes: every message of theirs in their exchange, and nothing of others. */
#include "loopback.h"
#include "base/trace.h"
#include "sip/probe.h"

struct bench {
	struct loop *loop;
	struct sip_transport *transport;
	struct prober *prober;
	struct trace *trace;
	unsigned reports, late;
	struct probe_report last;
	struct netaddr ours;
};

static void note(void *ctx, uint64_t id, const struct probe_report *r)
{
	struct bench *b = ctx;

	(void)id;
	b->reports++;
	b->late += r->late;
	b->last = *r;
}

static struct bench *bench_new(void)
{
	struct bench *b = xcalloc(1, sizeof(*b));
	struct netaddr any = loopback_any_port();

	b->loop = loop_new();
	b->transport = sip_transport_new(b->loop, &clock_system);
	assert_int_equal(sip_transport_listen(b->transport, TRANSPORT_UDP, &any, NULL), 0);
	assert_true(sip_transport_local(b->transport, TRANSPORT_UDP, NULL, &b->ours));
	b->prober = prober_new(b->loop, &clock_system, b->transport);
	b->trace = trace_new(&clock_system);
	return b;
}

static void bench_free(struct bench *b)
{
	prober_free(b->prober);
	sip_transport_free(b->transport);
	loop_free(b->loop);
	trace_free(b->trace);
	free(b);
}

static uint64_t probe(struct bench *b, const struct sip_flow *flow, unsigned verdict_ms,
		      struct trace *t)
{
	struct probe_spec s = {
		.flow = *flow,
		.request_uri = SLICE_LIT("sip:alice@192.0.2.1"),
		.to_uri = SLICE_LIT("sip:alice@acme.example"),
		.from_uri = SLICE_LIT("sip:ops@acme.example"),
		.verdict_ms = verdict_ms,
		.trace = t,
	};

	return prober_start(b->prober, &s, note, b);
}

/* The phone's answer to the next request on fd; NULL: it reads and says nothing. */
static void answer(struct bench *b, int fd, const char *headers)
{
	const char *text = loopback_receive(fd, NULL);
	struct sip_flow from = {.transport = TRANSPORT_UDP, .remote = b->ours};
	struct strbuf out = STRBUF_INIT;
	struct sip_msg *m;

	assert_int_equal(sip_msg_parse(text, strlen(text), &m, NULL, NULL), SIP_IN_MESSAGE);
	if (headers) {
		sip_build_response(&out, m, &from, 200, NULL, "t");
		strbuf_add_str(&out, headers);
		sip_build_end(&out, SLICE_NONE);
		loopback_send(fd, &b->ours, out.p);
	}
	strbuf_free(&out);
	sip_msg_free(m);
}

static void is_step(const struct bench *b, size_t i, enum trace_kind kind, const char *words,
		    unsigned exchange)
{
	const struct trace_step *s = trace_at(b->trace, i);

	assert_non_null(s);
	assert_int_equal(s->kind, kind);
	assert_string_equal(s->words, words);
	assert_int_equal(s->exchange, exchange);
}

TEST(what_is_sent_again_and_answered_stands_in_the_trace_of_its_probe)
{
	struct bench *b = bench_new();
	struct netaddr one, two;
	int traced = loopback_socket(SOCK_DGRAM, &one), other = loopback_socket(SOCK_DGRAM, &two);
	struct sip_flow to_one = {.transport = TRANSPORT_UDP, .remote = one};
	struct sip_flow to_two = {.transport = TRANSPORT_UDP, .remote = two};
	unsigned mine, next;
	const struct trace_step *s;

	UNUSED_STATE;
	trace_begin(b->trace, "before");
	mine = trace_begin(b->trace, "OPTIONS, direct");
	probe(b, &to_two, 0, NULL);
	probe(b, &to_one, 0, b->trace);
	next = trace_begin(b->trace, "behind");
	answer(b, other, "");
	TURN_UNTIL(b->loop, b->reports == 1);
	assert_int_equal(trace_count(b->trace), 1);
	answer(b, traced, NULL);
	TURN_FOR(b->loop, PATIENCE_MS, trace_count(b->trace) > 1);
	/* In the form that is read without a parser, and that a trace has to have whole. */
	answer(b, traced, "User-Agent: Phone/1\r\n");
	TURN_UNTIL(b->loop, b->reports == 2);
	assert_int_equal(trace_count(b->trace), 3);
	is_step(b, 0, TRACE_SENT, "OPTIONS", mine);
	is_step(b, 1, TRACE_SENT, "OPTIONS", mine);
	is_step(b, 2, TRACE_RECEIVED, "200 OK", mine);
	assert_int_equal(trace_at(b->trace, 1)->again, 1);
	s = trace_at(b->trace, 2);
	assert_true(netaddr_eq(&s->remote, &one) && netaddr_eq(&s->local, &b->ours));
	assert_true(netaddr_eq(&trace_at(b->trace, 0)->local, &b->ours));
	assert_true(slice_find_icase(s->raw, SLICE_LIT("user-agent: phone/1")) > 0);
	assert_int_equal(trace_current(b->trace), next);
	close(traced);
	close(other);
	bench_free(b);
}

TEST(a_late_answer_stands_in_it_and_nothing_behind_a_cancel)
{
	struct bench *b = bench_new();
	struct netaddr phone;
	int fd = loopback_socket(SOCK_DGRAM, &phone);
	struct sip_flow to = {.transport = TRANSPORT_UDP, .remote = phone};
	uint64_t id;

	UNUSED_STATE;
	probe(b, &to, 50, b->trace);
	TURN_UNTIL(b->loop, b->reports == 1);
	assert_int_equal(b->last.end, PROBE_END_SILENT);
	answer(b, fd, "");
	TURN_UNTIL(b->loop, b->late == 1);
	assert_int_equal(trace_count(b->trace), 2);
	is_step(b, 1, TRACE_RECEIVED, "200 OK", 0);
	id = probe(b, &to, 0, b->trace);
	prober_cancel(b->prober, id);
	assert_int_equal(trace_count(b->trace), 3);
	answer(b, fd, "");
	TURN_FOR(b->loop, 50, false);
	assert_int_equal(trace_count(b->trace), 3);
	close(fd);
	bench_free(b);
}

TEST(what_cannot_be_read_stands_in_it_and_is_no_plain_silence)
{
	struct bench *b = bench_new();
	struct netaddr one, two;
	int traced = loopback_socket(SOCK_DGRAM, &one), other = loopback_socket(SOCK_DGRAM, &two);
	struct sip_flow to = {.transport = TRANSPORT_UDP, .remote = one};

	UNUSED_STATE;
	trace_begin(b->trace, "OPTIONS");
	probe(b, &to, 300, b->trace);
	answer(b, traced, NULL);
	loopback_send(traced, &b->ours, "SIP/2.0 200 OK\r\nVia: none\r\n\r\n");
	/* From another address it is nothing of this probe's. */
	loopback_send(other, &b->ours, "SIP/2.0 nonsense\r\n\r\n");
	TURN_UNTIL(b->loop, b->reports == 1);
	assert_int_equal(b->last.end, PROBE_END_SILENT);
	assert_true(b->last.unreadable);
	assert_int_equal(trace_count(b->trace), 2);
	assert_int_equal(trace_at(b->trace, 1)->kind, TRACE_TROUBLE);
	assert_non_null(strstr(trace_at(b->trace, 1)->words, "bytes that are no SIP message: "));
	/* Of one that is not traced nobody knows it. */
	to.remote = two;
	probe(b, &to, 300, NULL);
	answer(b, other, NULL);
	loopback_send(other, &b->ours, "SIP/2.0 nonsense\r\n\r\n");
	TURN_UNTIL(b->loop, b->reports == 2);
	assert_false(b->last.unreadable);
	close(traced);
	close(other);
	bench_free(b);
}

TEST(icmp_and_lost_connections_stand_in_it_in_words)
{
	struct bench *b = bench_new();
	struct netaddr addr;
	struct sip_flow flow = {.transport = TRANSPORT_UDP,
				.remote = loopback_closed_port(SOCK_DGRAM)};
	int listener = loopback_socket(SOCK_STREAM, &addr);
	size_t n;

	UNUSED_STATE;
	probe(b, &flow, 0, b->trace);
	TURN_UNTIL(b->loop, b->reports == 1);
	is_step(b, 1, TRACE_TROUBLE, "ICMP port unreachable from 127.0.0.1", 0);
	assert_int_equal(netaddr_parse(SLICE_LIT("::1"), 9, &flow.remote), 0);
	probe(b, &flow, 0, b->trace);
	is_step(b, 2, TRACE_TROUBLE, strerror(EAFNOSUPPORT), 0);
	TURN_UNTIL(b->loop, b->reports == 2);
	assert_int_equal(listen(listener, 1), 0);
	flow = (struct sip_flow){.transport = TRANSPORT_TCP, .remote = addr};
	flow.connection = sip_transport_connect(b->transport, &addr);
	probe(b, &flow, 0, b->trace);
	close(accept(listener, NULL, NULL));
	TURN_UNTIL(b->loop, b->reports == 3);
	n = trace_count(b->trace);
	is_step(b, 3, TRACE_SENT, "OPTIONS", 0);
	assert_in_range(n, 5, 5);
	assert_true(trace_at(b->trace, 4)->kind == TRACE_NOTE ||
		    trace_at(b->trace, 4)->kind == TRACE_TROUBLE);
	close(listener);
	bench_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_is_sent_again_and_answered_stands_in_the_trace_of_its_probe),
		T(a_late_answer_stands_in_it_and_nothing_behind_a_cancel),
		T(what_cannot_be_read_stands_in_it_and_is_no_plain_silence),
		T(icmp_and_lost_connections_stand_in_it_in_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
