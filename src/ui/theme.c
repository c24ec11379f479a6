/* The theme: which colours and attributes each role gets, with and without colour. */
#include "ui/theme.h"

/* The terminal's own colours wherever possible, so that light and dark backgrounds both work; the
 * bright eight and blue on black are avoided, they are unreadable on half of all terminals. */
enum { OWN = -1, RED = 1, GREEN = 2, YELLOW = 3, MAGENTA = 5, CYAN = 6 };

/* clang-format off */
const struct theme_style theme_styles[ROLE_COUNT] = {
	/*                 fg       bg   with colour      without colour */
	[ROLE_TEXT]    = { OWN,     OWN, 0,               0 },
	[ROLE_DIM]     = { OWN,     OWN, THEME_DIM,       THEME_DIM },
	[ROLE_TITLE]   = { CYAN,    OWN, THEME_BOLD,      THEME_BOLD },
	[ROLE_HEADING] = { OWN,     OWN, THEME_UNDERLINE, THEME_UNDERLINE },
	[ROLE_SORTED]  = { OWN,     OWN, THEME_UNDERLINE | THEME_BOLD, THEME_UNDERLINE | THEME_BOLD },
	[ROLE_KEY]     = { CYAN,    OWN, THEME_BOLD,      THEME_BOLD },
	[ROLE_STATUS]  = { OWN,     OWN, 0,               0 },
	[ROLE_GOOD]    = { GREEN,   OWN, 0,               0 },
	[ROLE_WARN]    = { YELLOW,  OWN, 0,               THEME_UNDERLINE },
	[ROLE_BAD]     = { RED,     OWN, THEME_BOLD,      THEME_BOLD },
	[ROLE_FRESH]   = { CYAN,    OWN, THEME_BOLD,      THEME_BOLD },
	[ROLE_MARKED]  = { MAGENTA, OWN, THEME_BOLD,      THEME_BOLD },
	[ROLE_PROMPT]  = { OWN,     OWN, THEME_BOLD,      THEME_BOLD },
	[ROLE_ALERT]   = { RED,     OWN, THEME_BOLD | THEME_REVERSE, THEME_BOLD | THEME_REVERSE },
	[ROLE_MATCH]   = { YELLOW,  OWN, THEME_REVERSE,   THEME_BOLD | THEME_UNDERLINE },
};
/* clang-format on */
