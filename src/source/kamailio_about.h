/* What a Kamailio says of itself: since when it runs, its clock, its limits, and whom it bans. */
#ifndef REGTOP_SOURCE_KAMAILIO_ABOUT_H
#define REGTOP_SOURCE_KAMAILIO_ABOUT_H

#include "source/rpc/control.h"
#include "source/source.h"

/* As source_ops.about, at this control. NULL with no control. */
struct source_about_call *kamailio_about_ask(struct control *control, const struct clock *clock,
					     const char *host, source_about_fn *fn, void *ctx);
void kamailio_about_cancel(struct source_about_call *c);
/* From the answer to core.uptime, at now_ms of ours. Its clock is told only within a quarter of an
 * hour, because it names its time in a zone that it does not name. False: not understood. */
bool kamailio_about_uptime(const json_t *result, int64_t now_ms, struct source_about *out);

#endif
