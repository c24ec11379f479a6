/* The journal: what was done, by whom, why, to which exact binding, and with what result. */
#ifndef REGTOP_ACT_JOURNAL_H
#define REGTOP_ACT_JOURNAL_H

#include "base/clock.h"
#include "base/err.h"
#include "model/binding.h"

struct journal;

/* Opens or creates the SQLite journal (WAL, synchronous FULL, mode 0600). NULL with *e on failure:
 * a full disk or a damaged file is told, and nothing may be changed then. Entries that a crash
 * left "intended" by a process that is gone are set to "unknown"; several processes may use the
 * journal at once. A file beside it, PATH-run, holds the locks that tell who is alive. */
struct journal *journal_open(const char *path, const struct clock *c, struct err *e);
void journal_close(struct journal *j);

struct journal_entry {
	int64_t id;
	int64_t when_ms;                 /* intention */
	int64_t done_ms;                 /* result; 0 not yet */
	const char *who;                 /* user, and SSH client if there is one */
	const char *verb;                /* "purge" */
	const char *reason;              /* may be "" */
	const char *source;              /* name of the source */
	const char *aor, *contact, *key; /* of the binding */
	const char *binding;             /* the whole old binding as JSON */
	const char *state;               /* "intended", "running", plan_state_word(), "unknown" */
	const char *result;              /* words */
	const char *proof;               /* words; "" none */
	const char *host;                /* machine it was done on */
};

/* Many entries in one durable write: all of them, or none. journal_intend() and journal_result()
 * may be called in between; journal_rollback() forgets them. A negative code with *e when the
 * journal cannot be written. */
int journal_begin(struct journal *j, struct err *e);
int journal_commit(struct journal *j, struct err *e);
void journal_rollback(struct journal *j);

/* Writes an intention before anything happens; who is found from the environment (user name,
 * SUDO_USER, SSH_CONNECTION). Returns the entry's id, or a negative code with *e. */
int64_t journal_intend(struct journal *j, const char *verb, const char *reason, const char *source,
		       const struct binding *b, struct err *e);
/* Writes what became of it; state "running" is not a result yet. A failure is told in *e, but
 * cannot undo what happened. */
int journal_result(struct journal *j, int64_t id, const char *state, const char *result,
		   const char *proof, struct err *e);
/* Newest first, at most limit (0: all); fn returns false to stop. Strings live for the call. */
typedef bool journal_visit_fn(void *ctx, const struct journal_entry *e);
int journal_each(struct journal *j, size_t limit, journal_visit_fn *fn, void *ctx, struct err *e);

#endif
