/* What kamailio_ask.c and kamailio_remove.c share: the asker, and one question from the call to its
 * answer. */
#ifndef REGTOP_SOURCE_KAMAILIO_ASK_STATE_H
#define REGTOP_SOURCE_KAMAILIO_ASK_STATE_H

#include <jansson.h>
#include "loop/worker.h"
#include "source/kamailio_ask.h"
#include "source/rpc/control.h"
#include "source/sql/location_db.h"

/* Rows that are watched at once: what comes behind has to wait for its turn. */
#define WATCHED_ROWS 64

/* A row that memory does not know, while its AoR has other contacts there: the timer of db_mode 2
 * may be about to take it away. */
struct watched_row {
	char ruid[80];
	int64_t since_ms; /* monotonic */
};

struct kamailio_asker {
	struct loop *loop;
	const struct clock *clock;
	char *db_path; /* NULL: there is no table */
	char *table;   /* what usrloc calls it, in memory too */
	bool by_table;
	bool find;               /* look for the usual places */
	int64_t server_id;       /* -1: not said */
	struct control *control; /* NULL: none found */
	json_t *sockets; /* where it listens, as kamailio_memory last asked; NULL: unknown */
	int64_t sockets_us,
		silent_us;      /* asked then; the round of kamailio_memory it was silent in */
	struct worker *worker;  /* for the table; started when first needed */
	struct location_db *db; /* the worker's, for the table; NULL: cannot be opened */
	bool alone_refused;     /* ul.rm_contact did not find a contact that is there */
	struct watched_row watched[WATCHED_ROWS];
	bool closing;
	char refused[700];
};

enum ask_verb {
	ASK_LOOK,
	ASK_LOOK_MEMORY,
	ASK_REMOVE,
	ASK_LIST_AOR,
	ASK_REMOVE_AOR,
	ASK_REMOVE_ROW
};

/* What memory said of a binding that it does not know. */
enum unknown_how {
	UNKNOWN_AOR,     /* it has no record of the AoR: the timer of db_mode 2 has nothing to do */
	UNKNOWN_CONTACT, /* the AoR has other contacts */
	UNKNOWN_CLEARING, /* the AoR has only contacts that wait to be cleared away */
};

/* One question, from the call to its answer. */
struct ask {
	struct kamailio_asker *asker;
	enum ask_verb verb;
	struct binding *b;    /* as it was shown */
	struct binding **all; /* ASK_REMOVE_AOR: the contacts that were shown */
	size_t count;
	bool refused_alone; /* ASK_REMOVE: ul.rm_contact has just not found it */
	source_answer_fn *fn;
	source_aor_fn *aor_fn; /* ASK_LIST_AOR */
	void *ctx;
	enum unknown_how how;
	struct binding *other; /* memory has this one at the same URI, under another ruid */
	/* By the table: filled on the worker. */
	bool deleting;
	struct location_batch *found;
	unsigned deleted;
	int rc;
	struct err e;
};

/* ---- kamailio_ask.c */
struct ask *ask_new(struct kamailio_asker *a, enum ask_verb verb, const struct binding *b,
		    source_answer_fn *fn, void *ctx);
/* Answers, and frees the question. */
void ask_end(struct ask *k, enum source_answer answer, const struct binding *now,
	     const struct err *e);
void ask_free(struct ask *k);
/* The same from the next turn of the loop: an answer never comes from inside the question. k->e
 * says why it is refused. */
void ask_refuse_later(struct ask *k);
/* ul.lookup of its AoR; what follows depends on the verb. */
void ask_lookup(struct ask *k);
/* A fault that says that the AoR has no contacts. */
bool ask_says_gone(const struct control_reply *r);
/* [ table, AoR (, contact) ]; NULL when one of them is not UTF-8, or the AoR is one that no command
 * can name, with *e. */
json_t *ask_parameters(const struct kamailio_asker *a, const struct binding *b, bool with_contact,
		       struct err *e);
/* Is the answer to ul.lookup one about the AoR of b? */
bool ask_is_about(const json_t *result, const struct binding *b);
/* Is the contact in memory still the one that was shown? */
bool ask_unchanged(const struct binding *now, const struct binding *shown);
/* Memory does not know the binding: looks what its table still has, and answers. */
void ask_unknown(struct ask *k, enum unknown_how how);
/* Deletes or reads the row of k->b on the worker, then done. */
void ask_table(struct ask *k, void (*done)(void *ask));
/* What k->rc < 0 means for the question: refused, or an outcome that nobody heard. */
enum source_answer ask_table_failed(const struct ask *k);
/* The table is the truth: reads or deletes the row, and answers. */
void ask_truth(struct ask *k, bool delete);

/* ---- kamailio_remove.c: what follows the answer to ul.lookup */
void remove_listed(struct ask *k, const json_t *result);
/* Memory does not know the row, which the node wrote: may it go? */
void remove_unknown_row(struct ask *k);
/* For how many milliseconds memory is known not to know the row; the first time starts it. */
int64_t remove_watch_row(struct kamailio_asker *a, const struct binding *b);
/* Memory knows it. */
void remove_unwatch_row(struct kamailio_asker *a, const struct binding *b);

#endif
