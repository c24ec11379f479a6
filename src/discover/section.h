/* What a configuration file says, as the values of a section: database, control, SIP address. */
#ifndef REGTOP_DISCOVER_SECTION_H
#define REGTOP_DISCOVER_SECTION_H

#include "config_file.h"
#include "discover/conf.h"
#include "discover/place.h"

/* Fills the values (not the name) of a section for a Kamailio with this configuration; run_dir
 * NULL: the usual one. False, with a clause in *why, when it is no registrar or nothing of it can
 * be read. *why may hold words when it is true: what was done without. */
bool discover_kamailio_section(const struct discover_place *p, const struct conf *c,
			       const char *run_dir, struct config_section *out, struct strbuf *why);
/* The same for an OpenSIPS. */
bool discover_opensips_section(const struct discover_place *p, const struct conf *c,
			       struct config_section *out, struct strbuf *why);
/* From kamctlrc's text. False when it names no database that can be read. */
bool discover_kamctlrc_section(const struct discover_place *p, struct slice text,
			       struct config_section *out);

/* Takes the text over in place of what was there. */
void discover_set(struct config_section *s, enum config_key key, char *take);

#endif
