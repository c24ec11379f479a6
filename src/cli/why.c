/* regtop why: the workup of one address of record: evidence, verdict, cause, advice. */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/alloc.h"
#include "act/workup.h"
#include "base/text.h"
#include "cli/batch.h"
#include "cli/call.h"
#include "history/history.h"
#include "model/filter_lex.h"
#include "report/workup.h"

#define PROGRESS_COLS 60

struct why {
	struct app *app;
	const struct options *options;
	struct workup *workup;
	struct test_call *call; /* under way; else NULL */
	bool shown;             /* how far it is, on a terminal */
};

static void on_stop(void *ctx, int signo)
{
	struct why *y = ctx;

	(void)signo;
	if (y->call)
		testcall_stop(y->call);
	else if (y->workup)
		workup_cancel(y->workup);
}

static void show_progress(void *ctx)
{
	struct why *y = ctx;
	struct workup_progress p;
	char words[PROGRESS_COLS + 1] = "";

	if (!y->shown || !y->workup)
		return;
	workup_progress(y->workup, &p);
	if (p.waits_s)
		snprintf(words, sizeof(words), "no answer; asking once more in %u s, to be sure",
			 p.waits_s);
	else if (!p.over)
		snprintf(words, sizeof(words), "asking: %u of %u questions answered", p.answered,
			 p.ways);
	fprintf(stderr, "\r%-*.*s%s", PROGRESS_COLS, PROGRESS_COLS, words, p.over ? "\r" : "");
	fflush(stderr);
}

static void print_answer(const struct why *y)
{
	const struct findings *f = workup_findings(y->workup);
	const struct diagnosis *d = workup_diagnosis(y->workup);
	struct workup_style style = {.width = cli_paper_width(),
				     .ascii_only = app_ascii_only(y->options),
				     .redact = y->options->redact};
	struct ladder_options how = cli_ladder_options(y->options);
	struct strbuf out = STRBUF_INIT;
	json_t *j;

	if (y->options->json) {
		j = workup_json(f, d);
		if (y->options->ladder)
			json_object_set_new(j, "ladder",
					    ladder_json(workup_trace(y->workup), &how));
		cli_print_json(j);
		json_decref(j);
		return;
	}
	workup_write(f, d, &style, &out);
	fputs(strbuf_str(&out), stdout);
	strbuf_free(&out);
	cli_print_ladder(workup_trace(y->workup), y->options);
}

/* Until the call is over, or the workup. At a question between the two Ctrl-C means what it means
 * everywhere. */
static void wait_for_end(struct why *y)
{
	struct loop *l = y->app->loop;
	struct loop_signal *sigint = loop_signal_new(l, SIGINT, on_stop, y);
	struct loop_signal *sigterm = loop_signal_new(l, SIGTERM, on_stop, y);

	while (y->call ? !testcall_over(y->call) : !workup_over(y->workup))
		loop_turn(l, true);
	loop_signal_free(sigint);
	loop_signal_free(sigterm);
}

/* ---- --call ---------------------------------------------------------------------------------- */

static void on_call(void *ctx)
{
	struct why *y = ctx;

	if (y->shown && y->call && testcall_now(y->call)[0])
		fprintf(stderr, "\r%-*.*s", PROGRESS_COLS, PROGRESS_COLS, testcall_now(y->call));
	fflush(stderr);
}

/* The binding that the verdict is about, when it is there to be called. */
static binding_id whom(const struct why *y)
{
	const struct findings *f = workup_findings(y->workup);
	size_t at = workup_diagnosis(y->workup)->binding;
	const struct evidence *e = at < f->count ? &f->bindings[at].known : NULL;

	if (f->cancelled || !e || e->outcome != PROBE_ANSWERED || e->by_registrar)
		return 0;
	return f->bindings[at].row.id;
}

static int run_call(struct why *y, struct call_plan *take)
{
	struct act_env *env = &y->app->env;
	binding_id id = take->id;
	struct err e = ERR_NONE;
	const struct call_found *found;
	size_t n;

	y->call = testcall_start(env, take, on_call, y, &e);
	if (!y->call) {
		err_print(&e);
		return REGTOP_REFUSED;
	}
	wait_for_end(y);
	if (y->shown)
		fprintf(stderr, "\r%*s\r", PROGRESS_COLS, "");
	found = testcall_results(y->call, &n);
	workup_called(y->workup, id, found, n);
	testcall_free(y->call);
	y->call = NULL;
	return REGTOP_OK;
}

/* Quiet calls of growing size, the first of them an ordinary one: one plan and one question for
 * all. Whom nothing reaches is not called. */
static int call_too(struct why *y)
{
	struct call_order order = {.kind = CALL_PADDED, .reason = y->options->reason};
	struct strbuf text = STRBUF_INIT;
	struct err e = ERR_NONE;
	struct call_plan *plan;
	binding_id id = whom(y);
	int status;

	if (!id) {
		fprintf(stderr, "regtop: not called: nobody answers there\n");
		return REGTOP_OK;
	}
	plan = call_plan_make(&y->app->env, id, &order, &e);
	if (!plan) {
		err_print(&e);
		return REGTOP_REFUSED;
	}
	call_plan_describe(plan, app_now_ms(y->app), &text);
	fputs(strbuf_str(&text), stderr);
	strbuf_free(&text);
	status = cli_call_confirm(plan, y->options);
	if (status == REGTOP_OK)
		return run_call(y, plan);
	call_plan_free(plan);
	return status;
}

/* ---- the workup ------------------------------------------------------------------------------ */

static int status_of(const struct workup *w)
{
	return workup_findings(w)->cancelled ? REGTOP_INCOMPLETE
	       : workup_diagnosis(w)->well   ? REGTOP_OK
					     : REGTOP_FOUND;
}

static int work_up(struct app *a, const struct options *o, const char *aor, const binding_id *ids,
		   size_t n)
{
	struct why y = {.app = a, .options = o, .shown = !o->json && isatty(STDERR_FILENO)};
	struct workup_env we;
	struct workup_options how = {.neighbours = o->neighbours, .thorough = o->thorough};
	int status = REGTOP_OK;

	app_workup_env(a, &we);
	y.workup = workup_start(&we, aor, ids, n, &how, show_progress, &y);
	show_progress(&y);
	wait_for_end(&y);
	if (o->call)
		status = call_too(&y);
	print_answer(&y);
	if (status == REGTOP_OK)
		status = status_of(y.workup);
	workup_free(y.workup);
	return status;
}

/* "sip:user@domain" as the bindings have it. */
static char *name_of(struct app *a, binding_id id)
{
	struct strbuf aor = STRBUF_INIT;
	struct binding b;

	if (store_get(a->store, id, &b))
		binding_add_aor(&b, &aor);
	return strbuf_take(&aor);
}

/* One user of several domains is several AoRs: the person must say which. */
static bool is_one(struct app *a, const binding_id *ids, size_t n)
{
	struct binding first, b;
	bool one = true;

	if (!n || !store_get(a->store, ids[0], &first))
		return true;
	for (size_t i = 1; i < n && one; i++)
		one = !store_get(a->store, ids[i], &b) ||
		      (slice_eq(b.user, first.user) && slice_ieq(b.domain, first.domain));
	return one;
}

#define NAMED_MAX 20

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void name_them(struct app *a, const binding_id *ids, size_t n)
{
	char **names = xcalloc(n, sizeof(*names)), clean[200];
	size_t named = 0, more = 0;

	for (size_t i = 0; i < n; i++)
		names[i] = name_of(a, ids[i]);
	qsort(names, n, sizeof(*names), by_text);
	fprintf(stderr, "regtop: that is more than one AoR; name one of them:\n");
	for (size_t i = 0; i < n; i++) {
		if (i && strcmp(names[i], names[i - 1]) == 0)
			continue;
		if (named++ >= NAMED_MAX) {
			more++;
			continue;
		}
		text_clean_buf(slice_of(names[i]), clean, sizeof(clean));
		fprintf(stderr, "        %s\n", clean);
	}
	if (more)
		fprintf(stderr, "        and %zu more\n", more);
	for (size_t i = 0; i < n; i++)
		free(names[i]);
	free(names);
}

static bool find_remembered(struct app *a, const char *user, char aor[200])
{
	for (size_t i = 0; i < a->env.source_count; i++)
		if (history_find_aor(a->history, a->env.sources[i]->name, user, aor))
			return true;
	return false;
}

/* Of somebody who is not there: as history knows the name, when only a user was said, or a number
 * was written otherwise. The caller's. */
static char *name_remembered(struct app *a, const char *operand)
{
	struct slice text = slice_trim(slice_of(operand));
	char *user, *number, aor[200];
	size_t n;

	if (slice_starts_with(text, "sip:"))
		text = slice_skip(text, 4);
	user = slice_copy(text);
	if (!a->history || slice_find_char(text, '@') >= 0)
		return user;
	number = xcalloc(1, text.n + 2);
	n = lex_digits(text, number);
	number[n] = '\0';
	if (find_remembered(a, user, aor) || (n && find_remembered(a, number, aor))) {
		free(user);
		user = xstrdup(aor);
	} else if (n) {
		memmove(number + 1, number, n + 1);
		number[0] = '+';
		if (find_remembered(a, number, aor)) {
			free(user);
			user = xstrdup(aor);
		}
	}
	free(number);
	return user;
}

int cli_why(const struct options *o)
{
	struct options plain = *o;
	char empty[] = "";
	binding_id *ids = NULL;
	struct app *a;
	char *aor = NULL;
	size_t n = 0;
	int status, answer;

	plain.filter = empty;
	status = cli_open(&plain, &a);
	if (a && (status == REGTOP_OK || status == REGTOP_INCOMPLETE)) {
		ids = cli_find_aor(a, o->filter, &n);
		if (!is_one(a, ids, n)) {
			name_them(a, ids, n);
			status = REGTOP_USAGE;
		} else {
			aor = n ? name_of(a, ids[0]) : name_remembered(a, o->filter);
			app_seen(a, ids, n);
			answer = work_up(a, &plain, aor, ids, n);
			if (status == REGTOP_OK)
				status = answer;
		}
	}
	free(aor);
	free(ids);
	app_free(a);
	return status;
}
