/* TCP below the transport: listeners, connections, their queues, and how they end. */
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/alloc.h"
#include "sip/stream.h"
#include "sip/transport_state.h"

/* A peer that does not take what we sent for this long is gone (facts 2.6: a half-open flow). */
#define USER_TIMEOUT_MS 10000
#define KEEPALIVE_S     60
#define MAX_OUT         262144
#define READS_PER_TURN  8

static void set_options(int fd)
{
	int one = 1, timeout = USER_TIMEOUT_MS, idle = KEEPALIVE_S, interval = 10, count = 3;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout, sizeof(timeout));
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof(interval));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof(count));
}

struct sip_connection *tcp_find(const struct sip_transport *t, uint32_t id)
{
	struct sip_connection *c = t->buckets[id % CONNECTION_BUCKETS];

	while (c && c->id != id)
		c = c->chain;
	return c;
}

static void unlink_connection(struct sip_connection *c)
{
	struct sip_transport *t = c->transport;
	struct sip_connection **at = &t->buckets[c->id % CONNECTION_BUCKETS];

	while (*at != c)
		at = &(*at)->chain;
	*at = c->chain;
	at = &t->connections;
	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	t->connection_count--;
}

/* After a descriptor came free: see on_listener(). */
static void wake_listeners(struct sip_transport *t)
{
	for (size_t i = 0; i < t->socket_count; i++)
		if (t->sockets[i].kind == TRANSPORT_TCP)
			loop_watch_set(t->sockets[i].watch, LOOP_READ);
}

void tcp_close(struct sip_connection *c, int error, bool tell)
{
	struct sip_transport *t = c->transport;

	if (c->dead)
		return;
	c->dead = true;
	unlink_connection(c);
	loop_watch_free(c->watch);
	c->watch = NULL;
	close(c->fd);
	c->fd = -1;
	wake_listeners(t);
	/* Somebody further up may still stand on it: the reaper frees it in a turn of its own. */
	c->next = t->graveyard;
	t->graveyard = c;
	loop_timer_set(t->reaper, 0);
	if (tell)
		transport_tell_closed(t, c->id, error);
}

void tcp_reap(struct sip_transport *t)
{
	struct sip_connection *c;

	while ((c = t->graveyard)) {
		t->graveyard = c->next;
		strbuf_free(&c->in);
		strbuf_free(&c->out);
		free(c);
	}
}

void tcp_free_all(struct sip_transport *t)
{
	while (t->connections)
		tcp_close(t->connections, 0, false);
	tcp_reap(t);
}

static void connection_flow(const struct sip_connection *c, struct sip_flow *out)
{
	*out = (struct sip_flow){TRANSPORT_TCP, c->local, c->remote, c->id};
}

/* Takes whole messages out of what has arrived. False when the connection is gone. */
static bool deliver_messages(struct sip_connection *c)
{
	struct sip_flow from;
	struct slice message;
	size_t used, at = 0;

	connection_flow(c, &from);
	for (;;) {
		struct slice in = slice_skip(strbuf_slice(&c->in), at);

		switch (stream_next(in, &message, &used)) {
		case STREAM_MESSAGE:
			c->half_ping = false;
			transport_deliver(c->transport, &from, message);
			break;
		case STREAM_PING:
			c->half_ping = false;
			tcp_send(c, "\r\n", 2);
			transport_tell_keepalive(c->transport, &from);
			break;
		case STREAM_PONG:
			/* Two single ones can be a ping in two segments; a pong too many is
			 * harmless, a ping without answer ends the flow (RFC 5626 4.4.1). */
			if (c->half_ping)
				tcp_send(c, "\r\n", 2);
			c->half_ping = !c->half_ping;
			transport_tell_keepalive(c->transport, &from);
			break;
		case STREAM_BROKEN:
			c->transport->stats.rubbish++;
			tcp_close(c, EPROTO, true);
			return false;
		case STREAM_MORE:
			memmove(c->in.p, c->in.p + at, c->in.n - at);
			c->in.n -= at;
			return true;
		}
		if (c->dead)
			return false;
		at += used;
	}
}

static void read_some(struct sip_connection *c)
{
	for (int i = 0; i < READS_PER_TURN; i++) {
		ssize_t n;

		strbuf_reserve(&c->in, 4096);
		n = recv(c->fd, c->in.p + c->in.n, 4096, 0);
		if (n < 0) {
			if (errno == EINTR)
				continue;
			if (errno != EAGAIN)
				tcp_close(c, errno, true);
			return;
		}
		if (n == 0) {
			tcp_close(c, 0, true);
			return;
		}
		c->in.n += (size_t)n;
		if (!deliver_messages(c))
			return;
	}
}

/* Sends what is queued; false when the connection is gone. */
static bool flush_out(struct sip_connection *c)
{
	while (c->out_at < c->out.n) {
		ssize_t n = send(c->fd, c->out.p + c->out_at, c->out.n - c->out_at, MSG_NOSIGNAL);

		if (n < 0) {
			if (errno == EINTR)
				continue;
			if (errno == EAGAIN) {
				loop_watch_set(c->watch, LOOP_READ | LOOP_WRITE);
				return true;
			}
			tcp_close(c, errno, true);
			return false;
		}
		c->out_at += (size_t)n;
	}
	strbuf_clear(&c->out);
	c->out_at = 0;
	loop_watch_set(c->watch, LOOP_READ);
	return true;
}

static void finish_connect(struct sip_connection *c)
{
	int error = 0;
	socklen_t len = sizeof(error);

	getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len);
	if (error) {
		tcp_close(c, error, true);
		return;
	}
	c->connecting = false;
	flush_out(c);
}

static void on_connection(void *arg, int fd, unsigned what)
{
	struct sip_connection *c = arg;

	(void)fd;
	if (c->connecting) {
		finish_connect(c);
		return;
	}
	if (what & LOOP_WRITE && !flush_out(c))
		return;
	if (what & LOOP_READ)
		read_some(c);
}

static struct sip_connection *add_connection(struct sip_transport *t, int fd, bool connecting,
					     const struct netaddr *remote)
{
	struct sip_connection *c = xcalloc(1, sizeof(*c));

	c->transport = t;
	c->fd = fd;
	c->connecting = connecting;
	c->remote = *remote;
	c->local.len = sizeof(c->local.ss);
	if (getsockname(fd, &c->local.sa, &c->local.len) < 0)
		c->local.len = 0;
	c->id = ++t->next_connection;
	c->next = t->connections;
	t->connections = c;
	c->chain = t->buckets[c->id % CONNECTION_BUCKETS];
	t->buckets[c->id % CONNECTION_BUCKETS] = c;
	t->connection_count++;
	c->watch = loop_watch_new(t->loop, fd, connecting ? LOOP_READ | LOOP_WRITE : LOOP_READ,
				  LOOP_SIP, on_connection, c);
	return c;
}

static void on_listener(void *arg, int fd, unsigned what)
{
	struct sip_socket *s = arg;

	(void)what;
	for (int i = 0; i < READS_PER_TURN; i++) {
		struct netaddr from = {.len = sizeof(from.ss)};
		int got = accept4(fd, &from.sa, &from.len, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (got < 0) {
			/* Out of descriptors the listener stays readable and would spin; the next
			 * connection that ends frees one. */
			if ((errno == EMFILE || errno == ENFILE) && s->transport->connection_count)
				loop_watch_set(s->watch, 0);
			return;
		}
		if (s->transport->connection_count >= TRANSPORT_MAX_CONNECTIONS) {
			close(got);
			continue;
		}
		set_options(got);
		add_connection(s->transport, got, false, &from);
	}
}

int tcp_listen(struct sip_socket *s, struct err *e)
{
	char where[NETADDR_STR];

	if (listen(s->fd, 128) < 0)
		return err_set(e, -errno, NULL, "cannot listen on tcp:%s: %s",
			       netaddr_format(&s->bound, where), strerror(errno));
	s->watch = loop_watch_new(s->transport->loop, s->fd, LOOP_READ, LOOP_SIP, on_listener, s);
	return 0;
}

int tcp_send(struct sip_connection *c, const void *buf, size_t n)
{
	if (c->dead)
		return -ENOTCONN;
	if (c->out.n - c->out_at + n > MAX_OUT)
		return -ENOBUFS;
	strbuf_add(&c->out, buf, n);
	if (c->connecting)
		return 0;
	return flush_out(c) ? 0 : -ENOTCONN;
}

uint32_t sip_transport_connect(struct sip_transport *t, const struct netaddr *remote)
{
	int fd, rc;

	if (t->connection_count >= TRANSPORT_MAX_CONNECTIONS) {
		errno = EMFILE;
		return 0;
	}
	fd = socket(remote->sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return 0;
	set_options(fd);
	rc = connect(fd, &remote->sa, remote->len);
	if (rc < 0 && errno != EINPROGRESS) {
		int error = errno;

		close(fd);
		errno = error;
		return 0;
	}
	return add_connection(t, fd, true, remote)->id;
}

bool sip_transport_is_open(const struct sip_transport *t, uint32_t connection)
{
	return connection != 0 && tcp_find(t, connection) != NULL;
}

void sip_transport_close(struct sip_transport *t, uint32_t connection)
{
	struct sip_connection *c = tcp_find(t, connection);

	if (c)
		tcp_close(c, 0, true);
}
