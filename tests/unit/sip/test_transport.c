/* Tests of sip/transport, stream and tcp, on real loopback sockets. */
#include <sys/resource.h>
#include "loopback.h"

#define HEAD(method, n)                                                                            \
	method " sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=z9hG4bK" n "\r\n"                    \
	       "From: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: call-" n "\r\nCSeq: 1 " method  \
	       "\r\n"
#define OPTIONS(n) HEAD("OPTIONS", n) "Content-Length: 0\r\n\r\n"
#define RESPONSE                                                                                   \
	"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKr\r\nFrom: <sip:a@b>;tag=1\r\n"        \
	"To: <sip:a@b>\r\nCall-ID: r\r\nCSeq: 1 OPTIONS\r\n\r\n"

/* A transport with one listener, and everything that it told. */
struct ear {
	struct loop *loop;
	struct sip_transport *transport;
	struct netaddr at;
	struct sip_flow from;
	unsigned requests, responses, refused, errors, closed, keepalives;
	int status, closed_error;
	uint32_t closed_id;
	struct sip_send_error error;
	char quoted[32], calls[128], body[64];
	bool take, answer, hang_up;
};

static bool on_request(void *ctx, const struct sip_flow *from, const struct sip_msg *m)
{
	struct ear *e = ctx;
	size_t n = strlen(e->calls);

	e->requests++;
	e->from = *from;
	slice_to_buf(sip_msg_call_id(m), e->calls + n, sizeof(e->calls) - n);
	slice_to_buf(sip_msg_body(m), e->body, sizeof(e->body));
	if (e->answer) {
		struct strbuf b = STRBUF_INIT;

		sip_build_response(&b, m, from, 200, NULL, "t");
		sip_build_end(&b, SLICE_NONE);
		assert_int_equal(sip_transport_send(e->transport, from, b.p, b.n), 0);
		strbuf_free(&b);
	}
	if (e->hang_up)
		sip_transport_close(e->transport, from->connection);
	return e->take;
}

static bool on_response(void *ctx, const struct sip_flow *from, const struct sip_msg *m)
{
	(void)from;
	(void)m;
	((struct ear *)ctx)->responses++;
	return true;
}

static bool on_bad_request(void *ctx, const struct sip_flow *from, const struct sip_msg *m,
			   int status, const char *why)
{
	struct ear *e = ctx;

	(void)from;
	assert_non_null(m);
	assert_non_null(why);
	e->refused++;
	e->status = status;
	return true;
}

static bool on_send_error(void *ctx, const struct sip_send_error *error)
{
	struct ear *e = ctx;

	e->errors++;
	e->error = *error;
	slice_to_buf(error->quoted, e->quoted, sizeof(e->quoted));
	return true;
}

static void on_closed(void *ctx, uint32_t connection, int error)
{
	struct ear *e = ctx;

	e->closed++;
	e->closed_id = connection;
	e->closed_error = error;
}

static void on_keepalive(void *ctx, const struct sip_flow *from)
{
	(void)from;
	((struct ear *)ctx)->keepalives++;
}

static void ear_listen(struct ear *e, struct sip_transport *t)
{
	struct sip_handler h = {.ctx = e,
				.request = on_request,
				.response = on_response,
				.bad_request = on_bad_request,
				.send_error = on_send_error,
				.closed = on_closed,
				.keepalive = on_keepalive};

	e->transport = t;
	sip_transport_add_handler(t, &h);
}

static struct ear *ear_new(enum transport kind)
{
	struct ear *e = xcalloc(1, sizeof(*e));
	struct netaddr any = loopback_any_port();
	struct err err = ERR_NONE;

	e->loop = loop_new();
	ear_listen(e, sip_transport_new(e->loop, &clock_system));
	if (sip_transport_listen(e->transport, kind, &any, &err) < 0)
		fail_msg("%s", err.what);
	assert_true(sip_transport_local(e->transport, kind, NULL, &e->at));
	return e;
}

static void ear_free(struct ear *e)
{
	sip_transport_free(e->transport);
	loop_free(e->loop);
	free(e);
}

static int dial(const struct ear *e)
{
	struct netaddr self;
	int fd = loopback_socket(SOCK_STREAM, &self);

	assert_int_equal(connect(fd, &e->at.sa, e->at.len), 0);
	return fd;
}

/* A listener that leaves at the first request it sees. */
static bool leave(void *ctx, const struct sip_flow *from, const struct sip_msg *m)
{
	(void)from;
	(void)m;
	sip_transport_remove_handler(*(struct sip_transport **)ctx, ctx);
	return false;
}

/* ---- UDP ------------------------------------------------------------------------------------- */

TEST(a_datagram_goes_to_the_first_listener_that_takes_it)
{
	struct ear *first = ear_new(TRANSPORT_UDP), second = {0}, third = {0};
	struct netaddr self;
	int fd = loopback_socket(SOCK_DGRAM, &self);

	UNUSED_STATE;
	ear_listen(&second, first->transport);
	ear_listen(&third, first->transport);
	second.take = true;
	loopback_send(fd, &first->at, OPTIONS("1"));
	TURN_UNTIL(first->loop, second.requests);
	assert_int_equal(first->requests, 1);
	assert_int_equal(third.requests, 0);
	assert_int_equal(first->from.transport, TRANSPORT_UDP);
	assert_true(netaddr_eq(&first->from.remote, &self));
	assert_true(netaddr_eq(&first->from.local, &first->at));
	sip_transport_remove_handler(first->transport, &second);
	loopback_send(fd, &first->at, OPTIONS("2"));
	TURN_UNTIL(first->loop, third.requests);
	assert_int_equal(second.requests, 1);
	assert_int_equal(sip_transport_stats(first->transport)->in, 2);
	close(fd);
	ear_free(first);
}

TEST(an_answer_leaves_from_the_socket_that_was_asked)
{
	struct ear *e = ear_new(TRANSPORT_UDP);
	struct netaddr self, from;
	int fd = loopback_socket(SOCK_DGRAM, &self);

	UNUSED_STATE;
	e->answer = true;
	loopback_send(fd, &e->at, OPTIONS("1"));
	TURN_UNTIL(e->loop, e->requests);
	assert_non_null(strstr(loopback_receive(fd, &from), "SIP/2.0 200 OK\r\n"));
	assert_true(netaddr_eq(&from, &e->at));
	assert_int_equal(sip_transport_stats(e->transport)->out, 1);
	close(fd);
	ear_free(e);
}

TEST(rubbish_is_counted_keepalives_told_and_broken_requests_handed_on)
{
	struct ear *e = ear_new(TRANSPORT_UDP);
	const struct sip_transport_stats *s = sip_transport_stats(e->transport);
	struct strbuf big = STRBUF_INIT;
	struct netaddr self;
	int fd = loopback_socket(SOCK_DGRAM, &self);

	UNUSED_STATE;
	strbuf_add_str(&big, OPTIONS("1"));
	strbuf_add_fill(&big, 'x', SIP_MAX_MESSAGE);
	loopback_send(fd, &e->at, "GET / HTTP/1.0\r\n\r\n");
	loopback_send(fd, &e->at, "\x80\x80\x80\x80\x80\x80");
	loopback_send(fd, &e->at, big.p);
	loopback_send(fd, &e->at, "\r\n\r\n");
	loopback_send(fd, &e->at, HEAD("OPTIONS", "7") "Content-Length: 9\r\n\r\n");
	loopback_send(fd, &e->at, RESPONSE);
	TURN_UNTIL(e->loop, e->responses);
	assert_int_equal(s->rubbish, 3);
	assert_int_equal(s->oversize, 1);
	assert_int_equal(s->keepalives, 1);
	assert_int_equal(e->keepalives, 1);
	assert_int_equal(s->in, 2);
	assert_int_equal(e->refused, 1);
	assert_int_equal(e->status, 400);
	assert_int_equal(e->requests, 0);
	strbuf_free(&big);
	close(fd);
	ear_free(e);
}

TEST(an_icmp_error_names_the_datagram_that_failed)
{
	struct ear *e = ear_new(TRANSPORT_UDP);
	struct sip_flow to = {.transport = TRANSPORT_UDP,
			      .remote = loopback_closed_port(SOCK_DGRAM)};

	UNUSED_STATE;
	assert_int_equal(sip_transport_send(e->transport, &to, "hello there", 11), 0);
	TURN_UNTIL(e->loop, e->errors);
	assert_int_equal(e->errors, 1);
	assert_int_equal(e->error.error, ECONNREFUSED);
	assert_int_equal(e->error.icmp_type, 3);
	assert_int_equal(e->error.icmp_code, 3);
	assert_true(netaddr_eq(&e->error.to, &to.remote));
	assert_true(netaddr_same_host(&e->error.offender, &to.remote));
	assert_string_equal(e->quoted, "hello there");
	assert_int_equal(sip_transport_stats(e->transport)->icmp, 1);
	ear_free(e);
}

TEST(a_neighbours_icmp_error_fails_nobody_elses_send)
{
	struct ear *e = ear_new(TRANSPORT_UDP);
	struct sip_flow dead = {.transport = TRANSPORT_UDP,
				.remote = loopback_closed_port(SOCK_DGRAM)};
	struct sip_flow well = {.transport = TRANSPORT_UDP};
	int fd = loopback_socket(SOCK_DGRAM, &well.remote);

	UNUSED_STATE;
	for (int i = 0; i < 5; i++) {
		assert_int_equal(sip_transport_send(e->transport, &dead, "dead", 4), 0);
		assert_int_equal(sip_transport_send(e->transport, &well, "well", 4), 0);
		assert_string_equal(loopback_receive(fd, NULL), "well");
	}
	TURN_UNTIL(e->loop, e->errors == 5);
	close(fd);
	ear_free(e);
}

TEST(a_listener_that_leaves_hides_nothing_from_the_next)
{
	struct ear *e = ear_new(TRANSPORT_UDP);
	struct ear second = {0};
	struct sip_handler h = {.ctx = &e->transport, .request = leave};
	struct netaddr self;
	int fd = loopback_socket(SOCK_DGRAM, &self);

	UNUSED_STATE;
	sip_transport_add_handler(e->transport, &h);
	ear_listen(&second, e->transport);
	loopback_send(fd, &e->at, OPTIONS("1"));
	TURN_UNTIL(e->loop, e->requests);
	assert_int_equal(second.requests, 1);
	close(fd);
	ear_free(e);
}

TEST(a_stun_keepalive_is_answered_with_the_address_it_came_from)
{
	static const char ask[20] = {0, 1, 0, 0, 0x21, 0x12, (char)0xa4, 0x42};
	struct ear *e = ear_new(TRANSPORT_UDP);
	unsigned char answer[64];
	struct netaddr self;
	int fd = loopback_socket(SOCK_DGRAM, &self);

	UNUSED_STATE;
	assert_int_equal(sendto(fd, ask, sizeof(ask), 0, &e->at.sa, e->at.len), sizeof(ask));
	TURN_UNTIL(e->loop, e->keepalives);
	assert_int_equal(recv(fd, answer, sizeof(answer), 0), 32);
	assert_int_equal((answer[26] << 8 | answer[27]) ^ 0x2112, netaddr_port(&self));
	close(fd);
	ear_free(e);
}

TEST(a_socket_that_cannot_be_had_is_explained)
{
	struct ear *e = ear_new(TRANSPORT_UDP);
	struct sip_flow to = {.transport = TRANSPORT_UDP};
	struct err err = ERR_NONE;

	UNUSED_STATE;
	assert_int_equal(sip_transport_listen(e->transport, TRANSPORT_UDP, &e->at, &err),
			 -EADDRINUSE);
	assert_int_equal(err.code, -EADDRINUSE);
	assert_true(err.hint[0] != '\0');
	assert_int_equal(sip_transport_listen(e->transport, TRANSPORT_TLS, &e->at, &err), -EINVAL);
	/* No socket of this family. */
	assert_int_equal(netaddr_parse(SLICE_LIT("::1"), 5060, &to.remote), 0);
	assert_int_equal(sip_transport_send(e->transport, &to, "x", 1), -EAFNOSUPPORT);
	assert_false(sip_transport_local(e->transport, TRANSPORT_UDP, &to.remote, &e->at));
	assert_false(sip_transport_local(e->transport, TRANSPORT_TCP, NULL, &e->at));
	ear_free(e);
}

TEST(a_wildcard_socket_says_which_address_a_peer_sees)
{
	struct ear *e = ear_new(TRANSPORT_TCP);
	struct netaddr any, remote = loopback_any_port(), local;

	UNUSED_STATE;
	assert_int_equal(netaddr_parse(SLICE_LIT("0.0.0.0"), 0, &any), 0);
	assert_int_equal(sip_transport_listen(e->transport, TRANSPORT_UDP, &any, NULL), 0);
	assert_true(sip_transport_local(e->transport, TRANSPORT_UDP, &remote, &local));
	assert_true(netaddr_is_loopback(&local));
	assert_int_not_equal(netaddr_port(&local), 0);
	ear_free(e);
}

/* ---- TCP ------------------------------------------------------------------------------------- */

TEST(a_message_in_pieces_and_two_in_one_piece_arrive_whole)
{
	static const char piece[] = HEAD("OPTIONS", "3") "l : 4\r\n\r\nbody" OPTIONS("4");
	struct ear *e = ear_new(TRANSPORT_TCP);
	int fd = dial(e);

	UNUSED_STATE;
	for (size_t i = 0; i + 1 < sizeof(piece); i += 7) {
		char part[8] = "";

		slice_to_buf(slice_make(piece + i,
					i + 7 < sizeof(piece) - 1 ? 7 : sizeof(piece) - 1 - i),
			     part, sizeof(part));
		loopback_send(fd, NULL, part);
		loop_turn(e->loop, false);
		/* The first one is whole with the last byte of its body, not before. */
		if (i + 7 < strlen(HEAD("OPTIONS", "3") "l : 4\r\n\r\nbody"))
			assert_int_equal(e->requests, 0);
		if (e->requests == 1)
			assert_string_equal(e->body, "body");
	}
	TURN_UNTIL(e->loop, e->requests == 2);
	loopback_send(fd, NULL, OPTIONS("5") "\r\n" OPTIONS("6") OPTIONS("7"));
	TURN_UNTIL(e->loop, e->requests == 5);
	assert_string_equal(e->calls, "call-3call-4call-5call-6call-7");
	assert_int_equal(e->from.transport, TRANSPORT_TCP);
	assert_int_not_equal(e->from.connection, 0);
	assert_int_equal(e->closed, 0);
	close(fd);
	ear_free(e);
}

TEST(an_answer_goes_back_on_its_connection)
{
	struct ear *e = ear_new(TRANSPORT_TCP);
	int fd = dial(e), other = dial(e);

	UNUSED_STATE;
	e->answer = true;
	loopback_send(fd, NULL, OPTIONS("1"));
	TURN_UNTIL(e->loop, e->requests);
	assert_non_null(strstr(loopback_receive(fd, NULL), "\r\nCall-ID: call-1\r\n"));
	loopback_send(other, NULL, OPTIONS("2"));
	TURN_UNTIL(e->loop, e->requests == 2);
	assert_non_null(strstr(loopback_receive(other, NULL), "\r\nCall-ID: call-2\r\n"));
	close(fd);
	close(other);
	ear_free(e);
}

TEST(a_stream_that_cannot_be_framed_is_closed_and_told_once)
{
	static const char *const broken[] = {
		HEAD("OPTIONS", "1") "\r\n",
		HEAD("OPTIONS", "1") "Content-Length: x\r\n\r\n",
		HEAD("OPTIONS", "1") "Content-Length: -1\r\n\r\n",
		HEAD("OPTIONS", "1") "Content-Length: 1\r\nl: 2\r\n\r\n",
		HEAD("OPTIONS", "1") "Content-Length: 8192\r\n\r\n",
	};

	UNUSED_STATE;
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		struct ear *e = ear_new(TRANSPORT_TCP);
		int fd = dial(e);

		loopback_send(fd, NULL, OPTIONS("0"));
		loopback_send(fd, NULL, broken[i]);
		TURN_UNTIL(e->loop, e->closed);
		TURN_FOR(e->loop, 20, false);
		assert_int_equal(e->requests, 1);
		assert_int_equal(e->closed, 1);
		assert_int_equal(e->closed_error, EPROTO);
		assert_int_equal(e->closed_id, e->from.connection);
		assert_false(sip_transport_is_open(e->transport, e->closed_id));
		assert_int_equal(sip_transport_send(e->transport, &e->from, "x", 1), -ENOTCONN);
		assert_string_equal(loopback_receive(fd, NULL), "");
		close(fd);
		ear_free(e);
	}
}

TEST(an_endless_head_is_cut_off)
{
	struct ear *e = ear_new(TRANSPORT_TCP);
	struct strbuf b = STRBUF_INIT;
	int fd = dial(e);

	UNUSED_STATE;
	strbuf_add_str(&b, "OPTIONS sip:a SIP/2.0\r\nX: ");
	strbuf_add_fill(&b, 'x', SIP_MAX_MESSAGE);
	loopback_send(fd, NULL, b.p);
	TURN_UNTIL(e->loop, e->closed);
	assert_int_equal(e->requests, 0);
	strbuf_free(&b);
	close(fd);
	ear_free(e);
}

TEST(a_ping_is_answered_and_a_pong_is_not)
{
	struct ear *e = ear_new(TRANSPORT_TCP);
	char pong[8] = "";
	int fd = dial(e);

	UNUSED_STATE;
	loopback_send(fd, NULL, "\r\n\r");
	TURN_FOR(e->loop, 20, e->keepalives);
	assert_int_equal(e->keepalives, 0);
	loopback_send(fd, NULL, "\n");
	TURN_UNTIL(e->loop, e->keepalives);
	loopback_send(fd, NULL, "\r\n");
	TURN_UNTIL(e->loop, e->keepalives == 2);
	/* The other half of a ping, in a segment of its own. */
	loopback_send(fd, NULL, "\r\n");
	TURN_UNTIL(e->loop, e->keepalives == 3);
	e->answer = true;
	loopback_send(fd, NULL, OPTIONS("1"));
	TURN_UNTIL(e->loop, e->requests);
	assert_int_equal(recv(fd, pong, 5, MSG_WAITALL), 5);
	assert_string_equal(pong, "\r\n\r\nS");
	close(fd);
	ear_free(e);
}

TEST(a_peer_that_hangs_up_is_told_once)
{
	struct ear *e = ear_new(TRANSPORT_TCP);
	int fd = dial(e);

	UNUSED_STATE;
	loopback_send(fd, NULL, OPTIONS("1"));
	TURN_UNTIL(e->loop, e->requests);
	assert_true(sip_transport_is_open(e->transport, e->from.connection));
	close(fd);
	TURN_UNTIL(e->loop, e->closed);
	sip_transport_close(e->transport, e->from.connection);
	TURN_FOR(e->loop, 20, false);
	assert_int_equal(e->closed, 1);
	assert_int_equal(e->closed_error, 0);
	assert_int_equal(e->closed_id, e->from.connection);
	ear_free(e);
}

TEST(hanging_up_in_the_middle_of_a_message_round_is_safe)
{
	struct ear *e = ear_new(TRANSPORT_TCP);
	int fd = dial(e);

	UNUSED_STATE;
	e->hang_up = true;
	loopback_send(fd, NULL, OPTIONS("1") OPTIONS("2"));
	TURN_UNTIL(e->loop, e->closed);
	TURN_FOR(e->loop, 20, false);
	assert_int_equal(e->requests, 1);
	assert_int_equal(e->closed, 1);
	close(fd);
	ear_free(e);
}

TEST(what_is_sent_before_a_connection_stands_waits_for_it)
{
	struct ear *e = ear_new(TRANSPORT_UDP);
	struct sip_flow to = {.transport = TRANSPORT_TCP};
	int listener = loopback_socket(SOCK_STREAM, &to.remote), fd;

	UNUSED_STATE;
	assert_int_equal(listen(listener, 1), 0);
	to.connection = sip_transport_connect(e->transport, &to.remote);
	assert_int_not_equal(to.connection, 0);
	assert_int_equal(sip_transport_send(e->transport, &to, "one ", 4), 0);
	assert_int_equal(sip_transport_send(e->transport, &to, "two", 3), 0);
	fd = accept(listener, NULL, NULL);
	assert_true(fd >= 0);
	TURN_FOR(e->loop, 20, false);
	assert_string_equal(loopback_receive(fd, NULL), "one two");
	loopback_send(fd, NULL, OPTIONS("9"));
	TURN_UNTIL(e->loop, e->requests);
	assert_int_equal(e->from.connection, to.connection);
	close(fd);
	close(listener);
	ear_free(e);
}

TEST(a_refused_connection_is_told_as_closed)
{
	struct ear *e = ear_new(TRANSPORT_UDP);
	struct netaddr closed = loopback_closed_port(SOCK_STREAM);
	uint32_t id = sip_transport_connect(e->transport, &closed);

	UNUSED_STATE;
	assert_int_not_equal(id, 0);
	TURN_UNTIL(e->loop, e->closed);
	assert_int_equal(e->closed, 1);
	assert_int_equal(e->closed_id, id);
	assert_int_equal(e->closed_error, ECONNREFUSED);
	ear_free(e);
}

TEST(a_listener_out_of_descriptors_waits_for_one_without_spinning)
{
	struct ear *e = ear_new(TRANSPORT_TCP);
	struct rlimit usual, tight;
	int first = dial(e), second, spare, turns = 0;

	UNUSED_STATE;
	loopback_send(first, NULL, OPTIONS("1"));
	TURN_UNTIL(e->loop, e->requests);
	second = dial(e);
	spare = dup(second);
	assert_int_equal(close(spare), 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &usual), 0);
	tight = (struct rlimit){(rlim_t)spare, usual.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
	loopback_send(second, NULL, OPTIONS("2"));
	TURN_FOR(e->loop, 50, turns++ > 100);
	assert_int_equal(e->requests, 1);
	assert_in_range(turns, 1, 20);
	close(first);
	TURN_UNTIL(e->loop, e->requests == 2);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &usual), 0);
	close(second);
	ear_free(e);
}

TEST(unread_datagrams_are_noticed_before_any_is_lost)
{
	struct ear *e = ear_new(TRANSPORT_UDP);
	struct netaddr self;
	int fd = loopback_socket(SOCK_DGRAM, &self);
	unsigned sent = 0;
	static char big[1000];

	UNUSED_STATE;
	memset(big, 'x', sizeof(big) - 1);
	assert_false(sip_transport_behind(e->transport));
	while (!sip_transport_behind(e->transport) && sent < 20000) {
		loopback_send(fd, &e->at, big);
		sent++;
	}
	assert_true(sip_transport_behind(e->transport));
	TURN_UNTIL(e->loop, sip_transport_stats(e->transport)->rubbish == sent);
	assert_false(sip_transport_behind(e->transport));
	close(fd);
	ear_free(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_datagram_goes_to_the_first_listener_that_takes_it),
		T(an_answer_leaves_from_the_socket_that_was_asked),
		T(rubbish_is_counted_keepalives_told_and_broken_requests_handed_on),
		T(an_icmp_error_names_the_datagram_that_failed),
		T(a_neighbours_icmp_error_fails_nobody_elses_send),
		T(a_listener_that_leaves_hides_nothing_from_the_next),
		T(a_stun_keepalive_is_answered_with_the_address_it_came_from),
		T(unread_datagrams_are_noticed_before_any_is_lost),
		T(a_socket_that_cannot_be_had_is_explained),
		T(a_wildcard_socket_says_which_address_a_peer_sees),
		T(a_message_in_pieces_and_two_in_one_piece_arrive_whole),
		T(an_answer_goes_back_on_its_connection),
		T(a_stream_that_cannot_be_framed_is_closed_and_told_once),
		T(an_endless_head_is_cut_off),
		T(a_ping_is_answered_and_a_pong_is_not),
		T(a_peer_that_hangs_up_is_told_once),
		T(hanging_up_in_the_middle_of_a_message_round_is_safe),
		T(what_is_sent_before_a_connection_stands_waits_for_it),
		T(a_refused_connection_is_told_as_closed),
		T(a_listener_out_of_descriptors_waits_for_one_without_spinning),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
