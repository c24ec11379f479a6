/* The watch: tells when bindings that somebody waits for come, go, lapse, move or change verdict.
 */
#include "model/watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/alloc.h"
#include "base/hash.h"
#include "base/text.h"
#include "model/place.h"

/* Work of one look beyond the changes: a slot that nobody watches costs one of it. */
#define LOOK_COST  400000
#define LOOKED_AT  40 /* what it costs to look at a row */
#define PLACE_SIZE 96

const char *watch_word(enum watch_kind k)
{
	static const char *const words[WATCH_KINDS] = {"is",   "comes", "back", "anew",   "lapses",
						       "gone", "moves", "late", "verdict"};

	return words[k];
}

/* Somebody whose bindings are watched. Stays when they are gone, so that it can come back. */
struct person {
	char *aor;
	uint64_t hash;
	unsigned bindings;
	int64_t gone_ms; /* since when it has none; 0: never had one, or has one */
	bool marked;
};

/* One binding as it was told last. */
struct seen {
	binding_id id;
	uint32_t person;
	enum verdict verdict;
	int code;
	bool lapsed, late;
	int64_t lapsed_ms;
	uint8_t source;
	char place[PLACE_SIZE], contact[128];
};

struct watch {
	const struct view *v;
	const struct store *s;
	watch_fn *fn;
	void *ctx;
	struct filter *filter; /* NULL: marks alone */
	struct seen *seen;
	size_t count, cap;
	uint32_t *at; /* by slot: place in seen, from 1 */
	size_t slots;
	struct person *people;
	size_t people_count, people_cap;
	uint32_t *table; /* people by hash, from 1 */
	size_t places, marks;
	struct seen *left; /* gone in this look; another may have taken their place */
	size_t left_count, left_cap;
	uint64_t generation, touched;
	size_t roll; /* next slot to be looked at for the time's sake */
	int64_t now_ms;
	bool begun, telling, full;
};

struct watch *watch_new(const struct view *v, const struct store *s, watch_fn *fn, void *ctx)
{
	struct watch *w = xcalloc(1, sizeof(*w));

	w->v = v;
	w->s = s;
	w->fn = fn;
	w->ctx = ctx;
	return w;
}

void watch_free(struct watch *w)
{
	if (!w)
		return;
	for (size_t i = 0; i < w->people_count; i++)
		free(w->people[i].aor);
	filter_free(w->filter);
	free(w->people);
	free(w->table);
	free(w->seen);
	free(w->left);
	free(w->at);
	free(w);
}

int watch_set_filter(struct watch *w, struct slice text, struct err *e)
{
	struct filter *f;
	size_t at;
	int rc = filter_parse(text, &f, &at, e);

	if (rc)
		return rc;
	filter_free(w->filter);
	w->filter = f;
	return 0;
}

/* ---- people ------------------------------------------------------------------------------------
 */

static void people_grow(struct watch *w)
{
	w->places = w->places ? w->places * 2 : 64;
	free(w->table);
	w->table = xcalloc(w->places, sizeof(*w->table));
	for (size_t i = 0; i < w->people_count; i++) {
		size_t at = w->people[i].hash & (w->places - 1);

		while (w->table[at])
			at = (at + 1) & (w->places - 1);
		w->table[at] = (uint32_t)i + 1;
	}
}

/* Number of the person of this AoR, from 1; 0: none, and make was false. */
static uint32_t person_of(struct watch *w, const struct binding *b, bool make)
{
	struct strbuf aor = STRBUF_INIT;
	uint64_t hash;
	size_t at;

	if (w->people_count * 2 >= w->places)
		people_grow(w);
	binding_add_aor(b, &aor);
	hash = hash_bytes(strbuf_str(&aor), aor.n);
	for (at = hash & (w->places - 1); w->table[at]; at = (at + 1) & (w->places - 1)) {
		const struct person *p = &w->people[w->table[at] - 1];

		if (p->hash == hash && strcmp(p->aor, strbuf_str(&aor)) == 0)
			break;
	}
	if (!w->table[at] && make) {
		XGROW(w->people, w->people_cap, w->people_count + 1);
		w->people[w->people_count++] =
			(struct person){.aor = xstrdup(strbuf_str(&aor)), .hash = hash};
		w->table[at] = (uint32_t)w->people_count;
	}
	strbuf_free(&aor);
	return w->table[at];
}

/* ---- what is remembered ------------------------------------------------------------------------
 */

static struct seen *seen_at(const struct watch *w, uint32_t slot)
{
	return slot < w->slots && w->at[slot] ? &w->seen[w->at[slot] - 1] : NULL;
}

static void remember_row(struct seen *s, const struct row *r)
{
	int64_t left = binding_left_s(&r->b, r->now_ms / 1000);

	s->verdict = r->j.verdict;
	s->code = r->j.code;
	if (left <= 0 && !s->lapsed)
		s->lapsed_ms = r->now_ms;
	s->lapsed = left <= 0;
	s->late = row_overdue_s(r) > 0;
	s->source = r->b.source;
	place_phone(&r->b, s->place, sizeof(s->place));
	text_clean_buf(r->b.contact, s->contact, sizeof(s->contact));
}

static struct seen *add_seen(struct watch *w, const struct row *r, uint32_t person)
{
	uint32_t slot = binding_slot(r->id);
	size_t had = w->slots;
	struct seen *s;

	XGROW(w->at, w->slots, (size_t)slot + 1);
	if (w->slots > had)
		memset(w->at + had, 0, (w->slots - had) * sizeof(*w->at));
	XGROW(w->seen, w->cap, w->count + 1);
	s = &w->seen[w->count++];
	*s = (struct seen){.id = r->id, .person = person};
	remember_row(s, r);
	w->at[slot] = (uint32_t)w->count;
	w->people[person].bindings++;
	return s;
}

static void drop_seen(struct watch *w, struct seen *s)
{
	struct seen *last = &w->seen[--w->count];
	struct person *p = &w->people[s->person];

	w->at[binding_slot(s->id)] = 0;
	if (--p->bindings == 0)
		p->gone_ms = w->now_ms;
	if (s != last) {
		*s = *last;
		w->at[binding_slot(s->id)] = (uint32_t)(s - w->seen) + 1;
	}
}

/* ---- telling -----------------------------------------------------------------------------------
 */

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
	*e = (struct watch_event){.kind = kind, .when_ms = w->now_ms};
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

static void tell_is(struct watch *w, const struct seen *s, const struct row *r)
{
	char clause[240], left[16];
	struct watch_event e;

	event_of(w, s, WATCH_IS, &e);
	verdict_clause(r, clause, sizeof(clause));
	add_verdict(s->verdict, s->code, e.now, sizeof(e.now));
	if (r->b.expires_s == BINDING_PERMANENT)
		snprintf(e.words, sizeof(e.words), "at %s; %s", s->place, clause);
	else
		snprintf(e.words, sizeof(e.words), "at %s, %s left; %s", s->place,
			 text_duration(binding_left_s(&r->b, r->now_ms / 1000), left), clause);
	tell(w, &e);
}

static void agent_clause(const struct row *r, char *out, size_t size)
{
	char agent[64];

	text_clean_buf(r->b.user_agent, agent, sizeof(agent));
	out[0] = '\0';
	if (agent[0])
		snprintf(out, size, " (%s)", agent);
}

static void tell_comes(struct watch *w, const struct seen *s, const struct row *r, int64_t gone_ms)
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
static void tell_anew(struct watch *w, const struct seen *s, const struct seen *old)
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
		snprintf(e.words, sizeof(e.words), "registers anew from %.90s: the phone restarted",
			 s->place);
	tell(w, &e);
}

static void tell_gone(struct watch *w, const struct seen *old)
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

static void tell_lapse(struct watch *w, const struct seen *s, const struct row *r, bool lapsed)
{
	struct watch_event e;
	char away[16];

	event_of(w, s, lapsed ? WATCH_LAPSES : WATCH_BACK, &e);
	if (lapsed)
		snprintf(e.words, sizeof(e.words), "lapses: it was not refreshed; at %s", s->place);
	else
		snprintf(e.words, sizeof(e.words), "comes back: refreshed %s after it lapsed",
			 text_duration((r->now_ms - s->lapsed_ms) / 1000, away));
	tell(w, &e);
}

static void tell_move(struct watch *w, const struct seen *s, const char *to)
{
	struct watch_event e;

	event_of(w, s, WATCH_MOVES, &e);
	snprintf(e.was, sizeof(e.was), "%s", s->place);
	snprintf(e.now, sizeof(e.now), "%s", to);
	snprintf(e.words, sizeof(e.words), "moves: %s -> %s", e.was, e.now);
	tell(w, &e);
}

static void tell_late(struct watch *w, const struct seen *s, const struct row *r)
{
	struct watch_event e;
	char late[16];

	event_of(w, s, WATCH_LATE, &e);
	text_duration(row_overdue_s(r), late);
	snprintf(e.now, sizeof(e.now), "%s", late);
	snprintf(e.words, sizeof(e.words), "refresh is late, by %s", late);
	tell(w, &e);
}

static void tell_verdict(struct watch *w, const struct seen *s, const struct row *r)
{
	struct watch_event e;
	char clause[240];

	event_of(w, s, WATCH_VERDICT, &e);
	add_verdict(s->verdict, s->code, e.was, sizeof(e.was));
	add_verdict(r->j.verdict, r->j.code, e.now, sizeof(e.now));
	verdict_clause(r, clause, sizeof(clause));
	snprintf(e.words, sizeof(e.words), "%.60s -> %s", e.was, clause);
	tell(w, &e);
}

/* ---- comparing ---------------------------------------------------------------------------------
 */

static void compare(struct watch *w, struct seen *s, const struct row *r)
{
	bool lapsed = binding_left_s(&r->b, r->now_ms / 1000) <= 0;
	bool late = row_overdue_s(r) > 0;
	char place[PLACE_SIZE];

	place_phone(&r->b, place, sizeof(place));
	if (lapsed != s->lapsed)
		tell_lapse(w, s, r, lapsed);
	if (strcmp(place, s->place) != 0)
		tell_move(w, s, place);
	if (late && !s->late && !lapsed)
		tell_late(w, s, r);
	/* What was told as a lapse or a late refresh is not told again as a verdict. */
	if ((r->j.verdict != s->verdict || r->j.code != s->code) && !lapsed && !s->lapsed &&
	    r->j.verdict != VERDICT_OVERDUE)
		tell_verdict(w, s, r);
	remember_row(s, r);
}

/* The one of this AoR that went in this look; it is taken. */
static bool take_left(struct watch *w, uint32_t person, struct seen *out)
{
	for (size_t i = 0; i < w->left_count; i++)
		if (w->left[i].person == person) {
			*out = w->left[i];
			w->left[i] = w->left[--w->left_count];
			return true;
		}
	return false;
}

static void new_one(struct watch *w, const struct row *r)
{
	bool filtered = w->filter && filter_match(w->filter, r);
	uint32_t person = person_of(w, &r->b, filtered);
	struct seen *s, old;
	int64_t gone_ms;

	if (!person || !(filtered || w->people[person - 1].marked))
		return;
	if (w->count >= WATCH_MAX) {
		w->full = true;
		return;
	}
	person--;
	gone_ms = w->people[person].bindings ? 0 : w->people[person].gone_ms;
	s = add_seen(w, r, person);
	if (!w->begun)
		tell_is(w, s, r);
	else if (take_left(w, person, &old))
		tell_anew(w, s, &old);
	else
		tell_comes(w, s, r, gone_ms);
}

/* Who left is put aside until all that came is known. */
static void look_for_gone(struct watch *w, uint32_t slot)
{
	struct seen *s = seen_at(w, slot);

	if (!s || store_at(w->s, slot) == s->id)
		return;
	XGROW(w->left, w->left_cap, w->left_count + 1);
	w->left[w->left_count++] = *s;
	drop_seen(w, s);
}

static void look_at(struct watch *w, uint32_t slot)
{
	struct seen *s = seen_at(w, slot);
	struct row r;

	if (!view_row(w->v, store_at(w->s, slot), w->now_ms, &r))
		return;
	if (s)
		compare(w, s, &r);
	else
		new_one(w, &r);
}

/* Both logs; false when they are too short. */
static bool each_change(struct watch *w, void (*look)(struct watch *w, uint32_t slot))
{
	uint64_t generation = store_generation(w->s), touched = store_touched(w->s);
	enum store_change what;
	uint32_t slot;

	if (generation - w->generation >= STORE_LOG || touched - w->touched >= STORE_LOG)
		return false;
	for (uint64_t g = w->generation + 1; g <= generation; g++)
		if (store_change_at(w->s, g, &slot, &what))
			look(w, slot);
	for (uint64_t t = w->touched + 1; t <= touched; t++)
		if (store_touch_at(w->s, t, &slot) && slot != UINT32_MAX)
			look(w, slot);
	return true;
}

static void each_slot(struct watch *w, void (*look)(struct watch *w, uint32_t slot))
{
	for (size_t slot = 0; slot < store_slots(w->s); slot++)
		look(w, (uint32_t)slot);
}

/* What only the time changes: in turn, some at each look. */
static void roll(struct watch *w)
{
	bool all = w->filter && (filter_needs(w->filter) & NEEDS_TIME);
	size_t slots = store_slots(w->s), done = 0;

	for (size_t i = 0; i < slots && done < LOOK_COST; i++) {
		uint32_t slot = (uint32_t)(w->roll++ % slots);

		done++;
		if (all || seen_at(w, slot)) {
			look_at(w, slot);
			done += LOOKED_AT;
		}
	}
}

void watch_look(struct watch *w, int64_t now_ms, bool told)
{
	w->now_ms = now_ms;
	w->telling = w->begun || told;
	if (!w->begun) {
		if (w->filter)
			each_slot(w, look_at);
	} else if (each_change(w, look_for_gone)) {
		each_change(w, look_at);
	} else {
		each_slot(w, look_for_gone);
		each_slot(w, look_at);
	}
	w->generation = store_generation(w->s);
	w->touched = store_touched(w->s);
	w->begun = true;
	for (size_t i = 0; i < w->left_count; i++)
		tell_gone(w, &w->left[i]);
	w->left_count = 0;
	roll(w);
}

/* ---- marks -------------------------------------------------------------------------------------
 */

struct marking {
	struct watch *w;
	bool on;
};

static bool mark_one(void *ctx, binding_id id)
{
	struct marking *m = ctx;
	struct watch *w = m->w;
	struct seen *s = seen_at(w, binding_slot(id));
	uint32_t person;
	struct row r;

	if (!m->on && s && s->id == id)
		drop_seen(w, s);
	if (!m->on || s || w->count >= WATCH_MAX || !view_row(w->v, id, w->now_ms, &r))
		return true;
	person = person_of(w, &r.b, false);
	if (person)
		add_seen(w, &r, person - 1);
	return true;
}

void watch_mark(struct watch *w, binding_id id, bool on, int64_t now_ms)
{
	struct marking m = {w, on};
	struct binding b;
	uint32_t person;

	if (!store_get(w->s, id, &b))
		return;
	/* What changed until now belongs to those that were marked before. */
	watch_look(w, now_ms, false);
	person = person_of(w, &b, on);
	if (!person || w->people[person - 1].marked == on)
		return;
	w->people[person - 1].marked = on;
	w->marks += on ? 1 : (size_t)-1;
	store_each_twin(w->s, id, mark_one, &m);
	if (!on)
		w->people[person - 1].gone_ms = 0;
}

bool watch_is_marked(const struct watch *w, binding_id id)
{
	const struct seen *s = w ? seen_at(w, binding_slot(id)) : NULL;

	return s && s->id == id && w->people[s->person].marked;
}

size_t watch_marks(const struct watch *w)
{
	return w ? w->marks : 0;
}

size_t watch_count(const struct watch *w, bool *full)
{
	if (full)
		*full = w->full;
	return w->count;
}

void watch_each(const struct watch *w, store_visit_fn *fn, void *ctx)
{
	for (size_t i = 0; i < w->count; i++)
		if (!fn(ctx, w->seen[i].id))
			return;
}
