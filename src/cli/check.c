/* regtop check: are the sources, their controls, the journal and the terminal as they should be? */
#include <errno.h>
#include <langinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "act/journal.h"
#include "base/alloc.h"
#include "base/text.h"
#include "cli/batch.h"
#include "cli/check_report.h"
#include "history/history_db.h"
#include "paths.h"
#include "source/rpc/control.h"

/* The zone of a table's times is known when it was compared with what the registrar says; the next
 * look tells of it. */
#define SECOND_LOOK_MS 3000

struct check {
	struct app *app;
	const struct options *options;
	json_t *report;
	int status;
	unsigned open_calls;
	bool late;
};

/* The worst that was found decides: nothing to read at all, then half a picture, then the rest. */
static void found_wrong(struct check *c, int status)
{
	static const int order[] = {REGTOP_OK, REGTOP_FOUND, REGTOP_INCOMPLETE, REGTOP_SOURCE};
	size_t mine = 0, theirs = 0;

	for (size_t i = 0; i < sizeof(order) / sizeof(*order); i++) {
		mine = order[i] == c->status ? i : mine;
		theirs = order[i] == status ? i : theirs;
	}
	if (theirs > mine)
		c->status = status;
}

static json_t *text(const char *s)
{
	struct strbuf clean = STRBUF_INIT;
	json_t *j;

	if (!s)
		return json_null();
	text_clean(slice_of(s), false, &clean);
	j = json_string(strbuf_str(&clean));
	strbuf_free(&clean);
	return j;
}

static void set_text(json_t *o, const char *name, const char *s)
{
	json_object_set_new(o, name, text(s));
}

/* ---- waiting --------------------------------------------------------------------------------- */

static void on_late(void *arg)
{
	((struct check *)arg)->late = true;
}

static bool all_read_since(const struct app *a, const int64_t *before)
{
	for (size_t i = 0; i < a->env.source_count; i++) {
		const struct source_status *st = &a->env.sources[i]->status;

		if (st->state != SOURCE_FROZEN && (st->reading || st->read_ms <= before[i]) &&
		    st->state != SOURCE_TROUBLE)
			return false;
	}
	return true;
}

static bool all_there(const struct app *a, const int64_t *before)
{
	(void)before;
	for (size_t i = 0; i < a->env.source_count; i++)
		if (a->env.sources[i]->status.state == SOURCE_OPENING)
			return false;
	return true;
}

static void wait_until(struct check *c, unsigned timeout_ms,
		       bool (*holds)(const struct app *a, const int64_t *before),
		       const int64_t *before)
{
	struct loop_timer *t = loop_timer_new(c->app->loop, LOOP_INPUT, on_late, c);

	c->late = false;
	loop_timer_set(t, timeout_ms);
	while (!holds(c->app, before) && !c->late)
		loop_turn(c->app->loop, true);
	loop_timer_free(t);
}

/* ---- controls -------------------------------------------------------------------------------- */

struct call {
	struct check *check;
	json_t *out;
};

static void on_answer(void *ctx, const struct control_reply *r)
{
	struct call *call = ctx;
	struct check *c = call->check;
	const char *version = r->outcome == CONTROL_RESULT ? json_string_value(r->result) : NULL;
	struct strbuf words = STRBUF_INIT;

	/* Whoever refuses has answered; the registrar is there. */
	if (r->outcome == CONTROL_RESULT || r->outcome == CONTROL_FAULT) {
		strbuf_add_str(&words, "answers");
		if (version)
			strbuf_addf(&words, ", %s", version);
		json_object_set_new(call->out, "answers", json_true());
	} else {
		strbuf_addf(&words, "%s %s", r->e.what, r->e.hint);
		found_wrong(c, REGTOP_FOUND);
	}
	set_text(call->out, "words", strbuf_str(&words));
	strbuf_free(&words);
	c->open_calls--;
	free(call);
}

/* A question that changes nothing and costs nothing. */
static void ask(struct check *c, const struct source *s, struct control *control, json_t *out)
{
	bool opensips = strcmp(s->ops->kind, "opensips") == 0;
	struct call *call = xmalloc(sizeof(*call));

	*call = (struct call){c, out};
	c->open_calls++;
	control_call(control, opensips ? "version" : "core.version", NULL, on_answer, call);
}

static json_t *look_at_control(struct check *c, const struct source *s,
			       const struct source_control *k)
{
	json_t *out = json_object();
	struct strbuf words = STRBUF_INIT;
	struct err e = ERR_NONE;

	set_text(out, "node", k->node && k->node[0] ? k->node : NULL);
	set_text(out, "place", k->control ? control_place(k->control) : NULL);
	json_object_set_new(out, "answers", json_false());
	if (!k->control) {
		set_text(out, "words", k->refused ? k->refused : "the table is the truth");
	} else if (control_check(k->control, &e) < 0) {
		strbuf_addf(&words, "%s %s", e.what, e.hint);
		set_text(out, "words", strbuf_str(&words));
		found_wrong(c, REGTOP_FOUND);
	} else {
		ask(c, s, k->control, out);
	}
	strbuf_free(&words);
	return out;
}

static json_t *look_at_controls(struct check *c, const struct source *s)
{
	json_t *list = json_array();
	struct source_control k;

	for (size_t i = 0; s->ops->control && s->ops->control(s, i, &k); i++)
		json_array_append_new(list, look_at_control(c, s, &k));
	return list;
}

/* ---- sources --------------------------------------------------------------------------------- */

static void tell_picture(struct check *c, size_t i, json_t *out)
{
	const struct source_status *st = &c->app->env.sources[i]->status;
	int64_t now = app_now_ms(c->app);
	bool reached = st->state == SOURCE_LIVE || st->state == SOURCE_FROZEN;

	json_object_set_new(out, "reachable", json_boolean(reached));
	json_object_set_new(out, "complete", json_boolean(reached && st->complete));
	json_object_set_new(
		out, "count",
		json_integer((json_int_t)store_count_source(c->app->store, (uint8_t)i)));
	json_object_set_new(out, "age_ms",
			    st->read_ms ? json_integer(now > st->read_ms ? now - st->read_ms : 0)
					: json_null());
	if (!reached)
		found_wrong(c, REGTOP_SOURCE);
	else if (!st->complete)
		found_wrong(c, REGTOP_INCOMPLETE);
	if (reached && st->complete)
		return;
	set_text(out, "trouble",
		 st->state == SOURCE_OPENING ? "Nothing was read in time." : st->trouble.what);
	set_text(out, "hint", st->trouble.hint);
}

static void tell_purge(struct check *c, size_t i, json_t *out)
{
	const struct source *s = c->app->env.sources[i];
	const char *refused =
		c->options->read_only ? c->app->env.read_only_why : source_purge_refused(s);
	struct strbuf how = STRBUF_INIT;

	set_text(out, "purge_refused", refused);
	if (!refused && s->ops->purge_how)
		s->ops->purge_how(s, NULL, &how);
	set_text(out, "purge", refused ? NULL : strbuf_str(&how));
	strbuf_free(&how);
}

/* Opened ones first; then those that could not be opened. */
static void begin_sources(struct check *c, json_t *list)
{
	struct app *a = c->app;

	for (size_t i = 0; i < a->env.source_count; i++) {
		json_t *out = json_object();

		set_text(out, "name", a->env.sources[i]->name);
		set_text(out, "kind", a->env.sources[i]->ops->kind);
		json_object_set_new(out, "controls", look_at_controls(c, a->env.sources[i]));
		json_array_append_new(list, out);
	}
	for (size_t i = 0; i < a->unopened_count; i++) {
		json_t *out = json_object();

		set_text(out, "name", a->unopened[i].name);
		json_object_set_new(out, "reachable", json_false());
		set_text(out, "trouble", a->unopened[i].why.what);
		set_text(out, "hint", a->unopened[i].why.hint);
		json_array_append_new(list, out);
		found_wrong(c, REGTOP_SOURCE);
	}
}

static void wait_for_answers(struct check *c, unsigned timeout_ms)
{
	struct loop_timer *t = loop_timer_new(c->app->loop, LOOP_INPUT, on_late, c);

	/* Every call ends by itself; this is for one that does not. */
	c->late = false;
	loop_timer_set(t, timeout_ms);
	while (c->open_calls && !c->late)
		loop_turn(c->app->loop, true);
	loop_timer_free(t);
}

static void look_at_sources(struct check *c)
{
	struct app *a = c->app;
	json_t *list = json_array();
	int64_t before[ACT_MAX_SOURCES] = {0};
	unsigned timeout_ms = (c->options->timeout_s ? c->options->timeout_s : 10) * 1000;

	json_object_set_new(c->report, "sources", list);
	wait_until(c, timeout_ms, all_there, NULL);
	begin_sources(c, list);
	wait_for_answers(c, timeout_ms + 10000);
	for (size_t i = 0; i < a->env.source_count; i++) {
		before[i] = a->env.sources[i]->status.read_ms;
		if (a->env.sources[i]->status.state == SOURCE_LIVE)
			a->env.sources[i]->ops->refresh(a->env.sources[i]);
	}
	wait_until(c, SECOND_LOOK_MS, all_read_since, before);
	for (size_t i = 0; i < a->env.source_count; i++) {
		tell_picture(c, i, json_array_get(list, i));
		tell_purge(c, i, json_array_get(list, i));
	}
	if (!a->env.source_count && !a->unopened_count)
		found_wrong(c, REGTOP_FOUND);
}

/* ---- the machine ----------------------------------------------------------------------------- */

static void look_at_journal(struct check *c)
{
	json_t *out = json_object();
	struct err e = ERR_NONE;
	char *path = paths_state_file("journal.sqlite", &e);
	struct journal *j =
		path && !c->options->read_only ? journal_open(path, &clock_system, &e) : NULL;

	set_text(out, "path", path);
	json_object_set_new(out, "writable", json_boolean(j != NULL));
	if (!j)
		set_text(out, "trouble",
			 c->options->read_only ? "not opened (--read-only)" : e.what);
	if (!j && !c->options->read_only)
		found_wrong(c, REGTOP_FOUND);
	json_object_set_new(c->report, "journal", out);
	json_object_set_new(c->report, "read_only", json_boolean(c->options->read_only));
	journal_close(j);
	free(path);
}

/* It is made when it is needed first: what is there has to be good. */
static void look_at_history(struct check *c)
{
	bool wanted = !c->options->history || strcmp(c->options->history, "no") != 0;
	json_t *out = json_object();
	struct err e = ERR_NONE;
	char *path = wanted ? paths_state_file("history.sqlite", &e) : NULL;
	bool there = path && access(path, F_OK) == 0;
	struct history_db *db = there ? history_db_open(path, false, &e) : NULL;

	set_text(out, "path", path);
	json_object_set_new(out, "kept", json_boolean(wanted));
	json_object_set_new(out, "there", json_boolean(there));
	if (e.code) {
		set_text(out, "trouble", e.what);
		found_wrong(c, REGTOP_FOUND);
	}
	json_object_set_new(c->report, "history", out);
	history_db_close(db);
	free(path);
}

static void look_at_terminal(struct check *c)
{
	json_t *out = json_object();
	struct winsize ws = {0};
	bool is_terminal = isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) == 0;

	set_text(out, "term", getenv("TERM"));
	set_text(out, "codeset", nl_langinfo(CODESET));
	json_object_set_new(out, "is_terminal", json_boolean(is_terminal));
	json_object_set_new(out, "width", is_terminal ? json_integer(ws.ws_col) : json_null());
	json_object_set_new(out, "height", is_terminal ? json_integer(ws.ws_row) : json_null());
	json_object_set_new(c->report, "terminal", out);
}

static void tell_found(struct check *c)
{
	const struct discovery *d = c->app->found;
	json_t *found = json_array(), *not_used = json_array();

	for (size_t i = 0; d && i < d->config->count; i++) {
		struct strbuf words = STRBUF_INIT;

		discovery_describe(d, i, &words);
		json_array_append_new(found, text(strbuf_str(&words)));
		strbuf_free(&words);
	}
	for (size_t i = 0; d && i < d->note_count; i++)
		json_array_append_new(not_used, text(d->notes[i]));
	set_text(c->report, "config", c->options->config ? c->options->config->path : NULL);
	json_object_set_new(c->report, "found", found);
	json_object_set_new(c->report, "not_used", not_used);
}

static const char *result_words(const struct check *c)
{
	if (!c->app->env.source_count && !c->app->unopened_count)
		return "There is no registrar: name one with -s, or in a configuration file.";
	switch (c->status) {
	case REGTOP_OK:
		return "All is well.";
	case REGTOP_SOURCE:
		return "A source cannot be reached.";
	case REGTOP_INCOMPLETE:
		return "A picture is not complete.";
	default:
		return "Something is not as it should be.";
	}
}

/* ---- the command ----------------------------------------------------------------------------- */

static int print_config(void)
{
	struct discovery *d = discover(discover_root());
	struct strbuf out = STRBUF_INIT;
	int status = d->config->count ? REGTOP_OK : REGTOP_FOUND;

	discovery_write_config(d, &out);
	fputs(strbuf_str(&out), stdout);
	strbuf_free(&out);
	discovery_free(d);
	return status;
}

int cli_check(const struct options *o)
{
	struct err e = ERR_NONE;
	struct check c = {.options = o};
	int status;

	if (o->print_config)
		return print_config();
	c.app = app_new(o, &e, &status);
	if (!c.app) {
		err_print(&e);
		return status;
	}
	c.report = json_object();
	set_text(c.report, "regtop", PACKAGE_VERSION);
	tell_found(&c);
	look_at_sources(&c);
	look_at_journal(&c);
	look_at_history(&c);
	look_at_terminal(&c);
	set_text(c.report, "result", result_words(&c));
	json_object_set_new(c.report, "status", json_integer(c.status));
	if (o->json) {
		cli_print_json(c.report);
	} else {
		check_report_print(c.report);
	}
	app_free(c.app);
	json_decref(c.report);
	return c.status;
}
