/* The store: all bindings of all sources, by identity, with generations and evidence. */
#ifndef REGTOP_MODEL_STORE_H
#define REGTOP_MODEL_STORE_H

#include "model/binding.h"
#include "model/evidence.h"

struct store;

/* Names one binding for as long as it stays in the store; never used again for another one. 0 is
 * no binding. */
typedef uint64_t binding_id;

/* The slot of a binding: a small number, dense, taken again after the binding is gone. For arrays
 * that stand beside the store; check against the id. */
static inline uint32_t binding_slot(binding_id id)
{
	return (uint32_t)id;
}

/* Grows with each binding that is added: first appearance as a number to sort by. */
static inline uint32_t binding_serial(binding_id id)
{
	return (uint32_t)(id >> 32);
}

enum store_event { STORE_ADDED, STORE_CHANGED, STORE_GONE };

/* What changed with a binding since the store first saw it. */
struct binding_life {
	int64_t first_seen_s; /* Unix seconds when it appeared here */
	int64_t changed_s;    /* last change other than a refresh; 0 never */
	uint32_t refreshes;   /* REGISTER refreshes seen */
};

struct store *store_new(void);
void store_free(struct store *s);

/* Registers a source and returns its index (at most 255 sources). */
uint8_t store_add_source(struct store *s, const char *name);
const char *store_source_name(const struct store *s, uint8_t source);

/* A pass brings everything that a source holds. Between begin and end, bindings that were not put
 * stay; store_end_pass(complete = true) removes what the pass did not bring, complete = false
 * removes nothing. Puts outside a pass are single updates. */
void store_begin_pass(struct store *s, uint8_t source);
void store_end_pass(struct store *s, uint8_t source, bool complete);
/* Adds or changes by (source, b->key); b's slices are copied. Returns its id. */
binding_id store_put(struct store *s, uint8_t source, const struct binding *b, int64_t now_s);
/* The pass that runs brought this key, and nothing else of it: the binding stays as it is. False
 * when there is no such key. */
bool store_keep(struct store *s, uint8_t source, struct slice key);
/* False when there was no such key. */
bool store_remove(struct store *s, uint8_t source, struct slice key);

/* Fills *out with slices that are valid until the next change of the store; key and ruid, which are
 * written out for it, also no longer than for the next two hundred calls. */
bool store_get(const struct store *s, binding_id id, struct binding *out);
binding_id store_find(const struct store *s, uint8_t source, struct slice key);
/* The newest binding of this AoR, of whatever source; 0 when there is none. */
binding_id store_find_aor(const struct store *s, struct slice user, struct slice domain);
/* Valid until the next call of store_life(); NULL when there is no such binding. */
const struct binding_life *store_life(const struct store *s, binding_id id);
bool store_has(const struct store *s, binding_id id);

size_t store_count(const struct store *s);
size_t store_count_source(const struct store *s, uint8_t source);
/* Bindings of the same AoR (same user and domain, any source) including id itself. */
unsigned store_twins(const struct store *s, binding_id id);
/* Visits them, newest first. */
typedef bool store_visit_fn(void *ctx, binding_id id);
void store_each_twin(const struct store *s, binding_id id, store_visit_fn *fn, void *ctx);
/* Slots in use or used before; every binding_slot() is below it. */
size_t store_slots(const struct store *s);
/* Grows with every change; equal generations mean equal content. Evidence and marks have their
 * own counter, so that a probe's answer does not look like a change of the picture. */
uint64_t store_generation(const struct store *s);
uint64_t store_touched(const struct store *s);
/* ---- the last changes, by number ---------------------------------------------------------------
 *
 * Each change of the picture is one generation, and the last STORE_LOG of them are remembered, so
 * that who looked a moment ago need not look at everything again. Evidence and marks likewise. */

#define STORE_LOG 65536

enum store_change {
	STORE_RENEWED, /* only what each REGISTER renews: times and CSeq */
	STORE_ALTERED, /* other fields, but not the AoR */
	STORE_PLACED,  /* it came or went, or belongs to another AoR now */
};

/* What the change that made this generation was about; false when it is forgotten or still to come.
 */
bool store_change_at(const struct store *s, uint64_t generation, uint32_t *slot,
		     enum store_change *what);
/* Likewise for store_touched(): the slot whose evidence or mark changed, or UINT32_MAX for a change
 * of all marks. */
bool store_touch_at(const struct store *s, uint64_t touched, uint32_t *slot);

/* ---- looking at everything ---------------------------------------------------------------------
 *
 * A million bindings are filtered and sorted slot by slot without unpacking them. */

/* The binding in this slot now; 0 when the slot is free. */
binding_id store_at(const struct store *s, uint32_t slot);
/* binding_serial() of the newest binding: greater ones did not exist yet. */
uint32_t store_serial(const struct store *s);

struct store_glance {
	struct slice user, contact;
	/* The two and all texts beside them, lengths and other numbers between the fields: what
	 * does not occur in it occurs in no field but domain, User-Agent and Path; what does occur
	 * may be chance. */
	struct slice all;
	uint32_t domain, profile; /* numbers of texts that many share, see store_domain() */
	int64_t expires_s;
	bool asked; /* there is evidence */
};

/* The end of the binding alone; false when the slot is free. */
bool store_expires(const struct store *s, uint32_t slot, int64_t *expires_s);
/* The slot will be looked at soon: memory that is fetched meanwhile need not be waited for. Far
 * ahead for the record, near for its text, which is found through the record. */
void store_soon(const struct store *s, uint32_t slot, bool near);
/* False when the slot is free. Slices as store_get(). */
bool store_glance(const struct store *s, uint32_t slot, struct store_glance *out);
/* The text that has this number. Numbers below store_domains() and store_profiles(). */
struct slice store_domain(const struct store *s, uint32_t domain);
struct slice store_agent(const struct store *s, uint32_t profile);
size_t store_domains(const struct store *s);
size_t store_profiles(const struct store *s);
/* Differs when a number may mean another text than before. */
uint64_t store_shared_epoch(const struct store *s);

/* Visits every binding in no particular order; fn returns false to stop. The store must not be
 * changed meanwhile. */
void store_each(const struct store *s, store_visit_fn *fn, void *ctx);
/* Tells fn about every added, changed and gone binding at the moment it happens (gone: just
 * before). A refresh is told as changed; binding_life tells the two apart. One listener may be
 * set; NULL removes it. */
typedef void store_event_fn(void *ctx, enum store_event what, binding_id id);
void store_listen(struct store *s, store_event_fn *fn, void *ctx);

/* Tells fn of each change just before it is made, with both sides of it: was NULL, added; is NULL,
 * gone. Slices live for the call, in which the store must not be changed. One watcher; NULL removes
 * it. */
typedef void store_watch_fn(void *ctx, uint8_t source, const struct binding *was,
			    const struct binding *is);
void store_watch(struct store *s, store_watch_fn *fn, void *ctx);

/* Usual seconds between its refreshes; 0 unknown. Kept sparsely; forgotten with the binding. */
int64_t store_habit(const struct store *s, binding_id id);
void store_set_habit(struct store *s, binding_id id, int64_t habit_s);

/* Evidence is kept sparsely; NULL when the binding was never asked. */
const struct evidence *store_evidence(const struct store *s, binding_id id);
void store_set_evidence(struct store *s, binding_id id, const struct evidence *e);

/* What the registrar's memory said of it; a change of more than times and CSeq forgets it. */
enum binding_differs store_differs(const struct store *s, binding_id id);
void store_set_differs(struct store *s, binding_id id, enum binding_differs d);

/* Marks live here, not in the view: hidden rows keep theirs and are counted. */
void store_set_mark(struct store *s, binding_id id, bool marked);
bool store_marked(const struct store *s, binding_id id);
size_t store_mark_count(const struct store *s);
void store_clear_marks(struct store *s);
/* Visits them in no particular order. */
void store_each_mark(const struct store *s, store_visit_fn *fn, void *ctx);
/* All marked ids, oldest first; caller frees *ids. Returns how many. */
size_t store_marks(const struct store *s, binding_id **ids);

/* Bytes held for bindings (not malloc's own overhead), for benchmarks and `:info`. */
size_t store_bytes(const struct store *s);

#endif
