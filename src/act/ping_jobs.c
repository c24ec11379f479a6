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
	*js = (struct ping_jobs){.cap = 0};
}

static void append(struct ping_list *l, struct ping_list *more)
{
	if (l->last)
		l->last->next = more->first;
	else
		l->first = more->first;
	if (more->last)
		l->last = more->last;
	*more = (struct ping_list){NULL, NULL};
}

void ping_jobs_queue(struct ping_jobs *js, struct ping_job *j)
{
	struct ping_list one = {j, j};

	j->queued = true;
	j->next = NULL;
	append(&js->queue, &one);
	js->queued++;
}

static void push_first(struct ping_list *l, struct ping_job *j)
{
	j->next = l->first;
	l->first = j;
	if (!l->last)
		l->last = j;
}

void ping_jobs_queue_first(struct ping_jobs *js, struct ping_job *j)
{
	j->queued = true;
	push_first(&js->queue, j);
	js->queued++;
}

static struct ping_job *pop(struct ping_list *l)
{
	struct ping_job *j = l->first;

	if (!j)
		return NULL;
	l->first = j->next;
	if (!l->first)
		l->last = NULL;
	j->next = NULL;
	return j;
}

struct ping_job *ping_jobs_take(struct ping_jobs *js)
{
	struct ping_job *j = pop(&js->queue);

	if (j) {
		j->queued = false;
		js->queued--;
	}
	return j;
}

static void promote(struct ping_jobs *js, struct ping_list *waiting)
{
	struct ping_job *j = pop(waiting);

	if (!j)
		return;
	append(&j->behind, waiting);
	push_first(&js->queue, j);
}

void ping_jobs_pass_on(struct ping_jobs *js, struct ping_job *j)
{
	promote(js, &j->behind);
}

void ping_jobs_wait(struct ping_jobs *js, struct ping_place *slot, struct ping_job *j)
{
	struct ping_list one = {j, j};

	j->queued = true;
	js->queued++;
	append(&slot->waiting, &one);
	append(&slot->waiting, &j->behind);
}

struct ping_place *ping_places_find(const struct ping_places *ps, uint64_t place)
{
	struct ping_place *at = ps->buckets[place % PING_PLACE_BUCKETS];

	while (at && at->place != place)
		at = at->next;
	return at;
}

void ping_places_take(struct ping_places *ps, struct ping_place *slot, struct ping_job *j,
		      uint64_t place)
{
	struct ping_place **bucket = &ps->buckets[place % PING_PLACE_BUCKETS];

	slot->place = place;
	slot->waiting = (struct ping_list){NULL, NULL};
	append(&slot->waiting, &j->behind);
	slot->next = *bucket;
	*bucket = slot;
}

void ping_places_leave(struct ping_places *ps, struct ping_place *slot, struct ping_jobs *js)
{
	struct ping_place **at = &ps->buckets[slot->place % PING_PLACE_BUCKETS];

	while (*at != slot)
		at = &(*at)->next;
	*at = slot->next;
	promote(js, &slot->waiting);
}

void ping_jobs_forget_order(struct ping_jobs *js, struct ping_places *ps)
{
	js->queue = (struct ping_list){NULL, NULL};
	js->queued = 0;
	for (size_t i = 0; i < PING_PLACE_BUCKETS; i++)
		for (struct ping_place *at = ps->buckets[i]; at; at = at->next)
			at->waiting = (struct ping_list){NULL, NULL};
}
