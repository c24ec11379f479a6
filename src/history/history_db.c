/* The history's database: lives, events, calls and User-Agents in SQLite, by source and AoR. */
#include "history/history_db.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/text.h"

#define SCHEMA  1
#define APP_ID  0x72656768 /* "regh": a database of somebody else is never written to */
#define BUSY_MS 1000
/* So many rows are taken away at once; a batch waits for it. */
#define PRUNE_ROWS "2000"

static const char schema[] =
	"CREATE TABLE life (source TEXT NOT NULL, aor TEXT NOT NULL, device TEXT NOT NULL,"
	" seen_s INTEGER NOT NULL, moved_ms INTEGER NOT NULL, moved_from TEXT NOT NULL,"
	" moved_to TEXT NOT NULL, life TEXT NOT NULL,"
	" PRIMARY KEY (source, aor, device)) WITHOUT ROWID;"
	"CREATE INDEX life_seen ON life (seen_s);"
	"CREATE INDEX life_moved ON life (source, moved_from, moved_ms) WHERE moved_ms > 0;"
	"CREATE TABLE event (id INTEGER PRIMARY KEY AUTOINCREMENT, when_ms INTEGER NOT NULL,"
	" source TEXT NOT NULL, aor TEXT NOT NULL, device TEXT NOT NULL, key TEXT NOT NULL,"
	" kind INTEGER NOT NULL, code INTEGER NOT NULL, us INTEGER NOT NULL, was TEXT NOT NULL,"
	" now TEXT NOT NULL, words TEXT NOT NULL);"
	"CREATE INDEX event_aor ON event (source, aor, when_ms);"
	"CREATE TABLE call (source TEXT NOT NULL, aor TEXT NOT NULL, device TEXT NOT NULL,"
	" when_ms INTEGER NOT NULL, kind INTEGER NOT NULL, outcome INTEGER NOT NULL,"
	" path INTEGER NOT NULL, code INTEGER NOT NULL, flags INTEGER NOT NULL,"
	" ring_us INTEGER NOT NULL, final_us INTEGER NOT NULL, size INTEGER NOT NULL,"
	" sends INTEGER NOT NULL, agent TEXT NOT NULL, reason TEXT NOT NULL,"
	" detail TEXT NOT NULL, moved_to TEXT NOT NULL);"
	"CREATE INDEX call_aor ON call (source, aor, device, when_ms);"
	"CREATE TABLE agent (agent TEXT PRIMARY KEY, asked INTEGER NOT NULL,"
	" answered INTEGER NOT NULL) WITHOUT ROWID;";

static const char hint[] = "Everything else goes on without it. Free space on its disk, check its "
			   "owner, or move the file away; a new one is made.";
static const char hint_alien[] =
	"Everything else goes on without it. Move the file away; a new one is made.";
static const char hint_busy[] =
	"Everything else goes on without it. Some program holds the file locked: end it (fuser).";

enum statement {
	LOAD,
	SAVE,
	ADD_EVENT,
	ADD_CALL,
	COUNT_AGENT,
	EACH_EVENT,
	EACH_CALL,
	MOVED,
	FIND_AOR,
	AGENT,
	STATEMENTS
};

static const char *const statements[STATEMENTS] = {
	[LOAD] = "SELECT life FROM life WHERE source = ?1 AND aor = ?2 AND device = ?3",
	[SAVE] = "INSERT OR REPLACE INTO life (source, aor, device, seen_s, moved_ms, moved_from, "
		 "moved_to, life) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
	[ADD_EVENT] = "INSERT INTO event (source, aor, device, when_ms, key, kind, code, us, was, "
		      "now, words) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
	[ADD_CALL] = "INSERT INTO call (source, aor, device, when_ms, kind, outcome, path, code, "
		     "flags, ring_us, final_us, size, sends, agent, reason, detail, moved_to) "
		     "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, "
		     "?16, ?17)",
	[COUNT_AGENT] = "INSERT INTO agent (agent, asked, answered) VALUES (?1, 1, ?2) "
			"ON CONFLICT (agent) DO UPDATE SET asked = asked + 1, "
			"answered = answered + excluded.answered",
	[EACH_EVENT] = "SELECT when_ms, key, kind, code, us, was, now, words FROM event "
		       "WHERE source = ?1 AND aor = ?2 AND (?3 IS NULL OR device = ?3) "
		       "ORDER BY when_ms DESC, id DESC LIMIT ?4",
	[EACH_CALL] = "SELECT when_ms, kind, outcome, path, code, flags, ring_us, final_us, size, "
		      "sends, agent, reason, detail, moved_to FROM call WHERE source = ?1 AND "
		      "aor = ?2 AND device = ?3 AND when_ms BETWEEN ?4 AND ?5 ORDER BY when_ms",
	[MOVED] = "SELECT count(*), moved_to FROM life WHERE source = ?1 AND moved_from = ?2 AND "
		  "moved_ms > ?3 AND device <> '' GROUP BY moved_to ORDER BY 1 DESC LIMIT 1",
	[FIND_AOR] = "SELECT aor FROM life WHERE source = ?1 AND aor >= ?2 AND aor < ?3 AND "
		     "device = '' ORDER BY seen_s DESC LIMIT 1",
	[AGENT] = "SELECT asked, answered FROM agent WHERE agent = ?1",
};

struct history_db {
	sqlite3 *db;
	sqlite3_stmt *st[STATEMENTS];
	char *path;
	bool in_batch;
};

static int trouble(struct history_db *db, const char *verb, struct err *e)
{
	char path[200], words[100];
	int rc = sqlite3_extended_errcode(db->db) & 0xff, system = sqlite3_system_errno(db->db);
	bool busy = rc == SQLITE_BUSY || rc == SQLITE_LOCKED;
	/* "disk I/O error" alone helps nobody. */
	bool more = rc == SQLITE_IOERR && system;

	text_clean_buf(slice_of(db->path), path, sizeof(path));
	text_clean_buf(slice_of(sqlite3_errmsg(db->db)), words, sizeof(words));
	return err_set(e,
		       busy                ? -EBUSY
		       : rc == SQLITE_FULL ? -ENOSPC
					   : -EIO,
		       busy ? hint_busy : hint, "the history %s cannot be %s: %s%s%s%s", path, verb,
		       words, more ? " (" : "", more ? strerror(system) : "", more ? ")" : "");
}

static int run(struct history_db *db, const char *sql, const char *verb, struct err *e)
{
	return sqlite3_exec(db->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : trouble(db, verb, e);
}

/* ---- opening ----------------------------------------------------------------------------------
 */

/* Made here and not by SQLite, so that it is never readable by others. */
static int make_file(const char *path, struct err *e)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	char clean[200];
	int code = errno;

	if (fd >= 0) {
		close(fd);
		return 0;
	}
	text_clean_buf(slice_of(path), clean, sizeof(clean));
	return err_set(e, -code, hint, "the history %s cannot be %s: %s", clean,
		       access(path, F_OK) == 0 ? "opened" : "made", strerror(code));
}

static int64_t pragma(struct history_db *db, const char *sql)
{
	sqlite3_stmt *st = NULL;
	int64_t v = -1;

	if (sqlite3_prepare_v2(db->db, sql, -1, &st, NULL) == SQLITE_OK &&
	    sqlite3_step(st) == SQLITE_ROW)
		v = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return v;
}

static bool is_ours(struct history_db *db)
{
	return pragma(db, "PRAGMA application_id") == APP_ID &&
	       pragma(db, "PRAGMA user_version") == SCHEMA;
}

/* Two processes may come here at the same moment: the version is read under the lock. Who finds a
 * good one need not wait for it, and can read while another holds it. */
static int make_schema(struct history_db *db, struct err *e)
{
	char mark[120];
	int rc;

	if (is_ours(db))
		return 0;
	rc = run(db, "BEGIN IMMEDIATE", "opened", e);
	if (rc < 0)
		return rc;
	if (pragma(db, "PRAGMA user_version") == 0 &&
	    pragma(db, "SELECT count(*) FROM sqlite_master") == 0) {
		snprintf(mark, sizeof(mark),
			 "PRAGMA user_version = %d; PRAGMA application_id = %d;", SCHEMA, APP_ID);
		rc = run(db, schema, "made", e);
		if (rc == 0)
			rc = run(db, mark, "made", e);
	} else if (pragma(db, "PRAGMA application_id") != APP_ID) {
		rc = err_set(e, -EINVAL, hint_alien, "the history %s is another program's database",
			     db->path);
	} else if (pragma(db, "PRAGMA user_version") != SCHEMA) {
		rc = err_set(e, -EINVAL, hint_alien,
			     "the history %s is of another version of regtop", db->path);
	}
	if (rc < 0) {
		(void)sqlite3_exec(db->db, "ROLLBACK", NULL, NULL, NULL);
		return rc;
	}
	return run(db, "COMMIT", "made", e);
}

/* Shared by the writer and the reader of this process; a reader does not wait for the writer. */
#define IN_MEMORY "file:regtop-history?mode=memory&cache=shared"

static int open_file(struct history_db *db, bool in_memory, bool read_only, struct err *e)
{
	int flags = in_memory   ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_URI
		    : read_only ? SQLITE_OPEN_READONLY
				: SQLITE_OPEN_READWRITE;

	if (sqlite3_open_v2(in_memory ? IN_MEMORY : db->path, &db->db, flags | SQLITE_OPEN_NOMUTEX,
			    NULL) != SQLITE_OK)
		return trouble(db, "opened", e);
	sqlite3_busy_timeout(db->db, BUSY_MS);
	if (in_memory)
		return run(db, "PRAGMA read_uncommitted = 1", "opened", e);
	/* It may lose its last second, and must not cost a disk its time. */
	return read_only ? 0
			 : run(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;",
			       "opened", e);
}

static int prepare(struct history_db *db, bool read_only, struct err *e)
{
	for (int i = 0; i < STATEMENTS; i++) {
		bool writes = i == SAVE || i == ADD_EVENT || i == ADD_CALL || i == COUNT_AGENT;

		if (writes && read_only)
			continue;
		if (sqlite3_prepare_v3(db->db, statements[i], -1, SQLITE_PREPARE_PERSISTENT,
				       &db->st[i], NULL) != SQLITE_OK)
			return trouble(db, "read", e);
	}
	return 0;
}

struct history_db *history_db_open(const char *path, bool read_only, struct err *e)
{
	struct history_db *db;
	int rc = read_only || !path ? 0 : make_file(path, e);

	if (rc < 0)
		return NULL;
	db = xcalloc(1, sizeof(*db));
	db->path = xstrdup(path ? path : "in memory");
	rc = open_file(db, !path, read_only, e);
	if (rc == 0 && !read_only)
		rc = make_schema(db, e);
	if (rc == 0)
		rc = prepare(db, read_only, e);
	if (rc == 0)
		return db;
	history_db_close(db);
	return NULL;
}

void history_db_close(struct history_db *db)
{
	if (!db)
		return;
	for (int i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(db->st[i]);
	sqlite3_close(db->db);
	free(db->path);
	free(db);
}

/* ---- batches ----------------------------------------------------------------------------------
 */

int history_db_begin(struct history_db *db, struct err *e)
{
	int rc = run(db, "BEGIN IMMEDIATE", "written", e);

	db->in_batch = rc == 0;
	return rc;
}

int history_db_commit(struct history_db *db, struct err *e)
{
	int rc = run(db, "COMMIT", "written", e);

	if (rc < 0)
		history_db_rollback(db);
	db->in_batch = false;
	return rc;
}

void history_db_rollback(struct history_db *db)
{
	if (db->in_batch)
		(void)sqlite3_exec(db->db, "ROLLBACK", NULL, NULL, NULL);
	db->in_batch = false;
}

static sqlite3_stmt *start(struct history_db *db, enum statement which, const struct history_who *w)
{
	sqlite3_stmt *st = db->st[which];

	sqlite3_reset(st);
	sqlite3_clear_bindings(st);
	if (!w)
		return st;
	sqlite3_bind_text(st, 1, w->source, -1, SQLITE_STATIC);
	sqlite3_bind_text(st, 2, w->aor, -1, SQLITE_STATIC);
	if (w->device)
		sqlite3_bind_text(st, 3, w->device, -1, SQLITE_STATIC);
	return st;
}

static int finish(struct history_db *db, sqlite3_stmt *st, struct err *e)
{
	int rc = sqlite3_step(st) == SQLITE_DONE ? 0 : trouble(db, "written", e);

	sqlite3_reset(st);
	return rc;
}

static void bind_text(sqlite3_stmt *st, int at, const char *text)
{
	sqlite3_bind_text(st, at, text, -1, SQLITE_STATIC);
}

bool history_db_load(struct history_db *db, const struct history_who *w, struct life *out)
{
	sqlite3_stmt *st = start(db, LOAD, w);
	bool found = sqlite3_step(st) == SQLITE_ROW;
	const char *text = found ? (const char *)sqlite3_column_text(st, 0) : NULL;

	if (text)
		life_from_json(out, text);
	else
		life_init(out);
	sqlite3_reset(st);
	return text != NULL;
}

/* "192.0.2.1" of "192.0.2.1:5060". */
static void host_only(const char *source, char out[64])
{
	const char *colon = strrchr(source, ':');
	size_t n = colon ? (size_t)(colon - source) : strlen(source);

	slice_to_buf(slice_make(source, n), out, 64);
}

int history_db_save(struct history_db *db, const struct history_who *w, const struct life *l,
		    struct err *e)
{
	sqlite3_stmt *st = start(db, SAVE, w);
	char *text = life_to_json(l), from[64], to[64];
	int rc;

	host_only(l->s.moved_from, from);
	host_only(l->s.moved_to, to);
	sqlite3_bind_int64(st, 4, l->s.last_seen_s);
	/* A move of its port alone is none of the line's. */
	sqlite3_bind_int64(st, 5, strcmp(from, to) != 0 ? l->s.last_move_ms : 0);
	bind_text(st, 6, from);
	bind_text(st, 7, to);
	bind_text(st, 8, text);
	rc = finish(db, st, e);
	free(text);
	return rc;
}

int history_db_add_event(struct history_db *db, const struct history_who *w,
			 const struct history_event *e, struct err *err)
{
	sqlite3_stmt *st = start(db, ADD_EVENT, w);

	sqlite3_bind_int64(st, 4, e->when_ms);
	bind_text(st, 5, e->key);
	sqlite3_bind_int(st, 6, e->kind);
	sqlite3_bind_int(st, 7, e->code);
	sqlite3_bind_int64(st, 8, e->us);
	bind_text(st, 9, e->was);
	bind_text(st, 10, e->now);
	bind_text(st, 11, e->words);
	return finish(db, st, err);
}

enum { TRYING = 1, RINGING = 2, PROGRESS = 4, FORWARDED = 8, QUEUED = 16, BY_REGISTRAR = 32 };

int history_db_add_call(struct history_db *db, const struct history_who *w,
			const struct call_found *c, struct err *err)
{
	sqlite3_stmt *st = start(db, ADD_CALL, w);

	sqlite3_bind_int64(st, 4, c->when_ms);
	sqlite3_bind_int(st, 5, c->kind);
	sqlite3_bind_int(st, 6, c->outcome);
	sqlite3_bind_int(st, 7, c->path);
	sqlite3_bind_int(st, 8, c->code);
	sqlite3_bind_int(st, 9,
			 (c->trying ? TRYING : 0) | (c->ringing ? RINGING : 0) |
				 (c->progress ? PROGRESS : 0) | (c->forwarded ? FORWARDED : 0) |
				 (c->queued ? QUEUED : 0) | (c->by_registrar ? BY_REGISTRAR : 0));
	sqlite3_bind_int64(st, 10, c->ring_us);
	sqlite3_bind_int64(st, 11, c->final_us);
	sqlite3_bind_int64(st, 12, c->size);
	sqlite3_bind_int64(st, 13, c->sends);
	bind_text(st, 14, c->agent);
	bind_text(st, 15, c->reason);
	bind_text(st, 16, c->detail);
	bind_text(st, 17, c->moved_to);
	return finish(db, st, err);
}

int history_db_count_agent(struct history_db *db, const char *agent, bool answered, struct err *e)
{
	sqlite3_stmt *st = start(db, COUNT_AGENT, NULL);

	bind_text(st, 1, agent);
	sqlite3_bind_int(st, 2, answered);
	return finish(db, st, e);
}

int history_db_prune(struct history_db *db, int64_t oldest_ms, int64_t rows, struct err *e)
{
	char sql[700];
	int before = sqlite3_total_changes(db->db), rc;

	snprintf(sql, sizeof(sql),
		 "DELETE FROM event WHERE id IN (SELECT id FROM event WHERE id <= (SELECT max(id) "
		 "FROM event) - %lld OR when_ms < %lld ORDER BY id LIMIT " PRUNE_ROWS ");"
		 "DELETE FROM call WHERE when_ms < %lld;"
		 "DELETE FROM life WHERE (source, aor, device) IN (SELECT source, aor, device FROM "
		 "life WHERE seen_s < %lld ORDER BY seen_s LIMIT " PRUNE_ROWS ");"
		 "DELETE FROM life WHERE (source, aor, device) IN (SELECT source, aor, device FROM "
		 "life ORDER BY seen_s LIMIT max(0, min(" PRUNE_ROWS
		 ", (SELECT count(*) FROM life) - %lld)));",
		 (long long)rows, (long long)oldest_ms, (long long)oldest_ms,
		 (long long)(oldest_ms / 1000), (long long)rows);
	rc = run(db, sql, "pruned", e);
	return rc < 0 ? rc : sqlite3_total_changes(db->db) - before;
}

int64_t history_db_newest_ms(struct history_db *db)
{
	int64_t ms = pragma(db, "SELECT when_ms FROM event ORDER BY id DESC LIMIT 1");

	return ms > 0 ? ms : 0;
}

/* ---- queries ----------------------------------------------------------------------------------
 */

static void column(sqlite3_stmt *st, int at, char *out, size_t size)
{
	const char *text = (const char *)sqlite3_column_text(st, at);

	/* Whoever wrote it: it goes to a screen. */
	text_clean_buf(slice_of(text ? text : ""), out, size);
}

int history_db_each_event(struct history_db *db, const struct history_who *w, size_t limit,
			  history_visit_fn *fn, void *ctx)
{
	sqlite3_stmt *st = start(db, EACH_EVENT, w);
	struct history_event e;
	int rc;

	sqlite3_bind_int64(st, 4, limit ? (int64_t)limit : -1);
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		int kind = sqlite3_column_int(st, 2);

		if (kind < 0 || kind >= HISTORY_KINDS)
			continue;
		e = (struct history_event){.when_ms = sqlite3_column_int64(st, 0),
					   .kind = (enum history_kind)kind,
					   .code = sqlite3_column_int(st, 3),
					   .us = (uint32_t)sqlite3_column_int64(st, 4)};
		column(st, 1, e.key, sizeof(e.key));
		column(st, 5, e.was, sizeof(e.was));
		column(st, 6, e.now, sizeof(e.now));
		column(st, 7, e.words, sizeof(e.words));
		if (!fn(ctx, &e))
			break;
	}
	sqlite3_reset(st);
	return rc == SQLITE_DONE || rc == SQLITE_ROW ? 0 : -EIO;
}

static struct call_found call_of(sqlite3_stmt *st)
{
	int flags = sqlite3_column_int(st, 5);
	struct call_found c = {.when_ms = sqlite3_column_int64(st, 0),
			       .kind = (enum call_kind)sqlite3_column_int(st, 1),
			       .outcome = (enum call_outcome)sqlite3_column_int(st, 2),
			       .path = (enum probe_path)sqlite3_column_int(st, 3),
			       .code = sqlite3_column_int(st, 4),
			       .trying = flags & TRYING,
			       .ringing = flags & RINGING,
			       .progress = flags & PROGRESS,
			       .forwarded = flags & FORWARDED,
			       .queued = flags & QUEUED,
			       .by_registrar = flags & BY_REGISTRAR,
			       .ring_us = (uint32_t)sqlite3_column_int64(st, 6),
			       .final_us = (uint32_t)sqlite3_column_int64(st, 7),
			       .size = (unsigned)sqlite3_column_int64(st, 8),
			       .sends = (unsigned)sqlite3_column_int64(st, 9)};

	column(st, 10, c.agent, sizeof(c.agent));
	column(st, 11, c.reason, sizeof(c.reason));
	column(st, 12, c.detail, sizeof(c.detail));
	column(st, 13, c.moved_to, sizeof(c.moved_to));
	return c;
}

int history_db_each_call(struct history_db *db, const struct history_who *w, int64_t since_ms,
			 int64_t until_ms, void (*fn)(void *ctx, const struct call_found *c),
			 void *ctx)
{
	sqlite3_stmt *st = start(db, EACH_CALL, w);
	struct call_found c;
	int rc;

	sqlite3_bind_int64(st, 4, since_ms);
	sqlite3_bind_int64(st, 5, until_ms);
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		c = call_of(st);
		if ((int)c.kind >= 0 && c.kind < CALL_KINDS && (int)c.outcome >= 0 &&
		    c.outcome <= CALL_OPEN)
			fn(ctx, &c);
	}
	sqlite3_reset(st);
	return rc == SQLITE_DONE ? 0 : -EIO;
}

bool history_db_find_aor(struct history_db *db, const char *source, const char *user, char aor[200])
{
	sqlite3_stmt *st = start(db, FIND_AOR, NULL);
	char *from = xasprintf("%s@", user), *to = xasprintf("%s%c", user, '@' + 1);
	bool found;

	bind_text(st, 1, source);
	bind_text(st, 2, from);
	bind_text(st, 3, to);
	found = sqlite3_step(st) == SQLITE_ROW;
	if (found)
		column(st, 0, aor, 200);
	sqlite3_reset(st);
	free(from);
	free(to);
	return found;
}

unsigned history_db_moved(struct history_db *db, const char *source, const char *host,
			  int64_t since_ms, char to[64])
{
	sqlite3_stmt *st = start(db, MOVED, NULL);
	unsigned n = 0;

	bind_text(st, 1, source);
	bind_text(st, 2, host);
	sqlite3_bind_int64(st, 3, since_ms);
	if (sqlite3_step(st) == SQLITE_ROW) {
		n = (unsigned)sqlite3_column_int64(st, 0);
		column(st, 1, to, 64);
	}
	sqlite3_reset(st);
	return n;
}

void history_db_agent(struct history_db *db, const char *agent, int64_t *asked, int64_t *answered)
{
	sqlite3_stmt *st = start(db, AGENT, NULL);

	*asked = *answered = 0;
	bind_text(st, 1, agent);
	if (sqlite3_step(st) == SQLITE_ROW) {
		*asked = sqlite3_column_int64(st, 0);
		*answered = sqlite3_column_int64(st, 1);
	}
	sqlite3_reset(st);
}
