/* What the sub-commands without a screen share: opening, waiting, printing a listing. */
#ifndef REGTOP_CLI_BATCH_H
#define REGTOP_CLI_BATCH_H

#include <jansson.h>
#include "app.h"
#include "report/ladder.h"
#include "report/listing.h"

/* Opens the app, applies filter and sort, and waits for the picture. *out may be set whatever
 * comes back (then free it): an incomplete picture can still be shown. Messages are on stderr. */
int cli_open(const struct options *o, struct app **out);
enum listing_format cli_listing_format(const struct options *o);
/* Prints the view in the format of the options; columns as --columns says, else the defaults. */
int cli_print_listing(struct app *a, const struct options *o, const enum column_id *defaults,
		      size_t n);
/* The ids of all bindings that an operand names as AoR: "user@domain", "user", with or without
 * sip: in front; when there are none, the same telephone number written otherwise (with + or 00,
 * blanks, dashes), then one whose end it is (030… for +4930…). They may be of several AoRs. Caller
 * frees. */
binding_id *cli_find_aor(struct app *a, const char *aor, size_t *n);
/* Prints it on stdout, indented, its members in their order. */
void cli_print_json(const json_t *j);
/* Columns of a terminal on stdout; 0: it is none, and lines may be as long as they are. */
unsigned cli_paper_width(void);
/* How the options want a ladder. */
struct ladder_options cli_ladder_options(const struct options *o);
/* Prints the messages of t when --ladder was said. */
void cli_print_ladder(const struct trace *t, const struct options *o);

#endif
