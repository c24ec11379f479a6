/* Digest credentials: a challenge read, and its answer made (RFC 7616, RFC 2617, RFC 8760). */
#ifndef REGTOP_SIP_DIGEST_H
#define REGTOP_SIP_DIGEST_H

#include "base/strbuf.h"

enum digest_algorithm { DIGEST_MD5, DIGEST_SHA256 };

/* Slices point into the header, quotes taken off and escapes left as they are. */
struct digest_challenge {
	struct slice realm, nonce, opaque;
	enum digest_algorithm algorithm;
	bool named;      /* the challenge names its algorithm */
	bool has_opaque; /* it may be empty, and is repeated then too */
	bool qop;        /* qop=auth was offered; else the old form of RFC 2069 */
	bool stale;
};

/* value: of one WWW-Authenticate or Proxy-Authenticate. 0; -EINVAL: no Digest challenge, or without
 * realm or nonce; -EPROTONOSUPPORT: an algorithm that is none of the above (-sess ones are none),
 * or only a qop other than auth. */
int digest_read_challenge(struct slice value, struct digest_challenge *out);

struct digest_request {
	struct slice user, password;
	const char *method;
	struct slice uri;   /* the Request-URI as it is sent */
	const char *cnonce; /* used with qop */
	uint32_t nc;        /* 0: 1 */
};

/* Appends "Digest username=…", the value of Authorization or Proxy-Authorization. */
void digest_write_answer(struct strbuf *out, const struct digest_challenge *c,
			 const struct digest_request *r);

#endif
