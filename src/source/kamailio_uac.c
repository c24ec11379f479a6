/* Requests that Kamailio's nodes send themselves, each by its own control. */
#include "source/kamailio_uac.h"

#include <stdlib.h>
#include "base/alloc.h"
#include "source/uac.h"

struct node_uac {
	char *place;
	struct uac *uac; /* NULL: not by this control */
};

struct kamailio_uac {
	struct loop *loop;
	const struct clock *clock;
	struct node_uac *nodes;
	size_t count, cap;
};

/* The id of a request says whose it is. */
#define NODES_MAX 4096

static size_t find(struct kamailio_uac *k, const char *place)
{
	for (size_t i = 0; i < k->count; i++)
		if (strcmp(k->nodes[i].place, place) == 0)
			return i;
	XGROW(k->nodes, k->cap, k->count + 1);
	k->nodes[k->count] = (struct node_uac){xstrdup(place),
					       uac_new(k->loop, k->clock, CONTROL_KAMAILIO, place)};
	return k->count++;
}

uint64_t kamailio_uac_send(struct kamailio_uac *k, const char *place, const struct binding *b,
			   const char *method, unsigned timeout_ms, source_uac_fn *fn, void *ctx)
{
	size_t at = place ? find(k, place) : 0;
	uint64_t id = 0;

	if (place && at < NODES_MAX && k->nodes[at].uac)
		id = uac_send(k->nodes[at].uac, b, method, timeout_ms, fn, ctx);
	return id ? id * NODES_MAX + at : 0;
}

void kamailio_uac_cancel(struct kamailio_uac *k, uint64_t id)
{
	size_t at = id % NODES_MAX;

	if (at < k->count && k->nodes[at].uac)
		uac_cancel(k->nodes[at].uac, id / NODES_MAX);
}

struct kamailio_uac *kamailio_uac_new(struct loop *l, const struct clock *c)
{
	struct kamailio_uac *k = xcalloc(1, sizeof(*k));

	k->loop = l;
	k->clock = c;
	return k;
}

void kamailio_uac_free(struct kamailio_uac *k)
{
	if (!k)
		return;
	for (size_t i = 0; i < k->count; i++) {
		uac_free(k->nodes[i].uac);
		free(k->nodes[i].place);
	}
	free(k->nodes);
	free(k);
}
