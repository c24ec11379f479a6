/* What the files of the store share: its memory, and the way from an id to a record. */
#ifndef REGTOP_MODEL_STORE_STATE_H
#define REGTOP_MODEL_STORE_STATE_H

#include "model/slots.h"
#include "model/store.h"
#include "model/store_index.h"

#define SOURCES_MAX 255

/* An entry of the log of changes: the slot below, the kind of change above. */
#define CHANGE_SHIFT 30
#define CHANGE_SLOT  ((1u << CHANGE_SHIFT) - 1)

struct store_source {
	char *name;
	size_t count;
	uint8_t pass; /* number of the present or last pass; 1 … 255 */
};

struct store {
	struct record_table t;
	struct slot_index keys, aors;
	struct slotmap evidence; /* slot to struct evidence *, as a number */
	struct slotset marks;    /* in the order in which they were set */
	struct slotmap habits;   /* slot to seconds */
	struct store_source sources[SOURCES_MAX];
	size_t source_count;
	size_t count;
	uint32_t free_slots; /* chained through text */
	uint32_t serial;     /* of the newest binding */
	uint64_t generation, touched;
	uint32_t *changes; /* the last STORE_LOG generations: slot, and what changed above it */
	uint32_t *touches; /* slots of the last STORE_LOG touches */
	store_event_fn *listener;
	void *listener_ctx;
	store_watch_fn *watcher;
	void *watcher_ctx;
	struct binding_life life; /* what store_life() lends */
};

static inline binding_id id_of(const struct store *s, uint32_t slot)
{
	return (uint64_t)s->t.r[slot].serial << 32 | slot;
}

/* NULL when the binding is gone, or its slot belongs to another one now. */
static inline struct record *record_of(const struct store *s, binding_id id)
{
	uint32_t slot = binding_slot(id);

	if (!id || slot >= s->t.count || s->t.r[slot].serial != binding_serial(id))
		return NULL;
	return &s->t.r[slot];
}

static inline void note_touch(struct store *s, uint32_t slot)
{
	s->touched++;
	s->touches[s->touched % STORE_LOG] = slot;
}

static inline struct evidence *evidence_at(uint64_t value)
{
	return (struct evidence *)(uintptr_t)value;
}

#endif
