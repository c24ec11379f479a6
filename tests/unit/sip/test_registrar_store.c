/* Tests of the registrar's store: what was answered 200 is there again, whatever happened. */
#include <fcntl.h>
#include <sqlite3.h>
#include "register_client.h"

#define ALICE "alice@acme.example"
#define HOME  "Contact: <sip:alice@192.0.2.1:5070>\r\n"
#define DESK  "Contact: <sip:alice@192.0.2.2:5070>\r\n"

/* A directory that is gone afterwards. */
struct place {
	char dir[64], file[96];
};

static struct place place_new(void)
{
	struct place p = {"/tmp/regtop-unit.XXXXXX", ""};
	struct strbuf b = STRBUF_INIT;

	assert_non_null(mkdtemp(p.dir));
	strbuf_addf(&b, "%s/registrar.sqlite", p.dir);
	slice_to_buf(strbuf_slice(&b), p.file, sizeof(p.file));
	strbuf_free(&b);
	return p;
}

static void place_remove(const struct place *p)
{
	static const char *const ends[] = {"", "-wal", "-shm", ".lock"};
	struct strbuf b = STRBUF_INIT;

	for (unsigned i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		strbuf_clear(&b);
		strbuf_addf(&b, "%s%s", p->file, ends[i]);
		unlink(strbuf_str(&b));
	}
	strbuf_free(&b);
	assert_int_equal(rmdir(p->dir), 0);
}

/* What another program does to the file. */
static void meddle(const char *file, const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(file, &db), SQLITE_OK);
	sqlite3_busy_timeout(db, 2000);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static struct registrar *try_open(struct client *c, const char *file, struct err *e)
{
	struct registrar_config cfg = {.path = file};

	*e = ERR_NONE;
	return registrar_new(c->loop, &c->clock.clock, c->transport, &cfg, NULL, e);
}

TEST(everything_is_there_again_after_a_restart)
{
	struct place p = place_new();
	struct registrar_config cfg = {.path = p.file};
	struct client *c = client_new(&cfg);
	struct registrar_binding b;
	char key[64];

	UNUSED_STATE;
	assert_int_equal(reg(c, ALICE, "call", 7,
			     "Contact: <sip:al%69ce@192.0.2.1:5070;x=Y>;q=0.5;"
			     "+sip.instance=\"<urn:uuid:1>\"\r\nPath: <sip:edge;lr>\r\n"
			     "Allow: INVITE, OPTIONS\r\nExpires: 600\r\n"),
			 200);
	slice_to_buf(only(c).key, key, sizeof(key));
	registrar_free(c->registrar);
	clock_fake_advance(&c->clock, 1000);
	client_serve(c);
	b = only(c);
	assert_slice_equal(b.key, key);
	assert_slice_equal(b.user, "alice");
	assert_slice_equal(b.domain, "acme.example");
	assert_slice_equal(b.contact, "sip:al%69ce@192.0.2.1:5070;x=Y");
	assert_slice_equal(b.path, "<sip:edge;lr>");
	assert_slice_equal(b.user_agent, "test phone");
	assert_slice_equal(b.call_id, "call");
	assert_slice_equal(b.instance, "<urn:uuid:1>");
	assert_slice_equal(b.methods, "INVITE, OPTIONS");
	assert_int_equal(b.expires_ms, START_MS + 600000);
	assert_int_equal(b.refreshed_ms, START_MS);
	assert_int_equal(b.cseq, 7);
	assert_int_equal(b.q_milli, 500);
	assert_int_equal(b.granted_s, 600);
	assert_true(netaddr_eq(&b.source, &c->self));
	assert_true(netaddr_eq(&b.local, &c->server));
	/* The order of requests is remembered too. */
	assert_int_equal(reg(c, ALICE, "call", 7, "Contact: <sip:alice@192.0.2.1:5070;x=Y>\r\n"),
			 400);
	assert_int_equal(reg(c, ALICE, "new", 1, DESK), 200);
	assert_int_equal(listed(c, ALICE), 2);
	client_free(c);
	place_remove(&p);
}

TEST(what_lapsed_meanwhile_is_dropped_at_start)
{
	struct place p = place_new();
	struct registrar_config cfg = {.path = p.file};
	struct client *c = client_new(&cfg);

	UNUSED_STATE;
	reg(c, ALICE, "a", 1, HOME "Expires: 60\r\n");
	reg(c, ALICE, "b", 1, DESK "Expires: 600\r\n");
	registrar_free(c->registrar);
	clock_fake_advance(&c->clock, 60000);
	client_serve(c);
	assert_slice_equal(only(c).contact, "sip:alice@192.0.2.2:5070");
	client_free(c);
	place_remove(&p);
}

TEST(removed_and_purged_bindings_stay_away)
{
	struct place p = place_new();
	struct registrar_config cfg = {.path = p.file};
	struct client *c = client_new(&cfg);
	struct err e = ERR_NONE;
	char key[64];

	UNUSED_STATE;
	reg(c, ALICE, "a", 1, HOME DESK);
	assert_int_equal(reg(c, ALICE, "a", 2, HOME "Expires: 0\r\n"), 200);
	slice_to_buf(only(c).key, key, sizeof(key));
	assert_int_equal(registrar_purge(c->registrar, slice_of(key), SLICE_LIT("a"), 1, &e), 0);
	registrar_free(c->registrar);
	client_serve(c);
	assert_int_equal(registrar_count(c->registrar), 0);
	client_free(c);
	place_remove(&p);
}

TEST(a_store_that_cannot_be_written_is_500_and_nothing_changes)
{
	struct place p = place_new();
	struct registrar_config cfg = {.path = p.file};
	struct client *c = client_new(&cfg);
	struct registrar_binding b;

	UNUSED_STATE;
	assert_int_equal(reg(c, ALICE, "a", 1, HOME "Expires: 600\r\n"), 200);
	meddle(p.file, "ALTER TABLE binding RENAME TO hidden");
	assert_int_equal(reg(c, ALICE, "a", 2, HOME DESK "Expires: 100\r\n"), 500);
	assert_int_equal(reg(c, ALICE, "b", 1, "Contact: *\r\nExpires: 0\r\n"), 500);
	b = only(c);
	assert_int_equal(b.cseq, 1);
	assert_int_equal(b.granted_s, 600);
	assert_int_equal(c->puts, 1);
	assert_int_equal(c->gones, 0);
	assert_int_equal(c->troubles, 2);
	/* The repeated request is refused again, from memory. */
	assert_int_equal(code_of(client_ask(c, c->sent)), 500);
	meddle(p.file, "ALTER TABLE hidden RENAME TO binding");
	assert_int_equal(reg(c, ALICE, "a", 3, HOME DESK), 200);
	assert_int_equal(listed(c, ALICE), 2);
	client_free(c);
	place_remove(&p);
}

TEST(requests_that_arrive_together_are_all_answered_and_all_kept)
{
	enum { MANY = 100 };
	struct place p = place_new();
	struct registrar_config cfg = {.path = p.file};
	struct client *c = client_new(&cfg);
	char call[16];

	UNUSED_STATE;
	for (unsigned i = 0; i < MANY; i++) {
		struct strbuf b = STRBUF_INIT;

		strbuf_addf(&b, "c%u", i);
		slice_to_buf(strbuf_slice(&b), call, sizeof(call));
		strbuf_addf(&b, "@acme.example");
		client_send(c, register_text(c, strbuf_str(&b), call, 1, HOME));
		strbuf_free(&b);
	}
	for (unsigned i = 0; i < MANY; i++) {
		const char *answer = client_receive(c, 5000);

		assert_non_null(answer);
		assert_int_equal(code_of(answer), 200);
	}
	registrar_free(c->registrar);
	client_serve(c);
	assert_int_equal(registrar_count(c->registrar), MANY);
	client_free(c);
	place_remove(&p);
}

/* An OPTIONS with a body that takes room. */
static void send_large(struct client *c)
{
	enum { BODY = 7900 };
	char address[NETADDR_STR];
	struct strbuf b = STRBUF_INIT;

	strbuf_addf(&b,
		    "OPTIONS sip:acme.example SIP/2.0\r\nVia: SIP/2.0/UDP %s;"
		    "branch=z9hG4bKl%u;rport\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\n"
		    "Call-ID: large\r\nCSeq: 1 OPTIONS\r\nContent-Length: %d\r\n\r\n%0*d",
		    netaddr_format(&c->self, address), ++c->branch, BODY, BODY, 0);
	client_send(c, strbuf_str(&b));
	strbuf_free(&b);
}

TEST(a_disk_that_hangs_does_not_make_the_memory_grow)
{
	struct place p = place_new();
	struct registrar_config cfg = {.path = p.file};
	struct client *c = client_new(&cfg);
	const char *answer;
	unsigned sent = 1, turned_back = 0, answered = 0;
	sqlite3 *db;

	UNUSED_STATE;
	assert_int_equal(sqlite3_open(p.file, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	client_send(c, register_text(c, ALICE, "a", 1, HOME));
	while (registrar_count(c->registrar) == 0)
		loop_turn(c->loop, false);
	for (; sent < 2500; sent++) {
		send_large(c);
		loop_turn(c->loop, false);
	}
	/* Before the disk is back. */
	assert_non_null(answer = client_receive(c, 1000));
	assert_int_equal(code_of(answer), 503);
	assert_non_null(strstr(answer, "\r\nRetry-After: 5\r\n"));
	assert_int_equal(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	/* What was held gets its answer as soon as that can be given. */
	do
		*(code_of(answer) == 503 ? &turned_back : &answered) += 1;
	while (turned_back + answered < sent &&
	       (answer = client_receive(c, answered ? 300 : 5000)));
	assert_true(turned_back > 100);
	assert_true(answered > 100);
	client_free(c);
	place_remove(&p);
}

TEST(answers_still_held_at_the_end_are_given_and_kept)
{
	struct place p = place_new();
	struct registrar_config cfg = {.path = p.file};
	struct client *c = client_new(&cfg);

	UNUSED_STATE;
	client_send(c, register_text(c, ALICE, "a", 1, HOME));
	while (registrar_count(c->registrar) == 0)
		loop_turn(c->loop, false);
	registrar_free(c->registrar);
	client_serve(c);
	assert_int_equal(code_of(client_receive(c, 2000)), 200);
	assert_int_equal(registrar_count(c->registrar), 1);
	client_free(c);
	place_remove(&p);
}

TEST(a_damaged_or_foreign_file_is_refused_in_words_and_left_alone)
{
	struct place p = place_new();
	struct client *c = client_new(NULL);
	char junk[4096] = "this is no database, and never was one";
	struct err e;
	int fd = open(p.file, O_CREAT | O_WRONLY, 0600);

	UNUSED_STATE;
	assert_int_equal(write(fd, junk, sizeof(junk)), sizeof(junk));
	close(fd);
	assert_null(try_open(c, p.file, &e));
	assert_non_null(strstr(e.what, p.file));
	assert_true(e.hint[0] != '\0');
	unlink(p.file);
	meddle(p.file, "CREATE TABLE location (a)");
	assert_null(try_open(c, p.file, &e));
	assert_non_null(strstr(e.what, "no registrar's store"));
	meddle(p.file, "INSERT INTO location VALUES (1)");
	client_free(c);
	place_remove(&p);
}

TEST(a_missing_directory_is_told_before_anything_is_served)
{
	struct client *c = client_new(NULL);
	struct err e;

	UNUSED_STATE;
	assert_null(try_open(c, "/nowhere/at/all.sqlite", &e));
	assert_non_null(strstr(e.what, "/nowhere/at/all.sqlite"));
	assert_non_null(strstr(e.what, "No such file"));
	client_free(c);
}

TEST(two_registrars_never_share_a_store)
{
	struct place p = place_new();
	struct registrar_config cfg = {.path = p.file};
	struct client *c = client_new(&cfg);
	struct err e;

	UNUSED_STATE;
	assert_null(try_open(c, p.file, &e));
	assert_non_null(strstr(e.what, "Another registrar"));
	client_free(c);
	place_remove(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(everything_is_there_again_after_a_restart),
		T(what_lapsed_meanwhile_is_dropped_at_start),
		T(removed_and_purged_bindings_stay_away),
		T(a_store_that_cannot_be_written_is_500_and_nothing_changes),
		T(requests_that_arrive_together_are_all_answered_and_all_kept),
		T(a_disk_that_hangs_does_not_make_the_memory_grow),
		T(answers_still_held_at_the_end_are_given_and_kept),
		T(a_damaged_or_foreign_file_is_refused_in_words_and_left_alone),
		T(a_missing_directory_is_told_before_anything_is_served),
		T(two_registrars_never_share_a_store),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
