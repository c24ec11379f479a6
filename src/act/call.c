/* Test calls: a plan that names the phone, the question, one call at a time, and what it found. */
#include "sip/call.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "act/call_again.h"
#include "act/call_state.h"
#include "act/journal.h"
#include "act/ping_evidence.h"
#include "base/alloc.h"
#include "base/text.h"
#include "sip/send_error.h"

/* One call follows the other of a padded one after so long. */
#define NEXT_SIZE_MS 300

struct test_call {
	struct act_env *env;
	struct call_plan *plan;
	struct trace *trace;
	struct loop_timer *go;
	struct call_again *again;       /* the binding is being read again */
	int64_t entry;                  /* of the journal */
	uint64_t call;                  /* the caller's; 0: none is open */
	uint64_t calls[CALL_PAD_SIZES]; /* all of them */
	const char *state;              /* of the journal, when it is over */
	uint32_t connection;            /* opened for it, and closed by the caller; 0 none */
	enum probe_path path;
	struct call_found found[CALL_PAD_SIZES];
	size_t count; /* of found; the last one is under way while call is not 0 */
	bool stopping, over;
	char now[80];
	void (*fn)(void *ctx);
	void *ctx;
};

/* One at a time. */
static struct test_call *live;

bool call_under_way(void)
{
	return live && !live->over;
}

/* ---- the end ----------------------------------------------------------------------------------
 */

static void add_result(const struct test_call *c, struct strbuf *out)
{
	char words[240];

	for (size_t i = 0; i < c->count; i++) {
		call_found_say(&c->found[i], words, sizeof(words));
		strbuf_addf(out, "%s%s", i ? "; " : "", words);
	}
}

static void journal_end(const struct test_call *c, const char *why)
{
	struct strbuf result = STRBUF_INIT;
	char proof[240] = "";

	if (why)
		strbuf_add_str(&result, why);
	add_result(c, &result);
	if (c->count)
		call_found_mean(&c->found[c->count - 1], proof, sizeof(proof));
	/* It has happened, whether the journal takes it or not. */
	journal_result(c->env->journal, c->entry, c->state, strbuf_str(&result), proof, NULL);
	strbuf_free(&result);
}

static void end(struct test_call *c, const char *state, const char *why)
{
	c->over = true;
	c->state = state;
	journal_end(c, why);
	c->fn(c->ctx);
}

static const char *end_state(const struct test_call *c)
{
	switch (c->found[c->count - 1].outcome) {
	case CALL_OPEN:
		return "unknown";
	case CALL_NOT_MADE:
		return "refused";
	default:
		return c->stopping ? "cancelled" : "done";
	}
}

/* ---- what was found ---------------------------------------------------------------------------
 */

static enum call_outcome outcome_of(enum call_end end)
{
	switch (end) {
	case CALL_END_FINAL:
		return CALL_FINAL;
	case CALL_END_ANSWERED:
		return CALL_ANSWERED;
	case CALL_END_CANCELLED:
		return CALL_CANCELLED;
	case CALL_END_SILENT:
		return CALL_SILENT;
	case CALL_END_REFUSED:
		return CALL_REFUSED;
	case CALL_END_UNREACHABLE:
		return CALL_NO_ROUTE;
	case CALL_END_CLOSED:
		return CALL_FLOW_GONE;
	case CALL_END_OPEN:
		break;
	}
	return CALL_OPEN;
}

static void say_detail(const struct call_report *r, char *out, size_t size)
{
	struct strbuf words = STRBUF_INIT;

	if (r->end == CALL_END_REFUSED || r->end == CALL_END_UNREACHABLE ||
	    r->end == CALL_END_CLOSED) {
		sip_send_error_words(&r->error, out, size);
		return;
	}
	if (r->unsupported.n) {
		strbuf_add_str(&words, "does not support ");
		strbuf_add_slice(&words, r->unsupported);
	} else if (r->required.n) {
		strbuf_add_str(&words, "requires ");
		strbuf_add_slice(&words, r->required);
	} else if (r->min_se.n) {
		strbuf_add_str(&words, "Min-SE ");
		strbuf_add_slice(&words, r->min_se);
	} else if (r->warning.n) {
		strbuf_add_slice(&words, r->warning);
	} else if (r->cause.n) {
		strbuf_add_slice(&words, r->cause);
	}
	text_clean_buf(strbuf_slice(&words), out, size);
	strbuf_free(&words);
}

/* A phone that got the call rings, or answers with its name. Of one that was cancelled without any
 * sign of a phone, the switch itself says 487 (RFC 3261 16.10: it answers when its timer C or B
 * ran out). */
static bool cancelled_by_registrar(const struct call_report *r, const struct ping_finding *f)
{
	return !r->ringing && !r->progress && !r->forwarded && !r->queued &&
	       (f->by_registrar || slice_empty(r->agent));
}

/* The registrar speaks for itself as it does for a probe; a switch that refuses a call to the AoR
 * without any sign of a phone is its own. */
static bool by_registrar(const struct test_call *c, const struct call_report *r)
{
	struct probe_report as_probe = {
		.end = PROBE_END_ANSWER, .code = r->code, .agent = r->agent, .reason = r->reason};
	struct ping_finding f;

	if ((r->end != CALL_END_FINAL && r->end != CALL_END_CANCELLED) ||
	    c->path != PROBE_PATH_REGISTRAR)
		return false;
	ping_evidence_read(c->plan->b, c->path, &as_probe, &f);
	if (r->end == CALL_END_CANCELLED)
		return cancelled_by_registrar(r, &f);
	if (f.by_registrar || c->plan->kind != CALL_SWITCH)
		return f.by_registrar;
	return !r->ringing && slice_empty(r->agent) &&
	       (r->code == 404 || r->code == 408 || r->code == 403 || r->code == 407 ||
		r->code == 401 || r->code == 480 || r->code == 477 || r->code == 503);
}

static void take_report(struct test_call *c, const struct call_report *r)
{
	struct call_found *f = &c->found[c->count - 1];

	f->outcome = outcome_of(r->end);
	f->code = r->code;
	f->trying = r->trying;
	f->ringing = r->ringing;
	f->progress = r->progress;
	f->forwarded = r->forwarded;
	f->queued = r->queued;
	f->by_registrar = by_registrar(c, r);
	f->ring_us = r->ring_us;
	f->final_us = r->final_us;
	f->size = r->size;
	f->sends = r->sends;
	f->forks = r->forks;
	text_clean_buf(r->agent, f->agent, sizeof(f->agent));
	text_clean_buf(r->reason, f->reason, sizeof(f->reason));
	text_clean_buf(r->moved_to, f->moved_to, sizeof(f->moved_to));
	say_detail(r, f->detail, sizeof(f->detail));
}

static void on_report(void *ctx, uint64_t id, const struct call_report *r)
{
	struct test_call *c = ctx;
	const struct call_found *f = &c->found[c->count - 1];

	(void)id;
	c->call = 0;
	take_report(c, r);
	if (c->env->on_call)
		c->env->on_call(c->env->on_call_ctx, c->plan->b, f);
	/* The next size only tells something when this one came through. */
	if (c->plan->kind == CALL_PADDED && !c->plan->pad_to && c->count < CALL_PAD_SIZES &&
	    !c->stopping && f->outcome != CALL_SILENT && f->code)
		loop_timer_set(c->go, NEXT_SIZE_MS);
	else
		end(c, end_state(c), NULL);
}

/* It was silent, and is not: also for the journal, which whoever asks "what rang?" will read. */
static void on_late(void *ctx, uint64_t id, int code, uint32_t after_us)
{
	struct test_call *c = ctx;

	for (size_t i = 0; i < c->count; i++) {
		if (c->calls[i] != id)
			continue;
		c->found[i].late_code = code;
		c->found[i].late_us = after_us;
	}
	if (!c->over)
		return;
	journal_end(c, NULL);
	c->fn(c->ctx);
}

static void on_progress(void *ctx, uint64_t id, int code, uint32_t after_us)
{
	struct test_call *c = ctx;

	(void)id;
	snprintf(c->now, sizeof(c->now), "%d after %u ms", code, after_us / 1000);
	c->fn(c->ctx);
}

/* ---- sending ----------------------------------------------------------------------------------
 */

static void begin_found(struct test_call *c)
{
	struct call_found *f = &c->found[c->count++];

	memset(f, 0, sizeof(*f));
	f->kind = c->plan->kind;
	f->path = c->path;
	f->when_ms = clock_wall_ms(c->env->clock);
}

static void not_made(struct test_call *c, const char *why)
{
	begin_found(c);
	text_clean_buf(slice_of(why), c->found[c->count - 1].detail, CALL_DETAIL);
	end(c, "refused", NULL);
}

static unsigned size_wanted(const struct test_call *c)
{
	if (c->plan->kind != CALL_PADDED)
		return 0;
	return c->plan->pad_to ? c->plan->pad_to : call_pad_sizes[c->count];
}

/* TCP to a phone that takes connections: one of ours. */
static bool connect_first(struct test_call *c, struct ping_path *p)
{
	if (p->flow.transport == TRANSPORT_UDP || p->flow.connection)
		return true;
	c->connection =
		sip_transport_connect(c->env->transports[c->plan->b->source], &p->flow.remote);
	p->flow.connection = c->connection;
	return c->connection != 0;
}

static void send_invite(struct test_call *c, struct ping_path *p)
{
	const struct call_account *a = &c->env->accounts[c->plan->b->source];
	struct call_spec s = {.flow = p->flow,
			      .close_after = c->connection != 0,
			      .request_uri = strbuf_slice(&p->request_uri),
			      .route = strbuf_slice(&p->route),
			      .to_uri = strbuf_slice(&p->to_uri),
			      .from_uri = strbuf_slice(&p->from_uri),
			      .quiet = c->plan->kind == CALL_QUIET || c->plan->kind == CALL_PADDED,
			      .ring_ms = c->plan->ring_s * 1000,
			      .pad_to = size_wanted(c),
			      .trace = c->trace,
			      .progress = on_progress,
			      .late = on_late};
	struct slice host, user;

	if (a->user && a->password) {
		host = slice_cut(slice_of(a->user), '@', &user);
		(void)host;
		s.user = user;
		s.password = slice_of(a->password);
	}
	begin_found(c);
	c->call = caller_start(c->env->callers[c->plan->b->source], &s, on_report, c);
	c->calls[c->count - 1] = c->call;
	if (!c->call) {
		c->count--;
		if (c->connection)
			sip_transport_close(c->env->transports[c->plan->b->source], c->connection);
		not_made(c, "the INVITE cannot be made");
	}
}

static void call_once(struct test_call *c)
{
	struct ping_path path = PING_PATH_INIT;
	struct err e = ERR_NONE;
	char title[200];

	if (call_path_find(c->env, c->plan->b, c->plan->kind, &path, &e) < 0) {
		not_made(c, e.what);
	} else if (!connect_first(c, &path)) {
		not_made(c, strerror(errno));
	} else {
		c->path = path.path;
		snprintf(title, sizeof(title), "%s, %s", call_kind_name(c->plan->kind),
			 c->plan->way);
		trace_begin(c->trace, title);
		send_invite(c, &path);
		c->fn(c->ctx);
	}
	ping_path_free(&path);
}

static void skip(struct test_call *c, const char *changed)
{
	char words[160];

	snprintf(words, sizeof(words), "%s; nothing was sent%s", changed,
		 c->count ? " to it any more; " : "");
	snprintf(c->now, sizeof(c->now), "not called: %s", changed);
	end(c, "skipped: it has changed", words);
}

static void on_again(void *ctx, const char *changed)
{
	struct test_call *c = ctx;

	call_again_free(c->again);
	c->again = NULL;
	if (changed)
		skip(c, changed);
	else
		call_once(c);
}

static void on_go(void *arg)
{
	struct test_call *c = arg;
	const char *changed;

	if (c->count == 0) {
		c->again = call_again_start(c->env, c->plan->id, c->plan->b, on_again, c);
		return;
	}
	changed = call_again_picture(c->env, c->plan->id, c->plan->b);
	if (changed)
		skip(c, changed);
	else
		call_once(c);
}

/* ---- what others call -------------------------------------------------------------------------
 */

/* What may have changed since the plan was made: a question may stand on a screen for hours. */
static int still_allowed(const struct act_env *env, const struct call_plan *p, struct err *e)
{
	if (env->read_only || env->only_plans || !env->journal || call_under_way())
		return err_set(e, -EPERM, NULL, "no call: %s",
			       env->read_only    ? env->read_only_why
			       : env->only_plans ? "--dry-run only shows the plan"
			       : !env->journal   ? "the journal is not there"
						 : "another test call is under way");
	if (!p->in_quiet_hours && call_rules_quiet(&env->call_rules, clock_wall_ms(env->clock)))
		return err_set(e, -EPERM, "Ask again: then its user is to be typed.",
			       "no call: quiet hours have begun since the question");
	return call_check_phone(env, p->b, p->kind, e);
}

struct test_call *testcall_start(struct act_env *env, struct call_plan *take, void (*fn)(void *ctx),
				 void *ctx, struct err *e)
{
	struct test_call *c;
	char verb[24];
	int64_t entry;

	if (still_allowed(env, take, e) < 0) {
		call_plan_free(take);
		return NULL;
	}
	snprintf(verb, sizeof(verb), "call %s", call_kind_word(take->kind));
	entry = journal_intend(env->journal, verb, take->reason,
			       env->sources[take->b->source]->name, take->b, e);
	if (entry < 0) {
		call_plan_free(take);
		return NULL;
	}
	c = xcalloc(1, sizeof(*c));
	c->env = env;
	c->plan = take;
	c->entry = entry;
	c->fn = fn;
	c->ctx = ctx;
	c->trace = trace_new(env->clock);
	c->go = loop_timer_new(env->loop, LOOP_SIP, on_go, c);
	loop_timer_set(c->go, 0);
	live = c;
	return c;
}

void testcall_stop(struct test_call *c)
{
	if (c->over || c->stopping)
		return;
	c->stopping = true;
	/* The caller notes it in the trace, and what follows. */
	if (c->call) {
		caller_hang_up(c->env->callers[c->plan->b->source], c->call);
		return;
	}
	loop_timer_stop(c->go);
	call_again_free(c->again);
	c->again = NULL;
	end(c, "cancelled", c->count ? NULL : "stopped before anything was sent");
}

bool testcall_over(const struct test_call *c)
{
	return c->over;
}

const struct call_plan *testcall_plan(const struct test_call *c)
{
	return c->plan;
}

const struct call_found *testcall_results(const struct test_call *c, size_t *n)
{
	*n = c->call ? c->count - 1 : c->count;
	return c->found;
}

const char *testcall_now(const struct test_call *c)
{
	return c->now;
}

const struct trace *testcall_trace(const struct test_call *c)
{
	return c->trace;
}

static void forget(struct test_call *c)
{
	struct caller *caller = c->env->callers[c->plan->b->source];

	/* At the end of the program the caller goes first. */
	if (c->count && caller)
		caller_forget(caller, c);
}

struct trace *testcall_take_trace(struct test_call *c)
{
	struct trace *t = c->over ? c->trace : NULL;

	if (!t)
		return NULL;
	forget(c);
	c->trace = NULL;
	return t;
}

void testcall_free(struct test_call *c)
{
	if (!c)
		return;
	if (live == c)
		live = NULL;
	forget(c);
	loop_timer_free(c->go);
	call_again_free(c->again);
	trace_free(c->trace);
	call_plan_free(c->plan);
	free(c);
}
