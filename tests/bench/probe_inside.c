/* regtop's own prober at full speed: probes a second, their cost, also with many unanswered ones.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>
#include "sip/probe.h"

static struct run {
	struct loop *loop;
	struct prober *prober;
	struct netaddr to;
	unsigned long count, started, answered, other, window;
} run;

static double cpu_us(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static double resident_bytes(void)
{
	unsigned long all, resident;
	FILE *f = fopen("/proc/self/statm", "r");

	if (!f || fscanf(f, "%lu %lu", &all, &resident) != 2)
		exit(1);
	fclose(f);
	return (double)resident * (double)sysconf(_SC_PAGESIZE);
}

static void start(const struct netaddr *to, unsigned long i, probe_report_fn *fn)
{
	char uri[64], aor[64];
	struct probe_spec s = {.flow = {.transport = TRANSPORT_UDP, .remote = *to}};

	snprintf(uri, sizeof(uri), "sip:user%07lu@127.0.0.1:%u", i, netaddr_port(to));
	snprintf(aor, sizeof(aor), "sip:user%07lu@acme.example", i);
	s.request_uri = slice_of(uri);
	s.to_uri = slice_of(aor);
	s.from_uri = SLICE_LIT("sip:ops@acme.example");
	prober_start(run.prober, &s, fn, NULL);
}

static void ignore(void *ctx, uint64_t id, const struct probe_report *r)
{
	(void)ctx;
	(void)id;
	(void)r;
}

static void report(void *ctx, uint64_t id, const struct probe_report *r);

/* As the pinger does: what a turn of the loop starts leaves together. */
static void fill(void)
{
	prober_begin_batch(run.prober);
	while (run.started < run.count && run.started - run.answered - run.other < run.window)
		start(&run.to, run.started++, report);
	prober_end_batch(run.prober);
}

static void report(void *ctx, uint64_t id, const struct probe_report *r)
{
	(void)ctx;
	(void)id;
	if (r->late)
		return;
	if (r->end == PROBE_END_ANSWER)
		run.answered++;
	else
		run.other++;
}

int main(int argc, char **argv)
{
	struct netaddr any, dead;
	struct sip_transport *t;
	unsigned long pending = 0;
	double rss, cpu, held;
	int64_t from;
	struct err e;

	if (argc < 4) {
		fprintf(stderr, "usage: probe_inside PORT COUNT WINDOW [PENDING SILENT_PORT]\n");
		return 2;
	}
	netaddr_parse(SLICE_LIT("127.0.0.1"), 0, &any);
	netaddr_parse(SLICE_LIT("127.0.0.1"), (unsigned)strtoul(argv[1], NULL, 10), &run.to);
	run.count = strtoul(argv[2], NULL, 10);
	run.window = strtoul(argv[3], NULL, 10);
	run.loop = loop_new();
	t = sip_transport_new(run.loop, &clock_system);
	if (sip_transport_listen(t, TRANSPORT_UDP, &any, &e) < 0)
		return 1;
	run.prober = prober_new(run.loop, &clock_system, t);
	if (argc > 5) {
		pending = strtoul(argv[4], NULL, 10);
		netaddr_parse(SLICE_LIT("127.0.0.1"), (unsigned)strtoul(argv[5], NULL, 10), &dead);
	}
	rss = resident_bytes();
	for (unsigned long i = 0; i < pending; i++)
		start(&dead, i, ignore);
	held = resident_bytes() - rss;
	from = clock_mono_us(&clock_system);
	cpu = cpu_us();
	fill();
	while (run.answered + run.other < run.count) {
		loop_turn(run.loop, true);
		fill();
	}
	from = clock_mono_us(&clock_system) - from;
	cpu = cpu_us() - cpu;
	printf("seconds %.4f\nrate %.1f\ncpu_us %.3f\ngood %lu\nother %lu\n", (double)from / 1e6,
	       (double)run.count * 1e6 / (double)from, cpu / (double)run.count, run.answered,
	       run.other);
	if (pending > 0)
		printf("pending_bytes %.0f\n", held / (double)pending);
	prober_free(run.prober);
	sip_transport_free(t);
	loop_free(run.loop);
	return 0;
}
