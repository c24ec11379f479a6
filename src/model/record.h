/* The record: how the store packs one binding into 32 bytes, a blob of text, and shared profiles.
 */
#ifndef REGTOP_MODEL_RECORD_H
#define REGTOP_MODEL_RECORD_H

#include "base/strbuf.h"
#include "model/binding.h"
#include "model/pool.h"
#include "model/store.h"

#define RECORD_NONE UINT32_MAX /* no slot */

/* One per binding, in one array: the index is its slot. A million of them are 32 MB. */
struct record {
	uint32_t serial;              /* 0: the slot is free */
	uint32_t text;                /* blob in the arena; of a free slot: the next one */
	uint32_t expires, refreshed;  /* seconds; RECORD_WIDE: they stand in the blob */
	uint32_t first_seen, changed; /* Unix seconds */
	uint32_t refreshes;
	uint16_t flags;
	uint8_t source;
	uint8_t pass; /* number of the pass that brought it last */
};

_Static_assert(sizeof(struct record) == 32, "two records are one cache line");

enum record_flag {
	RECORD_MARKED = 1,
	RECORD_EVIDENCE = 2,
	RECORD_USER_IN_CONTACT = 4, /* blob holds where in the contact the user stands */
	RECORD_RECEIVED = 8,
	RECORD_PATH = 16,
	RECORD_CALL_ID = 32,
	RECORD_INSTANCE = 64,
	RECORD_RUID = 128, /* a ruid of its own */
	RECORD_RUID_IS_KEY = 256,
	RECORD_CONNECTION = 512,
	RECORD_WIDE = 1024,          /* times that do not fit, in the blob in full */
	RECORD_PATH_OWN = 2048,      /* a Path that no other binding has, in the blob */
	RECORD_KEY_PACKED = 4096,    /* a key of Kamailio's, its last number in binary */
	RECORD_DIFFERS = 0xe000,     /* enum binding_differs, from RECORD_DIFFERS_BIT on */
	RECORD_PACKED = 0x1fff & ~3, /* all that record_pack() decides */
};

#define RECORD_DIFFERS_BIT 13

/* The longest key that is packed, and so has to be written out again to be lent. */
#define RECORD_KEY_ROOM 48
/* So many keys are lent at the same time. */
#define RECORD_KEYS_LENT 256

/* The pools that records point into. */
struct record_pools {
	struct arena arena;
	struct intern *domains, *profiles, *paths, *heads;
	struct strbuf scratch;
	char *blob; /* room for the blob that is being made */
	size_t blob_cap;
	char (*lent)[RECORD_KEY_ROOM]; /* keys written out, the oldest is used again */
	unsigned lent_next;
};

void record_pools_init(struct record_pools *p);
void record_pools_free(struct record_pools *p);
size_t record_pools_bytes(const struct record_pools *p);

/* Packs b into r: new text and references are taken first, so that b may point into the pools
 * themselves; then the old ones are given back when had_old. */
void record_pack(struct record *r, bool had_old, const struct binding *b, struct record_pools *p);
/* Slices point into the pools; key and ruid only until RECORD_KEYS_LENT more are unpacked. */
void record_unpack(const struct record *r, const struct record_pools *p, struct binding *out);
/* Gives text and references back. */
void record_release(const struct record *r, struct record_pools *p);
/* What store_glance() tells. */
void record_glance(const struct record *r, const struct record_pools *p, struct store_glance *out);
int64_t record_expires(const struct record *r, const struct record_pools *p);
/* The User-Agent of a profile. */
struct slice record_agent(const struct record_pools *p, uint32_t profile);
/* Only the key, in room of RECORD_KEY_ROOM bytes unless it stands in the blob as it is. */
struct slice record_key(const struct record *r, const struct record_pools *p, char *room);
/* Only the AoR: its user, and the number of its domain. */
struct slice record_aor(const struct record *r, const struct record_pools *p, uint32_t *domain);
/* Moves the blob into another arena. */
void record_move_text(struct record *r, const struct arena *from, struct arena *to);

#endif
