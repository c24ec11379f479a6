/* JSON-RPC over HTTP: whole answers in every shape, broken ones, silence, and nobody there. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include "source/rpc/http.h"
#include "source/rpc/control.h"
#include "test.h"

static struct loop *loop;
static int server, client;
static char url[64];
static char asked[4096];

static struct {
	int calls;
	enum control_outcome outcome;
	int code;
	char text[200], words[300];
} got;

static void on_reply(void *ctx, const struct control_reply *r)
{
	(void)ctx;
	got.calls++;
	got.outcome = r->outcome;
	got.code = r->outcome == CONTROL_FAULT ? r->fault_code : r->e.code;
	slice_to_buf(slice_of(r->e.what), got.words, sizeof(got.words));
	slice_to_buf(slice_of(r->fault), got.text, sizeof(got.text));
	if (r->outcome == CONTROL_RESULT)
		slice_to_buf(slice_of(json_string_value(r->result)), got.text, sizeof(got.text));
}

static int setup(void **state)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	socklen_t len = sizeof(a);

	(void)state;
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	loop = loop_new();
	server = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	client = -1;
	if (bind(server, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(server, 4) < 0 ||
	    getsockname(server, (struct sockaddr *)&a, &len) < 0)
		return -1;
	snprintf(url, sizeof(url), "http://127.0.0.1:%u/RPC", ntohs(a.sin_port));
	memset(&got, 0, sizeof(got));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	if (client >= 0)
		close(client);
	if (server >= 0)
		close(server);
	loop_free(loop);
	return 0;
}

/* Turns the loop until the whole request is there; returns its id. */
static long long request(void)
{
	size_t n = 0;
	json_t *doc = NULL;
	long long id;

	for (int i = 0; i < 2000 && !doc; i++) {
		ssize_t more;
		char *body;

		loop_turn(loop, false);
		if (client < 0)
			client = accept4(server, NULL, NULL, SOCK_NONBLOCK);
		more = client < 0 ? -1 : recv(client, asked + n, sizeof(asked) - 1 - n, 0);
		if (more > 0)
			n += (size_t)more;
		asked[n] = '\0';
		body = strstr(asked, "\r\n\r\n");
		doc = body ? json_loads(body + 4, 0, NULL) : NULL;
		if (!doc)
			poll(NULL, 0, 1);
	}
	assert_non_null(doc);
	id = json_integer_value(json_object_get(doc, "id"));
	json_decref(doc);
	return id;
}

static void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static void say(const char *fmt, ...)
{
	char text[2048];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	assert_int_equal(send(client, text, (size_t)n, MSG_NOSIGNAL), n);
	for (int i = 0; i < 20; i++) {
		loop_turn(loop, false);
		poll(NULL, 0, 1);
	}
}

static void hang_up(void)
{
	close(client);
	client = -1;
}

static void wait_reply(void)
{
	for (int i = 0; i < 2000 && !got.calls; i++) {
		loop_turn(loop, false);
		poll(NULL, 0, 1);
	}
	assert_int_equal(got.calls, 1);
}

static struct control *ask(unsigned timeout_ms)
{
	struct control *r = control_new(loop, CONTROL_KAMAILIO, url, timeout_ms, NULL);

	control_call(r, "core.echo", NULL, on_reply, NULL);
	return r;
}

#define JSON "{\"jsonrpc\":\"2.0\",\"id\":%lld,\"result\":\"%s\"}"

TEST(an_answer_with_its_length_is_taken_when_it_is_whole)
{
	struct control *r = ask(0);
	long long id = request();
	char body[200];

	UNUSED_STATE;
	assert_non_null(strstr(asked, "POST /RPC HTTP/1.1\r\n"));
	assert_non_null(strstr(asked, "Content-Type: application/json\r\n"));
	snprintf(body, sizeof(body), JSON, id, "fine");
	say("HTTP/1.1 200 OK\r\ncontent-LENGTH: %zu\r\n", strlen(body));
	say("Server: x\r\n\r\n%.10s", body);
	assert_int_equal(got.calls, 0);
	say("%s", body + 10);
	wait_reply();
	assert_int_equal(got.outcome, CONTROL_RESULT);
	assert_string_equal(got.text, "fine");
	control_free(r);
}

TEST(chunks_are_put_together)
{
	struct control *r = ask(0);
	long long id = request();
	char body[200];

	UNUSED_STATE;
	snprintf(body, sizeof(body), JSON, id, "chunked");
	say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n%.5s\r\n", body);
	say("%zx;ext=1\r\n%s", strlen(body) - 5, body + 5);
	assert_int_equal(got.calls, 0);
	say("\r\n0\r\n\r\n");
	wait_reply();
	assert_int_equal(got.outcome, CONTROL_RESULT);
	assert_string_equal(got.text, "chunked");
	control_free(r);
}

TEST(chunks_may_come_in_any_pieces)
{
	struct control *r = ask(60000);
	long long id = request();
	char body[200], all[400];
	int n;

	UNUSED_STATE;
	snprintf(body, sizeof(body), JSON, id, "byte by byte");
	n = snprintf(all, sizeof(all),
		     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n%.3s\r\n%zx\n%s"
		     "\n0\r\n",
		     body, strlen(body) - 3, body + 3);
	for (int i = 0; i < n; i++) {
		assert_int_equal(got.calls, 0);
		say("%c", all[i]);
	}
	wait_reply();
	assert_string_equal(got.text, "byte by byte");
	control_free(r);
}

/* Each chunk is looked at once: were all of them joined anew at each, this would not end. */
TEST(hundreds_of_thousands_of_chunks_are_taken)
{
	enum { CHUNKS = 400000 };
	static char chunk[] = "1\r\n \r\n";
	struct control *r = ask(60000);
	long long id = request();
	char body[200];
	size_t done = 0, size = sizeof(chunk) - 1, all = size * CHUNKS;

	UNUSED_STATE;
	say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
	while (done < all) {
		struct strbuf some = STRBUF_INIT;
		ssize_t n;

		for (int i = 0; i < 2000; i++)
			strbuf_add(&some, chunk, size);
		if (some.n > all - done)
			some.n = all - done;
		n = send(client, some.p + done % size, some.n - done % size, MSG_NOSIGNAL);
		done += n > 0 ? (size_t)n : 0;
		strbuf_free(&some);
		loop_turn(loop, false);
	}
	snprintf(body, sizeof(body), JSON, id, "many");
	for (int i = 0; i < 2000; i++)
		loop_turn(loop, false);
	say("%zx\r\n%s\r\n0\r\n\r\n", strlen(body), body);
	wait_reply();
	assert_string_equal(got.text, "many");
	control_free(r);
}

TEST(without_a_length_the_end_of_the_connection_is_the_end)
{
	struct control *r = ask(0);

	UNUSED_STATE;
	say("HTTP/1.0 200 OK\r\n\r\n" JSON, request(), "closed");
	assert_int_equal(got.calls, 0);
	hang_up();
	wait_reply();
	assert_int_equal(got.outcome, CONTROL_RESULT);
	assert_string_equal(got.text, "closed");
	control_free(r);
}

TEST(a_fault_is_one_whatever_the_status)
{
	struct control *r = ask(0);

	UNUSED_STATE;
	say("HTTP/1.1 500 Fault\r\n\r\n{\"id\":%lld,\"error\":{\"code\":404,\"message\":\"AOR not "
	    "found\"}}",
	    request());
	hang_up();
	wait_reply();
	assert_int_equal(got.outcome, CONTROL_FAULT);
	assert_int_equal(got.code, 404);
	assert_string_equal(got.text, "AOR not found");
	control_free(r);
}

/* What is answered; hung up afterwards. */
static const struct {
	const char *what, *answer;
	int code;
} broken[] = {
	{"a page", "HTTP/1.1 404 Not Found\r\n\r\n<html>", -EPROTO},
	{"nothing", "", -ECONNRESET},
	{"half a head", "HTTP/1.1 200 OK\r\nContent-", -EPROTO},
	{"a body cut short", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"id\":1", -EPROTO},
	{"no HTTP", "SIP/2.0 200 OK\r\n\r\n", -EPROTO},
	{"no JSON", "HTTP/1.1 200 OK\r\n\r\nhello", -EPROTO},
	{"another's answer", "HTTP/1.1 200 OK\r\n\r\n{\"id\":-5,\"result\":\"x\"}", -EPROTO},
	{"a length of letters", "HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n", -EPROTO},
	{"a length without end", "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
	 -EPROTO},
	{"a head without a status", "HTTP/1.1 000 OK\r\n\r\n", -EPROTO},
	{"far too long", "HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n", -EMSGSIZE},
	{"a chunk without end", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n",
	 -EPROTO},
	{"a chunk that ends otherwise",
	 "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", -EPROTO},
	{"an encoding of its own", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nx", -EPROTO},
};

TEST(broken_answers_are_none_and_said_in_words)
{
	UNUSED_STATE;
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		struct control *r = ask(0);

		memset(&got, 0, sizeof(got));
		request();
		say("%s", broken[i].answer);
		hang_up();
		wait_reply();
		if (got.outcome != CONTROL_NO_ANSWER || got.code != broken[i].code || !got.words[0])
			fail_msg("%s: outcome %d code %d \"%s\"", broken[i].what, got.outcome,
				 got.code, got.words);
		control_free(r);
	}
}

TEST(silence_ends_with_the_time_and_the_next_call_goes_on)
{
	struct control *r = ask(60);
	long long id;

	UNUSED_STATE;
	request();
	wait_reply();
	assert_int_equal(got.outcome, CONTROL_NO_ANSWER);
	assert_int_equal(got.code, -ETIMEDOUT);
	hang_up();
	memset(&got, 0, sizeof(got));
	control_call(r, "core.echo", NULL, on_reply, NULL);
	id = request();
	say("HTTP/1.1 200 OK\r\n\r\n" JSON, id, "again");
	hang_up();
	wait_reply();
	assert_string_equal(got.text, "again");
	control_free(r);
}

TEST(when_nobody_is_there_nothing_was_sent)
{
	struct control *r;

	UNUSED_STATE;
	close(server);
	server = -1;
	r = ask(0);
	wait_reply();
	assert_int_equal(got.outcome, CONTROL_NOT_SENT);
	assert_int_equal(got.code, -ECONNREFUSED);
	assert_non_null(strstr(got.words, "127.0.0.1"));
	control_free(r);
}

/* A listener whose queue is full does not answer a SYN: like an address behind a firewall. */
TEST(a_connection_that_never_opens_has_sent_nothing)
{
	struct sockaddr_in a;
	socklen_t len = sizeof(a);
	int others[16], n = 0;
	struct control *r;

	UNUSED_STATE;
	assert_int_equal(listen(server, 0), 0);
	assert_int_equal(getsockname(server, (struct sockaddr *)&a, &len), 0);
	for (; n < 16; n++) {
		struct pollfd p = {.events = POLLOUT};

		p.fd = others[n] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		connect(p.fd, (struct sockaddr *)&a, sizeof(a));
		if (poll(&p, 1, 100) == 0)
			break;
	}
	assert_true(n < 16);
	r = ask(100);
	wait_reply();
	assert_int_equal(got.outcome, CONTROL_NOT_SENT);
	assert_int_equal(got.code, -ETIMEDOUT);
	assert_non_null(strstr(got.words, "could not be reached within 100 ms"));
	/* Nor has one that is given up. */
	memset(&got, 0, sizeof(got));
	control_call(r, "core.echo", NULL, on_reply, NULL);
	for (int i = 0; i < 20; i++)
		loop_turn(loop, false);
	control_free(r);
	assert_int_equal(got.outcome, CONTROL_NOT_SENT);
	for (int i = 0; i <= n; i++)
		close(others[i]);
}

TEST(calls_stand_in_line_and_end_with_their_client)
{
	struct control *r = ask(0);

	UNUSED_STATE;
	control_call(r, "core.echo", NULL, on_reply, NULL);
	request();
	control_free(r);
	assert_int_equal(got.calls, 2);
}

TEST(addresses_that_are_none_are_refused)
{
	static const char *const bad[] = {
		"http://",
		"http://localhost/RPC",
		"https://127.0.0.1/RPC",
		"http://127.0.0.1:99999/",
		"http://127.0.0.1/a b",
		"http://127.0.0.1/a\r\nX: y",
	};
	struct err e;

	UNUSED_STATE;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_null(http_new(loop, bad[i], &e));
		assert_int_equal(e.code, -EINVAL);
	}
}

#define H(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		H(an_answer_with_its_length_is_taken_when_it_is_whole),
		H(chunks_are_put_together),
		H(chunks_may_come_in_any_pieces),
		H(hundreds_of_thousands_of_chunks_are_taken),
		H(without_a_length_the_end_of_the_connection_is_the_end),
		H(a_fault_is_one_whatever_the_status),
		H(broken_answers_are_none_and_said_in_words),
		H(silence_ends_with_the_time_and_the_next_call_goes_on),
		H(when_nobody_is_there_nothing_was_sent),
		H(a_connection_that_never_opens_has_sent_nothing),
		H(calls_stand_in_line_and_end_with_their_client),
		H(addresses_that_are_none_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
