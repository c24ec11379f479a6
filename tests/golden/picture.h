/* The picture that the golden frames show: bindings for every verdict, and text that hurts. */
#ifndef REGTOP_TESTS_GOLDEN_PICTURE_H
#define REGTOP_TESTS_GOLDEN_PICTURE_H

#include "act/plan.h"
#include "model/view.h"
#include "source/source.h"
#include "ui/ui.h"

/* 2031-05-07T03:12:40Z */
#define PICTURE_NOW_S  1935889960LL
#define PICTURE_NOW_MS (PICTURE_NOW_S * 1000)

struct picture {
	struct store *store;
	struct view *view;
	struct source source;
	const struct source *sources[1];
	struct act_env env;
	struct clock_fake clock;
	struct plan *ran; /* the plan that was run */
	bool ran_over;
	struct plan *offered; /* what it leaves to be asked */
	size_t pings_open;
	const char *refused;
	/* The workup that the keys began: made of what the picture knows. */
	struct findings f;
	struct diagnosis d;
	struct trace *trace;
	bool why_runs; /* it is not over yet */
	unsigned neighbours;
	/* The test call that the keys made; its messages are also the ladder of every binding. */
	struct call_plan *called;
	struct call_found found;
	struct trace *messages;
	bool call_runs, quiet_hours;
	struct ui *ui;
};

void picture_open(struct picture *p, bool ascii_only);
void picture_close(struct picture *p);
/* Blank-separated key names. */
void picture_keys(struct picture *p, const char *keys);
/* Characters, each one a key. */
void picture_type(struct picture *p, const char *text);
/* The id of the binding with this key. */
binding_id picture_id(struct picture *p, const char *key);

#endif
