/* Asks Kamailio for one binding and removes it: by its control socket, or in the table. */
#ifndef REGTOP_SOURCE_KAMAILIO_ASK_H
#define REGTOP_SOURCE_KAMAILIO_ASK_H

#include "source/source.h"

struct kamailio_asker;

/* control as the user gave it; NULL: there is none, or with find the usual ones are looked for,
 * now and at every kamailio_asker_look(). db is the table's path. NULL with *e for a control that
 * makes no sense. */
struct kamailio_asker *kamailio_asker_new(struct loop *l, const struct clock *c, const char *db,
					  const char *control, bool find, struct err *e);
/* Open questions are forgotten: their fn is not called. */
void kamailio_asker_free(struct kamailio_asker *a);
void kamailio_asker_look(struct kamailio_asker *a);
/* NULL, or the sentence that says why nothing can be removed. */
const char *kamailio_asker_refused(const struct kamailio_asker *a);
/* How a removal is done, for the plan. */
void kamailio_asker_how(const struct kamailio_asker *a, struct strbuf *out);
/* As in source_ops. */
void kamailio_ask(struct kamailio_asker *a, const struct binding *b, source_answer_fn *fn,
		  void *ctx);
void kamailio_remove(struct kamailio_asker *a, const struct binding *b, source_answer_fn *fn,
		     void *ctx);

/* SOURCE_REFUSED with these words, but never from inside the call. */
void kamailio_asker_say_no(struct kamailio_asker *a, const struct err *why, source_answer_fn *fn,
			   void *ctx);

#endif
