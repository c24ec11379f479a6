/* What a location table and its columns are called: the usual names, or those that an address
 * gives. */
#ifndef REGTOP_SOURCE_SQL_LOCATION_NAMES_H
#define REGTOP_SOURCE_SQL_LOCATION_NAMES_H

#include "source/sql/db_url.h"
#include "source/sql/location.h"

#define LOCATION_NAME_MAX 64

/* Only letters, digits, '_' and '$' are in them: between quotes they need no care. */
struct location_names {
	char table[LOCATION_NAME_MAX + 1];
	char columns[C_COUNT][LOCATION_NAME_MAX + 1];
};

/* Kamailio's names, but for what u's options name otherwise: table=, and those of Kamailio's usrloc
 * module for the columns (contact_column=). -EINVAL for what cannot be a name. */
int location_names_take(struct location_names *n, struct db_url *u, struct err *e);

#endif
