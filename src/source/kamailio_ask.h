/* Asks Kamailio for one binding: what its memory knows, and what its table still has. */
#ifndef REGTOP_SOURCE_KAMAILIO_ASK_H
#define REGTOP_SOURCE_KAMAILIO_ASK_H

#include <errno.h>
#include "source/source.h"

struct kamailio_asker;

/* A row whose AoR has other contacts in memory may be one that the write-back timer (db_mode 2) is
 * about to take away; after so long it is not. The timer's default interval is 60 s. */
#define KAMAILIO_WRITE_BACK_MS 75000

/* The code of SOURCE_REFUSED when memory does not know a binding whose row may be another node's.
 */
#define KAMAILIO_FOREIGN (-EXDEV)

/* control as the user gave it; NULL: there is none, or with find the usual ones are looked for,
 * now and at every kamailio_asker_look(). db is the table's place, NULL when there is none. NULL
 * with *e for a control that makes no sense. Call before threads run (location_db_open()). */
struct kamailio_asker *kamailio_asker_new(struct loop *l, const struct clock *c, const char *db,
					  const char *control, bool find, struct err *e);
/* The node's server_id, by which it knows its own rows; without it they are known by the socket
 * that took the REGISTER. */
void kamailio_asker_set_server_id(struct kamailio_asker *a, uint64_t server_id);
/* What usrloc calls the table that is meant, which its commands name: as in db, or "location",
 * unless set. */
void kamailio_asker_set_table(struct kamailio_asker *a, const char *table);
const char *kamailio_asker_table(const struct kamailio_asker *a);
/* Open questions are forgotten: their fn is not called. */
void kamailio_asker_free(struct kamailio_asker *a);
void kamailio_asker_look(struct kamailio_asker *a);
/* Its control, as it is written; NULL when there is none. */
const char *kamailio_asker_place(const struct kamailio_asker *a);
/* NULL, or the sentence that says why nothing can be removed. */
const char *kamailio_asker_refused(const struct kamailio_asker *a);
/* The control, borrowed; NULL when there is none, or the table is the truth. */
struct control *kamailio_asker_control(const struct kamailio_asker *a);
/* How a removal is done, for the plan. */
void kamailio_asker_how(const struct kamailio_asker *a, struct strbuf *out);
void kamailio_asker_aor_how(const struct kamailio_asker *a, struct strbuf *out);
void kamailio_asker_row_how(const struct kamailio_asker *a, struct strbuf *out);
/* As in source_ops: reread, purge, read_aor, purge_aor, purge_row. */
void kamailio_ask(struct kamailio_asker *a, const struct binding *b, source_answer_fn *fn,
		  void *ctx);
/* As kamailio_ask(), but where memory is the truth only that is asked, and not what the table still
 * has. */
void kamailio_ask_memory(struct kamailio_asker *a, const struct binding *b, source_answer_fn *fn,
			 void *ctx);
void kamailio_remove(struct kamailio_asker *a, const struct binding *b, source_answer_fn *fn,
		     void *ctx);
void kamailio_ask_aor(struct kamailio_asker *a, const struct binding *b, source_aor_fn *fn,
		      void *ctx);
void kamailio_remove_aor(struct kamailio_asker *a, const struct binding *const *all, size_t n,
			 source_answer_fn *fn, void *ctx);
void kamailio_remove_row(struct kamailio_asker *a, const struct binding *b, source_answer_fn *fn,
			 void *ctx);
/* SOURCE_REFUSED with these words, but never from inside the call; the second answers aor_fn. */
void kamailio_asker_say_no(struct kamailio_asker *a, const struct err *why, source_answer_fn *fn,
			   void *ctx);
void kamailio_asker_say_no_aor(struct kamailio_asker *a, const struct err *why, source_aor_fn *fn,
			       void *ctx);

#endif
