/* Asks Kamailio for one binding and removes it: by its control socket, or in the table. */
#include "source/kamailio_ask.h"

#include <errno.h>
#include <stdlib.h>
#include "base/alloc.h"
#include "base/text.h"
#include "loop/worker.h"
#include "source/kamailio_contact.h"
#include "source/rpc/control.h"
#include "source/sql/location_db.h"

static const char *const usual_places[] = {
	"unix:/run/kamailio/kamailio_rpc.sock",
	"unix:/var/run/kamailio/kamailio_rpc.sock",
};

struct kamailio_asker {
	struct loop *loop;
	const struct clock *clock;
	char *db_path;
	bool by_table;
	bool find;               /* look for the usual places */
	struct control *control; /* NULL: none found */
	struct worker *worker;   /* for the table; started when first needed */
	struct location_db *db;  /* the worker's, for the table */
	bool closing;
	char refused[700];
};

/* One question, from the call to its answer. */
struct ask {
	struct kamailio_asker *asker;
	struct binding *b; /* as it was shown */
	bool remove;
	source_answer_fn *fn;
	void *ctx;
	/* By the table: filled on the worker. */
	struct location_batch *found;
	unsigned deleted;
	int rc;
	struct err e;
};

static struct ask *ask_new(struct kamailio_asker *a, const struct binding *b, bool remove,
			   source_answer_fn *fn, void *ctx)
{
	struct ask *k = xcalloc(1, sizeof(*k));

	k->asker = a;
	k->b = b ? binding_copy(b) : NULL;
	k->remove = remove;
	k->fn = fn;
	k->ctx = ctx;
	return k;
}

static void ask_end(struct ask *k, enum source_answer answer, const struct binding *now,
		    const struct err *e)
{
	if (!k->asker->closing)
		k->fn(k->ctx, answer, now, e);
	location_batch_free(k->found);
	free(k->b);
	free(k);
}

/* ---- by the control socket ------------------------------------------------------------------- */

static bool unchanged(const struct binding *now, const struct binding *shown)
{
	return slice_eq(now->contact, shown->contact) && slice_eq(now->call_id, shown->call_id) &&
	       (slice_empty(shown->ruid) || slice_eq(now->ruid, shown->ruid)) &&
	       now->cseq == shown->cseq && now->expires_s == shown->expires_s;
}

static bool says_gone(const struct control_reply *r)
{
	struct slice words = slice_of(r->fault);

	return slice_find_icase(words, SLICE_LIT("AOR not found")) >= 0 ||
	       slice_find_icase(words, SLICE_LIT("AOR has no contacts")) >= 0;
}

/* [ "location", AoR (, contact) ]; NULL when one of them is not UTF-8. */
static json_t *parameters(const struct binding *b, bool with_contact)
{
	struct strbuf aor = STRBUF_INIT;
	json_t *list = json_array(), *text;

	binding_add_aor(b, &aor);
	json_array_append_new(list, json_string("location"));
	text = json_stringn(strbuf_str(&aor), aor.n);
	strbuf_free(&aor);
	if (text && json_array_append_new(list, text) == 0 && !with_contact)
		return list;
	if (text) {
		text = json_stringn(b->contact.p ? b->contact.p : "", b->contact.n);
		if (text && json_array_append_new(list, text) == 0)
			return list;
	}
	json_decref(list);
	return NULL;
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
		if (says_gone(r)) {
			ask_end(k, SOURCE_GONE, NULL, &e);
			return;
		}
		/* It was there a moment ago: usrloc looks a contact up with a made-up Call-ID,
		 * which fits only with matching_mode 0 (facts/kamailio-opensips 2). */
		if (slice_find_icase(slice_of(r->fault), SLICE_LIT("Contact not found")) >= 0)
			err_set(&e, -EPERM,
				"regtop does not remove what was not chosen; kamcmd ul.rm would "
				"take "
				"every contact of this AoR.",
				"Kamailio cannot remove one contact alone (usrloc's matching_mode "
				"is "
				"not 0): only the whole AoR could go.");
		ask_end(k, SOURCE_REFUSED, NULL, &e);
		return;
	case CONTROL_NOT_SENT:
		ask_end(k, SOURCE_REFUSED, NULL, &e);
		return;
	case CONTROL_NO_ANSWER:
		break;
	}
	ask_end(k, SOURCE_NO_ANSWER, NULL, &e);
}

static void remove_found(struct ask *k, const struct kamailio_found *l, const struct binding *now)
{
	struct err e;

	if (!unchanged(now, k->b)) {
		err_set(&e, -ESTALE, NULL, "It was refreshed or replaced meanwhile.");
		ask_end(k, SOURCE_CHANGED, now, &e);
	} else if (l->same_uri > 1) {
		err_set(&e, -EPERM, "ul.rm_contact names a contact by its URI alone.",
			"%u contacts of this AoR have this very URI, so not one alone can go.",
			l->same_uri);
		ask_end(k, SOURCE_REFUSED, NULL, &e);
	} else {
		control_call(k->asker->control, "ul.rm_contact", parameters(k->b, true), on_removed,
			     k);
	}
}

static void on_lookup_result(struct ask *k, const struct control_reply *r)
{
	struct kamailio_found l = kamailio_contact_find(r->result, k->b);
	struct strbuf node = STRBUF_INIT;
	struct binding now;
	struct err e;

	if (!l.contact ||
	    !kamailio_contact_read(l.contact, k->b, clock_wall_s(k->asker->clock), &node, &now)) {
		err_set(&e, -ENOENT, NULL, "Kamailio no longer has this contact.");
		ask_end(k, SOURCE_GONE, NULL, &e);
	} else if (k->remove) {
		remove_found(k, &l, &now);
	} else {
		ask_end(k, SOURCE_DONE, &now, NULL);
	}
	strbuf_free(&node);
}

static void on_lookup(void *ctx, const struct control_reply *r)
{
	struct ask *k = ctx;

	if (k->asker->closing)
		ask_end(k, SOURCE_NO_ANSWER, NULL, &r->e);
	else if (r->outcome == CONTROL_RESULT)
		on_lookup_result(k, r);
	else if (r->outcome == CONTROL_FAULT)
		ask_end(k, says_gone(r) ? SOURCE_GONE : SOURCE_REFUSED, NULL, &r->e);
	else
		/* Before a removal the outcome is known: nothing was touched. */
		ask_end(k, k->remove ? SOURCE_REFUSED : SOURCE_NO_ANSWER, NULL, &r->e);
}

/* ---- by the table ---------------------------------------------------------------------------- */

static void run_table(void *arg)
{
	struct ask *k = arg;
	struct kamailio_asker *a = k->asker;

	if (k->remove)
		k->rc = a->db->ops->remove(a->db, k->b, &k->deleted, &k->e);
	/* Also after a removal of nothing: is it gone, or has it changed? */
	if (k->rc == 0 && k->deleted == 0) {
		k->found = location_batch_new();
		k->rc = a->db->ops->read_one(a->db, k->b, k->found, &k->e);
	}
}

static void done_table(void *arg)
{
	struct ask *k = arg;
	const struct binding *now = k->found && k->found->count ? &k->found->rows[0] : NULL;

	if (k->rc < 0) {
		ask_end(k, k->remove ? SOURCE_REFUSED : SOURCE_NO_ANSWER, NULL, &k->e);
	} else if (k->remove && k->deleted) {
		ask_end(k, SOURCE_DONE, NULL, NULL);
	} else if (!now) {
		err_set(&k->e, -ENOENT, NULL, "The table no longer has this row.");
		ask_end(k, SOURCE_GONE, NULL, &k->e);
	} else if (k->remove) {
		err_set(&k->e, -ESTALE, NULL, "The row was refreshed or replaced meanwhile.");
		ask_end(k, SOURCE_CHANGED, now, &k->e);
	} else {
		ask_end(k, SOURCE_DONE, now, NULL);
	}
}

static struct worker *worker_of(struct kamailio_asker *a)
{
	if (!a->worker)
		a->worker = worker_start(a->loop, "kamailio-ask");
	return a->worker;
}

static void submit_table(struct ask *k)
{
	worker_submit(worker_of(k->asker), run_table, done_table, k);
}

/* ---- the door -------------------------------------------------------------------------------- */

/* An answer never comes from inside the question; the worker's way back also waits for the end of
 * the asker. */
static void run_nothing(void *arg)
{
	(void)arg;
}

static void done_refused(void *arg)
{
	struct ask *k = arg;

	ask_end(k, SOURCE_REFUSED, NULL, &k->e);
}

static void refuse(struct ask *k)
{
	worker_submit(worker_of(k->asker), run_nothing, done_refused, k);
}

void kamailio_asker_say_no(struct kamailio_asker *a, const struct err *why, source_answer_fn *fn,
			   void *ctx)
{
	struct ask *k = ask_new(a, NULL, false, fn, ctx);

	k->e = *why;
	refuse(k);
}

static void lookup_by_rpc(struct ask *k)
{
	json_t *params = parameters(k->b, false), *both = parameters(k->b, true);

	json_decref(both);
	if (params && both) {
		control_call(k->asker->control, "ul.lookup", params, on_lookup, k);
		return;
	}
	json_decref(params);
	err_set(&k->e, -EILSEQ, NULL,
		"AoR or contact is not UTF-8 text, which the control socket cannot carry.");
	refuse(k);
}

void kamailio_ask(struct kamailio_asker *a, const struct binding *b, source_answer_fn *fn,
		  void *ctx)
{
	struct ask *k = ask_new(a, b, false, fn, ctx);

	if (a->control)
		lookup_by_rpc(k);
	else
		submit_table(k);
}

void kamailio_remove(struct kamailio_asker *a, const struct binding *b, source_answer_fn *fn,
		     void *ctx)
{
	struct ask *k = ask_new(a, b, true, fn, ctx);

	if (a->by_table) {
		submit_table(k);
	} else if (a->control) {
		lookup_by_rpc(k);
	} else {
		err_set(&k->e, -EPERM, NULL, "%s", "No control socket of Kamailio is known.");
		refuse(k);
	}
}

/* ---- finding the control --------------------------------------------------------------------- */

/* Only while nothing is known: what was found stays the one. */
static void find_control(struct kamailio_asker *a)
{
	for (size_t i = 0;
	     a->find && !a->control && i < sizeof(usual_places) / sizeof(*usual_places); i++) {
		struct err e = ERR_NONE;

		a->control = control_new(a->loop, CONTROL_KAMAILIO, usual_places[i], 0, &e);
		if (a->control && control_check(a->control, &e) == -ENOENT) {
			control_free(a->control);
			a->control = NULL;
		}
	}
}

void kamailio_asker_look(struct kamailio_asker *a)
{
	struct err e = ERR_NONE;

	if (a->by_table)
		return;
	find_control(a);
	if (!a->control && !a->find) {
		slice_to_buf(SLICE_LIT("No control is given for it: say control=unix:PATH or "
				       "http://ADDRESS:PORT/RPC in "
				       "its section of the configuration file."),
			     a->refused, sizeof(a->refused));
	} else if (!a->control) {
		err_set(&e, -ENOENT, NULL,
			"No control socket of Kamailio was found: name it with --control "
			"unix:PATH or http://ADDRESS:PORT/RPC, or say --control table when the "
			"table is the truth (db_mode 3).");
		slice_to_buf(slice_of(e.what), a->refused, sizeof(a->refused));
	} else if (control_check(a->control, &e) < 0) {
		struct strbuf words = STRBUF_INIT;

		strbuf_addf(&words, "%s %s", e.what, e.hint);
		slice_to_buf(slice_trim(strbuf_slice(&words)), a->refused, sizeof(a->refused));
		strbuf_free(&words);
	} else {
		a->refused[0] = '\0';
	}
}

const char *kamailio_asker_refused(const struct kamailio_asker *a)
{
	return a->refused[0] ? a->refused : NULL;
}

void kamailio_asker_how(const struct kamailio_asker *a, struct strbuf *out)
{
	if (a->by_table) {
		strbuf_add_str(out, "DELETE of its row in ");
		if (location_db_is_server(a->db_path)) {
			char name[200];

			location_db_name(a->db_path, name, sizeof(name));
			strbuf_add_str(out, name);
		} else {
			text_clean(slice_of(a->db_path), false, out);
		}
	} else {
		strbuf_add_str(out, "ul.rm_contact on ");
		text_clean(slice_of(a->control ? control_place(a->control) : "?"), false, out);
	}
}

static int take_control(struct kamailio_asker *a, const char *control, struct err *e)
{
	struct strbuf words = STRBUF_INIT;

	if (strcmp(control, "table") == 0) {
		a->by_table = true;
		a->db = location_db_open(a->db_path, e);
		return a->db ? 0 : e->code;
	}
	a->control = control_new(a->loop, CONTROL_KAMAILIO, control, 0, e);
	if (a->control)
		return 0;
	strbuf_addf(&words, "%s Or say table: the table is the truth (db_mode 3).", e->hint);
	slice_to_buf(strbuf_slice(&words), e->hint, sizeof(e->hint));
	strbuf_free(&words);
	return e->code;
}

struct kamailio_asker *kamailio_asker_new(struct loop *l, const struct clock *c, const char *db,
					  const char *control, bool find, struct err *e)
{
	struct kamailio_asker *a = xcalloc(1, sizeof(*a));

	a->loop = l;
	a->clock = c;
	a->db_path = xstrdup(db);
	a->find = find;
	if (control && take_control(a, control, e) < 0) {
		kamailio_asker_free(a);
		return NULL;
	}
	kamailio_asker_look(a);
	return a;
}

void kamailio_asker_free(struct kamailio_asker *a)
{
	if (!a)
		return;
	a->closing = true;
	control_free(a->control);
	worker_stop(a->worker);
	location_db_close(a->db);
	free(a->db_path);
	free(a);
}
