/* The watch by keys: whose AoR is watched, what is said of it and when, and one bell for it all. */
#include "test.h"

#include <stdlib.h>
#include "judge/verdict.h"
#include "ui/ui.h"
#include "ui/ui_state.h"

#define NOW_S 1936000000LL

static struct {
	struct store *store;
	struct view *view;
	struct source source;
	const struct source *sources[1];
	struct ui *ui;
	struct clock_fake clock;
	struct act_env env;
	binding_id pinged[8];
	size_t pings;
	int bells;
	int64_t now_ms;
	struct ui_why why;
	struct findings f;
	struct diagnosis d;
} w;

static void port_ping(void *ctx, const binding_id *ids, size_t n)
{
	(void)ctx;
	assert_true(n <= sizeof(w.pinged) / sizeof(w.pinged[0]));
	memcpy(w.pinged, ids, n * sizeof(*ids));
	w.pings = n;
}

static bool port_snapshot_now(void *ctx, size_t *done, size_t *of)
{
	(void)ctx;
	*done = *of = 0;
	return false;
}

static void port_ping_progress(void *ctx, struct ping_progress *out)
{
	(void)ctx;
	*out = (struct ping_progress){.total = w.pings, .flying = w.pings};
}

static const struct plan *port_purge_plan_now(void *ctx, bool *over)
{
	(void)ctx;
	*over = true;
	return NULL;
}

static struct plan *port_purge_plan(void *ctx, const binding_id *ids, size_t n, struct err *e)
{
	(void)ctx;
	return plan_purge(&w.env, ids, n, e);
}

static const struct plan *port_purge_offered(void *ctx)
{
	(void)ctx;
	return NULL;
}

static const char *port_refused(void *ctx)
{
	(void)ctx;
	return NULL;
}

static int port_why(void *ctx, binding_id id, unsigned neighbours, struct err *e)
{
	(void)ctx;
	(void)id;
	(void)neighbours;
	(void)e;
	return 0;
}

static bool port_why_now(void *ctx, struct ui_why *out)
{
	(void)ctx;
	*out = (struct ui_why){.f = &w.f, .d = &w.d, .progress = {.over = true}};
	return true;
}

static void purge_how(const struct source *s, const struct binding *b, struct strbuf *out)
{
	(void)s;
	(void)b;
	strbuf_add_str(out, "by the test");
}

static void never(struct source *s, const struct binding *b, source_answer_fn *fn, void *ctx)
{
	(void)s;
	(void)b;
	(void)fn;
	(void)ctx;
}

static const struct source_ops ops = {
	.kind = "test", .purge_how = purge_how, .reread = never, .purge = never};

static binding_id put(const char *key, const char *user, const char *host)
{
	char contact[80];
	struct binding b = {.key = slice_of(key),
			    .user = slice_of(user),
			    .domain = SLICE_LIT("example.com"),
			    .expires_s = w.now_ms / 1000 + 600,
			    .refreshed_s = w.now_ms / 1000,
			    .granted_s = 600,
			    .methods = BINDING_METHODS_ALL,
			    .q_milli = BINDING_Q_UNSET};

	snprintf(contact, sizeof(contact), "sip:%s@%s", user, host);
	b.contact = slice_of(contact);
	return store_put(w.store, 0, &b, w.now_ms / 1000);
}

static void gone(const char *key)
{
	assert_true(store_remove(w.store, 0, slice_of(key)));
}

static int open_world(void **state)
{
	static const char *const users[] = {"alice", "bob", "carol"};
	struct ui_config cfg;

	(void)state;
	memset(&w, 0, sizeof(w));
	w.now_ms = NOW_S * 1000;
	clock_fake_init(&w.clock, w.now_ms);
	w.store = store_new();
	store_add_source(w.store, "test");
	for (size_t i = 0; i < sizeof(users) / sizeof(users[0]); i++)
		put(users[i], users[i], "192.0.2.1:5060");
	w.view = view_new(w.store, verdict_judge, NULL);
	w.source.ops = &ops;
	w.source.status =
		(struct source_status){.state = SOURCE_LIVE, .read_ms = w.now_ms, .complete = true};
	w.sources[0] = &w.source;
	w.env = (struct act_env){.clock = &w.clock.clock,
				 .store = w.store,
				 .sources = {&w.source},
				 .source_count = 1,
				 /* Only looked at, never opened. */
				 .journal = (struct journal *)&w};
	cfg = (struct ui_config){.view = w.view,
				 .store = w.store,
				 .sources = w.sources,
				 .source_count = 1,
				 .port = {.ctx = &w,
					  .ping = port_ping,
					  .ping_progress = port_ping_progress,
					  .snapshot_now = port_snapshot_now,
					  .purge_plan = port_purge_plan,
					  .purge_plan_now = port_purge_plan_now,
					  .purge_offered = port_purge_offered,
					  .purge_refused = port_refused,
					  .why = port_why,
					  .why_now = port_why_now,
					  .call_refused = port_refused}};
	w.ui = ui_new(&cfg);
	view_update(w.view, w.now_ms);
	return 0;
}

static int close_world(void **state)
{
	(void)state;
	ui_free(w.ui);
	view_free(w.view);
	store_free(w.store);
	return 0;
}

/* As in life: the watch is looked at before each frame. */
static void draw(struct frame *f)
{
	view_update(w.view, w.now_ms);
	w.bells += ui_watch_on(w.ui, w.now_ms);
	ui_draw(w.ui, f, w.now_ms);
}

static void key(const char *name)
{
	struct frame f;

	frame_init(&f, 80, 24, false);
	ui_key(w.ui, name, w.now_ms);
	draw(&f);
	frame_free(&f);
}

static void keys(const char *names)
{
	struct slice rest = slice_of(names), one;
	char name[16];

	while (rest.n) {
		rest = slice_cut(rest, ' ', &one);
		key(slice_to_buf(one, name, sizeof(name)));
	}
}

static void command(const char *line)
{
	char letter[2] = "";

	key(":");
	for (; *line; line++) {
		letter[0] = *line;
		key(*line == ' ' ? "space" : letter);
	}
	key("enter");
}

static bool screen_has(const char *text)
{
	struct strbuf b = STRBUF_INIT;
	struct frame f;
	bool has;

	frame_init(&f, 80, 24, false);
	draw(&f);
	frame_text(&f, &b);
	has = strstr(strbuf_str(&b), text) != NULL;
	strbuf_free(&b);
	frame_free(&f);
	return has;
}

static void later(int64_t seconds)
{
	w.now_ms += seconds * 1000;
	clock_fake_advance(&w.clock, seconds * 1000);
}

TEST(W_watches_the_AoR_under_the_cursor_and_no_more_the_second_time)
{
	UNUSED_STATE;
	keys("j W");
	assert_true(screen_has("bob@example.com is watched: what happens is said here"));
	assert_true(screen_has("1 watched"));
	assert_true(screen_has("> !bob@example.com"));
	assert_false(screen_has("!alice"));
	keys("W");
	assert_true(screen_has("bob@example.com is watched no more."));
	assert_false(screen_has("1 watched"));
	assert_false(screen_has("!bob"));
	gone("bob");
	assert_false(screen_has("gone"));
	assert_int_equal(w.bells, 0);
}

TEST(all_bindings_of_the_AoR_have_the_sign_and_marks_keep_theirs)
{
	UNUSED_STATE;
	put("two", "alice", "192.0.2.9");
	screen_has("");
	keys("g space g W");
	assert_true(screen_has(">*!alice@example.com"));
	assert_true(screen_has("  !alice@example.com"));
}

TEST(who_goes_and_comes_back_is_told_with_one_bell_each)
{
	UNUSED_STATE;
	keys("W");
	assert_int_equal(w.bells, 0);
	gone("alice");
	assert_true(screen_has("alice@example.com gone: was at 192.0.2.1:5060; calls to"));
	assert_int_equal(w.bells, 1);
	assert_true(screen_has("1 watched, 1 new: v"));
	assert_int_equal(w.bells, 1);
	later(90);
	/* It is said until a key is pressed, however long that takes. */
	assert_true(screen_has("alice@example.com gone"));
	put("another-key", "alice", "192.0.2.44:5070");
	assert_true(screen_has("alice@example.com comes back after 1m30s: registers from"));
	assert_true(screen_has("!alice@example.com"));
	assert_int_equal(w.bells, 2);
	keys("j");
	assert_false(screen_has("comes back"));
	assert_true(screen_has("1 watched, 2 new: v"));
}

TEST(a_lapse_a_move_and_another_verdict_are_told)
{
	struct evidence e = {
		.outcome = PROBE_ANSWERED, .path = PROBE_PATH_OWN, .code = 200, .probes = 1};

	UNUSED_STATE;
	keys("W");
	put("alice", "alice", "192.0.2.7:5062");
	assert_true(screen_has("alice@example.com moves: 192.0.2.1:5060 -> 192.0.2.7:5062"));
	e.asked_ms = e.heard_ms = w.now_ms;
	store_set_evidence(w.store, store_find(w.store, 0, SLICE_LIT("alice")), &e);
	assert_true(screen_has("alice@example.com not asked -> answers"));
	later(601);
	assert_true(screen_has("alice@example.com lapses: it was not refreshed"));
	put("alice", "alice", "192.0.2.7:5062");
	assert_true(screen_has("alice@example.com comes back: refreshed 1s after it lapsed"));
	assert_int_equal(w.bells, 4);
}

TEST(what_happens_at_once_is_one_line_and_one_bell_the_worst_first)
{
	UNUSED_STATE;
	keys("W j W j W");
	put("alice", "alice", "192.0.2.7");
	gone("bob");
	put("carol", "carol", "192.0.2.8");
	assert_true(screen_has("bob@example.com gone"));
	assert_true(screen_has("and 2 more: v"));
	assert_true(screen_has("3 watched, 3 new: v"));
	assert_int_equal(w.bells, 1);
}

TEST(others_are_not_told)
{
	UNUSED_STATE;
	keys("W");
	gone("bob");
	put("carol", "carol", "192.0.2.99");
	put("dave", "dave", "192.0.2.98");
	assert_false(screen_has("new: v"));
	assert_int_equal(w.bells, 0);
}

TEST(who_types_at_a_prompt_reads_it_afterwards)
{
	UNUSED_STATE;
	keys("W f");
	gone("alice");
	keys("b o");
	assert_int_equal(w.bells, 1);
	keys("enter");
	assert_true(screen_has("alice@example.com gone"));
}

TEST(nothing_moves_behind_a_question_but_the_bell_rings)
{
	UNUSED_STATE;
	keys("W j x");
	assert_true(screen_has("bob@example.com"));
	gone("alice");
	assert_false(screen_has("gone"));
	assert_int_equal(w.bells, 1);
	keys("esc");
	assert_true(screen_has("1 watched, 1 new: v"));
	keys("v");
	assert_true(screen_has("alice@example.com gone: was at"));
}

TEST(v_lists_who_is_watched_and_what_happened_newest_first)
{
	UNUSED_STATE;
	keys("v");
	assert_true(screen_has("Watched: 0 AoRs"));
	assert_true(screen_has("Nobody is watched. W on a row"));
	keys("esc W j W");
	gone("bob");
	screen_has("");
	later(130);
	put("alice", "alice", "192.0.2.7:5062");
	screen_has("");
	keys("v");
	assert_true(screen_has("Watched: 2 AoRs"));
	assert_true(screen_has("alice@example.com"));
	assert_true(screen_has("not asked, 10m00s left, at 192.0.2.7:5062"));
	assert_true(screen_has("gone for 2m10s: calls find nobody"));
	assert_true(screen_has("Z  alice@example.com moves: 192.0.2.1:5060 -> 192.0.2.7:5062"));
	assert_true(screen_has("Z  bob@example.com gone: was at 192.0.2.1:5060"));
	assert_false(screen_has("new: v"));
	/* What comes while one looks at it needs no second telling. */
	put("bob", "bob", "192.0.2.5");
	assert_true(screen_has("bob@example.com comes back after 2m10s"));
	assert_int_equal(w.bells, 3);
	keys("v");
	assert_int_equal(ui_mode(w.ui), MODE_TABLE);
	assert_true(screen_has("2 watched"));
	assert_false(screen_has("new: v"));
}

TEST(from_the_list_Enter_shows_them_in_the_table_and_P_asks_them)
{
	UNUSED_STATE;
	put("two", "carol", "192.0.2.9");
	screen_has("");
	keys("W end W v P");
	assert_int_equal(w.pings, 3);
	assert_true(screen_has("Asking 3 bindings that are watched."));
	keys("enter");
	assert_int_equal(ui_mode(w.ui), MODE_TABLE);
	assert_int_equal(view_count(w.view), 3);
	assert_true(screen_has("3 of 4 bindings"));
	assert_false(screen_has("bob@example.com"));
	keys("W v");
	assert_true(screen_has("Watched: 1 AoR\n"));
}

TEST(the_list_shows_the_bindings_of_an_AoR_up_to_a_few)
{
	UNUSED_STATE;
	put("two", "alice", "192.0.2.2");
	put("three", "alice", "192.0.2.3");
	screen_has("");
	keys("g W v");
	assert_true(screen_has(" alice@example.com  not asked, 10m00s left, at 192.0.2.3"));
	assert_true(screen_has("                    not asked, 10m00s left, at 192.0.2.2"));
	assert_true(screen_has("                    not asked, 10m00s left, at 192.0.2.1:5060"));
	assert_false(screen_has("more"));
	put("four", "alice", "192.0.2.4");
	put("five", "alice", "192.0.2.5");
	assert_true(screen_has("and 1 more"));
}

TEST(somebody_who_is_not_registered_can_be_watched_by_name)
{
	UNUSED_STATE;
	command("watch sip:dave@example.com");
	assert_true(screen_has("dave@example.com is watched: nobody is registered so now"));
	keys("v");
	assert_true(screen_has("not registered"));
	put("dave", "dave", "192.0.2.50");
	assert_true(screen_has("dave@example.com comes: registers from 192.0.2.50"));
	keys("W");
	assert_true(screen_has(":watch AOR ends it here"));
	command("watch dave@example.com");
	assert_true(screen_has("dave@example.com is watched no more."));
	assert_true(screen_has("Watched: 0 AoRs"));
	keys("esc");
	command("watch two words");
	assert_true(screen_has("An AoR is watched, as in :watch alice@example.com."));
	command("watch nobody@");
	assert_true(screen_has("An AoR is watched, as in"));
	assert_false(screen_has("1 watched"));
}

TEST(it_can_be_watched_from_the_detail_and_from_a_workup)
{
	UNUSED_STATE;
	keys("enter W");
	assert_true(screen_has("Binding 1 of 3, watched: alice@example.com"));
	keys("esc j w W");
	assert_int_equal(ui_mode(w.ui), MODE_WHY);
	assert_true(screen_has("bob@example.com is watched"));
	assert_true(screen_has("2 watched"));
	gone("bob");
	assert_true(screen_has("bob@example.com gone"));
	keys("W");
	assert_true(screen_has("There is no binding here; :watch AOR waits for somebody"));
}

TEST(an_AoR_may_hold_what_a_filter_takes_for_its_own)
{
	UNUSED_STATE;
	put("odd", "a\"b\\c|(d)", "192.0.2.60");
	screen_has("");
	keys("g W v enter");
	assert_int_equal(view_count(w.view), 1);
}

TEST(a_snapshot_cannot_be_watched)
{
	UNUSED_STATE;
	w.source.status.state = SOURCE_FROZEN;
	keys("W");
	assert_true(screen_has("watch is not possible: a snapshot is a picture"));
}

TEST(the_oldest_news_make_room_for_the_newest)
{
	UNUSED_STATE;
	keys("W");
	for (int i = 0; i < UI_NEWS + 5; i++) {
		char host[24];

		snprintf(host, sizeof(host), "192.0.2.7:%d", 6000 + i);
		put("alice", "alice", host);
		screen_has("");
	}
	assert_int_equal(w.bells, UI_NEWS + 5);
	assert_true(screen_has("1 watched, 205 new: v"));
	keys("v end");
	assert_true(screen_has("192.0.2.7:6004 -> 192.0.2.7:6005"));
	assert_false(screen_has("192.0.2.7:6003 -> 192.0.2.7:6004"));
}

#define U(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		U(W_watches_the_AoR_under_the_cursor_and_no_more_the_second_time),
		U(all_bindings_of_the_AoR_have_the_sign_and_marks_keep_theirs),
		U(who_goes_and_comes_back_is_told_with_one_bell_each),
		U(a_lapse_a_move_and_another_verdict_are_told),
		U(what_happens_at_once_is_one_line_and_one_bell_the_worst_first),
		U(others_are_not_told),
		U(who_types_at_a_prompt_reads_it_afterwards),
		U(nothing_moves_behind_a_question_but_the_bell_rings),
		U(v_lists_who_is_watched_and_what_happened_newest_first),
		U(from_the_list_Enter_shows_them_in_the_table_and_P_asks_them),
		U(the_list_shows_the_bindings_of_an_AoR_up_to_a_few),
		U(somebody_who_is_not_registered_can_be_watched_by_name),
		U(it_can_be_watched_from_the_detail_and_from_a_workup),
		U(an_AoR_may_hold_what_a_filter_takes_for_its_own),
		U(a_snapshot_cannot_be_watched),
		U(the_oldest_news_make_room_for_the_newest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
