/* The offer of a test call: its text, and the silent port that it names. */
#ifndef REGTOP_SIP_CALL_SDP_H
#define REGTOP_SIP_CALL_SDP_H

#include "base/netaddr.h"
#include "base/strbuf.h"

/* Binds a UDP port on local's host, even as RFC 3550 11 likes it, that takes what comes and never
 * sends. Returns the descriptor and its port, or -1 and port 9 (discard). */
int call_media_open(const struct netaddr *local, unsigned *port);
/* RFC 4566, RFC 3264: one audio line. quiet offers only a codec that nobody has (facts 3.1), else
 * PCMU, PCMA and telephone-event. The same call gives the same text. */
void call_sdp_write(struct strbuf *out, const struct netaddr *local, unsigned port, bool quiet);

#endif
