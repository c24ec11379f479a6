/* OpenSIPS's table: what its columns mean, how it is told from Kamailio's, and how changes are
 * followed where ids are no order of time. */
#include <errno.h>
#include <time.h>
#include "base/clock.h"
#include "source/sql/location_reader.h"
#include "location_fixture.h"

/* Version 1013, with the columns and types of facts/kamailio-opensips 5.1. */
#define OPENSIPS_SCHEMA                                                                            \
	"CREATE TABLE location (contact_id INTEGER PRIMARY KEY NOT NULL, username CHAR(64) "       \
	"DEFAULT '' NOT NULL, domain CHAR(64), contact CHAR(255) DEFAULT '' NOT NULL, received "   \
	"CHAR(255), path CHAR(255), expires INTEGER NOT NULL, q FLOAT(10,2) DEFAULT 1.0 NOT "      \
	"NULL, callid CHAR(255) DEFAULT 'Default-Call-ID' NOT NULL, cseq INTEGER DEFAULT 13 NOT "  \
	"NULL, last_modified DATETIME DEFAULT '1900-01-01 00:00:01' NOT NULL, flags INTEGER "      \
	"DEFAULT 0 NOT NULL, cflags CHAR(255), user_agent CHAR(255) DEFAULT '' NOT NULL, socket "  \
	"CHAR(64), methods INTEGER, sip_instance CHAR(255), kv_store TEXT, attr CHAR(255));"       \
	"CREATE TABLE version (table_name CHAR(32) NOT NULL, table_version INTEGER NOT NULL);"     \
	"INSERT INTO version VALUES ('location', 1013);"

static struct location_batch *batch;
static struct location_db *db;

static struct location_db *opened(const char *options, enum location_dialect dialect)
{
	struct err e = ERR_NONE;
	char place[200];
	struct location_db *opening;

	snprintf(place, sizeof(place), "%s%s", fixture_db, options);
	opening = location_db_open_as(place, dialect, &e);
	if (!opening)
		fail_msg("%s %s", e.what, e.hint);
	return opening;
}

static int setup(void **state)
{
	setenv("TZ", "UTC", 1);
	tzset();
	if (make_dir(state) < 0)
		return -1;
	sql(fixture_db, OPENSIPS_SCHEMA);
	batch = location_batch_new();
	db = opened("", LOCATION_OPENSIPS);
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

	if (db->ops->read_page(db, INT64_MIN, batch, &e) < 0)
		fail_msg("%s", e.what);
	assert_true(batch->count > 0);
	return &batch->rows[0];
}

#define ALICE                                                                                      \
	"INSERT INTO location VALUES (3421836244512771001, 'alice', 'example.net', "               \
	"'sip:a@10.0.0.1:5071', 'sip:127.0.0.1:50789', '<sip:edge;lr>', 1795346600, 0.7, "         \
	"'call@host', 12, '2026-11-22 11:13:20', 0, 'SIP_PING NAT', 'ua/1', 'udp:127.0.0.1:5095'," \
	" 303, '<urn:uuid:1>', '{}', 'x')"

TEST(every_column_reaches_the_binding)
{
	UNUSED_STATE;
	const struct binding *b;

	sql(fixture_db, ALICE);
	b = first_row();
	assert_slice_equal(b->key, "3421836244512771001");
	assert_true(slice_empty(b->ruid) && slice_empty(b->node));
	assert_slice_equal(b->user, "alice");
	assert_slice_equal(b->domain, "example.net");
	assert_slice_equal(b->contact, "sip:a@10.0.0.1:5071");
	assert_slice_equal(b->received, "sip:127.0.0.1:50789");
	assert_slice_equal(b->path, "<sip:edge;lr>");
	assert_int_equal(b->expires_s, 1795346600);
	assert_int_equal(b->refreshed_s, 1795346000);
	assert_int_equal(b->granted_s, 600);
	assert_int_equal(b->q_milli, 700);
	assert_slice_equal(b->call_id, "call@host");
	assert_int_equal(b->cseq, 12);
	assert_slice_equal(b->user_agent, "ua/1");
	assert_slice_equal(b->socket, "udp:127.0.0.1:5095");
	/* INVITE, CANCEL, ACK, BYE, OPTIONS, MESSAGE in Kamailio's bits */
	assert_int_equal(b->methods, 1 + 2 + 4 + 8 + 512 + 256);
	assert_slice_equal(b->instance, "<urn:uuid:1>");
	assert_int_equal(b->cflags, 0);
	assert_int_equal(batch->last_id, 3421836244512771001);
}

TEST(nulls_and_defaults_mean_unknown)
{
	UNUSED_STATE;
	const struct binding *b;

	sql(fixture_db, "INSERT INTO location (contact_id, username, contact, expires, q) VALUES "
			"(5, 'desk', 'sip:d@h', 0, -1), (6, 'old', 'sip:o@h', 10, 1)");
	b = first_row();
	assert_true(b->expires_s == BINDING_PERMANENT);
	assert_int_equal(b->refreshed_s, 0);
	assert_int_equal(b->granted_s, -1);
	assert_int_equal(b->q_milli, BINDING_Q_UNSET);
	assert_int_equal(b->methods, BINDING_METHODS_ALL);
	assert_true(slice_empty(b->domain) && slice_empty(b->instance));
	/* Only 0 is for ever. */
	assert_int_equal(batch->rows[1].expires_s, 10);
}

TEST(last_modified_is_in_the_zone_that_is_named)
{
	UNUSED_STATE;

	sql(fixture_db, ALICE);
	location_db_close(db);
	db = opened("?timezone=America/New_York", LOCATION_OPENSIPS);
	assert_int_equal(first_row()->refreshed_s, 1795346000 + 5 * 3600);
	assert_int_equal(first_row()->expires_s, 1795346600);
}

static int looked_at(enum location_dialect as, enum location_dialect *found, struct err *e)
{
	struct location_db *looked = opened("", as);
	int rc = looked->ops->inspect(looked, e);

	*found = location_db_dialect(looked);
	location_db_close(looked);
	return rc;
}

TEST(the_dialect_is_told_by_the_columns_and_the_version)
{
	UNUSED_STATE;
	struct err e = ERR_NONE;
	enum location_dialect found;

	assert_int_equal(looked_at(LOCATION_OPENSIPS, &found, &e), 0);
	assert_int_equal(found, LOCATION_OPENSIPS);
	assert_int_equal(looked_at(LOCATION_KAMAILIO, &found, &e), -EPROTONOSUPPORT);
	assert_int_equal(found, LOCATION_OPENSIPS);
	assert_non_null(strstr(e.what, "OpenSIPS"));
	sql(fixture_db, "UPDATE version SET table_version = 1012");
	assert_int_equal(looked_at(LOCATION_OPENSIPS, &found, &e), -EPROTONOSUPPORT);
	assert_non_null(strstr(e.what, "1012"));
	sql(fixture_db, "DROP TABLE version");
	assert_int_equal(looked_at(LOCATION_OPENSIPS, &found, &e), 0);
	sql(fixture_db, "ALTER TABLE location RENAME COLUMN sip_instance TO inst");
	assert_int_equal(looked_at(LOCATION_OPENSIPS, &found, &e), -EPROTONOSUPPORT);
	assert_non_null(strstr(e.what, "sip_instance"));
	sql(fixture_db, "DROP TABLE location;" LOCATION_SCHEMA);
	assert_int_equal(looked_at(LOCATION_OPENSIPS, &found, &e), -EPROTONOSUPPORT);
	assert_int_equal(found, LOCATION_KAMAILIO);
	assert_non_null(strstr(e.what, "is Kamailio's, not OpenSIPS's"));
}

TEST(one_row_is_found_and_deleted_only_as_it_was_shown)
{
	UNUSED_STATE;
	struct err e = ERR_NONE;
	struct binding *shown;
	unsigned deleted = 9;

	sql(fixture_db, ALICE);
	sql(fixture_db, "INSERT INTO location (contact_id, expires) VALUES (1, 5)");
	assert_int_equal(
		db->ops->read_one(db, &(struct binding){.key = SLICE_LIT("3421836244512771001")},
				  batch, &e),
		0);
	assert_int_equal(batch->count, 1);
	shown = binding_copy(&batch->rows[0]);
	sql(fixture_db, "UPDATE location SET cseq = 13 WHERE username = 'alice'");
	assert_int_equal(db->ops->remove(db, shown, &deleted, &e), 0);
	assert_int_equal(deleted, 0);
	sql(fixture_db, "UPDATE location SET cseq = 12, expires = expires + 1 WHERE username = "
			"'alice'");
	assert_int_equal(db->ops->remove(db, shown, &deleted, &e), 0);
	assert_int_equal(deleted, 0);
	sql(fixture_db, "UPDATE location SET expires = expires - 1 WHERE username = 'alice'");
	assert_int_equal(db->ops->remove(db, shown, &deleted, &e), 0);
	assert_int_equal(deleted, 1);
	free(shown);
	assert_slice_equal(first_row()->key, "1");
	assert_int_equal(batch->count, 1);
}

/* ---- following changes ----------------------------------------------------------------------- */

struct taken {
	int passes, key_passes;
	size_t rows, keys;
	struct clock_fake clock;
};

static void on_begin(void *ctx, bool keys)
{
	((struct taken *)ctx)->passes += !keys;
	((struct taken *)ctx)->key_passes += keys;
}

static void on_take(void *ctx, struct location_batch *b)
{
	struct taken *t = ctx;

	*(b->keys_only ? &t->keys : &t->rows) += b->count;
	location_batch_free(b);
}

static void on_end(void *ctx, bool complete)
{
	(void)ctx;
	assert_true(complete);
}

/* Time passes while something is read: each look at the clock is one millisecond. */
static int64_t ticking_us(void *ctx)
{
	struct clock_fake *f = ctx;

	clock_fake_advance(f, 1);
	return f->mono;
}

/* Ids as out of hashes: 2^46 apart, not beginning at the start. */
#define PHONES                                                                                     \
	"INSERT INTO location (contact_id, username, contact, expires, last_modified) WITH "       \
	"RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9000) SELECT (i + "   \
	"100) * 70368744177664, 'user' || i, 'sip:user' || i || '@192.0.2.1', 1795346600, "        \
	"'2026-11-22 11:00:00' FROM n"

TEST(new_rows_are_found_wherever_their_ids_are)
{
	static const struct {
		const char *id;
		size_t rows;
	} added[] = {{"7", 2}, {"35888059530608641", 3}, {"900000000000000001", 1}};
	struct taken t = {.passes = 0};
	struct location_taker taker = {&t, on_begin, on_take, on_end, NULL};
	struct location_reader *r;
	struct location_look l;
	struct err e = ERR_NONE;
	char text[300];

	UNUSED_STATE;
	sql(fixture_db, PHONES);
	clock_fake_init(&t.clock, 0);
	t.clock.clock.mono_us = ticking_us;
	t.clock.clock.ctx = &t.clock;
	r = location_reader_new(db, &t.clock.clock, &taker);
	db = opened("", LOCATION_OPENSIPS);
	assert_int_equal(location_reader_look(r, false, &l, &e), 0);
	assert_int_equal(t.rows, 9000);
	/* One that is refreshed, and moves on what is new: the first 9000 are no longer. */
	sql(fixture_db, "UPDATE location SET last_modified = '2026-11-22 11:10:00' WHERE "
			"contact_id = 9100 * 70368744177664");
	t.rows = 0;
	assert_int_equal(location_reader_look(r, false, &l, &e), 0);
	assert_false(l.passed);
	for (size_t i = 0; i < sizeof(added) / sizeof(added[0]); i++) {
		t.rows = t.keys = 0;
		/* half a minute before the newest: written by the next timer */
		snprintf(text, sizeof(text),
			 "INSERT INTO location (contact_id, username, contact, expires, "
			 "last_modified) VALUES (%s, 'new', 'sip:n@h', 1795346600, '2026-11-22 "
			 "11:09:30')",
			 added[i].id);
		sql(fixture_db, text);
		/* The scan rests between two of it. */
		for (int looks = 0; looks < 20 && t.rows == 0; looks++) {
			assert_int_equal(location_reader_look(r, false, &l, &e), 0);
			assert_false(l.passed);
		}
		/* With the refreshed one, and those that came before; the last is behind all
		 * others, where it is seen at once. */
		assert_int_equal(t.rows, added[i].rows);
	}
	/* What has gone is missed among the keys. */
	sql(fixture_db, "DELETE FROM location WHERE contact_id = 7");
	t.key_passes = 0;
	t.keys = 0;
	for (int looks = 0; looks < 40 && !t.key_passes; looks++)
		assert_int_equal(location_reader_look(r, false, &l, &e), 0);
	assert_int_equal(t.keys, 9002);
	assert_int_equal(t.passes, 1);
	location_reader_free(r);
}

static void on_end_early(void *ctx, bool complete)
{
	(void)ctx;
	assert_false(complete);
}

TEST(ids_that_do_not_grow_end_the_read)
{
	UNUSED_STATE;
	struct taken t = {.passes = 0};
	struct location_taker taker = {&t, on_begin, on_take, on_end_early, NULL};
	struct location_reader *r;
	struct location_look l;
	struct err e = ERR_NONE;

	/* Nothing says that contact_id is a number in this one: the same page would come for ever.
	 */
	sql(fixture_db,
	    "DROP TABLE location;"
	    "CREATE TABLE location (contact_id TEXT, username, domain, contact, received, "
	    "path, expires, q, callid, cseq, last_modified, flags, cflags, user_agent, "
	    "socket, methods, sip_instance, kv_store, attr);"
	    "INSERT INTO location (contact_id, expires) WITH RECURSIVE n(i) AS (SELECT 1 "
	    "UNION ALL SELECT i + 1 FROM n WHERE i < 200) SELECT 'x' || i, 1 FROM n");
	clock_fake_init(&t.clock, 0);
	r = location_reader_new(db, &t.clock.clock, &taker);
	db = opened("", LOCATION_OPENSIPS);
	assert_int_equal(location_reader_look(r, false, &l, &e), -EIO);
	assert_false(l.complete);
	assert_true(t.rows <= LOCATION_FIRST_ROWS);
	location_reader_free(r);
}

#define U(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		U(every_column_reaches_the_binding),
		U(nulls_and_defaults_mean_unknown),
		U(last_modified_is_in_the_zone_that_is_named),
		U(the_dialect_is_told_by_the_columns_and_the_version),
		U(one_row_is_found_and_deleted_only_as_it_was_shown),
		U(new_rows_are_found_wherever_their_ids_are),
		U(ids_that_do_not_grow_end_the_read),
	};

	writer_main(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
