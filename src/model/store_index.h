/* The store's two indexes: bindings by (source, key), and bindings of the same AoR. */
#ifndef REGTOP_MODEL_STORE_INDEX_H
#define REGTOP_MODEL_STORE_INDEX_H

#include "model/record.h"

/* What both need to look into records; the arrays belong to the store and may move. */
struct record_table {
	struct record *r;
	size_t count, cap; /* slots ever used, room */
	struct record_pools pools;
};

/* Buckets of slots, chained through record.key_next. */
struct key_index {
	uint32_t *heads;
	size_t cap, n;
};

void key_index_free(struct key_index *k);
/* RECORD_NONE when there is none. */
uint32_t key_index_find(const struct key_index *k, const struct record_table *t, uint8_t source,
			struct slice key);
void key_index_add(struct key_index *k, struct record_table *t, uint32_t slot);
void key_index_remove(struct key_index *k, struct record_table *t, uint32_t slot);

/* One entry per AoR: its newest binding and how many there are, so that the number of twins costs
 * nothing even for an AoR with very many. */
struct aor_group {
	uint32_t head;
	uint32_t count; /* 0: free */
};

struct aor_index {
	struct aor_group *g;
	size_t cap, n;
};

void aor_index_free(struct aor_index *a);
void aor_index_add(struct aor_index *a, struct record_table *t, uint32_t slot);
void aor_index_remove(struct aor_index *a, struct record_table *t, uint32_t slot);
struct aor_group aor_index_group(const struct aor_index *a, const struct record_table *t,
				 uint32_t slot);

#endif
