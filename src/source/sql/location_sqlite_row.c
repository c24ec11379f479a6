/* A row of a location table in SQLite to a binding: what its columns and times mean. */
#include "source/sql/location_sqlite_row.h"

#include <math.h>
#include <stdio.h>
#include "source/opensips_contact.h"

/* db_sqlite stores the Julian day of half a second before (facts/kamailio-opensips 1.3). */
#define JULIAN_OF_1970 2440587.5
/* Kamailio writes "permanent" as the epoch, MySQL's zones may shift it by a day. */
#define PERMANENT_MAX_S 86400

/* The value is asked for once: asking the statement for type, text and length one by one was an
 * eighth of a whole load's work. Such a value may be looked at because its connection is this
 * thread's alone, opened without a mutex. */
struct slice location_sqlite_keep(struct location_batch *b, sqlite3_stmt *s, int column)
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
	char text[40];

	snprintf(text, sizeof(text), "%s%lld", prefix, (long long)v);
	return location_keep(b, slice_of(text));
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

/* A date as text, in seconds of a calendar without a zone. */
static bool date_of(sqlite3_value *value, int64_t *calendar_s)
{
	const void *p = sqlite3_value_text(value);

	return p &&
	       location_parse_date(slice_make(p, (size_t)sqlite3_value_bytes(value)), calendar_s);
}

/* Stored time to Unix seconds, 0 for none. By value, not by type: the column's NUMERIC affinity
 * stores a Julian day without a fraction as an integer, and expires_type=1 stores Unix seconds. */
static int64_t time_of(const struct location_sqlite_kind *k, sqlite3_value *value)
{
	double v;
	int64_t seconds;

	switch (sqlite3_value_type(value)) {
	case SQLITE_INTEGER:
	case SQLITE_FLOAT:
		v = sqlite3_value_double(value);
		if (!(v > 0 && v < 1e12))
			return 0;
		if (v >= LOCATION_JULIAN_MAX)
			return (int64_t)v;
		/* Half a second early, and a quarter more against rounding. */
		v = floor((v - JULIAN_OF_1970) * 86400 + 0.75);
		return v > 0 ? (int64_t)v : 0;
	/* Kamailio: the column's default, and what a hand may have written. OpenSIPS: always. */
	case SQLITE_TEXT:
		if (!date_of(value, &seconds))
			return 0;
		return k->zone ? zone_to_unix(k->zone, seconds) : seconds;
	default:
		return 0;
	}
}

static int64_t expiry_of(const struct location_sqlite_kind *k, sqlite3_value *value)
{
	int64_t s;

	if (k->dialect == LOCATION_OPENSIPS) {
		s = sqlite3_value_int64(value);
		return s ? s : BINDING_PERMANENT;
	}
	s = time_of(k, value);
	return s > PERMANENT_MAX_S ? s : BINDING_PERMANENT;
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

static uint32_t methods_of(const struct location_sqlite_kind *k, sqlite3_value *value)
{
	uint32_t bits;

	if (sqlite3_value_type(value) == SQLITE_NULL)
		return BINDING_METHODS_ALL;
	bits = (uint32_t)sqlite3_value_int64(value);
	return k->dialect == LOCATION_OPENSIPS ? opensips_methods(bits) : bits;
}

/* The newest last_modified as it is compared again: a number, or a date as text. */
static void note_modified(const struct location_sqlite_kind *k, struct location_batch *out,
			  sqlite3_value *value)
{
	int64_t seconds;
	double v = 0;

	if (k->dialect == LOCATION_OPENSIPS)
		v = date_of(value, &seconds) ? (double)seconds : 0;
	else if (sqlite3_value_type(value) != SQLITE_TEXT)
		v = sqlite3_value_double(value);
	if (v > out->newest)
		out->newest = v;
}

static void fill_texts(struct location_batch *out, struct binding *b, sqlite3_stmt *s)
{
	b->user = location_sqlite_keep(out, s, C_USERNAME);
	b->domain = location_sqlite_keep(out, s, C_DOMAIN);
	b->contact = location_sqlite_keep(out, s, C_CONTACT);
	b->received = location_sqlite_keep(out, s, C_RECEIVED);
	b->path = location_sqlite_keep(out, s, C_PATH);
	b->socket = location_sqlite_keep(out, s, C_SOCKET);
	b->user_agent = location_sqlite_keep(out, s, C_USER_AGENT);
	b->call_id = location_sqlite_keep(out, s, C_CALLID);
	b->instance = location_sqlite_keep(out, s, C_INSTANCE);
}

/* The flags of OpenSIPS are names, for which a binding has no place. */
void location_sqlite_add(struct location_batch *out, sqlite3_stmt *s,
			 const struct location_sqlite_kind *k)
{
	int64_t id = sqlite3_column_int64(s, C_ID);
	struct binding *b = location_add(out, id);
	sqlite3_value *modified = sqlite3_column_value(s, C_LAST_MODIFIED);

	if (k->dialect == LOCATION_OPENSIPS) {
		b->key = keep_number(out, "", id);
	} else {
		b->ruid = location_sqlite_keep(out, s, C_RUID);
		b->key = slice_empty(b->ruid) ? keep_number(out, "id:", id) : b->ruid;
		b->node = keep_node(out, sqlite3_column_int64(s, C_SERVER_ID));
		b->cflags = (uint32_t)sqlite3_column_int64(s, C_CFLAGS);
		b->reg_id = sqlite3_column_int(s, C_REG_ID);
		b->connection = sqlite3_column_int(s, C_CONNECTION_ID);
	}
	fill_texts(out, b, s);
	b->expires_s = expiry_of(k, sqlite3_column_value(s, C_EXPIRES));
	b->refreshed_s = time_of(k, modified);
	if (b->refreshed_s <= PERMANENT_MAX_S)
		b->refreshed_s = 0;
	b->granted_s = location_granted(b);
	b->cseq = (uint32_t)sqlite3_column_int64(s, C_CSEQ);
	b->methods = methods_of(k, sqlite3_column_value(s, C_METHODS));
	b->q_milli = q_of(sqlite3_column_value(s, C_Q));
	note_modified(k, out, modified);
}
