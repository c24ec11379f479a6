/* The watch: what is told of bindings that come, go, lapse, move and change verdict, and what not.
 */
#include "test.h"

#include <stdlib.h>
#include "base/alloc.h"
#include "base/strbuf.h"
#include "model/watch.h"

#define START 1900000000000

static struct store *store;
static struct view *view;
static struct watch *watch;
static int64_t now_ms;
static struct strbuf told; /* "comes alice@a.example: …" a line each */
static struct watch_event last;
static size_t events;

/* Late after the expected refresh, as the real one; else what the evidence says. */
static void judge(void *ctx, struct row *r)
{
	(void)ctx;
	r->j = (struct judgement){.verdict = VERDICT_NOT_ASKED};
	if (r->evidence && r->evidence->outcome == PROBE_ANSWERED)
		r->j = (struct judgement){
			.verdict = VERDICT_ANSWERS, .tone = TONE_GOOD, .code = r->evidence->code};
	else if (r->evidence)
		r->j = (struct judgement){.verdict = VERDICT_SILENT, .tone = TONE_BAD};
	if (r->evidence && r->evidence->outcome == PROBE_SILENT)
		snprintf(r->j.note, sizeof(r->j.note), "no answer in 5 s");
	if (!r->evidence && row_overdue_s(r) > 0)
		r->j.verdict = VERDICT_OVERDUE;
	if (binding_left_s(&r->b, r->now_ms / 1000) <= 0)
		r->j.verdict = VERDICT_LAPSED;
}

static void on_event(void *ctx, const struct watch_event *e)
{
	(void)ctx;
	strbuf_addf(&told, "%s %s: %s\n", watch_word(e->kind), e->aor, e->words);
	last = *e;
	events++;
}

static int setup(void **state)
{
	(void)state;
	now_ms = START;
	store = store_new();
	store_add_source(store, "first");
	store_add_source(store, "second");
	view = view_new(store, judge, NULL);
	watch = watch_new(view, store, on_event, NULL);
	told = (struct strbuf)STRBUF_INIT;
	events = 0;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	watch_free(watch);
	view_free(view);
	store_free(store);
	strbuf_free(&told);
	return 0;
}

struct phone {
	const char *key, *user, *host;
	int64_t left, granted;
	uint8_t source;
};

static binding_id put(const struct phone *p)
{
	char contact[96];
	struct binding b = {.key = slice_of(p->key),
			    .user = slice_of(p->user),
			    .domain = SLICE_LIT("a.example"),
			    .user_agent = SLICE_LIT("Tapphone 1"),
			    .expires_s = now_ms / 1000 + (p->left ? p->left : 600),
			    .refreshed_s = now_ms / 1000,
			    .granted_s = p->granted ? p->granted : 600,
			    .methods = BINDING_METHODS_ALL,
			    .q_milli = BINDING_Q_UNSET};

	snprintf(contact, sizeof(contact), "sip:%s@%s", p->user, p->host);
	b.contact = slice_of(contact);
	return store_put(store, p->source, &b, now_ms / 1000);
}

static binding_id alice(const char *host)
{
	return put(&(struct phone){.key = "k1", .user = "alice", .host = host});
}

static void found(binding_id id, enum probe_outcome outcome, int code)
{
	struct evidence e = {.outcome = outcome, .asked_ms = now_ms, .code = code, .probes = 1};

	store_set_evidence(store, id, &e);
}

/* What is told at the next look, this long after the last. */
static const char *after(int64_t seconds)
{
	now_ms += seconds * 1000;
	strbuf_clear(&told);
	watch_look(watch, now_ms, true);
	return strbuf_str(&told);
}

static void filter(const char *text)
{
	struct err e = ERR_NONE;

	assert_int_equal(watch_set_filter(watch, slice_of(text), &e), 0);
}

static void mark(const char *user, bool on)
{
	watch_mark(watch, slice_of(user), SLICE_LIT("a.example"), on, now_ms);
}

TEST(how_it_stands_is_told_once_at_the_start)
{
	UNUSED_STATE;
	alice("192.0.2.1:5060");
	put(&(struct phone){.key = "k2", .user = "bob", .host = "192.0.2.2"});
	filter("alice");
	assert_string_equal(after(0),
			    "is alice@a.example: at 192.0.2.1:5060, 10m00s left; not asked\n");
	assert_int_equal(watch_count(watch, NULL), 1);
	assert_string_equal(after(1), "");
}

TEST(who_wants_only_changes_is_told_no_start)
{
	UNUSED_STATE;
	alice("192.0.2.1");
	filter("alice");
	watch_look(watch, now_ms, false);
	assert_int_equal(events, 0);
	assert_int_equal(watch_count(watch, NULL), 1);
}

TEST(one_comes_goes_and_comes_back)
{
	UNUSED_STATE;
	filter("alice");
	assert_string_equal(after(0), "");
	alice("192.0.2.1:5060");
	assert_string_equal(after(1), "comes alice@a.example: comes: registers from "
				      "192.0.2.1:5060 (Tapphone 1)\n");
	assert_int_equal(last.tone, TONE_GOOD);
	assert_string_equal(last.source, "first");
	assert_string_equal(last.contact, "sip:alice@192.0.2.1:5060");
	assert_string_equal(last.now, "192.0.2.1:5060");
	store_remove(store, 0, slice_of("k1"));
	assert_string_equal(after(1), "gone alice@a.example: gone: was at 192.0.2.1:5060; calls to "
				      "this AoR find nobody\n");
	assert_int_equal(last.id, 0);
	assert_int_equal(last.tone, TONE_BAD);
	alice("192.0.2.1:5070");
	assert_string_equal(after(65), "back alice@a.example: comes back after 1m05s: registers "
				       "from 192.0.2.1:5070 (Tapphone 1)\n");
}

TEST(a_second_phone_comes_beside_the_first_and_leaves_it_behind)
{
	UNUSED_STATE;
	alice("192.0.2.1:5060");
	filter("alice");
	after(0);
	put(&(struct phone){.key = "k2", .user = "alice", .host = "192.0.2.9"});
	assert_string_equal(after(1), "comes alice@a.example: comes: registers from 192.0.2.9 "
				      "(Tapphone 1), beside 1 more\n");
	store_remove(store, 0, slice_of("k2"));
	assert_string_equal(after(1),
			    "gone alice@a.example: gone: was at 192.0.2.9; 1 other is there\n");
}

TEST(one_lapses_and_is_refreshed_after_all)
{
	UNUSED_STATE;
	put(&(struct phone){
		.key = "k1", .user = "alice", .host = "192.0.2.1", .left = 30, .granted = 30});
	filter("alice");
	after(0);
	assert_string_equal(after(29), "");
	assert_string_equal(after(2),
			    "lapses alice@a.example: lapses: it was not refreshed; at 192.0.2.1\n");
	assert_int_equal(last.tone, TONE_BAD);
	assert_string_equal(after(5), "");
	alice("192.0.2.1");
	assert_string_equal(after(4), "back alice@a.example: comes back: refreshed 10s after it "
				      "lapsed\n");
}

TEST(a_refresh_alone_is_nothing_to_tell)
{
	UNUSED_STATE;
	alice("192.0.2.1");
	filter("alice");
	after(0);
	now_ms += 300000;
	alice("192.0.2.1");
	assert_string_equal(after(0), "");
}

TEST(a_late_refresh_is_told_once_and_so_is_its_coming)
{
	UNUSED_STATE;
	put(&(struct phone){
		.key = "k1", .user = "alice", .host = "192.0.2.1", .left = 3600, .granted = 3600});
	store_set_habit(store, store_find(store, 0, slice_of("k1")), 60);
	filter("alice");
	after(0);
	assert_string_equal(after(100), "");
	assert_string_equal(after(10), "late alice@a.example: refresh is late, by 50s\n");
	assert_string_equal(after(10), "");
	put(&(struct phone){
		.key = "k1", .user = "alice", .host = "192.0.2.1", .left = 3600, .granted = 3600});
	assert_string_equal(after(1),
			    "back alice@a.example: refreshed after all, from 192.0.2.1\n");
}

TEST(the_same_binding_moves)
{
	UNUSED_STATE;
	alice("192.0.2.1:5060");
	filter("alice");
	after(0);
	alice("192.0.2.1:5070");
	assert_string_equal(after(1),
			    "moves alice@a.example: moves: 192.0.2.1:5060 -> 192.0.2.1:5070\n");
	assert_string_equal(last.was, "192.0.2.1:5060");
	assert_string_equal(last.now, "192.0.2.1:5070");
	assert_string_equal(after(1), "");
}

TEST(what_a_move_makes_unknown_is_not_a_verdict_of_its_own)
{
	UNUSED_STATE;
	found(alice("192.0.2.1:5060"), PROBE_ANSWERED, 200);
	filter("alice");
	after(0);
	store_remove(store, 0, slice_of("k1"));
	alice("192.0.2.7:5060");
	assert_string_equal(after(1), "moves alice@a.example: moves: 192.0.2.1:5060 -> "
				      "192.0.2.7:5060, with a new binding\n");
}

TEST(a_new_binding_in_place_of_the_old_one_is_told_as_one)
{
	UNUSED_STATE;
	alice("192.0.2.1:5060");
	filter("alice");
	after(0);
	store_remove(store, 0, slice_of("k1"));
	put(&(struct phone){.key = "k2", .user = "alice", .host = "192.0.2.1:5060"});
	assert_string_equal(after(1), "anew alice@a.example: registers anew from 192.0.2.1:5060: a "
				      "new binding in place of the old one\n");
	assert_int_equal(watch_count(watch, NULL), 1);
}

TEST(a_verdict_that_changes_is_told_with_its_reason)
{
	binding_id id;

	UNUSED_STATE;
	id = alice("192.0.2.1");
	filter("alice");
	after(0);
	found(id, PROBE_ANSWERED, 200);
	assert_string_equal(after(1), "verdict alice@a.example: not asked -> answers\n");
	assert_int_equal(last.tone, TONE_GOOD);
	found(id, PROBE_ANSWERED, 486);
	assert_string_equal(after(1), "verdict alice@a.example: answers -> answers 486\n");
	found(id, PROBE_SILENT, 0);
	assert_string_equal(after(1),
			    "verdict alice@a.example: answers 486 -> silent: no answer in 5 s\n");
	assert_int_equal(last.tone, TONE_BAD);
	assert_string_equal(last.was, "answers 486");
	assert_string_equal(last.now, "silent");
	found(id, PROBE_SILENT, 0);
	assert_string_equal(after(1), "");
}

TEST(of_several_bindings_it_is_said_which)
{
	binding_id id;

	UNUSED_STATE;
	id = alice("192.0.2.1");
	put(&(struct phone){.key = "k2", .user = "alice", .host = "192.0.2.2"});
	filter("alice");
	after(0);
	found(id, PROBE_SILENT, 0);
	assert_string_equal(after(1), "verdict alice@a.example: at 192.0.2.1 not asked -> silent: "
				      "no answer in 5 s\n");
	store_remove(store, 0, slice_of("k2"));
	after(1);
	found(id, PROBE_ANSWERED, 200);
	assert_string_equal(after(1), "verdict alice@a.example: silent -> answers\n");
}

TEST(a_filter_by_time_finds_who_comes_to_match_it)
{
	UNUSED_STATE;
	put(&(struct phone){.key = "k1", .user = "alice", .host = "192.0.2.1", .left = 100});
	filter("left<1m");
	assert_string_equal(after(0), "");
	assert_string_equal(after(50), "matches alice@a.example: matches now: at 192.0.2.1, 50s "
				       "left; not asked\n");
	/* Watched on, though it matches no more. */
	alice("192.0.2.1:5070");
	assert_string_equal(after(1),
			    "moves alice@a.example: moves: 192.0.2.1 -> 192.0.2.1:5070\n");
}

TEST(a_filter_by_verdict_finds_whom_a_probe_makes_match)
{
	binding_id id;

	UNUSED_STATE;
	id = alice("192.0.2.1");
	filter("verdict:silent");
	assert_string_equal(after(0), "");
	found(id, PROBE_SILENT, 0);
	assert_string_equal(after(1), "matches alice@a.example: matches now: at 192.0.2.1, 9m59s "
				      "left; silent: no answer in 5 s\n");
	found(id, PROBE_ANSWERED, 200);
	assert_string_equal(after(1), "verdict alice@a.example: silent -> answers\n");
}

TEST(who_was_watched_once_is_watched_on_with_other_bindings)
{
	UNUSED_STATE;
	found(alice("192.0.2.1"), PROBE_SILENT, 0);
	put(&(struct phone){.key = "k2", .user = "alice", .host = "192.0.2.2"});
	filter("verdict:silent");
	after(0);
	assert_int_equal(watch_count(watch, NULL), 1);
	/* Which was there before, and is not what was asked for. */
	store_remove(store, 0, slice_of("k2"));
	assert_string_equal(after(1), "");
	store_remove(store, 0, slice_of("k1"));
	put(&(struct phone){.key = "k3", .user = "alice", .host = "192.0.2.3"});
	assert_string_equal(after(1), "moves alice@a.example: moves: 192.0.2.1 -> 192.0.2.3, with "
				      "a new binding\n");
	put(&(struct phone){.key = "k4", .user = "bob", .host = "192.0.2.4"});
	assert_string_equal(after(1), "");
}

TEST(a_filter_that_does_not_parse_leaves_the_one_before)
{
	struct err e = ERR_NONE;

	UNUSED_STATE;
	alice("192.0.2.1");
	filter("alice");
	assert_true(watch_set_filter(watch, SLICE_LIT("left<nonsense"), &e) < 0);
	assert_true(e.what[0] != '\0');
	after(0);
	assert_int_equal(watch_count(watch, NULL), 1);
}

static void put_many(unsigned from, unsigned to, unsigned host)
{
	for (unsigned i = from; i < to; i++) {
		char key[24], user[16], at[24];

		snprintf(key, sizeof(key), "m%u-%u", i, host);
		snprintf(user, sizeof(user), "u%u", i);
		snprintf(at, sizeof(at), "192.0.2.%u", host);
		put(&(struct phone){.key = key, .user = user, .host = at});
	}
}

/* More changes than the store's log holds, all between two looks: nothing is missed, and who only
 * got another binding is not said to be gone. */
TEST(a_storm_larger_than_the_log_is_told_whole)
{
	enum { MANY = STORE_LOG + 1000 };
	bool full;

	UNUSED_STATE;
	filter("user:u");
	put_many(0, MANY, 1);
	watch_look(watch, now_ms, false);
	assert_int_equal(watch_count(watch, &full), MANY);
	assert_false(full);
	assert_int_equal(events, 0);
	/* A complete pass that brings everybody with a new key, but for the last ten. */
	store_begin_pass(store, 0);
	put_many(0, MANY - 10, 2);
	store_end_pass(store, 0, true);
	strbuf_clear(&told);
	watch_look(watch, now_ms + 1000, true);
	assert_int_equal(events, MANY);
	assert_int_equal(watch_count(watch, NULL), MANY - 10);
	assert_true(strstr(strbuf_str(&told), "moves u0@a.example: moves: 192.0.2.1 -> 192.0.2.2, "
					      "with a new binding\n") != NULL);
	assert_true(strstr(strbuf_str(&told), "gone u66535@a.example: gone: was at 192.0.2.1; ") !=
		    NULL);
	assert_null(strstr(strbuf_str(&told), "gone u0@a.example"));
}

TEST(no_more_are_watched_than_there_is_room_for)
{
	bool full;

	UNUSED_STATE;
	filter("user:u");
	put_many(0, WATCH_MAX, 1);
	watch_look(watch, now_ms, false);
	assert_int_equal(watch_count(watch, &full), WATCH_MAX);
	assert_false(full);
	put_many(WATCH_MAX, WATCH_MAX + 1, 1);
	watch_look(watch, now_ms, true);
	assert_int_equal(watch_count(watch, &full), WATCH_MAX);
	assert_true(full);
	assert_int_equal(events, 0);
}

TEST(what_is_watched_can_be_visited)
{
	UNUSED_STATE;
	put_many(0, 50, 1);
	filter("user:u");
	after(0);
	store_remove(store, 0, SLICE_LIT("m7-1"));
	after(1);
	assert_int_equal(watch_count(watch, NULL), 49);
	for (size_t i = 0; i < 49; i++) {
		assert_true(store_has(store, watch_at(watch, i)));
		for (size_t k = 0; k < i; k++)
			assert_true(watch_at(watch, k) != watch_at(watch, i));
	}
	assert_int_equal(watch_at(watch, 49), 0);
}

/* ---- marks -------------------------------------------------------------------------------------
 */

TEST(who_is_marked_is_taken_as_known_and_followed_over_bindings)
{
	binding_id id;

	UNUSED_STATE;
	id = alice("192.0.2.1");
	put(&(struct phone){.key = "k2", .user = "bob", .host = "192.0.2.2"});
	assert_false(watch_is_marked(NULL, id));
	assert_int_equal(watch_marks(NULL), 0);
	mark("alice", true);
	assert_int_equal(events, 0);
	assert_true(watch_is_marked(watch, id));
	assert_true(watch_has_mark(watch, SLICE_LIT("alice"), SLICE_LIT("a.example")));
	assert_false(watch_has_mark(watch, SLICE_LIT("bob"), SLICE_LIT("a.example")));
	assert_int_equal(watch_marks(watch), 1);
	assert_string_equal(after(1), "");
	/* Another key, another source: still this AoR. */
	store_remove(store, 0, SLICE_LIT("k1"));
	after(1);
	assert_int_equal(last.kind, WATCH_GONE);
	id = put(&(struct phone){.key = "z", .user = "alice", .host = "192.0.2.3", .source = 1});
	after(1);
	assert_int_equal(last.kind, WATCH_BACK);
	assert_string_equal(last.source, "second");
	assert_true(watch_is_marked(watch, id));
	/* Nobody else is. */
	store_remove(store, 0, SLICE_LIT("k2"));
	assert_string_equal(after(1), "");
}

TEST(who_is_not_there_yet_can_be_marked)
{
	UNUSED_STATE;
	mark("alice", true);
	assert_int_equal(watch_count(watch, NULL), 0);
	assert_int_equal(watch_marks(watch), 1);
	assert_string_equal(after(60), "");
	alice("192.0.2.1");
	after(1);
	assert_int_equal(last.kind, WATCH_COMES);
}

TEST(a_mark_without_a_domain_is_somebody_else)
{
	struct binding b = {.key = SLICE_LIT("n"),
			    .user = SLICE_LIT("alice"),
			    .contact = SLICE_LIT("sip:alice@192.0.2.4"),
			    .expires_s = START,
			    .granted_s = -1,
			    .q_milli = BINDING_Q_UNSET};

	UNUSED_STATE;
	watch_mark(watch, SLICE_LIT("alice"), SLICE_NONE, true, now_ms);
	alice("192.0.2.1");
	assert_string_equal(after(1), "");
	store_put(store, 0, &b, now_ms / 1000);
	after(1);
	assert_string_equal(last.aor, "alice");
}

TEST(who_is_unmarked_is_told_no_more_and_forgotten)
{
	binding_id id;

	UNUSED_STATE;
	id = alice("192.0.2.1");
	put(&(struct phone){.key = "k2", .user = "alice", .host = "192.0.2.2"});
	mark("alice", true);
	mark("alice", true);
	assert_int_equal(watch_marks(watch), 1);
	assert_int_equal(watch_count(watch, NULL), 2);
	mark("alice", false);
	assert_int_equal(watch_marks(watch), 0);
	assert_int_equal(watch_count(watch, NULL), 0);
	assert_false(watch_is_marked(watch, id));
	store_remove(store, 0, SLICE_LIT("k1"));
	store_remove(store, 0, SLICE_LIT("k2"));
	assert_string_equal(after(1), "");
	mark("bob", false);
	mark("alice", true);
	assert_string_equal(after(1), "");
	alice("192.0.2.1");
	after(1);
	/* It was not seen to go. */
	assert_int_equal(last.kind, WATCH_COMES);
}

static void note_mark(void *ctx, const struct watch_mark *m)
{
	strbuf_addf(ctx, "%.*s@%.*s %u%s\n", SLICE_FMT(m->user), SLICE_FMT(m->domain), m->bindings,
		    m->gone_ms ? " gone" : "");
}

TEST(marks_are_listed_in_their_order_with_how_many_bindings_each_has)
{
	struct strbuf list = STRBUF_INIT;

	UNUSED_STATE;
	mark("nobody", true);
	alice("192.0.2.1");
	mark("alice", true);
	put(&(struct phone){.key = "k2", .user = "bob", .host = "192.0.2.2"});
	mark("bob", true);
	mark("carol", true);
	mark("carol", false);
	store_remove(store, 0, SLICE_LIT("k2"));
	after(1);
	watch_each_mark(watch, note_mark, &list);
	assert_string_equal(strbuf_str(&list),
			    "nobody@a.example 0\nalice@a.example 1\nbob@a.example 0 gone\n");
	strbuf_free(&list);
}

/* A reload of the whole table between two looks: the marks are found by their AoR. */
TEST(marks_survive_a_storm)
{
	UNUSED_STATE;
	alice("192.0.2.1");
	mark("alice", true);
	put_many(0, STORE_LOG + 1000, 1);
	alice("192.0.2.8");
	assert_string_equal(after(1), "moves alice@a.example: moves: 192.0.2.1 -> 192.0.2.8\n");
	store_remove(store, 0, SLICE_LIT("k1"));
	put_many(0, STORE_LOG + 1000, 2);
	after(1);
	assert_int_equal(last.kind, WATCH_GONE);
	assert_int_equal(events, 2);
}

TEST(hostile_names_are_cleaned_before_they_are_told)
{
	struct binding b = {.key = SLICE_LIT("h"),
			    .user = SLICE_LIT("a\x1b[2J\n"),
			    .domain = SLICE_LIT("a.example"),
			    .contact = SLICE_LIT("sip:x\x07@192.0.2.5"),
			    .user_agent = SLICE_LIT("\x1b]0;owned\x07"),
			    .expires_s = 2 * START,
			    .granted_s = -1,
			    .q_milli = BINDING_Q_UNSET};

	UNUSED_STATE;
	filter("contact:192.0.2.5");
	after(0);
	store_put(store, 0, &b, now_ms / 1000);
	after(1);
	assert_int_equal(events, 1);
	for (const char *p = last.aor; *p; p++)
		assert_true((unsigned char)*p >= ' ');
	for (const char *p = last.words; *p; p++)
		assert_true((unsigned char)*p >= ' ' && *p != 0x7f);
	for (const char *p = last.contact; *p; p++)
		assert_true((unsigned char)*p >= ' ');
}

#define W(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		W(how_it_stands_is_told_once_at_the_start),
		W(who_wants_only_changes_is_told_no_start),
		W(one_comes_goes_and_comes_back),
		W(a_second_phone_comes_beside_the_first_and_leaves_it_behind),
		W(one_lapses_and_is_refreshed_after_all),
		W(a_refresh_alone_is_nothing_to_tell),
		W(a_late_refresh_is_told_once_and_so_is_its_coming),
		W(the_same_binding_moves),
		W(what_a_move_makes_unknown_is_not_a_verdict_of_its_own),
		W(a_new_binding_in_place_of_the_old_one_is_told_as_one),
		W(a_verdict_that_changes_is_told_with_its_reason),
		W(of_several_bindings_it_is_said_which),
		W(a_filter_by_time_finds_who_comes_to_match_it),
		W(a_filter_by_verdict_finds_whom_a_probe_makes_match),
		W(who_was_watched_once_is_watched_on_with_other_bindings),
		W(a_filter_that_does_not_parse_leaves_the_one_before),
		W(a_storm_larger_than_the_log_is_told_whole),
		W(no_more_are_watched_than_there_is_room_for),
		W(what_is_watched_can_be_visited),
		W(who_is_marked_is_taken_as_known_and_followed_over_bindings),
		W(who_is_not_there_yet_can_be_marked),
		W(a_mark_without_a_domain_is_somebody_else),
		W(who_is_unmarked_is_told_no_more_and_forgotten),
		W(marks_are_listed_in_their_order_with_how_many_bindings_each_has),
		W(marks_survive_a_storm),
		W(hostile_names_are_cleaned_before_they_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
