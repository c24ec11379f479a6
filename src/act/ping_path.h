/* How a probe reaches a binding: by our own flow, through its registrar, or direct. */
#ifndef REGTOP_ACT_PING_PATH_H
#define REGTOP_ACT_PING_PATH_H

#include "act/act.h"
#include "base/strbuf.h"

/* Where one probe goes, and the words it is made of. Start from PING_PATH_INIT. */
struct ping_path {
	enum probe_path path;
	struct sip_flow flow; /* connection 0 and not UDP: has to be connected first */
	struct strbuf request_uri, route, to_uri, from_uri;
	enum probe_outcome never;  /* not PROBE_NOT_ASKED: nothing can be sent, and this is why */
	char why[EVIDENCE_DETAIL]; /* words for never; cleaned */
	char node[64]; /* REGISTRAR: the one of several nodes that reaches it, or empty */
	bool second;   /* REGISTRAR: a direct probe would mean the same, and sees ICMP */
	bool uac;      /* REGISTRAR: it sends the request itself; there is no flow of ours */
};

#define PING_PATH_INIT ((struct ping_path){.path = PROBE_PATH_NONE})

void ping_path_free(struct ping_path *p);
/* The path a call would take (DESIGN 4): what the source offers, else direct. */
void ping_path_find(const struct act_env *env, const struct binding *b, struct ping_path *out);
/* From a socket of ours to the next hop, whatever the source offers. */
void ping_path_direct(const struct act_env *env, const struct binding *b, struct ping_path *out);
/* From a socket of ours to this address by UDP, whatever the binding says: to where its name leads.
 */
void ping_path_to(const struct act_env *env, const struct binding *b, const struct netaddr *addr,
		  struct ping_path *out);
/* (Re)writes to_uri, b's AoR, and from_uri, ours, as p's path and addresses want them. */
void ping_path_name(const struct binding *b, struct ping_path *p);
/* So many requests that registrars themselves send are open at once for each source: each is a
 * connection to a control, and a transaction that lasts 30 s there. */
#define PING_UAC_PLACES 64

/* Names where the probe goes, so that no two are on their way to one place at once: the address for
 * OWN and DIRECT; the contact for REGISTRAR and where a Path leads over an edge that many share;
 * one of PING_UAC_PLACES for what a registrar sends itself. */
uint64_t ping_path_place(const struct ping_path *p, const struct binding *b);
/* Differs when b is reached in another way than before. A REGISTER from a new port during a probe
 * must not make the old address' silence its own (facts/sip-and-diagnosis 2.2). */
uint64_t ping_path_fingerprint(const struct binding *b);

#endif
