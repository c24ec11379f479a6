/* The view: which bindings, in which order; filter, stable sort, freeze, and the cursor by key. */
#ifndef REGTOP_MODEL_VIEW_H
#define REGTOP_MODEL_VIEW_H

#include "model/columns.h"
#include "model/filter.h"

struct view;

/* judge/ is reached through this, so that the model need not know it. Fills r->j from r->b,
 * r->evidence and r->now_ms. */
typedef void view_judge_fn(void *ctx, struct row *r);

struct view *view_new(struct store *s, view_judge_fn *judge, void *ctx);
void view_free(struct view *v);

/* Fills *r for id at now_ms; false when it is gone. Slices as store_get(). */
bool view_row(const struct view *v, binding_id id, int64_t now_ms, struct row *r);

/* The same with no more than a column needs beside the binding (column_needs()). */
bool view_fill(const struct view *v, binding_id id, int64_t now_ms, unsigned needs, struct row *r);

/* Keeps the last good filter when text does not parse (-EINVAL, *at is the position). */
int view_set_filter(struct view *v, struct slice text, size_t *at, struct err *e);
/* Text of the filter in force; "" for none. */
const char *view_filter(const struct view *v);
/* Stable: equal rows keep the order of AoR, then of first appearance. */
void view_set_sort(struct view *v, enum column_id col, bool reverse);
enum column_id view_sort(const struct view *v, bool *reverse);
/* While frozen, rows keep their places; new ones are appended, gone ones leave. */
void view_freeze(struct view *v, bool on);
bool view_frozen(const struct view *v);

/* Brings order and membership up to date when something relevant changed since the last call;
 * cheap when nothing did. Returns true when the list differs. */
bool view_update(struct view *v, int64_t now_ms);
/* The same in steps, for a screen that must not wait: goes on for about as many rows' work (some
 * ten million a second) and lists what it listed before until all is done. A few changes among
 * millions are done at once; what would cost a look at everything, and nobody asked for, is not
 * begun again before the last time's length has passed three times. */
bool view_work(struct view *v, int64_t now_ms, size_t rows);
/* True while view_work() has something to go on with. */
bool view_busy(const struct view *v);
/* True when the list does not obey the filter and order that were set last, not yet. */
bool view_behind(const struct view *v);

size_t view_count(const struct view *v);
/* 0 when out of range, or when it is gone since the last update. */
binding_id view_at(const struct view *v, size_t index);
/* Position of id, or -1 when it is not in the view. Costs a walk over the list, unless it is the
 * cursor's. */
ptrdiff_t view_index(const struct view *v, binding_id id);
/* Is it in the view? A look at one bit. */
bool view_has(const struct view *v, binding_id id);
/* How many marked bindings the view does not contain. */
size_t view_hidden_marks(const struct view *v);

/* The cursor is a binding, not a line. When its binding leaves, it goes to the one that took its
 * place. 0 when the view is empty. */
binding_id view_cursor(struct view *v);
void view_set_cursor(struct view *v, binding_id id);
/* Moves by delta lines, stopping at the ends. */
void view_move_cursor(struct view *v, ptrdiff_t delta);

#endif
