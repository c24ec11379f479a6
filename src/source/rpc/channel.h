/* The contract of a control channel: one request out, one answer back. For control.c alone. */
#ifndef REGTOP_SOURCE_RPC_CHANNEL_H
#define REGTOP_SOURCE_RPC_CHANNEL_H

#include "source/rpc/control.h"

struct channel_request {
	const char *method;
	const json_t *params; /* an array, or NULL */
	json_int_t id;        /* 31 bits, not to be guessed */
};

enum channel_way {
	CHANNEL_ANSWERED,
	CHANNEL_NOT_SENT,  /* it cannot have arrived: e */
	CHANNEL_NO_ANSWER, /* it may have arrived: e */
};

struct channel_answer {
	enum channel_way way;
	/* ANSWERED: an object with "result", or with "error": {"code", "message"}; borrowed. */
	const json_t *doc;
	struct err e;
};

typedef void channel_answer_fn(void *ctx, const struct channel_answer *a);

struct channel;

struct channel_ops {
	const char *scheme; /* what stands before the place in --control: "unix:", "http://" */
	const char *place;  /* what follows it, for messages: "PATH" */
	unsigned flavours;  /* 1 << CONTROL_KAMAILIO | … */
	/* place is the whole word, scheme included. NULL with *e: it makes no sense. */
	struct channel *(*open)(struct loop *l, enum control_flavour f, const char *place,
				struct err *e);
	int (*check)(const struct channel *ch, struct err *e);
	/* Nothing else is open. 0: on its way, answer() will be called, never from inside. -EAGAIN,
	 * -ENOBUFS: to be tried again soon. Other codes: not sent, tell() has the words. */
	int (*send)(struct channel *ch, const struct channel_request *r);
	/* Words for a code of send(), or -ETIMEDOUT: no answer in time_ms. Returns code. */
	int (*tell)(const struct channel *ch, int code, unsigned time_ms, struct err *e);
	/* False when the open request cannot have reached anybody yet. NULL: it always may have. */
	bool (*may_have_arrived)(const struct channel *ch);
	/* Forgets the open request: what comes late is lost. */
	void (*abort)(struct channel *ch);
	void (*free)(struct channel *ch);
};

/* First member of every channel's own struct. answer and ctx are filled in by control.c. */
struct channel {
	const struct channel_ops *ops;
	channel_answer_fn *answer;
	void *ctx;
};

extern const struct channel_ops channel_ctl, channel_datagram, channel_fifo, channel_http,
	channel_udp;

/* For implementations: tells how the open request ended. */
void channel_fail(struct channel *ch, enum channel_way way, const struct err *e);
void channel_done(struct channel *ch, const json_t *doc);

#endif
