/* MySQL and MariaDB by libmariadb: the client side of the contract in sql.h. */
#include "source/sql/sql.h"

#include <errno.h>
#include "base/text.h"

#if HAVE_MYSQL

#include <errmsg.h>
#include <mysql.h>
#include <mysqld_error.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/alloc.h"
#include "source/sql/sql_library.h"

/* clang-format off */
#define CALLS(X) \
	X(mysql_errno) X(mysql_error) X(mysql_real_query) X(mysql_field_count) \
	X(mysql_affected_rows) X(mysql_use_result) X(mysql_num_fields) X(mysql_fetch_row) \
	X(mysql_fetch_lengths) X(mysql_free_result) X(mysql_real_escape_string) \
	X(mysql_close) X(mysql_options) X(mysql_ssl_set) X(mysql_query) \
	X(mysql_server_init) X(mysql_init) X(mysql_real_connect) X(mysql_get_socket)
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

static struct sql_library library = {"libmariadb.so.3",     "libmariadb3", lib_names,
				     (void **)(void *)&lib, LIB_COUNT,     false};

#define CELLS_MAX 32

struct sql_mysql {
	struct sql base;
	MYSQL *db;
};

static int tell(MYSQL *db, struct err *e)
{
	unsigned code = lib.mysql_errno(db);
	char said[300];
	int rc;

	text_clean_buf(slice_of(lib.mysql_error(db)), said, sizeof(said));
	switch (code) {
	case CR_SERVER_GONE_ERROR:
	case CR_SERVER_LOST:
		rc = -EPIPE;
		break;
	case CR_CONNECTION_ERROR:
	case CR_CONN_HOST_ERROR:
	case CR_UNKNOWN_HOST:
		rc = -EHOSTUNREACH;
		break;
	case ER_ACCESS_DENIED_ERROR:
	case ER_DBACCESS_DENIED_ERROR:
	case ER_TABLEACCESS_DENIED_ERROR:
	case ER_COLUMNACCESS_DENIED_ERROR:
		rc = -EACCES;
		break;
	case ER_STATEMENT_TIMEOUT:
	case ER_LOCK_WAIT_TIMEOUT:
	case ER_QUERY_INTERRUPTED:
		rc = -ETIME;
		break;
	default:
		rc = -EIO;
		break;
	}
	return err_set(e, rc, NULL, "The database server says: %s (%u).", said, code);
}

static int mysql_run(struct sql *s, const char *statement, sql_row_fn *row, void *ctx,
		     uint64_t *changed, struct err *e)
{
	MYSQL *db = ((struct sql_mysql *)s)->db;
	struct slice cells[CELLS_MAX];
	MYSQL_RES *result;
	MYSQL_ROW texts;
	unsigned count;

	if (lib.mysql_real_query(db, statement, strlen(statement)) != 0)
		return tell(db, e);
	if (lib.mysql_field_count(db) == 0) {
		if (changed)
			*changed = lib.mysql_affected_rows(db);
		return 0;
	}
	/* Row by row as they come: the client holds one, not the table. */
	result = lib.mysql_use_result(db);
	if (!result)
		return tell(db, e);
	count = lib.mysql_num_fields(result);
	while (count <= CELLS_MAX && (texts = lib.mysql_fetch_row(result)) != NULL) {
		const unsigned long *lengths = lib.mysql_fetch_lengths(result);

		for (unsigned i = 0; i < count; i++)
			cells[i] = slice_make(texts[i], texts[i] ? lengths[i] : 0);
		if (row)
			row(ctx, cells, count);
	}
	lib.mysql_free_result(result);
	return lib.mysql_errno(db) ? tell(db, e) : 0;
}

static void mysql_quote(struct sql *s, struct slice text, struct strbuf *out)
{
	char *room = xmalloc(text.n * 2 + 1);
	unsigned long n = lib.mysql_real_escape_string(((struct sql_mysql *)s)->db, room,
						       text.p ? text.p : "", text.n);

	strbuf_add_char(out, '\'');
	strbuf_add(out, room, n);
	strbuf_add_char(out, '\'');
	free(room);
}

static void mysql_gone(struct sql *s)
{
	lib.mysql_close(((struct sql_mysql *)s)->db);
	free(s);
}

static const struct sql_ops mysql_ops = {mysql_run, mysql_quote, mysql_gone};

static void set_options(MYSQL *db, struct db_url *u)
{
	unsigned connect = SQL_CONNECT_S, silence = SQL_SILENCE_S;
	const char *file = db_url_option(u, "option-file"), *ca = db_url_option(u, "ssl-ca");
	const char *charset = db_url_option(u, "charset");
	my_bool verify = 1;

	lib.mysql_options(db, MYSQL_OPT_CONNECT_TIMEOUT, &connect);
	lib.mysql_options(db, MYSQL_OPT_READ_TIMEOUT, &silence);
	lib.mysql_options(db, MYSQL_OPT_WRITE_TIMEOUT, &silence);
	/* Passwords belong into a file, not into a command line that everybody can read. */
	if (file)
		lib.mysql_options(db, MYSQL_READ_DEFAULT_FILE, file);
	lib.mysql_options(db, MYSQL_READ_DEFAULT_GROUP, "regtop");
	/* As Kamailio's own client talks by default: the stock table is latin1, and the server
	 * turns what it sent into that, and back. */
	lib.mysql_options(db, MYSQL_SET_CHARSET_NAME, charset ? charset : "utf8mb4");
	if (ca) {
		lib.mysql_ssl_set(db, NULL, NULL, ca, NULL, NULL);
		lib.mysql_options(db, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify);
	}
}

/* What one of the two servers does not know is no error: each has the other's words for it. */
static void set_session(MYSQL *db, bool may_write)
{
	char words[100];

	snprintf(words, sizeof(words), "SET SESSION max_statement_time=%d", SQL_STATEMENT_S);
	if (lib.mysql_query(db, words) != 0) {
		snprintf(words, sizeof(words), "SET SESSION max_execution_time=%d",
			 SQL_STATEMENT_S * 1000);
		(void)lib.mysql_query(db, words);
	}
	(void)lib.mysql_query(db, "SET SESSION innodb_lock_wait_timeout=2");
	(void)lib.mysql_query(db, "SET SESSION time_zone='+00:00'");
	(void)lib.mysql_query(db, "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED");
	/* MySQL 8 would tell for a day what it knew of a table's last change. */
	(void)lib.mysql_query(db, "SET SESSION information_schema_stats_expiry=0");
	if (!may_write)
		(void)lib.mysql_query(db, "SET SESSION TRANSACTION READ ONLY");
}

struct sql *sql_mysql_open(struct db_url *u, bool may_write, struct err *e)
{
	const char *socket = db_url_option(u, "socket");
	struct sql_mysql *m;
	MYSQL *db;

	if (!sql_library_open(&library, e))
		return NULL;
	if (lib.mysql_server_init(0, NULL, NULL) != 0 || !(db = lib.mysql_init(NULL))) {
		err_set(e, -EIO, NULL, "The client library of the database does not start.");
		return NULL;
	}
	set_options(db, u);
	if (!lib.mysql_real_connect(db, db_url_host(u), db_url_user(u), db_url_password(u),
				    db_url_database(u), db_url_port(u), socket, 0)) {
		tell(db, e);
		lib.mysql_close(db);
		return NULL;
	}
	set_session(db, may_write);
	m = xcalloc(1, sizeof(*m));
	m->base.ops = &mysql_ops;
	m->base.fd = (int)lib.mysql_get_socket(db);
	m->db = db;
	return &m->base;
}

#else

struct sql *sql_mysql_open(struct db_url *u, bool may_write, struct err *e)
{
	(void)u;
	(void)may_write;
	err_set(e, -EPROTONOSUPPORT, "Install libmariadb-dev and build it again.",
		"This regtop was built without MySQL and MariaDB.");
	return NULL;
}

#endif
