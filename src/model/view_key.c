/* What a slot stands for in the view: its keys for sorting, and whether it matches the filter. */
#include "model/view_state.h"

/* A row that must be unpacked and matched in full costs as much as so many glances; a judged one
 * twice that. */
#define EXACT_ROWS 8

bool view_aor_key(void *ctx, uint32_t slot, unsigned depth, uint64_t *key)
{
	const struct view *v = ctx;
	struct store_glance g;

	if (!store_glance(v->store, slot, &g)) {
		*key = SORT_KEY_NULL;
		return false;
	}
	return sort_key_of_aor(g.user, store_domain(v->store, g.domain),
			       binding_serial(store_at(v->store, slot)), depth, key);
}

/* ---- shared texts -------------------------------------------------------------------------------
 *
 * A million rows have a few hundred User-Agents: these are sorted once, and rows by their rank. */

/* More texts than that are hardly shared, and would take too long in one go. */
#define RANKED_MAX 16384

static struct slice shared_text(const struct view *v, enum column_id col, uint32_t number)
{
	return col == COL_DOMAIN ? store_domain(v->store, number) : store_agent(v->store, number);
}

static bool shared_key(void *ctx, uint32_t number, unsigned depth, uint64_t *key)
{
	const struct view *v = ctx;
	struct value value = {.type = VALUE_TEXT};

	value.text = shared_text(v, v->ranks.col, number);
	if (!value.text.n)
		value.type = VALUE_NULL;
	return sort_key_of_value(&value, false, depth, key);
}

static void no_soon(void *ctx, uint32_t number, bool near)
{
	(void)ctx;
	(void)number;
	(void)near;
}

static int compare_by(struct view *v, sort_key_fn *key, uint32_t a, uint32_t b)
{
	uint64_t x, y;

	for (unsigned depth = 0;; depth++) {
		bool more = key(v, a, depth, &x);

		more &= key(v, b, depth, &y);
		if (x != y)
			return x < y ? -1 : 1;
		if (!more)
			return 0;
	}
}

static void rank_all(struct view *v, size_t n)
{
	uint32_t *order = xreallocarray(NULL, n + 1, sizeof(*order)), rank = 0;
	struct sorter *s;

	for (size_t i = 0; i < n; i++)
		order[i] = (uint32_t)i;
	s = sorter_new(order, n, shared_key, no_soon, v);
	while (sorter_step(s, RANKED_MAX))
		;
	sorter_result(s, order);
	sorter_free(s);
	v->ranks.of = xreallocarray(v->ranks.of, n + 1, sizeof(*v->ranks.of));
	for (size_t i = 0; i < n; i++) {
		if (i && compare_by(v, shared_key, order[i - 1], order[i]) != 0)
			rank++;
		v->ranks.of[order[i]] = rank;
	}
	free(order);
}

void view_rank(struct view *v)
{
	uint64_t epoch = store_shared_epoch(v->store);
	size_t n;

	if (v->sort != COL_DOMAIN && v->sort != COL_USER_AGENT)
		return;
	n = v->sort == COL_DOMAIN ? store_domains(v->store) : store_profiles(v->store);
	if (n > RANKED_MAX)
		n = 0;
	if (v->ranks.col == v->sort && v->ranks.n == n && v->ranks.epoch == epoch)
		return;
	v->ranks.col = v->sort;
	v->ranks.epoch = epoch;
	v->ranks.n = n;
	rank_all(v, n);
}

/* ---- keys ---------------------------------------------------------------------------------------
 */

static void shared_value(const struct view *v, uint32_t number, struct value *out)
{
	out->text = shared_text(v, v->sort, number);
	if (!out->text.n || v->ranks.col != v->sort || number >= v->ranks.n)
		return;
	out->type = VALUE_INT;
	out->i = v->ranks.of[number];
}

/* What a glance tells of a column is quicker than unpacking the row. */
static bool glance_value(const struct view *v, uint32_t slot, struct value *out)
{
	struct store_glance g;
	int64_t end;

	if (v->sort == COL_LEFT || v->sort == COL_EXPIRES) {
		/* Broken data, or none: the column has words for it. */
		if (!store_expires(v->store, slot, &end) || end < 0 || end > UINT32_MAX)
			return false;
		out->type = VALUE_INT;
		/* In seconds: no broken one, in milliseconds, comes to stand among these. */
		out->i = v->sort == COL_LEFT ? end - v->now_ms / 1000 : end;
		return true;
	}
	if (!store_glance(v->store, slot, &g))
		return false;
	out->type = VALUE_TEXT;
	switch (v->sort) {
	case COL_USER:
		out->text = g.user;
		break;
	case COL_CONTACT:
		out->text = g.contact;
		break;
	case COL_DOMAIN:
		shared_value(v, g.domain, out);
		break;
	case COL_USER_AGENT:
		shared_value(v, g.profile, out);
		break;
	default:
		return false;
	}
	if (!out->text.n)
		out->type = VALUE_NULL;
	return true;
}

bool view_column_key(void *ctx, uint32_t slot, unsigned depth, uint64_t *key)
{
	const struct view *v = ctx;
	struct value value;
	struct row r;

	if (!glance_value(v, slot, &value)) {
		value.type = VALUE_NULL;
		if (view_fill(v, store_at(v->store, slot), v->now_ms, column_needs(v->sort), &r))
			column_sort_value(v->sort, &r, &value);
	}
	return sort_key_of_value(&value, v->reverse, depth, key);
}

size_t view_key_rows(const struct view *v)
{
	switch (v->sort) {
	case COL_LEFT:
	case COL_EXPIRES:
	case COL_USER:
	case COL_CONTACT:
	case COL_DOMAIN:
	case COL_USER_AGENT:
		return 1;
	default:
		return column_needs(v->sort) & NEEDS_JUDGEMENT ? 2 * EXACT_ROWS : EXACT_ROWS;
	}
}

void view_soon(void *ctx, uint32_t slot, bool near)
{
	const struct view *v = ctx;

	store_soon(v->store, slot, near);
}

int view_compare_aor(const void *a, const void *b, void *v)
{
	return compare_by(v, view_aor_key, *(const uint32_t *)a, *(const uint32_t *)b);
}

int view_compare_listed(const void *a, const void *b, void *v)
{
	int order = compare_by(v, view_column_key, *(const uint32_t *)a, *(const uint32_t *)b);

	return order ? order : view_compare_aor(a, b, v);
}

/* *cost grows by what it took. */
bool view_matches(struct view *v, uint32_t slot, size_t *cost)
{
	unsigned needs = filter_needs(v->filter);
	struct store_glance g;
	struct row r;

	++*cost;
	if (!store_glance(v->store, slot, &g))
		return false;
	switch (glancer_look(v->glancer, &g, v->now_ms / 1000)) {
	case GLANCE_YES:
		return true;
	case GLANCE_NO:
		return false;
	default:
		*cost += needs & NEEDS_JUDGEMENT ? 2 * EXACT_ROWS : EXACT_ROWS;
		return view_fill(v, store_at(v->store, slot), v->now_ms, needs, &r) &&
		       filter_match(v->filter, &r);
	}
}
