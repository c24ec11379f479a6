/* Group commit: changes and the answers that promise them, held until the store has them. */
#include "sip/registrar_commit.h"

#include <stdlib.h>
#include "base/alloc.h"
#include "loop/worker.h"
#include "sip/build.h"
#include "sip/registrar_answer.h"

/* Phones give up after 32 s; a disk that is behind by so much will not catch up. */
#define MAX_HELD       20000
#define MAX_HELD_BYTES ((size_t)16 << 20)

struct held {
	struct sip_flow from, to;
	uint64_t replay_id;
	struct slice text, request; /* heap; request is parsed again only for a 500 */
};

/* One transaction of the store and the answers that wait for it. */
struct batch {
	struct reg_commit *commit;
	struct reg_change *changes;
	size_t changes_count, changes_cap;
	struct held *held;
	size_t held_count, held_cap, held_bytes;
	bool written;
	int rc;
	struct err e;
};

/* While one batch is being written on the worker's thread the next one gathers: its size adapts to
 * the disk by itself, and no answer waits longer than two writes. */
struct reg_commit {
	struct reg_world w;
	struct worker *worker; /* NULL: no store */
	struct loop_timer *turn_end;
	struct batch *gathering, *flying;
	bool closing, in_trouble;
};

static struct batch *batch_new(struct reg_commit *c)
{
	struct batch *b = xcalloc(1, sizeof(*b));

	b->commit = c;
	return b;
}

static bool batch_is_empty(const struct batch *b)
{
	return b->changes_count == 0 && b->held_count == 0;
}

static void batch_free(struct batch *b)
{
	for (size_t i = 0; i < b->changes_count; i++) {
		reg_rec_unref(b->changes[i].before);
		reg_rec_unref(b->changes[i].after);
	}
	for (size_t i = 0; i < b->held_count; i++) {
		free((char *)b->held[i].text.p);
		free((char *)b->held[i].request.p);
	}
	free(b->changes);
	free(b->held);
	free(b);
}

/* ---- telling --------------------------------------------------------------------------------- */

static void tell(const struct reg_commit *c, const struct reg_change *ch)
{
	const struct registrar_listener *l = &c->w.listener;

	if (ch->after && l->put)
		l->put(l->ctx, &ch->after->b);
	else if (!ch->after && l->gone)
		l->gone(l->ctx, ch->before->b.key);
}

static void tell_trouble(struct reg_commit *c, const struct err *e)
{
	const struct registrar_listener *l = &c->w.listener;

	if (!e && !c->in_trouble)
		return;
	c->in_trouble = e != NULL;
	if (l->trouble)
		l->trouble(l->ctx, e);
}

static void say(const struct reg_commit *c, const struct sip_flow *to, uint64_t replay_id,
		struct slice text)
{
	/* An answer that cannot be sent is an answer that was lost: the client will repeat. */
	(void)sip_transport_send(c->w.transport, to, text.p, text.n);
	if (replay_id != UINT64_MAX)
		replay_answer(c->w.replay, replay_id, text);
}

static void answer_held(const struct reg_commit *c, const struct batch *b)
{
	for (size_t i = 0; i < b->held_count; i++)
		say(c, &b->held[i].to, b->held[i].replay_id, b->held[i].text);
}

static void refuse_held(const struct reg_commit *c, const struct batch *b)
{
	for (size_t i = 0; i < b->held_count; i++) {
		const struct held *h = &b->held[i];
		struct strbuf text = STRBUF_INIT;
		struct sip_msg *msg;

		if (sip_msg_parse(h->request.p, h->request.n, &msg, NULL, NULL) != SIP_IN_MESSAGE)
			continue;
		reg_answer(&text, msg, &h->from, 500, NULL, SLICE_NONE);
		say(c, &h->to, h->replay_id, strbuf_slice(&text));
		strbuf_free(&text);
		sip_msg_free(msg);
	}
}

/* Newest first, so that each step finds the table as it left it. */
static void undo(const struct reg_commit *c, struct batch *b)
{
	for (size_t i = b->changes_count; i-- > 0;) {
		struct reg_change *ch = &b->changes[i];

		if (ch->lapsed)
			continue;
		if (ch->after)
			reg_rec_unref(reg_table_remove(c->w.table, ch->after->b.key));
		if (ch->before)
			reg_rec_unref(reg_table_put(c->w.table, reg_rec_ref(ch->before)));
	}
}

/* ---- writing --------------------------------------------------------------------------------- */

/* On the worker's thread: reads records that nobody changes. */
static void batch_write(void *arg)
{
	struct batch *b = arg;

	b->rc = reg_store_write(b->commit->w.store, b->changes, b->changes_count, &b->e);
	b->written = true;
}

static void batch_end(void *arg);

static void launch(struct reg_commit *c)
{
	if (c->flying || batch_is_empty(c->gathering))
		return;
	c->flying = c->gathering;
	c->gathering = batch_new(c);
	if (c->closing) {
		batch_end(c->flying);
		return;
	}
	worker_submit(c->worker, batch_write, batch_end, c->flying);
}

static void batch_end(void *arg)
{
	struct batch *b = arg;
	struct reg_commit *c = b->commit;

	if (!b->written)
		batch_write(b);
	c->flying = NULL;
	if (b->rc == 0) {
		for (size_t i = 0; i < b->changes_count; i++)
			if (!b->changes[i].lapsed)
				tell(c, &b->changes[i]);
		answer_held(c, b);
		tell_trouble(c, NULL);
	} else {
		/* What gathered meanwhile was built on what is now undone: it falls with it. */
		struct batch *next = c->gathering;

		undo(c, next);
		undo(c, b);
		c->gathering = batch_new(c);
		refuse_held(c, b);
		refuse_held(c, next);
		tell_trouble(c, &b->e);
		batch_free(next);
	}
	batch_free(b);
	launch(c);
}

static void on_turn_end(void *arg)
{
	launch(arg);
}

struct reg_commit *reg_commit_new(const struct reg_world *w)
{
	struct reg_commit *c = xcalloc(1, sizeof(*c));

	c->w = *w;
	c->gathering = batch_new(c);
	if (w->store) {
		c->worker = worker_start(w->loop, "registrar");
		c->turn_end = loop_timer_new(w->loop, LOOP_SIP, on_turn_end, c);
	}
	return c;
}

void reg_commit_free(struct reg_commit *c)
{
	c->closing = true;
	loop_timer_free(c->turn_end);
	if (c->worker)
		worker_stop(c->worker);
	launch(c);
	batch_free(c->gathering);
	free(c);
}

/* ---- what comes in --------------------------------------------------------------------------- */

/* Everything that arrived in this turn of the loop goes into one transaction. */
static void wake(struct reg_commit *c)
{
	if (!c->flying && !loop_timer_is_set(c->turn_end))
		loop_timer_set(c->turn_end, 0);
}

void reg_commit_change(struct reg_commit *c, struct reg_rec *before, struct reg_rec *after,
		       bool lapsed)
{
	struct reg_change ch = {before, after, lapsed};
	struct batch *b = c->gathering;

	if (lapsed || !c->worker)
		tell(c, &ch);
	if (!c->worker) {
		reg_rec_unref(before);
		return;
	}
	if (after)
		reg_rec_ref(after);
	XGROW(b->changes, b->changes_cap, b->changes_count + 1);
	b->changes[b->changes_count++] = ch;
	wake(c);
}

void reg_commit_answer(struct reg_commit *c, const struct sip_msg *msg, const struct sip_flow *from,
		       uint64_t replay_id, struct strbuf *text)
{
	struct slice request = sip_msg_raw(msg);
	struct batch *b = c->gathering;
	struct sip_flow to;
	size_t n = text->n;

	sip_response_flow(msg, from, &to);
	if (!c->worker || (!c->flying && batch_is_empty(b))) {
		say(c, &to, replay_id, strbuf_slice(text));
		strbuf_free(text);
		return;
	}
	XGROW(b->held, b->held_cap, b->held_count + 1);
	b->held[b->held_count++] =
		(struct held){*from, to, replay_id, slice_make(strbuf_take(text), n),
			      slice_make(slice_copy(request), request.n)};
	b->held_bytes += n + request.n;
	wake(c);
}

bool reg_commit_is_full(const struct reg_commit *c)
{
	return c->gathering->held_count >= MAX_HELD || c->gathering->held_bytes >= MAX_HELD_BYTES;
}

static bool batch_touches(const struct batch *b, struct slice key)
{
	for (size_t i = 0; b && i < b->changes_count; i++) {
		const struct reg_change *ch = &b->changes[i];
		const struct reg_rec *rec = ch->after ? ch->after : ch->before;

		if (slice_eq(rec->b.key, key))
			return true;
	}
	return false;
}

bool reg_commit_touches(const struct reg_commit *c, struct slice key)
{
	return batch_touches(c->gathering, key) || batch_touches(c->flying, key);
}
