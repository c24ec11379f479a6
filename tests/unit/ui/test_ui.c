/* Tests of the inspector: keys drive its state, and only the right answer lets a purge run. */
#include "test.h"

#include <errno.h>
#include "base/text.h"
#include "judge/verdict.h"
#include "ui/commands.h"
#include "ui/ui.h"
#include "ui/ui_state.h"

#define NOW_S  1936000000LL
#define NOW_MS (NOW_S * 1000)

/* A world that only remembers what it was asked to do. */
struct world {
	struct store *store;
	struct view *view;
	struct source source;
	const struct source *sources[1];
	struct act_env env;
	struct clock_fake clock;
	struct ui *ui;
	int quits, redraws, refreshes, suspends, runs, purge_cancels, ping_cancels;
	size_t pinged;
	struct ping_progress progress;
	unsigned rate;
	binding_id first_pinged;
	struct plan *ran, *offered;
	bool over;
	const char *refused;
	struct strbuf copied;
	size_t snapshot_done, snapshot_of;
	size_t ticketed;
	struct findings f; /* of the workup that the keys began */
	struct diagnosis d;
	binding_id why;
	int whys, why_cancels, why_tickets;
	enum ui_ladder why_ladder;
	struct trace *trace;
	unsigned neighbours;
	bool why_over;
};

static struct world w;

static void port_quit(void *ctx)
{
	((struct world *)ctx)->quits++;
}

static void port_suspend(void *ctx)
{
	((struct world *)ctx)->suspends++;
}

static void port_redraw(void *ctx)
{
	((struct world *)ctx)->redraws++;
}

static void port_refresh(void *ctx)
{
	((struct world *)ctx)->refreshes++;
}

static void port_ping(void *ctx, const binding_id *ids, size_t n)
{
	struct world *me = ctx;

	me->pinged = n;
	me->first_pinged = ids[0];
}

static void port_ping_rate(void *ctx, unsigned per_s)
{
	((struct world *)ctx)->rate = per_s;
}

static void port_ping_progress(void *ctx, struct ping_progress *out)
{
	*out = ((struct world *)ctx)->progress;
}

static void port_ping_cancel(void *ctx)
{
	((struct world *)ctx)->ping_cancels++;
}

static struct plan *port_purge_plan(void *ctx, const binding_id *ids, size_t n, struct err *e)
{
	return plan_purge(&((struct world *)ctx)->env, ids, n, e);
}

static int port_purge_run(void *ctx, struct plan *take, struct err *e)
{
	struct world *me = ctx;

	(void)e;
	me->runs++;
	plan_free(me->ran);
	me->ran = take;
	me->over = false;
	return 0;
}

static void port_purge_cancel(void *ctx)
{
	((struct world *)ctx)->purge_cancels++;
}

static const struct plan *port_purge_plan_now(void *ctx, bool *over)
{
	struct world *me = ctx;

	*over = me->over;
	return me->ran;
}

static const struct plan *port_purge_offered(void *ctx)
{
	return ((struct world *)ctx)->offered;
}

static struct plan *port_purge_take_offer(void *ctx)
{
	struct world *me = ctx;
	struct plan *taken = me->offered;

	me->offered = NULL;
	return taken;
}

static int port_snapshot(void *ctx, struct err *e)
{
	(void)ctx;
	return err_set(e, -ENOSPC, "Make room.", "The disk is full.");
}

static bool port_snapshot_now(void *ctx, size_t *done, size_t *of)
{
	struct world *me = ctx;

	*done = me->snapshot_done;
	*of = me->snapshot_of;
	return me->snapshot_of > 0;
}

static int port_ticket(void *ctx, const binding_id *ids, size_t n, char path[256], struct err *e)
{
	(void)ids;
	(void)e;
	((struct world *)ctx)->ticketed = n;
	snprintf(path, 256, "ticket.txt");
	return 0;
}

static void port_copy(void *ctx, struct slice text)
{
	struct world *me = ctx;

	strbuf_clear(&me->copied);
	strbuf_add_slice(&me->copied, text);
}

static int port_why(void *ctx, binding_id id, unsigned neighbours, struct err *e)
{
	struct world *me = ctx;

	(void)e;
	me->whys++;
	me->why = id;
	me->neighbours = neighbours;
	me->why_over = false;
	diagnosis_free(&me->d);
	memset(&me->f, 0, sizeof(me->f));
	snprintf(me->f.aor, sizeof(me->f.aor), "somebody@example.com");
	me->f.now_ms = NOW_MS;
	return 0;
}

static void why_ends(struct world *me)
{
	me->why_over = true;
	diagnose(&me->f, &me->d);
}

static void port_why_cancel(void *ctx)
{
	struct world *me = ctx;

	me->why_cancels++;
	me->f.cancelled = true;
	why_ends(me);
}

static bool port_why_now(void *ctx, struct ui_why *out)
{
	struct world *me = ctx;

	*out = (struct ui_why){.f = &me->f, .d = &me->d, .trace = me->trace};
	out->progress = (struct workup_progress){
		.ways = 3, .answered = me->why_over ? 3 : 1, .over = me->why_over};
	return me->whys > 0;
}

static int port_why_ticket(void *ctx, enum ui_ladder ladder, char path[256], struct err *e)
{
	(void)e;
	((struct world *)ctx)->why_tickets++;
	((struct world *)ctx)->why_ladder = ladder;
	snprintf(path, 256, "why.txt");
	return 0;
}

/* Calls and ladders have a test of their own. */
static bool port_call_now(void *ctx, struct ui_call *out)
{
	(void)ctx;
	(void)out;
	return false;
}

static struct call_plan *port_call_plan(void *ctx, binding_id id, const struct call_order *o,
					struct err *e)
{
	(void)ctx;
	(void)id;
	(void)o;
	err_set(e, -EPERM, NULL, "no calls here");
	return NULL;
}

static const char *port_call_refused(void *ctx)
{
	(void)ctx;
	return NULL;
}

static const struct trace *port_ladder(void *ctx, binding_id id)
{
	(void)ctx;
	(void)id;
	return NULL;
}

static const char *port_purge_refused(void *ctx)
{
	return ((struct world *)ctx)->refused;
}

static void purge_how(const struct source *s, const struct binding *b, struct strbuf *out)
{
	(void)b;
	(void)s;
	strbuf_add_str(out, "by the test");
}

static void never(struct source *s, const struct binding *b, source_answer_fn *fn, void *ctx)
{
	(void)s;
	(void)b;
	(void)fn;
	(void)ctx;
}

static void never_aor(struct source *s, const struct binding *b, source_aor_fn *fn, void *ctx)
{
	(void)s;
	(void)b;
	(void)fn;
	(void)ctx;
}

static void never_all(struct source *s, const struct binding *const *all, size_t n,
		      source_answer_fn *fn, void *ctx)
{
	(void)s;
	(void)all;
	(void)n;
	(void)fn;
	(void)ctx;
}

static const struct source_ops ops = {.kind = "test",
				      .purge_how = purge_how,
				      .reread = never,
				      .purge = never,
				      .read_aor = never_aor,
				      .purge_aor = never_all,
				      .purge_row = never};

static void add_at(const char *user, int64_t seen_s)
{
	struct binding b = {.key = slice_of(user),
			    .user = slice_of(user),
			    .domain = SLICE_LIT("example.com"),
			    .contact = SLICE_LIT("sip:x@192.0.2.1:5060"),
			    .expires_s = NOW_S + 600,
			    .refreshed_s = NOW_S - 60,
			    .granted_s = 660,
			    .methods = BINDING_METHODS_ALL,
			    .q_milli = BINDING_Q_UNSET};

	store_put(w.store, 0, &b, seen_s);
}

static void add(const char *user)
{
	add_at(user, NOW_S - 60);
}

static int open_world(void **state)
{
	static const char *const users[] = {"alice", "bob", "carol", "dave", "erin"};
	struct ui_config cfg;

	(void)state;
	w = (struct world){.over = true};
	clock_fake_init(&w.clock, NOW_MS);
	w.store = store_new();
	store_add_source(w.store, "test");
	for (size_t i = 0; i < sizeof(users) / sizeof(users[0]); i++)
		add(users[i]);
	w.view = view_new(w.store, verdict_judge, NULL);
	w.source.ops = &ops;
	w.source.status =
		(struct source_status){.state = SOURCE_LIVE, .read_ms = NOW_MS, .complete = true};
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
				 .port = {&w,
					  port_quit,
					  port_suspend,
					  port_redraw,
					  port_refresh,
					  port_ping,
					  port_ping_rate,
					  port_ping_progress,
					  port_ping_cancel,
					  port_purge_plan,
					  port_purge_run,
					  port_purge_cancel,
					  port_purge_plan_now,
					  port_purge_offered,
					  port_purge_take_offer,
					  port_snapshot,
					  port_snapshot_now,
					  port_ticket,
					  port_copy,
					  port_purge_refused,
					  port_why,
					  port_why_cancel,
					  port_why_now,
					  port_why_ticket,
					  port_call_plan,
					  NULL,
					  NULL,
					  port_call_now,
					  port_call_refused,
					  port_ladder,
					  NULL,
					  NULL}};
	w.ui = ui_new(&cfg);
	view_update(w.view, NOW_MS);
	return 0;
}

static int close_world(void **state)
{
	(void)state;
	ui_free(w.ui);
	plan_free(w.ran);
	plan_free(w.offered);
	diagnosis_free(&w.d);
	trace_free(w.trace);
	view_free(w.view);
	store_free(w.store);
	strbuf_free(&w.copied);
	return 0;
}

/* Blank-separated key names, with a frame drawn after each as in life. */
static void keys(const char *names)
{
	struct slice rest = slice_of(names), one;
	struct frame f;
	char key[16];

	frame_init(&f, 80, 24, false);
	while (rest.n) {
		rest = slice_cut(rest, ' ', &one);
		ui_key(w.ui, slice_to_buf(one, key, sizeof(key)), NOW_MS);
		view_update(w.view, NOW_MS);
		ui_draw(w.ui, &f, NOW_MS);
	}
	frame_free(&f);
}

static void type(const char *text)
{
	char key[2] = "";

	for (; *text; text++) {
		key[0] = *text;
		ui_key(w.ui, *text == ' ' ? "space" : key, NOW_MS);
	}
	view_update(w.view, NOW_MS);
}

static bool screen_has(const char *text)
{
	struct strbuf b = STRBUF_INIT;
	struct frame f;
	bool has;

	frame_init(&f, 80, 24, false);
	ui_draw(w.ui, &f, NOW_MS);
	frame_text(&f, &b);
	has = strstr(strbuf_str(&b), text) != NULL;
	strbuf_free(&b);
	frame_free(&f);
	return has;
}

static binding_id id_of(const char *user)
{
	return store_find(w.store, 0, slice_of(user));
}

static void assert_cursor_on(const char *user)
{
	assert_int_equal(view_cursor(w.view), id_of(user));
}

/* ---- moving, marks, looking --------------------------------------------------------------- */

TEST(the_cursor_moves_by_letters_arrows_and_ends)
{
	UNUSED_STATE;
	assert_cursor_on("alice");
	keys("j down");
	assert_cursor_on("carol");
	keys("k");
	assert_cursor_on("bob");
	keys("end");
	assert_cursor_on("erin");
	keys("down pgdn");
	assert_cursor_on("erin");
	keys("home");
	assert_cursor_on("alice");
}

TEST(space_marks_and_moves_on_and_u_takes_the_mark_away)
{
	UNUSED_STATE;
	keys("space");
	assert_true(store_marked(w.store, id_of("alice")));
	assert_cursor_on("bob");
	keys("k u");
	assert_int_equal(store_mark_count(w.store), 0);
}

TEST(marking_all_means_what_the_filter_lets_through)
{
	struct slice text = SLICE_LIT("user:o");

	UNUSED_STATE;
	/* set, and not yet in the list: the key waits for what was asked for */
	assert_int_equal(view_set_filter(w.view, text, NULL, NULL), 0);
	keys("M");
	assert_true(view_count(w.view) > 0 && view_count(w.view) < store_count(w.store));
	assert_int_equal(store_mark_count(w.store), view_count(w.view));
	for (size_t i = 0; i < view_count(w.view); i++)
		assert_true(store_marked(w.store, view_at(w.view, i)));
	assert_true(screen_has("bindings of the table are marked"));
}

TEST(while_the_view_is_behind_the_screen_does_not_say_that_nothing_matches)
{
	UNUSED_STATE;
	assert_int_equal(view_set_filter(w.view, SLICE_LIT("nobody-at-all"), NULL, NULL), 0);
	view_update(w.view, NOW_MS);
	assert_true(screen_has("matches nothing"));
	assert_int_equal(view_set_filter(w.view, SLICE_LIT("nobody"), NULL, NULL), 0);
	assert_false(screen_has("matches nothing"));
	assert_true(screen_has("working, 0 of 5 bindings"));
}

TEST(unmarking_all_takes_hidden_marks_too_and_says_so)
{
	UNUSED_STATE;
	keys("space space f");
	type("alice");
	keys("enter");
	assert_true(screen_has("2 marked, 1 not shown"));
	keys("U");
	assert_int_equal(store_mark_count(w.store), 0);
	assert_true(screen_has("2 marks taken away, 1 of them out of sight."));
}

TEST(the_filter_follows_typing_and_esc_brings_the_old_one_back)
{
	UNUSED_STATE;
	keys("f");
	type("car");
	assert_int_equal(view_count(w.view), 1);
	keys("bs bs bs");
	assert_int_equal(view_count(w.view), 5);
	type("bob");
	keys("enter");
	assert_int_equal(view_count(w.view), 1);
	keys("f ctrl-u");
	type("alice");
	assert_cursor_on("alice");
	keys("esc");
	assert_string_equal(view_filter(w.view), "bob");
}

TEST(a_filter_that_does_not_parse_keeps_the_last_good_one_and_shows_the_place)
{
	UNUSED_STATE;
	keys("f");
	type("bob (");
	assert_string_equal(view_filter(w.view), "bob ");
	assert_true(screen_has("^"));
	keys("enter");
	assert_int_equal(w.ui->prompt.kind, PROMPT_FILTER);
	keys("esc");
	assert_string_equal(view_filter(w.view), "");
}

TEST(letters_typed_at_a_prompt_are_never_commands)
{
	UNUSED_STATE;
	keys("f");
	type("xyqpPU");
	keys("bs del bs");
	assert_int_equal(w.quits, 0);
	assert_int_equal(w.pinged, 0);
	assert_int_equal(w.ui->prompt.kind, PROMPT_FILTER);
	assert_int_equal(ui_mode(w.ui), MODE_TABLE);
}

TEST(search_moves_the_cursor_and_goes_round)
{
	UNUSED_STATE;
	keys("/");
	type("DAVE");
	keys("enter");
	assert_cursor_on("dave");
	keys("/");
	type("o");
	keys("enter");
	assert_cursor_on("erin");
	keys("n");
	assert_cursor_on("alice");
	keys("N");
	assert_cursor_on("erin");
	keys("/");
	type("nobody");
	keys("enter");
	assert_cursor_on("erin");
	assert_true(screen_has("No row shows \"nobody\"."));
}

static void add_many(unsigned n)
{
	char user[24];

	for (unsigned i = 0; i < n; i++) {
		snprintf(user, sizeof(user), "many%06u", i);
		add(user);
	}
	view_update(w.view, NOW_MS);
}

TEST(a_search_over_many_rows_goes_on_between_the_keys)
{
	unsigned turns = 0;

	UNUSED_STATE;
	add_many(9000);
	keys("/");
	type("many008999");
	keys("enter");
	assert_cursor_on("alice");
	assert_true(ui_searching(w.ui));
	assert_true(screen_has("Searching for \"many008999\"."));
	/* the same key again begins nothing anew */
	keys("n n");
	while (!ui_search_on(w.ui, NOW_MS))
		turns++;
	assert_true(turns > 0 && turns < 5);
	assert_cursor_on("many008999");
	assert_false(screen_has("Searching"));
	keys("n");
	while (!ui_search_on(w.ui, NOW_MS))
		;
	assert_cursor_on("many008999");
	assert_true(screen_has("Went round"));
}

TEST(another_key_ends_a_search_where_the_cursor_is)
{
	UNUSED_STATE;
	add_many(9000);
	keys("/");
	type("nowhere");
	keys("enter");
	assert_true(ui_searching(w.ui));
	keys("j");
	assert_false(ui_searching(w.ui));
	assert_true(ui_search_on(w.ui, NOW_MS));
	assert_cursor_on("bob");
	keys("N");
	while (!ui_search_on(w.ui, NOW_MS))
		;
	assert_cursor_on("bob");
	assert_true(screen_has("No row shows \"nowhere\"."));
}

TEST(a_search_outlives_the_row_that_it_has_come_to)
{
	UNUSED_STATE;
	add_many(9000);
	keys("/");
	type("many008999");
	keys("enter");
	assert_true(ui_searching(w.ui));
	for (unsigned i = 1000; i < 4000; i++) {
		char user[24];

		snprintf(user, sizeof(user), "many%06u", i);
		assert_true(store_remove(w.store, 0, slice_of(user)));
	}
	view_update(w.view, NOW_MS);
	while (!ui_search_on(w.ui, NOW_MS))
		;
	assert_cursor_on("many008999");
}

TEST(what_is_too_many_for_paper_clipboard_or_plan_is_said_at_once)
{
	UNUSED_STATE;
	add_many(PLAN_MAX_ITEMS);
	keys("M t");
	assert_int_equal(w.ticketed, 0);
	assert_true(screen_has("A ticket takes 1000 bindings at the most, and 10005 are marked"));
	keys("y");
	assert_int_equal(w.copied.n, 0);
	assert_true(screen_has("A clipboard takes 10000 bindings at the most"));
	keys("x");
	assert_true(screen_has("A purge takes 10000 bindings at the most, and 10005 are marked"));
}

TEST(the_clipboard_takes_whole_lines_and_says_when_not_all_fit)
{
	const char *text;

	UNUSED_STATE;
	add_many(4000);
	keys("M y");
	text = strbuf_str(&w.copied);
	assert_true(w.copied.n > 60000 && w.copied.n <= 74000);
	assert_string_equal(text + strlen(text) - 20, "sip:x@192.0.2.1:5060");
	assert_true(screen_has("of 4005 bindings fit on your terminal's clipboard."));
}

TEST(sorting_moves_over_the_columns_and_turns_round)
{
	bool reverse;

	UNUSED_STATE;
	keys("> r");
	assert_int_equal(view_sort(w.view, &reverse), COL_CONTACT);
	assert_true(reverse);
	keys("< r");
	assert_int_equal(view_sort(w.view, &reverse), COL_AOR);
	assert_false(reverse);
}

TEST(the_column_chooser_hides_and_shows_but_keeps_the_last_one)
{
	size_t before = w.ui->col_count;

	UNUSED_STATE;
	keys("c j space");
	assert_int_equal(w.ui->col_count, before + 1);
	keys("space q");
	assert_int_equal(w.ui->col_count, before);
	assert_int_equal(ui_command(w.ui, "columns aor", NOW_MS, NULL), 0);
	keys("c g space");
	assert_int_equal(w.ui->col_count, 1);
	assert_true(screen_has("The last column stays."));
}

TEST(esc_goes_up_but_does_not_quit_and_q_does)
{
	UNUSED_STATE;
	keys("enter");
	assert_int_equal(ui_mode(w.ui), MODE_DETAIL);
	keys("esc esc esc");
	assert_int_equal(ui_mode(w.ui), MODE_TABLE);
	assert_int_equal(w.quits, 0);
	keys("enter ? q q");
	assert_int_equal(w.quits, 0);
	keys("q");
	assert_int_equal(w.quits, 1);
}

TEST(redraw_only_redraws_and_reading_again_only_reads)
{
	UNUSED_STATE;
	keys("j ctrl-l");
	assert_int_equal(w.redraws, 1);
	assert_int_equal(w.refreshes, 0);
	assert_int_equal(view_count(w.view), 5);
	keys("f5");
	assert_int_equal(w.refreshes, 1);
	assert_cursor_on("bob");
}

TEST(the_detail_walks_through_the_bindings_and_survives_one_that_goes)
{
	UNUSED_STATE;
	keys("enter l");
	assert_true(screen_has("bob@example.com"));
	store_remove(w.store, 0, SLICE_LIT("bob"));
	view_update(w.view, NOW_MS);
	assert_true(screen_has("This binding is gone"));
	keys("x p t");
	assert_int_equal(w.pinged, 0);
	assert_int_equal(ui_mode(w.ui), MODE_DETAIL);
}

TEST(commands_are_run_by_their_words_and_unique_beginnings)
{
	struct err e = ERR_NONE;

	UNUSED_STATE;
	assert_int_equal(ui_command(w.ui, "  filter  carol ", NOW_MS, &e), 0);
	view_update(w.view, NOW_MS);
	assert_int_equal(view_count(w.view), 1);
	assert_int_equal(ui_command(w.ui, "filter", NOW_MS, &e), 0);
	view_update(w.view, NOW_MS);
	assert_int_equal(view_count(w.view), 5);
	assert_int_equal(ui_command(w.ui, "snap", NOW_MS, &e), 0);
	assert_true(screen_has("The disk is full."));
	assert_int_equal(ui_command(w.ui, "un", NOW_MS, &e), -EINVAL);
	assert_non_null(strstr(e.what, "unmark-all"));
	assert_int_equal(ui_command(w.ui, "nonsense", NOW_MS, &e), -EINVAL);
	assert_int_equal(ui_command(w.ui, "ping twice", NOW_MS, &e), -EINVAL);
	assert_int_equal(w.pinged, 0);
}

TEST(the_command_prompt_completes_and_remembers)
{
	UNUSED_STATE;
	keys(":");
	type("refr");
	keys("tab enter");
	assert_int_equal(w.refreshes, 1);
	keys(": up enter");
	assert_int_equal(w.refreshes, 2);
}

TEST(pasted_text_presses_no_command_and_does_not_submit_a_prompt)
{
	UNUSED_STATE;
	keys("paste x y q p enter paste-end");
	assert_int_equal(ui_mode(w.ui), MODE_TABLE);
	assert_int_equal(w.quits, 0);
	assert_int_equal(w.pinged, 0);
	keys("f paste b o b enter paste-end");
	assert_int_equal(w.ui->prompt.kind, PROMPT_FILTER);
	assert_int_equal(view_count(w.view), 1);
}

/* ---- probes and records ------------------------------------------------------------------- */

TEST(ping_asks_the_row_under_the_cursor_and_shift_p_all_marked_or_in_sight)
{
	UNUSED_STATE;
	keys("j p");
	assert_int_equal(w.pinged, 1);
	assert_int_equal(w.first_pinged, id_of("bob"));
	keys("P");
	assert_int_equal(w.pinged, 5);
	keys("space space P");
	assert_int_equal(w.pinged, 2);
	assert_int_equal(w.first_pinged, id_of("bob"));
}

TEST(a_snapshot_has_nobody_to_ask_and_nothing_new)
{
	UNUSED_STATE;
	w.source.status.state = SOURCE_FROZEN;
	w.source.status.read_ms = NOW_MS - 100000;
	add_at("zoe", NOW_S - 1);
	keys("p");
	assert_int_equal(w.pinged, 0);
	assert_true(screen_has("there is nobody to ask"));
	keys("space P");
	assert_int_equal(w.pinged, 0);
	assert_false(screen_has("+zoe"));
	w.source.status.state = SOURCE_LIVE;
	assert_true(screen_has("+zoe"));
	keys("P");
	assert_int_equal(w.pinged, 1);
}

TEST(copying_gives_clean_text_of_the_binding)
{
	UNUSED_STATE;
	add("\x1b[2Jevil");
	view_update(w.view, NOW_MS);
	view_set_cursor(w.view, id_of("\x1b[2Jevil"));
	keys("y");
	assert_null(strchr(strbuf_str(&w.copied), '\x1b'));
	assert_non_null(strstr(strbuf_str(&w.copied), "evil@example.com sip:x@192.0.2.1:5060"));
}

TEST(a_ticket_is_about_the_marked_bindings)
{
	UNUSED_STATE;
	keys("t");
	assert_int_equal(w.ticketed, 1);
	assert_true(screen_has("ticket.txt"));
	keys("space space space t");
	assert_int_equal(w.ticketed, 3);
}

TEST(ctrl_c_stops_probes_first_and_then_leaves)
{
	UNUSED_STATE;
	w.progress = (struct ping_progress){.total = 3, .waiting = 2, .flying = 1};
	keys("ctrl-c");
	assert_int_equal(w.ping_cancels, 1);
	assert_int_equal(w.quits, 0);
	assert_true(screen_has("Stopped: 2 of 3 are not asked; 1 may still answer."));
	/* What is on the way needs no waiting for. */
	w.progress = (struct ping_progress){.total = 3, .flying = 1, .stopped = true};
	keys("ctrl-c");
	assert_int_equal(w.quits, 1);
}

TEST(the_rate_of_a_sweep_is_chosen_at_the_prompt)
{
	struct err e = ERR_NONE;

	UNUSED_STATE;
	ui_command(w.ui, "ping-all 2000", NOW_MS, &e);
	assert_int_equal(w.rate, 2000);
	assert_true(w.pinged > 0);
	w.pinged = 0;
	for (size_t i = 0; i < 3; i++) {
		static const char *const wrong[] = {"ping-all 0", "ping-all fast",
						    "ping-all 1000000"};

		ui_command(w.ui, wrong[i], NOW_MS, &e);
		assert_true(screen_has("The rate is a number of probes a second"));
	}
	assert_int_equal(w.rate, 2000);
	assert_int_equal(w.pinged, 0);
}

TEST(a_sweep_says_how_far_it_is_and_how_it_ended)
{
	UNUSED_STATE;
	w.progress = (struct ping_progress){.total = 100000,
					    .waiting = 87655,
					    .flying = 400,
					    .answered = 11624,
					    .silent = 321,
					    .left_s = 40};
	assert_true(screen_has("asked 12345 of 100000, 321 silent, 40s left; Ctrl-C stops"));
	keys("q");
	assert_int_equal(w.quits, 0);
	assert_true(screen_has("A sweep is running"));
	keys("ctrl-c");
	assert_int_equal(w.ping_cancels, 1);
	w.progress.waiting = 0;
	w.progress.stopped = true;
	assert_true(screen_has("stopped, 400 on the way"));
	keys("j");
	w.progress.flying = 0;
	assert_true(screen_has("The sweep was stopped: 11624 answered, 321 silent, 0 refused"));
	keys("j");
	assert_false(screen_has("The sweep was stopped"));
	keys("q");
	assert_int_equal(w.quits, 1);
}

/* ---- purge -------------------------------------------------------------------------------- */

TEST(x_then_y_purges_exactly_the_one_under_the_cursor)
{
	UNUSED_STATE;
	keys("j x");
	assert_int_equal(ui_mode(w.ui), MODE_CONFIRM);
	assert_true(screen_has("bob@example.com"));
	assert_int_equal(w.runs, 0);
	keys("y");
	assert_int_equal(w.runs, 1);
	assert_int_equal(w.ran->count, 1);
	assert_int_equal(w.ran->items[0].id, id_of("bob"));
	assert_true(screen_has("Result"));
}

TEST(no_other_key_is_ever_yes_for_one)
{
	static const char *const others[] = {"enter", "bs", "del",   "x", "Y",     "space",
					     "esc",   "q",  "n",     "1", "tab",   "ctrl-c",
					     "f5",    "j",  "paste", "X", "right", "down"};

	UNUSED_STATE;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		keys("x");
		assert_int_equal(ui_mode(w.ui), MODE_CONFIRM);
		keys(others[i]);
		keys("paste-end");
		assert_int_equal(w.runs, 0);
		if (ui_mode(w.ui) == MODE_CONFIRM)
			keys("esc");
		assert_int_equal(ui_mode(w.ui), MODE_TABLE);
	}
	keys("x esc");
	assert_true(screen_has("Nothing was purged."));
	assert_int_equal(w.quits, 0);
}

TEST(several_are_purged_only_when_their_number_is_typed)
{
	UNUSED_STATE;
	keys("space space space x");
	assert_true(screen_has("Type 3"));
	keys("y enter x x bs del space");
	assert_int_equal(w.runs, 0);
	assert_int_equal(ui_mode(w.ui), MODE_CONFIRM);
	keys("1 3 bs bs 3 enter");
	assert_int_equal(w.runs, 1);
	assert_int_equal(w.ran->count, 3);
}

TEST(a_wrong_number_purges_nothing)
{
	UNUSED_STATE;
	keys("space space x 3 enter");
	assert_int_equal(w.runs, 0);
	assert_int_equal(ui_mode(w.ui), MODE_TABLE);
	assert_true(screen_has("Nothing was purged"));
}

TEST(marks_count_before_the_cursor_and_the_plan_names_them)
{
	UNUSED_STATE;
	keys("end space g x");
	assert_true(screen_has("erin@example.com"));
	assert_false(screen_has("alice@example.com"));
	keys("y");
	assert_int_equal(w.ran->items[0].id, id_of("erin"));
}

TEST(a_single_mark_out_of_sight_is_not_purged_by_one_key)
{
	UNUSED_STATE;
	keys("space f");
	type("bob");
	keys("enter x");
	assert_int_equal(ui_mode(w.ui), MODE_TABLE);
	assert_true(screen_has("out of sight"));
	keys("y");
	assert_int_equal(w.runs, 0);
}

TEST(several_marks_of_which_some_are_hidden_are_counted_in_the_question)
{
	UNUSED_STATE;
	keys("space space f");
	type("bob");
	keys("enter x");
	assert_true(screen_has("1 of them not shown"));
	keys("2 enter");
	assert_int_equal(w.ran->count, 2);
}

TEST(an_empty_table_purges_nothing)
{
	UNUSED_STATE;
	keys("f");
	type("nobody.at.all");
	keys("enter x");
	assert_int_equal(ui_mode(w.ui), MODE_TABLE);
	assert_true(screen_has("nothing to purge"));
	assert_int_equal(w.runs, 0);
}

TEST(the_table_stands_still_behind_the_question_and_goes_on_after_it)
{
	UNUSED_STATE;
	keys("x");
	assert_true(view_frozen(w.view));
	keys("esc");
	assert_false(view_frozen(w.view));
	keys("Z x y");
	w.over = true;
	keys("esc");
	assert_true(view_frozen(w.view));
}

TEST(a_large_snapshot_says_how_far_it_is)
{
	UNUSED_STATE;
	w.snapshot_of = 1000000;
	assert_true(screen_has("Writing the snapshot: 0 %. s stops it."));
	w.snapshot_done = 349999;
	assert_true(screen_has("Writing the snapshot: 34 %."));
	keys("j");
	assert_true(screen_has("Writing the snapshot: 34 %."));
	w.snapshot_done = w.snapshot_of;
	assert_true(screen_has("being put on the disk"));
	w.snapshot_of = 0;
	assert_false(screen_has("snapshot"));
}

TEST(the_detail_purges_what_it_shows_whatever_is_marked)
{
	UNUSED_STATE;
	keys("end space g enter x");
	assert_true(screen_has("alice@example.com"));
	keys("y");
	assert_int_equal(w.ran->items[0].id, id_of("alice"));
}

TEST(a_purge_that_is_not_allowed_says_why_and_asks_nothing)
{
	UNUSED_STATE;
	w.refused = "this regtop is read-only (--read-only)";
	keys("x");
	assert_int_equal(ui_mode(w.ui), MODE_TABLE);
	assert_true(screen_has("read-only (--read-only)"));
	assert_true(screen_has("(x purge)"));
}

TEST(a_running_purge_is_stopped_by_ctrl_c_and_holds_q)
{
	UNUSED_STATE;
	keys("x y ctrl-c");
	assert_int_equal(w.purge_cancels, 1);
	keys("esc q");
	assert_int_equal(w.quits, 0);
	assert_true(screen_has("A purge is running"));
	keys("x");
	assert_int_equal(ui_mode(w.ui), MODE_CONFIRM);
	assert_int_equal(w.runs, 1);
	w.over = true;
	keys("esc q");
	assert_int_equal(w.quits, 1);
}

TEST(a_reason_given_with_the_word_goes_into_the_plan)
{
	UNUSED_STATE;
	assert_int_equal(ui_command(w.ui, "purge ticket 4711", NOW_MS, NULL), 0);
	assert_true(screen_has("ticket 4711"));
	keys("y");
	assert_string_equal(w.ran->reason, "ticket 4711");
}

/* A purge of one that could only go with its whole AoR, which is offered. */
static void refused_alone(enum plan_kind kind, size_t n)
{
	struct binding b = {.user = SLICE_LIT("bob"),
			    .domain = SLICE_LIT("example.com"),
			    .contact = SLICE_LIT("sip:bob@192.0.2.2"),
			    .key = SLICE_LIT("other")};
	const struct binding *all[] = {&b, &b};

	keys("j x y");
	w.ran->items[0].state = kind == PLAN_ROWS ? PLAN_ONLY_ROW : PLAN_NOT_ALONE;
	w.over = true;
	w.offered = plan_of_found(&w.env, kind, all, n, "", NULL);
	assert_non_null(w.offered);
	assert_int_equal(w.runs, 1);
}

TEST(what_cannot_go_alone_is_asked_about_by_one_key_and_done_by_its_number)
{
	UNUSED_STATE;
	refused_alone(PLAN_WHOLE_AORS, 2);
	keys("k");
	assert_true(screen_has("bob@example.com can only go whole, with all 2 bindings: x shows"));
	keys("x");
	assert_int_equal(w.runs, 1);
	assert_true(screen_has("Purge all 2 bindings of bob@example.com? Type 2"));
	keys("x y enter 1 enter");
	assert_int_equal(w.runs, 1);
	assert_int_equal(ui_mode(w.ui), MODE_TABLE);
	assert_true(screen_has("Nothing was purged"));
}

TEST(the_number_lets_the_whole_aor_go)
{
	UNUSED_STATE;
	refused_alone(PLAN_WHOLE_AORS, 2);
	keys("x 2 enter");
	assert_int_equal(w.runs, 2);
	assert_int_equal(w.ran->kind, PLAN_WHOLE_AORS);
	assert_int_equal(w.ran->count, 2);
}

TEST(a_row_that_is_left_is_asked_about_and_no_key_but_y_is_yes)
{
	UNUSED_STATE;
	refused_alone(PLAN_ROWS, 1);
	keys("k");
	assert_true(screen_has("1 row is left in the table that calls do not follow"));
	keys("x");
	assert_true(screen_has("Remove this row of bob@example.com from the table?"));
	keys("x");
	assert_int_equal(w.runs, 1);
	assert_int_equal(ui_mode(w.ui), MODE_TABLE);
}

/* ---- the table of commands ---------------------------------------------------------------- */

TEST(w_works_up_the_binding_under_the_cursor_and_shows_the_answer)
{
	binding_id second;

	UNUSED_STATE;
	keys("j");
	second = view_cursor(w.view);
	keys("w");
	assert_int_equal(ui_mode(w.ui), MODE_WHY);
	assert_true(w.why == second);
	assert_int_equal(w.neighbours, 0);
	assert_true(screen_has("1 of 3 questions answered"));
	assert_true(screen_has("Ctrl-C stop"));
	why_ends(&w);
	assert_true(screen_has("not-registered"));
	assert_false(screen_has("questions answered"));
	assert_true(screen_has("w again"));
	keys("w");
	assert_int_equal(w.whys, 2);
	assert_true(w.why == second);
}

TEST(a_workup_is_stopped_by_ctrl_c_and_esc_and_q_gives_it_up)
{
	UNUSED_STATE;
	keys("w ctrl-c");
	assert_int_equal(w.why_cancels, 1);
	assert_int_equal(ui_mode(w.ui), MODE_WHY);
	assert_true(screen_has("stopped before its end"));
	keys("esc");
	assert_int_equal(ui_mode(w.ui), MODE_TABLE);
	keys("w esc");
	assert_int_equal(w.why_cancels, 2);
	assert_int_equal(ui_mode(w.ui), MODE_WHY);
	keys("esc w q");
	assert_int_equal(w.why_cancels, 3);
	assert_int_equal(ui_mode(w.ui), MODE_TABLE);
	assert_int_equal(w.quits, 0);
	/* One that is over is left alone. */
	keys("w");
	why_ends(&w);
	keys("ctrl-c");
	assert_int_equal(w.why_cancels, 3);
	assert_int_equal(ui_mode(w.ui), MODE_TABLE);
}

TEST(esc_puts_the_messages_of_a_workup_away_before_it_leaves_the_answer)
{
	static const char *const outs[] = {"esc", "q", "ctrl-c"};

	UNUSED_STATE;
	for (size_t i = 0; i < sizeof(outs) / sizeof(outs[0]); i++) {
		keys("w");
		why_ends(&w);
		assert_true(screen_has("L messages"));
		keys("L");
		assert_true(screen_has("L as sent"));
		keys("L");
		assert_true(screen_has("L answer"));
		keys(outs[i]);
		assert_int_equal(ui_mode(w.ui), MODE_WHY);
		assert_true(screen_has("not-registered"));
		keys(outs[i]);
		assert_int_equal(ui_mode(w.ui), MODE_TABLE);
	}
	assert_int_equal(w.quits, 0);
	/* Over a workup that runs, it runs on. */
	keys("w L esc");
	assert_int_equal(w.why_cancels, 0);
	assert_true(screen_has("questions answered"));
	keys("esc");
	assert_int_equal(w.why_cancels, 1);
}

TEST(the_neighbours_of_a_workup_are_asked_by_a_and_by_P)
{
	UNUSED_STATE;
	keys("a");
	assert_int_equal(ui_mode(w.ui), MODE_WHY);
	assert_int_equal(w.neighbours, 5);
	why_ends(&w);
	keys("w");
	assert_int_equal(w.neighbours, 0);
	why_ends(&w);
	keys("P");
	assert_int_equal(w.neighbours, 5);
	assert_int_equal(w.pinged, 0);
}

TEST(t_writes_the_workup_and_other_keys_of_the_table_do_nothing_over_it)
{
	UNUSED_STATE;
	keys("w");
	why_ends(&w);
	keys("t");
	assert_int_equal(w.why_tickets, 1);
	assert_int_equal(w.ticketed, 0);
	assert_true(screen_has("why.txt"));
	keys("f space / c >");
	assert_int_equal(ui_mode(w.ui), MODE_WHY);
	assert_int_equal(store_mark_count(w.store), 0);
	keys("? esc");
	assert_int_equal(ui_mode(w.ui), MODE_WHY);
	keys("x");
	assert_int_equal(ui_mode(w.ui), MODE_CONFIRM);
	keys("n");
	assert_int_equal(ui_mode(w.ui), MODE_WHY);
	keys("p");
	assert_true(w.first_pinged == w.why);
}

TEST(L_goes_from_the_answer_to_its_messages_and_back)
{
	static const char options[] = "OPTIONS sip:1@192.0.2.1 SIP/2.0\r\nSubject: hello\r\n\r\n";
	struct netaddr phone;

	UNUSED_STATE;
	keys("L");
	assert_int_equal(ui_mode(w.ui), MODE_TABLE);
	assert_true(screen_has("is remembered: p asks it, i calls it"));
	assert_int_equal(netaddr_parse(SLICE_LIT("192.0.2.1"), 5060, &phone), 0);
	w.trace = trace_new(&w.clock.clock);
	trace_begin(w.trace, "OPTIONS through the registrar");
	trace_sent(w.trace, TRANSPORT_UDP, NULL, &phone, options, sizeof(options) - 1);
	keys("w");
	why_ends(&w);
	keys("L");
	assert_true(screen_has("OPTIONS through the registrar"));
	assert_true(screen_has("192.0.2.1"));
	assert_false(screen_has("Subject: hello"));
	keys("L");
	assert_true(screen_has("Subject: hello"));
	keys("t");
	assert_int_equal(w.why_ladder, LADDER_RAW);
	keys("L");
	assert_true(screen_has("not-registered"));
	keys("t");
	assert_int_equal(w.why_ladder, LADDER_NONE);
}

TEST(the_detail_works_up_what_it_shows)
{
	binding_id second;

	UNUSED_STATE;
	keys("j enter");
	second = view_cursor(w.view);
	keys("w");
	assert_true(w.why == second);
	why_ends(&w);
	keys("esc");
	assert_int_equal(ui_mode(w.ui), MODE_DETAIL);
}

TEST(every_command_has_its_words_and_keys_are_distinct)
{
	UNUSED_STATE;
	for (size_t i = 0; i < commands_count; i++) {
		struct slice rest = slice_of(commands[i].keys), one;
		char key[16];

		assert_true(strlen(commands[i].help) > 8);
		assert_int_equal(commands[i].help[strlen(commands[i].help) - 1], '.');
		assert_non_null(commands[i].run);
		assert_ptr_equal(command_by_word(slice_of(commands[i].word)), &commands[i]);
		assert_true(rest.n > 0);
		while (rest.n) {
			rest = slice_cut(rest, ' ', &one);
			slice_to_buf(one, key, sizeof(key));
			assert_ptr_equal(command_by_key(key), &commands[i]);
		}
	}
}

TEST(delete_backspace_and_later_keys_are_bound_to_nothing)
{
	UNUSED_STATE;
	assert_null(command_by_key("del"));
	assert_null(command_by_key("bs"));
	assert_null(command_by_key("f10"));
	assert_null(command_by_key("f11"));
}

TEST(only_purge_changes_anything)
{
	UNUSED_STATE;
	for (size_t i = 0; i < commands_count; i++)
		assert_true(commands[i].changes == (strcmp(commands[i].word, "purge") == 0));
}

/* All but the last of the hints stand in 80 columns, and what matters in 60. */
TEST(the_hint_bar_fits)
{
	struct strbuf b = STRBUF_INIT;
	struct frame f;

	UNUSED_STATE;
	frame_init(&f, 60, 16, true);
	ui_draw(w.ui, &f, NOW_MS);
	frame_text(&f, &b);
	assert_non_null(strstr(strbuf_str(&b), "? help  q quit  f filter  / find  Enter detail"));
	frame_free(&f);
	strbuf_clear(&b);
	frame_init(&f, 96, 24, true);
	ui_draw(w.ui, &f, NOW_MS);
	frame_text(&f, &b);
	for (size_t i = 0; i < commands_count; i++)
		if (commands[i].hint)
			assert_non_null(strstr(strbuf_str(&b), commands[i].hint));
	frame_free(&f);
	strbuf_free(&b);
}

static void shown(const char *text)
{
	struct strbuf b = STRBUF_INIT;
	struct frame f;

	frame_init(&f, 80, 24, true);
	ui_draw(w.ui, &f, NOW_MS);
	frame_text(&f, &b);
	if (!strstr(strbuf_str(&b), text))
		fail_msg("\"%s\" is not in\n%s", text, strbuf_str(&b));
	frame_free(&f);
	strbuf_free(&b);
}

TEST(groups_are_counted_by_the_next_column_or_the_one_named)
{
	struct err e = ERR_NONE;

	UNUSED_STATE;
	keys("G");
	assert_int_equal(ui_mode(w.ui), MODE_GROUP);
	shown("Groups by network: ");
	keys("G");
	shown("Groups by path: ");
	keys("<");
	shown("Groups by network: ");
	keys("<");
	shown("Groups by verdict: ");
	keys("esc");
	assert_int_equal(ui_mode(w.ui), MODE_TABLE);
	assert_int_equal(ui_command(w.ui, "group domain", NOW_MS, &e), 0);
	shown("Groups by domain: ");
	assert_int_equal(ui_command(w.ui, "group left", NOW_MS, &e), 0);
	shown("it passes with the time");
	assert_int_equal(ui_command(w.ui, "group nonsense", NOW_MS, &e), 0);
	shown("There is no column");
}

TEST(the_bar_of_a_group_is_the_same_in_the_cursors_row)
{
	struct evidence e = {.outcome = PROBE_ANSWERED,
			     .path = PROBE_PATH_OWN,
			     .asked_ms = NOW_MS,
			     .heard_ms = NOW_MS,
			     .code = 200,
			     .probes = 1};
	struct frame f;
	int on = 0, off = 0, reversed = 0;

	UNUSED_STATE;
	store_set_evidence(w.store, id_of("alice"), &e);
	e.outcome = PROBE_SILENT;
	store_set_evidence(w.store, id_of("bob"), &e);
	keys("G");
	assert_true(screen_has("1 of 2"));
	frame_init(&f, 80, 24, false);
	ui_draw(w.ui, &f, NOW_MS);
	for (int x = 0; x < f.width; x++) {
		const struct cell *c = &f.cells[4 * f.width + x];

		on += c->cp == 0x2588;
		off += c->cp == 0x2591;
		if (c->cp == 0x2588 || c->cp == 0x2591)
			assert_int_equal(c->style & CELL_CURSOR, 0);
		else
			reversed += (c->style & CELL_CURSOR) != 0;
	}
	frame_free(&f);
	assert_int_equal(on, 5);
	assert_int_equal(off, 5);
	assert_true(reversed > 60);
}

TEST(enter_shows_the_group_alone_within_the_filter_that_was_there)
{
	size_t all = view_count(w.view);
	struct err e = ERR_NONE;
	const struct tally_group *g;
	char value[80];

	UNUSED_STATE;
	assert_int_equal(view_set_filter(w.view, SLICE_LIT("left>0 | left<=0"), NULL, NULL), 0);
	view_update(w.view, NOW_MS);
	assert_int_equal(ui_command(w.ui, "group user", NOW_MS, &e), 0);
	keys("j");
	g = group_current(w.ui);
	assert_non_null(g);
	snprintf(value, sizeof(value), "(left>0 | left<=0) user=\"%s\"", g->value);
	keys("enter");
	assert_int_equal(ui_mode(w.ui), MODE_TABLE);
	view_update(w.view, NOW_MS);
	assert_string_equal(view_filter(w.view), value);
	assert_true(view_count(w.view) > 0 && view_count(w.view) < all);
}

TEST(p_asks_the_whole_group)
{
	size_t all = view_count(w.view);
	struct err e = ERR_NONE;

	UNUSED_STATE;
	assert_int_equal(ui_command(w.ui, "group source", NOW_MS, &e), 0);
	keys("P");
	assert_int_equal(w.pinged, all);
}

TEST(random_keys_never_purge_without_an_answer)
{
	uint32_t seed = 12345;
	struct frame f;

	UNUSED_STATE;
	frame_init(&f, 80, 24, false);
	for (int i = 0; i < 20000; i++) {
		const struct command *c;
		char key[16];
		struct slice first;

		seed = seed * 1103515245u + 12345u;
		c = &commands[(seed >> 16) % commands_count];
		slice_cut(slice_of(c->keys), ' ', &first);
		slice_to_buf(first, key, sizeof(key));
		/* The one answer that counts is left out: 'y' at the question of one. */
		if (strcmp(key, "y") == 0)
			continue;
		ui_key(w.ui, key, NOW_MS + i);
		view_update(w.view, NOW_MS + i);
		if (i % 7 == 0)
			ui_draw(w.ui, &f, NOW_MS + i);
	}
	frame_free(&f);
	assert_int_equal(w.runs, 0);
}

#define W(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		W(the_cursor_moves_by_letters_arrows_and_ends),
		W(space_marks_and_moves_on_and_u_takes_the_mark_away),
		W(marking_all_means_what_the_filter_lets_through),
		W(while_the_view_is_behind_the_screen_does_not_say_that_nothing_matches),
		W(unmarking_all_takes_hidden_marks_too_and_says_so),
		W(the_filter_follows_typing_and_esc_brings_the_old_one_back),
		W(a_filter_that_does_not_parse_keeps_the_last_good_one_and_shows_the_place),
		W(letters_typed_at_a_prompt_are_never_commands),
		W(search_moves_the_cursor_and_goes_round),
		W(a_search_over_many_rows_goes_on_between_the_keys),
		W(another_key_ends_a_search_where_the_cursor_is),
		W(a_search_outlives_the_row_that_it_has_come_to),
		W(what_is_too_many_for_paper_clipboard_or_plan_is_said_at_once),
		W(the_clipboard_takes_whole_lines_and_says_when_not_all_fit),
		W(sorting_moves_over_the_columns_and_turns_round),
		W(the_column_chooser_hides_and_shows_but_keeps_the_last_one),
		W(esc_goes_up_but_does_not_quit_and_q_does),
		W(redraw_only_redraws_and_reading_again_only_reads),
		W(the_detail_walks_through_the_bindings_and_survives_one_that_goes),
		W(commands_are_run_by_their_words_and_unique_beginnings),
		W(the_command_prompt_completes_and_remembers),
		W(pasted_text_presses_no_command_and_does_not_submit_a_prompt),
		W(ping_asks_the_row_under_the_cursor_and_shift_p_all_marked_or_in_sight),
		W(a_snapshot_has_nobody_to_ask_and_nothing_new),
		W(copying_gives_clean_text_of_the_binding),
		W(a_ticket_is_about_the_marked_bindings),
		W(ctrl_c_stops_probes_first_and_then_leaves),
		W(the_rate_of_a_sweep_is_chosen_at_the_prompt),
		W(a_sweep_says_how_far_it_is_and_how_it_ended),
		W(x_then_y_purges_exactly_the_one_under_the_cursor),
		W(no_other_key_is_ever_yes_for_one),
		W(several_are_purged_only_when_their_number_is_typed),
		W(a_wrong_number_purges_nothing),
		W(marks_count_before_the_cursor_and_the_plan_names_them),
		W(a_single_mark_out_of_sight_is_not_purged_by_one_key),
		W(several_marks_of_which_some_are_hidden_are_counted_in_the_question),
		W(an_empty_table_purges_nothing),
		W(the_table_stands_still_behind_the_question_and_goes_on_after_it),
		W(a_large_snapshot_says_how_far_it_is),
		W(the_detail_purges_what_it_shows_whatever_is_marked),
		W(a_purge_that_is_not_allowed_says_why_and_asks_nothing),
		W(a_running_purge_is_stopped_by_ctrl_c_and_holds_q),
		W(a_reason_given_with_the_word_goes_into_the_plan),
		W(w_works_up_the_binding_under_the_cursor_and_shows_the_answer),
		W(a_workup_is_stopped_by_ctrl_c_and_esc_and_q_gives_it_up),
		W(esc_puts_the_messages_of_a_workup_away_before_it_leaves_the_answer),
		W(the_neighbours_of_a_workup_are_asked_by_a_and_by_P),
		W(t_writes_the_workup_and_other_keys_of_the_table_do_nothing_over_it),
		W(L_goes_from_the_answer_to_its_messages_and_back),
		W(the_detail_works_up_what_it_shows),
		W(every_command_has_its_words_and_keys_are_distinct),
		W(delete_backspace_and_later_keys_are_bound_to_nothing),
		W(what_cannot_go_alone_is_asked_about_by_one_key_and_done_by_its_number),
		W(the_number_lets_the_whole_aor_go),
		W(a_row_that_is_left_is_asked_about_and_no_key_but_y_is_yes),
		W(only_purge_changes_anything),
		W(the_hint_bar_fits),
		W(groups_are_counted_by_the_next_column_or_the_one_named),
		W(the_bar_of_a_group_is_the_same_in_the_cursors_row),
		W(enter_shows_the_group_alone_within_the_filter_that_was_there),
		W(p_asks_the_whole_group),
		W(random_keys_never_purge_without_an_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
