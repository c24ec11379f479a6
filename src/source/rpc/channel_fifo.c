/* JSON-RPC over a FIFO, each answer through a FIFO of its own: Kamailio's jsonrpcs, OpenSIPS's
 * mi_fifo. */
#include "source/rpc/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/clock.h"
#include "base/slice.h"
#include "base/text.h"
#include "source/rpc/channel_file.h"
#include "source/rpc/jsonrpc.h"
#include "source/rpc/reply_fifo.h"

#define SCHEME "fifo:"
#define OPTION "?reply_dir="
/* Both registrars' default. */
#define REPLY_DIR "/tmp"
/* Up to so much a write arrives in one piece between those of others; Kamailio takes 8 KiB,
 * OpenSIPS 4 (facts/kamailio-opensips 3.2, 5.3). */
#define REQUEST_MAX PIPE_BUF
#define ANSWER_MAX  (16u << 20)
#define READ_SIZE   65536
/* Reads of one turn: the registrar waits for us, but so does everything else. */
#define READS 16

struct fifo {
	struct channel base;
	struct loop *loop;
	struct channel_file file;
	enum control_flavour flavour;
	char *path, *reply_dir;
	char reply_shown[128];
	bool reply_failed; /* the last send() failed at the reply FIFO */
	bool swept;
	/* The open request. */
	bool open, heard; /* heard: the registrar has opened the reply FIFO */
	struct reply_fifo reply;
	struct loop_watch *watch;
	struct strbuf in;
	json_int_t id;
};

static struct fifo *of(struct channel *ch)
{
	return (struct fifo *)ch;
}

static const struct fifo *of_const(const struct channel *ch)
{
	return (const struct fifo *)ch;
}

/* ---- words ----------------------------------------------------------------------------------- */

static int tell_silence(const struct fifo *f, unsigned time_ms, struct err *e)
{
	char hint[300];

	if (f->heard)
		return err_set(e, -ETIMEDOUT, "The registrar is busy or hangs; try again.",
			       "%s did not end its answer within %u ms.", f->file.shown, time_ms);
	snprintf(
		hint, sizeof(hint),
		"The registrar is busy, or %s is another folder (with systemd's PrivateTmp another "
		"/tmp): name it with fifo:PATH" OPTION "DIR.",
		f->flavour == CONTROL_KAMAILIO
			? "jsonrpcs' fifo_reply_dir (which must end in a slash)"
			: "mi_fifo's reply_dir");
	return err_set(e, -ETIMEDOUT, hint,
		       "%s took the request and gave no answer in %s within %u ms.", f->file.shown,
		       f->reply_shown, time_ms);
}

static int fifo_tell(const struct channel *ch, int code, unsigned time_ms, struct err *e)
{
	const struct fifo *f = of_const(ch);

	if (code == -ETIMEDOUT)
		return tell_silence(f, time_ms, e);
	if (f->reply_failed)
		return err_set(e, code,
			       "It must be the folder that the registrar is told, and this user "
			       "must be able to write there.",
			       "In %s no FIFO for the answer can be made: %s.", f->reply_shown,
			       strerror(-code));
	return channel_file_tell(&f->file, code, e);
}

/* ---- the registrar's FIFO -------------------------------------------------------------------- */

/* The writing end, or a negative errno; -ENXIO when nobody reads. *st gets what is known of it. */
static int open_theirs(const struct fifo *f, struct stat *st)
{
	int rc = channel_file_check(f->path, S_IFIFO), fd;

	if (rc < 0)
		return rc;
	fd = open(f->path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	/* It may be another file by now. */
	if (fstat(fd, st) == 0 && S_ISFIFO(st->st_mode))
		return fd;
	close(fd);
	return -EPROTOTYPE;
}

static int fifo_check(const struct channel *ch, struct err *e)
{
	struct stat st;
	int fd = open_theirs(of_const(ch), &st);

	if (fd < 0)
		return channel_file_tell(&of_const(ch)->file, fd, e);
	close(fd);
	return 0;
}

/* ---- answers --------------------------------------------------------------------------------- */

static void fifo_abort(struct channel *ch)
{
	struct fifo *f = of(ch);

	f->open = false;
	f->heard = false;
	loop_watch_free(f->watch);
	f->watch = NULL;
	reply_fifo_close(&f->reply);
	strbuf_clear(&f->in);
}

static void fail(struct fifo *f, int code)
{
	struct err e;

	if (code == -ECONNRESET)
		err_set(&e, code, "Did the registrar end or start anew?",
			"%s hung up without an answer.", f->file.shown);
	else if (code == -EMSGSIZE)
		err_set(&e, code, NULL, "The answer of %s is longer than an answer can be.",
			f->file.shown);
	else
		err_set(&e, -EPROTO, NULL, "The answer of %s is not JSON, or was cut.",
			f->file.shown);
	fifo_abort(&f->base);
	channel_fail(&f->base, CHANNEL_NO_ANSWER, &e);
}

/* The registrar has closed its end. */
static void take(struct fifo *f)
{
	struct slice text = slice_trim(strbuf_slice(&f->in));
	json_t *doc = NULL;
	int rc = text.n ? jsonrpc_answer(text, f->id, &doc) : -ECONNRESET;

	if (rc < 0) {
		fail(f, rc);
		return;
	}
	fifo_abort(&f->base);
	channel_done(&f->base, doc);
	json_decref(doc);
}

static void on_readable(void *arg, int fd, unsigned what)
{
	struct fifo *f = arg;
	char buf[READ_SIZE];

	(void)what;
	f->heard = true;
	/* Both ends are open: nobody needs the name any more. */
	reply_fifo_unlink(&f->reply);
	for (int i = 0; i < READS; i++) {
		ssize_t n = read(fd, buf, sizeof(buf));

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0) {
			take(f);
			return;
		}
		if (f->in.n + (size_t)n > ANSWER_MAX) {
			fail(f, -EMSGSIZE);
			return;
		}
		strbuf_add(&f->in, buf, (size_t)n);
	}
}

/* ---- requests -------------------------------------------------------------------------------- */

/* One line, which says where the answer goes. */
static int add_request(const struct fifo *f, const struct channel_request *r, struct strbuf *out)
{
	json_t *extra = NULL;
	char *text;

	if (f->flavour == CONTROL_OPENSIPS)
		strbuf_addf(out, ":%s:", f->reply.name);
	else
		extra = json_pack("{s:s}", "reply_name", f->reply.name);
	text = jsonrpc_request(r->method, r->params, r->id, extra);
	json_decref(extra);
	if (!text)
		return -EILSEQ;
	strbuf_add_str(out, text);
	strbuf_add_char(out, '\n');
	free(text);
	return out->n > REQUEST_MAX ? -EMSGSIZE : 0;
}

static int make_reply(struct fifo *f, const struct stat *theirs)
{
	int rc;

	if (!f->swept)
		reply_fifo_sweep(f->reply_dir, clock_wall_s(&clock_system));
	f->swept = true;
	rc = reply_fifo_open(&f->reply, f->reply_dir, theirs);
	f->reply_failed = rc < 0;
	return rc;
}

static int fifo_send(struct channel *ch, const struct channel_request *r)
{
	struct fifo *f = of(ch);
	struct strbuf out = STRBUF_INIT;
	struct stat st;
	int fd, rc;

	f->reply_failed = false;
	fd = open_theirs(f, &st);
	if (fd < 0)
		return fd;
	rc = make_reply(f, &st);
	if (rc == 0)
		rc = add_request(f, r, &out);
	/* Not more than PIPE_BUF: all of it, or nothing. */
	if (rc == 0 && write(fd, out.p, out.n) < 0)
		rc = -errno;
	close(fd);
	strbuf_free(&out);
	if (rc < 0) {
		reply_fifo_close(&f->reply);
		return rc;
	}
	f->id = r->id;
	f->open = true;
	f->watch = loop_watch_new(f->loop, f->reply.fd, LOOP_READ, LOOP_INPUT, on_readable, f);
	return 0;
}

static struct channel *fifo_open(struct loop *l, enum control_flavour flavour, const char *place,
				 struct err *e)
{
	struct slice rest = slice_of(place + strlen(SCHEME)), dir = SLICE_LIT(REPLY_DIR);
	ptrdiff_t option = slice_find_icase(rest, SLICE_LIT(OPTION));
	struct fifo *f;

	if (option >= 0) {
		dir = slice_skip(rest, (size_t)option + strlen(OPTION));
		rest.n = (size_t)option;
	}
	if (!rest.n || !dir.n) {
		err_set(e, -EINVAL, "Write fifo:PATH or fifo:PATH" OPTION "DIR.",
			rest.n ? "No folder is named for the answers."
			       : "fifo: names no FIFO of a registrar.");
		return NULL;
	}
	f = xcalloc(1, sizeof(*f));
	f->base.ops = &channel_fifo;
	f->loop = l;
	f->flavour = flavour;
	f->path = slice_copy(rest);
	f->reply_dir = slice_copy(dir);
	f->reply = REPLY_FIFO_NONE;
	f->file = (struct channel_file){
		.what = "FIFO",
		.place = SCHEME "PATH",
		.server = channel_server(flavour),
		.needs = flavour == CONTROL_KAMAILIO ? "jsonrpcs' transport 2 (FIFO)" : "mi_fifo",
		.not_this = "is not a FIFO"};
	text_clean_buf(rest, f->file.shown, sizeof(f->file.shown));
	text_clean_buf(dir, f->reply_shown, sizeof(f->reply_shown));
	return &f->base;
}

static void fifo_free(struct channel *ch)
{
	struct fifo *f = of(ch);

	fifo_abort(ch);
	strbuf_free(&f->in);
	free(f->path);
	free(f->reply_dir);
	free(f);
}

const struct channel_ops channel_fifo = {
	.scheme = SCHEME,
	.place = "PATH",
	.flavours = 1u << CONTROL_KAMAILIO | 1u << CONTROL_OPENSIPS,
	.open = fifo_open,
	.check = fifo_check,
	.send = fifo_send,
	.tell = fifo_tell,
	.abort = fifo_abort,
	.free = fifo_free,
};
