/* The proof of a removal: what the registrar says when it is asked again, and what that means. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include "act/purge_compare.h"
#include "act/purge_state.h"
#include "base/text.h"

/* "removed" with what there is to say of it. */
static void finish_gone(struct purge *p, const char *row_words)
{
	const char *const parts[] = {p->how, row_words};
	struct strbuf words = STRBUF_INIT;

	if (p->sent_blind)
		strbuf_addf(&words, "%s, but it is gone", p->blind);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (!parts[i][0])
			continue;
		strbuf_add_str(&words, words.n ? "; " : "");
		strbuf_add_str(&words, parts[i]);
	}
	purge_finish_saying(p, PLAN_DONE, strbuf_str(&words));
	strbuf_free(&words);
}

/* "no answer" and the like, before what was found out afterwards. */
static void finish_blind(struct purge *p, enum plan_state state, const char *words,
			 const struct err *e)
{
	char all[240];

	snprintf(all, sizeof(all), "%s, %s", p->blind, words);
	purge_say_why(purge_item(p), all, e);
	purge_finish(p, state);
}

/* Other nodes that showed the same binding under the same key are asked as well. */
static void prove_elsewhere(struct purge *p)
{
	const struct binding *b = purge_item(p)->b;

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
		purge_go(p);
		return;
	}
	finish_gone(p, p->row_words);
}

static void prove_still_there(struct purge *p, const struct binding *now)
{
	const char *changed = purge_difference(purge_item(p)->b, now);

	/* Of a row: memory did not know it before. */
	if (p->plan->kind == PLAN_ROWS && !changed)
		changed = "the registrar's memory knows it again";
	snprintf(p->proof, sizeof(p->proof), "%s", changed ? changed : "it is still there");
	if (p->sent_blind)
		finish_blind(p, p->failed && !changed ? PLAN_REFUSED : PLAN_UNKNOWN,
			     changed ? "and it has registered again since"
				     : "and it is still there",
			     NULL);
	else if (changed)
		purge_finish_saying(p, PLAN_CAME_BACK, changed);
	else
		purge_finish_saying(p, PLAN_REFUSED, "the registrar said yes, but still has it");
}

/* Its own node no longer has it, another one does. */
static void prove_copied(struct purge *p, const struct err *e)
{
	text_clean_buf(slice_of(e->what), p->proof, sizeof(p->proof));
	if (p->sent_blind) {
		finish_blind(p, PLAN_UNKNOWN, "and it is not gone from everywhere", e);
		return;
	}
	purge_say_why(purge_item(p), "gone from its own node", e);
	purge_finish(p, PLAN_UNPROVEN);
}

/* Calls do not go there any more; a row that nobody could read may bring it back. */
static void prove_half(struct purge *p, const struct err *e)
{
	if (p->sent_blind) {
		finish_blind(p, PLAN_UNPROVEN, "but it is gone", e);
		return;
	}
	purge_say_why(purge_item(p), "gone from memory", e);
	purge_finish(p, PLAN_UNPROVEN);
}

static void prove_gone(struct purge *p, const struct binding *row, const struct err *e)
{
	int64_t ms = (clock_mono_us(p->env->clock) - p->removed_us) / 1000;
	bool told = e && e->what[0] && (row || e->code == -EAGAIN);
	bool unread = !row && e && e->code == -EIO;

	snprintf(p->proof, sizeof(p->proof), "gone when asked again after %" PRId64 " ms%s", ms,
		 row      ? "; its row is left in the table"
		 : unread ? "; whether its row is left could not be read"
			  : "");
	if (unread) {
		prove_half(p, e);
		return;
	}
	text_clean_buf(slice_of(told ? e->what : ""), p->row_words, sizeof(p->row_words));
	if (row && p->plan->kind == PLAN_ROWS) {
		purge_finish_saying(p, PLAN_REFUSED,
				    "its row is still in the table, or there again");
		return;
	}
	/* What the registrar's own timer will take away is not worth a question. */
	if (row && e && e->code != -EAGAIN)
		purge_item(p)->row = binding_copy(row);
	p->elsewhere = 0;
	prove_elsewhere(p);
}

void purge_on_proof(struct purge *p, enum source_answer a, const struct binding *now,
		    const struct err *e)
{
	switch (a) {
	case SOURCE_GONE:
		prove_gone(p, now, e);
		return;
	case SOURCE_DONE:
		if (e && e->what[0])
			prove_copied(p, e);
		else
			prove_still_there(p, now);
		return;
	default:
		if (p->sent_blind) {
			finish_blind(p, PLAN_UNKNOWN, "and it cannot be read again", e);
			return;
		}
		purge_say_why(purge_item(p), "the registrar said yes, but it cannot be read again",
			      e);
		purge_finish(p, PLAN_UNPROVEN);
	}
}

void purge_on_proof_elsewhere(struct purge *p, enum source_answer a, const struct binding *now)
{
	const struct binding *b = purge_item(p)->b;
	char words[200];

	if (a == SOURCE_GONE || (a == SOURCE_DONE && purge_difference(b, now))) {
		p->elsewhere++;
		prove_elsewhere(p);
		return;
	}
	snprintf(words, sizeof(words), "gone from its registrar, but %.120s %s",
		 p->env->sources[p->elsewhere]->name,
		 a == SOURCE_DONE ? "still has it" : "cannot be asked");
	purge_finish_saying(p, PLAN_UNPROVEN, words);
}
