/* The writing side of the history, in its own thread: notes become lives and events. */
#include "history/history_write.h"

#include <stdlib.h>
#include "base/alloc.h"
#include "base/hash.h"
#include "base/text.h"

#define BUCKETS 1024

/* A life that this batch touches. */
struct cached {
	struct cached *next;
	uint64_t hash;
	char *source, *aor, *device;
	struct life life;
	uint8_t source_index;
	char key[64];      /* of the binding that was seen last */
	int64_t habit_was; /* before this batch */
};

struct history_writer {
	struct history_db *db;
	struct cached *buckets[BUCKETS];
	struct err *trouble; /* of the batch under way */
};

/* Whose events are written now. */
struct pen {
	struct history_writer *w;
	struct history_who who;
};

struct history_writer *history_writer_new(struct history_db *take)
{
	struct history_writer *w = xcalloc(1, sizeof(*w));

	w->db = take;
	return w;
}

void history_writer_free(struct history_writer *w)
{
	if (!w)
		return;
	history_db_close(w->db);
	free(w);
}

void history_notes_free(struct history_note *notes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(notes[i].was);
		free(notes[i].is);
		free(notes[i].evidence);
		free(notes[i].call);
		free(notes[i].by);
	}
	free(notes);
}

void history_written_free(struct history_written *w)
{
	free(w->habits);
}

/* ---- lives of this batch -----------------------------------------------------------------------
 */

static struct history_who who_of(const struct cached *c)
{
	return (struct history_who){c->source, c->aor, c->device};
}

static struct cached *find(struct history_writer *w, const char *source, const char *aor,
			   const char *device)
{
	uint64_t h = hash_bytes(aor, strlen(aor)) ^ hash_u64(hash_bytes(device, strlen(device)));
	struct cached *c = w->buckets[h % BUCKETS];
	struct history_who who;

	for (; c; c = c->next)
		if (c->hash == h && strcmp(c->aor, aor) == 0 && strcmp(c->device, device) == 0 &&
		    strcmp(c->source, source) == 0)
			return c;
	c = xcalloc(1, sizeof(*c));
	c->hash = h;
	c->source = xstrdup(source);
	c->aor = xstrdup(aor);
	c->device = xstrdup(device);
	c->next = w->buckets[h % BUCKETS];
	w->buckets[h % BUCKETS] = c;
	who = who_of(c);
	history_db_load(w->db, &who, &c->life);
	c->habit_was = c->life.s.habit_s;
	return c;
}

static void tell_habit(struct history_written *out, const struct cached *c)
{
	struct history_habit *h;

	if (!c->key[0] || !c->life.s.habit_s)
		return;
	XGROW(out->habits, out->cap, out->count + 1);
	h = &out->habits[out->count++];
	h->source = c->source_index;
	memcpy(h->key, c->key, sizeof(h->key));
	h->habit_s = c->life.s.habit_s;
}

static void save_all(struct history_writer *w, struct history_written *out)
{
	for (size_t i = 0; i < BUCKETS; i++) {
		struct cached *c = w->buckets[i], *next;

		for (; c; c = next) {
			struct history_who who = who_of(c);

			next = c->next;
			if (!out->trouble.code)
				history_db_save(w->db, &who, &c->life, &out->trouble);
			tell_habit(out, c);
			free(c->source);
			free(c->aor);
			free(c->device);
			free(c);
		}
		w->buckets[i] = NULL;
	}
}

static void write_event(void *ctx, const struct history_event *e)
{
	struct pen *p = ctx;

	if (!p->w->trouble->code)
		history_db_add_event(p->w->db, &p->who, e, p->w->trouble);
}

/* ---- what one note says -------------------------------------------------------------------------
 */

struct subject {
	struct cached *device, *aor;
	struct pen pen;
};

static void find_subject(struct history_writer *w, const struct history_note *n, struct subject *s)
{
	struct strbuf raw = STRBUF_INIT, aor = STRBUF_INIT;
	char device[LIFE_DEVICE];

	binding_add_aor(n->is, &raw);
	text_clean(strbuf_slice(&raw), false, &aor);
	life_device(n->is, device);
	s->device = find(w, n->source_name, strbuf_str(&aor), device);
	s->aor = find(w, n->source_name, strbuf_str(&aor), "");
	s->device->source_index = n->source;
	/* A key that does not fit names nobody. */
	if (n->is->key.n < sizeof(s->device->key) && n->kind != HISTORY_NOTE_GONE)
		slice_to_buf(n->is->key, s->device->key, sizeof(s->device->key));
	s->pen = (struct pen){w, who_of(s->device)};
	strbuf_free(&raw);
	strbuf_free(&aor);
}

static bool went_early(const struct history_note *n)
{
	return n->kind == HISTORY_NOTE_GONE && binding_left_s(n->is, n->when_ms / 1000) > 5;
}

/* One key, and another device under it: the registrar keeps one contact, and they fight for it. */
static void look_who_overwrote(const struct history_note *n, struct subject *s)
{
	char now[LIFE_DEVICE], before[LIFE_DEVICE];

	life_device(n->is, now);
	life_device(n->was, before);
	if (strcmp(now, before) == 0)
		return;
	/* The first change tells of both. */
	if (!s->aor->life.last_device[0])
		life_replaced(&s->aor->life, n->was, n->when_ms);
	life_replaced(&s->aor->life, n->is, n->when_ms);
}

static void probed(struct history_writer *w, const struct history_note *n, struct subject *s,
		   struct err *e)
{
	bool answered = n->evidence->outcome == PROBE_ANSWERED && !n->evidence->by_registrar;
	char agent[64];

	life_probed(&s->device->life, n->is, n->evidence, write_event, &s->pen);
	text_clean_buf(n->is->user_agent, agent, sizeof(agent));
	if (agent[0] && (answered || n->evidence->outcome == PROBE_SILENT) && !e->code)
		history_db_count_agent(w->db, agent, answered, e);
}

static void write_note(struct history_writer *w, const struct history_note *n, struct err *e)
{
	static const enum life_step steps[] = {
		[HISTORY_NOTE_PRESENT] = LIFE_PRESENT,
		[HISTORY_NOTE_ADDED] = LIFE_ADDED,
		[HISTORY_NOTE_CHANGED] = LIFE_CHANGED,
		[HISTORY_NOTE_GONE] = LIFE_GONE,
	};
	struct subject s;

	find_subject(w, n, &s);
	switch (n->kind) {
	case HISTORY_NOTE_PROBE:
		probed(w, n, &s, e);
		return;
	case HISTORY_NOTE_CALL:
		life_called(n->is, n->call, write_event, &s.pen);
		if (!e->code)
			history_db_add_call(w->db, &s.pen.who, n->call, e);
		return;
	case HISTORY_NOTE_PURGED:
		life_purged(&s.device->life, &s.aor->life, n->is, n->by, n->when_ms, write_event,
			    &s.pen);
		return;
	default:
		life_step(&s.device->life, &s.aor->life, steps[n->kind], n->was, n->is, n->when_ms,
			  write_event, &s.pen);
		break;
	}
	if (n->kind == HISTORY_NOTE_ADDED)
		life_came(&s.aor->life, n->is, n->when_ms, write_event, &s.pen);
	else if (went_early(n) && !life_was_purged(&s.device->life, n->when_ms))
		life_went(&s.aor->life, n->is, n->when_ms, write_event, &s.pen);
	else if (n->kind == HISTORY_NOTE_CHANGED)
		look_who_overwrote(n, &s);
}

void history_write(struct history_writer *w, const struct history_note *notes, size_t n,
		   struct history_written *out)
{
	struct err *e = &out->trouble;

	err_clear(e);
	w->trouble = e;
	if (history_db_begin(w->db, e) < 0)
		return;
	for (size_t i = 0; i < n && !e->code; i++)
		write_note(w, &notes[i], e);
	save_all(w, out);
	if (e->code)
		history_db_rollback(w->db);
	else
		history_db_commit(w->db, e);
}

void history_write_prune(struct history_writer *w, int64_t oldest_ms, int64_t rows, struct err *e)
{
	history_db_prune(w->db, oldest_ms, rows, e);
}
