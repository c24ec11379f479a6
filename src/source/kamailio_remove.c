/* Removes from Kamailio: one contact, an AoR whose contacts cannot go one by one, a row that is
 * left. */
#include <errno.h>
#include <stdlib.h>
#include "base/alloc.h"
#include "base/text.h"
#include "source/kamailio_ask_state.h"
#include "source/kamailio_contact.h"

/* Something failed in the middle: while the database is away Kamailio forgets a contact, cannot
 * delete its row, and says this. */
#define FAULT_INTERNAL 500

/* ---- one contact ----------------------------------------------------------------------------- */

static bool fault_says(const struct control_reply *r, const char *words)
{
	return slice_find_icase(slice_of(r->fault), slice_of(words)) >= 0;
}

/* The end of a command that takes something away. */
static void on_command(void *ctx, const struct control_reply *r)
{
	struct ask *k = ctx;
	struct err e = r->e;

	switch (r->outcome) {
	case CONTROL_RESULT:
		err_clear(&e);
		if (k->verb == ASK_REMOVE && k->refused_alone)
			err_set(&e, 0, NULL,
				"by ul.rm of its AoR, which held no other contact: ul.rm_contact "
				"does not work with Kamailio's matching_mode");
		else if (k->verb == ASK_REMOVE_AOR)
			err_set(&e, 0, NULL, "by ul.rm, with every contact of its AoR");
		else
			k->asker->alone_refused = false;
		ask_end(k, SOURCE_DONE, NULL, e.what[0] ? &e : NULL);
		return;
	case CONTROL_FAULT:
		if (ask_says_gone(r)) {
			ask_end(k, SOURCE_GONE, NULL, &e);
		} else if (k->verb == ASK_REMOVE && !k->refused_alone &&
			   fault_says(r, "Contact not found")) {
			/* It was there a moment ago. Is it gone, or did usrloc, which looks for
			 * it with a made-up Call-ID, not find what is there? (facts 2) */
			k->refused_alone = true;
			ask_lookup(k);
		} else if (r->fault_code == FAULT_INTERNAL) {
			err_set(&e, -EREMOTEIO, NULL, "%d %s", r->fault_code, r->fault);
			ask_end(k, SOURCE_NO_ANSWER, NULL, &e);
		} else {
			ask_end(k, SOURCE_REFUSED, NULL, &e);
		}
		return;
	case CONTROL_NOT_SENT:
		ask_end(k, SOURCE_REFUSED, NULL, &e);
		return;
	case CONTROL_NO_ANSWER:
		break;
	}
	ask_end(k, SOURCE_NO_ANSWER, NULL, &e);
}

/* A contact that is listed to be cleared away is no contact any more: calls do not go there. */
static bool read_contact(const struct ask *k, const json_t *item, const struct binding *shown,
			 struct strbuf *node, struct binding *out)
{
	return kamailio_contact_read(json_object_get(item, "Contact"), shown,
				     clock_wall_s(k->asker->clock), node, out);
}

static size_t count_contacts(const struct ask *k, const json_t *result)
{
	const json_t *list = json_object_get(result, "Contacts"), *item;
	size_t i, n = 0;

	json_array_foreach((json_t *)(uintptr_t)list, i, item)
	{
		struct strbuf node = STRBUF_INIT;
		struct binding b;

		n += read_contact(k, item, k->b, &node, &b);
		strbuf_free(&node);
	}
	return n;
}

/* Two contacts with one URI, or a matching_mode that ul.rm_contact does not work with. */
static void remove_not_alone(struct ask *k, size_t contacts, unsigned same_uri)
{
	struct err e;

	if (same_uri < 2 && contacts == 1) {
		/* Now and not later: what registers meanwhile would go, too. */
		control_call(k->asker->control, "ul.rm",
			     ask_parameters(k->asker, k->b, false, NULL), on_command, k);
		return;
	}
	if (same_uri > 1)
		err_set(&e, -EPERM, NULL,
			"%u contacts of this AoR have this very URI, and Kamailio's ul.rm_contact "
			"names a contact by its URI alone: only the whole AoR, %zu contacts, can "
			"go.",
			same_uri, contacts);
	else
		err_set(&e, -EPERM, NULL,
			"Kamailio cannot remove one contact alone (its matching_mode is not 0): "
			"only the whole AoR, %zu contacts, can go.",
			contacts);
	ask_end(k, SOURCE_WHOLE_AOR, NULL, &e);
}

static void remove_contact(struct ask *k, const json_t *result)
{
	struct kamailio_found l = kamailio_contact_find(result, k->b);
	struct strbuf node = STRBUF_INIT;
	struct binding now;
	struct err e;

	if (!l.contact ||
	    !kamailio_contact_read(l.contact, k->b, clock_wall_s(k->asker->clock), &node, &now)) {
		ask_unknown(k, UNKNOWN_CONTACT);
	} else if (!ask_unchanged(&now, k->b)) {
		err_set(&e, -ESTALE, NULL, "It was refreshed or replaced meanwhile.");
		ask_end(k, SOURCE_CHANGED, &now, &e);
	} else if (k->refused_alone || l.same_uri > 1) {
		k->asker->alone_refused |= k->refused_alone;
		remove_not_alone(k, count_contacts(k, result), l.same_uri);
	} else {
		control_call(k->asker->control, "ul.rm_contact",
			     ask_parameters(k->asker, k->b, true, NULL), on_command, k);
	}
	strbuf_free(&node);
}

/* ---- the whole AoR --------------------------------------------------------------------------- */

/* The one that was asked about stands first: it says at which node the AoR is to be removed. */
static void put_first(const struct binding *b, struct binding *all, size_t n)
{
	for (size_t i = 1; i < n && b->ruid.n; i++) {
		struct binding first = all[0];

		if (!slice_eq(all[i].ruid, b->ruid))
			continue;
		all[0] = all[i];
		all[i] = first;
		return;
	}
}

static void list_aor(struct ask *k, const json_t *result)
{
	const json_t *list = json_object_get(result, "Contacts"), *item;
	struct binding nobody = {.user = k->b->user, .domain = k->b->domain};
	size_t i, n = 0, cap = json_array_size(list);
	struct binding *all = xcalloc(cap + 1, sizeof(*all));
	struct strbuf *nodes = xcalloc(cap + 1, sizeof(*nodes));
	source_aor_fn *fn = k->aor_fn;

	json_array_foreach((json_t *)(uintptr_t)list, i, item) n +=
		read_contact(k, item, &nobody, &nodes[i], &all[n]);
	put_first(k->b, all, n);
	if (n > 0) {
		fn(k->ctx, SOURCE_DONE, all, n, NULL);
		k->aor_fn = NULL;
		k->fn = NULL;
	}
	for (i = 0; i < cap; i++)
		strbuf_free(&nodes[i]);
	free(nodes);
	free(all);
	if (n == 0)
		ask_unknown(k, UNKNOWN_CLEARING);
	else
		ask_free(k);
}

/* Is the contact one of those that were shown, and unchanged? Told by its ruid. */
static bool was_shown(const struct ask *k, const json_t *item)
{
	for (size_t i = 0; i < k->count; i++) {
		struct strbuf node = STRBUF_INIT;
		struct binding now;
		bool same = read_contact(k, item, k->all[i], &node, &now) &&
			    ask_unchanged(&now, k->all[i]);

		strbuf_free(&node);
		if (same)
			return true;
	}
	return false;
}

static void remove_aor(struct ask *k, const json_t *result)
{
	const json_t *list = json_object_get(result, "Contacts"), *item;
	size_t i, n = 0, shown = 0;
	struct err e;

	json_array_foreach((json_t *)(uintptr_t)list, i, item)
	{
		struct strbuf node = STRBUF_INIT;
		struct binding b;

		n += read_contact(k, item, k->b, &node, &b);
		strbuf_free(&node);
		shown += was_shown(k, item);
	}
	if (n == 0) {
		ask_unknown(k, UNKNOWN_CLEARING);
	} else if (n != k->count) {
		err_set(&e, -ESTALE, NULL, "The AoR holds %zu contacts now, %zu were shown.", n,
			k->count);
		ask_end(k, SOURCE_CHANGED, NULL, &e);
	} else if (shown != k->count) {
		err_set(&e, -ESTALE, NULL,
			"A contact of the AoR was refreshed or replaced meanwhile.");
		ask_end(k, SOURCE_CHANGED, NULL, &e);
	} else {
		control_call(k->asker->control, "ul.rm",
			     ask_parameters(k->asker, k->b, false, NULL), on_command, k);
	}
}

void remove_listed(struct ask *k, const json_t *result)
{
	switch (k->verb) {
	case ASK_LOOK:
	case ASK_LOOK_MEMORY:
	case ASK_REMOVE:
		remove_contact(k, result);
		return;
	case ASK_LIST_AOR:
		list_aor(k, result);
		return;
	case ASK_REMOVE_AOR:
		remove_aor(k, result);
		return;
	case ASK_REMOVE_ROW:
		break;
	}
	if (kamailio_contact_find(result, k->b).by_ruid) {
		err_set(&k->e, -ESTALE, NULL, "Kamailio's memory knows it again: calls go there.");
		ask_end(k, SOURCE_CHANGED, NULL, &k->e);
		return;
	}
	ask_unknown(k, UNKNOWN_CONTACT);
}

/* ---- a row that is left ---------------------------------------------------------------------- */

int64_t remove_watch_row(struct kamailio_asker *a, const struct binding *b)
{
	int64_t now_ms = clock_mono_ms(a->clock);
	struct watched_row *oldest = &a->watched[0];

	for (size_t i = 0; i < WATCHED_ROWS; i++) {
		struct watched_row *w = &a->watched[i];

		if (w->ruid[0] && slice_eq_str(b->ruid, w->ruid))
			return now_ms - w->since_ms;
		if (!w->ruid[0] || (oldest->ruid[0] && w->since_ms < oldest->since_ms))
			oldest = w;
	}
	slice_to_buf(b->ruid, oldest->ruid, sizeof(oldest->ruid));
	oldest->since_ms = now_ms;
	return 0;
}

void remove_unwatch_row(struct kamailio_asker *a, const struct binding *b)
{
	for (size_t i = 0; i < WATCHED_ROWS; i++)
		if (a->watched[i].ruid[0] && slice_eq_str(b->ruid, a->watched[i].ruid))
			a->watched[i].ruid[0] = '\0';
}

static void done_delete(void *arg)
{
	struct ask *k = arg;

	if (k->rc < 0) {
		ask_end(k, ask_table_failed(k), NULL, &k->e);
	} else if (k->deleted) {
		err_set(&k->e, 0, NULL, "its row, which memory did not know");
		ask_end(k, SOURCE_DONE, NULL, &k->e);
	} else if (k->found->count == 0) {
		err_set(&k->e, -ENOENT, NULL, "The row is gone from the table.");
		ask_end(k, SOURCE_GONE, NULL, &k->e);
	} else {
		err_set(&k->e, -ESTALE, NULL, "The row was refreshed or replaced meanwhile.");
		ask_end(k, SOURCE_CHANGED, &k->found->rows[0], &k->e);
	}
}

void remove_unknown_row(struct ask *k)
{
	struct err e;

	if (k->how == UNKNOWN_AOR || (k->how == UNKNOWN_CONTACT &&
				      remove_watch_row(k->asker, k->b) >= KAMAILIO_WRITE_BACK_MS)) {
		location_batch_free(k->found);
		k->found = NULL;
		k->deleting = true;
		ask_table(k, done_delete);
		return;
	}
	if (k->how == UNKNOWN_CLEARING)
		err_set(&e, -EAGAIN, NULL, "Kamailio's own timer is about to take the row away.");
	else
		err_set(&e, -EAGAIN, NULL,
			"Kamailio's own timer may be about to take the row away (db_mode 2); "
			"after %d s it was not.",
			KAMAILIO_WRITE_BACK_MS / 1000);
	ask_end(k, SOURCE_REFUSED, NULL, &e);
}

/* ---- the verbs ------------------------------------------------------------------------------- */

static void ask_control(struct ask *k)
{
	if (k->asker->control) {
		ask_lookup(k);
		return;
	}
	err_set(&k->e, -EPERM, NULL, "No control socket of Kamailio is known.");
	ask_refuse_later(k);
}

void kamailio_remove(struct kamailio_asker *a, const struct binding *b, source_answer_fn *fn,
		     void *ctx)
{
	struct ask *k = ask_new(a, ASK_REMOVE, b, fn, ctx);

	if (a->by_table)
		ask_truth(k, true);
	else
		ask_control(k);
}

void kamailio_ask_aor(struct kamailio_asker *a, const struct binding *b, source_aor_fn *fn,
		      void *ctx)
{
	struct ask *k = ask_new(a, ASK_LIST_AOR, b, NULL, ctx);

	k->aor_fn = fn;
	ask_control(k);
}

void kamailio_remove_aor(struct kamailio_asker *a, const struct binding *const *all, size_t n,
			 source_answer_fn *fn, void *ctx)
{
	struct ask *k = ask_new(a, ASK_REMOVE_AOR, all[0], fn, ctx);

	k->all = xcalloc(n, sizeof(*k->all));
	for (; k->count < n; k->count++)
		k->all[k->count] = binding_copy(all[k->count]);
	ask_control(k);
}

void kamailio_remove_row(struct kamailio_asker *a, const struct binding *b, source_answer_fn *fn,
			 void *ctx)
{
	struct ask *k = ask_new(a, ASK_REMOVE_ROW, b, fn, ctx);

	if (a->db) {
		ask_control(k);
		return;
	}
	err_set(&k->e, -EPERM, NULL, "No table is known that a row could be left in.");
	ask_refuse_later(k);
}

/* ---- how it is done, for the plan ------------------------------------------------------------ */

static void add_control(const struct kamailio_asker *a, struct strbuf *out)
{
	text_clean(slice_of(a->control ? control_place(a->control) : "?"), false, out);
}

static void add_delete(const struct kamailio_asker *a, struct strbuf *out)
{
	char name[200];

	strbuf_add_str(out, "DELETE of its row in ");
	if (location_db_is_server(a->db_path)) {
		location_db_name(a->db_path, name, sizeof(name));
		strbuf_add_str(out, name);
	} else {
		text_clean(slice_of(a->db_path), false, out);
	}
}

void kamailio_asker_how(const struct kamailio_asker *a, struct strbuf *out)
{
	if (a->by_table) {
		add_delete(a, out);
		return;
	}
	strbuf_add_str(out, "ul.rm_contact on ");
	add_control(a, out);
	if (a->alone_refused)
		strbuf_add_str(out, ", which has not found a contact that was there: one of "
				    "several cannot go alone");
}

void kamailio_asker_aor_how(const struct kamailio_asker *a, struct strbuf *out)
{
	strbuf_add_str(out, "ul.rm on ");
	add_control(a, out);
	strbuf_add_str(out, " takes every contact of the AoR at once");
}

void kamailio_asker_row_how(const struct kamailio_asker *a, struct strbuf *out)
{
	add_delete(a, out);
	/* Kamailio gives up at once when it finds the file locked (facts 1.5). */
	if (!location_db_is_server(a->db_path))
		strbuf_add_str(out, "; a phone that registers at that very instant may get a 500");
}
