/* The nodes of one OpenSIPS: which of them has a binding, and asking each of them. */
#ifndef REGTOP_SOURCE_OPENSIPS_NODES_H
#define REGTOP_SOURCE_OPENSIPS_NODES_H

#include "source/opensips_ask.h"

struct opensips_nodes;

/* One node for each control; n is at least 1. A control may be NULL: that node cannot be asked.
 * NULL with *e for a control that makes no sense. */
struct opensips_nodes *opensips_nodes_new(struct loop *l, const struct clock *c,
					  const struct source_node *nodes, size_t n, struct err *e);
/* What is open is forgotten: its fn is not called. NULL is fine. */
void opensips_nodes_free(struct opensips_nodes *n);
/* The control of the first node that is there, for what any node can tell; NULL when none has one.
 */
struct control *opensips_nodes_control(const struct opensips_nodes *n);
/* NULL, or the sentence that says why nothing can be removed: no node can be asked. */
const char *opensips_nodes_refused(const struct opensips_nodes *n);
/* How command is given, for the plan: "ul_rm_contact on unix:…". */
void opensips_nodes_how(const struct opensips_nodes *n, const char *command, struct strbuf *out);

/* As in source_ops, at the first node that has it: a row of OpenSIPS's does not tell whose it is.
 * In a cluster that shares everything the others follow; in one that shares nothing they never had
 * it (facts/kamailio-opensips 5.2). */
void opensips_nodes_ask(struct opensips_nodes *n, const struct binding *b, source_answer_fn *fn,
			void *ctx);
void opensips_nodes_remove(struct opensips_nodes *n, const struct binding *b, source_answer_fn *fn,
			   void *ctx);
void opensips_nodes_ask_aor(struct opensips_nodes *n, const struct binding *b, source_aor_fn *fn,
			    void *ctx);
void opensips_nodes_remove_aor(struct opensips_nodes *n, const struct binding *const *all,
			       size_t count, source_answer_fn *fn, void *ctx);
/* As in source_ops: every node; one that still has it is asked again for a while. */
void opensips_nodes_prove(struct opensips_nodes *n, const struct binding *b, source_answer_fn *fn,
			  void *ctx);
/* As uac in source_ops, by the node whose socket took b's REGISTER, else by the first. */
uint64_t opensips_nodes_send(struct opensips_nodes *n, const struct binding *b, const char *method,
			     unsigned timeout_ms, source_uac_fn *fn, void *ctx);
void opensips_nodes_cancel(struct opensips_nodes *n, uint64_t id);

#endif
