/* The channel to Kamailio's ctl: kept connections, cut answers, late ones, rubbish, and servers
 * that come and go. */
#include "channel_fixture.h"
#include "source/rpc/binrpc.h"

static int server, client; /* listening; connected, -1: none */
static int accepted;

static void listen_there(void)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};

	slice_to_buf(slice_of(path), a.sun_path, sizeof(a.sun_path));
	server = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(server, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(server, 8), 0);
}

static int setup(void **state)
{
	(void)state;
	begin("kamailio_ctl");
	client = -1;
	accepted = 0;
	listen_there();
	return 0;
}

static void hang_up(void)
{
	if (client >= 0)
		close(client);
	client = -1;
}

static int teardown(void **state)
{
	(void)state;
	hang_up();
	if (server >= 0)
		close(server);
	return end();
}

/* Turns the loop until a whole request is there; returns its cookie. A new connection takes the
 * place of the one that was there. */
static uint32_t request(void)
{
	unsigned char head[64];
	ssize_t n = -1;

	for (int i = 0; i < 5000 && n <= 0; i++) {
		int next = accept4(server, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (next >= 0) {
			hang_up();
			client = next;
			accepted++;
		}
		turns(1);
		n = client < 0 ? -1 : recv(client, head, sizeof(head), 0);
	}
	/* What the tests ask is short: two bytes, one of length, four of cookie. */
	assert_true(n > 7 && n == 7 + head[2]);
	assert_int_equal(head[0], 0xa1);
	assert_int_equal(head[1], 3);
	return (uint32_t)head[3] << 24 | (uint32_t)head[4] << 16 | (uint32_t)head[5] << 8 | head[6];
}

static void say(const void *p, size_t n)
{
	assert_int_equal(send(client, p, n, MSG_NOSIGNAL), n);
}

/* Appends a reply of one string. */
static void add_reply(struct strbuf *out, uint32_t cookie, const char *text)
{
	size_t n = strlen(text) + 1;
	unsigned char head[] = {0xa1,
				0x13,
				(unsigned char)(n + 2),
				(unsigned char)(cookie >> 24),
				(unsigned char)(cookie >> 16),
				(unsigned char)(cookie >> 8),
				(unsigned char)cookie,
				0x91,
				(unsigned char)n};

	strbuf_add(out, head, sizeof(head));
	strbuf_add(out, text, n);
}

static void answer(uint32_t cookie, const char *text)
{
	struct strbuf out = STRBUF_INIT;

	add_reply(&out, cookie, text);
	say(out.p, out.n);
	strbuf_free(&out);
}

static struct control *opened(unsigned timeout_ms)
{
	char place[120];

	snprintf(place, sizeof(place), "ctl:%s", path);
	return control_at(CONTROL_KAMAILIO, place, timeout_ms);
}

static struct control *called(unsigned timeout_ms)
{
	struct control *c = opened(timeout_ms);

	control_call(c, "core.version", NULL, on_reply, NULL);
	assert_int_equal(got.calls, 0);
	return c;
}

/* A call whose answer must come. */
static void works(struct control *c)
{
	int calls = got.calls;

	control_call(c, "core.version", NULL, on_reply, NULL);
	answer(request(), "again");
	wait_calls(calls + 1);
	assert_int_equal(got.outcome, CONTROL_RESULT);
	assert_string_equal(got.result, "\"again\"");
}

TEST(calls_share_a_connection)
{
	UNUSED_STATE;
	struct control *c = called(0);

	answer(request(), "first");
	wait_calls(1);
	assert_int_equal(got.outcome, CONTROL_RESULT);
	assert_string_equal(got.result, "\"first\"");
	works(c);
	works(c);
	assert_int_equal(accepted, 1);
	control_free(c);
}

TEST(a_fault_is_the_registrars_word)
{
	UNUSED_STATE;
	struct control *c = called(0);
	uint32_t k = request();
	unsigned char fault[] = {0xa1, 0x33, 7, 0, 0, 0, 0, 0x20, 0x01, 0x94, 0x31, 'n', 'o', 0};

	for (int i = 0; i < 4; i++)
		fault[3 + i] = (unsigned char)(k >> (24 - 8 * i));
	say(fault, sizeof(fault));
	wait_calls(1);
	assert_told(CONTROL_FAULT, 404, "404 no");
	works(c);
	assert_int_equal(accepted, 1);
	control_free(c);
}

TEST(an_answer_comes_in_pieces)
{
	UNUSED_STATE;
	struct control *c = called(0);
	struct strbuf out = STRBUF_INIT;

	add_reply(&out, request(), "piece by piece");
	for (size_t i = 0; i < out.n; i++) {
		assert_int_equal(got.calls, 0);
		say(out.p + i, 1);
		turns(2);
	}
	wait_calls(1);
	assert_string_equal(got.result, "\"piece by piece\"");
	strbuf_free(&out);
	control_free(c);
}

TEST(an_answer_with_another_cookie_is_late_and_dropped)
{
	UNUSED_STATE;
	struct control *c = called(0);
	struct strbuf out = STRBUF_INIT;
	uint32_t k = request();

	add_reply(&out, k + 1, "wrong");
	add_reply(&out, k + 2, "wrong");
	/* The beginning of the right one comes along. */
	add_reply(&out, k, "right");
	say(out.p, out.n - 3);
	turns(10);
	assert_int_equal(got.calls, 0);
	say(out.p + out.n - 3, 3);
	wait_calls(1);
	assert_string_equal(got.result, "\"right\"");
	strbuf_free(&out);
	control_free(c);
}

TEST(after_a_silence_the_next_call_has_a_connection_of_its_own)
{
	UNUSED_STATE;
	struct control *c = called(50);

	request();
	wait_calls(1);
	assert_told(CONTROL_NO_ANSWER, -ETIMEDOUT, "gave no answer within 50 ms");
	works(c);
	assert_int_equal(accepted, 2);
	control_free(c);
}

TEST(a_cut_answer_says_how_much_came_and_does_not_swallow_the_next)
{
	UNUSED_STATE;
	struct control *c = called(100);
	struct strbuf out = STRBUF_INIT;

	add_reply(&out, request(), "a long answer");
	say(out.p, out.n - 4);
	wait_calls(1);
	assert_told(CONTROL_NO_ANSWER, -ETIMEDOUT, "stopped after 19 of 23 bytes");
	assert_non_null(strstr(got.hint, "Kamailio cuts an answer"));
	works(c);
	assert_int_equal(accepted, 2);
	strbuf_free(&out);
	control_free(c);
}

TEST(a_server_that_hangs_up_is_told)
{
	UNUSED_STATE;
	struct control *c = called(0);
	struct strbuf out = STRBUF_INIT;

	request();
	hang_up();
	wait_calls(1);
	assert_told(CONTROL_NO_ANSWER, -ECONNRESET, "hung up without an answer");
	control_call(c, "core.version", NULL, on_reply, NULL);
	add_reply(&out, request(), "half");
	say(out.p, out.n / 2);
	turns(5);
	hang_up();
	wait_calls(2);
	assert_told(CONTROL_NO_ANSWER, -ECONNRESET, "hung up in the middle of its answer");
	works(c);
	strbuf_free(&out);
	control_free(c);
}

TEST(a_connection_that_ended_while_nobody_asked_is_made_anew)
{
	UNUSED_STATE;
	struct control *c = opened(0);

	works(c);
	hang_up();
	turns(5);
	works(c);
	/* And when the loop has not seen the end yet. */
	hang_up();
	works(c);
	assert_int_equal(accepted, 3);
	control_free(c);
}

TEST(what_comes_unasked_ends_the_connection)
{
	UNUSED_STATE;
	struct control *c = opened(0);

	works(c);
	answer(7, "nobody asked");
	turns(5);
	works(c);
	assert_int_equal(accepted, 2);
	control_free(c);
}

TEST(a_server_that_starts_anew_is_found)
{
	UNUSED_STATE;
	struct control *c = opened(0);
	struct err e = ERR_NONE;

	works(c);
	hang_up();
	close(server);
	control_call(c, "core.version", NULL, on_reply, NULL);
	wait_calls(2);
	assert_told(CONTROL_NOT_SENT, -ECONNREFUSED, "Nobody listens on the ctl socket");
	unlink(path);
	assert_int_equal(control_check(c, &e), -ENOENT);
	assert_non_null(strstr(e.hint, "ctl:PATH"));
	control_call(c, "core.version", NULL, on_reply, NULL);
	wait_calls(3);
	assert_told(CONTROL_NOT_SENT, -ENOENT, "There is no ctl socket");
	listen_there();
	assert_int_equal(control_check(c, &e), 0);
	works(c);
	control_free(c);
}

static void a_bad_answer(const char *p, size_t n, int code, const char *words)
{
	struct control *c = called(0);

	request();
	say(p, n);
	wait_calls(1);
	assert_told(CONTROL_NO_ANSWER, code, words);
	works(c);
	assert_int_equal(accepted, 2);
	control_free(c);
}

TEST(rubbish_is_no_answer)
{
	UNUSED_STATE;
	a_bad_answer("{\"jsonrpc\"", 10, -EPROTO, "is not binrpc");
}

TEST(an_oversized_answer_is_no_answer)
{
	UNUSED_STATE;
	a_bad_answer("\xa1\x1c\x7f\xff\xff\xff\x01", 7, -EMSGSIZE, "longer than an answer can be");
}

TEST(a_broken_body_is_no_answer)
{
	UNUSED_STATE;
	struct control *c = called(0);
	struct strbuf out = STRBUF_INIT;

	add_reply(&out, request(), "text");
	out.p[8] = 99; /* the string is longer than the body */
	say(out.p, out.n);
	wait_calls(1);
	assert_told(CONTROL_NO_ANSWER, -EPROTO, "is not binrpc");
	works(c);
	assert_int_equal(accepted, 2);
	strbuf_free(&out);
	control_free(c);
}

TEST(other_kinds_of_files_are_told)
{
	UNUSED_STATE;
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	struct control *c = opened(0);
	struct err e = ERR_NONE;
	FILE *f;

	close(server);
	unlink(path);
	slice_to_buf(slice_of(path), a.sun_path, sizeof(a.sun_path));
	server = socket(AF_UNIX, SOCK_DGRAM, 0);
	assert_int_equal(bind(server, (struct sockaddr *)&a, sizeof(a)), 0);
	control_call(c, "core.version", NULL, on_reply, NULL);
	wait_calls(1);
	assert_told(CONTROL_NOT_SENT, -EPROTOTYPE, "is not a stream socket");
	assert_non_null(strstr(got.hint, "unix:PATH"));
	unlink(path);
	f = fopen(path, "w");
	assert_non_null(f);
	fclose(f);
	assert_int_equal(control_check(c, &e), -EPROTOTYPE);
	control_free(c);
}

TEST(a_full_backlog_is_tried_again_until_there_is_room)
{
	UNUSED_STATE;
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	struct control *c;
	int others[64], n = 0;

	slice_to_buf(slice_of(path), a.sun_path, sizeof(a.sun_path));
	for (; n < 64; n++) {
		others[n] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
		if (connect(others[n], (struct sockaddr *)&a, sizeof(a)) < 0)
			break;
	}
	assert_int_equal(errno, EAGAIN);
	c = called(5000);
	turns(50);
	assert_int_equal(got.calls, 0);
	for (int i = 0; i < n; i++)
		close(accept(server, NULL, NULL));
	answer(request(), "room");
	wait_calls(1);
	assert_int_equal(got.outcome, CONTROL_RESULT);
	for (int i = 0; i <= n; i++)
		close(others[i]);
	control_free(c);
}

TEST(what_binrpc_cannot_carry_is_not_sent)
{
	UNUSED_STATE;
	struct control *c = opened(0);
	char *big = malloc(BINRPC_REQUEST_MAX + 1);

	memset(big, 'x', BINRPC_REQUEST_MAX);
	big[BINRPC_REQUEST_MAX] = '\0';
	control_call(c, "x", json_pack("[b]", 1), on_reply, NULL);
	wait_calls(1);
	assert_told(CONTROL_NOT_SENT, -EINVAL, "cannot carry this request");
	control_call(c, "x", json_pack("[s]", big), on_reply, NULL);
	wait_calls(2);
	assert_told(CONTROL_NOT_SENT, -EMSGSIZE, "longer than");
	free(big);
	works(c);
	control_free(c);
}

TEST(the_end_of_the_client_ends_every_call)
{
	UNUSED_STATE;
	struct control *c = called(0);

	control_call(c, "second", NULL, on_reply, NULL);
	request();
	control_free(c);
	assert_int_equal(got.calls, 2);
	assert_int_equal(got.outcome, CONTROL_NOT_SENT);
	/* And the connection. */
	assert_int_equal(recv(client, dir, 1, 0), 0);
}

TEST(a_place_that_makes_no_sense_is_told)
{
	UNUSED_STATE;
	char longer[200] = "ctl:";
	struct err e = ERR_NONE;

	assert_null(control_new(loop, CONTROL_KAMAILIO, "ctl:", 0, &e));
	assert_int_equal(e.code, -EINVAL);
	memset(longer + 4, 'x', 120);
	assert_null(control_new(loop, CONTROL_KAMAILIO, longer, 0, &e));
	assert_int_equal(e.code, -EINVAL);
	/* OpenSIPS has no ctl. */
	assert_null(control_new(loop, CONTROL_OPENSIPS, "ctl:/run/x", 0, &e));
	assert_int_equal(e.code, -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		U(calls_share_a_connection),
		U(a_fault_is_the_registrars_word),
		U(an_answer_comes_in_pieces),
		U(an_answer_with_another_cookie_is_late_and_dropped),
		U(after_a_silence_the_next_call_has_a_connection_of_its_own),
		U(a_cut_answer_says_how_much_came_and_does_not_swallow_the_next),
		U(a_server_that_hangs_up_is_told),
		U(a_connection_that_ended_while_nobody_asked_is_made_anew),
		U(what_comes_unasked_ends_the_connection),
		U(a_server_that_starts_anew_is_found),
		U(rubbish_is_no_answer),
		U(an_oversized_answer_is_no_answer),
		U(a_broken_body_is_no_answer),
		U(other_kinds_of_files_are_told),
		U(a_full_backlog_is_tried_again_until_there_is_room),
		U(what_binrpc_cannot_carry_is_not_sent),
		U(the_end_of_the_client_ends_every_call),
		U(a_place_that_makes_no_sense_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
