/* SIP transports: UDP sockets with ICMP errors, TCP listeners and connections, framing. */
#ifndef REGTOP_SIP_TRANSPORT_H
#define REGTOP_SIP_TRANSPORT_H

#include "base/clock.h"
#include "base/err.h"
#include "base/netaddr.h"
#include "loop/loop.h"
#include "sip/answer.h"
#include "sip/message.h"

struct sip_transport;

/* Where a message came from or goes to. */
struct sip_flow {
	enum transport transport; /* UDP or TCP */
	struct netaddr local;     /* our socket's address (len 0 when sending: any fitting) */
	struct netaddr remote;
	uint32_t connection; /* TCP: id, never 0, never reused in a run; UDP: 0 */
};

/* A failed send: ICMP from the error queue, or the kernel's refusal. */
struct sip_send_error {
	struct netaddr to;        /* destination of the failed datagram */
	struct netaddr offender;  /* who complained; len 0 unknown */
	int error;                /* errno: ECONNREFUSED, EHOSTUNREACH, … */
	int icmp_type, icmp_code; /* -1 when it was no ICMP */
	struct slice quoted;      /* start of the failed datagram as far as quoted; may be empty */
};

/* Requests, responses, errors and closings go to every listener of a transport in the order they
 * were added; a handler that took the message returns true and ends the round. Any may be NULL.
 * msg is borrowed. */
struct sip_handler {
	void *ctx;
	bool (*request)(void *ctx, const struct sip_flow *from, const struct sip_msg *msg);
	bool (*response)(void *ctx, const struct sip_flow *from, const struct sip_msg *msg);
	/* A request too broken to be served; status says how to refuse it. */
	bool (*bad_request)(void *ctx, const struct sip_flow *from, const struct sip_msg *msg,
			    int status, const char *why);
	bool (*send_error)(void *ctx, const struct sip_send_error *e);
	/* A connection ended: by the peer, an error, or us. error is 0 or an errno. */
	void (*closed)(void *ctx, uint32_t connection, int error);
	/* CRLF or STUN keepalive arrived (already answered where an answer is due). */
	void (*keepalive)(void *ctx, const struct sip_flow *from);
	/* Something came that is no SIP message; why says what is wrong with it. Told to all. */
	void (*rubbish)(void *ctx, const struct sip_flow *from, struct slice raw, const char *why);
	/* A well-formed answer, only scanned: who does not take it leaves it to the parser, and it
	 * comes again as a response. */
	bool (*answer)(void *ctx, const struct sip_flow *from, const struct sip_answer *a);
};

struct sip_transport *sip_transport_new(struct loop *l, const struct clock *c);
void sip_transport_free(struct sip_transport *t);
void sip_transport_add_handler(struct sip_transport *t, const struct sip_handler *h);
/* Before all others: for who takes only what is certainly its own, where another one answers all
 * requests. Not from inside a handler. */
void sip_transport_add_first_handler(struct sip_transport *t, const struct sip_handler *h);
void sip_transport_remove_handler(struct sip_transport *t, const void *ctx);

/* Opens a socket on addr (port 0: any free one). UDP: bound, IP_RECVERR on, large buffers; TCP: a
 * listener with TCP_USER_TIMEOUT and keepalive on what it accepts. *e on failure. */
int sip_transport_listen(struct sip_transport *t, enum transport kind, const struct netaddr *addr,
			 struct err *e);
/* Address of the first socket of this kind and of remote's family (remote NULL: any). Wildcard
 * addresses are replaced by what the kernel would use towards remote. False: no such socket. */
bool sip_transport_local(const struct sip_transport *t, enum transport kind,
			 const struct netaddr *remote, struct netaddr *out);
/* Is there a socket of this kind and of remote's family? */
bool sip_transport_has(const struct sip_transport *t, enum transport kind,
		       const struct netaddr *remote);
/* Sends one whole message. UDP: from the socket bound to flow->local if given, else any of the
 * family; a one-shot error left by ICMP is drained and the send tried once more. TCP: on
 * flow->connection. 0, or a negative errno: -ENOTCONN when the connection is gone, -ENETUNREACH …
 * An errno of the kernel is also what a caller turns into evidence. */
int sip_transport_send(struct sip_transport *t, const struct sip_flow *flow, const void *buf,
		       size_t n);
/* One datagram of many; flow and buf are borrowed for the call. */
struct sip_datagram {
	const struct sip_flow *flow; /* UDP */
	const void *buf;
	size_t n;
	int error; /* out: 0, or the errno of the kernel */
};
/* Sends datagrams in order, many in one system call. Returns how many are done with, that is sent
 * or with their error set; fewer than n when a buffer is full: try the rest again in a while. */
size_t sip_transport_send_many(struct sip_transport *t, struct sip_datagram *d, size_t n);
/* Do so many datagrams wait to be read that more would soon be lost? Whoever can should not cause
 * more of them now, and not take the absence of an answer for silence. */
bool sip_transport_behind(const struct sip_transport *t);
/* Starts a TCP connection; what is sent before it stands is queued. Returns its id, or 0 with
 * errno. A failure is told by closed(). */
uint32_t sip_transport_connect(struct sip_transport *t, const struct netaddr *remote);
bool sip_transport_is_open(const struct sip_transport *t, uint32_t connection);
void sip_transport_close(struct sip_transport *t, uint32_t connection);

/* Counters for the status line and tests. */
struct sip_transport_stats {
	uint64_t in, out, rubbish, oversize, keepalives, icmp;
};
const struct sip_transport_stats *sip_transport_stats(const struct sip_transport *t);

#endif
