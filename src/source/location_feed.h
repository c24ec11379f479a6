/* A location table as a source's picture: read on a thread of its own, delivered to the sink. */
#ifndef REGTOP_SOURCE_LOCATION_FEED_H
#define REGTOP_SOURCE_LOCATION_FEED_H

#include "source/source.h"
#include "source/sql/location.h"

struct location_feed;

/* What a source wants to know or to add; called in the loop. Any may be NULL. */
struct location_feed_hooks {
	/* Rows that are about to be delivered: may complete them, and leave some out. Returns how
	 * many are left at the front. */
	size_t (*rows)(void *ctx, struct binding *rows, size_t n);
	/* A pass is about to end: what the table does not know, but is there, is to be put or kept
	 * now. */
	void (*pass_ends)(void *ctx, bool complete);
	/* A look is over, and the source's status set by it; ok: the table could be read. What is
	 * changed in the status is told then. */
	void (*looked)(void *ctx, bool ok);
};

/* True when path is an SQLite file with a location table of this dialect that can be read; else *e
 * may say what it is instead. */
bool location_feed_recognise(const char *path, enum location_dialect dialect, struct err *e);
/* Feeds s's sink and status from the table of this dialect at place: a path, or a database's
 * address (sql/db_url.h). A file is looked into at once, unless recognised just now; a server that
 * is down may come back. interval_ms: between two looks, 0 the default. s must outlive the feed.
 * NULL with *e. */
struct location_feed *location_feed_new(struct loop *l, const struct clock *c, struct source *s,
					const char *place, enum location_dialect dialect,
					bool recognised, unsigned interval_ms,
					const struct location_feed_hooks *hooks, void *ctx,
					struct err *e);
/* Reads everything now, and from then on keeps up. */
void location_feed_refresh(struct location_feed *f);
/* Waits for the thread; nothing is delivered any more. NULL is fine. */
void location_feed_free(struct location_feed *f);

#endif
