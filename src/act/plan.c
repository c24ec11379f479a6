/* The plan: a frozen list of exactly the bindings an action will touch, and what became of each. */
#include "act/plan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/alloc.h"
#include "base/hash.h"
#include "base/text.h"

static const char *const state_words[] = {
	[PLAN_WAITING] = "waiting",
	[PLAN_RUNNING] = "running",
	[PLAN_DONE] = "removed",
	[PLAN_UNPROVEN] = "removed, but not proved",
	[PLAN_CAME_BACK] = "removed, and it came back",
	[PLAN_SKIPPED_CHANGED] = "skipped: it has changed",
	[PLAN_SKIPPED_GONE] = "skipped: already gone",
	[PLAN_REFUSED] = "refused",
	[PLAN_UNKNOWN] = "unknown",
	[PLAN_CANCELLED] = "cancelled",
	[PLAN_NOT_ALONE] = "not alone",
	[PLAN_ONLY_ROW] = "only its row is left",
};

const char *plan_state_word(enum plan_state s)
{
	return state_words[s];
}

/* What is left for one AoR once the plan is done. */
struct remains {
	binding_id id;           /* of one of them */
	const struct binding *b; /* any item of the AoR */
	uint64_t hash;
	unsigned twins; /* bindings of the AoR, as the store counts them */
	unsigned in_plan;
	unsigned live;   /* others that have not lapsed */
	unsigned lapsed; /* others that have */
	unsigned failed; /* of live: did not answer when last asked */
};

struct census {
	const struct store *store;
	const struct plan *plan;
	struct remains *aors; /* by hash, sorted */
	size_t count;
	binding_id *ids; /* of the plan, sorted */
	int64_t now_s;
	struct remains *of; /* whose bindings are being counted */
};

static bool same_aor(const struct binding *a, const struct binding *b)
{
	return slice_eq(a->user, b->user) && slice_eq(a->domain, b->domain);
}

static uint64_t aor_hash(const struct binding *b)
{
	return hash_bytes(b->user.p, b->user.n) * 31 + hash_bytes(b->domain.p, b->domain.n);
}

static int by_hash(const void *a, const void *b)
{
	uint64_t x = ((const struct remains *)a)->hash, y = ((const struct remains *)b)->hash;

	return (x > y) - (x < y);
}

static int by_id(const void *a, const void *b)
{
	binding_id x = *(const binding_id *)a, y = *(const binding_id *)b;

	return (x > y) - (x < y);
}

/* First of the entries with this hash; AoRs with equal hashes stand side by side. */
static struct remains *census_find(struct census *c, const struct binding *b)
{
	struct remains want = {.hash = aor_hash(b)};
	struct remains *r = bsearch(&want, c->aors, c->count, sizeof(want), by_hash);

	if (!r)
		return NULL;
	while (r > c->aors && r[-1].hash == want.hash)
		r--;
	for (; r < c->aors + c->count && r->hash == want.hash; r++) {
		if (same_aor(r->b, b))
			return r;
	}
	return NULL;
}

/* One entry per AoR of the plan. */
static void census_start(struct census *c)
{
	const struct plan *p = c->plan;
	size_t kept = 0;

	c->aors = xcalloc(p->count, sizeof(*c->aors));
	c->ids = xcalloc(p->count, sizeof(*c->ids));
	for (size_t i = 0; i < p->count; i++) {
		c->aors[i].b = p->items[i].b;
		c->aors[i].hash = aor_hash(p->items[i].b);
		c->aors[i].twins = p->items[i].twins;
		c->aors[i].id = p->items[i].id;
		c->ids[i] = p->items[i].id;
	}
	qsort(c->ids, p->count, sizeof(*c->ids), by_id);
	qsort(c->aors, p->count, sizeof(*c->aors), by_hash);
	for (size_t i = 0; i < p->count; i++) {
		size_t at = kept;

		while (at > 0 && c->aors[at - 1].hash == c->aors[i].hash &&
		       !same_aor(c->aors[at - 1].b, c->aors[i].b))
			at--;
		if (at > 0 && c->aors[at - 1].hash == c->aors[i].hash) {
			c->aors[at - 1].in_plan++;
			continue;
		}
		c->aors[kept] = c->aors[i];
		c->aors[kept++].in_plan = 1;
	}
	c->count = kept;
}

static bool has_failed(const struct evidence *e)
{
	return e && (e->outcome == PROBE_SILENT || e->outcome == PROBE_REFUSED ||
		     e->outcome == PROBE_NO_ROUTE || e->outcome == PROBE_FLOW_GONE);
}

static bool census_visit(void *ctx, binding_id id)
{
	struct census *c = ctx;
	struct binding b;

	if (!store_get(c->store, id, &b) || bsearch(&id, c->ids, c->plan->count, sizeof(id), by_id))
		return true;
	/* Memory does not know it: calls do not go there. */
	if (store_differs(c->store, id) == BINDING_ONLY_TABLE)
		return true;
	if (binding_left_s(&b, c->now_s) <= 0)
		c->of->lapsed++;
	else if (++c->of->live && has_failed(store_evidence(c->store, id)))
		c->of->failed++;
	return true;
}

static void census_take(struct census *c)
{
	census_start(c);
	for (size_t i = 0; i < c->plan->count; i++) {
		struct plan_item *it = &c->plan->items[i];

		it->twins_in_plan = census_find(c, it->b)->in_plan;
	}
	for (size_t i = 0; i < c->count; i++) {
		c->of = &c->aors[i];
		if (c->of->twins > c->of->in_plan)
			store_each_twin(c->store, c->of->id, census_visit, c);
	}
}

static void say_remains(const struct remains *r, struct strbuf *out)
{
	if (r->live == 0) {
		strbuf_add_str(out, "none left");
		if (r->lapsed > 0)
			strbuf_addf(out, " but %u lapsed", r->lapsed);
		strbuf_add_str(out, ": calls to it will fail until it registers again");
		return;
	}
	strbuf_addf(out, "%u binding%s left, calls go there now", r->live, r->live == 1 ? "" : "s");
	if (r->failed == r->live)
		strbuf_addf(out, ", but %s not answer when last asked",
			    r->live == 1 ? "it did" : "they did");
	else if (r->failed > 0)
		strbuf_addf(out, ", %u of them did not answer when last asked", r->failed);
}

typedef void how_fn(const struct source *s, const struct binding *b, struct strbuf *out);

static void say_how(const struct source *s, how_fn *how, const struct binding *b,
		    struct strbuf *out)
{
	if (!how)
		return;
	strbuf_add_str(out, "; ");
	how(s, b, out);
}

/* The AoR as the registrar has it goes; the picture may know less of it, or more. Said once, of the
 * last of its bindings. */
static void say_aors(const struct act_env *env, struct plan *p)
{
	for (size_t i = 0, all; i < p->count; i += all) {
		const struct source *s = env->sources[p->items[i].b->source];
		struct strbuf text = STRBUF_INIT;
		struct plan_item *last;

		all = plan_step(p, i);
		last = &p->items[i + all - 1];
		strbuf_addf(&text,
			    "the AoR goes whole, %zu binding%s in one step: calls to it will fail "
			    "until a phone registers again; the phones are not forced back: they "
			    "return with their next REGISTER",
			    all, all == 1 ? "" : "s");
		say_how(s, s->ops->purge_aor_how, last->b, &text);
		text_clean_buf(strbuf_slice(&text), last->consequence, sizeof(last->consequence));
		strbuf_free(&text);
	}
}

static void say_rows(const struct act_env *env, struct plan *p)
{
	for (size_t i = 0; i < p->count; i++) {
		struct plan_item *it = &p->items[i];
		const struct source *s = env->sources[it->b->source];
		struct strbuf text = STRBUF_INIT;

		strbuf_add_str(&text, "calls do not go there already: the registrar's memory does "
				      "not know it, and only the row goes");
		say_how(s, s->ops->purge_row_how, it->b, &text);
		text_clean_buf(strbuf_slice(&text), it->consequence, sizeof(it->consequence));
		strbuf_free(&text);
	}
}

/* When memory was asked about what is in sight, it may be known that there is nothing to remove. */
static void say_only_row(struct strbuf *out)
{
	strbuf_add_str(out, "calls do not go there already: the registrar's memory did not know it "
			    "when it was asked. It is asked again first; if only the row is left, "
			    "that is a question of its own");
}

static void say_binding(const struct act_env *env, const struct remains *left, struct plan_item *it)
{
	const struct source *s = env->sources[it->b->source];
	struct strbuf text = STRBUF_INIT;

	if (it->id && store_differs(env->store, it->id) == BINDING_ONLY_TABLE) {
		say_only_row(&text);
	} else {
		say_remains(left, &text);
		strbuf_add_str(&text, "; the phone is not forced back: it returns with its next "
				      "REGISTER");
		say_how(s, s->ops->purge_how, it->b, &text);
	}
	text_clean_buf(strbuf_slice(&text), it->consequence, sizeof(it->consequence));
	strbuf_free(&text);
}

static void say_consequences(const struct act_env *env, struct plan *p)
{
	struct census c = {.store = env->store, .plan = p};

	if (p->kind == PLAN_WHOLE_AORS)
		say_aors(env, p);
	else if (p->kind == PLAN_ROWS)
		say_rows(env, p);
	if (p->kind != PLAN_BINDINGS)
		return;
	c.now_s = p->frozen_ms / 1000;
	census_take(&c);
	for (size_t i = 0; i < p->count; i++)
		say_binding(env, census_find(&c, p->items[i].b), &p->items[i]);
	free(c.aors);
	free(c.ids);
}

/* NULL, or the sentence why this source does not purge. */
static const char *source_refuses(const struct act_env *env, enum plan_kind kind, uint8_t source)
{
	const struct source *s = source < env->source_count ? env->sources[source] : NULL;

	if (!s || !s->ops->purge || !s->ops->reread)
		return "it only shows, it cannot change anything";
	if (kind == PLAN_WHOLE_AORS && (!s->ops->read_aor || !s->ops->purge_aor))
		return "its registrar removes bindings one by one, never a whole AoR";
	if (kind == PLAN_ROWS && !s->ops->purge_row)
		return "it has no rows beside what its registrar knows";
	return source_purge_refused(s);
}

/* What forbids every change of this process; a plan that is only shown needs no permission. */
static int change_allowed(const struct act_env *env, struct err *e)
{
	if (env->read_only)
		return err_set(e, -EPERM, "Start regtop without it to change anything.",
			       "this regtop is read-only (%s)",
			       env->read_only_why ? env->read_only_why : "by configuration");
	if (!env->journal)
		return err_set(e, -EPERM, env->journal_trouble,
			       "the journal cannot be written, so nothing is changed");
	return 0;
}

int plan_allowed(const struct act_env *env, const struct plan *p, struct err *e)
{
	if (!env->only_plans && change_allowed(env, e) < 0)
		return -EPERM;
	for (size_t i = 0; p && i < p->count; i++) {
		uint8_t source = p->items[i].b->source;
		const char *why = source_refuses(env, p->kind, source);
		char name[128];

		if (!why)
			continue;
		text_clean_buf(slice_of(store_source_name(env->store, source)), name, sizeof(name));
		return err_set(e, -EPERM, NULL, "%s does not offer to purge: %s", name, why);
	}
	return 0;
}

/* False for an id that was taken before; sorted holds all n, taken is 0 at first. */
static bool take_once(const binding_id *sorted, bool *taken, size_t n, binding_id id)
{
	const binding_id *at = bsearch(&id, sorted, n, sizeof(*sorted), by_id);
	bool first;

	while (at > sorted && at[-1] == id)
		at--;
	first = !taken[at - sorted];
	taken[at - sorted] = true;
	return first;
}

static void freeze(const struct act_env *env, const binding_id *ids, size_t n, struct plan *p)
{
	binding_id *sorted = xreallocarray(NULL, n, sizeof(*sorted));
	bool *taken = xcalloc(n, sizeof(*taken));

	p->items = xcalloc(n, sizeof(*p->items));
	p->frozen_ms = clock_wall_ms(env->clock);
	memcpy(sorted, ids, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), by_id);
	for (size_t i = 0; i < n; i++) {
		struct binding b;

		if (!take_once(sorted, taken, n, ids[i]) || !store_get(env->store, ids[i], &b))
			continue;
		p->items[p->count++] = (struct plan_item){
			.id = ids[i],
			.b = binding_copy(&b),
			.twins = store_twins(env->store, ids[i]),
		};
	}
	free(sorted);
	free(taken);
}

struct plan *plan_purge(const struct act_env *env, const binding_id *ids, size_t n, struct err *e)
{
	struct plan *p;

	if (plan_allowed(env, NULL, e) < 0)
		return NULL;
	if (n > PLAN_MAX_ITEMS) {
		err_set(e, -EPERM, "Narrow the filter, or purge in several steps.",
			"%zu bindings are more than one plan may hold (%d)", n, PLAN_MAX_ITEMS);
		return NULL;
	}
	p = xcalloc(1, sizeof(*p));
	if (n > 0)
		freeze(env, ids, n, p);
	if (p->count == 0) {
		err_set(e, -ENOENT, NULL, "no binding matches, so there is nothing to purge");
		plan_free(p);
		return NULL;
	}
	if (plan_allowed(env, p, e) < 0) {
		plan_free(p);
		return NULL;
	}
	say_consequences(env, p);
	return p;
}

struct plan *plan_of_found(const struct act_env *env, enum plan_kind kind,
			   const struct binding *const *found, size_t n, const char *reason,
			   struct err *e)
{
	struct plan *p = xcalloc(1, sizeof(*p));

	p->kind = kind;
	p->frozen_ms = clock_wall_ms(env->clock);
	p->items = xcalloc(n + 1, sizeof(*p->items));
	snprintf(p->reason, sizeof(p->reason), "%s", reason ? reason : "");
	for (; p->count < n; p->count++)
		p->items[p->count] = (struct plan_item){
			.id = store_find(env->store, found[p->count]->source, found[p->count]->key),
			.b = binding_copy(found[p->count]),
			.twins = 1,
		};
	if (n == 0)
		err_set(e, -ENOENT, NULL, "the registrar has none of them");
	else if (n > PLAN_MAX_ITEMS)
		err_set(e, -EPERM, "Purge in several steps.",
			"%zu bindings are more than one plan may hold (%d)", n, PLAN_MAX_ITEMS);
	if (n == 0 || n > PLAN_MAX_ITEMS || plan_allowed(env, p, e) < 0) {
		plan_free(p);
		return NULL;
	}
	for (size_t i = 0; i < n; i++)
		p->items[i].twins = p->items[i].twins_in_plan = (unsigned)plan_step(p, i);
	say_consequences(env, p);
	return p;
}

size_t plan_step(const struct plan *p, size_t index)
{
	const struct binding *b = p->items[index].b;
	size_t n = 1;

	while (p->kind == PLAN_WHOLE_AORS && index + n < p->count &&
	       p->items[index + n].b->source == b->source && same_aor(p->items[index + n].b, b))
		n++;
	return n;
}

void plan_free(struct plan *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->count; i++) {
		free(p->items[i].b);
		free(p->items[i].row);
	}
	free(p->items);
	free(p);
}

bool plan_confirmed(const struct plan *p, const char *typed)
{
	char count[24];

	if (!typed || p->count == 0)
		return false;
	if (p->count == 1)
		return strcmp(typed, "y") == 0 || strcmp(typed, "yes") == 0;
	snprintf(count, sizeof(count), "%zu", p->count);
	return strcmp(typed, count) == 0;
}

static void add_clean_aor(const struct binding *b, struct strbuf *out)
{
	struct strbuf raw = STRBUF_INIT;

	binding_add_aor(b, &raw);
	text_clean(strbuf_slice(&raw), false, out);
	strbuf_free(&raw);
}

static size_t count_aors(const struct plan *p)
{
	size_t aors = 0;

	for (size_t i = 0; i < p->count; i += plan_step(p, i))
		aors++;
	return aors;
}

/* "Type 3 to do it, Esc to leave" */
static void add_how_to_answer(const struct plan *p, struct strbuf *out)
{
	if (p->count == 1)
		strbuf_add_str(out, "y to do it, Esc to leave");
	else
		strbuf_addf(out, "Type %zu to do it, Esc to leave", p->count);
}

static void question_aors(const struct plan *p, struct strbuf *out)
{
	size_t aors = count_aors(p);

	if (p->count == 1)
		strbuf_add_str(out, "Purge the only binding of ");
	else
		strbuf_addf(out, "Purge all %zu bindings of ", p->count);
	if (aors == 1)
		add_clean_aor(p->items[0].b, out);
	else
		strbuf_addf(out, "these %zu AoRs", aors);
	strbuf_add_str(out, "? ");
}

static void question_rows(const struct plan *p, struct strbuf *out)
{
	if (p->count == 1) {
		strbuf_add_str(out, "Remove this row of ");
		add_clean_aor(p->items[0].b, out);
	} else {
		strbuf_addf(out, "Remove these %zu rows", p->count);
	}
	strbuf_add_str(out, " from the table? Calls do not go there already. ");
}

static void question_bindings(const struct plan *p, struct strbuf *out)
{
	if (p->count == 1) {
		strbuf_add_str(out, "Purge this one binding of ");
		add_clean_aor(p->items[0].b, out);
		strbuf_add_str(out, "? ");
	} else {
		strbuf_addf(out, "Purge these %zu bindings? ", p->count);
	}
}

void plan_question(const struct plan *p, struct strbuf *out)
{
	if (p->kind == PLAN_WHOLE_AORS)
		question_aors(p, out);
	else if (p->kind == PLAN_ROWS)
		question_rows(p, out);
	else
		question_bindings(p, out);
	add_how_to_answer(p, out);
}

void plan_offer(const struct plan *p, struct strbuf *out)
{
	size_t aors = count_aors(p);

	if (p->kind == PLAN_ROWS) {
		strbuf_addf(out, p->count == 1 ? "%zu row is" : "%zu rows are", p->count);
		strbuf_add_str(out, " left in the table that calls do not follow");
		return;
	}
	if (aors == 1)
		add_clean_aor(p->items[0].b, out);
	else
		strbuf_addf(out, "%zu AoRs", aors);
	strbuf_addf(out, " can only go whole, with %s%zu binding%s", p->count == 1 ? "" : "all ",
		    p->count, p->count == 1 ? "" : "s");
}

static void describe_text(const char *label, struct slice text, struct strbuf *out)
{
	if (slice_empty(text))
		return;
	strbuf_addf(out, "    %-10s  ", label);
	text_clean(text, false, out);
	strbuf_add_char(out, '\n');
}

static void describe_age(const struct binding *b, int64_t now_s, struct strbuf *out)
{
	int64_t left = binding_left_s(b, now_s);
	char text[16];

	strbuf_addf(out, "    %-10s  ", "registered");
	if (b->refreshed_s != 0)
		strbuf_addf(out, "%s ago, ", text_duration(now_s - b->refreshed_s, text));
	if (left == INT64_MAX)
		strbuf_add_str(out, "for ever\n");
	else if (left > 0)
		strbuf_addf(out, "%s left\n", text_duration(left, text));
	else
		strbuf_addf(out, "lapsed %s ago\n", text_duration(-left, text));
}

void plan_describe(const struct plan *p, int64_t now_ms, struct strbuf *out)
{
	for (size_t i = 0; i < p->count; i++) {
		const struct plan_item *it = &p->items[i];

		strbuf_addf(out, "%zu of %zu: ", i + 1, p->count);
		add_clean_aor(it->b, out);
		strbuf_add_char(out, '\n');
		describe_text("contact", it->b->contact, out);
		describe_text("received", it->b->received, out);
		describe_text("user agent", it->b->user_agent, out);
		describe_age(it->b, now_ms / 1000, out);
		describe_text("then", slice_of(it->consequence), out);
	}
}
