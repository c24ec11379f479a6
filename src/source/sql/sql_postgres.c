/* PostgreSQL by libpq: the client side of the contract in sql.h. */
#include "source/sql/sql.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include "base/text.h"

#if HAVE_POSTGRES

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/alloc.h"
#include "source/sql/sql_library.h"

/* clang-format off */
#define CALLS(X) \
	X(PQresultErrorField) X(PQerrorMessage) X(PQstatus) X(PQnfields) X(PQgetisnull) \
	X(PQgetvalue) X(PQgetlength) X(PQsendQuery) X(PQsetSingleRowMode) X(PQgetResult) \
	X(PQresultStatus) X(PQcmdTuples) X(PQclear) X(PQescapeLiteral) X(PQfreemem) \
	X(PQfinish) X(PQconnectdbParams) X(PQconnectionNeedsPassword) \
	X(PQsetClientEncoding) X(PQsocket) X(PQconsumeInput) X(PQisBusy)
/* clang-format on */

/* Pointers to functions only: sql_library.c fills it as an array of them. */
static struct {
#define X(name) __typeof__(name) *name;
	CALLS(X)
#undef X
} lib;

static const char *const lib_names[] = {
#define X(name) #name,
	CALLS(X)
#undef X
};

#define LIB_COUNT (sizeof(lib_names) / sizeof(lib_names[0]))
_Static_assert(sizeof(lib) == LIB_COUNT * sizeof(void *), "one pointer for each name");

static struct sql_library library = {"libpq.so.5",          "libpq5",  lib_names,
				     (void **)(void *)&lib, LIB_COUNT, false};

#define CELLS_MAX   32
#define OPTIONS_MAX 16

struct sql_postgres {
	struct sql base;
	PGconn *db;
};

/* libpq's words go on with advice in further lines. */
static void first_line(const char *words, char *out, size_t size)
{
	struct slice line;

	slice_cut(slice_of(words), '\n', &line);
	text_clean_buf(slice_trim(line), out, size);
}

static int tell(PGconn *db, const PGresult *r, struct err *e)
{
	const char *state = r ? lib.PQresultErrorField(r, PG_DIAG_SQLSTATE) : NULL;
	const char *words = r ? lib.PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY) : NULL;
	char said[300];
	int rc = -EIO;

	first_line(words ? words : lib.PQerrorMessage(db), said, sizeof(said));
	if (lib.PQstatus(db) != CONNECTION_OK)
		rc = -EPIPE;
	else if (state && (strcmp(state, "57014") == 0 || strcmp(state, "55P03") == 0))
		rc = -ETIME; /* query_canceled, lock_not_available */
	else if (state && (strcmp(state, "42501") == 0 || strncmp(state, "28", 2) == 0))
		rc = -EACCES;
	return err_set(e, rc, NULL, "The database server says: %s%s%s.", said, state ? ", " : "",
		       state ? state : "");
}

static void give_row(const PGresult *r, sql_row_fn *row, void *ctx)
{
	struct slice cells[CELLS_MAX];
	int count = lib.PQnfields(r);

	for (int i = 0; i < count && i < CELLS_MAX; i++)
		cells[i] = lib.PQgetisnull(r, 0, i) ? SLICE_NONE
						    : slice_make(lib.PQgetvalue(r, 0, i),
								 (size_t)lib.PQgetlength(r, 0, i));
	row(ctx, cells, (unsigned)(count < CELLS_MAX ? count : CELLS_MAX));
}

/* libpq itself waits for ever: a server that holds its answer back, or a line that drops
 * everything, must not hold the reader. False when the silence was too long: the connection is of
 * no use then.
 */
static bool wait_for_result(PGconn *db)
{
	struct pollfd p = {.fd = lib.PQsocket(db), .events = POLLIN};
	int rc;

	while (lib.PQisBusy(db)) {
		rc = poll(&p, 1, SQL_SILENCE_S * 1000);
		if (rc == 0)
			return false;
		/* What is wrong with the connection is in the result that follows. */
		if (rc < 0 ? errno != EINTR : !lib.PQconsumeInput(db))
			return true;
	}
	return true;
}

static int tell_silence(PGconn *db, struct err *e)
{
	shutdown(lib.PQsocket(db), SHUT_RDWR);
	return err_set(e, -EPIPE, NULL, "The database server has said nothing for %d s.",
		       SQL_SILENCE_S);
}

static int postgres_run(struct sql *s, const char *statement, sql_row_fn *row, void *ctx,
			uint64_t *changed, struct err *e)
{
	PGconn *db = ((struct sql_postgres *)s)->db;
	uint64_t number;
	PGresult *r;
	int rc = 0;

	if (!lib.PQsendQuery(db, statement))
		return tell(db, NULL, e);
	/* Row by row as they come: the client holds one, not the table. */
	lib.PQsetSingleRowMode(db);
	for (;;) {
		if (rc == 0 && !wait_for_result(db))
			rc = tell_silence(db, e);
		r = lib.PQgetResult(db);
		if (!r)
			return rc;
		switch (lib.PQresultStatus(r)) {
		case PGRES_SINGLE_TUPLE:
			if (row)
				give_row(r, row, ctx);
			break;
		case PGRES_TUPLES_OK:
		case PGRES_COMMAND_OK:
			if (changed &&
			    slice_to_u64(slice_of(lib.PQcmdTuples(r)), UINT64_MAX, &number))
				*changed = number;
			break;
		default:
			if (rc == 0)
				rc = tell(db, r, e);
			break;
		}
		lib.PQclear(r);
	}
}

static void postgres_quote(struct sql *s, struct slice text, struct strbuf *out)
{
	PGconn *db = ((struct sql_postgres *)s)->db;
	char *literal = lib.PQescapeLiteral(db, text.p ? text.p : "", text.n);

	/* Bytes that are no text of the database's encoding occur in none of its rows. */
	strbuf_add_str(out, literal ? literal : "NULL");
	lib.PQfreemem(literal);
}

static void postgres_close(struct sql *s)
{
	lib.PQfinish(((struct sql_postgres *)s)->db);
	free(s);
}

static const struct sql_ops postgres_ops = {postgres_run, postgres_quote, postgres_close};

struct keywords {
	const char *names[OPTIONS_MAX], *values[OPTIONS_MAX];
	size_t n;
};

static void keyword(struct keywords *k, const char *name, const char *value)
{
	if (!value || k->n + 1 == OPTIONS_MAX)
		return;
	k->names[k->n] = name;
	k->values[k->n++] = value;
}

static PGconn *connect_to(struct db_url *u, bool may_write)
{
	struct keywords k = {.n = 0};
	char port[12] = "", connect[12], session[200];

	if (db_url_port(u))
		snprintf(port, sizeof(port), "%u", db_url_port(u));
	snprintf(connect, sizeof(connect), "%d", SQL_CONNECT_S);
	snprintf(session, sizeof(session),
		 "-c statement_timeout=%d -c lock_timeout=2000 -c timezone=UTC "
		 "-c datestyle=ISO -c default_transaction_read_only=%s",
		 SQL_STATEMENT_S * 1000, may_write ? "off" : "on");
	/* Login by ~/.pgpass or the peer's name when there is no password here. */
	keyword(&k, "host", db_url_host(u) ? db_url_host(u) : db_url_option(u, "host"));
	keyword(&k, "port", port[0] ? port : NULL);
	keyword(&k, "user", db_url_user(u));
	keyword(&k, "password", db_url_password(u));
	keyword(&k, "dbname", db_url_database(u));
	keyword(&k, "sslmode", db_url_option(u, "sslmode"));
	keyword(&k, "sslrootcert", db_url_option(u, "sslrootcert"));
	keyword(&k, "passfile", db_url_option(u, "passfile"));
	keyword(&k, "connect_timeout", connect);
	keyword(&k, "tcp_user_timeout", "20000");
	keyword(&k, "options", session);
	keyword(&k, "application_name", "regtop");
	return lib.PQconnectdbParams(k.names, k.values, 0);
}

struct sql *sql_postgres_open(struct db_url *u, bool may_write, struct err *e)
{
	struct sql_postgres *p;
	PGconn *db;
	char said[300];

	if (!sql_library_open(&library, e))
		return NULL;
	db = connect_to(u, may_write);
	if (lib.PQstatus(db) != CONNECTION_OK) {
		first_line(lib.PQerrorMessage(db), said, sizeof(said));
		err_set(e, lib.PQconnectionNeedsPassword(db) ? -EACCES : -EHOSTUNREACH, NULL,
			"The database server says: %s.", said);
		lib.PQfinish(db);
		return NULL;
	}
	/* Bytes come as they were stored, whatever a locale says. */
	(void)lib.PQsetClientEncoding(db, "SQL_ASCII");
	p = xcalloc(1, sizeof(*p));
	p->base.ops = &postgres_ops;
	p->base.fd = lib.PQsocket(db);
	p->db = db;
	return &p->base;
}

#else

struct sql *sql_postgres_open(struct db_url *u, bool may_write, struct err *e)
{
	(void)u;
	(void)may_write;
	err_set(e, -EPROTONOSUPPORT, "Install libpq-dev and build it again.",
		"This regtop was built without PostgreSQL.");
	return NULL;
}

#endif
