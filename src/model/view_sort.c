/* Sorting for the view: keys are taken from each row once, then only keys are compared. */
#include "model/view_sort.h"

#include <stdlib.h>
#include "base/alloc.h"

/* Text is sorted eight bytes at a time: equal runs are given their next eight bytes and sorted
 * among themselves. So no comparison ever fetches a row, and a million rows are sorted by radix. */

#define CHUNK      8
#define CHUNKS_MAX 75  /* of text: 600 bytes, what a value holds */
#define RADIX_FROM 256 /* entries; below, insertion and merge are quicker */

#define KEY_NULL UINT64_MAX

enum stage { STAGE_COLUMN, STAGE_AOR, STAGE_SERIAL };

struct sorter {
	const struct sort_spec *spec;
	struct sort_entry *spare;
};

static uint64_t chunk_key(struct slice text, unsigned depth)
{
	uint64_t key = 0;

	for (size_t i = (size_t)depth * CHUNK; i < ((size_t)depth + 1) * CHUNK; i++) {
		unsigned char c = i < text.n ? (unsigned char)text.p[i] : 0;

		if (c >= 'A' && c <= 'Z')
			c = (unsigned char)(c + 32);
		/* 0 says that the text has ended, and all ones that there is none. */
		if (c == 0 && i < text.n)
			c = 1;
		if (c == 0xff)
			c = 0xfe;
		key = key << 8 | c;
	}
	return key;
}

static uint64_t int_key(int64_t i)
{
	uint64_t key = (uint64_t)i ^ (1ULL << 63);

	return key == KEY_NULL ? KEY_NULL - 1 : key;
}

static uint64_t real_key(double d)
{
	uint64_t bits;

	d += 0.0; /* no negative zero */
	memcpy(&bits, &d, sizeof(bits));
	bits = bits >> 63 ? ~bits : bits | 1ULL << 63;
	return bits == KEY_NULL ? KEY_NULL - 1 : bits;
}

static uint64_t value_key(const struct value *v, unsigned depth)
{
	switch (v->type) {
	case VALUE_NULL:
		return KEY_NULL;
	case VALUE_TEXT:
		return chunk_key(v->text, depth);
	case VALUE_REAL:
		return real_key(v->real);
	default:
		return int_key(v->i);
	}
}

/* Returns true when these are keys of text, so that equal ones may differ further on. */
static bool take_keys(const struct sorter *s, enum stage stage, unsigned depth,
		      struct sort_entry *e, size_t n)
{
	enum column_id col = stage == STAGE_COLUMN ? s->spec->col : COL_AOR;
	bool reverse = stage == STAGE_COLUMN && s->spec->reverse, text = false;
	sort_row_fn *row = stage == STAGE_COLUMN ? s->spec->row : s->spec->plain_row;
	struct row r;
	struct value v;

	for (size_t i = 0; i < n; i++) {
		if (stage == STAGE_SERIAL) {
			e[i].key = binding_serial(e[i].id);
			continue;
		}
		v.type = VALUE_NULL;
		if (row(s->spec->ctx, e[i].id, &r))
			column_sort_value(col, &r, &v);
		text |= v.type == VALUE_TEXT;
		e[i].key = value_key(&v, depth);
		if (reverse && e[i].key != KEY_NULL)
			e[i].key = KEY_NULL - 1 - e[i].key;
	}
	return text;
}

static void merge_sort(struct sort_entry *e, struct sort_entry *spare, size_t n)
{
	size_t half = n / 2, a = 0, b = half, at = 0;

	if (n <= 8) {
		for (size_t i = 1; i < n; i++) {
			struct sort_entry one = e[i];
			size_t k = i;

			for (; k && e[k - 1].key > one.key; k--)
				e[k] = e[k - 1];
			e[k] = one;
		}
		return;
	}
	merge_sort(e, spare, half);
	merge_sort(e + half, spare, n - half);
	memcpy(spare, e, half * sizeof(*e));
	while (a < half && b < n)
		e[at++] = spare[a].key <= e[b].key ? spare[a++] : e[b++];
	memcpy(e + at, spare + a, (half - a) * sizeof(*e));
}

/* One byte of the keys at a time, lowest first; a byte that all share costs nothing. */
static void radix_sort(struct sort_entry *e, struct sort_entry *spare, size_t n)
{
	struct sort_entry *from = e, *to = spare, *swap;
	size_t counts[8][256] = {{0}};

	for (size_t i = 0; i < n; i++)
		for (unsigned byte = 0; byte < 8; byte++)
			counts[byte][e[i].key >> (8 * byte) & 0xff]++;
	for (unsigned byte = 0; byte < 8; byte++) {
		size_t sum = 0;

		if (counts[byte][from[0].key >> (8 * byte) & 0xff] == n)
			continue;
		for (unsigned c = 0; c < 256; c++) {
			size_t here = counts[byte][c];

			counts[byte][c] = sum;
			sum += here;
		}
		for (size_t i = 0; i < n; i++)
			to[counts[byte][from[i].key >> (8 * byte) & 0xff]++] = from[i];
		swap = from;
		from = to;
		to = swap;
	}
	if (from != e)
		memcpy(e, from, n * sizeof(*e));
}

static void sort_range(const struct sorter *s, enum stage stage, unsigned depth,
		       struct sort_entry *e, size_t n)
{
	bool text = take_keys(s, stage, depth, e, n);
	bool reverse = stage == STAGE_COLUMN && s->spec->reverse;
	size_t start = 0;

	if (n >= RADIX_FROM)
		radix_sort(e, s->spare, n);
	else
		merge_sort(e, s->spare, n);
	if (stage == STAGE_SERIAL)
		return;
	for (size_t i = 1; i <= n; i++) {
		uint64_t key = e[start].key;
		uint64_t plain = reverse ? KEY_NULL - 1 - key : key;
		bool more = text && key != KEY_NULL && (plain & 0xff) && depth + 1 < CHUNKS_MAX;

		if (i < n && e[i].key == key)
			continue;
		if (i - start > 1 && more)
			sort_range(s, stage, depth + 1, e + start, i - start);
		else if (i - start > 1)
			sort_range(s, stage + 1, 0, e + start, i - start);
		start = i;
	}
}

void view_sort_ids(const struct sort_spec *spec, binding_id *ids, size_t n)
{
	struct sort_entry *e;
	struct sorter s = {.spec = spec};

	if (n < 2)
		return;
	e = xreallocarray(NULL, n, sizeof(*e));
	s.spare = xreallocarray(NULL, n, sizeof(*s.spare));
	for (size_t i = 0; i < n; i++)
		e[i] = (struct sort_entry){.id = ids[i]};
	sort_range(&s, STAGE_COLUMN, 0, e, n);
	for (size_t i = 0; i < n; i++)
		ids[i] = e[i].id;
	free(e);
	free(s.spare);
}
