/* Memory for many small texts: a packed arena, an interning table, and a sparse map of slots. */
#ifndef REGTOP_MODEL_POOL_H
#define REGTOP_MODEL_POOL_H

#include "base/slice.h"

/* ---- arena: blobs named by a small number; the owner keeps the numbers and their sizes ---------
 */

/* Blobs begin at multiples of four bytes, so that 32 bits name 16 GiB. */
struct arena {
	char *p;
	size_t used, cap; /* bytes */
	size_t waste;     /* of used: freed and not taken again */
};

void arena_free(struct arena *a);
/* Copies blob in; pointers into the arena are invalid afterwards. */
uint32_t arena_add(struct arena *a, struct slice blob);
/* Writes over a blob of old_n bytes when the new one fits into its room; false when not. */
bool arena_rewrite(struct arena *a, uint32_t at, size_t old_n, struct slice blob);
/* A blob of n bytes is not needed any more. */
void arena_drop(struct arena *a, size_t n);
const char *arena_at(const struct arena *a, uint32_t at);
/* True when more than half of it is waste and it is worth the time to compact. */
bool arena_wasteful(const struct arena *a);

/* ---- interning: one copy of what many bindings repeat, counted ----------------------------------
 */

struct intern;

struct intern *intern_new(void);
void intern_free(struct intern *t);
/* The number of this text, with one reference more. The empty text is 0 and needs no reference. */
uint32_t intern_take(struct intern *t, struct slice s);
/* Its number without one more reference; 0 when no binding holds it (or it is empty). */
uint32_t intern_find(const struct intern *t, struct slice s);
void intern_drop(struct intern *t, uint32_t id);
/* Stays where it is as long as a reference is held; empty for a number that is free. */
struct slice intern_text(const struct intern *t, uint32_t id);
size_t intern_count(const struct intern *t);
/* All numbers that texts have or had are below. */
size_t intern_numbers(const struct intern *t);
/* How often a number has become free, and may mean another text since. */
uint64_t intern_drops(const struct intern *t);
size_t intern_bytes(const struct intern *t);

/* ---- sparse map: slot to a non-zero value, for what few bindings have ---------------------------
 */

struct slotmap {
	struct slotmap_entry *e;
	size_t n, cap; /* cap is zero or a power of two */
};

struct slotmap_entry {
	uint64_t value; /* 0: free */
	uint32_t slot;
};

void slotmap_free(struct slotmap *m);
/* 0 when there is none. */
uint64_t slotmap_get(const struct slotmap *m, uint32_t slot);
void slotmap_set(struct slotmap *m, uint32_t slot, uint64_t value);
/* Returns the value that was there, or 0. */
uint64_t slotmap_remove(struct slotmap *m, uint32_t slot);

#endif
