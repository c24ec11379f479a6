/* What transport.c, udp.c and tcp.c share: the sockets and connections of one transport. */
#ifndef REGTOP_SIP_TRANSPORT_STATE_H
#define REGTOP_SIP_TRANSPORT_STATE_H

#include "base/strbuf.h"
#include "sip/transport.h"

#define TRANSPORT_MAX_SOCKETS     8
#define TRANSPORT_MAX_HANDLERS    8
#define TRANSPORT_MAX_CONNECTIONS 20000

struct sip_socket {
	struct sip_transport *transport;
	enum transport kind;
	int fd;
	struct netaddr bound;
	struct loop_watch *watch;
};

struct sip_connection {
	struct sip_transport *transport;
	struct sip_connection *next;  /* all of a transport, newest first */
	struct sip_connection *chain; /* same hash bucket */
	uint32_t id;
	int fd;
	bool connecting;
	bool dead; /* told to be closed; freed when nobody stands on it */
	struct netaddr local, remote;
	struct loop_watch *watch;
	struct strbuf in, out;
	size_t out_at;
	bool half_ping; /* a CRLF came; another one makes it a ping */
};

#define CONNECTION_BUCKETS 1024

struct sip_transport {
	struct loop *loop;
	const struct clock *clock;
	struct sip_socket sockets[TRANSPORT_MAX_SOCKETS];
	size_t socket_count;
	struct sip_handler handlers[TRANSPORT_MAX_HANDLERS];
	size_t handler_count;
	unsigned rounds; /* going on over the handlers: entries keep their places */
	struct sip_connection *connections;
	struct sip_connection *buckets[CONNECTION_BUCKETS];
	struct sip_connection *graveyard; /* dead ones, freed by the reaper */
	struct loop_timer *reaper;
	size_t connection_count;
	uint32_t next_connection;
	struct sip_transport_stats stats;
};

/* One whole message in; hands it to the handlers. */
void transport_deliver(struct sip_transport *t, const struct sip_flow *from, struct slice raw);
void transport_tell_keepalive(struct sip_transport *t, const struct sip_flow *from);
void transport_tell_closed(struct sip_transport *t, uint32_t id, int error);
void transport_tell_send_error(struct sip_transport *t, const struct sip_send_error *e);

/* udp.c */
void udp_start(struct sip_socket *s);
/* Is more than a part of its receive buffer taken? */
bool udp_behind(const struct sip_socket *s);
/* Sends in order until the socket's buffer is full; returns how many are done with, sent or with
 * their error set. */
size_t udp_send(const struct sip_socket *s, struct sip_datagram *d, size_t n);

/* tcp.c */
int tcp_listen(struct sip_socket *s, struct err *e);
struct sip_connection *tcp_find(const struct sip_transport *t, uint32_t id);
int tcp_send(struct sip_connection *c, const void *buf, size_t n);
/* Takes the connection out of the tables, tells closed() when tell, and lets the reaper free it. */
void tcp_close(struct sip_connection *c, int error, bool tell);
/* Frees what was closed; only when no callback stands on it. */
void tcp_reap(struct sip_transport *t);
void tcp_free_all(struct sip_transport *t);

#endif
