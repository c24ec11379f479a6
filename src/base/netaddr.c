/* Addresses, ports and transports: parsed and printed, never resolved by name. */
#include "base/netaddr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

static const char *const names[] = {
	[TRANSPORT_NONE] = "",   [TRANSPORT_UDP] = "udp",   [TRANSPORT_TCP] = "tcp",
	[TRANSPORT_TLS] = "tls", [TRANSPORT_SCTP] = "sctp", [TRANSPORT_WS] = "ws",
	[TRANSPORT_WSS] = "wss", [TRANSPORT_OTHER] = "?",
};

const char *transport_name(enum transport t)
{
	return names[t];
}

enum transport transport_parse(struct slice s)
{
	if (slice_empty(s))
		return TRANSPORT_NONE;
	for (int t = TRANSPORT_UDP; t < TRANSPORT_OTHER; t++)
		if (slice_ieq_str(s, names[t]))
			return (enum transport)t;
	return TRANSPORT_OTHER;
}

int netaddr_parse(struct slice host, unsigned port, struct netaddr *out)
{
	char text[INET6_ADDRSTRLEN + 1];

	memset(out, 0, sizeof(*out));
	if (port > 65535)
		return -EINVAL;
	if (host.n >= 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
		host = slice_make(host.p + 1, host.n - 2);
	if (host.n == 0 || host.n >= sizeof(text) || memchr(host.p, '\0', host.n))
		return -EINVAL;
	slice_to_buf(host, text, sizeof(text));
	if (inet_pton(AF_INET, text, &out->in4.sin_addr) == 1) {
		out->in4.sin_family = AF_INET;
		out->in4.sin_port = htons((uint16_t)port);
		out->len = sizeof(out->in4);
		return 0;
	}
	if (inet_pton(AF_INET6, text, &out->in6.sin6_addr) == 1) {
		out->in6.sin6_family = AF_INET6;
		out->in6.sin6_port = htons((uint16_t)port);
		out->len = sizeof(out->in6);
		return 0;
	}
	return -EINVAL;
}

int netaddr_parse_hostport(struct slice s, unsigned default_port, struct netaddr *out)
{
	struct slice host = s, rest = SLICE_NONE;
	uint64_t port = default_port;

	if (s.n && s.p[0] == '[') {
		ptrdiff_t close = slice_find_char(s, ']');

		if (close < 0)
			return -EINVAL;
		host = slice_make(s.p, (size_t)close + 1);
		rest = slice_skip(s, (size_t)close + 1);
		if (rest.n && rest.p[0] != ':')
			return -EINVAL;
		rest = slice_skip(rest, 1);
		if (rest.n == 0 && s.n > (size_t)close + 1)
			return -EINVAL;
	} else {
		rest = slice_cut(s, ':', &host);
		/* Two colons and no brackets: a bare IPv6 address. */
		if (slice_find_char(rest, ':') >= 0) {
			host = s;
			rest = SLICE_NONE;
		} else if (rest.p && rest.n == 0) {
			return -EINVAL;
		}
	}
	if (rest.n && (!slice_to_u64(rest, 65535, &port) || port == 0))
		return -EINVAL;
	return netaddr_parse(host, (unsigned)port, out);
}

unsigned netaddr_port(const struct netaddr *a)
{
	if (a->len == 0)
		return 0;
	return ntohs(a->sa.sa_family == AF_INET6 ? a->in6.sin6_port : a->in4.sin_port);
}

void netaddr_set_port(struct netaddr *a, unsigned port)
{
	if (a->sa.sa_family == AF_INET6)
		a->in6.sin6_port = htons((uint16_t)port);
	else
		a->in4.sin_port = htons((uint16_t)port);
}

char *netaddr_format_host(const struct netaddr *a, char out[NETADDR_STR])
{
	char text[INET6_ADDRSTRLEN] = "";

	out[0] = '\0';
	if (a->len == 0)
		return out;
	if (a->sa.sa_family == AF_INET6) {
		inet_ntop(AF_INET6, &a->in6.sin6_addr, text, sizeof(text));
		snprintf(out, NETADDR_STR, "[%s]", text);
	} else {
		inet_ntop(AF_INET, &a->in4.sin_addr, text, sizeof(text));
		snprintf(out, NETADDR_STR, "%s", text);
	}
	return out;
}

char *netaddr_format(const struct netaddr *a, char out[NETADDR_STR])
{
	size_t n;

	netaddr_format_host(a, out);
	n = strlen(out);
	if (n)
		snprintf(out + n, NETADDR_STR - n, ":%u", netaddr_port(a));
	return out;
}

bool netaddr_same_host(const struct netaddr *a, const struct netaddr *b)
{
	if (a->len == 0 || a->len != b->len || a->sa.sa_family != b->sa.sa_family)
		return false;
	if (a->sa.sa_family == AF_INET6)
		return memcmp(&a->in6.sin6_addr, &b->in6.sin6_addr, 16) == 0;
	return a->in4.sin_addr.s_addr == b->in4.sin_addr.s_addr;
}

bool netaddr_eq(const struct netaddr *a, const struct netaddr *b)
{
	return netaddr_same_host(a, b) && netaddr_port(a) == netaddr_port(b);
}

/* These are asked of each row of a table: compared as numbers, not parsed from text. */
static bool in_net4(const struct netaddr *a, uint32_t net, unsigned bits)
{
	return a->len && a->sa.sa_family == AF_INET &&
	       (ntohl(a->in4.sin_addr.s_addr) ^ net) >> (32 - bits) == 0;
}

static bool is_in6(const struct netaddr *a)
{
	return a->len && a->sa.sa_family == AF_INET6;
}

bool netaddr_is_loopback(const struct netaddr *a)
{
	const uint8_t *mapped;

	if (!is_in6(a))
		return in_net4(a, 0x7f000000, 8);
	mapped = a->in6.sin6_addr.s6_addr;
	return IN6_IS_ADDR_LOOPBACK(&a->in6.sin6_addr) ||
	       (IN6_IS_ADDR_V4MAPPED(&a->in6.sin6_addr) && mapped[12] == 127);
}

bool netaddr_is_link_local(const struct netaddr *a)
{
	if (is_in6(a))
		return IN6_IS_ADDR_LINKLOCAL(&a->in6.sin6_addr);
	return in_net4(a, 0xa9fe0000, 16);
}

bool netaddr_is_private(const struct netaddr *a)
{
	if (is_in6(a)) /* fc00::/7, fe80::/10 */
		return (a->in6.sin6_addr.s6_addr[0] & 0xfe) == 0xfc ||
		       IN6_IS_ADDR_LINKLOCAL(&a->in6.sin6_addr);
	return in_net4(a, 0x0a000000, 8) || in_net4(a, 0xac100000, 12) ||
	       in_net4(a, 0xc0a80000, 16) || in_net4(a, 0x64400000, 10) ||
	       in_net4(a, 0xa9fe0000, 16);
}

bool netaddr_is_any(const struct netaddr *a)
{
	if (is_in6(a))
		return IN6_IS_ADDR_UNSPECIFIED(&a->in6.sin6_addr);
	return a->len && a->sa.sa_family == AF_INET && a->in4.sin_addr.s_addr == 0;
}

/* A socket that only asks the routing table, kept: a sweep asks for each of its phones. */
static int route_socket(int family)
{
	static _Thread_local int kept[2] = {-1, -1};
	int *fd = &kept[family == AF_INET6];

	if (*fd < 0)
		*fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return *fd;
}

int netaddr_local_for(const struct netaddr *remote, struct netaddr *out)
{
	static const struct sockaddr nowhere = {.sa_family = AF_UNSPEC};
	struct netaddr to = *remote;
	int fd = route_socket(to.sa.sa_family);

	memset(out, 0, sizeof(*out));
	if (fd < 0)
		return -errno;
	if (netaddr_port(&to) == 0)
		netaddr_set_port(&to, 5060);
	out->len = sizeof(out->ss);
	/* Else the address of the time before stays. */
	(void)connect(fd, &nowhere, sizeof(nowhere));
	/* connect() on UDP sends nothing. */
	if (connect(fd, &to.sa, to.len) < 0 || getsockname(fd, &out->sa, &out->len) < 0) {
		out->len = 0;
		return -errno;
	}
	netaddr_set_port(out, 0);
	return 0;
}

int netcidr_parse(struct slice s, struct netcidr *out)
{
	struct slice host, bits = slice_cut(s, '/', &host);
	uint64_t n;
	int rc = netaddr_parse(host, 0, &out->net);

	if (rc < 0)
		return rc;
	out->bits = out->net.sa.sa_family == AF_INET6 ? 128 : 32;
	if (bits.p) {
		if (!slice_to_u64(bits, out->bits, &n))
			return -EINVAL;
		out->bits = (unsigned)n;
	}
	return 0;
}

bool netcidr_contains(const struct netcidr *c, const struct netaddr *a)
{
	const unsigned char *x, *y;
	unsigned whole = c->bits / 8, rest = c->bits % 8;

	if (a->len == 0 || a->sa.sa_family != c->net.sa.sa_family)
		return false;
	if (a->sa.sa_family == AF_INET6) {
		x = a->in6.sin6_addr.s6_addr;
		y = c->net.in6.sin6_addr.s6_addr;
	} else {
		x = (const unsigned char *)&a->in4.sin_addr;
		y = (const unsigned char *)&c->net.in4.sin_addr;
	}
	if (memcmp(x, y, whole) != 0)
		return false;
	return rest == 0 || ((x[whole] ^ y[whole]) >> (8 - rest)) == 0;
}
