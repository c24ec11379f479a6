/* The diagnosis table: one case for each cause; its words stand in causes.expected, and so does
 * what else holds in that case, so that no rule is reached unnoticed. */
#include "cause_scenes.h"

#include <stdlib.h>
#include "base/strbuf.h"

static const struct cause *find(const struct diagnosis *d, const char *id)
{
	for (size_t i = 0; i < d->count; i++)
		if (strcmp(d->list[i].row->id, id) == 0)
			return &d->list[i];
	return NULL;
}

static void write_evidence(const struct cause *c, struct strbuf *out)
{
	for (unsigned i = 0; i < c->evidence_count; i++)
		strbuf_addf(out, "  evidence %+lld s: %s\n",
			    c->evidence[i].when_ms
				    ? (long long)(c->evidence[i].when_ms - NOW_MS) / 1000
				    : 0LL,
			    c->evidence[i].words);
}

static void write_case(const struct cause_case *x, const struct diagnosis *d, struct strbuf *out)
{
	const struct cause *c = find(d, x->id);

	strbuf_addf(out, "%s (%s)\n", x->id, x->what);
	if (c) {
		strbuf_addf(out, "  %s\n  %s: %s\n", c->row->title, confidence_name(c->confidence),
			    c->sentence);
		write_evidence(c, out);
		strbuf_addf(out, "  advice: %s\n", cause_advice(c));
	}
	strbuf_addf(out, "  verdict: %s\n  all:", d->verdict);
	for (size_t i = 0; i < d->count; i++)
		strbuf_addf(out, " %s", d->list[i].row->id);
	strbuf_addf(out, "\n  next: %s\n\n", d->next_step);
}

static void diagnose_case(const struct cause_case *x, struct scene *s, struct diagnosis *d)
{
	scene_begin(s);
	x->make(s);
	scene_settle(s);
	diagnose(&s->f, d);
}

typedef void case_fn(const struct cause_case *x, void *ctx);

/* In the order of the table, and of a cause's cases as they were written. */
static void each_case(const char *id, case_fn *fn, void *ctx)
{
	const struct {
		const struct cause_case *cases;
		size_t count;
	} sets[] = {
		{cases_of_data, cases_of_data_count},
		{cases_of_probes, cases_of_probes_count},
		{cases_of_calls, cases_of_calls_count},
	};

	for (size_t k = 0; k < sizeof(sets) / sizeof(sets[0]); k++)
		for (size_t i = 0; i < sets[k].count; i++)
			if (strcmp(sets[k].cases[i].id, id) == 0)
				fn(&sets[k].cases[i], ctx);
}

static size_t every_case(case_fn *fn, void *ctx)
{
	for (size_t r = 0; r < causes_count; r++)
		each_case(causes[r].id, fn, ctx);
	return cases_of_data_count + cases_of_probes_count + cases_of_calls_count;
}

static void is_own_cause(const struct cause_case *x, void *ctx)
{
	struct diagnosis d;
	struct scene s;

	++*(size_t *)ctx;
	diagnose_case(x, &s, &d);
	if (!find(&d, x->id) || (!x->beside && strcmp(d.list[0].row->id, x->id) != 0))
		fail_msg("%s (%s) is %s: %s", x->id, x->what, d.list[0].row->id,
			 d.list[0].sentence);
	/* What is said beside a cause stands beside one. */
	if (x->beside)
		assert_string_not_equal(d.list[0].row->id, x->id);
	assert_true(d.list[0].sentence[0] && d.verdict[0]);
	diagnosis_free(&d);
}

TEST(each_case_is_its_own_cause)
{
	size_t seen = 0, all;

	UNUSED_STATE;
	all = every_case(is_own_cause, &seen);
	/* a case whose id is that of no row would not be seen */
	assert_int_equal(seen, all);
}

static void count_case(const struct cause_case *x, void *ctx)
{
	(void)x;
	++*(size_t *)ctx;
}

TEST(each_row_of_the_table_has_a_case)
{
	UNUSED_STATE;
	for (size_t r = 0; r < causes_count; r++) {
		size_t cases = 0;

		each_case(causes[r].id, count_case, &cases);
		if (!cases)
			fail_msg("%s has no case", causes[r].id);
		assert_ptr_equal(cause_by_id(slice_of(causes[r].id)), &causes[r]);
		for (size_t o = 0; o < r; o++) {
			assert_string_not_equal(causes[o].id, causes[r].id);
			assert_string_not_equal(causes[o].title, causes[r].title);
		}
	}
	assert_null(cause_by_id(SLICE_LIT("nat")));
}

static char *expected_path(void)
{
	struct strbuf path = STRBUF_INIT;
	const char *top = getenv("TOP_SRCDIR");

	strbuf_addf(&path, "%s/tests/unit/judge/causes.expected", top ? top : ".");
	return strbuf_take(&path);
}

static void read_all(const char *path, struct strbuf *out)
{
	FILE *f = fopen(path, "r");
	char buf[4096];
	size_t n;

	if (!f)
		return;
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
		strbuf_add(out, buf, n);
	fclose(f);
}

static void update(const char *path, const struct strbuf *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(strbuf_str(text), f);
	fclose(f);
}

static void write_case_of(const struct cause_case *x, void *ctx)
{
	struct diagnosis d;
	struct scene s;

	diagnose_case(x, &s, &d);
	write_case(x, &d, ctx);
	diagnosis_free(&d);
}

TEST(words_evidence_advice_and_what_else_holds_are_as_expected)
{
	struct strbuf got = STRBUF_INIT, wanted = STRBUF_INIT;
	struct slice g, w, a, b;
	char *path = expected_path();

	UNUSED_STATE;
	every_case(write_case_of, &got);
	/* As with the golden frames: look at the difference before it is committed. */
	if (getenv("REGTOP_GOLDEN_UPDATE"))
		update(path, &got);
	read_all(path, &wanted);
	g = strbuf_slice(&got);
	w = strbuf_slice(&wanted);
	while (g.n || w.n) {
		g = slice_cut(g, '\n', &a);
		w = slice_cut(w, '\n', &b);
		if (!slice_eq(a, b))
			fail_msg("got    %.*s\nwanted %.*s", (int)a.n, a.p ? a.p : "", (int)b.n,
				 b.p ? b.p : "");
	}
	strbuf_free(&got);
	strbuf_free(&wanted);
	free(path);
}

static void assert_plain_words(const char *text)
{
	/* DESIGN's rule: what is known is said, never these words */
	static const char *const never[] = {"dead", "died", "online", "offline"};

	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		if (slice_find_icase(slice_of(text), slice_of(never[i])) >= 0)
			fail_msg("'%s' in: %s", never[i], text);
}

static void has_plain_words(const struct cause_case *x, void *ctx)
{
	struct diagnosis d;
	struct scene s;

	(void)ctx;
	diagnose_case(x, &s, &d);
	assert_plain_words(d.verdict);
	for (size_t i = 0; i < d.count; i++) {
		const struct cause *c = &d.list[i];

		assert_plain_words(c->sentence);
		assert_int_equal(c->sentence[strlen(c->sentence) - 1], '.');
		/* nothing is cut off at the end of its room */
		assert_true(strlen(c->sentence) < sizeof(c->sentence) - 1);
		for (unsigned k = 0; k < c->evidence_count; k++)
			assert_plain_words(c->evidence[k].words);
	}
	diagnosis_free(&d);
}

TEST(nothing_is_called_what_is_not_known)
{
	UNUSED_STATE;
	every_case(has_plain_words, NULL);
	for (size_t r = 0; r < causes_count; r++) {
		const char *advice = causes[r].advice;

		assert_plain_words(causes[r].title);
		assert_plain_words(advice);
		assert_non_null(strchr(".?", advice[strlen(advice) - 1]));
	}
}

static size_t place(const char *id)
{
	const struct cause_row *row = cause_by_id(slice_of(id));

	assert_non_null(row);
	return (size_t)(row - causes);
}

/* facts/sip-and-diagnosis 4.1: one of each step, in its order. */
TEST(causes_are_judged_in_the_order_of_the_steps)
{
	static const char *const steps[] = {
		"not-registered",
		"all-lapsed",
		"registrar-restarted",
		"site-down",
		"private-contact",
		"name-unresolvable",
		"transport-mismatch",
		"family-mismatch",
		"push-asleep",
		"flow-half-open",
		"websocket-closed",
		"flow-closed",
		"process-dead",
		"host-down",
		"disowned",
		"stranger",
		"phone-refuses",
		"nat-mapping",
		"off-or-down",
		"cannot-tell",
		"serial-fork-dead-first",
		"account-shared",
		"fragments-lost",
		"never-called",
		"rings-unheard",
		"well",
		"not-asked",
		"nat-mapping-likely",
	};

	UNUSED_STATE;
	for (size_t i = 1; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (place(steps[i - 1]) >= place(steps[i]))
			fail_msg("%s stands before %s", steps[i], steps[i - 1]);
}

/* Groups come before what the data says of one, and that before what a probe of it says. */
TEST(of_several_causes_the_one_that_explains_most_is_first)
{
	struct diagnosis d;
	struct scene s;

	UNUSED_STATE;
	scene_begin(&s);
	s.b[0].row.b.received = SLICE_NONE;
	is_silent(&s.b[0]);
	scene_settle(&s);
	diagnose(&s.f, &d);
	assert_string_equal(d.list[0].row->id, "private-contact");
	diagnosis_free(&d);
	group(&s, GROUP_NETWORK, "203.0.113.0/24", 4, 0);
	diagnose(&s.f, &d);
	assert_string_equal(d.list[0].row->id, "site-down");
	assert_non_null(find(&d, "private-contact"));
	diagnosis_free(&d);
	s.b[0].row.b.expires_s = NOW_S - 1;
	diagnose(&s.f, &d);
	assert_string_equal(d.list[0].row->id, "all-lapsed");
	assert_null(find(&d, "site-down"));
	diagnosis_free(&d);
}

TEST(a_group_says_nothing_of_a_phone_that_answers)
{
	struct diagnosis d;
	struct scene s;

	UNUSED_STATE;
	scene_begin(&s);
	group(&s, GROUP_NETWORK, "203.0.113.0/24", 6, 1);
	scene_settle(&s);
	diagnose(&s.f, &d);
	assert_true(d.well);
	assert_string_equal(d.list[0].row->id, "well");
	diagnosis_free(&d);
}

TEST(an_aor_that_a_shell_would_run_is_put_into_no_command_line)
{
	struct diagnosis d;
	struct scene s;

	UNUSED_STATE;
	scene_begin(&s);
	slice_to_buf(slice_of("4021;reboot@acme.example"), s.f.aor, sizeof(s.f.aor));
	scene_settle(&s);
	diagnose(&s.f, &d);
	assert_true(d.well);
	assert_string_equal(d.next_step, "");
	diagnosis_free(&d);
}

/* ---- whatever was found -----------------------------------------------------------------------
 */

static uint32_t dice(uint64_t *seed, uint32_t sides)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*seed >> 33) % sides;
}

static const char *one_of(uint64_t *seed, const char *const *list, uint32_t n)
{
	return list[dice(seed, n)];
}

static void any_evidence(uint64_t *seed, struct evidence *e)
{
	static const int codes[] = {0,   200, 302, 401, 403, 404, 408, 410, 416,
				    480, 486, 477, 478, 500, 503, 504, 600};
	static const char *const agents[] = {"", "Yealink SIP-T46U 108.86", "Snom D785",
					     "kamailio (5.6.3)"};

	memset(e, 0, sizeof(*e));
	e->outcome = (enum probe_outcome)dice(seed, PROBE_ELSEWHERE + 1);
	e->path = (enum probe_path)dice(seed, PROBE_PATH_DIRECT + 1);
	e->code = codes[dice(seed, sizeof(codes) / sizeof(codes[0]))];
	e->by_registrar = dice(seed, 3) == 0;
	e->asked_ms = AGO(dice(seed, 4000));
	e->heard_ms = dice(seed, 2) ? AGO(dice(seed, 4000)) : 0;
	e->failures = dice(seed, 4);
	e->probes = dice(seed, 30);
	e->answers = dice(seed, 30);
	e->icmp = dice(seed, 3) == 0;
	e->icmp_type = dice(seed, 2) ? 3 : 1;
	e->icmp_code = (uint8_t)dice(seed, 16);
	put(e->offender, sizeof(e->offender), dice(seed, 2) ? "203.0.113.2" : "192.0.2.9");
	put(e->agent, sizeof(e->agent), one_of(seed, agents, 4));
	if (dice(seed, 3) == 0)
		memset(e->detail, 'x', sizeof(e->detail) - 1);
}

static void any_past(uint64_t *seed, struct history_summary *h)
{
	no_past(h);
	if (dice(seed, 2))
		return;
	h->last_seen_s = h->last_refresh_s = NOW_S - dice(seed, 9000);
	h->refreshes = dice(seed, 9);
	h->habit_s = dice(seed, 2) ? dice(seed, 4000) : 0;
	h->port_moves = dice(seed, 4);
	h->gaps = dice(seed, 3);
	h->wipes = dice(seed, 2);
	h->registers_last_minute = dice(seed, 9);
	h->alternations = dice(seed, 4);
	h->last_move_ms = AGO(dice(seed, 9000));
	h->last_answer_ms = AGO(dice(seed, 9000));
	h->answered_at_age_s = (int64_t)dice(seed, 200) - 1;
	h->silent_at_age_s = (int64_t)dice(seed, 200) - 1;
	h->never_answered_agent = dice(seed, 3) == 0;
	memset(h->removed_by, 'r', sizeof(h->removed_by) - 1);
	memset(h->wiped_by, 'w', sizeof(h->wiped_by) - 1);
	memset(h->replaced_by, 'b', sizeof(h->replaced_by) - 1);
	memset(h->replaced_before, 'f', sizeof(h->replaced_before) - 1);
	memset(h->last_contact, 'c', sizeof(h->last_contact) - 1);
}

static void any_binding(uint64_t *seed, struct finding_binding *b)
{
	static const char *const contacts[] = {
		"sip:4021@10.0.0.2:5062",
		"sip:4021@203.0.113.9",
		"sip:4021@[2001:db8::7];transport=tls",
		"sip:4021@phone7.acme.example;transport=tcp",
		"sip:4021@x7.invalid;transport=ws",
		"sip:4021@10.0.0.2;pn-provider=apns;pn-prid=1",
		"tel:+4930444",
		"",
	};
	static const char *const sources[] = {"", "sip:203.0.113.2:42744",
					      "sip:203.0.113.2:42744;transport=tcp", "junk"};
	static const char *const sockets[] = {"", "udp:203.0.113.10:5060", "tcp:10.0.0.1:5060"};
	static const char *const paths[] = {"", "", "", "<sip:192.0.2.50;lr>"};

	a_binding(b);
	b->row.b.contact = slice_of(one_of(seed, contacts, 8));
	b->row.b.received = slice_of(one_of(seed, sources, 4));
	b->row.b.socket = slice_of(one_of(seed, sockets, 3));
	b->row.b.path = slice_of(one_of(seed, paths, 4));
	b->row.b.expires_s = dice(seed, 9) ? NOW_S + dice(seed, 4000) - 300 : BINDING_PERMANENT;
	b->row.b.refreshed_s = dice(seed, 4) ? NOW_S - dice(seed, 5000) : 0;
	b->row.b.granted_s = (int64_t)dice(seed, 4000) - 1;
	b->row.b.q_milli = (int32_t)dice(seed, 1001) - 1;
	b->row.differs = (enum binding_differs)dice(seed, BINDING_FIELDS + 1);
	for (int i = 0; i < WAY_COUNT; i++)
		any_evidence(seed, &b->ways[i]);
	any_evidence(seed, &b->known);
	any_past(seed, &b->past);
	for (int k = 0; k < CALL_KINDS; k++) {
		struct call_found *c =
			call(b, (enum call_kind)k, (enum call_outcome)dice(seed, CALL_OPEN + 1),
			     (int)dice(seed, 2) * (200 + (int)dice(seed, 450)), "");

		c->ringing = dice(seed, 2);
		c->progress = dice(seed, 2);
		c->by_registrar = dice(seed, 3) == 0;
		c->final_us = dice(seed, 9000000);
	}
	b->pad_answered = dice(seed, 3) * 600;
	b->pad_lost = dice(seed, 3) * 1000;
	b->changed_meanwhile = dice(seed, 5) == 0;
	b->name = (enum finding_name)dice(seed, NAME_PRIVATE + 1);
	b->tcp = (struct tcp_state){.known = dice(seed, 2),
				    .established = dice(seed, 2),
				    .send_queue = dice(seed, 2) * 335,
				    .retransmits = dice(seed, 3),
				    .last_ack_ms = dice(seed, 9000),
				    .rto_ms = dice(seed, 900)};
}

static void any_findings(uint64_t *seed, struct scene *s)
{
	scene_begin(s);
	s->f.count = dice(seed, MANY + 1);
	for (size_t i = 0; i < s->f.count; i++)
		any_binding(seed, &s->b[i]);
	any_past(seed, &s->f.past);
	while (s->f.group_count < dice(seed, FINDING_GROUPS)) {
		unsigned asked = dice(seed, 9);

		group(s, (enum group_kind)dice(seed, GROUP_KINDS), "203.0.113.0/24", asked,
		      dice(seed, asked + 1));
	}
	s->f.siblings_moved = dice(seed, 4) == 0;
	s->f.about = (struct source_about){.asked_ms = AGO(1),
					   .started_s = dice(seed, 2) * (NOW_S - dice(seed, 5000)),
					   .clock_known = dice(seed, 2),
					   .skew_s = (int64_t)dice(seed, 20) - 10,
					   .max_contacts = dice(seed, 4),
					   .bans_known = dice(seed, 2),
					   .banned = dice(seed, 9) == 0};
	scene_settle(s);
}

TEST(whatever_was_found_there_is_an_answer)
{
	uint64_t seed = 20300317;

	UNUSED_STATE;
	for (int n = 0; n < 20000; n++) {
		struct diagnosis d;
		struct scene s;

		any_findings(&seed, &s);
		diagnose(&s.f, &d);
		assert_true(d.count >= 1 && d.count <= causes_count);
		for (size_t i = 0; i < d.count; i++) {
			const struct cause *c = &d.list[i];

			assert_true(c->sentence[0] && c->evidence_count <= CAUSE_EVIDENCE);
			assert_true(c->binding <= s.f.count);
			if (i)
				assert_true(c->row > d.list[i - 1].row);
			/* The lead of an answer is never what is only said beside one. */
			if (!i && place(c->row->id) > place("unexplained"))
				fail_msg("round %d: %s stands alone", n, c->row->id);
		}
		assert_true(d.verdict[0]);
		if (d.well && !s.f.count)
			fail_msg("round %d: well, without a binding", n);
		diagnosis_free(&d);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(each_case_is_its_own_cause),
		T(each_row_of_the_table_has_a_case),
		T(words_evidence_advice_and_what_else_holds_are_as_expected),
		T(nothing_is_called_what_is_not_known),
		T(causes_are_judged_in_the_order_of_the_steps),
		T(of_several_causes_the_one_that_explains_most_is_first),
		T(a_group_says_nothing_of_a_phone_that_answers),
		T(whatever_was_found_there_is_an_answer),
		T(an_aor_that_a_shell_would_run_is_put_into_no_command_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
