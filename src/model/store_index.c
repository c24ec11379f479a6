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
	return (i + 1) & (x->cap - 1);
}

static size_t free_place(const struct slot_index *x, uint32_t hash)
{
	size_t i = hash & (x->cap - 1);

	while (x->e[i].slot != RECORD_NONE)
		i = after(x, i);
	return i;
}

static void grow(struct slot_index *x)
{
	struct slot_index old = *x;

	x->cap = old.cap ? old.cap * 2 : 64;
	x->e = xreallocarray(NULL, x->cap, sizeof(*x->e));
	memset(x->e, 0xff, x->cap * sizeof(*x->e));
	for (size_t i = 0; i < old.cap; i++)
		if (old.e[i].slot != RECORD_NONE)
			x->e[free_place(x, old.e[i].hash)] = old.e[i];
	free(old.e);
}

static void insert(struct slot_index *x, uint32_t hash, uint32_t slot)
{
	if ((x->n + 1) * 4 > x->cap * 3)
		grow(x);
	x->e[free_place(x, hash)] = (struct index_entry){hash, slot};
	x->n++;
}

/* Backward-shift deletion: entries move up until a free place or one that is at home. */
static void close_hole(struct slot_index *x, size_t hole)
{
	size_t mask = x->cap - 1;

	for (size_t i = after(x, hole); x->e[i].slot != RECORD_NONE; i = after(x, i)) {
		size_t home = x->e[i].hash & mask;

		if (((i - home) & mask) >= ((i - hole) & mask)) {
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
	return key_hash(t->r[slot].source, record_key(&t->r[slot], &t->pools));
}

uint32_t key_index_find(const struct slot_index *x, const struct record_table *t, uint8_t source,
			struct slice key)
{
	uint32_t hash = key_hash(source, key);

	if (!x->n)
		return RECORD_NONE;
	for (size_t i = hash & (x->cap - 1); x->e[i].slot != RECORD_NONE; i = after(x, i)) {
		const struct record *r = &t->r[x->e[i].slot];

		if (x->e[i].hash == hash && r->source == source &&
		    slice_eq(record_key(r, &t->pools), key))
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
	size_t i = hash_of_key(t, slot) & (x->cap - 1);

	while (x->e[i].slot != slot)
		i = after(x, i);
	close_hole(x, i);
}

/* ---- by AoR -------------------------------------------------------------------------------------
 */

/* An interned domain has one number as long as a binding holds it. */
static uint32_t hash_of_aor(const struct record_table *t, uint32_t slot)
{
	const struct record *r = &t->r[slot];
	struct slice user = record_user(r, &t->pools);

	return (uint32_t)(hash_bytes(user.p, user.n) ^ hash_u64(r->domain));
}

static bool same_aor(const struct record_table *t, uint32_t x, uint32_t y)
{
	return x == y ||
	       (t->r[x].domain == t->r[y].domain &&
		slice_eq(record_user(&t->r[x], &t->pools), record_user(&t->r[y], &t->pools)));
}

/* The group of slot's AoR; NULL when there is none yet. */
static struct index_entry *aor_entry(const struct slot_index *x, const struct record_table *t,
				     uint32_t slot, uint32_t hash)
{
	if (!x->n)
		return NULL;
	for (size_t i = hash & (x->cap - 1); x->e[i].slot != RECORD_NONE; i = after(x, i))
		if (x->e[i].hash == hash && same_aor(t, x->e[i].slot, slot))
			return &x->e[i];
	return NULL;
}

void aor_index_add(struct slot_index *x, struct record_table *t, uint32_t slot)
{
	uint32_t hash = hash_of_aor(t, slot);
	struct index_entry *g = aor_entry(x, t, slot, hash);
	struct record *r = &t->r[slot], *head;

	r->aor_next = RECORD_NONE;
	r->aor_prev = 1;
	if (!g) {
		insert(x, hash, slot);
		return;
	}
	head = &t->r[g->slot];
	r->aor_next = g->slot;
	r->aor_prev = head->aor_prev + 1;
	head->aor_prev = slot;
	g->slot = slot;
}

void aor_index_remove(struct slot_index *x, struct record_table *t, uint32_t slot)
{
	struct index_entry *g = aor_entry(x, t, slot, hash_of_aor(t, slot));
	struct record *r = &t->r[slot];
	uint32_t left = t->r[g->slot].aor_prev - 1;

	if (left == 0) {
		close_hole(x, (size_t)(g - x->e));
		return;
	}
	if (g->slot == slot) {
		g->slot = r->aor_next;
	} else {
		t->r[r->aor_prev].aor_next = r->aor_next;
		if (r->aor_next != RECORD_NONE)
			t->r[r->aor_next].aor_prev = r->aor_prev;
	}
	t->r[g->slot].aor_prev = left;
}

struct aor_group aor_index_group(const struct slot_index *x, const struct record_table *t,
				 uint32_t slot)
{
	uint32_t head = aor_entry(x, t, slot, hash_of_aor(t, slot))->slot;

	return (struct aor_group){head, t->r[head].aor_prev};
}
