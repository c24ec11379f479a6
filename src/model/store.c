/* The store: all bindings of all sources, by identity, with generations and evidence. */
#include "model/store.h"

#include <stdlib.h>
#include "base/alloc.h"
#include "model/store_state.h"

struct store *store_new(void)
{
	struct store *s = xcalloc(1, sizeof(*s));

	record_pools_init(&s->t.pools);
	s->free_slots = RECORD_NONE;
	s->changes = xcalloc(STORE_LOG, sizeof(*s->changes));
	s->touches = xcalloc(STORE_LOG, sizeof(*s->touches));
	return s;
}

void store_free(struct store *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->evidence.cap; i++)
		free(evidence_at(s->evidence.e[i].value));
	for (size_t i = 0; i < s->source_count; i++)
		free(s->sources[i].name);
	slotmap_free(&s->evidence);
	slotset_free(&s->marks);
	slotmap_free(&s->habits);
	slot_index_free(&s->keys);
	slot_index_free(&s->aors);
	slotmap_free(&s->t.links);
	record_pools_free(&s->t.pools);
	free(s->t.r);
	free(s->changes);
	free(s->touches);
	free(s);
}

uint8_t store_add_source(struct store *s, const char *name)
{
	/* Callers are bound to 255 by the command line; one more shares the last place. */
	if (s->source_count == SOURCES_MAX)
		return SOURCES_MAX - 1;
	s->sources[s->source_count] = (struct store_source){.name = xstrdup(name), .pass = 1};
	return (uint8_t)s->source_count++;
}

const char *store_source_name(const struct store *s, uint8_t source)
{
	return source < s->source_count ? s->sources[source].name : "";
}

/* ---- identity -----------------------------------------------------------------------------------
 */

static uint32_t take_slot(struct store *s)
{
	uint32_t slot = s->free_slots;

	if (slot != RECORD_NONE)
		s->free_slots = s->t.r[slot].text;
	else
		slot = (uint32_t)s->t.count;
	XGROW(s->t.r, s->t.cap, (size_t)slot + 1);
	if (slot == s->t.count)
		s->t.count++;
	memset(&s->t.r[slot], 0, sizeof(s->t.r[slot]));
	if (++s->serial == 0)
		s->serial = 1;
	s->t.r[slot].serial = s->serial;
	return slot;
}

static void tell(struct store *s, enum store_event what, binding_id id)
{
	if (s->listener)
		s->listener(s->listener_ctx, what, id);
}

static void note_change(struct store *s, uint32_t slot, enum store_change what)
{
	s->generation++;
	s->changes[s->generation % STORE_LOG] = slot | (uint32_t)what << CHANGE_SHIFT;
}

static uint32_t seconds32(int64_t s)
{
	return s < 0 ? 0 : s > UINT32_MAX ? UINT32_MAX : (uint32_t)s;
}

/* ---- adding, changing, removing -----------------------------------------------------------------
 */

static void compact(struct store *s)
{
	struct arena fresh = {0};

	for (size_t i = 0; i < s->t.count; i++)
		if (s->t.r[i].serial)
			record_move_text(&s->t.r[i], &s->t.pools.arena, &fresh);
	arena_free(&s->t.pools.arena);
	s->t.pools.arena = fresh;
}

static void compact_when_wasteful(struct store *s)
{
	if (arena_wasteful(&s->t.pools.arena))
		compact(s);
}

/* The evidence is about an address; another one has to be asked anew. */
static bool goes_elsewhere(const struct binding *was, const struct binding *is)
{
	return !slice_eq(was->contact, is->contact) || !slice_eq(was->received, is->received) ||
	       !slice_eq(was->path, is->path) || !slice_eq(was->socket, is->socket) ||
	       was->connection != is->connection;
}

/* Only what each REGISTER renews differs. */
static bool is_refresh(const struct binding *was, const struct binding *is)
{
	struct binding as_it_was = *is;

	as_it_was.expires_s = was->expires_s;
	as_it_was.refreshed_s = was->refreshed_s;
	as_it_was.granted_s = was->granted_s;
	as_it_was.cseq = was->cseq;
	return binding_equal(was, &as_it_was);
}

static void drop_evidence(struct store *s, uint32_t slot)
{
	free(evidence_at(slotmap_remove(&s->evidence, slot)));
	s->t.r[slot].flags &= (uint16_t)~RECORD_EVIDENCE;
}

static void drop_mark(struct store *s, uint32_t slot)
{
	slotset_remove(&s->marks, slot);
	s->t.r[slot].flags &= (uint16_t)~RECORD_MARKED;
	note_touch(s, slot);
}

static void say_before(struct store *s, uint8_t source, const struct binding *was,
		       const struct binding *is)
{
	if (s->watcher)
		s->watcher(s->watcher_ctx, source, was, is);
}

static binding_id add_binding(struct store *s, uint8_t source, const struct binding *b,
			      int64_t now_s)
{
	uint32_t slot;
	struct record *r;

	say_before(s, source, NULL, b);
	slot = take_slot(s);
	r = &s->t.r[slot];
	r->source = source;
	r->pass = s->sources[source].pass;
	r->first_seen = seconds32(now_s);
	record_pack(r, false, b, &s->t.pools);
	key_index_add(&s->keys, &s->t, slot);
	aor_index_add(&s->aors, &s->t, slot);
	s->count++;
	s->sources[source].count++;
	note_change(s, slot, STORE_PLACED);
	tell(s, STORE_ADDED, id_of(s, slot));
	return id_of(s, slot);
}

static void change_binding(struct store *s, uint32_t slot, const struct binding *was,
			   const struct binding *b, int64_t now_s)
{
	struct record *r = &s->t.r[slot];
	bool other_aor = !slice_eq(was->user, b->user) || !slice_eq(was->domain, b->domain);
	bool renewed = is_refresh(was, b);

	say_before(s, r->source, was, b);
	if (renewed) {
		if (r->refreshes < UINT32_MAX)
			r->refreshes++;
	} else {
		r->changed = seconds32(now_s);
	}
	if ((r->flags & RECORD_EVIDENCE) && goes_elsewhere(was, b))
		drop_evidence(s, slot);
	/* What memory said of the old one says nothing of this one. */
	if (!renewed)
		r->flags &= (uint16_t)~RECORD_DIFFERS;
	if (other_aor)
		aor_index_remove(&s->aors, &s->t, slot);
	record_pack(r, true, b, &s->t.pools);
	if (other_aor)
		aor_index_add(&s->aors, &s->t, slot);
	note_change(s, slot, other_aor ? STORE_PLACED : renewed ? STORE_RENEWED : STORE_ALTERED);
	compact_when_wasteful(s);
	tell(s, STORE_CHANGED, id_of(s, slot));
}

binding_id store_put(struct store *s, uint8_t source, const struct binding *b, int64_t now_s)
{
	uint32_t slot = key_index_find(&s->keys, &s->t, source, b->key);
	struct binding was;

	if (slot == RECORD_NONE)
		return add_binding(s, source, b, now_s);
	s->t.r[slot].pass = s->sources[source].pass;
	record_unpack(&s->t.r[slot], &s->t.pools, &was);
	if (!binding_equal(&was, b))
		change_binding(s, slot, &was, b, now_s);
	return id_of(s, slot);
}

static void remove_slot(struct store *s, uint32_t slot)
{
	struct record *r = &s->t.r[slot];
	struct binding was;

	tell(s, STORE_GONE, id_of(s, slot));
	if (s->watcher) {
		record_unpack(r, &s->t.pools, &was);
		say_before(s, r->source, &was, NULL);
	}
	if (s->habits.n)
		slotmap_remove(&s->habits, slot);
	if (r->flags & RECORD_EVIDENCE)
		drop_evidence(s, slot);
	if (r->flags & RECORD_MARKED)
		drop_mark(s, slot);
	key_index_remove(&s->keys, &s->t, slot);
	aor_index_remove(&s->aors, &s->t, slot);
	record_release(r, &s->t.pools);
	s->count--;
	s->sources[r->source].count--;
	note_change(s, slot, STORE_PLACED);
	r->serial = 0;
	r->text = s->free_slots;
	s->free_slots = slot;
}

bool store_keep(struct store *s, uint8_t source, struct slice key)
{
	uint32_t slot = key_index_find(&s->keys, &s->t, source, key);

	if (slot == RECORD_NONE)
		return false;
	s->t.r[slot].pass = s->sources[source].pass;
	return true;
}

bool store_remove(struct store *s, uint8_t source, struct slice key)
{
	uint32_t slot = key_index_find(&s->keys, &s->t, source, key);

	if (slot == RECORD_NONE)
		return false;
	remove_slot(s, slot);
	compact_when_wasteful(s);
	return true;
}

void store_begin_pass(struct store *s, uint8_t source)
{
	if (++s->sources[source].pass)
		return;
	/* The number came round: forget the old ones, or a stale one could look like this pass. */
	s->sources[source].pass = 1;
	for (size_t i = 0; i < s->t.count; i++)
		if (s->t.r[i].source == source)
			s->t.r[i].pass = 0;
}

void store_end_pass(struct store *s, uint8_t source, bool complete)
{
	if (!complete)
		return;
	for (size_t i = 0; i < s->t.count; i++) {
		const struct record *r = &s->t.r[i];

		if (r->serial && r->source == source && r->pass != s->sources[source].pass)
			remove_slot(s, (uint32_t)i);
	}
	compact_when_wasteful(s);
}

/* ---- looking ------------------------------------------------------------------------------------
 */

bool store_get(const struct store *s, binding_id id, struct binding *out)
{
	const struct record *r = record_of(s, id);

	if (!r)
		return false;
	record_unpack(r, &s->t.pools, out);
	return true;
}

binding_id store_find(const struct store *s, uint8_t source, struct slice key)
{
	uint32_t slot = key_index_find(&s->keys, &s->t, source, key);

	return slot == RECORD_NONE ? 0 : id_of(s, slot);
}

binding_id store_find_aor(const struct store *s, struct slice user, struct slice domain)
{
	uint32_t slot = aor_index_find(&s->aors, &s->t, user, domain);

	return slot == RECORD_NONE ? 0 : id_of(s, slot);
}

const struct binding_life *store_life(const struct store *s, binding_id id)
{
	const struct record *r = record_of(s, id);
	/* Lent room: lives stay packed in the records. */
	struct binding_life *life = &((struct store *)s)->life;

	if (!r)
		return NULL;
	life->first_seen_s = r->first_seen;
	life->changed_s = r->changed;
	life->refreshes = r->refreshes;
	return life;
}

bool store_has(const struct store *s, binding_id id)
{
	return record_of(s, id) != NULL;
}

size_t store_count(const struct store *s)
{
	return s->count;
}

size_t store_count_source(const struct store *s, uint8_t source)
{
	return source < s->source_count ? s->sources[source].count : 0;
}

size_t store_slots(const struct store *s)
{
	return s->t.count;
}

unsigned store_twins(const struct store *s, binding_id id)
{
	return record_of(s, id) ? aor_index_group(&s->aors, &s->t, binding_slot(id)).count : 0;
}

void store_each_twin(const struct store *s, binding_id id, store_visit_fn *fn, void *ctx)
{
	uint32_t slot;

	if (!record_of(s, id))
		return;
	slot = aor_index_group(&s->aors, &s->t, binding_slot(id)).head;
	while (slot != RECORD_NONE && fn(ctx, id_of(s, slot)))
		slot = aor_index_older(&s->t, slot);
}

uint64_t store_generation(const struct store *s)
{
	return s->generation;
}

uint64_t store_touched(const struct store *s)
{
	return s->touched;
}

bool store_change_at(const struct store *s, uint64_t generation, uint32_t *slot,
		     enum store_change *what)
{
	uint32_t entry;

	if (generation > s->generation || s->generation - generation >= STORE_LOG)
		return false;
	entry = s->changes[generation % STORE_LOG];
	*slot = entry & CHANGE_SLOT;
	*what = (enum store_change)(entry >> CHANGE_SHIFT);
	return true;
}

bool store_touch_at(const struct store *s, uint64_t touched, uint32_t *slot)
{
	if (touched > s->touched || s->touched - touched >= STORE_LOG)
		return false;
	*slot = s->touches[touched % STORE_LOG];
	return true;
}

binding_id store_at(const struct store *s, uint32_t slot)
{
	return slot < s->t.count && s->t.r[slot].serial ? id_of(s, slot) : 0;
}

uint32_t store_serial(const struct store *s)
{
	return s->serial;
}

bool store_glance(const struct store *s, uint32_t slot, struct store_glance *out)
{
	if (slot >= s->t.count || !s->t.r[slot].serial)
		return false;
	record_glance(&s->t.r[slot], &s->t.pools, out);
	return true;
}

bool store_expires(const struct store *s, uint32_t slot, int64_t *expires_s)
{
	if (slot >= s->t.count || !s->t.r[slot].serial)
		return false;
	*expires_s = record_expires(&s->t.r[slot], &s->t.pools);
	return true;
}

void store_soon(const struct store *s, uint32_t slot, bool near)
{
	if (slot >= s->t.count)
		return;
	if (near)
		__builtin_prefetch(arena_at(&s->t.pools.arena, s->t.r[slot].text));
	else
		__builtin_prefetch(&s->t.r[slot]);
}

struct slice store_domain(const struct store *s, uint32_t domain)
{
	return intern_text(s->t.pools.domains, domain);
}

struct slice store_agent(const struct store *s, uint32_t profile)
{
	return record_agent(&s->t.pools, profile);
}

size_t store_domains(const struct store *s)
{
	return intern_numbers(s->t.pools.domains);
}

size_t store_profiles(const struct store *s)
{
	return intern_numbers(s->t.pools.profiles);
}

uint64_t store_shared_epoch(const struct store *s)
{
	return intern_drops(s->t.pools.domains) + intern_drops(s->t.pools.profiles);
}

void store_each(const struct store *s, store_visit_fn *fn, void *ctx)
{
	for (size_t i = 0; i < s->t.count; i++)
		if (s->t.r[i].serial && !fn(ctx, id_of(s, (uint32_t)i)))
			return;
}

void store_listen(struct store *s, store_event_fn *fn, void *ctx)
{
	s->listener = fn;
	s->listener_ctx = ctx;
}

void store_watch(struct store *s, store_watch_fn *fn, void *ctx)
{
	s->watcher = fn;
	s->watcher_ctx = ctx;
}

size_t store_bytes(const struct store *s)
{
	return s->t.count * sizeof(*s->t.r) + record_pools_bytes(&s->t.pools) +
	       (s->keys.cap + s->aors.cap) * sizeof(struct index_entry) +
	       (s->t.links.cap + s->evidence.cap) * sizeof(struct slotmap_entry) +
	       (s->marks.places + s->marks.order.cap) * sizeof(uint32_t) +
	       s->habits.cap * sizeof(struct slotmap_entry) +
	       s->evidence.n * sizeof(struct evidence);
}
