/* Database addresses: kind://user:password@host:port/database?option=value, taken apart. */
#include "source/sql/db_url.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/alloc.h"
#include "base/text.h"

#define OPTIONS_MAX 32

struct db_url {
	char *kind, *user, *password, *host, *database;
	unsigned port;
	struct {
		char *name, *value;
		bool known;
	} options[OPTIONS_MAX];
	size_t option_count;
};

/* Percent signs taken away; NULL for a broken one, or a NUL. */
static char *decode(struct slice s)
{
	char *out = xmalloc(s.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		int high = -1, low = -1;

		if (s.p[i] != '%') {
			out[n++] = s.p[i];
			continue;
		}
		if (i + 2 < s.n) {
			high = slice_hex_digit(s.p[i + 1]);
			low = slice_hex_digit(s.p[i + 2]);
		}
		if (high < 0 || low < 0 || high + low == 0) {
			free(out);
			return NULL;
		}
		out[n++] = (char)(high * 16 + low);
		i += 2;
	}
	out[n] = '\0';
	return out;
}

/* False when s is there and cannot be decoded. */
static bool keep(struct slice s, char **out)
{
	if (!s.n)
		return true;
	*out = decode(s);
	return *out != NULL;
}

static bool parse_host(struct db_url *u, struct slice s)
{
	struct slice host = s, port = SLICE_NONE;
	uint64_t number;

	if (s.n && s.p[0] == '[') {
		ptrdiff_t end = slice_find_char(s, ']');

		if (end < 0)
			return false;
		host = slice_make(s.p + 1, (size_t)end - 1);
		port = slice_skip(s, (size_t)end + 1);
		if (port.n && port.p[0] != ':')
			return false;
		port = slice_skip(port, 1);
	} else if (slice_find_char(s, ':') >= 0) {
		port = slice_cut(s, ':', &host);
	}
	if (port.n) {
		if (!slice_to_u64(port, 65535, &number) || number == 0)
			return false;
		u->port = (unsigned)number;
	}
	return keep(host, &u->host);
}

static bool parse_authority(struct db_url *u, struct slice s)
{
	struct slice user, password, host = s;
	ptrdiff_t at = -1;

	/* a password may hold an '@' that nobody encoded */
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '@')
			at = (ptrdiff_t)i;
	if (at >= 0) {
		host = slice_skip(s, (size_t)at + 1);
		password = slice_cut(slice_make(s.p, (size_t)at), ':', &user);
		if (!keep(user, &u->user) || !keep(password, &u->password))
			return false;
	}
	return parse_host(u, host);
}

static bool parse_options(struct db_url *u, struct slice s)
{
	struct slice one, name, value;

	while (s.n) {
		s = slice_cut(s, '&', &one);
		if (!one.n)
			continue;
		value = slice_cut(one, '=', &name);
		if (u->option_count == OPTIONS_MAX || !name.n)
			return false;
		u->options[u->option_count].name = decode(name);
		u->options[u->option_count].value = decode(value);
		if (!u->options[u->option_count].name || !u->options[u->option_count++].value)
			return false;
	}
	return true;
}

struct db_url *db_url_parse(const char *text, struct err *e)
{
	struct slice rest = slice_of(text), kind, authority, database;
	struct db_url *u = xcalloc(1, sizeof(*u));
	bool good;

	rest = slice_cut(rest, ':', &kind);
	good = kind.n && rest.n >= 2 && memcmp(rest.p, "//", 2) == 0;
	if (good) {
		struct slice options = slice_cut(slice_skip(rest, 2), '?', &rest);

		database = slice_cut(rest, '/', &authority);
		good = keep(kind, &u->kind) && parse_authority(u, authority) &&
		       keep(database, &u->database) && parse_options(u, options);
	}
	if (good)
		return u;
	/* The text itself is not repeated: it may hold a password. */
	err_set(e, -EINVAL,
		"Write kind://user@host:port/database, other characters as %41; options follow "
		"a '?' as name=value, with '&' between.",
		"This is no address of a database.");
	db_url_free(u);
	return NULL;
}

void db_url_free(struct db_url *u)
{
	if (!u)
		return;
	free(u->kind);
	free(u->user);
	if (u->password)
		explicit_bzero(u->password, strlen(u->password));
	free(u->password);
	free(u->host);
	free(u->database);
	for (size_t i = 0; i < OPTIONS_MAX; i++) {
		free(u->options[i].name);
		free(u->options[i].value);
	}
	free(u);
}

const char *db_url_kind(const struct db_url *u)
{
	return u->kind;
}

const char *db_url_user(const struct db_url *u)
{
	return u->user;
}

const char *db_url_password(const struct db_url *u)
{
	return u->password;
}

const char *db_url_host(const struct db_url *u)
{
	return u->host;
}

const char *db_url_database(const struct db_url *u)
{
	return u->database;
}

unsigned db_url_port(const struct db_url *u)
{
	return u->port;
}

const char *db_url_option(struct db_url *u, const char *name)
{
	for (size_t i = 0; i < u->option_count; i++) {
		if (strcmp(u->options[i].name, name) == 0) {
			u->options[i].known = true;
			return u->options[i].value;
		}
	}
	return NULL;
}

int db_url_check_options(const struct db_url *u, struct err *e)
{
	char shown[80];

	for (size_t i = 0; i < u->option_count; i++) {
		if (u->options[i].known)
			continue;
		text_clean_buf(slice_of(u->options[i].name), shown, sizeof(shown));
		return err_set(
			e, -EINVAL, "Those that there are stand in the manual, below SOURCES.",
			"The database's address has an option that nobody knows: %s.", shown);
	}
	return 0;
}

void db_url_show(const struct db_url *u, char *out, size_t size)
{
	char text[400];
	int n = snprintf(text, sizeof(text), "%s://%s%s%s", u->kind, u->user ? u->user : "",
			 u->user ? "@" : "", u->host ? u->host : "");

	if (u->port && n > 0 && (size_t)n < sizeof(text))
		n += snprintf(text + n, sizeof(text) - (size_t)n, ":%u", u->port);
	if (n > 0 && (size_t)n < sizeof(text))
		snprintf(text + n, sizeof(text) - (size_t)n, "/%s", u->database ? u->database : "");
	text_clean_buf(slice_of(text), out, size);
}
