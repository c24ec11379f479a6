/* JSON-RPC 2.0 as text: a request made, an answer read. */
#ifndef REGTOP_SOURCE_RPC_JSONRPC_H
#define REGTOP_SOURCE_RPC_JSONRPC_H

#include <jansson.h>
#include "base/slice.h"

/* extra: further members of the request, or NULL; borrowed. Caller frees. NULL when params hold
 * text that is not UTF-8, which JSON cannot carry. */
char *jsonrpc_request(const char *method, const json_t *params, json_int_t id, const json_t *extra);
/* An answer is for the open request only when it bears its id. 0 with *doc, which the caller gives
 * back; -EPROTO for what is no JSON, but for bytes that are not UTF-8 (they become U+FFFD); -ENOMSG
 * for another request's answer. */
int jsonrpc_answer(struct slice text, json_int_t id, json_t **doc);

#endif
