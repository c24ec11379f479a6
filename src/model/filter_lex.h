/* Letters, numbers and patterns of the filter language, as pure functions of text. */
#ifndef REGTOP_MODEL_FILTER_LEX_H
#define REGTOP_MODEL_FILTER_LEX_H

#include "base/slice.h"

static inline char lex_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static inline bool lex_is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static inline bool lex_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool lex_is_hex(char c)
{
	c = lex_lower(c);
	return lex_is_digit(c) || (c >= 'a' && c <= 'f');
}

/* Field names have letters and '_' only, so that "fe80::1" and "2001:db8::1" are words. */
static inline bool lex_is_name(char c)
{
	c = lex_lower(c);
	return (c >= 'a' && c <= 'z') || c == '_';
}

static inline bool lex_ends_word(char c)
{
	return lex_is_blank(c) || c == '(' || c == ')' || c == '|';
}

/* "+49 (171) 555-12" and "004917155512" both become "4917155512". Writes to to (as long as word)
 * and returns the length, 0 when it is no telephone number. */
size_t lex_digits(struct slice word, char *to);
/* A MAC, or a good part of one, in lower case without its separators; 0 when it is none. */
size_t lex_hex(struct slice word, char *to);
/* Bits of the verdict words that word is part of. */
uint32_t lex_verdicts(struct slice word);
/* Decimal number with an optional fraction; not strtod(), which obeys the locale and takes "inf".
 */
bool lex_number(struct slice s, double *out);
/* Where a pattern that begins at i ends: at a blank, or a ')' or '|' that is not its own. */
size_t lex_pattern_end(const char *p, size_t n, size_t i);
/* False for patterns that the C library could need endless time or memory for. */
bool lex_regex_is_tame(struct slice pattern);

#endif
