/* One test call from the command line, for tests against real and scripted phones: what came back
 * as lines of key=value, then the ladder. It knows the caller only, no act and no guard. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include "sip/call.h"

struct placed {
	struct loop *loop;
	struct loop_timer *timer;
	struct trace *trace;
	bool over, late;
};

static const char *const ends[] = {"final",   "answered",    "cancelled", "silent",
				   "refused", "unreachable", "closed",    "open"};

static void on_progress(void *ctx, uint64_t id, int code, uint32_t after_us)
{
	(void)ctx;
	(void)id;
	printf("progress=%d after_ms=%u\n", code, after_us / 1000);
	fflush(stdout);
}

static void on_behind(void *ctx, uint64_t id, int code, uint32_t after_us)
{
	(void)ctx;
	(void)id;
	printf("late=%d after_ms=%u\n", code, after_us / 1000);
	fflush(stdout);
}

static void on_report(void *ctx, uint64_t id, const struct call_report *r)
{
	struct placed *p = ctx;

	(void)id;
	printf("end=%s\ncode=%d\n", ends[r->end], r->code);
	printf("trying=%d\nringing=%d\nprogress_183=%d\nforwarded=%d\nqueued=%d\n", r->trying,
	       r->ringing, r->progress, r->forwarded, r->queued);
	printf("challenged=%d\nended_by_phone=%d\nhung_up=%d\n", r->challenged, r->ended_by_phone,
	       r->hung_up);
	printf("forks=%u\nsends=%u\nsize=%u\nbye_us=%u\nicmp=%d/%d\n", r->forks, r->sends, r->size,
	       r->bye_us, r->error.icmp_type, r->error.icmp_code);
	printf("agent=%.*s\nreason=%.*s\nwarning=%.*s\nmoved_to=%.*s\nunsupported=%.*s\n",
	       SLICE_FMT(r->agent), SLICE_FMT(r->reason), SLICE_FMT(r->warning),
	       SLICE_FMT(r->moved_to), SLICE_FMT(r->unsupported));
	fflush(stdout);
	p->over = true;
}

static void on_late(void *arg)
{
	((struct placed *)arg)->late = true;
}

/* Turns the loop until the call is over, or so long. */
static void turn(struct placed *p, int64_t ms, bool until_over)
{
	p->late = false;
	loop_timer_set(p->timer, ms);
	while (!p->late && !(until_over && p->over))
		loop_turn(p->loop, true);
}

static void print_trace(const struct trace *t)
{
	static const char *const kinds[] = {"sent", "received", "trouble", "note"};
	char remote[NETADDR_STR];

	for (size_t i = 0; i < trace_count(t); i++) {
		const struct trace_step *s = trace_at(t, i);

		printf("%s %s | %s %zu again=%u\n", kinds[s->kind], s->words,
		       s->remote.len ? netaddr_format(&s->remote, remote) : "-", s->size, s->again);
	}
}

static unsigned number(const char *text)
{
	return (unsigned)strtoul(text, NULL, 10);
}

enum {
	OPT_TCP = 256,
	OPT_QUIET,
	OPT_RING,
	OPT_PAD,
	OPT_ANSWER,
	OPT_USER,
	OPT_PASSWORD,
	OPT_STOP,
	OPT_LEAVE,
	OPT_STAY,
	OPT_ROUTE
};

static const struct option options[] = {
	{"tcp", no_argument, NULL, OPT_TCP},
	{"quiet", no_argument, NULL, OPT_QUIET},
	{"ring", required_argument, NULL, OPT_RING},
	{"pad", required_argument, NULL, OPT_PAD},
	{"answer", required_argument, NULL, OPT_ANSWER},
	{"user", required_argument, NULL, OPT_USER},
	{"password", required_argument, NULL, OPT_PASSWORD},
	{"stop-after", required_argument, NULL, OPT_STOP},   /* ms: the person hangs up */
	{"leave-after", required_argument, NULL, OPT_LEAVE}, /* ms: the process ends */
	{"stay", required_argument, NULL, OPT_STAY},         /* ms to listen after the report */
	{"route", required_argument, NULL, OPT_ROUTE},
	{NULL, 0, NULL, 0},
};

struct wishes {
	struct call_spec spec;
	unsigned stop_ms, leave_ms, stay_ms;
};

static int read_options(int argc, char **argv, struct wishes *w)
{
	int c;

	w->spec.flow.transport = TRANSPORT_UDP;
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case OPT_TCP:
			w->spec.flow.transport = TRANSPORT_TCP;
			break;
		case OPT_QUIET:
			w->spec.quiet = true;
			break;
		case OPT_RING:
			w->spec.ring_ms = number(optarg);
			break;
		case OPT_PAD:
			w->spec.pad_to = number(optarg);
			break;
		case OPT_ANSWER:
			w->spec.answer_ms = number(optarg);
			break;
		case OPT_USER:
			w->spec.user = slice_of(optarg);
			break;
		case OPT_PASSWORD:
			w->spec.password = slice_of(optarg);
			break;
		case OPT_STOP:
			w->stop_ms = number(optarg);
			break;
		case OPT_LEAVE:
			w->leave_ms = number(optarg);
			break;
		case OPT_STAY:
			w->stay_ms = number(optarg);
			break;
		case OPT_ROUTE:
			w->spec.route = slice_of(optarg);
			break;
		default:
			return 2;
		}
	}
	if (argc - optind != 3) {
		fprintf(stderr, "usage: place_call [options] ADDRESS:PORT REQUEST-URI TO-URI\n");
		return 2;
	}
	if (netaddr_parse_hostport(slice_of(argv[optind]), 5060, &w->spec.flow.remote) < 0)
		return 2;
	w->spec.request_uri = slice_of(argv[optind + 1]);
	w->spec.to_uri = slice_of(argv[optind + 2]);
	return 0;
}

static void place(struct placed *p, struct wishes *w, struct caller *c)
{
	uint64_t id = caller_start(c, &w->spec, on_report, p);

	if (id == 0) {
		printf("end=not made\n");
		return;
	}
	if (w->stop_ms) {
		turn(p, w->stop_ms, true);
		caller_hang_up(c, id);
	}
	if (w->leave_ms)
		turn(p, w->leave_ms, false);
	else
		turn(p, 60000, true);
	if (p->over && w->stay_ms)
		turn(p, w->stay_ms, false);
	printf("unsettled=%zu\n", caller_unsettled(c));
}

int main(int argc, char **argv)
{
	struct wishes w = {.spec = {.from_uri = SLICE_LIT("sip:linetest@127.0.0.1"),
				    .progress = on_progress,
				    .late = on_behind}};
	struct netaddr any;
	struct placed p = {.loop = loop_new()};
	struct sip_transport *t = sip_transport_new(p.loop, &clock_system);
	struct caller *c = caller_new(p.loop, &clock_system, t);
	struct err e;
	int rc = read_options(argc, argv, &w);

	if (rc)
		return rc;
	if (netaddr_local_for(&w.spec.flow.remote, &any) < 0)
		return 1;
	netaddr_set_port(&any, 0);
	if (sip_transport_listen(t, TRANSPORT_UDP, &any, &e) < 0)
		return 1;
	if (w.spec.flow.transport == TRANSPORT_TCP)
		w.spec.flow.connection = sip_transport_connect(t, &w.spec.flow.remote);
	p.timer = loop_timer_new(p.loop, LOOP_DRAW, on_late, &p);
	p.trace = w.spec.trace = trace_new(&clock_system);
	trace_begin(p.trace, "test call");
	place(&p, &w, c);
	caller_free(c);
	print_trace(p.trace);
	trace_free(p.trace);
	loop_timer_free(p.timer);
	sip_transport_free(t);
	loop_free(p.loop);
	return 0;
}
