/* Test calls by keys: nothing but the one right answer rings a phone, and every way out ends it. */
#include "test.h"

#include <errno.h>
#include <stdlib.h>
#include "base/alloc.h"
#include "judge/verdict.h"
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
	struct clock_fake clock;
	struct ui *ui;
	const char *refused, *no_plan, *no_run;
	bool quiet_hours;
	int plans, runs, stops, quits, tickets;
	struct call_plan *called;
	struct call_found found;
	bool over;
	struct trace *messages;
	binding_id messages_of;
};

static struct world w;

static void port_quit(void *ctx)
{
	((struct world *)ctx)->quits++;
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
	*out = (struct ping_progress){.total = 0};
}

static const struct plan *port_purge_plan_now(void *ctx, bool *over)
{
	(void)ctx;
	*over = true;
	return NULL;
}

static const char *port_purge_refused(void *ctx)
{
	(void)ctx;
	return NULL;
}

static bool port_why_now(void *ctx, struct ui_why *out)
{
	(void)ctx;
	(void)out;
	return false;
}

static struct call_plan *port_call_plan(void *ctx, binding_id id, const struct call_order *o,
					struct err *e)
{
	struct world *me = ctx;
	struct call_plan *p;
	struct binding b;

	me->plans++;
	if (me->no_plan || o->kind == CALL_SWITCH) {
		err_set(e, -EPERM, "Wait.", "%s", me->no_plan ? me->no_plan : "no switch");
		return NULL;
	}
	p = xcalloc(1, sizeof(*p));
	store_get(me->store, id, &b);
	p->id = id;
	p->b = binding_copy(&b);
	p->kind = o->kind;
	p->ring_s = o->ring_s ? o->ring_s : 4;
	p->pad_to = o->pad_to;
	p->in_quiet_hours = me->quiet_hours;
	snprintf(p->reason, sizeof(p->reason), "%s", o->reason);
	snprintf(p->will, sizeof(p->will), "rings %u s", p->ring_s);
	return p;
}

static int port_call_run(void *ctx, struct call_plan *take, struct err *e)
{
	struct world *me = ctx;

	if (me->no_run) {
		call_plan_free(take);
		return err_set(e, -EPERM, NULL, "%s", me->no_run);
	}
	me->runs++;
	call_plan_free(me->called);
	me->called = take;
	me->over = false;
	return 0;
}

static void port_call_stop(void *ctx)
{
	((struct world *)ctx)->stops++;
}

static bool port_call_now(void *ctx, struct ui_call *out)
{
	struct world *me = ctx;

	*out = (struct ui_call){.plan = me->called,
				.found = &me->found,
				.count = me->over,
				.now = "180 after 84 ms",
				.over = me->over};
	return me->called != NULL;
}

static void call_ends(void)
{
	w.over = true;
	w.found = (struct call_found){.kind = w.called->kind,
				      .outcome = CALL_CANCELLED,
				      .code = 487,
				      .ringing = true,
				      .ring_us = 84000,
				      .final_us = 4000000};
}

static const char *port_call_refused(void *ctx)
{
	return ((struct world *)ctx)->refused;
}

static const struct trace *port_ladder(void *ctx, binding_id id)
{
	struct world *me = ctx;

	return id == me->messages_of ? me->messages : NULL;
}

static int port_ladder_ticket(void *ctx, binding_id id, char path[256], struct err *e)
{
	struct world *me = ctx;

	(void)e;
	assert_true(id == me->messages_of);
	me->tickets++;
	snprintf(path, 256, "call.txt");
	return 0;
}

static int open_world(void **state)
{
	static const char *const users[] = {"alice", "bob"};
	struct ui_config cfg;

	(void)state;
	w = (struct world){.over = true};
	clock_fake_init(&w.clock, NOW_MS);
	w.store = store_new();
	store_add_source(w.store, "test");
	for (size_t i = 0; i < 2; i++) {
		struct binding b = {.key = slice_of(users[i]),
				    .user = slice_of(users[i]),
				    .domain = SLICE_LIT("example.com"),
				    .contact = SLICE_LIT("sip:x@192.0.2.1:5060"),
				    .user_agent = SLICE_LIT("T46 66.86"),
				    .expires_s = NOW_S + 600,
				    .refreshed_s = NOW_S - 60,
				    .granted_s = 660,
				    .methods = BINDING_METHODS_ALL,
				    .q_milli = BINDING_Q_UNSET};

		store_put(w.store, 0, &b, NOW_S - 60);
	}
	w.view = view_new(w.store, verdict_judge, NULL);
	w.source.status =
		(struct source_status){.state = SOURCE_LIVE, .read_ms = NOW_MS, .complete = true};
	w.sources[0] = &w.source;
	w.messages = trace_new(&w.clock.clock);
	trace_begin(w.messages, "OPTIONS");
	trace_sent(w.messages, TRANSPORT_UDP, NULL, NULL, "OPTIONS sip:x SIP/2.0\r\n\r\n", 25);
	cfg = (struct ui_config){.view = w.view,
				 .store = w.store,
				 .sources = w.sources,
				 .source_count = 1,
				 .port = {.ctx = &w,
					  .quit = port_quit,
					  .ping_progress = port_ping_progress,
					  .snapshot_now = port_snapshot_now,
					  .purge_plan_now = port_purge_plan_now,
					  .purge_refused = port_purge_refused,
					  .why_now = port_why_now,
					  .call_plan = port_call_plan,
					  .call_run = port_call_run,
					  .call_stop = port_call_stop,
					  .call_now = port_call_now,
					  .call_refused = port_call_refused,
					  .ladder = port_ladder,
					  .ladder_ticket = port_ladder_ticket}};
	w.ui = ui_new(&cfg);
	view_update(w.view, NOW_MS);
	w.messages_of = view_cursor(w.view);
	return 0;
}

static int close_world(void **state)
{
	(void)state;
	ui_free(w.ui);
	call_plan_free(w.called);
	trace_free(w.messages);
	view_free(w.view);
	store_free(w.store);
	return 0;
}

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

TEST(i_plans_a_quiet_call_names_the_phone_and_rings_nobody)
{
	UNUSED_STATE;
	keys("j i");
	assert_int_equal(ui_mode(w.ui), MODE_CALL);
	assert_int_equal(w.plans, 1);
	assert_int_equal(w.runs, 0);
	assert_true(screen_has("bob@example.com"));
	assert_true(screen_has("sip:x@192.0.2.1:5060"));
	assert_true(screen_has("T46 66.86"));
	assert_true(screen_has("[quiet]"));
	assert_true(screen_has("y to do it"));
}

TEST(only_y_is_yes_and_enter_or_the_key_once_more_is_not)
{
	static const char *const no[] = {"enter", "i",   "space",  "Y", "n", "del",
					 "bs",    "esc", "ctrl-c", "q", "x", "1"};

	UNUSED_STATE;
	for (size_t k = 0; k < sizeof(no) / sizeof(no[0]); k++) {
		keys("i");
		keys(no[k]);
		assert_int_equal(ui_mode(w.ui), MODE_TABLE);
		assert_true(screen_has("Nobody was called."));
	}
	assert_int_equal(w.runs, 0);
	assert_int_equal(w.quits, 0);
	keys("i y");
	assert_int_equal(w.runs, 1);
	assert_int_equal(ui_mode(w.ui), MODE_CALL);
}

TEST(pasted_text_is_no_answer)
{
	UNUSED_STATE;
	keys("i paste y paste-end");
	assert_int_equal(w.runs, 0);
	assert_int_equal(ui_mode(w.ui), MODE_CALL);
}

TEST(in_quiet_hours_the_user_of_the_AoR_is_typed)
{
	UNUSED_STATE;
	w.quiet_hours = true;
	keys("i y enter");
	assert_int_equal(w.runs, 0);
	assert_int_equal(ui_mode(w.ui), MODE_TABLE);
	assert_true(screen_has("that was not the user of the AoR"));
	keys("i enter");
	assert_int_equal(ui_mode(w.ui), MODE_CALL);
	keys("b o b enter");
	assert_int_equal(w.runs, 0);
	keys("i x bs a l i c");
	assert_true(screen_has("user: alic"));
	keys("e");
	assert_int_equal(w.runs, 0);
	keys("enter");
	assert_int_equal(w.runs, 1);
}

TEST(tab_takes_another_kind_and_what_cannot_be_says_why)
{
	UNUSED_STATE;
	keys("i tab");
	assert_true(screen_has("[ring]"));
	assert_true(screen_has("rings 4 s"));
	keys("tab");
	assert_true(screen_has("no switch"));
	assert_true(screen_has("[ring]"));
	keys("tab");
	assert_true(screen_has("[padded]"));
	keys("tab");
	assert_true(screen_has("[quiet]"));
	keys("backtab");
	assert_true(screen_has("[padded]"));
	assert_int_equal(w.runs, 0);
}

TEST(nobody_is_rung_for_more_than_twenty_seconds)
{
	UNUSED_STATE;
	keys("i tab");
	for (int i = 0; i < 30; i++)
		keys("up");
	assert_true(screen_has("rings 20 s"));
	for (int i = 0; i < 30; i++)
		keys("down");
	assert_true(screen_has("rings 1 s"));
	keys("y");
	assert_int_equal(w.runs, 1);
	assert_int_equal(w.called->ring_s, 1);
}

TEST(the_word_takes_kind_number_and_reason)
{
	struct err e = ERR_NONE;

	UNUSED_STATE;
	assert_int_equal(ui_command(w.ui, "call ring 7 ticket 4711", NOW_MS, &e), 0);
	keys("y");
	assert_int_equal(w.called->kind, CALL_RING);
	assert_int_equal(w.called->ring_s, 7);
	assert_string_equal(w.called->reason, "ticket 4711");
	call_ends();
	keys("esc");
	assert_int_equal(ui_command(w.ui, "call padded 1600", NOW_MS, &e), 0);
	keys("y");
	assert_int_equal(w.called->kind, CALL_PADDED);
	assert_int_equal(w.called->pad_to, 1600);
	call_ends();
	keys("esc");
	ui_command(w.ui, "call loud", NOW_MS, &e);
	assert_int_equal(ui_mode(w.ui), MODE_TABLE);
	assert_true(screen_has("quiet, ring, switch and padded"));
}

TEST(every_way_out_ends_the_call_first)
{
	static const char *const out[] = {"esc", "q", "ctrl-c"};

	UNUSED_STATE;
	for (int k = 0; k < 3; k++) {
		keys("i y");
		assert_true(screen_has("180 after 84 ms"));
		keys(out[k]);
		assert_int_equal(w.stops, k + 1);
		/* Still looked at: the phone has not confirmed yet. */
		assert_int_equal(ui_mode(w.ui), MODE_CALL);
		call_ends();
		assert_true(screen_has("180 Ringing after 84 ms, then 487"));
		keys("esc");
		assert_int_equal(ui_mode(w.ui), MODE_TABLE);
	}
	assert_int_equal(w.quits, 0);
}

TEST(one_that_does_not_end_can_be_left_and_looked_at_again)
{
	UNUSED_STATE;
	keys("i y esc esc");
	assert_int_equal(ui_mode(w.ui), MODE_TABLE);
	assert_true(screen_has("i shows it"));
	keys("q");
	assert_int_equal(w.quits, 0);
	assert_true(screen_has("A test call is under way"));
	keys("i");
	assert_int_equal(ui_mode(w.ui), MODE_CALL);
	assert_int_equal(w.plans, 1);
	keys("esc");
	keys("ctrl-c");
	assert_int_equal(w.stops, 2);
	call_ends();
	keys("q");
	assert_int_equal(w.quits, 1);
}

TEST(other_keys_do_nothing_while_it_rings)
{
	UNUSED_STATE;
	keys("i y y i x enter space p w");
	assert_int_equal(w.runs, 1);
	assert_int_equal(w.stops, 0);
	assert_int_equal(ui_mode(w.ui), MODE_CALL);
}

TEST(a_refusal_is_told_and_nothing_is_asked)
{
	UNUSED_STATE;
	w.no_plan = "alice@example.com was called just now; again in 12 s";
	keys("i");
	assert_int_equal(ui_mode(w.ui), MODE_TABLE);
	assert_true(screen_has("again in 12 s. Wait."));
	w.no_plan = NULL;
	w.no_run = "no call: quiet hours have begun since the question";
	keys("i y");
	assert_int_equal(ui_mode(w.ui), MODE_TABLE);
	assert_true(screen_has("quiet hours have begun"));
	w.no_run = NULL;
	w.refused = "--read-only";
	keys("i");
	assert_int_equal(w.plans, 2);
	assert_true(screen_has("call is not possible: --read-only"));
	assert_true(screen_has("(i call)"));
}

TEST(refused_so_soon_the_last_call_is_shown_and_tab_asks_for_the_next_kind)
{
	UNUSED_STATE;
	keys("i y");
	call_ends();
	keys("esc");
	w.no_plan = "alice@example.com was called just now; again in 12 s";
	keys("i");
	assert_int_equal(ui_mode(w.ui), MODE_CALL);
	assert_true(screen_has("again in 12 s. Wait."));
	assert_true(screen_has("180 Ringing after 84 ms, then 487"));
	w.no_plan = NULL;
	keys("tab");
	assert_true(screen_has("[ring]"));
	assert_int_equal(w.runs, 1);
	keys("tab tab y");
	assert_int_equal(w.runs, 2);
}

TEST(a_call_takes_no_notice_of_marks)
{
	UNUSED_STATE;
	keys("M i y");
	assert_int_equal(w.runs, 1);
	assert_int_equal(w.plans, 1);
}

TEST(L_shows_the_messages_and_then_their_text)
{
	UNUSED_STATE;
	keys("L");
	assert_int_equal(ui_mode(w.ui), MODE_LADDER);
	assert_true(screen_has("→ OPTIONS"));
	assert_false(screen_has("sip:x SIP/2.0"));
	keys("L");
	assert_true(screen_has("OPTIONS sip:x SIP/2.0"));
	keys("L t");
	assert_int_equal(w.tickets, 1);
	assert_true(screen_has("call.txt"));
	keys("space f >");
	assert_int_equal(store_mark_count(w.store), 0);
	assert_int_equal(ui_mode(w.ui), MODE_LADDER);
	keys("esc j L");
	assert_int_equal(ui_mode(w.ui), MODE_TABLE);
	assert_true(screen_has("is remembered: p asks it, i calls it"));
}

TEST(the_ladder_of_a_call_is_about_who_was_called)
{
	UNUSED_STATE;
	keys("i y");
	call_ends();
	keys("L");
	assert_int_equal(ui_mode(w.ui), MODE_LADDER);
	keys("esc");
	assert_int_equal(ui_mode(w.ui), MODE_CALL);
	keys("t");
	assert_int_equal(w.tickets, 1);
	assert_true(screen_has("call.txt"));
}

#define W(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		W(i_plans_a_quiet_call_names_the_phone_and_rings_nobody),
		W(only_y_is_yes_and_enter_or_the_key_once_more_is_not),
		W(pasted_text_is_no_answer),
		W(in_quiet_hours_the_user_of_the_AoR_is_typed),
		W(tab_takes_another_kind_and_what_cannot_be_says_why),
		W(nobody_is_rung_for_more_than_twenty_seconds),
		W(the_word_takes_kind_number_and_reason),
		W(every_way_out_ends_the_call_first),
		W(one_that_does_not_end_can_be_left_and_looked_at_again),
		W(other_keys_do_nothing_while_it_rings),
		W(a_refusal_is_told_and_nothing_is_asked),
		W(refused_so_soon_the_last_call_is_shown_and_tab_asks_for_the_next_kind),
		W(a_call_takes_no_notice_of_marks),
		W(L_shows_the_messages_and_then_their_text),
		W(the_ladder_of_a_call_is_about_who_was_called),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
