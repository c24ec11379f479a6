/* The ticket: text about some bindings for a trouble ticket, redacted unless told otherwise. */
#ifndef REGTOP_REPORT_TICKET_H
#define REGTOP_REPORT_TICKET_H

#include "base/strbuf.h"
#include "model/view.h"
#include "source/source.h"

struct ticket {
	const struct view *view;
	const binding_id *ids;
	size_t count;
	int64_t now_ms;
	const struct source *const *sources; /* by source index */
	size_t source_count;
	const struct store *store; /* finds twins that the view hides; NULL: those in the view */
	bool full;                 /* true: nothing is redacted (the person said so) */
	bool ascii_only;
};

/* The shape of facts/users-and-peers 6.2. All twins of a named AoR are listed with it. */
void ticket_write(const struct ticket *t, struct strbuf *out);

#endif
