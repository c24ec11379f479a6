/* Tests of sip/call_text and sip/call_sdp: what an INVITE says, and exactly how long it is. */
#include "call_bench.h"
#include "sip/call_sdp.h"
#include "sip/call_text.h"

/* The INVITE that this spec sends, as text; valid until the next one. */
static const char *invite_of(struct call_bench *b, const struct call_spec *s)
{
	bench_call(b, s);
	return loopback_receive(b->phone, NULL);
}

static bool has(const char *text, const char *words)
{
	return strstr(text, words) != NULL;
}

/* ---- what is said ---------------------------------------------------------------------------- */

TEST(a_ring_call_says_who_calls_and_what_it_offers)
{
	struct call_bench *b = bench_new();
	struct call_spec s = bench_spec(b);
	const char *text = invite_of(b, &s);

	UNUSED_STATE;
	/* The Request-URI is the contact's own bytes (facts 2.3). */
	assert_memory_equal(text, "INVITE sip:%61lice@192.0.2.1;transport=;line=abc SIP/2.0\r\n",
			    58);
	assert_true(has(text, "\r\nFrom: \"Line test\" <sip:ops@acme.example>;tag="));
	assert_true(has(text, "\r\nTo: <sip:alice@acme.example>\r\n"));
	assert_true(has(text, "\r\nContact: <sip:ops@127.0.0.1:"));
	assert_true(has(text, "\r\nSubject: line test\r\n"));
	assert_true(has(text, "\r\nMax-Forwards: 70\r\n"));
	assert_true(has(text, "\r\nContent-Type: application/sdp\r\n"));
	assert_true(has(text, " RTP/AVP 0 8 101\r\n"));
	assert_true(has(text, "\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n"));
	assert_true(has(text, "\r\na=rtpmap:101 telephone-event/8000\r\n"));
	assert_true(has(text, "\r\na=sendrecv\r\n"));
	assert_true(has(text, "\r\nc=IN IP4 127.0.0.1\r\n"));
	/* Nobody needs PRACK or session timers, nothing opens somebody's microphone. */
	assert_true(has(text, "\r\nSupported:\r\n"));
	assert_false(has(text, "100rel") || has(text, "timer") || has(text, "Require:"));
	assert_false(has(text, "Call-Info") || has(text, "Alert-Info") || has(text, "Answer-Mode"));
	bench_free(b);
}

TEST(a_quiet_call_offers_and_requires_what_nobody_has)
{
	struct call_bench *b = bench_new();
	struct call_spec s = bench_spec(b);
	const char *text;

	UNUSED_STATE;
	s.quiet = true;
	s.route = SLICE_LIT("<sip:192.0.2.9;lr>,<sip:192.0.2.8;lr>");
	text = invite_of(b, &s);
	assert_true(has(text, "\r\nRequire: x-regtop-quiet\r\n"));
	assert_true(has(text, " RTP/AVP 127\r\na=rtpmap:127 x-regtop-quiet/8000\r\na=sendrecv"));
	assert_false(has(text, "PCM") || has(text, "telephone-event"));
	assert_true(has(text, "\r\nRoute: <sip:192.0.2.9;lr>,<sip:192.0.2.8;lr>\r\n"));
	bench_free(b);
}

TEST(nothing_from_outside_begins_a_header)
{
	struct call_bench *b = bench_new();
	struct call_spec s = bench_spec(b);
	const char *text;

	UNUSED_STATE;
	s.request_uri = SLICE_LIT("sip:a@192.0.2.1\r\nX-One: 1");
	s.to_uri = SLICE_LIT("sip:a@b\r\nX-Two: 2");
	s.from_uri = SLICE_LIT("sip:c\r\nX-Three: 3@d");
	s.route = SLICE_LIT("<sip:e>\nX-Four: 4");
	text = invite_of(b, &s);
	assert_true(has(text, "X-One: 1 SIP/2.0\r\n"));
	assert_false(has(text, "\nX-"));
	bench_free(b);
}

/* ---- the port -------------------------------------------------------------------------------- */

TEST(the_port_of_the_offer_is_bound_while_the_call_lasts_and_silent)
{
	struct call_bench *b = bench_new();
	struct call_spec s = bench_spec(b);
	const char *line = strstr(invite_of(b, &s), "m=audio ");
	struct netaddr media = loopback_any_port();
	unsigned port = line ? (unsigned)strtoul(line + 8, NULL, 10) : 0;
	struct sip_msg *invite;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	UNUSED_STATE;
	assert_int_not_equal(port, 0);
	assert_int_equal(port % 2, 0);
	netaddr_set_port(&media, port);
	assert_int_equal(bind(fd, &media.sa, media.len), -1);
	assert_int_equal(errno, EADDRINUSE);
	assert_int_equal(connect(fd, &media.sa, media.len), 0);
	for (int i = 0; i < 50; i++)
		assert_int_equal(send(fd, "\x80rtp", 4, 0), 4);
	assert_true(bench_quiet(fd));
	close(fd);
	/* It is let go with the report. */
	bench_pass(b, 500);
	invite = bench_take(b->phone, "INVITE");
	bench_answer(b, invite, 486, "t", "");
	assert_int_equal(b->reports, 1);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, &media.sa, media.len), 0);
	close(fd);
	sip_msg_free(invite);
	bench_free(b);
}

TEST(a_call_by_ipv6_has_brackets_where_they_belong)
{
	struct call_bench *b = bench_new();
	struct call_spec s = bench_spec(b);
	struct netaddr six, any;
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	const char *text;

	UNUSED_STATE;
	assert_int_equal(netaddr_parse(SLICE_LIT("::1"), 0, &six), 0);
	any = six;
	if (fd < 0 || bind(fd, &six.sa, six.len) < 0) {
		bench_free(b);
		SKIP("no IPv6 on loopback");
	}
	assert_int_equal(getsockname(fd, &six.sa, &six.len), 0);
	assert_int_equal(sip_transport_listen(b->transport, TRANSPORT_UDP, &any, NULL), 0);
	s.flow.remote = six;
	bench_call(b, &s);
	text = loopback_receive(fd, NULL);
	assert_true(has(text, "\r\nVia: SIP/2.0/UDP [::1]:"));
	assert_true(has(text, "\r\nContact: <sip:ops@[::1]:"));
	assert_true(has(text, "\r\nc=IN IP6 ::1\r\n"));
	close(fd);
	bench_free(b);
}

TEST(an_offer_names_an_ipv6_address_without_brackets)
{
	struct strbuf out = STRBUF_INIT;
	struct netaddr a;

	UNUSED_STATE;
	assert_int_equal(netaddr_parse(SLICE_LIT("2001:db8::5"), 5060, &a), 0);
	call_sdp_write(&out, &a, 4000, false);
	assert_true(has(strbuf_str(&out), "\r\nc=IN IP6 2001:db8::5\r\n"));
	assert_true(has(strbuf_str(&out), "m=audio 4000 RTP/AVP"));
	strbuf_free(&out);
}

/* ---- size ------------------------------------------------------------------------------------ */

TEST(padding_makes_every_size_exactly)
{
	struct call_bench *b = bench_new();
	struct call_spec s = bench_spec(b);
	size_t plain;

	UNUSED_STATE;
	s.trace = NULL;
	s.quiet = true;
	plain = strlen(invite_of(b, &s));
	caller_free(b->caller);
	b->caller = caller_new(b->loop, &b->clock.clock, b->transport);
	loopback_receive(b->phone, NULL); /* the CANCEL of the one that went away */
	for (unsigned size = (unsigned)plain - 2; size < plain + 300; size++) {
		struct caller *one = caller_new(b->loop, &b->clock.clock, b->transport);
		struct sip_msg *m;

		s.pad_to = size;
		assert_int_not_equal(caller_start(one, &s, bench_note, b), 0);
		m = bench_take(b->phone, "INVITE");
		/* The port in the offer may have a digit more or less than in the plain one. */
		if (size > plain + 4)
			assert_int_equal(sip_msg_raw(m).n, size);
		else
			assert_in_range(sip_msg_raw(m).n, size < plain ? plain - 4 : size,
					plain + 4);
		sip_msg_free(m);
		caller_free(one);
		loopback_receive(b->phone, NULL);
	}
	bench_free(b);
}

TEST(padding_reaches_the_sizes_that_networks_lose_in_lines_that_parsers_take)
{
	static const unsigned sizes[] = {600, 1300, 1600, 2500, 8000, CALL_SIZE_MAX};
	struct call_bench *b = bench_new();
	struct call_spec s = bench_spec(b);

	UNUSED_STATE;
	s.quiet = true;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		const char *at, *end, *text;

		s.pad_to = sizes[i];
		text = invite_of(b, &s);
		assert_int_equal(strlen(text), sizes[i] < 700 ? strlen(text) : sizes[i]);
		for (at = text; (end = strstr(at, "\r\n")); at = end + 2)
			assert_in_range(end - at, 0, 200);
	}
	bench_free(b);
}

TEST(the_size_is_reported)
{
	struct call_bench *b = bench_new();
	struct call_spec s = bench_spec(b);
	struct sip_msg *invite;

	UNUSED_STATE;
	s.pad_to = 1600;
	bench_call(b, &s);
	invite = bench_take(b->phone, "INVITE");
	assert_int_equal(sip_msg_raw(invite).n, 1600);
	bench_answer(b, invite, 488, "t", "");
	assert_int_equal(b->last.size, 1600);
	sip_msg_free(invite);
	bench_free(b);
}

TEST(what_is_not_allowed_is_refused)
{
	struct call_bench *b = bench_new();
	struct call_spec s = bench_spec(b);

	UNUSED_STATE;
	s.ring_ms = CALL_RING_MAX_MS + 1;
	assert_int_equal(caller_start(b->caller, &s, bench_note, b), 0);
	s = bench_spec(b);
	s.pad_to = CALL_SIZE_MAX + 1;
	assert_int_equal(caller_start(b->caller, &s, bench_note, b), 0);
	s = bench_spec(b);
	s.answer_ms = CALL_GIVE_UP_MS + 1;
	assert_int_equal(caller_start(b->caller, &s, bench_note, b), 0);
	s = bench_spec(b);
	s.request_uri = SLICE_NONE;
	assert_int_equal(caller_start(b->caller, &s, bench_note, b), 0);
	s = bench_spec(b);
	for (int i = 0; i < CALLS_MAX; i++)
		bench_call(b, &s);
	assert_int_equal(caller_start(b->caller, &s, bench_note, b), 0);
	assert_int_equal(caller_open(b->caller), CALLS_MAX);
	bench_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_ring_call_says_who_calls_and_what_it_offers),
		T(a_quiet_call_offers_and_requires_what_nobody_has),
		T(nothing_from_outside_begins_a_header),
		T(the_port_of_the_offer_is_bound_while_the_call_lasts_and_silent),
		T(a_call_by_ipv6_has_brackets_where_they_belong),
		T(an_offer_names_an_ipv6_address_without_brackets),
		T(padding_makes_every_size_exactly),
		T(padding_reaches_the_sizes_that_networks_lose_in_lines_that_parsers_take),
		T(the_size_is_reported),
		T(what_is_not_allowed_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
