/* Group effects: what many bindings have in common comes before what is wrong with a single one. */
#include "judge/group_effect.h"

#include <stdio.h>
#include "base/sipuri.h"
#include "base/text.h"
#include "judge/verdict.h"

/* How the words go on behind "5 of 6 asked phones", and what a heading says. */
static const struct {
	const char *name, *behind;
} kinds[GROUP_KINDS] = {
	[GROUP_NETWORK] = {"source network", "from"},
	[GROUP_PATH] = {"edge", "over the edge"},
	[GROUP_SOCKET] = {"socket of the registrar", "registered at"},
	[GROUP_NODE] = {"node", "of node"},
	[GROUP_SOURCE] = {"source", "of"},
	[GROUP_AGENT] = {"User-Agent", "of the model"},
};

const char *group_kind_name(enum group_kind k)
{
	return kinds[k].name;
}

static bool host_of(struct slice uri, struct netaddr *out)
{
	struct sip_uri u;

	return uri.n && sip_uri_split(uri, &u) == 0 && netaddr_parse(u.host, 0, out) == 0;
}

/* One office has one public address, or a few side by side: /24, /48 (facts 2.7). */
static bool network(const struct binding *b, char *out, size_t size)
{
	struct netaddr a;
	char text[NETADDR_STR];

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

static bool edge(const struct binding *b, char *out, size_t size)
{
	struct sip_uri u;

	if (!b->path.n || sip_uri_split(sip_uri_first_of_list(b->path), &u) < 0)
		return false;
	text_clean_buf(u.host, out, size);
	if (u.port)
		snprintf(out + strlen(out), size - strlen(out), ":%u", u.port);
	return true;
}

static bool text(struct slice s, char *out, size_t size)
{
	text_clean_buf(s, out, size);
	return s.n > 0;
}

bool group_value(enum group_kind k, const struct row *r, char *out, size_t size)
{
	switch (k) {
	case GROUP_NETWORK:
		return network(&r->b, out, size);
	case GROUP_PATH:
		return edge(&r->b, out, size);
	case GROUP_SOCKET:
		return text(r->b.socket, out, size);
	case GROUP_NODE:
		return text(r->b.node, out, size);
	case GROUP_SOURCE:
		return text(slice_of(r->source), out, size);
	case GROUP_AGENT:
		return text(r->b.user_agent, out, size);
	case GROUP_KINDS:
		break;
	}
	return false;
}

size_t group_effects_begin(const struct row *subject, struct group_effect out[GROUP_KINDS])
{
	size_t n = 0;

	for (int k = 0; k < GROUP_KINDS; k++) {
		memset(&out[n], 0, sizeof(out[n]));
		out[n].kind = (enum group_kind)k;
		if (group_value(out[n].kind, subject, out[n].value, sizeof(out[n].value)))
			n++;
	}
	return n;
}

/* Silence that means something: asked a short while ago, and on a way that counts. */
static bool was_asked(const struct row *r)
{
	const struct evidence *e = r->evidence;

	if (!e || !probe_was_sent(e->outcome) || r->j.verdict == VERDICT_ASLEEP ||
	    r->now_ms - e->asked_ms > VERDICT_FADES_AFTER_S * 1000LL)
		return false;
	return e->outcome == PROBE_ANSWERED || r->j.basis != BASIS_UNKNOWN;
}

void group_effects_add(struct group_effect *g, size_t n, const struct row *r)
{
	const struct evidence *e = r->evidence;
	char value[sizeof(g->value)];

	for (size_t i = 0; i < n; i++) {
		if (!group_value(g[i].kind, r, value, sizeof(value)) ||
		    strcmp(value, g[i].value) != 0)
			continue;
		g[i].members++;
		if (!was_asked(r))
			continue;
		g[i].asked++;
		if (e->outcome == PROBE_ANSWERED && !e->by_registrar)
			g[i].answered++;
		else if (e->outcome == PROBE_SILENT)
			g[i].silent++;
		else
			g[i].gone++;
	}
}

void group_effects_end(struct group_effect *g, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned failed = g[i].asked - g[i].answered;

		g[i].effect = g[i].asked >= GROUP_EFFECT_MEMBERS &&
			      failed * 100 > g[i].asked * GROUP_EFFECT_PERCENT;
		if (failed)
			snprintf(g[i].words, sizeof(g[i].words),
				 "%u of %u asked phones %s %s do not answer", failed, g[i].asked,
				 kinds[g[i].kind].behind, g[i].value);
		else
			snprintf(g[i].words, sizeof(g[i].words),
				 "%u of %u asked phones %s %s answer", g[i].answered, g[i].asked,
				 kinds[g[i].kind].behind, g[i].value);
	}
}
