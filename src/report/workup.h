/* The workup on paper: evidence, then verdict, then cause, then advice, each with its time. */
#ifndef REGTOP_REPORT_WORKUP_H
#define REGTOP_REPORT_WORKUP_H

#include <jansson.h>
#include "base/strbuf.h"
#include "judge/diagnosis.h"

struct workup_style {
	unsigned width; /* columns; 0: 80 */
	bool ascii_only;
	bool redact;   /* as a ticket is (report/redact.h) */
	bool untitled; /* the AoR and the time stand above it already */
};

/* Appends the text, cleaned, lines ended by \n (facts/sip-and-diagnosis 4.2, users-and-peers 6.2).
 */
void workup_write(const struct findings *f, const struct diagnosis *d,
		  const struct workup_style *style, struct strbuf *out);
/* One object; times are RFC 3339 UTC, unknown is null, bindings have the fields of the columns. New
 * reference. */
json_t *workup_json(const struct findings *f, const struct diagnosis *d);
/* "the path of a call", "straight to the next hop", … */
const char *workup_way_name(enum finding_way way);
/* "call", "direct", "contact", "source", "edge": as in JSON. */
const char *workup_way_word(enum finding_way way);

#endif
