/* The tty: an own, non-blocking description of the terminal device, its settings, and the queue of
 * bytes on their way to it. Knows nothing of curses. */
#ifndef REGTOP_UI_TTY_H
#define REGTOP_UI_TTY_H

#include <stdint.h>
#include <termios.h>
#include "base/clock.h"
#include "base/err.h"
#include "base/strbuf.h"

struct tty {
	int fd;      /* -1: not open */
	bool shared; /* it could not be opened anew: the flags of stdin's are changed */
	int flags;   /* as they were, when shared */
	struct termios saved, raw;
	struct strbuf pending; /* bytes on their way out, from pending_at on */
	size_t pending_at;
	uint64_t bytes_out;
};

/* Opens the terminal behind stdin; nothing is changed yet. -ENOTTY with *e when stdin or stdout is
 * none. */
int tty_open(struct tty *t, struct err *e);
/* Closes; the settings must have been restored before. */
void tty_close(struct tty *t);
/* No echo, no line editing, keys instead of signals; and back. Neither ever waits. */
void tty_make_raw(struct tty *t);
void tty_restore(struct tty *t);
/* 80x24 when the terminal does not say. */
void tty_size(const struct tty *t, int *width, int *height);
/* Readable, but nothing to read: the other end has hung up. */
bool tty_is_gone(const struct tty *t);

void tty_queue(struct tty *t, const char *bytes);
/* A clipboard larger than this is refused by most terminals anyway. */
#define TTY_COPY_MAX 74000
/* OSC 52: puts text on the clipboard of whoever sits before the terminal, over SSH too. */
void tty_queue_copy(struct tty *t, struct slice text);
/* Writes what the terminal takes now: 1 when nothing is left, 0 when something is, -errno when the
 * terminal is lost. */
int tty_flush(struct tty *t);
/* The last words: what is queued must go out whole, or an escape sequence is left half said; but a
 * terminal that does not read must not hold the process for more than wait_ms. */
void tty_farewell(struct tty *t, const struct clock *c, int wait_ms);
bool tty_has_pending(const struct tty *t);

#endif
