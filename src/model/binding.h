/* The binding: one Contact registered for one AoR, as a value. */
#ifndef REGTOP_MODEL_BINDING_H
#define REGTOP_MODEL_BINDING_H

#include <stdbool.h>
#include <stdint.h>
#include "base/netaddr.h"
#include "base/slice.h"
#include "base/strbuf.h"

#define BINDING_PERMANENT   INT64_MAX /* expires_s of a contact that never lapses */
#define BINDING_Q_UNSET     (-1)
#define BINDING_METHODS_ALL UINT32_MAX /* nothing known that restricts them */

/* Slices point into the store's (or the giver's) memory; the store's are valid until its next
 * change. Raw bytes from outside: clean before showing. Fields that a source does not know are
 * empty slices or the value named beside them. */
struct binding {
	struct slice key;      /* the registrar's own key (ruid, …), unique in its source */
	struct slice user;     /* AoR, before the '@' */
	struct slice domain;   /* AoR, after the '@'; empty when the registrar has no domains */
	struct slice contact;  /* Contact URI, verbatim bytes, no angle brackets */
	struct slice received; /* "sip:IP:PORT[;transport=…]" where the REGISTER came from */
	struct slice path;     /* whole Path value */
	struct slice socket;   /* "udp:IP:PORT": the registrar's socket that took the REGISTER */
	struct slice user_agent;
	struct slice call_id;
	struct slice instance; /* +sip.instance with its <> */
	struct slice ruid;     /* the registrar's unique id, when it has one */
	struct slice node;     /* registrar process that owns it, as text */
	int64_t expires_s;     /* Unix seconds, or BINDING_PERMANENT */
	int64_t refreshed_s;   /* last REGISTER, Unix seconds; 0 unknown */
	int64_t granted_s;     /* expiry granted at the last REGISTER; -1 unknown */
	uint32_t cseq;
	uint32_t methods;   /* Kamailio's bits: INVITE 1 … OPTIONS 512 …; METHODS_ALL unknown */
	int32_t q_milli;    /* 0 … 1000, or BINDING_Q_UNSET */
	int32_t reg_id;     /* 0: none */
	int32_t connection; /* the registrar's connection id; 0 or -1: none */
	uint32_t cflags;
	uint8_t source; /* index of its source in the store; filled by the store */
};

/* What the registrar's memory says of a binding that is shown from its table. */
enum binding_differs {
	BINDING_UNCOMPARED,  /* memory was not asked since the binding last changed */
	BINDING_AGREES,      /* memory has it as it is shown */
	BINDING_ONLY_TABLE,  /* memory does not know it: calls do not go there */
	BINDING_ONLY_MEMORY, /* it is not in the table, or not yet (db_mode 2) */
	BINDING_FIELDS,      /* the table is behind: what is shown is memory's */
};

/* Appends "user@domain", or "user" when there is no domain. Raw bytes. */
void binding_add_aor(const struct binding *b, struct strbuf *out);
/* True when every field but source is the same. */
bool binding_equal(const struct binding *a, const struct binding *b);
/* Seconds left at now_s, negative when lapsed; INT64_MAX when permanent. */
int64_t binding_left_s(const struct binding *b, int64_t now_s);
/* A deep copy in one heap block; free() it. source, numbers and all slices are copied. */
struct binding *binding_copy(const struct binding *b);
/* "INVITE,ACK,BYE" from the bits; "" for METHODS_ALL. */
void binding_add_methods(uint32_t methods, struct strbuf *out);
/* The bits of a comma separated list of methods (Allow). */
uint32_t binding_methods_parse(struct slice list);

#endif
