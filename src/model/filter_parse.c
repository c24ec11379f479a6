/* The filter's parser: words, fields, comparisons and regexes into a tree, with caps on everything.
 */
#include "model/filter_parse.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/alloc.h"
#include "base/text.h"
#include "model/filter_lex.h"

struct parser {
	struct filter *f;
	const char *p; /* the whole text */
	size_t n, i;   /* its length, and where we are */
	unsigned depth;
	size_t *at;
	struct err *e;
};

/* One more word for a column; columns themselves are found by their names. */
static const struct {
	const char *alias;
	enum column_id col;
} aliases[] = {
	{"agent", COL_USER_AGENT}, {"by", COL_ANSWERED_BY},  {"cid", COL_CALL_ID},
	{"hop", COL_NEXT_HOP},     {"proto", COL_TRANSPORT}, {"rtt", COL_RTT_MS},
	{"src", COL_SOURCE},       {"ttl", COL_LEFT},        {"ua", COL_USER_AGENT},
};

static int fail(struct parser *s, size_t at, const char *hint, const char *what)
{
	if (s->at)
		*s->at = at;
	return err_set(s->e, -EINVAL, hint, "%s", what);
}

/* what, then the words in question, cleaned. */
static int fail_word(struct parser *s, size_t at, const char *what, struct slice word,
		     const char *hint)
{
	char shown[48], said[160];

	text_clean_buf(word, shown, sizeof(shown));
	snprintf(said, sizeof(said), "%s \"%s\".", what, shown);
	return fail(s, at, hint, said);
}

static void skip_blanks(struct parser *s)
{
	while (s->i < s->n && lex_is_blank(s->p[s->i]))
		s->i++;
}

static char peek(const struct parser *s)
{
	return s->i < s->n ? s->p[s->i] : '\0';
}

/* ---- nodes and their texts ----------------------------------------------------------------------
 */

static struct filter_node *node_new(struct parser *s, enum filter_kind kind)
{
	struct filter_node *node;

	if (s->f->count == FILTER_NODES_MAX) {
		fail(s, s->i, NULL, "The filter has too many parts.");
		return NULL;
	}
	node = &s->f->nodes[s->f->count++];
	*node = (struct filter_node){.kind = kind, .col = COL_NONE};
	return node;
}

/* Room for texts was made for the longest filter: every text is made of bytes of the filter, at
 * most three times each (word, digits, hex), so it never moves. */
static char *store_room(struct filter *f)
{
	return f->store + f->store_n;
}

static struct slice store_end(struct filter *f, size_t n)
{
	struct slice s = slice_make(store_room(f), n);

	f->store_n += n;
	return s;
}

static struct slice store_lower(struct filter *f, struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		store_room(f)[i] = lex_lower(s.p[i]);
	return store_end(f, s.n);
}

/* ---- words --------------------------------------------------------------------------------------
 */

/* Reads up to a blank, parenthesis or '|'; "quotes" keep all of them, \" is a quote. The text
 * without quotes goes to the filter's store. */
static int read_word(struct parser *s, struct slice *out)
{
	size_t start = s->i, n = 0;
	bool quoted = false;
	char *to = store_room(s->f);

	for (; s->i < s->n && (quoted || !lex_ends_word(s->p[s->i])); s->i++) {
		char c = s->p[s->i];

		if (c == '"') {
			quoted = !quoted;
			continue;
		}
		if (c == '\\' && quoted && s->i + 1 < s->n)
			c = s->p[++s->i];
		to[n++] = c;
	}
	if (quoted)
		return fail(s, start, NULL, "The quotes are not closed.");
	if (n > FILTER_WORD_MAX)
		return fail(s, start, NULL, "The word is too long.");
	*out = store_end(s->f, n);
	return 0;
}

static int parse_bare_word(struct parser *s, struct filter_node **out)
{
	struct filter_node *node;
	struct slice word;
	size_t start = s->i;
	int rc = read_word(s, &word);

	if (rc)
		return rc;
	if (!word.n)
		return fail(s, start, NULL, "A word is missing.");
	node = node_new(s, FILTER_WORD);
	if (!node)
		return -EINVAL;
	node->text = store_lower(s->f, word);
	node->digits = store_end(s->f, lex_digits(word, store_room(s->f)));
	node->hex = store_end(s->f, lex_hex(word, store_room(s->f)));
	node->verdicts = lex_verdicts(word);
	node->cost = 2;
	if (node->verdicts)
		s->f->needs |= column_needs(COL_VERDICT);
	*out = node;
	return 0;
}

/* ---- regexes ------------------------------------------------------------------------------------
 */

static int parse_regex(struct parser *s, enum column_id col, struct filter_node **out)
{
	size_t start = s->i;
	struct slice text = slice_make(s->p + start, lex_pattern_end(s->p, s->n, start) - start);
	struct filter_node *node;
	char pattern[FILTER_REGEX_MAX + 1], why[96], said[160];
	int rc;

	s->i += text.n;
	if (!text.n)
		return fail(s, start, NULL, "After ~ a regular expression is missing.");
	if (text.n > FILTER_REGEX_MAX || !lex_regex_is_tame(text))
		return fail(s, start, "Use fewer repeats, and no back references.",
			    "The regular expression is too costly.");
	node = node_new(s, FILTER_TEXT);
	if (!node)
		return -EINVAL;
	slice_to_buf(text, pattern, sizeof(pattern));
	node->op = OP_REGEX;
	node->col = col;
	node->cost = 8;
	node->regex = xmalloc(sizeof(*node->regex));
	rc = regcomp(node->regex, pattern, REG_EXTENDED | REG_ICASE | REG_NOSUB);
	if (rc) {
		regerror(rc, node->regex, why, sizeof(why));
		free(node->regex);
		node->regex = NULL;
		snprintf(said, sizeof(said), "The regular expression is broken: %s.", why);
		return fail(s, start, NULL, said);
	}
	*out = node;
	return 0;
}

/* ---- fields -------------------------------------------------------------------------------------
 */

static enum column_id field_by_name(struct slice name)
{
	for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++)
		if (slice_ieq_str(name, aliases[i].alias))
			return aliases[i].col;
	return column_by_name(name);
}

/* Sees "name:" and its like without moving; false when this is a bare word. */
static bool at_field(const struct parser *s, struct slice *name)
{
	static const char *const not_fields[] = {"sip", "sips", "tel",  "urn", "udp",
						 "tcp", "tls",  "sctp", "ws",  "wss"};
	size_t i = s->i, colons = 0, end;

	while (i < s->n && lex_is_name(s->p[i]))
		i++;
	*name = slice_make(s->p + s->i, i - s->i);
	if (!name->n || i >= s->n || !strchr(":=<>~!", s->p[i]) ||
	    (s->p[i] == '!' && (i + 1 >= s->n || s->p[i + 1] != '=')))
		return false;
	/* What a ticket holds and what looks like a field: a URI, an address with its transport …
	 */
	for (size_t k = 0; s->p[i] == ':' && k < sizeof(not_fields) / sizeof(not_fields[0]); k++)
		if (slice_ieq_str(*name, not_fields[k]))
			return false;
	/* … a MAC, or an IPv6 address. */
	for (end = s->i; end < s->n && (lex_is_hex(s->p[end]) || s->p[end] == ':'); end++)
		colons += s->p[end] == ':';
	return colons < 2 || (end < s->n && !lex_ends_word(s->p[end]));
}

static bool take(struct parser *s, char c)
{
	if (peek(s) != c)
		return false;
	s->i++;
	return true;
}

static enum filter_op read_op(struct parser *s)
{
	char c = s->p[s->i++];

	switch (c) {
	case '<':
		return take(s, '=') ? OP_LE : OP_LT;
	case '>':
		return take(s, '=') ? OP_GE : OP_GT;
	case '!':
		s->i++;
		return OP_NE;
	case '=':
		return OP_EQ;
	case '~':
		return OP_REGEX;
	default:
		return OP_HAS;
	}
}

static int unknown_field(struct parser *s, size_t at, struct slice name)
{
	char near[160], hint[220];

	columns_near(name, near, sizeof(near));
	if (near[0])
		snprintf(hint, sizeof(hint), "Near: %s. Quotes make it a word.", near);
	else
		snprintf(hint, sizeof(hint), "Fields are the column names. Quotes make it a word.");
	return fail_word(s, at, "There is no field", name, hint);
}

static bool strip_unit(struct slice *s, const char *unit)
{
	size_t n = strlen(unit);

	if (s->n <= n || memcmp(s->p + s->n - n, unit, n) != 0)
		return false;
	s->n -= n;
	return true;
}

static int number_value(struct parser *s, size_t at, struct filter_node *node, struct slice value)
{
	int64_t i;

	switch (columns[node->col].kind) {
	case COLUMN_TIME:
		if (text_parse_rfc3339(value, &i)) {
			node->absolute = true;
			node->number = (double)i;
			return 0;
		}
		/* fall through */
	case COLUMN_DURATION:
		s->f->needs |= NEEDS_TIME;
		if (!text_parse_duration(value, &i))
			return fail_word(s, at, "This is no duration:", value,
					 "Write 90s, 2m, 1h30m or 1d.");
		node->number = (double)i;
		return 0;
	default:
		if (node->col == COL_RTT_MS)
			strip_unit(&value, "ms");
		if (node->col == COL_LOSS)
			strip_unit(&value, "%");
		if (!lex_number(value, &node->number))
			return fail_word(s, at, "This is no number:", value, NULL);
		return 0;
	}
}

static int verdict_value(struct parser *s, size_t at, struct filter_node *node, struct slice value)
{
	int v = verdict_by_word(value);
	char hint[256];
	size_t n = 0;

	if (v >= 0) {
		node->kind = FILTER_VERDICT;
		node->verdicts = 1u << v;
		return 0;
	}
	for (int k = 0; k < VERDICT_COUNT && n < sizeof(hint); k++)
		n += (size_t)snprintf(hint + n, sizeof(hint) - n, "%s%s",
				      k ? ", " : "Verdicts: ", verdict_words[k].word);
	return fail_word(s, at, "There is no verdict", value, hint);
}

static int text_value(struct parser *s, size_t op_at, struct filter_node *node, struct slice value)
{
	if (node->op != OP_HAS && node->op != OP_EQ && node->op != OP_NE)
		return fail_word(s, op_at, "This field is text and has no order:",
				 slice_of(columns[node->col].name), "Use : = != or ~.");
	if (node->op == OP_HAS && (node->col == COL_TRANSPORT || node->col == COL_BASIS))
		node->op = OP_EQ;
	node->text = store_lower(s->f, value);
	return 0;
}

static int parse_field(struct parser *s, struct slice name, struct filter_node **out)
{
	size_t start = s->i, op_at = s->i + name.n, value_at;
	enum column_id col = field_by_name(name);
	struct filter_node *node;
	struct slice value;
	enum filter_op op;
	bool quoted;
	int rc;

	if (col == COL_NONE)
		return unknown_field(s, start, name);
	s->i = op_at;
	op = read_op(s);
	s->f->needs |= column_needs(col);
	if (op == OP_REGEX)
		return parse_regex(s, col, out);
	value_at = s->i;
	quoted = peek(s) == '"';
	rc = read_word(s, &value);
	if (rc)
		return rc;
	if (!value.n)
		return fail_word(s, value_at, "A value is missing after", name,
				 "Write - for bindings that have none.");
	node = node_new(s, FILTER_TEXT);
	if (!node)
		return -EINVAL;
	node->op = op;
	node->col = col;
	node->cost = column_needs(col) & NEEDS_JUDGEMENT ? 9 : 1;
	*out = node;
	if (!quoted && slice_eq_str(value, "-") && (op == OP_HAS || op == OP_EQ || op == OP_NE)) {
		node->kind = FILTER_NULL;
		return 0;
	}
	if (columns[col].kind != COLUMN_TEXT) {
		node->kind = FILTER_NUMBER;
		node->op = op == OP_HAS ? OP_EQ : op;
		return number_value(s, value_at, node, value);
	}
	rc = text_value(s, op_at, node, value);
	if (rc == 0 && col == COL_VERDICT)
		rc = verdict_value(s, value_at, node, value);
	return rc;
}

/* ---- expressions --------------------------------------------------------------------------------
 */

static int parse_any(struct parser *s, struct filter_node **out);

static int parse_group(struct parser *s, struct filter_node **out)
{
	size_t open = s->i++;
	int rc;

	if (++s->depth > FILTER_DEPTH_MAX)
		return fail(s, open, NULL, "The parentheses are nested too deeply.");
	rc = parse_any(s, out);
	if (rc)
		return rc;
	s->depth--;
	if (!take(s, ')'))
		return fail(s, open, NULL, "This parenthesis is not closed.");
	return 0;
}

static int parse_not(struct parser *s, struct filter_node **out)
{
	struct filter_node *node;
	bool negate = false;
	struct slice name;
	size_t start;
	int rc;

	while (peek(s) == '!') {
		negate = !negate;
		s->i++;
		skip_blanks(s);
	}
	start = s->i;
	if (start >= s->n || peek(s) == '|' || peek(s) == ')')
		return fail(s, start, NULL, "Something to match is missing here.");
	if (peek(s) == '(')
		rc = parse_group(s, out);
	else if (take(s, '~'))
		rc = parse_regex(s, COL_NONE, out);
	else if (at_field(s, &name))
		rc = parse_field(s, name, out);
	else
		rc = parse_bare_word(s, out);
	if (rc || !negate)
		return rc;
	node = node_new(s, FILTER_NOT);
	if (!node)
		return -EINVAL;
	node->child = *out;
	node->cost = (*out)->cost;
	*out = node;
	return 0;
}

/* Children in order of cost, equal ones in order of writing. */
static void insert_by_cost(struct filter_node *parent, struct filter_node *node)
{
	struct filter_node **link = &parent->child;

	while (*link && (*link)->cost <= node->cost)
		link = &(*link)->next;
	node->next = *link;
	*link = node;
	if (node->cost > parent->cost)
		parent->cost = node->cost;
}

/* A parent for more than one child; a single one stands for itself. */
static int join(struct parser *s, enum filter_kind kind, struct filter_node **parent,
		struct filter_node *node)
{
	struct filter_node *first = *parent;

	if (!first) {
		*parent = node;
		return 0;
	}
	if (first->kind != kind) {
		*parent = node_new(s, kind);
		if (!*parent)
			return -EINVAL;
		insert_by_cost(*parent, first);
	}
	insert_by_cost(*parent, node);
	return 0;
}

static int parse_all(struct parser *s, struct filter_node **out)
{
	struct filter_node *node;
	int rc;

	*out = NULL;
	do {
		rc = parse_not(s, &node);
		if (rc == 0)
			rc = join(s, FILTER_ALL, out, node);
		if (rc)
			return rc;
		skip_blanks(s);
	} while (s->i < s->n && peek(s) != '|' && peek(s) != ')');
	return 0;
}

static int parse_any(struct parser *s, struct filter_node **out)
{
	struct filter_node *node;
	int rc;

	*out = NULL;
	do {
		skip_blanks(s);
		rc = parse_all(s, &node);
		if (rc == 0)
			rc = join(s, FILTER_ANY, out, node);
		if (rc)
			return rc;
	} while (take(s, '|'));
	return 0;
}

int filter_parse_text(struct filter *f, struct slice text, size_t *at, struct err *e)
{
	struct parser s = {.f = f, .p = text.p, .n = text.n, .at = at, .e = e};
	int rc;

	if (text.n > FILTER_TEXT_MAX)
		return fail(&s, FILTER_TEXT_MAX, NULL, "The filter is too long.");
	f->nodes = xcalloc(FILTER_NODES_MAX, sizeof(*f->nodes));
	f->store_cap = text.n * 5 + 1;
	f->store = xmalloc(f->store_cap);
	skip_blanks(&s);
	if (s.i == s.n)
		return 0;
	rc = parse_any(&s, &f->root);
	if (rc == 0 && s.i < s.n)
		rc = fail(&s, s.i, NULL, "This parenthesis was never opened.");
	return rc;
}
