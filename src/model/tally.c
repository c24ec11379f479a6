/* The tally: the bindings of a view by what they have in common, and how many of each answer. */
#include "model/tally.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/alloc.h"
#include "base/hash.h"
#include "base/text.h"
#include "model/place.h"

/* A row that must be unpacked costs as much as so many looks at a slot; a judged one twice that. */
#define UNPACKED_ROWS 8
/* Everything again after so long, or after so many times what it took. */
#define AGAIN_MS    10000
#define AGAIN_TIMES 9
#define AMISS_MS    1000
/* Many groups are put in order no more often than that. */
#define ORDER_MS   1000
#define ORDER_MANY 4096
#define NO_GROUP   UINT32_MAX

bool tally_is_effect(unsigned asked, unsigned failed)
{
	return asked >= TALLY_EFFECT_MEMBERS &&
	       (uint64_t)failed * 100 > (uint64_t)asked * TALLY_EFFECT_PERCENT;
}

enum tally_state tally_state(const struct row *r)
{
	const struct evidence *e = r->evidence;

	if (!e || !probe_was_sent(e->outcome) || r->j.faded || r->j.verdict == VERDICT_ASLEEP)
		return TALLY_UNASKED;
	/* An edge that gave up is judged as the phone's silence. */
	if (e->outcome == PROBE_ANSWERED && !e->by_registrar)
		return r->j.verdict == VERDICT_SILENT ? TALLY_SILENT : TALLY_ANSWERED;
	if (r->j.basis == BASIS_UNKNOWN || r->j.verdict == VERDICT_NOT_ASKED)
		return TALLY_UNASKED;
	if (e->outcome == PROBE_SILENT ||
	    (e->by_registrar && (e->code == 408 || e->code == 430 || e->code == 504)))
		return TALLY_SILENT;
	return TALLY_GONE;
}

/* ---- one counting ------------------------------------------------------------------------------
 */

struct group {
	struct tally_group g;
	char *value, *raw;
	uint64_t hash;
};

/* What stands for a slot: the number of its group, and what it was counted as. */
struct counted {
	uint32_t group;
	uint8_t state;
};

struct counting {
	struct group *groups;
	size_t count, cap;
	uint32_t *table; /* groups by hash, from 1; a power of two of places */
	size_t places;
	struct counted *of; /* by slot */
	size_t slots, members;
};

struct tally {
	const struct view *v;
	const struct store *s;
	enum column_id by;
	struct counting now, next; /* what is told; what is being counted */
	bool counting;
	size_t at; /* next slot of it */
	uint64_t generation, touched;
	char *filter; /* that was in force when it began */
	bool behind;  /* the view did not obey it yet */
	int64_t began_ms, done_ms, took_ms;
	bool done; /* there was one */
	uint32_t *order;
	size_t ordered;
	bool unordered;
	int64_t ordered_ms;
};

static void counting_free(struct counting *c)
{
	for (size_t i = 0; i < c->count; i++) {
		free(c->groups[i].value);
		free(c->groups[i].raw);
	}
	free(c->groups);
	free(c->table);
	free(c->of);
	*c = (struct counting){0};
}

static void table_grow(struct counting *c)
{
	c->places = c->places ? c->places * 2 : 256;
	free(c->table);
	c->table = xcalloc(c->places, sizeof(*c->table));
	for (size_t i = 0; i < c->count; i++) {
		size_t at = c->groups[i].hash & (c->places - 1);

		while (c->table[at])
			at = (at + 1) & (c->places - 1);
		c->table[at] = (uint32_t)i + 1;
	}
}

static uint32_t add_group(struct counting *c, struct slice raw, uint64_t hash)
{
	struct strbuf clean = STRBUF_INIT;
	struct group *g;

	XGROW(c->groups, c->cap, c->count + 1);
	g = &c->groups[c->count];
	*g = (struct group){.hash = hash, .raw = slice_copy(raw)};
	text_clean(raw, false, &clean);
	g->value = xstrdup(clean.n ? strbuf_str(&clean) : "");
	strbuf_free(&clean);
	g->g.value = g->value;
	g->g.raw = g->raw;
	g->g.rest = c->count == TALLY_GROUPS_MAX;
	return (uint32_t)c->count++;
}

/* The number of the group of this value. */
static uint32_t find_group(struct counting *c, struct slice raw)
{
	uint64_t hash = hash_bytes(raw.p, raw.n);
	size_t at;

	if (c->count * 2 >= c->places)
		table_grow(c);
	for (at = hash & (c->places - 1); c->table[at]; at = (at + 1) & (c->places - 1)) {
		const struct group *g = &c->groups[c->table[at] - 1];

		if (g->hash == hash && !g->g.rest && slice_eq_str(raw, g->raw))
			return c->table[at] - 1;
	}
	if (c->count >= TALLY_GROUPS_MAX) {
		if (c->count == TALLY_GROUPS_MAX)
			add_group(c, SLICE_LIT("(others)"), 0);
		return TALLY_GROUPS_MAX;
	}
	c->table[at] = (uint32_t)c->count + 1;
	return add_group(c, raw, hash);
}

static void count_in(struct counting *c, uint32_t group, enum tally_state state, int by)
{
	struct group *g = &c->groups[group];

	c->members += (size_t)by;
	g->g.members += (unsigned)by;
	if (state == TALLY_UNASKED)
		return;
	g->g.asked += (unsigned)by;
	if (state == TALLY_ANSWERED)
		g->g.answered += (unsigned)by;
	else if (state == TALLY_SILENT)
		g->g.silent += (unsigned)by;
	else
		g->g.gone += (unsigned)by;
	g->g.effect = tally_is_effect(g->g.asked, g->g.asked - g->g.answered);
}

/* ---- values ------------------------------------------------------------------------------------
 */

const char *tally_refused(enum column_id by)
{
	switch (by) {
	case COL_LEFT:
	case COL_EXPIRES:
	case COL_REFRESHED:
	case COL_OVERDUE:
	case COL_PROBED:
	case COL_RTT_MS:
		return "it passes with the time";
	case COL_AOR:
	case COL_CONTACT:
	case COL_CALL_ID:
	case COL_RUID:
	case COL_CSEQ:
		return "it is another one for each binding";
	case COL_NOTE:
		return "it is a sentence about one binding";
	default:
		return NULL;
	}
}

/* What the filter would compare; SLICE_NONE when there is none. */
static struct slice value_of(enum column_id by, const struct row *r, struct value *v)
{
	int n;

	v->type = VALUE_NULL;
	if (by == COL_PATH)
		return place_edge(&r->b, v->buf, sizeof(v->buf)) ? slice_of(v->buf) : SLICE_NONE;
	columns[by].get(r, v);
	switch (v->type) {
	case VALUE_TEXT:
		return v->text;
	case VALUE_INT:
		n = snprintf(v->buf, sizeof(v->buf), "%lld", (long long)v->i);
		return slice_make(v->buf, (size_t)n);
	case VALUE_REAL:
		n = snprintf(v->buf, sizeof(v->buf), "%g", v->real);
		return slice_make(v->buf, (size_t)n);
	default:
		return SLICE_NONE;
	}
}

/* ---- counting ----------------------------------------------------------------------------------
 */

static void take_out(struct counting *c, uint32_t slot)
{
	struct counted *was = slot < c->slots ? &c->of[slot] : NULL;

	if (!was || was->group == NO_GROUP)
		return;
	count_in(c, was->group, (enum tally_state)was->state, -1);
	was->group = NO_GROUP;
}

static void fit_slots(struct counting *c, size_t slots)
{
	size_t had = c->slots;

	XGROW(c->of, c->slots, slots);
	for (size_t i = had; i < c->slots; i++)
		c->of[i] = (struct counted){NO_GROUP, TALLY_UNASKED};
}

/* Takes the slot as it is now; returns the rows' worth of work that it took. */
static size_t take_in(struct tally *t, struct counting *c, uint32_t slot, int64_t now_ms)
{
	binding_id id = store_at(t->s, slot);
	unsigned needs = column_needs(t->by);
	enum tally_state state = TALLY_UNASKED;
	struct value v;
	struct row r;

	take_out(c, slot);
	if (!view_has(t->v, id))
		return 1;
	/* Who was not asked need not be judged. */
	if (store_evidence(t->s, id))
		needs |= NEEDS_EVIDENCE | NEEDS_JUDGEMENT;
	if (!view_fill(t->v, id, now_ms, needs, &r))
		return 1;
	if (r.evidence)
		state = tally_state(&r);
	fit_slots(c, (size_t)slot + 1);
	c->of[slot].group = find_group(c, value_of(t->by, &r, &v));
	c->of[slot].state = (uint8_t)state;
	count_in(c, c->of[slot].group, state, 1);
	return needs & NEEDS_JUDGEMENT ? 2 * UNPACKED_ROWS : UNPACKED_ROWS;
}

static void begin(struct tally *t, int64_t now_ms)
{
	counting_free(&t->next);
	t->counting = true;
	t->at = 0;
	t->began_ms = now_ms;
	t->generation = store_generation(t->s);
	t->touched = store_touched(t->s);
	free(t->filter);
	t->filter = xstrdup(view_filter(t->v));
	t->behind = view_behind(t->v);
}

/* The changes since the last time; false when the log is too short for them. */
static bool catch_up(struct tally *t, struct counting *c, int64_t now_ms)
{
	uint64_t generation = store_generation(t->s), touched = store_touched(t->s);
	enum store_change what;
	uint32_t slot;

	if (generation - t->generation >= STORE_LOG || touched - t->touched >= STORE_LOG)
		return false;
	for (uint64_t g = t->generation + 1; g <= generation; g++) {
		if (!store_change_at(t->s, g, &slot, &what))
			return false;
		/* While everything is counted, those behind come anyway. */
		if (!t->counting || slot < t->at)
			take_in(t, c, slot, now_ms);
	}
	for (uint64_t g = t->touched + 1; g <= touched; g++) {
		if (!store_touch_at(t->s, g, &slot))
			return false;
		if (slot != UINT32_MAX && (!t->counting || slot < t->at))
			take_in(t, c, slot, now_ms);
	}
	t->generation = generation;
	t->touched = touched;
	return true;
}

/* ---- order -------------------------------------------------------------------------------------
 */

static int worst_first(const void *a, const void *b, void *ctx)
{
	const struct counting *c = ctx;
	const struct tally_group *x = &c->groups[*(const uint32_t *)a].g;
	const struct tally_group *y = &c->groups[*(const uint32_t *)b].g;
	unsigned fx = x->asked - x->answered, fy = y->asked - y->answered;

	if (x->effect != y->effect)
		return x->effect ? -1 : 1;
	if (fx != fy)
		return fx > fy ? -1 : 1;
	if (x->rest != y->rest)
		return x->rest ? 1 : -1;
	if (x->members != y->members)
		return x->members > y->members ? -1 : 1;
	return strcmp(x->value, y->value);
}

static void put_in_order(struct tally *t, int64_t now_ms)
{
	t->order = xreallocarray(t->order, t->now.count + 1, sizeof(*t->order));
	t->ordered = 0;
	for (size_t i = 0; i < t->now.count; i++)
		if (t->now.groups[i].g.members)
			t->order[t->ordered++] = (uint32_t)i;
	qsort_r(t->order, t->ordered, sizeof(*t->order), worst_first, &t->now);
	t->unordered = false;
	t->ordered_ms = now_ms;
}

/* ---- the tally ---------------------------------------------------------------------------------
 */

struct tally *tally_new(const struct view *v, const struct store *s, enum column_id by)
{
	struct tally *t = xcalloc(1, sizeof(*t));

	t->v = v;
	t->s = s;
	t->by = by;
	t->filter = xstrdup("");
	return t;
}

void tally_free(struct tally *t)
{
	if (!t)
		return;
	counting_free(&t->now);
	counting_free(&t->next);
	free(t->filter);
	free(t->order);
	free(t);
}

enum column_id tally_by(const struct tally *t)
{
	return t->by;
}

static bool is_stale(const struct tally *t, int64_t now_ms)
{
	int64_t rest = t->took_ms * AGAIN_TIMES, least = AGAIN_MS;

	if (!t->done)
		return true;
	if (view_behind(t->v))
		return false;
	if (t->behind || strcmp(t->filter, view_filter(t->v)) != 0)
		return true;
	/* The list of a large view comes some time after what changed. */
	if (view_count(t->v) != t->now.members)
		least = AMISS_MS;
	return now_ms < t->done_ms || now_ms - t->done_ms > (rest > least ? rest : least);
}

static bool count_on(struct tally *t, int64_t now_ms, size_t rows)
{
	size_t slots = store_slots(t->s);

	if (!catch_up(t, &t->next, now_ms)) {
		begin(t, now_ms);
		return false;
	}
	for (size_t did = 0; t->at < slots && did < rows; t->at++)
		did += take_in(t, &t->next, (uint32_t)t->at, now_ms);
	if (t->at < slots)
		return false;
	counting_free(&t->now);
	t->now = t->next;
	t->next = (struct counting){0};
	t->counting = false;
	t->done = true;
	t->done_ms = now_ms;
	t->took_ms = now_ms - t->began_ms;
	put_in_order(t, now_ms);
	return true;
}

bool tally_work(struct tally *t, int64_t now_ms, size_t rows)
{
	uint64_t before = t->generation + t->touched;

	if (!t->counting && is_stale(t, now_ms))
		begin(t, now_ms);
	if (t->counting)
		return count_on(t, now_ms, rows);
	if (!catch_up(t, &t->now, now_ms)) {
		begin(t, now_ms);
		return false;
	}
	t->unordered |= t->generation + t->touched != before;
	if (!t->unordered || (t->now.count > ORDER_MANY && now_ms >= t->ordered_ms &&
			      now_ms - t->ordered_ms < ORDER_MS))
		return false;
	put_in_order(t, now_ms);
	return true;
}

bool tally_busy(const struct tally *t)
{
	return t->counting || !t->done;
}

unsigned tally_percent(const struct tally *t)
{
	size_t slots = store_slots(t->s);

	return t->done ? 100 : slots ? (unsigned)(t->at * 100 / slots) : 0;
}

size_t tally_count(const struct tally *t)
{
	return t->ordered;
}

const struct tally_group *tally_at(const struct tally *t, size_t index)
{
	return index < t->ordered ? &t->now.groups[t->order[index]].g : NULL;
}

size_t tally_members(const struct tally *t, const struct tally_group *g, binding_id **ids)
{
	size_t n = 0, cap = 0;

	*ids = NULL;
	for (size_t slot = 0; slot < t->now.slots; slot++) {
		uint32_t group = t->now.of[slot].group;
		binding_id id = store_at(t->s, (uint32_t)slot);

		if (group == NO_GROUP || &t->now.groups[group].g != g || !id)
			continue;
		XGROW(*ids, cap, n + 1);
		(*ids)[n++] = id;
	}
	return n;
}

void tally_filter(const struct tally *t, const struct tally_group *g, struct strbuf *out)
{
	/* The edge is a part of the Path; all others are the whole of their field. */
	strbuf_addf(out, "%s%s", columns[t->by].name, t->by == COL_PATH && *g->raw ? ":" : "=");
	if (!*g->raw) {
		strbuf_add_char(out, '-');
		return;
	}
	strbuf_add_char(out, '"');
	for (const char *p = g->raw; *p; p++) {
		if (*p == '"' || *p == '\\')
			strbuf_add_char(out, '\\');
		strbuf_add_char(out, *p);
	}
	strbuf_add_char(out, '"');
}
