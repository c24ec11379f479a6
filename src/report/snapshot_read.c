/* Reads a snapshot: checks the whole document first, then gives its bindings one by one. */
#include "report/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/hash.h"
#include "base/text.h"
#include "report/snapshot_row.h"

/* A million bindings are some 600 MB. */
#define MAX_FILE ((off_t)2 << 30)
/* One member of the document, or one binding with all of its fields in hex. */
#define MAX_VALUE   ((size_t)4 << 20)
#define HEAD        4096
#define MAX_SOURCES 256

enum member {
	MEMBER_VERSION = 1,
	MEMBER_TAKEN = 2,
	MEMBER_SOURCES = 4,
	MEMBER_BINDINGS = 8,
};

static const struct {
	const char *name;
	enum member bit;
} members[] = {
	{"regtop_snapshot", MEMBER_VERSION},
	{"taken", MEMBER_TAKEN},
	{"sources", MEMBER_SOURCES},
	{"bindings", MEMBER_BINDINGS},
};

/* The document is never a tree as a whole: the walk below takes one value at a time. It is walked
 * twice, first to check (fn is NULL), then to deliver. */
struct reader {
	char shown[160];
	char *text;
	size_t n, at;
	unsigned seen; /* enum member */
	struct snapshot_head head;
	uint64_t *keys; /* hashes of (source, key), to find twice the same */
	size_t keys_cap;
	unsigned source_max;
	struct snapshot_parser parser;
	snapshot_row_fn *fn;
	void *ctx;
	struct err *e;
};

static int damaged(struct reader *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static int damaged(struct reader *r, const char *fmt, ...)
{
	char why[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	return err_set(r->e, -EBADMSG, "Nothing was taken from it; get the file again.",
		       "The snapshot %s is damaged: %s.", r->shown, why);
}

/* ---- walking the document ---------------------------------------------------------------------
 */

static void skip_blanks(struct reader *r)
{
	while (r->at < r->n && strchr(" \t\r\n", r->text[r->at]) && r->text[r->at])
		r->at++;
}

static bool take(struct reader *r, char c)
{
	skip_blanks(r);
	if (r->at == r->n || r->text[r->at] != c)
		return false;
	r->at++;
	return true;
}

static int expect(struct reader *r, char c)
{
	if (take(r, c))
		return 0;
	if (r->at == r->n)
		return damaged(r, "it ends in the middle");
	return damaged(r, "'%c' is missing at byte %zu", c, r->at);
}

/* The value at the present place, whatever it is; *out is the caller's. */
static int take_value(struct reader *r, json_t **out)
{
	size_t left = r->n - r->at;
	json_error_t je;

	*out = json_loadb(r->text + r->at, left < MAX_VALUE ? left : MAX_VALUE,
			  JSON_DISABLE_EOF_CHECK | JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &je);
	if (*out) {
		r->at += (size_t)je.position;
		return 0;
	}
	switch (json_error_code(&je)) {
	case json_error_premature_end_of_input:
		if (left > MAX_VALUE)
			return damaged(r, "a value at byte %zu is too long", r->at);
		return damaged(r, "it ends in the middle");
	case json_error_duplicate_key:
		return damaged(r, "a name occurs twice in the object at byte %zu", r->at);
	default:
		return damaged(r, "no valid JSON behind byte %zu", r->at);
	}
}

static struct slice string_of(const json_t *j)
{
	return slice_make(json_string_value(j), json_string_length(j));
}

/* ---- the members ------------------------------------------------------------------------------
 */

/* Two bindings with one key would silently become one. Sixty-four bits tell a million keys apart
 * but for one chance in 10^7, and the seed is not known to who writes the file. */
static void note_key(struct reader *r, const struct snapshot_row *row)
{
	XGROW(r->keys, r->keys_cap, r->head.bindings + 1);
	r->keys[r->head.bindings] = hash_bytes(row->b.key.p, row->b.key.n) ^ hash_u64(row->source);
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static int check_keys(struct reader *r)
{
	if (r->head.bindings)
		qsort(r->keys, r->head.bindings, sizeof(*r->keys), by_value);
	for (size_t i = 1; i < r->head.bindings; i++)
		if (r->keys[i - 1] == r->keys[i])
			return damaged(r, "two bindings have the same key");
	return 0;
}

static int read_row(struct reader *r, const json_t *j, struct snapshot_row *row)
{
	if (snapshot_parse_row(&r->parser, j, row) != 0)
		return damaged(r, "binding %zu: %s", r->head.bindings, r->parser.why);
	if (row->source > r->source_max)
		r->source_max = row->source;
	return 0;
}

static int walk_bindings(struct reader *r)
{
	int rc = expect(r, '[');

	r->head.bindings = 0;
	if (rc || take(r, ']'))
		return rc;
	for (;;) {
		struct snapshot_row row;
		json_t *j;

		rc = take_value(r, &j);
		if (rc)
			return rc;
		rc = read_row(r, j, &row);
		if (rc == 0 && r->fn)
			r->fn(r->ctx, &row);
		else if (rc == 0)
			note_key(r, &row);
		json_decref(j);
		if (rc)
			return rc;
		r->head.bindings++;
		if (!take(r, ','))
			return expect(r, ']');
	}
}

static int read_version(struct reader *r, const json_t *j)
{
	if (!json_is_integer(j) || json_integer_value(j) < 1)
		return damaged(r, "\"regtop_snapshot\" is no version");
	if (json_integer_value(j) > SNAPSHOT_VERSION)
		return err_set(
			r->e, -EPROTONOSUPPORT, "Open it with a newer regtop.",
			"The snapshot %s has format %lld; this regtop knows formats up to %d.",
			r->shown, (long long)json_integer_value(j), SNAPSHOT_VERSION);
	return 0;
}

static int read_taken(struct reader *r, const json_t *j)
{
	if (!json_is_string(j) || !text_parse_rfc3339(string_of(j), &r->head.taken_ms))
		return damaged(r, "\"taken\" is no time");
	return 0;
}

static void note_incomplete(struct reader *r, const json_t *source)
{
	const json_t *name = json_object_get(source, "name");
	const json_t *why = json_object_get(source, "error");
	struct strbuf b = STRBUF_INIT;

	r->head.complete = false;
	if (r->head.trouble[0])
		return;
	strbuf_add_str(&b, "The picture was incomplete when the snapshot was taken: ");
	strbuf_add_slice(&b, json_is_string(name) ? string_of(name) : SLICE_LIT("a source"));
	if (json_is_string(why)) {
		strbuf_add_str(&b, ": ");
		strbuf_add_slice(&b, string_of(why));
	}
	text_clean_buf(strbuf_slice(&b), r->head.trouble, sizeof(r->head.trouble));
	strbuf_free(&b);
}

static int read_sources(struct reader *r, const json_t *j)
{
	size_t i;
	const json_t *source;

	if (!json_is_array(j) || json_array_size(j) > SNAPSHOT_MAX_SOURCES)
		return damaged(r, "\"sources\" is no list of sources");
	r->head.sources = (unsigned)json_array_size(j);
	r->head.complete = true;
	r->head.trouble[0] = '\0';
	for (i = 0; i < json_array_size(j); i++) {
		source = json_array_get(j, i);
		if (!json_is_object(source) ||
		    !json_is_boolean(json_object_get(source, "complete")))
			return damaged(r, "source %zu does not say whether it was complete", i);
		if (!json_is_true(json_object_get(source, "complete")))
			note_incomplete(r, source);
	}
	return 0;
}

static int walk_member(struct reader *r)
{
	enum member which = 0;
	json_t *j;
	int rc = take_value(r, &j);

	if (rc)
		return rc;
	if (!json_is_string(j))
		rc = damaged(r, "no name at byte %zu", r->at);
	for (size_t i = 0; i < sizeof(members) / sizeof(*members) && rc == 0; i++)
		if (slice_eq_str(string_of(j), members[i].name))
			which = members[i].bit;
	json_decref(j);
	if (rc == 0 && (r->seen & which))
		rc = damaged(r, "a name occurs twice");
	r->seen |= which;
	if (rc == 0)
		rc = expect(r, ':');
	if (rc)
		return rc;
	if (which == MEMBER_BINDINGS)
		return walk_bindings(r);
	rc = take_value(r, &j);
	if (rc)
		return rc;
	if (which == MEMBER_VERSION)
		rc = read_version(r, j);
	else if (which == MEMBER_TAKEN)
		rc = read_taken(r, j);
	else if (which == MEMBER_SOURCES)
		rc = read_sources(r, j);
	json_decref(j);
	return rc;
}

static int walk(struct reader *r)
{
	int rc;

	r->at = 0;
	r->seen = 0;
	rc = expect(r, '{');
	if (rc == 0 && !take(r, '}')) {
		do
			rc = walk_member(r);
		while (rc == 0 && take(r, ','));
		if (rc == 0)
			rc = expect(r, '}');
	}
	if (rc)
		return rc;
	skip_blanks(r);
	if (r->at != r->n)
		return damaged(r, "something follows its end at byte %zu", r->at);
	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++)
		if (!(r->seen & members[i].bit))
			return damaged(r, "\"%s\" is missing", members[i].name);
	if (r->head.bindings && r->source_max >= r->head.sources)
		return damaged(r, "a binding names a source that is not there");
	return 0;
}

/* ---- the file ---------------------------------------------------------------------------------
 */

/* Not blocking: a named pipe must not hang whoever asks what it is. */
static int open_plain(const char *path, struct stat *st)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC), code;

	if (fd < 0)
		return -errno;
	if (fstat(fd, st) == 0 && S_ISREG(st->st_mode))
		return fd;
	code = S_ISDIR(st->st_mode) ? -EISDIR : -EINVAL;
	close(fd);
	return code;
}

static ssize_t read_full(int fd, char *p, size_t n)
{
	size_t got = 0;

	while (got < n) {
		ssize_t k = read(fd, p + got, n - got);

		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return -errno;
		if (k == 0)
			break;
		got += (size_t)k;
	}
	return (ssize_t)got;
}

static int load(struct reader *r, const char *path)
{
	struct stat st = {0};
	ssize_t got;
	int fd = open_plain(path, &st);

	if (fd < 0)
		return err_set(r->e, fd, "Check the path and the rights.",
			       "The snapshot %s cannot be opened: %s.", r->shown, strerror(-fd));
	if (st.st_size > MAX_FILE) {
		close(fd);
		return err_set(r->e, -EFBIG, "Take it again with a filter.",
			       "The snapshot %s is larger than 2 GiB.", r->shown);
	}
	r->n = (size_t)st.st_size;
	r->text = xmalloc(r->n + 1);
	got = read_full(fd, r->text, r->n);
	close(fd);
	if (got < 0)
		return err_set(r->e, (int)got, "Check the disk it lies on.",
			       "The snapshot %s cannot be read: %s.", r->shown,
			       strerror((int)-got));
	r->n = (size_t)got;
	return 0;
}

bool snapshot_recognise(const char *path, struct err *e)
{
	static const struct slice mark = {"\"regtop_snapshot\"", 17};
	char head[HEAD], shown[160];
	struct stat st = {0};
	struct slice s;
	ssize_t got;
	int fd = open_plain(path, &st);

	if (fd < 0) {
		text_clean_buf(slice_of(path), shown, sizeof(shown));
		if (fd != -EISDIR && fd != -EINVAL)
			err_set(e, fd, "Check the path and the rights.", "%s cannot be opened: %s.",
				shown, strerror(-fd));
		return false;
	}
	got = read_full(fd, head, sizeof(head));
	close(fd);
	if (got <= 0)
		return false;
	s = slice_trim(slice_make(head, (size_t)got));
	return s.n && s.p[0] == '{' && slice_find_icase(s, mark) >= 0;
}

int snapshot_read_head(const char *path, struct snapshot_head *head, snapshot_row_fn *fn, void *ctx,
		       struct err *e)
{
	struct reader r = {.ctx = ctx, .e = e};
	int rc;

	text_clean_buf(slice_of(path), r.shown, sizeof(r.shown));
	rc = load(&r, path);
	if (rc == 0)
		rc = walk(&r);
	if (rc == 0)
		rc = check_keys(&r);
	free(r.keys);
	if (rc == 0) {
		*head = r.head;
		r.fn = fn;
		rc = fn ? walk(&r) : 0;
	}
	snapshot_parser_free(&r.parser);
	free(r.text);
	return rc;
}

int snapshot_read(const char *path, int64_t *taken_ms, snapshot_row_fn *fn, void *ctx,
		  struct err *e)
{
	struct snapshot_head head;
	int rc = snapshot_read_head(path, &head, fn, ctx, e);

	if (rc == 0)
		*taken_ms = head.taken_ms;
	return rc;
}
