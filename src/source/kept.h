/* Bindings that a source keeps by their key, to tell what is new from what was said before. */
#ifndef REGTOP_SOURCE_KEPT_H
#define REGTOP_SOURCE_KEPT_H

#include "model/binding.h"

struct kept;

struct kept_binding {
	struct kept_binding *next;
	struct binding *b; /* a copy */
	unsigned tag;      /* the source's own word about it */
	bool seen;         /* since kept_begin() */
};

struct kept *kept_new(void);
/* NULL is fine. */
void kept_free(struct kept *k);
size_t kept_count(const struct kept *k);
/* NULL when there is none. Valid until it is put anew or removed. */
struct kept_binding *kept_find(const struct kept *k, struct slice key);
/* Keeps a copy of b in place of what was kept under its key, and counts it as seen. */
struct kept_binding *kept_put(struct kept *k, const struct binding *b, unsigned tag);
void kept_remove(struct kept *k, struct slice key);
/* From now on nothing is seen; kept_drop_unseen() removes what was not put or marked since. */
void kept_begin(struct kept *k);
void kept_drop_unseen(struct kept *k);
/* Visits all; fn returns false to have it removed. */
typedef bool kept_fn(void *ctx, struct kept_binding *kb);
void kept_each(struct kept *k, kept_fn *fn, void *ctx);

#endif
