/* The snapshot: the picture at one moment as a JSON document that opens again as a source. */
#ifndef REGTOP_REPORT_SNAPSHOT_H
#define REGTOP_REPORT_SNAPSHOT_H

#include "base/err.h"
#include "model/view.h"
#include "source/source.h"

/* Writes all rows of the view (raw bytes kept: bytes that are no UTF-8 go through an escape that
 * doc/regtop-snapshot.5 describes), evidence and verdicts to path: into a temporary file beside
 * it, synced, then renamed; an existing file is not overwritten unless force. Mode 0600. */
int snapshot_write(const struct view *v, const struct source *const *sources, size_t source_count,
		   int64_t now_ms, const char *path, bool force, struct err *e);

/* The same for who has other things to do meanwhile: begun, then steps until one returns 0, then
 * settled, then ended. What changes between the steps is written as it is by then, what left is
 * left out. */
struct snapshot_writer;
/* NULL with *e when the file cannot be begun. v is borrowed until the last step; the rows are those
 * that it has now. */
struct snapshot_writer *snapshot_begin(const struct view *v, const struct source *const *sources,
				       size_t source_count, int64_t now_ms, const char *path,
				       bool force, struct err *e);
/* Writes so many rows more. 1: go on; 0: all are written, or it failed: settle. */
int snapshot_step(struct snapshot_writer *w, size_t rows);
/* Rows that were done, of *of. */
size_t snapshot_progress(const struct snapshot_writer *w, size_t *of);
/* Syncs the file and puts it in its place: may take long, and may be done by another thread. */
void snapshot_settle(struct snapshot_writer *w);
/* 0 when it is there, else a code with *e and nothing is left behind: -ECANCELED when it was not
 * settled. Frees take. */
int snapshot_end(struct snapshot_writer *take, struct err *e);
/* True when the head of the file looks like a snapshot. */
bool snapshot_recognise(const char *path, struct err *e);

/* One binding of a snapshot. */
struct snapshot_row {
	struct binding b;
	struct evidence evidence;
	bool has_evidence;
	unsigned source; /* index of its source when the snapshot was taken */
};
typedef void snapshot_row_fn(void *ctx, const struct snapshot_row *r);
/* Reads a snapshot; *taken_ms gets its time. Damaged or newer files: negative code and *e. Text is
 * capped and checked; nothing is delivered from a damaged file. */
int snapshot_read(const char *path, int64_t *taken_ms, snapshot_row_fn *fn, void *ctx,
		  struct err *e);

/* What a snapshot says about itself. */
struct snapshot_head {
	int64_t taken_ms;
	unsigned sources; /* how many there were; keys are unique in each of them */
	size_t bindings;
	bool complete;     /* every source's picture was complete */
	char trouble[320]; /* the first incomplete source and why, cleaned; empty when complete */
};
/* snapshot_read() that gives the whole head; it is filled before the first row comes. */
int snapshot_read_head(const char *path, struct snapshot_head *head, snapshot_row_fn *fn, void *ctx,
		       struct err *e);

#endif
