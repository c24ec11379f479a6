/* The pinger's books: who was asked for, in which order, and which places are taken. */
#ifndef REGTOP_ACT_PING_JOBS_H
#define REGTOP_ACT_PING_JOBS_H

#include "model/store.h"

struct ping_flight;

/* A binding that was asked for. */
struct ping_job {
	binding_id id;
	struct ping_job *chain; /* same bucket */
	struct ping_job *next;  /* queue */
	struct ping_flight *flight;
	uint64_t place; /* where it found the place taken; 0 not tried yet */
	bool queued;
	bool again; /* its binding changed under way once already */
};

/* Starts all zero. */
struct ping_jobs {
	struct ping_job **buckets; /* cap is 0 or a power of two */
	size_t cap, count;
	struct ping_job *first, *last;
	size_t queued;
};

/* NULL when id has no job. */
struct ping_job *ping_jobs_find(const struct ping_jobs *js, binding_id id);
/* id must not have one yet. */
struct ping_job *ping_jobs_new(struct ping_jobs *js, binding_id id);
/* j must not be queued. */
void ping_jobs_free(struct ping_jobs *js, struct ping_job *j);
/* Frees what an empty one still holds. */
void ping_jobs_end(struct ping_jobs *js);

void ping_jobs_queue(struct ping_jobs *js, struct ping_job *j);
void ping_jobs_queue_first(struct ping_jobs *js, struct ping_job *j);
/* The queue must not be empty. */
struct ping_job *ping_jobs_take(struct ping_jobs *js);

/* One in flight per destination: a place is named by a hash; two that share one only wait for each
 * other. */
struct ping_place {
	uint64_t place;
	struct ping_place *next;
};

#define PING_PLACE_BUCKETS 4096

struct ping_places {
	struct ping_place *buckets[PING_PLACE_BUCKETS];
};

bool ping_places_taken(const struct ping_places *ps, uint64_t place);
/* slot belongs to the caller, and is linked in until it leaves. */
void ping_places_take(struct ping_places *ps, struct ping_place *slot, uint64_t place);
void ping_places_leave(struct ping_places *ps, struct ping_place *slot);

#endif
