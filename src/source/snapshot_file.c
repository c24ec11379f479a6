/* The source kind "snapshot": a picture that was taken before, opened again. */
#include "source/snapshot_file.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/text.h"
#include "loop/worker.h"
#include "report/snapshot.h"

/* Rows that travel to the loop at once: small enough that a turn of it stays short. */
#define BATCH 512

struct proof {
	char *key;
	size_t key_n;
	struct evidence e;
};

struct snapshot_file {
	struct source source;
	struct worker *worker;
	char *path;
	struct proof *proofs;
	size_t proof_count, proof_cap;
	bool in_pass;
	bool closing; /* what still arrives is thrown away */
};

/* One row on its way from the worker to the loop. */
struct carried {
	struct binding *b; /* one block */
	struct evidence *e;
};

struct batch {
	struct snapshot_file *f;
	size_t count;
	struct carried rows[BATCH];
};

/* One reading of the file. On the worker until it is done, then in the loop. */
struct reading {
	struct snapshot_file *f;
	struct worker *worker;
	char *path;
	struct batch *batch;
	struct snapshot_head head;
	struct err err;
	int rc;
};

/* ---- on the worker ----------------------------------------------------------------------------
 */

static void deliver(void *arg);

static void send_batch(struct reading *g)
{
	if (!g->batch)
		return;
	worker_emit(g->worker, deliver, g->batch);
	g->batch = NULL;
}

static void carry_row(void *ctx, const struct snapshot_row *r)
{
	struct reading *g = ctx;
	struct binding b = r->b;
	struct strbuf key = STRBUF_INIT;
	struct carried *c;

	if (worker_stopping(g->worker))
		return;
	if (!g->batch) {
		g->batch = xmalloc(sizeof(*g->batch));
		g->batch->f = g->f;
		g->batch->count = 0;
	}
	if (g->head.sources > 1) {
		strbuf_addf(&key, "%u/", r->source);
		strbuf_add_slice(&key, b.key);
		b.key = strbuf_slice(&key);
	}
	c = &g->batch->rows[g->batch->count++];
	c->b = binding_copy(&b);
	c->e = NULL;
	if (r->has_evidence) {
		c->e = xmalloc(sizeof(*c->e));
		*c->e = r->evidence;
	}
	strbuf_free(&key);
	if (g->batch->count == BATCH)
		send_batch(g);
}

static void read_file(void *arg)
{
	struct reading *g = arg;

	g->rc = snapshot_read_head(g->path, &g->head, carry_row, g, &g->err);
	send_batch(g);
}

/* ---- in the loop ------------------------------------------------------------------------------
 */

static void forget_proofs(struct snapshot_file *f)
{
	for (size_t i = 0; i < f->proof_count; i++)
		free(f->proofs[i].key);
	f->proof_count = 0;
}

static void begin_once(struct snapshot_file *f)
{
	if (f->in_pass)
		return;
	f->in_pass = true;
	forget_proofs(f);
	f->source.sink.begin_pass(f->source.sink.ctx);
}

static void keep_proof(struct snapshot_file *f, const struct carried *c)
{
	struct proof *p;

	XGROW(f->proofs, f->proof_cap, f->proof_count + 1);
	p = &f->proofs[f->proof_count++];
	p->key = slice_copy(c->b->key);
	p->key_n = c->b->key.n;
	p->e = *c->e;
}

static void deliver(void *arg)
{
	struct batch *batch = arg;
	struct snapshot_file *f = batch->f;

	if (!f->closing)
		begin_once(f);
	for (size_t i = 0; i < batch->count; i++) {
		struct carried *c = &batch->rows[i];

		if (!f->closing) {
			f->source.sink.put(f->source.sink.ctx, c->b);
			if (c->e)
				keep_proof(f, c);
			f->source.status.progress++;
		}
		free(c->b);
		free(c->e);
	}
	free(batch);
	if (!f->closing)
		source_tell(&f->source);
}

static void settle_status(struct snapshot_file *f, const struct reading *g)
{
	struct source_status *st = &f->source.status;

	st->reading = false;
	err_clear(&st->trouble);
	if (g->rc) {
		st->state = SOURCE_TROUBLE;
		st->complete = false;
		st->trouble = g->err;
		return;
	}
	st->state = SOURCE_FROZEN;
	st->read_ms = g->head.taken_ms;
	st->complete = g->head.complete;
	st->expected = g->head.bindings;
	if (!st->complete)
		err_set(&st->trouble, -EAGAIN, "Compare with the registrar before you act on it.",
			"%s.", g->head.trouble);
}

static void reading_done(void *arg)
{
	struct reading *g = arg;
	struct snapshot_file *f = g->f;

	if (!f->closing) {
		settle_status(f, g);
		if (g->rc == 0) {
			begin_once(f);
			f->in_pass = false;
			/* The pass brought the whole file, even if the picture in it had gaps. */
			f->source.sink.end_pass(f->source.sink.ctx, true);
		}
		source_tell(&f->source);
	}
	free(g->path);
	free(g);
}

static void start_reading(struct source *s)
{
	struct snapshot_file *f = (struct snapshot_file *)s;
	struct reading *g;

	/* A picture that is there does not change. */
	if (s->status.reading || s->status.state == SOURCE_FROZEN)
		return;
	s->status.reading = true;
	s->status.progress = 0;
	g = xcalloc(1, sizeof(*g));
	g->f = f;
	g->worker = f->worker;
	g->path = xstrdup(f->path);
	source_tell(s);
	worker_submit(f->worker, read_file, reading_done, g);
}

static const char *const refusal = "a snapshot is a picture, nothing can be removed from it";

static const char *purge_refused(const struct source *s)
{
	(void)s;
	return refusal;
}

static void purge_how(const struct source *s, const struct binding *b, struct strbuf *out)
{
	(void)b;
	(void)s;
	strbuf_add_str(out, refusal);
}

static void refuse(struct source *s, const struct binding *b, source_answer_fn *fn, void *ctx)
{
	struct err e = ERR_NONE;

	(void)s;
	(void)b;
	err_set(&e, -EROFS, "Open the registrar itself.",
		"A snapshot is a picture: nobody is there to ask.");
	fn(ctx, SOURCE_REFUSED, NULL, &e);
}

static bool no_route(struct source *s, const struct binding *b, struct source_route *out)
{
	(void)s;
	(void)b;
	(void)out;
	return false;
}

static void free_file(struct source *s)
{
	struct snapshot_file *f = (struct snapshot_file *)s;

	f->closing = true;
	worker_stop(f->worker);
	forget_proofs(f);
	free(f->proofs);
	free(f->path);
	free(f);
}

static const struct source_ops snapshot_file_ops = {
	.kind = "snapshot",
	.start = start_reading,
	.refresh = start_reading,
	.purge_refused = purge_refused,
	.purge_how = purge_how,
	.reread = refuse,
	.purge = refuse,
	.route = no_route,
	.free = free_file,
};

struct source *snapshot_file_open(struct loop *l, const struct clock *c,
				  const struct source_options *o, struct err *e)
{
	struct snapshot_file *f;
	const char *base;
	char shown[160];

	(void)c;
	text_clean_buf(slice_of(o->place), shown, sizeof(shown));
	if (access(o->place, R_OK) != 0) {
		int code = -errno;

		err_set(e, code, "Check the path and the rights.",
			"The snapshot %s cannot be opened: %s.", shown, strerror(-code));
		return NULL;
	}
	f = xcalloc(1, sizeof(*f));
	f->source.ops = &snapshot_file_ops;
	base = strrchr(o->place, '/');
	text_clean_buf(slice_of(base && base[1] ? base + 1 : o->place), f->source.name,
		       sizeof(f->source.name));
	f->path = xstrdup(o->place);
	f->worker = worker_start(l, "snapshot");
	return &f->source;
}

void snapshot_file_evidence(struct source *s, snapshot_evidence_fn *fn, void *ctx)
{
	struct snapshot_file *f = (struct snapshot_file *)s;

	if (s->ops != &snapshot_file_ops)
		return;
	for (size_t i = 0; i < f->proof_count; i++)
		fn(ctx, slice_make(f->proofs[i].key, f->proofs[i].key_n), &f->proofs[i].e);
}
