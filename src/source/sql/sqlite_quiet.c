/* Reads an SQLite file that a registrar writes, without ever making the writer wait or fail. */
#include "source/sql/sqlite_quiet.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/slice.h"
#include "base/strbuf.h"
#include "base/text.h"

/* SQLite's lock bytes (file format document, and os.h of SQLite): pending, reserved, shared. */
#define LOCK_FIRST     0x40000000
#define LOCK_BYTES     512
#define HEADER_SIZE    100
#define PATIENCE_MS    3000
#define BACKOFF_MAX_MS 25
/* Errors that are no writer's doing are believed after this many quiet attempts. */
#define FAILURES_BELIEVED 3
/* No column of a registrar's table is longer; what claims to be is damage. */
#define LENGTH_MAX (1 << 20)

/* One descriptor per file, shared by all objects of this process: closing any descriptor of a
 * file drops all POSIX locks that this process holds on it, SQLite's included. So closing happens
 * only under the list's lock, which sqlite_quiet_write() holds while it has locks, and only when
 * no object is left on the file. */
struct inode {
	struct inode *next;
	dev_t dev;
	ino_t ino;
	int fd;
	unsigned users;
};

static pthread_mutex_t inodes_lock = PTHREAD_MUTEX_INITIALIZER;
static struct inode *inodes;

/* What must not change while a page is read. */
struct moment {
	bool wal;
	uint32_t counter;
	off_t size;
	struct timespec changed;
};

struct sqlite_quiet {
	char *path;
	char shown[160]; /* path, cleaned, for messages */
	struct inode *inode;
	sqlite3 *db;          /* NULL: not open now */
	bool wal;             /* db was opened for a WAL file */
	uint32_t generation;  /* grows with every connection: stamps of two never mix */
	struct moment looked; /* of the last stamp, when the file was no WAL file */
	unsigned patience_ms;
	bool (*stop)(void *ctx);
	void *stop_ctx;
};

enum verdict { KEPT, BUSY, BROKEN };

static void inode_release(struct inode *gone)
{
	struct inode **at;

	if (!gone)
		return;
	pthread_mutex_lock(&inodes_lock);
	if (--gone->users == 0) {
		for (at = &inodes; *at != gone; at = &(*at)->next)
			;
		*at = gone->next;
		close(gone->fd);
		free(gone);
	}
	pthread_mutex_unlock(&inodes_lock);
}

static int tell_open_failed(const struct sqlite_quiet *q, int error, struct err *e)
{
	if (error == EACCES || error == EPERM)
		return err_set(e, -EACCES,
			       "Run regtop as a user that may read the registrar's files (root, or "
			       "a member of its group).",
			       "%s may not be read by this user.", q->shown);
	if (error == ENOENT || error == ENOTDIR)
		return err_set(e, -ENOENT, "Check the path; the file is looked for again.",
			       "%s does not exist.", q->shown);
	return err_set(e, -error, NULL, "%s cannot be opened: %s.", q->shown, strerror(error));
}

static int tell_no_file(const struct sqlite_quiet *q, struct err *e)
{
	return err_set(e, -EPROTONOSUPPORT, "Give the file of a registrar's database.",
		       "%s is not a regular file.", q->shown);
}

/* Looks for the file in the list before opening it: an open descriptor that turned out to be
 * superfluous could not be closed without dropping locks. */
static int inode_acquire(struct sqlite_quiet *q, const struct stat *st, struct err *e)
{
	struct inode *i;
	int rc = 0;

	pthread_mutex_lock(&inodes_lock);
	for (i = inodes; i && (i->dev != st->st_dev || i->ino != st->st_ino); i = i->next)
		;
	if (!i) {
		/* Not blocking: the name may have become a FIFO meanwhile. */
		int fd = open(q->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		struct stat now;

		if (fd < 0) {
			rc = tell_open_failed(q, errno, e);
		} else if (fstat(fd, &now) < 0 || !S_ISREG(now.st_mode)) {
			close(fd);
			rc = tell_no_file(q, e);
		} else {
			i = xcalloc(1, sizeof(*i));
			*i = (struct inode){inodes, now.st_dev, now.st_ino, fd, 0};
			inodes = i;
		}
	}
	if (i)
		i->users++;
	pthread_mutex_unlock(&inodes_lock);
	q->inode = i;
	return rc;
}

static void disconnect(struct sqlite_quiet *q)
{
	if (!q->db)
		return;
	pthread_mutex_lock(&inodes_lock);
	sqlite3_close(q->db);
	pthread_mutex_unlock(&inodes_lock);
	q->db = NULL;
}

/* The file under the name may be another one than last time: then everything is new. */
static int follow(struct sqlite_quiet *q, struct err *e)
{
	struct stat st;

	if (stat(q->path, &st) < 0)
		return tell_open_failed(q, errno, e);
	if (!S_ISREG(st.st_mode))
		return tell_no_file(q, e);
	if (q->inode && q->inode->dev == st.st_dev && q->inode->ino == st.st_ino)
		return 0;
	disconnect(q);
	inode_release(q->inode);
	q->inode = NULL;
	return inode_acquire(q, &st, e);
}

static int moment_take(const struct sqlite_quiet *q, struct moment *m, struct err *e)
{
	unsigned char h[HEADER_SIZE];
	struct stat st;
	ssize_t n;

	if (fstat(q->inode->fd, &st) < 0)
		return err_set(e, -errno, NULL, "%s: %s.", q->shown, strerror(errno));
	n = pread(q->inode->fd, h, sizeof(h), 0);
	if (n < 0)
		return err_set(e, -errno, NULL, "%s cannot be read: %s.", q->shown,
			       strerror(errno));
	if (n == 0)
		return err_set(e, -ENODATA,
			       "Give the file that the registrar's db_url names; an empty one was "
			       "perhaps made by a mistyped path.",
			       "%s is empty.", q->shown);
	if (n < HEADER_SIZE || memcmp(h, "SQLite format 3", 16) != 0)
		return err_set(e, -EILSEQ,
			       "Give a registrar's SQLite database or a regtop snapshot.",
			       "%s is not an SQLite database.", q->shown);
	m->wal = h[19] == 2;
	m->counter = (uint32_t)h[24] << 24 | (uint32_t)h[25] << 16 | (uint32_t)h[26] << 8 | h[27];
	m->size = st.st_size;
	m->changed = st.st_mtim;
	return 0;
}

static bool moment_equal(const struct moment *a, const struct moment *b)
{
	return a->wal == b->wal && a->counter == b->counter && a->size == b->size &&
	       a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}

/* 1 when somebody holds a write lock on SQLite's lock bytes, this process included; a question
 * for a read lock is in nobody's way and sees only writers. */
static int writer_present(const struct sqlite_quiet *q, struct err *e)
{
	struct flock l = {.l_type = F_RDLCK,
			  .l_whence = SEEK_SET,
			  .l_start = LOCK_FIRST,
			  .l_len = LOCK_BYTES};

	if (fcntl(q->inode->fd, F_OFD_GETLK, &l) < 0)
		return err_set(
			e, -errno,
			"Read it on the machine that writes it, from a local file system.",
			"%s is where locks cannot be seen (%s), so it cannot be read safely.",
			q->shown, strerror(errno));
	return l.l_type != F_UNLCK;
}

static int tell_sqlite(const struct sqlite_quiet *q, int rc, struct err *e)
{
	char words[160];

	text_clean_buf(slice_of(q->db ? sqlite3_errmsg(q->db) : sqlite3_errstr(rc)), words,
		       sizeof(words));
	switch (rc & 0xff) {
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_TOOBIG:
		return err_set(e, -EILSEQ, "Check it with: sqlite3 FILE 'PRAGMA integrity_check'",
			       "%s is damaged: %s.", q->shown, words);
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
	case SQLITE_READONLY:
	case SQLITE_AUTH:
		return err_set(
			e, -EACCES,
			"A database in WAL mode is readable only for one who may use the -wal "
			"and -shm files beside it: run regtop as root or as the registrar's user.",
			"%s cannot be opened: %s.", q->shown, words);
	default:
		return err_set(e, -EIO, NULL, "%s: %s.", q->shown, words);
	}
}

/* The name as a URI for sqlite3_open_v2, every byte that could mean something escaped. */
static void add_uri(const struct sqlite_quiet *q, const char *query, struct strbuf *out)
{
	strbuf_add_str(out, "file:");
	for (const unsigned char *p = (const unsigned char *)q->path; *p; p++) {
		if (*p == '%' || *p == '?' || *p == '#' || *p < 0x21 || *p > 0x7e)
			strbuf_addf(out, "%%%02x", *p);
		else
			strbuf_add_char(out, (char)*p);
	}
	strbuf_add_str(out, query);
}

/* Everything that opens or closes holds the list's lock: a failed open closes its descriptor. */
static int connect_now(const struct sqlite_quiet *q, const char *query, int flags, sqlite3 **out)
{
	struct strbuf uri = STRBUF_INIT;
	int rc;

	add_uri(q, query, &uri);
	rc = sqlite3_open_v2(strbuf_str(&uri), out, flags | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX,
			     NULL);
	strbuf_free(&uri);
	if (rc == SQLITE_OK) {
		sqlite3_extended_result_codes(*out, 1);
		sqlite3_limit(*out, SQLITE_LIMIT_LENGTH, LENGTH_MAX);
		sqlite3_db_config(*out, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
		sqlite3_db_config(*out, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	}
	return rc;
}

/* unix-none is only ever opened read-only: with a journal present SQLite would otherwise roll it
 * back under the living writer. Read-only it says READONLY_ROLLBACK, and we wait. */
static int connect_reader(struct sqlite_quiet *q, bool wal, struct err *e)
{
	int rc;

	if (q->db && q->wal == wal)
		return 0;
	disconnect(q);
	q->wal = wal;
	q->generation++;
	pthread_mutex_lock(&inodes_lock);
	rc = connect_now(q, wal ? "?mode=ro" : "?mode=ro&vfs=unix-none", SQLITE_OPEN_READONLY,
			 &q->db);
	pthread_mutex_unlock(&inodes_lock);
	if (rc == SQLITE_OK)
		return 0;
	rc = tell_sqlite(q, rc, e);
	disconnect(q);
	return rc;
}

static enum verdict judge_code(int rc)
{
	if (rc == SQLITE_OK)
		return KEPT;
	if (rc == SQLITE_READONLY_ROLLBACK || rc == SQLITE_READONLY_RECOVERY)
		return BUSY;
	switch (rc & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_PROTOCOL:
	case SQLITE_SCHEMA:
		return BUSY;
	default:
		return BROKEN;
	}
}

/* One attempt. A negative return is trouble that waiting does not mend. */
static int attempt_read(struct sqlite_quiet *q, sqlite_quiet_page_fn *page, void *ctx,
			unsigned attempt, enum verdict *v, int *rc, struct err *e)
{
	struct moment before, after;
	int busy;

	int bad = follow(q, e);

	if (bad < 0 || (bad = moment_take(q, &before, e)) < 0)
		return bad;
	*rc = SQLITE_BUSY;
	*v = BUSY;
	if (!before.wal) {
		if ((busy = writer_present(q, e)) < 0)
			return busy;
		if (busy)
			return 0;
	}
	if ((bad = connect_reader(q, before.wal, e)) < 0)
		return bad;
	*rc = page(ctx, q->db, attempt);
	*v = judge_code(*rc);
	if (before.wal)
		return 0;
	if ((busy = writer_present(q, e)) < 0)
		return busy;
	if ((bad = moment_take(q, &after, e)) < 0)
		return bad;
	if (busy || !moment_equal(&before, &after))
		*v = BUSY;
	/* A writer that rolled back leaves the old counter, and SQLite would trust what it cached
	 * of the torn moment. */
	if (*v != KEPT)
		sqlite3_db_release_memory(q->db);
	return 0;
}

static int tell_busy(const struct sqlite_quiet *q, int rc, struct err *e)
{
	if (rc == SQLITE_READONLY_ROLLBACK)
		return err_set(
			e, -EBUSY,
			"If no process writes it, a writer died in a transaction: the registrar "
			"repairs that when it opens the file next. regtop never does.",
			"%s has an unfinished journal beside it.", q->shown);
	return err_set(e, -EBUSY,
		       "The registrar goes first. WAL mode lets both work at once: sqlite3 FILE "
		       "'PRAGMA journal_mode=wal'",
		       "%s is written without a pause, so a part could not be read.", q->shown);
}

int sqlite_quiet_read(struct sqlite_quiet *q, sqlite_quiet_page_fn *page, void *ctx, struct err *e)
{
	unsigned waited = 0, failures = 0, pause = 1;

	for (unsigned attempt = 0;; attempt++) {
		enum verdict v;
		int rc, bad = attempt_read(q, page, ctx, attempt, &v, &rc, e);

		if (bad < 0)
			return bad;
		if (v == KEPT)
			return 0;
		if (v == BROKEN && ++failures >= FAILURES_BELIEVED) {
			bad = tell_sqlite(q, rc, e);
			disconnect(q);
			return bad;
		}
		if (v == BROKEN)
			disconnect(q);
		if (q->stop && q->stop(q->stop_ctx))
			return err_set(e, -ECANCELED, NULL, "The read was ended early.");
		if (waited >= q->patience_ms)
			return tell_busy(q, rc, e);
		poll(NULL, 0, (int)pause);
		waited += pause;
		pause = pause * 2 > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : pause * 2;
	}
}

static int page_data_version(void *ctx, struct sqlite3 *db, unsigned attempt)
{
	sqlite3_stmt *s;
	uint32_t *out = ctx;
	int rc = sqlite3_prepare_v2(db, "PRAGMA data_version", -1, &s, NULL);

	(void)attempt;
	if (rc != SQLITE_OK)
		return rc;
	if (sqlite3_step(s) == SQLITE_ROW)
		*out = (uint32_t)sqlite3_column_int64(s, 0);
	return sqlite3_finalize(s);
}

/* A copy over the file in its place may bring the same counter, and SQLite would go on with what it
 * remembers of the old one. A transaction that grows the file before its end is no such thing. */
static int notice_other_content(struct sqlite_quiet *q, const struct moment *now, struct err *e)
{
	bool other = q->db && q->looked.counter == now->counter && q->looked.size != now->size;
	int busy = other ? writer_present(q, e) : 0;

	if (busy < 0)
		return busy;
	if (other && busy)
		return 0;
	if (other)
		disconnect(q);
	q->looked = *now;
	return 0;
}

int sqlite_quiet_stamp(struct sqlite_quiet *q, uint64_t *stamp, struct err *e)
{
	struct moment m;
	uint32_t version = 0;
	int rc = follow(q, e);

	if (rc < 0 || (rc = moment_take(q, &m, e)) < 0)
		return rc;
	if (m.wal) {
		rc = sqlite_quiet_read(q, page_data_version, &version, e);
		if (rc < 0)
			return rc;
	} else {
		if ((rc = notice_other_content(q, &m, e)) < 0 ||
		    (rc = connect_reader(q, false, e)) < 0)
			return rc;
		version = m.counter;
	}
	*stamp = (uint64_t)q->generation << 32 | version;
	return 0;
}

int sqlite_quiet_write(struct sqlite_quiet *q, unsigned busy_ms, sqlite_quiet_page_fn *write,
		       void *ctx, struct err *e)
{
	sqlite3 *db = NULL;
	int rc = follow(q, e), code = 0;

	if (rc < 0)
		return rc;
	pthread_mutex_lock(&inodes_lock);
	rc = connect_now(q, "?mode=rw", SQLITE_OPEN_READWRITE, &db);
	if (rc == SQLITE_OK) {
		sqlite3_busy_timeout(db, (int)busy_ms);
		rc = write(ctx, db, 0);
	}
	if (rc != SQLITE_OK) {
		char words[160];

		text_clean_buf(slice_of(db ? sqlite3_errmsg(db) : sqlite3_errstr(rc)), words,
			       sizeof(words));
		code = err_set(e,
			       (rc & 0xff) == SQLITE_BUSY       ? -EBUSY
			       : (rc & 0xff) == SQLITE_READONLY ? -EACCES
								: -EIO,
			       (rc & 0xff) == SQLITE_READONLY
				       ? "Writing needs the rights of root or the registrar's user."
				       : NULL,
			       "%s could not be changed: %s.", q->shown, words);
	}
	sqlite3_close(db);
	pthread_mutex_unlock(&inodes_lock);
	return code;
}

void sqlite_quiet_set_patience(struct sqlite_quiet *q, unsigned patience_ms,
			       bool (*stop)(void *ctx), void *ctx)
{
	q->patience_ms = patience_ms;
	q->stop = stop;
	q->stop_ctx = ctx;
}

struct sqlite_quiet *sqlite_quiet_open(const char *path, struct err *e)
{
	struct sqlite_quiet *q = xcalloc(1, sizeof(*q));
	struct moment m;

	q->path = xstrdup(path);
	q->patience_ms = PATIENCE_MS;
	text_clean_buf(slice_of(path), q->shown, sizeof(q->shown));
	if (follow(q, e) < 0 || moment_take(q, &m, e) < 0) {
		sqlite_quiet_close(q);
		return NULL;
	}
	return q;
}

void sqlite_quiet_close(struct sqlite_quiet *q)
{
	if (!q)
		return;
	disconnect(q);
	inode_release(q->inode);
	free(q->path);
	free(q);
}
