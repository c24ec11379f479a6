/* The prober: OPTIONS client transactions of our own, early verdicts, late answers, ICMP. */
#ifndef REGTOP_SIP_PROBE_H
#define REGTOP_SIP_PROBE_H

#include "base/trace.h"
#include "sip/transport.h"

struct prober;

/* Sends at 0, 0.5, 1.5 and 3.5 s over UDP, once over TCP; verdict at 5 s; late answers count until
 * 32 s (facts/sip-and-diagnosis 2.2). */
#define PROBE_VERDICT_MS 5000
#define PROBE_LINGER_MS  32000

enum probe_end {
	PROBE_END_ANSWER,      /* final response */
	PROBE_END_SILENT,      /* verdict time passed */
	PROBE_END_REFUSED,     /* ICMP 3/3, or the TCP connection was refused */
	PROBE_END_UNREACHABLE, /* other ICMP, or the kernel would not send */
	PROBE_END_CLOSED,      /* the connection it travelled on closed */
	PROBE_END_FORGOTTEN,   /* after SILENT: no late answer came, and none will be told */
};

struct probe_spec {
	struct sip_flow flow;     /* where it goes; TCP: a connection that stands or is starting */
	struct slice request_uri; /* raw bytes of the contact, or the registrar's GRUU */
	struct slice route;       /* raw Path value, or empty */
	struct slice to_uri;      /* AoR as URI */
	struct slice from_uri;    /* ours */
	unsigned verdict_ms;      /* 0: PROBE_VERDICT_MS */
	/* Its messages go into the exchange that is current at the start; NULL: not traced, as in
	 * every sweep. Borrowed until the last report (after SILENT: the late answer, or
	 * FORGOTTEN) or prober_cancel(). */
	struct trace *trace;
};

struct probe_report {
	enum probe_end end;
	bool late;       /* second report: after SILENT was told */
	int code;        /* ANSWER */
	uint32_t rtt_us; /* from the send that can have been answered, the first one */
	unsigned sends;
	bool unreadable;      /* SILENT, traced: something came from there that is no SIP message */
	struct slice agent;   /* User-Agent or Server of the answer, raw; empty if none */
	struct slice reason;  /* reason phrase, raw */
	struct slice warning; /* Warning header, raw */
	struct sip_send_error error; /* REFUSED, UNREACHABLE */
};

/* Called in the loop: the verdict, and after SILENT once more, with the late answer or FORGOTTEN.
 * Slices live for the call. */
typedef void probe_report_fn(void *ctx, uint64_t id, const struct probe_report *r);

struct prober *prober_new(struct loop *l, const struct clock *c, struct sip_transport *t);
/* Forgets all probes without reports. */
void prober_free(struct prober *p);
/* Returns an id (never 0). The report never comes from inside this call. When the socket's buffer
 * is full, it is sent as soon as that has room; its time begins then. */
uint64_t prober_start(struct prober *p, const struct probe_spec *s, probe_report_fn *fn, void *ctx);
/* Between these, probes by UDP that start are sent together in as few system calls as can be, at
 * the latest in prober_end_batch(). */
void prober_begin_batch(struct prober *p);
void prober_end_batch(struct prober *p);
/* No report will come any more. */
void prober_cancel(struct prober *p, uint64_t id);
/* What still comes to probes with this trace is not traced any more. */
void prober_untrace(struct prober *p, const struct trace *t);
/* Probes whose verdict is still open. */
size_t prober_open(const struct prober *p);

#endif
