/* What the kernel knows of a TCP connection of this machine: alive, or only looking so. */
#ifndef REGTOP_BASE_TCP_STATE_H
#define REGTOP_BASE_TCP_STATE_H

#include "base/netaddr.h"

struct tcp_state {
	bool known;           /* the kernel could be asked, and said so */
	bool established;     /* false: no such connection */
	bool listening;       /* not established, but this machine listens at the local address: the
				 connection would be known here if there were one */
	unsigned send_queue;  /* bytes that the peer has not acknowledged or was not sent */
	unsigned unacked;     /* segments on the way */
	unsigned retransmits; /* of the segment that is on the way, in a row */
	int64_t last_ack_ms;  /* since the peer's last ACK; -1 unknown */
	unsigned rto_ms;      /* retransmission time-out before it was doubled; 0 unknown */
};

/* Asks this machine's kernel (netlink sock_diag) for the connection between local and remote, of
 * this process or of another one in the same network namespace; needs no privileges, and returns at
 * once. A local address that is none (0.0.0.0, ::, or len 0) means any of this machine; then its
 * port must be right, if there is one. 0: out is filled, known, perhaps not established; -errno:
 * the kernel could not be asked, and out says so. */
int tcp_state_find(const struct netaddr *local, const struct netaddr *remote,
		   struct tcp_state *out);

/* So often the same segment was sent again before a connection counts as half-open: one that is
 * lost now and then does not make it so. */
#define TCP_STATE_RETRANSMITS 3

/* The connection looks alive and is not: bytes wait, were sent again and again, and the last ACK is
 * older than four retransmission time-outs (facts/sip-and-diagnosis 2.6). */
static inline bool tcp_state_half_open(const struct tcp_state *s)
{
	return s->known && s->established && s->send_queue > 0 &&
	       s->retransmits >= TCP_STATE_RETRANSMITS && s->last_ack_ms >= 0 && s->rto_ms > 0 &&
	       s->last_ack_ms > 4 * (int64_t)s->rto_ms;
}

/* "half-open: 335 bytes wait, sent again 5 times, last acknowledged 4 s ago"; returns out. */
#define TCP_STATE_WORDS 96
char *tcp_state_half_open_words(const struct tcp_state *s, char out[TCP_STATE_WORDS]);

#endif
