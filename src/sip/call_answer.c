/* What comes back to a test call: responses of every kind, ICMP errors, connections that close. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/hash.h"
#include "sip/call_dialog.h"
#include "sip/digest.h"
#include "sip/send_error.h"

/* A CANCEL or BYE that met an ICMP error is tried so much longer: the process is gone, or a router
 * takes a breath. */
#define AFTER_ICMP_MS 2000

static uint32_t since_us(const struct call *x, const struct invite *i)
{
	int64_t us = clock_mono_us(x->caller->clock) - i->first_us;

	return us > 0 ? (uint32_t)us : 1;
}

static struct slice agent_of(const struct sip_msg *m)
{
	struct slice agent = sip_msg_header(m, "user-agent", 0);

	return agent.n ? agent : sip_msg_header(m, "server", 0);
}

static void keep_agent(struct call *x, const struct sip_msg *m)
{
	struct slice agent = agent_of(m);

	/* Who rang is more than who confirms that it rings no more. */
	if (agent.n == 0 ||
	    (sip_msg_code(m) == 487 && x->cancel.begun && x->texts[CALL_TEXT_AGENT]))
		return;
	call_keep(x, CALL_TEXT_AGENT, agent);
}

/* A verdict of silence was told too early: who reads it should know. */
static void tell_late(struct call *x, const struct invite *i, int code)
{
	bool rings = code >= 180 && code <= 189, answered = code / 100 == 2;

	if (!x->silent || !x->late || (!rings && code < 200) || x->late_code / 100 == 2 ||
	    (x->late_code && !answered))
		return;
	x->late_code = code;
	x->late(x->ctx, x->id, code, since_us(x, i));
}

/* ---- provisional responses ----------------------------------------------------------------- */

/* The patience with a phone that rings: ring_ms from the first 180, or else from the first 18x, and
 * never more than CALL_RING_MAX_MS from that. */
static void set_patience(struct call *x, int code, int64_t now)
{
	int64_t end, last;

	if (x->first_18x_ms == 0) {
		x->first_18x_ms = now;
		x->cancel_ms = now + x->ring_ms;
	}
	if (code != 180 || x->report.ringing)
		return;
	end = now + x->ring_ms;
	last = x->first_18x_ms + CALL_RING_MAX_MS;
	x->cancel_ms = end < last ? end : last;
}

static void note_progress(struct call *x, const struct invite *i, int code, int64_t now)
{
	struct call_report *r = &x->report;

	if (code == 100 && !r->trying) {
		r->trying = true;
		r->trying_us = since_us(x, i);
	}
	if (code < 180 || code > 189)
		return;
	if (r->ring_us == 0)
		r->ring_us = since_us(x, i);
	set_patience(x, code, now);
	r->ringing |= code == 180;
	r->forwarded |= code == 181;
	r->queued |= code == 182;
	r->progress |= code == 183;
}

/* 199 ends an early dialog (RFC 6228); the others of a forked call may still ring. */
static void note_fork(struct call *x, const struct sip_msg *m)
{
	struct slice tag = sip_msg_to_tag(m);
	struct dialog *d;

	if (sip_msg_code(m) == 100 || tag.n == 0)
		return;
	d = sip_msg_code(m) == 199 ? call_dialog_find(x, tag) : call_dialog_get(x, tag);
	if (d && sip_msg_code(m) == 199)
		d->ended = true;
}

static void on_provisional(struct call *x, struct invite *i, const struct sip_msg *m)
{
	int64_t now = clock_mono_ms(x->caller->clock);
	int code = sip_msg_code(m);

	if (i->state > INVITE_PROCEEDING || i != call_last_invite(x))
		return;
	if (i->state == INVITE_CALLING) {
		i->state = INVITE_PROCEEDING;
		i->resend_ms = CALL_NEVER_MS;
		/* RFC 3261 has no timer here. It ends by our CANCEL. */
		i->over_ms = CALL_NEVER_MS;
		x->cancel_ms = i->first_us / 1000 + x->answer_ms;
	}
	note_fork(x, m);
	note_progress(x, i, code, now);
	if (code >= 180 && code <= 189)
		keep_agent(x, m);
	if (x->progress && !x->told)
		x->progress(x->ctx, x->id, code, since_us(x, i));
	if (x->want_end || (x->quiet && code >= 180 && code <= 189))
		call_want_end(x);
	tell_late(x, i, code);
}

/* ---- final responses ----------------------------------------------------------------------- */

static void keep_final(struct call *x, const struct invite *i, const struct sip_msg *m)
{
	int code = sip_msg_code(m);

	x->report.code = code;
	x->report.final_us = since_us(x, i);
	keep_agent(x, m);
	call_keep(x, CALL_TEXT_REASON, sip_msg_reason(m));
	call_keep(x, CALL_TEXT_CAUSE, sip_msg_header(m, "reason", 0));
	call_keep(x, CALL_TEXT_WARNING, sip_msg_header(m, "warning", 0));
	if (code / 100 == 3)
		call_keep(x, CALL_TEXT_MOVED_TO, sip_msg_header(m, "contact", 0));
	if (code == 420)
		call_keep(x, CALL_TEXT_UNSUPPORTED, sip_msg_header(m, "unsupported", 0));
	if (code == 421)
		call_keep(x, CALL_TEXT_REQUIRED, sip_msg_header(m, "require", 0));
	if (code == 422)
		call_keep(x, CALL_TEXT_MIN_SE, sip_msg_header(m, "min-se", 0));
}

/* The header line that answers a challenge, or NULL when it cannot be answered. */
static char *answer_challenge(const struct call *x, const struct sip_msg *m, const char *method,
			      const char *uri)
{
	bool proxy = sip_msg_code(m) == 407;
	struct digest_request r = {.user = slice_of(x->user),
				   .password = slice_of(x->password),
				   .method = method,
				   .uri = slice_of(uri)};
	struct strbuf line = STRBUF_INIT;
	struct digest_challenge c;
	char cnonce[CALL_TOKEN + 1];
	struct slice one;

	if ((sip_msg_code(m) != 401 && !proxy) || x->user[0] == '\0')
		return NULL;
	random_token(cnonce, CALL_TOKEN);
	r.cnonce = cnonce;
	/* RFC 7616 3.7: of several the first one that we can answer. */
	for (unsigned i = 0;; i++) {
		one = sip_msg_header(m, proxy ? "proxy-authenticate" : "www-authenticate", i);
		if (one.n == 0)
			return NULL;
		if (digest_read_challenge(one, &c) == 0)
			break;
	}
	strbuf_add_str(&line, proxy ? "Proxy-Authorization: " : "Authorization: ");
	digest_write_answer(&line, &c, &r);
	strbuf_add_str(&line, "\r\n");
	return strbuf_take(&line);
}

static bool try_credentials(struct call *x, const struct invite *i, const struct sip_msg *m)
{
	char *line;

	if (x->want_end || x->invite_count == CALL_INVITES || i != call_last_invite(x))
		return false;
	line = answer_challenge(x, m, "INVITE", x->request_uri);
	if (!line)
		return false;
	x->report.challenged = true;
	x->report.trying = false;
	x->report.trying_us = 0;
	x->cancel_ms = CALL_NEVER_MS;
	call_invite(x, line);
	return true;
}

static void on_refusal(struct call *x, struct invite *i, const struct sip_msg *m)
{
	bool again = i->state == INVITE_COMPLETED;

	/* A 2xx came before: what other forks say is the proxy's business (RFC 6026 7.2). */
	if (i->state == INVITE_ACCEPTED)
		return;
	i->state = INVITE_COMPLETED;
	/* Timer D is none over streams: nothing is repeated there. */
	if (again && x->flow.transport == TRANSPORT_TCP)
		return;
	call_ack_refusal(x, i, sip_msg_to_tag(m));
	if (again)
		return;
	/* Timer D; over streams as well, because a 2xx of another fork may still come. */
	i->over_ms = clock_mono_ms(x->caller->clock) + CALL_GIVE_UP_MS;
	i->resend_ms = CALL_NEVER_MS;
	if (i != call_last_invite(x))
		return;
	call_errand_close(&x->cancel);
	if (!x->told && try_credentials(x, i, m))
		return;
	x->cancel_ms = CALL_NEVER_MS;
	keep_final(x, i, m);
	call_tell(x,
		  sip_msg_code(m) == 487 && x->cancel.begun ? CALL_END_CANCELLED : CALL_END_FINAL);
	tell_late(x, i, sip_msg_code(m));
}

/* Whenever it comes, and from however many phones: somebody picked up, and is let go at once. */
static void on_answered(struct call *x, struct invite *i, const struct sip_msg *m)
{
	int64_t now_us = clock_mono_us(x->caller->clock);
	struct dialog *d = call_dialog_get(x, sip_msg_to_tag(m));

	if (!d)
		return;
	if (d->confirmed) {
		call_ack_answer(x, d, i->cseq);
		return;
	}
	call_dialog_confirm(x, d, m);
	call_ack_answer(x, d, i->cseq);
	call_bye(x, d, NULL);
	x->report.bye_us = (uint32_t)(clock_mono_us(x->caller->clock) - now_us + 1);
	call_errand_close(&x->cancel);
	x->cancel_ms = CALL_NEVER_MS;
	x->want_end = true;
	/* Timer M of RFC 6026; a second fork does not begin it anew, unless it has run out. */
	if (i->state != INVITE_ACCEPTED || i->over)
		i->over_ms = now_us / 1000 + CALL_GIVE_UP_MS;
	i->over = false;
	i->state = INVITE_ACCEPTED;
	i->resend_ms = CALL_NEVER_MS;
	if (!x->told && x->report.code / 100 != 2)
		keep_final(x, i, m);
	tell_late(x, i, sip_msg_code(m));
}

static void on_bye_answer(struct call *x, struct dialog *d, const struct sip_msg *m)
{
	int code = sip_msg_code(m);
	char *line = NULL;

	if (!d->bye.open)
		return;
	if (code < 200) {
		d->bye.trying = true;
		return;
	}
	if (!d->challenged)
		line = answer_challenge(x, m, "BYE", d->target);
	d->challenged = d->challenged || line;
	if (line)
		call_bye(x, d, line);
	else
		call_errand_close(&d->bye);
	free(line);
	call_settle(x);
}

/* ---- matching ------------------------------------------------------------------------------ */

static struct call *find_call(struct caller *c, const struct sip_msg *m)
{
	for (struct call *x = c->calls; x; x = x->next)
		if (slice_eq_str(sip_msg_call_id(m), x->call_id))
			return slice_eq_str(sip_msg_from_tag(m), x->from_tag) ? x : NULL;
	return NULL;
}

/* RFC 3261 17.1.3: by the branch and the method of the CSeq; the number has to fit too. */
static bool is_for(const char *branch, uint32_t cseq, struct slice got, const struct sip_msg *m)
{
	return branch[0] && slice_starts_with(got, "z9hG4bK") &&
	       slice_eq_str(slice_skip(got, 7), branch) && sip_msg_cseq(m) == cseq;
}

static bool to_invite(struct call *x, struct slice branch, const struct sip_msg *m,
		      const struct sip_flow *from)
{
	int code = sip_msg_code(m);

	for (unsigned k = 0; k < x->invite_count; k++) {
		struct invite *i = &x->invites[k];

		if (!is_for(i->branch, i->cseq, branch, m))
			continue;
		call_trace_received(x, from, m);
		if (code < 200)
			on_provisional(x, i, m);
		else if (code < 300)
			on_answered(x, i, m);
		else
			on_refusal(x, i, m);
		return true;
	}
	return false;
}

static bool to_cancel(struct call *x, struct slice branch, const struct sip_msg *m,
		      const struct sip_flow *from)
{
	if (!x->cancel.begun || !is_for(call_last_invite(x)->branch, x->cancel.cseq, branch, m))
		return false;
	call_trace_received(x, from, m);
	/* It says nothing about the INVITE, which has its own final response (RFC 3261 9.1). */
	if (sip_msg_code(m) < 200)
		x->cancel.trying = true;
	else
		call_errand_close(&x->cancel);
	return true;
}

static bool to_bye(struct call *x, struct slice branch, const struct sip_msg *m,
		   const struct sip_flow *from)
{
	for (unsigned k = 0; k < x->dialog_count; k++) {
		struct dialog *d = &x->dialogs[k];

		if (!is_for(d->bye.branch, d->bye.cseq, branch, m))
			continue;
		call_trace_received(x, from, m);
		on_bye_answer(x, d, m);
		return true;
	}
	return false;
}

bool call_on_response(void *ctx, const struct sip_flow *from, const struct sip_msg *m)
{
	struct caller *c = ctx;
	struct call *x = find_call(c, m);
	struct slice method = sip_msg_method(m);
	struct sip_via via;
	bool taken = false;

	/* One Via, ours: with more of them it was meant for somebody else (RFC 3261 8.1.3.3). */
	if (!x || !sip_msg_via(m, &via) || sip_msg_via_count(m) != 1)
		return false;
	if (slice_eq_str(method, "INVITE"))
		taken = to_invite(x, via.branch, m, from);
	else if (slice_eq_str(method, "CANCEL"))
		taken = to_cancel(x, via.branch, m, from);
	else if (slice_eq_str(method, "BYE"))
		taken = to_bye(x, via.branch, m, from);
	if (taken)
		caller_arm(c);
	return taken;
}

static bool is_length(struct slice line)
{
	struct slice name;

	slice_cut(line, ':', &name);
	name = slice_trim(name);
	return slice_ieq_str(name, "content-length") || slice_ieq_str(name, "l");
}

/* Somebody answered with a message larger than any is read: its head says all that is needed to
 * hang up. False: it is none, or not whole. */
static bool head_of_answer(struct slice raw, struct strbuf *out)
{
	static const struct slice end = {"\r\n\r\n", 4};
	ptrdiff_t at = slice_find_icase(raw, end);
	struct slice head, line;

	if (raw.n <= SIP_MAX_MESSAGE || at < 0 || !slice_starts_with(raw, "SIP/2.0 2"))
		return false;
	head = slice_make(raw.p, (size_t)at + 2);
	while (head.n) {
		head = slice_cut(head, '\n', &line);
		if (line.n && !is_length(line)) {
			strbuf_add_slice(out, line);
			strbuf_add_char(out, '\n');
		}
	}
	strbuf_add_str(out, "Content-Length: 0\r\n\r\n");
	return true;
}

static bool take_large_answer(struct caller *c, const struct sip_flow *from, struct slice raw)
{
	struct strbuf head = STRBUF_INIT;
	struct sip_msg *m = NULL;
	bool taken = false;

	if (head_of_answer(raw, &head) &&
	    sip_msg_parse(head.p, head.n, &m, NULL, NULL) == SIP_IN_MESSAGE)
		taken = call_on_response(c, from, m);
	sip_msg_free(m);
	strbuf_free(&head);
	return taken;
}

/* Nothing in it can be believed: it is only told. */
void call_on_rubbish(void *ctx, const struct sip_flow *from, struct slice raw, const char *why)
{
	struct caller *c = ctx;
	char words[TRACE_WORDS];

	if (take_large_answer(c, from, raw))
		return;
	snprintf(words, sizeof(words), "%zu bytes that are no SIP message: %s", raw.n, why);
	for (struct call *x = c->calls; x; x = x->next)
		if (netaddr_eq(&x->flow.remote, &from->remote))
			call_trace_trouble(x, &from->remote, words);
}

/* ---- errors -------------------------------------------------------------------------------- */

/* By the branch in what the router quoted. */
static bool quotes(const struct sip_send_error *e, const char *branch)
{
	return branch[0] && slice_find_icase(e->quoted, slice_of(branch)) >= 0;
}

static void hurry(struct errand *e, int64_t now)
{
	if (e->open && e->over_ms > now + AFTER_ICMP_MS)
		e->over_ms = now + AFTER_ICMP_MS;
}

/* Whether the error quotes a message of this call. */
static bool is_about(const struct call *x, const struct sip_send_error *e)
{
	for (unsigned i = 0; i < x->invite_count; i++)
		if (quotes(e, x->invites[i].branch))
			return true;
	return quotes(e, x->call_id);
}

/* When too little was quoted the address decides, for every call and probe to it. */
static bool may_be_about(const struct call *x, const struct sip_send_error *e)
{
	static const struct slice mark = {"branch=", 7};

	return !x->told && x->flow.transport == TRANSPORT_UDP &&
	       slice_find_icase(e->quoted, mark) < 0 && netaddr_eq(&x->flow.remote, &e->to);
}

static void on_call_error(struct call *x, const struct sip_send_error *e)
{
	struct invite *i = call_last_invite(x);
	int64_t now = clock_mono_ms(x->caller->clock);
	char words[TRACE_WORDS];

	sip_send_error_words(e, words, sizeof(words));
	call_trace_trouble(x, &e->to, words);
	/* A smaller MTU on the way is no verdict: the kernel knows it now and the next send passes.
	 */
	if (e->error == EMSGSIZE || x->told)
		return;
	x->report.error = *e;
	x->report.error.quoted = SLICE_NONE;
	if (i->state == INVITE_CALLING) {
		call_want_end(x);
		call_tell(x, call_end_of_errno(x->flow.transport, e->error));
		return;
	}
	/* What rang or was answered is not there any more: it is tried a little longer. */
	hurry(&x->cancel, now);
	if (x->cancel.open)
		i->over_ms = x->cancel.over_ms;
	for (unsigned k = 0; k < x->dialog_count; k++)
		hurry(&x->dialogs[k].bye, now);
}

bool call_on_send_error(void *ctx, const struct sip_send_error *e)
{
	struct caller *c = ctx;
	bool certain = false;

	for (struct call *x = c->calls; x && !certain; x = x->next) {
		certain = is_about(x, e);
		if (certain || may_be_about(x, e))
			on_call_error(x, e);
	}
	caller_arm(c);
	return certain;
}

void call_on_closed(void *ctx, uint32_t connection, int error)
{
	struct caller *c = ctx;

	for (struct call *x = c->calls; x; x = x->next) {
		if (x->flow.transport != TRANSPORT_TCP || x->flow.connection != connection)
			continue;
		call_trace_trouble(x, &x->flow.remote,
				   error ? strerror(error) : "the connection was closed");
		/* Told from the timer: this may come from inside a send of ours. */
		x->send_errno = error ? error : ENOTCONN;
	}
	caller_arm(c);
}
