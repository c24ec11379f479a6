/* Addresses, ports and transports: parsed and printed, never resolved by name. */
#ifndef REGTOP_BASE_NETADDR_H
#define REGTOP_BASE_NETADDR_H

#include <netinet/in.h>
#include <sys/socket.h>
#include "base/slice.h"

enum transport {
	TRANSPORT_NONE,
	TRANSPORT_UDP,
	TRANSPORT_TCP,
	TRANSPORT_TLS,
	TRANSPORT_SCTP,
	TRANSPORT_WS,
	TRANSPORT_WSS,
	TRANSPORT_OTHER, /* named, but not one that we know */
};

/* "udp", "tcp", … ; "" for NONE, "?" for OTHER. */
const char *transport_name(enum transport t);
/* By name, ignoring case; NONE for an empty slice, OTHER for an unknown word. */
enum transport transport_parse(struct slice s);

struct netaddr {
	union {
		struct sockaddr sa;
		struct sockaddr_in in4;
		struct sockaddr_in6 in6;
		struct sockaddr_storage ss;
	};
	socklen_t len; /* 0: no address */
};

/* host is an IPv4 or IPv6 literal (brackets allowed). 0, or -EINVAL for a name. */
int netaddr_parse(struct slice host, unsigned port, struct netaddr *out);
/* "127.0.0.1:5060", "[::1]:5060"; the port may be missing (then default_port). */
int netaddr_parse_hostport(struct slice s, unsigned default_port, struct netaddr *out);
unsigned netaddr_port(const struct netaddr *a);
void netaddr_set_port(struct netaddr *a, unsigned port);
/* "1.2.3.4:5060" or "[::1]:5060"; out has room for NETADDR_STR bytes; returns out. */
#define NETADDR_STR 64
char *netaddr_format(const struct netaddr *a, char out[NETADDR_STR]);
/* Without port; IPv6 in brackets, as a SIP URI wants it. */
char *netaddr_format_host(const struct netaddr *a, char out[NETADDR_STR]);
bool netaddr_eq(const struct netaddr *a, const struct netaddr *b);
bool netaddr_same_host(const struct netaddr *a, const struct netaddr *b);
bool netaddr_is_loopback(const struct netaddr *a);
/* RFC 1918, RFC 6598 (100.64/10), link local, unique local IPv6; not loopback. */
bool netaddr_is_private(const struct netaddr *a);
/* 169.254/16 and fe80::/10: good on one wire only. */
bool netaddr_is_link_local(const struct netaddr *a);
bool netaddr_is_any(const struct netaddr *a);
/* The local address the kernel would send from to reach remote (port 0); -errno without a route.
 * Sends nothing. */
int netaddr_local_for(const struct netaddr *remote, struct netaddr *out);

/* "10.0.0.0/8", "::1/128", or a single address. */
struct netcidr {
	struct netaddr net;
	unsigned bits;
};
int netcidr_parse(struct slice s, struct netcidr *out);
bool netcidr_contains(const struct netcidr *c, const struct netaddr *a);

#endif
