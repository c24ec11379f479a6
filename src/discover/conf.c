/* Kamailio's and OpenSIPS's configuration files, as far as they tell where bindings are kept and
 * which controls there are. */
#include "discover/conf.h"

#include <errno.h>
#include <stdlib.h>
#include "base/alloc.h"

#define FILES_MAX      64
#define DEPTH_MAX      16
#define BYTES_MAX      (4 * 1024 * 1024)
#define VALUES_MAX     512
#define DIRECTIVES_MAX 20000

struct value {
	char *module; /* "": a global parameter; NULL: a module that is loaded */
	char *name, *text;
};

struct conf {
	struct defines *defines;
	struct value values[VALUES_MAX];
	size_t count, files, bytes, directives;
	int braces;
	char *table;
	const char *trouble;
	conf_open_fn *open;
	void *ctx;
};

/* One file while it is read. */
struct cursor {
	struct slice left;
	const char *path;
	unsigned depth;
	bool line_start;
};

/* Only these are kept: nobody can fill the room with what nobody asks for. */
static const char *const modules[] = {"usrloc",      "jsonrpcs", "ctl",     "xhttp", "registrar",
				      "mi_datagram", "mi_fifo",  "mi_http", "httpd", "db_mysql"};
static const char *const globals[] = {"server_id", "port", "db_default_url"};
static const char *const listens[] = {"listen", "socket", "bind"};

struct conf *conf_new(void)
{
	struct conf *c = xcalloc(1, sizeof(*c));

	c->defines = defines_new();
	return c;
}

void conf_free(struct conf *c)
{
	for (size_t i = 0; c && i < c->count; i++) {
		free(c->values[i].module);
		free(c->values[i].name);
		free(c->values[i].text);
	}
	if (c) {
		defines_free(c->defines);
		free(c->table);
	}
	free(c);
}

struct defines *conf_defines(struct conf *c)
{
	return c->defines;
}

static bool is_one_of(struct slice s, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (slice_eq_str(s, list[i]))
			return true;
	return false;
}
#define IS_ONE_OF(s, list) is_one_of(s, list, sizeof(list) / sizeof(*(list)))

static void keep(struct conf *c, const char *module, struct slice name, struct slice text)
{
	if (c->count == VALUES_MAX) {
		c->trouble = "it says more than regtop keeps";
		return;
	}
	c->values[c->count++] =
		(struct value){module ? xstrdup(module) : NULL, slice_copy(name), slice_copy(text)};
}

void conf_take_listen(struct conf *c, const char *address)
{
	keep(c, "", SLICE_LIT("listen"), slice_of(address));
}

/* ---- tokens ---------------------------------------------------------------------------------- */

static void read_file(struct conf *c, const char *path, const char *from, unsigned depth);

static void drop(struct cursor *k, size_t n)
{
	k->left = slice_skip(k->left, n);
}

/* To the end of the line, and of those that a stroke at the end joins to it. */
static struct slice take_line(struct cursor *k)
{
	struct slice s = k->left;
	size_t n = 0;

	while (n < s.n && (s.p[n] != '\n' || (n && s.p[n - 1] == '\\')))
		n++;
	drop(k, n);
	return slice_make(s.p, n);
}

static void drop_comment(struct cursor *k)
{
	size_t n = 2;

	while (n + 1 < k->left.n && (k->left.p[n] != '*' || k->left.p[n + 1] != '/'))
		n++;
	drop(k, n + 2);
}

static struct slice unquoted(const struct conf *c, struct slice s, struct strbuf *room)
{
	strbuf_clear(room);
	defines_expand(c->defines, s, room);
	return strbuf_slice(room);
}

static void include(struct conf *c, struct slice name, const struct cursor *from)
{
	struct strbuf room = STRBUF_INIT;

	unquoted(c, name, &room);
	read_file(c, strbuf_str(&room), from->path, from->depth + 1);
	strbuf_free(&room);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void take_directive(struct conf *c, struct cursor *k)
{
	struct slice line = take_line(k), word;
	size_t n = 2;

	while (n < line.n && !is_blank(line.p[n]))
		n++;
	word = slice_make(line.p + 2, n - 2);
	line = slice_trim(slice_skip(line, n));
	if (++c->directives > DIRECTIVES_MAX) {
		c->trouble = "it has more directives than regtop reads";
		k->left = SLICE_NONE;
		return;
	}
	if (defines_take_directive(c->defines, word, line) || !defines_active(c->defines))
		return;
	if (slice_eq_str(word, "include_file") || slice_eq_str(word, "import_file"))
		include(c, line, k);
}

static bool starts(const struct cursor *k, const char *text)
{
	return slice_starts_with(k->left, text);
}

/* To the next token that means something; false at the end. */
static bool find_token(struct conf *c, struct cursor *k)
{
	while (k->left.n && !c->trouble) {
		char at = k->left.p[0];

		if (is_blank(at)) {
			k->line_start |= at == '\n';
			drop(k, 1);
		} else if (k->line_start && (starts(k, "#!") || starts(k, "!!"))) {
			take_directive(c, k);
		} else if (!defines_active(c->defines) || at == '#' || starts(k, "//")) {
			while (k->left.n && k->left.p[0] != '\n')
				drop(k, 1);
		} else if (starts(k, "/*")) {
			drop_comment(k);
		} else {
			k->line_start = false;
			return true;
		}
	}
	return false;
}

static size_t word_length(struct slice s)
{
	size_t n = 0;

	while (n < s.n && ((s.p[n] >= 'a' && s.p[n] <= 'z') || (s.p[n] >= 'A' && s.p[n] <= 'Z') ||
			   (s.p[n] >= '0' && s.p[n] <= '9') || s.p[n] == '_'))
		n++;
	return n;
}

/* A string with its quotes, a word, or a single sign. Empty at the end. */
static struct slice next_token(struct conf *c, struct cursor *k)
{
	struct slice s;
	size_t n;

	if (!find_token(c, k))
		return SLICE_NONE;
	s = k->left;
	n = word_length(s);
	if (s.p[0] == '"' || s.p[0] == '\'') {
		for (n = 1; n < s.n && s.p[n] != s.p[0]; n++)
			n += s.p[n] == '\\';
		n++;
	}
	if (!n)
		n = 1;
	if (n > s.n)
		n = s.n;
	drop(k, n);
	return slice_make(s.p, n);
}

static bool token_is(struct slice t, char sign)
{
	return t.n == 1 && t.p[0] == sign;
}

/* ---- statements ------------------------------------------------------------------------------ */

/* What stands up to a ',' or ')', put together; false at the end of the file. */
static bool take_argument(struct conf *c, struct cursor *k, struct strbuf *out, bool *last)
{
	strbuf_clear(out);
	for (unsigned i = 0; i < 64; i++) {
		struct slice t = next_token(c, k);

		if (!t.n)
			return false;
		*last = token_is(t, ')');
		if (*last || token_is(t, ','))
			return true;
		defines_expand(c->defines, t, out);
	}
	return false;
}

/* "usrloc|registrar" is both. */
static void keep_for(struct conf *c, struct slice names, struct slice name, struct slice text)
{
	struct slice one;

	while (names.n) {
		names = slice_cut(names, '|', &one);
		for (size_t i = 0; i < sizeof(modules) / sizeof(*modules); i++)
			if (slice_eq_str(slice_trim(one), modules[i]))
				keep(c, modules[i], name, text);
	}
}

static void take_modparam(struct conf *c, struct cursor *k)
{
	struct strbuf part[3] = {STRBUF_INIT, STRBUF_INIT, STRBUF_INIT};
	bool last = false;
	int n = 0;

	if (token_is(next_token(c, k), '('))
		while (n < 3 && !last && take_argument(c, k, &part[n], &last))
			n++;
	if (n == 3 && last)
		keep_for(c, strbuf_slice(&part[0]), strbuf_slice(&part[1]), strbuf_slice(&part[2]));
	for (n = 0; n < 3; n++)
		strbuf_free(&part[n]);
}

/* "usrloc.so", "/usr/lib/…/usrloc.so", "usrloc", each with or without brackets around. */
static void take_loadmodule(struct conf *c, struct cursor *k)
{
	struct slice t = next_token(c, k), head, rest;
	struct strbuf room = STRBUF_INIT;

	if (token_is(t, '('))
		t = next_token(c, k);
	t = unquoted(c, t, &room);
	while ((rest = slice_cut(t, '/', &head)).p)
		t = rest;
	if (t.n > 3 && slice_eq_str(slice_skip(t, t.n - 3), ".so"))
		t.n -= 3;
	for (size_t i = 0; i < sizeof(modules) / sizeof(*modules); i++)
		if (slice_eq_str(t, modules[i]) && !conf_loads(c, modules[i]))
			keep(c, NULL, t, SLICE_NONE);
	strbuf_free(&room);
}

/* NAME = VALUE, in one line. */
static void take_global(struct conf *c, struct cursor *k, struct slice name)
{
	struct strbuf room = STRBUF_INIT;
	struct slice line, value;
	size_t n = 0;

	if (!token_is(next_token(c, k), '=') || starts(k, "="))
		return;
	while (n < k->left.n && k->left.p[n] != '\n' && k->left.p[n] != '#' && k->left.p[n] != ';')
		n++;
	line = slice_trim(slice_make(k->left.p, n));
	if (!line.n || line.p[0] == '{')
		return;
	drop(k, n);
	value = slice_trim(unquoted(c, line, &room));
	if (IS_ONE_OF(name, listens)) {
		/* "udp:10.0.0.1:5060 advertise 192.0.2.1:5060" */
		for (n = 0; n < value.n && !is_blank(value.p[n]);)
			n++;
		keep(c, "", SLICE_LIT("listen"), slice_make(value.p, n));
	} else {
		keep(c, "", name, value);
	}
	strbuf_free(&room);
}

/* save("location"…) in a route. */
static void take_save(struct conf *c, struct cursor *k)
{
	struct strbuf room = STRBUF_INIT;
	struct slice t;

	if (!token_is(next_token(c, k), '('))
		return;
	t = next_token(c, k);
	if (!c->table && t.n) {
		unquoted(c, t, &room);
		c->table = strbuf_take(&room);
	}
	strbuf_free(&room);
}

static void read_text(struct conf *c, struct cursor *k)
{
	struct slice t;

	while ((t = next_token(c, k)).n) {
		if (slice_eq_str(t, "modparam"))
			take_modparam(c, k);
		else if (slice_eq_str(t, "loadmodule"))
			take_loadmodule(c, k);
		else if (slice_eq_str(t, "include_file") || slice_eq_str(t, "import_file"))
			include(c, next_token(c, k), k);
		else if (slice_eq_str(t, "save"))
			take_save(c, k);
		else if (token_is(t, '{'))
			c->braces++;
		else if (token_is(t, '}'))
			c->braces--;
		else if (c->braces <= (slice_eq_str(t, "bind") ? 1 : 0) &&
			 (IS_ONE_OF(t, globals) || IS_ONE_OF(t, listens)))
			take_global(c, k, t);
	}
}

/* ---- files ----------------------------------------------------------------------------------- */

/* A relative name is looked for beside the file that names it. */
static char *beside(const char *path, const char *from)
{
	const char *slash = from ? strrchr(from, '/') : NULL;

	if (path[0] == '/' || !slash)
		return xstrdup(path);
	return xasprintf("%.*s/%s", (int)(slash - from), from, path);
}

static int read_whole(struct conf *c, const char *path, struct strbuf *text)
{
	int rc = c->open(c->ctx, path, text);

	c->files++;
	if (rc < 0)
		return rc;
	c->bytes += text->n;
	if (memchr(strbuf_str(text), '\0', text->n))
		c->trouble = "it is no text";
	else if (c->bytes > BYTES_MAX)
		c->trouble = "it is longer than regtop reads";
	return 0;
}

static void read_file(struct conf *c, const char *path, const char *from, unsigned depth)
{
	struct strbuf text = STRBUF_INIT;
	struct cursor k;
	char *full;

	if (depth > DEPTH_MAX || c->files >= FILES_MAX) {
		c->trouble = "it includes more files than regtop reads";
		return;
	}
	full = beside(path, from);
	/* An import_file that is not there is usual; a file that may not be read leaves a gap that
	 * others fill. */
	if (read_whole(c, full, &text) == 0 && !c->trouble) {
		k = (struct cursor){strbuf_slice(&text), full, depth, true};
		read_text(c, &k);
	}
	strbuf_free(&text);
	free(full);
}

int conf_read(struct conf *c, conf_open_fn *open, void *ctx, const char *path)
{
	struct strbuf text = STRBUF_INIT;
	struct cursor k;
	int rc;

	c->open = open;
	c->ctx = ctx;
	rc = read_whole(c, path, &text);
	if (rc == 0 && !c->trouble) {
		k = (struct cursor){strbuf_slice(&text), path, 0, true};
		read_text(c, &k);
	}
	strbuf_free(&text);
	return rc;
}

/* ---- what was said --------------------------------------------------------------------------- */

bool conf_loads(const struct conf *c, const char *module)
{
	for (size_t i = 0; i < c->count; i++)
		if (!c->values[i].module && strcmp(c->values[i].name, module) == 0)
			return true;
	return false;
}

const char *conf_param_at(const struct conf *c, const char *module, const char *name, size_t n)
{
	for (size_t i = 0; i < c->count; i++) {
		const struct value *v = &c->values[i];

		if (v->module && strcmp(v->module, module) == 0 && strcmp(v->name, name) == 0 &&
		    n-- == 0)
			return v->text;
	}
	return NULL;
}

const char *conf_param(const struct conf *c, const char *module, const char *name)
{
	const char *last = NULL, *one;

	for (size_t n = 0; (one = conf_param_at(c, module, name, n)) != NULL; n++)
		last = one;
	return last;
}

const char *conf_global(const struct conf *c, const char *name)
{
	return conf_param(c, "", name);
}

const char *conf_listen(const struct conf *c, size_t n)
{
	return conf_param_at(c, "", "listen", n);
}

const char *conf_table(const struct conf *c)
{
	return c->table;
}

const char *conf_trouble(const struct conf *c)
{
	return c->trouble;
}
