/* Places: what of a binding's addresses it shares with others, or has for itself, as short texts.
 */
#ifndef REGTOP_MODEL_PLACE_H
#define REGTOP_MODEL_PLACE_H

#include "model/binding.h"

/* Each cleaned; false, and "" in out, when the binding has none. Pure text work, no name is looked
 * up. */

/* One office has one public address, or a few side by side: "192.0.2.0/24", "2001:db8:1::/48", of
 * the address that the REGISTER came from, else of the Contact (facts/sip-and-diagnosis 2.7). */
bool place_network(const struct binding *b, char *out, size_t size);
/* "192.0.2.7", of the same address. */
bool place_host(const struct binding *b, char *out, size_t size);
/* The first Path host: "edge1.example.com", "192.0.2.9:5060". */
bool place_edge(const struct binding *b, char *out, size_t size);
/* Where the phone itself is: "192.0.2.7:5060" of the address that the REGISTER came from, else of
 * the Contact, there perhaps with a name. */
bool place_phone(const struct binding *b, char *out, size_t size);

#endif
