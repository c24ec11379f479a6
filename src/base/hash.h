/* Hashing of bytes for tables, and unguessable tokens for SIP. */
#ifndef REGTOP_BASE_HASH_H
#define REGTOP_BASE_HASH_H

#include <stdint.h>
#include "base/slice.h"

/* Good mixing, seeded at start from getrandom() so that outside text cannot aim at buckets. Not
 * stable between runs: never store it. */
uint64_t hash_bytes(const void *p, size_t n);
uint64_t hash_u64(uint64_t v);
/* n random bytes from getrandom(). */
void random_bytes(void *p, size_t n);
uint64_t random_u64(void);
/* n random characters of [0-9a-z] and a NUL; dst has room for n + 1 (branches, tags, Call-IDs). */
void random_token(char *dst, size_t n);

#endif
