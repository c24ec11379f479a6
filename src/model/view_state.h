/* What view.c and view_list.c share: the view, its list of slots, and the work on a new one. */
#ifndef REGTOP_MODEL_VIEW_STATE_H
#define REGTOP_MODEL_VIEW_STATE_H

#include "model/slots.h"
#include "model/view.h"
#include "model/view_sort.h"

/* What has to be done anew. */
enum {
	WANT_BASE = 1,  /* the order of AoR of all bindings */
	WANT_MATCH = 2, /* which bindings the filter lets through */
	WANT_LIST = 4,  /* the list */
};

/* The phases of making a new list, in this order; the first ones are skipped when nobody wants
 * them. */
enum job_phase {
	JOB_NONE,
	JOB_BASE_GATHER,
	JOB_BASE_SORT,
	JOB_MATCH,
	JOB_GATHER,
	JOB_SORT,
};

struct job {
	enum job_phase phase;
	unsigned want;      /* what it does */
	size_t at;          /* how far the phase is: slots, or places in base */
	struct slots fresh; /* gathered for sorting */
	struct slots kept;  /* frozen: what stays where it is */
	struct sorter *sorter;
	struct bitmap matches;
	bool narrow; /* only what matched before can match */
	bool asked;  /* somebody waits for it */
	/* Of the store when it began: what changed since is looked at again afterwards. */
	uint64_t generation, touched;
	uint32_t serial;
	int64_t began_ms;
};

/* The numbers of shared texts (store_domain(), store_agent()) in the order of the texts. */
struct ranks {
	uint32_t *of;
	size_t n;           /* numbers that are ranked; 0: texts are compared instead */
	enum column_id col; /* COL_NONE: nothing was ranked yet */
	uint64_t epoch;
};

struct view {
	struct store *store;
	view_judge_fn *judge;
	void *judge_ctx;
	struct filter *filter;
	char *filter_text;
	struct glancer *glancer; /* of filter */
	enum column_id sort;
	bool reverse, frozen;

	struct slots base;            /* all bindings by AoR, then first appearance */
	uint64_t base_at;             /* generation that base is true for */
	struct slots list;            /* what is shown */
	struct bitmap listed;         /* the same as a set */
	struct bitmap matches;        /* what the filter "matched" lets through */
	struct filter *matched;       /* that one; NULL: matches says nothing */
	uint32_t serial;              /* newest binding that the list can know */
	uint64_t generation, touched; /* of the store when the list was true */

	unsigned want;
	bool asked;    /* by the person: begun at once */
	bool refilter; /* frozen, but the person asked for another filter */
	bool resort;   /* frozen, but the person asked for another order */
	struct job job;
	int64_t looked_ms;             /* wall time of the last look at all rows */
	int64_t rest_from_ms, rest_ms; /* so long, what nobody asked for is not begun */
	int64_t called_ms;             /* wall time of the last call */
	int64_t now_ms; /* wall time that rows are looked at with: stands while a job runs */

	struct ranks ranks;
	struct bitmap dirty;      /* all clear between two updates */
	struct slots dirty_slots; /* scratch */

	binding_id cursor;
	size_t cursor_at; /* where it was when last seen */

	size_t hidden_marks;
	uint64_t list_version; /* grows with each change of the list */
	uint64_t marks_touched, marks_version;
	bool marks_known;
};

/* ---- view_key.c: what a slot stands for */
static inline bool view_is_live(const struct view *v, uint32_t slot)
{
	return store_at(v->store, slot) != 0;
}

/* Its slot went to another binding since the list was made. */
static inline bool view_is_reborn(const struct view *v, uint32_t slot)
{
	return binding_serial(store_at(v->store, slot)) > v->serial;
}

static inline bool view_has_filter(const struct view *v)
{
	return v->filter_text[0] != '\0';
}

/* Keys for sorting, ctx is the view. The AoR's go on to the first appearance. */
sort_key_fn view_aor_key, view_column_key;
sort_soon_fn view_soon;
/* Rows' worth of work that a key of the column takes. */
size_t view_key_rows(const struct view *v);
/* To be called before view_column_key() or a comparison whenever the store may have changed. */
void view_rank(struct view *v);
/* For qsort_r() of slots, v is the view: as base is sorted, and as the list is. */
typedef int view_compare_fn(const void *a, const void *b, void *v);
view_compare_fn view_compare_aor, view_compare_listed;
/* Does it match now? *cost grows by the rows' worth of work that the answer took. */
bool view_matches(struct view *v, uint32_t slot, size_t *cost);

/* ---- view_change.c: change by change */
/* Base up to the present; false when it is better sorted anew. */
bool view_catch_up_base(struct view *v);
/* What changed since the list was true, worked into it; false when it is better made anew. */
bool view_apply_changes(struct view *v, bool *differs);

/* ---- view_job.c: anew, in steps */
void view_job_begin(struct view *v);
/* The phase that a job is in begins, or the first after it that is wanted. */
void view_job_enter(struct view *v, enum job_phase phase);
/* One phase's worth at most, about as many rows' work; true when the new list is there, and
 * differs. *did is what was done. */
bool view_job_step(struct view *v, size_t rows, size_t *did);
void view_job_drop(struct job *j);

/* ---- view_list.c: what there is to do */
void view_list_free(struct view *v);
/* Another filter or order was set: work on the list that nobody wants any more is dropped. */
void view_list_ask(struct view *v, unsigned want);
void view_list_set_filter(struct view *v, struct filter *take);
/* view_work(), without the cursor; patient: even what should rest is done. */
bool view_list_work(struct view *v, int64_t now_ms, size_t rows, bool patient);
/* False when something is still to be worked into it. */
bool view_list_is_true(const struct view *v);

#endif
