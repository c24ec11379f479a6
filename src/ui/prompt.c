/* The prompt: a line editor with history, as a state that keys change; it never waits. */
#include "ui/prompt.h"

#include <stdlib.h>
#include "base/alloc.h"
#include "base/text.h"

void prompt_set(struct prompt *p, const char *text)
{
	strbuf_clear(&p->text);
	strbuf_add_str(&p->text, text);
	p->at = p->text.n;
}

static void recall_forget(struct prompt *p)
{
	free(p->typed);
	p->typed = NULL;
	p->recalled = 0;
}

void prompt_open(struct prompt *p, enum prompt_kind kind, const char *text)
{
	recall_forget(p);
	p->kind = kind;
	prompt_set(p, text);
}

static void history_add(struct prompt *p)
{
	char **h = p->history[p->kind];
	unsigned last = PROMPT_HISTORY - 1;

	/* A line that is there already moves to the front. */
	for (unsigned i = 0; i < PROMPT_HISTORY; i++) {
		if (h[i] && strcmp(h[i], strbuf_str(&p->text)) == 0) {
			last = i;
			break;
		}
	}
	free(h[last]);
	memmove(h + 1, h, last * sizeof(*h));
	h[0] = xstrdup(strbuf_str(&p->text));
}

void prompt_close(struct prompt *p, bool remember)
{
	if (remember && p->text.n)
		history_add(p);
	recall_forget(p);
	strbuf_clear(&p->text);
	p->kind = PROMPT_NONE;
	p->at = 0;
}

void prompt_free(struct prompt *p)
{
	recall_forget(p);
	strbuf_free(&p->text);
	for (int k = 0; k < PROMPT_KINDS; k++)
		for (unsigned i = 0; i < PROMPT_HISTORY; i++)
			free(p->history[k][i]);
}

/* Start of the character before at. */
static size_t before(const struct prompt *p, size_t at)
{
	while (at > 0 && ((unsigned char)p->text.p[--at] & 0xc0) == 0x80)
		;
	return at;
}

static size_t after(const struct prompt *p, size_t at)
{
	size_t len;

	if (at >= p->text.n)
		return at;
	text_decode(slice_skip(strbuf_slice(&p->text), at), &len);
	return at + len;
}

static enum prompt_result cut_out(struct prompt *p, size_t from, size_t to)
{
	if (from == to)
		return PROMPT_MOVED;
	memmove(p->text.p + from, p->text.p + to, p->text.n - to + 1);
	p->text.n -= to - from;
	p->at = from;
	return PROMPT_EDITED;
}

static enum prompt_result insert(struct prompt *p, const char *bytes)
{
	size_t n = strlen(bytes);

	if (p->text.n + n > PROMPT_MAX)
		return PROMPT_IGNORED;
	strbuf_add(&p->text, bytes, n);
	memmove(p->text.p + p->at + n, p->text.p + p->at, p->text.n - n - p->at);
	memcpy(p->text.p + p->at, bytes, n);
	p->at += n;
	return PROMPT_EDITED;
}

static size_t word_start(const struct prompt *p)
{
	size_t at = p->at;

	while (at > 0 && p->text.p[at - 1] == ' ')
		at--;
	while (at > 0 && p->text.p[at - 1] != ' ')
		at--;
	return at;
}

static enum prompt_result recall(struct prompt *p, int step)
{
	unsigned to = p->recalled + (unsigned)step;

	if ((step < 0 && p->recalled == 0) || to > PROMPT_HISTORY ||
	    (to > 0 && !p->history[p->kind][to - 1]))
		return PROMPT_IGNORED;
	if (p->recalled == 0)
		p->typed = xstrdup(strbuf_str(&p->text));
	p->recalled = to;
	prompt_set(p, to ? p->history[p->kind][to - 1] : p->typed);
	if (to == 0)
		recall_forget(p);
	return PROMPT_EDITED;
}

static enum prompt_result key_left(struct prompt *p)
{
	p->at = before(p, p->at);
	return PROMPT_MOVED;
}

static enum prompt_result key_right(struct prompt *p)
{
	p->at = after(p, p->at);
	return PROMPT_MOVED;
}

static enum prompt_result key_home(struct prompt *p)
{
	p->at = 0;
	return PROMPT_MOVED;
}

static enum prompt_result key_end(struct prompt *p)
{
	p->at = p->text.n;
	return PROMPT_MOVED;
}

static enum prompt_result key_bs(struct prompt *p)
{
	if (p->text.n == 0)
		return PROMPT_LEFT;
	return cut_out(p, before(p, p->at), p->at);
}

static enum prompt_result key_del(struct prompt *p)
{
	return cut_out(p, p->at, after(p, p->at));
}

static enum prompt_result key_clear(struct prompt *p)
{
	return cut_out(p, 0, p->at);
}

static enum prompt_result key_word(struct prompt *p)
{
	return cut_out(p, word_start(p), p->at);
}

static enum prompt_result key_up(struct prompt *p)
{
	return recall(p, 1);
}

static enum prompt_result key_down(struct prompt *p)
{
	return recall(p, -1);
}

static enum prompt_result key_enter(struct prompt *p)
{
	(void)p;
	return PROMPT_DONE;
}

static enum prompt_result key_leave(struct prompt *p)
{
	(void)p;
	return PROMPT_LEFT;
}

static enum prompt_result key_tab(struct prompt *p)
{
	(void)p;
	return PROMPT_COMPLETE;
}

static enum prompt_result key_space(struct prompt *p)
{
	return insert(p, " ");
}

static const struct {
	const char *key;
	enum prompt_result (*run)(struct prompt *p);
} keys[] = {
	{"left", key_left},  {"ctrl-b", key_left},  {"right", key_right}, {"ctrl-f", key_right},
	{"home", key_home},  {"end", key_end},      {"bs", key_bs},       {"del", key_del},
	{"ctrl-d", key_del}, {"ctrl-u", key_clear}, {"ctrl-w", key_word}, {"up", key_up},
	{"down", key_down},  {"enter", key_enter},  {"esc", key_leave},   {"ctrl-c", key_leave},
	{"tab", key_tab},    {"space", key_space},
};

enum prompt_result prompt_key(struct prompt *p, const char *key)
{
	size_t len;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (strcmp(key, keys[i].key) == 0)
			return keys[i].run(p);
	/* One character is itself; other names are keys without a meaning here. */
	text_decode(slice_of(key), &len);
	return *key && key[len] == '\0' ? insert(p, key) : PROMPT_IGNORED;
}
