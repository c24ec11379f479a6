/* What the keys do around a workup: begin it, stop it, ask the neighbours, write it down. */
#include "ui/ui_state.h"

/* So many phones of the same source network are asked by one key. */
#define NEIGHBOURS 5

bool why_shown(const struct ui *u, struct ui_why *out)
{
	return ui_mode(u) == MODE_WHY && u->cfg.port.why_now(u->cfg.port.ctx, out);
}

static void begin(struct ui *u, unsigned neighbours)
{
	binding_id id = ui_current(u);
	struct err e = ERR_NONE;

	if (!id) {
		ui_say(u, false,
		       ui_mode(u) == MODE_WHY ? "This binding is gone: Esc goes back."
					      : "There is no binding to work up.");
		return;
	}
	if (u->cfg.port.why(u->cfg.port.ctx, id, neighbours, &e) < 0) {
		ui_say_err(u, &e);
		return;
	}
	u->why = id;
	u->why_ladder = LADDER_NONE;
	u->why_scroll = (struct scroll){0};
	ui_push(u, MODE_WHY);
}

void do_why(struct ui *u, const char *arg, int64_t now_ms)
{
	(void)arg;
	(void)now_ms;
	begin(u, 0);
}

void do_neighbours(struct ui *u, const char *arg, int64_t now_ms)
{
	(void)arg;
	(void)now_ms;
	begin(u, NEIGHBOURS);
}

void why_ladder(struct ui *u)
{
	u->why_ladder = u->why_ladder == LADDER_RAW ? LADDER_NONE : u->why_ladder + 1;
	u->why_scroll = (struct scroll){0};
}

bool why_put_away(struct ui *u)
{
	if (ui_mode(u) != MODE_WHY || u->why_ladder == LADDER_NONE)
		return false;
	u->why_ladder = LADDER_NONE;
	u->why_scroll = (struct scroll){0};
	return true;
}

bool why_stop(struct ui *u)
{
	struct ui_why why;

	if (!why_shown(u, &why) || why.progress.over)
		return false;
	u->cfg.port.why_cancel(u->cfg.port.ctx);
	ui_say(u, false, "Stopped: this is what was found until then. w asks again.");
	return true;
}

void why_leave(struct ui *u)
{
	struct ui_why why;

	if (why_put_away(u))
		return;
	if (why_shown(u, &why) && !why.progress.over)
		u->cfg.port.why_cancel(u->cfg.port.ctx);
	ui_pop(u);
}

void why_ticket(struct ui *u)
{
	struct err e = ERR_NONE;
	char path[256] = "";

	if (u->cfg.port.why_ticket(u->cfg.port.ctx, u->why_ladder, path, &e) < 0)
		ui_say_err(u, &e);
	else
		ui_say(u, false, "The workup, redacted for a ticket, is in %s.", path);
}
