/* Running a plan: journal, re-read, remove, prove; one request in flight, and it can be cancelled.
 */
#include "act/purge_state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "act/journal.h"
#include "act/purge_compare.h"
#include "base/alloc.h"
#include "base/text.h"

/* A registrar that says nothing so often in a row will not be asked for the rest. */
#define SILENT_IN_A_ROW 3

/* A source may answer after the purge was freed, or not at all: what it is given back is a number,
 * looked up here, and never a pointer. One purge runs at a time. */
static struct purge *live;
static uintptr_t last_token;

struct plan_item *purge_item(struct purge *p)
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

void purge_say(struct plan_item *it, const char *words)
{
	text_clean_buf(slice_of(words), it->result, sizeof(it->result));
}

/* "words: what the source said". */
void purge_say_why(struct plan_item *it, const char *words, const struct err *e)
{
	char text[480];

	snprintf(text, sizeof(text), "%s%s%s", words, e && e->what[0] ? ": " : "",
		 e && e->what[0] ? e->what : "");
	purge_say(it, text);
}

static void cancel_waiting(struct purge *p, const char *why)
{
	bool batch = journal_begin(p->env->journal, NULL) == 0;

	for (size_t i = 0; i < p->plan->count; i++) {
		struct plan_item *it = &p->plan->items[i];

		if (it->state != PLAN_WAITING)
			continue;
		it->state = PLAN_CANCELLED;
		purge_say(it, why);
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

void purge_go(struct purge *p)
{
	loop_timer_set(p->go, 0);
}

/* Ends the item whose turn it was, and lets the next one begin in another turn of the loop. */
void purge_finish(struct purge *p, enum plan_state state)
{
	struct plan_item *it = purge_item(p);
	size_t index = p->at;
	struct err e = ERR_NONE;

	it->state = state;
	if (p->env->on_purged &&
	    (state == PLAN_DONE || state == PLAN_UNPROVEN || state == PLAN_CAME_BACK))
		p->env->on_purged(p->env->on_purged_ctx, it->b);
	p->step = STEP_IDLE;
	p->at++;
	purge_go(p);
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

void purge_finish_saying(struct purge *p, enum plan_state state, const char *words)
{
	purge_say(purge_item(p), words);
	purge_finish(p, state);
}

/* The items that go in this step; journalled before anything happens to them. */
static void begin_removal(struct purge *p)
{
	size_t end = p->at + plan_step(p->plan, p->at);
	struct err e = ERR_NONE;

	for (size_t i = p->at; i < end; i++) {
		p->plan->items[i].state = PLAN_RUNNING;
		if (journal_result(p->env->journal, p->entries[i], "running", "", "", &e) == 0)
			continue;
		stop(p, "stopped: the journal cannot be written");
		while (p->at < end) {
			purge_say_why(purge_item(p), "not touched", &e);
			purge_finish(p, PLAN_REFUSED);
		}
		return;
	}
	p->step = STEP_REMOVE;
	purge_go(p);
}

static void reread_again(struct purge *p, const struct binding *now)
{
	const char *changed = purge_difference(purge_item(p)->b, now);

	if (changed)
		purge_finish_saying(p, PLAN_SKIPPED_CHANGED, changed);
	else if (p->stopping)
		purge_finish_saying(p, PLAN_CANCELLED, "stopped before it was touched");
	else
		begin_removal(p);
}

static void reread_gone(struct purge *p, const struct binding *row, const struct err *e)
{
	bool words = e && e->what[0];

	if (row) {
		purge_item(p)->row = binding_copy(row);
		purge_finish_saying(p, PLAN_ONLY_ROW,
				    words ? e->what : "the registrar's memory does not know it");
		return;
	}
	purge_finish_saying(p, PLAN_SKIPPED_GONE,
			    words && e->code == -EAGAIN ? e->what
							: "the registrar no longer has it");
}

static void on_reread(struct purge *p, enum source_answer a, const struct binding *now,
		      const struct err *e)
{
	switch (a) {
	case SOURCE_DONE:
		reread_again(p, now);
		return;
	case SOURCE_GONE:
		reread_gone(p, now, e);
		return;
	case SOURCE_CHANGED:
		purge_finish_saying(p, PLAN_SKIPPED_CHANGED, "it has changed since it was shown");
		return;
	case SOURCE_REFUSED:
	case SOURCE_WHOLE_AOR:
		purge_say_why(purge_item(p), "not touched, it cannot be read again", e);
		break;
	case SOURCE_NO_ANSWER:
		purge_say_why(purge_item(p), "not touched, no answer when it was read again", e);
		break;
	}
	purge_finish(p, PLAN_REFUSED);
}

/* All that were to go in this step. */
static void finish_step(struct purge *p, enum plan_state state, const char *words,
			const struct err *e)
{
	for (size_t n = plan_step(p->plan, p->at); n > 0; n--) {
		purge_say_why(purge_item(p), words, e);
		purge_finish(p, state);
	}
}

/* A row that the registrar's own timer may still take away is left for so long. */
static bool ask_again(struct purge *p, const struct err *e)
{
	int64_t now_us = clock_mono_us(p->env->clock);

	if (!e || e->code != -EAGAIN || p->stopping)
		return false;
	if (!p->again_us)
		p->again_us = now_us;
	if (now_us - p->again_us > PURGE_AGAIN_MAX_MS * INT64_C(1000))
		return false;
	purge_say_why(purge_item(p), "waiting", e);
	loop_timer_set(p->go, p->env->again_ms ? p->env->again_ms : PURGE_AGAIN_MS);
	tell(p, p->at);
	return true;
}

static void hear_nothing(struct purge *p, const struct err *e)
{
	p->sent_blind = true;
	p->failed = e && e->code == -EREMOTEIO;
	if (p->failed)
		snprintf(p->blind, sizeof(p->blind), "the registrar reported an error (%.100s)",
			 e->what);
	else
		snprintf(p->blind, sizeof(p->blind), "no answer");
}

static void on_removed(struct purge *p, enum source_answer a, const struct err *e)
{
	p->removed_us = clock_mono_us(p->env->clock);
	switch (a) {
	case SOURCE_DONE:
		text_clean_buf(slice_of(e ? e->what : ""), p->how, sizeof(p->how));
		break;
	case SOURCE_NO_ANSWER:
		/* Only the registrar's own word can tell now what became of it. */
		hear_nothing(p, e);
		break;
	case SOURCE_GONE:
		finish_step(p, PLAN_SKIPPED_GONE, "the registrar no longer had it", NULL);
		return;
	case SOURCE_CHANGED:
		finish_step(p, PLAN_SKIPPED_CHANGED,
			    p->plan->kind == PLAN_BINDINGS ? "it changed at the last moment"
							   : "not touched",
			    p->plan->kind == PLAN_BINDINGS ? NULL : e);
		return;
	case SOURCE_REFUSED:
		if (!ask_again(p, e))
			finish_step(p, PLAN_REFUSED, "the registrar said no", e);
		return;
	case SOURCE_WHOLE_AOR:
		finish_step(p, PLAN_NOT_ALONE, "not touched", e);
		return;
	}
	p->removed = p->at + plan_step(p->plan, p->at);
	p->step = STEP_PROVE;
	purge_go(p);
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
		purge_on_proof(p, a, now, e);
		break;
	case STEP_PROVE_ELSEWHERE:
		purge_on_proof_elsewhere(p, a, now);
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

static void remove_step(struct purge *p, struct source *s, void *token)
{
	size_t n = plan_step(p->plan, p->at);
	const struct binding **all;

	/* Asked for again it is the same removal. */
	for (size_t i = 0; !p->again_us && i < n; i++)
		pace_take(&p->env->purge_pace);
	switch (p->plan->kind) {
	case PLAN_BINDINGS:
		s->ops->purge(s, purge_item(p)->b, on_answer, token);
		return;
	case PLAN_ROWS:
		s->ops->purge_row(s, purge_item(p)->b, on_answer, token);
		return;
	case PLAN_WHOLE_AORS:
		break;
	}
	all = xcalloc(n, sizeof(*all));
	for (size_t i = 0; i < n; i++)
		all[i] = p->plan->items[p->at + i].b;
	s->ops->purge_aor(s, all, n, on_answer, token);
	free(all);
}

static void ask(struct purge *p)
{
	size_t index = p->step == STEP_PROVE_ELSEWHERE ? p->elsewhere : purge_item(p)->b->source;
	struct source *s = p->env->sources[index];
	unsigned timeout = p->env->answer_timeout_ms;
	void *token;

	p->token = ++last_token;
	token = (void *)p->token;
	loop_timer_set(p->watchdog, timeout ? timeout : PURGE_ANSWER_MS);
	if (p->step == STEP_REMOVE)
		remove_step(p, s, token);
	else if (p->step == STEP_PROVE && s->ops->prove)
		s->ops->prove(s, purge_item(p)->b, on_answer, token);
	else
		s->ops->reread(s, purge_item(p)->b, on_answer, token);
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

void purge_end(struct purge *p)
{
	live = NULL;
	p->over = true;
	tell(p, p->at);
}

static void next_item(struct purge *p)
{
	int64_t wait_ms;

	if (p->at < p->removed) {
		/* Removed with the one before it. */
		p->step = STEP_PROVE;
		p->proof[0] = '\0';
		ask(p);
		return;
	}
	while (p->at < p->plan->count && purge_item(p)->state != PLAN_WAITING)
		p->at++;
	if (p->at == p->plan->count) {
		refresh_sources(p);
		if (!purge_find_offers(p))
			purge_end(p);
		return;
	}
	if (!pace_ready(&p->env->purge_pace, p->env->clock, PURGE_PER_MINUTE / 60.0, PURGE_BURST,
			&wait_ms)) {
		loop_timer_set(p->go, wait_ms);
		return;
	}
	purge_item(p)->state = PLAN_RUNNING;
	p->sent_blind = p->failed = false;
	p->again_us = 0;
	p->how[0] = p->proof[0] = '\0';
	tell(p, p->at);
	if (p->plan->kind != PLAN_BINDINGS) {
		/* The source itself reads again, and touches nothing that is another one. */
		begin_removal(p);
		return;
	}
	p->step = STEP_REREAD;
	ask(p);
}

static void on_go(void *arg)
{
	struct purge *p = arg;

	if (p->step == STEP_IDLE)
		next_item(p);
	else if (p->step == STEP_REMOVE && p->stopping)
		finish_step(p, PLAN_CANCELLED, "stopped before it was touched", NULL);
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
	purge_go(p);
	return p;
}

void purge_cancel(struct purge *p)
{
	if (p->over)
		return;
	if (p->survey) {
		survey_free(p->survey);
		p->survey = NULL;
		p->stopping = true;
		purge_go(p);
		return;
	}
	stop(p, "stopped before its turn");
	if (p->step == STEP_IDLE)
		purge_go(p);
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
	bool untouched;

	p->fn = NULL;
	live = NULL;
	stop(p, "regtop ended before its turn");
	untouched = p->step == STEP_REREAD || (p->step == STEP_REMOVE && p->token == 0);
	for (size_t i = p->at; i < p->plan->count; i++) {
		struct plan_item *it = &p->plan->items[i];

		if (it->state != PLAN_RUNNING)
			continue;
		it->state = untouched ? PLAN_CANCELLED : PLAN_UNKNOWN;
		purge_say(it, untouched ? "regtop ended before it was touched"
					: "regtop ended before it knew the result");
		journal_result(p->env->journal, p->entries[i], plan_state_word(it->state),
			       it->result, "", NULL);
	}
}

void purge_free(struct purge *p)
{
	if (!p)
		return;
	if (live == p)
		leave(p);
	survey_free(p->survey);
	loop_timer_free(p->go);
	loop_timer_free(p->watchdog);
	plan_free(p->offers[0]);
	plan_free(p->offers[1]);
	plan_free(p->plan);
	free(p->entries);
	free(p);
}
