/* A registrar's control: its commands, one in flight at a time, and its answers as JSON, whatever
 * carries them. */
#ifndef REGTOP_SOURCE_RPC_CONTROL_H
#define REGTOP_SOURCE_RPC_CONTROL_H

#include <jansson.h>
#include "base/err.h"
#include "base/strbuf.h"
#include "loop/loop.h"

struct control;

#define CONTROL_TIMEOUT_MS 2000

/* Which registrar listens: the same channels are framed differently. */
enum control_flavour { CONTROL_KAMAILIO, CONTROL_OPENSIPS };

enum control_outcome {
	CONTROL_RESULT,    /* result holds the answer */
	CONTROL_FAULT,     /* the registrar said no: fault_code, fault */
	CONTROL_NOT_SENT,  /* the command never left: e */
	CONTROL_NO_ANSWER, /* it left, and nothing that can be understood came back: e */
};

struct control_reply {
	enum control_outcome outcome;
	const json_t *result; /* borrowed for the call */
	int fault_code;
	char fault[160]; /* cleaned */
	struct err e;    /* words for every outcome but RESULT */
};

typedef void control_fn(void *ctx, const struct control_reply *r);

/* place as in --control: a scheme of control_schemes() and what follows it. Nothing is opened or
 * sent yet: the registrar may come and go, each call meets it anew. timeout_ms 0: the default.
 * NULL with *e (-EINVAL) for a place that makes no sense. */
struct control *control_new(struct loop *l, enum control_flavour f, const char *place,
			    unsigned timeout_ms, struct err *e);
/* Open calls end as NOT_SENT or NO_ANSWER, from inside this call. */
void control_free(struct control *c);
/* Queues a call; takes params (an array, or NULL for none). fn is called once, never from inside
 * this call. */
void control_call(struct control *c, const char *method, json_t *params, control_fn *fn, void *ctx);
/* 0 when the place is there and may be used, as far as can be told without asking; else a code
 * (-ENOENT: nothing is there) and the words. */
int control_check(const struct control *c, struct err *e);
/* As given. */
const char *control_place(const struct control *c);
/* Appends the places that this flavour's --control understands, for messages: "unix:PATH, …". */
void control_add_places(enum control_flavour f, struct strbuf *out);

#endif
