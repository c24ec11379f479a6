/* One contact as Kamailio's memory tells it (ul.lookup, ul.dump), as a binding. */
#include "source/kamailio_contact.h"

#include "base/text.h"

/* Between the second of ul.lookup's "Expires" and ours. */
#define EXPIRES_SLACK_S 2

static struct slice member_text(const json_t *contact, const char *name)
{
	const json_t *v = json_object_get(contact, name);
	struct slice s = SLICE_NONE;

	if (json_is_string(v))
		s = slice_make(json_string_value(v), json_string_length(v));
	return slice_eq_str(s, "[not set]") ? SLICE_NONE : s;
}

/* Bytes that are not UTF-8 have become U+FFFD on their way: when nothing else differs, what was
 * shown is what Kamailio has. */
static struct slice member_as_shown(const json_t *contact, const char *name, struct slice shown)
{
	struct slice s = member_text(contact, name);
	struct strbuf mended = STRBUF_INIT;

	if (slice_find_icase(s, SLICE_LIT("\xEF\xBF\xBD")) >= 0) {
		text_add_utf8(shown, &mended);
		if (slice_eq(strbuf_slice(&mended), s))
			s = shown;
	}
	strbuf_free(&mended);
	return s;
}

static int64_t member_number(const json_t *contact, const char *name, int64_t otherwise)
{
	const json_t *v = json_object_get(contact, name);

	return json_is_integer(v) ? json_integer_value(v) : otherwise;
}

/* Seconds left are rounded by two clocks; when they agree with the row to within that, the row's
 * second is the true one. False for a contact that is only waiting to be cleared away. */
static bool member_expires(const json_t *contact, const struct binding *shown, int64_t now_s,
			   int64_t *out)
{
	const json_t *v = json_object_get(contact, "Expires");
	int64_t until, off;

	if (json_is_string(v)) {
		*out = BINDING_PERMANENT;
		return strcmp(json_string_value(v), "permanent") == 0;
	}
	if (!json_is_integer(v) || json_integer_value(v) < 0 || json_integer_value(v) > UINT32_MAX)
		return false;
	until = now_s + json_integer_value(v);
	*out = until;
	if (shown->expires_s == BINDING_PERMANENT)
		return true;
	off = until - shown->expires_s;
	if (off >= -EXPIRES_SLACK_S && off <= EXPIRES_SLACK_S)
		*out = shown->expires_s;
	return true;
}

static int32_t member_q(const json_t *contact)
{
	double q = json_number_value(json_object_get(contact, "Q"));

	if (!json_is_number(json_object_get(contact, "Q")) || !(q >= 0))
		return BINDING_Q_UNSET;
	return q >= 1 ? 1000 : (int32_t)(q * 1000 + 0.5);
}

bool kamailio_contact_read(const json_t *c, const struct binding *shown, int64_t now_s,
			   struct strbuf *node, struct binding *out)
{
	int64_t server = member_number(c, "Server-Id", 0);

	*out = (struct binding){.user = shown->user, .domain = shown->domain, .granted_s = -1};
	if (!member_expires(c, shown, now_s, &out->expires_s))
		return false;
	out->contact = member_as_shown(c, "Address", shown->contact);
	out->ruid = member_text(c, "Ruid");
	out->key = slice_empty(out->ruid) ? shown->key : out->ruid;
	out->received = member_as_shown(c, "Received", shown->received);
	out->path = member_as_shown(c, "Path", shown->path);
	out->socket = member_text(c, "Socket");
	out->user_agent = member_as_shown(c, "User-Agent", shown->user_agent);
	out->call_id = member_as_shown(c, "Call-ID", shown->call_id);
	out->instance = member_as_shown(c, "Instance", shown->instance);
	if (server)
		strbuf_addf(node, "%lld", (long long)server);
	out->node = strbuf_slice(node);
	out->refreshed_s = member_number(c, "Last-Modified", 0);
	if (out->expires_s != BINDING_PERMANENT && out->refreshed_s > 0 &&
	    out->expires_s >= out->refreshed_s)
		out->granted_s = out->expires_s - out->refreshed_s;
	out->cseq = (uint32_t)member_number(c, "CSeq", 0);
	out->methods = (uint32_t)member_number(c, "Methods", BINDING_METHODS_ALL);
	out->q_milli = member_q(c);
	out->reg_id = (int32_t)member_number(c, "Reg-Id", 0);
	out->connection = (int32_t)member_number(c, "Tcpconn-Id", -1);
	out->cflags = (uint32_t)member_number(c, "CFlags", 0);
	return !slice_empty(out->contact);
}

struct kamailio_found kamailio_contact_find(const json_t *result, const struct binding *b)
{
	const json_t *list = json_object_get(result, "Contacts"), *item;
	struct kamailio_found l = {NULL, 0, false};
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)list, i, item)
	{
		const json_t *c = json_object_get(item, "Contact");
		bool uri = slice_eq(member_text(c, "Address"), b->contact);

		l.same_uri += uri;
		if (!slice_empty(b->ruid) && slice_eq(member_text(c, "Ruid"), b->ruid)) {
			l.contact = c;
			l.by_ruid = true;
		} else if (uri && !l.by_ruid && !l.contact) {
			l.contact = c;
		}
	}
	return l;
}
