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

/* What a glance tells of a column is quicker than unpacking the row. */
static bool glance_value(const struct view *v, uint32_t slot, struct value *out)
{
	struct store_glance g;

	if (!store_glance(v->store, slot, &g))
		return false;
	out->type = VALUE_TEXT;
	switch (v->sort) {
	case COL_LEFT:
	case COL_EXPIRES:
		/* Broken data, or none: the column has words for it. */
		if (g.expires_s < 0 || g.expires_s > UINT32_MAX)
			return false;
		out->type = VALUE_INT;
		out->i = v->sort == COL_LEFT ? g.expires_s - v->now_ms / 1000 : g.expires_s * 1000;
		return true;
	case COL_USER:
		out->text = g.user;
		break;
	case COL_CONTACT:
		out->text = g.contact;
		break;
	case COL_DOMAIN:
		out->text = store_domain(v->store, g.domain);
		break;
	case COL_USER_AGENT:
		out->text = store_agent(v->store, g.profile);
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

static int compare_by(const struct view *v, sort_key_fn *key, uint32_t a, uint32_t b)
{
	void *ctx = (void *)v; /* key functions of ours change nothing */
	uint64_t x, y;

	for (unsigned depth = 0;; depth++) {
		bool more = key(ctx, a, depth, &x);

		more &= key(ctx, b, depth, &y);
		if (x != y)
			return x < y ? -1 : 1;
		if (!more)
			return 0;
	}
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
