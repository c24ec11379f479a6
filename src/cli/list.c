/* regtop list: the bindings as a table, as JSON or as CSV. */
#include "cli/batch.h"

/* A table on a terminal shows what fits; JSON and CSV are for programs and hold every column. */
static const enum column_id table_columns[] = {COL_AOR,     COL_CONTACT,  COL_TRANSPORT, COL_LEFT,
					       COL_VERDICT, COL_NEXT_HOP, COL_USER_AGENT};

int cli_list(const struct options *o)
{
	enum column_id all[COL_COUNT];
	struct app *a;
	int status = cli_open(o, &a), printed;
	bool table = cli_listing_format(o) == LISTING_TABLE;

	for (int c = 0; c < COL_COUNT; c++)
		all[c] = (enum column_id)c;
	/* An incomplete or old picture is still printed: its exit status says what it is. */
	if (a && status != REGTOP_USAGE && (status != REGTOP_SOURCE || store_count(a->store) > 0)) {
		if (table)
			printed =
				cli_print_listing(a, o, table_columns,
						  sizeof(table_columns) / sizeof(table_columns[0]));
		else
			printed = cli_print_listing(a, o, all, COL_COUNT);
		if (status == REGTOP_OK)
			status = printed;
	}
	app_free(a);
	return status;
}
