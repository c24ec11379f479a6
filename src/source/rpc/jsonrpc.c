/* JSON-RPC over a Unix datagram socket or HTTP (Kamailio's jsonrpcs): one request in flight, never
 * blocking. */
#include "source/rpc/jsonrpc.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/hash.h"
#include "base/slice.h"
#include "base/text.h"
#include "source/rpc/http.h"

/* The server cuts at 128 KiB; what is longer is no answer of its (facts/kamailio-opensips 3.2). */
#define REPLY_MAX   (160 * 1024)
#define REQUEST_MAX 65000
/* The server's queue holds about ten requests; a full one is tried again. */
#define RETRY_MS 10

struct call {
	struct call *next;
	char *text;
	json_int_t id;
	jsonrpc_fn *fn;
	void *ctx;
};

struct jsonrpc {
	struct loop *loop;
	char *path;
	char shown[128];
	unsigned timeout_ms;
	struct http *http; /* NULL: a Unix socket */
	int fd;            /* -1: none */
	struct loop_watch *watch;
	struct loop_timer *timeout, *next;
	struct call *head, *tail;
	bool sent; /* head is on its way */
	int why;   /* why head could not be sent yet, an errno */
	char *buf;
};

static int tell_socket(const char *path, int error, struct err *e)
{
	char shown[128];

	text_clean_buf(slice_of(path), shown, sizeof(shown));
	switch (error) {
	case ENOENT:
	case ENOTDIR:
		return err_set(
			e, -ENOENT,
			"Is Kamailio running, with jsonrpcs' transport 4 (datagram)? Name its "
			"socket with --control unix:PATH.",
			"There is no control socket %s.", shown);
	case ECONNREFUSED:
		return err_set(e, -ECONNREFUSED, "Is Kamailio running?",
			       "Nobody listens on the control socket %s.", shown);
	case EACCES:
	case EPERM:
		return err_set(e, -EACCES, "Run regtop as root or as a member of Kamailio's group.",
			       "The control socket %s may not be used by this user.", shown);
	case EPROTOTYPE:
	case ENOTSOCK:
		return err_set(e, -EPROTOTYPE,
			       "The ctl socket and the FIFO speak other languages: give jsonrpcs' "
			       "dgram_socket.",
			       "%s is not a datagram socket.", shown);
	case EAGAIN:
		return err_set(e, -EAGAIN, "The registrar is busy or hangs; try again.",
			       "The control socket %s takes no more requests.", shown);
	default:
		return err_set(e, -error, NULL, "The control socket %s: %s.", shown,
			       strerror(error));
	}
}

static bool is_http(const char *path)
{
	return strncmp(path, "http://", 7) == 0;
}

const char *jsonrpc_scheme(const char *path)
{
	return is_http(path) ? "" : "unix:";
}

int jsonrpc_check(const char *path, struct err *e)
{
	struct http *h;
	struct stat st;

	if (is_http(path)) {
		h = http_new(NULL, path, e);
		http_free(h);
		return h ? 0 : -EINVAL;
	}

	if (strlen(path) >= sizeof(((struct sockaddr_un *)NULL)->sun_path))
		return err_set(e, -ENAMETOOLONG, "A Unix socket's path has at most 107 bytes.",
			       "The path of the control socket is too long.");
	if (stat(path, &st) < 0)
		return tell_socket(path, errno, e);
	if (!S_ISSOCK(st.st_mode))
		return tell_socket(path, ENOTSOCK, e);
	if (access(path, W_OK) < 0)
		return tell_socket(path, errno, e);
	return 0;
}

static void hang_up(struct jsonrpc *r)
{
	if (r->http)
		http_abort(r->http);
	loop_watch_free(r->watch);
	r->watch = NULL;
	if (r->fd >= 0)
		close(r->fd);
	r->fd = -1;
}

/* Takes head off the queue, lets the next one go, and only then tells: fn may call again. */
static void finish(struct jsonrpc *r, const struct jsonrpc_reply *reply)
{
	struct call *c = r->head;

	loop_timer_stop(r->timeout);
	r->head = c->next;
	if (!r->head)
		r->tail = NULL;
	r->sent = false;
	r->why = 0;
	if (r->head)
		loop_timer_set(r->next, 0);
	else
		loop_timer_stop(r->next);
	c->fn(c->ctx, reply);
	free(c->text);
	free(c);
}

static void fail(struct jsonrpc *r, enum jsonrpc_outcome outcome, const struct err *e)
{
	struct jsonrpc_reply reply = {.outcome = outcome, .e = *e};

	finish(r, &reply);
}

static void take_fault(const json_t *error, const char *shown, struct jsonrpc_reply *reply)
{
	const json_t *words = json_object_get(error, "message");
	const char *text = json_string_value(words);

	reply->outcome = JSONRPC_FAULT;
	reply->fault_code = (int)json_integer_value(json_object_get(error, "code"));
	text_clean_buf(slice_make(text, text ? json_string_length(words) : 0), reply->fault,
		       sizeof(reply->fault));
	err_set(&reply->e, -EREMOTEIO, NULL, "The registrar at %s said: %d %s.", shown,
		reply->fault_code, reply->fault);
}

/* An answer is for the open call only when it bears its id, which nobody can guess. False when it
 * is for another one, or nobody waits; otherwise the call is over, and r may be gone. */
static bool take_answer(struct jsonrpc *r, const char *p, size_t n)
{
	bool taken = false;
	struct jsonrpc_reply reply = {.outcome = JSONRPC_RESULT};
	json_t *doc = json_loadb(p, n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
	const json_t *id = json_object_get(doc, "id"), *error = json_object_get(doc, "error");

	if (!r->head || !r->sent)
		goto out;
	if (!doc) {
		struct err e;

		/* Something came that is not JSON; the real answer cannot be told from it, and
		 * waiting on would only hide that. */
		err_set(&e, -EPROTO, NULL, "The answer of %s is not JSON.", r->shown);
		fail(r, JSONRPC_NO_ANSWER, &e);
		taken = true;
		goto out;
	}
	/* Late, or not for us. */
	if (!json_is_integer(id) || json_integer_value(id) != r->head->id)
		goto out;
	reply.result = json_object_get(doc, "result");
	if (json_is_object(error)) {
		take_fault(error, r->shown, &reply);
	} else if (!reply.result) {
		reply.outcome = JSONRPC_NO_ANSWER;
		err_set(&reply.e, -EPROTO, NULL, "The answer of %s has neither result nor error.",
			r->shown);
	}
	finish(r, &reply);
	taken = true;
out:
	json_decref(doc);
	return taken;
}

static void on_readable(void *arg, int fd, unsigned what)
{
	struct jsonrpc *r = arg;
	struct err e;

	(void)what;
	/* One datagram a turn: finish() may free what is looked at here. */
	ssize_t n = recv(fd, r->buf, REPLY_MAX, MSG_DONTWAIT | MSG_TRUNC);

	if (n < 0)
		return;
	if (n <= REPLY_MAX) {
		take_answer(r, r->buf, (size_t)n);
		return;
	}
	if (!r->head || !r->sent)
		return;
	err_set(&e, -EMSGSIZE, NULL, "The answer of %s is longer than an answer can be.", r->shown);
	fail(r, JSONRPC_NO_ANSWER, &e);
}

/* Autobound to an abstract address: the answer finds us, and no file is left behind. Not
 * connected: a server may answer from a second socket. */
static int dial(struct jsonrpc *r)
{
	struct sockaddr_un me = {.sun_family = AF_UNIX};
	int size = REPLY_MAX * 2;

	if (r->fd >= 0)
		return 0;
	r->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (r->fd < 0)
		return -errno;
	if (bind(r->fd, (struct sockaddr *)&me, sizeof(sa_family_t)) < 0) {
		int error = errno;

		hang_up(r);
		return -error;
	}
	setsockopt(r->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	r->watch = loop_watch_new(r->loop, r->fd, LOOP_READ, LOOP_INPUT, on_readable, r);
	return 0;
}

/* Kamailio answers faults with JSON and a status of 400 or more; a status without JSON is the HTTP
 * server's own word. */
static void on_http(void *ctx, int rc, bool sent, unsigned status, struct slice body,
		    const struct err *e)
{
	struct jsonrpc *r = ctx;
	struct err mine;

	if (!r->head || !r->sent)
		return;
	body = slice_trim(body);
	if (rc < 0) {
		fail(r, sent ? JSONRPC_NO_ANSWER : JSONRPC_NOT_SENT, e);
	} else if (status != 200 && (!body.n || body.p[0] != '{')) {
		err_set(&mine, -EPROTO, "Name jsonrpcs' path: --control http://127.0.0.1:5060/RPC.",
			"%s answered %u: no JSON-RPC is served there.", r->shown, status);
		fail(r, JSONRPC_NO_ANSWER, &mine);
	} else if (!take_answer(r, body.p, body.n)) {
		/* On this connection nothing else comes. */
		err_set(&mine, -EPROTO, NULL, "The answer of %s is for another request.", r->shown);
		fail(r, JSONRPC_NO_ANSWER, &mine);
	}
}

static int send_head(struct jsonrpc *r)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	size_t n = strlen(r->head->text);
	int rc;

	if (r->http) {
		http_post(r->http, slice_make(r->head->text, n), on_http, r);
		return 0;
	}
	rc = dial(r);
	if (rc < 0)
		return rc;
	if (strlen(r->path) >= sizeof(to.sun_path))
		return -ENAMETOOLONG;
	if (n > REQUEST_MAX)
		return -EMSGSIZE;
	slice_to_buf(slice_of(r->path), to.sun_path, sizeof(to.sun_path));
	if (sendto(r->fd, r->head->text, n, MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&to,
		   sizeof(to)) < 0)
		return -errno;
	return 0;
}

static void on_next(void *arg)
{
	struct jsonrpc *r = arg;
	struct err e;
	int rc;

	if (!r->head || r->sent)
		return;
	if (!loop_timer_is_set(r->timeout))
		loop_timer_set(r->timeout, r->timeout_ms);
	rc = r->head->text ? send_head(r) : -EILSEQ;
	if (rc == 0) {
		r->sent = true;
	} else if (rc == -EAGAIN || rc == -ENOBUFS) {
		r->why = EAGAIN;
		loop_timer_set(r->next, RETRY_MS);
	} else {
		if (rc == -EILSEQ)
			err_set(&e, rc, NULL,
				"What would have to be sent is not UTF-8 text, which JSON cannot "
				"carry.");
		else
			tell_socket(r->path, -rc, &e);
		fail(r, JSONRPC_NOT_SENT, &e);
	}
}

static void on_timeout(void *arg)
{
	struct jsonrpc *r = arg;
	bool sent = r->sent;
	struct err e;

	if (!r->head)
		return;
	if (sent)
		err_set(&e, -ETIMEDOUT,
			r->http ? "The registrar is busy or hangs; try again."
				: "The registrar is busy or hangs, or its answer was over the 128 "
				  "KiB that jsonrpcs sends in a datagram: longer ones come by "
				  "--control http://ADDRESS:PORT/RPC.",
			"%s gave no answer within %u ms.", r->shown, r->timeout_ms);
	else
		tell_socket(r->path, r->why ? r->why : EAGAIN, &e);
	/* A new address: what comes late to the old one is lost there. */
	hang_up(r);
	fail(r, sent ? JSONRPC_NO_ANSWER : JSONRPC_NOT_SENT, &e);
}

/* NULL when params hold text that is not UTF-8. */
static char *request_text(const char *method, json_t *params, json_int_t id)
{
	json_t *doc;
	char *text;

	doc = json_pack("{s:s, s:s, s:I}", "jsonrpc", "2.0", "method", method, "id", id);
	if (params)
		json_object_set_new(doc, "params", params);
	text = json_dumps(doc, JSON_COMPACT);
	json_decref(doc);
	return text;
}

void jsonrpc_call(struct jsonrpc *r, const char *method, json_t *params, jsonrpc_fn *fn, void *ctx)
{
	struct call *c = xcalloc(1, sizeof(*c));

	/* 31 bits: Kamailio keeps an id as a C int. */
	c->id = (json_int_t)(random_u64() & 0x7fffffff);
	c->text = request_text(method, params, c->id);
	c->fn = fn;
	c->ctx = ctx;
	if (r->tail)
		r->tail->next = c;
	else
		r->head = c;
	r->tail = c;
	if (r->head == c)
		loop_timer_set(r->next, 0);
}

struct jsonrpc *jsonrpc_new(struct loop *l, const char *path, unsigned timeout_ms)
{
	struct jsonrpc *r = xcalloc(1, sizeof(*r));

	r->loop = l;
	r->path = xstrdup(path);
	if (is_http(path))
		r->http = http_new(l, path, NULL);
	text_clean_buf(slice_of(path), r->shown, sizeof(r->shown));
	r->timeout_ms = timeout_ms ? timeout_ms : JSONRPC_TIMEOUT_MS;
	r->fd = -1;
	r->timeout = loop_timer_new(l, LOOP_INPUT, on_timeout, r);
	r->next = loop_timer_new(l, LOOP_INPUT, on_next, r);
	r->buf = xmalloc(REPLY_MAX);
	return r;
}

void jsonrpc_free(struct jsonrpc *r)
{
	struct err e;

	if (!r)
		return;
	err_set(&e, -ECANCELED, NULL, "regtop ends.");
	while (r->head)
		fail(r, r->sent ? JSONRPC_NO_ANSWER : JSONRPC_NOT_SENT, &e);
	hang_up(r);
	http_free(r->http);
	loop_timer_free(r->timeout);
	loop_timer_free(r->next);
	free(r->path);
	free(r->buf);
	free(r);
}
