/* What location_redis.c and location_redis_remove.c share: the table, and its rows' keys. */
#ifndef REGTOP_SOURCE_SQL_LOCATION_REDIS_STATE_H
#define REGTOP_SOURCE_SQL_LOCATION_REDIS_STATE_H

#include <stdatomic.h>
#include "base/zone.h"
#include "source/sql/location_db.h"
#include "source/sql/location_names.h"
#include "source/sql/redis_client.h"

#define CURSOR_MAX 24

struct redis_db {
	struct location_db base;
	struct db_url *url;
	struct zone *zone;
	struct location_names names;
	struct strbuf before; /* a row's key before its ruid: "location:entry::" */
	struct strbuf maps;   /* and what maps' keys begin with: "location:" */
	struct redis *read;   /* NULL: not connected */
	uint32_t connection;  /* counts the connections */
	atomic_int fd;        /* of read, for interrupt(); -1 none */
	uint32_t blind;       /* stamps where the server does not tell of changes */
	/* The pass under way. */
	char cursor[CURSOR_MAX];
	int64_t passed; /* its rows so far: the ids, which Redis has not */
	char shown[160];
};

/* The row that HGETALL told of this key, if it is one. */
void location_redis_add(struct redis_db *d, struct slice key, const struct redis_answer *hash,
			struct location_batch *out);
/* The key of b's row. */
void location_redis_add_key(const struct redis_db *d, const struct binding *b, struct strbuf *out);
/* Deletes b's row on the connection r if it says what b says, with its places in the maps; as
 * location_db_ops.remove. */
int location_redis_delete(struct redis_db *d, struct redis *r, const struct binding *b,
			  unsigned *deleted, struct err *e);

#endif
