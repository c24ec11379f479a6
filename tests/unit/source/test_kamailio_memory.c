/* Kamailio's memory: beside its table, and alone, as a scripted Kamailio tells it. */
#include <errno.h>
#include <jansson.h>
#include <sys/socket.h>
#include <sys/un.h>
#include "source/kept.h"
#include "source_fixture.h"

/* What it says, method by method; NULL: silence. */
static struct {
	int fd;
	struct loop_watch *watch;
	const char *lookup, *statistics, *dump, *sockets, *connections;
	int lookups, dumps;
} kamailio;

/* What the source told of the bindings beside the rows themselves. */
static struct {
	char known[20][80];
	enum binding_differs state[20];
	size_t n;
	int removed, evidences;
	struct evidence evidence;
} model;

static size_t place_of(struct slice key)
{
	size_t i = 0;

	while (i < model.n && !slice_eq_str(key, model.known[i]))
		i++;
	return i;
}

static void put(void *ctx, const struct binding *b)
{
	size_t at = place_of(b->key);

	on_put(ctx, b);
	assert_true(at < 20);
	slice_to_buf(b->key, model.known[at], sizeof(model.known[at]));
	model.n += at == model.n;
}

static void keep(void *ctx, struct slice key)
{
	(void)ctx;
	assert_true(place_of(key) < model.n);
}

static void drop(void *ctx, struct slice key)
{
	size_t at = place_of(key);

	(void)ctx;
	assert_true(at < model.n);
	model.known[at][0] = '\0';
	model.removed++;
}

static bool has(void *ctx, struct slice key)
{
	(void)ctx;
	return place_of(key) < model.n;
}

static void differs(void *ctx, struct slice key, enum binding_differs d)
{
	size_t at = place_of(key);

	(void)ctx;
	assert_true(at < model.n);
	model.state[at] = d;
}

static void evidence(void *ctx, struct slice key, const struct evidence *e)
{
	(void)ctx;
	(void)key;
	model.evidences++;
	model.evidence = *e;
}

static const struct source_sink whole_sink = {.begin_pass = on_begin,
					      .put = put,
					      .keep = keep,
					      .remove = drop,
					      .end_pass = on_end,
					      .has = has,
					      .differs = differs,
					      .evidence = evidence,
					      .status = on_status};

static const char *says(const char *method)
{
	if (strcmp(method, "ul.lookup") == 0) {
		kamailio.lookups++;
		return kamailio.lookup;
	}
	if (strcmp(method, "ul.dump") == 0) {
		kamailio.dumps++;
		return kamailio.dump;
	}
	if (strcmp(method, "core.sockets_list") == 0)
		return kamailio.sockets;
	if (strcmp(method, "core.tcp_list") == 0)
		return kamailio.connections;
	assert_string_equal(method, "stats.get_statistics");
	return kamailio.statistics;
}

static void serve(void *arg, int fd, unsigned what)
{
	char buf[4000], reply[4000];
	struct sockaddr_un from;
	socklen_t len = sizeof(from);
	ssize_t n = recvfrom(fd, buf, sizeof(buf), 0, (struct sockaddr *)&from, &len);
	json_t *doc = json_loadb(buf, n > 0 ? (size_t)n : 0, 0, NULL);
	const char *method = json_string_value(json_object_get(doc, "method")), *say;

	(void)arg;
	(void)what;
	assert_non_null(method);
	say = says(method);
	if (say) {
		int size = snprintf(reply, sizeof(reply), "{\"jsonrpc\":\"2.0\",%s,\"id\":%lld}",
				    say, (long long)json_integer_value(json_object_get(doc, "id")));

		sendto(fd, reply, (size_t)size, 0, (struct sockaddr *)&from, len);
	}
	json_decref(doc);
}

#define STATISTICS(n)                                                                              \
	"\"result\":[\"usrloc:location_contacts = " n "\",\"usrloc:registered_users = 1\"]"
#define NO_AOR    "\"error\":{\"code\":500,\"message\":\"AOR not found in location table\"}"
#define NO_METHOD "\"error\":{\"code\":500,\"message\":\"Method Not Found\"}"
#define LISTENS(port)                                                                              \
	"\"result\":[{\"socket\":{\"proto\":\"udp\",\"address\":\"127.0.0.1\",\"port\":\"" port    \
	"\"}}]"

static int begin(void **state)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};

	if (setup(state) < 0)
		return -1;
	memset(&kamailio, 0, sizeof(kamailio));
	memset(&model, 0, sizeof(model));
	slice_to_buf(slice_of(rpc_path), a.sun_path, sizeof(a.sun_path));
	kamailio.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (bind(kamailio.fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		return -1;
	kamailio.watch = loop_watch_new(loop, kamailio.fd, LOOP_READ, LOOP_SIP, serve, NULL);
	kamailio.statistics = STATISTICS("2");
	kamailio.dump = "\"result\":{\"Domains\":[]}";
	kamailio.sockets = LISTENS("5060");
	options.control = control;
	return 0;
}

static int end(void **state)
{
	loop_watch_free(kamailio.watch);
	close(kamailio.fd);
	unlink(rpc_path);
	return teardown(state);
}

#define MEMBERS(ruid, cseq, more)                                                                  \
	"\"Contact\":{\"Address\":\"sip:user1@192.0.2.1:5060\",\"Expires\":\"permanent\","         \
	"\"Call-ID\":\"call-1\",\"CSeq\":" cseq ",\"Received\":\"[not set]\",\"Path\":\"[not "     \
	"set]\",\"Ruid\":\"" ruid "\"" more "}"
#define LOOKUP(contacts)         "\"result\":{\"AoR\":\"user1\",\"Contacts\":[" contacts "]}"
#define CONTACT(ruid, cseq)      "{" MEMBERS(ruid, cseq, "") "}"
#define CONTACT_WITH(ruid, more) "{" MEMBERS(ruid, "1", "," more) "}"

/* One permanent row, and whoever looks at it. */
static struct source *looked_at(const char *lookup)
{
	struct source *s;
	struct binding *b;

	add_phones(fixture_db, 1, 1);
	sql(fixture_db, "UPDATE location SET expires = 2440587.49999421");
	kamailio.lookup = lookup;
	s = opened();
	source_start(s, &whole_sink);
	WAIT(seen.complete == 1);
	WAIT(seen.status.state == SOURCE_LIVE);
	b = binding_copy(seen.last);
	s->ops->seen(s, b, 1);
	free(b);
	return s;
}

static void told(const char *lookup, enum binding_differs d)
{
	struct source *s = looked_at(lookup);

	assert_false(s->ops->seen_all(s));
	WAIT(s->ops->seen_all(s));
	assert_true(kamailio.lookups > 0);
	assert_int_equal(model.state[0], d);
	source_free(s);
}

TEST(what_memory_has_as_the_table_agrees)
{
	UNUSED_STATE;
	told(LOOKUP(CONTACT("uloc-1-1", "1")), BINDING_AGREES);
}

TEST(what_memory_does_not_know_is_only_in_the_table)
{
	UNUSED_STATE;
	told(NO_AOR, BINDING_ONLY_TABLE);
}

/* Another node took its REGISTER, and may well know it. */
TEST(of_another_nodes_row_nothing_is_said)
{
	UNUSED_STATE;
	kamailio.sockets = LISTENS("5062");
	told(NO_AOR, BINDING_UNCOMPARED);
	assert_int_equal(kamailio.lookups, 1);
}

TEST(without_a_word_of_where_it_listens_nothing_is_said_to_be_only_in_the_table)
{
	UNUSED_STATE;
	kamailio.sockets = NO_METHOD;
	told(NO_AOR, BINDING_UNCOMPARED);
}

TEST(another_contact_of_the_aor_does_not_stand_for_it)
{
	UNUSED_STATE;
	told(LOOKUP(CONTACT("uloc-9-9", "1")), BINDING_ONLY_TABLE);
	/* It is a binding of its own, and only memory has it. */
	assert_int_equal(model.n, 2);
	assert_string_equal(model.known[1], "uloc-9-9");
	assert_int_equal(model.state[1], BINDING_ONLY_MEMORY);
}

TEST(a_later_registration_is_shown_and_kept_until_the_table_has_it)
{
	UNUSED_STATE;
	struct source *s = looked_at(
		LOOKUP("{" MEMBERS("uloc-1-1", "7", ",\"Last-Modified\":2100000000") "}"));

	WAIT(model.state[0] == BINDING_FIELDS);
	assert_int_equal(seen.last->cseq, 7);
	/* What else changes in the table does not bring the old one back. */
	sql(fixture_db, "UPDATE location SET user_agent = 'new'");
	s->ops->refresh(s);
	WAIT(seen.complete >= 2);
	assert_int_equal(seen.last->cseq, 7);
	sql(fixture_db, "UPDATE location SET cseq = 7");
	WAIT(model.state[0] == BINDING_AGREES);
	source_free(s);
}

TEST(silence_says_nothing)
{
	UNUSED_STATE;
	struct source *s = looked_at(NO_METHOD);

	WAIT(kamailio.lookups == 1);
	WAIT(s->ops->seen_all(s));
	assert_int_equal(model.state[0], BINDING_UNCOMPARED);
	source_free(s);
}

TEST(nobody_is_asked_about_what_nobody_looks_at)
{
	UNUSED_STATE;
	struct source *s;

	add_phones(fixture_db, 1, 3);
	s = opened();
	source_start(s, &whole_sink);
	WAIT(seen.complete == 1);
	for (int i = 0; i < 50; i++) {
		loop_turn(loop, false);
		poll(NULL, 0, 1);
	}
	assert_int_equal(kamailio.lookups + kamailio.dumps, 0);
	source_free(s);
}

TEST(what_only_memory_has_comes_and_goes)
{
	UNUSED_STATE;
	struct source *s;
	struct binding *b;

	kamailio.dump = "\"result\":{\"Domains\":[{\"Domain\":{\"Domain\":\"location\",\"AoRs\":[{"
			"\"Info\":{\"AoR\":\"user7@example.net\",\"Contacts\":[" CONTACT(
				"uloc-7-7", "1") "]}}]}}]}";
	s = looked_at(LOOKUP(CONTACT("uloc-1-1", "1")));
	WAIT(model.n == 2);
	assert_string_equal(model.known[1], "uloc-7-7");
	assert_int_equal(model.state[1], BINDING_ONLY_MEMORY);
	assert_slice_equal(seen.last->user, "user7");
	assert_slice_equal(seen.last->domain, "example.net");
	b = binding_copy(seen.last);
	/* A pass over the table keeps it. */
	s->ops->refresh(s);
	WAIT(seen.complete >= 2);
	/* It is looked at as well; memory has let it go. */
	kamailio.lookup = NO_AOR;
	s->ops->seen(s, b, 1);
	WAIT(model.removed == 1);
	free(b);
	source_free(s);
}

TEST(a_keepalive_of_the_registrar_is_evidence)
{
	UNUSED_STATE;
	struct source *s = looked_at(LOOKUP(
		CONTACT_WITH("uloc-1-1", "\"KA-Roundtrip\":54051,\"Last-Keepalive\":1999999990")));

	WAIT(model.evidences == 1);
	assert_int_equal(model.evidence.outcome, PROBE_ANSWERED);
	assert_int_equal(model.evidence.path, PROBE_PATH_REGISTRAR);
	assert_int_equal(model.evidence.rtt_us, 54051);
	assert_int_equal(model.evidence.heard_ms, 1999999990000);
	source_free(s);
	memset(&model.evidence, 0, sizeof(model.evidence));
}

TEST(a_keepalive_without_a_round_trip_is_none)
{
	UNUSED_STATE;
	told(LOOKUP(CONTACT_WITH("uloc-1-1", "\"KA-Roundtrip\":0,\"Last-Keepalive\":1999999990")),
	     BINDING_AGREES);
	assert_int_equal(model.evidences, 0);
}

#define STREAM                                                                                     \
	"\"Socket\":\"tcp:127.0.0.1:5060\",\"Tcpconn-Id\":4,\"Received\":\"sip:192.0.2.1:7;"       \
	"transport=tcp\""
#define SOCKETS(proto)                                                                             \
	"\"result\":[{\"socket\":{\"proto\":\"" proto "\",\"name\":\"127.0.0.1\",\"address\":"     \
	"\"127.0.0.1\",\"port\":\"5060\",\"mcast\":\"no\",\"mhomed\":\"no\"}}]"

static void connection(const char *sockets, const char *list, const char *words)
{
	struct source *s;

	kamailio.sockets = sockets;
	kamailio.connections = list;
	s = looked_at("\"result\":{\"AoR\":\"user1\",\"Contacts\":[{\"Contact\":{\"Address\":"
		      "\"sip:user1@192.0.2.1:5060\",\"Expires\":\"permanent\",\"Call-ID\":\"call-"
		      "1\",\"CSeq\":1,\"Ruid\":\"uloc-1-1\"," STREAM "}}]}");
	WAIT(s->ops->seen_all(s));
	for (int i = 0; i < 100; i++) {
		loop_turn(loop, false);
		poll(NULL, 0, 1);
	}
	assert_int_equal(model.evidences, words != NULL);
	if (words) {
		assert_int_equal(model.evidence.outcome, PROBE_FLOW_GONE);
		assert_non_null(strstr(model.evidence.detail, words));
	}
	source_free(s);
}

TEST(a_connection_that_is_there_says_nothing)
{
	UNUSED_STATE;
	connection(SOCKETS("tcp"),
		   "\"result\":[{\"id\":4,\"src_ip\":\"192.0.2.1\",\"src_port\":7}]", NULL);
}

TEST(a_connection_that_is_not_there_is_gone)
{
	UNUSED_STATE;
	connection(SOCKETS("tcp"),
		   "\"result\":[{\"id\":5,\"src_ip\":\"192.0.2.1\",\"src_port\":7}]",
		   "no longer holds");
}

TEST(a_number_that_was_given_anew_is_another_connection)
{
	UNUSED_STATE;
	connection(SOCKETS("tcp"),
		   "\"result\":[{\"id\":4,\"src_ip\":\"192.0.2.9\",\"src_port\":7}]",
		   "another phone's");
}

TEST(connections_of_another_node_are_not_judged)
{
	UNUSED_STATE;
	connection(SOCKETS("udp"), "\"result\":[]", NULL);
}

/* ---- alone ----------------------------------------------------------------------------------- */

static struct source *alone(void)
{
	char spec[200];
	struct err e = ERR_NONE;
	struct source *s;

	snprintf(spec, sizeof(spec), "kamailio:%s", control);
	options.control = NULL;
	s = source_open(loop, &clock_system, spec, &options, &e);
	if (!s)
		fail_msg("%s", e.what);
	source_start(s, &whole_sink);
	return s;
}

TEST(memory_alone_is_a_picture)
{
	UNUSED_STATE;
	struct source *s;

	kamailio.dump = "\"result\":{\"Domains\":[{\"Domain\":{\"Domain\":\"location\",\"AoRs\":[{"
			"\"Info\":{\"AoR\":\"user1\",\"Contacts\":[" CONTACT(
				"uloc-1-1",
				"1") ",{\"Contact\":{\"Address\":\"sip:x@127.0.0.1\",\"Expires\":"
				     "\"deleted\",\"Ruid\":\"uloc-1-2\"}}]}}]}}]}";
	s = alone();
	WAIT(seen.complete == 1);
	assert_int_equal(model.n, 1);
	assert_slice_equal(seen.last->user, "user1");
	assert_null(s->ops->seen);
	source_free(s);
}

static void never_a_list(const char *words)
{
	struct source *s = alone();

	WAIT(seen.status.state == SOURCE_TROUBLE);
	assert_int_equal(seen.ends, 0);
	assert_int_equal(seen.puts, 0);
	if (!strstr(seen.status.trouble.what, words))
		fail_msg("%s", seen.status.trouble.what);
	source_free(s);
}

TEST(too_many_for_a_dump_are_not_asked_for)
{
	UNUSED_STATE;
	kamailio.statistics = STATISTICS("1001");
	never_a_list("1001 contacts");
	assert_int_equal(kamailio.dumps, 0);
}

TEST(without_a_number_nothing_is_asked_for)
{
	UNUSED_STATE;
	kamailio.statistics = "\"result\":[]";
	never_a_list("does not say how many");
	assert_int_equal(kamailio.dumps, 0);
}

TEST(what_is_no_list_is_not_shown_as_one)
{
	UNUSED_STATE;
	kamailio.dump = "\"result\":{\"Domains\":[{\"Domain\":{\"Domain\":\"location\",\"AoRs\":[{"
			"\"Info\":{\"Contacts\":[]}}]}}]}";
	never_a_list("is no list");
}

TEST(a_table_is_no_memory)
{
	UNUSED_STATE;
	struct err e = ERR_NONE;

	assert_null(source_open(loop, &clock_system, "kamailio:table", &options, &e));
	assert_int_equal(e.code, -EINVAL);
}

/* ---- what is kept ---------------------------------------------------------------------------- */

TEST(kept_bindings_are_found_replaced_and_dropped)
{
	UNUSED_STATE;
	struct kept *k = kept_new();
	struct binding b = {.key = SLICE_LIT("a"), .cseq = 1};

	kept_put(k, &b, 3);
	b.cseq = 2;
	kept_put(k, &b, 4);
	assert_int_equal(kept_count(k), 1);
	assert_int_equal(kept_find(k, b.key)->b->cseq, 2);
	assert_int_equal(kept_find(k, b.key)->tag, 4);
	b.key = SLICE_LIT("b");
	kept_put(k, &b, 0);
	kept_begin(k);
	kept_put(k, &b, 0);
	kept_drop_unseen(k);
	assert_int_equal(kept_count(k), 1);
	assert_null(kept_find(k, SLICE_LIT("a")));
	kept_remove(k, b.key);
	assert_null(kept_find(k, b.key));
	kept_free(k);
}

#define U(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		U(what_memory_has_as_the_table_agrees),
		U(what_memory_does_not_know_is_only_in_the_table),
		U(of_another_nodes_row_nothing_is_said),
		U(without_a_word_of_where_it_listens_nothing_is_said_to_be_only_in_the_table),
		U(another_contact_of_the_aor_does_not_stand_for_it),
		U(a_later_registration_is_shown_and_kept_until_the_table_has_it),
		U(silence_says_nothing),
		U(nobody_is_asked_about_what_nobody_looks_at),
		U(what_only_memory_has_comes_and_goes),
		U(a_keepalive_of_the_registrar_is_evidence),
		U(a_keepalive_without_a_round_trip_is_none),
		U(a_connection_that_is_there_says_nothing),
		U(a_connection_that_is_not_there_is_gone),
		U(a_number_that_was_given_anew_is_another_connection),
		U(connections_of_another_node_are_not_judged),
		U(memory_alone_is_a_picture),
		U(too_many_for_a_dump_are_not_asked_for),
		U(without_a_number_nothing_is_asked_for),
		U(what_is_no_list_is_not_shown_as_one),
		U(a_table_is_no_memory),
		U(kept_bindings_are_found_replaced_and_dropped),
	};

	writer_main(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
