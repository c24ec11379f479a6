/* OpenSIPS by its MI: its memory, or its location table with MI for what changes something. */
#ifndef REGTOP_SOURCE_OPENSIPS_H
#define REGTOP_SOURCE_OPENSIPS_H

#include "source/source.h"

/* True when path is an SQLite file with OpenSIPS's location table; else *e may say what it is. */
bool opensips_recognise(const char *path, struct err *e);
/* o->place: a control ("unix:PATH", "http://ADDRESS:PORT/mi", …), whose registrar's memory is
 * listed; or its location table, a path or a database's address (sql/db_url.h), with o->control for
 * what changes something. NULL with *e. */
struct source *opensips_open(struct loop *l, const struct clock *c, const struct source_options *o,
			     struct err *e);

#endif
