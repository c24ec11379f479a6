/* What regtop check found out, printed for a person from what it prints as JSON. */
#include "cli/check_report.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include "base/strbuf.h"
#include "base/text.h"

static const char *text_of(const json_t *o, const char *name)
{
	return json_string_value(json_object_get(o, name));
}

static bool is_true(const json_t *o, const char *name)
{
	return json_is_true(json_object_get(o, name));
}

static void line(const char *term, const char *words)
{
	printf("%-14s %s\n", term, words);
}

static void print_found(const json_t *r)
{
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(r, "found"), i, one)
		line(i ? "" : "found", json_string_value(one));
	json_array_foreach(json_object_get(r, "not_used"), i, one)
		line(i ? "" : "not used", json_string_value(one));
}

static void print_picture(const json_t *s)
{
	struct strbuf words = STRBUF_INIT;
	const json_t *age = json_object_get(s, "age_ms");
	json_int_t count = json_integer_value(json_object_get(s, "count"));
	const char *trouble = text_of(s, "trouble"), *hint = text_of(s, "hint");
	char old[16];

	if (is_true(s, "reachable"))
		strbuf_addf(&words, "%lld binding%s, %s", (long long)count, count == 1 ? "" : "s",
			    is_true(s, "complete") ? "complete" : "NOT COMPLETE");
	else
		strbuf_add_str(&words, "NOT REACHABLE");
	if (json_is_integer(age))
		strbuf_addf(&words, ", %s old", text_duration(json_integer_value(age) / 1000, old));
	line("  picture", strbuf_str(&words));
	if (trouble)
		line("", trouble);
	if (hint && hint[0])
		line("", hint);
	strbuf_free(&words);
}

static void print_control(const json_t *c, bool first)
{
	const char *node = text_of(c, "node"), *place = text_of(c, "place");
	struct strbuf words = STRBUF_INIT;

	if (node)
		strbuf_addf(&words, "%s: ", node);
	if (place)
		strbuf_addf(&words, "%s: ", place);
	strbuf_add_str(&words, text_of(c, "words"));
	line(first ? "  control" : "", strbuf_str(&words));
	strbuf_free(&words);
}

/* Where the control says why there is no purge, that is enough. */
static bool said_before(const json_t *s)
{
	const json_t *first = json_array_get(json_object_get(s, "controls"), 0);
	const char *words = first ? text_of(first, "words") : NULL;
	const char *refused = text_of(s, "purge_refused");

	return words && refused && strcmp(words, refused) == 0;
}

static void print_source(const json_t *s)
{
	const json_t *control;
	const char *kind = text_of(s, "kind");
	size_t i;

	printf("\n");
	line("source", text_of(s, "name"));
	if (kind)
		line("  kind", kind);
	print_picture(s);
	json_array_foreach(json_object_get(s, "controls"), i, control)
		print_control(control, i == 0);
	if (said_before(s))
		line("  purge", "not offered, as said above");
	else if (text_of(s, "purge_refused"))
		printf("%-14s not offered: %s\n", "  purge", text_of(s, "purge_refused"));
	else if (text_of(s, "purge"))
		line("  purge", text_of(s, "purge"));
}

static void print_history(const json_t *h)
{
	const char *path = text_of(h, "path");

	printf("%-14s %s%s%s\n", "history", path ? path : "", path ? ": " : "",
	       !is_true(h, "kept")     ? "none is kept"
	       : text_of(h, "trouble") ? text_of(h, "trouble")
	       : is_true(h, "there")   ? "can be written"
				       : "is made when it is needed");
}

static void print_machine(const json_t *r)
{
	const json_t *j = json_object_get(r, "journal"), *t = json_object_get(r, "terminal");
	const char *path = text_of(j, "path");

	printf("\n%-14s %s%s%s\n", "journal", path ? path : "", path ? ": " : "",
	       is_true(j, "writable") ? "can be written" : text_of(j, "trouble"));
	print_history(json_object_get(r, "history"));
	if (is_true(r, "read_only"))
		line("read-only", "nothing can be changed");
	printf("%-14s TERM=%s, %s", "terminal", text_of(t, "term") ? text_of(t, "term") : "",
	       text_of(t, "codeset"));
	if (is_true(t, "is_terminal"))
		printf(", %lldx%lld", (long long)json_integer_value(json_object_get(t, "width")),
		       (long long)json_integer_value(json_object_get(t, "height")));
	else
		printf(", stdout is no terminal");
	printf("\n");
}

void check_report_print(const json_t *report)
{
	const json_t *source;
	const char *config = text_of(report, "config");
	size_t i;

	line("configuration", config ? config : "no file");
	print_found(report);
	json_array_foreach(json_object_get(report, "sources"), i, source) print_source(source);
	print_machine(report);
	printf("\n");
	line("result", text_of(report, "result"));
}
