/* THE table of sub-commands, and what each of them is given. */
#ifndef REGTOP_CLI_CLI_H
#define REGTOP_CLI_CLI_H

#include <stddef.h>
#include "base/slice.h"

struct options;

/* One bit per sub-command, so that the option table can say where an option belongs. */
enum cli_bit {
	CLI_INSPECT = 1 << 0,
	CLI_LIST = 1 << 1,
	CLI_SHOW = 1 << 2,
	CLI_PING = 1 << 3,
	CLI_PURGE = 1 << 4,
	CLI_JOURNAL = 1 << 5,
	CLI_SNAPSHOT = 1 << 6,
	CLI_LISTEN = 1 << 7,
	CLI_DEMO = 1 << 8,
	CLI_HELP = 1 << 9,
	CLI_CHECK = 1 << 10,
	CLI_WHY = 1 << 11,
	CLI_CALL = 1 << 12,
	CLI_WATCH = 1 << 13,
	/* All that open a source the person names. */
	CLI_SOURCES = CLI_INSPECT | CLI_LIST | CLI_SHOW | CLI_PING | CLI_PURGE | CLI_SNAPSHOT |
		      CLI_CHECK | CLI_WHY | CLI_CALL | CLI_WATCH,
	CLI_SCREEN = CLI_INSPECT | CLI_DEMO,
	CLI_ALL = (1 << 14) - 1,
	/* Of an option: it may stand in the configuration file, before the first section. */
	CLI_IN_FILE = 1 << 15,
};

struct cli_command {
	const char *word;     /* "" for the inspector, which needs none */
	const char *operands; /* as shown in the usage line */
	const char *help;     /* one sentence for help and manual */
	enum cli_bit bit;
	unsigned operands_min, operands_max;
	/* Returns an exit status of enum regtop_exit; messages are on stderr by then. */
	int (*run)(const struct options *o);
};

extern const struct cli_command cli_commands[];
extern const size_t cli_commands_count;

/* NULL when there is none of this word. */
const struct cli_command *cli_command_by_word(struct slice word);

int cli_inspect(const struct options *o);
int cli_list(const struct options *o);
int cli_show(const struct options *o);
int cli_call(const struct options *o);
int cli_why(const struct options *o);
int cli_watch(const struct options *o);
int cli_ping(const struct options *o);
int cli_purge(const struct options *o);
int cli_journal(const struct options *o);
int cli_snapshot(const struct options *o);
int cli_listen(const struct options *o);
int cli_check(const struct options *o);
int cli_demo(const struct options *o);
int cli_help(const struct options *o);

/* The inspector on an app that is open already; takes nothing over. title and first words may be
 * NULL. Used by the inspector itself and by the demo. */
struct app;
int cli_inspect_app(struct app *a, const struct options *o, const char *title,
		    const char *first_words);

#endif
