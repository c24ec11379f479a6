/* Addresses of databases as registrars write them: turned into those of -s, compared, and shown
 * without their passwords. */
#ifndef REGTOP_DISCOVER_URL_H
#define REGTOP_DISCOVER_URL_H

#include "discover/place.h"

/* A db_url of Kamailio's or OpenSIPS's as -s understands it; NULL for one that cannot be read.
 * Caller frees. */
char *discover_url_read(const struct discover_place *p, struct slice db_url);
/* From its parts, which may be empty; kind as in -s. NULL when host_port is none. Caller frees. */
char *discover_url_make(const char *kind, struct slice user, struct slice password,
			struct slice host_port, struct slice database);
/* A text that is the same for two addresses of one database, whoever logs in. Caller frees. */
char *discover_url_key(const char *read);
/* The address without its password; *had tells whether there was one. Caller frees. */
char *discover_url_show(const char *read, bool *had);
/* Is it a database server's, whose times are those of a zone? */
bool discover_url_is_server(const char *read);

#endif
