/* The control socket's client: what answers, what lies, what is late, and what is not there. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/netaddr.h"
#include "source/kamailio_places.h"
#include "source/rpc/control.h"
#include "test.h"

static char dir[64], path[96];
static struct loop *loop;
static int server;
static struct sockaddr_un client;
static socklen_t client_len;

/* What came back last. */
static struct {
	int calls;
	enum control_outcome outcome;
	int code;
	char text[200], words[300], hint[300];
} got;

static void on_reply(void *ctx, const struct control_reply *r)
{
	(void)ctx;
	got.calls++;
	got.outcome = r->outcome;
	got.code = r->outcome == CONTROL_FAULT ? r->fault_code : r->e.code;
	slice_to_buf(slice_of(r->fault), got.text, sizeof(got.text));
	slice_to_buf(slice_of(r->e.what), got.words, sizeof(got.words));
	slice_to_buf(slice_of(r->e.hint), got.hint, sizeof(got.hint));
	if (r->outcome == CONTROL_RESULT)
		slice_to_buf(slice_of(json_string_value(r->result)), got.text, sizeof(got.text));
}

static void listen_on(const char *where)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};

	slice_to_buf(slice_of(where), a.sun_path, sizeof(a.sun_path));
	server = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(server, (struct sockaddr *)&a, sizeof(a)), 0);
}

static int setup(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/regtop-unit.XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/rpc.sock", dir);
	loop = loop_new();
	listen_on(path);
	memset(&got, 0, sizeof(got));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	if (server >= 0)
		close(server);
	unlink(path);
	loop_free(loop);
	return rmdir(dir);
}

/* Turns the loop until the server has a request; returns its id. */
static long long request(char *method, size_t size)
{
	char buf[70000];
	ssize_t n = -1;
	json_t *doc;
	long long id;

	for (int i = 0; i < 1000 && n < 0; i++) {
		loop_turn(loop, false);
		client_len = sizeof(client);
		n = recvfrom(server, buf, sizeof(buf), 0, (struct sockaddr *)&client, &client_len);
		if (n < 0)
			poll(NULL, 0, 1);
	}
	assert_true(n > 0);
	doc = json_loadb(buf, (size_t)n, 0, NULL);
	assert_non_null(doc);
	assert_string_equal(json_string_value(json_object_get(doc, "jsonrpc")), "2.0");
	slice_to_buf(slice_of(json_string_value(json_object_get(doc, "method"))), method, size);
	id = json_integer_value(json_object_get(doc, "id"));
	json_decref(doc);
	return id;
}

static void answer_raw(const char *p, size_t n)
{
	assert_int_equal(sendto(server, p, n, 0, (struct sockaddr *)&client, client_len), n);
}

#define answer(fmt, id)                                                                            \
	do {                                                                                       \
		char text_[300];                                                                   \
                                                                                                   \
		answer_raw(text_, (size_t)snprintf(text_, sizeof(text_), fmt, id));                \
	} while (0)

#define YES "{\"jsonrpc\":\"2.0\",\"result\":\"yes\",\"id\":%lld}"

static void wait_calls(int calls)
{
	for (int i = 0; i < 3000 && got.calls < calls; i++) {
		loop_turn(loop, false);
		poll(NULL, 0, 1);
	}
	assert_int_equal(got.calls, calls);
}

static struct control *opened(unsigned timeout_ms)
{
	char place[120];
	struct control *r;

	snprintf(place, sizeof(place), "unix:%s", path);
	r = control_new(loop, CONTROL_KAMAILIO, place, timeout_ms, NULL);
	assert_non_null(r);
	return r;
}

static struct control *called(unsigned timeout_ms)
{
	struct control *r = opened(timeout_ms);

	control_call(r, "core.version", NULL, on_reply, NULL);
	assert_int_equal(got.calls, 0);
	return r;
}

TEST(a_result_is_handed_over)
{
	UNUSED_STATE;
	char method[64];
	struct control *r = called(2000);
	long long id = request(method, sizeof(method));

	assert_string_equal(method, "core.version");
	answer(YES, id);
	wait_calls(1);
	assert_int_equal(got.outcome, CONTROL_RESULT);
	assert_string_equal(got.text, "yes");
	control_free(r);
}

TEST(a_fault_comes_with_code_and_cleaned_words)
{
	UNUSED_STATE;
	char method[64];
	struct control *r = called(2000);

	answer("{\"error\":{\"code\":404,\"message\":\"Contact\\u0007 not found\"},\"id\":%lld}",
	       request(method, sizeof(method)));
	wait_calls(1);
	assert_int_equal(got.outcome, CONTROL_FAULT);
	assert_int_equal(got.code, 404);
	assert_string_equal(got.text, "Contact\xef\xbf\xbd not found");
	control_free(r);
}

TEST(bytes_that_are_not_utf8_do_not_cost_the_answer)
{
	UNUSED_STATE;
	char method[64];
	struct control *r = called(2000);

	answer("{\"result\":\"Telefon K\xfc"
	       "che\",\"id\":%lld}",
	       request(method, sizeof(method)));
	wait_calls(1);
	assert_int_equal(got.outcome, CONTROL_RESULT);
	assert_string_equal(got.text, "Telefon K\xef\xbf\xbd"
				      "che");
	control_free(r);
}

TEST(only_one_request_is_in_flight)
{
	UNUSED_STATE;
	char method[64], buf[1000];
	struct control *r = called(2000);
	long long id;

	control_call(r, "ul.lookup", json_pack("[s,s]", "location", "alice"), on_reply, NULL);
	id = request(method, sizeof(method));
	for (int i = 0; i < 20; i++)
		loop_turn(loop, false);
	assert_int_equal(recv(server, buf, sizeof(buf), 0), -1);
	answer(YES, id);
	id = request(method, sizeof(method));
	assert_string_equal(method, "ul.lookup");
	answer(YES, id);
	wait_calls(2);
	control_free(r);
}

TEST(silence_ends_in_words_and_a_late_answer_is_dropped)
{
	UNUSED_STATE;
	char method[64];
	struct control *r = called(50);
	long long late = request(method, sizeof(method)), id;
	struct sockaddr_un old = client;
	socklen_t old_len = client_len;

	wait_calls(1);
	assert_int_equal(got.outcome, CONTROL_NO_ANSWER);
	assert_non_null(strstr(got.words, "no answer within 50 ms"));
	/* Kamailio drops what does not fit, and tells only its log. */
	assert_non_null(strstr(got.hint, "128 KiB"));
	assert_non_null(strstr(got.hint, "http://"));
	control_call(r, "core.uptime", NULL, on_reply, NULL);
	id = request(method, sizeof(method));
	assert_true(id != late);
	/* To the old address it is lost, to the new one it bears the wrong id. */
	assert_int_equal(sendto(server, "x", 1, 0, (struct sockaddr *)&old, old_len), -1);
	answer(YES, late);
	answer("{\"result\":\"right\",\"id\":%lld}", id);
	wait_calls(2);
	assert_int_equal(got.outcome, CONTROL_RESULT);
	assert_string_equal(got.text, "right");
	control_free(r);
}

static void a_bad_answer(const char *p, size_t n, int code)
{
	char method[64];
	struct control *r = called(2000);

	request(method, sizeof(method));
	answer_raw(p, n);
	wait_calls(1);
	assert_int_equal(got.outcome, CONTROL_NO_ANSWER);
	assert_int_equal(got.code, code);
	assert_true(got.words[0]);
	control_free(r);
}

TEST(rubbish_is_no_answer)
{
	UNUSED_STATE;
	a_bad_answer("\0\xff{}{", 5, -EPROTO);
}

TEST(a_cut_answer_is_no_answer)
{
	UNUSED_STATE;
	a_bad_answer("{\"result\":\"ye", 13, -EPROTO);
}

TEST(an_oversized_answer_is_no_answer)
{
	UNUSED_STATE;
	static char big[180000];
	int size = 1 << 20;

	setsockopt(server, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	memset(big, ' ', sizeof(big));
	a_bad_answer(big, sizeof(big), -EMSGSIZE);
}

TEST(an_answer_without_result_and_error_is_no_answer)
{
	UNUSED_STATE;
	char method[64];
	struct control *r = called(2000);

	answer("{\"id\":%lld}", request(method, sizeof(method)));
	wait_calls(1);
	assert_int_equal(got.outcome, CONTROL_NO_ANSWER);
	control_free(r);
}

TEST(a_missing_socket_is_told_and_a_new_one_is_used)
{
	UNUSED_STATE;
	char method[64];
	struct control *r;
	struct err e = ERR_NONE;

	close(server);
	unlink(path);
	r = called(2000);
	wait_calls(1);
	assert_int_equal(got.outcome, CONTROL_NOT_SENT);
	assert_int_equal(got.code, -ENOENT);
	assert_int_equal(control_check(r, &e), -ENOENT);
	assert_true(e.hint[0]);
	listen_on(path);
	assert_int_equal(control_check(r, &e), 0);
	control_call(r, "core.version", NULL, on_reply, NULL);
	answer(YES, request(method, sizeof(method)));
	wait_calls(2);
	assert_int_equal(got.outcome, CONTROL_RESULT);
	control_free(r);
}

TEST(a_socket_that_nobody_reads_is_told)
{
	UNUSED_STATE;
	struct control *r;

	close(server);
	server = -1;
	r = called(2000);
	wait_calls(1);
	assert_int_equal(got.outcome, CONTROL_NOT_SENT);
	assert_int_equal(got.code, -ECONNREFUSED);
	assert_int_equal(control_check(r, NULL), -ECONNREFUSED);
	control_free(r);
}

TEST(a_stream_socket_and_a_file_are_told)
{
	UNUSED_STATE;
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	struct control *r;
	struct err e = ERR_NONE;
	FILE *f;

	close(server);
	unlink(path);
	slice_to_buf(slice_of(path), a.sun_path, sizeof(a.sun_path));
	server = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(server, (struct sockaddr *)&a, sizeof(a)), 0);
	r = called(2000);
	wait_calls(1);
	assert_int_equal(got.outcome, CONTROL_NOT_SENT);
	assert_int_equal(got.code, -EPROTOTYPE);
	control_free(r);
	unlink(path);
	f = fopen(path, "w");
	assert_non_null(f);
	fclose(f);
	r = opened(0);
	assert_int_equal(control_check(r, &e), -EPROTOTYPE);
	control_free(r);
}

TEST(a_full_queue_is_tried_again_until_there_is_room)
{
	UNUSED_STATE;
	char method[64], buf[16];
	int other = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	struct control *r;
	int fill = 0;

	slice_to_buf(slice_of(path), a.sun_path, sizeof(a.sun_path));
	while (sendto(other, "full", 4, 0, (struct sockaddr *)&a, sizeof(a)) == 4)
		fill++;
	assert_true(fill > 0);
	r = called(2000);
	for (int i = 0; i < 20; i++)
		loop_turn(loop, false);
	assert_int_equal(got.calls, 0);
	for (; fill > 0; fill--)
		assert_int_equal(recv(server, buf, sizeof(buf), 0), 4);
	answer(YES, request(method, sizeof(method)));
	wait_calls(1);
	assert_int_equal(got.outcome, CONTROL_RESULT);
	control_free(r);
	close(other);
}

TEST(the_end_of_the_client_ends_every_call)
{
	UNUSED_STATE;
	char method[64];
	struct control *r = called(2000);

	control_call(r, "second", NULL, on_reply, NULL);
	request(method, sizeof(method));
	control_free(r);
	assert_int_equal(got.calls, 2);
	assert_int_equal(got.outcome, CONTROL_NOT_SENT);
}

/* ---- by UDP, as OpenSIPS's mi_datagram does ----------------------------------------------------
 */

static struct control *udp_opened(struct netaddr *to)
{
	char place[120], where[NETADDR_STR];
	struct control *r;

	assert_int_equal(netaddr_parse(SLICE_LIT("127.0.0.1"), 0, to), 0);
	close(server);
	server = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(server, &to->sa, to->len), 0);
	assert_int_equal(getsockname(server, &to->sa, &to->len), 0);
	snprintf(place, sizeof(place), "udp:%s", netaddr_format(to, where));
	assert_null(control_new(loop, CONTROL_KAMAILIO, place, 0, NULL));
	r = control_new(loop, CONTROL_OPENSIPS, place, 2000, NULL);
	assert_non_null(r);
	return r;
}

TEST(an_answer_by_udp_may_come_from_another_port_of_that_machine_only)
{
	UNUSED_STATE;
	char buf[1000], text[100];
	struct netaddr to, from, other;
	struct control *r = udp_opened(&to);
	int reply = socket(AF_INET, SOCK_DGRAM, 0), forger = socket(AF_INET, SOCK_DGRAM, 0);
	ssize_t n = -1;
	json_t *doc;

	control_call(r, "version", NULL, on_reply, NULL);
	from.len = sizeof(from.ss);
	for (int i = 0; i < 1000 && n < 0; i++) {
		loop_turn(loop, false);
		n = recvfrom(server, buf, sizeof(buf), 0, &from.sa, &from.len);
	}
	doc = json_loadb(buf, n > 0 ? (size_t)n : 0, 0, NULL);
	assert_non_null(doc);
	netaddr_set_port(&to, 0);
	assert_int_equal(netaddr_parse(SLICE_LIT("127.0.0.2"), 0, &other), 0);
	assert_int_equal(bind(reply, &to.sa, to.len), 0);
	assert_int_equal(bind(forger, &other.sa, other.len), 0);
	n = snprintf(text, sizeof(text), "{\"result\":\"forged\",\"id\":%lld}",
		     (long long)json_integer_value(json_object_get(doc, "id")));
	assert_int_equal(sendto(forger, text, (size_t)n, 0, &from.sa, from.len), n);
	for (int i = 0; i < 20; i++)
		loop_turn(loop, false);
	assert_int_equal(got.calls, 0);
	n = snprintf(text, sizeof(text), YES,
		     (long long)json_integer_value(json_object_get(doc, "id")));
	assert_int_equal(sendto(reply, text, (size_t)n, 0, &from.sa, from.len), n);
	wait_calls(1);
	assert_string_equal(got.text, "yes");
	json_decref(doc);
	close(reply);
	close(forger);
	control_free(r);
}

TEST(a_port_that_nobody_listens_on_is_told_at_once)
{
	UNUSED_STATE;
	struct netaddr to;
	struct control *r = udp_opened(&to);

	close(server);
	server = -1;
	control_call(r, "version", NULL, on_reply, NULL);
	wait_calls(1);
	assert_int_equal(got.outcome, CONTROL_NOT_SENT);
	assert_int_equal(got.code, -ECONNREFUSED);
	assert_non_null(strstr(got.hint, "OpenSIPS"));
	control_free(r);
}

TEST(a_place_that_makes_no_sense_is_told)
{
	UNUSED_STATE;
	const char *bad[] = {"", "unix:", "/run/x.sock", "tcp:127.0.0.1:1", "http://kamailio/RPC"};
	struct err e;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		err_clear(&e);
		assert_null(control_new(loop, CONTROL_KAMAILIO, bad[i], 0, &e));
		assert_int_equal(e.code, -EINVAL);
		assert_true(e.what[0] && e.hint[0]);
	}
}

/* The places that the tests of finding look at, in their order. */
static char sock[120], ctl[120], fifo[120];
static const char *const places[] = {sock, ctl, fifo};

static struct control *find(struct err *e)
{
	snprintf(sock, sizeof(sock), "unix:%s/rpc.sock", dir);
	snprintf(ctl, sizeof(ctl), "ctl:%s/ctl", dir);
	snprintf(fifo, sizeof(fifo), "fifo:%s/fifo", dir);
	return kamailio_places_find(loop, places, 3, e);
}

static void finds(const char *place)
{
	struct err e = ERR_NONE;
	struct control *c = find(&e);

	assert_non_null(c);
	assert_string_equal(control_place(c), place);
	assert_int_equal(e.code, 0);
	control_free(c);
}

TEST(the_usual_places_are_tried_until_one_can_be_used)
{
	UNUSED_STATE;
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int stream = socket(AF_UNIX, SOCK_STREAM, 0), reader;
	struct err e = ERR_NONE;

	finds(sock);
	/* What a registrar that crashed left stands in nobody's way, and is told when it is all. */
	close(server);
	server = -1;
	assert_null(find(&e));
	assert_int_equal(e.code, -ECONNREFUSED);
	assert_int_equal(mkfifo(fifo + strlen("fifo:"), 0600), 0);
	assert_null(find(&e));
	assert_non_null(strstr(e.what, "rpc.sock"));
	reader = open(fifo + strlen("fifo:"), O_RDONLY | O_NONBLOCK);
	finds(fifo);
	slice_to_buf(slice_of(ctl + strlen("ctl:")), a.sun_path, sizeof(a.sun_path));
	assert_int_equal(bind(stream, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(stream, 1), 0);
	finds(ctl);
	close(stream);
	close(reader);
	unlink(a.sun_path);
	unlink(fifo + strlen("fifo:"));
	unlink(path);
	assert_null(find(&e));
	assert_int_equal(e.code, -ENOENT);
}

#define U(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		U(a_result_is_handed_over),
		U(a_fault_comes_with_code_and_cleaned_words),
		U(bytes_that_are_not_utf8_do_not_cost_the_answer),
		U(only_one_request_is_in_flight),
		U(silence_ends_in_words_and_a_late_answer_is_dropped),
		U(rubbish_is_no_answer),
		U(a_cut_answer_is_no_answer),
		U(an_oversized_answer_is_no_answer),
		U(an_answer_without_result_and_error_is_no_answer),
		U(a_missing_socket_is_told_and_a_new_one_is_used),
		U(a_socket_that_nobody_reads_is_told),
		U(a_stream_socket_and_a_file_are_told),
		U(a_full_queue_is_tried_again_until_there_is_room),
		U(the_end_of_the_client_ends_every_call),
		U(an_answer_by_udp_may_come_from_another_port_of_that_machine_only),
		U(a_port_that_nobody_listens_on_is_told_at_once),
		U(the_usual_places_are_tried_until_one_can_be_used),
		U(a_place_that_makes_no_sense_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
