/* Addresses of databases: their parts, what is no address, and that no password is ever shown. */
#include "test.h"

#include <errno.h>
#include <stdio.h>
#include "source/sql/db_url.h"
#include "source/sql/location_db.h"

TEST(an_address_is_taken_apart)
{
	struct db_url *u = db_url_parse(
		"mysql://kam:p%40s%20s@db@127.0.0.1:3307/kamailio?timezone=UTC&table=loc", NULL);
	struct err e = ERR_NONE;
	char shown[100];

	UNUSED_STATE;
	assert_non_null(u);
	assert_string_equal(db_url_kind(u), "mysql");
	assert_string_equal(db_url_user(u), "kam");
	assert_string_equal(db_url_password(u), "p@s s@db");
	assert_string_equal(db_url_host(u), "127.0.0.1");
	assert_int_equal(db_url_port(u), 3307);
	assert_string_equal(db_url_database(u), "kamailio");
	assert_string_equal(db_url_option(u, "timezone"), "UTC");
	assert_null(db_url_option(u, "nothing"));
	assert_int_equal(db_url_check_options(u, &e), -EINVAL);
	assert_non_null(strstr(e.what, "table"));
	assert_string_equal(db_url_option(u, "table"), "loc");
	assert_int_equal(db_url_check_options(u, &e), 0);
	db_url_show(u, shown, sizeof(shown));
	assert_string_equal(shown, "mysql://kam@127.0.0.1:3307/kamailio");
	db_url_free(u);
}

TEST(parts_may_be_left_out)
{
	struct db_url *u = db_url_parse("postgresql:///kamailio?host=/run/postgresql", NULL);

	UNUSED_STATE;
	assert_non_null(u);
	assert_null(db_url_user(u));
	assert_null(db_url_host(u));
	assert_int_equal(db_url_port(u), 0);
	assert_string_equal(db_url_option(u, "host"), "/run/postgresql");
	db_url_free(u);
	u = db_url_parse("postgresql://[::1]:5433/k", NULL);
	assert_non_null(u);
	assert_string_equal(db_url_host(u), "::1");
	assert_int_equal(db_url_port(u), 5433);
	db_url_free(u);
}

TEST(what_is_no_address_is_refused_without_its_password)
{
	static const char *const broken[] = {
		"",
		"mysql",
		"mysql:",
		"mysql:/x",
		"://x/y",
		"mysql://u:secret@h:0/d",
		"mysql://u:secret@h:99999/d",
		"mysql://u:secret@h:x/d",
		"mysql://u:sec%zzret@h/d",
		"mysql://u:secret@h/d?=x",
		"mysql://u:secret%00@h/d",
		"mysql://[::1/d",
		"mysql://h/d?x=%4",
	};
	struct err e;

	UNUSED_STATE;
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		e = (struct err)ERR_NONE;
		assert_null(db_url_parse(broken[i], &e));
		assert_int_equal(e.code, -EINVAL);
		assert_null(strstr(e.what, "secret"));
	}
}

TEST(a_server_is_known_by_its_address_and_named_without_its_password)
{
	char name[100];

	UNUSED_STATE;
	assert_true(location_db_is_server("mariadb://h/d"));
	assert_true(location_db_is_server("postgres://h/d"));
	assert_false(location_db_is_server("/var/lib/mysql://x"));
	location_db_name("postgres://u:secret@h/d", name, sizeof(name));
	assert_string_equal(name, "postgres://u@h/d");
	location_db_name("/var/lib/kamailio.sqlite", name, sizeof(name));
	assert_string_equal(name, "kamailio.sqlite");
}

TEST(names_of_tables_and_columns_are_only_names)
{
	static const char *const bad[] = {
		"mysql://h/d?table=a%60b",
		"mysql://h/d?table=",
		"mysql://h/d?contact_column=a%20b",
		"postgresql://h/d?table=a%22b",
		"mysql://h/d?tabel=x",
		"mysql://h/d?timezone=Nowhere/X",
	};
	struct err e;

	UNUSED_STATE;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		e = (struct err)ERR_NONE;
		assert_null(location_db_open(bad[i], &e));
		assert_int_equal(e.code, -EINVAL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(an_address_is_taken_apart),
		T(parts_may_be_left_out),
		T(what_is_no_address_is_refused_without_its_password),
		T(a_server_is_known_by_its_address_and_named_without_its_password),
		T(names_of_tables_and_columns_are_only_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
