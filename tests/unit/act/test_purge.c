/* The purge run: journalled, re-read, removed, proved; and all the ways in which it must not act.
 */
#include "test.h"

#include <errno.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include "act/purge.h"
#include "fake_source.h"

#define BINDINGS 30

struct world {
	struct act_env env;
	struct clock_fake clock;
	struct fake_source source, other;
	char dir[64], path[96];
	binding_id ids[BINDINGS];
	struct binding shown; /* of ids[0] */
	struct purge *run;
	size_t tells, overs;
	char states[512]; /* "0R 0D " */
	size_t cancel_at; /* cancel when this item begins; SIZE_MAX never */
};

static struct fake_answer done_with(struct binding now)
{
	return (struct fake_answer){.a = SOURCE_DONE, .now = now};
}

static struct fake_answer just(enum source_answer a)
{
	return (struct fake_answer){.a = a};
}

static void names(struct world *w, unsigned i, char key[16], char contact[40])
{
	(void)w;
	snprintf(key, 16, "k%u", i);
	snprintf(contact, 40, "sip:%u@192.0.2.7", 4000 + i);
}

static int setup(void **state)
{
	static struct world w;
	struct err e = ERR_NONE;

	memset(&w, 0, sizeof(w));
	snprintf(w.dir, sizeof(w.dir), "/tmp/regtop-purge-XXXXXX");
	assert_non_null(mkdtemp(w.dir));
	snprintf(w.path, sizeof(w.path), "%s/journal.db", w.dir);
	clock_fake_init(&w.clock, 1900000060000);
	fake_source_init(&w.source, "fake");
	w.env.loop = loop_new();
	w.env.clock = &w.clock.clock;
	w.env.store = store_new();
	w.env.sources[store_add_source(w.env.store, "fake")] = &w.source.base;
	w.env.source_count = 1;
	w.env.journal = journal_open(w.path, w.env.clock, &e);
	assert_non_null(w.env.journal);
	for (unsigned i = 0; i < BINDINGS; i++) {
		char key[16], contact[40];
		struct binding b;

		names(&w, i, key, contact);
		b = fake_binding(key, "4021", contact);
		w.ids[i] = store_put(w.env.store, 0, &b, 1900000000);
	}
	w.shown = fake_binding("k0", "4021", "sip:4000@192.0.2.7");
	w.cancel_at = SIZE_MAX;
	/* What goes well: still there, removed, gone. */
	w.source.rereads = 2;
	w.source.reread[0] = done_with(w.shown);
	w.source.reread[1] = just(SOURCE_GONE);
	w.source.purges = 1;
	w.source.purge[0] = just(SOURCE_DONE);
	*state = &w;
	return 0;
}

static int teardown(void **state)
{
	static const char *const ends[] = {"", "-wal", "-shm", "-run"};
	struct world *w = *state;

	purge_free(w->run);
	journal_close(w->env.journal);
	store_free(w->env.store);
	loop_free(w->env.loop);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		char path[128];

		snprintf(path, sizeof(path), "%s%s", w->path, ends[i]);
		unlink(path);
	}
	return rmdir(w->dir);
}

static void on_progress(void *ctx, const struct plan *p, size_t index)
{
	struct world *w = ctx;
	size_t n = strlen(w->states);

	if (index == p->count) {
		w->overs++;
		return;
	}
	w->tells++;
	if (n + 8 < sizeof(w->states))
		snprintf(w->states + n, sizeof(w->states) - n, "%zu:%d ", index,
			 (int)p->items[index].state);
	if (index == w->cancel_at && p->items[index].state == PLAN_RUNNING)
		purge_cancel(w->run);
}

static void start(struct world *w, size_t n)
{
	struct err e = ERR_NONE;
	struct plan *p = plan_purge(&w->env, w->ids, n, &e);

	assert_non_null(p);
	snprintf(p->reason, sizeof(p->reason), "ticket 4711");
	w->run = purge_start(&w->env, p, on_progress, w, &e);
	if (!w->run)
		fail_msg("%s", e.what);
	assert_int_equal(w->tells, 0);
}

static void finish(struct world *w)
{
	while (!purge_over(w->run))
		loop_turn(w->env.loop, true);
	assert_int_equal(w->overs, 1);
}

static void turns(struct world *w, int n)
{
	while (n-- > 0)
		loop_turn(w->env.loop, false);
}

static const struct plan_item *item(struct world *w, size_t i)
{
	return &purge_plan(w->run)->items[i];
}

struct last {
	char state[48], result[160], proof[160], reason[48];
};

static bool see_last(void *ctx, const struct journal_entry *e)
{
	struct last *l = ctx;

	snprintf(l->state, sizeof(l->state), "%s", e->state);
	snprintf(l->result, sizeof(l->result), "%s", e->result);
	snprintf(l->proof, sizeof(l->proof), "%s", e->proof);
	snprintf(l->reason, sizeof(l->reason), "%s", e->reason);
	return false;
}

static struct last journalled(struct world *w)
{
	struct last l;

	memset(&l, 0, sizeof(l));
	assert_int_equal(journal_each(w->env.journal, 0, see_last, &l, NULL), 0);
	return l;
}

static bool count_entry(void *ctx, const struct journal_entry *e)
{
	(void)e;
	(*(size_t *)ctx)++;
	return true;
}

static size_t entries(struct world *w)
{
	size_t n = 0;

	assert_int_equal(journal_each(w->env.journal, 0, count_entry, &n, NULL), 0);
	return n;
}

TEST(a_purge_is_re_read_removed_proved_and_journalled)
{
	struct world *w = *state;
	struct last l;

	start(w, 1);
	assert_string_equal(journalled(w).state, "intended");
	finish(w);
	assert_string_equal(w->source.log, "rpr");
	assert_int_equal(item(w, 0)->state, PLAN_DONE);
	assert_string_equal(w->states, "0:1 0:2 ");
	l = journalled(w);
	assert_string_equal(l.state, "removed");
	assert_string_equal(l.reason, "ticket 4711");
	assert_non_null(strstr(l.proof, "gone"));
	assert_int_equal(w->source.refresh_calls, 1);
}

static char state_while_purging[48];
static struct world *purging;

static void look_at_journal(struct fake_source *f)
{
	struct last l = journalled(purging);

	(void)f;
	snprintf(state_while_purging, sizeof(state_while_purging), "%s", l.state);
}

TEST(running_is_journalled_before_the_removal_is_asked_for)
{
	struct world *w = *state;

	purging = w;
	w->source.on_purge = look_at_journal;
	start(w, 1);
	finish(w);
	assert_string_equal(state_while_purging, "running");
}

static void assert_not_touched(struct world *w, struct fake_answer reread, enum plan_state state)
{
	w->source.rereads = 1;
	w->source.reread[0] = reread;
	start(w, 1);
	finish(w);
	assert_int_equal(w->source.purge_calls, 0);
	assert_int_equal(item(w, 0)->state, state);
	assert_string_equal(journalled(w).state, plan_state_word(state));
	assert_true(item(w, 0)->result[0] != '\0');
}

TEST(a_new_cseq_means_that_it_has_registered_again)
{
	struct world *w = *state;
	struct binding now = w->shown;

	now.cseq++;
	assert_not_touched(w, done_with(now), PLAN_SKIPPED_CHANGED);
}

TEST(a_new_call_id_means_that_it_was_registered_anew)
{
	struct world *w = *state;
	struct binding now = w->shown;

	now.call_id = SLICE_LIT("other");
	assert_not_touched(w, done_with(now), PLAN_SKIPPED_CHANGED);
}

TEST(a_later_expiry_means_that_it_has_registered_again)
{
	struct world *w = *state;
	struct binding now = w->shown;

	now.expires_s += 3;
	assert_not_touched(w, done_with(now), PLAN_SKIPPED_CHANGED);
}

TEST(another_source_address_means_that_it_has_changed)
{
	struct world *w = *state;
	struct binding now = w->shown, b = w->shown;

	b.received = SLICE_LIT("sip:203.0.113.1:1024");
	store_put(w->env.store, 0, &b, 1900000001);
	now.received = SLICE_LIT("sip:203.0.113.1:1025");
	assert_not_touched(w, done_with(now), PLAN_SKIPPED_CHANGED);
}

TEST(a_permanent_contact_is_not_near_any_time)
{
	struct world *w = *state;
	struct binding now = w->shown;

	now.expires_s = BINDING_PERMANENT;
	assert_not_touched(w, done_with(now), PLAN_SKIPPED_CHANGED);
}

TEST(rounded_seconds_and_unknown_fields_are_no_change)
{
	struct world *w = *state;
	struct binding now = w->shown;

	now.expires_s -= 2;
	now.refreshed_s = 0;
	now.call_id = SLICE_NONE;
	w->source.reread[0] = done_with(now);
	start(w, 1);
	finish(w);
	assert_int_equal(item(w, 0)->state, PLAN_DONE);
}

TEST(what_is_gone_already_is_skipped)
{
	assert_not_touched(*state, just(SOURCE_GONE), PLAN_SKIPPED_GONE);
}

TEST(what_cannot_be_read_again_is_not_touched)
{
	assert_not_touched(*state, (struct fake_answer){.a = SOURCE_REFUSED, .what = "no rights"},
			   PLAN_REFUSED);
}

TEST(no_answer_to_the_re_read_touches_nothing)
{
	assert_not_touched(*state, just(SOURCE_NO_ANSWER), PLAN_REFUSED);
}

static void assert_ends(struct world *w, struct fake_answer purge, struct fake_answer proof,
			enum plan_state state, const char *log)
{
	w->source.purge[0] = purge;
	w->source.reread[1] = proof;
	start(w, 1);
	finish(w);
	assert_string_equal(w->source.log, log);
	assert_int_equal(item(w, 0)->state, state);
	assert_string_equal(journalled(w).state, plan_state_word(state));
}

TEST(one_that_registered_again_by_itself_came_back)
{
	struct world *w = *state;
	struct binding now = w->shown;

	now.cseq = 1;
	now.call_id = SLICE_LIT("new");
	assert_ends(w, just(SOURCE_DONE), done_with(now), PLAN_CAME_BACK, "rpr");
}

TEST(a_registrar_that_says_yes_and_keeps_it_is_not_believed)
{
	struct world *w = *state;

	assert_ends(w, just(SOURCE_DONE), done_with(w->shown), PLAN_REFUSED, "rpr");
	assert_non_null(strstr(item(w, 0)->result, "said yes, but still has it"));
}

TEST(a_missing_proof_is_said)
{
	assert_ends(*state, just(SOURCE_DONE), just(SOURCE_NO_ANSWER), PLAN_UNPROVEN, "rpr");
}

TEST(a_refusal_is_told_in_the_registrars_clean_words)
{
	struct world *w = *state;

	assert_ends(w, (struct fake_answer){.a = SOURCE_REFUSED, .what = "404 \x1b[2J no"},
		    just(SOURCE_GONE), PLAN_REFUSED, "rp");
	assert_non_null(strstr(item(w, 0)->result, "404"));
	assert_null(strchr(item(w, 0)->result, 0x1b));
}

TEST(a_change_at_the_last_moment_is_a_skip)
{
	assert_ends(*state, just(SOURCE_CHANGED), just(SOURCE_GONE), PLAN_SKIPPED_CHANGED, "rp");
}

TEST(no_answer_but_gone_is_removed)
{
	struct world *w = *state;

	assert_ends(w, just(SOURCE_NO_ANSWER), just(SOURCE_GONE), PLAN_DONE, "rpr");
	assert_non_null(strstr(item(w, 0)->result, "no answer, but it is gone"));
}

TEST(no_answer_and_still_there_is_unknown)
{
	struct world *w = *state;

	assert_ends(w, just(SOURCE_NO_ANSWER), done_with(w->shown), PLAN_UNKNOWN, "rpr");
}

/* As Kamailio does whose database is away: it forgets the contact, and says 500. */
TEST(an_error_is_looked_after_and_a_row_that_nobody_can_read_is_no_proof)
{
	struct world *w = *state;
	struct fake_answer failed = {
		.a = SOURCE_NO_ANSWER, .what = "500 no \x1b[2J", .code = -EREMOTEIO};

	assert_ends(w, failed,
		    (struct fake_answer){
			    .a = SOURCE_GONE, .what = "the row cannot be read", .code = -EIO},
		    PLAN_UNPROVEN, "rpr");
	assert_non_null(strstr(item(w, 0)->result, "reported an error (500 no"));
	assert_non_null(strstr(item(w, 0)->result, "but it is gone: the row cannot be read"));
	assert_null(strchr(item(w, 0)->result, 0x1b));
	assert_non_null(strstr(journalled(w).proof, "whether its row is left could not be read"));
}

TEST(an_error_after_which_it_is_there_is_a_no)
{
	struct world *w = *state;

	assert_ends(w,
		    (struct fake_answer){.a = SOURCE_NO_ANSWER, .what = "500", .code = -EREMOTEIO},
		    done_with(w->shown), PLAN_REFUSED, "rpr");
	assert_non_null(strstr(item(w, 0)->result, "(500), and it is still there"));
}

TEST(a_yes_is_no_proof_when_nobody_can_read_whether_a_row_is_left)
{
	struct world *w = *state;

	assert_ends(w, just(SOURCE_DONE),
		    (struct fake_answer){
			    .a = SOURCE_GONE, .what = "the row cannot be read", .code = -EIO},
		    PLAN_UNPROVEN, "rpr");
	assert_non_null(strstr(item(w, 0)->result, "gone from memory: the row cannot be read"));
}

TEST(a_source_that_never_calls_back_is_given_up_and_its_late_word_ignored)
{
	struct world *w = *state;
	source_answer_fn *late;
	void *late_ctx;

	w->env.answer_timeout_ms = 30;
	start(w, 1);
	turns(w, 1);
	/* The re-read comes at once; the removal does not. */
	w->source.hold = true;
	while (w->source.purge_calls == 0)
		loop_turn(w->env.loop, true);
	late = w->source.held_fn;
	late_ctx = w->source.held_ctx;
	assert_non_null(late);
	while (w->source.reread_calls < 2)
		loop_turn(w->env.loop, true);
	assert_ptr_not_equal(w->source.held_ctx, late_ctx);
	finish(w);
	assert_int_equal(item(w, 0)->state, PLAN_UNKNOWN);
	late(late_ctx, SOURCE_DONE, NULL, NULL);
	assert_int_equal(item(w, 0)->state, PLAN_UNKNOWN);
	assert_int_equal(w->overs, 1);
	purge_free(w->run);
	w->run = NULL;
	late(late_ctx, SOURCE_DONE, NULL, NULL);
}

TEST(answers_may_come_later)
{
	struct world *w = *state;

	w->source.hold = true;
	start(w, 1);
	turns(w, 2);
	assert_string_equal(w->source.log, "r");
	assert_int_equal(item(w, 0)->state, PLAN_RUNNING);
	fake_release(&w->source);
	finish(w);
	assert_int_equal(item(w, 0)->state, PLAN_DONE);
}

TEST(only_one_request_is_in_flight)
{
	struct world *w = *state;

	w->source.hold = true;
	start(w, 5);
	turns(w, 20);
	assert_string_equal(w->source.log, "r");
	assert_int_equal(item(w, 1)->state, PLAN_WAITING);
}

TEST(what_waits_is_cancelled_and_what_is_in_flight_is_finished)
{
	struct world *w = *state;

	start(w, 3);
	w->source.hold = false;
	while (w->source.purge_calls == 0) {
		w->source.hold = w->source.reread_calls == 1;
		loop_turn(w->env.loop, true);
	}
	assert_string_equal(w->source.log, "rp");
	purge_cancel(w->run);
	purge_cancel(w->run);
	assert_int_equal(item(w, 1)->state, PLAN_CANCELLED);
	assert_int_equal(item(w, 2)->state, PLAN_CANCELLED);
	fake_release(&w->source);
	finish(w);
	assert_int_equal(item(w, 0)->state, PLAN_DONE);
	assert_string_equal(w->source.log, "rpr");
	assert_string_equal(journalled(w).state, "cancelled");
}

TEST(a_cancel_before_the_removal_was_asked_for_touches_nothing)
{
	struct world *w = *state;

	w->cancel_at = 0;
	start(w, 2);
	finish(w);
	assert_int_equal(w->source.purge_calls, 0);
	assert_int_equal(item(w, 0)->state, PLAN_CANCELLED);
	assert_int_equal(item(w, 1)->state, PLAN_CANCELLED);
}

/* Every answer fits every item: the re-read gives what was shown. */
static void fake_reread_shown(struct source *s, const struct binding *b, source_answer_fn *fn,
			      void *ctx)
{
	struct fake_source *f = (struct fake_source *)s;

	fake_log(f, 'r');
	f->reread_calls++;
	if (f->reread_calls % 2)
		fn(ctx, SOURCE_DONE, b, NULL);
	else
		fn(ctx, SOURCE_GONE, NULL, NULL);
}

static struct source_ops shown_ops;

static void answer_as_shown(struct world *w)
{
	shown_ops = fake_ops;
	shown_ops.reread = fake_reread_shown;
	w->source.base.ops = &shown_ops;
}

TEST(a_burst_goes_at_once_and_the_rest_by_the_minute)
{
	struct world *w = *state;

	answer_as_shown(w);
	start(w, PURGE_BURST + 2);
	turns(w, 200);
	assert_int_equal(w->source.purge_calls, PURGE_BURST);
	assert_int_equal(item(w, PURGE_BURST)->state, PLAN_WAITING);
	clock_fake_advance(&w->clock, 60000 / PURGE_PER_MINUTE + 10);
	while (w->source.purge_calls < PURGE_BURST + 1)
		loop_turn(w->env.loop, true);
	turns(w, 50);
	assert_int_equal(w->source.purge_calls, PURGE_BURST + 1);
	clock_fake_advance(&w->clock, 60000 / PURGE_PER_MINUTE + 10);
	finish(w);
	for (size_t i = 0; i < PURGE_BURST + 2; i++)
		assert_int_equal(item(w, i)->state, PLAN_DONE);
}

TEST(a_registrar_that_stays_silent_is_not_asked_for_the_rest)
{
	struct world *w = *state;

	w->source.rereads = 1;
	w->source.reread[0] = just(SOURCE_NO_ANSWER);
	start(w, 9);
	finish(w);
	assert_int_equal(w->source.reread_calls, 3);
	assert_int_equal(item(w, 2)->state, PLAN_REFUSED);
	assert_int_equal(item(w, 3)->state, PLAN_CANCELLED);
	assert_int_equal(item(w, 8)->state, PLAN_CANCELLED);
	assert_non_null(strstr(item(w, 8)->result, "does not answer"));
}

TEST(all_intentions_stand_in_the_journal_before_the_first_request)
{
	struct world *w = *state;

	answer_as_shown(w);
	start(w, 7);
	assert_int_equal(entries(w), 7);
	assert_int_equal(w->source.reread_calls, 0);
	finish(w);
}

/* The file cannot grow from here on. */
static void limit_files(struct world *w, struct rlimit *old)
{
	struct rlimit small;
	struct stat st;
	char wal[128];

	snprintf(wal, sizeof(wal), "%s-wal", w->path);
	assert_int_equal(stat(wal, &st), 0);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, old), 0);
	small = *old;
	small.rlim_cur = (rlim_t)st.st_size;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
}

TEST(a_full_disk_at_the_start_touches_nothing)
{
	struct world *w = *state;
	struct err e = ERR_NONE;
	struct plan *p = plan_purge(&w->env, w->ids, 5, &e);
	struct rlimit old;

	limit_files(w, &old);
	assert_null(purge_start(&w->env, p, on_progress, w, &e));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_true(e.code < 0);
	assert_non_null(strstr(e.what, "journal"));
	turns(w, 10);
	assert_int_equal(w->source.reread_calls, 0);
	assert_int_equal(entries(w), 0);
}

TEST(a_disk_that_fills_up_in_the_middle_stops_before_the_removal)
{
	struct world *w = *state;
	struct rlimit old;

	answer_as_shown(w);
	start(w, 5);
	limit_files(w, &old);
	finish(w);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(w->source.purge_calls, 0);
	assert_int_equal(item(w, 0)->state, PLAN_REFUSED);
	assert_non_null(strstr(item(w, 0)->result, "not touched"));
	for (size_t i = 1; i < 5; i++)
		assert_int_equal(item(w, i)->state, PLAN_CANCELLED);
}

TEST(read_only_is_asked_again_at_the_start)
{
	struct world *w = *state;
	struct err e = ERR_NONE;
	struct plan *p = plan_purge(&w->env, w->ids, 1, &e);

	w->env.read_only = true;
	assert_null(purge_start(&w->env, p, on_progress, w, &e));
	assert_int_equal(e.code, -EPERM);
	assert_int_equal(entries(w), 0);
}

TEST(a_second_purge_waits_for_the_first)
{
	struct world *w = *state;
	struct err e = ERR_NONE;

	start(w, 1);
	assert_null(purge_start(&w->env, plan_purge(&w->env, w->ids, 1, &e), NULL, NULL, &e));
	assert_int_equal(e.code, -EBUSY);
	finish(w);
}

TEST(leaving_in_the_middle_is_journalled_as_unknown)
{
	struct world *w = *state;

	answer_as_shown(w);
	start(w, 1);
	while (w->source.purge_calls == 0) {
		w->source.hold = w->source.reread_calls == 1;
		loop_turn(w->env.loop, true);
	}
	purge_free(w->run);
	w->run = NULL;
	assert_string_equal(journalled(w).state, "unknown");
	fake_release(&w->source);
}

TEST(another_node_that_still_has_it_is_named)
{
	struct world *w = *state;

	fake_source_init(&w->other, "node-b");
	w->env.sources[store_add_source(w->env.store, "node-b")] = &w->other.base;
	w->env.source_count = 2;
	store_put(w->env.store, 1, &w->shown, 1900000000);
	w->other.rereads = 1;
	w->other.reread[0] = done_with(w->shown);
	start(w, 1);
	finish(w);
	assert_int_equal(item(w, 0)->state, PLAN_UNPROVEN);
	assert_non_null(strstr(item(w, 0)->result, "node-b still has it"));
	assert_int_equal(w->other.purge_calls, 0);
}

TEST(gone_from_every_node_is_removed)
{
	struct world *w = *state;

	fake_source_init(&w->other, "node-b");
	w->env.sources[store_add_source(w->env.store, "node-b")] = &w->other.base;
	w->env.source_count = 2;
	store_put(w->env.store, 1, &w->shown, 1900000000);
	w->other.rereads = 1;
	w->other.reread[0] = just(SOURCE_GONE);
	start(w, 1);
	finish(w);
	assert_int_equal(item(w, 0)->state, PLAN_DONE);
	assert_int_equal(w->other.reread_calls, 1);
}

int main(void)
{
#define P(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		P(a_purge_is_re_read_removed_proved_and_journalled),
		P(running_is_journalled_before_the_removal_is_asked_for),
		P(a_new_cseq_means_that_it_has_registered_again),
		P(a_new_call_id_means_that_it_was_registered_anew),
		P(a_later_expiry_means_that_it_has_registered_again),
		P(another_source_address_means_that_it_has_changed),
		P(a_permanent_contact_is_not_near_any_time),
		P(rounded_seconds_and_unknown_fields_are_no_change),
		P(what_is_gone_already_is_skipped),
		P(what_cannot_be_read_again_is_not_touched),
		P(no_answer_to_the_re_read_touches_nothing),
		P(one_that_registered_again_by_itself_came_back),
		P(a_registrar_that_says_yes_and_keeps_it_is_not_believed),
		P(a_missing_proof_is_said),
		P(a_refusal_is_told_in_the_registrars_clean_words),
		P(a_change_at_the_last_moment_is_a_skip),
		P(no_answer_but_gone_is_removed),
		P(no_answer_and_still_there_is_unknown),
		P(an_error_is_looked_after_and_a_row_that_nobody_can_read_is_no_proof),
		P(an_error_after_which_it_is_there_is_a_no),
		P(a_yes_is_no_proof_when_nobody_can_read_whether_a_row_is_left),
		P(a_source_that_never_calls_back_is_given_up_and_its_late_word_ignored),
		P(answers_may_come_later),
		P(only_one_request_is_in_flight),
		P(what_waits_is_cancelled_and_what_is_in_flight_is_finished),
		P(a_cancel_before_the_removal_was_asked_for_touches_nothing),
		P(a_burst_goes_at_once_and_the_rest_by_the_minute),
		P(a_registrar_that_stays_silent_is_not_asked_for_the_rest),
		P(all_intentions_stand_in_the_journal_before_the_first_request),
		P(a_full_disk_at_the_start_touches_nothing),
		P(a_disk_that_fills_up_in_the_middle_stops_before_the_removal),
		P(read_only_is_asked_again_at_the_start),
		P(a_second_purge_waits_for_the_first),
		P(leaving_in_the_middle_is_journalled_as_unknown),
		P(another_node_that_still_has_it_is_named),
		P(gone_from_every_node_is_removed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
