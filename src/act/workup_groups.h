/* The others of a workup: neighbours that are asked too, and what a group has in common. */
#ifndef REGTOP_ACT_WORKUP_GROUPS_H
#define REGTOP_ACT_WORKUP_GROUPS_H

#include "act/workup.h"

struct workup_groups;

/* The groups are those of the binding of f that was registered last. f and we are borrowed and stay
 * where they are. */
struct workup_groups *workup_groups_new(const struct workup_env *we, struct findings *f);
void workup_groups_free(struct workup_groups *g);

/* Both look at a part of the store, so that a million bindings hold nobody up: true as long as
 * there is more to look at. The first finds at most max bindings of the same source network whose
 * last answer is not of just now, and asks them; the second fills f->groups. */
bool workup_groups_ask(struct workup_groups *g, unsigned max);
bool workup_groups_count(struct workup_groups *g);
/* Those that were asked. */
const binding_id *workup_groups_asked(const struct workup_groups *g, size_t *n);

#endif
