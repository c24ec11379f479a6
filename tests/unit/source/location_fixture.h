/* Location databases for tests, and another process that writes them. */
#ifndef REGTOP_TESTS_LOCATION_FIXTURE_H
#define REGTOP_TESTS_LOCATION_FIXTURE_H

#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include "test.h"

#define LOCATION_COLUMNS                                                                           \
	"CREATE TABLE location (id INTEGER PRIMARY KEY NOT NULL, ruid VARCHAR(64) DEFAULT '' NOT " \
	"NULL, username VARCHAR(64) DEFAULT '' NOT NULL, domain VARCHAR(64) DEFAULT NULL, "        \
	"contact "                                                                                 \
	"VARCHAR(512) DEFAULT '' NOT NULL, received VARCHAR(128) DEFAULT NULL, path VARCHAR(512) " \
	"DEFAULT NULL, expires TIMESTAMP WITHOUT TIME ZONE DEFAULT '2030-05-28 21:32:15' NOT "     \
	"NULL, "                                                                                   \
	"q REAL DEFAULT 1.0 NOT NULL, callid VARCHAR(255) DEFAULT 'Default-Call-ID' NOT NULL, "    \
	"cseq INTEGER DEFAULT 1 NOT NULL, last_modified TIMESTAMP WITHOUT TIME ZONE DEFAULT "      \
	"'2000-01-01 00:00:01' NOT NULL, flags INTEGER DEFAULT 0 NOT NULL, cflags INTEGER "        \
	"DEFAULT "                                                                                 \
	"0 NOT NULL, user_agent VARCHAR(255) DEFAULT '' NOT NULL, socket VARCHAR(64) DEFAULT "     \
	"NULL, methods INTEGER DEFAULT NULL, instance VARCHAR(255) DEFAULT NULL, reg_id INTEGER "  \
	"DEFAULT 0 NOT NULL, server_id INTEGER DEFAULT 0 NOT NULL, connection_id INTEGER DEFAULT " \
	"0 NOT NULL, keepalive INTEGER DEFAULT 0 NOT NULL, partition INTEGER DEFAULT 0 NOT NULL, " \
	"CONSTRAINT location_ruid_idx UNIQUE (ruid));"                                             \
	"CREATE INDEX location_expires_idx ON location (expires);"

#define LOCATION_SCHEMA                                                                            \
	LOCATION_COLUMNS                                                                           \
	"CREATE TABLE version (table_name VARCHAR(32) NOT NULL, table_version INTEGER DEFAULT 0 "  \
	"NOT NULL); INSERT INTO version VALUES ('location', 9);"

/* The Julian day as db_sqlite stores the Unix second t. */
#define JULIAN(t) "((" #t " - 0.5) / 86400.0 + 2440587.5)"

static char fixture_dir[64];
static char fixture_db[96];

/* As the test itself: never through a connection that stays open. */
static void sql(const char *path, const char *text)
{
	sqlite3 *db;
	char *words = NULL;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	sqlite3_busy_timeout(db, 2000);
	if (sqlite3_exec(db, text, NULL, NULL, &words) != SQLITE_OK)
		fail_msg("%s: %s", text, words);
	sqlite3_close(db);
}

static inline void add_phones(const char *path, unsigned first, unsigned count)
{
	char text[700];

	snprintf(
		text, sizeof(text),
		"INSERT INTO location (ruid, username, contact, expires, last_modified, q, callid, "
		"socket, server_id) WITH RECURSIVE n(i) AS (SELECT %u UNION ALL SELECT i + 1 FROM "
		"n "
		"WHERE i < %u) SELECT 'uloc-1-' || i, 'user' || i, 'sip:user' || i || "
		"'@192.0.2.1:5060', " JULIAN(2000000600) ", " JULIAN(
			2000000000) ", -1, 'call-' || "
				    "i, 'udp:127.0.0.1:5060', 1 FROM n",
		first, first + count - 1);
	sql(path, text);
}

static int make_dir(void **state)
{
	(void)state;
	snprintf(fixture_dir, sizeof(fixture_dir), "/tmp/regtop-unit.XXXXXX");
	if (!mkdtemp(fixture_dir))
		return -1;
	snprintf(fixture_db, sizeof(fixture_db), "%s/kamailio.sqlite", fixture_dir);
	return 0;
}

static inline int make_table(void **state)
{
	if (make_dir(state) < 0)
		return -1;
	sql(fixture_db, LOCATION_SCHEMA);
	return 0;
}

static int remove_dir(void **state)
{
	static const char *const names[] = {"kamailio.sqlite",
					    "kamailio.sqlite-journal",
					    "kamailio.sqlite-wal",
					    "kamailio.sqlite-shm",
					    "other",
					    "rpc.sock"};
	char path[128];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		snprintf(path, sizeof(path), "%s/%s", fixture_dir, names[i]);
		unlink(path);
	}
	return rmdir(fixture_dir);
}

/* Another process that writes: POSIX locks are per process, and SQLite forbids using what was
 * opened before a fork, so this program starts itself anew. */
struct writer {
	pid_t pid;
	int to, from;
};

/* In main(): runs as the writer and ends, when asked to. */
static void writer_main(int argc, char **argv)
{
	sqlite3 *db;
	char *words = NULL;
	char c;

	if (argc != 4 || strcmp(argv[1], "--write") != 0)
		return;
	if (sqlite3_open(argv[2], &db) != SQLITE_OK)
		_exit(2);
	if (sqlite3_exec(db, argv[3], NULL, NULL, &words) != SQLITE_OK) {
		fprintf(stderr, "# writer: %s: %s\n", argv[3], words);
		_exit(1);
	}
	if (write(1, "r", 1) != 1 || read(0, &c, 1) < 0)
		_exit(3);
	/* No commit: what is open ends as with a process that dies. */
	_exit(0);
}

/* Returns once text was run; an open transaction stays open until the writer ends. False when the
 * writer was refused. */
static bool writer_start(struct writer *w, const char *text)
{
	int in[2], out[2];
	char c;

	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	w->pid = fork();
	assert_true(w->pid >= 0);
	if (w->pid == 0) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		execl("/proc/self/exe", "writer", "--write", fixture_db, text, (char *)NULL);
		_exit(4);
	}
	close(in[0]);
	close(out[1]);
	w->to = in[1];
	w->from = out[0];
	return read(w->from, &c, 1) == 1;
}

static void writer_end(struct writer *w)
{
	close(w->to);
	close(w->from);
	waitpid(w->pid, NULL, 0);
}

/* Runs text in another process that waits for no lock, as Kamailio does; true: it was done. */
static inline bool writes(const char *text)
{
	struct writer w;
	bool done = writer_start(&w, text);

	writer_end(&w);
	return done;
}

static inline void writer_kill(struct writer *w)
{
	kill(w->pid, SIGKILL);
	writer_end(w);
}

#endif
