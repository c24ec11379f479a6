/* What is to be opened: from -s and the sections of the configuration file to sources with their
 * nodes. */
#ifndef REGTOP_OPENINGS_H
#define REGTOP_OPENINGS_H

#include "options.h"
#include "source/source.h"

struct opening {
	char *spec;
	struct source_options options; /* its strings and nodes belong to the opening, or to o */
	char *name;
	struct source_node *nodes, *peers;
	char **places;               /* the peers' tables */
	struct call_account account; /* its strings are the configuration's */
};

struct openings {
	struct opening *items;
	size_t count;
};

/* One opening for each -s; a -s that is the name of a section stands for it, and without any -s all
 * sections are opened. Sections that read the same are one opening with several nodes. count is 0
 * when nothing was named at all. NULL with *e (-EINVAL) for what does not fit
 * together. The strings live until openings_free(), as sources want it. */
struct openings *openings_make(const struct options *o, struct err *e);
/* The same of all sections of c: what was found by itself, which must live as long. */
struct openings *openings_of(const struct options *o, const struct config *c, struct err *e);
/* NULL is fine. */
void openings_free(struct openings *l);

#endif
