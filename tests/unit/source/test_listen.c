/* Tests of the source "listen": what it delivers, its verbs, and the way to a phone. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include "test.h"
#include "base/alloc.h"
#include "source/listen.h"
#include "source/source.h"

struct picture {
	unsigned puts, removes, passes, ended;
	struct binding *last;
};

struct answered {
	bool done;
	enum source_answer answer;
	uint32_t cseq;
};

struct scene {
	struct loop *loop;
	struct source *source;
	struct netaddr server;
	struct picture picture;
	unsigned branch;
};

static void sink_begin(void *ctx)
{
	((struct picture *)ctx)->passes++;
}

static void sink_put(void *ctx, const struct binding *b)
{
	struct picture *p = ctx;

	p->puts++;
	free(p->last);
	p->last = binding_copy(b);
}

static void sink_remove(void *ctx, struct slice key)
{
	(void)key;
	((struct picture *)ctx)->removes++;
}

static void sink_end(void *ctx, bool complete)
{
	((struct picture *)ctx)->ended += complete;
}

static void sink_status(void *ctx, const struct source_status *st)
{
	(void)ctx;
	(void)st;
}

static struct source *open_place(struct loop *l, const char *place, const char *allow,
				 struct err *e)
{
	struct source_options o = {.place = place, .allow = allow};

	*e = ERR_NONE;
	return listen_open(l, &clock_system, &o, e);
}

/* A port of host that nobody uses now, for UDP and TCP. */
static unsigned free_port(const char *host)
{
	for (;;) {
		int udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		int tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		struct netaddr a;
		bool both;

		assert_int_equal(netaddr_parse(slice_of(host), 0, &a), 0);
		assert_int_equal(bind(udp, &a.sa, a.len), 0);
		getsockname(udp, &a.sa, &a.len);
		both = bind(tcp, &a.sa, a.len) == 0;
		close(udp);
		close(tcp);
		if (both)
			return netaddr_port(&a);
	}
}

/* A registrar on UDP and TCP of one free port of host. */
static struct scene scene_new(const char *host, const char *allow)
{
	struct scene s = {.loop = loop_new()};
	struct strbuf place = STRBUF_INIT;
	unsigned port = free_port(host);
	struct err e;

	strbuf_addf(&place, "udp:%s:%u,tcp:%s:%u", host, port, host, port);
	s.source = open_place(s.loop, strbuf_str(&place), allow, &e);
	strbuf_free(&place);
	if (!s.source)
		fail_msg("%s", e.what);
	assert_true(
		sip_transport_local(listen_transport(s.source), TRANSPORT_UDP, NULL, &s.server));
	return s;
}

static void scene_start(struct scene *s)
{
	struct source_sink sink = {.ctx = &s->picture,
				   .begin_pass = sink_begin,
				   .put = sink_put,
				   .remove = sink_remove,
				   .end_pass = sink_end,
				   .status = sink_status};

	source_start(s->source, &sink);
}

static void scene_free(struct scene *s)
{
	source_free(s->source);
	loop_free(s->loop);
	free(s->picture.last);
}

static bool turn_until(struct scene *s, const unsigned *counter, unsigned wanted)
{
	int64_t end = clock_mono_ms(&clock_system) + 5000;

	while (*counter < wanted && clock_mono_ms(&clock_system) < end) {
		loop_turn(s->loop, false);
		usleep(200);
	}
	return *counter >= wanted;
}

static int open_client(const char *host, int type, struct netaddr *self)
{
	int fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	assert_int_equal(netaddr_parse(slice_of(host), 0, self), 0);
	assert_int_equal(bind(fd, &self->sa, self->len), 0);
	self->len = sizeof(self->ss);
	getsockname(fd, &self->sa, &self->len);
	return fd;
}

static void register_on(struct scene *s, int fd, const struct netaddr *self, const char *transport,
			unsigned cseq)
{
	struct strbuf b = STRBUF_INIT;
	char address[NETADDR_STR];

	netaddr_format(self, address);
	strbuf_addf(&b,
		    "REGISTER sip:acme.example SIP/2.0\r\n"
		    "Via: SIP/2.0/%s %s;branch=z9hG4bKt%u;rport\r\n"
		    "Max-Forwards: 70\r\nFrom: <sip:alice@acme.example>;tag=1\r\n"
		    "To: <sip:alice@acme.example>\r\nCall-ID: call\r\nCSeq: %u REGISTER\r\n"
		    "Contact: <sip:alice@10.1.2.3:5060>;q=0.7\r\nAllow: INVITE, OPTIONS\r\n"
		    "User-Agent: phone\r\nContent-Length: 0\r\n\r\n",
		    transport, address, ++s->branch, cseq);
	assert_int_equal(send(fd, b.p, b.n, 0), (ssize_t)b.n);
	strbuf_free(&b);
}

static int udp_phone(struct scene *s, struct netaddr *self)
{
	int fd = open_client("127.0.0.1", SOCK_DGRAM, self);

	assert_int_equal(connect(fd, &s->server.sa, s->server.len), 0);
	register_on(s, fd, self, "UDP", 1);
	return fd;
}

static void take_answer(void *ctx, enum source_answer a, const struct binding *now,
			const struct err *e)
{
	struct answered *out = ctx;

	(void)e;
	out->done = true;
	out->answer = a;
	out->cseq = now ? now->cseq : 0;
}

static struct answered ask(struct scene *s, const struct binding *b, bool purge)
{
	struct answered a = {false, SOURCE_NO_ANSWER, 0};

	if (purge)
		s->source->ops->purge(s->source, b, take_answer, &a);
	else
		s->source->ops->reread(s->source, b, take_answer, &a);
	/* Never from inside the asking. */
	assert_false(a.done);
	while (!a.done)
		loop_turn(s->loop, true);
	return a;
}

TEST(a_registration_becomes_a_binding_with_all_that_is_known)
{
	struct scene s = scene_new("127.0.0.1", NULL);
	struct netaddr self;
	struct strbuf seen = STRBUF_INIT;
	char address[NETADDR_STR];
	const struct binding *b;
	int fd;

	UNUSED_STATE;
	scene_start(&s);
	assert_int_equal(s.picture.ended, 1);
	assert_int_equal(s.source->status.state, SOURCE_LIVE);
	fd = udp_phone(&s, &self);
	assert_true(turn_until(&s, &s.picture.puts, 1));
	b = s.picture.last;
	strbuf_addf(&seen, "sip:%s", netaddr_format(&self, address));
	assert_slice_equal(b->received, strbuf_str(&seen));
	assert_slice_equal(b->user, "alice");
	assert_slice_equal(b->contact, "sip:alice@10.1.2.3:5060");
	assert_true(slice_starts_with(b->socket, "udp:127.0.0.1:"));
	assert_true(slice_starts_with(b->key, "lreg-"));
	assert_int_equal(b->q_milli, 700);
	assert_int_equal(b->granted_s, 3600);
	assert_int_equal(b->expires_s - b->refreshed_s, 3600);
	assert_int_equal(b->methods, binding_methods_parse(SLICE_LIT("INVITE, OPTIONS")));
	s.source->ops->refresh(s.source);
	assert_int_equal(s.picture.ended, 2);
	assert_int_equal(s.picture.puts, 2);
	strbuf_free(&seen);
	close(fd);
	scene_free(&s);
}

TEST(a_purge_removes_what_was_shown_and_nothing_newer)
{
	struct scene s = scene_new("127.0.0.1", NULL);
	struct netaddr self;
	struct binding *shown;
	int fd;

	UNUSED_STATE;
	scene_start(&s);
	fd = udp_phone(&s, &self);
	assert_true(turn_until(&s, &s.picture.puts, 1));
	shown = binding_copy(s.picture.last);
	register_on(&s, fd, &self, "UDP", 2);
	assert_true(turn_until(&s, &s.picture.puts, 2));
	assert_int_equal(ask(&s, shown, true).answer, SOURCE_CHANGED);
	assert_int_equal(ask(&s, shown, false).cseq, 2);
	assert_int_equal(ask(&s, s.picture.last, true).answer, SOURCE_DONE);
	assert_int_equal(s.picture.removes, 1);
	assert_int_equal(ask(&s, shown, true).answer, SOURCE_GONE);
	assert_int_equal(ask(&s, shown, false).answer, SOURCE_GONE);
	free(shown);
	close(fd);
	scene_free(&s);
}

TEST(the_way_to_a_phone_is_path_then_received_then_contact)
{
	struct scene s = scene_new("127.0.0.1", NULL);
	struct binding b = {.contact = SLICE_LIT("sip:a@192.0.2.1:5070"),
			    .received = SLICE_LIT("sip:192.0.2.2:5080"),
			    .path = SLICE_LIT("<sip:192.0.2.3:5090;lr>, <sip:192.0.2.4;lr>"),
			    .socket = SLICE_LIT("udp:192.0.2.9:5060")};
	static const char *const wanted[] = {"192.0.2.3:5090", "192.0.2.2:5080", "192.0.2.1:5070"};
	struct source_route r;
	char address[NETADDR_STR];

	UNUSED_STATE;
	for (unsigned i = 0; i < 3; i++) {
		assert_true(s.source->ops->route(s.source, &b, &r));
		assert_true(r.own);
		assert_int_equal(r.use_path, i == 0);
		assert_string_equal(netaddr_format(&r.addr, address), wanted[i]);
		if (i == 0)
			b.path = SLICE_NONE;
		else
			b.received = SLICE_NONE;
	}
	/* A socket on loopback reaches nobody else, and must not try. */
	b.socket = SLICE_LIT("udp:127.0.0.1:5060");
	assert_false(s.source->ops->route(s.source, &b, &r));
	b.contact = SLICE_LIT("mailto:a@acme.example");
	assert_false(s.source->ops->route(s.source, &b, &r));
	scene_free(&s);
}

TEST(a_phone_on_a_connection_is_reached_by_it_until_it_closes)
{
	struct scene s = scene_new("127.0.0.1", NULL);
	struct source_route r;
	struct netaddr self;
	int fd;

	UNUSED_STATE;
	scene_start(&s);
	fd = open_client("127.0.0.1", SOCK_STREAM, &self);
	if (connect(fd, &s.server.sa, s.server.len) < 0)
		assert_int_equal(errno, EINPROGRESS);
	register_on(&s, fd, &self, "TCP", 1);
	assert_true(turn_until(&s, &s.picture.puts, 1));
	assert_true(s.source->ops->route(s.source, s.picture.last, &r));
	assert_int_equal(r.transport, TRANSPORT_TCP);
	assert_true(r.connection > 0);
	assert_false(r.flow_gone);
	assert_true(netaddr_eq(&r.addr, &self));
	close(fd);
	assert_true(turn_until(&s, &s.picture.puts, 2));
	assert_int_equal(s.picture.last->connection, -1);
	assert_true(s.source->ops->route(s.source, s.picture.last, &r));
	assert_true(r.flow_gone);
	scene_free(&s);
}

/* An address of this machine that is not loopback; what is sent to it never leaves the machine. */
static bool own_address(char out[NETADDR_STR])
{
	struct netaddr far, near;

	if (netaddr_parse(SLICE_LIT("192.0.2.1"), 9, &far) < 0 ||
	    netaddr_local_for(&far, &near) < 0 || netaddr_is_loopback(&near))
		return false;
	netaddr_format_host(&near, out);
	return true;
}

static int code_for_stranger(const char *allow, const char *host)
{
	struct scene s = scene_new(host, allow);
	struct netaddr self;
	int64_t end = clock_mono_ms(&clock_system) + 3000;
	char answer[4096] = "";
	ssize_t n = -1;
	int fd;

	scene_start(&s);
	fd = open_client(host, SOCK_DGRAM, &self);
	assert_int_equal(connect(fd, &s.server.sa, s.server.len), 0);
	register_on(&s, fd, &self, "UDP", 1);
	while (n < 0 && clock_mono_ms(&clock_system) < end) {
		loop_turn(s.loop, false);
		n = recv(fd, answer, sizeof(answer) - 1, 0);
		usleep(200);
	}
	close(fd);
	scene_free(&s);
	return (int)strtol(answer + (n > 8 ? 8 : 0), NULL, 10);
}

TEST(strangers_are_refused_until_their_network_is_allowed)
{
	char host[NETADDR_STR];

	UNUSED_STATE;
	if (!own_address(host))
		SKIP("there is no address besides loopback");
	assert_int_equal(code_for_stranger(NULL, host), 403);
	assert_int_equal(code_for_stranger("198.51.100.0/24", host), 403);
	assert_int_equal(code_for_stranger("198.51.100.0/24, 0.0.0.0/0", host), 200);
}

TEST(a_place_or_network_that_makes_no_sense_is_refused_in_words)
{
	static const char *const places[] = {"",
					     "5060",
					     "udp:localhost:5060",
					     "tls:127.0.0.1:5061",
					     "udp:127.0.0.1:0,junk",
					     "udp:127.0.0.1:99999"};
	struct loop *l = loop_new();
	struct err e;

	UNUSED_STATE;
	for (unsigned i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		assert_null(open_place(l, places[i], NULL, &e));
		assert_int_equal(e.code, -EINVAL);
		assert_non_null(strstr(e.hint, "listen:udp:127.0.0.1:5060"));
	}
	assert_null(open_place(l, "udp:127.0.0.1:5060", "10.0.0.0/99", &e));
	assert_int_equal(e.code, -EINVAL);
	loop_free(l);
}

TEST(a_port_that_is_taken_is_told_as_such)
{
	struct scene s = scene_new("127.0.0.1", NULL);
	struct strbuf place = STRBUF_INIT;
	struct err e;

	UNUSED_STATE;
	strbuf_addf(&place, "udp:127.0.0.1:%u", netaddr_port(&s.server));
	assert_null(open_place(s.loop, strbuf_str(&place), NULL, &e));
	assert_int_equal(e.code, -EADDRINUSE);
	strbuf_free(&place);
	scene_free(&s);
}

TEST(a_purge_is_offered_and_says_how_it_is_done)
{
	struct scene s = scene_new("127.0.0.1", NULL);
	struct strbuf out = STRBUF_INIT;

	UNUSED_STATE;
	assert_null(s.source->ops->purge_refused(s.source));
	s.source->ops->purge_how(s.source, NULL, &out);
	assert_string_equal(strbuf_str(&out), "removed from this registrar and its file");
	strbuf_free(&out);
	scene_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_registration_becomes_a_binding_with_all_that_is_known),
		T(a_purge_removes_what_was_shown_and_nothing_newer),
		T(the_way_to_a_phone_is_path_then_received_then_contact),
		T(a_phone_on_a_connection_is_reached_by_it_until_it_closes),
		T(strangers_are_refused_until_their_network_is_allowed),
		T(a_place_or_network_that_makes_no_sense_is_refused_in_words),
		T(a_port_that_is_taken_is_told_as_such),
		T(a_purge_is_offered_and_says_how_it_is_done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
