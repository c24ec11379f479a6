/* UDP below the transport: datagrams in and out in batches, and the ICMP errors they meet. */
#include <errno.h>
#include <time.h>
/* Behind time.h, which it needs. */
#include <linux/errqueue.h>
#include <linux/sock_diag.h>
#include "sip/transport_state.h"

/* Datagrams taken in one turn, so that a flood cannot keep keys and timers waiting; more than are
 * sent in one, so that the answers to a sweep find room. */
#define DATAGRAMS_PER_TURN 256
#define RECEIVE_BUFFER     (4 << 20)
/* Of one system call. */
#define BATCH 32
/* One byte more than is taken, so that an oversized datagram is seen as such. */
#define SLOT (SIP_MAX_MESSAGE + 1)

/* ---- in ----------------------------------------------------------------------------------- */

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
		transport_tell_send_error(s->transport, &e);
	return true;
}

static void drain_errors(struct sip_socket *s)
{
	for (int i = 0; i < DATAGRAMS_PER_TURN && read_one_error(s); i++)
		;
}

/* So many datagrams of one call; fewer when an ICMP error makes it fail, which says nothing about
 * the datagrams behind it. */
static int receive_batch(int fd, struct mmsghdr *messages, struct netaddr *from)
{
	static char slots[BATCH][SLOT];
	static struct iovec io[BATCH];

	for (unsigned i = 0; i < BATCH; i++) {
		io[i] = (struct iovec){slots[i], SLOT};
		messages[i] = (struct mmsghdr){.msg_hdr = {.msg_name = &from[i].ss,
							   .msg_namelen = sizeof(from[i].ss),
							   .msg_iov = &io[i],
							   .msg_iovlen = 1}};
	}
	for (int errors = 0; errors < 5; errors++) {
		int n = recvmmsg(fd, messages, BATCH, MSG_DONTWAIT, NULL);

		if (n >= 0 || errno == EAGAIN)
			return n;
	}
	return -1;
}

static void on_datagrams(void *arg, int fd, unsigned what)
{
	struct sip_socket *s = arg;
	struct mmsghdr messages[BATCH];
	struct netaddr from[BATCH];

	(void)what;
	for (unsigned taken = 0; taken < DATAGRAMS_PER_TURN; taken += BATCH) {
		int n = receive_batch(fd, messages, from);

		for (int i = 0; i < n; i++) {
			const struct msghdr *h = &messages[i].msg_hdr;
			struct sip_flow flow = {.transport = TRANSPORT_UDP, .local = s->bound};

			flow.remote = from[i];
			flow.remote.len = h->msg_namelen;
			transport_deliver(s->transport, &flow,
					  slice_make(h->msg_iov->iov_base, messages[i].msg_len));
		}
		if (n < BATCH)
			break;
	}
	drain_errors(s);
}

void udp_start(struct sip_socket *s)
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

/* An eighth leaves room for the answers to what is on its way already. */
bool udp_behind(const struct sip_socket *s)
{
	uint32_t info[SK_MEMINFO_VARS] = {0};
	socklen_t size = sizeof(info);

	return getsockopt(s->fd, SOL_SOCKET, SO_MEMINFO, info, &size) == 0 &&
	       info[SK_MEMINFO_RMEM_ALLOC] > info[SK_MEMINFO_RCVBUF] / 8;
}

/* ---- out ---------------------------------------------------------------------------------- */

/* Sends as many as the kernel takes in one call; how many, or a negative errno of the first. */
static int send_some(int fd, struct mmsghdr *messages, unsigned n)
{
	int error = 0;

	/* The error of an earlier datagram fails the next send once, whoever it goes to: a healthy
	 * phone must not inherit its neighbour's ICMP. Which errno cannot tell whose it is (3/0
	 * comes as ENETUNREACH, 3/4 as EMSGSIZE), so only one that stays is believed. */
	for (int try = 0; try < 3; try++) {
		int sent = sendmmsg(fd, messages, n, MSG_NOSIGNAL);

		if (sent > 0)
			return sent;
		error = errno;
		if (error == EAGAIN)
			break;
	}
	return -error;
}

/* At most BATCH; how many are done with. */
static size_t send_batch(int fd, struct sip_datagram *d, size_t n)
{
	struct mmsghdr messages[BATCH];
	struct iovec io[BATCH];
	size_t done = 0;

	for (size_t i = 0; i < n; i++) {
		/* The kernel only reads them. */
		io[i] = (struct iovec){(void *)(uintptr_t)d[i].buf, d[i].n};
		messages[i] = (struct mmsghdr){
			.msg_hdr = {.msg_name = (void *)(uintptr_t)&d[i].flow->remote.sa,
				    .msg_namelen = d[i].flow->remote.len,
				    .msg_iov = &io[i],
				    .msg_iovlen = 1}};
	}
	/* Again and again: the kernel stops at an error, and goes on behind it. */
	while (done < n) {
		int sent = send_some(fd, messages + done, (unsigned)(n - done));

		if (sent == -EAGAIN || sent == -ENOBUFS)
			break;
		if (sent < 0)
			d[done++].error = -sent;
		else
			done += (size_t)sent;
	}
	return done;
}

size_t udp_send(const struct sip_socket *s, struct sip_datagram *d, size_t n)
{
	size_t done = 0, want, sent;

	while (done < n) {
		want = n - done < BATCH ? n - done : BATCH;
		sent = send_batch(s->fd, d + done, want);
		done += sent;
		if (sent < want)
			break;
	}
	return done;
}
