/* The nodes of one Kamailio: which of them a binding belongs to, and asking each of them. */
#ifndef REGTOP_SOURCE_KAMAILIO_NODES_H
#define REGTOP_SOURCE_KAMAILIO_NODES_H

#include "source/kamailio_ask.h"
#include "source/rpc/control.h"

struct kamailio_nodes;

/* From o: its nodes, or without any the one of o->control and o->sip; and its peers, the nodes that
 * work on other tables and may hold copies (dmq_usrloc). Each gets an asker of its own. NULL with
 * *e. */
struct kamailio_nodes *kamailio_nodes_new(struct loop *l, const struct clock *c,
					  const struct source_options *o, struct err *e);
/* Open questions are forgotten: their fn is not called. NULL is fine. */
void kamailio_nodes_free(struct kamailio_nodes *n);
/* Looks whether the controls are there. */
void kamailio_nodes_look(struct kamailio_nodes *n);

/* NULL, or the sentence that says why nothing can be removed: no node of this table can be asked.
 */
const char *kamailio_nodes_refused(const struct kamailio_nodes *n);
/* How a removal is done, for the plan: of a contact, of a whole AoR, of a row that is left. */
void kamailio_nodes_how(const struct kamailio_nodes *n, const struct binding *b,
			struct strbuf *out);
void kamailio_nodes_aor_how(const struct kamailio_nodes *n, const struct binding *b,
			    struct strbuf *out);
void kamailio_nodes_row_how(const struct kamailio_nodes *n, struct strbuf *out);
/* Puts the name of the node in place of its server_id, as the configuration calls it. False for a
 * copy of a binding that is listed from its own node's table. */
bool kamailio_nodes_take(const struct kamailio_nodes *n, struct binding *b);
/* The asker of the node that b belongs to: by its server_id, or when two nodes have the same, by
 * the socket that took its REGISTER (facts/kamailio-opensips 6). NULL with *why. */
struct kamailio_asker *kamailio_nodes_owner(struct kamailio_nodes *n, const struct binding *b,
					    struct err *why);
/* An asker of a node of this table that can be asked now, for what any node can tell. NULL when
 * there is none. */
struct kamailio_asker *kamailio_nodes_any(struct kamailio_nodes *n);

/* What usrloc calls this table. */
const char *kamailio_nodes_table(const struct kamailio_nodes *n);
/* The nodes of a source without a table are to be asked about this one. */
void kamailio_nodes_set_table(struct kamailio_nodes *n, const char *table);
/* Nodes of this table; and the control of one of them, NULL when it has none. */
size_t kamailio_nodes_own(const struct kamailio_nodes *n);
struct control *kamailio_nodes_control(const struct kamailio_nodes *n, size_t node);
/* As in source_ops: of the nodes of this table, then of the peers. */
bool kamailio_nodes_tell_control(const struct kamailio_nodes *n, size_t i,
				 struct source_control *out);

/* As in source_ops: at the owner. What it removed is removed as well where another node holds a
 * copy of that very registration. */
void kamailio_nodes_ask(struct kamailio_nodes *n, const struct binding *b, source_answer_fn *fn,
			void *ctx);
void kamailio_nodes_remove(struct kamailio_nodes *n, const struct binding *b, source_answer_fn *fn,
			   void *ctx);
void kamailio_nodes_ask_aor(struct kamailio_nodes *n, const struct binding *b, source_aor_fn *fn,
			    void *ctx);
void kamailio_nodes_remove_aor(struct kamailio_nodes *n, const struct binding *const *all,
			       size_t count, source_answer_fn *fn, void *ctx);
void kamailio_nodes_remove_row(struct kamailio_nodes *n, const struct binding *b,
			       source_answer_fn *fn, void *ctx);
/* As in source_ops: the owner, every node of this table, and every peer. A node that still has it
 * is asked again for a while, for copies are removed by messages. */
void kamailio_nodes_prove(struct kamailio_nodes *n, const struct binding *b, source_answer_fn *fn,
			  void *ctx);

/* Where SIP for b has to leave from. */
struct kamailio_way {
	const char *node;   /* the node that alone reaches it; NULL: there is but one */
	struct netaddr sip; /* what the configuration says of its SIP socket; len 0: nothing */
};
/* False when b belongs to a node that is not known, with the words in *why. */
bool kamailio_nodes_way(const struct kamailio_nodes *n, const struct binding *b,
			struct kamailio_way *out, struct err *why);

#endif
