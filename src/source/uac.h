/* Requests that a registrar itself sends to a binding: t_uac_dlg, and tm.t_uac_wait over HTTP. */
#ifndef REGTOP_SOURCE_UAC_H
#define REGTOP_SOURCE_UAC_H

#include "source/rpc/control.h"
#include "source/source.h"

struct uac;

/* place is the registrar's control, as in --control. NULL when it cannot do it there without
 * keeping everybody else from that control for as long as a phone is silent, 30 s as a rule:
 * Kamailio has tm.t_uac_wait over HTTP alone, and tm.t_uac_wait_block elsewhere; OpenSIPS's mi_http
 * waits for the answer to t_uac_dlg in its only process, the other transports do not
 * (facts/kamailio-opensips 4.1, 5.3; mi_http measured with 3.4.18, the same code in 4.0). */
struct uac *uac_new(struct loop *l, const struct clock *c, enum control_flavour f,
		    const char *place);
/* Open requests are forgotten. NULL is fine. */
void uac_free(struct uac *u);
/* As ops.uac of source.h. Each request has a connection of its own; who calls bounds how many are
 * open. The registrar goes on waiting for a silent phone after timeout_ms, for 30 s as a rule; that
 * answer is lost. */
uint64_t uac_send(struct uac *u, const struct binding *b, const char *method, unsigned timeout_ms,
		  source_uac_fn *fn, void *ctx);
void uac_cancel(struct uac *u, uint64_t id);

/* For tests. The parameters of the request for b; NULL when b has something that a header cannot
 * hold, or that the registrar would change. */
json_t *uac_parameters(enum control_flavour f, const struct binding *b, const char *method,
		       bool with_socket);
/* Reads the result. False when it is none. Slices point into it. */
bool uac_read(enum control_flavour f, const json_t *result, struct source_uac_reply *out);

#endif
