/* Redaction: what a ticket must not carry goes, what a diagnosis needs stays. */
#include "test.h"

#include "base/text.h"
#include "report/redact.h"

struct pair {
	const char *in, *out;
};

static void check(void (*fn)(struct slice, struct strbuf *), const struct pair *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct strbuf b = STRBUF_INIT;

		fn(slice_of(p[i].in), &b);
		assert_string_equal(strbuf_str(&b), p[i].out);
		strbuf_free(&b);
	}
}
#define CHECK(fn, table) check(fn, table, sizeof(table) / sizeof(*(table)))

TEST(a_user_keeps_two_characters)
{
	static const struct pair t[] = {
		{"2012", "20**"},
		{"+4930123456", "+4**"},
		{"alice", "al**"},
		{"201", "20**"},
		{"", ""},
		{"a%20b", "a%20**"},
		{"%41%42c", "%41%42**"},
		{"\xc3\xa4\xc3\xb6\xc3\xbc", "\xc3\xa4\xc3\xb6**"},
	};

	UNUSED_STATE;
	CHECK(redact_user, t);
}

TEST(a_user_of_two_characters_is_hidden_whole)
{
	static const struct pair t[] = {{"1", "**"}, {"42", "**"}, {"%41", "**"}};

	UNUSED_STATE;
	CHECK(redact_user, t);
}

TEST(a_public_address_keeps_its_network_only)
{
	static const struct pair t[] = {
		{"192.0.2.17", "192.0.2.x"},
		{"8.8.8.8", "8.8.8.x"},
		{"2001:db8:1:2::5", "2001:db8:1::x"},
		{"[2001:db8:1:2::5]", "[2001:db8:1::x]"},
		{"::ffff:203.0.113.9", "::ffff:203.0.113.x"},
		{"2002:cb00:7109::1", "2002::x"},
	};

	UNUSED_STATE;
	CHECK(redact_address, t);
}

TEST(a_private_address_stays)
{
	static const struct pair t[] = {
		{"10.1.2.3", "10.1.2.3"},           {"192.168.178.20", "192.168.178.20"},
		{"172.31.0.1", "172.31.0.1"},       {"100.64.7.8", "100.64.7.8"},
		{"127.0.0.1", "127.0.0.1"},         {"::1", "::1"},
		{"fd00:1:2:3::4", "fd00:1:2:3::4"},
	};

	UNUSED_STATE;
	CHECK(redact_address, t);
}

TEST(a_mac_inside_a_private_ipv6_address_goes)
{
	static const struct pair t[] = {
		{"fe80::215:65ff:fea1:b2c3", "fe80:0:0:0::x"},
		{"fd00:1:2:3:215:65ff:fea1:b2c3", "fd00:1:2:3::x"},
	};

	UNUSED_STATE;
	CHECK(redact_address, t);
}

TEST(a_host_name_stays_but_an_address_in_it_goes)
{
	static const struct pair t[] = {
		{"acme.example", "acme.example"},
		{"ip-203-0-113-7.isp.example", "ip-203-0-113-x.isp.example"},
		{"203.0.113.7.isp.example", "203.0.113.x.isp.example"},
		{"sbc-1-2.example", "sbc-1-2.example"},
	};

	UNUSED_STATE;
	CHECK(redact_address, t);
}

TEST(a_uri_keeps_its_shape)
{
	static const struct pair t[] = {
		{"sip:2012@192.0.2.17:40211", "sip:20**@192.0.2.x:40211"},
		{"sip:2012@10.0.0.7:5060;transport=tcp", "sip:20**@10.0.0.7:5060;transport=tcp"},
		{"sips:alice@[2001:db8:1:2::5]:5061", "sips:al**@[2001:db8:1::x]:5061"},
		{"sip:192.0.2.1;lr", "sip:192.0.2.x;lr"},
		{"sip:a@b.example;alias=203.0.113.9~40000~1",
		 "sip:**@b.example;alias=203.0.113.x~40000~1"},
		{"sip:edge.example;lr;received=sip:203.0.113.9:1234",
		 "sip:edge.example;lr;received=sip:203.0.113.x:1234"},
		{"sip:2012@b.example?Subject=hi", "sip:20**@b.example?**"},
		{"tel:+4930123456;ext=4", "tel:+4**"},
		{"", ""},
		{"no uri at all", "(not a URI)"},
	};

	UNUSED_STATE;
	CHECK(redact_uri, t);
}

TEST(tokens_and_instances_in_a_uri_go_whatever_they_are_called)
{
	static const struct pair t[] = {
		{"sip:2012@10.0.0.7;pn-provider=apns;pn-prid=00fc13adff78512;pn-param=TEAM.app",
		 "sip:20**@10.0.0.7;pn-provider=apns;pn-prid=**;pn-param=**"},
		{"sip:2012@10.0.0.7;pn-tok=abc;app-id=x;pn-type=apple",
		 "sip:20**@10.0.0.7;pn-tok=**;app-id=**;pn-type=**"},
		{"sip:2012@10.0.0.7;+sip.instance=urn:uuid:00000000-0000-1000-8000-001565a1b2c3",
		 "sip:20**@10.0.0.7;+sip.instance=**"},
		{"sip:2012:secret@10.0.0.7", "sip:20**@10.0.0.7"},
		{"sip:2012@10.0.0.7;gr=urn:uuid:1", "sip:20**@10.0.0.7;gr=**"},
	};

	UNUSED_STATE;
	CHECK(redact_uri, t);
}

TEST(a_user_agent_keeps_model_and_version_and_loses_the_device)
{
	static const struct pair t[] = {
		{"Yealink SIP-T46S 66.86.0.15", "Yealink SIP-T46S 66.86.0.15"},
		{"Yealink SIP-T46S 66.86.0.15 001565a1b2c3", "Yealink SIP-T46S 66.86.0.15 **"},
		{"Yealink SIP-T46S 66.86.0.15 00:15:65:a1:b2:c3", "Yealink SIP-T46S 66.86.0.15 **"},
		{"phone/1.2 (00-15-65-A1-B2-C3)", "phone/1.2 (**)"},
		{"Cisco-CP8841/11.0.1 SEP001122334455", "Cisco-CP8841/11.0.1 **"},
		{"PolycomVVX-VVX_410-UA/5.9.0.9373_0004f2abcdef",
		 "PolycomVVX-VVX_410-UA/5.9.0.9373_**"},
		{"Cisco 0011.2233.4455", "Cisco **"},
		{"x 00000000-0000-1000-8000-001565a1b2c3", "x **"},
		{"ATA 2169900123456", "ATA **"},
		{"snom320/8.7.5.35", "snom320/8.7.5.35"},
		{"Grandstream GXP2170 1.0.11.56", "Grandstream GXP2170 1.0.11.56"},
		{"baresip v3.1.0 (x86_64/Linux)", "baresip v3.1.0 (x86_64/Linux)"},
	};

	UNUSED_STATE;
	CHECK(redact_agent, t);
}

TEST(a_sentence_loses_addresses_and_keeps_times)
{
	static const struct pair t[] = {
		{"came from 203.0.113.9:1234, not 10.0.0.7.",
		 "came from 203.0.113.x:1234, not 10.0.0.7."},
		{"udp:[2001:db8:1:2::5]:5060 refused", "udp:[2001:db8:1::x]:5060 refused"},
		{"host 2001:db8:1:2::5: unreachable", "host 2001:db8:1::x: unreachable"},
		{"at 03:12:40 it was silent", "at 03:12:40 it was silent"},
	};

	UNUSED_STATE;
	CHECK(redact_text, t);
}

TEST(hostile_text_comes_out_clean)
{
	static const char *const hostile[] = {
		"\x1b[2J\x1b]0;x\x07",
		"a\xe2\x80\xae"
		"b",
		"\xff\xfe"
		"1",
		"sip:\x1b[31m@h",
		"sip:a@\x9b"
		"b",
		"urn:\xe2\x80\x8f",
		"tel:\x01\x02\x03\x04",
		"%\x1b%\x1b%",
		"10.0.0.\x1b",
		"\xf0\x9f",
	};
	static void (*const all[])(struct slice, struct strbuf *) = {
		redact_user, redact_address, redact_uri, redact_agent, redact_text};

	UNUSED_STATE;
	for (size_t i = 0; i < sizeof(hostile) / sizeof(*hostile); i++) {
		for (size_t k = 0; k < sizeof(all) / sizeof(*all); k++) {
			struct strbuf b = STRBUF_INIT, again = STRBUF_INIT;

			all[k](slice_of(hostile[i]), &b);
			text_clean(strbuf_slice(&b), false, &again);
			assert_string_equal(strbuf_str(&b), strbuf_str(&again));
			assert_null(strchr(strbuf_str(&b), '\x1b'));
			strbuf_free(&b);
			strbuf_free(&again);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_user_keeps_two_characters),
		T(a_user_of_two_characters_is_hidden_whole),
		T(a_public_address_keeps_its_network_only),
		T(a_private_address_stays),
		T(a_mac_inside_a_private_ipv6_address_goes),
		T(a_host_name_stays_but_an_address_in_it_goes),
		T(a_uri_keeps_its_shape),
		T(tokens_and_instances_in_a_uri_go_whatever_they_are_called),
		T(a_user_agent_keeps_model_and_version_and_loses_the_device),
		T(a_sentence_loses_addresses_and_keeps_times),
		T(hostile_text_comes_out_clean),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
