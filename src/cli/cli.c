/* THE table of sub-commands, and what each of them is given. */
#include "cli/cli.h"

/* clang-format off */
const struct cli_command cli_commands[] = {
	{"", "[FILTER…]", "The inspector: a live table of bindings, with keys to ask why, ping, call, purge and record.",
	 CLI_INSPECT, 0, 64, cli_inspect},
	{"list", "[FILTER…]", "Prints the bindings as a table, as JSON or as CSV.",
	 CLI_LIST, 0, 64, cli_list},
	{"why", "AOR", "The workup of one address of record: evidence, verdict, cause, advice.",
	 CLI_WHY, 1, 8, cli_why},
	{"show", "AOR", "Prints everything about one address of record.",
	 CLI_SHOW, 1, 1, cli_show},
	{"ping", "AOR|FILTER…", "Probes bindings with OPTIONS and prints what was found.",
	 CLI_PING, 1, 64, cli_ping},
	{"watch", "[FILTER…]", "Prints a line when a binding comes, goes, lapses, moves or changes its verdict.",
	 CLI_WATCH, 0, 64, cli_watch},
	{"call", "AOR [FILTER…]", "A test call to one binding, or to the AoR through the switch; asks first.",
	 CLI_CALL, 1, 64, cli_call},
	{"purge", "FILTER…", "Removes exactly the bindings of a plan, after asking, and proves it.",
	 CLI_PURGE, 1, 64, cli_purge},
	{"journal", "", "Prints what was done: when, by whom, why, to which binding, with what result.",
	 CLI_JOURNAL, 0, 0, cli_journal},
	{"snapshot", "[FILTER…] -o FILE", "Writes the picture to a file that opens again with -s FILE.",
	 CLI_SNAPSHOT, 0, 64, cli_snapshot},
	{"listen", "", "Runs the registrar without a screen and prints one line per change.",
	 CLI_LISTEN, 0, 0, cli_listen},
	{"check", "", "Looks at the sources, their controls, the journal and the terminal, and says what is wrong.",
	 CLI_CHECK, 0, 0, cli_check},
	{"demo", "", "The inspector on an embedded registrar on loopback with simulated phones.",
	 CLI_DEMO, 0, 0, cli_demo},
	{"help", "[TOPIC]", "Prints help; the topics are commands, options, sources, keys, columns, verdicts, causes, filter, config, exit.",
	 CLI_HELP, 0, 1, cli_help},
};
/* clang-format on */

const size_t cli_commands_count = sizeof(cli_commands) / sizeof(cli_commands[0]);

const struct cli_command *cli_command_by_word(struct slice word)
{
	for (size_t i = 0; i < cli_commands_count; i++)
		if (slice_eq_str(word, cli_commands[i].word))
			return &cli_commands[i];
	return NULL;
}
