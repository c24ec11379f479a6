/* RFC 3261 10.3 as functions: what a REGISTER asks for, and which bindings it would change. */
#ifndef REGTOP_SIP_REGISTRAR_RULES_H
#define REGTOP_SIP_REGISTRAR_RULES_H

#include "base/strbuf.h"
#include "sip/registrar_table.h"

/* Lengths beyond which a value is refused, so that a 200 with every binding fits a datagram. */
#define REG_MAX_URI      1024
#define REG_MAX_INSTANCE 256
#define REG_MAX_PATH     2048

/* All bindings together: memory stays bounded whatever arrives. */
#define REG_MAX_BINDINGS 1000000

/* One Contact of a request. Slices point into the message. */
struct reg_contact {
	struct slice uri, instance;
	unsigned granted_s; /* 0: remove */
	int q_milli;
	int reg_id;
	bool outbound; /* found by (AoR, instance, reg-id) */
};

/* What a binding becomes: contact NULL: removed; before NULL: added. */
struct reg_step {
	struct reg_rec *before;
	const struct reg_contact *contact;
};

/* A REGISTER that was read. Start from REG_ASK_INIT, end with reg_ask_free(). */
struct reg_ask {
	struct strbuf user, domain; /* the AoR in canonical form */
	struct strbuf path;         /* all of Path */
	struct slice call_id;
	uint32_t cseq;
	bool star;
	bool knows_path; /* Supported: path */
	struct reg_contact *contacts;
	size_t contacts_count, contacts_cap;
	struct reg_step *steps;
	size_t steps_count, steps_cap;
	const char *reason;  /* of a refusal; NULL: the standard phrase */
	struct strbuf extra; /* header lines of a refusal */
};

#define REG_ASK_INIT ((struct reg_ask){0})

void reg_ask_free(struct reg_ask *ask);
/* Steps 1, 2, 5 and the syntax of 6 and 7, before any binding is looked at. cfg's numbers are
 * filled in. own_port: the port that an AoR need not name. 0, or the status of the refusal. */
int reg_rules_read(struct reg_ask *ask, const struct sip_msg *msg,
		   const struct registrar_config *cfg, unsigned own_port);
/* Steps 6 and 7 against the table: fills ask->steps. Changes nothing. 0, or the status. */
int reg_rules_plan(struct reg_ask *ask, const struct reg_table *t,
		   const struct registrar_config *cfg, int64_t now_ms);
/* "sip:IP:PORT[;transport=tcp]" when the phone was seen elsewhere than at its Contact; nothing
 * when the Contact says it, or when a proxy stands between: its address is not the phone's. */
void reg_rules_received(const struct sip_msg *msg, const struct sip_flow *from,
			struct slice contact, bool has_path, struct strbuf *out);
/* All elements of a list header, joined by ", ". */
void reg_rules_join(const struct sip_msg *msg, const char *name, struct strbuf *out);

#endif
