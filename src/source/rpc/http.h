/* HTTP as an errand boy: one POST at a time to a numeric address, answered or not, never blocking.
 */
#ifndef REGTOP_SOURCE_RPC_HTTP_H
#define REGTOP_SOURCE_RPC_HTTP_H

#include "base/err.h"
#include "base/slice.h"
#include "loop/loop.h"

struct http;

/* The longest answer that is taken. */
#define HTTP_ANSWER_MAX (4u << 20)

/* rc 0: the whole body came (the server's status may be any; *status tells). Otherwise a code with
 * words in *e: -ECONNREFUSED and its like before anything was sent, -EPROTO for what is no HTTP or
 * was cut short, -EMSGSIZE for too long an answer, -ECONNRESET when the server hung up without one.
 * sent tells whether the request may have arrived. body is borrowed for the call. */
typedef void http_fn(void *ctx, int rc, bool sent, unsigned status, struct slice body,
		     const struct err *e);

/* url is http://ADDRESS[:PORT]/PATH, the address in numbers: names are never resolved. NULL with *e
 * (-EINVAL). */
struct http *http_new(struct loop *l, const char *url, struct err *e);
/* An open errand is forgotten. */
void http_free(struct http *h);
/* Sends body as JSON on a connection of its own. Nothing else may be open. fn is called once, never
 * from inside this call. */
void http_post(struct http *h, struct slice body, http_fn *fn, void *ctx);
/* Has a part of the open errand left, so that it may have arrived? */
bool http_has_sent(const struct http *h);
/* Forgets the open errand: its fn is not called. */
void http_abort(struct http *h);

#endif
