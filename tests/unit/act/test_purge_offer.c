/* What a purge offers afterwards, and how that is done: AoRs that go whole, rows that are left. */
#include "test.h"

#include <errno.h>
#include <unistd.h>
#include "act/purge.h"
#include "act/survey.h"
#include "fake_source.h"

#define PHONES 3

struct world {
	struct act_env env;
	struct clock_fake clock;
	struct fake_source source;
	char dir[64], path[96];
	binding_id ids[PHONES];
	struct binding b[PHONES];
	struct purge *run;
	/* What the registrar has of the AoR. */
	struct binding aor[4];
	size_t aor_count;
	enum source_answer aor_says;
	bool aor_silent; /* never answers */
	size_t read_aors, aors_removed, aor_removed_count, rows_removed, proofs;
	struct fake_answer aor_removal, row_removal[4], proof;
	size_t row_removals;
	size_t overs;
};

static struct world w;

static void read_aor(struct source *s, const struct binding *b, source_aor_fn *fn, void *ctx)
{
	struct err e;

	(void)s;
	(void)b;
	w.read_aors++;
	if (w.aor_silent)
		return;
	err_set(&e, -EIO, NULL, "the control is gone");
	fn(ctx, w.aor_says, w.aor, w.aor_says == SOURCE_DONE ? w.aor_count : 0,
	   w.aor_says == SOURCE_DONE ? NULL : &e);
}

static void purge_aor(struct source *s, const struct binding *const *all, size_t n,
		      source_answer_fn *fn, void *ctx)
{
	w.aors_removed++;
	w.aor_removed_count = n;
	for (size_t i = 0; i < n; i++)
		assert_true(slice_eq(all[i]->contact, w.aor[i].contact));
	fake_answer_now((struct fake_source *)s, &w.aor_removal, fn, ctx);
}

static void purge_row(struct source *s, const struct binding *b, source_answer_fn *fn, void *ctx)
{
	size_t i = w.rows_removed < w.row_removals ? w.rows_removed : w.row_removals - 1;

	(void)b;
	w.rows_removed++;
	fake_answer_now((struct fake_source *)s, &w.row_removal[i], fn, ctx);
}

static void prove(struct source *s, const struct binding *b, source_answer_fn *fn, void *ctx)
{
	(void)b;
	w.proofs++;
	fake_answer_now((struct fake_source *)s, &w.proof, fn, ctx);
}

static struct source_ops ops;

static struct fake_answer just(enum source_answer a, const char *what)
{
	return (struct fake_answer){.a = a, .what = what};
}

static struct fake_answer left(struct binding row, int code)
{
	return (struct fake_answer){
		.a = SOURCE_GONE, .now = row, .row = true, .what = "only its row", .code = code};
}

static int setup(void **state)
{
	static const char *const keys[] = {"k0", "k1", "k2"};
	static const char *const contacts[] = {"sip:1@192.0.2.1", "sip:2@192.0.2.2",
					       "sip:3@192.0.2.3"};
	struct err e = ERR_NONE;

	(void)state;
	memset(&w, 0, sizeof(w));
	snprintf(w.dir, sizeof(w.dir), "/tmp/regtop-offer-XXXXXX");
	assert_non_null(mkdtemp(w.dir));
	snprintf(w.path, sizeof(w.path), "%s/journal.db", w.dir);
	clock_fake_init(&w.clock, 1900000060000);
	fake_source_init(&w.source, "fake");
	ops = fake_ops;
	ops.read_aor = read_aor;
	ops.purge_aor = purge_aor;
	ops.purge_row = purge_row;
	w.source.base.ops = &ops;
	w.env.loop = loop_new();
	w.env.clock = &w.clock.clock;
	w.env.store = store_new();
	w.env.sources[store_add_source(w.env.store, "fake")] = &w.source.base;
	w.env.source_count = 1;
	w.env.again_ms = 5;
	w.env.journal = journal_open(w.path, w.env.clock, &e);
	assert_non_null(w.env.journal);
	for (unsigned i = 0; i < PHONES; i++) {
		w.b[i] = fake_binding(keys[i], "4021", contacts[i]);
		w.ids[i] = store_put(w.env.store, 0, &w.b[i], 1900000000);
		w.aor[i] = w.b[i];
	}
	/* One that the picture does not know yet. */
	w.aor[1].key = SLICE_LIT("new");
	w.aor_count = 2;
	w.aor_says = SOURCE_DONE;
	w.aor_removal = just(SOURCE_DONE, "by ul.rm");
	w.row_removal[0] = just(SOURCE_DONE, NULL);
	w.row_removals = 1;
	w.source.rereads = 2;
	w.source.reread[0] = (struct fake_answer){.a = SOURCE_DONE, .now = w.b[0]};
	w.source.reread[1] = just(SOURCE_GONE, NULL);
	w.source.purges = 1;
	w.source.purge[0] = just(SOURCE_WHOLE_AOR, "matching_mode");
	return 0;
}

static int teardown(void **state)
{
	static const char *const ends[] = {"", "-wal", "-shm", "-run"};

	(void)state;
	purge_free(w.run);
	journal_close(w.env.journal);
	store_free(w.env.store);
	loop_free(w.env.loop);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		char path[128];

		snprintf(path, sizeof(path), "%s%s", w.path, ends[i]);
		unlink(path);
	}
	return rmdir(w.dir);
}

static void on_progress(void *ctx, const struct plan *p, size_t index)
{
	(void)ctx;
	w.overs += index == p->count;
}

static void start(struct plan *take)
{
	struct err e = ERR_NONE;

	assert_non_null(take);
	w.overs = 0;
	w.run = purge_start(&w.env, take, on_progress, NULL, &e);
	if (!w.run)
		fail_msg("%s", e.what);
}

static void finish(void)
{
	while (!purge_over(w.run))
		loop_turn(w.env.loop, true);
	assert_int_equal(w.overs, 1);
}

static void run_first(size_t n)
{
	struct plan *p = plan_purge(&w.env, w.ids, n, NULL);

	snprintf(p->reason, sizeof(p->reason), "ticket 4711");
	start(p);
	finish();
}

/* The offer becomes the next purge. */
static void run_offer(void)
{
	struct plan *take = purge_take_offer(w.run);

	purge_free(w.run);
	w.source.reread_calls = 0;
	w.source.reread[0] = w.source.reread[1];
	start(take);
	finish();
}

static const struct plan_item *item(size_t i)
{
	return &purge_plan(w.run)->items[i];
}

static size_t removed_entries, unknown_entries;

static bool count_entry(void *ctx, const struct journal_entry *e)
{
	(void)ctx;
	removed_entries +=
		strcmp(e->state, "removed") == 0 && strcmp(e->reason, "ticket 4711") == 0;
	unknown_entries += strcmp(e->state, "unknown") == 0;
	return true;
}

static size_t journalled(void)
{
	removed_entries = unknown_entries = 0;
	assert_int_equal(journal_each(w.env.journal, 0, count_entry, NULL, NULL), 0);
	return removed_entries;
}

/* ---- AoRs that go whole ---------------------------------------------------------------------- */

TEST(what_cannot_go_alone_is_not_touched_and_its_aor_is_offered)
{
	UNUSED_STATE;
	struct strbuf text = STRBUF_INIT;
	const struct plan *offered;

	run_first(1);
	assert_int_equal(item(0)->state, PLAN_NOT_ALONE);
	assert_non_null(strstr(item(0)->result, "matching_mode"));
	assert_int_equal(w.aors_removed, 0);
	offered = purge_offered(w.run);
	assert_non_null(offered);
	assert_int_equal(offered->kind, PLAN_WHOLE_AORS);
	assert_int_equal(offered->count, 2);
	assert_int_equal(offered->items[0].id, w.ids[0]);
	assert_int_equal(offered->items[1].id, 0);
	assert_string_equal(offered->reason, "ticket 4711");
	assert_string_equal(offered->items[0].consequence, "");
	assert_non_null(strstr(offered->items[1].consequence, "2 bindings in one step"));
	plan_question(offered, &text);
	assert_string_equal(strbuf_str(&text),
			    "Purge all 2 bindings of 4021@acme.example? Type 2 to "
			    "do it, Esc to leave");
	assert_true(plan_confirmed(offered, "2"));
	assert_false(plan_confirmed(offered, "1"));
	assert_false(plan_confirmed(offered, "y"));
	strbuf_clear(&text);
	plan_offer(offered, &text);
	assert_string_equal(strbuf_str(&text),
			    "4021@acme.example can only go whole, with all 2 bindings");
	strbuf_free(&text);
}

TEST(an_aor_goes_in_one_step_and_each_of_its_bindings_is_proved_and_journalled)
{
	UNUSED_STATE;
	run_first(1);
	run_offer();
	assert_int_equal(w.aors_removed, 1);
	assert_int_equal(w.aor_removed_count, 2);
	assert_int_equal(w.source.reread_calls, 2);
	assert_int_equal(item(0)->state, PLAN_DONE);
	assert_int_equal(item(1)->state, PLAN_DONE);
	assert_string_equal(item(1)->result, "by ul.rm");
	assert_int_equal(journalled(), 2);
	assert_null(purge_offered(w.run));
}

TEST(an_aor_that_has_changed_is_left_and_nothing_of_it_counts_as_removed)
{
	UNUSED_STATE;
	w.aor_removal = just(SOURCE_CHANGED, "3 contacts now");
	run_first(1);
	run_offer();
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(item(i)->state, PLAN_SKIPPED_CHANGED);
		assert_non_null(strstr(item(i)->result, "not touched: 3 contacts now"));
	}
	assert_int_equal(w.source.reread_calls, 0);
	assert_int_equal(journalled(), 0);
}

TEST(an_aor_whose_removal_was_not_answered_is_proved_binding_by_binding)
{
	UNUSED_STATE;
	w.aor_removal = just(SOURCE_NO_ANSWER, NULL);
	run_first(1);
	run_offer();
	assert_int_equal(item(0)->state, PLAN_DONE);
	assert_non_null(strstr(item(1)->result, "no answer, but it is gone"));
}

TEST(one_of_an_aor_may_come_back_and_the_other_not)
{
	UNUSED_STATE;
	const struct binding *all[] = {&w.aor[0], &w.aor[1]};
	struct binding now = w.aor[1];

	now.cseq++;
	w.source.reread[0] = just(SOURCE_GONE, NULL);
	w.source.reread[1] = (struct fake_answer){.a = SOURCE_DONE, .now = now};
	start(plan_of_found(&w.env, PLAN_WHOLE_AORS, all, 2, "", NULL));
	finish();
	assert_int_equal(item(0)->state, PLAN_DONE);
	assert_int_equal(item(1)->state, PLAN_CAME_BACK);
}

TEST(two_of_one_aor_are_asked_about_once)
{
	UNUSED_STATE;
	w.source.reread[1] = (struct fake_answer){.a = SOURCE_DONE, .now = w.b[1]};
	run_first(2);
	assert_int_equal(item(0)->state, PLAN_NOT_ALONE);
	assert_int_equal(item(1)->state, PLAN_NOT_ALONE);
	assert_int_equal(w.read_aors, 1);
	assert_int_equal(purge_offered(w.run)->count, 2);
}

TEST(an_aor_that_cannot_be_read_is_not_offered_and_why_is_said)
{
	UNUSED_STATE;
	w.aor_says = SOURCE_NO_ANSWER;
	run_first(1);
	assert_null(purge_offered(w.run));
	assert_null(purge_take_offer(w.run));
	assert_non_null(strstr(item(0)->result, "the control is gone"));
}

TEST(an_aor_that_is_gone_meanwhile_is_not_offered)
{
	UNUSED_STATE;
	w.aor_says = SOURCE_GONE;
	run_first(1);
	assert_null(purge_offered(w.run));
}

TEST(a_registrar_that_never_tells_of_the_aor_ends_the_purge_in_time)
{
	UNUSED_STATE;
	w.env.answer_timeout_ms = 20;
	w.aor_silent = true;
	run_first(1);
	assert_null(purge_offered(w.run));
	assert_non_null(strstr(item(0)->result, "no word in time"));
}

TEST(a_cancel_while_the_aor_is_asked_for_offers_nothing)
{
	UNUSED_STATE;
	w.aor_silent = true;
	start(plan_purge(&w.env, w.ids, 1, NULL));
	while (w.read_aors == 0)
		loop_turn(w.env.loop, true);
	assert_false(purge_over(w.run));
	purge_cancel(w.run);
	finish();
	assert_null(purge_offered(w.run));
}

TEST(leaving_in_the_middle_of_an_aor_leaves_all_of_it_unknown)
{
	UNUSED_STATE;
	struct plan *take;

	run_first(1);
	take = purge_take_offer(w.run);
	purge_free(w.run);
	w.source.hold = true;
	start(take);
	while (w.aors_removed == 0)
		loop_turn(w.env.loop, true);
	purge_free(w.run);
	w.run = NULL;
	assert_int_equal(journalled(), 0);
	assert_int_equal(unknown_entries, 2);
	fake_release(&w.source);
}

/* ---- rows that are left ---------------------------------------------------------------------- */

TEST(a_binding_of_which_only_a_row_is_left_is_not_purged_and_the_row_is_offered)
{
	UNUSED_STATE;
	struct strbuf text = STRBUF_INIT;
	const struct plan *offered;

	w.source.reread[0] = left(w.b[0], -ENOENT);
	run_first(1);
	assert_int_equal(item(0)->state, PLAN_ONLY_ROW);
	assert_int_equal(w.source.purge_calls, 0);
	offered = purge_offered(w.run);
	assert_int_equal(offered->kind, PLAN_ROWS);
	assert_int_equal(offered->count, 1);
	assert_non_null(strstr(offered->items[0].consequence, "calls do not go there already"));
	plan_question(offered, &text);
	assert_non_null(strstr(strbuf_str(&text), "Remove this row of 4021@acme.example"));
	assert_true(plan_confirmed(offered, "y"));
	strbuf_free(&text);
	run_offer();
	assert_int_equal(w.rows_removed, 1);
	assert_int_equal(w.source.purge_calls, 0);
	assert_int_equal(item(0)->state, PLAN_DONE);
	assert_int_equal(journalled(), 1);
}

TEST(a_row_that_memory_knows_again_is_not_called_removed)
{
	UNUSED_STATE;
	w.source.reread[0] = left(w.b[0], -ENOENT);
	run_first(1);
	w.source.reread[1] = (struct fake_answer){.a = SOURCE_DONE, .now = w.b[0]};
	run_offer();
	assert_int_equal(item(0)->state, PLAN_CAME_BACK);
}

TEST(a_row_that_is_still_there_is_not_called_removed)
{
	UNUSED_STATE;
	w.source.reread[0] = w.source.reread[1] = left(w.b[0], -ENOENT);
	run_first(1);
	run_offer();
	assert_int_equal(item(0)->state, PLAN_REFUSED);
}

static struct plan *row_plan(void)
{
	const struct binding *rows[] = {&w.b[0]};

	return plan_of_found(&w.env, PLAN_ROWS, rows, 1, "ticket 4711", NULL);
}

TEST(a_row_that_the_registrar_may_still_take_is_asked_for_again)
{
	UNUSED_STATE;
	w.row_removal[0] = w.row_removal[1] =
		(struct fake_answer){.a = SOURCE_REFUSED, .what = "its timer", .code = -EAGAIN};
	w.row_removal[2] = just(SOURCE_DONE, NULL);
	w.row_removals = 3;
	w.source.reread[0] = just(SOURCE_GONE, NULL);
	start(row_plan());
	finish();
	assert_int_equal(w.rows_removed, 3);
	assert_int_equal(item(0)->state, PLAN_DONE);
}

TEST(a_row_that_the_registrar_took_itself_is_gone)
{
	UNUSED_STATE;
	w.row_removal[0] =
		(struct fake_answer){.a = SOURCE_REFUSED, .what = "its timer", .code = -EAGAIN};
	w.row_removal[1] = just(SOURCE_GONE, NULL);
	w.row_removals = 2;
	start(row_plan());
	finish();
	assert_int_equal(item(0)->state, PLAN_SKIPPED_GONE);
}

static void start_waiting(void)
{
	w.row_removal[0] =
		(struct fake_answer){.a = SOURCE_REFUSED, .what = "its timer", .code = -EAGAIN};
	start(row_plan());
	while (w.rows_removed < 2)
		loop_turn(w.env.loop, true);
	assert_int_equal(item(0)->state, PLAN_RUNNING);
	assert_non_null(strstr(item(0)->result, "waiting: its timer"));
}

TEST(the_waiting_for_the_registrar_has_an_end)
{
	UNUSED_STATE;
	start_waiting();
	clock_fake_advance(&w.clock, PURGE_AGAIN_MAX_MS + 1000);
	finish();
	assert_int_equal(item(0)->state, PLAN_REFUSED);
}

TEST(the_waiting_for_the_registrar_can_be_cancelled)
{
	UNUSED_STATE;
	start_waiting();
	purge_cancel(w.run);
	finish();
	assert_int_equal(item(0)->state, PLAN_CANCELLED);
}

/* ---- what the proof leaves ------------------------------------------------------------------- */

TEST(a_row_that_stays_behind_a_removal_is_told_and_offered)
{
	UNUSED_STATE;
	w.source.purge[0] = just(SOURCE_DONE, NULL);
	w.source.reread[1] = left(w.b[0], -ENOENT);
	run_first(1);
	assert_int_equal(item(0)->state, PLAN_DONE);
	assert_non_null(strstr(item(0)->result, "only its row"));
	assert_non_null(purge_offered(w.run));
	assert_int_equal(purge_offered(w.run)->kind, PLAN_ROWS);
}

TEST(a_row_that_the_registrar_will_take_is_told_and_not_offered)
{
	UNUSED_STATE;
	w.source.purge[0] = just(SOURCE_DONE, NULL);
	w.source.reread[1] = left(w.b[0], -EAGAIN);
	run_first(1);
	assert_int_equal(item(0)->state, PLAN_DONE);
	assert_non_null(strstr(item(0)->result, "only its row"));
	assert_null(purge_offered(w.run));
}

TEST(a_source_with_several_nodes_proves_on_all_of_them)
{
	UNUSED_STATE;
	ops.prove = prove;
	w.source.purge[0] = just(SOURCE_DONE, NULL);
	w.proof = just(SOURCE_GONE, NULL);
	run_first(1);
	assert_int_equal(w.proofs, 1);
	assert_int_equal(w.source.reread_calls, 1);
	assert_int_equal(item(0)->state, PLAN_DONE);
}

TEST(a_node_that_still_has_it_is_named)
{
	UNUSED_STATE;
	ops.prove = prove;
	w.source.purge[0] = just(SOURCE_DONE, NULL);
	w.proof = (struct fake_answer){
		.a = SOURCE_DONE, .now = w.b[0], .what = "Node b still has it."};
	run_first(1);
	assert_int_equal(item(0)->state, PLAN_UNPROVEN);
	assert_non_null(strstr(item(0)->result, "Node b still has it."));
}

TEST(a_node_that_cannot_be_asked_is_named)
{
	UNUSED_STATE;
	ops.prove = prove;
	w.source.purge[0] = just(SOURCE_DONE, NULL);
	w.proof = just(SOURCE_NO_ANSWER, "Node b cannot be asked");
	run_first(1);
	assert_int_equal(item(0)->state, PLAN_UNPROVEN);
	assert_non_null(strstr(item(0)->result, "Node b cannot be asked"));
}

/* ---- asking beforehand ----------------------------------------------------------------------- */

static struct {
	int told;
	struct plan *plan;
	struct err e;
} surveyed;

static void on_survey(void *ctx, struct plan *take, const struct err *e)
{
	(void)ctx;
	surveyed.told++;
	surveyed.plan = take;
	surveyed.e = *e;
}

static void survey(enum plan_kind kind)
{
	const struct binding *about[PHONES] = {&w.b[0], &w.b[1], &w.b[2]};
	struct err e = ERR_NONE;

	memset(&surveyed, 0, sizeof(surveyed));
	assert_non_null(survey_start(&w.env, kind, about, PHONES, "r", on_survey, NULL, &e));
	/* One at a time. */
	assert_null(survey_start(&w.env, kind, about, PHONES, "r", on_survey, NULL, &e));
	assert_int_equal(e.code, -EBUSY);
	assert_int_equal(surveyed.told, 0);
	while (!surveyed.told)
		loop_turn(w.env.loop, true);
}

TEST(a_survey_of_rows_finds_only_those_that_memory_does_not_know)
{
	UNUSED_STATE;
	w.source.reread[0] = (struct fake_answer){.a = SOURCE_DONE, .now = w.b[0]};
	w.source.reread[1] = left(w.b[1], -ENOENT);
	w.source.reread[2] = just(SOURCE_GONE, NULL);
	w.source.rereads = 3;
	survey(PLAN_ROWS);
	assert_non_null(surveyed.plan);
	assert_int_equal(surveyed.plan->count, 1);
	assert_true(slice_eq(surveyed.plan->items[0].b->contact, w.b[1].contact));
	plan_free(surveyed.plan);
}

TEST(a_survey_that_finds_nothing_makes_no_plan)
{
	UNUSED_STATE;
	survey(PLAN_ROWS);
	assert_null(surveyed.plan);
	assert_int_equal(surveyed.e.code, -ENOENT);
}

TEST(a_survey_with_one_doubt_makes_no_plan)
{
	UNUSED_STATE;
	w.source.reread[0] = left(w.b[0], -ENOENT);
	w.source.reread[1] = just(SOURCE_NO_ANSWER, "the control is gone");
	survey(PLAN_ROWS);
	assert_null(surveyed.plan);
	assert_non_null(strstr(surveyed.e.what, "4021@acme.example"));
	assert_non_null(strstr(surveyed.e.what, "the control is gone"));
}

static void refused(enum plan_kind kind, const char *why)
{
	const struct binding *about[] = {&w.b[0]};
	struct err e = ERR_NONE;

	assert_null(survey_start(&w.env, kind, about, 1, "r", on_survey, NULL, &e));
	assert_int_equal(e.code, -EPERM);
	assert_non_null(strstr(e.what, why));
}

TEST(what_a_source_does_not_offer_is_not_surveyed)
{
	UNUSED_STATE;
	ops.purge_aor = NULL;
	refused(PLAN_WHOLE_AORS, "one by one");
	ops.purge_row = NULL;
	refused(PLAN_ROWS, "no rows");
	w.env.read_only = true;
	refused(PLAN_ROWS, "read-only");
}

TEST(aors_of_several_sources_are_told_apart)
{
	UNUSED_STATE;
	struct binding other = w.b[0];
	const struct binding *all[] = {&w.b[0], &w.b[1], &other};
	struct strbuf text = STRBUF_INIT;
	struct plan *p;

	other.user = SLICE_LIT("4022");
	p = plan_of_found(&w.env, PLAN_WHOLE_AORS, all, 3, "", NULL);
	assert_int_equal(plan_step(p, 0), 2);
	assert_int_equal(plan_step(p, 2), 1);
	plan_question(p, &text);
	assert_non_null(strstr(strbuf_str(&text), "Purge all 3 bindings of these 2 AoRs? Type 3"));
	strbuf_free(&text);
	plan_free(p);
}

int main(void)
{
#define P(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		P(what_cannot_go_alone_is_not_touched_and_its_aor_is_offered),
		P(an_aor_goes_in_one_step_and_each_of_its_bindings_is_proved_and_journalled),
		P(an_aor_that_has_changed_is_left_and_nothing_of_it_counts_as_removed),
		P(an_aor_whose_removal_was_not_answered_is_proved_binding_by_binding),
		P(one_of_an_aor_may_come_back_and_the_other_not),
		P(two_of_one_aor_are_asked_about_once),
		P(an_aor_that_cannot_be_read_is_not_offered_and_why_is_said),
		P(an_aor_that_is_gone_meanwhile_is_not_offered),
		P(a_registrar_that_never_tells_of_the_aor_ends_the_purge_in_time),
		P(a_cancel_while_the_aor_is_asked_for_offers_nothing),
		P(leaving_in_the_middle_of_an_aor_leaves_all_of_it_unknown),
		P(a_binding_of_which_only_a_row_is_left_is_not_purged_and_the_row_is_offered),
		P(a_row_that_memory_knows_again_is_not_called_removed),
		P(a_row_that_is_still_there_is_not_called_removed),
		P(a_row_that_the_registrar_may_still_take_is_asked_for_again),
		P(a_row_that_the_registrar_took_itself_is_gone),
		P(the_waiting_for_the_registrar_has_an_end),
		P(the_waiting_for_the_registrar_can_be_cancelled),
		P(a_row_that_stays_behind_a_removal_is_told_and_offered),
		P(a_row_that_the_registrar_will_take_is_told_and_not_offered),
		P(a_source_with_several_nodes_proves_on_all_of_them),
		P(a_node_that_still_has_it_is_named),
		P(a_node_that_cannot_be_asked_is_named),
		P(a_survey_of_rows_finds_only_those_that_memory_does_not_know),
		P(a_survey_that_finds_nothing_makes_no_plan),
		P(a_survey_with_one_doubt_makes_no_plan),
		P(what_a_source_does_not_offer_is_not_surveyed),
		P(aors_of_several_sources_are_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
