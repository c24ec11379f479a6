/* Requests that a registrar itself sends to a binding: t_uac_dlg, and tm.t_uac_wait over HTTP. */
#include "source/uac.h"

#include <errno.h>
#include <stdlib.h>
#include "base/alloc.h"
#include "base/sipuri.h"
#include "base/text.h"

/* Of a domain that is no registrar's own (facts/kamailio-opensips 4.2). No tag: Kamailio 5.6 would
 * add a second one. */
#define FROM "From: <sip:regtop@regtop.invalid>\r\n"

struct uac {
	struct loop *loop;
	const struct clock *clock;
	enum control_flavour flavour;
	char *place;
	struct request *requests;
	uint64_t last_id;
	struct control *check; /* asks whether the registrar lives; NULL: not asked now */
};

enum request_state {
	REQUEST_SENT,
	REQUEST_DOUBTED, /* no answer in time: the phone's silence, or the registrar's? */
};

struct request {
	struct request *next;
	struct uac *uac;
	uint64_t id;
	enum request_state state;
	struct control *control;
	struct binding *b;
	char *method;
	int64_t sent_us;
	bool with_socket;
	source_uac_fn *fn;
	void *ctx;
};

/* ---- what is asked --------------------------------------------------------------------------- */

/* Both registrars put their socket in place of "!!", and OpenSIPS reads "\r" in a header as a
 * line's end; nothing of that kind may come from a binding. */
static bool is_harmless(struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c < 0x20 || c == 0x7f || c == '\\' ||
		    (c == '!' && i + 1 < s.n && s.p[i + 1] == '!'))
			return false;
	}
	return true;
}

static bool is_uri(struct slice s)
{
	struct sip_uri u;

	return sip_uri_split(s, &u) == 0 && u.is_sip && is_harmless(s);
}

/* add_contact_alias(): ";alias=IP~PORT~N", with N the number of a transport. */
static bool alias_uri(const struct binding *b, struct strbuf *out)
{
	static const char *const transports[] = {"", "udp", "tcp", "tls", "sctp", "ws", "wss"};
	struct slice alias, host, port, number;
	struct netaddr a;
	struct sip_uri u;
	uint64_t n, p;

	if (sip_uri_split(b->contact, &u) < 0 || !sip_uri_param(&u, "alias", &alias))
		return false;
	number = slice_cut(slice_cut(alias, '~', &host), '~', &port);
	if (!slice_to_u64(port, 65535, &p) || !slice_to_u64(number, 6, &n) || n == 0 ||
	    netaddr_parse(host, (unsigned)p, &a) < 0)
		return false;
	strbuf_addf(out, "sip:%.*s:%u;transport=%s", SLICE_FMT(host), (unsigned)p, transports[n]);
	return true;
}

/* Where a call would go first: Path, else where the REGISTER came from, else nothing but the
 * contact. */
static void add_next_hop(const struct binding *b, struct strbuf *out)
{
	if (b->path.n)
		strbuf_add_slice(out, sip_uri_first_of_list(b->path));
	else if (b->received.n)
		strbuf_add_slice(out, b->received);
	else
		alias_uri(b, out);
}

static void add_headers(const struct binding *b, struct strbuf *out)
{
	strbuf_add_str(out, FROM "To: <");
	strbuf_add_slice(out, b->contact);
	strbuf_add_str(out, ">\r\n");
	if (b->path.n) {
		strbuf_add_str(out, "Route: ");
		strbuf_add_slice(out, b->path);
		strbuf_add_str(out, "\r\n");
	}
}

static json_t *text(struct slice s)
{
	return json_stringn(s.p ? s.p : "", s.n);
}

static json_t *or_none(struct slice s)
{
	return text(s.n ? s : SLICE_LIT("."));
}

/* facts/kamailio-opensips 4.1: all strings, "." for none, the body explicit. */
static json_t *for_kamailio(const struct binding *b, const char *method, struct slice hop,
			    struct slice socket, struct slice headers)
{
	return json_pack("[s, o, o, o, o, s]", method, text(b->contact), or_none(hop),
			 or_none(socket), text(headers), "");
}

/* facts/kamailio-opensips 5.3: by name, and what there is not is left out. */
static json_t *for_opensips(const struct binding *b, const char *method, struct slice hop,
			    struct slice socket, struct slice headers)
{
	json_t *o = json_pack("{s:s, s:o, s:o}", "method", method, "ruri", text(b->contact),
			      "headers", text(headers));

	if (o && hop.n)
		json_object_set_new(o, "next_hop", text(hop));
	if (o && socket.n)
		json_object_set_new(o, "socket", text(socket));
	return o;
}

json_t *uac_parameters(enum control_flavour f, const struct binding *b, const char *method,
		       bool with_socket)
{
	struct strbuf hop = STRBUF_INIT, headers = STRBUF_INIT;
	struct slice socket = with_socket ? b->socket : SLICE_NONE;
	json_t *params = NULL;

	add_next_hop(b, &hop);
	add_headers(b, &headers);
	if (is_uri(b->contact) && is_harmless(b->path) && is_harmless(socket) &&
	    (!hop.n || is_uri(strbuf_slice(&hop))) && (!b->path.n || hop.n))
		params = (f == CONTROL_KAMAILIO ? for_kamailio : for_opensips)(
			b, method, strbuf_slice(&hop), socket, strbuf_slice(&headers));
	strbuf_free(&hop);
	strbuf_free(&headers);
	return params;
}

/* ---- what is answered ------------------------------------------------------------------------ */

static struct slice text_of(const json_t *v)
{
	return json_is_string(v) ? slice_make(json_string_value(v), json_string_length(v))
				 : SLICE_NONE;
}

static struct slice header(struct slice headers, struct slice name)
{
	struct slice line;

	while (headers.n) {
		headers = slice_cut(headers, '\n', &line);
		if (line.n > name.n && line.p[name.n] == ':' &&
		    slice_ieq(slice_make(line.p, name.n), name))
			return slice_trim(slice_skip(line, name.n + 1));
	}
	return SLICE_NONE;
}

/* "200 OK" */
static bool read_status(struct slice status, struct source_uac_reply *out)
{
	struct slice word;
	uint64_t code = 0;

	out->reason = slice_cut(status, ' ', &word);
	if (word.n != 3 || !slice_to_u64(word, 699, &code) || code < 100)
		return false;
	out->code = (int)code;
	return true;
}

bool uac_read(enum control_flavour f, const json_t *result, struct source_uac_reply *out)
{
	struct slice headers;

	*out = (struct source_uac_reply){.end = SOURCE_UAC_ANSWER};
	if (f == CONTROL_KAMAILIO) {
		const json_t *code = json_array_get(result, 0);

		headers = text_of(json_array_get(result, 5));
		out->reason = text_of(json_array_get(result, 1));
		out->code = (int)json_integer_value(code);
		if (!json_is_integer(code) || out->code < 100 || out->code > 699)
			return false;
	} else {
		headers = text_of(json_object_get(result, "Message"));
		if (!read_status(text_of(json_object_get(result, "Status")), out))
			return false;
	}
	out->by_registrar = slice_empty(headers);
	out->agent = header(headers, SLICE_LIT("User-Agent"));
	if (slice_empty(out->agent))
		out->agent = header(headers, SLICE_LIT("Server"));
	return true;
}

/* ---- ends of requests ------------------------------------------------------------------------ */

static void unlink_request(struct request *q)
{
	struct request **at = &q->uac->requests;

	while (*at != q)
		at = &(*at)->next;
	*at = q->next;
}

/* A control that is freed ends its call from inside: then fn is gone already. */
static void request_free(struct request *q)
{
	q->fn = NULL;
	control_free(q->control);
	free(q->method);
	free(q->b);
	free(q);
}

static void request_end(struct request *q, const struct source_uac_reply *r)
{
	source_uac_fn *fn = q->fn;
	void *ctx = q->ctx;

	unlink_request(q);
	/* What r points to is borrowed from the control: tell before it goes. */
	q->fn = NULL;
	fn(ctx, r);
	request_free(q);
}

/* From another socket than the one that took its REGISTER: an answer is an answer, but silence may
 * be the doing of a NAT that only knows that one. */
static bool from_elsewhere(const struct request *q)
{
	return !q->with_socket && q->b->socket.n;
}

static void request_fails(struct request *q, const struct err *e)
{
	struct source_uac_reply r = {.end = SOURCE_UAC_FAILED, .e = *e};

	request_end(q, &r);
}

static void request_fails_elsewhere(struct request *q)
{
	char shown[80];
	struct err e;

	text_clean_buf(q->b->socket, shown, sizeof(shown));
	err_set(&e, -EADDRNOTAVAIL, "Ask at the node that has this socket.",
		"%s is not a socket of the registrar, and from another one nothing came back",
		shown);
	request_fails(q, &e);
}

/* ---- is it the phone that is silent, or the registrar? --------------------------------------- */

static struct request *first_in(struct uac *u, enum request_state state)
{
	for (struct request *q = u->requests; q; q = q->next)
		if (q->state == state)
			return q;
	return NULL;
}

static void on_check(void *ctx, const struct control_reply *r)
{
	struct uac *u = ctx;
	bool lives = r->outcome == CONTROL_RESULT || r->outcome == CONTROL_FAULT;
	struct source_uac_reply silent = {.end = SOURCE_UAC_SILENT};
	struct control *check = u->check;
	struct request *q;
	struct err e = r->e;

	/* It is being freed with all the rest. */
	if (!check)
		return;
	u->check = NULL;
	control_free(check);
	while ((q = first_in(u, REQUEST_DOUBTED))) {
		if (lives && from_elsewhere(q))
			request_fails_elsewhere(q);
		else if (lives)
			request_end(q, &silent);
		else
			request_fails(q, &e);
	}
}

static void doubt(struct request *q)
{
	struct uac *u = q->uac;

	q->state = REQUEST_DOUBTED;
	if (u->check)
		return;
	u->check = control_new(u->loop, u->flavour, u->place, CONTROL_TIMEOUT_MS, NULL);
	control_call(u->check, u->flavour == CONTROL_KAMAILIO ? "core.version" : "version", NULL,
		     on_check, u);
}

/* ---- requests -------------------------------------------------------------------------------- */

static void request_send(struct request *q);

/* The registrar tried, and could not send: "477/TM" or a like word. */
static bool says_unsent(const struct control_reply *r)
{
	return r->fault_code == 477 || r->fault_code == 478 ||
	       slice_find_icase(slice_of(r->fault), SLICE_LIT("/TM)")) >= 0 ||
	       slice_find_icase(slice_of(r->fault), SLICE_LIT("/UAC)")) >= 0;
}

/* "Local socket not found", "No local socket for …": the binding names an advertised address, or
 * another node's. */
static bool wants_no_socket(const struct request *q, const struct control_reply *r)
{
	return q->with_socket && q->b->socket.n &&
	       slice_find_icase(slice_of(r->fault), SLICE_LIT("local socket")) >= 0;
}

static void take_fault(struct request *q, const struct control_reply *r)
{
	struct source_uac_reply unsent = {.end = SOURCE_UAC_ANSWER,
					  .code = r->fault_code,
					  .by_registrar = true,
					  .reason = slice_of(r->fault)};

	if (says_unsent(r)) {
		request_end(q, &unsent);
	} else if (wants_no_socket(q, r)) {
		q->with_socket = false;
		request_send(q);
	} else {
		request_fails(q, &r->e);
	}
}

static void take_result(struct request *q, const struct control_reply *r)
{
	struct source_uac_reply reply;
	int64_t took_us = clock_mono_us(q->uac->clock) - q->sent_us;
	struct err e;

	if (!uac_read(q->uac->flavour, r->result, &reply)) {
		err_set(&e, -EPROTO, NULL,
			"What the registrar at %s told of its request is not "
			"understood.",
			control_place(q->control));
		request_fails(q, &e);
		return;
	}
	if (reply.by_registrar && from_elsewhere(q)) {
		request_fails_elsewhere(q);
		return;
	}
	if (!reply.by_registrar)
		reply.rtt_us = took_us > 0 && took_us < UINT32_MAX ? (uint32_t)took_us : 1;
	request_end(q, &reply);
}

static void on_reply(void *ctx, const struct control_reply *r)
{
	struct request *q = ctx;
	struct err e = r->e;

	if (!q->fn)
		return;
	if (r->outcome == CONTROL_RESULT)
		take_result(q, r);
	else if (r->outcome == CONTROL_FAULT)
		take_fault(q, r);
	else if (r->outcome == CONTROL_NO_ANSWER && e.code == -ETIMEDOUT)
		doubt(q);
	else
		request_fails(q, &e);
}

static void request_send(struct request *q)
{
	struct uac *u = q->uac;

	q->sent_us = clock_mono_us(u->clock);
	control_call(q->control, u->flavour == CONTROL_KAMAILIO ? "tm.t_uac_wait" : "t_uac_dlg",
		     uac_parameters(u->flavour, q->b, q->method, q->with_socket), on_reply, q);
}

uint64_t uac_send(struct uac *u, const struct binding *b, const char *method, unsigned timeout_ms,
		  source_uac_fn *fn, void *ctx)
{
	json_t *params = uac_parameters(u->flavour, b, method, true);
	struct request *q;

	json_decref(params);
	if (!params || !fn)
		return params != NULL;
	q = xcalloc(1, sizeof(*q));
	q->uac = u;
	q->id = ++u->last_id;
	q->b = binding_copy(b);
	q->method = xstrdup(method);
	q->with_socket = true;
	q->fn = fn;
	q->ctx = ctx;
	q->next = u->requests;
	u->requests = q;
	q->control = control_new(u->loop, u->flavour, u->place, timeout_ms, NULL);
	request_send(q);
	return q->id;
}

void uac_cancel(struct uac *u, uint64_t id)
{
	for (struct request *q = u->requests; q; q = q->next)
		if (q->id == id) {
			unlink_request(q);
			request_free(q);
			return;
		}
}

/* ---- opening --------------------------------------------------------------------------------- */

struct uac *uac_new(struct loop *l, const struct clock *c, enum control_flavour f,
		    const char *place)
{
	struct control *possible = control_new(l, f, place, 0, NULL);
	bool http = slice_starts_with(slice_of(place), "http://");
	struct uac *u;

	control_free(possible);
	if (!possible || http != (f == CONTROL_KAMAILIO))
		return NULL;
	u = xcalloc(1, sizeof(*u));
	u->loop = l;
	u->clock = c;
	u->flavour = f;
	u->place = xstrdup(place);
	return u;
}

void uac_free(struct uac *u)
{
	struct control *check;

	if (!u)
		return;
	check = u->check;
	u->check = NULL;
	control_free(check);
	while (u->requests) {
		struct request *q = u->requests;

		u->requests = q->next;
		request_free(q);
	}
	free(u->place);
	free(u);
}
