/* Contact comparison by RFC 3261 19.1.4, and the AoR in canonical form. */
#include "sip/uri_compare.h"

#include <errno.h>
#include "base/netaddr.h"
#include "base/sipuri.h"

#define PART 512

/* Equal as they are, or after unescaping. */
static bool same_text(struct slice a, struct slice b, bool (*equal)(struct slice, struct slice))
{
	char x[PART], y[PART];
	size_t n, m;

	if (equal(a, b))
		return true;
	if (a.n >= PART || b.n >= PART)
		return false;
	n = sip_uri_unescape(a, x, sizeof(x));
	m = sip_uri_unescape(b, y, sizeof(y));
	return equal(slice_make(x, n), slice_make(y, m));
}

/* By value when both are addresses; a name never equals an address. */
static bool same_host(struct slice a, struct slice b)
{
	struct netaddr x, y;
	bool xa = netaddr_parse(a, 0, &x) == 0, ya = netaddr_parse(b, 0, &y) == 0;

	if (xa && ya)
		return netaddr_same_host(&x, &y);
	return !xa && !ya && slice_ieq(a, b);
}

/* Value of key in "key=value;key=value" (or with '&', for headers); false when it is not there. */
static bool pair_find(struct slice pairs, char sep, struct slice key, struct slice *value)
{
	struct slice one, found;

	while (pairs.n) {
		pairs = slice_cut(pairs, sep, &one);
		*value = slice_cut(one, '=', &found);
		if (slice_ieq(found, key))
			return true;
	}
	return false;
}

/* Parameters whose presence in one URI only makes them differ; transport by the RFC's own example.
 */
static bool decides_alone(struct slice key)
{
	static const char *const names[] = {"user", "ttl", "method", "maddr", "transport"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (slice_ieq_str(key, names[i]))
			return true;
	return false;
}

/* Every parameter of a against b; once each way covers both. */
static bool params_agree(struct slice a, struct slice b)
{
	struct slice one, key, value, other;

	while (a.n) {
		a = slice_cut(a, ';', &one);
		value = slice_cut(one, '=', &key);
		if (key.n == 0)
			continue;
		if (pair_find(b, ';', key, &other)) {
			if (!same_text(value, other, slice_ieq))
				return false;
		} else if (decides_alone(key)) {
			return false;
		}
	}
	return true;
}

/* Every header of a is in b with the same value; the order does not count. */
static bool headers_agree(struct slice a, struct slice b)
{
	struct slice one, key, value, other;

	while (a.n) {
		a = slice_cut(a, '&', &one);
		value = slice_cut(one, '=', &key);
		if (!pair_find(b, '&', key, &other) || !same_text(value, other, slice_eq))
			return false;
	}
	return true;
}

bool sip_uri_same(struct slice a, struct slice b)
{
	struct sip_uri x, y;

	/* The rules below would call a URI with one parameter twice different from itself, and
	 * every refresh of such a phone would be a new binding. */
	if (slice_eq(a, b))
		return true;
	if (sip_uri_split(a, &x) < 0 || sip_uri_split(b, &y) < 0 || !slice_ieq(x.scheme, y.scheme))
		return false;
	if (!x.is_sip)
		return slice_eq(slice_skip(a, x.scheme.n), slice_skip(b, y.scheme.n));
	return same_text(x.user, y.user, slice_eq) &&
	       (x.password.p == NULL) == (y.password.p == NULL) &&
	       same_text(x.password, y.password, slice_eq) && same_host(x.host, y.host) &&
	       x.port == y.port && params_agree(x.params, y.params) &&
	       params_agree(y.params, x.params) && headers_agree(x.headers, y.headers) &&
	       headers_agree(y.headers, x.headers);
}

/* Lower case; an IPv6 address as the one text that all its spellings share. */
static void add_host(struct strbuf *out, struct slice host)
{
	struct netaddr a;
	char text[NETADDR_STR];

	if (netaddr_parse(host, 0, &a) == 0) {
		strbuf_add_str(out, netaddr_format_host(&a, text));
		return;
	}
	for (size_t i = 0; i < host.n; i++) {
		char c = host.p[i];

		strbuf_add_char(out, c >= 'A' && c <= 'Z' ? (char)(c + 32) : c);
	}
}

int sip_uri_canonical_aor(struct slice uri, unsigned default_port, struct strbuf *user,
			  struct strbuf *domain)
{
	struct sip_uri u;
	char plain[PART];
	size_t n;

	if (sip_uri_split(uri, &u) < 0 || !u.is_sip || u.user.n == 0 || u.user.n >= PART)
		return -EINVAL;
	n = sip_uri_unescape(u.user, plain, sizeof(plain));
	/* %00 and other controls have no place in the name of an account. */
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)plain[i] < 0x20 || plain[i] == 0x7f)
			return -EINVAL;
	strbuf_add(user, plain, n);
	add_host(domain, u.host);
	if (u.port && u.port != default_port)
		strbuf_addf(domain, ":%u", u.port);
	return 0;
}
