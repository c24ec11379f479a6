/* JSON-RPC 2.0 as text: a request made, an answer read. */
#include "source/rpc/jsonrpc.h"

#include <errno.h>
#include "base/text.h"

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

static json_t *load(struct slice text, json_error_t *why)
{
	return json_loadb(text.p ? text.p : "", text.n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL,
			  why);
}

/* What a phone sent may be in any encoding; registrars hand it on as it came, and it must not cost
 * the whole answer. */
static json_t *load_mended(struct slice text)
{
	struct strbuf mended = STRBUF_INIT;
	json_error_t why;
	json_t *d = load(text, &why);

	if (!d && json_error_code(&why) == json_error_invalid_utf8) {
		text_add_utf8(text, &mended);
		d = load(strbuf_slice(&mended), &why);
	}
	strbuf_free(&mended);
	return d;
}

int jsonrpc_answer(struct slice text, json_int_t id, json_t **doc)
{
	json_t *d = load_mended(text);
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
