/* A token bucket: lets a burst through, then at most so many a second. */
#include "act/pace.h"

bool pace_ready(struct pace *p, const struct clock *c, double per_s, double burst, int64_t *wait_ms)
{
	int64_t now = clock_mono_us(c);

	if (!p->started) {
		p->started = true;
		p->tokens = burst;
	} else {
		p->tokens += (double)(now - p->at_us) * per_s / 1e6;
		if (p->tokens > burst)
			p->tokens = burst;
	}
	p->at_us = now;
	if (p->tokens >= 1)
		return true;
	if (wait_ms)
		*wait_ms = (int64_t)((1 - p->tokens) * 1000 / per_s) + 1;
	return false;
}

void pace_take(struct pace *p)
{
	p->tokens -= 1;
}
