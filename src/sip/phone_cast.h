/* The cast of simulated phones: who they are, what they say they are, how they behave. */
#ifndef REGTOP_SIP_PHONE_CAST_H
#define REGTOP_SIP_PHONE_CAST_H

#include "sip/phone.h"

/* Strings are static. */
struct phone_role {
	enum phone_kind kind;
	char user[32];
	const char *domain;
	const char *agent;        /* said in REGISTER; for PHONE_HOSTILE not clean */
	const char *answers_as;   /* said in answers */
	unsigned expires_s;       /* asked for */
	unsigned refresh_percent; /* of what was granted */
	char instance[48];        /* "<urn:uuid:…>" */
};

/* The i-th of n; the same for the same two numbers, always. */
void phone_role(unsigned i, unsigned n, struct phone_role *out);

#endif
