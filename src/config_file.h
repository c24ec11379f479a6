/* The configuration file: defaults, and named sections that are sources or nodes of one. */
#ifndef REGTOP_CONFIG_FILE_H
#define REGTOP_CONFIG_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include "base/err.h"
#include "base/slice.h"

enum config_key {
	CONFIG_READ,
	CONFIG_KIND,
	CONFIG_CONTROL,
	CONFIG_SIP,
	CONFIG_SERVER_ID,
	CONFIG_CLUSTER,
	CONFIG_TIMEZONE,
	CONFIG_TABLE,
	CONFIG_ALLOW,
	CONFIG_STORE,
	CONFIG_PURGE,
	CONFIG_CALL_USER,
	CONFIG_CALL_PASSWORD,
	CONFIG_CALL_PROXY,
	CONFIG_KEYS
};

struct config_key_row {
	const char *name;
	const char *place; /* what is written behind it, for help and manual */
	const char *help;  /* one sentence */
};

/* THE table of what a section can say. */
extern const struct config_key_row config_keys[CONFIG_KEYS];

struct config_section {
	char *name;
	unsigned line;
	char *values[CONFIG_KEYS]; /* NULL: not said */
};

/* A line before the first section: the long name of an option, and its value. */
struct config_default {
	char *name, *value;
	unsigned line;
};

struct config {
	char *path;
	struct config_section *sections;
	size_t count;
	struct config_default *defaults;
	size_t default_count;
};

/* Reads the file. NULL with *e: -ENOENT there is none; -EACCES it may not be read, or holds a
 * password and may be read by everybody; -EINVAL with the number of the line that is wrong. */
struct config *config_read(const char *path, struct err *e);
/* The same from a text; path is for messages. */
struct config *config_parse(struct slice text, const char *path, struct err *e);
void config_free(struct config *c);
/* NULL when there is no section of this name. */
const struct config_section *config_find(const struct config *c, struct slice name);
/* What a section reads, as -s would have it: its read=, or KIND: and its control=, with timezone
 * and table in the address. NULL with *e. Caller frees. */
char *config_section_spec(const struct config_section *s, struct err *e);
/* Its server_id; -1 when it is not said. */
long config_section_server_id(const struct config_section *s);
/* Does it say that nothing may be removed from what it reads? */
bool config_section_forbids_purge(const struct config_section *s);
/* Do the two read the same, so that they are nodes on one table? */
bool config_same_read(const struct config_section *a, const struct config_section *b);
/* One row for each key, for help. */
void config_print_keys(void);

#endif
