/* The help view: keys from the command table, verdict words from theirs, signs and the filter. */
#include <stdio.h>
#include "base/text.h"
#include "ui/views.h"

/* clang-format off */
static const char *const signs[][2] = {
	{">", "The cursor. It stays with its binding when the rows move."},
	{"*", "Marked. Marks stay when a filter hides the row; the top says how many are hidden."},
	{"?", "A probe is on its way."},
	{"!", "Its AoR is watched."},
	{"+", "New in the last seconds."},
	{"~", "Left of the AoR: changed in the last seconds. Behind a verdict: old evidence."},
};

static const char *const filters[][2] = {
	{"acme 4021", "Words: AoR, contact, address, User-Agent, Call-ID, MAC, verdict."},
	{"user_agent:yealink", "A column contains this; verdict, basis and numbers are equal."},
	{"left<2m", "Comparisons: < > <= >= = != with numbers or times (90s, 2m, 1h)."},
	{"verdict:silent|refused", "'|' or, blank and, '!' not, ( ) around a part."},
	{"contact~\"10\\.0\\..*\"", "'~' a regular expression."},
	{"call_id:-", "'-' is nothing: the source does not know it."},
};
/* clang-format on */

static void add_keys(struct sheet *s, const struct command *c)
{
	struct slice rest = slice_of(c->keys), one;
	char keys[64] = "", name[24], shown[16];
	size_t n = 0;

	while (rest.n && n < sizeof(keys)) {
		rest = slice_cut(rest, ' ', &one);
		slice_to_buf(one, name, sizeof(name));
		n += (size_t)snprintf(keys + n, sizeof(keys) - n, "%s%s", n ? " " : "",
				      key_shown(name, shown));
	}
	sheet_field(s, ROLE_KEY, keys, ROLE_TEXT, slice_of(c->help));
}

static void add_group(const struct ui *u, struct sheet *s, enum command_group g)
{
	sheet_heading(s, command_group_title(g));
	for (size_t i = 0; i < commands_count; i++) {
		const char *why;

		if (commands[i].group != g)
			continue;
		add_keys(s, &commands[i]);
		why = ui_refused(u, &commands[i]);
		if (why) {
			char text[400];

			snprintf(text, sizeof(text), "Not now: %s", why);
			sheet_text(s, s->indent, ROLE_WARN, slice_of(text));
		}
	}
}

static void add_words(struct sheet *s)
{
	sheet_heading(s, "Verdicts");
	for (int v = 0; v < VERDICT_COUNT; v++) {
		struct judgement j = {.verdict = (enum verdict)v, .tone = verdict_words[v].tone};

		sheet_field(s, verdict_role(&j), verdict_words[v].word, ROLE_TEXT,
			    slice_of(verdict_words[v].meaning));
	}
	sheet_heading(s, "How far a verdict may be believed");
	sheet_field(s, ROLE_TEXT, basis_name(BASIS_CONFIRMED), ROLE_TEXT,
		    SLICE_LIT("The probe went the way that a call goes."));
	sheet_field(s, ROLE_TEXT, basis_name(BASIS_LIKELY), ROLE_TEXT,
		    SLICE_LIT("It went another way, but nothing stands in between."));
	sheet_field(s, ROLE_TEXT, basis_name(BASIS_UNKNOWN), ROLE_TEXT,
		    SLICE_LIT("A call may fare differently: NAT, or a connection that only the "
			      "registrar has."));
}

static bool help_put(struct ui *u, struct frame *f, struct area a)
{
	struct sheet s;

	sheet_begin(&s, f, a, &u->help_scroll, 16);
	for (int g = GROUP_MOVE; g <= GROUP_OTHER; g++)
		add_group(u, &s, (enum command_group)g);
	sheet_heading(&s, "Signs left of the AoR");
	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
		sheet_field(&s, ROLE_KEY, signs[i][0], ROLE_TEXT, slice_of(signs[i][1]));
	add_words(&s);
	sheet_heading(&s, "Filters");
	s.indent = 25;
	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++)
		sheet_field(&s, ROLE_KEY, filters[i][0], ROLE_TEXT, slice_of(filters[i][1]));
	return sheet_end(&s, "Help");
}

void help_draw(struct ui *u, struct frame *f, struct area a)
{
	if (help_put(u, f, a))
		help_put(u, f, a);
}
