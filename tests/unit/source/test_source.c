/* Sources: which kind a -s means, and Kamailio's table as one of them. */
#include <errno.h>
#include "source_fixture.h"

static int code_of(const char *spec)
{
	struct err e = ERR_NONE;

	assert_null(source_open(loop, &clock_system, spec, &options, &e));
	assert_true(e.what[0]);
	return e.code;
}

TEST(every_kind_has_its_words)
{
	UNUSED_STATE;
	assert_true(source_kinds_count >= 3);
	for (size_t i = 0; i < source_kinds_count; i++) {
		assert_true(source_kinds[i].kind[0] && source_kinds[i].place[0]);
		assert_true(source_kinds[i].help[0]);
		assert_non_null(source_kinds[i].open);
	}
}

TEST(a_spec_that_names_nothing_is_refused_in_words)
{
	UNUSED_STATE;
	char text[200];

	assert_int_equal(code_of("asterix:localhost"), -EINVAL);
	assert_int_equal(code_of("kamailio-sqlite:"), -EINVAL);
	assert_int_equal(code_of("kamailio-sqlite:/nowhere/at/all"), -ENOENT);
	assert_int_equal(code_of("/nowhere/at/all"), -ENOENT);
	snprintf(text, sizeof(text), "%s/other", fixture_dir);
	sql(text, "CREATE TABLE cats (name)");
	assert_int_equal(code_of(text), -EPROTONOSUPPORT);
}

TEST(a_kamailio_database_is_recognised_without_a_word)
{
	UNUSED_STATE;
	char spec[200];
	struct source *s = opened();

	assert_string_equal(s->ops->kind, "kamailio-sqlite");
	assert_string_equal(s->name, "kamailio.sqlite");
	source_free(s);
	snprintf(spec, sizeof(spec), "kamailio-sqlite:%s", fixture_db);
	s = source_open(loop, &clock_system, spec, &options, NULL);
	assert_non_null(s);
	source_free(s);
}

TEST(options_that_make_no_sense_are_refused)
{
	UNUSED_STATE;
	options.control = "pigeon:/run/x";
	assert_int_equal(code_of(fixture_db), -EINVAL);
	options.control = "unix:";
	assert_int_equal(code_of(fixture_db), -EINVAL);
	options.control = NULL;
	options.sip = "registrar.example";
	assert_int_equal(code_of(fixture_db), -EINVAL);
}

TEST(rows_come_in_passes_and_a_change_is_seen_soon)
{
	UNUSED_STATE;
	struct source *s;

	add_phones(fixture_db, 1, 1203);
	s = opened();
	source_start(s, &sink);
	assert_int_equal(seen.status.state, SOURCE_OPENING);
	WAIT(seen.status.state == SOURCE_LIVE);
	assert_true(seen.status.complete);
	assert_true(seen.status.read_ms > 0);
	assert_false(seen.status.reading);
	assert_int_equal(seen.puts, 1203);
	assert_int_equal(seen.status.expected, 1203);
	sql(fixture_db, "DELETE FROM location WHERE id = 77");
	WAIT(seen.complete == 2);
	assert_int_equal(seen.puts, 1202);
	source_free(s);
	assert_int_equal(seen.ends, seen.begins);
}

TEST(reading_again_on_request_reads_the_whole_table)
{
	UNUSED_STATE;
	struct source *s;

	add_phones(fixture_db, 1, 5);
	s = opened();
	source_start(s, &sink);
	WAIT(seen.complete == 1);
	s->ops->refresh(s);
	WAIT(seen.complete == 2);
	source_free(s);
}

TEST(a_source_may_end_at_any_moment)
{
	UNUSED_STATE;
	struct source *s;

	add_phones(fixture_db, 1, 20000);
	s = opened();
	source_start(s, &sink);
	WAIT(seen.begins == 1);
	source_free(s);
	s = opened();
	source_free(s);
}

TEST(trouble_keeps_the_picture_and_passes_by_itself)
{
	UNUSED_STATE;
	char aside[128];
	struct source *s;

	add_phones(fixture_db, 1, 3);
	s = opened();
	source_start(s, &sink);
	WAIT(seen.status.state == SOURCE_LIVE);
	snprintf(aside, sizeof(aside), "%s/other", fixture_dir);
	assert_int_equal(rename(fixture_db, aside), 0);
	WAIT(seen.status.state == SOURCE_TROUBLE);
	assert_int_equal(seen.status.trouble.code, -ENOENT);
	assert_int_equal(seen.begins, 1);
	assert_int_equal(rename(aside, fixture_db), 0);
	WAIT(seen.status.state == SOURCE_LIVE);
	assert_int_equal(seen.status.trouble.code, 0);
	source_free(s);
}

TEST(a_writer_without_a_pause_leaves_an_incomplete_picture)
{
	UNUSED_STATE;
	struct writer w;
	struct source *s;

	add_phones(fixture_db, 1, 3);
	s = opened();
	source_start(s, &sink);
	WAIT(seen.status.state == SOURCE_LIVE);
	assert_true(writer_start(&w, "DELETE FROM location WHERE id = 1; BEGIN EXCLUSIVE"));
	WAIT(!seen.status.complete && seen.status.trouble.code == -EBUSY);
	assert_int_equal(strncmp(seen.status.trouble.what, "incomplete: ", 12), 0);
	writer_end(&w);
	WAIT(seen.status.complete);
	assert_int_equal(seen.puts, 2);
	source_free(s);
}

#define U(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		U(every_kind_has_its_words),
		U(a_spec_that_names_nothing_is_refused_in_words),
		U(a_kamailio_database_is_recognised_without_a_word),
		U(options_that_make_no_sense_are_refused),
		U(rows_come_in_passes_and_a_change_is_seen_soon),
		U(reading_again_on_request_reads_the_whole_table),
		U(a_source_may_end_at_any_moment),
		U(trouble_keeps_the_picture_and_passes_by_itself),
		U(a_writer_without_a_pause_leaves_an_incomplete_picture),
	};

	writer_main(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
