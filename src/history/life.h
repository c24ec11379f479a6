/* The life of a device at one AoR, or of the AoR itself: what its events add up to. */
#ifndef REGTOP_HISTORY_LIFE_H
#define REGTOP_HISTORY_LIFE_H

#include "base/strbuf.h"
#include "model/binding.h"
#include "model/call_found.h"
#include "model/evidence.h"
#include "model/history.h"

#define LIFE_INTERVALS 8  /* the habit is the median of the last of them */
#define LIFE_REGISTERS 16 /* times of the last REGISTERs */
#define LIFE_DEVICE    160

struct life {
	struct history_summary s;
	int64_t intervals[LIFE_INTERVALS]; /* seconds, oldest first */
	int64_t interval_count;
	int64_t registers_ms[LIFE_REGISTERS]; /* wall time, a ring */
	int64_t register_count;
	int64_t granted_s; /* at the last REGISTER; 0 unknown */
	int64_t gone_ms;   /* since when it is not listed; 0 it is */
	int64_t purged_ms; /* when somebody removed it with regtop; 0 never */
	/* Of the AoR: who registered last in place of another, and who before. */
	char last_device[LIFE_DEVICE], before_device[LIFE_DEVICE];
	/* Of the AoR: the device that came last, its name for people, how many others went for it;
	 * and those that went before their expiry, not yet for anybody. A source may tell of either
	 * first, and of the other some seconds later. */
	char came_device[LIFE_DEVICE], came_name[96], went_device[LIFE_DEVICE];
	int64_t came_ms, went_for_it, went_ms, went_count;
	char call_id[96]; /* of the last REGISTER, cut */
	/* The last probe. */
	int64_t outcome, path, code, asked_ms, rtt_us, failures, failed_first_ms;
	int64_t silent_ms; /* it was silent then, and has not missed a refresh since; 0 no */
	int64_t probes, answers, noted_ms; /* noted_ms: when a probe was last worth an event */
};

void life_init(struct life *l);
/* As one line of JSON for the database, and back; what cannot be read is left as it was. */
char *life_to_json(const struct life *l);
void life_from_json(struct life *l, const char *text);
/* Names the device of a binding: its instance, else its model and inner address. Cleaned. */
void life_device(const struct binding *b, char out[LIFE_DEVICE]);
/* "192.0.2.1:5060" of the address that the REGISTER came from; "" unknown. */
void life_source(const struct binding *b, char out[64]);

/* ---- what happens to it ------------------------------------------------------------------------
 */

/* Events come out in the order of time. */
typedef void life_event_fn(void *ctx, const struct history_event *e);

enum life_step {
	LIFE_PRESENT, /* found listed when regtop began to look: it says what it was meanwhile */
	LIFE_ADDED,
	LIFE_CHANGED,
	LIFE_GONE,
};

/* A binding of the device was added, changed or went. was: before, for CHANGED; is: now, or for
 * GONE as it was last. replaced: another device's binding went for it. */
void life_step(struct life *device, struct life *aor, enum life_step step,
	       const struct binding *was, const struct binding *is, int64_t now_ms,
	       life_event_fn *fn, void *ctx);
/* Just now somebody removed it with regtop: that it goes is no news. */
bool life_was_purged(const struct life *device, int64_t now_ms);
/* A device's binding is listed that was not; or went before its expiry: did one go for the other,
 * or all for one that removed them? */
void life_came(struct life *aor, const struct binding *b, int64_t now_ms, life_event_fn *fn,
	       void *ctx);
void life_went(struct life *aor, const struct binding *b, int64_t now_ms, life_event_fn *fn,
	       void *ctx);
/* The binding of device came in the place of another device's. */
void life_replaced(struct life *aor, const struct binding *by, int64_t now_ms);
void life_purged(struct life *device, struct life *aor, const struct binding *b, const char *who,
		 int64_t now_ms, life_event_fn *fn, void *ctx);
void life_probed(struct life *device, const struct binding *b, const struct evidence *e,
		 life_event_fn *fn, void *ctx);
void life_called(const struct binding *b, const struct call_found *c, life_event_fn *fn, void *ctx);
/* Its last probe as evidence; false when there was none. */
bool life_evidence(const struct life *l, struct evidence *out);

#endif
