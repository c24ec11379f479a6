/* Text slices: a pointer and a length into memory that somebody else owns. */
#ifndef REGTOP_BASE_SLICE_H
#define REGTOP_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Not NUL-terminated, never owned, valid as long as the memory it points into. */
struct slice {
	const char *p;
	size_t n;
};

#define SLICE_NONE   ((struct slice){NULL, 0})
#define SLICE_LIT(s) ((struct slice){(s), sizeof(s) - 1})
/* For printf("%.*s", SLICE_FMT(s)); only for text that was cleaned or is known to be ours. */
#define SLICE_FMT(s) (int)(s).n, (s).p ? (s).p : ""

static inline struct slice slice_of(const char *s)
{
	return (struct slice){s, s ? strlen(s) : 0};
}

static inline struct slice slice_make(const char *p, size_t n)
{
	return (struct slice){p, n};
}

static inline bool slice_empty(struct slice s)
{
	return s.n == 0;
}

/* Byte-wise equality. */
bool slice_eq(struct slice a, struct slice b);
/* Equality that ignores ASCII case (header names, hosts, transports). */
bool slice_ieq(struct slice a, struct slice b);
bool slice_eq_str(struct slice a, const char *b);
bool slice_ieq_str(struct slice a, const char *b);
/* memcmp order, the shorter first. */
int slice_cmp(struct slice a, struct slice b);
bool slice_starts_with(struct slice s, const char *prefix);
/* Position of byte c, or -1. */
ptrdiff_t slice_find_char(struct slice s, char c);
/* Position of needle ignoring ASCII case, or -1; an empty needle is found at 0. */
ptrdiff_t slice_find_icase(struct slice haystack, struct slice needle);
/* Without leading and trailing blanks, tabs, CR and LF. */
struct slice slice_trim(struct slice s);
/* Cuts at the first c: *head gets what is before, the return value what is after. When there
 * is no c, *head is all of s and SLICE_NONE comes back. */
struct slice slice_cut(struct slice s, char c, struct slice *head);
/* s without its first n bytes (or empty). */
struct slice slice_skip(struct slice s, size_t n);
/* Whole slice as unsigned decimal; false on any other byte, emptiness, or a value above max. */
bool slice_to_u64(struct slice s, uint64_t max, uint64_t *out);
/* Value of a hexadecimal digit, or -1. */
int slice_hex_digit(char c);
/* Heap copy with a NUL; owned by the caller. */
char *slice_copy(struct slice s);
/* Copy into a buffer of size bytes, cut to fit, always NUL-terminated; returns dst. */
char *slice_to_buf(struct slice s, char *dst, size_t size);

#endif
