/* Lines on their way to stdout, for commands that go on: a reader that stalls holds nothing up. */
#include "cli/lines.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/strbuf.h"

/* Lines that wait for a slow reader. */
#define UNREAD_MAX (256 * 1024)
#define RETRY_MS   100

struct lines {
	int fd;
	struct strbuf unread;
	uint64_t left_out;
	enum lines_kind kind;
	bool goes_on;
	bool nobody; /* the reader went away */
	struct loop_timer *retry;
};

/* The same pipe or terminal once more: not to block is then our own affair, not that of the shell
 * that shares the descriptor. Others are never full, or are asked before. */
static int open_unblocked(void)
{
	struct stat st;
	int fd = -1;

	if (fstat(STDOUT_FILENO, &st) == 0 && (S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode)))
		fd = open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return fd >= 0 ? fd : STDOUT_FILENO;
}

static void lines_flush(void *arg)
{
	struct lines *l = arg;
	struct pollfd p = {.fd = l->fd, .events = POLLOUT};
	ssize_t n = 0;
	size_t at = 0;

	while (at < l->unread.n && n >= 0 && poll(&p, 1, 0) == 1) {
		size_t left = l->unread.n - at;

		n = write(l->fd, l->unread.p + at, left < PIPE_BUF ? left : PIPE_BUF);
		if (n > 0)
			at += (size_t)n;
	}
	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		/* `| head` closes the pipe when it has seen enough; that is no failure. */
		if (l->goes_on || errno != EPIPE)
			fprintf(stderr, "regtop: the changes are told no more: %s\n",
				strerror(errno));
		l->nobody = true;
		at = l->unread.n;
	}
	if (at)
		memmove(l->unread.p, l->unread.p + at, l->unread.n - at);
	l->unread.n -= at;
	if (l->unread.n)
		loop_timer_set(l->retry, RETRY_MS);
}

static void add_left_out(struct lines *l)
{
	unsigned long long n = l->left_out;

	if (l->kind == LINES_JSON)
		strbuf_addf(&l->unread, "{\"event\":\"left-out\",\"count\":%llu}\n", n);
	else
		strbuf_addf(&l->unread, "(%llu changes left out: they were not read in time)\n", n);
	l->left_out = 0;
}

void lines_add(struct lines *l, struct slice line)
{
	if (l->nobody)
		return;
	if (l->unread.n + line.n > UNREAD_MAX) {
		l->left_out++;
		return;
	}
	if (l->left_out && l->unread.n < UNREAD_MAX / 2)
		add_left_out(l);
	strbuf_add_slice(&l->unread, line);
	strbuf_add_char(&l->unread, '\n');
	if (!loop_timer_is_set(l->retry))
		lines_flush(l);
}

struct lines *lines_new(struct loop *loop, enum lines_kind kind, bool goes_on)
{
	struct lines *l = xcalloc(1, sizeof(*l));

	l->kind = kind;
	l->goes_on = goes_on;
	l->fd = open_unblocked();
	l->retry = loop_timer_new(loop, LOOP_DRAW, lines_flush, l);
	return l;
}

void lines_free(struct lines *l)
{
	if (!l)
		return;
	lines_flush(l);
	loop_timer_free(l->retry);
	strbuf_free(&l->unread);
	if (l->fd != STDOUT_FILENO)
		close(l->fd);
	free(l);
}

bool lines_nobody(const struct lines *l)
{
	return l->nobody;
}
