/* Redaction: hides what a ticket must not carry, and keeps what a diagnosis needs. */
#ifndef REGTOP_REPORT_REDACT_H
#define REGTOP_REPORT_REDACT_H

#include "base/strbuf.h"

/* facts/users-and-peers 6.2. Users keep their first two characters ("20**"), public addresses
 * their /24 or /48 ("192.0.2.x"), private ones stay; push tokens (pn-prid, pn-param, pn-tok),
 * instance URNs and MACs go. All output is cleaned. */
void redact_user(struct slice user, struct strbuf *out);
void redact_address(struct slice host, struct strbuf *out);
void redact_uri(struct slice uri, struct strbuf *out);
/* User-Agent text: strips MAC addresses and serial numbers that phones put there. */
void redact_agent(struct slice agent, struct strbuf *out);
/* A sentence of ours or a reason phrase: device numbers and addresses in it. */
void redact_text(struct slice text, struct strbuf *out);

#endif
