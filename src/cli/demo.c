/* regtop demo: the inspector on an embedded registrar on loopback with simulated phones. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>
#include "app.h"
#include "sip/phone.h"

/* Enough to fill a screen of 24 lines, with one of every kind among them. */
#define DEFAULT_PHONES 32
/* Looked through for a pair of free ports; far from 5060, so that no real registrar is met. */
#define FIRST_PORT 15060
#define LAST_PORT  15260

static struct source *open_registrar(struct loop *l, struct netaddr *addr, struct err *e)
{
	struct source_options so = {.min_expires_s = 10, .max_expires_s = 3600};
	struct source *s = NULL;
	char spec[96];

	for (unsigned port = FIRST_PORT; port <= LAST_PORT && !s; port += 2) {
		snprintf(spec, sizeof(spec), "listen:udp:127.0.0.1:%u,tcp:127.0.0.1:%u", port,
			 port);
		err_clear(e);
		s = source_open(l, &clock_system, spec, &so, e);
		if (!s && e->code != -EADDRINUSE)
			return NULL;
		netaddr_parse(SLICE_LIT("127.0.0.1"), port, addr);
	}
	return s;
}

static int run(struct app *a, const struct options *o, const struct netaddr *registrar)
{
	unsigned n = o->phones ? o->phones : DEFAULT_PHONES;
	struct err e = ERR_NONE;
	struct phones *phones = phones_start(a->loop, a->clock, registrar, n, &e);
	char words[160];
	int status;

	if (!phones) {
		err_print(&e);
		return REGTOP_SOURCE;
	}
	snprintf(words, sizeof(words),
		 "A registrar and %u phones on this machine only. P asks those you see; "
		 "? explains.",
		 n);
	status = cli_inspect_app(a, o, "demo", words);
	phones_stop(phones);
	return status;
}

int cli_demo(const struct options *o)
{
	struct err e = ERR_NONE;
	struct netaddr addr;
	struct source *s;
	struct loop *l;
	struct app *a;
	int status;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
		fprintf(stderr,
			"regtop: the demo needs a terminal on stdin and stdout\n"
			"        For scripts and pipes there is: regtop listen, regtop list\n");
		return REGTOP_USAGE;
	}
	l = loop_new();
	s = open_registrar(l, &addr, &e);
	if (!s) {
		err_print(&e);
		loop_free(l);
		return REGTOP_SOURCE;
	}
	a = app_new_with(o, s, l, &e, &status);
	if (!a) {
		err_print(&e);
		return status;
	}
	status = app_apply_view(a, o);
	if (status == REGTOP_OK)
		status = run(a, o, &addr);
	app_free(a);
	return status;
}
