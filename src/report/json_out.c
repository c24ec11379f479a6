/* Pieces of JSON text, appended to a string builder in the order in which they are to stand. */
#include "report/json_out.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include "base/text.h"

static void add_escaped(struct strbuf *b, uint32_t cp)
{
	if (cp >= 0x10000) {
		cp -= 0x10000;
		strbuf_addf(b, "\\u%04x\\u%04x", 0xd800 + (unsigned)(cp >> 10),
			    0xdc00 + (unsigned)(cp & 0x3ff));
	} else {
		strbuf_addf(b, "\\u%04x", (unsigned)cp);
	}
}

/* s is clean: valid UTF-8 without controls, so only '"' and '\\' need care. */
static void add_clean(struct strbuf *b, struct slice s, bool ascii_only)
{
	strbuf_add_char(b, '"');
	while (s.n) {
		size_t run = 0, len;

		while (run < s.n && s.p[run] != '"' && s.p[run] != '\\' &&
		       (!ascii_only || (unsigned char)s.p[run] < 0x80))
			run++;
		strbuf_add(b, s.p, run);
		s = slice_skip(s, run);
		if (!s.n)
			break;
		if ((unsigned char)s.p[0] < 0x80) {
			strbuf_add_char(b, '\\');
			strbuf_add_char(b, s.p[0]);
			len = 1;
		} else {
			add_escaped(b, text_decode(s, &len));
		}
		s = slice_skip(s, len);
	}
	strbuf_add_char(b, '"');
}

void json_out_text(struct strbuf *b, struct slice s, bool ascii_only)
{
	struct strbuf clean = STRBUF_INIT;

	if (text_is_clean(s)) {
		add_clean(b, s, ascii_only);
		return;
	}
	text_clean(s, false, &clean);
	add_clean(b, strbuf_slice(&clean), ascii_only);
	strbuf_free(&clean);
}

void json_out_bytes(struct strbuf *b, struct slice s)
{
	static const char hex[] = "0123456789abcdef";

	if (text_is_clean(s)) {
		add_clean(b, s, false);
		return;
	}
	strbuf_add_str(b, "{\"hex\":\"");
	for (size_t i = 0; i < s.n; i++) {
		strbuf_add_char(b, hex[(unsigned char)s.p[i] >> 4]);
		strbuf_add_char(b, hex[s.p[i] & 15]);
	}
	strbuf_add_str(b, "\"}");
}

void json_out_int(struct strbuf *b, int64_t i)
{
	strbuf_addf(b, "%" PRId64, i);
}

void json_out_real(struct strbuf *b, double d)
{
	char s[40];

	if (!isfinite(d)) {
		strbuf_add_str(b, "null");
		return;
	}
	snprintf(s, sizeof(s), "%.10g", d);
	for (const char *p = s; *p; p++) {
		if ((*p >= '0' && *p <= '9') || *p == '-' || *p == '+' || *p == 'e')
			strbuf_add_char(b, *p);
		else if (p == s || b->p[b->n - 1] != '.') /* the locale's own decimal point */
			strbuf_add_char(b, '.');
	}
}

void json_out_time(struct strbuf *b, int64_t unix_ms, bool fraction)
{
	char s[28];

	if (fraction)
		text_rfc3339_ms(unix_ms, s);
	else
		text_rfc3339(unix_ms >= 0 ? unix_ms / 1000 : -((999 - unix_ms) / 1000), s);
	if (s[0])
		strbuf_addf(b, "\"%s\"", s);
	else
		strbuf_add_str(b, "null");
}

void json_out_key(struct strbuf *b, const char *name)
{
	char last = b->n ? b->p[b->n - 1] : '{';

	if (last != '{' && last != '[')
		strbuf_add_char(b, ',');
	strbuf_addf(b, "\"%s\":", name);
}

int json_out_flush(struct strbuf *b, FILE *out)
{
	size_t n = b->n;

	errno = 0;
	if (n && fwrite(b->p, 1, n, out) != n)
		return errno ? -errno : -EIO;
	strbuf_clear(b);
	return 0;
}
