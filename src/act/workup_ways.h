/* The ways of a workup beside the path of a call: one OPTIONS each, from a socket of ours. */
#ifndef REGTOP_ACT_WORKUP_WAYS_H
#define REGTOP_ACT_WORKUP_WAYS_H

#include "act/act.h"
#include "judge/findings.h"

struct trace;
struct workup_ways;

/* Asks b on every way that is another than its path of a call (call says which that is), and
 * writes into b->ways; what is not asked says why in detail. b stays where it is until freed. Where
 * b goes to a name, named is what that came to; len 0: nothing. fn is called after each answer;
 * never from inside. t is borrowed until freed. */
struct workup_ways *workup_ways_start(const struct act_env *env, struct finding_binding *b,
				      enum probe_path call, const struct netaddr *named,
				      struct trace *t, void (*fn)(void *ctx), void *ctx);
unsigned workup_ways_asked(const struct workup_ways *w);
unsigned workup_ways_open(const struct workup_ways *w);
/* Gives up what is open. */
void workup_ways_free(struct workup_ways *w);

#endif
