/* The inspector's snapshots: a large one is written in steps while keys go on, and put on the disk
 * by another thread. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/alloc.h"
#include "cli/inspect_state.h"
#include "loop/worker.h"
#include "report/snapshot.h"

/* So many rows are written before the key returns: some 50 ms. */
#define AT_ONCE 10000
/* Then for so long at a time, until keys and SIP have had their turn. */
#define WORK_MS   6
#define WORK_ROWS 8192
#define STEP_ROWS 256

struct inspect_snapshot {
	struct inspector *in;
	struct snapshot_writer *writer; /* NULL: the list is not settled yet */
	bool settling;                  /* by the disk's thread */
	struct loop_timer *go;
	char path[256];
};

static void snapshot_free(struct inspect_snapshot *s)
{
	loop_timer_free(s->go);
	free(s);
}

static struct snapshot_writer *begin(struct inspector *in, const char *path, struct err *e)
{
	struct app *a = in->app;

	return snapshot_begin(a->view, (const struct source *const *)a->env.sources,
			      a->env.source_count, app_now_ms(a), path, false, e);
}

static void tell(struct inspector *in, const char *path, int rc, const struct err *e)
{
	if (rc < 0)
		ui_say(in->ui, true, "%s%s%s", e->what, e->hint[0] ? " " : "", e->hint);
	else
		ui_say(in->ui, false, "The snapshot is in %s; regtop -s opens it.", path);
	inspect_changed(in);
}

/* ---- on the disk's thread, and back ---------------------------------------------------------- */

static void settle(void *arg)
{
	struct inspect_snapshot *s = arg;

	snapshot_settle(s->writer);
}

static void on_settled(void *arg)
{
	struct inspect_snapshot *s = arg;
	struct inspector *in = s->in;
	struct err e = ERR_NONE;
	int rc;

	/* The program ends, and tells itself. */
	if (!in->snapshot)
		return;
	rc = snapshot_end(s->writer, &e);
	in->snapshot = NULL;
	tell(in, s->path, rc, &e);
	snapshot_free(s);
}

/* ---- rows ------------------------------------------------------------------------------------ */

static void on_go(void *arg)
{
	struct inspect_snapshot *s = arg;
	struct inspector *in = s->in;
	struct app *a = in->app;
	int64_t until = clock_mono_ms(a->clock) + WORK_MS;
	struct err e = ERR_NONE;
	int more = 1;

	/* What is written is what the filter on the screen matches now. */
	if (!s->writer) {
		view_work(a->view, app_now_ms(a), WORK_ROWS);
		if (view_busy(a->view)) {
			loop_timer_set(s->go, 0);
			return;
		}
		/* Few changes may rest still. */
		view_update(a->view, app_now_ms(a));
		s->writer = begin(in, s->path, &e);
	}
	if (!s->writer) {
		in->snapshot = NULL;
		tell(in, s->path, e.code, &e);
		snapshot_free(s);
		return;
	}
	while (more && clock_mono_ms(a->clock) < until)
		more = snapshot_step(s->writer, STEP_ROWS);
	inspect_changed(in);
	if (more) {
		loop_timer_set(s->go, 0);
		return;
	}
	if (!in->disk)
		in->disk = worker_start(a->loop, "snapshot");
	s->settling = true;
	worker_submit(in->disk, settle, on_settled, s);
}

/* ---- the port -------------------------------------------------------------------------------- */

static int stop(struct inspector *in, struct err *e)
{
	struct inspect_snapshot *s = in->snapshot;

	if (s->settling)
		return err_set(e, -EBUSY, "It takes as long as the disk needs.",
			       "%s is written, and being put on the disk.", s->path);
	if (s->writer)
		snapshot_end(s->writer, e);
	else
		err_set(e, -ECANCELED, NULL, "The snapshot was stopped before it began.");
	in->snapshot = NULL;
	snapshot_free(s);
	return -ECANCELED;
}

static int write_at_once(struct inspector *in, const char *path, struct err *e)
{
	struct snapshot_writer *w;
	int rc;

	view_update(in->app->view, app_now_ms(in->app));
	w = begin(in, path, e);
	if (!w)
		return e->code;
	while (snapshot_step(w, AT_ONCE))
		;
	snapshot_settle(w);
	rc = snapshot_end(w, e);
	if (rc == 0)
		tell(in, path, rc, e);
	return rc;
}

int inspect_snapshot(void *ctx, struct err *e)
{
	struct inspector *in = ctx;
	struct app *a = in->app;
	struct inspect_snapshot *s;
	char path[256];
	int rc;

	if (in->snapshot)
		return stop(in, e);
	rc = inspect_new_file("regtop", ".regtop", clock_wall_ms(a->clock), path, e);
	if (rc < 0)
		return rc;
	if (store_count(a->store) <= AT_ONCE)
		return write_at_once(in, path, e);
	s = xcalloc(1, sizeof(*s));
	s->in = in;
	snprintf(s->path, sizeof(s->path), "%s", path);
	s->go = loop_timer_new(a->loop, LOOP_DRAW, on_go, s);
	loop_timer_set(s->go, 0);
	in->snapshot = s;
	return 0;
}

bool inspect_snapshot_now(void *ctx, size_t *done, size_t *of)
{
	const struct inspect_snapshot *s = ((struct inspector *)ctx)->snapshot;

	*done = *of = 0;
	if (s && s->writer)
		*done = snapshot_progress(s->writer, of);
	return s != NULL;
}

void inspect_snapshot_free(struct inspector *in)
{
	struct inspect_snapshot *s = in->snapshot;
	struct err e = ERR_NONE;

	in->snapshot = NULL;
	/* What is written is put in its place; what is not, is not left half. */
	worker_stop(in->disk);
	in->disk = NULL;
	if (!s)
		return;
	if (s->writer && snapshot_end(s->writer, &e) == 0)
		fprintf(stderr, "regtop: the snapshot is in %s\n", s->path);
	else
		fprintf(stderr, "regtop: the snapshot was not finished; nothing was left behind\n");
	snapshot_free(s);
}
