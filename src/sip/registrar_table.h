/* The registrar's bindings in memory: by key, by AoR in creation order, by connection, by end. */
#ifndef REGTOP_SIP_REGISTRAR_TABLE_H
#define REGTOP_SIP_REGISTRAR_TABLE_H

#include "sip/registrar.h"

/* A lapsed binding stays visible this long, as it does with registrars that sweep by a timer, so
 * that an operator sees that it lapsed. It is in no 200 any more. */
#define REG_GRACE_MS 30000

enum reg_index { REG_BY_KEY, REG_BY_AOR, REG_BY_CONNECTION, REG_INDEXES };

/* One binding in one block of memory. Everything but the links and b.connection stays as it was
 * made, because the store's thread reads it; a refresh makes a new record. */
struct reg_rec {
	struct registrar_binding b;
	uint64_t n;    /* creation order over all runs; the store's row */
	bool outbound; /* found by (AoR, instance, reg-id), RFC 5626 */
	unsigned refs; /* loop thread only */
	uint64_t hash[REG_INDEXES];
	struct reg_rec *chain[REG_INDEXES], **link[REG_INDEXES];
	struct reg_rec *wheel_next, **wheel_link;
};

/* A copy of b (slices and all) with one reference. */
struct reg_rec *reg_rec_new(const struct registrar_binding *b, uint64_t n, bool outbound);
struct reg_rec *reg_rec_ref(struct reg_rec *rec);
/* NULL is fine. */
void reg_rec_unref(struct reg_rec *rec);
static inline bool reg_rec_lapsed(const struct reg_rec *rec, int64_t now_ms)
{
	return rec->b.expires_ms <= now_ms;
}

struct reg_table;

struct reg_table *reg_table_new(int64_t now_ms);
void reg_table_free(struct reg_table *t);
size_t reg_table_count(const struct reg_table *t);
/* Takes over the caller's reference. A record with the same key gives way: it is returned and is
 * the caller's; else NULL. */
struct reg_rec *reg_table_put(struct reg_table *t, struct reg_rec *rec);
/* Takes the record of this key out; its reference is the caller's. NULL when there is none. */
struct reg_rec *reg_table_remove(struct reg_table *t, struct slice key);
struct reg_rec *reg_table_find(const struct reg_table *t, struct slice key);
/* First binding of the AoR, and the next one, in order of creation; lapsed ones too. */
struct reg_rec *reg_table_first(const struct reg_table *t, struct slice user, struct slice domain);
struct reg_rec *reg_table_next(const struct reg_rec *rec);
/* A binding that came over this connection; NULL when there is none. */
struct reg_rec *reg_table_on_connection(const struct reg_table *t, uint32_t connection);
/* The connection is closed: the record is no longer found by it. */
void reg_table_forget_connection(struct reg_table *t, struct reg_rec *rec);
/* One record whose grace is over at now_ms, taken out (the caller's); NULL: no more. */
struct reg_rec *reg_table_take_due(struct reg_table *t, int64_t now_ms);
void reg_table_each(const struct reg_table *t, registrar_visit_fn *fn, void *ctx);

#endif
