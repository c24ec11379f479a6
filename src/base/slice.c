/* Text slices: a pointer and a length into memory that somebody else owns. */
#include "base/slice.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif
#include "base/alloc.h"

bool slice_eq(struct slice a, struct slice b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline unsigned char lower(char c)
{
	return (c >= 'A' && c <= 'Z') ? (unsigned char)(c + 32) : (unsigned char)c;
}

static bool same_icase(const char *a, const char *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (lower(a[i]) != lower(b[i]))
			return false;
	return true;
}

bool slice_ieq(struct slice a, struct slice b)
{
	return a.n == b.n && same_icase(a.p, b.p, a.n);
}

bool slice_eq_str(struct slice a, const char *b)
{
	return slice_eq(a, slice_of(b));
}

bool slice_ieq_str(struct slice a, const char *b)
{
	/* strncasecmp would stop at a NUL inside a; equal lengths and no NUL in b rule that out
	 * except for a NUL in a, which then differs from b's byte. */
	return slice_ieq(a, slice_of(b));
}

int slice_cmp(struct slice a, struct slice b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int d = n ? memcmp(a.p, b.p, n) : 0;

	if (d != 0)
		return d;
	return (a.n > b.n) - (a.n < b.n);
}

bool slice_starts_with(struct slice s, const char *prefix)
{
	size_t n = strlen(prefix);

	return s.n >= n && (n == 0 || memcmp(s.p, prefix, n) == 0);
}

ptrdiff_t slice_find_char(struct slice s, char c)
{
	const char *hit = s.n ? memchr(s.p, c, s.n) : NULL;

	return hit ? hit - s.p : -1;
}

#ifdef __SSE2__
/* What 16 bytes are compared with to find c. Letters are compared with bit 5 set: that makes no
 * other byte a letter. */
struct probe16 {
	__m128i fold, c;
};

static struct probe16 probe16_of(char c)
{
	bool letter = lower(c) >= 'a' && lower(c) <= 'z';

	return (struct probe16){_mm_set1_epi8(letter ? 0x20 : 0), _mm_set1_epi8((char)lower(c))};
}

static __m128i hits16(const char *at, const struct probe16 *p)
{
	__m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);

	return _mm_cmpeq_epi8(_mm_or_si128(bytes, p->fold), p->c);
}

/* 16 places at a time: only where both ends of the needle fit is the middle looked at. The last
 * place, h.n - needle.n, is 15 or more. */
static ptrdiff_t find_by_16(struct slice h, struct slice needle)
{
	struct probe16 first = probe16_of(needle.p[0]), end = probe16_of(needle.p[needle.n - 1]);
	size_t last = h.n - needle.n, i = 0;

	for (;;) {
		__m128i both = _mm_and_si128(hits16(h.p + i, &first),
					     hits16(h.p + i + needle.n - 1, &end));
		unsigned places = (unsigned)_mm_movemask_epi8(both);

		for (; places; places &= places - 1) {
			size_t at = i + (unsigned)__builtin_ctz(places);

			if (same_icase(h.p + at, needle.p, needle.n))
				return (ptrdiff_t)at;
		}
		if (i + 15 >= last)
			return -1;
		i += 16;
		if (i + 15 > last)
			i = last - 15;
	}
}
#endif

ptrdiff_t slice_find_icase(struct slice h, struct slice needle)
{
	if (needle.n == 0)
		return 0;
	if (needle.n > h.n)
		return -1;
#ifdef __SSE2__
	if (h.n - needle.n >= 15)
		return find_by_16(h, needle);
#endif
	for (size_t i = 0; i + needle.n <= h.n; i++)
		if (lower(h.p[i]) == lower(needle.p[0]) && same_icase(h.p + i, needle.p, needle.n))
			return (ptrdiff_t)i;
	return -1;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct slice slice_trim(struct slice s)
{
	while (s.n && is_blank(s.p[0])) {
		s.p++;
		s.n--;
	}
	while (s.n && is_blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

struct slice slice_cut(struct slice s, char c, struct slice *head)
{
	ptrdiff_t at = slice_find_char(s, c);

	if (at < 0) {
		*head = s;
		return SLICE_NONE;
	}
	*head = slice_make(s.p, (size_t)at);
	return slice_make(s.p + at + 1, s.n - (size_t)at - 1);
}

struct slice slice_skip(struct slice s, size_t n)
{
	if (n >= s.n)
		return slice_make(s.p ? s.p + s.n : NULL, 0);
	return slice_make(s.p + n, s.n - n);
}

bool slice_to_u64(struct slice s, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;

	if (s.n == 0)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		unsigned d = (unsigned char)s.p[i] - '0';

		if (d > 9 || v > (max - d) / 10)
			return false;
		v = v * 10 + d;
	}
	*out = v;
	return v <= max;
}

int slice_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

char *slice_copy(struct slice s)
{
	char *p = xmalloc(s.n + 1);

	if (s.n)
		memcpy(p, s.p, s.n);
	p[s.n] = '\0';
	return p;
}

char *slice_to_buf(struct slice s, char *dst, size_t size)
{
	size_t n = s.n < size - 1 ? s.n : size - 1;

	if (n)
		memcpy(dst, s.p, n);
	dst[n] = '\0';
	return dst;
}
