/* The view: order, ties, filter, freeze, cursor and marks; and that it judges nobody in vain. */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include "model/view.h"

#define NOW 1900000000000

static struct store *store;
static struct view *view;
static unsigned judged;

/* What the fake judge says: answers when there is evidence, else not asked. */
static void judge(void *ctx, struct row *r)
{
	(void)ctx;
	judged++;
	r->j = (struct judgement){.verdict = VERDICT_NOT_ASKED};
	if (r->evidence)
		r->j.verdict = r->evidence->code ? VERDICT_ANSWERS : VERDICT_SILENT;
}

static int setup(void **state)
{
	(void)state;
	store = store_new();
	store_add_source(store, "s");
	view = view_new(store, judge, NULL);
	judged = 0;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	view_free(view);
	store_free(store);
	return 0;
}

static binding_id put(const char *user, int64_t left)
{
	char contact[64];
	struct binding b = {.key = slice_of(user),
			    .user = slice_of(user),
			    .expires_s = NOW / 1000 + left,
			    .granted_s = -1,
			    .methods = BINDING_METHODS_ALL,
			    .q_milli = BINDING_Q_UNSET};

	snprintf(contact, sizeof(contact), "sip:%s@192.0.2.1", user);
	b.contact = slice_of(contact);
	return store_put(store, 0, &b, 1);
}

/* Users in the order of the view, "a b c". */
static const char *listed(void)
{
	static char text[512];
	size_t n = 0;

	text[0] = '\0';
	for (size_t i = 0; i < view_count(view); i++) {
		struct row r;

		assert_true(view_row(view, view_at(view, i), NOW, &r));
		assert_int_equal(view_index(view, r.id), i);
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%.*s", n ? " " : "",
				      SLICE_FMT(r.b.user));
	}
	return text;
}

static const char *updated(void)
{
	view_update(view, NOW);
	return listed();
}

static void filter(const char *text)
{
	assert_int_equal(view_set_filter(view, slice_of(text), NULL, NULL), 0);
}

TEST(rows_stand_by_aor_until_told_otherwise)
{
	UNUSED_STATE;
	put("b", 10);
	put("C", 30);
	put("a", 20);
	assert_string_equal(updated(), "a b C");
	view_set_sort(view, COL_LEFT, false);
	assert_string_equal(updated(), "b a C");
	view_set_sort(view, COL_LEFT, true);
	assert_string_equal(updated(), "C a b");
}

TEST(nulls_stand_last_in_both_directions)
{
	UNUSED_STATE;
	put("a", 10);
	put("b", INT64_MAX - NOW / 1000);
	put("c", 30);
	view_set_sort(view, COL_LEFT, false);
	assert_string_equal(updated(), "a c b");
	view_set_sort(view, COL_LEFT, true);
	assert_string_equal(updated(), "c a b");
}

TEST(equal_rows_stand_by_aor_then_by_first_appearance)
{
	struct binding b = {.key = SLICE_LIT("second"), .user = SLICE_LIT("x")};
	binding_id first, second;

	UNUSED_STATE;
	first = put("x", 5);
	second = store_put(store, 0, &b, 1);
	put("w", 5);
	view_set_sort(view, COL_USER_AGENT, false);
	assert_string_equal(updated(), "w x x");
	assert_int_equal(view_at(view, 1), first);
	assert_int_equal(view_at(view, 2), second);
	view_set_sort(view, COL_USER_AGENT, true);
	assert_string_equal(updated(), "w x x");
	assert_int_equal(view_at(view, 1), first);
}

TEST(long_common_beginnings_sort_by_what_follows)
{
	UNUSED_STATE;
	put("customer-0000000000000000-b", 1);
	put("customer-0000000000000000", 1);
	put("customer-0000000000000000-A", 1);
	put("customer-", 1);
	assert_string_equal(updated(), "customer- customer-0000000000000000 "
				       "customer-0000000000000000-A customer-0000000000000000-b");
	view_set_sort(view, COL_CONTACT, true);
	/* '@' comes after '-' and '0' */
	assert_string_equal(updated(), "customer- customer-0000000000000000 "
				       "customer-0000000000000000-b customer-0000000000000000-A");
}

TEST(the_order_is_that_of_column_compare)
{
	static const enum column_id cols[] = {COL_AOR,   COL_CONTACT,    COL_LEFT,
					      COL_CSEQ,  COL_Q,          COL_VERDICT,
					      COL_TWINS, COL_USER_AGENT, COL_REFRESHED};
	uint64_t seed = 7;

	UNUSED_STATE;
	for (unsigned i = 0; i < 2000; i++) {
		char text[4][40];
		struct binding b = {.methods = BINDING_METHODS_ALL, .granted_s = -1};
		binding_id id;

		seed = seed * 6364136223846793005u + 1442695040888963407u;
		snprintf(text[0], 40, "k%u", i);
		snprintf(text[1], 40, "%s%u", seed >> 40 & 1 ? "User" : "user-with-a-long-",
			 (unsigned)(seed >> 50) & 511);
		snprintf(text[2], 40, "sip:\xff%u@\x01h", (unsigned)(seed >> 45) & 31);
		snprintf(text[3], 40, "%.*s", (int)(seed >> 41 & 15), "AgentAgentAgentAgent");
		b.key = slice_of(text[0]);
		b.user = slice_of(text[1]);
		b.contact = slice_of(text[2]);
		b.user_agent = slice_of(text[3]);
		b.expires_s = seed >> 60 ? NOW / 1000 + (int64_t)(seed >> 52 & 255) - 99
					 : BINDING_PERMANENT;
		b.cseq = (uint32_t)(seed >> 33) & 7;
		b.q_milli = (int32_t)(seed >> 35 & 3) * 500 - 500;
		b.refreshed_s = (int64_t)(seed >> 37 & 3) * 1000;
		id = store_put(store, 0, &b, 1);
		if (seed >> 61 == 3) {
			struct evidence e = {.outcome = PROBE_ANSWERED, .code = 200};

			store_set_evidence(store, id, &e);
		}
	}
	for (size_t c = 0; c < sizeof(cols) / sizeof(cols[0]) * 2; c++) {
		enum column_id col = cols[c / 2];
		bool reverse = c & 1;

		view_set_sort(view, col, reverse);
		view_update(view, NOW);
		assert_int_equal(view_count(view), 2000);
		for (size_t i = 1; i < 2000; i++) {
			struct row a, b;
			struct value v;
			int order;

			view_row(view, view_at(view, i - 1), NOW, &a);
			view_row(view, view_at(view, i), NOW, &b);
			order = column_compare(col, &a, &b);
			columns[col].get(&b, &v);
			if (reverse && v.type != VALUE_NULL)
				order = -order;
			if (order == 0)
				order = column_compare(COL_AOR, &a, &b);
			if (order == 0)
				order = binding_serial(a.id) < binding_serial(b.id) ? -1 : 1;
			assert_true(order < 0);
		}
	}
}

TEST(a_filter_that_does_not_parse_keeps_the_last_good_one)
{
	struct err e;
	size_t at = 0;

	UNUSED_STATE;
	put("a", 1);
	put("b", 1);
	filter("user=a");
	assert_string_equal(updated(), "a");
	assert_true(view_set_filter(view, slice_of("user=a ("), &at, &e) < 0);
	assert_int_equal(at, 8);
	assert_string_equal(view_filter(view), "user=a");
	assert_string_equal(updated(), "a");
	filter("");
	assert_string_equal(updated(), "a b");
}

TEST(nothing_changed_costs_nothing)
{
	UNUSED_STATE;
	put("a", 100);
	filter("verdict:not-asked");
	assert_true(view_update(view, NOW));
	judged = 0;
	assert_false(view_update(view, NOW));
	assert_false(view_update(view, NOW + 999));
	assert_int_equal(judged, 0);
	/* time alone can change a verdict: at most once a second */
	assert_false(view_update(view, NOW + 1000));
	assert_int_equal(judged, 1);
	assert_false(view_update(view, NOW + 1001));
	assert_int_equal(judged, 1);
}

TEST(an_order_by_expiry_judges_nobody)
{
	UNUSED_STATE;
	for (int i = 0; i < 50; i++) {
		char user[16];

		snprintf(user, sizeof(user), "%d", i);
		put(user, 50 - i);
	}
	view_set_sort(view, COL_LEFT, false);
	filter("left>10s 192.0.2.1");
	view_update(view, NOW);
	assert_int_equal(view_count(view), 40);
	assert_int_equal(judged, 0);
}

TEST(time_moves_rows_in_and_out_of_a_filter)
{
	UNUSED_STATE;
	put("a", 5);
	put("b", 50);
	filter("left<10s");
	assert_string_equal(updated(), "a");
	assert_true(view_update(view, NOW + 45000));
	assert_int_equal(view_count(view), 2);
}

TEST(evidence_moves_rows_when_the_filter_or_order_asks_for_it)
{
	struct evidence e = {.outcome = PROBE_SILENT};
	binding_id b;

	UNUSED_STATE;
	put("a", 5);
	b = put("b", 5);
	assert_string_equal(updated(), "a b");
	judged = 0;
	store_set_evidence(store, b, &e);
	assert_false(view_update(view, NOW));
	assert_int_equal(judged, 0);
	view_set_sort(view, COL_VERDICT, false);
	assert_string_equal(updated(), "b a");
	filter("verdict:silent");
	assert_string_equal(updated(), "b");
	e.code = 200;
	store_set_evidence(store, b, &e);
	assert_true(view_update(view, NOW));
	assert_int_equal(view_count(view), 0);
}

TEST(frozen_rows_keep_their_places)
{
	UNUSED_STATE;
	put("c", 30);
	put("b", 20);
	put("d", 40);
	view_set_sort(view, COL_LEFT, false);
	assert_string_equal(updated(), "b c d");
	view_freeze(view, true);
	put("b", 99);
	put("a", 1);
	assert_string_equal(updated(), "b c d a");
	store_remove(store, 0, slice_of("c"));
	assert_string_equal(updated(), "b d a");
	view_freeze(view, false);
	assert_string_equal(updated(), "a d b");
}

TEST(frozen_rows_stay_though_they_match_no_more_until_the_filter_changes)
{
	struct evidence e = {.outcome = PROBE_SILENT};
	binding_id a;

	UNUSED_STATE;
	a = put("a", 1);
	put("b", 1);
	store_set_evidence(store, a, &e);
	filter("verdict:silent");
	assert_string_equal(updated(), "a");
	view_freeze(view, true);
	e.code = 200;
	store_set_evidence(store, a, &e);
	assert_string_equal(updated(), "a");
	filter("verdict:not-asked");
	assert_string_equal(updated(), "b");
	filter("");
	assert_string_equal(updated(), "b a");
}

TEST(another_order_is_obeyed_even_when_frozen)
{
	UNUSED_STATE;
	put("a", 2);
	put("b", 1);
	assert_string_equal(updated(), "a b");
	view_freeze(view, true);
	view_set_sort(view, COL_LEFT, false);
	assert_string_equal(updated(), "b a");
	put("c", 0);
	assert_string_equal(updated(), "b a c");
	assert_true(view_frozen(view));
}

TEST(the_cursor_follows_its_binding)
{
	binding_id b;

	UNUSED_STATE;
	assert_int_equal(view_cursor(view), 0);
	put("a", 1);
	b = put("b", 2);
	put("c", 3);
	view_update(view, NOW);
	assert_int_equal(view_cursor(view), view_at(view, 0));
	view_set_cursor(view, b);
	view_set_sort(view, COL_LEFT, true);
	put("z", 99);
	view_update(view, NOW);
	assert_int_equal(view_cursor(view), b);
	assert_int_equal(view_index(view, b), 2);
	/* what took its place */
	store_remove(store, 0, slice_of("b"));
	assert_string_equal(updated(), "z c a");
	assert_int_equal(view_cursor(view), view_at(view, 2));
	store_remove(store, 0, slice_of("a"));
	view_update(view, NOW);
	assert_int_equal(view_cursor(view), view_at(view, 1));
	filter("nobody");
	view_update(view, NOW);
	assert_int_equal(view_cursor(view), 0);
	filter("");
	view_update(view, NOW);
	assert_true(view_index(view, view_cursor(view)) >= 0);
}

TEST(the_cursor_stops_at_the_ends)
{
	UNUSED_STATE;
	view_move_cursor(view, 1);
	put("a", 1);
	put("b", 1);
	put("c", 1);
	view_update(view, NOW);
	view_move_cursor(view, 1);
	assert_int_equal(view_cursor(view), view_at(view, 1));
	view_move_cursor(view, PTRDIFF_MAX);
	assert_int_equal(view_cursor(view), view_at(view, 2));
	view_move_cursor(view, -100);
	assert_int_equal(view_cursor(view), view_at(view, 0));
	view_move_cursor(view, PTRDIFF_MIN);
	assert_int_equal(view_cursor(view), view_at(view, 0));
	view_set_cursor(view, 12345);
	assert_int_equal(view_cursor(view), view_at(view, 0));
}

TEST(marks_that_the_view_hides_are_counted)
{
	binding_id a, b;

	UNUSED_STATE;
	a = put("a", 1);
	b = put("b", 1);
	view_update(view, NOW);
	store_set_mark(store, a, true);
	store_set_mark(store, b, true);
	assert_int_equal(view_hidden_marks(view), 0);
	filter("user=a");
	view_update(view, NOW);
	assert_int_equal(view_hidden_marks(view), 1);
	store_set_mark(store, b, false);
	assert_int_equal(view_hidden_marks(view), 0);
}

TEST(what_is_gone_has_no_row_and_no_place)
{
	binding_id a;
	struct row r;

	UNUSED_STATE;
	a = put("a", 1);
	view_update(view, NOW);
	store_remove(store, 0, slice_of("a"));
	assert_false(view_row(view, a, NOW, &r));
	view_update(view, NOW);
	assert_int_equal(view_index(view, a), -1);
	assert_int_equal(view_at(view, 0), 0);
}

TEST(a_hundred_thousand_rows_are_sorted_and_filtered)
{
	char user[24];

	UNUSED_STATE;
	for (unsigned i = 0; i < 100000; i++) {
		snprintf(user, sizeof(user), "user%06u", i * 7919 % 100000);
		put(user, i % 3600);
	}
	view_update(view, NOW);
	assert_int_equal(view_count(view), 100000);
	view_set_sort(view, COL_LEFT, true);
	view_update(view, NOW);
	for (size_t i = 1; i < 100000; i++) {
		struct binding a, b;

		store_get(store, view_at(view, i - 1), &a);
		store_get(store, view_at(view, i), &b);
		assert_true(a.expires_s > b.expires_s ||
			    (a.expires_s == b.expires_s && slice_cmp(a.user, b.user) < 0));
	}
	filter("user00");
	view_update(view, NOW);
	assert_int_equal(view_count(view), 10000);
	assert_int_equal(judged, 0);
}

#define V(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* Numbers are counted when they are many and near to each other; nulls are none of them. */
TEST(many_near_numbers_stand_in_order_and_nulls_behind_them)
{
	UNUSED_STATE;
	for (int i = 0; i < 9000; i++) {
		char user[16];

		snprintf(user, sizeof(user), "%d", i);
		put(user, i % 7 ? (i * 37) % 500 - 250 : INT64_MAX - NOW / 1000);
	}
	for (int reverse = 0; reverse < 2; reverse++) {
		view_set_sort(view, COL_LEFT, reverse);
		view_update(view, NOW);
		for (size_t i = 1; i < 9000; i++) {
			struct row a, b;
			int order;

			view_row(view, view_at(view, i - 1), NOW, &a);
			view_row(view, view_at(view, i), NOW, &b);
			if (b.b.expires_s == BINDING_PERMANENT)
				continue;
			order = column_compare(COL_LEFT, &a, &b) * (reverse ? -1 : 1);
			assert_true(order < 0 ||
				    (order == 0 && column_compare(COL_AOR, &a, &b) < 0));
		}
	}
	/* one that is far away, and the others are no longer near */
	put("far", 1 << 20);
	view_update(view, NOW);
	view_freeze(view, true);
	view_freeze(view, false);
	view_update(view, NOW);
	assert_int_equal(view_index(view, store_find(store, 0, SLICE_LIT("far"))), 0);
}

/* ---- against a view that was made anew ----------------------------------------------------------
 */

static unsigned random_state;

static unsigned dice(unsigned n)
{
	random_state = random_state * 1103515245 + 12345;
	return (random_state >> 12) % n;
}

static void random_put(unsigned keys)
{
	static const char *const agents[] = {"snom", "Yealink", "", "SNOM 9"};
	char text[3][80];
	struct binding b = {.methods = BINDING_METHODS_ALL, .granted_s = -1};
	unsigned key = dice(keys);

	snprintf(text[0], 80, "k%u", key);
	/* most keep their AoR, some move, some share one */
	snprintf(text[1], 20, "%c%u", dice(50) ? 'u' : 'W', dice(20) ? key % 97 : dice(9));
	snprintf(text[2], 80, "sip:%.20s@10.0.0.%u", text[1], dice(40) ? key % 7 : dice(7));
	b.key = slice_of(text[0]);
	b.user = slice_of(text[1]);
	b.contact = slice_of(text[2]);
	b.user_agent = slice_of(agents[dice(30) ? key & 3 : dice(4)]);
	b.expires_s = dice(10) ? NOW / 1000 + dice(60) : BINDING_PERMANENT;
	b.cseq = dice(5);
	store_put(store, 0, &b, 1);
}

static void random_change(unsigned keys)
{
	struct evidence e = {.outcome = PROBE_ANSWERED};
	char key[16];
	binding_id id;

	snprintf(key, sizeof(key), "k%u", dice(keys));
	id = store_find(store, 0, slice_of(key));
	switch (dice(6)) {
	case 0:
		store_remove(store, 0, slice_of(key));
		break;
	case 1:
		e.code = dice(2) ? 200 : 0;
		store_set_evidence(store, id, &e);
		break;
	default:
		random_put(keys);
		break;
	}
}

static void random_ask(void)
{
	static const char *const filters[] = {
		"",           "u1",
		"u12",        "snom",
		"snom u",     "left<30s",
		"u5",         "W",
		"10.0",       "verdict:answers",
		"twins>1",    "(u1 | yealink) !u2",
		"u",          "5",
		"none",       "cseq>2",
		"ua=snom u3",
	};
	static const enum column_id cols[] = {COL_AOR,     COL_LEFT, COL_USER_AGENT, COL_CONTACT,
					      COL_VERDICT, COL_CSEQ, COL_TWINS,      COL_DOMAIN};

	if (dice(2))
		filter(filters[dice(sizeof(filters) / sizeof(filters[0]))]);
	else
		view_set_sort(view, cols[dice(sizeof(cols) / sizeof(cols[0]))], dice(2));
}

static void same_as_anew(void)
{
	struct view *anew = view_new(store, judge, NULL);
	bool reverse;
	enum column_id col = view_sort(view, &reverse);

	assert_int_equal(view_set_filter(anew, slice_of(view_filter(view)), NULL, NULL), 0);
	view_set_sort(anew, col, reverse);
	view_update(anew, NOW);
	assert_int_equal(view_count(view), view_count(anew));
	for (size_t i = 0; i < view_count(anew); i++) {
		assert_int_equal(view_at(view, i), view_at(anew, i));
		if (i % 16 == 0)
			assert_int_equal(view_index(view, view_at(view, i)), i);
	}
	view_free(anew);
}

/* Few changes and many, in steps and at once, asked for in the midst of the work. */
static void random_life(unsigned keys, unsigned steps)
{
	for (unsigned i = 0; i < steps; i++) {
		unsigned n = dice(8) ? dice(12) : dice(keys);

		for (unsigned k = 0; k < n; k++)
			random_change(keys);
		if (dice(4) == 0)
			random_ask();
		/* once a second all rows are looked at again: not in the midst of this */
		if (dice(3)) {
			view_work(view, NOW, 1 + dice(3 * keys));
			continue;
		}
		view_update(view, NOW);
		assert_false(view_busy(view));
		assert_false(view_behind(view));
		same_as_anew();
	}
}

TEST(a_view_that_lived_through_much_is_as_one_made_anew)
{
	UNUSED_STATE;
	random_state = 5;
	random_life(40, 1500);
	random_life(900, 400);
	/* enough for sorting in steps */
	for (unsigned i = 0; i < 20000; i++)
		random_put(20000);
	random_life(20000, 60);
}

TEST(changes_that_the_store_forgot_are_found_all_the_same)
{
	UNUSED_STATE;
	random_state = 77;
	for (unsigned round = 0; round < 4; round++) {
		for (unsigned i = 0; i < STORE_LOG + 1000; i++)
			random_change(500);
		view_set_sort(view, round & 1 ? COL_LEFT : COL_AOR, false);
		view_update(view, NOW);
		same_as_anew();
	}
}

/* What is frozen may be anything, but it holds each match once, and nothing that is gone. */
TEST(a_frozen_view_loses_and_doubles_nothing)
{
	UNUSED_STATE;
	random_state = 3;
	for (unsigned i = 0; i < 200; i++)
		random_put(300);
	view_update(view, NOW);
	view_freeze(view, true);
	for (unsigned round = 0; round < 400; round++) {
		size_t listed_count = 0;

		for (unsigned k = dice(dice(5) ? 6 : 300); k-- > 0;)
			random_change(300);
		if (dice(5) == 0)
			random_ask();
		if (dice(3)) {
			view_work(view, NOW, 1 + dice(900));
			continue;
		}
		view_update(view, NOW);
		for (size_t i = 0; i < view_count(view); i++) {
			struct row r;

			assert_true(view_row(view, view_at(view, i), NOW, &r));
			assert_int_equal(view_index(view, r.id), i);
		}
		for (uint32_t slot = 0; slot < store_slots(store); slot++)
			listed_count += view_index(view, store_at(store, slot)) >= 0;
		assert_int_equal(listed_count, view_count(view));
	}
	view_freeze(view, false);
	view_update(view, NOW);
	same_as_anew();
}

TEST(work_in_steps_shows_the_old_list_until_the_new_one_is_there)
{
	unsigned steps = 0;

	UNUSED_STATE;
	random_state = 9;
	for (unsigned i = 0; i < 30000; i++)
		random_put(60000);
	view_update(view, NOW);
	filter("left<10s");
	view_set_sort(view, COL_CONTACT, false);
	assert_true(view_behind(view));
	while (view_busy(view)) {
		size_t before = view_count(view);
		bool differs = view_work(view, NOW, 1000);

		assert_int_equal(differs, view_count(view) != before);
		assert_int_equal(view_behind(view), view_busy(view));
		steps++;
	}
	assert_true(steps > 10);
	same_as_anew();
	/* the newest question wins, wherever the work stands */
	filter("u1");
	view_work(view, NOW, 5000);
	filter("u12");
	view_work(view, NOW, 40000);
	filter("nobody");
	while (view_busy(view))
		view_work(view, NOW, 1000);
	assert_int_equal(view_count(view), 0);
}

TEST(what_nobody_asked_for_rests_between)
{
	UNUSED_STATE;
	for (unsigned i = 0; i < 5000; i++)
		random_put(9000);
	view_update(view, NOW);
	for (unsigned i = 0; i < 5000; i++)
		random_change(9000);
	/* begun at once, and slow: 400 ms */
	view_work(view, NOW, 10);
	assert_true(view_busy(view));
	assert_false(view_behind(view));
	while (view_busy(view))
		view_work(view, NOW + 400, 100000);
	for (unsigned i = 0; i < 5000; i++)
		random_change(9000);
	view_work(view, NOW + 500, 10);
	assert_false(view_busy(view));
	/* but a person does not wait */
	filter("u1");
	assert_true(view_busy(view));
	while (view_busy(view))
		view_work(view, NOW + 500, 100000);
	same_as_anew();
	for (unsigned i = 0; i < 5000; i++)
		random_change(9000);
	view_work(view, NOW + 4000, 10);
	assert_true(view_busy(view));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		V(rows_stand_by_aor_until_told_otherwise),
		V(nulls_stand_last_in_both_directions),
		V(equal_rows_stand_by_aor_then_by_first_appearance),
		V(long_common_beginnings_sort_by_what_follows),
		V(the_order_is_that_of_column_compare),
		V(a_filter_that_does_not_parse_keeps_the_last_good_one),
		V(nothing_changed_costs_nothing),
		V(an_order_by_expiry_judges_nobody),
		V(time_moves_rows_in_and_out_of_a_filter),
		V(evidence_moves_rows_when_the_filter_or_order_asks_for_it),
		V(frozen_rows_keep_their_places),
		V(frozen_rows_stay_though_they_match_no_more_until_the_filter_changes),
		V(another_order_is_obeyed_even_when_frozen),
		V(the_cursor_follows_its_binding),
		V(the_cursor_stops_at_the_ends),
		V(marks_that_the_view_hides_are_counted),
		V(what_is_gone_has_no_row_and_no_place),
		V(a_hundred_thousand_rows_are_sorted_and_filtered),
		V(many_near_numbers_stand_in_order_and_nulls_behind_them),
		V(a_view_that_lived_through_much_is_as_one_made_anew),
		V(changes_that_the_store_forgot_are_found_all_the_same),
		V(a_frozen_view_loses_and_doubles_nothing),
		V(work_in_steps_shows_the_old_list_until_the_new_one_is_there),
		V(what_nobody_asked_for_rests_between),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
