/* The values of SIP headers taken apart: lists, addresses, parameters, Via. */
#include "sip/values.h"

/* Position of the first sep outside quotes, and outside <…> when brackets count; v.n without one.
 */
static size_t find_outside(struct slice v, char sep, bool brackets)
{
	bool quoted = false, angle = false;

	for (size_t i = 0; i < v.n; i++) {
		char c = v.p[i];

		if (quoted) {
			if (c == '\\')
				i++;
			else if (c == '"')
				quoted = false;
		} else if (angle) {
			angle = c != '>';
		} else if (c == sep) {
			return i;
		} else {
			quoted = c == '"';
			angle = brackets && c == '<';
		}
	}
	return v.n;
}

static struct slice next_element(struct slice *rest, char sep, bool brackets)
{
	while (rest->n) {
		size_t end = find_outside(*rest, sep, brackets);
		struct slice one = slice_trim(slice_make(rest->p, end));

		*rest = slice_skip(*rest, end + 1);
		if (one.n)
			return one;
	}
	return SLICE_NONE;
}

struct slice value_list_next(struct slice *rest)
{
	return next_element(rest, ',', true);
}

struct slice value_param_next(struct slice *rest)
{
	return next_element(rest, ';', false);
}

bool sip_param(struct slice params, const char *name, struct slice *value)
{
	struct slice one, key, val;

	while ((one = value_param_next(&params)).n) {
		val = slice_trim(slice_cut(one, '=', &key));
		if (!slice_ieq_str(slice_trim(key), name))
			continue;
		if (val.n >= 2 && val.p[0] == '"' && val.p[val.n - 1] == '"')
			val = slice_make(val.p + 1, val.n - 2);
		if (value)
			*value = val;
		return true;
	}
	return false;
}

bool value_split_address(struct slice v, struct slice *uri, struct slice *params)
{
	size_t open = find_outside(v, '<', false);
	struct slice inside = slice_skip(v, open + 1), after;
	ptrdiff_t close;

	*params = SLICE_NONE;
	if (open == v.n) {
		/* Without brackets every parameter is the header's, and the URI may hold no '?'
		 * (RFC 3261 20.10; RFC 4475 3.1.2.13). */
		*params = slice_cut(v, ';', uri);
		*uri = slice_trim(*uri);
		return uri->n && slice_find_char(*uri, '?') < 0 && slice_find_char(*uri, '"') < 0;
	}
	close = slice_find_char(inside, '>');
	if (close < 0)
		return false;
	*uri = slice_trim(slice_make(inside.p, (size_t)close));
	after = slice_trim(slice_skip(inside, (size_t)close + 1));
	if (after.n && after.p[0] != ';')
		return false;
	*params = slice_skip(after, 1);
	return true;
}

/* "host", "host:port", "[::1]:port", with blanks around the colon (RFC 3261 25.1). */
static bool split_sent_by(struct slice s, struct sip_via *out)
{
	bool has_port;
	uint64_t port;

	if (s.n && s.p[0] == '[') {
		struct slice before;

		s = slice_cut(slice_skip(s, 1), ']', &out->host);
		if (!s.p)
			return false;
		s = slice_cut(s, ':', &before);
		if (slice_trim(before).n)
			return false;
	} else {
		s = slice_cut(s, ':', &out->host);
		out->host = slice_trim(out->host);
	}
	has_port = s.p != NULL;
	if (has_port && (!slice_to_u64(slice_trim(s), 65535, &port) || port == 0))
		return false;
	out->port = has_port ? (unsigned)port : 0;
	/* A longer name cannot exist (RFC 1035 2.3.4). */
	return out->host.n > 0 && out->host.n < 256;
}

bool value_split_via(struct slice v, struct sip_via *out)
{
	struct slice params, rest, name, version, transport;
	size_t i = 0;

	memset(out, 0, sizeof(*out));
	out->raw = v;
	params = slice_cut(v, ';', &rest);
	/* "SIP / 2.0 / UDP host": blanks may stand around the slashes. */
	rest = slice_cut(rest, '/', &name);
	rest = slice_trim(slice_cut(rest, '/', &version));
	while (i < rest.n && rest.p[i] != ' ' && rest.p[i] != '\t')
		i++;
	transport = slice_make(rest.p, i);
	if (!slice_ieq_str(slice_trim(name), "SIP") || !slice_eq_str(slice_trim(version), "2.0") ||
	    transport.n == 0)
		return false;
	out->transport = transport_parse(transport);
	sip_param(params, "branch", &out->branch);
	out->rport = sip_param(params, "rport", NULL);
	return split_sent_by(slice_trim(slice_skip(rest, i)), out);
}
