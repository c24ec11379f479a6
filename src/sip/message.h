/* SIP messages in: pre-filter, osip as parser, our own checks; raw bytes stay at hand. */
#ifndef REGTOP_SIP_MESSAGE_H
#define REGTOP_SIP_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>
#include "base/netaddr.h"
#include "base/slice.h"

struct sip_msg;

#define SIP_MAX_MESSAGE                                                                            \
	8192 /* facts/sip-and-diagnosis 5.5: beyond, osip's lists grow quadratic                   \
	      */

enum sip_input {
	SIP_IN_MESSAGE,     /* *out is a checked message */
	SIP_IN_KEEPALIVE,   /* CRLF, NUL or blank datagram */
	SIP_IN_STUN,        /* a STUN binding request */
	SIP_IN_BAD_REQUEST, /* a request that can be answered with *status: *out is set, has a
			     * usable Via, and only its Via, From, To, Call-ID and CSeq count */
	SIP_IN_RUBBISH,     /* drop it */
};

/* Call once before the first message; silences osip's tracing. Idempotent. */
void sip_message_init(void);
/* buf is one whole datagram or one framed stream message; it is copied. *why (may be NULL) gets a
 * static phrase for anything but MESSAGE; *status (may be NULL) the status code for BAD_REQUEST
 * (400, 416, 505, 513 …). Free *out with sip_msg_free(). */
enum sip_input sip_msg_parse(const void *buf, size_t n, struct sip_msg **out, int *status,
			     const char **why);
void sip_msg_free(struct sip_msg *m);

/* All slices point into the message and are raw unless said otherwise. */
bool sip_msg_is_request(const struct sip_msg *m);
struct slice sip_msg_method(const struct sip_msg *m); /* of the CSeq for responses */
struct slice sip_msg_request_uri(const struct sip_msg *m);
int sip_msg_code(const struct sip_msg *m);
struct slice sip_msg_reason(const struct sip_msg *m);
struct slice sip_msg_call_id(const struct sip_msg *m);
uint32_t sip_msg_cseq(const struct sip_msg *m); /* < 2^31, checked */
struct slice sip_msg_from_uri(const struct sip_msg *m);
struct slice sip_msg_from_tag(const struct sip_msg *m);
struct slice sip_msg_to_uri(const struct sip_msg *m);
struct slice sip_msg_to_tag(const struct sip_msg *m);
struct slice sip_msg_raw(const struct sip_msg *m); /* the bytes as they came */
struct slice sip_msg_body(const struct sip_msg *m);

/* Topmost Via. */
struct sip_via {
	struct slice raw; /* whole value */
	enum transport transport;
	struct slice host; /* IPv6 without brackets */
	unsigned port;     /* 0: absent */
	struct slice branch;
	bool rport; /* the client asked for it */
};
bool sip_msg_via(const struct sip_msg *m, struct sip_via *out);
unsigned sip_msg_via_count(const struct sip_msg *m);

/* Raw value of the i-th header line of this name (any case; compact forms are known); empty slice
 * when there are fewer. Comma lists are not split; folded lines are unfolded. */
struct slice sip_msg_header(const struct sip_msg *m, const char *name, unsigned i);
/* The i-th element over all header lines of this name, comma lists split outside quotes and
 * angle brackets (Require, Supported, Path, Allow). */
struct slice sip_msg_list(const struct sip_msg *m, const char *name, unsigned i);

struct sip_contact {
	bool star;
	struct slice uri;    /* verbatim bytes, no angle brackets */
	struct slice params; /* header parameters after the URI, raw, without the first ';' */
};
/* The i-th Contact over all Contact headers; false when there are fewer. */
bool sip_msg_contact(const struct sip_msg *m, unsigned i, struct sip_contact *out);
/* A parameter of a header value or of sip_contact.params (";a=b;c=\"d\"" with or without the first
 * ';'); quotes are taken off. False when absent; value empty when it has none. */
bool sip_param(struct slice params, const char *name, struct slice *value);

#endif
