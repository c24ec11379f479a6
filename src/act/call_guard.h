/* Who may be called, and when: quiet hours, numbers that are never called, and not twice in a row.
 */
#ifndef REGTOP_ACT_CALL_GUARD_H
#define REGTOP_ACT_CALL_GUARD_H

#include "base/err.h"
#include "base/slice.h"
#include "model/call_found.h"

struct act_env;
struct binding;

/* facts/users-and-peers 6.4: a phone that rings at night wakes somebody. */
#define CALL_QUIET_HOURS "20:00-08:00"
/* One AoR is called at most once in so long, whoever calls (facts/sip-and-diagnosis 3.4). */
#define CALL_APART_S 30

struct call_rules {
	/* Minutes of the local day; equal: there are no quiet hours. */
	unsigned quiet_from, quiet_to;
	const char *never; /* AoRs, separated by commas or blanks; NULL none. Borrowed. */
};

/* "20:00-08:00", or "none". NULL: CALL_QUIET_HOURS. 0, or -EINVAL with *e. */
int call_rules_hours(struct call_rules *r, const char *text, struct err *e);
/* Is it quiet now, by this machine's local time? */
bool call_rules_quiet(const struct call_rules *r, int64_t now_ms);
/* "20:00 to 08:00"; out has room for 20 bytes; returns out. */
char *call_rules_words(const struct call_rules *r, char out[20]);
/* Is the AoR on the list of those that are never called? A word without '@' is a user of any
 * domain. */
bool call_rules_never(const struct call_rules *r, const struct binding *b);
/* Seconds until b's AoR may be called like that, as the journal has it; 0: now. A quiet call does
 * not keep anybody from letting the phone ring after it: that is the order in which one asks. */
int64_t call_guard_wait_s(const struct act_env *env, const struct binding *b, enum call_kind kind);

#endif
