/* Traces: the messages of a probe or call as they went over the wire, with their times. */
#ifndef REGTOP_BASE_TRACE_H
#define REGTOP_BASE_TRACE_H

#include "base/clock.h"
#include "base/netaddr.h"

/* Beyond these a trace only counts: raw bytes first, steps then. */
#define TRACE_STEPS_MAX 256
#define TRACE_BYTES_MAX (512 * 1024)

#define TRACE_WORDS 96

enum trace_kind {
	TRACE_SENT,
	TRACE_RECEIVED,
	TRACE_TROUBLE, /* ICMP, the kernel, a connection that closed */
	TRACE_NOTE,    /* what regtop or the person did: "stopped by the person" */
};

struct trace_step {
	enum trace_kind kind;
	int64_t wall_ms, at_us; /* wall and monotonic time */
	enum transport transport;
	struct netaddr local, remote; /* len 0: unknown */
	unsigned exchange;            /* as trace_begin() gave it */
	unsigned again;   /* the same bytes went the same way so often before in this exchange */
	size_t size;      /* of the message */
	struct slice raw; /* its bytes, hostile; empty when there was no room any more */
	char words[TRACE_WORDS]; /* "INVITE", "180 Ringing", the trouble or note; cleaned */
};

struct trace;

/* The clock is borrowed. Every function takes a NULL trace, and does nothing then. */
struct trace *trace_new(const struct clock *c);
void trace_free(struct trace *t);

/* What follows belongs to a new exchange of this title, "OPTIONS through the registrar". Returns
 * its number, from 0; several may be open at once, see trace_switch(). */
unsigned trace_begin(struct trace *t, const char *title);
/* What follows belongs to this exchange. */
void trace_switch(struct trace *t, unsigned exchange);
/* The one that what follows belongs to; 0 before the first. */
unsigned trace_current(const struct trace *t);
/* "" when there is none of this number. */
const char *trace_title(const struct trace *t, unsigned exchange);
unsigned trace_exchanges(const struct trace *t);

/* raw is copied. local and remote may be NULL: unknown. */
void trace_sent(struct trace *t, enum transport transport, const struct netaddr *local,
		const struct netaddr *remote, const void *raw, size_t n);
void trace_received(struct trace *t, enum transport transport, const struct netaddr *local,
		    const struct netaddr *remote, const void *raw, size_t n);
void trace_trouble(struct trace *t, enum transport transport, const struct netaddr *remote,
		   const char *words);
void trace_note(struct trace *t, const char *words);

/* Steps lie in the order of time; valid until the next step is added. */
size_t trace_count(const struct trace *t);
const struct trace_step *trace_at(const struct trace *t, size_t i);
/* Steps for which there was no room. */
size_t trace_lost(const struct trace *t);

#endif
