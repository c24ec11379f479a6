/* Keeps up with a location table: complete passes, new rows, refreshed rows, each at its price. */
#ifndef REGTOP_SOURCE_SQL_LOCATION_READER_H
#define REGTOP_SOURCE_SQL_LOCATION_READER_H

#include "base/clock.h"
#include "source/sql/location_db.h"

struct location_reader;

/* Up to this many rows a complete pass is so cheap that every change is followed by one. */
#define LOCATION_SMALL 5000

/* Where rows go; called on the reader's thread. */
struct location_taker {
	void *ctx;
	/* keys: a pass that brings nothing but keys, in batches that say so, to find out what has
	 * gone. */
	void (*begin_pass)(void *ctx, bool keys);
	void (*take)(void *ctx, struct location_batch *batch); /* owns batch */
	void (*end_pass)(void *ctx, bool complete);
	bool (*stop)(void *ctx);
};

struct location_look {
	bool changed;  /* something may have changed, or a pass was owed or asked for */
	bool passed;   /* a complete pass was made, or broken off */
	bool complete; /* the picture holds all rows */
	uint64_t rows; /* of the last pass */
};

/* Takes db. */
struct location_reader *location_reader_new(struct location_db *db, const struct clock *c,
					    const struct location_taker *t);
void location_reader_free(struct location_reader *r);
/* Looks whether the table changed, and reads what is worth it: reading takes a tenth of the time
 * at most. force: a complete pass now. 0, or the database's codes with *e; -EBUSY leaves a
 * picture that is incomplete, the others leave the old one. */
int location_reader_look(struct location_reader *r, bool force, struct location_look *out,
			 struct err *e);
/* From any thread: a look that waits for a database's server ends soon. */
void location_reader_interrupt(struct location_reader *r);

#endif
