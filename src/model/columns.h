/* THE column table: names, titles, widths, and how a row's value is got, compared and shown. */
#ifndef REGTOP_MODEL_COLUMNS_H
#define REGTOP_MODEL_COLUMNS_H

#include "base/err.h"
#include "model/binding.h"
#include "model/evidence.h"
#include "model/judgement.h"
#include "model/store.h"

/* One binding with all that is known about it, ready to be shown. */
struct row {
	binding_id id;
	struct binding b;
	const struct evidence *evidence; /* NULL: never asked */
	struct judgement j;
	const char *source; /* name of its source */
	enum binding_differs differs;
	unsigned twins;  /* bindings of this AoR, itself included */
	int64_t habit_s; /* usual seconds between its refreshes, learnt over several; 0 unknown */
	/* Phones of its User-Agent were asked, and none ever answered: as history says. */
	bool agent_never_answers;
	int64_t now_ms; /* wall time the row is looked at */
	bool marked;
};

/* DESIGN 7; the order is the default order on screen and in CSV. */
enum column_id {
	COL_AOR,
	COL_USER,
	COL_DOMAIN,
	COL_CONTACT,
	COL_RECEIVED,
	COL_NETWORK,
	COL_PATH,
	COL_SOCKET,
	COL_TRANSPORT,
	COL_NEXT_HOP,
	COL_LEFT,
	COL_EXPIRES,
	COL_GRANTED,
	COL_REFRESHED,
	COL_HABIT,
	COL_OVERDUE,
	COL_VERDICT,
	COL_BASIS,
	COL_CODE,
	COL_RTT_MS,
	COL_PROBED,
	COL_LOSS,
	COL_ANSWERED_BY,
	COL_USER_AGENT,
	COL_CALL_ID,
	COL_CSEQ,
	COL_Q,
	COL_INSTANCE,
	COL_REG_ID,
	COL_METHODS,
	COL_TWINS,
	COL_RUID,
	COL_NODE,
	COL_SOURCE,
	COL_NOTE,
	COL_DIFFERS,
	COL_COUNT,
	COL_NONE = -1
};

enum value_type { VALUE_NULL, VALUE_TEXT, VALUE_INT, VALUE_REAL, VALUE_TIME };

/* A column's value. TEXT is raw (not cleaned) and points into the row or into buf. TIME is Unix
 * milliseconds in i. */
struct value {
	enum value_type type;
	struct slice text;
	int64_t i;
	double real;
	char buf[600];
};

enum column_kind { COLUMN_TEXT, COLUMN_NUMBER, COLUMN_DURATION, COLUMN_TIME };
enum column_cut { CUT_END, CUT_MIDDLE };

struct column {
	const char *name;  /* JSON, CSV, filter, sort, --columns */
	const char *title; /* heading on screen */
	const char *help;  /* one sentence for help and manual */
	enum column_kind kind;
	enum column_cut cut;
	unsigned char width_min, width_want; /* columns on screen */
	unsigned char rank; /* 1: kept longest when the screen is narrow; 0: hidden unless asked */
	bool right;         /* right-aligned */
	void (*get)(const struct row *r, struct value *v);
};

extern const struct column columns[COL_COUNT];

/* A refresh is late beyond a quarter of the habit and this. */
#define OVERDUE_SLACK_S 30
/* Seconds since the refresh that did not come; 0 when it is not overdue, or not known to be. By its
 * own habit where one is known: phones refresh at 50 to 90 % of what they were granted
 * (facts/sip-and-diagnosis 1.2), so the end of the grant alone says it late. */
int64_t row_overdue_s(const struct row *r);

/* COL_NONE when there is none of this name. */
enum column_id column_by_name(struct slice name);
/* The names that are near to a word that is no column, as "left, cseq"; "" when none is. */
void columns_near(struct slice word, char *out, size_t size);

/* What a column needs beside the binding itself, so that a sort or filter by expiry judges nobody.
 */
enum {
	NEEDS_JUDGEMENT = 1,
	NEEDS_EVIDENCE = 2,
	NEEDS_TWINS = 4,
	NEEDS_TIME = 8, /* order or match can change by the mere passing of time */
};
unsigned column_needs(enum column_id col);
/* The value by which rows are sorted: as get(), but verdict and basis by their rank. */
void column_sort_value(enum column_id col, const struct row *r, struct value *v);
/* Total order of two rows by one column; nulls last; ties are 0. Text ignores case. */
int column_compare(enum column_id col, const struct row *a, const struct row *b);
/* Appends what a person sees: durations and ages in words, cleaned text. */
void column_show(enum column_id col, const struct row *r, bool ascii_only, struct strbuf *out);
/* Parses "aor,left,verdict" into ids (at most COL_COUNT); returns how many, or a negative code
 * with *e naming the word that is no column and the ones that are near. */
int columns_parse(struct slice list, enum column_id out[COL_COUNT], struct err *e);

#endif
