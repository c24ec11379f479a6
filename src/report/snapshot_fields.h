/* The members of a snapshot's bindings, one table for writing and reading. */
#ifndef REGTOP_REPORT_SNAPSHOT_FIELDS_H
#define REGTOP_REPORT_SNAPSHOT_FIELDS_H

#include <stddef.h>
#include "model/evidence.h"
#include "report/snapshot.h"

#define SNAPSHOT_VERSION 1
/* No SIP message is longer, so no field of one is. */
#define SNAPSHOT_MAX_FIELD 65535

/* A slice of struct binding; absent when empty. */
struct snapshot_text {
	const char *name;
	size_t offset;
};
enum { SNAPSHOT_TEXTS = 12 };
extern const struct snapshot_text snapshot_texts[SNAPSHOT_TEXTS];

enum snapshot_type { SNAPSHOT_I64, SNAPSHOT_I32, SNAPSHOT_U32, SNAPSHOT_BOOL };

/* A number or truth of struct binding or struct evidence; absent when it is unset. */
struct snapshot_number {
	const char *name;
	size_t offset;
	enum snapshot_type type;
	int64_t unset;
};
extern const struct snapshot_number snapshot_numbers[];
extern const size_t snapshot_numbers_count;
extern const struct snapshot_number snapshot_evidence_numbers[];
extern const size_t snapshot_evidence_numbers_count;

/* Words of enum probe_outcome and enum probe_path. */
enum { SNAPSHOT_OUTCOMES = PROBE_ELSEWHERE + 1, SNAPSHOT_PATHS = PROBE_PATH_DIRECT + 1 };
extern const char *const snapshot_outcomes[SNAPSHOT_OUTCOMES];
extern const char *const snapshot_paths[SNAPSHOT_PATHS];

int64_t snapshot_number_get(const struct snapshot_number *f, const void *base);
/* False when v does not fit the field. */
bool snapshot_number_set(const struct snapshot_number *f, void *base, int64_t v);

#endif
