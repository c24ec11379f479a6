/* What probes found about one binding: plain values, recorded by act/, read by judge/. */
#ifndef REGTOP_MODEL_EVIDENCE_H
#define REGTOP_MODEL_EVIDENCE_H

#include <stdbool.h>
#include <stdint.h>

/* How a probe travelled (DESIGN 1, facts/sip-and-diagnosis 2.4). */
enum probe_path {
	PROBE_PATH_NONE,
	PROBE_PATH_OWN,       /* the registrar's own socket or connection: we are the registrar */
	PROBE_PATH_REGISTRAR, /* through the registrar's own lookup (temp-GRUU) */
	PROBE_PATH_DIRECT,    /* from a socket of ours to the next hop */
};

enum probe_outcome {
	PROBE_NOT_ASKED,
	PROBE_ANSWERED,   /* a final response: code */
	PROBE_SILENT,     /* nothing until the verdict time */
	PROBE_REFUSED,    /* ICMP port unreachable, or TCP RST on connect */
	PROBE_NO_ROUTE,   /* other ICMP, or the kernel has no route */
	PROBE_FLOW_GONE,  /* the connection of the binding is closed */
	PROBE_UNROUTABLE, /* not sent: there is nowhere to send it; detail says why */
	PROBE_ELSEWHERE,  /* not sent: only a node that cannot be asked reaches it; detail too */
};

/* False when nothing was sent at all. */
static inline bool probe_was_sent(enum probe_outcome o)
{
	return o != PROBE_NOT_ASKED && o != PROBE_UNROUTABLE && o != PROBE_ELSEWHERE;
}

#define EVIDENCE_AGENT  64
#define EVIDENCE_DETAIL 96

struct evidence {
	enum probe_outcome outcome; /* of the last finished probe */
	enum probe_path path;
	bool pending;      /* a probe is on its way now */
	bool late;         /* the answer came after the verdict time */
	bool by_registrar; /* the registrar itself answered (408, 404, 477 …), not the phone */
	bool unreadable;   /* SILENT: something came from there that is no SIP message */
	bool away;         /* the registrar took no SIP, so it was asked straight from here */
	int code;          /* final response, 0 none */
	int64_t asked_ms;  /* wall time of the first send of the last finished probe */
	int64_t heard_ms;  /* wall time of the last answer ever; 0 never */
	int64_t failed_first_ms;  /* wall time of the first failure of the present run; 0 none */
	uint32_t rtt_us;          /* of the last answer */
	uint32_t failures;        /* probes in a row without an answer */
	uint32_t probes, answers; /* totals, for loss */
	/* ICMP that ended it, when icmp; offender is who complained, a host without port. */
	bool icmp;
	uint8_t icmp_type, icmp_code;
	char offender[46];
	char agent[EVIDENCE_AGENT];   /* User-Agent or Server of the answer, cleaned */
	char detail[EVIDENCE_DETAIL]; /* reason phrase, ICMP in words, … cleaned */
};

#endif
