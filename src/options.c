/* THE option table: what the command line and the environment can say, and its parser. */
#include "options.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/alloc.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "cli/rows.h"
#include "paths.h"

/* So many neighbours are asked when no number is given. */
#define NEIGHBOURS_DEFAULT 5
#define RING_DEFAULT_S     4
#define PINGS_DEFAULT_S    60
#define PINGS_LEAST_S      5

enum kind {
	OPT_FLAG,
	OPT_TEXT,
	OPT_COUNT,
	OPT_SECONDS,
	OPT_SOURCE,
	OPT_YES,
	OPT_NEIGHBOURS,
	OPT_RING,
	OPT_PADDED,
	OPT_PINGS,
	OPT_HELP,
	OPT_VERSION
};

/* How a row is stored; beside the public table, same order. */
struct store_rule {
	enum kind kind;
	size_t offset;
	unsigned max; /* OPT_COUNT */
};

/* clang-format off */
#define LISTINGS (CLI_LIST | CLI_SHOW | CLI_PING | CLI_JOURNAL | CLI_CHECK | CLI_WHY | CLI_CALL | CLI_WATCH)
#define ROWS     (CLI_LIST | CLI_PING | CLI_SCREEN)

const struct option_row option_rows[] = {
	{'s', "source", "SPEC", "Where bindings come from: KIND:PLACE, or a file whose kind is recognised; may be repeated.", CLI_SOURCES | CLI_LISTEN},
	{'c', "config", "FILE", "The configuration file; else ~/.config/regtop/regtop.conf or /etc/regtop.conf.", CLI_SOURCES},
	{0, "control", "WHERE", "How the registrar is told to change: unix:PATH, fifo:PATH or http://ADDRESS:PORT/PATH (JSON-RPC, MI), ctl:PATH (Kamailio's ctl), udp:ADDRESS:PORT (OpenSIPS's mi_datagram), or table (the table is the truth).", CLI_SOURCES},
	{0, "sip", "HOST:PORT", "The registrar's SIP address that probes go to, when the bindings do not tell.", CLI_SOURCES},
	{0, "allow", "CIDR[,CIDR]", "Networks that may register besides loopback.", CLI_LISTEN | CLI_SOURCES},
	{0, "store", "FILE", "Where the own registrar keeps its bindings.", CLI_LISTEN | CLI_SOURCES},
	{0, "json", NULL, "Prints JSON.", LISTINGS},
	{0, "csv", NULL, "Prints CSV.", CLI_LIST | CLI_PING},
	{0, "columns", "NAME,…", "The columns to show, in this order.", ROWS | CLI_IN_FILE},
	{0, "sort", "[-]NAME", "The column to sort by; with - in front, downwards.", ROWS | CLI_SNAPSHOT | CLI_IN_FILE},
	{0, "limit", "N", "At most N rows.", CLI_LIST | CLI_PING | CLI_JOURNAL},
	{'o', "output", "FILE", "The file to write.", CLI_SNAPSHOT},
	{0, "force", NULL, "Overwrites the file when it exists.", CLI_SNAPSHOT},
	{0, "print-config", NULL, "Prints what regtop finds by itself as a configuration file, without passwords.", CLI_CHECK},
	{0, "dry-run", NULL, "Shows the plan and changes nothing.", CLI_PURGE | CLI_CALL},
	{0, "yes", "[COUNT]", "Answers the question: for one binding as it is, for more only with their exact count.", CLI_PURGE | CLI_CALL | CLI_WHY},
	{0, "whole-aor", NULL, "Purges every binding of the AoRs that the filter finds, as the registrar has them: where one cannot go alone.", CLI_PURGE},
	{0, "leftovers", NULL, "Removes rows that only the table has: the registrar's memory does not know them, calls do not go there.", CLI_PURGE},
	{0, "neighbours", "[N]", "Asks N other bindings of the same source network too, 5 unless told: is it this phone, or the site?", CLI_WHY},
	{0, "quiet", NULL, "A call that should not ring: phones refuse what it asks for. This is what is done unless told.", CLI_CALL},
	{0, "ring", "[SECONDS]", "Rings the phone, 4 s unless told, 20 s at the most; then the call is cancelled.", CLI_CALL},
	{0, "switch", NULL, "Calls the AoR through the switch, as a caller would; rings as long as --ring says.", CLI_CALL},
	{0, "padded", "[BYTES]", "Quiet calls of growing size, or of this one: do large messages arrive?", CLI_CALL},
	{0, "allow-ring", NULL, "In a script: yes, a phone may ring.", CLI_CALL},
	{0, "in-quiet-hours", NULL, "In a script: yes, even now.", CLI_CALL | CLI_WHY},
	{0, "quiet-hours", "FROM-TO", "The hours in which nobody should be rung, 20:00-08:00 unless told; or none.", CLI_CALL | CLI_WHY | CLI_SCREEN | CLI_IN_FILE},
	{0, "never-call", "AOR,…", "AoRs that are never called.", CLI_CALL | CLI_WHY | CLI_SCREEN | CLI_IN_FILE},
	{0, "ladder", NULL, "Prints every message too, with its time, size and addresses.", CLI_CALL | CLI_PING | CLI_WHY},
	{0, "raw", NULL, "With --ladder: the messages themselves as well.", CLI_CALL | CLI_PING | CLI_WHY},
	{0, "history", "TIME|no", "How long is remembered what happened to bindings, 30d unless told; no: nothing is.", CLI_SOURCES | CLI_LISTEN | CLI_IN_FILE},
	{0, "history-rows", "N", "So many events at the most, 200000 unless told.", CLI_SOURCES | CLI_LISTEN | CLI_IN_FILE},
	{0, "ping", "[SECONDS]", "Asks what is watched with OPTIONS, every 60 s unless told, spread; who is silent ever more seldom.", CLI_WATCH},
	{0, "count", "N", "Ends after so many changes; exit status 1 when --timeout comes first.", CLI_WATCH},
	{0, "quiet-start", NULL, "Tells only changes, not how it stands at the start.", CLI_WATCH},
	{0, "bell", NULL, "Rings the terminal's bell with each line.", CLI_WATCH},
	{0, "thorough", NULL, "Asks who is silent a second time, 20 s later.", CLI_WHY},
	{0, "call", NULL, "Calls who answers quietly too, in growing sizes: does an INVITE arrive? Asks first, as regtop call does.", CLI_WHY},
	{0, "redact", NULL, "Hides numbers, addresses and devices as a ticket does.", CLI_WHY | CLI_CALL},
	{0, "reason", "TEXT", "Why, for the journal: a ticket number or a sentence.", CLI_PURGE | CLI_CALL | CLI_WHY},
	{0, "read-only", NULL, "Refuses everything that would change a registrar.", CLI_SOURCES | CLI_DEMO | CLI_IN_FILE},
	{0, "timeout", "DURATION", "How long to wait for the sources, 10s unless told; for ping and why, for each answer, 5s; for watch, until it ends, never unless told.", CLI_SOURCES | CLI_IN_FILE},
	{0, "rate", "N", "Probes per second at the most, 50 unless told, 20 for watch.", CLI_PING | CLI_WATCH | CLI_SCREEN | CLI_IN_FILE},
	{0, "phones", "N", "How many phones the demo simulates.", CLI_DEMO},
	{0, "no-color", NULL, "No colour; the same as NO_COLOR in the environment.", CLI_SCREEN | CLI_IN_FILE},
	{0, "ascii", NULL, "Only ASCII on the screen and in tables.", CLI_SCREEN | CLI_WATCH | CLI_LIST | CLI_SHOW | CLI_PING | CLI_WHY | CLI_CALL | CLI_IN_FILE},
	{'h', "help", NULL, "Prints help and ends.", CLI_ALL},
	{'V', "version", NULL, "Prints the version and ends.", CLI_ALL},
};

#define AT(field) offsetof(struct options, field)

static const struct store_rule store_rules[] = {
	{OPT_SOURCE, 0, 0},
	{OPT_TEXT, AT(config_path), 0},
	{OPT_TEXT, AT(control), 0},
	{OPT_TEXT, AT(sip), 0},
	{OPT_TEXT, AT(allow), 0},
	{OPT_TEXT, AT(store), 0},
	{OPT_FLAG, AT(json), 0},
	{OPT_FLAG, AT(csv), 0},
	{OPT_TEXT, AT(columns), 0},
	{OPT_TEXT, AT(sort), 0},
	{OPT_COUNT, AT(limit), 1000000000},
	{OPT_TEXT, AT(output), 0},
	{OPT_FLAG, AT(force), 0},
	{OPT_FLAG, AT(print_config), 0},
	{OPT_FLAG, AT(dry_run), 0},
	{OPT_YES, 0, 1000000},
	{OPT_FLAG, AT(whole_aor), 0},
	{OPT_FLAG, AT(leftovers), 0},
	{OPT_NEIGHBOURS, 0, 20},
	{OPT_FLAG, AT(quiet), 0},
	{OPT_RING, 0, 20},
	{OPT_FLAG, AT(ring_switch), 0},
	{OPT_PADDED, 0, 8000},
	{OPT_FLAG, AT(allow_ring), 0},
	{OPT_FLAG, AT(in_quiet_hours), 0},
	{OPT_TEXT, AT(quiet_hours), 0},
	{OPT_TEXT, AT(never_call), 0},
	{OPT_FLAG, AT(ladder), 0},
	{OPT_FLAG, AT(raw), 0},
	{OPT_TEXT, AT(history), 0},
	{OPT_COUNT, AT(history_rows), 100000000},
	{OPT_PINGS, 0, 86400},
	{OPT_COUNT, AT(count), 1000000000},
	{OPT_FLAG, AT(quiet_start), 0},
	{OPT_FLAG, AT(bell), 0},
	{OPT_FLAG, AT(thorough), 0},
	{OPT_FLAG, AT(call), 0},
	{OPT_FLAG, AT(redact), 0},
	{OPT_TEXT, AT(reason), 0},
	{OPT_FLAG, AT(read_only), 0},
	{OPT_SECONDS, AT(timeout_s), 3600},
	{OPT_COUNT, AT(rate), 100000},
	{OPT_COUNT, AT(phones), 20000},
	{OPT_FLAG, AT(no_color), 0},
	{OPT_FLAG, AT(ascii), 0},
	{OPT_HELP, 0, 0},
	{OPT_VERSION, 0, 0},
};
/* clang-format on */

const size_t option_rows_count = sizeof(option_rows) / sizeof(option_rows[0]);
_Static_assert(sizeof(option_rows) / sizeof(option_rows[0]) ==
		       sizeof(store_rules) / sizeof(store_rules[0]),
	       "every option has a rule");

/* The words of the command line come from outside like all else: the message is cleaned. */
__attribute__((format(printf, 3, 4))) static int usage(struct err *e, const struct cli_command *c,
						       const char *fmt, ...)
{
	char raw[256], clean[256], hint[160];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	text_clean_buf(slice_of(raw), clean, sizeof(clean));
	snprintf(hint, sizeof(hint), "Try: regtop %s%s--help", c ? c->word : "",
		 c && c->word[0] ? " " : "");
	return err_set(e, -EINVAL, hint, "%s", clean);
}

static ptrdiff_t find_long(struct slice name)
{
	for (size_t i = 0; i < option_rows_count; i++)
		if (slice_eq_str(name, option_rows[i].name))
			return (ptrdiff_t)i;
	return -1;
}

static ptrdiff_t find_letter(char letter)
{
	for (size_t i = 0; i < option_rows_count; i++)
		if (option_rows[i].letter == letter)
			return (ptrdiff_t)i;
	return -1;
}

static int store_value(struct options *o, size_t row, const char *value, struct err *e)
{
	const struct store_rule *r = &store_rules[row];
	void *at = (char *)o + r->offset;
	uint64_t n;
	int64_t seconds;

	switch (r->kind) {
	case OPT_FLAG:
		*(bool *)at = true;
		return 0;
	case OPT_TEXT:
		*(const char **)at = value;
		return 0;
	case OPT_COUNT:
		if (!slice_to_u64(slice_of(value), r->max, &n) || n == 0)
			return usage(e, o->command, "%s is no number that fits here", value);
		*(unsigned *)at = (unsigned)n;
		return 0;
	case OPT_SECONDS:
		if (!text_parse_duration(slice_of(value), &seconds) || seconds <= 0 ||
		    seconds > (int64_t)r->max)
			return usage(e, o->command,
				     "%s is no duration that fits here; write 5s, 2m or 1h", value);
		*(unsigned *)at = (unsigned)seconds;
		return 0;
	case OPT_SOURCE:
		if (o->source_count == ACT_MAX_SOURCES)
			return usage(e, o->command, "too many sources at %s", value);
		o->sources[o->source_count++] = value;
		return 0;
	case OPT_YES:
		o->yes = true;
		if (value) {
			if (!slice_to_u64(slice_of(value), r->max, &n) || n == 0)
				return usage(e, o->command, "--yes=%s: the count is a number",
					     value);
			o->yes_count = (unsigned)n;
		}
		return 0;
	case OPT_RING:
		o->ring_s = RING_DEFAULT_S;
		if (value && (!text_parse_duration(slice_of(value), &seconds) || seconds <= 0 ||
			      seconds > (int64_t)r->max))
			return usage(e, o->command, "--ring=%s: 1 to %u seconds", value, r->max);
		if (value)
			o->ring_s = (unsigned)seconds;
		return 0;
	case OPT_PADDED:
		o->padded = true;
		if (value && (!slice_to_u64(slice_of(value), r->max, &n) || n == 0))
			return usage(e, o->command, "--padded=%s: 1 to %u bytes", value, r->max);
		o->pad_to = value ? (unsigned)n : 0;
		return 0;
	case OPT_NEIGHBOURS:
		o->neighbours = NEIGHBOURS_DEFAULT;
		if (value) {
			if (!slice_to_u64(slice_of(value), r->max, &n) || n == 0)
				return usage(e, o->command, "--neighbours=%s: a number of 1 to %u",
					     value, r->max);
			o->neighbours = (unsigned)n;
		}
		return 0;
	case OPT_PINGS:
		o->ping_s = PINGS_DEFAULT_S;
		if (value) {
			if (!text_parse_duration(slice_of(value), &seconds) ||
			    seconds < PINGS_LEAST_S || seconds > (int64_t)r->max)
				return usage(e, o->command, "--ping=%s: write %ds to %us", value,
					     PINGS_LEAST_S, r->max);
			o->ping_s = (unsigned)seconds;
		}
		return 0;
	case OPT_HELP:
		options_print_help(o->command);
		return 1;
	case OPT_VERSION:
		printf("regtop %s\n", PACKAGE_VERSION);
		return 1;
	}
	return 0;
}

/* One option at argv[*i]; may take argv[*i + 1] as its value. */
static int parse_option(int argc, char **argv, int *i, struct options *o, struct err *e)
{
	const char *word = argv[*i], *value = NULL;
	const struct option_row *row;
	bool is_long = word[1] == '-', optional;
	struct slice name;
	ptrdiff_t at;

	if (is_long) {
		struct slice rest = slice_cut(slice_of(word + 2), '=', &name);

		value = rest.p;
		at = find_long(name);
	} else {
		at = find_letter(word[1]);
		if (word[2])
			value = word + 2;
	}
	if (at < 0)
		return usage(e, o->command, "unknown option %s", word);
	row = &option_rows[at];
	if (!(row->commands & (unsigned)o->command->bit))
		return usage(e, o->command, "%s does not belong to this command", word);
	optional = row->arg && row->arg[0] == '[' && row->arg[1] != '-';
	if (!row->arg && value)
		return usage(e, o->command, "%s takes no value", word);
	if (row->arg && !optional && !value) {
		if (*i + 1 >= argc)
			return usage(e, o->command, "%s wants a value", word);
		value = argv[++*i];
	}
	return store_value(o, (size_t)at, value, e);
}

/* The environment says what is true for every call on a machine. */
static void read_environment(struct options *o)
{
	const char *ro = getenv("REGTOP_READONLY"), *nc = getenv("NO_COLOR");

	if (ro && ro[0] && strcmp(ro, "0") != 0)
		o->read_only = true;
	if (nc && nc[0])
		o->no_color = true;
}

static int check_operands(struct options *o, struct err *e)
{
	const struct cli_command *c = o->command;

	if (o->operand_count < c->operands_min)
		return usage(e, c, "what is missing: %s", c->operands);
	if (o->operand_count > c->operands_max)
		return usage(e, c, "%s is too much here", o->operands[c->operands_max]);
	if (o->json && o->csv)
		return usage(e, c, "--json and --csv: one or the other");
	return 0;
}

int options_parse(int argc, char **argv, struct options *o, struct err *e)
{
	struct strbuf filter = STRBUF_INIT;
	bool only_operands = false;
	int rc = 0, first = 1;

	memset(o, 0, sizeof(*o));
	err_clear(e);
	o->operands = xcalloc((size_t)argc + 1, sizeof(*o->operands));
	o->command = argc > 1 && argv[1][0] ? cli_command_by_word(slice_of(argv[1])) : NULL;
	if (o->command)
		first = 2;
	else
		o->command = cli_command_by_word(SLICE_LIT(""));
	read_environment(o);
	for (int i = first; i < argc && rc == 0; i++) {
		if (!only_operands && strcmp(argv[i], "--") == 0)
			only_operands = true;
		else if (!only_operands && argv[i][0] == '-' && argv[i][1])
			rc = parse_option(argc, argv, &i, o, e);
		else
			o->operands[o->operand_count++] = argv[i];
	}
	if (rc == 0)
		rc = check_operands(o, e);
	for (unsigned i = 0; i < o->operand_count; i++) {
		if (i)
			strbuf_add_char(&filter, ' ');
		strbuf_add_str(&filter, o->operands[i]);
	}
	o->filter = strbuf_take(&filter);
	return rc;
}

/* ---- the configuration file ------------------------------------------------------------------ */

static bool is_unset(const struct options *o, size_t row)
{
	const struct store_rule *r = &store_rules[row];
	const void *at = (const char *)o + r->offset;

	return r->kind == OPT_FLAG   ? !*(const bool *)at
	       : r->kind == OPT_TEXT ? !*(const char *const *)at
				     : !*(const unsigned *)at;
}

/* What programs read is not shaped by what somebody likes to see. */
static bool takes_default(const struct options *o, size_t row)
{
	if ((o->json || o->csv) && store_rules[row].offset == AT(columns))
		return false;
	return (option_rows[row].commands & (unsigned)o->command->bit) && is_unset(o, row);
}

static int default_wrong(const struct config *c, const struct config_default *d, const char *hint,
			 const char *words, struct err *e)
{
	char shown[80];

	text_clean_buf(slice_of(d->name), shown, sizeof(shown));
	return err_set(e, -EINVAL, hint, "%s, line %u: %s %s", c->path, d->line, words, shown);
}

static int take_default(struct options *o, const struct config_default *d, struct err *e)
{
	ptrdiff_t row = find_long(slice_of(d->name));
	bool flag, yes = strcmp(d->value, "yes") == 0;
	struct options tried = {.command = o->command};
	struct err why = ERR_NONE;

	if (row < 0 || !(option_rows[row].commands & CLI_IN_FILE))
		return default_wrong(o->config, d,
				     "regtop help config lists what stands before the first "
				     "section.",
				     "this is no option for the file:", e);
	flag = store_rules[row].kind == OPT_FLAG;
	if (flag && !yes && strcmp(d->value, "no") != 0)
		return default_wrong(o->config, d, "Write yes or no.", "only yes or no fit behind",
				     e);
	/* Wrong is wrong, whether this command looks at it or not. */
	if (store_value(&tried, (size_t)row, d->value, &why) < 0)
		return default_wrong(o->config, d, why.what, "its value does not fit:", e);
	if (takes_default(o, (size_t)row) && (!flag || yes))
		return store_value(o, (size_t)row, d->value, e);
	return 0;
}

int options_read_config(struct options *o, struct err *e)
{
	char *path = o->config_path ? xstrdup(o->config_path) : paths_config_file();
	int rc = 0;

	if (path && (o->command->bit & CLI_SOURCES)) {
		o->config = config_read(path, e);
		rc = o->config ? 0 : e->code;
	}
	free(path);
	for (size_t i = 0; rc == 0 && o->config && i < o->config->default_count; i++)
		rc = take_default(o, &o->config->defaults[i], e);
	return rc;
}

void options_free(struct options *o)
{
	config_free(o->config);
	free(o->operands);
	free(o->filter);
}

static void print_option(const struct option_row *r)
{
	char term[64], value[40] = "";
	bool optional = r->arg && r->arg[0] == '[' && r->arg[1] != '-';

	if (optional)
		snprintf(value, sizeof(value), "[=%.*s]", (int)strlen(r->arg) - 2, r->arg + 1);
	else if (r->arg)
		snprintf(value, sizeof(value), "=%s", r->arg);
	snprintf(term, sizeof(term), "%c%c%c --%s%s", r->letter ? '-' : ' ',
		 r->letter ? r->letter : ' ', r->letter ? ',' : ' ', r->name, value);
	rows_print(27, term, r->help);
}

void options_print_commands(void)
{
	char term[64];

	for (size_t i = 0; i < cli_commands_count; i++) {
		snprintf(term, sizeof(term), "regtop %s%s%s", cli_commands[i].word,
			 cli_commands[i].word[0] ? " " : "", cli_commands[i].operands);
		rows_print(27, term, cli_commands[i].help);
	}
}

void options_print_defaults(void)
{
	char term[64];

	for (size_t i = 0; i < option_rows_count; i++) {
		const struct option_row *r = &option_rows[i];

		if (!(r->commands & CLI_IN_FILE))
			continue;
		snprintf(term, sizeof(term), "%s = %s", r->name, r->arg ? r->arg : "yes|no");
		rows_print(27, term, r->help);
	}
}

void options_print_rows(void)
{
	for (size_t i = 0; i < option_rows_count; i++)
		print_option(&option_rows[i]);
}

void options_print_help(const struct cli_command *c)
{
	if (!c || !c->word[0]) {
		printf("regtop %s: see, judge, probe, call and purge SIP registrations, live.\n\n",
		       PACKAGE_VERSION);
		printf("usage:\n");
		options_print_commands();
		printf("\noptions (regtop COMMAND --help shows those of one command):\n");
		options_print_rows();
		printf("\nstart with: regtop demo, or regtop -s /path/to/kamailio.sqlite\n");
		return;
	}
	printf("usage: regtop %s %s\n%s\n\noptions:\n", c->word, c->operands, c->help);
	for (size_t i = 0; i < option_rows_count; i++)
		if (option_rows[i].commands & (unsigned)c->bit)
			print_option(&option_rows[i]);
}
