/* The why view: a workup as it goes on, and its answer: evidence, verdict, cause, advice. */
#include <stdio.h>
#include "base/text.h"
#include "report/ladder.h"
#include "report/workup.h"
#include "ui/views.h"

/* Where in the list one is takes at least so much of the title's line. */
#define WHERE_WIDTH 16

/* Headings stand at the left edge; the head of the whole is the sheet's own title. */
static bool is_heading(struct slice line)
{
	return line.n && line.p[0] != ' ';
}

static enum role verdict_line_role(const struct ui_why *w)
{
	if (w->d->count && w->d->binding < w->f->count)
		return verdict_role(&w->f->bindings[w->d->binding].row.j);
	return ROLE_WARN;
}

static void put_text(struct sheet *s, const struct ui_why *w, struct slice text)
{
	bool verdict = false;
	struct slice line;

	/* Above the headings: where the answer comes from, which stands at the top as well. */
	while (text.n && text.p[0] != '\n') {
		text = slice_cut(text, '\n', &line);
		sheet_text(s, 0, ROLE_DIM, line);
	}
	while (text.n) {
		text = slice_cut(text, '\n', &line);
		if (is_heading(line))
			verdict = slice_eq_str(line, "Verdict");
		if (!line.n)
			s->line++;
		else
			sheet_text(s, 0,
				   is_heading(line) ? ROLE_TITLE
				   : verdict        ? verdict_line_role(w)
						    : ROLE_TEXT,
				   line);
	}
}

static void put_progress(struct sheet *s, const struct workup_progress *p)
{
	char words[120];

	if (p->waits_s)
		snprintf(words, sizeof(words), "No answer; asking once more in %u s, to be sure.",
			 p->waits_s);
	else
		snprintf(words, sizeof(words), "Asking on every way: %u of %u questions answered.",
			 p->answered, p->ways);
	sheet_text(s, 0, ROLE_KEY, slice_of(words));
	s->line++;
}

/* The answer in one line, for whoever does not scroll; it matters more than its time, which the
 * evidence has too. */
static void add_title(const struct ui_why *w, const struct frame *f, struct strbuf *out)
{
	const char *answer = w->d->count ? w->d->list[0].row->title : "asking";
	char when[24];
	int used;

	strbuf_add_str(out, "Why ");
	text_clean(slice_of(w->f->aor), f->ascii_only, out);
	text_rfc3339(w->f->now_ms / 1000, when);
	used = (int)(text_width(strbuf_slice(out)) + text_width(slice_of(answer)));
	if (used + (int)strlen(" at 00:00:00Z: ") + WHERE_WIDTH <= f->width)
		strbuf_addf(out, " at %s", when + 11);
	strbuf_addf(out, ": %s", answer);
}

static void put_ladder(struct sheet *s, const struct ui_why *w, bool raw)
{
	struct ladder_options how = {
		.width = (unsigned)s->f->width, .ascii_only = s->f->ascii_only, .raw = raw};
	struct strbuf text = STRBUF_INIT;
	struct slice line, rest;

	ladder_write(w->trace, &how, &text);
	if (!text.n)
		strbuf_add_str(&text, "No message was sent.");
	for (rest = strbuf_slice(&text); rest.n;) {
		rest = slice_cut(rest, '\n', &line);
		if (line.n)
			sheet_text(s, 0, is_heading(line) ? ROLE_TITLE : ROLE_TEXT, line);
		else
			s->line++;
	}
	strbuf_free(&text);
}

static bool why_put(struct ui *u, struct frame *f, struct area a)
{
	struct workup_style style = {
		.width = (unsigned)f->width, .ascii_only = f->ascii_only, .untitled = true};
	struct strbuf text = STRBUF_INIT, title = STRBUF_INIT;
	struct ui_why why;
	struct sheet s;
	bool again;

	sheet_begin(&s, f, a, &u->why_scroll, 0);
	if (!why_shown(u, &why))
		return sheet_end(&s, "Why");
	if (!why.progress.over)
		put_progress(&s, &why.progress);
	if (u->why_ladder == LADDER_NONE) {
		workup_write(why.f, why.d, &style, &text);
		put_text(&s, &why, strbuf_slice(&text));
	} else {
		put_ladder(&s, &why, u->why_ladder == LADDER_RAW);
	}
	add_title(&why, f, &title);
	again = sheet_end(&s, strbuf_str(&title));
	strbuf_free(&text);
	strbuf_free(&title);
	return again;
}

void why_draw(struct ui *u, struct frame *f, struct area a)
{
	if (why_put(u, f, a))
		why_put(u, f, a);
}
