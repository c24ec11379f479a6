/* The whole load, as the program does it, in one process: its time, its memory, and what watching
 * costs afterwards. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include "app.h"

static double cpu_ms(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e3 +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e3;
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

static void wake(void *arg)
{
	*(bool *)arg = true;
}

/* Turns the loop for that long and returns the CPU time of all threads meanwhile. */
static double cpu_of(struct app *a, int64_t ms)
{
	bool over = false;
	struct loop_timer *t = loop_timer_new(a->loop, LOOP_INPUT, wake, &over);
	double before = cpu_ms();

	loop_timer_set(t, ms);
	while (!over)
		loop_turn(a->loop, true);
	loop_timer_free(t);
	return cpu_ms() - before;
}

/* usage: inside FILE [SECONDS]: loads; then says "watching" and tells the CPU of each second, on
 * standard input's word "quiet" or "busy". */
int main(int argc, char **argv)
{
	char word0[] = "regtop", word1[] = "list", word2[] = "-s", word3[] = "--read-only";
	char *args[] = {word0, word1, word3, word2, argc > 1 ? argv[1] : NULL, NULL};
	double cpu0, rss0, cpu1;
	int64_t start, loaded;
	struct options o;
	struct err e = ERR_NONE;
	struct app *a;
	int status;

	if (argc < 2) {
		fprintf(stderr, "usage: inside FILE [SECONDS]\n");
		return 2;
	}
	if (options_parse(5, args, &o, &e) != 0) {
		err_print(&e);
		return 2;
	}
	rss0 = resident_bytes();
	cpu0 = cpu_ms();
	start = clock_mono_us(&clock_system);
	a = app_new(&o, &e, &status);
	if (!a) {
		err_print(&e);
		return status;
	}
	status = app_wait_picture(a, 600);
	if (status != 0)
		return status;
	loaded = clock_mono_us(&clock_system);
	cpu1 = cpu_ms();
	printf("rows %zu\nload_ms %.2f\nload_cpu_ms %.2f\n", store_count(a->store),
	       (double)(loaded - start) / 1e3, cpu1 - cpu0);
	printf("rss_bytes %.0f\nstore_bytes %zu\n", resident_bytes() - rss0, store_bytes(a->store));
	if (argc > 2) {
		unsigned seconds = (unsigned)strtoul(argv[2], NULL, 10);
		char line[32];

		/* What the load still owes is not the watching's. */
		cpu_of(a, 2000);
		printf("watching\n");
		fflush(stdout);
		while (fgets(line, sizeof(line), stdin)) {
			uint64_t before = store_generation(a->store);
			double cpu = cpu_of(a, (int64_t)seconds * 1000);

			printf("cpu_ms_per_s %.3f\nseen %llu\n", cpu / seconds,
			       (unsigned long long)(store_generation(a->store) - before));
			fflush(stdout);
		}
	}
	app_free(a);
	options_free(&o);
	return 0;
}
