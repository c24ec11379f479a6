/* The dialogs of a test call: one for each To tag, with its route set and where it leads. */
#ifndef REGTOP_SIP_CALL_DIALOG_H
#define REGTOP_SIP_CALL_DIALOG_H

#include "sip/call_state.h"

/* The dialog of this tag, made when there is none; NULL when there are CALL_DIALOGS others that
 * may not be forgotten. */
struct dialog *call_dialog_get(struct call *x, struct slice tag);
/* NULL when there is none. */
struct dialog *call_dialog_find(struct call *x, struct slice tag);
/* From the 2xx: the remote target (its Contact), the route set (its Record-Route, backwards), and
 * where requests go (RFC 3261 12.1.2, 12.2.1.1, 13.2.2.4). What cannot be told from them is as in
 * the INVITE. */
void call_dialog_confirm(struct call *x, struct dialog *d, const struct sip_msg *m);
/* The way of the n-th copy of a message in it: where the dialog leads, and, when nothing comes of
 * that, by turns the way that the INVITE went: behind a NAT a Contact is often a promise only. */
struct sip_flow call_dialog_way(const struct call *x, const struct dialog *d, unsigned n);
void call_dialogs_free(struct call *x);

#endif
