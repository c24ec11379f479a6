/* The history's database: lives, events, calls and User-Agents in SQLite, by source and AoR. */
#ifndef REGTOP_HISTORY_HISTORY_DB_H
#define REGTOP_HISTORY_HISTORY_DB_H

#include "base/err.h"
#include "history/life.h"

struct history_db;

/* Whose life or event it is. device "": of the AoR. Texts are cleaned, and borrowed. */
struct history_who {
	const char *source, *aor, *device;
};

/* Opens or creates it (WAL, mode 0600); read_only: an existing one, for queries beside a writer.
 * path NULL: in memory, one for the process, until its last user closes it.
 * Several processes may write. NULL with *e: damaged, newer than this program, no right, disk. */
struct history_db *history_db_open(const char *path, bool read_only, struct err *e);
void history_db_close(struct history_db *db);

/* A batch is one transaction: all of it, or nothing. Negative with *e. */
int history_db_begin(struct history_db *db, struct err *e);
int history_db_commit(struct history_db *db, struct err *e);
void history_db_rollback(struct history_db *db);

/* *out is begun anew when there is none; false then. */
bool history_db_load(struct history_db *db, const struct history_who *w, struct life *out);
int history_db_save(struct history_db *db, const struct history_who *w, const struct life *l,
		    struct err *e);
int history_db_add_event(struct history_db *db, const struct history_who *w,
			 const struct history_event *e, struct err *err);
int history_db_add_call(struct history_db *db, const struct history_who *w,
			const struct call_found *c, struct err *err);
/* Counts a probe of a phone of this User-Agent. */
int history_db_count_agent(struct history_db *db, const char *agent, bool answered, struct err *e);
/* Takes away what is older than oldest_ms, and of more than rows events the oldest; at most a few
 * thousand of each in one call. Returns how many went, or a negative code. */
int history_db_prune(struct history_db *db, int64_t oldest_ms, int64_t rows, struct err *e);

/* When the event was that was noted last; 0 none. */
int64_t history_db_newest_ms(struct history_db *db);

/* ---- queries, indexed: some tens of microseconds each ------------------------------------------
 */

/* The AoR of this user, whatever its domain, that was seen last. */
bool history_db_find_aor(struct history_db *db, const char *source, const char *user,
			 char aor[200]);
typedef bool history_visit_fn(void *ctx, const struct history_event *e);
/* Newest first; w->device NULL: of every device of the AoR. */
int history_db_each_event(struct history_db *db, const struct history_who *w, size_t limit,
			  history_visit_fn *fn, void *ctx);
/* Newest last, since then and until then. */
int history_db_each_call(struct history_db *db, const struct history_who *w, int64_t since_ms,
			 int64_t until_ms, void (*fn)(void *ctx, const struct call_found *c),
			 void *ctx);
/* Lives whose source moved away from host since then: how many, and the host where most are now. */
unsigned history_db_moved(struct history_db *db, const char *source, const char *host,
			  int64_t since_ms, char to[64]);
/* Probes of this User-Agent, and answers. */
void history_db_agent(struct history_db *db, const char *agent, int64_t *asked, int64_t *answered);

#endif
