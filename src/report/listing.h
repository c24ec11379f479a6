/* Listings: rows as a plain table, CSV or one JSON object, column by column. */
#ifndef REGTOP_REPORT_LISTING_H
#define REGTOP_REPORT_LISTING_H

#include <jansson.h>
#include <stdio.h>
#include "model/view.h"
#include "source/source.h"

enum listing_format { LISTING_TABLE, LISTING_JSON, LISTING_CSV };

struct listing {
	const struct view *view;
	const enum column_id *cols;
	size_t col_count;
	size_t limit;                        /* rows; 0: all */
	int64_t now_ms;                      /* wall time all rows are looked at */
	const struct source *const *sources; /* for the JSON head */
	size_t source_count;
	/* For "count" in the JSON head, sources being in the store's order; NULL: the sources' own
	 * count of what they last read. */
	const struct store *store;
	bool ascii_only; /* C locale or --ascii; JSON then uses \u, CSV stays UTF-8 */
	unsigned width;  /* TABLE: columns of the terminal, 0: as wide as needed */
};

/* Streams: a million rows do not become one string. 0, or -errno of the write. The formats are
 * those of DESIGN 7; JSON text is cleaned of controls, times are RFC 3339 UTC, unknown is null. */
int listing_write(const struct listing *l, enum listing_format f, FILE *out);
/* One row as a JSON object of the given columns; new reference. */
json_t *listing_row_json(const struct row *r, const enum column_id *cols, size_t n);
/* Everything about the row as "name  value" lines, for `regtop show`. */
void listing_show(const struct row *r, bool ascii_only, struct strbuf *out);

#endif
