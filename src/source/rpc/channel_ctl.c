/* Kamailio's ctl: binrpc over a Unix stream socket, on a connection that is kept for a while. */
#include "source/rpc/channel.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/slice.h"
#include "base/text.h"
#include "source/rpc/binrpc.h"
#include "source/rpc/channel_file.h"

#define SCHEME "ctl:"
/* Kamailio hangs up after 120 s without a request, and has 128 connections for everybody: ours goes
 * first, so that no request ever meets that end (facts/kamailio-opensips 3.2). */
#define REST_MS   30000
#define READ_SIZE 65536

struct ctl {
	struct channel base;
	struct loop *loop;
	struct channel_file file;
	char *path;
	int fd; /* -1: no connection */
	struct loop_watch *watch;
	struct loop_timer *rest; /* ends a connection that nobody needs */
	/* The open request. */
	bool open;
	uint32_t cookie;
	char *method;
	struct strbuf in;
	size_t in_size; /* of the answer, 0 while that is not known */
};

static struct ctl *of(struct channel *ch)
{
	return (struct ctl *)ch;
}

static const struct ctl *of_const(const struct channel *ch)
{
	return (const struct ctl *)ch;
}

static int ctl_tell(const struct channel *ch, int code, unsigned time_ms, struct err *e)
{
	const struct ctl *c = of_const(ch);

	if (code == -ETIMEDOUT && c->in.n)
		return err_set(e, code,
			       "Kamailio cuts an answer that it cannot send at once: try again.",
			       "The answer of %s stopped after %zu of %zu bytes.", c->file.shown,
			       c->in.n, c->in_size);
	if (code == -ETIMEDOUT)
		return err_set(e, code, "The registrar is busy or hangs; try again.",
			       "%s gave no answer within %u ms.", c->file.shown, time_ms);
	if (code == -EINVAL)
		return err_set(e, code, NULL, "The ctl socket %s cannot carry this request.",
			       c->file.shown);
	return channel_file_tell(&c->file, code, e);
}

static int ctl_check(const struct channel *ch, struct err *e)
{
	int rc = channel_file_check(of_const(ch)->path, S_IFSOCK);

	return rc < 0 ? ctl_tell(ch, rc, 0, e) : 0;
}

/* ---- the connection -------------------------------------------------------------------------- */

static void hang_up(struct ctl *c)
{
	loop_timer_stop(c->rest);
	loop_watch_free(c->watch);
	c->watch = NULL;
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	strbuf_clear(&c->in);
	c->in_size = 0;
}

static void on_rest(void *arg)
{
	struct ctl *c = arg;

	if (!c->open)
		hang_up(c);
}

static void close_request(struct ctl *c)
{
	c->open = false;
	loop_timer_set(c->rest, REST_MS);
}

/* A stream that failed once has lost its framing: the next request gets another one. */
static void fail(struct ctl *c, int code)
{
	struct err e;

	switch (-code) {
	case ECONNRESET:
	case EPIPE:
		err_set(&e, -ECONNRESET, "Did Kamailio end or start anew?",
			c->in.n ? "%s hung up in the middle of its answer."
				: "%s hung up without an answer.",
			c->file.shown);
		break;
	case EPROTO:
		err_set(&e, code, "Is it the socket of Kamailio's ctl module?",
			"The answer of %s is not binrpc.", c->file.shown);
		break;
	case EMSGSIZE:
		err_set(&e, code, NULL, "The answer of %s is longer than an answer can be.",
			c->file.shown);
		break;
	default:
		ctl_tell(&c->base, code, 0, &e);
		break;
	}
	close_request(c);
	hang_up(c);
	channel_fail(&c->base, CHANNEL_NO_ANSWER, &e);
}

/* ---- answers --------------------------------------------------------------------------------- */

/* Whoever is told may free what is looked at here. */
static void take(struct ctl *c, const struct binrpc_packet *p)
{
	json_t *doc = NULL;

	if (binrpc_answer(p, c->method, &doc) < 0) {
		fail(c, -EPROTO);
		return;
	}
	strbuf_clear(&c->in);
	c->in_size = 0;
	close_request(c);
	channel_done(&c->base, doc);
	json_decref(doc);
}

static void look(struct ctl *c)
{
	struct slice stream = strbuf_slice(&c->in);
	struct binrpc_packet p;
	int rc = binrpc_packet(stream, &p);

	/* What bears another cookie is late, and not for us. */
	while (rc == 0 && p.cookie != c->cookie) {
		stream = slice_skip(stream, p.size);
		rc = binrpc_packet(stream, &p);
	}
	c->in_size = p.size;
	if (rc == 0) {
		take(c, &p);
	} else if (rc < 0) {
		fail(c, rc);
	} else if (stream.n < c->in.n) {
		char *left = slice_copy(stream);

		strbuf_clear(&c->in);
		strbuf_add(&c->in, left, stream.n);
		free(left);
	}
}

static void read_some(struct ctl *c)
{
	char buf[READ_SIZE];
	ssize_t n = recv(c->fd, buf, sizeof(buf), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (!c->open) {
		/* The server's end, or words that nobody asked for. */
		hang_up(c);
	} else if (n > 0) {
		strbuf_add(&c->in, buf, (size_t)n);
		/* Only when all of it is there is there something new to see. */
		if (c->in.n >= c->in_size)
			look(c);
	} else {
		fail(c, n < 0 ? -errno : -ECONNRESET);
	}
}

/* ---- requests -------------------------------------------------------------------------------- */

static void on_readable(void *arg, int fd, unsigned what)
{
	(void)fd;
	(void)what;
	read_some(arg);
}

/* A Unix socket connects at once or not at all. */
static int dial(struct ctl *c)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int size = 2 * BINRPC_REQUEST_MAX;

	slice_to_buf(slice_of(c->path), to.sun_path, sizeof(to.sun_path));
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (c->fd < 0)
		return -errno;
	setsockopt(c->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	if (connect(c->fd, (struct sockaddr *)&to, sizeof(to)) < 0) {
		int error = errno;

		hang_up(c);
		return -error;
	}
	c->watch = loop_watch_new(c->loop, c->fd, LOOP_READ, LOOP_INPUT, on_readable, c);
	return 0;
}

/* All of it, for which the socket has room, as nothing else is under way; what is less does
 * nothing: Kamailio waits for the length that the head says. */
static int write_all(struct ctl *c, const struct strbuf *out)
{
	ssize_t n = send(c->fd, out->p, out->n, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n < 0)
		return -errno;
	return (size_t)n == out->n ? 0 : -EAGAIN;
}

static int send_out(struct ctl *c, const struct strbuf *out)
{
	int rc = c->fd >= 0 ? write_all(c, out) : -EPIPE;

	/* The server ended meanwhile; another one may be there. */
	if (rc < 0) {
		hang_up(c);
		rc = dial(c);
		if (rc == 0)
			rc = write_all(c, out);
	}
	if (rc < 0)
		hang_up(c);
	return rc;
}

static int ctl_send(struct channel *ch, const struct channel_request *r)
{
	struct ctl *c = of(ch);
	struct strbuf out = STRBUF_INIT;
	int rc;

	c->cookie = (uint32_t)r->id;
	rc = binrpc_request(r->method, r->params, c->cookie, &out);
	if (rc == 0)
		rc = send_out(c, &out);
	strbuf_free(&out);
	if (rc < 0)
		return rc;
	loop_timer_stop(c->rest);
	free(c->method);
	c->method = xstrdup(r->method);
	c->open = true;
	return 0;
}

/* An answer that was cut would swallow the next one: only a new connection begins anew. */
static void ctl_abort(struct channel *ch)
{
	struct ctl *c = of(ch);

	if (!c->open)
		return;
	close_request(c);
	hang_up(c);
}

static struct channel *ctl_open(struct loop *l, enum control_flavour f, const char *place,
				struct err *e)
{
	const char *path = place + strlen(SCHEME);
	struct ctl *c;

	if (!*path || strlen(path) >= sizeof(((struct sockaddr_un *)NULL)->sun_path)) {
		err_set(e, -EINVAL, "Write ctl:PATH; a Unix socket's path has at most 107 bytes.",
			*path ? "The path of the ctl socket is too long."
			      : "ctl: names no ctl socket.");
		return NULL;
	}
	c = xcalloc(1, sizeof(*c));
	c->base.ops = &channel_ctl;
	c->loop = l;
	c->path = xstrdup(path);
	c->file = (struct channel_file){.what = "ctl socket",
					.place = SCHEME "PATH",
					.server = channel_server(f),
					.needs = "its ctl module",
					.not_this = "is not a stream socket, which ctl's is"};
	text_clean_buf(slice_of(path), c->file.shown, sizeof(c->file.shown));
	c->fd = -1;
	c->rest = loop_timer_new(l, LOOP_INPUT, on_rest, c);
	return &c->base;
}

static void ctl_free(struct channel *ch)
{
	struct ctl *c = of(ch);

	hang_up(c);
	loop_timer_free(c->rest);
	strbuf_free(&c->in);
	free(c->method);
	free(c->path);
	free(c);
}

const struct channel_ops channel_ctl = {
	.scheme = SCHEME,
	.place = "PATH",
	.flavours = 1u << CONTROL_KAMAILIO,
	.open = ctl_open,
	.check = ctl_check,
	.send = ctl_send,
	.tell = ctl_tell,
	.abort = ctl_abort,
	.free = ctl_free,
};
