/* Kamailio by its SQLite location table, with its control socket for what changes something. */
#include "source/kamailio.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include "base/alloc.h"
#include "base/text.h"
#include "source/control_about.h"
#include "source/kamailio_dump.h"
#include "source/kamailio_gruu.h"
#include "source/kamailio_memory.h"
#include "source/kamailio_nodes.h"
#include "source/kamailio_uac.h"
#include "source/kept.h"
#include "source/location_feed.h"
#include "source/sql/location_db.h"

#define SIP_PORT 5060
/* So many rows of unknown nodes are told at a time. */
#define FOREIGN_MAX 10000
/* Zones differ by quarters of an hour; an answer that took a while may be seconds off. */
#define ZONE_STEP_S  900
#define ZONE_SLACK_S 5

struct kamailio {
	struct source base;
	const struct clock *clock;
	struct location_feed *feed;
	struct kamailio_nodes *nodes;
	struct kamailio_uac *uac;
	struct kamailio_memory *memory; /* NULL: there is nothing but memory */
	struct kamailio_dump *dump;     /* instead of feed, when there is no table */
	struct kept *foreign;           /* rows of nodes that are not known, still to be told */
	bool server; /* its times are those of a zone, which may be another than we think */
	struct binding *sample; /* a binding that has an end, to ask Kamailio for it; or NULL */
	bool sampled;           /* it was asked */
	int64_t zone_off_s;     /* Kamailio's end is so much later than the table's */
};

static struct kamailio *of(struct source *s)
{
	return (struct kamailio *)s;
}

static const struct kamailio *of_const(const struct source *s)
{
	return (const struct kamailio *)s;
}

/* ---- the zone of the times ------------------------------------------------------------------- */

/* Of a node that nobody named: whoever asks us cannot reach it. */
static void note_foreign(struct kamailio *k, const struct binding *row)
{
	struct kamailio_way way;
	struct err why;

	if (kept_count(k->foreign) < FOREIGN_MAX && !kamailio_nodes_way(k->nodes, row, &way, &why))
		kept_put(k->foreign, row, 0);
}

static bool tell_foreign(void *ctx, struct kept_binding *kb)
{
	struct kamailio *k = ctx;
	const struct source_sink *sink = &k->base.sink;
	struct evidence e = {.outcome = PROBE_ELSEWHERE, .path = PROBE_PATH_REGISTRAR};
	struct kamailio_way way;
	struct err why;

	/* asked_ms stays 0: any probe of ours stands against it. */
	if (!kamailio_nodes_way(k->nodes, kb->b, &way, &why)) {
		slice_to_buf(slice_of(why.what), e.detail, sizeof(e.detail));
		sink->evidence(sink->ctx, kb->b->key, &e);
	}
	return false;
}

static size_t on_rows(void *ctx, struct binding *rows, size_t n)
{
	struct kamailio *k = ctx;
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		if (kamailio_nodes_take(k->nodes, &rows[i]))
			rows[kept++] = rows[i];
	for (size_t i = 0; i < kept; i++) {
		kamailio_memory_complete(k->memory, &rows[i]);
		note_foreign(k, &rows[i]);
	}
	for (size_t i = 0; k->server && !k->sample && i < kept; i++)
		if (rows[i].expires_s != BINDING_PERMANENT && rows[i].ruid.n)
			k->sample = binding_copy(&rows[i]);
	return kept;
}

static void on_sample(void *ctx, enum source_answer answer, const struct binding *now,
		      const struct err *e)
{
	struct kamailio *k = ctx;
	int64_t off, steps;

	(void)e;
	if (answer != SOURCE_DONE || !now || now->expires_s == BINDING_PERMANENT)
		return;
	off = now->expires_s - k->sample->expires_s;
	steps = llround((double)off / ZONE_STEP_S) * ZONE_STEP_S;
	k->zone_off_s = llabs(off - steps) <= ZONE_SLACK_S && llabs(steps) <= 86400 ? steps : 0;
}

/* Kamailio writes its own local times (facts/kamailio-opensips 1.3): what it says of one binding
 * tells whether we read them in the right zone. */
static void check_zone(struct kamailio *k)
{
	if (!k->sample || k->sampled || kamailio_nodes_refused(k->nodes))
		return;
	k->sampled = true;
	kamailio_nodes_ask(k->nodes, k->sample, on_sample, k);
}

static void tell_zone(struct kamailio *k)
{
	int64_t off = k->zone_off_s;
	char words[24];

	k->base.status.complete = false;
	err_set(&k->base.status.trouble, -ERANGE,
		"Say in which zone Kamailio runs: ?timezone=America/New_York behind the address.",
		"All times are wrong: Kamailio's own are %s %s than those of the table.",
		text_duration(off < 0 ? -off : off, words), off < 0 ? "earlier" : "later");
}

static void on_looked(void *ctx, bool ok)
{
	struct kamailio *k = ctx;

	kamailio_nodes_look(k->nodes);
	check_zone(k);
	kamailio_memory_looked(k->memory);
	kept_each(k->foreign, tell_foreign, k);
	if (ok && k->zone_off_s)
		tell_zone(k);
}

static void on_pass_ends(void *ctx, bool complete)
{
	struct kamailio *k = ctx;

	if (complete)
		kamailio_memory_pass_ends(k->memory);
}

static const struct location_feed_hooks feed_hooks = {
	.rows = on_rows, .pass_ends = on_pass_ends, .looked = on_looked};

/* ---- verbs ----------------------------------------------------------------------------------- */

static void kamailio_refresh(struct source *s)
{
	if (of(s)->dump)
		kamailio_dump_refresh(of(s)->dump);
	else
		location_feed_refresh(of(s)->feed);
}

static void kamailio_seen(struct source *s, const struct binding *rows, size_t n)
{
	kamailio_memory_seen(of(s)->memory, rows, n);
}

static bool kamailio_seen_all(const struct source *s)
{
	return kamailio_memory_told(of_const(s)->memory);
}

static const char *kamailio_purge_refused(const struct source *s)
{
	return kamailio_nodes_refused(of_const(s)->nodes);
}

static void kamailio_purge_how(const struct source *s, const struct binding *b, struct strbuf *out)
{
	kamailio_nodes_how(of_const(s)->nodes, b, out);
}

static void kamailio_reread(struct source *s, const struct binding *b, source_answer_fn *fn,
			    void *ctx)
{
	kamailio_nodes_ask(of(s)->nodes, b, fn, ctx);
}

static void kamailio_prove(struct source *s, const struct binding *b, source_answer_fn *fn,
			   void *ctx)
{
	kamailio_nodes_prove(of(s)->nodes, b, fn, ctx);
}

static void kamailio_purge(struct source *s, const struct binding *b, source_answer_fn *fn,
			   void *ctx)
{
	kamailio_nodes_remove(of(s)->nodes, b, fn, ctx);
}

static void kamailio_purge_aor_how(const struct source *s, const struct binding *b,
				   struct strbuf *out)
{
	kamailio_nodes_aor_how(of_const(s)->nodes, b, out);
}

static void kamailio_purge_row_how(const struct source *s, const struct binding *b,
				   struct strbuf *out)
{
	(void)b;
	kamailio_nodes_row_how(of_const(s)->nodes, out);
}

static void kamailio_read_aor(struct source *s, const struct binding *b, source_aor_fn *fn,
			      void *ctx)
{
	kamailio_nodes_ask_aor(of(s)->nodes, b, fn, ctx);
}

static void kamailio_purge_aor(struct source *s, const struct binding *const *all, size_t n,
			       source_answer_fn *fn, void *ctx)
{
	kamailio_nodes_remove_aor(of(s)->nodes, all, n, fn, ctx);
}

static void kamailio_purge_row(struct source *s, const struct binding *b, source_answer_fn *fn,
			       void *ctx)
{
	kamailio_nodes_remove_row(of(s)->nodes, b, fn, ctx);
}

/* "udp:IP:PORT" of the row. Any transport will do: Kamailio's UDP socket is usually beside it. */
static bool row_socket(const struct binding *b, struct netaddr *addr)
{
	struct slice transport, hostport = slice_cut(b->socket, ':', &transport);

	return transport_parse(transport) != TRANSPORT_NONE &&
	       netaddr_parse_hostport(hostport, SIP_PORT, addr) == 0;
}

static void wildcard_to_loopback(struct netaddr *a)
{
	bool six = a->sa.sa_family == AF_INET6;

	if (netaddr_is_any(a))
		netaddr_parse(six ? SLICE_LIT("::1") : SLICE_LIT("127.0.0.1"), netaddr_port(a), a);
}

static bool kamailio_route(struct source *s, const struct binding *b, struct source_route *out)
{
	struct strbuf uri = STRBUF_INIT;
	struct kamailio_way way;
	struct netaddr listens;
	char host[NETADDR_STR];
	struct err why;
	bool ok;

	*out = (struct source_route){.transport = TRANSPORT_UDP};
	if (!kamailio_nodes_way(of(s)->nodes, b, &way, &why)) {
		slice_to_buf(slice_of(why.what), out->why, sizeof(out->why));
		return true;
	}
	if (!row_socket(b, &listens)) {
		if (!way.sip.len)
			return false;
		listens = way.sip;
	}
	wildcard_to_loopback(&listens);
	out->addr = way.sip.len ? way.sip : listens;
	slice_to_buf(slice_of(way.node ? way.node : ""), out->node, sizeof(out->node));
	/* The domain must be one that Kamailio takes for its own: the socket it listens on is. */
	ok = kamailio_gruu_add(b, slice_of(netaddr_format(&listens, host)), &uri) &&
	     uri.n < sizeof(out->request_uri);
	if (ok)
		slice_to_buf(strbuf_slice(&uri), out->request_uri, sizeof(out->request_uri));
	strbuf_free(&uri);
	return ok;
}

/* For a binding without a temp-GRUU, or whose socket is not known: where Kamailio is asked by HTTP.
 */
static uint64_t kamailio_send(struct source *s, const struct binding *b, const char *method,
			      unsigned timeout_ms, source_uac_fn *fn, void *ctx)
{
	const struct kamailio_asker *owner = kamailio_nodes_owner(of(s)->nodes, b, NULL);

	return kamailio_uac_send(of(s)->uac, owner ? kamailio_asker_place(owner) : NULL, b, method,
				 timeout_ms, fn, ctx);
}

static void kamailio_send_cancel(struct source *s, uint64_t id)
{
	kamailio_uac_cancel(of(s)->uac, id);
}

static bool kamailio_control(const struct source *s, size_t i, struct source_control *out)
{
	return kamailio_nodes_tell_control(of_const(s)->nodes, i, out);
}

static struct source_about_call *kamailio_about(struct source *s, const char *host,
						source_about_fn *fn, void *ctx)
{
	struct kamailio *k = of(s);
	struct kamailio_asker *any = kamailio_nodes_any(k->nodes);

	return control_about_ask(any ? kamailio_asker_control(any) : NULL, ABOUT_KAMAILIO, k->clock,
				 host, fn, ctx);
}

static void kamailio_about_end(struct source *s, struct source_about_call *c)
{
	(void)s;
	control_about_cancel(c);
}

static void kamailio_free(struct source *s)
{
	struct kamailio *k = of(s);

	kamailio_uac_free(k->uac);
	kamailio_memory_close(k->memory);
	kamailio_dump_close(k->dump);
	kamailio_nodes_free(k->nodes);
	location_feed_free(k->feed);
	kamailio_memory_free(k->memory);
	kept_free(k->foreign);
	kamailio_dump_free(k->dump);
	free(k->sample);
	free(k);
}

#define KAMAILIO_OPS(word, on_seen, on_seen_all, rows)                                             \
	{                                                                                          \
		.kind = word, .start = kamailio_refresh, .refresh = kamailio_refresh,              \
		.purge_refused = kamailio_purge_refused, .purge_how = kamailio_purge_how,          \
		.reread = kamailio_reread, .prove = kamailio_prove, .purge = kamailio_purge,       \
		.purge_aor_how = kamailio_purge_aor_how, .read_aor = kamailio_read_aor,            \
		.purge_aor = kamailio_purge_aor, .purge_row_how = kamailio_purge_row_how,          \
		.purge_row = rows, .route = kamailio_route, .uac = kamailio_send,                  \
		.uac_cancel = kamailio_send_cancel, .seen = on_seen, .seen_all = on_seen_all,      \
		.about = kamailio_about, .about_cancel = kamailio_about_end,                       \
		.control = kamailio_control, .free = kamailio_free,                                \
	}

static const struct source_ops sqlite_ops =
	KAMAILIO_OPS("kamailio-sqlite", kamailio_seen, kamailio_seen_all, kamailio_purge_row);
static const struct source_ops mysql_ops =
	KAMAILIO_OPS("kamailio-mysql", kamailio_seen, kamailio_seen_all, kamailio_purge_row);
static const struct source_ops postgres_ops =
	KAMAILIO_OPS("kamailio-postgresql", kamailio_seen, kamailio_seen_all, kamailio_purge_row);

/* Without a table there is no row that could be left. */
static const struct source_ops memory_ops = KAMAILIO_OPS("kamailio-memory", NULL, NULL, NULL);

static const struct source_ops redis_ops =
	KAMAILIO_OPS("kamailio-redis", kamailio_seen, kamailio_seen_all, kamailio_purge_row);

static const struct source_ops *ops_of(const char *place)
{
	if (!location_db_is_server(place))
		return &sqlite_ops;
	return place[0] == 'm' ? &mysql_ops : place[0] == 'r' ? &redis_ops : &postgres_ops;
}

/* ---- opening --------------------------------------------------------------------------------- */

bool kamailio_recognise(const char *path, struct err *e)
{
	return location_feed_recognise(path, LOCATION_KAMAILIO, e);
}

struct source *kamailio_open(struct loop *l, const struct clock *c, const struct source_options *o,
			     struct err *e)
{
	struct kamailio *k = xcalloc(1, sizeof(*k));

	k->base.ops = ops_of(o->place);
	k->server = location_db_is_server(o->place);
	k->clock = c;
	location_db_name(o->place, k->base.name, sizeof(k->base.name));
	k->uac = kamailio_uac_new(l, c);
	k->nodes = kamailio_nodes_new(l, c, o, e);
	if (k->nodes)
		k->memory = kamailio_memory_new(l, c, &k->base, k->nodes);
	k->foreign = kept_new();
	if (k->nodes)
		k->feed = location_feed_new(l, c, &k->base, o->place, LOCATION_KAMAILIO,
					    o->recognised, o->interval_ms, &feed_hooks, k, e);
	if (!k->feed) {
		kamailio_free(&k->base);
		return NULL;
	}
	return &k->base;
}

static bool take_contact(void *ctx, struct binding *b)
{
	struct kamailio *k = ctx;

	return kamailio_nodes_take(k->nodes, b);
}

static void look_at_nodes(void *ctx)
{
	struct kamailio *k = ctx;

	kamailio_nodes_look(k->nodes);
}

/* CONTROL?table=NAME, as PATH?table=NAME of a database. The control's own options stand before. */
static char *cut_table(const char *place, const char **table)
{
	static const char option[] = "table=";
	const char *last = strrchr(place, '?'), *more = strrchr(place, '&');

	if (more > last)
		last = more;
	if (!last || strncmp(last + 1, option, sizeof(option) - 1) != 0)
		return xstrdup(place);
	*table = last + sizeof(option);
	return slice_copy(slice_make(place, (size_t)(last - place)));
}

struct source *kamailio_open_memory(struct loop *l, const struct clock *c,
				    const struct source_options *o, struct err *e)
{
	struct kamailio *k = xcalloc(1, sizeof(*k));
	struct source_options with_control = *o;
	struct source_node alone = {.server_id = -1};
	const char *table = NULL;
	char *control = cut_table(o->place, &table);

	k->base.ops = &memory_ops;
	k->clock = c;
	snprintf(k->base.name, sizeof(k->base.name), "kamailio ");
	text_clean_buf(slice_of(o->place), k->base.name + 9, sizeof(k->base.name) - 9);
	/* Its place is its control; there is no database that could be meant. */
	if (o->node_count)
		alone = o->nodes[0];
	alone.control = control;
	with_control.place = NULL;
	with_control.nodes = &alone;
	with_control.node_count = 1;
	k->uac = kamailio_uac_new(l, c);
	if (strcmp(control, "table") == 0)
		err_set(e, -EINVAL, "Name a control: kamailio:unix:PATH.",
			"\"table\" is no memory that could be listed.");
	else
		k->nodes = kamailio_nodes_new(l, c, &with_control, e);
	free(control);
	if (!k->nodes) {
		kamailio_free(&k->base);
		return NULL;
	}
	if (table)
		kamailio_nodes_set_table(k->nodes, table);
	k->dump = kamailio_dump_new(l, c, &k->base, kamailio_nodes_control(k->nodes, 0),
				    kamailio_nodes_table(k->nodes), o->interval_ms, take_contact,
				    look_at_nodes, k);
	return &k->base;
}
