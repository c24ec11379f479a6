/* Group effects: who shares what, who counts as asked, from when on it is the group, and its words.
 */
#include "test.h"

#include "judge/group_effect.h"
#include "judge/verdict.h"

#define NOW 1900000000000

/* One binding, judged as the real judge does. */
struct member {
	struct row row;
	struct evidence e;
};

static const struct binding usual = {
	.user = SLICE_LIT("1001"),
	.domain = SLICE_LIT("acme.example"),
	.contact = SLICE_LIT("sip:1001@10.0.0.7:5060"),
	.received = SLICE_LIT("sip:192.0.2.7:40001"),
	.path = SLICE_LIT("<sip:edge1.example.net;lr>"),
	.socket = SLICE_LIT("udp:198.51.100.1:5060"),
	.user_agent = SLICE_LIT("Yealink SIP-T46U 108.86"),
	.node = SLICE_LIT("7"),
	.expires_s = NOW / 1000 + 600,
	.refreshed_s = NOW / 1000 - 60,
	.granted_s = 660,
	.methods = BINDING_METHODS_ALL,
	.q_milli = BINDING_Q_UNSET,
};

static struct member *member(struct member *m, const struct binding *b)
{
	*m = (struct member){.row = {.id = 1, .b = *b, .source = "kamailio", .now_ms = NOW}};
	verdict_judge(NULL, &m->row);
	return m;
}

/* Asked a minute ago through the registrar, which is believed. */
static struct member *asked(struct member *m, const struct binding *b, enum probe_outcome outcome,
			    int code)
{
	member(m, b);
	m->e = (struct evidence){.outcome = outcome,
				 .path = PROBE_PATH_REGISTRAR,
				 .code = code,
				 .asked_ms = NOW - 60000,
				 .heard_ms = outcome == PROBE_ANSWERED ? NOW - 60000 : 0,
				 .failed_first_ms = outcome == PROBE_ANSWERED ? 0 : NOW - 120000,
				 .failures = outcome == PROBE_ANSWERED ? 0 : 2,
				 .probes = 2};
	m->row.evidence = &m->e;
	verdict_judge(NULL, &m->row);
	return m;
}

static struct group_effect *of_kind(struct group_effect *g, size_t n, enum group_kind kind)
{
	for (size_t i = 0; i < n; i++)
		if (g[i].kind == kind)
			return &g[i];
	fail_msg("there is no group of kind %d", (int)kind);
	return NULL;
}

TEST(a_binding_belongs_to_a_group_of_each_kind)
{
	static const char *const values[GROUP_KINDS] = {
		[GROUP_NETWORK] = "192.0.2.0/24",
		[GROUP_PATH] = "edge1.example.net",
		[GROUP_SOCKET] = "udp:198.51.100.1:5060",
		[GROUP_NODE] = "7",
		[GROUP_SOURCE] = "kamailio",
		[GROUP_AGENT] = "Yealink SIP-T46U 108.86",
	};
	struct group_effect g[GROUP_KINDS];
	struct member m;
	size_t n;

	UNUSED_STATE;
	n = group_effects_begin(&member(&m, &usual)->row, g);
	assert_int_equal(n, GROUP_KINDS);
	for (size_t i = 0; i < n; i++) {
		assert_string_equal(g[i].value, values[g[i].kind]);
		assert_int_equal(g[i].members, 0);
		assert_true(group_kind_name(g[i].kind)[0] != '\0');
	}
}

TEST(what_it_does_not_have_makes_no_group)
{
	struct binding b = usual;
	struct group_effect g[GROUP_KINDS];
	struct member m;
	size_t n;

	UNUSED_STATE;
	b.path = b.node = b.user_agent = SLICE_NONE;
	b.received = SLICE_NONE;
	b.contact = SLICE_LIT("sip:1001@phone.invalid");
	n = group_effects_begin(&member(&m, &b)->row, g);
	assert_int_equal(n, 2);
	assert_int_equal(g[0].kind, GROUP_SOCKET);
	assert_int_equal(g[1].kind, GROUP_SOURCE);
}

TEST(values_are_cleaned)
{
	struct binding b = usual;
	char out[96];
	struct member m;

	UNUSED_STATE;
	b.user_agent = SLICE_LIT("\x1b[2JEvil\x07");
	assert_true(group_value(GROUP_AGENT, &member(&m, &b)->row, out, sizeof(out)));
	for (const char *p = out; *p; p++)
		assert_true((unsigned char)*p >= ' ');
	assert_non_null(strstr(out, "Evil"));
}

TEST(only_those_who_share_the_value_are_counted)
{
	struct group_effect g[GROUP_KINDS];
	struct binding other = usual, elsewhere = usual;
	struct member m;
	size_t n;

	UNUSED_STATE;
	other.user_agent = SLICE_LIT("snomD785/10.1");
	elsewhere.received = SLICE_LIT("sip:203.0.113.9:5060");
	n = group_effects_begin(&member(&m, &usual)->row, g);
	group_effects_add(g, n, &m.row);
	group_effects_add(g, n, &asked(&m, &other, PROBE_ANSWERED, 200)->row);
	group_effects_add(g, n, &asked(&m, &elsewhere, PROBE_SILENT, 0)->row);
	group_effects_end(g, n);
	assert_int_equal(of_kind(g, n, GROUP_NETWORK)->members, 2);
	assert_int_equal(of_kind(g, n, GROUP_NETWORK)->asked, 1);
	assert_int_equal(of_kind(g, n, GROUP_NETWORK)->answered, 1);
	assert_int_equal(of_kind(g, n, GROUP_AGENT)->members, 2);
	assert_int_equal(of_kind(g, n, GROUP_AGENT)->asked, 1);
	assert_int_equal(of_kind(g, n, GROUP_AGENT)->silent, 1);
	assert_int_equal(of_kind(g, n, GROUP_PATH)->members, 3);
	assert_int_equal(of_kind(g, n, GROUP_PATH)->asked, 2);
}

/* "With one phone of an office answering and five silent" it is the office. */
TEST(one_answers_and_five_are_silent)
{
	struct group_effect g[GROUP_KINDS], *net;
	struct member m;
	size_t n;

	UNUSED_STATE;
	n = group_effects_begin(&member(&m, &usual)->row, g);
	for (int i = 0; i < 5; i++)
		group_effects_add(g, n, &asked(&m, &usual, PROBE_SILENT, 0)->row);
	group_effects_add(g, n, &asked(&m, &usual, PROBE_ANSWERED, 200)->row);
	group_effects_end(g, n);
	net = of_kind(g, n, GROUP_NETWORK);
	assert_true(net->effect);
	assert_int_equal(net->asked, 6);
	assert_int_equal(net->silent, 5);
	assert_int_equal(net->gone, 0);
	assert_string_equal(net->words, "5 of 6 asked phones from 192.0.2.7 do not answer");
	assert_string_equal(of_kind(g, n, GROUP_PATH)->words,
			    "5 of 6 asked phones over the edge edge1.example.net do not answer");
	assert_string_equal(
		of_kind(g, n, GROUP_AGENT)->words,
		"5 of 6 asked phones of the model Yealink SIP-T46U 108.86 do not answer");
}

TEST(three_of_five_are_no_effect_and_two_of_two_neither)
{
	struct group_effect g[GROUP_KINDS];
	struct member m;
	size_t n;

	UNUSED_STATE;
	n = group_effects_begin(&member(&m, &usual)->row, g);
	for (int i = 0; i < 5; i++)
		group_effects_add(
			g, n,
			&asked(&m, &usual, i < 3 ? PROBE_SILENT : PROBE_ANSWERED, i < 3 ? 0 : 200)
				 ->row);
	group_effects_end(g, n);
	assert_false(of_kind(g, n, GROUP_NETWORK)->effect);
	n = group_effects_begin(&member(&m, &usual)->row, g);
	for (int i = 0; i < 2; i++)
		group_effects_add(g, n, &asked(&m, &usual, PROBE_SILENT, 0)->row);
	group_effects_end(g, n);
	assert_int_equal(of_kind(g, n, GROUP_NETWORK)->silent, 2);
	assert_false(of_kind(g, n, GROUP_NETWORK)->effect);
}

TEST(all_that_answer_are_said_to)
{
	struct group_effect g[GROUP_KINDS];
	struct member m;
	size_t n;

	UNUSED_STATE;
	n = group_effects_begin(&member(&m, &usual)->row, g);
	for (int i = 0; i < 4; i++)
		group_effects_add(g, n, &asked(&m, &usual, PROBE_ANSWERED, i ? 200 : 486)->row);
	group_effects_end(g, n);
	assert_false(of_kind(g, n, GROUP_NODE)->effect);
	assert_string_equal(of_kind(g, n, GROUP_NODE)->words,
			    "4 of 4 asked phones of node 7 answer");
}

TEST(refused_no_route_and_a_lost_connection_are_gone_not_silent)
{
	static const enum probe_outcome failed[] = {PROBE_REFUSED, PROBE_NO_ROUTE, PROBE_FLOW_GONE};
	struct group_effect g[GROUP_KINDS];
	struct member m;
	size_t n;

	UNUSED_STATE;
	n = group_effects_begin(&member(&m, &usual)->row, g);
	for (size_t i = 0; i < 3; i++)
		group_effects_add(g, n, &asked(&m, &usual, failed[i], 0)->row);
	group_effects_end(g, n);
	assert_int_equal(of_kind(g, n, GROUP_NETWORK)->gone, 3);
	assert_int_equal(of_kind(g, n, GROUP_NETWORK)->silent, 0);
	assert_true(of_kind(g, n, GROUP_NETWORK)->effect);
}

TEST(what_proves_nothing_does_not_count_as_asked)
{
	struct group_effect g[GROUP_KINDS];
	struct binding sleeper = usual;
	struct member m;
	size_t n;

	UNUSED_STATE;
	n = group_effects_begin(&member(&m, &usual)->row, g);
	/* Old. */
	asked(&m, &usual, PROBE_SILENT, 0);
	m.e.asked_ms -= 86400000;
	m.e.failed_first_ms -= 86400000;
	verdict_judge(NULL, &m.row);
	assert_true(m.row.j.faded);
	group_effects_add(g, n, &m.row);
	/* From outside, behind NAT. */
	asked(&m, &usual, PROBE_SILENT, 0);
	m.e.path = PROBE_PATH_DIRECT;
	verdict_judge(NULL, &m.row);
	assert_int_equal(m.row.j.basis, BASIS_UNKNOWN);
	group_effects_add(g, n, &m.row);
	/* A phone that a push wakes. */
	sleeper.contact = SLICE_LIT("sip:1001@10.0.0.7:5060;pn-provider=apns;pn-prid=00fc");
	asked(&m, &sleeper, PROBE_SILENT, 0);
	assert_int_equal(m.row.j.verdict, VERDICT_ASLEEP);
	group_effects_add(g, n, &m.row);
	/* Who was never asked. */
	group_effects_add(g, n, &member(&m, &usual)->row);
	group_effects_end(g, n);
	assert_int_equal(of_kind(g, n, GROUP_NETWORK)->members, 4);
	assert_int_equal(of_kind(g, n, GROUP_NETWORK)->asked, 0);
	assert_false(of_kind(g, n, GROUP_NETWORK)->effect);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_binding_belongs_to_a_group_of_each_kind),
		T(what_it_does_not_have_makes_no_group),
		T(values_are_cleaned),
		T(only_those_who_share_the_value_are_counted),
		T(one_answers_and_five_are_silent),
		T(three_of_five_are_no_effect_and_two_of_two_neither),
		T(all_that_answer_are_said_to),
		T(refused_no_route_and_a_lost_connection_are_gone_not_silent),
		T(what_proves_nothing_does_not_count_as_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
