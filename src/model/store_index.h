/* The store's two indexes: bindings by (source, key), and bindings of the same AoR. */
#ifndef REGTOP_MODEL_STORE_INDEX_H
#define REGTOP_MODEL_STORE_INDEX_H

#include "model/record.h"

/* What both need to look into records; the arrays belong to the store and may move. */
struct record_table {
	struct record *r;
	size_t count, cap;    /* slots ever used, room */
	struct slotmap links; /* neighbours among twins, of those that have some */
	struct record_pools pools;
};

/* Open addressing. The hash stands beside the slot: neither a search that passes by nor growing
 * touches a record or its text, each of which is a cache miss at a million bindings. */
struct index_entry {
	uint32_t hash;
	uint32_t slot; /* RECORD_NONE: free */
};

struct slot_index {
	struct index_entry *e;
	size_t cap, n; /* room, entries */
};

void slot_index_free(struct slot_index *x);

/* Every binding by its source and key. RECORD_NONE when there is none. */
uint32_t key_index_find(const struct slot_index *x, const struct record_table *t, uint8_t source,
			struct slice key);
void key_index_add(struct slot_index *x, const struct record_table *t, uint32_t slot);
void key_index_remove(struct slot_index *x, const struct record_table *t, uint32_t slot);

/* One entry per AoR: its newest binding, in whose links the number of them all stands, so that
 * the number of twins costs nothing even for an AoR with very many. Most bindings have none, and
 * no links. */
struct aor_group {
	uint32_t head;
	uint32_t count;
};

void aor_index_add(struct slot_index *x, struct record_table *t, uint32_t slot);
void aor_index_remove(struct slot_index *x, struct record_table *t, uint32_t slot);
struct aor_group aor_index_group(const struct slot_index *x, const struct record_table *t,
				 uint32_t slot);
/* The newest binding of an AoR, or RECORD_NONE. */
uint32_t aor_index_find(const struct slot_index *x, const struct record_table *t, struct slice user,
			struct slice domain);
/* The next older binding of the same AoR, or RECORD_NONE. */
uint32_t aor_index_older(const struct record_table *t, uint32_t slot);

#endif
