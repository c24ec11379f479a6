/* What is to be opened: from -s and the sections of the configuration file to sources with their
 * nodes. */
#include "openings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/alloc.h"
#include "base/strbuf.h"

static struct opening *add(struct openings *l, const struct options *o)
{
	struct opening *item = &l->items[l->count++];

	item->options = (struct source_options){
		.control = o->control, .sip = o->sip, .allow = o->allow, .store_path = o->store};
	return item;
}

static struct source_node node_of(const struct config_section *s)
{
	return (struct source_node){.name = s->name,
				    .control = s->values[CONFIG_CONTROL],
				    .sip = s->values[CONFIG_SIP],
				    .server_id = config_section_server_id(s)};
}

/* ---- nodes and peers ------------------------------------------------------------------------- */

/* Sections that read what s reads, s among them; "a+b" is what they are called. */
static void add_nodes(struct opening *item, const struct config *c, const struct config_section *s)
{
	struct strbuf name = STRBUF_INIT;
	size_t n = 0;

	item->nodes = xcalloc(c->count, sizeof(*item->nodes));
	for (size_t i = 0; i < c->count; i++) {
		const struct config_section *other = &c->sections[i];

		if (other != s && !config_same_read(other, s))
			continue;
		item->nodes[n++] = node_of(other);
		/* Bindings of all nodes stand in the one table. */
		if (config_section_forbids_purge(other))
			item->options.no_purge = true;
		strbuf_addf(&name, "%s%s", n > 1 ? "+" : "", other->name);
	}
	item->name = strbuf_take(&name);
	item->options.name = item->name;
	item->options.nodes = item->nodes;
	item->options.node_count = n;
}

static bool is_peer(const struct config_section *a, const struct config_section *b)
{
	const char *mine = a->values[CONFIG_CLUSTER], *theirs = b->values[CONFIG_CLUSTER];

	return mine && theirs && strcmp(mine, theirs) == 0 && a != b && !config_same_read(a, b);
}

static int add_peers(struct opening *item, const struct config *c, const struct config_section *s,
		     struct err *e)
{
	size_t n = 0;

	item->peers = xcalloc(c->count, sizeof(*item->peers));
	item->places = xcalloc(c->count + 1, sizeof(*item->places));
	for (size_t i = 0; i < c->count; i++) {
		const struct config_section *other = &c->sections[i];

		if (!is_peer(s, other))
			continue;
		item->places[n] = config_section_spec(other, e);
		if (!item->places[n])
			return -EINVAL;
		item->peers[n] = node_of(other);
		item->peers[n].place = item->places[n];
		n++;
	}
	item->options.peers = item->peers;
	item->options.peer_count = n;
	return 0;
}

/* ---- sections -------------------------------------------------------------------------------- */

static int take(struct openings *l, const struct options *o, const struct config *c,
		const struct config_section *s, struct err *e)
{
	struct opening *item = add(l, o);

	item->spec = config_section_spec(s, e);
	if (!item->spec)
		return -EINVAL;
	if (s->values[CONFIG_ALLOW])
		item->options.allow = s->values[CONFIG_ALLOW];
	if (s->values[CONFIG_STORE])
		item->options.store_path = s->values[CONFIG_STORE];
	item->account = (struct call_account){.user = s->values[CONFIG_CALL_USER],
					      .password = s->values[CONFIG_CALL_PASSWORD],
					      .proxy = s->values[CONFIG_CALL_PROXY]};
	add_nodes(item, c, s);
	if (o->control)
		item->nodes[0].control = o->control;
	if (o->sip)
		item->nodes[0].sip = o->sip;
	if ((o->control || o->sip) && item->options.node_count > 1)
		return err_set(e, -EINVAL, "Say it in the sections of the configuration file.",
			       "--control and --sip fit one node, and %s are %zu.", item->name,
			       item->options.node_count);
	return add_peers(item, c, s, e);
}

/* Was its table named already, by an earlier section? */
static bool is_taken(const struct config_section *const *named, size_t n,
		     const struct config_section *s)
{
	for (size_t i = 0; i < n; i++)
		if (named[i] == s || config_same_read(named[i], s))
			return true;
	return false;
}

static int take_once(struct openings *l, const struct options *o, const struct config *c,
		     const struct config_section **named, size_t *n, const struct config_section *s,
		     struct err *e)
{
	if (is_taken(named, *n, s))
		return 0;
	named[(*n)++] = s;
	return take(l, o, c, s, e);
}

static int check_one_control(const struct options *o, const struct openings *l, struct err *e)
{
	if ((!o->control && !o->sip) || l->count < 2 || o->source_count)
		return 0;
	return err_set(e, -EINVAL, "Name the section with -s NAME.",
		       "--control and --sip fit one section, and there are %zu.", l->count);
}

/* Which peers are opened themselves is known when all are taken. */
static void mark_listed(struct openings *l, const struct config *c,
			const struct config_section *const *named, size_t n)
{
	for (size_t i = 0; i < l->count; i++) {
		struct opening *item = &l->items[i];

		for (size_t k = 0; k < item->options.peer_count; k++)
			item->peers[k].listed =
				is_taken(named, n, config_find(c, slice_of(item->peers[k].name)));
	}
}

struct openings *openings_of(const struct options *o, const struct config *c, struct err *e)
{
	size_t sections = c ? c->count : 0, n = 0;
	const struct config_section **named = xcalloc(sections + 1, sizeof(*named)), *s;
	struct openings *out = xcalloc(1, sizeof(*out));
	int rc = 0;

	out->items = xcalloc(o->source_count + sections + 1, sizeof(*out->items));
	for (unsigned i = 0; i < o->source_count && rc == 0; i++) {
		s = config_find(c, slice_of(o->sources[i]));
		if (s)
			rc = take_once(out, o, c, named, &n, s, e);
		else
			add(out, o)->spec = xstrdup(o->sources[i]);
	}
	for (size_t i = 0; i < sections && !o->source_count && rc == 0; i++)
		rc = take_once(out, o, c, named, &n, &c->sections[i], e);
	if (rc == 0)
		rc = check_one_control(o, out, e);
	if (rc == 0 && out->count > ACT_MAX_SOURCES)
		rc = err_set(e, -EINVAL, "Name some of them with -s.",
			     "%zu sources are more than %d.", out->count, ACT_MAX_SOURCES);
	if (rc == 0)
		mark_listed(out, c, named, n);
	free(named);
	if (rc == 0)
		return out;
	openings_free(out);
	return NULL;
}

struct openings *openings_make(const struct options *o, struct err *e)
{
	return openings_of(o, o->config, e);
}

void openings_free(struct openings *l)
{
	for (size_t i = 0; l && i < l->count; i++) {
		struct opening *item = &l->items[i];

		for (size_t k = 0; item->places && item->places[k]; k++)
			free(item->places[k]);
		free(item->places);
		free(item->spec);
		free(item->name);
		free(item->nodes);
		free(item->peers);
	}
	if (l)
		free(l->items);
	free(l);
}
