/* One contact as OpenSIPS's memory tells it (ul_show_contact, ul_dump), as a binding. */
#include "source/opensips_contact.h"

#include "base/sipuri.h"

/* Between the second of "Expires" and ours. */
#define EXPIRES_SLACK_S 2

static struct slice member_text(const json_t *contact, const char *name)
{
	const json_t *v = json_object_get(contact, name);

	return json_is_string(v) ? slice_make(json_string_value(v), json_string_length(v))
				 : SLICE_NONE;
}

static int64_t member_number(const json_t *contact, const char *name, int64_t otherwise)
{
	const json_t *v = json_object_get(contact, name);

	return json_is_integer(v) ? json_integer_value(v) : otherwise;
}

/* Seconds left, or a word. False for "deleted" and "expired". */
static bool member_expires(const json_t *contact, int64_t now_s, int64_t known_s, int64_t *out)
{
	const json_t *v = json_object_get(contact, "Expires");
	int64_t off;

	if (json_is_string(v)) {
		*out = BINDING_PERMANENT;
		return strcmp(json_string_value(v), "permanent") == 0;
	}
	if (!json_is_integer(v) || json_integer_value(v) < 0 || json_integer_value(v) > UINT32_MAX)
		return false;
	*out = now_s + json_integer_value(v);
	if (known_s == 0 || known_s == BINDING_PERMANENT)
		return true;
	off = *out - known_s;
	if (off >= -EXPIRES_SLACK_S && off <= EXPIRES_SLACK_S)
		*out = known_s;
	return true;
}

/* "0.5" in thousandths; "" is none. */
static int32_t member_q(const json_t *contact)
{
	struct slice whole, part = slice_cut(member_text(contact, "Q"), '.', &whole);
	uint64_t ones = 0;
	int32_t milli = 0, unit = 100;

	if (slice_empty(whole) || !slice_to_u64(whole, 1, &ones))
		return BINDING_Q_UNSET;
	for (size_t i = 0; i < part.n && unit; i++, unit /= 10) {
		if (part.p[i] < '0' || part.p[i] > '9')
			return BINDING_Q_UNSET;
		milli += (part.p[i] - '0') * unit;
	}
	return ones ? 1000 : milli;
}

/* OpenSIPS's bit of each method, and Kamailio's. */
static const struct {
	uint32_t theirs, ours;
} method_bits[] = {
	{1, 1},          /* INVITE */
	{2, 2},          /* CANCEL */
	{4, 4},          /* ACK */
	{8, 8},          /* BYE */
	{16, 16},        /* INFO */
	{32, 512},       /* OPTIONS */
	{64, 2048},      /* UPDATE */
	{128, 32},       /* REGISTER */
	{256, 256},      /* MESSAGE */
	{512, 64},       /* SUBSCRIBE */
	{1024, 128},     /* NOTIFY */
	{2048, 1024},    /* PRACK */
	{4096, 4096},    /* REFER */
	{8192, 8192},    /* PUBLISH */
	{16384, 524288}, /* OTHER */
};

uint32_t opensips_methods(uint32_t theirs)
{
	uint32_t bits = 0;

	if (theirs == UINT32_MAX)
		return BINDING_METHODS_ALL;
	for (size_t i = 0; i < sizeof(method_bits) / sizeof(*method_bits); i++)
		if (theirs & method_bits[i].theirs)
			bits |= method_bits[i].ours;
	return bits;
}

int64_t opensips_contact_latency(const json_t *contact)
{
	int64_t us = member_number(contact, "Ping-Latency", 0);

	return us < 0 ? 0 : us;
}

void opensips_aor_split(struct slice aor, struct binding *out)
{
	out->domain = slice_cut(aor, '@', &out->user);
}

struct slice opensips_key_table(struct slice key, struct slice *number)
{
	struct slice head, rest = slice_cut(key, ':', &head);

	*number = rest.p ? rest : key;
	return rest.p ? head : SLICE_LIT(OPENSIPS_TABLE);
}

bool opensips_contact_read(const json_t *c, int64_t now_s, int64_t known_s, struct binding *out)
{
	int64_t methods = member_number(c, "Methods", UINT32_MAX);

	*out = (struct binding){.granted_s = -1, .connection = -1};
	if (!member_expires(c, now_s, known_s, &out->expires_s))
		return false;
	out->contact = member_text(c, "Contact");
	out->key = member_text(c, "ContactID");
	out->ruid = out->key;
	out->received = member_text(c, "Received");
	out->path = member_text(c, "Path");
	out->socket = member_text(c, "Socket");
	out->user_agent = member_text(c, "User-agent");
	out->call_id = member_text(c, "Callid");
	out->instance = member_text(c, "SIP_instance");
	out->cseq = (uint32_t)member_number(c, "Cseq", 0);
	out->methods = methods < 0 ? BINDING_METHODS_ALL : opensips_methods((uint32_t)methods);
	out->q_milli = member_q(c);
	return !slice_empty(out->contact) && !slice_empty(out->key);
}

/* ---- URIs that OpenSIPS takes for one -------------------------------------------------------- */

/* What its comparison looks at in any case; the rest only makes it say no more often. */
struct uri_core {
	char user[256];
	size_t user_n;
	struct slice host;
	unsigned port;
	enum transport transport;
};

static bool uri_core(struct slice raw, struct uri_core *out)
{
	struct sip_uri u;

	if (sip_uri_split(raw, &u) < 0 || !u.is_sip)
		return false;
	out->user_n = sip_uri_unescape(u.user, out->user, sizeof(out->user));
	out->host = u.host;
	out->port = u.port ? u.port : u.is_sips ? 5061 : 5060;
	out->transport = sip_uri_transport(&u);
	return true;
}

bool opensips_uri_may_match(struct slice a, struct slice b)
{
	struct uri_core x, y;

	if (slice_ieq(a, b))
		return true;
	return uri_core(a, &x) && uri_core(b, &y) && x.port == y.port &&
	       x.transport == y.transport && slice_ieq(x.host, y.host) &&
	       slice_ieq(slice_make(x.user, x.user_n), slice_make(y.user, y.user_n));
}

/* ---- finding one ----------------------------------------------------------------------------- */

struct opensips_found opensips_contact_find(const json_t *result, const struct binding *b)
{
	const json_t *list = json_object_get(result, "Contacts"), *c;
	struct opensips_found found = {NULL, 0};
	struct slice number;
	bool by_number = false;
	size_t i;

	opensips_key_table(b->key, &number);
	json_array_foreach((json_t *)(uintptr_t)list, i, c)
	{
		struct slice uri = member_text(c, "Contact");
		int64_t until;

		/* One that only waits may still be the one that ul_rm_contact finds first. */
		found.same_uri += opensips_uri_may_match(uri, b->contact);
		if (!member_expires(c, 0, 0, &until))
			continue;
		if (number.n && slice_eq(member_text(c, "ContactID"), number)) {
			found.contact = c;
			by_number = true;
		} else if (!by_number && !found.contact && slice_eq(uri, b->contact)) {
			found.contact = c;
		}
	}
	return found;
}
