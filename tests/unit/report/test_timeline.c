/* The timeline: events in words, their sum, and JSON. */
#include "test.h"

#include "report/timeline.h"

static const char *said(const struct history_event *e, bool ascii_only)
{
	static struct strbuf out;

	strbuf_clear(&out);
	timeline_event(e, ascii_only, &out);
	return strbuf_str(&out);
}

TEST(an_event_tells_what_changed_from_what_to_what)
{
	struct history_event e = {.kind = HISTORY_MOVED,
				  .words = "registers from another address",
				  .was = "192.0.2.1:5060",
				  .now = "192.0.2.2:5060"};

	UNUSED_STATE;
	assert_string_equal(said(&e, false), "registers from another address: 192.0.2.1:5060, then "
					     "192.0.2.2:5060");
	e.was[0] = '\0';
	assert_string_equal(said(&e, false), "registers from another address: 192.0.2.2:5060");
	e.now[0] = '\0';
	assert_string_equal(said(&e, false), "registers from another address");
}

TEST(what_is_seen_for_the_first_time_changed_from_nothing)
{
	struct history_event e = {.kind = HISTORY_SEEN,
				  .words = "first seen here",
				  .was = "192.0.2.1:5060",
				  .now = "sip:anna@192.0.2.1"};

	UNUSED_STATE;
	assert_string_equal(said(&e, false), "first seen here: 192.0.2.1:5060, sip:anna@192.0.2.1");
}

TEST(an_answer_tells_how_long_it_took)
{
	struct history_event e = {.kind = HISTORY_PROBE, .words = "answers 200", .us = 12340};

	UNUSED_STATE;
	assert_string_equal(said(&e, false), "answers 200, 12.3 ms");
}

TEST(what_came_from_outside_is_cleaned_whatever_the_file_holds)
{
	struct history_event e = {.kind = HISTORY_AGENT,
				  .words = "another User-Agent",
				  .was = "Evil\x1b[2J",
				  .now = "caf\xc3\xa9"};

	UNUSED_STATE;
	assert_null(strchr(said(&e, false), 0x1b));
	assert_non_null(strstr(said(&e, false), "caf\xc3\xa9"));
	for (const char *p = said(&e, true); *p; p++)
		assert_true((unsigned char)*p >= 0x20 && (unsigned char)*p < 0x7f);
}

TEST(the_sum_is_one_sentence_and_nothing_when_nothing_is_known)
{
	struct history_summary h = {.first_seen_s = 0};
	struct strbuf out = STRBUF_INIT;

	UNUSED_STATE;
	timeline_sum(&h, &out);
	assert_int_equal(out.n, 0);
	h = (struct history_summary){.first_seen_s = 1935889960, .refreshes = 1};
	timeline_sum(&h, &out);
	assert_string_equal(strbuf_str(&out), "seen since 2031-05-07T03:12:40Z, 1 refresh");
	strbuf_clear(&out);
	h = (struct history_summary){.first_seen_s = 1935889960,
				     .refreshes = 42,
				     .habit_s = 290,
				     .moves = 1,
				     .port_moves = 2,
				     .gaps = 1};
	timeline_sum(&h, &out);
	assert_string_equal(strbuf_str(&out),
			    "seen since 2031-05-07T03:12:40Z, 42 refreshes, every 4m50s as a rule, "
			    "moved 3 times, 1 gap");
	strbuf_free(&out);
}

TEST(json_has_a_word_for_every_kind_and_null_for_what_is_unknown)
{
	struct history_event e[HISTORY_KINDS];
	json_t *list;

	UNUSED_STATE;
	memset(e, 0, sizeof(e));
	for (int k = 0; k < HISTORY_KINDS; k++) {
		e[k].kind = (enum history_kind)k;
		e[k].when_ms = 1935889960123;
	}
	e[0].us = 2500;
	e[0].code = 200;
	list = timeline_json(e, HISTORY_KINDS);
	assert_int_equal(json_array_size(list), HISTORY_KINDS);
	for (size_t k = 0; k < HISTORY_KINDS; k++) {
		json_t *o = json_array_get(list, k);

		assert_true(strlen(json_string_value(json_object_get(o, "event"))) > 2);
		assert_string_equal(json_string_value(json_object_get(o, "time")),
				    "2031-05-07T03:12:40.123Z");
		assert_int_equal(json_is_null(json_object_get(o, "code")), k > 0);
		assert_int_equal(json_is_null(json_object_get(o, "ms")), k > 0);
		assert_true(json_is_null(json_object_get(o, "was")));
	}
	json_decref(list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(an_event_tells_what_changed_from_what_to_what),
		T(what_is_seen_for_the_first_time_changed_from_nothing),
		T(an_answer_tells_how_long_it_took),
		T(what_came_from_outside_is_cleaned_whatever_the_file_holds),
		T(the_sum_is_one_sentence_and_nothing_when_nothing_is_known),
		T(json_has_a_word_for_every_kind_and_null_for_what_is_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
