/* What a registrar says of itself by its control: since when it runs, its clock, its limits, and
 * whom it bans. */
#ifndef REGTOP_SOURCE_CONTROL_ABOUT_H
#define REGTOP_SOURCE_CONTROL_ABOUT_H

#include "source/rpc/control.h"
#include "source/source.h"

enum control_about_kind {
	ABOUT_KAMAILIO,
	ABOUT_OPENSIPS, /* tells since when it runs, and its clock */
};

/* As source_ops.about, at this control. NULL with no control. */
struct source_about_call *control_about_ask(struct control *control, enum control_about_kind kind,
					    const struct clock *clock, const char *host,
					    source_about_fn *fn, void *ctx);
void control_about_cancel(struct source_about_call *c);
/* From the answer to core.uptime (Kamailio) or uptime (OpenSIPS), at now_ms of ours. Its clock is
 * told only within a quarter of an hour, because it names its time in a zone that it does not name.
 * False: not understood. */
bool control_about_uptime(const json_t *result, int64_t now_ms, struct source_about *out);

#endif
