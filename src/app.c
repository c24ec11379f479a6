/* The composition: loop, store, sources, probers and journal of one run, put together. */
#include "app.h"

#include <errno.h>
#include <langinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "act/journal.h"
#include "base/alloc.h"
#include "base/text.h"
#include "judge/verdict.h"
#include "discover/url.h"
#include "openings.h"
#include "paths.h"
#include "sip/call.h"
#include "source/listen.h"
#include "source/snapshot_file.h"

/* So long an answer stands against what the registrar concludes without asking the phone. */
#define ANSWER_STANDS_MS 60000

/* What a source's sink leads to. */
struct app_source {
	struct app *app;
	struct source *source;
	uint8_t index;
};

static bool is_kind(const struct source *s, const char *kind)
{
	return strcmp(s->ops->kind, kind) == 0;
}

static void changed(struct app *a)
{
	if (a->on_change)
		a->on_change(a->on_change_ctx);
}

static void sink_begin_pass(void *ctx)
{
	struct app_source *f = ctx;

	store_begin_pass(f->app->store, f->index);
}

static void sink_put(void *ctx, const struct binding *b)
{
	struct app_source *f = ctx;

	store_put(f->app->store, f->index, b, clock_wall_s(f->app->clock));
	changed(f->app);
}

static void sink_keep(void *ctx, struct slice key)
{
	struct app_source *f = ctx;

	store_keep(f->app->store, f->index, key);
}

static void sink_remove(void *ctx, struct slice key)
{
	struct app_source *f = ctx;

	store_remove(f->app->store, f->index, key);
	changed(f->app);
}

static void restore_evidence(void *ctx, struct slice key, const struct evidence *ev)
{
	struct app_source *f = ctx;
	binding_id id = store_find(f->app->store, f->index, key);

	if (id)
		store_set_evidence(f->app->store, id, ev);
}

static void sink_end_pass(void *ctx, bool complete)
{
	struct app_source *f = ctx;

	store_end_pass(f->app->store, f->index, complete);
	if (is_kind(f->source, "snapshot"))
		snapshot_file_evidence(f->source, restore_evidence, f);
	else if (complete && f->app->history)
		history_source_ready(f->app->history, f->index);
	changed(f->app);
}

static bool sink_has(void *ctx, struct slice key)
{
	struct app_source *f = ctx;

	return store_find(f->app->store, f->index, key) != 0;
}

static void sink_differs(void *ctx, struct slice key, enum binding_differs d)
{
	struct app_source *f = ctx;
	binding_id id = store_find(f->app->store, f->index, key);

	if (id && store_differs(f->app->store, id) != d) {
		store_set_differs(f->app->store, id, d);
		changed(f->app);
	}
}

/* Who has just answered on the way of a call is reached, whatever connection it came over. */
static bool just_answered(const struct evidence *known, const struct evidence *e)
{
	return known->outcome == PROBE_ANSWERED && !known->by_registrar &&
	       known->path == PROBE_PATH_REGISTRAR && e->outcome != PROBE_ANSWERED &&
	       e->asked_ms - known->asked_ms < ANSWER_STANDS_MS;
}

/* What the registrar found does not outdo a later probe of ours, nor one under way. */
static void sink_evidence(void *ctx, struct slice key, const struct evidence *e)
{
	struct app_source *f = ctx;
	binding_id id = store_find(f->app->store, f->index, key);
	const struct evidence *known = store_evidence(f->app->store, id);
	struct evidence mine = *e;

	if (!id || (known &&
		    (known->pending || known->asked_ms >= e->asked_ms || just_answered(known, e))))
		return;
	if (known) {
		mine.probes = known->probes;
		mine.answers = known->answers;
		if (!mine.heard_ms)
			mine.heard_ms = known->heard_ms;
	}
	store_set_evidence(f->app->store, id, &mine);
	changed(f->app);
}

static void sink_status(void *ctx, const struct source_status *st)
{
	struct app_source *f = ctx;

	(void)st; /* readers look at source->status itself */
	changed(f->app);
}

/* A transport of ours for probes: any free port, both families where the machine has them. */
static int open_transport(struct app *a, struct err *e)
{
	struct netaddr any;
	struct err ignored;

	a->transport = sip_transport_new(a->loop, a->clock);
	netaddr_parse(SLICE_LIT("0.0.0.0"), 0, &any);
	if (sip_transport_listen(a->transport, TRANSPORT_UDP, &any, e) < 0)
		return e->code;
	/* Machines without IPv6 are common and lose nothing but IPv6. */
	if (netaddr_parse(SLICE_LIT("::"), 0, &any) == 0)
		(void)sip_transport_listen(a->transport, TRANSPORT_UDP, &any, &ignored);
	a->prober = prober_new(a->loop, a->clock, a->transport);
	a->caller = caller_new(a->loop, a->clock, a->transport);
	return 0;
}

static void on_ping_result(void *ctx, binding_id id)
{
	app_probed(ctx, id);
	changed(ctx);
}

static int add_source(struct app *a, struct source *s, struct err *e)
{
	size_t i = a->env.source_count;

	a->env.sources[i] = s;
	a->env.source_count++;
	if (is_kind(s, "listen")) {
		a->env.transports[i] = listen_transport(s);
		a->env.probers[i] = prober_new(a->loop, a->clock, a->env.transports[i]);
		a->env.callers[i] = caller_new(a->loop, a->clock, a->env.transports[i]);
		return 0;
	}
	if (!a->transport && open_transport(a, e) < 0)
		return e->code;
	a->env.transports[i] = a->transport;
	a->env.probers[i] = a->prober;
	a->env.callers[i] = a->caller;
	return 0;
}

static void open_journal(struct app *a)
{
	char *path = paths_state_file("journal.sqlite", &a->journal_err);

	if (path)
		a->journal = journal_open(path, a->clock, &a->journal_err);
	free(path);
	a->env.journal = a->journal;
	if (!a->journal)
		a->env.journal_trouble = a->journal_err.what;
}

static struct app *app_make(const struct options *o)
{
	struct app *a = xcalloc(1, sizeof(*a));

	a->loop = loop_new();
	a->clock = &clock_system;
	a->store = store_new();
	a->view = view_new(a->store, verdict_judge, NULL);
	a->env.loop = a->loop;
	a->env.clock = a->clock;
	a->env.store = a->store;
	a->env.read_only = o->read_only;
	a->env.only_plans = o->dry_run;
	a->env.read_only_why =
		o->read_only ? "this regtop only reads (--read-only, or REGTOP_READONLY)" : NULL;
	if (o->timeout_s && (o->command->bit & (CLI_PING | CLI_WHY)))
		a->env.probe_timeout_ms = o->timeout_s * 1000;
	return a;
}

/* Everything is open: pinger, sinks, the first read, and the journal. */
static void app_begin(struct app *a, const struct options *o)
{
	struct source_sink sink = {.begin_pass = sink_begin_pass,
				   .put = sink_put,
				   .keep = sink_keep,
				   .remove = sink_remove,
				   .end_pass = sink_end_pass,
				   .has = sink_has,
				   .differs = sink_differs,
				   .evidence = sink_evidence,
				   .status = sink_status};

	a->pinger = pinger_new(&a->env, o->rate ? o->rate : PING_DEFAULT_RATE);
	pinger_on_result(a->pinger, on_ping_result, a);
	a->feed_count = a->env.source_count;
	a->feeds = xcalloc(a->feed_count, sizeof(*a->feeds));
	for (size_t i = 0; i < a->feed_count; i++) {
		a->feeds[i] = (struct app_source){
			a, a->env.sources[i], store_add_source(a->store, a->env.sources[i]->name)};
		sink.ctx = &a->feeds[i];
		source_start(a->env.sources[i], &sink);
	}
	/* The sources' own threads read meanwhile. */
	if (o->command->bit & (CLI_SCREEN | CLI_PURGE | CLI_CALL | (o->call ? CLI_WHY : 0)) &&
	    !o->read_only && !o->dry_run)
		open_journal(a);
	else
		a->env.journal_trouble = "this command does not open it";
}

static int open_one(struct app *a, const struct opening *item, struct err *e)
{
	char *store = NULL;
	struct source_options so = item->options;
	struct source *s;

	if (!so.store_path && strncmp(item->spec, "listen:", 7) == 0) {
		store = paths_state_file("registrar.sqlite", e);
		if (!store)
			return e->code;
		so.store_path = store;
	}
	s = source_open(a->loop, a->clock, item->spec, &so, e);
	free(store);
	if (!s)
		return e->code ? e->code : -EIO;
	a->env.accounts[a->env.source_count] = item->account;
	return add_source(a, s, e);
}

/* ---- what was found by itself ---------------------------------------------------------------- */

static void say_found(const struct discovery *d)
{
	for (size_t i = 0; i < d->config->count; i++) {
		struct strbuf line = STRBUF_INIT;

		discovery_describe(d, i, &line);
		fprintf(stderr, "regtop: found %s\n", strbuf_str(&line));
		strbuf_free(&line);
	}
	for (size_t i = 0; i < d->note_count; i++)
		fprintf(stderr, "regtop: not used: %s\n", d->notes[i]);
}

/* With no -s: the registrars of this machine (DESIGN 3), said before they are used. */
static int find_sources(struct app *a, const struct options *o, struct err *e)
{
	a->found = discover(discover_root());
	/* Those two say it in their own way. */
	if (!(o->command->bit & (CLI_INSPECT | CLI_CHECK)))
		say_found(a->found);
	if (!a->found->config->count && o->command->bit != CLI_CHECK)
		return err_set(e, -ENOENT,
			       "Name a source with -s PATH or -s listen:udp:127.0.0.1:5060, or "
			       "try: regtop demo",
			       "no registrar was found in %s", discover_places());
	openings_free(a->openings);
	a->openings = openings_of(o, a->found->config, e);
	return a->openings ? 0 : e->code;
}

static void keep_unopened(struct app *a, const struct opening *item, const struct err *why)
{
	bool had;
	char *spec = discover_url_show(item->spec, &had);
	struct strbuf name = STRBUF_INIT;

	text_clean(slice_of(item->options.name ? item->options.name : spec), false, &name);
	a->unopened[a->unopened_count++] =
		(struct app_unopened){.name = strbuf_take(&name), .why = *why};
	free(spec);
}

/* Of what was found, one that cannot be opened leaves the others. */
static int open_all(struct app *a, const struct options *o, struct err *e)
{
	bool check = o->command->bit == CLI_CHECK;

	for (size_t i = 0; i < a->openings->count; i++) {
		int rc = open_one(a, &a->openings->items[i], e);

		if (rc == 0)
			continue;
		if (!a->found && (!check || rc == -EINVAL))
			return rc;
		keep_unopened(a, &a->openings->items[i], e);
		err_clear(e);
	}
	if (check || a->env.source_count)
		return 0;
	*e = a->unopened[0].why;
	return e->code ? e->code : -EIO;
}

static void say_unopened(const struct app *a)
{
	for (size_t i = 0; i < a->unopened_count; i++)
		err_print(&a->unopened[i].why);
}

struct app *app_new(const struct options *o, struct err *e, int *status)
{
	struct app *a = app_make(o);
	int rc;

	*status = REGTOP_SOURCE;
	rc = call_rules_hours(&a->env.call_rules, o->quiet_hours, e);
	a->env.call_rules.never = o->never_call;
	if (rc == 0) {
		a->openings = openings_make(o, e);
		rc = a->openings ? 0 : e->code;
	}
	if (rc == 0 && a->openings->count == 0)
		rc = find_sources(a, o, e);
	if (rc == 0)
		rc = open_all(a, o, e);
	if (rc == 0 && o->command->bit != CLI_CHECK)
		say_unopened(a);
	if (rc == 0)
		rc = app_open_history(a, o, e);
	if (rc < 0) {
		if (rc == -EINVAL)
			*status = REGTOP_USAGE;
		app_free(a);
		return NULL;
	}
	app_begin(a, o);
	return a;
}

struct app *app_new_with(const struct options *o, struct source *take, struct loop *loop,
			 struct err *e, int *status)
{
	struct app *a = app_make(o);

	loop_free(a->loop);
	a->loop = a->env.loop = loop;
	*status = REGTOP_SOURCE;
	/* The simulated phones wake nobody. */
	call_rules_hours(&a->env.call_rules, "none", e);
	if (add_source(a, take, e) < 0) {
		app_free(a);
		return NULL;
	}
	if (app_open_history(a, o, e) < 0) {
		app_free(a);
		return NULL;
	}
	app_begin(a, o);
	return a;
}

void app_free(struct app *a)
{
	if (!a)
		return;
	a->on_change = NULL;
	pinger_free(a->pinger);
	app_end_calls(a);
	history_close(a->history);
	for (size_t i = 0; i < a->env.source_count; i++)
		if (a->env.probers[i] != a->prober)
			prober_free(a->env.probers[i]);
	prober_free(a->prober);
	for (size_t i = 0; i < a->env.source_count; i++)
		source_free(a->env.sources[i]);
	sip_transport_free(a->transport);
	journal_close(a->journal);
	view_free(a->view);
	store_free(a->store);
	openings_free(a->openings);
	discovery_free(a->found);
	for (size_t i = 0; i < a->unopened_count; i++)
		free(a->unopened[i].name);
	free(a->feeds);
	loop_free(a->loop);
	free(a);
}

static void on_timeout(void *arg)
{
	*(bool *)arg = true;
}

static bool picture_there(const struct app *a)
{
	for (size_t i = 0; i < a->env.source_count; i++)
		if (a->env.sources[i]->status.state == SOURCE_OPENING)
			return false;
	return true;
}

int app_wait_picture(struct app *a, unsigned timeout_s)
{
	bool late = false;
	struct loop_timer *t = loop_timer_new(a->loop, LOOP_INPUT, on_timeout, &late);
	int status = REGTOP_OK;

	loop_timer_set(t, (int64_t)timeout_s * 1000);
	while (!picture_there(a) && !late)
		loop_turn(a->loop, true);
	loop_timer_free(t);
	for (size_t i = 0; i < a->env.source_count; i++) {
		const struct source *s = a->env.sources[i];
		const struct source_status *st = &s->status;

		if (st->state == SOURCE_OPENING) {
			fprintf(stderr, "regtop: %s: nothing was read within %u s\n", s->name,
				timeout_s);
			status = REGTOP_SOURCE;
		} else if (st->state == SOURCE_TROUBLE) {
			err_print(&st->trouble);
			status = REGTOP_SOURCE;
		} else if (!st->complete) {
			err_print(&st->trouble);
			if (status == REGTOP_OK)
				status = REGTOP_INCOMPLETE;
		}
	}
	return status;
}

int64_t app_now_ms(const struct app *a)
{
	int64_t newest = 0;

	for (size_t i = 0; i < a->env.source_count; i++) {
		const struct source_status *st = &a->env.sources[i]->status;

		if (st->state != SOURCE_FROZEN)
			return clock_wall_ms(a->clock);
		if (st->read_ms > newest)
			newest = st->read_ms;
	}
	return newest ? newest : clock_wall_ms(a->clock);
}

/* A filter's error shows the place where it broke. */
static void print_filter_error(const char *text, size_t at, const struct err *e)
{
	char clean[200];

	err_print(e);
	text_clean_buf(slice_of(text), clean, sizeof(clean));
	fprintf(stderr, "        %s\n        %*s^\n", clean,
		(int)text_width(slice_make(text, at < strlen(text) ? at : strlen(text))), "");
}

int app_apply_view(struct app *a, const struct options *o)
{
	struct slice name = slice_of(o->sort);
	enum column_id col = COL_AOR;
	bool reverse = false;
	struct err e = ERR_NONE;
	size_t at = 0;

	if (o->filter[0] && view_set_filter(a->view, slice_of(o->filter), &at, &e) < 0) {
		print_filter_error(o->filter, at, &e);
		return REGTOP_USAGE;
	}
	if (name.n) {
		enum column_id one[COL_COUNT];

		reverse = name.p[0] == '-';
		if (reverse)
			name = slice_skip(name, 1);
		if (columns_parse(name, one, &e) != 1) {
			if (!e.what[0])
				err_set(&e, -EINVAL, NULL, "--sort takes one column");
			err_print(&e);
			return REGTOP_USAGE;
		}
		col = one[0];
	}
	view_set_sort(a->view, col, reverse);
	return REGTOP_OK;
}

size_t app_columns(const struct options *o, const enum column_id *defaults, size_t n,
		   enum column_id out[COL_COUNT])
{
	struct err e = ERR_NONE;
	int count;

	if (!o->columns) {
		memcpy(out, defaults, n * sizeof(*out));
		return n;
	}
	count = columns_parse(slice_of(o->columns), out, &e);
	if (count <= 0) {
		if (!e.what[0])
			err_set(&e, -EINVAL, "regtop help columns lists them.",
				"--columns names no column");
		err_print(&e);
		return 0;
	}
	return (size_t)count;
}

binding_id *app_view_ids(struct app *a, size_t *n)
{
	binding_id *ids;

	view_update(a->view, app_now_ms(a));
	*n = view_count(a->view);
	ids = xcalloc(*n, sizeof(*ids));
	for (size_t i = 0; i < *n; i++)
		ids[i] = view_at(a->view, i);
	return ids;
}

bool app_ascii_only(const struct options *o)
{
	return o->ascii || strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
}
