/* One contact as Kamailio's memory tells it (ul.lookup, ul.dump), as a binding. */
#ifndef REGTOP_SOURCE_KAMAILIO_CONTACT_H
#define REGTOP_SOURCE_KAMAILIO_CONTACT_H

#include <jansson.h>
#include "model/binding.h"

struct kamailio_found {
	const json_t *contact; /* NULL: not there; borrowed from the answer */
	unsigned same_uri;     /* contacts with the URI of the binding */
	bool by_ruid;          /* contact has the ruid of the binding */
};

/* Looks in the result of ul.lookup for b: by its ruid; a binding that lapsed and came back has a
 * new one, and is then found by its URI. */
struct kamailio_found kamailio_contact_find(const json_t *result, const struct binding *b);
/* contact is the object with "Address", "Expires" and so on (facts/kamailio-opensips 3.1); shown
 * tells the AoR, and its second of expiry where the two clocks agree. False for a contact that only
 * waits to be cleared away, or has no address. Slices point into contact, shown and *node, an empty
 * builder that the caller frees. */
bool kamailio_contact_read(const json_t *contact, const struct binding *shown, int64_t now_s,
			   struct strbuf *node, struct binding *out);

#endif
