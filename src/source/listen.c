/* Source kind "listen": our own registrar, its bindings told as they change. */
#include "source/listen.h"

#include <errno.h>
#include <stdlib.h>
#include "base/alloc.h"
#include "base/sipuri.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "sip/registrar.h"

#define PLACE_HINT                                                                                 \
	"Say where to listen: -s listen:udp:127.0.0.1:5060 or "                                    \
	"-s listen:udp:127.0.0.1:5060,tcp:127.0.0.1:5060."
/* The picture is told as it changes, so it is never older than this. */
#define AGE_MS    1000
#define MAX_ALLOW 64

/* A question that waits for the end of the turn: no answer comes from inside the asking. */
struct question {
	struct question *next;
	struct binding *about;
	bool purge;
	source_answer_fn *fn;
	void *ctx;
};

struct listen {
	struct source s;
	const struct clock *clock;
	struct sip_transport *transport;
	struct registrar *registrar;
	struct loop_timer *age, *turn_end;
	struct question *questions, **questions_end;
	bool started;
};

static struct listen *of(struct source *s)
{
	return (struct listen *)s;
}

/* ---- what is delivered ----------------------------------------------------------------------- */

static void to_binding(const struct registrar_binding *r, struct binding *b)
{
	bool stream = r->transport != TRANSPORT_UDP;

	*b = (struct binding){
		.key = r->key,
		.ruid = r->key,
		.user = r->user,
		.domain = r->domain,
		.contact = r->contact,
		.received = r->received,
		.path = r->path,
		.socket = r->socket,
		.user_agent = r->user_agent,
		.call_id = r->call_id,
		.instance = r->instance,
		.expires_s = r->expires_ms / 1000,
		.refreshed_s = r->refreshed_ms / 1000,
		.granted_s = r->granted_s,
		.cseq = r->cseq,
		.methods = r->methods.n ? binding_methods_parse(r->methods) : BINDING_METHODS_ALL,
		.q_milli = r->q_milli >= 0 ? r->q_milli : BINDING_Q_UNSET,
		.reg_id = r->reg_id,
		.connection = stream && !r->connection ? -1 : (int32_t)r->connection,
	};
}

static void be_current(struct listen *l)
{
	l->s.status.read_ms = clock_wall_ms(l->clock);
}

static void on_put(void *ctx, const struct registrar_binding *r)
{
	struct listen *l = ctx;
	struct binding b;

	if (!l->started)
		return;
	be_current(l);
	to_binding(r, &b);
	l->s.sink.put(l->s.sink.ctx, &b);
}

static void on_gone(void *ctx, struct slice key)
{
	struct listen *l = ctx;

	if (!l->started)
		return;
	be_current(l);
	l->s.sink.remove(l->s.sink.ctx, key);
}

/* Phones are being refused, but what is shown is still right. */
static void on_trouble(void *ctx, const struct err *e)
{
	struct listen *l = ctx;

	l->s.status.state = e ? SOURCE_TROUBLE : SOURCE_LIVE;
	l->s.status.trouble = e ? *e : ERR_NONE;
	if (l->started)
		source_tell(&l->s);
}

static bool put_one(void *ctx, const struct registrar_binding *r)
{
	on_put(ctx, r);
	return true;
}

static void listen_refresh(struct source *s)
{
	struct listen *l = of(s);

	s->sink.begin_pass(s->sink.ctx);
	registrar_each(l->registrar, put_one, l);
	s->sink.end_pass(s->sink.ctx, true);
	s->status.complete = true;
	s->status.progress = s->status.expected = registrar_count(l->registrar);
	be_current(l);
	source_tell(s);
}

static void listen_start(struct source *s)
{
	struct listen *l = of(s);

	l->started = true;
	s->status.started_s = clock_wall_s(l->clock);
	if (s->status.state == SOURCE_OPENING)
		s->status.state = SOURCE_LIVE;
	loop_timer_set(l->age, AGE_MS);
	listen_refresh(s);
}

static void on_age(void *ctx)
{
	struct listen *l = ctx;

	be_current(l);
	loop_timer_set(l->age, AGE_MS);
}

/* ---- verbs ----------------------------------------------------------------------------------- */

static const char *listen_purge_refused(const struct source *s)
{
	(void)s;
	return NULL;
}

static void listen_purge_how(const struct source *s, const struct binding *b, struct strbuf *out)
{
	(void)b;
	(void)s;
	strbuf_add_str(out, "removed from this registrar and its file");
}

static void answer(struct listen *l, const struct question *q)
{
	struct registrar_binding found;
	struct err e = ERR_NONE;
	struct binding now;
	int rc;

	if (!q->purge) {
		if (!registrar_find(l->registrar, q->about->key, &found)) {
			q->fn(q->ctx, SOURCE_GONE, NULL, NULL);
			return;
		}
		to_binding(&found, &now);
		q->fn(q->ctx, SOURCE_DONE, &now, NULL);
		return;
	}
	rc = registrar_purge(l->registrar, q->about->key, q->about->call_id, q->about->cseq, &e);
	q->fn(q->ctx,
	      rc == 0         ? SOURCE_DONE
	      : rc == -ENOENT ? SOURCE_GONE
	      : rc == -EAGAIN ? SOURCE_CHANGED
			      : SOURCE_REFUSED,
	      NULL, rc == -EIO ? &e : NULL);
}

static struct question *take_question(struct listen *l)
{
	struct question *q = l->questions;

	if (q)
		l->questions = q->next;
	if (!l->questions)
		l->questions_end = &l->questions;
	return q;
}

static void question_free(struct question *q)
{
	free(q->about);
	free(q);
}

static void on_turn_end(void *ctx)
{
	struct listen *l = ctx;
	struct question *q = take_question(l);

	if (l->questions)
		loop_timer_set(l->turn_end, 0);
	if (!q)
		return;
	answer(l, q);
	question_free(q);
}

static void ask(struct source *s, const struct binding *b, bool purge, source_answer_fn *fn,
		void *ctx)
{
	struct listen *l = of(s);
	struct question *q = xcalloc(1, sizeof(*q));

	*q = (struct question){NULL, binding_copy(b), purge, fn, ctx};
	*l->questions_end = q;
	l->questions_end = &q->next;
	loop_timer_set(l->turn_end, 0);
}

static void listen_reread(struct source *s, const struct binding *b, source_answer_fn *fn,
			  void *ctx)
{
	ask(s, b, false, fn, ctx);
}

static void listen_purge(struct source *s, const struct binding *b, source_answer_fn *fn, void *ctx)
{
	ask(s, b, true, fn, ctx);
}

/* The address in a SIP URI, when it is one that a datagram can be sent to. */
static bool datagram_address(struct slice raw, struct source_route *out)
{
	struct sip_uri uri;

	if (sip_uri_split(raw, &uri) < 0 || !uri.is_sip)
		return false;
	out->transport = sip_uri_transport(&uri);
	return out->transport == TRANSPORT_UDP &&
	       netaddr_parse(uri.host, uri.port ? uri.port : 5060, &out->addr) == 0;
}

/* From a socket on loopback the kernel sends to nobody else: then there is no way through this
 * registrar, and the data alone has to say why. */
static bool socket_reaches(struct slice socket, const struct netaddr *to)
{
	struct slice word, place = slice_cut(socket, ':', &word);
	struct netaddr local;

	return netaddr_parse_hostport(place, 5060, &local) < 0 || !netaddr_is_loopback(&local) ||
	       netaddr_is_loopback(to);
}

/* A binding that came over a stream is reached by that connection and nothing else (RFC 5626,
 * facts on NAT): when it is closed, nothing can be sent. */
static bool listen_route(struct source *s, const struct binding *b, struct source_route *out)
{
	struct listen *l = of(s);
	struct sip_uri seen;

	memset(out, 0, sizeof(*out));
	out->own = true;
	out->use_path = b->path.n > 0;
	if (slice_starts_with(b->socket, "tcp:")) {
		out->transport = TRANSPORT_TCP;
		out->flow_gone = b->connection <= 0 ||
				 !sip_transport_is_open(l->transport, (uint32_t)b->connection);
		out->connection = out->flow_gone ? 0 : (uint32_t)b->connection;
		if (sip_uri_split(b->received, &seen) == 0)
			(void)netaddr_parse(seen.host, seen.port, &out->addr);
		return true;
	}
	return datagram_address(b->path.n       ? sip_uri_first_of_list(b->path)
				: b->received.n ? b->received
						: b->contact,
				out) &&
	       socket_reaches(b->socket, &out->addr);
}

/* ---- opening --------------------------------------------------------------------------------- */

static int bad_place(struct err *e, struct slice part, const char *what)
{
	char clean[128];

	text_clean_buf(part, clean, sizeof(clean));
	return err_set(e, -EINVAL, PLACE_HINT, "listen: \"%s\" %s.", clean, what);
}

static int open_sockets(struct listen *l, const char *place, struct err *e)
{
	struct slice rest = slice_of(place), part, word, hostport;

	if (slice_empty(rest))
		return bad_place(e, rest, "names no address");
	while (rest.n) {
		struct netaddr addr;
		enum transport kind;

		rest = slice_cut(rest, ',', &part);
		hostport = slice_cut(part, ':', &word);
		kind = transport_parse(word);
		if (kind != TRANSPORT_UDP && kind != TRANSPORT_TCP)
			return bad_place(e, part, "does not begin with udp: or tcp:");
		if (netaddr_parse_hostport(hostport, 5060, &addr) < 0)
			return bad_place(e, part, "is no address and port");
		if (sip_transport_listen(l->transport, kind, &addr, e) < 0)
			return e->code ? e->code : -EIO;
	}
	return 0;
}

static int read_allow(const char *list, struct netcidr *out, size_t *count, struct err *e)
{
	struct slice rest = slice_of(list), one;
	char clean[64];

	*count = 0;
	while (rest.n) {
		rest = slice_cut(rest, ',', &one);
		one = slice_trim(one);
		if (*count == MAX_ALLOW)
			return err_set(e, -EINVAL, "Name larger networks.",
				       "--allow takes at most %d networks.", MAX_ALLOW);
		if (netcidr_parse(one, &out[*count]) < 0) {
			text_clean_buf(one, clean, sizeof(clean));
			return err_set(e, -EINVAL, "Write it as 192.0.2.0/24 or 2001:db8::/32.",
				       "--allow: \"%s\" is no network.", clean);
		}
		++*count;
	}
	return 0;
}

/* RFC 3261 10.3: a request for an hour or more is never too brief, so a longer minimum could not
 * be told to any phone. */
static int check_times(const struct source_options *o, struct err *e)
{
	if (o->min_expires_s > 3600)
		return err_set(e, -EINVAL, "Set it to 3600 or less.",
			       "The least expiry cannot be more than an hour.");
	if (o->max_expires_s && o->min_expires_s > o->max_expires_s)
		return err_set(e, -EINVAL, NULL, "The least expiry is above the greatest.");
	return 0;
}

static int open_registrar(struct listen *l, struct loop *loop, const struct source_options *o,
			  struct err *e)
{
	struct netcidr allow[MAX_ALLOW];
	struct registrar_config cfg = {.path = o->store_path,
				       .default_s = o->default_expires_s,
				       .min_s = o->min_expires_s,
				       .max_s = o->max_expires_s,
				       .allow = allow};
	struct registrar_listener lis = {l, on_put, on_gone, on_trouble};
	int rc = check_times(o, e);

	if (rc == 0)
		rc = read_allow(o->allow, allow, &cfg.allow_count, e);
	if (rc == 0)
		rc = open_sockets(l, o->place, e);
	if (rc < 0)
		return rc;
	l->registrar = registrar_new(loop, l->clock, l->transport, &cfg, &lis, e);
	return l->registrar ? 0 : -EIO;
}

static void listen_free(struct source *s)
{
	struct listen *l = of(s);
	struct question *q;

	/* First the registrar: it answers what it still holds. */
	l->started = false;
	registrar_free(l->registrar);
	while ((q = take_question(l)))
		question_free(q);
	loop_timer_free(l->age);
	loop_timer_free(l->turn_end);
	sip_transport_free(l->transport);
	free(l);
}

static const struct source_ops listen_ops = {
	.kind = "listen",
	.start = listen_start,
	.refresh = listen_refresh,
	.purge_refused = listen_purge_refused,
	.purge_how = listen_purge_how,
	.reread = listen_reread,
	.purge = listen_purge,
	.route = listen_route,
	.free = listen_free,
};

/* "listen udp+tcp 127.0.0.1:5060" when both stand on the same address, as they usually do; else the
 * place as it was given. */
static void name_source(struct listen *l, const char *place)
{
	struct slice first, second = slice_cut(slice_of(place), ',', &first);
	struct slice one, other, at = slice_cut(first, ':', &one),
				 same = slice_cut(second, ':', &other);
	struct strbuf name = STRBUF_INIT;

	strbuf_add_str(&name, "listen ");
	if (second.n && slice_eq(at, same)) {
		strbuf_add_slice(&name, one);
		strbuf_add_char(&name, '+');
		strbuf_add_slice(&name, other);
		strbuf_add_char(&name, ' ');
		strbuf_add_slice(&name, at);
	} else {
		strbuf_add_str(&name, place);
	}
	text_clean_buf(strbuf_slice(&name), l->s.name, sizeof(l->s.name));
	strbuf_free(&name);
}

struct source *listen_open(struct loop *loop, const struct clock *c, const struct source_options *o,
			   struct err *e)
{
	struct listen *l = xcalloc(1, sizeof(*l));

	l->s.ops = &listen_ops;
	l->clock = c;
	l->questions_end = &l->questions;
	l->transport = sip_transport_new(loop, c);
	l->age = loop_timer_new(loop, LOOP_INPUT, on_age, l);
	l->turn_end = loop_timer_new(loop, LOOP_INPUT, on_turn_end, l);
	if (open_registrar(l, loop, o, e) < 0) {
		listen_free(&l->s);
		return NULL;
	}
	name_source(l, o->place);
	return &l->s;
}

struct sip_transport *listen_transport(struct source *s)
{
	return of(s)->transport;
}
