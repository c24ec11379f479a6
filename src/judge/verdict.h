/* The verdict: a pure function from a row's binding and evidence to the word that it supports. */
#ifndef REGTOP_JUDGE_VERDICT_H
#define REGTOP_JUDGE_VERDICT_H

#include "model/columns.h"

/* Evidence older than this is faded (still shown, marked). */
#define VERDICT_FADES_AFTER_S 300
/* Two failures at least this far apart before a silent row turns red (DESIGN 4). */
#define VERDICT_SECOND_FAILURE_MS 20000
/* A NAT that was used so recently still has its mapping: conntrack drops an unanswered one after 30
 * s (facts/sip-and-diagnosis 1.5, 2.5). */
#define VERDICT_MAPPING_FRESH_S 30

/* Could both be the same phone? Lenient: "Yealink SIP-T46U 108.86" in one message is "Yealink
 * SIP-T46U" in the other; true when either says nothing of itself. */
bool verdict_same_agent(struct slice a, struct slice b);

/* Fills r->j from r->b, r->evidence and r->now_ms. ctx is not used; the signature is that of
 * view_judge_fn. */
void verdict_judge(void *ctx, struct row *r);

#endif
