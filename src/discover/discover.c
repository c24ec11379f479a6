/* What this machine runs: registrars found by their processes, configuration files, databases and
 * sockets, as sections that could stand in a configuration file. */
#include "discover/discover.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "act/act.h"
#include "base/alloc.h"
#include "base/text.h"
#include "base/zone.h"
#include "discover/conf.h"
#include "discover/process.h"
#include "discover/section.h"
#include "discover/url.h"

#define CONF_MAX (1024 * 1024)

struct search {
	struct discovery *d;
	struct discover_place place;
	size_t section_cap, where_cap, note_cap;
	char *known[32]; /* configuration files that processes use */
	size_t known_count;
};

static const char *const usual_confs[][2] = {
	[DISCOVER_KAMAILIO] = {"/etc/kamailio/kamailio.cfg",
			       "/usr/local/etc/kamailio/kamailio.cfg"},
	[DISCOVER_OPENSIPS] = {"/etc/opensips/opensips.cfg",
			       "/usr/local/etc/opensips/opensips.cfg"},
};
static const char *const kamctlrcs[] = {"/etc/kamailio/kamctlrc",
					"/usr/local/etc/kamailio/kamctlrc"};
static const char *const databases[] = {
	"/var/lib/kamailio/kamailio.sqlite",
	"/etc/kamailio/kamailio.sqlite",
	"/usr/local/etc/kamailio/kamailio.sqlite",
	"/var/lib/kamailio/kamailio.db",
};
/* Preferred first, as in source/kamailio_places. */
static const struct {
	const char *kind, *scheme, *path;
} sockets[] = {
	{"kamailio", "unix", "/run/kamailio/kamailio_rpc.sock"},
	{"kamailio", "unix", "/var/run/kamailio/kamailio_rpc.sock"},
	{"kamailio", "ctl", "/run/kamailio/kamailio_ctl"},
	{"kamailio", "ctl", "/var/run/kamailio/kamailio_ctl"},
	{"kamailio", "fifo", "/run/kamailio/kamailio_rpc.fifo"},
	{"kamailio", "fifo", "/var/run/kamailio/kamailio_rpc.fifo"},
	{"opensips", "fifo", "/run/opensips/opensips_fifo"},
	{"opensips", "fifo", "/var/run/opensips/opensips_fifo"},
};

#define COUNT(list) (sizeof(list) / sizeof(*(list)))

const char *discover_places(void)
{
	return "running processes, /etc/kamailio, /etc/opensips, /usr/local/etc, "
	       "/var/lib/kamailio, "
	       "/run/kamailio and /run/opensips";
}

const char *discover_root(void)
{
	const char *root = getenv("REGTOP_ROOT");

	return root && root[0] == '/' ? root : "";
}

/* ---- what is found --------------------------------------------------------------------------- */

static char *cleaned(const char *text)
{
	struct strbuf out = STRBUF_INIT;

	text_clean(slice_of(text), false, &out);
	return strbuf_take(&out);
}

static void note(struct search *s, const char *where, const char *why)
{
	struct discovery *d = s->d;
	char *text = xasprintf("%s: %s", where, why);

	XGROW(d->notes, s->note_cap, d->note_count + 1);
	d->notes[d->note_count++] = cleaned(text);
	free(text);
}

static void free_values(struct config_section *x)
{
	for (int k = 0; k < CONFIG_KEYS; k++)
		free(x->values[k]);
}

static bool same(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") == 0;
}

static bool same_database(const char *a, const char *b)
{
	char *x, *y;
	bool yes;

	if (!a || !b)
		return false;
	x = discover_url_key(a);
	y = discover_url_key(b);
	yes = strcmp(x, y) == 0;
	free(x);
	free(y);
	return yes;
}

static struct config_section *with_database(struct search *s, const char *read)
{
	struct config *c = s->d->config;

	for (size_t i = 0; i < c->count; i++)
		if (same_database(c->sections[i].values[CONFIG_READ], read))
			return &c->sections[i];
	return NULL;
}

/* Nodes of one table are told apart by their server_id, which is 0 where nothing is said. */
static void join(struct config_section *first, struct config_section *next)
{
	discover_set(next, CONFIG_READ, xstrdup(first->values[CONFIG_READ]));
	for (int i = 0; i < 2; i++) {
		struct config_section *x = i ? next : first;

		if (!x->values[CONFIG_SERVER_ID] && !x->values[CONFIG_KIND])
			discover_set(x, CONFIG_SERVER_ID, xstrdup("0"));
	}
}

static bool is_there(struct search *s, const struct config_section *x)
{
	struct config *c = s->d->config;

	for (size_t i = 0; i < c->count; i++) {
		const struct config_section *y = &c->sections[i];

		if (same(x->values[CONFIG_CONTROL], y->values[CONFIG_CONTROL]) &&
		    (same_database(x->values[CONFIG_READ], y->values[CONFIG_READ]) ||
		     (!x->values[CONFIG_READ] && !y->values[CONFIG_READ])) &&
		    strcmp(x->values[CONFIG_CONTROL] ? x->values[CONFIG_CONTROL] : "table",
			   "table"))
			return true;
	}
	return false;
}

static char *new_name(struct search *s, const char *program)
{
	for (unsigned n = 1;; n++) {
		char *name = n == 1 ? xstrdup(program) : xasprintf("%s-%u", program, n);

		if (!config_find(s->d->config, slice_of(name)))
			return name;
		free(name);
	}
}

/* What a line of a configuration file could not hold is nobody's address. */
static bool can_be_written(const struct config_section *x)
{
	for (int k = 0; k < CONFIG_KEYS; k++)
		for (const char *v = x->values[k]; v && *v; v++)
			if ((unsigned char)*v < 0x20 || *v == 0x7f)
				return false;
	return true;
}

/* Takes the values over. */
static void add_section(struct search *s, const char *program, struct config_section *take,
			const char *where)
{
	struct discovery *d = s->d;
	struct config *c = d->config;
	struct config_section *first = NULL;

	if (c->count == ACT_MAX_SOURCES || !can_be_written(take) || is_there(s, take)) {
		if (c->count == ACT_MAX_SOURCES)
			note(s, where, "there are more registrars than regtop opens at once");
		else if (!can_be_written(take))
			note(s, where, "there are control characters in what it names");
		free_values(take);
		return;
	}
	if (take->values[CONFIG_READ])
		first = with_database(s, take->values[CONFIG_READ]);
	if (first)
		join(first, take);
	XGROW(c->sections, s->section_cap, c->count + 1);
	XGROW(d->where, s->where_cap, c->count + 1);
	take->name = new_name(s, program);
	d->where[c->count] = cleaned(where);
	c->sections[c->count++] = *take;
}

/* ---- configuration files --------------------------------------------------------------------- */

static int open_conf(void *ctx, const char *path, struct strbuf *out)
{
	return discover_read(ctx, path, CONF_MAX, out);
}

/* Why the configuration itself could not be read. */
static const char *conf_refusal(int rc)
{
	return rc == -EPERM    ? "it belongs to somebody else, or may be written to by everybody"
	       : rc == -EFBIG  ? "it is longer than regtop reads"
	       : rc == -EINVAL ? "it is no file"
			       : strerror(-rc);
}

/* TZ of the process, else the machine's zone where ours is another one. */
static char *zone_of(const struct search *s, const struct discover_process *p)
{
	struct slice left = strbuf_slice(&p->environ), entry;
	const char *mine = getenv("TZ"), *behind;
	char target[512], *path;
	ssize_t n;

	while (left.n) {
		left = slice_cut(left, '\0', &entry);
		if (slice_starts_with(entry, "TZ=") && entry.n > 3)
			return slice_copy(slice_skip(entry, entry.p[3] == ':' ? 4 : 3));
	}
	if (!p->environ_known || ((!mine || !mine[0]) && !s->place.root[0]))
		return NULL;
	path = discover_path(&s->place, "/etc/localtime");
	n = readlink(path, target, sizeof(target) - 1);
	free(path);
	target[n > 0 ? n : 0] = '\0';
	behind = strstr(target, "/zoneinfo/");
	return behind ? xstrdup(behind + 10) : NULL;
}

/* Database servers have Kamailio's own local times (facts/kamailio-opensips 1.3). */
static void set_zone(const struct search *s, const struct discover_process *p,
		     struct config_section *out)
{
	const char *read = out->values[CONFIG_READ];
	struct err ignored;
	struct zone *z;
	char *name;

	if (!read || out->values[CONFIG_KIND] || !discover_url_is_server(read))
		return;
	name = zone_of(s, p);
	z = name ? zone_new(name, &ignored) : NULL;
	if (z)
		discover_set(out, CONFIG_TIMEZONE, name);
	else
		free(name);
	zone_free(z);
}

static void take_conf(struct search *s, enum discover_program program, const struct conf *c,
		      const struct discover_process *p, const char *where)
{
	struct config_section found = {0};
	struct strbuf why = STRBUF_INIT;
	bool ok = program == DISCOVER_KAMAILIO
			  ? discover_kamailio_section(&s->place, c, p ? p->run_dir : NULL, &found,
						      &why)
			  : discover_opensips_section(&s->place, c, &found, &why);

	/* A file alone, of something that does not run: its table may still be looked at. */
	if (ok && !p && !found.values[CONFIG_READ] && found.values[CONFIG_CONTROL]) {
		const char *path = strchr(found.values[CONFIG_CONTROL], '/');

		ok = path && access(path, F_OK) == 0;
		strbuf_clear(&why);
		strbuf_add_str(&why, "its bindings are in memory alone, and it does not run");
	}
	if (conf_trouble(c))
		note(s, where, conf_trouble(c));
	if (!ok || (why.n && p))
		note(s, where, strbuf_str(&why));
	if (ok) {
		if (p && p->server_id)
			discover_set(&found, CONFIG_SERVER_ID, xstrdup(p->server_id));
		if (p)
			set_zone(s, p, &found);
		add_section(s, discover_program_word(program), &found, where);
	} else {
		free_values(&found);
	}
	strbuf_free(&why);
}

/* ---- processes ------------------------------------------------------------------------------- */

static void define_all(struct conf *c, const struct discover_process *p)
{
	struct defines *d = conf_defines(c);

	defines_environment(d, strbuf_slice(&p->environ));
	for (size_t i = 0; i < p->define_count; i++)
		defines_take_argument(d, slice_of(p->defines[i]));
	for (size_t i = 0; i < p->substdef_count; i++)
		defines_take_substdef(d, slice_of(p->substdefs[i]), false);
	for (size_t i = 0; i < p->substdef_quoted_count; i++)
		defines_take_substdef(d, slice_of(p->substdefs_quoted[i]), true);
}

static char *conf_path(const struct search *s, const struct discover_process *p)
{
	if (p->conf && p->conf[0] == '/')
		return xstrdup(p->conf);
	if (p->conf)
		return p->folder ? xasprintf("%s/%s", p->folder, p->conf) : NULL;
	for (size_t i = 0; i < COUNT(usual_confs[0]); i++)
		if (discover_exists(&s->place, usual_confs[p->program][i]))
			return xstrdup(usual_confs[p->program][i]);
	return xstrdup(usual_confs[p->program][0]);
}

static void read_process(struct search *s, const struct discover_process *p, const char *path,
			 const char *where)
{
	struct conf *c = conf_new();
	int rc;

	define_all(c, p);
	for (size_t i = 0; i < p->listen_count; i++)
		conf_take_listen(c, p->listens[i]);
	rc = conf_read(c, open_conf, &s->place, path);
	if (rc < 0)
		note(s, where, conf_refusal(rc));
	else
		take_conf(s, p->program, c, p, where);
	conf_free(c);
}

static void take_process(void *ctx, const struct discover_process *p)
{
	struct search *s = ctx;
	char *path = conf_path(s, p), *where;

	where = xasprintf("%s, process %ld, %s", discover_program_word(p->program), p->pid,
			  path ? path : p->conf);
	if (p->chroot)
		note(s, where, "it runs in a folder of its own (-t)");
	else if (!path)
		note(s, where, "regtop cannot tell which file that is");
	else
		read_process(s, p, path, where);
	if (path && s->known_count < COUNT(s->known))
		s->known[s->known_count++] = path;
	else
		free(path);
	free(where);
}

/* ---- what lies about ------------------------------------------------------------------------- */

static bool has_program(const struct search *s, enum discover_program program)
{
	const struct config *c = s->d->config;
	const char *word = discover_program_word(program);

	for (size_t i = 0; i < c->count; i++)
		if (strncmp(c->sections[i].name, word, strlen(word)) == 0)
			return true;
	return false;
}

static bool is_known(const struct search *s, const char *path)
{
	for (size_t i = 0; i < s->known_count; i++)
		if (strcmp(s->known[i], path) == 0)
			return true;
	return false;
}

static void look_at_conf(struct search *s, enum discover_program program, const char *path)
{
	struct conf *c;
	int rc;

	if (!discover_exists(&s->place, path) || is_known(s, path))
		return;
	c = conf_new();
	rc = conf_read(c, open_conf, &s->place, path);
	if (rc < 0)
		note(s, path, conf_refusal(rc));
	else
		take_conf(s, program, c, NULL, path);
	conf_free(c);
}

static void look_at_confs(struct search *s)
{
	for (size_t program = 0; program < COUNT(usual_confs); program++)
		for (size_t i = 0; i < COUNT(usual_confs[program]); i++)
			if (!has_program(s, (enum discover_program)program))
				look_at_conf(s, (enum discover_program)program,
					     usual_confs[program][i]);
}

static void look_at_kamctlrcs(struct search *s)
{
	for (size_t i = 0; i < COUNT(kamctlrcs) && !has_program(s, DISCOVER_KAMAILIO); i++) {
		struct strbuf text = STRBUF_INIT;
		struct config_section found = {0};

		if (discover_read(&s->place, kamctlrcs[i], CONF_MAX, &text) == 0 &&
		    discover_kamctlrc_section(&s->place, strbuf_slice(&text), &found))
			add_section(s, "kamailio", &found, kamctlrcs[i]);
		strbuf_free(&text);
	}
}

static void look_at_databases(struct search *s)
{
	for (size_t i = 0; i < COUNT(databases) && !has_program(s, DISCOVER_KAMAILIO); i++) {
		char *path = discover_path(&s->place, databases[i]);
		struct config_section found = {0};

		if (access(path, R_OK) == 0) {
			discover_set(&found, CONFIG_READ, xstrdup(path));
			add_section(s, "kamailio", &found, databases[i]);
		}
		free(path);
	}
}

/* The section of this kind that has no control yet, if it is the only one of its kind. */
static struct config_section *wanting(const struct search *s, const char *kind, bool *any)
{
	struct config *c = s->d->config;
	struct config_section *found = NULL;

	*any = false;
	for (size_t i = 0; i < c->count; i++) {
		if (strncmp(c->sections[i].name, kind, strlen(kind)) != 0)
			continue;
		found = *any || c->sections[i].values[CONFIG_CONTROL] ? NULL : &c->sections[i];
		*any = true;
	}
	return found;
}

static void look_at_sockets(struct search *s)
{
	for (size_t i = 0; i < COUNT(sockets); i++) {
		struct config_section found = {0}, *x;
		bool any;
		char *path;

		x = wanting(s, sockets[i].kind, &any);
		if ((any && !x) || !discover_exists(&s->place, sockets[i].path))
			continue;
		path = discover_path(&s->place, sockets[i].path);
		discover_set(x ? x : &found, CONFIG_CONTROL,
			     xasprintf("%s:%s", sockets[i].scheme, path));
		free(path);
		if (x)
			continue;
		discover_set(&found, CONFIG_KIND, xstrdup(sockets[i].kind));
		add_section(s, sockets[i].kind, &found, sockets[i].path);
	}
}

struct discovery *discover(const char *root)
{
	struct discovery *d = xcalloc(1, sizeof(*d));
	struct search s = {.d = d};
	size_t others, n = root ? strlen(root) : 0;

	while (n && root[n - 1] == '/')
		n--;
	d->config = xcalloc(1, sizeof(*d->config));
	d->config->path = xstrdup("what was found");
	s.place.root = slice_copy(slice_make(root ? root : "", n));
	others = discover_processes(&s.place, take_process, &s);
	look_at_confs(&s);
	look_at_kamctlrcs(&s);
	look_at_databases(&s);
	look_at_sockets(&s);
	if (others)
		note(&s, "other processes",
		     "registrars that run in a container or for another user were left alone; name "
		     "what they have with -s, or their files with REGTOP_ROOT=/proc/PID/root");
	for (size_t i = 0; i < s.known_count; i++)
		free(s.known[i]);
	free(s.place.root);
	return d;
}

void discovery_free(struct discovery *d)
{
	if (!d)
		return;
	for (size_t i = 0; i < d->config->count; i++)
		free(d->where[i]);
	for (size_t i = 0; i < d->note_count; i++)
		free(d->notes[i]);
	free(d->where);
	free(d->notes);
	config_free(d->config);
	free(d);
}
