/* The line of keys: what can be done now, and at ':' the commands that may be meant. */
#include <string.h>
#include "base/text.h"
#include "ui/commands.h"
#include "ui/views.h"

static int hint(struct frame *f, int x, int y, const char *key, const char *word, bool grey)
{
	int need = (int)strlen(key) + 1 + (int)strlen(word) + (grey ? 2 : 0);

	if (x + need > f->width)
		return x;
	/* Brackets, so that what is not offered is not told by brightness alone. */
	if (grey)
		return x + frame_putf(f, x, y, -1, ROLE_DIM, 0, "(%s %s)", key, word) + 2;
	x += frame_put(f, x, y, -1, ROLE_KEY, 0, slice_of(key)) + 1;
	return x + frame_put(f, x, y, -1, ROLE_TEXT, 0, slice_of(word)) + 2;
}

static void hints_of_commands(const struct ui *u, struct frame *f, int y)
{
	int x = 0;

	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < commands_count; i++) {
			const struct command *c = &commands[i];
			struct slice first;
			char key[24], shown[16];

			if (!c->hint || (c->group == GROUP_OTHER) != (pass == 0))
				continue;
			slice_cut(slice_of(c->keys), ' ', &first);
			slice_to_buf(first, key, sizeof(key));
			x = hint(f, x, y, key_shown(key, shown), c->hint, ui_refused(u, c) != NULL);
		}
}

static const char *const hint_pairs[][10] = {
	[MODE_HELP] = {"Esc", "back", "j k", "scroll", "PgDn", "page", "End", "end"},
	[MODE_COLUMNS] = {"Esc", "back", "j k", "move", "Space", "show or hide"},
	[MODE_WATCH] = {"Esc", "back", "Enter", "show in the table", "P", "ask all", "j k",
			"scroll"},
	[MODE_GROUP] = {"Esc", "back", "Enter", "show", "G", "next column", "P", "ask all"},
};
static const char *const prompt_pairs[PROMPT_KINDS][8] = {
	[PROMPT_SEARCH] = {"Enter", "search", "Esc", "leave", "Up", "earlier ones"},
	[PROMPT_FILTER] = {"Enter", "keep", "Esc", "the filter before", "Up", "earlier ones"},
	[PROMPT_COMMAND] = {"Enter", "do it", "Tab", "complete", "Esc", "leave"},
};

static void hints_of_pairs(struct frame *f, int y, const char *const *pairs)
{
	for (int x = 0; *pairs; pairs += 2)
		x = hint(f, x, y, pairs[0], pairs[1], false);
}

static void hints_of_ladder(const struct ui *u, struct frame *f, int y)
{
	const char *const pairs[] = {"Esc",    "back",   "j k",
				     "scroll", "L",      u->ladder_raw ? "ladder" : "as sent",
				     "t",      "ticket", NULL};

	hints_of_pairs(f, y, pairs);
}

/* The detail is about one binding: its neighbours, and what can be done with it. */
static void hints_of_detail(const struct ui *u, struct frame *f, int y)
{
	static const char *const keys[] = {"w", "p", "i", "x", "t", "?"};
	int x = hint(f, 0, y, "Esc", "back", false);

	x = hint(f, x, y, "j k", "scroll", false);
	x = hint(f, x, y, "h l", "next", false);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const struct command *c = command_by_key(keys[i]);

		x = hint(f, x, y, keys[i], c->hint, ui_refused(u, c) != NULL);
	}
}

static void hints_of_why(const struct ui *u, struct frame *f, int y)
{
	static const char *const running[] = {"Ctrl-C", "stop", "j k", "scroll", NULL};
	static const char *const keys[] = {"w", "a", "L", "i", "t", "?", "x"};
	static const char *const next[] = {
		[LADDER_NONE] = "messages", [LADDER_LINES] = "as sent", [LADDER_RAW] = "answer"};
	const char *const words[] = {"again", "others", next[u->why_ladder], "call", "ticket",
				     "help",  "purge"};
	struct ui_why why;
	int x;

	if (why_shown(u, &why) && !why.progress.over) {
		hints_of_pairs(f, y, running);
		return;
	}
	x = hint(f, 0, y, "Esc", "back", false);
	x = hint(f, x, y, "j k", "scroll", false);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const struct command *c = command_by_key(keys[i]);

		if (c)
			x = hint(f, x, y, keys[i], words[i], ui_refused(u, c) != NULL);
	}
}

static void hints_of_confirm(const struct ui *u, struct frame *f, int y)
{
	static const char *const one[] = {"y", "purge it", "any other key", "leave", NULL};
	static const char *const many[] = {"0-9",   "the number", "Enter",  "purge", "Esc",
					   "leave", "Up Down",    "scroll", NULL};
	static const char *const running[] = {"Ctrl-C", "stop", "Esc", "back, it goes on", NULL};
	static const char *const over[] = {"Esc", "back", "j k", "scroll", NULL};
	static const char *const offered[] = {"x",   "show and ask", "Esc", "back",
					      "j k", "scroll",       NULL};
	bool is_over = true;

	if (u->plan) {
		hints_of_pairs(f, y, u->plan->count == 1 ? one : many);
		return;
	}
	u->cfg.port.purge_plan_now(u->cfg.port.ctx, &is_over);
	hints_of_pairs(f, y,
		       !is_over                                     ? running
		       : u->cfg.port.purge_offered(u->cfg.port.ctx) ? offered
								    : over);
}

void hints_draw(const struct ui *u, struct frame *f, int y)
{
	if (u->prompt.kind != PROMPT_NONE)
		hints_of_pairs(f, y, prompt_pairs[u->prompt.kind]);
	else if (ui_mode(u) == MODE_CONFIRM)
		hints_of_confirm(u, f, y);
	else if (ui_mode(u) == MODE_CALL)
		hints_of_pairs(f, y, call_hints(u));
	else if (ui_mode(u) == MODE_TABLE)
		hints_of_commands(u, f, y);
	else if (ui_mode(u) == MODE_DETAIL)
		hints_of_detail(u, f, y);
	else if (ui_mode(u) == MODE_WHY)
		hints_of_why(u, f, y);
	else if (ui_mode(u) == MODE_LADDER)
		hints_of_ladder(u, f, y);
	else
		hints_of_pairs(f, y, hint_pairs[ui_mode(u)]);
}

bool hints_draw_candidates(const struct ui *u, struct frame *f, int y)
{
	struct slice typed = strbuf_slice(&u->prompt.text), word;
	int x = 0;

	slice_cut(typed, ' ', &word);
	for (size_t i = 0; word.n && i < commands_count; i++) {
		const struct command *c = &commands[i];

		if (strncmp(c->word, word.p, word.n) != 0 ||
		    (word.n < typed.n && c->word[word.n] != '\0'))
			continue;
		x = hint(f, x, y, c->word, c->arg ? c->arg : "", false);
	}
	return x > 0;
}
