/* Cleaning of outside text, display width, and the words for times and durations. */
#include "base/text.h"

uint32_t text_decode(struct slice s, size_t *len)
{
	const unsigned char *p = (const unsigned char *)s.p;
	uint32_t cp, min;
	size_t need;

	*len = 1;
	if (s.n == 0) {
		*len = 0;
		return 0xfffd;
	}
	if (p[0] < 0x80)
		return p[0];
	if (p[0] >= 0xc2 && p[0] <= 0xdf) {
		need = 2;
		cp = p[0] & 0x1f;
		min = 0x80;
	} else if (p[0] >= 0xe0 && p[0] <= 0xef) {
		need = 3;
		cp = p[0] & 0x0f;
		min = 0x800;
	} else if (p[0] >= 0xf0 && p[0] <= 0xf4) {
		need = 4;
		cp = p[0] & 0x07;
		min = 0x10000;
	} else {
		return 0xfffd;
	}
	if (s.n < need)
		return 0xfffd;
	for (size_t i = 1; i < need; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0xfffd;
		cp = cp << 6 | (p[i] & 0x3f);
	}
	if (cp < min || cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff))
		return 0xfffd;
	*len = need;
	return cp;
}

size_t text_encode(uint32_t cp, char out[4])
{
	if (cp < 0x80) {
		out[0] = (char)cp;
		return 1;
	}
	if (cp < 0x800) {
		out[0] = (char)(0xc0 | cp >> 6);
		out[1] = (char)(0x80 | (cp & 0x3f));
		return 2;
	}
	if (cp < 0x10000) {
		out[0] = (char)(0xe0 | cp >> 12);
		out[1] = (char)(0x80 | (cp >> 6 & 0x3f));
		out[2] = (char)(0x80 | (cp & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | cp >> 18);
	out[1] = (char)(0x80 | (cp >> 12 & 0x3f));
	out[2] = (char)(0x80 | (cp >> 6 & 0x3f));
	out[3] = (char)(0x80 | (cp & 0x3f));
	return 4;
}

struct range {
	uint32_t first, last;
};

static bool in_ranges(uint32_t cp, const struct range *r, size_t n)
{
	size_t lo = 0, hi = n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (cp > r[mid].last)
			lo = mid + 1;
		else if (cp < r[mid].first)
			hi = mid;
		else
			return true;
	}
	return false;
}

#define IN(cp, table) in_ranges((cp), (table), sizeof(table) / sizeof((table)[0]))

/* What must never reach a terminal, a file or a ticket: controls, and characters that are
 * invisible or turn the reading direction, so that what is seen is what is there. */
static const struct range forbidden[] = {
	{0x0000, 0x001f},   {0x007f, 0x009f},   {0x00ad, 0x00ad},   {0x034f, 0x034f},
	{0x061c, 0x061c},   {0x115f, 0x1160},   {0x17b4, 0x17b5},   {0x180b, 0x180f},
	{0x200b, 0x200f},   {0x2028, 0x202e},   {0x2060, 0x206f},   {0x3164, 0x3164},
	{0xd800, 0xdfff},   {0xe000, 0xf8ff},   {0xfdd0, 0xfdef},   {0xfe00, 0xfe0f},
	{0xfeff, 0xfeff},   {0xffa0, 0xffa0},   {0xfff0, 0xfffb},   {0xfffe, 0xffff},
	{0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff}, {0xf0000, 0x10ffff},
};

/* Combining marks (Mn, Me) that fonts draw over the cell before. */
static const struct range zero_width[] = {
	{0x0300, 0x036f}, {0x0483, 0x0489}, {0x0591, 0x05bd}, {0x05bf, 0x05bf}, {0x05c1, 0x05c2},
	{0x05c4, 0x05c5}, {0x05c7, 0x05c7}, {0x0610, 0x061a}, {0x064b, 0x065f}, {0x0670, 0x0670},
	{0x06d6, 0x06dc}, {0x06df, 0x06e4}, {0x06e7, 0x06e8}, {0x06ea, 0x06ed}, {0x0711, 0x0711},
	{0x0730, 0x074a}, {0x07a6, 0x07b0}, {0x0900, 0x0902}, {0x093a, 0x093a}, {0x093c, 0x093c},
	{0x0941, 0x0948}, {0x094d, 0x094d}, {0x0951, 0x0957}, {0x0e31, 0x0e31}, {0x0e34, 0x0e3a},
	{0x0e47, 0x0e4e}, {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff}, {0x20d0, 0x20f0}, {0x302a, 0x302d},
	{0x3099, 0x309a}, {0xfe20, 0xfe2f},
};

/* East Asian Wide and Fullwidth, and emoji that terminals draw in two columns. */
static const struct range wide[] = {
	{0x1100, 0x115f},   {0x231a, 0x231b},   {0x2329, 0x232a},   {0x23e9, 0x23ec},
	{0x23f0, 0x23f0},   {0x23f3, 0x23f3},   {0x25fd, 0x25fe},   {0x2614, 0x2615},
	{0x2648, 0x2653},   {0x267f, 0x267f},   {0x2693, 0x2693},   {0x26a1, 0x26a1},
	{0x26aa, 0x26ab},   {0x26bd, 0x26be},   {0x26c4, 0x26c5},   {0x26ce, 0x26ce},
	{0x26d4, 0x26d4},   {0x26ea, 0x26ea},   {0x26f2, 0x26f3},   {0x26f5, 0x26f5},
	{0x26fa, 0x26fa},   {0x26fd, 0x26fd},   {0x2705, 0x2705},   {0x270a, 0x270b},
	{0x2728, 0x2728},   {0x274c, 0x274c},   {0x274e, 0x274e},   {0x2753, 0x2755},
	{0x2757, 0x2757},   {0x2795, 0x2797},   {0x27b0, 0x27b0},   {0x27bf, 0x27bf},
	{0x2b1b, 0x2b1c},   {0x2b50, 0x2b50},   {0x2b55, 0x2b55},   {0x2e80, 0x303e},
	{0x3041, 0x33ff},   {0x3400, 0x4dbf},   {0x4e00, 0x9fff},   {0xa000, 0xa4cf},
	{0xa960, 0xa97c},   {0xac00, 0xd7a3},   {0xf900, 0xfaff},   {0xfe10, 0xfe19},
	{0xfe30, 0xfe6f},   {0xff00, 0xff60},   {0xffe0, 0xffe6},   {0x16fe0, 0x18aff},
	{0x1b000, 0x1b2ff}, {0x1f004, 0x1f004}, {0x1f0cf, 0x1f0cf}, {0x1f18e, 0x1f18e},
	{0x1f191, 0x1f19a}, {0x1f200, 0x1f320}, {0x1f32d, 0x1f335}, {0x1f337, 0x1f37c},
	{0x1f37e, 0x1f393}, {0x1f3a0, 0x1f3ca}, {0x1f3cf, 0x1f3d3}, {0x1f3e0, 0x1f3f0},
	{0x1f3f4, 0x1f3f4}, {0x1f3f8, 0x1f43e}, {0x1f440, 0x1f440}, {0x1f442, 0x1f4fc},
	{0x1f4ff, 0x1f53d}, {0x1f54b, 0x1f54e}, {0x1f550, 0x1f567}, {0x1f57a, 0x1f57a},
	{0x1f595, 0x1f596}, {0x1f5a4, 0x1f5a4}, {0x1f5fb, 0x1f64f}, {0x1f680, 0x1f6c5},
	{0x1f6cc, 0x1f6cc}, {0x1f6d0, 0x1f6d2}, {0x1f6d5, 0x1f6d7}, {0x1f6eb, 0x1f6ec},
	{0x1f6f4, 0x1f6fc}, {0x1f7e0, 0x1f7eb}, {0x1f90c, 0x1f93a}, {0x1f93c, 0x1f945},
	{0x1f947, 0x1f9ff}, {0x1fa70, 0x1faff}, {0x20000, 0x2fffd}, {0x30000, 0x3fffd},
};

int text_cp_width(uint32_t cp)
{
	if (cp < 0x300)
		return 1;
	if (IN(cp, zero_width))
		return 0;
	return IN(cp, wide) ? 2 : 1;
}

size_t text_width(struct slice s)
{
	size_t width = 0, len;

	while (width < s.n && (unsigned char)s.p[width] < 0x80)
		width++;
	s = slice_skip(s, width);
	while (s.n) {
		width += (size_t)text_cp_width(text_decode(s, &len));
		s = slice_skip(s, len);
	}
	return width;
}

void text_add_utf8(struct slice s, struct strbuf *out)
{
	while (s.n) {
		size_t used;
		char utf8[4];
		uint32_t cp = text_decode(s, &used);

		strbuf_add(out, utf8, text_encode(cp, utf8));
		s = slice_skip(s, used);
	}
}

/* A run of printable ASCII at the start of s: the common case, copied in one go. */
static size_t plain_run(struct slice s)
{
	size_t n = 0;

	while (n < s.n && s.p[n] >= 0x20 && s.p[n] < 0x7f)
		n++;
	return n;
}

bool text_clean(struct slice s, bool ascii_only, struct strbuf *out)
{
	bool cleaned = false;

	while (s.n) {
		size_t len = plain_run(s);
		uint32_t cp;
		bool bad;

		if (len) {
			strbuf_add(out, s.p, len);
			s = slice_skip(s, len);
			continue;
		}
		cp = text_decode(s, &len);
		/* U+FFFD itself is what invalid bytes decode to; a real one looks the same. */
		bad = cp == 0xfffd || IN(cp, forbidden);
		if (bad || (ascii_only && cp >= 0x80))
			strbuf_add_str(out, ascii_only ? "?" : "\xef\xbf\xbd");
		else
			strbuf_add(out, s.p, len);
		cleaned = cleaned || bad || (ascii_only && cp >= 0x80);
		s = slice_skip(s, len);
	}
	return cleaned;
}

bool text_clean_buf(struct slice s, char *dst, size_t size)
{
	struct strbuf b = STRBUF_INIT;
	bool cleaned = text_clean(s, false, &b);
	size_t n = b.n;

	if (n >= size) {
		n = size - 1;
		while (n && ((unsigned char)b.p[n] & 0xc0) == 0x80)
			n--;
	}
	slice_to_buf(slice_make(b.p, n), dst, size);
	strbuf_free(&b);
	return cleaned;
}

bool text_is_clean(struct slice s)
{
	while (s.n) {
		size_t len = plain_run(s);

		if (!len) {
			uint32_t cp = text_decode(s, &len);

			if (cp == 0xfffd || IN(cp, forbidden))
				return false;
		}
		s = slice_skip(s, len);
	}
	return true;
}
