/* Letters, numbers and patterns of the filter language, as pure functions of text. */
#include "model/filter_lex.h"

#include "model/judgement.h"

/* Dots stand in addresses more often than in numbers: "10.0.0.1" is not 10001. */
static bool dots_of_number(struct slice word)
{
	size_t dots = 0;

	for (size_t i = 0; i < word.n; i++)
		dots += word.p[i] == '.';
	return dots == 0 || dots >= 4 || word.p[0] == '+' || slice_starts_with(word, "00");
}

size_t lex_digits(struct slice word, char *to)
{
	size_t n = 0;

	if (!word.n || !dots_of_number(word))
		return 0;
	for (size_t i = 0; i < word.n; i++) {
		char c = word.p[i];

		if (lex_is_digit(c))
			to[n++] = c;
		else if (!(c == '+' && i == 0) && !(c && strchr(" -()./", c)))
			return 0;
	}
	if (n > 2 && to[0] == '0' && to[1] == '0') {
		memmove(to, to + 2, n - 2);
		n -= 2;
	}
	return n >= 2 ? n : 0;
}

size_t lex_hex(struct slice word, char *to)
{
	size_t n = 0, dots = 0, marks = 0, letters = 0;

	for (size_t i = 0; i < word.n; i++) {
		char c = lex_lower(word.p[i]);

		if (lex_is_hex(c)) {
			to[n++] = c;
			letters += !lex_is_digit(c);
		} else if (c == ':' || c == '-') {
			marks++;
		} else if (c == '.') {
			dots++;
		} else {
			return 0;
		}
	}
	/* "0015.651a.2b3c" is a MAC, "192.0.2.1" an address; "123456" is a number. */
	if (n < 6 || (dots && (dots != 2 || n != 12)) || (!letters && !marks && n != 12))
		return 0;
	return n;
}

/* Of three letters at least: shorter ones would make every key press judge every row. */
uint32_t lex_verdicts(struct slice word)
{
	uint32_t bits = 0;

	for (unsigned v = 0; word.n >= 3 && v < VERDICT_COUNT; v++)
		if (slice_find_icase(slice_of(verdict_words[v].word), word) >= 0)
			bits |= 1u << v;
	return bits;
}

bool lex_number(struct slice s, double *out)
{
	double v = 0, scale = 1;
	bool minus = s.n && s.p[0] == '-', point = false, any = false;

	for (size_t i = minus; i < s.n; i++) {
		if (s.p[i] == '.' && !point) {
			point = true;
			continue;
		}
		if (!lex_is_digit(s.p[i]))
			return false;
		any = true;
		v = v * 10 + (s.p[i] - '0');
		scale *= point ? 10 : 1;
	}
	*out = (minus ? -v : v) / scale;
	return any && s.n < 20;
}

size_t lex_pattern_end(const char *p, size_t n, size_t i)
{
	unsigned parens = 0;
	size_t bracket = 0; /* where its first member stands, 0: outside */

	for (; i < n && !lex_is_blank(p[i]); i++) {
		if (p[i] == '\\' && !bracket && i + 1 < n) {
			i++;
		} else if (bracket) {
			/* "[]…]" and "[^]…]" hold a ']' as their first member */
			if (p[i] == ']' && i > bracket)
				bracket = 0;
		} else if (p[i] == '[') {
			bracket = i + 1 < n && p[i + 1] == '^' ? i + 2 : i + 1;
		} else if (p[i] == '(') {
			parens++;
		} else if (p[i] == ')' || p[i] == '|') {
			if (!parens)
				break;
			parens -= p[i] == ')';
		}
	}
	return i;
}

/* Counted repeats are expanded when compiled, nested ones without limit. Their product is capped;
 * 0 says that it is too large. */
static unsigned repeats_at(struct slice s, size_t *i)
{
	unsigned most = 1, n = 0;

	for (++*i; *i < s.n && s.p[*i] != '}'; ++*i) {
		n = lex_is_digit(s.p[*i]) ? n * 10 + (unsigned)(s.p[*i] - '0') : 0;
		if (n > 255)
			return 0;
		most = n > most ? n : most;
	}
	return most;
}

bool lex_regex_is_tame(struct slice s)
{
	unsigned product = 1, stars = 0;

	for (size_t i = 0; i < s.n; i++) {
		switch (s.p[i]) {
		case '\0':
			return false;
		case '\\':
			/* back references take exponential time */
			if (i + 1 < s.n && lex_is_digit(s.p[++i]))
				return false;
			break;
		case '{':
			product *= repeats_at(s, &i);
			if (product == 0 || product > 255)
				return false;
			break;
		case '*':
		case '+':
		case '?':
			if (++stars > 16)
				return false;
			break;
		default:
			break;
		}
	}
	return true;
}
