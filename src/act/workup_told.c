/* What a workup is told: by the registrar, of its memory and of itself, and by the name server. */
#include "act/workup_told.h"

#include <stdio.h>
#include <stdlib.h>
#include "base/alloc.h"
#include "base/sipuri.h"
#include "base/text.h"
#include "loop/resolve.h"

#define SIP_PORT 5060

struct named {
	struct workup_told *told;
	size_t i;
	struct resolve *resolve;
	struct netaddr addr;
};

struct workup_told {
	const struct act_env *env;
	struct findings *f;
	struct named *names; /* one for each binding */
	size_t count;
	struct source *about_source;     /* of the question about itself */
	struct source_about_call *about; /* open; NULL none */
	int64_t memory_mono_ms;          /* the registrars are asked since then; 0: not any more */
	void (*fn)(void *ctx, size_t i);
	void *ctx;
};

/* ---- the registrar's memory ------------------------------------------------------------------ */

static struct source *source_of(const struct workup_told *t, size_t i)
{
	return t->env->sources[t->f->bindings[i].row.b.source];
}

static bool can_tell(const struct source *s)
{
	return s->ops->seen && s->ops->seen_all && s->status.state != SOURCE_FROZEN;
}

static void ask_source(struct workup_told *t, struct source *s)
{
	struct binding *rows = xcalloc(t->count ? t->count : 1, sizeof(*rows));
	size_t n = 0;

	for (size_t i = 0; i < t->count; i++)
		if (source_of(t, i) == s)
			rows[n++] = t->f->bindings[i].row.b;
	if (n && can_tell(s)) {
		s->ops->seen(s, rows, n);
		t->memory_mono_ms = clock_mono_ms(t->env->clock);
	}
	free(rows);
}

static bool all_told(const struct workup_told *t)
{
	for (size_t i = 0; i < t->count; i++) {
		const struct source *s = source_of(t, i);

		if (can_tell(s) && !s->ops->seen_all(s))
			return false;
	}
	return true;
}

/* ---- names ----------------------------------------------------------------------------------- */

/* One that we can send to before one that we cannot. */
static const struct netaddr *best_of(const struct workup_told *t, size_t i,
				     const struct resolve_answer *a)
{
	const struct sip_transport *tp = t->env->transports[t->f->bindings[i].row.b.source];

	for (size_t k = 0; tp && k < a->count; k++)
		if (sip_transport_has(tp, TRANSPORT_UDP, &a->addresses[k]))
			return &a->addresses[k];
	return &a->addresses[0];
}

/* "udp:192.168.1.10:5060": the office's own registrar reaches what is private to it. */
static bool registrar_is_private(const struct binding *b)
{
	struct slice transport, place = slice_cut(b->socket, ':', &transport);
	struct netaddr a;

	return netaddr_parse_hostport(place, SIP_PORT, &a) == 0 && netaddr_is_private(&a);
}

static void take_address(struct named *n, const struct netaddr *a)
{
	struct finding_binding *b = &n->told->f->bindings[n->i];

	n->addr = *a;
	netaddr_set_port(&n->addr, b->hop.name_port ? b->hop.name_port : SIP_PORT);
	b->name = netaddr_is_private(a) && !registrar_is_private(&b->row.b) ? NAME_PRIVATE
									    : NAME_RESOLVES;
	netaddr_format_host(a, b->name_addr);
}

static void on_resolved(void *ctx, const struct resolve_answer *a)
{
	struct named *n = ctx;

	n->resolve = NULL;
	if (a->end == RESOLVE_FOUND)
		take_address(n, best_of(n->told, n->i, a));
	else
		n->told->f->bindings[n->i].name = NAME_FAILS;
	n->told->fn(n->told->ctx, n->i);
}

static void look_up(struct workup_told *t, size_t i)
{
	const struct finding_binding *b = &t->f->bindings[i];

	if (!b->hop.reachable || b->hop.addr.len || !b->hop.name[0] ||
	    source_of(t, i)->status.state == SOURCE_FROZEN)
		return;
	t->names[i].resolve = resolve_start(t->env->loop, slice_of(b->hop.name), WORKUP_NAME_MS,
					    on_resolved, &t->names[i]);
}

/* ---- the registrar about itself ----------------------------------------------------------------
 */

static void on_about(void *ctx, const struct source_about *about)
{
	struct workup_told *t = ctx;

	t->about = NULL;
	t->f->about = *about;
}

/* "203.0.113.2" of where the phone registers from, or did when it was last seen. */
static void phone_host(const struct findings *f, char out[64])
{
	struct row *r = f->count ? &f->bindings[0].row : NULL;
	struct slice from = slice_of(f->past.last_source), host;
	struct sip_uri u;
	char *colon;

	out[0] = '\0';
	if (r && r->b.received.n && sip_uri_split(r->b.received, &u) == 0) {
		slice_to_buf(u.host, out, 64);
		return;
	}
	if (r && sip_uri_split(r->b.contact, &u) == 0)
		host = u.host;
	else
		host = from;
	slice_to_buf(host, out, 64);
	colon = r ? NULL : strrchr(out, ':');
	if (colon)
		*colon = '\0';
}

static void ask_about(struct workup_told *t)
{
	size_t at = t->count ? t->f->bindings[0].row.b.source : 0;
	char host[64];

	if (at >= t->env->source_count)
		return;
	t->about_source = t->env->sources[at];
	if (t->about_source->status.started_s) {
		t->f->about.asked_ms = clock_wall_ms(t->env->clock);
		t->f->about.started_s = t->about_source->status.started_s;
		t->f->about.clock_known = true;
	}
	phone_host(t->f, host);
	if (t->about_source->ops->about)
		t->about = t->about_source->ops->about(t->about_source, host, on_about, t);
}

/* ---- both ------------------------------------------------------------------------------------ */

struct workup_told *workup_told_start(const struct act_env *env, struct findings *f,
				      void (*named)(void *ctx, size_t i), void *ctx)
{
	struct workup_told *t = xcalloc(1, sizeof(*t));

	*t = (struct workup_told){.env = env, .f = f, .count = f->count, .fn = named, .ctx = ctx};
	t->names = xcalloc(t->count ? t->count : 1, sizeof(*t->names));
	for (size_t i = 0; i < env->source_count; i++)
		ask_source(t, env->sources[i]);
	ask_about(t);
	for (size_t i = 0; i < t->count; i++) {
		t->names[i].told = t;
		t->names[i].i = i;
		look_up(t, i);
	}
	return t;
}

bool workup_told_is_naming(const struct workup_told *t, size_t i)
{
	return t->names[i].resolve != NULL;
}

const struct netaddr *workup_told_addr(const struct workup_told *t, size_t i)
{
	return &t->names[i].addr;
}

unsigned workup_told_open(struct workup_told *t)
{
	unsigned open = 0;

	for (size_t i = 0; i < t->count; i++)
		open += t->names[i].resolve != NULL;
	if (t->memory_mono_ms &&
	    (all_told(t) || clock_mono_ms(t->env->clock) - t->memory_mono_ms > WORKUP_MEMORY_MS))
		t->memory_mono_ms = 0;
	return open + (t->memory_mono_ms != 0) + (t->about != NULL);
}

void workup_told_free(struct workup_told *t)
{
	if (!t)
		return;
	if (t->about)
		t->about_source->ops->about_cancel(t->about_source, t->about);
	for (size_t i = 0; i < t->count; i++)
		resolve_cancel(t->names[i].resolve);
	free(t->names);
	free(t);
}
