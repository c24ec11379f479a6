/* The snapshot: what goes in comes out, and nothing comes out of a damaged file. */
#include "test.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/alloc.h"
#include "fixture.h"
#include "loop/loop.h"
#include "report/snapshot.h"
#include "report/snapshot_fields.h"
#include "source/snapshot_file.h"

struct fx {
	struct fixture f;
	char dir[64], path[96];
};

/* What a reading brought. */
struct got {
	size_t count;
	struct binding *b[8];
	struct evidence e[8];
	bool has_evidence[8];
};

static void keep(void *ctx, const struct snapshot_row *r)
{
	struct got *g = ctx;

	assert_true(g->count < 8);
	g->b[g->count] = binding_copy(&r->b);
	g->e[g->count] = r->evidence;
	g->has_evidence[g->count++] = r->has_evidence;
}

static void got_free(struct got *g)
{
	for (size_t i = 0; i < g->count; i++)
		free(g->b[i]);
}

static int setup(void **state)
{
	struct fx *x = xcalloc(1, sizeof(*x));

	fixture_init(&x->f);
	snprintf(x->dir, sizeof(x->dir), "/tmp/regtop-snapshot-test-XXXXXX");
	assert_non_null(mkdtemp(x->dir));
	snprintf(x->path, sizeof(x->path), "%s/one.regtop", x->dir);
	*state = x;
	return 0;
}

static int teardown(void **state)
{
	struct fx *x = *state;

	unlink(x->path);
	assert_int_equal(rmdir(x->dir), 0); /* nothing else was left behind */
	fixture_free(&x->f);
	free(x);
	return 0;
}

static int write_it(struct fx *x, bool force, struct err *e)
{
	return snapshot_write(x->f.view, x->f.sources, 1, NOW_MS + 123, x->path, force, e);
}

static void write_text(struct fx *x, const char *text, size_t n)
{
	FILE *f = fopen(x->path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

static char *read_file(const char *path, size_t *n)
{
	FILE *f = fopen(path, "r");
	char *text = xmalloc(1 << 20);

	assert_non_null(f);
	*n = fread(text, 1, (1 << 20) - 1, f);
	text[*n] = '\0';
	fclose(f);
	return text;
}

TEST(every_field_of_a_binding_survives)
{
	struct fx *x = *state;
	struct binding b = {
		.key = SLICE_LIT("uloc-1-2-3"),
		.user = SLICE_LIT("20\xff\xfe"),
		.domain = SLICE_LIT("\xc3\xa4.example"),
		.contact = SLICE_LIT("sip:\x1b[31m\"\\@h\0x"),
		.received = SLICE_LIT("sip:203.0.113.9:1"),
		.path = SLICE_LIT("<sip:edge;lr>, <sip:b>"),
		.socket = SLICE_LIT("udp:192.0.2.1:5060"),
		.user_agent = SLICE_LIT("\xe2\x80\xae"
					"evil"),
		.call_id = SLICE_LIT("\r\n\t"),
		.instance = SLICE_LIT("<urn:uuid:1>"),
		.ruid = SLICE_LIT("r"),
		.node = SLICE_LIT("2"),
		.expires_s = 17,
		.refreshed_s = -5,
		.granted_s = 0,
		.cseq = UINT32_MAX,
		.methods = 0,
		.q_milli = 0,
		.reg_id = INT32_MIN,
		.connection = -1,
		.cflags = 0x80000001,
	};
	struct got g = {0};
	int64_t taken = 0;
	struct err e = ERR_NONE;

	fixture_put(&x->f, &b);
	assert_int_equal(write_it(x, false, &e), 0);
	assert_int_equal(snapshot_read(x->path, &taken, keep, &g, &e), 0);
	assert_int_equal(taken, NOW_MS + 123);
	assert_int_equal(g.count, 1);
	assert_true(binding_equal(g.b[0], &b));
	assert_false(g.has_evidence[0]);
	got_free(&g);
}

TEST(what_is_unset_comes_back_unset)
{
	struct fx *x = *state;
	struct binding b = {
		.key = SLICE_LIT("k"),
		.expires_s = BINDING_PERMANENT,
		.granted_s = -1,
		.methods = BINDING_METHODS_ALL,
		.q_milli = BINDING_Q_UNSET,
	};
	struct got g = {0};
	int64_t taken;

	fixture_put(&x->f, &b);
	assert_int_equal(write_it(x, false, NULL), 0);
	assert_int_equal(snapshot_read(x->path, &taken, keep, &g, NULL), 0);
	assert_true(binding_equal(g.b[0], &b));
	assert_true(g.b[0]->expires_s == BINDING_PERMANENT);
	assert_int_equal(g.b[0]->q_milli, BINDING_Q_UNSET);
	got_free(&g);
}

TEST(evidence_survives_except_that_nothing_is_pending_in_a_picture)
{
	struct fx *x = *state;
	struct evidence put = {
		.outcome = PROBE_ANSWERED,
		.path = PROBE_PATH_REGISTRAR,
		.pending = true,
		.late = true,
		.by_registrar = true,
		.code = 486,
		.asked_ms = NOW_MS - 4000,
		.heard_ms = NOW_MS - 3000,
		.failed_first_ms = NOW_MS - 9000,
		.rtt_us = 41234,
		.failures = 3,
		.probes = 9,
		.answers = 6,
		.agent = "Yealink",
		.detail = "Busy \xc3\xa4",
	};
	struct got g = {0};
	int64_t taken;
	struct binding b = fixture_binding("k", "2012");

	for (int o = PROBE_NOT_ASKED; o <= PROBE_UNROUTABLE; o++) {
		put.outcome = (enum probe_outcome)o;
		put.path = (enum probe_path)(o % 4);
		put.pending = true;
		store_set_evidence(x->f.store, fixture_put(&x->f, &b), &put);
		view_update(x->f.view, NOW_MS);
		assert_int_equal(write_it(x, true, NULL), 0);
		g.count = 0;
		assert_int_equal(snapshot_read(x->path, &taken, keep, &g, NULL), 0);
		assert_true(g.has_evidence[0]);
		put.pending = false;
		assert_int_equal(g.e[0].outcome, put.outcome);
		assert_int_equal(g.e[0].path, put.path);
		assert_int_equal(g.e[0].pending, false);
		assert_int_equal(g.e[0].late, put.late);
		assert_int_equal(g.e[0].by_registrar, put.by_registrar);
		assert_int_equal(g.e[0].code, put.code);
		assert_int_equal(g.e[0].asked_ms, put.asked_ms);
		assert_int_equal(g.e[0].heard_ms, put.heard_ms);
		assert_int_equal(g.e[0].failed_first_ms, put.failed_first_ms);
		assert_int_equal(g.e[0].rtt_us, put.rtt_us);
		assert_int_equal(g.e[0].failures, put.failures);
		assert_int_equal(g.e[0].probes, put.probes);
		assert_int_equal(g.e[0].answers, put.answers);
		assert_string_equal(g.e[0].agent, put.agent);
		assert_string_equal(g.e[0].detail, put.detail);
		got_free(&g);
	}
}

TEST(the_file_is_json_without_a_raw_control_and_only_its_owner_reads_it)
{
	struct fx *x = *state;
	struct binding b = fixture_binding("k", "2012");
	struct stat st;
	json_t *j;
	size_t n;
	char *text;

	b.contact = SLICE_LIT("sip:\x1b]0;owned\x07@h");
	b.user_agent = SLICE_LIT("\xc2\x9b"
				 "31m");
	fixture_put(&x->f, &b);
	assert_int_equal(write_it(x, false, NULL), 0);
	assert_int_equal(stat(x->path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	text = read_file(x->path, &n);
	for (size_t i = 0; i < n; i++)
		assert_true(text[i] == '\n' || (unsigned char)text[i] >= 0x20);
	assert_null(strstr(text, "\xc2\x9b"));
	j = json_loadb(text, n, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(j);
	assert_int_equal(json_integer_value(json_object_get(j, "regtop_snapshot")), 1);
	assert_string_equal(json_string_value(json_object_get(j, "taken")),
			    "2031-05-07T03:12:40.123Z");
	json_decref(j);
	free(text);
}

TEST(an_existing_file_is_replaced_only_by_force)
{
	struct fx *x = *state;
	struct err e = ERR_NONE;
	size_t n;
	char *text;

	write_text(x, "precious", 8);
	assert_int_equal(write_it(x, false, &e), -EEXIST);
	assert_non_null(strstr(e.what, "exists"));
	text = read_file(x->path, &n);
	assert_string_equal(text, "precious");
	free(text);
	assert_int_equal(write_it(x, true, &e), 0);
	assert_true(snapshot_recognise(x->path, &e));
}

TEST(force_never_replaces_what_is_no_plain_file)
{
	struct fx *x = *state;
	struct err e = ERR_NONE;

	assert_int_equal(mkfifo(x->path, 0600), 0);
	assert_int_equal(write_it(x, true, &e), -EINVAL);
	assert_false(snapshot_recognise(x->path, &e));
}

TEST(a_write_that_fails_leaves_nothing_and_says_so)
{
	struct fx *x = *state;
	struct rlimit old, tiny;
	struct err e = ERR_NONE;
	struct binding b = fixture_binding("k", "2012");

	fixture_put(&x->f, &b);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	tiny = (struct rlimit){64, old.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &tiny), 0);
	assert_int_equal(write_it(x, false, &e), -EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_non_null(strstr(e.what, "could not be written"));
	assert_int_equal(access(x->path, F_OK), -1);
	/* teardown finds the folder empty */
}

#define HEAD_OK   "\"regtop_snapshot\":1,\"taken\":\"2031-05-07T03:12:40Z\","
#define SOURCES   "\"sources\":[{\"complete\":true}],"
#define DOC(rows) "{" HEAD_OK SOURCES "\"bindings\":[" rows "]}"

TEST(a_damaged_file_gives_nothing_and_says_what_is_wrong)
{
	static const struct {
		const char *text, *says;
		int code;
	} t[] = {
		{"", "middle", -EBADMSG},
		{"[]", "missing", -EBADMSG},
		{"{}", "missing", -EBADMSG},
		{"{" HEAD_OK SOURCES
		 "\"bindings\":[{\"source\":0,\"key\":\"a\"},{\"source\":0,\"ke",
		 "middle", -EBADMSG},
		{"{" HEAD_OK SOURCES "\"bindings\":[{\"source\":0,\"key\":\"a\"}", "middle",
		 -EBADMSG},
		{DOC("{\"source\":0,\"key\":\"a\"}") "x", "follows", -EBADMSG},
		{DOC("{\"source\":0,\"key\":\"a\",\"key\":\"b\"}"), "twice", -EBADMSG},
		{DOC("{\"source\":0,\"key\":\"a\"},{\"source\":0,\"key\":\"a\"}"), "same key",
		 -EBADMSG},
		{"{\"regtop_snapshot\":1," HEAD_OK SOURCES "\"bindings\":[]}", "twice", -EBADMSG},
		{DOC("{\"source\":0}"), "no key", -EBADMSG},
		{DOC("{\"source\":0,\"key\":7}"), "no text", -EBADMSG},
		{DOC("{\"source\":0,\"key\":{\"hex\":\"abc\"}}"), "no text", -EBADMSG},
		{DOC("{\"source\":0,\"key\":{\"hex\":\"zz\"}}"), "no text", -EBADMSG},
		{DOC("{\"source\":0,\"key\":\"a\\u0000\"}"), "JSON", -EBADMSG},
		{DOC("{\"source\":0,\"key\":\"\xff\"}"), "JSON", -EBADMSG},
		{DOC("{\"source\":1,\"key\":\"a\"}"), "source", -EBADMSG},
		{DOC("{\"source\":-1,\"key\":\"a\"}"), "source", -EBADMSG},
		{DOC("{\"key\":\"a\"}"), "source", -EBADMSG},
		{DOC("{\"source\":0,\"key\":\"a\",\"cseq\":4294967296}"), "cseq", -EBADMSG},
		{DOC("{\"source\":0,\"key\":\"a\",\"cseq\":-1}"), "cseq", -EBADMSG},
		{DOC("{\"source\":0,\"key\":\"a\",\"cseq\":1.5}"), "cseq", -EBADMSG},
		{DOC("{\"source\":0,\"key\":\"a\",\"expires_s\":\"soon\"}"), "expires_s", -EBADMSG},
		{DOC("{\"source\":0,\"key\":\"a\",\"evidence\":[]}"), "evidence", -EBADMSG},
		{DOC("{\"source\":0,\"key\":\"a\",\"evidence\":{\"outcome\":\"dead\"}}"), "outcome",
		 -EBADMSG},
		{DOC("7"), "no object", -EBADMSG},
		{"{\"regtop_snapshot\":1,\"taken\":\"yesterday\"," SOURCES "\"bindings\":[]}",
		 "time", -EBADMSG},
		{"{\"regtop_snapshot\":1,\"taken\":\"2031-05-07T03:12:40Z\",\"sources\":[7],"
		 "\"bindings\":[]}",
		 "source", -EBADMSG},
		{"{\"regtop_snapshot\":\"1\"," SOURCES "\"bindings\":[]}", "version", -EBADMSG},
		{"{\"regtop_snapshot\":2,\"anything\":0}", "format 2", -EPROTONOSUPPORT},
	};
	struct fx *x = *state;

	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		struct got g = {0};
		struct err e = ERR_NONE;
		int64_t taken = 42;

		write_text(x, t[i].text, strlen(t[i].text));
		assert_int_equal(snapshot_read(x->path, &taken, keep, &g, &e), t[i].code);
		if (!strstr(e.what, t[i].says))
			fail_msg("case %zu: \"%s\" does not say \"%s\"", i, e.what, t[i].says);
		assert_int_equal(g.count, 0);
		assert_int_equal(taken, 42);
	}
}

TEST(a_file_cut_anywhere_gives_nothing)
{
	struct fx *x = *state;
	struct binding b = fixture_binding("k", "2012");
	struct evidence ev = {.outcome = PROBE_SILENT, .path = PROBE_PATH_DIRECT, .probes = 2};
	size_t n;
	char *text;

	b.contact = SLICE_LIT("sip:\xff@h");
	store_set_evidence(x->f.store, fixture_put(&x->f, &b), &ev);
	assert_int_equal(write_it(x, false, NULL), 0);
	text = read_file(x->path, &n);
	/* The last byte is the newline behind the document. */
	for (size_t cut = 0; cut + 1 < n; cut++) {
		struct got g = {0};
		struct err e = ERR_NONE;
		int64_t taken;

		write_text(x, text, cut);
		assert_int_equal(snapshot_read(x->path, &taken, keep, &g, &e), -EBADMSG);
		assert_int_equal(g.count, 0);
	}
	free(text);
}

TEST(a_file_with_any_byte_changed_is_read_or_refused_but_never_half_read)
{
	struct fx *x = *state;
	struct binding b = fixture_binding("k1", "2012"), c = fixture_binding("k2", "2013");
	size_t n;
	char *text;

	fixture_put(&x->f, &b);
	fixture_put(&x->f, &c);
	assert_int_equal(write_it(x, false, NULL), 0);
	text = read_file(x->path, &n);
	for (size_t i = 0; i < n; i++) {
		static const char bytes[] = {'"', '\0', '}', '\xff', '9', '\\', ','};
		char old = text[i];

		for (size_t k = 0; k < sizeof(bytes); k++) {
			struct got g = {0};
			struct err e = ERR_NONE;
			int64_t taken;
			int rc;

			text[i] = bytes[k];
			write_text(x, text, n);
			rc = snapshot_read(x->path, &taken, keep, &g, &e);
			assert_true(rc == 0 ? g.count == 2 : g.count == 0 && e.what[0]);
			got_free(&g);
		}
		text[i] = old;
	}
	free(text);
}

TEST(unknown_members_and_other_layouts_are_fine)
{
	static const char text[] =
		"\n {\"bindings\" :\n[ { \"new\": [1,{\"a\":null}], \"key\" : \"a\", \"source\": 0 "
		"} ] ,"
		" \"more\": {\"x\": \"\\u001b\"}, \"regtop_snapshot\": 1, \"number\": 12,"
		"\"sources\" : [ { \"complete\" : false, \"name\":\"s\", \"error\":\"locked\" } ] ,"
		"\"taken\" : \"2031-05-07T03:12:40Z\" } \n";
	struct fx *x = *state;
	struct snapshot_head h;
	struct got g = {0};

	write_text(x, text, sizeof(text) - 1);
	assert_int_equal(snapshot_read_head(x->path, &h, keep, &g, NULL), 0);
	assert_int_equal(g.count, 1);
	assert_slice_equal(g.b[0]->key, "a");
	assert_false(h.complete);
	assert_non_null(strstr(h.trouble, "locked"));
	got_free(&g);
}

static void assert_named(const char *page, const char *name)
{
	if (!strstr(page, name))
		fail_msg("doc/regtop-snapshot.5 does not know \"%s\"", name);
}

TEST(the_manual_names_every_member)
{
	const char *top = getenv("TOP_SRCDIR");
	size_t n;
	char *page, *path;

	UNUSED_STATE;
	if (!top)
		SKIP("TOP_SRCDIR does not say where the manual is");
	path = xasprintf("%s/doc/regtop-snapshot.5", top);
	page = read_file(path, &n);
	free(path);
	for (size_t i = 0; i < SNAPSHOT_TEXTS; i++)
		assert_named(page, snapshot_texts[i].name);
	for (size_t i = 0; i < snapshot_numbers_count; i++)
		assert_named(page, snapshot_numbers[i].name);
	for (size_t i = 0; i < snapshot_evidence_numbers_count; i++)
		assert_named(page, snapshot_evidence_numbers[i].name);
	for (size_t i = 0; i < SNAPSHOT_OUTCOMES; i++)
		assert_named(page, snapshot_outcomes[i]);
	for (size_t i = 0; i < SNAPSHOT_PATHS; i++)
		assert_named(page, snapshot_paths[i]);
	free(page);
}

/* ---- the source -------------------------------------------------------------------------------
 */

struct sunk {
	struct store *store;
	int begins, ends, tells;
	bool complete;
	struct source_status last;
	size_t proofs;
};

static void sink_begin(void *ctx)
{
	struct sunk *s = ctx;

	s->begins++;
	store_begin_pass(s->store, 0);
}

static void sink_put(void *ctx, const struct binding *b)
{
	store_put(((struct sunk *)ctx)->store, 0, b, NOW_S);
}

static void sink_remove(void *ctx, struct slice key)
{
	store_remove(((struct sunk *)ctx)->store, 0, key);
}

static void sink_end(void *ctx, bool complete)
{
	struct sunk *s = ctx;

	s->ends++;
	s->complete = complete;
	store_end_pass(s->store, 0, complete);
}

static void sink_status(void *ctx, const struct source_status *st)
{
	struct sunk *s = ctx;

	s->tells++;
	s->last = *st;
}

static void count_proof(void *ctx, struct slice key, const struct evidence *e)
{
	struct sunk *s = ctx;

	assert_true(store_find(s->store, 0, key) != 0);
	assert_int_equal(e->outcome, PROBE_SILENT);
	s->proofs++;
}

static void tick(void *arg)
{
	(void)arg;
}

/* Opens x->path as a source and turns the loop until it has settled. */
static struct source *open_it(struct fx *x, struct loop *l, struct sunk *s)
{
	struct source_options o = {.place = x->path};
	struct source_sink sink = {.ctx = s,
				   .begin_pass = sink_begin,
				   .put = sink_put,
				   .remove = sink_remove,
				   .end_pass = sink_end,
				   .status = sink_status};
	struct loop_timer *t = loop_timer_new(l, LOOP_INPUT, tick, NULL);
	struct err e = ERR_NONE;
	struct source *src = snapshot_file_open(l, &clock_system, &o, &e);

	assert_non_null(src);
	s->store = store_new();
	store_add_source(s->store, "snapshot");
	source_start(src, &sink);
	for (int i = 0; i < 500 && (src->status.state == SOURCE_OPENING || src->status.reading);
	     i++) {
		loop_timer_set(t, 20);
		loop_turn(l, true);
	}
	loop_timer_free(t);
	return src;
}

TEST(a_snapshot_opens_again_as_a_frozen_source_with_its_evidence)
{
	struct fx *x = *state;
	struct evidence ev = {.outcome = PROBE_SILENT, .path = PROBE_PATH_DIRECT, .probes = 2};
	struct binding b = fixture_binding("k1", "2012"), c = fixture_binding("k2", "2013");
	struct source_route route;
	struct loop *l = loop_new();
	struct sunk s = {0};
	struct source *src;

	store_set_evidence(x->f.store, fixture_put(&x->f, &b), &ev);
	fixture_put(&x->f, &c);
	assert_int_equal(write_it(x, false, NULL), 0);
	src = open_it(x, l, &s);
	assert_int_equal(src->status.state, SOURCE_FROZEN);
	assert_int_equal(s.last.state, SOURCE_FROZEN);
	assert_int_equal(src->status.read_ms, NOW_MS + 123);
	assert_true(src->status.complete);
	assert_int_equal(s.begins, 1);
	assert_int_equal(s.ends, 1);
	assert_int_equal(store_count(s.store), 2);
	snapshot_file_evidence(src, count_proof, &s);
	assert_int_equal(s.proofs, 1);
	assert_non_null(strstr(src->ops->purge_refused(src), "picture"));
	assert_false(src->ops->route(src, &b, &route));
	src->ops->refresh(src);
	assert_false(src->status.reading);
	source_free(src);
	store_free(s.store);
	loop_free(l);
}

TEST(a_damaged_snapshot_is_a_source_in_trouble_that_delivers_nothing)
{
	struct fx *x = *state;
	struct loop *l = loop_new();
	struct sunk s = {0};
	struct source *src;

	write_text(x, DOC("{\"source\":0,\"key\":\"a\"},{"),
		   strlen(DOC("{\"source\":0,\"key\":\"a\"},{")));
	src = open_it(x, l, &s);
	assert_int_equal(src->status.state, SOURCE_TROUBLE);
	assert_int_equal(s.last.state, SOURCE_TROUBLE);
	assert_non_null(strstr(s.last.trouble.what, "damaged"));
	assert_int_equal(s.begins, 0);
	assert_int_equal(store_count(s.store), 0);
	source_free(src);
	store_free(s.store);
	loop_free(l);
}

TEST(bindings_of_several_sources_keep_apart_by_their_keys)
{
	static const char text[] =
		"{" HEAD_OK "\"sources\":[{\"complete\":true},{\"complete\":true}],\"bindings\":["
		"{\"source\":0,\"key\":\"a\"},{\"source\":1,\"key\":\"a\"}]}";
	struct fx *x = *state;
	struct loop *l = loop_new();
	struct sunk s = {0};
	struct source *src;

	write_text(x, text, sizeof(text) - 1);
	src = open_it(x, l, &s);
	assert_int_equal(store_count(s.store), 2);
	assert_true(store_find(s.store, 0, SLICE_LIT("1/a")) != 0);
	source_free(src);
	store_free(s.store);
	loop_free(l);
}

TEST(a_source_may_be_freed_while_it_reads)
{
	struct fx *x = *state;
	struct source_options o = {.place = x->path};
	struct sunk s = {.store = store_new()};
	struct source_sink sink = {.ctx = &s,
				   .begin_pass = sink_begin,
				   .put = sink_put,
				   .remove = sink_remove,
				   .end_pass = sink_end,
				   .status = sink_status};
	struct binding b = fixture_binding("k1", "2012");
	struct loop *l = loop_new();
	struct source *src;

	store_add_source(s.store, "snapshot");
	fixture_put(&x->f, &b);
	assert_int_equal(write_it(x, false, NULL), 0);
	src = snapshot_file_open(l, &clock_system, &o, NULL);
	source_start(src, &sink);
	source_free(src);
	assert_int_equal(s.begins, 0);
	store_free(s.store);
	loop_free(l);
}

TEST(a_file_that_is_not_there_does_not_open)
{
	struct fx *x = *state;
	struct source_options o = {.place = x->path};
	struct loop *l = loop_new();
	struct err e = ERR_NONE;

	assert_null(snapshot_file_open(l, &clock_system, &o, &e));
	assert_int_equal(e.code, -ENOENT);
	loop_free(l);
}

#define TX(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static struct snapshot_writer *begin_three(struct fx *x)
{
	static const char *const keys[] = {"k1", "k2", "k3"};
	struct snapshot_writer *w;
	struct err e = ERR_NONE;

	for (int i = 0; i < 3; i++) {
		struct binding b = fixture_binding(keys[i], "2012");

		fixture_put(&x->f, &b);
	}
	w = snapshot_begin(x->f.view, x->f.sources, 1, NOW_MS, x->path, false, &e);
	assert_non_null(w);
	return w;
}

TEST(in_steps_who_left_between_them_is_left_out)
{
	struct fx *x = *state;
	struct snapshot_writer *w = begin_three(x);
	struct snapshot_head head;
	struct got got = {0};
	struct err e = ERR_NONE;
	size_t of;

	assert_int_equal(snapshot_step(w, 1), 1);
	assert_int_equal(snapshot_progress(w, &of), 1);
	assert_int_equal(of, 3);
	store_remove(x->f.store, 0, SLICE_LIT("k1"));
	store_remove(x->f.store, 0, SLICE_LIT("k2"));
	store_remove(x->f.store, 0, SLICE_LIT("k3"));
	assert_int_equal(snapshot_step(w, 10), 0);
	assert_int_equal(access(x->path, F_OK), -1); /* not before it is whole */
	snapshot_settle(w);
	assert_int_equal(snapshot_end(w, &e), 0);
	assert_int_equal(snapshot_read_head(x->path, &head, keep, &got, &e), 0);
	assert_int_equal(got.count, 1);
	got_free(&got);
}

/* teardown sees that the folder is empty. */
TEST(one_that_is_stopped_leaves_nothing_behind)
{
	struct fx *x = *state;
	struct snapshot_writer *w = begin_three(x);
	struct err e = ERR_NONE;

	assert_int_equal(snapshot_step(w, 2), 1);
	assert_int_equal(snapshot_end(w, &e), -ECANCELED);
	assert_string_equal(e.what, "The snapshot was stopped; nothing was left behind.");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TX(in_steps_who_left_between_them_is_left_out),
		TX(one_that_is_stopped_leaves_nothing_behind),
		TX(every_field_of_a_binding_survives),
		TX(what_is_unset_comes_back_unset),
		TX(evidence_survives_except_that_nothing_is_pending_in_a_picture),
		TX(the_file_is_json_without_a_raw_control_and_only_its_owner_reads_it),
		TX(an_existing_file_is_replaced_only_by_force),
		TX(force_never_replaces_what_is_no_plain_file),
		TX(a_write_that_fails_leaves_nothing_and_says_so),
		TX(a_damaged_file_gives_nothing_and_says_what_is_wrong),
		TX(a_file_cut_anywhere_gives_nothing),
		TX(a_file_with_any_byte_changed_is_read_or_refused_but_never_half_read),
		TX(unknown_members_and_other_layouts_are_fine),
		TX(the_manual_names_every_member),
		TX(a_snapshot_opens_again_as_a_frozen_source_with_its_evidence),
		TX(a_damaged_snapshot_is_a_source_in_trouble_that_delivers_nothing),
		TX(bindings_of_several_sources_keep_apart_by_their_keys),
		TX(a_source_may_be_freed_while_it_reads),
		TX(a_file_that_is_not_there_does_not_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
