/* The store's two indexes: bindings by (source, key), and bindings of the same AoR. */
#include "model/store_index.h"

#include <stdlib.h>
#include "base/alloc.h"
#include "base/hash.h"

/* ---- the table of both --------------------------------------------------------------------------
 */

void slot_index_free(struct slot_index *x)
{
	free(x->e);
	memset(x, 0, sizeof(*x));
}

static size_t after(const struct slot_index *x, size_t i)
{
	return i + 1 == x->cap ? 0 : i + 1;
}

/* Any size will do, so that growing by a third leaves little room unused. Homes stand in the order
 * of the hashes: growing reads and writes memory from one end to the other. */
static size_t home(const struct slot_index *x, uint32_t hash)
{
	return (size_t)(((uint64_t)hash * x->cap) >> 32);
}

static size_t free_place(const struct slot_index *x, uint32_t hash)
{
	size_t i = home(x, hash);

	while (x->e[i].slot != RECORD_NONE)
		i = after(x, i);
	return i;
}

static void grow(struct slot_index *x)
{
	struct slot_index old = *x;

	x->cap = old.cap ? old.cap + old.cap / 3 : 64;
	x->e = xreallocarray(NULL, x->cap, sizeof(*x->e));
	memset(x->e, 0xff, x->cap * sizeof(*x->e));
	for (size_t i = 0; i < old.cap; i++)
		if (old.e[i].slot != RECORD_NONE)
			x->e[free_place(x, old.e[i].hash)] = old.e[i];
	free(old.e);
}

static void insert(struct slot_index *x, uint32_t hash, uint32_t slot)
{
	if ((x->n + 1) * 6 > x->cap * 5)
		grow(x);
	x->e[free_place(x, hash)] = (struct index_entry){hash, slot};
	x->n++;
}

/* How far on from one place to another, round the end. */
static size_t distance(const struct slot_index *x, size_t from, size_t to)
{
	return to >= from ? to - from : to + x->cap - from;
}

/* Backward-shift deletion: entries move up until a free place or one that is at home. */
static void close_hole(struct slot_index *x, size_t hole)
{
	for (size_t i = after(x, hole); x->e[i].slot != RECORD_NONE; i = after(x, i)) {
		if (distance(x, home(x, x->e[i].hash), i) >= distance(x, hole, i)) {
			x->e[hole] = x->e[i];
			hole = i;
		}
	}
	x->e[hole].slot = RECORD_NONE;
	x->n--;
}

/* ---- by key -------------------------------------------------------------------------------------
 */

static uint32_t key_hash(uint8_t source, struct slice key)
{
	return (uint32_t)(hash_bytes(key.p, key.n) ^ hash_u64(source));
}

static uint32_t hash_of_key(const struct record_table *t, uint32_t slot)
{
	char room[RECORD_KEY_ROOM];

	return key_hash(t->r[slot].source, record_key(&t->r[slot], &t->pools, room));
}

uint32_t key_index_find(const struct slot_index *x, const struct record_table *t, uint8_t source,
			struct slice key)
{
	uint32_t hash = key_hash(source, key);
	char room[RECORD_KEY_ROOM];

	if (!x->n)
		return RECORD_NONE;
	for (size_t i = home(x, hash); x->e[i].slot != RECORD_NONE; i = after(x, i)) {
		const struct record *r = &t->r[x->e[i].slot];

		if (x->e[i].hash == hash && r->source == source &&
		    slice_eq(record_key(r, &t->pools, room), key))
			return x->e[i].slot;
	}
	return RECORD_NONE;
}

void key_index_add(struct slot_index *x, const struct record_table *t, uint32_t slot)
{
	insert(x, hash_of_key(t, slot), slot);
}

void key_index_remove(struct slot_index *x, const struct record_table *t, uint32_t slot)
{
	size_t i = home(x, hash_of_key(t, slot));

	while (x->e[i].slot != slot)
		i = after(x, i);
	close_hole(x, i);
}

/* ---- by AoR -------------------------------------------------------------------------------------
 */

/* The neighbours of a binding among those of its AoR, newest first. The newest one's newer says how
 * many they are. */
struct links {
	uint32_t older, newer;
};

/* Only of who has no twins; of who has some, at least one of the two differs. */
static const struct links alone = {RECORD_NONE, 1};

static struct links links_of(const struct record_table *t, uint32_t slot)
{
	uint64_t v = slotmap_get(&t->links, slot);

	return v ? (struct links){(uint32_t)(v >> 32), (uint32_t)v} : alone;
}

/* Never zero, which slotmap cannot keep: nobody has slot 0 on both sides. */
static void set_links(struct record_table *t, uint32_t slot, struct links l)
{
	if (l.older == alone.older && l.newer == alone.newer)
		slotmap_remove(&t->links, slot);
	else
		slotmap_set(&t->links, slot, (uint64_t)l.older << 32 | l.newer);
}

uint32_t aor_index_older(const struct record_table *t, uint32_t slot)
{
	return links_of(t, slot).older;
}

/* An interned domain has one number as long as a binding holds it. */
static uint32_t aor_hash(struct slice user, uint32_t domain)
{
	return (uint32_t)(hash_bytes(user.p, user.n) ^ hash_u64(domain));
}

static uint32_t hash_of_aor(const struct record_table *t, uint32_t slot)
{
	uint32_t domain;
	struct slice user = record_aor(&t->r[slot], &t->pools, &domain);

	return aor_hash(user, domain);
}

static bool same_aor(const struct record_table *t, uint32_t x, uint32_t y)
{
	uint32_t dx, dy;
	struct slice ux, uy;

	if (x == y)
		return true;
	ux = record_aor(&t->r[x], &t->pools, &dx);
	uy = record_aor(&t->r[y], &t->pools, &dy);
	return dx == dy && slice_eq(ux, uy);
}

/* The group of slot's AoR; NULL when there is none yet. */
static struct index_entry *aor_entry(const struct slot_index *x, const struct record_table *t,
				     uint32_t slot, uint32_t hash)
{
	if (!x->n)
		return NULL;
	for (size_t i = home(x, hash); x->e[i].slot != RECORD_NONE; i = after(x, i))
		if (x->e[i].hash == hash && same_aor(t, x->e[i].slot, slot))
			return &x->e[i];
	return NULL;
}

void aor_index_add(struct slot_index *x, struct record_table *t, uint32_t slot)
{
	uint32_t hash = hash_of_aor(t, slot);
	struct index_entry *g = aor_entry(x, t, slot, hash);
	struct links head;

	if (!g) {
		insert(x, hash, slot);
		return;
	}
	head = links_of(t, g->slot);
	set_links(t, slot, (struct links){g->slot, head.newer + 1});
	set_links(t, g->slot, (struct links){head.older, slot});
	g->slot = slot;
}

void aor_index_remove(struct slot_index *x, struct record_table *t, uint32_t slot)
{
	struct index_entry *g = aor_entry(x, t, slot, hash_of_aor(t, slot));
	struct links mine = links_of(t, slot), head;
	uint32_t left = links_of(t, g->slot).newer - 1;

	set_links(t, slot, alone);
	if (left == 0) {
		close_hole(x, (size_t)(g - x->e));
		return;
	}
	if (g->slot == slot) {
		g->slot = mine.older;
	} else {
		struct links newer = links_of(t, mine.newer);

		set_links(t, mine.newer, (struct links){mine.older, newer.newer});
		if (mine.older != RECORD_NONE) {
			struct links older = links_of(t, mine.older);

			set_links(t, mine.older, (struct links){older.older, mine.newer});
		}
	}
	head = links_of(t, g->slot);
	set_links(t, g->slot, (struct links){head.older, left});
}

struct aor_group aor_index_group(const struct slot_index *x, const struct record_table *t,
				 uint32_t slot)
{
	uint32_t head = aor_entry(x, t, slot, hash_of_aor(t, slot))->slot;

	return (struct aor_group){head, links_of(t, head).newer};
}

uint32_t aor_index_find(const struct slot_index *x, const struct record_table *t, struct slice user,
			struct slice domain)
{
	uint32_t number = intern_find(t->pools.domains, domain), hash = aor_hash(user, number);

	if (!x->n || (domain.n && !number))
		return RECORD_NONE;
	for (size_t i = home(x, hash); x->e[i].slot != RECORD_NONE; i = after(x, i)) {
		uint32_t its;
		struct slice who;

		if (x->e[i].hash != hash)
			continue;
		who = record_aor(&t->r[x->e[i].slot], &t->pools, &its);
		if (its == number && slice_eq(who, user))
			return x->e[i].slot;
	}
	return RECORD_NONE;
}
