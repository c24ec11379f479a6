/* A whole binding as JSON, so that a journal entry can be read and restored years later. */
#include "act/journal_json.h"

#include <jansson.h>
#include "base/text.h"

/* Text that JSON cannot hold byte for byte is kept cleaned for the reader and as hex for a
 * restore. */
static void put_text(json_t *o, json_t *raw, const char *name, struct slice s)
{
	struct strbuf text = STRBUF_INIT;

	if (text_clean(s, false, &text)) {
		struct strbuf hex = STRBUF_INIT;

		for (size_t i = 0; i < s.n; i++)
			strbuf_addf(&hex, "%02x", (unsigned)(unsigned char)s.p[i]);
		json_object_set_new(raw, name, json_string(strbuf_str(&hex)));
		strbuf_free(&hex);
	}
	json_object_set_new(o, name, json_string(strbuf_str(&text)));
	strbuf_free(&text);
}

static void put_time(json_t *o, const char *name, int64_t unix_s)
{
	char text[24];

	json_object_set_new(o, name, json_string(text_rfc3339(unix_s, text)));
}

char *journal_json_binding(const struct binding *b)
{
	const struct {
		const char *name;
		struct slice s;
	} texts[] = {
		{"key", b->key},           {"user", b->user},
		{"domain", b->domain},     {"contact", b->contact},
		{"received", b->received}, {"path", b->path},
		{"socket", b->socket},     {"user_agent", b->user_agent},
		{"call_id", b->call_id},   {"instance", b->instance},
		{"ruid", b->ruid},         {"node", b->node},
	};
	json_t *o = json_object(), *raw = json_object();
	char *text;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		put_text(o, raw, texts[i].name, texts[i].s);
	if (b->expires_s == BINDING_PERMANENT)
		json_object_set_new(o, "permanent", json_true());
	else
		put_time(o, "expires", b->expires_s);
	if (b->refreshed_s != 0)
		put_time(o, "refreshed", b->refreshed_s);
	if (b->granted_s >= 0)
		json_object_set_new(o, "granted", json_integer(b->granted_s));
	json_object_set_new(o, "cseq", json_integer(b->cseq));
	if (b->methods != BINDING_METHODS_ALL)
		json_object_set_new(o, "methods", json_integer(b->methods));
	if (b->q_milli != BINDING_Q_UNSET)
		json_object_set_new(o, "q", json_real(b->q_milli / 1000.0));
	json_object_set_new(o, "reg_id", json_integer(b->reg_id));
	json_object_set_new(o, "connection", json_integer(b->connection));
	json_object_set_new(o, "cflags", json_integer(b->cflags));
	if (json_object_size(raw) > 0)
		json_object_set(o, "raw_hex", raw);
	json_decref(raw);
	text = json_dumps(o, JSON_COMPACT | JSON_REAL_PRECISION(6));
	json_decref(o);
	return text;
}
