/* Sorting for the view: keys are taken from each row once, then only keys are compared. */
#ifndef REGTOP_MODEL_VIEW_SORT_H
#define REGTOP_MODEL_VIEW_SORT_H

#include "model/columns.h"

struct sort_entry {
	uint64_t key;
	binding_id id;
};

/* Fills *r for id with what the column needs; false when it is gone. */
typedef bool sort_row_fn(void *ctx, binding_id id, struct row *r);

struct sort_spec {
	enum column_id col;
	bool reverse;           /* nulls stay last all the same */
	sort_row_fn *row;       /* for col */
	sort_row_fn *plain_row; /* the binding only, for the AoR that breaks ties */
	void *ctx;
};

/* By the column, then AoR, then first appearance. */
void view_sort_ids(const struct sort_spec *s, binding_id *ids, size_t n);

#endif
