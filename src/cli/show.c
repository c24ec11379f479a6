/* regtop show: everything about one address of record. */
#include <stdio.h>
#include <stdlib.h>
#include "base/text.h"
#include "cli/batch.h"
#include "history/history.h"
#include "report/timeline.h"

/* More is in the history's own file. */
#define EVENTS 100

static int print_json(struct app *a, const binding_id *ids, size_t n)
{
	enum column_id all[COL_COUNT];
	json_t *list = json_array();
	struct history_event past[EVENTS];
	struct history_summary sum;
	struct row r;

	for (int c = 0; c < COL_COUNT; c++)
		all[c] = (enum column_id)c;
	for (size_t i = 0; i < n; i++)
		if (view_row(a->view, ids[i], app_now_ms(a), &r)) {
			json_t *row = listing_row_json(&r, all, COL_COUNT);
			size_t events = app_history(a, ids[i], &sum, past, EVENTS);

			json_object_set_new(row, "history", timeline_json(past, events));
			json_array_append_new(list, row);
		}
	cli_print_json(list);
	json_decref(list);
	return REGTOP_OK;
}

static void add_history(struct app *a, binding_id id, bool ascii_only, struct strbuf *out)
{
	struct history_event past[EVENTS];
	struct history_summary sum;
	struct strbuf words = STRBUF_INIT;
	size_t n = app_history(a, id, &sum, past, EVENTS);
	char when[24];

	timeline_sum(&sum, &words);
	if (!words.n && !n)
		return;
	strbuf_addf(out, "\nhistory, newest first\n  %s\n", strbuf_str(&words));
	for (size_t i = 0; i < n; i++) {
		strbuf_addf(out, "  %s  ", text_rfc3339(past[i].when_ms / 1000, when));
		timeline_event(&past[i], ascii_only, out);
		strbuf_add_char(out, '\n');
	}
	strbuf_free(&words);
}

static int print_text(struct app *a, const struct options *o, const binding_id *ids, size_t n)
{
	struct strbuf out = STRBUF_INIT;
	struct row r;

	for (size_t i = 0; i < n; i++) {
		if (!view_row(a->view, ids[i], app_now_ms(a), &r))
			continue;
		if (i)
			strbuf_add_char(&out, '\n');
		listing_show(&r, app_ascii_only(o), &out);
		add_history(a, ids[i], app_ascii_only(o), &out);
	}
	fputs(strbuf_str(&out), stdout);
	strbuf_free(&out);
	return REGTOP_OK;
}

int cli_show(const struct options *o)
{
	struct options plain = *o;
	char empty[] = "", name[128];
	binding_id *ids = NULL;
	struct app *a;
	size_t n = 0;
	int status;

	/* The operand is an AoR to the letter, not a filter. */
	plain.filter = empty;
	status = cli_open(&plain, &a);
	if (a && (status == REGTOP_OK || status == REGTOP_INCOMPLETE)) {
		/* Habits come with what is noted of this picture. */
		history_settle(a->history);
		ids = cli_find_aor(a, o->operands[0], &n);
		if (n == 0) {
			text_clean_buf(slice_of(o->operands[0]), name, sizeof(name));
			fprintf(stderr, "regtop: no binding of %s is registered here\n", name);
			status = REGTOP_FOUND;
		} else {
			int printed = o->json ? print_json(a, ids, n) : print_text(a, o, ids, n);

			if (status == REGTOP_OK)
				status = printed;
		}
	}
	free(ids);
	app_free(a);
	return status;
}
