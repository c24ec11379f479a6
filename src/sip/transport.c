/* SIP transports: UDP sockets with ICMP errors, TCP listeners and connections, framing. */
#include "sip/transport.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/alloc.h"
#include "sip/stun.h"
#include "sip/transport_state.h"

/* Datagrams taken in one turn, so that a flood cannot keep keys and timers waiting. */
#define DATAGRAMS_PER_TURN 64
#define RECEIVE_BUFFER     (4 << 20)

/* ---- handing on --------------------------------------------------------------------------- */

void sip_transport_add_handler(struct sip_transport *t, const struct sip_handler *h)
{
	if (t->handler_count == TRANSPORT_MAX_HANDLERS)
		abort(); /* a mistake in the composition, not in the input */
	t->handlers[t->handler_count++] = *h;
}

void sip_transport_remove_handler(struct sip_transport *t, const void *ctx)
{
	size_t n = 0;

	for (size_t i = 0; i < t->handler_count; i++) {
		if (t->handlers[i].ctx != ctx)
			t->handlers[n++] = t->handlers[i];
		else if (t->rounds) /* somebody counts through: the place stays, empty */
			t->handlers[n++] = (struct sip_handler){.ctx = NULL};
	}
	t->handler_count = n;
}

static void round_begin(struct sip_transport *t)
{
	t->rounds++;
}

static void round_end(struct sip_transport *t)
{
	if (--t->rounds == 0)
		sip_transport_remove_handler(t, NULL);
}

/* RFC 5626 4.4.2: a phone that gets no answer gives its flow up and registers anew. Streams keep
 * alive with CRLF; there STUN is no message at all. */
static void answer_stun(struct sip_transport *t, const struct sip_flow *from, struct slice raw)
{
	unsigned char answer[STUN_ANSWER_MAX];
	size_t n = stun_answer(raw, &from->remote, answer);

	if (n && from->transport == TRANSPORT_UDP)
		sip_transport_send(t, from, answer, n);
}

void transport_deliver(struct sip_transport *t, const struct sip_flow *from, struct slice raw)
{
	struct sip_msg *m;
	const char *why;
	bool taken = false;
	int status;

	round_begin(t);
	switch (sip_msg_parse(raw.p, raw.n, &m, &status, &why)) {
	case SIP_IN_MESSAGE:
		t->stats.in++;
		for (size_t i = 0; i < t->handler_count && !taken; i++) {
			const struct sip_handler *h = &t->handlers[i];

			if (sip_msg_is_request(m))
				taken = h->request && h->request(h->ctx, from, m);
			else
				taken = h->response && h->response(h->ctx, from, m);
		}
		break;
	case SIP_IN_BAD_REQUEST:
		t->stats.in++;
		for (size_t i = 0; i < t->handler_count && !taken; i++)
			taken = t->handlers[i].bad_request &&
				t->handlers[i].bad_request(t->handlers[i].ctx, from, m, status,
							   why);
		break;
	case SIP_IN_STUN:
		answer_stun(t, from, raw);
		transport_tell_keepalive(t, from);
		break;
	case SIP_IN_KEEPALIVE:
		transport_tell_keepalive(t, from);
		break;
	case SIP_IN_RUBBISH:
		t->stats.rubbish++;
		t->stats.oversize += raw.n > SIP_MAX_MESSAGE;
		break;
	}
	round_end(t);
	sip_msg_free(m);
}

void transport_tell_keepalive(struct sip_transport *t, const struct sip_flow *from)
{
	t->stats.keepalives++;
	round_begin(t);
	for (size_t i = 0; i < t->handler_count; i++)
		if (t->handlers[i].keepalive)
			t->handlers[i].keepalive(t->handlers[i].ctx, from);
	round_end(t);
}

void transport_tell_closed(struct sip_transport *t, uint32_t id, int error)
{
	round_begin(t);
	for (size_t i = 0; i < t->handler_count; i++)
		if (t->handlers[i].closed)
			t->handlers[i].closed(t->handlers[i].ctx, id, error);
	round_end(t);
}

static void tell_send_error(struct sip_transport *t, const struct sip_send_error *e)
{
	bool taken = false;

	t->stats.icmp++;
	round_begin(t);
	for (size_t i = 0; i < t->handler_count && !taken; i++)
		taken = t->handlers[i].send_error &&
			t->handlers[i].send_error(t->handlers[i].ctx, e);
	round_end(t);
}

/* ---- UDP ---------------------------------------------------------------------------------- */

static void take_address(struct netaddr *out, const struct sockaddr *sa)
{
	if (sa->sa_family == AF_INET) {
		memcpy(&out->in4, sa, sizeof(out->in4));
		out->len = sizeof(out->in4);
	} else if (sa->sa_family == AF_INET6) {
		memcpy(&out->in6, sa, sizeof(out->in6));
		out->len = sizeof(out->in6);
	}
}

/* One error of the queue (facts 2.5); false when it is empty. */
static bool read_one_error(struct sip_socket *s)
{
	char quoted[1024], control[512];
	struct sip_send_error e = {.icmp_type = -1, .icmp_code = -1};
	struct iovec io = {quoted, sizeof(quoted)};
	struct msghdr m = {.msg_name = &e.to.ss,
			   .msg_namelen = sizeof(e.to.ss),
			   .msg_iov = &io,
			   .msg_iovlen = 1,
			   .msg_control = control,
			   .msg_controllen = sizeof(control)};
	ssize_t n = recvmsg(s->fd, &m, MSG_ERRQUEUE | MSG_DONTWAIT);

	if (n < 0)
		return false;
	e.to.len = m.msg_namelen;
	e.quoted = slice_make(quoted, (size_t)n);
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
		const struct sock_extended_err *see = (const void *)CMSG_DATA(c);
		bool v4 = c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR;
		bool v6 = c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR;

		if (!v4 && !v6)
			continue;
		e.error = (int)see->ee_errno;
		if (see->ee_origin == SO_EE_ORIGIN_ICMP || see->ee_origin == SO_EE_ORIGIN_ICMP6) {
			e.icmp_type = see->ee_type;
			e.icmp_code = see->ee_code;
		}
		take_address(&e.offender, SO_EE_OFFENDER(see));
	}
	if (e.error && e.to.len)
		tell_send_error(s->transport, &e);
	return true;
}

static void drain_errors(struct sip_socket *s)
{
	for (int i = 0; i < DATAGRAMS_PER_TURN && read_one_error(s); i++)
		;
}

static void on_datagrams(void *arg, int fd, unsigned what)
{
	struct sip_socket *s = arg;
	/* One byte more than is taken, so that an oversized datagram is seen as such. */
	static char buf[SIP_MAX_MESSAGE + 1];
	int errors = 0;

	(void)what;
	for (int i = 0; i < DATAGRAMS_PER_TURN; i++) {
		struct sip_flow from = {.transport = TRANSPORT_UDP, .local = s->bound};
		ssize_t n;

		from.remote.len = sizeof(from.remote.ss);
		n = recvfrom(fd, buf, sizeof(buf), 0, &from.remote.sa, &from.remote.len);
		if (n < 0) {
			/* An ICMP error makes one recv fail; the datagrams behind it are fine. */
			if (errno == EAGAIN || errors++ > 4)
				break;
			continue;
		}
		transport_deliver(s->transport, &from, slice_make(buf, (size_t)n));
	}
	drain_errors(s);
}

static void udp_start(struct sip_socket *s)
{
	int one = 1, size = RECEIVE_BUFFER;

	if (s->bound.sa.sa_family == AF_INET6)
		setsockopt(s->fd, IPPROTO_IPV6, IPV6_RECVERR, &one, sizeof(one));
	else
		setsockopt(s->fd, IPPROTO_IP, IP_RECVERR, &one, sizeof(one));
	/* Beyond net.core.rmem_max only with privilege; what can be had is taken. */
	if (setsockopt(s->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(s->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	s->watch = loop_watch_new(s->transport->loop, s->fd, LOOP_READ, LOOP_SIP, on_datagrams, s);
}

/* ---- the transport ------------------------------------------------------------------------ */

static void reap(void *arg)
{
	tcp_reap(arg);
}

struct sip_transport *sip_transport_new(struct loop *l, const struct clock *c)
{
	struct sip_transport *t = xcalloc(1, sizeof(*t));

	sip_message_init();
	t->loop = l;
	t->clock = c;
	t->reaper = loop_timer_new(l, LOOP_SIP, reap, t);
	return t;
}

void sip_transport_free(struct sip_transport *t)
{
	if (!t)
		return;
	t->handler_count = 0;
	tcp_free_all(t);
	for (size_t i = 0; i < t->socket_count; i++) {
		loop_watch_free(t->sockets[i].watch);
		close(t->sockets[i].fd);
	}
	loop_timer_free(t->reaper);
	free(t);
}

static int open_socket(const struct netaddr *addr, enum transport kind, struct netaddr *bound)
{
	int type = kind == TRANSPORT_UDP ? SOCK_DGRAM : SOCK_STREAM, one = 1, error;
	int fd = socket(addr->sa.sa_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (addr->sa.sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	/* For TCP only: a restart must not wait for TIME_WAIT. On UDP it would let two share. */
	if (kind == TRANSPORT_TCP)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	bound->len = sizeof(bound->ss);
	if (bind(fd, &addr->sa, addr->len) == 0 && getsockname(fd, &bound->sa, &bound->len) == 0)
		return fd;
	error = errno;
	close(fd);
	return -error;
}

int sip_transport_listen(struct sip_transport *t, enum transport kind, const struct netaddr *addr,
			 struct err *e)
{
	struct sip_socket *s = &t->sockets[t->socket_count];
	char where[NETADDR_STR];
	int fd;

	if (kind != TRANSPORT_UDP && kind != TRANSPORT_TCP)
		return err_set(e, -EINVAL, NULL, "only udp and tcp can be listened on");
	if (t->socket_count == TRANSPORT_MAX_SOCKETS)
		return err_set(e, -EMFILE, NULL, "too many addresses to listen on");
	fd = open_socket(addr, kind, &s->bound);
	if (fd < 0)
		return err_set(e, fd,
			       fd == -EADDRINUSE ? "Another program has this port; see: ss -lunpt"
						 : NULL,
			       "cannot open %s:%s: %s", transport_name(kind),
			       netaddr_format(addr, where), strerror(-fd));
	s->transport = t;
	s->kind = kind;
	s->fd = fd;
	if (kind == TRANSPORT_UDP) {
		udp_start(s);
	} else if (tcp_listen(s, e) < 0) {
		close(fd);
		return e ? e->code : -EIO;
	}
	t->socket_count++;
	return 0;
}

static const struct sip_socket *pick_socket(const struct sip_transport *t, enum transport kind,
					    const struct netaddr *local,
					    const struct netaddr *remote)
{
	const struct sip_socket *fits = NULL;

	for (size_t i = 0; i < t->socket_count; i++) {
		const struct sip_socket *s = &t->sockets[i];

		if (s->kind != kind)
			continue;
		if (remote && remote->len && s->bound.sa.sa_family != remote->sa.sa_family)
			continue;
		if (local && local->len && netaddr_eq(&s->bound, local))
			return s;
		if (!fits)
			fits = s;
	}
	return fits;
}

bool sip_transport_local(const struct sip_transport *t, enum transport kind,
			 const struct netaddr *remote, struct netaddr *out)
{
	const struct sip_socket *s = pick_socket(t, kind, NULL, remote);
	unsigned port;

	if (!s)
		return false;
	*out = s->bound;
	if (!netaddr_is_any(&s->bound) || !remote || remote->len == 0)
		return true;
	port = netaddr_port(&s->bound);
	if (netaddr_local_for(remote, out) < 0)
		*out = s->bound;
	netaddr_set_port(out, port);
	return true;
}

static int udp_send(const struct sip_socket *s, const struct netaddr *to, const void *buf, size_t n)
{
	int error = 0;

	/* The error of an earlier datagram fails the next sendto() once, whoever it goes to: a
	 * healthy phone must not inherit its neighbour's ICMP. Which errno cannot tell whose it is
	 * (3/0 comes as ENETUNREACH, 3/4 as EMSGSIZE), so only one that stays is believed. */
	for (int try = 0; try < 3; try++) {
		if (sendto(s->fd, buf, n, MSG_NOSIGNAL, &to->sa, to->len) >= 0)
			return 0;
		error = errno;
		if (error == EAGAIN)
			break;
	}
	return -error;
}

int sip_transport_send(struct sip_transport *t, const struct sip_flow *flow, const void *buf,
		       size_t n)
{
	int rc;

	if (flow->transport == TRANSPORT_TCP) {
		struct sip_connection *c = tcp_find(t, flow->connection);

		rc = c ? tcp_send(c, buf, n) : -ENOTCONN;
	} else {
		const struct sip_socket *s =
			pick_socket(t, TRANSPORT_UDP, &flow->local, &flow->remote);

		rc = s ? udp_send(s, &flow->remote, buf, n) : -EAFNOSUPPORT;
	}
	t->stats.out += rc == 0;
	return rc;
}

const struct sip_transport_stats *sip_transport_stats(const struct sip_transport *t)
{
	return &t->stats;
}
