/* Group effects: what many bindings have in common comes before what is wrong with a single one. */
#ifndef REGTOP_JUDGE_GROUP_EFFECT_H
#define REGTOP_JUDGE_GROUP_EFFECT_H

#include "model/tally.h"

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
	char value[96]; /* cleaned */
	/* Of GROUP_NETWORK: the one address that all the asked come from, cleaned; "" several. */
	char host[64];
	unsigned members; /* bindings, asked or not */
	unsigned asked, answered;
	unsigned silent;  /* of the asked: no answer at all */
	unsigned gone;    /* of the asked: refused, no route, flow gone */
	int64_t since_ms; /* when the first of the asked was asked; 0 unknown */
	bool effect;      /* enough of them fail */
	char words[200];  /* "5 of 6 asked phones from 192.0.2.7 do not answer" */
};

/* "the source network", … for headings. */
const char *group_kind_name(enum group_kind k);
/* What r has in common with others of this kind, cleaned; false when it has none. */
bool group_value(enum group_kind k, const struct row *r, char *out, size_t size);

/* The groups that subject belongs to, one for each kind, all counts 0; returns how many. */
size_t group_effects_begin(const struct row *subject, struct group_effect out[GROUP_KINDS]);
/* Counts r, the subject itself included, into those groups that it belongs to. Evidence that is
 * old, or proves nothing, does not count as asked, nor does that of a phone that may sleep. r must
 * be judged. */
void group_effects_add(struct group_effect *g, size_t n, const struct row *r);
/* Fills effect and words. */
void group_effects_end(struct group_effect *g, size_t n);

#endif
