/* Keeps up with a location table: complete passes, new rows, refreshed rows, each at its price. */
#include "source/sql/location_reader.h"

#include <errno.h>
#include <stdlib.h>
#include "base/alloc.h"

/* After a read of t, the next of its kind comes 9 t later: a tenth of the time. Complete passes
 * come less often, where the others find all that a registrar itself does to its table. */
#define REST_FACTOR      9
#define REST_FACTOR_PASS 49
/* Of a pass's time, a guess before the first one. */
#define KEYS_PART 5
/* Rows that one lock-free look through the table may cover: about a millisecond. */
#define SCAN_ROWS 2000
/* usrloc's timer_interval, where nobody changed it. */
#define LATE_S 60

struct location_reader {
	struct location_db *db;
	const struct clock *clock;
	struct location_taker taker;
	uint64_t stamp;
	bool seen;                            /* stamp is valid, and a pass was begun */
	bool pass_owed, scan_owed, keys_owed; /* changes that were not read yet */
	bool keyless;                         /* what has gone cannot be told by the keys alone */
	bool complete;
	bool inspected;
	uint64_t rows;
	int64_t first_id, max_id;
	double newest; /* last_modified, as stored */
	double since;  /* the next scan begins there: what is older was read */
	int64_t pass_ended_us, pass_cost_us, scan_ended_us, scan_cost_us, keys_ended_us,
		keys_cost_us;
};

static bool is_opensips(const struct location_reader *r)
{
	return r->db->dialect == LOCATION_OPENSIPS;
}

static void note_batch(struct location_reader *r, const struct location_batch *b)
{
	if (b->last_id > r->max_id)
		r->max_id = b->last_id;
	if (b->newest > r->newest)
		r->newest = b->newest;
	/* OpenSIPS's rows are keyed by their ids, one and all. */
	for (size_t i = 0; !is_opensips(r) && i < b->count && !r->keyless; i++)
		r->keyless = b->rows[i].ruid.n == 0;
}

static bool stopped(const struct location_reader *r)
{
	return r->taker.stop && r->taker.stop(r->taker.ctx);
}

/* A read that took t may have passed a row that was refreshed t before its end. OpenSIPS's new rows
 * are found only so, and may be written by the next timer. */
static void advance_since(struct location_reader *r, int64_t cost_us)
{
	double late_s = 2 + (is_opensips(r) ? LATE_S : 0);

	r->since = r->newest - location_seconds(r->newest, late_s + (double)cost_us / 1e6);
}

/* Pages by id from after on, until the table ends. */
static int read_pages(struct location_reader *r, int64_t after, uint64_t *rows, struct err *e)
{
	bool more = true;

	while (more) {
		struct location_batch *b = location_batch_new();
		int rc = r->db->ops->read_page(r->db, after, b, e);

		if (rc == 0 && stopped(r))
			rc = err_set(e, -ECANCELED, NULL, "The read was ended early.");
		if (rc < 0) {
			location_batch_free(b);
			return rc;
		}
		more = b->more;
		*rows += b->count;
		if (b->count == 0) {
			location_batch_free(b);
			return 0;
		}
		if (b->last_id <= after) {
			location_batch_free(b);
			return err_set(e, -EIO, NULL, "The rows' ids are too large.");
		}
		if (after == INT64_MIN)
			r->first_id = b->first_id;
		after = b->last_id;
		note_batch(r, b);
		r->taker.take(r->taker.ctx, b);
	}
	return 0;
}

static int pass(struct location_reader *r, struct err *e)
{
	int64_t began = clock_mono_us(r->clock);
	uint64_t rows = 0;
	int rc;

	r->max_id = INT64_MIN;
	r->newest = 0;
	r->keyless = false;
	r->taker.begin_pass(r->taker.ctx, false);
	rc = read_pages(r, INT64_MIN, &rows, e);
	r->complete = rc == 0;
	r->taker.end_pass(r->taker.ctx, r->complete);
	advance_since(r, clock_mono_us(r->clock) - began);
	r->rows = rows;
	r->pass_owed = rc != 0;
	r->scan_owed = r->keys_owed = false;
	r->pass_ended_us = clock_mono_us(r->clock);
	/* Waiting for a busy writer costs nobody anything. */
	r->pass_cost_us = rc == -EBUSY ? 0 : r->pass_ended_us - began;
	r->keys_ended_us = r->pass_ended_us;
	r->keys_cost_us = r->pass_cost_us / KEYS_PART;
	return rc;
}

/* Width of an id range that holds SCAN_ROWS rows on average, however sparse the ids are. */
static int64_t scan_width(const struct location_reader *r)
{
	uint64_t span = (uint64_t)r->max_id - (uint64_t)r->first_id + 1;
	uint64_t windows = r->rows / SCAN_ROWS + 1;
	uint64_t width = span / windows + 1;

	return width > INT64_MAX / 2 ? INT64_MAX / 2 : (int64_t)width;
}

/* Rows whose last_modified is new. There is no index on it, so the table is looked through in
 * ranges of ids; only what matches is copied. */
static int scan(struct location_reader *r, int64_t end, struct err *e)
{
	int64_t began = clock_mono_us(r->clock), width = scan_width(r);
	int64_t first = r->first_id - 1, at = first;
	int rc = 0;

	/* Out of its memory OpenSIPS gives ids by hashes (facts 5.1): a new one may be the lowest.
	 */
	if (is_opensips(r) && first >= 0)
		at = -1;
	while (at < end && rc == 0) {
		struct location_batch *b = location_batch_new();
		int64_t upto = at < first ? first : end - at > width ? at + width : end;

		rc = r->db->ops->read_refreshed(r->db, at, upto, r->since, b, e);
		if (rc == 0 && stopped(r))
			rc = err_set(e, -ECANCELED, NULL, "The read was ended early.");
		if (rc == 0) {
			at = b->last_id;
			note_batch(r, b);
		}
		if (rc == 0 && b->count > 0)
			r->taker.take(r->taker.ctx, b);
		else
			location_batch_free(b);
	}
	r->scan_owed = rc != 0;
	r->scan_ended_us = clock_mono_us(r->clock);
	r->scan_cost_us = r->scan_ended_us - began;
	if (rc == 0)
		advance_since(r, r->scan_cost_us);
	return rc;
}

/* All keys, page by page, until the table ends. */
static int read_keys(struct location_reader *r, struct err *e)
{
	struct strbuf after = STRBUF_INIT;
	bool more = true;
	int rc = 0;

	while (more && rc == 0) {
		struct location_batch *b = location_batch_new();

		rc = r->db->ops->read_keys(r->db, strbuf_slice(&after), b, e);
		if (rc == 0 && stopped(r))
			rc = err_set(e, -ECANCELED, NULL, "The read was ended early.");
		more = b->more;
		if (rc == 0 && b->count > 0) {
			strbuf_clear(&after);
			strbuf_add_slice(&after, b->rows[b->count - 1].key);
			r->taker.take(r->taker.ctx, b);
		} else {
			location_batch_free(b);
		}
	}
	strbuf_free(&after);
	return rc;
}

/* What has gone: a pass over the keys, whose index is a fraction of the table. A row that was there
 * all the time is met, for its key never changes. */
static int key_pass(struct location_reader *r, struct err *e)
{
	int64_t began = clock_mono_us(r->clock);
	int rc;

	r->taker.begin_pass(r->taker.ctx, true);
	rc = read_keys(r, e);
	r->taker.end_pass(r->taker.ctx, rc == 0);
	r->keys_owed = rc != 0;
	r->keys_ended_us = clock_mono_us(r->clock);
	r->keys_cost_us = r->keys_ended_us - began;
	if (rc == 0 || rc == -EBUSY || rc == -ECANCELED || rc == -EPIPE)
		return rc;
	/* No index, or a server that does not want to: complete passes tell as well. */
	r->keyless = true;
	return 0;
}

static bool rested(const struct location_reader *r, int64_t ended_us, int64_t cost_us,
		   int64_t factor)
{
	return clock_mono_us(r->clock) - ended_us >= cost_us * factor;
}

/* Changed, but a pass is not due: new rows are at the end of the ids, refreshed ones anywhere, and
 * gone ones are missed among the keys. */
static int catch_up(struct location_reader *r, struct err *e)
{
	uint64_t new_rows = 0;
	int64_t old_end = r->max_id;
	int rc = read_pages(r, r->max_id, &new_rows, e);

	r->rows += new_rows;
	if (rc == 0 && r->scan_owed && rested(r, r->scan_ended_us, r->scan_cost_us, REST_FACTOR))
		rc = scan(r, old_end, e);
	if (rc == 0 && r->keys_owed && !r->keyless &&
	    rested(r, r->keys_ended_us, r->keys_cost_us, REST_FACTOR))
		rc = key_pass(r, e);
	return rc;
}

/* Without an order of the rows even a small table is read no more often than it may be. */
static bool pass_is_due(const struct location_reader *r)
{
	if (!r->db->ops->read_refreshed)
		return rested(r, r->pass_ended_us, r->pass_cost_us, REST_FACTOR);
	return r->rows < LOCATION_SMALL || rested(r, r->pass_ended_us, r->pass_cost_us,
						  r->keyless ? REST_FACTOR : REST_FACTOR_PASS);
}

int location_reader_look(struct location_reader *r, bool force, struct location_look *out,
			 struct err *e)
{
	uint64_t stamp;
	int rc = r->db->ops->stamp(r->db, &stamp, e);

	*out = (struct location_look){.complete = r->complete, .rows = r->rows};
	if (rc < 0)
		return rc;
	/* Another connection may be another file, or the same one after a repair. */
	if (!r->seen || stamp >> 32 != r->stamp >> 32) {
		r->inspected = false;
		force = true;
	}
	if (!r->inspected && (rc = r->db->ops->inspect(r->db, e)) < 0)
		return rc;
	r->inspected = true;
	if (!r->seen || stamp != r->stamp)
		r->pass_owed = r->scan_owed = r->keys_owed = true;
	/* Taken before the read: what changes during it is seen by the next look. */
	r->seen = true;
	r->stamp = stamp;
	if (!force && !r->pass_owed && !r->scan_owed)
		return 0;
	out->changed = true;
	out->passed = force || pass_is_due(r);
	if (out->passed)
		rc = pass(r, e);
	else if (r->db->ops->read_refreshed)
		rc = catch_up(r, e);
	if (rc < 0 && rc != -EBUSY)
		r->seen = false;
	out->complete = r->complete;
	out->rows = r->rows;
	return rc;
}

void location_reader_interrupt(struct location_reader *r)
{
	if (r->db->ops->interrupt)
		r->db->ops->interrupt(r->db);
}

struct location_reader *location_reader_new(struct location_db *db, const struct clock *c,
					    const struct location_taker *t)
{
	struct location_reader *r = xcalloc(1, sizeof(*r));

	r->db = db;
	r->clock = c;
	r->taker = *t;
	return r;
}

void location_reader_free(struct location_reader *r)
{
	if (!r)
		return;
	location_db_close(r->db);
	free(r);
}
