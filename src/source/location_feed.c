/* A location table as a source's picture: read on a thread of its own, delivered to the sink. */
#include "source/location_feed.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include "base/alloc.h"
#include "loop/worker.h"
#include "source/sql/location_reader.h"

#define INTERVAL_MS 1000
/* Batches on their way to the loop; the reader waits for it rather than fill the memory. */
#define BATCHES_MAX 8
/* A server that does not answer is asked less and less often. */
#define BACK_OFF_MS 30000

struct location_feed {
	struct source *source;
	const struct location_feed_hooks *hooks;
	void *ctx;
	const struct clock *clock;
	unsigned interval_ms;
	struct worker *worker;
	struct loop_timer *timer;
	bool looking, refresh, closing;
	bool server;                    /* a database server, which may be down */
	unsigned failures;              /* looks in a row that failed */
	atomic_uint batches;            /* shared with the worker */
	unsigned batches_max;           /* the worker's: at most so many on their way */
	struct location_reader *reader; /* the worker's while looking */
};

/* What the worker's thread sends: one step of a pass, or a batch of rows. */
struct parcel {
	struct location_feed *feed;
	enum { PARCEL_BEGIN, PARCEL_ROWS, PARCEL_END } what;
	struct location_batch *batch;
	bool keys, complete;
};

struct look {
	struct location_feed *feed;
	bool force;
	struct location_look found;
	int rc;
	struct err e;
};

/* ---- from the worker to the loop ------------------------------------------------------------- */

static void deliver_keys(struct location_feed *f, const struct location_batch *b)
{
	for (size_t i = 0; i < b->count; i++)
		f->source->sink.keep(f->source->sink.ctx, b->rows[i].key);
}

static void deliver_rows(struct location_feed *f, const struct location_batch *b)
{
	size_t n = b->count;

	if (f->hooks->rows)
		n = f->hooks->rows(f->ctx, b->rows, n);
	for (size_t i = 0; i < n; i++)
		f->source->sink.put(f->source->sink.ctx, &b->rows[i]);
	f->source->status.progress += b->count;
	source_tell(f->source);
}

static void deliver(void *arg)
{
	struct parcel *p = arg;
	struct location_feed *f = p->feed;
	const struct source_sink *sink = &f->source->sink;

	if (!f->closing && p->what == PARCEL_BEGIN) {
		/* Only a pass that brings rows is one to wait for. */
		f->source->status.reading = !p->keys;
		f->source->status.progress = 0;
		sink->begin_pass(sink->ctx);
	} else if (!f->closing && p->what == PARCEL_ROWS && p->batch->keys_only) {
		deliver_keys(f, p->batch);
	} else if (!f->closing && p->what == PARCEL_ROWS) {
		deliver_rows(f, p->batch);
	} else if (!f->closing) {
		f->source->status.reading = false;
		if (f->hooks->pass_ends)
			f->hooks->pass_ends(f->ctx, p->complete);
		sink->end_pass(sink->ctx, p->complete);
	}
	if (p->what == PARCEL_ROWS)
		atomic_fetch_sub(&f->batches, 1);
	location_batch_free(p->batch);
	free(p);
}

static void emit(struct location_feed *f, struct parcel what)
{
	struct parcel *p = xmalloc(sizeof(*p));

	*p = what;
	worker_emit(f->worker, deliver, p);
}

static void take_begin(void *ctx, bool keys)
{
	emit(ctx, (struct parcel){.feed = ctx, .what = PARCEL_BEGIN, .keys = keys});
}

static void take_rows(void *ctx, struct location_batch *batch)
{
	struct location_feed *f = ctx;

	/* The first page goes alone, so that it can be shown before the others are taken in. */
	while (f->batches_max && atomic_load(&f->batches) >= f->batches_max &&
	       !worker_stopping(f->worker))
		poll(NULL, 0, 1);
	f->batches_max = f->batches_max ? BATCHES_MAX : 1;
	atomic_fetch_add(&f->batches, 1);
	emit(f, (struct parcel){.feed = f, .what = PARCEL_ROWS, .batch = batch});
}

static void take_end(void *ctx, bool complete)
{
	emit(ctx, (struct parcel){.feed = ctx, .what = PARCEL_END, .complete = complete});
}

static bool take_stop(void *ctx)
{
	const struct location_feed *f = ctx;

	return worker_stopping(f->worker);
}

/* ---- looking --------------------------------------------------------------------------------- */

static void run_look(void *arg)
{
	struct look *l = arg;

	l->rc = location_reader_look(l->feed->reader, l->force, &l->found, &l->e);
}

static void judge_look(struct location_feed *f, const struct look *l)
{
	struct source_status *st = &f->source->status;

	st->reading = false;
	st->complete = l->found.complete && l->rc == 0;
	if (l->found.passed && l->found.complete)
		st->expected = l->found.rows;
	if (l->rc == 0) {
		st->state = SOURCE_LIVE;
		err_clear(&st->trouble);
	} else if (l->rc == -EBUSY) {
		/* A part was read; the rest is owed. */
		st->state = SOURCE_LIVE;
		err_set(&st->trouble, l->e.code, l->e.hint, "incomplete: %s", l->e.what);
	} else {
		st->state = SOURCE_TROUBLE;
		st->trouble = l->e;
		return;
	}
	/* Nothing changed is as fresh as read again. */
	st->read_ms = clock_wall_ms(f->clock);
}

static int64_t pause_ms(const struct location_feed *f)
{
	int64_t ms = (int64_t)f->interval_ms << (f->failures < 10 ? f->failures : 10);

	return !f->server || ms < f->interval_ms ? f->interval_ms
	       : ms > BACK_OFF_MS                ? BACK_OFF_MS
						 : ms;
}

static void done_look(void *arg)
{
	struct look *l = arg;
	struct location_feed *f = l->feed;

	f->looking = false;
	if (!f->closing) {
		judge_look(f, l);
		f->failures = l->rc < 0 && l->rc != -EBUSY ? f->failures + 1 : 0;
		if (f->hooks->looked)
			f->hooks->looked(f->ctx, l->rc == 0);
		loop_timer_set(f->timer, f->refresh ? 0 : pause_ms(f));
		source_tell(f->source);
	}
	free(l);
}

static void on_timer(void *arg)
{
	struct location_feed *f = arg;
	struct look *l;

	if (f->looking)
		return;
	l = xcalloc(1, sizeof(*l));
	l->feed = f;
	l->force = f->refresh;
	f->refresh = false;
	f->looking = true;
	worker_submit(f->worker, run_look, done_look, l);
}

void location_feed_refresh(struct location_feed *f)
{
	f->refresh = true;
	if (!f->looking)
		loop_timer_set(f->timer, 0);
}

/* ---- opening --------------------------------------------------------------------------------- */

static struct location_db *open_table(const char *place, enum location_dialect dialect,
				      bool recognised, struct err *e)
{
	struct location_db *db = location_db_open_as(place, dialect, e);

	if (db && !recognised && !location_db_is_server(place) && db->ops->inspect(db, e) < 0) {
		location_db_close(db);
		db = NULL;
	}
	return db;
}

bool location_feed_recognise(const char *path, enum location_dialect dialect, struct err *e)
{
	struct location_db *db = open_table(path, dialect, false, e);

	location_db_close(db);
	return db != NULL;
}

struct location_feed *location_feed_new(struct loop *l, const struct clock *c, struct source *s,
					const char *place, enum location_dialect dialect,
					bool recognised, unsigned interval_ms,
					const struct location_feed_hooks *hooks, void *ctx,
					struct err *e)
{
	struct location_db *db = open_table(place, dialect, recognised, e);
	struct location_feed *f;
	struct location_taker taker = {NULL, take_begin, take_rows, take_end, take_stop};

	if (!db)
		return NULL;
	f = xcalloc(1, sizeof(*f));
	f->source = s;
	f->hooks = hooks;
	f->ctx = ctx;
	f->clock = c;
	f->interval_ms = interval_ms ? interval_ms : INTERVAL_MS;
	f->server = location_db_is_server(place);
	atomic_init(&f->batches, 0);
	taker.ctx = f;
	f->worker = worker_start(l, "location-read");
	f->reader = location_reader_new(db, c, &taker);
	if (db->ops->heed)
		db->ops->heed(db, take_stop, f);
	f->timer = loop_timer_new(l, LOOP_DRAW, on_timer, f);
	return f;
}

void location_feed_free(struct location_feed *f)
{
	if (!f)
		return;
	f->closing = true;
	location_reader_interrupt(f->reader);
	worker_stop(f->worker);
	location_reader_free(f->reader);
	loop_timer_free(f->timer);
	free(f);
}
