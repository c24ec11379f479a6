/* The workup on paper: its order, any width, redaction, hostile text, JSON. */
#include "test.h"

#include <stdlib.h>
#include "base/text.h"
#include "judge/verdict.h"
#include "report/workup.h"

#define NOW_S  1935889960LL /* 2031-05-07T03:12:40Z */
#define NOW_MS (NOW_S * 1000)

struct world {
	struct findings f;
	struct diagnosis d;
	struct finding_binding b;
	struct strbuf out;
};

/* A silent phone behind a NAT, asked twelve seconds ago. */
static void silent_phone(struct world *w)
{
	memset(w, 0, sizeof(*w));
	w->b.row = (struct row){
		.b = {.key = SLICE_LIT("k1"),
		      .user = SLICE_LIT("4021"),
		      .domain = SLICE_LIT("acme.example"),
		      .contact = SLICE_LIT("sip:4021@10.0.0.2:5060;pn-prid=SECRET"),
		      .received = SLICE_LIT("sip:203.0.113.2:42744"),
		      .socket = SLICE_LIT("udp:203.0.113.10:5060"),
		      .user_agent = SLICE_LIT("Yealink SIP-T46U 108.86.0.20 001565aabbcc"),
		      .call_id = SLICE_LIT("c1"),
		      .expires_s = NOW_S + 1800,
		      .refreshed_s = NOW_S - 1800,
		      .granted_s = 3600,
		      .methods = BINDING_METHODS_ALL,
		      .q_milli = BINDING_Q_UNSET},
		.source = "kamailio.sqlite",
		.twins = 1,
		.now_ms = NOW_MS};
	w->b.known = (struct evidence){.outcome = PROBE_SILENT,
				       .path = PROBE_PATH_REGISTRAR,
				       .asked_ms = NOW_MS - 12000,
				       .failed_first_ms = NOW_MS - 60000,
				       .failures = 2,
				       .probes = 2};
	w->b.row.evidence = &w->b.known;
	w->b.ways[WAY_CALL] = w->b.known;
	slice_to_buf(SLICE_LIT("only the registrar's own connection reaches it"),
		     w->b.ways[WAY_DIRECT].detail, EVIDENCE_DETAIL);
	w->b.past.answered_at_age_s = w->b.past.silent_at_age_s = HISTORY_AGE_UNKNOWN;
	next_hop_find(&w->b.row.b, &w->b.hop);
	verdict_judge(NULL, &w->b.row);
	w->f = (struct findings){.aor = "4021@acme.example",
				 .now_ms = NOW_MS,
				 .bindings = &w->b,
				 .count = 1,
				 .source_name = "kamailio.sqlite",
				 .picture_age_ms = 1000,
				 .picture_complete = true};
	w->f.past.answered_at_age_s = w->f.past.silent_at_age_s = HISTORY_AGE_UNKNOWN;
	diagnose(&w->f, &w->d);
}

static const char *written(struct world *w, struct workup_style style)
{
	strbuf_clear(&w->out);
	workup_write(&w->f, &w->d, &style, &w->out);
	return strbuf_str(&w->out);
}

static void forget(struct world *w)
{
	diagnosis_free(&w->d);
	strbuf_free(&w->out);
}

static void assert_in_order(const char *text, const char *const *words)
{
	for (; *words; words++) {
		const char *at = strstr(text, *words);

		if (!at)
			fail_msg("\"%s\" is missing or out of its order", *words);
		text = at;
	}
}

TEST(evidence_comes_first_then_verdict_cause_and_advice)
{
	static const char *const order[] = {"4021@acme.example  2031-05-07T03:12:40Z",
					    "kamailio.sqlite, read 1s ago, complete",
					    "Evidence",
					    "calls go   to udp:203.0.113.2:42744",
					    "behind NAT",
					    "03:12:28Z  the path of a call: no answer, 2 in a row",
					    "not asked: only the registrar's own connection",
					    "Verdict",
					    "no answer from udp:203.0.113.2:42744",
					    "03:11:40Z",
					    "Cause",
					    "Advice",
					    NULL};
	struct world w;

	UNUSED_STATE;
	silent_phone(&w);
	assert_in_order(written(&w, (struct workup_style){.width = 100}), order);
	forget(&w);
}

TEST(the_head_tells_how_old_the_picture_is_and_when_a_snapshot_was_taken)
{
	struct world w;

	UNUSED_STATE;
	silent_phone(&w);
	workup_write(&w.f, &w.d, &(struct workup_style){0}, &w.out);
	assert_non_null(strstr(strbuf_str(&w.out), "kamailio.sqlite, read 1s ago, complete"));
	strbuf_clear(&w.out);
	w.f.picture_frozen = true;
	workup_write(&w.f, &w.d, &(struct workup_style){0}, &w.out);
	assert_non_null(strstr(strbuf_str(&w.out), "kamailio.sqlite, a snapshot taken "
						   "2031-05-07T03:12:40Z, complete"));
	strbuf_free(&w.out);
	diagnosis_free(&w.d);
}

TEST(no_line_is_wider_than_the_paper)
{
	struct world w;

	UNUSED_STATE;
	silent_phone(&w);
	w.f.picture_complete = false;
	snprintf(w.f.picture_trouble, sizeof(w.f.picture_trouble),
		 "the file /var/lib/kamailio/kamailio.sqlite cannot be read: permission denied, "
		 "and regtop goes on trying");
	for (unsigned width = 40; width < 140; width += 7) {
		struct slice rest = slice_of(written(&w, (struct workup_style){.width = width})),
			     line;

		while (rest.n) {
			rest = slice_cut(rest, '\n', &line);
			/* A word is never broken, it has to be copied whole: what stands before
			 * it fits. */
			while (line.n && line.p[line.n - 1] != ' ')
				line.n--;
			assert_true(text_width(line) <= width + 1);
		}
	}
	forget(&w);
}

TEST(a_ticket_holds_neither_numbers_nor_addresses_nor_devices)
{
	static const char *const secrets[] = {"4021",   "203.0.113.2:", "SECRET",
					      "001565", "001565aabbcc", NULL};
	const char *text;
	struct world w;

	UNUSED_STATE;
	silent_phone(&w);
	text = written(&w, (struct workup_style){.width = 80, .redact = true});
	for (size_t i = 0; secrets[i]; i++)
		if (strstr(text, secrets[i]))
			fail_msg("the ticket holds %s:\n%s", secrets[i], text);
	assert_non_null(strstr(text, "(redacted)"));
	assert_non_null(strstr(text, "40**@acme.example"));
	assert_non_null(strstr(text, "203.0.113.x:42744"));
	/* What a diagnosis needs stays. */
	assert_non_null(strstr(text, "Yealink SIP-T46U 108.86.0.20"));
	assert_non_null(strstr(text, "10.0.0.2"));
	forget(&w);
}

TEST(text_from_outside_reaches_no_terminal)
{
	const char *text;
	struct world w;
	json_t *j;
	char *dump;

	UNUSED_STATE;
	silent_phone(&w);
	w.b.row.b.contact = SLICE_LIT("sip:4021@10.0.0.2\x1b]0;owned\x07");
	w.b.row.b.user_agent = SLICE_LIT("\x1b[31mEvil\xe2\x80\xae");
	snprintf(w.b.ways[WAY_CALL].agent, EVIDENCE_AGENT, "E\x1b[2Jvil");
	text = written(&w, (struct workup_style){.width = 80});
	assert_null(strchr(text, 0x1b));
	assert_null(strchr(text, 0x07));
	text = written(&w, (struct workup_style){.width = 80, .ascii_only = true});
	for (; *text; text++)
		assert_true((unsigned char)*text < 0x7f);
	j = workup_json(&w.f, &w.d);
	dump = json_dumps(j, 0);
	assert_null(strstr(dump, "\\u001b"));
	free(dump);
	json_decref(j);
	forget(&w);
}

TEST(without_a_diagnosis_only_the_evidence_stands_there)
{
	struct diagnosis none = {.count = 0};
	struct strbuf out = STRBUF_INIT;
	struct workup_style style = {.width = 80, .untitled = true};
	struct world w;

	UNUSED_STATE;
	silent_phone(&w);
	workup_write(&w.f, &none, &style, &out);
	assert_non_null(strstr(strbuf_str(&out), "Evidence"));
	assert_null(strstr(strbuf_str(&out), "Verdict"));
	assert_null(strstr(strbuf_str(&out), "4021@acme.example  2031"));
	strbuf_free(&out);
	forget(&w);
}

TEST(json_is_one_object_with_everything_in_it)
{
	static const char *const fields[] = {"regtop",  "aor",     "taken", "source",  "bindings",
					     "history", "groups",  "well",  "verdict", "cause",
					     "also",    "stopped", NULL};
	struct world w;
	json_t *j, *way;

	UNUSED_STATE;
	silent_phone(&w);
	j = workup_json(&w.f, &w.d);
	for (size_t i = 0; fields[i]; i++)
		assert_non_null(json_object_get(j, fields[i]));
	way = json_object_get(
		json_object_get(json_array_get(json_object_get(j, "bindings"), 0), "asked"),
		"call");
	assert_string_equal(json_string_value(json_object_get(way, "outcome")), "silent");
	assert_string_equal(json_string_value(json_object_get(way, "asked")),
			    "2031-05-07T03:12:28.000Z");
	assert_int_equal(json_integer_value(json_object_get(way, "unanswered")), 2);
	assert_true(json_is_null(json_object_get(way, "code")));
	assert_false(json_is_true(json_object_get(j, "well")));
	json_decref(j);
	forget(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(evidence_comes_first_then_verdict_cause_and_advice),
		T(the_head_tells_how_old_the_picture_is_and_when_a_snapshot_was_taken),
		T(no_line_is_wider_than_the_paper),
		T(a_ticket_holds_neither_numbers_nor_addresses_nor_devices),
		T(text_from_outside_reaches_no_terminal),
		T(without_a_diagnosis_only_the_evidence_stands_there),
		T(json_is_one_object_with_everything_in_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
