/* Final answers as most phones write them, taken apart in one pass and without a copy. */
#ifndef REGTOP_SIP_ANSWER_H
#define REGTOP_SIP_ANSWER_H

#include <stdbool.h>
#include "base/slice.h"

/* What a prober wants to know of an answer; raw, pointing into the message. */
struct sip_answer {
	int code; /* 100 to 699 */
	struct slice branch, method;
	struct slice reason;
	struct slice agent; /* User-Agent, else Server; empty if none */
	struct slice warning;
};

/* True only for a message that sip_msg_parse() takes as well and reads in the same way; false says
 * nothing about it: what is folded, compact, quoted or otherwise unusual is left to the parser. */
bool sip_answer_scan(struct slice raw, struct sip_answer *out);

#endif
