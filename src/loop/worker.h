/* A thread that runs jobs one after the other and hands results to the loop as messages. */
#ifndef REGTOP_LOOP_WORKER_H
#define REGTOP_LOOP_WORKER_H

#include "loop/loop.h"

struct worker;

/* What blocks (a database, a file) lives on a worker; it shares nothing with the loop but the
 * arguments that are handed over. */
struct worker *worker_start(struct loop *l, const char *name);
/* run(arg) on the worker's thread, then done(arg) in the loop. done may be NULL. When the worker
 * is stopped before run began, run is not called, but done is: it owns the clean-up. */
void worker_submit(struct worker *w, loop_fn *run, loop_fn *done, void *arg);
/* From inside a running job: sends an intermediate result; fn(arg) runs in the loop, before the
 * job's done. */
void worker_emit(struct worker *w, loop_fn *fn, void *arg);
/* From inside a running job: true when the job should give up early. */
bool worker_stopping(const struct worker *w);
/* Jobs submitted and not yet done. */
unsigned worker_pending(const struct worker *w);
/* Asks the running job to end, waits for it, delivers what is left, frees. Loop thread only. */
void worker_stop(struct worker *w);

#endif
