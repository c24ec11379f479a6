/* regtop why: the workup of one address of record: evidence, verdict, cause, advice. */
#ifndef REGTOP_CLI_WHY_H
#define REGTOP_CLI_WHY_H

#include "act/workup.h"
#include "app.h"

/* What workups of a work with: its store, prober and history. */
void cli_workup_env(struct app *a, struct workup_env *out);

#endif
