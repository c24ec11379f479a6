/* Kamailio's table in Redis: its layout as bindings, what changes are followed by, and removing. */
#include <errno.h>
#include <signal.h>
#include "base/clock.h"
#include "source/sql/location_reader.h"
#include "test.h"

#if HAVE_REDIS

#include "redis_fixture.h"

static struct location_db *db;
static struct location_batch *batch;

static int setup(void **state)
{
	struct err e = ERR_NONE;

	unsetenv("REDISCLI_AUTH");
	if (redis_fake_start(state) != 0)
		return -1;
	db = location_db_open(redis_fake.address, &e);
	if (!db)
		fail_msg("%s", e.what);
	batch = location_batch_new();
	return 0;
}

static int teardown(void **state)
{
	location_batch_free(batch);
	location_db_close(db);
	return redis_fake_stop(state);
}

static int first_page(struct err *e)
{
	location_batch_clear(batch);
	return db->ops->read_page(db, INT64_MIN, batch, e);
}

#define KEY(ruid)      "location:entry::" ruid
#define ONE_KEY        "*2\r\n$1\r\n0\r\n*1\r\n$17\r\nlocation:entry::a\r\n"
#define F(name, value) "+" name "\r\n+" value "\r\n"

static const struct redis_line whole[] = {
	{"SCAN", ONE_KEY, 0},
	{"HGETALL location:entry::a",
	 "*42\r\n" F("username", "alice") F("domain", "example.net") F(
		 "contact", "sip:a@10.0.0.1;x") F("received", "sip:127.0.0.1:9") F("path",
										   "<sip:edge;lr>")
		 F("expire"
		   "s",
		   "2026-"
		   "11-23 "
		   "01:10:"
		   "00") F("q", "0.700000") F("callid", "c@host") F("cseq", "12") F("flags", "0")
			 F("cflags", "192") F("user_agent", "ua") F("socket", "udp:127.0.0.1:5060")
				 F("methods", "783") F("last_modified", "2026-11-23 01:00:00")
					 F("ruid", "other") F("instance", "<urn:uuid:1>")
						 F("reg_id", "2") F("server_id", "3")
							 F("connection_id", "-1") F("unknown", "x"),
	 0},
	{NULL, NULL, 0},
};

TEST(every_field_reaches_the_binding)
{
	UNUSED_STATE;
	struct err e = ERR_NONE;
	const struct binding *b;

	redis_script(whole);
	assert_int_equal(first_page(&e), 0);
	assert_int_equal(batch->count, 1);
	assert_false(batch->more);
	b = &batch->rows[0];
	/* Kamailio finds it by its key, whatever the field says. */
	assert_slice_equal(b->key, "a");
	assert_slice_equal(b->ruid, "a");
	assert_slice_equal(b->user, "alice");
	assert_slice_equal(b->domain, "example.net");
	assert_slice_equal(b->contact, "sip:a@10.0.0.1;x");
	assert_slice_equal(b->received, "sip:127.0.0.1:9");
	assert_slice_equal(b->path, "<sip:edge;lr>");
	assert_int_equal(b->granted_s, 600);
	assert_int_equal(b->refreshed_s, 1795395600);
	assert_int_equal(b->q_milli, 700);
	assert_slice_equal(b->call_id, "c@host");
	assert_int_equal(b->cseq, 12);
	assert_int_equal(b->cflags, 192);
	assert_slice_equal(b->user_agent, "ua");
	assert_slice_equal(b->socket, "udp:127.0.0.1:5060");
	assert_int_equal(b->methods, 783);
	assert_slice_equal(b->instance, "<urn:uuid:1>");
	assert_int_equal(b->reg_id, 2);
	assert_slice_equal(b->node, "3");
	assert_int_equal(b->connection, -1);
}

TEST(what_has_gone_or_is_no_row_is_left_out)
{
	UNUSED_STATE;
	struct err e = ERR_NONE;
	static const struct redis_line script[] = {
		{"SCAN 0 MATCH location:entry::* COUNT 64",
		 "*2\r\n$2\r\n77\r\n*1\r\n+" KEY("dangling") "\r\n", 0},
		/* an empty part of the keys is not their end */
		{"SCAN 77 ", "*2\r\n$3\r\n900\r\n*0\r\n", 0},
		{"SCAN 900 ",
		 "*2\r\n$1\r\n5\r\n*4\r\n+" KEY("text") "\r\n+" KEY("") "\r\n+" KEY(
			 "odd") "\r\n+" KEY("good") "\r\n",
		 0},
		{"HGETALL " KEY("text"), "-WRONGTYPE Operation against a key\r\n", 0},
		{"HGETALL " KEY("odd"), "*3\r\n+contact\r\n:7\r\n+username\r\n", 0},
		{"HGETALL " KEY("good"), "*4\r\n" F("username", "bob") F("contact", "sip:b@h"), 0},
		{"HGETALL", "*0\r\n", 0},
		{NULL, NULL, 0},
	};

	redis_script(script);
	assert_int_equal(first_page(&e), 0);
	assert_int_equal(batch->count, 2);
	assert_slice_equal(batch->rows[0].key, "odd");
	assert_true(slice_empty(batch->rows[0].contact));
	assert_slice_equal(batch->rows[1].user, "bob");
	/* what is missing is unknown */
	assert_int_equal(batch->rows[1].methods, BINDING_METHODS_ALL);
	assert_int_equal(batch->rows[1].q_milli, BINDING_Q_UNSET);
	assert_true(batch->more);
}

TEST(hostile_values_do_no_harm)
{
	UNUSED_STATE;
	struct err e = ERR_NONE;
	static char big[40200];
	struct redis_line script[] = {
		{"SCAN", ONE_KEY, 0},
		{"HGETALL", big, 0},
		{NULL, NULL, 0},
	};
	int n = snprintf(big, sizeof(big),
			 "*8\r\n+username\r\n$3\r\nx%cy\r\n+expires\r\n+9999-99-99 "
			 "99:99:99\r\n+q\r\n+nan\r\n+contact\r\n$40000\r\n",
			 0);

	memset(big + n, 'c', 40000);
	memcpy(big + n + 40000, "\r\n", 2);
	script[1].n = (size_t)n + 40002;
	redis_script(script);
	assert_int_equal(first_page(&e), 0);
	assert_int_equal(batch->count, 1);
	assert_int_equal(batch->rows[0].user.n, 3);
	assert_memory_equal(batch->rows[0].user.p, "x\0y", 3);
	assert_int_equal(batch->rows[0].contact.n, 16384);
	assert_int_equal(batch->rows[0].q_milli, BINDING_Q_UNSET);
}

TEST(answers_that_make_no_sense_end_the_read_and_the_connection)
{
	UNUSED_STATE;
	static const char *const answers[] = {
		"*0\r\n",
		":5\r\n",
		"*2\r\n:0\r\n*0\r\n",
		"*2\r\n+0\r\n+x\r\n",
		"*2\r\n+123456789012345678901234567890\r\n*0\r\n",
		"HTTP/1.1 400 Bad\r\n\r\n",
		"$-5\r\n",
		"*-9\r\n",
		"$99999999999999999999\r\n",
	};

	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		struct redis_line script[] = {{"SCAN", answers[i], 0}, {NULL, NULL, 0}};
		struct err e = ERR_NONE;

		redis_script(script);
		assert_true(first_page(&e) < 0);
		assert_int_equal(batch->count, 0);
		assert_non_null(strstr(e.what, "127.0.0.1"));
	}
}

TEST(a_connection_that_ends_in_mid_read_fails_the_pass)
{
	UNUSED_STATE;
	struct err e = ERR_NONE;
	static const struct redis_line script[] = {
		{"SCAN 0 ", "*2\r\n$1\r\n7\r\n*1\r\n+" KEY("a") "\r\n", 0},
		{"SCAN 7 ", NULL, 0},
		{"HGETALL", "*2\r\n" F("username", "alice"), 0},
		{NULL, NULL, 0},
	};

	redis_script(script);
	assert_int_equal(first_page(&e), 0);
	assert_true(batch->more);
	assert_int_equal(db->ops->read_page(db, batch->last_id, batch, &e), -EPIPE);
	assert_non_null(strstr(e.what, "127.0.0.1"));
}

#define NO_CLUSTER                                                                                 \
	{                                                                                          \
		"INFO cluster", "$19\r\ncluster_enabled:0\r\n\r\n", 0                              \
	}

static int inspected(const struct redis_line *script, struct err *e)
{
	redis_script(script);
	return db->ops->inspect(db, e);
}

TEST(what_cannot_be_read_is_refused_in_words)
{
	UNUSED_STATE;
	struct err e = ERR_NONE;
	const struct redis_line cluster[] = {
		{"INFO cluster", "$19\r\ncluster_enabled:1\r\n\r\n", 0}, {NULL, NULL, 0}};
	const struct redis_line version[] = {
		NO_CLUSTER,
		{"HGET version:entry::location table_version", "+1004\r\n", 0},
		{NULL, NULL, 0}};
	const struct redis_line nothing[] = {NO_CLUSTER,
					     {"HGET", "$-1\r\n", 0},
					     {"SCAN", "*2\r\n+0\r\n*0\r\n", 0},
					     {NULL, NULL, 0}};
	const struct redis_line rows[] = {
		NO_CLUSTER, {"HGET", "$-1\r\n", 0}, {"SCAN", ONE_KEY, 0}, {NULL, NULL, 0}};
	const struct redis_line good[] = {NO_CLUSTER, {"HGET", "+9\r\n", 0}, {NULL, NULL, 0}};

	assert_int_equal(inspected(cluster, &e), -EPROTONOSUPPORT);
	assert_non_null(strstr(e.what, "cluster"));
	assert_int_equal(inspected(version, &e), -EPROTONOSUPPORT);
	assert_non_null(strstr(e.what, "1004"));
	assert_int_equal(inspected(nothing, &e), -EPROTONOSUPPORT);
	assert_non_null(strstr(e.what, "no table"));
	assert_int_equal(inspected(rows, &e), 0);
	assert_int_equal(inspected(good, &e), 0);
}

TEST(logging_in_and_the_database_come_first)
{
	UNUSED_STATE;
	struct err e = ERR_NONE;
	char address[192], *heard;
	const struct redis_line refused[] = {{"AUTH", "-WRONGPASS no.\r\n", 0}, {NULL, NULL, 0}};
	struct location_db *other;

	snprintf(address, sizeof(address), "redis://user:p%%20w@%s", redis_fake.address + 8);
	other = location_db_open(address, &e);
	assert_non_null(other);
	redis_script(refused);
	assert_int_equal(other->ops->inspect(other, &e), -EACCES);
	assert_null(strstr(e.what, "p w"));
	heard = redis_heard();
	assert_string_equal(heard, "AUTH user p w\n");
	free(heard);
	location_db_close(other);

	redis_script(whole);
	assert_int_equal(first_page(&e), 0);
	heard = redis_heard();
	assert_true(strncmp(heard, "SELECT 2\nSCAN 0", 15) == 0);
	free(heard);
}

TEST(addresses_that_make_no_sense_are_refused)
{
	UNUSED_STATE;
	static const char *const bad[] = {"redis://h/x", "redis://h/0?table=a:b",
					  "redis://h/0?prefix=*", "redis://h/0?nix=1",
					  "redis://h/0?timezone=Nowhere/None"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err e = ERR_NONE;

		assert_null(location_db_open(bad[i], &e));
		assert_true(e.what[0]);
	}
}

/* ---- removing -------------------------------------------------------------------------------- */

static const struct binding shown = {
	.key = {"a", 1},
	.user = {"alice", 5},
	.contact = {"sip:a@h", 7},
	.call_id = {"c", 1},
	.cseq = 4,
	.expires_s = 1795395600,
};

#define ROW                                                                                        \
	"*16\r\n" F("username", "alice") F("contact", "sip:a@h") F("callid", "c") F("cseq", "4")   \
		F("expires", "2026-11-23 01:00:00") F("domain", "") F("partition", "1")            \
			F("keepalive", "0")

static int removed(const struct redis_line *script, unsigned *deleted)
{
	struct err e = ERR_NONE;

	redis_script(script);
	return db->ops->remove(db, &shown, deleted, &e);
}

TEST(a_row_is_deleted_with_its_places_in_the_maps_while_it_is_watched)
{
	UNUSED_STATE;
	const struct redis_line script[] = {{"HGETALL", ROW, 0},
					    {"TYPE location:usrdom::alice:", "+set\r\n", 0},
					    {"TYPE location:timer::1:0", "+hash\r\n", 0},
					    {"EXEC", "*3\r\n:1\r\n:1\r\n:1\r\n", 0},
					    {NULL, NULL, 0}};
	unsigned deleted = 9;
	char *heard;

	assert_int_equal(removed(script, &deleted), 0);
	assert_int_equal(deleted, 1);
	heard = redis_heard();
	assert_string_equal(heard, "SELECT 2\nWATCH " KEY("a") "\nHGETALL " KEY(
					   "a") "\nTYPE location:usrdom::alice:\nTYPE "
						"location:timer::1:0\nMULTI\nDEL " KEY(
							"a") "\nSREM "
							     "location:usrdom::alice:"
							     " " KEY("a") "\nHDEL "
									  "location:"
									  "timer::1:"
									  "0 " KEY("a") "\nEXEC\n");
	free(heard);
}

TEST(a_row_that_says_something_else_is_left)
{
	UNUSED_STATE;
	const struct redis_line other[] = {
		{"HGETALL", "*4\r\n" F("username", "alice") F("contact", "sip:z@h"), 0},
		{NULL, NULL, 0}};
	const struct redis_line gone[] = {{"HGETALL", "*0\r\n", 0}, {NULL, NULL, 0}};
	/* changed between reading and deleting */
	const struct redis_line changed[] = {{"HGETALL", ROW, 0},
					     {"TYPE", "+none\r\n", 0},
					     {"EXEC", "*-1\r\n", 0},
					     {NULL, NULL, 0}};
	unsigned deleted = 9;
	char *heard;

	assert_int_equal(removed(other, &deleted), 0);
	assert_int_equal(deleted, 0);
	deleted = 9;
	assert_int_equal(removed(gone, &deleted), 0);
	assert_int_equal(deleted, 0);
	heard = redis_heard();
	assert_null(strstr(heard, "DEL"));
	free(heard);
	deleted = 9;
	assert_int_equal(removed(changed, &deleted), 0);
	assert_int_equal(deleted, 0);
}

TEST(a_removal_that_failed_is_told_from_one_that_was_not_heard_of)
{
	UNUSED_STATE;
	const struct redis_line refused[] = {{"HGETALL", ROW, 0},
					     {"DEL", "-READONLY You can't write\r\n", 0},
					     {"TYPE", "+set\r\n", 0},
					     {NULL, NULL, 0}};
	const struct redis_line silent[] = {
		{"HGETALL", ROW, 0}, {"TYPE", "+set\r\n", 0}, {"EXEC", NULL, 0}, {NULL, NULL, 0}};
	const struct redis_line early[] = {{"HGETALL", NULL, 0}, {NULL, NULL, 0}};
	unsigned deleted;

	assert_int_equal(removed(refused, &deleted), -EROFS);
	assert_int_equal(removed(silent, &deleted), -EINPROGRESS);
	assert_int_equal(removed(early, &deleted), -EPIPE);
	assert_int_equal(deleted, 0);
}

/* ---- following changes ----------------------------------------------------------------------- */

#define INFO_SAYS(n)                                                                               \
	{"INFO persistence", "+rdb_changes_since_last_save:" n "\r\n", 0},                         \
	{                                                                                          \
		"INFO stats", "+\r\n", 0                                                           \
	}

static uint64_t stamped(const struct redis_line *script)
{
	struct err e = ERR_NONE;
	uint64_t stamp = 0;

	redis_script(script);
	assert_int_equal(db->ops->stamp(db, &stamp, &e), 0);
	return stamp;
}

TEST(the_stamp_follows_the_servers_own_count_of_changes)
{
	UNUSED_STATE;
	const struct redis_line one[] = {INFO_SAYS("1"), {NULL, NULL, 0}};
	const struct redis_line two[] = {INFO_SAYS("2"), {NULL, NULL, 0}};
	const struct redis_line forbidden[] = {{"INFO", "-NOPERM no\r\n", 0}, {NULL, NULL, 0}};
	uint64_t first = stamped(one);

	assert_true(stamped(one) == first);
	assert_true(stamped(two) != first);
	assert_true(stamped(two) >> 32 == first >> 32);
	assert_true(stamped(forbidden) != stamped(forbidden));
}

struct taken {
	int passes, complete;
	size_t rows;
	struct clock_fake clock;
};

static void on_begin(void *ctx, bool keys)
{
	assert_false(keys);
	((struct taken *)ctx)->passes++;
}

static void on_take(void *ctx, struct location_batch *b)
{
	((struct taken *)ctx)->rows += b->count;
	location_batch_free(b);
}

static void on_end(void *ctx, bool complete)
{
	((struct taken *)ctx)->complete += complete;
}

static int64_t ticking_us(void *ctx)
{
	struct clock_fake *f = ctx;

	clock_fake_advance(f, 1);
	return f->mono;
}

TEST(a_reader_makes_complete_passes_after_changes_and_rests_between_them)
{
	UNUSED_STATE;
	const struct redis_line one[] = {INFO_SAYS("1"),      {"SCAN", ONE_KEY, 0},
					 {"HGETALL", ROW, 0}, {"HGET", "+9\r\n", 0},
					 NO_CLUSTER,          {NULL, NULL, 0}};
	const struct redis_line two[] = {INFO_SAYS("2"),      {"SCAN", ONE_KEY, 0},
					 {"HGETALL", ROW, 0}, {"HGET", "+9\r\n", 0},
					 NO_CLUSTER,          {NULL, NULL, 0}};
	struct taken t = {.passes = 0};
	struct location_taker taker = {&t, on_begin, on_take, on_end, NULL};
	struct location_reader *r;
	struct location_look l;
	struct err e = ERR_NONE;
	int looks = 0;

	clock_fake_init(&t.clock, 0);
	t.clock.clock.mono_us = ticking_us;
	t.clock.clock.ctx = &t.clock;
	r = location_reader_new(db, &t.clock.clock, &taker);
	redis_script(one);
	assert_int_equal(location_reader_look(r, false, &l, &e), 0);
	assert_true(l.passed && l.complete);
	assert_int_equal(t.rows, 1);
	for (int i = 0; i < 50; i++)
		assert_int_equal(location_reader_look(r, false, &l, &e), 0);
	assert_int_equal(t.passes, 1);
	redis_script(two);
	/* The clock goes on by one with each question for it. */
	t.clock.mono += 100000;
	assert_int_equal(location_reader_look(r, false, &l, &e), 0);
	assert_int_equal(t.passes, 2);
	redis_script(one);
	do {
		assert_int_equal(location_reader_look(r, false, &l, &e), 0);
		assert_true(l.complete);
	} while (!l.passed && ++looks < 100);
	/* a tenth of the time */
	assert_true(looks > 1 && looks < 100);
	assert_int_equal(t.complete, 3);
	location_reader_free(r);
	db = NULL;
}

#define U(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		U(every_field_reaches_the_binding),
		U(what_has_gone_or_is_no_row_is_left_out),
		U(hostile_values_do_no_harm),
		U(answers_that_make_no_sense_end_the_read_and_the_connection),
		U(a_connection_that_ends_in_mid_read_fails_the_pass),
		U(what_cannot_be_read_is_refused_in_words),
		U(logging_in_and_the_database_come_first),
		U(addresses_that_make_no_sense_are_refused),
		U(a_row_is_deleted_with_its_places_in_the_maps_while_it_is_watched),
		U(a_row_that_says_something_else_is_left),
		U(a_removal_that_failed_is_told_from_one_that_was_not_heard_of),
		U(the_stamp_follows_the_servers_own_count_of_changes),
		U(a_reader_makes_complete_passes_after_changes_and_rests_between_them),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

TEST(an_address_of_redis_is_refused_in_words)
{
	struct err e = ERR_NONE;

	UNUSED_STATE;
	assert_null(location_db_open("redis://127.0.0.1/0", &e));
	assert_int_equal(e.code, -EPROTONOSUPPORT);
	assert_true(e.hint[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_of_redis_is_refused_in_words)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
