/* Places: what of a binding's addresses it shares with others, or has for itself, as short texts.
 */
#include "model/place.h"

#include <stdio.h>
#include <string.h>
#include "base/sipuri.h"
#include "base/text.h"

static bool host_of(struct slice uri, struct netaddr *out)
{
	struct sip_uri u;

	return uri.n && sip_uri_split(uri, &u) == 0 && netaddr_parse(u.host, 0, out) == 0;
}

bool place_network(const struct binding *b, char *out, size_t size)
{
	struct netaddr a;
	char text[NETADDR_STR];

	out[0] = '\0';
	if (!host_of(b->received, &a) && !host_of(b->contact, &a))
		return false;
	if (a.sa.sa_family == AF_INET6) {
		memset(a.in6.sin6_addr.s6_addr + 6, 0, 10);
		netaddr_format_host(&a, text);
		/* "[2001:db8:1::]" without its brackets */
		snprintf(out, size, "%.*s/48", (int)strlen(text) - 2, text + 1);
		return true;
	}
	a.in4.sin_addr.s_addr &= htonl(0xffffff00);
	snprintf(out, size, "%s/24", netaddr_format_host(&a, text));
	return true;
}

bool place_host(const struct binding *b, char *out, size_t size)
{
	struct netaddr a;
	char text[NETADDR_STR];

	out[0] = '\0';
	if (!host_of(b->received, &a) && !host_of(b->contact, &a))
		return false;
	snprintf(out, size, "%s", netaddr_format_host(&a, text));
	return true;
}

static bool host_and_port(struct slice uri, char *out, size_t size)
{
	struct sip_uri u;
	bool bracket;

	out[0] = '\0';
	if (!uri.n || sip_uri_split(uri, &u) < 0 || !u.host.n)
		return false;
	bracket = u.port && slice_find_char(u.host, ':') >= 0;
	if (bracket)
		snprintf(out, size, "[");
	text_clean_buf(u.host, out + strlen(out), size - strlen(out));
	if (u.port)
		snprintf(out + strlen(out), size - strlen(out), "%s:%u", bracket ? "]" : "",
			 u.port);
	return true;
}

bool place_edge(const struct binding *b, char *out, size_t size)
{
	return host_and_port(sip_uri_first_of_list(b->path), out, size);
}

bool place_phone(const struct binding *b, char *out, size_t size)
{
	return host_and_port(b->received, out, size) || host_and_port(b->contact, out, size);
}
