/* Fuzzing of source/rpc/binrpc: under libFuzzer, or by its own mutations of what Kamailio said. */
#include <stdio.h>
#include <stdlib.h>
#include "base/alloc.h"
#include "source/rpc/binrpc.h"
#include "../unit/source/binrpc_recorded.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned whole, answers;

static void demand(bool ok, const char *what)
{
	if (ok)
		return;
	printf("not ok 1 - %s\n", what);
	fflush(stdout);
	abort();
}

/* An answer is one of the two that there are, and JSON can say it. */
static void look_at(const json_t *doc)
{
	const json_t *error = json_object_get(doc, "error");
	char *text = json_dumps(doc, JSON_COMPACT);
	json_t *again;

	demand(text != NULL, "an answer can be written");
	again = json_loads(text, JSON_ALLOW_NUL, NULL);
	demand(again && json_object_size(again) == 1, "and read");
	demand(json_object_get(doc, "result") ||
		       (json_is_integer(json_object_get(error, "code")) &&
			json_is_string(json_object_get(error, "message"))),
	       "it is a result or a fault");
	json_decref(again);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* A copy of exactly this size: a byte read beyond it is seen. */
	char *exact = xmalloc(size ? size : 1);
	struct binrpc_packet p;
	json_t *doc = NULL;
	int rc;

	if (size)
		memcpy(exact, data, size);
	rc = binrpc_packet(slice_make(exact, size), &p);
	demand(rc <= BINRPC_MORE && (rc != BINRPC_MORE || p.size == 0 || p.size > size),
	       "more is wanted only where more is missing");
	if (rc == 0) {
		demand(p.size <= size && p.body.p >= exact && p.body.p + p.body.n == exact + p.size,
		       "a whole packet lies within the stream");
		whole++;
		if (binrpc_answer(&p, "ul.lookup", &doc) == 0) {
			answers++;
			look_at(doc);
			json_decref(doc);
		}
	}
	free(exact);
	return 0;
}

/* With clang -fsanitize=fuzzer -DFUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION libFuzzer brings main().
 */
#ifndef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION

#define ROUNDS 150000
#define MAX    4096
#define SEEDS  (sizeof(recorded) / sizeof(recorded[0]))

static uint64_t dice = 0x9e3779b97f4a7c15u;

/* xorshift64: the same run every time. */
static unsigned roll(size_t n)
{
	dice ^= dice << 13;
	dice ^= dice >> 7;
	dice ^= dice << 17;
	return n ? (unsigned)((dice >> 11) % n) : 0;
}

static size_t unhex(const char *hex, uint8_t *out)
{
	size_t n = 0;

	for (; hex[0] && hex[1]; hex += 2)
		out[n++] = (uint8_t)(slice_hex_digit(hex[0]) << 4 | slice_hex_digit(hex[1]));
	return n;
}

/* Records' first bytes, and sizes at which something turns over. */
static const uint8_t bites[] = {0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x07, 0x10, 0x40,
				0x7f, 0x80, 0x82, 0x83, 0x84, 0x91, 0xb1, 0xc1, 0xff};

/* The size in the head follows what was done, most of the time: else hardly anything is whole. */
static size_t mutate(uint8_t *p, size_t n)
{
	size_t at = roll(n + 1), len, from;
	uint8_t piece[64];

	switch (roll(5)) {
	case 0: /* another byte */
		if (at < n)
			p[at] = (uint8_t)roll(256);
		return n;
	case 1: /* a byte that means something */
		if (at < n)
			p[at] = bites[roll(sizeof(bites))];
		return n;
	case 2: /* one bit */
		if (at < n)
			p[at] ^= (uint8_t)(1u << roll(8));
		return n;
	case 3: /* a piece left out */
		len = roll(n - at + 1) % 24;
		memmove(p + at, p + at + len, n - at - len);
		return n - len;
	default: /* a piece again, elsewhere */
		from = roll(n + 1);
		len = roll(n - from + 1) % sizeof(piece);
		if (n + len > MAX)
			return n;
		memcpy(piece, p + from, len);
		memmove(p + at + len, p + at, n - at);
		memcpy(p + at, piece, len);
		return n + len;
	}
}

static void one_round(uint8_t *p)
{
	uint8_t body[MAX], head[8] = {0xa1, 0x17, 0, 0, 1, 2, 3, 4};
	uint8_t seed[MAX];
	size_t n = unhex(recorded[roll(SEEDS)].reply, seed), at;

	/* The bodies alone are mutated, behind a head of two bytes' size; now and then all of it.
	 */
	at = 2 + (seed[1] >> 2 & 3) + 1 + (seed[1] & 3) + 1;
	n -= at;
	memcpy(body, seed + at, n);
	for (unsigned k = roll(4) + 1; k > 0; k--)
		n = mutate(body, n);
	if (roll(8) == 0)
		head[1] = 0x37;
	head[2] = (uint8_t)(n >> 8);
	head[3] = (uint8_t)n;
	memcpy(p, head, sizeof(head));
	memcpy(p + sizeof(head), body, n);
	n += sizeof(head);
	if (roll(10) == 0)
		n = mutate(p, n);
	LLVMFuzzerTestOneInput(p, n);
}

int main(void)
{
	uint8_t *p = xcalloc(1, 2 * MAX);

	for (size_t i = 0; i < SEEDS; i++) {
		size_t n = unhex(recorded[i].reply, p);

		for (size_t k = 0; k <= n; k++)
			LLVMFuzzerTestOneInput(p, k);
	}
	demand(answers == SEEDS, "what Kamailio said is understood");
	for (unsigned i = 0; i < ROUNDS; i++)
		one_round(p);
	free(p);
	demand(whole > ROUNDS / 2 && answers > ROUNDS / 20 && answers < whole,
	       "mutations reach every stage");
	printf("1..1\nok 1 - of %u mutated replies %u were whole and %u were answers\n", ROUNDS,
	       whole, answers);
	return 0;
}

#endif
