/* OpenSIPS's memory as a source's picture: ul_dump while that is small enough to be harmless, and
 * single AoRs at once when something is heard of them. */
#ifndef REGTOP_SOURCE_OPENSIPS_MEMORY_H
#define REGTOP_SOURCE_OPENSIPS_MEMORY_H

#include "source/rpc/control.h"
#include "source/source.h"

/* ul_dump's time grows with the square of the contacts: 0.02 s for 1000, 4.7 s for 10 000, and it
 * holds locks that REGISTERs wait for (facts/kamailio-opensips 5.3). */
#define OPENSIPS_DUMP_MAX 2000

struct opensips_memory;

/* Called when the registrar answers again after it did not: it may have been started anew. */
typedef void opensips_back_fn(void *ctx);

/* Feeds s's sink and status. control is borrowed and must be freed first, after
 * opensips_memory_close(). interval_ms: between two looks, 0 the default. */
struct opensips_memory *opensips_memory_new(struct loop *l, const struct clock *c, struct source *s,
					    struct control *control, unsigned interval_ms,
					    opensips_back_fn *back, void *ctx);
/* Nothing is delivered from now on. */
void opensips_memory_close(struct opensips_memory *m);
void opensips_memory_free(struct opensips_memory *m);
/* Reads everything now, and from then on keeps up. */
void opensips_memory_refresh(struct opensips_memory *m);
/* Something was heard of this AoR, as opensips_heard_fn tells it: asks for it. From then on the
 * looks are only a safety net, and rarer, until the registrar was away. */
void opensips_memory_heard(struct opensips_memory *m, struct slice table, struct slice aor,
			   struct slice fresh);

/* For a source whose picture is OpenSIPS's table: memory is not listed, and only says what the
 * table may not know yet. Never refreshed; the hooks of the table's feed lead to the next two. */
void opensips_memory_over_table(struct opensips_memory *m);
void opensips_memory_freshen(struct opensips_memory *m, struct binding *rows, size_t n);
void opensips_memory_pass_ends(struct opensips_memory *m, bool complete);

#endif
