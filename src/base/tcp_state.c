/* What the kernel knows of a TCP connection of this machine: alive, or only looking so. */
#include "base/tcp_state.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/text.h"

/* The kernel's numbers of states (include/net/tcp_states.h); linux/tcp.h and netinet/tcp.h, which
 * has names for them, do not go together. */
#define STATE_ESTABLISHED 1
#define STATE_LISTEN      10

struct request {
	struct nlmsghdr head;
	struct inet_diag_req_v2 ask;
};

/* Aligned as netlink messages are. */
union reply {
	struct nlmsghdr head;
	char bytes[32768];
};

static void put_addr(const struct netaddr *a, __be32 addr[4], __be16 *port)
{
	if (a->sa.sa_family == AF_INET6) {
		memcpy(addr, &a->in6.sin6_addr, sizeof(a->in6.sin6_addr));
		*port = a->in6.sin6_port;
	} else {
		addr[0] = a->in4.sin_addr.s_addr;
		*port = a->in4.sin_port;
	}
}

static int send_request(int fd, const struct netaddr *local, const struct netaddr *remote, bool all)
{
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	struct request r = {
		.head = {.nlmsg_len = sizeof(r),
			 .nlmsg_type = SOCK_DIAG_BY_FAMILY,
			 .nlmsg_flags = (__u16)(NLM_F_REQUEST | (all ? NLM_F_DUMP : 0))},
		.ask = {.sdiag_family = (__u8)remote->sa.sa_family,
			.sdiag_protocol = IPPROTO_TCP,
			.idiag_ext = 1 << (INET_DIAG_INFO - 1),
			.idiag_states = 1 << STATE_ESTABLISHED,
			.id = {.idiag_cookie = {INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE}}},
	};

	if (local->len)
		put_addr(local, r.ask.id.idiag_src, &r.ask.id.idiag_sport);
	put_addr(remote, r.ask.id.idiag_dst, &r.ask.id.idiag_dport);
	if (sendto(fd, &r, sizeof(r), 0, (struct sockaddr *)&kernel, sizeof(kernel)) < 0)
		return -errno;
	return 0;
}

static bool is_it(const struct inet_diag_sockid *id, const struct netaddr *remote,
		  const struct netaddr *local)
{
	__be32 addr[4] = {0};
	__be16 port;

	put_addr(remote, addr, &port);
	return id->idiag_dport == port &&
	       memcmp(id->idiag_dst, addr, remote->sa.sa_family == AF_INET6 ? 16 : 4) == 0 &&
	       (!local->len || !netaddr_port(local) ||
		ntohs(id->idiag_sport) == netaddr_port(local));
}

/* A look-up that finds no connection brings who listens there. One that listens at every address of
 * this machine says nothing about another's. */
static bool listens_for(const struct inet_diag_msg *m, const struct netaddr *local)
{
	struct netaddr ours;

	return m->idiag_state == STATE_LISTEN && ntohs(m->id.idiag_sport) == netaddr_port(local) &&
	       netaddr_local_for(local, &ours) == 0 && netaddr_same_host(local, &ours);
}

static void read_info(const struct tcp_info *i, struct tcp_state *out)
{
	out->unacked = i->tcpi_unacked;
	out->retransmits = i->tcpi_retransmits;
	out->last_ack_ms = i->tcpi_last_ack_recv;
	/* What is in force is doubled with each time that it ran out. */
	out->rto_ms = (i->tcpi_rto / 1000) >> (i->tcpi_backoff < 16 ? i->tcpi_backoff : 16);
}

static void read_socket(const struct nlmsghdr *h, struct tcp_state *out)
{
	const struct inet_diag_msg *m = NLMSG_DATA(h);
	const struct rtattr *a = (const struct rtattr *)(m + 1);
	long left = (long)h->nlmsg_len - (long)NLMSG_LENGTH(sizeof(*m));
	struct tcp_info info;

	out->established = m->idiag_state == STATE_ESTABLISHED;
	out->send_queue = m->idiag_wqueue;
	for (; RTA_OK(a, left); a = RTA_NEXT(a, left)) {
		if (a->rta_type != INET_DIAG_INFO)
			continue;
		/* Older kernels have less of it. */
		memset(&info, 0, sizeof(info));
		memcpy(&info, RTA_DATA(a),
		       RTA_PAYLOAD(a) < sizeof(info) ? RTA_PAYLOAD(a) : sizeof(info));
		read_info(&info, out);
	}
}

/* 1: there is more to come; 0: that was all; -errno. */
static int read_reply(const union reply *r, size_t n, const struct netaddr *local,
		      const struct netaddr *remote, bool all, struct tcp_state *out)
{
	const struct inet_diag_msg *m;
	const struct nlmsgerr *e;

	for (const struct nlmsghdr *h = &r->head; NLMSG_OK(h, n); h = NLMSG_NEXT(h, n)) {
		if (h->nlmsg_type == NLMSG_DONE)
			return 0;
		if (h->nlmsg_type == NLMSG_ERROR) {
			e = NLMSG_DATA(h);
			return e->error == -ENOENT ? 0 : e->error;
		}
		if (h->nlmsg_type != SOCK_DIAG_BY_FAMILY || h->nlmsg_len < NLMSG_LENGTH(sizeof(*m)))
			continue;
		m = NLMSG_DATA(h);
		if (is_it(&m->id, remote, local))
			read_socket(h, out);
		if (all)
			continue;
		out->listening = !out->established && listens_for(m, local);
		return 0;
	}
	return 1;
}

static int ask_kernel(int fd, const struct netaddr *local, const struct netaddr *remote,
		      struct tcp_state *out)
{
	/* With both addresses it is one look-up; else every connection is looked at. */
	bool all = !local->len || netaddr_is_any(local) || !netaddr_port(local);
	union reply r;
	ssize_t n;
	int rc = send_request(fd, local, remote, all);

	while (rc == 0) {
		/* The kernel has answered when sendto() came back: it never waits here. */
		n = recv(fd, &r, sizeof(r), MSG_DONTWAIT);
		if (n <= 0)
			return n < 0 ? -errno : -EPROTO;
		rc = read_reply(&r, (size_t)n, local, remote, all, out);
		if (rc == 0)
			return 0;
		rc = rc < 0 ? rc : 0;
	}
	return rc;
}

int tcp_state_find(const struct netaddr *local, const struct netaddr *remote, struct tcp_state *out)
{
	static const struct netaddr any;
	int fd, rc;

	*out = (struct tcp_state){.last_ack_ms = -1};
	if (!remote->len || (local && local->len && local->sa.sa_family != remote->sa.sa_family))
		return -EINVAL;
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	if (fd < 0)
		return -errno;
	rc = ask_kernel(fd, local ? local : &any, remote, out);
	out->known = rc == 0;
	close(fd);
	return rc;
}

char *tcp_state_half_open_words(const struct tcp_state *s, char out[TCP_STATE_WORDS])
{
	char ago[16];

	snprintf(out, TCP_STATE_WORDS,
		 "half-open: %u bytes wait, sent again %u times, last acknowledged %s ago",
		 s->send_queue, s->retransmits, text_duration(s->last_ack_ms / 1000, ago));
	return out;
}
