/* Looks up a host name in a thread of its own that nobody waits for. */
#ifndef REGTOP_LOOP_RESOLVE_H
#define REGTOP_LOOP_RESOLVE_H

#include "base/netaddr.h"
#include "loop/loop.h"

struct resolve;

/* At most so many addresses of a name are told. */
#define RESOLVE_ADDRESSES 8

enum resolve_end {
	RESOLVE_FOUND,   /* addresses, in the order of the machine's preference */
	RESOLVE_FAILED,  /* the name server says that there is none, or that it cannot tell */
	RESOLVE_TIMEOUT, /* it did not say in time */
};

struct resolve_answer {
	enum resolve_end end;
	struct netaddr addresses[RESOLVE_ADDRESSES]; /* port 0 */
	size_t count;
	const char *why; /* FAILED, TIMEOUT: in words; static */
};

/* Called once in the loop, never from inside resolve_start(); r is freed after it. */
typedef void resolve_fn(void *ctx, const struct resolve_answer *a);

/* Asks as the machine does (hosts file, DNS); host is copied. A look-up that takes longer than
 * timeout_ms goes on in its thread, and nobody hears of it. */
struct resolve *resolve_start(struct loop *l, struct slice host, unsigned timeout_ms,
			      resolve_fn *fn, void *ctx);
/* fn is not called any more. NULL is fine. */
void resolve_cancel(struct resolve *r);

#endif
