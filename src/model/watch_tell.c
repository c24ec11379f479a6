/* The watch's words: what happened to a binding, as one event with one sentence. */
#include "model/watch_state.h"

#include <stdio.h>
#include <string.h>
#include "base/text.h"

const char *watch_word(enum watch_kind k)
{
	static const char *const words[WATCH_KINDS] = {"is",   "matches", "comes", "back",
						       "anew", "lapses",  "gone",  "moves",
						       "late", "verdict"};

	return words[k];
}

static void add_verdict(enum verdict v, int code, char *out, size_t size)
{
	if (code && (code < 200 || code > 299))
		snprintf(out, size, "%s %d", verdict_words[v].word, code);
	else
		snprintf(out, size, "%s", verdict_words[v].word);
}

static void event_of(struct watch *w, const struct seen *s, enum watch_kind kind,
		     struct watch_event *e)
{
	static const enum tone tones[WATCH_KINDS] = {
		[WATCH_COMES] = TONE_GOOD, [WATCH_BACK] = TONE_GOOD, [WATCH_LAPSES] = TONE_BAD,
		[WATCH_GONE] = TONE_BAD,   [WATCH_LATE] = TONE_WARN,
	};

	*e = (struct watch_event){.kind = kind, .tone = tones[kind], .when_ms = w->now_ms};
	e->id = store_has(w->s, s->id) ? s->id : 0;
	text_clean_buf(slice_of(w->people[s->person].aor), e->aor, sizeof(e->aor));
	snprintf(e->contact, sizeof(e->contact), "%s", s->contact);
	text_clean_buf(slice_of(store_source_name(w->s, s->source)), e->source, sizeof(e->source));
}

static void tell(struct watch *w, const struct watch_event *e)
{
	if (w->telling)
		w->fn(w->ctx, e);
}

/* Its verdict as a clause, with the reason if there is one. */
static void verdict_clause(const struct row *r, char *out, size_t size)
{
	char word[64];

	add_verdict(r->j.verdict, r->j.code, word, sizeof(word));
	snprintf(out, size, "%s%s%s", word, r->j.note[0] ? ": " : "", r->j.note);
}

static void tell_state(struct watch *w, const struct seen *s, const struct row *r,
		       enum watch_kind kind, const char *before)
{
	char clause[240], left[16];
	struct watch_event e;

	event_of(w, s, kind, &e);
	e.tone = r->j.tone;
	verdict_clause(r, clause, sizeof(clause));
	add_verdict(s->verdict, s->code, e.now, sizeof(e.now));
	if (r->b.expires_s == BINDING_PERMANENT)
		snprintf(e.words, sizeof(e.words), "%sat %s; %s", before, s->place, clause);
	else
		snprintf(e.words, sizeof(e.words), "%sat %s, %s left; %s", before, s->place,
			 text_duration(binding_left_s(&r->b, r->now_ms / 1000), left), clause);
	tell(w, &e);
}

void tell_is(struct watch *w, const struct seen *s, const struct row *r)
{
	tell_state(w, s, r, WATCH_IS, "");
}

void tell_matches(struct watch *w, const struct seen *s, const struct row *r)
{
	tell_state(w, s, r, WATCH_MATCHES, "matches now: ");
}

static void agent_clause(const struct row *r, char *out, size_t size)
{
	char agent[64];

	text_clean_buf(r->b.user_agent, agent, sizeof(agent));
	out[0] = '\0';
	if (agent[0])
		snprintf(out, size, " (%s)", agent);
}

void tell_comes(struct watch *w, const struct seen *s, const struct row *r, int64_t gone_ms)
{
	char away[16], agent[72];
	struct watch_event e;

	event_of(w, s, gone_ms ? WATCH_BACK : WATCH_COMES, &e);
	agent_clause(r, agent, sizeof(agent));
	snprintf(e.now, sizeof(e.now), "%s", s->place);
	if (gone_ms)
		snprintf(e.words, sizeof(e.words), "comes back after %s: registers from %s%s",
			 text_duration((w->now_ms - gone_ms) / 1000, away), s->place, agent);
	else if (w->people[s->person].bindings > 1)
		snprintf(e.words, sizeof(e.words), "comes: registers from %s%s, beside %u more",
			 s->place, agent, w->people[s->person].bindings - 1);
	else
		snprintf(e.words, sizeof(e.words), "comes: registers from %s%s", s->place, agent);
	tell(w, &e);
}

/* Another binding stands in the place of one that is gone. */
void tell_anew(struct watch *w, const struct seen *s, const struct seen *old)
{
	struct watch_event e;
	bool moved = strcmp(s->place, old->place) != 0;

	event_of(w, s, moved ? WATCH_MOVES : WATCH_ANEW, &e);
	snprintf(e.was, sizeof(e.was), "%s", moved ? old->place : old->contact);
	snprintf(e.now, sizeof(e.now), "%s", moved ? s->place : s->contact);
	if (moved)
		snprintf(e.words, sizeof(e.words), "moves: %.110s -> %.110s, with a new binding",
			 e.was, e.now);
	else
		snprintf(e.words, sizeof(e.words),
			 "registers anew from %.90s: a new binding in place of the old one",
			 s->place);
	tell(w, &e);
}

void tell_gone(struct watch *w, const struct seen *old)
{
	unsigned others = w->people[old->person].bindings;
	struct watch_event e;

	event_of(w, old, WATCH_GONE, &e);
	snprintf(e.was, sizeof(e.was), "%s", old->place);
	if (others)
		snprintf(e.words, sizeof(e.words), "gone: was at %s; %u other%s there", old->place,
			 others, others == 1 ? " is" : "s are");
	else
		snprintf(e.words, sizeof(e.words), "gone: was at %s; calls to this AoR find nobody",
			 old->place);
	tell(w, &e);
}

void tell_lapse(struct watch *w, const struct seen *s, const struct row *r, bool lapsed)
{
	struct watch_event e;
	char away[16];

	event_of(w, s, lapsed ? WATCH_LAPSES : WATCH_BACK, &e);
	if (lapsed)
		snprintf(e.words, sizeof(e.words), "lapses: it was not refreshed; at %s", s->place);
	else
		snprintf(e.words, sizeof(e.words), "comes back: refreshed %s after it lapsed",
			 text_duration(r->now_ms / 1000 - s->expires_s, away));
	tell(w, &e);
}

void tell_move(struct watch *w, const struct seen *s, const char *to)
{
	struct watch_event e;

	event_of(w, s, WATCH_MOVES, &e);
	snprintf(e.was, sizeof(e.was), "%s", s->place);
	snprintf(e.now, sizeof(e.now), "%s", to);
	snprintf(e.words, sizeof(e.words), "moves: %s -> %s", e.was, e.now);
	tell(w, &e);
}

/* Which of several bindings is meant: "at 192.0.2.7:5060 "; "" when there is only one. */
static void which(const struct watch *w, const struct seen *s, char out[PLACE_SIZE + 8])
{
	out[0] = '\0';
	if (w->people[s->person].bindings > 1)
		snprintf(out, PLACE_SIZE + 8, "at %s ", s->place);
}

void tell_late(struct watch *w, const struct seen *s, const struct row *r)
{
	char late[16], at[PLACE_SIZE + 8];
	struct watch_event e;

	event_of(w, s, WATCH_LATE, &e);
	text_duration(row_overdue_s(r), late);
	snprintf(e.now, sizeof(e.now), "%s", late);
	which(w, s, at);
	snprintf(e.words, sizeof(e.words), "%srefresh is late, by %s", at, late);
	tell(w, &e);
}

void tell_refreshed(struct watch *w, const struct seen *s)
{
	struct watch_event e;

	event_of(w, s, WATCH_BACK, &e);
	snprintf(e.words, sizeof(e.words), "refreshed after all, from %s", s->place);
	tell(w, &e);
}

void tell_verdict(struct watch *w, const struct seen *s, const struct row *r)
{
	char clause[240], at[PLACE_SIZE + 8];
	struct watch_event e;

	event_of(w, s, WATCH_VERDICT, &e);
	e.tone = r->j.tone;
	add_verdict(s->verdict, s->code, e.was, sizeof(e.was));
	add_verdict(r->j.verdict, r->j.code, e.now, sizeof(e.now));
	verdict_clause(r, clause, sizeof(clause));
	which(w, s, at);
	snprintf(e.words, sizeof(e.words), "%s%.60s -> %s", at, e.was, clause);
	tell(w, &e);
}
