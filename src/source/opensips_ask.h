/* Asks OpenSIPS for one binding and removes it, by MI. */
#ifndef REGTOP_SOURCE_OPENSIPS_ASK_H
#define REGTOP_SOURCE_OPENSIPS_ASK_H

#include "source/rpc/control.h"
#include "source/source.h"

struct opensips_asker;

/* control may be NULL: then everything is refused. It is borrowed and must be freed first: its open
 * calls end from inside control_free(), and are then forgotten without a word when
 * opensips_asker_close() was called before. */
struct opensips_asker *opensips_asker_new(struct loop *l, const struct clock *c,
					  struct control *control);
/* No fn is called from now on. */
void opensips_asker_close(struct opensips_asker *a);
/* After the control was freed. */
void opensips_asker_free(struct opensips_asker *a);
/* As in source_ops: ul_show_contact, and ul_rm_contact for exactly this contact, as it is known in
 * b. */
void opensips_ask(struct opensips_asker *a, const struct binding *b, source_answer_fn *fn,
		  void *ctx);
void opensips_remove(struct opensips_asker *a, const struct binding *b, source_answer_fn *fn,
		     void *ctx);
/* What opensips_remove() answers with SOURCE_WHOLE_AOR can only go with all of its AoR: as read_aor
 * and purge_aor in source_ops, by ul_rm. */
void opensips_ask_aor(struct opensips_asker *a, const struct binding *b, source_aor_fn *fn,
		      void *ctx);
void opensips_remove_aor(struct opensips_asker *a, const struct binding *const *all, size_t n,
			 source_answer_fn *fn, void *ctx);
/* [ table, AoR (, contact) ] of b; NULL when one of them is not UTF-8. */
json_t *opensips_parameters(const struct binding *b, bool with_contact);
/* A fault of "404 AOR not found": there are no contacts. */
bool opensips_says_gone(const struct control_reply *r);

#endif
