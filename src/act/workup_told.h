/* What a workup is told: by the registrar, of its memory and of itself, and by the name server. */
#ifndef REGTOP_ACT_WORKUP_TOLD_H
#define REGTOP_ACT_WORKUP_TOLD_H

#include "act/act.h"
#include "judge/findings.h"

struct workup_told;

/* A name server, and a registrar's control, have so long. */
#define WORKUP_NAME_MS   3000
#define WORKUP_MEMORY_MS 5000

/* Asks the registrars' memory about the bindings of f where it can hold something else than what is
 * shown (the store learns of it), and looks up the names that they go to. f stays where it is until
 * freed. named is called for each name, found or not, when the finding says so; never from inside.
 */
struct workup_told *workup_told_start(const struct act_env *env, struct findings *f,
				      void (*named)(void *ctx, size_t i), void *ctx);
/* Is binding i's name looked up now? */
bool workup_told_is_naming(const struct workup_told *t, size_t i);
/* What its name came to, with the port; len 0: nothing. */
const struct netaddr *workup_told_addr(const struct workup_told *t, size_t i);
/* Answers that are still to come; those of memory are only seen by asking here. */
unsigned workup_told_open(struct workup_told *t);
/* NULL is fine. */
void workup_told_free(struct workup_told *t);

#endif
