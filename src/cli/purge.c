/* regtop purge: plan, question, and the run, on a plain terminal or in a script. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "act/plan.h"
#include "act/purge.h"
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

static void on_progress(void *ctx, const struct plan *p, size_t index)
{
	const struct plan_item *item;
	struct strbuf aor = STRBUF_INIT, contact = STRBUF_INIT;

	(void)ctx;
	if (index >= p->count)
		return;
	item = &p->items[index];
	if (item->state == PLAN_WAITING || item->state == PLAN_RUNNING)
		return;
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

static int run(struct app *a, struct plan *take)
{
	struct err e = ERR_NONE;
	struct purge *run = purge_start(&a->env, take, on_progress, NULL, &e);
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
	purge_free(run);
	return status;
}

static int refusal_status(const struct err *e)
{
	return e->code == -ENOENT ? REGTOP_FOUND : REGTOP_REFUSED;
}

static int plan_and_run(struct app *a, const struct options *o)
{
	struct strbuf text = STRBUF_INIT;
	struct err e = ERR_NONE;
	size_t n;
	binding_id *ids = app_view_ids(a, &n);
	struct plan *p = n ? plan_purge(&a->env, ids, n, &e) : NULL;
	int status;

	free(ids);
	if (!p) {
		if (n == 0)
			err_set(&e, -ENOENT, NULL, "nothing matches; nothing was changed");
		err_print(&e);
		return refusal_status(&e);
	}
	snprintf(p->reason, sizeof(p->reason), "%s", o->reason ? o->reason : "");
	plan_describe(p, app_now_ms(a), &text);
	fputs(strbuf_str(&text), stdout);
	fflush(stdout);
	strbuf_free(&text);
	if (o->dry_run) {
		plan_free(p);
		return REGTOP_OK;
	}
	status = confirm(p, o);
	if (status != REGTOP_OK) {
		plan_free(p);
		return status;
	}
	return run(a, p);
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
	status = cli_open(o, &a);
	if (a && status == REGTOP_INCOMPLETE)
		fprintf(stderr, "regtop: nothing is purged from an incomplete picture\n");
	else if (a && status == REGTOP_OK)
		status = plan_and_run(a, o);
	app_free(a);
	return status;
}
