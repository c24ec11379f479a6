/* What a test call found: a plain value, recorded by act/, read by judge/ and report/. */
#ifndef REGTOP_MODEL_CALL_FOUND_H
#define REGTOP_MODEL_CALL_FOUND_H

#include <stddef.h>
#include "model/evidence.h"

enum call_kind {
	CALL_QUIET,  /* unknown codec and unknown Require: answered without ringing */
	CALL_RING,   /* rings some seconds, then CANCEL */
	CALL_SWITCH, /* to the AoR, as a caller would */
	CALL_PADDED, /* quiet, of a given size */
	CALL_KINDS
};

enum call_outcome {
	CALL_NOT_MADE,
	CALL_FINAL,     /* a final response of 300 or more by itself: code */
	CALL_ANSWERED,  /* a 2xx, ended by our BYE */
	CALL_CANCELLED, /* 487 to our CANCEL */
	CALL_SILENT,    /* nothing at all came to the INVITE */
	CALL_REFUSED,   /* ICMP port unreachable, or TCP RST */
	CALL_NO_ROUTE,  /* other ICMP, or the kernel has no route */
	CALL_FLOW_GONE, /* the connection closed, or is closed */
	CALL_OPEN,      /* CANCEL or BYE was never answered: it may still go on */
};

#define CALL_DETAIL 96

struct call_found {
	enum call_kind kind;
	enum call_outcome outcome;
	enum probe_path path;
	int64_t when_ms;                  /* wall time of the first INVITE */
	int code;                         /* final response, 0 none */
	bool trying, ringing;             /* 100, 180 */
	bool progress, forwarded, queued; /* 183, 181, 182 */
	bool by_registrar; /* the registrar or an edge gave the final response, not the phone */
	uint32_t ring_us;  /* until the first 18x; 0 none */
	uint32_t final_us; /* until the final response; 0 none */
	unsigned size;     /* bytes of the INVITE */
	unsigned sends, forks;
	/* SILENT: what came when nobody waited any more, a 18x or a final response; 0 nothing. It
	 * was cancelled, or ended. */
	int late_code;
	uint32_t late_us;           /* after the INVITE */
	char agent[EVIDENCE_AGENT]; /* who answered, cleaned; so are all texts */
	char reason[64];            /* reason phrase, or Reason/Warning when present */
	char detail[CALL_DETAIL];   /* ICMP in words, what was unsupported, … */
	char moved_to[CALL_DETAIL]; /* Contact of a 3xx */
};

/* Nothing came from the phone: silence, or the registrar's own word for it (408, or 487 to the
 * CANCEL of a call that it alone had taken). */
static inline bool call_found_lost(const struct call_found *c)
{
	return (c->outcome == CALL_SILENT && !c->late_code) ||
	       (c->by_registrar && !c->ringing &&
		((c->outcome == CALL_FINAL && c->code == 408) || c->outcome == CALL_CANCELLED));
}

/* "quiet", "ring", "switch", "padded": for JSON, options and the journal. */
const char *call_kind_word(enum call_kind k);
/* "quiet call", "ring test", "call through the switch", "padded quiet call". */
const char *call_kind_name(enum call_kind k);
/* What happened, in one clause: "180 after 84 ms, then 487 Request Terminated". */
void call_found_say(const struct call_found *c, char *out, size_t size);
/* What came late, in one clause: "it rang after 7.3 s, and was cancelled". */
void call_found_say_late(const struct call_found *c, char *out, size_t size);
/* What that means for "does it ring?", in one sentence (facts/sip-and-diagnosis 3.3). */
void call_found_mean(const struct call_found *c, char *out, size_t size);
/* True when it went as it should have: the quiet ones were refused by the phone itself, the others
 * rang or were answered. */
bool call_found_well(const struct call_found *c);

#endif
