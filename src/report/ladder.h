/* The ladder: the messages of a trace in the order of time, as text and as JSON. */
#ifndef REGTOP_REPORT_LADDER_H
#define REGTOP_REPORT_LADDER_H

#include <jansson.h>
#include "base/strbuf.h"
#include "base/trace.h"

struct ladder_options {
	unsigned width; /* columns, longer reason phrases are cut; 0: as long as they are */
	bool ascii_only;
	bool raw;    /* the messages themselves under their lines */
	bool redact; /* as a ticket: users, devices, public addresses */
};

/* facts/sip-and-diagnosis 3.5: local times, milliseconds since the exchange began, arrows, sizes,
 * addresses, retransmissions; each exchange with a line of its own above. All is cleaned. What
 * proves an identity (Authorization and its kin, keys of media) is never written. NULL: nothing. */
void ladder_write(const struct trace *t, const struct ladder_options *o, struct strbuf *out);
/* An array of exchanges; width counts for nothing. The caller's. */
json_t *ladder_json(const struct trace *t, const struct ladder_options *o);

#endif
