/* Which connections of phones Kamailio still holds: core.tcp_list joined with Tcpconn-Id. */
#include "source/kamailio_flows.h"

#include <stdio.h>
#include <stdlib.h>
#include "base/alloc.h"
#include "base/sipuri.h"
#include "source/kamailio_ask_state.h"
#include "source/kamailio_owner.h"

#define ASK_MS 10000
/* A list that did not come was too long for its channel, most likely. */
#define REFUSED_MS 300000
/* So many connections are looked up at a time: a screen holds less. */
#define FLOWS_MAX 500

struct flow {
	struct binding *b;
	struct control *control;
};

struct kamailio_flows {
	const struct clock *clock;
	struct source *source;
	bool closing, asking;
	struct flow noted[FLOWS_MAX], asked[FLOWS_MAX];
	size_t noted_n, asked_n;
	size_t at; /* of asked: its control is the one that is asked now */
	int64_t next_us;
};

static void forget(struct flow *flows, size_t *n)
{
	for (size_t i = 0; i < *n; i++)
		free(flows[i].b);
	*n = 0;
}

static bool is_stream(const struct binding *b)
{
	struct slice word = SLICE_NONE;

	slice_cut(b->socket, ':', &word);
	switch (transport_parse(word)) {
	case TRANSPORT_TCP:
	case TRANSPORT_TLS:
	case TRANSPORT_WS:
	case TRANSPORT_WSS:
		return true;
	default:
		return false;
	}
}

void kamailio_flows_note(struct kamailio_flows *f, struct control *control, const struct binding *b)
{
	/* -1: no connection is known, as after a restart. */
	if (!is_stream(b) || b->connection <= 0 || f->noted_n == FLOWS_MAX)
		return;
	f->noted[f->noted_n++] = (struct flow){binding_copy(b), control};
}

/* ---- the answer ------------------------------------------------------------------------------ */

/* Where its REGISTER came from: a number that was given anew belongs to somebody else. */
static bool is_peer(const struct binding *b, const json_t *conn)
{
	const char *ip = json_string_value(json_object_get(conn, "src_ip"));
	json_int_t port = json_integer_value(json_object_get(conn, "src_port"));
	struct netaddr theirs, mine;
	struct sip_uri uri;

	if (!b->received.n || sip_uri_split(b->received, &uri) < 0 || !uri.port || !ip ||
	    netaddr_parse(uri.host, uri.port, &mine) < 0 || port <= 0 || port > 65535 ||
	    netaddr_parse(slice_of(ip), (unsigned)port, &theirs) < 0)
		return true;
	return netaddr_eq(&mine, &theirs);
}

static const json_t *find_connection(const json_t *list, int32_t id)
{
	const json_t *conn;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)list, i, conn)
	{
		const json_t *theirs = json_object_get(conn, "id");

		if (json_is_integer(theirs) && json_integer_value(theirs) == id)
			return conn;
	}
	return NULL;
}

static void tell_gone(struct kamailio_flows *f, const struct binding *b, const char *why)
{
	const struct source_sink *sink = &f->source->sink;
	struct evidence e = {.outcome = PROBE_FLOW_GONE,
			     .path = PROBE_PATH_REGISTRAR,
			     .failures = 1,
			     .asked_ms = clock_wall_ms(f->clock)};

	e.failed_first_ms = e.asked_ms;
	slice_to_buf(slice_of(why), e.detail, sizeof(e.detail));
	sink->evidence(sink->ctx, b->key, &e);
}

static void look_up(struct kamailio_flows *f, const struct binding *b, const json_t *list)
{
	const json_t *conn = find_connection(list, b->connection);

	if (!conn)
		tell_gone(f, b, "Kamailio no longer holds the connection it registered over");
	else if (!is_peer(b, conn))
		tell_gone(f, b, "the connection it registered over is another phone's now");
}

static void ask_next(struct kamailio_flows *f);

static void finish(struct kamailio_flows *f, bool refused)
{
	forget(f->asked, &f->asked_n);
	f->asking = false;
	f->next_us = clock_mono_us(f->clock) + (refused ? REFUSED_MS : ASK_MS) * 1000LL;
}

static void on_list(void *ctx, const struct control_reply *r)
{
	struct kamailio_flows *f = ctx;
	struct control *control;

	if (f->closing)
		return;
	if (r->outcome != CONTROL_RESULT || !json_is_array(r->result)) {
		finish(f, true);
		return;
	}
	control = f->asked[f->at].control;
	for (size_t i = f->at; i < f->asked_n; i++) {
		if (f->asked[i].control != control || !f->asked[i].b)
			continue;
		look_up(f, f->asked[i].b, r->result);
		free(f->asked[i].b);
		f->asked[i].b = NULL;
	}
	ask_next(f);
}

/* A number means something only at the Kamailio that gave it: in db_mode 3 another node's rows are
 * known there too. */
static void on_sockets(void *ctx, const struct control_reply *r)
{
	struct kamailio_flows *f = ctx;
	struct control *control;
	bool any = false;

	if (f->closing)
		return;
	control = f->asked[f->at].control;
	for (size_t i = f->at; i < f->asked_n; i++) {
		struct flow *flow = &f->asked[i];

		if (flow->control != control || !flow->b)
			continue;
		if (r->outcome == CONTROL_RESULT &&
		    kamailio_lists_socket(r->result, flow->b->socket)) {
			any = true;
			continue;
		}
		free(flow->b);
		flow->b = NULL;
	}
	if (any)
		control_call(control, "core.tcp_list", NULL, on_list, f);
	else
		ask_next(f);
}

static void ask_next(struct kamailio_flows *f)
{
	while (f->at < f->asked_n && !f->asked[f->at].b)
		f->at++;
	if (f->at < f->asked_n)
		control_call(f->asked[f->at].control, "core.sockets_list", NULL, on_sockets, f);
	else
		finish(f, false);
}

void kamailio_flows_ask(struct kamailio_flows *f)
{
	if (f->asking || !f->noted_n || clock_mono_us(f->clock) < f->next_us) {
		forget(f->noted, &f->noted_n);
		return;
	}
	memcpy(f->asked, f->noted, f->noted_n * sizeof(*f->noted));
	f->asked_n = f->noted_n;
	f->noted_n = 0;
	f->at = 0;
	f->asking = true;
	ask_next(f);
}

/* ---- opening --------------------------------------------------------------------------------- */

struct kamailio_flows *kamailio_flows_new(const struct clock *c, struct source *s)
{
	struct kamailio_flows *f = xcalloc(1, sizeof(*f));

	f->clock = c;
	f->source = s;
	return f;
}

void kamailio_flows_close(struct kamailio_flows *f)
{
	if (f)
		f->closing = true;
}

void kamailio_flows_free(struct kamailio_flows *f)
{
	if (!f)
		return;
	forget(f->noted, &f->noted_n);
	forget(f->asked, &f->asked_n);
	free(f);
}
