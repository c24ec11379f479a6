/* The pinger's books: who was asked for, in which order, and which places are taken. */
#include "act/ping_jobs.h"

#include <stdlib.h>
#include "base/alloc.h"
#include "base/hash.h"

static struct ping_job **bucket_of(const struct ping_jobs *js, binding_id id)
{
	return &js->buckets[hash_u64(id) & (js->cap - 1)];
}

struct ping_job *ping_jobs_find(const struct ping_jobs *js, binding_id id)
{
	struct ping_job *j = js->cap ? *bucket_of(js, id) : NULL;

	while (j && j->id != id)
		j = j->chain;
	return j;
}

static void grow(struct ping_jobs *js)
{
	struct ping_jobs old = *js;

	js->cap = old.cap ? old.cap * 2 : 64;
	js->buckets = xcalloc(js->cap, sizeof(*js->buckets));
	for (size_t i = 0; i < old.cap; i++) {
		while (old.buckets[i]) {
			struct ping_job *j = old.buckets[i];
			struct ping_job **to = bucket_of(js, j->id);

			old.buckets[i] = j->chain;
			j->chain = *to;
			*to = j;
		}
	}
	free(old.buckets);
}

struct ping_job *ping_jobs_new(struct ping_jobs *js, binding_id id)
{
	struct ping_job *j = xcalloc(1, sizeof(*j));
	struct ping_job **bucket;

	if (js->count >= js->cap)
		grow(js);
	bucket = bucket_of(js, id);
	j->id = id;
	j->chain = *bucket;
	*bucket = j;
	js->count++;
	return j;
}

void ping_jobs_free(struct ping_jobs *js, struct ping_job *j)
{
	struct ping_job **at = bucket_of(js, j->id);

	while (*at != j)
		at = &(*at)->chain;
	*at = j->chain;
	js->count--;
	free(j);
}

void ping_jobs_end(struct ping_jobs *js)
{
	free(js->buckets);
	*js = (struct ping_jobs){NULL, 0, 0, NULL, NULL, 0};
}

void ping_jobs_queue(struct ping_jobs *js, struct ping_job *j)
{
	j->queued = true;
	j->next = NULL;
	if (js->last)
		js->last->next = j;
	else
		js->first = j;
	js->last = j;
	js->queued++;
}

void ping_jobs_queue_first(struct ping_jobs *js, struct ping_job *j)
{
	j->queued = true;
	j->next = js->first;
	js->first = j;
	if (!js->last)
		js->last = j;
	js->queued++;
}

struct ping_job *ping_jobs_take(struct ping_jobs *js)
{
	struct ping_job *j = js->first;

	js->first = j->next;
	if (!js->first)
		js->last = NULL;
	j->next = NULL;
	j->queued = false;
	js->queued--;
	return j;
}

bool ping_places_taken(const struct ping_places *ps, uint64_t place)
{
	const struct ping_place *at = ps->buckets[place % PING_PLACE_BUCKETS];

	while (at && at->place != place)
		at = at->next;
	return at != NULL;
}

void ping_places_take(struct ping_places *ps, struct ping_place *slot, uint64_t place)
{
	struct ping_place **bucket = &ps->buckets[place % PING_PLACE_BUCKETS];

	slot->place = place;
	slot->next = *bucket;
	*bucket = slot;
}

void ping_places_leave(struct ping_places *ps, struct ping_place *slot)
{
	struct ping_place **at = &ps->buckets[slot->place % PING_PLACE_BUCKETS];

	while (*at != slot)
		at = &(*at)->next;
	*at = slot->next;
}
