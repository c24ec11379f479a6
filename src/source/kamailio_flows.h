/* Which connections of phones Kamailio still holds: core.tcp_list joined with Tcpconn-Id. */
#ifndef REGTOP_SOURCE_KAMAILIO_FLOWS_H
#define REGTOP_SOURCE_KAMAILIO_FLOWS_H

#include "source/rpc/control.h"
#include "source/source.h"

struct kamailio_flows;

/* Tells s's sink evidence of connections that are gone. */
struct kamailio_flows *kamailio_flows_new(const struct clock *c, struct source *s);
/* Nothing is asked or told from now on. The controls that were given must be freed before
 * kamailio_flows_free(). */
void kamailio_flows_close(struct kamailio_flows *f);
void kamailio_flows_free(struct kamailio_flows *f);
/* Memory at this control says that b came over a connection (b->connection, b->socket,
 * b->received). What is no stream is left out. */
void kamailio_flows_note(struct kamailio_flows *f, struct control *control,
			 const struct binding *b);
/* Everything that can be seen now was noted: asks about it, if it is time, and forgets it. */
void kamailio_flows_ask(struct kamailio_flows *f);

#endif
