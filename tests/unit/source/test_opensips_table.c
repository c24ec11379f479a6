/* OpenSIPS's table with its MI beside it: what has just registered is shown before the table knows
 * it, and goes when it is gone. */
#include <sqlite3.h>
#include "mi_fixture.h"

/* Version 1013, with the columns and types of facts/kamailio-opensips 5.1. */
#define SCHEMA                                                                                     \
	"CREATE TABLE location (contact_id INTEGER PRIMARY KEY NOT NULL, username CHAR(64) "       \
	"DEFAULT '' NOT NULL, domain CHAR(64), contact CHAR(255) DEFAULT '' NOT NULL, received "   \
	"CHAR(255), path CHAR(255), expires INTEGER NOT NULL, q FLOAT(10,2) DEFAULT 1.0 NOT "      \
	"NULL, callid CHAR(255) DEFAULT 'Default-Call-ID' NOT NULL, cseq INTEGER DEFAULT 13 NOT "  \
	"NULL, last_modified DATETIME DEFAULT '1900-01-01 00:00:01' NOT NULL, flags INTEGER "      \
	"DEFAULT 0 NOT NULL, cflags CHAR(255), user_agent CHAR(255) DEFAULT '' NOT NULL, socket "  \
	"CHAR(64), methods INTEGER, sip_instance CHAR(255), kv_store TEXT, attr CHAR(255));"       \
	"CREATE TABLE version (table_name CHAR(32) NOT NULL, table_version INTEGER NOT NULL);"     \
	"INSERT INTO version VALUES ('location', 1013);"
#define ROW(id, user, cseq)                                                                        \
	"INSERT INTO location (contact_id, username, contact, expires, callid, cseq, "             \
	"last_modified) VALUES (" id ", '" user "', 'sip:" user                                    \
	"@127.0.0.1:5071', 0, 'c@x', " cseq ", '2026-11-22 11:13:20');"
#define SHOW(user, id, cseq)                                                                       \
	"\"result\":{\"AOR\":\"" user "\",\"Contacts\":[{\"Contact\":\"sip:" user                  \
	"@127.0.0.1:5071\",\"ContactID\":\"" id "\",\"Expires\":300,\"Q\":\"\",\"Callid\":"        \
	"\"c@x\",\"Cseq\":" cseq ",\"State\":\"CS_NEW\"}]}"
#define NOBODY "\"error\":{\"code\":404,\"message\":\"AOR not found\"}"
#define EVENT(what, user)                                                                          \
	"{\"jsonrpc\":\"2.0\",\"method\":\"E_UL_CONTACT_" what                                     \
	"\",\"params\":{\"domain\":\"location\",\"aor\":\"" user "\",\"uri\":\"sip:" user          \
	"@127.0.0.1:5071\"}}"

static char db_path[120];

static void sql(const char *text)
{
	sqlite3 *db;
	char *words = NULL;

	assert_int_equal(sqlite3_open(db_path, &db), SQLITE_OK);
	sqlite3_busy_timeout(db, 2000);
	if (sqlite3_exec(db, text, NULL, NULL, &words) != SQLITE_OK)
		fail_msg("%s: %s", text, words);
	sqlite3_close(db);
}

static void on_keep(void *ctx, struct slice key)
{
	int i = row_of(key);

	(void)ctx;
	if (i >= 0)
		seen.brought[i] = true;
}

/* The table's rows, and the MI that was subscribed to. */
static struct source *table_started(void)
{
	struct source_sink with_keep = sink;
	struct source *s;

	snprintf(db_path, sizeof(db_path), "%s/opensips.sqlite", mi_dir);
	sql(SCHEMA ROW("77", "alice", "1") ROW("78", "bob", "1"));
	snprintf(mi_spec, sizeof(mi_spec), "opensips:%s", db_path);
	options.control = mi_place;
	mi_say("event_subscribe", "\"result\":\"OK\"");
	s = opened();
	with_keep.keep = on_keep;
	source_start(s, &with_keep);
	WAIT(seen.complete >= 1 && mi_calls("event_subscribe") == 4);
	return s;
}

static void table_end(struct source *s)
{
	source_free(s);
	unlink(db_path);
}

static void event(const char *text)
{
	struct slice hostport;
	struct netaddr a;
	char *at = NULL;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	for (int i = 0; i < 16 && !at; i++)
		at = strstr(mi.asked[i], "udp:");
	assert_non_null(at);
	slice_cut(slice_of(at + 4), '"', &hostport);
	assert_int_equal(netaddr_parse_hostport(hostport, 0, &a), 0);
	assert_int_equal(sendto(fd, text, strlen(text), 0, &a.sa, a.len), strlen(text));
	close(fd);
}

static void wait_for_a_pass(struct source *s)
{
	int before = seen.complete;

	s->ops->refresh(s);
	WAIT(seen.complete > before);
}

TEST(the_picture_is_the_table_s_and_memory_is_not_listed)
{
	UNUSED_STATE;
	struct source *s = table_started();

	assert_int_equal(rows(), 2);
	assert_slice_equal(row("77")->user, "alice");
	assert_int_equal(mi_calls("ul_dump") + mi_calls("get_statistics"), 0);
	assert_null(s->ops->purge_refused(s));
	table_end(s);
}

TEST(what_has_just_registered_stays_before_the_table_knows_it)
{
	UNUSED_STATE;
	struct source *s = table_started();

	mi_say("ul_show_contact", SHOW("carol", "79", "1"));
	event(EVENT("INSERT", "carol"));
	WAIT(rows() == 3);
	assert_int_equal(row("79")->granted_s, 300);
	wait_for_a_pass(s);
	assert_non_null(row("79"));
	mi_say("ul_show_contact", NOBODY);
	event(EVENT("DELETE", "carol"));
	WAIT(rows() == 2);
	wait_for_a_pass(s);
	assert_int_equal(rows(), 2);
	table_end(s);
}

TEST(a_row_that_is_behind_does_not_come_back)
{
	UNUSED_STATE;
	struct source *s = table_started();

	mi_say("ul_show_contact", SHOW("alice", "77", "2"));
	event(EVENT("UPDATE", "alice"));
	WAIT(row("77")->cseq == 2);
	wait_for_a_pass(s);
	assert_int_equal(row("77")->cseq, 2);
	assert_int_equal(row("78")->cseq, 1);
	table_end(s);
}

TEST(a_row_that_knows_more_than_was_heard_stands)
{
	UNUSED_STATE;
	struct source *s = table_started();

	mi_say("ul_show_contact", SHOW("alice", "77", "2"));
	event(EVENT("UPDATE", "alice"));
	WAIT(row("77")->cseq == 2);
	/* A further REGISTER, of which nothing was heard. */
	sql("UPDATE location SET cseq = 3, last_modified = '2999-01-01 00:00:00'");
	wait_for_a_pass(s);
	assert_int_equal(row("77")->cseq, 3);
	table_end(s);
}

TEST(of_contacts_that_did_not_register_the_table_knows_more)
{
	UNUSED_STATE;
	struct source *s = table_started();
	int puts = seen.puts;

	mi_say("ul_show_contact", SHOW("alice", "77", "1"));
	event(EVENT("REFRESH", "alice"));
	WAIT(mi_calls("ul_show_contact") == 1);
	for (int i = 0; i < 50; i++)
		loop_turn(loop, false);
	assert_int_equal(seen.puts, puts);
	assert_true(row("77")->expires_s == BINDING_PERMANENT);
	table_end(s);
}

TEST(without_a_control_nothing_is_removed)
{
	UNUSED_STATE;
	struct strbuf how = STRBUF_INIT;
	struct source *s;

	snprintf(db_path, sizeof(db_path), "%s/opensips.sqlite", mi_dir);
	sql(SCHEMA);
	/* Recognised by its schema. */
	slice_to_buf(slice_of(db_path), mi_spec, sizeof(mi_spec));
	s = started();
	assert_string_equal(s->ops->kind, "opensips");
	assert_non_null(strstr(s->ops->purge_refused(s), "--control"));
	s->ops->purge_how(s, NULL, &how);
	assert_non_null(strstr(strbuf_str(&how), "ul_rm_contact"));
	strbuf_free(&how);
	table_end(s);
}

/* ---- several nodes --------------------------------------------------------------------------- */

static char away[130];

/* The first node is away, the others are the MI of the test. */
static const struct source_node nodes[] = {
	{.name = "north", .control = away, .server_id = -1},
	{.name = "south", .control = mi_place, .sip = "127.0.0.1:5095", .server_id = -1},
};

static struct {
	int count;
	enum source_answer answer;
	char words[300];
} told;

static void on_answer(void *ctx, enum source_answer a, const struct binding *now,
		      const struct err *e)
{
	(void)ctx;
	(void)now;
	told.count++;
	told.answer = a;
	slice_to_buf(slice_of(e ? e->what : ""), told.words, sizeof(told.words));
}

static struct source *nodes_started(const struct source_node *which, size_t n)
{
	struct source *s;

	snprintf(away, sizeof(away), "unix:%s/nobody.sock", mi_dir);
	snprintf(db_path, sizeof(db_path), "%s/opensips.sqlite", mi_dir);
	sql(SCHEMA ROW("77", "alice", "1"));
	snprintf(mi_spec, sizeof(mi_spec), "opensips:%s", db_path);
	options.nodes = which;
	options.node_count = n;
	memset(&told, 0, sizeof(told));
	s = started();
	WAIT(seen.complete >= 1);
	return s;
}

#define ALICE                                                                                      \
	"\"result\":{\"AOR\":\"alice\",\"Contacts\":[{\"Contact\":\"sip:alice@127.0.0.1:5071\","   \
	"\"ContactID\":\"77\",\"Expires\":\"permanent\",\"Q\":\"\",\"Callid\":\"c@x\",\"Cseq\":1}" \
	"]}"

TEST(a_binding_is_removed_at_the_node_that_has_it_and_the_proof_names_who_is_away)
{
	UNUSED_STATE;
	struct source *s = nodes_started(nodes, 2);

	mi_say("ul_show_contact", ALICE);
	mi_say("ul_rm_contact", "\"result\":\"OK\"");
	assert_null(s->ops->purge_refused(s));
	s->ops->purge(s, row("77"), on_answer, NULL);
	WAIT(told.count == 1);
	assert_int_equal(told.answer, SOURCE_DONE);
	assert_int_equal(mi_calls("ul_rm_contact"), 1);
	mi_say("ul_show_contact", NOBODY);
	s->ops->prove(s, row("77"), on_answer, NULL);
	WAIT(told.count == 2);
	assert_int_equal(told.answer, SOURCE_NO_ANSWER);
	assert_non_null(strstr(told.words, "Node north: "));
	table_end(s);
}

TEST(what_no_node_has_is_gone_only_when_all_were_asked)
{
	UNUSED_STATE;
	const struct source_node both[] = {nodes[1], nodes[1]};
	struct source *s = nodes_started(both, 2);

	mi_say("ul_show_contact", NOBODY);
	s->ops->reread(s, row("77"), on_answer, NULL);
	WAIT(told.count == 1);
	assert_int_equal(told.answer, SOURCE_GONE);
	assert_int_equal(mi_calls("ul_show_contact"), 2);
	table_end(s);
}

TEST(what_nobody_could_be_asked_for_is_not_gone)
{
	UNUSED_STATE;
	struct source *s = nodes_started(nodes, 2);

	mi_say("ul_show_contact", NOBODY);
	s->ops->reread(s, row("77"), on_answer, NULL);
	WAIT(told.count == 1);
	assert_int_equal(told.answer, SOURCE_NO_ANSWER);
	s->ops->purge(s, row("77"), on_answer, NULL);
	WAIT(told.count == 2);
	assert_int_equal(told.answer, SOURCE_REFUSED);
	table_end(s);
}

TEST(a_copy_that_stays_is_asked_about_again_and_then_named)
{
	UNUSED_STATE;
	const struct source_node both[] = {nodes[1], nodes[1]};
	struct source *s = nodes_started(both, 2);

	mi_say("ul_show_contact", ALICE);
	s->ops->prove(s, row("77"), on_answer, NULL);
	WAIT(mi_calls("ul_show_contact") >= 2);
	assert_int_equal(told.count, 0);
	WAIT(told.count == 1);
	assert_int_equal(told.answer, SOURCE_DONE);
	assert_non_null(strstr(told.words, "Node south: "));
	table_end(s);
}

#define U(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		U(the_picture_is_the_table_s_and_memory_is_not_listed),
		U(what_has_just_registered_stays_before_the_table_knows_it),
		U(a_row_that_is_behind_does_not_come_back),
		U(a_row_that_knows_more_than_was_heard_stands),
		U(of_contacts_that_did_not_register_the_table_knows_more),
		U(without_a_control_nothing_is_removed),
		U(a_binding_is_removed_at_the_node_that_has_it_and_the_proof_names_who_is_away),
		U(what_no_node_has_is_gone_only_when_all_were_asked),
		U(what_nobody_could_be_asked_for_is_not_gone),
		U(a_copy_that_stays_is_asked_about_again_and_then_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
