/* Reads a binding once more, right before it is called. */
#ifndef REGTOP_ACT_CALL_AGAIN_H
#define REGTOP_ACT_CALL_AGAIN_H

#include "act/act.h"

/* A registrar that says nothing for so long is not waited for: the picture has to do. */
#define CALL_AGAIN_MS 2000

struct call_again;

/* changed: why it is not the one that was shown any more, a static sentence; NULL: it is, as far as
 * the registrar, or the picture where that cannot be asked, tells. A refresh alone is no change. */
typedef void call_again_fn(void *ctx, const char *changed);

/* The binding is borrowed until the end. fn is called once, never from inside. */
struct call_again *call_again_start(const struct act_env *env, binding_id id,
				    const struct binding *shown, call_again_fn *fn, void *ctx);
/* Then fn is not called any more. NULL is fine. */
void call_again_free(struct call_again *a);
/* The picture alone. */
const char *call_again_picture(const struct act_env *env, binding_id id,
			       const struct binding *shown);

#endif
