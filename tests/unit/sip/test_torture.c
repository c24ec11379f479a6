/* Tests of sip/message: messages that torture a parser, in the manner of RFC 4475. */
#include "message_rows.h"

TEST(a_short_tortuous_request_is_understood)
{
	/* Folds, blanks around every separator, compact names, an escaped quote, odd case. */
	struct sip_msg *m =
		parse("INVITE sip:bob@biloxi.example;unknownparam SIP/2.0\r\n"
		      "TO :\r\n sip:bob@biloxi.example ;   tag    = 1918\r\n"
		      "from   : \"J R \\\\\\\"\"       <sip:jr@atlanta.example>\r\n"
		      "  ;\r\n  tag = 98asjd8\r\n"
		      "MaX-fOrWaRdS: 0068\r\n"
		      "Call-ID: tort.0ha0isnda977644900765@192.0.2.1\r\n"
		      "cseq: 0009\r\n  INVITE\r\n"
		      "Via  : SIP  /   2.0\r\n /UDP\r\n    192.0.2.2:5061;branch=390skdj\r\n"
		      "s :\r\nNewFangledHeader:   new value\r\n continued\r\n\ttwice\r\n"
		      "UnknownHeaderWithUnusualValue: ;;,,;;,;\r\n"
		      "v:  SIP  / 2.0  / TCP     spindle.example :5062  ;\r\n"
		      "  branch  =   z9hG4bK9ikj8  ,\r\n"
		      " SIP  /    2.0   / UDP  192.168.255.111   ; branch=\r\n"
		      " z9hG4bK30239\r\n"
		      "m:\"Quoted string \\\"\\\"\" <sip:jr@atlanta.example> ; newparam =\r\n"
		      "      newvalue ;\r\n  secondparam ; q = 0.33\r\n\r\n");
	struct sip_contact c;
	struct sip_via via;
	struct slice v;

	UNUSED_STATE;
	assert_true(sip_msg_is_request(m));
	assert_slice_equal(sip_msg_method(m), "INVITE");
	assert_slice_equal(sip_msg_request_uri(m), "sip:bob@biloxi.example;unknownparam");
	assert_slice_equal(sip_msg_to_uri(m), "sip:bob@biloxi.example");
	assert_slice_equal(sip_msg_to_tag(m), "1918");
	assert_slice_equal(sip_msg_from_uri(m), "sip:jr@atlanta.example");
	assert_slice_equal(sip_msg_from_tag(m), "98asjd8");
	assert_int_equal(sip_msg_cseq(m), 9);
	assert_int_equal(sip_msg_via_count(m), 3);
	assert_true(sip_msg_via(m, &via));
	assert_int_equal(via.transport, TRANSPORT_UDP);
	assert_slice_equal(via.host, "192.0.2.2");
	assert_int_equal(via.port, 5061);
	assert_slice_equal(via.branch, "390skdj");
	assert_slice_equal(sip_msg_header(m, "newfangledheader", 0),
			   "new value  continued \ttwice");
	assert_true(sip_msg_contact(m, 0, &c));
	assert_true(sip_param(c.params, "q", &v));
	assert_slice_equal(v, "0.33");
	sip_msg_free(m);
}

TEST(strange_but_valid_messages_are_accepted)
{
	static const struct input in[] = {
		/* Escapes in the user, semicolons in the user, a user that looks like a URI. */
		{"OPTIONS sip:user;par=u%40example.net@example.com SIP/2.0\r\n" VIA FROM TO
		 "Call-ID: a\r\nCSeq: 1 OPTIONS\r\n" END,
		 SIP_IN_MESSAGE, 0},
		{"OPTIONS sip:sips%3Auser%40example.com@example.net SIP/2.0\r\n" VIA FROM TO
		 "Call-ID: a\r\nCSeq: 1 OPTIONS\r\n" END,
		 SIP_IN_MESSAGE, 0},
		/* An escaped method name is another method. */
		{"RE%47IST%45R sip:example.com SIP/2.0\r\n" VIA FROM TO
		 "Call-ID: a\r\nCSeq: 1 RE%47IST%45R\r\n" END,
		 SIP_IN_MESSAGE, 0},
		{"!interesting-Method0123456789_*+`.%indeed'~ sip:a@b SIP/2.0\r\n" VIA FROM TO
		 "Call-ID: a\r\nCSeq: 1 !interesting-Method0123456789_*+`.%indeed'~\r\n" END,
		 SIP_IN_MESSAGE, 0},
		/* An escaped NUL in user parts. */
		{REG VIA "From: sip:null-%00-null@example.com;tag=1\r\n"
			 "To: sip:null-%00-null@example.com\r\n" IDS
			 "Contact: <sip:%00@host5.example.com>\r\n" END,
		 SIP_IN_MESSAGE, 0},
		/* No blank between display name and bracket. */
		{REG VIA "From: caller<sip:caller@example.com>;tag=323\r\n" TO IDS END,
		 SIP_IN_MESSAGE, 0},
		/* A transport that nobody knows, a reason in UTF-8, no reason. */
		{OK "Via: SIP/2.0/UNKNOWN t4.example:5060;branch=z9hG4bKx\r\n" FROM TO IDS END,
		 SIP_IN_MESSAGE, 0},
		{"SIP/2.0 200 = 2**3 * 5**2 \xd0\xbd\xd0\xbe\r\n" HEAD END, SIP_IN_MESSAGE, 0},
		{"SIP/2.0 100 \r\n" HEAD END, SIP_IN_MESSAGE, 0},
		/* A careless Contact does not undo an answer: the phone is there. */
		{OK HEAD "Contact: \"x <sip:a@b>\r\n" END, SIP_IN_MESSAGE, 0},
		{OK HEAD "m: <sip:a@b\r\n" END, SIP_IN_MESSAGE, 0},
		/* A foreign scheme in To is for the registrar to refuse. */
		{REG VIA FROM "To: isbn:2983792873\r\n" IDS "Contact: <name:John_Smith>\r\n" END,
		 SIP_IN_MESSAGE, 0},
		/* A second message behind the first: only the first counts. */
		{REG HEAD "Content-Length: 0\r\n" END REG HEAD END, SIP_IN_MESSAGE, 0},
	};

	UNUSED_STATE;
	EXPECT_ALL(in);
}

TEST(broken_messages_are_refused_with_the_right_status)
{
	static const struct input in[] = {
		/* Quotes or brackets left open. */
		{REG VIA FROM "To: \"Mr. J. User <sip:j.user@example.com>\r\n" IDS END,
		 SIP_IN_BAD_REQUEST, 400},
		{REG VIA "From: <sip:a@b\r\n" TO IDS END, SIP_IN_BAD_REQUEST, 400},
		{REG VIA "From: <sip:a@b> x;tag=1\r\n" TO IDS END, SIP_IN_BAD_REQUEST, 400},
		/* A '?' needs the brackets. */
		{REG VIA FROM "To: sip:a@b?Route=x\r\n" IDS END, SIP_IN_BAD_REQUEST, 400},
		/* Blanks inside the brackets; a comma in a bare display name. */
		{REG VIA FROM "To: \"Watson, T\" < sip:t.watson@example.org >\r\n" IDS END,
		 SIP_IN_BAD_REQUEST, 400},
		{REG VIA "From: Bell, Alexander <sip:a.g.bell@example.com>;tag=43\r\n" TO IDS END,
		 SIP_IN_BAD_REQUEST, 400},
		/* Parameters without names. */
		{REG "Via: SIP/2.0/UDP 192.0.2.15;;,;,,\r\n" FROM TO IDS
		     "Contact: \"Joe\" <sip:joe@example.org>;;;;\r\n" END,
		 SIP_IN_BAD_REQUEST, 400},
		/* A header that is none. */
		{REG HEAD "no colon here\r\n" END, SIP_IN_BAD_REQUEST, 400},
		{REG HEAD ": no name\r\n" END, SIP_IN_BAD_REQUEST, 400},
		{OK HEAD "no colon here\r\n" END, SIP_IN_RUBBISH, 0},
	};
	struct sip_contact c;
	struct sip_msg *m = with("Contact: sip:user@example.com?Route=%3Csip:x%3E\r\n");

	UNUSED_STATE;
	EXPECT_ALL(in);
	assert_true(sip_msg_contact(m, 0, &c));
	assert_int_equal(c.uri.n, 0);
	sip_msg_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_short_tortuous_request_is_understood),
		T(strange_but_valid_messages_are_accepted),
		T(broken_messages_are_refused_with_the_right_status),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
