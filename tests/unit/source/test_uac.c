/* Requests that a registrar itself sends: what it is asked, what its answers mean, and whose the
 * silence is. */
#include <errno.h>
#include "mi_fixture.h"
#include "source/uac.h"

#define OPENSIPS_200                                                                               \
	"\"result\":{\"Status\":\"200 OK\",\"RURI\":\"sip:a@127.0.0.1:5077\",\"Next-hop\":"        \
	"\"sip:a@127.0.0.1:5077\",\"Message\":\"Via: SIP/2.0/UDP 127.0.0.1:5095\\r\\nTo: <sip:a@"  \
	"127.0.0.1>;tag=1\\r\\nUser-Agent: testua/1\\r\\nContent-Length: 0\\r\\n\\r\\n\"}"
#define OPENSIPS_408 "\"result\":{\"Status\":\"408 Request Timeout\"}"

static struct binding plain(void)
{
	return (struct binding){.contact = SLICE_LIT("sip:a@127.0.0.1:5077"),
				.socket = SLICE_LIT("udp:127.0.0.1:5095")};
}

static void asks(enum control_flavour f, const struct binding *b, const char *expected)
{
	json_t *params = uac_parameters(f, b, "OPTIONS", true);
	char *text = params ? json_dumps(params, JSON_COMPACT) : NULL;

	if (!expected)
		assert_null(text);
	else
		assert_string_equal(text, expected);
	free(text);
	json_decref(params);
}

#define HEADERS "From: <sip:regtop@regtop.invalid>\\r\\nTo: <sip:a@127.0.0.1:5077>\\r\\n"

TEST(a_request_names_contact_way_and_socket)
{
	UNUSED_STATE;
	struct binding b = plain();

	asks(CONTROL_KAMAILIO, &b,
	     "[\"OPTIONS\",\"sip:a@127.0.0.1:5077\",\".\",\"udp:127.0.0.1:5095\",\"" HEADERS
	     "\",\"\"]");
	b.received = SLICE_LIT("sip:127.0.0.9:999");
	asks(CONTROL_OPENSIPS, &b,
	     "{\"method\":\"OPTIONS\",\"ruri\":\"sip:a@127.0.0.1:5077\",\"headers\":\"" HEADERS
	     "\",\"next_hop\":\"sip:127.0.0.9:999\",\"socket\":\"udp:127.0.0.1:5095\"}");
	b.socket = SLICE_NONE;
	asks(CONTROL_KAMAILIO, &b,
	     "[\"OPTIONS\",\"sip:a@127.0.0.1:5077\",\"sip:127.0.0.9:999\",\".\",\"" HEADERS
	     "\",\"\"]");
}

TEST(a_path_becomes_a_route_and_the_next_hop)
{
	UNUSED_STATE;
	struct binding b = plain();

	b.received = SLICE_LIT("sip:127.0.0.9:999");
	b.path = SLICE_LIT("<sip:127.0.0.1:99;lr;received=sip:10.0.0.7:1234>, <sip:e2;lr>");
	asks(CONTROL_KAMAILIO, &b,
	     "[\"OPTIONS\",\"sip:a@127.0.0.1:5077\",\"sip:127.0.0.1:99;lr;received=sip:10.0.0.7:"
	     "1234\",\"udp:127.0.0.1:5095\",\"" HEADERS
	     "Route: <sip:127.0.0.1:99;lr;received=sip:10.0.0.7:1234>, <sip:e2;lr>\\r\\n\",\"\"]");
}

TEST(an_alias_in_the_contact_is_the_next_hop)
{
	UNUSED_STATE;
	struct binding b = {.contact = SLICE_LIT("sip:a@h;alias=10.0.0.9~5062~2")};
	json_t *params = uac_parameters(CONTROL_KAMAILIO, &b, "OPTIONS", true);

	assert_string_equal(json_string_value(json_array_get(params, 2)),
			    "sip:10.0.0.9:5062;transport=tcp");
	json_decref(params);
	b.contact = SLICE_LIT("sip:a@h;alias=10.0.0.9~5062~9");
	params = uac_parameters(CONTROL_KAMAILIO, &b, "OPTIONS", true);
	assert_string_equal(json_string_value(json_array_get(params, 2)), ".");
	json_decref(params);
}

TEST(what_would_change_the_header_is_not_asked)
{
	UNUSED_STATE;
	const char *const contacts[] = {"",          "tel:+1",     "sip:a@h\r\nEvil: 1",
					"sip:a@h>",  "sip:a!!b@h", "sip:a\\r\\nEvil@h",
					"sip:\xff@h"};
	struct binding b = plain();

	for (size_t i = 0; i < sizeof(contacts) / sizeof(*contacts); i++) {
		b.contact = slice_of(contacts[i]);
		asks(CONTROL_OPENSIPS, &b, NULL);
		asks(CONTROL_KAMAILIO, &b, NULL);
	}
	b = plain();
	b.path = SLICE_LIT("<sip:e;lr>\r\nEvil: 1");
	asks(CONTROL_OPENSIPS, &b, NULL);
	b.path = SLICE_LIT("<sip:e;lr>\\r\\nEvil: 1");
	asks(CONTROL_OPENSIPS, &b, NULL);
	b.path = SLICE_LIT("rubbish");
	asks(CONTROL_OPENSIPS, &b, NULL);
	b = plain();
	b.received = SLICE_LIT("sip:h\r\n:9");
	asks(CONTROL_OPENSIPS, &b, NULL);
}

static bool reads(enum control_flavour f, const char *text, struct source_uac_reply *r,
		  json_t **doc)
{
	*doc = json_loads(text, JSON_DECODE_ANY, NULL);
	assert_non_null(*doc);
	return uac_read(f, *doc, r);
}

TEST(answers_of_phones_are_told_from_the_registrar_s)
{
	UNUSED_STATE;
	struct source_uac_reply r;
	json_t *doc;

	/* As Kamailio 5.6.3 and OpenSIPS 3.4.18 answered. */
	assert_true(reads(CONTROL_KAMAILIO,
			  "[486,\"Busy\",\"sip:a@h\",\"sip:a@h\",\"\",\"Via: SIP/2.0/UDP "
			  "127.0.0.1:5090\\r\\nserver:  Phone X \\r\\n\"]",
			  &r, &doc));
	assert_int_equal(r.code, 486);
	assert_slice_equal(r.reason, "Busy");
	assert_slice_equal(r.agent, "Phone X");
	assert_false(r.by_registrar);
	json_decref(doc);
	assert_true(
		reads(CONTROL_KAMAILIO, "[408,\"Request Timeout\",\"\",\"\",\"\",\"\"]", &r, &doc));
	assert_int_equal(r.code, 408);
	assert_true(r.by_registrar);
	json_decref(doc);
	assert_true(reads(CONTROL_OPENSIPS, "{\"Status\":\"408 Request Timeout\"}", &r, &doc));
	assert_int_equal(r.code, 408);
	assert_true(r.by_registrar);
	json_decref(doc);
	assert_true(reads(CONTROL_OPENSIPS,
			  "{\"Status\":\"200 OK\",\"Message\":\"User-Agent: P\\r\\n\"}", &r, &doc));
	assert_slice_equal(r.reason, "OK");
	assert_slice_equal(r.agent, "P");
	json_decref(doc);
}

TEST(what_is_no_answer_is_not_read_as_one)
{
	UNUSED_STATE;
	const char *const bad[] = {"{}",
				   "[]",
				   "\"OK\"",
				   "{\"Status\":\"\"}",
				   "{\"Status\":\"20 OK\"}",
				   "{\"Status\":\"999 OK\"}",
				   "{\"Status\":200}",
				   "[\"200\",\"OK\",\"\",\"\",\"\",\"\"]",
				   "[7,\"OK\",\"\",\"\",\"\",\"\"]",
				   "[4294967496,\"OK\",\"\",\"\",\"\",\"\"]"};
	struct source_uac_reply r;
	json_t *doc;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_false(reads(CONTROL_OPENSIPS, bad[i], &r, &doc));
		json_decref(doc);
		if (i < 9) {
			assert_false(reads(CONTROL_KAMAILIO, bad[i], &r, &doc));
			json_decref(doc);
		}
	}
}

/* ---- requests -------------------------------------------------------------------------------- */

static struct {
	int count;
	enum source_uac_end end;
	int code;
	bool by_registrar;
	uint32_t rtt_us;
	char agent[64], words[300];
} got;

static void on_reply(void *ctx, const struct source_uac_reply *r)
{
	(void)ctx;
	got.count++;
	got.end = r->end;
	got.code = r->code;
	got.by_registrar = r->by_registrar;
	got.rtt_us = r->rtt_us;
	slice_to_buf(r->agent, got.agent, sizeof(got.agent));
	slice_to_buf(slice_of(r->e.what), got.words, sizeof(got.words));
}

static struct uac *uac_opened(void)
{
	struct uac *u = uac_new(loop, &clock_system, CONTROL_OPENSIPS, mi_place);

	memset(&got, 0, sizeof(got));
	assert_non_null(u);
	return u;
}

static uint64_t sent(struct uac *u, unsigned timeout_ms)
{
	struct binding b = plain();
	uint64_t id = uac_send(u, &b, "OPTIONS", timeout_ms, on_reply, NULL);

	assert_true(id != 0);
	return id;
}

TEST(an_answer_is_told_with_its_time)
{
	UNUSED_STATE;
	struct uac *u = uac_opened();

	mi_say("t_uac_dlg", OPENSIPS_200);
	sent(u, 2000);
	assert_int_equal(got.count, 0);
	WAIT(got.count == 1);
	assert_int_equal(got.end, SOURCE_UAC_ANSWER);
	assert_int_equal(got.code, 200);
	assert_string_equal(got.agent, "testua/1");
	assert_true(got.rtt_us > 0);
	uac_free(u);
}

TEST(a_408_of_the_registrar_has_no_time)
{
	UNUSED_STATE;
	struct uac *u = uac_opened();

	mi_say("t_uac_dlg", OPENSIPS_408);
	sent(u, 2000);
	WAIT(got.count == 1);
	assert_int_equal(got.code, 408);
	assert_true(got.by_registrar);
	assert_int_equal(got.rtt_us, 0);
	uac_free(u);
}

TEST(silence_is_the_phone_s_when_the_registrar_answers_something_else)
{
	UNUSED_STATE;
	struct uac *u = uac_opened();

	mi_say("t_uac_dlg", NULL);
	mi_say("version", "\"result\":{\"Server\":\"OpenSIPS\"}");
	sent(u, 30);
	sent(u, 30);
	WAIT(got.count == 2);
	assert_int_equal(got.end, SOURCE_UAC_SILENT);
	assert_int_equal(mi_calls("t_uac_dlg"), 2);
	uac_free(u);
}

TEST(silence_of_the_registrar_is_not_the_phone_s)
{
	UNUSED_STATE;
	struct uac *u = uac_opened();

	sent(u, 30);
	WAIT(got.count == 1);
	assert_int_equal(got.end, SOURCE_UAC_FAILED);
	assert_int_equal(mi_calls("version"), 1);
	assert_true(got.words[0]);
	uac_free(u);
}

TEST(a_registrar_that_is_not_there_fails_at_once)
{
	UNUSED_STATE;
	struct uac *u = uac_opened();

	mi_end();
	sent(u, 5000);
	WAIT(got.count == 1);
	assert_int_equal(got.end, SOURCE_UAC_FAILED);
	assert_non_null(strstr(got.words, "no control socket"));
	uac_free(u);
}

TEST(several_are_open_at_once_and_a_cancelled_one_is_forgotten)
{
	UNUSED_STATE;
	struct uac *u = uac_opened();
	uint64_t one;

	mi_say("t_uac_dlg", NULL);
	one = sent(u, 5000);
	sent(u, 5000);
	sent(u, 5000);
	WAIT(mi.count == 3);
	uac_cancel(u, one);
	mi_say("t_uac_dlg", OPENSIPS_200);
	sent(u, 5000);
	WAIT(got.count == 1);
	/* The others are still open, and forgotten with all. */
	uac_free(u);
	assert_int_equal(got.count, 1);
}

TEST(a_socket_that_is_not_the_registrar_s_is_left_out)
{
	UNUSED_STATE;
	struct uac *u = uac_opened();

	mi_say("t_uac_dlg", "\"error\":{\"code\":404,\"message\":\"Local socket not found\"}");
	sent(u, 2000);
	WAIT(got.count == 1);
	assert_int_equal(got.end, SOURCE_UAC_FAILED);
	assert_int_equal(mi.count, 2);
	assert_non_null(strstr(mi.asked[0], "\"socket\""));
	assert_null(strstr(mi.asked[1], "\"socket\""));
	uac_free(u);
}

#define WITHOUT_SOCKET                                                                             \
	"t_uac_dlg "                                                                               \
	"{\"method\":\"OPTIONS\",\"ruri\":\"sip:a@127.0.0.1:5077\",\"headers\":\"" HEADERS "\"}"

/* The binding's socket is no socket of this registrar; without it this is told. */
static void sent_from_elsewhere(const char *says)
{
	struct uac *u = uac_opened();

	mi_say(WITHOUT_SOCKET, says);
	mi_say("t_uac_dlg", "\"error\":{\"code\":404,\"message\":\"Local socket not found\"}");
	mi_say("version", "\"result\":{\"Server\":\"OpenSIPS\"}");
	sent(u, 50);
	WAIT(got.count == 1);
	uac_free(u);
}

TEST(from_another_socket_an_answer_counts_and_silence_does_not)
{
	UNUSED_STATE;
	sent_from_elsewhere(OPENSIPS_200);
	assert_int_equal(got.end, SOURCE_UAC_ANSWER);
	sent_from_elsewhere(OPENSIPS_408);
	assert_int_equal(got.end, SOURCE_UAC_FAILED);
	assert_non_null(strstr(got.words, "udp:127.0.0.1:5095 is not a socket"));
	sent_from_elsewhere(NULL);
	assert_int_equal(got.end, SOURCE_UAC_FAILED);
}

TEST(what_the_registrar_could_not_send_is_its_own_answer)
{
	UNUSED_STATE;
	struct uac *u = uac_opened();

	mi_say("t_uac_dlg", "\"error\":{\"code\":477,\"message\":\"Send failed (477/MI/UAC)\"}");
	sent(u, 2000);
	WAIT(got.count == 1);
	assert_int_equal(got.end, SOURCE_UAC_ANSWER);
	assert_int_equal(got.code, 477);
	assert_true(got.by_registrar);
	uac_free(u);
}

TEST(only_channels_that_are_not_held_up_are_used)
{
	UNUSED_STATE;
	const struct {
		enum control_flavour f;
		const char *place;
		bool possible;
	} cases[] = {
		{CONTROL_KAMAILIO, "http://127.0.0.1:5060/RPC", true},
		{CONTROL_KAMAILIO, "unix:/run/kamailio/kamailio_rpc.sock", false},
		{CONTROL_OPENSIPS, "unix:/run/opensips/mi.sock", true},
		{CONTROL_OPENSIPS, "http://127.0.0.1:8888/mi", false},
		{CONTROL_OPENSIPS, "nonsense", false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct uac *u = uac_new(loop, &clock_system, cases[i].f, cases[i].place);

		assert_int_equal(u != NULL, cases[i].possible);
		uac_free(u);
	}
}

TEST(whether_it_can_be_asked_is_told_without_asking)
{
	UNUSED_STATE;
	struct uac *u = uac_opened();
	struct binding b = plain();

	assert_true(uac_send(u, &b, "OPTIONS", 0, NULL, NULL) != 0);
	b.contact = SLICE_LIT("tel:1");
	assert_int_equal(uac_send(u, &b, "OPTIONS", 0, NULL, NULL), 0);
	for (int i = 0; i < 20; i++)
		loop_turn(loop, false);
	assert_int_equal(mi.count, 0);
	uac_free(u);
}

#define U(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_request_names_contact_way_and_socket),
		T(a_path_becomes_a_route_and_the_next_hop),
		T(an_alias_in_the_contact_is_the_next_hop),
		T(what_would_change_the_header_is_not_asked),
		T(answers_of_phones_are_told_from_the_registrar_s),
		T(what_is_no_answer_is_not_read_as_one),
		U(an_answer_is_told_with_its_time),
		U(a_408_of_the_registrar_has_no_time),
		U(silence_is_the_phone_s_when_the_registrar_answers_something_else),
		U(silence_of_the_registrar_is_not_the_phone_s),
		U(a_registrar_that_is_not_there_fails_at_once),
		U(several_are_open_at_once_and_a_cancelled_one_is_forgotten),
		U(a_socket_that_is_not_the_registrar_s_is_left_out),
		U(from_another_socket_an_answer_counts_and_silence_does_not),
		U(what_the_registrar_could_not_send_is_its_own_answer),
		U(only_channels_that_are_not_held_up_are_used),
		U(whether_it_can_be_asked_is_told_without_asking),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
