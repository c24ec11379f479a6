/* Asks Kamailio for one binding: what its memory knows, and what its table still has. */
#include <errno.h>
#include <stdlib.h>
#include "base/alloc.h"
#include "base/text.h"
#include "source/kamailio_ask_state.h"
#include "source/kamailio_contact.h"
#include "source/kamailio_owner.h"
#include "source/kamailio_places.h"

#define USUAL_TABLE "location"

struct ask *ask_new(struct kamailio_asker *a, enum ask_verb verb, const struct binding *b,
		    source_answer_fn *fn, void *ctx)
{
	struct ask *k = xcalloc(1, sizeof(*k));

	k->asker = a;
	k->verb = verb;
	k->b = b ? binding_copy(b) : NULL;
	k->fn = fn;
	k->ctx = ctx;
	return k;
}

void ask_free(struct ask *k)
{
	location_batch_free(k->found);
	for (size_t i = 0; i < k->count; i++)
		free(k->all[i]);
	free(k->all);
	free(k->other);
	free(k->b);
	free(k);
}

void ask_end(struct ask *k, enum source_answer answer, const struct binding *now,
	     const struct err *e)
{
	if (!k->asker->closing && k->aor_fn)
		k->aor_fn(k->ctx, answer, NULL, 0, e);
	else if (!k->asker->closing)
		k->fn(k->ctx, answer, now, e);
	ask_free(k);
}

static struct worker *worker_of(struct kamailio_asker *a)
{
	if (!a->worker)
		a->worker = worker_start(a->loop, "kamailio-ask");
	return a->worker;
}

/* The worker's way back waits for the end of the asker, too. */
static void run_nothing(void *arg)
{
	(void)arg;
}

static void done_refused(void *arg)
{
	struct ask *k = arg;

	ask_end(k, SOURCE_REFUSED, NULL, &k->e);
}

void ask_refuse_later(struct ask *k)
{
	worker_submit(worker_of(k->asker), run_nothing, done_refused, k);
}

void kamailio_asker_say_no(struct kamailio_asker *a, const struct err *why, source_answer_fn *fn,
			   void *ctx)
{
	struct ask *k = ask_new(a, ASK_LOOK, NULL, fn, ctx);

	k->e = *why;
	ask_refuse_later(k);
}

void kamailio_asker_say_no_aor(struct kamailio_asker *a, const struct err *why, source_aor_fn *fn,
			       void *ctx)
{
	struct ask *k = ask_new(a, ASK_LIST_AOR, NULL, NULL, ctx);

	k->aor_fn = fn;
	k->e = *why;
	ask_refuse_later(k);
}

/* ---- by the table ---------------------------------------------------------------------------- */

static void run_table(void *arg)
{
	struct ask *k = arg;
	struct location_db *db = k->asker->db;

	if (k->deleting)
		k->rc = db->ops->remove(db, k->b, &k->deleted, &k->e);
	/* Also after a removal of nothing: is it gone, or has it changed? */
	if (k->rc == 0 && k->deleted == 0) {
		k->found = location_batch_new();
		k->rc = db->ops->read_one(db, k->b, k->found, &k->e);
	}
}

void ask_table(struct ask *k, void (*done)(void *ask))
{
	worker_submit(worker_of(k->asker), run_table, done, k);
}

static const struct binding *table_row(const struct ask *k)
{
	return k->found && k->found->count ? &k->found->rows[0] : NULL;
}

/* Before a removal an error leaves the row as it is. */
enum source_answer ask_table_failed(const struct ask *k)
{
	return k->deleting && k->rc != -EINPROGRESS ? SOURCE_REFUSED : SOURCE_NO_ANSWER;
}

static void done_truth(void *arg)
{
	struct ask *k = arg;
	const struct binding *now = table_row(k);

	if (k->rc < 0) {
		ask_end(k, ask_table_failed(k), NULL, &k->e);
	} else if (k->deleted) {
		ask_end(k, SOURCE_DONE, NULL, NULL);
	} else if (!now) {
		err_set(&k->e, -ENOENT, NULL, "The table no longer has this row.");
		ask_end(k, SOURCE_GONE, NULL, &k->e);
	} else if (k->deleting) {
		err_set(&k->e, -ESTALE, NULL, "The row was refreshed or replaced meanwhile.");
		ask_end(k, SOURCE_CHANGED, now, &k->e);
	} else {
		ask_end(k, SOURCE_DONE, now, NULL);
	}
}

/* In db_mode 3. */
void ask_truth(struct ask *k, bool delete)
{
	k->deleting = delete;
	ask_table(k, done_truth);
}

/* ---- what memory does not know --------------------------------------------------------------- */

/* Memory does not know it, and the table still has its row, which the node wrote. */
static void answer_own_row(struct ask *k)
{
	struct err e;

	if (k->verb == ASK_REMOVE_ROW) {
		remove_unknown_row(k);
		return;
	}
	if (k->how == UNKNOWN_AOR)
		err_set(&e, -ENOENT, NULL,
			"Kamailio's memory does not know it: only its row is left in the table.");
	else
		err_set(&e, -EAGAIN, NULL,
			"Kamailio's memory does not know it; its row is left in the table, where "
			"the timer of db_mode 2 may still take it away.");
	if (k->how == UNKNOWN_CONTACT)
		remove_watch_row(k->asker, table_row(k));
	ask_end(k, SOURCE_GONE, table_row(k), &e);
}

static void refuse_foreign(struct ask *k, const struct control_reply *r)
{
	static const char hint[] = "Ask the node that took the REGISTER: name its control.";
	const struct binding *row = table_row(k);
	char socket[96], node[24];
	struct err e;

	text_clean_buf(row->socket, socket, sizeof(socket));
	text_clean_buf(row->node, node, sizeof(node));
	if (r->outcome != CONTROL_RESULT)
		err_set(&e, KAMAILIO_FOREIGN, r->e.hint,
			"Kamailio's memory does not know it; whose row it is cannot be told: %s",
			r->e.what);
	else if (!socket[0])
		err_set(&e, KAMAILIO_FOREIGN, hint,
			"Kamailio's memory does not know it, and the row does not say which "
			"socket took the REGISTER: it may be another node's.");
	else if (kamailio_is_numbered(k->asker->server_id, row))
		err_set(&e, KAMAILIO_FOREIGN,
			"Is this the control of the node with that server_id, and does it still "
			"listen where it did?",
			"Kamailio's memory does not know it, and the row may be another node's: "
			"nobody listens on %s at this one, though its server_id is said to be %s.",
			socket, node[0] ? node : "0");
	else
		err_set(&e, KAMAILIO_FOREIGN, hint,
			"Another node wrote the row (server_id %s, socket %s): this Kamailio does "
			"not know the binding, and cannot tell whether calls go there.",
			node[0] ? node : "0", socket);
	ask_end(k, SOURCE_REFUSED, NULL, &e);
}

static void on_sockets(void *ctx, const struct control_reply *r)
{
	struct ask *k = ctx;

	if (k->asker->closing)
		ask_end(k, SOURCE_NO_ANSWER, NULL, &r->e);
	else if (r->outcome != CONTROL_RESULT ||
		 !kamailio_owns_row(k->asker->server_id, r->result, table_row(k)))
		refuse_foreign(k, r);
	else
		answer_own_row(k);
}

static void tell_clearing(struct ask *k)
{
	struct err e;

	err_set(&e, -EAGAIN, NULL,
		"Kamailio no longer has this contact; its timer clears away what is left.");
	ask_end(k, SOURCE_GONE, NULL, &e);
}

static void done_unknown(void *arg)
{
	struct ask *k = arg;
	struct err e;

	/* Without its database the timer fails, and does not try again. */
	if (k->how == UNKNOWN_CLEARING && k->verb == ASK_LOOK && !k->asker->closing &&
	    (k->rc == 0 || k->rc == -EBUSY)) {
		tell_clearing(k);
		return;
	}
	if (k->asker->closing || (k->rc == 0 && !table_row(k) && !k->other)) {
		err_set(&e, -ENOENT, NULL, "Kamailio no longer has this contact.");
		ask_end(k, SOURCE_GONE, NULL, &e);
	} else if (k->other && !table_row(k)) {
		ask_end(k, SOURCE_DONE, k->other, NULL);
	} else if (k->rc < 0 && k->verb == ASK_REMOVE_ROW) {
		ask_end(k, SOURCE_REFUSED, NULL, &k->e);
	} else if (k->rc < 0) {
		err_set(&e, -EIO, k->e.hint,
			"Kamailio no longer has it; whether its row is left cannot be read: %s",
			k->e.what);
		ask_end(k, SOURCE_GONE, NULL, &e);
	} else {
		control_call(k->asker->control, "core.sockets_list", NULL, on_sockets, k);
	}
}

void ask_unknown(struct ask *k, enum unknown_how how)
{
	struct err e;

	k->how = how;
	if (k->asker->db && (k->verb == ASK_REMOVE_ROW || k->verb == ASK_LOOK)) {
		ask_table(k, done_unknown);
		return;
	}
	if (how == UNKNOWN_CLEARING) {
		tell_clearing(k);
		return;
	}
	err_set(&e, -ENOENT, NULL, "Kamailio no longer has this contact.");
	ask_end(k, SOURCE_GONE, NULL, &e);
}

/* ---- by the control -------------------------------------------------------------------------- */

bool ask_unchanged(const struct binding *now, const struct binding *shown)
{
	return slice_eq(now->contact, shown->contact) && slice_eq(now->call_id, shown->call_id) &&
	       (slice_empty(shown->ruid) || slice_eq(now->ruid, shown->ruid)) &&
	       now->cseq == shown->cseq && now->expires_s == shown->expires_s;
}

bool ask_is_about(const json_t *result, const struct binding *b)
{
	const json_t *member = json_object_get(result, "AoR");
	struct slice theirs = slice_make(json_string_value(member), json_string_length(member));
	struct strbuf aor = STRBUF_INIT;
	bool same;

	binding_add_aor(b, &aor);
	/* In lower case, unless registrar's case_sensitive is set; and without the domain when the
	 * row was written before use_domain was taken back. */
	same = !json_is_string(member) || slice_ieq(theirs, strbuf_slice(&aor)) ||
	       (b->domain.n && slice_find_char(theirs, '@') < 0 && slice_ieq(theirs, b->user));
	strbuf_free(&aor);
	return same;
}

static const char not_utf8[] =
	"AoR or contact is not UTF-8 text, which the control socket cannot carry.";

/* Without use_domain Kamailio's commands cut an AoR at its '@', and mean somebody else
 * (facts/kamailio-opensips 1.2). */
static bool can_be_named(const struct binding *b, struct err *e)
{
	/* As it came from Kamailio, which has other bytes there. */
	if (slice_find_icase(b->user, SLICE_LIT("\xEF\xBF\xBD")) >= 0) {
		err_set(e, -EILSEQ, NULL, "%s", not_utf8);
		return false;
	}
	if (b->domain.n || slice_find_char(b->user, '@') < 0)
		return true;
	err_set(e, -EINVAL, NULL,
		"There is an @ in the name of this AoR: without use_domain Kamailio's commands "
		"take what stands before it for the whole, and mean another AoR.");
	return false;
}

json_t *ask_parameters(const struct kamailio_asker *a, const struct binding *b, bool with_contact,
		       struct err *e)
{
	struct strbuf aor = STRBUF_INIT;
	json_t *list, *text;

	if (!can_be_named(b, e))
		return NULL;
	list = json_array();
	binding_add_aor(b, &aor);
	json_array_append_new(list, json_string(a->table));
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
	err_set(e, -EILSEQ, NULL, "%s", not_utf8);
	return NULL;
}

static void look_listed(struct ask *k, const json_t *result)
{
	struct kamailio_found l = kamailio_contact_find(result, k->b);
	struct strbuf node = STRBUF_INIT;
	struct binding now;

	if (!l.contact ||
	    !kamailio_contact_read(l.contact, k->b, clock_wall_s(k->asker->clock), &node, &now)) {
		ask_unknown(k, UNKNOWN_CONTACT);
	} else if (k->verb == ASK_LOOK && k->asker->db && k->b->ruid.n &&
		   !slice_eq(now.ruid, k->b->ruid)) {
		/* The same URI registered anew: is the row of the old one left beside it? */
		k->other = binding_copy(&now);
		ask_unknown(k, UNKNOWN_CONTACT);
	} else {
		remove_unwatch_row(k->asker, k->b);
		ask_end(k, SOURCE_DONE, &now, NULL);
	}
	strbuf_free(&node);
}

bool ask_says_gone(const struct control_reply *r)
{
	struct slice words = slice_of(r->fault);

	return slice_find_icase(words, SLICE_LIT("AOR not found")) >= 0 ||
	       slice_find_icase(words, SLICE_LIT("AOR has no contacts")) >= 0;
}

static void fault_lookup(struct ask *k, const struct control_reply *r)
{
	struct slice words = slice_of(r->fault);

	if (slice_find_icase(words, SLICE_LIT("AOR not found")) >= 0)
		ask_unknown(k, UNKNOWN_AOR);
	else if (slice_find_icase(words, SLICE_LIT("AOR has no contacts")) >= 0)
		ask_unknown(k, UNKNOWN_CLEARING);
	else
		ask_end(k, SOURCE_REFUSED, NULL, &r->e);
}

static void tell_other_aor(struct ask *k, bool harmless)
{
	struct err e;

	err_set(&e, -EPROTO, NULL, "Kamailio answered for another AoR than it was asked for.");
	ask_end(k, harmless ? SOURCE_NO_ANSWER : SOURCE_REFUSED, NULL, &e);
}

static void on_lookup(void *ctx, const struct control_reply *r)
{
	struct ask *k = ctx;
	/* Before a removal the outcome is known: nothing was touched. */
	bool harmless =
		k->verb == ASK_LOOK || k->verb == ASK_LOOK_MEMORY || k->verb == ASK_LIST_AOR;

	if (k->asker->closing)
		ask_end(k, SOURCE_NO_ANSWER, NULL, &r->e);
	else if (r->outcome == CONTROL_FAULT)
		fault_lookup(k, r);
	else if (r->outcome != CONTROL_RESULT)
		ask_end(k, harmless ? SOURCE_NO_ANSWER : SOURCE_REFUSED, NULL, &r->e);
	else if (!ask_is_about(r->result, k->b))
		tell_other_aor(k, harmless);
	else if (k->verb == ASK_LOOK || k->verb == ASK_LOOK_MEMORY)
		look_listed(k, r->result);
	else
		remove_listed(k, r->result);
}

void ask_lookup(struct ask *k)
{
	json_t *params = ask_parameters(k->asker, k->b, false, &k->e);
	json_t *both = ask_parameters(k->asker, k->b, true, &k->e);

	json_decref(both);
	if (params && both) {
		control_call(k->asker->control, "ul.lookup", params, on_lookup, k);
		return;
	}
	json_decref(params);
	ask_refuse_later(k);
}

static void look(struct ask *k)
{
	if (k->asker->control) {
		ask_lookup(k);
	} else if (k->asker->db) {
		ask_truth(k, false);
	} else {
		err_set(&k->e, -EPERM, NULL, "No control socket of Kamailio is known.");
		ask_refuse_later(k);
	}
}

void kamailio_ask(struct kamailio_asker *a, const struct binding *b, source_answer_fn *fn,
		  void *ctx)
{
	look(ask_new(a, ASK_LOOK, b, fn, ctx));
}

void kamailio_ask_memory(struct kamailio_asker *a, const struct binding *b, source_answer_fn *fn,
			 void *ctx)
{
	look(ask_new(a, ASK_LOOK_MEMORY, b, fn, ctx));
}

/* ---- finding the control --------------------------------------------------------------------- */

static void add_unknown(const struct kamailio_asker *a, struct strbuf *out)
{
	struct strbuf places = STRBUF_INIT;

	control_add_places(CONTROL_KAMAILIO, &places);
	if (a->find)
		strbuf_addf(out,
			    "No control of Kamailio was found: name it with --control (%s), or say "
			    "--control table when the table is the truth (db_mode 3).",
			    strbuf_str(&places));
	else
		strbuf_addf(out,
			    "No control is given for it: say control= (%s) in its section of the "
			    "configuration file.",
			    strbuf_str(&places));
	strbuf_free(&places);
}

void kamailio_asker_look(struct kamailio_asker *a)
{
	struct err e = ERR_NONE;
	struct strbuf words = STRBUF_INIT;
	bool usable = false;

	if (a->by_table)
		return;
	if (a->control)
		usable = control_check(a->control, &e) == 0;
	else if (a->find)
		/* Only while nothing is known: what was found stays the one. */
		usable = (a->control = kamailio_places_find(a->loop, NULL, 0, &e)) != NULL;
	if (!usable && (e.code == 0 || (!a->control && e.code == -ENOENT)))
		add_unknown(a, &words);
	else if (!usable)
		strbuf_addf(&words, "%s %s", e.what, e.hint);
	slice_to_buf(slice_trim(strbuf_slice(&words)), a->refused, sizeof(a->refused));
	strbuf_free(&words);
}

struct control *kamailio_asker_control(const struct kamailio_asker *a)
{
	return a->by_table ? NULL : a->control;
}

const char *kamailio_asker_place(const struct kamailio_asker *a)
{
	return a->control ? control_place(a->control) : NULL;
}

const char *kamailio_asker_refused(const struct kamailio_asker *a)
{
	return a->refused[0] ? a->refused : NULL;
}

static int take_control(struct kamailio_asker *a, const char *control, struct err *e)
{
	struct strbuf words = STRBUF_INIT;

	if (strcmp(control, "table") == 0) {
		a->by_table = true;
		if (a->db)
			return 0;
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
	struct err no_table = ERR_NONE;

	a->loop = l;
	a->clock = c;
	a->find = find;
	a->server_id = -1;
	if (db) {
		a->db_path = xstrdup(db);
		/* Only rows that memory does not know need it: without it there are none. */
		a->db = location_db_open(db, &no_table);
	}
	a->table = xstrdup(a->db ? a->db->table : USUAL_TABLE);
	if (control && take_control(a, control, e) < 0) {
		kamailio_asker_free(a);
		return NULL;
	}
	kamailio_asker_look(a);
	return a;
}

void kamailio_asker_set_server_id(struct kamailio_asker *a, uint64_t server_id)
{
	a->server_id = (int64_t)server_id;
}

void kamailio_asker_set_table(struct kamailio_asker *a, const char *table)
{
	free(a->table);
	a->table = xstrdup(table);
}

const char *kamailio_asker_table(const struct kamailio_asker *a)
{
	return a->table;
}

void kamailio_asker_free(struct kamailio_asker *a)
{
	if (!a)
		return;
	a->closing = true;
	control_free(a->control);
	json_decref(a->sockets);
	worker_stop(a->worker);
	location_db_close(a->db);
	free(a->table);
	free(a->db_path);
	free(a);
}
