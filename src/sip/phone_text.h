/* What a simulated phone says and reads: its REGISTER, its answers, the registrar's answers. */
#ifndef REGTOP_SIP_PHONE_TEXT_H
#define REGTOP_SIP_PHONE_TEXT_H

#include "base/strbuf.h"
#include "sip/phone_cast.h"

/* The sequence of one phone's REGISTERs; a new Call-ID is a new start. */
struct phone_call {
	unsigned index; /* the phone's; its Call-ID begins with it */
	char id[24], tag[12], branch[20];
	uint32_t cseq;
	bool shared; /* several phones on this socket: the Contact says which */
};

void phone_call_new(struct phone_call *call, unsigned index);
/* The next request: CSeq + 1, a new branch. */
void phone_call_next(struct phone_call *call);
/* The index in a Call-ID, UINT_MAX when there is none. */
unsigned phone_call_index(struct slice call_id);
/* The response answers the present request. */
bool phone_call_is(const struct phone_call *call, const struct sip_msg *response);

void phone_add_register(const struct phone_role *role, const struct phone_call *call,
			const struct netaddr *addr, struct strbuf *out);
/* The answer to a request; false when this phone never answers, or the request wants none. */
bool phone_add_answer(const struct phone_role *role, const struct sip_msg *msg,
		      const struct sip_flow *from, struct strbuf *out);
/* To a CANCEL, behind its own answer: the 487 that ends the INVITE which rings; false: none does.
 */
bool phone_add_ended(const struct phone_role *role, const struct sip_msg *cancel,
		     const struct sip_flow *from, struct strbuf *out);
/* Seconds granted to this phone's contact; otherwise when the 200 does not say. */
unsigned phone_granted(const struct sip_msg *msg, const struct phone_role *role,
		       unsigned otherwise);
unsigned phone_min_expires(const struct sip_msg *msg);
/* ;line= of a Request-URI: which phone of a shared socket is meant. UINT_MAX: none. */
unsigned phone_line_of(struct slice request_uri);

#endif
