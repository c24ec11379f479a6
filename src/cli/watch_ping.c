/* Asking what is watched, slowly and spread: who is silent is asked ever more seldom. */
#include "cli/watch_ping.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/alloc.h"
#include "base/hash.h"
#include "base/text.h"
#include "model/place.h"

/* Networks share these by hash: two in one place are only asked more slowly. */
#define NETWORKS 1024

struct watch_ping {
	const struct watch *w;
	const struct store *s;
	struct pinger *pinger;
	int64_t interval_ms;
	unsigned rate;
	struct due {
		binding_id whose;
		int64_t at_ms;
	} * due; /* by slot */
	size_t cap;
	size_t next;    /* place among the watched to go on at */
	int64_t second; /* the counts below are of it */
	unsigned sent;
	uint8_t networks[NETWORKS];
	int64_t now_ms;
};

struct watch_ping *watch_ping_new(const struct watch *w, const struct store *s, struct pinger *p,
				  unsigned interval_s, unsigned rate)
{
	struct watch_ping *g = xcalloc(1, sizeof(*g));

	g->w = w;
	g->s = s;
	g->pinger = p;
	g->interval_ms = (int64_t)interval_s * 1000;
	g->rate = rate ? rate : WATCH_PING_RATE;
	pinger_set_rate(p, g->rate);
	return g;
}

void watch_ping_free(struct watch_ping *g)
{
	if (!g)
		return;
	free(g->due);
	free(g);
}

/* Twice as long after each silence, up to a quarter of an hour. */
static int64_t period_of(const struct watch_ping *g, binding_id id)
{
	const struct evidence *e = store_evidence(g->s, id);
	int64_t period = g->interval_ms;

	for (uint32_t i = 0; e && i < e->failures && period < WATCH_PING_SELDOM_MS; i++)
		period *= 2;
	if (period > WATCH_PING_SELDOM_MS)
		period = g->interval_ms > WATCH_PING_SELDOM_MS ? g->interval_ms
							       : WATCH_PING_SELDOM_MS;
	return period;
}

/* Each has its own moment within the period, so that questions never come to stand together. */
static int64_t next_due(const struct watch_ping *g, binding_id id, int64_t period)
{
	int64_t phase = (int64_t)(hash_u64(id) % (uint64_t)period);

	return g->now_ms + period - (g->now_ms - phase) % period;
}

/* One from each network at a time, and not too many over all. */
static bool has_room(struct watch_ping *g, binding_id id)
{
	char network[64];
	struct binding b;
	uint8_t *count;

	if (!store_get(g->s, id, &b))
		return false;
	place_network(&b, network, sizeof(network));
	count = &g->networks[hash_bytes(network, strlen(network)) % NETWORKS];
	if (g->sent >= g->rate || *count >= WATCH_PING_NETWORK)
		return false;
	++*count;
	g->sent++;
	return true;
}

/* Makes room for the slot; its binding has a moment of its own from now on. */
static void know(struct watch_ping *g, binding_id id)
{
	uint32_t slot = binding_slot(id);
	size_t had = g->cap;

	XGROW(g->due, g->cap, (size_t)slot + 1);
	if (g->cap > had)
		memset(g->due + had, 0, (g->cap - had) * sizeof(*g->due));
	if (g->due[slot].whose != id)
		g->due[slot] = (struct due){id, next_due(g, id, g->interval_ms)};
}

static bool ask_if_due(struct watch_ping *g, binding_id id)
{
	struct due *d;

	know(g, id);
	d = &g->due[binding_slot(id)];
	if (d->at_ms > g->now_ms || pinger_asks(g->pinger, id) || !has_room(g, id))
		return false;
	pinger_ask(g->pinger, id);
	d->at_ms = next_due(g, id, period_of(g, id));
	return true;
}

/* Goes on behind the last one asked: who stands first must not be asked twice before all were. */
void watch_ping_go_on(struct watch_ping *g, int64_t now_ms)
{
	size_t n, from;

	if (!g)
		return;
	g->now_ms = now_ms;
	if (g->second != now_ms / 1000) {
		g->second = now_ms / 1000;
		g->sent = 0;
		memset(g->networks, 0, sizeof(g->networks));
	}
	n = watch_count(g->w, NULL);
	from = g->next;
	for (size_t i = 0; i < n && g->sent < g->rate; i++)
		if (ask_if_due(g, watch_at(g->w, (from + i) % n)))
			g->next = (from + i + 1) % n;
}

void watch_ping_say(const struct watch_ping *g)
{
	size_t n = watch_count(g->w, NULL);
	int64_t least_ms = (int64_t)(n * 1000 / g->rate);
	char wished[16], took[16];

	if (least_ms > g->interval_ms)
		fprintf(stderr,
			"regtop: %zu bindings at %u probes a second: each is asked every %s, not "
			"every %s; --rate=N changes it\n",
			n, g->rate, text_duration(least_ms / 1000, took),
			text_duration(g->interval_ms / 1000, wished));
}
