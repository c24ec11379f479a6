/* Who is at the keyboard: the user, the one behind sudo, and the SSH client. */
#ifndef REGTOP_ACT_JOURNAL_WHO_H
#define REGTOP_ACT_JOURNAL_WHO_H

#include "base/strbuf.h"

/* Appends "root (sudo from anna, ssh 198.51.100.7)", cleaned. These are the words of the
 * environment and of /proc: a help to memory, not a proof against someone who lies. */
void journal_who(struct strbuf *out);

#endif
