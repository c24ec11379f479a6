/* The theme: which colours and attributes each role gets, with and without colour. */
#ifndef REGTOP_UI_THEME_H
#define REGTOP_UI_THEME_H

#include "ui/frame.h"

enum { THEME_BOLD = 1, THEME_DIM = 2, THEME_REVERSE = 4, THEME_UNDERLINE = 8 };

/* Colours are the eight ANSI numbers, -1 for the terminal's own. */
struct theme_style {
	short fg, bg;
	unsigned attrs;      /* with colour */
	unsigned mono_attrs; /* without */
};

extern const struct theme_style theme_styles[ROLE_COUNT];

#endif
