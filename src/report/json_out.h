/* Pieces of JSON text, appended to a string builder in the order in which they are to stand. */
#ifndef REGTOP_REPORT_JSON_OUT_H
#define REGTOP_REPORT_JSON_OUT_H

#include <stdio.h>
#include "base/strbuf.h"

/* A string for people and programs: cleaned, so that no control reaches whoever prints it.
 * ascii_only writes \u escapes, which lose nothing. */
void json_out_text(struct strbuf *b, struct slice s, bool ascii_only);
/* Bytes that must come back unchanged: a string when text_clean() would leave them alone, else
 * {"hex": "…"} (doc/regtop-snapshot.5). */
void json_out_bytes(struct strbuf *b, struct slice s);
void json_out_int(struct strbuf *b, int64_t i);
/* A point for the decimals in every locale; null for what is no number. */
void json_out_real(struct strbuf *b, double d);
/* Unix milliseconds as an RFC 3339 string with or without fraction; null outside years 1 … 9999. */
void json_out_time(struct strbuf *b, int64_t unix_ms, bool fraction);
/* Comma where one is due, then "name":. A comma is not due after '{' or '['. */
void json_out_key(struct strbuf *b, const char *name);

/* Writes the builder's text and empties it; 0 or -errno. */
int json_out_flush(struct strbuf *b, FILE *out);

#endif
