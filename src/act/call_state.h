/* What the plan of a test call and its run share. */
#ifndef REGTOP_ACT_CALL_STATE_H
#define REGTOP_ACT_CALL_STATE_H

#include "act/call.h"
#include "act/ping_path.h"

/* One call at a time in the process. */
bool call_under_way(void);
/* May b's AoR be called now? -EPERM with *e: it never may, or it was called just now. */
int call_check_phone(const struct act_env *env, const struct binding *b, enum call_kind kind,
		     struct err *e);
/* How a call of this kind to b travels. A negative code with *e when there is no way. Free p in any
 * case. */
int call_path_find(const struct act_env *env, const struct binding *b, enum call_kind kind,
		   struct ping_path *p, struct err *e);

#endif
