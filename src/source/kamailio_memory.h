/* Kamailio's memory beside its table: what it says of the bindings that are looked at, and those
 * that the table does not have, or not yet. */
#ifndef REGTOP_SOURCE_KAMAILIO_MEMORY_H
#define REGTOP_SOURCE_KAMAILIO_MEMORY_H

#include "source/kamailio_nodes.h"

struct kamailio_memory;

/* Tells s's sink. nodes are borrowed and must be freed first, after kamailio_memory_close(). */
struct kamailio_memory *kamailio_memory_new(struct loop *l, const struct clock *c, struct source *s,
					    struct kamailio_nodes *nodes);
/* Nothing is asked or told from now on. */
void kamailio_memory_close(struct kamailio_memory *m);
void kamailio_memory_free(struct kamailio_memory *m);
/* As in source_ops: ul.lookup of the AoRs of these rows, one in flight, again and again at its
 * price; the latest call wins. */
void kamailio_memory_seen(struct kamailio_memory *m, const struct binding *rows, size_t n);
/* False while rows of the last kamailio_memory_seen() were not yet asked about. */
bool kamailio_memory_told(const struct kamailio_memory *m);
/* A row that is read from the table: completed with what memory knew better (in db_mode 2 the table
 * is behind). Slices of it may point into m until the next turn of the loop. */
void kamailio_memory_complete(struct kamailio_memory *m, struct binding *row);
/* A pass over the table is about to end: keeps what only memory has. */
void kamailio_memory_pass_ends(struct kamailio_memory *m);
/* A look at the table is over: tells what has come to agree, and looks at times for bindings that
 * only memory has. */
void kamailio_memory_looked(struct kamailio_memory *m);

#endif
