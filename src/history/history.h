/* The history: what happened to bindings, kept so that a workup at 3 a.m. knows of midnight. */
#ifndef REGTOP_HISTORY_HISTORY_H
#define REGTOP_HISTORY_HISTORY_H

#include "base/clock.h"
#include "history/history_db.h"
#include "loop/loop.h"
#include "model/store.h"

struct history;

#define HISTORY_ROWS 200000
#define HISTORY_DAYS 30
/* A source of up to so many bindings is compared with what was known when regtop began to look; a
 * larger one is known by its changes. */
#define HISTORY_PRESENT_MAX 5000
/* A User-Agent of which so many probes were never answered is told of. */
#define HISTORY_AGENT_PROBES 5
/* A test call says something for so long. */
#define HISTORY_CALL_MS (30 * 60000)

struct history_options {
	int64_t rows;  /* 0: HISTORY_ROWS */
	int64_t age_s; /* 0: HISTORY_DAYS */
};

/* Opens or creates it; path NULL: in memory, gone with it. It is written by a thread of its own, in
 * a batch each second. NULL with *e when it cannot be had. trouble() is called in the loop, once,
 * when it cannot be written later. */
struct history *history_open(struct loop *l, const struct clock *c, const char *path,
			     const struct history_options *o,
			     void (*trouble)(void *ctx, const struct err *e), void *ctx,
			     struct err *e);
/* Writes what is still to be written, for at most two seconds. NULL is fine. */
void history_close(struct history *h);
/* From now on it learns of every change in the store, and tells it the habits that it knows. One
 * history watches a store. */
void history_watch(struct history *h, struct store *s);
/* The first whole picture of this source is there: what changes now is news. */
void history_source_ready(struct history *h, uint8_t source);

/* ---- what else happens ------------------------------------------------------------------------
 */

void history_probe(struct history *h, const struct binding *b, const struct evidence *e);
void history_call(struct history *h, const struct binding *b, const struct call_found *c);
/* by: who did it, as the journal names people. */
void history_purged(struct history *h, const struct binding *b, const char *by);

/* ---- what is known: read at once, some tens of microseconds; up to a second behind --------------
 */

/* Writes and waits until what is noted can be read, for at most two seconds. For commands that are
 * about to ask; not from inside of callbacks. */
void history_settle(struct history *h);
/* Of b's device; with b NULL of the AoR ("user@domain"). All zero when nothing is known. */
void history_summary(struct history *h, const char *source, const char *aor,
		     const struct binding *b, struct history_summary *out);
/* "user@domain" of this user, whatever the domain, that was seen last; false: none was. */
bool history_find_aor(struct history *h, const char *source, const char *user, char aor[200]);
/* Newest first; with b NULL of all devices of the AoR. */
void history_each(struct history *h, const char *source, const char *aor, const struct binding *b,
		  size_t limit, history_visit_fn *fn, void *ctx);
/* The test calls of the last HISTORY_CALL_MS to b's device, oldest first. */
void history_calls(struct history *h, const char *source, const struct binding *b,
		   void (*fn)(void *ctx, const struct call_found *c), void *ctx);
/* The last probe of b's device, not older than that; false: none. */
bool history_evidence(struct history *h, const char *source, const struct binding *b,
		      int64_t max_age_ms, struct evidence *out);
/* How many devices that registered from b's source host have moved to another since b's last
 * REGISTER, and where; 0 none. */
unsigned history_moved(struct history *h, const char *source, const struct binding *b,
		       char from[64], char to[64]);

#endif
