/* regtop call: a test call to one binding: plan, question, and what it found. */
#include "cli/call.h"

#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/text.h"
#include "cli/batch.h"
#include "report/redact.h"

#define LOOK_AGAIN_MS 3000

static struct call_order order_of(const struct options *o)
{
	enum call_kind kind = o->ring_switch ? CALL_SWITCH
			      : o->padded    ? CALL_PADDED
			      : o->ring_s    ? CALL_RING
					     : CALL_QUIET;

	return (struct call_order){
		.kind = kind, .ring_s = o->ring_s, .pad_to = o->pad_to, .reason = o->reason};
}

static int check_options(const struct options *o)
{
	if (o->quiet && (o->ring_s || o->ring_switch || o->padded)) {
		fprintf(stderr, "regtop: --quiet is a kind of its own, beside --ring, --switch and "
				"--padded\n");
		return REGTOP_USAGE;
	}
	if (o->padded && (o->ring_s || o->ring_switch)) {
		fprintf(stderr, "regtop: --padded calls quietly: without --ring and --switch\n");
		return REGTOP_USAGE;
	}
	return REGTOP_OK;
}

/* ---- whom -------------------------------------------------------------------------------------
 */

/* The bindings of the AoR that the filter leaves. */
static size_t keep_matching(struct app *a, binding_id *ids, size_t n)
{
	size_t kept = 0;

	view_update(a->view, app_now_ms(a));
	for (size_t i = 0; i < n; i++)
		if (view_index(a->view, ids[i]) >= 0)
			ids[kept++] = ids[i];
	return kept;
}

static void name_contacts(struct app *a, const binding_id *ids, size_t n)
{
	struct binding b;
	char contact[200];

	fprintf(stderr, "regtop: that is more than one binding; say more, as in contact:TEXT:\n");
	for (size_t i = 0; i < n; i++) {
		if (!store_get(a->store, ids[i], &b))
			continue;
		text_clean_buf(b.contact, contact, sizeof(contact));
		fprintf(stderr, "        %s\n", contact);
	}
}

/* One phone is named, or the switch chooses. REGTOP_OK with *id. */
static int find_one(struct app *a, const struct options *o, binding_id *id)
{
	size_t n;
	binding_id *ids = cli_find_aor(a, o->operands[0], &n);
	int status = REGTOP_OK;
	char name[128];

	n = keep_matching(a, ids, n);
	if (n == 0) {
		text_clean_buf(slice_of(o->operands[0]), name, sizeof(name));
		fprintf(stderr,
			"regtop: no binding of %s is registered here%s; nobody was called\n", name,
			o->operand_count > 1 ? " that matches" : "");
		status = REGTOP_FOUND;
	} else if (n > 1 && !o->ring_switch) {
		name_contacts(a, ids, n);
		status = REGTOP_USAGE;
	} else {
		*id = ids[0];
	}
	free(ids);
	return status;
}

/* ---- the question -----------------------------------------------------------------------------
 */

static int ask(const struct call_plan *p)
{
	struct strbuf q = STRBUF_INIT;
	char line[128];
	bool yes = false;

	call_plan_question(p, &q);
	fprintf(stderr, "%s ", strbuf_str(&q));
	strbuf_free(&q);
	if (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\r\n")] = '\0';
		yes = call_plan_confirmed(p, line);
	}
	if (!yes)
		fprintf(stderr, "regtop: nobody was called\n");
	return yes ? REGTOP_OK : REGTOP_REFUSED;
}

int cli_call_confirm(const struct call_plan *p, const struct options *o)
{
	bool rings = p->kind == CALL_RING || p->kind == CALL_SWITCH;

	if (!o->yes && isatty(STDIN_FILENO))
		return ask(p);
	if (!o->yes) {
		fprintf(stderr, "regtop: nobody is there to ask; nobody was called\n"
				"        Look at the plan with --dry-run, then say --yes.\n");
		return REGTOP_REFUSED;
	}
	if (rings && !o->allow_ring) {
		fprintf(stderr, "regtop: this would ring a phone; nobody was called\n"
				"        Say --allow-ring as well if that is what you mean.\n");
		return REGTOP_REFUSED;
	}
	if (p->in_quiet_hours && !o->in_quiet_hours) {
		fprintf(stderr, "regtop: these are quiet hours here; nobody was called\n"
				"        Say --in-quiet-hours as well if that is what you mean.\n");
		return REGTOP_REFUSED;
	}
	return REGTOP_OK;
}

/* ---- the call ---------------------------------------------------------------------------------
 */

struct ringing {
	struct test_call *call;
	bool shown, told; /* each step; what a stop waits for */
	unsigned stops;
	char said[80];
};

static void on_step(void *ctx)
{
	struct ringing *r = ctx;

	if (!r->shown || !r->call || strcmp(r->said, testcall_now(r->call)) == 0)
		return;
	snprintf(r->said, sizeof(r->said), "%s", testcall_now(r->call));
	fprintf(stderr, "regtop: %s\n", r->said);
}

static void on_stop(void *ctx, int signo)
{
	struct ringing *r = ctx;

	(void)signo;
	r->stops++;
	if (!r->call)
		return;
	testcall_stop(r->call);
	if (r->told && r->stops == 1 && !testcall_over(r->call))
		fprintf(stderr,
			"regtop: ending the call; a phone that answers nothing is waited for 32 s. "
			"Again leaves now.\n");
}

static json_t *number_ms(uint32_t us)
{
	return us ? json_real(us / 1000.0) : json_null();
}

static json_t *words(const char *text)
{
	json_t *j = text[0] ? json_string(text) : NULL;

	return j ? j : json_null();
}

typedef void redact_fn(struct slice s, struct strbuf *out);

/* Outside text as it may stand on paper. The caller frees. */
static char *shown(const char *text, bool redacted, redact_fn *redact)
{
	struct strbuf out = STRBUF_INIT;

	if (redacted && text[0])
		redact(slice_of(text), &out);
	else
		strbuf_add_str(&out, text);
	return strbuf_take(&out);
}

static json_t *shown_json(const char *text, const struct options *opt, redact_fn *redact)
{
	char *t = shown(text, opt->redact, redact);
	json_t *j = words(t);

	free(t);
	return j;
}

static json_t *found_json(const struct call_found *f, const struct options *opt)
{
	char when[28], said[240], means[240];
	json_t *o = json_object();

	call_found_say(f, said, sizeof(said));
	call_found_mean(f, means, sizeof(means));
	json_object_set_new(o, "kind", json_string(call_kind_word(f->kind)));
	json_object_set_new(o, "made", json_string(text_rfc3339_ms(f->when_ms, when)));
	json_object_set_new(o, "bytes", json_integer(f->size));
	json_object_set_new(o, "sends", json_integer(f->sends));
	json_object_set_new(o, "code", f->code ? json_integer(f->code) : json_null());
	json_object_set_new(o, "reason", shown_json(f->reason, opt, redact_text));
	json_object_set_new(o, "trying", json_boolean(f->trying));
	json_object_set_new(o, "ringing", json_boolean(f->ringing));
	json_object_set_new(o, "progress", json_boolean(f->progress));
	json_object_set_new(o, "forwarded", json_boolean(f->forwarded));
	json_object_set_new(o, "by_registrar", json_boolean(f->by_registrar));
	json_object_set_new(o, "ring_ms", number_ms(f->ring_us));
	json_object_set_new(o, "final_ms", number_ms(f->final_us));
	json_object_set_new(o, "answered_by", shown_json(f->agent, opt, redact_agent));
	json_object_set_new(o, "moved_to", shown_json(f->moved_to, opt, redact_uri));
	json_object_set_new(o, "detail", shown_json(f->detail, opt, redact_text));
	json_object_set_new(o, "well", json_boolean(call_found_well(f)));
	json_object_set_new(o, "happened", shown_json(said, opt, redact_text));
	json_object_set_new(o, "means", words(means));
	return o;
}

static void print_json(const struct test_call *c, const struct options *opt)
{
	struct ladder_options how = cli_ladder_options(opt);
	json_t *o = json_object(), *list = json_array();
	const struct call_found *f;
	char contact[300];
	size_t n;

	f = testcall_results(c, &n);
	text_clean_buf(testcall_plan(c)->b->contact, contact, sizeof(contact));
	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, found_json(&f[i], opt));
	json_object_set_new(o, "regtop", json_string(PACKAGE_VERSION));
	json_object_set_new(o, "contact", shown_json(contact, opt, redact_uri));
	json_object_set_new(o, "way", shown_json(testcall_plan(c)->way, opt, redact_text));
	json_object_set_new(o, "calls", list);
	json_object_set_new(o, "not_called", n ? json_null() : words(testcall_now(c)));
	if (opt->ladder)
		json_object_set_new(o, "ladder", ladder_json(testcall_trace(c), &how));
	cli_print_json(o);
	json_decref(o);
}

static void print_found(const struct call_found *f, bool redacted)
{
	char said[240], means[240], *happened, *agent, *to;

	call_found_say(f, said, sizeof(said));
	call_found_mean(f, means, sizeof(means));
	happened = shown(said, redacted, redact_text);
	agent = shown(f->agent, redacted, redact_agent);
	to = shown(f->moved_to, redacted, redact_uri);
	printf("%s, %u bytes: %s\n", call_kind_name(f->kind), f->size, happened);
	if (means[0])
		printf("  %s\n", means);
	if (agent[0])
		printf("  Answered by %s.\n", agent);
	if (to[0])
		printf("  To %s.\n", to);
	free(happened);
	free(agent);
	free(to);
}

static void print_text(const struct test_call *c, const struct options *opt)
{
	const struct call_found *f;
	size_t n;

	f = testcall_results(c, &n);
	if (n == 0)
		printf("%s\n", testcall_now(c)[0] ? testcall_now(c) : "stopped; nothing was sent");
	for (size_t i = 0; i < n; i++)
		print_found(&f[i], opt->redact);
	cli_print_ladder(testcall_trace(c), opt);
}

static int status_of(const struct test_call *c)
{
	const struct call_found *f;
	size_t n;
	int status = REGTOP_OK;

	f = testcall_results(c, &n);
	for (size_t i = 0; i < n; i++)
		if (!call_found_well(&f[i]))
			status = REGTOP_FOUND;
	return n ? status : REGTOP_REFUSED;
}

static void on_late(void *arg)
{
	*(bool *)arg = true;
}

/* While the person thought, nothing was read: the picture is, once more, before the call. */
static void look_again(struct app *a, const struct call_plan *p)
{
	struct source *s = a->env.sources[p->b->source];
	int64_t before = s->status.read_ms, until = clock_mono_ms(a->clock) + LOOK_AGAIN_MS;
	bool late = false;
	struct loop_timer *t = loop_timer_new(a->loop, LOOP_INPUT, on_late, &late);

	s->ops->refresh(s);
	loop_timer_set(t, LOOK_AGAIN_MS);
	while (!late && s->status.read_ms == before && clock_mono_ms(a->clock) < until)
		loop_turn(a->loop, true);
	loop_timer_free(t);
}

static int run(struct app *a, const struct options *o, struct call_plan *take)
{
	struct ringing r = {.shown = !o->json && isatty(STDERR_FILENO), .told = !o->json};
	struct loop_signal *sigint = loop_signal_new(a->loop, SIGINT, on_stop, &r);
	struct loop_signal *sigterm = loop_signal_new(a->loop, SIGTERM, on_stop, &r);
	struct err e = ERR_NONE;
	int status = REGTOP_REFUSED;

	r.call = testcall_start(&a->env, take, on_step, &r, &e);
	if (!r.call)
		err_print(&e);
	while (r.call && !testcall_over(r.call) && r.stops < 2)
		loop_turn(a->loop, true);
	loop_signal_free(sigint);
	loop_signal_free(sigterm);
	if (r.call && !testcall_over(r.call)) {
		/* The last words are said; the journal tells that nobody knows what came of it. */
		app_end_calls(a);
		fprintf(stderr, "regtop: left; the phone has not said that the call is over\n");
		status = REGTOP_INCOMPLETE;
	} else if (r.call) {
		if (o->json)
			print_json(r.call, o);
		else
			print_text(r.call, o);
		status = status_of(r.call);
	}
	testcall_free(r.call);
	return status;
}

static int plan_and_run(struct app *a, const struct options *o)
{
	struct call_order order = order_of(o);
	struct strbuf text = STRBUF_INIT;
	struct err e = ERR_NONE;
	struct call_plan *plan;
	binding_id id = 0;
	int status = find_one(a, o, &id);

	if (status != REGTOP_OK)
		return status;
	plan = call_plan_make(&a->env, id, &order, &e);
	if (!plan) {
		err_print(&e);
		return e.code == -EINVAL ? REGTOP_USAGE : REGTOP_REFUSED;
	}
	call_plan_describe(plan, app_now_ms(a), &text);
	/* Who decides has to see whom it is about; what is pasted into a ticket is on stdout. */
	fputs(strbuf_str(&text), o->json || o->redact ? stderr : stdout);
	fflush(stdout);
	strbuf_free(&text);
	status = o->dry_run ? REGTOP_OK : cli_call_confirm(plan, o);
	if (o->dry_run || status != REGTOP_OK) {
		call_plan_free(plan);
		return status;
	}
	if (!o->yes)
		look_again(a, plan);
	return run(a, o, plan);
}

/* The operands behind the AoR are a filter. */
static char *filter_behind(const struct options *o)
{
	struct strbuf filter = STRBUF_INIT;

	for (unsigned i = 1; i < o->operand_count; i++)
		strbuf_addf(&filter, "%s%s", i > 1 ? " " : "", o->operands[i]);
	return strbuf_take(&filter);
}

int cli_call(const struct options *o)
{
	struct options plain = *o;
	struct app *a;
	int status = check_options(o);

	if (status != REGTOP_OK)
		return status;
	plain.filter = filter_behind(o);
	status = cli_open(&plain, &a);
	if (a && (status == REGTOP_OK || status == REGTOP_INCOMPLETE))
		status = plan_and_run(a, &plain);
	app_free(a);
	free(plain.filter);
	return status;
}
