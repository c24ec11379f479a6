/* The registrar's bindings in memory: by key, by AoR in creation order, by connection, by end. */
#include "sip/registrar_table.h"

#include <stdlib.h>
#include "base/alloc.h"
#include "base/hash.h"

/* Seconds that the timing wheel covers; what ends later goes round once more. */
#define WHEEL_SLOTS 4096

struct index {
	struct reg_rec **bucket;
	size_t size; /* a power of two */
	size_t used;
};

struct reg_table {
	struct index index[REG_INDEXES];
	size_t count;
	struct reg_rec *wheel[WHEEL_SLOTS];
	int64_t swept_s; /* every slot up to this second was looked at */
};

/* ---- records --------------------------------------------------------------------------------- */

static void move_in(struct slice *s, char **at)
{
	if (s->n)
		memcpy(*at, s->p, s->n);
	s->p = *at;
	*at += s->n;
}

struct reg_rec *reg_rec_new(const struct registrar_binding *b, uint64_t n, bool outbound)
{
	size_t text = b->key.n + b->user.n + b->domain.n + b->contact.n + b->received.n +
		      b->path.n + b->socket.n + b->user_agent.n + b->call_id.n + b->instance.n +
		      b->methods.n;
	struct reg_rec *rec = xmalloc(sizeof(*rec) + text);
	char *at = (char *)(rec + 1);

	memset(rec, 0, sizeof(*rec));
	rec->b = *b;
	rec->n = n;
	rec->outbound = outbound;
	rec->refs = 1;
	move_in(&rec->b.key, &at);
	move_in(&rec->b.user, &at);
	move_in(&rec->b.domain, &at);
	move_in(&rec->b.contact, &at);
	move_in(&rec->b.received, &at);
	move_in(&rec->b.path, &at);
	move_in(&rec->b.socket, &at);
	move_in(&rec->b.user_agent, &at);
	move_in(&rec->b.call_id, &at);
	move_in(&rec->b.instance, &at);
	move_in(&rec->b.methods, &at);
	return rec;
}

struct reg_rec *reg_rec_ref(struct reg_rec *rec)
{
	rec->refs++;
	return rec;
}

void reg_rec_unref(struct reg_rec *rec)
{
	if (rec && --rec->refs == 0)
		free(rec);
}

/* ---- indexes --------------------------------------------------------------------------------- */

static uint64_t hash_aor(struct slice user, struct slice domain)
{
	return hash_u64(hash_bytes(user.p, user.n) * 31 + hash_bytes(domain.p, domain.n));
}

static struct reg_rec **bucket_of(const struct index *ix, uint64_t hash)
{
	return &ix->bucket[hash & (ix->size - 1)];
}

/* The bindings of an AoR are kept in order of creation, because RFC 3261's comparison is not
 * transitive and the first match counts. The others are not: a proxy's one connection may carry
 * ten thousand bindings. */
static void chain_insert(struct index *ix, enum reg_index which, struct reg_rec *rec)
{
	struct reg_rec **at = bucket_of(ix, rec->hash[which]);

	while (which == REG_BY_AOR && *at && (*at)->n < rec->n)
		at = &(*at)->chain[which];
	rec->chain[which] = *at;
	rec->link[which] = at;
	if (*at)
		(*at)->link[which] = &rec->chain[which];
	*at = rec;
}

static void index_grow(struct index *ix, enum reg_index which)
{
	struct index old = *ix;

	ix->size = old.size * 2;
	ix->bucket = xcalloc(ix->size, sizeof(struct reg_rec *));
	for (size_t i = 0; i < old.size; i++) {
		struct reg_rec *rec = old.bucket[i], *next;

		for (; rec; rec = next) {
			next = rec->chain[which];
			chain_insert(ix, which, rec);
		}
	}
	free(old.bucket);
}

static void index_add(struct reg_table *t, enum reg_index which, struct reg_rec *rec, uint64_t hash)
{
	struct index *ix = &t->index[which];

	if (ix->used >= ix->size)
		index_grow(ix, which);
	rec->hash[which] = hash;
	chain_insert(ix, which, rec);
	ix->used++;
}

static void index_drop(struct reg_table *t, enum reg_index which, struct reg_rec *rec)
{
	*rec->link[which] = rec->chain[which];
	if (rec->chain[which])
		rec->chain[which]->link[which] = rec->link[which];
	rec->chain[which] = NULL;
	rec->link[which] = NULL;
	t->index[which].used--;
}

/* ---- the wheel ------------------------------------------------------------------------------- */

static int64_t due_ms(const struct reg_rec *rec)
{
	return rec->b.expires_ms + REG_GRACE_MS;
}

static void wheel_add(struct reg_table *t, struct reg_rec *rec)
{
	/* The slot of the first whole second at which it is due; never one already swept. */
	int64_t s = due_ms(rec) / 1000 + 1;
	struct reg_rec **slot;

	if (s <= t->swept_s)
		s = t->swept_s + 1;
	slot = &t->wheel[(uint64_t)s % WHEEL_SLOTS];
	rec->wheel_next = *slot;
	rec->wheel_link = slot;
	if (*slot)
		(*slot)->wheel_link = &rec->wheel_next;
	*slot = rec;
}

static void wheel_drop(struct reg_rec *rec)
{
	*rec->wheel_link = rec->wheel_next;
	if (rec->wheel_next)
		rec->wheel_next->wheel_link = rec->wheel_link;
	rec->wheel_next = NULL;
	rec->wheel_link = NULL;
}

/* ---- the table ------------------------------------------------------------------------------- */

struct reg_table *reg_table_new(int64_t now_ms)
{
	struct reg_table *t = xcalloc(1, sizeof(*t));

	for (int i = 0; i < REG_INDEXES; i++) {
		t->index[i].size = 64;
		t->index[i].bucket = xcalloc(t->index[i].size, sizeof(struct reg_rec *));
	}
	t->swept_s = now_ms / 1000;
	return t;
}

void reg_table_free(struct reg_table *t)
{
	struct index *ix = &t->index[REG_BY_KEY];

	for (size_t i = 0; i < ix->size; i++) {
		struct reg_rec *rec = ix->bucket[i], *next;

		for (; rec; rec = next) {
			next = rec->chain[REG_BY_KEY];
			reg_rec_unref(rec);
		}
	}
	for (int i = 0; i < REG_INDEXES; i++)
		free(t->index[i].bucket);
	free(t);
}

size_t reg_table_count(const struct reg_table *t)
{
	return t->count;
}

static void take_out(struct reg_table *t, struct reg_rec *rec)
{
	index_drop(t, REG_BY_KEY, rec);
	index_drop(t, REG_BY_AOR, rec);
	if (rec->b.connection)
		index_drop(t, REG_BY_CONNECTION, rec);
	wheel_drop(rec);
	t->count--;
}

struct reg_rec *reg_table_put(struct reg_table *t, struct reg_rec *rec)
{
	struct reg_rec *old = reg_table_remove(t, rec->b.key);

	index_add(t, REG_BY_KEY, rec, hash_bytes(rec->b.key.p, rec->b.key.n));
	index_add(t, REG_BY_AOR, rec, hash_aor(rec->b.user, rec->b.domain));
	if (rec->b.connection)
		index_add(t, REG_BY_CONNECTION, rec, hash_u64(rec->b.connection));
	wheel_add(t, rec);
	t->count++;
	return old;
}

struct reg_rec *reg_table_remove(struct reg_table *t, struct slice key)
{
	struct reg_rec *rec = reg_table_find(t, key);

	if (rec)
		take_out(t, rec);
	return rec;
}

struct reg_rec *reg_table_find(const struct reg_table *t, struct slice key)
{
	uint64_t hash = hash_bytes(key.p, key.n);
	struct reg_rec *rec = *bucket_of(&t->index[REG_BY_KEY], hash);

	while (rec && !(rec->hash[REG_BY_KEY] == hash && slice_eq(rec->b.key, key)))
		rec = rec->chain[REG_BY_KEY];
	return rec;
}

static struct reg_rec *aor_from(struct reg_rec *rec, uint64_t hash, struct slice user,
				struct slice domain)
{
	while (rec && !(rec->hash[REG_BY_AOR] == hash && slice_eq(rec->b.user, user) &&
			slice_eq(rec->b.domain, domain)))
		rec = rec->chain[REG_BY_AOR];
	return rec;
}

struct reg_rec *reg_table_first(const struct reg_table *t, struct slice user, struct slice domain)
{
	uint64_t hash = hash_aor(user, domain);

	return aor_from(*bucket_of(&t->index[REG_BY_AOR], hash), hash, user, domain);
}

struct reg_rec *reg_table_next(const struct reg_rec *rec)
{
	return aor_from(rec->chain[REG_BY_AOR], rec->hash[REG_BY_AOR], rec->b.user, rec->b.domain);
}

struct reg_rec *reg_table_on_connection(const struct reg_table *t, uint32_t connection)
{
	struct reg_rec *rec = *bucket_of(&t->index[REG_BY_CONNECTION], hash_u64(connection));

	while (rec && rec->b.connection != connection)
		rec = rec->chain[REG_BY_CONNECTION];
	return rec;
}

void reg_table_forget_connection(struct reg_table *t, struct reg_rec *rec)
{
	index_drop(t, REG_BY_CONNECTION, rec);
	rec->b.connection = 0;
}

struct reg_rec *reg_table_take_due(struct reg_table *t, int64_t now_ms)
{
	int64_t now_s = now_ms / 1000;

	/* The wall clock may be set: after a jump forward each slot is looked at once, after one
	 * backward the wheel goes on from there. */
	if (now_s - t->swept_s > WHEEL_SLOTS)
		t->swept_s = now_s - WHEEL_SLOTS;
	if (now_s < t->swept_s)
		t->swept_s = now_s;
	for (; t->swept_s < now_s; t->swept_s++) {
		struct reg_rec *rec = t->wheel[(uint64_t)(t->swept_s + 1) % WHEEL_SLOTS];

		while (rec && due_ms(rec) > now_ms)
			rec = rec->wheel_next;
		if (rec) {
			take_out(t, rec);
			return rec;
		}
	}
	return NULL;
}

void reg_table_each(const struct reg_table *t, registrar_visit_fn *fn, void *ctx)
{
	const struct index *ix = &t->index[REG_BY_KEY];

	for (size_t i = 0; i < ix->size; i++)
		for (struct reg_rec *rec = ix->bucket[i]; rec; rec = rec->chain[REG_BY_KEY])
			if (!fn(ctx, &rec->b))
				return;
}
