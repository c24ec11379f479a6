/* Which probes are traced, beside the prober's books: a sweep traces none and pays nothing. */
#ifndef REGTOP_SIP_PROBE_TRACE_H
#define REGTOP_SIP_PROBE_TRACE_H

#include "base/trace.h"
#include "sip/transport.h"

/* The few that are; all zero at the start. */
struct probe_traces {
	struct probe_traced *list;
	size_t count, cap;
};

/* The probe's messages go into the exchange of t that is current now; t NULL: not traced. */
void probe_trace_begin(struct probe_traces *all, uint64_t id, const struct netaddr *remote,
		       struct trace *t);
void probe_trace_end(struct probe_traces *all, uint64_t id);
bool probe_trace_has(const struct probe_traces *all, uint64_t id);
void probe_trace_sent(struct probe_traces *all, uint64_t id, const struct sip_flow *flow,
		      struct slice text);
void probe_trace_received(struct probe_traces *all, uint64_t id, const struct sip_flow *from,
			  struct slice raw);
void probe_trace_trouble(struct probe_traces *all, uint64_t id, enum transport transport,
			 const struct sip_send_error *e);
void probe_trace_note(struct probe_traces *all, uint64_t id, const char *words);
/* What came from there is no SIP message: noted with every probe that asks there. */
void probe_trace_rubbish(struct probe_traces *all, const struct sip_flow *from, size_t n,
			 const char *why);
/* Was there such a thing? */
bool probe_trace_unreadable(const struct probe_traces *all, uint64_t id);
/* No probe's messages go into t any more. */
void probe_traces_forget(struct probe_traces *all, const struct trace *t);
void probe_traces_free(struct probe_traces *all);

#endif
