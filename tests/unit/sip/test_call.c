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

/* ---- silence -------------------------------------------------------------------------------- */

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
	assert_int_equal(caller_open(b->caller), 0);
	for (int i = 0; i < 3; i++)
		bench_take_free(b->phone, "INVITE");
	/* Nothing more that could make a phone ring when nobody waits for it. */
	bench_pass(b, 20000);
	assert_true(bench_quiet(b->phone));
	bench_answer(b, invite, 180, "t1", "");
	assert_int_equal(caller_unsettled(b->caller), 1);
	bench_reply(b, "CANCEL", 200, "t1");
	bench_answer(b, invite, 487, "t1", "");
	bench_take_free(b->phone, "ACK");
	assert_int_equal(caller_unsettled(b->caller), 0);
	assert_int_equal(b->reports, 1);
	assert_int_equal(b->steps, 0);
	sip_msg_free(invite);
	bench_free(b);
}

TEST(a_late_answer_is_ended_and_after_32_seconds_nobody_listens)
{
	struct call_bench *b = bench_new();
	struct call_spec s = bench_spec(b);
	struct sip_msg *invite;

	UNUSED_STATE;
	bench_call(b, &s);
	invite = bench_take(b->phone, "INVITE");
	bench_pass(b, 31000);
	for (int i = 0; i < 3; i++)
		bench_take_free(b->phone, "INVITE");
	bench_answer(b, invite, 200, "t1", "");
	bench_take_free(b->phone, "ACK");
	bench_reply(b, "BYE", 200, NULL);
	bench_pass(b, 33000);
	assert_null(b->caller->calls);
	bench_answer(b, invite, 200, "t1", "");
	assert_true(bench_quiet(b->phone));
	assert_int_equal(b->reports, 1);
	sip_msg_free(invite);
	bench_free(b);
}

TEST(who_is_heard_of_behind_the_verdict_is_told_and_traced_until_it_is_forgotten)
{
	struct call_bench *b = bench_new();
	struct call_spec s = bench_spec(b);
	struct sip_msg *invite;
	size_t steps;

	UNUSED_STATE;
	s.late = bench_late;
	bench_call(b, &s);
	invite = bench_take(b->phone, "INVITE");
	bench_pass(b, 7300);
	for (int i = 0; i < 3; i++)
		bench_take_free(b->phone, "INVITE");
	assert_int_equal(b->last.end, CALL_END_SILENT);
	steps = trace_count(b->trace);
	/* The next hop's word is no phone's. */
	bench_answer(b, invite, 100, NULL, "");
	assert_int_equal(b->lates, 0);
	bench_reply(b, "CANCEL", 200, "t1");
	bench_answer(b, invite, 180, "t1", "");
	bench_answer(b, invite, 180, "t1", "");
	assert_int_equal(b->lates, 1);
	assert_int_equal(b->late[0], 180);
	assert_int_equal(b->late_us, 7300000);
	/* Somebody was quicker than the CANCEL. */
	bench_answer(b, invite, 200, "t1", "");
	assert_int_equal(b->lates, 2);
	assert_int_equal(b->late[1], 200);
	bench_take_free(b->phone, "ACK");
	assert_int_equal(trace_count(b->trace), steps + 8);
	caller_forget(b->caller, b);
	bench_reply(b, "BYE", 200, NULL);
	assert_int_equal(trace_count(b->trace), steps + 8);
	assert_int_equal(b->reports, 1);
	sip_msg_free(invite);
	bench_free(b);
}

TEST(an_answer_too_large_to_be_read_is_hung_up_on_by_its_head)
{
	struct call_bench *b = bench_new();
	struct call_spec s = bench_spec(b);
	struct sip_flow from = {.transport = TRANSPORT_UDP, .remote = b->our_addr};
	struct strbuf text = STRBUF_INIT;
	struct sip_msg *invite;

	UNUSED_STATE;
	bench_call(b, &s);
	invite = bench_take(b->phone, "INVITE");
	sip_build_response(&text, invite, &from, 200, NULL, "t1");
	strbuf_add_str(&text, "Content-Length: 9000\r\n\r\n");
	for (int i = 0; i < 900; i++)
		strbuf_add_str(&text, "a=ice:123\n");
	loopback_send(b->phone, &b->our_addr, text.p);
	bench_arrive(b);
	bench_take_free(b->phone, "ACK");
	bench_reply(b, "BYE", 200, NULL);
	assert_int_equal(b->last.end, CALL_END_ANSWERED);
	strbuf_free(&text);
	sip_msg_free(invite);
	bench_free(b);
}

/* Timers A and B. */
TEST(an_invite_is_repeated_at_doubling_intervals_for_32_seconds)
{
	static const int64_t at_ms[] = {0, 500, 1500, 3500, 7500, 15500, 31500};
	struct call_bench *b = bench_new();
	struct call_spec s = bench_spec(b);
	int64_t passed = 0;
	char *first;

	UNUSED_STATE;
	s.answer_ms = CALL_GIVE_UP_MS;
	bench_call(b, &s);
	first = slice_copy(slice_of(loopback_receive(b->phone, NULL)));
	for (size_t i = 1; i < sizeof(at_ms) / sizeof(at_ms[0]); i++) {
		bench_pass(b, at_ms[i] - passed - 100);
		assert_true(bench_quiet(b->phone));
		bench_pass(b, 100);
		passed = at_ms[i];
		assert_string_equal(loopback_receive(b->phone, NULL), first);
	}
	assert_int_equal(b->reports, 0);
	bench_pass(b, 500);
	assert_int_equal(b->last.end, CALL_END_SILENT);
	assert_int_equal(b->last.sends, 7);
	assert_null(b->caller->calls);
	/* Nobody listens any more: a phone that could not be heard shall not go on ringing. */
	bench_take_free(b->phone, "CANCEL");
	assert_true(bench_quiet(b->phone));
	free(first);
	bench_free(b);
}

TEST(a_quiet_call_that_met_silence_has_no_last_word)
{
	struct call_bench *b = bench_new();
	struct call_spec s = bench_spec(b);

	UNUSED_STATE;
	s.quiet = true;
	bench_call(b, &s);
	bench_pass(b, 6000);
	assert_int_equal(b->last.end, CALL_END_SILENT);
	for (int i = 0; i < 4; i++)
		bench_take_free(b->phone, "INVITE");
	bench_pass(b, 27000);
	assert_null(b->caller->calls);
	assert_true(bench_quiet(b->phone));
	bench_free(b);
}

TEST(a_provisional_response_ends_the_repeating_and_100_alone_is_no_ringing)
{
	struct call_bench *b = bench_new();
	struct call_spec s = bench_spec(b);
	struct sip_msg *invite;

	UNUSED_STATE;
	bench_call(b, &s);
	invite = bench_take(b->phone, "INVITE");
	clock_fake_advance(&b->clock, 7);
	bench_answer(b, invite, 100, NULL, "");
	bench_pass(b, 5900);
	assert_true(bench_quiet(b->phone));
	bench_pass(b, 100);
	bench_reply(b, "CANCEL", 200, NULL);
	bench_answer(b, invite, 487, "t1", "");
	bench_take_free(b->phone, "ACK");
	assert_int_equal(b->last.end, CALL_END_CANCELLED);
	assert_true(b->last.trying);
	assert_false(b->last.ringing);
	assert_int_equal(b->last.trying_us, 7000);
	assert_int_equal(b->last.ring_us, 0);
	assert_int_equal(b->last.forks, 0);
	sip_msg_free(invite);
	bench_free(b);
}

/* ---- hanging up ----------------------------------------------------------------------------- */

TEST(no_cancel_is_sent_before_a_provisional_response)
{
	struct call_bench *b = bench_new();
	struct call_spec s = bench_spec(b);
	uint64_t id = bench_call(b, &s);
	struct sip_msg *invite = bench_take(b->phone, "INVITE");

	UNUSED_STATE;
	bench_pass(b, 200);
	caller_hang_up(b->caller, id);
	bench_pass(b, 3000);
	/* Neither a CANCEL nor another INVITE. */
	assert_true(bench_quiet(b->phone));
	assert_int_equal(caller_unsettled(b->caller), 1);
	bench_answer(b, invite, 100, NULL, "");
	bench_reply(b, "CANCEL", 200, NULL);
	bench_answer(b, invite, 487, "t1", "");
	bench_take_free(b->phone, "ACK");
	assert_int_equal(b->last.end, CALL_END_CANCELLED);
	assert_true(b->last.hung_up);
	sip_msg_free(invite);
	bench_free(b);
}

TEST(a_ringing_phone_is_cancelled_as_soon_as_the_person_stops)
{
	struct call_bench *b = bench_new();
	struct call_spec s = bench_spec(b);
	uint64_t id = bench_call(b, &s);
	struct sip_msg *invite = bench_take(b->phone, "INVITE");

	UNUSED_STATE;
	bench_answer(b, invite, 180, "t1", "");
	caller_hang_up(b->caller, id + 1);
	assert_true(bench_quiet(b->phone));
	caller_hang_up(b->caller, id);
	caller_hang_up_all(b->caller);
	bench_reply(b, "CANCEL", 200, "t1");
	assert_true(bench_quiet(b->phone));
	bench_answer(b, invite, 487, "t1", "");
	bench_take_free(b->phone, "ACK");
	assert_true(b->last.hung_up);
	sip_msg_free(invite);
	bench_free(b);
}

/* Timers E and F of the CANCEL. */
TEST(a_cancel_is_repeated_until_it_is_answered_and_the_call_is_called_open_when_nothing_comes)
{
	static const int64_t waits_ms[] = {500,  1000, 2000, 4000, 4000,
					   4000, 4000, 4000, 4000, 4000};
	struct call_bench *b = bench_new();
	struct call_spec s = bench_spec(b);
	struct sip_msg *invite;
	char *first;

	UNUSED_STATE;
	s.quiet = true;
	bench_call(b, &s);
	invite = bench_take(b->phone, "INVITE");
	bench_answer(b, invite, 180, "t1", "");
	first = slice_copy(slice_of(loopback_receive(b->phone, NULL)));
	assert_memory_equal(first, "CANCEL ", 7);
	for (size_t i = 0; i < sizeof(waits_ms) / sizeof(waits_ms[0]); i++) {
		bench_pass(b, waits_ms[i] - 100);
		assert_true(bench_quiet(b->phone));
		bench_pass(b, 100);
		assert_string_equal(loopback_receive(b->phone, NULL), first);
	}
	assert_int_equal(b->reports, 0);
	bench_pass(b, 500);
	assert_int_equal(b->reports, 1);
	assert_int_equal(b->last.end, CALL_END_OPEN);
	assert_true(b->last.ringing);
	assert_null(b->caller->calls);
	free(first);
	sip_msg_free(invite);
	bench_free(b);
}

TEST(a_cancel_that_is_accepted_but_ends_nothing_leaves_the_call_open)
{
	struct call_bench *b = bench_new();
	struct call_spec s = bench_spec(b);
	struct sip_msg *invite, *cancel;

	UNUSED_STATE;
	s.quiet = true;
	bench_call(b, &s);
	invite = bench_take(b->phone, "INVITE");
	bench_answer(b, invite, 180, "t1", "");
	cancel = bench_take(b->phone, "CANCEL");
	/* A provisional response slows it down, a final one ends it. */
	bench_answer(b, cancel, 100, NULL, "");
	bench_pass(b, 600);
	bench_take_free(b->phone, "CANCEL");
	bench_pass(b, 3800);
	assert_true(bench_quiet(b->phone));
	bench_answer(b, cancel, 481, "t1", "");
	bench_pass(b, 27000);
	assert_true(bench_quiet(b->phone));
	assert_int_equal(b->reports, 0);
	bench_pass(b, 1000);
	assert_int_equal(b->last.end, CALL_END_OPEN);
	sip_msg_free(cancel);
	sip_msg_free(invite);
	bench_free(b);
}

TEST(a_busy_that_crosses_the_cancel_is_a_final_answer)
{
	struct call_bench *b = bench_new();
	struct call_spec s = bench_spec(b);
	struct sip_msg *invite;

	UNUSED_STATE;
	s.quiet = true;
	bench_call(b, &s);
	invite = bench_take(b->phone, "INVITE");
	bench_answer(b, invite, 183, "t1", "");
	bench_take_free(b->phone, "CANCEL");
	bench_answer(b, invite, 486, "t1", "Reason: Q.850;cause=17\r\n");
	bench_take_free(b->phone, "ACK");
	assert_int_equal(b->last.end, CALL_END_FINAL);
	assert_int_equal(b->last.code, 486);
	assert_string_equal(b->cause, "Q.850;cause=17");
	/* The CANCEL has nothing left to do. */
	bench_pass(b, 3000);
	assert_true(bench_quiet(b->phone));
	sip_msg_free(invite);
	bench_free(b);
}

/* ---- how long it rings ---------------------------------------------------------------------- */

TEST(the_time_to_ring_begins_anew_with_the_first_180_but_has_an_end)
{
	struct call_bench *b = bench_new();
	struct call_spec s = bench_spec(b);
	struct sip_msg *invite;

	UNUSED_STATE;
	s.ring_ms = 15000;
	bench_call(b, &s);
	invite = bench_take(b->phone, "INVITE");
	bench_answer(b, invite, 183, "t1", "");
	bench_pass(b, 10000);
	bench_answer(b, invite, 180, "t1", "");
	bench_pass(b, 5000);
	/* 181 and 182 and another 180 change nothing. */
	bench_answer(b, invite, 181, "t1", "");
	bench_answer(b, invite, 182, "t1", "");
	bench_answer(b, invite, 180, "t1", "");
	bench_pass(b, 4900);
	assert_true(bench_quiet(b->phone));
	bench_pass(b, 100);
	bench_take_free(b->phone, "CANCEL");
	bench_answer(b, invite, 487, "t1", "");
	assert_true(b->last.ringing && b->last.progress && b->last.forwarded && b->last.queued);
	assert_int_equal(b->last.ring_us, 1);
	assert_int_equal(b->last.final_us, 20000000);
	sip_msg_free(invite);
	bench_free(b);
}

TEST(several_phones_that_ring_are_counted_and_199_is_no_ringing)
{
	struct call_bench *b = bench_new();
	struct call_spec s = bench_spec(b);
	struct sip_msg *invite;

	UNUSED_STATE;
	bench_call(b, &s);
	invite = bench_take(b->phone, "INVITE");
	bench_answer(b, invite, 199, "t0", "");
	assert_int_equal(caller_unsettled(b->caller), 1);
	bench_answer(b, invite, 180, "t1", "");
	bench_answer(b, invite, 180, "t2", "");
	bench_answer(b, invite, 180, "t2", "");
	bench_answer(b, invite, 199, "t2", "");
	bench_pass(b, 4000);
	bench_take_free(b->phone, "CANCEL");
	assert_true(bench_quiet(b->phone));
	bench_answer(b, invite, 487, "t1", "");
	assert_int_equal(b->last.forks, 2);
	assert_int_equal(b->codes[0], 199);
	sip_msg_free(invite);
	bench_free(b);
}

/* ---- refusals ------------------------------------------------------------------------------- */

/* Timer D. */
TEST(a_repeated_refusal_gets_the_same_ack_for_32_seconds)
{
	struct call_bench *b = bench_new();
	struct call_spec s = bench_spec(b);
	struct sip_msg *invite;
	char *ack;

	UNUSED_STATE;
	bench_call(b, &s);
	invite = bench_take(b->phone, "INVITE");
	bench_answer(b, invite, 603, "t1", "");
	ack = slice_copy(slice_of(loopback_receive(b->phone, NULL)));
	bench_pass(b, 31000);
	bench_answer(b, invite, 603, "t1", "");
	assert_string_equal(loopback_receive(b->phone, NULL), ack);
	bench_pass(b, 1100);
	assert_null(b->caller->calls);
	bench_answer(b, invite, 603, "t1", "");
	assert_true(bench_quiet(b->phone));
	assert_int_equal(b->reports, 1);
	free(ack);
	sip_msg_free(invite);
	bench_free(b);
}

TEST(a_forward_is_reported_and_not_followed)
{
	struct call_bench *b = bench_new();
	struct call_spec s = bench_spec(b);
	struct sip_msg *invite;

	UNUSED_STATE;
	bench_call(b, &s);
	invite = bench_take(b->phone, "INVITE");
	bench_answer(b, invite, 302, "t1", "Contact: <sip:bob@192.0.2.77>;q=1\r\n");
	bench_take_free(b->phone, "ACK");
	bench_pass(b, 5000);
	assert_true(bench_quiet(b->phone));
	assert_int_equal(b->last.end, CALL_END_FINAL);
	assert_int_equal(b->last.code, 302);
	assert_string_equal(b->moved_to, "<sip:bob@192.0.2.77>;q=1");
	sip_msg_free(invite);
	bench_free(b);
}

TEST(what_a_phone_misses_is_told)
{
	struct call_bench *b = bench_new();

	UNUSED_STATE;
	bench_refused(b, 420, "Unsupported: x-regtop-quiet\r\n");
	assert_string_equal(b->unsupported, "x-regtop-quiet");
	bench_refused(b, 421, "Require: 100rel, timer\r\n");
	assert_string_equal(b->required, "100rel, timer");
	assert_string_equal(b->unsupported, "");
	bench_refused(b, 422, "Min-SE: 1800\r\n");
	assert_string_equal(b->min_se, "1800");
	bench_free(b);
}

TEST(over_a_stream_nothing_is_repeated)
{
	struct call_bench *b = bench_new();
	struct call_spec s = bench_spec(b);
	struct netaddr addr;
	int listener = loopback_socket(SOCK_STREAM, &addr), fd;
	struct sip_msg *invite;
	const char *text;

	UNUSED_STATE;
	assert_int_equal(listen(listener, 1), 0);
	s.flow = (struct sip_flow){.transport = TRANSPORT_TCP, .remote = addr};
	s.flow.connection = sip_transport_connect(b->transport, &addr);
	assert_int_not_equal(s.flow.connection, 0);
	bench_call(b, &s);
	fd = accept(listener, NULL, NULL);
	bench_arrive(b);
	text = loopback_receive(fd, NULL);
	assert_non_null(strstr(text, "\r\nVia: SIP/2.0/TCP "));
	assert_non_null(strstr(text, ";transport=tcp>\r\n"));
	assert_int_equal(sip_msg_parse(text, strlen(text), &invite, NULL, NULL), SIP_IN_MESSAGE);
	bench_pass(b, 5900);
	assert_true(bench_quiet(fd));
	{
		struct sip_flow from = {.transport = TRANSPORT_TCP, .remote = addr};
		struct strbuf out = STRBUF_INIT;

		sip_build_response(&out, invite, &from, 486, NULL, "t1");
		sip_build_end(&out, SLICE_NONE);
		loopback_send(fd, NULL, out.p);
		bench_arrive(b);
		bench_take_free(fd, "ACK");
		loopback_send(fd, NULL, out.p);
		bench_arrive(b);
		assert_true(bench_quiet(fd));
		strbuf_free(&out);
	}
	assert_int_equal(b->last.end, CALL_END_FINAL);
	assert_int_equal(b->last.sends, 1);
	sip_msg_free(invite);
	close(fd);
	close(listener);
	bench_free(b);
}

/* ---- the trace ------------------------------------------------------------------------------ */

TEST(a_trace_holds_every_message_of_its_exchange)
{
	static const char *const words[] = {"INVITE", "100 Trying", "180 Ringing",
					    "CANCEL", "200 OK",     "487 Request Terminated",
					    "ACK"};
	struct call_bench *b = bench_new();
	struct call_spec s = bench_spec(b);
	unsigned mine = trace_begin(b->trace, "quiet call"), other;
	struct sip_msg *invite;

	UNUSED_STATE;
	s.quiet = true;
	bench_call(b, &s);
	other = trace_begin(b->trace, "another");
	invite = bench_take(b->phone, "INVITE");
	bench_answer(b, invite, 100, NULL, "");
	bench_answer(b, invite, 180, "t", "");
	bench_reply(b, "CANCEL", 200, "t");
	bench_answer(b, invite, 487, "t", "");
	assert_int_equal(b->reports, 1);
	assert_int_equal(trace_count(b->trace), 7);
	for (size_t i = 0; i < 7; i++) {
		assert_string_equal(trace_at(b->trace, i)->words, words[i]);
		assert_int_equal(trace_at(b->trace, i)->exchange, mine);
		assert_true(netaddr_eq(&trace_at(b->trace, i)->remote, &b->phone_addr));
		assert_true(netaddr_eq(&trace_at(b->trace, i)->local, &b->our_addr));
	}
	assert_int_equal(trace_current(b->trace), other);
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
		T(a_late_answer_is_ended_and_after_32_seconds_nobody_listens),
		T(who_is_heard_of_behind_the_verdict_is_told_and_traced_until_it_is_forgotten),
		T(an_answer_too_large_to_be_read_is_hung_up_on_by_its_head),
		T(an_invite_is_repeated_at_doubling_intervals_for_32_seconds),
		T(a_quiet_call_that_met_silence_has_no_last_word),
		T(a_provisional_response_ends_the_repeating_and_100_alone_is_no_ringing),
		T(no_cancel_is_sent_before_a_provisional_response),
		T(a_ringing_phone_is_cancelled_as_soon_as_the_person_stops),
		T(a_cancel_is_repeated_until_it_is_answered_and_the_call_is_called_open_when_nothing_comes),
		T(a_cancel_that_is_accepted_but_ends_nothing_leaves_the_call_open),
		T(a_busy_that_crosses_the_cancel_is_a_final_answer),
		T(the_time_to_ring_begins_anew_with_the_first_180_but_has_an_end),
		T(several_phones_that_ring_are_counted_and_199_is_no_ringing),
		T(a_repeated_refusal_gets_the_same_ack_for_32_seconds),
		T(a_forward_is_reported_and_not_followed),
		T(what_a_phone_misses_is_told),
		T(over_a_stream_nothing_is_repeated),
		T(a_trace_holds_every_message_of_its_exchange),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
