/* The lock-free reader: writers never notice it, and it never believes a torn page. */
#include <errno.h>
#include <sys/stat.h>
#include "source/sql/sqlite_quiet.h"
#include "location_fixture.h"

struct count {
	int rows, runs;
	const char *write_inside; /* run by another process during the first attempt */
	bool wrote;
};

static int page_count(void *ctx, struct sqlite3 *db, unsigned attempt)
{
	struct count *c = ctx;
	sqlite3_stmt *s;
	int rc = sqlite3_prepare_v2(db, "SELECT id, contact FROM location", -1, &s, NULL);

	if (rc != SQLITE_OK)
		return rc;
	c->runs++;
	c->rows = 0;
	while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
		c->rows++;
		if (c->rows == 1 && attempt == 0 && c->write_inside)
			c->wrote = writes(c->write_inside);
	}
	sqlite3_finalize(s);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static struct sqlite_quiet *opened(void)
{
	struct err e = ERR_NONE;
	struct sqlite_quiet *q = sqlite_quiet_open(fixture_db, &e);

	if (!q)
		fail_msg("%s", e.what);
	sqlite_quiet_set_patience(q, 100, NULL, NULL);
	return q;
}

static int rows_of(struct sqlite_quiet *q)
{
	struct count c = {0};
	struct err e = ERR_NONE;

	if (sqlite_quiet_read(q, page_count, &c, &e) < 0)
		fail_msg("%s", e.what);
	return c.rows;
}

static uint64_t stamp_of(struct sqlite_quiet *q)
{
	uint64_t stamp = 0;
	struct err e = ERR_NONE;

	if (sqlite_quiet_stamp(q, &stamp, &e) < 0)
		fail_msg("%s", e.what);
	return stamp;
}

TEST(a_table_is_read)
{
	UNUSED_STATE;
	struct sqlite_quiet *q;

	add_phones(fixture_db, 1, 3);
	q = opened();
	assert_int_equal(rows_of(q), 3);
	sqlite_quiet_close(q);
}

static void a_writer_passes(const char *mode)
{
	struct count c = {.write_inside = "INSERT INTO location (ruid) VALUES ('new')"};
	struct err e = ERR_NONE;
	struct sqlite_quiet *q;

	sql(fixture_db, mode);
	add_phones(fixture_db, 1, 2);
	q = opened();
	assert_int_equal(sqlite_quiet_read(q, page_count, &c, &e), 0);
	assert_true(c.wrote);
	sqlite_quiet_close(q);
	/* What was read during the write is thrown away and read again. */
	assert_int_equal(c.runs, 2);
	assert_int_equal(c.rows, 3);
}

TEST(a_writer_without_patience_commits_while_a_page_is_read)
{
	UNUSED_STATE;
	a_writer_passes("PRAGMA journal_mode=delete");
}

TEST(the_same_holds_for_a_truncated_journal)
{
	UNUSED_STATE;
	a_writer_passes("PRAGMA journal_mode=truncate");
}

TEST(the_same_holds_for_a_persistent_journal)
{
	UNUSED_STATE;
	a_writer_passes("PRAGMA journal_mode=persist");
}

TEST(a_writer_commits_while_a_wal_page_is_read)
{
	UNUSED_STATE;
	struct count c = {.write_inside = "INSERT INTO location (ruid) VALUES ('new')"};
	struct err e = ERR_NONE;
	struct sqlite_quiet *q;

	sql(fixture_db, "PRAGMA journal_mode=wal");
	add_phones(fixture_db, 1, 2);
	q = opened();
	assert_int_equal(sqlite_quiet_read(q, page_count, &c, &e), 0);
	assert_true(c.wrote);
	/* A WAL read is consistent: the old picture, once. */
	assert_int_equal(c.runs, 1);
	assert_int_equal(c.rows, 2);
	assert_int_equal(rows_of(q), 3);
	sqlite_quiet_close(q);
}

static int busy_page(void *ctx, struct sqlite3 *db, unsigned attempt)
{
	(void)db;
	(void)attempt;
	++*(int *)ctx;
	return SQLITE_OK;
}

TEST(a_page_waits_for_a_writer_and_gives_up_in_words)
{
	UNUSED_STATE;
	struct writer w;
	struct err e = ERR_NONE;
	struct sqlite_quiet *q;
	int runs = 0;

	add_phones(fixture_db, 1, 2);
	q = opened();
	assert_true(writer_start(&w, "BEGIN EXCLUSIVE; DELETE FROM location"));
	assert_int_equal(sqlite_quiet_read(q, busy_page, &runs, &e), -EBUSY);
	assert_int_equal(runs, 0);
	assert_non_null(strstr(e.what, "written without a pause"));
	assert_true(e.hint[0]);
	writer_end(&w);
	sqlite_quiet_close(q);
}

static bool always(void *ctx)
{
	(void)ctx;
	return true;
}

TEST(a_wait_is_ended_early_when_asked)
{
	UNUSED_STATE;
	struct writer w;
	struct err e = ERR_NONE;
	struct sqlite_quiet *q;
	int runs = 0;

	q = opened();
	sqlite_quiet_set_patience(q, 100000, always, NULL);
	assert_true(writer_start(&w, "BEGIN IMMEDIATE; DELETE FROM location"));
	assert_int_equal(sqlite_quiet_read(q, busy_page, &runs, &e), -ECANCELED);
	writer_end(&w);
	sqlite_quiet_close(q);
}

/* A transaction that did not fit into the writer's cache has changed the file before its end. */
#define SPILL                                                                                      \
	"PRAGMA cache_size=5; BEGIN; UPDATE location SET user_agent = hex(randomblob(100)); "      \
	"SELECT count(*) FROM location"

TEST(a_journal_of_a_dead_writer_is_waited_for_and_never_rolled_back)
{
	UNUSED_STATE;
	char journal[128];
	struct writer w;
	struct err e = ERR_NONE;
	struct sqlite_quiet *q;
	struct count c = {0};
	struct stat before, after;

	add_phones(fixture_db, 1, 3000);
	assert_true(writer_start(&w, SPILL));
	writer_kill(&w);
	snprintf(journal, sizeof(journal), "%s-journal", fixture_db);
	assert_int_equal(stat(journal, &before), 0);
	q = opened();
	assert_int_equal(sqlite_quiet_read(q, page_count, &c, &e), -EBUSY);
	assert_int_equal(c.runs, 0);
	assert_non_null(strstr(e.what, "unfinished journal"));
	assert_int_equal(stat(journal, &after), 0);
	assert_int_equal(before.st_size, after.st_size);
	assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
	/* The registrar comes back and repairs it. */
	assert_true(writes("SELECT count(*) FROM location"));
	assert_int_equal(rows_of(q), 3000);
	sqlite_quiet_close(q);
}

static int page_spilled(void *ctx, struct sqlite3 *db, unsigned attempt)
{
	struct count *c = ctx;
	sqlite3_stmt *s;
	int rc = sqlite3_prepare_v2(db, "SELECT sum(length(user_agent)) FROM location", -1, &s,
				    NULL);

	if (rc != SQLITE_OK)
		return rc;
	c->runs++;
	if (attempt == 0)
		c->wrote = writes(c->write_inside);
	rc = sqlite3_step(s);
	c->rows = rc == SQLITE_ROW ? sqlite3_column_int(s, 0) : -1;
	sqlite3_finalize(s);
	return rc == SQLITE_ROW ? SQLITE_OK : rc;
}

TEST(a_rolled_back_transaction_leaves_no_trace_in_the_picture)
{
	UNUSED_STATE;
	struct count c = {.write_inside = SPILL "; ROLLBACK"};
	struct err e = ERR_NONE;
	struct sqlite_quiet *q;

	add_phones(fixture_db, 1, 3000);
	q = opened();
	assert_int_equal(sqlite_quiet_read(q, page_spilled, &c, &e), 0);
	assert_true(c.wrote);
	assert_int_equal(c.runs, 2);
	assert_int_equal(c.rows, 0);
	sqlite_quiet_close(q);
}

TEST(the_stamp_moves_with_every_commit_and_only_then)
{
	UNUSED_STATE;
	struct sqlite_quiet *q;

	for (int wal = 0; wal < 2; wal++) {
		uint64_t was;

		if (wal)
			sql(fixture_db, "PRAGMA journal_mode=wal");
		q = opened();
		was = stamp_of(q);
		assert_true(stamp_of(q) == was);
		add_phones(fixture_db, 10 + (unsigned)wal, 1);
		assert_true(stamp_of(q) != was);
		was = stamp_of(q);
		assert_true(stamp_of(q) == was);
		sqlite_quiet_close(q);
	}
}

TEST(a_change_of_the_journal_mode_is_followed)
{
	UNUSED_STATE;
	struct sqlite_quiet *q;
	uint64_t was;

	add_phones(fixture_db, 1, 1);
	q = opened();
	assert_int_equal(rows_of(q), 1);
	was = stamp_of(q);
	sql(fixture_db, "PRAGMA journal_mode=wal");
	add_phones(fixture_db, 2, 1);
	assert_true(stamp_of(q) != was);
	assert_int_equal(rows_of(q), 2);
	sqlite_quiet_close(q);
	sql(fixture_db, "PRAGMA journal_mode=delete");
	q = opened();
	assert_int_equal(rows_of(q), 2);
	sqlite_quiet_close(q);
}

/* As cp does: the same inode gets the bytes of the other file. */
static void copy_over(const char *from, const char *to)
{
	char bytes[4096];
	FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
	size_t n;

	assert_non_null(in);
	assert_non_null(out);
	while ((n = fread(bytes, 1, sizeof(bytes), in)) > 0)
		assert_int_equal(fwrite(bytes, 1, n, out), n);
	fclose(in);
	fclose(out);
}

static uint32_t counter_of(const char *path)
{
	unsigned char h[28] = {0};
	FILE *f = fopen(path, "rb");

	assert_non_null(f);
	assert_int_equal(fread(h, 1, sizeof(h), f), sizeof(h));
	fclose(f);
	return (uint32_t)h[24] << 24 | (uint32_t)h[25] << 16 | (uint32_t)h[26] << 8 | h[27];
}

TEST(a_copy_over_the_file_is_noticed_though_its_counter_is_the_same)
{
	UNUSED_STATE;
	char other[128];
	struct sqlite_quiet *q;
	uint64_t was;

	/* as many commits, so the same counter; more rows */
	snprintf(other, sizeof(other), "%s/other", fixture_dir);
	sql(other, LOCATION_SCHEMA);
	add_phones(fixture_db, 1, 1);
	add_phones(other, 1, 500);
	assert_int_equal(counter_of(other), counter_of(fixture_db));
	q = opened();
	assert_int_equal(rows_of(q), 1);
	was = stamp_of(q);
	copy_over(other, fixture_db);
	assert_true(stamp_of(q) != was);
	assert_int_equal(rows_of(q), 500);
	was = stamp_of(q);
	assert_true(stamp_of(q) == was);
	sqlite_quiet_close(q);
	unlink(other);
}

TEST(a_file_that_was_replaced_is_followed)
{
	UNUSED_STATE;
	char other[128];
	struct sqlite_quiet *q;
	uint64_t was;

	add_phones(fixture_db, 1, 1);
	q = opened();
	assert_int_equal(rows_of(q), 1);
	was = stamp_of(q);
	snprintf(other, sizeof(other), "%s/other", fixture_dir);
	sql(other, LOCATION_SCHEMA);
	add_phones(other, 1, 5);
	assert_int_equal(rename(other, fixture_db), 0);
	assert_true(stamp_of(q) != was);
	assert_int_equal(rows_of(q), 5);
	sqlite_quiet_close(q);
}

TEST(a_file_that_vanished_is_trouble_until_it_returns)
{
	UNUSED_STATE;
	struct sqlite_quiet *q;
	struct count c = {0};
	struct err e = ERR_NONE;
	uint64_t stamp;

	q = opened();
	assert_int_equal(unlink(fixture_db), 0);
	assert_int_equal(sqlite_quiet_read(q, page_count, &c, &e), -ENOENT);
	assert_int_equal(sqlite_quiet_stamp(q, &stamp, &e), -ENOENT);
	assert_non_null(strstr(e.what, "does not exist"));
	sql(fixture_db, LOCATION_SCHEMA);
	add_phones(fixture_db, 1, 4);
	assert_int_equal(rows_of(q), 4);
	sqlite_quiet_close(q);
}

static int code_of_open(const char *path)
{
	struct err e = ERR_NONE;
	struct sqlite_quiet *q = sqlite_quiet_open(path, &e);

	assert_null(q);
	assert_true(e.what[0]);
	return e.code;
}

static void put_file(const char *path, const char *bytes, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, n), n);
	close(fd);
}

TEST(what_is_no_database_is_told_apart)
{
	UNUSED_STATE;
	char other[128], rubbish[200];

	snprintf(other, sizeof(other), "%s/other", fixture_dir);
	assert_int_equal(code_of_open(other), -ENOENT);
	put_file(other, "", 0);
	assert_int_equal(code_of_open(other), -ENODATA);
	put_file(other, "#!/bin/sh\n", 10);
	assert_int_equal(code_of_open(other), -EILSEQ);
	memset(rubbish, 'x', sizeof(rubbish));
	put_file(other, rubbish, sizeof(rubbish));
	assert_int_equal(code_of_open(other), -EILSEQ);
	assert_int_equal(code_of_open(fixture_dir), -EPROTONOSUPPORT);
	assert_int_equal(code_of_open("/dev/null"), -EPROTONOSUPPORT);
}

TEST(a_file_of_somebody_else_is_told_with_a_hint)
{
	UNUSED_STATE;
	struct err e = ERR_NONE;
	struct sqlite_quiet *q;
	uid_t me = geteuid();

	/* root may read everything, so it becomes nobody for a moment. */
	assert_int_equal(chmod(fixture_db, 0), 0);
	if (me == 0)
		assert_int_equal(seteuid(65534), 0);
	q = sqlite_quiet_open(fixture_db, &e);
	if (me == 0)
		assert_int_equal(seteuid(0), 0);
	assert_null(q);
	assert_int_equal(e.code, -EACCES);
	assert_true(e.hint[0]);
}

TEST(a_damaged_database_is_trouble_and_a_repaired_one_is_read)
{
	UNUSED_STATE;
	struct sqlite_quiet *q;
	struct count c = {0};
	struct err e = ERR_NONE;
	char good[2048], bad[2048];
	int fd;

	add_phones(fixture_db, 1, 200);
	q = opened();
	fd = open(fixture_db, O_RDWR);
	assert_int_equal(pread(fd, good, sizeof(good), 4096), sizeof(good));
	memset(bad, 0x5a, sizeof(bad));
	assert_int_equal(pwrite(fd, bad, sizeof(bad), 4096), sizeof(bad));
	assert_int_equal(sqlite_quiet_read(q, page_count, &c, &e), -EILSEQ);
	assert_non_null(strstr(e.what, "damaged"));
	assert_int_equal(pwrite(fd, good, sizeof(good), 4096), sizeof(good));
	close(fd);
	assert_int_equal(rows_of(q), 200);
	sqlite_quiet_close(q);
}

TEST(names_with_uri_characters_are_opened_as_they_are)
{
	UNUSED_STATE;
	char odd[160];
	struct sqlite_quiet *q;

	snprintf(odd, sizeof(odd), "%s/a%%41?vfs=x#b c", fixture_dir);
	assert_int_equal(rename(fixture_db, odd), 0);
	q = sqlite_quiet_open(odd, NULL);
	assert_non_null(q);
	assert_int_equal(rows_of(q), 0);
	sqlite_quiet_close(q);
	assert_int_equal(rename(odd, fixture_db), 0);
}

TEST(a_short_write_reports_a_writer_that_stays)
{
	UNUSED_STATE;
	struct writer w;
	struct err e = ERR_NONE;
	struct sqlite_quiet *q = opened();
	struct count c = {0};

	assert_int_equal(sqlite_quiet_write(q, 20, page_count, &c, &e), 0);
	assert_true(writer_start(&w, "BEGIN EXCLUSIVE"));
	assert_int_equal(sqlite_quiet_write(q, 20, page_count, &c, &e), -EBUSY);
	writer_end(&w);
	sqlite_quiet_close(q);
}

#define U(name) cmocka_unit_test_setup_teardown(name, make_table, remove_dir)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		U(a_table_is_read),
		U(a_writer_without_patience_commits_while_a_page_is_read),
		U(the_same_holds_for_a_truncated_journal),
		U(the_same_holds_for_a_persistent_journal),
		U(a_writer_commits_while_a_wal_page_is_read),
		U(a_page_waits_for_a_writer_and_gives_up_in_words),
		U(a_wait_is_ended_early_when_asked),
		U(a_journal_of_a_dead_writer_is_waited_for_and_never_rolled_back),
		U(a_rolled_back_transaction_leaves_no_trace_in_the_picture),
		U(the_stamp_moves_with_every_commit_and_only_then),
		U(a_change_of_the_journal_mode_is_followed),
		U(a_copy_over_the_file_is_noticed_though_its_counter_is_the_same),
		U(a_file_that_was_replaced_is_followed),
		U(a_file_that_vanished_is_trouble_until_it_returns),
		U(what_is_no_database_is_told_apart),
		U(a_file_of_somebody_else_is_told_with_a_hint),
		U(a_damaged_database_is_trouble_and_a_repaired_one_is_read),
		U(names_with_uri_characters_are_opened_as_they_are),
		U(a_short_write_reports_a_writer_that_stays),
	};

	writer_main(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
