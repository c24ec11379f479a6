/* regtop listen: the registrar without a screen, one line per change. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include "app.h"
#include "base/text.h"
#include "cli/lines.h"

#define DEFAULT_PLACE "listen:udp:127.0.0.1:5060,tcp:127.0.0.1:5060"
struct changes {
	struct app *app;
	struct lines *lines;
};

static void print_change(void *ctx, enum store_event what, binding_id id)
{
	struct changes *c = ctx;
	struct app *a = c->app;
	const struct binding_life *life = store_life(a->store, id);
	int64_t now = clock_wall_s(a->clock);
	struct strbuf raw = STRBUF_INIT, line = STRBUF_INIT;
	const char *word = "added";
	struct binding b;
	char when[24], left[16];

	if (!store_get(a->store, id, &b))
		return;
	if (what == STORE_GONE)
		word = "gone";
	else if (what == STORE_CHANGED)
		word = life->changed_s == now ? "changed" : "refreshed";
	binding_add_aor(&b, &raw);
	strbuf_addf(&line, "%s %-9s ", text_rfc3339(now, when), word);
	text_clean(strbuf_slice(&raw), false, &line);
	strbuf_add_char(&line, ' ');
	text_clean(b.contact, false, &line);
	if (what != STORE_GONE)
		strbuf_addf(&line, " %s", text_duration(binding_left_s(&b, now), left));
	lines_add(c->lines, strbuf_slice(&line));
	strbuf_free(&raw);
	strbuf_free(&line);
}

static void on_signal(void *ctx, int signo)
{
	(void)signo;
	loop_stop(((struct app *)ctx)->loop);
}

/* Every phone on TCP holds a descriptor; the usual soft limit of 1024 is for small programs. */
static void raise_descriptors(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_cur < r.rlim_max) {
		r.rlim_cur = r.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &r);
	}
}

int cli_listen(const struct options *o)
{
	static const int ends[] = {SIGHUP, SIGTERM, SIGINT};
	struct loop_signal *signals[sizeof(ends) / sizeof(ends[0])];
	struct options with = *o;
	struct changes changes;
	struct err e = ERR_NONE;
	struct app *a;
	int status;

	raise_descriptors();
	if (with.source_count == 0)
		with.sources[with.source_count++] = DEFAULT_PLACE;
	for (unsigned i = 0; i < with.source_count; i++) {
		if (strncmp(with.sources[i], "listen:", 7) != 0) {
			fprintf(stderr, "regtop: listen serves listen:udp:HOST:PORT and tcp, no "
					"other source\n");
			return REGTOP_USAGE;
		}
	}
	a = app_new(&with, &e, &status);
	if (!a) {
		err_print(&e);
		return status;
	}
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		signals[i] = loop_signal_new(a->loop, ends[i], on_signal, a);
	for (size_t i = 0; i < a->env.source_count; i++)
		fprintf(stderr, "regtop: %s\n", a->env.sources[i]->name);
	changes = (struct changes){a, lines_new(a->loop, LINES_TEXT, true)};
	store_listen(a->store, print_change, &changes);
	loop_run(a->loop);
	store_listen(a->store, NULL, NULL);
	lines_free(changes.lines);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		loop_signal_free(signals[i]);
	app_free(a);
	return REGTOP_OK;
}
