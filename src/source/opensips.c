/* OpenSIPS by its MI: its memory, or its location table with MI for what changes something. */
#include "source/opensips.h"

#include <errno.h>
#include <stdlib.h>
#include "base/alloc.h"
#include "base/text.h"
#include "source/location_feed.h"
#include "source/opensips_ask.h"
#include "source/opensips_events.h"
#include "source/opensips_memory.h"
#include "source/sql/location_db.h"
#include "source/uac.h"

/* A dump of as many contacts as are asked for takes less than a second. */
#define TIMEOUT_MS 3000

struct opensips {
	struct source base;
	struct control *control; /* NULL: none was named */
	struct opensips_asker *asker;
	struct opensips_memory *memory; /* the picture, or what the table does not know yet */
	struct opensips_events *events;
	struct location_feed *feed; /* the picture is the table; NULL: memory */
	struct uac *uac;            /* NULL: the control is not one for that */
	char *refused;              /* room for the sentence of purge_refused() */
};

#define REFUSED_SIZE 700

static struct opensips *of(struct source *s)
{
	return (struct opensips *)s;
}

static const struct opensips *of_const(const struct source *s)
{
	return (const struct opensips *)s;
}

static void on_heard(void *ctx, struct slice table, struct slice aor, struct slice fresh)
{
	struct opensips *o = ctx;

	opensips_memory_heard(o->memory, table, aor, fresh);
}

/* It may have been started anew, and has forgotten who wanted to know. */
static void on_back(void *ctx)
{
	struct opensips *o = ctx;

	opensips_events_start(o->events);
}

static void opensips_refresh(struct source *s)
{
	if (of(s)->feed)
		location_feed_refresh(of(s)->feed);
	else
		opensips_memory_refresh(of(s)->memory);
}

static void opensips_start(struct source *s)
{
	/* The picture first: somebody waits for it. */
	opensips_refresh(s);
	if (of(s)->events)
		opensips_events_start(of(s)->events);
}

static const char *opensips_purge_refused(const struct source *s)
{
	const struct opensips *o = of_const(s);
	struct strbuf words = STRBUF_INIT;
	struct err e = ERR_NONE;

	if (!o->control)
		return "No control of OpenSIPS is known: name it with --control unix:PATH, "
		       "fifo:PATH, http://ADDRESS:PORT/mi or udp:ADDRESS:PORT.";
	if (control_check(o->control, &e) == 0)
		return NULL;
	strbuf_addf(&words, "%s %s", e.what, e.hint);
	slice_to_buf(slice_trim(strbuf_slice(&words)), o->refused, REFUSED_SIZE);
	strbuf_free(&words);
	return o->refused;
}

static void add_how(const struct opensips *o, const char *command, struct strbuf *out)
{
	strbuf_addf(out, "%s on ", command);
	text_clean(slice_of(o->control ? control_place(o->control) : "?"), false, out);
}

static void opensips_purge_how(const struct source *s, const struct binding *b, struct strbuf *out)
{
	const struct opensips *o = of_const(s);
	const char *silent = o->events ? opensips_events_refused(o->events) : NULL;

	(void)b;
	add_how(o, "ul_rm_contact", out);
	if (silent)
		strbuf_addf(out, " (its events cannot be had: %s)", silent);
}

static void opensips_reread(struct source *s, const struct binding *b, source_answer_fn *fn,
			    void *ctx)
{
	opensips_ask(of(s)->asker, b, fn, ctx);
}

static void opensips_purge(struct source *s, const struct binding *b, source_answer_fn *fn,
			   void *ctx)
{
	opensips_remove(of(s)->asker, b, fn, ctx);
}

static void opensips_purge_aor_how(const struct source *s, const struct binding *b,
				   struct strbuf *out)
{
	(void)b;
	add_how(of_const(s), "ul_rm", out);
}

static void opensips_read_aor(struct source *s, const struct binding *b, source_aor_fn *fn,
			      void *ctx)
{
	opensips_ask_aor(of(s)->asker, b, fn, ctx);
}

static void opensips_purge_aor(struct source *s, const struct binding *const *all, size_t n,
			       source_answer_fn *fn, void *ctx)
{
	opensips_remove_aor(of(s)->asker, all, n, fn, ctx);
}

static uint64_t opensips_uac(struct source *s, const struct binding *b, const char *method,
			     unsigned timeout_ms, source_uac_fn *fn, void *ctx)
{
	if (!of(s)->uac)
		return 0;
	return uac_send(of(s)->uac, b, method, timeout_ms, fn, ctx);
}

static void opensips_uac_cancel(struct source *s, uint64_t id)
{
	if (of(s)->uac)
		uac_cancel(of(s)->uac, id);
}

static void opensips_free(struct source *s)
{
	struct opensips *o = of(s);

	opensips_asker_close(o->asker);
	opensips_memory_close(o->memory);
	opensips_events_close(o->events);
	control_free(o->control);
	uac_free(o->uac);
	opensips_asker_free(o->asker);
	opensips_memory_free(o->memory);
	opensips_events_free(o->events);
	location_feed_free(o->feed);
	free(o->refused);
	free(o);
}

static const struct source_ops opensips_ops = {
	.kind = "opensips",
	.start = opensips_start,
	.refresh = opensips_refresh,
	.purge_refused = opensips_purge_refused,
	.purge_how = opensips_purge_how,
	.reread = opensips_reread,
	.purge = opensips_purge,
	.purge_aor_how = opensips_purge_aor_how,
	.read_aor = opensips_read_aor,
	.purge_aor = opensips_purge_aor,
	.uac = opensips_uac,
	.uac_cancel = opensips_uac_cancel,
	.free = opensips_free,
};

/* ---- opening --------------------------------------------------------------------------------- */

static bool is_control(const char *place)
{
	static const char *const schemes[] = {"unix:", "fifo:", "udp:", "http://"};

	for (size_t i = 0; i < sizeof(schemes) / sizeof(*schemes); i++)
		if (slice_starts_with(slice_of(place), schemes[i]))
			return true;
	return false;
}

/* Several nodes of one section share a control: a cluster's deletes are replicated, and what a
 * single node holds is a source of its own. */
static const char *control_of(const struct source_options *so)
{
	return so->control ? so->control : so->node_count == 1 ? so->nodes[0].control : NULL;
}

static int open_control(struct opensips *o, struct loop *l, const char *place, struct err *e)
{
	o->control = control_new(l, CONTROL_OPENSIPS, place, TIMEOUT_MS, e);
	return o->control ? 0 : e->code;
}

static size_t on_rows(void *ctx, struct binding *rows, size_t n)
{
	struct opensips *o = ctx;

	if (o->memory)
		opensips_memory_freshen(o->memory, rows, n);
	return n;
}

static void on_pass_ends(void *ctx, bool complete)
{
	struct opensips *o = ctx;

	if (o->memory)
		opensips_memory_pass_ends(o->memory, complete);
}

static const struct location_feed_hooks feed_hooks = {.rows = on_rows, .pass_ends = on_pass_ends};

static void open_events(struct opensips *o, struct loop *l, const struct clock *c,
			const struct source_options *so)
{
	o->memory = opensips_memory_new(l, c, &o->base, o->control, so->interval_ms, on_back, o);
	o->events = opensips_events_new(l, o->control, on_heard, o);
}

/* The place is a table, and the control beside it is for what changes something. */
static int open_table(struct opensips *o, struct loop *l, const struct clock *c,
		      const struct source_options *so, struct err *e)
{
	const char *control = control_of(so);

	location_db_name(so->place, o->base.name, sizeof(o->base.name));
	if (control && open_control(o, l, control, e) < 0)
		return e->code;
	o->feed = location_feed_new(l, c, &o->base, so->place, LOCATION_OPENSIPS, so->recognised,
				    so->interval_ms, &feed_hooks, o, e);
	if (o->feed && o->control) {
		open_events(o, l, c, so);
		opensips_memory_over_table(o->memory);
	}
	return o->feed ? 0 : e->code;
}

static int open_memory(struct opensips *o, struct loop *l, const struct clock *c,
		       const struct source_options *so, struct err *e)
{
	struct strbuf name = STRBUF_INIT;

	strbuf_add_str(&name, "opensips ");
	strbuf_add_str(&name, so->place);
	text_clean_buf(strbuf_slice(&name), o->base.name, sizeof(o->base.name));
	strbuf_free(&name);
	if (open_control(o, l, so->place, e) < 0)
		return e->code;
	open_events(o, l, c, so);
	return 0;
}

bool opensips_recognise(const char *path, struct err *e)
{
	return location_feed_recognise(path, LOCATION_OPENSIPS, e);
}

struct source *opensips_open(struct loop *l, const struct clock *c, const struct source_options *so,
			     struct err *e)
{
	struct opensips *o = xcalloc(1, sizeof(*o));

	o->base.ops = &opensips_ops;
	o->refused = xcalloc(1, REFUSED_SIZE);
	if ((is_control(so->place) ? open_memory : open_table)(o, l, c, so, e) < 0) {
		opensips_free(&o->base);
		return NULL;
	}
	o->asker = opensips_asker_new(l, c, o->control);
	if (o->control)
		o->uac = uac_new(l, c, CONTROL_OPENSIPS, control_place(o->control));
	return &o->base;
}
