/* The prober: OPTIONS client transactions of our own, early verdicts, late answers, ICMP. */
#include "sip/probe.h"

#include <errno.h>
#include <stdlib.h>
#include "base/alloc.h"
#include "sip/build.h"
#include "sip/probe_table.h"
#include "sip/probe_text.h"
#include "sip/probe_trace.h"

/* Sends over UDP, after the first (facts 2.2). */
static const int64_t send_at_ms[] = {0, 500, 1500, 3500};
#define SENDS (sizeof(send_at_ms) / sizeof(send_at_ms[0]))

/* Datagrams handed over in one go. */
#define BATCH 32
/* What is done in one turn of the loop at the most, so that answers and keys get theirs, and so
 * that what became due while the loop was busy elsewhere does not leave as one burst. */
#define ACTS_PER_TURN 64
/* A full buffer is looked at again after so long. */
#define FULL_RETRY_MS 2
/* While answers lie unread nothing is sent again and nobody is called silent, but not for longer
 * than this: a flood from elsewhere must not put every verdict off. */
#define BEHIND_MAX_MS 2000

struct prober {
	struct loop *loop;
	const struct clock *clock;
	struct sip_transport *transport;
	struct loop_timer *timer;
	int64_t armed_ms; /* when the timer runs; INT64_MAX not at all */
	struct probe_table *table;
	size_t open;
	int64_t behind_ms;      /* since when answers lie unread; 0 they do not */
	unsigned batches, held; /* batch begun; in the outbox since */
	struct strbuf texts[BATCH];
	struct probe_traces traces;
};

/* ---- time ---------------------------------------------------------------------------------- */

static void arm_at(struct prober *p, int64_t now_ms, int64_t at_ms)
{
	if (at_ms >= p->armed_ms)
		return;
	p->armed_ms = at_ms;
	loop_timer_set(p->timer, at_ms > now_ms ? at_ms - now_ms : 0);
}

static void arm(struct prober *p)
{
	int64_t now = clock_mono_ms(p->clock), wait = probe_table_wait_ms(p->table, now);

	if (wait >= 0)
		arm_at(p, now, now + wait);
}

static void set_due(struct prober *p, struct probe *x, int64_t now_ms, int64_t due_ms)
{
	probe_table_due(p->table, x, now_ms, due_ms);
	/* The table is up to some milliseconds late; no need to look before. */
	if (due_ms < p->armed_ms)
		arm_at(p, now_ms, now_ms + probe_table_wait_ms(p->table, now_ms));
}

static int64_t first_ms(const struct probe *x)
{
	return x->first_us / 1000;
}

static int64_t next_due_ms(const struct probe *x)
{
	int64_t verdict = first_ms(x) + x->verdict_ms, send;

	if (x->told)
		return first_ms(x) +
		       (x->verdict_ms > PROBE_LINGER_MS ? x->verdict_ms : PROBE_LINGER_MS);
	if (x->transport != TRANSPORT_UDP || x->sends >= SENDS)
		return verdict;
	send = first_ms(x) + send_at_ms[x->sends];
	return send < verdict ? send : verdict;
}

/* ---- reports ------------------------------------------------------------------------------- */

static void remove_probe(struct prober *p, struct probe *x)
{
	probe_trace_end(&p->traces, x->id);
	probe_table_remove(p->table, x);
}

/* The last thing about a probe: takes it out first, so that fn may start another one. */
static void finish(struct prober *p, struct probe *x, struct probe_report *r)
{
	probe_report_fn *fn = x->fn;
	void *ctx = x->ctx;
	uint64_t id = x->id;

	r->sends = x->sends;
	r->late = x->told;
	if (!x->told)
		p->open--;
	remove_probe(p, x);
	fn(ctx, id, r);
}

static void tell_silent(struct prober *p, struct probe *x, int64_t now_ms)
{
	struct probe_report r = {.end = PROBE_END_SILENT,
				 .sends = x->sends,
				 .unreadable = probe_trace_unreadable(&p->traces, x->id)};

	x->told = true;
	p->open--;
	free(x->words);
	x->words = NULL;
	set_due(p, x, now_ms, next_due_ms(x));
	x->fn(x->ctx, x->id, &r);
}

/* A stream that ends with any other errno (a half-open flow with ETIMEDOUT, facts 2.6) is a flow
 * that is gone, not an address without a route. */
static enum probe_end end_of_errno(enum transport t, int error)
{
	if (error == ECONNREFUSED)
		return PROBE_END_REFUSED;
	if (t == TRANSPORT_TCP && error != EHOSTUNREACH && error != ENETUNREACH)
		return PROBE_END_CLOSED;
	return PROBE_END_UNREACHABLE;
}

static void tell_failed(struct prober *p, struct probe *x, const struct sip_send_error *e)
{
	struct probe_report r = {.end = end_of_errno((enum transport)x->transport, e->error),
				 .error = *e};

	finish(p, x, &r);
}

static void tell_not_sent(struct prober *p, struct probe *x)
{
	struct sip_send_error e = {.error = x->send_errno, .icmp_type = -1, .icmp_code = -1};
	struct sip_flow flow;

	probe_table_flow(x, &flow);
	e.to = flow.remote;
	tell_failed(p, x, &e);
}

/* ---- sending ------------------------------------------------------------------------------- */

static void trace_send(struct prober *p, const struct probe *x, const struct sip_flow *flow,
		       const struct strbuf *text, int error)
{
	struct sip_send_error e = {
		.to = flow->remote, .error = error, .icmp_type = -1, .icmp_code = -1};
	struct sip_flow from = *flow;

	if (p->traces.count == 0)
		return;
	if (error) {
		probe_trace_trouble(&p->traces, x->id, flow->transport, &e);
		return;
	}
	if (from.local.len == 0 || netaddr_is_any(&from.local))
		sip_transport_local(p->transport, flow->transport, &flow->remote, &from.local);
	probe_trace_sent(&p->traces, x->id, &from, strbuf_slice(text));
}

/* It left, or the kernel would not have it: then that is told at the next turn. */
static void note_sent(struct prober *p, struct probe *x, int64_t now_us, int error)
{
	if (x->sends++ == 0)
		x->first_us = now_us;
	x->send_errno = (uint16_t)error;
	set_due(p, x, now_us / 1000, error ? now_us / 1000 : next_due_ms(x));
}

static void send_stream(struct prober *p, struct probe *x)
{
	struct strbuf *text = &p->texts[0];
	struct sip_flow flow;
	int rc;

	strbuf_clear(text);
	probe_text_write(text, x->id, TRANSPORT_TCP, x->words);
	probe_table_flow(x, &flow);
	rc = sip_transport_send(p->transport, &flow, text->p, text->n);
	trace_send(p, x, &flow, text, -rc);
	note_sent(p, x, clock_mono_us(p->clock), -rc);
}

/* Sends what is at the front of the outbox. False when it must wait or there is nothing. */
static bool send_some(struct prober *p)
{
	struct sip_datagram out[BATCH];
	struct sip_flow flows[BATCH];
	struct probe *x = probe_table_outbox_first(p->table), *sent;
	int64_t now_us = clock_mono_us(p->clock);
	size_t n = 0, done;

	for (; x && n < BATCH; n++, x = probe_table_outbox_next(p->table, x)) {
		strbuf_clear(&p->texts[n]);
		probe_text_write(&p->texts[n], x->id, TRANSPORT_UDP, x->words);
		probe_table_flow(x, &flows[n]);
		out[n] = (struct sip_datagram){
			.flow = &flows[n], .buf = p->texts[n].p, .n = p->texts[n].n};
	}
	done = sip_transport_send_many(p->transport, out, n);
	for (size_t i = 0; i < done; i++) {
		sent = probe_table_outbox_first(p->table);
		trace_send(p, sent, &flows[i], &p->texts[i], out[i].error);
		note_sent(p, sent, now_us, out[i].error);
	}
	/* A full buffer is our trouble, not the phone's: nothing is lost, and no time runs. */
	if (done < n)
		arm_at(p, now_us / 1000, now_us / 1000 + FULL_RETRY_MS);
	return n > 0 && done == n;
}

static void flush(struct prober *p)
{
	while (send_some(p))
		;
	p->held = 0;
}

void prober_begin_batch(struct prober *p)
{
	p->batches++;
}

void prober_end_batch(struct prober *p)
{
	if (--p->batches == 0)
		flush(p);
}

static void enqueue(struct prober *p, struct probe *x)
{
	probe_table_outbox(p->table, x);
	if (++p->held >= BATCH || p->batches == 0)
		flush(p);
}

static void probe_act(struct prober *p, struct probe *x, int64_t now_ms)
{
	struct probe_report forgotten = {.end = PROBE_END_FORGOTTEN};

	if (x->send_errno)
		tell_not_sent(p, x);
	else if (x->told)
		finish(p, x, &forgotten);
	else if (now_ms >= first_ms(x) + x->verdict_ms)
		tell_silent(p, x, now_ms);
	else if (now_ms >= next_due_ms(x))
		enqueue(p, x);
	else
		set_due(p, x, now_ms, next_due_ms(x));
}

static bool must_read_first(struct prober *p, int64_t now_ms)
{
	if (!sip_transport_behind(p->transport)) {
		p->behind_ms = 0;
		return false;
	}
	if (p->behind_ms == 0)
		p->behind_ms = now_ms;
	return now_ms - p->behind_ms < BEHIND_MAX_MS;
}

static void on_timer(void *arg)
{
	struct prober *p = arg;
	int64_t now = clock_mono_ms(p->clock);
	struct probe *x;

	p->armed_ms = INT64_MAX;
	if (must_read_first(p, now)) {
		arm_at(p, now, now + 1);
		return;
	}
	prober_begin_batch(p);
	for (unsigned acts = 0; acts < ACTS_PER_TURN; acts++) {
		x = probe_table_next_due(p->table, now);
		if (!x)
			break;
		probe_act(p, x, now);
	}
	prober_end_batch(p);
	arm(p);
}

/* ---- what comes back ----------------------------------------------------------------------- */

/* Matched by branch and CSeq method (RFC 3261 17.1.3), not by source: behind some NATs the answer
 * comes from elsewhere. */
static bool take_answer(struct prober *p, const struct sip_flow *from, const struct sip_answer *a,
			struct slice raw)
{
	struct probe_report r = {.end = PROBE_END_ANSWER,
				 .code = a->code,
				 .agent = a->agent,
				 .reason = a->reason,
				 .warning = a->warning};
	struct probe *x;
	uint64_t id;

	if (a->branch.n != 7 + PROBE_BRANCH_DIGITS || !probe_text_read_branch(a->branch, &id))
		return false;
	x = probe_table_find(p->table, id);
	if (!x || x->sends == 0 || !slice_eq_str(a->method, "OPTIONS"))
		return false;
	/* Its trace wants the message itself, which the parser brings. */
	if (p->traces.count && !raw.n && probe_trace_has(&p->traces, id))
		return false;
	probe_trace_received(&p->traces, id, from, raw);
	/* Provisional: somebody is there, the answer is still to come. */
	if (a->code < 200)
		return true;
	r.rtt_us = (uint32_t)(clock_mono_us(p->clock) - x->first_us);
	finish(p, x, &r);
	return true;
}

static bool on_answer(void *ctx, const struct sip_flow *from, const struct sip_answer *a)
{
	return take_answer(ctx, from, a, SLICE_NONE);
}

static bool on_response(void *ctx, const struct sip_flow *from, const struct sip_msg *m)
{
	struct sip_answer a = {.code = sip_msg_code(m),
			       .method = sip_msg_method(m),
			       .reason = sip_msg_reason(m),
			       .agent = sip_msg_header(m, "user-agent", 0),
			       .warning = sip_msg_header(m, "warning", 0)};
	struct sip_via via;

	if (!sip_msg_via(m, &via))
		return false;
	a.branch = via.branch;
	if (a.agent.n == 0)
		a.agent = sip_msg_header(m, "server", 0);
	return take_answer(ctx, from, &a, sip_msg_raw(m));
}

static bool goes_to(const struct probe *x, const struct netaddr *to)
{
	struct sip_flow flow;

	probe_table_flow(x, &flow);
	return x->transport == TRANSPORT_UDP && netaddr_eq(&flow.remote, to);
}

/* By the branch in what the router quoted; when it quoted too little, by destination. */
static struct probe *find_failed(struct prober *p, const struct sip_send_error *e)
{
	static const struct slice mark = {"branch=", 7};
	ptrdiff_t at = slice_find_icase(e->quoted, mark);
	struct probe *x = NULL;
	uint64_t id;

	if (at >= 0 && probe_text_read_branch(slice_skip(e->quoted, (size_t)at + mark.n), &id)) {
		x = probe_table_find(p->table, id);
		return x && goes_to(x, &e->to) ? x : NULL;
	}
	while ((x = probe_table_to_addr(p->table, &e->to, x)) != NULL)
		if (!x->told && x->sends > 0 && goes_to(x, &e->to))
			return x;
	return NULL;
}

static bool on_send_error(void *ctx, const struct sip_send_error *e)
{
	struct prober *p = ctx;
	struct probe *x = find_failed(p, e);

	if (!x)
		return false;
	probe_trace_trouble(&p->traces, x->id, TRANSPORT_UDP, e);
	/* A smaller MTU on the way is no verdict: the kernel knows it now and the next send passes.
	 */
	if (e->error == EMSGSIZE)
		return true;
	/* After the verdict an ICMP adds nothing that the next probe would not see. */
	if (!x->told)
		tell_failed(p, x, e);
	return true;
}

static void on_rubbish(void *ctx, const struct sip_flow *from, struct slice raw, const char *why)
{
	struct prober *p = ctx;

	probe_trace_rubbish(&p->traces, from, raw.n, why);
}

static void trace_closed(struct prober *p, const struct probe *x, int error)
{
	struct sip_send_error e = {.error = error, .icmp_type = -1, .icmp_code = -1};
	struct sip_flow flow;

	if (error == 0) {
		probe_trace_note(&p->traces, x->id, "the connection was closed");
		return;
	}
	probe_table_flow(x, &flow);
	e.to = flow.remote;
	probe_trace_trouble(&p->traces, x->id, TRANSPORT_TCP, &e);
}

static void on_closed(void *ctx, uint32_t connection, int error)
{
	struct prober *p = ctx;
	struct probe *x = NULL;
	int64_t now = clock_mono_ms(p->clock);

	while ((x = probe_table_on_connection(p->table, connection, x)) != NULL) {
		if (x->told || x->transport != TRANSPORT_TCP || x->connection != connection)
			continue;
		trace_closed(p, x, error);
		/* Told from the timer: fn may start or cancel probes. */
		x->send_errno = (uint16_t)(error ? error : ENOTCONN);
		set_due(p, x, now, now);
	}
}

/* ---- the public side ----------------------------------------------------------------------- */

struct prober *prober_new(struct loop *l, const struct clock *c, struct sip_transport *t)
{
	struct prober *p = xcalloc(1, sizeof(*p));
	struct sip_handler h = {.ctx = p,
				.response = on_response,
				.answer = on_answer,
				.send_error = on_send_error,
				.closed = on_closed,
				.rubbish = on_rubbish};

	p->loop = l;
	p->clock = c;
	p->transport = t;
	p->table = probe_table_new();
	p->armed_ms = INT64_MAX;
	p->timer = loop_timer_new(l, LOOP_SIP, on_timer, p);
	sip_transport_add_handler(t, &h);
	return p;
}

void prober_free(struct prober *p)
{
	if (!p)
		return;
	sip_transport_remove_handler(p->transport, p);
	probe_table_free(p->table);
	probe_traces_free(&p->traces);
	loop_timer_free(p->timer);
	for (int i = 0; i < BATCH; i++)
		strbuf_free(&p->texts[i]);
	free(p);
}

static char *pack_words(struct prober *p, const struct probe_spec *s)
{
	struct netaddr via = s->flow.local;
	char text[NETADDR_STR];

	if ((via.len == 0 || netaddr_is_any(&via)) &&
	    !sip_transport_local(p->transport, s->flow.transport, &s->flow.remote, &via))
		/* A connection of ours without a listener: the Via names where it comes from. */
		netaddr_local_for(&s->flow.remote, &via);
	return probe_text_pack(s, slice_of(sip_build_sent_by(&via, text)));
}

uint64_t prober_start(struct prober *p, const struct probe_spec *s, probe_report_fn *fn, void *ctx)
{
	struct probe *x = probe_table_add(p->table, &s->flow);
	uint64_t id = x->id;

	x->fn = fn;
	x->ctx = ctx;
	x->verdict_ms = s->verdict_ms ? s->verdict_ms : PROBE_VERDICT_MS;
	x->words = pack_words(p, s);
	p->open++;
	probe_trace_begin(&p->traces, id, &s->flow.remote, s->trace);
	if (x->transport == TRANSPORT_UDP)
		enqueue(p, x);
	else
		send_stream(p, x);
	return id;
}

void prober_cancel(struct prober *p, uint64_t id)
{
	struct probe *x = probe_table_find(p->table, id);

	if (!x)
		return;
	if (!x->told)
		p->open--;
	remove_probe(p, x);
}

void prober_untrace(struct prober *p, const struct trace *t)
{
	probe_traces_forget(&p->traces, t);
}

size_t prober_open(const struct prober *p)
{
	return p->open;
}
