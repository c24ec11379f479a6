/* Tests of sip/call: challenges, errors, answers that are not ours, and how a caller goes away. */
#include "call_bench.h"

/* ---- challenges ----------------------------------------------------------------------------- */

static struct call_spec with_credentials(struct call_bench *b)
{
	struct call_spec s = bench_spec(b);

	s.user = SLICE_LIT("ops");
	s.password = SLICE_LIT("secret");
	return s;
}

TEST(a_challenge_is_answered_once_with_credentials)
{
	struct call_bench *b = bench_new();
	struct call_spec s = with_credentials(b);
	struct sip_msg *one, *two, *ack;
	struct sip_via via1, via2, via;

	UNUSED_STATE;
	bench_call(b, &s);
	one = bench_take(b->phone, "INVITE");
	assert_int_equal(sip_msg_header(one, "authorization", 0).n, 0);
	bench_answer(b, one, 100, NULL, "");
	bench_answer(b, one, 401, "p",
		     "WWW-Authenticate: Digest realm=\"acme.example\", nonce=\"n1\", "
		     "algorithm=SHA-512-256\r\n"
		     "WWW-Authenticate: Digest realm=\"acme.example\", nonce=\"n2\", "
		     "qop=\"auth\"\r\n");
	ack = bench_take(b->phone, "ACK");
	two = bench_take(b->phone, "INVITE");
	assert_true(sip_msg_via(one, &via1) && sip_msg_via(two, &via2) && sip_msg_via(ack, &via));
	assert_true(slice_eq(via.branch, via1.branch));
	assert_false(slice_eq(via1.branch, via2.branch));
	assert_int_equal(sip_msg_cseq(two), sip_msg_cseq(one) + 1);
	assert_true(slice_eq(sip_msg_call_id(two), sip_msg_call_id(one)));
	assert_true(slice_eq(sip_msg_from_tag(two), sip_msg_from_tag(one)));
	assert_int_equal(sip_msg_to_tag(two).n, 0);
	assert_true(slice_starts_with(sip_msg_header(two, "authorization", 0),
				      "Digest username=\"ops\", realm=\"acme.example\", "
				      "nonce=\"n2\", uri=\"sip:%61lice@192.0.2.1;transport=;"
				      "line=abc\", response=\""));
	/* The proxy repeats its challenge: acknowledged again, and no more. */
	bench_answer(b, one, 401, "p", "WWW-Authenticate: Digest realm=\"a\", nonce=\"n2\"\r\n");
	bench_take_free(b->phone, "ACK");
	assert_true(bench_quiet(b->phone));
	sip_msg_free(ack);
	assert_int_equal(b->reports, 0);
	bench_answer(b, two, 180, "t", "");
	bench_pass(b, 4000);
	bench_take_free(b->phone, "CANCEL");
	bench_answer(b, two, 487, "t", "");
	ack = bench_take(b->phone, "ACK");
	/* RFC 3261 22.3 */
	assert_true(slice_eq(sip_msg_header(ack, "authorization", 0),
			     sip_msg_header(two, "authorization", 0)));
	assert_int_equal(b->last.end, CALL_END_CANCELLED);
	assert_true(b->last.challenged);
	assert_int_equal(b->last.sends, 2);
	sip_msg_free(ack);
	sip_msg_free(one);
	sip_msg_free(two);
	bench_free(b);
}

TEST(a_second_challenge_is_a_refusal)
{
	static const char challenge[] = "Proxy-Authenticate: Digest realm=\"a\", nonce=\"n\"\r\n";
	struct call_bench *b = bench_new();
	struct call_spec s = with_credentials(b);
	struct sip_msg *one, *two;

	UNUSED_STATE;
	bench_call(b, &s);
	one = bench_take(b->phone, "INVITE");
	bench_answer(b, one, 407, "p", challenge);
	bench_take_free(b->phone, "ACK");
	two = bench_take(b->phone, "INVITE");
	assert_true(sip_msg_header(two, "proxy-authorization", 0).n > 0);
	bench_answer(b, two, 407, "p", challenge);
	bench_take_free(b->phone, "ACK");
	assert_true(bench_quiet(b->phone));
	assert_int_equal(b->last.end, CALL_END_FINAL);
	assert_int_equal(b->last.code, 407);
	assert_true(b->last.challenged);
	sip_msg_free(one);
	sip_msg_free(two);
	bench_free(b);
}

TEST(without_credentials_or_for_an_unknown_algorithm_a_challenge_is_a_refusal)
{
	struct call_bench *b = bench_new();
	struct call_spec s = with_credentials(b);
	struct sip_msg *invite;

	UNUSED_STATE;
	bench_refused(b, 401, "WWW-Authenticate: Digest realm=\"a\", nonce=\"n\"\r\n");
	assert_false(b->last.challenged);
	bench_call(b, &s);
	invite = bench_take(b->phone, "INVITE");
	bench_answer(b, invite, 401, "p",
		     "WWW-Authenticate: Digest realm=\"a\", nonce=\"n\", algorithm=MD5-sess\r\n");
	bench_take_free(b->phone, "ACK");
	assert_true(bench_quiet(b->phone));
	assert_int_equal(b->last.code, 401);
	assert_false(b->last.challenged);
	sip_msg_free(invite);
	bench_free(b);
}

TEST(whoever_hung_up_is_not_asked_for_credentials)
{
	struct call_bench *b = bench_new();
	struct call_spec s = with_credentials(b);
	uint64_t id = bench_call(b, &s);
	struct sip_msg *invite = bench_take(b->phone, "INVITE");

	UNUSED_STATE;
	caller_hang_up(b->caller, id);
	bench_answer(b, invite, 401, "p", "WWW-Authenticate: Digest realm=\"a\", nonce=\"n\"\r\n");
	bench_take_free(b->phone, "ACK");
	assert_true(bench_quiet(b->phone));
	assert_int_equal(b->last.end, CALL_END_FINAL);
	sip_msg_free(invite);
	bench_free(b);
}

/* ---- errors --------------------------------------------------------------------------------- */

TEST(icmp_ends_a_call_that_nobody_answered)
{
	struct call_bench *b = bench_new();
	struct call_spec s = bench_spec(b);

	UNUSED_STATE;
	close(b->phone);
	b->phone = -1;
	bench_call(b, &s);
	TURN_UNTIL(b->loop, b->reports);
	assert_int_equal(b->last.end, CALL_END_REFUSED);
	assert_int_equal(b->last.error.icmp_type, 3);
	assert_int_equal(b->last.error.icmp_code, 3);
	assert_int_equal(trace_at(b->trace, trace_count(b->trace) - 1)->kind, TRACE_TROUBLE);
	bench_free(b);
}

TEST(an_error_that_quotes_nothing_is_for_every_call_to_that_address_and_for_others_too)
{
	struct call_bench *b = bench_new();
	struct call_spec s = bench_spec(b);
	struct sip_send_error e = {
		.to = b->phone_addr, .error = EHOSTUNREACH, .icmp_type = 3, .icmp_code = 1};
	struct sip_send_error other = e;

	UNUSED_STATE;
	bench_call(b, &s);
	bench_call(b, &s);
	/* Somebody else's message to the same phone. */
	other.quoted = SLICE_LIT("OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKother");
	assert_false(call_on_send_error(b->caller, &other));
	assert_int_equal(b->reports, 0);
	assert_false(call_on_send_error(b->caller, &e));
	assert_int_equal(b->reports, 2);
	assert_int_equal(b->last.end, CALL_END_UNREACHABLE);
	/* Those that are over do not take what may be another's. */
	assert_false(call_on_send_error(b->caller, &e));
	bench_free(b);
}

TEST(a_phone_that_goes_away_while_it_rings_is_soon_given_up)
{
	struct call_bench *b = bench_new();
	struct call_spec s = bench_spec(b);
	struct sip_msg *invite;

	UNUSED_STATE;
	bench_call(b, &s);
	invite = bench_take(b->phone, "INVITE");
	bench_answer(b, invite, 180, "t1", "");
	close(b->phone);
	b->phone = -1;
	bench_pass(b, 4000);
	bench_arrive(b);
	bench_pass(b, 1900);
	assert_int_equal(b->reports, 0);
	bench_pass(b, 200);
	assert_int_equal(b->last.end, CALL_END_OPEN);
	assert_int_equal(b->last.error.icmp_code, 3);
	assert_true(b->last.ringing);
	sip_msg_free(invite);
	bench_free(b);
}

TEST(what_the_kernel_will_not_send_is_told_from_the_loop)
{
	struct call_bench *b = bench_new();
	struct call_spec s = bench_spec(b);

	UNUSED_STATE;
	/* No socket of this family. */
	assert_int_equal(netaddr_parse(SLICE_LIT("::1"), 9, &s.flow.remote), 0);
	bench_call(b, &s);
	caller_tick(b->caller);
	assert_int_equal(b->reports, 1);
	assert_int_equal(b->last.end, CALL_END_UNREACHABLE);
	assert_int_equal(b->last.error.error, EAFNOSUPPORT);
	assert_int_equal(b->last.error.icmp_type, -1);
	bench_free(b);
}

TEST(a_connection_that_is_refused_or_closed_ends_the_call)
{
	struct call_bench *b = bench_new();
	struct call_spec s = bench_spec(b);
	struct netaddr closed = loopback_closed_port(SOCK_STREAM), addr;
	int listener = loopback_socket(SOCK_STREAM, &addr), fd;

	UNUSED_STATE;
	s.flow = (struct sip_flow){.transport = TRANSPORT_TCP, .remote = closed};
	s.flow.connection = sip_transport_connect(b->transport, &closed);
	bench_call(b, &s);
	TURN_UNTIL(b->loop, b->reports);
	assert_int_equal(b->last.end, CALL_END_REFUSED);
	assert_int_equal(listen(listener, 1), 0);
	s.flow = (struct sip_flow){.transport = TRANSPORT_TCP, .remote = addr};
	s.flow.connection = sip_transport_connect(b->transport, &addr);
	bench_call(b, &s);
	fd = accept(listener, NULL, NULL);
	bench_arrive(b);
	close(fd);
	TURN_UNTIL(b->loop, b->reports);
	assert_int_equal(b->last.end, CALL_END_CLOSED);
	caller_tick(b->caller);
	assert_null(b->caller->calls);
	close(listener);
	bench_free(b);
}

/* ---- streams -------------------------------------------------------------------------------- */

static int connected_call(struct call_bench *b, int listener, struct netaddr *addr)
{
	struct call_spec s = bench_spec(b);
	int fd;

	s.flow = (struct sip_flow){.transport = TRANSPORT_TCP, .remote = *addr};
	s.flow.connection = sip_transport_connect(b->transport, addr);
	bench_call(b, &s);
	fd = accept(listener, NULL, NULL);
	assert_true(fd >= 0);
	bench_arrive(b);
	return fd;
}

static void answer_stream(struct call_bench *b, int fd, const struct sip_msg *m, int code)
{
	struct sip_flow from = {.transport = TRANSPORT_TCP, .remote = b->our_addr};
	struct strbuf out = STRBUF_INIT;

	sip_build_response(&out, m, &from, code, NULL, "t1");
	sip_build_end(&out, SLICE_NONE);
	loopback_send(fd, NULL, out.p);
	bench_arrive(b);
	strbuf_free(&out);
}

TEST(a_connection_that_closes_under_a_ringing_phone_is_made_again_to_cancel)
{
	struct call_bench *b = bench_new();
	struct netaddr addr;
	int listener = loopback_socket(SOCK_STREAM, &addr), fd;
	struct sip_msg *invite, *cancel;

	UNUSED_STATE;
	assert_int_equal(listen(listener, 2), 0);
	fd = connected_call(b, listener, &addr);
	invite = bench_take(fd, "INVITE");
	answer_stream(b, fd, invite, 180);
	close(fd);
	bench_arrive(b);
	caller_tick(b->caller);
	fd = accept(listener, NULL, NULL);
	assert_true(fd >= 0);
	bench_arrive(b);
	cancel = bench_take(fd, "CANCEL");
	answer_stream(b, fd, cancel, 200);
	answer_stream(b, fd, invite, 487);
	bench_take_free(fd, "ACK");
	assert_int_equal(b->last.end, CALL_END_CANCELLED);
	sip_msg_free(cancel);
	sip_msg_free(invite);
	close(fd);
	close(listener);
	bench_free(b);
}

TEST(a_connection_of_its_own_is_closed_when_the_call_is_forgotten)
{
	struct call_bench *b = bench_new();
	struct netaddr addr;
	int listener = loopback_socket(SOCK_STREAM, &addr), fd;
	struct call_spec s = bench_spec(b);
	struct sip_msg *invite;

	UNUSED_STATE;
	assert_int_equal(listen(listener, 2), 0);
	s.flow = (struct sip_flow){.transport = TRANSPORT_TCP, .remote = addr};
	s.flow.connection = sip_transport_connect(b->transport, &addr);
	s.close_after = true;
	bench_call(b, &s);
	fd = accept(listener, NULL, NULL);
	bench_arrive(b);
	invite = bench_take(fd, "INVITE");
	answer_stream(b, fd, invite, 486);
	bench_take_free(fd, "ACK");
	bench_pass(b, 31000);
	assert_true(sip_transport_is_open(b->transport, s.flow.connection));
	bench_pass(b, 1100);
	assert_false(sip_transport_is_open(b->transport, s.flow.connection));
	assert_null(b->caller->calls);
	assert_string_equal(loopback_receive(fd, NULL), "");
	sip_msg_free(invite);
	close(fd);
	close(listener);
	bench_free(b);
}

TEST(a_connection_that_cannot_be_made_again_leaves_the_call_open)
{
	struct call_bench *b = bench_new();
	struct netaddr addr;
	int listener = loopback_socket(SOCK_STREAM, &addr), fd;
	struct sip_msg *invite;

	UNUSED_STATE;
	assert_int_equal(listen(listener, 1), 0);
	fd = connected_call(b, listener, &addr);
	invite = bench_take(fd, "INVITE");
	answer_stream(b, fd, invite, 180);
	close(listener);
	close(fd);
	TURN_UNTIL(b->loop, b->reports);
	assert_int_equal(b->last.end, CALL_END_OPEN);
	assert_true(b->last.ringing);
	caller_tick(b->caller);
	assert_null(b->caller->calls);
	sip_msg_free(invite);
	bench_free(b);
}

/* ---- what is not for us --------------------------------------------------------------------- */

/* The response of a phone that changes one thing about it. */
static void twisted(struct call_bench *b, const struct sip_msg *invite, const char *what,
		    const char *with)
{
	struct sip_flow from = {.transport = TRANSPORT_UDP, .remote = b->our_addr};
	struct strbuf text = STRBUF_INIT, out = STRBUF_INIT;
	const char *at;

	sip_build_response(&text, invite, &from, 200, NULL, "t1");
	sip_build_end(&text, SLICE_NONE);
	at = strstr(text.p, what);
	assert_non_null(at);
	strbuf_add(&out, text.p, (size_t)(at - text.p));
	strbuf_add_str(&out, with);
	strbuf_add_str(&out, at + strlen(what));
	loopback_send(b->phone, &b->our_addr, out.p);
	bench_arrive(b);
	strbuf_free(&text);
	strbuf_free(&out);
}

TEST(answers_that_do_not_fit_change_nothing)
{
	struct call_bench *b = bench_new();
	struct call_spec s = bench_spec(b);
	struct sip_msg *invite;

	UNUSED_STATE;
	bench_call(b, &s);
	invite = bench_take(b->phone, "INVITE");
	twisted(b, invite, "branch=z9hG4bK", "branch=z9hG4bKx");
	twisted(b, invite, "branch=z9hG4bK", "branch=");
	twisted(b, invite, "\r\nCall-ID: ", "\r\nCall-ID: x");
	twisted(b, invite, ";tag=", ";tag=x");
	twisted(b, invite, "CSeq: 1 INVITE", "CSeq: 2 INVITE");
	twisted(b, invite, "CSeq: 1 INVITE", "CSeq: 1 OPTIONS");
	twisted(b, invite, "CSeq: 1 INVITE", "CSeq: 1 BYE");
	twisted(b, invite, "CSeq: 1 INVITE", "CSeq: 1 CANCEL");
	twisted(b, invite, "CSeq: 1 INVITE", "CSeq: 1 ACK");
	twisted(b, invite, "CSeq: 1 INVITE\r\n", "");
	twisted(b, invite, "\r\nVia: ", "\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKq\r\nVia: ");
	twisted(b, invite, "SIP/2.0 200", "SIP/2.0 999");
	assert_true(bench_quiet(b->phone));
	assert_int_equal(b->reports, 0);
	assert_int_equal(b->steps, 0);
	/* A second Via means that it was for somebody behind us. */
	twisted(b, invite,
		"\r\nFrom: ", "\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKq\r\nFrom: ");
	assert_true(bench_quiet(b->phone));
	sip_msg_free(invite);
	bench_free(b);
}

/* ---- from inside the callbacks -------------------------------------------------------------- */

struct chain {
	struct call_bench *bench;
	struct call_spec spec;
	unsigned reports, calls;
};

/* The next size of a padded series is sent from the report of the one before. */
static void call_again(void *ctx, uint64_t id, const struct call_report *r)
{
	struct chain *c = ctx;

	(void)id;
	assert_int_equal(r->code, 488);
	c->reports++;
	if (c->calls++ < 3)
		assert_int_not_equal(caller_start(c->bench->caller, &c->spec, call_again, c), 0);
}

static void hang_up_now(void *ctx, uint64_t id, int code, uint32_t after_us)
{
	struct call_bench *b = ctx;

	(void)code;
	(void)after_us;
	caller_hang_up(b->caller, id);
}

TEST(a_report_may_start_the_next_call_and_progress_may_stop_this_one)
{
	struct call_bench *b = bench_new();
	struct chain c = {.bench = b, .spec = bench_spec(b), .calls = 1};
	struct call_spec s = bench_spec(b);
	struct sip_msg *invite;

	UNUSED_STATE;
	c.spec.progress = NULL;
	assert_int_not_equal(caller_start(b->caller, &c.spec, call_again, &c), 0);
	for (int i = 0; i < 3; i++) {
		invite = bench_take(b->phone, "INVITE");
		bench_answer(b, invite, 488, "t", "");
		bench_take_free(b->phone, "ACK");
		sip_msg_free(invite);
	}
	assert_int_equal(c.reports, 3);
	s.progress = hang_up_now;
	bench_call(b, &s);
	invite = bench_take(b->phone, "INVITE");
	bench_answer(b, invite, 180, "t", "");
	bench_reply(b, "CANCEL", 200, "t");
	assert_true(bench_quiet(b->phone));
	bench_answer(b, invite, 487, "t", "");
	assert_true(b->last.hung_up);
	sip_msg_free(invite);
	bench_free(b);
}

/* ---- going away ----------------------------------------------------------------------------- */

TEST(a_caller_that_goes_away_leaves_no_phone_ringing)
{
	struct call_bench *b = bench_new();
	struct call_spec s = bench_spec(b);
	struct sip_msg *invite;

	UNUSED_STATE;
	bench_call(b, &s);
	invite = bench_take(b->phone, "INVITE");
	bench_answer(b, invite, 180, "t1", "");
	caller_free(b->caller);
	bench_take_free(b->phone, "CANCEL");
	sip_msg_free(invite);
	/* Before any answer it cannot wait for one. */
	b->caller = caller_new(b->loop, &b->clock.clock, b->transport);
	bench_call(b, &s);
	bench_take_free(b->phone, "INVITE");
	caller_free(b->caller);
	bench_take_free(b->phone, "CANCEL");
	assert_int_equal(b->reports, 0);
	b->caller = NULL;
	bench_free(b);
}

TEST(a_caller_that_is_over_sends_nothing_when_it_goes)
{
	struct call_bench *b = bench_new();

	UNUSED_STATE;
	bench_refused(b, 486, "");
	assert_int_equal(caller_unsettled(b->caller), 0);
	caller_free(b->caller);
	assert_true(bench_quiet(b->phone));
	b->caller = NULL;
	bench_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_challenge_is_answered_once_with_credentials),
		T(a_second_challenge_is_a_refusal),
		T(without_credentials_or_for_an_unknown_algorithm_a_challenge_is_a_refusal),
		T(whoever_hung_up_is_not_asked_for_credentials),
		T(icmp_ends_a_call_that_nobody_answered),
		T(an_error_that_quotes_nothing_is_for_every_call_to_that_address_and_for_others_too),
		T(a_phone_that_goes_away_while_it_rings_is_soon_given_up),
		T(what_the_kernel_will_not_send_is_told_from_the_loop),
		T(a_connection_that_is_refused_or_closed_ends_the_call),
		T(a_connection_that_closes_under_a_ringing_phone_is_made_again_to_cancel),
		T(a_connection_of_its_own_is_closed_when_the_call_is_forgotten),
		T(a_connection_that_cannot_be_made_again_leaves_the_call_open),
		T(answers_that_do_not_fit_change_nothing),
		T(a_report_may_start_the_next_call_and_progress_may_stop_this_one),
		T(a_caller_that_goes_away_leaves_no_phone_ringing),
		T(a_caller_that_is_over_sends_nothing_when_it_goes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
