/* Tests of sip/build: the bytes of requests and responses, and where a response goes. */
#include <stdlib.h>
#include "test.h"
#include "base/alloc.h"
#include "sip/build.h"

static struct netaddr addr(const char *text)
{
	struct netaddr a;

	assert_int_equal(netaddr_parse_hostport(slice_of(text), 0, &a), 0);
	return a;
}

static struct sip_flow flow_from(const char *remote)
{
	struct sip_flow f = {.transport = TRANSPORT_UDP,
			     .local = addr("127.0.0.1:5060"),
			     .remote = addr(remote)};

	return f;
}

static struct sip_msg *parse(const char *text)
{
	struct sip_msg *m;
	const char *why;

	if (sip_msg_parse(text, strlen(text), &m, NULL, &why) != SIP_IN_MESSAGE)
		fail_msg("refused (%s): %s", why, text);
	return m;
}

/* A request with these Via lines. */
static struct sip_msg *request(const char *vias)
{
	char *text = xasprintf("OPTIONS sip:a@b SIP/2.0\r\n%sFrom: \"A\" <sip:a@b>;tag=f\r\n"
			       "t: <sip:b@c>\r\nCall-ID: id@h\r\nCSeq: 0012   OPTIONS\r\n\r\n",
			       vias);
	struct sip_msg *m = parse(text);

	free(text);
	return m;
}

/* The answer to a request with these Via lines that came from remote; the caller frees it. */
static char *answer(const char *vias, const char *remote)
{
	struct sip_msg *m = request(vias);
	struct sip_flow from = flow_from(remote);
	struct strbuf b = STRBUF_INIT;

	sip_build_response(&b, m, &from, 200, NULL, "t1");
	sip_build_end(&b, SLICE_NONE);
	sip_msg_free(m);
	return strbuf_take(&b);
}

static void expect_via(const char *via, const char *remote, const char *wanted)
{
	char *text = answer(via, remote), *start = strstr(text, "Via: ");

	assert_non_null(start);
	*strstr(start, "\r\n") = '\0';
	assert_string_equal(start, wanted);
	free(text);
}

static struct sip_request_head head(void)
{
	return (struct sip_request_head){.method = "OPTIONS",
					 .request_uri = SLICE_LIT("sip:%61@h;transport=;line=1"),
					 .transport = TRANSPORT_UDP,
					 .sent_by = SLICE_LIT("192.0.2.1:5062"),
					 .branch = "0123",
					 .from_uri = SLICE_LIT("sip:ops@acme.example"),
					 .to_uri = SLICE_LIT("sip:a@acme.example"),
					 .from_tag = "ft",
					 .call_id = "cid",
					 .cseq = 1};
}

TEST(a_request_is_built_byte_for_byte)
{
	struct sip_request_head h = head();
	struct strbuf b = STRBUF_INIT;

	UNUSED_STATE;
	sip_build_request(&b, &h);
	sip_build_end(&b, SLICE_LIT("body"));
	assert_string_equal(strbuf_str(&b), "OPTIONS sip:%61@h;transport=;line=1 SIP/2.0\r\n"
					    "Via: SIP/2.0/UDP 192.0.2.1:5062"
					    ";branch=z9hG4bK0123;rport\r\n"
					    "Max-Forwards: 70\r\n"
					    "From: <sip:ops@acme.example>;tag=ft\r\n"
					    "To: <sip:a@acme.example>\r\n"
					    "Call-ID: cid\r\nCSeq: 1 OPTIONS\r\n"
					    "User-Agent: " SIP_PRODUCT "\r\n"
					    "Content-Length: 4\r\n\r\nbody");
	strbuf_free(&b);
}

TEST(path_transport_and_to_tag_have_their_places)
{
	struct sip_request_head h = head();
	struct strbuf b = STRBUF_INIT;

	UNUSED_STATE;
	h.route = SLICE_LIT("<sip:e1;lr>, <sip:e2;lr>");
	h.transport = TRANSPORT_TCP;
	h.sent_by = SLICE_LIT("[::1]:5060");
	h.to_tag = SLICE_LIT("tt");
	sip_build_request(&b, &h);
	assert_non_null(strstr(b.p, "\r\nVia: SIP/2.0/TCP [::1]:5060;branch="));
	assert_non_null(strstr(b.p, "\r\nRoute: <sip:e1;lr>, <sip:e2;lr>\r\n"));
	assert_non_null(strstr(b.p, "\r\nTo: <sip:a@acme.example>;tag=tt\r\n"));
	strbuf_free(&b);
}

TEST(a_port_that_is_not_known_is_not_said)
{
	struct netaddr known = addr("192.0.2.1:5062"), not_known = addr("[::1]:5062");
	char text[NETADDR_STR];

	UNUSED_STATE;
	netaddr_set_port(&not_known, 0);
	assert_string_equal(sip_build_sent_by(&known, text), "192.0.2.1:5062");
	assert_string_equal(sip_build_sent_by(&not_known, text), "[::1]");
}

TEST(a_line_break_in_a_contact_begins_no_header)
{
	struct sip_request_head h = head();
	struct strbuf b = STRBUF_INIT;
	struct sip_msg *m;

	UNUSED_STATE;
	h.request_uri = SLICE_LIT("sip:a@h\r\nX-Evil: 1");
	h.route = SLICE_LIT("<sip:e;lr>\nX-Evil: 2");
	h.to_uri = SLICE_LIT("sip:a@h>\r\nX-Evil: 3\r\n\r\n");
	h.from_uri = SLICE_LIT("sip:a@h\rX-Evil: 4");
	sip_build_request(&b, &h);
	sip_build_end(&b, SLICE_NONE);
	assert_null(strstr(b.p, "\nX-Evil"));
	assert_null(strstr(b.p, "\rX-Evil"));
	strbuf_free(&b);
	h = head();
	sip_build_request(&b, &h);
	sip_build_end(&b, SLICE_NONE);
	m = parse(b.p);
	assert_slice_equal(sip_msg_request_uri(m), "sip:%61@h;transport=;line=1");
	assert_slice_equal(sip_msg_header(m, "max-forwards", 0), "70");
	sip_msg_free(m);
	strbuf_free(&b);
}

TEST(a_response_copies_what_it_must_and_reads_again)
{
	char *text = answer("Via: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bKtop, "
			    "SIP/2.0/TCP b.example;branch=z9hG4bK2\r\n"
			    "v: SIP/2.0/TLS c.example;received=192.0.2.9;rport=1\r\n",
			    "127.0.0.1:5070");
	struct sip_msg *m;

	UNUSED_STATE;
	assert_string_equal(text, "SIP/2.0 200 OK\r\n"
				  "Via: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bKtop\r\n"
				  "Via: SIP/2.0/TCP b.example;branch=z9hG4bK2\r\n"
				  "Via: SIP/2.0/TLS c.example;received=192.0.2.9;rport=1\r\n"
				  "From: \"A\" <sip:a@b>;tag=f\r\nTo: <sip:b@c>;tag=t1\r\n"
				  "Call-ID: id@h\r\nCSeq: 0012   OPTIONS\r\n"
				  "Content-Length: 0\r\n\r\n");
	m = parse(text);
	assert_false(sip_msg_is_request(m));
	assert_int_equal(sip_msg_code(m), 200);
	assert_slice_equal(sip_msg_method(m), "OPTIONS");
	assert_int_equal(sip_msg_cseq(m), 12);
	assert_slice_equal(sip_msg_to_tag(m), "t1");
	assert_int_equal(sip_msg_via_count(m), 3);
	sip_msg_free(m);
	free(text);
}

TEST(a_to_tag_that_is_there_stays)
{
	static const char text[] =
		"OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKx\r\n"
		"From: <sip:a@b>;tag=f\r\nTo: <sip:b@c>;tag=old\r\n"
		"Call-ID: i\r\nCSeq: 1 OPTIONS\r\n\r\n";
	struct sip_msg *m = parse(text);
	struct sip_flow from = flow_from("127.0.0.1:5070");
	struct strbuf b = STRBUF_INIT;

	UNUSED_STATE;
	sip_build_response(&b, m, &from, 481, "Gone Fishing", "new");
	assert_non_null(strstr(b.p, "SIP/2.0 481 Gone Fishing\r\n"));
	assert_non_null(strstr(b.p, "\r\nTo: <sip:b@c>;tag=old\r\n"));
	assert_null(strstr(b.p, "new"));
	strbuf_free(&b);
	sip_msg_free(m);
}

TEST(rport_and_received_say_where_a_request_came_from)
{
	UNUSED_STATE;
	/* Asked for: both, even when they are equal to the Via (RFC 3581 4). */
	expect_via("Via: SIP/2.0/UDP 127.0.0.1:5070;rport;branch=z9hG4bKx\r\n", "127.0.0.1:5070",
		   "Via: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bKx;received=127.0.0.1;rport=5070");
	/* Not asked for: received only when it tells something. */
	expect_via("Via: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bKx\r\n", "127.0.0.1:6000",
		   "Via: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bKx");
	expect_via("Via: SIP/2.0/UDP 10.0.0.2:5070;branch=z9hG4bKx\r\n", "127.0.0.1:6000",
		   "Via: SIP/2.0/UDP 10.0.0.2:5070;branch=z9hG4bKx;received=127.0.0.1");
	expect_via("Via: SIP/2.0/UDP phone.example;branch=z9hG4bKx\r\n", "127.0.0.1:6000",
		   "Via: SIP/2.0/UDP phone.example;branch=z9hG4bKx;received=127.0.0.1");
	expect_via("Via: SIP/2.0/UDP [::1]:5070;rport;branch=z9hG4bKx\r\n", "[::1]:7000",
		   "Via: SIP/2.0/UDP [::1]:5070;branch=z9hG4bKx;received=::1;rport=7000");
}

TEST(what_a_client_forged_into_its_via_is_removed)
{
	UNUSED_STATE;
	expect_via("Via: SIP/2.0/UDP 10.0.0.2;received=6.6.6.6;branch=z9hG4bKx;RPORT=666\r\n",
		   "127.0.0.1:6000",
		   "Via: SIP/2.0/UDP 10.0.0.2;branch=z9hG4bKx;received=127.0.0.1;rport=6000");
	expect_via("Via: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKx; Received = 6.6.6.6\r\n",
		   "127.0.0.1:6000", "Via: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKx");
	/* A quoted semicolon is no place for one. */
	expect_via("Via: SIP/2.0/UDP 127.0.0.1;x=\"a;received=6.6.6.6\";branch=z9hG4bKx\r\n",
		   "127.0.0.1:6000",
		   "Via: SIP/2.0/UDP 127.0.0.1;x=\"a;received=6.6.6.6\";branch=z9hG4bKx");
}

static void expect_goes_to(const char *via, const char *remote, const char *wanted)
{
	struct sip_msg *m = request(via);
	struct sip_flow from = flow_from(remote), out;
	char text[NETADDR_STR];

	sip_response_flow(m, &from, &out);
	assert_string_equal(netaddr_format(&out.remote, text), wanted);
	assert_true(netaddr_eq(&out.local, &from.local));
	sip_msg_free(m);
}

TEST(a_response_goes_to_the_source_address_and_the_right_port)
{
	UNUSED_STATE;
	expect_goes_to("Via: SIP/2.0/UDP 10.0.0.2:5070;rport\r\n", "127.0.0.1:6000",
		       "127.0.0.1:6000");
	expect_goes_to("Via: SIP/2.0/UDP 10.0.0.2:5070\r\n", "127.0.0.1:6000", "127.0.0.1:5070");
	expect_goes_to("Via: SIP/2.0/UDP 10.0.0.2\r\n", "127.0.0.1:6000", "127.0.0.1:5060");
	/* Nobody chooses whom we write to. */
	expect_goes_to("Via: SIP/2.0/UDP 10.0.0.2:5070;maddr=192.0.2.66;rport;received=6.6.6.6\r\n",
		       "127.0.0.1:6000", "127.0.0.1:6000");
}

TEST(a_response_over_tcp_goes_back_on_its_connection)
{
	struct sip_msg *m = request("Via: SIP/2.0/TCP 10.0.0.2:5070\r\n");
	struct sip_flow from = flow_from("127.0.0.1:6000"), out;

	UNUSED_STATE;
	from.transport = TRANSPORT_TCP;
	from.connection = 7;
	sip_response_flow(m, &from, &out);
	assert_int_equal(out.connection, 7);
	assert_int_equal(netaddr_port(&out.remote), 6000);
	sip_msg_free(m);
}

TEST(every_status_has_a_phrase)
{
	UNUSED_STATE;
	assert_string_equal(sip_reason_phrase(423), "Interval Too Brief");
	for (int code = 100; code < 700; code++)
		assert_true(strlen(sip_reason_phrase(code)) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_request_is_built_byte_for_byte),
		T(path_transport_and_to_tag_have_their_places),
		T(a_port_that_is_not_known_is_not_said),
		T(a_line_break_in_a_contact_begins_no_header),
		T(a_response_copies_what_it_must_and_reads_again),
		T(a_to_tag_that_is_there_stays),
		T(rport_and_received_say_where_a_request_came_from),
		T(what_a_client_forged_into_its_via_is_removed),
		T(a_response_goes_to_the_source_address_and_the_right_port),
		T(a_response_over_tcp_goes_back_on_its_connection),
		T(every_status_has_a_phrase),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
