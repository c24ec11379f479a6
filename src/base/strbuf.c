/* The string builder: the one way in which text is put together. */
#include "base/strbuf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/alloc.h"

void strbuf_free(struct strbuf *b)
{
	free(b->p);
	*b = STRBUF_INIT;
}

void strbuf_clear(struct strbuf *b)
{
	b->n = 0;
	if (b->p)
		b->p[0] = '\0';
}

void strbuf_cut(struct strbuf *b, size_t n)
{
	b->n = n;
	if (b->p)
		b->p[n] = '\0';
}

void strbuf_reserve(struct strbuf *b, size_t more)
{
	size_t need = b->n + more + 1;

	if (need > b->cap) {
		size_t cap = b->cap ? b->cap * 2 : 64;

		if (cap < need)
			cap = need;
		b->p = xrealloc(b->p, cap);
		b->cap = cap;
	}
}

void strbuf_add(struct strbuf *b, const void *p, size_t n)
{
	strbuf_reserve(b, n);
	if (n)
		memcpy(b->p + b->n, p, n);
	b->n += n;
	b->p[b->n] = '\0';
}

void strbuf_add_str(struct strbuf *b, const char *s)
{
	strbuf_add(b, s, strlen(s));
}

void strbuf_add_slice(struct strbuf *b, struct slice s)
{
	strbuf_add(b, s.p, s.n);
}

void strbuf_add_char(struct strbuf *b, char c)
{
	strbuf_add(b, &c, 1);
}

void strbuf_add_fill(struct strbuf *b, char c, size_t n)
{
	strbuf_reserve(b, n);
	memset(b->p + b->n, c, n);
	b->n += n;
	b->p[b->n] = '\0';
}

void strbuf_addf(struct strbuf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	strbuf_reserve(b, 64);
	va_start(ap, fmt);
	n = vsnprintf(b->p + b->n, b->cap - b->n, fmt, ap);
	va_end(ap);
	if (n < 0) {
		b->p[b->n] = '\0';
		return;
	}
	if ((size_t)n >= b->cap - b->n) {
		strbuf_reserve(b, (size_t)n);
		va_start(ap, fmt);
		vsnprintf(b->p + b->n, b->cap - b->n, fmt, ap);
		va_end(ap);
	}
	b->n += (size_t)n;
}

struct slice strbuf_slice(const struct strbuf *b)
{
	return slice_make(b->p, b->n);
}

const char *strbuf_str(const struct strbuf *b)
{
	return b->p ? b->p : "";
}

char *strbuf_take(struct strbuf *b)
{
	char *p = b->p ? b->p : xstrdup("");

	*b = STRBUF_INIT;
	return p;
}
