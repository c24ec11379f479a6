/* The pinger's books: who was asked for, in which order, and which places are taken. */
#ifndef REGTOP_ACT_PING_JOBS_H
#define REGTOP_ACT_PING_JOBS_H

#include "model/store.h"

struct ping_flight;

struct ping_job;

/* Jobs in a row; all zero is empty. */
struct ping_list {
	struct ping_job *first, *last;
};

/* A binding that was asked for; all that a sweep keeps of one whose turn has not come. */
struct ping_job {
	binding_id id;
	struct ping_job *chain; /* same bucket */
	struct ping_job *next;  /* in its list */
	struct ping_flight *flight;
	uint64_t place;          /* where it will go; 0 not tried yet */
	struct ping_list behind; /* who waits for the same place, while it is its turn */
	bool queued;             /* in the queue, or waiting for a place */
	bool again;              /* its binding changed under way once already */
};

/* Starts all zero. */
struct ping_jobs {
	struct ping_job **buckets; /* cap is 0 or a power of two */
	size_t cap, count;
	struct ping_list queue;
	size_t queued; /* with those that wait for a place */
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
/* NULL when the queue is empty. */
struct ping_job *ping_jobs_take(struct ping_jobs *js);

/* One in flight per destination: a place is named by a hash; two that share one only wait for each
 * other. Who waits stands with the place, so that nobody is tried in vain. */
struct ping_place {
	uint64_t place;
	struct ping_place *next;
	struct ping_list waiting;
};

#define PING_PLACE_BUCKETS 65536

struct ping_places {
	struct ping_place *buckets[PING_PLACE_BUCKETS];
};

/* NULL when it is free. */
struct ping_place *ping_places_find(const struct ping_places *ps, uint64_t place);
/* slot belongs to the caller, and is linked in until it leaves. Who waited behind j waits there. */
void ping_places_take(struct ping_places *ps, struct ping_place *slot, struct ping_job *j,
		      uint64_t place);
/* j, which was taken from the queue, waits for the place with all who wait behind it. */
void ping_jobs_wait(struct ping_jobs *js, struct ping_place *slot, struct ping_job *j);
/* The first who waited is the next in the queue, the others wait behind it. */
void ping_places_leave(struct ping_places *ps, struct ping_place *slot, struct ping_jobs *js);
/* Those behind j do not wait for it any longer. */
void ping_jobs_pass_on(struct ping_jobs *js, struct ping_job *j);
/* Empties the queue and the places' lists; the jobs themselves stay and say queued. */
void ping_jobs_forget_order(struct ping_jobs *js, struct ping_places *ps);

#endif
