/* What a location table and its columns are called, by dialect: the usual names, or those that an
 * address gives. */
#ifndef REGTOP_SOURCE_SQL_LOCATION_NAMES_H
#define REGTOP_SOURCE_SQL_LOCATION_NAMES_H

#include "source/sql/db_url.h"
#include "source/sql/location.h"

#define LOCATION_NAME_MAX 64

/* Only letters, digits, '_' and '$' are in them: between quotes they need no care. A column that
 * the dialect has not is empty. */
struct location_names {
	char table[LOCATION_NAME_MAX + 1];
	char columns[C_COUNT][LOCATION_NAME_MAX + 1];
};

/* The dialect's own names, but for what u's options name otherwise: table=, and those of its usrloc
 * module for the columns (contact_column=). -EINVAL for what cannot be a name. */
int location_names_take(struct location_names *n, enum location_dialect dialect, struct db_url *u,
			struct err *e);

/* "Kamailio", "OpenSIPS". */
const char *location_dialect_word(enum location_dialect dialect);
enum location_dialect location_other(enum location_dialect dialect);
/* The column by which a table is known to be of this dialect. */
const char *location_names_mark(enum location_dialect dialect);
/* -EPROTONOSUPPORT, in words: the table turned out to be of the dialect found. */
int location_names_refuse_dialect(const struct location_names *n, enum location_dialect found,
				  struct err *e);
/* 0 for a version that is known, and for 0, no version; else -EPROTONOSUPPORT. */
int location_names_check_version(const struct location_names *n, enum location_dialect dialect,
				 uint64_t version, struct err *e);

#endif
