/* Group effects: what many bindings have in common comes before what is wrong with a single one. */
#ifndef REGTOP_JUDGE_GROUP_EFFECT_H
#define REGTOP_JUDGE_GROUP_EFFECT_H

#include <stdbool.h>

/* More than so many of a hundred, of at least so many that were asked
 * (facts/sip-and-diagnosis 4.1).
 */
#define GROUP_EFFECT_PERCENT 60
#define GROUP_EFFECT_MEMBERS 3

/* What the members have in common. */
enum group_kind {
	GROUP_NETWORK, /* source network: /24, /48 */
	GROUP_PATH,    /* first Path host */
	GROUP_SOCKET,  /* the registrar's socket */
	GROUP_NODE,
	GROUP_SOURCE,
	GROUP_AGENT, /* User-Agent */
	GROUP_KINDS
};

struct group_effect {
	enum group_kind kind;
	char value[96];   /* cleaned */
	unsigned members; /* bindings, asked or not */
	unsigned asked, answered;
	unsigned silent; /* of the asked: no answer at all */
	unsigned gone;   /* of the asked: refused, no route, flow gone */
	bool effect;     /* enough of them fail */
	char words[200]; /* "5 of 6 asked phones from 192.0.2.0/24 do not answer" */
};

#endif
