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

#endif
