/* THE command table: every key, ':' word, hint, help line and manual entry comes from it. */
#include "ui/commands.h"

#include "ui/ui_state.h"

/* The hint bar shows OTHER first (how to get help, how to get out), then the rest in this order. */
/* clang-format off */
const struct command commands[] = {
	{"down", "j down", NULL, "Move to the next binding, or a line down.",
	 NULL, GROUP_MOVE, false, do_down},
	{"up", "k up", NULL, "Move to the previous binding, or a line up.",
	 NULL, GROUP_MOVE, false, do_up},
	{"page-down", "pgdn ctrl-f", NULL, "Move a page down.",
	 NULL, GROUP_MOVE, false, do_page_down},
	{"page-up", "pgup ctrl-b", NULL, "Move a page up.",
	 NULL, GROUP_MOVE, false, do_page_up},
	{"half-down", "ctrl-d", NULL, "Move half a page down.",
	 NULL, GROUP_MOVE, false, do_half_down},
	{"half-up", "ctrl-u", NULL, "Move half a page up.",
	 NULL, GROUP_MOVE, false, do_half_up},
	{"first", "g home", NULL, "Move to the first one.",
	 NULL, GROUP_MOVE, false, do_first},
	{"last", "end", NULL, "Move to the last one.",
	 NULL, GROUP_MOVE, false, do_last},
	{"left", "h left", NULL, "Bring back columns on the left; in the detail: the previous binding.",
	 NULL, GROUP_MOVE, false, do_left},
	{"right", "l right", NULL, "Show more columns on the right; in the detail: the next binding.",
	 NULL, GROUP_MOVE, false, do_right},

	{"filter", "f", "filter", "Show only the bindings that match, while you type; an empty filter shows all.",
	 "FILTER", GROUP_LOOK, false, do_filter},
	{"search", "/", "find", "Move to the next binding that shows this text.",
	 "TEXT", GROUP_LOOK, false, do_search},
	{"next", "n", NULL, "Search on.",
	 NULL, GROUP_LOOK, false, do_next},
	{"previous", "N", NULL, "Search backwards.",
	 NULL, GROUP_LOOK, false, do_previous},
	{"detail", "enter", "detail", "Show everything that is known about the binding.",
	 NULL, GROUP_LOOK, false, do_detail},
	{"ladder", "L", NULL, "Show the messages of its last probe, call or workup; again: as they were sent.",
	 NULL, GROUP_LOOK, false, do_ladder},
	{"sort", ">", NULL, "Sort by the next column in sight; at the prompt: by the one named.",
	 "COLUMN", GROUP_LOOK, false, do_sort},
	{"sort-left", "<", NULL, "Sort by the column in sight before it.",
	 NULL, GROUP_LOOK, false, do_sort_left},
	{"reverse", "r", NULL, "Turn the order round.",
	 NULL, GROUP_LOOK, false, do_reverse},
	{"columns", "c", NULL, "Choose the columns; at the prompt: name them, as in aor,left,verdict.",
	 "COLUMNS", GROUP_LOOK, false, do_columns},
	{"group", "G", NULL, "Group the table by what bindings share, and how many of each answer; again: the next column.",
	 "COLUMN", GROUP_LOOK, false, do_group},
	{"watches", "v", NULL, "Show who is watched, and what happened to them.",
	 NULL, GROUP_LOOK, false, do_watches},
	{"freeze", "Z", NULL, "Freeze the order of the rows, or let it go on.",
	 NULL, GROUP_LOOK, false, do_freeze},

	{"mark", "space", NULL, "Mark the binding, and move on.",
	 NULL, GROUP_MARK, false, do_mark},
	{"mark-all", "M", NULL, "Mark all bindings of the table, also those further down.",
	 NULL, GROUP_MARK, false, do_mark_all},
	{"unmark", "u", NULL, "Take the mark from the binding.",
	 NULL, GROUP_MARK, false, do_unmark},
	{"unmark-all", "U", NULL, "Take away all marks, also those out of sight.",
	 NULL, GROUP_MARK, false, do_unmark_all},
	{"watch", "W", NULL, "Watch this AoR, or no more: a line and a bell when it comes, goes, lapses, moves, or its verdict changes.",
	 "AOR", GROUP_MARK, false, do_watch},

	{"why", "w", "why", "Find out why it does not ring: asks on every way, and names the cause.",
	 NULL, GROUP_ACT, false, do_why},
	{"neighbours", "a", NULL, "As why, and asks five phones of the same network: this phone, or its site.",
	 NULL, GROUP_ACT, false, do_neighbours},
	{"ping", "p", "ping", "Ask the binding with OPTIONS whether anybody answers.",
	 NULL, GROUP_ACT, false, do_ping},
	{"ping-all", "P", NULL, "Ask all marked bindings, else those in sight; RATE a second.",
	 "RATE", GROUP_ACT, false, do_ping_all},
	{"call", "i", "call", "Call this phone to test it: quietly, ringing, or through the switch; asks first.",
	 "KIND [NUMBER] [REASON]", GROUP_ACT, false, do_call},
	{"purge", "x", "purge", "Remove the marked bindings, or without marks this one; asks first.",
	 "REASON", GROUP_ACT, true, do_purge},
	{"cancel", "ctrl-c", NULL, "Stop the running purge, call or probes; when nothing runs, as q.",
	 NULL, GROUP_ACT, false, do_cancel},

	{"ticket", "t", "ticket", "Write the text for a trouble ticket to a file, redacted.",
	 NULL, GROUP_RECORD, false, do_ticket},
	{"snapshot", "s", NULL, "Write the picture to a file that opens again with -s; again stops that.",
	 NULL, GROUP_RECORD, false, do_snapshot},
	{"copy", "y", NULL, "Copy AoR and contact to the clipboard of your own terminal.",
	 NULL, GROUP_RECORD, false, do_copy},

	{"help", "? f1", "help", "Show this help.",
	 NULL, GROUP_OTHER, false, do_help},
	{"quit", "q", "quit", "One level up; at the table, leave regtop.",
	 NULL, GROUP_OTHER, false, do_quit},
	{"back", "esc", NULL, "One level up; at the table, forget the search.",
	 NULL, GROUP_OTHER, false, do_back},
	{"refresh", "f5", NULL, "Read the sources again now.",
	 NULL, GROUP_OTHER, false, do_refresh},
	{"redraw", "ctrl-l", NULL, "Paint the screen again; nothing else happens.",
	 NULL, GROUP_OTHER, false, do_redraw},
	{"command", ":", NULL, "Type a command by its word; Tab completes.",
	 NULL, GROUP_OTHER, false, do_command},
	{"suspend", "ctrl-z", NULL, "Stop regtop and go to the shell; fg brings it back.",
	 NULL, GROUP_OTHER, false, do_suspend},
};
/* clang-format on */

const size_t commands_count = sizeof(commands) / sizeof(commands[0]);

static bool has_key(const struct command *c, const char *key)
{
	struct slice rest = slice_of(c->keys), one;

	while (rest.n) {
		rest = slice_cut(rest, ' ', &one);
		if (slice_eq_str(one, key))
			return true;
	}
	return false;
}

const struct command *command_by_key(const char *key)
{
	for (size_t i = 0; i < commands_count; i++)
		if (has_key(&commands[i], key))
			return &commands[i];
	return NULL;
}

const struct command *command_by_word(struct slice word)
{
	for (size_t i = 0; i < commands_count; i++)
		if (slice_eq_str(word, commands[i].word))
			return &commands[i];
	return NULL;
}

const char *command_group_title(enum command_group g)
{
	static const char *const titles[] = {
		[GROUP_MOVE] = "Moving", [GROUP_LOOK] = "Looking",     [GROUP_MARK] = "Marking",
		[GROUP_ACT] = "Acting",  [GROUP_RECORD] = "Recording", [GROUP_OTHER] = "Other",
	};

	return titles[g];
}
