/* regtop listen: the registrar without a screen, one line per change. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include "app.h"
#include "base/text.h"

#define DEFAULT_PLACE "listen:udp:127.0.0.1:5060,tcp:127.0.0.1:5060"
/* Lines that wait for a slow reader. */
#define UNREAD_MAX (256 * 1024)
#define RETRY_MS   100

/* Lines on their way to stdout. A reader that stalls (a pager, ^S) loses lines, and is told how
 * many; the phones must not wait for it. */
struct lines {
	struct app *app;
	int fd;
	struct strbuf unread;
	uint64_t left_out;
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
		fprintf(stderr, "regtop: the changes are told no more: %s\n", strerror(errno));
		l->nobody = true;
		at = l->unread.n;
	}
	if (at)
		memmove(l->unread.p, l->unread.p + at, l->unread.n - at);
	l->unread.n -= at;
	if (l->unread.n)
		loop_timer_set(l->retry, RETRY_MS);
}

static void lines_add(struct lines *l, struct slice line)
{
	if (l->nobody)
		return;
	if (l->unread.n + line.n > UNREAD_MAX) {
		l->left_out++;
		return;
	}
	if (l->left_out && l->unread.n < UNREAD_MAX / 2) {
		strbuf_addf(&l->unread, "(%llu changes left out: they were not read in time)\n",
			    (unsigned long long)l->left_out);
		l->left_out = 0;
	}
	strbuf_add_slice(&l->unread, line);
	strbuf_add_char(&l->unread, '\n');
	if (!loop_timer_is_set(l->retry))
		lines_flush(l);
}

static void print_change(void *ctx, enum store_event what, binding_id id)
{
	struct lines *l = ctx;
	struct app *a = l->app;
	const struct binding_life *life = store_life(a->store, id);
	int64_t now = clock_wall_s(a->clock);
	struct strbuf raw = STRBUF_INIT, line = STRBUF_INIT;
	const char *word = "added";
	struct binding b;
	char when[24], left[16];

	if (!store_get(a->store, id, &b))
		return;
	if (what == STORE_GONE)
		word = "gone";
	else if (what == STORE_CHANGED)
		word = life->changed_s == now ? "changed" : "refreshed";
	binding_add_aor(&b, &raw);
	strbuf_addf(&line, "%s %-9s ", text_rfc3339(now, when), word);
	text_clean(strbuf_slice(&raw), false, &line);
	strbuf_add_char(&line, ' ');
	text_clean(b.contact, false, &line);
	if (what != STORE_GONE)
		strbuf_addf(&line, " %s", text_duration(binding_left_s(&b, now), left));
	lines_add(l, strbuf_slice(&line));
	strbuf_free(&raw);
	strbuf_free(&line);
}

static void on_signal(void *ctx, int signo)
{
	(void)signo;
	loop_stop(((struct app *)ctx)->loop);
}

/* Every phone on TCP holds a descriptor; the usual soft limit of 1024 is for small programs. */
static void raise_descriptors(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_cur < r.rlim_max) {
		r.rlim_cur = r.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &r);
	}
}

int cli_listen(const struct options *o)
{
	static const int ends[] = {SIGHUP, SIGTERM, SIGINT};
	struct loop_signal *signals[sizeof(ends) / sizeof(ends[0])];
	struct options with = *o;
	struct lines lines = {.unread = STRBUF_INIT};
	struct err e = ERR_NONE;
	struct app *a;
	int status;

	raise_descriptors();
	if (with.source_count == 0)
		with.sources[with.source_count++] = DEFAULT_PLACE;
	for (unsigned i = 0; i < with.source_count; i++) {
		if (strncmp(with.sources[i], "listen:", 7) != 0) {
			fprintf(stderr, "regtop: listen serves listen:udp:HOST:PORT and tcp, no "
					"other source\n");
			return REGTOP_USAGE;
		}
	}
	a = app_new(&with, &e, &status);
	if (!a) {
		err_print(&e);
		return status;
	}
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		signals[i] = loop_signal_new(a->loop, ends[i], on_signal, a);
	for (size_t i = 0; i < a->env.source_count; i++)
		fprintf(stderr, "regtop: %s\n", a->env.sources[i]->name);
	lines.app = a;
	lines.fd = open_unblocked();
	lines.retry = loop_timer_new(a->loop, LOOP_DRAW, lines_flush, &lines);
	store_listen(a->store, print_change, &lines);
	loop_run(a->loop);
	store_listen(a->store, NULL, NULL);
	lines_flush(&lines);
	loop_timer_free(lines.retry);
	strbuf_free(&lines.unread);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		loop_signal_free(signals[i]);
	app_free(a);
	return REGTOP_OK;
}
