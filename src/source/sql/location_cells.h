/* A location table's row as the text of its cells, as database servers give it, to a binding. */
#ifndef REGTOP_SOURCE_SQL_LOCATION_CELLS_H
#define REGTOP_SOURCE_SQL_LOCATION_CELLS_H

#include "base/zone.h"
#include "source/sql/location.h"

/* Adds the row of C_COUNT cells to a batch; z is the zone of its dates. */
void location_add_cells(struct location_batch *out, const struct slice *cells,
			enum location_dialect dialect, const struct zone *z);
/* The number that a cell holds; 0 when it holds none. */
int64_t location_cell_number(struct slice cell);

#endif
