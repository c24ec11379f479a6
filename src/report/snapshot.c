/* The snapshot: the picture at one moment as a JSON document that opens again as a source. */
#include "report/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/text.h"
#include "report/json_out.h"
#include "report/snapshot_fields.h"

#define PENDING 65536

/* ---- the document -----------------------------------------------------------------------------
 */

static void add_source(struct strbuf *b, const struct source *s)
{
	strbuf_add_char(b, '{');
	json_out_key(b, "name");
	json_out_text(b, slice_of(s->name), false);
	json_out_key(b, "kind");
	json_out_text(b, slice_of(s->ops->kind), false);
	json_out_key(b, "read");
	if (s->status.read_ms)
		json_out_time(b, s->status.read_ms, true);
	else
		strbuf_add_str(b, "null");
	json_out_key(b, "complete");
	strbuf_add_str(b, s->status.complete ? "true" : "false");
	json_out_key(b, "error");
	if (!s->status.complete && s->status.trouble.what[0])
		json_out_text(b, slice_of(s->status.trouble.what), false);
	else
		strbuf_add_str(b, "null");
	strbuf_add_char(b, '}');
}

static void add_head(struct strbuf *b, const struct view *v, const struct source *const *sources,
		     size_t count, int64_t now_ms)
{
	char host[256] = "";
	bool reverse;
	enum column_id sort = view_sort(v, &reverse);

	if (gethostname(host, sizeof(host)) != 0)
		host[0] = '\0';
	host[sizeof(host) - 1] = '\0';
	/* First, so that the head of the file tells what it is. */
	strbuf_addf(b, "{\"regtop_snapshot\":%d", SNAPSHOT_VERSION);
	json_out_key(b, "regtop");
	json_out_text(b, slice_of(PACKAGE_VERSION), false);
	json_out_key(b, "taken");
	json_out_time(b, now_ms, true);
	json_out_key(b, "host");
	json_out_text(b, slice_of(host), false);
	json_out_key(b, "filter");
	json_out_text(b, slice_of(view_filter(v)), false);
	json_out_key(b, "sort");
	if (sort >= 0 && sort < COL_COUNT)
		json_out_text(b, slice_of(columns[sort].name), false);
	else
		strbuf_add_str(b, "null");
	json_out_key(b, "reverse");
	strbuf_add_str(b, reverse ? "true" : "false");
	json_out_key(b, "sources");
	strbuf_add_char(b, '[');
	for (size_t i = 0; i < count; i++) {
		if (i)
			strbuf_add_char(b, ',');
		add_source(b, sources[i]);
	}
	strbuf_add_char(b, ']');
	json_out_key(b, "bindings");
	strbuf_add_char(b, '[');
}

static void add_numbers(struct strbuf *b, const struct snapshot_number *f, size_t n,
			const void *base)
{
	for (; n; n--, f++) {
		int64_t v = snapshot_number_get(f, base);

		if (v == f->unset)
			continue;
		json_out_key(b, f->name);
		if (f->type == SNAPSHOT_BOOL)
			strbuf_add_str(b, v ? "true" : "false");
		else
			json_out_int(b, v);
	}
}

static void add_evidence(struct strbuf *b, const struct evidence *e)
{
	strbuf_add_char(b, '{');
	json_out_key(b, "outcome");
	json_out_text(b, slice_of(snapshot_outcomes[e->outcome]), false);
	json_out_key(b, "path");
	json_out_text(b, slice_of(snapshot_paths[e->path]), false);
	add_numbers(b, snapshot_evidence_numbers, snapshot_evidence_numbers_count, e);
	if (e->agent[0]) {
		json_out_key(b, "agent");
		json_out_text(b, slice_of(e->agent), false);
	}
	if (e->detail[0]) {
		json_out_key(b, "detail");
		json_out_text(b, slice_of(e->detail), false);
	}
	strbuf_add_char(b, '}');
}

/* What was judged, for readers of the file; regtop judges again from the evidence. */
static void add_judgement(struct strbuf *b, const struct judgement *j)
{
	json_out_key(b, "verdict");
	json_out_text(b, slice_of(verdict_words[j->verdict].word), false);
	json_out_key(b, "basis");
	json_out_text(b, slice_of(basis_name(j->basis)), false);
	json_out_key(b, "next_hop");
	json_out_text(b, slice_of(j->next_hop), false);
	json_out_key(b, "note");
	json_out_text(b, slice_of(j->note), false);
}

static void add_binding(struct strbuf *b, const struct row *r)
{
	strbuf_add_char(b, '{');
	json_out_key(b, "source");
	json_out_int(b, r->b.source);
	for (size_t i = 0; i < SNAPSHOT_TEXTS; i++) {
		struct slice s;

		memcpy(&s, (const char *)&r->b + snapshot_texts[i].offset, sizeof(s));
		if (!s.n)
			continue;
		json_out_key(b, snapshot_texts[i].name);
		json_out_bytes(b, s);
	}
	add_numbers(b, snapshot_numbers, snapshot_numbers_count, &r->b);
	if (r->evidence) {
		json_out_key(b, "evidence");
		add_evidence(b, r->evidence);
	}
	add_judgement(b, &r->j);
	strbuf_add_char(b, '}');
}

/* True when the reader would refuse the row: nothing that came in a SIP message is that long. */
static bool too_long(const struct binding *b)
{
	for (size_t i = 0; i < SNAPSHOT_TEXTS; i++) {
		struct slice s;

		memcpy(&s, (const char *)b + snapshot_texts[i].offset, sizeof(s));
		if (s.n > SNAPSHOT_MAX_FIELD)
			return true;
	}
	return false;
}

/* ---- the file ---------------------------------------------------------------------------------
 */

static int io_code(void)
{
	return errno ? -errno : -EIO;
}

static int refuse_target(const char *path, const char *shown, bool force, struct err *e)
{
	struct stat st;

	if (lstat(path, &st) != 0)
		return 0;
	/* A device or pipe would be replaced by a file, not written to. */
	if (!S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode))
		return err_set(e, -EINVAL, "Name a file to be written.", "%s is no plain file.",
			       shown);
	if (!force)
		return err_set(e, -EEXIST, "Choose another name, or say --force to replace it.",
			       "%s exists already; nothing was written.", shown);
	return 0;
}

/* Puts the finished file in its place; without force never over another one, even if that came
 * into being just now. */
static int place(const char *temp, const char *path, bool force)
{
	if (force)
		return rename(temp, path) == 0 ? 0 : io_code();
	if (link(temp, path) == 0) {
		unlink(temp);
		return 0;
	}
	/* File systems without hard links. */
	if (errno != EPERM && errno != ENOTSUP && errno != ENOSYS)
		return io_code();
	if (access(path, F_OK) == 0)
		return -EEXIST;
	return rename(temp, path) == 0 ? 0 : io_code();
}

static char *folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return xstrdup(".");
	if (slash == path)
		return xstrdup("/");
	return slice_copy(slice_make(path, (size_t)(slash - path)));
}

static void sync_folder(const char *folder)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	/* The file itself is safe; some file systems cannot sync a folder. */
	(void)fsync(fd);
	close(fd);
}

static int finish_file(FILE *f, int rc)
{
	errno = 0;
	if (rc == 0 && fflush(f) != 0)
		rc = io_code();
	if (rc == 0 && fsync(fileno(f)) != 0)
		rc = io_code();
	if (fclose(f) != 0 && rc == 0)
		rc = io_code();
	return rc;
}

static int tell_failure(int rc, const char *shown, struct err *e)
{
	if (rc == -EEXIST)
		return err_set(e, rc, "Choose another name, or say --force to replace it.",
			       "%s exists already; nothing was written.", shown);
	if (rc == -EMSGSIZE)
		return err_set(e, rc, "Leave that binding out with a filter.",
			       "A binding has a field of more than %d bytes; %s was not written.",
			       SNAPSHOT_MAX_FIELD, shown);
	return err_set(e, rc,
		       rc == -ENOSPC || rc == -EDQUOT
			       ? "Make room or choose another folder; nothing was left behind."
			       : "Choose another folder; nothing was left behind.",
		       "The snapshot %s could not be written: %s.", shown, strerror(-rc));
}

/* ---- writing ----------------------------------------------------------------------------------
 */

struct snapshot_writer {
	const struct view *v;
	int64_t now_ms;
	binding_id *ids; /* the view may change between the steps */
	size_t count, at, written;
	struct strbuf b;
	FILE *f;
	char *temp, *folder, *path, shown[200];
	bool force, settled;
	int rc;
};

static void writer_free(struct snapshot_writer *w)
{
	strbuf_free(&w->b);
	free(w->ids);
	free(w->temp);
	free(w->folder);
	free(w->path);
	free(w);
}

/* 0600 from the start: the file names customers. */
static int open_temp(struct snapshot_writer *w)
{
	int fd = mkostemp(w->temp, O_CLOEXEC), rc;

	if (fd >= 0)
		w->f = fdopen(fd, "w");
	if (w->f)
		return 0;
	rc = io_code();
	if (fd >= 0) {
		close(fd);
		unlink(w->temp);
	}
	return rc;
}

struct snapshot_writer *snapshot_begin(const struct view *v, const struct source *const *sources,
				       size_t source_count, int64_t now_ms, const char *path,
				       bool force, struct err *e)
{
	struct snapshot_writer *w = xcalloc(1, sizeof(*w));
	int rc;

	text_clean_buf(slice_of(path), w->shown, sizeof(w->shown));
	w->path = xstrdup(path);
	w->folder = folder_of(path);
	w->temp = xasprintf("%s/.regtop-snapshot-XXXXXX", w->folder);
	w->force = force;
	if (refuse_target(path, w->shown, force, e) < 0) {
		writer_free(w);
		return NULL;
	}
	rc = open_temp(w);
	if (rc < 0) {
		tell_failure(rc, w->shown, e);
		writer_free(w);
		return NULL;
	}
	w->v = v;
	w->now_ms = now_ms;
	w->count = view_count(v);
	w->ids = xcalloc(w->count ? w->count : 1, sizeof(*w->ids));
	for (size_t i = 0; i < w->count; i++)
		w->ids[i] = view_at(v, i);
	add_head(&w->b, v, sources, source_count, now_ms);
	return w;
}

static void write_row(struct snapshot_writer *w, binding_id id)
{
	struct row r;

	if (!view_row(w->v, id, w->now_ms, &r))
		return;
	if (too_long(&r.b)) {
		w->rc = -EMSGSIZE;
		return;
	}
	strbuf_add_str(&w->b, w->written++ ? ",\n" : "\n");
	add_binding(&w->b, &r);
	if (w->b.n >= PENDING)
		w->rc = json_out_flush(&w->b, w->f);
}

int snapshot_step(struct snapshot_writer *w, size_t rows)
{
	for (; rows && w->at < w->count && w->rc == 0; rows--)
		write_row(w, w->ids[w->at++]);
	return w->rc == 0 && w->at < w->count;
}

size_t snapshot_progress(const struct snapshot_writer *w, size_t *of)
{
	*of = w->count;
	return w->at;
}

void snapshot_settle(struct snapshot_writer *w)
{
	if (w->rc == 0) {
		strbuf_add_str(&w->b, "\n]}\n");
		w->rc = json_out_flush(&w->b, w->f);
	}
	w->rc = finish_file(w->f, w->rc);
	w->f = NULL;
	if (w->rc == 0)
		w->rc = place(w->temp, w->path, w->force);
	if (w->rc == 0)
		sync_folder(w->folder);
	w->settled = true;
}

int snapshot_end(struct snapshot_writer *take, struct err *e)
{
	int rc = take->settled ? take->rc : -ECANCELED;

	if (take->f)
		fclose(take->f);
	if (rc)
		unlink(take->temp);
	if (rc == -ECANCELED)
		err_set(e, rc, NULL, "The snapshot was stopped; nothing was left behind.");
	else if (rc)
		tell_failure(rc, take->shown, e);
	writer_free(take);
	return rc;
}

int snapshot_write(const struct view *v, const struct source *const *sources, size_t source_count,
		   int64_t now_ms, const char *path, bool force, struct err *e)
{
	struct err own = ERR_NONE;
	struct snapshot_writer *w;

	if (!e)
		e = &own;
	w = snapshot_begin(v, sources, source_count, now_ms, path, force, e);
	if (!w)
		return e->code;
	while (snapshot_step(w, SIZE_MAX))
		;
	snapshot_settle(w);
	return snapshot_end(w, e);
}
