/* The composition: loop, store, sources, probers and journal of one run, put together. */
#ifndef REGTOP_APP_H
#define REGTOP_APP_H

#include "act/act.h"
#include "act/ping.h"
#include "discover/discover.h"
#include "history/history.h"
#include "model/view.h"
#include "options.h"

/* One per process. Members are for reading; sources and env.sources are the same pointers. */
struct app {
	struct loop *loop;
	const struct clock *clock;
	struct store *store;
	struct view *view;
	struct act_env env;
	struct pinger *pinger;
	struct openings *openings; /* what the sources were made from, private */
	struct discovery *found;   /* when nothing was named: what was found by itself; or NULL */
	struct app_source *feeds;  /* one per source, private */
	size_t feed_count;
	struct sip_transport *transport; /* ours, for probes of sources that are no registrar */
	struct prober *prober;
	struct caller *caller; /* on the same transport */
	/* Of several that were found, or for regtop check: what could not be opened. */
	struct app_unopened {
		char *name;
		struct err why;
	} unopened[ACT_MAX_SOURCES];
	size_t unopened_count;
	void (*on_change)(void *ctx); /* picture, status or evidence changed */
	void *on_change_ctx;
	struct journal *journal;
	struct history *history; /* NULL: none is kept, or it cannot be */
	struct err history_err;
	struct err journal_err;
};

/* Opens everything that o names and starts reading. With neither -s nor sections: what this machine
 * has, said on stderr (but for the inspector) before it is used. NULL with
 * *e and *status (an exit status) on failure; for regtop check only when nothing makes sense. The
 * journal is opened only for commands that may change something; its failure forbids changes,
 * nothing else. */
struct app *app_new(const struct options *o, struct err *e, int *status);
/* The same with a source that is opened already on its loop (demo); takes both. */
struct app *app_new_with(const struct options *o, struct source *take, struct loop *loop,
			 struct err *e, int *status);
void app_free(struct app *a);

/* Reads until every source has delivered a whole picture, or the time-out passes. Returns
 * REGTOP_OK, REGTOP_SOURCE when a source could not be read at all, REGTOP_INCOMPLETE when a
 * picture is not whole; the messages are on stderr then. */
int app_wait_picture(struct app *a, unsigned timeout_s);
/* The time the picture is looked at: now, or a snapshot's time when there are only snapshots. */
int64_t app_now_ms(const struct app *a);
/* Sets filter and sort from the options; a usage error goes to stderr with REGTOP_USAGE. */
int app_apply_view(struct app *a, const struct options *o);
/* The columns of --columns, or these defaults; returns how many, or 0 after printing why not. */
size_t app_columns(const struct options *o, const enum column_id *defaults, size_t n,
		   enum column_id out[COL_COUNT]);
/* These bindings are looked at: their registrars' memory is asked about them (source_ops.seen). */
void app_seen(struct app *a, const binding_id *ids, size_t n);
/* The same for all bindings, until every one was asked about: REGTOP_OK, or REGTOP_INCOMPLETE with
 * a message when the time-out passed. */
int app_ask_memory(struct app *a, unsigned timeout_s);
/* Does what the options show depend on the registrar's memory? */
bool app_wants_memory(const struct options *o);
/* Opens the history where the command and the options want one; its own trouble only leaves a
 * without. Negative with *e: the options are wrong. */
int app_open_history(struct app *a, const struct options *o, struct err *e);
/* What the history remembers of the binding: events newest first, at most max, and what they add
 * up to; returns how many. */
size_t app_history(struct app *a, binding_id id, struct history_summary *sum,
		   struct history_event *events, size_t max);
/* The history hears of a probe's result. */
void app_probed(struct app *a, binding_id id);
/* What workups of a work with: its store, prober and history. */
struct workup_env;
void app_workup_env(struct app *a, struct workup_env *out);
/* Ends every test call that is open, on the phones too; app_free() does it by itself. */
void app_end_calls(struct app *a);
/* All ids of the view in its order; caller frees. */
binding_id *app_view_ids(struct app *a, size_t *n);
/* True when stdout's locale cannot show more than ASCII, or --ascii was given. */
bool app_ascii_only(const struct options *o);

#endif
