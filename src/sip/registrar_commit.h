/* Group commit: changes and the answers that promise them, held until the store has them. */
#ifndef REGTOP_SIP_REGISTRAR_COMMIT_H
#define REGTOP_SIP_REGISTRAR_COMMIT_H

#include "base/strbuf.h"
#include "sip/registrar_replay.h"
#include "sip/registrar_store.h"

/* What a commit works on; all outlive it. store NULL: nothing is held, everything is at once. */
struct reg_world {
	struct loop *loop;
	struct sip_transport *transport;
	struct reg_table *table;
	struct reg_store *store;
	struct replay *replay;
	struct registrar_listener listener;
};

struct reg_commit;

struct reg_commit *reg_commit_new(const struct reg_world *w);
/* Writes what is still held, answers it, frees. */
void reg_commit_free(struct reg_commit *c);

/* The table was changed so; takes over the reference to before (or NULL), borrows after (or NULL).
 * The listener hears of it when it is on disk; of a lapsed one at once. */
void reg_commit_change(struct reg_commit *c, struct reg_rec *before, struct reg_rec *after,
		       bool lapsed);
/* Sends text (taken) as the answer to msg, after all changes made so far. When the store fails, a
 * 500 goes instead. replay_id UINT64_MAX: none. */
void reg_commit_answer(struct reg_commit *c, const struct sip_msg *msg, const struct sip_flow *from,
		       uint64_t replay_id, struct strbuf *text);
/* Too much is held already: refuse rather than grow. */
bool reg_commit_is_full(const struct reg_commit *c);
/* A change of this binding is not on disk yet. */
bool reg_commit_touches(const struct reg_commit *c, struct slice key);

#endif
