/* The inspector's state and its reducer: keys in, frames out; what changes the world goes through
 * the port. */
#include "ui/ui.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/alloc.h"
#include "base/text.h"
#include "ui/ui_state.h"
#include "ui/views.h"

/* Below this a table says less than a sentence. */
#define MIN_WIDTH  40
#define MIN_HEIGHT 10
/* Long enough to read four lines. */
#define MESSAGE_MS 8000

static void columns_start(struct ui *u, const struct ui_config *cfg)
{
	u->cols_named = cfg->cols != NULL && cfg->col_count > 0;
	if (u->cols_named) {
		u->col_count = cfg->col_count < COL_COUNT ? cfg->col_count : COL_COUNT;
		memcpy(u->cols, cfg->cols, u->col_count * sizeof(u->cols[0]));
		return;
	}
	for (int c = 0; c < COL_COUNT; c++)
		if (columns[c].rank)
			u->cols[u->col_count++] = (enum column_id)c;
}

struct ui *ui_new(const struct ui_config *cfg)
{
	struct ui *u = xcalloc(1, sizeof(*u));

	u->cfg = *cfg;
	u->depth = 1;
	u->page = 1;
	u->group.by = COL_NONE;
	columns_start(u, cfg);
	table_layout(u, 80, &u->layout);
	if (cfg->first_words)
		ui_say(u, false, "%s", cfg->first_words);
	return u;
}

void ui_free(struct ui *u)
{
	if (!u)
		return;
	plan_free(u->plan);
	call_plan_free(u->call_plan);
	tally_free(u->group.tally);
	free(u->group.cursor);
	watch_end(u);
	prompt_free(&u->prompt);
	drawn_rows_free(u->drawn);
	free(u->filter_before);
	free(u);
}

void ui_say(struct ui *u, bool alert, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(u->message, sizeof(u->message), fmt, ap);
	va_end(ap);
	u->alert = alert;
	u->asking = u->news = false;
	u->message_ms = 0;
}

void ui_say_err(struct ui *u, const struct err *e)
{
	size_t n = strlen(e->what);
	bool open = n && e->what[n - 1] != '.' && e->what[n - 1] != '?';

	/* Two sentences, also where the first was written to stand alone. */
	ui_say(u, true, "%s%s%s", e->what, !e->hint[0] ? "" : open ? ". " : " ", e->hint);
}

enum ui_mode ui_mode(const struct ui *u)
{
	return u->modes[u->depth - 1];
}

void ui_push(struct ui *u, enum ui_mode m)
{
	if (ui_mode(u) != m && u->depth < UI_DEPTH)
		u->modes[u->depth++] = m;
}

void ui_pop(struct ui *u)
{
	if (u->depth > 1)
		u->depth--;
}

binding_id ui_current(struct ui *u)
{
	for (unsigned i = u->depth; i-- > 1;)
		if (u->modes[i] == MODE_LADDER)
			return store_has(u->cfg.store, u->ladder) ? u->ladder : 0;
		else if (u->modes[i] == MODE_WHY)
			return store_has(u->cfg.store, u->why) ? u->why : 0;
		else if (u->modes[i] == MODE_DETAIL)
			return store_has(u->cfg.store, u->detail) ? u->detail : 0;
	return view_cursor(u->cfg.view);
}

bool ui_is_frozen(const struct ui *u, size_t source)
{
	return source < u->cfg.source_count &&
	       u->cfg.sources[source]->status.state == SOURCE_FROZEN;
}

/* Before the first drawing nobody knows where the end is: scroll_fit() comes back to it. */
#define SCROLL_UNKNOWN_END 1000000

void scroll_by(struct scroll *s, ptrdiff_t delta)
{
	size_t last = s->lines > s->page ? s->lines - s->page : 0;

	if (s->lines == 0)
		last = SCROLL_UNKNOWN_END;
	if (delta < 0 && (size_t)-delta > s->top)
		s->top = 0;
	else
		s->top += (size_t)delta;
	if (s->top > last)
		s->top = last;
}

void scroll_fit(struct scroll *s, size_t lines, int page)
{
	s->lines = lines;
	s->page = page > 0 ? (size_t)page : 1;
	scroll_by(s, 0);
}

/* ---- keys --------------------------------------------------------------------------------- */

static bool all_frozen(const struct ui *u)
{
	for (size_t i = 0; i < u->cfg.source_count; i++)
		if (!ui_is_frozen(u, i))
			return false;
	return u->cfg.source_count > 0;
}

const char *ui_refused(const struct ui *u, const struct command *c)
{
	if ((c->run == do_ping || c->run == do_ping_all) && all_frozen(u))
		return "a snapshot is a picture, there is nobody to ask.";
	if (c->run == do_watch && all_frozen(u))
		return "a snapshot is a picture, nothing in it changes.";
	if (c->run == do_call)
		return all_frozen(u) ? "a snapshot is a picture, there is nobody to call."
				     : u->cfg.port.call_refused(u->cfg.port.ctx);
	return c->changes ? u->cfg.port.purge_refused(u->cfg.port.ctx) : NULL;
}

static void run(struct ui *u, const struct command *c, const char *arg, int64_t now_ms)
{
	const char *why = ui_refused(u, c);

	if (why)
		ui_say(u, true, "%s is not possible: %s%s", c->word, why,
		       strchr(".?", why[strlen(why) - 1]) ? "" : ".");
	else
		c->run(u, arg, now_ms);
}

/* Over help and column chooser only moving and the way out mean something. */
static bool allowed_here(const struct ui *u, const struct command *c)
{
	if (ui_mode(u) == MODE_TABLE || ui_mode(u) == MODE_DETAIL)
		return true;
	if (ui_mode(u) == MODE_WHY &&
	    (c->group == GROUP_ACT || c->group == GROUP_RECORD || c->run == do_help ||
	     c->run == do_command || c->run == do_ladder || c->run == do_watch))
		return true;
	if (ui_mode(u) == MODE_LADDER && (c->run == do_ladder || c->run == do_detail ||
					  c->run == do_ticket || c->run == do_help))
		return true;
	if (ui_mode(u) == MODE_GROUP &&
	    (c->run == do_group || c->run == do_detail || c->run == do_sort ||
	     c->run == do_sort_left || c->run == do_ping_all || c->run == do_filter ||
	     c->run == do_refresh || c->run == do_help || c->run == do_command))
		return true;
	if (ui_mode(u) == MODE_WATCH &&
	    (c->run == do_watch || c->run == do_watches || c->run == do_detail ||
	     c->run == do_ping_all || c->run == do_help || c->run == do_command))
		return true;
	return c->group == GROUP_MOVE || c->run == do_back || c->run == do_quit ||
	       c->run == do_redraw || c->run == do_suspend || c->run == do_cancel;
}

static void list_key(struct ui *u, const char *key, int64_t now_ms)
{
	const struct command *c = command_by_key(key);

	if (ui_mode(u) == MODE_COLUMNS && (strcmp(key, "space") == 0 || strcmp(key, "enter") == 0))
		chooser_toggle(u);
	else if ((c && c->run == do_help && ui_mode(u) == MODE_HELP) ||
		 (c && c->run == do_columns && ui_mode(u) == MODE_COLUMNS))
		ui_pop(u);
	else if (c && allowed_here(u, c))
		run(u, c, NULL, now_ms);
	else if (ui_mode(u) == MODE_WHY || ui_mode(u) == MODE_LADDER)
		ui_say(u, false, "Esc goes back; ? shows the keys.");
	else
		ui_say(u, false, "Esc goes back to the table.");
}

/* Pasted text may stand in a prompt; it must never press a command. True: the key is dealt with. */
static bool paste_key(struct ui *u, const char **key)
{
	if (strcmp(*key, "paste") == 0 || strcmp(*key, "paste-end") == 0) {
		u->pasting = strcmp(*key, "paste") == 0;
		return true;
	}
	if (!u->pasting)
		return false;
	if (strcmp(*key, "enter") == 0 || strcmp(*key, "tab") == 0)
		*key = "space";
	if (u->prompt.kind != PROMPT_NONE)
		return false;
	ui_say(u, false, "Pasted text is taken only at a prompt.");
	return true;
}

void ui_key(struct ui *u, const char *key, int64_t now_ms)
{
	const struct command *c;
	struct ping_progress s;

	/* Who types at a prompt has not seen it yet. */
	if (!u->news || u->prompt.kind == PROMPT_NONE) {
		u->message[0] = '\0';
		u->alert = u->news = false;
	}
	ui_sweep(u, &s);
	u->sweep_told |= sweep_open(&s) == 0;
	if (paste_key(u, &key))
		return;
	if (strcmp(key, "ctrl-l") == 0) {
		do_redraw(u, NULL, now_ms);
	} else if (strcmp(key, "ctrl-z") == 0) {
		do_suspend(u, NULL, now_ms);
	} else if (u->prompt.kind != PROMPT_NONE) {
		prompt_run_key(u, key, now_ms);
	} else if (ui_mode(u) == MODE_CONFIRM) {
		confirm_key(u, key, now_ms);
	} else if (ui_mode(u) == MODE_CALL) {
		call_key(u, key, now_ms);
	} else if (ui_mode(u) == MODE_HELP || ui_mode(u) == MODE_COLUMNS ||
		   ui_mode(u) == MODE_WHY || ui_mode(u) == MODE_LADDER ||
		   ui_mode(u) == MODE_GROUP || ui_mode(u) == MODE_WATCH) {
		list_key(u, key, now_ms);
	} else {
		c = command_by_key(key);
		if (!c || (c->run != do_next && c->run != do_previous))
			ui_search_stop(u);
		if (c)
			run(u, c, NULL, now_ms);
		else
			ui_say(u, false, "This key does nothing here; ? shows those that do.");
	}
}

/* The command of this word, or the only one that begins with it. */
static const struct command *find_word(struct slice word, struct err *e)
{
	const struct command *found = command_by_word(word);
	char shown[40], names[160] = "";
	size_t n = 0, hits = 0;

	for (size_t i = 0; !found && word.n && i < commands_count; i++) {
		if (strncmp(commands[i].word, word.p, word.n) != 0)
			continue;
		if (hits++ < 6)
			n += (size_t)snprintf(names + n, sizeof(names) - n, "%s%s", n ? ", " : "",
					      commands[i].word);
	}
	if (found)
		return found;
	for (size_t i = 0; hits == 1 && i < commands_count; i++)
		if (strncmp(commands[i].word, word.p, word.n) == 0)
			return &commands[i];
	text_clean_buf(word, shown, sizeof(shown));
	if (hits)
		err_set(e, -EINVAL, NULL, "\"%s\" may be %s.", shown, names);
	else
		err_set(e, -EINVAL, "? shows them.", "There is no command \"%s\".", shown);
	return NULL;
}

int ui_command(struct ui *u, const char *line, int64_t now_ms, struct err *e)
{
	struct slice word, rest = slice_trim(slice_of(line));
	const struct command *c;
	const char *why;
	char *arg;

	rest = slice_trim(slice_cut(rest, ' ', &word));
	c = find_word(word, e);
	if (!c)
		return -EINVAL;
	if (rest.n && !c->arg)
		return err_set(e, -EINVAL, NULL, "%s takes nothing after it.", c->word);
	if (!allowed_here(u, c))
		return err_set(e, -EBUSY, "Esc goes back to the table.", "%s is not possible here.",
			       c->word);
	why = ui_refused(u, c);
	if (why)
		return err_set(e, -EPERM, NULL, "%s is not possible: %s", c->word, why);
	arg = slice_copy(rest);
	c->run(u, arg, now_ms);
	free(arg);
	return 0;
}

/* ---- drawing ------------------------------------------------------------------------------ */

static void draw_too_small(struct frame *f)
{
	struct area all = {0, f->height};

	put_wrapped(
		f, all, 0, 0, f->width, ROLE_TEXT,
		SLICE_LIT("regtop needs 40 columns and 10 lines; make the window larger, or use "
			  "regtop list."));
}

/* What was said to a key goes by itself, so that the line of the verdict comes back; what is wrong
 * stays until the next key. */
static void message_age(struct ui *u, int64_t now_ms)
{
	struct ping_progress s;

	if (!u->message[0] || u->alert || u->news)
		return;
	if (!u->message_ms || now_ms < u->message_ms)
		u->message_ms = now_ms;
	ui_sweep(u, &s);
	if ((u->asking && sweep_open(&s) == 0) || now_ms - u->message_ms >= MESSAGE_MS)
		u->message[0] = '\0';
}

/* What was there at the first complete picture is not news. */
static void baselines_update(struct ui *u)
{
	for (size_t i = 0; i < u->cfg.source_count && i < UI_SOURCES; i++) {
		const struct source_status *st = &u->cfg.sources[i]->status;

		if (!u->baseline_s[i] && st->read_ms > 0)
			u->baseline_s[i] = st->read_ms / 1000;
	}
}

void ui_draw(struct ui *u, struct frame *f, int64_t now_ms)
{
	struct area body = {.y = 2};

	frame_clear(f);
	if (f->width < MIN_WIDTH || f->height < MIN_HEIGHT) {
		draw_too_small(f);
		return;
	}
	baselines_update(u);
	message_age(u, now_ms);
	body.height = f->height - 3 - status_message_lines(u, f);
	switch (ui_mode(u)) {
	case MODE_TABLE:
		table_draw(u, f, body, now_ms);
		break;
	case MODE_DETAIL:
		detail_draw(u, f, body, now_ms);
		break;
	case MODE_HELP:
		help_draw(u, f, body);
		break;
	case MODE_COLUMNS:
		chooser_draw(u, f, body);
		break;
	case MODE_WHY:
		why_draw(u, f, body);
		break;
	case MODE_GROUP:
		group_draw(u, f, body);
		break;
	case MODE_WATCH:
		watch_draw(u, f, body, now_ms);
		break;
	case MODE_CONFIRM:
		confirm_draw(u, f, body, now_ms);
		break;
	case MODE_CALL:
		call_draw(u, f, body, now_ms);
		break;
	case MODE_LADDER:
		ladder_draw(u, f, body);
		break;
	}
	status_draw_top(u, f, now_ms);
	status_draw_bottom(u, f, now_ms);
}

const binding_id *ui_drawn(const struct ui *u, size_t *n)
{
	return drawn_rows_ids(u->drawn, n);
}

int64_t ui_next_change_ms(const struct ui *u, int64_t now_ms)
{
	(void)u;
	/* Countdowns and the age of the picture tell whole seconds. */
	return (now_ms / 1000 + 1) * 1000;
}
