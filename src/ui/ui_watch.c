/* What the keys do around the watch: mark an AoR for it, list who is watched, say what happened. */
#include <stdio.h>
#include <stdlib.h>
#include "base/alloc.h"
#include "base/text.h"
#include "ui/ui_state.h"

/* The sentences that are kept to be read again. */
static void keep(struct ui *u, const struct watch_event *e)
{
	struct ui_news *n;

	if (!u->watching.news)
		u->watching.news = xcalloc(UI_NEWS, sizeof(*u->watching.news));
	n = &u->watching.news[u->watching.told++ % UI_NEWS];
	n->when_ms = e->when_ms;
	n->tone = e->tone;
	text_clean_buf(slice_of(e->aor), n->aor, sizeof(n->aor));
	text_clean_buf(slice_of(e->words), n->words, sizeof(n->words));
}

static void on_event(void *ctx, const struct watch_event *e)
{
	keep(ctx, e);
}

const struct ui_news *watch_news(const struct ui *u, size_t back)
{
	if (back >= u->watching.told || back >= UI_NEWS)
		return NULL;
	return &u->watching.news[(u->watching.told - 1 - back) % UI_NEWS];
}

/* One line for all that happened at once: the newest of the worst. */
static void say_news(struct ui *u, uint64_t happened)
{
	const struct ui_news *worst = watch_news(u, 0), *n;
	char when[24], more[48] = "";

	for (size_t i = 1; i < happened && (n = watch_news(u, i)) != NULL; i++)
		if (n->tone > worst->tone)
			worst = n;
	if (happened > 1)
		snprintf(more, sizeof(more), " - and %llu more: v",
			 (unsigned long long)happened - 1);
	text_rfc3339(worst->when_ms / 1000, when);
	ui_say(u, worst->tone == TONE_BAD, "%s %s %s%s", when + 11, worst->aor, worst->words, more);
	u->news = true;
}

/* Nothing may move behind a question. */
static bool is_asked(const struct ui *u)
{
	return (ui_mode(u) == MODE_CONFIRM && u->plan) || (ui_mode(u) == MODE_CALL && u->call_plan);
}

bool ui_watch_on(struct ui *u, int64_t now_ms)
{
	uint64_t told = u->watching.told;

	if (!watch_marks(u->watching.watch))
		return false;
	watch_look(u->watching.watch, now_ms, true);
	if (u->watching.told == told)
		return false;
	if (ui_mode(u) == MODE_WATCH)
		return true;
	u->watching.unread += u->watching.told - told;
	if (!is_asked(u))
		say_news(u, u->watching.told - told);
	return true;
}

static void watch_aor(struct ui *u, struct slice user, struct slice domain, int64_t now_ms)
{
	bool on = !watch_has_mark(u->watching.watch, user, domain);
	struct binding b = {.user = user, .domain = domain};
	struct strbuf raw = STRBUF_INIT;
	char aor[120];

	binding_add_aor(&b, &raw);
	text_clean_buf(strbuf_slice(&raw), aor, sizeof(aor));
	strbuf_free(&raw);
	if (!u->watching.watch)
		u->watching.watch = watch_new(u->cfg.view, u->cfg.store, on_event, u);
	watch_mark(u->watching.watch, user, domain, on, now_ms);
	u->watching.version++;
	if (!on)
		ui_say(u, false, "%s is watched no more.", aor);
	else if (store_find_aor(u->cfg.store, user, domain))
		ui_say(u, false, "%s is watched: what happens is said here, with a bell.", aor);
	else
		ui_say(u, false,
		       "%s is watched: nobody is registered so now; who comes is said here, with a "
		       "bell.",
		       aor);
}

/* "sip:alice@example.com", or without the scheme. */
static void watch_named(struct ui *u, const char *arg, int64_t now_ms)
{
	struct slice aor = slice_trim(slice_of(arg)), user, domain = SLICE_NONE;
	ptrdiff_t at;

	if (aor.n > 4 && slice_ieq(slice_make(aor.p, 4), SLICE_LIT("sip:")))
		aor = slice_skip(aor, 4);
	at = slice_find_char(aor, '@');
	user = at < 0 ? aor : slice_make(aor.p, (size_t)at);
	if (at >= 0)
		domain = slice_skip(aor, (size_t)at + 1);
	if (!user.n || slice_find_char(aor, ' ') >= 0 || (at >= 0 && !domain.n))
		ui_say(u, true, "An AoR is watched, as in :watch alice@example.com.");
	else
		watch_aor(u, user, domain, now_ms);
}

void do_watch(struct ui *u, const char *arg, int64_t now_ms)
{
	struct strbuf user = STRBUF_INIT, domain = STRBUF_INIT;
	struct binding b;

	if (arg && *arg) {
		watch_named(u, arg, now_ms);
	} else if (ui_mode(u) == MODE_WATCH) {
		ui_say(u, false, "Whose? :watch AOR ends it here; in the table, W on its row.");
	} else if (store_get(u->cfg.store, ui_current(u), &b)) {
		/* The look that comes first may ask the store for more than it lends. */
		strbuf_add_slice(&user, b.user);
		strbuf_add_slice(&domain, b.domain);
		watch_aor(u, strbuf_slice(&user), strbuf_slice(&domain), now_ms);
	} else {
		ui_say(u, false,
		       "There is no binding here; :watch AOR waits for somebody who is gone.");
	}
	strbuf_free(&user);
	strbuf_free(&domain);
}

void do_watches(struct ui *u, const char *arg, int64_t now_ms)
{
	(void)arg;
	(void)now_ms;
	u->watching.unread = 0;
	if (ui_mode(u) == MODE_WATCH) {
		ui_pop(u);
		return;
	}
	u->watching.scroll = (struct scroll){0};
	ui_push(u, MODE_WATCH);
}

/* ---- all of them -------------------------------------------------------------------------- */

static void add_quoted(struct slice text, struct strbuf *out)
{
	strbuf_add_char(out, '"');
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '"' || text.p[i] == '\\')
			strbuf_add_char(out, '\\');
		strbuf_add_char(out, text.p[i]);
	}
	strbuf_add_char(out, '"');
}

static void add_to_filter(void *ctx, const struct watch_mark *m)
{
	struct binding b = {.user = m->user, .domain = m->domain};
	struct strbuf *out = ctx, aor = STRBUF_INIT;

	binding_add_aor(&b, &aor);
	strbuf_addf(out, "%saor=", out->n ? " | " : "");
	add_quoted(strbuf_slice(&aor), out);
	strbuf_free(&aor);
}

void watch_enter(struct ui *u)
{
	struct strbuf filter = STRBUF_INIT;
	struct err e = ERR_NONE;
	size_t at;

	if (!watch_marks(u->watching.watch)) {
		ui_say(u, false, "Nobody is watched.");
		return;
	}
	watch_each_mark(u->watching.watch, add_to_filter, &filter);
	if (view_set_filter(u->cfg.view, strbuf_slice(&filter), &at, &e) < 0) {
		ui_say(u, true, "So many do not fit into a filter: %s", e.what);
	} else {
		while (ui_mode(u) != MODE_TABLE)
			ui_pop(u);
		ui_say(u, false, "Only who is watched is shown; f changes the filter.");
	}
	strbuf_free(&filter);
}

void watch_ask(struct ui *u)
{
	const struct watch *w = u->watching.watch;
	size_t n = w ? watch_count(w, NULL) : 0;
	binding_id *ids = xcalloc(n + 1, sizeof(*ids));

	for (size_t i = 0; i < n; i++)
		ids[i] = watch_at(w, i);
	ui_ask_all(u, ids, n, "that are watched");
	free(ids);
}

void watch_end(struct ui *u)
{
	watch_free(u->watching.watch);
	free(u->watching.news);
}
