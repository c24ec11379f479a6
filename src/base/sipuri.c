/* Splits a SIP URI into slices without changing a byte of it. */
#include "base/sipuri.h"

#include <errno.h>

/* Bytes that can stand in no URI; letting them through would let a contact break out of <…>. */
static bool has_forbidden(struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c <= 0x20 || c == 0x7f || c == '<' || c == '>' || c == '"')
			return true;
	}
	return false;
}

static bool scheme_ok(struct slice s)
{
	if (s.n == 0)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool alpha = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
		bool other = (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';

		if (!alpha && (i == 0 || !other))
			return false;
	}
	return true;
}

static int split_hostport(struct slice s, struct sip_uri *out)
{
	struct slice port = SLICE_NONE;
	uint64_t n = 0;

	if (s.n && s.p[0] == '[') {
		ptrdiff_t close = slice_find_char(s, ']');

		if (close < 0)
			return -EINVAL;
		out->host = slice_make(s.p + 1, (size_t)close - 1);
		s = slice_skip(s, (size_t)close + 1);
		if (s.n) {
			if (s.p[0] != ':')
				return -EINVAL;
			port = slice_skip(s, 1);
			if (port.n == 0)
				return -EINVAL;
		}
	} else {
		port = slice_cut(s, ':', &out->host);
		if (port.p && port.n == 0)
			return -EINVAL;
	}
	if (out->host.n == 0)
		return -EINVAL;
	if (port.n) {
		if (!slice_to_u64(port, 65535, &n) || n == 0)
			return -EINVAL;
		out->port = (unsigned)n;
	}
	return 0;
}

int sip_uri_split(struct slice raw, struct sip_uri *out)
{
	struct slice rest, hostport;
	ptrdiff_t at, first_param;

	memset(out, 0, sizeof(*out));
	if (has_forbidden(raw))
		return -EINVAL;
	rest = slice_cut(raw, ':', &out->scheme);
	if (!rest.p || rest.n == 0 || !scheme_ok(out->scheme))
		return -EINVAL;
	out->is_sips = slice_ieq_str(out->scheme, "sips");
	out->is_sip = out->is_sips || slice_ieq_str(out->scheme, "sip");
	if (!out->is_sip) {
		out->user = rest;
		return 0;
	}
	/* The user part may itself hold ';' and '?', so the '@' is looked for first (RFC 3261 25.1
	 * allows both in user); there is no '@' in host, parameters or headers unescaped. */
	at = slice_find_char(rest, '@');
	if (at >= 0) {
		out->password = slice_cut(slice_make(rest.p, (size_t)at), ':', &out->user);
		rest = slice_skip(rest, (size_t)at + 1);
		if (slice_find_char(rest, '@') >= 0)
			return -EINVAL;
	}
	out->headers = slice_cut(rest, '?', &rest);
	first_param = slice_find_char(rest, ';');
	hostport = rest;
	if (first_param >= 0) {
		hostport = slice_make(rest.p, (size_t)first_param);
		out->params = slice_skip(rest, (size_t)first_param + 1);
	}
	return split_hostport(hostport, out);
}

bool sip_uri_param(const struct sip_uri *u, const char *name, struct slice *value)
{
	struct slice rest = u->params, one, key, val;

	while (rest.n) {
		rest = slice_cut(rest, ';', &one);
		val = slice_cut(one, '=', &key);
		if (slice_ieq_str(key, name)) {
			if (value)
				*value = val;
			return true;
		}
	}
	return false;
}

enum transport sip_uri_transport(const struct sip_uri *u)
{
	struct slice v;
	enum transport t;

	if (!u->is_sip)
		return TRANSPORT_NONE;
	if (!sip_uri_param(u, "transport", &v) || v.n == 0)
		return u->is_sips ? TRANSPORT_TLS : TRANSPORT_UDP;
	t = transport_parse(v);
	/* sips means TLS on every hop, whatever the transport below it (RFC 3261 26.2.2). */
	if (u->is_sips && t == TRANSPORT_TCP)
		return TRANSPORT_TLS;
	if (u->is_sips && t == TRANSPORT_WS)
		return TRANSPORT_WSS;
	return t;
}

struct slice sip_uri_first_of_list(struct slice value)
{
	ptrdiff_t open, close;
	bool quoted = false;
	struct slice one;

	/* A display name may hold '<' and ',' between quotes. */
	for (size_t i = 0; i < value.n; i++) {
		char c = value.p[i];

		if (c == '\\' && quoted && i + 1 < value.n)
			i++;
		else if (c == '"')
			quoted = !quoted;
		else if (!quoted && (c == '<' || c == ',')) {
			if (c == ',')
				return slice_trim(slice_make(value.p, i));
			open = (ptrdiff_t)i;
			one = slice_skip(value, (size_t)open + 1);
			close = slice_find_char(one, '>');
			return close < 0 ? SLICE_NONE
					 : slice_trim(slice_make(one.p, (size_t)close));
		}
	}
	return slice_trim(value);
}

size_t sip_uri_unescape(struct slice s, char *dst, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n && n + 1 < size; i++) {
		if (s.p[i] == '%' && i + 2 < s.n && slice_hex_digit(s.p[i + 1]) >= 0 &&
		    slice_hex_digit(s.p[i + 2]) >= 0) {
			dst[n++] = (char)(slice_hex_digit(s.p[i + 1]) * 16 +
					  slice_hex_digit(s.p[i + 2]));
			i += 2;
		} else {
			dst[n++] = s.p[i];
		}
	}
	dst[n] = '\0';
	return n;
}
