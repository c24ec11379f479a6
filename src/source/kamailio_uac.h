/* Requests that Kamailio's nodes send themselves, each by its own control. */
#ifndef REGTOP_SOURCE_KAMAILIO_UAC_H
#define REGTOP_SOURCE_KAMAILIO_UAC_H

#include "source/source.h"

struct kamailio_uac;

struct kamailio_uac *kamailio_uac_new(struct loop *l, const struct clock *c);
/* Open requests are forgotten. NULL is fine. */
void kamailio_uac_free(struct kamailio_uac *k);
/* As in source_ops; place is the control of b's node, NULL when it has none. */
uint64_t kamailio_uac_send(struct kamailio_uac *k, const char *place, const struct binding *b,
			   const char *method, unsigned timeout_ms, source_uac_fn *fn, void *ctx);
void kamailio_uac_cancel(struct kamailio_uac *k, uint64_t id);

#endif
