/* The history in trouble: a file that is locked, damaged, full or another's, and clocks that are
 * set. All else goes on, nothing that can be kept is lost, and what cannot is told once. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include "history/history.h"

#define START_MS  1900000000000
#define HOUR_MS   (3600 * 1000LL)
#define PHONE_AOR "4021@acme.example"

static struct binding phone(const char *user)
{
	return (struct binding){.key = slice_of(user),
				.user = slice_of(user),
				.domain = SLICE_LIT("acme.example"),
				.contact = SLICE_LIT("sip:4021@10.0.0.2:5062"),
				.received = SLICE_LIT("sip:203.0.113.2:42744"),
				.user_agent = SLICE_LIT("Yealink SIP-T46U"),
				.call_id = SLICE_LIT("one"),
				.granted_s = 600,
				.refreshed_s = START_MS / 1000,
				.expires_s = START_MS / 1000 + 600,
				.q_milli = BINDING_Q_UNSET};
}

static char dir[] = "/tmp/regtop-history-XXXXXX";
static char path[64];

static void remove_files(void)
{
	static const char *const tails[] = {"", "-wal", "-shm"};
	char name[80];

	for (size_t i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "%s%s", path, tails[i]);
		unlink(name);
	}
}

static int make_dir(void **state)
{
	(void)state;
	memcpy(dir + sizeof(dir) - 7, "XXXXXX", 6);
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/history.sqlite", dir);
	return 0;
}

static int remove_dir(void **state)
{
	(void)state;
	remove_files();
	return rmdir(dir);
}

struct world {
	struct clock_fake clock;
	struct loop *loop;
	struct store *store;
	struct history *h;
	struct err trouble;
	unsigned told;
	uint8_t source;
};

static void on_trouble(void *ctx, const struct err *e)
{
	struct world *w = ctx;

	w->trouble = *e;
	w->told++;
}

static void open_world_at(struct world *w, const char *file, int64_t wall_ms)
{
	struct history_options o = {0, 0};
	struct err e = ERR_NONE;

	memset(w, 0, sizeof(*w));
	clock_fake_init(&w->clock, wall_ms);
	w->loop = loop_new();
	w->store = store_new();
	w->source = store_add_source(w->store, "test");
	w->h = history_open(w->loop, &w->clock.clock, file, &o, on_trouble, w, &e);
	assert_string_equal(e.what, "");
	assert_non_null(w->h);
	history_watch(w->h, w->store);
	history_source_ready(w->h, w->source);
}

static void open_world(struct world *w, int64_t wall_ms)
{
	open_world_at(w, path, wall_ms);
}

static void close_world(struct world *w)
{
	history_close(w->h);
	store_free(w->store);
	loop_free(w->loop);
}

static void comes(struct world *w, const char *user)
{
	struct binding b = phone(user);

	store_put(w->store, w->source, &b, b.refreshed_s);
}

static bool is_known(const struct world *w, const char *aor)
{
	struct history_summary s;

	history_summary(w->h, "test", aor, NULL, &s);
	return s.first_seen_s > 0;
}

static bool count_event(void *ctx, const struct history_event *e)
{
	(void)e;
	(*(unsigned *)ctx)++;
	return true;
}

static unsigned events_of(const struct world *w, const char *aor)
{
	unsigned n = 0;

	history_each(w->h, "test", aor, NULL, 0, count_event, &n);
	return n;
}

TEST(a_file_that_is_locked_is_read_and_written_when_it_is_free)
{
	struct history_db *other;
	struct err e = ERR_NONE;
	struct world w;

	UNUSED_STATE;
	open_world(&w, START_MS);
	comes(&w, "4021");
	close_world(&w);
	other = history_db_open(path, false, &e);
	assert_non_null(other);
	assert_int_equal(history_db_begin(other, &e), 0);
	open_world(&w, START_MS);
	assert_true(is_known(&w, PHONE_AOR));
	comes(&w, "4022");
	history_settle(w.h);
	assert_false(is_known(&w, "4022@acme.example"));
	assert_int_equal(w.told, 1);
	assert_int_equal(w.trouble.code, -EBUSY);
	assert_non_null(strstr(w.trouble.hint, "locked"));
	comes(&w, "4023");
	history_db_rollback(other);
	history_db_close(other);
	history_settle(w.h);
	assert_true(is_known(&w, "4022@acme.example"));
	assert_true(is_known(&w, "4023@acme.example"));
	assert_int_equal(events_of(&w, "4022@acme.example"), 1);
	assert_int_equal(w.told, 1);
	close_world(&w);
}

TEST(in_memory_it_is_as_any_other_and_gone_at_the_end)
{
	struct world w;

	UNUSED_STATE;
	for (int i = 0; i < 2; i++) {
		open_world_at(&w, NULL, START_MS);
		assert_false(is_known(&w, PHONE_AOR));
		comes(&w, "4021");
		history_settle(w.h);
		assert_true(is_known(&w, PHONE_AOR));
		assert_int_equal(events_of(&w, PHONE_AOR), 1);
		assert_int_equal(w.told, 0);
		close_world(&w);
	}
	assert_int_not_equal(access(path, F_OK), 0);
}

TEST(a_disk_that_is_full_is_told_once_and_written_again_when_it_has_room)
{
	struct rlimit was, small;
	struct world w;
	char user[32];

	UNUSED_STATE;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	open_world(&w, START_MS);
	comes(&w, "4021");
	history_settle(w.h);
	small = was;
	small.rlim_cur = 100000;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	for (int i = 0; i < 6; i++) {
		for (int j = 0; j < 100; j++) {
			snprintf(user, sizeof(user), "many-%d-%d", i, j);
			comes(&w, user);
		}
		history_settle(w.h);
	}
	assert_int_equal(w.told, 1);
	assert_non_null(strstr(w.trouble.what, path));
	assert_true(is_known(&w, PHONE_AOR));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	comes(&w, "4022");
	history_settle(w.h);
	assert_true(is_known(&w, "4022@acme.example"));
	assert_int_equal(w.told, 1);
	close_world(&w);
}

static void expect_refused(const char *words)
{
	struct history_options o = {0, 0};
	struct err e = ERR_NONE;
	struct loop *l = loop_new();

	assert_null(history_open(l, &clock_system, path, &o, NULL, NULL, &e));
	assert_non_null(strstr(e.what, words));
	assert_non_null(strstr(e.hint, "Everything else goes on"));
	loop_free(l);
}

/* Writes over some bytes of a file. */
static void overwrite(const char *name, long at, const void *bytes, size_t n)
{
	int fd = open(name, O_WRONLY);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes, n, at), (ssize_t)n);
	close(fd);
}

TEST(a_file_of_another_version_or_program_is_left_alone)
{
	static const unsigned char version[] = {0, 0, 0, 9}, app[] = {1, 2, 3, 4};
	struct err e = ERR_NONE;
	struct stat before, after;

	UNUSED_STATE;
	history_db_close(history_db_open(path, false, &e));
	overwrite(path, 60, version, sizeof(version));
	stat(path, &before);
	expect_refused("another version of regtop");
	stat(path, &after);
	assert_int_equal(before.st_size, after.st_size);
	overwrite(path, 68, app, sizeof(app));
	expect_refused("another program's database");
	remove_files();
	assert_int_equal(mkdir(path, 0700), 0);
	expect_refused("cannot be opened: Is a directory");
	assert_int_equal(rmdir(path), 0);
}

static void use(struct history_db *db)
{
	struct history_who who = {"test", PHONE_AOR, "d1"};
	struct history_event ev = {.kind = HISTORY_SEEN, .when_ms = START_MS, .words = "seen"};
	struct history_summary s;
	struct err e = ERR_NONE;
	unsigned n = 0;
	struct life l;
	char text[200];

	history_db_load(db, &who, &l);
	s = l.s;
	assert_true(memchr(s.last_contact, '\0', sizeof(s.last_contact)));
	history_db_each_event(db, &who, 0, count_event, &n);
	history_db_find_aor(db, "test", "4021", text);
	history_db_moved(db, "test", "203.0.113.2", 0, text);
	if (history_db_begin(db, &e) < 0)
		return;
	if (history_db_save(db, &who, &l, &e) < 0 || history_db_add_event(db, &who, &ev, &e) < 0 ||
	    history_db_prune(db, START_MS - 1, 50, &e) < 0) {
		assert_non_null(strstr(e.what, path));
		history_db_rollback(db);
	} else {
		history_db_commit(db, &e);
	}
}

/* Pages, header and lives are damaged in turn; whatever is opened is used. */
TEST(a_damaged_file_is_told_or_used_and_never_trusted)
{
	unsigned opened = 0, refused = 0;
	struct err e = ERR_NONE;
	struct history_db *db;
	unsigned char noise[64];
	struct stat st;
	struct world w;
	char user[32];

	UNUSED_STATE;
	srand(7);
	for (int round = 0; round < 60; round++) {
		remove_files();
		open_world(&w, START_MS);
		comes(&w, "4021");
		for (int j = 0; j < 40; j++) {
			snprintf(user, sizeof(user), "phone-%d", j);
			comes(&w, user);
		}
		close_world(&w);
		assert_int_equal(stat(path, &st), 0);
		for (size_t i = 0; i < sizeof(noise); i++)
			noise[i] = (unsigned char)rand();
		if (round % 6 == 5)
			assert_int_equal(truncate(path, rand() % st.st_size), 0);
		else
			overwrite(path, rand() % (round % 2 ? 4096 : st.st_size - 64), noise,
				  1 + (size_t)rand() % sizeof(noise));
		err_clear(&e);
		db = history_db_open(path, false, &e);
		if (db) {
			use(db);
			opened++;
		} else {
			assert_non_null(strstr(e.what, "history"));
			refused++;
		}
		history_db_close(db);
	}
	assert_true(opened > 0 && refused > 0);
}

/* ---- clocks ---------------------------------------------------------------------------------- */

static void passes_a_minute(struct world *w, const char *user)
{
	clock_fake_advance(&w->clock, 61 * 1000);
	comes(w, user);
	history_settle(w->h);
}

TEST(a_clock_that_is_set_forward_forgets_nothing)
{
	struct world w;

	UNUSED_STATE;
	open_world(&w, START_MS);
	comes(&w, "4021");
	history_settle(w.h);
	w.clock.wall += 400 * 24 * HOUR_MS;
	passes_a_minute(&w, "4022");
	assert_int_equal(events_of(&w, PHONE_AOR), 1);
	close_world(&w);
	remove_files();
	open_world(&w, START_MS);
	comes(&w, "4021");
	close_world(&w);
	/* Wrong from the start, or nobody looked for a year. */
	open_world(&w, START_MS + 400 * 24 * HOUR_MS);
	passes_a_minute(&w, "4022");
	assert_int_equal(events_of(&w, PHONE_AOR), 1);
	close_world(&w);
	/* What was noted since says that it is true. */
	open_world(&w, START_MS + 401 * 24 * HOUR_MS);
	passes_a_minute(&w, "4023");
	assert_int_equal(events_of(&w, PHONE_AOR), 0);
	assert_int_equal(events_of(&w, "4022@acme.example"), 1);
	close_world(&w);
}

TEST(a_clock_that_is_set_back_neither_trusts_the_future_nor_stops_listening)
{
	struct evidence answered = {
		.outcome = PROBE_ANSWERED, .code = 200, .probes = 1, .answers = 1};
	struct evidence silent = {.outcome = PROBE_SILENT, .probes = 1, .failures = 1}, known;
	struct binding b = phone("4021");
	struct world w;

	UNUSED_STATE;
	open_world(&w, START_MS + 5 * HOUR_MS);
	answered.asked_ms = START_MS + 5 * HOUR_MS;
	history_probe(w.h, &b, &answered);
	history_settle(w.h);
	assert_true(history_evidence(w.h, "test", &b, HOUR_MS, &known));
	w.clock.wall = START_MS + HOUR_MS;
	assert_false(history_evidence(w.h, "test", &b, HOUR_MS, &known));
	silent.asked_ms = START_MS + HOUR_MS;
	history_probe(w.h, &b, &silent);
	history_settle(w.h);
	assert_true(history_evidence(w.h, "test", &b, HOUR_MS, &known));
	assert_int_equal(known.outcome, PROBE_SILENT);
	assert_int_equal(events_of(&w, PHONE_AOR), 2);
	close_world(&w);
}

#define WITH_DIR(name) cmocka_unit_test_setup_teardown(name, make_dir, remove_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_DIR(a_file_that_is_locked_is_read_and_written_when_it_is_free),
		WITH_DIR(in_memory_it_is_as_any_other_and_gone_at_the_end),
		WITH_DIR(a_disk_that_is_full_is_told_once_and_written_again_when_it_has_room),
		WITH_DIR(a_file_of_another_version_or_program_is_left_alone),
		WITH_DIR(a_damaged_file_is_told_or_used_and_never_trusted),
		WITH_DIR(a_clock_that_is_set_forward_forgets_nothing),
		WITH_DIR(a_clock_that_is_set_back_neither_trusts_the_future_nor_stops_listening),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
