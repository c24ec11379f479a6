/* Next hop: the address a request to a binding is really sent to, and why it cannot arrive. */
#include "judge/next_hop.h"

#include <arpa/inet.h>
#include <stdio.h>
#include "base/sipuri.h"
#include "base/text.h"

#define PORT_SIP  5060
#define PORT_SIPS 5061

static unsigned default_port(enum transport t)
{
	switch (t) {
	case TRANSPORT_TLS:
		return PORT_SIPS;
	case TRANSPORT_WS:
		return 80;
	case TRANSPORT_WSS:
		return 443;
	default:
		return PORT_SIP;
	}
}

static bool ends_with(struct slice s, const char *tail)
{
	size_t n = strlen(tail);

	return s.n >= n && slice_ieq_str(slice_skip(s, s.n - n), tail);
}

/* RFC 2606: a host that by definition is none; browsers and RFC 7118 clients register it. */
static bool is_invalid_host(struct slice host)
{
	return ends_with(host, ".invalid") || ends_with(host, ".invalid.") ||
	       slice_ieq_str(host, "invalid");
}

static bool is_stream(enum transport t)
{
	return t == TRANSPORT_TCP || t == TRANSPORT_TLS || t == TRANSPORT_WS || t == TRANSPORT_WSS;
}

/* Multicast and broadcast: never one phone. */
static bool is_for_many(const struct netaddr *a)
{
	if (a->sa.sa_family == AF_INET6)
		return IN6_IS_ADDR_MULTICAST(&a->in6.sin6_addr);
	return IN_MULTICAST(ntohl(a->in4.sin_addr.s_addr)) ||
	       a->in4.sin_addr.s_addr == htonl(INADDR_BROADCAST);
}

static const char *set_host(struct next_hop *h, struct slice host, unsigned port)
{
	if (netaddr_parse(host, port ? port : default_port(h->transport), &h->addr) == 0) {
		if (netaddr_is_any(&h->addr))
			return "the address is 0.0.0.0: it names nobody";
		if (is_for_many(&h->addr))
			return "the address is a multicast or broadcast address, not one phone";
		return NULL;
	}
	h->addr.len = 0;
	h->name_port = port;
	text_clean_buf(host, h->name, sizeof(h->name));
	return NULL;
}

/* The fields of h from a URI; NULL when something can be sent there, as far as the URI goes. */
static const char *hop_from_uri(struct next_hop *h, enum hop_from from, struct slice raw,
				const char *broken)
{
	struct sip_uri u;

	h->from = from;
	if (sip_uri_split(raw, &u) != 0)
		return broken;
	if (!u.is_sip)
		return "the contact is no SIP address";
	h->transport = sip_uri_transport(&u);
	if (h->transport == TRANSPORT_OTHER)
		return "the transport is none that SIP knows";
	if (is_invalid_host(u.host))
		return "the host ends in .invalid: it can only be reached over its own connection";
	return set_host(h, u.host, u.port);
}

/* Kamailio's ;alias=IP~PORT~N in the contact (facts/kamailio-opensips 1.2). */
static const char *hop_from_alias(struct next_hop *h, struct slice alias)
{
	static const enum transport by_number[] = {
		TRANSPORT_NONE, TRANSPORT_UDP, TRANSPORT_TCP, TRANSPORT_TLS,
		TRANSPORT_SCTP, TRANSPORT_WS,  TRANSPORT_WSS,
	};
	static const char broken[] = "the alias in the contact cannot be understood";
	struct slice host, port_text, number_text;
	uint64_t port, number;

	h->from = HOP_ALIAS;
	alias = slice_cut(alias, '~', &host);
	number_text = slice_cut(alias, '~', &port_text);
	if (!slice_to_u64(port_text, 65535, &port) || port == 0 ||
	    !slice_to_u64(number_text, 6, &number) || number == 0)
		return broken;
	h->transport = by_number[number];
	if (netaddr_parse(host, (unsigned)port, &h->addr) != 0)
		return broken;
	return set_host(h, host, (unsigned)port);
}

static bool is_private_host(struct slice host)
{
	struct netaddr a;

	return netaddr_parse(host, 0, &a) == 0 && netaddr_is_private(&a);
}

bool next_hop_socket_address(const struct binding *b, struct netaddr *out)
{
	struct slice transport, place = slice_cut(b->socket, ':', &transport);

	return netaddr_parse_hostport(place, PORT_SIP, out) == 0 && !netaddr_is_any(out);
}

/* "udp:192.168.1.10:5060": a registrar that itself stands in a private network reaches private
 * contacts; that is the ordinary office. */
static bool registrar_is_private(const struct binding *b)
{
	struct netaddr a;

	return next_hop_socket_address(b, &a) && netaddr_is_private(&a);
}

static enum transport socket_transport(const struct binding *b)
{
	struct slice word = SLICE_NONE;

	slice_cut(b->socket, ':', &word);
	return transport_parse(word);
}

bool next_hop_socket_speaks(enum transport socket, enum transport wanted)
{
	return socket == wanted || (wanted == TRANSPORT_WS && socket == TRANSPORT_TCP) ||
	       (wanted == TRANSPORT_WSS && socket == TRANSPORT_TLS);
}

static bool same_host(struct slice host, const struct netaddr *a)
{
	struct netaddr x;

	return netaddr_parse(host, 0, &x) == 0 && netaddr_same_host(&x, a);
}

/* Address translation between us and the phone, as far as the data shows it. */
static bool behind_nat(const struct binding *b, const struct sip_uri *contact, bool contact_ok,
		       const struct next_hop *h)
{
	struct sip_uri r;
	struct netaddr source;

	if (!contact_ok)
		return false;
	if (h->from == HOP_ALIAS)
		return h->addr.len && !same_host(contact->host, &h->addr);
	if (b->received.n && sip_uri_split(b->received, &r) == 0 &&
	    netaddr_parse(r.host, 0, &source) == 0)
		return !same_host(contact->host, &source);
	return is_private_host(contact->host) && !registrar_is_private(b);
}

/* TLS and WebSocket phones take no connections; a TCP phone behind NAT cannot. The edge of a Path
 * has its own flow to the phone, and takes connections from us. */
static bool only_by_flow(const struct next_hop *h, const struct sip_uri *contact, bool contact_ok)
{
	if (h->from == HOP_PATH || !is_stream(h->transport))
		return false;
	if (h->transport != TRANSPORT_TCP)
		return true;
	return h->nat || h->from == HOP_RECEIVED || h->from == HOP_ALIAS ||
	       (contact_ok &&
		(sip_uri_param(contact, "ob", NULL) || is_invalid_host(contact->host)));
}

/* What the contact's address is to the registrar's socket; NULL when that can reach it. */
static const char *out_of_reach(const struct binding *b, const struct next_hop *h)
{
	struct netaddr socket;
	bool known = next_hop_socket_address(b, &socket);

	if (netaddr_is_link_local(&h->addr) && !(known && netaddr_is_link_local(&socket)))
		return "the contact is a link-local address, good on the phone's own wire only";
	if (!known)
		return netaddr_is_private(&h->addr) ? "private contact and no received address"
						    : NULL;
	if (socket.sa.sa_family != h->addr.sa.sa_family)
		return socket.sa.sa_family == AF_INET6 ? "the contact is an IPv4 address, the "
							 "registrar's socket speaks IPv6"
						       : "the contact is an IPv6 address, the "
							 "registrar's socket speaks IPv4";
	if (netaddr_is_loopback(&h->addr) && !netaddr_is_loopback(&socket))
		return "the contact is a loopback address: the phone named only itself";
	if (netaddr_is_private(&h->addr) && !netaddr_is_private(&socket))
		return "private contact and no received address";
	return NULL;
}

/* Names of RFC 6762, RFC 6761 and of home routers: no name service beyond the phone's own network
 * knows them. */
static bool is_local_name(struct slice host)
{
	return ends_with(host, ".local") || ends_with(host, ".localdomain") ||
	       ends_with(host, ".localhost") || slice_ieq_str(host, "localhost");
}

static const char *find_from_contact(const struct binding *b, const struct sip_uri *contact,
				     bool contact_ok, struct next_hop *h)
{
	struct slice alias;
	const char *why;

	if (contact_ok && contact->is_sip && sip_uri_param(contact, "alias", &alias) && alias.n)
		return hop_from_alias(h, alias);
	why = hop_from_uri(h, HOP_CONTACT, b->contact,
			   "the contact cannot be understood (bad URI, host or port)");
	if (!why && h->addr.len)
		why = out_of_reach(b, h);
	else if (!why && is_local_name(contact->host))
		why = "the contact is a name that only the phone's own network knows";
	/* Such phones take no connections, and over UDP they made none. */
	if (!why && h->transport != TRANSPORT_TCP && is_stream(h->transport) &&
	    socket_transport(b) == TRANSPORT_UDP)
		why = "the contact asks for TLS or WebSocket, and the phone registered over UDP";
	/* A connection that stands carries requests whatever the contact says. */
	if (why && contact_ok && contact->is_sip && b->connection > 0 && is_stream(h->transport))
		why = NULL;
	return why;
}

void next_hop_find(const struct binding *b, struct next_hop *out)
{
	struct sip_uri contact;
	bool contact_ok = sip_uri_split(b->contact, &contact) == 0;

	/* Not the whole struct: the name alone is larger than the rest, and this runs per row. */
	out->transport = TRANSPORT_NONE;
	out->addr.len = 0;
	out->name[0] = '\0';
	out->name_port = 0;
	out->socket = SLICE_NONE;
	if (b->path.n)
		out->why = hop_from_uri(out, HOP_PATH, sip_uri_first_of_list(b->path),
					"the Path cannot be understood");
	else if (b->received.n)
		out->why = hop_from_uri(out, HOP_RECEIVED, b->received,
					"the received address cannot be understood");
	else
		out->why = find_from_contact(b, &contact, contact_ok, out);
	out->reachable = out->why == NULL;
	out->nat = behind_nat(b, &contact, contact_ok, out);
	out->by_flow = only_by_flow(out, &contact, contact_ok);
	if (!out->reachable)
		out->from = HOP_NONE;
	else if (b->socket.n && next_hop_socket_speaks(socket_transport(b), out->transport))
		out->socket = b->socket;
}

void next_hop_format(const struct next_hop *h, char *out, size_t size)
{
	const char *transport = transport_name(h->transport);
	char addr[NETADDR_STR];

	out[0] = '\0';
	if (!h->reachable)
		return;
	if (h->addr.len)
		snprintf(out, size, "%s:%s", transport, netaddr_format(&h->addr, addr));
	else if (h->name[0] && h->name_port)
		snprintf(out, size, "%s:%s:%u", transport, h->name, h->name_port);
	else if (h->name[0])
		snprintf(out, size, "%s:%s", transport, h->name);
	else if (h->by_flow)
		snprintf(out, size, "%s:its connection", transport);
}

bool contact_has_push(struct slice contact)
{
	/* RFC 8599, the drafts before it, and what Linphone, Acrobits, CSipSimple and their kin
	 * send */
	static const char *const names[] = {"pn-provider", "pn-prid", "pn-param",  "pn-tok",
					    "pn-type",     "app-id",  "pn-device", "pn-uri"};
	struct sip_uri u;

	/* Nearly all contacts have none: one look for what all names hold. */
	if (slice_find_icase(contact, SLICE_LIT("pn-")) < 0 &&
	    slice_find_icase(contact, SLICE_LIT("app-id")) < 0)
		return false;
	if (sip_uri_split(contact, &u) != 0)
		return false;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (sip_uri_param(&u, names[i], NULL))
			return true;
	return false;
}
