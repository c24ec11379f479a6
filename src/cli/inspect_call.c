/* The inspector's test calls, and the ladders of what was traced last. */
#include <errno.h>
#include <stdlib.h>
#include "base/text.h"
#include "cli/inspect_state.h"
#include "report/ladder.h"
#include "report/redact.h"

/* ---- ladders ----------------------------------------------------------------------------------
 */

static void ladder_drop(struct inspector *in, struct inspect_ladder *l)
{
	/* A late answer may still want to go into it. */
	pinger_untrace(in->app->pinger, l->trace);
	trace_free(l->trace);
	*l = (struct inspect_ladder){.id = 0};
}

/* The place of this binding, else a free one, else the oldest; empty. */
static struct inspect_ladder *ladder_place(struct inspector *in, binding_id id)
{
	struct inspect_ladder *best = &in->ladders[0];

	for (size_t i = 0; i < INSPECT_LADDERS; i++) {
		struct inspect_ladder *l = &in->ladders[i];

		if (l->id == id) {
			best = l;
			break;
		}
		if (best->id && (!l->id || l->began_us < best->began_us))
			best = l;
	}
	ladder_drop(in, best);
	return best;
}

static void ladder_keep(struct inspector *in, binding_id id, struct trace *take, int64_t began_us)
{
	if (take)
		*ladder_place(in, id) =
			(struct inspect_ladder){.id = id, .trace = take, .began_us = began_us};
}

void inspect_untrace_pings(struct inspector *in)
{
	const binding_id nobody = 0;

	/* A workup that runs traces its own. */
	if (!in->why || workup_over(in->why))
		pinger_trace(in->app->pinger, &nobody, 0, NULL);
}

void inspect_trace_ping(struct inspector *in, binding_id id)
{
	struct trace *t;

	if ((in->why && !workup_over(in->why)) || pinger_asks(in->app->pinger, id))
		return;
	t = trace_new(in->app->clock);
	ladder_keep(in, id, t, clock_mono_us(in->app->clock));
	pinger_trace(in->app->pinger, &id, 1, t);
}

const struct trace *inspect_ladder(void *ctx, binding_id id)
{
	struct inspector *in = ctx;
	const struct trace *found = NULL;
	int64_t newest = -1;

	for (size_t i = 0; i < INSPECT_LADDERS; i++)
		if (id && in->ladders[i].id == id && trace_count(in->ladders[i].trace)) {
			found = in->ladders[i].trace;
			newest = in->ladders[i].began_us;
		}
	if (in->call && testcall_plan(in->call)->id == id && in->call_us > newest &&
	    trace_count(testcall_trace(in->call)))
		found = testcall_trace(in->call);
	return found;
}

/* ---- calls ------------------------------------------------------------------------------------
 */

/* A phone that was silent rang after all: its user will ask who that was. */
static void say_late(struct inspector *in)
{
	struct strbuf raw = STRBUF_INIT;
	const struct call_found *f;
	char aor[120], late[80];
	size_t n;

	f = testcall_results(in->call, &n);
	while (n && !f[n - 1].late_code)
		n--;
	if (!n)
		return;
	binding_add_aor(testcall_plan(in->call)->b, &raw);
	text_clean_buf(strbuf_slice(&raw), aor, sizeof(aor));
	strbuf_free(&raw);
	call_found_say_late(&f[n - 1], late, sizeof(late));
	ui_say(in->ui, true, "The test call to %s was not answered in time; %s.", aor, late);
}

static void on_step(void *ctx)
{
	struct inspector *in = ctx;

	/* The workup that stands behind it learns what the call found. */
	if (in->call && testcall_over(in->call)) {
		inspect_why_called(in);
		say_late(in);
	}
	inspect_changed(in);
}

struct call_plan *inspect_call_plan(void *ctx, binding_id id, const struct call_order *o,
				    struct err *e)
{
	return call_plan_make(&((struct inspector *)ctx)->app->env, id, o, e);
}

/* The messages of the one before stay. */
static void call_replace(struct inspector *in, struct test_call *take)
{
	if (in->call) {
		ladder_keep(in, testcall_plan(in->call)->id, testcall_take_trace(in->call),
			    in->call_us);
		testcall_free(in->call);
	}
	in->call = take;
	in->call_us = clock_mono_us(in->app->clock);
}

int inspect_call_run(void *ctx, struct call_plan *take, struct err *e)
{
	struct inspector *in = ctx;
	struct test_call *c = testcall_start(&in->app->env, take, on_step, in, e);

	if (!c)
		return e->code;
	call_replace(in, c);
	return 0;
}

void inspect_call_stop(void *ctx)
{
	struct inspector *in = ctx;

	if (in->call)
		testcall_stop(in->call);
}

bool inspect_call_now(void *ctx, struct ui_call *out)
{
	struct inspector *in = ctx;

	if (!in->call)
		return false;
	out->plan = testcall_plan(in->call);
	out->found = testcall_results(in->call, &out->count);
	out->now = testcall_now(in->call);
	out->trace = testcall_trace(in->call);
	out->over = testcall_over(in->call);
	return true;
}

const char *inspect_call_refused(void *ctx)
{
	const struct act_env *env = &((struct inspector *)ctx)->app->env;

	return env->read_only ? env->read_only_why : !env->journal ? env->journal_trouble : NULL;
}

void inspect_call_free(struct inspector *in)
{
	testcall_free(in->call);
	in->call = NULL;
	for (size_t i = 0; i < INSPECT_LADDERS; i++)
		ladder_drop(in, &in->ladders[i]);
}

/* ---- the ticket -------------------------------------------------------------------------------
 */

static void add_found(const struct call_found *f, struct strbuf *out)
{
	char said[240], means[240];

	call_found_say(f, said, sizeof(said));
	call_found_mean(f, means, sizeof(means));
	strbuf_addf(out, "%s, %u bytes: ", call_kind_name(f->kind), f->size);
	redact_text(slice_of(said), out);
	strbuf_addf(out, "\n%s%s%s", means[0] ? "  " : "", means, means[0] ? "\n" : "");
}

int inspect_ladder_ticket(void *ctx, binding_id id, char path[256], struct err *e)
{
	struct inspector *in = ctx;
	struct ladder_options o = {.ascii_only = in->frame.ascii_only, .redact = true};
	const struct trace *t = inspect_ladder(in, id);
	struct strbuf text = STRBUF_INIT;
	const struct call_found *f;
	size_t n = 0;
	int rc;

	if (!store_has(in->app->store, id))
		return err_set(e, -ENOENT, NULL, "This binding is gone.");
	rc = inspect_new_file("regtop-ticket", ".txt", clock_wall_ms(in->app->clock), path, e);
	if (rc < 0)
		return rc;
	inspect_ticket(in, &id, 1, &text);
	strbuf_add_char(&text, '\n');
	if (in->call && t == testcall_trace(in->call)) {
		f = testcall_results(in->call, &n);
		for (size_t i = 0; i < n; i++)
			add_found(&f[i], &text);
		strbuf_add_str(&text, n ? "\n" : "");
	}
	ladder_write(t, &o, &text);
	rc = inspect_write_text(path, strbuf_slice(&text), e);
	strbuf_free(&text);
	return rc;
}
