/* What location tables have in common, whatever database holds them: batches of rows, dates, and
 * whether two rows say the same. */
#ifndef REGTOP_SOURCE_SQL_LOCATION_H
#define REGTOP_SOURCE_SQL_LOCATION_H

#include "model/binding.h"

/* Longest read without a look at the writers (facts/performance-baselines 0.2). */
#define LOCATION_PAGE_ROWS 500
/* The first page only fills a screen: somebody waits for it. */
#define LOCATION_FIRST_ROWS 64
/* Keys alone, from an index: as long a read as a page of rows. */
#define LOCATION_KEY_ROWS 2000
/* Above every Julian day of this millennium, below every Unix time since May 1970. */
#define LOCATION_JULIAN_MAX 1e7

/* Rows in the order of their id; they live until location_batch_free(). */
struct location_batch {
	struct binding *rows;
	size_t count, cap;
	int64_t first_id; /* of the first row */
	int64_t last_id;  /* highest id seen, matching or not; keyset of the next page */
	double newest;    /* highest last_modified seen, as stored */
	bool more;        /* the page was full */
	bool keys_only;   /* nothing of the rows was read but their keys */
	struct location_text *text;
	int64_t node; /* the last row's, and its text */
	struct slice node_text;
};

/* Whose table it is. OpenSIPS's has the same name, and rows that mean much the same (facts 5.1). */
enum location_dialect {
	LOCATION_KAMAILIO, /* versions 8 and 9 */
	LOCATION_OPENSIPS, /* version 1013 */
};

/* THE columns of the table, in the order in which all readers ask for them. */
enum location_column {
	C_ID, /* OpenSIPS's contact_id */
	C_RUID,
	C_USERNAME,
	C_DOMAIN,
	C_CONTACT,
	C_RECEIVED,
	C_PATH,
	C_EXPIRES,
	C_Q,
	C_CALLID,
	C_CSEQ,
	C_LAST_MODIFIED,
	C_CFLAGS,
	C_USER_AGENT,
	C_SOCKET,
	C_METHODS,
	C_INSTANCE,
	C_REG_ID,
	C_SERVER_ID,
	C_CONNECTION_ID,
	C_COUNT,
};

struct location_batch *location_batch_new(void);
void location_batch_free(struct location_batch *b);

/* For who fills a batch from another database: a new row (id for the keyset), text copied into the
 * batch, and what Kamailio's columns mean. */
struct binding *location_add(struct location_batch *b, int64_t id);
struct slice location_keep(struct location_batch *b, struct slice text);
void location_batch_clear(struct location_batch *b);
/* What was granted at the last REGISTER, from its end and its time; -1 unknown. */
int64_t location_granted(const struct binding *b);
/* "2030-05-28 21:32:15" as seconds of a calendar without a zone. */
bool location_parse_date(struct slice s, int64_t *seconds);
/* Is the row still what was shown, so that it may be deleted? */
bool location_says_the_same(const struct binding *row, const struct binding *shown);

/* Seconds in the unit of a stored last_modified: Julian days or Unix seconds. */
double location_seconds(double stored, double seconds);

#endif
