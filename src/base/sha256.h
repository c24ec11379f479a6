/* SHA-256 of some bytes (FIPS 180-4): small enough to carry along, so that no start waits for a
 * cryptographic library. */
#ifndef REGTOP_BASE_SHA256_H
#define REGTOP_BASE_SHA256_H

#include <stddef.h>

#define SHA256_SIZE 32

void sha256(const void *p, size_t n, unsigned char out[SHA256_SIZE]);

#endif
