/* The plan: a frozen list of exactly the bindings an action will touch, and what became of each. */
#ifndef REGTOP_ACT_PLAN_H
#define REGTOP_ACT_PLAN_H

#include "act/act.h"
#include "base/strbuf.h"

enum plan_kind {
	PLAN_BINDINGS,   /* each binding alone */
	PLAN_WHOLE_AORS, /* AoRs whose bindings can only go together, all of them */
	PLAN_ROWS,       /* rows that the registrar's memory does not know */
};

enum plan_state {
	PLAN_WAITING,         /* not touched yet */
	PLAN_RUNNING,         /* re-reading, removing or proving now */
	PLAN_DONE,            /* removed, and proved gone */
	PLAN_UNPROVEN,        /* the registrar said yes, but the proof could not be had */
	PLAN_CAME_BACK,       /* removed, and registered again by itself before the proof */
	PLAN_SKIPPED_CHANGED, /* refreshed or changed since it was shown: not touched */
	PLAN_SKIPPED_GONE,    /* already gone */
	PLAN_REFUSED,         /* the registrar or a rule said no */
	PLAN_UNKNOWN,         /* no answer: it may or may not have happened */
	PLAN_CANCELLED,       /* the person stopped before its turn */
	PLAN_NOT_ALONE,       /* it could only go with its whole AoR: not touched */
	PLAN_ONLY_ROW,        /* gone, but its row is left in the table: not touched */
};

/* "removed", "skipped: it has changed", … for screens and journal. */
const char *plan_state_word(enum plan_state s);

/* More bindings than this are not purged in one go. */
#define PLAN_MAX_ITEMS 10000

struct plan_item {
	binding_id id;          /* 0: the registrar has it, the store does not */
	struct binding *b;      /* frozen copy, owned by the plan */
	struct binding *row;    /* what its table still has of it, once it is gone; or NULL */
	unsigned twins;         /* bindings of its AoR when frozen, itself included */
	unsigned twins_in_plan; /* how many of those are in this plan */
	enum plan_state state;
	/* "1 binding left, calls go there now", how it is done; cleaned. Of an AoR that goes whole
	 * only its last binding says it. */
	char consequence[480];
	char result[240]; /* what happened, in words; cleaned */
};

struct plan {
	enum plan_kind kind;
	struct plan_item *items; /* of PLAN_WHOLE_AORS: the bindings of an AoR side by side */
	size_t count;
	int64_t frozen_ms; /* wall time it was made */
	char reason[200];  /* --reason, or what was typed */
};

/* Freezes the given bindings for a purge. Refuses (code -EPERM in *e, NULL) when the mode is
 * read-only, the journal is not there, a source does not offer the verb, or there are more than
 * PLAN_MAX_ITEMS; -ENOENT when ids are
 * empty or none is left: no match, no action. Order: as given. */
struct plan *plan_purge(const struct act_env *env, const binding_id *ids, size_t n, struct err *e);
/* A plan of what was found beside the picture, each with its source set: all bindings of some AoRs,
 * side by side; or rows. Refuses as plan_purge() does, and what the sources do not offer. */
struct plan *plan_of_found(const struct act_env *env, enum plan_kind kind,
			   const struct binding *const *found, size_t n, const char *reason,
			   struct err *e);
void plan_free(struct plan *p);
/* How many of the items from index on go in one step: 1, or the bindings of its AoR. */
size_t plan_step(const struct plan *p, size_t index);
/* 0 when env, and every source in p (NULL: none in particular), allow a change; else -EPERM. */
int plan_allowed(const struct act_env *env, const struct plan *p, struct err *e);
/* True when the phone's answer to the question stands for yes: for one item "y" or "yes", for more
 * the count as a decimal number. Nothing else ever is. */
bool plan_confirmed(const struct plan *p, const char *typed);
/* The question, one line: "Purge this one binding? y to do it, Esc to leave". */
void plan_question(const struct plan *p, struct strbuf *out);
/* What may be asked next, of a plan that was made of what another one could not do: "4021 can only
 * go with all its 3 bindings". */
void plan_offer(const struct plan *p, struct strbuf *out);
/* The plan as text lines for a terminal or stdout: per item AoR, contact, User-Agent, age,
 * consequence; cleaned. */
void plan_describe(const struct plan *p, int64_t now_ms, struct strbuf *out);

#endif
