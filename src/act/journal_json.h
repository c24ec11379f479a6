/* A whole binding as JSON, so that a journal entry can be read and restored years later. */
#ifndef REGTOP_ACT_JOURNAL_JSON_H
#define REGTOP_ACT_JOURNAL_JSON_H

#include "model/binding.h"

/* Field names are those of the columns where there is one. Text that is not clean UTF-8 stands
 * cleaned under its name, and byte for byte as hex below "raw_hex". Caller frees. */
char *journal_json_binding(const struct binding *b);

#endif
