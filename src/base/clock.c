/* The one clock: wall time and monotonic time; tests own theirs. */
#include "base/clock.h"

#include <time.h>

static int64_t system_wall_ms(void *ctx)
{
	struct timespec ts;

	(void)ctx;
	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int64_t system_mono_us(void *ctx)
{
	struct timespec ts;

	(void)ctx;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

const struct clock clock_system = {system_wall_ms, system_mono_us, NULL};

int64_t clock_wall_ms(const struct clock *c)
{
	return c->wall_ms(c->ctx);
}

int64_t clock_wall_s(const struct clock *c)
{
	return c->wall_ms(c->ctx) / 1000;
}

int64_t clock_mono_us(const struct clock *c)
{
	return c->mono_us(c->ctx);
}

int64_t clock_mono_ms(const struct clock *c)
{
	return c->mono_us(c->ctx) / 1000;
}

static int64_t fake_wall_ms(void *ctx)
{
	return ((struct clock_fake *)ctx)->wall;
}

static int64_t fake_mono_us(void *ctx)
{
	return ((struct clock_fake *)ctx)->mono;
}

void clock_fake_init(struct clock_fake *f, int64_t wall_ms)
{
	f->clock = (struct clock){fake_wall_ms, fake_mono_us, f};
	f->wall = wall_ms;
	f->mono = 1000000;
}

void clock_fake_advance(struct clock_fake *f, int64_t ms)
{
	f->wall += ms;
	f->mono += ms * 1000;
}
