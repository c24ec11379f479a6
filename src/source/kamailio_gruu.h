/* Kamailio's temp-GRUU: the request URI that its lookup() resolves to exactly one binding. */
#ifndef REGTOP_SOURCE_KAMAILIO_GRUU_H
#define REGTOP_SOURCE_KAMAILIO_GRUU_H

#include "model/binding.h"

/* Kamailio's hash of an AoR (its core_hash without a size, on a machine whose char is signed). */
uint32_t kamailio_aor_hash(struct slice aor);
/* Appends "sip:RUID-HASH@DOMAIN;gr" (facts/kamailio-opensips 4.2); domain is used when b has none.
 * False, and nothing appended, when b has no ruid as usrloc makes them, or no domain is left. */
bool kamailio_gruu_add(const struct binding *b, struct slice domain, struct strbuf *out);

#endif
