/* The plain table of a listing: columns as wide as their text, or cut to a terminal. */
#ifndef REGTOP_REPORT_LISTING_TABLE_H
#define REGTOP_REPORT_LISTING_TABLE_H

#include "report/listing.h"

/* Heading and rows, one line each, two blanks between columns, "-" for unknown. Without a width
 * nothing is cut; the widths are measured on a sample when there are very many rows, so that a
 * cell may then stand out. 0 or -errno. */
int listing_table_write(const struct listing *l, FILE *out);
/* Appends the first or outer columns of cleaned text so that it takes at most width of them. */
void listing_table_cut(struct slice cell, unsigned width, enum column_cut cut, bool ascii_only,
		       struct strbuf *out);
/* How many rows a listing has: those of its view, up to its limit. */
size_t listing_rows(const struct listing *l);

#endif
