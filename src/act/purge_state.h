/* What purge.c, purge_proof.c and purge_offer.c share: one run, and how its items end. */
#ifndef REGTOP_ACT_PURGE_STATE_H
#define REGTOP_ACT_PURGE_STATE_H

#include "act/purge.h"
#include "act/survey.h"

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
	size_t removed;   /* items before this one were removed in one step, and want their proof */
	bool sent_blind;  /* the removal itself was not answered, or not with yes or no */
	char blind[160];  /* what was heard instead */
	bool failed;      /* an error was heard, which is a no when the binding is still there */
	int64_t removed_us;
	int64_t again_us; /* since when the removal is asked for again and again; 0: it is not */
	unsigned silent;
	bool stopping, over;
	char how[160];       /* how the registrar says that it was done */
	char row_words[160]; /* what becomes of a row that is left */
	char proof[160];
	struct survey *survey;  /* when all is done: for the offer */
	struct plan *offers[2]; /* AoRs that go whole, rows that are left */
	uintptr_t token;        /* names the request in flight; a late answer carries an old one */
};

/* ---- purge.c */
/* The item whose turn it is. */
struct plan_item *purge_item(struct purge *p);
void purge_say(struct plan_item *it, const char *words);
/* "words: what the source said". */
void purge_say_why(struct plan_item *it, const char *words, const struct err *e);
/* Ends the item whose turn it was, and lets the next one begin in another turn of the loop. */
void purge_finish(struct purge *p, enum plan_state state);
void purge_finish_saying(struct purge *p, enum plan_state state, const char *words);
/* The next step in another turn of the loop. */
void purge_go(struct purge *p);
/* Everything has been done and offered. */
void purge_end(struct purge *p);

/* ---- purge_proof.c: what the answers after a removal mean */
void purge_on_proof(struct purge *p, enum source_answer a, const struct binding *now,
		    const struct err *e);
void purge_on_proof_elsewhere(struct purge *p, enum source_answer a, const struct binding *now);

/* ---- purge_offer.c */
/* Of what could not be done, what can be asked next. True when purge_end() follows later, because
 * the registrars are asked first. */
bool purge_find_offers(struct purge *p);

#endif
