/* Reads an SQLite file that a registrar writes, without ever making the writer wait or fail. */
#ifndef REGTOP_SOURCE_SQL_SQLITE_QUIET_H
#define REGTOP_SOURCE_SQL_SQLITE_QUIET_H

#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"

struct sqlite3;
struct sqlite_quiet;

/* Rollback journal: read without locks; what was read is kept only when the lock bytes, the change
 * counter, the size and the time of change say that nobody wrote meanwhile. WAL: an ordinary
 * read-only connection and short reads. The journal mode is looked at again before every read, and
 * a file that was replaced under the same name is followed (facts/performance-baselines 0.2). One
 * object belongs to one thread at a time. */
struct sqlite_quiet *sqlite_quiet_open(const char *path, struct err *e);
void sqlite_quiet_close(struct sqlite_quiet *q);

/* How long one read waits for a pause of the writers (default 3000 ms), and who may end the wait
 * early; stop may be NULL. */
void sqlite_quiet_set_patience(struct sqlite_quiet *q, unsigned patience_ms,
			       bool (*stop)(void *ctx), void *ctx);

/* Prepares, steps and finalizes one short statement on db; returns SQLite's result code, SQLITE_OK
 * (0) when it got all it wanted. It runs again with a growing attempt when a writer came in
 * between: it forgets then what it had gathered, and may ask for less. */
typedef int sqlite_quiet_page_fn(void *ctx, struct sqlite3 *db, unsigned attempt);

/* 0, or a negative code with *e: -EBUSY no pause within the patience, -ECANCELED stopped, -ENOENT
 * the file vanished, -EACCES, -EILSEQ damaged or no database, -ENODATA empty. */
int sqlite_quiet_read(struct sqlite_quiet *q, sqlite_quiet_page_fn *page, void *ctx, struct err *e);

/* A number that changes whenever the content may have changed, in microseconds and without
 * locks. Codes as above. */
int sqlite_quiet_stamp(struct sqlite_quiet *q, uint64_t *stamp, struct err *e);

/* Runs write on a short-lived connection that may write and waits busy_ms for locks at most: the
 * only place where this process takes a lock that a registrar can feel. */
int sqlite_quiet_write(struct sqlite_quiet *q, unsigned busy_ms, sqlite_quiet_page_fn *write,
		       void *ctx, struct err *e);

#endif
