/* The registrar's bindings on disk: one SQLite file, written in whole batches. */
#ifndef REGTOP_SIP_REGISTRAR_STORE_H
#define REGTOP_SIP_REGISTRAR_STORE_H

#include "base/err.h"
#include "sip/registrar_table.h"

struct reg_store;

/* What became of one binding. before or after may be NULL (added, removed). */
struct reg_change {
	struct reg_rec *before, *after;
	bool lapsed; /* removed by time: if the store fails it is not put back */
};

/* Opens or makes the file (mode 0600, WAL, every commit on disk before it returns) and locks it
 * against a second registrar. NULL with *e when it cannot be had or is not ours. */
struct reg_store *reg_store_open(const char *path, struct err *e);
/* NULL is fine. */
void reg_store_close(struct reg_store *s);

/* Takes over the record. */
typedef void reg_store_row_fn(void *ctx, struct reg_rec *rec);
/* Drops what lapsed before now_ms, hands out the rest. 0 or negative with *e. */
int reg_store_load(struct reg_store *s, int64_t now_ms, reg_store_row_fn *fn, void *ctx,
		   struct err *e);
/* All changes in one transaction, or none. 0 or -EIO with *e. From any thread; one at a time. */
int reg_store_write(struct reg_store *s, const struct reg_change *changes, size_t n, struct err *e);

#endif
