/* The tally: edge numbers of an effect, what counts as asked, order, changes one by one, filters.
 */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include "model/place.h"
#include "model/tally.h"

#define NOW 1900000000000

static struct store *store;
static struct view *view;
static struct tally *tally;

/* A judge that believes everything, but for what the detail of the evidence says. */
static void judge(void *ctx, struct row *r)
{
	const struct evidence *e = r->evidence;

	(void)ctx;
	r->j = (struct judgement){.verdict = VERDICT_NOT_ASKED, .basis = BASIS_CONFIRMED};
	if (!e)
		return;
	r->j.faded = r->now_ms - e->asked_ms > 600000;
	r->j.verdict = e->outcome == PROBE_ANSWERED ? VERDICT_ANSWERS : VERDICT_SILENT;
	if (strcmp(e->detail, "behind nat") == 0)
		r->j.basis = BASIS_UNKNOWN;
	if (strcmp(e->detail, "sleeps") == 0)
		r->j.verdict = VERDICT_ASLEEP;
}

static int setup(void **state)
{
	(void)state;
	store = store_new();
	store_add_source(store, "s");
	view = view_new(store, judge, NULL);
	tally = NULL;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	tally_free(tally);
	view_free(view);
	store_free(store);
	return 0;
}

static binding_id put(const char *user, const char *host, const char *agent)
{
	char contact[96];
	struct binding b = {.key = slice_of(user),
			    .user = slice_of(user),
			    .user_agent = slice_of(agent),
			    .expires_s = NOW / 1000 + 600,
			    .granted_s = -1,
			    .methods = BINDING_METHODS_ALL,
			    .q_milli = BINDING_Q_UNSET};

	snprintf(contact, sizeof(contact), "sip:%s@%s", user, host);
	b.contact = slice_of(contact);
	return store_put(store, 0, &b, 1);
}

static void found(binding_id id, enum probe_outcome outcome, const char *detail)
{
	struct evidence e = {.outcome = outcome,
			     .asked_ms = NOW,
			     .code = outcome == PROBE_ANSWERED ? 200 : 0,
			     .probes = 1};

	snprintf(e.detail, sizeof(e.detail), "%s", detail);
	store_set_evidence(store, id, &e);
}

static void count_at(enum column_id by, int64_t now_ms)
{
	view_update(view, now_ms);
	if (!tally || tally_by(tally) != by) {
		tally_free(tally);
		tally = tally_new(view, store, by);
	}
	do
		tally_work(tally, now_ms, 10);
	while (tally_busy(tally));
}

static const struct tally_group *group_of(const char *value)
{
	for (size_t i = 0; i < tally_count(tally); i++)
		if (strcmp(tally_at(tally, i)->value, value) == 0)
			return tally_at(tally, i);
	fail_msg("there is no group %s", value);
	return NULL;
}

TEST(more_than_sixty_of_a_hundred_of_at_least_three_are_an_effect)
{
	UNUSED_STATE;
	assert_false(tally_is_effect(0, 0));
	assert_false(tally_is_effect(2, 2));
	assert_true(tally_is_effect(3, 2)); /* 66.7 % */
	assert_true(tally_is_effect(3, 3));
	assert_false(tally_is_effect(3, 1));
	assert_false(tally_is_effect(5, 3)); /* exactly 60 % */
	assert_true(tally_is_effect(5, 4));
	assert_false(tally_is_effect(100000000, 60000000));
	assert_true(tally_is_effect(100000000, 60000001));
}

TEST(bindings_are_counted_by_their_network_and_the_worst_group_comes_first)
{
	char user[16];

	UNUSED_STATE;
	for (int i = 0; i < 6; i++) {
		snprintf(user, sizeof(user), "a%d", i);
		found(put(user, i % 2 ? "192.0.2.7" : "192.0.2.99:5062", "x"),
		      i ? PROBE_SILENT : PROBE_ANSWERED, "");
	}
	for (int i = 0; i < 9; i++) {
		snprintf(user, sizeof(user), "b%d", i);
		put(user, "198.51.100.3", "x");
	}
	found(put("c", "[2001:db8:1:2::3]:5060", "x"), PROBE_REFUSED, "");
	count_at(COL_NETWORK, NOW);
	assert_int_equal(tally_count(tally), 3);
	assert_string_equal(tally_at(tally, 0)->value, "192.0.2.0/24");
	assert_int_equal(tally_at(tally, 0)->members, 6);
	assert_int_equal(tally_at(tally, 0)->asked, 6);
	assert_int_equal(tally_at(tally, 0)->answered, 1);
	assert_int_equal(tally_at(tally, 0)->silent, 5);
	assert_true(tally_at(tally, 0)->effect);
	assert_string_equal(tally_at(tally, 1)->value, "2001:db8:1::/48");
	assert_int_equal(tally_at(tally, 1)->gone, 1);
	assert_false(tally_at(tally, 1)->effect);
	assert_int_equal(tally_at(tally, 2)->members, 9);
	assert_int_equal(tally_at(tally, 2)->asked, 0);
}

TEST(what_proves_nothing_is_not_counted_as_asked)
{
	UNUSED_STATE;
	found(put("a", "192.0.2.1", "x"), PROBE_SILENT, "behind nat");
	found(put("b", "192.0.2.1", "x"), PROBE_SILENT, "sleeps");
	found(put("c", "192.0.2.1", "x"), PROBE_UNROUTABLE, "");
	found(put("d", "192.0.2.1", "x"), PROBE_SILENT, "");
	count_at(COL_USER_AGENT, NOW);
	assert_int_equal(group_of("x")->members, 4);
	assert_int_equal(group_of("x")->asked, 1);
	assert_int_equal(group_of("x")->silent, 1);
	/* and it fades */
	count_at(COL_USER_AGENT, NOW + 700000);
	do
		tally_work(tally, NOW + 700000, 10);
	while (tally_busy(tally));
	assert_int_equal(group_of("x")->asked, 0);
}

TEST(changes_are_worked_in_one_by_one)
{
	binding_id a, b;

	UNUSED_STATE;
	a = put("a", "192.0.2.1", "x");
	b = put("b", "192.0.2.2", "x");
	count_at(COL_NETWORK, NOW);
	assert_int_equal(group_of("192.0.2.0/24")->asked, 0);
	found(a, PROBE_SILENT, "");
	view_update(view, NOW);
	assert_true(tally_work(tally, NOW, 1));
	assert_false(tally_busy(tally));
	assert_int_equal(group_of("192.0.2.0/24")->silent, 1);
	found(a, PROBE_ANSWERED, "");
	assert_int_equal(put("b", "198.51.100.1", "x"), b); /* it moves */
	put("c", "192.0.2.9", "x");
	view_update(view, NOW);
	assert_true(tally_work(tally, NOW, 1));
	assert_int_equal(group_of("192.0.2.0/24")->members, 2);
	assert_int_equal(group_of("192.0.2.0/24")->silent, 0);
	assert_int_equal(group_of("192.0.2.0/24")->answered, 1);
	assert_int_equal(group_of("198.51.100.0/24")->members, 1);
	store_remove(store, 0, SLICE_LIT("b"));
	view_update(view, NOW);
	tally_work(tally, NOW, 1);
	assert_int_equal(tally_count(tally), 1);
	assert_false(tally_work(tally, NOW, 1));
}

TEST(only_what_the_view_lists_is_counted)
{
	UNUSED_STATE;
	put("a", "192.0.2.1", "x");
	put("b", "192.0.2.2", "y");
	count_at(COL_NETWORK, NOW);
	assert_int_equal(group_of("192.0.2.0/24")->members, 2);
	assert_int_equal(view_set_filter(view, SLICE_LIT("user_agent=y"), NULL, NULL), 0);
	count_at(COL_NETWORK, NOW);
	assert_int_equal(group_of("192.0.2.0/24")->members, 1);
}

TEST(a_groups_filter_finds_its_members_whatever_they_are_called)
{
	static const char *const agents[] = {"Snom 300", "say \"hi\"", "back\\slash",
					     "a | b) (", "",           "-"};
	struct strbuf filter = STRBUF_INIT;
	struct err e = ERR_NONE;
	binding_id *ids;
	size_t at;

	UNUSED_STATE;
	for (size_t i = 0; i < sizeof(agents) / sizeof(agents[0]); i++) {
		char user[16];

		snprintf(user, sizeof(user), "u%zu", i);
		put(user, "192.0.2.1", agents[i]);
	}
	count_at(COL_USER_AGENT, NOW);
	assert_int_equal(tally_count(tally), sizeof(agents) / sizeof(agents[0]));
	for (size_t i = 0; i < tally_count(tally); i++) {
		const struct tally_group *g = tally_at(tally, i);

		strbuf_clear(&filter);
		tally_filter(tally, g, &filter);
		assert_int_equal(tally_members(tally, g, &ids), 1);
		assert_int_equal(view_set_filter(view, strbuf_slice(&filter), &at, &e), 0);
		view_update(view, NOW);
		assert_int_equal(view_count(view), 1);
		assert_true(view_at(view, 0) == ids[0]);
		free(ids);
	}
	strbuf_free(&filter);
}

TEST(columns_that_differ_for_each_binding_are_refused)
{
	UNUSED_STATE;
	assert_non_null(tally_refused(COL_LEFT));
	assert_non_null(tally_refused(COL_CALL_ID));
	assert_null(tally_refused(COL_NETWORK));
	assert_null(tally_refused(COL_GRANTED));
}

TEST(places_are_read_from_the_source_first_then_from_the_contact)
{
	char out[64];
	struct binding b = {.contact = SLICE_LIT("sip:a@10.0.0.5:5062"),
			    .received = SLICE_LIT("sip:203.0.113.7:40000;transport=udp"),
			    .path = SLICE_LIT("<sip:edge@[2001:db8::9]:5070;lr>, <sip:192.0.2.1>")};

	UNUSED_STATE;
	assert_true(place_network(&b, out, sizeof(out)));
	assert_string_equal(out, "203.0.113.0/24");
	assert_true(place_phone(&b, out, sizeof(out)));
	assert_string_equal(out, "203.0.113.7:40000");
	assert_true(place_edge(&b, out, sizeof(out)));
	assert_string_equal(out, "[2001:db8::9]:5070");
	b.received = SLICE_NONE;
	assert_true(place_network(&b, out, sizeof(out)));
	assert_string_equal(out, "10.0.0.0/24");
	b.contact = SLICE_LIT("sip:a@phone.example.com");
	b.path = SLICE_NONE;
	assert_false(place_network(&b, out, sizeof(out)));
	assert_false(place_edge(&b, out, sizeof(out)));
	assert_true(place_phone(&b, out, sizeof(out)));
	assert_string_equal(out, "phone.example.com");
}

#define WITH(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(more_than_sixty_of_a_hundred_of_at_least_three_are_an_effect),
		WITH(bindings_are_counted_by_their_network_and_the_worst_group_comes_first),
		WITH(what_proves_nothing_is_not_counted_as_asked),
		WITH(changes_are_worked_in_one_by_one),
		WITH(only_what_the_view_lists_is_counted),
		WITH(a_groups_filter_finds_its_members_whatever_they_are_called),
		T(columns_that_differ_for_each_binding_are_refused),
		T(places_are_read_from_the_source_first_then_from_the_contact),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
