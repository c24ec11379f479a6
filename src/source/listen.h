/* Source kind "listen": our own registrar, its bindings told as they change. */
#ifndef REGTOP_SOURCE_LISTEN_H
#define REGTOP_SOURCE_LISTEN_H

#include "sip/transport.h"
#include "source/source.h"

/* For the kind table: o->place is "udp:HOST:PORT[,tcp:HOST:PORT…]", HOST an address (IPv6 in
 * brackets). The sockets are open and served when it returns. e->code is -EINVAL for a place or
 * option that makes no sense, else the socket's or the store's errno (-EADDRINUSE). */
struct source *listen_open(struct loop *l, const struct clock *c, const struct source_options *o,
			   struct err *e);
/* The registrar's own transport: what is sent from it takes the path that a call takes. Borrowed;
 * lives as long as the source. s must come from listen_open(). */
struct sip_transport *listen_transport(struct source *s);

#endif
