/* Findings: everything that a workup knows about one AoR, as values; diagnosis reads nothing else.
 */
#ifndef REGTOP_JUDGE_FINDINGS_H
#define REGTOP_JUDGE_FINDINGS_H

#include "base/tcp_state.h"
#include "judge/group_effect.h"
#include "judge/next_hop.h"
#include "model/call_found.h"
#include "model/columns.h"
#include "model/history.h"
#include "model/source_about.h"

/* Ways on which a binding was asked (facts/sip-and-diagnosis 2.4). */
enum finding_way {
	WAY_CALL,    /* the path of a call: the registrar's own socket, or through the registrar */
	WAY_DIRECT,  /* from a socket of ours to the next hop */
	WAY_CONTACT, /* from a socket of ours to the address in the Contact, where it is another */
	WAY_SOURCE,  /* from a socket of ours to the REGISTER's source, where it is another */
	WAY_EDGE,    /* from a socket of ours to the first host of the Path itself */
	WAY_COUNT
};

/* What a host name in Contact or Path came to. */
enum finding_name {
	NAME_NONE,     /* there is no name, or it was not looked up */
	NAME_RESOLVES, /* name_addr */
	NAME_FAILS,
	NAME_PRIVATE, /* resolves to a private address that the registrar is not in */
};

struct finding_binding {
	struct row row; /* row.b is a copy of the workup's own; row.evidence points to known */
	struct evidence known; /* what the store knew of the path of a call, the workup included */
	struct next_hop hop;
	struct history_summary past;
	/* What the workup itself found; NOT_ASKED: not tried, and detail says why not. */
	struct evidence ways[WAY_COUNT];
	struct call_found calls[CALL_KINDS]; /* last one of each kind; NOT_MADE */
	unsigned pad_answered, pad_lost;     /* greatest padded INVITE that was answered, least that
						was not; bytes, 0 none */
	bool changed_meanwhile;              /* the binding changed while it was asked */
	enum finding_name name;
	char name_addr[64];
	struct tcp_state tcp; /* of the registrar's connection to it, when it stands on this machine
			       */
};

#define FINDING_GROUPS 8

struct findings {
	char aor[200]; /* cleaned */
	int64_t now_ms;
	struct finding_binding *bindings; /* of the AoR, newest first */
	size_t count;
	struct history_summary past; /* of the AoR, also when no binding is left */
	struct group_effect groups[FINDING_GROUPS];
	size_t group_count;
	struct source_about about;
	const char *source_name;
	int64_t picture_age_ms; /* -1: never read */
	bool picture_complete;
	bool picture_frozen; /* snapshots alone: as it was at now_ms */
	char picture_trouble[160];
	/* Several phones moved from one source address to another since the last refresh of a
	 * binding here: how many, and from where to where. */
	unsigned siblings_moved;
	char siblings_from[64], siblings_to[64];
	bool cancelled; /* the person stopped the workup before its end */
};

#endif
