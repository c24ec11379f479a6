/* What is kept beside the bindings of the store: evidence, what memory says, habits, marks. */
#include "model/store_state.h"

#include <stdlib.h>
#include "base/alloc.h"

/* ---- evidence and marks -------------------------------------------------------------------------
 */

const struct evidence *store_evidence(const struct store *s, binding_id id)
{
	const struct record *r = record_of(s, id);

	if (!r || !(r->flags & RECORD_EVIDENCE))
		return NULL;
	return evidence_at(slotmap_get(&s->evidence, binding_slot(id)));
}

void store_set_evidence(struct store *s, binding_id id, const struct evidence *e)
{
	struct record *r = record_of(s, id);
	struct evidence *mine;

	if (!r)
		return;
	if (!(r->flags & RECORD_EVIDENCE)) {
		mine = xmalloc(sizeof(*mine));
		slotmap_set(&s->evidence, binding_slot(id), (uint64_t)(uintptr_t)mine);
		r->flags |= RECORD_EVIDENCE;
	} else {
		mine = evidence_at(slotmap_get(&s->evidence, binding_slot(id)));
	}
	*mine = *e;
	note_touch(s, binding_slot(id));
}

enum binding_differs store_differs(const struct store *s, binding_id id)
{
	const struct record *r = record_of(s, id);

	return r ? (enum binding_differs)(r->flags >> RECORD_DIFFERS_BIT) : BINDING_UNCOMPARED;
}

void store_set_differs(struct store *s, binding_id id, enum binding_differs d)
{
	struct record *r = record_of(s, id);

	if (!r || r->flags >> RECORD_DIFFERS_BIT == (unsigned)d)
		return;
	r->flags = (uint16_t)((r->flags & ~RECORD_DIFFERS) | (unsigned)d << RECORD_DIFFERS_BIT);
	note_touch(s, binding_slot(id));
}

void store_set_mark(struct store *s, binding_id id, bool marked)
{
	struct record *r = record_of(s, id);

	if (!r || marked == !!(r->flags & RECORD_MARKED))
		return;
	if (!marked) {
		slotset_remove(&s->marks, binding_slot(id));
		r->flags &= (uint16_t)~RECORD_MARKED;
		note_touch(s, binding_slot(id));
		return;
	}
	slotset_add(&s->marks, binding_slot(id));
	r->flags |= RECORD_MARKED;
	note_touch(s, binding_slot(id));
}

bool store_marked(const struct store *s, binding_id id)
{
	const struct record *r = record_of(s, id);

	return r && (r->flags & RECORD_MARKED);
}

size_t store_mark_count(const struct store *s)
{
	return s->marks.n;
}

void store_clear_marks(struct store *s)
{
	if (!s->marks.n)
		return;
	for (size_t i = 0; i < s->marks.order.n; i++)
		if (s->marks.order.at[i] != SLOTSET_HOLE)
			s->t.r[s->marks.order.at[i]].flags &= (uint16_t)~RECORD_MARKED;
	slotset_free(&s->marks);
	note_touch(s, UINT32_MAX);
}

void store_each_mark(const struct store *s, store_visit_fn *fn, void *ctx)
{
	for (size_t i = 0; i < s->marks.order.n; i++)
		if (s->marks.order.at[i] != SLOTSET_HOLE &&
		    !fn(ctx, id_of(s, s->marks.order.at[i])))
			return;
}

size_t store_marks(const struct store *s, binding_id **ids)
{
	size_t n = 0;

	*ids = xreallocarray(NULL, s->marks.n, sizeof(**ids));
	for (size_t i = 0; i < s->marks.order.n; i++)
		if (s->marks.order.at[i] != SLOTSET_HOLE)
			(*ids)[n++] = id_of(s, s->marks.order.at[i]);
	return n;
}

/* ---- habits -------------------------------------------------------------------------------------
 */

int64_t store_habit(const struct store *s, binding_id id)
{
	return s->habits.n && record_of(s, id) ? (int64_t)slotmap_get(&s->habits, binding_slot(id))
					       : 0;
}

void store_set_habit(struct store *s, binding_id id, int64_t habit_s)
{
	if (!record_of(s, id) || habit_s < 0 || store_habit(s, id) == habit_s)
		return;
	if (habit_s)
		slotmap_set(&s->habits, binding_slot(id), (uint64_t)habit_s);
	else
		slotmap_remove(&s->habits, binding_slot(id));
	note_touch(s, binding_slot(id));
}
