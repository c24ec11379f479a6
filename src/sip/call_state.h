/* What the files of the caller share: one call with its transactions and dialogs. */
#ifndef REGTOP_SIP_CALL_STATE_H
#define REGTOP_SIP_CALL_STATE_H

#include "base/strbuf.h"
#include "sip/build.h"
#include "sip/call.h"

#define CALL_TOKEN    20 /* characters of branches, tags and Call-IDs */
#define CALL_DIALOGS  32
#define CALL_INVITES  2 /* the second one carries credentials */
#define CALL_NEVER_MS INT64_MAX

/* RFC 3261 17.1.1.2, with the Accepted state of RFC 6026 7.2. */
enum invite_state { INVITE_CALLING, INVITE_PROCEEDING, INVITE_COMPLETED, INVITE_ACCEPTED };

struct invite {
	char branch[CALL_TOKEN + 1];
	uint32_t cseq;
	enum invite_state state;
	struct strbuf text;
	struct strbuf ack; /* for a final response that is no 2xx */
	unsigned sends;    /* 0: it waits for room in the socket's buffer */
	int64_t first_us;  /* monotonic */
	int64_t resend_ms; /* timer A, monotonic */
	int64_t over_ms;   /* timer B, D or M, whichever runs */
	bool over;         /* that timer has run out */
};

/* A CANCEL or BYE: a non-INVITE client transaction (RFC 3261 17.1.2). */
struct errand {
	char branch[CALL_TOKEN + 1];
	bool begun;
	uint32_t cseq;
	struct strbuf text;
	unsigned sends;
	int64_t resend_ms, over_ms; /* timers E and F */
	bool open;                  /* no final response yet */
	bool trying;                /* a provisional one: the next copies wait longer */
	bool given_up;              /* none came in time */
};

/* One To tag. */
struct dialog {
	char *tag;            /* "" from a phone of RFC 2543 */
	bool confirmed;       /* a 2xx came */
	bool ended;           /* 199, or the phone's BYE */
	bool challenged;      /* its BYE was repeated with credentials */
	char *target, *route; /* Request-URI and Route of requests in it */
	struct sip_flow flow; /* where the first of them goes */
	struct strbuf ack;
	unsigned acks; /* sent */
	struct errand bye;
};

/* The texts of a report. */
enum call_text_of {
	CALL_TEXT_AGENT,
	CALL_TEXT_REASON,
	CALL_TEXT_CAUSE,
	CALL_TEXT_WARNING,
	CALL_TEXT_MOVED_TO,
	CALL_TEXT_UNSUPPORTED,
	CALL_TEXT_REQUIRED,
	CALL_TEXT_MIN_SE,
	CALL_TEXTS
};

struct call {
	struct caller *caller;
	struct call *next;
	uint64_t id;
	call_report_fn *fn;
	call_progress_fn *progress;
	call_late_fn *late;
	void *ctx;
	struct trace *trace; /* NULL when nobody reads it any more */
	unsigned exchange;
	struct sip_flow flow;
	struct netaddr local; /* named in Via, Contact and the offer */
	char *request_uri, *route, *to_uri, *from_uri, *user, *password;
	char *credentials; /* Authorization line of the last INVITE, with its line end, or NULL */
	char from_tag[CALL_TOKEN + 1], call_id[CALL_TOKEN + 1];
	bool quiet, hung_up;
	unsigned ring_ms, answer_ms, pad_to;
	int media; /* a bound, silent UDP port; -1 none */
	unsigned media_port;
	struct invite invites[CALL_INVITES];
	unsigned invite_count;
	struct errand cancel;
	struct dialog dialogs[CALL_DIALOGS];
	unsigned dialog_count;
	bool want_end;     /* CANCEL as soon as that is allowed */
	bool told;         /* the report was made */
	bool silent;       /* and said so */
	int late_code;     /* what was told behind that; 0 nothing */
	bool close_after;  /* the connection is nobody else's */
	bool redialled;    /* see call_back() */
	bool over;         /* taken out at the next turn */
	int64_t cancel_ms; /* when the caller's patience with a ringing phone ends */
	int64_t first_18x_ms;
	int send_errno; /* what kept the first INVITE or closed the connection; told at its time */
	struct call_report report;
	char *texts[CALL_TEXTS];
};

struct caller {
	struct loop *loop;
	const struct clock *clock;
	struct sip_transport *transport;
	struct loop_timer *timer;
	struct call *calls;
	uint64_t last_id;
};

/* ---- call.c -------------------------------------------------------------------------------- */

/* Does what is due by the clock, as the caller's timer does. For tests that own the clock. */
void caller_tick(struct caller *c);
/* After anything that may have changed what is due next. */
void caller_arm(struct caller *c);
/* Tells the report once, and leaves the call to its last timers; the trace is let go, unless what
 * comes late is wanted. */
void call_tell(struct call *x, enum call_end end);
/* Tells ANSWERED, or OPEN, once every BYE is answered or given up. */
void call_settle(struct call *x);
/* Keeps a copy of s for the report. */
void call_keep(struct call *x, enum call_text_of which, struct slice s);
enum call_end call_end_of_errno(enum transport t, int error);

/* ---- call_send.c: what it sends ------------------------------------------------------------ */

struct invite *call_last_invite(struct call *x);
/* Makes and sends the INVITE, with these credentials (a header line, taken over) or NULL. */
void call_invite(struct call *x, char *credentials);
void call_invite_again(struct call *x, struct invite *i);
/* Sends the ACK of an INVITE that was refused, making it first. */
void call_ack_refusal(struct call *x, struct invite *i, struct slice to_tag);
/* The same for a 2xx. */
void call_ack_answer(struct call *x, struct dialog *d, uint32_t cseq);
/* Sends BYE; credentials: a header line, or NULL. */
void call_bye(struct call *x, struct dialog *d, const char *credentials);
/* The end is wanted: CANCEL now if a provisional response came, else on the first one. */
void call_want_end(struct call *x);
/* Sends a CANCEL or BYE (of d, else NULL) once more. */
void call_errand_again(struct call *x, struct errand *e, const struct dialog *d);
void call_errand_close(struct errand *e);
/* The last words of a call that nobody will listen to any more. */
void call_part(struct call *x);
/* Into the trace, at the call's exchange. */
void call_trace_note(struct call *x, const char *words);
void call_trace_trouble(struct call *x, const struct netaddr *to, const char *words);
void call_trace_received(struct call *x, const struct sip_flow *from, const struct sip_msg *m);
/* Sends text by flow, and traces what became of it. 0, or a negative errno. */
int call_send(struct call *x, const struct sip_flow *flow, const struct strbuf *text);

/* ---- call_answer.c: what comes back -------------------------------------------------------- */

/* Handlers of the transport; ctx is the caller. */
bool call_on_response(void *ctx, const struct sip_flow *from, const struct sip_msg *m);
bool call_on_send_error(void *ctx, const struct sip_send_error *e);
void call_on_closed(void *ctx, uint32_t connection, int error);
void call_on_rubbish(void *ctx, const struct sip_flow *from, struct slice raw, const char *why);

/* ---- call_request.c: what the phone asks in the middle of it ------------------------------- */

bool call_on_request(void *ctx, const struct sip_flow *from, const struct sip_msg *m);

#endif
