/* The survey: asks the registrars what a plan has to hold that goes beyond the picture. */
#include "act/survey.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "act/purge.h"
#include "base/alloc.h"
#include "base/text.h"

struct survey {
	struct act_env *env;
	enum plan_kind kind;
	struct binding **about;
	size_t count, at;
	struct binding **found;
	size_t found_count;
	char reason[200];
	struct loop_timer *go, *watchdog;
	survey_fn *fn;
	void *ctx;
	uintptr_t token; /* names the request in flight */
};

/* As for purges: what a source is given back is a number, and never a pointer. */
static struct survey *live;
static uintptr_t last_token;

static void clear(struct survey *s)
{
	if (live == s)
		live = NULL;
	loop_timer_free(s->go);
	loop_timer_free(s->watchdog);
	for (size_t i = 0; i < s->count; i++)
		free(s->about[i]);
	for (size_t i = 0; i < s->found_count; i++)
		free(s->found[i]);
	free(s->about);
	free(s->found);
	free(s);
}

void survey_free(struct survey *s)
{
	if (s)
		clear(s);
}

static void end(struct survey *s, const struct err *trouble)
{
	struct err e = trouble ? *trouble : ERR_NONE;
	survey_fn *fn = s->fn;
	void *ctx = s->ctx;
	struct plan *p = NULL;

	if (!trouble)
		p = plan_of_found(s->env, s->kind, (const struct binding *const *)s->found,
				  s->found_count, s->reason, &e);
	clear(s);
	fn(ctx, p, &e);
}

static bool same_aor(const struct binding *a, const struct binding *b)
{
	return a->source == b->source && slice_eq(a->user, b->user) &&
	       slice_eq(a->domain, b->domain);
}

static void find(struct survey *s, const struct binding *b)
{
	s->found = xreallocarray(s->found, s->found_count + 1, sizeof(*s->found));
	s->found[s->found_count] = binding_copy(b);
	s->found[s->found_count++]->source = s->about[s->at]->source;
}

/* False when it cannot be planned with, and the survey is over. */
static bool clearly(struct survey *s, enum source_answer a, const struct err *e)
{
	struct strbuf aor = STRBUF_INIT;
	struct err mine;
	char shown[120];

	loop_timer_stop(s->watchdog);
	s->token = 0;
	if (a == SOURCE_DONE || a == SOURCE_GONE)
		return true;
	binding_add_aor(s->about[s->at], &aor);
	text_clean_buf(strbuf_slice(&aor), shown, sizeof(shown));
	strbuf_free(&aor);
	err_set(&mine, e && e->code ? e->code : -EIO, e ? e->hint : NULL,
		"what the registrar has of %s cannot be told: %s", shown,
		e && e->what[0] ? e->what : "no answer");
	end(s, &mine);
	return false;
}

static void next(struct survey *s)
{
	s->at++;
	loop_timer_set(s->go, 0);
}

static void on_aor(void *ctx, enum source_answer a, const struct binding *all, size_t n,
		   const struct err *e)
{
	struct survey *s = live;

	if (!s || s->token == 0 || s->token != (uintptr_t)ctx || !clearly(s, a, e))
		return;
	for (size_t i = 0; a == SOURCE_DONE && i < n; i++)
		find(s, &all[i]);
	next(s);
}

static void on_row(void *ctx, enum source_answer a, const struct binding *now, const struct err *e)
{
	struct survey *s = live;

	if (!s || s->token == 0 || s->token != (uintptr_t)ctx || !clearly(s, a, e))
		return;
	if (a == SOURCE_GONE && now)
		find(s, now);
	next(s);
}

static void on_watchdog(void *arg)
{
	struct survey *s = arg;
	struct err e;

	err_set(&e, -ETIMEDOUT, NULL, "no word in time");
	clearly(s, SOURCE_NO_ANSWER, &e);
}

/* Each AoR once. */
static bool asked_before(const struct survey *s)
{
	for (size_t i = 0; i < s->at && s->kind == PLAN_WHOLE_AORS; i++)
		if (same_aor(s->about[i], s->about[s->at]))
			return true;
	return false;
}

static void on_go(void *arg)
{
	struct survey *s = arg;
	unsigned timeout = s->env->answer_timeout_ms;
	struct source *source;
	const struct binding *b;

	while (s->at < s->count && asked_before(s))
		s->at++;
	if (s->at == s->count) {
		end(s, NULL);
		return;
	}
	b = s->about[s->at];
	source = s->env->sources[b->source];
	s->token = ++last_token;
	loop_timer_set(s->watchdog, timeout ? timeout : PURGE_ANSWER_MS);
	if (s->kind == PLAN_WHOLE_AORS)
		source->ops->read_aor(source, b, on_aor, (void *)s->token);
	else
		source->ops->reread(source, b, on_row, (void *)s->token);
}

struct survey *survey_start(struct act_env *env, enum plan_kind kind,
			    const struct binding *const *about, size_t n, const char *reason,
			    survey_fn *fn, void *ctx, struct err *e)
{
	struct plan *trial;
	struct survey *s;

	if (live) {
		err_set(e, -EBUSY, "Wait for it.", "the registrars are still being asked");
		return NULL;
	}
	trial = plan_of_found(env, kind, about, n, reason, e);

	/* What may not be planned need not be asked for. */
	if (!trial)
		return NULL;
	plan_free(trial);
	s = xcalloc(1, sizeof(*s));
	s->env = env;
	s->kind = kind;
	s->about = xcalloc(n, sizeof(*s->about));
	for (; s->count < n; s->count++)
		s->about[s->count] = binding_copy(about[s->count]);
	snprintf(s->reason, sizeof(s->reason), "%s", reason ? reason : "");
	s->fn = fn;
	s->ctx = ctx;
	s->go = loop_timer_new(env->loop, LOOP_INPUT, on_go, s);
	s->watchdog = loop_timer_new(env->loop, LOOP_INPUT, on_watchdog, s);
	live = s;
	loop_timer_set(s->go, 0);
	return s;
}
