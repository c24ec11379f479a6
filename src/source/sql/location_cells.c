/* A location table's row as the text of its cells, as database servers give it, to a binding. */
#include "source/sql/location_cells.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "source/opensips_contact.h"

/* Kamailio writes "permanent" as the epoch of its own zone. */
#define PERMANENT_MAX_S 86400

int64_t location_cell_number(struct slice s)
{
	bool minus = s.n && s.p[0] == '-';
	uint64_t v;

	if (!slice_to_u64(minus ? slice_skip(s, 1) : s, INT64_MAX, &v))
		return 0;
	return minus ? -(int64_t)v : (int64_t)v;
}

/* The seconds of a cell: of a calendar without a zone, or Unix seconds when *is_unix (BIGINT,
 * Kamailio's expires_type=1). False for none. */
static bool cell_seconds(struct slice cell, int64_t *seconds, bool *is_unix)
{
	uint64_t v;

	*is_unix = slice_to_u64(cell, INT64_MAX, &v);
	if (*is_unix) {
		*seconds = (int64_t)v;
		return true;
	}
	/* A fraction is behind: "2026-11-22 23:14:05.5" */
	return cell.n >= 19 && location_parse_date(slice_make(cell.p, 19), seconds);
}

static int64_t cell_time(const struct zone *z, struct slice cell)
{
	int64_t seconds;
	bool is_unix;

	if (!cell_seconds(cell, &seconds, &is_unix))
		return 0;
	/* The epoch of a zone lies within a day of the epoch. */
	if (is_unix || seconds <= PERMANENT_MAX_S)
		return seconds > PERMANENT_MAX_S ? seconds : 0;
	return zone_to_unix(z, seconds);
}

static int32_t cell_q(struct slice cell)
{
	char text[32];
	double q;

	if (!cell.n)
		return BINDING_Q_UNSET;
	q = strtod(slice_to_buf(cell, text, sizeof(text)), NULL);
	if (!(q >= 0))
		return BINDING_Q_UNSET;
	return q >= 1 ? 1000 : (int32_t)lround(q * 1000);
}

/* OpenSIPS's older tables on PostgreSQL have columns of CHAR(n), which come filled up with blanks.
 */
static struct slice without_padding(struct slice cell)
{
	while (cell.n && cell.p[cell.n - 1] == ' ')
		cell.n--;
	return cell;
}

static void fill_texts(struct location_batch *out, struct binding *b, const struct slice *cells,
		       enum location_dialect dialect)
{
	const struct {
		struct slice *to;
		enum location_column from;
	} texts[] = {
		{&b->user, C_USERNAME},         {&b->domain, C_DOMAIN},  {&b->contact, C_CONTACT},
		{&b->received, C_RECEIVED},     {&b->path, C_PATH},      {&b->socket, C_SOCKET},
		{&b->user_agent, C_USER_AGENT}, {&b->call_id, C_CALLID}, {&b->instance, C_INSTANCE},
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct slice cell = cells[texts[i].from];

		*texts[i].to = location_keep(
			out, dialect == LOCATION_OPENSIPS ? without_padding(cell) : cell);
	}
}

/* What only Kamailio has. */
static void fill_kamailio(struct location_batch *out, struct binding *b, const struct slice *cells)
{
	char number[32];
	int64_t node = location_cell_number(cells[C_SERVER_ID]);

	b->ruid = location_keep(out, cells[C_RUID]);
	b->key = b->ruid;
	if (!b->ruid.n) {
		snprintf(number, sizeof(number), "id:%lld",
			 (long long)location_cell_number(cells[C_ID]));
		b->key = location_keep(out, slice_of(number));
	}
	/* 0 is Kamailio's default: it names no node. */
	snprintf(number, sizeof(number), "%lld", (long long)node);
	b->node = node ? location_keep(out, slice_of(number)) : SLICE_NONE;
	b->reg_id = (int32_t)location_cell_number(cells[C_REG_ID]);
	b->connection = (int32_t)location_cell_number(cells[C_CONNECTION_ID]);
	b->cflags = (uint32_t)location_cell_number(cells[C_CFLAGS]);
}

static int64_t cell_expiry(enum location_dialect dialect, const struct zone *z, struct slice cell)
{
	int64_t s = dialect == LOCATION_OPENSIPS ? location_cell_number(cell) : cell_time(z, cell);

	return s ? s : BINDING_PERMANENT;
}

static uint32_t cell_methods(enum location_dialect dialect, struct slice cell)
{
	uint32_t bits = (uint32_t)location_cell_number(cell);

	if (!cell.p)
		return BINDING_METHODS_ALL;
	return dialect == LOCATION_OPENSIPS ? opensips_methods(bits) : bits;
}

void location_add_cells(struct location_batch *out, const struct slice *cells,
			enum location_dialect dialect, const struct zone *z)
{
	struct binding *b = location_add(out, location_cell_number(cells[C_ID]));
	int64_t modified = 0;
	bool is_unix;

	if (dialect == LOCATION_OPENSIPS)
		b->key = location_keep(out, cells[C_ID]);
	else
		fill_kamailio(out, b, cells);
	fill_texts(out, b, cells, dialect);
	b->expires_s = cell_expiry(dialect, z, cells[C_EXPIRES]);
	b->refreshed_s = cell_time(z, cells[C_LAST_MODIFIED]);
	b->granted_s = location_granted(b);
	b->cseq = (uint32_t)location_cell_number(cells[C_CSEQ]);
	b->methods = cell_methods(dialect, cells[C_METHODS]);
	b->q_milli = cell_q(cells[C_Q]);
	/* As stored: it is compared with stored ones. */
	if (cell_seconds(cells[C_LAST_MODIFIED], &modified, &is_unix) &&
	    (double)modified > out->newest)
		out->newest = (double)modified;
}
