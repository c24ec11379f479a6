/* What OpenSIPS's memory was last heard to hold: AoR by AoR, so that one can be told anew alone. */
#include "source/opensips_book.h"

#include <stdlib.h>
#include "base/alloc.h"
#include "base/hash.h"
#include "source/opensips_contact.h"

#define BUCKETS 1024
/* The write-back timer's default interval, and a look at the table. */
#define TABLE_LAG_S 75

/* A contact, as far as the next answer needs it: MI tells neither the time of the last REGISTER nor
 * the second of expiry. */
struct held {
	struct held *next;
	char *key;
	int64_t expires_s, refreshed_s, granted_s;
	uint32_t cseq;
	int64_t latency_us; /* of nathelper's last ping, as it was told; 0 none */
	bool seen;
	struct binding *now; /* over a table: as it was told */
	int64_t told_s;
};

struct aor {
	struct aor *next;
	char *name; /* "table\naor" */
	size_t name_n;
	struct held *held;
	bool seen;
};

struct opensips_book {
	const struct clock *clock;
	struct source *source;
	struct aor *buckets[BUCKETS];
	bool whole, over_table;
	size_t brought;
};

struct opensips_book *opensips_book_new(const struct clock *c, struct source *s)
{
	struct opensips_book *b = xcalloc(1, sizeof(*b));

	b->clock = c;
	b->source = s;
	return b;
}

static void held_free(struct held *h)
{
	free(h->key);
	free(h->now);
	free(h);
}

static void aor_free(struct aor *a)
{
	while (a->held) {
		struct held *h = a->held;

		a->held = h->next;
		held_free(h);
	}
	free(a->name);
	free(a);
}

void opensips_book_free(struct opensips_book *b)
{
	if (!b)
		return;
	for (size_t i = 0; i < BUCKETS; i++)
		while (b->buckets[i]) {
			struct aor *a = b->buckets[i];

			b->buckets[i] = a->next;
			aor_free(a);
		}
	free(b);
}

/* The place where the AoR is linked, or would be. */
static struct aor **find(struct opensips_book *b, struct slice name)
{
	struct aor **at = &b->buckets[hash_bytes(name.p, name.n) % BUCKETS];

	while (*at && !slice_eq(slice_make((*at)->name, (*at)->name_n), name))
		at = &(*at)->next;
	return at;
}

static struct held *find_held(struct aor *a, struct slice key)
{
	for (struct held *h = a->held; h; h = h->next)
		if (slice_eq(slice_of(h->key), key))
			return h;
	return NULL;
}

static struct held *add_held(struct aor *a, struct slice key)
{
	struct held *h = xcalloc(1, sizeof(*h));

	h->key = slice_copy(key);
	h->granted_s = -1;
	h->next = a->held;
	a->held = h;
	return h;
}

/* When it was registered is known only of what happened while we listened. */
static void note_times(struct held *h, struct binding *n, bool known, bool just_now, int64_t now_s)
{
	bool same = known && h->expires_s == n->expires_s && h->cseq == n->cseq;

	if (!same) {
		bool granted = just_now && n->expires_s != BINDING_PERMANENT;

		h->refreshed_s = just_now ? now_s : 0;
		h->granted_s = granted ? n->expires_s - now_s : -1;
	}
	h->expires_s = n->expires_s;
	h->cseq = n->cseq;
	n->refreshed_s = h->refreshed_s;
	n->granted_s = h->granted_s;
}

/* nathelper pings by itself: a probe for free. When it did is not told, but another time than
 * before is news of just now. */
static void tell_latency(struct opensips_book *b, struct held *h, const json_t *contact)
{
	int64_t us = opensips_contact_latency(contact), now_ms = clock_wall_ms(b->clock);
	struct evidence e = {.path = PROBE_PATH_REGISTRAR, .asked_ms = now_ms};
	bool silent = us == OPENSIPS_PING_TIMED_OUT;

	if (us <= 0 || us > UINT32_MAX || us == h->latency_us || !b->source->sink.evidence)
		return;
	h->latency_us = us;
	e.outcome = silent ? PROBE_SILENT : PROBE_ANSWERED;
	e.by_registrar = silent;
	e.code = silent ? 408 : 0;
	e.failures = silent;
	e.failed_first_ms = silent ? now_ms : 0;
	e.heard_ms = silent ? 0 : now_ms;
	e.rtt_us = silent ? 0 : (uint32_t)us;
	slice_to_buf(SLICE_LIT("to the registrar's own ping"), e.detail, sizeof(e.detail));
	b->source->sink.evidence(b->source->sink.ctx, slice_of(h->key), &e);
}

static void put_contact(struct opensips_book *b, struct aor *a, struct slice table,
			struct slice aor, const json_t *contact, struct slice fresh)
{
	int64_t now_s = clock_wall_s(b->clock);
	struct strbuf key = STRBUF_INIT;
	struct binding n;
	struct held *h;
	bool known, just_now;

	if (!opensips_contact_read(contact, now_s, 0, &n))
		return;
	just_now = fresh.n && slice_eq(n.contact, fresh);
	if (!slice_eq_str(table, OPENSIPS_TABLE)) {
		strbuf_add_slice(&key, table);
		strbuf_add_char(&key, ':');
	}
	strbuf_add_slice(&key, n.key);
	h = find_held(a, strbuf_slice(&key));
	known = h != NULL;
	/* Of the others the table knows more. */
	if (b->over_table && !known && !just_now) {
		strbuf_free(&key);
		return;
	}
	if (known)
		opensips_contact_read(contact, now_s, h->expires_s, &n);
	else
		h = add_held(a, strbuf_slice(&key));
	h->seen = true;
	n.key = slice_of(h->key);
	opensips_aor_split(aor, &n);
	note_times(h, &n, known, just_now, now_s);
	if (b->over_table) {
		free(h->now);
		h->now = binding_copy(&n);
		h->told_s = now_s;
	}
	b->source->sink.put(b->source->sink.ctx, &n);
	tell_latency(b, h, contact);
	b->brought++;
	strbuf_free(&key);
}

/* Those of the AoR that the answer did not bring. */
static void drop_unseen(struct opensips_book *b, struct aor *a)
{
	struct held **at = &a->held, *h;

	while ((h = *at)) {
		if (h->seen) {
			at = &h->next;
			continue;
		}
		*at = h->next;
		if (!b->whole)
			b->source->sink.remove(b->source->sink.ctx, slice_of(h->key));
		held_free(h);
	}
}

static void add_name(struct slice table, struct slice aor, struct strbuf *out)
{
	strbuf_add_slice(out, table);
	strbuf_add_char(out, '\n');
	strbuf_add_slice(out, aor);
}

void opensips_book_put(struct opensips_book *b, struct slice table, struct slice aor,
		       const json_t *contacts, struct slice fresh)
{
	struct strbuf name = STRBUF_INIT;
	const json_t *c;
	struct aor **at, *a;
	size_t i;

	add_name(table, aor, &name);
	at = find(b, strbuf_slice(&name));
	if (!*at) {
		*at = xcalloc(1, sizeof(**at));
		(*at)->name_n = name.n;
		(*at)->name = strbuf_take(&name);
	}
	a = *at;
	a->seen = true;
	for (struct held *h = a->held; h; h = h->next)
		h->seen = false;
	json_array_foreach((json_t *)(uintptr_t)contacts, i, c)
		put_contact(b, a, table, aor, c, fresh);
	drop_unseen(b, a);
	if (!a->held) {
		*at = a->next;
		aor_free(a);
	}
	strbuf_free(&name);
}

void opensips_book_begin(struct opensips_book *b)
{
	b->whole = true;
	b->brought = 0;
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct aor *a = b->buckets[i]; a; a = a->next)
			a->seen = false;
	b->source->sink.begin_pass(b->source->sink.ctx);
}

size_t opensips_book_end(struct opensips_book *b)
{
	for (size_t i = 0; i < BUCKETS; i++) {
		struct aor **at = &b->buckets[i], *a;

		while ((a = *at)) {
			if (a->seen) {
				at = &a->next;
				continue;
			}
			*at = a->next;
			aor_free(a);
		}
	}
	b->whole = false;
	b->source->sink.end_pass(b->source->sink.ctx, true);
	return b->brought;
}

void opensips_book_abort(struct opensips_book *b)
{
	b->whole = false;
	b->source->sink.end_pass(b->source->sink.ctx, false);
}

/* ---- over a table ---------------------------------------------------------------------------- */

void opensips_book_over_table(struct opensips_book *b)
{
	b->over_table = true;
}

/* So long the table may be behind. */
static bool is_new(const struct opensips_book *b, const struct held *h)
{
	return clock_wall_s(b->clock) - h->told_s < TABLE_LAG_S;
}

/* The row tells of an earlier REGISTER than the one that was heard of. */
static bool is_behind(const struct held *h, const struct binding *row)
{
	bool other = row->cseq != h->now->cseq || !slice_eq(row->call_id, h->now->call_id);

	return other && row->refreshed_s <= h->told_s;
}

void opensips_book_freshen(const struct opensips_book *b, struct binding *row)
{
	struct strbuf aor = STRBUF_INIT, name = STRBUF_INIT;
	struct slice number, table = opensips_key_table(row->key, &number);
	const struct aor *a;

	binding_add_aor(row, &aor);
	add_name(table, strbuf_slice(&aor), &name);
	a = *find((struct opensips_book *)(uintptr_t)b, strbuf_slice(&name));
	for (const struct held *h = a ? a->held : NULL; h; h = h->next)
		if (slice_eq(slice_of(h->key), row->key) && is_new(b, h) && is_behind(h, row))
			*row = *h->now;
	strbuf_free(&aor);
	strbuf_free(&name);
}

/* Drops those of the AoR that the table must know by now. */
static void keep_aor(struct opensips_book *b, struct aor *a)
{
	struct held **at = &a->held, *h;

	while ((h = *at)) {
		if (is_new(b, h)) {
			b->source->sink.keep(b->source->sink.ctx, slice_of(h->key));
			at = &h->next;
			continue;
		}
		*at = h->next;
		held_free(h);
	}
}

void opensips_book_keep(struct opensips_book *b)
{
	for (size_t i = 0; i < BUCKETS; i++) {
		struct aor **at = &b->buckets[i], *a;

		while ((a = *at)) {
			keep_aor(b, a);
			if (a->held) {
				at = &a->next;
				continue;
			}
			*at = a->next;
			aor_free(a);
		}
	}
}
