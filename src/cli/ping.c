/* regtop ping: probes what a filter names and prints what was found. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "cli/batch.h"

static const enum column_id ping_columns[] = {COL_AOR,      COL_CONTACT,     COL_VERDICT,
					      COL_BASIS,    COL_CODE,        COL_RTT_MS,
					      COL_NEXT_HOP, COL_ANSWERED_BY, COL_NOTE};

static void show_progress(struct app *a, size_t total)
{
	if (total > 5 && isatty(STDERR_FILENO))
		fprintf(stderr, "\r%zu of %zu probes open ", pinger_open(a->pinger), total);
}

static bool answered(struct app *a, binding_id id)
{
	struct row r;

	/* One that left meanwhile is nobody's fault. */
	if (!view_row(a->view, id, app_now_ms(a), &r))
		return true;
	return r.j.verdict == VERDICT_ANSWERS || r.j.verdict == VERDICT_EDGE_ANSWERS;
}

static int ping_all(struct app *a, const struct options *o)
{
	size_t n, asked;
	binding_id *ids = app_view_ids(a, &n);
	bool all_well = true;
	int status;

	if (n == 0) {
		fprintf(stderr, "regtop: nothing matches; nothing was asked\n");
		free(ids);
		return REGTOP_FOUND;
	}
	asked = o->limit && o->limit < n ? o->limit : n;
	for (size_t i = 0; i < asked; i++)
		pinger_ask(a->pinger, ids[i]);
	while (pinger_open(a->pinger) > 0) {
		loop_turn(a->loop, true);
		show_progress(a, asked);
	}
	if (asked > 5 && isatty(STDERR_FILENO))
		fprintf(stderr, "\r%40s\r", "");
	for (size_t i = 0; i < asked; i++)
		all_well = answered(a, ids[i]) && all_well;
	free(ids);
	status = cli_print_listing(a, o, ping_columns,
				   sizeof(ping_columns) / sizeof(ping_columns[0]));
	if (status == REGTOP_OK && !all_well)
		status = REGTOP_FOUND;
	return status;
}

int cli_ping(const struct options *o)
{
	struct app *a;
	int status = cli_open(o, &a), pinged;
	const struct source *s;

	if (a && (status == REGTOP_OK || status == REGTOP_INCOMPLETE)) {
		s = a->env.sources[0];
		if (a->env.source_count == 1 && s->status.state == SOURCE_FROZEN) {
			fprintf(stderr, "regtop: %s is a snapshot: there is nobody to ask\n",
				s->name);
			status = REGTOP_REFUSED;
		} else {
			pinged = ping_all(a, o);
			if (status == REGTOP_OK)
				status = pinged;
		}
	}
	app_free(a);
	return status;
}
