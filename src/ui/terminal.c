/* The terminal: paints frames through ncurses and a file in memory, and turns its bytes into key
 * names. */
#include "ui/terminal.h"

#include <curses.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <term.h>
#include <unistd.h>
#include <wchar.h>
#include "base/alloc.h"
#include "base/text.h"
#include "ui/terminal_keys.h"
#include "ui/theme.h"
#include "ui/tty.h"

/* Never longer than this for the last bytes on the way out. */
#define FAREWELL_MS 100
/* The terminal then brackets what is pasted, so that it is not taken for keys. */
#define PASTE_ON  "\033[?2004h"
#define PASTE_OFF "\033[?2004l"

struct terminal {
	struct loop *loop;
	const struct clock *clock;
	struct terminal_events ev;
	struct tty tty;
	int spool; /* what ncurses writes to; a file in memory never blocks it */
	FILE *spool_file, *in_file;
	SCREEN *screen;
	WINDOW *keys; /* a pad: reading from it repaints nothing */
	bool dropped; /* a frame was refused: tell when there is room */
	bool repaint;
	bool colour, ascii_only;
	bool started; /* the tty is ours now */
	bool lost;
	int width, height;
	struct frame shown; /* what curses holds: only what differs from it is put anew */
	struct loop_watch *watch;
	struct loop_signal *on_winch, *on_cont, *on_tstp;
};

/* The one that must be put right when exit() is called from somewhere deep. */
static struct terminal *the_open_one;

/* ---- bytes out ---------------------------------------------------------------------------- */

static void terminal_lose(struct terminal *t)
{
	if (t->lost)
		return;
	t->lost = true;
	loop_watch_set(t->watch, 0);
	t->ev.lost(t->ev.ctx);
}

/* Moves what ncurses has written from its spool to the queue. */
static void spool_take(struct terminal *t)
{
	off_t size = lseek(t->spool, 0, SEEK_END);

	for (off_t at = 0; at < size;) {
		char buf[16384];
		ssize_t n = pread(t->spool, buf, sizeof(buf), at);

		if (n <= 0)
			break;
		strbuf_add(&t->tty.pending, buf, (size_t)n);
		at += n;
	}
	if (size > 0 && ftruncate(t->spool, 0) == 0)
		lseek(t->spool, 0, SEEK_SET);
}

/* Behind everything that ncurses has said so far. */
static void terminal_say(struct terminal *t, const char *bytes)
{
	spool_take(t);
	tty_queue(&t->tty, bytes);
}

/* Sends what there is; the loop tells when there is room for what is left. */
static void terminal_drain(struct terminal *t)
{
	int all;

	if (t->lost)
		return;
	spool_take(t);
	all = tty_flush(&t->tty);
	if (all < 0)
		terminal_lose(t);
	else
		loop_watch_set(t->watch, all ? LOOP_READ : LOOP_READ | LOOP_WRITE);
}

/* ---- keys and the tty --------------------------------------------------------------------- */

static void key_tell(void *ctx, const char *name)
{
	struct terminal *t = ctx;

	if (!t->lost)
		t->ev.key(t->ev.ctx, name);
}

static void on_tty(void *arg, int fd, unsigned what)
{
	struct terminal *t = arg;

	(void)fd;
	if (what & LOOP_WRITE) {
		bool dropped = t->dropped;

		terminal_drain(t);
		if (!t->lost && !tty_has_pending(&t->tty) && dropped) {
			t->dropped = false;
			t->ev.drained(t->ev.ctx);
		}
	}
	if (t->lost || !(what & LOOP_READ))
		return;
	if (tty_is_gone(&t->tty)) {
		terminal_lose(t);
		return;
	}
	/* Bounded, so that a pasted book cannot keep SIP waiting. */
	for (int i = 0; i < 256 && !t->lost && terminal_keys_read(t->keys, key_tell, t); i++)
		;
	/* The first read switches the keypad on: ncurses said so into its spool. */
	terminal_drain(t);
}

/* ---- size and signals --------------------------------------------------------------------- */

static void terminal_measure(struct terminal *t)
{
	tty_size(&t->tty, &t->width, &t->height);
	resizeterm(t->height, t->width);
}

static void on_winch(void *arg, int signo)
{
	struct terminal *t = arg;

	(void)signo;
	if (t->lost)
		return;
	terminal_measure(t);
	t->repaint = true;
	t->ev.resized(t->ev.ctx, t->width, t->height);
}

/* Leaves the screen and puts the tty's settings back. */
static void terminal_leave(struct terminal *t)
{
	/* Without an alternate screen the shell's prompt comes to the last line. */
	move(t->height - 1, 0);
	clrtoeol();
	wnoutrefresh(stdscr);
	doupdate();
	terminal_say(t, PASTE_OFF);
	endwin();
	spool_take(t);
	if (!t->lost)
		tty_farewell(&t->tty, t->clock, FAREWELL_MS);
	tty_restore(&t->tty);
}

/* Enters the screen again after endwin(): the next paint does it. */
static void terminal_resume(struct terminal *t)
{
	tty_make_raw(&t->tty);
	terminal_say(t, PASTE_ON);
	on_winch(t, SIGWINCH);
}

/* After SIGSTOP or a stop from outside, which left the screen as it was. */
static void on_cont(void *arg, int signo)
{
	(void)signo;
	if (!((struct terminal *)arg)->lost)
		terminal_resume(arg);
}

static void on_tstp(void *arg, int signo)
{
	(void)signo;
	terminal_suspend(arg);
}

void terminal_suspend(struct terminal *t)
{
	struct sigaction stop = {.sa_handler = SIG_DFL}, ours;

	if (t->lost)
		return;
	terminal_leave(t);
	sigaction(SIGTSTP, &stop, &ours);
	kill(0, SIGTSTP);
	sigaction(SIGTSTP, &ours, NULL);
	terminal_resume(t);
}

/* ---- opening and closing ------------------------------------------------------------------ */

static int term_check(struct err *e)
{
	const char *term = getenv("TERM");
	char shown[64];
	int known = 0;
	bool moves;

	text_clean_buf(slice_of(term ? term : ""), shown, sizeof(shown));
	if (setupterm(NULL, STDOUT_FILENO, &known) != OK)
		return err_set(e, -EINVAL,
			       "Set TERM to what your terminal is (xterm, vt100, …), or use "
			       "`regtop list`, which needs no screen.",
			       "The terminal type TERM=\"%s\" is not known here.", shown);
	moves = tigetstr("cup") != NULL && tigetstr("cup") != (char *)-1;
	del_curterm(cur_term);
	if (!moves)
		return err_set(e, -EINVAL,
			       "Use `regtop list`, which prints the bindings and needs no screen.",
			       "A terminal of type TERM=\"%s\" cannot move its cursor.", shown);
	return 0;
}

static void colours_start(struct terminal *t, bool no_color)
{
	const char *env = getenv("NO_COLOR");

	t->colour = !no_color && !(env && *env) && has_colors();
	if (!t->colour)
		return;
	start_color();
	if (COLORS < 8 || COLOR_PAIRS <= ROLE_COUNT || use_default_colors() == ERR) {
		t->colour = false;
		return;
	}
	for (int i = 0; i < ROLE_COUNT; i++)
		init_pair((short)(i + 1), theme_styles[i].fg, theme_styles[i].bg);
}

static int screen_start(struct terminal *t, bool no_color, struct err *e)
{
	struct sigaction on_int, on_term;

	t->spool = memfd_create("regtop-screen", MFD_CLOEXEC);
	t->spool_file = t->spool >= 0 ? fdopen(t->spool, "w") : NULL;
	t->in_file = fdopen(dup(t->tty.fd), "r");
	if (!t->spool_file || !t->in_file)
		return err_set(e, -errno, NULL, "The screen cannot be set up: %s.",
			       strerror(errno));
	/* ncurses takes a signal only when nobody has it yet; SIGWINCH and SIGTSTP are ours
	 * already, and its way of ending the process is not wanted either. */
	sigaction(SIGINT, NULL, &on_int);
	sigaction(SIGTERM, NULL, &on_term);
	t->screen = newterm(NULL, t->spool_file, t->in_file);
	sigaction(SIGINT, &on_int, NULL);
	sigaction(SIGTERM, &on_term, NULL);
	if (!t->screen)
		return err_set(e, -EINVAL, "Use `regtop list`, which needs no screen.",
			       "ncurses cannot use this terminal.");
	/* Without this a lone Esc waits a second inside get_wch(). */
	set_escdelay(25);
	t->keys = newpad(1, 1);
	if (!t->keys)
		return err_set(e, -ENOMEM, NULL, "The screen cannot be set up.");
	keypad(t->keys, TRUE);
	nodelay(t->keys, TRUE);
	/* A frame is painted whole even while keys wait; asking for them costs a call each time. */
	typeahead(-1);
	colours_start(t, no_color);
	curs_set(0);
	return 0;
}

static void close_at_exit(void)
{
	terminal_close(the_open_one);
}

static void signals_start(struct terminal *t)
{
	/* Before newterm(), which would put its own handlers where there is none. */
	t->on_winch = loop_signal_new(t->loop, SIGWINCH, on_winch, t);
	t->on_cont = loop_signal_new(t->loop, SIGCONT, on_cont, t);
	t->on_tstp = loop_signal_new(t->loop, SIGTSTP, on_tstp, t);
}

struct terminal *terminal_open(struct loop *l, const struct clock *c, bool no_color,
			       bool ascii_only, const struct terminal_events *ev, struct err *e)
{
	static bool registered;
	struct terminal *t = xcalloc(1, sizeof(*t));

	t->loop = l;
	t->clock = c;
	t->ev = *ev;
	t->ascii_only = ascii_only;
	t->spool = -1;
	if (tty_open(&t->tty, e) < 0)
		goto failed;
	if (term_check(e) < 0)
		goto failed;
	signals_start(t);
	if (screen_start(t, no_color, e) < 0)
		goto failed;
	t->watch = loop_watch_new(l, t->tty.fd, LOOP_READ, LOOP_INPUT, on_tty, t);
	tty_make_raw(&t->tty);
	t->started = true;
	terminal_measure(t);
	terminal_say(t, PASTE_ON);
	terminal_redraw(t);
	the_open_one = t;
	if (!registered)
		atexit(close_at_exit);
	registered = true;
	return t;
failed:
	terminal_close(t);
	return NULL;
}

void terminal_close(struct terminal *t)
{
	if (!t)
		return;
	if (the_open_one == t)
		the_open_one = NULL;
	loop_signal_free(t->on_tstp);
	loop_signal_free(t->on_cont);
	loop_signal_free(t->on_winch);
	loop_watch_free(t->watch);
	if (t->started)
		terminal_leave(t);
	if (t->keys)
		delwin(t->keys);
	if (t->screen)
		delscreen(t->screen);
	if (t->spool_file)
		fclose(t->spool_file);
	else if (t->spool >= 0)
		close(t->spool);
	if (t->in_file)
		fclose(t->in_file);
	tty_close(&t->tty);
	frame_free(&t->shown);
	free(t);
}

/* ---- painting ----------------------------------------------------------------------------- */

static attr_t attrs_of(const struct terminal *t, const struct cell *c)
{
	const struct theme_style *s = &theme_styles[c->role < ROLE_COUNT ? c->role : ROLE_TEXT];
	unsigned want = t->colour ? s->attrs : s->mono_attrs;
	attr_t a = A_NORMAL;

	if (want & THEME_BOLD || c->style & CELL_BOLD)
		a |= A_BOLD;
	if (want & THEME_DIM)
		a |= A_DIM;
	if (want & THEME_UNDERLINE)
		a |= A_UNDERLINE;
	if (want & THEME_REVERSE)
		a |= A_REVERSE;
	/* On the cursor's bar everything is reversed, also what is so by itself. */
	if (c->style & CELL_CURSOR)
		a = (a | A_REVERSE) & ~(attr_t)(A_DIM | A_UNDERLINE);
	return a;
}

/* What this C library can show in as many columns as the frame counted; otherwise a '?'. */
static wchar_t shown_char(const struct terminal *t, uint32_t cp)
{
	if (cp == 0)
		return L' ';
	if (cp < 0x7f)
		return (wchar_t)cp;
	if (t->ascii_only || wcwidth((wchar_t)cp) != text_cp_width(cp))
		return L'?';
	return (wchar_t)cp;
}

static void paint_line(struct terminal *t, const struct frame *f, int y, int from, int to)
{
	const struct cell *line = &f->cells[(size_t)y * (size_t)f->width];

	for (int x = from; x < to; x++) {
		wchar_t text[2] = {0, 0};
		cchar_t cc;

		if (line[x].style & CELL_WIDE_TAIL)
			continue;
		text[0] = shown_char(t, line[x].cp);
		setcchar(&cc, text, attrs_of(t, &line[x]),
			 t->colour ? (short)(line[x].role + 1) : 0, NULL);
		/* The last corner answers ERR (there is no next place), but the cell is set. */
		mvadd_wch(y, x, &cc);
		if (text[0] == L'?' && line[x].cp != '?' && text_cp_width(line[x].cp) == 2)
			mvadd_wch(y, x + 1, &cc);
	}
}

static void paint_differences(struct terminal *t, const struct frame *f)
{
	int width = f->width < t->width ? f->width : t->width;
	int height = f->height < t->height ? f->height : t->height;
	bool all = t->repaint || t->shown.width != f->width || t->shown.height != f->height;

	if (t->shown.width != f->width || t->shown.height != f->height) {
		frame_free(&t->shown);
		frame_init(&t->shown, f->width, f->height, f->ascii_only);
	}
	for (int y = 0; y < height; y++) {
		struct cell *old = &t->shown.cells[(size_t)y * (size_t)f->width];
		const struct cell *line = &f->cells[(size_t)y * (size_t)f->width];
		int from = 0, to = width;

		if (!all && !frame_line_differs(line, old, width, &from, &to))
			continue;
		paint_line(t, f, y, from, to);
		memcpy(old + from, line + from, (size_t)(to - from) * sizeof(*line));
	}
}

bool terminal_paint(struct terminal *t, const struct frame *f)
{
	if (t->lost)
		return true;
	terminal_drain(t);
	if (tty_has_pending(&t->tty)) {
		t->dropped = true;
		return t->lost;
	}
	if (t->repaint)
		clearok(curscr, TRUE);
	paint_differences(t, f);
	t->repaint = false;
	if (f->cursor_x >= 0 && f->cursor_y >= 0) {
		curs_set(1);
		move(f->cursor_y, f->cursor_x);
	} else {
		curs_set(0);
	}
	wnoutrefresh(stdscr);
	doupdate();
	terminal_drain(t);
	return true;
}

void terminal_redraw(struct terminal *t)
{
	t->repaint = true;
}

void terminal_size(const struct terminal *t, int *width, int *height)
{
	*width = t->width;
	*height = t->height;
}

void terminal_copy(struct terminal *t, struct slice text)
{
	spool_take(t);
	tty_queue_copy(&t->tty, text);
	terminal_drain(t);
}

void terminal_beep(struct terminal *t)
{
	if (t->lost || tty_has_pending(&t->tty))
		return;
	beep();
	terminal_drain(t);
}

uint64_t terminal_bytes_out(const struct terminal *t)
{
	return t->tty.bytes_out;
}
