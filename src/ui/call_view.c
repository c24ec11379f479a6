/* The call view: whom a test call is for and what it will do, the question, its messages, and what
 * it found; and the ladder alone. */
#include <stdio.h>
#include "base/text.h"
#include "report/ladder.h"
#include "ui/views.h"

static void clean_aor(const struct binding *b, bool ascii_only, struct strbuf *out)
{
	struct strbuf raw = STRBUF_INIT;

	binding_add_aor(b, &raw);
	text_clean(strbuf_slice(&raw), ascii_only, out);
	strbuf_free(&raw);
}

/* ---- the ladder -------------------------------------------------------------------------------
 */

static enum role ladder_role(struct slice line)
{
	if (line.n && line.p[0] != ' ')
		return ROLE_TITLE;
	if (slice_starts_with(line, "    "))
		return ROLE_DIM;
	return ROLE_TEXT;
}

static void put_ladder(struct sheet *s, const struct trace *t, bool raw)
{
	struct ladder_options o = {
		.width = (unsigned)s->f->width, .ascii_only = s->f->ascii_only, .raw = raw};
	struct strbuf text = STRBUF_INIT;
	struct slice rest, line;

	ladder_write(t, &o, &text);
	rest = strbuf_slice(&text);
	while (rest.n) {
		rest = slice_cut(rest, '\n', &line);
		if (line.n)
			sheet_text(s, 0, ladder_role(line), line);
		else
			s->line++;
	}
	strbuf_free(&text);
}

static bool ladder_put(struct ui *u, struct frame *f, struct area a)
{
	struct strbuf title = STRBUF_INIT;
	struct binding b;
	struct sheet s;
	bool again;

	sheet_begin(&s, f, a, &u->ladder_scroll, 0);
	put_ladder(&s, ladder_shown(u), u->ladder_raw);
	strbuf_add_str(&title, u->ladder_raw ? "Messages " : "Ladder ");
	if (store_get(u->cfg.store, u->ladder, &b))
		clean_aor(&b, f->ascii_only, &title);
	again = sheet_end(&s, strbuf_str(&title));
	strbuf_free(&title);
	return again;
}

void ladder_draw(struct ui *u, struct frame *f, struct area a)
{
	if (ladder_put(u, f, a))
		ladder_put(u, f, a);
}

/* ---- whom and how -----------------------------------------------------------------------------
 */

static void put_phone(struct sheet *s, const struct binding *b)
{
	bool ascii_only = s->f->ascii_only;
	struct strbuf t = STRBUF_INIT;

	clean_aor(b, ascii_only, &t);
	sheet_field(s, ROLE_DIM, "AoR", ROLE_MARKED, strbuf_slice(&t));
	strbuf_clear(&t);
	text_clean(b->contact, ascii_only, &t);
	sheet_field(s, ROLE_DIM, "Contact", ROLE_TEXT, strbuf_slice(&t));
	strbuf_clear(&t);
	text_clean(b->user_agent, ascii_only, &t);
	sheet_field(s, ROLE_DIM, "User-Agent", ROLE_TEXT,
		    t.n ? strbuf_slice(&t) : SLICE_LIT("not known"));
	strbuf_free(&t);
}

/* "quiet call [ring test] call through the switch": brackets, so that it shows without colour. */
static void put_kinds(struct sheet *s, enum call_kind chosen)
{
	struct strbuf t = STRBUF_INIT;

	for (int k = 0; k < CALL_KINDS; k++)
		strbuf_addf(&t, k == (int)chosen ? "%s[%s]" : "%s%s", k ? "  " : "",
			    call_kind_word((enum call_kind)k));
	sheet_field(s, ROLE_DIM, "Kind", ROLE_TEXT, strbuf_slice(&t));
	strbuf_free(&t);
}

static void put_plan(struct sheet *s, const struct call_plan *p, int64_t now_ms)
{
	struct strbuf t = STRBUF_INIT;
	char age[16];

	put_phone(s, p->b);
	if (p->b->refreshed_s > 0) {
		strbuf_addf(&t, "registered %s ago",
			    text_duration(now_ms / 1000 - p->b->refreshed_s, age));
		sheet_field(s, ROLE_DIM, "Age", ROLE_TEXT, strbuf_slice(&t));
	}
	sheet_gap(s);
	put_kinds(s, p->kind);
	sheet_field(s, ROLE_DIM, "It", ROLE_WARN, slice_of(p->will));
	sheet_field(s, ROLE_DIM, "Way", ROLE_TEXT, slice_of(p->way));
	if (p->in_quiet_hours)
		sheet_field(s, ROLE_DIM, "Time", ROLE_ALERT,
			    SLICE_LIT("These are quiet hours here."));
	if (p->reason[0])
		sheet_field(s, ROLE_DIM, "Reason", ROLE_TEXT, slice_of(p->reason));
	strbuf_free(&t);
}

/* ---- what it found ----------------------------------------------------------------------------
 */

static void put_outside(struct sheet *s, const char *label, const char *text)
{
	struct strbuf t = STRBUF_INIT;

	if (!text[0])
		return;
	text_clean(slice_of(text), s->f->ascii_only, &t);
	sheet_field(s, ROLE_DIM, label, ROLE_TEXT, strbuf_slice(&t));
	strbuf_free(&t);
}

static void put_found(struct sheet *s, const struct call_found *f, bool padded)
{
	char said[240], means[240], line[300];
	struct strbuf t = STRBUF_INIT;

	call_found_say(f, said, sizeof(said));
	call_found_mean(f, means, sizeof(means));
	if (padded)
		snprintf(line, sizeof(line), "%u bytes: %s", f->size, said);
	else
		snprintf(line, sizeof(line), "%s", said);
	text_clean(slice_of(line), s->f->ascii_only, &t);
	sheet_field(s, ROLE_DIM, "Result", call_found_well(f) ? ROLE_GOOD : ROLE_BAD,
		    strbuf_slice(&t));
	strbuf_free(&t);
	put_outside(s, "", means);
	put_outside(s, "Answered by", f->agent);
	put_outside(s, "Forwarded to", f->moved_to);
}

static void put_call(struct sheet *s, const struct ui_call *c)
{
	put_phone(s, c->plan->b);
	sheet_field(s, ROLE_DIM, "Way", ROLE_TEXT, slice_of(c->plan->way));
	sheet_gap(s);
	for (size_t i = 0; i < c->count; i++)
		put_found(s, &c->found[i], c->plan->kind == CALL_PADDED);
	if (c->over && c->count == 0)
		sheet_field(s, ROLE_DIM, "Result", ROLE_WARN,
			    c->now[0] ? slice_of(c->now)
				      : SLICE_LIT("stopped before anything was sent"));
	if (!c->over)
		sheet_field(s, ROLE_DIM, "Now", ROLE_FRESH,
			    c->now[0] ? slice_of(c->now) : SLICE_LIT("nothing heard yet"));
	if (trace_count(c->trace)) {
		sheet_gap(s);
		put_ladder(s, c->trace, false);
	}
}

/* ---- the whole --------------------------------------------------------------------------------
 */

static void add_title(const struct call_plan *p, const char *what, bool ascii_only,
		      struct strbuf *out)
{
	strbuf_add_str(out, what);
	clean_aor(p->b, ascii_only, out);
	strbuf_addf(out, ": %s", call_kind_name(p->kind));
}

static bool call_put(struct ui *u, struct frame *f, struct area a, const struct ui_call *c,
		     int64_t now_ms)
{
	struct strbuf title = STRBUF_INIT;
	struct sheet s;
	bool again;

	sheet_begin(&s, f, a, &u->call_scroll, 14);
	if (u->call_plan) {
		put_plan(&s, u->call_plan, now_ms);
		add_title(u->call_plan, "Test call to ", f->ascii_only, &title);
	} else {
		put_call(&s, c);
		add_title(c->plan, c->over ? "Called " : "Calling ", f->ascii_only, &title);
	}
	again = sheet_end(&s, strbuf_str(&title));
	strbuf_free(&title);
	return again;
}

/* The question stands below and never scrolls away. */
static void draw_question(const struct ui *u, struct frame *f, struct area a)
{
	struct strbuf t = STRBUF_INIT, clean = STRBUF_INIT;
	int x, y = a.y + 1;

	frame_fill(f, 0, a.y, f->width, a.height, ROLE_TEXT, 0, 0);
	call_plan_question(u->call_plan, &t);
	text_clean(strbuf_slice(&t), f->ascii_only, &clean);
	y += put_wrapped(f, a, 0, y, f->width, ROLE_ALERT, strbuf_slice(&clean));
	strbuf_free(&t);
	strbuf_free(&clean);
	if (!u->call_plan->in_quiet_hours)
		return;
	x = frame_put(f, 0, y, -1, ROLE_KEY, 0, SLICE_LIT("user: "));
	x += frame_put(f, x, y, -1, ROLE_PROMPT, 0, slice_of(u->call_answer));
	f->cursor_x = x;
	f->cursor_y = y;
}

static int question_height(const struct ui *u, struct frame *f)
{
	struct strbuf t = STRBUF_INIT;
	struct area nowhere = {0, 0};
	int lines;

	call_plan_question(u->call_plan, &t);
	lines = put_wrapped(f, nowhere, 0, 0, f->width, ROLE_ALERT, strbuf_slice(&t));
	strbuf_free(&t);
	return lines + 1 + u->call_plan->in_quiet_hours;
}

void call_draw(struct ui *u, struct frame *f, struct area a, int64_t now_ms)
{
	int below = u->call_plan ? question_height(u, f) : 0;
	struct area list = {a.y, a.height - below}, question = {a.y + a.height - below, below};
	struct ui_call c = {.over = true};

	if (!u->call_plan && !call_shown(u, &c))
		return;
	if (list.height < 3)
		list.height = 3;
	if (call_put(u, f, list, &c, now_ms))
		call_put(u, f, list, &c, now_ms);
	if (below)
		draw_question(u, f, question);
}

const char *const *call_hints(const struct ui *u)
{
	static const char *const asked[] = {"y",       "call",     "Tab",           "other kind",
					    "Up Down", "how long", "any other key", "leave",
					    NULL};
	static const char *const asked_quiet[] = {
		"Enter", "call", "Tab", "other kind", "Up Down", "how long", "Esc", "leave", NULL};
	static const char *const asked_plain[] = {
		"y", "call", "Tab", "other kind", "any other key", "leave", NULL};
	static const char *const running[] = {"Esc", "end the call", "j k", "scroll", NULL};
	static const char *const over[] = {"Esc",    "back",       "j k",    "scroll", "L",
					   "ladder", "t",          "ticket", "i",      "again",
					   "Tab",    "other kind", NULL};
	struct ui_call c = {.over = true};

	if (u->call_plan && u->call_plan->in_quiet_hours)
		return asked_quiet;
	if (u->call_plan)
		return u->call_plan->kind == CALL_RING || u->call_plan->kind == CALL_SWITCH
			       ? asked
			       : asked_plain;
	return call_shown(u, &c) && !c.over ? running : over;
}
