/* Probing: the path that is chosen, what is recorded, the pace, and bindings that change meanwhile.
 */
#include "test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <sys/socket.h>
#include <unistd.h>
#include "act/ping.h"
#include "act/ping_path.h"
#include "fake_source.h"
#include "judge/next_hop.h"

#define VERDICT_MS 400
#define PEERS      4

/* Something on loopback that takes requests and answers as it is told. */
struct peer {
	int fd;
	struct loop_watch *watch;
	struct netaddr addr;
	int code;            /* 0: silent */
	const char *reason;  /* NULL: "OK" */
	const char *headers; /* more lines, each with CRLF */
	unsigned got;
	char last[2000];
	struct sockaddr_storage from;
	socklen_t from_len;
	void (*on_request)(struct peer *p);
	void *ctx;
};

struct world {
	struct act_env env;
	struct clock_fake clock;
	struct fake_source source;
	struct pinger *pinger;
	struct peer peers[PEERS];
	size_t peer_count;
	unsigned results;
	binding_id last;
};

static void add_line(const char *request, const char *name, struct strbuf *out)
{
	const char *at = strstr(request, name);

	assert_non_null(at);
	strbuf_add(out, at, (size_t)(strstr(at, "\r\n") - at) + 2);
}

static void peer_answer(struct peer *p)
{
	struct strbuf m = STRBUF_INIT;

	strbuf_addf(&m, "SIP/2.0 %d %s\r\n", p->code, p->reason ? p->reason : "OK");
	add_line(p->last, "Via:", &m);
	add_line(p->last, "From:", &m);
	add_line(p->last, "To:", &m);
	m.n -= 2;
	strbuf_add_str(&m, ";tag=peer\r\n");
	add_line(p->last, "Call-ID:", &m);
	add_line(p->last, "CSeq:", &m);
	strbuf_add_str(&m, p->headers ? p->headers : "User-Agent: Yealink SIP-T46U\r\n");
	strbuf_add_str(&m, "Content-Length: 0\r\n\r\n");
	assert_int_equal(sendto(p->fd, m.p, m.n, 0, (struct sockaddr *)&p->from, p->from_len),
			 (ssize_t)m.n);
	strbuf_free(&m);
}

static void on_peer(void *arg, int fd, unsigned what)
{
	struct peer *p = arg;
	ssize_t n;

	(void)what;
	p->from_len = sizeof(p->from);
	n = recvfrom(fd, p->last, sizeof(p->last) - 1, 0, (struct sockaddr *)&p->from,
		     &p->from_len);
	if (n <= 0)
		return;
	p->last[n] = '\0';
	p->got++;
	if (p->on_request)
		p->on_request(p);
	if (p->code)
		peer_answer(p);
}

static struct peer *peer_new(struct world *w, int code)
{
	struct peer *p = &w->peers[w->peer_count++];
	socklen_t len = sizeof(p->addr.ss);

	assert_true(w->peer_count <= PEERS);
	p->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_int_equal(netaddr_parse(SLICE_LIT("127.0.0.1"), 0, &p->addr), 0);
	assert_int_equal(bind(p->fd, &p->addr.sa, p->addr.len), 0);
	assert_int_equal(getsockname(p->fd, &p->addr.sa, &len), 0);
	p->watch = loop_watch_new(w->env.loop, p->fd, LOOP_READ, LOOP_SIP, on_peer, p);
	p->code = code;
	return p;
}

/* The port stays known, but nobody listens any more: ICMP port unreachable. */
static void peer_close(struct peer *p)
{
	loop_watch_free(p->watch);
	p->watch = NULL;
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
}

static void on_result(void *ctx, binding_id id)
{
	struct world *w = ctx;

	w->results++;
	w->last = id;
}

static int setup(void **state)
{
	static struct world w;
	struct netaddr any;
	struct err e = ERR_NONE;

	memset(&w, 0, sizeof(w));
	sip_message_init();
	clock_fake_init(&w.clock, 1900000060000);
	fake_source_init(&w.source, "fake");
	w.env.loop = loop_new();
	w.env.clock = &clock_system;
	w.env.store = store_new();
	w.env.sources[store_add_source(w.env.store, "fake")] = &w.source.base;
	w.env.source_count = 1;
	w.env.probe_timeout_ms = VERDICT_MS;
	w.env.transports[0] = sip_transport_new(w.env.loop, w.env.clock);
	assert_int_equal(netaddr_parse(SLICE_LIT("127.0.0.1"), 0, &any), 0);
	assert_int_equal(sip_transport_listen(w.env.transports[0], TRANSPORT_UDP, &any, &e), 0);
	w.env.probers[0] = prober_new(w.env.loop, w.env.clock, w.env.transports[0]);
	w.pinger = pinger_new(&w.env, 1000);
	pinger_on_result(w.pinger, on_result, &w);
	*state = &w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	pinger_free(w->pinger);
	prober_free(w->env.probers[0]);
	sip_transport_free(w->env.transports[0]);
	for (size_t i = 0; i < w->peer_count; i++)
		peer_close(&w->peers[i]);
	store_free(w->env.store);
	loop_free(w->env.loop);
	return 0;
}

static binding_id put(struct world *w, const char *key, const char *contact)
{
	struct binding b = fake_binding(key, "4021", contact);

	return store_put(w->env.store, 0, &b, 1900000000);
}

static binding_id put_at(struct world *w, const char *key, const struct peer *p)
{
	char contact[96], addr[NETADDR_STR];

	snprintf(contact, sizeof(contact), "sip:4021@%s;line=a%%2Fb",
		 netaddr_format(&p->addr, addr));
	return put(w, key, contact);
}

static void run(struct world *w)
{
	int64_t end = clock_mono_ms(&clock_system) + 10000;

	while (pinger_open(w->pinger) > 0) {
		loop_turn(w->env.loop, true);
		assert_true(clock_mono_ms(&clock_system) < end);
	}
}

static const struct evidence *ask(struct world *w, binding_id id)
{
	const struct evidence *e;

	pinger_ask(w->pinger, id);
	run(w);
	e = store_evidence(w->env.store, id);
	assert_non_null(e);
	assert_false(e->pending);
	return e;
}

/* The registrar stands at p, and a binding's request goes to it under another name. */
static void route_over(struct world *w, const struct peer *p)
{
	w->source.routes = true;
	w->source.route.transport = TRANSPORT_UDP;
	w->source.route.addr = p->addr;
	snprintf(w->source.route.request_uri, sizeof(w->source.route.request_uri),
		 "sip:uloc-1-a@acme.example;gr");
}

/* ---- direct ---------------------------------------------------------------------------------- */

TEST(a_direct_answer_is_recorded_with_who_gave_it)
{
	struct world *w = *state;
	struct peer *p = peer_new(w, 200);
	const struct evidence *e = ask(w, put_at(w, "k1", p));

	assert_int_equal(e->outcome, PROBE_ANSWERED);
	assert_int_equal(e->path, PROBE_PATH_DIRECT);
	assert_int_equal(e->code, 200);
	assert_string_equal(e->agent, "Yealink SIP-T46U");
	assert_int_equal(e->probes, 1);
	assert_int_equal(e->answers, 1);
	assert_int_equal(e->failures, 0);
	assert_true(e->heard_ms > 0 && e->asked_ms > 0);
	assert_int_equal(w->results, 1);
}

TEST(the_contact_goes_out_byte_for_byte_and_from_is_of_the_aors_domain)
{
	struct world *w = *state;
	struct peer *p = peer_new(w, 200);

	ask(w, put_at(w, "k1", p));
	assert_non_null(strstr(p->last, ";line=a%2Fb SIP/2.0\r\n"));
	assert_non_null(strstr(p->last, "<sip:regtop@acme.example>"));
	assert_non_null(strstr(p->last, "To: <sip:4021@acme.example>"));
}

TEST(silence_is_a_failure_with_a_first_time)
{
	struct world *w = *state;
	struct peer *p = peer_new(w, 0);
	binding_id id = put_at(w, "k1", p);
	const struct evidence *e = ask(w, id);
	int64_t first = e->failed_first_ms;

	assert_int_equal(e->outcome, PROBE_SILENT);
	assert_int_equal(e->failures, 1);
	assert_int_equal(first, e->asked_ms);
	e = ask(w, id);
	assert_int_equal(e->failures, 2);
	assert_int_equal(e->probes, 2);
	assert_int_equal(e->answers, 0);
	assert_int_equal(e->failed_first_ms, first);
	assert_true(e->asked_ms > first);
}

TEST(an_answer_ends_a_run_of_failures)
{
	struct world *w = *state;
	struct peer *p = peer_new(w, 0);
	binding_id id = put_at(w, "k1", p);
	const struct evidence *e;

	ask(w, id);
	p->code = 486;
	e = ask(w, id);
	assert_int_equal(e->outcome, PROBE_ANSWERED);
	assert_int_equal(e->code, 486);
	assert_int_equal(e->failures, 0);
	assert_int_equal(e->failed_first_ms, 0);
}

TEST(a_closed_port_is_refused_by_icmp)
{
	struct world *w = *state;
	struct peer *p = peer_new(w, 200);
	binding_id id = put_at(w, "k1", p);
	const struct evidence *e;

	peer_close(p);
	e = ask(w, id);
	assert_int_equal(e->outcome, PROBE_REFUSED);
	assert_int_equal(e->failures, 1);
	assert_non_null(strstr(e->detail, "port unreachable"));
}

TEST(a_late_answer_turns_silence_around)
{
	struct world *w = *state;
	struct peer *p = peer_new(w, 0);
	binding_id id = put_at(w, "k1", p);
	const struct evidence *e = ask(w, id);

	assert_int_equal(e->outcome, PROBE_SILENT);
	p->code = 200;
	peer_answer(p);
	while (w->results < 2)
		loop_turn(w->env.loop, true);
	e = store_evidence(w->env.store, id);
	assert_int_equal(e->outcome, PROBE_ANSWERED);
	assert_true(e->late);
	assert_int_equal(e->probes, 1);
	assert_int_equal(e->answers, 1);
	assert_int_equal(e->failures, 0);
}

TEST(hostile_words_of_an_answer_are_cleaned)
{
	struct world *w = *state;
	struct peer *p = peer_new(w, 200);
	const struct evidence *e;

	p->headers = "User-Agent: Evil\x1b[2J\r\n";
	e = ask(w, put_at(w, "k1", p));
	assert_int_equal(e->outcome, PROBE_ANSWERED);
	assert_null(strchr(e->agent, 0x1b));
}

/* ---- nothing can be sent --------------------------------------------------------------------- */

static void assert_unroutable(struct world *w, const char *contact, const char *word)
{
	const struct evidence *e = ask(w, put(w, "kx", contact));

	assert_int_equal(e->outcome, PROBE_UNROUTABLE);
	assert_int_equal(e->probes, 0);
	assert_int_equal(e->failures, 0);
	if (!strstr(e->detail, word))
		fail_msg("'%s' is not in '%s'", word, e->detail);
	store_remove(w->env.store, 0, SLICE_LIT("kx"));
}

TEST(what_cannot_be_reached_from_here_is_not_sent_and_says_why)
{
	struct world *w = *state;

	assert_unroutable(w, "sip:4021@phone.acme.example", "not resolved here");
	assert_unroutable(w, "sip:4021@192.0.2.1;transport=tls", "registrar's own connection");
	assert_unroutable(w, "sip:4021@224.0.1.75:5060", "");
	assert_unroutable(w, "sip:4021@[2001:db8::1]:5060", "IPv6");
	assert_int_equal(w->results, 4);
}

TEST(bytes_that_would_break_the_message_are_never_sent)
{
	struct world *w = *state;
	struct peer *p = peer_new(w, 200), *reg = peer_new(w, 200);
	char contact[120], addr[NETADDR_STR];
	struct binding b;
	binding_id id;

	snprintf(contact, sizeof(contact), "sip:a@%s\r\nX-Evil: 1", netaddr_format(&p->addr, addr));
	assert_int_equal(ask(w, put(w, "k1", contact))->outcome, PROBE_UNROUTABLE);
	route_over(w, reg);
	b = fake_binding("k2", "a>\r\nX: \"b", "sip:a@192.0.2.1");
	b.domain = SLICE_LIT("x>\r\nY: 1");
	id = store_put(w->env.store, 0, &b, 1900000000);
	assert_int_equal(ask(w, id)->outcome, PROBE_ANSWERED);
	assert_non_null(strstr(reg->last, "To: <sip:a%3E%0D%0AX%3A%20%22b@127.0.0.1>"));
	assert_int_equal(p->got, 0);
}

TEST(a_source_without_a_socket_cannot_ask)
{
	struct world *w = *state;
	struct prober *prober = w->env.probers[0];

	w->env.probers[0] = NULL;
	assert_unroutable(w, "sip:4021@127.0.0.1:5060", "no socket");
	w->env.probers[0] = prober;
}

/* ---- our own registrar ----------------------------------------------------------------------- */

TEST(our_own_registrar_asks_from_the_socket_that_took_the_register)
{
	struct world *w = *state;
	struct peer *p = peer_new(w, 200);
	struct netaddr local;
	struct binding b = fake_binding("k1", "4021", "sip:4021@10.0.0.7");
	char socket_name[96], addr[NETADDR_STR];
	const struct evidence *e;

	assert_true(sip_transport_local(w->env.transports[0], TRANSPORT_UDP, &p->addr, &local));
	snprintf(socket_name, sizeof(socket_name), "udp:%s", netaddr_format(&local, addr));
	b.socket = slice_of(socket_name);
	w->source.routes = true;
	w->source.route.own = true;
	w->source.route.transport = TRANSPORT_UDP;
	w->source.route.addr = p->addr;
	e = ask(w, store_put(w->env.store, 0, &b, 1900000000));
	assert_int_equal(e->outcome, PROBE_ANSWERED);
	assert_int_equal(e->path, PROBE_PATH_OWN);
	assert_non_null(strstr(p->last, "OPTIONS sip:4021@10.0.0.7 SIP/2.0\r\n"));
	assert_int_equal(ntohs(((struct sockaddr_in *)&p->from)->sin_port), netaddr_port(&local));
}

TEST(a_closed_connection_of_our_own_is_flow_gone_without_a_packet)
{
	struct world *w = *state;
	const struct evidence *e;

	w->source.routes = true;
	w->source.route.own = true;
	w->source.route.transport = TRANSPORT_TCP;
	w->source.route.connection = 77;
	w->source.route.flow_gone = true;
	e = ask(w, put(w, "k1", "sip:4021@10.0.0.7;transport=tcp"));
	assert_int_equal(e->outcome, PROBE_FLOW_GONE);
	assert_int_equal(e->path, PROBE_PATH_OWN);
	assert_int_equal(e->failures, 1);
	assert_int_equal(e->probes, 0);
}

/* The kernel of the phone's side drops what comes in, as a NAT that forgot the connection does. */
static int forgotten_connection(struct world *w, struct netaddr *phone, uint32_t *connection)
{
	struct sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog program = {.len = 1, .filter = &nothing};
	int listener = socket(AF_INET, SOCK_STREAM, 0), fd;

	assert_int_equal(netaddr_parse(SLICE_LIT("127.0.0.1"), 0, phone), 0);
	assert_int_equal(bind(listener, &phone->sa, phone->len), 0);
	assert_int_equal(listen(listener, 1), 0);
	phone->len = sizeof(phone->ss);
	assert_int_equal(getsockname(listener, &phone->sa, &phone->len), 0);
	*connection = sip_transport_connect(w->env.transports[0], phone);
	assert_true(*connection > 0);
	fd = accept(listener, NULL, NULL);
	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)),
			 0);
	close(listener);
	return fd;
}

TEST(a_connection_that_only_looks_open_is_flow_gone_and_not_silence)
{
	struct world *w = *state;
	struct binding b = fake_binding("k1", "4021", "sip:4021@10.0.0.7;transport=tcp");
	char socket_name[96], received[96], addr[NETADDR_STR];
	struct netaddr phone, ours = {.len = sizeof(ours.ss)};
	const struct evidence *e;
	int fd = forgotten_connection(w, &phone, &w->source.route.connection);

	assert_int_equal(getpeername(fd, &ours.sa, &ours.len), 0);
	snprintf(socket_name, sizeof(socket_name), "tcp:%s", netaddr_format(&ours, addr));
	snprintf(received, sizeof(received), "sip:%s;transport=tcp", netaddr_format(&phone, addr));
	b.socket = slice_of(socket_name);
	b.received = slice_of(received);
	w->source.routes = true;
	w->source.route.own = true;
	w->source.route.transport = TRANSPORT_TCP;
	w->source.route.addr = phone;
	/* Time enough for the kernel to try again and again. */
	w->env.probe_timeout_ms = 4000;
	e = ask(w, store_put(w->env.store, 0, &b, 1900000000));
	assert_int_equal(e->outcome, PROBE_FLOW_GONE);
	assert_int_equal(e->path, PROBE_PATH_OWN);
	assert_int_equal(strncmp(e->detail, "half-open: ", 11), 0);
	close(fd);
}

/* ---- through a registrar --------------------------------------------------------------------- */

TEST(through_the_registrar_its_uri_is_asked_and_from_is_foreign)
{
	struct world *w = *state;
	struct peer *reg = peer_new(w, 200), *phone = peer_new(w, 200);
	const struct evidence *e;

	route_over(w, reg);
	e = ask(w, put_at(w, "k1", phone));
	assert_int_equal(e->outcome, PROBE_ANSWERED);
	assert_int_equal(e->path, PROBE_PATH_REGISTRAR);
	assert_false(e->by_registrar);
	assert_non_null(strstr(reg->last, "OPTIONS sip:uloc-1-a@acme.example;gr SIP/2.0\r\n"));
	assert_non_null(strstr(reg->last, "<sip:regtop@regtop.invalid>"));
	assert_int_equal(phone->got, 0);
}

TEST(silence_through_the_registrar_and_icmp_direct_is_refused)
{
	struct world *w = *state;
	struct peer *reg = peer_new(w, 0), *phone = peer_new(w, 200);
	binding_id id = put_at(w, "k1", phone);
	const struct evidence *e;

	peer_close(phone);
	route_over(w, reg);
	e = ask(w, id);
	assert_int_equal(e->outcome, PROBE_REFUSED);
	assert_int_equal(e->path, PROBE_PATH_DIRECT);
	assert_int_equal(e->probes, 1);
	assert_int_equal(e->failures, 1);
	assert_true(reg->got > 0);
}

TEST(an_answer_through_the_registrar_after_all_takes_refused_back)
{
	struct world *w = *state;
	struct peer *reg = peer_new(w, 0), *phone = peer_new(w, 200);
	binding_id id = put_at(w, "k1", phone);
	const struct evidence *e;

	peer_close(phone);
	route_over(w, reg);
	assert_int_equal(ask(w, id)->outcome, PROBE_REFUSED);
	reg->code = 200;
	peer_answer(reg);
	while (w->results < 2)
		loop_turn(w->env.loop, true);
	e = store_evidence(w->env.store, id);
	assert_int_equal(e->outcome, PROBE_ANSWERED);
	assert_int_equal(e->path, PROBE_PATH_REGISTRAR);
	assert_true(e->late);
	assert_int_equal(e->failures, 0);
}

TEST(a_direct_answer_does_not_override_silence_through_the_registrar)
{
	struct world *w = *state;
	struct peer *reg = peer_new(w, 0), *phone = peer_new(w, 200);
	const struct evidence *e;

	route_over(w, reg);
	e = ask(w, put_at(w, "k1", phone));
	assert_int_equal(e->outcome, PROBE_SILENT);
	assert_int_equal(e->path, PROBE_PATH_REGISTRAR);
	assert_int_equal(phone->got, 1);
	assert_non_null(strstr(e->detail, "answers direct"));
	assert_int_equal(e->heard_ms, 0);
}

TEST(behind_nat_nothing_is_sent_direct)
{
	struct world *w = *state;
	struct peer *reg = peer_new(w, 0), *phone = peer_new(w, 200);
	struct binding b = fake_binding("k1", "4021", "sip:4021@10.1.2.3:5060");
	char received[96], addr[NETADDR_STR];

	snprintf(received, sizeof(received), "sip:%s", netaddr_format(&phone->addr, addr));
	b.received = slice_of(received);
	route_over(w, reg);
	assert_int_equal(ask(w, store_put(w->env.store, 0, &b, 1900000000))->outcome, PROBE_SILENT);
	assert_int_equal(phone->got, 0);
}

static const struct evidence *registrar_says(struct world *w, int code, const char *reason,
					     const char *headers, const char *contact)
{
	struct peer *reg = peer_new(w, code);
	const struct evidence *e;

	reg->reason = reason;
	reg->headers = headers;
	route_over(w, reg);
	e = ask(w, put(w, "k1", contact));
	assert_int_equal(e->path, PROBE_PATH_REGISTRAR);
	return e;
}

#define KAMAILIO "Server: kamailio (5.6.3 (x86_64/linux))\r\n"

TEST(a_404_of_the_registrar_is_not_the_phones)
{
	const struct evidence *e =
		registrar_says(*state, 404, "No binding", KAMAILIO, "sip:4021@10.0.0.1");

	assert_int_equal(e->outcome, PROBE_ANSWERED);
	assert_int_equal(e->code, 404);
	assert_true(e->by_registrar);
	assert_int_equal(e->heard_ms, 0);
	assert_int_equal(e->answers, 0);
	assert_string_equal(e->detail, "No binding");
}

TEST(a_404_of_the_phone_is_the_phones)
{
	const struct evidence *e =
		registrar_says(*state, 404, "Not Found", NULL, "sip:4021@10.0.0.1");

	assert_false(e->by_registrar);
	assert_int_equal(e->code, 404);
	assert_true(e->heard_ms > 0);
}

TEST(a_registrar_that_cannot_send_means_no_route)
{
	const struct evidence *e = registrar_says(
		*state, 477, "Unfortunately error on sending to next hop occurred (477/TM)",
		KAMAILIO, "sip:4021@10.0.0.1");

	assert_int_equal(e->outcome, PROBE_NO_ROUTE);
	assert_true(e->by_registrar);
	assert_int_equal(e->failures, 1);
}

TEST(a_registrar_that_cannot_send_on_a_stream_means_flow_gone)
{
	const struct evidence *e = registrar_says(
		*state, 477, "Unfortunately error on sending to next hop occurred (477/TM)", NULL,
		"sip:4021@10.0.0.1;transport=tcp");

	assert_int_equal(e->outcome, PROBE_FLOW_GONE);
	assert_true(e->by_registrar);
}

TEST(a_408_of_the_registrar_is_silence)
{
	const struct evidence *e =
		registrar_says(*state, 408, "Request Timeout", KAMAILIO, "sip:4021@10.0.0.1");

	assert_int_equal(e->outcome, PROBE_SILENT);
	assert_true(e->by_registrar);
	assert_int_equal(e->heard_ms, 0);
	assert_int_equal(e->failures, 1);
}

TEST(a_late_408_of_the_registrar_leaves_silence_silence)
{
	struct world *w = *state;
	struct peer *reg = peer_new(w, 0);
	binding_id id = put(w, "k1", "sip:4021@10.0.0.1");
	const struct evidence *e;

	route_over(w, reg);
	assert_int_equal(ask(w, id)->outcome, PROBE_SILENT);
	reg->code = 408;
	reg->reason = "Request Timeout";
	reg->headers = KAMAILIO;
	peer_answer(reg);
	do {
		loop_turn(w->env.loop, true);
		e = store_evidence(w->env.store, id);
	} while (!e->by_registrar);
	assert_int_equal(e->outcome, PROBE_SILENT);
	assert_int_equal(e->heard_ms, 0);
	assert_int_equal(e->failures, 1);
	assert_int_equal(e->answers, 0);
}

TEST(a_registrar_whose_sip_port_is_shut_does_not_blame_the_phone)
{
	struct world *w = *state;
	struct peer *reg = peer_new(w, 0), *phone = peer_new(w, 200);
	const struct evidence *e;

	route_over(w, reg);
	peer_close(reg);
	e = ask(w, put_at(w, "k1", phone));
	assert_int_equal(e->outcome, PROBE_ANSWERED);
	assert_int_equal(e->path, PROBE_PATH_DIRECT);
	assert_true(e->away);
	e = ask(w, put(w, "k2", "sip:4021@192.0.2.1;transport=tls"));
	assert_int_equal(e->outcome, PROBE_UNROUTABLE);
	assert_non_null(strstr(e->detail, "registrar takes no SIP"));
	assert_int_equal(e->failures, 0);
}

/* ---- bindings that change under way ---------------------------------------------------------- */

static void rebind(struct peer *p)
{
	struct world *w = p->ctx;

	if (p->got == 1)
		put_at(w, "k1", &w->peers[1]);
}

/* ---- requests that the registrar sends itself ------------------------------------------------ */

static void run_until(struct world *w, const unsigned *counter, unsigned n)
{
	int64_t end = clock_mono_ms(&clock_system) + 10000;

	while (*counter < n) {
		loop_turn(w->env.loop, true);
		assert_true(clock_mono_ms(&clock_system) < end);
	}
}

/* The registrar sends, and tells this of it. */
static const struct evidence *told(struct world *w, binding_id id, struct source_uac_reply r)
{
	const struct evidence *e;

	w->source.uacs = true;
	pinger_ask(w->pinger, id);
	run_until(w, &w->source.uac_calls, 1);
	w->source.uac_fn(w->source.uac_ctx, &r);
	run(w);
	e = store_evidence(w->env.store, id);
	assert_non_null(e);
	assert_false(e->pending);
	return e;
}

TEST(without_a_way_through_the_registrar_it_sends_the_probe_itself)
{
	struct world *w = *state;
	struct peer *p = peer_new(w, 200);
	struct source_uac_reply r = {.end = SOURCE_UAC_ANSWER,
				     .code = 486,
				     .rtt_us = 1234,
				     .reason = SLICE_LIT("Busy"),
				     .agent = SLICE_LIT("Phone/1")};
	const struct evidence *e = told(w, put_at(w, "1", p), r);

	assert_int_equal(e->outcome, PROBE_ANSWERED);
	assert_int_equal(e->path, PROBE_PATH_REGISTRAR);
	assert_int_equal(e->code, 486);
	assert_int_equal(e->rtt_us, 1234);
	assert_string_equal(e->agent, "Phone/1");
	assert_false(e->by_registrar);
	/* Nothing of ours went out. */
	assert_int_equal(p->got, 0);
	assert_int_equal(w->results, 1);
}

TEST(a_408_that_the_registrar_tells_is_silence_of_the_phone)
{
	struct world *w = *state;
	struct source_uac_reply r = {.end = SOURCE_UAC_ANSWER, .code = 408, .by_registrar = true};
	const struct evidence *e = told(w, put(w, "1", "sip:4021@phone.example"), r);

	assert_int_equal(e->outcome, PROBE_SILENT);
	assert_true(e->by_registrar);
	assert_int_equal(e->code, 408);
	assert_int_equal(e->failures, 1);
}

TEST(silence_that_the_registrar_tells_is_silence)
{
	struct world *w = *state;
	struct source_uac_reply r = {.end = SOURCE_UAC_SILENT};
	const struct evidence *e = told(w, put(w, "1", "sip:4021@phone.example"), r);

	assert_int_equal(e->outcome, PROBE_SILENT);
	assert_int_equal(e->path, PROBE_PATH_REGISTRAR);
}

TEST(a_registrar_that_cannot_be_asked_does_not_blame_the_phone)
{
	struct world *w = *state;
	struct peer *p = peer_new(w, 200);
	struct source_uac_reply r = {.end = SOURCE_UAC_FAILED};
	const struct evidence *e;

	err_set(&r.e, -ENOENT, NULL, "There is no control socket.");
	e = told(w, put_at(w, "1", p), r);
	assert_int_equal(e->outcome, PROBE_ANSWERED);
	assert_int_equal(e->path, PROBE_PATH_DIRECT);
	w->source.uac_calls = 0;
	e = told(w, put(w, "2", "sip:4021@phone.example"), r);
	assert_int_equal(e->outcome, PROBE_UNROUTABLE);
	assert_non_null(strstr(e->detail, "cannot be asked: There is no control socket"));
}

TEST(so_many_requests_of_the_registrar_are_open_and_no_more)
{
	struct world *w = *state;
	char key[16], contact[64];
	unsigned n = PING_UAC_PLACES * 4;

	w->source.uacs = true;
	for (unsigned i = 0; i < n; i++) {
		snprintf(key, sizeof(key), "k%u", i);
		snprintf(contact, sizeof(contact), "sip:p%u@phone.example", i);
		pinger_ask(w->pinger, put(w, key, contact));
	}
	run_until(w, &w->source.uac_calls, PING_UAC_PLACES / 2);
	for (int i = 0; i < 200; i++)
		loop_turn(w->env.loop, false);
	assert_true(w->source.uac_calls <= PING_UAC_PLACES);
	assert_int_equal(pinger_open(w->pinger), n);
	pinger_cancel(w->pinger);
	assert_int_equal(pinger_open(w->pinger), w->source.uac_calls);
	pinger_free(w->pinger);
	assert_int_equal(w->source.uac_cancels, w->source.uac_calls);
	w->pinger = pinger_new(&w->env, 1000);
}

TEST(a_binding_that_moved_during_the_probe_is_asked_once_more)
{
	struct world *w = *state;
	struct peer *old = peer_new(w, 0), *new = peer_new(w, 200);
	const struct evidence *e;

	old->on_request = rebind;
	old->ctx = w;
	e = ask(w, put_at(w, "k1", old));
	assert_int_equal(e->outcome, PROBE_ANSWERED);
	assert_int_equal(e->probes, 1);
	assert_int_equal(e->failures, 0);
	assert_int_equal(new->got, 1);
	assert_int_equal(w->results, 1);
}

static void unregister(struct peer *p)
{
	store_remove(((struct world *)p->ctx)->env.store, 0, SLICE_LIT("k1"));
}

TEST(a_binding_that_left_during_the_probe_leaves_no_result)
{
	struct world *w = *state;
	struct peer *p = peer_new(w, 200);

	p->on_request = unregister;
	p->ctx = w;
	pinger_ask(w->pinger, put_at(w, "k1", p));
	run(w);
	assert_int_equal(p->got, 1);
	assert_int_equal(w->results, 0);
}

/* ---- pace ------------------------------------------------------------------------------------ */

TEST(asking_twice_sends_once)
{
	struct world *w = *state;
	struct peer *p = peer_new(w, 200);
	binding_id id = put_at(w, "k1", p);

	pinger_ask(w->pinger, id);
	pinger_ask(w->pinger, id);
	assert_int_equal(pinger_open(w->pinger), 1);
	loop_turn(w->env.loop, true);
	assert_true(store_evidence(w->env.store, id)->pending);
	pinger_ask(w->pinger, id);
	run(w);
	assert_int_equal(p->got, 1);
	assert_int_equal(w->results, 1);
}

TEST(one_destination_gets_one_probe_at_a_time)
{
	struct world *w = *state;
	struct peer *silent = peer_new(w, 0), *other = peer_new(w, 200);
	binding_id a = put_at(w, "k1", silent), b = put_at(w, "k2", silent),
		   c = put_at(w, "k3", other);
	const struct evidence *e;

	pinger_ask(w->pinger, a);
	pinger_ask(w->pinger, b);
	pinger_ask(w->pinger, c);
	while (w->results == 0)
		loop_turn(w->env.loop, true);
	/* The third overtook the second, which has to wait for the first. */
	assert_int_equal(w->last, c);
	e = store_evidence(w->env.store, b);
	assert_true(!e || !e->pending);
	assert_int_equal(pinger_open(w->pinger), 2);
	run(w);
	assert_int_equal(store_evidence(w->env.store, b)->outcome, PROBE_SILENT);
	assert_true(store_evidence(w->env.store, b)->asked_ms -
			    store_evidence(w->env.store, a)->asked_ms >=
		    VERDICT_MS);
}

/* Nobody else may be on the way to where this request came. */
static void is_alone(struct peer *p)
{
	struct world *w = p->ctx;
	struct ping_progress now;

	pinger_progress(w->pinger, &now);
	/* With the one that moved, whose place is elsewhere. */
	assert_in_range(now.flying, 1, 2);
}

TEST(many_of_one_destination_go_one_after_the_other)
{
	enum { MANY = 60 };
	struct world *w = *state;
	struct peer *p = peer_new(w, 200);
	binding_id ids[MANY];
	char key[16];

	for (unsigned i = 0; i < MANY; i++) {
		snprintf(key, sizeof(key), "m%u", i);
		ids[i] = put_at(w, key, p);
		pinger_ask(w->pinger, ids[i]);
	}
	/* One of those who wait leaves, another one moves: the others do not wait in vain. */
	store_remove(w->env.store, 0, SLICE_LIT("m1"));
	put_at(w, "m2", peer_new(w, 0));
	p->on_request = is_alone;
	p->ctx = w;
	run(w);
	assert_int_equal(p->got, MANY - 2);
	for (unsigned i = 3; i < MANY; i++)
		assert_int_equal(store_evidence(w->env.store, ids[i])->outcome, PROBE_ANSWERED);
	assert_int_equal(store_evidence(w->env.store, ids[2])->outcome, PROBE_SILENT);
}

TEST(a_cancel_forgets_those_who_wait_for_a_place_too)
{
	struct world *w = *state;
	struct peer *p = peer_new(w, 0);
	struct ping_progress now;
	char key[16];

	for (unsigned i = 0; i < 10; i++) {
		snprintf(key, sizeof(key), "m%u", i);
		pinger_ask(w->pinger, put_at(w, key, p));
	}
	while (p->got == 0)
		loop_turn(w->env.loop, true);
	assert_int_equal(pinger_cancel(w->pinger), 9);
	pinger_progress(w->pinger, &now);
	assert_true(now.stopped);
	assert_int_equal(now.forgotten, 9);
	assert_int_equal(now.flying, 1);
	run(w);
	assert_int_equal(p->got, 1);
	/* And they can be asked again. */
	p->code = 200;
	pinger_ask(w->pinger, store_find(w->env.store, 0, SLICE_LIT("m7")));
	run(w);
	pinger_progress(w->pinger, &now);
	assert_false(now.stopped);
	assert_int_equal(now.total, 1);
	assert_int_equal(now.answered, 1);
}

TEST(progress_counts_how_all_of_them_ended)
{
	struct world *w = *state;
	struct peer *closed = peer_new(w, 200);
	struct ping_progress now;
	binding_id ids[4] = {put_at(w, "k1", peer_new(w, 200)), put_at(w, "k2", peer_new(w, 0)),
			     put_at(w, "k3", closed), put(w, "k4", "sip:a@name.example")};

	peer_close(closed);
	pinger_progress(w->pinger, &now);
	assert_int_equal(now.total, 0);
	for (size_t i = 0; i < 4; i++)
		pinger_ask(w->pinger, ids[i]);
	pinger_progress(w->pinger, &now);
	assert_int_equal(now.total, 4);
	assert_int_equal(now.waiting, 4);
	run(w);
	pinger_progress(w->pinger, &now);
	assert_int_equal(now.answered, 1);
	assert_int_equal(now.silent, 1);
	assert_int_equal(now.failed, 2);
	assert_int_equal(now.waiting + now.flying, 0);
	assert_int_equal(now.left_s, 0);
}

TEST(the_rate_holds_and_a_cancel_forgets_what_waits)
{
	enum { MANY = 40 };
	struct world *w = *state;
	struct peer *p = peer_new(w, 0);
	struct pinger *slow;

	w->env.clock = &w->clock.clock;
	slow = pinger_new(&w->env, 20);
	for (unsigned i = 0; i < MANY; i++) {
		char key[16], contact[64];

		snprintf(key, sizeof(key), "m%u", i);
		snprintf(contact, sizeof(contact), "sip:4021@127.0.0.%u:%u", 2 + i,
			 netaddr_port(&p->addr));
		pinger_ask(slow, put(w, key, contact));
	}
	/* Nobody listens there: each one that goes out comes back as ICMP. */
	pinger_on_result(slow, on_result, w);
	while (w->results < 1)
		loop_turn(w->env.loop, true);
	for (int i = 0; i < 50; i++)
		loop_turn(w->env.loop, false);
	assert_int_equal(w->results, 1);
	clock_fake_advance(&w->clock, 51);
	while (w->results < 2)
		loop_turn(w->env.loop, true);
	for (int i = 0; i < 50; i++)
		loop_turn(w->env.loop, false);
	assert_int_equal(w->results, 2);
	assert_int_equal(pinger_open(slow), MANY - 2);
	assert_int_equal(pinger_cancel(slow), MANY - 2);
	assert_int_equal(pinger_open(slow), 0);
	pinger_free(slow);
	w->env.clock = &clock_system;
}

int main(void)
{
#define P(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		P(a_direct_answer_is_recorded_with_who_gave_it),
		P(the_contact_goes_out_byte_for_byte_and_from_is_of_the_aors_domain),
		P(silence_is_a_failure_with_a_first_time),
		P(an_answer_ends_a_run_of_failures),
		P(a_closed_port_is_refused_by_icmp),
		P(a_late_answer_turns_silence_around),
		P(hostile_words_of_an_answer_are_cleaned),
		P(what_cannot_be_reached_from_here_is_not_sent_and_says_why),
		P(bytes_that_would_break_the_message_are_never_sent),
		P(a_source_without_a_socket_cannot_ask),
		P(our_own_registrar_asks_from_the_socket_that_took_the_register),
		P(a_closed_connection_of_our_own_is_flow_gone_without_a_packet),
		P(a_connection_that_only_looks_open_is_flow_gone_and_not_silence),
		P(through_the_registrar_its_uri_is_asked_and_from_is_foreign),
		P(silence_through_the_registrar_and_icmp_direct_is_refused),
		P(an_answer_through_the_registrar_after_all_takes_refused_back),
		P(a_direct_answer_does_not_override_silence_through_the_registrar),
		P(behind_nat_nothing_is_sent_direct),
		P(a_404_of_the_registrar_is_not_the_phones),
		P(a_404_of_the_phone_is_the_phones),
		P(a_registrar_that_cannot_send_means_no_route),
		P(a_registrar_that_cannot_send_on_a_stream_means_flow_gone),
		P(a_408_of_the_registrar_is_silence),
		P(a_late_408_of_the_registrar_leaves_silence_silence),
		P(a_registrar_whose_sip_port_is_shut_does_not_blame_the_phone),
		P(without_a_way_through_the_registrar_it_sends_the_probe_itself),
		P(a_408_that_the_registrar_tells_is_silence_of_the_phone),
		P(silence_that_the_registrar_tells_is_silence),
		P(a_registrar_that_cannot_be_asked_does_not_blame_the_phone),
		P(so_many_requests_of_the_registrar_are_open_and_no_more),
		P(a_binding_that_moved_during_the_probe_is_asked_once_more),
		P(a_binding_that_left_during_the_probe_leaves_no_result),
		P(asking_twice_sends_once),
		P(one_destination_gets_one_probe_at_a_time),
		P(many_of_one_destination_go_one_after_the_other),
		P(a_cancel_forgets_those_who_wait_for_a_place_too),
		P(progress_counts_how_all_of_them_ended),
		P(the_rate_holds_and_a_cancel_forgets_what_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
