/* The journal: entries, crashes, several writers, damage, and a disk that is full. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "act/journal.h"

struct place {
	char dir[64], path[96];
	struct clock_fake clock;
};

static int setup(void **state)
{
	static struct place p;

	snprintf(p.dir, sizeof(p.dir), "/tmp/regtop-journal-XXXXXX");
	assert_non_null(mkdtemp(p.dir));
	snprintf(p.path, sizeof(p.path), "%s/journal.db", p.dir);
	clock_fake_init(&p.clock, 1900000000000);
	*state = &p;
	return 0;
}

static int teardown(void **state)
{
	static const char *const ends[] = {"", "-wal", "-shm", "-run", "-journal"};
	struct place *p = *state;
	char path[128];

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", p->path, ends[i]);
		unlink(path);
	}
	return rmdir(p->dir);
}

static struct binding sample(void)
{
	return (struct binding){
		.key = SLICE_LIT("uloc-1"),
		.user = SLICE_LIT("4021"),
		.domain = SLICE_LIT("acme.example"),
		.contact = SLICE_LIT("sip:4021@192.0.2.7:5060"),
		.user_agent = SLICE_LIT("Evil\x1b[2J \xff phone"),
		.call_id = SLICE_LIT("abc@192.0.2.7"),
		.expires_s = 1900003600,
		.refreshed_s = 1900000000,
		.granted_s = 3600,
		.cseq = 17,
		.methods = BINDING_METHODS_ALL,
		.q_milli = BINDING_Q_UNSET,
	};
}

static struct journal *must_open(struct place *p)
{
	struct err e = ERR_NONE;
	struct journal *j = journal_open(p->path, &p->clock.clock, &e);

	if (!j)
		fail_msg("%s", e.what);
	return j;
}

static int64_t must_intend(struct journal *j)
{
	struct binding b = sample();
	struct err e = ERR_NONE;
	int64_t id = journal_intend(j, "purge", "ticket 4711", "kamailio.sqlite", &b, &e);

	if (id <= 0)
		fail_msg("%s", e.what);
	return id;
}

struct seen {
	size_t n;
	int64_t ids[8], done[8];
	char state[8][32], result[8][96], proof[8][96], who[160], binding[1200], reason[64],
		aor[64];
};

static bool see(void *ctx, const struct journal_entry *e)
{
	struct seen *s = ctx;

	assert_true(s->n < 8);
	s->ids[s->n] = e->id;
	s->done[s->n] = e->done_ms;
	snprintf(s->state[s->n], 32, "%s", e->state);
	snprintf(s->result[s->n], 96, "%s", e->result);
	snprintf(s->proof[s->n], 96, "%s", e->proof);
	snprintf(s->who, sizeof(s->who), "%s", e->who);
	snprintf(s->binding, sizeof(s->binding), "%s", e->binding);
	snprintf(s->reason, sizeof(s->reason), "%s", e->reason);
	snprintf(s->aor, sizeof(s->aor), "%s", e->aor);
	s->n++;
	return true;
}

static struct seen look(struct journal *j)
{
	struct seen s = {.n = 0};

	assert_int_equal(journal_each(j, 0, see, &s, NULL), 0);
	return s;
}

TEST(an_entry_goes_from_intended_over_running_to_its_result)
{
	struct place *p = *state;
	struct journal *j = must_open(p);
	int64_t id = must_intend(j);
	struct seen s = look(j);

	assert_int_equal(s.n, 1);
	assert_string_equal(s.state[0], "intended");
	assert_string_equal(s.reason, "ticket 4711");
	assert_string_equal(s.aor, "4021@acme.example");
	assert_int_equal(s.done[0], 0);
	assert_int_equal(journal_result(j, id, "running", "", "", NULL), 0);
	s = look(j);
	assert_string_equal(s.state[0], "running");
	assert_int_equal(s.done[0], 0);
	clock_fake_advance(&p->clock, 250);
	assert_int_equal(journal_result(j, id, "removed", "", "gone after 3 ms", NULL), 0);
	s = look(j);
	assert_string_equal(s.state[0], "removed");
	assert_string_equal(s.proof[0], "gone after 3 ms");
	assert_int_equal(s.done[0], 1900000000250);
	journal_close(j);
}

TEST(the_whole_binding_is_kept_and_hostile_bytes_can_be_restored)
{
	struct journal *j = must_open(*state);
	struct seen s;
	json_t *o;

	must_intend(j);
	s = look(j);
	o = json_loads(s.binding, 0, NULL);
	assert_non_null(o);
	assert_string_equal(json_string_value(json_object_get(o, "call_id")), "abc@192.0.2.7");
	assert_int_equal(json_integer_value(json_object_get(o, "cseq")), 17);
	assert_string_equal(json_string_value(json_object_get(o, "expires")),
			    "2030-03-17T18:46:40Z");
	assert_null(strchr(json_string_value(json_object_get(o, "user_agent")), 0x1b));
	assert_string_equal(
		json_string_value(json_object_get(json_object_get(o, "raw_hex"), "user_agent")),
		"4576696c1b5b324a20ff2070686f6e65");
	assert_null(json_object_get(json_object_get(o, "raw_hex"), "contact"));
	json_decref(o);
	journal_close(j);
}

TEST(newest_entries_come_first_and_a_limit_is_kept)
{
	struct journal *j = must_open(*state);
	int64_t first = must_intend(j), second = must_intend(j);
	struct seen s = {.n = 0};

	assert_int_equal(journal_each(j, 1, see, &s, NULL), 0);
	assert_int_equal(s.n, 1);
	assert_int_equal(s.ids[0], second);
	s = look(j);
	assert_int_equal(s.n, 2);
	assert_int_equal(s.ids[1], first);
	journal_close(j);
}

TEST(who_names_the_user_behind_sudo_and_the_ssh_client)
{
	struct journal *j;
	struct seen s;

	setenv("SUDO_USER", "anna\x1b", 1);
	setenv("SSH_CONNECTION", "198.51.100.7 50022 192.0.2.1 22", 1);
	j = must_open(*state);
	must_intend(j);
	s = look(j);
	assert_non_null(strstr(s.who, " (sudo from anna\xef\xbf\xbd, ssh 198.51.100.7)"));
	journal_close(j);
	unsetenv("SUDO_USER");
	unsetenv("SSH_CONNECTION");
}

TEST(only_its_owner_may_read_the_files)
{
	struct place *p = *state;
	mode_t old = umask(0);
	struct journal *j = must_open(p);
	char path[128];
	struct stat st;

	must_intend(j);
	assert_int_equal(stat(p->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	snprintf(path, sizeof(path), "%s-wal", p->path);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	snprintf(path, sizeof(path), "%s-run", p->path);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	journal_close(j);
	assert_int_equal(chmod(p->path, 0644), 0);
	journal_close(must_open(p));
	assert_int_equal(stat(p->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	umask(old);
}

/* A child that writes, says so, and is killed or waits until it is told to go. */
static pid_t child_writer(struct place *p, int *told, int *go)
{
	int up[2], down[2];
	char c;
	pid_t pid;

	assert_int_equal(pipe(up), 0);
	assert_int_equal(pipe(down), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct err e = ERR_NONE;
		struct binding b = sample();
		struct journal *j = journal_open(p->path, &p->clock.clock, &e);

		close(down[1]);
		if (j && journal_intend(j, "purge", "", "s", &b, &e) > 0 &&
		    write(up[1], "x", 1) == 1 && read(down[0], &c, 1) >= 0)
			_exit(0);
		_exit(1);
	}
	close(up[1]);
	close(down[0]);
	assert_int_equal(read(up[0], &c, 1), 1);
	*told = up[0];
	*go = down[1];
	return pid;
}

TEST(what_a_killed_process_left_becomes_unknown)
{
	struct place *p = *state;
	int told, go, status;
	pid_t pid = child_writer(p, &told, &go);
	struct journal *j;
	struct seen s;

	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	j = must_open(p);
	s = look(j);
	assert_int_equal(s.n, 1);
	assert_string_equal(s.state[0], "unknown");
	assert_true(s.done[0] > 0);
	journal_close(j);
	close(told);
	close(go);
}

TEST(the_entries_of_a_process_that_lives_are_left_alone)
{
	struct place *p = *state;
	int told, go, status;
	pid_t pid = child_writer(p, &told, &go);
	struct journal *j = must_open(p);
	struct seen s;

	must_intend(j);
	s = look(j);
	assert_int_equal(s.n, 2);
	assert_string_equal(s.state[0], "intended");
	assert_string_equal(s.state[1], "intended");
	close(go);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	journal_close(j);
	close(told);
}

TEST(many_processes_may_make_the_journal_at_once)
{
	enum { WRITERS = 4 };
	struct place *p = *state;
	pid_t pids[WRITERS];
	struct journal *j;
	struct seen s;

	for (int i = 0; i < WRITERS; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			struct err e = ERR_NONE;
			struct binding b = sample();
			struct journal *w = journal_open(p->path, &p->clock.clock, &e);
			int64_t id = w ? journal_intend(w, "purge", "", "s", &b, &e) : -1;

			_exit(id > 0 && journal_result(w, id, "removed", "", "", &e) == 0 ? 0 : 1);
		}
	}
	for (int i = 0; i < WRITERS; i++) {
		int status;

		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	j = must_open(p);
	s = look(j);
	assert_int_equal(s.n, WRITERS);
	for (int i = 0; i < WRITERS; i++)
		assert_string_equal(s.state[i], "removed");
	journal_close(j);
}

TEST(a_batch_is_written_whole_or_not_at_all)
{
	struct journal *j = must_open(*state);

	assert_int_equal(journal_begin(j, NULL), 0);
	must_intend(j);
	must_intend(j);
	journal_rollback(j);
	assert_int_equal(look(j).n, 0);
	assert_int_equal(journal_begin(j, NULL), 0);
	must_intend(j);
	assert_int_equal(journal_commit(j, NULL), 0);
	assert_int_equal(look(j).n, 1);
	journal_close(j);
}

static void write_at(const char *path, off_t at, const void *bytes, size_t n)
{
	int fd = open(path, O_RDWR | O_CREAT, 0600);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes, n, at), (ssize_t)n);
	close(fd);
}

TEST(a_file_that_is_no_database_is_refused_and_kept)
{
	struct place *p = *state;
	struct err e = ERR_NONE;
	char text[2048];
	struct stat st;

	memset(text, 'x', sizeof(text));
	write_at(p->path, 0, text, sizeof(text));
	assert_null(journal_open(p->path, &p->clock.clock, &e));
	assert_true(e.code < 0);
	assert_non_null(strstr(e.what, "journal"));
	assert_true(e.hint[0] != '\0');
	assert_int_equal(stat(p->path, &st), 0);
	assert_int_equal(st.st_size, sizeof(text));
}

TEST(a_damaged_page_is_told)
{
	struct place *p = *state;
	struct journal *j = must_open(p);
	struct err e = ERR_NONE;
	char rubbish[4096];

	must_intend(j);
	journal_close(j);
	memset(rubbish, 0xa5, sizeof(rubbish));
	write_at(p->path, 4096, rubbish, sizeof(rubbish));
	assert_null(journal_open(p->path, &p->clock.clock, &e));
	assert_true(e.code < 0);
}

static void run_sql(const char *path, const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

TEST(the_format_of_a_newer_regtop_is_refused)
{
	struct place *p = *state;
	struct err e = ERR_NONE;

	journal_close(must_open(p));
	run_sql(p->path, "PRAGMA user_version=2");
	assert_null(journal_open(p->path, &p->clock.clock, &e));
	assert_int_equal(e.code, -ENOTSUP);
	assert_non_null(strstr(e.what, "newer"));
}

TEST(a_database_of_somebody_else_is_never_written_to)
{
	struct place *p = *state;
	struct err e = ERR_NONE;

	run_sql(p->path, "CREATE TABLE location (id INTEGER)");
	assert_null(journal_open(p->path, &p->clock.clock, &e));
	assert_non_null(strstr(e.what, "something else"));
	run_sql(p->path, "PRAGMA user_version=1");
	assert_null(journal_open(p->path, &p->clock.clock, &e));
	run_sql(p->path, "INSERT INTO location VALUES (1)");
}

TEST(a_full_disk_is_told_and_leaves_no_half_entry)
{
	struct place *p = *state;
	struct journal *j = must_open(p);
	struct rlimit old, small;
	struct binding b = sample();
	struct err e = ERR_NONE;
	int64_t id = must_intend(j), got;
	struct stat st;
	char wal[128];

	assert_int_equal(journal_result(j, id, "removed", "", "", NULL), 0);
	snprintf(wal, sizeof(wal), "%s-wal", p->path);
	assert_int_equal(stat(wal, &st), 0);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = old;
	small.rlim_cur = (rlim_t)st.st_size;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	got = journal_intend(j, "purge", "", "s", &b, &e);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_true(got < 0);
	assert_true(e.code < 0);
	assert_non_null(strstr(e.what, "cannot be written"));
	assert_int_equal(look(j).n, 1);
	must_intend(j);
	assert_int_equal(look(j).n, 2);
	journal_close(j);
}

int main(void)
{
#define J(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		J(an_entry_goes_from_intended_over_running_to_its_result),
		J(the_whole_binding_is_kept_and_hostile_bytes_can_be_restored),
		J(newest_entries_come_first_and_a_limit_is_kept),
		J(who_names_the_user_behind_sudo_and_the_ssh_client),
		J(only_its_owner_may_read_the_files),
		J(what_a_killed_process_left_becomes_unknown),
		J(the_entries_of_a_process_that_lives_are_left_alone),
		J(many_processes_may_make_the_journal_at_once),
		J(a_batch_is_written_whole_or_not_at_all),
		J(a_file_that_is_no_database_is_refused_and_kept),
		J(a_damaged_page_is_told),
		J(the_format_of_a_newer_regtop_is_refused),
		J(a_database_of_somebody_else_is_never_written_to),
		J(a_full_disk_is_told_and_leaves_no_half_entry),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
