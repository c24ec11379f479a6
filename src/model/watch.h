/* The watch: tells when bindings that somebody waits for come, go, lapse, move or change verdict.
 */
#ifndef REGTOP_MODEL_WATCH_H
#define REGTOP_MODEL_WATCH_H

#include "model/view.h"

enum watch_kind {
	WATCH_IS,      /* how it stands when the watch begins */
	WATCH_MATCHES, /* it was there, and the filter means it from now on */
	WATCH_COMES,   /* registered, and was not before */
	WATCH_BACK,    /* after it had gone or lapsed */
	WATCH_ANEW,    /* another binding in place of one: the phone restarted */
	WATCH_LAPSES,
	WATCH_GONE,
	WATCH_MOVES, /* another address */
	WATCH_LATE,  /* a refresh did not come when it should have */
	WATCH_VERDICT,
	WATCH_KINDS
};

/* "is", "comes", "back", …: for JSON. */
const char *watch_word(enum watch_kind k);

/* Texts are cleaned. */
struct watch_event {
	enum watch_kind kind;
	enum tone tone; /* how it is to be taken */
	int64_t when_ms;
	binding_id id; /* 0: it is gone */
	char aor[200], contact[200], source[128];
	char was[128], now[128]; /* address, verdict or contact, as the kind is; else "" */
	char words[440];         /* the sentence, without time and AoR */
};

typedef void watch_fn(void *ctx, const struct watch_event *e);

struct watch;

/* More bindings than that are no watch. */
#define WATCH_MAX 100000

/* v judges and s remembers; both are borrowed. fn is called from within watch_look() and
 * watch_mark(). */
struct watch *watch_new(const struct view *v, const struct store *s, watch_fn *fn, void *ctx);
void watch_free(struct watch *w);

/* Watches what this filter matches, from the time on at which it does: an AoR that
 * was watched once is watched on, its new bindings too. -EINVAL with *e. */
int watch_set_filter(struct watch *w, struct slice text, struct err *e);
/* Watches this AoR, whatever binding it has then, or no longer, or not yet; a binding that is there
 * is taken as known. */
void watch_mark(struct watch *w, struct slice user, struct slice domain, bool on, int64_t now_ms);
/* The marks that were set; NULL has none. */
bool watch_has_mark(const struct watch *w, struct slice user, struct slice domain);
/* Is the AoR of this binding marked? A look at one number, for drawing. */
bool watch_is_marked(const struct watch *w, binding_id id);
size_t watch_marks(const struct watch *w);
struct watch_mark {
	struct slice user, domain;
	unsigned bindings;
	int64_t gone_ms; /* since when it has none; 0: it has one, or never had one */
};
typedef void watch_mark_fn(void *ctx, const struct watch_mark *m);
/* Visits the marks in the order in which they were first set. */
void watch_each_mark(const struct watch *w, watch_mark_fn *fn, void *ctx);

/* Looks at what changed since the last time, by the store's log, and at a part of the rest for what
 * passes with the time; told: tells how bindings stand that it sees for the first time when it is
 * the first look. With marks alone its cost is theirs; with a filter that of the changes, and of a
 * look at everything when there were more of them than the store's log holds. */
void watch_look(struct watch *w, int64_t now_ms, bool told);
/* Bindings that are watched now; true in *full when there was no room for more. */
size_t watch_count(const struct watch *w, bool *full);
/* The one at this place, which may be another one after the next look. */
binding_id watch_at(const struct watch *w, size_t index);

#endif
