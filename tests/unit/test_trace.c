/* Traces: what went over the wire, in order, with what was sent again. */
#include "test.h"

#include <stdlib.h>
#include "base/trace.h"

static struct clock_fake fake;
static struct netaddr here, there;

static struct trace *begin(void)
{
	clock_fake_init(&fake, 1000);
	netaddr_parse(slice_of("127.0.0.1"), 5060, &here);
	netaddr_parse(slice_of("192.0.2.7"), 40211, &there);
	return trace_new(&fake.clock);
}

static void send_text(struct trace *t, const char *text)
{
	trace_sent(t, TRANSPORT_UDP, &here, &there, text, strlen(text));
}

TEST(steps_are_named_timed_and_counted_as_sent_again)
{
	struct trace *t = begin();
	const char *ringing = "SIP/2.0 180 Ring\x1bing\r\n\r\n";

	UNUSED_STATE;
	assert_int_equal(trace_begin(t, "INVITE, quiet"), 0);
	send_text(t, "INVITE sip:a SIP/2.0\r\n\r\n");
	clock_fake_advance(&fake, 500);
	send_text(t, "INVITE sip:a SIP/2.0\r\n\r\n");
	trace_received(t, TRANSPORT_UDP, &here, &there, ringing, strlen(ringing));
	trace_trouble(t, TRANSPORT_UDP, &there, "ICMP port unreachable");
	trace_note(t, "stopped");
	assert_int_equal(trace_count(t), 5);
	assert_string_equal(trace_at(t, 0)->words, "INVITE");
	assert_int_equal(trace_at(t, 0)->again, 0);
	assert_int_equal(trace_at(t, 1)->again, 1);
	assert_int_equal(trace_at(t, 1)->wall_ms, 1500);
	assert_int_equal(trace_at(t, 1)->at_us - trace_at(t, 0)->at_us, 500000);
	assert_string_equal(trace_at(t, 2)->words, "180 Ring\xef\xbf\xbding");
	assert_slice_equal(trace_at(t, 2)->raw, ringing);
	assert_true(netaddr_eq(&trace_at(t, 2)->remote, &there));
	assert_int_equal(trace_at(t, 3)->kind, TRACE_TROUBLE);
	assert_string_equal(trace_at(t, 4)->words, "stopped");
	assert_string_equal(trace_title(t, 0), "INVITE, quiet");
	assert_null(trace_at(t, 5));
	trace_free(t);
}

TEST(exchanges_may_be_open_side_by_side)
{
	struct trace *t = begin();
	unsigned a = trace_begin(t, "direct"), b = trace_begin(t, "through the registrar");

	UNUSED_STATE;
	send_text(t, "OPTIONS sip:a SIP/2.0\r\n\r\n");
	trace_switch(t, a);
	send_text(t, "OPTIONS sip:a SIP/2.0\r\n\r\n");
	assert_int_equal(trace_at(t, 0)->exchange, b);
	assert_int_equal(trace_at(t, 1)->exchange, a);
	assert_int_equal(trace_at(t, 1)->again, 0);
	assert_int_equal(trace_exchanges(t), 2);
	assert_string_equal(trace_title(t, 7), "");
	trace_free(t);
}

TEST(there_are_ceilings_and_no_trace_is_fine)
{
	struct trace *t = begin();
	size_t n = TRACE_BYTES_MAX - 10;
	char *big = calloc(1, n);

	UNUSED_STATE;
	trace_begin(t, "x");
	trace_sent(t, TRANSPORT_UDP, NULL, NULL, big, n);
	send_text(t, "OPTIONS sip:a SIP/2.0\r\n\r\n");
	assert_int_equal(trace_at(t, 0)->raw.n, n);
	assert_int_equal(trace_at(t, 1)->raw.n, 0);
	assert_true(trace_at(t, 1)->size > 0);
	for (int i = 0; i < TRACE_STEPS_MAX; i++)
		trace_note(t, "on");
	assert_int_equal(trace_count(t), TRACE_STEPS_MAX);
	assert_int_equal(trace_lost(t), 2);
	free(big);
	trace_free(t);
	trace_note(NULL, "on");
	trace_sent(NULL, TRANSPORT_UDP, NULL, NULL, "x", 1);
	assert_int_equal(trace_begin(NULL, "x"), 0);
	assert_int_equal(trace_count(NULL), 0);
	trace_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(steps_are_named_timed_and_counted_as_sent_again),
		T(exchanges_may_be_open_side_by_side),
		T(there_are_ceilings_and_no_trace_is_fine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
