/* Rows as they were drawn last: what a key leaves as it was is copied, not made anew. */
#include <stdlib.h>
#include "base/alloc.h"
#include "ui/views.h"

/* Everything that the cells of a row depend on, but for the cursor. */
struct stamp {
	uint64_t generation, touched, searches, sources, watches;
	int64_t now_s;
	int width;
	bool ascii_only;
	struct table_layout layout;
};

struct drawn_rows {
	struct stamp stamp;
	struct cell *cells; /* count lines of stamp.width */
	binding_id *ids;
	binding_id cursor;
	size_t count, cells_cap, ids_cap;
};

/* The news of a row depend on its source: when it was first read, and whether it is a snapshot. */
static uint64_t sources_stamp(const struct ui *u)
{
	uint64_t h = 0;

	for (size_t i = 0; i < u->cfg.source_count && i < UI_SOURCES; i++)
		h = h * 31 + (uint64_t)u->baseline_s[i] * 2 + ui_is_frozen(u, i);
	return h;
}

void drawn_rows_check(struct ui *u, const struct frame *f, int64_t now_ms)
{
	struct stamp now;

	if (!u->drawn)
		u->drawn = xcalloc(1, sizeof(*u->drawn));
	memset(&now, 0, sizeof(now));
	now.generation = store_generation(u->cfg.store);
	now.touched = store_touched(u->cfg.store);
	now.searches = u->searches;
	now.sources = sources_stamp(u);
	now.watches = u->watching.version;
	now.now_s = now_ms / 1000;
	now.width = f->width;
	now.ascii_only = f->ascii_only;
	memcpy(&now.layout, &u->layout, sizeof(now.layout));
	if (memcmp(&now, &u->drawn->stamp, sizeof(now)) == 0)
		return;
	memcpy(&u->drawn->stamp, &now, sizeof(now));
	u->drawn->count = 0;
}

bool drawn_rows_put(const struct ui *u, struct frame *f, int y, binding_id id, bool cursor)
{
	const struct drawn_rows *d = u->drawn;
	size_t width = (size_t)f->width, i = 0;

	if (cursor != (id == d->cursor))
		return false;
	while (i < d->count && d->ids[i] != id)
		i++;
	if (i == d->count)
		return false;
	memcpy(f->cells + (size_t)y * width, d->cells + i * width, width * sizeof(*f->cells));
	return true;
}

void drawn_rows_keep(struct ui *u, const struct frame *f, int y, const binding_id *ids, size_t n,
		     binding_id cursor)
{
	struct drawn_rows *d = u->drawn;
	size_t width = (size_t)f->width;

	XGROW(d->cells, d->cells_cap, n * width);
	XGROW(d->ids, d->ids_cap, n);
	d->count = n;
	d->cursor = cursor;
	if (!n)
		return;
	memcpy(d->cells, f->cells + (size_t)y * width, n * width * sizeof(*d->cells));
	memcpy(d->ids, ids, n * sizeof(*ids));
}

const binding_id *drawn_rows_ids(const struct drawn_rows *d, size_t *n)
{
	*n = d ? d->count : 0;
	return d ? d->ids : NULL;
}

void drawn_rows_free(struct drawn_rows *d)
{
	if (!d)
		return;
	free(d->cells);
	free(d->ids);
	free(d);
}
