/* Listings: table, CSV and JSON of the same rows, and everything about one of them. */
#include "test.h"

#include <errno.h>
#include <jansson.h>
#include <locale.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/text.h"
#include "fixture.h"
#include "report/listing.h"

static const enum column_id few[] = {COL_AOR, COL_LEFT, COL_EXPIRES, COL_Q, COL_USER_AGENT};

static char *write_it(const struct listing *l, enum listing_format f)
{
	char *text = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&text, &n);

	assert_non_null(out);
	assert_int_equal(listing_write(l, f, out), 0);
	assert_int_equal(fclose(out), 0);
	return text;
}

static struct listing listing_of(struct fixture *f, const enum column_id *cols, size_t n)
{
	return (struct listing){.view = f->view,
				.cols = cols,
				.col_count = n,
				.now_ms = NOW_MS,
				.sources = f->sources,
				.source_count = 1,
				.store = f->store};
}
#define LISTING(f, cols) listing_of(f, cols, sizeof(cols) / sizeof(*(cols)))

static void assert_printable(const char *text)
{
	struct strbuf b = STRBUF_INIT;

	for (const char *p = text; *p; p++)
		assert_true(*p == '\n' || (unsigned char)*p >= 0x20);
	for (struct slice line, rest = slice_of(text); rest.n;) {
		rest = slice_cut(rest, '\n', &line);
		strbuf_clear(&b);
		text_clean(line, false, &b);
		assert_slice_equal(line, strbuf_str(&b));
	}
	strbuf_free(&b);
}

TEST(csv_has_a_header_and_one_line_for_each_binding)
{
	struct fixture f;
	struct binding b = fixture_binding("k1", "2012"), c = fixture_binding("k2", "2013");
	struct listing l;
	char *text;

	UNUSED_STATE;
	fixture_init(&f);
	b.q_milli = 500;
	c.expires_s = BINDING_PERMANENT;
	c.user_agent = SLICE_LIT("a \"b\", c");
	fixture_put(&f, &b);
	fixture_put(&f, &c);
	view_set_sort(f.view, COL_AOR, false);
	view_update(f.view, NOW_MS);
	l = LISTING(&f, few);
	text = write_it(&l, LISTING_CSV);
	assert_string_equal(text, "aor,left,expires,q,user_agent\n"
				  "2012@acme.example,1269,2031-05-07T03:33:49Z,0.5,"
				  "Yealink SIP-T46S 66.86.0.15 001565a1b2c3\n"
				  "2013@acme.example,,,,\"a \"\"b\"\", c\"\n");
	free(text);
	fixture_free(&f);
}

TEST(csv_keeps_spreadsheets_from_running_what_a_phone_sent)
{
	static const struct {
		const char *agent, *cell;
	} t[] = {
		{"=cmd|'/C calc'!A0", "'=cmd|'/C calc'!A0"},
		{"@SUM(1)", "'@SUM(1)"},
		{"+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"},
		{"-2+3", "'-2+3"},
		{"=1,2", "\"'=1,2\""},
		{"+4930123456", "+4930123456"},
		{"+4930123456@acme.example", "+4930123456@acme.example"},
		{"a=b", "a=b"},
		{" x", "\" x\""},
	};
	static const enum column_id agent[] = {COL_USER_AGENT};

	UNUSED_STATE;
	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		struct fixture f;
		struct binding b = fixture_binding("k", "2012");
		struct listing l;
		char *text, wanted[80];

		fixture_init(&f);
		b.user_agent = slice_of(t[i].agent);
		fixture_put(&f, &b);
		l = LISTING(&f, agent);
		text = write_it(&l, LISTING_CSV);
		snprintf(wanted, sizeof(wanted), "user_agent\n%s\n", t[i].cell);
		assert_string_equal(text, wanted);
		free(text);
		fixture_free(&f);
	}
}

TEST(json_is_one_object_with_sources_and_bindings)
{
	struct fixture f;
	struct binding b = fixture_binding("k1", "2012");
	struct listing l;
	json_t *j, *wanted;
	char *text;

	UNUSED_STATE;
	fixture_init(&f);
	fixture_put(&f, &b);
	l = LISTING(&f, few);
	text = write_it(&l, LISTING_JSON);
	j = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(j);
	wanted = json_pack("{s:s, s:s, s:[{s:s, s:s, s:i, s:b, s:i, s:n}],"
			   " s:[{s:s, s:i, s:s, s:n, s:s}]}",
			   "regtop", PACKAGE_VERSION, "taken", "2031-05-07T03:12:40.000Z",
			   "sources", "name", "kamailio.sqlite", "kind", "kamailio-sqlite",
			   "age_ms", 1000, "complete", 1, "count", 1, "error", "bindings", "aor",
			   "2012@acme.example", "left", 1269, "expires", "2031-05-07T03:33:49Z",
			   "q", "user_agent", "Yealink SIP-T46S 66.86.0.15 001565a1b2c3");
	assert_non_null(wanted);
	assert_true(json_equal(j, wanted));
	json_decref(j);
	json_decref(wanted);
	free(text);
	fixture_free(&f);
}

TEST(json_says_which_source_is_in_trouble)
{
	struct fixture f;
	struct listing l;
	json_t *j, *s;
	char *text;

	UNUSED_STATE;
	fixture_init(&f);
	f.source.status.state = SOURCE_TROUBLE;
	f.source.status.complete = false;
	f.source.status.read_ms = 0;
	err_set(&f.source.status.trouble, -EIO, NULL, "The database is locked.");
	l = LISTING(&f, few);
	l.store = NULL;
	text = write_it(&l, LISTING_JSON);
	j = json_loads(text, 0, NULL);
	s = json_array_get(json_object_get(j, "sources"), 0);
	assert_true(json_is_null(json_object_get(s, "age_ms")));
	assert_true(json_is_false(json_object_get(s, "complete")));
	assert_string_equal(json_string_value(json_object_get(s, "error")),
			    "The database is locked.");
	assert_int_equal(json_integer_value(json_object_get(s, "count")), 5);
	assert_int_equal(json_array_size(json_object_get(j, "bindings")), 0);
	json_decref(j);
	free(text);
	fixture_free(&f);
}

TEST(numbers_have_a_point_in_every_locale)
{
	static const enum column_id q[] = {COL_Q};
	struct fixture f;
	struct binding b = fixture_binding("k1", "2012");
	struct listing l;
	char *text;

	UNUSED_STATE;
	if (!setlocale(LC_NUMERIC, "de_DE.UTF-8"))
		SKIP("the locale de_DE.UTF-8 is not installed");
	fixture_init(&f);
	b.q_milli = 250;
	fixture_put(&f, &b);
	l = LISTING(&f, q);
	text = write_it(&l, LISTING_CSV);
	setlocale(LC_NUMERIC, "C");
	assert_string_equal(text, "q\n0.25\n");
	free(text);
	fixture_free(&f);
}

TEST(hostile_text_reaches_no_format_raw)
{
	enum column_id all[COL_COUNT];
	struct fixture f;
	struct binding b = fixture_binding("\x1b[2Jk", "20\x1b]0;x\x07\r\n12");
	struct listing l;
	struct row r;
	struct strbuf shown = STRBUF_INIT;

	UNUSED_STATE;
	for (int c = 0; c < COL_COUNT; c++)
		all[c] = (enum column_id)c;
	fixture_init(&f);
	b.domain = SLICE_LIT("\xff\xfe");
	b.contact = SLICE_LIT("sip:\xe2\x80\xae"
			      "a@\xc2\x9b\x7f");
	b.user_agent = SLICE_LIT("a\nb,\"c\"\t\xf0\x9f\x98");
	b.path = b.call_id = b.instance = b.ruid = b.node = b.received = b.socket = b.user_agent;
	binding_id id = fixture_put(&f, &b);
	for (int ascii = 0; ascii < 2; ascii++) {
		for (int width = 0; width <= 200; width += 50) {
			for (int format = LISTING_TABLE; format <= LISTING_CSV; format++) {
				char *text;

				l = LISTING(&f, all);
				l.ascii_only = ascii;
				l.width = (unsigned)width;
				text = write_it(&l, (enum listing_format)format);
				assert_printable(text);
				if (format == LISTING_JSON) {
					json_t *j = json_loads(text, 0, NULL);

					assert_non_null(j);
					json_decref(j);
				} else {
					size_t lines = 0;

					for (char *p = text; *p; p++)
						lines += *p == '\n';
					assert_int_equal(lines, 2);
				}
				if (ascii && format != LISTING_CSV)
					for (char *p = text; *p; p++)
						assert_true((unsigned char)*p < 0x80);
				free(text);
			}
		}
		assert_true(view_row(f.view, id, NOW_MS, &r));
		strbuf_clear(&shown);
		listing_show(&r, ascii, &shown);
		assert_printable(strbuf_str(&shown));
	}
	strbuf_free(&shown);
	fixture_free(&f);
}

TEST(a_row_as_json_is_what_the_listing_writes)
{
	enum column_id all[COL_COUNT];
	struct fixture f;
	struct evidence e = {.outcome = PROBE_ANSWERED,
			     .path = PROBE_PATH_DIRECT,
			     .code = 200,
			     .asked_ms = NOW_MS - 500,
			     .heard_ms = NOW_MS - 400,
			     .rtt_us = 41250,
			     .probes = 3,
			     .answers = 2};
	struct binding b = fixture_binding("k1", "2012");
	struct listing l;
	struct row r;
	binding_id id;
	json_t *row, *doc;
	char *text;

	UNUSED_STATE;
	for (int c = 0; c < COL_COUNT; c++)
		all[c] = (enum column_id)c;
	fixture_init(&f);
	id = fixture_put(&f, &b);
	store_set_evidence(f.store, id, &e);
	assert_true(view_row(f.view, id, NOW_MS, &r));
	row = listing_row_json(&r, all, COL_COUNT);
	assert_int_equal(json_object_size(row), COL_COUNT);
	assert_string_equal(json_string_value(json_object_get(row, "verdict")), "answers");
	assert_true(json_real_value(json_object_get(row, "rtt_ms")) == 41.25);
	assert_string_equal(json_string_value(json_object_get(row, "probed")),
			    "2031-05-07T03:12:39Z");
	l = LISTING(&f, all);
	text = write_it(&l, LISTING_JSON);
	doc = json_loads(text, 0, NULL);
	assert_true(json_equal(row, json_array_get(json_object_get(doc, "bindings"), 0)));
	json_decref(row);
	json_decref(doc);
	free(text);
	fixture_free(&f);
}

TEST(the_table_is_as_wide_as_its_text)
{
	static const enum column_id cols[] = {COL_USER, COL_LEFT, COL_Q, COL_CONTACT};
	struct fixture f;
	struct binding b = fixture_binding("k1", "2012"), c = fixture_binding("k2", "alice.longer");
	struct listing l;
	char *text;

	UNUSED_STATE;
	fixture_init(&f);
	fixture_put(&f, &b);
	c.expires_s = NOW_S - 5;
	fixture_put(&f, &c);
	view_set_sort(f.view, COL_USER, false);
	view_update(f.view, NOW_MS);
	l = LISTING(&f, cols);
	text = write_it(&l, LISTING_TABLE);
	assert_string_equal(text, "User            Left  Q  Contact\n"
				  "2012          21m09s  -  sip:2012@10.0.0.7:5060\n"
				  "alice.longer     -5s  -  sip:2012@10.0.0.7:5060\n");
	free(text);
	fixture_free(&f);
}

TEST(a_table_for_a_terminal_keeps_both_ends_of_a_contact)
{
	static const enum column_id cols[] = {COL_USER, COL_CONTACT, COL_LEFT};
	struct fixture f;
	struct binding b = fixture_binding("k1", "2012");
	struct listing l;
	char *text;

	UNUSED_STATE;
	fixture_init(&f);
	b.contact = SLICE_LIT("sip:2012@very.long.name.of.a.phone.example:5060;ob");
	fixture_put(&f, &b);
	l = LISTING(&f, cols);
	l.width = 40;
	text = write_it(&l, LISTING_TABLE);
	assert_string_equal(text, "User  Contact                       Left\n"
				  "2012  sip:2012@very\xe2\x80\xa6"
				  "mple:5060;ob  21m09s\n");
	free(text);
	l.ascii_only = true;
	text = write_it(&l, LISTING_TABLE);
	assert_non_null(strstr(text, "sip:2012@very~mple:5060;ob"));
	free(text);
	/* No column is ever left out, however narrow. */
	l.width = 5;
	text = write_it(&l, LISTING_TABLE);
	assert_non_null(strstr(text, "21m09s"));
	free(text);
	fixture_free(&f);
}

TEST(a_limit_is_kept_in_every_format)
{
	static const enum column_id cols[] = {COL_USER};
	struct fixture f;
	struct listing l;
	char *text;

	UNUSED_STATE;
	fixture_init(&f);
	for (int i = 0; i < 9; i++) {
		char key[16];

		snprintf(key, sizeof(key), "k%d", i);
		struct binding b = fixture_binding(key, key);
		fixture_put(&f, &b);
	}
	l = LISTING(&f, cols);
	l.limit = 2;
	text = write_it(&l, LISTING_CSV);
	assert_string_equal(text, "user\nk0\nk1\n");
	free(text);
	text = write_it(&l, LISTING_TABLE);
	assert_string_equal(text, "User\nk0\nk1\n");
	free(text);
	text = write_it(&l, LISTING_JSON);
	assert_null(strstr(text, "k2"));
	free(text);
	fixture_free(&f);
}

TEST(a_full_disk_is_an_error_and_not_a_short_file)
{
	static const enum listing_format formats[] = {LISTING_TABLE, LISTING_JSON, LISTING_CSV};
	struct fixture f;
	struct binding b = fixture_binding("k1", "2012");
	struct listing l;

	UNUSED_STATE;
	if (access("/dev/full", W_OK) != 0)
		SKIP("there is no /dev/full");
	fixture_init(&f);
	fixture_put(&f, &b);
	l = LISTING(&f, few);
	for (size_t i = 0; i < 3; i++) {
		FILE *out = fopen("/dev/full", "w");

		assert_int_equal(listing_write(&l, formats[i], out), -ENOSPC);
		fclose(out);
	}
	fixture_free(&f);
}

TEST(show_tells_times_twice_and_what_the_probes_found)
{
	struct fixture f;
	struct evidence e = {.outcome = PROBE_SILENT,
			     .path = PROBE_PATH_DIRECT,
			     .asked_ms = NOW_MS - 60000,
			     .heard_ms = NOW_MS - 600000,
			     .probes = 4,
			     .answers = 1,
			     .failures = 3,
			     .detail = "no answer within 5 s"};
	struct binding b = fixture_binding("k1", "2012");
	struct strbuf out = STRBUF_INIT;
	struct row r;
	binding_id id;

	UNUSED_STATE;
	fixture_init(&f);
	id = fixture_put(&f, &b);
	store_set_evidence(f.store, id, &e);
	assert_true(view_row(f.view, id, NOW_MS, &r));
	listing_show(&r, false, &out);
	assert_non_null(strstr(strbuf_str(&out), "  aor          2012@acme.example\n"));
	assert_non_null(
		strstr(strbuf_str(&out), "  expires      2031-05-07T03:33:49Z (in 21m09s)\n"));
	assert_non_null(
		strstr(strbuf_str(&out), "  refreshed    2031-05-07T02:33:49Z (38m51s ago)\n"));
	assert_non_null(strstr(strbuf_str(&out), "  granted      1h00m\n"));
	assert_non_null(strstr(strbuf_str(&out), "4 asked, 1 answered, 3 unanswered in a row\n"));
	assert_non_null(strstr(strbuf_str(&out), "  probe path   directly from here\n"));
	assert_non_null(strstr(strbuf_str(&out), "  nat          yes\n"));
	strbuf_free(&out);
	fixture_free(&f);
}

TEST(show_has_a_line_for_every_column)
{
	struct fixture f;
	struct binding b = fixture_binding("k1", "2012");
	struct strbuf out = STRBUF_INIT;
	struct row r;

	UNUSED_STATE;
	fixture_init(&f);
	assert_true(view_row(f.view, fixture_put(&f, &b), NOW_MS, &r));
	listing_show(&r, false, &out);
	for (int c = 0; c < COL_COUNT; c++) {
		char start[40];

		/* User and domain stand in the AoR. */
		if (c == COL_USER || c == COL_DOMAIN)
			continue;
		snprintf(start, sizeof(start), "\n  %s ", columns[c].name);
		if (!strstr(strbuf_str(&out), start))
			fail_msg("no line for %s", columns[c].name);
	}
	strbuf_free(&out);
	fixture_free(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(csv_has_a_header_and_one_line_for_each_binding),
		T(csv_keeps_spreadsheets_from_running_what_a_phone_sent),
		T(json_is_one_object_with_sources_and_bindings),
		T(json_says_which_source_is_in_trouble),
		T(numbers_have_a_point_in_every_locale),
		T(hostile_text_reaches_no_format_raw),
		T(a_row_as_json_is_what_the_listing_writes),
		T(the_table_is_as_wide_as_its_text),
		T(a_table_for_a_terminal_keeps_both_ends_of_a_contact),
		T(a_limit_is_kept_in_every_format),
		T(a_full_disk_is_an_error_and_not_a_short_file),
		T(show_tells_times_twice_and_what_the_probes_found),
		T(show_has_a_line_for_every_column),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
