/* Simulated phones on real sockets: they register, refresh, and answer as their character says. */
#include "sip/phone.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/hash.h"
#include "sip/build.h"
#include "sip/phone_cast.h"
#include "sip/phone_text.h"

/* REGISTERs under way at once: thousands of phones must not overrun a socket's buffer. */
#define WINDOW     64
#define WINDOW_MS  10
#define RETRY_MS   5000
#define GIVE_UP_MS 32000
#define SLOW_MS    1200
/* Seconds after its end at which a lapsing phone comes back: long enough to be seen as lapsed. */
#define LAPSED_FOR_S 25
/* Descriptors left to the rest of the process, and sockets shared by phones beyond the limit. */
#define SPARE_FDS 256
#define SHARED    16

enum due_kind { DUE_REGISTER, DUE_ANSWER };

struct due {
	int64_t at_ms;
	unsigned phone, turn;
	enum due_kind kind;
};

struct line {
	struct phones *all;
	int fd; /* -1: closed */
	struct loop_watch *watch;
	struct netaddr addr;
};

struct phone {
	struct phone_role role;
	struct phone_call call; /* what identifies its REGISTERs */
	unsigned line;          /* index; not used by TCP */
	uint32_t connection;    /* TCP */
	unsigned turn;          /* a due REGISTER of an older turn is void */
	unsigned wait_ms;       /* until the next repetition */
	int64_t asked_ms;
	bool asking, counted, second;
	struct sip_flow answer_to; /* SLOW: one answer under way */
	struct strbuf answer;
};

struct phones {
	struct loop *loop;
	const struct clock *clock;
	struct netaddr registrar;
	struct sip_transport *transport; /* TCP phones */
	struct phone *phone;
	unsigned n, own; /* phones with a line of their own: the first ones */
	struct line *lines;
	unsigned lines_count;
	struct due *heap;
	size_t heap_count, heap_cap;
	struct loop_timer *timer;
	unsigned asking, registered;
};

/* ---- what is due ----------------------------------------------------------------------------- */

static void heap_push(struct phones *p, struct due d)
{
	size_t i = p->heap_count++;

	XGROW(p->heap, p->heap_cap, p->heap_count);
	for (; i > 0 && p->heap[(i - 1) / 2].at_ms > d.at_ms; i = (i - 1) / 2)
		p->heap[i] = p->heap[(i - 1) / 2];
	p->heap[i] = d;
}

static struct due heap_pop(struct phones *p)
{
	struct due top = p->heap[0], last = p->heap[--p->heap_count];
	size_t i = 0, child;

	while ((child = 2 * i + 1) < p->heap_count) {
		if (child + 1 < p->heap_count && p->heap[child + 1].at_ms < p->heap[child].at_ms)
			child++;
		if (p->heap[child].at_ms >= last.at_ms)
			break;
		p->heap[i] = p->heap[child];
		i = child;
	}
	p->heap[i] = last;
	return top;
}

static void set_timer(struct phones *p)
{
	if (p->heap_count)
		loop_timer_set(p->timer, p->heap[0].at_ms - clock_mono_ms(p->clock));
}

static void later(struct phones *p, struct phone *ph, enum due_kind kind, int64_t ms)
{
	struct due d = {clock_mono_ms(p->clock) + ms, (unsigned)(ph - p->phone), ph->turn, kind};

	heap_push(p, d);
	set_timer(p);
}

/* ---- lines ----------------------------------------------------------------------------------- */

static void on_readable(void *arg, int fd, unsigned what);

static void line_close(struct line *l)
{
	loop_watch_free(l->watch);
	l->watch = NULL;
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
}

/* On the port that it had before, when it had one and nobody took it since. */
static int line_open(struct line *l)
{
	struct netaddr any;

	if (l->fd >= 0)
		return 0;
	l->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (l->fd < 0)
		return -errno;
	netaddr_parse(SLICE_LIT("127.0.0.1"), 0, &any);
	if ((!l->addr.len || bind(l->fd, &l->addr.sa, l->addr.len) < 0) &&
	    bind(l->fd, &any.sa, any.len) < 0)
		goto fail;
	l->addr.len = sizeof(l->addr.ss);
	if (getsockname(l->fd, &l->addr.sa, &l->addr.len) < 0)
		goto fail;
	l->watch = loop_watch_new(l->all->loop, l->fd, LOOP_READ, LOOP_SIP, on_readable, l);
	return 0;
fail:
	close(l->fd);
	l->fd = -1;
	return -errno;
}

static void send_datagram(const struct line *l, const struct netaddr *to, struct slice text)
{
	/* What is lost is repeated, as on any wire. */
	if (l->fd >= 0)
		(void)sendto(l->fd, text.p, text.n, MSG_DONTWAIT, &to->sa, to->len);
}

/* ---- REGISTER -------------------------------------------------------------------------------- */

static struct netaddr contact_addr(const struct phones *p, const struct phone *ph)
{
	struct netaddr a;

	if (ph->role.kind != PHONE_TCP)
		return p->lines[ph->line].addr;
	/* Nobody listens there: such a phone is reached by its connection alone. */
	netaddr_parse(SLICE_LIT("127.0.0.1"), 5062, &a);
	return a;
}

static void send_register(struct phones *p, struct phone *ph)
{
	struct sip_flow flow = {.transport = TRANSPORT_TCP, .remote = p->registrar};
	struct netaddr addr = contact_addr(p, ph);
	struct strbuf text = STRBUF_INIT;

	phone_add_register(&ph->role, &ph->call, &addr, &text);
	if (ph->role.kind == PHONE_TCP) {
		flow.connection = ph->connection;
		(void)sip_transport_send(p->transport, &flow, text.p, text.n);
	} else {
		send_datagram(&p->lines[ph->line], &p->registrar, strbuf_slice(&text));
	}
	strbuf_free(&text);
}

static void stop_asking(struct phones *p, struct phone *ph)
{
	p->asking -= ph->asking;
	ph->asking = false;
	ph->turn++;
}

static void ask(struct phones *p, struct phone *ph)
{
	if (ph->role.kind == PHONE_TCP) {
		if (!ph->connection || !sip_transport_is_open(p->transport, ph->connection))
			ph->connection = sip_transport_connect(p->transport, &p->registrar);
	} else {
		(void)line_open(&p->lines[ph->line]);
	}
	phone_call_next(&ph->call);
	p->asking += !ph->asking;
	ph->asking = true;
	ph->asked_ms = clock_mono_ms(p->clock);
	ph->wait_ms = 500;
	send_register(p, ph);
	later(p, ph, DUE_REGISTER, ph->wait_ms);
}

/* Timer E of RFC 3261 17.1.2: 0.5, 1, 2, 4, 4 … seconds, given up after 32. */
static void ask_again(struct phones *p, struct phone *ph, int64_t now_ms)
{
	if (now_ms - ph->asked_ms >= GIVE_UP_MS) {
		stop_asking(p, ph);
		later(p, ph, DUE_REGISTER, RETRY_MS);
		return;
	}
	if (ph->role.kind != PHONE_TCP)
		send_register(p, ph);
	ph->wait_ms = ph->wait_ms < 2000 ? ph->wait_ms * 2 : 4000;
	later(p, ph, DUE_REGISTER, ph->wait_ms);
}

static void due_register(struct phones *p, struct phone *ph, int64_t now_ms)
{
	if (ph->asking)
		ask_again(p, ph, now_ms);
	else if (p->asking < WINDOW)
		ask(p, ph);
	else
		later(p, ph, DUE_REGISTER, WINDOW_MS);
}

static void send_answer(struct phones *p, struct phone *ph)
{
	send_datagram(&p->lines[ph->line], &ph->answer_to.remote, strbuf_slice(&ph->answer));
	strbuf_clear(&ph->answer);
}

static void on_timer(void *arg)
{
	struct phones *p = arg;
	int64_t now_ms = clock_mono_ms(p->clock);

	while (p->heap_count && p->heap[0].at_ms <= now_ms) {
		struct due d = heap_pop(p);
		struct phone *ph = &p->phone[d.phone];

		if (d.kind == DUE_ANSWER)
			send_answer(p, ph);
		else if (d.turn == ph->turn)
			due_register(p, ph, now_ms);
	}
	set_timer(p);
}

/* The old binding of a twin stays behind with a closed socket; then it is as if the phone had
 * been switched off and on: a new port and a new Call-ID. */
static void become_second(struct phones *p, struct phone *ph)
{
	struct line *l = &p->lines[ph->line];

	ph->second = true;
	line_close(l);
	l->addr.len = 0;
	phone_call_new(&ph->call, (unsigned)(ph - p->phone));
	later(p, ph, DUE_REGISTER, 0);
}

static void on_registered(struct phones *p, struct phone *ph, unsigned granted_s)
{
	int64_t refresh_ms = (int64_t)granted_s * 10 * ph->role.refresh_percent;

	stop_asking(p, ph);
	p->registered += !ph->counted;
	ph->counted = true;
	if (ph->role.kind == PHONE_TWIN && !ph->second) {
		become_second(p, ph);
		return;
	}
	if (ph->role.kind == PHONE_REFUSES)
		line_close(&p->lines[ph->line]);
	if (ph->role.kind == PHONE_LAPSING)
		refresh_ms = ((int64_t)granted_s + LAPSED_FOR_S) * 1000;
	later(p, ph, DUE_REGISTER, refresh_ms);
}

static void on_response(struct phones *p, const struct sip_msg *msg)
{
	unsigned i = phone_call_index(sip_msg_call_id(msg)), seconds;
	struct phone *ph = i < p->n ? &p->phone[i] : NULL;
	int code = sip_msg_code(msg);

	if (!ph || !ph->asking || code < 200 || !phone_call_is(&ph->call, msg))
		return;
	if (code / 100 == 2) {
		on_registered(p, ph, phone_granted(msg, &ph->role, ph->role.expires_s));
	} else if (code == 423 && (seconds = phone_min_expires(msg)) > ph->role.expires_s) {
		stop_asking(p, ph);
		ph->role.expires_s = seconds;
		ask(p, ph);
	} else {
		stop_asking(p, ph);
		phone_call_new(&ph->call, i);
		later(p, ph, DUE_REGISTER, RETRY_MS);
	}
}

/* ---- requests -------------------------------------------------------------------------------- */

/* False: this phone says nothing, or not now. */
static bool make_answer(struct phones *p, struct phone *ph, const struct sip_flow *from,
			const struct sip_msg *msg, struct strbuf *out)
{
	if (!phone_add_answer(&ph->role, msg, from, out))
		return false;
	if (ph->role.kind != PHONE_SLOW)
		return true;
	/* The prober's repetitions arrive while this one is still thinking. */
	if (ph->answer.n == 0) {
		strbuf_add_slice(&ph->answer, strbuf_slice(out));
		sip_response_flow(msg, from, &ph->answer_to);
		later(p, ph, DUE_ANSWER, SLOW_MS);
	}
	return false;
}

static void on_datagram_request(struct phones *p, struct line *l, struct sip_flow *from,
				const struct sip_msg *msg)
{
	unsigned line = (unsigned)(l - p->lines);
	unsigned i = line < p->own ? line : phone_line_of(sip_msg_request_uri(msg));
	struct strbuf out = STRBUF_INIT;
	struct sip_flow to;

	if (i >= p->n)
		return;
	if (make_answer(p, &p->phone[i], from, msg, &out)) {
		sip_response_flow(msg, from, &to);
		send_datagram(l, &to.remote, strbuf_slice(&out));
	}
	strbuf_clear(&out);
	if (phone_add_ended(&p->phone[i].role, msg, from, &out)) {
		sip_response_flow(msg, from, &to);
		send_datagram(l, &to.remote, strbuf_slice(&out));
	}
	strbuf_free(&out);
}

static void on_datagram(struct phones *p, struct line *l, const void *buf, size_t n,
			const struct netaddr *source)
{
	struct sip_flow from = {.transport = TRANSPORT_UDP, .local = l->addr, .remote = *source};
	struct sip_msg *msg = NULL;

	if (sip_msg_parse(buf, n, &msg, NULL, NULL) == SIP_IN_MESSAGE) {
		if (sip_msg_is_request(msg))
			on_datagram_request(p, l, &from, msg);
		else
			on_response(p, msg);
	}
	sip_msg_free(msg);
}

static void on_readable(void *arg, int fd, unsigned what)
{
	struct netaddr source = {.len = sizeof(source.ss)};
	char buf[SIP_MAX_MESSAGE + 1];
	ssize_t n;

	(void)what;
	/* One datagram a turn: what comes of it may close the line. */
	n = recvfrom(fd, buf, sizeof(buf), 0, &source.sa, &source.len);
	if (n > 0)
		on_datagram(((struct line *)arg)->all, arg, buf, (size_t)n, &source);
}

/* ---- TCP ------------------------------------------------------------------------------------- */

static struct phone *by_connection(struct phones *p, uint32_t connection)
{
	for (unsigned i = 0; i < p->n; i++)
		if (p->phone[i].role.kind == PHONE_TCP && p->phone[i].connection == connection)
			return &p->phone[i];
	return NULL;
}

static bool on_tcp_request(void *ctx, const struct sip_flow *from, const struct sip_msg *msg)
{
	struct phones *p = ctx;
	struct phone *ph = by_connection(p, from->connection);
	struct strbuf out = STRBUF_INIT;
	struct sip_flow to;

	if (ph && phone_add_answer(&ph->role, msg, from, &out)) {
		phone_add_ended(&ph->role, msg, from, &out);
		sip_response_flow(msg, from, &to);
		(void)sip_transport_send(p->transport, &to, out.p, out.n);
	}
	strbuf_free(&out);
	return true;
}

static bool on_tcp_response(void *ctx, const struct sip_flow *from, const struct sip_msg *msg)
{
	(void)from;
	on_response(ctx, msg);
	return true;
}

static void on_tcp_closed(void *ctx, uint32_t connection, int error)
{
	struct phones *p = ctx;
	struct phone *ph = by_connection(p, connection);

	(void)error;
	if (!ph)
		return;
	ph->connection = 0;
	stop_asking(p, ph);
	later(p, ph, DUE_REGISTER, RETRY_MS);
}

/* ---- life ------------------------------------------------------------------------------------ */

/* How many phones may have a socket of their own. */
static unsigned room_for_lines(unsigned n)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) < 0)
		return n < 512 ? n : 512;
	if (r.rlim_cur < n + SPARE_FDS + SHARED && r.rlim_cur < r.rlim_max) {
		r.rlim_cur = r.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &r);
		getrlimit(RLIMIT_NOFILE, &r);
	}
	if (r.rlim_cur >= (rlim_t)n + SPARE_FDS + SHARED)
		return n;
	return r.rlim_cur > SPARE_FDS + SHARED ? (unsigned)r.rlim_cur - SPARE_FDS - SHARED : 0;
}

/* Phones that share a socket can only be of kinds that never close it. */
static void cast(struct phones *p, unsigned i)
{
	struct phone *ph = &p->phone[i];

	phone_role(i, p->n, &ph->role);
	ph->line = i;
	if (i >= p->own) {
		ph->line = p->own + i % SHARED;
		if (ph->role.kind != PHONE_BUSY && ph->role.kind != PHONE_DISOWNS)
			ph->role.kind = PHONE_ANSWERS;
	}
	phone_call_new(&ph->call, i);
	ph->call.shared = i >= p->own;
}

static int open_lines(struct phones *p, struct err *e)
{
	p->lines_count = p->own < p->n ? p->own + SHARED : p->own;
	p->lines = xcalloc(p->lines_count ? p->lines_count : 1, sizeof(*p->lines));
	for (unsigned i = 0; i < p->lines_count; i++) {
		p->lines[i].all = p;
		p->lines[i].fd = -1;
	}
	for (unsigned i = 0; i < p->lines_count; i++) {
		int rc = i < p->own && p->phone[i].role.kind == PHONE_TCP ? 0
									  : line_open(&p->lines[i]);

		if (rc < 0)
			return err_set(e, rc, "Ask for fewer phones, or raise ulimit -n.",
				       "Cannot open a socket for phone %u of %u: %s.", i + 1, p->n,
				       strerror(-rc));
	}
	return 0;
}

struct phones *phones_start(struct loop *l, const struct clock *c, const struct netaddr *registrar,
			    unsigned n, struct err *e)
{
	struct phones *p = xcalloc(1, sizeof(*p));
	struct sip_handler h = {.ctx = p,
				.request = on_tcp_request,
				.response = on_tcp_response,
				.closed = on_tcp_closed};

	sip_message_init();
	p->loop = l;
	p->clock = c;
	p->registrar = *registrar;
	p->n = n;
	p->own = room_for_lines(n);
	p->phone = xcalloc(n ? n : 1, sizeof(*p->phone));
	p->transport = sip_transport_new(l, c);
	sip_transport_add_handler(p->transport, &h);
	p->timer = loop_timer_new(l, LOOP_SIP, on_timer, p);
	for (unsigned i = 0; i < n; i++)
		cast(p, i);
	if (open_lines(p, e) < 0) {
		phones_stop(p);
		return NULL;
	}
	for (unsigned i = 0; i < n; i++)
		later(p, &p->phone[i], DUE_REGISTER, i / WINDOW * WINDOW_MS);
	return p;
}

void phones_stop(struct phones *p)
{
	if (!p)
		return;
	for (unsigned i = 0; i < p->lines_count; i++)
		line_close(&p->lines[i]);
	for (unsigned i = 0; i < p->n; i++)
		strbuf_free(&p->phone[i].answer);
	sip_transport_remove_handler(p->transport, p);
	sip_transport_free(p->transport);
	loop_timer_free(p->timer);
	free(p->lines);
	free(p->phone);
	free(p->heap);
	free(p);
}

unsigned phones_registered(const struct phones *p)
{
	return p->registered;
}
