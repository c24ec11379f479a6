/* What the preprocessor of Kamailio's configuration knows: defines, substitutions, conditions. */
#ifndef REGTOP_DISCOVER_DEFINES_H
#define REGTOP_DISCOVER_DEFINES_H

#include <stdbool.h>
#include "base/slice.h"
#include "base/strbuf.h"

struct defines;

struct defines *defines_new(void);
void defines_free(struct defines *d);
/* The environment of the process, NAME=VALUE with a NUL behind each, for #!defenv; borrowed. */
void defines_environment(struct defines *d, struct slice environ);
/* As -A gives it: NAME or NAME=VALUE. */
void defines_take_argument(struct defines *d, struct slice text);
/* As --substdef and --substdefs give it: !NAME!VALUE!g; quoted: the value is a string. */
void defines_take_substdef(struct defines *d, struct slice text, bool quoted);
/* One directive, without its "#!": define, ifdef, else, endif, substdef, defenv and their kin.
 * Conditions count even where defines_active() says no. False for what is none of them. */
bool defines_take_directive(struct defines *d, struct slice word, struct slice rest);
/* False between an #!ifdef that does not hold and its end. */
bool defines_active(const struct defines *d);
/* Appends text with its names replaced by what they stand for, quotes taken away; a string in
 * quotes has only its substitutions made. No more than 4 KiB come out of it. */
void defines_expand(const struct defines *d, struct slice text, struct strbuf *out);

#endif
