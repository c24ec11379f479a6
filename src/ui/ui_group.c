/* What the keys do around the groups: count them by a column, move, show one, ask all of one. */
#include <stdlib.h>
#include "base/alloc.h"
#include "base/text.h"
#include "ui/ui_state.h"

/* G goes from one to the next: first what tells most of why phones are silent. */
static const enum column_id usual[] = {COL_NETWORK,    COL_PATH,      COL_SOCKET, COL_NODE,
				       COL_USER_AGENT, COL_TRANSPORT, COL_SOURCE, COL_DOMAIN,
				       COL_NEXT_HOP,   COL_VERDICT};
#define USUAL_COUNT ((int)(sizeof(usual) / sizeof(usual[0])))

/* A small table is counted at once: as much as a key may take. */
#define ROWS_AT_ONCE 16384

static void by_column(struct ui *u, enum column_id by, int64_t now_ms)
{
	tally_free(u->group.tally);
	u->group.tally = tally_new(u->cfg.view, u->cfg.store, by);
	u->group.by = by;
	free(u->group.cursor);
	u->group.cursor = NULL;
	u->group.at = u->group.top = 0;
	tally_work(u->group.tally, now_ms, ROWS_AT_ONCE);
}

void group_step(struct ui *u, int step, int64_t now_ms)
{
	int at = step > 0 ? -1 : USUAL_COUNT;

	for (int i = 0; i < USUAL_COUNT; i++)
		if (usual[i] == u->group.by)
			at = i;
	by_column(u, usual[(at + step + USUAL_COUNT) % USUAL_COUNT], now_ms);
}

void do_group(struct ui *u, const char *arg, int64_t now_ms)
{
	enum column_id by = u->group.by;
	char shown[40];

	if (arg && *arg) {
		by = column_by_name(slice_of(arg));
		text_clean_buf(slice_of(arg), shown, sizeof(shown));
		if (by == COL_NONE) {
			ui_say(u, true, "There is no column \"%s\"; c shows them.", shown);
			return;
		}
		if (tally_refused(by)) {
			ui_say(u, true, "Nothing can be grouped by %s: %s.", shown,
			       tally_refused(by));
			return;
		}
	} else if (!arg && ui_mode(u) == MODE_GROUP) {
		group_step(u, 1, now_ms);
		return;
	}
	by_column(u, by == COL_NONE ? usual[0] : by, now_ms);
	ui_push(u, MODE_GROUP);
}

bool ui_grouping(const struct ui *u)
{
	return ui_mode(u) == MODE_GROUP && u->group.tally && tally_busy(u->group.tally);
}

/* The cursor is a group, not a line. */
static void settle(struct ui *u)
{
	const struct tally *t = u->group.tally;
	size_t n = tally_count(t);

	for (size_t i = 0; u->group.cursor && i < n; i++)
		if (strcmp(tally_at(t, i)->raw, u->group.cursor) == 0) {
			u->group.at = i;
			return;
		}
	if (u->group.at >= n)
		u->group.at = n ? n - 1 : 0;
}

bool ui_group_on(struct ui *u, int64_t now_ms, size_t rows)
{
	if (ui_mode(u) != MODE_GROUP || !tally_work(u->group.tally, now_ms, rows))
		return false;
	settle(u);
	return true;
}

const struct tally_group *group_current(struct ui *u)
{
	return u->group.tally ? tally_at(u->group.tally, u->group.at) : NULL;
}

void group_move(struct ui *u, ptrdiff_t lines)
{
	size_t n = tally_count(u->group.tally);
	const struct tally_group *g;

	if (lines < 0 && (size_t)-lines > u->group.at)
		u->group.at = 0;
	else
		u->group.at += (size_t)lines;
	if (u->group.at >= n)
		u->group.at = n ? n - 1 : 0;
	g = group_current(u);
	free(u->group.cursor);
	u->group.cursor = g ? xstrdup(g->raw) : NULL;
}

void group_enter(struct ui *u)
{
	const struct tally_group *g = group_current(u);
	const char *was = view_filter(u->cfg.view);
	struct strbuf filter = STRBUF_INIT;
	struct err e = ERR_NONE;
	size_t at;

	if (!g || g->rest) {
		ui_say(u, false, g ? "These have nothing in common." : "There is no group yet.");
		return;
	}
	if (*was)
		strbuf_addf(&filter, "(%s) ", was);
	tally_filter(u->group.tally, g, &filter);
	if (view_set_filter(u->cfg.view, strbuf_slice(&filter), &at, &e) < 0) {
		ui_say_err(u, &e);
	} else {
		while (ui_mode(u) != MODE_TABLE)
			ui_pop(u);
		ui_say(u, false, "Only this group is shown; f changes the filter.");
	}
	strbuf_free(&filter);
}

void group_ask(struct ui *u)
{
	const struct tally_group *g = group_current(u);
	binding_id *ids;
	size_t n;

	if (!g) {
		ui_say(u, false, "There is no group yet.");
		return;
	}
	n = tally_members(u->group.tally, g, &ids);
	ui_ask_all(u, ids, n, "of this group");
	free(ids);
}
