/* A model as small as a test needs it, and a source on the table of the fixture. */
#ifndef REGTOP_TESTS_SOURCE_FIXTURE_H
#define REGTOP_TESTS_SOURCE_FIXTURE_H

#include <poll.h>
#include "source/source.h"
#include "location_fixture.h"

static struct loop *loop;
static const struct clock *test_clock = &clock_system;
static struct source_options options;
static char rpc_path[128], control[160];

/* The model, as far as a test needs one. */
static struct {
	int puts, begins, ends, complete;
	struct source_status status;
	struct binding *last;
} seen;

static void on_begin(void *ctx)
{
	(void)ctx;
	seen.begins++;
	seen.puts = 0;
}

static void on_put(void *ctx, const struct binding *b)
{
	(void)ctx;
	seen.puts++;
	free(seen.last);
	seen.last = binding_copy(b);
}

static void on_end(void *ctx, bool complete)
{
	(void)ctx;
	seen.ends++;
	seen.complete += complete;
}

static void on_status(void *ctx, const struct source_status *st)
{
	(void)ctx;
	seen.status = *st;
}

static const struct source_sink sink = {
	.begin_pass = on_begin, .put = on_put, .end_pass = on_end, .status = on_status};

static int setup(void **state)
{
	if (make_table(state) < 0)
		return -1;
	loop = loop_new();
	memset(&options, 0, sizeof(options));
	memset(&seen, 0, sizeof(seen));
	options.interval_ms = 20;
	snprintf(rpc_path, sizeof(rpc_path), "%s/rpc.sock", fixture_dir);
	snprintf(control, sizeof(control), "unix:%s", rpc_path);
	return 0;
}

static int teardown(void **state)
{
	loop_free(loop);
	free(seen.last);
	return remove_dir(state);
}

static struct source *opened(void)
{
	struct err e = ERR_NONE;
	struct source *s = source_open(loop, test_clock, fixture_db, &options, &e);

	if (!s)
		fail_msg("%s", e.what);
	return s;
}

/* Turns the loop until cond is true, five seconds at most. */
#define WAIT(cond)                                                                                 \
	do {                                                                                       \
		for (int i_ = 0; i_ < 5000 && !(cond); i_++) {                                     \
			loop_turn(loop, false);                                                    \
			poll(NULL, 0, 1);                                                          \
		}                                                                                  \
		assert_true(cond);                                                                 \
	} while (0)

#endif
