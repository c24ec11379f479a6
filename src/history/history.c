/* The history: what happened to bindings, kept so that a workup at 3 a.m. knows of midnight. */
#include "history/history.h"

#include <errno.h>
#include <stdlib.h>
#include "base/alloc.h"
#include "base/text.h"
#include "history/history_write.h"
#include "loop/worker.h"

#define BATCH_MS 1000
/* More than so many notes in a second are not taken: what each says stands for itself, so that a
 * habit is learnt all the same, only later. */
#define NOTES_MAX 2000
#define SETTLE_MS 2000
/* So often a batch waits for a file that another program holds, before it is told. */
#define PUT_OFF_MAX 10
/* Old rows are taken away this often. */
#define PRUNE_MS (60 * 1000)
/* A clock that differs by so much from the time that passed was set. */
#define CLOCK_SET_MS (3600 * 1000)

struct history {
	struct loop *loop;
	const struct clock *clock;
	struct worker *worker;
	struct history_writer *writer; /* the worker's */
	struct history_db *reader;     /* the loop's */
	struct history_options o;
	struct store *store;
	bool ready[256];
	struct history_note *notes;
	size_t count, cap;
	struct loop_timer *timer;
	int64_t pruned_ms;
	int64_t begun_mono_ms, begun_wall_ms, newest_ms; /* when it was opened; of its last event */
	bool told;                                       /* its trouble */
	unsigned put_off; /* batches in a row that found the file locked */
	struct err busy;  /* what the last of them was told */
	void (*trouble)(void *ctx, const struct err *e);
	void *ctx;
};

/* ---- handing over ---------------------------------------------------------------------------- */

struct batch {
	struct history *h;
	struct history_note *notes;
	size_t count, cap;
	bool prune, written;
	int64_t oldest_ms;
	struct history_written out;
};

static void run_batch(void *arg)
{
	struct batch *b = arg;

	history_write(b->h->writer, b->notes, b->count, &b->out);
	b->written = !b->out.trouble.code;
	if (b->prune && b->written)
		history_write_prune(b->h->writer, b->oldest_ms, b->h->o.rows, &b->out.trouble);
}

/* The habits that were learnt belong to bindings that may have gone meanwhile. */
static void take_habits(struct history *h, const struct history_written *out)
{
	for (size_t i = 0; i < out->count; i++) {
		const struct history_habit *x = &out->habits[i];
		binding_id id = h->store ? store_find(h->store, x->source, slice_of(x->key)) : 0;

		if (id)
			store_set_habit(h->store, id, x->habit_s);
	}
}

static void tell(struct history *h, const struct err *e)
{
	if (!h->told && h->trouble)
		h->trouble(h->ctx, e);
	h->told = true;
}

/* Another program holds the file: its notes stand before those that came since, and are written
 * with them. False when they are too many. */
static bool put_off(struct history *h, struct batch *b)
{
	if (h->count + b->count > NOTES_MAX)
		return false;
	XGROW(b->notes, b->cap, b->count + h->count);
	if (h->count)
		memcpy(b->notes + b->count, h->notes, h->count * sizeof(*h->notes));
	free(h->notes);
	h->notes = b->notes;
	h->count += b->count;
	h->cap = b->cap;
	b->notes = NULL;
	b->count = 0;
	h->busy = b->out.trouble;
	if (++h->put_off > PUT_OFF_MAX)
		tell(h, &h->busy);
	loop_timer_set(h->timer, BATCH_MS);
	return true;
}

static void batch_done(void *arg)
{
	struct batch *b = arg;
	struct history *h = b->h;
	bool busy = b->out.trouble.code == -EBUSY;

	take_habits(h, &b->out);
	if (b->written)
		h->put_off = 0;
	/* Old rows can be taken away a minute later as well. */
	if (!(busy && (b->written || put_off(h, b))) && b->out.trouble.code)
		tell(h, &b->out.trouble);
	history_notes_free(b->notes, b->count);
	history_written_free(&b->out);
	free(b);
}

/* What is before this is too old. 0 where the clock may be wrong: it was set meanwhile, or all that
 * was noted would be too old at once. A month is not forgotten for that. */
static int64_t oldest_ms(const struct history *h)
{
	int64_t now = clock_wall_ms(h->clock), age = h->o.age_s * 1000;
	int64_t passed = clock_mono_ms(h->clock) - h->begun_mono_ms;
	int64_t set = now - h->begun_wall_ms - passed;

	if (set > CLOCK_SET_MS || set < -CLOCK_SET_MS || h->begun_wall_ms - h->newest_ms > age)
		return 0;
	return now - age;
}

static void hand_over(struct history *h)
{
	struct batch *b = xcalloc(1, sizeof(*b));
	int64_t now = clock_mono_ms(h->clock);

	b->h = h;
	b->notes = h->notes;
	b->count = h->count;
	b->cap = h->cap;
	b->prune = now - h->pruned_ms >= PRUNE_MS;
	b->oldest_ms = oldest_ms(h);
	if (b->prune)
		h->pruned_ms = now;
	h->notes = NULL;
	h->count = h->cap = 0;
	worker_submit(h->worker, run_batch, batch_done, b);
}

static void on_timer(void *arg)
{
	struct history *h = arg;

	/* The one before is still written: a slow disk gets fewer, larger batches. */
	if (worker_pending(h->worker))
		loop_timer_set(h->timer, BATCH_MS);
	else if (h->count)
		hand_over(h);
}

/* NULL when there are too many of this second. */
static struct history_note *add(struct history *h, enum history_note_kind kind, uint8_t source)
{
	struct history_note *n;

	if (h->count >= NOTES_MAX)
		return NULL;
	XGROW(h->notes, h->cap, h->count + 1);
	n = &h->notes[h->count++];
	*n = (struct history_note){.kind = kind,
				   .source = source,
				   .source_name = store_source_name(h->store, source),
				   .when_ms = clock_wall_ms(h->clock)};
	if (!loop_timer_is_set(h->timer))
		loop_timer_set(h->timer, BATCH_MS);
	return n;
}

static void on_change(void *ctx, uint8_t source, const struct binding *was,
		      const struct binding *is)
{
	struct history *h = ctx;
	struct history_note *n;

	if (!h->ready[source])
		return;
	n = add(h,
		!was  ? HISTORY_NOTE_ADDED
		: !is ? HISTORY_NOTE_GONE
		      : HISTORY_NOTE_CHANGED,
		source);
	if (!n)
		return;
	n->was = was && is ? binding_copy(was) : NULL;
	n->is = binding_copy(is ? is : was);
}

/* ---- opening ----------------------------------------------------------------------------------
 */

struct history *history_open(struct loop *l, const struct clock *c, const char *path,
			     const struct history_options *o,
			     void (*trouble)(void *ctx, const struct err *e), void *ctx,
			     struct err *e)
{
	struct history_db *db = history_db_open(path, false, e), *reader;
	struct history *h;

	reader = db ? history_db_open(path, true, e) : NULL;
	if (!reader) {
		history_db_close(db);
		return NULL;
	}
	h = xcalloc(1, sizeof(*h));
	h->loop = l;
	h->clock = c;
	h->o = *o;
	h->o.rows = o->rows ? o->rows : HISTORY_ROWS;
	h->o.age_s = o->age_s ? o->age_s : HISTORY_DAYS * 86400LL;
	h->writer = history_writer_new(db);
	h->reader = reader;
	h->trouble = trouble;
	h->ctx = ctx;
	h->begun_mono_ms = clock_mono_ms(c);
	h->begun_wall_ms = clock_wall_ms(c);
	h->newest_ms = history_db_newest_ms(reader);
	h->pruned_ms = h->begun_mono_ms - PRUNE_MS;
	h->worker = worker_start(l, "history");
	h->timer = loop_timer_new(l, LOOP_DRAW, on_timer, h);
	return h;
}

static void on_late(void *arg)
{
	*(bool *)arg = true;
}

void history_settle(struct history *h)
{
	bool late = false;
	struct loop_timer *t;

	if (!h || (!h->count && !worker_pending(h->worker)))
		return;
	t = loop_timer_new(h->loop, LOOP_INPUT, on_late, &late);
	loop_timer_set(t, SETTLE_MS);
	while (!late && (h->count || worker_pending(h->worker))) {
		if (h->count && !(h->put_off && worker_pending(h->worker)))
			hand_over(h);
		loop_turn(h->loop, true);
	}
	loop_timer_free(t);
	if (h->put_off)
		tell(h, &h->busy);
}

void history_close(struct history *h)
{
	if (!h)
		return;
	if (h->store)
		store_watch(h->store, NULL, NULL);
	history_settle(h);
	h->store = NULL;
	worker_stop(h->worker);
	loop_timer_free(h->timer);
	/* The writer last: who closes last puts the log back into the file, and only it may. */
	history_db_close(h->reader);
	history_writer_free(h->writer);
	history_notes_free(h->notes, h->count);
	free(h);
}

void history_watch(struct history *h, struct store *s)
{
	h->store = s;
	store_watch(s, on_change, h);
}

struct present {
	struct history *h;
	uint8_t source;
};

static bool note_present(void *ctx, binding_id id)
{
	struct present *p = ctx;
	struct binding b;
	struct history_note *n;

	if (!store_get(p->h->store, id, &b) || b.source != p->source)
		return true;
	/* All of them, once: they are no news of this second. */
	if (p->h->count >= NOTES_MAX)
		hand_over(p->h);
	n = add(p->h, HISTORY_NOTE_PRESENT, p->source);
	if (n)
		n->is = binding_copy(&b);
	return true;
}

void history_source_ready(struct history *h, uint8_t source)
{
	struct present p = {h, source};

	if (h->ready[source])
		return;
	h->ready[source] = true;
	if (store_count_source(h->store, source) <= HISTORY_PRESENT_MAX)
		store_each(h->store, note_present, &p);
}

/* ---- what else happens ------------------------------------------------------------------------
 */

void history_probe(struct history *h, const struct binding *b, const struct evidence *e)
{
	struct history_note *n;

	if (!probe_was_sent(e->outcome) || e->pending)
		return;
	n = add(h, HISTORY_NOTE_PROBE, b->source);
	if (!n)
		return;
	n->is = binding_copy(b);
	n->evidence = xmalloc(sizeof(*n->evidence));
	*n->evidence = *e;
}

void history_call(struct history *h, const struct binding *b, const struct call_found *c)
{
	struct history_note *n;

	if (c->outcome == CALL_NOT_MADE)
		return;
	n = add(h, HISTORY_NOTE_CALL, b->source);
	if (!n)
		return;
	n->is = binding_copy(b);
	n->call = xmalloc(sizeof(*n->call));
	*n->call = *c;
}

void history_purged(struct history *h, const struct binding *b, const char *by)
{
	struct history_note *n = add(h, HISTORY_NOTE_PURGED, b->source);

	if (!n)
		return;
	n->is = binding_copy(b);
	n->by = xstrdup(by);
}

/* ---- what is known ----------------------------------------------------------------------------
 */

struct place {
	char device[LIFE_DEVICE];
	struct strbuf aor;
	struct history_who who;
};

/* The texts as they stand in the database: cleaned. */
static void find_place(struct place *p, const char *source, const char *aor,
		       const struct binding *b)
{
	struct strbuf raw = STRBUF_INIT;

	p->aor = STRBUF_INIT;
	if (b)
		binding_add_aor(b, &raw);
	else
		strbuf_add_str(&raw, aor);
	text_clean(strbuf_slice(&raw), false, &p->aor);
	strbuf_free(&raw);
	p->device[0] = '\0';
	if (b)
		life_device(b, p->device);
	p->who = (struct history_who){source ? source : "", strbuf_str(&p->aor), p->device};
}

static unsigned registers_since(const struct life *l, int64_t since_ms)
{
	unsigned n = 0;

	for (int i = 0; i < LIFE_REGISTERS; i++)
		n += l->registers_ms[i] > since_ms;
	return n;
}

void history_summary(struct history *h, const char *source, const char *aor,
		     const struct binding *b, struct history_summary *out)
{
	int64_t asked, answered;
	struct place p;
	struct life l;
	char agent[64];

	find_place(&p, source, aor, b);
	history_db_load(h->reader, &p.who, &l);
	*out = l.s;
	out->registers_last_minute = registers_since(&l, clock_wall_ms(h->clock) - 60000);
	if (b && b->user_agent.n) {
		text_clean_buf(b->user_agent, agent, sizeof(agent));
		history_db_agent(h->reader, agent, &asked, &answered);
		out->never_answered_agent = asked >= HISTORY_AGENT_PROBES && !answered;
	}
	strbuf_free(&p.aor);
}

void history_each(struct history *h, const char *source, const char *aor, const struct binding *b,
		  size_t limit, history_visit_fn *fn, void *ctx)
{
	struct place p;

	find_place(&p, source, aor, b);
	if (!b)
		p.who.device = NULL;
	history_db_each_event(h->reader, &p.who, limit, fn, ctx);
	strbuf_free(&p.aor);
}

void history_calls(struct history *h, const char *source, const struct binding *b,
		   void (*fn)(void *ctx, const struct call_found *c), void *ctx)
{
	int64_t now = clock_wall_ms(h->clock);
	struct place p;

	find_place(&p, source, NULL, b);
	history_db_each_call(h->reader, &p.who, now - HISTORY_CALL_MS, now, fn, ctx);
	strbuf_free(&p.aor);
}

bool history_find_aor(struct history *h, const char *source, const char *user, char aor[200])
{
	return history_db_find_aor(h->reader, source, user, aor);
}

bool history_evidence(struct history *h, const char *source, const struct binding *b,
		      int64_t max_age_ms, struct evidence *out)
{
	struct place p;
	struct life l;
	int64_t now = clock_wall_ms(h->clock);
	bool known;

	find_place(&p, source, NULL, b);
	/* What is ahead of now was noted by a clock that was wrong. */
	known = history_db_load(h->reader, &p.who, &l) && life_evidence(&l, out) &&
		out->asked_ms <= now && now - out->asked_ms <= max_age_ms &&
		out->asked_ms >= b->refreshed_s * 1000;
	strbuf_free(&p.aor);
	return known;
}

unsigned history_moved(struct history *h, const char *source, const struct binding *b,
		       char from[64], char to[64])
{
	char place[64], *colon;

	life_source(b, place);
	colon = strrchr(place, ':');
	if (!colon)
		return 0;
	*colon = '\0';
	memcpy(from, place, sizeof(place));
	return history_db_moved(h->reader, source, from, b->refreshed_s * 1000, to);
}
