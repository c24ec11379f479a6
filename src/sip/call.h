/* The caller: test calls by an INVITE client of our own that leaves nothing open on a phone. */
#ifndef REGTOP_SIP_CALL_H
#define REGTOP_SIP_CALL_H

#include "base/trace.h"
#include "sip/transport.h"

struct caller;

/* RFC 3261 17.1.1 and RFC 6026, as facts/sip-and-diagnosis 3.2 has them. Over UDP the INVITE is
 * sent at 0, 0.5, 1.5, 3.5 s … until something comes or the verdict is told; what comes up to 32 s
 * (64*T1) after it began is still handled: a late ringing is cancelled, a late 2xx ended.
 * When it is forgotten without any sign, it says CANCEL as its last word, as in caller_free(). */
#define CALL_ANSWER_MS   6000
#define CALL_RING_MS     4000
#define CALL_RING_MAX_MS 20000
#define CALL_T1_MS       500
#define CALL_T2_MS       4000
#define CALL_GIVE_UP_MS  (64 * CALL_T1_MS)
/* Calls at once, those included that are only listened for still. */
#define CALLS_MAX 64
/* A larger INVITE is never made: no answer that quotes it would be read. */
#define CALL_SIZE_MAX SIP_MAX_MESSAGE

enum call_end {
	CALL_END_FINAL,       /* 3xx to 6xx by itself; acknowledged. 3xx is never followed */
	CALL_END_ANSWERED,    /* 2xx: acknowledged, and every BYE was answered */
	CALL_END_CANCELLED,   /* 487 to our CANCEL */
	CALL_END_SILENT,      /* nothing at all came to the INVITE in answer_ms */
	CALL_END_REFUSED,     /* ICMP 3/3, or the TCP connection was refused */
	CALL_END_UNREACHABLE, /* other ICMP, or the kernel would not send */
	CALL_END_CLOSED,      /* the connection that it travelled on closed */
	CALL_END_OPEN,        /* CANCEL or BYE was never answered in 32 s: it may still go on */
};

/* A provisional response: code, and the time since the INVITE was first sent. Not after the
 * report. */
typedef void call_progress_fn(void *ctx, uint64_t id, int code, uint32_t after_us);

/* Behind a report SILENT: a phone rings after all (18x), or gives a final response; a 2xx behind
 * the ringing is told, too. It is cancelled, or ended, as ever. after_us as in the report. */
typedef void call_late_fn(void *ctx, uint64_t id, int code, uint32_t after_us);

/* Everything is copied, but the trace. */
struct call_spec {
	struct sip_flow flow; /* where it goes; TCP: a connection that stands or is starting */
	bool close_after;     /* flow.connection is this call's own: closed when it is forgotten */
	struct slice request_uri; /* raw bytes of the contact, the registrar's GRUU, or the AoR */
	struct slice route;       /* raw Path value, or empty */
	struct slice to_uri;      /* AoR as URI */
	struct slice from_uri;    /* ours; its user is the identity to call back */
	/* Offers only a codec that nobody has and requires an extension that nobody has, so that
	 * phones refuse without ringing (facts 3.1); the first 18x is cancelled at once. */
	bool quiet;
	/* How long it may ring: from the first 180, else the first other 18x, to the CANCEL; never
	 * longer than CALL_RING_MAX_MS from the first 18x. 0: CALL_RING_MS. */
	unsigned ring_ms;
	/* The whole INVITE is made so many bytes long by a header of ours; 0, or less than it has
	 * anyway: as it is. */
	unsigned pad_to;
	/* So long for a first sign of the phone: with nothing at all the verdict is SILENT; with
	 * only 100 the call is cancelled. 0: CALL_ANSWER_MS; at most CALL_GIVE_UP_MS. */
	unsigned answer_ms;
	struct slice user, password; /* for one 401 or 407; empty: none */
	/* What is sent and received goes into the exchange that is current at the start. NULL:
	 * none. Borrowed until the report, or caller_free(); with late, until caller_forget(). */
	struct trace *trace;
	call_progress_fn *progress; /* NULL: nobody wants to know */
	call_late_fn *late;         /* the same */
};

/* Slices are raw, and live for the call of the report function. Times count from the first send of
 * the INVITE (of the one with credentials, when it was challenged). */
struct call_report {
	enum call_end end;
	int code;                              /* final response; 0 none */
	bool trying;                           /* 100: the next hop has it, no sign of the phone */
	bool ringing;                          /* 180 */
	bool progress;                         /* 183 */
	bool forwarded, queued;                /* 181, 182 */
	bool challenged;                       /* answered a 401 or 407 with credentials */
	bool hung_up;                          /* caller_hang_up() ended it */
	bool ended_by_phone;                   /* it sent BYE itself */
	uint32_t trying_us, ring_us, final_us; /* 100, first 18x, final; 0 none */
	uint32_t bye_us;                       /* from the 2xx to our BYE; 0 none */
	unsigned forks;           /* To tags, that is phones or dialogs, that answered 18x or 2xx */
	unsigned sends;           /* of INVITEs, retransmissions included */
	unsigned size;            /* bytes of the last INVITE */
	struct slice agent;       /* User-Agent or Server of who rang or gave the final response */
	struct slice reason;      /* reason phrase of the final response */
	struct slice cause;       /* its Reason header (Q.850), or empty */
	struct slice warning;     /* its Warning header, or empty */
	struct slice moved_to;    /* its Contact of a 3xx */
	struct slice unsupported; /* Unsupported of a 420 */
	struct slice required;    /* Require of a 421 */
	struct slice min_se;      /* Min-SE of a 422 */
	struct sip_send_error error; /* REFUSED, UNREACHABLE, CLOSED, OPEN; icmp_type -1: no ICMP */
};

/* Called in the loop, once, at the end. It may start calls; it must not free the caller. */
typedef void call_report_fn(void *ctx, uint64_t id, const struct call_report *r);

/* Transport and clock are borrowed; the transport has to have a socket for what is called. */
struct caller *caller_new(struct loop *l, const struct clock *c, struct sip_transport *t);
/* No report comes any more. What rings gets a CANCEL as its last message, what was answered a BYE:
 * once each, before the transport is freed. So does an INVITE that nothing came to, if it could
 * make a phone ring: RFC 3261 9.1 would have us wait for a provisional response, but nobody will be
 * there to wait. Who has a little time sends them in order before: caller_hang_up_all(), then turns
 * of the loop until caller_unsettled() is 0, or a second or two have passed. */
void caller_free(struct caller *c);

/* Returns an id (never 0). The report never comes from inside this call. 0: refused, because
 * ring_ms is above CALL_RING_MAX_MS, pad_to above CALL_SIZE_MAX, a URI is missing, or CALLS_MAX
 * calls are open. */
uint64_t caller_start(struct caller *c, const struct call_spec *s, call_report_fn *fn, void *ctx);
/* The person stops: CANCEL at once when a provisional response has come, else on the first one
 * (RFC 3261 9.1), and the INVITE is not sent again. The report comes as ever. */
void caller_hang_up(struct caller *c, uint64_t id);
void caller_hang_up_all(struct caller *c);
/* Of the calls that were started with this ctx and have been reported, nothing is told or traced
 * any more. */
void caller_forget(struct caller *c, const void *ctx);
/* Calls whose report is still to come. */
size_t caller_open(const struct caller *c);
/* Calls that may leave something open on a phone if the process ended now: an INVITE under way, a
 * CANCEL or BYE without answer. Not those that are only listened for after their report. */
size_t caller_unsettled(const struct caller *c);

#endif
