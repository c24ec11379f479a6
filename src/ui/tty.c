/* The tty: an own, non-blocking description of the terminal device, its settings, and the queue of
 * bytes on their way to it. Knows nothing of curses. */
#include "ui/tty.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* O_NONBLOCK on stdin's own description would be the shell's as well, so it is opened anew. */
static void fd_open(struct tty *t)
{
	const char *name = ttyname(STDIN_FILENO);
	int flags = O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC;

	t->fd = name ? open(name, flags) : -1;
	if (t->fd < 0) /* after su the name belongs to somebody else */
		t->fd = open("/dev/tty", flags);
	if (t->fd >= 0)
		return;
	t->fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	t->shared = t->fd >= 0;
	t->flags = t->shared ? fcntl(t->fd, F_GETFL) : 0;
}

int tty_open(struct tty *t, struct err *e)
{
	*t = (struct tty){.fd = -1};
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return err_set(
			e, -ENOTTY,
			"Use `regtop list`, which prints the bindings and needs no terminal.",
			"Standard %s is not a terminal.",
			isatty(STDIN_FILENO) ? "output" : "input");
	fd_open(t);
	if (t->fd < 0 || tcgetattr(t->fd, &t->saved) < 0) {
		int code = -errno;

		tty_close(t);
		return err_set(e, code, "Use `regtop list`, which needs no terminal.",
			       "The terminal cannot be opened: %s.", strerror(-code));
	}
	t->raw = t->saved;
	t->raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ECHONL | ISIG | IEXTEN);
	t->raw.c_iflag &= ~(tcflag_t)(IXON | ICRNL | INLCR | IGNCR | ISTRIP | BRKINT);
	t->raw.c_cc[VMIN] = 1;
	t->raw.c_cc[VTIME] = 0;
	return 0;
}

void tty_close(struct tty *t)
{
	if (t->fd >= 0)
		close(t->fd);
	t->fd = -1;
	strbuf_free(&t->pending);
}

/* TCSANOW: waiting for output to drain could wait for ever. */
void tty_make_raw(struct tty *t)
{
	tcsetattr(t->fd, TCSANOW, &t->raw);
	if (t->shared)
		fcntl(t->fd, F_SETFL, t->flags | O_NONBLOCK);
}

void tty_restore(struct tty *t)
{
	tcsetattr(t->fd, TCSANOW, &t->saved);
	if (t->shared)
		fcntl(t->fd, F_SETFL, t->flags);
}

void tty_size(const struct tty *t, int *width, int *height)
{
	struct winsize ws;

	*width = 80;
	*height = 24;
	if (ioctl(t->fd, TIOCGWINSZ, &ws) == 0 && ws.ws_col > 0 && ws.ws_row > 0) {
		*width = ws.ws_col;
		*height = ws.ws_row;
	}
}

bool tty_is_gone(const struct tty *t)
{
	struct pollfd p = {.fd = t->fd, .events = POLLIN};
	int waiting = 0;

	if (poll(&p, 1, 0) <= 0)
		return false;
	if (p.revents & (POLLHUP | POLLERR | POLLNVAL))
		return true;
	return (p.revents & POLLIN) && (ioctl(t->fd, FIONREAD, &waiting) < 0 || waiting == 0);
}

void tty_queue(struct tty *t, const char *bytes)
{
	strbuf_add_str(&t->pending, bytes);
}

void tty_queue_copy(struct tty *t, struct slice text)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *p = (const unsigned char *)text.p;
	size_t n = text.n < TTY_COPY_MAX ? text.n : TTY_COPY_MAX;

	tty_queue(t, "\033]52;c;");
	for (size_t i = 0; i < n; i += 3) {
		uint32_t v = (uint32_t)p[i] << 16 | (i + 1 < n ? (uint32_t)p[i + 1] << 8 : 0) |
			     (i + 2 < n ? p[i + 2] : 0);

		strbuf_add_char(&t->pending, digits[v >> 18]);
		strbuf_add_char(&t->pending, digits[v >> 12 & 63]);
		strbuf_add_char(&t->pending, i + 1 < n ? digits[v >> 6 & 63] : '=');
		strbuf_add_char(&t->pending, i + 2 < n ? digits[v & 63] : '=');
	}
	tty_queue(t, "\033\\");
}

int tty_flush(struct tty *t)
{
	while (t->pending_at < t->pending.n) {
		ssize_t n =
			write(t->fd, t->pending.p + t->pending_at, t->pending.n - t->pending_at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN)
			return -errno;
		if (n <= 0)
			return 0;
		t->pending_at += (size_t)n;
		t->bytes_out += (uint64_t)n;
	}
	strbuf_clear(&t->pending);
	t->pending_at = 0;
	return 1;
}

void tty_farewell(struct tty *t, const struct clock *c, int wait_ms)
{
	int64_t end = clock_mono_ms(c) + wait_ms;

	while (tty_flush(t) == 0) {
		struct pollfd p = {.fd = t->fd, .events = POLLOUT};
		int64_t left = end - clock_mono_ms(c);

		if (left <= 0 || poll(&p, 1, (int)left) == 0)
			break;
	}
}

bool tty_has_pending(const struct tty *t)
{
	return t->pending_at < t->pending.n;
}
