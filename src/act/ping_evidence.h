/* From a probe's report to evidence: who answered, what it means, and what is remembered. */
#ifndef REGTOP_ACT_PING_EVIDENCE_H
#define REGTOP_ACT_PING_EVIDENCE_H

#include "model/binding.h"
#include "model/evidence.h"
#include "sip/probe.h"
#include "source/source.h"

/* What one probe came to. */
struct ping_finding {
	enum probe_outcome outcome;
	enum probe_path path;
	bool sent; /* a request left */
	bool late, by_registrar;
	bool unreadable; /* as in struct evidence */
	bool away;       /* the registrar took no SIP */
	int code;
	uint32_t rtt_us;
	bool icmp;
	uint8_t icmp_type, icmp_code;
	char offender[46];
	char agent[EVIDENCE_AGENT];
	char detail[EVIDENCE_DETAIL];
};

/* Reads a report of a probe of b that travelled by path. */
void ping_evidence_read(const struct binding *b, enum probe_path path, const struct probe_report *r,
			struct ping_finding *out);
/* The same of what a registrar told about a request that it sent to b itself. Not a failure of the
 * phone's: NO_ROUTE that is not by the registrar means that the registrar could not be asked. */
void ping_evidence_told(const struct binding *b, const struct source_uac_reply *r,
			struct ping_finding *out);
/* Carries the finding over into e, which holds what was known before (all zero: nothing).
 * asked_ms: wall time of the first send. */
void ping_evidence_add(struct evidence *e, const struct ping_finding *f, int64_t asked_ms,
		       int64_t now_ms);
/* An answer after the verdict: takes back that this probe had failed. */
void ping_evidence_add_late(struct evidence *e, const struct ping_finding *f, int64_t now_ms);
/* True when the phone itself, or somebody in its place, answered. */
bool ping_evidence_heard(const struct ping_finding *f);

#endif
