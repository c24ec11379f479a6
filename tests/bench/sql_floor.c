/* The least code that reads a location table: what a load and a rescan are measured against. */
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct {
	const char *word, *sql;
} ways[] = {
	/* Every column of every row, nothing kept. */
	{"star", "SELECT * FROM location"},
	/* What a table view needs. */
	{"columns", "SELECT ruid, username, domain, contact, received, socket, expires, "
		    "last_modified, user_agent, cflags FROM location"},
};

int main(int argc, char **argv)
{
	unsigned long long rows = 0, bytes = 0;
	sqlite3_stmt *st;
	sqlite3 *db;
	size_t i = 0;

	while (argc == 3 && i < sizeof(ways) / sizeof(ways[0]) &&
	       strcmp(ways[i].word, argv[1]) != 0)
		i++;
	if (argc != 3 || i == sizeof(ways) / sizeof(ways[0])) {
		fprintf(stderr, "usage: sql_floor star|columns FILE\n");
		return 2;
	}
	if (sqlite3_open_v2(argv[2], &db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK ||
	    sqlite3_prepare_v2(db, ways[i].sql, -1, &st, NULL) != SQLITE_OK) {
		fprintf(stderr, "sql_floor: %s\n", sqlite3_errmsg(db));
		return 1;
	}
	while (sqlite3_step(st) == SQLITE_ROW) {
		int n = sqlite3_column_count(st);

		for (int c = 0; c < n; c++) {
			switch (sqlite3_column_type(st, c)) {
			case SQLITE_TEXT:
				bytes += (unsigned char)*sqlite3_column_text(st, c);
				bytes += (unsigned)sqlite3_column_bytes(st, c);
				break;
			case SQLITE_INTEGER:
				bytes += (unsigned long long)sqlite3_column_int64(st, c);
				break;
			case SQLITE_FLOAT:
				bytes += sqlite3_column_double(st, c) > 0;
				break;
			default:
				break;
			}
		}
		rows++;
	}
	sqlite3_finalize(st);
	sqlite3_close(db);
	printf("rows %llu\nsum %llu\n", rows, bytes);
	return 0;
}
