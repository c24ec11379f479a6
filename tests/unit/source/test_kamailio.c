/* Kamailio beside its table: the way through the registrar, asking for a binding, removing it. */
#include <errno.h>
#include "source/control_about.h"
#include "source/kamailio_gruu.h"
#include "kamailio_fixture.h"

/* ---- the way through the registrar ----------------------------------------------------------- */

TEST(the_hash_of_an_aor_is_kamailios)
{
	UNUSED_STATE;
	/* Seen in ul.dump of a running Kamailio. */
	assert_int_equal(kamailio_aor_hash(SLICE_LIT("alice")), 1834153949);
	assert_int_equal(kamailio_aor_hash(SLICE_LIT("")), 0);
}

static struct source_route route;

static bool routed(const char *ruid, const char *domain, const char *socket)
{
	struct binding b = {.ruid = slice_of(ruid),
			    .user = SLICE_LIT("alice"),
			    .domain = slice_of(domain),
			    .socket = slice_of(socket)};
	struct source *s = opened();
	bool ok = s->ops->route(s, &b, &route);

	source_free(s);
	return ok;
}

static unsigned route_port(void)
{
	return netaddr_port(&route.addr);
}

TEST(a_probe_goes_to_the_gruu_through_the_socket_of_the_row)
{
	UNUSED_STATE;
	char shown[NETADDR_STR];

	assert_true(routed("uloc-1-6b02ce39-3e7-1", "", "udp:127.0.0.1:5090"));
	assert_string_equal(route.request_uri,
			    "sip:uloc-1-6b02ce39-3e7-1-dd7f25d6@127.0.0.1:5090;gr");
	assert_string_equal(netaddr_format(&route.addr, shown), "127.0.0.1:5090");
	assert_int_equal(route.transport, TRANSPORT_UDP);
	assert_false(route.own || route.use_path);
	assert_true(routed("ulcx-6b02ce39-3e7-1", "example.net", "tcp:0.0.0.0:5070"));
	assert_non_null(strstr(route.request_uri, "@example.net;gr"));
	assert_string_equal(netaddr_format(&route.addr, shown), "127.0.0.1:5070");
	options.sip = "127.0.0.1:7000";
	assert_true(routed("uloc-1-1-1", "", "udp:10.1.2.3:5060"));
	assert_int_equal(route_port(), 7000);
	assert_non_null(strstr(route.request_uri, "@10.1.2.3:5060;gr"));
}

TEST(without_ruid_or_socket_there_is_no_way_through)
{
	UNUSED_STATE;
	assert_false(routed("", "", "udp:127.0.0.1:5090"));
	assert_false(routed("uloc-1\r\nEvil: 1", "", "udp:127.0.0.1:5090"));
	assert_false(routed("uloc-1-1-1", "evil>\r\n", "udp:127.0.0.1:5090"));
	assert_false(routed("uloc-1-1-1", "", ""));
	assert_false(routed("uloc-1-1-1", "", "udp:registrar.example:5060"));
	options.sip = "127.0.0.1:7000";
	assert_true(routed("uloc-1-1-1", "", ""));
}

/* ---- asking and removing --------------------------------------------------------------------- */

TEST(a_binding_is_asked_for_by_its_ruid)
{
	UNUSED_STATE;
	one_permanent();
	kamailio_begin(LOOKUP(CONTACT("sip:other@192.0.2.2", "uloc-1-9", "4",
				      "599") "," CONTACT(URI1, "uloc-1-1", "1", "\"permanent\"")),
		       NULL);
	assert_int_equal(asked(false), SOURCE_DONE);
	assert_string_equal(kamailio.asked[0], "ul.lookup [\"location\",\"user1\"]");
	assert_slice_equal(told.now->contact, URI1);
	assert_slice_equal(told.now->ruid, "uloc-1-1");
	assert_true(told.now->expires_s == BINDING_PERMANENT);
	assert_true(slice_empty(told.now->received));
	assert_int_equal(told.now->cseq, 1);
	assert_int_equal(told.now->refreshed_s, 2000000000);
	assert_int_equal(told.now->q_milli, BINDING_Q_UNSET);
	assert_slice_equal(told.now->node, "1");
	kamailio_end();
}

TEST(the_domain_belongs_to_the_aor_when_the_table_has_one)
{
	UNUSED_STATE;
	one_permanent();
	sql(fixture_db, "UPDATE location SET domain = 'example.net'");
	kamailio_begin(FAULT("500", "AOR not found in location table"), NULL);
	kamailio.sockets = SOCKETS("5060");
	assert_int_equal(asked(false), SOURCE_GONE);
	assert_string_equal(kamailio.asked[0], "ul.lookup [\"location\",\"user1@example.net\"]");
	kamailio_end();
}

TEST(the_row_s_second_is_kept_when_the_seconds_left_agree_with_it)
{
	UNUSED_STATE;
	char lookup[1000];
	int64_t now_s = clock_wall_s(&clock_system);

	add_phones(fixture_db, 1, 1);
	snprintf(lookup, sizeof(lookup), LOOKUP(CONTACT(URI1, "uloc-1-1", "1", "%lld")),
		 (long long)(2000000600 - now_s - 1));
	kamailio_begin(lookup, NULL);
	assert_int_equal(asked(false), SOURCE_DONE);
	assert_int_equal(told.now->expires_s, 2000000600);
	assert_int_equal(told.now->granted_s, 600);
	kamailio_end();
}

TEST(a_removal_is_checked_and_names_the_exact_contact)
{
	UNUSED_STATE;
	one_permanent();
	kamailio_begin(LOOKUP(CONTACT(URI1, "uloc-1-1", "1", "\"permanent\"")), "\"result\":{}");
	assert_int_equal(asked(true), SOURCE_DONE);
	assert_int_equal(kamailio.count, 2);
	assert_string_equal(kamailio.asked[1],
			    "ul.rm_contact [\"location\",\"user1\",\"" URI1 "\"]");
	kamailio_end();
}

static void nothing_is_removed(const char *lookup, enum source_answer expected)
{
	one_permanent();
	kamailio_begin(lookup, "\"result\":{}");
	assert_int_equal(asked(true), expected);
	assert_int_equal(kamailio.count, 1);
	kamailio_end();
}

TEST(what_was_refreshed_meanwhile_is_not_removed)
{
	UNUSED_STATE;
	nothing_is_removed(LOOKUP(CONTACT(URI1, "uloc-1-1", "2", "\"permanent\"")), SOURCE_CHANGED);
}

TEST(what_came_back_under_a_new_ruid_is_not_removed)
{
	UNUSED_STATE;
	nothing_is_removed(LOOKUP(CONTACT(URI1, "uloc-1-5", "1", "\"permanent\"")), SOURCE_CHANGED);
}

TEST(what_is_gone_is_not_removed)
{
	UNUSED_STATE;
	nothing_is_removed(LOOKUP(CONTACT("sip:x@192.0.2.9", "uloc-1-7", "1", "9")), SOURCE_GONE);
}

TEST(one_of_two_equal_uris_is_not_removed)
{
	UNUSED_STATE;
	nothing_is_removed(LOOKUP(CONTACT(URI1, "uloc-1-1", "1", "\"permanent\"") "," CONTACT(
				   URI1, "uloc-1-2", "1", "\"permanent\"")),
			   SOURCE_WHOLE_AOR);
	assert_non_null(strstr(told.words, "very URI"));
}

TEST(a_registrar_that_is_silent_before_the_removal_leaves_no_doubt)
{
	UNUSED_STATE;
	nothing_is_removed(NULL, SOURCE_REFUSED);
	assert_non_null(strstr(told.words, "no answer"));
}

TEST(a_registrar_that_is_silent_after_the_removal_leaves_the_outcome_unknown)
{
	UNUSED_STATE;
	one_permanent();
	kamailio_begin(LOOKUP(CONTACT(URI1, "uloc-1-1", "1", "\"permanent\"")), NULL);
	assert_int_equal(asked(true), SOURCE_NO_ANSWER);
	assert_int_equal(kamailio.count, 2);
	kamailio_end();
}

/* ---- what cannot be asked -------------------------------------------------------------------- */

TEST(an_aor_that_json_cannot_carry_is_refused)
{
	UNUSED_STATE;
	one_permanent();
	sql(fixture_db, "UPDATE location SET username = CAST(x'ff41' AS TEXT)");
	kamailio_begin(NULL, NULL);
	assert_int_equal(asked(true), SOURCE_REFUSED);
	assert_non_null(strstr(told.words, "UTF-8"));
	assert_int_equal(kamailio.count, 0);
	kamailio_end();
}

TEST(a_control_socket_that_is_missing_forbids_the_removal_until_it_is_there)
{
	UNUSED_STATE;
	struct source *s;

	options.control = control;
	s = opened();
	assert_non_null(strstr(s->ops->purge_refused(s), "no control socket"));
	kamailio_begin(NULL, NULL);
	source_start(s, &sink);
	WAIT(!s->ops->purge_refused(s));
	source_free(s);
	kamailio_end();
}

TEST(the_table_is_asked_and_changed_when_it_is_the_truth)
{
	UNUSED_STATE;
	options.control = "table";
	add_phones(fixture_db, 1, 1);
	assert_int_equal(asked(false), SOURCE_DONE);
	assert_slice_equal(told.now->contact, URI1);
	assert_int_equal(told.now->expires_s, 2000000600);
	seen.complete = 0;
	assert_int_equal(asked(true), SOURCE_DONE);
}

TEST(a_row_that_changed_stays_in_the_table)
{
	UNUSED_STATE;
	struct source *s;
	struct binding *b;

	options.control = "table";
	add_phones(fixture_db, 1, 1);
	s = opened();
	b = shown_row(s);
	sql(fixture_db, "UPDATE location SET cseq = 99");
	free(told.now);
	memset(&told, 0, sizeof(told));
	s->ops->purge(s, b, on_answer, NULL);
	WAIT(told.count == 1);
	assert_int_equal(told.answer, SOURCE_CHANGED);
	assert_int_equal(told.now->cseq, 99);
	sql(fixture_db, "DELETE FROM location");
	s->ops->reread(s, b, on_answer, NULL);
	WAIT(told.count == 2);
	assert_int_equal(told.answer, SOURCE_GONE);
	source_free(s);
	free(b);
}

TEST(the_plan_is_told_how_a_purge_is_done)
{
	UNUSED_STATE;
	struct strbuf text = STRBUF_INIT;
	struct source *s;

	kamailio_begin(NULL, NULL);
	s = opened();
	s->ops->purge_how(s, NULL, &text);
	assert_non_null(strstr(strbuf_str(&text), "ul.rm_contact on unix:/"));
	strbuf_free(&text);
	source_free(s);
	kamailio_end();
}

TEST(questions_that_are_open_at_the_end_are_forgotten)
{
	UNUSED_STATE;
	struct source *s;
	struct binding *b;

	one_permanent();
	kamailio_begin(NULL, NULL);
	s = opened();
	b = shown_row(s);
	free(told.now);
	memset(&told, 0, sizeof(told));
	s->ops->purge(s, b, on_answer, NULL);
	s->ops->reread(s, b, on_answer, NULL);
	source_free(s);
	assert_int_equal(told.count, 0);
	free(b);
	kamailio_end();
}

#define U(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* Recorded from 5.6.3; its times are of a zone that it does not name. */
TEST(its_start_and_its_clock_come_from_uptime)
{
	static const struct {
		const char *answer;
		bool known;
		int64_t skew_s, started_s;
	} table[] = {
		/* 1795419690 is 2026-11-23T07:41:30Z */
		{"{\"now\": \"Mon Nov 23 07:41:30 2026\", \"uptime\": 90}", true, 0, 1795419600},
		{"{\"now\": \"Mon Nov 23 09:41:18 2026\", \"uptime\": 90}", true, -12, 1795419588},
		{"{\"now\": \"Mon Nov 23 02:12:40 2026\", \"uptime\": 90}", true, 70, 1795419670},
		{"{\"now\": \"yesterday\", \"uptime\": 90}", true, 0, 1795419600},
		{"{\"now\": \"Mon Nov 23 07:41:30 2026\", \"uptime\": -1}", false, 0, 0},
		{"[]", false, 0, 0},
		/* OpenSIPS */
		{"{\"Now\": \"Mon Nov 23 07:41:30 2026\", \"Up since\": \"Mon Nov 23 07:40:00 "
		 "2026\", \"Up time\": \"90 [sec]\"}",
		 true, 0, 1795419600},
		{"{\"Up time\": \"90 [sec]\"}", true, 0, 1795419600},
		{"{\"Up time\": \"long\"}", false, 0, 0},
		{"{\"Up time\": 90}", false, 0, 0},
	};

	UNUSED_STATE;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		json_t *answer = json_loads(table[i].answer, 0, NULL);
		struct source_about about = {.asked_ms = 0};

		assert_int_equal(control_about_uptime(answer, 1795419690000, &about),
				 table[i].known);
		assert_int_equal(about.skew_s, table[i].skew_s);
		assert_int_equal(about.started_s, table[i].started_s);
		json_decref(answer);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		U(its_start_and_its_clock_come_from_uptime),
		U(the_hash_of_an_aor_is_kamailios),
		U(a_probe_goes_to_the_gruu_through_the_socket_of_the_row),
		U(without_ruid_or_socket_there_is_no_way_through),
		U(a_binding_is_asked_for_by_its_ruid),
		U(the_domain_belongs_to_the_aor_when_the_table_has_one),
		U(the_row_s_second_is_kept_when_the_seconds_left_agree_with_it),
		U(a_removal_is_checked_and_names_the_exact_contact),
		U(what_was_refreshed_meanwhile_is_not_removed),
		U(what_came_back_under_a_new_ruid_is_not_removed),
		U(what_is_gone_is_not_removed),
		U(one_of_two_equal_uris_is_not_removed),
		U(a_registrar_that_is_silent_before_the_removal_leaves_no_doubt),
		U(a_registrar_that_is_silent_after_the_removal_leaves_the_outcome_unknown),
		U(an_aor_that_json_cannot_carry_is_refused),
		U(a_control_socket_that_is_missing_forbids_the_removal_until_it_is_there),
		U(the_table_is_asked_and_changed_when_it_is_the_truth),
		U(a_row_that_changed_stays_in_the_table),
		U(the_plan_is_told_how_a_purge_is_done),
		U(questions_that_are_open_at_the_end_are_forgotten),
	};

	writer_main(argc, argv);
	return cmocka_run_group_tests(tests, NULL, end_group);
}
