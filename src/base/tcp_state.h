/* What the kernel knows of a TCP connection of this machine: alive, or only looking so. */
#ifndef REGTOP_BASE_TCP_STATE_H
#define REGTOP_BASE_TCP_STATE_H

#include "base/netaddr.h"

struct tcp_state {
	bool known;           /* the kernel could be asked, and said so */
	bool established;     /* false: no such connection */
	unsigned send_queue;  /* bytes that the peer has not acknowledged or was not sent */
	unsigned unacked;     /* segments on the way */
	unsigned retransmits; /* of the segment that is on the way, in a row */
	int64_t last_ack_ms;  /* since the peer's last ACK; -1 unknown */
	unsigned rto_ms;      /* retransmission time-out in force; 0 unknown */
};

/* The connection looks alive and is not: bytes wait, and the last ACK is older than four
 * retransmission time-outs (facts/sip-and-diagnosis 2.6). */
static inline bool tcp_state_half_open(const struct tcp_state *s)
{
	return s->known && s->established && s->send_queue > 0 && s->retransmits > 0 &&
	       s->last_ack_ms >= 0 && s->rto_ms > 0 && s->last_ack_ms > 4 * (int64_t)s->rto_ms;
}

#endif
