/* The ladder: every message with its time, size and address; secrets never, persons not in tickets.
 */
#include "test.h"

#include "report/ladder.h"
#include "report/ladder_raw.h"

static const char invite[] = "INVITE sip:4021@192.0.2.7:40211;pn-prid=secret SIP/2.0\r\n"
			     "Via: SIP/2.0/UDP 203.0.113.9:5060;branch=z9hG4bKabc;rport\r\n"
			     "From: \"Anna\" <sip:anna@acme.example>;tag=1\r\n"
			     "To: <sip:4021@acme.example>\r\n"
			     "Call-ID: 12345@203.0.113.9\r\n"
			     "CSeq: 2 INVITE\r\n"
			     "Authorization: Digest username=\"anna\",\r\n"
			     " response=\"deadbeef\"\r\n"
			     "X-Odd: anna was here\r\n"
			     "Content-Type: application/sdp\r\n"
			     "Content-Length: 90\r\n"
			     "\r\n"
			     "v=0\r\no=anna 1 1 IN IP4 203.0.113.9\r\n"
			     "m=audio 9 RTP/SAVP 0\r\n"
			     "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:c2VjcmV0\r\n";
static const char trying[] = "SIP/2.0 100 Trying\r\n\r\n";
static const char ringing[] = "SIP/2.0 180 Ring\x1b[31ming\r\nUser-Agent: T46 66.86.0.15\r\n\r\n";

struct world {
	struct clock_fake clock;
	struct trace *t;
	struct netaddr here, there;
};

static void begin(struct world *w)
{
	clock_fake_init(&w->clock, 1936581160123);
	w->t = trace_new(&w->clock.clock);
	assert_int_equal(netaddr_parse_hostport(SLICE_LIT("203.0.113.9:5060"), 0, &w->here), 0);
	assert_int_equal(netaddr_parse_hostport(SLICE_LIT("192.0.2.7:40211"), 0, &w->there), 0);
}

static void sent(struct world *w, const char *raw)
{
	trace_sent(w->t, TRANSPORT_UDP, &w->here, &w->there, raw, strlen(raw));
}

static void received(struct world *w, const char *raw)
{
	trace_received(w->t, TRANSPORT_UDP, &w->here, &w->there, raw, strlen(raw));
}

static void call(struct world *w)
{
	begin(w);
	trace_begin(w->t, "ring test, straight from here to 192.0.2.7:40211");
	sent(w, invite);
	clock_fake_advance(&w->clock, 500);
	sent(w, invite);
	clock_fake_advance(&w->clock, 12);
	received(w, trying);
	clock_fake_advance(&w->clock, 72);
	received(w, ringing);
	clock_fake_advance(&w->clock, 4000);
	trace_note(w->t, "stopped by the person");
	trace_trouble(w->t, TRANSPORT_UDP, &w->there, "port unreachable, said 192.0.2.7");
}

static char *text_of(const struct world *w, const struct ladder_options *o)
{
	struct strbuf out = STRBUF_INIT;

	ladder_write(w->t, o, &out);
	return strbuf_take(&out);
}

TEST(a_ladder_has_times_sizes_addresses_and_repetitions)
{
	struct ladder_options o = {.width = 80};
	struct world w;
	char *text;

	UNUSED_STATE;
	call(&w);
	text = text_of(&w, &o);
	assert_string_equal(
		text, "ring test, straight from here to 192.0.2.7:40211\n"
		      "  2031-05-15, local times (+0000), udp from 203.0.113.9:5060\n"
		      "  03:12:40.123   +0.0 ms  → INVITE              479 B  192.0.2.7:40211\n"
		      "  03:12:40.623   +500 ms  → INVITE again (1)    479 B  192.0.2.7:40211\n"
		      "  03:12:40.635   +512 ms  ← 100 Trying           22 B  192.0.2.7:40211\n"
		      "  03:12:40.707   +584 ms  ← 180 Ring\xef\xbf\xbd[31ming     "
		      "56 B  192.0.2.7:40211\n"
		      "  03:12:44.707   +4.58 s  · stopped by the person\n"
		      "  03:12:44.707   +4.58 s  × port unreachable, said 192.0.2.7\n");
	free(text);
	trace_free(w.t);
}

TEST(ascii_has_no_other_byte)
{
	struct ladder_options o = {.width = 80, .ascii_only = true, .raw = true};
	struct world w;
	char *text;

	UNUSED_STATE;
	call(&w);
	text = text_of(&w, &o);
	for (const char *p = text; *p; p++)
		assert_true((unsigned char)*p < 0x7f && (*p == '\n' || *p >= ' '));
	assert_non_null(strstr(text, "-> INVITE"));
	assert_non_null(strstr(text, "<- 100 Trying"));
	free(text);
	trace_free(w.t);
}

TEST(a_long_reason_phrase_is_cut_to_the_width)
{
	struct ladder_options o = {.width = 80};
	struct world w;
	char *text;

	UNUSED_STATE;
	begin(&w);
	trace_begin(w.t, "OPTIONS");
	received(&w, "SIP/2.0 481 Call/Transaction Does Not Exist\r\n\r\n");
	text = text_of(&w, &o);
	assert_non_null(strstr(text, "481 Call/Transaction Does…"));
	assert_null(strstr(text, "Exist"));
	free(text);
	o.width = 0;
	text = text_of(&w, &o);
	assert_non_null(strstr(text, "481 Call/Transaction Does Not Exist "));
	free(text);
	trace_free(w.t);
}

TEST(exchanges_stand_one_below_the_other)
{
	struct ladder_options o = {.width = 80};
	struct world w;
	unsigned first;
	char *text;

	UNUSED_STATE;
	begin(&w);
	first = trace_begin(w.t, "OPTIONS through the registrar");
	sent(&w, "OPTIONS sip:a@b SIP/2.0\r\n\r\n");
	clock_fake_advance(&w.clock, 1500);
	trace_begin(w.t, "OPTIONS straight to the next hop");
	sent(&w, "OPTIONS sip:c@d SIP/2.0\r\n\r\n");
	trace_switch(w.t, first);
	clock_fake_advance(&w.clock, 500);
	received(&w, "SIP/2.0 200 OK\r\n\r\n");
	text = text_of(&w, &o);
	assert_string_equal(text,
			    "OPTIONS through the registrar\n"
			    "  2031-05-15, local times (+0000), udp from 203.0.113.9:5060\n"
			    "  03:12:40.123   +0.0 ms  → OPTIONS     27 B  192.0.2.7:40211\n"
			    "  03:12:42.123   +2.00 s  ← 200 OK      18 B  192.0.2.7:40211\n"
			    "\n"
			    "OPTIONS straight to the next hop\n"
			    "  2031-05-15, local times (+0000), udp from 203.0.113.9:5060\n"
			    "  03:12:41.623   +0.0 ms  → OPTIONS     27 B  192.0.2.7:40211\n");
	free(text);
	trace_free(w.t);
}

TEST(nothing_that_proves_an_identity_is_ever_written)
{
	struct strbuf out = STRBUF_INIT;

	UNUSED_STATE;
	ladder_raw(slice_of(invite), 4, false, false, &out);
	assert_string_equal(strbuf_str(&out),
			    "    INVITE sip:4021@192.0.2.7:40211;pn-prid=secret SIP/2.0\n"
			    "    Via: SIP/2.0/UDP 203.0.113.9:5060;branch=z9hG4bKabc;rport\n"
			    "    From: \"Anna\" <sip:anna@acme.example>;tag=1\n"
			    "    To: <sip:4021@acme.example>\n"
			    "    Call-ID: 12345@203.0.113.9\n"
			    "    CSeq: 2 INVITE\n"
			    "    Authorization: (hidden)\n"
			    "     (hidden)\n"
			    "    X-Odd: anna was here\n"
			    "    Content-Type: application/sdp\n"
			    "    Content-Length: 90\n"
			    "\n"
			    "    v=0\n"
			    "    o=anna 1 1 IN IP4 203.0.113.9\n"
			    "    m=audio 9 RTP/SAVP 0\n"
			    "    a=(hidden)\n");
	strbuf_free(&out);
}

TEST(a_redacted_message_keeps_only_what_tells_nothing_of_persons)
{
	struct strbuf out = STRBUF_INIT;

	UNUSED_STATE;
	ladder_raw(slice_of(invite), 0, true, false, &out);
	assert_string_equal(strbuf_str(&out), "INVITE sip:40**@192.0.2.x:40211;pn-prid=** SIP/2.0\n"
					      "Via: SIP/2.0/UDP 203.0.113.x:5060\n"
					      "From: <sip:an**@acme.example>\n"
					      "To: <sip:40**@acme.example>\n"
					      "Call-ID: (hidden)\n"
					      "CSeq: 2 INVITE\n"
					      "Authorization: (hidden)\n"
					      " (hidden)\n"
					      "X-Odd: (hidden)\n"
					      "Content-Type: application/sdp\n"
					      "Content-Length: 90\n"
					      "\n"
					      "v=0\n"
					      "o=(hidden)\n"
					      "m=audio 9 RTP/SAVP 0\n"
					      "a=(hidden)\n");
	strbuf_free(&out);
}

TEST(folded_headers_and_compact_names_hide_as_well)
{
	static const char text[] = "SIP/2.0 401 Ask 192.0.2.9\n"
				   "f: Bob <tel:+4930123456>\n"
				   "proxy-AUTHORIZATION : Digest x\n"
				   "\tresponse=1234\n"
				   "Warning: 399 h \"no 4021@acme.example\"\n"
				   "no colon here\n"
				   "Content-Length: 0\n\n";
	struct strbuf out = STRBUF_INIT;

	UNUSED_STATE;
	ladder_raw(slice_of(text), 0, true, false, &out);
	assert_string_equal(strbuf_str(&out), "SIP/2.0 401 Ask 192.0.2.x\n"
					      "f: <tel:+4**>\n"
					      "proxy-AUTHORIZATION: (hidden)\n"
					      " (hidden)\n"
					      "Warning: (hidden)\n"
					      "(hidden)\n"
					      "Content-Length: 0\n");
	strbuf_free(&out);
}

TEST(bytes_that_are_no_message_do_no_harm)
{
	static const char rubbish[] = "\r\n\r\n\x00\x1b]0;x\x07\n :\n:\n=";
	struct strbuf out = STRBUF_INIT;

	UNUSED_STATE;
	for (int redact = 0; redact < 2; redact++) {
		ladder_raw(slice_make(rubbish, sizeof(rubbish) - 1), 0, redact, true, &out);
		assert_null(strchr(strbuf_str(&out), 0x1b));
		assert_null(strchr(strbuf_str(&out), 0x07));
	}
	ladder_raw(SLICE_NONE, 0, true, true, &out);
	strbuf_free(&out);
}

TEST(json_has_the_same_and_hides_the_same)
{
	struct ladder_options o = {.raw = true, .redact = true};
	json_t *all, *j, *step;
	struct world w;
	char *text;

	UNUSED_STATE;
	call(&w);
	all = ladder_json(w.t, &o);
	assert_int_equal(json_array_size(all), 1);
	assert_string_equal(json_string_value(json_object_get(json_array_get(all, 0), "title")),
			    "ring test, straight from here to 192.0.2.x:40211");
	j = json_object_get(json_array_get(all, 0), "steps");
	assert_int_equal(json_array_size(j), 6);
	step = json_array_get(j, 1);
	assert_string_equal(json_string_value(json_object_get(step, "kind")), "sent");
	assert_string_equal(json_string_value(json_object_get(step, "at")),
			    "2031-05-15T03:12:40.623Z");
	assert_int_equal(json_integer_value(json_object_get(step, "again")), 1);
	assert_string_equal(json_string_value(json_object_get(step, "remote")), "192.0.2.x:40211");
	text = json_dumps(j, 0);
	assert_null(strstr(text, "anna"));
	assert_null(strstr(text, "deadbeef"));
	assert_null(strstr(text, "192.0.2.7"));
	free(text);
	json_decref(all);
	trace_free(w.t);
}

TEST(no_trace_is_an_empty_ladder)
{
	struct ladder_options o = {0};
	struct strbuf out = STRBUF_INIT;
	json_t *j;

	UNUSED_STATE;
	ladder_write(NULL, &o, &out);
	assert_int_equal(out.n, 0);
	j = ladder_json(NULL, &o);
	assert_int_equal(json_array_size(j), 0);
	json_decref(j);
	strbuf_free(&out);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(a_ladder_has_times_sizes_addresses_and_repetitions),
		T(ascii_has_no_other_byte),
		T(a_long_reason_phrase_is_cut_to_the_width),
		T(exchanges_stand_one_below_the_other),
		T(nothing_that_proves_an_identity_is_ever_written),
		T(a_redacted_message_keeps_only_what_tells_nothing_of_persons),
		T(folded_headers_and_compact_names_hide_as_well),
		T(bytes_that_are_no_message_do_no_harm),
		T(json_has_the_same_and_hides_the_same),
		T(no_trace_is_an_empty_ladder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
