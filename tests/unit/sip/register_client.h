/* For tests: a registrar on a loopback socket, and a client that asks it and reads the answer. */
#ifndef REGTOP_TESTS_REGISTER_CLIENT_H
#define REGTOP_TESTS_REGISTER_CLIENT_H

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include "test.h"
#include "base/alloc.h"
#include "base/strbuf.h"
#include "sip/registrar.h"

#define START_MS 1760000000000

struct client {
	struct loop *loop;
	struct clock_fake clock;
	struct sip_transport *transport;
	struct registrar *registrar;
	struct registrar_config cfg;
	struct registrar_listener listener;
	struct netaddr server, self;
	int fd;
	unsigned branch;
	char sent[SIP_MAX_MESSAGE], answer[65536];
	unsigned puts, gones, troubles;
	char last_gone[64];
};

static void count_put(void *ctx, const struct registrar_binding *b)
{
	(void)b;
	((struct client *)ctx)->puts++;
}

static void count_gone(void *ctx, struct slice key)
{
	struct client *c = ctx;

	c->gones++;
	slice_to_buf(key, c->last_gone, sizeof(c->last_gone));
}

static void count_trouble(void *ctx, const struct err *e)
{
	((struct client *)ctx)->troubles += e != NULL;
}

static int client_socket(struct netaddr *self)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(netaddr_parse(SLICE_LIT("127.0.0.1"), 0, self), 0);
	assert_int_equal(bind(fd, &self->sa, self->len), 0);
	self->len = sizeof(self->ss);
	assert_int_equal(getsockname(fd, &self->sa, &self->len), 0);
	return fd;
}

static void client_serve(struct client *c)
{
	struct err e = ERR_NONE;

	c->registrar =
		registrar_new(c->loop, &c->clock.clock, c->transport, &c->cfg, &c->listener, &e);
	if (!c->registrar)
		fail_msg("%s", e.what);
}

static struct client *client_new(const struct registrar_config *cfg)
{
	struct client *c = xcalloc(1, sizeof(*c));
	struct netaddr any;
	struct err e = ERR_NONE;

	sip_message_init();
	if (cfg)
		c->cfg = *cfg;
	c->listener = (struct registrar_listener){c, count_put, count_gone, count_trouble};
	c->loop = loop_new();
	clock_fake_init(&c->clock, START_MS);
	c->transport = sip_transport_new(c->loop, &c->clock.clock);
	netaddr_parse(SLICE_LIT("127.0.0.1"), 0, &any);
	assert_int_equal(sip_transport_listen(c->transport, TRANSPORT_UDP, &any, &e), 0);
	assert_true(sip_transport_local(c->transport, TRANSPORT_UDP, NULL, &c->server));
	c->fd = client_socket(&c->self);
	client_serve(c);
	return c;
}

static void client_free(struct client *c)
{
	registrar_free(c->registrar);
	sip_transport_free(c->transport);
	loop_free(c->loop);
	close(c->fd);
	free(c);
}

static void client_send(struct client *c, const char *text)
{
	assert_int_equal(sendto(c->fd, text, strlen(text), 0, &c->server.sa, c->server.len),
			 (ssize_t)strlen(text));
}

/* The next answer, or NULL when none comes within so many real milliseconds. */
static const char *client_receive(struct client *c, int64_t within_ms)
{
	int64_t end = clock_mono_ms(&clock_system) + within_ms;

	do {
		ssize_t n = recv(c->fd, c->answer, sizeof(c->answer) - 1, 0);

		if (n >= 0) {
			c->answer[n] = '\0';
			return c->answer;
		}
		loop_turn(c->loop, false);
		usleep(200);
	} while (clock_mono_ms(&clock_system) < end);
	return NULL;
}

static const char *client_ask(struct client *c, const char *text)
{
	const char *answer;

	client_send(c, text);
	answer = client_receive(c, 5000);
	assert_non_null(answer);
	return answer;
}

/* The text of a REGISTER for aor; lines are further headers, each ending in CRLF. */
static const char *register_text(struct client *c, const char *aor, const char *call_id,
				 unsigned cseq, const char *lines)
{
	char address[NETADDR_STR];
	struct strbuf b = STRBUF_INIT;

	strbuf_addf(&b,
		    "REGISTER sip:%s SIP/2.0\r\n"
		    "Via: SIP/2.0/UDP %s;branch=z9hG4bKt%u;rport\r\n"
		    "Max-Forwards: 70\r\n"
		    "From: <sip:%s>;tag=f1\r\n"
		    "To: <sip:%s>\r\n"
		    "Call-ID: %s\r\n"
		    "CSeq: %u REGISTER\r\n"
		    "User-Agent: test phone\r\n%s"
		    "Content-Length: 0\r\n\r\n",
		    strchr(aor, '@') + 1, netaddr_format(&c->self, address), ++c->branch, aor, aor,
		    call_id, cseq, lines);
	slice_to_buf(strbuf_slice(&b), c->sent, sizeof(c->sent));
	strbuf_free(&b);
	return c->sent;
}

static int code_of(const char *answer)
{
	assert_int_equal(strncmp(answer, "SIP/2.0 ", 8), 0);
	return (int)strtol(answer + 8, NULL, 10);
}

/* Registers and returns the code; the answer's text is in c->answer. */
static int reg(struct client *c, const char *aor, const char *call_id, unsigned cseq,
	       const char *lines)
{
	return code_of(client_ask(c, register_text(c, aor, call_id, cseq, lines)));
}

static unsigned count_in(const char *text, const char *word)
{
	unsigned n = 0;

	for (; (text = strstr(text, word)); text += strlen(word))
		n++;
	return n;
}

/* How many bindings the registrar names when asked. */
static unsigned listed(struct client *c, const char *aor)
{
	assert_int_equal(reg(c, aor, "query", 1, ""), 200);
	return count_in(c->answer, "\r\nContact: ");
}

static bool copy_one(void *ctx, const struct registrar_binding *b)
{
	*(struct registrar_binding *)ctx = *b;
	return false;
}

/* The only binding; its slices live until the next change. */
static struct registrar_binding only(struct client *c)
{
	struct registrar_binding b;

	assert_int_equal(registrar_count(c->registrar), 1);
	registrar_each(c->registrar, copy_one, &b);
	return b;
}

#endif
