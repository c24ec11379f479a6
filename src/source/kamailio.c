/* Kamailio by its SQLite location table, with its control socket for what changes something. */
#include "source/kamailio.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include "base/alloc.h"
#include "base/text.h"
#include "loop/worker.h"
#include "source/kamailio_ask.h"
#include "source/kamailio_gruu.h"
#include "source/sql/location_reader.h"

#define INTERVAL_MS 1000
/* Batches on their way to the loop; the reader waits for it rather than fill the memory. */
#define BATCHES_MAX 8
#define SIP_PORT    5060
/* A server that does not answer is asked less and less often. */
#define BACK_OFF_MS 30000
/* Zones differ by quarters of an hour; an answer that took a while may be seconds off. */
#define ZONE_STEP_S  900
#define ZONE_SLACK_S 5

struct kamailio {
	struct source base;
	struct loop *loop;
	const struct clock *clock;
	unsigned interval_ms;
	struct worker *worker;
	struct loop_timer *timer;
	struct kamailio_asker *asker;
	bool has_sip; /* --sip was given */
	struct netaddr sip;
	bool looking, refresh, closing;
	unsigned failures; /* looks in a row that failed */
	bool server;       /* its times are those of a zone, which may be another than we think */
	struct binding *sample; /* a binding that has an end, to ask Kamailio for it; or NULL */
	bool sampled;           /* it was asked */
	int64_t zone_off_s;     /* Kamailio's end is so much later than the table's */
	atomic_uint batches;    /* shared with the worker */
	unsigned batches_max;   /* the worker's: at most so many on their way */
	struct location_reader *reader; /* the worker's while looking */
};

/* What the worker's thread sends: one step of a pass, or a batch of rows. */
struct parcel {
	struct kamailio *k;
	enum { PARCEL_BEGIN, PARCEL_ROWS, PARCEL_END } what;
	struct location_batch *batch;
	bool keys, complete;
};

struct look {
	struct kamailio *k;
	bool force;
	struct location_look found;
	int rc;
	struct err e;
};

static struct kamailio *of(struct source *s)
{
	return (struct kamailio *)s;
}

static const struct kamailio *of_const(const struct source *s)
{
	return (const struct kamailio *)s;
}

/* ---- from the worker to the loop ------------------------------------------------------------- */

static void take_sample(struct kamailio *k, const struct binding *b)
{
	if (b->expires_s != BINDING_PERMANENT && b->ruid.n)
		k->sample = binding_copy(b);
}

static void deliver_keys(struct kamailio *k, const struct location_batch *b)
{
	for (size_t i = 0; i < b->count; i++)
		k->base.sink.keep(k->base.sink.ctx, b->rows[i].key);
}

static void deliver_rows(struct kamailio *k, const struct location_batch *b)
{
	for (size_t i = 0; k->server && !k->sample && i < b->count; i++)
		take_sample(k, &b->rows[i]);
	for (size_t i = 0; i < b->count; i++)
		k->base.sink.put(k->base.sink.ctx, &b->rows[i]);
	k->base.status.progress += b->count;
	source_tell(&k->base);
}

static void deliver(void *arg)
{
	struct parcel *p = arg;
	struct kamailio *k = p->k;
	const struct source_sink *sink = &k->base.sink;

	if (!k->closing && p->what == PARCEL_BEGIN) {
		/* Only a pass that brings rows is one to wait for. */
		k->base.status.reading = !p->keys;
		k->base.status.progress = 0;
		sink->begin_pass(sink->ctx);
	} else if (!k->closing && p->what == PARCEL_ROWS && p->batch->keys_only) {
		deliver_keys(k, p->batch);
	} else if (!k->closing && p->what == PARCEL_ROWS) {
		deliver_rows(k, p->batch);
	} else if (!k->closing) {
		k->base.status.reading = false;
		sink->end_pass(sink->ctx, p->complete);
	}
	if (p->what == PARCEL_ROWS)
		atomic_fetch_sub(&k->batches, 1);
	location_batch_free(p->batch);
	free(p);
}

static void emit(struct kamailio *k, struct parcel what)
{
	struct parcel *p = xmalloc(sizeof(*p));

	*p = what;
	worker_emit(k->worker, deliver, p);
}

static void take_begin(void *ctx, bool keys)
{
	emit(ctx, (struct parcel){.k = ctx, .what = PARCEL_BEGIN, .keys = keys});
}

static void take_rows(void *ctx, struct location_batch *batch)
{
	struct kamailio *k = ctx;

	/* The first page goes alone, so that it can be shown before the others are taken in. */
	while (k->batches_max && atomic_load(&k->batches) >= k->batches_max &&
	       !worker_stopping(k->worker))
		poll(NULL, 0, 1);
	k->batches_max = k->batches_max ? BATCHES_MAX : 1;
	atomic_fetch_add(&k->batches, 1);
	emit(k, (struct parcel){.k = k, .what = PARCEL_ROWS, .batch = batch});
}

static void take_end(void *ctx, bool complete)
{
	emit(ctx, (struct parcel){.k = ctx, .what = PARCEL_END, .complete = complete});
}

static bool take_stop(void *ctx)
{
	const struct kamailio *k = ctx;

	return worker_stopping(k->worker);
}

/* ---- the zone of the times ------------------------------------------------------------------- */

static void on_sample(void *ctx, enum source_answer answer, const struct binding *now,
		      const struct err *e)
{
	struct kamailio *k = ctx;
	int64_t off, steps;

	(void)e;
	if (answer != SOURCE_DONE || !now || now->expires_s == BINDING_PERMANENT)
		return;
	off = now->expires_s - k->sample->expires_s;
	steps = llround((double)off / ZONE_STEP_S) * ZONE_STEP_S;
	k->zone_off_s = llabs(off - steps) <= ZONE_SLACK_S && llabs(steps) <= 86400 ? steps : 0;
}

/* Kamailio writes its own local times (facts/kamailio-opensips 1.3): what it says of one binding
 * tells whether we read them in the right zone. */
static void check_zone(struct kamailio *k)
{
	if (!k->sample || k->sampled || kamailio_asker_refused(k->asker))
		return;
	k->sampled = true;
	kamailio_ask(k->asker, k->sample, on_sample, k);
}

static void tell_zone(struct kamailio *k)
{
	int64_t off = k->zone_off_s;
	char words[24];

	k->base.status.complete = false;
	err_set(&k->base.status.trouble, -ERANGE,
		"Say in which zone Kamailio runs: ?timezone=America/New_York behind the address.",
		"All times are wrong: Kamailio's own are %s %s than those of the table.",
		text_duration(off < 0 ? -off : off, words), off < 0 ? "earlier" : "later");
}

/* ---- looking --------------------------------------------------------------------------------- */

static void run_look(void *arg)
{
	struct look *l = arg;

	l->rc = location_reader_look(l->k->reader, l->force, &l->found, &l->e);
}

static void judge_look(struct kamailio *k, const struct look *l)
{
	struct source_status *st = &k->base.status;

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
	if (k->zone_off_s && l->rc == 0)
		tell_zone(k);
	/* Nothing changed is as fresh as read again. */
	st->read_ms = clock_wall_ms(k->clock);
}

static int64_t pause_ms(const struct kamailio *k)
{
	int64_t ms = (int64_t)k->interval_ms << (k->failures < 10 ? k->failures : 10);

	return !k->server || ms < k->interval_ms ? k->interval_ms
	       : ms > BACK_OFF_MS                ? BACK_OFF_MS
						 : ms;
}

static void done_look(void *arg)
{
	struct look *l = arg;
	struct kamailio *k = l->k;

	k->looking = false;
	if (!k->closing) {
		judge_look(k, l);
		kamailio_asker_look(k->asker);
		check_zone(k);
		k->failures = l->rc < 0 && l->rc != -EBUSY ? k->failures + 1 : 0;
		loop_timer_set(k->timer, k->refresh ? 0 : pause_ms(k));
		source_tell(&k->base);
	}
	free(l);
}

static void on_timer(void *arg)
{
	struct kamailio *k = arg;
	struct look *l;

	if (k->looking)
		return;
	l = xcalloc(1, sizeof(*l));
	l->k = k;
	l->force = k->refresh;
	k->refresh = false;
	k->looking = true;
	worker_submit(k->worker, run_look, done_look, l);
}

/* ---- verbs ----------------------------------------------------------------------------------- */

static void kamailio_start(struct source *s)
{
	of(s)->refresh = true;
	on_timer(of(s));
}

static void kamailio_refresh(struct source *s)
{
	of(s)->refresh = true;
	if (!of(s)->looking)
		loop_timer_set(of(s)->timer, 0);
}

static const char *kamailio_purge_refused(const struct source *s)
{
	return kamailio_asker_refused(of_const(s)->asker);
}

static void kamailio_purge_how(const struct source *s, struct strbuf *out)
{
	kamailio_asker_how(of_const(s)->asker, out);
}

static void kamailio_reread(struct source *s, const struct binding *b, source_answer_fn *fn,
			    void *ctx)
{
	kamailio_ask(of(s)->asker, b, fn, ctx);
}

static void kamailio_purge(struct source *s, const struct binding *b, source_answer_fn *fn,
			   void *ctx)
{
	kamailio_remove(of(s)->asker, b, fn, ctx);
}

/* "udp:IP:PORT" of the row. Any transport will do: Kamailio's UDP socket is usually beside it. */
static bool row_socket(const struct binding *b, struct netaddr *addr)
{
	struct slice transport, hostport = slice_cut(b->socket, ':', &transport);

	return transport_parse(transport) != TRANSPORT_NONE &&
	       netaddr_parse_hostport(hostport, SIP_PORT, addr) == 0;
}

static void wildcard_to_loopback(struct netaddr *a)
{
	bool six = a->sa.sa_family == AF_INET6;

	if (netaddr_is_any(a))
		netaddr_parse(six ? SLICE_LIT("::1") : SLICE_LIT("127.0.0.1"), netaddr_port(a), a);
}

static bool kamailio_route(struct source *s, const struct binding *b, struct source_route *out)
{
	const struct kamailio *k = of(s);
	struct strbuf uri = STRBUF_INIT;
	struct netaddr listens;
	char host[NETADDR_STR];
	bool ok;

	if (!row_socket(b, &listens)) {
		if (!k->has_sip)
			return false;
		listens = k->sip;
	}
	wildcard_to_loopback(&listens);
	*out = (struct source_route){.transport = TRANSPORT_UDP,
				     .addr = k->has_sip ? k->sip : listens};
	/* The domain must be one that Kamailio takes for its own: the socket it listens on is. */
	ok = kamailio_gruu_add(b, slice_of(netaddr_format(&listens, host)), &uri) &&
	     uri.n < sizeof(out->request_uri);
	if (ok)
		slice_to_buf(strbuf_slice(&uri), out->request_uri, sizeof(out->request_uri));
	strbuf_free(&uri);
	return ok;
}

static void kamailio_free(struct source *s)
{
	struct kamailio *k = of(s);

	k->closing = true;
	kamailio_asker_free(k->asker);
	location_reader_interrupt(k->reader);
	worker_stop(k->worker);
	location_reader_free(k->reader);
	loop_timer_free(k->timer);
	free(k->sample);
	free(k);
}

#define KAMAILIO_OPS(word)                                                                         \
	{                                                                                          \
		.kind = word, .start = kamailio_start, .refresh = kamailio_refresh,                \
		.purge_refused = kamailio_purge_refused, .purge_how = kamailio_purge_how,          \
		.reread = kamailio_reread, .purge = kamailio_purge, .route = kamailio_route,       \
		.free = kamailio_free,                                                             \
	}

static const struct source_ops sqlite_ops = KAMAILIO_OPS("kamailio-sqlite");
static const struct source_ops mysql_ops = KAMAILIO_OPS("kamailio-mysql");
static const struct source_ops postgres_ops = KAMAILIO_OPS("kamailio-postgresql");

static const struct source_ops *ops_of(const char *place)
{
	if (!location_db_is_server(place))
		return &sqlite_ops;
	return place[0] == 'm' ? &mysql_ops : &postgres_ops;
}

/* ---- opening --------------------------------------------------------------------------------- */

/* A file is looked into at once, unless it just was; a server that is down now may come back. */
static struct location_db *open_table(const char *place, bool recognised, struct err *e)
{
	struct location_db *db = location_db_open(place, e);

	if (db && !recognised && !location_db_is_server(place) && db->ops->inspect(db, e) < 0) {
		location_db_close(db);
		db = NULL;
	}
	return db;
}

bool kamailio_recognise(const char *path, struct err *e)
{
	struct location_db *db = open_table(path, false, e);

	location_db_close(db);
	return db != NULL;
}

static int parse_sip(struct kamailio *k, const char *sip, struct err *e)
{
	char shown[80];

	if (!sip)
		return 0;
	k->has_sip = true;
	if (netaddr_parse_hostport(slice_of(sip), SIP_PORT, &k->sip) == 0)
		return 0;
	text_clean_buf(slice_of(sip), shown, sizeof(shown));
	return err_set(e, -EINVAL, "Give the address as numbers: --sip 127.0.0.1:5060.",
		       "--sip %s is not an address and a port.", shown);
}

struct source *kamailio_open(struct loop *l, const struct clock *c, const struct source_options *o,
			     struct err *e)
{
	struct kamailio *k = xcalloc(1, sizeof(*k));
	struct location_taker taker = {k, take_begin, take_rows, take_end, take_stop};
	struct location_db *db = NULL;

	if (parse_sip(k, o->sip, e) == 0)
		k->asker = kamailio_asker_new(l, c, o->place, o->control, e);
	if (k->asker)
		db = open_table(o->place, o->recognised, e);
	if (!db) {
		kamailio_asker_free(k->asker);
		free(k);
		return NULL;
	}
	k->base.ops = ops_of(o->place);
	k->server = location_db_is_server(o->place);
	k->loop = l;
	k->clock = c;
	k->interval_ms = o->interval_ms ? o->interval_ms : INTERVAL_MS;
	atomic_init(&k->batches, 0);
	location_db_name(o->place, k->base.name, sizeof(k->base.name));
	k->worker = worker_start(l, "kamailio-read");
	k->reader = location_reader_new(db, c, &taker);
	if (db->ops->heed)
		db->ops->heed(db, take_stop, k);
	k->timer = loop_timer_new(l, LOOP_DRAW, on_timer, k);
	return &k->base;
}
