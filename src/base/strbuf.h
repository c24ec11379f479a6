/* The string builder: the one way in which text is put together. */
#ifndef REGTOP_BASE_STRBUF_H
#define REGTOP_BASE_STRBUF_H

#include "base/slice.h"

/* Grows as needed, always NUL-terminated. Start from STRBUF_INIT (all zero), end with
 * strbuf_free(). */
struct strbuf {
	char *p;
	size_t n, cap;
};

#define STRBUF_INIT ((struct strbuf){NULL, 0, 0})

void strbuf_free(struct strbuf *b);
void strbuf_clear(struct strbuf *b);
/* Only the first n bytes stay; n is not more than there are. */
void strbuf_cut(struct strbuf *b, size_t n);
void strbuf_reserve(struct strbuf *b, size_t more);
void strbuf_add(struct strbuf *b, const void *p, size_t n);
void strbuf_add_str(struct strbuf *b, const char *s);
void strbuf_add_slice(struct strbuf *b, struct slice s);
void strbuf_add_char(struct strbuf *b, char c);
/* n copies of c. */
void strbuf_add_fill(struct strbuf *b, char c, size_t n);
void strbuf_addf(struct strbuf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* What is in it; valid until the next change. */
struct slice strbuf_slice(const struct strbuf *b);
/* Never NULL. */
const char *strbuf_str(const struct strbuf *b);
/* Hands the memory over (never NULL, caller frees) and leaves the builder empty. */
char *strbuf_take(struct strbuf *b);

#endif
