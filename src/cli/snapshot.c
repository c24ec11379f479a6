/* regtop snapshot: writes the picture to a file that opens again with -s FILE. */
#include "report/snapshot.h"

#include <stdio.h>
#include "cli/batch.h"

int cli_snapshot(const struct options *o)
{
	struct err e = ERR_NONE;
	struct app *a;
	int status;

	if (!o->output) {
		fprintf(stderr, "regtop: where to? say -o FILE\n");
		return REGTOP_USAGE;
	}
	status = cli_open(o, &a);
	if (a && (status == REGTOP_OK || status == REGTOP_INCOMPLETE)) {
		view_update(a->view, app_now_ms(a));
		if (snapshot_write(a->view, (const struct source *const *)a->env.sources,
				   a->env.source_count, app_now_ms(a), o->output, o->force,
				   &e) < 0) {
			err_print(&e);
			status = REGTOP_INCOMPLETE;
		} else {
			printf("%s: %zu bindings\n", o->output, view_count(a->view));
		}
	}
	app_free(a);
	return status;
}
