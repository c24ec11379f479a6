/* The registrar's bindings on disk: one SQLite file, written in whole batches. */
#include "sip/registrar_store.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/text.h"

#define STORE_APPLICATION_ID 0x72656774 /* "regt" */
#define STORE_VERSION        1
/* A reader in WAL mode never holds us up; a foreign writer may. Phones repeat after 0.5 s and wait
 * 32 s, so a little patience costs them nothing. */
#define STORE_BUSY_MS 1500

struct reg_store {
	sqlite3 *db;
	sqlite3_stmt *put, *drop;
	pthread_mutex_t lock; /* one transaction at a time: the worker's batch, or a purge */
	char *path;
	int lock_fd;
};

/* n, the order of creation, is the rowid, so that new bindings are appended to the tree. */
static const char schema[] =
	"CREATE TABLE IF NOT EXISTS binding ("
	" n INTEGER PRIMARY KEY, key TEXT NOT NULL, user TEXT NOT NULL, domain TEXT NOT NULL,"
	" contact TEXT NOT NULL, received TEXT, path TEXT, socket TEXT, user_agent TEXT,"
	" call_id TEXT NOT NULL, instance TEXT, methods TEXT, expires_ms INTEGER NOT NULL,"
	" refreshed_ms INTEGER NOT NULL, first_ms INTEGER NOT NULL, granted_s INTEGER NOT NULL,"
	" cseq INTEGER NOT NULL, q_milli INTEGER NOT NULL, reg_id INTEGER NOT NULL,"
	" outbound INTEGER NOT NULL, transport TEXT NOT NULL, source TEXT NOT NULL,"
	" local TEXT NOT NULL)";

static const char put_sql[] =
	"INSERT OR REPLACE INTO binding (n, key, user, domain, contact, received, path, socket,"
	" user_agent, call_id, instance, methods, expires_ms, refreshed_ms, first_ms, granted_s,"
	" cseq, q_milli, reg_id, outbound, transport, source, local) VALUES"
	" (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20,?21,?22,?23)";

static const char load_sql[] =
	"SELECT n, key, user, domain, contact, received, path, socket, user_agent, call_id,"
	" instance, methods, expires_ms, refreshed_ms, first_ms, granted_s, cseq, q_milli, reg_id,"
	" outbound, transport, source, local FROM binding ORDER BY n";

static int trouble(const struct reg_store *s, struct err *e, const char *hint, const char *what)
{
	char path[256];

	text_clean_buf(slice_of(s->path), path, sizeof(path));
	return err_set(e, -EIO, hint, "%s the registrar's store %s: %s.", what, path,
		       s->db ? sqlite3_errmsg(s->db) : strerror(errno));
}

static int run(struct reg_store *s, const char *sql)
{
	return sqlite3_exec(s->db, sql, NULL, NULL, NULL);
}

/* ---- opening --------------------------------------------------------------------------------- */

/* A second registrar on the same file would overwrite what the first one answered for. The lock is
 * on a file of its own: closing another descriptor of a database drops SQLite's own locks. */
static int lock_out_others(struct reg_store *s, struct err *e)
{
	char *name = xasprintf("%s.lock", s->path), clean[256];

	s->lock_fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	text_clean_buf(slice_of(s->path), clean, sizeof(clean));
	free(name);
	if (s->lock_fd < 0)
		return trouble(s, e, "Does its directory exist, and may this user write there?",
			       "Cannot open");
	if (flock(s->lock_fd, LOCK_EX | LOCK_NB) < 0)
		return err_set(e, -EBUSY, "Stop it, or give this one another file with --store.",
			       "Another registrar is using the store %s.", clean);
	return 0;
}

/* Made by us rather than by SQLite: who registers from where is nobody else's business. */
static int make_private(struct reg_store *s, struct err *e)
{
	int fd = open(s->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return trouble(s, e, "Does its directory exist, and may this user write there?",
			       "Cannot open");
	close(fd);
	return 0;
}

static int read_number(struct reg_store *s, const char *sql, int64_t *out)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(s->db, sql, -1, &st, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(st);
	if (rc == SQLITE_ROW) {
		*out = sqlite3_column_int64(st, 0);
		rc = SQLITE_OK;
	}
	sqlite3_finalize(st);
	return rc;
}

/* New, ours, or somebody else's: nothing is written before that is known. */
static int check_owner(struct reg_store *s, struct err *e)
{
	static const char hint[] = "Move the file away, or name another one with --store.";
	int64_t id, version, tables;
	char clean[256];

	text_clean_buf(slice_of(s->path), clean, sizeof(clean));
	if (read_number(s, "PRAGMA application_id", &id) != SQLITE_OK ||
	    read_number(s, "PRAGMA user_version", &version) != SQLITE_OK ||
	    read_number(s, "SELECT count(*) FROM sqlite_master", &tables) != SQLITE_OK)
		return trouble(s, e, hint, "Cannot read");
	if (tables == 0 && id == 0)
		return 0;
	if (id != STORE_APPLICATION_ID)
		return err_set(e, -EPROTONOSUPPORT, hint,
			       "%s is a database, but no registrar's store.", clean);
	if (version > STORE_VERSION)
		return err_set(e, -EPROTONOSUPPORT, hint, "%s was written by a newer regtop.",
			       clean);
	return 0;
}

static int prepare(struct reg_store *s, struct err *e)
{
	char mark[96];

	snprintf(mark, sizeof(mark), "PRAGMA application_id=%d; PRAGMA user_version=%d",
		 STORE_APPLICATION_ID, STORE_VERSION);
	/* FULL: a 200 says "I keep this", so it must survive the loss of power too. */
	if (run(s, "PRAGMA journal_mode=WAL") != SQLITE_OK ||
	    run(s, "PRAGMA synchronous=FULL") != SQLITE_OK ||
	    run(s, "PRAGMA journal_size_limit=16777216") != SQLITE_OK ||
	    run(s, "BEGIN IMMEDIATE") != SQLITE_OK || run(s, schema) != SQLITE_OK ||
	    run(s, mark) != SQLITE_OK || run(s, "COMMIT") != SQLITE_OK ||
	    sqlite3_prepare_v2(s->db, put_sql, -1, &s->put, NULL) != SQLITE_OK ||
	    sqlite3_prepare_v2(s->db, "DELETE FROM binding WHERE n = ?1", -1, &s->drop, NULL) !=
		    SQLITE_OK)
		return trouble(s, e, "Move the file away, or name another one with --store.",
			       "Cannot write");
	return 0;
}

struct reg_store *reg_store_open(const char *path, struct err *e)
{
	struct reg_store *s = xcalloc(1, sizeof(*s));

	s->path = xstrdup(path);
	s->lock_fd = -1;
	pthread_mutex_init(&s->lock, NULL);
	if (lock_out_others(s, e) < 0 || make_private(s, e) < 0)
		goto fail;
	if (sqlite3_open_v2(path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_FULLMUTEX, NULL) !=
	    SQLITE_OK) {
		trouble(s, e, NULL, "Cannot open");
		goto fail;
	}
	sqlite3_busy_timeout(s->db, STORE_BUSY_MS);
	if (check_owner(s, e) < 0 || prepare(s, e) < 0)
		goto fail;
	return s;
fail:
	reg_store_close(s);
	return NULL;
}

void reg_store_close(struct reg_store *s)
{
	if (!s)
		return;
	sqlite3_finalize(s->put);
	sqlite3_finalize(s->drop);
	sqlite3_close(s->db);
	if (s->lock_fd >= 0)
		close(s->lock_fd);
	pthread_mutex_destroy(&s->lock);
	free(s->path);
	free(s);
}

/* ---- reading --------------------------------------------------------------------------------- */

static struct slice column(sqlite3_stmt *st, int i)
{
	const char *p = (const char *)sqlite3_column_text(st, i);

	return slice_make(p, p ? (size_t)sqlite3_column_bytes(st, i) : 0);
}

static struct reg_rec *row(sqlite3_stmt *st)
{
	struct registrar_binding b = {0};

	b.key = column(st, 1);
	b.user = column(st, 2);
	b.domain = column(st, 3);
	b.contact = column(st, 4);
	b.received = column(st, 5);
	b.path = column(st, 6);
	b.socket = column(st, 7);
	b.user_agent = column(st, 8);
	b.call_id = column(st, 9);
	b.instance = column(st, 10);
	b.methods = column(st, 11);
	b.expires_ms = sqlite3_column_int64(st, 12);
	b.refreshed_ms = sqlite3_column_int64(st, 13);
	b.first_ms = sqlite3_column_int64(st, 14);
	b.granted_s = (unsigned)sqlite3_column_int64(st, 15);
	b.cseq = (uint32_t)sqlite3_column_int64(st, 16);
	b.q_milli = sqlite3_column_int(st, 17);
	b.reg_id = sqlite3_column_int(st, 18);
	b.transport = transport_parse(column(st, 20));
	if (netaddr_parse_hostport(column(st, 21), 5060, &b.source) < 0)
		b.source.len = 0;
	if (netaddr_parse_hostport(column(st, 22), 5060, &b.local) < 0)
		b.local.len = 0;
	return reg_rec_new(&b, (uint64_t)sqlite3_column_int64(st, 0),
			   sqlite3_column_int(st, 19) != 0);
}

int reg_store_load(struct reg_store *s, int64_t now_ms, reg_store_row_fn *fn, void *ctx,
		   struct err *e)
{
	sqlite3_stmt *st = NULL;
	char sql[96];
	int rc;

	snprintf(sql, sizeof(sql), "DELETE FROM binding WHERE expires_ms <= %lld",
		 (long long)now_ms);
	rc = run(s, sql);
	if (rc == SQLITE_OK)
		rc = sqlite3_prepare_v2(s->db, load_sql, -1, &st, NULL);
	while (rc == SQLITE_OK || rc == SQLITE_ROW) {
		rc = sqlite3_step(st);
		if (rc == SQLITE_ROW)
			fn(ctx, row(st));
	}
	sqlite3_finalize(st);
	if (rc != SQLITE_DONE)
		return trouble(s, e,
			       "The file is damaged. Move it away: phones register again by "
			       "themselves.",
			       "Cannot read");
	return 0;
}

/* ---- writing --------------------------------------------------------------------------------- */

static void bind_slice(sqlite3_stmt *st, int i, struct slice s)
{
	sqlite3_bind_text(st, i, s.p ? s.p : "", (int)s.n, SQLITE_STATIC);
}

static int put(struct reg_store *s, const struct reg_rec *rec)
{
	const struct registrar_binding *b = &rec->b;
	const struct slice text[] = {b->key,      b->user,     b->domain, b->contact,
				     b->received, b->path,     b->socket, b->user_agent,
				     b->call_id,  b->instance, b->methods};
	const int64_t numbers[] = {b->expires_ms, b->refreshed_ms, b->first_ms, b->granted_s,
				   b->cseq,       b->q_milli,      b->reg_id,   rec->outbound};
	char source[NETADDR_STR] = "", local[NETADDR_STR] = "";
	int at = 1;

	sqlite3_bind_int64(s->put, at++, (int64_t)rec->n);
	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++)
		bind_slice(s->put, at++, text[i]);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		sqlite3_bind_int64(s->put, at++, numbers[i]);
	if (b->source.len)
		netaddr_format(&b->source, source);
	if (b->local.len)
		netaddr_format(&b->local, local);
	bind_slice(s->put, at++, slice_of(transport_name(b->transport)));
	bind_slice(s->put, at++, slice_of(source));
	bind_slice(s->put, at, slice_of(local));
	sqlite3_step(s->put);
	return sqlite3_reset(s->put);
}

static int drop(struct reg_store *s, const struct reg_rec *rec)
{
	sqlite3_bind_int64(s->drop, 1, (int64_t)rec->n);
	sqlite3_step(s->drop);
	return sqlite3_reset(s->drop);
}

int reg_store_write(struct reg_store *s, const struct reg_change *changes, size_t n, struct err *e)
{
	int rc;

	pthread_mutex_lock(&s->lock);
	rc = run(s, "BEGIN IMMEDIATE");
	for (size_t i = 0; i < n && rc == SQLITE_OK; i++)
		rc = changes[i].after ? put(s, changes[i].after) : drop(s, changes[i].before);
	if (rc == SQLITE_OK)
		rc = run(s, "COMMIT");
	if (rc != SQLITE_OK) {
		trouble(s, e, "Is the disk full, or does another program hold the file?",
			"Cannot write");
		/* Fails harmlessly when SQLite has rolled back by itself. */
		if (!sqlite3_get_autocommit(s->db))
			run(s, "ROLLBACK");
	}
	pthread_mutex_unlock(&s->lock);
	return rc == SQLITE_OK ? 0 : -EIO;
}
