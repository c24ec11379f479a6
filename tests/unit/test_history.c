/* The history: what changes of bindings add up to, and that it is there for the next process. */
#include "test.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include <sys/stat.h>
#include "history/history.h"

#define START_S 1900000000

/* ---- lives: rules without a database -----------------------------------------------------------
 */

struct told {
	struct history_event e[64];
	size_t n;
};

static void take(void *ctx, const struct history_event *e)
{
	struct told *t = ctx;

	assert_true(t->n < 64);
	t->e[t->n++] = *e;
}

static struct binding phone(int64_t refreshed_s)
{
	return (struct binding){.key = SLICE_LIT("k1"),
				.user = SLICE_LIT("4021"),
				.domain = SLICE_LIT("acme.example"),
				.contact = SLICE_LIT("sip:4021@10.0.0.2:5062;pn-prid=secret"),
				.received = SLICE_LIT("sip:203.0.113.2:42744"),
				.user_agent = SLICE_LIT("Yealink SIP-T46U"),
				.call_id = SLICE_LIT("one"),
				.granted_s = 600,
				.refreshed_s = refreshed_s,
				.expires_s = refreshed_s + 600,
				.q_milli = BINDING_Q_UNSET};
}

struct device {
	struct life device, aor;
	struct told told;
	struct binding now;
};

static void begin(struct device *d)
{
	memset(d, 0, sizeof(*d));
	life_init(&d->device);
	life_init(&d->aor);
	d->now = phone(START_S);
	life_step(&d->device, &d->aor, LIFE_ADDED, NULL, &d->now, START_S * 1000LL, take, &d->told);
}

static void change(struct device *d, struct binding next)
{
	struct binding was = d->now;

	d->now = next;
	life_step(&d->device, &d->aor, LIFE_CHANGED, &was, &d->now, next.refreshed_s * 1000, take,
		  &d->told);
}

static const struct history_event *find_event(const struct told *t, enum history_kind kind)
{
	for (size_t i = t->n; i-- > 0;)
		if (t->e[i].kind == kind)
			return &t->e[i];
	return NULL;
}

TEST(a_habit_is_the_middle_of_the_last_refreshes)
{
	static const int64_t at[] = {290, 580, 868, 1160, 1449};
	struct device d;

	UNUSED_STATE;
	begin(&d);
	for (size_t i = 0; i < 5; i++)
		change(&d, phone(START_S + at[i]));
	assert_int_equal(d.device.s.refreshes, 5);
	assert_int_equal(d.device.s.habit_s, 290);
	assert_int_equal(d.device.s.habit_least_s, 288);
	assert_int_equal(d.device.s.habit_most_s, 292);
	assert_int_equal(d.aor.s.habit_s, 290);
	assert_non_null(find_event(&d.told, HISTORY_SEEN));
	/* A refresh alone is no event: a table of a million would write nothing else. */
	assert_int_equal(d.told.n, 1);
}

TEST(clocks_that_jump_make_no_habit)
{
	struct device d;

	UNUSED_STATE;
	begin(&d);
	change(&d, phone(START_S + 290));
	change(&d, phone(START_S + 30 * 86400));
	change(&d, phone(START_S + 30 * 86400 - 3600));
	change(&d, phone(START_S + 30 * 86400 + 1));
	assert_int_equal(d.device.s.habit_s, 0);
}

TEST(a_late_refresh_is_a_gap)
{
	struct device d;
	const struct history_event *e;

	UNUSED_STATE;
	begin(&d);
	change(&d, phone(START_S + 700));
	assert_int_equal(d.device.s.gaps, 1);
	assert_int_equal(d.aor.s.gaps, 1);
	e = find_event(&d.told, HISTORY_GAP);
	assert_non_null(e);
	assert_string_equal(e->words, "refreshed after 11m40s, though granted 10m00s");
}

TEST(a_new_port_and_a_new_address_are_told_apart)
{
	struct device d;
	struct binding b = phone(START_S + 290);
	const struct history_event *e;

	UNUSED_STATE;
	begin(&d);
	b.received = SLICE_LIT("sip:203.0.113.2:40001");
	change(&d, b);
	assert_int_equal(d.device.s.port_moves, 1);
	assert_int_equal(d.device.s.moves, 0);
	b = phone(START_S + 580);
	b.received = SLICE_LIT("sip:203.0.113.77:40001");
	change(&d, b);
	assert_int_equal(d.device.s.moves, 1);
	e = find_event(&d.told, HISTORY_MOVED);
	assert_string_equal(e->was, "203.0.113.2:40001");
	assert_string_equal(e->now, "203.0.113.77:40001");
	assert_string_equal(d.device.s.moved_to, "203.0.113.77:40001");
}

TEST(a_restart_is_told_and_push_tokens_are_not)
{
	struct device d;
	struct binding b = phone(START_S + 100);

	UNUSED_STATE;
	begin(&d);
	b.call_id = SLICE_LIT("two");
	b.contact = SLICE_LIT("sip:4021-x@10.0.0.2:5062;pn-prid=secret");
	change(&d, b);
	assert_int_equal(d.device.s.call_id_changes, 1);
	assert_string_equal(find_event(&d.told, HISTORY_CONTACT)->now, "sip:4021-x@10.0.0.2:5062");
	for (size_t i = 0; i < d.told.n; i++) {
		assert_null(strstr(d.told.e[i].was, "secret"));
		assert_null(strstr(d.told.e[i].now, "secret"));
	}
	assert_null(strstr(d.device.s.last_contact, "secret"));
}

TEST(what_a_device_left_behind_is_not_taken_for_it)
{
	struct device d;
	struct binding old = phone(START_S), new = phone(START_S + 300);
	size_t told;

	UNUSED_STATE;
	begin(&d);
	new.contact = SLICE_LIT("sip:4021@10.0.0.2:5070");
	change(&d, new);
	told = d.told.n;
	life_step(&d.device, &d.aor, LIFE_PRESENT, NULL, &old, (START_S + 310) * 1000LL, take,
		  &d.told);
	assert_int_equal(d.told.n, told);
	life_step(&d.device, &d.aor, LIFE_GONE, NULL, &old, (START_S + 600) * 1000LL, take,
		  &d.told);
	assert_int_equal(d.device.gone_ms, 0);
	assert_non_null(find_event(&d.told, HISTORY_LAPSED));
}

TEST(it_went_and_came_back)
{
	struct device d;
	struct binding b = phone(START_S + 300);

	UNUSED_STATE;
	begin(&d);
	life_step(&d.device, &d.aor, LIFE_GONE, NULL, &d.now, (START_S + 100) * 1000LL, take,
		  &d.told);
	assert_string_equal(find_event(&d.told, HISTORY_GONE)->words,
			    "no longer listed, before its expiry");
	life_step(&d.device, &d.aor, LIFE_ADDED, NULL, &b, (START_S + 300) * 1000LL, take, &d.told);
	assert_int_equal(d.device.s.flaps, 1);
	assert_string_equal(find_event(&d.told, HISTORY_BACK)->words, "listed again after 3m20s");
}

TEST(two_devices_in_turn_are_counted)
{
	struct binding a = phone(START_S), b = phone(START_S + 10);
	struct life aor;

	UNUSED_STATE;
	life_init(&aor);
	b.user_agent = SLICE_LIT("Linphone");
	for (int i = 0; i < 3; i++) {
		life_replaced(&aor, &a, START_S * 1000LL);
		life_replaced(&aor, &b, START_S * 1000LL);
	}
	assert_int_equal(aor.s.alternations, 4);
	assert_string_equal(aor.s.removed_by, "Linphone from 203.0.113.2:42744");
}

/* Passes of a reader tell of either first, and in batches of their own. */
TEST(who_goes_seconds_before_or_after_another_comes_was_replaced)
{
	struct binding a = phone(START_S), b = phone(START_S + 10);
	int64_t at = START_S * 1000LL;
	struct device d;
	struct life aor;

	UNUSED_STATE;
	begin(&d);
	life_init(&aor);
	b.user_agent = SLICE_LIT("Linphone");
	for (int i = 0; i < 3; i++, at += 30000) {
		life_came(&aor, &a, at, take, &d.told);
		life_went(&aor, &b, at + 2000, take, &d.told);
		at += 30000;
		life_went(&aor, &a, at, take, &d.told);
		life_came(&aor, &b, at + 2000, take, &d.told);
	}
	assert_int_equal(aor.s.alternations, 4);
	assert_int_equal(aor.s.wipes, 0);
	assert_string_equal(aor.s.replaced_by, "Linphone from 203.0.113.2:42744");
	/* Long after somebody came, or before its own device comes back, it only went. */
	life_went(&aor, &b, at + 60000, take, &d.told);
	life_came(&aor, &b, at + 61000, take, &d.told);
	life_went(&aor, &a, at + 120000, take, &d.told);
	life_came(&aor, &b, at + 180000, take, &d.told);
	assert_int_equal(aor.s.alternations, 4);
}

TEST(two_that_go_for_one_that_comes_are_wiped_in_whatever_order)
{
	struct binding a = phone(START_S), b = phone(START_S), c = phone(START_S);
	int64_t at = START_S * 1000LL;
	struct device d;
	struct life aor;

	UNUSED_STATE;
	begin(&d);
	life_init(&aor);
	b.user_agent = SLICE_LIT("Snom");
	c.user_agent = SLICE_LIT("Base");
	life_went(&aor, &a, at, take, &d.told);
	life_came(&aor, &c, at + 1000, take, &d.told);
	life_went(&aor, &b, at + 2000, take, &d.told);
	assert_int_equal(aor.s.wipes, 1);
	assert_string_equal(aor.s.wiped_by, "Base from 203.0.113.2:42744");
	at += 60000;
	life_went(&aor, &a, at, take, &d.told);
	life_went(&aor, &b, at, take, &d.told);
	life_came(&aor, &c, at + 1000, take, &d.told);
	assert_int_equal(aor.s.wipes, 2);
	at += 60000;
	life_came(&aor, &c, at, take, &d.told);
	life_went(&aor, &a, at, take, &d.told);
	life_went(&aor, &b, at, take, &d.told);
	assert_int_equal(aor.s.wipes, 3);
}

static struct evidence found(enum probe_outcome o, int64_t asked_s)
{
	return (struct evidence){.outcome = o,
				 .path = PROBE_PATH_OWN,
				 .code = o == PROBE_ANSWERED ? 200 : 0,
				 .asked_ms = asked_s * 1000,
				 .rtt_us = 1400,
				 .failures = o != PROBE_ANSWERED};
}

TEST(ages_of_answers_and_silence_are_learnt)
{
	struct device d;
	struct evidence e = found(PROBE_ANSWERED, START_S + 45), known;

	UNUSED_STATE;
	begin(&d);
	life_probed(&d.device, &d.now, &e, take, &d.told);
	e = found(PROBE_SILENT, START_S + 90);
	life_probed(&d.device, &d.now, &e, take, &d.told);
	e = found(PROBE_SILENT, START_S + 120);
	life_probed(&d.device, &d.now, &e, take, &d.told);
	assert_int_equal(d.device.s.answered_at_age_s, 45);
	assert_int_equal(d.device.s.silent_at_age_s, 90);
	/* The same again is no news. */
	assert_int_equal(d.told.n, 3);
	assert_true(life_evidence(&d.device, &known));
	assert_int_equal(known.outcome, PROBE_SILENT);
	assert_int_equal(known.asked_ms, (START_S + 120) * 1000LL);
}

TEST(who_was_silent_and_answers_after_its_next_refresh_was_there_all_the_while)
{
	struct device d;
	struct evidence e = found(PROBE_SILENT, START_S + 90);

	UNUSED_STATE;
	begin(&d);
	life_probed(&d.device, &d.now, &e, take, &d.told);
	e = found(PROBE_ANSWERED, START_S + 100);
	life_probed(&d.device, &d.now, &e, take, &d.told);
	/* It answered without one: a packet was lost. */
	assert_int_equal(d.device.s.recoveries, 0);
	e = found(PROBE_SILENT, START_S + 200);
	life_probed(&d.device, &d.now, &e, take, &d.told);
	change(&d, phone(START_S + 290));
	e = found(PROBE_ANSWERED, START_S + 295);
	life_probed(&d.device, &d.now, &e, take, &d.told);
	assert_int_equal(d.device.s.recoveries, 1);
	/* Who misses a refresh may have been off. */
	e = found(PROBE_SILENT, START_S + 400);
	life_probed(&d.device, &d.now, &e, take, &d.told);
	change(&d, phone(START_S + 90000));
	e = found(PROBE_ANSWERED, START_S + 90005);
	life_probed(&d.device, &d.now, &e, take, &d.told);
	assert_int_equal(d.device.s.recoveries, 1);
}

TEST(that_it_answered_at_once_is_remembered)
{
	struct device d;
	struct evidence e = found(PROBE_ANSWERED, START_S);
	struct life again;
	char *text;

	UNUSED_STATE;
	begin(&d);
	life_probed(&d.device, &d.now, &e, take, &d.told);
	text = life_to_json(&d.device);
	life_from_json(&again, text);
	assert_int_equal(again.s.answered_at_age_s, 0);
	assert_int_equal(again.s.silent_at_age_s, HISTORY_AGE_UNKNOWN);
	free(text);
}

TEST(a_life_is_the_same_after_json)
{
	struct device d;
	struct life again;
	char *text, *second;

	UNUSED_STATE;
	begin(&d);
	change(&d, phone(START_S + 290));
	change(&d, phone(START_S + 580));
	text = life_to_json(&d.device);
	life_from_json(&again, text);
	second = life_to_json(&again);
	assert_string_equal(second, text);
	free(second);
	assert_int_equal(again.interval_count, 2);
	free(text);
	life_from_json(&again, "{\"interval_count\": 99, \"habit\": \"x\"");
	assert_int_equal(again.interval_count, 0);
	life_from_json(&again, "{\"interval_count\": 99, \"contact\": \"a\\u001bb\"}");
	assert_int_equal(again.interval_count, 0);
	assert_null(strchr(again.s.last_contact, '\x1b'));
}

/* ---- with a database ----------------------------------------------------------------------------
 */

static char dir[] = "/tmp/regtop-history-XXXXXX";
static char path[64];

static int make_dir(void **state)
{
	(void)state;
	memcpy(dir + sizeof(dir) - 7, "XXXXXX", 6);
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/history.sqlite", dir);
	return 0;
}

static int remove_dir(void **state)
{
	char other[80];

	(void)state;
	unlink(path);
	snprintf(other, sizeof(other), "%s-wal", path);
	unlink(other);
	snprintf(other, sizeof(other), "%s-shm", path);
	unlink(other);
	return rmdir(dir);
}

struct world {
	struct loop *loop;
	struct store *store;
	struct history *h;
	struct err trouble;
	uint8_t source;
};

static void on_trouble(void *ctx, const struct err *e)
{
	((struct world *)ctx)->trouble = *e;
}

static void open_world(struct world *w)
{
	struct history_options o = {0, 0};
	struct err e = ERR_NONE;

	memset(w, 0, sizeof(*w));
	w->loop = loop_new();
	w->store = store_new();
	w->source = store_add_source(w->store, "test");
	w->h = history_open(w->loop, &clock_system, path, &o, on_trouble, w, &e);
	assert_non_null(w->h);
	history_watch(w->h, w->store);
}

static void close_world(struct world *w)
{
	history_close(w->h);
	store_free(w->store);
	loop_free(w->loop);
}

static bool count_event(void *ctx, const struct history_event *e)
{
	(void)e;
	(*(unsigned *)ctx)++;
	return true;
}

TEST(the_next_process_knows_what_this_one_saw)
{
	struct history_summary s;
	struct world w;
	struct binding b = phone(START_S);
	struct evidence e, known;
	unsigned events = 0;
	struct stat st;

	UNUSED_STATE;
	open_world(&w);
	store_put(w.store, w.source, &b, START_S);
	history_source_ready(w.h, w.source);
	for (int i = 1; i <= 3; i++) {
		b = phone(START_S + i * 290);
		store_put(w.store, w.source, &b, START_S + i * 290);
	}
	e = found(PROBE_SILENT, clock_wall_s(&clock_system));
	history_probe(w.h, &b, &e);
	history_settle(w.h);
	assert_int_equal(store_habit(w.store, store_find(w.store, w.source, b.key)), 290);
	close_world(&w);

	open_world(&w);
	history_summary(w.h, "test", "4021@acme.example", &b, &s);
	assert_int_equal(s.refreshes, 3);
	assert_int_equal(s.habit_s, 290);
	assert_int_equal(s.last_failure_ms, e.asked_ms);
	assert_false(s.never_answered_agent);
	history_summary(w.h, "test", "4021@acme.example", NULL, &s);
	assert_string_equal(s.last_source, "203.0.113.2:42744");
	history_each(w.h, "test", "4021@acme.example", NULL, 0, count_event, &events);
	assert_int_equal(events, 2);
	assert_false(history_evidence(w.h, "test", &b, 60000, &known) &&
		     b.refreshed_s * 1000 > known.asked_ms);
	/* The habit is known from the start. */
	store_put(w.store, w.source, &b, START_S);
	history_source_ready(w.h, w.source);
	history_settle(w.h);
	assert_int_equal(store_habit(w.store, store_find(w.store, w.source, b.key)), 290);
	close_world(&w);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

TEST(nothing_is_written_before_the_first_whole_picture)
{
	struct history_summary s;
	struct world w;
	struct binding b = phone(START_S);

	UNUSED_STATE;
	open_world(&w);
	store_put(w.store, w.source, &b, START_S);
	b.expires_s++;
	store_put(w.store, w.source, &b, START_S);
	history_settle(w.h);
	history_summary(w.h, "test", "4021@acme.example", &b, &s);
	assert_int_equal(s.first_seen_s, 0);
	close_world(&w);
}

TEST(phones_that_moved_are_found_by_where_they_were)
{
	char from[64], to[64];
	struct world w;
	struct binding b = phone(START_S), stay = phone(START_S);

	UNUSED_STATE;
	open_world(&w);
	history_source_ready(w.h, w.source);
	stay.key = SLICE_LIT("k9");
	stay.user = SLICE_LIT("4099");
	store_put(w.store, w.source, &stay, START_S);
	store_put(w.store, w.source, &b, START_S);
	b = phone(START_S + 60);
	b.received = SLICE_LIT("sip:203.0.113.77:42744");
	store_put(w.store, w.source, &b, START_S + 60);
	history_settle(w.h);
	stay.refreshed_s = clock_wall_s(&clock_system) - 100;
	assert_int_equal(history_moved(w.h, "test", &stay, from, to), 1);
	assert_string_equal(from, "203.0.113.2");
	assert_string_equal(to, "203.0.113.77");
	stay.refreshed_s = clock_wall_s(&clock_system) + 100;
	assert_int_equal(history_moved(w.h, "test", &stay, from, to), 0);
	close_world(&w);
}

TEST(all_that_went_for_another_device_was_wiped)
{
	struct history_summary s;
	struct world w;
	struct binding a = phone(START_S), b = phone(START_S), c = phone(START_S);
	int64_t now = clock_wall_s(&clock_system);

	UNUSED_STATE;
	open_world(&w);
	history_source_ready(w.h, w.source);
	a.expires_s = b.expires_s = c.expires_s = now + 500;
	b.key = SLICE_LIT("k2");
	b.user_agent = SLICE_LIT("Snom");
	c.key = SLICE_LIT("k3");
	c.user_agent = SLICE_LIT("Linphone");
	store_put(w.store, w.source, &a, now);
	store_put(w.store, w.source, &b, now);
	history_settle(w.h);
	store_remove(w.store, w.source, a.key);
	store_remove(w.store, w.source, b.key);
	store_put(w.store, w.source, &c, now);
	history_settle(w.h);
	history_summary(w.h, "test", "4021@acme.example", NULL, &s);
	assert_int_equal(s.wipes, 1);
	assert_string_equal(s.removed_by, "Linphone from 203.0.113.2:42744");
	close_world(&w);
}

static void take_call(void *ctx, const struct call_found *c)
{
	*(struct call_found *)ctx = *c;
}

TEST(calls_are_remembered_for_a_workup)
{
	struct call_found c = {.kind = CALL_RING,
			       .outcome = CALL_CANCELLED,
			       .code = 487,
			       .ringing = true,
			       .ring_us = 84000,
			       .size = 768,
			       .sends = 1},
			  again = {.kind = CALL_QUIET};
	struct binding b = phone(START_S);
	struct world w;

	UNUSED_STATE;
	c.when_ms = clock_wall_ms(&clock_system);
	open_world(&w);
	history_call(w.h, &b, &c);
	history_settle(w.h);
	history_calls(w.h, "test", &b, take_call, &again);
	assert_int_equal(again.kind, CALL_RING);
	assert_int_equal(again.code, 487);
	assert_true(again.ringing);
	assert_int_equal(again.ring_us, 84000);
	close_world(&w);
}

TEST(old_rows_and_too_many_go)
{
	struct history_who who = {"test", "4021", "d"};
	struct history_event ev = {.kind = HISTORY_SEEN};
	struct history_db *db;
	struct err e = ERR_NONE;
	unsigned left = 0;

	UNUSED_STATE;
	db = history_db_open(path, false, &e);
	assert_non_null(db);
	for (int i = 0; i < 100; i++) {
		ev.when_ms = i;
		assert_int_equal(history_db_add_event(db, &who, &ev, &e), 0);
	}
	assert_int_equal(history_db_prune(db, 40, 1000, &e), 40);
	assert_int_equal(history_db_prune(db, 0, 10, &e), 50);
	history_db_each_event(db, &who, 0, count_event, &left);
	assert_int_equal(left, 10);
	history_db_close(db);
}

TEST(a_file_that_is_no_history_is_left_alone)
{
	struct history_options o = {0, 0};
	struct err e = ERR_NONE;
	struct loop *l = loop_new();
	char text[] = "this is not a database, and long enough to be looked at as one: ......",
	     got[80];
	FILE *f = fopen(path, "w");

	UNUSED_STATE;
	fputs(text, f);
	fclose(f);
	assert_null(history_open(l, &clock_system, path, &o, NULL, NULL, &e));
	assert_non_null(strstr(e.what, "history"));
	assert_true(e.hint[0]);
	f = fopen(path, "r");
	assert_non_null(fgets(got, sizeof(got), f));
	assert_string_equal(got, text);
	fclose(f);
	loop_free(l);
}

TEST(two_processes_write_at_once)
{
	struct history_summary s;
	struct world a, b;
	struct binding x = phone(START_S), y = phone(START_S);

	UNUSED_STATE;
	open_world(&a);
	open_world(&b);
	history_source_ready(a.h, a.source);
	history_source_ready(b.h, b.source);
	y.user = SLICE_LIT("4022");
	store_put(a.store, a.source, &x, START_S);
	store_put(b.store, b.source, &y, START_S);
	history_settle(a.h);
	history_settle(b.h);
	history_summary(a.h, "test", "4022@acme.example", NULL, &s);
	assert_true(s.first_seen_s > 0);
	assert_int_equal(a.trouble.code, 0);
	assert_int_equal(b.trouble.code, 0);
	close_world(&a);
	close_world(&b);
}

#define WITH_DIR(name) cmocka_unit_test_setup_teardown(name, make_dir, remove_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_habit_is_the_middle_of_the_last_refreshes),
		T(clocks_that_jump_make_no_habit),
		T(a_late_refresh_is_a_gap),
		T(a_new_port_and_a_new_address_are_told_apart),
		T(a_restart_is_told_and_push_tokens_are_not),
		T(what_a_device_left_behind_is_not_taken_for_it),
		T(it_went_and_came_back),
		T(two_devices_in_turn_are_counted),
		T(who_goes_seconds_before_or_after_another_comes_was_replaced),
		T(two_that_go_for_one_that_comes_are_wiped_in_whatever_order),
		T(ages_of_answers_and_silence_are_learnt),
		T(who_was_silent_and_answers_after_its_next_refresh_was_there_all_the_while),
		T(that_it_answered_at_once_is_remembered),
		T(a_life_is_the_same_after_json),
		WITH_DIR(the_next_process_knows_what_this_one_saw),
		WITH_DIR(nothing_is_written_before_the_first_whole_picture),
		WITH_DIR(phones_that_moved_are_found_by_where_they_were),
		WITH_DIR(all_that_went_for_another_device_was_wiped),
		WITH_DIR(calls_are_remembered_for_a_workup),
		WITH_DIR(old_rows_and_too_many_go),
		WITH_DIR(a_file_that_is_no_history_is_left_alone),
		WITH_DIR(two_processes_write_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
