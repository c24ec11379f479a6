/* THE option table: what the command line and the environment can say, and its parser. */
#ifndef REGTOP_OPTIONS_H
#define REGTOP_OPTIONS_H

#include <stdbool.h>
#include "act/act.h"
#include "base/err.h"
#include "cli/cli.h"
#include "config_file.h"

/* Everything that was said. Strings point into argv or live until options_free(). */
struct options {
	const struct cli_command *command;
	const char *sources[ACT_MAX_SOURCES];
	unsigned source_count;
	const char *config_path; /* -c; NULL: the usual places */
	struct config *config;   /* what was read there; NULL: none */
	const char *control;
	const char *sip;
	const char *allow;
	const char *store;
	const char *columns;
	const char *sort;
	const char *output;
	const char *reason;
	bool json, csv;
	bool read_only;
	bool dry_run;
	bool yes;
	bool call;          /* why: quiet test calls too */
	unsigned yes_count; /* --yes=COUNT; 0 when no count was given */
	bool whole_aor, leftovers;
	bool thorough, redact;
	bool ladder, raw;
	bool quiet, ring_switch, padded, allow_ring, in_quiet_hours;
	unsigned ring_s; /* --ring; 0: not said */
	unsigned pad_to; /* --padded=BYTES; 0: sizes in turn */
	const char *quiet_hours, *never_call;
	const char *history;
	unsigned history_rows;  /* 0: default */
	unsigned neighbours;    /* 0: none */
	unsigned count, ping_s; /* watch; 0: not said */
	bool bell, quiet_start;
	bool force;
	bool print_config;
	bool no_color;
	bool ascii;
	unsigned limit;     /* 0: all */
	unsigned timeout_s; /* 0: the default of the command */
	unsigned rate;      /* 0: default */
	unsigned phones;    /* 0: default */
	const char **operands;
	unsigned operand_count;
	char *filter; /* operands joined by blanks; "" when there are none */
};

struct option_row {
	char letter;       /* 0: none */
	const char *name;  /* without the dashes */
	const char *arg;   /* name of its argument, NULL: a flag; "[X]": optional */
	const char *help;  /* one sentence for help and manual */
	unsigned commands; /* where it belongs: enum cli_bit */
};

extern const struct option_row option_rows[];
extern const size_t option_rows_count;

/* 0: go on. 1: --help or --version was asked for and has been printed. Negative: *e says what is
 * wrong with the command line. Always call options_free(). */
int options_parse(int argc, char **argv, struct options *o, struct err *e);
/* For commands that open sources: reads the configuration file, if there is one, and takes what it
 * says before its first section wherever neither command line nor environment spoke. Negative with
 * *e: it is wrong, or -c names none. */
int options_read_config(struct options *o, struct err *e);
void options_free(struct options *o);
/* One row for each sub-command. */
void options_print_commands(void);
/* One row for each option. */
void options_print_rows(void);
/* One row for each option that the configuration file can set. */
void options_print_defaults(void);
/* The usage text of the whole program, or of one command. */
void options_print_help(const struct cli_command *c);

#endif
