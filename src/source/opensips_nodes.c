/* The nodes of one OpenSIPS: which of them has a binding, and asking each of them. */
#include "source/opensips_nodes.h"

#include <errno.h>
#include <stdlib.h>
#include "base/alloc.h"
#include "base/text.h"
#include "source/uac.h"

/* Less than a second is needed, also for a dump of as many contacts as are asked for. */
#define TIMEOUT_MS 3000
#define SIP_PORT   5060
/* A removal reaches the other nodes by a message or two. */
#define COPY_RETRY_MS 200
#define COPY_RETRIES  10

struct node {
	char *name;
	struct control *control; /* NULL: none */
	struct opensips_asker *asker;
	struct uac *uac; /* NULL: not by this control */
	struct netaddr sip;
};

struct walk;

struct opensips_nodes {
	struct loop *loop;
	struct node *nodes;
	size_t count;
	struct walk *walks;
	char refused[700];
};

enum what { WALK_ASK, WALK_REMOVE, WALK_ASK_AOR, WALK_REMOVE_AOR, WALK_PROVE };

/* One question, from node to node. */
struct walk {
	struct walk *next;
	struct opensips_nodes *nodes;
	enum what what;
	struct binding **all; /* one, or all of an AoR */
	size_t n, at;
	unsigned tries;           /* of a proof, at this node */
	struct loop_timer *again; /* of a proof */
	struct err silent;        /* a node that could not be asked, if there was one */
	source_answer_fn *fn;
	source_aor_fn *aor_fn;
	void *ctx;
};

/* ---- ends ------------------------------------------------------------------------------------ */

static void walk_free(struct walk *w)
{
	struct walk **at = &w->nodes->walks;

	while (*at != w)
		at = &(*at)->next;
	*at = w->next;
	for (size_t i = 0; i < w->n; i++)
		free(w->all[i]);
	free(w->all);
	loop_timer_free(w->again);
	free(w);
}

static void walk_ends(struct walk *w, enum source_answer a, const struct binding *now,
		      const struct err *e)
{
	if (w->what == WALK_ASK_AOR)
		w->aor_fn(w->ctx, a, NULL, 0, e);
	else
		w->fn(w->ctx, a, now, e);
	walk_free(w);
}

/* Words that name the node. */
static void name_node(const struct walk *w, const struct err *from, struct err *e)
{
	const struct node *n = &w->nodes->nodes[w->at];

	err_set(e, from->code, from->hint, "Node %s: %s", n->name, from->what);
}

/* ---- from node to node ----------------------------------------------------------------------- */

static void walk_on(struct walk *w);

/* Nobody has it, as far as could be asked. */
static void walk_over(struct walk *w)
{
	struct err gone;

	if (w->silent.code) {
		walk_ends(w,
			  w->what == WALK_REMOVE || w->what == WALK_REMOVE_AOR ? SOURCE_REFUSED
									       : SOURCE_NO_ANSWER,
			  NULL, &w->silent);
		return;
	}
	err_set(&gone, -ENOENT, NULL, "OpenSIPS no longer has this contact.");
	walk_ends(w, SOURCE_GONE, NULL, &gone);
}

static void next_node(struct walk *w)
{
	w->at++;
	w->tries = 0;
	if (w->at < w->nodes->count)
		walk_on(w);
	else
		walk_over(w);
}

static void on_still_there(struct walk *w, const struct binding *now)
{
	struct err here, e;

	if (w->tries++ < COPY_RETRIES) {
		loop_timer_set(w->again, COPY_RETRY_MS);
		return;
	}
	err_set(&here, -EEXIST, NULL, "It still has this contact.");
	name_node(w, &here, &e);
	walk_ends(w, SOURCE_DONE, now, &e);
}

static void on_answer(void *ctx, enum source_answer a, const struct binding *now,
		      const struct err *e)
{
	struct walk *w = ctx;
	/* What was told to go, and was not heard of again, may have gone. */
	bool unknown = a == SOURCE_NO_ANSWER && w->what != WALK_ASK && w->what != WALK_PROVE;

	if (w->nodes->count == 1) {
		walk_ends(w, a, now, e);
	} else if (a == SOURCE_GONE) {
		next_node(w);
	} else if (a == SOURCE_DONE && w->what == WALK_PROVE) {
		on_still_there(w, now);
	} else if ((a == SOURCE_REFUSED || a == SOURCE_NO_ANSWER) && !unknown) {
		if (!w->silent.code)
			name_node(w, e, &w->silent);
		next_node(w);
	} else {
		walk_ends(w, a, now, e);
	}
}

static void on_aor(void *ctx, enum source_answer a, const struct binding *all, size_t n,
		   const struct err *e)
{
	struct walk *w = ctx;

	if (a == SOURCE_DONE) {
		w->aor_fn(w->ctx, a, all, n, NULL);
		walk_free(w);
	} else {
		on_answer(w, a, NULL, e);
	}
}

static void walk_on(struct walk *w)
{
	struct opensips_asker *a = w->nodes->nodes[w->at].asker;
	const struct binding *const *all = (const struct binding *const *)w->all;

	switch (w->what) {
	case WALK_ASK:
	case WALK_PROVE:
		opensips_ask(a, w->all[0], on_answer, w);
		break;
	case WALK_REMOVE:
		opensips_remove(a, w->all[0], on_answer, w);
		break;
	case WALK_ASK_AOR:
		opensips_ask_aor(a, w->all[0], on_aor, w);
		break;
	case WALK_REMOVE_AOR:
		opensips_remove_aor(a, all, w->n, on_answer, w);
		break;
	}
}

static void on_again(void *arg)
{
	walk_on(arg);
}

static struct walk *walk_new(struct opensips_nodes *n, enum what what,
			     const struct binding *const *all, size_t count, void *ctx)
{
	struct walk *w = xcalloc(1, sizeof(*w));

	w->nodes = n;
	w->what = what;
	w->all = xcalloc(count, sizeof(struct binding *));
	for (size_t i = 0; i < count; i++)
		w->all[i] = binding_copy(all[i]);
	w->n = count;
	w->ctx = ctx;
	w->again = loop_timer_new(n->loop, LOOP_INPUT, on_again, w);
	w->next = n->walks;
	n->walks = w;
	return w;
}

static void begin(struct opensips_nodes *n, enum what what, const struct binding *const *all,
		  size_t count, source_answer_fn *fn, void *ctx)
{
	struct walk *w = walk_new(n, what, all, count, ctx);

	w->fn = fn;
	walk_on(w);
}

void opensips_nodes_ask(struct opensips_nodes *n, const struct binding *b, source_answer_fn *fn,
			void *ctx)
{
	begin(n, WALK_ASK, &b, 1, fn, ctx);
}

void opensips_nodes_remove(struct opensips_nodes *n, const struct binding *b, source_answer_fn *fn,
			   void *ctx)
{
	begin(n, WALK_REMOVE, &b, 1, fn, ctx);
}

void opensips_nodes_prove(struct opensips_nodes *n, const struct binding *b, source_answer_fn *fn,
			  void *ctx)
{
	begin(n, WALK_PROVE, &b, 1, fn, ctx);
}

void opensips_nodes_remove_aor(struct opensips_nodes *n, const struct binding *const *all,
			       size_t count, source_answer_fn *fn, void *ctx)
{
	begin(n, WALK_REMOVE_AOR, all, count, fn, ctx);
}

void opensips_nodes_ask_aor(struct opensips_nodes *n, const struct binding *b, source_aor_fn *fn,
			    void *ctx)
{
	struct walk *w = walk_new(n, WALK_ASK_AOR, &b, 1, ctx);

	w->aor_fn = fn;
	walk_on(w);
}

/* ---- requests of their own ------------------------------------------------------------------- */

static size_t owner_of(const struct opensips_nodes *n, const struct binding *b)
{
	struct slice transport, hostport = slice_cut(b->socket, ':', &transport);
	struct netaddr socket;

	if (netaddr_parse_hostport(hostport, SIP_PORT, &socket) == 0)
		for (size_t i = 0; i < n->count; i++)
			if (n->nodes[i].sip.len && netaddr_eq(&socket, &n->nodes[i].sip))
				return i;
	return 0;
}

uint64_t opensips_nodes_send(struct opensips_nodes *n, const struct binding *b, const char *method,
			     unsigned timeout_ms, source_uac_fn *fn, void *ctx)
{
	size_t at = owner_of(n, b);
	uint64_t id = 0;

	if (n->nodes[at].uac)
		id = uac_send(n->nodes[at].uac, b, method, timeout_ms, fn, ctx);
	return id ? id * n->count + at : 0;
}

void opensips_nodes_cancel(struct opensips_nodes *n, uint64_t id)
{
	uac_cancel(n->nodes[id % n->count].uac, id / n->count);
}

/* ---- what can be done ------------------------------------------------------------------------ */

struct control *opensips_nodes_control(const struct opensips_nodes *n)
{
	struct control *any = NULL;

	for (size_t i = 0; i < n->count; i++) {
		struct control *c = n->nodes[i].control;

		if (c && control_check(c, NULL) == 0)
			return c;
		any = any ? any : c;
	}
	return any;
}

static void look(struct opensips_nodes *n)
{
	struct strbuf words = STRBUF_INIT;
	struct err e = ERR_NONE;

	n->refused[0] = '\0';
	for (size_t i = 0; i < n->count; i++) {
		if (n->nodes[i].control && control_check(n->nodes[i].control, &e) == 0)
			return;
	}
	if (!e.code)
		err_set(&e, -ENOENT,
			"Name it with --control unix:PATH, fifo:PATH, http://ADDRESS:PORT/mi or "
			"udp:ADDRESS:PORT.",
			"No control of OpenSIPS is known.");
	strbuf_addf(&words, "%s %s", e.what, e.hint);
	slice_to_buf(slice_trim(strbuf_slice(&words)), n->refused, sizeof(n->refused));
	strbuf_free(&words);
}

const char *opensips_nodes_refused(const struct opensips_nodes *n)
{
	look((struct opensips_nodes *)(uintptr_t)n);
	return n->refused[0] ? n->refused : NULL;
}

void opensips_nodes_how(const struct opensips_nodes *n, const char *command, struct strbuf *out)
{
	bool first = true;

	strbuf_addf(out, "%s on ", command);
	for (size_t i = 0; i < n->count; i++) {
		if (!n->nodes[i].control)
			continue;
		strbuf_add_str(out, first ? "" : ", else ");
		text_clean(slice_of(control_place(n->nodes[i].control)), false, out);
		first = false;
	}
	if (first)
		strbuf_add_char(out, '?');
}

/* ---- opening --------------------------------------------------------------------------------- */

static int open_node(struct opensips_nodes *n, struct loop *l, const struct clock *c,
		     const struct source_node *from, struct err *e)
{
	struct node *node = &n->nodes[n->count++];

	node->name = xstrdup(from->name ? from->name : "?");
	if (from->sip)
		netaddr_parse_hostport(slice_of(from->sip), SIP_PORT, &node->sip);
	if (from->control) {
		node->control = control_new(l, CONTROL_OPENSIPS, from->control, TIMEOUT_MS, e);
		if (!node->control)
			return e->code;
		node->uac = uac_new(l, c, CONTROL_OPENSIPS, from->control);
	}
	node->asker = opensips_asker_new(l, c, node->control);
	return 0;
}

struct opensips_nodes *opensips_nodes_new(struct loop *l, const struct clock *c,
					  const struct source_node *nodes, size_t n, struct err *e)
{
	struct opensips_nodes *o = xcalloc(1, sizeof(*o));

	o->loop = l;
	o->nodes = xcalloc(n, sizeof(*o->nodes));
	for (size_t i = 0; i < n; i++)
		if (open_node(o, l, c, &nodes[i], e) < 0) {
			opensips_nodes_free(o);
			return NULL;
		}
	return o;
}

void opensips_nodes_free(struct opensips_nodes *n)
{
	if (!n)
		return;
	for (size_t i = 0; i < n->count; i++) {
		struct node *node = &n->nodes[i];

		opensips_asker_close(node->asker);
		uac_free(node->uac);
		control_free(node->control);
		opensips_asker_free(node->asker);
		free(node->name);
	}
	while (n->walks)
		walk_free(n->walks);
	free(n->nodes);
	free(n);
}
