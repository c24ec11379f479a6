/* The filter language as a table: text, and which of a handful of bindings it matches. */
#include "test.h"

#include <stdlib.h>
#include "base/alloc.h"
#include "base/strbuf.h"
#include "model/filter.h"

#define NOW_MS 1900000000000
#define NOW_S  (NOW_MS / 1000)

/* a: a desk phone that is silent. b: a TCP phone with an international number that answers 486.
 * c: a permanent binding. d: a push contact behind an edge. */
static struct evidence silent = {.outcome = PROBE_SILENT, .probes = 2, .asked_ms = NOW_MS - 30000};
static struct evidence busy = {.outcome = PROBE_ANSWERED,
			       .code = 486,
			       .rtt_us = 150000,
			       .probes = 4,
			       .answers = 2,
			       .asked_ms = NOW_MS - 600000};

#define ROWS 4
static struct row rows[ROWS];

/* Cleaned text may hold U+FFFD, which text_is_clean() reports; a terminal does not mind it. */
static bool is_harmless(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return false;
	return true;
}

static void make_rows(void)
{
	for (int i = 0; i < ROWS; i++) {
		rows[i] = (struct row){.now_ms = NOW_MS, .source = "k", .twins = 1};
		rows[i].b.methods = BINDING_METHODS_ALL;
		rows[i].b.q_milli = BINDING_Q_UNSET;
		rows[i].b.granted_s = -1;
		rows[i].j.verdict = VERDICT_NOT_ASKED;
	}
	rows[0].b.user = SLICE_LIT("4021");
	rows[0].b.domain = SLICE_LIT("acme.example");
	rows[0].b.contact = SLICE_LIT("sip:4021@10.0.0.7:5062");
	rows[0].b.received = SLICE_LIT("sip:203.0.113.2:40211");
	rows[0].b.socket = SLICE_LIT("udp:192.0.2.1:5060");
	rows[0].b.user_agent = SLICE_LIT("Yealink SIP-T46U 108.86.0.20 0015651a2b3c");
	rows[0].b.call_id = SLICE_LIT("0_1234567@10.0.0.7");
	rows[0].b.expires_s = NOW_S + 90;
	rows[0].b.refreshed_s = NOW_S - 3600;
	rows[0].evidence = &silent;
	rows[0].j.verdict = VERDICT_SILENT;
	rows[0].j.basis = BASIS_CONFIRMED;
	rows[0].twins = 2;

	rows[1].b.user = SLICE_LIT("+49 (171) 555-1234");
	rows[1].b.domain = SLICE_LIT("Beta.example");
	rows[1].b.contact = SLICE_LIT("sip:x@[2001:db8::1]:5060;transport=tcp");
	rows[1].b.instance = SLICE_LIT("<urn:uuid:00000000-0000-1000-8000-AA:BB:CC:DD:EE:FF>");
	rows[1].b.expires_s = NOW_S + 3000;
	rows[1].evidence = &busy;
	rows[1].j.verdict = VERDICT_ANSWERS;
	rows[1].j.basis = BASIS_LIKELY;
	rows[1].b.q_milli = 500;

	rows[2].b.user = SLICE_LIT("004930444");
	rows[2].b.domain = SLICE_LIT("acme.example");
	rows[2].b.contact = SLICE_LIT("sip:door@198.51.100.9");
	rows[2].b.expires_s = BINDING_PERMANENT;

	rows[3].b.user = SLICE_LIT("alice");
	rows[3].b.domain = SLICE_LIT("gamma.example");
	rows[3].b.contact = SLICE_LIT("sip:alice@192.0.2.77;transport=tls;pn-provider=apns");
	rows[3].b.path = SLICE_LIT("<sip:edge1.example;lr>");
	rows[3].b.user_agent = SLICE_LIT("Linphone|iOS/5.2 (Alice's iPhone)");
	rows[3].b.socket = SLICE_LIT("tls:192.0.2.1:5061");
	rows[3].b.expires_s = NOW_S - 20;
	rows[3].j.verdict = VERDICT_ASLEEP;
}

/* "ac" for rows 0 and 2, "!12" for a filter that breaks at byte 12. */
static const char *outcome(const char *text)
{
	static char out[32];
	struct filter *f = NULL;
	struct err e = ERR_NONE;
	size_t at = 9999, n = 0;

	make_rows();
	if (filter_parse(slice_of(text), &f, &at, &e)) {
		assert_null(f);
		assert_true(e.what[0] && is_harmless(e.what));
		snprintf(out, sizeof(out), "!%zu", at);
		return out;
	}
	for (int i = 0; i < ROWS; i++)
		if (filter_match(f, &rows[i]))
			out[n++] = (char)('a' + i);
	out[n] = '\0';
	filter_free(f);
	return out;
}

struct expected {
	const char *text, *outcome;
};

static void check(const struct expected *t, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *got = outcome(t[i].text);

		if (strcmp(got, t[i].outcome) != 0)
			fail_msg("'%s' gives '%s', not '%s'", t[i].text, got, t[i].outcome);
	}
}

#define CHECK(table) check(table, sizeof(table) / sizeof((table)[0]))

TEST(words_match_what_a_ticket_says)
{
	static const struct expected table[] = {
		{"", "abcd"},
		{"   ", "abcd"},
		{"acme", "ac"},
		{"ACME", "ac"},
		{"acme 4021", "a"},
		{"4021@acme", "a"},
		{"4021@beta", ""},
		{"203.0.113.2", "a"},
		{"203.0.113.2:40211", "a"},
		{"sip:4021@10.0.0.7", "a"},
		{"yealink", "a"},
		{"0_1234567", "a"},
		{"iphone", "d"},
		{"2001:db8::1", "b"},
		{"[2001:db8::1]:5060", "b"},
		{"nobody", ""},
		{"\"Alice's iPhone\"", "d"},
		{"\"a\\\"b\"", ""},
	};

	UNUSED_STATE;
	CHECK(table);
}

TEST(numbers_match_however_they_are_written)
{
	static const struct expected table[] = {
		{"+491715551234", "b"},
		{"00491715551234", "b"},
		{"491715551234", "b"},
		{"\"+49 171 5551234\"", "b"},
		{"171-555-1234", "b"},
		{"\"(171) 555 1234\"", "b"},
		{"+49.171.5551234", "b"},
		{"+4930444", "c"},
		{"4930444", "c"},
		{"004930444", "c"},
		{"+494930444", ""},
		/* an address is not a number */
		{"40.21", ""},
		{"402.1", ""},
	};

	UNUSED_STATE;
	CHECK(table);
}

TEST(a_mac_matches_with_and_without_separators)
{
	static const struct expected table[] = {
		{"00:15:65:1A:2B:3C", "a"}, {"00-15-65-1a-2b-3c", "a"}, {"0015.651a.2b3c", "a"},
		{"0015651a2b3c", "a"},      {"15:65:1a", "a"},          {"aabbccddeeff", "b"},
		{"aa:bb:cc:dd:ee:ff", "b"}, {"aabb.ccdd.eeff", "b"},    {"aa:bb:cc:dd:ee:00", ""},
	};

	UNUSED_STATE;
	CHECK(table);
}

TEST(a_word_may_be_a_verdict)
{
	static const struct expected table[] = {
		{"silent", "a"},    {"answers", "b"}, {"asleep", "d"},
		{"not asked", "c"}, {"sil", "a"},     {"si", "abcd"},
	};
	struct filter *f;

	UNUSED_STATE;
	CHECK(table);
	filter_parse(slice_of("silent"), &f, NULL, NULL);
	assert_true(filter_needs_judgement(f));
	filter_free(f);
	filter_parse(slice_of("4021 acme"), &f, NULL, NULL);
	assert_false(filter_needs_judgement(f));
	assert_false(filter_needs_time(f));
	filter_free(f);
}

TEST(fields_contain_equal_or_differ)
{
	static const struct expected table[] = {
		{"verdict:silent", "a"},
		{"verdict=silent", "a"},
		{"verdict!=silent", "bcd"},
		{"verdict:asleep?", "d"},
		{"verdict:asleep", "d"},
		{"verdict:\"not asked\"", "c"},
		{"verdict:not-asked", "c"},
		{"verdict~^(silent|answers)$", "ab"},
		{"!verdict:silent", "bcd"},
		{"ua:yealink", "a"},
		{"user_agent:yealink", "a"},
		{"ua=yealink", ""},
		{"UA:linphone", "d"},
		{"cid:1234567", "a"},
		{"aor=4021@acme.example", "a"},
		{"domain=beta.example", "b"},
		{"transport:udp", "ac"},
		{"transport:tcp", "b"},
		{"transport:t", ""},
		{"!transport:udp", "bd"},
		{"basis:confirmed", "a"},
		{"path:edge1", "d"},
		{"ua:\"Alice's iPhone\"", "d"},
		{"user:-", ""},
		{"path:-", "abc"},
		{"path!=-", "d"},
		{"path=\"-\"", ""},
		{"received:-", "bcd"},
		{"ua!=x", "abcd"},
		{"verdict:silent expires<2m ua:yealink !transport:tcp", "a"},
	};

	UNUSED_STATE;
	CHECK(table);
}

TEST(numbers_durations_and_times_compare)
{
	static const struct expected table[] = {
		{"left<2m", "ad"},
		{"expires<2m", "ad"},
		{"left<=90s", "ad"},
		{"left<90", "d"},
		{"left<0", "d"},
		{"left<-10s", "d"},
		{"left>2m", "bc"},
		{"left:90", "a"},
		{"left:-", "c"},
		{"expires:-", "c"},
		{"left!=90", "bcd"},
		{"left>=50m", "bc"},
		{"expires<2030-03-17T17:50:00Z", "ad"},
		{"expires>2030-03-17T17:50:00Z", "bc"},
		{"code:486", "b"},
		{"code>=400", "b"},
		{"code!=486", "acd"},
		{"code<400", ""},
		{"rtt_ms>100", "b"},
		{"rtt>100ms", "b"},
		{"rtt>150.5", ""},
		{"loss>=50%", "ab"},
		{"loss:100", "a"},
		{"q<1", "b"},
		{"q:0.5", "b"},
		{"twins>1", "a"},
		{"probed<1m", "a"},
		{"probed>5m", "b"},
		{"refreshed>30m", "a"},
		{"probed<2030-03-17T17:45:00Z", "b"},
	};

	UNUSED_STATE;
	CHECK(table);
}

TEST(parts_combine)
{
	static const struct expected table[] = {
		{"4021 | alice", "ad"},
		{"(4021|alice)", "ad"},
		{"(4021 | alice) ua:linphone", "d"},
		{"4021 | alice ua:yealink", "a"},
		{"acme | beta | gamma", "abcd"},
		{"!(acme | beta)", "d"},
		{"!!acme", "ac"},
		{"! acme", "bd"},
		{"!acme !beta", "d"},
		{"(acme (4021 | 4930444)) !permanent", "ac"},
		{"((((acme))))", "ac"},
		{"(acme 4021) yealink", "a"},
		{"(acme|beta)|(gamma)", "abcd"},
	};

	UNUSED_STATE;
	CHECK(table);
}

TEST(regular_expressions_search_and_ignore_case)
{
	static const struct expected table[] = {
		{"~^402[0-9]", "a"},        {"~YEALINK.*U", "a"},    {"ua~^linphone", "d"},
		{"ua~linphone\\|ios", "d"}, {"aor~(402|ali)", "ad"}, {"(~402|~ali)", "ad"},
		{"~402 | ~ali", "ad"},      {"!ua~.", "bc"},         {"ua~[()]", "d"},
		{"verdict~^s", "a"},
	};

	UNUSED_STATE;
	CHECK(table);
}

TEST(what_does_not_parse_says_where)
{
	static const struct expected table[] = {
		{"colour:red", "!0"},
		{"acme colour:red", "!5"},
		{"acme ua:", "!8"},
		{"ua: x", "!3"},
		{"ua:\"\"", "!3"},
		{"(acme", "!0"},
		{"acme)", "!4"},
		{"acme (beta | (gamma)", "!5"},
		{"()", "!1"},
		{"acme |", "!6"},
		{"| acme", "!0"},
		{"!", "!1"},
		{"~", "!1"},
		{"ua~", "!3"},
		{"~[", "!1"},
		{"~(", "!1"},
		{"\"open", "!0"},
		{"ua:\"open", "!3"},
		{"left<soon", "!5"},
		{"code:many", "!5"},
		{"q:", "!2"},
		{"verdict:dead", "!8"},
		{"ua<3", "!2"},
		{"verdict<silent", "!7"},
		{"~((a{9}){9}){9}", "!1"},
		{"~(a)\\1", "!1"},
		{"~a{300}", "!1"},
	};

	UNUSED_STATE;
	CHECK(table);
}

TEST(an_unknown_field_names_itself_and_its_neighbours)
{
	struct filter *f;
	struct err e = ERR_NONE;
	size_t at;

	UNUSED_STATE;
	assert_true(filter_parse(slice_of("verdct:silent"), &f, &at, &e) < 0);
	assert_non_null(strstr(e.what, "verdct"));
	assert_non_null(strstr(e.hint, "verdict"));
	assert_true(filter_parse(slice_of("verdict:offline"), &f, &at, &e) < 0);
	assert_non_null(strstr(e.what, "offline"));
	assert_non_null(strstr(e.hint, "not asked"));
	/* where and what are not obligatory */
	assert_true(filter_parse(slice_of("verdct:silent"), &f, NULL, NULL) < 0);
}

TEST(hostile_lengths_and_depths_are_refused)
{
	struct strbuf b = STRBUF_INIT;
	struct filter *f;
	struct err e;

	UNUSED_STATE;
	strbuf_add_fill(&b, '(', 3000);
	assert_true(filter_parse(strbuf_slice(&b), &f, NULL, &e) < 0);
	strbuf_clear(&b);
	strbuf_add_fill(&b, '!', 4000);
	assert_true(filter_parse(strbuf_slice(&b), &f, NULL, &e) < 0);
	strbuf_clear(&b);
	for (int i = 0; i < 1000; i++)
		strbuf_add_str(&b, "a ");
	assert_true(filter_parse(strbuf_slice(&b), &f, NULL, &e) < 0);
	strbuf_clear(&b);
	strbuf_add_fill(&b, 'x', 300);
	assert_true(filter_parse(strbuf_slice(&b), &f, NULL, &e) < 0);
	strbuf_clear(&b);
	strbuf_add_fill(&b, ' ', 5000);
	assert_true(filter_parse(strbuf_slice(&b), &f, NULL, &e) < 0);
	strbuf_clear(&b);
	strbuf_add_str(&b, "~");
	strbuf_add_fill(&b, 'a', 250);
	assert_true(filter_parse(strbuf_slice(&b), &f, NULL, &e) < 0);
	strbuf_free(&b);
}

/* Any bytes are parsed or refused, and what was parsed can be asked; the sanitizers look on. */
TEST(random_text_is_parsed_or_refused)
{
	static const char *const bits[] = {
		"a",    "(",   ")",  "|",   "!",    "~",        "\"",     ":",
		"<",    "=",   " ",  "ua:", "left", "2m",       "-",      "[",
		"]",    "{3}", "*",  "\\",  "+49",  "verdict:", "silent", "\x1b",
		"\xff", "00",  "\n", ">=",  "!=",   "code",     "a:b:",   "."};
	uint64_t seed = 42;
	unsigned good = 0;

	UNUSED_STATE;
	make_rows();
	for (int round = 0; round < 20000; round++) {
		struct strbuf b = STRBUF_INIT;
		struct filter *f;
		struct err e = ERR_NONE;
		size_t at = 0;
		unsigned n = 1 + (unsigned)(seed >> 60);

		for (unsigned i = 0; i < n; i++) {
			seed = seed * 6364136223846793005u + 1442695040888963407u;
			strbuf_add_str(&b, bits[(seed >> 33) % (sizeof(bits) / sizeof(bits[0]))]);
		}
		if (filter_parse(strbuf_slice(&b), &f, &at, &e) == 0) {
			good++;
			for (int i = 0; i < ROWS; i++)
				filter_match(f, &rows[i]);
			filter_free(f);
		} else {
			assert_true(at <= b.n);
			assert_true(e.what[0] && is_harmless(e.what));
		}
		strbuf_free(&b);
	}
	assert_true(good > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(words_match_what_a_ticket_says),
		T(numbers_match_however_they_are_written),
		T(a_mac_matches_with_and_without_separators),
		T(a_word_may_be_a_verdict),
		T(fields_contain_equal_or_differ),
		T(numbers_durations_and_times_compare),
		T(parts_combine),
		T(regular_expressions_search_and_ignore_case),
		T(what_does_not_parse_says_where),
		T(an_unknown_field_names_itself_and_its_neighbours),
		T(hostile_lengths_and_depths_are_refused),
		T(random_text_is_parsed_or_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
