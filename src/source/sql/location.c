/* Kamailio's location table in SQLite: its schema, its times, pages of its rows as bindings. */
#include "source/sql/location.h"

#include <errno.h>
#include <math.h>
#include <sqlite3.h>
#include <stdlib.h>
#include "base/alloc.h"
#include "base/text.h"

/* db_sqlite stores the Julian day of half a second before (facts/kamailio-opensips 1.3). */
#define JULIAN_OF_1970 2440587.5
/* Above every Julian day of this millennium, below every Unix time since May 1970. */
#define JULIAN_MAX 1e7
/* Kamailio writes "permanent" as the epoch, MySQL's zones may shift it by a day. */
#define PERMANENT_MAX_S 86400
#define FIELD_MAX       16384
#define TEXT_BLOCK      32768
#define DELETE_BUSY_MS  500

/* Text of the rows: blocks that never move, so that slices stay true while more is added. */
struct location_text {
	struct location_text *next;
	size_t used, size;
	char bytes[];
};

/* In the order of enum location_column. */
#define COLUMNS                                                                                    \
	"id, ruid, username, domain, contact, received, path, expires, q, callid, cseq, "          \
	"last_modified, cflags, user_agent, socket, methods, instance, reg_id, server_id, "        \
	"connection_id"

struct location_batch *location_batch_new(void)
{
	return xcalloc(1, sizeof(struct location_batch));
}

void location_batch_clear(struct location_batch *b)
{
	while (b->text) {
		struct location_text *next = b->text->next;

		free(b->text);
		b->text = next;
	}
	b->count = 0;
	b->first_id = b->last_id = 0;
	b->newest = 0;
	b->more = false;
	b->keys_only = false;
	b->node = 0;
}

void location_batch_free(struct location_batch *b)
{
	if (!b)
		return;
	location_batch_clear(b);
	free(b->rows);
	free(b);
}

static char *text_room(struct location_batch *b, size_t n)
{
	struct location_text *t = b->text;

	if (!t || t->size - t->used < n) {
		size_t size = n > TEXT_BLOCK ? n : TEXT_BLOCK;

		t = xmalloc(sizeof(*t) + size);
		*t = (struct location_text){.next = b->text, .used = 0, .size = size};
		b->text = t;
	}
	t->used += n;
	return t->bytes + t->used - n;
}

struct slice location_keep(struct location_batch *b, struct slice text)
{
	char *room;

	if (text.n == 0)
		return SLICE_NONE;
	if (text.n > FIELD_MAX)
		text.n = FIELD_MAX;
	room = text_room(b, text.n);
	memcpy(room, text.p, text.n);
	return slice_make(room, text.n);
}

/* The value is asked for once: asking the statement for type, text and length one by one was an
 * eighth of a whole load's work. Such a value may be looked at because its connection is this
 * thread's alone, opened without a mutex. */
static struct slice keep_column(struct location_batch *b, sqlite3_stmt *s, int column)
{
	sqlite3_value *v = sqlite3_column_value(s, column);
	const void *p;

	if (sqlite3_value_type(v) == SQLITE_NULL)
		return SLICE_NONE;
	/* The text first: asking for the length may convert. */
	p = sqlite3_value_text(v);
	return p ? location_keep(b, slice_make(p, (size_t)sqlite3_value_bytes(v))) : SLICE_NONE;
}

static struct slice keep_number(struct location_batch *b, const char *prefix, int64_t v)
{
	struct strbuf text = STRBUF_INIT;
	struct slice kept;

	strbuf_addf(&text, "%s%lld", prefix, (long long)v);
	kept = location_keep(b, strbuf_slice(&text));
	strbuf_free(&text);
	return kept;
}

/* Neighbours nearly always belong to the same node. 0 is Kamailio's default: it names none. */
static struct slice keep_node(struct location_batch *b, int64_t node)
{
	if (node != b->node) {
		b->node = node;
		b->node_text = keep_number(b, "", node);
	}
	return node ? b->node_text : SLICE_NONE;
}

/* The number that the digits of this picture stand for; -1 when there is another byte. */
static int number_at(const char *p, unsigned digits)
{
	int v = 0;

	for (unsigned i = 0; i < digits; i++) {
		if (p[i] < '0' || p[i] > '9')
			return -1;
		v = v * 10 + (p[i] - '0');
	}
	return v;
}

bool location_parse_date(struct slice s, int64_t *seconds)
{
	static const unsigned char lengths[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int year, month, day, hour, minute, second;
	int64_t y, days;

	if (s.n != 19 || s.p[4] != '-' || s.p[7] != '-' || s.p[10] != ' ' || s.p[13] != ':' ||
	    s.p[16] != ':')
		return false;
	year = number_at(s.p, 4);
	month = number_at(s.p + 5, 2);
	day = number_at(s.p + 8, 2);
	hour = number_at(s.p + 11, 2);
	minute = number_at(s.p + 14, 2);
	second = number_at(s.p + 17, 2);
	if (year < 1 || month < 1 || month > 12 || day < 1 || day > lengths[month - 1] ||
	    hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59)
		return false;
	/* Days since 1970 in years that begin with March, so that the day that some years have more
	 * is their last. */
	y = year - (month <= 2);
	days = 365 * y + y / 4 - y / 100 + y / 400 + (153 * ((month + 9) % 12) + 2) / 5 + day - 1 -
	       719468;
	*seconds = ((days * 24 + hour) * 60 + minute) * 60 + second;
	return true;
}

/* Stored time to Unix seconds, 0 for none. By value, not by type: the column's NUMERIC affinity
 * stores a Julian day without a fraction as an integer, and expires_type=1 stores Unix seconds. */
static int64_t time_of(sqlite3_value *value)
{
	double v;
	int64_t unix_s;

	switch (sqlite3_value_type(value)) {
	case SQLITE_INTEGER:
	case SQLITE_FLOAT:
		v = sqlite3_value_double(value);
		if (!(v > 0 && v < 1e12))
			return 0;
		if (v >= JULIAN_MAX)
			return (int64_t)v;
		/* Half a second early, and a quarter more against rounding. */
		v = floor((v - JULIAN_OF_1970) * 86400 + 0.75);
		return v > 0 ? (int64_t)v : 0;
	/* the column's default, and what a hand may have written: UTC */
	case SQLITE_TEXT: {
		const void *p = sqlite3_value_text(value);
		size_t n = (size_t)sqlite3_value_bytes(value);

		return p && location_parse_date(slice_make(p, n), &unix_s) ? unix_s : 0;
	}
	default:
		return 0;
	}
}

static int32_t q_of(sqlite3_value *value)
{
	double q;

	if (sqlite3_value_type(value) == SQLITE_NULL)
		return BINDING_Q_UNSET;
	q = sqlite3_value_double(value);
	if (!(q >= 0))
		return BINDING_Q_UNSET;
	return q >= 1 ? 1000 : (int32_t)lround(q * 1000);
}

/* expires and last_modified of one REGISTER differ by what was granted; a contact added by RPC has
 * no last_modified. */
int64_t location_granted(const struct binding *b)
{
	if (b->expires_s == BINDING_PERMANENT || b->refreshed_s == 0 ||
	    b->expires_s < b->refreshed_s)
		return -1;
	return b->expires_s - b->refreshed_s;
}

struct binding *location_add(struct location_batch *b, int64_t id)
{
	XGROW(b->rows, b->cap, b->count + 1);
	if (b->count == 0)
		b->first_id = id;
	b->last_id = id;
	b->rows[b->count] = (struct binding){.granted_s = -1};
	return &b->rows[b->count++];
}

static void add_row(struct location_batch *out, sqlite3_stmt *s)
{
	struct binding *b;
	int64_t id = sqlite3_column_int64(s, C_ID), node = sqlite3_column_int64(s, C_SERVER_ID);
	sqlite3_value *modified, *methods;

	b = location_add(out, id);
	b->ruid = keep_column(out, s, C_RUID);
	b->key = slice_empty(b->ruid) ? keep_number(out, "id:", id) : b->ruid;
	b->user = keep_column(out, s, C_USERNAME);
	b->domain = keep_column(out, s, C_DOMAIN);
	b->contact = keep_column(out, s, C_CONTACT);
	b->received = keep_column(out, s, C_RECEIVED);
	b->path = keep_column(out, s, C_PATH);
	b->socket = keep_column(out, s, C_SOCKET);
	b->user_agent = keep_column(out, s, C_USER_AGENT);
	b->call_id = keep_column(out, s, C_CALLID);
	b->instance = keep_column(out, s, C_INSTANCE);
	b->node = keep_node(out, node);
	b->expires_s = time_of(sqlite3_column_value(s, C_EXPIRES));
	if (b->expires_s <= PERMANENT_MAX_S)
		b->expires_s = BINDING_PERMANENT;
	modified = sqlite3_column_value(s, C_LAST_MODIFIED);
	b->refreshed_s = time_of(modified);
	if (b->refreshed_s <= PERMANENT_MAX_S)
		b->refreshed_s = 0;
	b->granted_s = location_granted(b);
	b->cseq = (uint32_t)sqlite3_column_int64(s, C_CSEQ);
	methods = sqlite3_column_value(s, C_METHODS);
	b->methods = sqlite3_value_type(methods) == SQLITE_NULL
			     ? BINDING_METHODS_ALL
			     : (uint32_t)sqlite3_value_int64(methods);
	b->q_milli = q_of(sqlite3_column_value(s, C_Q));
	b->reg_id = sqlite3_column_int(s, C_REG_ID);
	b->connection = sqlite3_column_int(s, C_CONNECTION_ID);
	b->cflags = (uint32_t)sqlite3_column_int64(s, C_CFLAGS);
	if (sqlite3_value_type(modified) != SQLITE_TEXT &&
	    sqlite3_value_double(modified) > out->newest)
		out->newest = sqlite3_value_double(modified);
}

/* One statement of this file: what it asks, and where its rows go. */
struct question {
	const char *sql;
	int64_t after, upto, limit;
	double since;
	const struct binding *b;
	struct location_batch *out;
};

static void bind_slice(sqlite3_stmt *s, int at, struct slice v)
{
	sqlite3_bind_text(s, at, v.p ? v.p : "", (int)v.n, SQLITE_STATIC);
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
	if (w->upto) {
		sqlite3_bind_int64(s, 3, w->upto);
		sqlite3_bind_double(s, 4, w->since);
	}
	while ((rc = sqlite3_step(s)) == SQLITE_ROW)
		add_row(w->out, s);
	w->out->more = w->out->count == (size_t)limit;
	sqlite3_finalize(s);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

int location_read_page(struct sqlite_quiet *q, int64_t after, struct location_batch *out,
		       struct err *e)
{
	struct question w = {.sql = "SELECT " COLUMNS
				    " FROM location WHERE id > ?1 ORDER BY id LIMIT ?2",
			     .after = after,
			     .limit = after == INT64_MIN ? LOCATION_FIRST_ROWS : LOCATION_PAGE_ROWS,
			     .out = out};

	return sqlite_quiet_read(q, page_rows, &w, e);
}

int location_read_refreshed(struct sqlite_quiet *q, int64_t after, int64_t upto, double since,
			    struct location_batch *out, struct err *e)
{
	struct question w = {.sql = "SELECT " COLUMNS " FROM location WHERE id > ?1 AND id <= ?3 "
				    "AND last_modified >= ?4 ORDER BY id LIMIT ?2",
			     .after = after,
			     .upto = upto,
			     .since = since,
			     .limit = LOCATION_PAGE_ROWS,
			     .out = out};
	int rc = sqlite_quiet_read(q, page_rows, &w, e);

	if (rc == 0 && !out->more)
		out->last_id = upto;
	return rc;
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

/* The keys after one, and whether an index leads to them. */
struct key_question {
	struct slice after;
	struct location_batch *out;
	int indexes;
};

static int page_keys(void *ctx, struct sqlite3 *db, unsigned attempt)
{
	struct key_question *w = ctx;
	int limit = LOCATION_KEY_ROWS >> (attempt < 6 ? attempt / 2 : 3);
	sqlite3_stmt *s;
	int rc;

	location_batch_clear(w->out);
	w->out->keys_only = true;
	rc = ask_number(db,
			"SELECT count(*) FROM pragma_index_list('location') l JOIN "
			"pragma_index_info(l.name) i WHERE i.seqno = 0 AND i.name = 'ruid'",
			&w->indexes);
	if (rc != SQLITE_OK || !w->indexes)
		return rc;
	rc = sqlite3_prepare_v2(db,
				"SELECT ruid FROM location WHERE ruid > ?1 ORDER BY ruid LIMIT ?2",
				-1, &s, NULL);
	if (rc != SQLITE_OK)
		return rc;
	bind_slice(s, 1, w->after);
	sqlite3_bind_int(s, 2, limit);
	while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
		struct binding *b = location_add(w->out, 0);

		b->key = b->ruid = keep_column(w->out, s, 0);
	}
	w->out->more = w->out->count == (size_t)limit;
	sqlite3_finalize(s);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

int location_read_keys(struct sqlite_quiet *q, struct slice after, struct location_batch *out,
		       struct err *e)
{
	struct key_question w = {.after = after, .out = out};
	int rc = sqlite_quiet_read(q, page_keys, &w, e);

	if (rc == 0 && !w.indexes)
		return err_set(e, -ENOTSUP, NULL, "The table has no index of its ruids.");
	return rc;
}

#define BY_RUID " FROM location WHERE ruid = ?1 LIMIT ?2"
#define BY_ID   " FROM location WHERE id = CAST(substr(?1, 4) AS INTEGER) AND ruid = '' LIMIT ?2"

int location_read_one(struct sqlite_quiet *q, const struct binding *b, struct location_batch *out,
		      struct err *e)
{
	struct question w = {.sql = slice_empty(b->ruid) ? "SELECT " COLUMNS BY_ID
							 : "SELECT " COLUMNS BY_RUID,
			     .b = b,
			     .limit = 1,
			     .out = out};

	return sqlite_quiet_read(q, page_rows, &w, e);
}

struct deletion {
	const struct binding *b;
	struct location_batch *seen;
	unsigned deleted;
};

bool location_says_the_same(const struct binding *a, const struct binding *b)
{
	return slice_eq(a->contact, b->contact) && slice_eq(a->call_id, b->call_id) &&
	       slice_eq(a->user, b->user) && slice_eq(a->domain, b->domain) && a->cseq == b->cseq &&
	       a->expires_s == b->expires_s;
}

/* The row as it is stored now: the binding holds whole seconds, the row a fraction of a day, so
 * the comparison is made on the decoded row and the DELETE on its own stored bytes. */
static int delete_if_same(struct deletion *d, sqlite3 *db, sqlite3_stmt *row)
{
	sqlite3_stmt *s;
	int rc;

	add_row(d->seen, row);
	if (!location_says_the_same(&d->seen->rows[0], d->b))
		return SQLITE_OK;
	rc = sqlite3_prepare_v2(db,
				"DELETE FROM location WHERE id = ?1 AND ruid = ?2 AND expires = ?3 "
				"AND callid = ?4 AND cseq = ?5 AND contact = ?6",
				-1, &s, NULL);
	if (rc != SQLITE_OK)
		return rc;
	sqlite3_bind_int64(s, 1, sqlite3_column_int64(row, C_ID));
	sqlite3_bind_value(s, 2, sqlite3_column_value(row, C_RUID));
	sqlite3_bind_value(s, 3, sqlite3_column_value(row, C_EXPIRES));
	sqlite3_bind_value(s, 4, sqlite3_column_value(row, C_CALLID));
	sqlite3_bind_value(s, 5, sqlite3_column_value(row, C_CSEQ));
	sqlite3_bind_value(s, 6, sqlite3_column_value(row, C_CONTACT));
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
	sqlite3_stmt *row;
	int rc = sqlite3_prepare_v2(
		db, slice_empty(d->b->ruid) ? "SELECT " COLUMNS BY_ID : "SELECT " COLUMNS BY_RUID,
		-1, &row, NULL);

	(void)attempt;
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

int location_delete(struct sqlite_quiet *q, const struct binding *b, unsigned *deleted,
		    struct err *e)
{
	struct deletion d = {.b = b, .seen = location_batch_new()};
	int rc = sqlite_quiet_write(q, DELETE_BUSY_MS, write_delete, &d, e);

	*deleted = d.deleted;
	location_batch_free(d.seen);
	return rc;
}

double location_seconds(double stored, double seconds)
{
	return stored >= JULIAN_MAX ? seconds : seconds / 86400.0;
}

/* What the schema looks like. */
struct schema {
	bool opensips, location, readable;
	int version;
};

/* sqlite3_prepare of the very statement of the pages is the test of the columns: SQLITE_ERROR then
 * means that one is missing. */
static int page_schema(void *ctx, struct sqlite3 *db, unsigned attempt)
{
	struct schema *found = ctx;
	sqlite3_stmt *s;
	int n = 0, version = 0, rc;

	(void)attempt;
	*found = (struct schema){0};
	rc = ask_number(db,
			"SELECT count(*) FROM sqlite_master WHERE type IN ('table', 'view') AND "
			"name = 'location'",
			&n);
	if (rc != SQLITE_OK || n == 0)
		return rc;
	found->location = true;
	rc = ask_number(db,
			"SELECT count(*) FROM pragma_table_info('location') WHERE name = "
			"'contact_id'",
			&n);
	if (rc != SQLITE_OK)
		return rc;
	found->opensips = n > 0;
	rc = ask_number(db,
			"SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = "
			"'version'",
			&n);
	if (rc == SQLITE_OK && n > 0)
		rc = ask_number(db,
				"SELECT table_version FROM version WHERE table_name = 'location'",
				&version);
	if (rc != SQLITE_OK && (rc & 0xff) != SQLITE_ERROR)
		return rc;
	found->version = version;
	rc = sqlite3_prepare_v2(db, "SELECT " COLUMNS " FROM location", -1, &s, NULL);
	found->readable = rc == SQLITE_OK;
	sqlite3_finalize(s);
	return (rc & 0xff) == SQLITE_ERROR ? SQLITE_OK : rc;
}

int location_inspect(struct sqlite_quiet *q, struct err *e)
{
	struct schema found;
	int rc = sqlite_quiet_read(q, page_schema, &found, e);

	if (rc < 0)
		return rc;
	if (!found.location)
		return err_set(e, -EPROTONOSUPPORT,
			       "Give the database that the usrloc module's db_url names.",
			       "This SQLite database has no table \"location\".");
	if (found.opensips)
		return err_set(e, -EPROTONOSUPPORT, "regtop reads Kamailio's table.",
			       "The table \"location\" is OpenSIPS's (version %d).", found.version);
	if (!found.readable)
		return err_set(e, -EPROTONOSUPPORT,
			       "regtop reads the columns of Kamailio's own schema, version 8 or 9.",
			       "The table \"location\" (version %d) lacks columns of Kamailio's.",
			       found.version);
	/* Without a version row the columns decide. */
	if (found.version != 0 && found.version != 8 && found.version != 9)
		return err_set(e, -EPROTONOSUPPORT,
			       "regtop reads the versions 8 and 9 (Kamailio 5.0 and later).",
			       "The table \"location\" has version %d, which regtop does not know.",
			       found.version);
	return 0;
}
