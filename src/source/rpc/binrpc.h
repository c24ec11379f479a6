/* Kamailio's ctl protocol (binrpc): requests to bytes, and bytes to the answers that JSON-RPC
 * gives. */
#ifndef REGTOP_SOURCE_RPC_BINRPC_H
#define REGTOP_SOURCE_RPC_BINRPC_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/slice.h"
#include "base/strbuf.h"

/* Limits of a request's body (Kamailio's own), and of a reply's (ours). */
#define BINRPC_REQUEST_MAX 65535
#define BINRPC_REPLY_MAX   (4u << 20)
/* What nests deeper, or has more values, is no answer of Kamailio's. */
#define BINRPC_DEPTH_MAX  16
#define BINRPC_VALUES_MAX 200000

/* Appends a request. params: an array of strings and numbers, or NULL. Kamailio tells an integer
 * from a double from a string by its type. 0; -EINVAL for a parameter that binrpc cannot carry
 * (another type, a NUL within a string, a number beyond 32 bits); -EMSGSIZE. On error out is as it
 * was. */
int binrpc_request(const char *method, const json_t *params, uint32_t cookie, struct strbuf *out);

/* The first packet of a stream. */
struct binrpc_packet {
	bool fault;
	uint32_t cookie;   /* the request's */
	struct slice body; /* borrowed from the stream */
	size_t size;       /* bytes of the stream that it takes, or will take */
};

enum { BINRPC_MORE = 1 };

/* 0 with *p; BINRPC_MORE while bytes are missing (p->size: how many there will be in all, 0 while
 * that is not known); -EPROTO for what is no reply of binrpc, -EMSGSIZE for too long a one: such a
 * stream has lost its framing. */
int binrpc_packet(struct slice stream, struct binrpc_packet *p);

/* The packet as the JSON-RPC answer that the same Kamailio gives to the same call over its other
 * channels: {"result": …} or {"error": {"code", "message"}}. binrpc does not say which of its
 * structs are arrays there, and whether a single value stands for a list; what repeats a name, and
 * the method, do. Nothing at all is {"result": {}}, but for methods that list. Text that is not
 * UTF-8 gets U+FFFD for each wrong byte. 0 with *doc, which the caller gives back, or -EPROTO. */
int binrpc_answer(const struct binrpc_packet *p, const char *method, json_t **doc);

#endif
