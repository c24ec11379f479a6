/* The verdict: a pure function from a row's binding and evidence to the word that it supports. */
#include "judge/verdict.h"

#include <stdarg.h>
#include <stdio.h>
#include "base/text.h"
#include "judge/next_hop.h"

/* A grant of a week or more is given to phones that a push wakes. */
#define LONG_GRANT_S 604800

struct judging {
	const struct row *r;
	const struct evidence *e; /* NULL: never asked */
	struct next_hop hop;
	struct judgement *j;
};

static void note(struct judging *g, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void note(struct judging *g, const char *fmt, ...)
{
	char words[JUDGEMENT_NOTE * 2];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(words, sizeof(words), fmt, ap);
	va_end(ap);
	if (n < 0)
		n = 0;
	if ((size_t)n < sizeof(g->j->note)) {
		memcpy(g->j->note, words, (size_t)n + 1);
		return;
	}
	if ((size_t)n >= sizeof(words))
		n = sizeof(words) - 1;
	/* cuts at a character, not within one */
	text_clean_buf(slice_make(words, (size_t)n), g->j->note, sizeof(g->j->note));
}

static void set(struct judging *g, enum verdict v)
{
	g->j->verdict = v;
	g->j->tone = verdict_words[v].tone;
}

/* detail if the probe left one, else the other words. */
static const char *detail_or(const struct evidence *e, const char *otherwise)
{
	return e->detail[0] ? e->detail : otherwise;
}

/* ---- who answered -------------------------------------------------------------------------------
 */

static struct slice product_token(struct slice agent)
{
	size_t n = 0;

	agent = slice_trim(agent);
	while (n < agent.n && agent.p[n] != '/' && agent.p[n] != ' ' && agent.p[n] != '(')
		n++;
	return slice_make(agent.p, n);
}

bool verdict_same_agent(struct slice a, struct slice b)
{
	a = slice_trim(a);
	b = slice_trim(b);
	if (!a.n || !b.n)
		return true;
	return slice_ieq(product_token(a), product_token(b)) || slice_find_icase(a, b) >= 0 ||
	       slice_find_icase(b, a) >= 0;
}

/* ---- how far it may be believed -----------------------------------------------------------------
 */

static bool is_failure(const struct evidence *e)
{
	return e->outcome != PROBE_ANSWERED;
}

/* facts/sip-and-diagnosis 2.4: from outside of the registrar a failure behind NAT proves nothing,
 * and an answer only that our own socket reaches the phone. */
static enum basis basis_of(const struct judging *g)
{
	switch (g->e->path) {
	case PROBE_PATH_OWN:
	case PROBE_PATH_REGISTRAR:
		return BASIS_CONFIRMED;
	case PROBE_PATH_DIRECT:
		if (is_failure(g->e) && (g->hop.nat || g->hop.by_flow))
			return BASIS_UNKNOWN;
		return BASIS_LIKELY;
	default:
		return BASIS_UNKNOWN;
	}
}

/* A failure is not red when it may be our own way that failed, or when the phone has registered
 * since. */
static void soften(struct judging *g)
{
	struct judgement *j = g->j;

	if (j->tone == TONE_BAD && j->basis == BASIS_UNKNOWN)
		j->tone = TONE_WARN;
	if (j->tone != TONE_BAD || g->r->b.refreshed_s <= 0)
		return;
	if (g->r->b.refreshed_s > g->e->asked_ms / 1000) {
		j->tone = TONE_WARN;
		note(g, "it has registered again since this probe: ask once more");
	}
}

/* ---- probes that failed -------------------------------------------------------------------------
 */

static bool failed_twice(const struct evidence *e)
{
	return e->failures >= 2 && e->failed_first_ms > 0 &&
	       e->asked_ms - e->failed_first_ms >= VERDICT_SECOND_FAILURE_MS;
}

/* "usual refresh every 4m50s, last one 41m00s ago", or what was granted ran out; false when it is
 * not late. */
static bool late_refresh(const struct row *r, char *words, size_t size)
{
	char every[16], ago[16];

	if (row_overdue_s(r) <= 0)
		return false;
	text_duration(r->now_ms / 1000 - r->b.refreshed_s, ago);
	if (r->habit_s > 0)
		snprintf(words, size, "usual refresh every %s, last one %s ago",
			 text_duration(r->habit_s, every), ago);
	else
		snprintf(words, size, "granted %s at its last REGISTER, %s ago",
			 text_duration(r->b.granted_s, every), ago);
	return true;
}

/* That it missed its refresh as well, behind what the note says already. */
static void add_late_refresh(struct judging *g)
{
	char late[80];
	size_t n = strlen(g->j->note);

	if (n && late_refresh(g->r, late, sizeof(late)) &&
	    n + 2 + strlen(late) < sizeof(g->j->note))
		snprintf(g->j->note + n, sizeof(g->j->note) - n, "; %s", late);
}

static void judge_silent(struct judging *g)
{
	const struct evidence *e = g->e;
	bool mute = g->r->agent_never_answers && !e->heard_ms;

	set(g, VERDICT_SILENT);
	if (!failed_twice(e) || mute)
		g->j->tone = TONE_WARN;
	if (g->j->basis == BASIS_UNKNOWN && g->hop.by_flow)
		note(g, "proves nothing: only its own connection reaches it");
	else if (g->j->basis == BASIS_UNKNOWN)
		note(g, "proves nothing from here: it is behind NAT");
	else if (e->by_registrar)
		note(g, "the registrar got no answer from it (%d)", e->code);
	else if (mute)
		note(g, "never answered: no phone of this User-Agent ever did; a call may tell");
	else if (!failed_twice(e))
		note(g, "no answer to one probe; ask again after 20 s");
	else if (!e->heard_ms)
		note(g, "no answer to %u probes, and it never answered one", e->failures);
	else
		note(g, "no answer to %u probes in a row", e->failures);
	add_late_refresh(g);
}

/* Seconds between the phone's last sign of life and the question; -1 unknown. */
static int64_t quiet_before(const struct judging *g)
{
	int64_t heard = g->e->heard_ms;

	if (g->r->b.refreshed_s > 0 && g->r->b.refreshed_s * 1000 > heard)
		heard = g->r->b.refreshed_s * 1000;
	return heard > 0 && heard <= g->e->asked_ms ? (g->e->asked_ms - heard) / 1000 : -1;
}

/* facts/sip-and-diagnosis 2.5: a router says port unreachable for the phone's closed port, and for
 * a mapping that it forgot; a mapping that was just used it has not forgotten. */
static void judge_refused(struct judging *g)
{
	int64_t quiet = quiet_before(g);

	set(g, VERDICT_REFUSED);
	if (g->j->basis == BASIS_UNKNOWN && g->hop.by_flow)
		note(g, "proves nothing: only its own connection reaches it (%s)",
		     detail_or(g->e, "refused"));
	else if (g->hop.nat && quiet >= 0 && quiet < VERDICT_MAPPING_FRESH_S)
		note(g, "heard %d s before: its software stopped (%s)", (int)quiet,
		     detail_or(g->e, "port unreachable"));
	else if (g->hop.nat)
		note(g, "its port is closed, or the router forgot it (%s)",
		     detail_or(g->e, "port unreachable"));
	else
		note(g, "nobody listens there (%s)", detail_or(g->e, "port unreachable"));
}

/* What the registrar said when it tried, with its own words if it had some. */
static void note_registrar_failure(struct judging *g)
{
	note(g, "the registrar could not send to it (%d%s%s)", g->e->code,
	     g->e->detail[0] ? " " : "", g->e->detail);
}

static void judge_flow_gone(struct judging *g)
{
	set(g, VERDICT_FLOW_GONE);
	if (g->e->by_registrar)
		note_registrar_failure(g);
	else
		note(g, "the phone must connect again (%s)",
		     detail_or(g->e, "the connection it registered over is closed"));
}

static void judge_no_route(struct judging *g)
{
	set(g, VERDICT_NO_ROUTE);
	if (g->e->by_registrar)
		note_registrar_failure(g);
	else
		note(g, "%s", detail_or(g->e, "the network says that there is no way there"));
}

static void judge_unroutable(struct judging *g)
{
	set(g, VERDICT_UNROUTABLE);
	note(g, "%s",
	     g->e && g->e->outcome == PROBE_UNROUTABLE && g->e->detail[0] ? g->e->detail
	     : g->hop.why                                                 ? g->hop.why
			  : "there is no address to send to");
}

static void judge_elsewhere(struct judging *g)
{
	set(g, VERDICT_ELSEWHERE);
	note(g, "%s", detail_or(g->e, "only another node of the registrar can reach it"));
}

/* Silence is what a sleeping phone does. */
static bool may_sleep(const struct judging *g)
{
	const struct binding *b = &g->r->b;

	return contact_has_push(b->contact) ||
	       (b->granted_s >= LONG_GRANT_S && b->expires_s != BINDING_PERMANENT);
}

static void judge_asleep(struct judging *g)
{
	set(g, VERDICT_ASLEEP);
	if (!contact_has_push(g->r->b.contact))
		note(g, "it may sleep between calls: granted for a week or more");
	else if (g->e && g->e->outcome != PROBE_NOT_ASKED)
		note(g, "a call wakes it, a probe did not: push contact");
	else
		note(g, "a call wakes it, a probe may not: push contact");
}

static void judge_failure(struct judging *g)
{
	if (g->e->outcome == PROBE_UNROUTABLE) {
		judge_unroutable(g);
		return;
	}
	if (g->e->outcome == PROBE_ELSEWHERE) {
		judge_elsewhere(g);
		return;
	}
	if (may_sleep(g)) {
		judge_asleep(g);
		return;
	}
	switch (g->e->outcome) {
	case PROBE_REFUSED:
		judge_refused(g);
		break;
	case PROBE_NO_ROUTE:
		judge_no_route(g);
		break;
	case PROBE_FLOW_GONE:
		judge_flow_gone(g);
		break;
	default:
		judge_silent(g);
		break;
	}
	soften(g);
}

/* ---- probes that were answered ------------------------------------------------------------------
 */

/* What the registrar itself says when it looks the binding up (facts/kamailio-opensips 4.2). */
static void judge_registrar_answer(struct judging *g)
{
	const struct evidence *e = g->e;

	switch (e->code) {
	case 408:
	case 430:
	case 504:
		if (may_sleep(g)) {
			judge_asleep(g);
			return;
		}
		judge_silent(g);
		break;
	case 404:
	case 410:
	case 480:
		set(g, VERDICT_NO_ROUTE);
		note(g, "only the table has it: the registrar knows no such binding (%d)", e->code);
		break;
	case 476:
	case 477:
	case 478:
	case 500:
	case 503:
		if (g->hop.by_flow)
			judge_flow_gone(g);
		else
			judge_no_route(g);
		break;
	default:
		set(g, VERDICT_NOT_ASKED);
		g->j->basis = BASIS_UNKNOWN;
		note(g, "says nothing about the phone: the registrar itself answered %d", e->code);
		break;
	}
	soften(g);
}

static void judge_edge(struct judging *g)
{
	const struct evidence *e = g->e;

	set(g, VERDICT_EDGE_ANSWERS);
	if (e->code >= 300)
		g->j->tone = TONE_WARN;
	note(g, "the phone is not proven: %s answered on its Path", e->agent);
}

/* An edge that gave up: the answer is its own, whatever name it bears. */
static bool edge_gave_up(const struct judging *g)
{
	return g->r->b.path.n && (g->e->code == 408 || g->e->code == 430 || g->e->code == 504);
}

static void judge_phone_answer(struct judging *g)
{
	const struct evidence *e = g->e;

	set(g, VERDICT_ANSWERS);
	if (e->late)
		note(g, "answered late, after %u.%u s", (unsigned)(e->rtt_us / 1000000),
		     (unsigned)(e->rtt_us / 100000 % 10));
	else if (e->code == 486 || e->code == 600)
		note(g, "reachable; it would answer a call with busy");
	else if (e->code == 480)
		note(g, "reachable; do not disturb, or logged out");
	else if (e->code == 401 || e->code == 407)
		note(g, "reachable; it asks the sender to authenticate");
	else if (e->code == 403 || e->code == 433 || e->code == 603)
		note(g, "reachable; it refuses the sender of the probe");
	else if (e->code >= 300 && e->code < 400)
		note(g, "reachable; it forwards calls elsewhere");
}

static void judge_answer(struct judging *g)
{
	const struct evidence *e = g->e;
	bool other = !verdict_same_agent(g->r->b.user_agent, slice_of(e->agent));

	/* A registrar's own code beside the word would look like the phone's. */
	g->j->code = e->by_registrar ? 0 : e->code;
	if (e->by_registrar) {
		judge_registrar_answer(g);
	} else if (edge_gave_up(g)) {
		judge_silent(g);
		note(g, "the edge on its Path got no answer from it (%d)", e->code);
		soften(g);
	} else if (g->r->b.path.n && other) {
		judge_edge(g);
	} else if (e->code == 404 || e->code == 410 || e->code == 416) {
		set(g, VERDICT_DISOWNED);
		note(g,
		     "contact unknown there: the phone restarted, or its address is another's now");
		soften(g);
	} else if (other) {
		set(g, VERDICT_STRANGER);
		note(g, "not the phone that registered: %s answered", e->agent);
	} else {
		judge_phone_answer(g);
	}
	if (e->away && g->j->tone == TONE_GOOD) {
		g->j->tone = TONE_WARN;
		note(g,
		     "asked straight from here: its registrar takes no SIP, so no call can come");
	}
}

/* ---- without a probe ----------------------------------------------------------------------------
 */

static void judge_overdue(struct judging *g, const char *late)
{
	set(g, VERDICT_OVERDUE);
	note(g, "%s", late);
}

static void judge_unasked(struct judging *g)
{
	char late[80];

	if (!g->hop.reachable) {
		judge_unroutable(g);
	} else if (late_refresh(g->r, late, sizeof(late))) {
		judge_overdue(g, late);
	} else if (contact_has_push(g->r->b.contact)) {
		judge_asleep(g);
	} else {
		set(g, VERDICT_NOT_ASKED);
		if (g->e && g->e->pending)
			note(g, "being asked now");
		else if (!g->hop.addr.len && g->hop.name[0])
			note(g, "the next hop is a name that must be resolved: %s", g->hop.name);
	}
}

/* What it answered before its missed refresh says nothing of now. */
static void judge_faded_answer(struct judging *g)
{
	char late[80];

	if (g->j->verdict != VERDICT_ANSWERS || !late_refresh(g->r, late, sizeof(late)))
		return;
	g->j->code = 0;
	judge_overdue(g, late);
}

/* The data comes first, and what the probe saw is said beside it. */
static void judge_lapsed(struct judging *g, int64_t left)
{
	const struct evidence *e = g->e;
	enum verdict was = g->j->verdict;
	char ago[16];

	text_duration(left == INT64_MIN ? INT64_MAX : -left, ago);
	set(g, VERDICT_LAPSED);
	g->j->code = 0;
	if (!e || !probe_was_sent(e->outcome))
		note(g, "expired %s ago and still stored", ago);
	else if (was == VERDICT_ANSWERS)
		note(g, "expired %s ago, still stored; the phone still answers", ago);
	else
		note(g, "expired %s ago, still stored; its probe: %s", ago,
		     verdict_words[was].word);
}

void verdict_judge(void *ctx, struct row *r)
{
	struct judging g = {.r = r, .e = r->evidence, .j = &r->j};
	int64_t left = binding_left_s(&r->b, r->now_ms / 1000);
	int64_t last;

	(void)ctx;
	next_hop_find(&r->b, &g.hop);
	r->j.basis = BASIS_NONE;
	r->j.code = 0;
	r->j.faded = false;
	r->j.note[0] = '\0';
	next_hop_format(&g.hop, r->j.next_hop, sizeof(r->j.next_hop));
	if (!g.e || g.e->outcome == PROBE_NOT_ASKED) {
		judge_unasked(&g);
	} else {
		/* What could not be sent says nothing by any path. */
		r->j.basis = probe_was_sent(g.e->outcome) ? basis_of(&g) : BASIS_NONE;
		last = g.e->heard_ms > g.e->asked_ms ? g.e->heard_ms : g.e->asked_ms;
		r->j.faded = probe_was_sent(g.e->outcome) &&
			     r->now_ms - last > VERDICT_FADES_AFTER_S * 1000LL;
		if (g.e->outcome == PROBE_ANSWERED)
			judge_answer(&g);
		else
			judge_failure(&g);
		if (r->j.faded)
			judge_faded_answer(&g);
	}
	if (left <= 0)
		judge_lapsed(&g, left);
	else if (r->differs == BINDING_ONLY_TABLE)
		note(&g, "only the table has it: the registrar's memory does not know it, calls do "
			 "not go there");
}
