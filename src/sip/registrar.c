/* The registrar: RFC 3261 10.3 over a transport, all or nothing, every binding kept in SQLite. */
#include "sip/registrar.h"

#include <errno.h>
#include <stdlib.h>
#include "base/alloc.h"
#include "base/text.h"
#include "sip/build.h"
#include "sip/registrar_answer.h"
#include "sip/registrar_commit.h"

#define SWEEP_MS       1000
#define REPLAY_ENTRIES 65536
#define REPLAY_BYTES   (32u << 20)
#define NO_REPLAY      UINT64_MAX

struct registrar {
	const struct clock *clock;
	struct registrar_config cfg; /* numbers filled in, lists copied */
	struct netcidr *allow;
	char **domains;
	struct reg_world w;
	struct reg_commit *commit;
	struct loop_timer *sweep;
	int64_t start_ms;
	uint64_t next_n;
};

/* ---- time ------------------------------------------------------------------------------------ */

static void take_lapsed(struct registrar *r, int64_t now_ms)
{
	struct reg_rec *rec;

	while ((rec = reg_table_take_due(r->w.table, now_ms)))
		reg_commit_change(r->commit, rec, NULL, true);
}

static void on_sweep(void *arg)
{
	struct registrar *r = arg;

	take_lapsed(r, clock_wall_ms(r->clock));
	loop_timer_set(r->sweep, SWEEP_MS);
}

/* ---- REGISTER -------------------------------------------------------------------------------- */

static void refuse(struct registrar *r, const struct sip_msg *msg, const struct sip_flow *from,
		   uint64_t replay_id, int code, const char *reason, struct slice extra)
{
	struct strbuf text = STRBUF_INIT;

	reg_answer(&text, msg, from, code, reason, extra);
	reg_commit_answer(r->commit, msg, from, replay_id, &text);
}

/* The address that the phone spoke to; a socket on all addresses does not know its own. */
static struct netaddr local_of(const struct registrar *r, const struct sip_flow *from)
{
	struct netaddr local = from->local;

	if (local.len == 0 || netaddr_is_any(&local))
		sip_transport_local(r->w.transport, from->transport, &from->remote, &local);
	return local;
}

/* What the texts of a new binding are put together in. */
struct texts {
	struct strbuf received, socket, methods;
	char key[64];
};

static void texts_free(struct texts *t)
{
	strbuf_free(&t->received);
	strbuf_free(&t->socket);
	strbuf_free(&t->methods);
}

static void add_texts(struct texts *t, const struct sip_msg *msg, const struct sip_flow *from,
		      const struct reg_ask *ask, const struct reg_contact *c,
		      const struct netaddr *local)
{
	char address[NETADDR_STR];

	strbuf_clear(&t->received);
	strbuf_clear(&t->socket);
	strbuf_clear(&t->methods);
	reg_rules_received(msg, from, c->uri, ask->path.n > 0, &t->received);
	if (local->len)
		strbuf_addf(&t->socket, "%s:%s", transport_name(from->transport),
			    netaddr_format(local, address));
	reg_rules_join(msg, "Allow", &t->methods);
}

/* The record that a contact of this request becomes. A binding that goes on keeps its key, and one
 * that had lapsed but is still shown comes back to life under it. */
static struct reg_rec *make_record(struct registrar *r, const struct sip_msg *msg,
				   const struct sip_flow *from, const struct reg_ask *ask,
				   const struct reg_step *step, struct texts *t, int64_t now_ms)
{
	const struct reg_contact *c = step->contact;
	struct registrar_binding b = {0};
	uint64_t n = step->before ? step->before->n : r->next_n++;

	b.local = local_of(r, from);
	add_texts(t, msg, from, ask, c, &b.local);
	slice_to_buf(SLICE_NONE, t->key, sizeof(t->key));
	if (step->before) {
		b.key = step->before->b.key;
	} else {
		struct strbuf key = STRBUF_INIT;

		strbuf_addf(&key, "lreg-%llx-%llu", (unsigned long long)r->start_ms,
			    (unsigned long long)n);
		slice_to_buf(strbuf_slice(&key), t->key, sizeof(t->key));
		strbuf_free(&key);
		b.key = slice_of(t->key);
	}
	b.user = strbuf_slice(&ask->user);
	b.domain = strbuf_slice(&ask->domain);
	b.contact = c->uri;
	b.received = strbuf_slice(&t->received);
	b.path = strbuf_slice(&ask->path);
	b.socket = strbuf_slice(&t->socket);
	b.user_agent = sip_msg_header(msg, "User-Agent", 0);
	b.call_id = ask->call_id;
	b.instance = c->instance;
	b.methods = strbuf_slice(&t->methods);
	b.expires_ms = now_ms + (int64_t)c->granted_s * 1000;
	b.refreshed_ms = now_ms;
	b.first_ms = step->before && !reg_rec_lapsed(step->before, now_ms)
			     ? step->before->b.first_ms
			     : now_ms;
	b.granted_s = c->granted_s;
	b.cseq = ask->cseq;
	b.q_milli = c->q_milli;
	b.reg_id = c->reg_id;
	b.connection = from->transport == TRANSPORT_UDP ? 0 : from->connection;
	b.source = from->remote;
	b.transport = from->transport;
	return reg_rec_new(&b, n, c->outbound);
}

/* The plan stands, nothing can fail any more: the table follows it, the store hears of it. */
static void carry_out(struct registrar *r, const struct sip_msg *msg, const struct sip_flow *from,
		      const struct reg_ask *ask, int64_t now_ms)
{
	struct texts t = {0};

	for (size_t i = 0; i < ask->steps_count; i++) {
		const struct reg_step *step = &ask->steps[i];
		struct reg_rec *before, *after = NULL;

		if (step->contact) {
			after = make_record(r, msg, from, ask, step, &t, now_ms);
			before = reg_table_put(r->w.table, after);
		} else {
			before = reg_table_remove(r->w.table, step->before->b.key);
		}
		reg_commit_change(r->commit, before, after, false);
	}
	texts_free(&t);
}

static void serve_register(struct registrar *r, const struct sip_msg *msg,
			   const struct sip_flow *from, uint64_t replay_id)
{
	struct reg_ask ask = REG_ASK_INIT;
	struct strbuf text = STRBUF_INIT;
	int64_t now_ms = clock_wall_ms(r->clock);
	struct netaddr local = local_of(r, from);
	int status;

	take_lapsed(r, now_ms);
	status = reg_rules_read(&ask, msg, &r->cfg, netaddr_port(&local));
	if (!status)
		status = reg_rules_plan(&ask, r->w.table, &r->cfg, now_ms);
	if (status) {
		refuse(r, msg, from, replay_id, status, ask.reason, strbuf_slice(&ask.extra));
	} else {
		carry_out(r, msg, from, &ask, now_ms);
		reg_answer_bindings(&text, msg, from, &ask, r->w.table, now_ms);
		reg_commit_answer(r->commit, msg, from, replay_id, &text);
	}
	reg_ask_free(&ask);
}

/* ---- requests -------------------------------------------------------------------------------- */

static bool allowed(const struct registrar *r, const struct netaddr *source)
{
	if (netaddr_is_loopback(source))
		return true;
	for (size_t i = 0; i < r->cfg.allow_count; i++)
		if (netcidr_contains(&r->allow[i], source))
			return true;
	return false;
}

/* A forged source must not get more than it sent: otherwise we would be an amplifier. */
static void turn_away(struct registrar *r, const struct sip_msg *msg, const struct sip_flow *from)
{
	struct strbuf text = STRBUF_INIT;
	struct sip_flow to;

	reg_answer(&text, msg, from, 403, NULL, SLICE_NONE);
	sip_response_flow(msg, from, &to);
	if (from->transport != TRANSPORT_UDP || text.n <= sip_msg_raw(msg).n)
		(void)sip_transport_send(r->w.transport, &to, text.p, text.n);
	strbuf_free(&text);
}

static void serve_options(struct registrar *r, const struct sip_msg *msg,
			  const struct sip_flow *from, uint64_t replay_id)
{
	refuse(r, msg, from, replay_id, 200, NULL,
	       SLICE_LIT("Allow: " REG_ALLOW "\r\nAccept: */*\r\nSupported: path, outbound\r\n"));
}

/* Methods of the RFCs that are not for a registrar; whatever else comes is unknown. */
static bool method_is_known(struct slice method)
{
	static const char *const known[] = {"INVITE", "BYE",     "PRACK",   "UPDATE", "SUBSCRIBE",
					    "NOTIFY", "PUBLISH", "MESSAGE", "REFER",  "INFO"};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (slice_eq_str(method, known[i]))
			return true;
	return false;
}

/* At once: an answer that waited for the disk would be one more that is held. */
static void turn_back(struct registrar *r, const struct sip_msg *msg, const struct sip_flow *from,
		      uint64_t replay_id)
{
	struct strbuf text = STRBUF_INIT;
	struct sip_flow to;

	reg_answer(&text, msg, from, 503, NULL, SLICE_LIT("Retry-After: 5\r\n"));
	sip_response_flow(msg, from, &to);
	(void)sip_transport_send(r->w.transport, &to, text.p, text.n);
	if (replay_id != NO_REPLAY)
		replay_answer(r->w.replay, replay_id, strbuf_slice(&text));
	strbuf_free(&text);
}

static void serve(struct registrar *r, const struct sip_msg *msg, const struct sip_flow *from,
		  uint64_t replay_id)
{
	struct slice method = sip_msg_method(msg), allow = SLICE_LIT("Allow: " REG_ALLOW "\r\n");

	if (reg_commit_is_full(r->commit))
		turn_back(r, msg, from, replay_id);
	else if (slice_eq_str(method, "REGISTER"))
		serve_register(r, msg, from, replay_id);
	else if (slice_eq_str(method, "OPTIONS"))
		serve_options(r, msg, from, replay_id);
	else if (slice_eq_str(method, "CANCEL"))
		refuse(r, msg, from, replay_id, 481, NULL, SLICE_NONE);
	else if (method_is_known(method))
		refuse(r, msg, from, replay_id, 405, NULL, allow);
	else
		refuse(r, msg, from, replay_id, 501, NULL, allow);
}

/* False when the request is an old one and was dealt with. Streams do not repeat. */
static bool is_new(struct registrar *r, const struct sip_msg *msg, const struct sip_flow *from,
		   uint64_t *replay_id)
{
	struct slice answer;
	struct sip_flow to;

	*replay_id = NO_REPLAY;
	if (from->transport != TRANSPORT_UDP)
		return true;
	switch (replay_see(r->w.replay, msg, from, clock_mono_ms(r->clock), replay_id, &answer)) {
	case REPLAY_NEW:
		return true;
	case REPLAY_UNANSWERED:
		return false;
	case REPLAY_ANSWERED:
		sip_response_flow(msg, from, &to);
		(void)sip_transport_send(r->w.transport, &to, answer.p, answer.n);
		return false;
	}
	return false;
}

static bool on_request(void *ctx, const struct sip_flow *from, const struct sip_msg *msg)
{
	struct registrar *r = ctx;
	uint64_t replay_id;

	if (slice_eq_str(sip_msg_method(msg), "ACK"))
		return true;
	if (!allowed(r, &from->remote))
		turn_away(r, msg, from);
	else if (is_new(r, msg, from, &replay_id))
		serve(r, msg, from, replay_id);
	return true;
}

static bool on_bad_request(void *ctx, const struct sip_flow *from, const struct sip_msg *msg,
			   int status, const char *why)
{
	struct registrar *r = ctx;
	struct strbuf text = STRBUF_INIT;
	struct sip_flow to;

	(void)why;
	if (slice_eq_str(sip_msg_method(msg), "ACK"))
		return true;
	if (!allowed(r, &from->remote)) {
		turn_away(r, msg, from);
		return true;
	}
	/* It changes nothing, so it need not wait, and a repetition may be judged again. */
	reg_answer(&text, msg, from, status, NULL, SLICE_NONE);
	sip_response_flow(msg, from, &to);
	(void)sip_transport_send(r->w.transport, &to, text.p, text.n);
	strbuf_free(&text);
	return true;
}

/* The bindings stay, but nothing can reach them any more. */
static void on_closed(void *ctx, uint32_t connection, int error)
{
	struct registrar *r = ctx;
	struct reg_rec *rec;

	(void)error;
	while (connection && (rec = reg_table_on_connection(r->w.table, connection))) {
		reg_table_forget_connection(r->w.table, rec);
		if (r->w.listener.put && !reg_commit_touches(r->commit, rec->b.key))
			r->w.listener.put(r->w.listener.ctx, &rec->b);
	}
}

/* ---- life ------------------------------------------------------------------------------------ */

static void copy_config(struct registrar *r, const struct registrar_config *cfg)
{
	struct registrar_config *c = &r->cfg;

	*c = *cfg;
	c->min_s = c->min_s ? c->min_s : 60;
	c->max_s = c->max_s ? c->max_s : 7200;
	c->default_s = c->default_s ? c->default_s : 3600;
	c->max_contacts = c->max_contacts ? c->max_contacts : 32;
	if (c->max_s < c->min_s)
		c->max_s = c->min_s;
	if (c->default_s > c->max_s)
		c->default_s = c->max_s;
	if (c->default_s < c->min_s)
		c->default_s = c->min_s;
	r->allow = xreallocarray(NULL, cfg->allow_count + 1, sizeof(*r->allow));
	for (size_t i = 0; i < cfg->allow_count; i++)
		r->allow[i] = cfg->allow[i];
	r->domains = xcalloc(cfg->domains_count + 1, sizeof(*r->domains));
	for (size_t i = 0; i < cfg->domains_count; i++)
		r->domains[i] = xstrdup(cfg->domains[i]);
	c->allow = r->allow;
	c->domains = cfg->domains ? (const char *const *)r->domains : NULL;
	c->path = NULL;
}

static void on_row(void *ctx, struct reg_rec *rec)
{
	struct registrar *r = ctx;

	if (rec->n >= r->next_n)
		r->next_n = rec->n + 1;
	reg_rec_unref(reg_table_put(r->w.table, rec));
}

struct registrar *registrar_new(struct loop *l, const struct clock *c, struct sip_transport *t,
				const struct registrar_config *cfg,
				const struct registrar_listener *lis, struct err *e)
{
	struct registrar *r = xcalloc(1, sizeof(*r));
	struct sip_handler h = {.ctx = r,
				.request = on_request,
				.bad_request = on_bad_request,
				.closed = on_closed};

	r->clock = c;
	r->start_ms = clock_wall_ms(c);
	r->next_n = 1;
	copy_config(r, cfg);
	r->w = (struct reg_world){.loop = l, .transport = t};
	if (lis)
		r->w.listener = *lis;
	r->w.table = reg_table_new(r->start_ms);
	r->w.replay = replay_new(REPLAY_ENTRIES, REPLAY_BYTES);
	if (cfg->path) {
		r->w.store = reg_store_open(cfg->path, e);
		if (!r->w.store || reg_store_load(r->w.store, r->start_ms, on_row, r, e) < 0) {
			registrar_free(r);
			return NULL;
		}
	}
	r->commit = reg_commit_new(&r->w);
	r->sweep = loop_timer_new(l, LOOP_SIP, on_sweep, r);
	loop_timer_set(r->sweep, SWEEP_MS);
	sip_transport_add_handler(t, &h);
	return r;
}

void registrar_free(struct registrar *r)
{
	if (!r)
		return;
	/* First what could still add to the commit while its end turns the loop. */
	loop_timer_free(r->sweep);
	if (r->commit) {
		sip_transport_remove_handler(r->w.transport, r);
		reg_commit_free(r->commit);
	}
	reg_store_close(r->w.store);
	replay_free(r->w.replay);
	reg_table_free(r->w.table);
	for (size_t i = 0; i < r->cfg.domains_count; i++)
		free(r->domains[i]);
	free(r->domains);
	free(r->allow);
	free(r);
}

/* ---- what others ask ------------------------------------------------------------------------- */

size_t registrar_count(const struct registrar *r)
{
	return reg_table_count(r->w.table);
}

void registrar_each(const struct registrar *r, registrar_visit_fn *fn, void *ctx)
{
	reg_table_each(r->w.table, fn, ctx);
}

bool registrar_find(const struct registrar *r, struct slice key, struct registrar_binding *out)
{
	const struct reg_rec *rec = reg_table_find(r->w.table, key);

	if (rec)
		*out = rec->b;
	return rec != NULL;
}

int registrar_purge(struct registrar *r, struct slice key, struct slice call_id, uint32_t cseq,
		    struct err *e)
{
	struct reg_rec *rec = reg_table_find(r->w.table, key);
	struct reg_change change = {.before = rec};

	if (!rec)
		return -ENOENT;
	if (!slice_eq(rec->b.call_id, call_id) || rec->b.cseq != cseq ||
	    reg_commit_touches(r->commit, key))
		return -EAGAIN;
	/* Waits for the disk, unlike a phone's request: a person asked for one binding, and the
	 * answer says that it is gone. */
	if (r->w.store && reg_store_write(r->w.store, &change, 1, e) < 0)
		return -EIO;
	rec = reg_table_remove(r->w.table, key);
	if (r->w.listener.gone)
		r->w.listener.gone(r->w.listener.ctx, rec->b.key);
	reg_rec_unref(rec);
	return 0;
}
