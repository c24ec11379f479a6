/* The pre-filter: tells messages from keepalives and rubbish, and keeps osip from what hurts it. */
#ifndef REGTOP_SIP_PREFILTER_H
#define REGTOP_SIP_PREFILTER_H

#include "base/strbuf.h"
#include "sip/message.h"

/* Of the head, folded ones and the first counted; no index of headers needs to hold more. */
#define PREFILTER_MAX_LINES 128

/* What the head of a datagram looks like (facts: an unfiltered 65 KB datagram costs osip seconds).
 */
struct prefilter {
	enum sip_input input; /* MESSAGE, KEEPALIVE, STUN or RUBBISH */
	const char *why;      /* static phrase for RUBBISH */
	struct slice head;    /* up to and with the empty line, or everything when there is none */
	struct slice body;    /* what follows it */
	bool request;
};

void prefilter_look(struct slice raw, struct prefilter *out);
/* The copy of the head that osip may see: status line repaired, Content-Type and Content-Length
 * renamed, so that no MIME code runs; ends with an empty line. */
void prefilter_copy_head(const struct prefilter *p, struct strbuf *out);

#endif
