/* Kamailio's whole memory by ul.dump, as long as that is small enough to be harmless. */
#ifndef REGTOP_SOURCE_KAMAILIO_DUMP_H
#define REGTOP_SOURCE_KAMAILIO_DUMP_H

#include "source/rpc/control.h"
#include "source/source.h"

/* ul.dump's time grows with the square of the contacts, it holds locks that REGISTERs wait for, ctl
 * breaks off at 1023 AoRs, and a datagram holds 128 KiB: about 200 contacts
 * (facts/kamailio-opensips 3.2). */
#define KAMAILIO_DUMP_MAX          1000
#define KAMAILIO_DUMP_DATAGRAM_MAX 200

struct kamailio_dump;

/* One contact of memory; b lives for the call. */
typedef void kamailio_contact_fn(void *ctx, const struct binding *b);
/* The end: 0 and everything was brought, or a code with *e: -EFBIG there are too many, nothing was
 * brought. Nothing is brought unless everything came. */
typedef void kamailio_dumped_fn(void *ctx, int rc, const struct err *e);

/* Asks how many contacts there are, and when they are few enough for all of them; those of this
 * table are brought. table lives until done; control is borrowed and must be freed first: an open
 * question then ends from inside control_free(). */
void kamailio_dump_ask(struct control *control, const char *table, const struct clock *c,
		       kamailio_contact_fn *contact, kamailio_dumped_fn *done, void *ctx);

/* Memory as a source's picture: asked again and again, at its price. control and table as above,
 * after kamailio_dump_close(). take may change each binding before it is put, and leaves it out
 * with false; looked is called after each look. interval_ms: between two looks, 0 the default. */
typedef bool kamailio_take_fn(void *ctx, struct binding *b);
typedef void kamailio_looked_fn(void *ctx);
struct kamailio_dump *kamailio_dump_new(struct loop *l, const struct clock *c, struct source *s,
					struct control *control, const char *table,
					unsigned interval_ms, kamailio_take_fn *take,
					kamailio_looked_fn *looked, void *ctx);
/* Reads everything now, and from then on keeps up. */
void kamailio_dump_refresh(struct kamailio_dump *d);
/* Nothing is delivered from now on. */
void kamailio_dump_close(struct kamailio_dump *d);
void kamailio_dump_free(struct kamailio_dump *d);

#endif
