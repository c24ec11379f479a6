/* The store's two indexes: bindings by (source, key), and bindings of the same AoR. */
#include "model/store_index.h"

#include <stdlib.h>
#include "base/alloc.h"
#include "base/hash.h"

/* ---- by key -------------------------------------------------------------------------------------
 */

void key_index_free(struct key_index *k)
{
	free(k->heads);
	memset(k, 0, sizeof(*k));
}

static uint32_t *key_bucket(const struct key_index *k, uint8_t source, struct slice key)
{
	return &k->heads[(hash_bytes(key.p, key.n) ^ hash_u64(source)) & (k->cap - 1)];
}

static void key_link(struct key_index *k, struct record_table *t, uint32_t slot)
{
	struct record *r = &t->r[slot];
	uint32_t *head = key_bucket(k, r->source, record_key(r, &t->pools));

	r->key_next = *head;
	*head = slot;
}

static void key_grow(struct key_index *k, struct record_table *t)
{
	struct key_index old = *k;

	k->cap = old.cap ? old.cap * 2 : 64;
	k->heads = xreallocarray(NULL, k->cap, sizeof(*k->heads));
	memset(k->heads, 0xff, k->cap * sizeof(*k->heads));
	for (size_t i = 0; i < old.cap; i++) {
		uint32_t slot = old.heads[i];

		while (slot != RECORD_NONE) {
			uint32_t next = t->r[slot].key_next;

			key_link(k, t, slot);
			slot = next;
		}
	}
	free(old.heads);
}

uint32_t key_index_find(const struct key_index *k, const struct record_table *t, uint8_t source,
			struct slice key)
{
	uint32_t slot;

	if (!k->n)
		return RECORD_NONE;
	slot = *key_bucket(k, source, key);
	while (slot != RECORD_NONE) {
		const struct record *r = &t->r[slot];

		if (r->source == source && slice_eq(record_key(r, &t->pools), key))
			return slot;
		slot = r->key_next;
	}
	return RECORD_NONE;
}

void key_index_add(struct key_index *k, struct record_table *t, uint32_t slot)
{
	if (k->n >= k->cap)
		key_grow(k, t);
	key_link(k, t, slot);
	k->n++;
}

void key_index_remove(struct key_index *k, struct record_table *t, uint32_t slot)
{
	struct record *r = &t->r[slot];
	uint32_t *link = key_bucket(k, r->source, record_key(r, &t->pools));

	while (*link != slot)
		link = &t->r[*link].key_next;
	*link = r->key_next;
	k->n--;
}

/* ---- by AoR -------------------------------------------------------------------------------------
 */

void aor_index_free(struct aor_index *a)
{
	free(a->g);
	memset(a, 0, sizeof(*a));
}

/* An interned domain has one number as long as a binding holds it. */
static size_t aor_home(const struct aor_index *a, const struct record_table *t, uint32_t slot)
{
	const struct record *r = &t->r[slot];
	struct slice user = record_user(r, &t->pools);

	return (hash_bytes(user.p, user.n) ^ hash_u64(r->domain)) & (a->cap - 1);
}

static bool same_aor(const struct record_table *t, uint32_t x, uint32_t y)
{
	return x == y ||
	       (t->r[x].domain == t->r[y].domain &&
		slice_eq(record_user(&t->r[x], &t->pools), record_user(&t->r[y], &t->pools)));
}

/* The group of slot's AoR, or the free place where it belongs. */
static size_t aor_place(const struct aor_index *a, const struct record_table *t, uint32_t slot)
{
	size_t i = aor_home(a, t, slot);

	while (a->g[i].count && !same_aor(t, a->g[i].head, slot))
		i = (i + 1) & (a->cap - 1);
	return i;
}

static void aor_grow(struct aor_index *a, const struct record_table *t)
{
	struct aor_index old = *a;

	a->cap = old.cap ? old.cap * 2 : 64;
	a->g = xcalloc(a->cap, sizeof(*a->g));
	for (size_t i = 0; i < old.cap; i++) {
		size_t at;

		if (!old.g[i].count)
			continue;
		at = aor_home(a, t, old.g[i].head);
		while (a->g[at].count)
			at = (at + 1) & (a->cap - 1);
		a->g[at] = old.g[i];
	}
	free(old.g);
}

void aor_index_add(struct aor_index *a, struct record_table *t, uint32_t slot)
{
	struct record *r = &t->r[slot];
	struct aor_group *g;

	if ((a->n + 1) * 4 > a->cap * 3)
		aor_grow(a, t);
	g = &a->g[aor_place(a, t, slot)];
	r->aor_prev = RECORD_NONE;
	r->aor_next = RECORD_NONE;
	if (g->count) {
		r->aor_next = g->head;
		t->r[g->head].aor_prev = slot;
	} else {
		a->n++;
	}
	g->head = slot;
	g->count++;
}

/* Backward-shift deletion: entries move up until a free place or one that is at home. */
static void aor_close_hole(struct aor_index *a, const struct record_table *t, size_t hole)
{
	for (size_t i = (hole + 1) & (a->cap - 1); a->g[i].count; i = (i + 1) & (a->cap - 1)) {
		size_t home = aor_home(a, t, a->g[i].head);

		if (((i - home) & (a->cap - 1)) >= ((i - hole) & (a->cap - 1))) {
			a->g[hole] = a->g[i];
			hole = i;
		}
	}
	a->g[hole].count = 0;
}

void aor_index_remove(struct aor_index *a, struct record_table *t, uint32_t slot)
{
	size_t at = aor_place(a, t, slot);
	struct aor_group *g = &a->g[at];
	struct record *r = &t->r[slot];

	if (r->aor_next != RECORD_NONE)
		t->r[r->aor_next].aor_prev = r->aor_prev;
	if (r->aor_prev != RECORD_NONE)
		t->r[r->aor_prev].aor_next = r->aor_next;
	else
		g->head = r->aor_next;
	if (--g->count == 0) {
		a->n--;
		aor_close_hole(a, t, at);
	}
}

struct aor_group aor_index_group(const struct aor_index *a, const struct record_table *t,
				 uint32_t slot)
{
	return a->g[aor_place(a, t, slot)];
}
