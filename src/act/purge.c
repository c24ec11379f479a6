/* Running a plan: journal, re-read, remove, prove; one request in flight, and it can be cancelled.
 */
#include "act/purge.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include "act/journal.h"
#include "act/purge_compare.h"
#include "base/alloc.h"
#include "base/text.h"

/* A registrar that says nothing so often in a row will not be asked for the rest. */
#define SILENT_IN_A_ROW 3

enum step { STEP_IDLE, STEP_REREAD, STEP_REMOVE, STEP_PROVE, STEP_PROVE_ELSEWHERE };

struct purge {
	struct act_env *env;
	struct plan *plan;
	int64_t *entries; /* journal entry of each item */
	purge_progress_fn *fn;
	void *ctx;
	struct loop_timer *go, *watchdog;
	size_t at;        /* the item whose turn it is */
	enum step step;   /* what the source was asked for; IDLE: nothing is in flight */
	size_t elsewhere; /* STEP_PROVE_ELSEWHERE: source that is asked */
	bool sent_blind;  /* the removal itself was not answered */
	int64_t removed_us;
	unsigned silent;
	bool stopping, over;
	char proof[160];
	uintptr_t token; /* names the request in flight; a late answer carries an old one */
};

/* A source may answer after the purge was freed, or not at all: what it is given back is a number,
 * looked up here, and never a pointer. One purge runs at a time. */
static struct purge *live;
static uintptr_t last_token;

static struct plan_item *item(struct purge *p)
{
	return &p->plan->items[p->at];
}

static struct source *source_of(const struct purge *p, size_t index)
{
	return p->env->sources[p->plan->items[index].b->source];
}

static void tell(struct purge *p, size_t index)
{
	if (p->fn)
		p->fn(p->ctx, p->plan, index);
}

static void say(struct plan_item *it, const char *words)
{
	text_clean_buf(slice_of(words), it->result, sizeof(it->result));
}

/* "words: what the source said". */
static void say_why(struct plan_item *it, const char *words, const struct err *e)
{
	char text[480];

	snprintf(text, sizeof(text), "%s%s%s", words, e && e->what[0] ? ": " : "",
		 e && e->what[0] ? e->what : "");
	say(it, text);
}

static void cancel_waiting(struct purge *p, const char *why)
{
	bool batch = journal_begin(p->env->journal, NULL) == 0;

	for (size_t i = 0; i < p->plan->count; i++) {
		struct plan_item *it = &p->plan->items[i];

		if (it->state != PLAN_WAITING)
			continue;
		it->state = PLAN_CANCELLED;
		say(it, why);
		journal_result(p->env->journal, p->entries[i], plan_state_word(it->state),
			       it->result, "", NULL);
	}
	if (batch)
		journal_commit(p->env->journal, NULL);
}

/* No new item begins; the one in flight ends. */
static void stop(struct purge *p, const char *why)
{
	bool first = !p->stopping;

	p->stopping = true;
	if (!first)
		return;
	cancel_waiting(p, why);
	/* Nothing else was cancelled before: that only happens below, while stopping. */
	for (size_t i = 0; i < p->plan->count; i++) {
		if (p->plan->items[i].state == PLAN_CANCELLED)
			tell(p, i);
	}
}

static void go(struct purge *p)
{
	loop_timer_set(p->go, 0);
}

/* Ends the item whose turn it was, and lets the next one begin in another turn of the loop. */
static void finish(struct purge *p, enum plan_state state)
{
	struct plan_item *it = item(p);
	size_t index = p->at;
	struct err e = ERR_NONE;

	it->state = state;
	p->step = STEP_IDLE;
	p->at++;
	go(p);
	if (journal_result(p->env->journal, p->entries[index], plan_state_word(state), it->result,
			   p->proof, &e) < 0) {
		size_t n = strlen(it->result);

		snprintf(it->result + n, sizeof(it->result) - n,
			 "%snot journalled: the journal cannot be written", n ? "; " : "");
		stop(p, "stopped: the journal cannot be written");
	} else if (p->silent >= SILENT_IN_A_ROW) {
		stop(p, "stopped: the registrar does not answer");
	}
	tell(p, index);
}

static void finish_saying(struct purge *p, enum plan_state state, const char *words)
{
	say(item(p), words);
	finish(p, state);
}

static void reread_again(struct purge *p, const struct binding *now)
{
	const char *changed = purge_difference(item(p)->b, now);
	struct err e = ERR_NONE;

	if (changed) {
		finish_saying(p, PLAN_SKIPPED_CHANGED, changed);
		return;
	}
	if (p->stopping) {
		finish_saying(p, PLAN_CANCELLED, "stopped before it was touched");
		return;
	}
	if (journal_result(p->env->journal, p->entries[p->at], "running", "", "", &e) < 0) {
		stop(p, "stopped: the journal cannot be written");
		say_why(item(p), "not touched", &e);
		finish(p, PLAN_REFUSED);
		return;
	}
	p->step = STEP_REMOVE;
	go(p);
}

static void on_reread(struct purge *p, enum source_answer a, const struct binding *now,
		      const struct err *e)
{
	switch (a) {
	case SOURCE_DONE:
		reread_again(p, now);
		return;
	case SOURCE_GONE:
		finish_saying(p, PLAN_SKIPPED_GONE, "the registrar no longer has it");
		return;
	case SOURCE_CHANGED:
		finish_saying(p, PLAN_SKIPPED_CHANGED, "it has changed since it was shown");
		return;
	case SOURCE_REFUSED:
	case SOURCE_WHOLE_AOR:
		say_why(item(p), "not touched, it cannot be read again", e);
		break;
	case SOURCE_NO_ANSWER:
		say_why(item(p), "not touched, no answer when it was read again", e);
		break;
	}
	finish(p, PLAN_REFUSED);
}

static void on_removed(struct purge *p, enum source_answer a, const struct err *e)
{
	p->removed_us = clock_mono_us(p->env->clock);
	switch (a) {
	case SOURCE_DONE:
		break;
	case SOURCE_NO_ANSWER:
		/* Only the registrar's own word can tell now what became of it. */
		p->sent_blind = true;
		break;
	case SOURCE_GONE:
		finish_saying(p, PLAN_SKIPPED_GONE, "the registrar no longer had it");
		return;
	case SOURCE_CHANGED:
		finish_saying(p, PLAN_SKIPPED_CHANGED, "it changed at the last moment");
		return;
	case SOURCE_REFUSED:
	case SOURCE_WHOLE_AOR:
		say_why(item(p), "the registrar said no", e);
		finish(p, PLAN_REFUSED);
		return;
	}
	p->step = STEP_PROVE;
	go(p);
}

/* Other nodes that showed the same binding under the same key are asked as well. */
static void prove_elsewhere(struct purge *p)
{
	const struct binding *b = item(p)->b;

	for (size_t k = p->elsewhere; k < p->env->source_count; k++) {
		const struct source *s = p->env->sources[k];
		struct binding there;
		binding_id id;

		if (k == b->source || !s || !s->ops->reread)
			continue;
		id = store_find(p->env->store, (uint8_t)k, b->key);
		if (!id || !store_get(p->env->store, id, &there) ||
		    !slice_eq(there.contact, b->contact))
			continue;
		p->elsewhere = k;
		p->step = STEP_PROVE_ELSEWHERE;
		go(p);
		return;
	}
	finish_saying(p, PLAN_DONE, p->sent_blind ? "no answer, but it is gone" : "");
}

static void prove_still_there(struct purge *p, const struct binding *now)
{
	const char *changed = purge_difference(item(p)->b, now);

	snprintf(p->proof, sizeof(p->proof), "%s", changed ? changed : "it is still there");
	if (p->sent_blind)
		finish_saying(p, PLAN_UNKNOWN,
			      changed ? "no answer, and it has registered again since"
				      : "no answer, and it is still there");
	else if (changed)
		finish_saying(p, PLAN_CAME_BACK, changed);
	else
		finish_saying(p, PLAN_REFUSED, "the registrar said yes, but still has it");
}

static void on_proof(struct purge *p, enum source_answer a, const struct binding *now,
		     const struct err *e)
{
	int64_t ms = (clock_mono_us(p->env->clock) - p->removed_us) / 1000;

	switch (a) {
	case SOURCE_GONE:
		snprintf(p->proof, sizeof(p->proof), "gone when asked again after %" PRId64 " ms",
			 ms);
		p->elsewhere = 0;
		prove_elsewhere(p);
		return;
	case SOURCE_DONE:
		prove_still_there(p, now);
		return;
	default:
		say_why(item(p),
			p->sent_blind ? "no answer, and it cannot be read again"
				      : "the registrar said yes, but it cannot be read again",
			e);
		finish(p, p->sent_blind ? PLAN_UNKNOWN : PLAN_UNPROVEN);
	}
}

static void on_proof_elsewhere(struct purge *p, enum source_answer a, const struct binding *now)
{
	const struct binding *b = item(p)->b;
	char words[200];

	if (a == SOURCE_GONE || (a == SOURCE_DONE && purge_difference(b, now))) {
		p->elsewhere++;
		prove_elsewhere(p);
		return;
	}
	snprintf(words, sizeof(words), "gone from its registrar, but %.120s %s",
		 p->env->sources[p->elsewhere]->name,
		 a == SOURCE_DONE ? "still has it" : "cannot be asked");
	finish_saying(p, PLAN_UNPROVEN, words);
}

static void answered(struct purge *p, enum source_answer a, const struct binding *now,
		     const struct err *e)
{
	loop_timer_stop(p->watchdog);
	p->token = 0;
	if (a == SOURCE_DONE && !now && p->step != STEP_REMOVE)
		a = SOURCE_NO_ANSWER;
	if (a == SOURCE_NO_ANSWER)
		p->silent++;
	else
		p->silent = 0;
	switch (p->step) {
	case STEP_REREAD:
		on_reread(p, a, now, e);
		break;
	case STEP_REMOVE:
		on_removed(p, a, e);
		break;
	case STEP_PROVE:
		on_proof(p, a, now, e);
		break;
	case STEP_PROVE_ELSEWHERE:
		on_proof_elsewhere(p, a, now);
		break;
	case STEP_IDLE:
		break;
	}
}

static void on_answer(void *ctx, enum source_answer a, const struct binding *now,
		      const struct err *e)
{
	if (live && live->token != 0 && live->token == (uintptr_t)ctx)
		answered(live, a, now, e);
}

static void on_watchdog(void *arg)
{
	struct err e = ERR_NONE;

	err_set(&e, -ETIMEDOUT, NULL, "no word in time");
	answered(arg, SOURCE_NO_ANSWER, NULL, &e);
}

static void ask(struct purge *p)
{
	size_t index = p->step == STEP_PROVE_ELSEWHERE ? p->elsewhere : item(p)->b->source;
	struct source *s = p->env->sources[index];
	unsigned timeout = p->env->answer_timeout_ms;
	void *token;

	p->token = ++last_token;
	token = (void *)p->token;
	loop_timer_set(p->watchdog, timeout ? timeout : PURGE_ANSWER_MS);
	if (p->step != STEP_REMOVE) {
		s->ops->reread(s, item(p)->b, on_answer, token);
		return;
	}
	pace_take(&p->env->purge_pace);
	s->ops->purge(s, item(p)->b, on_answer, token);
}

/* The pictures are read again, as F5 would: a source need not notice by itself. */
static void refresh_sources(struct purge *p)
{
	bool done[ACT_MAX_SOURCES] = {false};

	for (size_t i = 0; i < p->plan->count; i++) {
		struct source *s = source_of(p, i);
		uint8_t index = p->plan->items[i].b->source;

		if (p->plan->items[i].state == PLAN_CANCELLED || done[index])
			continue;
		done[index] = true;
		if (s->ops->refresh)
			s->ops->refresh(s);
	}
}

static void next_item(struct purge *p)
{
	int64_t wait_ms;

	while (p->at < p->plan->count && item(p)->state != PLAN_WAITING)
		p->at++;
	if (p->at == p->plan->count) {
		refresh_sources(p);
		live = NULL;
		p->over = true;
		tell(p, p->at);
		return;
	}
	if (!pace_ready(&p->env->purge_pace, p->env->clock, PURGE_PER_MINUTE / 60.0, PURGE_BURST,
			&wait_ms)) {
		loop_timer_set(p->go, wait_ms);
		return;
	}
	item(p)->state = PLAN_RUNNING;
	p->step = STEP_REREAD;
	p->sent_blind = false;
	p->proof[0] = '\0';
	tell(p, p->at);
	ask(p);
}

static void on_go(void *arg)
{
	struct purge *p = arg;

	if (p->step == STEP_IDLE)
		next_item(p);
	else if (p->step == STEP_REMOVE && p->stopping)
		finish_saying(p, PLAN_CANCELLED, "stopped before it was touched");
	else
		ask(p);
}

static int journal_intentions(struct purge *p, struct err *e)
{
	struct journal *j = p->env->journal;
	int rc = journal_begin(j, e);

	for (size_t i = 0; rc == 0 && i < p->plan->count; i++) {
		const struct binding *b = p->plan->items[i].b;

		p->entries[i] = journal_intend(j, "purge", p->plan->reason,
					       store_source_name(p->env->store, b->source), b, e);
		if (p->entries[i] < 0)
			rc = (int)p->entries[i];
	}
	if (rc == 0)
		return journal_commit(j, e);
	journal_rollback(j);
	return rc;
}

struct purge *purge_start(struct act_env *env, struct plan *take, purge_progress_fn *fn, void *ctx,
			  struct err *e)
{
	struct purge *p;

	if (env->only_plans)
		err_set(e, -EPERM, NULL, "only plans are made here, nothing is changed");
	if (env->only_plans || plan_allowed(env, take, e) < 0) {
		plan_free(take);
		return NULL;
	}
	if (live) {
		err_set(e, -EBUSY, "Wait for it, or cancel it.", "another purge is still running");
		plan_free(take);
		return NULL;
	}
	p = xcalloc(1, sizeof(*p));
	p->env = env;
	p->plan = take;
	p->entries = xcalloc(take->count, sizeof(*p->entries));
	p->fn = fn;
	p->ctx = ctx;
	if (journal_intentions(p, e) < 0) {
		purge_free(p);
		return NULL;
	}
	p->go = loop_timer_new(env->loop, LOOP_INPUT, on_go, p);
	p->watchdog = loop_timer_new(env->loop, LOOP_INPUT, on_watchdog, p);
	live = p;
	go(p);
	return p;
}

void purge_cancel(struct purge *p)
{
	if (p->over)
		return;
	stop(p, "stopped before its turn");
	if (p->step == STEP_IDLE)
		go(p);
}

bool purge_over(const struct purge *p)
{
	return p->over;
}

const struct plan *purge_plan(const struct purge *p)
{
	return p->plan;
}

/* What the journal can still be told when the program leaves in the middle. */
static void leave(struct purge *p)
{
	struct plan_item *it;
	bool untouched;

	p->fn = NULL;
	live = NULL;
	stop(p, "regtop ended before its turn");
	if (p->step == STEP_IDLE)
		return;
	it = item(p);
	untouched = p->step == STEP_REREAD || (p->step == STEP_REMOVE && p->token == 0);
	it->state = untouched ? PLAN_CANCELLED : PLAN_UNKNOWN;
	say(it, untouched ? "regtop ended before it was touched"
			  : "regtop ended before it knew the result");
	journal_result(p->env->journal, p->entries[p->at], plan_state_word(it->state), it->result,
		       "", NULL);
}

void purge_free(struct purge *p)
{
	if (!p)
		return;
	if (live == p)
		leave(p);
	loop_timer_free(p->go);
	loop_timer_free(p->watchdog);
	plan_free(p->plan);
	free(p->entries);
	free(p);
}
