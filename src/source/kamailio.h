/* Kamailio by its SQLite location table, with its control socket for what changes something. */
#ifndef REGTOP_SOURCE_KAMAILIO_H
#define REGTOP_SOURCE_KAMAILIO_H

#include "source/source.h"

/* True when path is an SQLite file with Kamailio's location table. False with *e when it can be
 * said what it is instead. */
bool kamailio_recognise(const char *path, struct err *e);
/* o->place: the database's path. */
struct source *kamailio_open(struct loop *l, const struct clock *c, const struct source_options *o,
			     struct err *e);

/* The same by its memory alone (db_mode 0). o->place: a control. */
struct source *kamailio_open_memory(struct loop *l, const struct clock *c,
				    const struct source_options *o, struct err *e);

#endif
