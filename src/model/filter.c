/* The filter language: words, fields and comparisons, combined with blanks, '|', '!' and ( ). */
#include "model/filter.h"

#include <stdlib.h>
#include "base/alloc.h"
#include "model/filter_lex.h"
#include "model/filter_parse.h"

int filter_parse(struct slice text, struct filter **out, size_t *at, struct err *e)
{
	struct filter *f = xcalloc(1, sizeof(*f));
	int rc = filter_parse_text(f, text, at, e);

	if (rc) {
		filter_free(f);
		f = NULL;
	}
	*out = f;
	return rc;
}

void filter_free(struct filter *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < f->count; i++) {
		if (f->nodes[i].regex)
			regfree(f->nodes[i].regex);
		free(f->nodes[i].regex);
	}
	free(f->nodes);
	free(f->store);
	free(f);
}

bool filter_needs_judgement(const struct filter *f)
{
	return f->needs & (NEEDS_JUDGEMENT | NEEDS_EVIDENCE);
}

bool filter_needs_time(const struct filter *f)
{
	return f->needs & NEEDS_TIME;
}

unsigned filter_needs(const struct filter *f)
{
	return f->needs;
}

/* ---- finding text without copying it ------------------------------------------------------------
 */

static bool same_lower(const char *p, struct slice lowered)
{
	for (size_t i = 0; i < lowered.n; i++)
		if (lex_lower(p[i]) != lowered.p[i])
			return false;
	return true;
}

/* needle is lower case already. */
static bool has_lower(struct slice s, struct slice needle)
{
	char first;

	if (needle.n > s.n)
		return false;
	first = needle.p[0];
	for (size_t i = 0; i + needle.n <= s.n; i++)
		if (lex_lower(s.p[i]) == first && same_lower(s.p + i, needle))
			return true;
	return false;
}

/* Finds needle as if the bytes of skip did not stand in s. */
static bool has_skipping(struct slice s, struct slice needle, const char *skip)
{
	if (needle.n > s.n)
		return false;
	for (size_t i = 0; i + needle.n <= s.n; i++) {
		size_t k = 0;

		if (lex_lower(s.p[i]) != needle.p[0])
			continue;
		for (size_t at = i; at < s.n && k < needle.n; at++) {
			char c = lex_lower(s.p[at]);

			if (c == needle.p[k])
				k++;
			else if (!c || !strchr(skip, c))
				break;
		}
		if (k == needle.n)
			return true;
	}
	return false;
}

/* ---- tests --------------------------------------------------------------------------------------
 */

static bool aor_has(const struct row *r, struct slice needle)
{
	struct value v;

	if (has_lower(r->b.user, needle) || has_lower(r->b.domain, needle))
		return true;
	if (!memchr(needle.p, '@', needle.n))
		return false;
	columns[COL_AOR].get(r, &v);
	return v.type == VALUE_TEXT && has_lower(v.text, needle);
}

static bool word_matches(const struct filter_node *t, const struct row *r)
{
	const struct binding *b = &r->b;

	if (aor_has(r, t->text) || has_lower(b->contact, t->text) ||
	    has_lower(b->received, t->text) || has_lower(b->user_agent, t->text) ||
	    has_lower(b->call_id, t->text) || has_lower(b->instance, t->text))
		return true;
	if (t->digits.n && has_skipping(b->user, t->digits, " +-()./"))
		return true;
	if (t->hex.n &&
	    (has_skipping(b->instance, t->hex, ":-.") ||
	     has_skipping(b->user_agent, t->hex, ":-.") || has_skipping(b->contact, t->hex, ":-.")))
		return true;
	return t->verdicts >> r->j.verdict & 1;
}

/* regexec() wants a NUL at the end; a NUL inside would end the text too early. */
static bool regex_finds(const regex_t *re, struct slice s)
{
	char text[1024];

	slice_to_buf(s, text, sizeof(text));
	for (size_t i = 0; i < s.n && i + 1 < sizeof(text); i++)
		if (!text[i])
			text[i] = '?';
	return regexec(re, text, 0, NULL, 0) == 0;
}

static bool regex_matches(const struct filter_node *t, const struct row *r)
{
	static const enum column_id word_fields[] = {COL_AOR,        COL_CONTACT, COL_RECEIVED,
						     COL_USER_AGENT, COL_CALL_ID, COL_INSTANCE};
	struct value v;

	if (t->col != COL_NONE) {
		columns[t->col].get(r, &v);
		if (v.type == VALUE_TEXT)
			return regex_finds(t->regex, v.text);
		return false;
	}
	for (size_t i = 0; i < sizeof(word_fields) / sizeof(word_fields[0]); i++) {
		columns[word_fields[i]].get(r, &v);
		if (v.type == VALUE_TEXT && regex_finds(t->regex, v.text))
			return true;
	}
	return false;
}

static bool text_matches(const struct filter_node *t, const struct row *r)
{
	struct value v;
	bool equal;

	if (t->op == OP_REGEX)
		return regex_matches(t, r);
	columns[t->col].get(r, &v);
	if (v.type != VALUE_TEXT)
		return t->op == OP_NE;
	if (t->op == OP_HAS)
		return has_lower(v.text, t->text);
	equal = v.text.n == t->text.n && same_lower(v.text.p, t->text);
	return equal == (t->op == OP_EQ);
}

static bool compare(double a, enum filter_op op, double b)
{
	switch (op) {
	case OP_LT:
		return a < b;
	case OP_LE:
		return a <= b;
	case OP_GT:
		return a > b;
	case OP_GE:
		return a >= b;
	case OP_NE:
		return a != b;
	default:
		return a == b;
	}
}

/* A permanent binding has no end: for a comparison it is later than any. What is unknown compares
 * with nothing, except that it is not equal. */
static bool number_matches(const struct filter_node *t, const struct row *r)
{
	bool ends = t->col == COL_LEFT || t->col == COL_EXPIRES;
	struct value v;
	double x;

	columns[t->col].get(r, &v);
	switch (v.type) {
	case VALUE_INT:
		x = (double)v.i;
		break;
	case VALUE_REAL:
		x = v.real;
		break;
	case VALUE_TIME:
		/* A distance: seconds left for what lies ahead, age for what lies behind. */
		x = (double)v.i;
		if (!t->absolute && t->col == COL_EXPIRES)
			x = (double)(v.i / 1000 - r->now_ms / 1000);
		else if (!t->absolute)
			x = (double)(int64_t)(((double)r->now_ms - (double)v.i) / 1000.0);
		break;
	default:
		if (ends && r->b.expires_s == BINDING_PERMANENT)
			return t->op == OP_GT || t->op == OP_GE || t->op == OP_NE;
		return t->op == OP_NE;
	}
	return compare(x, t->op, t->number);
}

static bool node_matches(const struct filter_node *t, const struct row *r)
{
	const struct filter_node *c;
	struct value v;

	switch (t->kind) {
	case FILTER_ALL:
		for (c = t->child; c; c = c->next)
			if (!node_matches(c, r))
				return false;
		return true;
	case FILTER_ANY:
		for (c = t->child; c; c = c->next)
			if (node_matches(c, r))
				return true;
		return false;
	case FILTER_NOT:
		return !node_matches(t->child, r);
	case FILTER_WORD:
		return word_matches(t, r);
	case FILTER_TEXT:
		return text_matches(t, r);
	case FILTER_NUMBER:
		return number_matches(t, r);
	case FILTER_VERDICT:
		return (t->verdicts >> r->j.verdict & 1) == (t->op != OP_NE);
	case FILTER_NULL:
		columns[t->col].get(r, &v);
		return (v.type == VALUE_NULL) == (t->op != OP_NE);
	}
	return false;
}

bool filter_match(const struct filter *f, const struct row *r)
{
	return !f->root || node_matches(f->root, r);
}
