/* The status lines: source, age and completeness above; message or prompt, and the keys, below. */
#include <stdarg.h>
#include <stdio.h>
#include "base/text.h"
#include "ui/views.h"

/* A message takes at most as many lines. */
#define MESSAGE_LINES 4
/* A part of the state line is cut to no less than this. */
#define PART_MIN 12
/* The source's name is cut to no less than this. */
#define NAME_MIN 8

/* ---- the line of the sources -------------------------------------------------------------- */

static const char *state_word(const struct source *s)
{
	switch (s->status.state) {
	case SOURCE_OPENING:
		return "opening";
	case SOURCE_LIVE:
		return s->status.complete ? "complete" : "incomplete";
	case SOURCE_TROUBLE:
		return "in trouble";
	case SOURCE_FROZEN:
		return "snapshot";
	}
	return "";
}

static void add_age(const struct source_status *st, int64_t now_ms, struct strbuf *out)
{
	char words[24];

	if (st->read_ms <= 0)
		strbuf_add_str(out, "nothing read yet");
	else if (st->state == SOURCE_FROZEN)
		strbuf_addf(out, "taken %s", text_rfc3339(st->read_ms / 1000, words));
	else
		strbuf_addf(out, "%s old",
			    text_duration(now_ms > st->read_ms ? (now_ms - st->read_ms) / 1000 : 0,
					  words));
}

static void add_reading(const struct source_status *st, struct strbuf *out)
{
	if (!st->reading)
		return;
	if (st->expected)
		strbuf_addf(out, ", reading %llu of %llu", (unsigned long long)st->progress,
			    (unsigned long long)st->expected);
	else
		strbuf_addf(out, ", reading %llu", (unsigned long long)st->progress);
}

/* Of several sources the worst and the oldest counts: what is said must hold for all. */
static void add_many(const struct ui *u, int64_t now_ms, struct strbuf *out)
{
	const struct source *worst = u->cfg.sources[0], *oldest = u->cfg.sources[0];
	size_t trouble = 0;

	for (size_t i = 0; i < u->cfg.source_count; i++) {
		const struct source *s = u->cfg.sources[i];

		trouble += s->status.state == SOURCE_TROUBLE;
		if (s->status.read_ms < oldest->status.read_ms)
			oldest = s;
		if (!s->status.complete)
			worst = s;
	}
	strbuf_addf(out, "%zu sources: ", u->cfg.source_count);
	add_age(&oldest->status, now_ms, out);
	if (trouble)
		strbuf_addf(out, ", %zu in trouble", trouble);
	else
		strbuf_addf(out, ", %s", state_word(worst));
	for (size_t i = 0; i < u->cfg.source_count; i++)
		if (u->cfg.sources[i]->status.reading) {
			add_reading(&u->cfg.sources[i]->status, out);
			break;
		}
}

/* Age, completeness and progress of all there is. */
static void add_sources(const struct ui *u, int64_t now_ms, struct strbuf *out)
{
	const struct source *s;

	if (u->cfg.source_count == 0) {
		strbuf_add_str(out, "no source");
		return;
	}
	if (u->cfg.source_count > 1) {
		add_many(u, now_ms, out);
		return;
	}
	s = u->cfg.sources[0];
	if (s->status.state != SOURCE_OPENING) {
		add_age(&s->status, now_ms, out);
		strbuf_add_str(out, ", ");
	}
	strbuf_add_str(out, state_word(s));
	add_reading(&s->status, out);
}

static void draw_title(const struct ui *u, struct frame *f, int64_t now_ms)
{
	size_t shown = view_count(u->cfg.view), all = store_count(u->cfg.store);
	/* Of the list as it was, until the filter or order that was asked for is there. */
	const char *working = view_behind(u->cfg.view) ? "working, " : "";
	struct strbuf name = STRBUF_INIT, state = STRBUF_INIT;
	const char *dot = glyph(f, " \xc2\xb7 ", " - ");
	char counts[80];
	int x, room, wants;

	if (shown == all)
		snprintf(counts, sizeof(counts), "%s%zu binding%s", working, all,
			 all == 1 ? "" : "s");
	else
		snprintf(counts, sizeof(counts), "%s%zu of %zu bindings", working, shown, all);
	if (u->cfg.source_count == 1)
		text_clean(slice_of(u->cfg.sources[0]->name), f->ascii_only, &name);
	if (name.n)
		strbuf_add_str(&state, dot);
	add_sources(u, now_ms, &state);
	frame_fill(f, 0, 0, f->width, 1, ROLE_TITLE, 0, 0);
	x = frame_putf(f, 0, 0, -1, ROLE_TITLE, 0, "regtop%s%s%s", u->cfg.title ? " " : "",
		       u->cfg.title ? u->cfg.title : "", dot);
	room = f->width - (int)strlen(counts) - 2;
	/* Only the name may lose its middle: age and completeness are what one looks for here. */
	wants = (int)text_width(strbuf_slice(&name));
	if (wants > room - x - (int)text_width(strbuf_slice(&state)))
		wants = room - x - (int)text_width(strbuf_slice(&state));
	if (name.n && wants < NAME_MIN)
		wants = NAME_MIN;
	frame_put_cut(f, x, 0, wants, true, false, ROLE_TITLE, 0, strbuf_slice(&name));
	x += wants;
	wants = (int)text_width(strbuf_slice(&state));
	frame_put_cut(f, x, 0, wants < room - x ? wants : room - x, false, false, ROLE_TITLE, 0,
		      strbuf_slice(&state));
	frame_put(f, room + 2, 0, -1, ROLE_TITLE, 0, slice_of(counts));
	strbuf_free(&name);
	strbuf_free(&state);
}

/* ---- the line of the state ---------------------------------------------------------------- */

struct pen {
	const struct ui *u;
	struct frame *f;
	int x, end;
};

static void part(struct pen *p, enum role role, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void part(struct pen *p, enum role role, const char *fmt, ...)
{
	char text[600];
	va_list ap;
	int width;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	width = (int)text_width(slice_of(text));
	/* A stump of a few letters would say nothing. */
	if (p->end - p->x - 3 < (width < PART_MIN ? width : PART_MIN)) {
		p->end = p->x;
		return;
	}
	if (p->x > 0)
		p->x += frame_put(p->f, p->x, 1, -1, ROLE_STATUS, 0,
				  slice_of(glyph(p->f, " \xc2\xb7 ", " | ")));
	if (width > p->end - p->x)
		width = p->end - p->x;
	frame_put_cut(p->f, p->x, 1, width, false, false, role, 0, slice_of(text));
	p->x += width;
}

/* Columns out of sight are said, or nobody looks for them. */
static int draw_hidden_columns(const struct ui *u, struct frame *f)
{
	char text[64];
	size_t n = 0;
	int x;

	if (ui_mode(u) != MODE_TABLE)
		return f->width;
	text[0] = '\0';
	if (u->layout.left)
		n = (size_t)snprintf(text, sizeof(text), "< %zu%s", u->layout.left,
				     u->layout.right       ? "  "
				     : u->layout.left == 1 ? " column"
							   : " columns");
	if (u->layout.right)
		snprintf(text + n, sizeof(text) - n, "+%zu column%s >", u->layout.right,
			 u->layout.right == 1 ? "" : "s");
	x = f->width - (int)strlen(text);
	frame_put(f, x, 1, -1, ROLE_DIM, 0, slice_of(text));
	return text[0] ? x - 2 : f->width;
}

/* "asked 12345 of 100000, 321 silent, 40s left"; of a few only their number. */
static void draw_pings(struct pen *p)
{
	struct ping_progress s;
	bool sweep = ui_sweep(p->u, &s);
	size_t open = sweep_open(&s);
	char left[16], silent[40] = "";

	if (!open)
		return;
	if (s.silent)
		snprintf(silent, sizeof(silent), ", %zu silent", s.silent);
	if (!sweep)
		part(p, ROLE_STATUS, "%zu ping%s on the way", open, open == 1 ? "" : "s");
	else if (s.stopped)
		part(p, ROLE_STATUS, "stopped, %zu on the way", open);
	else
		part(p, ROLE_STATUS, "asked %zu of %zu%s, %s left; Ctrl-C stops",
		     s.total - s.waiting, s.total, silent, text_duration(s.left_s, left));
}

/* What nobody has looked at yet is said, however many keys have been pressed since. */
static void draw_watches(struct pen *p)
{
	size_t marks = watch_marks(p->u->watching.watch);

	if (p->u->watching.unread)
		part(p, ROLE_FRESH, "%zu watched, %llu new: v", marks,
		     (unsigned long long)p->u->watching.unread);
	else if (marks)
		part(p, ROLE_STATUS, "%zu watched", marks);
}

/* What must not be overlooked comes first: it stays when the line is too short. */
static void draw_state(const struct ui *u, struct frame *f)
{
	struct pen p = {.u = u, .f = f, .x = 0};
	size_t marks = store_mark_count(u->cfg.store), hidden = view_hidden_marks(u->cfg.view);
	bool reverse;
	enum column_id sorted = view_sort(u->cfg.view, &reverse);

	frame_fill(f, 0, 1, f->width, 1, ROLE_STATUS, 0, 0);
	p.end = draw_hidden_columns(u, f);
	if (u->cfg.read_only)
		part(&p, ROLE_WARN, "read-only");
	if (marks && hidden)
		part(&p, ROLE_MARKED, "%zu marked, %zu not shown", marks, hidden);
	else if (marks)
		part(&p, ROLE_MARKED, "%zu marked", marks);
	draw_watches(&p);
	draw_pings(&p);
	/* A question holds the order still by itself: that is nobody's setting. */
	if (ui_mode(u) == MODE_CONFIRM ? u->was_frozen : view_frozen(u->cfg.view))
		part(&p, ROLE_WARN, "order frozen");
	if (*view_filter(u->cfg.view)) {
		struct strbuf clean = STRBUF_INIT;

		text_clean(slice_of(view_filter(u->cfg.view)), f->ascii_only, &clean);
		part(&p, ROLE_STATUS, "filter: %s", strbuf_str(&clean));
		strbuf_free(&clean);
	}
	if (sorted != COL_NONE)
		part(&p, ROLE_STATUS, "sorted by %s%s", columns[sorted].name,
		     reverse ? ", reversed" : "");
}

void status_draw_top(struct ui *u, struct frame *f, int64_t now_ms)
{
	draw_title(u, f, now_ms);
	draw_state(u, f);
}

const char *status_why_empty(const struct ui *u)
{
	bool opening = false, trouble = false;

	for (size_t i = 0; i < u->cfg.source_count; i++) {
		const struct source_status *st = &u->cfg.sources[i]->status;

		opening |= st->state == SOURCE_OPENING || (st->reading && st->read_ms == 0);
		trouble |= st->state == SOURCE_TROUBLE;
	}
	if (view_behind(u->cfg.view))
		return "Filtering ...";
	if (u->prompt.kind == PROMPT_FILTER && u->filter_error.code)
		return "The filter being typed is not complete yet; what was typed before it broke "
		       "off matches nothing.";
	if (store_count(u->cfg.store) > 0)
		return "The filter matches nothing. f changes it; an empty one shows all bindings.";
	if (trouble)
		return "No bindings: the source is in trouble, see below. F5 tries again.";
	if (opening)
		return "No bindings yet: the source is being read.";
	return "The source holds no bindings: nobody is registered there now.";
}

/* ---- the line of messages and prompts ----------------------------------------------------- */

/* What is wrong with a source and what to do about it. */
static void add_trouble(const struct ui *u, struct strbuf *out)
{
	for (size_t i = 0; i < u->cfg.source_count; i++) {
		const struct source *s = u->cfg.sources[i];

		if (!s->status.trouble.what[0] ||
		    (s->status.state != SOURCE_TROUBLE && s->status.complete))
			continue;
		if (u->cfg.source_count > 1)
			strbuf_addf(out, "%s: ", s->name);
		strbuf_addf(out, "%s%s%s", s->status.trouble.what,
			    s->status.trouble.hint[0] ? " " : "", s->status.trouble.hint);
		return;
	}
}

/* How the sweep ended, until a key has been pressed after it. */
static bool add_sweep(const struct ui *u, struct strbuf *out)
{
	struct ping_progress s;

	if (!ui_sweep(u, &s) || sweep_open(&s) || u->sweep_told)
		return false;
	strbuf_addf(out, "%s: %zu answered, %zu silent, %zu refused or out of reach.",
		    s.stopped ? "The sweep was stopped" : "The sweep is done", s.answered, s.silent,
		    s.failed);
	return true;
}

static bool add_snapshot(const struct ui *u, struct strbuf *out)
{
	size_t done, of;

	if (!u->cfg.port.snapshot_now(u->cfg.port.ctx, &done, &of))
		return false;
	if (done < of || !of)
		strbuf_addf(out, "Writing the snapshot: %u %%. s stops it.",
			    of ? (unsigned)(done * 100 / of) : 0);
	else
		strbuf_add_str(out, "The snapshot is written, and being put on the disk.");
	return true;
}

/* What has to be said now; empty when nothing has. */
static enum role add_message(const struct ui *u, struct strbuf *out)
{
	/* What was said while it went on is over with it. */
	if (add_sweep(u, out))
		return ROLE_STATUS;
	if (u->message[0]) {
		strbuf_add_str(out, u->message);
		return u->alert ? ROLE_ALERT : u->news ? ROLE_FRESH : ROLE_STATUS;
	}
	if (add_snapshot(u, out))
		return ROLE_STATUS;
	add_trouble(u, out);
	return ROLE_BAD;
}

/* A message longer than the line takes lines from the body rather than losing its end. */
int status_message_lines(const struct ui *u, struct frame *f)
{
	struct area nowhere = {0, 0};
	struct strbuf text = STRBUF_INIT;
	int lines = 1;

	if (u->prompt.kind == PROMPT_NONE) {
		add_message(u, &text);
		lines = put_wrapped(f, nowhere, 0, 0, f->width, ROLE_TEXT, strbuf_slice(&text));
	}
	strbuf_free(&text);
	return lines < MESSAGE_LINES ? lines : MESSAGE_LINES;
}

static bool draw_message(const struct ui *u, struct frame *f)
{
	int lines = status_message_lines(u, f);
	struct area here = {f->height - 1 - lines, lines};
	struct strbuf text = STRBUF_INIT;
	enum role role = add_message(u, &text);
	bool any = text.n > 0;

	if (lines > 1)
		frame_fill(f, 0, here.y, f->width, lines, role, 0, 0);
	if (any)
		put_wrapped(f, here, 0, here.y, f->width, role, strbuf_slice(&text));
	strbuf_free(&text);
	return any;
}

/* "refused (confirmed, 8s ago): nobody listens there": the verdict under the cursor with its
 * basis, its age and its reason, whatever columns there is room for. */
static void draw_note(struct ui *u, struct frame *f, int y, int64_t now_ms)
{
	struct row r;
	binding_id id = view_cursor(u->cfg.view);
	struct strbuf text = STRBUF_INIT;
	char age[16];
	bool asked;

	if (ui_mode(u) != MODE_TABLE || !id || !view_row(u->cfg.view, id, now_ms, &r))
		return;
	asked = r.evidence && probe_was_sent(r.evidence->outcome);
	if (!asked && !r.j.note[0])
		return;
	column_show(COL_VERDICT, &r, f->ascii_only, &text);
	if (asked)
		strbuf_addf(&text, " (%s%s%s ago)", basis_name(r.j.basis),
			    r.j.basis == BASIS_NONE ? "" : ", ",
			    text_duration((now_ms - r.evidence->asked_ms) / 1000, age));
	if (r.j.note[0])
		strbuf_addf(&text, ": %s", r.j.note);
	frame_put_cut(f, 0, y, f->width, false, false, ROLE_STATUS, 0, strbuf_slice(&text));
	strbuf_free(&text);
}

/* The start of a long line goes out of sight, never the cursor. Returns the column of byte `at`. */
static int draw_line(const struct ui *u, struct frame *f, int y, const char *label, size_t at)
{
	struct slice text = strbuf_slice(&u->prompt.text);
	int x = frame_put(f, 0, y, -1, ROLE_KEY, 0, slice_of(label));
	int before = (int)text_width(slice_make(text.p, u->prompt.at));
	int room = f->width - x - 1, cut = 0;
	size_t skip = 0, len;

	while (before - cut > room) {
		cut += text_cp_width(text_decode(slice_skip(text, skip), &len));
		skip += len;
	}
	frame_put(f, x, y, -1, ROLE_PROMPT, 0, slice_skip(text, skip));
	f->cursor_x = x + before - cut;
	f->cursor_y = y;
	if (at < skip)
		return x;
	return x + (int)text_width(slice_make(text.p + skip, (at < text.n ? at : text.n) - skip));
}

/* A caret under the place, and beside it what is wrong there. */
static void draw_filter_error(const struct ui *u, struct frame *f, int y, int x)
{
	int width = (int)text_width(slice_of(u->filter_error.what));

	frame_fill(f, 0, y, f->width, 1, ROLE_TEXT, 0, 0);
	if (x >= f->width)
		x = f->width - 1;
	frame_put(f, x, y, 1, ROLE_BAD, 0, SLICE_LIT("^"));
	if (x + 2 + width <= f->width || x < width)
		frame_put_cut(f, x + 2, y, f->width - x - 2, false, false, ROLE_BAD, 0,
			      slice_of(u->filter_error.what));
	else
		frame_put(f, x - 1 - width, y, width, ROLE_BAD, 0, slice_of(u->filter_error.what));
}

void status_draw_bottom(struct ui *u, struct frame *f, int64_t now_ms)
{
	static const char *const labels[PROMPT_KINDS] = {
		[PROMPT_SEARCH] = "search: ", [PROMPT_FILTER] = "filter: ", [PROMPT_COMMAND] = ":"};
	int y = f->height - 2;

	if (u->prompt.kind != PROMPT_NONE) {
		int x = draw_line(u, f, y, labels[u->prompt.kind], u->filter_at);

		if (u->prompt.kind == PROMPT_FILTER && u->filter_error.code)
			draw_filter_error(u, f, y + 1, x);
		else if (u->prompt.kind != PROMPT_COMMAND || !hints_draw_candidates(u, f, y + 1))
			hints_draw(u, f, y + 1);
		return;
	}
	if (!draw_message(u, f))
		draw_note(u, f, y, now_ms);
	hints_draw(u, f, y + 1);
}
