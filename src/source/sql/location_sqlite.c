/* A location table in SQLite, Kamailio's or OpenSIPS's: its schema, its times, pages of its rows as
 * bindings. */
#include "source/sql/location_db.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/text.h"
#include "source/sql/location_names.h"
#include "source/sql/location_sqlite_row.h"
#include "source/sql/sqlite_quiet.h"

#define DELETE_BUSY_MS 500
/* One read waits so long for a pause of the writers. */
#define PATIENCE_MS 3000

struct sqlite_table {
	struct location_db base;
	struct sqlite_quiet *q;
	struct location_names names;
	struct zone *zone; /* of dates as text; NULL: UTC */
	struct location_sqlite_kind kind;
	struct strbuf select; /* "SELECT … FROM table" */
};

static struct sqlite_table *of(struct location_db *db)
{
	return (struct sqlite_table *)db;
}

static bool is_opensips(const struct sqlite_table *t)
{
	return t->base.dialect == LOCATION_OPENSIPS;
}

/* ---- statements ------------------------------------------------------------------------------ */

/* One statement of this file: what it asks, and where its rows go. */
struct question {
	const struct sqlite_table *table;
	const char *sql;
	int64_t after, upto, limit;
	double since;
	const struct binding *b;
	struct location_batch *out;
	bool refreshed; /* upto and since are asked for */
};

static void bind_slice(sqlite3_stmt *s, int at, struct slice v)
{
	sqlite3_bind_text(s, at, v.p ? v.p : "", (int)v.n, SQLITE_STATIC);
}

/* In the form in which last_modified is stored. */
static void bind_since(const struct sqlite_table *t, sqlite3_stmt *s, int at, double since)
{
	char when[24];

	if (!is_opensips(t)) {
		sqlite3_bind_double(s, at, since);
		return;
	}
	text_rfc3339((int64_t)since, when);
	when[10] = ' ';
	sqlite3_bind_text(s, at, when, 19, SQLITE_TRANSIENT);
}

static int page_rows(void *ctx, struct sqlite3 *db, unsigned attempt)
{
	struct question *w = ctx;
	/* Against a busy writer smaller pages fit between two of its transactions. */
	int64_t limit = attempt < 4 ? w->limit : attempt < 12 ? w->limit / 4 : w->limit / 20;
	sqlite3_stmt *s;
	int rc;

	if (limit < 1)
		limit = 1;
	location_batch_clear(w->out);
	rc = sqlite3_prepare_v2(db, w->sql, -1, &s, NULL);
	if (rc != SQLITE_OK)
		return rc;
	if (w->b)
		bind_slice(s, 1, w->b->key);
	else
		sqlite3_bind_int64(s, 1, w->after);
	sqlite3_bind_int64(s, 2, limit);
	if (w->refreshed) {
		sqlite3_bind_int64(s, 3, w->upto);
		bind_since(w->table, s, 4, w->since);
	}
	while ((rc = sqlite3_step(s)) == SQLITE_ROW)
		location_sqlite_add(w->out, s, &w->table->kind);
	w->out->more = w->out->count == (size_t)limit;
	sqlite3_finalize(s);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* A row by its key, which is ?1. */
static void add_by_key(const struct sqlite_table *t, const struct binding *b, struct strbuf *out)
{
	const char *id = t->names.columns[C_ID], *ruid = t->names.columns[C_RUID];

	if (is_opensips(t))
		strbuf_addf(out, " WHERE [%s] = CAST(?1 AS INTEGER) LIMIT ?2", id);
	else if (slice_empty(b->ruid))
		strbuf_addf(out,
			    " WHERE [%s] = CAST(substr(?1, 4) AS INTEGER) AND [%s] = '' LIMIT ?2",
			    id, ruid);
	else
		strbuf_addf(out, " WHERE [%s] = ?1 LIMIT ?2", ruid);
}

/* Asks for rows; where stands behind "SELECT … FROM table" and is freed. */
static int read_rows(struct sqlite_table *t, struct strbuf *where, struct question *w,
		     struct err *e)
{
	struct strbuf sql = STRBUF_INIT;
	int rc;

	strbuf_addf(&sql, "%s%s", strbuf_str(&t->select), strbuf_str(where));
	strbuf_free(where);
	w->table = t;
	w->sql = strbuf_str(&sql);
	rc = sqlite_quiet_read(t->q, page_rows, w, e);
	strbuf_free(&sql);
	return rc;
}

static int sqlite_read_page(struct location_db *db, int64_t after, struct location_batch *out,
			    struct err *e)
{
	const char *id = of(db)->names.columns[C_ID];
	struct strbuf where = STRBUF_INIT;
	struct question w = {.after = after,
			     .limit = after == INT64_MIN ? LOCATION_FIRST_ROWS : LOCATION_PAGE_ROWS,
			     .out = out};

	strbuf_addf(&where, " WHERE [%s] > ?1 ORDER BY [%s] LIMIT ?2", id, id);
	return read_rows(of(db), &where, &w, e);
}

static int sqlite_read_refreshed(struct location_db *db, int64_t after, int64_t upto, double since,
				 struct location_batch *out, struct err *e)
{
	const struct location_names *n = &of(db)->names;
	const char *id = n->columns[C_ID];
	struct strbuf where = STRBUF_INIT;
	struct question w = {.after = after,
			     .upto = upto,
			     .since = since,
			     .limit = LOCATION_PAGE_ROWS,
			     .out = out,
			     .refreshed = true};
	int rc;

	strbuf_addf(&where, " WHERE [%s] > ?1 AND [%s] <= ?3 AND [%s] >= ?4 ORDER BY [%s] LIMIT ?2",
		    id, id, n->columns[C_LAST_MODIFIED], id);
	rc = read_rows(of(db), &where, &w, e);
	if (rc == 0 && !out->more)
		out->last_id = upto;
	return rc;
}

static int sqlite_read_one(struct location_db *db, const struct binding *b,
			   struct location_batch *out, struct err *e)
{
	struct strbuf where = STRBUF_INIT;
	struct question w = {.b = b, .limit = 1, .out = out};

	add_by_key(of(db), b, &where);
	return read_rows(of(db), &where, &w, e);
}

static int ask_number(sqlite3 *db, const char *sql, int *out)
{
	sqlite3_stmt *s;
	int rc = sqlite3_prepare_v2(db, sql, -1, &s, NULL);

	if (rc != SQLITE_OK)
		return rc;
	if (sqlite3_step(s) == SQLITE_ROW)
		*out = sqlite3_column_int(s, 0);
	return sqlite3_finalize(s);
}

/* The same for a statement that is freed. */
static int ask_built(sqlite3 *db, struct strbuf *sql, int *out)
{
	int rc = ask_number(db, strbuf_str(sql), out);

	strbuf_free(sql);
	return rc;
}

/* The keys after one. */
struct key_question {
	const struct sqlite_table *table;
	const char *sql;
	int64_t limit;
	struct slice after;
	struct location_batch *out;
};

static int page_keys(void *ctx, struct sqlite3 *db, unsigned attempt)
{
	struct key_question *w = ctx;
	int64_t limit = w->limit >> (attempt < 6 ? attempt / 2 : 3);
	bool ids = is_opensips(w->table);
	sqlite3_stmt *s;
	int rc;

	location_batch_clear(w->out);
	w->out->keys_only = true;
	rc = sqlite3_prepare_v2(db, w->sql, -1, &s, NULL);
	if (rc != SQLITE_OK)
		return rc;
	bind_slice(s, 1, w->after);
	sqlite3_bind_int64(s, 2, limit);
	while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
		struct binding *b = location_add(w->out, 0);

		b->key = location_sqlite_keep(w->out, s, 0);
		if (!ids)
			b->ruid = b->key;
	}
	w->out->more = w->out->count == (size_t)limit;
	sqlite3_finalize(s);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* Whether there is an index of the ruids. */
struct index_question {
	const struct location_names *names;
	int indexes;
};

static int page_indexes(void *ctx, struct sqlite3 *db, unsigned attempt)
{
	struct index_question *w = ctx;
	struct strbuf sql = STRBUF_INIT;

	(void)attempt;
	strbuf_addf(&sql,
		    "SELECT count(*) FROM pragma_index_list('%s') l JOIN "
		    "pragma_index_info(l.name) i WHERE i.seqno = 0 AND i.name = '%s'",
		    w->names->table, w->names->columns[C_RUID]);
	return ask_built(db, &sql, &w->indexes);
}

/* OpenSIPS's key is the row's own number, for which whole rows are passed: no more at once than of
 * those. */
static int sqlite_read_keys(struct location_db *db, struct slice after, struct location_batch *out,
			    struct err *e)
{
	const struct location_names *n = &of(db)->names;
	bool ids = is_opensips(of(db));
	const char *key = n->columns[ids ? C_ID : C_RUID];
	struct key_question w = {.table = of(db), .after = after, .out = out};
	struct index_question index = {.names = n};
	struct strbuf sql = STRBUF_INIT;
	int rc = ids ? 0 : sqlite_quiet_read(of(db)->q, page_indexes, &index, e);

	if (rc < 0)
		return rc;
	if (!ids && !index.indexes)
		return err_set(e, -ENOTSUP, NULL, "The table has no index of its ruids.");
	strbuf_addf(&sql, "SELECT [%s] FROM [%s] WHERE [%s] > %s ORDER BY [%s] LIMIT ?2", key,
		    n->table, key,
		    !ids      ? "?1"
		    : after.n ? "CAST(?1 AS INTEGER)"
			      : "-1",
		    key);
	w.sql = strbuf_str(&sql);
	w.limit = ids ? LOCATION_PAGE_ROWS : LOCATION_KEY_ROWS;
	rc = sqlite_quiet_read(of(db)->q, page_keys, &w, e);
	strbuf_free(&sql);
	return rc;
}

/* ---- removing -------------------------------------------------------------------------------- */

struct deletion {
	struct sqlite_table *table;
	const struct binding *b;
	struct location_batch *seen;
	unsigned deleted;
};

/* The columns by which a row is deleted: with the very bytes that were read. */
static void add_delete(const struct sqlite_table *t, const unsigned char *by, size_t n,
		       struct strbuf *out)
{
	strbuf_addf(out, "DELETE FROM [%s]", t->names.table);
	for (size_t i = 0; i < n; i++)
		strbuf_addf(out, " %s [%s] = ?%zu", i ? "AND" : "WHERE", t->names.columns[by[i]],
			    i + 1);
}

/* The row as it is stored now: the binding holds whole seconds, the row a fraction of a day, so
 * the comparison is made on the decoded row and the DELETE on its own stored bytes. */
static int delete_if_same(struct deletion *d, sqlite3 *db, sqlite3_stmt *row)
{
	static const unsigned char by[] = {C_ID, C_EXPIRES, C_CALLID, C_CSEQ, C_CONTACT, C_RUID};
	size_t n = sizeof(by) - is_opensips(d->table);
	struct strbuf sql = STRBUF_INIT;
	sqlite3_stmt *s;
	int rc;

	location_sqlite_add(d->seen, row, &d->table->kind);
	if (!location_says_the_same(&d->seen->rows[0], d->b))
		return SQLITE_OK;
	add_delete(d->table, by, n, &sql);
	rc = sqlite3_prepare_v2(db, strbuf_str(&sql), -1, &s, NULL);
	strbuf_free(&sql);
	if (rc != SQLITE_OK)
		return rc;
	for (size_t i = 0; i < n; i++)
		sqlite3_bind_value(s, (int)i + 1, sqlite3_column_value(row, by[i]));
	/* The reader lets go of its lock first, so that only the DELETE itself holds one. */
	sqlite3_reset(row);
	sqlite3_step(s);
	rc = sqlite3_finalize(s);
	if (rc == SQLITE_OK)
		d->deleted = (unsigned)sqlite3_changes(db);
	return rc;
}

static int write_delete(void *ctx, struct sqlite3 *db, unsigned attempt)
{
	struct deletion *d = ctx;
	struct strbuf sql = STRBUF_INIT;
	sqlite3_stmt *row;
	int rc;

	(void)attempt;
	strbuf_add_slice(&sql, strbuf_slice(&d->table->select));
	add_by_key(d->table, d->b, &sql);
	rc = sqlite3_prepare_v2(db, strbuf_str(&sql), -1, &row, NULL);
	strbuf_free(&sql);
	if (rc != SQLITE_OK)
		return rc;
	bind_slice(row, 1, d->b->key);
	sqlite3_bind_int64(row, 2, 1);
	rc = sqlite3_step(row);
	if (rc == SQLITE_ROW)
		rc = delete_if_same(d, db, row);
	sqlite3_finalize(row);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int sqlite_remove(struct location_db *db, const struct binding *b, unsigned *deleted,
			 struct err *e)
{
	struct deletion d = {.table = of(db), .b = b, .seen = location_batch_new()};
	int rc = sqlite_quiet_write(of(db)->q, DELETE_BUSY_MS, write_delete, &d, e);

	*deleted = d.deleted;
	location_batch_free(d.seen);
	return rc;
}

/* ---- looking --------------------------------------------------------------------------------- */

/* What the schema looks like. */
struct schema {
	const struct sqlite_table *table;
	int tables, others, version;
	bool readable;
	char said[160]; /* what SQLite says is missing */
};

static int count_others(sqlite3 *db, const struct sqlite_table *t, int *count)
{
	struct strbuf sql = STRBUF_INIT;

	strbuf_addf(&sql, "SELECT count(*) FROM pragma_table_info('%s') WHERE name = '%s'",
		    t->names.table, location_names_mark(location_other(t->base.dialect)));
	return ask_built(db, &sql, count);
}

static int find_version(sqlite3 *db, const struct sqlite_table *t, int *version)
{
	struct strbuf sql = STRBUF_INIT;
	int n = 0;
	int rc = ask_number(db,
			    "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = "
			    "'version'",
			    &n);

	if (rc != SQLITE_OK || n == 0)
		return rc;
	strbuf_addf(&sql, "SELECT table_version FROM version WHERE table_name = '%s'",
		    t->names.table);
	rc = ask_built(db, &sql, version);
	/* Another table of that name is no trouble. */
	return (rc & 0xff) == SQLITE_ERROR ? SQLITE_OK : rc;
}

/* sqlite3_prepare of the very statement of the pages is the test of the columns: SQLITE_ERROR then
 * means that one is missing. */
static int page_schema(void *ctx, struct sqlite3 *db, unsigned attempt)
{
	struct schema *found = ctx;
	const struct sqlite_table *t = found->table;
	struct strbuf sql = STRBUF_INIT;
	sqlite3_stmt *s;
	int rc;

	(void)attempt;
	*found = (struct schema){.table = t};
	strbuf_addf(&sql,
		    "SELECT count(*) FROM sqlite_master WHERE type IN ('table', 'view') AND "
		    "name = '%s'",
		    t->names.table);
	rc = ask_built(db, &sql, &found->tables);
	if (rc == SQLITE_OK && found->tables)
		rc = count_others(db, t, &found->others);
	if (rc == SQLITE_OK && found->tables)
		rc = find_version(db, t, &found->version);
	if (rc != SQLITE_OK || !found->tables)
		return rc;
	rc = sqlite3_prepare_v2(db, strbuf_str(&t->select), -1, &s, NULL);
	found->readable = rc == SQLITE_OK;
	if (!found->readable)
		text_clean_buf(slice_of(sqlite3_errmsg(db)), found->said, sizeof(found->said));
	sqlite3_finalize(s);
	return (rc & 0xff) == SQLITE_ERROR ? SQLITE_OK : rc;
}

static int sqlite_inspect(struct location_db *db, struct err *e)
{
	struct sqlite_table *t = of(db);
	struct schema found = {.table = t};
	int rc = sqlite_quiet_read(t->q, page_schema, &found, e);

	if (rc < 0)
		return rc;
	if (!found.tables)
		return err_set(e, -EPROTONOSUPPORT,
			       "Give the database that the usrloc module's db_url names; ?table= "
			       "behind the path names what is called otherwise there.",
			       "This SQLite database has no table \"%s\".", t->names.table);
	db->found = db->dialect;
	if (!found.readable && found.others) {
		db->found = location_other(db->dialect);
		return location_names_refuse_dialect(&t->names, db->found, e);
	}
	if (!found.readable)
		return err_set(e, -EPROTONOSUPPORT,
			       "?contact_column= behind the path, as the usrloc module calls its "
			       "parameters, names what is called otherwise there.",
			       "The table \"%s\" (version %d) lacks columns of %s's: %s.",
			       t->names.table, found.version, location_dialect_word(db->dialect),
			       found.said);
	/* Without a version row the columns decide. */
	return location_names_check_version(&t->names, db->dialect, found.version, e);
}

static int sqlite_stamp(struct location_db *db, uint64_t *stamp, struct err *e)
{
	return sqlite_quiet_stamp(of(db)->q, stamp, e);
}

static void sqlite_heed(struct location_db *db, bool (*stop)(void *ctx), void *ctx)
{
	sqlite_quiet_set_patience(of(db)->q, PATIENCE_MS, stop, ctx);
}

static void sqlite_close(struct location_db *db)
{
	struct sqlite_table *t = of(db);

	sqlite_quiet_close(t->q);
	zone_free(t->zone);
	strbuf_free(&t->select);
	free(t);
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

/* ---- opening --------------------------------------------------------------------------------- */

static void add_select(struct sqlite_table *t)
{
	strbuf_add_str(&t->select, "SELECT ");
	for (int c = 0; c < C_COUNT; c++) {
		const char *name = t->names.columns[c];

		/* In brackets: what stands in quotation marks and is no column is a text to SQLite.
		 */
		strbuf_addf(&t->select, "%s%s%s%s", c ? ", " : "", *name ? "[" : "NULL", name,
			    *name ? "]" : "");
	}
	strbuf_addf(&t->select, " FROM [%s]", t->names.table);
}

/* The options of an address, which a path may have, too. */
static int take_options(struct sqlite_table *t, const char *options, struct err *e)
{
	struct strbuf address = STRBUF_INIT;
	struct db_url *u;
	const char *zone;
	int rc;

	strbuf_addf(&address, "sqlite:///%s", options);
	u = db_url_parse(strbuf_str(&address), e);
	strbuf_free(&address);
	if (!u)
		return -EINVAL;
	rc = location_names_take(&t->names, t->base.dialect, u, e);
	zone = db_url_option(u, "timezone");
	/* What Kamailio writes as text is in UTC, what OpenSIPS writes in its own zone. */
	if (rc == 0 && (zone || is_opensips(t))) {
		t->zone = zone_new(zone, e);
		rc = t->zone ? 0 : -EINVAL;
	}
	if (rc == 0)
		rc = db_url_check_options(u, e);
	db_url_free(u);
	return rc;
}

size_t location_sqlite_path(const char *place)
{
	const char *options = strrchr(place, '?');

	return options && access(place, F_OK) != 0 ? (size_t)(options - place) : strlen(place);
}

struct location_db *location_sqlite_open(const char *place, enum location_dialect dialect,
					 struct err *e)
{
	size_t n = location_sqlite_path(place);
	struct sqlite_table *t = xcalloc(1, sizeof(*t));
	char *path = slice_copy(slice_make(place, n));

	t->base.ops = &sqlite_ops;
	t->base.dialect = t->base.found = dialect;
	t->base.table = t->names.table;
	if (take_options(t, place + n, e) == 0)
		t->q = sqlite_quiet_open(path, e);
	free(path);
	if (!t->q) {
		sqlite_close(&t->base);
		return NULL;
	}
	t->kind = (struct location_sqlite_kind){dialect, t->zone};
	add_select(t);
	return &t->base;
}
