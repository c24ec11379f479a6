/* HTTP as an errand boy: one POST at a time to a numeric address, answered or not, never blocking.
 */
#include "source/rpc/http.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/netaddr.h"
#include "base/strbuf.h"
#include "base/text.h"

#define PORT_HTTP 80
#define READ_SIZE 16384
#define HEAD_MAX  16384
/* Of a chunk's size, with its extensions. */
#define CHUNK_LINE_MAX 64

/* What is known of the answer that is coming in. */
struct answer {
	unsigned status; /* 0: its head is not whole */
	enum { BODY_TO_END, BODY_LENGTH, BODY_CHUNKS } kind;
	size_t at;            /* where the body, or its next chunk, begins */
	size_t length;        /* BODY_LENGTH */
	struct strbuf joined; /* BODY_CHUNKS: those that are whole */
};

struct http {
	struct loop *loop;
	struct netaddr addr;
	char *path;
	char host[NETADDR_STR]; /* for the Host header and for words */
	int fd;                 /* -1: no errand */
	struct loop_watch *watch;
	struct loop_timer *soon; /* an errand that failed at once is told a turn later */
	int failed;
	struct strbuf out, in;
	size_t out_done;
	struct answer answer;
	http_fn *fn;
	void *ctx;
};

/* ---- addresses --------------------------------------------------------------------------------*/

struct http *http_new(struct loop *l, const char *url, struct err *e)
{
	struct slice rest = slice_of(url), place, path;
	struct netaddr addr;
	struct http *h;
	char shown[100];
	bool good = slice_starts_with(rest, "http://");

	path = slice_cut(good ? slice_skip(rest, 7) : SLICE_NONE, '/', &place);
	/* What is sent as a header line must not hold another one. */
	for (size_t i = 0; i < path.n; i++)
		good &= path.p[i] > ' ' && path.p[i] < 0x7f;
	if (!good || netaddr_parse_hostport(place, PORT_HTTP, &addr) != 0) {
		text_clean_buf(rest, shown, sizeof(shown));
		err_set(e, -EINVAL,
			"Write http://127.0.0.1:5060/RPC, the address in numbers: names are not "
			"resolved.",
			"%s is no address of an HTTP server.", shown);
		return NULL;
	}
	h = xcalloc(1, sizeof(*h));
	h->loop = l;
	h->addr = addr;
	h->path = slice_copy(path);
	netaddr_format(&addr, h->host);
	h->fd = -1;
	return h;
}

/* ---- answers ----------------------------------------------------------------------------------*/

/* The value of a header within head; SLICE_NONE when it is not there. */
static struct slice header(struct slice head, const char *name)
{
	struct slice line, key, value;

	while (head.n) {
		head = slice_cut(head, '\n', &line);
		value = slice_cut(line, ':', &key);
		if (value.p && slice_ieq_str(slice_trim(key), name))
			return slice_trim(value);
	}
	return SLICE_NONE;
}

enum { WANTS_MORE = 1 };

/* The size of a chunk from its line; -EPROTO. */
static int chunk_size(struct slice line, size_t *size)
{
	struct slice digits;

	slice_cut(line, ';', &digits);
	digits = slice_trim(digits);
	if (!digits.n || digits.n > 7)
		return -EPROTO;
	*size = 0;
	for (size_t i = 0; i < digits.n; i++) {
		int d = slice_hex_digit(digits.p[i]);

		if (d < 0)
			return -EPROTO;
		*size = *size * 16 + (size_t)d;
	}
	return 0;
}

/* Chunks that are whole go to a->joined, each once, however often this is called. WANTS_MORE, 0
 * after the last one, or -EPROTO. */
static int join_chunks(struct slice all, struct answer *a)
{
	for (;;) {
		struct slice body = slice_skip(all, a->at);
		struct slice line =
			slice_make(body.p, body.n < CHUNK_LINE_MAX ? body.n : CHUNK_LINE_MAX);
		ptrdiff_t end = slice_find_char(line, '\n');
		size_t size;

		if (end < 0)
			return line.n == CHUNK_LINE_MAX ? -EPROTO : WANTS_MORE;
		line.n = (size_t)end;
		if (chunk_size(line, &size) < 0)
			return -EPROTO;
		if (size == 0)
			return 0;
		body = slice_skip(body, (size_t)end + 1);
		if (body.n < size + 2)
			return WANTS_MORE;
		strbuf_add(&a->joined, body.p, size);
		body = slice_skip(body, size);
		if (body.p[0] == '\r')
			body = slice_skip(body, 1);
		if (body.p[0] != '\n')
			return -EPROTO;
		a->at = all.n - (body.n - 1);
	}
}

/* "HTTP/1.1 200 OK", and how the body's end is known. */
static int take_head(struct slice head, struct answer *a)
{
	struct slice how = header(head, "Transfer-Encoding"), length;
	uint64_t number;

	if (head.n < 12 || memcmp(head.p, "HTTP/1.", 7) != 0 ||
	    !slice_to_u64(slice_make(head.p + 9, 3), 999, &number) || number == 0)
		return -EPROTO;
	a->status = (unsigned)number;
	a->kind = how.n ? BODY_CHUNKS : BODY_TO_END;
	if (how.n)
		return slice_ieq_str(how, "chunked") ? 0 : -EPROTO;
	length = header(head, "Content-Length");
	if (!length.n)
		return 0;
	if (!slice_to_u64(length, UINT32_MAX, &number))
		return -EPROTO;
	a->kind = BODY_LENGTH;
	a->length = (size_t)number;
	return number > HTTP_ANSWER_MAX ? -EMSGSIZE : 0;
}

static int read_head(struct slice all, struct answer *a)
{
	/* Only what is new is searched, and three bytes before it. */
	size_t from = a->at > 3 ? a->at - 3 : 0;
	ptrdiff_t end = slice_find_icase(slice_skip(all, from), SLICE_LIT("\r\n\r\n"));

	a->at = all.n;
	if (end < 0)
		return all.n > HEAD_MAX ? -EPROTO : WANTS_MORE;
	a->at = from + (size_t)end + 4;
	return take_head(slice_make(all.p, a->at - 2), a);
}

/* What has come so far: a whole answer (0), WANTS_MORE, or a code. */
static int parse(struct slice all, struct answer *a)
{
	int rc = a->status ? 0 : read_head(all, a);

	if (rc != 0)
		return rc;
	switch (a->kind) {
	case BODY_CHUNKS:
		return join_chunks(all, a);
	case BODY_LENGTH:
		return all.n - a->at < a->length ? WANTS_MORE : 0;
	default:
		return WANTS_MORE;
	}
}

/* The body of a whole answer. */
static struct slice body_of(struct slice all, const struct answer *a)
{
	if (a->kind == BODY_CHUNKS)
		return strbuf_slice(&a->joined);
	all = slice_skip(all, a->at);
	if (a->kind == BODY_LENGTH)
		all.n = a->length;
	return all;
}

/* ---- errands ----------------------------------------------------------------------------------*/

void http_abort(struct http *h)
{
	loop_watch_free(h->watch);
	h->watch = NULL;
	loop_timer_free(h->soon);
	h->soon = NULL;
	if (h->fd >= 0)
		close(h->fd);
	h->fd = -1;
	h->fn = NULL;
	strbuf_clear(&h->out);
	strbuf_clear(&h->in);
	strbuf_free(&h->answer.joined);
	h->answer = (struct answer){0};
}

static void tell(const struct http *h, int rc, struct err *e)
{
	switch (rc) {
	case -EPROTO:
		err_set(e, rc, NULL, "What %s answered is no whole HTTP answer.", h->host);
		break;
	case -EMSGSIZE:
		err_set(e, rc, NULL, "The answer of %s is longer than an answer can be.", h->host);
		break;
	case -ECONNRESET:
		err_set(e, rc, "Does it serve JSON-RPC at this path?",
			"%s hung up without an answer.", h->host);
		break;
	default:
		err_set(e, rc, "Is Kamailio running, with xhttp and jsonrpcs?",
			"%s cannot be reached: %s.", h->host, strerror(-rc));
		break;
	}
}

/* The errand is over before fn hears of it: it may start the next one, or free h. */
static void finish(struct http *h, int rc)
{
	http_fn *fn = h->fn;
	void *ctx = h->ctx;
	bool sent = h->out_done > 0;
	struct err e = ERR_NONE;
	struct strbuf in = h->in;
	struct answer a = h->answer;

	if (rc < 0)
		tell(h, rc, &e);
	h->in = STRBUF_INIT;
	h->answer = (struct answer){0};
	http_abort(h);
	fn(ctx, rc, sent, rc == 0 ? a.status : 0,
	   rc == 0 ? body_of(strbuf_slice(&in), &a) : SLICE_NONE, &e);
	strbuf_free(&a.joined);
	strbuf_free(&in);
}

static void look(struct http *h)
{
	int rc = parse(strbuf_slice(&h->in), &h->answer);

	if (rc == WANTS_MORE && h->in.n > HTTP_ANSWER_MAX)
		rc = -EMSGSIZE;
	if (rc != WANTS_MORE)
		finish(h, rc);
}

/* All that came was looked at already: only an answer of no stated length is whole now. */
static void look_at_end(struct http *h)
{
	bool whole = h->answer.status && h->answer.kind == BODY_TO_END;

	finish(h, h->in.n == 0 ? -ECONNRESET : whole ? 0 : -EPROTO);
}

static void read_some(struct http *h)
{
	char buf[READ_SIZE];
	ssize_t n = recv(h->fd, buf, sizeof(buf), MSG_DONTWAIT);

	if (n > 0) {
		strbuf_add(&h->in, buf, (size_t)n);
		look(h);
	} else if (n == 0) {
		look_at_end(h);
	} else if (errno != EAGAIN && errno != EINTR) {
		finish(h, h->in.n ? -EPROTO : -ECONNRESET);
	}
}

static void write_some(struct http *h)
{
	int error = 0;
	socklen_t len = sizeof(error);
	ssize_t n;

	getsockopt(h->fd, SOL_SOCKET, SO_ERROR, &error, &len);
	if (error) {
		finish(h, -error);
		return;
	}
	n = send(h->fd, h->out.p + h->out_done, h->out.n - h->out_done,
		 MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		finish(h, -errno);
		return;
	}
	h->out_done += n > 0 ? (size_t)n : 0;
	if (h->out_done == h->out.n)
		loop_watch_set(h->watch, LOOP_READ);
}

static void on_event(void *arg, int fd, unsigned what)
{
	struct http *h = arg;

	(void)fd;
	if ((what & LOOP_WRITE) && h->out_done < h->out.n)
		write_some(h);
	else if (what & LOOP_READ)
		read_some(h);
}

static void on_soon(void *arg)
{
	struct http *h = arg;

	finish(h, h->failed);
}

static int dial(struct http *h)
{
	h->fd = socket(h->addr.sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (h->fd < 0)
		return -errno;
	if (connect(h->fd, &h->addr.sa, h->addr.len) < 0 && errno != EINPROGRESS)
		return -errno;
	h->watch = loop_watch_new(h->loop, h->fd, LOOP_WRITE, LOOP_INPUT, on_event, h);
	return 0;
}

void http_post(struct http *h, struct slice body, http_fn *fn, void *ctx)
{
	http_abort(h);
	h->fn = fn;
	h->ctx = ctx;
	h->out_done = 0;
	strbuf_addf(&h->out,
		    "POST /%s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\n"
		    "Content-Length: %zu\r\nConnection: close\r\n\r\n",
		    h->path, h->host, body.n);
	strbuf_add_slice(&h->out, body);
	h->failed = dial(h);
	if (h->failed < 0) {
		h->soon = loop_timer_new(h->loop, LOOP_INPUT, on_soon, h);
		loop_timer_set(h->soon, 0);
	}
}

bool http_has_sent(const struct http *h)
{
	return h->out_done > 0;
}

void http_free(struct http *h)
{
	if (!h)
		return;
	http_abort(h);
	strbuf_free(&h->out);
	strbuf_free(&h->in);
	free(h->path);
	free(h);
}
