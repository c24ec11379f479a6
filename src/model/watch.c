/* The watch: tells when bindings that somebody waits for come, go, lapse, move or change verdict.
 */
#include "model/watch_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/alloc.h"
#include "base/hash.h"
#include "base/text.h"
#include "model/place.h"

/* Work of one look beyond the changes, for what passes with the time, some 2 ms: a slot that the
 * filter glances at costs one of it, a row that is watched as many. */
#define LOOK_COST 80000
#define ROW_COST  40

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
	glancer_free(w->glancer);
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
	glancer_free(w->glancer);
	filter_free(w->filter);
	w->filter = f;
	w->glancer = glancer_new(f, w->s);
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

static struct slice person_aor(const struct person *p)
{
	return slice_make(p->aor, p->aor_n);
}

static struct slice person_user(const struct person *p)
{
	return slice_make(p->aor, p->user_n);
}

static struct slice person_domain(const struct person *p)
{
	return slice_skip(person_aor(p), p->user_n + (p->aor_n > p->user_n));
}

/* Where in the table the person of this AoR stands, or would stand; there must be places. */
static size_t place_of(const struct watch *w, struct slice aor, uint64_t hash)
{
	size_t at = hash & (w->places - 1);

	while (w->table[at]) {
		const struct person *p = &w->people[w->table[at] - 1];

		if (p->hash == hash && slice_eq(person_aor(p), aor))
			break;
		at = (at + 1) & (w->places - 1);
	}
	return at;
}

/* Number of the person of this AoR, from 1; 0: nobody. */
static uint32_t person_find(const struct watch *w, const struct binding *b)
{
	struct strbuf aor = STRBUF_INIT;
	uint32_t person = 0;

	binding_add_aor(b, &aor);
	if (w->places)
		person = w->table[place_of(w, strbuf_slice(&aor), hash_bytes(aor.p, aor.n))];
	strbuf_free(&aor);
	return person;
}

/* The same; makes one when there is none. */
static uint32_t person_of(struct watch *w, const struct binding *b)
{
	struct strbuf aor = STRBUF_INIT;
	uint64_t hash;
	size_t at;

	if (w->people_count * 2 >= w->places)
		people_grow(w);
	binding_add_aor(b, &aor);
	hash = hash_bytes(aor.p, aor.n);
	at = place_of(w, strbuf_slice(&aor), hash);
	if (!w->table[at]) {
		XGROW(w->people, w->people_cap, w->people_count + 1);
		w->people[w->people_count++] =
			(struct person){.aor = slice_copy(strbuf_slice(&aor)),
					.aor_n = aor.n,
					.user_n = b->user.n,
					.hash = hash};
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

/* An address that cannot be read is told as the Contact is. */
static void place_now(const struct row *r, char place[PLACE_SIZE])
{
	if (!place_phone(&r->b, place, PLACE_SIZE))
		text_clean_buf(r->b.contact, place, PLACE_SIZE);
}

static void remember_row(struct seen *s, const struct row *r)
{
	int64_t left = binding_left_s(&r->b, r->now_ms / 1000);

	s->verdict = r->j.verdict;
	s->code = r->j.code;
	s->lapsed = left <= 0;
	s->expires_s = r->b.expires_s;
	s->late = row_overdue_s(r) > 0;
	s->source = r->b.source;
	place_now(r, s->place);
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

/* ---- comparing ---------------------------------------------------------------------------------
 */

static void compare(struct watch *w, struct seen *s, const struct row *r)
{
	bool lapsed = binding_left_s(&r->b, r->now_ms / 1000) <= 0;
	bool late = row_overdue_s(r) > 0;
	char place[PLACE_SIZE];
	bool moved, told;

	place_now(r, place);
	moved = strcmp(place, s->place) != 0;
	if (lapsed != s->lapsed)
		tell_lapse(w, s, r, lapsed);
	if (moved)
		tell_move(w, s, place);
	if (late && !s->late && !lapsed)
		tell_late(w, s, r);
	else if (!late && s->late && !lapsed && !s->lapsed && !moved)
		tell_refreshed(w, s);
	/* A lapse, a late refresh and what they forget are not told again as verdicts. */
	told = lapsed || s->lapsed || r->j.verdict == VERDICT_OVERDUE ||
	       (r->j.verdict == VERDICT_NOT_ASKED && (moved || s->verdict == VERDICT_OVERDUE));
	if ((r->j.verdict != s->verdict || r->j.code != s->code) && !told)
		tell_verdict(w, s, r);
	remember_row(s, r);
}

/* The one of this AoR that went in this look; it is taken. */
static bool take_left(struct watch *w, uint32_t person, struct seen *out)
{
	struct person *p = &w->people[person];
	struct left *l = p->left ? &w->left[p->left - 1] : NULL;

	if (!l)
		return false;
	*out = l->was;
	l->replaced = true;
	p->left = l->next;
	return true;
}

/* It appeared since the last look. */
static bool is_new(const struct watch *w, binding_id id)
{
	return w->begun && binding_serial(id) > w->serial;
}

static void new_one(struct watch *w, const struct row *r)
{
	uint32_t person;
	struct seen *s, old;
	int64_t gone_ms;

	if (w->count >= WATCH_MAX) {
		w->full = true;
		return;
	}
	person = person_of(w, &r->b) - 1;
	gone_ms = w->people[person].bindings ? 0 : w->people[person].gone_ms;
	s = add_seen(w, r, person);
	if (!w->begun)
		tell_is(w, s, r);
	else if (!is_new(w, r->id))
		tell_matches(w, s, r);
	else if (take_left(w, person, &old))
		tell_anew(w, s, &old);
	else
		tell_comes(w, s, r, gone_ms);
}

/* Who left is put aside until all that came is known. */
static void look_for_gone(struct watch *w, uint32_t slot)
{
	struct seen *s = seen_at(w, slot);
	struct person *p;

	if (!s || store_at(w->s, slot) == s->id)
		return;
	p = &w->people[s->person];
	XGROW(w->left, w->left_cap, w->left_count + 1);
	w->left[w->left_count++] = (struct left){.was = *s, .next = p->left};
	p->left = (uint32_t)w->left_count;
	drop_seen(w, s);
}

static bool matches(struct watch *w, uint32_t slot)
{
	struct store_glance g;
	enum glance glance;
	struct row r;

	if (!store_glance(w->s, slot, &g))
		return false;
	glance = glancer_look(w->glancer, &g, w->now_ms / 1000);
	if (glance != GLANCE_UNSURE)
		return glance == GLANCE_YES;
	return view_fill(w->v, store_at(w->s, slot), w->now_ms, filter_needs(w->filter), &r) &&
	       filter_match(w->filter, &r);
}

/* A new binding of somebody who was watched before is watched, whatever the filter says of it. */
static bool is_known(const struct watch *w, binding_id id)
{
	struct binding b;

	return is_new(w, id) && store_get(w->s, id, &b) && person_find(w, &b);
}

static bool look_at_row(void *ctx, binding_id id)
{
	struct watch *w = ctx;
	struct seen *s = seen_at(w, binding_slot(id));
	struct row r;

	if (!view_row(w->v, id, w->now_ms, &r))
		return true;
	if (s)
		compare(w, s, &r);
	else
		new_one(w, &r);
	return true;
}

static void look_at(struct watch *w, uint32_t slot)
{
	binding_id id = store_at(w->s, slot);

	if (id && (seen_at(w, slot) || matches(w, slot) || is_known(w, id)))
		look_at_row(w, id);
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

/* By the filter: the changes, or everything when they are too many, and in turn some of what only
 * the time changes. */
static void look_by_filter(struct watch *w)
{
	bool all = filter_needs(w->filter) & NEEDS_TIME;
	size_t n, cost = 0;

	glancer_refresh(w->glancer);
	if (!w->begun || !each_change(w, look_at))
		each_slot(w, look_at);
	n = all ? store_slots(w->s) : w->count;
	for (size_t i = 0; i < n && cost < LOOK_COST; i++) {
		size_t next = w->roll++ % n;
		uint32_t slot = all ? (uint32_t)next : binding_slot(w->seen[next].id);

		cost += seen_at(w, slot) ? ROW_COST : 1;
		look_at(w, slot);
	}
}

/* They are few: each is looked for, however much else has changed. */
static void look_by_marks(struct watch *w)
{
	size_t people = w->marks ? w->people_count : 0;

	for (size_t i = 0; i < people; i++) {
		const struct person *p = &w->people[i];

		if (p->marked)
			store_each_twin(w->s,
					store_find_aor(w->s, person_user(p), person_domain(p)),
					look_at_row, w);
	}
}

void watch_look(struct watch *w, int64_t now_ms, bool told)
{
	w->now_ms = now_ms;
	w->telling = w->begun || told;
	if (!each_change(w, look_for_gone))
		for (size_t i = w->count; i-- > 0;)
			look_for_gone(w, binding_slot(w->seen[i].id));
	if (w->filter)
		look_by_filter(w);
	look_by_marks(w);
	w->generation = store_generation(w->s);
	w->touched = store_touched(w->s);
	w->serial = store_serial(w->s);
	w->begun = true;
	for (size_t i = 0; i < w->left_count; i++) {
		w->people[w->left[i].was.person].left = 0;
		if (!w->left[i].replaced)
			tell_gone(w, &w->left[i].was);
	}
	w->left_count = 0;
}

/* ---- marks -------------------------------------------------------------------------------------
 */

struct marking {
	struct watch *w;
	uint32_t person;
};

static bool take_as_known(void *ctx, binding_id id)
{
	struct marking *m = ctx;
	struct row r;

	if (!seen_at(m->w, binding_slot(id)) && m->w->count < WATCH_MAX &&
	    view_row(m->w->v, id, m->w->now_ms, &r))
		add_seen(m->w, &r, m->person);
	return true;
}

static void forget(struct watch *w, uint32_t person)
{
	for (size_t i = w->count; i-- > 0;)
		if (w->seen[i].person == person)
			drop_seen(w, &w->seen[i]);
	w->people[person].gone_ms = 0;
}

void watch_mark(struct watch *w, struct slice user, struct slice domain, bool on, int64_t now_ms)
{
	struct binding b = {.user = user, .domain = domain};
	struct marking m = {.w = w};
	uint32_t person;

	/* What changed until now belongs to those that were marked before. */
	watch_look(w, now_ms, false);
	person = on ? person_of(w, &b) : person_find(w, &b);
	if (!person || w->people[person - 1].marked == on)
		return;
	m.person = person - 1;
	w->people[m.person].marked = on;
	w->marks += on ? 1 : (size_t)-1;
	if (on)
		store_each_twin(w->s, store_find_aor(w->s, user, domain), take_as_known, &m);
	else
		forget(w, m.person);
}

bool watch_has_mark(const struct watch *w, struct slice user, struct slice domain)
{
	struct binding b = {.user = user, .domain = domain};
	uint32_t person = w && w->marks ? person_find(w, &b) : 0;

	return person && w->people[person - 1].marked;
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

void watch_each_mark(const struct watch *w, watch_mark_fn *fn, void *ctx)
{
	for (size_t i = 0; w->marks && i < w->people_count; i++) {
		const struct person *p = &w->people[i];
		struct watch_mark m = {.user = person_user(p),
				       .domain = person_domain(p),
				       .bindings = p->bindings,
				       .gone_ms = p->gone_ms};

		if (p->marked)
			fn(ctx, &m);
	}
}

size_t watch_count(const struct watch *w, bool *full)
{
	if (full)
		*full = w->full;
	return w->count;
}

binding_id watch_at(const struct watch *w, size_t index)
{
	return index < w->count ? w->seen[index].id : 0;
}
