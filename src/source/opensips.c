/* OpenSIPS by its MI: its memory, or its location table with MI for what changes something. */
#include "source/opensips.h"

#include <errno.h>
#include <stdlib.h>
#include "base/alloc.h"
#include "base/text.h"
#include "source/control_about.h"
#include "source/location_feed.h"
#include "source/opensips_events.h"
#include "source/opensips_memory.h"
#include "source/opensips_nodes.h"
#include "source/sql/location_db.h"

struct opensips {
	struct source base;
	const struct clock *clock;
	struct opensips_nodes *nodes;
	struct control *control;        /* a node's, borrowed; NULL: none was named */
	struct opensips_memory *memory; /* the picture, or what the table does not know yet */
	struct opensips_events *events;
	struct location_feed *feed; /* the picture is the table; NULL: memory */
};

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
	return opensips_nodes_refused(of_const(s)->nodes);
}

static void opensips_purge_how(const struct source *s, const struct binding *b, struct strbuf *out)
{
	const struct opensips *o = of_const(s);
	const char *silent = o->events ? opensips_events_refused(o->events) : NULL;

	(void)b;
	opensips_nodes_how(o->nodes, "ul_rm_contact", out);
	if (silent)
		strbuf_addf(out, " (its events cannot be had: %s)", silent);
}

static void opensips_reread(struct source *s, const struct binding *b, source_answer_fn *fn,
			    void *ctx)
{
	opensips_nodes_ask(of(s)->nodes, b, fn, ctx);
}

static void opensips_prove(struct source *s, const struct binding *b, source_answer_fn *fn,
			   void *ctx)
{
	opensips_nodes_prove(of(s)->nodes, b, fn, ctx);
}

static void opensips_purge(struct source *s, const struct binding *b, source_answer_fn *fn,
			   void *ctx)
{
	opensips_nodes_remove(of(s)->nodes, b, fn, ctx);
}

static void opensips_purge_aor_how(const struct source *s, const struct binding *b,
				   struct strbuf *out)
{
	(void)b;
	opensips_nodes_how(of_const(s)->nodes, "ul_rm", out);
}

static void opensips_read_aor(struct source *s, const struct binding *b, source_aor_fn *fn,
			      void *ctx)
{
	opensips_nodes_ask_aor(of(s)->nodes, b, fn, ctx);
}

static void opensips_purge_aor(struct source *s, const struct binding *const *all, size_t n,
			       source_answer_fn *fn, void *ctx)
{
	opensips_nodes_remove_aor(of(s)->nodes, all, n, fn, ctx);
}

static uint64_t opensips_uac(struct source *s, const struct binding *b, const char *method,
			     unsigned timeout_ms, source_uac_fn *fn, void *ctx)
{
	return opensips_nodes_send(of(s)->nodes, b, method, timeout_ms, fn, ctx);
}

static void opensips_uac_cancel(struct source *s, uint64_t id)
{
	opensips_nodes_cancel(of(s)->nodes, id);
}

static bool opensips_control(const struct source *s, size_t i, struct source_control *out)
{
	if (i > 0)
		return false;
	*out = (struct source_control){.control = of_const(s)->control,
				       .refused = opensips_purge_refused(s)};
	return true;
}

static void opensips_free(struct source *s)
{
	struct opensips *o = of(s);

	opensips_memory_close(o->memory);
	opensips_events_close(o->events);
	opensips_nodes_free(o->nodes);
	opensips_memory_free(o->memory);
	opensips_events_free(o->events);
	location_feed_free(o->feed);
	free(o);
}

static struct source_about_call *opensips_about(struct source *s, const char *host,
						source_about_fn *fn, void *ctx)
{
	struct opensips *o = of(s);

	return control_about_ask(o->control, ABOUT_OPENSIPS, o->clock, host, fn, ctx);
}

static void opensips_about_end(struct source *s, struct source_about_call *c)
{
	(void)s;
	control_about_cancel(c);
}

static const struct source_ops opensips_ops = {
	.kind = "opensips",
	.start = opensips_start,
	.refresh = opensips_refresh,
	.purge_refused = opensips_purge_refused,
	.purge_how = opensips_purge_how,
	.reread = opensips_reread,
	.prove = opensips_prove,
	.purge = opensips_purge,
	.purge_aor_how = opensips_purge_aor_how,
	.read_aor = opensips_read_aor,
	.purge_aor = opensips_purge_aor,
	.uac = opensips_uac,
	.uac_cancel = opensips_uac_cancel,
	.about = opensips_about,
	.about_cancel = opensips_about_end,
	.control = opensips_control,
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

/* The nodes of the configuration, or the one of --control, or of the place. */
static int open_nodes(struct opensips *o, struct loop *l, const struct clock *c,
		      const struct source_options *so, const char *place, struct err *e)
{
	struct source_node only = {
		.control = place ? place : so->control, .sip = so->sip, .server_id = -1};
	bool many = !place && so->node_count > 0;

	o->nodes = opensips_nodes_new(l, c, many ? so->nodes : &only, many ? so->node_count : 1, e);
	if (!o->nodes)
		return e->code;
	o->control = opensips_nodes_control(o->nodes);
	return 0;
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
	location_db_name(so->place, o->base.name, sizeof(o->base.name));
	if (open_nodes(o, l, c, so, NULL, e) < 0)
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
	if (open_nodes(o, l, c, so, so->place, e) < 0)
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
	o->clock = c;
	if ((is_control(so->place) ? open_memory : open_table)(o, l, c, so, e) < 0) {
		opensips_free(&o->base);
		return NULL;
	}
	return &o->base;
}
