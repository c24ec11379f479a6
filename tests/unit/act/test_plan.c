/* The plan: what is frozen, what is said about it, who may make one, and what counts as yes. */
#include "test.h"

#include <errno.h>
#include "act/plan.h"
#include "fake_source.h"

struct world {
	struct act_env env;
	struct clock_fake clock;
	struct fake_source source;
	binding_id a1, a2, b1; /* two of 4021, one of 4022 */
};

static struct binding *lookup(struct world *w, binding_id id, struct binding *out)
{
	assert_true(store_get(w->env.store, id, out));
	return out;
}

static int setup(void **state)
{
	static struct world w;
	struct binding b;

	memset(&w, 0, sizeof(w));
	clock_fake_init(&w.clock, 1900000060000);
	fake_source_init(&w.source, "fake");
	w.env.clock = &w.clock.clock;
	w.env.store = store_new();
	w.env.sources[store_add_source(w.env.store, "fake")] = &w.source.base;
	w.env.source_count = 1;
	w.env.journal = (struct journal *)&w; /* a plan only asks whether there is one */
	b = fake_binding("k1", "4021", "sip:4021@192.0.2.7");
	w.a1 = store_put(w.env.store, 0, &b, 1900000000);
	b = fake_binding("k2", "4021", "sip:4021@192.0.2.8");
	w.a2 = store_put(w.env.store, 0, &b, 1900000000);
	b = fake_binding("k3", "4022", "sip:4022@192.0.2.9");
	w.b1 = store_put(w.env.store, 0, &b, 1900000000);
	*state = &w;
	return 0;
}

static int teardown(void **state)
{
	store_free(((struct world *)*state)->env.store);
	return 0;
}

static struct plan *must_plan(struct world *w, const binding_id *ids, size_t n)
{
	struct err e = ERR_NONE;
	struct plan *p = plan_purge(&w->env, ids, n, &e);

	if (!p)
		fail_msg("%s", e.what);
	return p;
}

TEST(a_plan_keeps_its_bindings_whatever_the_store_does)
{
	struct world *w = *state;
	struct plan *p = must_plan(w, &w->a1, 1);
	struct binding b = fake_binding("k1", "4021", "sip:other@203.0.113.1");

	store_put(w->env.store, 0, &b, 1900000100);
	assert_slice_equal(p->items[0].b->contact, "sip:4021@192.0.2.7");
	store_remove(w->env.store, 0, SLICE_LIT("k1"));
	assert_slice_equal(p->items[0].b->contact, "sip:4021@192.0.2.7");
	assert_int_equal(p->frozen_ms, 1900000060000);
	assert_int_equal(p->items[0].state, PLAN_WAITING);
	plan_free(p);
}

TEST(what_is_left_is_said_before)
{
	struct world *w = *state;
	struct plan *p = must_plan(w, &w->a1, 1);

	assert_int_equal(p->items[0].twins, 2);
	assert_int_equal(p->items[0].twins_in_plan, 1);
	assert_non_null(strstr(p->items[0].consequence, "1 binding left, calls go there now;"));
	assert_non_null(strstr(p->items[0].consequence, "the phone is not forced back"));
	assert_non_null(strstr(p->items[0].consequence, "ul.rm_contact on unix:fake"));
	assert_null(strchr(p->items[0].consequence, 0x1b));
	plan_free(p);
}

TEST(nothing_left_means_that_calls_will_fail)
{
	struct world *w = *state;
	binding_id ids[] = {w->a1, w->a2, w->b1};
	struct plan *p = must_plan(w, ids, 3);

	for (int i = 0; i < 3; i++)
		assert_non_null(
			strstr(p->items[i].consequence, "none left: calls to it will fail"));
	assert_int_equal(p->items[0].twins_in_plan, 2);
	assert_int_equal(p->items[1].twins_in_plan, 2);
	assert_int_equal(p->items[2].twins_in_plan, 1);
	plan_free(p);
}

TEST(a_lapsed_binding_takes_no_calls)
{
	struct world *w = *state;
	struct binding b = fake_binding("k2", "4021", "sip:4021@192.0.2.8");
	struct plan *p;

	b.expires_s = 1900000000;
	store_put(w->env.store, 0, &b, 1900000000);
	p = must_plan(w, &w->a1, 1);
	assert_non_null(strstr(p->items[0].consequence, "none left but 1 lapsed: calls"));
	plan_free(p);
}

TEST(a_binding_left_that_did_not_answer_is_told)
{
	struct world *w = *state;
	struct evidence silent = {.outcome = PROBE_SILENT};
	struct plan *p;

	store_set_evidence(w->env.store, w->a2, &silent);
	p = must_plan(w, &w->a1, 1);
	assert_non_null(strstr(p->items[0].consequence, "but it did not answer when last asked"));
	plan_free(p);
}

TEST(a_row_that_memory_does_not_know_takes_no_calls)
{
	struct world *w = *state;
	struct plan *p;

	store_set_differs(w->env.store, w->a2, BINDING_ONLY_TABLE);
	p = must_plan(w, &w->a1, 1);
	assert_non_null(strstr(p->items[0].consequence, "none left: calls to it will fail"));
	plan_free(p);
	p = must_plan(w, &w->a2, 1);
	assert_non_null(strstr(p->items[0].consequence, "calls do not go there already"));
	assert_non_null(strstr(p->items[0].consequence, "a question of its own"));
	plan_free(p);
}

TEST(order_stays_and_doubles_are_taken_once)
{
	struct world *w = *state;
	binding_id ids[] = {w->b1, w->a1, w->b1, w->a1};
	struct plan *p = must_plan(w, ids, 4);

	assert_int_equal(p->count, 2);
	assert_int_equal(p->items[0].id, w->b1);
	assert_int_equal(p->items[1].id, w->a1);
	plan_free(p);
}

static void assert_refused(struct world *w, size_t n, int code, const char *word)
{
	struct err e = ERR_NONE;

	assert_null(plan_purge(&w->env, &w->a1, n, &e));
	assert_int_equal(e.code, code);
	if (!strstr(e.what, word) && !strstr(e.hint, word))
		fail_msg("'%s' is not in: %s / %s", word, e.what, e.hint);
}

TEST(no_match_is_no_action)
{
	struct world *w = *state;

	assert_refused(w, 0, -ENOENT, "nothing to purge");
	store_remove(w->env.store, 0, SLICE_LIT("k1"));
	assert_refused(w, 1, -ENOENT, "nothing to purge");
}

TEST(read_only_says_why)
{
	struct world *w = *state;

	w->env.read_only = true;
	w->env.read_only_why = "REGTOP_READONLY=1";
	assert_refused(w, 1, -EPERM, "REGTOP_READONLY=1");
}

TEST(without_a_journal_nothing_is_planned)
{
	struct world *w = *state;

	w->env.journal = NULL;
	w->env.journal_trouble = "the disk is full";
	assert_refused(w, 1, -EPERM, "the disk is full");
}

TEST(a_source_that_does_not_purge_says_why)
{
	struct world *w = *state;

	w->source.refused = "there is no control socket";
	assert_refused(w, 1, -EPERM, "there is no control socket");
	w->source.base.ops = &fake_ops_read_only;
	assert_refused(w, 1, -EPERM, "only shows");
}

TEST(a_plan_has_a_ceiling)
{
	struct world *w = *state;
	binding_id *ids = calloc(PLAN_MAX_ITEMS + 1, sizeof(*ids));
	struct err e = ERR_NONE;

	assert_non_null(ids);
	assert_null(plan_purge(&w->env, ids, PLAN_MAX_ITEMS + 1, &e));
	assert_int_equal(e.code, -EPERM);
	assert_non_null(strstr(e.what, "10001"));
	free(ids);
}

TEST(one_is_confirmed_by_y_and_by_nothing_else)
{
	static const char *const no[] = {"", " ", "Y", "n", "1", "yy", "yes ", "x", "\n", "\b"};
	struct world *w = *state;
	struct plan *p = must_plan(w, &w->a1, 1);

	assert_true(plan_confirmed(p, "y"));
	assert_true(plan_confirmed(p, "yes"));
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		assert_false(plan_confirmed(p, no[i]));
	assert_false(plan_confirmed(p, NULL));
	plan_free(p);
}

TEST(several_are_confirmed_by_their_count_and_by_nothing_else)
{
	static const char *const no[] = {"", "y", "yes", "3", "02", "2 ", "+2", "2x", "22"};
	struct world *w = *state;
	binding_id ids[] = {w->a1, w->b1};
	struct plan *p = must_plan(w, ids, 2);

	assert_true(plan_confirmed(p, "2"));
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		assert_false(plan_confirmed(p, no[i]));
	plan_free(p);
}

TEST(the_question_names_the_victim_or_the_count)
{
	struct world *w = *state;
	binding_id ids[] = {w->a1, w->b1};
	struct plan *p = must_plan(w, ids, 1);
	struct strbuf q = STRBUF_INIT;

	plan_question(p, &q);
	assert_string_equal(strbuf_str(&q), "Purge this one binding of 4021@acme.example? y to do "
					    "it, Esc to leave");
	plan_free(p);
	strbuf_clear(&q);
	p = must_plan(w, ids, 2);
	plan_question(p, &q);
	assert_string_equal(strbuf_str(&q),
			    "Purge these 2 bindings? Type 2 to do it, Esc to leave");
	plan_free(p);
	strbuf_free(&q);
}

TEST(the_description_shows_each_binding_and_is_clean)
{
	struct world *w = *state;
	struct binding b = fake_binding("k9", "4\x1b[31m9", "sip:4029@192.0.2.20");
	binding_id ids[] = {w->a1, 0};
	struct strbuf text = STRBUF_INIT;
	struct plan *p;

	ids[1] = store_put(w->env.store, 0, &b, 1900000000);
	p = must_plan(w, ids, 2);
	plan_describe(p, 1900000060000, &text);
	assert_non_null(strstr(strbuf_str(&text), "1 of 2: 4021@acme.example\n"));
	assert_non_null(strstr(strbuf_str(&text), "sip:4021@192.0.2.7\n"));
	assert_non_null(strstr(strbuf_str(&text), "Yealink SIP-T46U\n"));
	assert_non_null(strstr(strbuf_str(&text), "1m00s ago, 59m00s left\n"));
	assert_non_null(strstr(strbuf_str(&text), "1 binding left"));
	assert_null(strchr(strbuf_str(&text), 0x1b));
	strbuf_free(&text);
	plan_free(p);
}

TEST(every_state_has_its_word)
{
	UNUSED_STATE;
	for (int i = PLAN_WAITING; i <= PLAN_ONLY_ROW; i++)
		assert_true(plan_state_word((enum plan_state)i)[0] != '\0');
	assert_string_equal(plan_state_word(PLAN_DONE), "removed");
	assert_string_equal(plan_state_word(PLAN_SKIPPED_CHANGED), "skipped: it has changed");
}

TEST(a_twin_of_another_source_counts_as_left)
{
	struct world *w = *state;
	static struct fake_source other;
	struct binding b = fake_binding("k1", "4022", "sip:4022@192.0.2.30");
	struct plan *p;
	struct binding got;

	fake_source_init(&other, "other");
	w->env.sources[store_add_source(w->env.store, "other")] = &other.base;
	w->env.source_count = 2;
	store_put(w->env.store, 1, &b, 1900000000);
	p = must_plan(w, &w->b1, 1);
	assert_non_null(strstr(p->items[0].consequence, "1 binding left"));
	assert_slice_equal(lookup(w, w->b1, &got)->user, "4022");
	plan_free(p);
}

int main(void)
{
#define P(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		P(a_plan_keeps_its_bindings_whatever_the_store_does),
		P(what_is_left_is_said_before),
		P(nothing_left_means_that_calls_will_fail),
		P(a_lapsed_binding_takes_no_calls),
		P(a_binding_left_that_did_not_answer_is_told),
		P(a_row_that_memory_does_not_know_takes_no_calls),
		P(order_stays_and_doubles_are_taken_once),
		P(no_match_is_no_action),
		P(read_only_says_why),
		P(without_a_journal_nothing_is_planned),
		P(a_source_that_does_not_purge_says_why),
		P(a_plan_has_a_ceiling),
		P(one_is_confirmed_by_y_and_by_nothing_else),
		P(several_are_confirmed_by_their_count_and_by_nothing_else),
		P(the_question_names_the_victim_or_the_count),
		P(the_description_shows_each_binding_and_is_clean),
		P(a_twin_of_another_source_counts_as_left),
		T(every_state_has_its_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
