/* Tests of sip/stun: the answer to a binding request, by the vectors of RFC 5769. */
#include "test.h"
#include "sip/stun.h"

/* Transaction id of RFC 5769 2.2 and 2.3. */
#define REQUEST "\x00\x01\x00\x00\x21\x12\xa4\x42\xb7\xe7\xa7\x01\xbc\x34\xd6\x86\xfa\x87\xdf\xae"

static struct slice request(void)
{
	return SLICE_LIT(REQUEST);
}

TEST(the_answer_names_an_ipv4_source_as_rfc_5769_has_it)
{
	static const unsigned char attribute[] = {0x00, 0x20, 0x00, 0x08, 0x00, 0x01,
						  0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43};
	unsigned char out[STUN_ANSWER_MAX];
	struct netaddr from;

	UNUSED_STATE;
	assert_int_equal(netaddr_parse(SLICE_LIT("192.0.2.1"), 32853, &from), 0);
	assert_int_equal(stun_answer(request(), &from, out), 32);
	assert_memory_equal(out, "\x01\x01\x00\x0c", 4);
	assert_memory_equal(out + 4, request().p + 4, 16);
	assert_memory_equal(out + 20, attribute, sizeof(attribute));
}

TEST(the_answer_names_an_ipv6_source_as_rfc_5769_has_it)
{
	static const unsigned char attribute[] = {0x00, 0x20, 0x00, 0x14, 0x00, 0x02, 0xa1, 0x47,
						  0x01, 0x13, 0xa9, 0xfa, 0xa5, 0xd3, 0xf1, 0x79,
						  0xbc, 0x25, 0xf4, 0xb5, 0xbe, 0xd2, 0xb9, 0xd9};
	unsigned char out[STUN_ANSWER_MAX];
	struct netaddr from;

	UNUSED_STATE;
	assert_int_equal(
		netaddr_parse(SLICE_LIT("2001:db8:1234:5678:11:2233:4455:6677"), 32853, &from), 0);
	assert_int_equal(stun_answer(request(), &from, out), STUN_ANSWER_MAX);
	assert_memory_equal(out, "\x01\x01\x00\x18", 4);
	assert_memory_equal(out + 20, attribute, sizeof(attribute));
}

TEST(what_is_no_binding_request_gets_no_answer)
{
	unsigned char out[STUN_ANSWER_MAX];
	struct netaddr from;

	UNUSED_STATE;
	assert_int_equal(netaddr_parse(SLICE_LIT("127.0.0.1"), 5060, &from), 0);
	/* A success response, an indication, a wrong cookie, a cut header. */
	assert_int_equal(stun_answer(SLICE_LIT("\x01\x01\0\0\x21\x12\xa4\x42"
					       "123456789012"),
				     &from, out),
			 0);
	assert_int_equal(stun_answer(SLICE_LIT("\x00\x11\0\0\x21\x12\xa4\x42"
					       "123456789012"),
				     &from, out),
			 0);
	assert_int_equal(stun_answer(SLICE_LIT("\x00\x01\0\0\x21\x12\xa4\x43"
					       "123456789012"),
				     &from, out),
			 0);
	assert_int_equal(stun_answer(slice_make(REQUEST, 19), &from, out), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_answer_names_an_ipv4_source_as_rfc_5769_has_it),
		T(the_answer_names_an_ipv6_source_as_rfc_5769_has_it),
		T(what_is_no_binding_request_gets_no_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
