/* The prober's books: probes by id, by peer, and by the time at which each is due. */
#include "sip/probe_table.h"

#include <stdlib.h>
#include "base/alloc.h"
#include "base/hash.h"

/* Probes live in chunks that never move; the index is part of the id, so that an answer finds its
 * probe without searching, and the other 40 bits are what a stranger would have to guess. */
#define INDEX_BITS 24
#define INDEX_MASK ((1U << INDEX_BITS) - 1)
#define CHUNK      1024

/* The wheel: lists by time, one for every four milliseconds, 32.8 s around. What is due later than
 * that waits in its last list and is put anew when its turn comes. */
#define SLOT_MS 4
#define SLOTS   8192U
#define OUTBOX  SLOTS /* behind the lists of the wheel */
#define NOWHERE 0xffffU
#define WORDS   (SLOTS / 64)

struct list {
	uint32_t first, last;
};

struct probe_table {
	struct probe **chunks;
	size_t chunk_cap;
	uint32_t used;  /* places that were ever given out */
	uint32_t free_; /* list of places given back, by peer.next */
	size_t count;
	uint32_t *peers; /* first of each bucket */
	size_t peer_cap; /* 0 or a power of two */
	struct list lists[SLOTS + 1];
	uint64_t busy[WORDS]; /* which lists of the wheel hold anything */
	size_t waiting;       /* in all of them */
	int64_t turn;         /* time in slots: everything before it is empty */
};

static struct probe *probe_at(const struct probe_table *t, uint32_t link)
{
	return link ? &t->chunks[(link - 1) / CHUNK][(link - 1) % CHUNK] : NULL;
}

static uint32_t link_of(const struct probe *x)
{
	return (uint32_t)(x->id & INDEX_MASK) + 1;
}

/* ---- peers -------------------------------------------------------------------------------- */

static uint64_t hash_addr(const struct netaddr *a)
{
	if (a->sa.sa_family == AF_INET)
		return hash_u64((uint64_t)a->in4.sin_addr.s_addr << 16 | a->in4.sin_port);
	return hash_bytes(&a->in6.sin6_addr, sizeof(a->in6.sin6_addr)) ^ a->in6.sin6_port;
}

static uint64_t hash_connection(uint32_t connection)
{
	return hash_u64(1ULL << 60 | connection);
}

static uint64_t hash_peer(const struct probe *x)
{
	struct sip_flow flow;

	if (x->transport == TRANSPORT_TCP)
		return hash_connection(x->connection);
	probe_table_flow(x, &flow);
	return hash_addr(&flow.remote);
}

static uint32_t *bucket(const struct probe_table *t, uint64_t hash)
{
	return &t->peers[hash & (t->peer_cap - 1)];
}

static void peer_link(struct probe_table *t, struct probe *x)
{
	uint32_t *first = bucket(t, hash_peer(x));

	x->peer = (struct probe_link){.next = *first, .prev = 0};
	if (*first)
		probe_at(t, *first)->peer.prev = link_of(x);
	*first = link_of(x);
}

static void peer_unlink(struct probe_table *t, struct probe *x)
{
	if (x->peer.prev)
		probe_at(t, x->peer.prev)->peer.next = x->peer.next;
	else
		*bucket(t, hash_peer(x)) = x->peer.next;
	if (x->peer.next)
		probe_at(t, x->peer.next)->peer.prev = x->peer.prev;
}

static void peers_grow(struct probe_table *t)
{
	free(t->peers);
	t->peer_cap = t->peer_cap ? t->peer_cap * 2 : 64;
	t->peers = xcalloc(t->peer_cap, sizeof(*t->peers));
	for (uint32_t link = 1; link <= t->used; link++)
		if (probe_at(t, link)->id)
			peer_link(t, probe_at(t, link));
}

static struct probe *first_or_next(const struct probe_table *t, uint64_t hash,
				   const struct probe *x)
{
	if (x)
		return probe_at(t, x->peer.next);
	return t->peer_cap ? probe_at(t, *bucket(t, hash)) : NULL;
}

struct probe *probe_table_to_addr(const struct probe_table *t, const struct netaddr *to,
				  const struct probe *x)
{
	return first_or_next(t, hash_addr(to), x);
}

struct probe *probe_table_on_connection(const struct probe_table *t, uint32_t connection,
					const struct probe *x)
{
	return first_or_next(t, hash_connection(connection), x);
}

/* ---- lists -------------------------------------------------------------------------------- */

static void list_leave(struct probe_table *t, struct probe *x)
{
	struct list *l;

	if (x->at == NOWHERE)
		return;
	l = &t->lists[x->at];
	if (x->list.prev)
		probe_at(t, x->list.prev)->list.next = x->list.next;
	else
		l->first = x->list.next;
	if (x->list.next)
		probe_at(t, x->list.next)->list.prev = x->list.prev;
	else
		l->last = x->list.prev;
	if (x->at != OUTBOX) {
		t->waiting--;
		if (!l->first)
			t->busy[x->at / 64] &= ~(1ULL << x->at % 64);
	}
	x->at = NOWHERE;
}

static void list_join(struct probe_table *t, struct probe *x, unsigned at)
{
	struct list *l = &t->lists[at];

	list_leave(t, x);
	x->list = (struct probe_link){.next = 0, .prev = l->last};
	if (l->last)
		probe_at(t, l->last)->list.next = link_of(x);
	else
		l->first = link_of(x);
	l->last = link_of(x);
	x->at = (uint16_t)at;
}

void probe_table_due(struct probe_table *t, struct probe *x, int64_t now_ms, int64_t due_ms)
{
	int64_t turn = (due_ms + SLOT_MS - 1) / SLOT_MS;
	unsigned at;

	list_leave(t, x);
	/* While nothing waited nobody turned the wheel. */
	if (t->waiting == 0)
		t->turn = now_ms / SLOT_MS;
	if (turn < t->turn)
		turn = t->turn;
	if (turn >= t->turn + (int64_t)SLOTS)
		turn = t->turn + (int64_t)SLOTS - 1;
	at = (unsigned)(turn % SLOTS);
	x->due_ms = due_ms;
	list_join(t, x, at);
	t->waiting++;
	t->busy[at / 64] |= 1ULL << at % 64;
}

/* How many turns from now on until a list that holds something; only when one does. */
static int64_t turns_to_go(const struct probe_table *t)
{
	unsigned at = (unsigned)(t->turn % SLOTS);
	uint64_t bits = t->busy[at / 64] >> at % 64;
	int64_t turns = 64 - at % 64;

	if (bits)
		return __builtin_ctzll(bits);
	for (unsigned w = at / 64 + 1;; w++, turns += 64)
		if (t->busy[w % WORDS])
			return turns + __builtin_ctzll(t->busy[w % WORDS]);
}

struct probe *probe_table_next_due(struct probe_table *t, int64_t now_ms)
{
	while (t->waiting) {
		int64_t turn = t->turn + turns_to_go(t);
		struct probe *x;

		if (turn > now_ms / SLOT_MS)
			return NULL;
		t->turn = turn;
		x = probe_at(t, t->lists[turn % SLOTS].first);
		if (x->due_ms <= now_ms)
			return x;
		/* It was too far away for the wheel. */
		probe_table_due(t, x, now_ms, x->due_ms);
	}
	return NULL;
}

int64_t probe_table_wait_ms(const struct probe_table *t, int64_t now_ms)
{
	int64_t due;

	if (!t->waiting)
		return -1;
	due = (t->turn + turns_to_go(t)) * SLOT_MS;
	return due > now_ms ? due - now_ms : 0;
}

void probe_table_outbox(struct probe_table *t, struct probe *x)
{
	list_join(t, x, OUTBOX);
}

struct probe *probe_table_outbox_first(const struct probe_table *t)
{
	return probe_at(t, t->lists[OUTBOX].first);
}

struct probe *probe_table_outbox_next(const struct probe_table *t, const struct probe *x)
{
	return probe_at(t, x->list.next);
}

/* ---- probes ------------------------------------------------------------------------------- */

static void pack_addr(struct probe_addr *to, const struct netaddr *from)
{
	if (from->len && from->sa.sa_family == AF_INET)
		to->in4 = from->in4;
	else if (from->len && from->sa.sa_family == AF_INET6)
		to->in6 = from->in6;
}

static void unpack_addr(const struct probe_addr *from, struct netaddr *to)
{
	to->len = 0;
	if (from->sa.sa_family == AF_INET) {
		to->in4 = from->in4;
		to->len = sizeof(to->in4);
	} else if (from->sa.sa_family == AF_INET6) {
		to->in6 = from->in6;
		to->len = sizeof(to->in6);
	}
}

void probe_table_flow(const struct probe *x, struct sip_flow *out)
{
	out->transport = (enum transport)x->transport;
	out->connection = x->connection;
	unpack_addr(&x->local, &out->local);
	unpack_addr(&x->remote, &out->remote);
}

static uint32_t take_place(struct probe_table *t)
{
	uint32_t link = t->free_;

	if (link) {
		t->free_ = probe_at(t, link)->peer.next;
		return link - 1;
	}
	/* More than can be named: 16 million probes that all wait. */
	if (t->used > INDEX_MASK)
		abort();
	if (t->used % CHUNK == 0) {
		XGROW(t->chunks, t->chunk_cap, t->used / CHUNK + 1);
		t->chunks[t->used / CHUNK] = xcalloc(CHUNK, sizeof(struct probe));
	}
	return t->used++;
}

struct probe_table *probe_table_new(void)
{
	return xcalloc(1, sizeof(struct probe_table));
}

struct probe *probe_table_add(struct probe_table *t, const struct sip_flow *flow)
{
	uint32_t index = take_place(t);
	struct probe *x = probe_at(t, index + 1);

	*x = (struct probe){.at = NOWHERE, .transport = (uint8_t)flow->transport};
	do
		x->id = (random_u64() & ~(uint64_t)INDEX_MASK) | index;
	while (x->id == index);
	x->connection = flow->connection;
	pack_addr(&x->local, &flow->local);
	pack_addr(&x->remote, &flow->remote);
	if (++t->count > t->peer_cap)
		peers_grow(t);
	else
		peer_link(t, x);
	return x;
}

void probe_table_remove(struct probe_table *t, struct probe *x)
{
	uint32_t link = link_of(x);

	list_leave(t, x);
	peer_unlink(t, x);
	free(x->words);
	x->words = NULL;
	x->id = 0;
	x->peer.next = t->free_;
	t->free_ = link;
	t->count--;
}

struct probe *probe_table_find(const struct probe_table *t, uint64_t id)
{
	uint32_t index = (uint32_t)(id & INDEX_MASK);
	struct probe *x;

	if (id == 0 || index >= t->used)
		return NULL;
	x = probe_at(t, index + 1);
	return x->id == id ? x : NULL;
}

size_t probe_table_count(const struct probe_table *t)
{
	return t->count;
}

void probe_table_free(struct probe_table *t)
{
	if (!t)
		return;
	for (uint32_t link = 1; link <= t->used; link++)
		if (probe_at(t, link)->id)
			free(probe_at(t, link)->words);
	for (uint32_t i = 0; i < t->used; i += CHUNK)
		free(t->chunks[i / CHUNK]);
	free(t->chunks);
	free(t->peers);
	free(t);
}
