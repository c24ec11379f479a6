/* The filter language as a table: text, and which of a handful of bindings it matches. */
#include "test.h"

#include <stdio.h>
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
	assert_true((filter_needs(f) & (NEEDS_JUDGEMENT | NEEDS_EVIDENCE)));
	filter_free(f);
	filter_parse(slice_of("4021 acme"), &f, NULL, NULL);
	assert_false((filter_needs(f) & (NEEDS_JUDGEMENT | NEEDS_EVIDENCE)));
	assert_false((filter_needs(f) & NEEDS_TIME));
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

/* Bindings whose fields are made of few pieces, so that filters hit across and beside them. */
static struct binding scrap(unsigned random, char text[8][64])
{
	static const char *const users[] = {"4021", "+49 171 555", "alice", "a@b", ""};
	static const char *const hosts[] = {"acme.example", "", "b.example", "sip"};
	static const char *const agents[] = {"Yealink T46 00:15:65:1a:2b:3c", "acme", "", "ask"};
	struct binding b = {.methods = BINDING_METHODS_ALL, .granted_s = -1};

	snprintf(text[0], 64, "key%u", random);
	snprintf(text[1], 64, "%s", users[random >> 3 & 3]);
	snprintf(text[2], 64, random >> 5 & 1 ? "sip:%s@10.0.0.%u" : "sip:x%.0s@10.0.0.%u", text[1],
		 random >> 6 & 3);
	snprintf(text[3], 64, random >> 8 & 1 ? "sip:10.0.0.%u:5060" : "%.0u", random >> 9 & 3);
	snprintf(text[4], 64, "call-%u@acme", random >> 11 & 15);
	snprintf(text[5], 64, random >> 15 & 1 ? "<urn:uuid:0015651a2b3c>" : "");
	b.key = slice_of(text[0]);
	b.user = slice_of(text[1]);
	b.contact = slice_of(text[2]);
	b.received = slice_of(text[3]);
	b.call_id = slice_of(text[4]);
	b.instance = slice_of(text[5]);
	b.domain = slice_of(hosts[random >> 16 & 3]);
	b.user_agent = slice_of(agents[random >> 18 & 3]);
	b.expires_s = random >> 20 & 1 ? NOW_S + (random >> 21 & 255) - 100 : BINDING_PERMANENT;
	return b;
}

static const char *const glanced[] = {
	"acme",
	"4021",
	"0049171",
	"49171555",
	"1@acme",
	"b@b",
	"@",
	"alice@b.example",
	"!alice",
	"10.0.0.1",
	"00:15:65:1a",
	"0015651a2b3c",
	"call-1",
	"ask",
	"silent",
	"yealink left<50s",
	"(acme | 4021) !10.0.0.2",
	"left>-20s",
	"left=0s",
	"expires<1m",
	"expires>=2000-01-01T00:00:00Z",
	"user:4",
	"user=ALICE",
	"user!=alice",
	"domain:acme",
	"domain!=acme.example",
	"domain~^b",
	"ua:acme | ua=-",
	"ua~yea|ask",
	"contact:x@",
	"contact~1$",
	"received:10.0.0.3",
	"received!=sip:10.0.0.3:5060",
	"call_id:call-1@",
	"instance:0015",
	"instance=-",
	"transport:udp",
	"~acme",
	"verdict:not-asked",
	"verdict:silent",
	"verdict!=silent",
	"verdict:lapsed",
	"!verdict:lapsed 4021",
	"lapsed | silent",
	"verdict!=lapsed",
	"answers | silent",
	"key1",
	"sip:",
	"",
};

TEST(a_glance_never_says_other_than_the_filter)
{
	struct store *s = store_new();
	unsigned random = 99, sure = 0;

	UNUSED_STATE;
	store_add_source(s, "s");
	for (unsigned i = 0; i < 4000; i++) {
		char text[8][64];
		struct binding b;
		binding_id id;

		random = random * 1103515245 + 12345;
		b = scrap(random >> 8 ^ i << 12, text);
		id = store_put(s, 0, &b, 1);
		if (i % 5 == 0)
			store_set_evidence(s, id, &silent);
	}
	for (size_t k = 0; k < sizeof(glanced) / sizeof(glanced[0]); k++) {
		struct filter *f;
		struct glancer *g;

		assert_int_equal(filter_parse(slice_of(glanced[k]), &f, NULL, NULL), 0);
		g = glancer_new(f, s);
		glancer_refresh(g);
		for (uint32_t slot = 0; slot < store_slots(s); slot++) {
			struct row r = {.now_ms = NOW_MS, .source = "s"};
			struct store_glance b;
			enum glance said;

			assert_true(store_glance(s, slot, &b));
			assert_int_equal(b.asked, store_evidence(s, store_at(s, slot)) != NULL);
			r.j.verdict = b.asked ? VERDICT_SILENT : VERDICT_NOT_ASKED;
			assert_true(store_get(s, store_at(s, slot), &r.b));
			if (binding_left_s(&r.b, NOW_S) <= 0)
				r.j.verdict = VERDICT_LAPSED;
			said = glancer_look(g, &b, NOW_S);
			if (said == GLANCE_UNSURE)
				continue;
			sure++;
			if (filter_match(f, &r) != (said == GLANCE_YES))
				fail_msg("\"%s\" on user \"%.*s\" contact \"%.*s\"", glanced[k],
					 SLICE_FMT(r.b.user), SLICE_FMT(r.b.contact));
		}
		glancer_free(g);
		filter_free(f);
	}
	/* and it does say something */
	assert_true(sure > 4000 * 20);
	store_free(s);
}

TEST(a_glance_forgets_texts_whose_number_went_to_another)
{
	struct store *s = store_new();
	struct binding b = {.key = SLICE_LIT("k"), .domain = SLICE_LIT("acme")};
	struct store_glance look;
	struct glancer *g;
	struct filter *f;
	binding_id id;

	UNUSED_STATE;
	store_add_source(s, "s");
	assert_int_equal(filter_parse(SLICE_LIT("acme"), &f, NULL, NULL), 0);
	g = glancer_new(f, s);
	id = store_put(s, 0, &b, 1);
	glancer_refresh(g);
	assert_true(store_glance(s, binding_slot(id), &look));
	assert_int_equal(glancer_look(g, &look, NOW_S), GLANCE_YES);
	store_remove(s, 0, b.key);
	b.domain = SLICE_LIT("other");
	id = store_put(s, 0, &b, 1);
	glancer_refresh(g);
	assert_true(store_glance(s, binding_slot(id), &look));
	assert_int_equal(glancer_look(g, &look, NOW_S), GLANCE_NO);
	glancer_free(g);
	filter_free(f);
	store_free(s);
}

TEST(one_more_letter_narrows_and_a_new_reading_does_not)
{
	static const struct {
		const char *was, *now;
		bool narrows;
	} cases[] = {
		{"", "a", true},
		{"acm", "acme", true},
		{"acme", "acm", false},
		{"acme", "acme 40", true},
		{"acme 40", "acme 402", true},
		{"40 acme", "acme 40", false},
		{"4021", "40211", true},
		/* digits without 00 come up with the fourth character */
		{"004", "0049", false},
		/* and a MAC with the sixth */
		{"0a1b2", "0a1b2c", false},
		{"acme", "acme | x", false},
		{"!acme", "!acme1", false},
		{"left<2m", "left<2m a", false},
		{"ans", "answ", true},
	};

	UNUSED_STATE;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct filter *was, *now;

		assert_int_equal(filter_parse(slice_of(cases[i].was), &was, NULL, NULL), 0);
		assert_int_equal(filter_parse(slice_of(cases[i].now), &now, NULL, NULL), 0);
		if (filter_narrows(was, now) != cases[i].narrows)
			fail_msg("\"%s\" to \"%s\"", cases[i].was, cases[i].now);
		filter_free(was);
		filter_free(now);
	}
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
		T(a_glance_never_says_other_than_the_filter),
		T(a_glance_forgets_texts_whose_number_went_to_another),
		T(one_more_letter_narrows_and_a_new_reading_does_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
