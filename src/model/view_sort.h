/* Sorting for the view: slots by 64-bit keys, in steps of bounded work, equal ones left in place.
 */
#ifndef REGTOP_MODEL_VIEW_SORT_H
#define REGTOP_MODEL_VIEW_SORT_H

#include "model/columns.h"

/* Gives the key of slot at this depth: text is sorted eight bytes at a time, deeper and deeper.
 * Returns whether slots whose keys are equal so far may still differ at the next depth; for equal
 * keys the answer must be the same. */
typedef bool sort_key_fn(void *ctx, uint32_t slot, unsigned depth, uint64_t *key);

/* Told that the key of slot will be asked for soon: first far ahead, then near. */
typedef void sort_soon_fn(void *ctx, uint32_t slot, bool near);

struct sorter;

/* A sorter of n slots, which are copied. ctx is the caller's. */
struct sorter *sorter_new(const uint32_t *slots, size_t n, sort_key_fn *key, sort_soon_fn *soon,
			  void *ctx);
void sorter_free(struct sorter *s);
/* Goes on for about as many rows' work; false when all is sorted. Keys are asked for as it goes: a
 * slot whose row changes meanwhile ends up in the place of either. */
bool sorter_step(struct sorter *s, size_t rows);
/* Writes the sorted slots, all n of them. */
void sorter_result(const struct sorter *s, uint32_t *slots);

/* ---- keys -------------------------------------------------------------------------------------*/

#define SORT_KEY_NULL  UINT64_MAX /* after all others, whatever the direction */
#define SORT_DEPTH_MAX 75         /* chunks of text: 600 bytes, what a value holds */

/* The key of a column's value; reverse turns the order round but leaves nulls last. Returns as
 * sort_key_fn. */
bool sort_key_of_value(const struct value *v, bool reverse, unsigned depth, uint64_t *key);
/* The key of "user@domain", ignoring case, and at its end of the serial. */
bool sort_key_of_aor(struct slice user, struct slice domain, uint32_t serial, unsigned depth,
		     uint64_t *key);

#endif
