/* Tests of sip/answer: what the quick scanner reads, and what it leaves to the parser. That both
 * agree is what tests/fuzz/fuzz_message compares. */
#include "test.h"
#include "sip/answer.h"

#define STATUS "SIP/2.0 486 Busy Here\r\n"
#define VIA    "Via: SIP/2.0/UDP 127.0.0.1:5070;rport=5070;branch=z9hG4bK0a;received=127.0.0.1\r\n"
#define FROM   "From: <sip:regtop@acme.example>;tag=1\r\n"
#define TO     "To: <sip:4021@acme.example>;tag=2\r\n"
#define IDS    "Call-ID: c1@h\r\nCSeq: 1 OPTIONS\r\n"
#define END    "Content-Length: 0\r\n\r\n"

static bool scan(const char *text, struct sip_answer *out)
{
	return sip_answer_scan(slice_of(text), out);
}

TEST(a_plain_answer_is_read)
{
	struct sip_answer a;

	UNUSED_STATE;
	assert_true(scan(STATUS VIA FROM TO IDS "Server: S/1\r\nuser-agent:  Phone/1 \r\n"
						"Warning: 399 h \"busy\"\r\nServer: S/2\r\n" END,
			 &a));
	assert_int_equal(a.code, 486);
	assert_slice_equal(a.reason, "Busy Here");
	assert_slice_equal(a.branch, "z9hG4bK0a");
	assert_slice_equal(a.method, "OPTIONS");
	assert_slice_equal(a.agent, "Phone/1");
	assert_slice_equal(a.warning, "399 h \"busy\"");
	assert_true(scan(STATUS VIA FROM TO IDS "Server: S/1\r\n" END, &a));
	assert_slice_equal(a.agent, "S/1");
}

TEST(what_is_unusual_is_left_to_the_parser)
{
	static const char *const texts[] = {
		"",
		STATUS,
		STATUS VIA FROM TO IDS "Content-Length: 0\r\n", /* no end */
		STATUS VIA FROM TO "Call-ID: c\r\n" END,        /* no CSeq */
		STATUS VIA VIA FROM TO IDS END,
		"SIP/2.0 200\r\n" VIA FROM TO IDS END,
		"SIP/2.0 700 No\r\n" VIA FROM TO IDS END,
		"SIP/2.0 2000 OK\r\n" VIA FROM TO IDS END,
		"OPTIONS sip:a@b SIP/2.0\r\n" VIA FROM TO IDS END,
		STATUS "Via: SIP/2.0/UDP h;branch=a;branch=b\r\n" FROM TO IDS END,
		STATUS "Via: SIP/2.0/UDP h;branch=a, SIP/2.0/UDP i;branch=b\r\n" FROM TO IDS END,
		STATUS "Via: SIP/2.0/UDP [::1]:5060;branch=a\r\n" FROM TO IDS END,
		STATUS "v: SIP/2.0/UDP h;branch=a\r\n" FROM TO IDS END,
		STATUS VIA "From: \"A\" <sip:a@b>;tag=1\r\n" TO IDS END,
		STATUS VIA FROM TO IDS "Server: a\r\n folded\r\n" END,
		STATUS VIA FROM TO IDS "Server: \x1b[2J\r\n" END,
		STATUS VIA FROM TO IDS "Server: caf\xc3\xa9\r\n" END,
		STATUS VIA FROM TO IDS "Server: a\rb\r\n" END,
		STATUS VIA FROM TO IDS "Proxy-Authenticate: Digest\r\n" END,
		STATUS VIA FROM TO IDS "no colon\r\n" END,
		"SIP/2.0 200 OK\n" VIA FROM TO IDS END,
	};
	struct sip_answer a;

	UNUSED_STATE;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (scan(texts[i], &a))
			fail_msg("was read: %s", texts[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_plain_answer_is_read),
		T(what_is_unusual_is_left_to_the_parser),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
