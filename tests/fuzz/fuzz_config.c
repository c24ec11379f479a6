/* Fuzzing of regtop's own configuration file and of the registrars' ones: under libFuzzer, or by
 * its own mutations. What is found in a registrar's file must make a file that regtop reads. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/alloc.h"
#include "discover/discover.h"
#include "discover/conf.h"
#include "discover/section.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned configs, sections, found;

static void demand(bool ok, const char *what)
{
	if (ok)
		return;
	printf("not ok 1 - %s\n", what);
	fflush(stdout);
	abort();
}

static bool is_one_line(const char *text)
{
	for (const char *p = text; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return false;
	return true;
}

/* ---- regtop's own ---------------------------------------------------------------------------- */

static void look_at_section(const struct config *c, const struct config_section *s)
{
	struct err e = ERR_NONE;
	char *spec = config_section_spec(s, &e);

	sections++;
	demand(config_find(c, slice_of(s->name)) == s, "a name stands for one section");
	demand(s->values[CONFIG_READ] || s->values[CONFIG_CONTROL], "a section reads something");
	demand(spec ? spec[0] != '\0' : e.code == -EINVAL && is_one_line(e.what),
	       "a section becomes an address, or it is said why not");
	demand(config_section_server_id(s) >= -1, "a server_id is a number");
	for (int k = 0; k < CONFIG_KEYS; k++)
		demand(!s->values[k] || s->values[k][0], "a value says something");
	free(spec);
}

static void look_at_own(struct slice text)
{
	struct err e = ERR_NONE;
	struct config *c = config_parse(text, "regtop.conf", &e);

	if (!c) {
		demand(e.code == -EINVAL && strstr(e.what, "regtop.conf, line "),
		       "what is wrong has its line");
		demand(is_one_line(e.what), "a message is one clean line");
		return;
	}
	configs++;
	for (size_t i = 0; i < c->count; i++)
		look_at_section(c, &c->sections[i]);
	config_free(c);
}

/* ---- the registrars' ------------------------------------------------------------------------- */

/* Whatever is included is this file again, the worst that can be. */
static int open_again(void *ctx, const char *path, struct strbuf *out)
{
	if (strstr(path, "none"))
		return -ENOENT;
	strbuf_add_slice(out, *(const struct slice *)ctx);
	return 0;
}

/* False where the damage made something else of it: a part of a name, or of a host. */
static bool is_secret(struct slice text)
{
	static const char *const whole[] = {"\"mysql://k:geheim@h/k\"",
					    "\"postgres://o:geheim@h:5433/opensips\"",
					    "\nDBRWPW=\"geheim\"\nDBROUSER=ro\nDBROPW='geheim'\n"};

	for (size_t i = 0; i < sizeof(whole) / sizeof(*whole); i++)
		if (slice_find_icase(text, slice_of(whole[i])) >= 0)
			return true;
	return false;
}

static void write_and_read(struct config_section *s, bool secret)
{
	struct config config = {.sections = s, .count = 1};
	char where[] = "a test", *wheres[] = {where};
	struct discovery d = {.config = &config, .where = wheres};
	struct strbuf text = STRBUF_INIT;
	struct err e = ERR_NONE;
	struct config *c;

	found++;
	discovery_describe(&d, 0, &text);
	demand(is_one_line(strbuf_str(&text)), "what is said of it is one clean line");
	demand(!secret || !strstr(strbuf_str(&text), "geheim"), "no password is said");
	strbuf_clear(&text);
	discovery_write_config(&d, &text);
	demand(!secret || !strstr(strbuf_str(&text), "geheim"), "no password is written");
	c = config_parse(strbuf_slice(&text), "found.conf", &e);
	if (!c)
		printf("# %s\n# %s\n", e.what, strbuf_str(&text));
	demand(c && c->count == 1, "what is written can be read");
	config_free(c);
	strbuf_free(&text);
}

static void look_at_registrar(struct slice text, bool opensips)
{
	char root[] = "/nonexistent/root", name[] = "one";
	const struct discover_place place = {root};
	struct config_section s = {.name = name};
	struct strbuf why = STRBUF_INIT;
	struct conf *c = conf_new();

	(void)conf_read(c, open_again, &text, "/etc/registrar.cfg");
	if (opensips ? discover_opensips_section(&place, c, &s, &why)
		     : discover_kamailio_section(&place, c, NULL, &s, &why))
		write_and_read(&s, is_secret(text));
	for (int k = 0; k < CONFIG_KEYS; k++)
		free(s.values[k]);
	conf_free(c);
	strbuf_free(&why);
}

static void look_at_kamctlrc(struct slice text)
{
	char root[] = "/nonexistent/root", name[] = "one";
	const struct discover_place place = {root};
	struct config_section s = {.name = name};

	if (discover_kamctlrc_section(&place, text, &s))
		write_and_read(&s, is_secret(text));
	for (int k = 0; k < CONFIG_KEYS; k++)
		free(s.values[k]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = slice_make((const char *)data, size);

	look_at_own(text);
	look_at_registrar(text, false);
	look_at_registrar(text, true);
	look_at_kamctlrc(text);
	return 0;
}

/* With clang -fsanitize=fuzzer -DFUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION libFuzzer brings main().
 */
#ifndef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION

#define ROUNDS 40000
#define MAX    4096

static const char *const seeds[] = {
	("rate = 20\n[pbx1]\nread = mysql://u:geheim@127.0.0.1/kamailio?tls=yes\nserver_id = 1\n"
	 "control = unix:/run/k.sock\nsip = 127.0.0.1:5060\ntimezone = Europe/Berlin\n"
	 "[pbx2]\ncontrol = http://127.0.0.1:8888/mi\nkind = opensips\npurge = no\n"),
	("#!KAMAILIO\n#!define WITH_DB\n#!ifdef WITH_DB\n#!define DBURL \"mysql://k:geheim@h/k\"\n"
	 "#!endif\n#!substdef \"!PLACE!/run/k!g\"\nserver_id=7\nlisten=udp:127.0.0.1:5060\n"
	 "loadmodule \"usrloc.so\"\nloadmodule \"registrar.so\"\nloadmodule \"db_mysql.so\"\n"
	 "loadmodule \"jsonrpcs.so\"\nloadmodule \"ctl.so\"\n"
	 "modparam(\"usrloc\", \"db_url\", DBURL)\nmodparam(\"usrloc\", \"db_mode\", 3)\n"
	 "modparam(\"jsonrpcs\", \"dgram_socket\", \"PLACE/rpc.sock\")\n"
	 "modparam(\"ctl\", \"binrpc\", \"unix:PLACE/ctl\")\n/* why */ include_file \"none.cfg\"\n"
	 "request_route {\n  if (!save(\"location\")) exit; // enough\n}\n"),
	("socket=udp:127.0.0.1:5062\nloadmodule \"usrloc.so\"\nloadmodule \"db_postgres.so\"\n"
	 "loadmodule \"registrar.so\"\nloadmodule \"mi_datagram.so\"\nloadmodule \"mi_fifo.so\"\n"
	 "modparam(\"usrloc\", \"db_url\", \"postgres://o:geheim@h:5433/opensips\")\n"
	 "modparam(\"usrloc\", \"working_mode_preset\", \"single-instance-sql-write-back\")\n"
	 "modparam(\"mi_datagram\", \"socket_name\", \"udp:127.0.0.1:8080\")\n"
	 "modparam(\"mi_fifo\", \"fifo_name\", \"/run/opensips/fifo\")\nroute { save(\"l\"); }\n"),
	("DBENGINE=MYSQL\nDBHOST=127.0.0.1\nDBNAME=kamailio\nDBRWUSER=\"kamailio\"\n"
	 "DBRWPW=\"geheim\"\nDBROUSER=ro\nDBROPW='geheim'\n"),
};

static const char *const bits[] = {"\"",
				   "\\",
				   "\n",
				   "\r",
				   "[",
				   "]",
				   "=",
				   "?",
				   "#!endif\n",
				   "}",
				   "{",
				   "/*",
				   "*/",
				   "#!else\n",
				   "@",
				   ":",
				   "//",
				   "\x1b]0;x",
				   "\xff",
				   "99999999999",
				   "-1",
				   "\x7f",
				   "'",
				   "#!ifdef X\n",
				   "%",
				   "&",
				   "\n#!include_file \"again.cfg\"\n",
				   "\n#!substdef \"!location!geh!g\"\n",
				   "#!define 7 x y\n"};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static uint64_t dice = 0x9e3779b97f4a7c15u;

/* xorshift64: the same run every time. */
static unsigned roll(size_t n)
{
	dice ^= dice << 13;
	dice ^= dice >> 7;
	dice ^= dice << 17;
	return (unsigned)(dice % n);
}

static size_t change(char *text, size_t n)
{
	const char *bit = bits[roll(COUNT(bits))];
	size_t at = roll(n + 1), len = strlen(bit);

	switch (roll(4)) {
	case 0:
		if (at < n)
			text[at] = (char)roll(256);
		return n;
	case 1:
		if (at < n) {
			memmove(text + at, text + at + 1, n - at - 1);
			n--;
		}
		return n;
	case 2:
		return roll(20) == 0 ? at : n;
	default:
		if (n + len >= MAX)
			return n;
		memmove(text + at + len, text + at, n - at);
		memcpy(text + at, bit, len);
		return n + len;
	}
}

int main(void)
{
	static char text[MAX];

	for (unsigned round = 0; round < ROUNDS; round++) {
		const char *seed = seeds[roll(COUNT(seeds))];
		size_t n = strlen(seed);
		unsigned changes = roll(5);
		char *exact;

		memcpy(text, seed, n);
		for (unsigned i = 0; i < changes; i++)
			n = change(text, n);
		/* Of its very size, so that a sanitizer sees who looks behind it. */
		exact = xmalloc(n + !n);
		memcpy(exact, text, n);
		LLVMFuzzerTestOneInput((const uint8_t *)exact, n);
		free(exact);
	}
	demand(configs > ROUNDS / 20 && sections > ROUNDS / 20 && found > ROUNDS / 4,
	       "enough of it was understood");
	printf("1..1\nok 1 - %u changed files: %u of regtop's read, %u sections; %u registrars\n",
	       ROUNDS, configs, sections, found);
	return 0;
}

#endif
