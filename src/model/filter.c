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

static bool has(struct slice s, struct slice needle)
{
	return slice_find_icase(s, needle) >= 0;
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

	if (has(r->b.user, needle) || has(r->b.domain, needle))
		return true;
	if (!memchr(needle.p, '@', needle.n))
		return false;
	columns[COL_AOR].get(r, &v);
	return v.type == VALUE_TEXT && has(v.text, needle);
}

static bool word_matches(const struct filter_node *t, const struct row *r)
{
	const struct binding *b = &r->b;

	if (aor_has(r, t->text) || has(b->contact, t->text) || has(b->received, t->text) ||
	    has(b->user_agent, t->text) || has(b->call_id, t->text) || has(b->instance, t->text))
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
		return has(v.text, t->text);
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
static bool permanent_matches(enum filter_op op)
{
	return op == OP_GT || op == OP_GE || op == OP_NE;
}

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
			return permanent_matches(t->op);
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

/* ---- narrowing ----------------------------------------------------------------------------------
 */

/* Each variant of a word (plain, digits, hex) must go on where the earlier one stopped; one that
 * comes up new could find more. */
static bool variant_goes_on(struct slice was, struct slice now)
{
	return !now.n || (was.n && now.n >= was.n && memcmp(was.p, now.p, was.n) == 0);
}

static bool word_goes_on(const struct filter_node *was, const struct filter_node *now)
{
	return was->kind == FILTER_WORD && now->kind == FILTER_WORD &&
	       variant_goes_on(was->text, now->text) && variant_goes_on(was->digits, now->digits) &&
	       variant_goes_on(was->hex, now->hex) && !(now->verdicts & ~was->verdicts);
}

bool filter_narrows(const struct filter *was, const struct filter *now)
{
	const struct filter_node *a = was->root, *b = now->root;

	if (!a)
		return true;
	if (!b)
		return false;
	if (a->kind != FILTER_ALL)
		return word_goes_on(a, b->kind == FILTER_ALL ? b->child : b);
	if (b->kind != FILTER_ALL)
		return false;
	/* Words keep their order; more of them after these only narrow further. */
	for (a = a->child, b = b->child; a && b; a = a->next, b = b->next)
		if (!word_goes_on(a, b))
			return false;
	return !a;
}

/* ---- glances ------------------------------------------------------------------------------------
 */

/* What a node says of a shared text: 0 not asked yet, else enum glance + 1. */
struct memo {
	uint8_t *said;
	size_t n;
};

struct glancer {
	const struct filter *f;
	const struct store *s;
	uint64_t epoch;
	uint32_t by_probe;             /* bits of the verdicts that only evidence supports */
	struct memo *domains, *agents; /* by node */
};

struct glancer *glancer_new(const struct filter *f, const struct store *s)
{
	struct glancer *g = xcalloc(1, sizeof(*g));

	g->f = f;
	g->s = s;
	g->domains = xcalloc(f->count + 1, sizeof(*g->domains));
	g->agents = xcalloc(f->count + 1, sizeof(*g->agents));
	for (unsigned v = 0; v < VERDICT_COUNT; v++)
		g->by_probe |= (uint32_t)verdict_words[v].by_probe << v;
	return g;
}

static void memos_clear(struct glancer *g)
{
	for (size_t i = 0; i < g->f->count; i++) {
		free(g->domains[i].said);
		free(g->agents[i].said);
		g->domains[i] = g->agents[i] = (struct memo){0};
	}
}

void glancer_free(struct glancer *g)
{
	if (!g)
		return;
	memos_clear(g);
	free(g->domains);
	free(g->agents);
	free(g);
}

void glancer_refresh(struct glancer *g)
{
	if (g->epoch == store_shared_epoch(g->s))
		return;
	memos_clear(g);
	g->epoch = store_shared_epoch(g->s);
}

static bool agent_has(const struct filter_node *t, struct slice agent)
{
	return has(agent, t->text) || (t->hex.n && has_skipping(agent, t->hex, ":-."));
}

static bool field_is(const struct filter_node *t, struct slice text)
{
	if (!text.n)
		return t->op == OP_NE;
	if (t->op == OP_REGEX)
		return regex_finds(t->regex, text);
	if (t->op == OP_HAS)
		return has(text, t->text);
	return slice_ieq(text, t->text) == (t->op == OP_EQ);
}

/* Whether a shared text matches is found out once for all who share it. */
static bool memo_says(struct memo *m, size_t numbers, uint32_t id, const struct filter_node *t,
		      struct slice (*text)(const struct store *, uint32_t), const struct store *s,
		      bool (*ask)(const struct filter_node *, struct slice))
{
	if (id >= m->n) {
		m->said = xreallocarray(m->said, numbers, 1);
		memset(m->said + m->n, 0, numbers - m->n);
		m->n = numbers;
	}
	if (!m->said[id])
		m->said[id] = ask(t, text(s, id)) ? 2 : 1;
	return m->said[id] == 2;
}

static bool word_in_text(const struct filter_node *t, struct slice text)
{
	return has(text, t->text);
}

static bool domain_says(struct glancer *g, const struct filter_node *t, uint32_t domain)
{
	return memo_says(&g->domains[t - g->f->nodes], store_domains(g->s), domain, t, store_domain,
			 g->s, t->kind == FILTER_WORD ? word_in_text : field_is);
}

static bool agent_says(struct glancer *g, const struct filter_node *t, uint32_t profile)
{
	return memo_says(&g->agents[t - g->f->nodes], store_profiles(g->s), profile, t, store_agent,
			 g->s, t->kind == FILTER_WORD ? agent_has : field_is);
}

/* "4021@acme": only an AoR whose user ends and whose domain begins so can have it. */
static bool may_span_at(const struct filter_node *t, const struct store_glance *b)
{
	const char *at = memchr(t->text.p, '@', t->text.n);
	size_t n = at ? (size_t)(at - t->text.p) : 0;

	if (!at)
		return false;
	return (b->user.n && memchr(b->user.p, '@', b->user.n)) ||
	       (n <= b->user.n && same_lower(b->user.p + b->user.n - n, slice_make(t->text.p, n)));
}

static enum glance sure(bool yes)
{
	return yes ? GLANCE_YES : GLANCE_NO;
}

/* Whether its verdict is one of t's. Of most bindings nobody was asked, and few verdicts are left
 * for them; of a lapsed one it is said already. */
static enum glance glance_verdict(const struct glancer *g, const struct filter_node *t,
				  const struct store_glance *b, int64_t now_s)
{
	uint32_t lapsed = 1u << VERDICT_LAPSED, possible = t->verdicts & ~lapsed;

	if (b->expires_s != BINDING_PERMANENT && b->expires_s <= now_s)
		return sure((t->verdicts & lapsed) != 0);
	if (!b->asked)
		possible &= ~g->by_probe;
	return possible ? GLANCE_UNSURE : GLANCE_NO;
}

/* The mirror of word_matches(). */
static enum glance glance_word(struct glancer *g, const struct filter_node *t,
			       const struct store_glance *b, int64_t now_s)
{
	enum glance verdict = glance_verdict(g, t, b, now_s);
	bool somewhere = has(b->all, t->text);

	if (verdict == GLANCE_YES || domain_says(g, t, b->domain) || agent_says(g, t, b->profile))
		return GLANCE_YES;
	if (somewhere && (has(b->contact, t->text) || has(b->user, t->text)))
		return GLANCE_YES;
	if (t->digits.n && has_skipping(b->user, t->digits, " +-()./"))
		return GLANCE_YES;
	if (verdict == GLANCE_UNSURE || may_span_at(t, b) || somewhere)
		return GLANCE_UNSURE;
	if (t->hex.n && has_skipping(b->all, t->hex, ":-."))
		return GLANCE_UNSURE;
	return GLANCE_NO;
}

static enum glance glance_text(struct glancer *g, const struct filter_node *t,
			       const struct store_glance *b)
{
	switch (t->col) {
	case COL_USER:
		return sure(field_is(t, b->user));
	case COL_CONTACT:
		return sure(field_is(t, b->contact));
	case COL_DOMAIN:
		return sure(domain_says(g, t, b->domain));
	case COL_USER_AGENT:
		return sure(agent_says(g, t, b->profile));
	case COL_RECEIVED:
	case COL_CALL_ID:
	case COL_INSTANCE:
		if ((t->op == OP_HAS || t->op == OP_EQ) && !has(b->all, t->text))
			return GLANCE_NO;
		return GLANCE_UNSURE;
	default:
		return GLANCE_UNSURE;
	}
}

static enum glance glance_number(const struct filter_node *t, const struct store_glance *b,
				 int64_t now_s)
{
	if ((t->col != COL_LEFT && t->col != COL_EXPIRES) || t->absolute)
		return GLANCE_UNSURE;
	if (b->expires_s == BINDING_PERMANENT)
		return sure(permanent_matches(t->op));
	/* Broken data: the column has words for it. */
	if (b->expires_s < 0 || b->expires_s > UINT32_MAX)
		return GLANCE_UNSURE;
	return sure(compare((double)(b->expires_s - now_s), t->op, t->number));
}

static enum glance glance_node(struct glancer *g, const struct filter_node *t,
			       const struct store_glance *b, int64_t now_s)
{
	enum glance deciding = t->kind == FILTER_ANY ? GLANCE_YES : GLANCE_NO, one, all;

	switch (t->kind) {
	case FILTER_ALL:
	case FILTER_ANY:
		all = deciding == GLANCE_YES ? GLANCE_NO : GLANCE_YES;
		for (const struct filter_node *c = t->child; c; c = c->next) {
			one = glance_node(g, c, b, now_s);
			if (one == deciding)
				return one;
			if (one == GLANCE_UNSURE)
				all = one;
		}
		return all;
	case FILTER_NOT:
		one = glance_node(g, t->child, b, now_s);
		return one == GLANCE_UNSURE ? one : sure(one == GLANCE_NO);
	case FILTER_WORD:
		return glance_word(g, t, b, now_s);
	case FILTER_TEXT:
		return glance_text(g, t, b);
	case FILTER_NUMBER:
		return glance_number(t, b, now_s);
	case FILTER_VERDICT:
		one = glance_verdict(g, t, b, now_s);
		return one == GLANCE_UNSURE ? one : sure((one == GLANCE_YES) == (t->op != OP_NE));
	default:
		return GLANCE_UNSURE;
	}
}

enum glance glancer_look(struct glancer *g, const struct store_glance *b, int64_t now_s)
{
	return g->f->root ? glance_node(g, g->f->root, b, now_s) : GLANCE_YES;
}
