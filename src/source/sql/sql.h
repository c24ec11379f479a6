/* The small contract of a database server's client: statements in, rows of text out. */
#ifndef REGTOP_SOURCE_SQL_SQL_H
#define REGTOP_SOURCE_SQL_SQL_H

#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"
#include "base/strbuf.h"
#include "source/sql/db_url.h"

/* A row's cells, in the order in which they were asked for; p is NULL for null. They live until
 * the function returns. */
typedef void sql_row_fn(void *ctx, const struct slice *cells, unsigned count);

struct sql;

struct sql_ops {
	/* One statement. row is called for each row and may be NULL; *changed, which may be NULL
	 * too, gets the number of rows that the statement changed. 0, or -EPIPE: the connection is
	 * gone; -ETIME: the server ended the statement; -EACCES; -EIO: the server refused it, in
	 * its own words. */
	int (*run)(struct sql *s, const char *statement, sql_row_fn *row, void *ctx,
		   uint64_t *changed, struct err *e);
	/* Appends text as a literal with its quotes. */
	void (*quote)(struct sql *s, struct slice text, struct strbuf *out);
	void (*close)(struct sql *s);
};

/* A connection; belongs to one thread at a time. */
struct sql {
	const struct sql_ops *ops;
	int fd; /* its socket, so that another thread can shut it down */
};

/* How long a server may be silent before the connection is given up, and how long it may work on
 * one statement. */
#define SQL_CONNECT_S   5
#define SQL_SILENCE_S   20
#define SQL_STATEMENT_S 15

/* Connects, read-only by the session's own setting unless may_write, in UTC, with the statement
 * time-out set. NULL with *e: -EACCES the login was refused, -EHOSTUNREACH nobody is there,
 * -EPROTONOSUPPORT this regtop was built without that client. */
struct sql *sql_mysql_open(struct db_url *u, bool may_write, struct err *e);
struct sql *sql_postgres_open(struct db_url *u, bool may_write, struct err *e);

#endif
