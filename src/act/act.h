/* What the acting modules work on: the store, its sources, the prober, the journal; borrowed. */
#ifndef REGTOP_ACT_ACT_H
#define REGTOP_ACT_ACT_H

#include "act/call_guard.h"
#include "act/pace.h"
#include "base/clock.h"
#include "loop/loop.h"
#include "model/store.h"
#include "sip/probe.h"
#include "source/source.h"

struct caller;
struct call_found;
struct journal;

#define ACT_MAX_SOURCES 16

/* One per process, filled by the composition; everything in it outlives every action. */
struct act_env {
	struct loop *loop;
	const struct clock *clock;
	struct store *store;
	struct source *sources[ACT_MAX_SOURCES]; /* by the store's source index */
	size_t source_count;
	/* Transport that probes of that source leave by: the registrar's own for a listen source,
	 * else one of ours; and the prober on it. By source index. */
	struct sip_transport *transports[ACT_MAX_SOURCES];
	struct prober *probers[ACT_MAX_SOURCES];
	struct caller *callers[ACT_MAX_SOURCES]; /* on the same transports */
	/* Who a call through the switch comes from, by source index; borrowed. */
	struct call_account {
		const char *user, *password; /* NULL: none */
		const char *proxy;           /* HOST:PORT; NULL: the registrar's own address */
	} accounts[ACT_MAX_SOURCES];
	struct call_rules call_rules;
	/* Told of each test call that was made; NULL: nobody wants to know. */
	void (*on_call)(void *ctx, const struct binding *b, const struct call_found *found);
	void *on_call_ctx;
	/* Told of each binding that a purge of ours removed; NULL likewise. */
	void (*on_purged)(void *ctx, const struct binding *b);
	void *on_purged_ctx;
	struct journal *journal;     /* NULL: could not be opened; then nothing may change */
	const char *journal_trouble; /* why journal is NULL */
	bool read_only;
	bool only_plans;            /* --dry-run: plans are made and shown, none can be run */
	const char *read_only_why;  /* "--read-only", "REGTOP_READONLY=1", … */
	unsigned probe_timeout_ms;  /* 0: default verdict time */
	unsigned answer_timeout_ms; /* how long a source's verb may take; 0: PURGE_ANSWER_MS */
	unsigned again_ms;      /* between two tries at what is only too early; 0: PURGE_AGAIN_MS */
	struct pace purge_pace; /* of all purges of this process; starts zero */
};

#endif
