/* The prompt: a line editor with history, as a state that keys change; it never waits. */
#ifndef REGTOP_UI_PROMPT_H
#define REGTOP_UI_PROMPT_H

#include "base/strbuf.h"

enum prompt_kind { PROMPT_NONE, PROMPT_SEARCH, PROMPT_FILTER, PROMPT_COMMAND, PROMPT_KINDS };

enum prompt_result {
	PROMPT_IGNORED,  /* the key means nothing here */
	PROMPT_MOVED,    /* only the cursor */
	PROMPT_EDITED,   /* the text is another one now */
	PROMPT_DONE,     /* Enter */
	PROMPT_LEFT,     /* Esc, or Backspace in an empty line */
	PROMPT_COMPLETE, /* Tab */
};

#define PROMPT_MAX     500 /* bytes of a line */
#define PROMPT_HISTORY 16  /* lines remembered per kind */

struct prompt {
	enum prompt_kind kind;
	struct strbuf text;
	size_t at; /* byte position of the cursor, at a character's start */
	char *history[PROMPT_KINDS][PROMPT_HISTORY]; /* newest first */
	unsigned recalled; /* 0: the line being typed; 1: the newest remembered, … */
	char *typed;       /* what stood there before recalling */
};

void prompt_open(struct prompt *p, enum prompt_kind kind, const char *text);
/* Puts the line into the history and closes. */
void prompt_close(struct prompt *p, bool remember);
void prompt_free(struct prompt *p);
/* Replaces the line, with the cursor behind it. */
void prompt_set(struct prompt *p, const char *text);
enum prompt_result prompt_key(struct prompt *p, const char *key);

#endif
