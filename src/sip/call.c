/* The caller: test calls by an INVITE client of our own that leaves nothing open on a phone. */
#include "sip/call.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/hash.h"
#include "sip/call_dialog.h"
#include "sip/call_sdp.h"

/* As much of a header as a report repeats. */
#define KEEP_MAX 512

/* ---- reports ------------------------------------------------------------------------------- */

void call_keep(struct call *x, enum call_text_of which, struct slice s)
{
	free(x->texts[which]);
	x->texts[which] = slice_copy(slice_make(s.p, s.n < KEEP_MAX ? s.n : KEEP_MAX));
}

static void close_media(struct call *x)
{
	if (x->media >= 0)
		close(x->media);
	x->media = -1;
}

void call_tell(struct call *x, enum call_end end)
{
	struct call_report r = x->report;

	if (x->told)
		return;
	x->told = x->want_end = true;
	call_last_invite(x)->resend_ms = CALL_NEVER_MS;
	x->silent = end == CALL_END_SILENT;
	if (!x->late)
		x->trace = NULL;
	close_media(x);
	r.end = end;
	r.hung_up = x->hung_up;
	r.agent = slice_of(x->texts[CALL_TEXT_AGENT]);
	r.reason = slice_of(x->texts[CALL_TEXT_REASON]);
	r.cause = slice_of(x->texts[CALL_TEXT_CAUSE]);
	r.warning = slice_of(x->texts[CALL_TEXT_WARNING]);
	r.moved_to = slice_of(x->texts[CALL_TEXT_MOVED_TO]);
	r.unsupported = slice_of(x->texts[CALL_TEXT_UNSUPPORTED]);
	r.required = slice_of(x->texts[CALL_TEXT_REQUIRED]);
	r.min_se = slice_of(x->texts[CALL_TEXT_MIN_SE]);
	x->fn(x->ctx, x->id, &r);
}

void call_settle(struct call *x)
{
	bool answered = false, given_up = false;

	for (unsigned i = 0; i < x->dialog_count; i++) {
		if (x->dialogs[i].bye.open)
			return;
		answered |= x->dialogs[i].confirmed;
		given_up |= x->dialogs[i].bye.given_up;
	}
	if (answered)
		call_tell(x, given_up ? CALL_END_OPEN : CALL_END_ANSWERED);
}

/* A stream that ends with any other errno is a flow that is gone, not an address without a route
 * (as for probes). */
enum call_end call_end_of_errno(enum transport t, int error)
{
	if (error == ECONNREFUSED)
		return CALL_END_REFUSED;
	if (t == TRANSPORT_TCP && error != EHOSTUNREACH && error != ENETUNREACH)
		return CALL_END_CLOSED;
	return CALL_END_UNREACHABLE;
}

static bool owes(const struct call *x)
{
	const struct invite *i = &x->invites[x->invite_count - 1];

	for (unsigned k = 0; k < x->dialog_count; k++)
		if (x->dialogs[k].bye.open)
			return true;
	return !i->over && i->state == INVITE_PROCEEDING;
}

/* The connection closed while a phone may ring or speak through it: once another one is tried, for
 * the CANCEL or BYE that is owed. */
static bool call_back(struct call *x)
{
	uint32_t connection;

	if (x->flow.transport != TRANSPORT_TCP || x->redialled || !owes(x))
		return false;
	x->redialled = true;
	connection = sip_transport_connect(x->caller->transport, &x->flow.remote);
	if (!connection)
		return false;
	x->flow.connection = connection;
	x->close_after = true;
	call_trace_note(x, "connects again, to end the call");
	if (x->cancel.open)
		call_errand_again(x, &x->cancel, NULL);
	for (unsigned k = 0; k < x->dialog_count; k++) {
		x->dialogs[k].flow = x->flow;
		if (x->dialogs[k].bye.open)
			call_errand_again(x, &x->dialogs[k].bye, &x->dialogs[k]);
	}
	call_want_end(x);
	return true;
}

/* Nothing more can come. */
static void close_all(struct call *x)
{
	for (unsigned k = 0; k < x->invite_count; k++) {
		x->invites[k].over = true;
		x->invites[k].over_ms = x->invites[k].resend_ms = CALL_NEVER_MS;
	}
	call_errand_close(&x->cancel);
	for (unsigned k = 0; k < x->dialog_count; k++)
		call_errand_close(&x->dialogs[k].bye);
	x->cancel_ms = CALL_NEVER_MS;
}

/* The INVITE could not be sent, or its connection closed. */
static void tell_failed(struct call *x)
{
	enum call_end end = call_end_of_errno(x->flow.transport, x->send_errno);

	if (x->report.error.error == 0)
		x->report.error = (struct sip_send_error){.to = x->flow.remote,
							  .error = x->send_errno,
							  .icmp_type = -1,
							  .icmp_code = -1};
	if (x->flow.transport == TRANSPORT_TCP) {
		/* What rang or was answered may go on without its connection. */
		if (owes(x))
			end = CALL_END_OPEN;
		close_all(x);
	}
	call_tell(x, end);
}

static void on_failed(struct call *x)
{
	/* It was a copy that could not be sent, and something came meanwhile. */
	bool outdated =
		x->flow.transport == TRANSPORT_UDP && call_last_invite(x)->state != INVITE_CALLING;

	if (!outdated && !call_back(x))
		tell_failed(x);
	x->send_errno = 0;
}

/* ---- time ---------------------------------------------------------------------------------- */

static bool invite_waits(const struct invite *i)
{
	return i->state == INVITE_CALLING && i->resend_ms != CALL_NEVER_MS;
}

static int64_t verdict_ms(const struct call *x)
{
	const struct invite *i = &x->invites[x->invite_count - 1];

	return x->told || i->state != INVITE_CALLING || i->sends == 0
		       ? CALL_NEVER_MS
		       : i->first_us / 1000 + x->answer_ms;
}

static int64_t sooner(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t errand_due_ms(const struct errand *e)
{
	return e->open ? sooner(e->resend_ms, e->over_ms) : CALL_NEVER_MS;
}

static bool is_over(const struct call *x)
{
	for (unsigned i = 0; i < x->invite_count; i++)
		if (!x->invites[i].over)
			return false;
	for (unsigned i = 0; i < x->dialog_count; i++)
		if (x->dialogs[i].bye.open)
			return false;
	return x->told;
}

static int64_t call_due_ms(const struct call *x)
{
	int64_t due = sooner(verdict_ms(x), x->cancel_ms);

	if (x->send_errno || is_over(x))
		return 0;
	for (unsigned i = 0; i < x->invite_count; i++) {
		if (invite_waits(&x->invites[i]))
			due = sooner(due, x->invites[i].resend_ms);
		due = sooner(due, x->invites[i].over_ms);
	}
	due = sooner(due, errand_due_ms(&x->cancel));
	for (unsigned i = 0; i < x->dialog_count; i++)
		due = sooner(due, errand_due_ms(&x->dialogs[i].bye));
	return due;
}

void caller_arm(struct caller *c)
{
	int64_t due = CALL_NEVER_MS, now = clock_mono_ms(c->clock);

	for (struct call *x = c->calls; x; x = x->next)
		due = sooner(due, call_due_ms(x));
	if (due == CALL_NEVER_MS)
		loop_timer_stop(c->timer);
	else
		loop_timer_set(c->timer, due > now ? due - now : 0);
}

/* True when it was given up just now. */
static bool errand_act(struct call *x, struct errand *e, const struct dialog *d, int64_t now)
{
	if (!e->open)
		return false;
	if (now >= e->over_ms) {
		call_errand_close(e);
		e->given_up = true;
		return true;
	}
	if (now >= e->resend_ms)
		call_errand_again(x, e, d);
	return false;
}

/* Timers A, B, D and M. */
static void invite_act(struct call *x, struct invite *i, int64_t now)
{
	if (invite_waits(i) && now >= i->resend_ms)
		call_invite_again(x, i);
	if (now < i->over_ms)
		return;
	i->over_ms = CALL_NEVER_MS;
	i->resend_ms = CALL_NEVER_MS;
	i->over = true;
	/* Neither 487 nor 2xx came, whatever became of the CANCEL. */
	if (i->state == INVITE_PROCEEDING)
		call_tell(x, CALL_END_OPEN);
	else if (i->state == INVITE_CALLING)
		call_tell(x, CALL_END_SILENT);
}

static void call_act(struct call *x, int64_t now)
{
	bool given_up = false;

	if (x->send_errno)
		on_failed(x);
	for (unsigned i = 0; i < x->invite_count; i++)
		invite_act(x, &x->invites[i], now);
	if (now >= verdict_ms(x)) {
		call_want_end(x);
		call_tell(x, CALL_END_SILENT);
	}
	if (now >= x->cancel_ms)
		call_want_end(x);
	errand_act(x, &x->cancel, NULL, now);
	for (unsigned i = 0; i < x->dialog_count; i++)
		given_up |= errand_act(x, &x->dialogs[i].bye, &x->dialogs[i], now);
	if (given_up)
		call_settle(x);
	x->over = is_over(x);
}

static void call_free(struct call *x)
{
	call_part(x);
	if (x->close_after)
		sip_transport_close(x->caller->transport, x->flow.connection);
	close_media(x);
	call_dialogs_free(x);
	for (int i = 0; i < CALL_INVITES; i++) {
		strbuf_free(&x->invites[i].text);
		strbuf_free(&x->invites[i].ack);
	}
	strbuf_free(&x->cancel.text);
	for (int i = 0; i < CALL_TEXTS; i++)
		free(x->texts[i]);
	if (x->password)
		explicit_bzero(x->password, strlen(x->password));
	free(x->password);
	free(x->user);
	free(x->credentials);
	free(x->request_uri);
	free(x->route);
	free(x->to_uri);
	free(x->from_uri);
	free(x);
}

void caller_tick(struct caller *c)
{
	int64_t now = clock_mono_ms(c->clock);

	/* New ones come in front. */
	for (struct call *x = c->calls; x; x = x->next)
		call_act(x, now);
	for (struct call **at = &c->calls; *at;) {
		struct call *x = *at;

		if (!x->over) {
			at = &x->next;
			continue;
		}
		*at = x->next;
		call_free(x);
	}
	caller_arm(c);
}

static void on_timer(void *arg)
{
	caller_tick(arg);
}

/* ---- the public side ----------------------------------------------------------------------- */

struct caller *caller_new(struct loop *l, const struct clock *c, struct sip_transport *t)
{
	struct caller *k = xcalloc(1, sizeof(*k));
	struct sip_handler h = {.ctx = k,
				.request = call_on_request,
				.response = call_on_response,
				.send_error = call_on_send_error,
				.closed = call_on_closed,
				.rubbish = call_on_rubbish};

	k->loop = l;
	k->clock = c;
	k->transport = t;
	k->timer = loop_timer_new(l, LOOP_SIP, on_timer, k);
	/* A registrar on the same transport would refuse what the phone asks inside a call. */
	sip_transport_add_first_handler(t, &h);
	return k;
}

void caller_free(struct caller *c)
{
	struct call *x;

	if (!c)
		return;
	sip_transport_remove_handler(c->transport, c);
	while ((x = c->calls)) {
		c->calls = x->next;
		call_free(x);
	}
	loop_timer_free(c->timer);
	free(c);
}

static bool acceptable(const struct caller *c, const struct call_spec *s)
{
	unsigned n = 0;

	for (const struct call *x = c->calls; x; x = x->next)
		n++;
	return n < CALLS_MAX && s->ring_ms <= CALL_RING_MAX_MS && s->pad_to <= CALL_SIZE_MAX &&
	       s->answer_ms <= CALL_GIVE_UP_MS && s->request_uri.n && s->to_uri.n && s->from_uri.n;
}

static void take_spec(struct call *x, const struct call_spec *s)
{
	x->flow = s->flow;
	x->request_uri = slice_copy(s->request_uri);
	x->route = slice_copy(s->route);
	x->to_uri = slice_copy(s->to_uri);
	x->from_uri = slice_copy(s->from_uri);
	x->user = slice_copy(s->user);
	x->password = slice_copy(s->password);
	x->close_after = s->close_after;
	x->quiet = s->quiet;
	x->ring_ms = s->ring_ms ? s->ring_ms : CALL_RING_MS;
	x->answer_ms = s->answer_ms ? s->answer_ms : CALL_ANSWER_MS;
	x->pad_to = s->pad_to;
	x->trace = s->trace;
	x->exchange = trace_current(s->trace);
	x->progress = s->progress;
	x->late = s->late;
}

/* What Via, Contact and the offer name. */
static void find_local(struct call *x)
{
	x->local = x->flow.local;
	if ((x->local.len == 0 || netaddr_is_any(&x->local)) &&
	    !sip_transport_local(x->caller->transport, x->flow.transport, &x->flow.remote,
				 &x->local))
		/* A connection of ours without a listener: where it comes from. */
		netaddr_local_for(&x->flow.remote, &x->local);
}

uint64_t caller_start(struct caller *c, const struct call_spec *s, call_report_fn *fn, void *ctx)
{
	struct call *x;

	if (!acceptable(c, s))
		return 0;
	x = xcalloc(1, sizeof(*x));
	x->caller = c;
	x->id = ++c->last_id;
	x->fn = fn;
	x->ctx = ctx;
	take_spec(x, s);
	find_local(x);
	random_token(x->from_tag, CALL_TOKEN);
	random_token(x->call_id, CALL_TOKEN);
	x->cancel_ms = CALL_NEVER_MS;
	x->media = call_media_open(&x->local, &x->media_port);
	x->next = c->calls;
	c->calls = x;
	call_invite(x, NULL);
	caller_arm(c);
	return x->id;
}

static void hang_up(struct call *x)
{
	if (x->told || x->hung_up)
		return;
	x->hung_up = true;
	call_trace_note(x, call_last_invite(x)->state == INVITE_CALLING
				   ? "stopped by the person; CANCEL follows the first answer"
				   : "stopped by the person");
	call_want_end(x);
}

void caller_hang_up(struct caller *c, uint64_t id)
{
	for (struct call *x = c->calls; x; x = x->next)
		if (x->id == id)
			hang_up(x);
	caller_arm(c);
}

void caller_hang_up_all(struct caller *c)
{
	for (struct call *x = c->calls; x; x = x->next)
		hang_up(x);
	caller_arm(c);
}

void caller_forget(struct caller *c, const void *ctx)
{
	for (struct call *x = c->calls; x; x = x->next) {
		if (x->ctx != ctx || !x->told)
			continue;
		x->trace = NULL;
		x->late = NULL;
	}
}

size_t caller_open(const struct caller *c)
{
	size_t n = 0;

	for (const struct call *x = c->calls; x; x = x->next)
		n += !x->told;
	return n;
}

static bool is_unsettled(const struct call *x)
{
	/* A refusal or 2xx settles it; so does silence, as far as can be known. */
	return owes(x) || (x->invites[x->invite_count - 1].state == INVITE_CALLING && !x->told);
}

size_t caller_unsettled(const struct caller *c)
{
	size_t n = 0;

	for (const struct call *x = c->calls; x; x = x->next)
		n += is_unsettled(x);
	return n;
}
