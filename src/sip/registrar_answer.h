/* The registrar's answers: the 200 with every binding, and refusals, as text. */
#ifndef REGTOP_SIP_REGISTRAR_ANSWER_H
#define REGTOP_SIP_REGISTRAR_ANSWER_H

#include "sip/registrar_rules.h"

#define REG_ALLOW "REGISTER, OPTIONS"

/* Appends a whole response without body; extra is NULL or complete header lines. */
void reg_answer(struct strbuf *out, const struct sip_msg *msg, const struct sip_flow *from,
		int code, const char *reason, struct slice extra);
/* Step 8: the 200 to a REGISTER with what the table holds for the AoR now. */
void reg_answer_bindings(struct strbuf *out, const struct sip_msg *msg, const struct sip_flow *from,
			 const struct reg_ask *ask, const struct reg_table *t, int64_t now_ms);

#endif
