/* The workup: all that can be found out about one AoR, asked on every way, and what it means. */
#ifndef REGTOP_ACT_WORKUP_H
#define REGTOP_ACT_WORKUP_H

#include "act/ping.h"
#include "base/trace.h"
#include "judge/diagnosis.h"
#include "model/view.h"

struct workup;

/* One source network is asked at the most so much for one workup. */
#define WORKUP_NEIGHBOURS_MAX 20
/* Wait between two questions to one that was silent (DESIGN 4). */
#define WORKUP_AGAIN_MS VERDICT_SECOND_FAILURE_MS

/* What a workup works with, all borrowed for as long as it lasts. */
struct workup_env {
	struct act_env *env;
	struct pinger *pinger;
	const struct view *view; /* judges rows */
	/* What is remembered of b, or with b NULL of the AoR; NULL: nothing is. */
	void (*past)(void *ctx, const char *source, const char *aor, const struct binding *b,
		     struct history_summary *out);
	/* The last test calls to b that are still worth something; NULL: none. */
	void (*calls)(void *ctx, const char *source, const struct binding *b,
		      struct finding_binding *out);
	/* The last evidence of another binding, for group effects; NULL: the store's alone. */
	bool (*evidence)(void *ctx, const char *source, const struct binding *b,
			 struct evidence *out);
	/* How many devices that registered from b's source host came from another since, and where;
	 * NULL: not known. */
	unsigned (*moved)(void *ctx, const char *source, const struct binding *b, char from[64],
			  char to[64]);
	void *past_ctx;
};

struct workup_options {
	unsigned neighbours; /* so many bindings of the same source network are asked too */
	bool thorough;       /* who is silent is asked a second time, again_ms later */
	unsigned again_ms;   /* 0: WORKUP_AGAIN_MS */
};

struct workup_progress {
	unsigned ways, answered, open; /* questions in all, of them answered, and still open */
	unsigned waits_s;              /* until the second question; 0: it does not wait */
	bool over;
};

/* The time at which the picture is looked at: now, or a snapshot's own when there are only those.
 */
int64_t workup_now_ms(const struct act_env *env);

/* Begins to ask: every binding in ids (those of one AoR) on each way that is there. n may be 0:
 * nothing is registered, and that is the answer. fn is called when something new is known, last
 * when it is over; never from inside. */
struct workup *workup_start(const struct workup_env *we, const char *aor, const binding_id *ids,
			    size_t n, const struct workup_options *o, void (*fn)(void *ctx),
			    void *ctx);
/* What is open is given up, and the diagnosis is made of what is known. */
void workup_cancel(struct workup *w);
bool workup_over(const struct workup *w);
void workup_progress(const struct workup *w, struct workup_progress *out);
/* Adds a call to what is known of calls to b; in the order in which they were made. */
void workup_note_call(struct finding_binding *b, const struct call_found *c);
/* When it is over: test calls to one of its bindings, made since, in their order. The diagnosis is
 * made anew. */
void workup_called(struct workup *w, binding_id id, const struct call_found *found, size_t n);
/* When it is over. */
const struct findings *workup_findings(const struct workup *w);
const struct diagnosis *workup_diagnosis(const struct workup *w);
/* The messages of the ways that it asked on by itself. */
const struct trace *workup_trace(const struct workup *w);
/* NULL is fine. */
void workup_free(struct workup *w);

#endif
