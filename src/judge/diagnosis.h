/* Diagnosis: from findings to the cause, by THE table of causes. */
#ifndef REGTOP_JUDGE_DIAGNOSIS_H
#define REGTOP_JUDGE_DIAGNOSIS_H

#include "judge/findings.h"

enum confidence { CONFIDENCE_LOW, CONFIDENCE_MEDIUM, CONFIDENCE_HIGH };

/* "low", "medium", "high". */
const char *confidence_name(enum confidence c);

#define CAUSE_EVIDENCE 8

struct cause_row;

/* A cause that holds for some findings. */
struct cause {
	const struct cause_row *row;
	enum confidence confidence;
	size_t binding; /* index of the binding that it is about; findings.count: the AoR */
	char sentence[320];
	struct cause_evidence {
		int64_t when_ms; /* wall time of this piece of evidence; 0: it has none */
		char words[200];
	} evidence[CAUSE_EVIDENCE];
	unsigned evidence_count;
	const char *advice; /* for this case, where the row's would not fit; NULL: the row's */
};

struct cause_row {
	const char *id;    /* stable word for JSON and scripts: "nat-mapping" */
	const char *title; /* a few words for lists */
	/* Holds it? Then *out is filled but for row. */
	bool (*applies)(const struct findings *f, struct cause *out);
	const char *advice; /* what the support desk should do */
};

/* What the support desk should do in this case. */
const char *cause_advice(const struct cause *c);

/* THE table, in the order of judging (facts/sip-and-diagnosis 4.1): the first that holds is the
 * cause, the others are listed beside it. */
extern const struct cause_row causes[];
extern const size_t causes_count;
/* NULL when there is none of this id. */
const struct cause_row *cause_by_id(struct slice id);

struct diagnosis {
	struct cause *list; /* the first is the cause; at least one, owned */
	size_t count;
	size_t binding;      /* the binding that the verdict is about; findings.count: none */
	char verdict[320];   /* what is known, never more (facts 4.2) */
	bool well;           /* nothing is wrong as far as was asked */
	char next_step[240]; /* a command line that would tell more; "" none */
};

/* Pure. Free with diagnosis_free(). */
void diagnose(const struct findings *f, struct diagnosis *out);
void diagnosis_free(struct diagnosis *d);

#endif
