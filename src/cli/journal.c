/* regtop journal: what was done, newest first. */
#include "act/journal.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/text.h"
#include "cli/batch.h"
#include "options.h"
#include "paths.h"

static void add_text(json_t *o, const char *name, const char *value)
{
	struct strbuf clean = STRBUF_INIT;

	text_clean(slice_of(value ? value : ""), false, &clean);
	json_object_set_new(o, name, json_string(strbuf_str(&clean)));
	strbuf_free(&clean);
}

static void add_time(json_t *o, const char *name, int64_t ms)
{
	char when[28];

	json_object_set_new(o, name, ms ? json_string(text_rfc3339_ms(ms, when)) : json_null());
}

static bool collect_json(void *ctx, const struct journal_entry *e)
{
	json_t *o = json_object(), *binding = json_loads(e->binding ? e->binding : "", 0, NULL);

	json_object_set_new(o, "id", json_integer(e->id));
	add_time(o, "when", e->when_ms);
	add_time(o, "done", e->done_ms);
	add_text(o, "who", e->who);
	add_text(o, "verb", e->verb);
	add_text(o, "reason", e->reason);
	add_text(o, "source", e->source);
	add_text(o, "aor", e->aor);
	add_text(o, "contact", e->contact);
	add_text(o, "key", e->key);
	add_text(o, "state", e->state);
	add_text(o, "result", e->result);
	add_text(o, "proof", e->proof);
	json_object_set_new(o, "binding", binding ? binding : json_null());
	json_array_append_new(ctx, o);
	return true;
}

static void print_line(const char *label, const char *value)
{
	struct strbuf clean = STRBUF_INIT;

	if (!value || !value[0])
		return;
	text_clean(slice_of(value), false, &clean);
	printf("    %-8s %s\n", label, strbuf_str(&clean));
	strbuf_free(&clean);
}

static bool print_entry(void *ctx, const struct journal_entry *e)
{
	size_t *count = ctx;
	struct strbuf aor = STRBUF_INIT;
	char when[24];

	text_clean(slice_of(e->aor), false, &aor);
	printf("%s#%lld  %s  %s %s: %s\n", (*count)++ ? "\n" : "", (long long)e->id,
	       text_rfc3339(e->when_ms / 1000, when), e->verb, strbuf_str(&aor), e->state);
	strbuf_free(&aor);
	print_line("contact", e->contact);
	print_line("source", e->source);
	print_line("who", e->who);
	print_line("reason", e->reason);
	print_line("result", e->result);
	print_line("proof", e->proof);
	return true;
}

int cli_journal(const struct options *o)
{
	struct err e = ERR_NONE;
	char *path = paths_state_file("journal.sqlite", &e);
	struct journal *j = path ? journal_open(path, &clock_system, &e) : NULL;
	json_t *list = json_array();
	size_t count = 0;
	int rc = -1;

	if (j && o->json)
		rc = journal_each(j, o->limit, collect_json, list, &e);
	else if (j)
		rc = journal_each(j, o->limit, print_entry, &count, &e);
	if (rc < 0) {
		err_print(&e);
	} else if (o->json) {
		cli_print_json(list);
	} else if (count == 0) {
		printf("Nothing has been done yet (%s).\n", path);
	}
	json_decref(list);
	journal_close(j);
	free(path);
	return rc < 0 ? REGTOP_SOURCE : REGTOP_OK;
}
