/* What the files of the inspector share: one run of it, and what is written to files. */
#ifndef REGTOP_CLI_INSPECT_STATE_H
#define REGTOP_CLI_INSPECT_STATE_H

#include "act/purge.h"
#include "act/workup.h"
#include "app.h"
#include "ui/terminal.h"
#include "ui/ui.h"

struct inspector {
	struct app *app;
	const struct options *options;
	struct ui *ui;
	struct terminal *terminal;
	struct frame frame;
	struct loop_timer *draw, *work;
	struct purge *run;  /* running, or the last one */
	struct workup *why; /* running, or the last one */
	int64_t drawn_mono_ms;
	int64_t seen_mono_ms; /* the sources were told what is looked at */
	bool history_told;    /* why there is none, or why it is not written */
	bool drawing_soon;    /* a frame within FRAME_MS is on its way already */
	bool drew_nothing;    /* the last frame held no row: the first rows are worth one at once */
	struct loop_timer *draw_first; /* the first rows are painted before the next are taken */
};

/* Something that the screen shows has changed: a frame follows soon. */
void inspect_changed(struct inspector *in);
/* "regtop-20310507T031240Z.regtop": in the working directory when it can be written, else beside
 * the journal. A second one within the same second gets a number. */
int inspect_new_file(const char *stem, const char *ending, int64_t now_ms, char path[256],
		     struct err *e);
int inspect_write_text(const char *path, struct slice text, struct err *e);

/* ---- app_history.c through the port */
size_t inspect_history(void *ctx, binding_id id, struct history_summary *sum,
		       struct history_event *events, size_t max);

/* ---- inspect_why.c: the port's part for workups */
int inspect_why(void *ctx, binding_id id, unsigned neighbours, struct err *e);
void inspect_why_cancel(void *ctx);
bool inspect_why_now(void *ctx, struct ui_why *out);
int inspect_why_ticket(void *ctx, enum ui_ladder ladder, char path[256], struct err *e);

#endif
