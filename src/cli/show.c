/* regtop show: everything about one address of record. */
#include <stdio.h>
#include <stdlib.h>
#include "base/text.h"
#include "cli/batch.h"

static int print_json(struct app *a, const binding_id *ids, size_t n)
{
	enum column_id all[COL_COUNT];
	json_t *list = json_array();
	struct row r;

	for (int c = 0; c < COL_COUNT; c++)
		all[c] = (enum column_id)c;
	for (size_t i = 0; i < n; i++)
		if (view_row(a->view, ids[i], app_now_ms(a), &r))
			json_array_append_new(list, listing_row_json(&r, all, COL_COUNT));
	json_dumpf(list, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
	putchar('\n');
	json_decref(list);
	return REGTOP_OK;
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
