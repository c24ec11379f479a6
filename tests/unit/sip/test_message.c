/* Tests of sip/message, prefilter and values: what is let in, what is refused with which status. */
#include "message_rows.h"
#include "base/strbuf.h"
#include "sip/prefilter.h"

/* ---- what osip lets pass, or does to a message, and we do not (the table of traps) ----------- */

TEST(a_message_without_its_mandatory_headers_is_dropped)
{
	static const struct input in[] = {
		{REG FROM TO IDS END, SIP_IN_RUBBISH, 0},
		{REG VIA TO IDS END, SIP_IN_RUBBISH, 0},
		{REG VIA FROM IDS END, SIP_IN_RUBBISH, 0},
		{REG VIA FROM TO "CSeq: 7 REGISTER\r\n" END, SIP_IN_RUBBISH, 0},
		{REG VIA FROM TO "Call-ID: x\r\n" END, SIP_IN_RUBBISH, 0},
		{REG VIA "From:\r\n" TO IDS END, SIP_IN_RUBBISH, 0},
		{OK FROM TO IDS END, SIP_IN_RUBBISH, 0},
		{OK VIA FROM TO "Call-ID: x\r\n" END, SIP_IN_RUBBISH, 0},
		{REG END, SIP_IN_RUBBISH, 0},
	};

	UNUSED_STATE;
	EXPECT_ALL(in);
}

TEST(a_status_line_without_reason_does_not_swallow_the_via)
{
	static const char *const lines[] = {"SIP/2.0 200\r\n", "SIP/2.0 200 \r\n", "SIP/2.0 200\n"};

	UNUSED_STATE;
	for (size_t i = 0; i < 3; i++) {
		char *text = xasprintf("%s%s%s", lines[i], HEAD, END);
		struct sip_msg *m = parse(text);
		struct sip_via via;

		assert_int_equal(sip_msg_code(m), 200);
		assert_int_equal(sip_msg_reason(m).n, 0);
		assert_true(sip_msg_via(m, &via));
		assert_slice_equal(via.branch, "z9hG4bKabc");
		sip_msg_free(m);
		free(text);
	}
}

TEST(only_a_lone_star_is_the_wildcard)
{
	struct sip_contact c;
	struct sip_msg *m = with("Contact: *\r\n");

	UNUSED_STATE;
	assert_true(sip_msg_contact(m, 0, &c));
	assert_true(c.star);
	assert_false(sip_msg_contact(m, 1, &c));
	sip_msg_free(m);
	m = with("Contact: *67 <sip:a@b>\r\n");
	assert_true(sip_msg_contact(m, 0, &c));
	assert_false(c.star);
	assert_slice_equal(c.uri, "sip:a@b");
	sip_msg_free(m);
	m = with("m: *;expires=0\r\n");
	assert_true(sip_msg_contact(m, 0, &c));
	assert_false(c.star);
	assert_int_equal(c.uri.n, 0);
	sip_msg_free(m);
	expect_bytes(REG HEAD "Contact: <*>\r\n" END, strlen(REG HEAD "Contact: <*>\r\n" END),
		     SIP_IN_BAD_REQUEST, 400);
}

TEST(contacts_keep_their_bytes)
{
	static const char *const uris[] = {
		"sip:a@b;transport=;line=abc",
		"sip:%61lice%3A%40@host;x=%41%00",
		"sip:h;x=a@b",
		"sip:a@b;x-obr=sip:evil;maddr=192.0.2.9",
		"sips:a@[2001:DB8::1]:5061;OB",
		"sip:a@b?Route=%3Csip:x%3E",
		"mailto:carol@cs.example",
	};
	struct sip_contact c;

	UNUSED_STATE;
	for (size_t i = 0; i < sizeof(uris) / sizeof(uris[0]); i++) {
		char *line = xasprintf("Contact: \"A, <B>\" <%s>;q=0.5\r\n", uris[i]);
		struct sip_msg *m = with(line);

		assert_true(sip_msg_contact(m, 0, &c));
		assert_slice_equal(c.uri, uris[i]);
		assert_slice_equal(c.params, "q=0.5");
		sip_msg_free(m);
		free(line);
	}
}

TEST(numbers_out_of_range_are_refused)
{
	static const struct input in[] = {
		{REG VIA FROM TO "Call-ID: x\r\nCSeq: abc REGISTER\r\n" END, SIP_IN_BAD_REQUEST,
		 400},
		{REG VIA FROM TO "Call-ID: x\r\nCSeq: 36893488147419103232 REGISTER\r\n" END,
		 SIP_IN_BAD_REQUEST, 400},
		{REG VIA FROM TO "Call-ID: x\r\nCSeq: 2147483648 REGISTER\r\n" END,
		 SIP_IN_BAD_REQUEST, 400},
		{REG VIA FROM TO "Call-ID: x\r\nCSeq: 2147483647 REGISTER\r\n" END, SIP_IN_MESSAGE,
		 0},
		{REG VIA FROM TO "Call-ID: x\r\nCSeq: -1 REGISTER\r\n" END, SIP_IN_BAD_REQUEST,
		 400},
		{REG VIA FROM TO "Call-ID: x\r\nCSeq: 7\r\n" END, SIP_IN_BAD_REQUEST, 400},
		{OK VIA FROM TO "Call-ID: x\r\nCSeq: 4294967301 REGISTER\r\n" END, SIP_IN_RUBBISH,
		 0},
		{"SIP/2.0 -5 x\r\n" HEAD END, SIP_IN_RUBBISH, 0},
		{"SIP/2.0 099 x\r\n" HEAD END, SIP_IN_RUBBISH, 0},
		{"SIP/2.0 100 x\r\n" HEAD END, SIP_IN_MESSAGE, 0},
		{"SIP/2.0 699 x\r\n" HEAD END, SIP_IN_MESSAGE, 0},
		{"SIP/2.0 700 x\r\n" HEAD END, SIP_IN_RUBBISH, 0},
		{"SIP/2.0 9999 x\r\n" HEAD END, SIP_IN_RUBBISH, 0},
		{"SIP/2.0 4294967301 x\r\n" HEAD END, SIP_IN_RUBBISH, 0},
		{REG HEAD "Max-Forwards: 300\r\n" END, SIP_IN_BAD_REQUEST, 400},
		{REG HEAD "Max-Forwards: -1\r\n" END, SIP_IN_BAD_REQUEST, 400},
		{REG HEAD "Max-Forwards: 0\r\n" END, SIP_IN_MESSAGE, 0},
		{"REGISTER sip:acme.example:0 SIP/2.0\r\n" HEAD END, SIP_IN_BAD_REQUEST, 400},
		{"REGISTER sip:acme.example:99999 SIP/2.0\r\n" HEAD END, SIP_IN_BAD_REQUEST, 400},
	};

	UNUSED_STATE;
	EXPECT_ALL(in);
}

TEST(a_content_length_that_does_not_fit_is_refused_and_a_short_one_cuts_the_body)
{
	static const struct input in[] = {
		{REG HEAD "Content-Length: 4\r\n" END "body", SIP_IN_MESSAGE, 0},
		{REG HEAD "Content-Length: 5\r\n" END "body", SIP_IN_BAD_REQUEST, 400},
		{REG HEAD "l: 9999\r\n" END, SIP_IN_BAD_REQUEST, 400},
		{REG HEAD "Content-Length: -999\r\n" END, SIP_IN_BAD_REQUEST, 400},
		{REG HEAD "Content-Length:\r\n" END, SIP_IN_BAD_REQUEST, 400},
		{REG HEAD "Content-Length: 0x1\r\n" END "b", SIP_IN_BAD_REQUEST, 400},
		{REG HEAD "Content-Length: 0\r\nl: 4\r\n" END "body", SIP_IN_BAD_REQUEST, 400},
		/* The phone that miscounts is there all the same. */
		{OK HEAD "Content-Length: 5\r\n" END "body", SIP_IN_MESSAGE, 0},
	};
	struct sip_msg *m;

	UNUSED_STATE;
	EXPECT_ALL(in);
	m = parse(REG HEAD "Content-Length: 4\r\n" END "bodyREGISTER sip:next SIP/2.0\r\n");
	assert_slice_equal(sip_msg_body(m), "body");
	sip_msg_free(m);
	m = parse(REG HEAD END "all of it");
	assert_slice_equal(sip_msg_body(m), "all of it");
	sip_msg_free(m);
}

TEST(method_version_and_scheme_are_checked)
{
	static const struct input in[] = {
		{"OPTIONS sip:acme.example SIP/2.0\r\n" HEAD END, SIP_IN_BAD_REQUEST, 400},
		{"register sip:acme.example SIP/2.0\r\n" HEAD END, SIP_IN_BAD_REQUEST, 400},
		{"REGISTER sip:acme.example SIP/7.0\r\n" HEAD END, SIP_IN_BAD_REQUEST, 505},
		{"REGISTER sip:acme.example sip/2.0\r\n" HEAD END, SIP_IN_MESSAGE, 0},
		{"REGISTER SIP:acme.example SIP/2.0\r\n" HEAD END, SIP_IN_MESSAGE, 0},
		{"sip/2.0 200 OK\r\n" HEAD END, SIP_IN_RUBBISH, 0},
		{"SIP/7.0 200 OK\r\n" HEAD END, SIP_IN_RUBBISH, 0},
		{"REGISTER sipx:acme.example SIP/2.0\r\n" HEAD END, SIP_IN_BAD_REQUEST, 416},
		{"REGISTER soap.beep://192.0.2.1:3002 SIP/2.0\r\n" HEAD END, SIP_IN_BAD_REQUEST,
		 416},
		{"REGISTER h323:alice SIP/2.0\r\n" HEAD END, SIP_IN_BAD_REQUEST, 416},
		{"REGISTER acme.example SIP/2.0\r\n" HEAD END, SIP_IN_BAD_REQUEST, 400},
		{"REGISTER <sip:acme.example> SIP/2.0\r\n" HEAD END, SIP_IN_BAD_REQUEST, 400},
		{"REGISTER sip:acme.example?Route=%3Csip:x%3E SIP/2.0\r\n" HEAD END,
		 SIP_IN_BAD_REQUEST, 400},
	};

	UNUSED_STATE;
	EXPECT_ALL(in);
}

TEST(an_expiry_is_handed_on_as_it_was_written)
{
	/* Whose number it is, is for the registrar to say (malformed: one hour). */
	static const char *const said[][2] = {
		{";expires=\"60\"", "60"},   {";expires=-1", "-1"}, {";expires=", ""},
		{";EXPIRES = 60", "60"},     {";expires=1h", "1h"}, {";q=1;expires", ""},
		{";x=\";\";expires=9", "9"},
	};
	struct sip_contact c;
	struct slice v;

	UNUSED_STATE;
	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
		char *line = xasprintf("Contact: <sip:a@b>%s\r\n", said[i][0]);
		struct sip_msg *m = with(line);

		assert_true(sip_msg_contact(m, 0, &c));
		assert_true(sip_param(c.params, "expires", &v));
		assert_slice_equal(v, said[i][1]);
		sip_msg_free(m);
		free(line);
	}
}

TEST(of_a_header_twice_the_first_counts_unless_it_is_mandatory)
{
	static const struct input in[] = {
		{REG HEAD FROM END, SIP_IN_BAD_REQUEST, 400},
		{REG HEAD TO END, SIP_IN_BAD_REQUEST, 400},
		{REG HEAD "CSeq: 8 REGISTER\r\n" END, SIP_IN_BAD_REQUEST, 400},
		{REG HEAD "i: other\r\n" END, SIP_IN_BAD_REQUEST, 400},
	};
	struct sip_msg *m = with("Expires: 60\r\nExpires: 70\r\n");

	UNUSED_STATE;
	EXPECT_ALL(in);
	assert_slice_equal(sip_msg_header(m, "expires", 0), "60");
	assert_slice_equal(sip_msg_header(m, "Expires", 1), "70");
	assert_null(sip_msg_header(m, "Expires", 2).p);
	sip_msg_free(m);
}

TEST(a_datagram_may_end_without_the_empty_line)
{
	static const struct input in[] = {
		{REG HEAD, SIP_IN_MESSAGE, 0},
		{REG VIA FROM TO "Call-ID: x\r\nCSeq: 7 REGISTER", SIP_IN_MESSAGE, 0},
		{"\r\n\r\n" REG HEAD END, SIP_IN_MESSAGE, 0},
		{"REGISTER sip:acme.example SIP/2.0\nVia: SIP/2.0/UDP h\nFrom: <sip:a@b>\n"
		 "To: <sip:a@b>\nCall-ID: x\nCSeq: 1 REGISTER\n\n",
		 SIP_IN_MESSAGE, 0},
	};

	UNUSED_STATE;
	EXPECT_ALL(in);
}

TEST(a_nul_byte_in_the_head_is_dropped_and_one_in_the_body_is_not)
{
	static const char head[] = REG VIA FROM TO IDS "X: a\0b\r\n" END;
	static const char body[] = REG HEAD "Content-Length: 3\r\n" END "a\0b";
	struct sip_msg *m;

	UNUSED_STATE;
	expect_bytes(head, sizeof(head) - 1, SIP_IN_RUBBISH, 0);
	assert_int_equal(sip_msg_parse(body, sizeof(body) - 1, &m, NULL, NULL), SIP_IN_MESSAGE);
	assert_int_equal(sip_msg_body(m).n, 3);
	assert_memory_equal(sip_msg_body(m).p, "a\0b", 3);
	assert_int_equal(sip_msg_raw(m).n, sizeof(body) - 1);
	sip_msg_free(m);
}

TEST(an_ipv6_host_has_no_brackets)
{
	struct sip_msg *m = parse(
		REG "Via: SIP/2.0/UDP [2001:db8::9]:5070;branch=z9hG4bKx\r\n" FROM TO IDS END);
	struct sip_via via;

	UNUSED_STATE;
	assert_true(sip_msg_via(m, &via));
	assert_slice_equal(via.host, "2001:db8::9");
	assert_int_equal(via.port, 5070);
	sip_msg_free(m);
}

TEST(compact_names_are_the_long_ones)
{
	struct sip_msg *m = parse(
		REG "v: SIP/2.0/TCP h.example:5062;branch=z9hG4bKx\r\n"
		    "F: <sip:f@x>;tag=1\r\nt: <sip:t@x>;tag=2\r\ni: cid\r\nCSeq: 7 REGISTER\r\n"
		    "k: path, gruu\r\nM: <sip:a@b>\r\nl: 0\r\no: reg\r\nx: 90\r\ns: hello\r\n"
		    "r: <sip:r@x>\r\nb: <sip:b@x>\r\nu: presence\r\ne: gzip\r\n" END);
	struct sip_contact c;
	struct sip_via via;

	UNUSED_STATE;
	assert_true(sip_msg_via(m, &via));
	assert_int_equal(via.transport, TRANSPORT_TCP);
	assert_slice_equal(via.host, "h.example");
	assert_false(via.rport);
	assert_slice_equal(sip_msg_from_tag(m), "1");
	assert_slice_equal(sip_msg_to_uri(m), "sip:t@x");
	assert_slice_equal(sip_msg_to_tag(m), "2");
	assert_slice_equal(sip_msg_call_id(m), "cid");
	assert_slice_equal(sip_msg_list(m, "Supported", 1), "gruu");
	assert_true(sip_msg_contact(m, 0, &c));
	assert_slice_equal(sip_msg_header(m, "Event", 0), "reg");
	assert_slice_equal(sip_msg_header(m, "Session-Expires", 0), "90");
	assert_slice_equal(sip_msg_header(m, "Subject", 0), "hello");
	assert_slice_equal(sip_msg_header(m, "Refer-To", 0), "<sip:r@x>");
	assert_slice_equal(sip_msg_header(m, "Referred-By", 0), "<sip:b@x>");
	assert_slice_equal(sip_msg_header(m, "Allow-Events", 0), "presence");
	assert_slice_equal(sip_msg_header(m, "Content-Encoding", 0), "gzip");
	assert_slice_equal(sip_msg_header(m, "Content-Length", 0), "0");
	/* A letter that is no compact form stays itself. */
	assert_null(sip_msg_header(m, "Max-Forwards", 0).p);
	sip_msg_free(m);
}

TEST(comma_lists_are_split_outside_quotes_and_brackets)
{
	struct sip_msg *m = with("Contact: \"Bell, \\\"A\" <sip:a@b;x=1,2>;q=1 , sip:c@d;expires=5,"
				 ", <sip:e@f>\r\nContact:<sip:g@h>\r\n");
	struct sip_contact c;

	UNUSED_STATE;
	assert_true(sip_msg_contact(m, 0, &c));
	assert_slice_equal(c.uri, "sip:a@b;x=1,2");
	assert_slice_equal(c.params, "q=1");
	assert_true(sip_msg_contact(m, 1, &c));
	assert_slice_equal(c.uri, "sip:c@d");
	assert_slice_equal(c.params, "expires=5");
	assert_true(sip_msg_contact(m, 2, &c));
	assert_slice_equal(c.uri, "sip:e@f");
	assert_true(sip_msg_contact(m, 3, &c));
	assert_slice_equal(c.uri, "sip:g@h");
	assert_false(sip_msg_contact(m, 4, &c));
	sip_msg_free(m);
}

TEST(names_are_kept_as_bytes_and_headers_in_their_case)
{
	struct sip_msg *m =
		with("User-Agent: \x1b[31mred \xff\xc3\xa9\r\nX-Odd: Value: with; all\r\n");

	UNUSED_STATE;
	assert_slice_equal(sip_msg_header(m, "user-agent", 0), "\x1b[31mred \xff\xc3\xa9");
	assert_slice_equal(sip_msg_header(m, "X-ODD", 0), "Value: with; all");
	sip_msg_free(m);
}

/* ---- the pre-filter, point by point ---------------------------------------------------------- */

TEST(keepalives_and_stun_are_no_messages)
{
	static const char stun[20] = "\x00\x01\x00\x00\x21\x12\xa4\x42transaction.";

	UNUSED_STATE;
	expect_bytes("", 0, SIP_IN_KEEPALIVE, 0);
	expect_bytes(NULL, 0, SIP_IN_KEEPALIVE, 0);
	expect_bytes("\r\n\r\n", 4, SIP_IN_KEEPALIVE, 0);
	expect_bytes("\0", 1, SIP_IN_KEEPALIVE, 0);
	expect_bytes("\0\0\0\0\0\0\0\0", 8, SIP_IN_KEEPALIVE, 0);
	expect_bytes("jaK\0", 4, SIP_IN_KEEPALIVE, 0);
	expect_bytes("\r\n\r\n\r\n \r\n", 9, SIP_IN_KEEPALIVE, 0);
	expect_bytes("hello", 5, SIP_IN_RUBBISH, 0);
	expect_bytes(stun, sizeof(stun), SIP_IN_STUN, 0);
	expect_bytes(stun, sizeof(stun) - 1, SIP_IN_RUBBISH, 0);
	expect_bytes("\x00\x01\x00\x00\x21\x12\xa4\x43 and the rest", 20, SIP_IN_RUBBISH, 0);
}

TEST(what_is_larger_than_8192_bytes_is_dropped)
{
	struct strbuf b = STRBUF_INIT;

	UNUSED_STATE;
	strbuf_add_str(&b, REG HEAD END);
	strbuf_add_fill(&b, 'x', SIP_MAX_MESSAGE - b.n);
	expect_bytes(b.p, b.n, SIP_IN_MESSAGE, 0);
	strbuf_add_char(&b, 'x');
	expect_bytes(b.p, b.n, SIP_IN_RUBBISH, 0);
	strbuf_free(&b);
}

TEST(the_first_line_must_be_a_request_or_a_status)
{
	static const struct input in[] = {
		{"GET / HTTP/1.1\r\n" HEAD END, SIP_IN_RUBBISH, 0},
		{"REGISTER  sip:acme.example SIP/2.0\r\n" HEAD END, SIP_IN_RUBBISH, 0},
		{"REGISTER sip:acme.example  SIP/2.0\r\n" HEAD END, SIP_IN_RUBBISH, 0},
		{"REGISTER sip:acme.example SIP/2.0 \r\n" HEAD END, SIP_IN_RUBBISH, 0},
		{"REGISTER sip:acme.example; lr SIP/2.0\r\n" HEAD END, SIP_IN_RUBBISH, 0},
		{"REGISTER sip:acme.example\r\n" HEAD END, SIP_IN_RUBBISH, 0},
		{"REG(STER sip:acme.example SIP/2.0\r\n" HEAD END, SIP_IN_RUBBISH, 0},
		{" REGISTER sip:acme.example SIP/2.0\r\n" HEAD END, SIP_IN_RUBBISH, 0},
		{"SIP/2.0 20 OK\r\n" HEAD END, SIP_IN_RUBBISH, 0},
		{"SIP/2.0 200OK\r\n" HEAD END, SIP_IN_RUBBISH, 0},
		{"SIP/2.0  200 OK\r\n" HEAD END, SIP_IN_RUBBISH, 0},
	};

	UNUSED_STATE;
	EXPECT_ALL(in);
}

static void expect_many(const char *before, const char *unit, unsigned n, enum sip_input wanted)
{
	struct strbuf b = STRBUF_INIT;

	strbuf_add_str(&b, REG HEAD);
	strbuf_add_str(&b, before);
	for (unsigned i = 0; i < n; i++)
		strbuf_add_str(&b, unit);
	strbuf_add_str(&b, "\r\n\r\n");
	expect_bytes(b.p, b.n, wanted, 0);
	strbuf_free(&b);
}

TEST(lines_separators_and_the_longest_line_have_ceilings)
{
	UNUSED_STATE;
	/* 6 lines of head, the last header's, and the empty one. */
	expect_many("", "X: y\r\n", 120, SIP_IN_MESSAGE);
	expect_many("", "X: y\r\n", 122, SIP_IN_RUBBISH);
	expect_many("X: ", ";", 256, SIP_IN_MESSAGE);
	expect_many("X: ", ",", 257, SIP_IN_RUBBISH);
	expect_many("X: a", ";x\r\n ", 100, SIP_IN_MESSAGE);
	expect_many("X: a", ";;;;;;;;;;\r\n ", 26, SIP_IN_RUBBISH);
	expect_many("", "X: ,,,,,,,,,,\r\n", 50, SIP_IN_MESSAGE);
	expect_many("", "X: ,,,,,,,,,,\r\n", 51, SIP_IN_RUBBISH);
	expect_many("X: ", "a", 2044, SIP_IN_MESSAGE);
	expect_many("X: ", "a", 2046, SIP_IN_RUBBISH);
}

TEST(osip_never_sees_a_body_or_what_describes_one)
{
	static const char raw[] =
		"SIP/2.0 200\nContent-Type: multipart/mixed;boundary=b\r\n"
		"c : text/plain\r\nL: 5\r\nCONTENT-LENGTH: 5\r\nMime-Version: 1.0\r\n"
		"Content-Encoding: gzip\r\nX: a\r\n Content-Type: folded\r\n\r\n--b\r\n";
	struct strbuf out = STRBUF_INIT;
	struct prefilter p;

	UNUSED_STATE;
	prefilter_look(SLICE_LIT(raw), &p);
	assert_int_equal(p.input, SIP_IN_MESSAGE);
	assert_slice_equal(p.body, "--b\r\n");
	prefilter_copy_head(&p, &out);
	assert_string_equal(strbuf_str(&out),
			    "SIP/2.0 200 \r\nX-Content-Type: multipart/mixed;boundary=b\r\n"
			    "X-c : text/plain\r\nX-L: 5\r\nX-CONTENT-LENGTH: 5\r\n"
			    "X-Mime-Version: 1.0\r\nX-Content-Encoding: gzip\r\nX: a\r\n"
			    " Content-Type: folded\r\n\r\n");
	strbuf_free(&out);
}

TEST(no_line_can_hide_behind_a_bare_cr_or_a_fold)
{
	static const struct input in[] = {
		{REG VIA "From: <sip:a@b>;tag=1\rContent-Type: multipart/mixed\r\n" TO IDS END,
		 SIP_IN_RUBBISH, 0},
		{REG HEAD "X: a\r\r\n" END, SIP_IN_RUBBISH, 0},
		{"REGISTER sip:acme.example SIP/2.0\rX: y\r\n" HEAD END, SIP_IN_RUBBISH, 0},
		{"REGISTER sip:acme.example SIP/2.0\r\n X: y\r\n" HEAD END, SIP_IN_RUBBISH, 0},
	};

	UNUSED_STATE;
	EXPECT_ALL(in);
}

TEST(a_via_must_name_sip_a_host_and_a_port_in_range)
{
	static const char *const bad[] = {
		"Via: SIP/2.0/UDP\r\n",
		"Via: SIP/2.0/UDP ;branch=z9hG4bKx\r\n",
		"Via: SIP/2.0/UDP h:0\r\n",
		"Via: SIP/2.0/UDP h:65536\r\n",
		"Via: SIP/2.0/UDP h:\r\n",
		"Via: SIP/2.0/UDP [::1\r\n",
		"Via: SIP/2.0/UDP [::1]x:5\r\n",
		"Via: SIP/3.0/UDP h\r\n",
		"Via: HTTP/2.0/UDP h\r\n",
		"Via: UDP h\r\n",
		"Via: ,\r\n",
		"Via:\r\n",
	};
	struct strbuf b = STRBUF_INIT;

	UNUSED_STATE;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		strbuf_clear(&b);
		strbuf_addf(&b, "%s%s%s", REG, bad[i], FROM TO IDS END);
		expect_bytes(b.p, b.n, SIP_IN_RUBBISH, 0);
	}
	strbuf_clear(&b);
	strbuf_add_str(&b, REG "Via: SIP/2.0/UDP ");
	strbuf_add_fill(&b, 'h', 256);
	strbuf_add_str(&b, "\r\n" FROM TO IDS END);
	expect_bytes(b.p, b.n, SIP_IN_RUBBISH, 0);
	/* A request that came farther than Max-Forwards allows. */
	strbuf_clear(&b);
	strbuf_add_str(&b, REG);
	for (unsigned i = 0; i < 71; i++)
		strbuf_add_str(&b, "Via: SIP/2.0/UDP h\r\n");
	strbuf_add_str(&b, FROM TO IDS END);
	expect_bytes(b.p, b.n, SIP_IN_RUBBISH, 0);
	strbuf_free(&b);
}

TEST(a_via_without_branch_is_an_old_client_and_served)
{
	struct sip_msg *m = parse(REG "Via: SIP/2.0/UDP 192.0.2.5\r\n" FROM TO IDS END);
	struct sip_via via;

	UNUSED_STATE;
	assert_true(sip_msg_via(m, &via));
	assert_int_equal(via.branch.n, 0);
	assert_int_equal(via.port, 0);
	sip_msg_free(m);
}

TEST(a_refused_request_still_names_what_its_answer_copies)
{
	static const char text[] = "REGISTER sip:acme.example SIP/7.0\r\n" HEAD END;
	struct sip_msg *m;
	struct sip_via via;
	int status;

	UNUSED_STATE;
	assert_int_equal(sip_msg_parse(text, sizeof(text) - 1, &m, &status, NULL),
			 SIP_IN_BAD_REQUEST);
	assert_int_equal(status, 505);
	assert_true(sip_msg_via(m, &via));
	assert_slice_equal(sip_msg_header(m, "from", 0), "<sip:alice@acme.example>;tag=f1");
	assert_slice_equal(sip_msg_call_id(m), "c1@host");
	assert_slice_equal(sip_msg_header(m, "cseq", 0), "7 REGISTER");
	sip_msg_free(m);
}

TEST(parameters_are_found_by_whole_name_and_quotes_hide_separators)
{
	const struct slice p = slice_of(";a=1;B=\"x;y=2\";c=\"\";d;ab = 3 ;e=\"\\\"\"");
	struct slice v;

	UNUSED_STATE;
	assert_true(sip_param(p, "b", &v));
	assert_slice_equal(v, "x;y=2");
	assert_false(sip_param(p, "y", &v));
	assert_true(sip_param(p, "c", &v));
	assert_int_equal(v.n, 0);
	assert_true(sip_param(p, "D", &v));
	assert_int_equal(v.n, 0);
	assert_true(sip_param(p, "ab", &v));
	assert_slice_equal(v, "3");
	assert_true(sip_param(p, "e", NULL));
	assert_false(sip_param(p, "", &v));
	assert_false(sip_param(SLICE_NONE, "a", &v));
	assert_false(sip_param(SLICE_LIT(";x=\"\\"), "a", &v));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_message_without_its_mandatory_headers_is_dropped),
		T(a_status_line_without_reason_does_not_swallow_the_via),
		T(only_a_lone_star_is_the_wildcard),
		T(contacts_keep_their_bytes),
		T(numbers_out_of_range_are_refused),
		T(a_content_length_that_does_not_fit_is_refused_and_a_short_one_cuts_the_body),
		T(method_version_and_scheme_are_checked),
		T(an_expiry_is_handed_on_as_it_was_written),
		T(of_a_header_twice_the_first_counts_unless_it_is_mandatory),
		T(a_datagram_may_end_without_the_empty_line),
		T(a_nul_byte_in_the_head_is_dropped_and_one_in_the_body_is_not),
		T(an_ipv6_host_has_no_brackets),
		T(compact_names_are_the_long_ones),
		T(comma_lists_are_split_outside_quotes_and_brackets),
		T(names_are_kept_as_bytes_and_headers_in_their_case),
		T(keepalives_and_stun_are_no_messages),
		T(what_is_larger_than_8192_bytes_is_dropped),
		T(the_first_line_must_be_a_request_or_a_status),
		T(lines_separators_and_the_longest_line_have_ceilings),
		T(osip_never_sees_a_body_or_what_describes_one),
		T(no_line_can_hide_behind_a_bare_cr_or_a_fold),
		T(a_via_must_name_sip_a_host_and_a_port_in_range),
		T(a_via_without_branch_is_an_old_client_and_served),
		T(a_refused_request_still_names_what_its_answer_copies),
		T(parameters_are_found_by_whole_name_and_quotes_hide_separators),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
