/* The words for times and durations, to and from text. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "base/text.h"

char *text_rfc3339(int64_t unix_s, char out[24])
{
	time_t t = (time_t)unix_s;
	struct tm tm;

	/* Years beyond four digits would not be RFC 3339. */
	if (unix_s < -62135596800LL || unix_s > 253402300799LL || !gmtime_r(&t, &tm)) {
		out[0] = '\0';
		return out;
	}
	strftime(out, 24, "%Y-%m-%dT%H:%M:%SZ", &tm);
	return out;
}

char *text_rfc3339_ms(int64_t unix_ms, char out[28])
{
	char s[24];
	int64_t sec = unix_ms >= 0 ? unix_ms / 1000 : -((999 - unix_ms) / 1000);

	text_rfc3339(sec, s);
	if (s[0] == '\0') {
		out[0] = '\0';
		return out;
	}
	snprintf(out, 28, "%.19s.%03dZ", s, (int)(unix_ms - sec * 1000));
	return out;
}

/* Exactly n digits at p. */
static bool digits(const char *p, size_t n, int *out)
{
	int v = 0;

	for (size_t i = 0; i < n; i++) {
		if (p[i] < '0' || p[i] > '9')
			return false;
		v = v * 10 + (p[i] - '0');
	}
	*out = v;
	return true;
}

bool text_parse_rfc3339(struct slice s, int64_t *unix_ms)
{
	struct tm tm = {0};
	int ms = 0, scale = 100;
	size_t i = 19;

	if (s.n < 20 || !digits(s.p, 4, &tm.tm_year) || s.p[4] != '-' ||
	    !digits(s.p + 5, 2, &tm.tm_mon) || s.p[7] != '-' || !digits(s.p + 8, 2, &tm.tm_mday) ||
	    (s.p[10] != 'T' && s.p[10] != ' ') || !digits(s.p + 11, 2, &tm.tm_hour) ||
	    s.p[13] != ':' || !digits(s.p + 14, 2, &tm.tm_min) || s.p[16] != ':' ||
	    !digits(s.p + 17, 2, &tm.tm_sec))
		return false;
	if (tm.tm_mon < 1 || tm.tm_mon > 12 || tm.tm_mday < 1 || tm.tm_mday > 31 ||
	    tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60)
		return false;
	if (s.p[i] == '.') {
		for (i++; i < s.n && s.p[i] >= '0' && s.p[i] <= '9'; i++) {
			ms += (s.p[i] - '0') * scale;
			scale /= 10;
		}
	}
	if (i + 1 != s.n || s.p[i] != 'Z')
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	*unix_ms = (int64_t)timegm(&tm) * 1000 + ms;
	return true;
}

char *text_duration(int64_t seconds, char out[16])
{
	const char *sign = seconds < 0 ? "-" : "";
	uint64_t s = seconds < 0 ? (uint64_t)0 - (uint64_t)seconds : (uint64_t)seconds;

	if (s < 60)
		snprintf(out, 16, "%s%us", sign, (unsigned)s);
	else if (s < 3600)
		snprintf(out, 16, "%s%um%02us", sign, (unsigned)(s / 60), (unsigned)(s % 60));
	else if (s < 86400)
		snprintf(out, 16, "%s%uh%02um", sign, (unsigned)(s / 3600),
			 (unsigned)(s % 3600 / 60));
	else if (s < 86400ULL * 1000)
		snprintf(out, 16, "%s%ud%02uh", sign, (unsigned)(s / 86400),
			 (unsigned)(s % 86400 / 3600));
	else if (s < 86400ULL * 365 * 1000)
		snprintf(out, 16, "%s%ud", sign, (unsigned)(s / 86400));
	else
		snprintf(out, 16, "%s>999y", sign);
	return out;
}

bool text_parse_duration(struct slice s, int64_t *seconds)
{
	static const struct {
		char unit;
		int64_t scale;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}};
	bool negative = s.n && s.p[0] == '-';
	int64_t total = 0;

	if (negative)
		s = slice_skip(s, 1);
	if (s.n == 0)
		return false;
	while (s.n) {
		size_t n = 0;
		uint64_t v;
		int64_t scale = 0;

		while (n < s.n && s.p[n] >= '0' && s.p[n] <= '9')
			n++;
		if (!slice_to_u64(slice_make(s.p, n), 100000000000ULL, &v))
			return false;
		if (n == s.n) {
			/* A number without a unit counts seconds, but only alone or last. */
			total += (int64_t)v;
			break;
		}
		for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
			if (s.p[n] == units[i].unit)
				scale = units[i].scale;
		if (!scale)
			return false;
		total += (int64_t)v * scale;
		s = slice_skip(s, n + 1);
	}
	*seconds = negative ? -total : total;
	return true;
}
