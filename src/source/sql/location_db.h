/* One contract for a location table, whatever database holds it: an SQLite file, or a server. */
#ifndef REGTOP_SOURCE_SQL_LOCATION_DB_H
#define REGTOP_SOURCE_SQL_LOCATION_DB_H

#include "base/err.h"
#include "source/sql/location.h"

struct location_db;

/* All return 0 or a negative code with *e; -EBUSY: no pause of the writers, a part may have been
 * read. What is said in location.h of the functions for SQLite holds for these too. */
struct location_db_ops {
	int (*inspect)(struct location_db *db, struct err *e);
	/* Differs when the table may have changed; its upper half when the connection is another
	 * one. */
	int (*stamp)(struct location_db *db, uint64_t *stamp, struct err *e);
	/* Where rows have no order (read_refreshed is NULL) a page goes on from the last one, and
	 * the ids are those of this pass alone. */
	int (*read_page)(struct location_db *db, int64_t after, struct location_batch *out,
			 struct err *e);
	/* NULL, both: only a complete pass tells what is new, refreshed or gone. */
	int (*read_refreshed)(struct location_db *db, int64_t after, int64_t upto, double since,
			      struct location_batch *out, struct err *e);
	int (*read_keys)(struct location_db *db, struct slice after, struct location_batch *out,
			 struct err *e);
	int (*read_one)(struct location_db *db, const struct binding *b, struct location_batch *out,
			struct err *e);
	/* -EINPROGRESS: it was told to, and whether it happened was not heard. All other codes: the
	 * row was not touched. */
	int (*remove)(struct location_db *db, const struct binding *b, unsigned *deleted,
		      struct err *e);
	/* Whoever waits for a pause of the writers asks stop whether to go on. May be NULL. */
	void (*heed)(struct location_db *db, bool (*stop)(void *ctx), void *ctx);
	/* From any thread: whoever waits for the database now gets -EPIPE. May be NULL. */
	void (*interrupt)(struct location_db *db);
	void (*close)(struct location_db *db);
};

/* Belongs to one thread at a time. */
struct location_db {
	const struct location_db_ops *ops;
	enum location_dialect dialect, found; /* what it is read as, and what it turned out to be */
	const char *table; /* what it is called, in the database and in the registrar's memory */
};

/* place is a path, behind which there may be options (PATH?table=x), or an address as in
 * sql/db_url.h. A server is connected to when it is first asked, so that one that is down now may
 * come back. inspect() refuses a table of another dialect. Call before threads run (base/zone.h).
 */
struct location_db *location_db_open_as(const char *place, enum location_dialect dialect,
					struct err *e);
/* As Kamailio's. */
struct location_db *location_db_open(const char *place, struct err *e);
/* Whose table it is, once inspect() has looked, also when it refused it; before that, whose it is
 * read as. */
enum location_dialect location_db_dialect(const struct location_db *db);
void location_db_close(struct location_db *db);
/* True for the address of a database server. */
bool location_db_is_server(const char *place);
/* A name to show for place: the file's, or the address without its password. */
void location_db_name(const char *place, char *out, size_t size);

/* ---- what there is, in location_sqlite.c, location_server.c and location_redis.c */
struct location_db *location_sqlite_open(const char *place, enum location_dialect dialect,
					 struct err *e);
/* How much of place is the path of a file: what is before a '?', unless that belongs to it. */
size_t location_sqlite_path(const char *place);
struct location_db *location_server_open(const char *address, enum location_dialect dialect,
					 struct err *e);
struct location_db *location_redis_open(const char *address, enum location_dialect dialect,
					struct err *e);

#endif
