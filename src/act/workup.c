/* The workup: all that can be found out about one AoR, asked on every way, and what it means. */
#include "act/workup.h"

#include <stdlib.h>
#include "act/flow_state.h"
#include "act/ping_path.h"
#include "act/workup_groups.h"
#include "act/workup_told.h"
#include "act/workup_ways.h"
#include "base/alloc.h"
#include "base/text.h"
#include "judge/verdict.h"

/* The pinger tells one listener only, the screen; here it is looked at so often. */
#define LOOK_MS 50

/* One binding of the AoR while it is worked on; findings.bindings[i] is what becomes of it. */
struct subject {
	binding_id id;
	struct binding *copy;    /* what the findings' row points into */
	enum probe_path call;    /* how a call would travel */
	int64_t asked_before_ms; /* of the evidence before this workup */
	uint32_t probes_before;
	bool waiting;    /* for the pinger */
	bool again;      /* a second question is due */
	bool asked_anew; /* it was reached in another way meanwhile, and asked once more */
	uint64_t way;    /* fingerprint of how it is reached */
	struct workup_ways *ways;
};

struct workup {
	struct workup_env we;
	struct workup_options o;
	struct findings f;
	struct diagnosis d;
	struct subject *subjects;
	struct workup_groups *groups;
	bool searching; /* for neighbours */
	char sources[160];
	struct workup_told *told;
	struct trace *trace;
	struct loop_timer *look;
	int64_t again_us; /* the second question is due then; 0: there is none */
	bool over;
	void (*fn)(void *ctx);
	void *ctx;
};

int64_t workup_now_ms(const struct act_env *env)
{
	int64_t taken = 0;

	for (size_t i = 0; i < env->source_count; i++) {
		const struct source_status *st = &env->sources[i]->status;

		if (st->state != SOURCE_FROZEN)
			return clock_wall_ms(env->clock);
		if (st->read_ms > taken)
			taken = st->read_ms;
	}
	return taken ? taken : clock_wall_ms(env->clock);
}

static int64_t now_ms(const struct workup *w)
{
	return workup_now_ms(w->we.env);
}

/* ---- what is known before anything is asked -------------------------------------------------- */

/* Takes the binding as it is now; false when it is gone. */
static bool take(struct workup *w, size_t i)
{
	struct finding_binding *b = &w->f.bindings[i];
	struct subject *s = &w->subjects[i];
	struct row r;

	if (!view_row(w->we.view, s->id, now_ms(w), &r))
		return false;
	free(s->copy);
	s->copy = binding_copy(&r.b);
	b->row = r;
	b->row.b = *s->copy;
	s->way = ping_path_fingerprint(s->copy);
	if (r.evidence)
		b->known = *r.evidence;
	b->row.evidence = r.evidence ? &b->known : NULL;
	/* A table does not look into history for each of its rows. */
	if (b->past.never_answered_agent) {
		b->row.agent_never_answers = true;
		verdict_judge(NULL, &b->row);
	}
	next_hop_find(&b->row.b, &b->hop);
	return true;
}

static void no_past(struct history_summary *h)
{
	memset(h, 0, sizeof(*h));
	h->answered_at_age_s = h->silent_at_age_s = HISTORY_AGE_UNKNOWN;
}

/* Several sources may know the AoR, or have known it: what was seen last counts. */
static void recall_aor(struct workup *w)
{
	const struct workup_env *we = &w->we;

	no_past(&w->f.past);
	for (size_t i = 0; we->past && i < we->env->source_count; i++) {
		struct history_summary h;

		no_past(&h);
		we->past(we->past_ctx, we->env->sources[i]->name, w->f.aor, NULL, &h);
		if (h.last_seen_s > w->f.past.last_seen_s)
			w->f.past = h;
	}
}

/* What was found just before, by another process too: failures are counted on from there. */
static void recall_evidence(struct workup *w, size_t i)
{
	struct finding_binding *b = &w->f.bindings[i];
	struct evidence old;

	if (b->row.evidence || !w->we.evidence ||
	    !w->we.evidence(w->we.past_ctx, b->row.source, &b->row.b, &old))
		return;
	old.pending = false;
	store_set_evidence(w->we.env->store, w->subjects[i].id, &old);
	take(w, i);
}

static void recall(struct workup *w)
{
	const struct workup_env *we = &w->we;

	recall_aor(w);
	if (we->moved && w->f.count)
		w->f.siblings_moved =
			we->moved(we->past_ctx, w->f.bindings[0].row.source,
				  &w->f.bindings[0].row.b, w->f.siblings_from, w->f.siblings_to);
	for (size_t i = 0; i < w->f.count; i++) {
		struct finding_binding *b = &w->f.bindings[i];

		no_past(&b->past);
		if (we->past)
			we->past(we->past_ctx, b->row.source, w->f.aor, &b->row.b, &b->past);
		if (we->calls)
			we->calls(we->past_ctx, b->row.source, &b->row.b, b);
		recall_evidence(w, i);
	}
}

static bool concerns(const struct workup *w, size_t source)
{
	for (size_t i = 0; i < w->f.count; i++)
		if (w->f.bindings[i].row.b.source == source)
			return true;
	return w->f.count == 0;
}

/* Of those that list the AoR; where nobody does, of all: it could be in any. The oldest and the
 * least complete of them counts. */
static void read_picture(struct workup *w)
{
	const struct act_env *env = w->we.env;
	struct strbuf names = STRBUF_INIT;

	w->f.picture_complete = w->f.picture_frozen = env->source_count > 0;
	w->f.picture_age_ms = 0;
	w->f.picture_trouble[0] = '\0';
	for (size_t i = 0; i < env->source_count; i++) {
		const struct source_status *st = &env->sources[i]->status;
		int64_t age = st->read_ms ? now_ms(w) - st->read_ms : -1;

		if (!concerns(w, i))
			continue;
		strbuf_addf(&names, "%s%s", names.n ? ", " : "", env->sources[i]->name);
		if (w->f.picture_age_ms >= 0 && (age < 0 || age > w->f.picture_age_ms))
			w->f.picture_age_ms = age;
		w->f.picture_complete = w->f.picture_complete && st->complete;
		w->f.picture_frozen = w->f.picture_frozen && st->state == SOURCE_FROZEN;
		if (st->trouble.code && !w->f.picture_trouble[0])
			text_clean_buf(slice_of(st->trouble.what), w->f.picture_trouble,
				       sizeof(w->f.picture_trouble));
	}
	text_clean_buf(strbuf_slice(&names), w->sources, sizeof(w->sources));
	w->f.source_name = w->sources;
	strbuf_free(&names);
}

static int newest_first(const void *a, const void *b)
{
	const struct finding_binding *x = a, *y = b;

	return (y->row.b.refreshed_s > x->row.b.refreshed_s) -
	       (y->row.b.refreshed_s < x->row.b.refreshed_s);
}

/* The order of the findings is settled before anything points into them. */
static void gather(struct workup *w, const binding_id *ids, size_t n)
{
	w->f.bindings = xcalloc(n ? n : 1, sizeof(*w->f.bindings));
	w->subjects = xcalloc(n ? n : 1, sizeof(*w->subjects));
	for (size_t i = 0; i < n; i++) {
		struct row r;

		if (view_row(w->we.view, ids[i], now_ms(w), &r)) {
			w->f.bindings[w->f.count].row.id = ids[i];
			w->f.bindings[w->f.count++].row.b.refreshed_s = r.b.refreshed_s;
		}
	}
	qsort(w->f.bindings, w->f.count, sizeof(*w->f.bindings), newest_first);
	for (size_t i = 0; i < w->f.count; i++) {
		w->subjects[i].id = w->f.bindings[i].row.id;
		take(w, i);
	}
}

/* ---- asking ---------------------------------------------------------------------------------- */

static void on_way(void *ctx)
{
	struct workup *w = ctx;

	w->fn(w->ctx);
}

static void ask(struct workup *w, size_t i)
{
	struct subject *s = &w->subjects[i];
	struct finding_binding *b = &w->f.bindings[i];

	s->asked_before_ms = b->known.asked_ms;
	s->probes_before = b->known.probes;
	s->waiting = true;
	pinger_ask(w->we.pinger, s->id);
}

/* The ways beside the path of a call; of one that goes to a name when that was looked up. */
static void ask_other_ways(struct workup *w, size_t i)
{
	struct subject *s = &w->subjects[i];

	workup_ways_free(s->ways);
	s->ways = workup_ways_start(w->we.env, &w->f.bindings[i], s->call,
				    workup_told_addr(w->told, i), w->trace, on_way, w);
}

static void on_named(void *ctx, size_t i)
{
	struct workup *w = ctx;

	ask_other_ways(w, i);
	w->fn(w->ctx);
}

static bool is_frozen(const struct workup *w, size_t i)
{
	return w->we.env->sources[w->f.bindings[i].row.b.source]->status.state == SOURCE_FROZEN;
}

static void ask_all_ways(struct workup *w, size_t i)
{
	struct subject *s = &w->subjects[i];
	struct finding_binding *b = &w->f.bindings[i];
	struct ping_path path = PING_PATH_INIT;

	memset(b->ways, 0, sizeof(b->ways));
	if (is_frozen(w, i)) {
		slice_to_buf(SLICE_LIT("a snapshot is a picture, there is nobody to ask"),
			     b->ways[WAY_CALL].detail, EVIDENCE_DETAIL);
		return;
	}
	ping_path_find(w->we.env, &b->row.b, &path);
	s->call = path.path;
	ping_path_free(&path);
	ask(w, i);
	if (!workup_told_is_naming(w->told, i))
		ask_other_ways(w, i);
}

/* ---- waiting --------------------------------------------------------------------------------- */

/* True when the pinger has dealt with it: an answer, a verdict, or the binding is gone. */
static bool dealt_with(const struct workup *w, binding_id id)
{
	const struct evidence *e = store_evidence(w->we.env->store, id);

	if (!store_has(w->we.env->store, id))
		return true;
	return !pinger_asks(w->we.pinger, id) && !(e && e->pending);
}

/* What the pinger could not ask, a way of ours may have: it knows what a name came to. */
static bool asked_by_us(const struct subject *s, const struct finding_binding *b,
			enum finding_way way)
{
	return probe_was_sent(b->ways[way].outcome) || (s->ways && workup_ways_open(s->ways));
}

/* Two questions may fall into one millisecond. */
static bool asked_since(const struct subject *s, const struct evidence *known)
{
	return known->asked_ms > s->asked_before_ms || known->probes != s->probes_before;
}

static void look_at_subject(struct workup *w, size_t i)
{
	struct subject *s = &w->subjects[i];
	struct finding_binding *b = &w->f.bindings[i];
	uint64_t before = s->way;
	enum finding_way way;

	if (!s->waiting || !dealt_with(w, s->id))
		return;
	s->waiting = false;
	if (!take(w, i)) {
		b->changed_meanwhile = true;
	} else if (s->way != before && !s->asked_anew) {
		/* What was found on the other ways is of before. */
		s->asked_anew = true;
		ask_all_ways(w, i);
		return;
	} else if (s->way != before) {
		b->changed_meanwhile = true;
	}
	/* Where the registrar offers no way, the path of a call is not known: only ours was asked.
	 */
	way = b->known.path == PROBE_PATH_DIRECT ? WAY_DIRECT : WAY_CALL;
	if (probe_was_sent(b->known.outcome) ? asked_since(s, &b->known) : !asked_by_us(s, b, way))
		b->ways[way] = b->known;
	if (way == WAY_DIRECT && s->call == PROBE_PATH_REGISTRAR && b->ways[way].asked_ms)
		slice_to_buf(b->known.away ? SLICE_LIT("the registrar takes no SIP")
					   : SLICE_LIT("nobody listens where it would lead"),
			     b->ways[WAY_CALL].detail, EVIDENCE_DETAIL);
	if (b->name == NAME_FAILS && !probe_was_sent(b->ways[way].outcome))
		slice_to_buf(SLICE_LIT("its name does not resolve"), b->ways[way].detail,
			     EVIDENCE_DETAIL);
	w->fn(w->ctx);
}

static bool silent_once(const struct evidence *e)
{
	return probe_was_sent(e->outcome) && e->outcome != PROBE_ANSWERED && e->failures == 1;
}

/* The second question to those who were silent; true when there is somebody to wait for. */
static bool plan_again(struct workup *w)
{
	bool any = false;

	if (!w->o.thorough || w->again_us)
		return false;
	for (size_t i = 0; i < w->f.count; i++) {
		w->subjects[i].again = silent_once(&w->f.bindings[i].known);
		any |= w->subjects[i].again;
	}
	if (any)
		w->again_us = clock_mono_us(w->we.env->clock) + w->o.again_ms * 1000LL;
	return any;
}

static bool waits_for_again(struct workup *w)
{
	bool any = false;

	if (!w->again_us)
		return false;
	for (size_t i = 0; i < w->f.count; i++)
		any |= w->subjects[i].again;
	if (!any)
		return false;
	if (clock_mono_us(w->we.env->clock) < w->again_us)
		return true;
	for (size_t i = 0; i < w->f.count; i++) {
		if (w->subjects[i].again)
			ask(w, i);
		w->subjects[i].again = false;
	}
	return true;
}

static unsigned open_questions(const struct workup *w)
{
	const binding_id *neighbours;
	unsigned open = 0;
	size_t n;

	for (size_t i = 0; i < w->f.count; i++)
		open += w->subjects[i].waiting +
			(w->subjects[i].ways ? workup_ways_open(w->subjects[i].ways) : 0);
	neighbours = workup_groups_asked(w->groups, &n);
	for (size_t i = 0; i < n; i++)
		open += !dealt_with(w, neighbours[i]);
	return open + workup_told_open(w->told);
}

/* ---- the end --------------------------------------------------------------------------------- */

/* Memory, and the registrar itself, may have told something since; so may the phone. */
static void read_again(struct workup *w)
{
	w->f.now_ms = now_ms(w);
	read_picture(w);
	for (size_t i = 0; i < w->f.count; i++) {
		if (!take(w, i))
			w->f.bindings[i].changed_meanwhile = true;
		w->f.bindings[i].row.now_ms = w->f.now_ms;
		flow_state_find(&w->f.bindings[i].row.b, &w->f.bindings[i].tcp);
	}
}

static void finish(struct workup *w)
{
	w->over = true;
	workup_told_free(w->told);
	w->told = NULL;
	pinger_untrace(w->we.pinger, w->trace);
	for (size_t i = 0; i < w->f.count; i++) {
		workup_ways_free(w->subjects[i].ways);
		w->subjects[i].ways = NULL;
	}
	read_again(w);
	workup_groups_free(w->groups);
	w->groups = NULL;
	diagnose(&w->f, &w->d);
	w->fn(w->ctx);
}

static void on_look(void *arg)
{
	struct workup *w = arg;

	for (size_t i = 0; i < w->f.count; i++)
		look_at_subject(w, i);
	w->searching = w->searching && workup_groups_ask(w->groups, w->o.neighbours);
	if (w->searching)
		loop_timer_set(w->look, 0);
	else if (open_questions(w) || plan_again(w) || waits_for_again(w))
		loop_timer_set(w->look, LOOK_MS);
	else if (workup_groups_count(w->groups))
		loop_timer_set(w->look, 0);
	else
		finish(w);
}

/* ---- what others call ------------------------------------------------------------------------ */

static void trace_all(struct workup *w)
{
	binding_id ids[PING_TRACED_MAX];
	size_t n = w->f.count < PING_TRACED_MAX ? w->f.count : PING_TRACED_MAX;

	for (size_t i = 0; i < n; i++)
		ids[i] = w->subjects[i].id;
	pinger_trace(w->we.pinger, ids, n, w->trace);
}

struct workup *workup_start(const struct workup_env *we, const char *aor, const binding_id *ids,
			    size_t n, const struct workup_options *o, void (*fn)(void *ctx),
			    void *ctx)
{
	struct workup *w = xcalloc(1, sizeof(*w));

	w->we = *we;
	w->o = *o;
	if (w->o.neighbours > WORKUP_NEIGHBOURS_MAX)
		w->o.neighbours = WORKUP_NEIGHBOURS_MAX;
	if (!w->o.again_ms)
		w->o.again_ms = WORKUP_AGAIN_MS;
	w->fn = fn;
	w->ctx = ctx;
	w->trace = trace_new(we->env->clock);
	w->look = loop_timer_new(we->env->loop, LOOP_INPUT, on_look, w);
	text_clean_buf(slice_of(aor), w->f.aor, sizeof(w->f.aor));
	w->f.now_ms = now_ms(w);
	gather(w, ids, n);
	read_picture(w);
	recall(w);
	trace_all(w);
	w->told = workup_told_start(we->env, &w->f, on_named, w);
	for (size_t i = 0; i < w->f.count; i++)
		ask_all_ways(w, i);
	w->groups = workup_groups_new(&w->we, &w->f);
	w->searching = w->o.neighbours > 0;
	loop_timer_set(w->look, LOOK_MS);
	return w;
}

void workup_cancel(struct workup *w)
{
	if (w->over)
		return;
	loop_timer_stop(w->look);
	w->f.cancelled = true;
	while (workup_groups_count(w->groups))
		;
	finish(w);
}

/* A registrar's own 100 and 408 say that it got the call, and the phone did not. Of two calls of
 * one size the later one counts. */
static void note_padded(struct finding_binding *b, const struct call_found *c)
{
	if (call_found_lost(c)) {
		if (!b->pad_lost || c->size < b->pad_lost)
			b->pad_lost = c->size;
		if (b->pad_answered >= c->size)
			b->pad_answered = 0;
	} else if (c->ringing || (c->code && !c->by_registrar)) {
		if (c->size > b->pad_answered)
			b->pad_answered = c->size;
		if (b->pad_lost && c->size >= b->pad_lost)
			b->pad_lost = 0;
	}
}

void workup_note_call(struct finding_binding *b, const struct call_found *c)
{
	b->calls[c->kind] = *c;
	if (c->kind != CALL_PADDED)
		return;
	note_padded(b, c);
	/* The smallest of them is a quiet call like any. */
	if (b->calls[CALL_QUIET].outcome == CALL_NOT_MADE) {
		b->calls[CALL_QUIET] = *c;
		b->calls[CALL_QUIET].kind = CALL_QUIET;
	}
}

void workup_called(struct workup *w, binding_id id, const struct call_found *found, size_t n)
{
	for (size_t i = 0; i < w->f.count; i++) {
		struct finding_binding *b = &w->f.bindings[i];

		for (size_t k = 0; w->subjects[i].id == id && k < n; k++)
			if (found[k].outcome != CALL_NOT_MADE)
				workup_note_call(b, &found[k]);
	}
	/* Calls take a minute and more: the phone has registered again meanwhile. */
	read_again(w);
	diagnosis_free(&w->d);
	diagnose(&w->f, &w->d);
}

bool workup_over(const struct workup *w)
{
	return w->over;
}

void workup_progress(const struct workup *w, struct workup_progress *out)
{
	int64_t left_us = w->again_us - clock_mono_us(w->we.env->clock);

	size_t neighbours = 0;

	*out = (struct workup_progress){.over = w->over};
	for (size_t i = 0; i < w->f.count; i++)
		out->ways += 1 + (w->subjects[i].ways ? workup_ways_asked(w->subjects[i].ways) : 0);
	if (w->groups)
		workup_groups_asked(w->groups, &neighbours);
	out->ways += (unsigned)neighbours;
	out->open = w->over ? 0 : open_questions(w);
	out->answered = out->ways > out->open ? out->ways - out->open : 0;
	if (!w->over && !out->open && w->again_us && left_us > 0)
		out->waits_s = (unsigned)(left_us / 1000000) + 1;
}

const struct findings *workup_findings(const struct workup *w)
{
	return &w->f;
}

const struct diagnosis *workup_diagnosis(const struct workup *w)
{
	return &w->d;
}

const struct trace *workup_trace(const struct workup *w)
{
	return w->trace;
}

void workup_free(struct workup *w)
{
	if (!w)
		return;
	workup_told_free(w->told);
	workup_groups_free(w->groups);
	if (!w->over)
		pinger_untrace(w->we.pinger, w->trace);
	for (size_t i = 0; i < w->f.count; i++) {
		workup_ways_free(w->subjects[i].ways);
		free(w->subjects[i].copy);
	}
	loop_timer_free(w->look);
	trace_free(w->trace);
	diagnosis_free(&w->d);
	free(w->f.bindings);
	free(w->subjects);
	free(w);
}
