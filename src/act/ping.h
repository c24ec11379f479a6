/* Probing bindings: chooses the path, paces, and records what came back as evidence. */
#ifndef REGTOP_ACT_PING_H
#define REGTOP_ACT_PING_H

#include "act/act.h"

struct pinger;

/* Ceilings (facts/sip-and-diagnosis 2.7): probes per second over all, and one in flight per
 * destination address and port. Who stays silent is sent the same again up to three times. */
#define PING_DEFAULT_RATE 50
#define PING_MAX_RATE     100000

struct pinger *pinger_new(struct act_env *env, unsigned rate_per_s);
void pinger_free(struct pinger *p);
/* Where Kamailio stands in between, a closed port looks like silence: after this long a second
 * probe goes direct when that means the same. */
#define PING_SECOND_MS 1500

/* Queues a probe; one that is queued or in flight already is left alone. Evidence of the store is
 * updated (pending, then the result) when it changes. Before judging, the binding is compared: if
 * source or contact changed meanwhile, the result is discarded and the probe starts again once. */
void pinger_ask(struct pinger *p, binding_id id);
/* Forgets what is queued; what is in flight ends. Returns how many were dropped. */
size_t pinger_cancel(struct pinger *p);
/* Is id queued, or on the way without a verdict? */
bool pinger_asks(const struct pinger *p, binding_id id);
/* From now on the messages of probes of these bindings go into t, which is borrowed until
 * pinger_untrace(); those that were asked before are not in it. One trace at a time. */
#define PING_TRACED_MAX 32
void pinger_trace(struct pinger *p, const binding_id *ids, size_t n, struct trace *t);
void pinger_untrace(struct pinger *p, const struct trace *t);
/* Queued and in flight. */
size_t pinger_open(const struct pinger *p);

/* How far all is that was asked for since nothing was open. */
struct ping_progress {
	size_t total;    /* bindings asked for; 0: nothing yet */
	size_t waiting;  /* not begun */
	size_t flying;   /* on the way */
	size_t answered; /* with any final response of the phone */
	size_t silent;
	size_t failed;    /* refused, no route, not to be asked, … */
	size_t forgotten; /* by a cancel: never asked */
	bool stopped;     /* there was a cancel */
	int64_t left_s; /* until the last verdict, as far as one can tell; 0 when nothing is open */
};
void pinger_progress(const struct pinger *p, struct ping_progress *out);
/* Ceiling in probes a second from now on; 0: PING_DEFAULT_RATE. */
void pinger_set_rate(struct pinger *p, unsigned rate_per_s);
/* fn is called after each finished probe (evidence already stored), and after a late answer. */
void pinger_on_result(struct pinger *p, void (*fn)(void *ctx, binding_id id), void *ctx);

#endif
