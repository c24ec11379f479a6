/* One binding of a snapshot: JSON to struct, every type and range checked. */
#ifndef REGTOP_REPORT_SNAPSHOT_ROW_H
#define REGTOP_REPORT_SNAPSHOT_ROW_H

#include <jansson.h>
#include "report/snapshot_fields.h"

#define SNAPSHOT_MAX_SOURCES 256

/* All zero at first. */
struct snapshot_parser {
	char why[120]; /* what is wrong with the binding, without a full stop */
	struct strbuf scratch[SNAPSHOT_TEXTS]; /* bytes that were written in hex */
};

/* 0, or -EBADMSG with p->why. Slices in *row live until the next row or the end of j. */
int snapshot_parse_row(struct snapshot_parser *p, const json_t *j, struct snapshot_row *row);
void snapshot_parser_free(struct snapshot_parser *p);

#endif
