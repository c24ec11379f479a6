/* Kamailio's ctl protocol: what a real one said, what older ones say, and what nobody should. */
#include <errno.h>
#include <stdlib.h>
#include "base/alloc.h"
#include "source/rpc/binrpc.h"
#include "binrpc_recorded.h"
#include "test.h"

/* Appends bytes given as hexadecimal; blanks are left out. */
static void add_hex(struct strbuf *out, const char *hex)
{
	int half = -1;

	for (; *hex; hex++) {
		int digit = slice_hex_digit(*hex);

		if (*hex == ' ')
			continue;
		assert_true(digit >= 0);
		if (half >= 0)
			strbuf_add_char(out, (char)(half << 4 | digit));
		half = half < 0 ? digit : -1;
	}
	assert_int_equal(half, -1);
}

static void assert_json(const json_t *got, const char *wanted)
{
	json_t *w = json_loads(wanted, JSON_DECODE_ANY, NULL);
	char *text;

	assert_non_null(w);
	if (!json_equal(got, w)) {
		text = json_dumps(got, JSON_COMPACT | JSON_ENCODE_ANY);
		fail_msg("got    %s\nwanted %s", text ? text : "nothing", wanted);
	}
	json_decref(w);
}

/* The answer that a reply with this body gives; NULL when it is none. */
static json_t *answered(const char *method, const char *body_hex)
{
	struct strbuf body = STRBUF_INIT;
	struct binrpc_packet p = {.cookie = 1};
	json_t *doc = NULL;
	char *exact;
	int rc;

	add_hex(&body, body_hex);
	/* A copy of exactly this size: a byte read beyond it is seen. */
	exact = xmalloc(body.n ? body.n : 1);
	if (body.n)
		memcpy(exact, body.p, body.n);
	p.body = slice_make(exact, body.n);
	rc = binrpc_answer(&p, method, &doc);
	assert_int_equal(rc, doc ? 0 : -EPROTO);
	free(exact);
	strbuf_free(&body);
	return doc;
}

static void assert_result(const char *method, const char *body_hex, const char *wanted)
{
	json_t *doc = answered(method, body_hex);

	assert_non_null(doc);
	assert_json(json_object_get(doc, "result"), wanted);
	json_decref(doc);
}

static void assert_no_answer(const char *body_hex)
{
	json_t *doc = answered("x", body_hex);

	if (doc)
		fail_msg("%s was taken", body_hex);
}

#define COUNT (sizeof(recorded) / sizeof(*recorded))

TEST(requests_are_what_kamailio_understood)
{
	UNUSED_STATE;
	for (size_t i = 0; i < COUNT; i++) {
		struct strbuf got = STRBUF_INIT, wanted = STRBUF_INIT;
		json_t *params = json_loads(recorded[i].params, 0, NULL);

		add_hex(&wanted, recorded[i].request);
		assert_int_equal(binrpc_request(recorded[i].method, params, 0x1b2c3d4e, &got), 0);
		assert_int_equal(got.n, wanted.n);
		assert_memory_equal(got.p, wanted.p, got.n);
		json_decref(params);
		strbuf_free(&got);
		strbuf_free(&wanted);
	}
}

TEST(replies_say_what_the_other_channels_say)
{
	UNUSED_STATE;
	for (size_t i = 0; i < COUNT; i++) {
		struct strbuf reply = STRBUF_INIT;
		struct binrpc_packet p;
		json_t *doc = NULL;

		add_hex(&reply, recorded[i].reply);
		assert_int_equal(binrpc_packet(strbuf_slice(&reply), &p), 0);
		assert_int_equal(p.cookie, 0x1b2c3d4e);
		assert_int_equal(p.size, reply.n);
		assert_int_equal(binrpc_answer(&p, recorded[i].method, &doc), 0);
		assert_json(doc, recorded[i].answer);
		json_decref(doc);
		strbuf_free(&reply);
	}
}

TEST(every_part_of_a_reply_wants_more)
{
	UNUSED_STATE;
	struct strbuf reply = STRBUF_INIT;
	struct binrpc_packet p;

	add_hex(&reply, recorded[0].reply);
	for (size_t n = 0; n < reply.n; n++) {
		assert_int_equal(binrpc_packet(slice_make(reply.p, n), &p), BINRPC_MORE);
		assert_int_equal(p.size, n < 8 ? 0 : reply.n);
	}
	/* What follows is the next packet's. */
	strbuf_add_str(&reply, "\xa1");
	assert_int_equal(binrpc_packet(strbuf_slice(&reply), &p), 0);
	assert_int_equal(p.size, reply.n - 1);
	strbuf_free(&reply);
}

TEST(a_cut_body_is_no_answer)
{
	UNUSED_STATE;
	struct strbuf reply = STRBUF_INIT;
	struct binrpc_packet p;
	json_t *doc = NULL;

	add_hex(&reply, recorded[0].reply);
	assert_int_equal(binrpc_packet(strbuf_slice(&reply), &p), 0);
	for (size_t n = p.body.n - 1; n > 0; n--) {
		struct binrpc_packet cut = p;

		cut.body.n = n;
		assert_int_equal(binrpc_answer(&cut, recorded[0].method, &doc), -EPROTO);
	}
	strbuf_free(&reply);
}

TEST(a_short_cookie_is_a_number)
{
	UNUSED_STATE;
	struct binrpc_packet p;

	assert_int_equal(binrpc_packet(SLICE_LIT("\xa1\x10\x00\x07"), &p), 0);
	assert_int_equal(p.cookie, 7);
	assert_int_equal(p.body.n, 0);
	assert_false(p.fault);
}

TEST(what_is_no_reply_is_told)
{
	UNUSED_STATE;
	struct binrpc_packet p;

	assert_int_equal(binrpc_packet(SLICE_LIT("H"), &p), -EPROTO);
	assert_int_equal(binrpc_packet(SLICE_LIT("{\"jsonrpc\""), &p), -EPROTO);
	/* A request, and a type that there is not. */
	assert_int_equal(binrpc_packet(SLICE_LIT("\xa1\x00\x00\x01"), &p), -EPROTO);
	assert_int_equal(binrpc_packet(SLICE_LIT("\xa1\x23\x00\x01"), &p), -EPROTO);
	/* Four GiB less one. */
	assert_int_equal(binrpc_packet(SLICE_LIT("\xa1\x1c\xff\xff\xff\xff\x01"), &p), -EMSGSIZE);
}

TEST(a_negative_double_takes_eight_bytes_and_its_size_four_bits)
{
	UNUSED_STATE;
	/* Read as a flag, the 8 in 82 would shift everything that follows. */
	assert_result("x", "03 25 51 00 82 ff ff ff ff ff ff fc 18 25 52 00 10 07 83",
		      "{\"Q\": -1, \"R\": 7}");
	assert_result("x", "82 ff ff ff ff ff ff fe 0c", "-0.5");
}

TEST(up_to_kamailio_5_5_a_negative_double_takes_four_bytes)
{
	UNUSED_STATE;
	assert_result("x", "42 ff ff fc 18", "-1");
	assert_result("x", "42 ff ff fe 0c", "-0.5");
}

TEST(doubles_are_thousandths)
{
	UNUSED_STATE;
	assert_result("x", "02", "0");
	assert_result("x", "22 02 bc", "0.7");
	assert_result("x", "22 03 e8", "1");
	assert_result("x", "22 03 e9", "1.001");
}

TEST(integers_are_as_short_as_they_can_be_and_signed)
{
	UNUSED_STATE;
	assert_result("x", "00", "0");
	assert_result("x", "10 ff", "255");
	assert_result("x", "20 ff ff", "65535");
	assert_result("x", "40 7f ff ff ff", "2147483647");
	assert_result("x", "40 ff ff ff ff", "-1");
	assert_result("x", "40 80 00 00 00", "-2147483648");
	assert_result("x", "50 01 00 00 00 00", "4294967296");
	assert_no_answer("90 09 01 02 03 04 05 06 07 08 09");
}

TEST(method_bits_and_hashes_have_no_sign)
{
	UNUSED_STATE;
	assert_result("x",
		      "03 95 08 4d 6574686f647300 40 ffffffff 75 48617368494400 40 80000000 "
		      "55 41 422d4300 40 ffffffff 83",
		      "{\"Methods\": 4294967295, \"HashID\": 2147483648, \"AB-C\": -1}");
}

TEST(a_repeated_name_makes_a_list)
{
	UNUSED_STATE;
	assert_result("x", "03 25 4100 10 01 25 4200 10 02 25 4100 10 03 83",
		      "[{\"A\": 1}, {\"B\": 2}, {\"A\": 3}]");
	assert_result("x", "03 25 4100 10 01 25 4200 10 02 83", "{\"A\": 1, \"B\": 2}");
}

TEST(usrlocs_lists_are_lists_whatever_is_in_them)
{
	UNUSED_STATE;
	assert_result("x", "03 55 41 6f527300 03 83 83", "{\"AoRs\": []}");
	assert_result("x", "03 55 41 6f527300 03 45 416f5200 31 627200 83 83",
		      "{\"AoRs\": [{\"AoR\": \"br\"}]}");
	assert_result("x", "03 25 4100 10 01 65 537461747300 03 83 83",
		      "{\"A\": 1, \"Stats\": {}}");
}

TEST(an_array_is_an_array)
{
	UNUSED_STATE;
	assert_result("x", "04 10 01 21 6100 03 83 84", "[1, \"a\", {}]");
	assert_no_answer("04 10 01 83");
	assert_no_answer("04 10 01");
}

TEST(success_without_a_result_is_an_empty_one)
{
	UNUSED_STATE;
	assert_result("ul.rm", "", "{}");
	assert_result("core.tcp_list", "", "[]");
	assert_result("core.tcp_list", "03 35 696400 10 01 83", "[{\"id\": 1}]");
	assert_result("core.version", "21 7800", "\"x\"");
}

TEST(text_in_another_encoding_does_not_cost_the_answer)
{
	UNUSED_STATE;
	assert_result("x", "51 4a fc 726700", "\"J\xef\xbf\xbdrg\"");
	assert_result("x", "51 4a c3 bc 7200", "\"J\xc3\xbcr\"");
	assert_result("x", "01", "\"\"");
}

TEST(a_fault_has_a_code_and_words)
{
	UNUSED_STATE;
	struct binrpc_packet p = {.fault = true, .body = SLICE_LIT("\x20\x01\x94\x31no\0")};
	json_t *doc = NULL;

	assert_int_equal(binrpc_answer(&p, "x", &doc), 0);
	assert_json(doc, "{\"error\": {\"code\": 404, \"message\": \"no\"}}");
	json_decref(doc);
	p.body = SLICE_LIT("\x31no\0");
	assert_int_equal(binrpc_answer(&p, "x", &doc), -EPROTO);
	p.body = SLICE_NONE;
	assert_int_equal(binrpc_answer(&p, "x", &doc), -EPROTO);
}

TEST(records_that_make_no_sense_are_no_answer)
{
	UNUSED_STATE;
	static const char *const bad[] = {
		"83",                       /* an end without a beginning */
		"84",                       /* … */
		"03 83 83",                 /* one too many */
		"03",                       /* no end */
		"03 84",                    /* another's end */
		"03 10 01 83",              /* no name */
		"03 25 4100 83",            /* a name without a value */
		"03 25 4100",               /* … and nothing more */
		"03 25 4100 25 4200 83",    /* a name as a value */
		"25 4100 10 01",            /* a name outside a struct */
		"03 25 1b00 10 01 83",      /* an escape as a name */
		"13",                       /* a struct with a size */
		"93 01",                    /* … */
		"81",                       /* a long size of no bytes */
		"d1 00 00 00 00 01 00",     /* … of five */
		"b1 ff ff ff 00",           /* beyond the body */
		"71 61",                    /* … */
		"20 01",                    /* … */
		"f2 01 02 03 04 05 06 07",  /* a double of 15 bytes */
		"92 010203040506070809 00", /* … of nine, all there */
		"07",                       /* types that there are not */
		"0f",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_no_answer(bad[i]);
}

TEST(depth_and_number_of_values_have_an_end)
{
	UNUSED_STATE;
	struct strbuf deep = STRBUF_INIT, many = STRBUF_INIT;
	struct binrpc_packet p = {.cookie = 1};
	json_t *doc = NULL;

	strbuf_add_fill(&deep, '\x04', BINRPC_DEPTH_MAX);
	strbuf_add_fill(&deep, '\x84', BINRPC_DEPTH_MAX);
	p.body = strbuf_slice(&deep);
	assert_int_equal(binrpc_answer(&p, "x", &doc), 0);
	json_decref(doc);
	strbuf_clear(&deep);
	strbuf_add_fill(&deep, '\x04', BINRPC_DEPTH_MAX + 1);
	strbuf_add_fill(&deep, '\x84', BINRPC_DEPTH_MAX + 1);
	p.body = strbuf_slice(&deep);
	assert_int_equal(binrpc_answer(&p, "x", &doc), -EPROTO);
	strbuf_add_fill(&many, '\0', BINRPC_VALUES_MAX + 1);
	p.body = strbuf_slice(&many);
	assert_int_equal(binrpc_answer(&p, "x", &doc), -EPROTO);
	strbuf_free(&deep);
	strbuf_free(&many);
}

TEST(parameters_keep_their_types)
{
	UNUSED_STATE;
	struct strbuf got = STRBUF_INIT, wanted = STRBUF_INIT;
	json_t *params = json_pack("[i, i, i, f, f, s, s]", 0, 600, -1, 0.5, -1.0, "", "1234567");

	add_hex(&wanted, "a1 03 2a 00 00 00 01 21 7800 00 20 0258 40 ffffffff 22 01f4"
			 "82 fffffffffffffc18 11 00 91 08 3132333435363700");
	/* The length, counted: it is all but the head's seven bytes. */
	wanted.p[2] = (char)(wanted.n - 7);
	assert_int_equal(binrpc_request("x", params, 1, &got), 0);
	assert_int_equal(got.n, wanted.n);
	assert_memory_equal(got.p, wanted.p, got.n);
	json_decref(params);
	strbuf_free(&got);
	strbuf_free(&wanted);
}

static void assert_refused(json_t *params, int code)
{
	struct strbuf out = STRBUF_INIT;

	assert_int_equal(binrpc_request("x", params, 1, &out), code);
	assert_int_equal(out.n, 0);
	json_decref(params);
	strbuf_free(&out);
}

TEST(what_binrpc_cannot_carry_is_refused)
{
	UNUSED_STATE;
	static char big[BINRPC_REQUEST_MAX + 1];

	memset(big, 'x', sizeof(big));
	assert_refused(json_pack("[b]", 1), -EINVAL);
	assert_refused(json_pack("[n]"), -EINVAL);
	assert_refused(json_pack("[{}]"), -EINVAL);
	assert_refused(json_pack("[I]", (json_int_t)4294967295), -EINVAL);
	assert_refused(json_pack("[f]", 1e300), -EINVAL);
	/* Kamailio would read a NUL as the end. */
	assert_refused(json_pack("[s#]", "a\0b", 3), -EINVAL);
	assert_refused(json_pack("[s#]", big, (int)sizeof(big) - 2), -EMSGSIZE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(requests_are_what_kamailio_understood),
		T(replies_say_what_the_other_channels_say),
		T(every_part_of_a_reply_wants_more),
		T(a_cut_body_is_no_answer),
		T(a_short_cookie_is_a_number),
		T(what_is_no_reply_is_told),
		T(a_negative_double_takes_eight_bytes_and_its_size_four_bits),
		T(up_to_kamailio_5_5_a_negative_double_takes_four_bytes),
		T(doubles_are_thousandths),
		T(integers_are_as_short_as_they_can_be_and_signed),
		T(method_bits_and_hashes_have_no_sign),
		T(a_repeated_name_makes_a_list),
		T(usrlocs_lists_are_lists_whatever_is_in_them),
		T(an_array_is_an_array),
		T(success_without_a_result_is_an_empty_one),
		T(text_in_another_encoding_does_not_cost_the_answer),
		T(a_fault_has_a_code_and_words),
		T(records_that_make_no_sense_are_no_answer),
		T(depth_and_number_of_values_have_an_end),
		T(parameters_keep_their_types),
		T(what_binrpc_cannot_carry_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
