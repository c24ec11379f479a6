/* A location table on a database server, Kamailio's or OpenSIPS's: MySQL, MariaDB, PostgreSQL. */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include "base/alloc.h"
#include "base/hash.h"
#include "base/text.h"
#include "base/zone.h"
#include "source/sql/location_cells.h"
#include "source/sql/location_db.h"
#include "source/sql/location_names.h"
#include "source/sql/sql.h"

/* Readers of a server do not make its writers wait; pages keep each statement short. */
#define PAGE_ROWS 5000
#define KEY_ROWS  20000

struct server {
	struct location_db base;
	struct db_url *url;
	bool postgres;
	struct zone *zone;
	struct location_names names;
	struct sql *read;    /* NULL: not connected */
	uint32_t connection; /* counts the connections */
	atomic_int fd;       /* of read, for interrupt(); -1 none */
	char shown[160];
};

static struct server *of(struct location_db *db)
{
	return (struct server *)db;
}

static bool is_opensips(const struct server *s)
{
	return s->base.dialect == LOCATION_OPENSIPS;
}

/* ---- connecting -------------------------------------------------------------------------------*/

static struct sql *connect_to(struct server *s, bool may_write, struct err *e)
{
	struct err why = ERR_NONE;
	struct sql *sql = s->postgres ? sql_postgres_open(s->url, may_write, &why)
				      : sql_mysql_open(s->url, may_write, &why);

	if (!sql)
		err_set(e, why.code, why.hint, "%s: %s", s->shown, why.what);
	return sql;
}

static int connected(struct server *s, struct err *e)
{
	if (s->read)
		return 0;
	s->read = connect_to(s, false, e);
	if (!s->read)
		return e && e->code ? e->code : -EIO;
	s->connection++;
	atomic_store(&s->fd, s->read->fd);
	return 0;
}

static void disconnect(struct server *s)
{
	atomic_store(&s->fd, -1);
	if (s->read)
		s->read->ops->close(s->read);
	s->read = NULL;
}

/* With several sources on the screen the words have to say whose they are. */
static int named(const struct server *s, int rc, struct err *e)
{
	struct err why = *e;

	return rc < 0 ? err_set(e, rc, why.hint, "%s: %s", s->shown, why.what) : rc;
}

/* A connection that broke is opened anew once: it may have been idle for hours. What had come of
 * the rows is forgotten by restart(). */
static int run(struct server *s, const char *statement, sql_row_fn *row, void *ctx,
	       void (*restart)(void *ctx), struct err *e)
{
	int rc = -EPIPE;

	for (int attempt = 0; attempt < 2 && rc == -EPIPE; attempt++) {
		bool fresh = !s->read;

		rc = connected(s, e);
		if (rc < 0)
			return rc;
		if (restart)
			restart(ctx);
		rc = s->read->ops->run(s->read, statement, row, ctx, NULL, e);
		if (rc == -EPIPE) {
			disconnect(s);
			if (fresh)
				break;
		}
	}
	return named(s, rc, e);
}

/* ---- rows -------------------------------------------------------------------------------------*/

struct reading {
	struct server *s;
	struct location_batch *out;
};

static void take_row(void *ctx, const struct slice *cells, unsigned count)
{
	struct reading *r = ctx;

	if (count >= C_COUNT)
		location_add_cells(r->out, cells, r->s->base.dialect, r->s->zone);
}

static void restart_reading(void *ctx)
{
	location_batch_clear(((struct reading *)ctx)->out);
}

/* Names come from the person: they are checked when the source is opened, and quoted here. */
static void add_name(const struct server *s, const char *name, struct strbuf *out)
{
	strbuf_addf(out, s->postgres ? "\"%s\"" : "`%s`", name);
}

static void add_select(const struct server *s, struct strbuf *out)
{
	strbuf_add_str(out, "SELECT ");
	for (int c = 0; c < C_COUNT; c++) {
		if (c)
			strbuf_add_str(out, ", ");
		if (*s->names.columns[c])
			add_name(s, s->names.columns[c], out);
		else
			strbuf_add_str(out, "NULL");
	}
	strbuf_add_str(out, " FROM ");
	add_name(s, s->names.table, out);
}

static int read_rows(struct server *s, struct strbuf *statement, size_t limit,
		     struct location_batch *out, struct err *e)
{
	struct reading r = {s, out};
	int rc = run(s, strbuf_str(statement), take_row, &r, restart_reading, e);

	out->more = rc == 0 && out->count == limit;
	strbuf_free(statement);
	return rc;
}

static int server_read_page(struct location_db *db, int64_t after, struct location_batch *out,
			    struct err *e)
{
	size_t limit = after == INT64_MIN ? LOCATION_FIRST_ROWS : PAGE_ROWS;
	struct strbuf q = STRBUF_INIT;

	add_select(of(db), &q);
	strbuf_add_str(&q, " WHERE ");
	add_name(of(db), of(db)->names.columns[C_ID], &q);
	/* No id of a table is negative; PostgreSQL's integers do not reach as far down as ours. */
	strbuf_addf(&q, " > %lld ORDER BY ", (long long)(after < -1 ? -1 : after));
	add_name(of(db), of(db)->names.columns[C_ID], &q);
	strbuf_addf(&q, " LIMIT %zu", limit);
	return read_rows(of(db), &q, limit, out, e);
}

static int server_read_refreshed(struct location_db *db, int64_t after, int64_t upto, double since,
				 struct location_batch *out, struct err *e)
{
	struct server *s = of(db);
	struct strbuf q = STRBUF_INIT;
	char when[24];
	int rc;

	add_select(s, &q);
	strbuf_add_str(&q, " WHERE ");
	add_name(s, s->names.columns[C_ID], &q);
	strbuf_addf(&q, " > %lld AND ", (long long)after);
	add_name(s, s->names.columns[C_ID], &q);
	strbuf_addf(&q, " <= %lld AND ", (long long)upto);
	add_name(s, s->names.columns[C_LAST_MODIFIED], &q);
	text_rfc3339((int64_t)since, when);
	strbuf_addf(&q, " >= '%.10s %.8s' ORDER BY ", when, when + 11);
	add_name(s, s->names.columns[C_ID], &q);
	strbuf_addf(&q, " LIMIT %d", PAGE_ROWS);
	rc = read_rows(s, &q, PAGE_ROWS, out, e);
	if (rc == 0 && !out->more)
		out->last_id = upto;
	return rc;
}

static void take_key(void *ctx, const struct slice *cells, unsigned count)
{
	struct reading *r = ctx;
	struct binding *b = location_add(r->out, 0);

	(void)count;
	b->key = location_keep(r->out, cells[0]);
	if (!is_opensips(r->s))
		b->ruid = b->key;
}

/* Kamailio's own schema has a unique index of them; without one the statement's end comes first. */
static int server_read_keys(struct location_db *db, struct slice after, struct location_batch *out,
			    struct err *e)
{
	struct server *s = of(db);
	struct reading r = {s, out};
	const char *key = s->names.columns[is_opensips(s) ? C_ID : C_RUID];
	struct strbuf q = STRBUF_INIT;
	int rc = connected(s, e);

	if (rc < 0)
		return rc;
	strbuf_add_str(&q, "SELECT ");
	add_name(s, key, &q);
	strbuf_add_str(&q, " FROM ");
	add_name(s, s->names.table, &q);
	strbuf_add_str(&q, " WHERE ");
	add_name(s, key, &q);
	strbuf_add_str(&q, " > ");
	if (is_opensips(s))
		strbuf_addf(&q, "%lld", after.n ? (long long)location_cell_number(after) : -1LL);
	else
		s->read->ops->quote(s->read, after, &q);
	strbuf_add_str(&q, " ORDER BY ");
	add_name(s, key, &q);
	strbuf_addf(&q, " LIMIT %d", KEY_ROWS);
	rc = run(s, strbuf_str(&q), take_key, &r, restart_reading, e);
	out->more = rc == 0 && out->count == KEY_ROWS;
	out->keys_only = true;
	strbuf_free(&q);
	return rc;
}

/* " WHERE ruid = '…'", or by the id of a row without one, as all of OpenSIPS's are. */
static void add_where(const struct server *s, struct sql *sql, const struct binding *b,
		      struct strbuf *q)
{
	bool by_id = !b->ruid.n;

	strbuf_add_str(q, " WHERE ");
	add_name(s, s->names.columns[by_id ? C_ID : C_RUID], q);
	strbuf_add_str(q, " = ");
	if (by_id)
		strbuf_addf(q, "%lld",
			    (long long)location_cell_number(
				    slice_skip(b->key, is_opensips(s) ? 0 : strlen("id:"))));
	else
		sql->ops->quote(sql, b->ruid, q);
}

static int server_read_one(struct location_db *db, const struct binding *b,
			   struct location_batch *out, struct err *e)
{
	struct server *s = of(db);
	struct strbuf q = STRBUF_INIT;
	int rc = connected(s, e);

	if (rc < 0)
		return rc;
	add_select(s, &q);
	add_where(s, s->read, b, &q);
	strbuf_add_str(&q, " LIMIT 1");
	return read_rows(s, &q, 1, out, e);
}

/* ---- removing ---------------------------------------------------------------------------------*/

static int delete_on(struct server *s, struct sql *sql, const struct binding *b,
		     const struct location_batch *seen, uint64_t *changed, struct err *e)
{
	const struct binding *row = &seen->rows[0];
	struct strbuf q = STRBUF_INIT;
	int rc;

	if (!location_says_the_same(row, b)) {
		*changed = 0;
		return 0;
	}
	strbuf_add_str(&q, "DELETE FROM ");
	add_name(s, s->names.table, &q);
	add_where(s, sql, row, &q);
	strbuf_add_str(&q, " AND ");
	add_name(s, s->names.columns[C_CALLID], &q);
	strbuf_add_str(&q, " = ");
	sql->ops->quote(sql, row->call_id, &q);
	strbuf_add_str(&q, " AND ");
	add_name(s, s->names.columns[C_CSEQ], &q);
	strbuf_addf(&q, " = %lld AND ", (long long)(int32_t)row->cseq);
	add_name(s, s->names.columns[C_CONTACT], &q);
	strbuf_add_str(&q, " = ");
	sql->ops->quote(sql, row->contact, &q);
	rc = sql->ops->run(sql, strbuf_str(&q), NULL, NULL, changed, e);
	strbuf_free(&q);
	return rc;
}

/* Once COMMIT was sent, silence says nothing of what became of it. */
static int commit(struct sql *sql, bool changed, struct err *e)
{
	int rc = sql->ops->run(sql, "COMMIT", NULL, NULL, NULL, e);

	if (changed && (rc == -EPIPE || rc == -ETIME))
		rc = e->code = -EINPROGRESS;
	return rc;
}

/* Reads the row and deletes it in one transaction, on a connection that may write and lives no
 * longer: only here does this process change the table. */
static int server_remove(struct location_db *db, const struct binding *b, unsigned *deleted,
			 struct err *e)
{
	struct server *s = of(db);
	struct location_batch *seen = location_batch_new();
	struct reading r = {s, seen};
	struct strbuf q = STRBUF_INIT;
	struct sql *sql = connect_to(s, true, e);
	uint64_t changed = 0;
	int rc = sql ? 0 : -EIO;

	*deleted = 0;
	if (sql) {
		rc = sql->ops->run(sql, s->postgres ? "BEGIN" : "START TRANSACTION", NULL, NULL,
				   NULL, e);
		add_select(s, &q);
		add_where(s, sql, b, &q);
		strbuf_add_str(&q, " FOR UPDATE");
	}
	if (rc == 0)
		rc = sql->ops->run(sql, strbuf_str(&q), take_row, &r, NULL, e);
	if (rc == 0 && seen->count)
		rc = delete_on(s, sql, b, seen, &changed, e);
	if (rc == 0)
		rc = commit(sql, changed != 0, e);
	/* Otherwise closing rolls back. */
	if (sql)
		sql->ops->close(sql);
	if (rc == 0)
		*deleted = (unsigned)changed;
	else if (sql)
		named(s, rc, e);
	strbuf_free(&q);
	location_batch_free(seen);
	return rc;
}

/* ---- looking ----------------------------------------------------------------------------------*/

struct numbers {
	uint64_t n[3];
	bool known; /* the first one is not null */
	unsigned rows;
	uint64_t hash;
};

static void take_numbers(void *ctx, const struct slice *cells, unsigned count)
{
	struct numbers *n = ctx;

	n->rows++;
	n->known = count && cells[0].p;
	for (unsigned i = 0; i < count && i < 3; i++) {
		n->n[i] = (uint64_t)location_cell_number(cells[i]);
		n->hash = n->hash * 31 + hash_bytes(cells[i].p ? cells[i].p : "", cells[i].n);
	}
}

static void restart_numbers(void *ctx)
{
	*(struct numbers *)ctx = (struct numbers){.rows = 0};
}

/* MySQL and MariaDB keep the second of the last change: within that second and the next nobody can
 * tell whether there was another one, so the stamp differs each time; as it does where none is
 * kept, as of a view, or since the server's start. PostgreSQL counts transactions, of the whole
 * cluster; those that are under way belong to it, for one that ends need not be the newest. */
static int server_stamp(struct location_db *db, uint64_t *stamp, struct err *e)
{
	struct server *s = of(db);
	struct numbers n = {.rows = 0};
	char q[300];
	int rc;

	if (s->postgres)
		snprintf(q, sizeof(q), "SELECT txid_current_snapshot()");
	else
		snprintf(q, sizeof(q),
			 "SELECT UNIX_TIMESTAMP(update_time), UNIX_TIMESTAMP() FROM "
			 "information_schema.tables WHERE table_schema = DATABASE() AND "
			 "table_name = '%s'",
			 s->names.table);
	rc = run(s, q, take_numbers, &n, restart_numbers, e);
	if (rc < 0)
		return rc;
	if (!s->postgres && n.known && n.n[0] + 2 < n.n[1])
		n.hash = hash_u64(n.n[0]);
	*stamp = (uint64_t)s->connection << 32 | (uint32_t)n.hash;
	return 0;
}

/* Is there a column of this name? */
static bool has_column(struct server *s, const char *name)
{
	struct strbuf q = STRBUF_INIT;
	struct err why = ERR_NONE;
	int rc;

	strbuf_add_str(&q, "SELECT ");
	add_name(s, name, &q);
	strbuf_add_str(&q, " FROM ");
	add_name(s, s->names.table, &q);
	strbuf_add_str(&q, " WHERE 1 = 0");
	rc = run(s, strbuf_str(&q), NULL, NULL, NULL, &why);
	strbuf_free(&q);
	return rc == 0;
}

/* What the pages' own statement was refused with. */
static int refuse_table(struct server *s, const struct err *why, struct err *e)
{
	enum location_dialect other = location_other(s->base.dialect);

	if (has_column(s, location_names_mark(other))) {
		s->base.found = other;
		return location_names_refuse_dialect(&s->names, other, e);
	}
	return err_set(e, -EPROTONOSUPPORT,
		       "Give the database that the usrloc module's db_url names; ?table= and "
		       "?contact_column= name what is called otherwise there.",
		       "There is no readable table %s. %s", s->names.table, why->what);
}

static int server_inspect(struct location_db *db, struct err *e)
{
	struct server *s = of(db);
	struct strbuf q = STRBUF_INIT;
	struct numbers n = {.rows = 0};
	struct err why = ERR_NONE;
	char version[120];
	int rc;

	/* The very statement of the pages is the test of table and columns. */
	add_select(s, &q);
	strbuf_add_str(&q, " WHERE 1 = 0");
	rc = run(s, strbuf_str(&q), NULL, NULL, NULL, &why);
	strbuf_free(&q);
	db->found = db->dialect;
	if (rc == -EIO)
		return refuse_table(s, &why, e);
	if (rc < 0) {
		*e = why;
		return rc;
	}
	snprintf(version, sizeof(version),
		 "SELECT table_version FROM version WHERE table_name = '%s'", s->names.table);
	/* Without a version row, or the right to read it, the columns decide. */
	if (run(s, version, take_numbers, &n, restart_numbers, &why) < 0 || !n.rows)
		return 0;
	return location_names_check_version(&s->names, db->dialect, n.n[0], e);
}

static void server_interrupt(struct location_db *db)
{
	int fd = atomic_load(&of(db)->fd);

	if (fd >= 0)
		shutdown(fd, SHUT_RDWR);
}

static void server_close(struct location_db *db)
{
	struct server *s = of(db);

	disconnect(s);
	zone_free(s->zone);
	db_url_free(s->url);
	free(s);
}

static const struct location_db_ops server_ops = {
	.inspect = server_inspect,
	.stamp = server_stamp,
	.read_page = server_read_page,
	.read_refreshed = server_read_refreshed,
	.read_keys = server_read_keys,
	.read_one = server_read_one,
	.remove = server_remove,
	.interrupt = server_interrupt,
	.close = server_close,
};

/* ---- opening ----------------------------------------------------------------------------------*/

/* Those of the client libraries, which ask for them only when they connect. */
static void know_client_options(struct db_url *u)
{
	static const char *const names[] = {"option-file", "charset",     "ssl-ca",   "socket",
					    "sslmode",     "sslrootcert", "passfile", "host"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		(void)db_url_option(u, names[i]);
}

struct location_db *location_server_open(const char *address, enum location_dialect dialect,
					 struct err *e)
{
	struct server *s;
	struct db_url *u = db_url_parse(address, e);

	if (!u)
		return NULL;
	s = xcalloc(1, sizeof(*s));
	s->base.ops = &server_ops;
	s->base.dialect = s->base.found = dialect;
	s->base.table = s->names.table;
	s->url = u;
	s->postgres = db_url_kind(u)[0] == 'p';
	atomic_init(&s->fd, -1);
	db_url_show(u, s->shown, sizeof(s->shown));
	know_client_options(u);
	s->zone = zone_new(db_url_option(u, "timezone"), e);
	if (!s->zone || location_names_take(&s->names, dialect, u, e) < 0 ||
	    db_url_check_options(u, e) < 0) {
		server_close(&s->base);
		return NULL;
	}
	return &s->base;
}
