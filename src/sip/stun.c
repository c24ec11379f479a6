/* STUN as keepalive: the answer to a binding request on a SIP port. */
#include "sip/stun.h"

#define HEADER 20

size_t stun_answer(struct slice raw, const struct netaddr *from, unsigned char out[STUN_ANSWER_MAX])
{
	static const unsigned char request[2] = {0x00, 0x01}, cookie[4] = {0x21, 0x12, 0xa4, 0x42};
	bool v6 = from->sa.sa_family == AF_INET6;
	size_t size = v6 ? 16 : 4;
	const void *address =
		v6 ? (const void *)&from->in6.sin6_addr : (const void *)&from->in4.sin_addr;
	unsigned port = netaddr_port(from) ^ 0x2112;

	if (raw.n < HEADER || memcmp(raw.p, request, 2) != 0 || memcmp(raw.p + 4, cookie, 4) != 0)
		return 0;
	/* Header: success response, length of the one attribute, cookie and transaction as asked.
	 */
	memcpy(out, raw.p, HEADER);
	out[0] = 0x01;
	out[2] = 0;
	out[3] = (unsigned char)(8 + size);
	/* The attribute: 0x0020, its length, family, port and address under the cookie and the id.
	 */
	out[20] = 0x00;
	out[21] = 0x20;
	out[22] = 0;
	out[23] = (unsigned char)(4 + size);
	out[24] = 0;
	out[25] = v6 ? 2 : 1;
	out[26] = (unsigned char)(port >> 8);
	out[27] = (unsigned char)port;
	memcpy(out + 28, address, size);
	for (size_t i = 0; i < size; i++)
		out[28 + i] ^= out[4 + i];
	return 28 + size;
}
