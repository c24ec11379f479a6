/* What the keys that look around do: moving, searching, filtering, sorting, choosing columns. */
#include <stdlib.h>
#include "base/alloc.h"
#include "base/text.h"
#include "ui/ui_state.h"
#include "ui/views.h"

/* ---- moving ------------------------------------------------------------------------------- */

static struct scroll *list_here(struct ui *u)
{
	switch (ui_mode(u)) {
	case MODE_DETAIL:
		return &u->detail_scroll;
	case MODE_WHY:
		return &u->why_scroll;
	case MODE_CALL:
		return &u->call_scroll;
	case MODE_LADDER:
		return &u->ladder_scroll;
	case MODE_WATCH:
		return &u->watching.scroll;
	case MODE_HELP:
		return &u->help_scroll;
	case MODE_CONFIRM:
		return &u->confirm_scroll;
	default:
		return NULL;
	}
}

static void chooser_move(struct ui *u, ptrdiff_t delta)
{
	if (delta < 0 && (size_t)-delta > u->chooser_at)
		u->chooser_at = 0;
	else
		u->chooser_at += (size_t)delta;
	if (u->chooser_at >= COL_COUNT)
		u->chooser_at = COL_COUNT - 1;
}

static void move(struct ui *u, ptrdiff_t lines)
{
	if (ui_mode(u) == MODE_TABLE)
		view_move_cursor(u->cfg.view, lines);
	else if (ui_mode(u) == MODE_COLUMNS)
		chooser_move(u, lines);
	else if (ui_mode(u) == MODE_GROUP)
		group_move(u, lines);
	else
		scroll_by(list_here(u), lines);
}

static ptrdiff_t page_here(struct ui *u)
{
	struct scroll *s = list_here(u);

	if (ui_mode(u) == MODE_COLUMNS)
		s = &u->chooser_scroll;
	if (ui_mode(u) == MODE_GROUP)
		return (ptrdiff_t)u->group.page;
	return (ptrdiff_t)(s ? s->page : u->page);
}

#define MOVE(name, lines)                                                                          \
	void name(struct ui *u, const char *arg, int64_t now_ms)                                   \
	{                                                                                          \
		(void)arg;                                                                         \
		(void)now_ms;                                                                      \
		move(u, lines);                                                                    \
	}

/* Far enough for any list, and no overflow when added to a position. */
#define ALL_THE_WAY (PTRDIFF_MAX / 4)

MOVE(do_down, 1)
MOVE(do_up, -1)
MOVE(do_page_down, page_here(u))
MOVE(do_page_up, -page_here(u))
MOVE(do_half_down, (page_here(u) + 1) / 2)
MOVE(do_half_up, -((page_here(u) + 1) / 2))
MOVE(do_first, -ALL_THE_WAY)
MOVE(do_last, ALL_THE_WAY)

/* In the detail, left and right walk through the bindings. */
static void sideways(struct ui *u, int step)
{
	if (ui_mode(u) == MODE_DETAIL) {
		view_move_cursor(u->cfg.view, step);
		u->detail = view_cursor(u->cfg.view);
		u->detail_scroll = (struct scroll){0};
	} else if (ui_mode(u) == MODE_TABLE) {
		if (step > 0 && u->layout.right > 0)
			u->col_scroll++;
		else if (step < 0 && u->col_scroll > 0)
			u->col_scroll--;
	}
}

void do_left(struct ui *u, const char *arg, int64_t now_ms)
{
	(void)arg;
	(void)now_ms;
	sideways(u, -1);
}

void do_right(struct ui *u, const char *arg, int64_t now_ms)
{
	(void)arg;
	(void)now_ms;
	sideways(u, 1);
}

/* ---- searching ---------------------------------------------------------------------------- */

static bool row_shows(const struct ui *u, binding_id id, struct slice text, int64_t now_ms,
		      struct strbuf *buf)
{
	struct row r;

	if (!view_row(u->cfg.view, id, now_ms, &r))
		return false;
	for (size_t i = 0; i < u->layout.count; i++) {
		strbuf_clear(buf);
		column_show(u->layout.cols[i].id, &r, u->cfg.ascii_only, buf);
		if (slice_find_icase(strbuf_slice(buf), text) >= 0)
			return true;
	}
	return false;
}

/* Where the search goes on from: the row that was looked at last, or the place where it was. */
static size_t hunt_place(const struct ui *u, size_t count)
{
	ptrdiff_t at = view_index(u->cfg.view, u->hunt.last);

	if (at >= 0)
		return (size_t)at;
	return u->hunt.at < count ? u->hunt.at : count - 1;
}

static void hunt_end(struct ui *u, bool found)
{
	u->hunt.left = 0;
	if (found)
		view_set_cursor(u->cfg.view, u->hunt.last);
	if (!found)
		ui_say(u, true, "No row shows \"%s\".", u->search);
	else if (u->hunt.wrapped)
		ui_say(u, false, "Went round the end of the table.");
	else
		u->message[0] = '\0';
}

static void hunt_step(struct ui *u, size_t count)
{
	if (u->hunt.step > 0)
		u->hunt.at = u->hunt.at + 1 < count ? u->hunt.at + 1 : 0;
	else
		u->hunt.at = (u->hunt.at ? u->hunt.at : count) - 1;
	u->hunt.wrapped |= u->hunt.at == (u->hunt.step > 0 ? 0 : count - 1);
	u->hunt.last = view_at(u->cfg.view, u->hunt.at);
	u->hunt.left--;
}

bool ui_searching(const struct ui *u)
{
	return u->hunt.left > 0;
}

bool ui_search_on(struct ui *u, int64_t now_ms)
{
	struct slice text = slice_of(u->search);
	size_t count = view_count(u->cfg.view);
	struct strbuf buf = STRBUF_INIT;
	bool found = false;

	if (count == 0 || u->hunt.left == 0) {
		u->hunt.left = 0;
		return true;
	}
	u->hunt.at = hunt_place(u, count);
	if (u->hunt.left > count)
		u->hunt.left = count;
	for (size_t i = 0; i < UI_SEARCH_ROWS && u->hunt.left && !found; i++) {
		hunt_step(u, count);
		found = row_shows(u, u->hunt.last, text, now_ms, &buf);
	}
	strbuf_free(&buf);
	if (found || u->hunt.left == 0)
		hunt_end(u, found);
	return u->hunt.left == 0;
}

static void search_from(struct ui *u, int step, int64_t now_ms)
{
	/* The same key again does not begin anew what is under way. */
	if (u->hunt.left && u->hunt.step == step && u->hunt.searches == u->searches) {
		ui_say(u, false, "Searching for \"%s\".", u->search);
		return;
	}
	u->hunt.step = step;
	u->hunt.searches = u->searches;
	u->hunt.wrapped = false;
	u->hunt.last = view_cursor(u->cfg.view);
	u->hunt.at = 0;
	u->hunt.left = view_count(u->cfg.view);
	if (u->hunt.left == 0)
		ui_say(u, true, "No row shows \"%s\".", u->search);
	else if (!ui_search_on(u, now_ms))
		ui_say(u, false, "Searching for \"%s\".", u->search);
}

void ui_search_stop(struct ui *u)
{
	u->hunt.left = 0;
}

static void search_or_ask(struct ui *u, int step, int64_t now_ms)
{
	if (!u->search[0])
		ui_say(u, false, "There is nothing to search for yet; / asks for it.");
	else if (ui_mode(u) == MODE_TABLE)
		search_from(u, step, now_ms);
}

void do_next(struct ui *u, const char *arg, int64_t now_ms)
{
	(void)arg;
	search_or_ask(u, 1, now_ms);
}

void do_previous(struct ui *u, const char *arg, int64_t now_ms)
{
	(void)arg;
	search_or_ask(u, -1, now_ms);
}

static void search_set(struct ui *u, const char *text, int64_t now_ms)
{
	if (*text)
		slice_to_buf(slice_of(text), u->search, sizeof(u->search));
	u->searches++;
	search_or_ask(u, 1, now_ms);
}

void do_search(struct ui *u, const char *arg, int64_t now_ms)
{
	while (ui_mode(u) != MODE_TABLE)
		ui_pop(u);
	if (arg && *arg)
		search_set(u, arg, now_ms);
	else
		prompt_open(&u->prompt, PROMPT_SEARCH, "");
}

/* ---- filtering ---------------------------------------------------------------------------- */

/* The last good filter stays in force while the text does not parse. */
static void filter_try(struct ui *u, const char *text)
{
	err_clear(&u->filter_error);
	u->filter_at = 0;
	view_set_filter(u->cfg.view, slice_of(text), &u->filter_at, &u->filter_error);
}

void do_filter(struct ui *u, const char *arg, int64_t now_ms)
{
	(void)now_ms;
	while (ui_mode(u) != MODE_TABLE)
		ui_pop(u);
	err_clear(&u->filter_error);
	if (arg) {
		filter_try(u, arg);
		if (u->filter_error.code)
			ui_say(u, true, "%s (at column %zu; the filter before stays.)",
			       u->filter_error.what, u->filter_at + 1);
		return;
	}
	free(u->filter_before);
	u->filter_before = xstrdup(view_filter(u->cfg.view));
	prompt_open(&u->prompt, PROMPT_FILTER, u->filter_before);
}

/* ---- the prompts -------------------------------------------------------------------------- */

static void prompt_done(struct ui *u, int64_t now_ms)
{
	enum prompt_kind kind = u->prompt.kind;
	char *line;

	/* A filter that does not parse keeps its prompt, with the place shown where it broke. */
	if (kind == PROMPT_FILTER && u->filter_error.code)
		return;
	line = xstrdup(strbuf_str(&u->prompt.text));
	prompt_close(&u->prompt, true);
	if (kind == PROMPT_SEARCH) {
		search_set(u, line, now_ms);
	} else if (kind == PROMPT_COMMAND && line[strspn(line, " ")]) {
		struct err e = ERR_NONE;

		if (ui_command(u, line, now_ms, &e) < 0)
			ui_say_err(u, &e);
	}
	free(line);
}

static void prompt_left(struct ui *u)
{
	if (u->prompt.kind == PROMPT_FILTER)
		filter_try(u, u->filter_before);
	prompt_close(&u->prompt, false);
}

/* Tab at ':': as much of the word as all commands that begin so have in common. */
static void prompt_complete(struct ui *u)
{
	struct slice typed = strbuf_slice(&u->prompt.text);
	struct slice common = SLICE_NONE;
	char word[48];
	size_t hits = 0;

	if (u->prompt.kind != PROMPT_COMMAND || slice_find_char(typed, ' ') >= 0)
		return;
	for (size_t i = 0; i < commands_count; i++) {
		struct slice w = slice_of(commands[i].word);

		if (w.n < typed.n || memcmp(w.p, typed.p, typed.n) != 0)
			continue;
		if (hits++ == 0)
			common = w;
		while (common.n > w.n || memcmp(common.p, w.p, common.n) != 0)
			common.n--;
	}
	if (!hits)
		return;
	slice_to_buf(common, word, sizeof(word) - 1);
	if (hits == 1)
		word[common.n] = ' ', word[common.n + 1] = '\0';
	prompt_set(&u->prompt, word);
}

void prompt_run_key(struct ui *u, const char *key, int64_t now_ms)
{
	switch (prompt_key(&u->prompt, key)) {
	case PROMPT_EDITED:
		if (u->prompt.kind == PROMPT_FILTER)
			filter_try(u, strbuf_str(&u->prompt.text));
		break;
	case PROMPT_DONE:
		prompt_done(u, now_ms);
		break;
	case PROMPT_LEFT:
		prompt_left(u);
		break;
	case PROMPT_COMPLETE:
		prompt_complete(u);
		break;
	case PROMPT_MOVED:
	case PROMPT_IGNORED:
		break;
	}
}

/* ---- sorting and columns ------------------------------------------------------------------ */

/* The neighbour of the sorted column among those in sight; heading and state line show it. */
static void sort_step(struct ui *u, int step)
{
	bool reverse;
	enum column_id now = view_sort(u->cfg.view, &reverse);
	ptrdiff_t at = -1, count = (ptrdiff_t)u->layout.count;

	for (ptrdiff_t i = 0; i < count; i++)
		if (u->layout.cols[i].id == now)
			at = i;
	at = at < 0 ? 0 : (at + step + count) % count;
	view_set_sort(u->cfg.view, u->layout.cols[at].id, reverse);
}

void do_sort(struct ui *u, const char *arg, int64_t now_ms)
{
	enum column_id col = arg && *arg ? column_by_name(slice_of(arg)) : COL_NONE;
	char shown[40];
	bool reverse;

	if (!arg && ui_mode(u) == MODE_GROUP) {
		group_step(u, 1, now_ms);
		return;
	}
	if (!arg) {
		sort_step(u, 1);
		return;
	}
	if (col == COL_NONE) {
		text_clean_buf(slice_of(arg), shown, sizeof(shown));
		ui_say(u, true, "There is no column \"%s\"; c shows them.", shown);
		return;
	}
	view_sort(u->cfg.view, &reverse);
	view_set_sort(u->cfg.view, col, reverse);
}

void do_sort_left(struct ui *u, const char *arg, int64_t now_ms)
{
	(void)arg;
	if (ui_mode(u) == MODE_GROUP)
		group_step(u, -1, now_ms);
	else
		sort_step(u, -1);
}

void do_reverse(struct ui *u, const char *arg, int64_t now_ms)
{
	bool reverse;
	enum column_id col = view_sort(u->cfg.view, &reverse);

	(void)arg;
	(void)now_ms;
	view_set_sort(u->cfg.view, col, !reverse);
}

void do_columns(struct ui *u, const char *arg, int64_t now_ms)
{
	enum column_id named[COL_COUNT];
	struct err e = ERR_NONE;
	int n;

	(void)now_ms;
	if (!arg || !*arg) {
		ui_push(u, MODE_COLUMNS);
		return;
	}
	n = columns_parse(slice_of(arg), named, &e);
	if (n < 0) {
		ui_say_err(u, &e);
		return;
	}
	memcpy(u->cols, named, (size_t)n * sizeof(named[0]));
	u->col_count = (size_t)n;
	u->cols_named = true;
	u->col_scroll = 0;
}

/* A column that is switched on comes behind those that are there. */
void chooser_toggle(struct ui *u)
{
	enum column_id id = (enum column_id)u->chooser_at;

	u->col_scroll = 0;
	for (size_t i = 0; i < u->col_count; i++) {
		if (u->cols[i] != id)
			continue;
		if (u->col_count == 1) {
			ui_say(u, true, "The last column stays.");
			return;
		}
		memmove(u->cols + i, u->cols + i + 1, (--u->col_count - i) * sizeof(u->cols[0]));
		u->cols_named = true;
		return;
	}
	u->cols[u->col_count++] = id;
	u->cols_named = true;
}

/* ---- the rest ----------------------------------------------------------------------------- */

void do_detail(struct ui *u, const char *arg, int64_t now_ms)
{
	binding_id id = ui_current(u);

	(void)arg;
	(void)now_ms;
	if (ui_mode(u) == MODE_GROUP) {
		group_enter(u);
		return;
	}
	if (ui_mode(u) == MODE_WATCH) {
		watch_enter(u);
		return;
	}
	if (ui_mode(u) != MODE_TABLE)
		return;
	if (!id) {
		ui_say(u, false, "There is no binding to show.");
		return;
	}
	u->detail = id;
	u->detail_scroll = (struct scroll){0};
	ui_push(u, MODE_DETAIL);
}

void do_freeze(struct ui *u, const char *arg, int64_t now_ms)
{
	bool on = !view_frozen(u->cfg.view);

	(void)arg;
	(void)now_ms;
	view_freeze(u->cfg.view, on);
	ui_say(u, false,
	       on ? "The order is frozen: rows keep their places." : "The order goes on.");
}

void do_help(struct ui *u, const char *arg, int64_t now_ms)
{
	(void)arg;
	(void)now_ms;
	u->help_scroll = (struct scroll){0};
	ui_push(u, MODE_HELP);
}
