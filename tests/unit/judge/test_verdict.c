/* The verdict as a table: evidence in, word, tone, basis and note out. */
#include "test.h"

#include "judge/verdict.h"

#define NOW_MS 1900000000000
#define NOW_S  (NOW_MS / 1000)

#define PUBLIC "sip:4021@198.51.100.9:5062"
#define PUSH   "sip:4021@198.51.100.9;pn-provider=apns;pn-prid=1"
#define NATTED "sip:4021@10.0.0.7:5062"
#define EDGE   "<sip:192.0.2.50;lr>"
#define TWICE  .failures = 2, .failed_first_ms = NOW_MS - 31000
#define OWN    .path = PROBE_PATH_OWN
#define DIRECT .path = PROBE_PATH_DIRECT
#define VIA    .path = PROBE_PATH_REGISTRAR

struct expected {
	const char *what, *contact, *received, *path;
	struct evidence e;
	const char *word;
	enum tone tone;
	enum basis basis;
	int code;
	const char *note; /* a part of it; NULL: not looked at, "": empty */
};

/* clang-format off */
static const struct expected table[] = {
	{"never asked", PUBLIC, NULL, NULL, {0},
	 "not asked", TONE_NEUTRAL, BASIS_NONE, 0, ""},
	{"first probe under way", PUBLIC, NULL, NULL, {.pending = true},
	 "not asked", TONE_NEUTRAL, BASIS_NONE, 0, "being asked now"},
	{"a name as next hop", "sip:a@phone.example", NULL, NULL, {0},
	 "not asked", TONE_NEUTRAL, BASIS_NONE, 0, "phone.example"},
	{"private, never asked", NATTED, NULL, NULL, {0},
	 "unroutable", TONE_BAD, BASIS_NONE, 0, "private contact and no received address"},
	{"push, never asked", PUSH, NULL, NULL, {0},
	 "asleep?", TONE_NEUTRAL, BASIS_NONE, 0, "push"},

	/* answers */
	{"200 over our own socket", PUBLIC, NULL, NULL, {.outcome = PROBE_ANSWERED, OWN, .code = 200, .agent = "Yealink SIP-T46U 108.86"},
	 "answers", TONE_GOOD, BASIS_CONFIRMED, 200, ""},
	{"200 through the registrar", NATTED, "sip:203.0.113.2:40211", NULL, {.outcome = PROBE_ANSWERED, VIA, .code = 200},
	 "answers", TONE_GOOD, BASIS_CONFIRMED, 200, ""},
	{"200 direct", PUBLIC, NULL, NULL, {.outcome = PROBE_ANSWERED, DIRECT, .code = 200},
	 "answers", TONE_GOOD, BASIS_LIKELY, 200, ""},
	{"200 direct through NAT", NATTED, "sip:203.0.113.2:40211", NULL, {.outcome = PROBE_ANSWERED, DIRECT, .code = 200},
	 "answers", TONE_GOOD, BASIS_LIKELY, 200, ""},
	{"busy", PUBLIC, NULL, NULL, {.outcome = PROBE_ANSWERED, OWN, .code = 486},
	 "answers", TONE_GOOD, BASIS_CONFIRMED, 486, "busy"},
	{"picky stack", PUBLIC, NULL, NULL, {.outcome = PROBE_ANSWERED, OWN, .code = 405},
	 "answers", TONE_GOOD, BASIS_CONFIRMED, 405, ""},
	{"late", PUBLIC, NULL, NULL, {.outcome = PROBE_ANSWERED, OWN, .code = 200, .late = true, .rtt_us = 7250000},
	 "answers", TONE_GOOD, BASIS_CONFIRMED, 200, "after 7.2 s"},
	{"unroutable by data, answers over its flow", NATTED, NULL, NULL, {.outcome = PROBE_ANSWERED, OWN, .code = 200},
	 "answers", TONE_GOOD, BASIS_CONFIRMED, 200, ""},
	{"push that answers", PUSH, NULL, NULL, {.outcome = PROBE_ANSWERED, OWN, .code = 200},
	 "answers", TONE_GOOD, BASIS_CONFIRMED, 200, ""},

	/* who answers */
	{"404 from the phone", PUBLIC, NULL, NULL, {.outcome = PROBE_ANSWERED, OWN, .code = 404, .agent = "Yealink SIP-T46U"},
	 "disowned", TONE_BAD, BASIS_CONFIRMED, 404, "contact unknown there"},
	{"410 without an agent", PUBLIC, NULL, NULL, {.outcome = PROBE_ANSWERED, OWN, .code = 410},
	 "disowned", TONE_BAD, BASIS_CONFIRMED, 410, NULL},
	{"416", PUBLIC, NULL, NULL, {.outcome = PROBE_ANSWERED, DIRECT, .code = 416},
	 "disowned", TONE_BAD, BASIS_LIKELY, 416, NULL},
	{"another product", PUBLIC, NULL, NULL, {.outcome = PROBE_ANSWERED, OWN, .code = 200, .agent = "Snom D785"},
	 "stranger", TONE_WARN, BASIS_CONFIRMED, 200, "Snom D785"},
	{"same product, other case and version", PUBLIC, NULL, NULL, {.outcome = PROBE_ANSWERED, OWN, .code = 200, .agent = "YEALINK/9"},
	 "answers", TONE_GOOD, BASIS_CONFIRMED, 200, ""},
	{"one name within the other", PUBLIC, NULL, NULL, {.outcome = PROBE_ANSWERED, OWN, .code = 200, .agent = "sip-t46u"},
	 "answers", TONE_GOOD, BASIS_CONFIRMED, 200, ""},
	{"the edge answers", PUBLIC, NULL, EDGE, {.outcome = PROBE_ANSWERED, OWN, .code = 200, .agent = "kamailio (5.6.3)"},
	 "edge answers", TONE_NEUTRAL, BASIS_CONFIRMED, 200, "kamailio"},
	{"the edge refuses", PUBLIC, NULL, EDGE, {.outcome = PROBE_ANSWERED, OWN, .code = 404, .agent = "kamailio (5.6.3)"},
	 "edge answers", TONE_WARN, BASIS_CONFIRMED, 404, NULL},
	{"the phone behind the edge", PUBLIC, NULL, EDGE, {.outcome = PROBE_ANSWERED, OWN, .code = 200, .agent = "Yealink SIP-T46U"},
	 "answers", TONE_GOOD, BASIS_CONFIRMED, 200, ""},
	{"the edge gave up", PUBLIC, NULL, EDGE, {.outcome = PROBE_ANSWERED, OWN, .code = 408, TWICE},
	 "silent", TONE_BAD, BASIS_CONFIRMED, 408, "edge"},

	{"answers while its registrar is away", PUBLIC, NULL, NULL, {.outcome = PROBE_ANSWERED, DIRECT, .code = 200, .away = true},
	 "answers", TONE_WARN, BASIS_LIKELY, 200, "takes no SIP"},

	/* the registrar's own answers */
	{"registrar 408", PUBLIC, NULL, NULL, {.outcome = PROBE_ANSWERED, VIA, .by_registrar = true, .code = 408, TWICE},
	 "silent", TONE_BAD, BASIS_CONFIRMED, 0, "408"},
	{"registrar 408, told as silence", PUBLIC, NULL, NULL, {.outcome = PROBE_SILENT, VIA, .by_registrar = true, .code = 408, .failures = 1, .failed_first_ms = NOW_MS - 1000},
	 "silent", TONE_WARN, BASIS_CONFIRMED, 0, "408"},
	{"registrar 404", PUBLIC, NULL, NULL, {.outcome = PROBE_ANSWERED, VIA, .by_registrar = true, .code = 404},
	 "no route", TONE_BAD, BASIS_CONFIRMED, 0, "knows no such binding"},
	{"registrar 477 over UDP", PUBLIC, NULL, NULL, {.outcome = PROBE_ANSWERED, VIA, .by_registrar = true, .code = 477},
	 "no route", TONE_BAD, BASIS_CONFIRMED, 0, "477"},
	{"registrar 477 over TLS", "sip:a@10.0.0.7;transport=tls", "sip:203.0.113.2:4000;transport=tls", NULL, {.outcome = PROBE_ANSWERED, VIA, .by_registrar = true, .code = 477},
	 "flow gone", TONE_BAD, BASIS_CONFIRMED, 0, "477"},
	{"registrar 403", PUBLIC, NULL, NULL, {.outcome = PROBE_ANSWERED, VIA, .by_registrar = true, .code = 403},
	 "not asked", TONE_NEUTRAL, BASIS_UNKNOWN, 0, "says nothing about the phone"},
	{"registrar 408 for a push contact", PUSH, NULL, NULL, {.outcome = PROBE_ANSWERED, VIA, .by_registrar = true, .code = 408, TWICE},
	 "asleep?", TONE_NEUTRAL, BASIS_CONFIRMED, 0, NULL},

	/* failures */
	{"silent once", PUBLIC, NULL, NULL, {.outcome = PROBE_SILENT, OWN, .failures = 1, .failed_first_ms = NOW_MS - 1000},
	 "silent", TONE_WARN, BASIS_CONFIRMED, 0, "one probe"},
	{"silent twice, far apart", PUBLIC, NULL, NULL, {.outcome = PROBE_SILENT, OWN, TWICE},
	 "silent", TONE_BAD, BASIS_CONFIRMED, 0, "never answered"},
	{"silent now, answered before", PUBLIC, NULL, NULL, {.outcome = PROBE_SILENT, OWN, TWICE, .heard_ms = NOW_MS - 90000},
	 "silent", TONE_BAD, BASIS_CONFIRMED, 0, "2 probes in a row"},
	{"silent twice, close together", PUBLIC, NULL, NULL, {.outcome = PROBE_SILENT, OWN, .failures = 2, .failed_first_ms = NOW_MS - 20000},
	 "silent", TONE_WARN, BASIS_CONFIRMED, 0, NULL},
	{"silent direct, no NAT", PUBLIC, NULL, NULL, {.outcome = PROBE_SILENT, DIRECT, TWICE},
	 "silent", TONE_BAD, BASIS_LIKELY, 0, NULL},
	{"silent direct behind NAT", NATTED, "sip:203.0.113.2:40211", NULL, {.outcome = PROBE_SILENT, DIRECT, TWICE},
	 "silent", TONE_WARN, BASIS_UNKNOWN, 0, "proves nothing"},
	{"silent push", PUSH, NULL, NULL, {.outcome = PROBE_SILENT, OWN, TWICE},
	 "asleep?", TONE_NEUTRAL, BASIS_CONFIRMED, 0, "a call wakes it"},
	{"port unreachable", PUBLIC, NULL, NULL, {.outcome = PROBE_REFUSED, OWN, .failures = 1, .detail = "ICMP port unreachable from 198.51.100.9"},
	 "refused", TONE_BAD, BASIS_CONFIRMED, 0, "nobody listens there (ICMP port unreachable from 198.51.100.9)"},
	{"port unreachable behind NAT, own socket", NATTED, "sip:203.0.113.2:40211", NULL, {.outcome = PROBE_REFUSED, OWN},
	 "refused", TONE_BAD, BASIS_CONFIRMED, 0, "the router forgot it"},
	{"port unreachable behind NAT, from outside", NATTED, "sip:203.0.113.2:40211", NULL, {.outcome = PROBE_REFUSED, DIRECT},
	 "refused", TONE_WARN, BASIS_UNKNOWN, 0, NULL},
	{"connection refused to a TLS phone", "sip:a@198.51.100.9;transport=tls", NULL, NULL, {.outcome = PROBE_REFUSED, DIRECT},
	 "refused", TONE_WARN, BASIS_UNKNOWN, 0, "proves nothing"},
	{"host unreachable", PUBLIC, NULL, NULL, {.outcome = PROBE_NO_ROUTE, OWN, .detail = "ICMP host unreachable from 192.0.2.254"},
	 "no route", TONE_BAD, BASIS_CONFIRMED, 0, "host unreachable"},
	{"connection closed", PUBLIC, NULL, NULL, {.outcome = PROBE_FLOW_GONE, OWN},
	 "flow gone", TONE_BAD, BASIS_CONFIRMED, 0, "connect again"},
	{"nowhere to send", NATTED, NULL, NULL, {.outcome = PROBE_UNROUTABLE, DIRECT},
	 "unroutable", TONE_BAD, BASIS_NONE, 0, "private contact"},
	{"nowhere to send, and why", PUBLIC, NULL, NULL, {.outcome = PROBE_UNROUTABLE, DIRECT, .detail = "no socket speaks TLS"},
	 "unroutable", TONE_BAD, BASIS_NONE, 0, "no socket speaks TLS"},
};
/* clang-format on */

static struct row row_of(const struct expected *t, struct evidence *e)
{
	struct row r = {.now_ms = NOW_MS, .source = "s", .twins = 1};

	*e = t->e;
	e->asked_ms = NOW_MS - 1000;
	r.b.user = SLICE_LIT("4021");
	r.b.contact = slice_of(t->contact);
	r.b.received = slice_of(t->received);
	r.b.path = slice_of(t->path);
	r.b.user_agent = SLICE_LIT("Yealink SIP-T46U 108.86.0.20");
	r.b.expires_s = NOW_S + 600;
	r.b.granted_s = -1;
	if (t->e.path || t->e.pending)
		r.evidence = e;
	memset(&r.j, 0xa5, sizeof(r.j));
	return r;
}

TEST(evidence_supports_exactly_these_words)
{
	UNUSED_STATE;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const struct expected *t = &table[i];
		struct evidence e;
		struct row r = row_of(t, &e);

		verdict_judge(NULL, &r);
		if (strcmp(verdict_words[r.j.verdict].word, t->word) != 0 || r.j.tone != t->tone ||
		    r.j.basis != t->basis || r.j.code != t->code || r.j.faded ||
		    (t->note && !strstr(r.j.note, t->note)) ||
		    (t->note && !t->note[0] && r.j.note[0]))
			fail_msg("%s: '%s' tone %d basis '%s' code %d note '%s'", t->what,
				 verdict_words[r.j.verdict].word, r.j.tone, basis_name(r.j.basis),
				 r.j.code, r.j.note);
		assert_int_not_equal(r.j.verdict, VERDICT_LAPSED);
		r.b.expires_s = NOW_S;
		verdict_judge(NULL, &r);
		assert_int_equal(r.j.verdict, VERDICT_LAPSED);
		r.b.expires_s = NOW_S + 1;
		/* filters pass by bindings that were not asked on the strength of this */
		r.evidence = NULL;
		verdict_judge(NULL, &r);
		assert_false(verdict_words[r.j.verdict].by_probe);
	}
}

/* Index into the table by its description. */
static struct row named(const char *what, struct evidence *e)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strcmp(table[i].what, what) == 0)
			return row_of(&table[i], e);
	fail_msg("no such case: %s", what);
	return row_of(&table[0], e);
}

TEST(past_its_expiry_a_binding_is_lapsed_whatever_answers)
{
	struct evidence e;
	struct row r = named("200 over our own socket", &e);

	UNUSED_STATE;
	r.b.expires_s = NOW_S - 300;
	verdict_judge(NULL, &r);
	assert_int_equal(r.j.verdict, VERDICT_LAPSED);
	assert_int_equal(r.j.basis, BASIS_CONFIRMED);
	assert_non_null(strstr(r.j.note, "still answers"));
	r = named("silent twice, far apart", &e);
	r.b.expires_s = NOW_S;
	verdict_judge(NULL, &r);
	assert_int_equal(r.j.verdict, VERDICT_LAPSED);
	assert_non_null(strstr(r.j.note, "its probe: silent"));
	r = named("404 from the phone", &e);
	r.b.expires_s = INT64_MIN;
	verdict_judge(NULL, &r);
	assert_int_equal(r.j.verdict, VERDICT_LAPSED);
	assert_non_null(strstr(r.j.note, "its probe: disowned"));
	r.b.expires_s = BINDING_PERMANENT;
	verdict_judge(NULL, &r);
	assert_int_equal(r.j.verdict, VERDICT_DISOWNED);
}

TEST(old_evidence_fades)
{
	struct evidence e;
	struct row r = named("200 over our own socket", &e);

	UNUSED_STATE;
	e.asked_ms = NOW_MS - VERDICT_FADES_AFTER_S * 1000;
	verdict_judge(NULL, &r);
	assert_false(r.j.faded);
	e.asked_ms--;
	verdict_judge(NULL, &r);
	assert_true(r.j.faded);
	/* a late answer is younger than its question */
	e.heard_ms = NOW_MS - 1000;
	verdict_judge(NULL, &r);
	assert_false(r.j.faded);
}

TEST(a_register_after_the_failure_takes_the_red_away)
{
	struct evidence e;
	struct row r = named("silent twice, far apart", &e);

	UNUSED_STATE;
	r.b.refreshed_s = NOW_S - 500;
	verdict_judge(NULL, &r);
	assert_int_equal(r.j.tone, TONE_BAD);
	r.b.refreshed_s = NOW_S;
	verdict_judge(NULL, &r);
	assert_int_equal(r.j.verdict, VERDICT_SILENT);
	assert_int_equal(r.j.tone, TONE_WARN);
	assert_non_null(strstr(r.j.note, "registered again"));
}

TEST(overdue_only_when_refresh_and_grant_say_so)
{
	struct evidence e;
	struct row r = named("never asked", &e);

	UNUSED_STATE;
	r.b.refreshed_s = NOW_S - 1000;
	r.b.granted_s = 900;
	verdict_judge(NULL, &r);
	assert_int_equal(r.j.verdict, VERDICT_OVERDUE);
	assert_string_equal(r.j.note, "granted 15m00s at its last REGISTER, 16m40s ago");
	r.b.granted_s = 1000;
	verdict_judge(NULL, &r);
	assert_int_equal(r.j.verdict, VERDICT_NOT_ASKED);
	r.b.granted_s = -1;
	verdict_judge(NULL, &r);
	assert_int_equal(r.j.verdict, VERDICT_NOT_ASKED);
}

TEST(a_phone_that_missed_its_own_habit_is_overdue_without_a_packet)
{
	struct evidence e;
	struct row r = named("never asked", &e);

	UNUSED_STATE;
	r.b.granted_s = 3600;
	r.habit_s = 290;
	r.b.refreshed_s = NOW_S - 41 * 60;
	verdict_judge(NULL, &r);
	assert_int_equal(r.j.verdict, VERDICT_OVERDUE);
	assert_int_equal(r.j.tone, TONE_WARN);
	assert_string_equal(r.j.note, "usual refresh every 4m50s, last one 41m00s ago");
	/* a quarter of the habit and half a minute are not late */
	r.b.refreshed_s = NOW_S - (290 + 290 / 4 + OVERDUE_SLACK_S);
	verdict_judge(NULL, &r);
	assert_int_equal(r.j.verdict, VERDICT_NOT_ASKED);
	r.b.refreshed_s--;
	verdict_judge(NULL, &r);
	assert_int_equal(r.j.verdict, VERDICT_OVERDUE);
}

TEST(what_answered_before_a_missed_refresh_is_overdue_once_that_answer_has_faded)
{
	struct evidence e;
	struct row r = named("200 over our own socket", &e);

	UNUSED_STATE;
	r.habit_s = 290;
	r.b.granted_s = 3600;
	r.b.refreshed_s = NOW_S - 1200;
	verdict_judge(NULL, &r);
	assert_int_equal(r.j.verdict, VERDICT_ANSWERS);
	e.asked_ms = NOW_MS - 900000;
	verdict_judge(NULL, &r);
	assert_int_equal(r.j.verdict, VERDICT_OVERDUE);
	assert_true(r.j.faded);
	assert_int_equal(r.j.code, 0);
	r.b.refreshed_s = NOW_S - 300;
	verdict_judge(NULL, &r);
	assert_int_equal(r.j.verdict, VERDICT_ANSWERS);
	/* silence says more than a missed refresh, and both are told */
	r = named("silent twice, far apart", &e);
	r.habit_s = 290;
	r.b.refreshed_s = NOW_S - 41 * 60;
	verdict_judge(NULL, &r);
	assert_int_equal(r.j.verdict, VERDICT_SILENT);
	assert_string_equal(r.j.note, "no answer to 2 probes, and it never answered one; usual "
				      "refresh every 4m50s, last one 41m00s ago");
}

TEST(silence_of_a_model_that_never_answers_is_not_red)
{
	struct evidence e;
	struct row r = named("silent twice, far apart", &e);

	UNUSED_STATE;
	r.agent_never_answers = true;
	verdict_judge(NULL, &r);
	assert_int_equal(r.j.verdict, VERDICT_SILENT);
	assert_int_equal(r.j.tone, TONE_WARN);
	assert_string_equal(
		r.j.note, "never answered: no phone of this User-Agent ever did; a call may tell");
	/* this one did */
	e.heard_ms = NOW_MS - 90000;
	verdict_judge(NULL, &r);
	assert_int_equal(r.j.tone, TONE_BAD);
}

TEST(a_refusal_right_after_a_sign_of_life_is_the_phone_and_later_maybe_its_router)
{
	struct evidence e;
	struct row r = named("port unreachable behind NAT, own socket", &e);

	UNUSED_STATE;
	r.b.refreshed_s = e.asked_ms / 1000 - VERDICT_MAPPING_FRESH_S;
	verdict_judge(NULL, &r);
	assert_string_equal(r.j.note,
			    "its port is closed, or the router forgot it (port unreachable)");
	r.b.refreshed_s++;
	verdict_judge(NULL, &r);
	assert_string_equal(r.j.note, "heard 29 s before: its software stopped (port unreachable)");
	assert_int_equal(r.j.tone, TONE_BAD);
	/* an answer to a probe is a sign of life as well */
	r.b.refreshed_s = NOW_S - 3000;
	e.heard_ms = e.asked_ms - 5000;
	verdict_judge(NULL, &r);
	assert_string_equal(r.j.note, "heard 5 s before: its software stopped (port unreachable)");
}

TEST(a_very_long_grant_excuses_silence_but_a_permanent_binding_does_not)
{
	struct evidence e;
	struct row r = named("silent twice, far apart", &e);

	UNUSED_STATE;
	r.b.granted_s = 30 * 86400;
	r.b.expires_s = NOW_S + 86400;
	verdict_judge(NULL, &r);
	assert_int_equal(r.j.verdict, VERDICT_ASLEEP);
	r.b.expires_s = BINDING_PERMANENT;
	verdict_judge(NULL, &r);
	assert_int_equal(r.j.verdict, VERDICT_SILENT);
}

TEST(the_next_hop_is_told_with_the_verdict)
{
	struct evidence e;
	struct row r = named("silent direct behind NAT", &e);

	UNUSED_STATE;
	verdict_judge(NULL, &r);
	assert_string_equal(r.j.next_hop, "udp:203.0.113.2:40211");
	r = named("private, never asked", &e);
	verdict_judge(NULL, &r);
	assert_string_equal(r.j.next_hop, "");
}

TEST(a_note_that_is_too_long_is_cut_between_characters)
{
	struct evidence e;
	struct row r = named("another product", &e);
	char host[400];

	UNUSED_STATE;
	/* 63 bytes of two-byte characters and a letter, in a sentence around them */
	memset(e.agent, 0, sizeof(e.agent));
	for (int i = 0; i < 31; i++)
		memcpy(e.agent + 2 * i, "\xc3\xa9", 2);
	memset(e.detail, 'x', sizeof(e.detail) - 1);
	e.outcome = PROBE_REFUSED;
	verdict_judge(NULL, &r);
	assert_true(strlen(r.j.note) < JUDGEMENT_NOTE);
	snprintf(host, sizeof(host), "sip:a@%0*d.example", 300, 0);
	r = named("never asked", &e);
	r.b.contact = slice_of(host);
	verdict_judge(NULL, &r);
	assert_true(strlen(r.j.note) < JUDGEMENT_NOTE);
	assert_true(strlen(r.j.next_hop) < JUDGEMENT_HOP);
}

TEST(every_verdict_has_its_word_and_a_sentence)
{
	UNUSED_STATE;
	for (int v = 0; v < VERDICT_COUNT; v++) {
		const struct verdict_word *w = &verdict_words[v];

		assert_true(w->word[0] && w->meaning[strlen(w->meaning) - 1] == '.');
		assert_int_equal(verdict_by_word(slice_of(w->word)), v);
		/* DESIGN's rule: never these words */
		assert_null(strstr(w->meaning, "dead"));
		assert_null(strstr(w->meaning, "online"));
		assert_null(strstr(w->meaning, "offline"));
	}
	assert_int_equal(verdict_by_word(slice_of("ASLEEP")), VERDICT_ASLEEP);
	assert_int_equal(verdict_by_word(slice_of("not_asked")), VERDICT_NOT_ASKED);
	assert_int_equal(verdict_by_word(slice_of("dead")), -1);
	assert_int_equal(verdict_by_word(slice_of("")), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(evidence_supports_exactly_these_words),
		T(past_its_expiry_a_binding_is_lapsed_whatever_answers),
		T(old_evidence_fades),
		T(a_register_after_the_failure_takes_the_red_away),
		T(overdue_only_when_refresh_and_grant_say_so),
		T(a_phone_that_missed_its_own_habit_is_overdue_without_a_packet),
		T(what_answered_before_a_missed_refresh_is_overdue_once_that_answer_has_faded),
		T(silence_of_a_model_that_never_answers_is_not_red),
		T(a_refusal_right_after_a_sign_of_life_is_the_phone_and_later_maybe_its_router),
		T(a_very_long_grant_excuses_silence_but_a_permanent_binding_does_not),
		T(the_next_hop_is_told_with_the_verdict),
		T(a_note_that_is_too_long_is_cut_between_characters),
		T(every_verdict_has_its_word_and_a_sentence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
