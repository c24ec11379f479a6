/* regtop purge: plan, question, and the run, on a plain terminal or in a script. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "act/plan.h"
#include "act/purge.h"
#include "act/survey.h"
#include "base/alloc.h"
#include "base/text.h"
#include "cli/batch.h"

/* The loop stands still while a person reads; nothing runs before the answer anyway. */
static bool ask(const struct plan *p)
{
	struct strbuf q = STRBUF_INIT;
	char line[64];
	bool yes = false;

	plan_question(p, &q);
	fprintf(stderr, "%s ", strbuf_str(&q));
	strbuf_free(&q);
	if (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\r\n")] = '\0';
		yes = plan_confirmed(p, line);
	}
	if (!yes)
		fprintf(stderr, "regtop: nothing was changed\n");
	return yes;
}

/* REGTOP_OK when it may go on. */
static int confirm(const struct plan *p, const struct options *o)
{
	if (o->yes && p->count == 1 && o->yes_count <= 1)
		return REGTOP_OK;
	if (o->yes && o->yes_count == p->count)
		return REGTOP_OK;
	if (o->yes) {
		if (o->yes_count)
			fprintf(stderr,
				"regtop: the plan holds %zu bindings, not %u; nothing was "
				"changed\n",
				p->count, o->yes_count);
		else
			fprintf(stderr,
				"regtop: the plan holds %zu bindings; nothing was changed\n"
				"        Say --yes=%zu if that is what you mean.\n",
				p->count, p->count);
		return REGTOP_REFUSED;
	}
	if (!isatty(STDIN_FILENO)) {
		fprintf(stderr, "regtop: nobody is there to ask; nothing was changed\n"
				"        Look at the plan with --dry-run, then say --yes.\n");
		return REGTOP_REFUSED;
	}
	return ask(p) ? REGTOP_OK : REGTOP_REFUSED;
}

/* What is asked for again and again has words while it runs; they are said once. */
static void say_waiting(const struct plan_item *item, const struct plan_item **said)
{
	if (item->state != PLAN_RUNNING || !item->result[0] || *said == item)
		return;
	*said = item;
	fprintf(stderr, "regtop: %s\n", item->result);
}

static void on_progress(void *ctx, const struct plan *p, size_t index)
{
	const struct plan_item *item;
	struct strbuf aor = STRBUF_INIT, contact = STRBUF_INIT;

	if (index >= p->count)
		return;
	item = &p->items[index];
	if (item->state == PLAN_WAITING || item->state == PLAN_RUNNING) {
		say_waiting(item, ctx);
		return;
	}
	{
		struct strbuf raw = STRBUF_INIT;

		binding_add_aor(item->b, &raw);
		text_clean(strbuf_slice(&raw), false, &aor);
		strbuf_free(&raw);
	}
	text_clean(item->b->contact, false, &contact);
	printf("%s  %s  %s%s%s\n", strbuf_str(&aor), strbuf_str(&contact),
	       plan_state_word(item->state), item->result[0] ? ": " : "", item->result);
	fflush(stdout);
	strbuf_free(&aor);
	strbuf_free(&contact);
}

/* What is left to be asked is named, with the option that asks it in a script. */
static void say_offer(const struct plan *offered)
{
	const char *option = offered->kind == PLAN_ROWS ? "--leftovers" : "--whole-aor";
	struct strbuf words = STRBUF_INIT;

	plan_offer(offered, &words);
	fprintf(stderr,
		"regtop: %s\n"
		"        Look at it with %s --dry-run, then say %s --yes=%zu.\n",
		strbuf_str(&words), option, option, offered->count);
	strbuf_free(&words);
}

static int run(struct app *a, const struct options *o, struct plan *take);

/* The plan is shown, and asked about unless it was confirmed on the command line. Takes it. */
static int show_and_run(struct app *a, const struct options *o, struct plan *take)
{
	struct strbuf text = STRBUF_INIT;
	int status;

	plan_describe(take, app_now_ms(a), &text);
	fputs(strbuf_str(&text), stdout);
	fflush(stdout);
	strbuf_free(&text);
	status = o->dry_run ? REGTOP_OK : confirm(take, o);
	if (o->dry_run || status != REGTOP_OK) {
		plan_free(take);
		return status;
	}
	return run(a, o, take);
}

/* --yes was said to what was chosen, never to what is offered afterwards. */
static int follow_offers(struct app *a, const struct options *o, struct purge *done, int status)
{
	bool person = !o->yes && isatty(STDIN_FILENO);
	const struct plan *offered;

	while ((offered = purge_offered(done)) != NULL) {
		struct plan *take = purge_take_offer(done);

		if (person) {
			struct strbuf words = STRBUF_INIT;

			plan_offer(take, &words);
			printf("\n%s:\n", strbuf_str(&words));
			strbuf_free(&words);
			status = show_and_run(a, o, take);
			continue;
		}
		say_offer(take);
		/* A binding that was removed is not refused, but its row is still to go. */
		status = take->kind == PLAN_ROWS && status == REGTOP_OK ? REGTOP_FOUND
									: REGTOP_REFUSED;
		plan_free(take);
	}
	return status;
}

static int run(struct app *a, const struct options *o, struct plan *take)
{
	struct err e = ERR_NONE;
	const struct plan_item *waited_for = NULL;
	struct purge *run = purge_start(&a->env, take, on_progress, &waited_for, &e);
	const struct plan *p;
	int status = REGTOP_OK;

	if (!run) {
		err_print(&e);
		return REGTOP_REFUSED;
	}
	while (!purge_over(run))
		loop_turn(a->loop, true);
	p = purge_plan(run);
	for (size_t i = 0; i < p->count; i++)
		if (p->items[i].state != PLAN_DONE && p->items[i].state != PLAN_CAME_BACK)
			status = REGTOP_FOUND;
	status = follow_offers(a, o, run, status);
	purge_free(run);
	return status;
}

static int refusal_status(const struct err *e)
{
	return e->code == -ENOENT ? REGTOP_FOUND : REGTOP_REFUSED;
}

/* ---- what goes beyond the picture ---------------------------------------------------------- */

struct waiting {
	bool over;
	struct plan *plan;
	struct err e;
};

static void on_survey(void *ctx, struct plan *take, const struct err *e)
{
	struct waiting *w = ctx;

	w->over = true;
	w->plan = take;
	w->e = *e;
}

/* The plan of all bindings of the AoRs, or of the rows that memory does not know. */
static struct plan *survey(struct app *a, const struct options *o, const binding_id *ids, size_t n,
			   struct err *e)
{
	enum plan_kind kind = o->whole_aor ? PLAN_WHOLE_AORS : PLAN_ROWS;
	struct binding *rows = xcalloc(n, sizeof(*rows));
	const struct binding **about = xcalloc(n, sizeof(*about));
	struct waiting w = {.e = ERR_NONE};
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		if (store_get(a->env.store, ids[i], &rows[count])) {
			about[count] = &rows[count];
			count++;
		}
	if (survey_start(&a->env, kind, about, count, o->reason, on_survey, &w, e))
		while (!w.over)
			loop_turn(a->loop, true);
	if (w.over && !w.plan) {
		*e = w.e;
		if (e->code == -ENOENT && kind == PLAN_ROWS)
			err_set(e, -ENOENT, NULL,
				"none of them is a row that only the table has; nothing was "
				"changed");
	}
	free(about);
	free(rows);
	return w.plan;
}

static struct plan *plan_for(struct app *a, const struct options *o, struct err *e)
{
	struct plan *p = NULL;
	size_t n;
	binding_id *ids = app_view_ids(a, &n);

	if (n == 0)
		err_set(e, -ENOENT, NULL, "nothing matches; nothing was changed");
	else if (o->whole_aor || o->leftovers)
		p = survey(a, o, ids, n, e);
	else
		p = plan_purge(&a->env, ids, n, e);
	free(ids);
	if (p)
		snprintf(p->reason, sizeof(p->reason), "%s", o->reason ? o->reason : "");
	return p;
}

static int plan_and_run(struct app *a, const struct options *o)
{
	struct err e = ERR_NONE;
	struct plan *p = plan_for(a, o, &e);

	if (p)
		return show_and_run(a, o, p);
	err_print(&e);
	return refusal_status(&e);
}

int cli_purge(const struct options *o)
{
	struct app *a;
	int status;

	if (!o->dry_run && (!o->reason || !o->reason[0])) {
		fprintf(stderr, "regtop: a purge needs its reason: --reason TEXT\n"
				"        A ticket number will do; the journal keeps it.\n");
		return REGTOP_USAGE;
	}
	if (o->whole_aor && o->leftovers) {
		fprintf(stderr, "regtop: --whole-aor and --leftovers are two purges: one of them, "
				"then the other\n");
		return REGTOP_USAGE;
	}
	status = cli_open(o, &a);
	if (a && status == REGTOP_INCOMPLETE)
		fprintf(stderr, "regtop: nothing is purged from an incomplete picture\n");
	else if (a && status == REGTOP_OK)
		status = plan_and_run(a, o);
	app_free(a);
	return status;
}
