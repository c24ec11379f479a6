/* Allocation that cannot fail to return: out of memory ends the program with a message. */
#ifndef REGTOP_BASE_ALLOC_H
#define REGTOP_BASE_ALLOC_H

#include <stddef.h>

/* Inputs have hard caps, so hostile input cannot reach the end of memory through these. */
void *xmalloc(size_t size);
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t size);
/* Array of n elements of size bytes; overflow is treated as out of memory. */
void *xreallocarray(void *p, size_t n, size_t size);
char *xstrdup(const char *s);
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Grows the array *p (of *cap elements) so that it holds at least need elements. */
#define XGROW(p, cap, need)                                                                        \
	do {                                                                                       \
		if ((size_t)(need) > (size_t)(cap)) {                                              \
			size_t grow_to_ = (cap) ? (size_t)(cap)*2 : 16;                            \
			if (grow_to_ < (size_t)(need))                                             \
				grow_to_ = (size_t)(need);                                         \
			(p) = xreallocarray((p), grow_to_, sizeof *(p));                           \
			(cap) = grow_to_;                                                          \
		}                                                                                  \
	} while (0)

#endif
