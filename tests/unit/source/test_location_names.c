/* Tables and columns that are called otherwise, as options behind a file's path. */
#include <errno.h>
#include "source/sql/location_db.h"
#include "location_fixture.h"

static struct location_batch *batch;
static struct location_db *db;

static int setup(void **state)
{
	if (make_table(state) < 0)
		return -1;
	add_phones(fixture_db, 1, 3);
	batch = location_batch_new();
	db = NULL;
	return 0;
}

static int teardown(void **state)
{
	location_batch_free(batch);
	location_db_close(db);
	return remove_dir(state);
}

/* Opens the file with these options behind its path, and looks at it. */
static int opened(const char *options, struct err *e)
{
	char place[300];

	location_db_close(db);
	snprintf(place, sizeof(place), "%s%s", fixture_db, options);
	db = location_db_open(place, e);
	return db ? db->ops->inspect(db, e) : e->code;
}

TEST(a_table_and_its_columns_have_the_names_that_are_given)
{
	UNUSED_STATE;
	struct err e = ERR_NONE;
	struct binding *shown;
	unsigned deleted = 0;

	sql(fixture_db, "ALTER TABLE location RENAME TO subscriber_loc;"
			"ALTER TABLE subscriber_loc RENAME COLUMN contact TO addr;"
			"ALTER TABLE subscriber_loc RENAME COLUMN ruid TO uid;"
			"ALTER TABLE subscriber_loc RENAME COLUMN id TO no;"
			"ALTER TABLE subscriber_loc RENAME COLUMN expires TO until;"
			"UPDATE version SET table_name = 'subscriber_loc'");
	assert_int_equal(opened("?table=subscriber_loc&contact_column=addr&ruid_column=uid&"
				"id_column=no&expires_column=until",
				&e),
			 0);
	assert_int_equal(db->ops->read_page(db, INT64_MIN, batch, &e), 0);
	assert_int_equal(batch->count, 3);
	assert_slice_equal(batch->rows[1].contact, "sip:user2@192.0.2.1:5060");
	assert_int_equal(batch->rows[1].expires_s, 2000000600);
	shown = binding_copy(&batch->rows[1]);
	assert_int_equal(db->ops->read_keys(db, SLICE_LIT("uloc-1-1"), batch, &e), 0);
	assert_int_equal(batch->count, 2);
	assert_slice_equal(batch->rows[0].key, "uloc-1-2");
	assert_int_equal(db->ops->remove(db, shown, &deleted, &e), 0);
	assert_int_equal(deleted, 1);
	assert_int_equal(db->ops->read_one(db, shown, batch, &e), 0);
	assert_int_equal(batch->count, 0);
	free(shown);
}

TEST(what_is_missing_is_named)
{
	UNUSED_STATE;
	struct err e = ERR_NONE;

	sql(fixture_db, "ALTER TABLE location RENAME COLUMN contact TO addr");
	assert_int_equal(opened("", &e), -EPROTONOSUPPORT);
	assert_non_null(strstr(e.what, "contact"));
	assert_non_null(strstr(e.hint, "contact_column"));
	assert_int_equal(opened("?contact_column=adr", &e), -EPROTONOSUPPORT);
	assert_non_null(strstr(e.what, "adr"));
	assert_int_equal(opened("?contact_column=addr", &e), 0);
	assert_int_equal(opened("?table=nowhere", &e), -EPROTONOSUPPORT);
	assert_non_null(strstr(e.what, "nowhere"));
}

TEST(options_that_make_no_sense_are_refused)
{
	UNUSED_STATE;
	static const char *const bad[] = {"?table=a]b", "?table=", "?contact_column='", "?nix=1",
					  "?timezone=Nowhere/None"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err e = ERR_NONE;

		assert_int_equal(opened(bad[i], &e), -EINVAL);
		assert_null(db);
		assert_true(e.what[0]);
	}
}

TEST(dates_as_text_are_in_the_zone_that_is_named)
{
	UNUSED_STATE;
	struct err e = ERR_NONE;

	sql(fixture_db, "UPDATE location SET expires = '2026-01-01 00:00:00'");
	assert_int_equal(opened("", &e), 0);
	assert_int_equal(db->ops->read_page(db, INT64_MIN, batch, &e), 0);
	assert_int_equal(batch->rows[0].expires_s, 1767225600);
	assert_int_equal(opened("?timezone=America/New_York", &e), 0);
	assert_int_equal(db->ops->read_page(db, INT64_MIN, batch, &e), 0);
	assert_int_equal(batch->rows[0].expires_s, 1767225600 + 5 * 3600);
	/* a Julian day is in none */
	assert_int_equal(batch->rows[0].refreshed_s, 2000000000);
}

TEST(a_question_mark_may_belong_to_the_path)
{
	UNUSED_STATE;
	struct err e = ERR_NONE;
	char other[160], name[80];

	snprintf(other, sizeof(other), "%s?table=x", fixture_db);
	assert_int_equal(rename(fixture_db, other), 0);
	assert_int_equal(opened("?table=x", &e), 0);
	location_db_name(other, name, sizeof(name));
	assert_string_equal(name, "kamailio.sqlite?table=x");
	assert_int_equal(rename(other, fixture_db), 0);
	location_db_name(other, name, sizeof(name));
	assert_string_equal(name, "kamailio.sqlite");
}

#define U(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		U(a_table_and_its_columns_have_the_names_that_are_given),
		U(what_is_missing_is_named),
		U(options_that_make_no_sense_are_refused),
		U(dates_as_text_are_in_the_zone_that_is_named),
		U(a_question_mark_may_belong_to_the_path),
	};

	writer_main(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
