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

enum what { ASK_ONE, REMOVE_ONE, ASK_AOR, REMOVE_AOR };

/* One question, from the call to its answer. */
struct ask {
	struct opensips_asker *asker;
	enum what what;
	struct binding **all; /* as they were shown: one, or with REMOVE_AOR all of the AoR */
	size_t n;
	source_answer_fn *fn;
	source_aor_fn *aor_fn; /* of ASK_AOR */
	void *ctx;
	struct ask *next; /* refused */
	struct err e;
};

static void ask_free(struct ask *k)
{
	for (size_t i = 0; i < k->n; i++)
		free(k->all[i]);
	free(k->all);
	free(k);
}

static void ask_end(struct ask *k, enum source_answer answer, const struct binding *now,
		    const struct err *e)
{
	if (!k->asker->closing && k->what == ASK_AOR)
		k->aor_fn(k->ctx, answer, NULL, 0, e);
	else if (!k->asker->closing)
		k->fn(k->ctx, answer, now, e);
	ask_free(k);
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

/* ---- one contact ----------------------------------------------------------------------------- */

static void remove_found(struct ask *k, const struct opensips_found *found,
			 const struct binding *now)
{
	struct err e;

	if (!unchanged(now, k->all[0])) {
		err_set(&e, -ESTALE, NULL, "It was refreshed or replaced meanwhile.");
		ask_end(k, SOURCE_CHANGED, now, &e);
	} else if (found->same_uri > 1) {
		err_set(&e, -EPERM,
			"ul_rm_contact names a contact by its URI alone, and takes the first that "
			"compares equal.",
			"%u contacts of this AoR may have the same URI for OpenSIPS, so not one "
			"alone can go.",
			found->same_uri);
		ask_end(k, SOURCE_WHOLE_AOR, NULL, &e);
	} else {
		control_call(k->asker->control, "ul_rm_contact",
			     opensips_parameters(k->all[0], true), on_removed, k);
	}
}

/* A contact of the AoR of shown, with what memory does not tell as it was shown, if it is that one.
 */
static bool read_contact(const struct ask *k, const json_t *contact, const struct binding *shown,
			 struct binding *now)
{
	struct slice number;

	if (!opensips_contact_read(contact, clock_wall_s(k->asker->clock), shown->expires_s, now))
		return false;
	opensips_key_table(shown->key, &number);
	/* The same number in the same table is the same key. */
	if (slice_eq(now->key, number))
		now->key = shown->key;
	now->user = shown->user;
	now->domain = shown->domain;
	return true;
}

static void take_one(struct ask *k, const json_t *result)
{
	struct opensips_found found = opensips_contact_find(result, k->all[0]);
	struct binding now;
	struct err e;

	if (!found.contact || !read_contact(k, found.contact, k->all[0], &now)) {
		err_set(&e, -ENOENT, NULL, "OpenSIPS no longer has this contact.");
		ask_end(k, SOURCE_GONE, NULL, &e);
	} else if (k->what == REMOVE_ONE) {
		remove_found(k, &found, &now);
	} else {
		ask_end(k, SOURCE_DONE, &now, NULL);
	}
}

/* ---- a whole AoR ----------------------------------------------------------------------------- */

/* Every contact that is there, that of first before the others; keys are the caller's to free. */
static size_t read_all(const struct ask *k, const json_t *result, struct binding **out,
		       struct strbuf **keys)
{
	const json_t *list = json_object_get(result, "Contacts"), *c;
	const struct binding *first = k->all[0];
	struct slice number, table = opensips_key_table(first->key, &number);
	size_t n = 0, i, size = json_array_size(list);

	*out = xcalloc(size + 1, sizeof(**out));
	*keys = xcalloc(size + 1, sizeof(**keys));
	json_array_foreach((json_t *)(uintptr_t)list, i, c)
	{
		struct binding *b = &(*out)[n], was_first = (*out)[0];
		struct strbuf *key = &(*keys)[n];

		if (!read_contact(k, c, first, b))
			continue;
		if (number.n < first->key.n && !slice_eq(b->key, first->key)) {
			strbuf_add_slice(key, table);
			strbuf_add_char(key, ':');
			strbuf_add_slice(key, b->key);
			b->key = strbuf_slice(key);
		}
		if (n > 0 && slice_eq(b->key, first->key)) {
			(*out)[0] = *b;
			*b = was_first;
		}
		n++;
	}
	return n;
}

/* Each that was shown is there, unchanged. */
static bool all_unchanged(const struct ask *k, const struct binding *now, size_t n)
{
	for (size_t i = 0; i < k->n; i++) {
		size_t at = 0;

		while (at < n && !slice_eq(now[at].key, k->all[i]->key))
			at++;
		if (at == n || !slice_eq(now[at].contact, k->all[i]->contact) ||
		    !slice_eq(now[at].call_id, k->all[i]->call_id) ||
		    now[at].cseq != k->all[i]->cseq)
			return false;
	}
	return n == k->n;
}

static void take_aor(struct ask *k, const json_t *result)
{
	struct strbuf *keys;
	struct binding *all;
	size_t n = read_all(k, result, &all, &keys);
	bool same = all_unchanged(k, all, n);
	struct err e;

	if (n == 0) {
		err_set(&e, -ENOENT, NULL, "OpenSIPS no longer has contacts of this AoR.");
		ask_end(k, SOURCE_GONE, NULL, &e);
	} else if (k->what == ASK_AOR) {
		k->aor_fn(k->ctx, SOURCE_DONE, all, n, NULL);
		ask_free(k);
	} else if (!same) {
		err_set(&e, -ESTALE, NULL,
			"A contact of this AoR was refreshed, replaced or added.");
		ask_end(k, SOURCE_CHANGED, NULL, &e);
	} else {
		control_call(k->asker->control, "ul_rm", opensips_parameters(k->all[0], false),
			     on_removed, k);
	}
	for (size_t i = 0; i < n; i++)
		strbuf_free(&keys[i]);
	free(keys);
	free(all);
}

/* ---- asking ---------------------------------------------------------------------------------- */

static bool removes(const struct ask *k)
{
	return k->what == REMOVE_ONE || k->what == REMOVE_AOR;
}

static void on_shown(void *ctx, const struct control_reply *r)
{
	struct ask *k = ctx;

	if (k->asker->closing)
		ask_end(k, SOURCE_NO_ANSWER, NULL, &r->e);
	else if (r->outcome == CONTROL_RESULT && (k->what == ASK_AOR || k->what == REMOVE_AOR))
		take_aor(k, r->result);
	else if (r->outcome == CONTROL_RESULT)
		take_one(k, r->result);
	else if (r->outcome == CONTROL_FAULT)
		ask_end(k, opensips_says_gone(r) ? SOURCE_GONE : SOURCE_REFUSED, NULL, &r->e);
	else
		/* Before a removal the outcome is known: nothing was touched. */
		ask_end(k, removes(k) ? SOURCE_REFUSED : SOURCE_NO_ANSWER, NULL, &r->e);
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

static struct ask *ask_new(struct opensips_asker *a, enum what what,
			   const struct binding *const *all, size_t n, void *ctx)
{
	struct ask *k = xcalloc(1, sizeof(*k));

	k->asker = a;
	k->what = what;
	k->all = xcalloc(n, sizeof(struct binding *));
	k->n = n;
	for (size_t i = 0; i < n; i++)
		k->all[i] = binding_copy(all[i]);
	k->ctx = ctx;
	return k;
}

static void ask_begin(struct ask *k)
{
	struct opensips_asker *a = k->asker;
	json_t *both = opensips_parameters(k->all[0], true);

	if (both && a->control) {
		json_decref(both);
		control_call(a->control, "ul_show_contact", opensips_parameters(k->all[0], false),
			     on_shown, k);
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
	struct ask *k = ask_new(a, ASK_ONE, &b, 1, ctx);

	k->fn = fn;
	ask_begin(k);
}

void opensips_remove(struct opensips_asker *a, const struct binding *b, source_answer_fn *fn,
		     void *ctx)
{
	struct ask *k = ask_new(a, REMOVE_ONE, &b, 1, ctx);

	k->fn = fn;
	ask_begin(k);
}

void opensips_ask_aor(struct opensips_asker *a, const struct binding *b, source_aor_fn *fn,
		      void *ctx)
{
	struct ask *k = ask_new(a, ASK_AOR, &b, 1, ctx);

	k->aor_fn = fn;
	ask_begin(k);
}

void opensips_remove_aor(struct opensips_asker *a, const struct binding *const *all, size_t n,
			 source_answer_fn *fn, void *ctx)
{
	struct ask *k = ask_new(a, REMOVE_AOR, all, n, ctx);

	k->fn = fn;
	ask_begin(k);
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
