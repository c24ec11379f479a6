/* Causes that lie in several bindings of one AoR, or in what happened to it before. */
#include "judge/cause_facts.h"

#define STALE_CONTACTS  3  /* more than so many, and some of them dead */
#define FLAPPING_MINUTE 6  /* REGISTERs in a minute */
#define GRANT_LEAST_S   20 /* who is granted no more may register as often */
#define TWO_IN_TURN     2  /* A, B, A, B */
#define OFTEN_ONE_IN    4  /* refreshes of which one comes from a new port */
#define GAPS_ONE_IN     10
#define RECENT_MS       3600000
#define DAY_MS          86400000LL /* what happened longer ago is no cause of today */

/* ---- several contacts ------------------------------------------------------------------------ */

/* What the device registered after it. */
static void add_successor(const struct findings *f, size_t former, struct cause *out)
{
	for (size_t i = 0; i < f->count; i++) {
		const struct finding_binding *b = &f->bindings[i];

		if (i == former || !fact_same_device(&b->row.b, &f->bindings[former].row.b, NULL) ||
		    fact_superseded(f, i, NULL))
			continue;
		cause_add(out, b->row.b.refreshed_s * 1000, "registered anew as %s%s",
			  fact_text(b->row.b.contact), fact_answers(f, b) ? ", which answers" : "");
		return;
	}
}

bool cause_twin(const struct findings *f, struct cause *out)
{
	bool instance;

	for (size_t i = 0; i < f->count; i++) {
		const struct finding_binding *b = &f->bindings[i];

		if (!fact_live(f, b) || !fact_superseded(f, i, &instance) || fact_answers(f, b))
			continue;
		out->binding = i;
		cause_say(out, instance && fact_fails(f, b) ? CONFIDENCE_HIGH : CONFIDENCE_MEDIUM,
			  "The phone was restarted and registered anew; its former binding %s is "
			  "still listed until %s, and calls are sent there too.",
			  fact_text(b->row.b.contact), fact_time(f, b->row.b.expires_s * 1000));
		add_successor(f, i, out);
		cause_add_usual(out, f, b);
		return true;
	}
	return false;
}

static size_t count_failing(const struct findings *f)
{
	size_t n = 0;

	for (size_t i = 0; i < f->count; i++)
		n += fact_live(f, &f->bindings[i]) && fact_fails(f, &f->bindings[i]);
	return n;
}

bool cause_many_stale(const struct findings *f, struct cause *out)
{
	size_t failing = count_failing(f);

	if (f->count <= STALE_CONTACTS || !failing)
		return false;
	cause_say(out, CONFIDENCE_HIGH,
		  "%s has %zu bindings, and %zu of them do not answer: every call is tried on all "
		  "of them.",
		  f->aor, f->count, failing);
	cause_add(out, f->now_ms, "%zu bindings, %zu without an answer", f->count, failing);
	return true;
}

static int preference(const struct finding_binding *b)
{
	return b->row.b.q_milli == BINDING_Q_UNSET ? 1000 : b->row.b.q_milli;
}

/* RFC 3261 16.6: who is preferred is tried first, and alone. */
bool cause_serial_fork(const struct findings *f, struct cause *out)
{
	const struct finding_binding *first = NULL, *lower = NULL;

	for (size_t i = 0; i < f->count; i++) {
		const struct finding_binding *b = &f->bindings[i];

		if (!fact_live(f, b))
			continue;
		if (!first || preference(b) > preference(first)) {
			first = b;
			out->binding = i;
		}
	}
	for (size_t i = 0; i < f->count && first; i++)
		if (fact_live(f, &f->bindings[i]) && fact_answers(f, &f->bindings[i]) &&
		    preference(&f->bindings[i]) < preference(first))
			lower = &f->bindings[i];
	if (!lower || !fact_fails(f, first))
		return false;
	cause_say(out, CONFIDENCE_HIGH,
		  "Calls try %s first, which is preferred (q) and does not answer; the one that "
		  "does, %s, has to wait until that has failed.",
		  fact_text(first->row.b.contact), fact_text(lower->row.b.contact));
	cause_add_usual(out, f, first);
	return true;
}

bool cause_limit(const struct findings *f, struct cause *out)
{
	size_t failing = count_failing(f);

	if (!f->about.max_contacts || f->count < f->about.max_contacts || failing < f->count)
		return false;
	cause_say(out, CONFIDENCE_MEDIUM,
		  "All %u bindings that the registrar allows for %s are taken by contacts that do "
		  "not answer: the phone cannot get in.",
		  f->about.max_contacts, f->aor);
	cause_add(out, f->about.asked_ms, "the registrar allows %u", f->about.max_contacts);
	return true;
}

/* ---- what happened before -------------------------------------------------------------------- */

bool cause_shared(const struct findings *f, struct cause *out)
{
	const struct history_summary *h = &f->past;

	if (h->alternations < TWO_IN_TURN || f->now_ms - h->replaced_ms > DAY_MS)
		return false;
	cause_say(out, CONFIDENCE_HIGH,
		  "Two devices share the login of %s and throw each other out, %u times until now: "
		  "only the last one to register rings.",
		  f->aor, h->alternations);
	cause_add(out, h->replaced_ms, "%s, in place of %s",
		  h->replaced_by[0] ? h->replaced_by : "one device",
		  h->replaced_before[0] ? h->replaced_before : "another");
	return true;
}

bool cause_wiped(const struct findings *f, struct cause *out)
{
	const struct history_summary *h = &f->past;

	if (!h->wipes || f->now_ms - h->wiped_ms > 7 * DAY_MS)
		return false;
	cause_say(out, h->wipes > 1 ? CONFIDENCE_HIGH : CONFIDENCE_MEDIUM,
		  "The other bindings of %s went when one device registered (%u time%s): %s. Such "
		  "a device removes them all when it starts.",
		  f->aor, h->wipes, h->wipes == 1 ? "" : "s",
		  h->wiped_by[0] ? h->wiped_by : "it could not be named");
	cause_add(out, h->wiped_ms, "they went before their expiry, at once");
	return true;
}

bool cause_gaps(const struct findings *f, struct cause *out)
{
	const struct history_summary *h = &f->past;
	bool always = h->gaps > 1 && h->gaps * 2 >= h->refreshes;

	/* A night without power makes a gap too; who ignores what it is granted makes many. */
	if (h->gaps < 2 || h->gaps * GAPS_ONE_IN < h->refreshes)
		return false;
	cause_say(out, always ? CONFIDENCE_HIGH : CONFIDENCE_MEDIUM,
		  "Its registration has gaps: %u of %u refreshes came later than what it was "
		  "granted, and calls in between fail.",
		  h->gaps, h->refreshes > h->gaps ? h->refreshes : h->gaps);
	if (f->count && f->bindings[0].row.b.granted_s > 0)
		cause_add(out, h->last_refresh_s * 1000, "last refresh; it is granted %s",
			  fact_span(f->bindings[0].row.b.granted_s));
	return true;
}

/* Of one device: ten devices of an AoR may well register ten times. */
static const struct history_summary *busiest(const struct findings *f, struct cause *out)
{
	const struct history_summary *h = f->count ? NULL : &f->past;

	for (size_t i = 0; i < f->count; i++) {
		const struct history_summary *one = &f->bindings[i].past;

		if (h && h->registers_last_minute >= one->registers_last_minute)
			continue;
		h = one;
		out->binding = i;
	}
	return h;
}

bool cause_flapping(const struct findings *f, struct cause *out)
{
	const struct history_summary *h = busiest(f, out);
	int64_t granted_s = 0;

	if (!h || h->registers_last_minute <= FLAPPING_MINUTE)
		return false;
	if (f->count)
		granted_s = f->bindings[out->binding].row.b.granted_s;
	if (granted_s > 0 && granted_s <= GRANT_LEAST_S) {
		cause_say(out, CONFIDENCE_HIGH,
			  "It registers %u times a minute because it is granted only %s each time.",
			  h->registers_last_minute, fact_span(granted_s));
		out->advice = "Raise the expiry that the phone asks for, or the registrar's "
			      "minimum; 60 s keep a NAT open as well.";
	} else {
		cause_say(out, CONFIDENCE_HIGH,
			  "It registers again and again, %u times within the last minute%s.",
			  h->registers_last_minute,
			  granted_s > 0
				  ? fact_format(", though it is granted %s", fact_span(granted_s))
				  : "");
	}
	cause_add(out, h->last_refresh_s * 1000, "last REGISTER");
	return true;
}

static bool rebound(const struct findings *f, size_t i, struct cause *out)
{
	const struct finding_binding *b = &f->bindings[i];
	const struct history_summary *h = &b->past;

	bool often = h->port_moves > 1 && h->port_moves * OFTEN_ONE_IN >= h->refreshes;

	/* A router that was restarted once, long ago, is no cause of today; and a phone that was
	 * restarted has a new port of its own. */
	if (!h->port_moves || !b->hop.nat || fact_fails(f, b) ||
	    (!often &&
	     (f->now_ms - h->last_move_ms > RECENT_MS || h->call_id_changes || h->contact_changes)))
		return false;
	if (often)
		cause_say(out, fact_answers(f, b) ? CONFIDENCE_HIGH : CONFIDENCE_MEDIUM,
			  "The router gives the phone a new port again and again (%u times until "
			  "now, last from %s to %s): from a change until the next refresh calls go "
			  "to the old one.",
			  h->port_moves, h->moved_from, h->moved_to);
	else
		cause_say(out, CONFIDENCE_MEDIUM,
			  "The router gave the phone a new port, from %s to %s: until it "
			  "registered again, calls went to the old one.",
			  h->moved_from, h->moved_to);
	cause_add(out, h->last_move_ms, "moved from %s to %s", h->moved_from, h->moved_to);
	cause_add_usual(out, f, b);
	return true;
}

bool cause_rebound(const struct findings *f, struct cause *out)
{
	return fact_any(f, out, rebound);
}
