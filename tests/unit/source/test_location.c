/* Kamailio's table: what each column means, which schemas are read, and how changes are followed.
 */
#include <errno.h>
#include "base/text.h"
#include "base/clock.h"
#include "source/sql/location_reader.h"
#include "location_fixture.h"

static struct location_batch *batch;
static struct location_db *db;

static struct location_db *opened(void)
{
	struct err e = ERR_NONE;
	struct location_db *opening = location_db_open(fixture_db, &e);

	if (!opening)
		fail_msg("%s", e.what);
	return opening;
}

static int setup(void **state)
{
	if (make_table(state) < 0)
		return -1;
	batch = location_batch_new();
	db = NULL;
	return 0;
}

static int teardown(void **state)
{
	location_batch_free(batch);
	location_db_close(db);
	return remove_dir(state);
}

/* The first row of the table. */
static const struct binding *first_row(void)
{
	struct err e = ERR_NONE;

	if (!db)
		db = opened();
	if (db->ops->read_page(db, INT64_MIN, batch, &e) < 0)
		fail_msg("%s", e.what);
	assert_true(batch->count > 0);
	return &batch->rows[0];
}

TEST(every_column_reaches_the_binding)
{
	UNUSED_STATE;
	const struct binding *b;

	sql(fixture_db,
	    "INSERT INTO location VALUES (7, 'uloc-1-6b02ce39-3e7-1', 'alice', 'example.net', "
	    "'sip:a@10.0.0.1:5071;alias=1.2.3.4~5~1', 'sip:127.0.0.1:50789', "
	    "'<sip:edge;lr>', " JULIAN(1795346600) ", 0.7, 'call@host', 12, " JULIAN(
		    1795346000) ", 0, 192, 'sipsak 0.9', 'udp:127.0.0.1:5090', 783, "
				"'<urn:uuid:1>', 2, 3, 41, 1, 0)");
	b = first_row();
	assert_slice_equal(b->key, "uloc-1-6b02ce39-3e7-1");
	assert_slice_equal(b->ruid, "uloc-1-6b02ce39-3e7-1");
	assert_slice_equal(b->user, "alice");
	assert_slice_equal(b->domain, "example.net");
	assert_slice_equal(b->contact, "sip:a@10.0.0.1:5071;alias=1.2.3.4~5~1");
	assert_slice_equal(b->received, "sip:127.0.0.1:50789");
	assert_slice_equal(b->path, "<sip:edge;lr>");
	assert_int_equal(b->expires_s, 1795346600);
	assert_int_equal(b->refreshed_s, 1795346000);
	assert_int_equal(b->granted_s, 600);
	assert_int_equal(b->q_milli, 700);
	assert_slice_equal(b->call_id, "call@host");
	assert_int_equal(b->cseq, 12);
	assert_int_equal(b->cflags, 192);
	assert_slice_equal(b->user_agent, "sipsak 0.9");
	assert_slice_equal(b->socket, "udp:127.0.0.1:5090");
	assert_int_equal(b->methods, 783);
	assert_slice_equal(b->instance, "<urn:uuid:1>");
	assert_int_equal(b->reg_id, 2);
	assert_slice_equal(b->node, "3");
	assert_int_equal(b->connection, 41);
	assert_int_equal(batch->last_id, 7);
}

TEST(nulls_and_defaults_mean_unknown)
{
	UNUSED_STATE;
	const struct binding *b;

	sql(fixture_db,
	    "INSERT INTO location (id, username, contact, q, expires) VALUES (5, 'bob', "
	    "'sip:b@192.0.2.1', -1.0, " JULIAN(2000000000) ")");
	b = first_row();
	assert_slice_equal(b->key, "id:5");
	assert_true(slice_empty(b->ruid) && slice_empty(b->domain) && slice_empty(b->received));
	assert_true(slice_empty(b->path) && slice_empty(b->socket) && slice_empty(b->instance));
	assert_true(slice_empty(b->node));
	assert_int_equal(b->q_milli, BINDING_Q_UNSET);
	assert_int_equal(b->methods, BINDING_METHODS_ALL);
}

static int64_t expires_of(const char *stored)
{
	char text[300];

	sql(fixture_db, "DELETE FROM location");
	snprintf(text, sizeof(text), "INSERT INTO location (ruid, expires) VALUES ('x', %s)",
		 stored);
	sql(fixture_db, text);
	return first_row()->expires_s;
}

TEST(every_second_survives_the_julian_day)
{
	UNUSED_STATE;
	struct err e = ERR_NONE;

	/* A day's worth of odd seconds in one table. */
	sql(fixture_db,
	    "WITH RECURSIVE n(i) AS (SELECT 1795346001 UNION ALL SELECT i + 173 FROM n "
	    "WHERE i < 1795431000) INSERT INTO location (ruid, cseq, expires) SELECT 'r' "
	    "|| i, i, " JULIAN(i) " FROM n");
	first_row();
	assert_int_equal(db->ops->read_page(db, 0, batch, &e), 0);
	assert_true(batch->count > 480);
	for (size_t i = 0; i < batch->count; i++)
		assert_int_equal(batch->rows[i].expires_s, batch->rows[i].cseq);
}

TEST(unix_seconds_whole_julian_days_and_text_are_told_apart)
{
	UNUSED_STATE;
	/* expires_type=1 */
	assert_int_equal(expires_of("1795346600"), 1795346600);
	/* A Julian day without a fraction: the column's affinity made it an integer. */
	assert_int_equal(expires_of("2461367.0"), 1795348800);
	assert_int_equal(expires_of("'2030-05-28 21:32:15'"), 1906234335);
}

TEST(the_epoch_in_any_form_is_permanent)
{
	UNUSED_STATE;
	assert_true(expires_of("2440587.49999421") == BINDING_PERMANENT);
	assert_true(expires_of("0") == BINDING_PERMANENT);
	assert_true(expires_of("2440588.2") == BINDING_PERMANENT);
	assert_true(expires_of("'1970-01-01 00:00:00'") == BINDING_PERMANENT);
	assert_true(expires_of("JULIANDAY('2031-01-01')") != BINDING_PERMANENT);
}

TEST(a_contact_added_by_rpc_was_never_refreshed)
{
	UNUSED_STATE;
	const struct binding *b;

	sql(fixture_db,
	    "INSERT INTO location (ruid, expires, last_modified) VALUES ('ulcx-1', " JULIAN(
		    2000000000) ", 2440587.49999421)");
	b = first_row();
	assert_int_equal(b->refreshed_s, 0);
	assert_int_equal(b->granted_s, -1);
}

TEST(hostile_values_do_no_harm)
{
	UNUSED_STATE;
	const struct binding *b;

	sql(fixture_db,
	    "INSERT INTO location (ruid, username, contact, expires, last_modified, q, cseq, "
	    "methods) "
	    "VALUES (x'00ff1b', x'c328', zeroblob(30000), 9e999, -9e999, 9e999, -1, 4294967295), "
	    "('b', '', '', 'tomorrow', '', 'high', 'x', -1)");
	b = first_row();
	assert_int_equal(batch->count, 2);
	assert_int_equal(b->ruid.n, 3);
	assert_memory_equal(b->ruid.p, "\0\xff\x1b", 3);
	assert_int_equal(b->contact.n, 16384);
	assert_int_equal(b->refreshed_s, 0);
	assert_int_equal(b->q_milli, 1000);
	assert_int_equal(b->cseq, UINT32_MAX);
	assert_int_equal(b->methods, BINDING_METHODS_ALL);
	assert_int_equal(batch->rows[1].methods, BINDING_METHODS_ALL);
}

static enum location_dialect found;

static int inspected(struct err *e)
{
	struct location_db *looked = opened();
	int rc = looked->ops->inspect(looked, e);

	found = location_db_dialect(looked);
	location_db_close(looked);
	return rc;
}

TEST(schemas_are_recognised_and_refused_in_words)
{
	UNUSED_STATE;
	struct err e = ERR_NONE;

	assert_int_equal(inspected(&e), 0);
	sql(fixture_db, "UPDATE version SET table_version = 8");
	assert_int_equal(inspected(&e), 0);
	sql(fixture_db, "UPDATE version SET table_version = 1004");
	assert_int_equal(inspected(&e), -EPROTONOSUPPORT);
	assert_non_null(strstr(e.what, "1004"));
	sql(fixture_db, "DROP TABLE version");
	assert_int_equal(inspected(&e), 0);
	sql(fixture_db, "ALTER TABLE location DROP COLUMN instance");
	assert_int_equal(inspected(&e), -EPROTONOSUPPORT);
	assert_non_null(strstr(e.what, "lacks columns"));
	assert_non_null(strstr(e.what, "instance"));
	assert_int_equal(found, LOCATION_KAMAILIO);
	sql(fixture_db, "ALTER TABLE location ADD COLUMN contact_id INTEGER");
	assert_int_equal(inspected(&e), -EPROTONOSUPPORT);
	assert_non_null(strstr(e.what, "OpenSIPS"));
	assert_int_equal(found, LOCATION_OPENSIPS);
	sql(fixture_db, "DROP TABLE location");
	assert_int_equal(inspected(&e), -EPROTONOSUPPORT);
	assert_non_null(strstr(e.what, "no table"));
	assert_true(e.hint[0]);
}

TEST(pages_go_through_the_table_without_a_gap)
{
	UNUSED_STATE;
	struct err e = ERR_NONE;
	size_t rows = 0, pages = 0;
	int64_t after = INT64_MIN;

	sql(fixture_db, "INSERT INTO location (id, ruid) VALUES (-3, 'below')");
	add_phones(fixture_db, 1, 1200);
	db = opened();
	do {
		assert_int_equal(db->ops->read_page(db, after, batch, &e), 0);
		assert_true(batch->count <= LOCATION_PAGE_ROWS);
		/* Somebody waits for the first one. */
		if (pages == 0)
			assert_int_equal(batch->count, LOCATION_FIRST_ROWS);
		rows += batch->count;
		pages++;
		after = batch->last_id;
	} while (batch->more);
	assert_int_equal(rows, 1201);
	assert_int_equal(pages, 4);
}

TEST(one_row_is_found_by_its_key)
{
	UNUSED_STATE;
	struct err e = ERR_NONE;
	struct binding b = {.key = SLICE_LIT("uloc-1-2"), .ruid = SLICE_LIT("uloc-1-2")};

	add_phones(fixture_db, 1, 3);
	sql(fixture_db, "INSERT INTO location (id, username) VALUES (77, 'plain')");
	db = opened();
	assert_int_equal(db->ops->read_one(db, &b, batch, &e), 0);
	assert_int_equal(batch->count, 1);
	assert_slice_equal(batch->rows[0].user, "user2");
	b = (struct binding){.key = SLICE_LIT("id:77")};
	assert_int_equal(db->ops->read_one(db, &b, batch, &e), 0);
	assert_slice_equal(batch->rows[0].user, "plain");
	b.key = SLICE_LIT("id:78");
	assert_int_equal(db->ops->read_one(db, &b, batch, &e), 0);
	assert_int_equal(batch->count, 0);
}

TEST(a_row_is_deleted_only_as_it_was_shown)
{
	UNUSED_STATE;
	struct err e = ERR_NONE;
	struct binding *shown;
	unsigned deleted;

	add_phones(fixture_db, 1, 2);
	shown = binding_copy(first_row());
	sql(fixture_db, "UPDATE location SET cseq = cseq + 1 WHERE username = 'user1'");
	assert_int_equal(db->ops->remove(db, shown, &deleted, &e), 0);
	assert_int_equal(deleted, 0);
	sql(fixture_db,
	    "UPDATE location SET cseq = cseq - 1, expires = expires + 1 WHERE username = "
	    "'user1'");
	assert_int_equal(db->ops->remove(db, shown, &deleted, &e), 0);
	assert_int_equal(deleted, 0);
	sql(fixture_db, "UPDATE location SET expires = expires - 1 WHERE username = 'user1'");
	assert_int_equal(db->ops->remove(db, shown, &deleted, &e), 0);
	assert_int_equal(deleted, 1);
	free(shown);
	first_row();
	assert_int_equal(batch->count, 1);
	assert_slice_equal(batch->rows[0].user, "user2");
}

/* ---- following changes ----------------------------------------------------------------------- */

struct taken {
	int passes, ended, complete, key_passes;
	size_t rows, keys;
	struct clock_fake clock;
	struct location_reader *reader;
};

static void on_begin(void *ctx, bool keys)
{
	((struct taken *)ctx)->passes += !keys;
	((struct taken *)ctx)->key_passes += keys;
}

static void on_take(void *ctx, struct location_batch *b)
{
	*(b->keys_only ? &((struct taken *)ctx)->keys : &((struct taken *)ctx)->rows) += b->count;
	location_batch_free(b);
}

static void on_end(void *ctx, bool complete)
{
	((struct taken *)ctx)->ended++;
	((struct taken *)ctx)->complete += complete;
}

/* Time passes while something is read: each look at the clock is one millisecond. */
static int64_t ticking_us(void *ctx)
{
	struct clock_fake *f = ctx;

	clock_fake_advance(f, 1);
	return f->mono;
}

static void reader_begin(struct taken *t)
{
	struct location_taker taker = {t, on_begin, on_take, on_end, NULL};

	memset(t, 0, sizeof(*t));
	clock_fake_init(&t->clock, 0);
	t->clock.clock.mono_us = ticking_us;
	t->clock.clock.ctx = &t->clock;
	t->reader =
		location_reader_new(location_db_open(fixture_db, NULL), &t->clock.clock, &taker);
}

static int look(struct taken *t, struct location_look *l)
{
	struct err e = ERR_NONE;

	t->rows = 0;
	return location_reader_look(t->reader, false, l, &e);
}

TEST(a_small_table_is_read_whole_whenever_it_changed_and_only_then)
{
	UNUSED_STATE;
	struct taken t;
	struct location_look l;

	add_phones(fixture_db, 1, 700);
	reader_begin(&t);
	assert_int_equal(look(&t, &l), 0);
	assert_true(l.passed && l.complete);
	assert_int_equal(t.rows, 700);
	assert_int_equal(look(&t, &l), 0);
	assert_false(l.changed);
	assert_int_equal(t.rows, 0);
	sql(fixture_db, "DELETE FROM location WHERE username = 'user9'");
	assert_int_equal(look(&t, &l), 0);
	assert_true(l.passed && l.complete);
	assert_int_equal(t.rows, 699);
	assert_int_equal(t.complete, 2);
	location_reader_free(t.reader);
}

TEST(a_large_table_is_followed_by_what_is_new_and_what_was_refreshed)
{
	UNUSED_STATE;
	struct taken t;
	struct location_look l;

	add_phones(fixture_db, 1, 9000);
	sql(fixture_db, "UPDATE location SET last_modified = " JULIAN(1999999000) " WHERE id > 1");
	reader_begin(&t);
	assert_int_equal(look(&t, &l), 0);
	assert_int_equal(l.rows, 9000);
	/* Well before the next pass, the scan of what was refreshed has rested enough. */
	add_phones(fixture_db, 9001, 3);
	sql(fixture_db,
	    "UPDATE location SET last_modified = " JULIAN(2000000300) ", cseq = 2 WHERE id "
								      "IN (5, 4000, 8999)");
	assert_int_equal(look(&t, &l), 0);
	assert_true(l.changed);
	assert_false(l.passed);
	/* Three new, three refreshed, and the one that was the newest before. */
	assert_int_equal(t.rows, 7);
	location_reader_free(t.reader);
}

TEST(a_large_table_rests_nine_times_as_long_as_a_pass_took)
{
	UNUSED_STATE;
	struct taken t;
	struct location_look l;
	int64_t began;

	add_phones(fixture_db, 1, 6000);
	reader_begin(&t);
	assert_int_equal(look(&t, &l), 0);
	began = t.clock.mono;
	sql(fixture_db, "DELETE FROM location WHERE id = 17");
	do {
		assert_int_equal(look(&t, &l), 0);
	} while (!l.passed && t.clock.mono < began + 1000000);
	/* A pass took two looks at the clock, one of them counted: one millisecond. */
	assert_true(l.passed);
	assert_true(t.clock.mono - began >= 9000);
	assert_int_equal(t.rows, 5999);
	/* All is read: nothing more is owed. */
	while (look(&t, &l) == 0 && l.changed)
		assert_true(t.clock.mono < began + 1000000);
	location_reader_free(t.reader);
}

TEST(what_has_gone_from_a_large_table_is_missed_among_the_keys)
{
	UNUSED_STATE;
	struct taken t;
	struct location_look l;

	add_phones(fixture_db, 1, 6000);
	reader_begin(&t);
	assert_int_equal(look(&t, &l), 0);
	sql(fixture_db, "DELETE FROM location WHERE id IN (17, 4000)");
	while (look(&t, &l) == 0 && !t.key_passes)
		assert_false(l.passed);
	assert_int_equal(t.key_passes, 1);
	assert_int_equal(t.keys, 5998);
	assert_int_equal(t.ended, 2);
	assert_int_equal(t.complete, 2);
	/* nothing changed since: only the rested pass is still owed */
	for (int i = 0; i < 20; i++)
		assert_int_equal(look(&t, &l), 0);
	assert_int_equal(t.key_passes, 1);
	location_reader_free(t.reader);
}

TEST(rows_without_a_key_of_their_own_are_missed_by_complete_passes)
{
	UNUSED_STATE;
	struct taken t;
	struct location_look l;

	add_phones(fixture_db, 1, 6000);
	sql(fixture_db, "UPDATE location SET ruid = '' WHERE id = 3");
	reader_begin(&t);
	assert_int_equal(look(&t, &l), 0);
	sql(fixture_db, "DELETE FROM location WHERE id = 17");
	while (look(&t, &l) == 0 && !l.passed)
		assert_int_equal(t.key_passes, 0);
	assert_int_equal(t.passes, 2);
	assert_int_equal(t.rows, 5999);
	location_reader_free(t.reader);
}

TEST(a_writer_without_a_pause_leaves_an_incomplete_picture_and_no_lock)
{
	UNUSED_STATE;
	struct taken t;
	struct location_look l;
	struct writer w;

	add_phones(fixture_db, 1, 700);
	reader_begin(&t);
	assert_int_equal(look(&t, &l), 0);
	assert_true(writer_start(&w, "UPDATE location SET cseq = 5 WHERE id = 1; BEGIN EXCLUSIVE"));
	assert_int_equal(look(&t, &l), -EBUSY);
	assert_false(l.complete);
	assert_int_equal(t.ended, 2);
	assert_int_equal(t.complete, 1);
	writer_end(&w);
	/* What is owed is read although nothing changed since. */
	assert_int_equal(look(&t, &l), 0);
	assert_true(l.complete);
	assert_int_equal(t.rows, 700);
	location_reader_free(t.reader);
}

TEST(a_table_that_vanished_keeps_the_picture_and_is_read_again_when_it_returns)
{
	UNUSED_STATE;
	struct taken t;
	struct location_look l;

	add_phones(fixture_db, 1, 10);
	reader_begin(&t);
	assert_int_equal(look(&t, &l), 0);
	assert_int_equal(unlink(fixture_db), 0);
	assert_int_equal(look(&t, &l), -ENOENT);
	assert_int_equal(t.passes, 1);
	sql(fixture_db, "CREATE TABLE other (a)");
	assert_int_equal(look(&t, &l), -EPROTONOSUPPORT);
	assert_int_equal(t.passes, 1);
	sql(fixture_db, LOCATION_SCHEMA);
	add_phones(fixture_db, 1, 4);
	assert_int_equal(look(&t, &l), 0);
	assert_true(l.passed);
	assert_int_equal(t.rows, 4);
	location_reader_free(t.reader);
}

#define U(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

TEST(each_row_has_the_node_that_it_names)
{
	static const char *const nodes[] = {"", "3", "3", "", "3", "-4", "9223372036854775807", ""};
	struct err e = ERR_NONE;

	UNUSED_STATE;
	sql(fixture_db, "INSERT INTO location (ruid, server_id) VALUES ('a', 0), ('b', 3), "
			"('c', 3), ('d', 0), ('e', 3), ('f', -4), ('g', 9223372036854775807), "
			"('h', 0)");
	db = opened();
	for (int again = 0; again < 2; again++) {
		assert_int_equal(db->ops->read_page(db, INT64_MIN, batch, &e), 0);
		assert_int_equal(batch->count, 8);
		for (size_t i = 0; i < 8; i++)
			assert_slice_equal(batch->rows[i].node, nodes[i]);
	}
}

TEST(dates_as_text_are_seconds_of_a_calendar)
{
	static const char *const bad[] = {
		"2026-13-01 00:00:00", "2026-00-01 00:00:00",
		"2026-01-32 00:00:00", "2026-01-01 24:00:00",
		"2026-01-01 00:60:00", "2026-01-01T00:00:00",
		"2026-01-01 00:00:0",  "2026-01-01 00:00:0x",
		"0000-00-00 00:00:00", "",
	};
	int64_t s, ms;

	UNUSED_STATE;
	for (int64_t t = -2000000000; t < 4000000000; t += 86400 * 9 + 12345) {
		char text[24];

		text_rfc3339(t, text);
		assert_true(text_parse_rfc3339(slice_make(text, 20), &ms));
		text[10] = ' ';
		assert_true(location_parse_date(slice_make(text, 19), &s));
		assert_int_equal(s, ms / 1000);
		assert_int_equal(s, t);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(location_parse_date(slice_of(bad[i]), &s));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		U(dates_as_text_are_seconds_of_a_calendar),
		U(every_column_reaches_the_binding),
		U(nulls_and_defaults_mean_unknown),
		U(every_second_survives_the_julian_day),
		U(unix_seconds_whole_julian_days_and_text_are_told_apart),
		U(the_epoch_in_any_form_is_permanent),
		U(a_contact_added_by_rpc_was_never_refreshed),
		U(each_row_has_the_node_that_it_names),
		U(hostile_values_do_no_harm),
		U(schemas_are_recognised_and_refused_in_words),
		U(pages_go_through_the_table_without_a_gap),
		U(one_row_is_found_by_its_key),
		U(a_row_is_deleted_only_as_it_was_shown),
		U(a_small_table_is_read_whole_whenever_it_changed_and_only_then),
		U(a_large_table_is_followed_by_what_is_new_and_what_was_refreshed),
		U(a_large_table_rests_nine_times_as_long_as_a_pass_took),
		U(what_has_gone_from_a_large_table_is_missed_among_the_keys),
		U(rows_without_a_key_of_their_own_are_missed_by_complete_passes),
		U(a_writer_without_a_pause_leaves_an_incomplete_picture_and_no_lock),
		U(a_table_that_vanished_keeps_the_picture_and_is_read_again_when_it_returns),
	};

	writer_main(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
