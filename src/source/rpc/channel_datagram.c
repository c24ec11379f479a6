/* JSON-RPC in datagrams: Kamailio's jsonrpcs and OpenSIPS's mi_datagram on a Unix socket, the
 * latter by UDP too. */
#include "source/rpc/channel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/netaddr.h"
#include "base/slice.h"
#include "base/text.h"
#include "source/rpc/channel_file.h"
#include "source/rpc/jsonrpc.h"

#define SCHEME     "unix:"
#define UDP_SCHEME "udp:"
/* Kamailio cuts at 128 KiB; what is longer is no answer of its (facts/kamailio-opensips 3.2). */
#define REPLY_MAX   (160 * 1024)
#define REQUEST_MAX 65000

struct datagram {
	struct channel base;
	struct loop *loop;
	char *path;         /* NULL: by UDP */
	struct netaddr udp; /* where to, by UDP */
	struct channel_file file;
	enum control_flavour flavour;
	int fd; /* -1: none */
	struct loop_watch *watch;
	json_int_t id; /* of the open request */
	bool open;
	char *buf;
};

static struct datagram *of(struct channel *ch)
{
	return (struct datagram *)ch;
}

static const struct datagram *of_const(const struct channel *ch)
{
	return (const struct datagram *)ch;
}

static int tell_silence(const struct datagram *d, unsigned time_ms, struct err *e)
{
	return err_set(e, -ETIMEDOUT,
		       d->flavour == CONTROL_KAMAILIO
			       ? "The registrar is busy or hangs, or its answer was over the 128 "
				 "KiB that jsonrpcs sends in a datagram: longer ones come by "
				 "--control http://ADDRESS:PORT/RPC."
			       : "The registrar is busy or hangs; try again.",
		       "%s gave no answer within %u ms.", d->file.shown, time_ms);
}

static int datagram_tell(const struct channel *ch, int code, unsigned time_ms, struct err *e)
{
	const struct datagram *d = of_const(ch);

	if (code == -ETIMEDOUT)
		return tell_silence(d, time_ms, e);
	return channel_file_tell(&d->file, code, e);
}

/* Of no use by UDP. */
static struct sockaddr_un address(const struct datagram *d)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};

	slice_to_buf(slice_of(d->path), to.sun_path, sizeof(to.sun_path));
	return to;
}

/* Whether anybody reads: connecting alone sends nothing. The file of a registrar that crashed
 * stays. */
static int try_connect(const struct datagram *d)
{
	struct sockaddr_un to = address(d);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int rc = fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0 ? -errno : 0;

	if (fd >= 0)
		close(fd);
	return rc;
}

static int datagram_check(const struct channel *ch, struct err *e)
{
	const struct datagram *d = of_const(ch);
	/* Whether somebody listens on a port is only told by asking. */
	int rc = d->path ? channel_file_check(d->path, S_IFSOCK) : 0;

	if (rc == 0 && d->path)
		rc = try_connect(d);
	return rc < 0 ? datagram_tell(ch, rc, 0, e) : 0;
}

/* A new address for the next request: what comes late to the old one is lost there. */
static void datagram_abort(struct channel *ch)
{
	struct datagram *d = of(ch);

	d->open = false;
	loop_watch_free(d->watch);
	d->watch = NULL;
	if (d->fd >= 0)
		close(d->fd);
	d->fd = -1;
}

static void take(struct datagram *d, struct slice text)
{
	json_t *doc = NULL;
	struct err e;
	int rc = jsonrpc_answer(text, d->id, &doc);

	/* Late, or not for us: the real one may still come. */
	if (rc == -ENOMSG)
		return;
	d->open = false;
	if (rc == 0) {
		channel_done(&d->base, doc);
		json_decref(doc);
		return;
	}
	/* The real answer cannot be told from what is not JSON, and waiting on would only hide
	 * that. */
	err_set(&e, rc, NULL, "The answer of %s is not JSON.", d->file.shown);
	channel_fail(&d->base, CHANNEL_NO_ANSWER, &e);
}

/* An ICMP error of the request's: it never arrived. */
static void take_error(struct datagram *d, int error)
{
	struct err e;

	datagram_abort(&d->base);
	datagram_tell(&d->base, -error, 0, &e);
	channel_fail(&d->base, CHANNEL_NOT_SENT, &e);
}

static void on_readable(void *arg, int fd, unsigned what)
{
	struct datagram *d = arg;
	struct netaddr from = {.len = sizeof(from.ss)};
	struct err e;

	(void)what;
	/* One datagram a turn: whoever is told may free what is looked at here. */
	ssize_t n = recvfrom(fd, d->buf, REPLY_MAX, MSG_DONTWAIT | MSG_TRUNC, &from.sa, &from.len);

	if (!d->open)
		return;
	if (n < 0) {
		if (!d->path && errno != EAGAIN && errno != EINTR)
			take_error(d, errno);
		return;
	}
	/* A server may answer from another port, but not from another machine. */
	if (!d->path && !netaddr_same_host(&from, &d->udp))
		return;
	if (n <= REPLY_MAX) {
		take(d, slice_make(d->buf, (size_t)n));
		return;
	}
	d->open = false;
	err_set(&e, -EMSGSIZE, NULL, "The answer of %s is longer than an answer can be.",
		d->file.shown);
	channel_fail(&d->base, CHANNEL_NO_ANSWER, &e);
}

/* Autobound to an abstract address: the answer finds us, and no file is left behind. Not
 * connected: a server may answer from a second socket (facts/kamailio-opensips 5.3). */
static int bind_unix(int fd)
{
	struct sockaddr_un me = {.sun_family = AF_UNIX};

	return bind(fd, (struct sockaddr *)&me, sizeof(sa_family_t)) < 0 ? -errno : 0;
}

/* Bound to nothing, so that the kernel chooses; not connected either, and so ICMP errors have to be
 * asked for. */
static void want_errors(int fd, int family)
{
	int yes = 1;

	if (family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &yes, sizeof(yes));
	else
		setsockopt(fd, IPPROTO_IP, IP_RECVERR, &yes, sizeof(yes));
}

static int dial(struct datagram *d)
{
	int family = d->path ? AF_UNIX : d->udp.sa.sa_family, size = REPLY_MAX * 2, rc = 0;

	if (d->fd >= 0)
		return 0;
	d->fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (d->fd < 0)
		return -errno;
	if (d->path)
		rc = bind_unix(d->fd);
	else
		want_errors(d->fd, family);
	if (rc < 0) {
		datagram_abort(&d->base);
		return rc;
	}
	setsockopt(d->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	d->watch = loop_watch_new(d->loop, d->fd, LOOP_READ, LOOP_INPUT, on_readable, d);
	return 0;
}

static int send_text(struct datagram *d, const char *text, size_t n)
{
	struct sockaddr_un path = address(d);
	const struct sockaddr *to = d->path ? (const struct sockaddr *)&path : &d->udp.sa;
	socklen_t len = d->path ? sizeof(path) : d->udp.len;

	return sendto(d->fd, text, n, MSG_DONTWAIT | MSG_NOSIGNAL, to, len) < 0 ? -errno : 0;
}

static int datagram_send(struct channel *ch, const struct channel_request *r)
{
	struct datagram *d = of(ch);
	char *text = jsonrpc_request(r->method, r->params, r->id, NULL);
	size_t n = text ? strlen(text) : 0;
	int rc = !text ? -EILSEQ : n > REQUEST_MAX ? -EMSGSIZE : dial(d);

	if (rc == 0)
		rc = send_text(d, text, n);
	free(text);
	d->id = r->id;
	d->open = rc == 0;
	return rc;
}

static struct datagram *datagram_new(struct loop *l, enum control_flavour f, const char *shown)
{
	struct datagram *d = xcalloc(1, sizeof(*d));

	d->loop = l;
	d->file = (struct channel_file){
		.what = "control socket",
		.place = SCHEME "PATH",
		.server = channel_server(f),
		.needs = f == CONTROL_KAMAILIO ? "jsonrpcs' transport 4 (datagram)" : "mi_datagram",
		.not_this = "is not a datagram socket"};
	text_clean_buf(slice_of(shown), d->file.shown, sizeof(d->file.shown));
	d->flavour = f;
	d->fd = -1;
	d->buf = xmalloc(REPLY_MAX);
	return d;
}

static struct channel *unix_open(struct loop *l, enum control_flavour f, const char *place,
				 struct err *e)
{
	const char *path = place + strlen(SCHEME);
	struct datagram *d;

	if (!*path || strlen(path) >= sizeof(((struct sockaddr_un *)NULL)->sun_path)) {
		err_set(e, -EINVAL, "Write unix:PATH; a Unix socket's path has at most 107 bytes.",
			*path ? "The path of the control socket is too long."
			      : "unix: names no control socket.");
		return NULL;
	}
	d = datagram_new(l, f, path);
	d->base.ops = &channel_datagram;
	d->path = xstrdup(path);
	return &d->base;
}

static struct channel *udp_open(struct loop *l, enum control_flavour f, const char *place,
				struct err *e)
{
	struct netaddr a;
	struct datagram *d;
	char shown[80];

	if (netaddr_parse_hostport(slice_of(place + strlen(UDP_SCHEME)), 0, &a) < 0 ||
	    netaddr_port(&a) == 0) {
		text_clean_buf(slice_of(place), shown, sizeof(shown));
		err_set(e, -EINVAL, "Write udp:ADDRESS:PORT, the address in numbers.",
			"%s is not an address and a port.", shown);
		return NULL;
	}
	d = datagram_new(l, f, place);
	d->base.ops = &channel_udp;
	d->udp = a;
	return &d->base;
}

static void datagram_free(struct channel *ch)
{
	struct datagram *d = of(ch);

	datagram_abort(ch);
	free(d->path);
	free(d->buf);
	free(d);
}

const struct channel_ops channel_datagram = {
	.scheme = SCHEME,
	.place = "PATH",
	.flavours = 1u << CONTROL_KAMAILIO | 1u << CONTROL_OPENSIPS,
	.open = unix_open,
	.check = datagram_check,
	.send = datagram_send,
	.tell = datagram_tell,
	.abort = datagram_abort,
	.free = datagram_free,
};

const struct channel_ops channel_udp = {
	.scheme = UDP_SCHEME,
	.place = "ADDRESS:PORT",
	.flavours = 1u << CONTROL_OPENSIPS,
	.open = udp_open,
	.check = datagram_check,
	.send = datagram_send,
	.tell = datagram_tell,
	.abort = datagram_abort,
	.free = datagram_free,
};
