/* The one clock: wall time and monotonic time; tests own theirs. */
#ifndef REGTOP_BASE_CLOCK_H
#define REGTOP_BASE_CLOCK_H

#include <stdint.h>

/* Nothing else in the program asks the system for the time. */
struct clock {
	int64_t (*wall_ms)(void *ctx); /* milliseconds since 1970, UTC */
	int64_t (*mono_us)(void *ctx); /* microseconds, never steps back */
	void *ctx;
};

extern const struct clock clock_system;

int64_t clock_wall_ms(const struct clock *c);
int64_t clock_wall_s(const struct clock *c);
int64_t clock_mono_us(const struct clock *c);
int64_t clock_mono_ms(const struct clock *c);

/* A clock that stands still until it is told to go on. */
struct clock_fake {
	struct clock clock;
	int64_t wall, mono;
};

void clock_fake_init(struct clock_fake *f, int64_t wall_ms);
void clock_fake_advance(struct clock_fake *f, int64_t ms);

#endif
