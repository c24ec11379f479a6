/* The terminal's keys: from what curses reads to the names of keys. */
#include "ui/terminal_keys.h"

#include <stdint.h>
#include <string.h>
#include "base/text.h"

/* The longest control sequence that is recognised as one and swallowed. */
#define CSI_MAX 32

struct key_name {
	int code;
	const char *name;
};

static const struct key_name key_codes[] = {
	{KEY_UP, "up"},       {KEY_DOWN, "down"},    {KEY_LEFT, "left"},    {KEY_RIGHT, "right"},
	{KEY_PPAGE, "pgup"},  {KEY_NPAGE, "pgdn"},   {KEY_HOME, "home"},    {KEY_END, "end"},
	{KEY_ENTER, "enter"}, {KEY_BTAB, "backtab"}, {KEY_BACKSPACE, "bs"}, {KEY_DC, "del"},
	{KEY_F(1), "f1"},     {KEY_F(2), "f2"},      {KEY_F(3), "f3"},      {KEY_F(4), "f4"},
	{KEY_F(5), "f5"},     {KEY_F(6), "f6"},      {KEY_F(7), "f7"},      {KEY_F(8), "f8"},
	{KEY_F(9), "f9"},     {KEY_F(10), "f10"},    {KEY_F(11), "f11"},    {KEY_F(12), "f12"},
};

static const struct key_name key_chars[] = {
	{'\r', "enter"},  {'\n', "enter"},  {'\t', "tab"},    {0x1b, "esc"},    {0x7f, "bs"},
	{0x08, "bs"},     {' ', "space"},   {0x0c, "ctrl-l"}, {0x03, "ctrl-c"}, {0x15, "ctrl-u"},
	{0x17, "ctrl-w"}, {0x04, "ctrl-d"}, {0x06, "ctrl-f"}, {0x02, "ctrl-b"}, {0x1a, "ctrl-z"},
};

static const char *name_by_code(const struct key_name *table, size_t n, int code)
{
	for (size_t i = 0; i < n; i++)
		if (table[i].code == code)
			return table[i].name;
	return NULL;
}

/* In the C locale get_wch() gives single bytes; above ASCII they name no character. */
static const char *char_name(wint_t c, char buf[8])
{
	const char *name =
		name_by_code(key_chars, sizeof(key_chars) / sizeof(key_chars[0]), (int)c);

	if (name)
		return name;
	if (c < 0x20 || (c >= 0x7f && c < 0xa0) || c > 0x10ffff)
		return NULL;
	buf[text_encode((uint32_t)c, buf)] = '\0';
	return buf;
}

struct reader {
	WINDOW *keys;
	terminal_key_fn *fn;
	void *ctx;
};

static void key_tell(const struct reader *r, const char *name)
{
	if (name)
		r->fn(r->ctx, name);
}

/* What TERM does not tell but terminals send all the same. */
static const struct {
	const char *seq, *name;
} key_sequences[] = {
	{"A", "up"},    {"B", "down"},    {"C", "right"}, {"D", "left"},     {"H", "home"},
	{"F", "end"},   {"Z", "backtab"}, {"1~", "home"}, {"4~", "end"},     {"5~", "pgup"},
	{"6~", "pgdn"}, {"3~", "del"},    {"15~", "f5"},  {"200~", "paste"}, {"201~", "paste-end"},
};

/* Reads on to the end of a control sequence that ncurses did not know, so that its letters do not
 * become commands ("\e[1;5x" would end in one). NULL when it is none that means something here.
 * Between the two of a paste nothing may be taken for a command; that is the inspector's part. */
static const char *csi_name(WINDOW *keys)
{
	char seq[CSI_MAX];
	size_t n = 0;
	wint_t c;

	while (n < sizeof(seq) - 1 && wget_wch(keys, &c) == OK) {
		seq[n++] = (char)c;
		if (c >= 0x40 && c <= 0x7e)
			break;
	}
	seq[n] = '\0';
	for (size_t i = 0; i < sizeof(key_sequences) / sizeof(key_sequences[0]); i++)
		if (strcmp(seq, key_sequences[i].seq) == 0)
			return key_sequences[i].name;
	return NULL;
}

static const char *name_of(int kind, wint_t c, char buf[8])
{
	if (kind == KEY_CODE_YES)
		return name_by_code(key_codes, sizeof(key_codes) / sizeof(key_codes[0]), (int)c);
	return char_name(c, buf);
}

/* After an Esc that ncurses gave alone: a lone one, one before another key, or a sequence. */
static void escape_read(const struct reader *r)
{
	char buf[8];
	wint_t next;
	int kind;

	while ((kind = wget_wch(r->keys, &next)) == OK && next == 0x1b)
		key_tell(r, "esc");
	if (kind == OK && (next == '[' || next == 'O')) {
		key_tell(r, csi_name(r->keys));
		return;
	}
	key_tell(r, "esc");
	if (kind != ERR)
		key_tell(r, name_of(kind, next, buf));
}

bool terminal_keys_read(WINDOW *keys, terminal_key_fn *fn, void *ctx)
{
	struct reader r = {keys, fn, ctx};
	char buf[8];
	wint_t c;
	int kind = wget_wch(keys, &c);

	if (kind == ERR)
		return false;
	if (kind == OK && c == 0x1b)
		escape_read(&r);
	else
		key_tell(&r, name_of(kind, c, buf));
	return true;
}
