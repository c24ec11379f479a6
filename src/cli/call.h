/* regtop call: a test call to one binding: plan, question, and what it found. */
#ifndef REGTOP_CLI_CALL_H
#define REGTOP_CLI_CALL_H

#include "act/call.h"
#include "options.h"

/* REGTOP_OK when the person at the terminal, or the options, say yes to this plan; else
 * REGTOP_REFUSED, with the reason on stderr. */
int cli_call_confirm(const struct call_plan *p, const struct options *o);

#endif
