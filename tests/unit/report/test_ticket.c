/* The ticket: what a person pastes is readable, complete and safe to paste. */
#include "test.h"

#include <stdlib.h>
#include "base/text.h"
#include "fixture.h"
#include "report/ticket.h"

static char *ticket_of(struct fixture *f, const binding_id *ids, size_t n, bool full)
{
	struct strbuf out = STRBUF_INIT;
	struct ticket t = {.view = f->view,
			   .ids = ids,
			   .count = n,
			   .now_ms = NOW_MS,
			   .sources = f->sources,
			   .source_count = 1,
			   .store = f->store,
			   .full = full};

	ticket_write(&t, &out);
	return strbuf_take(&out);
}

static void assert_fits(const char *text)
{
	struct strbuf b = STRBUF_INIT;

	for (struct slice line, rest = slice_of(text); rest.n;) {
		rest = slice_cut(rest, '\n', &line);
		assert_true(text_width(line) <= 78);
		strbuf_clear(&b);
		assert_false(text_clean(line, false, &b) && slice_find_char(line, '\x1b') >= 0);
		assert_slice_equal(line, strbuf_str(&b));
		assert_true(!line.n || line.p[line.n - 1] != ' ');
	}
	strbuf_free(&b);
}

TEST(a_ticket_says_when_where_what_and_why)
{
	struct fixture f;
	struct binding b = fixture_binding("k1", "2012");
	struct evidence e = {.outcome = PROBE_SILENT,
			     .path = PROBE_PATH_DIRECT,
			     .asked_ms = NOW_MS - 42000,
			     .heard_ms = NOW_MS - 600000,
			     .failed_first_ms = NOW_MS - 64000,
			     .failures = 2,
			     .probes = 4,
			     .answers = 2};
	binding_id id;
	char *text;

	UNUSED_STATE;
	fixture_init(&f);
	id = fixture_put(&f, &b);
	store_set_evidence(f.store, id, &e);
	text = ticket_of(&f, &id, 1, false);
	assert_fits(text);
	assert_non_null(strstr(text, "ticket    regtop " PACKAGE_VERSION ", redacted\n"));
	assert_non_null(strstr(text, "when      2031-05-07 03:12:40Z  (local 2031-05-07 "));
	assert_non_null(strstr(
		text, "source    kamailio.sqlite (kamailio-sqlite), read 1s ago, complete\n"));
	assert_non_null(strstr(text, "aor       20**@acme.example, 1 binding\n"));
	assert_non_null(
		strstr(text, "#1        udp 203.0.113.x:40211, where its REGISTER came from\n"));
	assert_non_null(strstr(
		text, "contact sip:20**@10.0.0.7:5060, private, not where it came from: NAT\n"));
	assert_non_null(strstr(text, "user-agent Yealink SIP-T46S 66.86.0.15 **\n"));
	assert_non_null(strstr(text, "granted 3600 s, left 21m09s, last refresh 38m51s ago\n"));
	assert_non_null(strstr(text,
			       "probe: 4 asked, 2 answered, directly from this machine; last at\n"
			       "          2031-05-07 03:11:58Z: no answer\n"));
	assert_non_null(strstr(text, "last heard 2031-05-07 03:02:40Z\n"));
	assert_non_null(strstr(text, "verdict: silent (basis "));
	free(text);
	fixture_free(&f);
}

TEST(a_redacted_ticket_carries_no_secret)
{
	static const char *const secrets[] = {
		"493012345",         "203.0.113.9", "198.51.100.7", "TOKENTOKEN", "001565a1b2c3",
		"00:15:65:a1:b2:c3", "urn:uuid",    "hunter2",      "CALLID",     "00fc13",
	};
	struct fixture f;
	struct binding b = fixture_binding("k1", "+493012345");
	struct evidence e = {.outcome = PROBE_ANSWERED,
			     .code = 486,
			     .asked_ms = NOW_MS - 42000,
			     .probes = 1,
			     .answers = 1,
			     .agent = "phone 00:15:65:a1:b2:c3",
			     .detail = "Busy at 198.51.100.7"};
	binding_id id;
	char *text;

	UNUSED_STATE;
	fixture_init(&f);
	b.contact = SLICE_LIT("sip:+493012345:hunter2@198.51.100.7:5060;pn-prid=TOKENTOKEN"
			      ";pn-tok=00fc13;+sip.instance=urn:uuid:1");
	b.instance = SLICE_LIT("<urn:uuid:00000000-0000-1000-8000-001565a1b2c3>");
	b.call_id = SLICE_LIT("CALLID@198.51.100.7");
	id = fixture_put(&f, &b);
	store_set_evidence(f.store, id, &e);
	text = ticket_of(&f, &id, 1, false);
	assert_fits(text);
	for (size_t i = 0; i < sizeof(secrets) / sizeof(*secrets); i++)
		if (strstr(text, secrets[i]))
			fail_msg("\"%s\" is in the ticket:\n%s", secrets[i], text);
	free(text);
	text = ticket_of(&f, &id, 1, true);
	assert_fits(text);
	assert_non_null(strstr(text, "full: not for public places"));
	assert_non_null(strstr(text, "+493012345@acme.example"));
	assert_non_null(strstr(text, "CALLID@198.51.100.7"));
	free(text);
	fixture_free(&f);
}

TEST(twins_stand_beside_the_named_binding_even_when_the_filter_hides_them)
{
	struct fixture f;
	struct binding b = fixture_binding("k1", "2012"), c = fixture_binding("k2", "2012");
	struct binding d = fixture_binding("k3", "3000");
	binding_id ids[2];
	size_t at;
	struct err e = ERR_NONE;
	char *text;

	UNUSED_STATE;
	fixture_init(&f);
	c.user_agent = SLICE_LIT("softphone");
	fixture_put(&f, &c);
	ids[1] = fixture_put(&f, &b);
	ids[0] = fixture_put(&f, &d);
	assert_int_equal(view_set_filter(f.view, SLICE_LIT("user_agent:yealink"), &at, &e), 0);
	view_update(f.view, NOW_MS);
	assert_int_equal(view_count(f.view), 2);
	text = ticket_of(&f, ids, 2, false);
	/* In the order in which they were named; the twin last in its family. */
	assert_true(strstr(text, "30**@acme.example, 1 binding\n") <
		    strstr(text, "20**@acme.example, 2 bindings\n"));
	assert_non_null(strstr(text, "#2        udp"));
	assert_non_null(strstr(text, "softphone"));
	assert_true(strstr(text, "softphone") > strstr(text, "20**@acme.example, 2 bindings\n"));
	free(text);
	fixture_free(&f);
}

TEST(a_binding_named_with_its_twin_is_listed_once)
{
	struct fixture f;
	struct binding b = fixture_binding("k1", "2012"), c = fixture_binding("k2", "2012");
	binding_id ids[3];
	char *text;

	UNUSED_STATE;
	fixture_init(&f);
	ids[0] = fixture_put(&f, &b);
	ids[1] = fixture_put(&f, &c);
	ids[2] = 0;
	text = ticket_of(&f, ids, 3, false);
	assert_non_null(strstr(text, "#2"));
	assert_null(strstr(text, "#3"));
	assert_null(strstr(strstr(text, "\naor") + 1, "\naor"));
	assert_non_null(strstr(text, "gone      1 of the named bindings no longer there\n"));
	free(text);
	fixture_free(&f);
}

TEST(an_incomplete_picture_is_said_to_be_one)
{
	struct fixture f;
	struct binding b = fixture_binding("k1", "2012");
	binding_id id;
	char *text;

	UNUSED_STATE;
	fixture_init(&f);
	f.source.status.complete = false;
	f.source.status.state = SOURCE_TROUBLE;
	err_set(&f.source.status.trouble, -5, NULL, "The database is locked.");
	id = fixture_put(&f, &b);
	text = ticket_of(&f, &id, 1, false);
	assert_non_null(strstr(text, "INCOMPLETE: The\n          database is locked.\n"));
	assert_fits(text);
	free(text);
	fixture_free(&f);
}

TEST(hostile_and_endless_text_is_cleaned_and_wrapped)
{
	struct fixture f;
	struct binding b = fixture_binding("k1", "20\x1b]0;x\x07\n12");
	char agent[400];
	binding_id id;

	UNUSED_STATE;
	fixture_init(&f);
	memset(agent, 'x', sizeof(agent));
	b.user_agent = slice_make(agent, sizeof(agent));
	b.contact = SLICE_LIT("sip:\xe2\x80\xae\xff@h\r\nInjected: yes");
	id = fixture_put(&f, &b);
	for (int full = 0; full < 2; full++) {
		char *text = ticket_of(&f, &id, 1, full);

		assert_fits(text);
		assert_null(strstr(text, "\nInjected"));
		free(text);
	}
	fixture_free(&f);
}

TEST(in_ascii_a_ticket_is_ascii)
{
	struct fixture f;
	struct binding b = fixture_binding("k1", "\xc3\xa4\xc3\xb6\xc3\xbc");
	struct strbuf out = STRBUF_INIT;
	binding_id id;

	UNUSED_STATE;
	fixture_init(&f);
	id = fixture_put(&f, &b);
	ticket_write(&(struct ticket){.view = f.view,
				      .ids = &id,
				      .count = 1,
				      .now_ms = NOW_MS,
				      .sources = f.sources,
				      .source_count = 1,
				      .full = true,
				      .ascii_only = true},
		     &out);
	for (size_t i = 0; i < out.n; i++)
		assert_true((unsigned char)out.p[i] < 0x80);
	strbuf_free(&out);
	fixture_free(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_ticket_says_when_where_what_and_why),
		T(a_redacted_ticket_carries_no_secret),
		T(twins_stand_beside_the_named_binding_even_when_the_filter_hides_them),
		T(a_binding_named_with_its_twin_is_listed_once),
		T(an_incomplete_picture_is_said_to_be_one),
		T(hostile_and_endless_text_is_cleaned_and_wrapped),
		T(in_ascii_a_ticket_is_ascii),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
