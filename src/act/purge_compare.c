/* Whether a binding is still the one that was shown, before anything is done to it. */
#include "act/purge_compare.h"

/* Whole seconds in tables and replies, rounded either way by two different clocks. */
#define SAME_TIME_S 2

static bool near(int64_t a, int64_t b)
{
	if (a == BINDING_PERMANENT || b == BINDING_PERMANENT)
		return a == b;
	return a - b <= SAME_TIME_S && b - a <= SAME_TIME_S;
}

/* Sources know different fields; what one of them does not know cannot differ. */
static bool differs(struct slice a, struct slice b)
{
	return !slice_empty(a) && !slice_empty(b) && !slice_eq(a, b);
}

const char *purge_difference(const struct binding *shown, const struct binding *now)
{
	if (!slice_eq(shown->contact, now->contact))
		return "its contact is another one now";
	if (differs(shown->call_id, now->call_id))
		return "it was registered anew: its Call-ID is another one";
	if (shown->cseq != 0 && now->cseq != 0 && shown->cseq != now->cseq)
		return "it has registered again: its CSeq is another one";
	if (!near(shown->expires_s, now->expires_s))
		return "it has registered again: its expiry is another one";
	if (shown->refreshed_s != 0 && now->refreshed_s != 0 &&
	    !near(shown->refreshed_s, now->refreshed_s))
		return "it has registered again since it was shown";
	if (differs(shown->received, now->received))
		return "it comes from another address now";
	if (differs(shown->path, now->path))
		return "its Path is another one now";
	if (differs(shown->instance, now->instance))
		return "another device holds it now";
	return NULL;
}
