/* Asks OpenSIPS for one binding and removes it, by MI. */
#include "source/opensips_ask.h"

#include <errno.h>
#include <stdlib.h>
#include "base/alloc.h"
#include "source/opensips_contact.h"

struct opensips_asker {
	struct loop *loop;
	const struct clock *clock;
	struct control *control;
	bool closing;
	struct ask *refused; /* those that never left; told in the next turn */
	struct loop_timer *tell;
};

/* One question, from the call to its answer. */
struct ask {
	struct opensips_asker *asker;
	struct binding *b; /* as it was shown */
	bool remove;
	source_answer_fn *fn;
	void *ctx;
	struct ask *next; /* refused */
	struct err e;
};

static void ask_end(struct ask *k, enum source_answer answer, const struct binding *now,
		    const struct err *e)
{
	if (!k->asker->closing)
		k->fn(k->ctx, answer, now, e);
	free(k->b);
	free(k);
}

json_t *opensips_parameters(const struct binding *b, bool with_contact)
{
	struct strbuf aor = STRBUF_INIT;
	json_t *list = json_array();
	struct slice number, table = opensips_key_table(b->key, &number);
	struct slice parts[3] = {table, SLICE_NONE, b->contact};
	bool fine = true;

	binding_add_aor(b, &aor);
	parts[1] = strbuf_slice(&aor);
	for (size_t i = 0; fine && i < (with_contact ? 3 : 2); i++) {
		json_t *text = json_stringn(parts[i].p ? parts[i].p : "", parts[i].n);

		fine = text && json_array_append_new(list, text) == 0;
	}
	strbuf_free(&aor);
	if (fine)
		return list;
	json_decref(list);
	return NULL;
}

bool opensips_says_gone(const struct control_reply *r)
{
	return r->outcome == CONTROL_FAULT &&
	       slice_find_icase(slice_of(r->fault), SLICE_LIT("AOR not found")) >= 0;
}

static bool unchanged(const struct binding *now, const struct binding *shown)
{
	return slice_eq(now->key, shown->key) && slice_eq(now->contact, shown->contact) &&
	       slice_eq(now->call_id, shown->call_id) && now->cseq == shown->cseq &&
	       now->expires_s == shown->expires_s;
}

static void on_removed(void *ctx, const struct control_reply *r)
{
	struct ask *k = ctx;
	struct err e = r->e;

	switch (r->outcome) {
	case CONTROL_RESULT:
		ask_end(k, SOURCE_DONE, NULL, NULL);
		return;
	case CONTROL_FAULT:
		ask_end(k, opensips_says_gone(r) ? SOURCE_GONE : SOURCE_REFUSED, NULL, &e);
		return;
	case CONTROL_NOT_SENT:
		ask_end(k, SOURCE_REFUSED, NULL, &e);
		return;
	case CONTROL_NO_ANSWER:
		break;
	}
	ask_end(k, SOURCE_NO_ANSWER, NULL, &e);
}

static void remove_found(struct ask *k, const struct opensips_found *found,
			 const struct binding *now)
{
	struct err e;

	if (!unchanged(now, k->b)) {
		err_set(&e, -ESTALE, NULL, "It was refreshed or replaced meanwhile.");
		ask_end(k, SOURCE_CHANGED, now, &e);
	} else if (found->same_uri > 1) {
		err_set(&e, -EPERM,
			"ul_rm_contact names a contact by its URI alone, and takes the first that "
			"compares equal.",
			"%u contacts of this AoR may have the same URI for OpenSIPS, so not one "
			"alone can go.",
			found->same_uri);
		ask_end(k, SOURCE_REFUSED, NULL, &e);
	} else {
		control_call(k->asker->control, "ul_rm_contact", opensips_parameters(k->b, true),
			     on_removed, k);
	}
}

/* The present binding, with what memory does not tell as it was shown. */
static bool read_now(const struct ask *k, const json_t *contact, struct binding *now)
{
	struct slice number;

	if (!opensips_contact_read(contact, clock_wall_s(k->asker->clock), k->b->expires_s, now))
		return false;
	opensips_key_table(k->b->key, &number);
	/* The same number in the same table is the same key. */
	if (slice_eq(now->key, number))
		now->key = k->b->key;
	now->user = k->b->user;
	now->domain = k->b->domain;
	return true;
}

static void on_shown_result(struct ask *k, const struct control_reply *r)
{
	struct opensips_found found = opensips_contact_find(r->result, k->b);
	struct binding now;
	struct err e;

	if (!found.contact || !read_now(k, found.contact, &now)) {
		err_set(&e, -ENOENT, NULL, "OpenSIPS no longer has this contact.");
		ask_end(k, SOURCE_GONE, NULL, &e);
	} else if (k->remove) {
		remove_found(k, &found, &now);
	} else {
		ask_end(k, SOURCE_DONE, &now, NULL);
	}
}

static void on_shown(void *ctx, const struct control_reply *r)
{
	struct ask *k = ctx;

	if (k->asker->closing)
		ask_end(k, SOURCE_NO_ANSWER, NULL, &r->e);
	else if (r->outcome == CONTROL_RESULT)
		on_shown_result(k, r);
	else if (r->outcome == CONTROL_FAULT)
		ask_end(k, opensips_says_gone(r) ? SOURCE_GONE : SOURCE_REFUSED, NULL, &r->e);
	else
		/* Before a removal the outcome is known: nothing was touched. */
		ask_end(k, k->remove ? SOURCE_REFUSED : SOURCE_NO_ANSWER, NULL, &r->e);
}

/* An answer never comes from inside the question. */
static void on_tell(void *arg)
{
	struct opensips_asker *a = arg;

	while (a->refused) {
		struct ask *k = a->refused;

		a->refused = k->next;
		ask_end(k, SOURCE_REFUSED, NULL, &k->e);
	}
}

static void refuse(struct ask *k)
{
	struct opensips_asker *a = k->asker;

	k->next = a->refused;
	a->refused = k;
	loop_timer_set(a->tell, 0);
}

static void ask_begin(struct opensips_asker *a, const struct binding *b, bool remove,
		      source_answer_fn *fn, void *ctx)
{
	struct ask *k = xcalloc(1, sizeof(*k));
	json_t *both = opensips_parameters(b, true);

	k->asker = a;
	k->b = binding_copy(b);
	k->remove = remove;
	k->fn = fn;
	k->ctx = ctx;
	if (both && a->control) {
		json_decref(both);
		control_call(a->control, "ul_show_contact", opensips_parameters(b, false), on_shown,
			     k);
		return;
	}
	if (both)
		err_set(&k->e, -EPERM, NULL, "No control of OpenSIPS is known.");
	else
		err_set(&k->e, -EILSEQ, NULL,
			"AoR or contact is not UTF-8 text, which MI cannot carry.");
	json_decref(both);
	refuse(k);
}

void opensips_ask(struct opensips_asker *a, const struct binding *b, source_answer_fn *fn,
		  void *ctx)
{
	ask_begin(a, b, false, fn, ctx);
}

void opensips_remove(struct opensips_asker *a, const struct binding *b, source_answer_fn *fn,
		     void *ctx)
{
	ask_begin(a, b, true, fn, ctx);
}

struct opensips_asker *opensips_asker_new(struct loop *l, const struct clock *c,
					  struct control *control)
{
	struct opensips_asker *a = xcalloc(1, sizeof(*a));

	a->loop = l;
	a->clock = c;
	a->control = control;
	a->tell = loop_timer_new(l, LOOP_INPUT, on_tell, a);
	return a;
}

void opensips_asker_close(struct opensips_asker *a)
{
	if (a)
		a->closing = true;
}

void opensips_asker_free(struct opensips_asker *a)
{
	if (!a)
		return;
	a->closing = true;
	on_tell(a);
	loop_timer_free(a->tell);
	free(a);
}
