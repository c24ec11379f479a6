/* The connection that a registrar of this machine holds to a phone, as the kernel knows it. */
#ifndef REGTOP_ACT_FLOW_STATE_H
#define REGTOP_ACT_FLOW_STATE_H

#include "act/ping_evidence.h"
#include "base/tcp_state.h"
#include "model/binding.h"

/* Looks for the TCP connection between b's socket and where requests to b go, without sending
 * anything. False, and out says that nothing is known, when b is not reached over TCP by itself, or
 * its registrar is not on this machine. */
bool flow_state_find(const struct binding *b, struct tcp_state *out);

/* Silence on a connection that only looks open, or that is not there any more, is no silence of the
 * phone's: f becomes FLOW_GONE with the words for it (facts/sip-and-diagnosis 2.6, rows 20, 21). */
void flow_state_explain(const struct binding *b, struct ping_finding *f);

#endif
