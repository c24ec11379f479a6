/* A registrar's control: its commands, one in flight at a time, and its answers as JSON, whatever
 * carries them. */
#include "source/rpc/control.h"

#include <errno.h>
#include <stdlib.h>
#include "base/alloc.h"
#include "base/hash.h"
#include "base/slice.h"
#include "base/text.h"
#include "source/rpc/channel.h"

/* A registrar's queue holds about ten requests; a full one is tried again. */
#define RETRY_MS 10

/* THE channels: one row and one file make a new one. */
static const struct channel_ops *const channels[] = {
	&channel_datagram, &channel_udp, &channel_ctl, &channel_fifo, &channel_http,
};

struct call {
	struct call *next;
	char *method;
	json_t *params;
	json_int_t id;
	control_fn *fn;
	void *ctx;
};

struct control {
	struct channel *channel;
	char *place;
	char shown[128];
	unsigned timeout_ms;
	struct loop_timer *timeout, *next;
	struct call *head, *tail;
	bool sent; /* head is on its way */
	int why;   /* why head could not be sent yet */
};

/* ---- ends of calls --------------------------------------------------------------------------- */

/* Takes head off the queue, lets the next one go, and only then tells: fn may call again, or free
 * the control. */
static void finish(struct control *c, const struct control_reply *reply)
{
	struct call *call = c->head;

	loop_timer_stop(c->timeout);
	c->head = call->next;
	if (!c->head)
		c->tail = NULL;
	c->sent = false;
	c->why = 0;
	if (c->head)
		loop_timer_set(c->next, 0);
	else
		loop_timer_stop(c->next);
	call->fn(call->ctx, reply);
	json_decref(call->params);
	free(call->method);
	free(call);
}

static void fail(struct control *c, enum control_outcome outcome, const struct err *e)
{
	struct control_reply reply = {.outcome = outcome, .e = *e};

	finish(c, &reply);
}

static void take_fault(const json_t *error, const char *shown, struct control_reply *reply)
{
	const json_t *words = json_object_get(error, "message");
	const char *text = json_string_value(words);

	reply->outcome = CONTROL_FAULT;
	reply->fault_code = (int)json_integer_value(json_object_get(error, "code"));
	text_clean_buf(slice_make(text, text ? json_string_length(words) : 0), reply->fault,
		       sizeof(reply->fault));
	err_set(&reply->e, -EREMOTEIO, NULL, "The registrar at %s said: %d %s.", shown,
		reply->fault_code, reply->fault);
}

static void on_answer(void *ctx, const struct channel_answer *a)
{
	struct control *c = ctx;
	struct control_reply reply = {.outcome = CONTROL_RESULT};
	const json_t *error = json_object_get(a->doc, "error");

	if (!c->head || !c->sent)
		return;
	if (a->way != CHANNEL_ANSWERED) {
		fail(c, a->way == CHANNEL_NOT_SENT ? CONTROL_NOT_SENT : CONTROL_NO_ANSWER, &a->e);
		return;
	}
	reply.result = json_object_get(a->doc, "result");
	if (json_is_object(error)) {
		take_fault(error, c->shown, &reply);
	} else if (!reply.result) {
		reply.outcome = CONTROL_NO_ANSWER;
		err_set(&reply.e, -EPROTO, NULL, "The answer of %s has neither result nor error.",
			c->shown);
	}
	finish(c, &reply);
}

void channel_fail(struct channel *ch, enum channel_way way, const struct err *e)
{
	struct channel_answer a = {.way = way, .e = *e};

	ch->answer(ch->ctx, &a);
}

void channel_done(struct channel *ch, const json_t *doc)
{
	struct channel_answer a = {.way = CHANNEL_ANSWERED, .doc = doc};

	ch->answer(ch->ctx, &a);
}

/* How the open call ends when nobody answers it. */
static enum control_outcome unanswered(const struct control *c)
{
	const struct channel_ops *ops = c->channel->ops;
	bool arrived = c->sent && (!ops->may_have_arrived || ops->may_have_arrived(c->channel));

	return arrived ? CONTROL_NO_ANSWER : CONTROL_NOT_SENT;
}

static void on_timeout(void *arg)
{
	struct control *c = arg;
	struct channel *ch = c->channel;
	enum control_outcome outcome = unanswered(c);
	struct err e;

	if (!c->head)
		return;
	ch->ops->tell(ch, c->sent ? -ETIMEDOUT : c->why ? c->why : -EAGAIN, c->timeout_ms, &e);
	ch->ops->abort(ch);
	fail(c, outcome, &e);
}

/* ---- calls ----------------------------------------------------------------------------------- */

static void on_next(void *arg)
{
	struct control *c = arg;
	struct channel *ch = c->channel;
	struct channel_request r;
	struct err e;
	int rc;

	if (!c->head || c->sent)
		return;
	if (!loop_timer_is_set(c->timeout))
		loop_timer_set(c->timeout, c->timeout_ms);
	r = (struct channel_request){c->head->method, c->head->params, c->head->id};
	rc = ch->ops->send(ch, &r);
	if (rc == 0) {
		c->sent = true;
	} else if (rc == -EAGAIN || rc == -ENOBUFS) {
		c->why = rc;
		loop_timer_set(c->next, RETRY_MS);
	} else {
		if (rc == -EILSEQ)
			err_set(&e, rc, NULL,
				"What would have to be sent is not UTF-8 text, which JSON cannot "
				"carry.");
		else
			ch->ops->tell(ch, rc, c->timeout_ms, &e);
		fail(c, CONTROL_NOT_SENT, &e);
	}
}

void control_call(struct control *c, const char *method, json_t *params, control_fn *fn, void *ctx)
{
	struct call *call = xcalloc(1, sizeof(*call));

	/* 31 bits: Kamailio keeps an id as a C int. */
	call->id = (json_int_t)(random_u64() & 0x7fffffff);
	call->method = xstrdup(method);
	call->params = params;
	call->fn = fn;
	call->ctx = ctx;
	if (c->tail)
		c->tail->next = call;
	else
		c->head = call;
	c->tail = call;
	if (c->head == call)
		loop_timer_set(c->next, 0);
}

int control_check(const struct control *c, struct err *e)
{
	return c->channel->ops->check(c->channel, e);
}

const char *control_place(const struct control *c)
{
	return c->place;
}

/* ---- places ---------------------------------------------------------------------------------- */

static bool serves(const struct channel_ops *ops, enum control_flavour f)
{
	return (ops->flavours & (1u << f)) != 0;
}

void control_add_places(enum control_flavour f, struct strbuf *out)
{
	bool first = true;

	for (size_t i = 0; i < sizeof(channels) / sizeof(*channels); i++) {
		if (!serves(channels[i], f))
			continue;
		strbuf_addf(out, "%s%s%s", first ? "" : ", ", channels[i]->scheme,
			    channels[i]->place);
		first = false;
	}
}

static struct channel *open_channel(struct loop *l, enum control_flavour f, const char *place,
				    struct err *e)
{
	struct strbuf words = STRBUF_INIT;
	char shown[80];

	for (size_t i = 0; i < sizeof(channels) / sizeof(*channels); i++)
		if (serves(channels[i], f) &&
		    slice_starts_with(slice_of(place), channels[i]->scheme))
			return channels[i]->open(l, f, place, e);
	strbuf_add_str(&words, "A control is one of ");
	control_add_places(f, &words);
	strbuf_add_char(&words, '.');
	text_clean_buf(slice_of(place), shown, sizeof(shown));
	err_set(e, -EINVAL, strbuf_str(&words), "%s is no control of a registrar.", shown);
	strbuf_free(&words);
	return NULL;
}

struct control *control_new(struct loop *l, enum control_flavour f, const char *place,
			    unsigned timeout_ms, struct err *e)
{
	struct channel *ch = open_channel(l, f, place, e);
	struct control *c;

	if (!ch)
		return NULL;
	c = xcalloc(1, sizeof(*c));
	ch->answer = on_answer;
	ch->ctx = c;
	c->channel = ch;
	c->place = xstrdup(place);
	text_clean_buf(slice_of(place), c->shown, sizeof(c->shown));
	c->timeout_ms = timeout_ms ? timeout_ms : CONTROL_TIMEOUT_MS;
	c->timeout = loop_timer_new(l, LOOP_INPUT, on_timeout, c);
	c->next = loop_timer_new(l, LOOP_INPUT, on_next, c);
	return c;
}

void control_free(struct control *c)
{
	enum control_outcome outcome;
	struct err e;

	if (!c)
		return;
	outcome = unanswered(c);
	err_set(&e, -ECANCELED, NULL, "regtop ends.");
	c->channel->ops->abort(c->channel);
	for (; c->head; outcome = CONTROL_NOT_SENT)
		fail(c, outcome, &e);
	c->channel->ops->free(c->channel);
	loop_timer_free(c->timeout);
	loop_timer_free(c->next);
	free(c->place);
	free(c);
}
