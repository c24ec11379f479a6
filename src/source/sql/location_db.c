/* One contract for a location table, whatever database holds it: an SQLite file, or a server. */
#include "source/sql/location_db.h"

#include "base/text.h"
#include "source/sql/db_url.h"

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

struct location_db *location_db_open_as(const char *place, enum location_dialect dialect,
					struct err *e)
{
	if (is_redis(place))
		return location_redis_open(place, dialect, e);
	if (location_db_is_server(place))
		return location_server_open(place, dialect, e);
	return location_sqlite_open(place, dialect, e);
}

struct location_db *location_db_open(const char *place, struct err *e)
{
	return location_db_open_as(place, LOCATION_KAMAILIO, e);
}

enum location_dialect location_db_dialect(const struct location_db *db)
{
	return db->found;
}

void location_db_close(struct location_db *db)
{
	if (db)
		db->ops->close(db);
}

void location_db_name(const char *place, char *out, size_t size)
{
	struct slice path = slice_make(place, location_sqlite_path(place)), rest = path;
	struct db_url *u;

	if (location_db_is_server(place) && (u = db_url_parse(place, NULL)) != NULL) {
		db_url_show(u, out, size);
		db_url_free(u);
		return;
	}
	while (rest.n) {
		struct slice name;

		rest = slice_cut(rest, '/', &name);
		if (name.n)
			path = name;
	}
	text_clean_buf(path, out, size);
}
