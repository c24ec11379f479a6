/* What the sub-commands without a screen share: opening, waiting, printing a listing. */
#include "cli/batch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "base/alloc.h"
#include "model/filter_lex.h"

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
	/* For ping and why the time-out is that of an answer, for watch that of the whole. */
	timeout = o->timeout_s && !(o->command->bit & (CLI_PING | CLI_WHY | CLI_WATCH))
			  ? o->timeout_s
			  : 10;
	status = app_wait_picture(*out, timeout);
	if (status == REGTOP_OK && app_wants_memory(o))
		status = app_ask_memory(*out, timeout);
	return status;
}

/* What an operand may mean, the nearest first: what it says to the letter; the same telephone
 * number written otherwise; a national number without its country. */
enum aor_match { AOR_EXACT, AOR_NUMBER, AOR_NATIONAL, AOR_MATCHES };

/* A shorter tail is too many people's. */
#define NATIONAL_DIGITS 5

struct aor_search {
	struct app *app;
	struct slice user, domain;
	char *digits; /* of user, when it is a telephone number */
	size_t digit_count;
	struct {
		binding_id *ids;
		size_t count, cap;
	} found[AOR_MATCHES];
};

static bool ends_with_national(const struct aor_search *s, const char *theirs, size_t n)
{
	const char *ours = s->digits;
	size_t k = s->digit_count;

	/* The trunk prefix is dialled and not registered. */
	while (k && *ours == '0') {
		ours++;
		k--;
	}
	return ours > s->digits && k >= NATIONAL_DIGITS && n > k &&
	       memcmp(theirs + n - k, ours, k) == 0;
}

/* AOR_MATCHES when it is another one's. */
static enum aor_match match_user(const struct aor_search *s, struct slice user)
{
	enum aor_match how = AOR_MATCHES;
	char *theirs;
	size_t n;

	if (slice_eq(user, s->user))
		return AOR_EXACT;
	if (!s->digit_count)
		return AOR_MATCHES;
	theirs = xmalloc(user.n + 1);
	n = lex_digits(user, theirs);
	if (n == s->digit_count && memcmp(theirs, s->digits, n) == 0)
		how = AOR_NUMBER;
	else if (ends_with_national(s, theirs, n))
		how = AOR_NATIONAL;
	free(theirs);
	return how;
}

static bool aor_visit(void *ctx, binding_id id)
{
	struct aor_search *s = ctx;
	enum aor_match how;
	struct binding b;

	if (!store_get(s->app->store, id, &b))
		return true;
	how = match_user(s, b.user);
	if (how == AOR_MATCHES || (s->domain.n && b.domain.n && !slice_ieq(b.domain, s->domain)))
		return true;
	XGROW(s->found[how].ids, s->found[how].cap, s->found[how].count + 1);
	s->found[how].ids[s->found[how].count++] = id;
	return true;
}

binding_id *cli_find_aor(struct app *a, const char *aor, size_t *n)
{
	struct aor_search s = {.app = a};
	struct slice text = slice_trim(slice_of(aor));
	binding_id *best = NULL;

	if (slice_starts_with(text, "sip:"))
		text = slice_skip(text, 4);
	else if (slice_starts_with(text, "sips:"))
		text = slice_skip(text, 5);
	s.domain = slice_cut(text, '@', &s.user);
	s.digits = xmalloc(s.user.n + 1);
	s.digit_count = lex_digits(s.user, s.digits);
	store_each(a->store, aor_visit, &s);
	*n = 0;
	for (int how = 0; how < AOR_MATCHES; how++) {
		if (best || !s.found[how].count) {
			free(s.found[how].ids);
			continue;
		}
		best = s.found[how].ids;
		*n = s.found[how].count;
	}
	free(s.digits);
	return best;
}

/* ---- ladders --------------------------------------------------------------------------------- */

void cli_print_json(const json_t *j)
{
	/* 0.808, and not 0.80800000000000005. */
	json_dumpf(j, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(12));
	putchar('\n');
}

unsigned cli_paper_width(void)
{
	struct winsize ws;

	return isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) == 0 ? ws.ws_col : 0;
}

struct ladder_options cli_ladder_options(const struct options *o)
{
	return (struct ladder_options){.width = cli_paper_width(),
				       .ascii_only = app_ascii_only(o),
				       .raw = o->raw,
				       .redact = o->redact};
}

void cli_print_ladder(const struct trace *t, const struct options *o)
{
	struct ladder_options how = cli_ladder_options(o);
	struct strbuf text = STRBUF_INIT;

	if (!o->ladder)
		return;
	ladder_write(t, &how, &text);
	printf("\n%s", text.n ? strbuf_str(&text) : "No message was sent.\n");
	strbuf_free(&text);
}
