/* Memory for many small texts: a packed arena, an interning table, and a sparse map of slots. */
#include "model/pool.h"

#include <stdio.h>
#include <stdlib.h>
#include "base/alloc.h"
#include "base/hash.h"

#define ARENA_UNIT         4
#define ARENA_WORTH_A_LOOK 65536

static size_t room_of(size_t n)
{
	return (n + ARENA_UNIT - 1) & ~(size_t)(ARENA_UNIT - 1);
}

void arena_free(struct arena *a)
{
	free(a->p);
	memset(a, 0, sizeof(*a));
}

uint32_t arena_add(struct arena *a, struct slice blob)
{
	size_t at = a->used, room = room_of(blob.n);

	if ((at + room) / ARENA_UNIT > UINT32_MAX) {
		fputs("regtop: more than 16 GiB of bindings\n", stderr);
		abort();
	}
	XGROW(a->p, a->cap, at + room);
	memcpy(a->p + at, blob.p, blob.n);
	a->used += room;
	return (uint32_t)(at / ARENA_UNIT);
}

bool arena_rewrite(struct arena *a, uint32_t at, size_t old_n, struct slice blob)
{
	if (room_of(blob.n) > room_of(old_n))
		return false;
	memcpy(a->p + (size_t)at * ARENA_UNIT, blob.p, blob.n);
	a->waste += room_of(old_n) - room_of(blob.n);
	return true;
}

void arena_drop(struct arena *a, size_t n)
{
	a->waste += room_of(n);
}

const char *arena_at(const struct arena *a, uint32_t at)
{
	return a->p + (size_t)at * ARENA_UNIT;
}

bool arena_wasteful(const struct arena *a)
{
	return a->used > ARENA_WORTH_A_LOOK && a->waste > a->used / 2;
}

/* ---- interning ----------------------------------------------------------------------------------
 */

struct intern_entry {
	char *p;
	uint32_t n, refs;
	uint32_t next; /* in its bucket, or in the list of free entries */
};

struct intern {
	struct intern_entry *e; /* entry 0 is the empty text */
	size_t count, cap;      /* entries ever used, room */
	size_t live, bytes;
	uint32_t free_list;
	uint32_t *heads;
	size_t head_count; /* a power of two */
	uint64_t drops;
};

struct intern *intern_new(void)
{
	struct intern *t = xcalloc(1, sizeof(*t));

	XGROW(t->e, t->cap, 1);
	memset(&t->e[0], 0, sizeof(t->e[0]));
	t->count = 1;
	t->head_count = 64;
	t->heads = xcalloc(t->head_count, sizeof(*t->heads));
	return t;
}

void intern_free(struct intern *t)
{
	if (!t)
		return;
	for (size_t i = 1; i < t->count; i++)
		if (t->e[i].refs)
			free(t->e[i].p);
	free(t->e);
	free(t->heads);
	free(t);
}

static uint32_t *bucket(const struct intern *t, struct slice s)
{
	return &t->heads[hash_bytes(s.p, s.n) & (t->head_count - 1)];
}

static void intern_grow_heads(struct intern *t)
{
	free(t->heads);
	t->head_count *= 2;
	t->heads = xcalloc(t->head_count, sizeof(*t->heads));
	for (size_t i = 1; i < t->count; i++) {
		uint32_t *head;

		if (!t->e[i].refs)
			continue;
		head = bucket(t, slice_make(t->e[i].p, t->e[i].n));
		t->e[i].next = *head;
		*head = (uint32_t)i;
	}
}

static uint32_t intern_slot(struct intern *t)
{
	uint32_t id = t->free_list;

	if (id) {
		t->free_list = t->e[id].next;
		return id;
	}
	XGROW(t->e, t->cap, t->count + 1);
	return (uint32_t)t->count++;
}

uint32_t intern_find(const struct intern *t, struct slice s)
{
	uint32_t id = s.n ? *bucket(t, s) : 0;

	while (id && (t->e[id].n != s.n || memcmp(t->e[id].p, s.p, s.n) != 0))
		id = t->e[id].next;
	return id;
}

uint32_t intern_take(struct intern *t, struct slice s)
{
	uint32_t id = intern_find(t, s), *head;

	if (id)
		t->e[id].refs++;
	if (id || s.n == 0)
		return id;
	if (t->live >= t->head_count)
		intern_grow_heads(t);
	head = bucket(t, s);
	id = intern_slot(t);
	t->e[id] = (struct intern_entry){
		.p = xmalloc(s.n), .n = (uint32_t)s.n, .refs = 1, .next = *head};
	memcpy(t->e[id].p, s.p, s.n);
	*head = id;
	t->live++;
	t->bytes += s.n;
	return id;
}

void intern_drop(struct intern *t, uint32_t id)
{
	struct intern_entry *e = &t->e[id];
	uint32_t *link;

	if (id == 0 || --e->refs)
		return;
	link = bucket(t, slice_make(e->p, e->n));
	while (*link != id)
		link = &t->e[*link].next;
	*link = e->next;
	t->live--;
	t->bytes -= e->n;
	free(e->p);
	e->p = NULL;
	e->n = 0;
	e->next = t->free_list;
	t->free_list = id;
	t->drops++;
}

struct slice intern_text(const struct intern *t, uint32_t id)
{
	return slice_make(t->e[id].p, t->e[id].n);
}

size_t intern_count(const struct intern *t)
{
	return t->live;
}

size_t intern_numbers(const struct intern *t)
{
	return t->count;
}

uint64_t intern_drops(const struct intern *t)
{
	return t->drops;
}

size_t intern_bytes(const struct intern *t)
{
	return t->bytes + t->count * sizeof(*t->e) + t->head_count * sizeof(*t->heads);
}

/* ---- sparse map: open addressing with backward-shift deletion, so that it never fills with tombs
 * - */

void slotmap_free(struct slotmap *m)
{
	free(m->e);
	memset(m, 0, sizeof(*m));
}

static size_t home_of(const struct slotmap *m, uint32_t slot)
{
	return hash_u64(slot) & (m->cap - 1);
}

/* The entry of slot, or the free place where it belongs. */
static size_t place_of(const struct slotmap *m, uint32_t slot)
{
	size_t i = home_of(m, slot);

	while (m->e[i].value && m->e[i].slot != slot)
		i = (i + 1) & (m->cap - 1);
	return i;
}

uint64_t slotmap_get(const struct slotmap *m, uint32_t slot)
{
	return m->n ? m->e[place_of(m, slot)].value : 0;
}

static void slotmap_grow(struct slotmap *m)
{
	struct slotmap old = *m;

	m->cap = old.cap ? old.cap * 2 : 16;
	m->e = xcalloc(m->cap, sizeof(*m->e));
	for (size_t i = 0; i < old.cap; i++)
		if (old.e[i].value)
			m->e[place_of(m, old.e[i].slot)] = old.e[i];
	free(old.e);
}

void slotmap_set(struct slotmap *m, uint32_t slot, uint64_t value)
{
	size_t i;

	if ((m->n + 1) * 4 > m->cap * 3)
		slotmap_grow(m);
	i = place_of(m, slot);
	if (!m->e[i].value)
		m->n++;
	m->e[i] = (struct slotmap_entry){.value = value, .slot = slot};
}

uint64_t slotmap_remove(struct slotmap *m, uint32_t slot)
{
	uint64_t value;
	size_t hole, i;

	if (!m->n)
		return 0;
	hole = place_of(m, slot);
	value = m->e[hole].value;
	if (!value)
		return 0;
	m->n--;
	for (i = (hole + 1) & (m->cap - 1); m->e[i].value; i = (i + 1) & (m->cap - 1)) {
		size_t home = home_of(m, m->e[i].slot);

		/* It may move back only if the hole is not before its home. */
		if (((i - home) & (m->cap - 1)) >= ((i - hole) & (m->cap - 1))) {
			m->e[hole] = m->e[i];
			hole = i;
		}
	}
	m->e[hole].value = 0;
	return value;
}
