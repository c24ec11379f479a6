/* The ways of a workup beside the path of a call: one OPTIONS each, from a socket of ours. */
#include "act/workup_ways.h"

#include <stdlib.h>
#include "act/ping_evidence.h"
#include "act/ping_path.h"
#include "base/alloc.h"
#include "base/sipuri.h"
#include "base/text.h"

struct way {
	struct workup_ways *ways;
	enum finding_way which;
	struct prober *prober;
	uint64_t probe; /* 0: not open */
	int64_t asked_ms;
};

struct workup_ways {
	const struct act_env *env;
	struct finding_binding *b;
	struct way way[WAY_COUNT];
	unsigned asked, open;
	struct trace *trace;
	void (*fn)(void *ctx);
	void *ctx;
};

static void say(struct workup_ways *w, enum finding_way which, const char *why)
{
	slice_to_buf(slice_of(why), w->b->ways[which].detail, EVIDENCE_DETAIL);
}

static void on_report(void *ctx, uint64_t id, const struct probe_report *r)
{
	struct way *way = ctx;
	struct workup_ways *w = way->ways;
	struct ping_finding f;

	(void)id;
	if (r->late || r->end == PROBE_END_FORGOTTEN)
		return;
	ping_evidence_read(&w->b->row.b, PROBE_PATH_DIRECT, r, &f);
	ping_evidence_add(&w->b->ways[way->which], &f, way->asked_ms, clock_wall_ms(w->env->clock));
	/* A late answer is not waited for: the path of a call is what decides. */
	prober_cancel(way->prober, way->probe);
	way->probe = 0;
	w->open--;
	w->fn(w->ctx);
}

/* The path belongs to the caller. */
static void ask_path(struct workup_ways *w, enum finding_way which, const struct ping_path *path)
{
	static const char *const titles[WAY_COUNT] = {
		[WAY_CALL] = "",
		[WAY_DIRECT] = "OPTIONS straight to the next hop",
		[WAY_CONTACT] = "OPTIONS straight to its contact",
		[WAY_SOURCE] = "OPTIONS straight to where it registered from",
		[WAY_EDGE] = "OPTIONS to the edge on its Path",
	};
	struct way *way = &w->way[which];
	struct probe_spec spec;

	if (path->never != PROBE_NOT_ASKED) {
		say(w, which, path->why);
		return;
	}
	if (path->flow.transport != TRANSPORT_UDP) {
		say(w, which, "only UDP is asked on this way");
		return;
	}
	spec = (struct probe_spec){.flow = path->flow,
				   .request_uri = strbuf_slice(&path->request_uri),
				   .route = strbuf_slice(&path->route),
				   .to_uri = strbuf_slice(&path->to_uri),
				   .from_uri = strbuf_slice(&path->from_uri),
				   .verdict_ms = w->env->probe_timeout_ms,
				   .trace = w->trace};
	trace_begin(w->trace, titles[which]);
	way->prober = w->env->probers[w->b->row.b.source];
	way->asked_ms = clock_wall_ms(w->env->clock);
	way->probe = prober_start(way->prober, &spec, on_report, way);
	w->asked++;
	w->open++;
}

static void ask(struct workup_ways *w, enum finding_way which, const struct binding *b)
{
	struct ping_path path = PING_PATH_INIT;

	ping_path_direct(w->env, b, &path);
	ask_path(w, which, &path);
	ping_path_free(&path);
}

static void ask_named(struct workup_ways *w, const struct netaddr *named)
{
	struct ping_path path = PING_PATH_INIT;

	ping_path_to(w->env, &w->b->row.b, named, &path);
	ask_path(w, WAY_DIRECT, &path);
	ping_path_free(&path);
}

static bool same_place(const struct next_hop *a, const struct next_hop *b)
{
	return a->addr.len && b->addr.len && a->transport == b->transport &&
	       netaddr_eq(&a->addr, &b->addr);
}

/* A private address behind a NAT is somebody else's here, if it is anybody's. */
static bool means_another(const struct workup_ways *w, const struct netaddr *a)
{
	const struct netaddr *hop = &w->b->hop.addr;

	if (!a->len || !hop->len)
		return false;
	return (netaddr_is_private(a) && !netaddr_is_private(hop)) ||
	       (netaddr_is_loopback(a) && !netaddr_is_loopback(hop));
}

/* b as if the registrar had stored nothing but what is left in it; asked when that leads to a place
 * that is another. */
static void ask_other(struct workup_ways *w, enum finding_way which, const struct binding *b)
{
	struct next_hop hop;

	next_hop_find(b, &hop);
	if (w->b->hop.from == hop.from || same_place(&hop, &w->b->hop))
		return;
	if (means_another(w, &hop.addr))
		say(w, which, "an address behind the NAT: here it is nobody's, or another's");
	else
		ask(w, which, b);
}

static void ask_edge(struct workup_ways *w)
{
	struct binding edge = w->b->row.b;

	edge.contact = sip_uri_first_of_list(edge.path);
	edge.path = edge.received = SLICE_NONE;
	ask(w, WAY_EDGE, &edge);
}

struct workup_ways *workup_ways_start(const struct act_env *env, struct finding_binding *b,
				      enum probe_path call, const struct netaddr *named,
				      struct trace *t, void (*fn)(void *ctx), void *ctx)
{
	struct workup_ways *w = xcalloc(1, sizeof(*w));
	struct binding bare = b->row.b;

	*w = (struct workup_ways){.env = env, .b = b, .trace = t, .fn = fn, .ctx = ctx};
	for (int i = 0; i < WAY_COUNT; i++) {
		w->way[i].ways = w;
		w->way[i].which = (enum finding_way)i;
	}
	if (named->len && b->hop.transport == TRANSPORT_UDP && call != PROBE_PATH_OWN)
		ask_named(w, named);
	else if (call == PROBE_PATH_REGISTRAR)
		ask(w, WAY_DIRECT, &b->row.b);
	else if (call == PROBE_PATH_OWN)
		say(w, WAY_DIRECT, "the registrar's own socket was used");
	if (call == PROBE_PATH_OWN)
		return w;
	bare.path = SLICE_NONE;
	if (b->row.b.path.n) {
		ask_edge(w);
		if (bare.received.n)
			ask_other(w, WAY_SOURCE, &bare);
	}
	bare.received = SLICE_NONE;
	ask_other(w, WAY_CONTACT, &bare);
	return w;
}

unsigned workup_ways_asked(const struct workup_ways *w)
{
	return w->asked;
}

unsigned workup_ways_open(const struct workup_ways *w)
{
	return w->open;
}

void workup_ways_free(struct workup_ways *w)
{
	if (!w)
		return;
	for (int i = 0; i < WAY_COUNT; i++)
		if (w->way[i].probe)
			prober_cancel(w->way[i].prober, w->way[i].probe);
	free(w);
}
