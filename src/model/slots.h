/* Lists and sets of slots: arrays of small numbers, and one bit for each. */
#ifndef REGTOP_MODEL_SLOTS_H
#define REGTOP_MODEL_SLOTS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "base/alloc.h"

/* Slots in an order. */
struct slots {
	uint32_t *at;
	size_t n, cap;
};

/* One bit per slot. */
struct bitmap {
	uint64_t *word;
	size_t words;
};

static inline bool bitmap_get(const struct bitmap *b, uint32_t slot)
{
	return slot / 64 < b->words && (b->word[slot / 64] >> slot % 64 & 1);
}

static inline void slots_add(struct slots *l, uint32_t slot)
{
	XGROW(l->at, l->cap, l->n + 1);
	l->at[l->n++] = slot;
}

static inline void slots_free(struct slots *l)
{
	free(l->at);
	*l = (struct slots){0};
}

static inline void bitmap_fit(struct bitmap *b, size_t slots)
{
	size_t had = b->words;

	XGROW(b->word, b->words, slots / 64 + 1);
	if (b->words > had)
		memset(b->word + had, 0, (b->words - had) * sizeof(*b->word));
}

static inline void bitmap_put(struct bitmap *b, uint32_t slot, bool on)
{
	uint64_t bit = 1ULL << slot % 64;

	b->word[slot / 64] = on ? b->word[slot / 64] | bit : b->word[slot / 64] & ~bit;
}

static inline void bitmap_free(struct bitmap *b)
{
	free(b->word);
	*b = (struct bitmap){0};
}

/* A set that knows in which order its slots came. Nothing is looked for: to take in a million is a
 * walk over two arrays. */
struct slotset {
	struct slots order; /* SLOTSET_HOLE where one has left */
	uint32_t *place;    /* by slot: where it stands in order, from 1; 0: not in the set */
	size_t places, n;
};

#define SLOTSET_HOLE UINT32_MAX

static inline void slotset_close_holes(struct slotset *s)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->order.n; i++) {
		uint32_t slot = s->order.at[i];

		if (slot == SLOTSET_HOLE)
			continue;
		s->order.at[kept++] = slot;
		s->place[slot] = (uint32_t)kept;
	}
	s->order.n = kept;
}

static inline void slotset_add(struct slotset *s, uint32_t slot)
{
	size_t had = s->places;

	XGROW(s->place, s->places, (size_t)slot + 1);
	if (s->places > had)
		memset(s->place + had, 0, (s->places - had) * sizeof(*s->place));
	if (s->place[slot])
		return;
	slots_add(&s->order, slot);
	s->place[slot] = (uint32_t)s->order.n;
	s->n++;
}

static inline void slotset_remove(struct slotset *s, uint32_t slot)
{
	if (slot >= s->places || !s->place[slot])
		return;
	s->order.at[s->place[slot] - 1] = SLOTSET_HOLE;
	s->place[slot] = 0;
	s->n--;
	if (s->order.n > 2 * s->n + 64)
		slotset_close_holes(s);
}

static inline void slotset_free(struct slotset *s)
{
	slots_free(&s->order);
	free(s->place);
	*s = (struct slotset){0};
}

#endif
