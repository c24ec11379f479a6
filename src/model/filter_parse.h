/* The filter's parser: words, fields, comparisons and regexes into a tree, with caps on everything.
 */
#ifndef REGTOP_MODEL_FILTER_PARSE_H
#define REGTOP_MODEL_FILTER_PARSE_H

#include <regex.h>
#include "model/columns.h"

#define FILTER_TEXT_MAX  4096
#define FILTER_NODES_MAX 256
#define FILTER_DEPTH_MAX 32
#define FILTER_WORD_MAX  256
#define FILTER_REGEX_MAX 200 /* bytes of a pattern; see regex_is_tame() */

enum filter_kind {
	FILTER_ALL,     /* every child matches */
	FILTER_ANY,     /* one child matches */
	FILTER_NOT,     /* the child does not */
	FILTER_WORD,    /* bare word */
	FILTER_TEXT,    /* column contains or equals text, or matches a regex */
	FILTER_NUMBER,  /* column compared with a number, a duration or a time */
	FILTER_VERDICT, /* verdict is this one */
	FILTER_NULL,    /* column has no value */
};

enum filter_op { OP_HAS, OP_EQ, OP_NE, OP_LT, OP_LE, OP_GT, OP_GE, OP_REGEX };

struct filter_node {
	enum filter_kind kind;
	enum filter_op op;
	enum column_id col; /* COL_NONE: the fields of a bare word */
	struct filter_node *child, *next;
	unsigned cost;       /* cheap ones are asked first */
	struct slice text;   /* lower case, in the filter's own copy of the text */
	struct slice digits; /* of a number word: without +, 00 and separators; or empty */
	struct slice hex;    /* of a MAC or other hex word: without separators; or empty */
	uint32_t verdicts;   /* bits of the verdict words that a bare word is part of */
	regex_t *regex;
	double number; /* seconds for durations and ages, ms for absolute times */
	bool absolute; /* TIME: number is a moment, not a distance from now */
};

/* Nodes live in one array, which never grows, so that pointers hold. */
struct filter {
	struct filter_node *root; /* NULL: everything matches */
	struct filter_node *nodes;
	size_t count;
	char *store; /* texts of the nodes */
	size_t store_n, store_cap;
	unsigned needs; /* NEEDS_… of all nodes */
};

/* Parses; on error the filter is half built and only good for filter_free(). */
int filter_parse_text(struct filter *f, struct slice text, size_t *at, struct err *e);

#endif
