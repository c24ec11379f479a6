/* The journal: what was done, by whom, why, to which exact binding, and with what result. */
#include "act/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "act/journal_json.h"
#include "act/journal_who.h"
#include "base/alloc.h"
#include "base/text.h"

#define JOURNAL_SCHEMA  1
#define JOURNAL_APP_ID  0x7265676a /* "regj": a database of somebody else is never written to */
#define JOURNAL_BUSY_MS 1000
/* Others that open it at the same moment may be making it, on a slow disk. */
#define JOURNAL_OPEN_MS 5000
/* A whole check of a larger file would be felt at every start; damage there is told when the
 * damaged page is touched. */
#define JOURNAL_CHECK_BYTES (4 << 20)

struct journal {
	sqlite3 *db;
	sqlite3_stmt *intend, *result;
	const struct clock *clock;
	char *path;
	char *who;
	char host[256];
	int lock_fd;
	int64_t run; /* 0: this process has not written an intention yet */
};

static const char schema[] =
	"CREATE TABLE run (id INTEGER PRIMARY KEY AUTOINCREMENT, started_ms INTEGER NOT NULL,"
	" pid INTEGER NOT NULL, host TEXT NOT NULL);"
	"CREATE TABLE entry (id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" run INTEGER NOT NULL REFERENCES run(id), when_ms INTEGER NOT NULL,"
	" done_ms INTEGER NOT NULL DEFAULT 0, who TEXT NOT NULL, host TEXT NOT NULL,"
	" verb TEXT NOT NULL, reason TEXT NOT NULL, source TEXT NOT NULL, aor TEXT NOT NULL,"
	" contact TEXT NOT NULL, key TEXT NOT NULL, binding TEXT NOT NULL, state TEXT NOT NULL,"
	" result TEXT NOT NULL DEFAULT '', proof TEXT NOT NULL DEFAULT '');"
	"CREATE INDEX entry_open ON entry (run) WHERE done_ms = 0;";

static const char trouble_hint[] =
	"Nothing is changed without a journal. Free space on its disk, check its owner, or move "
	"the file away; a new one is made.";

static int code_of(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_READONLY:
	case SQLITE_PERM:
		return -EACCES;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return -EILSEQ;
	default:
		return -EIO;
	}
}

static int trouble(struct journal *j, const char *verb, struct err *e)
{
	char path[200], words[100];
	int rc = sqlite3_extended_errcode(j->db), system = sqlite3_system_errno(j->db);
	/* "disk I/O error" alone helps nobody. */
	bool more = (rc & 0xff) == SQLITE_IOERR && system;

	text_clean_buf(slice_of(j->path), path, sizeof(path));
	text_clean_buf(slice_of(sqlite3_errmsg(j->db)), words, sizeof(words));
	return err_set(e, code_of(rc), trouble_hint, "the journal %s cannot be %s: %s%s%s%s", path,
		       verb, words, more ? " (" : "", more ? strerror(system) : "",
		       more ? ")" : "");
}

static int run_sql(struct journal *j, const char *sql, const char *verb, struct err *e)
{
	if (sqlite3_exec(j->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return trouble(j, verb, e);
	return 0;
}

/* First column of the first row as an integer. */
static int ask_int(struct journal *j, const char *sql, int64_t *out, struct err *e)
{
	sqlite3_stmt *st = NULL;
	int rc = 0;

	*out = 0;
	if (sqlite3_prepare_v2(j->db, sql, -1, &st, NULL) != SQLITE_OK ||
	    sqlite3_step(st) != SQLITE_ROW)
		rc = trouble(j, "read", e);
	else
		*out = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return rc;
}

/* The file is made here, not by SQLite, so that it is never readable by others; -wal and -shm
 * inherit its mode. An existing file is not opened: closing it would drop SQLite's own locks. */
static int make_file(const char *path, struct err *e)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	char clean[200];
	struct stat st;

	if (fd >= 0) {
		close(fd);
		return 0;
	}
	text_clean_buf(slice_of(path), clean, sizeof(clean));
	if (errno != EEXIST || stat(path, &st) < 0)
		return err_set(e, -errno, trouble_hint, "the journal %s cannot be made: %s", clean,
			       strerror(errno));
	if (!S_ISREG(st.st_mode))
		return err_set(e, -EINVAL, trouble_hint, "the journal %s is not a file", clean);
	if ((st.st_mode & 077) != 0 && chmod(path, 0600) < 0)
		return err_set(e, -errno, "It holds customers' addresses; only its owner may.",
			       "the journal %s is open to others, and cannot be closed to them: %s",
			       clean, strerror(errno));
	return 0;
}

/* Two processes may come here at the same moment: the version is read again under the lock. */
static int make_schema(struct journal *j, struct err *e)
{
	int64_t version, tables;
	struct strbuf sql = STRBUF_INIT;
	int rc = run_sql(j, "BEGIN IMMEDIATE", "written", e);

	if (rc == 0)
		rc = ask_int(j, "PRAGMA user_version", &version, e);
	if (rc == 0)
		rc = ask_int(j, "SELECT count(*) FROM sqlite_master", &tables, e);
	if (rc == 0 && version == 0 && tables > 0)
		rc = err_set(e, -EINVAL, "Choose another file for the journal.",
			     "the file given for the journal is a database of something else");
	if (rc == 0 && version == 0) {
		strbuf_addf(&sql, "%sPRAGMA application_id=%d;PRAGMA user_version=%d", schema,
			    JOURNAL_APP_ID, JOURNAL_SCHEMA);
		rc = run_sql(j, strbuf_str(&sql), "written", e);
	}
	if (rc == 0)
		rc = run_sql(j, "COMMIT", "written", e);
	if (rc < 0)
		journal_rollback(j);
	strbuf_free(&sql);
	return rc;
}

static int check_schema(struct journal *j, struct err *e)
{
	int64_t version = 0, app = 0;
	int rc = ask_int(j, "PRAGMA user_version", &version, e);

	if (rc == 0 && version == 0)
		rc = make_schema(j, e);
	if (rc == 0)
		rc = ask_int(j, "PRAGMA user_version", &version, e);
	if (rc == 0)
		rc = ask_int(j, "PRAGMA application_id", &app, e);
	if (rc < 0)
		return rc;
	if (app != JOURNAL_APP_ID)
		return err_set(e, -EINVAL, "Choose another file for the journal.",
			       "the file given for the journal is a database of something else");
	if (version > JOURNAL_SCHEMA)
		return err_set(e, -ENOTSUP, "Use that regtop, or move the file away.",
			       "the journal was written by a newer regtop (format %lld, this one "
			       "knows %d)",
			       (long long)version, JOURNAL_SCHEMA);
	return 0;
}

static int check_pages(struct journal *j, struct err *e)
{
	sqlite3_stmt *st = NULL;
	struct stat file;
	char path[200];
	int rc = 0;

	if (stat(j->path, &file) < 0 || file.st_size > JOURNAL_CHECK_BYTES)
		return 0;
	if (sqlite3_prepare_v2(j->db, "PRAGMA quick_check(1)", -1, &st, NULL) != SQLITE_OK ||
	    sqlite3_step(st) != SQLITE_ROW) {
		rc = trouble(j, "read", e);
	} else if (strcmp((const char *)sqlite3_column_text(st, 0), "ok") != 0) {
		text_clean_buf(slice_of(j->path), path, sizeof(path));
		rc = err_set(e, -EILSEQ, trouble_hint, "the journal %s is damaged", path);
	}
	sqlite3_finalize(st);
	return rc;
}

/* Each process that writes holds a lock on the byte numbered by its run. The kernel drops it
 * whatever ends the process, and it is seen from other containers, where process numbers are not;
 * open file description locks do not fall when somebody else closes the same file. */
static struct flock run_lock(int64_t run)
{
	return (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = run, .l_len = 1};
}

static bool run_is_alive(struct journal *j, int64_t run)
{
	struct flock lock = run_lock(run);

	if (run == j->run)
		return true;
	/* Where locks cannot be asked for, nobody is declared gone. */
	return fcntl(j->lock_fd, F_OFD_GETLK, &lock) < 0 || lock.l_type != F_UNLCK;
}

static int bury_run(struct journal *j, int64_t run, struct err *e)
{
	sqlite3_stmt *st = NULL;
	int rc = 0;

	if (sqlite3_prepare_v2(j->db,
			       "UPDATE entry SET state = 'unknown', done_ms = ?1, result = 'regtop "
			       "ended before it knew the result' WHERE run = ?2 AND done_ms = 0",
			       -1, &st, NULL) != SQLITE_OK ||
	    sqlite3_bind_int64(st, 1, clock_wall_ms(j->clock)) != SQLITE_OK ||
	    sqlite3_bind_int64(st, 2, run) != SQLITE_OK || sqlite3_step(st) != SQLITE_DONE)
		rc = trouble(j, "written", e);
	sqlite3_finalize(st);
	return rc;
}

static int bury_the_dead(struct journal *j, struct err *e)
{
	sqlite3_stmt *st = NULL;
	int64_t *runs = NULL;
	size_t n = 0, cap = 0;
	int step = SQLITE_ERROR, rc = 0;

	if (sqlite3_prepare_v2(j->db, "SELECT DISTINCT run FROM entry WHERE done_ms = 0", -1, &st,
			       NULL) == SQLITE_OK) {
		while ((step = sqlite3_step(st)) == SQLITE_ROW) {
			XGROW(runs, cap, n + 1);
			runs[n++] = sqlite3_column_int64(st, 0);
		}
	}
	if (step != SQLITE_DONE)
		rc = trouble(j, "read", e);
	sqlite3_finalize(st);
	for (size_t i = 0; rc == 0 && i < n; i++) {
		if (!run_is_alive(j, runs[i]))
			rc = bury_run(j, runs[i], e);
	}
	free(runs);
	return rc;
}

static int open_locks(struct journal *j, struct err *e)
{
	char *path = xasprintf("%s-run", j->path);
	char clean[200];
	int rc = 0;

	j->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (j->lock_fd < 0) {
		text_clean_buf(slice_of(path), clean, sizeof(clean));
		rc = err_set(e, -errno, trouble_hint, "the journal's lock file %s: %s", clean,
			     strerror(errno));
	}
	free(path);
	return rc;
}

static int open_database(struct journal *j, struct err *e)
{
	int rc;

	if (sqlite3_open_v2(j->path, &j->db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
		return trouble(j, "opened", e);
	sqlite3_extended_result_codes(j->db, 1);
	sqlite3_busy_timeout(j->db, JOURNAL_OPEN_MS);
	rc = run_sql(j, "PRAGMA trusted_schema=OFF; PRAGMA synchronous=FULL", "opened", e);
	/* Before the mode is changed: a foreign database must stay as it is. */
	if (rc == 0)
		rc = check_schema(j, e);
	if (rc == 0)
		rc = run_sql(j, "PRAGMA journal_mode=WAL", "opened", e);
	if (rc == 0)
		rc = check_pages(j, e);
	sqlite3_busy_timeout(j->db, JOURNAL_BUSY_MS);
	return rc;
}

struct journal *journal_open(const char *path, const struct clock *c, struct err *e)
{
	struct journal *j = xcalloc(1, sizeof(*j));
	struct strbuf who = STRBUF_INIT;

	j->clock = c;
	j->path = xstrdup(path);
	j->lock_fd = -1;
	journal_who(&who);
	j->who = strbuf_take(&who);
	if (gethostname(j->host, sizeof(j->host) - 1) < 0)
		j->host[0] = '\0';
	if (make_file(path, e) < 0 || open_database(j, e) < 0 || open_locks(j, e) < 0 ||
	    bury_the_dead(j, e) < 0) {
		journal_close(j);
		return NULL;
	}
	return j;
}

void journal_close(struct journal *j)
{
	if (!j)
		return;
	sqlite3_finalize(j->intend);
	sqlite3_finalize(j->result);
	sqlite3_close(j->db);
	if (j->lock_fd >= 0)
		close(j->lock_fd);
	free(j->path);
	free(j->who);
	free(j);
}

int journal_commit(struct journal *j, struct err *e)
{
	int rc = run_sql(j, "COMMIT", "written", e);

	if (rc < 0)
		journal_rollback(j);
	return rc;
}

void journal_rollback(struct journal *j)
{
	if (!sqlite3_get_autocommit(j->db))
		sqlite3_exec(j->db, "ROLLBACK", NULL, NULL, NULL);
}

/* Before the first intention, and never inside a transaction: a run of our own, locked before any
 * entry points to it, so that nobody takes us for gone in between. */
static int start_run(struct journal *j, struct err *e)
{
	sqlite3_stmt *st = NULL;
	struct flock lock;
	int64_t run = 0;
	int rc = 0;

	if (j->run != 0)
		return 0;
	if (sqlite3_prepare_v2(j->db, "INSERT INTO run (started_ms, pid, host) VALUES (?1, ?2, ?3)",
			       -1, &st, NULL) != SQLITE_OK ||
	    sqlite3_bind_int64(st, 1, clock_wall_ms(j->clock)) != SQLITE_OK ||
	    sqlite3_bind_int64(st, 2, getpid()) != SQLITE_OK ||
	    sqlite3_bind_text(st, 3, j->host, -1, SQLITE_STATIC) != SQLITE_OK ||
	    sqlite3_step(st) != SQLITE_DONE)
		rc = trouble(j, "written", e);
	else
		run = sqlite3_last_insert_rowid(j->db);
	sqlite3_finalize(st);
	if (rc < 0)
		return rc;
	lock = run_lock(run);
	if (fcntl(j->lock_fd, F_OFD_SETLK, &lock) < 0)
		return err_set(e, -errno, trouble_hint, "the journal's lock file: %s",
			       strerror(errno));
	j->run = run;
	return 0;
}

int journal_begin(struct journal *j, struct err *e)
{
	int rc = start_run(j, e);

	return rc < 0 ? rc : run_sql(j, "BEGIN IMMEDIATE", "written", e);
}

static int bind_clean(sqlite3_stmt *st, int at, struct slice s)
{
	struct strbuf text = STRBUF_INIT;
	int rc;

	text_clean(s, false, &text);
	rc = sqlite3_bind_text(st, at, strbuf_str(&text), -1, SQLITE_TRANSIENT);
	strbuf_free(&text);
	return rc;
}

static int bind_intention(struct journal *j, const char *verb, const char *reason,
			  const char *source, const struct binding *b)
{
	struct strbuf aor = STRBUF_INIT;
	sqlite3_stmt *st = j->intend;
	int rc;

	binding_add_aor(b, &aor);
	rc = sqlite3_bind_int64(st, 1, j->run);
	rc |= sqlite3_bind_int64(st, 2, clock_wall_ms(j->clock));
	rc |= sqlite3_bind_text(st, 3, j->who, -1, SQLITE_STATIC);
	rc |= sqlite3_bind_text(st, 4, j->host, -1, SQLITE_STATIC);
	rc |= bind_clean(st, 5, slice_of(verb));
	rc |= bind_clean(st, 6, slice_of(reason));
	rc |= bind_clean(st, 7, slice_of(source));
	rc |= bind_clean(st, 8, strbuf_slice(&aor));
	rc |= bind_clean(st, 9, b->contact);
	rc |= bind_clean(st, 10, b->key);
	rc |= sqlite3_bind_text(st, 11, journal_json_binding(b), -1, free);
	strbuf_free(&aor);
	return rc;
}

int64_t journal_intend(struct journal *j, const char *verb, const char *reason, const char *source,
		       const struct binding *b, struct err *e)
{
	static const char sql[] = "INSERT INTO entry (run, when_ms, who, host, verb, reason, "
				  "source, aor, contact, key, binding, state) VALUES (?1, ?2, ?3, "
				  "?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 'intended')";
	int64_t id;
	int rc = start_run(j, e);

	if (rc < 0)
		return rc;
	if (!j->intend && sqlite3_prepare_v2(j->db, sql, -1, &j->intend, NULL) != SQLITE_OK)
		return trouble(j, "written", e);
	if (bind_intention(j, verb, reason, source, b) != SQLITE_OK ||
	    sqlite3_step(j->intend) != SQLITE_DONE)
		id = trouble(j, "written", e);
	else
		id = sqlite3_last_insert_rowid(j->db);
	sqlite3_reset(j->intend);
	sqlite3_clear_bindings(j->intend);
	return id;
}

int journal_result(struct journal *j, int64_t id, const char *state, const char *result,
		   const char *proof, struct err *e)
{
	static const char sql[] = "UPDATE entry SET state = ?2, result = ?3, proof = ?4, "
				  "done_ms = ?5 WHERE id = ?1";
	bool running = strcmp(state, "running") == 0;
	sqlite3_stmt *st;
	int rc = 0;

	if (!j->result && sqlite3_prepare_v2(j->db, sql, -1, &j->result, NULL) != SQLITE_OK)
		return trouble(j, "written", e);
	st = j->result;
	if (sqlite3_bind_int64(st, 1, id) != SQLITE_OK ||
	    bind_clean(st, 2, slice_of(state)) != SQLITE_OK ||
	    bind_clean(st, 3, slice_of(result)) != SQLITE_OK ||
	    bind_clean(st, 4, slice_of(proof)) != SQLITE_OK ||
	    sqlite3_bind_int64(st, 5, running ? 0 : clock_wall_ms(j->clock)) != SQLITE_OK ||
	    sqlite3_step(st) != SQLITE_DONE)
		rc = trouble(j, "written", e);
	else if (sqlite3_changes(j->db) == 0)
		rc = err_set(e, -ENOENT, trouble_hint, "the journal has lost entry %lld",
			     (long long)id);
	sqlite3_reset(st);
	sqlite3_clear_bindings(st);
	return rc;
}

/* The database may have been written to by others: what is NULL reads as "". */
static const char *column_text(sqlite3_stmt *st, int at)
{
	const char *s = (const char *)sqlite3_column_text(st, at);

	return s ? s : "";
}

static void read_entry(sqlite3_stmt *st, struct journal_entry *out)
{
	*out = (struct journal_entry){
		.id = sqlite3_column_int64(st, 0),
		.when_ms = sqlite3_column_int64(st, 1),
		.done_ms = sqlite3_column_int64(st, 2),
		.who = column_text(st, 3),
		.host = column_text(st, 4),
		.verb = column_text(st, 5),
		.reason = column_text(st, 6),
		.source = column_text(st, 7),
		.aor = column_text(st, 8),
		.contact = column_text(st, 9),
		.key = column_text(st, 10),
		.binding = column_text(st, 11),
		.state = column_text(st, 12),
		.result = column_text(st, 13),
		.proof = column_text(st, 14),
	};
}

int journal_each(struct journal *j, size_t limit, journal_visit_fn *fn, void *ctx, struct err *e)
{
	static const char sql[] = "SELECT id, when_ms, done_ms, who, host, verb, reason, source, "
				  "aor, contact, key, binding, state, result, proof FROM entry "
				  "ORDER BY id DESC LIMIT ?1";
	sqlite3_stmt *st = NULL;
	struct journal_entry entry;
	int step = SQLITE_ERROR, rc = 0;

	if (sqlite3_prepare_v2(j->db, sql, -1, &st, NULL) == SQLITE_OK &&
	    sqlite3_bind_int64(st, 1, limit == 0 || limit > INT32_MAX ? -1 : (int64_t)limit) ==
		    SQLITE_OK) {
		while ((step = sqlite3_step(st)) == SQLITE_ROW) {
			read_entry(st, &entry);
			if (!fn(ctx, &entry)) {
				step = SQLITE_DONE;
				break;
			}
		}
	}
	if (step != SQLITE_DONE)
		rc = trouble(j, "read", e);
	sqlite3_finalize(st);
	return rc;
}
