/* Addresses of databases as registrars write them: turned into those of -s, compared, and shown
 * without their passwords. */
#include "discover/url.h"

#include <stdlib.h>
#include <string.h>
#include "base/alloc.h"
#include "source/sql/db_url.h"

/* The registrars' words and ours. */
static const struct {
	const char *theirs, *ours;
} kinds[] = {
	{"mysql", "mysql"},           {"mariadb", "mysql"}, {"postgres", "postgresql"},
	{"postgresql", "postgresql"}, {"redis", "redis"},
};

/* They know no percent signs; we do. */
static void add_encoded(struct strbuf *out, struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c <= 0x20 || c >= 0x7f || strchr("%/?#@:&[]", c))
			strbuf_addf(out, "%%%02X", c);
		else
			strbuf_add_char(out, (char)c);
	}
}

/* NAME, ADDRESS or [ADDRESS], and :DIGITS. Else it may be a login that lost its '@', and would be
 * shown with its password. */
static bool is_host_port(struct slice s)
{
	struct slice host, port;
	uint64_t n;
	ptrdiff_t end = s.n && s.p[0] == '[' ? slice_find_char(s, ']') : -1;

	if (end < 0) {
		port = slice_cut(s, ':', &host);
	} else {
		host = slice_make(s.p + 1, (size_t)end - 1);
		s = slice_skip(s, (size_t)end + 1);
		if (s.n && s.p[0] != ':')
			return false;
		port = s.n ? slice_skip(s, 1) : SLICE_NONE;
	}
	for (size_t i = 0; i < host.n; i++) {
		unsigned char c = (unsigned char)host.p[i];

		if (c <= 0x20 || c >= 0x7f || strchr(end < 0 ? "%/?#@&[]:\"\\" : "/?#@&[]\"\\", c))
			return false;
	}
	return !port.p || slice_to_u64(port, 65535, &n);
}

char *discover_url_make(const char *kind, struct slice user, struct slice password,
			struct slice host_port, struct slice database)
{
	struct strbuf out = STRBUF_INIT;

	if (!is_host_port(host_port))
		return NULL;
	strbuf_addf(&out, "%s://", kind);
	add_encoded(&out, user);
	if (password.n) {
		strbuf_add_char(&out, ':');
		add_encoded(&out, password);
	}
	if (user.n || password.n)
		strbuf_add_char(&out, '@');
	strbuf_add_slice(&out, host_port);
	strbuf_add_char(&out, '/');
	add_encoded(&out, database);
	return strbuf_take(&out);
}

/* user:password@host:port/database; the first '@' ends the password, as in their parser. */
static char *server_address(const char *kind, struct slice rest)
{
	struct slice login, user = SLICE_NONE, password = SLICE_NONE, host, database;
	struct slice behind = slice_cut(rest, '@', &login);

	if (behind.p) {
		password = slice_cut(login, ':', &user);
		rest = behind;
	}
	database = slice_cut(rest, '/', &host);
	return discover_url_make(kind, user, password, host, database);
}

char *discover_url_read(const struct discover_place *p, struct slice db_url)
{
	struct slice kind, rest = slice_cut(slice_trim(db_url), ':', &kind);
	char *path, *out;

	if (!slice_starts_with(rest, "//"))
		return NULL;
	rest = slice_skip(rest, 2);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (slice_eq_str(kind, kinds[i].theirs))
			return server_address(kinds[i].ours, rest);
	if (!slice_eq_str(kind, "sqlite") && !slice_eq_str(kind, "sqlite3"))
		return NULL;
	/* "sqlite:////var/lib/kamailio/kamailio.sqlite" */
	while (rest.n > 1 && rest.p[1] == '/')
		rest = slice_skip(rest, 1);
	path = slice_copy(rest);
	out = discover_path(p, path);
	free(path);
	return out;
}

static const char *without_kind(const char *read)
{
	return strncmp(read, "opensips:", 9) == 0 ? read + 9 : read;
}

bool discover_url_is_server(const char *read)
{
	return strstr(without_kind(read), "://") != NULL;
}

static char *path_key(const char *read)
{
	struct slice path;
	char *plain, *real;

	slice_cut(slice_of(read), '?', &path);
	plain = slice_copy(path);
	real = realpath(plain, NULL);
	if (!real)
		return plain;
	free(plain);
	return real;
}

static bool is_here(const char *host)
{
	return !host || strcmp(host, "localhost") == 0 || strcmp(host, "127.0.0.1") == 0 ||
	       strcmp(host, "::1") == 0;
}

static unsigned usual_port(const char *kind)
{
	return kind[0] == 'm' ? 3306 : kind[0] == 'r' ? 6379 : 5432;
}

char *discover_url_key(const char *read)
{
	struct err ignored;
	struct db_url *u;
	char *key;

	read = without_kind(read);
	if (!discover_url_is_server(read))
		return path_key(read);
	u = db_url_parse(read, &ignored);
	if (!u)
		return xstrdup(read);
	key = xasprintf("%s %s %u %s", db_url_kind(u),
			is_here(db_url_host(u)) ? "localhost" : db_url_host(u),
			db_url_port(u) ? db_url_port(u) : usual_port(db_url_kind(u)),
			db_url_database(u) ? db_url_database(u) : "");
	db_url_free(u);
	return key;
}

char *discover_url_show(const char *read, bool *had)
{
	const char *login = strstr(read, "://"), *end, *colon;

	*had = false;
	if (!login)
		return xstrdup(read);
	login += 3;
	end = login + strcspn(login, "@/?");
	colon = memchr(login, ':', (size_t)(end - login));
	if (*end != '@' || !colon)
		return xstrdup(read);
	*had = true;
	return xasprintf("%.*s%s", (int)(colon - read), read, end);
}
