/* What the preprocessor of Kamailio's configuration knows: defines, substitutions, conditions. */
#include "discover/defines.h"

#include <stdlib.h>
#include "base/alloc.h"

/* Who writes more than this by hand does not; a hostile file ends here. */
#define NAMES_MAX      512
#define SUBSTS_MAX     64
#define CONDITIONS_MAX 64
#define TEXT_MAX       4096
#define DEPTH_MAX      8

struct define {
	char *name, *value;
};

struct defines {
	struct define names[NAMES_MAX], substs[SUBSTS_MAX];
	size_t name_count, subst_count;
	/* Each #!ifdef: does its part hold, and did what surrounds it? */
	struct {
		bool holds, around;
	} conditions[CONDITIONS_MAX];
	size_t depth; /* may be more than there is room for */
	struct slice environ;
};

struct defines *defines_new(void)
{
	return xcalloc(1, sizeof(struct defines));
}

void defines_free(struct defines *d)
{
	for (size_t i = 0; d && i < d->name_count; i++) {
		free(d->names[i].name);
		free(d->names[i].value);
	}
	for (size_t i = 0; d && i < d->subst_count; i++) {
		free(d->substs[i].name);
		free(d->substs[i].value);
	}
	free(d);
}

void defines_environment(struct defines *d, struct slice environ)
{
	d->environ = environ;
}

/* ---- names ----------------------------------------------------------------------------------- */

static const struct define *find(const struct defines *d, struct slice name)
{
	for (size_t i = 0; i < d->name_count; i++)
		if (slice_eq_str(name, d->names[i].name))
			return &d->names[i];
	return NULL;
}

/* The first one counts, unless it is to be defined anew. */
static void define(struct defines *d, struct slice name, struct slice value, bool anew)
{
	const struct define *known = find(d, name);

	if (!name.n || value.n > TEXT_MAX)
		return;
	if (known && anew) {
		struct define *mine = &d->names[known - d->names];

		free(mine->value);
		mine->value = slice_copy(value);
	}
	if (known || d->name_count == NAMES_MAX)
		return;
	d->names[d->name_count++] = (struct define){slice_copy(name), slice_copy(value)};
}

void defines_take_argument(struct defines *d, struct slice text)
{
	struct slice name, value = slice_cut(text, '=', &name);

	define(d, name, value.p ? value : SLICE_LIT(""), false);
}

static void add_subst(struct defines *d, struct slice name, struct slice value)
{
	if (name.n && value.n <= TEXT_MAX && d->subst_count < SUBSTS_MAX)
		d->substs[d->subst_count++] = (struct define){slice_copy(name), slice_copy(value)};
}

/* "!NAME!VALUE!g", whatever stands in the place of '!'. */
static bool split_subst(struct slice text, struct slice *name, struct slice *value)
{
	struct slice rest;
	char mark;

	text = slice_trim(text);
	if (text.n >= 2 && (text.p[0] == '"' || text.p[0] == '\'') &&
	    text.p[text.n - 1] == text.p[0])
		text = slice_make(text.p + 1, text.n - 2);
	if (text.n < 3)
		return false;
	mark = text.p[0];
	rest = slice_cut(slice_skip(text, 1), mark, name);
	if (!rest.p)
		return false;
	slice_cut(rest, mark, value);
	return true;
}

void defines_take_substdef(struct defines *d, struct slice text, bool quoted)
{
	struct slice name, value;
	char *as_string;

	if (!split_subst(text, &name, &value))
		return;
	add_subst(d, name, value);
	as_string = quoted ? xasprintf("\"%.*s\"", SLICE_FMT(value)) : slice_copy(value);
	define(d, name, slice_of(as_string), false);
	free(as_string);
}

/* In strings alone, and only where the pattern is a word: that is what people write. */
static void take_subst(struct defines *d, struct slice text)
{
	struct slice name, value;

	if (split_subst(text, &name, &value))
		add_subst(d, name, value);
}

/* NAME of the process's environment, or ENV=NAME. */
static void take_environment(struct defines *d, struct slice rest, bool quoted)
{
	struct slice variable, left = d->environ, entry, name, value;
	struct slice as = slice_cut(slice_trim(rest), '=', &variable);
	char *text;

	if (!as.p)
		as = variable;
	while (left.n) {
		left = slice_cut(left, '\0', &entry);
		value = slice_cut(entry, '=', &name);
		if (!value.p || !slice_eq(name, variable) || value.n > TEXT_MAX)
			continue;
		text = quoted ? xasprintf("\"%.*s\"", SLICE_FMT(value)) : slice_copy(value);
		define(d, as, slice_of(text), false);
		free(text);
		return;
	}
}

/* ---- directives ------------------------------------------------------------------------------ */

bool defines_active(const struct defines *d)
{
	if (!d->depth)
		return true;
	if (d->depth > CONDITIONS_MAX)
		return false;
	return d->conditions[d->depth - 1].holds && d->conditions[d->depth - 1].around;
}

static void begin_condition(struct defines *d, bool holds)
{
	bool around = defines_active(d);

	if (d->depth < CONDITIONS_MAX) {
		d->conditions[d->depth].holds = holds;
		d->conditions[d->depth].around = around;
	}
	d->depth++;
}

static bool is_ident(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_';
}

static struct slice first_word(struct slice s, struct slice *rest)
{
	size_t n = 0;

	s = slice_trim(s);
	while (n < s.n && is_ident(s.p[n]))
		n++;
	if (rest)
		*rest = slice_trim(slice_skip(s, n));
	return slice_make(s.p, n);
}

/* Of #!ifexp only NAME and !NAME are understood; the rest does not hold. */
static bool expression_holds(struct defines *d, struct slice text)
{
	bool no = text.n && text.p[0] == '!';
	struct slice rest, name = first_word(no ? slice_skip(text, 1) : text, &rest);

	return name.n && !rest.n && (find(d, name) != NULL) != no;
}

static bool take_condition(struct defines *d, struct slice word, struct slice rest)
{
	if (slice_eq_str(word, "ifdef"))
		begin_condition(d, find(d, first_word(rest, NULL)) != NULL);
	else if (slice_eq_str(word, "ifndef"))
		begin_condition(d, find(d, first_word(rest, NULL)) == NULL);
	else if (slice_eq_str(word, "ifexp"))
		begin_condition(d, expression_holds(d, slice_trim(rest)));
	else if (slice_eq_str(word, "else") && d->depth && d->depth <= CONDITIONS_MAX)
		d->conditions[d->depth - 1].holds = !d->conditions[d->depth - 1].holds;
	else if (slice_eq_str(word, "endif") && d->depth)
		d->depth--;
	else
		return slice_eq_str(word, "else") || slice_eq_str(word, "endif");
	return true;
}

enum what { DEFINE, REDEFINE, SUBST, SUBSTDEF, SUBSTDEFS, DEFENV, DEFENVS };

static const struct {
	const char *word;
	enum what what;
} words[] = {
	{"define", DEFINE},      {"def", DEFINE},        {"trydefine", DEFINE},
	{"trydef", DEFINE},      {"redefine", REDEFINE}, {"redef", REDEFINE},
	{"subst", SUBST},        {"substdef", SUBSTDEF}, {"substdefs", SUBSTDEFS},
	{"defenv", DEFENV},      {"defenvs", DEFENVS},   {"trydefenv", DEFENV},
	{"trydefenvs", DEFENVS},
};

static void take_definition(struct defines *d, enum what what, struct slice rest)
{
	struct slice value, name = first_word(rest, &value);

	switch (what) {
	case DEFINE:
	case REDEFINE:
		define(d, name, value, what == REDEFINE);
		break;
	case SUBST:
		take_subst(d, rest);
		break;
	case SUBSTDEF:
	case SUBSTDEFS:
		defines_take_substdef(d, rest, what == SUBSTDEFS);
		break;
	case DEFENV:
	case DEFENVS:
		take_environment(d, rest, what == DEFENVS);
		break;
	}
}

bool defines_take_directive(struct defines *d, struct slice word, struct slice rest)
{
	if (take_condition(d, word, rest))
		return true;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (slice_eq_str(word, words[i].word)) {
			if (defines_active(d))
				take_definition(d, words[i].what, rest);
			return true;
		}
	return false;
}

/* ---- expansion ------------------------------------------------------------------------------- */

/* What substitutions make of the text of a string. */
static void add_string(const struct defines *d, struct slice s, struct strbuf *out)
{
	while (s.n && out->n < TEXT_MAX) {
		size_t used = 0;

		for (size_t i = 0; i < d->subst_count && !used; i++)
			if (slice_starts_with(s, d->substs[i].name)) {
				strbuf_add_str(out, d->substs[i].value);
				used = strlen(d->substs[i].name);
			}
		if (!used) {
			/* \" and \\ stand for what is behind the stroke. */
			used = s.p[0] == '\\' && s.n > 1 ? 2 : 1;
			strbuf_add_char(out, s.p[used - 1]);
		}
		s = slice_skip(s, used);
	}
}

static size_t string_length(struct slice s)
{
	size_t n = 1;

	while (n < s.n && s.p[n] != s.p[0])
		n += s.p[n] == '\\' ? 2 : 1;
	return n < s.n ? n : s.n;
}

static void expand(const struct defines *d, struct slice s, unsigned depth, struct strbuf *out)
{
	while (s.n && out->n < TEXT_MAX) {
		size_t n = 0;
		const struct define *known;

		if (s.p[0] == '"' || s.p[0] == '\'') {
			n = string_length(s);
			add_string(d, slice_make(s.p + 1, n ? n - 1 : 0), out);
			s = slice_skip(s, n + 1);
			continue;
		}
		while (n < s.n && is_ident(s.p[n]))
			n++;
		known = n ? find(d, slice_make(s.p, n)) : NULL;
		if (known && depth < DEPTH_MAX)
			expand(d, slice_of(known->value), depth + 1, out);
		else
			strbuf_add(out, s.p, n ? n : 1);
		s = slice_skip(s, n ? n : 1);
	}
}

void defines_expand(const struct defines *d, struct slice text, struct strbuf *out)
{
	struct strbuf mine = STRBUF_INIT;

	expand(d, slice_trim(text), 0, &mine);
	if (mine.n > TEXT_MAX)
		strbuf_cut(&mine, TEXT_MAX);
	strbuf_add_slice(out, strbuf_slice(&mine));
	strbuf_free(&mine);
}
