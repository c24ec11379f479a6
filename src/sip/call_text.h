/* What a test call sends, as text: INVITE, ACK, CANCEL, and requests inside its dialogs. */
#ifndef REGTOP_SIP_CALL_TEXT_H
#define REGTOP_SIP_CALL_TEXT_H

#include "sip/call_state.h"

/* The extension that a quiet call requires, and nobody has. */
#define CALL_QUIET_TAG "x-regtop-quiet"
/* What we take from a phone inside a call, as Allow has it. */
#define CALL_ALLOW "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO"

/* sdp: the offer. Of exactly x->pad_to bytes when that is more than it would have. */
void call_text_invite(struct strbuf *out, const struct call *x, const struct invite *i,
		      struct slice sdp);
/* For a final response that is no 2xx: the INVITE's own branch and Route (RFC 3261 17.1.1.3). */
void call_text_ack(struct strbuf *out, const struct call *x, const struct invite *i,
		   struct slice to_tag);
/* RFC 3261 9.1: the INVITE's Request-URI, branch, Route, From, To without a tag, CSeq number. */
void call_text_cancel(struct strbuf *out, const struct call *x, const struct invite *i);
/* ACK to a 2xx, or BYE; credentials: a whole header line, or NULL. */
void call_text_in_dialog(struct strbuf *out, const struct call *x, const struct dialog *d,
			 const char *method, const char *branch, uint32_t cseq,
			 const char *credentials);

#endif
