/* The channel through FIFOs: who may write the answer, that nothing is left behind, and servers
 * that are slow, cut, lie, or are not there. */
#include <dirent.h>
#include <fcntl.h>
#include "channel_fixture.h"

static int server; /* both ends, as the registrars hold them; -1: nobody reads */
static enum control_flavour flavour;
static char reply_name[64], reply_path[160], asked[8192];

static int setup(void **state)
{
	(void)state;
	begin("rpc.fifo");
	flavour = CONTROL_KAMAILIO;
	assert_int_equal(mkfifo(path, 0600), 0);
	server = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	return server < 0 ? -1 : 0;
}

static int teardown(void **state)
{
	(void)state;
	if (server >= 0)
		close(server);
	return end();
}

static struct control *opened(unsigned timeout_ms)
{
	char place[200];

	snprintf(place, sizeof(place), "fifo:%s?reply_dir=%s", path, dir);
	return control_at(flavour, place, timeout_ms);
}

static struct control *called(unsigned timeout_ms)
{
	struct control *c = opened(timeout_ms);

	control_call(c, "core.version", NULL, on_reply, NULL);
	assert_int_equal(got.calls, 0);
	return c;
}

/* Turns the loop until a request is there; returns its id and keeps where the answer goes. */
static long long request(void)
{
	ssize_t n = -1;
	char *json = asked;
	json_t *doc;
	long long id;

	for (int i = 0; i < 5000 && n <= 0; i++) {
		turns(1);
		n = read(server, asked, sizeof(asked) - 1);
	}
	assert_true(n > 0 && n <= 4096);
	assert_int_equal(asked[n - 1], '\n');
	asked[n] = '\0';
	if (flavour == CONTROL_OPENSIPS) {
		assert_int_equal(sscanf(asked, ":%63[^:]:", reply_name), 1);
		json = strchr(asked + 1, ':') + 1;
	}
	doc = json_loads(json, 0, NULL);
	assert_non_null(doc);
	if (flavour == CONTROL_KAMAILIO)
		slice_to_buf(slice_of(json_string_value(json_object_get(doc, "reply_name"))),
			     reply_name, sizeof(reply_name));
	else
		assert_null(json_object_get(doc, "reply_name"));
	id = json_integer_value(json_object_get(doc, "id"));
	json_decref(doc);
	/* Neither registrar takes a name with these. */
	assert_null(strpbrk(reply_name, "./:"));
	snprintf(reply_path, sizeof(reply_path), "%s/%s", dir, reply_name);
	return id;
}

/* As the registrars do it. */
static int open_reply(void)
{
	return open(reply_path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
}

static void answer_raw(const char *p, size_t n)
{
	int fd = open_reply();

	assert_true(fd >= 0);
	assert_int_equal(write(fd, p, n), n);
	close(fd);
}

#define answer(fmt, id)                                                                            \
	do {                                                                                       \
		char text_[300];                                                                   \
                                                                                                   \
		answer_raw(text_, (size_t)snprintf(text_, sizeof(text_), fmt, id));                \
	} while (0)

#define YES "{\"jsonrpc\":\"2.0\",\"result\":\"yes\",\"id\":%lld}\n"

/* Files in the folder besides the server's FIFO. */
static int left_behind(void)
{
	DIR *d = opendir(dir);
	struct dirent *entry;
	int n = 0;

	while ((entry = readdir(d)))
		n += entry->d_name[0] != '.' && strcmp(entry->d_name, "rpc.fifo") != 0;
	closedir(d);
	return n;
}

/* A call whose answer must come. */
static void works(struct control *c)
{
	int calls = got.calls;

	control_call(c, "core.version", NULL, on_reply, NULL);
	answer(YES, request());
	wait_calls(calls + 1);
	assert_int_equal(got.outcome, CONTROL_RESULT);
	assert_string_equal(got.result, "\"yes\"");
	assert_int_equal(left_behind(), 0);
}

TEST(a_result_comes_through_a_fifo_of_its_own)
{
	UNUSED_STATE;
	struct control *c = called(0);
	long long id = request();
	char first[64];

	assert_int_equal(left_behind(), 1);
	slice_to_buf(slice_of(reply_name), first, sizeof(first));
	answer(YES, id);
	wait_calls(1);
	assert_int_equal(got.outcome, CONTROL_RESULT);
	assert_string_equal(got.result, "\"yes\"");
	assert_int_equal(left_behind(), 0);
	works(c);
	assert_string_not_equal(first, reply_name);
	control_free(c);
}

TEST(opensips_has_the_name_before_the_json)
{
	UNUSED_STATE;
	struct control *c;

	flavour = CONTROL_OPENSIPS;
	c = opened(0);
	works(c);
	assert_int_equal(asked[0], ':');
	control_free(c);
}

TEST(a_fault_is_the_registrars_word)
{
	UNUSED_STATE;
	struct control *c = called(0);

	answer("{\"error\":{\"code\":404,\"message\":\"Contact not found\"},\"id\":%lld}",
	       request());
	wait_calls(1);
	assert_told(CONTROL_FAULT, 404, "404 Contact not found");
	control_free(c);
}

TEST(a_long_answer_comes_in_pieces_and_ends_with_the_hang_up)
{
	UNUSED_STATE;
	static char spaces[100000];
	struct control *c = called(0);
	long long id = request();
	char text[100];
	int fd = open_reply(), n;

	memset(spaces, ' ', sizeof(spaces));
	for (int i = 0; i < 30; i++) {
		assert_int_equal(write(fd, spaces, sizeof(spaces)), sizeof(spaces));
		turns(3);
	}
	n = snprintf(text, sizeof(text), YES, id);
	assert_int_equal(write(fd, text, (size_t)n), n);
	turns(5);
	assert_int_equal(got.calls, 0);
	/* Its name is not needed any more. */
	assert_int_equal(left_behind(), 0);
	close(fd);
	wait_calls(1);
	assert_string_equal(got.result, "\"yes\"");
	control_free(c);
}

TEST(who_may_write_the_answer)
{
	UNUSED_STATE;
	struct control *c = called(0);
	struct stat st;
	long long id = request();

	assert_int_equal(stat(reply_path, &st), 0);
	assert_true(S_ISFIFO(st.st_mode));
	/* A FIFO of root's does not say as whom its reader runs; another's does. Nobody else reads
	 * the answer. */
	assert_int_equal(st.st_mode & 0777, geteuid() == 0 ? 0622 : 0600);
	answer(YES, id);
	wait_calls(1);
	control_free(c);
}

TEST(to_another_users_server_root_hands_the_fifo_over)
{
	UNUSED_STATE;
	struct control *c;
	struct stat st;
	long long id;

	if (geteuid() != 0)
		SKIP("only root can make another user's FIFO");
	assert_int_equal(chown(path, 65534, 65534), 0);
	c = called(0);
	id = request();
	assert_int_equal(stat(reply_path, &st), 0);
	assert_int_equal(st.st_uid, 65534);
	assert_int_equal(st.st_mode & 0777, 0600);
	answer(YES, id);
	wait_calls(1);
	assert_int_equal(got.outcome, CONTROL_RESULT);
	control_free(c);
}

TEST(silence_names_the_folder_and_leaves_nothing_behind)
{
	UNUSED_STATE;
	struct control *c = called(60);

	request();
	wait_calls(1);
	assert_told(CONTROL_NO_ANSWER, -ETIMEDOUT, "took the request and gave no answer in");
	assert_non_null(strstr(got.words, dir));
	assert_non_null(strstr(got.hint, "fifo_reply_dir"));
	assert_int_equal(left_behind(), 0);
	/* Late, it finds nobody. */
	assert_int_equal(open_reply(), -1);
	works(c);
	control_free(c);
}

TEST(an_answer_that_does_not_end_is_told)
{
	UNUSED_STATE;
	struct control *c = called(60);
	int fd;

	request();
	fd = open_reply();
	assert_int_equal(write(fd, "{\"resu", 6), 6);
	wait_calls(1);
	assert_told(CONTROL_NO_ANSWER, -ETIMEDOUT, "did not end its answer within 60 ms");
	/* Who goes on writing is not held up: there is nobody any more. */
	assert_int_equal(write(fd, "lt\":", 4), -1);
	assert_int_equal(errno, EPIPE);
	close(fd);
	works(c);
	control_free(c);
}

static void a_bad_answer(const char *p, size_t n, int code, const char *words)
{
	struct control *c = called(0);

	request();
	answer_raw(p, n);
	wait_calls(1);
	assert_told(CONTROL_NO_ANSWER, code, words);
	assert_int_equal(left_behind(), 0);
	works(c);
	control_free(c);
}

TEST(rubbish_is_no_answer)
{
	UNUSED_STATE;
	a_bad_answer("\xff{}{\0", 5, -EPROTO, "not JSON, or was cut");
}

TEST(a_cut_answer_is_no_answer)
{
	UNUSED_STATE;
	a_bad_answer("{\"jsonrpc\":\"2.0\",\"result\":\"ye", 30, -EPROTO, "not JSON, or was cut");
}

TEST(anothers_answer_is_no_answer)
{
	UNUSED_STATE;
	a_bad_answer("{\"result\":\"yes\",\"id\":-1}", 24, -EPROTO, "not JSON, or was cut");
}

TEST(a_hang_up_without_a_word_is_told)
{
	UNUSED_STATE;
	a_bad_answer("", 0, -ECONNRESET, "hung up without an answer");
}

TEST(an_oversized_answer_is_no_answer)
{
	UNUSED_STATE;
	static char spaces[1 << 20];
	struct control *c = called(0);
	int fd;

	memset(spaces, ' ', sizeof(spaces));
	request();
	fd = open_reply();
	for (int i = 0; i < 400 && !got.calls; i++) {
		ssize_t n = write(fd, spaces, sizeof(spaces));

		assert_true(n > 0 || errno == EAGAIN || (errno == EPIPE && got.calls));
		turns(2);
	}
	close(fd);
	wait_calls(1);
	assert_told(CONTROL_NO_ANSWER, -EMSGSIZE, "longer than an answer can be");
	control_free(c);
}

TEST(a_fifo_without_a_reader_is_told_at_once)
{
	UNUSED_STATE;
	struct control *c;
	struct err e = ERR_NONE;

	close(server);
	server = -1;
	c = called(0);
	wait_calls(1);
	assert_told(CONTROL_NOT_SENT, -ECONNREFUSED, "Nobody listens on the FIFO");
	assert_int_equal(control_check(c, &e), -ECONNREFUSED);
	assert_int_equal(left_behind(), 0);
	server = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	assert_int_equal(control_check(c, &e), 0);
	works(c);
	control_free(c);
}

TEST(other_kinds_of_files_are_told_and_not_written_to)
{
	UNUSED_STATE;
	struct control *c = opened(0);
	struct err e = ERR_NONE;
	struct stat st;
	FILE *f;

	close(server);
	server = -1;
	unlink(path);
	assert_int_equal(control_check(c, &e), -ENOENT);
	assert_non_null(strstr(e.hint, "transport 2 (FIFO)"));
	f = fopen(path, "w");
	assert_non_null(f);
	fclose(f);
	control_call(c, "core.version", NULL, on_reply, NULL);
	wait_calls(1);
	assert_told(CONTROL_NOT_SENT, -EPROTOTYPE, "is not a FIFO");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 0);
	assert_int_equal(control_check(c, &e), -EPROTOTYPE);
	control_free(c);
}

TEST(without_a_folder_for_the_answer_nothing_is_sent)
{
	UNUSED_STATE;
	char place[200];
	struct control *c;

	snprintf(place, sizeof(place), "fifo:%s?reply_dir=%s/nothing", path, dir);
	c = control_at(CONTROL_KAMAILIO, place, 0);
	control_call(c, "core.version", NULL, on_reply, NULL);
	wait_calls(1);
	assert_told(CONTROL_NOT_SENT, -ENOENT, "no FIFO for the answer can be made");
	assert_int_equal(read(server, asked, sizeof(asked)), -1);
	control_free(c);
}

TEST(a_request_that_would_not_arrive_in_one_piece_is_not_sent)
{
	UNUSED_STATE;
	char big[4000];
	struct control *c = opened(0);

	memset(big, 'x', sizeof(big));
	big[sizeof(big) - 1] = '\0';
	control_call(c, "ul.lookup", json_pack("[s]", big), on_reply, NULL);
	wait_calls(1);
	assert_told(CONTROL_NOT_SENT, -EMSGSIZE, "longer than the FIFO");
	assert_int_equal(read(server, asked, sizeof(asked)), -1);
	assert_int_equal(left_behind(), 0);
	control_free(c);
}

TEST(a_full_fifo_is_tried_again_until_there_is_room)
{
	UNUSED_STATE;
	static char block[4096];
	struct control *c;
	size_t full = 0;

	for (ssize_t n = 0; n >= 0; n = write(server, block, sizeof(block)))
		full += (size_t)n;
	c = called(5000);
	turns(50);
	assert_int_equal(got.calls, 0);
	while (full) {
		ssize_t n = read(server, block, sizeof(block));

		assert_true(n > 0);
		full -= (size_t)n;
	}
	answer(YES, request());
	wait_calls(1);
	assert_int_equal(got.outcome, CONTROL_RESULT);
	assert_int_equal(left_behind(), 0);
	control_free(c);
}

TEST(what_a_killed_regtop_left_is_removed_and_nothing_else)
{
	UNUSED_STATE;
	char old[200], young[200], file[200];
	struct timespec times[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};
	struct control *c = opened(0);

	snprintf(old, sizeof(old), "%s/regtop_reply_old", dir);
	snprintf(young, sizeof(young), "%s/regtop_reply_young", dir);
	snprintf(file, sizeof(file), "%s/regtop_reply_file", dir);
	assert_int_equal(mkfifo(old, 0600), 0);
	assert_int_equal(mkfifo(young, 0600), 0);
	assert_int_equal(close(open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0600)), 0);
	assert_int_equal(utimensat(AT_FDCWD, old, times, 0), 0);
	assert_int_equal(utimensat(AT_FDCWD, file, times, 0), 0);
	control_call(c, "core.version", NULL, on_reply, NULL);
	answer(YES, request());
	wait_calls(1);
	assert_int_equal(access(old, F_OK), -1);
	assert_int_equal(unlink(young), 0);
	assert_int_equal(unlink(file), 0);
	control_free(c);
}

TEST(the_end_of_the_client_ends_the_call_and_removes_the_fifo)
{
	UNUSED_STATE;
	struct control *c = called(0);

	request();
	assert_int_equal(left_behind(), 1);
	control_free(c);
	assert_int_equal(got.calls, 1);
	assert_int_equal(got.outcome, CONTROL_NO_ANSWER);
	assert_int_equal(left_behind(), 0);
}

TEST(a_place_that_makes_no_sense_is_told)
{
	UNUSED_STATE;
	const char *bad[] = {"fifo:", "fifo:?reply_dir=/tmp", "fifo:/run/x?reply_dir="};
	struct err e;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		err_clear(&e);
		assert_null(control_new(loop, CONTROL_KAMAILIO, bad[i], 0, &e));
		assert_int_equal(e.code, -EINVAL);
		assert_true(e.what[0] && e.hint[0]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		U(a_result_comes_through_a_fifo_of_its_own),
		U(opensips_has_the_name_before_the_json),
		U(a_fault_is_the_registrars_word),
		U(a_long_answer_comes_in_pieces_and_ends_with_the_hang_up),
		U(who_may_write_the_answer),
		U(to_another_users_server_root_hands_the_fifo_over),
		U(silence_names_the_folder_and_leaves_nothing_behind),
		U(an_answer_that_does_not_end_is_told),
		U(rubbish_is_no_answer),
		U(a_cut_answer_is_no_answer),
		U(anothers_answer_is_no_answer),
		U(a_hang_up_without_a_word_is_told),
		U(an_oversized_answer_is_no_answer),
		U(a_fifo_without_a_reader_is_told_at_once),
		U(other_kinds_of_files_are_told_and_not_written_to),
		U(without_a_folder_for_the_answer_nothing_is_sent),
		U(a_request_that_would_not_arrive_in_one_piece_is_not_sent),
		U(a_full_fifo_is_tried_again_until_there_is_room),
		U(what_a_killed_regtop_left_is_removed_and_nothing_else),
		U(the_end_of_the_client_ends_the_call_and_removes_the_fifo),
		U(a_place_that_makes_no_sense_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
