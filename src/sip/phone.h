/* Simulated phones on real sockets: they register, refresh, and answer as their character says. */
#ifndef REGTOP_SIP_PHONE_H
#define REGTOP_SIP_PHONE_H

#include "sip/transport.h"

enum phone_kind {
	PHONE_ANSWERS,  /* 200 */
	PHONE_BUSY,     /* 486 */
	PHONE_SLOW,     /* 200 after 1.2 s */
	PHONE_SILENT,   /* receives, never answers */
	PHONE_REFUSES,  /* registered, then its socket was closed: ICMP port unreachable */
	PHONE_DISOWNS,  /* 404: does not know this contact */
	PHONE_STRANGER, /* another User-Agent answers */
	PHONE_TWIN,     /* two bindings of one instance: an old one (refused) and a new one */
	PHONE_LAPSING,  /* short expiry, never refreshes */
	PHONE_PRIVATE,  /* contact is a private address that nobody can reach, no received */
	PHONE_PUSH,     /* push parameters in the contact, asleep */
	PHONE_HOSTILE,  /* User-Agent full of escape sequences and invalid UTF-8 */
	PHONE_TCP,      /* registers over TCP and answers on that connection */
	PHONE_KIND_COUNT
};

struct phones;

/* Starts n phones against the registrar at addr: one of every kind first, then mostly answering
 * ones with the others sprinkled in. Deterministic for a given n. All addresses are loopback. The
 * registrations are paced so that thousands do not overrun a socket buffer. */
struct phones *phones_start(struct loop *l, const struct clock *c, const struct netaddr *registrar,
			    unsigned n, struct err *e);
void phones_stop(struct phones *p);
/* Phones whose first registration was answered. */
unsigned phones_registered(const struct phones *p);
const char *phone_kind_name(enum phone_kind k);

#endif
