/* What Kamailio cannot remove alone, and rows that its memory does not know. */
#include <errno.h>
#include "kamailio_fixture.h"

/* ---- what must not be asked, or believed ----------------------------------------------------- */

TEST(commands_name_the_table_that_is_read)
{
	UNUSED_STATE;
	char address[200];
	struct source *s;
	struct binding *b;

	one_permanent();
	sql(fixture_db, "ALTER TABLE location RENAME TO subs");
	snprintf(address, sizeof(address), "kamailio-sqlite:%s?table=subs", fixture_db);
	kamailio_begin(LOOKUP(CONTACT(URI1, "uloc-1-1", "1", "\"permanent\"")), "\"result\":{}");
	s = source_open(loop, test_clock, address, &options, NULL);
	assert_non_null(s);
	b = shown_row(s);
	assert_int_equal(asked_by(s, s->ops->purge, b), SOURCE_DONE);
	assert_string_equal(kamailio.asked[0], "ul.lookup [\"subs\",\"user1\"]");
	assert_string_equal(kamailio.asked[1], "ul.rm_contact [\"subs\",\"user1\",\"" URI1 "\"]");
	source_free(s);
	free(b);
	kamailio_end();
}

/* Without use_domain Kamailio would look for "user1". */
TEST(an_aor_with_an_at_in_its_name_is_not_asked_for)
{
	UNUSED_STATE;
	one_permanent();
	sql(fixture_db, "UPDATE location SET username = 'user1@acme.com'");
	kamailio_begin(LOOKUP(CONTACT(URI1, "uloc-1-1", "1", "\"permanent\"")), "\"result\":{}");
	assert_int_equal(asked(true), SOURCE_REFUSED);
	assert_int_equal(kamailio.count, 0);
	assert_non_null(strstr(told.words, "use_domain"));
	kamailio_end();
}

TEST(an_answer_for_another_aor_is_not_believed)
{
	UNUSED_STATE;
	one_permanent();
	kamailio_begin("\"result\":{\"AoR\":\"user2\",\"Contacts\":[]}", "\"result\":{}");
	assert_int_equal(asked(false), SOURCE_NO_ANSWER);
	assert_non_null(strstr(told.words, "another AoR"));
	kamailio_end();
	kamailio_begin("\"result\":{\"AoR\":\"user2\",\"Contacts\":[]}", "\"result\":{}");
	assert_int_equal(asked(true), SOURCE_REFUSED);
	assert_int_equal(kamailio.count, 1);
	kamailio_end();
}

/* ---- an AoR whose contacts cannot go one by one ---------------------------------------------- */

#define PERMANENT1 CONTACT(URI1, "uloc-1-1", "1", "\"permanent\"")
#define PERMANENT2 CONTACT("sip:user1@192.0.2.2:5060", "uloc-1-2", "1", "\"permanent\"")
#define NOT_FOUND  FAULT("404", "Contact not found")

static void begin_strict(const char *lookup)
{
	one_permanent();
	kamailio_begin(lookup, NOT_FOUND);
	kamailio.rm = "\"result\":{}";
}

TEST(another_matching_mode_takes_the_whole_aor_or_nothing)
{
	UNUSED_STATE;
	struct strbuf how = STRBUF_INIT;
	struct source *s;
	struct binding *b;

	begin_strict(LOOKUP(PERMANENT1 "," PERMANENT2));
	s = opened();
	b = shown_row(s);
	assert_int_equal(asked_by(s, s->ops->purge, b), SOURCE_WHOLE_AOR);
	assert_non_null(strstr(told.words, "matching_mode"));
	assert_non_null(strstr(told.words, "2 contacts"));
	/* lookup, rm_contact, lookup: nothing else */
	assert_int_equal(kamailio.count, 3);
	s->ops->purge_how(s, NULL, &how);
	assert_non_null(strstr(strbuf_str(&how), "cannot go alone"));
	strbuf_free(&how);
	source_free(s);
	free(b);
	kamailio_end();
}

TEST(the_only_contact_of_its_aor_goes_with_it)
{
	UNUSED_STATE;
	begin_strict(LOOKUP(PERMANENT1));
	assert_int_equal(asked(true), SOURCE_DONE);
	assert_int_equal(kamailio.count, 4);
	assert_string_equal(kamailio.asked[3], "ul.rm [\"location\",\"user1\"]");
	assert_non_null(strstr(told.words, "ul.rm of its AoR"));
	kamailio_end();
}

TEST(what_was_not_found_and_is_gone_was_removed_by_somebody_else)
{
	UNUSED_STATE;
	begin_strict(LOOKUP(PERMANENT1 "," PERMANENT2));
	kamailio.later = LOOKUP(PERMANENT2);
	assert_int_equal(asked(true), SOURCE_GONE);
	assert_int_equal(kamailio.count, 3);
	kamailio_end();
}

/* Its database is away: whether the contact is still there, its next answer tells. */
TEST(an_error_in_the_middle_of_a_removal_says_neither_yes_nor_no)
{
	UNUSED_STATE;
	one_permanent();
	kamailio_begin(LOOKUP(PERMANENT1), FAULT("500", "Internal error (can't delete contact)"));
	assert_int_equal(asked(true), SOURCE_NO_ANSWER);
	assert_int_equal(told.code, -EREMOTEIO);
	assert_string_equal(told.words, "500 Internal error (can't delete contact)");
	kamailio_end();
}

/* In db_mode 2 the timer takes the row, if it can. */
TEST(whether_the_timer_can_clear_away_a_row_is_looked_after)
{
	UNUSED_STATE;
	struct source *s;
	struct binding *b;

	one_permanent();
	kamailio_begin(FAULT("500", "AOR has no contacts"), "\"result\":{}");
	s = opened();
	b = shown_row(s);
	assert_int_equal(asked_by(s, s->ops->reread, b), SOURCE_GONE);
	assert_int_equal(told.code, -EAGAIN);
	sql(fixture_db, "DROP TABLE location");
	assert_int_equal(asked_by(s, s->ops->reread, b), SOURCE_GONE);
	assert_int_equal(told.code, -EIO);
	assert_non_null(strstr(told.words, "cannot be read"));
	source_free(s);
	free(b);
	kamailio_end();
}

TEST(what_was_not_found_and_has_changed_is_left_alone)
{
	UNUSED_STATE;
	begin_strict(LOOKUP(PERMANENT1));
	kamailio.later = LOOKUP(CONTACT(URI1, "uloc-1-1", "2", "\"permanent\""));
	assert_int_equal(asked(true), SOURCE_CHANGED);
	assert_int_equal(kamailio.count, 3);
	kamailio_end();
}

static struct {
	enum source_answer answer;
	struct binding *all[4];
	size_t count;
	char first[80]; /* the contact that stands first */
	int told;
} aor;

static void on_aor(void *ctx, enum source_answer a, const struct binding *all, size_t n,
		   const struct err *e)
{
	(void)ctx;
	(void)e;
	aor.told++;
	aor.answer = a;
	aor.count = n;
	slice_to_buf(n ? all[0].contact : SLICE_NONE, aor.first, sizeof(aor.first));
	for (size_t i = 0; i < n && i < 4; i++)
		aor.all[i] = binding_copy(&all[i]);
}

/* Reads the AoR of the one row, changes what Kamailio says, then removes what was read. */
static enum source_answer aor_removed(const char *before, const char *after)
{
	struct source *s;
	struct binding *b;
	enum source_answer a;

	begin_strict(before);
	s = opened();
	b = shown_row(s);
	memset(&aor, 0, sizeof(aor));
	s->ops->read_aor(s, b, on_aor, NULL);
	WAIT(aor.told == 1);
	assert_int_equal(aor.answer, SOURCE_DONE);
	kamailio.later = after;
	kamailio.count = 0;
	free(told.now);
	memset(&told, 0, sizeof(told));
	s->ops->purge_aor(s, (const struct binding *const *)aor.all, aor.count, on_answer, NULL);
	WAIT(told.count == 1);
	a = told.answer;
	for (size_t i = 0; i < aor.count; i++)
		free(aor.all[i]);
	source_free(s);
	free(b);
	kamailio_end();
	return a;
}

TEST(an_aor_goes_when_it_holds_exactly_what_was_shown)
{
	UNUSED_STATE;
	assert_int_equal(
		aor_removed(LOOKUP(PERMANENT1 "," PERMANENT2), LOOKUP(PERMANENT2 "," PERMANENT1)),
		SOURCE_DONE);
	assert_int_equal(aor.count, 2);
	assert_int_equal(kamailio.count, 2);
	assert_string_equal(kamailio.asked[1], "ul.rm [\"location\",\"user1\"]");
}

TEST(an_aor_with_one_more_contact_is_not_touched)
{
	UNUSED_STATE;
	assert_int_equal(aor_removed(LOOKUP(PERMANENT1), LOOKUP(PERMANENT1 "," PERMANENT2)),
			 SOURCE_CHANGED);
	assert_int_equal(kamailio.count, 1);
	assert_non_null(strstr(told.words, "2 contacts now, 1 were shown"));
}

TEST(an_aor_with_a_contact_less_is_not_touched)
{
	UNUSED_STATE;
	assert_int_equal(aor_removed(LOOKUP(PERMANENT1 "," PERMANENT2), LOOKUP(PERMANENT1)),
			 SOURCE_CHANGED);
	assert_int_equal(kamailio.count, 1);
}

TEST(an_aor_with_a_refreshed_contact_is_not_touched)
{
	UNUSED_STATE;
	assert_int_equal(
		aor_removed(LOOKUP(PERMANENT1 "," PERMANENT2),
			    LOOKUP(PERMANENT1 "," CONTACT("sip:user1@192.0.2.2:5060", "uloc-1-2",
							  "2", "\"permanent\""))),
		SOURCE_CHANGED);
	assert_int_equal(kamailio.count, 1);
}

TEST(an_aor_with_another_contact_instead_is_not_touched)
{
	UNUSED_STATE;
	assert_int_equal(aor_removed(LOOKUP(PERMANENT1),
				     LOOKUP(CONTACT(URI1, "uloc-1-9", "1", "\"permanent\""))),
			 SOURCE_CHANGED);
	assert_int_equal(kamailio.count, 1);
}

TEST(an_aor_that_is_gone_is_gone)
{
	UNUSED_STATE;
	assert_int_equal(
		aor_removed(LOOKUP(PERMANENT1), FAULT("500", "AOR not found in location table")),
		SOURCE_GONE);
	assert_int_equal(kamailio.count, 1);
}

/* ---- rows that are left ---------------------------------------------------------------------- */

#define NO_AOR   FAULT("500", "AOR not found in location table")
#define CLEARING FAULT("500", "AOR has no contacts")
static int rows_left(void)
{
	sqlite3 *db;
	sqlite3_stmt *st;
	int n;

	assert_int_equal(sqlite3_open(fixture_db, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, "SELECT count(*) FROM location", -1, &st, NULL),
			 SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	n = sqlite3_column_int(st, 0);
	sqlite3_finalize(st);
	sqlite3_close(db);
	return n;
}

static struct source *s_left;
static struct binding *b_left;

/* A row of the node at port 5060, and what memory says. */
static void begin_left(const char *lookup, const char *sockets)
{
	one_permanent();
	sql(fixture_db, "UPDATE location SET socket = 'udp:127.0.0.1:5060'");
	kamailio_begin(lookup, NULL);
	kamailio.sockets = sockets;
	s_left = opened();
	b_left = shown_row(s_left);
}

static void end_left(void)
{
	source_free(s_left);
	free(b_left);
	kamailio_end();
}

TEST(a_row_that_memory_does_not_know_is_told_and_removed)
{
	UNUSED_STATE;
	begin_left(NO_AOR, SOCKETS("5060"));
	assert_int_equal(asked_by(s_left, s_left->ops->reread, b_left), SOURCE_GONE);
	assert_non_null(told.now);
	assert_slice_equal(told.now->contact, URI1);
	assert_int_equal(told.code, -ENOENT);
	assert_int_equal(asked_by(s_left, s_left->ops->purge_row, b_left), SOURCE_DONE);
	assert_int_equal(rows_left(), 0);
	assert_int_equal(asked_by(s_left, s_left->ops->purge_row, b_left), SOURCE_GONE);
	assert_int_equal(asked_by(s_left, s_left->ops->reread, b_left), SOURCE_GONE);
	assert_null(told.now);
	end_left();
}

TEST(a_row_of_another_node_is_left_alone)
{
	UNUSED_STATE;
	begin_left(NO_AOR, SOCKETS("5062"));
	assert_int_equal(asked_by(s_left, s_left->ops->reread, b_left), SOURCE_REFUSED);
	assert_non_null(strstr(told.words, "Another node"));
	assert_int_equal(asked_by(s_left, s_left->ops->purge_row, b_left), SOURCE_REFUSED);
	kamailio.sockets = FAULT("500", "Method Not Found");
	assert_int_equal(asked_by(s_left, s_left->ops->purge_row, b_left), SOURCE_REFUSED);
	sql(fixture_db, "UPDATE location SET socket = NULL");
	kamailio.sockets = SOCKETS("5060");
	assert_int_equal(asked_by(s_left, s_left->ops->purge_row, b_left), SOURCE_REFUSED);
	assert_int_equal(rows_left(), 1);
	end_left();
}

TEST(a_node_knows_its_own_row_by_name_address_and_in_ipv6)
{
	UNUSED_STATE;
	begin_left(NO_AOR,
		   "\"result\":[{\"socket\":{\"proto\":\"tls\",\"address\":\"sip.example.net\","
		   "\"ipaddress\":\"2001:DB8::1\",\"port\":\"5061\"}}]");
	sql(fixture_db, "UPDATE location SET socket = 'tls:[2001:db8::1]:5061'");
	assert_int_equal(asked_by(s_left, s_left->ops->reread, b_left), SOURCE_GONE);
	sql(fixture_db, "UPDATE location SET socket = 'tls:sip.example.net:5061'");
	assert_int_equal(asked_by(s_left, s_left->ops->reread, b_left), SOURCE_GONE);
	sql(fixture_db, "UPDATE location SET socket = 'tcp:sip.example.net:5061'");
	assert_int_equal(asked_by(s_left, s_left->ops->reread, b_left), SOURCE_REFUSED);
	end_left();
}

TEST(a_row_is_left_alone_when_the_control_is_silent)
{
	UNUSED_STATE;
	begin_left(NULL, SOCKETS("5060"));
	assert_int_equal(asked_by(s_left, s_left->ops->purge_row, b_left), SOURCE_REFUSED);
	assert_int_equal(rows_left(), 1);
	end_left();
}

TEST(a_row_that_memory_knows_again_is_left_alone)
{
	UNUSED_STATE;
	begin_left(LOOKUP(PERMANENT1), SOCKETS("5060"));
	assert_int_equal(asked_by(s_left, s_left->ops->purge_row, b_left), SOURCE_CHANGED);
	assert_int_equal(rows_left(), 1);
	end_left();
}

TEST(a_row_that_changed_since_it_was_read_is_left_alone)
{
	UNUSED_STATE;
	begin_left(NO_AOR, SOCKETS("5060"));
	sql(fixture_db, "UPDATE location SET cseq = 9");
	assert_int_equal(asked_by(s_left, s_left->ops->purge_row, b_left), SOURCE_CHANGED);
	assert_int_equal(rows_left(), 1);
	end_left();
}

TEST(a_row_that_the_write_back_timer_will_take_is_no_leftover)
{
	UNUSED_STATE;
	begin_left(CLEARING, SOCKETS("5060"));
	assert_int_equal(asked_by(s_left, s_left->ops->reread, b_left), SOURCE_GONE);
	assert_null(told.now);
	assert_non_null(strstr(told.words, "timer"));
	assert_int_equal(asked_by(s_left, s_left->ops->purge_row, b_left), SOURCE_REFUSED);
	assert_int_equal(told.code, -EAGAIN);
	assert_int_equal(rows_left(), 1);
	/* The timer has done it. */
	sql(fixture_db, "DELETE FROM location");
	assert_int_equal(asked_by(s_left, s_left->ops->purge_row, b_left), SOURCE_GONE);
	end_left();
}

/* Memory has another contact of the AoR: whether the timer is due cannot be seen. */
TEST(a_row_beside_other_contacts_has_to_outlast_the_write_back_timer)
{
	UNUSED_STATE;
	struct clock_fake fake;

	clock_fake_init(&fake, 1999999000000);
	test_clock = &fake.clock;
	begin_left(LOOKUP(PERMANENT2), SOCKETS("5060"));
	assert_int_equal(asked_by(s_left, s_left->ops->reread, b_left), SOURCE_GONE);
	assert_non_null(told.now);
	assert_int_equal(told.code, -EAGAIN);
	clock_fake_advance(&fake, 60000);
	assert_int_equal(asked_by(s_left, s_left->ops->purge_row, b_left), SOURCE_REFUSED);
	assert_int_equal(told.code, -EAGAIN);
	assert_int_equal(rows_left(), 1);
	clock_fake_advance(&fake, 20000);
	assert_int_equal(asked_by(s_left, s_left->ops->purge_row, b_left), SOURCE_DONE);
	assert_int_equal(rows_left(), 0);
	end_left();
	test_clock = &clock_system;
}

TEST(a_row_beside_its_own_uri_registered_anew_is_left_over)
{
	UNUSED_STATE;
	begin_left(LOOKUP(CONTACT(URI1, "uloc-1-9", "7", "\"permanent\"")), SOCKETS("5060"));
	assert_int_equal(asked_by(s_left, s_left->ops->reread, b_left), SOURCE_GONE);
	assert_slice_equal(told.now->ruid, "uloc-1-1");
	/* Without the row it is simply the new one. */
	sql(fixture_db, "DELETE FROM location");
	assert_int_equal(asked_by(s_left, s_left->ops->reread, b_left), SOURCE_DONE);
	assert_slice_equal(told.now->ruid, "uloc-1-9");
	end_left();
}

TEST(the_plan_is_told_what_a_row_and_an_aor_cost)
{
	UNUSED_STATE;
	struct strbuf text = STRBUF_INIT;

	begin_left(NO_AOR, NULL);
	s_left->ops->purge_row_how(s_left, NULL, &text);
	assert_non_null(strstr(strbuf_str(&text), "DELETE of its row"));
	assert_non_null(strstr(strbuf_str(&text), "may get a 500"));
	strbuf_clear(&text);
	s_left->ops->purge_aor_how(s_left, NULL, &text);
	assert_non_null(strstr(strbuf_str(&text), "ul.rm on unix:/"));
	assert_non_null(strstr(strbuf_str(&text), "every contact"));
	strbuf_free(&text);
	end_left();
}

#define U(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		U(commands_name_the_table_that_is_read),
		U(an_aor_with_an_at_in_its_name_is_not_asked_for),
		U(an_answer_for_another_aor_is_not_believed),
		U(another_matching_mode_takes_the_whole_aor_or_nothing),
		U(the_only_contact_of_its_aor_goes_with_it),
		U(what_was_not_found_and_is_gone_was_removed_by_somebody_else),
		U(an_error_in_the_middle_of_a_removal_says_neither_yes_nor_no),
		U(whether_the_timer_can_clear_away_a_row_is_looked_after),
		U(what_was_not_found_and_has_changed_is_left_alone),
		U(an_aor_goes_when_it_holds_exactly_what_was_shown),
		U(an_aor_with_one_more_contact_is_not_touched),
		U(an_aor_with_a_contact_less_is_not_touched),
		U(an_aor_with_a_refreshed_contact_is_not_touched),
		U(an_aor_with_another_contact_instead_is_not_touched),
		U(an_aor_that_is_gone_is_gone),
		U(a_row_that_memory_does_not_know_is_told_and_removed),
		U(a_row_of_another_node_is_left_alone),
		U(a_node_knows_its_own_row_by_name_address_and_in_ipv6),
		U(a_row_is_left_alone_when_the_control_is_silent),
		U(a_row_that_memory_knows_again_is_left_alone),
		U(a_row_that_changed_since_it_was_read_is_left_alone),
		U(a_row_that_the_write_back_timer_will_take_is_no_leftover),
		U(a_row_beside_other_contacts_has_to_outlast_the_write_back_timer),
		U(a_row_beside_its_own_uri_registered_anew_is_left_over),
		U(the_plan_is_told_what_a_row_and_an_aor_cost),
	};

	writer_main(argc, argv);
	return cmocka_run_group_tests(tests, NULL, end_group);
}
