/* Looks up a host name in a thread of its own that nobody waits for. */
#include "loop/resolve.h"

#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include "base/alloc.h"

/* A look-up cannot be broken off, and a resolver may take half a minute: so that neither a time-out
 * nor the end of the program waits for it, the thread is detached and posts nothing; the loop looks
 * whether it is done. */
#define LOOK_MS 10

/* What the thread and the loop share; the last of the two frees it. */
struct lookup {
	atomic_int holders;
	atomic_bool done;
	char *host;
	int rc;
	struct netaddr addresses[RESOLVE_ADDRESSES];
	size_t count;
};

struct resolve {
	struct lookup *lookup;
	struct loop_timer *timer;
	unsigned left_ms;
	bool started;
	resolve_fn *fn;
	void *ctx;
};

static void lookup_leave(struct lookup *k)
{
	if (atomic_fetch_sub(&k->holders, 1) > 1)
		return;
	free(k->host);
	free(k);
}

static void keep_addresses(struct lookup *k, const struct addrinfo *list)
{
	for (; list && k->count < RESOLVE_ADDRESSES; list = list->ai_next) {
		struct netaddr *a = &k->addresses[k->count];

		if (list->ai_addrlen > sizeof(a->ss))
			continue;
		memcpy(&a->ss, list->ai_addr, list->ai_addrlen);
		a->len = list->ai_addrlen;
		k->count++;
	}
}

static void *look_up(void *arg)
{
	struct lookup *k = arg;
	/* One socket type, or each address would come once for every one. */
	struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM};
	struct addrinfo *list = NULL;

	k->rc = getaddrinfo(k->host, NULL, &hints, &list);
	if (k->rc == 0)
		keep_addresses(k, list);
	if (list)
		freeaddrinfo(list);
	atomic_store(&k->done, true);
	lookup_leave(k);
	return NULL;
}

static bool start_thread(struct lookup *k)
{
	pthread_attr_t attr;
	pthread_t thread;
	sigset_t all, before;
	int rc;

	/* Signals are the loop's. */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	atomic_store(&k->holders, 2);
	rc = pthread_create(&thread, &attr, look_up, k);
	pthread_attr_destroy(&attr);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (rc)
		atomic_store(&k->holders, 1);
	return rc == 0;
}

static void finish(struct resolve *r, enum resolve_end end, const char *why)
{
	struct resolve_answer a = {.end = end, .why = why};
	resolve_fn *fn = r->fn;
	void *ctx = r->ctx;

	if (end == RESOLVE_FOUND) {
		a.count = r->lookup->count;
		memcpy(a.addresses, r->lookup->addresses, sizeof(a.addresses));
	}
	resolve_cancel(r);
	fn(ctx, &a);
}

static void on_look(void *arg)
{
	struct resolve *r = arg;

	if (!r->started) {
		finish(r, RESOLVE_FAILED, "no thread could be started for the look-up");
	} else if (atomic_load(&r->lookup->done)) {
		if (r->lookup->rc == 0 && r->lookup->count)
			finish(r, RESOLVE_FOUND, NULL);
		else
			finish(r, RESOLVE_FAILED, gai_strerror(r->lookup->rc));
	} else if (r->left_ms <= LOOK_MS) {
		finish(r, RESOLVE_TIMEOUT, "no name server answered in time");
	} else {
		r->left_ms -= LOOK_MS;
		loop_timer_set(r->timer, LOOK_MS);
	}
}

struct resolve *resolve_start(struct loop *l, struct slice host, unsigned timeout_ms,
			      resolve_fn *fn, void *ctx)
{
	struct resolve *r = xcalloc(1, sizeof(*r));

	r->fn = fn;
	r->ctx = ctx;
	r->left_ms = timeout_ms;
	r->lookup = xcalloc(1, sizeof(*r->lookup));
	r->lookup->host = slice_copy(host);
	r->started = start_thread(r->lookup);
	r->timer = loop_timer_new(l, LOOP_INPUT, on_look, r);
	loop_timer_set(r->timer, 1);
	return r;
}

void resolve_cancel(struct resolve *r)
{
	if (!r)
		return;
	loop_timer_free(r->timer);
	lookup_leave(r->lookup);
	free(r);
}
