/* A thread that runs jobs one after the other and hands results to the loop as messages. */
#include "loop/worker.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/alloc.h"

struct job {
	struct job *next;
	struct worker *worker;
	loop_fn *run, *done;
	void *arg;
};

struct worker {
	struct loop *loop;
	pthread_t thread;
	pthread_mutex_t lock; /* guards head, tail */
	pthread_cond_t more;
	struct job *head, *tail;
	atomic_bool stopping;
	unsigned pending;    /* loop thread only */
	unsigned delivering; /* emitted messages under way; guarded by lock */
};

/* What worker_emit() sends: counted, so that worker_stop() can wait until all have arrived. */
struct parcel {
	struct worker *worker;
	loop_fn *fn;
	void *arg;
};

static void parcel_deliver(void *arg)
{
	struct parcel *p = arg;

	p->fn(p->arg);
	pthread_mutex_lock(&p->worker->lock);
	p->worker->delivering--;
	pthread_mutex_unlock(&p->worker->lock);
	free(p);
}

static void job_done(void *arg)
{
	struct job *j = arg;

	j->worker->pending--;
	if (j->done)
		j->done(j->arg);
	free(j);
}

static void *thread_main(void *arg)
{
	struct worker *w = arg;

	for (;;) {
		struct job *j;

		pthread_mutex_lock(&w->lock);
		while (!w->head && !atomic_load(&w->stopping))
			pthread_cond_wait(&w->more, &w->lock);
		j = w->head;
		if (j) {
			w->head = j->next;
			if (!w->head)
				w->tail = NULL;
		}
		pthread_mutex_unlock(&w->lock);
		if (!j)
			return NULL;
		if (!atomic_load(&w->stopping))
			j->run(j->arg);
		loop_post(w->loop, job_done, j);
	}
}

struct worker *worker_start(struct loop *l, const char *name)
{
	struct worker *w = xcalloc(1, sizeof(*w));
	sigset_t all, old;

	w->loop = l;
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->more, NULL);
	/* Signals belong to the loop's thread. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	if (pthread_create(&w->thread, NULL, thread_main, w) != 0) {
		fprintf(stderr, "regtop: cannot start a thread for %s\n", name);
		abort();
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_setname_np(w->thread, name);
	return w;
}

void worker_submit(struct worker *w, loop_fn *run, loop_fn *done, void *arg)
{
	struct job *j = xcalloc(1, sizeof(*j));

	j->worker = w;
	j->run = run;
	j->done = done;
	j->arg = arg;
	w->pending++;
	pthread_mutex_lock(&w->lock);
	if (w->tail)
		w->tail->next = j;
	else
		w->head = j;
	w->tail = j;
	pthread_cond_signal(&w->more);
	pthread_mutex_unlock(&w->lock);
}

void worker_emit(struct worker *w, loop_fn *fn, void *arg)
{
	struct parcel *p = xmalloc(sizeof(*p));

	*p = (struct parcel){w, fn, arg};
	pthread_mutex_lock(&w->lock);
	w->delivering++;
	pthread_mutex_unlock(&w->lock);
	loop_post(w->loop, parcel_deliver, p);
}

bool worker_stopping(const struct worker *w)
{
	return atomic_load(&w->stopping);
}

unsigned worker_pending(const struct worker *w)
{
	return w->pending;
}

static bool undelivered(struct worker *w)
{
	bool some;

	pthread_mutex_lock(&w->lock);
	some = w->delivering > 0;
	pthread_mutex_unlock(&w->lock);
	return some || w->pending > 0;
}

void worker_stop(struct worker *w)
{
	if (!w)
		return;
	pthread_mutex_lock(&w->lock);
	atomic_store(&w->stopping, true);
	pthread_cond_signal(&w->more);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	while (undelivered(w))
		loop_turn(w->loop, true);
	pthread_mutex_destroy(&w->lock);
	pthread_cond_destroy(&w->more);
	free(w);
}
