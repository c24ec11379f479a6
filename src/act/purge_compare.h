/* Whether a binding is still the one that was shown, before anything is done to it. */
#ifndef REGTOP_ACT_PURGE_COMPARE_H
#define REGTOP_ACT_PURGE_COMPARE_H

#include "model/binding.h"

/* NULL when now is still the binding that was shown, else a static sentence that says what is
 * different. Fields that one of the two sources does not know are not compared; times may be off
 * by two seconds. */
const char *purge_difference(const struct binding *shown, const struct binding *now);

#endif
