/* A management interface on a Unix datagram socket that says what the test wants, and a model as
 * small as a test needs it. */
#ifndef REGTOP_TESTS_MI_FIXTURE_H
#define REGTOP_TESTS_MI_FIXTURE_H

#include <jansson.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "source/source.h"
#include "test.h"

static struct loop *loop;
static struct source_options options;
static char mi_dir[64], mi_path[96], mi_place[120], mi_spec[160];

/* What is answered to a method, or to "method params": text is all of "result": … or "error": …;
 * NULL is silence. */
struct mi_says {
	const char *method, *text;
};

static struct {
	int fd;
	struct loop_watch *watch;
	struct mi_says says[8];
	char asked[16][600]; /* "method params", the newest at count - 1 */
	int count;
} mi;

static inline void mi_say(const char *method, const char *text)
{
	for (size_t i = 0; i < 8; i++)
		if (!mi.says[i].method || strcmp(mi.says[i].method, method) == 0) {
			mi.says[i] = (struct mi_says){method, text};
			return;
		}
	fail_msg("too many methods");
}

static inline const char *mi_last(void)
{
	return mi.count ? mi.asked[(mi.count - 1) % 16] : "";
}

/* How often a method was called. */
static inline int mi_calls(const char *method)
{
	int n = 0;

	for (int i = 0; i < mi.count && i < 16; i++)
		n += strncmp(mi.asked[i], method, strlen(method)) == 0 &&
		     mi.asked[i][strlen(method)] == ' ';
	return n;
}

static void mi_serves(void *arg, int fd, unsigned what)
{
	static char buf[70000], reply[70000];
	struct sockaddr_un from;
	socklen_t len = sizeof(from);
	ssize_t n = recvfrom(fd, buf, sizeof(buf), 0, (struct sockaddr *)&from, &len);
	json_t *doc = json_loadb(buf, n > 0 ? (size_t)n : 0, 0, NULL);
	const char *method = json_string_value(json_object_get(doc, "method"));
	char *params = json_dumps(json_object_get(doc, "params"), JSON_COMPACT);

	(void)arg;
	(void)what;
	assert_non_null(method);
	snprintf(mi.asked[mi.count++ % 16], sizeof(mi.asked[0]), "%s %s", method,
		 params ? params : "");
	for (size_t i = 0; i < 8 && mi.says[i].method; i++) {
		int size;

		if (strcmp(mi.says[i].method, method) != 0 &&
		    strcmp(mi.says[i].method, mi.asked[(mi.count - 1) % 16]) != 0)
			continue;
		if (!mi.says[i].text)
			break;
		size = snprintf(reply, sizeof(reply), "{\"jsonrpc\":\"2.0\",%s,\"id\":%lld}",
				mi.says[i].text,
				(long long)json_integer_value(json_object_get(doc, "id")));
		sendto(fd, reply, (size_t)size, 0, (struct sockaddr *)&from, len);
		break;
	}
	free(params);
	json_decref(doc);
}

static void mi_begin(void)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};

	slice_to_buf(slice_of(mi_path), a.sun_path, sizeof(a.sun_path));
	mi.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(mi.fd, (struct sockaddr *)&a, sizeof(a)), 0);
	mi.watch = loop_watch_new(loop, mi.fd, LOOP_READ, LOOP_SIP, mi_serves, NULL);
}

static inline void mi_end(void)
{
	loop_watch_free(mi.watch);
	mi.watch = NULL;
	close(mi.fd);
	unlink(mi_path);
}

/* ---- the model ------------------------------------------------------------------------------- */

#define ROWS 16

static struct {
	struct binding *rows[ROWS];
	bool brought[ROWS];
	int puts, begins, complete;
	int proofs;
	struct evidence proof; /* the last one */
	struct source_status status;
} seen;

static inline int row_of(struct slice key)
{
	for (int i = 0; i < ROWS; i++)
		if (seen.rows[i] && slice_eq(seen.rows[i]->key, key))
			return i;
	return -1;
}

/* NULL: not there. */
static inline struct binding *row(const char *key)
{
	int i = row_of(slice_of(key));

	return i < 0 ? NULL : seen.rows[i];
}

static inline int rows(void)
{
	int n = 0;

	for (int i = 0; i < ROWS; i++)
		n += seen.rows[i] != NULL;
	return n;
}

static void drop(int i)
{
	free(seen.rows[i]);
	seen.rows[i] = NULL;
}

static inline void on_begin(void *ctx)
{
	(void)ctx;
	seen.begins++;
	memset(seen.brought, 0, sizeof(seen.brought));
}

static inline void on_put(void *ctx, const struct binding *b)
{
	int i = row_of(b->key);

	(void)ctx;
	for (int k = 0; i < 0 && k < ROWS; k++)
		if (!seen.rows[k])
			i = k;
	assert_true(i >= 0);
	drop(i);
	seen.rows[i] = binding_copy(b);
	seen.brought[i] = true;
	seen.puts++;
}

static inline void on_remove(void *ctx, struct slice key)
{
	(void)ctx;
	assert_true(row_of(key) >= 0);
	drop(row_of(key));
}

static inline void on_end(void *ctx, bool complete)
{
	(void)ctx;
	for (int i = 0; complete && i < ROWS; i++)
		if (seen.rows[i] && !seen.brought[i])
			drop(i);
	seen.complete += complete;
}

static inline void on_status(void *ctx, const struct source_status *st)
{
	(void)ctx;
	seen.status = *st;
}

static inline void on_evidence(void *ctx, struct slice key, const struct evidence *e)
{
	(void)ctx;
	assert_true(row_of(key) >= 0);
	seen.proofs++;
	seen.proof = *e;
}

static const struct source_sink sink = {.evidence = on_evidence,
					.begin_pass = on_begin,
					.put = on_put,
					.remove = on_remove,
					.end_pass = on_end,
					.status = on_status};

/* ---- around a test --------------------------------------------------------------------------- */

static int setup(void **state)
{
	(void)state;
	snprintf(mi_dir, sizeof(mi_dir), "/tmp/regtop-unit.XXXXXX");
	if (!mkdtemp(mi_dir))
		return -1;
	snprintf(mi_path, sizeof(mi_path), "%s/mi.sock", mi_dir);
	snprintf(mi_place, sizeof(mi_place), "unix:%s", mi_path);
	snprintf(mi_spec, sizeof(mi_spec), "opensips:%s", mi_place);
	loop = loop_new();
	memset(&mi, 0, sizeof(mi));
	memset(&options, 0, sizeof(options));
	memset(&seen, 0, sizeof(seen));
	options.interval_ms = 20;
	mi_say("event_subscribe", "\"error\":{\"code\":400,\"message\":\"Bad parameter value\"}");
	mi_begin();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	if (mi.watch)
		mi_end();
	for (int i = 0; i < ROWS; i++)
		drop(i);
	loop_free(loop);
	return rmdir(mi_dir);
}

static inline struct source *opened(void)
{
	struct err e = ERR_NONE;
	struct source *s = source_open(loop, &clock_system, mi_spec, &options, &e);

	if (!s)
		fail_msg("%s", e.what);
	return s;
}

static inline struct source *started(void)
{
	struct source *s = opened();

	source_start(s, &sink);
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
