/* Tests of sip/call: answered calls, forks, routes, and what the phone asks meanwhile. */
#include "call_bench.h"

/* An INVITE that is under way, with its request; the test frees both. */
static struct sip_msg *ring(struct call_bench *b, const struct call_spec *s)
{
	struct sip_msg *invite;

	bench_call(b, s);
	invite = bench_take(b->phone, "INVITE");
	bench_answer(b, invite, 180, "t1", "");
	return invite;
}

/* ---- answered ------------------------------------------------------------------------------- */

TEST(an_answered_call_is_acknowledged_and_ended_at_once)
{
	struct call_bench *b = bench_new();
	struct call_spec s = bench_spec(b);
	struct sip_msg *invite = ring(b, &s), *ack, *bye;
	struct sip_via via_invite, via_ack, via_bye;

	UNUSED_STATE;
	clock_fake_advance(&b->clock, 1500);
	bench_answer(b, invite, 200, "t1",
		     "Contact: \"A\" <sip:alice@192.0.2.1;ob;x=%41>;q=1\r\nServer: Desk/2\r\n");
	ack = bench_take(b->phone, "ACK");
	bye = bench_take(b->phone, "BYE");
	assert_slice_equal(sip_msg_request_uri(ack), "sip:alice@192.0.2.1;ob;x=%41");
	assert_slice_equal(sip_msg_request_uri(bye), "sip:alice@192.0.2.1;ob;x=%41");
	assert_slice_equal(sip_msg_to_tag(ack), "t1");
	assert_true(slice_eq(sip_msg_from_tag(bye), sip_msg_from_tag(invite)));
	assert_int_equal(sip_msg_cseq(ack), sip_msg_cseq(invite));
	assert_int_equal(sip_msg_cseq(bye), sip_msg_cseq(invite) + 1);
	assert_slice_equal(sip_msg_header(ack, "max-forwards", 0), "70");
	assert_int_equal(sip_msg_header(ack, "route", 0).n, 0);
	assert_true(sip_msg_via(invite, &via_invite) && sip_msg_via(ack, &via_ack) &&
		    sip_msg_via(bye, &via_bye));
	assert_false(slice_eq(via_invite.branch, via_ack.branch));
	assert_false(slice_eq(via_ack.branch, via_bye.branch));
	assert_int_equal(b->reports, 0);
	assert_int_equal(caller_unsettled(b->caller), 1);
	bench_answer(b, bye, 200, NULL, "");
	assert_int_equal(b->reports, 1);
	assert_int_equal(b->last.end, CALL_END_ANSWERED);
	assert_int_equal(b->last.code, 200);
	assert_int_equal(b->last.final_us, 1500000);
	assert_in_range(b->last.bye_us, 1, 100000);
	assert_string_equal(b->agent, "Desk/2");
	assert_int_equal(caller_unsettled(b->caller), 0);
	sip_msg_free(ack);
	sip_msg_free(bye);
	sip_msg_free(invite);
	bench_free(b);
}

/* Timer M. */
TEST(a_repeated_2xx_is_acknowledged_again_for_32_seconds_and_ended_only_once)
{
	struct call_bench *b = bench_new();
	struct call_spec s = bench_spec(b);
	struct sip_msg *invite = ring(b, &s);
	char *ack;

	UNUSED_STATE;
	bench_answer(b, invite, 200, "t1", "");
	ack = slice_copy(slice_of(loopback_receive(b->phone, NULL)));
	bench_reply(b, "BYE", 200, NULL);
	for (int i = 0; i < 7; i++) {
		bench_pass(b, 4000);
		bench_answer(b, invite, 200, "t1", "");
		assert_string_equal(loopback_receive(b->phone, NULL), ack);
		assert_true(bench_quiet(b->phone));
	}
	bench_pass(b, 4100);
	assert_null(b->caller->calls);
	bench_answer(b, invite, 200, "t1", "");
	assert_true(bench_quiet(b->phone));
	assert_int_equal(b->reports, 1);
	free(ack);
	sip_msg_free(invite);
	bench_free(b);
}

TEST(an_answer_that_crosses_the_cancel_is_ended)
{
	struct call_bench *b = bench_new();
	struct call_spec s = bench_spec(b);
	struct sip_msg *invite, *cancel;

	UNUSED_STATE;
	s.quiet = true;
	invite = ring(b, &s);
	cancel = bench_take(b->phone, "CANCEL");
	bench_answer(b, invite, 200, "t1", "");
	bench_take_free(b->phone, "ACK");
	bench_answer(b, cancel, 481, "t1", "");
	bench_reply(b, "BYE", 200, NULL);
	assert_int_equal(b->last.end, CALL_END_ANSWERED);
	bench_pass(b, 5000);
	assert_true(bench_quiet(b->phone));
	sip_msg_free(cancel);
	sip_msg_free(invite);
	bench_free(b);
}

TEST(an_answer_without_contact_or_tag_is_ended_where_the_invite_went)
{
	struct call_bench *b = bench_new();
	struct call_spec s = bench_spec(b);
	struct sip_msg *invite = ring(b, &s), *bye;

	UNUSED_STATE;
	bench_answer(b, invite, 200, NULL, "Contact: *\r\n");
	bench_take_free(b->phone, "ACK");
	bye = bench_take(b->phone, "BYE");
	assert_true(slice_eq(sip_msg_request_uri(bye), sip_msg_request_uri(invite)));
	assert_int_equal(sip_msg_to_tag(bye).n, 0);
	bench_answer(b, bye, 481, NULL, "");
	assert_int_equal(b->last.end, CALL_END_ANSWERED);
	sip_msg_free(bye);
	sip_msg_free(invite);
	bench_free(b);
}

TEST(a_bye_that_nobody_answers_leaves_the_call_open)
{
	struct call_bench *b = bench_new();
	struct call_spec s = bench_spec(b);
	struct sip_msg *invite = ring(b, &s);
	unsigned byes = 0;

	UNUSED_STATE;
	bench_answer(b, invite, 200, "t1", "");
	bench_take_free(b->phone, "ACK");
	bench_pass(b, 31900);
	for (; !bench_quiet(b->phone); byes++)
		bench_take_free(b->phone, "BYE");
	assert_int_equal(byes, 11);
	assert_int_equal(b->reports, 0);
	bench_pass(b, 200);
	assert_int_equal(b->last.end, CALL_END_OPEN);
	assert_int_equal(b->last.code, 200);
	assert_null(b->caller->calls);
	sip_msg_free(invite);
	bench_free(b);
}

TEST(a_bye_that_is_challenged_is_repeated_once_with_credentials)
{
	static const char challenge[] = "Proxy-Authenticate: Digest realm=\"a\", nonce=\"n\"\r\n";
	struct call_bench *b = bench_new();
	struct call_spec s = bench_spec(b);
	struct sip_msg *invite, *one, *two;

	UNUSED_STATE;
	s.user = SLICE_LIT("ops");
	s.password = SLICE_LIT("secret");
	invite = ring(b, &s);
	bench_answer(b, invite, 200, "t1", "");
	bench_take_free(b->phone, "ACK");
	one = bench_take(b->phone, "BYE");
	bench_answer(b, one, 407, NULL, challenge);
	two = bench_take(b->phone, "BYE");
	assert_int_equal(sip_msg_cseq(two), sip_msg_cseq(one) + 1);
	assert_true(sip_msg_header(two, "proxy-authorization", 0).n > 0);
	assert_int_equal(b->reports, 0);
	bench_answer(b, two, 407, NULL, challenge);
	assert_true(bench_quiet(b->phone));
	assert_int_equal(b->last.end, CALL_END_ANSWERED);
	sip_msg_free(one);
	sip_msg_free(two);
	sip_msg_free(invite);
	bench_free(b);
}

/* ---- forks ---------------------------------------------------------------------------------- */

TEST(every_phone_that_answers_is_let_go)
{
	struct call_bench *b = bench_new();
	struct call_spec s = bench_spec(b);
	struct sip_msg *invite = ring(b, &s), *bye[3];
	static const char *const tags[] = {"t1", "t2", "t3"};

	UNUSED_STATE;
	for (int i = 0; i < 3; i++) {
		struct sip_msg *ack;

		bench_answer(b, invite, 200, tags[i], "");
		ack = bench_take(b->phone, "ACK");
		bye[i] = bench_take(b->phone, "BYE");
		assert_slice_equal(sip_msg_to_tag(ack), tags[i]);
		assert_slice_equal(sip_msg_to_tag(bye[i]), tags[i]);
		sip_msg_free(ack);
		/* The third one answers when the first two are gone already. */
		if (i == 1) {
			bench_answer(b, bye[0], 200, NULL, "");
			assert_int_equal(b->reports, 0);
			bench_answer(b, bye[1], 200, NULL, "");
			assert_int_equal(b->last.end, CALL_END_ANSWERED);
			assert_int_equal(b->last.forks, 2);
		}
	}
	assert_int_equal(caller_unsettled(b->caller), 1);
	bench_answer(b, bye[2], 200, NULL, "");
	assert_int_equal(caller_unsettled(b->caller), 0);
	assert_int_equal(b->reports, 1);
	for (int i = 0; i < 3; i++)
		sip_msg_free(bye[i]);
	sip_msg_free(invite);
	bench_free(b);
}

TEST(a_call_whose_last_bye_is_answered_late_is_forgotten_without_another_reason)
{
	struct call_bench *b = bench_new();
	struct call_spec s = bench_spec(b);
	struct sip_msg *invite = ring(b, &s), *bye;

	UNUSED_STATE;
	bench_answer(b, invite, 200, "t1", "");
	bench_take_free(b->phone, "ACK");
	bench_reply(b, "BYE", 200, NULL);
	bench_pass(b, 31000);
	bench_answer(b, invite, 200, "t2", "");
	bench_take_free(b->phone, "ACK");
	bye = bench_take(b->phone, "BYE");
	bench_pass(b, 2000);
	assert_non_null(b->caller->calls);
	bench_answer(b, bye, 200, NULL, "");
	TURN_UNTIL(b->loop, b->caller->calls == NULL);
	sip_msg_free(bye);
	sip_msg_free(invite);
	bench_free(b);
}

TEST(a_fork_that_answers_when_the_time_of_the_others_is_over_has_its_own)
{
	static const char *const tags[] = {"t1", "t2", "t3"};
	static const int64_t pauses_ms[] = {31000, 2000, 63000};
	struct call_bench *b = bench_new();
	struct call_spec s = bench_spec(b);
	struct sip_msg *invite = ring(b, &s);

	UNUSED_STATE;
	/* None of their BYEs is answered. */
	for (int i = 0; i < 3; i++) {
		bench_answer(b, invite, 200, tags[i], "");
		bench_pass(b, pauses_ms[i]);
	}
	assert_int_equal(b->last.end, CALL_END_OPEN);
	assert_int_equal(b->last.forks, 3);
	assert_null(b->caller->calls);
	sip_msg_free(invite);
	bench_free(b);
}

TEST(an_answer_behind_the_487_is_ended_too)
{
	struct call_bench *b = bench_new();
	struct call_spec s = bench_spec(b);
	struct sip_msg *invite;

	UNUSED_STATE;
	s.quiet = true;
	invite = ring(b, &s);
	bench_reply(b, "CANCEL", 200, "t1");
	bench_answer(b, invite, 487, "t1", "");
	bench_take_free(b->phone, "ACK");
	assert_int_equal(b->last.end, CALL_END_CANCELLED);
	bench_answer(b, invite, 200, "t2", "");
	bench_take_free(b->phone, "ACK");
	bench_reply(b, "BYE", 200, NULL);
	assert_int_equal(b->reports, 1);
	sip_msg_free(invite);
	bench_free(b);
}

TEST(more_tags_than_there_is_room_for_are_survived)
{
	struct call_bench *b = bench_new();
	struct call_spec s = bench_spec(b);
	struct sip_msg *invite = ring(b, &s);
	char tag[1000];

	UNUSED_STATE;
	for (int i = 0; i < 3 * CALL_DIALOGS; i++) {
		snprintf(tag, sizeof(tag), "early%d", i);
		bench_answer(b, invite, 180, tag, "");
	}
	/* Early ones make room for those that answered; more than CALL_DIALOGS of them are a joke.
	 */
	for (int i = 0; i < 3 * CALL_DIALOGS; i++) {
		snprintf(tag, sizeof(tag), "answered%d", i);
		bench_answer(b, invite, 200, tag, "");
	}
	for (int i = 0; i < CALL_DIALOGS; i++) {
		bench_take_free(b->phone, "ACK");
		bench_reply(b, "BYE", 200, NULL);
	}
	assert_true(bench_quiet(b->phone));
	assert_int_equal(b->last.end, CALL_END_ANSWERED);
	memset(tag, 'x', sizeof(tag) - 1);
	tag[sizeof(tag) - 1] = '\0';
	bench_answer(b, invite, 200, tag, "");
	assert_true(bench_quiet(b->phone));
	sip_msg_free(invite);
	bench_free(b);
}

/* ---- routes --------------------------------------------------------------------------------- */

TEST(requests_in_a_dialog_go_through_the_routers_that_recorded_themselves)
{
	struct call_bench *b = bench_new();
	struct call_spec s = bench_spec(b);
	struct sip_msg *invite = ring(b, &s), *ack, *bye;
	struct netaddr edge;
	int fd = loopback_socket(SOCK_DGRAM, &edge);
	char headers[400];

	UNUSED_STATE;
	snprintf(headers, sizeof(headers),
		 "Record-Route: <sip:192.0.2.5;lr>, \x1b?, <tel:1>, \"far\" "
		 "<sip:192.0.2.4;lr;x=a%%2Cb>\r\n"
		 "Record-Route: <sip:127.0.0.1:%u;lr;ftag=1>\r\n"
		 "Contact: <sip:alice@10.9.9.9:5062>\r\n",
		 netaddr_port(&edge));
	bench_answer(b, invite, 200, "t1", headers);
	ack = bench_take(fd, "ACK");
	bye = bench_take(fd, "BYE");
	assert_slice_equal(sip_msg_request_uri(ack), "sip:alice@10.9.9.9:5062");
	assert_slice_equal(sip_msg_list(ack, "route", 1), "\"far\" <sip:192.0.2.4;lr;x=a%2Cb>");
	assert_slice_equal(sip_msg_list(bye, "route", 2), "<sip:192.0.2.5;lr>");
	assert_true(slice_starts_with(sip_msg_list(bye, "route", 0), "<sip:127.0.0.1:"));
	assert_true(bench_quiet(b->phone));
	bench_answer_from(b, fd, bye, 200, NULL, "");
	assert_int_equal(b->last.end, CALL_END_ANSWERED);
	sip_msg_free(ack);
	sip_msg_free(bye);
	sip_msg_free(invite);
	close(fd);
	bench_free(b);
}

TEST(a_strict_router_finds_itself_in_the_request_uri)
{
	struct call_bench *b = bench_new();
	struct call_spec s = bench_spec(b);
	struct sip_msg *invite = ring(b, &s), *bye;
	struct netaddr edge;
	int fd = loopback_socket(SOCK_DGRAM, &edge);
	char headers[300], uri[64];

	UNUSED_STATE;
	snprintf(uri, sizeof(uri), "sip:127.0.0.1:%u", netaddr_port(&edge));
	snprintf(headers, sizeof(headers),
		 "Record-Route: <sip:192.0.2.5;lr>, <%s>\r\nContact: <sip:alice@10.9.9.9>\r\n",
		 uri);
	bench_answer(b, invite, 200, "t1", headers);
	bench_take_free(fd, "ACK");
	bye = bench_take(fd, "BYE");
	assert_slice_equal(sip_msg_request_uri(bye), uri);
	assert_slice_equal(sip_msg_list(bye, "route", 0), "<sip:192.0.2.5;lr>");
	assert_slice_equal(sip_msg_list(bye, "route", 1), "<sip:alice@10.9.9.9>");
	assert_int_equal(sip_msg_list(bye, "route", 2).n, 0);
	sip_msg_free(bye);
	sip_msg_free(invite);
	close(fd);
	bench_free(b);
}

TEST(a_contact_elsewhere_is_gone_to_and_by_turns_the_way_of_the_invite)
{
	struct call_bench *b = bench_new();
	struct call_spec s = bench_spec(b);
	struct sip_msg *invite = ring(b, &s);
	struct netaddr elsewhere;
	int fd = loopback_socket(SOCK_DGRAM, &elsewhere);
	char headers[100];

	UNUSED_STATE;
	snprintf(headers, sizeof(headers), "Contact: <sip:alice@127.0.0.1:%u>\r\n",
		 netaddr_port(&elsewhere));
	bench_answer(b, invite, 200, "t1", headers);
	bench_take_free(fd, "ACK");
	bench_take_free(fd, "BYE");
	assert_true(bench_quiet(b->phone));
	/* Nothing comes of that: behind a NAT a Contact is often only a promise. */
	bench_pass(b, 500);
	bench_take_free(b->phone, "BYE");
	bench_answer(b, invite, 200, "t1", headers);
	bench_take_free(b->phone, "ACK");
	bench_pass(b, 1000);
	bench_take_free(fd, "BYE");
	bench_pass(b, 2000);
	bench_reply(b, "BYE", 200, NULL);
	assert_int_equal(b->last.end, CALL_END_ANSWERED);
	sip_msg_free(invite);
	close(fd);
	bench_free(b);
}

TEST(a_private_contact_of_a_public_phone_and_names_lie_where_the_invite_went)
{
	static const char *const contacts[] = {
		"Contact: <sip:alice@phone.invalid:5070>\r\n",
		"Contact: <sip:alice@[::1]:5070>\r\n",
		"Contact: <sip:alice@127.0.0.1:5070;transport=tcp>\r\n",
		"Contact: <sip:alice@0.0.0.0>\r\n",
		"Contact: <tel:+491234>\r\n",
		"Contact: <sip:alice@192.0.2.1:5060?Replaces=x>\r\n",
	};
	struct call_bench *b = bench_new();
	struct call_spec s = bench_spec(b);

	UNUSED_STATE;
	for (size_t i = 0; i < sizeof(contacts) / sizeof(contacts[0]); i++) {
		struct sip_msg *invite = ring(b, &s), *ack;

		bench_answer(b, invite, 200, "t1", contacts[i]);
		ack = bench_take(b->phone, "ACK");
		assert_int_equal(slice_find_char(sip_msg_request_uri(ack), '?'), -1);
		bench_reply(b, "BYE", 200, NULL);
		assert_int_equal(b->last.end, CALL_END_ANSWERED);
		sip_msg_free(ack);
		sip_msg_free(invite);
	}
	bench_free(b);
}

/* ---- what the phone asks -------------------------------------------------------------------- */

/* A request of the phone inside the dialog; returns the answer, valid until the next one. */
static const char *ask_from(struct call_bench *b, const struct sip_msg *invite, const char *method,
			    const char *from_tag)
{
	char text[1500];
	struct slice tag = sip_msg_from_tag(invite), id = sip_msg_call_id(invite);

	snprintf(text, sizeof(text),
		 "%s sip:ops@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP "
		 "127.0.0.1:%u;branch=z9hG4bKp%s\r\n"
		 "From: <sip:alice@acme.example>;tag=%s\r\nTo: <sip:ops@acme.example>;tag=%.*s\r\n"
		 "Call-ID: %.*s\r\nCSeq: 7 %s\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n",
		 method, netaddr_port(&b->phone_addr), method, from_tag, SLICE_FMT(tag),
		 SLICE_FMT(id), method);
	loopback_send(b->phone, &b->our_addr, text);
	bench_arrive(b);
	return bench_quiet(b->phone) ? "" : loopback_receive(b->phone, NULL);
}

static const char *ask(struct call_bench *b, const struct sip_msg *invite, const char *method)
{
	return ask_from(b, invite, method, "t1");
}

TEST(a_phone_that_hangs_up_by_itself_is_believed)
{
	struct call_bench *b = bench_new();
	struct call_spec s = bench_spec(b);
	struct sip_msg *invite = ring(b, &s);

	UNUSED_STATE;
	bench_answer(b, invite, 200, "t1", "");
	bench_take_free(b->phone, "ACK");
	bench_take_free(b->phone, "BYE");
	assert_memory_equal(ask(b, invite, "BYE"), "SIP/2.0 200 OK\r\n", 16);
	assert_int_equal(b->last.end, CALL_END_ANSWERED);
	assert_true(b->last.ended_by_phone);
	/* Our own BYE is not repeated, theirs is answered again. */
	assert_memory_equal(ask(b, invite, "BYE"), "SIP/2.0 200 OK\r\n", 16);
	bench_pass(b, 3000);
	assert_true(bench_quiet(b->phone));
	assert_int_equal(b->reports, 1);
	sip_msg_free(invite);
	bench_free(b);
}

TEST(what_a_phone_asks_in_a_call_gets_a_fitting_answer)
{
	static const struct {
		const char *method;
		int code;
	} rows[] = {
		{"OPTIONS", 200}, {"INFO", 200},   {"INVITE", 488}, {"CANCEL", 481}, {"PRACK", 481},
		{"NOTIFY", 481},  {"UPDATE", 405}, {"REFER", 405},  {"BYE", 200},
	};
	struct call_bench *b = bench_new();
	struct call_spec s = bench_spec(b);
	struct sip_msg *invite = ring(b, &s);
	const char *answer;
	char line[20];

	UNUSED_STATE;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		answer = ask(b, invite, rows[i].method);
		snprintf(line, sizeof(line), "SIP/2.0 %d ", rows[i].code);
		assert_memory_equal(answer, line, strlen(line));
		assert_true((rows[i].code == 405) <= (strstr(answer, "\r\nAllow: ") != NULL));
	}
	assert_string_equal(ask(b, invite, "ACK"), "");
	/* Without a 2xx there was nothing to hang up. */
	assert_int_equal(b->reports, 0);
	assert_memory_equal(ask_from(b, invite, "BYE", "stranger"), "SIP/2.0 200 ", 12);
	sip_msg_free(invite);
	bench_free(b);
}

static bool refuse_all(void *ctx, const struct sip_flow *from, const struct sip_msg *m)
{
	struct sip_flow to;
	struct strbuf text = STRBUF_INIT;
	struct call_bench *b = ctx;

	sip_response_flow(m, from, &to);
	sip_build_response(&text, m, from, 405, NULL, NULL);
	sip_build_end(&text, SLICE_NONE);
	sip_transport_send(b->transport, &to, text.p, text.n);
	strbuf_free(&text);
	return true;
}

TEST(a_registrar_on_the_same_sockets_neither_takes_nor_loses_requests)
{
	struct call_bench *b = bench_new();
	struct call_spec s = bench_spec(b);
	struct sip_handler registrar = {.ctx = b, .request = refuse_all};
	struct sip_msg *invite;

	UNUSED_STATE;
	caller_free(b->caller);
	sip_transport_add_handler(b->transport, &registrar);
	b->caller = caller_new(b->loop, &b->clock.clock, b->transport);
	invite = ring(b, &s);
	assert_memory_equal(ask(b, invite, "BYE"), "SIP/2.0 200 ", 12);
	bench_answer(b, invite, 486, "t1", "");
	bench_take_free(b->phone, "ACK");
	bench_pass(b, 33000);
	assert_memory_equal(ask(b, invite, "BYE"), "SIP/2.0 405 ", 12);
	sip_transport_remove_handler(b->transport, b);
	sip_msg_free(invite);
	bench_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(an_answered_call_is_acknowledged_and_ended_at_once),
		T(a_repeated_2xx_is_acknowledged_again_for_32_seconds_and_ended_only_once),
		T(an_answer_that_crosses_the_cancel_is_ended),
		T(an_answer_without_contact_or_tag_is_ended_where_the_invite_went),
		T(a_bye_that_nobody_answers_leaves_the_call_open),
		T(a_bye_that_is_challenged_is_repeated_once_with_credentials),
		T(every_phone_that_answers_is_let_go),
		T(a_call_whose_last_bye_is_answered_late_is_forgotten_without_another_reason),
		T(a_fork_that_answers_when_the_time_of_the_others_is_over_has_its_own),
		T(an_answer_behind_the_487_is_ended_too),
		T(more_tags_than_there_is_room_for_are_survived),
		T(requests_in_a_dialog_go_through_the_routers_that_recorded_themselves),
		T(a_strict_router_finds_itself_in_the_request_uri),
		T(a_contact_elsewhere_is_gone_to_and_by_turns_the_way_of_the_invite),
		T(a_private_contact_of_a_public_phone_and_names_lie_where_the_invite_went),
		T(a_phone_that_hangs_up_by_itself_is_believed),
		T(what_a_phone_asks_in_a_call_gets_a_fitting_answer),
		T(a_registrar_on_the_same_sockets_neither_takes_nor_loses_requests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
