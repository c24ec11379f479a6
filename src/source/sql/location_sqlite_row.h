/* A row of a location table in SQLite to a binding: what its columns and times mean. */
#ifndef REGTOP_SOURCE_SQL_LOCATION_SQLITE_ROW_H
#define REGTOP_SOURCE_SQL_LOCATION_SQLITE_ROW_H

#include <sqlite3.h>
#include "base/zone.h"
#include "source/sql/location.h"

struct location_sqlite_kind {
	enum location_dialect dialect;
	const struct zone *zone; /* of dates as text; NULL: UTC */
};

/* The text of a column, kept in the batch. */
struct slice location_sqlite_keep(struct location_batch *out, sqlite3_stmt *s, int column);
/* Adds the row on which s stands, whose columns are those of enum location_column. */
void location_sqlite_add(struct location_batch *out, sqlite3_stmt *s,
			 const struct location_sqlite_kind *k);

#endif
