/* Which probes are traced, beside the prober's books: a sweep traces none and pays nothing. */
#include "sip/probe_trace.h"

#include <stdio.h>
#include <stdlib.h>
#include "base/alloc.h"
#include "sip/send_error.h"

struct probe_traced {
	uint64_t id;
	struct trace *trace;
	unsigned exchange;
	struct netaddr remote;
	bool unreadable;
};

static struct probe_traced *find(const struct probe_traces *all, uint64_t id)
{
	for (size_t i = 0; i < all->count; i++)
		if (all->list[i].id == id)
			return &all->list[i];
	return NULL;
}

void probe_trace_begin(struct probe_traces *all, uint64_t id, const struct netaddr *remote,
		       struct trace *t)
{
	if (!t)
		return;
	XGROW(all->list, all->cap, all->count + 1);
	all->list[all->count++] = (struct probe_traced){
		.id = id, .trace = t, .exchange = trace_current(t), .remote = *remote};
}

void probe_trace_end(struct probe_traces *all, uint64_t id)
{
	struct probe_traced *x = find(all, id);

	if (x)
		*x = all->list[--all->count];
}

bool probe_trace_has(const struct probe_traces *all, uint64_t id)
{
	return find(all, id) != NULL;
}

/* Others may have the same trace at another exchange meanwhile: it is left there again. */
static struct trace *enter(struct probe_traces *all, uint64_t id, unsigned *before)
{
	struct probe_traced *x = find(all, id);

	if (!x)
		return NULL;
	*before = trace_current(x->trace);
	trace_switch(x->trace, x->exchange);
	return x->trace;
}

void probe_trace_sent(struct probe_traces *all, uint64_t id, const struct sip_flow *flow,
		      struct slice text)
{
	unsigned before = 0;
	struct trace *t = enter(all, id, &before);

	trace_sent(t, flow->transport, &flow->local, &flow->remote, text.p, text.n);
	trace_switch(t, before);
}

void probe_trace_received(struct probe_traces *all, uint64_t id, const struct sip_flow *from,
			  struct slice raw)
{
	unsigned before = 0;
	struct trace *t = enter(all, id, &before);

	trace_received(t, from->transport, &from->local, &from->remote, raw.p, raw.n);
	trace_switch(t, before);
}

void probe_trace_trouble(struct probe_traces *all, uint64_t id, enum transport transport,
			 const struct sip_send_error *e)
{
	unsigned before = 0;
	struct trace *t = enter(all, id, &before);
	char words[TRACE_WORDS];

	if (!t)
		return;
	sip_send_error_words(e, words, sizeof(words));
	trace_trouble(t, transport, &e->to, words);
	trace_switch(t, before);
}

void probe_trace_note(struct probe_traces *all, uint64_t id, const char *words)
{
	unsigned before = 0;
	struct trace *t = enter(all, id, &before);

	trace_note(t, words);
	trace_switch(t, before);
}

void probe_trace_rubbish(struct probe_traces *all, const struct sip_flow *from, size_t n,
			 const char *why)
{
	char words[TRACE_WORDS];
	unsigned before = 0;

	snprintf(words, sizeof(words), "%zu bytes that are no SIP message: %s", n, why);
	for (size_t i = 0; i < all->count; i++) {
		struct probe_traced *x = &all->list[i];
		struct trace *t;

		if (!netaddr_eq(&x->remote, &from->remote))
			continue;
		x->unreadable = true;
		t = enter(all, x->id, &before);
		trace_trouble(t, from->transport, &from->remote, words);
		trace_switch(t, before);
	}
}

bool probe_trace_unreadable(const struct probe_traces *all, uint64_t id)
{
	const struct probe_traced *x = find(all, id);

	return x && x->unreadable;
}

void probe_traces_forget(struct probe_traces *all, const struct trace *t)
{
	for (size_t i = all->count; i-- > 0;)
		if (all->list[i].trace == t)
			all->list[i] = all->list[--all->count];
}

void probe_traces_free(struct probe_traces *all)
{
	free(all->list);
	*all = (struct probe_traces){NULL, 0, 0};
}
