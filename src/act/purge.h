/* Running a plan: journal, re-read, remove, prove; one request in flight, and it can be cancelled.
 */
#ifndef REGTOP_ACT_PURGE_H
#define REGTOP_ACT_PURGE_H

#include "act/plan.h"

struct purge;

/* At most this many removals a minute; more wait. */
#define PURGE_PER_MINUTE 120
/* So many go at once when nothing was removed in the last seconds. */
#define PURGE_BURST 10
/* A row that its registrar may still take away by itself: asked again so often, so long. */
#define PURGE_AGAIN_MS     3000
#define PURGE_AGAIN_MAX_MS 180000
/* A verb of a source that has not answered by then counts as unanswered. */
#define PURGE_ANSWER_MS 10000

/* fn is called after each state change of an item (item index), and last with index == count when
 * everything is over. Takes the plan; it stays readable through purge_plan() until purge_free(). */
typedef void purge_progress_fn(void *ctx, const struct plan *p, size_t index);

/* NULL with *e when env forbids it (-EPERM), when another purge is still running (-EBUSY), or when
 * the intentions cannot be journalled; then nothing was touched. The plan is taken in any case.
 * Each step is journalled before it is taken. fn is never called from inside. */
struct purge *purge_start(struct act_env *env, struct plan *take, purge_progress_fn *fn, void *ctx,
			  struct err *e);
/* What has not been asked to go is cancelled; a removal in flight is finished and proved. */
void purge_cancel(struct purge *p);
bool purge_over(const struct purge *p);
const struct plan *purge_plan(const struct purge *p);
/* When over: what may be asked next, of what this one could not do, or NULL: AoRs that can only go
 * whole, then rows that are left. It is a plan like any other, and nothing happens without a yes to
 * its own question. Lives until it is taken, or the purge is freed. */
const struct plan *purge_offered(const struct purge *p);
/* The same, taken: the next offer comes up. */
struct plan *purge_take_offer(struct purge *p);
/* Only when over, or when the process ends (what is in flight stays "unknown" in the journal). */
void purge_free(struct purge *p);

#endif
