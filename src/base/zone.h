/* Time zones: wall clock times of another zone to Unix time, whatever zone this process is in. */
#ifndef REGTOP_BASE_ZONE_H
#define REGTOP_BASE_ZONE_H

#include <stdint.h>
#include "base/err.h"

struct zone;

/* The zone of this name ("Europe/Berlin", "UTC"), or of the process for NULL. It is worked out here
 * and now, by changing TZ for a moment: call it before threads run. NULL with *e when the machine
 * does not know it. */
struct zone *zone_new(const char *name, struct err *e);
void zone_free(struct zone *z);
/* local_s counts the seconds of a calendar that knows no zone, as text_parse_rfc3339() does for
 * "Z". Of an hour that the clocks went through twice it is the first; one that they left out counts
 * from before. */
int64_t zone_to_unix(const struct zone *z, int64_t local_s);

#endif
