/* The loop: priorities, timers, watches, messages from threads, workers. */
#include "test.h"

#include <signal.h>
#include <unistd.h>
#include "loop/loop.h"
#include "loop/resolve.h"
#include "loop/worker.h"

struct log {
	char text[64];
	struct loop *loop;
	struct worker *worker;
	struct loop_watch *watch;
};

static void note(struct log *l, char c)
{
	size_t n = strlen(l->text);

	assert_true(n + 1 < sizeof(l->text));
	l->text[n] = c;
	l->text[n + 1] = '\0';
}

static void note_a(void *arg)
{
	note(arg, 'a');
}

static void note_b(void *arg)
{
	note(arg, 'b');
}

static void note_stop(void *arg)
{
	note(arg, '.');
	loop_stop(((struct log *)arg)->loop);
}

TEST(timers_fire_in_the_order_of_their_time_and_only_once)
{
	struct log l = {.loop = loop_new()};
	struct loop_timer *a = loop_timer_new(l.loop, LOOP_INPUT, note_a, &l);
	struct loop_timer *b = loop_timer_new(l.loop, LOOP_INPUT, note_b, &l);
	struct loop_timer *end = loop_timer_new(l.loop, LOOP_INPUT, note_stop, &l);

	UNUSED_STATE;
	loop_timer_set(a, 20);
	loop_timer_set(b, 5);
	loop_timer_set(end, 60);
	assert_true(loop_timer_is_set(a));
	loop_run(l.loop);
	assert_string_equal(l.text, "ba.");
	assert_false(loop_timer_is_set(a));
	loop_timer_free(a);
	loop_timer_free(b);
	loop_timer_free(end);
	loop_free(l.loop);
}

TEST(a_stopped_timer_does_not_fire)
{
	struct log l = {.loop = loop_new()};
	struct loop_timer *a = loop_timer_new(l.loop, LOOP_INPUT, note_a, &l);
	struct loop_timer *end = loop_timer_new(l.loop, LOOP_INPUT, note_stop, &l);

	UNUSED_STATE;
	loop_timer_set(a, 5);
	loop_timer_stop(a);
	loop_timer_set(end, 20);
	loop_run(l.loop);
	assert_string_equal(l.text, ".");
	loop_timer_free(a);
	loop_timer_free(end);
	loop_free(l.loop);
}

static void read_one(void *arg, int fd, unsigned what)
{
	struct log *l = arg;
	char c;

	assert_int_equal(what, LOOP_READ);
	assert_int_equal(read(fd, &c, 1), 1);
	note(l, c);
	if (c == '.') {
		loop_watch_free(l->watch);
		loop_stop(l->loop);
	}
}

static void write_fd(void *arg)
{
	assert_int_equal(write(*(int *)arg, "x.", 2), 2);
}

TEST(a_watch_reads_and_may_free_itself_inside_its_callback)
{
	struct log l = {.loop = loop_new()};
	int fds[2];

	UNUSED_STATE;
	assert_int_equal(pipe(fds), 0);
	l.watch = loop_watch_new(l.loop, fds[0], LOOP_READ, LOOP_SIP, read_one, &l);
	loop_post(l.loop, write_fd, &fds[1]);
	loop_run(l.loop);
	assert_string_equal(l.text, "x.");
	close(fds[0]);
	close(fds[1]);
	loop_free(l.loop);
}

static void job_run(void *arg)
{
	struct log *l = arg;

	worker_emit(l->worker, note_a, l);
	worker_emit(l->worker, note_b, l);
}

TEST(a_workers_messages_arrive_in_order_and_before_its_done)
{
	struct log l = {.loop = loop_new()};

	UNUSED_STATE;
	l.worker = worker_start(l.loop, "test");
	worker_submit(l.worker, job_run, note_stop, &l);
	assert_int_equal(worker_pending(l.worker), 1);
	loop_run(l.loop);
	assert_string_equal(l.text, "ab.");
	assert_int_equal(worker_pending(l.worker), 0);
	worker_stop(l.worker);
	loop_free(l.loop);
}

static void job_slow(void *arg)
{
	struct log *l = arg;

	while (!worker_stopping(l->worker))
		usleep(1000);
	worker_emit(l->worker, note_a, l);
}

TEST(stopping_a_worker_delivers_what_is_left_and_every_done)
{
	struct log l = {.loop = loop_new()};

	UNUSED_STATE;
	l.worker = worker_start(l.loop, "test");
	worker_submit(l.worker, job_slow, note_b, &l);
	worker_submit(l.worker, job_run, note_b, &l);
	worker_stop(l.worker);
	/* The second job never ran, or ran before the stop was seen; both got their done. */
	assert_true(strcmp(l.text, "abb") == 0 || strcmp(l.text, "abbb") == 0 ||
		    strcmp(l.text, "bb") == 0);
	loop_free(l.loop);
}

static void on_signal(void *arg, int signo)
{
	struct log *l = arg;

	note(l, signo == SIGUSR1 ? 's' : '?');
	loop_stop(l->loop);
}

TEST(a_signal_is_handled_in_the_loop)
{
	struct log l = {.loop = loop_new()};
	struct loop_signal *s = loop_signal_new(l.loop, SIGUSR1, on_signal, &l);

	UNUSED_STATE;
	raise(SIGUSR1);
	assert_string_equal(l.text, "");
	loop_run(l.loop);
	assert_string_equal(l.text, "s");
	loop_signal_free(s);
	loop_free(l.loop);
}

#define PATIENCE 1000

static unsigned calls;

/* As a socket in a flood: what was there is never all taken. */
static void never_empty(void *arg, int fd, unsigned what)
{
	(void)fd;
	(void)what;
	if (++calls > PATIENCE)
		loop_stop(((struct log *)arg)->loop);
}

static struct loop_watch *flood(struct log *l, int fds[2])
{
	calls = 0;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], "x", 1), 1);
	return loop_watch_new(l->loop, fds[0], LOOP_READ, LOOP_SIP, never_empty, l);
}

static void flood_end(struct loop_watch *w, int fds[2])
{
	loop_watch_free(w);
	close(fds[0]);
	close(fds[1]);
}

TEST(a_flood_does_not_keep_drawing_and_signals_waiting_for_ever)
{
	struct log l = {.loop = loop_new()};
	struct loop_timer *draw = loop_timer_new(l.loop, LOOP_DRAW, note_a, &l);
	struct loop_timer *stop = loop_timer_new(l.loop, LOOP_DRAW, note_stop, &l);
	struct loop_signal *s = loop_signal_new(l.loop, SIGUSR1, on_signal, &l);
	int fds[2], more[2];
	struct loop_watch *w = flood(&l, fds), *other = flood(&l, more);

	UNUSED_STATE;
	loop_timer_set(draw, 0);
	raise(SIGUSR1);
	loop_run(l.loop);
	loop_timer_set(stop, 0);
	loop_run(l.loop);
	assert_true(calls < PATIENCE);
	assert_non_null(strchr(l.text, 'a'));
	assert_non_null(strchr(l.text, 's'));
	assert_non_null(strchr(l.text, '.'));
	flood_end(w, fds);
	flood_end(other, more);
	loop_signal_free(s);
	loop_timer_free(draw);
	loop_timer_free(stop);
	loop_free(l.loop);
}

TEST(messages_arrive_in_a_flood)
{
	struct log l = {.loop = loop_new()};
	int fds[2];
	struct loop_watch *w = flood(&l, fds);

	UNUSED_STATE;
	loop_post(l.loop, note_stop, &l);
	loop_run(l.loop);
	assert_string_equal(l.text, ".");
	assert_true(calls < PATIENCE);
	flood_end(w, fds);
	loop_free(l.loop);
}

/* As a reader's thread that is faster than the loop. */
static void again(void *arg)
{
	struct log *l = arg;

	if (++calls > PATIENCE)
		loop_stop(l->loop);
	else if (!strchr(l->text, '.'))
		loop_post(l->loop, again, l);
}

TEST(messages_without_end_leave_room_for_drawing)
{
	struct log l = {.loop = loop_new()};
	struct loop_timer *draw = loop_timer_new(l.loop, LOOP_DRAW, note_stop, &l);

	UNUSED_STATE;
	calls = 0;
	loop_timer_set(draw, 0);
	loop_post(l.loop, again, &l);
	loop_run(l.loop);
	assert_string_equal(l.text, ".");
	assert_true(calls < PATIENCE);
	loop_timer_free(draw);
	loop_free(l.loop);
}

struct looked_up {
	unsigned times;
	struct resolve_answer a;
};

static void on_looked_up(void *ctx, const struct resolve_answer *a)
{
	struct looked_up *l = ctx;

	l->times++;
	l->a = *a;
}

static void look_up(struct loop *l, struct looked_up *out, const char *host)
{
	memset(out, 0, sizeof(*out));
	resolve_start(l, slice_of(host), 5000, on_looked_up, out);
	assert_int_equal(out->times, 0);
	while (!out->times)
		loop_turn(l, true);
	assert_int_equal(out->times, 1);
}

TEST(a_name_is_looked_up_beside_the_loop)
{
	struct loop *l = loop_new();
	struct looked_up found;

	UNUSED_STATE;
	look_up(l, &found, "localhost");
	assert_int_equal(found.a.end, RESOLVE_FOUND);
	assert_true(found.a.count > 0);
	assert_true(netaddr_is_loopback(&found.a.addresses[0]));
	loop_free(l);
}

TEST(a_name_that_is_none_fails_with_words)
{
	struct loop *l = loop_new();
	struct looked_up found;

	UNUSED_STATE;
	look_up(l, &found,
		"a-label-has-sixty-three-characters-at-the-most-and-this-one-has-more-of-them");
	assert_int_equal(found.a.end, RESOLVE_FAILED);
	assert_int_equal(found.a.count, 0);
	assert_true(strlen(found.a.why) > 0);
	loop_free(l);
}

TEST(a_look_up_that_is_cancelled_is_not_heard_of)
{
	struct loop *l = loop_new();
	struct looked_up first = {.times = 0}, second;
	struct resolve *r = resolve_start(l, SLICE_LIT("localhost"), 5000, on_looked_up, &first);

	UNUSED_STATE;
	resolve_cancel(r);
	look_up(l, &second, "localhost");
	assert_int_equal(first.times, 0);
	resolve_cancel(NULL);
	loop_free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(timers_fire_in_the_order_of_their_time_and_only_once),
		T(a_stopped_timer_does_not_fire),
		T(a_watch_reads_and_may_free_itself_inside_its_callback),
		T(a_workers_messages_arrive_in_order_and_before_its_done),
		T(stopping_a_worker_delivers_what_is_left_and_every_done),
		T(a_signal_is_handled_in_the_loop),
		T(a_flood_does_not_keep_drawing_and_signals_waiting_for_ever),
		T(messages_arrive_in_a_flood),
		T(messages_without_end_leave_room_for_drawing),
		T(a_name_is_looked_up_beside_the_loop),
		T(a_name_that_is_none_fails_with_words),
		T(a_look_up_that_is_cancelled_is_not_heard_of),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
