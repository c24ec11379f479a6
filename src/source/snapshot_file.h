/* The source kind "snapshot": a picture that was taken before, opened again. */
#ifndef REGTOP_SOURCE_SNAPSHOT_FILE_H
#define REGTOP_SOURCE_SNAPSHOT_FILE_H

#include "model/evidence.h"
#include "source/source.h"

/* o->place is the path. The file is read on a worker's thread, checked as a whole, then delivered
 * as one pass. Its status is then FROZEN and read_ms the time when it was taken: whoever looks at
 * it uses that as "now". A damaged file gives TROUBLE and delivers nothing; refresh() tries
 * again. When the snapshot had several sources, keys get the number of theirs in front ("2/…"),
 * as they are unique only there. */
struct source *snapshot_file_open(struct loop *l, const struct clock *c,
				  const struct source_options *o, struct err *e);

/* After the pass: what probes had found, by the keys that were delivered. Slices and *e live as
 * long as the source. Does nothing when s is of another kind. */
typedef void snapshot_evidence_fn(void *ctx, struct slice key, const struct evidence *e);
void snapshot_file_evidence(struct source *s, snapshot_evidence_fn *fn, void *ctx);

#endif
