/* Hashing of bytes for tables, and unguessable tokens for SIP. */
#include "base/hash.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static void ask_kernel(void *p, size_t n)
{
	char *at = p;

	while (n) {
		ssize_t got = getrandom(at, n, 0);

		if (got < 0) {
			if (errno == EINTR)
				continue;
			abort(); /* a kernel without getrandom is older than anything we build on */
		}
		at += got;
		n -= (size_t)got;
	}
}

/* Fetched in advance: a sweep takes thousands of tokens a second. Each byte is given out once. */
void random_bytes(void *p, size_t n)
{
	static unsigned char pool[1024];
	static size_t left;

	if (n > sizeof(pool) / 4) {
		ask_kernel(p, n);
		return;
	}
	if (left < n) {
		ask_kernel(pool, sizeof(pool));
		left = sizeof(pool);
	}
	left -= n;
	memcpy(p, pool + left, n);
	memset(pool + left, 0, n);
}

uint64_t random_u64(void)
{
	uint64_t v;

	random_bytes(&v, sizeof(v));
	return v;
}

void random_token(char *dst, size_t n)
{
	static const char letters[] = "0123456789abcdefghijklmnopqrstuv";
	unsigned char raw[64];

	for (size_t i = 0; i < n; i++) {
		if (i % sizeof(raw) == 0)
			random_bytes(raw, n - i < sizeof(raw) ? n - i : sizeof(raw));
		dst[i] = letters[raw[i % sizeof(raw)] & 31];
	}
	dst[n] = '\0';
}

static uint64_t seed(void)
{
	static uint64_t value;

	if (!value)
		value = random_u64() | 1;
	return value;
}

static inline uint64_t mix(uint64_t a, uint64_t b)
{
	__uint128_t m = (__uint128_t)a * b;

	return (uint64_t)m ^ (uint64_t)(m >> 64);
}

static const uint64_t k0 = 0xa0761d6478bd642fULL, k1 = 0xe7037ed1a0b428dbULL;

uint64_t hash_u64(uint64_t v)
{
	return mix(v ^ seed() ^ k0, k1);
}

/* Multiply and fold, eight bytes at a time; the seed keeps bucket choice out of outside hands. */
uint64_t hash_bytes(const void *p, size_t n)
{
	const unsigned char *at = p;
	uint64_t h = seed() ^ (n * k0);
	uint64_t v;

	while (n >= 8) {
		memcpy(&v, at, 8);
		h = mix(h ^ v, k1);
		at += 8;
		n -= 8;
	}
	if (n) {
		v = 0;
		memcpy(&v, at, n);
		h = mix(h ^ v, k0);
	}
	return mix(h, k1);
}
