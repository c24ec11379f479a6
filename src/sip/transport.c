/* SIP transports: UDP sockets with ICMP errors, TCP listeners and connections, framing. */
#include "sip/transport.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/alloc.h"
#include "sip/stun.h"
#include "sip/transport_state.h"

/* ---- handing on --------------------------------------------------------------------------- */

void sip_transport_add_handler(struct sip_transport *t, const struct sip_handler *h)
{
	if (t->handler_count == TRANSPORT_MAX_HANDLERS)
		abort(); /* a mistake in the composition, not in the input */
	t->handlers[t->handler_count++] = *h;
}

void sip_transport_add_first_handler(struct sip_transport *t, const struct sip_handler *h)
{
	sip_transport_add_handler(t, h);
	memmove(t->handlers + 1, t->handlers, (t->handler_count - 1) * sizeof(*h));
	t->handlers[0] = *h;
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

/* An answer as most phones write it needs no parser: whoever waits for it takes it as it is. */
static bool deliver_answer(struct sip_transport *t, const struct sip_flow *from, struct slice raw)
{
	struct sip_answer a;
	bool taken = false;

	if (!slice_starts_with(raw, "SIP/2.0 ") || !sip_answer_scan(raw, &a))
		return false;
	round_begin(t);
	for (size_t i = 0; i < t->handler_count && !taken; i++)
		taken = t->handlers[i].answer &&
			t->handlers[i].answer(t->handlers[i].ctx, from, &a);
	round_end(t);
	t->stats.in += taken;
	return taken;
}

void transport_deliver(struct sip_transport *t, const struct sip_flow *from, struct slice raw)
{
	struct sip_msg *m;
	const char *why;
	bool taken = false;
	int status;

	if (deliver_answer(t, from, raw))
		return;
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
		for (size_t i = 0; i < t->handler_count; i++)
			if (t->handlers[i].rubbish)
				t->handlers[i].rubbish(t->handlers[i].ctx, from, raw,
						       why ? why : "it cannot be read");
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

void transport_tell_send_error(struct sip_transport *t, const struct sip_send_error *e)
{
	bool taken = false;

	t->stats.icmp++;
	round_begin(t);
	for (size_t i = 0; i < t->handler_count && !taken; i++)
		taken = t->handlers[i].send_error &&
			t->handlers[i].send_error(t->handlers[i].ctx, e);
	round_end(t);
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

bool sip_transport_has(const struct sip_transport *t, enum transport kind,
		       const struct netaddr *remote)
{
	return pick_socket(t, kind, NULL, remote) != NULL;
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

bool sip_transport_behind(const struct sip_transport *t)
{
	for (size_t i = 0; i < t->socket_count; i++)
		if (t->sockets[i].kind == TRANSPORT_UDP && udp_behind(&t->sockets[i]))
			return true;
	return false;
}

/* Those at the start that leave by the same socket, in one go. */
static size_t send_alike(struct sip_transport *t, struct sip_datagram *d, size_t n)
{
	const struct sip_flow *f = d[0].flow;
	const struct sip_socket *s = pick_socket(t, TRANSPORT_UDP, &f->local, &f->remote);
	size_t alike = 1, done;

	if (!s) {
		d[0].error = EAFNOSUPPORT;
		return 1;
	}
	while (alike < n &&
	       pick_socket(t, TRANSPORT_UDP, &d[alike].flow->local, &d[alike].flow->remote) == s)
		alike++;
	done = udp_send(s, d, alike);
	for (size_t i = 0; i < done; i++)
		t->stats.out += d[i].error == 0;
	return done;
}

size_t sip_transport_send_many(struct sip_transport *t, struct sip_datagram *d, size_t n)
{
	size_t done = 0, some;

	for (size_t i = 0; i < n; i++)
		d[i].error = 0;
	while (done < n && (some = send_alike(t, d + done, n - done)) > 0)
		done += some;
	return done;
}

int sip_transport_send(struct sip_transport *t, const struct sip_flow *flow, const void *buf,
		       size_t n)
{
	struct sip_datagram d = {.flow = flow, .buf = buf, .n = n};
	struct sip_connection *c;
	int rc;

	if (flow->transport != TRANSPORT_TCP)
		return sip_transport_send_many(t, &d, 1) ? -d.error : -EAGAIN;
	c = tcp_find(t, flow->connection);
	rc = c ? tcp_send(c, buf, n) : -ENOTCONN;
	t->stats.out += rc == 0;
	return rc;
}

const struct sip_transport_stats *sip_transport_stats(const struct sip_transport *t)
{
	return &t->stats;
}
