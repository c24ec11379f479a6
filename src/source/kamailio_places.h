/* Where a Kamailio of this machine usually has its controls, and which of them may be used. */
#ifndef REGTOP_SOURCE_KAMAILIO_PLACES_H
#define REGTOP_SOURCE_KAMAILIO_PLACES_H

#include "source/rpc/control.h"

/* Of places (n of them, the preferred first) the first that is there and that this user may use.
 * places NULL: Kamailio's defaults in /run/kamailio: the datagram socket, whose requests a stopped
 * process cannot keep, then ctl, whose answers may be longer, then the FIFO, where everybody waits
 * for the slowest. NULL with *e: what is wrong with the first that is there, or -ENOENT when
 * none is. Owned by the caller. */
struct control *kamailio_places_find(struct loop *l, const char *const *places, size_t n,
				     struct err *e);

#endif
