/* The terminal's keys: from what curses reads to the names of keys. */
#ifndef REGTOP_UI_TERMINAL_KEYS_H
#define REGTOP_UI_TERMINAL_KEYS_H

#include <curses.h>
#include <stdbool.h>

typedef void terminal_key_fn(void *ctx, const char *name);

/* Reads one key from a window that does not wait, and tells its name as ui_key() takes it; a lone
 * Esc before another key makes two. False when there is nothing to read. */
bool terminal_keys_read(WINDOW *keys, terminal_key_fn *fn, void *ctx);

#endif
