/* Tests of sip/uri_compare: which contacts are one, and which account a URI names. */
#include <errno.h>
#include <stdio.h>
#include "test.h"
#include "sip/uri_compare.h"

struct pair {
	const char *a, *b;
};

static void expect_pairs(const struct pair *p, size_t n, bool same)
{
	for (size_t i = 0; i < n; i++) {
		/* Neither order may matter. */
		if (sip_uri_same(slice_of(p[i].a), slice_of(p[i].b)) != same ||
		    sip_uri_same(slice_of(p[i].b), slice_of(p[i].a)) != same)
			fail_msg("%s and %s: not %s", p[i].a, p[i].b, same ? "same" : "different");
	}
}

#define EXPECT_SAME(t)  expect_pairs((t), sizeof(t) / sizeof((t)[0]), true)
#define EXPECT_OTHER(t) expect_pairs((t), sizeof(t) / sizeof((t)[0]), false)

TEST(the_examples_of_rfc_3261_19_1_4_that_are_equal)
{
	static const struct pair p[] = {
		{"sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"},
		{"sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"},
		{"sip:carol@chicago.com", "sip:carol@chicago.com;security=on"},
		{"sip:carol@chicago.com;newparam=5", "sip:carol@chicago.com;security=on"},
		{"sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
		 "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com"},
		{"sip:alice@atlanta.com?subject=project%20x&priority=urgent",
		 "sip:alice@atlanta.com?priority=urgent&subject=project%20x"},
	};

	UNUSED_STATE;
	EXPECT_SAME(p);
}

TEST(the_examples_of_rfc_3261_19_1_4_that_differ)
{
	static const struct pair p[] = {
		{"SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"},
		{"sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"},
		{"sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"},
		{"sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"},
		{"sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"},
		{"sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"},
		{"sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"},
	};

	UNUSED_STATE;
	EXPECT_OTHER(p);
}

TEST(each_part_is_compared_by_its_own_rule)
{
	static const struct pair same[] = {
		{"sip:a@h", "SIP:a@H"},
		{"sip:a:p@h", "sip:a:%70@h"},
		{"sip:a@[2001:DB8::1]", "sip:a@[2001:db8:0:0::1]"},
		{"sip:a@192.0.2.4:5060", "sip:a@192.0.2.4:05060"},
		{"sip:a@h;x=%41", "sip:a@h;x=a"},
		{"sip:a@h;lr", "sip:a@h;LR"},
		{"sip:a@h;;x=1", "sip:a@h;x=1"},
		{"mailto:a@h", "MAILTO:a@h"},
		{"tel:+4930123", "tel:+4930123"},
	};
	static const struct pair other[] = {
		{"sip:a@h", "sips:a@h"},
		{"sip:a@h", "sip:A@h"},
		{"sip:a@h", "sip:h"},
		{"sip:a:p@h", "sip:a@h"},
		{"sip:a:p@h", "sip:a:P@h"},
		{"sip:a:@h", "sip:a@h"},
		{"sip:a@[::1]", "sip:a@[::2]"},
		{"sip:a@127.0.0.1", "sip:a@localhost"},
		{"sip:a@h:5060", "sip:a@h:5061"},
		{"sip:a@h;user=phone", "sip:a@h"},
		{"sip:a@h;ttl=1", "sip:a@h"},
		{"sip:a@h;method=INVITE", "sip:a@h"},
		{"sip:a@h;maddr=192.0.2.1", "sip:a@h"},
		{"sip:a@h;maddr=192.0.2.1", "sip:a@h;maddr=192.0.2.2"},
		{"sip:a@h?x=1&y=2", "sip:a@h?x=1"},
		{"sip:a@h?x=A", "sip:a@h?x=a"},
		{"mailto:a@h", "mailto:a@H"},
		{"mailto:a@h", "sip:a@h"},
		{"no uri", "sip:a@h"},
		{"sip:a%@h", "sip:a@h"},
	};

	UNUSED_STATE;
	EXPECT_SAME(same);
	EXPECT_OTHER(other);
}

TEST(the_relation_is_not_transitive)
{
	static const struct pair same[] = {{"sip:a@h;x=1", "sip:a@h"}, {"sip:a@h", "sip:a@h;x=2"}};
	static const struct pair other[] = {{"sip:a@h;x=1", "sip:a@h;x=2"}};

	UNUSED_STATE;
	EXPECT_SAME(same);
	EXPECT_OTHER(other);
}

TEST(every_text_is_the_same_as_itself)
{
	static const struct pair p[] = {
		{"sip:a@h;x=1;x=2", "sip:a@h;x=1;x=2"},
		{"not a uri", "not a uri"},
		{"sip:a@h?x=1&x=2", "sip:a@h?x=1&x=2"},
		{"", ""},
	};

	UNUSED_STATE;
	EXPECT_SAME(p);
}

TEST(a_long_parameter_name_counts_like_a_short_one)
{
	char a[256], b[256];
	struct pair p[1] = {{a, b}};

	UNUSED_STATE;
	snprintf(a, sizeof(a), "sip:a@h;%0100d=1", 0);
	snprintf(b, sizeof(b), "sip:a@h;%0100d=2", 0);
	expect_pairs(p, 1, false);
	b[strlen(b) - 1] = '1';
	expect_pairs(p, 1, true);
}

static void expect_aor(const char *uri, unsigned port, const char *user, const char *domain)
{
	struct strbuf u = STRBUF_INIT, d = STRBUF_INIT;

	assert_int_equal(sip_uri_canonical_aor(slice_of(uri), port, &u, &d), 0);
	assert_string_equal(strbuf_str(&u), user);
	assert_string_equal(strbuf_str(&d), domain);
	strbuf_free(&u);
	strbuf_free(&d);
}

TEST(an_account_has_one_name_however_it_is_written)
{
	UNUSED_STATE;
	expect_aor("sip:alice@acme.example", 5060, "alice", "acme.example");
	expect_aor("sips:alice@ACME.Example", 5060, "alice", "acme.example");
	expect_aor("sip:%61lice@acme.example;user=phone;transport=tcp", 5060, "alice",
		   "acme.example");
	expect_aor("sip:Alice:secret@acme.example?x=y", 5060, "Alice", "acme.example");
	/* Once, not twice. */
	expect_aor("sip:%2561@acme.example", 5060, "%61", "acme.example");
	expect_aor("sip:a%40b@acme.example", 5060, "a@b", "acme.example");
	expect_aor("sip:+49%2030@acme.example", 5060, "+49 30", "acme.example");
	expect_aor("sip:a@acme.example:5060", 5060, "a", "acme.example");
	expect_aor("sip:a@acme.example:5070", 5070, "a", "acme.example");
	expect_aor("sip:a@acme.example:5060", 5070, "a", "acme.example:5060");
	expect_aor("sip:a@[2001:DB8:0::1]:5062", 5060, "a", "[2001:db8::1]:5062");
}

TEST(what_names_no_account_is_refused)
{
	static const char *const bad[] = {
		"sip:acme.example",
		"tel:+4930123",
		"mailto:a@h",
		"sip:@acme.example",
		"sip:a%00b@acme.example",
		"sip:a%0d%0ab@h",
		"sip:a%7f@h",
		"sip:a@",
		"alice@acme.example",
		"",
	};
	struct strbuf u = STRBUF_INIT, d = STRBUF_INIT;
	char longest[700] = "sip:";

	UNUSED_STATE;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (sip_uri_canonical_aor(slice_of(bad[i]), 5060, &u, &d) != -EINVAL)
			fail_msg("%s", bad[i]);
	memset(longest + 4, 'a', 600);
	memcpy(longest + 604, "@h", 3);
	assert_int_equal(sip_uri_canonical_aor(slice_of(longest), 5060, &u, &d), -EINVAL);
	assert_int_equal(u.n + d.n, 0);
	strbuf_free(&u);
	strbuf_free(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_examples_of_rfc_3261_19_1_4_that_are_equal),
		T(the_examples_of_rfc_3261_19_1_4_that_differ),
		T(each_part_is_compared_by_its_own_rule),
		T(the_relation_is_not_transitive),
		T(every_text_is_the_same_as_itself),
		T(a_long_parameter_name_counts_like_a_short_one),
		T(an_account_has_one_name_however_it_is_written),
		T(what_names_no_account_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
