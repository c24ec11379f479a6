/* STUN as keepalive: the answer to a binding request on a SIP port. */
#ifndef REGTOP_SIP_STUN_H
#define REGTOP_SIP_STUN_H

#include "base/netaddr.h"

#define STUN_ANSWER_MAX 44

/* Writes the success response (RFC 5389 10, with XOR-MAPPED-ADDRESS) to a binding request that came
 * from from. Its length, or 0 when raw is no binding request. */
size_t stun_answer(struct slice raw, const struct netaddr *from,
		   unsigned char out[STUN_ANSWER_MAX]);

#endif
