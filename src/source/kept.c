/* Bindings that a source keeps by their key, to tell what is new from what was said before. */
#include "source/kept.h"

#include <stdlib.h>
#include "base/alloc.h"
#include "base/hash.h"

#define BUCKETS 1024

struct kept {
	struct kept_binding *buckets[BUCKETS];
	size_t count;
};

struct kept *kept_new(void)
{
	return xcalloc(1, sizeof(struct kept));
}

static void drop(struct kept *k, struct kept_binding **at)
{
	struct kept_binding *kb = *at;

	*at = kb->next;
	k->count--;
	free(kb->b);
	free(kb);
}

void kept_free(struct kept *k)
{
	for (size_t i = 0; k && i < BUCKETS; i++)
		while (k->buckets[i])
			drop(k, &k->buckets[i]);
	free(k);
}

size_t kept_count(const struct kept *k)
{
	return k->count;
}

/* Where it is linked, or would be. */
static struct kept_binding **place(struct kept *k, struct slice key)
{
	struct kept_binding **at = &k->buckets[hash_bytes(key.p, key.n) % BUCKETS];

	while (*at && !slice_eq((*at)->b->key, key))
		at = &(*at)->next;
	return at;
}

struct kept_binding *kept_find(const struct kept *k, struct slice key)
{
	return k->count ? *place((struct kept *)(uintptr_t)k, key) : NULL;
}

struct kept_binding *kept_put(struct kept *k, const struct binding *b, unsigned tag)
{
	struct kept_binding **at = place(k, b->key), *kb = *at;
	struct binding *mine = binding_copy(b);

	if (!kb) {
		kb = *at = xcalloc(1, sizeof(*kb));
		k->count++;
	}
	free(kb->b);
	kb->b = mine;
	kb->tag = tag;
	kb->seen = true;
	return kb;
}

void kept_remove(struct kept *k, struct slice key)
{
	struct kept_binding **at = place(k, key);

	if (*at)
		drop(k, at);
}

void kept_each(struct kept *k, kept_fn *fn, void *ctx)
{
	for (size_t i = 0; i < BUCKETS; i++) {
		struct kept_binding **at = &k->buckets[i];

		while (*at) {
			if (fn(ctx, *at))
				at = &(*at)->next;
			else
				drop(k, at);
		}
	}
}

static bool unsee(void *ctx, struct kept_binding *kb)
{
	(void)ctx;
	kb->seen = false;
	return true;
}

static bool is_seen(void *ctx, struct kept_binding *kb)
{
	(void)ctx;
	return kb->seen;
}

void kept_begin(struct kept *k)
{
	kept_each(k, unsee, NULL);
}

void kept_drop_unseen(struct kept *k)
{
	kept_each(k, is_seen, NULL);
}
