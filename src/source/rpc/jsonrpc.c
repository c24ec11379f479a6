/* JSON-RPC 2.0 as text: a request made, an answer read. */
#include "source/rpc/jsonrpc.h"

#include <errno.h>

char *jsonrpc_request(const char *method, const json_t *params, json_int_t id, const json_t *extra)
{
	json_t *doc = json_pack("{s:s, s:s, s:I}", "jsonrpc", "2.0", "method", method, "id", id);
	char *text;

	if (params)
		json_object_set(doc, "params", (json_t *)(uintptr_t)params);
	if (extra)
		json_object_update(doc, (json_t *)(uintptr_t)extra);
	text = json_dumps(doc, JSON_COMPACT);
	json_decref(doc);
	return text;
}

int jsonrpc_answer(struct slice text, json_int_t id, json_t **doc)
{
	json_t *d = json_loadb(text.p ? text.p : "", text.n,
			       JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
	const json_t *theirs = json_object_get(d, "id");

	if (!d)
		return -EPROTO;
	if (!json_is_integer(theirs) || json_integer_value(theirs) != id) {
		json_decref(d);
		return -ENOMSG;
	}
	*doc = d;
	return 0;
}
