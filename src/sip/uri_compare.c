/* Contact comparison by RFC 3261 19.1.4, and the AoR in canonical form. */
#include "sip/uri_compare.h"

#include <errno.h>
#include "base/netaddr.h"
#include "base/sipuri.h"

#define PART 512

/* Case-sensitive after unescaping. */
static bool same_unescaped(struct slice a, struct slice b)
{
	char x[PART], y[PART];
	size_t n, m;

	if (slice_eq(a, b))
		return true;
	if (a.n >= PART || b.n >= PART)
		return false;
	n = sip_uri_unescape(a, x, sizeof(x));
	m = sip_uri_unescape(b, y, sizeof(y));
	return slice_eq(slice_make(x, n), slice_make(y, m));
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
static bool params_agree(const struct sip_uri *a, const struct sip_uri *b)
{
	struct slice rest = a->params, one, key, value, other;
	char name[64];

	while (rest.n) {
		rest = slice_cut(rest, ';', &one);
		value = slice_cut(one, '=', &key);
		if (key.n == 0)
			continue;
		slice_to_buf(key, name, sizeof(name));
		if (key.n < sizeof(name) && sip_uri_param(b, name, &other)) {
			if (!slice_ieq(value, other))
				return false;
		} else if (decides_alone(key)) {
			return false;
		}
	}
	return true;
}

bool sip_uri_same(struct slice a, struct slice b)
{
	struct sip_uri x, y;

	if (sip_uri_split(a, &x) < 0 || sip_uri_split(b, &y) < 0)
		return slice_eq(a, b);
	if (!slice_ieq(x.scheme, y.scheme))
		return false;
	if (!x.is_sip)
		return slice_eq(slice_skip(a, x.scheme.n), slice_skip(b, y.scheme.n));
	return same_unescaped(x.user, y.user) && same_unescaped(x.password, y.password) &&
	       (x.password.p == NULL) == (y.password.p == NULL) && same_host(x.host, y.host) &&
	       x.port == y.port && params_agree(&x, &y) && params_agree(&y, &x) &&
	       slice_eq(x.headers, y.headers);
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
	if (slice_find_char(u.host, ':') >= 0)
		strbuf_add_char(domain, '[');
	for (size_t i = 0; i < u.host.n; i++) {
		char c = u.host.p[i];

		strbuf_add_char(domain, c >= 'A' && c <= 'Z' ? (char)(c + 32) : c);
	}
	if (slice_find_char(u.host, ':') >= 0)
		strbuf_add_char(domain, ']');
	if (u.port && u.port != default_port)
		strbuf_addf(domain, ":%u", u.port);
	return 0;
}
