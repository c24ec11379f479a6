/* For tests of the caller: a caller whose clock the test owns, a phone on a socket of the test's,
 * and what was reported. */
#ifndef REGTOP_TESTS_CALL_BENCH_H
#define REGTOP_TESTS_CALL_BENCH_H

#include <poll.h>
#include "loopback.h"
#include "sip/call_state.h"

struct call_bench {
	struct clock_fake clock;
	struct loop *loop;
	struct sip_transport *transport;
	struct caller *caller;
	struct trace *trace;
	int phone; /* its socket */
	struct netaddr phone_addr, our_addr;
	/* the report, and what came before it */
	unsigned reports, steps;
	int codes[16];
	unsigned lates;
	int late[4];
	uint32_t late_us; /* of the first */
	uint64_t id;
	struct call_report last;
	char agent[64], reason[64], cause[64], warning[64], moved_to[128], unsupported[64];
	char required[64], min_se[64];
};

static inline void bench_note(void *ctx, uint64_t id, const struct call_report *r)
{
	struct call_bench *b = ctx;

	b->reports++;
	b->id = id;
	b->last = *r;
	slice_to_buf(r->agent, b->agent, sizeof(b->agent));
	slice_to_buf(r->reason, b->reason, sizeof(b->reason));
	slice_to_buf(r->cause, b->cause, sizeof(b->cause));
	slice_to_buf(r->warning, b->warning, sizeof(b->warning));
	slice_to_buf(r->moved_to, b->moved_to, sizeof(b->moved_to));
	slice_to_buf(r->unsupported, b->unsupported, sizeof(b->unsupported));
	slice_to_buf(r->required, b->required, sizeof(b->required));
	slice_to_buf(r->min_se, b->min_se, sizeof(b->min_se));
}

static inline void bench_step(void *ctx, uint64_t id, int code, uint32_t after_us)
{
	struct call_bench *b = ctx;

	(void)id;
	(void)after_us;
	assert_int_equal(b->reports, 0);
	if (b->steps < 16)
		b->codes[b->steps++] = code;
}

static inline void bench_late(void *ctx, uint64_t id, int code, uint32_t after_us)
{
	struct call_bench *b = ctx;

	(void)id;
	assert_true(b->lates < 4);
	if (b->lates == 0)
		b->late_us = after_us;
	b->late[b->lates++] = code;
}

static inline struct call_bench *bench_new(void)
{
	struct call_bench *b = xcalloc(1, sizeof(*b));
	struct netaddr any = loopback_any_port();

	clock_fake_init(&b->clock, 1000000);
	/* Not at zero, which means "never" to nobody here. */
	clock_fake_advance(&b->clock, 5000);
	b->loop = loop_new();
	b->transport = sip_transport_new(b->loop, &b->clock.clock);
	assert_int_equal(sip_transport_listen(b->transport, TRANSPORT_UDP, &any, NULL), 0);
	assert_true(sip_transport_local(b->transport, TRANSPORT_UDP, NULL, &b->our_addr));
	b->caller = caller_new(b->loop, &b->clock.clock, b->transport);
	b->trace = trace_new(&b->clock.clock);
	b->phone = loopback_socket(SOCK_DGRAM, &b->phone_addr);
	return b;
}

static inline void bench_free(struct call_bench *b)
{
	caller_free(b->caller);
	sip_transport_free(b->transport);
	loop_free(b->loop);
	trace_free(b->trace);
	if (b->phone >= 0)
		close(b->phone);
	free(b);
}

static inline struct call_spec bench_spec(struct call_bench *b)
{
	return (struct call_spec){
		.flow = {.transport = TRANSPORT_UDP, .remote = b->phone_addr},
		.request_uri = SLICE_LIT("sip:%61lice@192.0.2.1;transport=;line=abc"),
		.to_uri = SLICE_LIT("sip:alice@acme.example"),
		.from_uri = SLICE_LIT("sip:ops@acme.example"),
		.trace = b->trace,
		.progress = bench_step,
	};
}

static inline uint64_t bench_call(struct call_bench *b, const struct call_spec *s)
{
	uint64_t id;

	b->reports = b->steps = b->lates = 0;
	id = caller_start(b->caller, s, bench_note, b);
	assert_int_not_equal(id, 0);
	assert_int_equal(b->reports, 0);
	return id;
}

/* The clock goes on in steps that no timer is lost between. */
static inline void bench_pass(struct call_bench *b, int64_t ms)
{
	while (ms > 0) {
		int64_t step = ms < 100 ? ms : 100;

		clock_fake_advance(&b->clock, step);
		caller_tick(b->caller);
		ms -= step;
	}
}

/* Everything that is on its way to us arrives. */
static inline void bench_arrive(struct call_bench *b)
{
	for (int i = 0; i < 20; i++)
		loop_turn(b->loop, false);
}

/* The next request that reached fd; the test frees it. */
static inline struct sip_msg *bench_take(int fd, const char *method)
{
	const char *text = loopback_receive(fd, NULL), *why;
	struct sip_msg *m;

	if (sip_msg_parse(text, strlen(text), &m, NULL, &why) != SIP_IN_MESSAGE)
		fail_msg("no good message (%s): %s", why ? why : "", text);
	if (!sip_msg_is_request(m) || !slice_eq_str(sip_msg_method(m), method))
		fail_msg("not %s, but: %s", method, text);
	return m;
}

static inline void bench_take_free(int fd, const char *method)
{
	sip_msg_free(bench_take(fd, method));
}

/* Nothing lies unread at fd. */
static inline bool bench_quiet(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, 0) == 0;
}

/* A response from fd to m, with To tag tag (NULL: none) and more headers. */
static inline void bench_answer_from(struct call_bench *b, int fd, const struct sip_msg *m,
				     int code, const char *tag, const char *headers)
{
	struct sip_flow from = {.transport = TRANSPORT_UDP, .remote = b->our_addr};
	struct strbuf text = STRBUF_INIT;

	sip_build_response(&text, m, &from, code, NULL, tag);
	strbuf_add_str(&text, headers);
	sip_build_end(&text, SLICE_NONE);
	loopback_send(fd, &b->our_addr, text.p);
	strbuf_free(&text);
	bench_arrive(b);
}

static inline void bench_answer(struct call_bench *b, const struct sip_msg *m, int code,
				const char *tag, const char *headers)
{
	bench_answer_from(b, b->phone, m, code, tag, headers);
}

/* The next request, answered and forgotten. */
static inline void bench_reply(struct call_bench *b, const char *method, int code, const char *tag)
{
	struct sip_msg *m = bench_take(b->phone, method);

	bench_answer(b, m, code, tag, "");
	sip_msg_free(m);
}

/* A call that is refused so, up to its ACK. */
static inline void bench_refused(struct call_bench *b, int code, const char *headers)
{
	struct call_spec s = bench_spec(b);
	struct sip_msg *invite;

	bench_call(b, &s);
	invite = bench_take(b->phone, "INVITE");
	bench_answer(b, invite, code, "t1", headers);
	bench_take_free(b->phone, "ACK");
	assert_int_equal(b->last.end, CALL_END_FINAL);
	assert_int_equal(b->last.code, code);
	sip_msg_free(invite);
}

#endif
