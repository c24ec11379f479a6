/* Tests of the lines around the table: what they say, when they stop saying it, and what is never
 * cut. */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include "../../golden/picture.h"

static struct picture p;
static char *drawn;

/* The screen as text, at that size and moment; kept until the next one. */
static const char *screen_at(int width, int height, int64_t now_ms)
{
	struct strbuf b = STRBUF_INIT;
	struct frame f;

	frame_init(&f, width, height, false);
	ui_draw(p.ui, &f, now_ms);
	frame_text(&f, &b);
	frame_free(&f);
	free(drawn);
	drawn = strbuf_take(&b);
	return drawn;
}

static bool shows(const char *text)
{
	return strstr(screen_at(80, 24, PICTURE_NOW_MS), text) != NULL;
}

static int open_picture(void **state)
{
	(void)state;
	picture_open(&p, false);
	screen_at(80, 24, PICTURE_NOW_MS);
	return 0;
}

static int close_picture(void **state)
{
	(void)state;
	picture_close(&p);
	free(drawn);
	drawn = NULL;
	return 0;
}

TEST(a_long_name_of_the_source_never_costs_its_age_and_completeness)
{
	UNUSED_STATE;
	snprintf(p.source.name, sizeof(p.source.name),
		 "listen udp+tcp+tls [2001:db8:1234:5678:9abc:def0:1234:5678]:15060");
	for (int width = 60; width < 132; width++)
		assert_non_null(strstr(screen_at(width, 24, PICTURE_NOW_MS), "3s old, complete  "));
	assert_non_null(strstr(screen_at(60, 24, PICTURE_NOW_MS), "\xe2\x80\xa6"));
	assert_null(strstr(screen_at(200, 24, PICTURE_NOW_MS), "listen udp+tcp+tl\xe2\x80\xa6"));
}

TEST(sorting_steps_only_over_columns_in_sight_and_leaves_the_verdict_line_alone)
{
	bool reverse;

	UNUSED_STATE;
	assert_true(shows("answers (confirmed, 4s ago)") || shows("answers 486"));
	for (int i = 0; i < 6; i++) {
		picture_keys(&p, ">");
		assert_true(shows("\xe2\x86\x91"));
		assert_false(shows("Sorted by"));
	}
	/* Six columns are in sight: round once. */
	assert_int_equal(view_sort(p.view, &reverse), COL_AOR);
	picture_keys(&p, "<");
	assert_int_equal(view_sort(p.view, &reverse), COL_RTT_MS);
	assert_true(shows("\xe2\x86\x91RTT ms\n"));
}

TEST(what_was_said_goes_after_a_while_but_what_is_wrong_stays)
{
	UNUSED_STATE;
	picture_keys(&p, "Z");
	assert_true(shows("The order is frozen"));
	assert_null(strstr(screen_at(80, 24, PICTURE_NOW_MS + 9000), "The order is frozen"));
	assert_non_null(strstr(screen_at(80, 24, PICTURE_NOW_MS + 9000), "order frozen"));
	ui_say(p.ui, true, "The disk is full.");
	assert_true(shows("The disk is full."));
	assert_non_null(strstr(screen_at(80, 24, PICTURE_NOW_MS + 90000), "The disk is full."));
}

TEST(asking_is_said_until_the_answer_has_come)
{
	UNUSED_STATE;
	p.pings_open = 1;
	picture_keys(&p, "p");
	assert_true(shows("Asking 1001@example.com."));
	assert_true(shows("Asking 1001@example.com."));
	p.pings_open = 0;
	assert_false(shows("Asking"));
	assert_true(shows("ago)"));
}

TEST(a_binding_that_could_not_be_asked_has_neither_basis_nor_age)
{
	UNUSED_STATE;
	struct evidence e = {.outcome = PROBE_UNROUTABLE,
			     .path = PROBE_PATH_DIRECT,
			     .asked_ms = PICTURE_NOW_MS - 45000};
	binding_id id = picture_id(&p, "k10");

	store_set_evidence(p.store, id, &e);
	view_set_cursor(p.view, id);
	assert_true(shows("\nunroutable: "));
	picture_keys(&p, "enter");
	assert_true(shows("unroutable\n"));
	assert_false(shows("Asked"));
}

TEST(the_detail_names_its_binding_and_offers_what_can_be_done_with_it)
{
	UNUSED_STATE;
	view_set_cursor(p.view, picture_id(&p, "k17"));
	picture_keys(&p, "enter");
	assert_true(shows(" of 17: an.exceedingly.long"));
	/* However long the name is, how far one has come is said. */
	assert_non_null(strstr(screen_at(60, 16, PICTURE_NOW_MS), "  (1-"));
	assert_true(shows("w why  p ping  i call  x purge  t ticket"));
	p.refused = "read-only";
	assert_true(shows("(x purge)"));
}

TEST(a_reason_is_not_said_twice)
{
	UNUSED_STATE;
	view_set_cursor(p.view, picture_id(&p, "k04"));
	picture_keys(&p, "enter");
	assert_true(shows("nobody listens there (port unreachable)"));
	assert_false(shows("In words"));
}

TEST(one_column_out_of_sight_is_one_column)
{
	UNUSED_STATE;
	picture_keys(&p, ":");
	picture_type(&p, "columns aor,contact,transport,left,verdict,rtt_ms,user_agent");
	picture_keys(&p, "enter");
	assert_true(shows("+1 column >"));
	picture_keys(&p, "l");
	assert_true(shows("< 1 column\n") || shows("< 1  +"));
}

TEST(a_column_of_blanks_leaves_its_width_to_those_that_say_something)
{
	UNUSED_STATE;
	/* One row of seventeen was received from elsewhere, and that one may be cut. */
	assert_non_null(strstr(screen_at(180, 43, PICTURE_NOW_MS), "Received Trn"));
	assert_non_null(strstr(drawn, "sip:1001@192.0.2.11:5066;transport=tcp"));
	assert_non_null(strstr(drawn, "Polycom VVX 411 6.4.4"));
	/* A window that is wide enough cuts nothing that is not very long. */
	assert_non_null(
		strstr(screen_at(600, 43, PICTURE_NOW_MS), "sip:198.51.100.4:40211;transport=tls"));
	assert_non_null(strstr(drawn, "Unify OpenScape Desk Phone CP600 V1 R5.7.0 SIP 180504"));
}

TEST(scrolling_does_not_make_columns_narrower_again)
{
	UNUSED_STATE;
	char *before;

	picture_keys(&p, "end");
	screen_at(132, 16, PICTURE_NOW_MS);
	picture_keys(&p, "g");
	before = strdup(screen_at(132, 16, PICTURE_NOW_MS));
	picture_keys(&p, "end");
	screen_at(132, 16, PICTURE_NOW_MS);
	picture_keys(&p, "g");
	assert_string_equal(screen_at(132, 16, PICTURE_NOW_MS), before);
	free(before);
}

TEST(what_changes_between_two_frames_of_one_second_is_drawn_anew)
{
	UNUSED_STATE;
	struct evidence e = {.outcome = PROBE_ANSWERED,
			     .path = PROBE_PATH_OWN,
			     .code = 603,
			     .asked_ms = PICTURE_NOW_MS,
			     .heard_ms = PICTURE_NOW_MS};

	assert_true(shows("\n  ?1013@example.com"));
	store_set_evidence(p.store, picture_id(&p, "k14"), &e);
	assert_true(shows("answers 603"));
	assert_true(shows("\n   1013@example.com"));
	store_set_mark(p.store, picture_id(&p, "k14"), true);
	assert_true(shows("\n * 1013@example.com"));
	view_set_cursor(p.view, picture_id(&p, "k14"));
	assert_true(shows("\n>* 1013@example.com"));
	view_set_cursor(p.view, picture_id(&p, "k13"));
	assert_true(shows("\n * 1013@example.com"));
	assert_non_null(strstr(screen_at(80, 24, PICTURE_NOW_MS + 1000), "49m59s"));
}

TEST(on_a_snapshot_asking_is_greyed)
{
	UNUSED_STATE;
	assert_true(shows("p ping"));
	assert_false(shows("(p ping)"));
	p.source.status.state = SOURCE_FROZEN;
	assert_true(shows("(p ping)"));
}

TEST(a_question_is_no_frozen_order_but_a_frozen_one_stays_said)
{
	UNUSED_STATE;
	picture_keys(&p, "x");
	assert_true(shows("Purge"));
	assert_false(shows("order frozen"));
	picture_keys(&p, "esc Z x");
	assert_true(shows("order frozen"));
}

int main(void)
{
#define W(name) cmocka_unit_test_setup_teardown(name, open_picture, close_picture)
	static const struct CMUnitTest tests[] = {
		W(a_long_name_of_the_source_never_costs_its_age_and_completeness),
		W(sorting_steps_only_over_columns_in_sight_and_leaves_the_verdict_line_alone),
		W(what_was_said_goes_after_a_while_but_what_is_wrong_stays),
		W(asking_is_said_until_the_answer_has_come),
		W(a_binding_that_could_not_be_asked_has_neither_basis_nor_age),
		W(the_detail_names_its_binding_and_offers_what_can_be_done_with_it),
		W(a_reason_is_not_said_twice),
		W(one_column_out_of_sight_is_one_column),
		W(a_column_of_blanks_leaves_its_width_to_those_that_say_something),
		W(scrolling_does_not_make_columns_narrower_again),
		W(what_changes_between_two_frames_of_one_second_is_drawn_anew),
		W(on_a_snapshot_asking_is_greyed),
		W(a_question_is_no_frozen_order_but_a_frozen_one_stays_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
