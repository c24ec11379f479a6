/* The nodes of one Kamailio: which of them a binding belongs to, and asking each of them. */
#include "source/kamailio_nodes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/alloc.h"
#include "base/text.h"

#define SIP_PORT 5060
/* A removal reaches the copies by a message or two: so long and so often a node that still has the
 * binding is asked again. */
#define COPY_RETRY_MS 200
#define COPY_RETRIES  10
#define COPY_PATIENCE 3

struct node {
	char *name;
	int64_t server_id; /* -1: not said */
	bool listed;       /* elsewhere: a peer whose own table is shown */
	struct netaddr sip;
	struct kamailio_asker *asker;
};

struct proof;

struct kamailio_nodes {
	struct loop *loop;
	struct node *nodes; /* of this table first, then the peers */
	size_t count, own;
	struct proof *proofs; /* under way */
};

/* Asking one node after the other whether it still has a binding, or has a copy to be removed. */
struct proof {
	struct proof *next;
	struct kamailio_nodes *nodes;
	struct binding *b;
	const struct node *owner; /* NULL: not known */
	size_t at;
	unsigned tries;
	struct loop_timer *timer;
	struct binding *row; /* the owner no longer has it, but its table does; or NULL */
	struct err row_words;
	struct strbuf removed; /* while removing: the nodes whose copies went */
	source_answer_fn *fn;
	void *ctx;
};

/* ---- whose it is ----------------------------------------------------------------------------- */

/* 0, Kamailio's default, is shown as no node at all. */
static bool is_of(const struct node *n, const struct binding *b)
{
	uint64_t id = 0;

	if (b->node.n && slice_eq_str(b->node, n->name))
		return true;
	if (b->node.n && !slice_to_u64(b->node, INT64_MAX, &id))
		return false;
	return n->server_id >= 0 && (uint64_t)n->server_id == id;
}

static bool took_it(const struct node *n, const struct binding *b)
{
	struct slice transport, hostport = slice_cut(b->socket, ':', &transport);
	struct netaddr socket;

	return n->sip.len && netaddr_parse_hostport(hostport, SIP_PORT, &socket) == 0 &&
	       netaddr_eq(&socket, &n->sip);
}

static const struct node *tell_unknown(const struct binding *b, struct err *why)
{
	char shown[64];

	text_clean_buf(b->node, shown, sizeof(shown));
	err_set(why, -EHOSTUNREACH,
		"Give that node a section with its server_id in the configuration file.",
		"It belongs to the node with server_id %s, which regtop was not told of.",
		shown[0] ? shown : "0");
	return NULL;
}

static const struct node *owner_of(const struct kamailio_nodes *n, const struct binding *b,
				   struct err *why)
{
	const struct node *found = NULL, *by_socket = NULL;
	unsigned many = 0;
	size_t end = n->own;

	/* One node that says nothing of itself stands for whatever runs there. */
	if (n->count == 1 && n->nodes[0].server_id < 0)
		return &n->nodes[0];
	for (size_t i = 0; i < n->count; i++) {
		/* A peer's number counts only when no node of this table has it. */
		if (i == end && many)
			break;
		if (!is_of(&n->nodes[i], b))
			continue;
		many++;
		found = &n->nodes[i];
		if (took_it(&n->nodes[i], b))
			by_socket = &n->nodes[i];
	}
	if (many <= 1 && (found || n->own != 1 || n->nodes[0].server_id >= 0))
		return found ? found : tell_unknown(b, why);
	if (many == 0)
		return &n->nodes[0];
	if (!by_socket)
		err_set(why, -EHOSTUNREACH,
			"Give each Kamailio a server_id of its own, or each section its sip=.",
			"%u nodes have the server_id of this binding: regtop cannot tell whose it "
			"is.",
			many);
	return by_socket;
}

bool kamailio_nodes_take(const struct kamailio_nodes *n, struct binding *b)
{
	const struct node *owner =
		n->count > 1 || n->nodes[0].server_id >= 0 ? owner_of(n, b, NULL) : NULL;

	if (owner)
		b->node = slice_of(owner->name);
	return !owner || !owner->listed;
}

struct kamailio_asker *kamailio_nodes_owner(struct kamailio_nodes *n, const struct binding *b,
					    struct err *why)
{
	const struct node *owner = owner_of(n, b, why);

	return owner ? owner->asker : NULL;
}

struct kamailio_asker *kamailio_nodes_any(struct kamailio_nodes *n)
{
	for (size_t i = 0; i < n->own; i++)
		if (!kamailio_asker_refused(n->nodes[i].asker))
			return n->nodes[i].asker;
	return NULL;
}

const char *kamailio_nodes_refused(const struct kamailio_nodes *n)
{
	for (size_t i = 0; i < n->own; i++)
		if (!kamailio_asker_refused(n->nodes[i].asker))
			return NULL;
	return kamailio_asker_refused(n->nodes[0].asker);
}

const char *kamailio_nodes_table(const struct kamailio_nodes *n)
{
	return kamailio_asker_table(n->nodes[0].asker);
}

void kamailio_nodes_set_table(struct kamailio_nodes *n, const char *table)
{
	for (size_t i = 0; i < n->count; i++)
		kamailio_asker_set_table(n->nodes[i].asker, table);
}

size_t kamailio_nodes_own(const struct kamailio_nodes *n)
{
	return n->own;
}

struct control *kamailio_nodes_control(const struct kamailio_nodes *n, size_t node)
{
	return kamailio_asker_control(n->nodes[node].asker);
}

bool kamailio_nodes_tell_control(const struct kamailio_nodes *n, size_t i,
				 struct source_control *out)
{
	if (i >= n->count)
		return false;
	*out = (struct source_control){.node = n->count > 1 ? n->nodes[i].name : NULL,
				       .control = kamailio_asker_control(n->nodes[i].asker),
				       .refused = kamailio_asker_refused(n->nodes[i].asker)};
	return true;
}

typedef void how_fn(const struct kamailio_asker *a, struct strbuf *out);

/* At the node of b; without b, or when nobody knows whose it is, at whichever it will be. */
static void add_how(const struct kamailio_nodes *n, how_fn *how, const struct binding *b,
		    struct strbuf *out)
{
	const struct node *owner = n->count == 1 ? &n->nodes[0] : b ? owner_of(n, b, NULL) : NULL;

	if (owner)
		how(owner->asker, out);
	else
		strbuf_add_str(out, "at the node that it belongs to");
	if (owner && n->count > 1)
		strbuf_addf(out, ", its node %s", owner->name);
}

void kamailio_nodes_how(const struct kamailio_nodes *n, const struct binding *b, struct strbuf *out)
{
	add_how(n, kamailio_asker_how, b, out);
}

void kamailio_nodes_aor_how(const struct kamailio_nodes *n, const struct binding *b,
			    struct strbuf *out)
{
	add_how(n, kamailio_asker_aor_how, b, out);
}

void kamailio_nodes_row_how(const struct kamailio_nodes *n, struct strbuf *out)
{
	/* All nodes of a table have the same one; a peer has its own, of which no row is shown. */
	kamailio_asker_row_how(n->nodes[0].asker, out);
}

bool kamailio_nodes_way(const struct kamailio_nodes *n, const struct binding *b,
			struct kamailio_way *out, struct err *why)
{
	const struct node *owner = owner_of(n, b, why);

	memset(out, 0, sizeof(*out));
	if (!owner)
		return false;
	out->sip = owner->sip;
	out->node = n->count > 1 ? owner->name : NULL;
	return true;
}

/* ---- asking the owner ------------------------------------------------------------------------ */

/* NULL with the reason when nobody can be asked for b. */
static struct kamailio_asker *asker_for(struct kamailio_nodes *n, const struct binding *b,
					struct err *why)
{
	const struct node *owner = owner_of(n, b, why);
	const char *refused = owner ? kamailio_asker_refused(owner->asker) : NULL;

	if (!owner)
		return NULL;
	if (refused && n->count > 1) {
		err_set(why, -EHOSTUNREACH,
			"Start that node, or wait until its bindings lapse: to delete the row "
			"would "
			"not change where it sends calls.",
			"It belongs to node %s, which cannot be asked. %s", owner->name, refused);
		return NULL;
	}
	return owner->asker;
}

void kamailio_nodes_ask(struct kamailio_nodes *n, const struct binding *b, source_answer_fn *fn,
			void *ctx)
{
	struct err why = ERR_NONE;
	struct kamailio_asker *a = asker_for(n, b, &why);

	if (a)
		kamailio_ask(a, b, fn, ctx);
	else
		kamailio_asker_say_no(n->nodes[0].asker, &why, fn, ctx);
}

void kamailio_nodes_ask_aor(struct kamailio_nodes *n, const struct binding *b, source_aor_fn *fn,
			    void *ctx)
{
	struct err why = ERR_NONE;
	struct kamailio_asker *a = asker_for(n, b, &why);

	if (a)
		kamailio_ask_aor(a, b, fn, ctx);
	else
		kamailio_asker_say_no_aor(n->nodes[0].asker, &why, fn, ctx);
}

void kamailio_nodes_remove_aor(struct kamailio_nodes *n, const struct binding *const *all,
			       size_t count, source_answer_fn *fn, void *ctx)
{
	struct err why = ERR_NONE;
	struct kamailio_asker *a = asker_for(n, all[0], &why);

	if (a)
		kamailio_remove_aor(a, all, count, fn, ctx);
	else
		kamailio_asker_say_no(n->nodes[0].asker, &why, fn, ctx);
}

void kamailio_nodes_remove_row(struct kamailio_nodes *n, const struct binding *b,
			       source_answer_fn *fn, void *ctx)
{
	struct err why = ERR_NONE;
	struct kamailio_asker *a = asker_for(n, b, &why);

	if (a)
		kamailio_remove_row(a, b, fn, ctx);
	else
		kamailio_asker_say_no(n->nodes[0].asker, &why, fn, ctx);
}

/* ---- the proof ------------------------------------------------------------------------------- */

static void proof_free(struct proof *p)
{
	loop_timer_free(p->timer);
	strbuf_free(&p->removed);
	free(p->row);
	free(p->b);
	free(p);
}

static void proof_end(struct proof *p, enum source_answer a, const struct binding *now,
		      const struct err *e)
{
	struct proof **at = &p->nodes->proofs;

	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	p->fn(p->ctx, a, now, e);
	proof_free(p);
}

/* Goes from node to node: step is called for each. */
static struct proof *walk(struct kamailio_nodes *n, const struct binding *b, loop_fn *step,
			  source_answer_fn *fn, void *ctx)
{
	struct proof *p = xcalloc(1, sizeof(*p));

	p->next = n->proofs;
	n->proofs = p;
	p->nodes = n;
	p->b = binding_copy(b);
	p->owner = owner_of(n, b, NULL);
	p->fn = fn;
	p->ctx = ctx;
	p->timer = loop_timer_new(n->loop, LOOP_INPUT, step, p);
	return p;
}

/* The owner first, then the others in their order; NULL after the last. */
static const struct node *node_at(const struct proof *p)
{
	const struct kamailio_nodes *n = p->nodes;
	size_t at = p->owner ? (size_t)(p->owner - n->nodes) : 0;

	if (p->at == n->count)
		return NULL;
	return &n->nodes[p->at == 0 ? at : p->at <= at ? p->at - 1 : p->at];
}

static void next_node(struct proof *p)
{
	p->at++;
	p->tries = 0;
	loop_timer_set(p->timer, 0);
}

/* The owner may have it again since: whoever asked compares. A copy is only one when it is of the
 * same REGISTER. */
static bool is_copy(const struct binding *now, const struct binding *b)
{
	return slice_eq(now->ruid, b->ruid) && slice_eq(now->call_id, b->call_id) &&
	       now->cseq == b->cseq;
}

static void on_proof(void *ctx, enum source_answer a, const struct binding *now,
		     const struct err *e)
{
	struct proof *p = ctx;
	const struct node *node = node_at(p);
	struct err mine = ERR_NONE;

	/* The owner has just removed it: whose its row is does not matter any more. */
	if (node == p->owner && a == SOURCE_REFUSED && e && e->code == KAMAILIO_FOREIGN)
		a = SOURCE_GONE;
	if (a == SOURCE_GONE && node == p->owner) {
		p->row = now ? binding_copy(now) : NULL;
		if (e)
			p->row_words = *e;
		next_node(p);
	} else if (a == SOURCE_GONE ||
		   (a == SOURCE_DONE && now && node != p->owner && !is_copy(now, p->b))) {
		next_node(p);
	} else if (a == SOURCE_DONE && node != p->owner && p->tries < COPY_RETRIES) {
		p->tries++;
		loop_timer_set(p->timer, COPY_RETRY_MS);
	} else if (a == SOURCE_DONE) {
		if (node != p->owner)
			err_set(&mine, -EEXIST, NULL, "Node %s still has it.", node->name);
		proof_end(p, a, now, &mine);
	} else {
		err_set(&mine, -EHOSTUNREACH, NULL, "Node %s cannot be asked: %s", node->name,
			e && e->what[0] ? e->what : "no answer.");
		proof_end(p, SOURCE_NO_ANSWER, NULL, &mine);
	}
}

static void ask_node(void *arg)
{
	struct proof *p = arg;
	const struct node *node = node_at(p);
	struct err e = ERR_NONE;

	if (node == p->owner && node) {
		kamailio_ask(node->asker, p->b, on_proof, p);
	} else if (node) {
		/* The row, if there is one, is the owner's. */
		kamailio_ask_memory(node->asker, p->b, on_proof, p);
	} else if (p->row || p->row_words.code == -EIO ||
		   (p->nodes->count == 1 && p->row_words.what[0])) {
		proof_end(p, SOURCE_GONE, p->row, &p->row_words);
	} else {
		err_set(&e, -ENOENT, NULL, "No node has it any more.");
		proof_end(p, SOURCE_GONE, NULL, &e);
	}
}

void kamailio_nodes_prove(struct kamailio_nodes *n, const struct binding *b, source_answer_fn *fn,
			  void *ctx)
{
	loop_timer_set(walk(n, b, ask_node, fn, ctx)->timer, 0);
}

/* ---- removing -------------------------------------------------------------------------------- */

static void ask_for_copy(void *arg);

static void on_copy_removed(void *ctx, enum source_answer a, const struct binding *now,
			    const struct err *e)
{
	struct proof *p = ctx;
	const struct node *node = node_at(p);

	(void)now;
	(void)e;
	/* What did not work is told by the proof. */
	if (a == SOURCE_DONE)
		strbuf_addf(&p->removed, "%s%s", p->removed.n ? ", " : "and its copy at node ",
			    node->name);
	next_node(p);
}

/* The messages of dmq_usrloc have their time first: what they take away need not be removed. */
static void on_copy(void *ctx, enum source_answer a, const struct binding *now, const struct err *e)
{
	struct proof *p = ctx;

	(void)e;
	if (a != SOURCE_DONE || !now || !is_copy(now, p->b)) {
		next_node(p);
	} else if (p->tries < COPY_PATIENCE) {
		p->tries++;
		loop_timer_set(p->timer, COPY_RETRY_MS);
	} else {
		kamailio_remove(node_at(p)->asker, now, on_copy_removed, p);
	}
}

static void ask_for_copy(void *arg)
{
	struct proof *p = arg;
	const struct node *node = node_at(p);
	struct err e = ERR_NONE;

	if (node) {
		kamailio_ask_memory(node->asker, p->b, on_copy, p);
		return;
	}
	if (p->removed.n)
		err_set(&e, 0, NULL, "%s", strbuf_str(&p->removed));
	proof_end(p, SOURCE_DONE, NULL, p->removed.n ? &e : &p->row_words);
}

/* A node that has loaded the others' rows goes on sending calls to what its owner has forgotten
 * (facts/kamailio-opensips 6): the copies of the very same REGISTER go as well. */
static void on_owner_removed(void *ctx, enum source_answer a, const struct binding *now,
			     const struct err *e)
{
	struct proof *p = ctx;

	if (a != SOURCE_DONE || p->nodes->count == 1) {
		proof_end(p, a, now, e);
		return;
	}
	/* How it was done, if that is worth a word. */
	if (e)
		p->row_words = *e;
	next_node(p);
}

void kamailio_nodes_remove(struct kamailio_nodes *n, const struct binding *b, source_answer_fn *fn,
			   void *ctx)
{
	struct err why = ERR_NONE;
	struct kamailio_asker *a = asker_for(n, b, &why);

	if (a)
		kamailio_remove(a, b, on_owner_removed, walk(n, b, ask_for_copy, fn, ctx));
	else
		kamailio_asker_say_no(n->nodes[0].asker, &why, fn, ctx);
}

/* ---- opening --------------------------------------------------------------------------------- */

static int add_node(struct kamailio_nodes *n, const struct clock *c, const char *table,
		    const struct source_node *from, bool find, struct err *e)
{
	struct node *node = &n->nodes[n->count];
	char shown[80];

	node->name = xstrdup(from->name ? from->name : "this node");
	node->server_id = from->server_id;
	node->listed = from->listed;
	n->count++;
	if (from->sip && netaddr_parse_hostport(slice_of(from->sip), SIP_PORT, &node->sip) < 0) {
		text_clean_buf(slice_of(from->sip), shown, sizeof(shown));
		return err_set(e, -EINVAL, "Give the address as numbers: --sip 127.0.0.1:5060.",
			       "--sip %s is not an address and a port.", shown);
	}
	/* What this machine has is looked for only when there is but one. */
	node->asker = kamailio_asker_new(n->loop, c, from->place ? from->place : table,
					 from->control, find, e);
	if (node->asker && from->server_id >= 0)
		kamailio_asker_set_server_id(node->asker, (uint64_t)from->server_id);
	return node->asker ? 0 : e->code;
}

struct kamailio_nodes *kamailio_nodes_new(struct loop *l, const struct clock *c,
					  const struct source_options *o, struct err *e)
{
	struct source_node alone = {.control = o->control, .sip = o->sip, .server_id = -1};
	const struct source_node *own = o->node_count ? o->nodes : &alone;
	size_t own_count = o->node_count ? o->node_count : 1;
	struct kamailio_nodes *n = xcalloc(1, sizeof(*n));
	int rc = 0;

	n->loop = l;
	n->own = own_count;
	n->nodes = xcalloc(own_count + o->peer_count, sizeof(*n->nodes));
	for (size_t i = 0; i < own_count && rc == 0; i++)
		rc = add_node(n, c, o->place, &own[i], own_count + o->peer_count == 1, e);
	for (size_t i = 0; i < o->peer_count && rc == 0; i++)
		rc = add_node(n, c, o->place, &o->peers[i], false, e);
	if (rc == 0)
		return n;
	kamailio_nodes_free(n);
	return NULL;
}

void kamailio_nodes_look(struct kamailio_nodes *n)
{
	for (size_t i = 0; i < n->count; i++)
		kamailio_asker_look(n->nodes[i].asker);
}

void kamailio_nodes_free(struct kamailio_nodes *n)
{
	struct proof *p;

	if (!n)
		return;
	for (size_t i = 0; i < n->count; i++) {
		kamailio_asker_free(n->nodes[i].asker);
		free(n->nodes[i].name);
	}
	while ((p = n->proofs) != NULL) {
		n->proofs = p->next;
		proof_free(p);
	}
	free(n->nodes);
	free(n);
}
