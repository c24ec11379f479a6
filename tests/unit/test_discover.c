/* What is found on a machine by itself: processes, configuration files, databases and sockets below
 * a root of our own. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/alloc.h"
#include "discover/discover.h"
#include "discover/url.h"
#include "test.h"

static char root[64];
static struct discovery *found;

static int setup(void **state)
{
	UNUSED_STATE;
	snprintf(root, sizeof(root), "/tmp/regtop-root.XXXXXX");
	unsetenv("TZ");
	return mkdtemp(root) ? 0 : -1;
}

static int teardown(void **state)
{
	char *command = xasprintf("rm -rf '%s'", root);
	int rc = system(command);

	UNUSED_STATE;
	free(command);
	discovery_free(found);
	found = NULL;
	return rc;
}

static char *below(const char *path)
{
	return xasprintf("%s%s", root, path);
}

/* A file of n bytes, and the folders above it. */
static void put_bytes(const char *path, const char *text, size_t n)
{
	char *full = below(path);
	int fd;

	for (char *p = full + strlen(root) + 1; *p; p++)
		if (*p == '/') {
			*p = '\0';
			mkdir(full, 0755);
			*p = '/';
		}
	fd = open(full, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	assert_true(fd >= 0);
	while (n) {
		ssize_t put = write(fd, text, n);

		assert_true(put > 0);
		text += put;
		n -= (size_t)put;
	}
	close(fd);
	free(full);
}

static void put(const char *path, const char *text)
{
	put_bytes(path, text, strlen(text));
}

/* A process whose arguments have a blank between them here. */
static void put_process(const char *pid, const char *arguments, const char *environment)
{
	char *path = xasprintf("/proc/%s/cmdline", pid), *words = xstrdup(arguments);
	size_t n = strlen(words) + 1;

	for (size_t i = 0; i < n; i++)
		if (words[i] == ' ')
			words[i] = '\0';
	put_bytes(path, words, n);
	free(path);
	free(words);
	if (!environment)
		return;
	path = xasprintf("/proc/%s/environ", pid);
	put_bytes(path, environment, strlen(environment) + 1);
	free(path);
}

static void look(size_t wanted)
{
	discovery_free(found);
	found = discover(root);
	if (found->config->count != wanted) {
		for (size_t i = 0; i < found->note_count; i++)
			print_message("note: %s\n", found->notes[i]);
		fail_msg("%zu found, %zu wanted", found->config->count, wanted);
	}
}

/* %R stands for the root. */
static void says(size_t section, enum config_key key, const char *wanted)
{
	const char *got = found->config->sections[section].values[key];
	char *full;

	if (!wanted) {
		assert_null(got);
		return;
	}
	assert_non_null(got);
	if (strncmp(wanted, "%R", 2) == 0)
		full = below(wanted + 2);
	else if (strstr(wanted, ":%R"))
		full = xasprintf("%.*s:%s%s", (int)(strstr(wanted, ":%R") - wanted), wanted, root,
				 strstr(wanted, ":%R") + 3);
	else
		full = xstrdup(wanted);
	assert_string_equal(got, full);
	free(full);
}

static void notes(const char *words)
{
	for (size_t i = 0; i < found->note_count; i++)
		if (strstr(found->notes[i], words))
			return;
	fail_msg("nobody says \"%s\"", words);
}

#define REGISTRAR                                                                                  \
	"loadmodule \"usrloc.so\"\n"                                                               \
	"loadmodule \"jsonrpcs.so\"\n"                                                             \
	"loadmodule \"ctl.so\"\n"

TEST(nothing_is_found_where_nothing_is)
{
	UNUSED_STATE;
	look(0);
	assert_int_equal(found->note_count, 0);
}

TEST(a_process_leads_to_its_configuration)
{
	UNUSED_STATE;
	put_process(
		"812",
		"/usr/sbin/kamailio -P /run/k.pid -f /srv/sip/k.cfg -Y /srv/run -DDE -A WITH_DB -A "
		"PORT=5070",
		"TZ=UTC");
	put_process(
		"813",
		"/usr/sbin/kamailio -P /run/k.pid -f /srv/sip/k.cfg -Y /srv/run -DDE -A WITH_DB -A "
		"PORT=5070",
		NULL);
	put_process("900", "/usr/bin/vi /srv/sip/k.cfg", NULL);
	put("/srv/run/kamailio_rpc.sock", "");
	put("/srv/sip/k.cfg",
	    "#!KAMAILIO\n"
	    "#!substdef \"!PLACE!10.0.0.1!g\"\n"
	    "#!ifdef WITH_DB\n"
	    "#!define DBURL \"sqlite:////var/lib/k.sqlite\"\n"
	    "#!else\n"
	    "#!define DBURL \"mysql://nobody@nowhere/x\"\n"
	    "#!endif\n"
	    "/* listen=udp:192.0.2.1:5060\n"
	    "#!define DBURL \"none\"\n */\n"
	    "listen = udp:PLACE:PORT // here\n"
	    "server_id=7\n" REGISTRAR "modparam( \"usrloc|registrar\", \"db_mode\", 2)\n"
	    "modparam(\"usrloc\", \"db_url\", DBURL)\n"
	    "request_route { if (x) { server_id=9; save(\"loc2\", \"0x01\"); } }\n");
	look(1);
	says(0, CONFIG_READ, "%R/var/lib/k.sqlite");
	says(0, CONFIG_CONTROL, "unix:%R/srv/run/kamailio_rpc.sock");
	says(0, CONFIG_SIP, "10.0.0.1:5070");
	says(0, CONFIG_SERVER_ID, "7");
	says(0, CONFIG_TABLE, "loc2");
	/* An SQLite file has no zone of its own. */
	says(0, CONFIG_TIMEZONE, NULL);
	assert_string_equal(found->where[0], "kamailio, process 812, /srv/sip/k.cfg");
}

TEST(memory_alone_is_read_by_the_control)
{
	UNUSED_STATE;
	put_process("5", "kamailio", NULL);
	put("/etc/kamailio/kamailio.cfg",
	    REGISTRAR "modparam(\"jsonrpcs\", \"transport\", 2)\n"
		      "modparam(\"ctl\", \"binrpc\", \"unix:k_ctl\")\n"
		      "modparam(\"ctl\", \"binrpc\", \"tcp:127.0.0.1:2046\")\n");
	put("/run/kamailio/k_ctl", "");
	look(1);
	says(0, CONFIG_READ, NULL);
	says(0, CONFIG_CONTROL, "ctl:%R/run/kamailio/k_ctl");
}

TEST(a_server_has_the_zone_of_its_kamailio_and_the_password_stays_unsaid)
{
	UNUSED_STATE;
	struct strbuf words = STRBUF_INIT;
	char *cwd;

	put_process("77", "kamailio -f k.cfg", "TZ=:America/New_York");
	cwd = below("/proc/77/cwd");
	assert_int_equal(symlink("/srv", cwd), 0);
	free(cwd);
	put("/srv/k.cfg", REGISTRAR "modparam(\"usrloc\", \"db_url\", "
				    "\"mysql://kam:s3cr%t@db.example:3307/k\")\n"
				    "modparam(\"usrloc\", \"db_mode\", 3)\n");
	look(1);
	says(0, CONFIG_READ, "mysql://kam:s3cr%25t@db.example:3307/k");
	says(0, CONFIG_TIMEZONE, "America/New_York");
	discovery_describe(found, 0, &words);
	discovery_write_config(found, &words);
	assert_null(strstr(strbuf_str(&words), "s3cr"));
	assert_non_null(strstr(strbuf_str(&words), "read = mysql://kam@db.example:3307/k\n"));
	assert_non_null(strstr(strbuf_str(&words), "# Its password is left out"));
	strbuf_free(&words);
}

TEST(what_is_printed_is_a_configuration_file)
{
	UNUSED_STATE;
	struct strbuf text = STRBUF_INIT;
	struct err e = ERR_NONE;
	struct config *c;

	put_process("1", "kamailio -f /a.cfg", NULL);
	put_process("2", "kamailio -f /b.cfg", NULL);
	put("/a.cfg", REGISTRAR "modparam(\"usrloc\", \"db_url\", \"sqlite:////a.db\")\n"
				"modparam(\"usrloc\", \"db_mode\", 1)\n");
	put("/b.cfg", REGISTRAR);
	look(2);
	discovery_write_config(found, &text);
	c = config_parse(strbuf_slice(&text), "written", &e);
	assert_non_null(c);
	assert_int_equal(c->count, 2);
	for (size_t i = 0; i < 2; i++)
		for (int k = 0; k < CONFIG_KEYS; k++) {
			const char *want = found->config->sections[i].values[k];

			if (want)
				assert_string_equal(c->sections[i].values[k], want);
			else
				assert_null(c->sections[i].values[k]);
		}
	config_free(c);
	strbuf_free(&text);
}

TEST(two_on_one_database_are_two_nodes)
{
	UNUSED_STATE;
	put_process("1", "kamailio -f /k.cfg -Y /run/a -A ID=1", NULL);
	put_process("2", "kamailio -f /k.cfg -Y /run/b -A HOST=127.0.0.1", NULL);
	put("/k.cfg",
	    "#!ifdef ID\nserver_id=ID\n#!endif\n"
	    "#!trydef HOST localhost\n"
	    "#!substdef \"/DBHOST/localhost/\"\n"
	    "#!ifdef ID\n#!define URL \"mysql://u@DBHOST/k\"\n#!else\n"
	    "#!define URL \"mysql://u@127.0.0.1:3306/k\"\n#!endif\n" REGISTRAR
	    "modparam(\"usrloc\", \"db_url\", URL)\nmodparam(\"usrloc\", \"db_mode\", 1)\n");
	put("/etc/kamailio/kamctlrc", "DBENGINE=MYSQL\nDBNAME=k\n");
	look(2);
	assert_true(config_same_read(&found->config->sections[0], &found->config->sections[1]));
	says(0, CONFIG_SERVER_ID, "1");
	says(1, CONFIG_SERVER_ID, "0");
	assert_string_equal(found->config->sections[1].name, "kamailio-2");
}

TEST(kamctlrc_names_a_database)
{
	UNUSED_STATE;
	put("/etc/kamailio/kamctlrc",
	    "# DBENGINE=ORACLE\n DBENGINE=MYSQL\nDBHOST=db1 # here\n"
	    "DBNAME='sip'\nDBROUSER=\"ro\"\nDBROPW=\"p#w/d\"\nDBPORT=3307\n");
	put("/run/kamailio/kamailio_ctl", "");
	look(1);
	says(0, CONFIG_READ, "mysql://ro:p%23w%2Fd@db1:3307/sip");
	says(0, CONFIG_CONTROL, "ctl:%R/run/kamailio/kamailio_ctl");
	put("/etc/kamailio/kamctlrc", "DBENGINE=PGSQL\n");
	look(1);
	says(0, CONFIG_READ, "postgresql://kamailio@localhost/kamailio");
	put("/etc/kamailio/kamctlrc", "DBENGINE=SQLITE\nDB_PATH=/var/k.db\n");
	look(1);
	says(0, CONFIG_READ, "%R/var/k.db");
}

TEST(files_and_sockets_at_the_usual_places_are_the_last_resort)
{
	UNUSED_STATE;
	put("/run/opensips/opensips_fifo", "");
	put("/run/kamailio/kamailio_rpc.sock", "");
	look(2);
	says(0, CONFIG_CONTROL, "unix:%R/run/kamailio/kamailio_rpc.sock");
	says(1, CONFIG_KIND, "opensips");
	says(1, CONFIG_CONTROL, "fifo:%R/run/opensips/opensips_fifo");
	put("/var/lib/kamailio/kamailio.sqlite", "");
	look(2);
	says(0, CONFIG_READ, "%R/var/lib/kamailio/kamailio.sqlite");
	says(0, CONFIG_CONTROL, "unix:%R/run/kamailio/kamailio_rpc.sock");
	/* A stock configuration that does not run and keeps nothing says nothing. */
	put("/etc/kamailio/kamailio.cfg", "#!KAMAILIO\n");
	look(2);
	notes("no usrloc");
}

TEST(opensips_is_found_by_its_configuration)
{
	UNUSED_STATE;
	put_process("31", "/usr/sbin/opensips -f /etc/opensips/opensips.cfg -m 64", NULL);
	put("/etc/opensips/opensips.cfg",
	    "socket=udp:10.0.0.9:5060\nloadmodule \"usrloc.so\"\nloadmodule \"mi_fifo.so\"\n"
	    "modparam(\"mi_fifo\", \"fifo_name\", \"/run/opensips/fifo\")\n"
	    "modparam(\"usrloc\", \"working_mode_preset\", \"single-instance-sql-write-back\")\n"
	    "modparam(\"usrloc\", \"db_url\", \"postgres://o:p@localhost/opensips\")\n");
	look(1);
	says(0, CONFIG_KIND, "opensips");
	says(0, CONFIG_READ, "opensips:postgresql://o:p@localhost/opensips");
	says(0, CONFIG_CONTROL, "fifo:%R/run/opensips/fifo");
	says(0, CONFIG_SIP, "10.0.0.9:5060");
}

TEST(files_that_anybody_may_write_are_not_believed)
{
	UNUSED_STATE;
	char *path = below("/k.cfg");

	put_process("1", "kamailio -f /k.cfg", NULL);
	put("/k.cfg", REGISTRAR);
	assert_int_equal(chmod(path, 0666), 0);
	free(path);
	look(0);
	notes("may be written to by everybody");
}

/* ---- hostile files: each ends, and leaves its note or its good part -------------------------- */

TEST(a_login_that_lost_its_at_sign_is_no_host)
{
	UNUSED_STATE;
	char nowhere[] = "";
	const struct discover_place place = {nowhere};
	const char *const good[][2] = {
		{"mysql://u:p@h:3307/k", "mysql://u:p@h:3307/k"},
		{"mysql://u@[::1]:3307/k", "mysql://u@[::1]:3307/k"},
		{"postgres://[::1]/k", "postgresql://[::1]/k"},
		{"redis://h/1", "redis://h/1"},
	};
	const char *const bad[] = {"mysql://u:secret/k", "mysql://u:p@h:70000/k",
				   "mysql://u:p@h:/k", "mysql://u:p@[::1]secret/k",
				   "mysql://u:secret%40h/k"};

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		char *read = discover_url_read(&place, slice_of(good[i][0]));

		assert_string_equal(read, good[i][1]);
		free(read);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_null(discover_url_read(&place, slice_of(bad[i])));
}

TEST(endless_includes_end)
{
	UNUSED_STATE;
	put_process("1", "kamailio -f /k.cfg", NULL);
	put("/k.cfg", REGISTRAR "include_file \"k.cfg\"\ninclude_file \"k.cfg\"\n");
	look(1);
	notes("more files");
	put("/k.cfg",
	    "#!define A B\n#!define B A\n#!substdef \"/x/xx/\"\n" REGISTRAR
	    "modparam(\"usrloc\", \"db_mode\", A)\nmodparam(\"usrloc\", \"db_url\", \"xxx\" B)\n");
	look(1);
	put("/k.cfg", "include_file \"/dev/zero\"\nimport_file \"/missing\"\n" REGISTRAR);
	look(1);
	put("/k.cfg",
	    "#!define A A A A A A A A\n" REGISTRAR "modparam(\"usrloc\", \"db_mode\", A)\n");
	look(1);
}

TEST(huge_and_binary_files_end)
{
	UNUSED_STATE;
	size_t n = 1000 * 1000;
	char *text = xmalloc(n + 1);

	put_process("1", "kamailio -f /k.cfg", NULL);
	for (const char *fill = "\"#(/{a\n\\!"; *fill; fill++) {
		memset(text, *fill, n);
		put_bytes("/k.cfg", text, n);
		look(0);
	}
	memset(text, 0, n);
	put_bytes("/k.cfg", text, n);
	look(0);
	notes("no text");
	for (size_t i = 0; i + 8 <= n; i += 8)
		memcpy(text + i, "#!ifdef\n", 8);
	put_bytes("/k.cfg", text, n);
	look(0);
	notes("more directives");
	free(text);
	put("/k.cfg", REGISTRAR "modparam(\"usrloc\", \"db_url\", \"mysql://a@b/c\nd\")\n"
				"modparam(\"usrloc\", \"db_mode\", 1)\n#!endif\n#!else\nsave(");
	look(1);
	says(0, CONFIG_READ, "mysql://a@b/c%0Ad");
}

TEST(every_cut_of_a_configuration_ends)
{
	UNUSED_STATE;
	static const char text[] =
		"#!ifdef A\n#!define X \"a\\\"b\"\n#!else\n#!substdef "
		"\"!A!b!g\"\n#!endif\n" REGISTRAR
		"modparam(\"usrloc\", \"db_url\", 'mysql://u:p@h/d') /* x */\nlisten=udp:X:5060 a\n"
		"server_id = 3\ninclude_file \"o.cfg\"\nsave(\"location\")\n";

	put_process("1", "kamailio -f /k.cfg -A", NULL);
	for (size_t n = 0; n < sizeof(text); n += 3) {
		put_bytes("/k.cfg", text, n);
		discovery_free(found);
		found = discover(root);
		assert_true(found->config->count <= 1);
	}
}

#define IN_ROOT(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_ROOT(nothing_is_found_where_nothing_is),
		IN_ROOT(a_process_leads_to_its_configuration),
		IN_ROOT(memory_alone_is_read_by_the_control),
		IN_ROOT(a_server_has_the_zone_of_its_kamailio_and_the_password_stays_unsaid),
		IN_ROOT(what_is_printed_is_a_configuration_file),
		IN_ROOT(two_on_one_database_are_two_nodes),
		IN_ROOT(kamctlrc_names_a_database),
		IN_ROOT(files_and_sockets_at_the_usual_places_are_the_last_resort),
		IN_ROOT(opensips_is_found_by_its_configuration),
		IN_ROOT(files_that_anybody_may_write_are_not_believed),
		IN_ROOT(a_login_that_lost_its_at_sign_is_no_host),
		IN_ROOT(endless_includes_end),
		IN_ROOT(huge_and_binary_files_end),
		IN_ROOT(every_cut_of_a_configuration_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
