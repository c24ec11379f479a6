/* One contract for a location table, whatever database holds it: an SQLite file, or a server. */
#include "source/sql/location_db.h"

#include <stdlib.h>
#include "base/alloc.h"
#include "base/text.h"
#include "source/sql/db_url.h"

/* One read waits so long for a pause of the writers. */
#define PATIENCE_MS 3000

struct sqlite_db {
	struct location_db base;
	struct sqlite_quiet *q;
};

static struct sqlite_quiet *quiet_of(struct location_db *db)
{
	return ((struct sqlite_db *)db)->q;
}

static int sqlite_inspect(struct location_db *db, struct err *e)
{
	return location_inspect(quiet_of(db), e);
}

static int sqlite_stamp(struct location_db *db, uint64_t *stamp, struct err *e)
{
	return sqlite_quiet_stamp(quiet_of(db), stamp, e);
}

static int sqlite_read_page(struct location_db *db, int64_t after, struct location_batch *out,
			    struct err *e)
{
	return location_read_page(quiet_of(db), after, out, e);
}

static int sqlite_read_refreshed(struct location_db *db, int64_t after, int64_t upto, double since,
				 struct location_batch *out, struct err *e)
{
	return location_read_refreshed(quiet_of(db), after, upto, since, out, e);
}

static int sqlite_read_keys(struct location_db *db, struct slice after, struct location_batch *out,
			    struct err *e)
{
	return location_read_keys(quiet_of(db), after, out, e);
}

static int sqlite_read_one(struct location_db *db, const struct binding *b,
			   struct location_batch *out, struct err *e)
{
	return location_read_one(quiet_of(db), b, out, e);
}

static int sqlite_remove(struct location_db *db, const struct binding *b, unsigned *deleted,
			 struct err *e)
{
	return location_delete(quiet_of(db), b, deleted, e);
}

static void sqlite_heed(struct location_db *db, bool (*stop)(void *ctx), void *ctx)
{
	sqlite_quiet_set_patience(quiet_of(db), PATIENCE_MS, stop, ctx);
}

static void sqlite_close(struct location_db *db)
{
	sqlite_quiet_close(quiet_of(db));
	free(db);
}

static const struct location_db_ops sqlite_ops = {
	.inspect = sqlite_inspect,
	.stamp = sqlite_stamp,
	.read_page = sqlite_read_page,
	.read_refreshed = sqlite_read_refreshed,
	.read_keys = sqlite_read_keys,
	.read_one = sqlite_read_one,
	.remove = sqlite_remove,
	.heed = sqlite_heed,
	.close = sqlite_close,
};

static bool is_redis(const char *place)
{
	return strncmp(place, "redis://", 8) == 0;
}

bool location_db_is_server(const char *place)
{
	return is_redis(place) || strncmp(place, "mysql://", 8) == 0 ||
	       strncmp(place, "mariadb://", 10) == 0 || strncmp(place, "postgres://", 11) == 0 ||
	       strncmp(place, "postgresql://", 13) == 0;
}

struct location_db *location_db_open(const char *place, struct err *e)
{
	struct sqlite_db *s;
	struct sqlite_quiet *q;

	if (is_redis(place))
		return location_redis_open(place, e);
	if (location_db_is_server(place))
		return location_server_open(place, e);
	q = sqlite_quiet_open(place, e);
	if (!q)
		return NULL;
	s = xcalloc(1, sizeof(*s));
	s->base.ops = &sqlite_ops;
	s->q = q;
	return &s->base;
}

void location_db_close(struct location_db *db)
{
	if (db)
		db->ops->close(db);
}

void location_db_name(const char *place, char *out, size_t size)
{
	const char *slash = strrchr(place, '/');
	struct db_url *u;

	if (location_db_is_server(place) && (u = db_url_parse(place, NULL)) != NULL) {
		db_url_show(u, out, size);
		db_url_free(u);
		return;
	}
	text_clean_buf(slice_of(slash && slash[1] ? slash + 1 : place), out, size);
}
