/* The binding as a value: equality, what is left, copies, methods. */
#include "test.h"

#include <stdlib.h>
#include "model/binding.h"

static struct binding sample(void)
{
	return (struct binding){
		.key = SLICE_LIT("uloc-1"),
		.user = SLICE_LIT("4021"),
		.domain = SLICE_LIT("acme.example"),
		.contact = SLICE_LIT("sip:4021@192.0.2.7:5062"),
		.received = SLICE_LIT("sip:203.0.113.2:40211"),
		.user_agent = SLICE_LIT("Yealink SIP-T46U"),
		.expires_s = 1000,
		.refreshed_s = 400,
		.granted_s = 600,
		.cseq = 7,
		.methods = BINDING_METHODS_ALL,
		.q_milli = BINDING_Q_UNSET,
	};
}

TEST(an_aor_has_its_domain_only_when_there_is_one)
{
	struct binding b = sample();
	struct strbuf out = STRBUF_INIT;

	UNUSED_STATE;
	binding_add_aor(&b, &out);
	assert_string_equal(strbuf_str(&out), "4021@acme.example");
	strbuf_clear(&out);
	b.domain = SLICE_NONE;
	binding_add_aor(&b, &out);
	assert_string_equal(strbuf_str(&out), "4021");
	strbuf_free(&out);
}

TEST(bindings_are_equal_but_for_their_source)
{
	struct binding a = sample(), b = sample();

	UNUSED_STATE;
	b.source = 9;
	assert_true(binding_equal(&a, &b));
	b.cseq++;
	assert_false(binding_equal(&a, &b));
	b = sample();
	b.node = SLICE_LIT("2");
	assert_false(binding_equal(&a, &b));
	b = sample();
	b.contact = SLICE_LIT("sip:4021@192.0.2.7:5063");
	assert_false(binding_equal(&a, &b));
}

TEST(what_is_left_is_negative_when_lapsed_and_endless_when_permanent)
{
	struct binding b = sample();

	UNUSED_STATE;
	assert_int_equal(binding_left_s(&b, 990), 10);
	assert_int_equal(binding_left_s(&b, 1010), -10);
	b.expires_s = BINDING_PERMANENT;
	assert_true(binding_left_s(&b, 990) == INT64_MAX);
	b.expires_s = INT64_MIN;
	assert_true(binding_left_s(&b, 990) < 0);
}

TEST(a_copy_lives_on_its_own)
{
	char contact[] = "sip:4021@192.0.2.7";
	struct binding b = sample(), *copy;

	UNUSED_STATE;
	b.contact = slice_of(contact);
	b.source = 3;
	copy = binding_copy(&b);
	assert_true(binding_equal(&b, copy));
	memset(contact, 'x', sizeof(contact) - 1);
	assert_slice_equal(copy->contact, "sip:4021@192.0.2.7");
	assert_slice_equal(copy->user_agent, "Yealink SIP-T46U");
	assert_int_equal(copy->source, 3);
	free(copy);
}

TEST(methods_go_from_allow_to_bits_and_back)
{
	struct strbuf out = STRBUF_INIT;

	UNUSED_STATE;
	assert_int_equal(binding_methods_parse(slice_of("INVITE, ACK , bye,,OPTIONS")),
			 1 + 4 + 8 + 512);
	assert_int_equal(binding_methods_parse(slice_of("FROBNICATE")), 524288);
	assert_int_equal(binding_methods_parse(slice_of("")), 0);
	/* what Kamailio stores for INVITE … MESSAGE (facts: 783 = 1+2+4+8+256+512) */
	binding_add_methods(783, &out);
	assert_string_equal(strbuf_str(&out), "INVITE,CANCEL,ACK,BYE,MESSAGE,OPTIONS");
	strbuf_clear(&out);
	binding_add_methods(BINDING_METHODS_ALL, &out);
	assert_string_equal(strbuf_str(&out), "");
	strbuf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(an_aor_has_its_domain_only_when_there_is_one),
		T(bindings_are_equal_but_for_their_source),
		T(what_is_left_is_negative_when_lapsed_and_endless_when_permanent),
		T(a_copy_lives_on_its_own),
		T(methods_go_from_allow_to_bits_and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
