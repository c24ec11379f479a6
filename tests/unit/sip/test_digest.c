/* Tests of sip/digest: the vectors of RFC 2617 and RFC 7616, and challenges of every kind. */
#include "test.h"

#include <errno.h>
#include "sip/digest.h"

static struct digest_challenge read_well(const char *value)
{
	struct digest_challenge c;

	assert_int_equal(digest_read_challenge(slice_of(value), &c), 0);
	return c;
}

static int reading(const char *value)
{
	struct digest_challenge c;

	return digest_read_challenge(slice_of(value), &c);
}

static void answers(const char *challenge, const struct digest_request *r, const char *expected)
{
	struct digest_challenge c = read_well(challenge);
	struct strbuf out = STRBUF_INIT;

	digest_write_answer(&out, &c, r);
	assert_string_equal(strbuf_str(&out), expected);
	strbuf_free(&out);
}

TEST(rfc_2617_3_5)
{
	struct digest_request r = {.user = SLICE_LIT("Mufasa"),
				   .password = SLICE_LIT("Circle Of Life"),
				   .method = "GET",
				   .uri = SLICE_LIT("/dir/index.html"),
				   .cnonce = "0a4f113b"};

	UNUSED_STATE;
	answers("Digest realm=\"testrealm@host.com\", qop=\"auth,auth-int\", "
		"nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", "
		"opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"",
		&r,
		"Digest username=\"Mufasa\", realm=\"testrealm@host.com\", "
		"nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", uri=\"/dir/index.html\", "
		"response=\"6629fae49393a05397450978507c4ef1\", "
		"opaque=\"5ccc069c403ebaf9f0171e9517f40e41\", qop=auth, nc=00000001, "
		"cnonce=\"0a4f113b\"");
}

#define RFC7616(algorithm)                                                                         \
	"Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm=" algorithm     \
	", nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", "                               \
	"opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
#define RFC7616_ANSWER(algorithm, response)                                                        \
	"Digest username=\"Mufasa\", realm=\"http-auth@example.org\", "                            \
	"nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", uri=\"/dir/index.html\", "        \
	"response=\"" response "\", algorithm=" algorithm                                          \
	", opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\", qop=auth, nc=00000001, "       \
	"cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\""

static const struct digest_request rfc7616 = {
	.user = {"Mufasa", 6},
	.password = {"Circle of Life", 14},
	.method = "GET",
	.uri = {"/dir/index.html", 15},
	.cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
};

TEST(rfc_7616_3_9_1_with_md5_and_with_sha_256)
{
	UNUSED_STATE;
	answers(RFC7616("MD5"), &rfc7616,
		RFC7616_ANSWER("MD5", "8ca523f5e9506fed4657c9700eebdbec"));
	answers(RFC7616("SHA-256"), &rfc7616,
		RFC7616_ANSWER("SHA-256", "753927fa0e85d155564e2e272a28d180"
					  "2ca10daf4496794697cf8db5856cb6c1"));
}

/* RFC 2617 3.2.2.1: KD(H(A1), nonce ":" H(A2)). */
TEST(without_qop_neither_nc_nor_cnonce_is_said)
{
	struct digest_request r = {.user = SLICE_LIT("bob"),
				   .password = SLICE_LIT("zanzibar"),
				   .method = "INVITE",
				   .uri = SLICE_LIT("sip:alice@acme.example"),
				   .cnonce = "unused"};

	UNUSED_STATE;
	answers("digest realm=\"acme.example\",nonce=\"abc\",stale=TRUE", &r,
		"Digest username=\"bob\", realm=\"acme.example\", nonce=\"abc\", "
		"uri=\"sip:alice@acme.example\", response=\"97266cb5fcceeda2551a02ea3e9c66d2\"");
	assert_true(read_well("digest realm=\"acme.example\",nonce=\"abc\",stale=TRUE").stale);
}

TEST(what_cannot_be_answered_is_refused_with_the_reason)
{
	UNUSED_STATE;
	assert_int_equal(reading("Digest realm=\"r\", nonce=\"n\", algorithm=MD5-sess"),
			 -EPROTONOSUPPORT);
	assert_int_equal(reading("Digest realm=\"r\", nonce=\"n\", algorithm=SHA-256-sess"),
			 -EPROTONOSUPPORT);
	assert_int_equal(reading("Digest realm=\"r\", nonce=\"n\", algorithm=SHA-512-256"),
			 -EPROTONOSUPPORT);
	assert_int_equal(reading("Digest realm=\"r\", nonce=\"n\", qop=\"auth-int\""),
			 -EPROTONOSUPPORT);
	assert_int_equal(reading("Digest realm=\"r\", algorithm=MD5"), -EINVAL);
	assert_int_equal(reading("Digest nonce=\"n\""), -EINVAL);
	assert_int_equal(reading("Basic realm=\"r\", nonce=\"n\""), -EINVAL);
	assert_int_equal(reading("Digestrealm=\"r\", nonce=\"n\""), -EINVAL);
	assert_int_equal(reading("Digest"), -EINVAL);
	assert_int_equal(reading(""), -EINVAL);
}

TEST(commas_and_escapes_inside_quotes_stay_as_they_are)
{
	struct digest_challenge c = read_well(
		"Digest nonce=\"a,b=c\", realm=\"the \\\"inner\\\" ring\" , opaque=\"\", x=y,,");

	UNUSED_STATE;
	assert_slice_equal(c.nonce, "a,b=c");
	assert_slice_equal(c.realm, "the \\\"inner\\\" ring");
	assert_true(c.has_opaque);
	assert_int_equal(c.opaque.n, 0);
	assert_false(c.qop || c.stale || c.named);
}

TEST(a_name_with_quotes_is_escaped_and_a_nonce_cannot_begin_a_header)
{
	struct digest_request r = {.user = SLICE_LIT("a\"b\\c"),
				   .password = SLICE_LIT("p"),
				   .method = "INVITE",
				   .uri = SLICE_LIT("sip:x@y"),
				   .cnonce = "c"};
	struct digest_challenge c = {.realm = SLICE_LIT("r"), .nonce = SLICE_LIT("n\r\nX: y")};
	struct strbuf out = STRBUF_INIT;

	UNUSED_STATE;
	digest_write_answer(&out, &c, &r);
	assert_non_null(strstr(strbuf_str(&out), "username=\"a\\\"b\\\\c\", "));
	assert_non_null(strstr(strbuf_str(&out), "nonce=\"nX: y\""));
	assert_null(strchr(strbuf_str(&out), '\n'));
	strbuf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(rfc_2617_3_5),
		T(rfc_7616_3_9_1_with_md5_and_with_sha_256),
		T(without_qop_neither_nc_nor_cnonce_is_said),
		T(what_cannot_be_answered_is_refused_with_the_reason),
		T(commas_and_escapes_inside_quotes_stay_as_they_are),
		T(a_name_with_quotes_is_escaped_and_a_nonce_cannot_begin_a_header),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
