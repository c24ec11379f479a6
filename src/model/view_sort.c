/* Sorting for the view: slots by 64-bit keys, in steps of bounded work, equal ones left in place.
 */
#include "model/view_sort.h"

#include <stdlib.h>
#include "base/alloc.h"

/* Text is sorted eight bytes at a time: equal runs are given their next eight bytes and sorted
 * among themselves. So no comparison ever fetches a row, and a million rows are sorted by radix.
 *
 * Numbers that lie near to each other, as the seconds of expiry do, are counted instead: that
 * touches a quarter of the memory, and memory that the kernel must clear first is what takes the
 * time. */

#define CHUNK      8
#define RADIX_FROM 256  /* entries; below, insertion and merge are quicker */
#define SMALL      4096 /* entries that are sorted to the last byte in one go */
#define DIGIT      11   /* bits of a radix pass */
#define PASS_ROWS  4    /* moved entries that cost as much as fetching one row's key */
#define STACK_MIN  64
#define COUNTED    (1u << 17) /* different numbers, at most, that are counted */
#define LOW_NULL   UINT32_MAX
#define FAR        32 /* entries ahead of the one whose key is asked for */
#define NEAR       12

struct sort_entry {
	uint64_t key;
	uint32_t slot;
};

/* Entries that are equal down to depth. */
struct range {
	size_t start, n;
	unsigned depth;
};

enum phase { PHASE_LOW, PHASE_COUNT, PHASE_NEXT, PHASE_KEYS, PHASE_PASS, PHASE_SPLIT };

struct sorter {
	sort_key_fn *key;
	sort_soon_fn *soon;
	void *ctx;
	uint32_t *slots; /* as they were given; in the end: sorted */
	size_t n;

	/* While keys may be counted: their distance from COUNTED below the first that is no null,
	 * the least and the greatest of these, and LOW_NULL. */
	uint32_t *low, low_min, low_max;
	uint64_t first;

	struct sort_entry *e, *spare;
	struct range *todo; /* ranges of more than SMALL entries */
	size_t todo_n, todo_cap;

	enum phase phase; /* of the range in work */
	struct range in;
	size_t at;       /* entries of it that this phase is done with */
	size_t run;      /* where the run of equal keys began that the split is in */
	uint64_t differ; /* bits in which its keys differ */
	bool more;       /* equal keys may differ further on */
};

/* ---- keys ---------------------------------------------------------------------------------------
 */

static uint64_t key_byte(unsigned char c)
{
	if (c >= 'A' && c <= 'Z')
		return c + 32u;
	/* 0 says that the text has ended, and all ones that there is none. */
	return c == 0 ? 1 : c == 0xff ? 0xfe : c;
}

static uint64_t chunk_key(struct slice text, unsigned depth)
{
	size_t from = (size_t)depth * CHUNK;
	uint64_t key = 0;

	for (size_t i = from; i < from + CHUNK; i++)
		key = key << 8 | (i < text.n ? key_byte((unsigned char)text.p[i]) : 0);
	return key;
}

static uint64_t int_key(int64_t i)
{
	uint64_t key = (uint64_t)i ^ (1ULL << 63);

	return key == SORT_KEY_NULL ? SORT_KEY_NULL - 1 : key;
}

static uint64_t real_key(double d)
{
	uint64_t bits;

	d += 0.0; /* no negative zero */
	memcpy(&bits, &d, sizeof(bits));
	bits = bits >> 63 ? ~bits : bits | 1ULL << 63;
	return bits == SORT_KEY_NULL ? SORT_KEY_NULL - 1 : bits;
}

bool sort_key_of_value(const struct value *v, bool reverse, unsigned depth, uint64_t *key)
{
	bool more = false;

	switch (v->type) {
	case VALUE_NULL:
		*key = SORT_KEY_NULL;
		return false;
	case VALUE_TEXT:
		*key = chunk_key(v->text, depth);
		more = (*key & 0xff) && depth + 1 < SORT_DEPTH_MAX;
		break;
	case VALUE_REAL:
		*key = real_key(v->real);
		break;
	default:
		*key = int_key(v->i);
		break;
	}
	if (reverse)
		*key = SORT_KEY_NULL - 1 - *key;
	return more;
}

bool sort_key_of_aor(struct slice user, struct slice domain, uint32_t serial, unsigned depth,
		     uint64_t *key)
{
	size_t from = (size_t)depth * CHUNK, n = user.n + (domain.n ? domain.n + 1 : 0);
	uint64_t k = 0;

	/* Beyond the chunk in which the text ended, or nothing at all: first come, first shown. */
	if (from > n || depth >= SORT_DEPTH_MAX) {
		*key = serial;
		return false;
	}
	if (n == 0) {
		*key = SORT_KEY_NULL;
		return true;
	}
	if (from + CHUNK <= user.n) {
		*key = chunk_key(user, depth);
		return true;
	}
	for (size_t i = from; i < from + CHUNK; i++) {
		k <<= 8;
		if (i < user.n)
			k |= key_byte((unsigned char)user.p[i]);
		else if (i < n)
			k |= i == user.n ? '@' : key_byte((unsigned char)domain.p[i - user.n - 1]);
	}
	*key = k;
	return true;
}

/* ---- ranges -------------------------------------------------------------------------------------
 */

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

/* One pass over the lowest digit in which keys differ; takes it out of *differ. */
static void radix_pass(struct sort_entry *e, struct sort_entry *spare, size_t n, uint64_t *differ)
{
	unsigned shift = (unsigned)__builtin_ctzll(*differ);
	size_t counts[1u << DIGIT] = {0}, sum = 0;
	uint64_t mask = (1u << DIGIT) - 1;

	for (size_t i = 0; i < n; i++)
		counts[e[i].key >> shift & mask]++;
	for (size_t c = 0; c <= mask; c++) {
		size_t here = counts[c];

		counts[c] = sum;
		sum += here;
	}
	for (size_t i = 0; i < n; i++)
		spare[counts[e[i].key >> shift & mask]++] = e[i];
	*differ &= ~(mask << shift);
}

static void swap_entries(struct sort_entry **a, struct sort_entry **b)
{
	struct sort_entry *was = *a;

	*a = *b;
	*b = was;
}

static void look_ahead(const struct sorter *s, uint32_t far, uint32_t near)
{
	s->soon(s->ctx, far, false);
	s->soon(s->ctx, near, true);
}

/* A small range, to the last byte. */
static void sort_small(struct sorter *s, size_t start, size_t n, unsigned depth)
{
	struct sort_entry *e = s->e + start, *from = e, *to = s->spare + start;
	uint64_t differ = 0;
	bool more = false;
	size_t run = 0;

	for (size_t i = 0; i < n; i++) {
		if (i + FAR < n)
			look_ahead(s, e[i + FAR].slot, e[i + NEAR].slot);
		more |= s->key(s->ctx, e[i].slot, depth, &e[i].key);
		differ |= e[i].key ^ e[0].key;
	}
	if (n < RADIX_FROM) {
		merge_sort(e, to, n);
	} else {
		while (differ) {
			radix_pass(from, to, n, &differ);
			swap_entries(&from, &to);
		}
		if (from != e)
			memcpy(e, from, n * sizeof(*e));
	}
	/* Of unequal keys some may end here and others not: key functions say it for each. */
	for (size_t i = 1; more && i <= n; i++) {
		uint64_t key;

		if (i < n && e[i].key == e[run].key)
			continue;
		if (i - run > 1 && s->key(s->ctx, e[run].slot, depth, &key))
			sort_small(s, start + run, i - run, depth + 1);
		run = i;
	}
}

static void push(struct sorter *s, size_t start, size_t n, unsigned depth)
{
	XGROW(s->todo, s->todo_cap, s->todo_n + STACK_MIN);
	s->todo[s->todo_n++] = (struct range){start, n, depth};
}

/* ---- steps --------------------------------------------------------------------------------------
 */

struct sorter *sorter_new(const uint32_t *slots, size_t n, sort_key_fn *key, sort_soon_fn *soon,
			  void *ctx)
{
	struct sorter *s = xcalloc(1, sizeof(*s));

	s->key = key;
	s->soon = soon;
	s->ctx = ctx;
	s->n = n;
	s->slots = xreallocarray(NULL, n + 1, sizeof(*s->slots));
	if (n)
		memcpy(s->slots, slots, n * sizeof(*slots));
	s->first = SORT_KEY_NULL;
	s->low_min = LOW_NULL;
	s->phase = PHASE_LOW;
	return s;
}

void sorter_free(struct sorter *s)
{
	if (!s)
		return;
	free(s->slots);
	free(s->low);
	free(s->e);
	free(s->spare);
	free(s->todo);
	free(s);
}

/* Too few, too far apart, or text. */
static void sort_entries(struct sorter *s)
{
	free(s->low);
	s->low = NULL;
	s->e = xreallocarray(NULL, s->n + 1, sizeof(*s->e));
	s->spare = xreallocarray(NULL, s->n + 1, sizeof(*s->spare));
	for (size_t i = 0; i < s->n; i++)
		s->e[i] = (struct sort_entry){.slot = s->slots[i]};
	if (s->n > 1)
		push(s, 0, s->n, 0);
	s->phase = PHASE_NEXT;
}

/* False when it lies too far from the others. */
static bool low_put(struct sorter *s, uint64_t key)
{
	uint64_t low;

	if (key == SORT_KEY_NULL) {
		s->low[s->at] = LOW_NULL;
		return true;
	}
	if (s->first == SORT_KEY_NULL)
		s->first = key;
	low = key - s->first + COUNTED;
	if (low > 2 * COUNTED)
		return false;
	s->low[s->at] = (uint32_t)low;
	if (low < s->low_min)
		s->low_min = (uint32_t)low;
	if (low > s->low_max)
		s->low_max = (uint32_t)low;
	return s->low_max - s->low_min < COUNTED;
}

static size_t step_low(struct sorter *s, size_t rows)
{
	size_t end = s->n - s->at > rows ? s->at + rows : s->n, from = s->at;

	if (s->n <= SMALL) {
		sort_entries(s);
		return 1;
	}
	if (!s->low)
		s->low = xreallocarray(NULL, s->n, sizeof(*s->low));
	for (; s->at < end; s->at++) {
		uint64_t key;

		if (s->at + FAR < s->n)
			look_ahead(s, s->slots[s->at + FAR], s->slots[s->at + NEAR]);
		if (s->key(s->ctx, s->slots[s->at], 0, &key)) {
			sort_entries(s);
			return s->at - from + 1;
		}
		if (!low_put(s, key)) {
			sort_entries(s);
			return s->at - from + 1;
		}
	}
	if (s->at == s->n)
		s->phase = PHASE_COUNT;
	return end - from;
}

static uint32_t place_in_count(const struct sorter *s, size_t i)
{
	return s->low[i] == LOW_NULL ? COUNTED : s->low[i] - s->low_min;
}

static size_t step_count(struct sorter *s)
{
	uint32_t *counts = xcalloc(COUNTED + 1, sizeof(*counts)), sum = 0;
	uint32_t *sorted = xreallocarray(NULL, s->n, sizeof(*sorted));

	for (size_t i = 0; i < s->n; i++)
		counts[place_in_count(s, i)]++;
	for (size_t c = 0; c <= COUNTED; c++) {
		uint32_t here = counts[c];

		counts[c] = sum;
		sum += here;
	}
	for (size_t i = 0; i < s->n; i++)
		sorted[counts[place_in_count(s, i)]++] = s->slots[i];
	free(counts);
	free(s->slots);
	s->slots = sorted;
	s->phase = PHASE_NEXT;
	return s->n / PASS_ROWS;
}

static size_t step_next(struct sorter *s)
{
	s->in = s->todo[--s->todo_n];
	s->at = 0;
	s->differ = 0;
	s->more = false;
	if (s->in.n <= SMALL) {
		sort_small(s, s->in.start, s->in.n, s->in.depth);
		return s->in.n;
	}
	s->phase = PHASE_KEYS;
	return 0;
}

static size_t step_keys(struct sorter *s, size_t rows)
{
	struct sort_entry *e = s->e + s->in.start;
	size_t end = s->in.n - s->at > rows ? s->at + rows : s->in.n, did = end - s->at;

	for (size_t i = s->at; i < end; i++) {
		if (i + FAR < s->in.n)
			look_ahead(s, e[i + FAR].slot, e[i + NEAR].slot);
		s->more |= s->key(s->ctx, e[i].slot, s->in.depth, &e[i].key);
		s->differ |= e[i].key ^ e[0].key;
	}
	s->at = end;
	if (end == s->in.n)
		s->phase = PHASE_PASS;
	return did;
}

static size_t step_pass(struct sorter *s)
{
	struct sort_entry *e = s->e + s->in.start, *spare = s->spare + s->in.start;

	if (!s->differ) {
		s->at = s->run = 0;
		s->phase = s->more ? PHASE_SPLIT : PHASE_NEXT;
		return 0;
	}
	radix_pass(e, spare, s->in.n, &s->differ);
	/* The whole arrays change places when the range is all of them. */
	if (s->in.n == s->n)
		swap_entries(&s->e, &s->spare);
	else
		memcpy(e, spare, s->in.n * sizeof(*e));
	return s->in.n / PASS_ROWS;
}

/* Goes from run to run of equal keys; the small ones are finished here, the large ones wait. */
static size_t step_split(struct sorter *s, size_t rows)
{
	const struct sort_entry *e = s->e + s->in.start;
	size_t did = 0;

	while (s->at < s->in.n && did < rows) {
		uint64_t key = e[s->at].key, again;
		size_t n = 0, start = s->in.start + s->at;

		while (s->at + n < s->in.n && e[s->at + n].key == key)
			n++;
		s->at += n;
		did += n / PASS_ROWS + 1;
		if (n == 1 || !s->key(s->ctx, s->e[start].slot, s->in.depth, &again))
			continue;
		if (n > SMALL) {
			push(s, start, n, s->in.depth + 1);
		} else {
			sort_small(s, start, n, s->in.depth + 1);
			did += n;
		}
	}
	if (s->at == s->in.n)
		s->phase = PHASE_NEXT;
	return did;
}

bool sorter_step(struct sorter *s, size_t rows)
{
	size_t did = 0;

	while (did < rows) {
		switch (s->phase) {
		case PHASE_LOW:
			did += step_low(s, rows - did);
			break;
		case PHASE_COUNT:
			did += step_count(s);
			break;
		case PHASE_NEXT:
			if (!s->todo_n)
				return false;
			did += step_next(s);
			break;
		case PHASE_KEYS:
			did += step_keys(s, rows - did);
			break;
		case PHASE_PASS:
			did += step_pass(s);
			break;
		case PHASE_SPLIT:
			did += step_split(s, rows - did);
			break;
		}
	}
	return s->todo_n || s->phase != PHASE_NEXT;
}

void sorter_result(const struct sorter *s, uint32_t *slots)
{
	if (!s->e && s->n)
		memcpy(slots, s->slots, s->n * sizeof(*slots));
	for (size_t i = 0; s->e && i < s->n; i++)
		slots[i] = s->e[i].slot;
}
