/* Test calls: who may be called and when, the plan and its question, and what is looked at once
 * more before anything is sent. */
#include "test.h"

#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "act/call.h"
#include "fake_source.h"
#include "sip/call_state.h"

/* A phone on loopback: refuses the quiet one with 420; rings for another, until it is cancelled. */
struct phone {
	int fd;
	struct loop_watch *watch;
	struct netaddr addr;
	unsigned invites, cancels, acks;
	char invite[4000];
	bool slow; /* rings only when it is told to */
	struct sockaddr_storage caller;
	socklen_t caller_len;
};

struct world {
	struct act_env env;
	struct fake_source source;
	struct phone phone;
	struct clock clock; /* the system's, with its wall time moved */
	int64_t moved_ms, mono_moved_ms;
	binding_id id;
	char journal[64];
	struct test_call *call;
	unsigned steps, heard;
};

static int64_t wall_ms(void *ctx)
{
	return clock_wall_ms(&clock_system) + ((struct world *)ctx)->moved_ms;
}

static int64_t mono_us(void *ctx)
{
	return clock_mono_us(&clock_system) + ((struct world *)ctx)->mono_moved_ms * 1000;
}

/* ---- the phone --------------------------------------------------------------------------------
 */

static void add_line(const char *request, const char *name, struct strbuf *out)
{
	const char *at = strstr(request, name);

	assert_non_null(at);
	strbuf_add(out, at, (size_t)(strstr(at, "\r\n") - at) + 2);
}

static void answer(struct phone *p, const char *request, const char *status, const char *cseq,
		   const struct sockaddr *to, socklen_t len)
{
	struct strbuf m = STRBUF_INIT;

	strbuf_addf(&m, "SIP/2.0 %s\r\n", status);
	add_line(request, "Via:", &m);
	add_line(request, "From:", &m);
	add_line(request, "To:", &m);
	m.n -= 2;
	strbuf_add_str(&m, ";tag=phone\r\n");
	add_line(request, "Call-ID:", &m);
	if (cseq)
		strbuf_addf(&m, "CSeq: %s\r\n", cseq);
	else
		add_line(request, "CSeq:", &m);
	strbuf_add_str(&m, "User-Agent: Yealink SIP-T46U\r\nContent-Length: 0\r\n\r\n");
	assert_int_equal(sendto(p->fd, m.p, m.n, 0, to, len), (ssize_t)m.n);
	strbuf_free(&m);
}

static void on_phone(void *arg, int fd, unsigned what)
{
	struct phone *p = arg;
	struct sockaddr_storage from;
	socklen_t len = sizeof(from);
	struct sockaddr *to = (struct sockaddr *)&from;
	char request[4000];
	ssize_t n = recvfrom(fd, request, sizeof(request) - 1, 0, to, &len);

	(void)what;
	if (n <= 0)
		return;
	request[n] = '\0';
	if (strncmp(request, "ACK ", 4) == 0) {
		p->acks++;
	} else if (strncmp(request, "CANCEL ", 7) == 0) {
		p->cancels++;
		answer(p, request, "200 OK", NULL, to, len);
		answer(p, p->invite, "487 Request Terminated", NULL, to, len);
	} else if (strncmp(request, "INVITE ", 7) == 0) {
		p->invites++;
		memcpy(p->invite, request, sizeof(request));
		p->caller = from;
		p->caller_len = len;
		if (p->slow)
			return;
		answer(p, request,
		       strstr(request, "\r\nRequire:") ? "420 Bad Extension" : "180 Ringing", NULL,
		       to, len);
	}
}

static void phone_open(struct phone *p, struct loop *l)
{
	socklen_t len = sizeof(p->addr.ss);

	p->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_int_equal(netaddr_parse(SLICE_LIT("127.0.0.1"), 0, &p->addr), 0);
	assert_int_equal(bind(p->fd, &p->addr.sa, p->addr.len), 0);
	assert_int_equal(getsockname(p->fd, &p->addr.sa, &len), 0);
	p->watch = loop_watch_new(l, p->fd, LOOP_READ, LOOP_SIP, on_phone, p);
}

/* ---- the world --------------------------------------------------------------------------------
 */

static void on_call(void *ctx, const struct binding *b, const struct call_found *found)
{
	(void)b;
	(void)found;
	((struct world *)ctx)->heard++;
}

static int setup(void **state)
{
	static struct world w;
	char addr[NETADDR_STR], contact[80];
	struct netaddr any;
	struct binding b;
	struct err e = ERR_NONE;
	int fd;

	memset(&w, 0, sizeof(w));
	setenv("TZ", "UTC", 1);
	tzset();
	sip_message_init();
	w.clock = (struct clock){wall_ms, mono_us, &w};
	/* Noon, whenever this runs. */
	w.moved_ms = 43200000 - clock_wall_ms(&clock_system) % 86400000;
	fake_source_init(&w.source, "fake");
	w.source.base.status = (struct source_status){.state = SOURCE_LIVE, .complete = true};
	w.source.reread[0] = (struct fake_answer){.a = SOURCE_REFUSED, .what = "not told"};
	w.source.rereads = 1;
	w.env.loop = loop_new();
	w.env.clock = &w.clock;
	w.env.store = store_new();
	w.env.sources[store_add_source(w.env.store, "fake")] = &w.source.base;
	w.env.source_count = 1;
	w.env.transports[0] = sip_transport_new(w.env.loop, w.env.clock);
	assert_int_equal(netaddr_parse(SLICE_LIT("127.0.0.1"), 0, &any), 0);
	assert_int_equal(sip_transport_listen(w.env.transports[0], TRANSPORT_UDP, &any, &e), 0);
	w.env.probers[0] = prober_new(w.env.loop, w.env.clock, w.env.transports[0]);
	w.env.callers[0] = caller_new(w.env.loop, w.env.clock, w.env.transports[0]);
	w.env.on_call = on_call;
	w.env.on_call_ctx = &w;
	assert_int_equal(call_rules_hours(&w.env.call_rules, NULL, &e), 0);
	snprintf(w.journal, sizeof(w.journal), "/tmp/regtop-test-call.XXXXXX");
	fd = mkstemp(w.journal);
	assert_true(fd >= 0);
	close(fd);
	w.env.journal = journal_open(w.journal, w.env.clock, &e);
	assert_non_null(w.env.journal);
	phone_open(&w.phone, w.env.loop);
	netaddr_format(&w.phone.addr, addr);
	snprintf(contact, sizeof(contact), "sip:4021@%s", addr);
	b = fake_binding("k1", "4021", contact);
	w.id = store_put(w.env.store, 0, &b, 1900000000);
	*state = &w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;
	char beside[80];

	testcall_free(w->call);
	caller_free(w->env.callers[0]);
	prober_free(w->env.probers[0]);
	sip_transport_free(w->env.transports[0]);
	loop_watch_free(w->phone.watch);
	close(w->phone.fd);
	journal_close(w->env.journal);
	unlink(w->journal);
	snprintf(beside, sizeof(beside), "%s-run", w->journal);
	unlink(beside);
	store_free(w->env.store);
	loop_free(w->env.loop);
	return 0;
}

static void on_step(void *ctx)
{
	((struct world *)ctx)->steps++;
}

static struct call_plan *plan(struct world *w, enum call_kind kind, struct err *e)
{
	struct call_order o = {.kind = kind, .ring_s = 1, .reason = "ticket 4711"};

	return call_plan_make(&w->env, w->id, &o, e);
}

static void run(struct world *w, enum call_kind kind)
{
	struct err e = ERR_NONE;
	struct call_plan *p = plan(w, kind, &e);

	assert_non_null(p);
	testcall_free(w->call);
	w->call = testcall_start(&w->env, p, on_step, w, &e);
	assert_non_null(w->call);
}

static void until_over(struct world *w)
{
	int64_t until = clock_mono_ms(&clock_system) + 10000;

	while (!testcall_over(w->call) && clock_mono_ms(&clock_system) < until)
		loop_turn(w->env.loop, true);
	assert_true(testcall_over(w->call));
}

static bool take_last(void *ctx, const struct journal_entry *e)
{
	snprintf(ctx, 400, "%s|%s|%s|%s", e->verb, e->state, e->reason, e->result);
	return false;
}

static const char *journalled(struct world *w)
{
	static char last[400];

	last[0] = '\0';
	journal_each(w->env.journal, 1, take_last, last, NULL);
	return last;
}

static void refused(struct world *w, enum call_kind kind, int code, const char *words)
{
	struct err e = ERR_NONE;
	struct call_plan *p = plan(w, kind, &e);

	assert_null(p);
	assert_int_equal(e.code, code);
	if (!strstr(e.what, words))
		fail_msg("\"%s\" does not say \"%s\"", e.what, words);
	assert_string_equal(journalled(w), "");
}

/* ---- who, and when ----------------------------------------------------------------------------
 */

TEST(quiet_hours_may_go_over_midnight_and_are_local_time)
{
	static const struct {
		const char *hours;
		unsigned hour, minute;
		bool quiet;
	} table[] = {
		{NULL, 20, 0, true},
		{NULL, 19, 59, false},
		{NULL, 3, 0, true},
		{NULL, 7, 59, true},
		{NULL, 8, 0, false},
		{"none", 3, 0, false},
		{"12:00-13:30", 12, 0, true},
		{"12:00-13:30", 13, 29, true},
		{"12:00-13:30", 13, 30, false},
		{"12:00-13:30", 3, 0, false},
		{"22-6", 23, 0, true},
		{"22-6", 6, 0, false},
		{"0-24", 12, 0, false}, /* both ends are midnight: the same as none */
		{"00:00-23:59", 23, 58, true},
		{" 9:05 - 9:06 ", 9, 5, true},
	};
	struct call_rules r = {0};
	struct err e = ERR_NONE;

	UNUSED_STATE;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		int64_t at = 1900022400LL * 1000; /* a midnight in UTC */

		assert_int_equal(at % 86400000, 0);
		assert_int_equal(call_rules_hours(&r, table[i].hours, &e), 0);
		at += (table[i].hour * 60 + table[i].minute) * 60000LL;
		if (call_rules_quiet(&r, at) != table[i].quiet)
			fail_msg("%s at %u:%02u", table[i].hours ? table[i].hours : "-",
				 table[i].hour, table[i].minute);
	}
	/* Five in the afternoon in Greenwich is two in the morning in Tokyo. */
	assert_int_equal(call_rules_hours(&r, "20:00-08:00", &e), 0);
	setenv("TZ", "JST-9", 1);
	tzset();
	assert_true(call_rules_quiet(&r, (1900022400LL + 17 * 3600) * 1000));
	setenv("TZ", "UTC", 1);
	tzset();
	assert_false(call_rules_quiet(&r, (1900022400LL + 17 * 3600) * 1000));
}

TEST(quiet_hours_that_are_none_are_refused)
{
	static const char *const wrong[] = {
		"",      "20:00",       "20:00-", "25:00-08:00",      "20:60-08:00",
		"night", "20:00-24:01", "-08:00", "20:00-08:00-09:00"};

	UNUSED_STATE;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct call_rules r = {0};
		struct err e = ERR_NONE;

		if (call_rules_hours(&r, wrong[i], &e) != -EINVAL)
			fail_msg("taken: %s", wrong[i]);
		assert_non_null(strstr(e.hint, CALL_QUIET_HOURS));
	}
}

TEST(who_is_never_called_is_named_by_user_or_by_aor)
{
	static const struct {
		const char *never;
		bool is;
	} table[] = {
		{NULL, false},
		{"", false},
		{"4021", true},
		{"4021@acme.example", true},
		{"4021@ACME.example", true},
		{"4021@other.example", false},
		{"402", false},
		{"112, 110 , 4021@acme.example", true},
		{"112 110\t4021", false}, /* a tab is no blank of a list */
		{"112 4021,110", true},
		{" , ,", false},
		{"@acme.example", false},
	};
	struct binding b = fake_binding("k1", "4021", "sip:4021@127.0.0.1");

	UNUSED_STATE;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct call_rules r = {.never = table[i].never};

		if (call_rules_never(&r, &b) != table[i].is)
			fail_msg("never-call = %s", table[i].never);
	}
}

TEST(every_reason_not_to_call_is_told_and_nothing_is_journalled)
{
	struct world *w = *state;
	struct journal *journal = w->env.journal;
	struct call_order long_one = {.kind = CALL_RING, .ring_s = CALL_RING_MOST_S + 1};
	struct err e = ERR_NONE;
	binding_id id = w->id;

	w->env.read_only = true;
	w->env.read_only_why = "--read-only";
	refused(w, CALL_QUIET, -EPERM, "--read-only");
	w->env.read_only = false;
	w->env.call_rules.never = "4021";
	refused(w, CALL_QUIET, -EPERM, "4021@acme.example is never called");
	w->env.call_rules.never = NULL;
	w->source.base.status.state = SOURCE_FROZEN;
	refused(w, CALL_QUIET, -EPERM, "a snapshot is a picture");
	w->source.base.status.state = SOURCE_LIVE;
	/* Nobody knows where the switch takes calls. */
	refused(w, CALL_SWITCH, -EHOSTUNREACH, "the address of the switch");
	assert_null(call_plan_make(&w->env, w->id, &long_one, &e));
	assert_int_equal(e.code, -EINVAL);
	w->id = 0;
	refused(w, CALL_QUIET, -ENOENT, "gone");
	w->id = id;
	w->env.journal = NULL;
	w->env.journal_trouble = "the disk is full";
	assert_null(plan(w, CALL_QUIET, &e));
	assert_non_null(strstr(e.what, "the disk is full"));
	w->env.journal = journal;
	assert_int_equal(w->phone.invites, 0);
}

TEST(a_contact_that_nothing_can_reach_is_not_called)
{
	struct world *w = *state;
	struct binding b = fake_binding("k2", "4022", "sip:4022@x7.invalid;transport=ws");

	w->id = store_put(w->env.store, 0, &b, 1900000000);
	refused(w, CALL_QUIET, -EHOSTUNREACH, "it cannot be called: ");
}

/* ---- the plan ---------------------------------------------------------------------------------
 */

TEST(the_plan_names_the_phone_the_way_and_what_it_will_do)
{
	struct world *w = *state;
	struct err e = ERR_NONE;
	struct strbuf out = STRBUF_INIT;
	struct call_plan *p = plan(w, CALL_RING, &e);

	assert_non_null(p);
	call_plan_describe(p, 1900000600000, &out);
	assert_non_null(strstr(strbuf_str(&out), "4021@acme.example"));
	assert_non_null(strstr(strbuf_str(&out), "Yealink SIP-T46U"));
	assert_non_null(strstr(strbuf_str(&out), "straight from here to 127.0.0.1:"));
	assert_non_null(strstr(strbuf_str(&out), "RINGS this phone for 1 s"));
	assert_null(strstr(strbuf_str(&out), "quiet hours"));
	strbuf_clear(&out);
	call_plan_question(p, &out);
	assert_non_null(strstr(strbuf_str(&out), "4021@acme.example? y to do it"));
	assert_true(call_plan_confirmed(p, "y"));
	assert_false(call_plan_confirmed(p, ""));
	assert_false(call_plan_confirmed(p, "n"));
	call_plan_free(p);
	/* At night a y out of habit is not enough. */
	w->moved_ms += 12 * 3600000;
	p = plan(w, CALL_RING, &e);
	assert_non_null(p);
	assert_true(p->in_quiet_hours);
	strbuf_clear(&out);
	call_plan_question(p, &out);
	assert_non_null(strstr(strbuf_str(&out), "type its user, 4021"));
	assert_false(call_plan_confirmed(p, "y"));
	assert_false(call_plan_confirmed(p, "402"));
	assert_true(call_plan_confirmed(p, "4021"));
	call_plan_free(p);
	strbuf_free(&out);
}

/* ---- the call ---------------------------------------------------------------------------------
 */

TEST(a_quiet_call_is_refused_by_the_phone_acknowledged_and_journalled)
{
	struct world *w = *state;
	const struct call_found *f;
	size_t n;

	run(w, CALL_QUIET);
	assert_int_equal(w->phone.invites, 0);
	assert_non_null(strstr(journalled(w), "call quiet|intended|ticket 4711|"));
	until_over(w);
	f = testcall_results(w->call, &n);
	assert_int_equal(n, 1);
	assert_int_equal(f->outcome, CALL_FINAL);
	assert_int_equal(f->code, 420);
	assert_false(f->ringing);
	assert_int_equal(w->heard, 1);
	assert_non_null(strstr(journalled(w), "call quiet|done|ticket 4711|420 Bad Extension"));
	for (int i = 0; i < 200 && !w->phone.acks; i++)
		loop_turn(w->env.loop, false);
	assert_int_equal(w->phone.acks, 1);
}

TEST(a_ring_test_rings_and_is_cancelled)
{
	struct world *w = *state;
	const struct call_found *f;
	size_t n;

	run(w, CALL_RING);
	until_over(w);
	f = testcall_results(w->call, &n);
	assert_int_equal(n, 1);
	assert_int_equal(f->outcome, CALL_CANCELLED);
	assert_true(f->ringing);
	assert_int_equal(w->phone.cancels, 1);
	assert_true(w->steps >= 2);
	assert_non_null(strstr(journalled(w), "call ring|done|"));
}

TEST(who_rings_behind_the_verdict_of_silence_is_told_and_journalled)
{
	struct world *w = *state;
	const struct call_found *f;
	unsigned steps;
	size_t n;

	w->phone.slow = true;
	run(w, CALL_RING);
	while (!w->phone.invites)
		loop_turn(w->env.loop, true);
	w->mono_moved_ms = 6500;
	caller_tick(w->env.callers[0]);
	assert_true(testcall_over(w->call));
	assert_non_null(strstr(journalled(w), "call ring|done|ticket 4711|no answer to "));
	steps = w->steps;
	answer(&w->phone, w->phone.invite, "180 Ringing", NULL, (struct sockaddr *)&w->phone.caller,
	       w->phone.caller_len);
	while (!w->phone.acks)
		loop_turn(w->env.loop, true);
	assert_int_equal(w->phone.cancels, 1);
	assert_int_equal(w->steps, steps + 1);
	f = testcall_results(w->call, &n);
	assert_int_equal(f->late_code, 180);
	assert_non_null(strstr(journalled(w), " in time; it rang after 6.5 s, and was cancelled"));
}

TEST(a_person_who_stops_it_has_the_phone_told)
{
	struct world *w = *state;

	run(w, CALL_RING);
	while (!testcall_now(w->call)[0])
		loop_turn(w->env.loop, true);
	assert_non_null(strstr(testcall_now(w->call), "180 after "));
	testcall_stop(w->call);
	testcall_stop(w->call);
	until_over(w);
	assert_int_equal(w->phone.cancels, 1);
	assert_non_null(strstr(journalled(w), "call ring|cancelled|"));
}

TEST(stopped_before_it_began_nothing_is_sent)
{
	struct world *w = *state;

	run(w, CALL_RING);
	testcall_stop(w->call);
	assert_true(testcall_over(w->call));
	assert_int_equal(w->phone.invites, 0);
	assert_non_null(strstr(journalled(w), "stopped before anything was sent"));
}

TEST(one_call_at_a_time)
{
	struct world *w = *state;
	struct err e = ERR_NONE;
	struct call_plan *second = plan(w, CALL_QUIET, &e);

	run(w, CALL_RING);
	assert_null(plan(w, CALL_QUIET, &e));
	assert_int_equal(e.code, -EBUSY);
	/* Nor one whose question stood on the screen before. */
	assert_null(testcall_start(&w->env, second, on_step, w, &e));
	assert_non_null(strstr(e.what, "another test call is under way"));
	testcall_stop(w->call);
	until_over(w);
}

TEST(not_twice_in_half_a_minute_but_ringing_may_follow_a_quiet_one)
{
	struct world *w = *state;
	struct err e = ERR_NONE;
	struct call_plan *p;

	run(w, CALL_QUIET);
	until_over(w);
	assert_null(plan(w, CALL_QUIET, &e));
	assert_non_null(strstr(e.what, "called just now; again in "));
	run(w, CALL_RING);
	until_over(w);
	assert_null(plan(w, CALL_RING, &e));
	w->moved_ms += CALL_APART_S * 1000;
	p = plan(w, CALL_RING, &e);
	assert_non_null(p);
	call_plan_free(p);
}

TEST(quiet_hours_that_begin_while_the_question_stands_ask_anew)
{
	struct world *w = *state;
	struct err e = ERR_NONE;
	struct call_plan *p = plan(w, CALL_RING, &e);

	assert_non_null(p);
	w->moved_ms += 9 * 3600000;
	assert_null(testcall_start(&w->env, p, on_step, w, &e));
	assert_non_null(strstr(e.what, "quiet hours have begun"));
	assert_string_equal(journalled(w), "");
}

/* ---- the look before --------------------------------------------------------------------------
 */

TEST(what_the_registrar_no_longer_has_is_not_called)
{
	static const struct {
		enum source_answer a;
		const char *contact; /* of what is read again */
		const char *words;   /* NULL: it is called */
	} table[] = {
		{SOURCE_GONE, NULL, "the registrar no longer has it"},
		{SOURCE_CHANGED, NULL, "the registrar says that it has changed"},
		{SOURCE_DONE, "sip:4021@127.0.0.9:5062", "its contact is another one now"},
		{SOURCE_DONE, "", NULL}, /* the same, refreshed */
		{SOURCE_REFUSED, NULL, NULL},
		{SOURCE_NO_ANSWER, NULL, NULL},
	};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct fake_answer *a = &w->source.reread[0];
		unsigned before = w->phone.invites;
		size_t n;

		*a = (struct fake_answer){.a = table[i].a};
		if (table[i].contact) {
			assert_true(store_get(w->env.store, w->id, &a->now));
			if (table[i].contact[0])
				a->now.contact = slice_of(table[i].contact);
			a->now.cseq++;
		}
		w->moved_ms += CALL_APART_S * 1000;
		run(w, CALL_QUIET);
		until_over(w);
		assert_int_equal(w->source.reread_calls, i + 1);
		assert_int_equal(w->phone.invites, before + !table[i].words);
		testcall_results(w->call, &n);
		assert_int_equal(n, !table[i].words);
		if (!table[i].words)
			continue;
		assert_non_null(strstr(testcall_now(w->call), table[i].words));
		assert_non_null(strstr(journalled(w), "skipped: it has changed"));
		/* It was no call: the next one need not wait. */
		w->moved_ms -= CALL_APART_S * 1000;
	}
}

TEST(a_registrar_that_says_nothing_is_not_waited_for_long)
{
	struct world *w = *state;
	size_t n;

	w->source.hold = true;
	run(w, CALL_QUIET);
	until_over(w);
	testcall_results(w->call, &n);
	assert_int_equal(n, 1);
	assert_int_equal(w->phone.invites, 1);
	/* Its answer comes when nobody wants it any more. */
	testcall_free(w->call);
	w->call = NULL;
	fake_release(&w->source);
}

TEST(who_left_the_picture_meanwhile_is_not_called)
{
	struct world *w = *state;
	struct err e = ERR_NONE;
	struct call_plan *p = plan(w, CALL_QUIET, &e);

	assert_non_null(p);
	assert_true(store_remove(w->env.store, 0, SLICE_LIT("k1")));
	w->call = testcall_start(&w->env, p, on_step, w, &e);
	assert_non_null(w->call);
	until_over(w);
	assert_int_equal(w->phone.invites, 0);
	assert_string_equal(testcall_now(w->call), "not called: it is gone");
}

#define U(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(quiet_hours_may_go_over_midnight_and_are_local_time),
		T(quiet_hours_that_are_none_are_refused),
		T(who_is_never_called_is_named_by_user_or_by_aor),
		U(every_reason_not_to_call_is_told_and_nothing_is_journalled),
		U(a_contact_that_nothing_can_reach_is_not_called),
		U(the_plan_names_the_phone_the_way_and_what_it_will_do),
		U(a_quiet_call_is_refused_by_the_phone_acknowledged_and_journalled),
		U(a_ring_test_rings_and_is_cancelled),
		U(who_rings_behind_the_verdict_of_silence_is_told_and_journalled),
		U(a_person_who_stops_it_has_the_phone_told),
		U(stopped_before_it_began_nothing_is_sent),
		U(one_call_at_a_time),
		U(not_twice_in_half_a_minute_but_ringing_may_follow_a_quiet_one),
		U(quiet_hours_that_begin_while_the_question_stands_ask_anew),
		U(what_the_registrar_no_longer_has_is_not_called),
		U(a_registrar_that_says_nothing_is_not_waited_for_long),
		U(who_left_the_picture_meanwhile_is_not_called),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
