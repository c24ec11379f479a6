/* The verdict words, the bases, and the judgement as a value; judge/ fills it in. */
#ifndef REGTOP_MODEL_JUDGEMENT_H
#define REGTOP_MODEL_JUDGEMENT_H

#include <stdbool.h>
#include <stdint.h>
#include "base/slice.h"

/* DESIGN 1. The order is the order of sorting: worst first. */
enum verdict {
	VERDICT_REFUSED,
	VERDICT_NO_ROUTE,
	VERDICT_FLOW_GONE,
	VERDICT_DISOWNED,
	VERDICT_SILENT,
	VERDICT_STRANGER,
	VERDICT_UNROUTABLE,
	VERDICT_LAPSED,
	VERDICT_OVERDUE,
	VERDICT_ELSEWHERE,
	VERDICT_ASLEEP,
	VERDICT_EDGE_ANSWERS,
	VERDICT_NOT_ASKED,
	VERDICT_ANSWERS,
	VERDICT_COUNT
};

enum basis { BASIS_NONE, BASIS_UNKNOWN, BASIS_LIKELY, BASIS_CONFIRMED };

/* How a verdict is to be taken; the theme gives each a colour, the table a word as well. */
enum tone { TONE_NEUTRAL, TONE_GOOD, TONE_WARN, TONE_BAD };

struct verdict_word {
	const char *word; /* as in the row, JSON and filters */
	enum tone tone;
	const char *meaning; /* one sentence for help and manual */
	bool by_probe;       /* only evidence supports it: never said of who was not asked */
};

/* THE table of verdict words, by enum verdict. VERDICT_LAPSED is said of each binding past its
 * expiry, whatever a probe found, and of no other. */
extern const struct verdict_word verdict_words[VERDICT_COUNT];
/* "unknown", "likely", "confirmed"; "" for NONE. */
const char *basis_name(enum basis b);
/* Index by word, ignoring case and a trailing '?'; -1 when it is none. */
int verdict_by_word(struct slice word);

#define JUDGEMENT_HOP  96
#define JUDGEMENT_NOTE 160

struct judgement {
	enum verdict verdict;
	enum tone tone; /* may be milder than the word's (one failure is not red yet) */
	enum basis basis;
	int code;                     /* shown with the word when it is neither 0 nor 2xx */
	bool faded;                   /* the evidence is old */
	char next_hop[JUDGEMENT_HOP]; /* "udp:192.0.2.1:5060", or "" when nothing can arrive */
	char note[JUDGEMENT_NOTE];    /* why, in one short sentence; may be empty */
};

#endif
