/* A Kamailio that says what a test wants, beside the table of the fixture. */
#ifndef REGTOP_TESTS_KAMAILIO_FIXTURE_H
#define REGTOP_TESTS_KAMAILIO_FIXTURE_H

#include <jansson.h>
#include <sys/socket.h>
#include <sys/un.h>
#include "source_fixture.h"

/* What Kamailio would say, method by method; NULL: silence. */
static struct {
	int fd;
	struct loop_watch *watch;
	const char *lookup, *remove;
	const char *later;        /* to every ul.lookup but the first; NULL: as the first */
	const char *rm, *sockets; /* to ul.rm, to core.sockets_list */
	char asked[8][400];
	int count, lookups;
} kamailio;

static const char *kamailio_says(const char *method)
{
	if (strcmp(method, "ul.lookup") == 0)
		return kamailio.lookups++ && kamailio.later ? kamailio.later : kamailio.lookup;
	if (strcmp(method, "ul.rm") == 0)
		return kamailio.rm;
	if (strcmp(method, "core.sockets_list") == 0)
		return kamailio.sockets;
	return kamailio.remove;
}

static void kamailio_serves(void *arg, int fd, unsigned what)
{
	char buf[4000], reply[2000];
	struct sockaddr_un from;
	socklen_t len = sizeof(from);
	ssize_t n = recvfrom(fd, buf, sizeof(buf), 0, (struct sockaddr *)&from, &len);
	json_t *doc = json_loadb(buf, n > 0 ? (size_t)n : 0, 0, NULL);
	const char *method = json_string_value(json_object_get(doc, "method")), *say;
	char *params = json_dumps(json_object_get(doc, "params"), JSON_COMPACT);

	(void)arg;
	(void)what;
	assert_non_null(method);
	snprintf(kamailio.asked[kamailio.count++ % 8], 400, "%s %s", method, params);
	say = kamailio_says(method);
	if (say) {
		int size = snprintf(reply, sizeof(reply), "{\"jsonrpc\":\"2.0\",%s,\"id\":%lld}",
				    say, (long long)json_integer_value(json_object_get(doc, "id")));

		sendto(fd, reply, (size_t)size, 0, (struct sockaddr *)&from, len);
	}
	free(params);
	json_decref(doc);
}

static void kamailio_begin(const char *lookup, const char *remove_says)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};

	memset(&kamailio, 0, sizeof(kamailio));
	slice_to_buf(slice_of(rpc_path), a.sun_path, sizeof(a.sun_path));
	kamailio.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(kamailio.fd, (struct sockaddr *)&a, sizeof(a)), 0);
	kamailio.watch =
		loop_watch_new(loop, kamailio.fd, LOOP_READ, LOOP_SIP, kamailio_serves, NULL);
	kamailio.lookup = lookup;
	kamailio.remove = remove_says;
	options.control = control;
}

static void kamailio_end(void)
{
	loop_watch_free(kamailio.watch);
	close(kamailio.fd);
	unlink(rpc_path);
}

static struct {
	int count;
	enum source_answer answer;
	struct binding *now;
	int code;
	char words[400];
} told;

static void on_answer(void *ctx, enum source_answer a, const struct binding *now,
		      const struct err *e)
{
	(void)ctx;
	told.count++;
	told.answer = a;
	free(told.now);
	told.now = now ? binding_copy(now) : NULL;
	told.code = e ? e->code : 0;
	slice_to_buf(slice_of(e ? e->what : ""), told.words, sizeof(told.words));
}

/* The first row, as the model would hold it. */
static struct binding *shown_row(struct source *s)
{
	source_start(s, &sink);
	WAIT(seen.complete == 1);
	assert_non_null(seen.last);
	return binding_copy(seen.last);
}

typedef void verb_fn(struct source *s, const struct binding *b, source_answer_fn *fn, void *ctx);

static enum source_answer asked_by(struct source *s, verb_fn *verb, const struct binding *b)
{
	free(told.now);
	memset(&told, 0, sizeof(told));
	assert_null(s->ops->purge_refused(s));
	verb(s, b, on_answer, NULL);
	assert_int_equal(told.count, 0);
	WAIT(told.count == 1);
	return told.answer;
}

static enum source_answer asked(bool removal)
{
	struct source *s = opened();
	struct binding *b = shown_row(s);
	enum source_answer a = asked_by(s, removal ? s->ops->purge : s->ops->reread, b);

	source_free(s);
	free(b);
	return a;
}

/* A contact as ul.lookup tells it; the row of add_phones(1) but for what a test changes. */
#define CONTACT(uri, ruid, cseq, left)                                                             \
	"{\"Contact\":{\"Address\":\"" uri "\",\"Expires\":" left                                  \
	",\"Q\":-1,\"Call-ID\":\"call-1\","                                                        \
	"\"CSeq\":" cseq                                                                           \
	",\"User-Agent\":\"[not set]\",\"Received\":\"[not set]\",\"Path\":\"[not "                \
	"set]\",\"Socket\":\"udp:127.0.0.1:5060\",\"Methods\":4294967295,\"Ruid\":\"" ruid "\","   \
	"\"Instance\":\"[not set]\",\"Reg-Id\":0,\"Server-Id\":1,\"Tcpconn-Id\":-1,\"CFlags\":0,"  \
	"\"Last-Modified\":2000000000}}"
#define LOOKUP(contacts)   "\"result\":{\"AoR\":\"user1\",\"Contacts\":[" contacts "]}"
#define URI1               "sip:user1@192.0.2.1:5060"
#define FAULT(code, words) "\"error\":{\"code\":" code ",\"message\":\"" words "\"}"

/* Listens on UDP 127.0.0.1:PORT. */
#define SOCKETS(port)                                                                              \
	"\"result\":[{\"socket\":{\"proto\":\"udp\",\"address\":\"127.0.0.1\",\"port\":\"" port    \
	"\"}}]"

/* One permanent contact: its expiry does not depend on the clock of the test. */
static void one_permanent(void)
{
	add_phones(fixture_db, 1, 1);
	sql(fixture_db, "UPDATE location SET expires = 2440587.49999421");
}

static inline int end_group(void **state)
{
	(void)state;
	free(told.now);
	return 0;
}

#endif
