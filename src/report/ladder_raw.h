/* One message as lines for a person: cleaned, without what proves an identity, redacted if wanted.
 */
#ifndef REGTOP_REPORT_LADDER_RAW_H
#define REGTOP_REPORT_LADDER_RAW_H

#include "base/strbuf.h"

/* Each line ends with '\n' and begins with so many blanks. Values of Authorization headers and
 * keys of media never stand in it. redact: of a header only what is known to tell nothing of
 * persons, devices and places stays (facts/users-and-peers 6.2). */
void ladder_raw(struct slice message, unsigned indent, bool redact, bool ascii_only,
		struct strbuf *out);

#endif
