/* The configuration file: what it says, and how it tells what is wrong with it. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "config_file.h"
#include "openings.h"
#include "test.h"

static struct err err;

static struct config *parsed(const char *text)
{
	err_clear(&err);
	return config_parse(slice_of(text), "regtop.conf", &err);
}

static void refused(const char *text, const char *place, const char *words)
{
	struct config *c = parsed(text);

	assert_null(c);
	assert_int_equal(err.code, -EINVAL);
	if (!strstr(err.what, place) || !strstr(err.what, words))
		fail_msg("\"%s\" lacks \"%s\" or \"%s\"", err.what, place, words);
}

TEST(sections_and_defaults_are_read)
{
	UNUSED_STATE;
	struct config *c = parsed("# who we are\n"
				  "rate = 20\r\n"
				  "\n"
				  "[ pbx1 ]\n"
				  "read = mysql://u@h/kamailio?tls=yes\n"
				  "  server_id=1  \n"
				  "; and the other\n"
				  "[pbx2]\n"
				  "control = ctl:/run/kamailio/ctl # is part of it\n");

	assert_non_null(c);
	assert_int_equal(c->default_count, 1);
	assert_string_equal(c->defaults[0].name, "rate");
	assert_string_equal(c->defaults[0].value, "20");
	assert_int_equal(c->count, 2);
	assert_string_equal(c->sections[0].values[CONFIG_READ], "mysql://u@h/kamailio?tls=yes");
	assert_int_equal(config_section_server_id(&c->sections[0]), 1);
	assert_int_equal(config_section_server_id(&c->sections[1]), -1);
	assert_ptr_equal(config_find(c, SLICE_LIT("pbx2")), &c->sections[1]);
	assert_null(config_find(c, SLICE_LIT("pbx")));
	config_free(c);
}

TEST(what_is_wrong_is_told_with_its_line)
{
	UNUSED_STATE;
	refused("[a]\nread = x\nspeed = 3\n", "line 3", "nothing called speed");
	assert_non_null(strstr(err.hint, "server_id"));
	refused("[a]\nread = x\n[a]\nread = y\n", "line 3", "already called a");
	refused("[a]\nread = x\nread = y\n", "line 3", "said before: read");
	refused("[a]\nread =\n", "line 2", "nothing stands behind read");
	refused("[a]\nserver_id = one\n", "line 2", "no server_id: one");
	refused("[a]\nkind = freeswitch\n", "line 2", "freeswitch");
	refused("[a]\nread = x\npurge = never\n", "line 3", "not never");
	refused("[a b]\n", "line 1", "no name of a section: a b");
	refused("[]\n", "line 1", "no name of a section");
	refused("rubbish\n", "line 1", "neither a section nor a value: rubbish");
	refused("\n[a]\nserver_id = 1\n", "line 2", "nothing is read by section a");
	refused("[a]\nread = x\001y\n", "line 2", "control characters");
}

TEST(a_section_becomes_an_address)
{
	UNUSED_STATE;
	struct config *c = parsed("[a]\nread = mysql://h/k?tls=yes\ntimezone = Europe/Berlin\n"
				  "table = loc\n"
				  "[b]\ncontrol = unix:/x\ntable = t\n"
				  "[c]\nkind = opensips\ncontrol = http://127.0.0.1:8888/mi\n"
				  "table = t\n"
				  "[d]\nread = listen:udp:127.0.0.1:5060\ntimezone = UTC\n"
				  "[e]\nread = /x.sqlite\ntimezone = UTC\ntable = t\n");
	const char *const wanted[] = {"mysql://h/k?tls=yes&timezone=Europe/Berlin&table=loc",
				      "kamailio:unix:/x?table=t",
				      "opensips:http://127.0.0.1:8888/mi"};
	char *spec;

	assert_non_null(c);
	for (size_t i = 0; i < 3; i++) {
		spec = config_section_spec(&c->sections[i], &err);
		assert_string_equal(spec, wanted[i]);
		free(spec);
	}
	assert_null(config_section_spec(&c->sections[3], &err));
	assert_non_null(strstr(err.what, "section d"));
	spec = config_section_spec(&c->sections[4], &err);
	assert_string_equal(spec, "/x.sqlite?timezone=UTC&table=t");
	free(spec);
	config_free(c);
}

/* ---- the file -------------------------------------------------------------------------------- */

static char path[64];

static void write_file(const char *text, mode_t mode)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	assert_int_equal(chmod(path, mode), 0);
	err_clear(&err);
}

TEST(a_password_that_everybody_may_read_is_refused)
{
	UNUSED_STATE;
	struct config *c;

	snprintf(path, sizeof(path), "/tmp/regtop-unit.%ld", (long)getpid());
	write_file("[a]\nread = mysql://u:secret@h/k\n", 0644);
	assert_null(config_read(path, &err));
	assert_int_equal(err.code, -EACCES);
	assert_null(strstr(err.what, "secret"));
	assert_non_null(strstr(err.hint, "chmod o-r"));
	assert_int_equal(chmod(path, 0640), 0);
	c = config_read(path, &err);
	assert_non_null(c);
	config_free(c);
	/* No password: a user, an IPv6 address with colons, an @ in the query. */
	write_file("[a]\nread = mysql://u@[::1]:3306/k\n[b]\nread = mysql://h:3306/k?x=a@b\n",
		   0644);
	c = config_read(path, &err);
	assert_non_null(c);
	config_free(c);
	unlink(path);
	assert_null(config_read(path, &err));
	assert_int_equal(err.code, -ENOENT);
}

/* ---- what is opened -------------------------------------------------------------------------- */

static struct options options;

static struct openings *opened(const char *text, const char *first, const char *second)
{
	memset(&options, 0, sizeof(options));
	err_clear(&err);
	options.config = parsed(text);
	assert_non_null(options.config);
	options.sources[0] = first;
	options.sources[1] = second;
	options.source_count = (first != NULL) + (second != NULL);
	return openings_make(&options, &err);
}

static void done(struct openings *l)
{
	openings_free(l);
	config_free(options.config);
}

#define SHARED                                                                                     \
	"[one]\nread = mysql://h/k\nserver_id = 1\ncontrol = unix:/1\n"                            \
	"[two]\nread = mysql://h/k\nserver_id = 2\nsip = 127.0.0.1:5062\n"                         \
	"[other]\nread = /x.sqlite\n"

TEST(sections_that_read_the_same_are_one_source_with_nodes)
{
	UNUSED_STATE;
	struct openings *l = opened(SHARED, NULL, NULL);

	assert_non_null(l);
	assert_int_equal(l->count, 2);
	assert_string_equal(l->items[0].options.name, "one+two");
	assert_int_equal(l->items[0].options.node_count, 2);
	assert_string_equal(l->items[0].options.nodes[0].control, "unix:/1");
	assert_int_equal(l->items[0].options.nodes[1].server_id, 2);
	assert_string_equal(l->items[0].options.nodes[1].sip, "127.0.0.1:5062");
	assert_int_equal(l->items[0].options.peer_count, 0);
	assert_string_equal(l->items[1].spec, "/x.sqlite");
	done(l);
}

TEST(sections_are_picked_by_name_and_named_once)
{
	UNUSED_STATE;
	struct openings *l = opened(SHARED, "two", "one");

	assert_int_equal(l->count, 1);
	assert_int_equal(l->items[0].options.node_count, 2);
	done(l);
	l = opened(SHARED, "other", "/y.sqlite");
	assert_int_equal(l->count, 2);
	assert_string_equal(l->items[0].options.name, "other");
	assert_string_equal(l->items[1].spec, "/y.sqlite");
	assert_null(l->items[1].options.name);
	done(l);
}

TEST(only_sections_of_one_cluster_are_peers)
{
	UNUSED_STATE;
	struct openings *l = opened("[a]\nread = /a.sqlite\ncluster = dmq\n"
				    "[b]\nread = /b.sqlite\ncluster = dmq\nserver_id = 2\n"
				    "[c]\nread = /c.sqlite\n"
				    "[d]\nread = /d.sqlite\ncluster = far\n",
				    "a", NULL);

	assert_int_equal(l->count, 1);
	assert_int_equal(l->items[0].options.peer_count, 1);
	assert_string_equal(l->items[0].options.peers[0].name, "b");
	assert_string_equal(l->items[0].options.peers[0].place, "/b.sqlite");
	assert_int_equal(l->items[0].options.peers[0].server_id, 2);
	assert_false(l->items[0].options.peers[0].listed);
	openings_free(l);
	options.source_count = 0;
	l = openings_make(&options, &err);
	assert_int_equal(l->count, 4);
	assert_true(l->items[0].options.peers[0].listed);
	done(l);
}

TEST(one_section_forbids_purges_for_all_nodes_of_its_table)
{
	UNUSED_STATE;
	struct openings *l = opened("[a]\nread = /a.sqlite\npurge = yes\n"
				    "[b]\nread = /b.sqlite\n"
				    "[a2]\nread = /a.sqlite\npurge = no\n",
				    NULL, NULL);

	assert_int_equal(l->count, 2);
	assert_true(l->items[0].options.no_purge);
	assert_false(l->items[1].options.no_purge);
	done(l);
}

TEST(a_control_on_the_command_line_wants_one_node)
{
	UNUSED_STATE;
	struct openings *l;

	memset(&options, 0, sizeof(options));
	l = opened("[a]\nread = /a.sqlite\ncontrol = unix:/a\n", NULL, NULL);
	openings_free(l);
	options.control = "table";
	l = openings_make(&options, &err);
	assert_string_equal(l->items[0].options.nodes[0].control, "table");
	done(l);
	openings_free(opened(SHARED, NULL, NULL));
	options.control = "table";
	assert_null(openings_make(&options, &err));
	assert_int_equal(err.code, -EINVAL);
	config_free(options.config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sections_and_defaults_are_read),
		cmocka_unit_test(what_is_wrong_is_told_with_its_line),
		cmocka_unit_test(a_section_becomes_an_address),
		cmocka_unit_test(a_password_that_everybody_may_read_is_refused),
		cmocka_unit_test(sections_that_read_the_same_are_one_source_with_nodes),
		cmocka_unit_test(sections_are_picked_by_name_and_named_once),
		cmocka_unit_test(only_sections_of_one_cluster_are_peers),
		cmocka_unit_test(one_section_forbids_purges_for_all_nodes_of_its_table),
		cmocka_unit_test(a_control_on_the_command_line_wants_one_node),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
