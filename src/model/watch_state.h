/* What watch.c and watch_tell.c share: what is watched, and what of it was told last. */
#ifndef REGTOP_MODEL_WATCH_STATE_H
#define REGTOP_MODEL_WATCH_STATE_H

#include "model/watch.h"

#define PLACE_SIZE 96

/* Somebody whose bindings are watched. Stays when they are gone, so that it can come back. */
struct person {
	char *aor;
	size_t aor_n, user_n; /* of all, and of the user's part */
	uint64_t hash;
	unsigned bindings;
	uint32_t left;   /* the one that went last in this look: its place there, from 1 */
	int64_t gone_ms; /* since when it has none; 0: never had one, or has one */
	bool marked;
};

/* One binding as it was told last. */
struct seen {
	binding_id id;
	uint32_t person;
	enum verdict verdict;
	int code;
	bool lapsed, late;
	int64_t expires_s;
	uint8_t source;
	char place[PLACE_SIZE], contact[128];
};

/* Gone in this look; another may have taken its place. */
struct left {
	struct seen was;
	uint32_t next; /* of the same person; 0: none */
	bool replaced;
};

struct watch {
	const struct view *v;
	const struct store *s;
	watch_fn *fn;
	void *ctx;
	struct filter *filter; /* NULL: marks alone */
	struct glancer *glancer;
	struct seen *seen;
	size_t count, cap;
	uint32_t *at; /* by slot: place in seen, from 1 */
	size_t slots;
	struct person *people;
	size_t people_count, people_cap;
	uint32_t *table; /* people by hash, from 1 */
	size_t places, marks;
	struct left *left;
	size_t left_count, left_cap;
	uint64_t generation, touched;
	size_t roll; /* the next one to be looked at for the time's sake */
	int64_t now_ms;
	uint32_t serial; /* newer bindings appeared since the last look */
	bool begun, telling, full;
};

/* ---- watch_tell.c: what happened, in words; r is how it is now, s how it was told last */
void tell_is(struct watch *w, const struct seen *s, const struct row *r);
/* It was there, and is watched from now on. */
void tell_matches(struct watch *w, const struct seen *s, const struct row *r);
/* gone_ms: since when the person had none; 0: it had one, or never was here. */
void tell_comes(struct watch *w, const struct seen *s, const struct row *r, int64_t gone_ms);
/* s stands in the place of old. */
void tell_anew(struct watch *w, const struct seen *s, const struct seen *old);
void tell_gone(struct watch *w, const struct seen *old);
void tell_lapse(struct watch *w, const struct seen *s, const struct row *r, bool lapsed);
void tell_move(struct watch *w, const struct seen *s, const char *to);
void tell_late(struct watch *w, const struct seen *s, const struct row *r);
void tell_refreshed(struct watch *w, const struct seen *s);
void tell_verdict(struct watch *w, const struct seen *s, const struct row *r);

#endif
