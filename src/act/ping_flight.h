/* One probe of a binding under way: its legs, what they found, and the verdict that follows. */
#ifndef REGTOP_ACT_PING_FLIGHT_H
#define REGTOP_ACT_PING_FLIGHT_H

#include "act/ping.h"
#include "act/ping_evidence.h"
#include "act/ping_jobs.h"
#include "act/ping_path.h"

enum leg_state { LEG_UNUSED, LEG_OPEN, LEG_DONE };

/* One transaction of a flight: the first on the path a call takes, the second direct. */
struct leg {
	struct ping_flight *flight;
	enum leg_state state;
	uint64_t probe; /* the prober's; 0 when no report can come */
	uint64_t uac;   /* the source's, of a request that the registrar sends; 0 none */
	bool by_uac;
	uint32_t connection; /* one that was opened for it; 0 none */
	enum probe_path path;
	struct ping_place place;      /* held while open */
	struct ping_finding *finding; /* what it found, until the verdict; NULL none */
};

/* A probe on its way, kept after the verdict of silence for a late answer: thousands of them in a
 * sweep, so of the binding only a fingerprint is kept. */
struct ping_flight {
	struct pinger *pinger;
	struct ping_job *job;
	uint64_t way; /* fingerprint of where the binding was reached when it was asked */
	int64_t asked_ms, asked_us;
	uint8_t source;
	bool concluded;           /* the evidence is written; waits for a late answer */
	struct loop_timer *timer; /* of a direct leg that may follow; else NULL */
	struct leg legs[2];
};

struct pinger {
	struct act_env *env;
	unsigned rate;
	struct pace pace;
	struct loop_timer *tick;
	struct ping_jobs jobs;
	struct ping_places places;
	size_t flying;
	struct ping_progress sweep; /* what is counted as it happens */
	int64_t began_us;
	void (*fn)(void *ctx, binding_id id);
	void *ctx;
	binding_id traced[PING_TRACED_MAX]; /* the few whose messages somebody wants */
	size_t traced_count;
	struct trace *trace;
};

/* Where the messages of this one go; NULL for nearly all. */
struct trace *pinger_traced(const struct pinger *p, binding_id id);

/* Sends a probe of b, which j asked for, by the path; evidence and result follow. */
void ping_flight_start(struct pinger *p, struct ping_job *j, const struct binding *b,
		       const struct ping_path *path);
/* NULL is fine. The job stays. */
void ping_flight_free(struct ping_flight *f);

/* The job ends, with its flight. */
void pinger_drop(struct pinger *p, struct ping_job *j);
/* When somebody is ready and nobody would look. */
void pinger_wake(struct pinger *p);
void pinger_set_pending(struct pinger *p, binding_id id, bool pending);
/* Writes the evidence and counts it. */
void pinger_record(struct pinger *p, binding_id id, const struct ping_finding *f, int64_t asked_ms);
void pinger_notify(struct pinger *p, binding_id id);
unsigned pinger_verdict_ms(const struct pinger *p);

#endif
