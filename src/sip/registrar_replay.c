/* Server transactions of the registrar: a repeated request gets the stored answer again. */
#include "sip/registrar_replay.h"

#include <stdlib.h>
#include "base/alloc.h"
#include "base/hash.h"
#include "base/strbuf.h"

struct entry {
	char *key; /* NULL: free */
	char *answer;
	uint32_t key_n, answer_n;
	uint64_t hash, id;
	int64_t mono_ms;
	uint32_t next; /* in its bucket: position + 1, 0 ends */
};

/* A ring in order of arrival: the oldest is at first % size, ids count up. */
struct replay {
	struct entry *ring;
	uint32_t *bucket; /* position + 1 */
	size_t size;      /* a power of two; as many buckets */
	uint64_t first, end;
	size_t bytes, max_bytes;
	struct strbuf key; /* of the request being looked up */
};

struct replay *replay_new(size_t max_entries, size_t max_bytes)
{
	struct replay *r = xcalloc(1, sizeof(*r));

	r->size = 1;
	while (r->size < max_entries)
		r->size *= 2;
	r->ring = xcalloc(r->size, sizeof(*r->ring));
	r->bucket = xcalloc(r->size, sizeof(*r->bucket));
	r->max_bytes = max_bytes;
	return r;
}

static struct entry *entry_at(struct replay *r, uint64_t id)
{
	return &r->ring[id & (r->size - 1)];
}

static void drop_oldest(struct replay *r)
{
	struct entry *e = entry_at(r, r->first);
	uint32_t mine = (uint32_t)(r->first & (r->size - 1)) + 1;
	uint32_t *at = &r->bucket[e->hash & (r->size - 1)];

	while (*at != mine)
		at = &r->ring[*at - 1].next;
	*at = e->next;
	r->bytes -= e->key_n + e->answer_n;
	free(e->key);
	free(e->answer);
	memset(e, 0, sizeof(*e));
	r->first++;
}

void replay_free(struct replay *r)
{
	while (r->first < r->end)
		drop_oldest(r);
	strbuf_free(&r->key);
	free(r->ring);
	free(r->bucket);
	free(r);
}

static void add_part(struct strbuf *key, struct slice s)
{
	strbuf_add_slice(key, s);
	strbuf_add_char(key, '\n');
}

/* RFC 3261 17.2.3: branch, sent-by, method. Call-ID and CSeq serve those whose branch is not
 * unique; the source address keeps a stranger who guesses a branch from reading the answer. */
static void make_key(struct strbuf *key, const struct sip_msg *msg, const struct sip_flow *from)
{
	struct sip_via via;
	char source[NETADDR_STR];

	strbuf_clear(key);
	if (!sip_msg_via(msg, &via))
		memset(&via, 0, sizeof(via));
	add_part(key, via.branch);
	add_part(key, via.host);
	add_part(key, sip_msg_method(msg));
	add_part(key, sip_msg_call_id(msg));
	strbuf_addf(key, "%u %u %s", via.port, sip_msg_cseq(msg),
		    netaddr_format(&from->remote, source));
}

static struct entry *find(struct replay *r, uint64_t hash)
{
	struct slice key = strbuf_slice(&r->key);

	for (uint32_t at = r->bucket[hash & (r->size - 1)]; at; at = r->ring[at - 1].next) {
		struct entry *e = &r->ring[at - 1];

		if (e->hash == hash && slice_eq(slice_make(e->key, e->key_n), key))
			return e;
	}
	return NULL;
}

static void remember(struct replay *r, uint64_t hash, int64_t mono_ms, uint64_t *id)
{
	uint64_t now = r->end++;
	struct entry *e = entry_at(r, now);
	uint32_t *bucket = &r->bucket[hash & (r->size - 1)];

	e->key = slice_copy(strbuf_slice(&r->key));
	e->key_n = (uint32_t)r->key.n;
	e->hash = hash;
	e->id = now;
	e->mono_ms = mono_ms;
	e->next = *bucket;
	*bucket = (uint32_t)(now & (r->size - 1)) + 1;
	r->bytes += e->key_n;
	*id = now;
}

enum replay_state replay_see(struct replay *r, const struct sip_msg *msg,
			     const struct sip_flow *from, int64_t mono_ms, uint64_t *id,
			     struct slice *answer)
{
	struct entry *e;
	uint64_t hash;

	while (r->first < r->end && (mono_ms - entry_at(r, r->first)->mono_ms > REPLAY_KEEP_MS ||
				     r->end - r->first >= r->size || r->bytes > r->max_bytes))
		drop_oldest(r);
	make_key(&r->key, msg, from);
	hash = hash_bytes(r->key.p, r->key.n);
	e = find(r, hash);
	if (!e) {
		remember(r, hash, mono_ms, id);
		return REPLAY_NEW;
	}
	*id = e->id;
	*answer = slice_make(e->answer, e->answer_n);
	return e->answer ? REPLAY_ANSWERED : REPLAY_UNANSWERED;
}

void replay_answer(struct replay *r, uint64_t id, struct slice answer)
{
	struct entry *e = entry_at(r, id);

	/* Under a flood the entry may already have given way to a newer one. */
	if (id < r->first || id >= r->end || e->answer)
		return;
	e->answer = slice_copy(answer);
	e->answer_n = (uint32_t)answer.n;
	r->bytes += answer.n;
}
