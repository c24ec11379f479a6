/* JSON-RPC over a Unix datagram socket or HTTP (Kamailio's jsonrpcs): one request in flight, never
 * blocking. */
#ifndef REGTOP_SOURCE_RPC_JSONRPC_H
#define REGTOP_SOURCE_RPC_JSONRPC_H

#include <jansson.h>
#include "base/err.h"
#include "loop/loop.h"

struct jsonrpc;

#define JSONRPC_TIMEOUT_MS 2000

enum jsonrpc_outcome {
	JSONRPC_RESULT,    /* result holds the answer */
	JSONRPC_FAULT,     /* the server said no: fault_code, fault */
	JSONRPC_NOT_SENT,  /* the request never left: e */
	JSONRPC_NO_ANSWER, /* it left, and nothing that can be understood came back: e */
};

struct jsonrpc_reply {
	enum jsonrpc_outcome outcome;
	const json_t *result; /* borrowed for the call */
	int fault_code;
	char fault[160]; /* cleaned */
	struct err e;    /* words for every outcome but RESULT */
};

typedef void jsonrpc_fn(void *ctx, const struct jsonrpc_reply *r);

/* path is a socket's, or http://ADDRESS:PORT/PATH (http.h), which jsonrpc_check() took. Sends
 * nothing yet: the server may come and go, each call meets it anew. timeout_ms 0: the default. */
struct jsonrpc *jsonrpc_new(struct loop *l, const char *path, unsigned timeout_ms);
/* Open calls end as NOT_SENT or NO_ANSWER, from inside this call. */
void jsonrpc_free(struct jsonrpc *r);
/* Queues a call; takes params (an array, or NULL for none). fn is called once, never from inside
 * this call. */
void jsonrpc_call(struct jsonrpc *r, const char *method, json_t *params, jsonrpc_fn *fn, void *ctx);
/* 0 when a socket is there and may be written to, or the address of an HTTP server is one; else a
 * code and the words. */
int jsonrpc_check(const char *path, struct err *e);
/* What stands before it in --control: "unix:", or nothing. */
const char *jsonrpc_scheme(const char *path);

#endif
