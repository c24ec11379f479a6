/* The column table: its order and names, values and nulls, order of rows, and what a person sees.
 */
#include "test.h"

#include "model/columns.h"

#define NOW_MS 1900000000000

static struct evidence evidence_of_row;

static struct row sample(void)
{
	struct row r = {
		.id = 1,
		.b =
			{
				.key = SLICE_LIT("k"),
				.user = SLICE_LIT("4021"),
				.domain = SLICE_LIT("acme.example"),
				.contact = SLICE_LIT("sip:4021@192.0.2.7:5062;transport=tcp"),
				.expires_s = NOW_MS / 1000 + 754,
				.refreshed_s = NOW_MS / 1000 - 46,
				.granted_s = 800,
				.methods = BINDING_METHODS_ALL,
				.q_milli = BINDING_Q_UNSET,
			},
		.source = "kamailio.sqlite",
		.twins = 2,
		.now_ms = NOW_MS,
	};

	r.j.verdict = VERDICT_NOT_ASKED;
	evidence_of_row = (struct evidence){.outcome = PROBE_ANSWERED,
					    .code = 486,
					    .rtt_us = 12345,
					    .asked_ms = NOW_MS - 12000,
					    .probes = 4,
					    .answers = 3,
					    .agent = "Snom D785"};
	return r;
}

static const char *shown(enum column_id c, const struct row *r)
{
	static char text[256];
	struct strbuf out = STRBUF_INIT;

	column_show(c, r, false, &out);
	slice_to_buf(strbuf_slice(&out), text, sizeof(text));
	strbuf_free(&out);
	return text;
}

static enum value_type type_of(enum column_id c, const struct row *r)
{
	struct value v;

	columns[c].get(r, &v);
	return v.type;
}

/* Cleaned text may hold U+FFFD, which text_is_clean() reports; a terminal does not mind it. */
static bool is_harmless(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return false;
	return true;
}

TEST(columns_stand_in_the_documented_order)
{
	static const char order[] =
		"aor user domain contact received network path socket transport next_hop left "
		"expires "
		"granted refreshed habit overdue verdict basis code rtt_ms probed loss answered_by "
		"user_agent call_id cseq q instance reg_id methods twins ruid node source note "
		"differs ";
	struct strbuf out = STRBUF_INIT;

	UNUSED_STATE;
	for (int c = 0; c < COL_COUNT; c++)
		strbuf_addf(&out, "%s ", columns[c].name);
	assert_string_equal(strbuf_str(&out), order);
	strbuf_free(&out);
}

TEST(every_column_is_whole)
{
	UNUSED_STATE;
	for (int c = 0; c < COL_COUNT; c++) {
		const struct column *col = &columns[c];
		size_t n = strlen(col->help);

		assert_non_null(col->get);
		assert_true(col->title[0]);
		assert_true(n > 10 && col->help[n - 1] == '.');
		assert_true(col->width_min >= 1 && col->width_want >= col->width_min);
		assert_int_equal(column_by_name(slice_of(col->name)), c);
		/* the heading fits where the column is narrowest */
		assert_true(strlen(col->title) <= col->width_min);
	}
}

TEST(at_80_columns_the_important_ones_fit)
{
	static const enum column_id first[] = {COL_AOR,      COL_VERDICT, COL_LEFT,
					       COL_CONTACT,  COL_RTT_MS,  COL_USER_AGENT,
					       COL_TRANSPORT};
	unsigned width = 0;

	UNUSED_STATE;
	for (unsigned rank = 1; rank <= 7; rank++) {
		assert_int_equal(columns[first[rank - 1]].rank, rank);
		width += columns[first[rank - 1]].width_min + 1;
	}
	assert_true(width <= 80);
}

TEST(names_ignore_case_and_unknown_ones_are_none)
{
	UNUSED_STATE;
	assert_int_equal(column_by_name(slice_of("RTT_ms")), COL_RTT_MS);
	assert_int_equal(column_by_name(slice_of("rtt")), COL_NONE);
	assert_int_equal(column_by_name(slice_of("")), COL_NONE);
}

TEST(what_is_not_known_is_null)
{
	static const enum column_id null_ones[] = {
		COL_RECEIVED, COL_PATH, COL_SOCKET, COL_NEXT_HOP,  COL_HABIT,  COL_OVERDUE,
		COL_BASIS,    COL_CODE, COL_RTT_MS, COL_PROBED,    COL_LOSS,   COL_ANSWERED_BY,
		COL_CALL_ID,  COL_CSEQ, COL_Q,      COL_INSTANCE,  COL_REG_ID, COL_METHODS,
		COL_RUID,     COL_NODE, COL_NOTE,   COL_USER_AGENT};
	struct row r = sample();

	UNUSED_STATE;
	for (size_t i = 0; i < sizeof(null_ones) / sizeof(null_ones[0]); i++) {
		assert_int_equal(type_of(null_ones[i], &r), VALUE_NULL);
		assert_string_equal(shown(null_ones[i], &r), "-");
	}
	r.b.granted_s = -1;
	r.b.refreshed_s = 0;
	assert_int_equal(type_of(COL_GRANTED, &r), VALUE_NULL);
	assert_int_equal(type_of(COL_REFRESHED, &r), VALUE_NULL);
}

TEST(left_is_negative_when_lapsed_and_null_when_permanent)
{
	struct row r = sample();
	struct value v;

	UNUSED_STATE;
	columns[COL_LEFT].get(&r, &v);
	assert_int_equal(v.i, 754);
	assert_string_equal(shown(COL_LEFT, &r), "12m34s");
	r.b.expires_s = NOW_MS / 1000 - 9;
	columns[COL_LEFT].get(&r, &v);
	assert_int_equal(v.i, -9);
	assert_string_equal(shown(COL_LEFT, &r), "-9s");
	r.b.expires_s = BINDING_PERMANENT;
	assert_int_equal(type_of(COL_LEFT, &r), VALUE_NULL);
	assert_int_equal(type_of(COL_EXPIRES, &r), VALUE_NULL);
	assert_string_equal(shown(COL_LEFT, &r), "perm");
	assert_string_equal(shown(COL_EXPIRES, &r), "never");
}

TEST(values_of_a_probe_come_from_its_evidence)
{
	struct row r = sample();
	struct value v;

	UNUSED_STATE;
	r.evidence = &evidence_of_row;
	columns[COL_CODE].get(&r, &v);
	assert_int_equal(v.i, 486);
	columns[COL_RTT_MS].get(&r, &v);
	assert_true(v.type == VALUE_REAL && v.real > 12.3449 && v.real < 12.3451);
	columns[COL_LOSS].get(&r, &v);
	assert_true(v.type == VALUE_REAL && v.real == 25.0);
	columns[COL_PROBED].get(&r, &v);
	assert_true(v.type == VALUE_TIME && v.i == NOW_MS - 12000);
	assert_string_equal(shown(COL_PROBED, &r), "12s ago");
	assert_string_equal(shown(COL_RTT_MS, &r), "12.3");
	assert_string_equal(shown(COL_LOSS, &r), "25%");
	assert_string_equal(shown(COL_ANSWERED_BY, &r), "Snom D785");
	/* an old round trip beside "silent" would mislead */
	evidence_of_row.outcome = PROBE_SILENT;
	assert_int_equal(type_of(COL_RTT_MS, &r), VALUE_NULL);
}

TEST(a_verdict_shows_its_code_and_its_age)
{
	struct row r = sample();
	struct value v;

	UNUSED_STATE;
	assert_string_equal(shown(COL_VERDICT, &r), "not asked");
	r.j.verdict = VERDICT_ANSWERS;
	r.j.code = 200;
	assert_string_equal(shown(COL_VERDICT, &r), "answers");
	r.j.code = 486;
	assert_string_equal(shown(COL_VERDICT, &r), "answers 486");
	r.j.faded = true;
	assert_string_equal(shown(COL_VERDICT, &r), "answers 486~");
	columns[COL_VERDICT].get(&r, &v);
	assert_slice_equal(v.text, "answers");
}

TEST(transport_is_what_the_register_came_by)
{
	struct row r = sample();

	UNUSED_STATE;
	assert_string_equal(shown(COL_TRANSPORT, &r), "tcp");
	r.b.received = SLICE_LIT("sip:203.0.113.2:40211;transport=tls");
	assert_string_equal(shown(COL_TRANSPORT, &r), "tls");
	r.b.socket = SLICE_LIT("udp:192.0.2.1:5060");
	assert_string_equal(shown(COL_TRANSPORT, &r), "udp");
	r.b.socket = SLICE_LIT("[not set]");
	assert_string_equal(shown(COL_TRANSPORT, &r), "tls");
	r.b.received = SLICE_NONE;
	r.b.contact = SLICE_LIT("nonsense");
	assert_int_equal(type_of(COL_TRANSPORT, &r), VALUE_NULL);
}

TEST(numbers_read_as_people_write_them)
{
	struct row r = sample();

	UNUSED_STATE;
	r.b.q_milli = 700;
	r.b.methods = 5;
	assert_string_equal(shown(COL_Q, &r), "0.7");
	assert_string_equal(shown(COL_METHODS, &r), "INVITE,ACK");
	assert_string_equal(shown(COL_REFRESHED, &r), "46s ago");
	assert_string_equal(shown(COL_EXPIRES, &r), "2030-03-17T17:59:14Z");
	assert_string_equal(shown(COL_TWINS, &r), "2");
}

TEST(overdue_counts_from_the_end_of_what_was_granted)
{
	struct row r = sample();
	struct value v;

	UNUSED_STATE;
	r.b.refreshed_s = NOW_MS / 1000 - 1000;
	r.b.granted_s = 900;
	columns[COL_OVERDUE].get(&r, &v);
	assert_true(v.type == VALUE_INT && v.i == 100);
	r.b.granted_s = INT64_MAX;
	assert_int_equal(type_of(COL_OVERDUE, &r), VALUE_NULL);
}

TEST(a_habit_says_earlier_than_the_grant_that_a_refresh_is_late)
{
	struct row r = sample();

	UNUSED_STATE;
	r.b.refreshed_s = NOW_MS / 1000 - 1000;
	r.b.granted_s = 3600;
	assert_int_equal(row_overdue_s(&r), 0);
	assert_int_equal(type_of(COL_HABIT, &r), VALUE_NULL);
	r.habit_s = 600;
	assert_string_equal(shown(COL_HABIT, &r), "10m00s");
	assert_string_equal(shown(COL_OVERDUE, &r), "6m40s");
	r.habit_s = 800;
	assert_int_equal(row_overdue_s(&r), 0);
	r.habit_s = INT64_MAX;
	assert_int_equal(row_overdue_s(&r), 0);
}

TEST(text_from_outside_is_cleaned_before_it_is_shown)
{
	struct row r = sample();
	struct strbuf out = STRBUF_INIT;

	UNUSED_STATE;
	r.b.user_agent = SLICE_LIT("a\x1b[31mb\xe2\x80\xae");
	column_show(COL_USER_AGENT, &r, false, &out);
	assert_string_equal(strbuf_str(&out), "a\xef\xbf\xbd[31mb\xef\xbf\xbd");
	strbuf_clear(&out);
	column_show(COL_USER_AGENT, &r, true, &out);
	assert_string_equal(strbuf_str(&out), "a?[31mb?");
	strbuf_free(&out);
}

TEST(any_numbers_can_be_shown)
{
	static const int64_t odd[] = {INT64_MIN, INT64_MIN + 1, -1, 0, 1, INT64_MAX - 1, INT64_MAX};
	struct strbuf out = STRBUF_INIT;
	struct row r = sample();

	UNUSED_STATE;
	r.evidence = &evidence_of_row;
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		r.b.expires_s = r.b.refreshed_s = r.b.granted_s = odd[i];
		evidence_of_row.asked_ms = odd[i];
		for (int c = 0; c < COL_COUNT; c++)
			column_show((enum column_id)c, &r, false, &out);
	}
	assert_true(out.n > 0);
	strbuf_free(&out);
}

TEST(rows_compare_with_nulls_last_and_without_case)
{
	struct row a = sample(), b = sample();

	UNUSED_STATE;
	b.b.expires_s += 5;
	assert_true(column_compare(COL_LEFT, &a, &b) < 0);
	b.b.expires_s = BINDING_PERMANENT;
	assert_true(column_compare(COL_LEFT, &a, &b) < 0);
	assert_true(column_compare(COL_LEFT, &b, &a) > 0);
	a.b.expires_s = BINDING_PERMANENT;
	assert_int_equal(column_compare(COL_LEFT, &a, &b), 0);
	a.b.user_agent = SLICE_LIT("SNOM");
	b.b.user_agent = SLICE_LIT("snom d785");
	assert_true(column_compare(COL_USER_AGENT, &a, &b) < 0);
	b.b.user_agent = SLICE_LIT("snom");
	assert_int_equal(column_compare(COL_USER_AGENT, &a, &b), 0);
	/* verdicts by how bad they are, not by the letter */
	a.j.verdict = VERDICT_SILENT;
	b.j.verdict = VERDICT_ANSWERS;
	assert_true(column_compare(COL_VERDICT, &a, &b) < 0);
	a.j.basis = BASIS_UNKNOWN;
	b.j.basis = BASIS_CONFIRMED;
	assert_true(column_compare(COL_BASIS, &a, &b) < 0);
}

TEST(a_list_of_columns_is_parsed_or_told_what_is_wrong)
{
	enum column_id ids[COL_COUNT];
	struct err e = ERR_NONE;

	UNUSED_STATE;
	assert_int_equal(columns_parse(slice_of("aor, LEFT,verdict"), ids, &e), 3);
	assert_int_equal(ids[0], COL_AOR);
	assert_int_equal(ids[1], COL_LEFT);
	assert_int_equal(ids[2], COL_VERDICT);
	assert_true(columns_parse(slice_of("aor,verdcit"), ids, &e) < 0);
	assert_non_null(strstr(e.what, "verdcit"));
	assert_non_null(strstr(e.what, "verdict"));
	assert_true(columns_parse(slice_of("rtt"), ids, &e) < 0);
	assert_non_null(strstr(e.what, "rtt_ms"));
	assert_true(columns_parse(slice_of("aor,"), ids, &e) < 0);
	assert_true(columns_parse(slice_of(""), ids, &e) < 0);
	assert_true(columns_parse(SLICE_NONE, ids, &e) < 0);
	assert_true(columns_parse(slice_of("aor,left,aor"), ids, &e) < 0);
	assert_true(columns_parse(slice_of("\x1b[2J"), ids, &e) < 0);
	assert_true(is_harmless(e.what));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(columns_stand_in_the_documented_order),
		T(every_column_is_whole),
		T(at_80_columns_the_important_ones_fit),
		T(names_ignore_case_and_unknown_ones_are_none),
		T(what_is_not_known_is_null),
		T(left_is_negative_when_lapsed_and_null_when_permanent),
		T(values_of_a_probe_come_from_its_evidence),
		T(a_verdict_shows_its_code_and_its_age),
		T(transport_is_what_the_register_came_by),
		T(numbers_read_as_people_write_them),
		T(overdue_counts_from_the_end_of_what_was_granted),
		T(a_habit_says_earlier_than_the_grant_that_a_refresh_is_late),
		T(text_from_outside_is_cleaned_before_it_is_shown),
		T(any_numbers_can_be_shown),
		T(rows_compare_with_nulls_last_and_without_case),
		T(a_list_of_columns_is_parsed_or_told_what_is_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
