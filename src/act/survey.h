/* The survey: asks the registrars what a plan has to hold that goes beyond the picture. */
#ifndef REGTOP_ACT_SURVEY_H
#define REGTOP_ACT_SURVEY_H

#include "act/plan.h"

struct survey;

/* The plan, taken; or NULL with e: code -ENOENT when nothing was found, else what went wrong, and
 * then there is no plan at all. Called once, never from inside. */
typedef void survey_fn(void *ctx, struct plan *take, const struct err *e);

/* Asks about each of the bindings, one request in flight. PLAN_WHOLE_AORS: for all bindings of its
 * AoR, as the registrar tells them; PLAN_ROWS: whether its memory does not know it and only a row
 * is left. Nothing is changed. The bindings are copied. NULL with *e when env or a source forbids
 * such a plan. */
struct survey *survey_start(struct act_env *env, enum plan_kind kind,
			    const struct binding *const *about, size_t n, const char *reason,
			    survey_fn *fn, void *ctx, struct err *e);
/* Forgets it: fn is not called any more. NULL is fine. */
void survey_free(struct survey *s);

#endif
