/* Kamailio's location table in Redis, as its module db_redis keeps it (facts 1.4).
 *
 * A row is a hash "location:entry::RUID" of the columns that are not null. Rows have no id and no
 * order, so there is no way to ask for the new or the refreshed ones: SCAN goes through all keys.
 * The maps (sets of rows' keys) have names that the configuration chooses, and keep members whose
 * row has gone; they are not read. */
#include "source/sql/location_db.h"

#include <errno.h>

#if HAVE_REDIS

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include "base/alloc.h"
#include "base/hash.h"
#include "base/text.h"
#include "source/sql/location_cells.h"
#include "source/sql/location_redis_state.h"

/* Keys that one SCAN looks at: under a millisecond of the server's one thread. */
#define SCAN_KEYS       "500"
#define SCAN_FIRST_KEYS "64"

static struct redis_db *of(struct location_db *db)
{
	return (struct redis_db *)db;
}

/* ---- connecting ------------------------------------------------------------------------------ */

static struct redis *connect_to(struct redis_db *d, struct err *e)
{
	struct err why = ERR_NONE;
	struct redis *r = redis_open(d->url, &why);

	if (!r)
		err_set(e, why.code, why.hint, "%s: %s", d->shown, why.what);
	return r;
}

static int connected(struct redis_db *d, struct err *e)
{
	if (d->read)
		return 0;
	d->read = connect_to(d, e);
	if (!d->read)
		return e && e->code ? e->code : -EIO;
	d->connection++;
	atomic_store(&d->fd, redis_socket(d->read));
	return 0;
}

static void disconnect(struct redis_db *d)
{
	atomic_store(&d->fd, -1);
	redis_close(d->read);
	d->read = NULL;
}

/* Only a refusal leaves the connection in order: answers that are still to come would be taken for
 * those to other questions. */
static int checked(struct redis_db *d, int rc)
{
	if (rc == -EPIPE || rc == -ETIME)
		disconnect(d);
	return rc;
}

/* With several sources on the screen the words have to say whose they are. */
static int named(const struct redis_db *d, int rc, struct err *e)
{
	struct err why = *e;

	return rc < 0 ? err_set(e, rc, why.hint, "%s: %s", d->shown, why.what) : rc;
}

/* One command. A connection that broke while it was idle is opened anew once. */
static int ask(struct redis_db *d, const struct slice *words, size_t count,
	       struct redis_answer **out, struct err *e)
{
	int rc = -EPIPE;

	for (int attempt = 0; attempt < 2 && rc == -EPIPE; attempt++) {
		bool fresh = !d->read;

		rc = connected(d, e);
		if (rc < 0)
			return rc;
		rc = checked(d, redis_ask(d->read, words, count, out, e));
		if (fresh)
			break;
	}
	return named(d, rc, e);
}

static int strange(struct redis_db *d, struct err *e)
{
	disconnect(d);
	return err_set(e, -EIO, "Is it a Redis server?", "%s: an answer that makes no sense.",
		       d->shown);
}

/* ---- rows ------------------------------------------------------------------------------------ */

static int column_of(const struct redis_db *d, struct slice field)
{
	for (int c = 0; c < C_COUNT; c++)
		if (slice_eq_str(field, d->names.columns[c]))
			return c;
	return -1;
}

/* A row that has gone is an empty list, as are the members that maps keep of it; another type of
 * value under such a key is not Kamailio's. */
void location_redis_add(struct redis_db *d, struct slice key, const struct redis_answer *hash,
			struct location_batch *out)
{
	struct slice cells[C_COUNT] = {SLICE_NONE};

	if (redis_count(hash) < 2 || key.n <= d->before.n)
		return;
	for (size_t i = 0; i + 1 < redis_count(hash); i += 2) {
		int column = column_of(d, redis_text(redis_item(hash, i)));

		if (column >= 0)
			cells[column] = redis_text(redis_item(hash, i + 1));
	}
	/* What Kamailio finds it by, whatever the field may say. */
	cells[C_RUID] = slice_skip(key, d->before.n);
	cells[C_ID] = SLICE_NONE;
	location_add_cells(out, cells, LOCATION_KAMAILIO, d->zone);
	out->last_id = ++d->passed;
	if (out->count == 1)
		out->first_id = out->last_id;
}

static int read_hashes(struct redis_db *d, const struct redis_answer *keys,
		       struct location_batch *out, struct err *e)
{
	size_t count = redis_count(keys);
	int rc = 0;

	for (size_t i = 0; i < count; i++)
		redis_send(d->read,
			   (struct slice[]){SLICE_LIT("HGETALL"), redis_text(redis_item(keys, i))},
			   2);
	for (size_t i = 0; i < count && rc == 0; i++) {
		struct redis_answer *hash;

		rc = redis_next(d->read, &hash, e);
		if (rc < 0)
			break;
		if (redis_kind(hash) == ANSWER_REFUSED &&
		    !slice_starts_with(redis_text(hash), "WRONGTYPE"))
			rc = redis_refusal(hash, e);
		else
			location_redis_add(d, redis_text(redis_item(keys, i)), hash, out);
		redis_answer_free(hash);
	}
	/* The other answers are still on their way. */
	if (rc < 0)
		disconnect(d);
	return named(d, rc, e);
}

/* One SCAN from d->cursor on, which it moves; *keys is the list of keys in *answer. */
static int scan(struct redis_db *d, const char *count, struct redis_answer **answer,
		const struct redis_answer **keys, struct err *e)
{
	struct strbuf pattern = STRBUF_INIT;
	struct slice cursor;
	int rc;

	strbuf_add_slice(&pattern, strbuf_slice(&d->before));
	strbuf_add_char(&pattern, '*');
	rc = ask(d,
		 (struct slice[]){SLICE_LIT("SCAN"), slice_of(d->cursor), SLICE_LIT("MATCH"),
				  strbuf_slice(&pattern), SLICE_LIT("COUNT"), slice_of(count)},
		 6, answer, e);
	strbuf_free(&pattern);
	if (rc < 0)
		return rc;
	cursor = redis_text(redis_item(*answer, 0));
	*keys = redis_item(*answer, 1);
	if (!cursor.n || cursor.n >= sizeof(d->cursor) || redis_kind(*keys) != ANSWER_LIST) {
		redis_answer_free(*answer);
		return strange(d, e);
	}
	slice_to_buf(cursor, d->cursor, sizeof(d->cursor));
	return 0;
}

static bool at_end(const struct redis_db *d)
{
	return strcmp(d->cursor, "0") == 0;
}

/* SCAN finds every key that is there all the time, some of them twice. */
static int redis_read_page(struct location_db *db, int64_t after, struct location_batch *out,
			   struct err *e)
{
	struct redis_db *d = of(db);
	bool first = after == INT64_MIN;
	uint32_t connection;
	int rc;

	if (first) {
		snprintf(d->cursor, sizeof(d->cursor), "0");
		d->passed = 0;
		rc = connected(d, e);
		if (rc < 0)
			return rc;
	}
	connection = d->connection;
	do {
		const struct redis_answer *keys;
		struct redis_answer *answer;

		rc = scan(d, first ? SCAN_FIRST_KEYS : SCAN_KEYS, &answer, &keys, e);
		if (rc < 0)
			return rc;
		/* A server that was started anew has its keys in another order. */
		if (connection != d->connection && !first) {
			redis_answer_free(answer);
			return err_set(e, -EPIPE, NULL, "%s: the connection broke in mid-reading.",
				       d->shown);
		}
		rc = read_hashes(d, keys, out, e);
		redis_answer_free(answer);
		first = false;
		connection = d->connection;
	} while (rc == 0 && out->count == 0 && !at_end(d));
	out->more = rc == 0 && !at_end(d);
	return rc;
}

void location_redis_add_key(const struct redis_db *d, const struct binding *b, struct strbuf *out)
{
	strbuf_add_slice(out, strbuf_slice(&d->before));
	strbuf_add_slice(out, b->key);
}

static int redis_read_one(struct location_db *db, const struct binding *b,
			  struct location_batch *out, struct err *e)
{
	struct redis_db *d = of(db);
	struct strbuf key = STRBUF_INIT;
	struct redis_answer *hash;
	int rc;

	location_redis_add_key(d, b, &key);
	rc = ask(d, (struct slice[]){SLICE_LIT("HGETALL"), strbuf_slice(&key)}, 2, &hash, e);
	if (rc == 0) {
		location_redis_add(d, strbuf_slice(&key), hash, out);
		redis_answer_free(hash);
	}
	strbuf_free(&key);
	return rc;
}

/* ---- removing -------------------------------------------------------------------------------- */

/* On a connection that lives no longer: only here does this process change anything. */
static int redis_remove(struct location_db *db, const struct binding *b, unsigned *deleted,
			struct err *e)
{
	struct redis *r = connect_to(of(db), e);
	int rc;

	*deleted = 0;
	if (!r)
		return e && e->code ? e->code : -EIO;
	rc = location_redis_delete(of(db), r, b, deleted, e);
	redis_close(r);
	return named(of(db), rc, e);
}

/* ---- looking --------------------------------------------------------------------------------- */

/* The value of "name:" in the lines of INFO; empty when there is none. */
static struct slice info_value(struct slice lines, const char *name)
{
	size_t n = strlen(name);

	while (lines.n) {
		struct slice line;

		lines = slice_cut(lines, '\n', &line);
		if (slice_starts_with(line, name) && line.n > n && line.p[n] == ':')
			return slice_trim(slice_skip(line, n + 1));
	}
	return SLICE_NONE;
}

static int info(struct redis_db *d, const char *section, struct redis_answer **out, struct err *e)
{
	return ask(d, (struct slice[]){SLICE_LIT("INFO"), slice_of(section)}, 2, out, e);
}

/* Whatever changes any key counts as a change since the last save, and a save begins anew; what
 * expires or is thrown out counts for itself. */
static uint32_t change_hash(struct slice persistence, struct slice stats)
{
	static const char *const counters[] = {"rdb_changes_since_last_save", "rdb_last_save_time",
					       "rdb_saves", "expired_keys", "evicted_keys"};
	uint64_t hash = 0;

	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) {
		struct slice v = info_value(i < 3 ? persistence : stats, counters[i]);

		hash = hash_u64(hash * 31 + hash_bytes(v.p ? v.p : "", v.n));
	}
	return (uint32_t)hash;
}

/* Of the whole server: other applications' changes bring a read too many, never one too few. Where
 * INFO is forbidden or knows nothing of it, every look is one after a change. */
static int redis_stamp(struct location_db *db, uint64_t *stamp, struct err *e)
{
	struct redis_db *d = of(db);
	struct redis_answer *persistence = NULL, *stats = NULL;
	struct err why = ERR_NONE;
	uint32_t hash;
	int rc = info(d, "persistence", &persistence, &why);

	if (rc == 0)
		rc = info(d, "stats", &stats, &why);
	if (rc < 0 && d->read)
		rc = 0; /* only refused; whether reading is, too, will be seen */
	if (rc < 0)
		*e = why;
	if (info_value(redis_text(persistence), "rdb_changes_since_last_save").n && stats)
		hash = change_hash(redis_text(persistence), redis_text(stats));
	else
		hash = ++d->blind;
	*stamp = (uint64_t)d->connection << 32 | hash;
	redis_answer_free(persistence);
	redis_answer_free(stats);
	return rc;
}

/* Each node of a cluster has a part of the keys. */
static int refuse_cluster(struct redis_db *d, struct err *e)
{
	struct redis_answer *cluster = NULL;
	struct err why = ERR_NONE;
	int rc = info(d, "cluster", &cluster, &why);

	if (rc < 0 && d->read)
		return 0;
	if (rc < 0) {
		*e = why;
		return rc;
	}
	if (slice_eq_str(info_value(redis_text(cluster), "cluster_enabled"), "1"))
		rc = err_set(e, -EPROTONOSUPPORT,
			     "regtop reads single servers; of this Kamailio it can read the "
			     "memory, through its control.",
			     "%s is a part of a Redis cluster.", d->shown);
	redis_answer_free(cluster);
	return rc;
}

static int refuse_version(struct redis_db *d, bool *there, struct err *e)
{
	struct strbuf key = STRBUF_INIT;
	struct redis_answer *answer = NULL;
	struct err why = ERR_NONE;
	uint64_t version = 0;
	int rc;

	/* The maps' prefix is the table's name, behind what may stand before it. */
	strbuf_add(&key, d->maps.p, d->maps.n - strlen(d->names.table) - 1);
	strbuf_addf(&key, "version:entry::%s", d->names.table);
	rc = ask(
		d,
		(struct slice[]){SLICE_LIT("HGET"), strbuf_slice(&key), SLICE_LIT("table_version")},
		3, &answer, &why);
	strbuf_free(&key);
	/* Without it, or the right to read it, the rows decide. */
	if (rc < 0 && !d->read) {
		*e = why;
		return rc;
	}
	*there = slice_to_u64(redis_text(answer), UINT32_MAX, &version);
	redis_answer_free(answer);
	return location_names_check_version(&d->names, LOCATION_KAMAILIO, version, e);
}

static int any_row(struct redis_db *d, bool *any, struct err *e)
{
	int rc = 0;

	*any = false;
	snprintf(d->cursor, sizeof(d->cursor), "0");
	do {
		const struct redis_answer *keys;
		struct redis_answer *answer;

		rc = scan(d, SCAN_KEYS, &answer, &keys, e);
		if (rc < 0)
			return rc;
		*any = redis_count(keys) > 0;
		redis_answer_free(answer);
	} while (!*any && !at_end(d));
	return 0;
}

static int redis_inspect(struct location_db *db, struct err *e)
{
	struct redis_db *d = of(db);
	bool there = false;
	int rc = refuse_cluster(d, e);

	if (rc == 0)
		rc = refuse_version(d, &there, e);
	if (rc == 0 && !there)
		rc = any_row(d, &there, e);
	if (rc == 0 && !there)
		return err_set(e, -EPROTONOSUPPORT,
			       "Give the database that the usrloc module's db_url names, with its "
			       "number; ?table= and ?prefix= name what is called otherwise there.",
			       "%s has no table %s: neither its version nor a row.", d->shown,
			       d->names.table);
	return rc;
}

static void redis_interrupt(struct location_db *db)
{
	int fd = atomic_load(&of(db)->fd);

	if (fd >= 0)
		shutdown(fd, SHUT_RDWR);
}

static void redis_db_close(struct location_db *db)
{
	struct redis_db *d = of(db);

	disconnect(d);
	zone_free(d->zone);
	db_url_free(d->url);
	strbuf_free(&d->before);
	strbuf_free(&d->maps);
	free(d);
}

static const struct location_db_ops redis_ops = {
	.inspect = redis_inspect,
	.stamp = redis_stamp,
	.read_page = redis_read_page,
	.read_one = redis_read_one,
	.remove = redis_remove,
	.interrupt = redis_interrupt,
	.close = redis_db_close,
};

/* ---- opening --------------------------------------------------------------------------------- */

static int check_number(struct db_url *u, struct err *e)
{
	const char *number = db_url_database(u);
	uint64_t v;

	if (!number || slice_to_u64(slice_of(number), INT32_MAX, &v))
		return 0;
	return err_set(e, -EINVAL, "Write redis://HOST:PORT/NUMBER, or no number for 0.",
		       "Redis knows its databases by numbers.");
}

/* prefix=: what Kamailio 6.1 and later may put before the table's name, and a ':'. */
static int set_keys(struct redis_db *d, struct err *e)
{
	const char *prefix = db_url_option(d->url, "prefix");

	/* It is a part of a pattern, too. */
	if (prefix && strpbrk(prefix, "*?[]\\"))
		return err_set(e, -EINVAL, NULL, "prefix= cannot have any of *?[]\\ in it.");
	if (prefix && *prefix)
		strbuf_addf(&d->maps, "%s:", prefix);
	strbuf_addf(&d->maps, "%s:", d->names.table);
	strbuf_addf(&d->before, "%sentry::", strbuf_str(&d->maps));
	return 0;
}

struct location_db *location_redis_open(const char *address, enum location_dialect dialect,
					struct err *e)
{
	struct redis_db *d;
	struct db_url *u;

	if (dialect != LOCATION_KAMAILIO) {
		err_set(e, -EPROTONOSUPPORT, NULL, "Only Kamailio keeps its table in Redis.");
		return NULL;
	}
	u = db_url_parse(address, e);
	if (!u)
		return NULL;
	d = xcalloc(1, sizeof(*d));
	d->base.ops = &redis_ops;
	d->base.table = d->names.table;
	d->url = u;
	atomic_init(&d->fd, -1);
	db_url_show(u, d->shown, sizeof(d->shown));
	(void)db_url_option(u, "socket"); /* asked for when it connects */
	d->zone = zone_new(db_url_option(u, "timezone"), e);
	if (!d->zone || check_number(u, e) < 0 ||
	    location_names_take(&d->names, LOCATION_KAMAILIO, u, e) < 0 || set_keys(d, e) < 0 ||
	    db_url_check_options(u, e) < 0) {
		redis_db_close(&d->base);
		return NULL;
	}
	return &d->base;
}

#else

struct location_db *location_redis_open(const char *address, enum location_dialect dialect,
					struct err *e)
{
	(void)address;
	(void)dialect;
	err_set(e, -EPROTONOSUPPORT, "Install libhiredis-dev and build it again.",
		"This regtop was built without Redis.");
	return NULL;
}

#endif
