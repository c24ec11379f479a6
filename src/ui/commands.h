/* THE command table: every key, ':' word, hint, help line and manual entry comes from it. */
#ifndef REGTOP_UI_COMMANDS_H
#define REGTOP_UI_COMMANDS_H

#include "ui/ui.h"

enum command_group { GROUP_MOVE, GROUP_LOOK, GROUP_MARK, GROUP_ACT, GROUP_RECORD, GROUP_OTHER };

struct command {
	const char *word; /* ':' word, the name in manual and tests */
	const char *keys; /* blank-separated key names of ui_key(); the first is shown */
	const char *hint; /* one or two words in the hint bar, or NULL */
	const char *help; /* one sentence */
	const char *arg;  /* name of its argument at the prompt, or NULL */
	enum command_group group;
	bool changes; /* needs a registrar to change: greyed with the reason otherwise */
	void (*run)(struct ui *u, const char *arg, int64_t now_ms);
};

extern const struct command commands[];
extern const size_t commands_count;

const struct command *command_by_key(const char *key);
const struct command *command_by_word(struct slice word);
/* Heading of a group in help and manual. */
const char *command_group_title(enum command_group g);

#endif
