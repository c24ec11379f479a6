/* Next hop: the address a request to a binding is really sent to, and why it cannot arrive. */
#ifndef REGTOP_JUDGE_NEXT_HOP_H
#define REGTOP_JUDGE_NEXT_HOP_H

#include "base/netaddr.h"
#include "model/binding.h"

enum hop_from { HOP_NONE, HOP_PATH, HOP_RECEIVED, HOP_ALIAS, HOP_CONTACT };

struct next_hop {
	enum hop_from from;
	enum transport transport;
	struct netaddr addr; /* len 0: a name, or nowhere */
	char name[80];       /* host name when addr.len is 0, cleaned */
	unsigned name_port;  /* port beside the name; 0: none was given */
	/* The registrar's socket that it leaves from, "udp:192.0.2.1:5060": the one that took the
	 * REGISTER, as long as that speaks the transport. Raw, in the binding's memory; "" unknown.
	 */
	struct slice socket;
	bool reachable;  /* false: why says why nothing can arrive */
	bool by_flow;    /* only the existing connection can carry it */
	bool nat;        /* source address differs from the contact's host, or contact is private */
	const char *why; /* static sentence; NULL when reachable */
};

/* Kamailio's lookup order (facts/kamailio-opensips 1.2): first Path URI, else received, else
 * Kamailio's ;alias= of the contact, else the contact itself. Why nothing can arrive is told as far
 * as the data goes (facts/sip-and-diagnosis 4, rows 13, 15, 29, 30): who is asked may know better.
 */
void next_hop_find(const struct binding *b, struct next_hop *out);
/* "udp:192.0.2.1:5060", "tls:edge.example:5061"; empty when there is none. */
void next_hop_format(const struct next_hop *h, char *out, size_t size);
/* The address of the registrar's socket that took the REGISTER; false when it is not known, or
 * stands for all addresses of its host (0.0.0.0, ::) and says nothing about families. */
bool next_hop_socket_address(const struct binding *b, struct netaddr *out);
/* Can a socket of the registrar of this transport have taken such a contact? A WebSocket stands on
 * a TCP or TLS socket (RFC 7118). */
bool next_hop_socket_speaks(enum transport socket, enum transport wanted);
/* Push parameters of RFC 8599 or the older pn-/app-id kind in the contact. */
bool contact_has_push(struct slice contact);

#endif
