/* What OpenSIPS tells of its contacts by itself: E_UL_CONTACT_* events to a socket of ours. */
#ifndef REGTOP_SOURCE_OPENSIPS_EVENTS_H
#define REGTOP_SOURCE_OPENSIPS_EVENTS_H

#include "base/clock.h"
#include "base/slice.h"
#include "source/rpc/control.h"

struct opensips_events;

/* Something happened to the contacts of this AoR; fresh is the one that has just registered, or
 * empty. It is only said, and anybody on this machine may say it: ask OpenSIPS what there is now.
 * Slices live for the call. */
typedef void opensips_heard_fn(void *ctx, struct slice table, struct slice aor, struct slice fresh);

/* Subscribes by control, which is borrowed and must be freed first, after opensips_events_close().
 * Only a registrar on this machine is asked to: the socket is on loopback. */
struct opensips_events *opensips_events_new(struct loop *l, struct control *control,
					    opensips_heard_fn *fn, void *ctx);
/* Subscribes now, and again before each subscription ends. Also for a registrar that was away and
 * has forgotten it. */
void opensips_events_start(struct opensips_events *e);
/* Nothing is heard from now on. */
void opensips_events_close(struct opensips_events *e);
void opensips_events_free(struct opensips_events *e);
/* NULL, or why OpenSIPS does not tell: words for a person. */
const char *opensips_events_refused(const struct opensips_events *e);

#endif
