/* The configuration file: defaults, and named sections that are sources or nodes of one. */
#include "config_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "cli/rows.h"

#define FILE_MAX     (256 * 1024)
#define SECTIONS_MAX 64
#define NAME_BYTES   40

/* clang-format off */
const struct config_key_row config_keys[CONFIG_KEYS] = {
	[CONFIG_READ] = {"read", "SPEC",
		"Where bindings come from, as with --source. Sections that read the same are nodes on one table."},
	[CONFIG_KIND] = {"kind", "kamailio|opensips",
		"Without read: whose memory the control lists; kamailio unless told."},
	[CONFIG_CONTROL] = {"control", "WHERE",
		"How the registrar is told to change, as with --control."},
	[CONFIG_SIP] = {"sip", "HOST:PORT",
		"The registrar's SIP address that probes go to, as with --sip."},
	[CONFIG_SERVER_ID] = {"server_id", "NUMBER",
		"Kamailio's server_id: whose a binding is, where several nodes hold it."},
	[CONFIG_CLUSTER] = {"cluster", "NAME",
		"Sections of one cluster hold copies of each other's bindings (dmq_usrloc); a removal is proved on all of them."},
	[CONFIG_TIMEZONE] = {"timezone", "ZONE",
		"The zone of the times that Kamailio writes into a database server, such as Europe/Berlin."},
	[CONFIG_TABLE] = {"table", "NAME",
		"The table of bindings when it is not called location."},
	[CONFIG_ALLOW] = {"allow", "CIDR[,CIDR]",
		"For read = listen:…: networks that may register besides loopback."},
	[CONFIG_STORE] = {"store", "FILE",
		"For read = listen:…: where its bindings are kept."},
	[CONFIG_PURGE] = {"purge", "yes|no",
		"With no, nothing is removed from what this section reads, whoever asks."},
	[CONFIG_CALL_USER] = {"call_user", "USER[@DOMAIN]",
		"Who a test call through the switch comes from."},
	[CONFIG_CALL_PASSWORD] = {"call_password", "PASSWORD",
		"Its password, for a switch that asks for one; then nobody else may read the file."},
	[CONFIG_CALL_PROXY] = {"call_proxy", "HOST:PORT",
		"Where test calls through the switch are sent; without it, to the registrar's SIP address."},
};
/* clang-format on */

struct parser {
	struct config *c;
	const char *path;
	unsigned line;
	size_t section_cap, default_cap;
	struct err *e;
};

static int wrong(const struct parser *p, const char *hint, const char *words, struct slice what)
{
	char shown[80];

	text_clean_buf(what, shown, sizeof(shown));
	return err_set(p->e, -EINVAL, hint, "%s, line %u: %s %s", p->path, p->line, words, shown);
}

/* ---- lines ----------------------------------------------------------------------------------- */

/* Names stand in columns, filters and messages. */
static bool is_name(struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		      c == '-' || c == '_' || c == '.'))
			return false;
	}
	return s.n > 0 && s.n <= NAME_BYTES;
}

static int take_section(struct parser *p, struct slice line)
{
	struct config *c = p->c;
	struct slice name = slice_trim(slice_make(line.p + 1, line.n - 2));
	struct config_section *s;

	if (!is_name(name))
		return wrong(p, "A name has letters, digits, '-', '_' and '.', 40 at most.",
			     "this is no name of a section:", name);
	if (config_find(c, name))
		return wrong(p, "Call it otherwise.", "there is a section already called", name);
	if (c->count == SECTIONS_MAX)
		return wrong(p, NULL, "there are too many sections at", name);
	XGROW(c->sections, p->section_cap, c->count + 1);
	s = &c->sections[c->count++];
	memset(s, 0, sizeof(*s));
	s->name = slice_copy(name);
	s->line = p->line;
	return 0;
}

static int key_of(struct slice name)
{
	for (int k = 0; k < CONFIG_KEYS; k++)
		if (slice_eq_str(name, config_keys[k].name))
			return k;
	return -1;
}

static int unknown_key(const struct parser *p, struct slice name)
{
	struct strbuf words = STRBUF_INIT;
	int rc;

	strbuf_add_str(&words, "A section knows ");
	for (int k = 0; k < CONFIG_KEYS; k++)
		strbuf_addf(&words, "%s%s", k ? ", " : "", config_keys[k].name);
	strbuf_add_char(&words, '.');
	rc = wrong(p, strbuf_str(&words), "a section knows nothing called", name);
	strbuf_free(&words);
	return rc;
}

static int check_value(const struct parser *p, int key, struct slice value)
{
	uint64_t n;

	if (key == CONFIG_SERVER_ID && !slice_to_u64(value, INT32_MAX, &n))
		return wrong(p, "Write the number that kamailio.cfg says.",
			     "this is no server_id:", value);
	if (key == CONFIG_KIND && !slice_eq_str(value, "kamailio") &&
	    !slice_eq_str(value, "opensips"))
		return wrong(p, "Write kamailio or opensips.",
			     "there is no such kind of registrar:", value);
	if (key == CONFIG_PURGE && !slice_eq_str(value, "yes") && !slice_eq_str(value, "no"))
		return wrong(p, "Write yes or no.", "only yes or no fit behind purge, not", value);
	if (key == CONFIG_CLUSTER && !is_name(value))
		return wrong(p, "A name has letters, digits, '-', '_' and '.', 40 at most.",
			     "this is no name of a cluster:", value);
	return 0;
}

static int take_key(struct parser *p, struct slice name, struct slice value)
{
	struct config_section *s = &p->c->sections[p->c->count - 1];
	int key = key_of(name), rc;

	if (key < 0)
		return unknown_key(p, name);
	if (s->values[key])
		return wrong(p, "Keep one of the two.", "this was said before:", name);
	if (!value.n)
		return wrong(p, NULL, "nothing stands behind", name);
	rc = check_value(p, key, value);
	if (rc == 0)
		s->values[key] = slice_copy(value);
	return rc;
}

static int take_default(struct parser *p, struct slice name, struct slice value)
{
	struct config *c = p->c;
	struct config_default *d;

	XGROW(c->defaults, p->default_cap, c->default_count + 1);
	d = &c->defaults[c->default_count++];
	*d = (struct config_default){slice_copy(name), slice_copy(value), p->line};
	return 0;
}

static int take_line(struct parser *p, struct slice line)
{
	struct slice name, value;

	line = slice_trim(line);
	if (!line.n || line.p[0] == '#' || line.p[0] == ';')
		return 0;
	for (size_t i = 0; i < line.n; i++)
		if ((unsigned char)line.p[i] < 0x20 && line.p[i] != '\t')
			return wrong(p, NULL, "there are control characters in", line);
	if (line.p[0] == '[' && line.p[line.n - 1] == ']')
		return take_section(p, line);
	value = slice_cut(line, '=', &name);
	if (!value.p)
		return wrong(p, "A line is [NAME], NAME = VALUE, or a comment behind #.",
			     "this is neither a section nor a value:", line);
	name = slice_trim(name);
	value = slice_trim(value);
	return p->c->count ? take_key(p, name, value) : take_default(p, name, value);
}

/* A section that names nothing to read or to ask is a slip. */
static int check_sections(struct parser *p)
{
	for (size_t i = 0; i < p->c->count; i++) {
		const struct config_section *s = &p->c->sections[i];

		p->line = s->line;
		if (!s->values[CONFIG_READ] && !s->values[CONFIG_CONTROL])
			return wrong(p, "Give it read = SPEC, or control = WHERE.",
				     "nothing is read by section", slice_of(s->name));
	}
	return 0;
}

struct config *config_parse(struct slice text, const char *path, struct err *e)
{
	struct config *c = xcalloc(1, sizeof(*c));
	struct parser p = {.c = c, .path = path, .e = e};
	struct slice line;
	int rc = 0;

	c->path = xstrdup(path);
	while (text.n && rc == 0) {
		text = slice_cut(text, '\n', &line);
		p.line++;
		rc = take_line(&p, line);
	}
	if (rc == 0)
		rc = check_sections(&p);
	if (rc == 0)
		return c;
	config_free(c);
	return NULL;
}

/* ---- the file -------------------------------------------------------------------------------- */

/* kind://user:password@… */
static bool holds_password(const struct config_section *s)
{
	struct slice user, rest = slice_of(s->values[CONFIG_READ] ? s->values[CONFIG_READ] : "");
	ptrdiff_t at = slice_find_icase(rest, SLICE_LIT("://"));

	if (s->values[CONFIG_CALL_PASSWORD])
		return true;
	if (at < 0)
		return false;
	rest = slice_cut(slice_skip(rest, (size_t)at + 3), '@', &user);
	return rest.p && slice_find_char(user, ':') >= 0 && slice_find_char(user, '/') < 0;
}

static int check_secrets(const struct config *c, const struct stat *st, struct err *e)
{
	for (size_t i = 0; i < c->count; i++)
		if (holds_password(&c->sections[i]) && (st->st_mode & S_IROTH))
			return err_set(e, -EACCES,
				       "Take the right away with chmod o-r, or keep the password "
				       "in an option file or .pgpass.",
				       "%s holds the password of section %s and may be read by "
				       "everybody.",
				       c->path, c->sections[i].name);
	return 0;
}

static int read_all(int fd, struct strbuf *out)
{
	char buf[8192];
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		strbuf_add(out, buf, (size_t)n);
		if (out->n > FILE_MAX)
			return -EFBIG;
	}
	return n < 0 ? -errno : 0;
}

struct config *config_read(const char *path, struct err *e)
{
	struct strbuf text = STRBUF_INIT;
	struct config *c = NULL;
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), rc = 0;

	if (fd < 0 || fstat(fd, &st) < 0)
		rc = -errno;
	else if (!S_ISREG(st.st_mode))
		rc = -EINVAL;
	else
		rc = read_all(fd, &text);
	if (rc < 0)
		err_set(e, rc, NULL, "The configuration file %s cannot be read: %s.", path,
			rc == -EINVAL ? "it is no file" : strerror(-rc));
	else
		c = config_parse(strbuf_slice(&text), path, e);
	if (c && check_secrets(c, &st, e) < 0) {
		config_free(c);
		c = NULL;
	}
	if (fd >= 0)
		close(fd);
	strbuf_free(&text);
	return c;
}

void config_free(struct config *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->count; i++) {
		free(c->sections[i].name);
		for (int k = 0; k < CONFIG_KEYS; k++)
			free(c->sections[i].values[k]);
	}
	for (size_t i = 0; i < c->default_count; i++) {
		free(c->defaults[i].name);
		free(c->defaults[i].value);
	}
	free(c->sections);
	free(c->defaults);
	free(c->path);
	free(c);
}

/* ---- sections -------------------------------------------------------------------------------- */

const struct config_section *config_find(const struct config *c, struct slice name)
{
	for (size_t i = 0; c && i < c->count; i++)
		if (slice_eq_str(name, c->sections[i].name))
			return &c->sections[i];
	return NULL;
}

static void add_query(struct strbuf *spec, const char *name, const char *value)
{
	bool has = slice_find_char(strbuf_slice(spec), '?') >= 0;

	if (value)
		strbuf_addf(spec, "%c%s=%s", has ? '&' : '?', name, value);
}

/* Behind these there is no table, nor a query as in an address. */
static bool may_have_table(const char *read)
{
	return strncmp(read, "listen:", 7) != 0 && strncmp(read, "snapshot:", 9) != 0;
}

char *config_section_spec(const struct config_section *s, struct err *e)
{
	struct strbuf spec = STRBUF_INIT;
	const char *read = s->values[CONFIG_READ], *kind = s->values[CONFIG_KIND];

	if (!read) {
		/* OpenSIPS's memory is listed with all its tables. */
		strbuf_addf(&spec, "%s:%s", kind ? kind : "kamailio", s->values[CONFIG_CONTROL]);
		if (!kind || strcmp(kind, "opensips") != 0)
			add_query(&spec, "table", s->values[CONFIG_TABLE]);
		return strbuf_take(&spec);
	}
	if (!may_have_table(read) && (s->values[CONFIG_TIMEZONE] || s->values[CONFIG_TABLE])) {
		err_set(e, -EINVAL, NULL,
			"section %s: timezone and table belong to a database that a registrar "
			"keeps its bindings in",
			s->name);
		return NULL;
	}
	strbuf_add_str(&spec, read);
	add_query(&spec, "timezone", s->values[CONFIG_TIMEZONE]);
	add_query(&spec, "table", s->values[CONFIG_TABLE]);
	return strbuf_take(&spec);
}

long config_section_server_id(const struct config_section *s)
{
	return s->values[CONFIG_SERVER_ID] ? strtol(s->values[CONFIG_SERVER_ID], NULL, 10) : -1;
}

bool config_section_forbids_purge(const struct config_section *s)
{
	return s->values[CONFIG_PURGE] && strcmp(s->values[CONFIG_PURGE], "no") == 0;
}

static bool same(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") == 0;
}

bool config_same_read(const struct config_section *a, const struct config_section *b)
{
	return a->values[CONFIG_READ] && same(a->values[CONFIG_READ], b->values[CONFIG_READ]) &&
	       same(a->values[CONFIG_TABLE], b->values[CONFIG_TABLE]);
}

void config_print_keys(void)
{
	char term[64];

	for (int k = 0; k < CONFIG_KEYS; k++) {
		snprintf(term, sizeof(term), "%s = %s", config_keys[k].name, config_keys[k].place);
		rows_print(27, term, config_keys[k].help);
	}
}
