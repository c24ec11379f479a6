/* The least code that orders a million times or searches their text: what sort and filter are
 * measured against. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#ifdef __x86_64__
#include <immintrin.h>
#endif

static const int32_t *keys;

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int by_key(const void *a, const void *b)
{
	int32_t x = keys[*(const uint32_t *)a], y = keys[*(const uint32_t *)b];

	return x < y ? -1 : x > y;
}

static void counting_sort(const int32_t *key, size_t n, uint32_t *out, int32_t range)
{
	uint32_t *start = calloc((size_t)range + 1, sizeof(*start));

	if (!start)
		exit(1);
	for (size_t i = 0; i < n; i++)
		start[key[i] + 1]++;
	for (int32_t i = 0; i < range; i++)
		start[i + 1] += start[i];
	for (size_t i = 0; i < n; i++)
		out[start[key[i]]++] = (uint32_t)i;
	free(start);
}

/* How often needle begins in the arena; two of its bytes are compared 32 places at a time. */
#ifdef __x86_64__
__attribute__((target("avx2"))) static size_t search_avx2(const char *p, size_t n,
							  const char *needle, size_t k)
{
	const __m256i first = _mm256_set1_epi8(needle[0]), last = _mm256_set1_epi8(needle[k - 1]);
	size_t hits = 0;

	for (size_t i = 0; i + k + 32 <= n; i += 32) {
		__m256i a = _mm256_loadu_si256((const __m256i *)(const void *)(p + i));
		__m256i b = _mm256_loadu_si256((const __m256i *)(const void *)(p + i + k - 1));
		uint32_t at = (uint32_t)_mm256_movemask_epi8(
			_mm256_and_si256(_mm256_cmpeq_epi8(a, first), _mm256_cmpeq_epi8(b, last)));

		for (; at; at &= at - 1)
			hits += memcmp(p + i + __builtin_ctz(at), needle, k) == 0;
	}
	return hits;
}
#endif

static size_t search_memmem(const char *p, size_t n, const char *needle, size_t k)
{
	const char *end = p + n, *hit;
	size_t hits = 0;

	for (; (hit = memmem(p, (size_t)(end - p), needle, k)); p = hit + 1)
		hits++;
	return hits;
}

static size_t search_rows(const char *p, size_t n, const char *needle)
{
	size_t hits = 0;

	for (const char *end = p + n; p < end; p += strlen(p) + 1)
		hits += strcasestr(p, needle) != NULL;
	return hits;
}

int main(int argc, char **argv)
{
	size_t n = argc > 1 ? strtoul(argv[1], NULL, 10) : 0, bytes = 0, hits = 0;
	const char *needle = argc > 2 ? argv[2] : "c017";
	size_t k = strlen(needle);
	int32_t *key = malloc((n + 1) * sizeof(*key));
	uint32_t *order = malloc((n + 1) * sizeof(*order));
	char *arena = malloc(n * 80 + 1);
	double t;

	if (n == 0 || k == 0 || !key || !order || !arena) {
		fprintf(stderr, "usage: sort_filter_floor ROWS [TEXT]\n");
		return 2;
	}
	for (size_t i = 0; i < n; i++) {
		uint32_t h = (uint32_t)(i * 2654435761u);

		key[i] = (int32_t)(h % 3600);
		order[i] = 0;
		bytes += (size_t)snprintf(arena + bytes, 80,
					  "%llu@c%03u.voice.example 10.%u.%u.%u:%u",
					  49300000000ull + i, h % 300, h & 255, h >> 8 & 255,
					  h >> 16 & 255, 1024 + h % 60000) +
			 1;
	}
	t = now_ms();
	counting_sort(key, n, order, 3600);
	printf("counting_ms %.3f\n", now_ms() - t);
	for (size_t i = 0; i < n; i++)
		order[i] = (uint32_t)i;
	keys = key;
	t = now_ms();
	qsort(order, n, sizeof(*order), by_key);
	printf("qsort_ms %.3f\n", now_ms() - t);
	t = now_ms();
	hits += search_memmem(arena, bytes, needle, k);
	printf("memmem_ms %.3f\n", now_ms() - t);
#ifdef __x86_64__
	if (__builtin_cpu_supports("avx2")) {
		t = now_ms();
		hits += search_avx2(arena, bytes, needle, k);
		printf("avx2_ms %.3f\n", now_ms() - t);
	}
#endif
	t = now_ms();
	hits += search_rows(arena, bytes, needle);
	printf("strcasestr_ms %.3f\nhits %zu\nlast %u\n", now_ms() - t, hits, order[n - 1]);
	free(key);
	free(order);
	free(arena);
	return 0;
}
