/* The event loop: fds, timers, signals, and messages from other threads. Only this folder knows
 * libevent. */
#ifndef REGTOP_LOOP_LOOP_H
#define REGTOP_LOOP_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct loop;
struct loop_watch;
struct loop_timer;
struct loop_signal;

/* SIP is served first, keys second, drawing last. */
enum loop_prio { LOOP_SIP, LOOP_INPUT, LOOP_DRAW };

enum { LOOP_READ = 1, LOOP_WRITE = 2 };

typedef void loop_fd_fn(void *arg, int fd, unsigned what);
typedef void loop_fn(void *arg);
typedef void loop_signal_fn(void *arg, int signo);

/* Never NULL (a kernel without epoll and poll ends the program). */
struct loop *loop_new(void);
void loop_free(struct loop *l);
/* Runs until loop_stop(). */
void loop_run(struct loop *l);
/* One turn; with wait, sleeps until something happens. For tests and synchronous waits. */
void loop_turn(struct loop *l, bool wait);
void loop_stop(struct loop *l);

/* Calls fn whenever fd is ready for one of what. The fd stays the caller's. */
struct loop_watch *loop_watch_new(struct loop *l, int fd, unsigned what, enum loop_prio prio,
				  loop_fd_fn *fn, void *arg);
/* Changes what is waited for; 0 pauses. */
void loop_watch_set(struct loop_watch *w, unsigned what);
/* NULL is fine. Safe inside its own callback. */
void loop_watch_free(struct loop_watch *w);

/* A timer that is not running until it is set. One-shot: set it again in fn to repeat. */
struct loop_timer *loop_timer_new(struct loop *l, enum loop_prio prio, loop_fn *fn, void *arg);
void loop_timer_set(struct loop_timer *t, int64_t delay_ms);
void loop_timer_stop(struct loop_timer *t);
bool loop_timer_is_set(const struct loop_timer *t);
void loop_timer_free(struct loop_timer *t);

/* fn runs in the loop, not in a signal handler. */
struct loop_signal *loop_signal_new(struct loop *l, int signo, loop_signal_fn *fn, void *arg);
void loop_signal_free(struct loop_signal *s);

/* From any thread: fn(arg) will run in the loop's thread, in the order of posting. */
void loop_post(struct loop *l, loop_fn *fn, void *arg);

#endif
