/* What OpenSIPS tells of its contacts by itself: E_UL_CONTACT_* events to a socket of ours. */
#include "source/opensips_events.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/netaddr.h"
#include "base/text.h"

/* A subscription that nobody renews is forgotten after EXPIRE_S, so nothing is left behind. */
#define EXPIRE_S 60
#define RENEW_MS 25000
#define RETRY_MS 5000
/* Each refusal is a line in OpenSIPS's log. */
#define REFUSED_MS    600000
#define EVENT_MAX     65536
#define EVENTS_A_TURN 64

static const char *const events[] = {
	"E_UL_CONTACT_INSERT",
	"E_UL_CONTACT_UPDATE",
	"E_UL_CONTACT_DELETE",
	"E_UL_CONTACT_REFRESH",
};

#define EVENTS (sizeof(events) / sizeof(*events))
/* The last one is of newer versions alone. */
#define EVENTS_NEEDED 3

struct opensips_events {
	struct loop *loop;
	struct control *control;
	opensips_heard_fn *fn;
	void *ctx;
	int fd; /* -1: none */
	struct loop_watch *watch;
	struct loop_timer *renew;
	char socket[64]; /* "udp:127.0.0.1:PORT" */
	size_t at;       /* the event that is being subscribed to */
	bool subscribing, subscribed, closing;
	char why[200]; /* not subscribed: the reason, or empty */
	char *buf;
};

/* ---- what comes ------------------------------------------------------------------------------ */

static struct slice text_of(const json_t *v)
{
	return json_is_string(v) ? slice_make(json_string_value(v), json_string_length(v))
				 : SLICE_NONE;
}

static void take(struct opensips_events *e, struct slice text)
{
	json_t *doc = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, NULL);
	const json_t *params = json_object_get(doc, "params");
	struct slice method = text_of(json_object_get(doc, "method"));
	struct slice table = text_of(json_object_get(params, "domain"));
	struct slice aor = text_of(json_object_get(params, "aor"));

	bool registered = slice_eq_str(method, "E_UL_CONTACT_INSERT") ||
			  slice_eq_str(method, "E_UL_CONTACT_UPDATE");

	if (slice_starts_with(method, "E_UL_CONTACT_") && table.n && aor.n)
		e->fn(e->ctx, table, aor,
		      registered ? text_of(json_object_get(params, "uri")) : SLICE_NONE);
	json_decref(doc);
}

static void on_readable(void *arg, int fd, unsigned what)
{
	struct opensips_events *e = arg;

	(void)what;
	for (int i = 0; i < EVENTS_A_TURN && !e->closing; i++) {
		struct netaddr from;
		ssize_t n;

		from.len = sizeof(from.ss);
		n = recvfrom(fd, e->buf, EVENT_MAX, MSG_DONTWAIT | MSG_TRUNC, &from.sa, &from.len);
		if (n < 0)
			return;
		/* Each process of OpenSIPS sends from a port of its own, so that the port tells
		 * nothing. */
		if (n <= EVENT_MAX && netaddr_is_loopback(&from))
			take(e, slice_make(e->buf, (size_t)n));
	}
}

static int open_socket(struct opensips_events *e)
{
	struct netaddr me;
	char where[NETADDR_STR];

	if (e->fd >= 0)
		return 0;
	netaddr_parse(SLICE_LIT("127.0.0.1"), 0, &me);
	e->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (e->fd < 0)
		return -errno;
	if (bind(e->fd, &me.sa, me.len) < 0 || getsockname(e->fd, &me.sa, &me.len) < 0) {
		int error = errno;

		close(e->fd);
		e->fd = -1;
		return -error;
	}
	snprintf(e->socket, sizeof(e->socket), "udp:%s", netaddr_format(&me, where));
	e->watch = loop_watch_new(e->loop, e->fd, LOOP_READ, LOOP_INPUT, on_readable, e);
	return 0;
}

/* ---- subscribing ----------------------------------------------------------------------------- */

static void subscribe_next(struct opensips_events *e);

static void fails(struct opensips_events *e, const char *why, int64_t retry_ms)
{
	e->subscribing = e->subscribed = false;
	text_clean_buf(slice_of(why), e->why, sizeof(e->why));
	loop_timer_set(e->renew, retry_ms);
}

static void on_subscribed(void *ctx, const struct control_reply *r)
{
	struct opensips_events *e = ctx;

	if (e->closing)
		return;
	if (r->outcome == CONTROL_RESULT ||
	    (r->outcome == CONTROL_FAULT && e->at >= EVENTS_NEEDED)) {
		e->at++;
		subscribe_next(e);
	} else if (r->outcome == CONTROL_FAULT) {
		/* OpenSIPS says no more than "Bad parameter value". */
		fails(e, "is its module event_datagram loaded?", REFUSED_MS);
	} else {
		fails(e, "it does not answer", RETRY_MS);
	}
}

static void subscribe_next(struct opensips_events *e)
{
	if (e->at == EVENTS) {
		e->subscribing = false;
		e->subscribed = true;
		loop_timer_set(e->renew, RENEW_MS);
		return;
	}
	control_call(e->control, "event_subscribe",
		     json_pack("[s,s,i]", events[e->at], e->socket, EXPIRE_S), on_subscribed, e);
}

/* Is the registrar behind this control on this machine, so that it reaches our loopback? */
static bool is_here(const char *place)
{
	struct slice s = slice_of(place), host;
	struct netaddr a;

	if (slice_starts_with(s, "unix:") || slice_starts_with(s, "fifo:"))
		return true;
	s = slice_starts_with(s, "http://") ? slice_skip(s, 7) : slice_skip(s, 4);
	slice_cut(s, '/', &host);
	return netaddr_parse_hostport(host, 1, &a) == 0 && netaddr_is_loopback(&a);
}

static void on_renew(void *arg)
{
	struct opensips_events *e = arg;
	int rc;

	if (e->subscribing || e->closing)
		return;
	if (!is_here(control_place(e->control))) {
		fails(e, "it runs on another machine", REFUSED_MS);
		return;
	}
	rc = open_socket(e);
	if (rc < 0) {
		fails(e, strerror(-rc), REFUSED_MS);
		return;
	}
	e->subscribing = true;
	e->at = 0;
	subscribe_next(e);
}

void opensips_events_start(struct opensips_events *e)
{
	loop_timer_set(e->renew, 0);
}

const char *opensips_events_refused(const struct opensips_events *e)
{
	return !e->subscribed && e->why[0] ? e->why : NULL;
}

/* ---- opening --------------------------------------------------------------------------------- */

struct opensips_events *opensips_events_new(struct loop *l, struct control *control,
					    opensips_heard_fn *fn, void *ctx)
{
	struct opensips_events *e = xcalloc(1, sizeof(*e));

	e->loop = l;
	e->control = control;
	e->fn = fn;
	e->ctx = ctx;
	e->fd = -1;
	e->buf = xmalloc(EVENT_MAX);
	e->renew = loop_timer_new(l, LOOP_DRAW, on_renew, e);
	return e;
}

void opensips_events_close(struct opensips_events *e)
{
	if (e)
		e->closing = true;
}

void opensips_events_free(struct opensips_events *e)
{
	if (!e)
		return;
	loop_watch_free(e->watch);
	if (e->fd >= 0)
		close(e->fd);
	loop_timer_free(e->renew);
	free(e->buf);
	free(e);
}
