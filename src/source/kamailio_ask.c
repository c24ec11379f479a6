/* Asks Kamailio for one binding and removes it: by its control socket, or in the table. */
#include "source/kamailio_ask.h"

#include <errno.h>
#include <stdlib.h>
#include "base/alloc.h"
#include "base/text.h"
#include "loop/worker.h"
#include "source/rpc/jsonrpc.h"
#include "source/sql/location_db.h"

/* Between the second of ul.lookup's "Expires" and ours. */
#define EXPIRES_SLACK_S 2

static const char *const usual_sockets[] = {
	"/run/kamailio/kamailio_rpc.sock",
	"/var/run/kamailio/kamailio_rpc.sock",
};

struct kamailio_asker {
	struct loop *loop;
	const struct clock *clock;
	char *db_path;
	bool by_table;
	bool given;   /* control was named, nothing is looked for */
	char *socket; /* NULL: none found */
	struct jsonrpc *rpc;
	struct worker *worker;  /* for the table; started when first needed */
	struct location_db *db; /* the worker's, for the table */
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
	k->b = binding_copy(b);
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

static struct slice member_text(const json_t *contact, const char *name)
{
	const json_t *v = json_object_get(contact, name);
	struct slice s = SLICE_NONE;

	if (json_is_string(v))
		s = slice_make(json_string_value(v), json_string_length(v));
	return slice_eq_str(s, "[not set]") ? SLICE_NONE : s;
}

static int64_t member_number(const json_t *contact, const char *name, int64_t otherwise)
{
	const json_t *v = json_object_get(contact, name);

	return json_is_integer(v) ? json_integer_value(v) : otherwise;
}

/* Seconds left are rounded by two clocks; when they agree with the row to within that, the row's
 * second is the true one. False for a contact that is only waiting to be cleared away. */
static bool member_expires(const json_t *contact, const struct binding *shown, int64_t now_s,
			   int64_t *out)
{
	const json_t *v = json_object_get(contact, "Expires");
	int64_t until, off;

	if (json_is_string(v)) {
		*out = BINDING_PERMANENT;
		return strcmp(json_string_value(v), "permanent") == 0;
	}
	if (!json_is_integer(v) || json_integer_value(v) < 0 || json_integer_value(v) > UINT32_MAX)
		return false;
	until = now_s + json_integer_value(v);
	*out = until;
	if (shown->expires_s == BINDING_PERMANENT)
		return true;
	off = until - shown->expires_s;
	if (off >= -EXPIRES_SLACK_S && off <= EXPIRES_SLACK_S)
		*out = shown->expires_s;
	return true;
}

static int32_t member_q(const json_t *contact)
{
	double q = json_number_value(json_object_get(contact, "Q"));

	if (!json_is_number(json_object_get(contact, "Q")) || !(q >= 0))
		return BINDING_Q_UNSET;
	return q >= 1 ? 1000 : (int32_t)(q * 1000 + 0.5);
}

/* Slices point into the answer and into shown. node_text has room for a number. */
static bool contact_to_binding(const json_t *c, const struct binding *shown, int64_t now_s,
			       struct strbuf *node, struct binding *out)
{
	int64_t server = member_number(c, "Server-Id", 0);

	*out = (struct binding){.user = shown->user, .domain = shown->domain, .granted_s = -1};
	if (!member_expires(c, shown, now_s, &out->expires_s))
		return false;
	out->contact = member_text(c, "Address");
	out->ruid = member_text(c, "Ruid");
	out->key = slice_empty(out->ruid) ? shown->key : out->ruid;
	out->received = member_text(c, "Received");
	out->path = member_text(c, "Path");
	out->socket = member_text(c, "Socket");
	out->user_agent = member_text(c, "User-Agent");
	out->call_id = member_text(c, "Call-ID");
	out->instance = member_text(c, "Instance");
	if (server)
		strbuf_addf(node, "%lld", (long long)server);
	out->node = strbuf_slice(node);
	out->refreshed_s = member_number(c, "Last-Modified", 0);
	if (out->expires_s != BINDING_PERMANENT && out->refreshed_s > 0 &&
	    out->expires_s >= out->refreshed_s)
		out->granted_s = out->expires_s - out->refreshed_s;
	out->cseq = (uint32_t)member_number(c, "CSeq", 0);
	out->methods = (uint32_t)member_number(c, "Methods", BINDING_METHODS_ALL);
	out->q_milli = member_q(c);
	out->reg_id = (int32_t)member_number(c, "Reg-Id", 0);
	out->connection = (int32_t)member_number(c, "Tcpconn-Id", -1);
	out->cflags = (uint32_t)member_number(c, "CFlags", 0);
	return !slice_empty(out->contact);
}

struct lookup {
	const json_t *contact; /* NULL: not there */
	unsigned same_uri;     /* contacts with the URI of the binding */
};

/* By ruid; a binding that lapsed and came back has a new one, and is then found by its URI. */
static struct lookup find_contact(const json_t *result, const struct binding *b)
{
	const json_t *list = json_object_get(result, "Contacts"), *item;
	struct lookup l = {NULL, 0};
	bool by_ruid = false;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)list, i, item)
	{
		const json_t *c = json_object_get(item, "Contact");
		bool uri = slice_eq(member_text(c, "Address"), b->contact);

		l.same_uri += uri;
		if (!slice_empty(b->ruid) && slice_eq(member_text(c, "Ruid"), b->ruid)) {
			l.contact = c;
			by_ruid = true;
		} else if (uri && !by_ruid && !l.contact) {
			l.contact = c;
		}
	}
	return l;
}

static bool unchanged(const struct binding *now, const struct binding *shown)
{
	return slice_eq(now->contact, shown->contact) && slice_eq(now->call_id, shown->call_id) &&
	       (slice_empty(shown->ruid) || slice_eq(now->ruid, shown->ruid)) &&
	       now->cseq == shown->cseq && now->expires_s == shown->expires_s;
}

static bool says_gone(const struct jsonrpc_reply *r)
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

static void on_removed(void *ctx, const struct jsonrpc_reply *r)
{
	struct ask *k = ctx;
	struct err e = r->e;

	switch (r->outcome) {
	case JSONRPC_RESULT:
		ask_end(k, SOURCE_DONE, NULL, NULL);
		return;
	case JSONRPC_FAULT:
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
	case JSONRPC_NOT_SENT:
		ask_end(k, SOURCE_REFUSED, NULL, &e);
		return;
	case JSONRPC_NO_ANSWER:
		break;
	}
	ask_end(k, SOURCE_NO_ANSWER, NULL, &e);
}

static void remove_found(struct ask *k, const struct lookup *l, const struct binding *now)
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
		jsonrpc_call(k->asker->rpc, "ul.rm_contact", parameters(k->b, true), on_removed, k);
	}
}

static void on_lookup_result(struct ask *k, const struct jsonrpc_reply *r)
{
	struct lookup l = find_contact(r->result, k->b);
	struct strbuf node = STRBUF_INIT;
	struct binding now;
	struct err e;

	if (!l.contact ||
	    !contact_to_binding(l.contact, k->b, clock_wall_s(k->asker->clock), &node, &now)) {
		err_set(&e, -ENOENT, NULL, "Kamailio no longer has this contact.");
		ask_end(k, SOURCE_GONE, NULL, &e);
	} else if (k->remove) {
		remove_found(k, &l, &now);
	} else {
		ask_end(k, SOURCE_DONE, &now, NULL);
	}
	strbuf_free(&node);
}

static void on_lookup(void *ctx, const struct jsonrpc_reply *r)
{
	struct ask *k = ctx;

	if (k->asker->closing)
		ask_end(k, SOURCE_NO_ANSWER, NULL, &r->e);
	else if (r->outcome == JSONRPC_RESULT)
		on_lookup_result(k, r);
	else if (r->outcome == JSONRPC_FAULT)
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

static void lookup_by_rpc(struct ask *k)
{
	json_t *params = parameters(k->b, false), *both = parameters(k->b, true);

	json_decref(both);
	if (params && both) {
		jsonrpc_call(k->asker->rpc, "ul.lookup", params, on_lookup, k);
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

	if (a->rpc)
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
	} else if (a->rpc) {
		lookup_by_rpc(k);
	} else {
		err_set(&k->e, -EPERM, NULL, "%s", "No control socket of Kamailio is known.");
		refuse(k);
	}
}

/* ---- finding the control --------------------------------------------------------------------- */

static void use_socket(struct kamailio_asker *a, const char *path)
{
	free(a->socket);
	a->socket = xstrdup(path);
	jsonrpc_free(a->rpc);
	a->rpc = jsonrpc_new(a->loop, path, 0);
}

/* Only while nothing is known: a socket that was found stays the one. */
void kamailio_asker_look(struct kamailio_asker *a)
{
	struct err e = ERR_NONE;

	if (a->by_table)
		return;
	for (size_t i = 0;
	     !a->given && !a->rpc && i < sizeof(usual_sockets) / sizeof(*usual_sockets); i++)
		if (jsonrpc_check(usual_sockets[i], &e) != -ENOENT)
			use_socket(a, usual_sockets[i]);
	if (!a->rpc) {
		err_set(&e, -ENOENT, NULL,
			"No control socket of Kamailio was found: name it with --control "
			"unix:PATH or http://ADDRESS:PORT/RPC, or say --control table when the "
			"table is the truth (db_mode 3).");
		slice_to_buf(slice_of(e.what), a->refused, sizeof(a->refused));
	} else if (jsonrpc_check(a->socket, &e) < 0) {
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
		strbuf_addf(out, "ul.rm_contact on %s", jsonrpc_scheme(a->socket ? a->socket : ""));
		text_clean(slice_of(a->socket ? a->socket : "?"), false, out);
	}
}

struct kamailio_asker *kamailio_asker_new(struct loop *l, const struct clock *c, const char *db,
					  const char *control, struct err *e)
{
	struct kamailio_asker *a = xcalloc(1, sizeof(*a));

	a->loop = l;
	a->clock = c;
	a->db_path = xstrdup(db);
	a->given = control != NULL;
	if (control && strcmp(control, "table") == 0) {
		a->by_table = true;
		a->db = location_db_open(db, e);
		if (!a->db) {
			kamailio_asker_free(a);
			return NULL;
		}
	} else if (control && strncmp(control, "unix:", 5) == 0 && control[5]) {
		use_socket(a, control + 5);
	} else if (control && strncmp(control, "http://", 7) == 0) {
		if (jsonrpc_check(control, e) < 0) {
			kamailio_asker_free(a);
			return NULL;
		}
		use_socket(a, control);
	} else if (control) {
		char shown[80];

		text_clean_buf(slice_of(control), shown, sizeof(shown));
		err_set(e, -EINVAL,
			"Say unix:PATH (the datagram socket of jsonrpcs), "
			"http://127.0.0.1:5060/RPC "
			"(jsonrpcs over xhttp) or table (the table is the truth, db_mode 3).",
			"--control %s is not understood.", shown);
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
	jsonrpc_free(a->rpc);
	worker_stop(a->worker);
	location_db_close(a->db);
	free(a->socket);
	free(a->db_path);
	free(a);
}
