/* The watch view: who is watched and how that stands, and below it what happened, newest first. */
#include <stdio.h>
#include "base/text.h"
#include "model/place.h"
#include "ui/views.h"

/* "03:12:40Z" and a blank on either side. */
#define TIME_WIDTH 12
/* An AoR that is longer has a line for itself. */
#define AOR_LEAST 16
#define AOR_MOST  44
/* So many bindings of one AoR are shown. */
#define BINDINGS_MAX 4

struct listing {
	struct ui *u;
	struct sheet s;
	int64_t now_ms;
};

/* "answers, 9m12s left, at 192.0.2.7:5060". */
static void put_binding(struct listing *l, const char *label, const struct row *r)
{
	struct strbuf state = STRBUF_INIT;
	char place[96];

	column_show(COL_VERDICT, r, l->s.f->ascii_only, &state);
	if (r->b.expires_s != BINDING_PERMANENT && r->b.expires_s * 1000 > l->now_ms) {
		strbuf_add_str(&state, ", ");
		column_show(COL_LEFT, r, l->s.f->ascii_only, &state);
		strbuf_add_str(&state, " left");
	}
	if (place_phone(&r->b, place, sizeof(place))) {
		strbuf_add_str(&state, ", at ");
		text_clean(slice_of(place), l->s.f->ascii_only, &state);
	}
	sheet_field(&l->s, ROLE_KEY, label, verdict_role(&r->j), strbuf_slice(&state));
	strbuf_free(&state);
}

struct bindings {
	struct listing *l;
	const char *label; /* beside the first one */
	unsigned put;
};

static bool put_one(void *ctx, binding_id id)
{
	struct bindings *b = ctx;
	struct row r;

	if (view_row(b->l->u->cfg.view, id, b->l->now_ms, &r))
		put_binding(b->l, b->put++ ? "" : b->label, &r);
	return b->put < BINDINGS_MAX;
}

static void put_absent(struct listing *l, const char *label, int64_t gone_ms)
{
	char away[16], words[64] = "not registered";

	if (gone_ms)
		snprintf(words, sizeof(words), "gone for %s: calls find nobody",
			 text_duration((l->now_ms - gone_ms) / 1000, away));
	sheet_field(&l->s, ROLE_KEY, label, ROLE_BAD, slice_of(words));
}

static void put_mark(void *ctx, const struct watch_mark *m)
{
	struct listing *l = ctx;
	struct binding b = {.user = m->user, .domain = m->domain};
	struct strbuf raw = STRBUF_INIT, aor = STRBUF_INIT;
	struct bindings all = {.l = l};
	binding_id newest = store_find_aor(l->u->cfg.store, m->user, m->domain);
	unsigned twins = store_twins(l->u->cfg.store, newest);

	binding_add_aor(&b, &raw);
	text_clean(strbuf_slice(&raw), l->s.f->ascii_only, &aor);
	if ((int)text_width(strbuf_slice(&aor)) > l->s.indent - 3) {
		sheet_text(&l->s, 1, ROLE_KEY, strbuf_slice(&aor));
		strbuf_clear(&aor);
	}
	all.label = strbuf_str(&aor);
	store_each_twin(l->u->cfg.store, newest, put_one, &all);
	if (!all.put)
		put_absent(l, all.label, m->gone_ms);
	strbuf_clear(&raw);
	strbuf_addf(&raw, "and %u more", twins - all.put);
	if (twins > all.put)
		sheet_field(&l->s, ROLE_KEY, "", ROLE_DIM, strbuf_slice(&raw));
	strbuf_free(&raw);
	strbuf_free(&aor);
}

static enum role news_role(enum tone t)
{
	return t == TONE_BAD    ? ROLE_BAD
	       : t == TONE_WARN ? ROLE_WARN
	       : t == TONE_GOOD ? ROLE_GOOD
				: ROLE_TEXT;
}

static void put_news(struct listing *l)
{
	struct strbuf text = STRBUF_INIT;
	const struct ui_news *n;
	char when[24];

	for (size_t i = 0; (n = watch_news(l->u, i)) != NULL; i++) {
		strbuf_clear(&text);
		text_clean(slice_of(n->aor), l->s.f->ascii_only, &text);
		strbuf_add_char(&text, ' ');
		text_clean(slice_of(n->words), l->s.f->ascii_only, &text);
		text_rfc3339(n->when_ms / 1000, when);
		sheet_field(&l->s, ROLE_DIM, when + 11, news_role(n->tone), strbuf_slice(&text));
	}
	strbuf_free(&text);
}

struct widths {
	int most, widest;
};

static void note_width(void *ctx, const struct watch_mark *m)
{
	struct widths *w = ctx;
	int width = (int)(text_width(m->user) + text_width(m->domain)) + 1;

	if (width <= w->most && width > w->widest)
		w->widest = width;
}

/* Where what is said of an AoR begins. */
static int state_column(const struct ui *u, int width)
{
	struct widths w = {.most = width * 2 / 5 < AOR_MOST ? width * 2 / 5 : AOR_MOST,
			   .widest = AOR_LEAST};

	if (u->watching.watch)
		watch_each_mark(u->watching.watch, note_width, &w);
	return w.widest + 3;
}

static bool watch_put(struct ui *u, struct frame *f, struct area a, int64_t now_ms)
{
	struct listing l = {.u = u, .now_ms = now_ms};
	size_t marks = watch_marks(u->watching.watch);
	char title[64];

	sheet_begin(&l.s, f, a, &u->watching.scroll, state_column(u, f->width));
	if (marks)
		watch_each_mark(u->watching.watch, put_mark, &l);
	else
		sheet_text(&l.s, 0, ROLE_TEXT,
			   SLICE_LIT("Nobody is watched. W on a row watches its AoR; :watch AOR "
				     "also somebody who is not registered now."));
	sheet_heading(&l.s, "What happened");
	l.s.indent = TIME_WIDTH;
	if (u->watching.told)
		put_news(&l);
	else
		sheet_text(
			&l.s, 1, ROLE_DIM,
			SLICE_LIT("Nothing yet. A verdict changes when somebody is asked: P asks "
				  "all who are watched."));
	snprintf(title, sizeof(title), "Watched: %zu AoR%s", marks, marks == 1 ? "" : "s");
	return sheet_end(&l.s, title);
}

void watch_draw(struct ui *u, struct frame *f, struct area a, int64_t now_ms)
{
	if (watch_put(u, f, a, now_ms))
		watch_put(u, f, a, now_ms);
}
