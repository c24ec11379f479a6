/* The inspector's workups: begun, stopped, shown and written by its keys. */
#include <errno.h>
#include <stdlib.h>
#include "base/alloc.h"
#include "cli/inspect_state.h"
#include "report/ladder.h"
#include "report/workup.h"

/* Of a ticket. */
#define LADDER_WIDTH 100

static void on_progress(void *ctx)
{
	inspect_changed(ctx);
}

struct found {
	binding_id *ids;
	size_t count, cap;
};

static bool find(void *ctx, binding_id id)
{
	struct found *f = ctx;

	XGROW(f->ids, f->cap, f->count + 1);
	f->ids[f->count++] = id;
	return true;
}

size_t inspect_history(void *ctx, binding_id id, struct history_summary *sum,
		       struct history_event *events, size_t max)
{
	return app_history(((struct inspector *)ctx)->app, id, sum, events, max);
}

int inspect_why(void *ctx, binding_id id, unsigned neighbours, struct err *e)
{
	struct inspector *in = ctx;
	struct app *a = in->app;
	struct workup_options o = {.neighbours = neighbours};
	struct strbuf aor = STRBUF_INIT;
	struct found f = {NULL, 0, 0};
	struct workup_env we;
	struct binding b;

	if (!store_get(a->store, id, &b))
		return err_set(e, -ENOENT, NULL, "This binding is gone.");
	binding_add_aor(&b, &aor);
	store_each_twin(a->store, id, find, &f);
	workup_free(in->why);
	app_workup_env(a, &we);
	in->why = workup_start(&we, strbuf_str(&aor), f.ids, f.count, &o, on_progress, in);
	strbuf_free(&aor);
	free(f.ids);
	return 0;
}

void inspect_why_called(struct inspector *in)
{
	const struct call_found *found;
	size_t n;

	if (!in->why || !workup_over(in->why) || !in->call)
		return;
	found = testcall_results(in->call, &n);
	workup_called(in->why, testcall_plan(in->call)->id, found, n);
}

void inspect_why_cancel(void *ctx)
{
	struct inspector *in = ctx;

	if (in->why)
		workup_cancel(in->why);
}

bool inspect_why_now(void *ctx, struct ui_why *out)
{
	struct inspector *in = ctx;

	if (!in->why)
		return false;
	out->f = workup_findings(in->why);
	out->d = workup_diagnosis(in->why);
	out->trace = workup_trace(in->why);
	workup_progress(in->why, &out->progress);
	return true;
}

int inspect_why_ticket(void *ctx, enum ui_ladder ladder, char path[256], struct err *e)
{
	struct inspector *in = ctx;
	struct workup_style style = {.ascii_only = in->frame.ascii_only, .redact = true};
	struct ladder_options how = {.width = LADDER_WIDTH,
				     .ascii_only = in->frame.ascii_only,
				     .raw = ladder == LADDER_RAW,
				     .redact = true};
	struct strbuf text = STRBUF_INIT;
	int rc;

	if (!in->why || !workup_over(in->why))
		return err_set(e, -EAGAIN, NULL, "The workup is not over yet.");
	rc = inspect_new_file("regtop-ticket", ".txt", clock_wall_ms(in->app->clock), path, e);
	if (rc < 0)
		return rc;
	workup_write(workup_findings(in->why), workup_diagnosis(in->why), &style, &text);
	if (ladder != LADDER_NONE) {
		strbuf_add_str(&text, "\nMessages\n");
		ladder_write(workup_trace(in->why), &how, &text);
	}
	rc = inspect_write_text(path, strbuf_slice(&text), e);
	strbuf_free(&text);
	return rc;
}
