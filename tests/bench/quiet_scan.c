/* What reading without locks costs: the same pages with sqlite_quiet and with SQLite's own locks,
 * and one look whether anything changed. */
#include <sqlite3.h>
#include <stdio.h>
#include "base/clock.h"
#include "source/sql/sqlite_quiet.h"

struct scan {
	sqlite3_int64 after; /* where the next page begins */
	sqlite3_int64 last;  /* of the page being read */
	unsigned long long rows, page_rows;
	double sum;
};

static int read_page(void *ctx, sqlite3 *db, unsigned attempt)
{
	struct scan *s = ctx;
	sqlite3_stmt *st;
	int rc = sqlite3_prepare_v2(db,
				    "SELECT id, ruid, username, domain, contact, received, "
				    "socket, expires, last_modified, user_agent FROM location "
				    "WHERE id > ?1 ORDER BY id LIMIT 500",
				    -1, &st, NULL);

	(void)attempt;
	s->page_rows = 0;
	if (rc != SQLITE_OK)
		return rc;
	sqlite3_bind_int64(st, 1, s->after);
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		s->last = sqlite3_column_int64(st, 0);
		for (int c = 1; c < 7; c++)
			s->sum += sqlite3_column_text(st, c) ? sqlite3_column_bytes(st, c) : 0;
		s->sum += sqlite3_column_double(st, 7) + sqlite3_column_double(st, 8);
		s->sum += sqlite3_column_text(st, 9) ? sqlite3_column_bytes(st, 9) : 0;
		s->page_rows++;
	}
	sqlite3_finalize(st);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* Milliseconds for the whole table; q or db. */
static double scan(struct sqlite_quiet *q, sqlite3 *db, unsigned long long *rows)
{
	struct scan s = {.after = -1};
	int64_t start = clock_mono_us(&clock_system);
	struct err e = ERR_NONE;

	do {
		if (q ? sqlite_quiet_read(q, read_page, &s, &e) != 0
		      : read_page(&s, db, 0) != SQLITE_OK)
			return -1;
		s.rows += s.page_rows;
		s.after = s.last;
	} while (s.page_rows > 0);
	*rows = s.rows;
	return (double)(clock_mono_us(&clock_system) - start) / 1e3;
}

int main(int argc, char **argv)
{
	unsigned long long rows = 0, same = 0;
	double quiet, locked;
	struct sqlite_quiet *q;
	struct err e = ERR_NONE;
	uint64_t stamp;
	int64_t start;
	sqlite3 *db;

	if (argc != 2) {
		fprintf(stderr, "usage: quiet_scan FILE\n");
		return 2;
	}
	q = sqlite_quiet_open(argv[1], &e);
	if (!q) {
		err_print(&e);
		return 1;
	}
	quiet = scan(q, NULL, &rows);
	start = clock_mono_us(&clock_system);
	for (int i = 0; i < 1000; i++)
		if (sqlite_quiet_stamp(q, &stamp, &e) < 0)
			return 1;
	printf("look_us %.3f\n", (double)(clock_mono_us(&clock_system) - start) / 1e3);
	sqlite_quiet_close(q);
	if (sqlite3_open_v2(argv[1], &db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK)
		return 1;
	locked = scan(NULL, db, &same);
	sqlite3_close(db);
	printf("rows %llu\nquiet_ms %.2f\nlocked_ms %.2f\n", rows, quiet, locked);
	return quiet < 0 || locked < 0 || rows != same;
}
