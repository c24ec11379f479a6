/* The event loop: fds, timers, signals, and messages from other threads. Only this folder knows
 * libevent. */
#include "loop/loop.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "base/alloc.h"

/* Callbacks of higher priorities in one turn before the lower ones get theirs. */
#define HIGHER_IN_A_ROW 16

struct message {
	loop_fn *fn;
	void *arg;
};

struct loop {
	struct event_base *base;
	struct event *wake;
	int wake_fd;
	bool wake_waits; /* it stands back for one call: see stand_back() */
	unsigned higher; /* callbacks of higher priorities in this turn */
	bool stopped;
	pthread_mutex_t lock; /* guards the three below */
	struct message *inbox;
	size_t inbox_count, inbox_cap;
};

struct loop_watch {
	struct loop *loop;
	struct event *ev;
	int fd;
	enum loop_prio prio;
	unsigned what;
	bool waits; /* it stands back for one call: see stand_back() */
	loop_fd_fn *fn;
	void *arg;
};

struct loop_timer {
	struct event *ev;
	loop_fn *fn;
	void *arg;
};

struct loop_signal {
	struct event *ev;
	loop_signal_fn *fn;
	void *arg;
};

static void die(const char *what)
{
	fprintf(stderr, "regtop: the event loop cannot %s\n", what);
	abort();
}

/* libevent looks at a priority only when nothing of a higher one is ready. A flood of datagrams is
 * always ready: neither keys and signals nor the store's word that a binding is safe would ever be
 * heard. So what was called often in one turn waits among the last for its next call. */
static void stand_back(struct loop *l, struct event *ev, enum loop_prio own, bool *waits)
{
	if (own == LOOP_DRAW || (!*waits && ++l->higher <= HIGHER_IN_A_ROW))
		return;
	*waits = !*waits;
	if (!*waits) /* everybody had a turn */
		l->higher = 0;
	event_priority_set(ev, *waits ? LOOP_DRAW : own);
}

/* Takes the whole inbox and runs it outside the lock, so that a message may post another one. */
static void inbox_run(struct loop *l)
{
	struct message *got;
	size_t n;

	pthread_mutex_lock(&l->lock);
	got = l->inbox;
	n = l->inbox_count;
	l->inbox = NULL;
	l->inbox_count = l->inbox_cap = 0;
	pthread_mutex_unlock(&l->lock);
	for (size_t i = 0; i < n; i++)
		got[i].fn(got[i].arg);
	free(got);
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
	struct loop *l = arg;
	uint64_t count;

	(void)what;
	stand_back(l, l->wake, LOOP_INPUT, &l->wake_waits);
	if (read(fd, &count, sizeof(count)) < 0 && errno != EAGAIN && errno != EINTR)
		die("read its wake-up");
	inbox_run(l);
}

struct loop *loop_new(void)
{
	struct loop *l = xcalloc(1, sizeof(*l));

	l->base = event_base_new();
	if (!l->base || event_base_priority_init(l->base, LOOP_DRAW + 1) < 0)
		die("be made");
	l->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (l->wake_fd < 0)
		die("open its wake-up");
	pthread_mutex_init(&l->lock, NULL);
	l->wake = event_new(l->base, l->wake_fd, EV_READ | EV_PERSIST, on_wake, l);
	if (!l->wake || event_priority_set(l->wake, LOOP_INPUT) < 0 || event_add(l->wake, NULL) < 0)
		die("wait for messages");
	return l;
}

void loop_free(struct loop *l)
{
	if (!l)
		return;
	/* Messages own what they carry: deliver them rather than leak it. */
	inbox_run(l);
	event_free(l->wake);
	event_base_free(l->base);
	close(l->wake_fd);
	pthread_mutex_destroy(&l->lock);
	free(l->inbox);
	free(l);
}

void loop_run(struct loop *l)
{
	l->stopped = false;
	while (!l->stopped)
		loop_turn(l, true);
}

void loop_turn(struct loop *l, bool wait)
{
	l->higher = 0;
	event_base_loop(l->base, EVLOOP_ONCE | (wait ? 0 : EVLOOP_NONBLOCK));
}

void loop_stop(struct loop *l)
{
	l->stopped = true;
	event_base_loopbreak(l->base);
}

static void on_fd(evutil_socket_t fd, short what, void *arg)
{
	struct loop_watch *w = arg;
	unsigned ready = (what & EV_READ ? LOOP_READ : 0) | (what & EV_WRITE ? LOOP_WRITE : 0);

	stand_back(w->loop, w->ev, w->prio, &w->waits);
	w->fn(w->arg, (int)fd, ready);
}

void loop_watch_set(struct loop_watch *w, unsigned what)
{
	short ev = EV_PERSIST;

	if (what == w->what)
		return;
	w->what = what;
	w->waits = false;
	event_del(w->ev);
	if (what == 0)
		return;
	ev |= (short)((what & LOOP_READ ? EV_READ : 0) | (what & LOOP_WRITE ? EV_WRITE : 0));
	if (event_assign(w->ev, w->loop->base, w->fd, ev, on_fd, w) < 0 ||
	    event_priority_set(w->ev, w->prio) < 0 || event_add(w->ev, NULL) < 0)
		die("watch a descriptor");
}

struct loop_watch *loop_watch_new(struct loop *l, int fd, unsigned what, enum loop_prio prio,
				  loop_fd_fn *fn, void *arg)
{
	struct loop_watch *w = xcalloc(1, sizeof(*w));

	w->loop = l;
	w->fd = fd;
	w->prio = prio;
	w->fn = fn;
	w->arg = arg;
	w->ev = event_new(l->base, fd, EV_PERSIST, on_fd, w);
	if (!w->ev)
		die("make a watch");
	loop_watch_set(w, what);
	return w;
}

void loop_watch_free(struct loop_watch *w)
{
	if (!w)
		return;
	event_free(w->ev);
	free(w);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct loop_timer *t = arg;

	(void)fd;
	(void)what;
	t->fn(t->arg);
}

struct loop_timer *loop_timer_new(struct loop *l, enum loop_prio prio, loop_fn *fn, void *arg)
{
	struct loop_timer *t = xcalloc(1, sizeof(*t));

	t->fn = fn;
	t->arg = arg;
	t->ev = event_new(l->base, -1, 0, on_timer, t);
	if (!t->ev || event_priority_set(t->ev, prio) < 0)
		die("make a timer");
	return t;
}

void loop_timer_set(struct loop_timer *t, int64_t delay_ms)
{
	struct timeval tv;

	if (delay_ms < 0)
		delay_ms = 0;
	tv.tv_sec = delay_ms / 1000;
	tv.tv_usec = delay_ms % 1000 * 1000;
	if (event_add(t->ev, &tv) < 0)
		die("set a timer");
}

void loop_timer_stop(struct loop_timer *t)
{
	event_del(t->ev);
}

bool loop_timer_is_set(const struct loop_timer *t)
{
	return event_pending(t->ev, EV_TIMEOUT, NULL);
}

void loop_timer_free(struct loop_timer *t)
{
	if (!t)
		return;
	event_free(t->ev);
	free(t);
}

static void on_signal(evutil_socket_t signo, short what, void *arg)
{
	struct loop_signal *s = arg;

	(void)what;
	s->fn(s->arg, (int)signo);
}

struct loop_signal *loop_signal_new(struct loop *l, int signo, loop_signal_fn *fn, void *arg)
{
	struct loop_signal *s = xcalloc(1, sizeof(*s));

	s->fn = fn;
	s->arg = arg;
	s->ev = evsignal_new(l->base, signo, on_signal, s);
	if (!s->ev || event_priority_set(s->ev, LOOP_INPUT) < 0 || event_add(s->ev, NULL) < 0)
		die("wait for a signal");
	return s;
}

void loop_signal_free(struct loop_signal *s)
{
	if (!s)
		return;
	event_free(s->ev);
	free(s);
}

void loop_post(struct loop *l, loop_fn *fn, void *arg)
{
	uint64_t one = 1;

	pthread_mutex_lock(&l->lock);
	XGROW(l->inbox, l->inbox_cap, l->inbox_count + 1);
	l->inbox[l->inbox_count++] = (struct message){fn, arg};
	pthread_mutex_unlock(&l->lock);
	/* EAGAIN means that the counter is full, and then the loop is awake anyway. */
	if (write(l->wake_fd, &one, sizeof(one)) < 0 && errno != EAGAIN && errno != EINTR)
		die("wake up");
}
