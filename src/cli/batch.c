/* What the sub-commands without a screen share: opening, waiting, printing a listing. */
#include "cli/batch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "base/alloc.h"

static unsigned terminal_width(void)
{
	struct winsize ws;

	if (isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) == 0)
		return ws.ws_col;
	return 0;
}

enum listing_format cli_listing_format(const struct options *o)
{
	return o->json ? LISTING_JSON : o->csv ? LISTING_CSV : LISTING_TABLE;
}

int cli_print_listing(struct app *a, const struct options *o, const enum column_id *defaults,
		      size_t n)
{
	enum column_id cols[COL_COUNT];
	struct listing l = {.view = a->view,
			    .store = a->store,
			    .cols = cols,
			    .limit = o->limit,
			    .now_ms = app_now_ms(a),
			    .sources = (const struct source *const *)a->env.sources,
			    .source_count = a->env.source_count,
			    .ascii_only = app_ascii_only(o),
			    .width = terminal_width()};
	int rc;

	l.col_count = app_columns(o, defaults, n, cols);
	if (l.col_count == 0)
		return REGTOP_USAGE;
	view_update(a->view, l.now_ms);
	rc = listing_write(&l, cli_listing_format(o), stdout);
	/* `| head` closes the pipe when it has seen enough; that is no failure. */
	if (rc < 0 && rc != -EPIPE) {
		fprintf(stderr, "regtop: cannot write the list: %s\n", strerror(-rc));
		return REGTOP_INCOMPLETE;
	}
	return REGTOP_OK;
}

int cli_open(const struct options *o, struct app **out)
{
	struct err e = ERR_NONE;
	unsigned timeout;
	int status, wrong;

	*out = app_new(o, &e, &status);
	if (!*out) {
		err_print(&e);
		return status;
	}
	/* A mistake in the filter is told before a long read, not after it. */
	wrong = app_apply_view(*out, o);
	if (wrong != REGTOP_OK)
		return wrong;
	/* For ping and why the time-out is that of an answer. */
	timeout = o->timeout_s && !(o->command->bit & (CLI_PING | CLI_WHY)) ? o->timeout_s : 10;
	status = app_wait_picture(*out, timeout);
	if (status == REGTOP_OK && app_wants_memory(o))
		status = app_ask_memory(*out, timeout);
	return status;
}

struct aor_search {
	struct app *app;
	struct slice user, domain;
	binding_id *ids;
	size_t count, cap;
};

static bool aor_visit(void *ctx, binding_id id)
{
	struct aor_search *s = ctx;
	struct binding b;

	if (!store_get(s->app->store, id, &b) || !slice_eq(b.user, s->user))
		return true;
	if (s->domain.n && b.domain.n && !slice_ieq(b.domain, s->domain))
		return true;
	XGROW(s->ids, s->cap, s->count + 1);
	s->ids[s->count++] = id;
	return true;
}

binding_id *cli_find_aor(struct app *a, const char *aor, size_t *n)
{
	struct aor_search s = {.app = a};
	struct slice text = slice_of(aor);

	if (slice_starts_with(text, "sip:"))
		text = slice_skip(text, 4);
	else if (slice_starts_with(text, "sips:"))
		text = slice_skip(text, 5);
	s.domain = slice_cut(text, '@', &s.user);
	store_each(a->store, aor_visit, &s);
	*n = s.count;
	return s.ids;
}
