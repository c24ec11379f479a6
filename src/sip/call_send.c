/* What a test call sends and when it is sent again: INVITE, ACK, CANCEL, BYE. */
#include <errno.h>
#include <stdlib.h>
#include "base/hash.h"
#include "sip/call_dialog.h"
#include "sip/call_sdp.h"
#include "sip/call_text.h"

/* A full buffer is looked at again after so long. */
#define FULL_RETRY_MS 5

/* ---- the trace ----------------------------------------------------------------------------- */

/* Others may use the same trace for exchanges of theirs. */
static unsigned trace_enter(struct call *x)
{
	unsigned before = trace_current(x->trace);

	trace_switch(x->trace, x->exchange);
	return before;
}

void call_trace_note(struct call *x, const char *words)
{
	unsigned before = trace_enter(x);

	trace_note(x->trace, words);
	trace_switch(x->trace, before);
}

void call_trace_trouble(struct call *x, const struct netaddr *to, const char *words)
{
	unsigned before = trace_enter(x);

	trace_trouble(x->trace, x->flow.transport, to, words);
	trace_switch(x->trace, before);
}

void call_trace_received(struct call *x, const struct sip_flow *from, const struct sip_msg *m)
{
	struct slice raw = sip_msg_raw(m);
	unsigned before = trace_enter(x);

	trace_received(x->trace, from->transport,
		       netaddr_is_any(&from->local) ? &x->local : &from->local, &from->remote,
		       raw.p, raw.n);
	trace_switch(x->trace, before);
}

int call_send(struct call *x, const struct sip_flow *flow, const struct strbuf *text)
{
	int rc = sip_transport_send(x->caller->transport, flow, text->p, text->n);
	unsigned before;

	if (rc == -EAGAIN || rc == -ENOBUFS)
		return -EAGAIN;
	if (rc < 0) {
		call_trace_trouble(x, &flow->remote, strerror(-rc));
		return rc;
	}
	before = trace_enter(x);
	trace_sent(x->trace, flow->transport, &x->local, &flow->remote, text->p, text->n);
	trace_switch(x->trace, before);
	return 0;
}

/* ---- INVITE -------------------------------------------------------------------------------- */

struct invite *call_last_invite(struct call *x)
{
	return &x->invites[x->invite_count - 1];
}

/* Timer A doubles without an upper end (RFC 3261 17.1.1.2). */
static int64_t next_invite_ms(const struct call *x, const struct invite *i)
{
	if (x->flow.transport != TRANSPORT_UDP || i->sends > 8)
		return CALL_NEVER_MS;
	return i->first_us / 1000 + CALL_T1_MS * ((1LL << i->sends) - 1);
}

void call_invite_again(struct call *x, struct invite *i)
{
	int64_t now_us = clock_mono_us(x->caller->clock);
	int rc = call_send(x, &x->flow, &i->text);

	if (rc == -EAGAIN) {
		i->resend_ms = now_us / 1000 + FULL_RETRY_MS;
		return;
	}
	if (i->sends++ == 0) {
		i->first_us = now_us;
		i->over_ms = now_us / 1000 + CALL_GIVE_UP_MS;
	}
	x->report.sends++;
	i->resend_ms = x->want_end ? CALL_NEVER_MS : next_invite_ms(x, i);
	/* Told from the timer: the report never comes from inside caller_start(). A later copy
	 * that the kernel refuses says the same as the first one would have. */
	if (rc < 0)
		x->send_errno = -rc;
}

void call_invite(struct call *x, char *credentials)
{
	struct invite *i = &x->invites[x->invite_count++];
	struct strbuf sdp = STRBUF_INIT;

	free(x->credentials);
	x->credentials = credentials;
	random_token(i->branch, CALL_TOKEN);
	i->cseq = x->invite_count;
	i->state = INVITE_CALLING;
	i->over_ms = clock_mono_ms(x->caller->clock) + CALL_GIVE_UP_MS;
	call_sdp_write(&sdp, &x->local, x->media_port, x->quiet);
	call_text_invite(&i->text, x, i, strbuf_slice(&sdp));
	strbuf_free(&sdp);
	x->report.size = (unsigned)i->text.n;
	call_invite_again(x, i);
}

void call_ack_refusal(struct call *x, struct invite *i, struct slice to_tag)
{
	if (i->ack.n == 0)
		call_text_ack(&i->ack, x, i, to_tag);
	call_send(x, &x->flow, &i->ack);
}

/* ---- inside a dialog ----------------------------------------------------------------------- */

void call_ack_answer(struct call *x, struct dialog *d, uint32_t cseq)
{
	struct sip_flow way = call_dialog_way(x, d, d->acks++);
	char branch[CALL_TOKEN + 1];

	if (d->ack.n == 0) {
		random_token(branch, CALL_TOKEN);
		call_text_in_dialog(&d->ack, x, d, "ACK", branch, cseq, x->credentials);
	}
	call_send(x, &way, &d->ack);
}

/* Timer E doubles up to T2; behind a provisional response T2 is its pace (RFC 3261 17.1.2.2). */
static int64_t errand_interval_ms(const struct errand *e)
{
	int64_t wait = e->sends > 3 ? CALL_T2_MS : CALL_T1_MS << (e->sends - 1);

	return e->trying || wait > CALL_T2_MS ? CALL_T2_MS : wait;
}

void call_errand_again(struct call *x, struct errand *e, const struct dialog *d)
{
	int64_t now = clock_mono_ms(x->caller->clock);
	struct sip_flow way = d ? call_dialog_way(x, d, e->sends) : x->flow;

	if (call_send(x, &way, &e->text) == -EAGAIN) {
		e->resend_ms = now + FULL_RETRY_MS;
		return;
	}
	e->sends++;
	e->resend_ms =
		x->flow.transport == TRANSPORT_UDP ? now + errand_interval_ms(e) : CALL_NEVER_MS;
}

static void errand_start(struct call *x, struct errand *e, const struct dialog *d)
{
	e->open = true;
	e->trying = e->given_up = false;
	e->sends = 0;
	e->over_ms = clock_mono_ms(x->caller->clock) + CALL_GIVE_UP_MS;
	call_errand_again(x, e, d);
}

void call_errand_close(struct errand *e)
{
	e->open = false;
	e->resend_ms = CALL_NEVER_MS;
}

void call_bye(struct call *x, struct dialog *d, const char *credentials)
{
	/* Behind the INVITE's number, and behind that of a BYE that was challenged. */
	d->bye.cseq = d->bye.begun ? d->bye.cseq + 1 : x->invite_count + 1;
	d->bye.begun = true;
	random_token(d->bye.branch, CALL_TOKEN);
	strbuf_clear(&d->bye.text);
	call_text_in_dialog(&d->bye.text, x, d, "BYE", d->bye.branch, d->bye.cseq, credentials);
	errand_start(x, &d->bye, d);
}

/* ---- the end ------------------------------------------------------------------------------- */

static void cancel(struct call *x, struct invite *i)
{
	x->cancel.begun = true;
	x->cancel.cseq = i->cseq;
	call_text_cancel(&x->cancel.text, x, i);
	errand_start(x, &x->cancel, NULL);
	/* The INVITE's final response may be waited for so long, and no longer (RFC 3261 9.1). */
	i->over_ms = x->cancel.over_ms;
}

void call_want_end(struct call *x)
{
	struct invite *i = call_last_invite(x);

	x->want_end = true;
	x->cancel_ms = CALL_NEVER_MS;
	if (i->state == INVITE_PROCEEDING && !x->cancel.begun)
		cancel(x, i);
	else if (i->sends > 0)
		/* It is cancelled on the first provisional response; until then nothing more is
		 * sent that could make a phone ring. */
		i->resend_ms = CALL_NEVER_MS;
}

/* Whether a phone may ring, or soon begin to, without anybody who would stop it. A quiet call that
 * was waited for is refused by whoever wakes up to it. */
static bool may_ring(const struct call *x, const struct invite *i)
{
	if (i->state == INVITE_CALLING)
		return i->sends > 0 && x->report.error.error == 0 && !x->send_errno &&
		       !(x->quiet && x->told);
	return i->state == INVITE_PROCEEDING && !i->over;
}

void call_part(struct call *x)
{
	struct invite *i = call_last_invite(x);

	if (may_ring(x, i) && !x->cancel.begun)
		cancel(x, i);
	else if (x->cancel.open)
		call_errand_again(x, &x->cancel, NULL);
	for (unsigned k = 0; k < x->dialog_count; k++)
		if (x->dialogs[k].bye.open)
			call_errand_again(x, &x->dialogs[k].bye, &x->dialogs[k]);
}
