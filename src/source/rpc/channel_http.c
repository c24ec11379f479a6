/* JSON-RPC over HTTP: Kamailio's jsonrpcs behind xhttp, OpenSIPS's mi_http. */
#include "source/rpc/channel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/alloc.h"
#include "base/slice.h"
#include "base/text.h"
#include "source/rpc/http.h"
#include "source/rpc/jsonrpc.h"

struct http_channel {
	struct channel base;
	struct http *http;
	char shown[128];
	enum control_flavour flavour;
	char *text; /* the open request */
	json_int_t id;
};

static struct http_channel *of(struct channel *ch)
{
	return (struct http_channel *)ch;
}

static const struct http_channel *of_const(const struct channel *ch)
{
	return (const struct http_channel *)ch;
}

static int http_tell(const struct channel *ch, int code, unsigned time_ms, struct err *e)
{
	const struct http_channel *h = of_const(ch);

	if (code == -ETIMEDOUT && !http_has_sent(h->http))
		return err_set(e, code, "Is the address right, and no firewall in between?",
			       "%s could not be reached within %u ms.", h->shown, time_ms);
	if (code == -ETIMEDOUT)
		return err_set(e, code, "The registrar is busy or hangs; try again.",
			       "%s gave no answer within %u ms.", h->shown, time_ms);
	return err_set(e, code, NULL, "%s: %s.", h->shown, strerror(-code));
}

/* Whether a server is there can only be told by asking it. */
static int http_check(const struct channel *ch, struct err *e)
{
	(void)ch;
	(void)e;
	return 0;
}

static void fail(struct http_channel *h, enum channel_way way, const struct err *e)
{
	channel_fail(&h->base, way, e);
}

/* Kamailio answers faults with JSON and a status of 400 or more; a status without JSON is the HTTP
 * server's own word. */
static void on_http(void *ctx, int rc, bool sent, unsigned status, struct slice body,
		    const struct err *e)
{
	struct http_channel *h = ctx;
	json_t *doc = NULL;
	struct err mine;

	body = slice_trim(body);
	if (rc < 0) {
		fail(h, sent ? CHANNEL_NO_ANSWER : CHANNEL_NOT_SENT, e);
		return;
	}
	if (status != 200 && (!body.n || body.p[0] != '{')) {
		err_set(&mine, -EPROTO,
			h->flavour == CONTROL_KAMAILIO
				? "Name jsonrpcs' path: --control http://127.0.0.1:5060/RPC."
				: "Name mi_http's path: --control http://127.0.0.1:8888/mi.",
			"%s answered %u: no JSON-RPC is served there.", h->shown, status);
		fail(h, CHANNEL_NO_ANSWER, &mine);
		return;
	}
	rc = jsonrpc_answer(body, h->id, &doc);
	if (rc == 0) {
		channel_done(&h->base, doc);
		json_decref(doc);
		return;
	}
	/* On this connection nothing else comes. */
	if (rc == -ENOMSG)
		err_set(&mine, -EPROTO, NULL, "The answer of %s is for another request.", h->shown);
	else
		err_set(&mine, -EPROTO, NULL, "The answer of %s is not JSON.", h->shown);
	fail(h, CHANNEL_NO_ANSWER, &mine);
}

static int http_send(struct channel *ch, const struct channel_request *r)
{
	struct http_channel *h = of(ch);

	free(h->text);
	h->text = jsonrpc_request(r->method, r->params, r->id, NULL);
	if (!h->text)
		return -EILSEQ;
	h->id = r->id;
	http_post(h->http, slice_of(h->text), on_http, h);
	return 0;
}

static bool http_may_have_arrived(const struct channel *ch)
{
	return http_has_sent(of_const(ch)->http);
}

static void http_channel_abort(struct channel *ch)
{
	http_abort(of(ch)->http);
}

static void http_channel_free(struct channel *ch)
{
	struct http_channel *h = of(ch);

	http_free(h->http);
	free(h->text);
	free(h);
}

static struct channel *http_channel_open(struct loop *l, enum control_flavour f, const char *place,
					 struct err *e)
{
	struct http *http = http_new(l, place, e);
	struct http_channel *h;

	if (!http)
		return NULL;
	h = xcalloc(1, sizeof(*h));
	h->base.ops = &channel_http;
	h->http = http;
	h->flavour = f;
	text_clean_buf(slice_of(place), h->shown, sizeof(h->shown));
	return &h->base;
}

const struct channel_ops channel_http = {
	.scheme = "http://",
	.place = "ADDRESS:PORT/PATH",
	.flavours = 1u << CONTROL_KAMAILIO | 1u << CONTROL_OPENSIPS,
	.open = http_channel_open,
	.check = http_check,
	.send = http_send,
	.tell = http_tell,
	.may_have_arrived = http_may_have_arrived,
	.abort = http_channel_abort,
	.free = http_channel_free,
};
