/* Whose row of a table it is that a Kamailio's memory does not know: its own, or another node's. */
#ifndef REGTOP_SOURCE_KAMAILIO_OWNER_H
#define REGTOP_SOURCE_KAMAILIO_OWNER_H

#include <jansson.h>
#include "model/binding.h"

/* Is the row's socket ("udp:IP:PORT") among those of core.sockets_list, by name or by address? */
bool kamailio_lists_socket(const json_t *sockets, struct slice wanted);
/* A node that has never heard of a binding says the same as one that forgot it: a row is its own
 * only when it listens on the socket that took the REGISTER, and, as far as the node's server_id is
 * known (-1: it is not), bears that number. A row without a socket, as ul.add writes it, goes by
 * the number alone (facts/kamailio-opensips 6). sockets: the answer to core.sockets_list. */
bool kamailio_owns_row(int64_t server_id, const json_t *sockets, const struct binding *row);
/* Does the number alone speak against it? */
bool kamailio_is_numbered(int64_t server_id, const struct binding *row);

#endif
