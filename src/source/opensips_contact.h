/* One contact as OpenSIPS's memory tells it (ul_show_contact, ul_dump), as a binding. */
#ifndef REGTOP_SOURCE_OPENSIPS_CONTACT_H
#define REGTOP_SOURCE_OPENSIPS_CONTACT_H

#include <jansson.h>
#include "model/binding.h"

/* The table whose contacts have nothing but their number as key; those of other tables are
 * "table:number". */
#define OPENSIPS_TABLE "location"

/* nathelper's Ping-Latency of a ping that nobody answered (facts/kamailio-opensips 5.3). */
#define OPENSIPS_PING_TIMED_OUT 1800000000

/* Of an AoR's contacts, the one of a binding. */
struct opensips_found {
	const json_t *contact; /* NULL: not there; borrowed from the answer */
	unsigned same_uri;     /* contacts that ul_rm_contact may take for this one */
};

/* Looks in the result of ul_show_contact for b: by its ContactID; a binding that lapsed and came
 * back has a new one, and is then found by its URI. Contacts that only wait to be cleared away are
 * not looked at. */
struct opensips_found opensips_contact_find(const json_t *result, const struct binding *b);
/* contact is an object with "Contact", "ContactID", "Expires" and so on (facts/kamailio-opensips
 * 5.3). known_s: the second of expiry as it is known; it stands when the two clocks agree with it,
 * and 0 is none. False for a contact that only waits to be cleared away, or has no address or
 * number. Key and ruid are the bare number; the AoR and what memory does not tell stay empty.
 * Slices point into contact. */
bool opensips_contact_read(const json_t *contact, int64_t now_s, int64_t known_s,
			   struct binding *out);
/* Microseconds of nathelper's last ping of the contact, OPENSIPS_PING_TIMED_OUT; 0: none. */
int64_t opensips_contact_latency(const json_t *contact);
/* Cuts "user@domain", or "user" where usrloc has no domains. */
void opensips_aor_split(struct slice aor, struct binding *out);
/* The table and the number of a binding's key. */
struct slice opensips_key_table(struct slice key, struct slice *number);
/* OpenSIPS numbers the methods otherwise than Kamailio, whose bits a binding has (facts 5.1). */
uint32_t opensips_methods(uint32_t theirs);
/* False when OpenSIPS's URI comparison cannot take a for b. It may say true of two that OpenSIPS
 * tells apart. */
bool opensips_uri_may_match(struct slice a, struct slice b);

#endif
