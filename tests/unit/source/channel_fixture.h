/* A control, what came back from it, and a folder for whoever plays the server. */
#ifndef REGTOP_TESTS_CHANNEL_FIXTURE_H
#define REGTOP_TESTS_CHANNEL_FIXTURE_H

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "base/strbuf.h"
#include "source/rpc/control.h"
#include "test.h"

static char dir[64], path[96];
static struct loop *loop;

/* What came back last. */
static struct {
	int calls;
	enum control_outcome outcome;
	int code;
	char words[330], hint[330];
	char *result; /* as JSON */
} got;

static void on_reply(void *ctx, const struct control_reply *r)
{
	(void)ctx;
	got.calls++;
	got.outcome = r->outcome;
	got.code = r->outcome == CONTROL_FAULT ? r->fault_code : r->e.code;
	slice_to_buf(slice_of(r->e.what), got.words, sizeof(got.words));
	slice_to_buf(slice_of(r->e.hint), got.hint, sizeof(got.hint));
	free(got.result);
	got.result = r->result ? json_dumps(r->result, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
}

static void begin(const char *file)
{
	signal(SIGPIPE, SIG_IGN);
	memset(&got, 0, sizeof(got));
	snprintf(dir, sizeof(dir), "/tmp/regtop-unit.XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/%s", dir, file);
	loop = loop_new();
}

/* Fails when anything is left in the folder. */
static int end(void)
{
	free(got.result);
	unlink(path);
	loop_free(loop);
	return rmdir(dir);
}

static void turns(int n)
{
	for (int i = 0; i < n; i++) {
		loop_turn(loop, false);
		poll(NULL, 0, 1);
	}
}

static void wait_calls(int calls)
{
	for (int i = 0; i < 5000 && got.calls < calls; i++)
		turns(1);
	assert_int_equal(got.calls, calls);
}

static struct control *control_at(enum control_flavour f, const char *place, unsigned timeout_ms)
{
	struct err e = ERR_NONE;
	struct control *c = control_new(loop, f, place, timeout_ms, &e);

	if (!c)
		fail_msg("%s", e.what);
	return c;
}

#define assert_told(outcome_, code_, words_)                                                       \
	do {                                                                                       \
		assert_int_equal(got.outcome, outcome_);                                           \
		assert_int_equal(got.code, code_);                                                 \
		if (!strstr(got.words, words_))                                                    \
			fail_msg("no '%s' in: %s", words_, got.words);                             \
	} while (0)

#define U(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
