/* For tests: sockets of the test's own on loopback, and a loop that turns until something is so. */
#ifndef REGTOP_TESTS_LOOPBACK_H
#define REGTOP_TESTS_LOOPBACK_H

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include "test.h"
#include "base/alloc.h"
#include "sip/build.h"
#include "sip/transport.h"

#define PATIENCE_MS 5000

static inline void loopback_late(void *arg)
{
	*(bool *)arg = true;
}

/* Turns the loop until condition holds, for so many milliseconds at most. */
#define TURN_FOR(loop, ms, condition)                                                              \
	do {                                                                                       \
		bool late_ = false;                                                                \
		struct loop_timer *limit_ =                                                        \
			loop_timer_new(loop, LOOP_DRAW, loopback_late, &late_);                    \
		loop_timer_set(limit_, ms);                                                        \
		while (!(condition) && !late_)                                                     \
			loop_turn(loop, true);                                                     \
		loop_timer_free(limit_);                                                           \
	} while (0)
#define TURN_UNTIL(loop, condition)                                                                \
	do {                                                                                       \
		TURN_FOR(loop, PATIENCE_MS, condition);                                            \
		assert_true(condition);                                                            \
	} while (0)

static inline struct netaddr loopback_any_port(void)
{
	struct netaddr a;

	assert_int_equal(netaddr_parse(SLICE_LIT("127.0.0.1"), 0, &a), 0);
	return a;
}

/* A blocking socket whose reads end after PATIENCE_MS; bound to a free port, told in *self. */
static inline int loopback_socket(int type, struct netaddr *self)
{
	struct timeval patience = {PATIENCE_MS / 1000, 0};
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	*self = loopback_any_port();
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, &self->sa, self->len), 0);
	assert_int_equal(getsockname(fd, &self->sa, &self->len), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return fd;
}

/* An address that nobody listens on, as long as nobody takes its port meanwhile. */
static inline struct netaddr loopback_closed_port(int type)
{
	struct netaddr self;

	close(loopback_socket(type, &self));
	return self;
}

static inline void loopback_send(int fd, const struct netaddr *to, const char *text)
{
	ssize_t n =
		sendto(fd, text, strlen(text), MSG_NOSIGNAL, to ? &to->sa : NULL, to ? to->len : 0);

	assert_int_equal(n, strlen(text));
}

/* One datagram, or what a stream has, as text; "" when nothing came in time. */
static inline const char *loopback_receive(int fd, struct netaddr *from)
{
	static char buf[SIP_MAX_MESSAGE + 1];
	struct netaddr ignored;
	ssize_t n;

	from = from ? from : &ignored;
	from->len = sizeof(from->ss);
	n = recvfrom(fd, buf, sizeof(buf) - 1, 0, &from->sa, &from->len);
	buf[n > 0 ? n : 0] = '\0';
	return buf;
}

#endif
