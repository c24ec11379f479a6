/* The least that reads a whole location table from a database server: SELECT *, row by row, each
 * cell looked at and forgotten. */
#include <stdio.h>
#include <string.h>
#include "source/sql/sql.h"

static void look(void *ctx, const struct slice *cells, unsigned count)
{
	unsigned long *sum = ctx;

	for (unsigned i = 0; i < count; i++)
		*sum += cells[i].n;
}

/* usage: server_floor ADDRESS */
int main(int argc, char **argv)
{
	struct err e = ERR_NONE;
	unsigned long sum = 0;
	struct db_url *u = argc == 2 ? db_url_parse(argv[1], &e) : NULL;
	struct sql *s = NULL;
	int rc = -1;

	if (u)
		s = strncmp(argv[1], "mysql", 5) == 0 ? sql_mysql_open(u, false, &e)
						      : sql_postgres_open(u, false, &e);
	if (s) {
		rc = s->ops->run(s, "SELECT * FROM location", look, &sum, NULL, &e);
		s->ops->close(s);
	}
	db_url_free(u);
	if (rc < 0) {
		fprintf(stderr, "server_floor: %s\n", e.what);
		return 1;
	}
	printf("bytes %lu\n", sum);
	return 0;
}
