/* Group effects: what many bindings have in common comes before what is wrong with a single one. */
#include "judge/group_effect.h"

#include <stdio.h>
#include "base/text.h"
#include "model/place.h"
#include "model/tally.h"

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

static const char *const says[2][2] = {{"does not answer", "do not answer"}, {"answers", "answer"}};

const char *group_kind_name(enum group_kind k)
{
	return kinds[k].name;
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
		return place_network(&r->b, out, size);
	case GROUP_PATH:
		return place_edge(&r->b, out, size);
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

/* Phones behind one router have one address; a network has many sites, or many phones. */
static void note_host(struct group_effect *g, const struct binding *b)
{
	char host[sizeof(g->host)];

	place_host(b, host, sizeof(host));
	if (!g->asked)
		memcpy(g->host, host, sizeof(host));
	else if (strcmp(g->host, host) != 0)
		g->host[0] = '\0';
}

void group_effects_add(struct group_effect *g, size_t n, const struct row *r)
{
	enum tally_state state = tally_state(r);
	char value[sizeof(g->value)];

	for (size_t i = 0; i < n; i++) {
		if (!group_value(g[i].kind, r, value, sizeof(value)) ||
		    strcmp(value, g[i].value) != 0)
			continue;
		g[i].members++;
		if (state == TALLY_UNASKED)
			continue;
		if (g[i].kind == GROUP_NETWORK)
			note_host(&g[i], &r->b);
		if (r->evidence && (!g[i].since_ms || r->evidence->asked_ms < g[i].since_ms))
			g[i].since_ms = r->evidence->asked_ms;
		g[i].asked++;
		g[i].answered += state == TALLY_ANSWERED;
		g[i].silent += state == TALLY_SILENT;
		g[i].gone += state == TALLY_GONE;
	}
}

void group_effects_end(struct group_effect *g, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned failed = g[i].asked - g[i].answered, told = failed ? failed : g[i].asked;

		g[i].effect = tally_is_effect(g[i].asked, failed);
		snprintf(g[i].words, sizeof(g[i].words), "%u of %u asked phones %s %s %s", told,
			 g[i].asked, kinds[g[i].kind].behind, g[i].host[0] ? g[i].host : g[i].value,
			 says[!failed][told != 1]);
	}
}
