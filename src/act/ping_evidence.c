/* From a probe's report to evidence: who answered, what it means, and what is remembered. */
#include "act/ping_evidence.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "base/text.h"
#include "sip/send_error.h"

/* Proxies and registrars that answer for themselves, by the start of Server or User-Agent. */
static const char *const registrar_agents[] = {
	"kamailio", "opensips", "openser", "sip express router", "sip-router", "ser (",
};

static bool starts_with_icase(struct slice s, const char *prefix)
{
	size_t n = strlen(prefix);

	return s.n >= n && slice_ieq_str(slice_make(s.p, n), prefix);
}

static bool is_registrar_agent(struct slice agent)
{
	for (size_t i = 0; i < sizeof(registrar_agents) / sizeof(registrar_agents[0]); i++) {
		if (starts_with_icase(agent, registrar_agents[i]))
			return true;
	}
	return false;
}

/* Kamailio's own answers carry its Server line, or "(477/TM)" in the reason when it could not send.
 * With the signature switched off, 408 remains: a phone must not answer OPTIONS with it (RFC 4320
 * 4.1), and 477 and 478 are codes that only proxies invented. */
static bool is_by_registrar(const struct binding *b, enum probe_path path,
			    const struct probe_report *r)
{
	if (path != PROBE_PATH_REGISTRAR)
		return false;
	if (is_registrar_agent(r->agent))
		return !slice_eq(r->agent, b->user_agent);
	if (slice_find_icase(r->reason, SLICE_LIT("/TM)")) >= 0)
		return true;
	return slice_empty(r->agent) && (r->code == 408 || r->code == 477 || r->code == 478);
}

static bool is_stream(const struct binding *b)
{
	struct slice word = SLICE_NONE;

	slice_cut(b->socket, ':', &word);
	switch (transport_parse(word)) {
	case TRANSPORT_TCP:
	case TRANSPORT_TLS:
	case TRANSPORT_WS:
	case TRANSPORT_WSS:
		return true;
	case TRANSPORT_UDP:
	case TRANSPORT_SCTP:
		return false;
	default:
		return slice_find_icase(b->contact, SLICE_LIT("transport=tcp")) >= 0 ||
		       slice_find_icase(b->contact, SLICE_LIT("transport=tls")) >= 0 ||
		       slice_find_icase(b->contact, SLICE_LIT("transport=ws")) >= 0;
	}
}

/* What a registrar's own final response says about the phone: 408 that nothing came, 477, 478 and
 * 5xx of tm that it could not send; the rest is the registrar's opinion. */
static enum probe_outcome registrar_outcome(const struct binding *b, int code, struct slice reason)
{
	bool could_not_send =
		code == 477 || code == 478 ||
		((code == 500 || code == 503) && slice_find_icase(reason, SLICE_LIT("/TM)")) >= 0);

	if (code == 408)
		return PROBE_SILENT;
	if (!could_not_send)
		return PROBE_ANSWERED;
	return is_stream(b) && code != 478 ? PROBE_FLOW_GONE : PROBE_NO_ROUTE;
}

static void read_answer(const struct binding *b, const struct probe_report *r,
			struct ping_finding *out)
{
	out->by_registrar = is_by_registrar(b, out->path, r);
	out->outcome =
		out->by_registrar ? registrar_outcome(b, r->code, r->reason) : PROBE_ANSWERED;
	out->code = r->code;
	out->rtt_us = r->rtt_us;
	text_clean_buf(r->agent, out->agent, sizeof(out->agent));
	text_clean_buf(r->reason, out->detail, sizeof(out->detail));
}

/* Causes are told apart by the code and by who complained (facts/sip-and-diagnosis 2.5). */
static void take_error(const struct sip_send_error *e, struct ping_finding *out)
{
	char host[NETADDR_STR] = "";

	sip_send_error_words(e, out->detail, sizeof(out->detail));
	if (e->icmp_type < 0)
		return;
	out->icmp = true;
	out->icmp_type = (uint8_t)e->icmp_type;
	out->icmp_code = (uint8_t)e->icmp_code;
	if (e->offender.len)
		netaddr_format_host(&e->offender, host);
	slice_to_buf(slice_of(host), out->offender, sizeof(out->offender));
}

/* The kernel gave it up (TCP_USER_TIMEOUT, keepalive): nobody closed it. */
static const char *closed_words(const struct probe_report *r)
{
	return r->error.error == ETIMEDOUT
		       ? "half-open: nothing was acknowledged until it was given up"
		       : "the connection was closed without an answer";
}

void ping_evidence_read(const struct binding *b, enum probe_path path, const struct probe_report *r,
			struct ping_finding *out)
{
	*out = (struct ping_finding){.path = path, .sent = true, .late = r->late};
	switch (r->end) {
	case PROBE_END_ANSWER:
		read_answer(b, r, out);
		break;
	case PROBE_END_SILENT:
	case PROBE_END_FORGOTTEN:
		out->outcome = PROBE_SILENT;
		out->unreadable = r->unreadable;
		if (r->unreadable)
			slice_to_buf(SLICE_LIT("what came is no SIP message"), out->detail,
				     sizeof(out->detail));
		break;
	case PROBE_END_REFUSED:
		out->outcome = PROBE_REFUSED;
		take_error(&r->error, out);
		break;
	case PROBE_END_UNREACHABLE:
		out->outcome = PROBE_NO_ROUTE;
		take_error(&r->error, out);
		break;
	case PROBE_END_CLOSED:
		/* Only the phone's own connection is its flow; one that we opened was just closed
		 * on us without a word. */
		out->outcome = path == PROBE_PATH_OWN ? PROBE_FLOW_GONE : PROBE_SILENT;
		slice_to_buf(slice_of(closed_words(r)), out->detail, sizeof(out->detail));
		break;
	}
}

/* The registrar's own transaction: what it made up says that it could not send, or heard nothing.
 */
static enum probe_outcome told_outcome(const struct binding *b, const struct source_uac_reply *r)
{
	if (!r->by_registrar)
		return PROBE_ANSWERED;
	if (r->code == 408)
		return PROBE_SILENT;
	return is_stream(b) && r->code != 478 ? PROBE_FLOW_GONE : PROBE_NO_ROUTE;
}

void ping_evidence_told(const struct binding *b, const struct source_uac_reply *r,
			struct ping_finding *out)
{
	*out = (struct ping_finding){.path = PROBE_PATH_REGISTRAR, .sent = true};
	switch (r->end) {
	case SOURCE_UAC_ANSWER:
		out->by_registrar = r->by_registrar;
		out->outcome = told_outcome(b, r);
		out->code = r->code;
		out->rtt_us = r->rtt_us;
		text_clean_buf(r->agent, out->agent, sizeof(out->agent));
		text_clean_buf(r->reason, out->detail, sizeof(out->detail));
		break;
	case SOURCE_UAC_SILENT:
		out->outcome = PROBE_SILENT;
		break;
	case SOURCE_UAC_FAILED:
		out->outcome = PROBE_NO_ROUTE;
		text_clean_buf(slice_of(r->e.what), out->detail, sizeof(out->detail));
		break;
	}
}

bool ping_evidence_heard(const struct ping_finding *f)
{
	return f->outcome == PROBE_ANSWERED && !f->by_registrar;
}

static void note_heard(struct evidence *e, const struct ping_finding *f, int64_t now_ms)
{
	e->heard_ms = now_ms;
	e->failures = 0;
	e->failed_first_ms = 0;
	e->answers++;
	e->rtt_us = f->rtt_us;
}

static void note_outcome(struct evidence *e, const struct ping_finding *f)
{
	e->outcome = f->outcome;
	e->path = f->path;
	e->late = f->late;
	e->by_registrar = f->by_registrar;
	e->unreadable = f->unreadable;
	e->away = f->away;
	e->code = f->code;
	e->icmp = f->icmp;
	e->icmp_type = f->icmp_type;
	e->icmp_code = f->icmp_code;
	memcpy(e->offender, f->offender, sizeof(e->offender));
	if (f->outcome == PROBE_ANSWERED)
		memcpy(e->agent, f->agent, sizeof(e->agent));
	memcpy(e->detail, f->detail, sizeof(e->detail));
}

void ping_evidence_add(struct evidence *e, const struct ping_finding *f, int64_t asked_ms,
		       int64_t now_ms)
{
	e->pending = false;
	e->asked_ms = asked_ms;
	note_outcome(e, f);
	if (!probe_was_sent(f->outcome))
		return;
	if (f->sent)
		e->probes++;
	if (ping_evidence_heard(f)) {
		note_heard(e, f, now_ms);
	} else if (f->outcome != PROBE_ANSWERED) {
		e->failures++;
		if (e->failed_first_ms == 0)
			e->failed_first_ms = asked_ms;
	}
}

void ping_evidence_add_late(struct evidence *e, const struct ping_finding *f, int64_t now_ms)
{
	if (ping_evidence_heard(f)) {
		note_outcome(e, f);
		e->late = true;
		note_heard(e, f, now_ms);
	} else if (f->by_registrar && f->outcome == PROBE_SILENT) {
		/* Kamailio's 408 after 30 s: silence, confirmed by the one who waited. */
		e->by_registrar = true;
		e->code = f->code;
	}
}
