/* The history of one run: what it is told of, and what a workup hears from it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "act/journal_who.h"
#include "act/workup.h"
#include "app.h"
#include "base/text.h"
#include "judge/verdict.h"
#include "paths.h"

static void on_trouble(void *ctx, const struct err *e)
{
	struct app *a = ctx;

	a->history_err = *e;
	if (a->on_change)
		a->on_change(a->on_change_ctx);
	else
		err_print(e);
}

/* "30d", or "no". */
static int read_age(const struct options *o, struct history_options *out, bool *wanted,
		    struct err *e)
{
	*wanted = !o->history || strcmp(o->history, "no") != 0;
	if (!*wanted || !o->history)
		return 0;
	if (text_parse_duration(slice_of(o->history), &out->age_s) && out->age_s > 0)
		return 0;
	return err_set(e, -EINVAL, "Write history = 30d, or history = no.",
		       "this is no time to keep a history for: %.40s", o->history);
}

static void on_call(void *ctx, const struct binding *b, const struct call_found *found)
{
	struct app *a = ctx;

	if (a->history)
		history_call(a->history, b, found);
}

static void on_purged(void *ctx, const struct binding *b)
{
	struct app *a = ctx;
	struct strbuf who = STRBUF_INIT;

	if (!a->history)
		return;
	journal_who(&who);
	history_purged(a->history, b, strbuf_str(&who));
	strbuf_free(&who);
}

/* A folder that cannot be made does not say by itself what is missing for it. */
static void say_without(struct err *e)
{
	const struct err was = *e;

	err_set(e, was.code, was.hint, "no history is kept: %s", was.what);
}

static bool all_frozen(const struct app *a)
{
	for (size_t i = 0; i < a->env.source_count; i++)
		if (strcmp(a->env.sources[i]->ops->kind, "snapshot") != 0)
			return false;
	return true;
}

int app_open_history(struct app *a, const struct options *o, struct err *e)
{
	struct history_options ho = {.rows = o->history_rows};
	bool wanted, in_memory = o->command->bit & CLI_DEMO;
	char *path;

	if (!(o->command->bit & (CLI_INSPECT | CLI_SHOW | CLI_PING | CLI_PURGE | CLI_WHY |
				 CLI_CALL | CLI_LISTEN | CLI_WATCH | CLI_DEMO)))
		return 0;
	if (read_age(o, &ho, &wanted, e) < 0)
		return e->code;
	if (!wanted || all_frozen(a))
		return 0;
	/* Simulated phones are nobody's tomorrow. */
	path = in_memory ? NULL : paths_state_file("history.sqlite", &a->history_err);
	if (path || in_memory)
		a->history =
			history_open(a->loop, a->clock, path, &ho, on_trouble, a, &a->history_err);
	else
		say_without(&a->history_err);
	free(path);
	if (!a->history) {
		/* Told, and gone on without it. */
		if (!(o->command->bit & CLI_INSPECT))
			err_print(&a->history_err);
		return 0;
	}
	history_watch(a->history, a->store);
	a->env.on_call = on_call;
	a->env.on_call_ctx = a;
	a->env.on_purged = on_purged;
	a->env.on_purged_ctx = a;
	return 0;
}

void app_probed(struct app *a, binding_id id)
{
	const struct evidence *e = store_evidence(a->store, id);
	struct binding b;

	if (a->history && e && store_get(a->store, id, &b))
		history_probe(a->history, &b, e);
}

/* ---- what is shown ----------------------------------------------------------------------------
 */

struct few {
	struct history_event *events;
	size_t n, max;
};

static bool take_event(void *ctx, const struct history_event *e)
{
	struct few *f = ctx;

	f->events[f->n++] = *e;
	return f->n < f->max;
}

size_t app_history(struct app *a, binding_id id, struct history_summary *sum,
		   struct history_event *events, size_t max)
{
	struct few f = {events, 0, max};
	const char *source;
	struct binding b;

	memset(sum, 0, sizeof(*sum));
	if (!a->history || !store_get(a->store, id, &b))
		return 0;
	source = store_source_name(a->store, b.source);
	history_summary(a->history, source, NULL, &b, sum);
	history_each(a->history, source, NULL, &b, max, take_event, &f);
	return f.n;
}

/* ---- what a workup hears ----------------------------------------------------------------------
 */

static void past(void *ctx, const char *source, const char *aor, const struct binding *b,
		 struct history_summary *out)
{
	history_summary(((struct app *)ctx)->history, source, aor, b, out);
}

static void take_call(void *ctx, const struct call_found *c)
{
	workup_note_call(ctx, c);
}

static void calls(void *ctx, const char *source, const struct binding *b,
		  struct finding_binding *out)
{
	history_calls(((struct app *)ctx)->history, source, b, take_call, out);
}

static bool evidence(void *ctx, const char *source, const struct binding *b, struct evidence *out)
{
	return history_evidence(((struct app *)ctx)->history, source, b,
				VERDICT_FADES_AFTER_S * 1000LL, out);
}

static unsigned moved(void *ctx, const char *source, const struct binding *b, char from[64],
		      char to[64])
{
	return history_moved(((struct app *)ctx)->history, source, b, from, to);
}

void app_workup_env(struct app *a, struct workup_env *out)
{
	*out = (struct workup_env){.env = &a->env, .pinger = a->pinger, .view = a->view};
	if (!a->history)
		return;
	out->past = past;
	out->calls = calls;
	out->evidence = evidence;
	out->moved = moved;
	out->past_ctx = a;
}
