/* Lines on their way to stdout, for commands that go on: a reader that stalls holds nothing up. */
#ifndef REGTOP_CLI_LINES_H
#define REGTOP_CLI_LINES_H

#include "base/slice.h"
#include "loop/loop.h"

struct lines;

enum lines_kind {
	LINES_TEXT,
	LINES_JSON, /* one object on each line, also what is said of lines left out */
};

/* What a stalled reader (a pager, ^S) does not read in time is left out, and it is told how many
 * lines that were. loop is borrowed. goes_on: the command goes on without a reader, and a closed
 * pipe is worth a message. */
struct lines *lines_new(struct loop *loop, enum lines_kind kind, bool goes_on);
/* Writes what can be written at once. NULL is fine. */
void lines_free(struct lines *l);
/* line without its end. */
void lines_add(struct lines *l, struct slice line);
/* The reader went away (a closed pipe): nothing more is written. */
bool lines_nobody(const struct lines *l);

#endif
