/* The OPTIONS of a probe: its words packed while it waits, the whole text written when it is sent.
 */
#ifndef REGTOP_SIP_PROBE_TEXT_H
#define REGTOP_SIP_PROBE_TEXT_H

#include "base/strbuf.h"
#include "sip/probe.h"

/* The branch of a probe: its id in so many hexadecimal digits behind the magic cookie. */
#define PROBE_BRANCH_DIGITS 16

/* What is particular to one probe, in one piece; the caller frees. */
char *probe_text_pack(const struct probe_spec *s, struct slice sent_by);
/* Appends the request; the same bytes whenever it is called for the same id and words. */
void probe_text_write(struct strbuf *out, uint64_t id, enum transport transport, const char *words);
/* The id in a branch, or in what begins with one; false when it is none of ours. */
bool probe_text_read_branch(struct slice branch, uint64_t *id);

#endif
