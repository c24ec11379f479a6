/* Tests of sip/call: the INVITE transaction, CANCEL and what ends a call, rule by rule. */
#include "call_bench.h"

/* ---- quiet -------------------------------------------------------------------------------------
 */

TEST(a_quiet_call_that_is_refused_is_acknowledged_and_told)
{
	struct call_bench *b = bench_new();
	struct call_spec s = bench_spec(b);
	struct sip_msg *invite, *ack;
	struct sip_via one, two;

	UNUSED_STATE;
	s.quiet = true;
	bench_call(b, &s);
	invite = bench_take(b->phone, "INVITE");
	assert_slice_equal(sip_msg_header(invite, "require", 0), "x-regtop-quiet");
	clock_fake_advance(&b->clock, 12);
	bench_answer(b, invite, 488, "t1", "User-Agent: Phone/1\r\nWarning: 305 h \"codec\"\r\n");
	assert_int_equal(b->reports, 1);
	assert_int_equal(b->last.end, CALL_END_FINAL);
	assert_int_equal(b->last.code, 488);
	assert_int_equal(b->last.final_us, 12000);
	assert_string_equal(b->agent, "Phone/1");
	assert_string_equal(b->reason, "Not Acceptable Here");
	assert_string_equal(b->warning, "305 h \"codec\"");
	assert_false(b->last.ringing || b->last.trying);
	ack = bench_take(b->phone, "ACK");
	assert_true(sip_msg_via(invite, &one) && sip_msg_via(ack, &two));
	assert_true(slice_eq(one.branch, two.branch));
	assert_slice_equal(sip_msg_to_tag(ack), "t1");
	assert_true(slice_eq(sip_msg_request_uri(ack), sip_msg_request_uri(invite)));
	assert_int_equal(sip_msg_cseq(ack), sip_msg_cseq(invite));
	assert_slice_equal(sip_msg_header(ack, "max-forwards", 0), "70");
	sip_msg_free(invite);
	sip_msg_free(ack);
	bench_free(b);
}

TEST(a_quiet_call_that_rings_is_cancelled_at_once)
{
	struct call_bench *b = bench_new();
	struct call_spec s = bench_spec(b);
	struct sip_msg *invite;

	UNUSED_STATE;
	s.quiet = true;
	bench_call(b, &s);
	invite = bench_take(b->phone, "INVITE");
	bench_answer(b, invite, 100, NULL, "");
	assert_true(bench_quiet(b->phone));
	bench_answer(b, invite, 180, "t1", "User-Agent: Loud/1\r\n");
	bench_reply(b, "CANCEL", 200, "t1");
	assert_int_equal(b->reports, 0);
	bench_answer(b, invite, 487, "t1", "Server: other\r\n");
	bench_take_free(b->phone, "ACK");
	assert_int_equal(b->reports, 1);
	assert_int_equal(b->last.end, CALL_END_CANCELLED);
	assert_true(b->last.ringing && b->last.trying);
	assert_string_equal(b->agent, "Loud/1");
	assert_int_equal(b->codes[0], 100);
	assert_int_equal(b->codes[1], 180);
	sip_msg_free(invite);
	bench_free(b);
}

/* ---- ringing ------------------------------------------------------------------------------------
 */

TEST(a_phone_rings_as_long_as_was_asked_and_is_cancelled)
{
	struct call_bench *b = bench_new();
	struct call_spec s = bench_spec(b);
	struct sip_msg *invite, *cancel;
	struct sip_via one, two;

	UNUSED_STATE;
	s.ring_ms = 3000;
	bench_call(b, &s);
	invite = bench_take(b->phone, "INVITE");
	bench_answer(b, invite, 180, "t1", "");
	bench_pass(b, 2900);
	assert_true(bench_quiet(b->phone));
	bench_pass(b, 100);
	cancel = bench_take(b->phone, "CANCEL");
	assert_true(sip_msg_via(invite, &one) && sip_msg_via(cancel, &two));
	assert_true(slice_eq(one.branch, two.branch));
	assert_int_equal(sip_msg_cseq(cancel), sip_msg_cseq(invite));
	assert_true(slice_eq(sip_msg_request_uri(cancel), sip_msg_request_uri(invite)));
	assert_true(slice_eq(sip_msg_header(cancel, "from", 0), sip_msg_header(invite, "from", 0)));
	assert_int_equal(sip_msg_to_tag(cancel).n, 0);
	bench_answer(b, cancel, 200, "t1", "");
	bench_answer(b, invite, 487, "t1", "");
	bench_take_free(b->phone, "ACK");
	assert_int_equal(b->last.end, CALL_END_CANCELLED);
	assert_int_equal(b->last.code, 487);
	sip_msg_free(invite);
	sip_msg_free(cancel);
	bench_free(b);
}

/* ---- silence ------------------------------------------------------------------------------------
 */

TEST(silence_is_told_after_six_seconds_and_a_late_ringing_still_cancelled)
{
	struct call_bench *b = bench_new();
	struct call_spec s = bench_spec(b);
	struct sip_msg *invite;

	UNUSED_STATE;
	bench_call(b, &s);
	invite = bench_take(b->phone, "INVITE");
	bench_pass(b, 5900);
	assert_int_equal(b->reports, 0);
	bench_pass(b, 100);
	assert_int_equal(b->reports, 1);
	assert_int_equal(b->last.end, CALL_END_SILENT);
	assert_int_equal(b->last.sends, 4);
	for (int i = 0; i < 3; i++)
		bench_take_free(b->phone, "INVITE");
	bench_pass(b, 20000);
	assert_true(bench_quiet(b->phone));
	bench_answer(b, invite, 180, "t1", "");
	bench_reply(b, "CANCEL", 200, "t1");
	bench_answer(b, invite, 487, "t1", "");
	bench_take_free(b->phone, "ACK");
	assert_int_equal(b->reports, 1);
	sip_msg_free(invite);
	bench_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_quiet_call_that_is_refused_is_acknowledged_and_told),
		T(a_quiet_call_that_rings_is_cancelled_at_once),
		T(a_phone_rings_as_long_as_was_asked_and_is_cancelled),
		T(silence_is_told_after_six_seconds_and_a_late_ringing_still_cancelled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
