/* Kamailio's and OpenSIPS's configuration files, as far as they tell where bindings are kept and
 * which controls there are. */
#ifndef REGTOP_DISCOVER_CONF_H
#define REGTOP_DISCOVER_CONF_H

#include <stdbool.h>
#include "base/slice.h"
#include "base/strbuf.h"
#include "discover/defines.h"

struct conf;

/* Appends the text of the file; 0, or a negative code when it may not or cannot be read. */
typedef int conf_open_fn(void *ctx, const char *path, struct strbuf *out);

struct conf *conf_new(void);
void conf_free(struct conf *c);
/* What is defined before the file is read. */
struct defines *conf_defines(struct conf *c);
/* One more address that is listened on, as -l gives it. */
void conf_take_listen(struct conf *c, const char *address);
/* Reads the file and what it includes: 16 deep, 64 files, 4 MiB in all at the most. Whatever is in
 * it, that ends quickly; what is not understood is passed over. Negative when the file itself could
 * not be opened. */
int conf_read(struct conf *c, conf_open_fn *open, void *ctx, const char *path);

/* False when no loadmodule names it. */
bool conf_loads(const struct conf *c, const char *module);
/* The n-th value of a module's parameter; NULL when there is none. */
const char *conf_param_at(const struct conf *c, const char *module, const char *name, size_t n);
/* The one that counts: the last; NULL when it was not said. */
const char *conf_param(const struct conf *c, const char *module, const char *name);
/* A global parameter: server_id, port, db_default_url; NULL when it was not said. */
const char *conf_global(const struct conf *c, const char *name);
/* The n-th address that is listened on, as it is written; NULL behind the last. */
const char *conf_listen(const struct conf *c, size_t n);
/* The table that save() and lookup() work on; NULL when no save() was seen. */
const char *conf_table(const struct conf *c);
/* NULL, or what kept it from being read to its end: a clause. */
const char *conf_trouble(const struct conf *c);

#endif
