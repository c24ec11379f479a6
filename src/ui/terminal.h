/* The terminal: paints frames through ncurses and a file in memory, and turns its bytes into key
 * names. */
#ifndef REGTOP_UI_TERMINAL_H
#define REGTOP_UI_TERMINAL_H

#include "base/clock.h"
#include "base/err.h"
#include "loop/loop.h"
#include "ui/frame.h"

struct terminal;

/* terminal_close() must not be called from inside one of these. */
struct terminal_events {
	void *ctx;
	void (*key)(void *ctx, const char *name);
	void (*resized)(void *ctx, int width, int height);
	void (*lost)(void *ctx);    /* hang-up, EOF or error: end the program, write nothing more */
	void (*drained)(void *ctx); /* output that stood in the way is gone: draw again */
};

/* -ENOTTY with *e when stdin or stdout is no terminal; -EINVAL for a TERM that ncurses does not
 * know or that cannot move the cursor. NO_COLOR and no_color turn colours off. */
struct terminal *terminal_open(struct loop *l, const struct clock *c, bool no_color,
			       bool ascii_only, const struct terminal_events *ev, struct err *e);
/* Restores the terminal whatever state it is in. Never blocks for more than 100 ms. */
void terminal_close(struct terminal *t);
void terminal_size(const struct terminal *t, int *width, int *height);
/* False when output is still pending and the frame was dropped: drained() will say when to come
 * again. Never blocks. */
bool terminal_paint(struct terminal *t, const struct frame *f);
/* The next paint repaints everything. */
void terminal_redraw(struct terminal *t);
/* ^Z: leaves the screen, stops the process group, and comes back with SIGCONT. */
void terminal_suspend(struct terminal *t);
/* OSC 52 clipboard, through the same queue. */
void terminal_copy(struct terminal *t, struct slice text);
/* Rings its bell once, or flashes where there is none; not while output stands in the way. */
void terminal_beep(struct terminal *t);
/* Bytes handed to the tty so far, for tests and benchmarks. */
uint64_t terminal_bytes_out(const struct terminal *t);

#endif
