/* The base: slices, cleaning, durations, addresses, URIs. */
#include "test.h"

#include <errno.h>
#include <stdlib.h>
#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/netaddr.h"
#include "base/sha256.h"
#include "base/sipuri.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "base/zone.h"

static struct slice S(const char *s) {
	return slice_of(s);
}

TEST(a_slice_compares_and_searches_without_a_nul)
{
	struct slice head, rest;

	UNUSED_STATE;
	assert_true(slice_eq(slice_make("abcX", 3), S("abc")));
	assert_false(slice_ieq_str(slice_make("a\0c", 3), "abc"));
	assert_int_equal(slice_find_icase(S("Yealink SIP"), S("LINK")), 3);
	assert_int_equal(slice_find_icase(S("abc"), S("abcd")), -1);
	assert_true(slice_cmp(S("ab"), S("abc")) < 0);
	rest = slice_cut(S("k=v=w"), '=', &head);
	assert_slice_equal(head, "k");
	assert_slice_equal(rest, "v=w");
	rest = slice_cut(S("none"), '=', &head);
	assert_slice_equal(head, "none");
	assert_null(rest.p);
	assert_slice_equal(slice_trim(S(" \t x y\r\n")), "x y");
}

TEST(numbers_are_whole_and_within_their_limit)
{
	uint64_t v;

	UNUSED_STATE;
	assert_true(slice_to_u64(S("65535"), 65535, &v));
	assert_int_equal(v, 65535);
	assert_false(slice_to_u64(S("65536"), 65535, &v));
	assert_false(slice_to_u64(S("18446744073709551616"), UINT64_MAX, &v));
	assert_true(slice_to_u64(S("18446744073709551615"), UINT64_MAX, &v));
	assert_false(slice_to_u64(S(""), 10, &v));
	assert_false(slice_to_u64(S("-1"), 10, &v));
	assert_false(slice_to_u64(S("1 "), 10, &v));
}

TEST(outside_text_loses_everything_that_a_terminal_would_obey)
{
	static const struct {
		const char *raw, *utf8, *ascii;
		bool cleaned;
	} rows[] = {
		{"Yealink T46", "Yealink T46", "Yealink T46", false},
		{"a\033[2Jb", "a\xef\xbf\xbd[2Jb", "a?[2Jb", true},
		{"a\x7f", "a\xef\xbf\xbd", "a?", true},
		{"a\xc2\x9b"
		 "31m",
		 "a\xef\xbf\xbd"
		 "31m",
		 "a?31m", true},                        /* C1 CSI */
		{"a\x9b", "a\xef\xbf\xbd", "a?", true}, /* raw C1 byte */
		{"\xe2\x80\xae"
		 "cba",
		 "\xef\xbf\xbd"
		 "cba",
		 "?cba", true},                                       /* RLO */
		{"\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd", "??", true}, /* overlong */
		{"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", "???",
		 true}, /* surrogate */
		{"\xf5\x80", "\xef\xbf\xbd\xef\xbf\xbd", "??", true},
	};

	UNUSED_STATE;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct strbuf u = STRBUF_INIT, a = STRBUF_INIT;

		assert_int_equal(text_clean(S(rows[i].raw), false, &u), rows[i].cleaned);
		assert_int_equal(text_clean(S(rows[i].raw), true, &a), rows[i].cleaned);
		assert_string_equal(strbuf_str(&u), rows[i].utf8);
		assert_string_equal(strbuf_str(&a), rows[i].ascii);
		assert_int_equal(text_is_clean(S(rows[i].raw)), !rows[i].cleaned);
		strbuf_free(&u);
		strbuf_free(&a);
	}
}

TEST(good_utf8_stays_and_only_ascii_mode_replaces_it)
{
	struct strbuf u = STRBUF_INIT;

	UNUSED_STATE;
	assert_false(text_clean(S("M\xc3\xbcller \xe6\x9d\xb1"), false, &u));
	assert_string_equal(strbuf_str(&u), "M\xc3\xbcller \xe6\x9d\xb1");
	assert_int_equal(text_width(strbuf_slice(&u)), 9);
	strbuf_clear(&u);
	assert_true(text_clean(S("M\xc3\xbc"), true, &u));
	assert_string_equal(strbuf_str(&u), "M?");
	strbuf_free(&u);
}

TEST(cleaning_into_a_buffer_never_cuts_a_character)
{
	char buf[4];

	UNUSED_STATE;
	text_clean_buf(S("ab\xc3\xbc"), buf, sizeof(buf));
	assert_string_equal(buf, "ab");
}

TEST(durations_read_like_a_person_says_them_and_parse_back)
{
	static const struct {
		int64_t s;
		const char *text;
	} rows[] = {{0, "0s"},        {59, "59s"},     {60, "1m00s"},
		    {3599, "59m59s"}, {3600, "1h00m"}, {86399, "23h59m"},
		    {86400, "1d00h"}, {-75, "-1m15s"}, {8640000, "100d00h"}};
	char out[16];
	int64_t s;

	UNUSED_STATE;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(text_duration(rows[i].s, out), rows[i].text);
	assert_true(text_parse_duration(S("1h30m"), &s));
	assert_int_equal(s, 5400);
	assert_true(text_parse_duration(S("-90"), &s));
	assert_int_equal(s, -90);
	assert_false(text_parse_duration(S("5x"), &s));
	assert_false(text_parse_duration(S(""), &s));
	assert_string_equal(text_duration(INT64_MIN, out), "->999y");
}

TEST(times_are_rfc_3339_in_utc_both_ways)
{
	char out[28];
	int64_t ms;

	UNUSED_STATE;
	assert_string_equal(text_rfc3339(1935976360, out), "2031-05-08T03:12:40Z");
	assert_string_equal(text_rfc3339_ms(1935976360007, out), "2031-05-08T03:12:40.007Z");
	assert_true(text_parse_rfc3339(S("2031-05-08T03:12:40.007Z"), &ms));
	assert_int_equal(ms, 1935976360007);
	assert_false(text_parse_rfc3339(S("2031-05-08T03:12:40+01:00"), &ms));
	assert_false(text_parse_rfc3339(S("2031-13-08T03:12:40Z"), &ms));
	assert_string_equal(text_rfc3339(INT64_MAX / 1000, out), "");
}

TEST(addresses_parse_without_names)
{
	struct netaddr a;
	char s[NETADDR_STR];

	UNUSED_STATE;
	assert_int_equal(netaddr_parse_hostport(S("192.0.2.1:5061"), 5060, &a), 0);
	assert_string_equal(netaddr_format(&a, s), "192.0.2.1:5061");
	assert_int_equal(netaddr_parse_hostport(S("[2001:db8::1]"), 5060, &a), 0);
	assert_string_equal(netaddr_format(&a, s), "[2001:db8::1]:5060");
	assert_int_equal(netaddr_parse_hostport(S("2001:db8::1"), 7, &a), 0);
	assert_int_equal(netaddr_port(&a), 7);
	assert_true(netaddr_parse_hostport(S("localhost:5060"), 0, &a) < 0);
	assert_true(netaddr_parse_hostport(S("192.0.2.1:"), 0, &a) < 0);
	assert_true(netaddr_parse_hostport(S("192.0.2.1:99999"), 0, &a) < 0);
	assert_true(netaddr_parse_hostport(S("[::1]x"), 0, &a) < 0);
}

TEST(private_loopback_and_cidr_are_told_apart)
{
	static const struct {
		const char *host;
		bool private, loopback;
	} rows[] = {{"10.1.2.3", true, false},    {"172.31.0.1", true, false},
		    {"172.32.0.1", false, false}, {"100.64.0.1", true, false},
		    {"127.9.9.9", false, true},   {"::1", false, true},
		    {"fd00::1", true, false},     {"fe80::1", true, false},
		    {"192.0.2.1", false, false},  {"2001:db8::1", false, false}};
	struct netcidr c;
	struct netaddr a;

	UNUSED_STATE;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(netaddr_parse(S(rows[i].host), 0, &a), 0);
		assert_int_equal(netaddr_is_private(&a), rows[i].private);
		assert_int_equal(netaddr_is_loopback(&a), rows[i].loopback);
	}
	assert_int_equal(netcidr_parse(S("192.0.2.128/25"), &c), 0);
	netaddr_parse(S("192.0.2.129"), 5, &a);
	assert_true(netcidr_contains(&c, &a));
	netaddr_parse(S("192.0.2.1"), 5, &a);
	assert_false(netcidr_contains(&c, &a));
	assert_true(netcidr_parse(S("192.0.2.0/33"), &c) < 0);
}

TEST(a_sip_uri_splits_into_its_parts)
{
	struct sip_uri u;
	struct slice v;

	UNUSED_STATE;
	assert_int_equal(
		sip_uri_split(S("sip:al;ice:pw@[2001:db8::1]:5070;transport=TCP;lr?a=b"), &u), 0);
	assert_slice_equal(u.user, "al;ice");
	assert_slice_equal(u.password, "pw");
	assert_slice_equal(u.host, "2001:db8::1");
	assert_int_equal(u.port, 5070);
	assert_slice_equal(u.headers, "a=b");
	assert_true(sip_uri_param(&u, "LR", &v));
	assert_int_equal(v.n, 0);
	assert_int_equal(sip_uri_transport(&u), TRANSPORT_TCP);
	assert_int_equal(sip_uri_split(S("mailto:a@b"), &u), 0);
	assert_false(u.is_sip);
	assert_int_equal(sip_uri_split(S("sips:a@b;transport=tcp"), &u), 0);
	assert_int_equal(sip_uri_transport(&u), TRANSPORT_TLS);
}

TEST(what_is_no_uri_is_refused)
{
	static const char *const bad[] = {"",
					  "sip:",
					  "alice@h",
					  "sip:a@",
					  "sip:a@h:0",
					  "sip:a@h:99999",
					  "sip:a@[::1",
					  "sip:a b@h",
					  "sip:a@h\r\nX: y",
					  "sip:a@b@c",
					  "1ip:a@b",
					  "sip:a@h:",
					  "sip:a@h>;x=<"};
	struct sip_uri u;

	UNUSED_STATE;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_true(sip_uri_split(S(bad[i]), &u) < 0);
}

TEST(the_first_uri_of_a_path_is_found_behind_display_names)
{
	UNUSED_STATE;
	assert_slice_equal(sip_uri_first_of_list(S("\"a, <b>\" <sip:e;lr>, <sip:n>")), "sip:e;lr");
	assert_slice_equal(sip_uri_first_of_list(S(" sip:e , sip:n")), "sip:e");
	assert_int_equal(sip_uri_first_of_list(S("<sip:e")).n, 0);
	assert_int_equal(sip_uri_first_of_list(SLICE_NONE).n, 0);
}

TEST(escapes_are_undone_within_the_buffer)
{
	char buf[8];

	UNUSED_STATE;
	assert_int_equal(sip_uri_unescape(S("a%62%zz%6"), buf, sizeof(buf)), 7);
	assert_string_equal(buf, "ab%zz%6");
	assert_int_equal(sip_uri_unescape(S("0123456789"), buf, sizeof(buf)), 7);
}

TEST(a_string_builder_grows_and_hands_over)
{
	struct strbuf b = STRBUF_INIT;
	char *p;

	UNUSED_STATE;
	assert_string_equal(strbuf_str(&b), "");
	for (int i = 0; i < 1000; i++)
		strbuf_addf(&b, "%d,", i);
	assert_int_equal(b.n, 3890);
	p = strbuf_take(&b);
	assert_int_equal(strlen(p), 3890);
	assert_int_equal(b.n, 0);
	free(p);
}

TEST(tokens_differ_and_the_fake_clock_obeys)
{
	char a[17], b[17];
	struct clock_fake f;

	UNUSED_STATE;
	random_token(a, 16);
	random_token(b, 16);
	assert_int_equal(strlen(a), 16);
	assert_string_not_equal(a, b);
	assert_true(hash_bytes("abcdefghi", 9) == hash_bytes("abcdefghi", 9));
	assert_true(hash_bytes("abcdefghi", 9) != hash_bytes("abcdefghj", 9));
	clock_fake_init(&f, 5000);
	clock_fake_advance(&f, 1500);
	assert_int_equal(clock_wall_ms(&f.clock), 6500);
	assert_int_equal(clock_wall_s(&f.clock), 6);
}

TEST(an_error_keeps_code_words_and_hint)
{
	struct err e = ERR_NONE;

	UNUSED_STATE;
	assert_int_equal(err_set(&e, -5, "Do this.", "it %s", "broke"), -5);
	assert_string_equal(e.what, "it broke");
	assert_string_equal(e.hint, "Do this.");
	assert_int_equal(err_set(NULL, -7, NULL, "x"), -7);
}

static int64_t at(const struct zone *z, const char *local)
{
	int64_t ms;

	assert_true(text_parse_rfc3339(slice_of(local), &ms));
	return zone_to_unix(z, ms / 1000);
}

TEST(a_wall_clock_of_another_zone_is_told_in_unix_time)
{
	struct zone *z = zone_new("America/New_York", NULL);
	struct err e;

	UNUSED_STATE;
	if (!z)
		SKIP("this machine has no table of time zones");
	assert_int_equal(at(z, "2026-11-22T19:00:00Z"), 1795392000);
	assert_int_equal(at(z, "2026-07-01T20:00:00Z"), 1782950400);
	/* clocks go forward on 2026-03-08 at 02:00: 02:30 is not there, and counts from before */
	assert_int_equal(at(z, "2026-03-08T01:59:59Z") + 1, at(z, "2026-03-08T03:00:00Z"));
	assert_int_equal(at(z, "2026-03-08T02:30:00Z"), at(z, "2026-03-08T03:30:00Z"));
	/* and back on 2026-11-01 at 02:00: 01:30 comes twice, the first is meant */
	assert_int_equal(at(z, "2026-11-01T01:30:00Z"), at(z, "2026-11-01T00:30:00Z") + 3600);
	assert_int_equal(at(z, "2026-11-01T02:00:00Z"), at(z, "2026-11-01T01:00:00Z") + 7200);
	zone_free(z);
	z = zone_new("UTC", NULL);
	assert_int_equal(at(z, "2026-11-22T19:00:00Z"), 1795374000);
	zone_free(z);
	/* the zone of the process is what it was */
	assert_string_equal(getenv("TZ") ? getenv("TZ") : "UTC", "UTC");
	assert_null(zone_new("Nowhere/Town", &e));
	assert_int_equal(e.code, -EINVAL);
	assert_null(zone_new("../../etc/passwd", &e));
	assert_null(zone_new("", &e));
}

TEST(text_is_found_wherever_it_stands)
{
	char hay[80], needle[80], lowered[80];
	unsigned random = 7;

	UNUSED_STATE;
	for (unsigned round = 0; round < 60000; round++) {
		size_t n, m, at;
		ptrdiff_t want = -1;

		for (size_t i = 0; i < sizeof(hay); i++) {
			random = random * 1103515245 + 12345;
			/* few letters, and the bytes that differ from a letter by one bit */
			hay[i] = "aAbB@`[{\xe1\0z"[random >> 16 & 11];
		}
		n = random >> 20 & 63;
		m = 1 + (random >> 26 & 7);
		at = random >> 8 & 63;
		memcpy(needle, hay + at, m);
		for (size_t i = 0; i < m; i++)
			if (needle[i] >= 'a' && needle[i] <= 'z')
				needle[i] = (char)(needle[i] - 32);
		memcpy(lowered, hay, sizeof(hay));
		for (size_t i = 0; i < sizeof(hay); i++)
			if (lowered[i] >= 'a' && lowered[i] <= 'z')
				lowered[i] = (char)(lowered[i] - 32);
		for (size_t i = 0; want < 0 && i + m <= n; i++)
			if (memcmp(lowered + i, needle, m) == 0)
				want = (ptrdiff_t)i;
		assert_int_equal(slice_find_icase(slice_make(hay, n), slice_make(needle, m)), want);
		assert_true(slice_ieq(slice_make(hay + at, m), slice_make(needle, m)));
	}
	assert_false(slice_ieq(slice_make("a\0x", 3), slice_make("a\0y", 3)));
}

static void hashes_to(const char *text, size_t n, const char *hex)
{
	unsigned char hash[SHA256_SIZE];
	char got[2 * SHA256_SIZE + 1];

	sha256(text, n, hash);
	for (int i = 0; i < SHA256_SIZE; i++)
		snprintf(got + 2 * i, 3, "%02x", hash[i]);
	assert_string_equal(got, hex);
}

/* FIPS 180-4, the examples of its authors; and every place where the padding takes another form. */
TEST(sha_256_is_that_of_the_standard)
{
	static const struct {
		size_t n;
		const char *hex;
	} rows[] = {
		{0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
		{1, "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"},
		{55, "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318"},
		{56, "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a"},
		{63, "7d3e74a05d7db15bce4ad9ec0658ea98e3f06eeecf16b4c6fff2da457ddc2f34"},
		{64, "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb"},
		{65, "635361c48bb9eab14198e76ea8ab7f1a41685d6ad62aa9146d301d4f17eb0ae0"},
		{119, "31eba51c313a5c08226adf18d4a359cfdfd8d2e816b13f4af952f7ea6584dcfb"},
		{120, "2f3d335432c70b580af0e8e1b3674a7c020d683aa5f73aaaedfdc55af904c21c"},
		{1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
	};
	char *many = xmalloc(1000000);

	UNUSED_STATE;
	hashes_to("abc", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	memset(many, 'a', 1000000);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		hashes_to(many, rows[i].n, rows[i].hex);
	free(many);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(sha_256_is_that_of_the_standard),
		T(a_wall_clock_of_another_zone_is_told_in_unix_time),
		T(text_is_found_wherever_it_stands),
		T(a_slice_compares_and_searches_without_a_nul),
		T(numbers_are_whole_and_within_their_limit),
		T(outside_text_loses_everything_that_a_terminal_would_obey),
		T(good_utf8_stays_and_only_ascii_mode_replaces_it),
		T(cleaning_into_a_buffer_never_cuts_a_character),
		T(durations_read_like_a_person_says_them_and_parse_back),
		T(times_are_rfc_3339_in_utc_both_ways),
		T(addresses_parse_without_names),
		T(private_loopback_and_cidr_are_told_apart),
		T(a_sip_uri_splits_into_its_parts),
		T(what_is_no_uri_is_refused),
		T(the_first_uri_of_a_path_is_found_behind_display_names),
		T(escapes_are_undone_within_the_buffer),
		T(a_string_builder_grows_and_hands_over),
		T(tokens_differ_and_the_fake_clock_obeys),
		T(an_error_keeps_code_words_and_hint),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
