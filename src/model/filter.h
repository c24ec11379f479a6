/* The filter language: words, fields and comparisons, combined with blanks, '|', '!' and ( ). */
#ifndef REGTOP_MODEL_FILTER_H
#define REGTOP_MODEL_FILTER_H

#include "model/columns.h"

struct filter;

/* Grammar (documented in doc/regtop.1):
 *   expr  := all ('|' all)*      all := not+        not := '!' not | '(' expr ')' | test
 *   test  := word | field ':' value | field ('='|'<'|'>'|'<='|'>='|'!=') value | '~' regex
 * A bare word matches what a ticket says: AoR (also with +, 00 and blanks removed), contact,
 * received, User-Agent, Call-ID, instance (MAC with or without separators), verdict. field:value is
 * "contains" for text and "equals" for verdict, basis, transport, numbers; durations take 2m, 90s;
 * "-" is null; "quotes" keep blanks together. field~regex is a POSIX extended regex, ignoring case.
 * Empty text gives a filter that matches everything. On error returns -EINVAL, *e says what, and
 * *at gets the byte position in text where it broke. */
int filter_parse(struct slice text, struct filter **out, size_t *at, struct err *e);
void filter_free(struct filter *f);
bool filter_match(const struct filter *f, const struct row *r);
/* True when whatever now matches has matched was, an earlier filter, as long as the rows stay the
 * same: one more letter only needs the rows already found. */
bool filter_narrows(const struct filter *was, const struct filter *now);
/* The NEEDS_… bits (model/columns.h) of all its parts. */
unsigned filter_needs(const struct filter *f);

/* ---- a first look, at a store of millions -----------------------------------------------------
 */

enum glance { GLANCE_NO, GLANCE_YES, GLANCE_UNSURE };

/* What one filter has found out about the texts that many bindings of one store share. */
struct glancer;

/* f and s stay the caller's and must outlive it. */
struct glancer *glancer_new(const struct filter *f, const struct store *s);
void glancer_free(struct glancer *g);
/* To be called before glances whenever the store may have changed. */
void glancer_refresh(struct glancer *g);
/* What filter_match() will say of this binding at now_s, as far as a glance can tell. */
enum glance glancer_look(struct glancer *g, const struct store_glance *b, int64_t now_s);

#endif
