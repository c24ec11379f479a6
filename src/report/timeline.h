/* The timeline: what the history remembers of a binding, in words and as JSON. */
#ifndef REGTOP_REPORT_TIMELINE_H
#define REGTOP_REPORT_TIMELINE_H

#include <jansson.h>
#include "base/strbuf.h"
#include "model/history.h"

/* "registers from a new port: 203.0.113.2:40001, then 203.0.113.2:42744". Cleaned. */
void timeline_event(const struct history_event *e, bool ascii_only, struct strbuf *out);
/* What it adds up to, in one sentence: "seen since …, 42 refreshes, every 4m50s as a rule". Empty
 * when nothing is known. */
void timeline_sum(const struct history_summary *h, struct strbuf *out);
/* Times are RFC 3339 UTC; new reference. */
json_t *timeline_json(const struct history_event *events, size_t n);

#endif
