/* A token bucket: lets a burst through, then at most so many a second. */
#ifndef REGTOP_ACT_PACE_H
#define REGTOP_ACT_PACE_H

#include <stdbool.h>
#include <stdint.h>
#include "base/clock.h"

/* All zero is a full bucket that has not been used yet. */
struct pace {
	bool started;
	double tokens;
	int64_t at_us; /* monotonic time at which tokens was right */
};

/* True when a token is there now; it stays in the bucket. Otherwise *wait_ms (may be NULL) gets the
 * time until there will be one, at least 1. */
bool pace_ready(struct pace *p, const struct clock *c, double per_s, double burst,
		int64_t *wait_ms);
/* Takes the token that pace_ready() promised. */
void pace_take(struct pace *p);

#endif
