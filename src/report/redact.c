/* Redaction: hides what a ticket must not carry, and keeps what a diagnosis needs. */
#include "report/redact.h"

#include <ctype.h>
#include "base/netaddr.h"
#include "base/sipuri.h"
#include "base/text.h"

#define HIDDEN "**"

static bool is_hex(char c)
{
	return isxdigit((unsigned char)c) != 0;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
	return isalnum((unsigned char)c) && (unsigned char)c < 0x80;
}

/* ---- users ------------------------------------------------------------------------------------
 */

void redact_user(struct slice user, struct strbuf *out)
{
	size_t at = 0, chars = 0;

	/* %HH counts as one character, so that an escape is not cut in the middle. */
	while (at < user.n && chars < 2) {
		size_t len;

		if (user.p[at] == '%' && user.n - at >= 3 && is_hex(user.p[at + 1]) &&
		    is_hex(user.p[at + 2]))
			len = 3;
		else
			text_decode(slice_skip(user, at), &len);
		at += len;
		chars++;
	}
	/* Of one or two characters, two would be all. */
	if (at < user.n)
		text_clean(slice_make(user.p, at), false, out);
	if (user.n)
		strbuf_add_str(out, HIDDEN);
}

/* ---- addresses --------------------------------------------------------------------------------
 */

static bool v4_is_private(const unsigned char *b)
{
	struct netaddr a = {0};

	a.in4.sin_family = AF_INET;
	a.len = sizeof(a.in4);
	memcpy(&a.in4.sin_addr, b, 4);
	return netaddr_is_private(&a) || netaddr_is_loopback(&a) || netaddr_is_any(&a);
}

static void add_v4(const unsigned char *b, struct strbuf *out)
{
	if (v4_is_private(b))
		strbuf_addf(out, "%u.%u.%u.%u", b[0], b[1], b[2], b[3]);
	else
		strbuf_addf(out, "%u.%u.%u.x", b[0], b[1], b[2]);
}

/* An interface identifier made from a MAC (RFC 4291 appendix A) has ff:fe in its middle. */
static bool carries_mac(const unsigned char *b)
{
	return b[11] == 0xff && b[12] == 0xfe;
}

static void add_v6(const struct netaddr *a, struct strbuf *out)
{
	static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
	const unsigned char *b = a->in6.sin6_addr.s6_addr;
	char text[NETADDR_STR];

	if (memcmp(b, mapped, sizeof(mapped)) == 0) {
		strbuf_add_str(out, "::ffff:");
		add_v4(b + 12, out);
	} else if (b[0] == 0x20 && b[1] == 0x02) {
		/* 6to4 (RFC 3056): the first 48 bits are somebody's whole IPv4 address. */
		strbuf_add_str(out, "2002::x");
	} else if (!netaddr_is_private(a) && !netaddr_is_loopback(a) && !netaddr_is_any(a)) {
		strbuf_addf(out, "%x:%x:%x::x", b[0] << 8 | b[1], b[2] << 8 | b[3],
			    b[4] << 8 | b[5]);
	} else if (carries_mac(b)) {
		strbuf_addf(out, "%x:%x:%x:%x::x", b[0] << 8 | b[1], b[2] << 8 | b[3],
			    b[4] << 8 | b[5], b[6] << 8 | b[7]);
	} else {
		netaddr_format_host(a, text);
		/* Without the brackets: the caller knows where they belong. */
		strbuf_add(out, text + (text[0] == '['), strcspn(text + (text[0] == '['), "]"));
	}
}

static bool add_literal(struct slice host, struct strbuf *out)
{
	struct netaddr a;

	if (netaddr_parse(host, 0, &a) != 0)
		return false;
	if (a.sa.sa_family == AF_INET6)
		add_v6(&a, out);
	else
		add_v4((const unsigned char *)&a.in4.sin_addr, out);
	return true;
}

/* Length of four decimal groups with dots or hyphens in between at s, as providers put addresses
 * into host names; *head gets the length of the first three with their separators. */
static size_t quad_length(struct slice s, size_t *head)
{
	size_t i = 0;

	for (int group = 0; group < 4; group++) {
		size_t start = i;

		if (group == 3)
			*head = i;
		while (i < s.n && i - start < 3 && is_digit(s.p[i]))
			i++;
		if (i == start || (i < s.n && is_digit(s.p[i])))
			return 0;
		if (group < 3) {
			if (i == s.n || (s.p[i] != '.' && s.p[i] != '-'))
				return 0;
			i++;
		}
	}
	return i;
}

/* Length of an IPv6 literal at s, without brackets. */
static size_t v6_length(struct slice s)
{
	struct netaddr a;
	size_t n = 0, colons = 0;

	while (n < s.n && (is_hex(s.p[n]) || s.p[n] == ':' || s.p[n] == '.'))
		colons += s.p[n++] == ':';
	/* A full stop or colon behind it belongs to the sentence. */
	while (n && (s.p[n - 1] == '.' || (s.p[n - 1] == ':' && (n < 2 || s.p[n - 2] != ':')))) {
		n--;
	}
	return colons >= 2 && netaddr_parse(slice_make(s.p, n), 0, &a) == 0 ? n : 0;
}

/* Text keeps its words; an address written into it is redacted as one, and one with hyphens, as in
 * the names that access providers give to their lines, loses its last group. */
static void add_without_addresses(struct slice text, struct strbuf *out)
{
	size_t plain = 0, i = 0;

	while (i < text.n) {
		struct slice rest = slice_skip(text, i);
		size_t head = 0, len = 0;
		char before = i ? text.p[i - 1] : ' ';

		if (!is_alnum(before) && before != ':' && (is_hex(rest.p[0]) || rest.p[0] == ':'))
			len = v6_length(rest);
		if (!len && !is_digit(before))
			len = quad_length(rest, &head);
		if (!len) {
			i++;
			continue;
		}
		text_clean(slice_make(text.p + plain, i - plain), false, out);
		if (!add_literal(slice_make(rest.p, len), out)) {
			text_clean(slice_make(rest.p, head), false, out);
			strbuf_add_char(out, 'x');
		}
		i += len;
		plain = i;
	}
	text_clean(slice_skip(text, plain), false, out);
}

void redact_address(struct slice host, struct strbuf *out)
{
	bool brackets = host.n > 1 && host.p[0] == '[' && host.p[host.n - 1] == ']';

	if (brackets)
		strbuf_add_char(out, '[');
	if (!add_literal(host, out))
		add_without_addresses(brackets ? slice_make(host.p + 1, host.n - 2) : host, out);
	if (brackets)
		strbuf_add_char(out, ']');
}

/* ---- URIs -------------------------------------------------------------------------------------
 */

/* Parameters that say how a request travels; every other value is hidden, so that a token under
 * a name nobody has heard of yet is hidden too. */
static const char *const plain_params[] = {
	"transport", "lr", "ob", "method", "ttl", "reg-id", "expires", "q", "pn-provider", "comp",
};

static void add_host_port(struct slice host, unsigned port, struct strbuf *out)
{
	bool v6 = slice_find_char(host, ':') >= 0;

	if (v6)
		strbuf_add_char(out, '[');
	redact_address(host, out);
	if (v6)
		strbuf_add_char(out, ']');
	if (port)
		strbuf_addf(out, ":%u", port);
}

/* Kamailio's alias: address~port~transport. */
static void add_alias(struct slice value, struct strbuf *out)
{
	struct slice host, rest = slice_cut(value, '~', &host);

	redact_address(host, out);
	if (rest.p) {
		strbuf_add_char(out, '~');
		text_clean(rest, false, out);
	}
}

static void add_param(struct slice param, struct strbuf *out)
{
	struct slice name, value = slice_cut(param, '=', &name);

	strbuf_add_char(out, ';');
	text_clean(name, false, out);
	if (!value.p)
		return;
	strbuf_add_char(out, '=');
	if (slice_ieq_str(name, "alias")) {
		add_alias(value, out);
		return;
	}
	if (slice_ieq_str(name, "maddr")) {
		redact_address(value, out);
		return;
	}
	if (slice_ieq_str(name, "received") && slice_starts_with(value, "sip")) {
		redact_uri(value, out);
		return;
	}
	for (size_t i = 0; i < sizeof(plain_params) / sizeof(*plain_params); i++) {
		if (slice_ieq_str(name, plain_params[i])) {
			text_clean(value, false, out);
			return;
		}
	}
	strbuf_add_str(out, HIDDEN);
}

void redact_uri(struct slice uri, struct strbuf *out)
{
	struct sip_uri u;
	struct slice rest, param, number;

	if (slice_empty(uri))
		return;
	if (sip_uri_split(uri, &u) != 0) {
		strbuf_add_str(out, "(not a URI)");
		return;
	}
	text_clean(u.scheme, false, out);
	strbuf_add_char(out, ':');
	if (!u.is_sip) {
		/* tel:, mailto: and others: what follows names a person. */
		slice_cut(slice_skip(uri, u.scheme.n + 1), ';', &number);
		redact_user(number, out);
		return;
	}
	if (u.user.n) {
		redact_user(u.user, out);
		strbuf_add_char(out, '@');
	}
	add_host_port(u.host, u.port, out);
	for (rest = u.params; rest.n;) {
		rest = slice_cut(rest, ';', &param);
		if (param.n)
			add_param(param, out);
	}
	if (u.headers.n)
		strbuf_add_str(out, "?" HIDDEN);
}

/* ---- User-Agents ------------------------------------------------------------------------------
 */

/* Length of six or more pairs of hex digits with one kind of separator, or of three groups of four
 * with dots; 0 when s does not begin with a MAC. */
static size_t mac_with_separators(struct slice s)
{
	static const struct {
		const char *separators;
		unsigned digits, groups;
	} shapes[] = {{":-", 2, 6}, {".", 4, 3}};

	for (size_t k = 0; k < sizeof(shapes) / sizeof(*shapes); k++) {
		unsigned groups = 0;
		size_t i = 0, end = 0;
		char sep = 0;

		for (;;) {
			unsigned d = 0;

			while (d < shapes[k].digits && i < s.n && is_hex(s.p[i])) {
				d++;
				i++;
			}
			if (d < shapes[k].digits)
				break;
			groups++;
			end = i;
			if (i == s.n || !strchr(shapes[k].separators, s.p[i]) || s.p[i] == '\0' ||
			    (sep && s.p[i] != sep))
				break;
			sep = s.p[i++];
		}
		if (groups >= shapes[k].groups && (end == s.n || !is_alnum(s.p[end])))
			return end;
	}
	return 0;
}

/* 8-4-4-4-12 hex digits; their last group often is a MAC. */
static size_t uuid_length(struct slice s)
{
	static const unsigned char groups[] = {8, 4, 4, 4, 12};
	size_t i = 0;

	for (size_t g = 0; g < sizeof(groups); g++) {
		if (g && (i == s.n || s.p[i++] != '-'))
			return 0;
		for (unsigned d = 0; d < groups[g]; d++, i++)
			if (i == s.n || !is_hex(s.p[i]))
				return 0;
	}
	return i;
}

/* A word that holds twelve hex digits in one piece, or ten and more characters of which six are
 * decimal digits, names a device and not a model. */
static bool word_names_device(struct slice word)
{
	size_t hex = 0, digits = 0;

	for (size_t i = 0; i < word.n; i++) {
		digits += is_digit(word.p[i]);
		hex = is_hex(word.p[i]) ? hex + 1 : 0;
		if (hex == 12)
			return true;
	}
	return word.n >= 10 && digits >= 6;
}

void redact_agent(struct slice agent, struct strbuf *out)
{
	while (agent.n) {
		size_t len = mac_with_separators(agent);

		if (!len)
			len = uuid_length(agent);
		if (len) {
			strbuf_add_str(out, HIDDEN);
			agent = slice_skip(agent, len);
			continue;
		}
		while (len < agent.n && is_alnum(agent.p[len]))
			len++;
		if (len && word_names_device(slice_make(agent.p, len)))
			strbuf_add_str(out, HIDDEN);
		else if (len)
			strbuf_add(out, agent.p, len);
		else {
			text_decode(agent, &len);
			text_clean(slice_make(agent.p, len), false, out);
		}
		agent = slice_skip(agent, len);
	}
}

void redact_text(struct slice text, struct strbuf *out)
{
	struct strbuf half = STRBUF_INIT;

	redact_agent(text, &half);
	add_without_addresses(strbuf_slice(&half), out);
	strbuf_free(&half);
}
