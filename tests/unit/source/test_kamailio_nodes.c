/* Several nodes of one Kamailio: whose a binding is, who is asked, and what a proof covers. */
#include <errno.h>
#include <jansson.h>
#include <sys/socket.h>
#include <sys/un.h>
#include "source_fixture.h"

#define NODES 3

/* What each node's ul.lookup and ul.rm_contact say; NULL: silence. */
static struct server {
	int fd;
	char path[160], place[170], asked[400];
	struct loop_watch *watch;
	const char *lookup, *later, *remove; /* later: after so many lookups */
	int lookups, removals, change_after;
} servers[NODES];

static struct source_node nodes[NODES];

static const char *says(struct server *s, const char *method)
{
	if (strcmp(method, "ul.lookup") != 0) {
		s->removals++;
		return s->remove;
	}
	s->lookups++;
	return s->change_after && s->lookups > s->change_after ? s->later : s->lookup;
}

static void serve(void *arg, int fd, unsigned what)
{
	struct server *s = arg;
	char buf[4000], reply[2000];
	struct sockaddr_un from;
	socklen_t len = sizeof(from);
	ssize_t n = recvfrom(fd, buf, sizeof(buf), 0, (struct sockaddr *)&from, &len);
	json_t *doc = json_loadb(buf, n > 0 ? (size_t)n : 0, 0, NULL);
	const char *method = json_string_value(json_object_get(doc, "method")), *say;

	(void)what;
	assert_non_null(method);
	slice_to_buf(slice_of(method), s->asked, sizeof(s->asked));
	say = says(s, method);
	if (say) {
		int size = snprintf(reply, sizeof(reply), "{\"jsonrpc\":\"2.0\",%s,\"id\":%lld}",
				    say, (long long)json_integer_value(json_object_get(doc, "id")));

		sendto(fd, reply, (size_t)size, 0, (struct sockaddr *)&from, len);
	}
	json_decref(doc);
}

static void server_begin(size_t i, const char *lookup, const char *remove_says)
{
	struct server *s = &servers[i];
	struct sockaddr_un a = {.sun_family = AF_UNIX};

	memset(s, 0, sizeof(*s));
	snprintf(a.sun_path, sizeof(a.sun_path), "%.80s/node%zu.sock", fixture_dir, i);
	slice_to_buf(slice_of(a.sun_path), s->path, sizeof(s->path));
	snprintf(s->place, sizeof(s->place), "unix:%s", a.sun_path);
	s->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(s->fd, (struct sockaddr *)&a, sizeof(a)), 0);
	s->watch = loop_watch_new(loop, s->fd, LOOP_READ, LOOP_SIP, serve, s);
	s->lookup = lookup;
	s->remove = remove_says;
}

static void server_end(size_t i)
{
	if (!servers[i].watch)
		return;
	loop_watch_free(servers[i].watch);
	servers[i].watch = NULL;
	close(servers[i].fd);
	unlink(servers[i].path);
}

static int end(void **state)
{
	for (size_t i = 0; i < NODES; i++)
		server_end(i);
	return teardown(state);
}

#define HAS                                                                                        \
	"\"result\":{\"AoR\":\"user1\",\"Contacts\":[{\"Contact\":{\"Address\":"                   \
	"\"sip:user1@192.0.2.1:5060\",\"Expires\":\"permanent\",\"Q\":-1,\"Call-ID\":\"call-1\","  \
	"\"CSeq\":1,\"Ruid\":\"uloc-1-1\",\"Server-Id\":2}}]}"
#define HAS_ANOTHER                                                                                \
	"\"result\":{\"AoR\":\"user1\",\"Contacts\":[{\"Contact\":{\"Address\":"                   \
	"\"sip:user1@192.0.2.1:5060\",\"Expires\":\"permanent\",\"Q\":-1,\"Call-ID\":\"call-7\","  \
	"\"CSeq\":7,\"Ruid\":\"uloc-7-7\",\"Server-Id\":1}}]}"
#define HAS_NOT "\"error\":{\"code\":500,\"message\":\"AOR not found in location table\"}"
#define YES     "\"result\":{}"

/* A row that node "two", server_id 2, took; nodes "one" and "two" work on the table. */
static struct source *two_nodes(void)
{
	add_phones(fixture_db, 1, 1);
	sql(fixture_db, "UPDATE location SET expires = 2440587.49999421, server_id = 2, "
			"socket = 'udp:127.0.0.1:5062'");
	for (size_t i = 0; i < NODES; i++)
		if (!servers[i].watch)
			server_begin(i, HAS_NOT, YES);
	nodes[0] = (struct source_node){.name = "one", .control = servers[0].place, .server_id = 1};
	nodes[1] = (struct source_node){.name = "two", .control = servers[1].place, .server_id = 2};
	nodes[2] =
		(struct source_node){.name = "three", .control = servers[2].place, .server_id = 3};
	options.nodes = nodes;
	options.node_count = 2;
	return opened();
}

static struct {
	int count;
	enum source_answer answer;
	char words[400], hint[400];
} told;

static void on_answer(void *ctx, enum source_answer a, const struct binding *now,
		      const struct err *e)
{
	(void)ctx;
	(void)now;
	told.count++;
	told.answer = a;
	slice_to_buf(slice_of(e ? e->what : ""), told.words, sizeof(told.words));
	slice_to_buf(slice_of(e ? e->hint : ""), told.hint, sizeof(told.hint));
}

typedef void verb(struct source *s, const struct binding *b, source_answer_fn *fn, void *ctx);

static struct evidence foreign;

static void on_evidence(void *ctx, struct slice key, const struct evidence *e)
{
	(void)ctx;
	(void)key;
	foreign = *e;
}

static struct binding *shown_row(struct source *s)
{
	struct source_sink with_evidence = sink;

	with_evidence.evidence = on_evidence;
	source_start(s, &with_evidence);
	WAIT(seen.complete == 1);
	assert_non_null(seen.last);
	return binding_copy(seen.last);
}

enum which { REREAD, PURGE, PROVE };

static enum source_answer asked(enum which which)
{
	struct source *s = two_nodes();
	struct binding *b = shown_row(s);
	verb *const verbs[] = {s->ops->reread, s->ops->purge, s->ops->prove};

	memset(&told, 0, sizeof(told));
	verbs[which](s, b, on_answer, NULL);
	assert_int_equal(told.count, 0);
	WAIT(told.count == 1);
	source_free(s);
	free(b);
	return told.answer;
}

TEST(a_row_bears_the_name_of_its_node)
{
	UNUSED_STATE;
	struct source *s = two_nodes();
	struct binding *b = shown_row(s);

	assert_slice_equal(b->node, "two");
	free(b);
	source_free(s);
}

TEST(only_the_owner_is_asked_and_told)
{
	UNUSED_STATE;
	server_begin(1, HAS, YES);
	assert_int_equal(asked(PURGE), SOURCE_DONE);
	/* The other is only asked whether it holds a copy. */
	assert_int_equal(servers[0].removals, 0);
	assert_int_equal(servers[1].removals, 1);
	assert_string_equal(told.words, "");
}

TEST(a_copy_that_another_node_holds_goes_as_well)
{
	UNUSED_STATE;
	server_begin(0, HAS, YES);
	server_begin(1, HAS, YES);
	assert_int_equal(asked(PURGE), SOURCE_DONE);
	assert_int_equal(servers[0].removals, 1);
	assert_int_equal(servers[1].removals, 1);
	assert_non_null(strstr(told.words, "its copy at node one"));
}

TEST(another_registration_at_another_node_stays)
{
	UNUSED_STATE;
	server_begin(0, HAS_ANOTHER, YES);
	server_begin(1, HAS, YES);
	assert_int_equal(asked(PURGE), SOURCE_DONE);
	assert_int_equal(servers[0].removals, 0);
}

TEST(a_copy_that_goes_by_itself_is_not_removed)
{
	UNUSED_STATE;
	server_begin(0, HAS, YES);
	servers[0].change_after = 2;
	servers[0].later = HAS_NOT;
	server_begin(1, HAS, YES);
	assert_int_equal(asked(PURGE), SOURCE_DONE);
	assert_int_equal(servers[0].removals, 0);
}

TEST(the_proof_covers_every_node)
{
	UNUSED_STATE;
	assert_int_equal(asked(PROVE), SOURCE_GONE);
	assert_int_equal(servers[0].lookups, 1);
	assert_int_equal(servers[1].lookups, 1);
	assert_int_equal(servers[2].lookups, 0);
}

TEST(a_copy_that_stays_is_named)
{
	UNUSED_STATE;
	server_begin(0, HAS, YES);
	assert_int_equal(asked(PROVE), SOURCE_DONE);
	assert_non_null(strstr(told.words, "Node one"));
	assert_true(servers[0].lookups > 1);
}

TEST(a_copy_that_goes_a_moment_later_is_gone)
{
	UNUSED_STATE;
	server_begin(0, HAS, YES);
	servers[0].change_after = 2;
	servers[0].later = HAS_NOT;
	assert_int_equal(asked(PROVE), SOURCE_GONE);
	assert_int_equal(servers[0].lookups, 3);
}

TEST(another_binding_at_another_node_is_no_copy)
{
	UNUSED_STATE;
	server_begin(0, HAS_ANOTHER, YES);
	assert_int_equal(asked(PROVE), SOURCE_GONE);
}

TEST(what_the_owner_still_has_is_told_without_asking_the_others)
{
	UNUSED_STATE;
	server_begin(1, HAS, YES);
	assert_int_equal(asked(PROVE), SOURCE_DONE);
	assert_int_equal(servers[0].lookups, 0);
}

TEST(a_stopped_owner_leaves_the_binding_untouched_and_is_named)
{
	UNUSED_STATE;
	struct source *s = two_nodes();
	struct binding *b = shown_row(s);

	server_end(1);
	sql(fixture_db, "UPDATE location SET cseq = 2");
	WAIT(seen.last->cseq == 2);
	memset(&told, 0, sizeof(told));
	/* The other node can be asked, so the verb is offered. */
	assert_null(s->ops->purge_refused(s));
	s->ops->purge(s, b, on_answer, NULL);
	WAIT(told.count == 1);
	assert_int_equal(told.answer, SOURCE_REFUSED);
	assert_non_null(strstr(told.words, "node two, which cannot be asked"));
	assert_non_null(strstr(told.hint, "would not change where it sends calls"));
	assert_int_equal(servers[0].removals, 0);
	free(b);
	source_free(s);
}

TEST(a_stopped_other_node_leaves_the_removal_unproven)
{
	UNUSED_STATE;
	server_begin(0, NULL, NULL);
	server_begin(1, HAS_NOT, YES);
	close(servers[0].fd);
	loop_watch_free(servers[0].watch);
	servers[0].fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	servers[0].watch = loop_watch_new(loop, servers[0].fd, LOOP_READ, LOOP_SIP, serve, NULL);
	assert_int_equal(asked(PROVE), SOURCE_NO_ANSWER);
	assert_non_null(strstr(told.words, "Node one cannot be asked"));
}

TEST(a_node_that_nobody_named_is_told)
{
	UNUSED_STATE;
	struct source *s = two_nodes();
	struct binding *b;
	struct source_route route;

	sql(fixture_db, "UPDATE location SET server_id = 9");
	b = shown_row(s);
	assert_slice_equal(b->node, "9");
	/* Without anybody asking it is said that nobody here can reach it. */
	WAIT(foreign.outcome == PROBE_ELSEWHERE);
	assert_non_null(strstr(foreign.detail, "server_id 9"));
	memset(&told, 0, sizeof(told));
	s->ops->purge(s, b, on_answer, NULL);
	WAIT(told.count == 1);
	assert_int_equal(told.answer, SOURCE_REFUSED);
	assert_non_null(strstr(told.words, "server_id 9"));
	assert_true(s->ops->route(s, b, &route));
	assert_int_equal(route.addr.len, 0);
	assert_non_null(strstr(route.why, "server_id 9"));
	free(b);
	source_free(s);
}

TEST(two_nodes_with_one_server_id_are_told_apart_by_their_socket_or_not_at_all)
{
	UNUSED_STATE;
	struct source *s;
	struct binding *b;
	struct source_route route;

	source_free(two_nodes());
	nodes[0].server_id = 2;
	s = opened();
	b = shown_row(s);
	memset(&told, 0, sizeof(told));
	s->ops->reread(s, b, on_answer, NULL);
	WAIT(told.count == 1);
	assert_int_equal(told.answer, SOURCE_REFUSED);
	assert_non_null(strstr(told.words, "2 nodes have the server_id"));
	free(b);
	source_free(s);
	nodes[1].sip = "127.0.0.1:5062";
	free(seen.last);
	memset(&seen, 0, sizeof(seen));
	s = opened();
	b = shown_row(s);
	assert_slice_equal(b->node, "two");
	assert_true(s->ops->route(s, b, &route));
	assert_int_equal(netaddr_port(&route.addr), 5062);
	assert_string_equal(route.node, "two");
	free(b);
	source_free(s);
}

TEST(a_peer_owns_what_no_node_of_the_table_took)
{
	UNUSED_STATE;
	struct source *s;
	struct binding *b;

	source_free(two_nodes());
	options.node_count = 1;
	options.peers = &nodes[1];
	options.peer_count = 2;
	server_end(1);
	server_begin(1, HAS, YES);
	s = opened();
	b = shown_row(s);
	assert_slice_equal(b->node, "two");
	memset(&told, 0, sizeof(told));
	s->ops->purge(s, b, on_answer, NULL);
	WAIT(told.count == 1);
	assert_int_equal(told.answer, SOURCE_DONE);
	assert_int_equal(servers[1].removals, 1);
	servers[1].lookup = HAS_NOT;
	s->ops->prove(s, b, on_answer, NULL);
	WAIT(told.count == 2);
	assert_int_equal(told.answer, SOURCE_GONE);
	/* The other peer was asked for a copy, and for the proof. */
	assert_int_equal(servers[2].lookups, 2);
	free(b);
	source_free(s);
}

TEST(a_copy_is_left_out_when_its_own_table_is_shown)
{
	UNUSED_STATE;
	struct source *s;

	source_free(two_nodes());
	sql(fixture_db,
	    "INSERT INTO location(ruid,username,contact,expires,callid,cseq,server_id) "
	    "VALUES('uloc-2-2','mine','sip:mine@127.0.0.1:9',2440587.49999421,'c',1,1)");
	options.node_count = 1;
	options.peers = &nodes[1];
	options.peer_count = 1;
	nodes[1].listed = true;
	s = opened();
	source_start(s, &sink);
	WAIT(seen.complete == 1);
	assert_int_equal(seen.puts, 1);
	assert_slice_equal(seen.last->user, "mine");
	assert_slice_equal(seen.last->node, "one");
	source_free(s);
}

TEST(a_proof_that_is_open_at_the_end_is_forgotten)
{
	UNUSED_STATE;
	struct source *s = two_nodes();
	struct binding *b = shown_row(s);

	memset(&told, 0, sizeof(told));
	s->ops->prove(s, b, on_answer, NULL);
	source_free(s);
	for (int i = 0; i < 20; i++)
		loop_turn(loop, false);
	assert_int_equal(told.count, 0);
	free(b);
}

TEST(the_plan_names_the_node_and_its_way)
{
	UNUSED_STATE;
	struct source *s = two_nodes();
	struct binding *b = shown_row(s);
	struct strbuf how = STRBUF_INIT;

	s->ops->purge_how(s, NULL, &how);
	assert_string_equal(strbuf_str(&how), "at the node that it belongs to");
	strbuf_clear(&how);
	s->ops->purge_how(s, b, &how);
	assert_non_null(strstr(strbuf_str(&how), "ul.rm_contact on unix:"));
	assert_non_null(strstr(strbuf_str(&how), "node1.sock, its node two"));
	free(b);
	strbuf_free(&how);
	source_free(s);
}

#define U(name) cmocka_unit_test_setup_teardown(name, setup, end)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		U(a_row_bears_the_name_of_its_node),
		U(only_the_owner_is_asked_and_told),
		U(a_copy_that_another_node_holds_goes_as_well),
		U(another_registration_at_another_node_stays),
		U(a_copy_that_goes_by_itself_is_not_removed),
		U(the_proof_covers_every_node),
		U(a_copy_that_stays_is_named),
		U(a_copy_that_goes_a_moment_later_is_gone),
		U(another_binding_at_another_node_is_no_copy),
		U(what_the_owner_still_has_is_told_without_asking_the_others),
		U(a_stopped_owner_leaves_the_binding_untouched_and_is_named),
		U(a_stopped_other_node_leaves_the_removal_unproven),
		U(a_node_that_nobody_named_is_told),
		U(two_nodes_with_one_server_id_are_told_apart_by_their_socket_or_not_at_all),
		U(a_peer_owns_what_no_node_of_the_table_took),
		U(a_copy_is_left_out_when_its_own_table_is_shown),
		U(a_proof_that_is_open_at_the_end_is_forgotten),
		U(the_plan_names_the_node_and_its_way),
	};

	writer_main(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
