/* What OpenSIPS's memory was last heard to hold: AoR by AoR, so that one can be told anew alone. */
#ifndef REGTOP_SOURCE_OPENSIPS_BOOK_H
#define REGTOP_SOURCE_OPENSIPS_BOOK_H

#include <jansson.h>
#include "source/source.h"

struct opensips_book;

struct opensips_book *opensips_book_new(const struct clock *c, struct source *s);
void opensips_book_free(struct opensips_book *b);
/* A whole picture: begin, every AoR, end. AoRs that it does not bring are gone. Returns how many
 * contacts it brought. */
void opensips_book_begin(struct opensips_book *b);
size_t opensips_book_end(struct opensips_book *b);
/* A whole picture that could not be finished: nothing is gone. */
void opensips_book_abort(struct opensips_book *b);
/* Tells the source's sink of one AoR's contacts (the array "Contacts"; NULL: it has none any more).
 * Inside of a whole picture what is missing goes with its end, otherwise at once. fresh: the URI of
 * the contact that has just registered, so that its expiry was granted now; empty: none. */
void opensips_book_put(struct opensips_book *b, struct slice table, struct slice aor,
		       const json_t *contacts, struct slice fresh);

/* For a source whose picture is OpenSIPS's table: the book then holds only what has just
 * registered, for as long as the table may not know it yet (write-back, 60 s as a rule). */
void opensips_book_over_table(struct opensips_book *b);
/* A row of the table: what has just registered takes its place. Borrowed until the next call. */
void opensips_book_freshen(const struct opensips_book *b, struct binding *row);
/* A pass over the table is about to end: keeps what it does not know yet. */
void opensips_book_keep(struct opensips_book *b);

#endif
