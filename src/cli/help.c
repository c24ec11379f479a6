/* regtop help: the tables of the program, as text for people or as manual source. */
#include <stdio.h>
#include <string.h>
#include "judge/diagnosis.h"
#include "model/columns.h"
#include "cli/rows.h"
#include "options.h"
#include "source/source.h"
#include "ui/commands.h"

static void line(const char *left, const char *right)
{
	rows_print(26, left, right);
}

static void help_sources(void)
{
	char left[96];

	for (size_t i = 0; i < source_kinds_count; i++) {
		snprintf(left, sizeof(left), "-s %s:%s", source_kinds[i].kind,
			 source_kinds[i].place);
		printf("  %s\n      %s\n", left, source_kinds[i].help);
	}
	line("-s PATH", "A file whose kind is recognised by what is in it.");
}

static void help_keys(void)
{
	char left[64];

	for (int g = GROUP_MOVE; g <= GROUP_OTHER; g++) {
		printf("%s\n", command_group_title((enum command_group)g));
		for (size_t i = 0; i < commands_count; i++) {
			if ((int)commands[i].group != g)
				continue;
			snprintf(left, sizeof(left), "%s%s:%s%s%s", commands[i].keys,
				 commands[i].keys[0] ? ", " : "", commands[i].word,
				 commands[i].arg ? " " : "",
				 commands[i].arg ? commands[i].arg : "");
			line(left, commands[i].help);
		}
	}
}

static void help_columns(void)
{
	for (int c = 0; c < COL_COUNT; c++)
		line(columns[c].name, columns[c].help);
}

static void help_verdicts(void)
{
	for (int v = 0; v < VERDICT_COUNT; v++)
		line(verdict_words[v].word, verdict_words[v].meaning);
	printf("\nThe basis says how far a probe may be believed:\n");
	line("confirmed", "It took the path that a call takes.");
	line("likely", "It went directly, and there is no NAT in between.");
	line("unknown", "It went directly, but a NAT stands in between: a failure proves nothing.");
}

/* One row: what it is, and what the support desk should do. */
static void print_cause(const struct cause_row *c)
{
	char sentence[400];

	snprintf(sentence, sizeof(sentence), "%s: %s", c->title, c->advice);
	line(c->id, sentence);
}

static void help_causes(void)
{
	for (size_t i = 0; i < causes_count; i++)
		print_cause(&causes[i]);
}

static void help_config(void)
{
	puts("Before the first section:");
	options_print_defaults();
	puts("In a section:");
	config_print_keys();
}

static void help_filter(void)
{
	puts("  acme 4021                 words that must all be found in what a ticket would say\n"
	     "  verdict:silent            a field: text contains, words and numbers are equal\n"
	     "  left<2m  expires<2m       a comparison; durations are 90s, 5m, 2h, 1d\n"
	     "  user=\"anna b\"             exactly this; quotes keep blanks together\n"
	     "  received:-                a field that is empty or unknown\n"
	     "  !transport:udp            not\n"
	     "  (a | b) c                 either of them, and c\n"
	     "  ~^sip:.*acme              a regular expression; user_agent~'^yealink' in one "
	     "field\n"
	     "A filter that does not parse keeps the last good one and shows where it broke.");
}

static void help_exit(void)
{
	line("0", "Done, all well.");
	line("1", "Looked, and found something wrong.");
	line("2", "The command line makes no sense.");
	line("3", "A source is unreachable or refused.");
	line("4", "The picture is incomplete.");
	line("5", "Refused by a safety rule.");
}

static const struct topic {
	const char *word;
	void (*print)(void);
} topics[] = {
	{"commands", options_print_commands},
	{"options", options_print_rows},
	{"sources", help_sources},
	{"keys", help_keys},
	{"columns", help_columns},
	{"verdicts", help_verdicts},
	{"causes", help_causes},
	{"filter", help_filter},
	{"config", help_config},
	{"exit", help_exit},
};

int cli_help(const struct options *o)
{
	const struct cli_command *c;
	const struct cause_row *cause;

	if (o->operand_count == 0) {
		options_print_help(NULL);
		return REGTOP_OK;
	}
	for (size_t i = 0; i < sizeof(topics) / sizeof(topics[0]); i++) {
		if (strcmp(o->operands[0], topics[i].word) == 0) {
			topics[i].print();
			return REGTOP_OK;
		}
	}
	c = cli_command_by_word(slice_of(o->operands[0]));
	if (c) {
		options_print_help(c);
		return REGTOP_OK;
	}
	cause = cause_by_id(slice_of(o->operands[0]));
	if (cause) {
		print_cause(cause);
		return REGTOP_OK;
	}
	fprintf(stderr, "regtop: there is no help on that; the topics are");
	for (size_t i = 0; i < sizeof(topics) / sizeof(topics[0]); i++)
		fprintf(stderr, "%s %s", i ? "," : "", topics[i].word);
	fputc('\n', stderr);
	return REGTOP_USAGE;
}
