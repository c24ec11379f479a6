/* The tally: the bindings of a view by what they have in common, and how many of each answer. */
#ifndef REGTOP_MODEL_TALLY_H
#define REGTOP_MODEL_TALLY_H

#include "model/view.h"

/* More than so many of a hundred fail, of at least so many that were asked: then it is what they
 * have in common (facts/sip-and-diagnosis 4.1). */
#define TALLY_EFFECT_PERCENT 60
#define TALLY_EFFECT_MEMBERS 3
bool tally_is_effect(unsigned asked, unsigned failed);

/* What the evidence of one binding says of the groups that it belongs to. */
enum tally_state {
	/* Or nothing that counts: old, on a way that proves nothing, of a phone that may sleep. */
	TALLY_UNASKED,
	TALLY_ANSWERED,
	TALLY_SILENT, /* also to its registrar, or to the edge before it */
	TALLY_GONE,   /* refused, no route, flow gone, not known to its registrar */
};
/* r must be judged. */
enum tally_state tally_state(const struct row *r);

struct tally_group {
	const char *value; /* as a person sees it, cleaned; "" for those that have none */
	const char *raw;   /* the same as the filter wants it: byte for byte */
	bool rest;         /* all that came when there was no room for more groups */
	unsigned members;
	unsigned asked, answered, silent, gone;
	bool effect;
};

/* More groups are no groups any more. */
#define TALLY_GROUPS_MAX 65536

struct tally;

/* NULL, or why one cannot group by this column: its value is another one for each binding, or
 * passes with the time. */
const char *tally_refused(enum column_id by);
/* Of the bindings that v lists; v is borrowed. */
struct tally *tally_new(const struct view *v, const struct store *s, enum column_id by);
void tally_free(struct tally *t);
enum column_id tally_by(const struct tally *t);

/* Goes on for about as many rows' work, so that a million bindings hold no key up. What changed
 * since the last call, by the store's log, is worked in one by one; everything is counted again
 * when the filter changed, and now and then, because evidence fades. The groups that are there stay
 * until then. True when they differ. */
bool tally_work(struct tally *t, int64_t now_ms, size_t rows);
/* True while tally_work() has something to go on with. */
bool tally_busy(const struct tally *t);
/* How far the first counting is, in percent; 100 when there are groups. */
unsigned tally_percent(const struct tally *t);

/* Worst first: those with an effect, then by how many fail, then by size. Valid until the next
 * tally_work(). */
size_t tally_count(const struct tally *t);
const struct tally_group *tally_at(const struct tally *t, size_t index);
/* The group's bindings as they were counted last; the caller frees *ids. */
size_t tally_members(const struct tally *t, const struct tally_group *g, binding_id **ids);
/* Appends the filter that lets through the group's bindings. */
void tally_filter(const struct tally *t, const struct tally_group *g, struct strbuf *out);

#endif
