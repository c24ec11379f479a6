/* SIP messages out: requests and responses as bounded text, raw URIs kept byte for byte. */
#ifndef REGTOP_SIP_BUILD_H
#define REGTOP_SIP_BUILD_H

#include "base/strbuf.h"
#include "sip/message.h"
#include "sip/transport.h"

#define SIP_PRODUCT "regtop/" PACKAGE_VERSION

struct sip_request_head {
	const char *method;
	struct slice request_uri; /* raw */
	struct slice route;       /* raw Path value put into Route; may be empty */
	enum transport transport;
	struct slice sent_by;          /* of the Via, see sip_build_sent_by() */
	const char *branch;            /* without the magic cookie */
	struct slice from_uri, to_uri; /* inside the angle brackets */
	const char *from_display;      /* NULL: none; no quotes in it */
	const char *from_tag;
	struct slice to_tag; /* may be empty */
	const char *call_id;
	uint32_t cseq;
};
/* "host:port", or "host" when the port is not known: ":0" is one that no peer takes. Returns out.
 */
char *sip_build_sent_by(const struct netaddr *a, char out[NETADDR_STR]);
/* Appends request line, Via (;rport), Route, Max-Forwards 70, From, To, Call-ID, CSeq and
 * User-Agent; the caller adds more headers and ends with sip_build_end(). */
void sip_build_request(struct strbuf *out, const struct sip_request_head *h);
/* Appends status line, all Via lines in order with received and rport filled in as RFC 3581 says
 * (values that the client forged are removed), From, To (with to_tag added when it has none and
 * to_tag is not NULL), Call-ID, CSeq. reason NULL: the standard phrase. */
void sip_build_response(struct strbuf *out, const struct sip_msg *req, const struct sip_flow *from,
			int code, const char *reason, const char *to_tag);
/* Appends s without line breaks and NULs: nothing from outside may begin a header. */
void sip_build_add(struct strbuf *out, struct slice s);
/* Appends Content-Length and the empty line, then the body (may be empty). */
void sip_build_end(struct strbuf *out, struct slice body);
const char *sip_reason_phrase(int code);
/* Where a response to req goes (RFC 3261 18.2.2, RFC 3581): same socket or connection, the source
 * address, and the source port when rport was asked for, else the Via's. */
void sip_response_flow(const struct sip_msg *req, const struct sip_flow *from,
		       struct sip_flow *out);

#endif
