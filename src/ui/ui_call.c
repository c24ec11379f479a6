/* What the keys do around a test call: the plan and its kind, the question, the end; and the
 * ladder.
 */
#include <stdio.h>
#include "base/text.h"
#include "ui/ui_state.h"

bool call_shown(const struct ui *u, struct ui_call *out)
{
	return u->cfg.port.call_now(u->cfg.port.ctx, out);
}

static bool under_way(const struct ui *u)
{
	struct ui_call call;

	return call_shown(u, &call) && !call.over;
}

/* ---- the plan ---------------------------------------------------------------------------------
 */

static bool rings(enum call_kind k)
{
	return k == CALL_RING || k == CALL_SWITCH;
}

static void drop_plan(struct ui *u)
{
	call_plan_free(u->call_plan);
	u->call_plan = NULL;
	u->call_answer[0] = '\0';
}

/* Plans this order for the binding; false, with the reason said, when it is refused. */
static bool plan(struct ui *u, binding_id id, const struct call_order *o)
{
	struct err e = ERR_NONE;
	struct call_plan *made = u->cfg.port.call_plan(u->cfg.port.ctx, id, o, &e);

	if (!made) {
		ui_say_err(u, &e);
		return false;
	}
	drop_plan(u);
	u->call_plan = made;
	u->call_order = *o;
	return true;
}

/* "ring 6 ticket 4711": a kind, seconds or bytes, a reason; each may be missing. */
static bool order_read(struct ui *u, const char *arg, struct call_order *o)
{
	struct slice word, rest = slice_trim(slice_of(arg)), more;
	uint64_t n;

	*o = (struct call_order){.kind = CALL_QUIET, .reason = u->call_reason};
	u->call_reason[0] = '\0';
	if (!rest.n)
		return true;
	rest = slice_trim(slice_cut(rest, ' ', &word));
	o->kind = CALL_KINDS;
	for (int k = 0; k < CALL_KINDS; k++)
		if (slice_eq_str(word, call_kind_word((enum call_kind)k)))
			o->kind = (enum call_kind)k;
	if (o->kind == CALL_KINDS) {
		ui_say(u, true, "The kinds of test calls are quiet, ring, switch and padded.");
		return false;
	}
	more = slice_trim(slice_cut(rest, ' ', &word));
	if (slice_to_u64(word, CALL_PAD_MOST, &n) && o->kind != CALL_QUIET) {
		if (rings(o->kind))
			o->ring_s = (unsigned)n;
		else
			o->pad_to = (unsigned)n;
		rest = more;
	}
	text_clean_buf(rest, u->call_reason, sizeof(u->call_reason));
	return true;
}

/* Refused, as the same kind is so soon behind the last call: what that found is shown, where Tab
 * leads to another kind. */
static void show_last(struct ui *u, binding_id id)
{
	struct ui_call call;

	if (call_shown(u, &call) && call.plan->id == id)
		ui_push(u, MODE_CALL);
}

void do_call(struct ui *u, const char *arg, int64_t now_ms)
{
	binding_id id = ui_current(u);
	struct call_order o;

	(void)now_ms;
	if (under_way(u)) {
		drop_plan(u);
		ui_push(u, MODE_CALL);
		return;
	}
	if (!id) {
		ui_say(u, false, "There is no binding to call.");
		return;
	}
	if (!order_read(u, arg ? arg : "", &o))
		return;
	if (!plan(u, id, &o)) {
		show_last(u, id);
		return;
	}
	u->call_scroll = (struct scroll){0};
	ui_push(u, MODE_CALL);
}

/* The next kind that can be planned; what cannot says why, and the one after it is for the next
 * key. */
static void other_kind(struct ui *u, int step)
{
	struct call_order o = u->call_order;
	binding_id id = u->call_plan->id;

	o.kind = (enum call_kind)((o.kind + CALL_KINDS + step) % CALL_KINDS);
	o.pad_to = 0;
	if (!plan(u, id, &o))
		u->call_order.kind = o.kind;
	u->call_answer[0] = '\0';
}

static void other_length(struct ui *u, int step)
{
	struct call_order o = u->call_order;
	int s = (int)u->call_plan->ring_s + step;

	if (!rings(u->call_plan->kind)) {
		ui_say(u, false, "This kind does not ring; Tab takes another one.");
		return;
	}
	o.kind = u->call_plan->kind;
	o.ring_s = (unsigned)(s < 1 ? 1 : s > CALL_RING_MOST_S ? CALL_RING_MOST_S : s);
	plan(u, u->call_plan->id, &o);
}

/* ---- the question -----------------------------------------------------------------------------
 */

static void run_plan(struct ui *u)
{
	struct call_plan *take = u->call_plan;
	struct err e = ERR_NONE;

	u->call_plan = NULL;
	u->call_answer[0] = '\0';
	u->call_ending = false;
	u->call_scroll = (struct scroll){0};
	if (u->cfg.port.call_run(u->cfg.port.ctx, take, &e) < 0) {
		ui_pop(u);
		ui_say_err(u, &e);
	}
}

static void leave_question(struct ui *u, const char *why)
{
	drop_plan(u);
	ui_pop(u);
	ui_say(u, why[0] != '\0', "Nobody was called%s%s.", why[0] ? ": " : "", why);
}

/* Keys that shape the plan; true: it was one. */
static bool shape_key(struct ui *u, const char *key)
{
	if (strcmp(key, "tab") == 0 || strcmp(key, "right") == 0)
		other_kind(u, 1);
	else if (strcmp(key, "backtab") == 0 || strcmp(key, "left") == 0)
		other_kind(u, -1);
	else if (strcmp(key, "up") == 0)
		other_length(u, 1);
	else if (strcmp(key, "down") == 0)
		other_length(u, -1);
	else if (strcmp(key, "pgdn") == 0)
		scroll_by(&u->call_scroll, (ptrdiff_t)u->call_scroll.page);
	else if (strcmp(key, "pgup") == 0)
		scroll_by(&u->call_scroll, -(ptrdiff_t)u->call_scroll.page);
	else
		return false;
	return true;
}

/* One byte of a name less, or the whole character. */
static void answer_cut(struct ui *u)
{
	size_t n = strlen(u->call_answer);

	while (n && ((unsigned char)u->call_answer[n - 1] & 0xc0) == 0x80)
		n--;
	if (n)
		n--;
	u->call_answer[n] = '\0';
}

/* In quiet hours the user of the AoR is typed, and Enter hands it in. */
static void quiet_hours_key(struct ui *u, const char *key)
{
	size_t n = strlen(u->call_answer), more = strlen(key);
	size_t len;

	text_decode(slice_of(key), &len);
	if (strcmp(key, "esc") == 0 || strcmp(key, "ctrl-c") == 0) {
		leave_question(u, "");
	} else if (strcmp(key, "bs") == 0) {
		answer_cut(u);
	} else if (strcmp(key, "ctrl-u") == 0) {
		u->call_answer[0] = '\0';
	} else if (strcmp(key, "enter") == 0) {
		if (!n)
			ui_say(u, false, "Type the user of the AoR and Enter, or Esc to leave.");
		else if (call_plan_confirmed(u->call_plan, u->call_answer))
			run_plan(u);
		else
			leave_question(u, "that was not the user of the AoR");
	} else if (more == len && n + more < sizeof(u->call_answer)) {
		memcpy(u->call_answer + n, key, more + 1);
	}
}

static void ask_key(struct ui *u, const char *key)
{
	if (shape_key(u, key))
		return;
	if (u->call_plan->in_quiet_hours)
		quiet_hours_key(u, key);
	else if (call_plan_confirmed(u->call_plan, key))
		run_plan(u);
	else
		leave_question(u, "");
}

/* ---- the call ---------------------------------------------------------------------------------
 */

bool call_stop(struct ui *u)
{
	if (!under_way(u))
		return false;
	u->call_ending = true;
	u->cfg.port.call_stop(u->cfg.port.ctx);
	ui_say(u, false, "Ending the call: the phone is told, and its answer waited for.");
	return true;
}

/* While it goes on every way out ends it; the second leaves the view to it. */
static void running_key(struct ui *u, const char *key, int64_t now_ms)
{
	const struct command *c = command_by_key(key);
	bool out = strcmp(key, "esc") == 0 || strcmp(key, "q") == 0;

	if (out && u->call_ending) {
		ui_pop(u);
		ui_say(u, false, "The call is being ended; i shows it.");
	} else if (out || strcmp(key, "ctrl-c") == 0) {
		call_stop(u);
	} else if (c && c->group == GROUP_MOVE) {
		c->run(u, NULL, now_ms);
	} else {
		ui_say(u, false, "A call is under way: Esc ends it.");
	}
}

/* After a quiet call most want to hear it ring; the question is asked as ever. */
static void next_kind(struct ui *u)
{
	struct ui_call call;
	struct call_order o = {.reason = u->call_reason};

	if (!call_shown(u, &call))
		return;
	o.kind = (enum call_kind)((call.plan->kind + 1) % CALL_KINDS);
	plan(u, call.plan->id, &o);
}

static void over_key(struct ui *u, const char *key, int64_t now_ms)
{
	const struct command *c = command_by_key(key);
	struct ui_call call;

	if (strcmp(key, "esc") == 0 || strcmp(key, "q") == 0 || strcmp(key, "enter") == 0 ||
	    strcmp(key, "ctrl-c") == 0)
		ui_pop(u);
	else if (strcmp(key, "tab") == 0)
		next_kind(u);
	else if (c && c->run == do_ladder)
		do_ladder(u, NULL, now_ms);
	else if (c && c->run == do_ticket)
		ladder_ticket(u);
	else if (c && c->run == do_call && call_shown(u, &call))
		plan(u, call.plan->id, &u->call_order);
	else if (c && c->group == GROUP_MOVE)
		c->run(u, NULL, now_ms);
	else
		ui_say(u, false, "Esc goes back.");
}

void call_key(struct ui *u, const char *key, int64_t now_ms)
{
	if (u->call_plan)
		ask_key(u, key);
	else if (under_way(u))
		running_key(u, key, now_ms);
	else
		over_key(u, key, now_ms);
}

/* ---- the ladder -------------------------------------------------------------------------------
 */

const struct trace *ladder_shown(const struct ui *u)
{
	return u->cfg.port.ladder(u->cfg.port.ctx, u->ladder);
}

/* In the call view it is about the phone that was called, wherever the cursor is. */
static binding_id subject(struct ui *u)
{
	struct ui_call call;

	if (ui_mode(u) == MODE_CALL && call_shown(u, &call))
		return call.plan->id;
	return ui_current(u);
}

void do_ladder(struct ui *u, const char *arg, int64_t now_ms)
{
	(void)arg;
	(void)now_ms;
	if (ui_mode(u) == MODE_LADDER) {
		u->ladder_raw = !u->ladder_raw;
		u->ladder_scroll.top = 0;
		return;
	}
	if (ui_mode(u) == MODE_WHY) {
		why_ladder(u);
		return;
	}
	u->ladder = subject(u);
	u->ladder_raw = false;
	if (trace_count(ladder_shown(u)) == 0) {
		ui_say(u, false, "No message to it or from it is remembered%s",
		       ui_refused(u, command_by_key("i")) ? "." : ": p asks it, i calls it.");
		return;
	}
	u->ladder_scroll = (struct scroll){0};
	ui_push(u, MODE_LADDER);
}

void ladder_ticket(struct ui *u)
{
	struct err e = ERR_NONE;
	char path[256] = "";
	binding_id id = ui_mode(u) == MODE_LADDER ? u->ladder : subject(u);

	if (u->cfg.port.ladder_ticket(u->cfg.port.ctx, id, path, &e) < 0)
		ui_say_err(u, &e);
	else
		ui_say(u, false, "The ticket text with these messages, redacted, is in %s.", path);
}
