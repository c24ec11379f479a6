/* Contact comparison by RFC 3261 19.1.4, and the AoR in canonical form. */
#ifndef REGTOP_SIP_URI_COMPARE_H
#define REGTOP_SIP_URI_COMPARE_H

#include "base/strbuf.h"

/* facts/sip-and-diagnosis 1.3, with transport in one only counted as different. Not transitive. */
bool sip_uri_same(struct slice a, struct slice b);
/* RFC 3261 10.3 step 5: user unescaped, all parameters removed, host in lower case, the port
 * dropped when it is default_port or 0. -EINVAL when it is no SIP URI with a user. The outputs are
 * appended. */
int sip_uri_canonical_aor(struct slice uri, unsigned default_port, struct strbuf *user,
			  struct strbuf *domain);

#endif
