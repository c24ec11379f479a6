/* The prober: OPTIONS client transactions of our own, early verdicts, late answers, ICMP. */
#include "sip/probe.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/alloc.h"
#include "base/hash.h"
#include "sip/build.h"

/* Sends over UDP, after the first (facts 2.2). */
static const int64_t send_at_ms[] = {0, 500, 1500, 3500};
#define SENDS (sizeof(send_at_ms) / sizeof(send_at_ms[0]))

#define BRANCH_DIGITS 16

struct probe {
	uint64_t branch; /* random, the key; also what prober_start() returns */
	struct probe *chain;
	struct sip_flow flow;
	probe_report_fn *fn;
	void *ctx;
	char *text; /* the request; NULL when it will not be sent again */
	size_t text_n;
	int64_t first_us; /* monotonic, of the first send */
	int64_t due_ms;   /* monotonic, of the next thing to do */
	size_t heap_at;
	unsigned verdict_ms;
	unsigned sends;
	int send_errno; /* the kernel refused to send: told at the next turn */
	bool told;      /* SILENT was told; waiting for a late answer */
};

struct prober {
	struct loop *loop;
	const struct clock *clock;
	struct sip_transport *transport;
	struct loop_timer *timer;
	struct probe **buckets;
	size_t bucket_count, count, open;
	struct probe **heap; /* by due_ms, soonest first */
	size_t heap_cap;
};

/* ---- the table and the heap ---------------------------------------------------------------- */

static struct probe **bucket_of(struct prober *p, uint64_t branch)
{
	return &p->buckets[branch & (p->bucket_count - 1)];
}

static void table_grow(struct prober *p)
{
	size_t old_count = p->bucket_count;
	struct probe **old = p->buckets;

	p->bucket_count = old_count ? old_count * 2 : 64;
	p->buckets = xcalloc(p->bucket_count, sizeof(*p->buckets));
	for (size_t i = 0; i < old_count; i++) {
		struct probe *x = old[i], *next;

		for (; x; x = next) {
			next = x->chain;
			x->chain = *bucket_of(p, x->branch);
			*bucket_of(p, x->branch) = x;
		}
	}
	free(old);
}

static struct probe *table_find(struct prober *p, uint64_t branch)
{
	struct probe *x = p->bucket_count ? *bucket_of(p, branch) : NULL;

	while (x && x->branch != branch)
		x = x->chain;
	return x;
}

static void heap_place(struct prober *p, struct probe *x, size_t at)
{
	p->heap[at] = x;
	x->heap_at = at;
}

static void heap_up(struct prober *p, struct probe *x)
{
	size_t at = x->heap_at;

	while (at > 0 && p->heap[(at - 1) / 2]->due_ms > x->due_ms) {
		heap_place(p, p->heap[(at - 1) / 2], at);
		at = (at - 1) / 2;
	}
	heap_place(p, x, at);
}

static void heap_down(struct prober *p, struct probe *x)
{
	size_t at = x->heap_at;

	for (;;) {
		size_t child = at * 2 + 1;

		if (child >= p->count)
			break;
		if (child + 1 < p->count && p->heap[child + 1]->due_ms < p->heap[child]->due_ms)
			child++;
		if (p->heap[child]->due_ms >= x->due_ms)
			break;
		heap_place(p, p->heap[child], at);
		at = child;
	}
	heap_place(p, x, at);
}

static void heap_move(struct prober *p, struct probe *x, int64_t due_ms)
{
	bool later = due_ms > x->due_ms;

	x->due_ms = due_ms;
	if (later)
		heap_down(p, x);
	else
		heap_up(p, x);
}

static void probe_insert(struct prober *p, struct probe *x)
{
	if (p->count >= p->bucket_count)
		table_grow(p);
	x->chain = *bucket_of(p, x->branch);
	*bucket_of(p, x->branch) = x;
	XGROW(p->heap, p->heap_cap, p->count + 1);
	x->heap_at = p->count++;
	heap_up(p, x);
	p->open++;
}

static void probe_remove(struct prober *p, struct probe *x)
{
	struct probe **at = bucket_of(p, x->branch), *last;

	while (*at != x)
		at = &(*at)->chain;
	*at = x->chain;
	last = p->heap[--p->count];
	if (last != x) {
		heap_place(p, last, x->heap_at);
		heap_up(p, last);
		heap_down(p, last);
	}
	if (!x->told)
		p->open--;
	free(x->text);
	free(x);
}

/* ---- time ---------------------------------------------------------------------------------- */

static void arm(struct prober *p)
{
	int64_t wait;

	if (p->count == 0) {
		loop_timer_stop(p->timer);
		return;
	}
	wait = p->heap[0]->due_ms - clock_mono_ms(p->clock);
	loop_timer_set(p->timer, wait > 0 ? wait : 0);
}

static int64_t first_ms(const struct probe *x)
{
	return x->first_us / 1000;
}

static int64_t next_send_ms(const struct probe *x)
{
	if (x->flow.transport != TRANSPORT_UDP || x->sends >= SENDS)
		return INT64_MAX;
	return first_ms(x) + send_at_ms[x->sends];
}

static int64_t next_due_ms(const struct probe *x)
{
	int64_t verdict = first_ms(x) + x->verdict_ms, send = next_send_ms(x);

	if (x->told)
		return first_ms(x) +
		       (x->verdict_ms > PROBE_LINGER_MS ? x->verdict_ms : PROBE_LINGER_MS);
	return send < verdict ? send : verdict;
}

/* The last thing about a probe: takes it out first, so that fn may start another one. */
static void finish(struct prober *p, struct probe *x, struct probe_report *r)
{
	probe_report_fn *fn = x->fn;
	void *ctx = x->ctx;
	uint64_t id = x->branch;

	r->sends = x->sends;
	probe_remove(p, x);
	arm(p);
	fn(ctx, id, r);
}

static void tell_silent(struct prober *p, struct probe *x)
{
	struct probe_report r = {.end = PROBE_END_SILENT, .sends = x->sends};

	x->told = true;
	p->open--;
	free(x->text);
	x->text = NULL;
	heap_move(p, x, next_due_ms(x));
	x->fn(x->ctx, x->branch, &r);
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
	struct probe_report r = {.end = end_of_errno(x->flow.transport, e->error), .error = *e};

	finish(p, x, &r);
}

static void send_once(struct prober *p, struct probe *x)
{
	int rc = sip_transport_send(p->transport, &x->flow, x->text, x->text_n);

	x->sends++;
	/* A full buffer is our trouble, not the phone's: the next send may pass. */
	if (rc < 0 && rc != -EAGAIN && rc != -ENOBUFS)
		x->send_errno = -rc;
}

static void probe_act(struct prober *p, struct probe *x, int64_t now_ms)
{
	if (x->send_errno) {
		struct sip_send_error e = {.to = x->flow.remote,
					   .error = x->send_errno,
					   .icmp_type = -1,
					   .icmp_code = -1};

		tell_failed(p, x, &e);
		return;
	}
	if (x->told) {
		probe_remove(p, x);
		return;
	}
	if (now_ms >= first_ms(x) + x->verdict_ms) {
		tell_silent(p, x);
		return;
	}
	if (now_ms >= next_send_ms(x))
		send_once(p, x);
	heap_move(p, x, x->send_errno ? now_ms : next_due_ms(x));
}

static void on_timer(void *arg)
{
	struct prober *p = arg;
	int64_t now = clock_mono_ms(p->clock);
	/* Bounded by what was due when the turn began, so that answers get their turn too. */
	size_t limit = p->count;

	while (limit-- > 0 && p->count > 0 && p->heap[0]->due_ms <= now)
		probe_act(p, p->heap[0], now);
	arm(p);
}

/* ---- what comes back ----------------------------------------------------------------------- */

static bool branch_parse(struct slice s, uint64_t *out)
{
	uint64_t v = 0;

	if (s.n < 7 + BRANCH_DIGITS || !slice_starts_with(s, "z9hG4bK"))
		return false;
	for (size_t i = 7; i < 7 + BRANCH_DIGITS; i++) {
		int digit = slice_hex_digit(s.p[i]);

		if (digit < 0)
			return false;
		v = v << 4 | (unsigned)digit;
	}
	*out = v;
	return true;
}

/* Matched by branch and CSeq method (RFC 3261 17.1.3), not by source: behind some NATs the answer
 * comes from elsewhere. */
static bool on_response(void *ctx, const struct sip_flow *from, const struct sip_msg *m)
{
	struct prober *p = ctx;
	struct probe_report r = {.end = PROBE_END_ANSWER, .code = sip_msg_code(m)};
	struct sip_via via;
	struct probe *x;
	uint64_t branch;

	(void)from;
	if (!sip_msg_via(m, &via) || via.branch.n != 7 + BRANCH_DIGITS ||
	    !branch_parse(via.branch, &branch))
		return false;
	x = table_find(p, branch);
	if (!x || !slice_eq_str(sip_msg_method(m), "OPTIONS"))
		return false;
	/* Provisional: somebody is there, the answer is still to come. */
	if (r.code < 200)
		return true;
	r.late = x->told;
	r.rtt_us = (uint32_t)(clock_mono_us(p->clock) - x->first_us);
	r.agent = sip_msg_header(m, "user-agent", 0);
	if (r.agent.n == 0)
		r.agent = sip_msg_header(m, "server", 0);
	r.reason = sip_msg_reason(m);
	r.warning = sip_msg_header(m, "warning", 0);
	finish(p, x, &r);
	return true;
}

/* By the branch in what the router quoted; when it quoted too little, by destination. */
static struct probe *find_failed(struct prober *p, const struct sip_send_error *e)
{
	static const struct slice mark = {"branch=", 7};
	ptrdiff_t at = slice_find_icase(e->quoted, mark);
	uint64_t branch;
	struct probe *x;

	if (at >= 0 && branch_parse(slice_skip(e->quoted, (size_t)at + mark.n), &branch)) {
		x = table_find(p, branch);
		return x && netaddr_eq(&x->flow.remote, &e->to) ? x : NULL;
	}
	for (size_t i = 0; i < p->count; i++)
		if (!p->heap[i]->told && p->heap[i]->flow.transport == TRANSPORT_UDP &&
		    netaddr_eq(&p->heap[i]->flow.remote, &e->to))
			return p->heap[i];
	return NULL;
}

static bool on_send_error(void *ctx, const struct sip_send_error *e)
{
	struct prober *p = ctx;
	struct probe *x = find_failed(p, e);

	if (!x)
		return false;
	/* A smaller MTU on the way is no verdict: the kernel knows it now and the next send passes.
	 */
	if (e->error == EMSGSIZE)
		return true;
	/* After the verdict an ICMP adds nothing that the next probe would not see. */
	if (!x->told)
		tell_failed(p, x, e);
	return true;
}

static void on_closed(void *ctx, uint32_t connection, int error)
{
	struct prober *p = ctx;

	for (size_t i = 0; i < p->bucket_count; i++) {
		for (struct probe *x = p->buckets[i]; x; x = x->chain) {
			if (x->told || x->flow.transport != TRANSPORT_TCP ||
			    x->flow.connection != connection)
				continue;
			/* Told from the timer: fn may start or cancel probes. */
			x->send_errno = error ? error : ENOTCONN;
			heap_move(p, x, 0);
		}
	}
	arm(p);
}

/* ---- the public side ----------------------------------------------------------------------- */

struct prober *prober_new(struct loop *l, const struct clock *c, struct sip_transport *t)
{
	struct prober *p = xcalloc(1, sizeof(*p));
	struct sip_handler h = {.ctx = p,
				.response = on_response,
				.send_error = on_send_error,
				.closed = on_closed};

	p->loop = l;
	p->clock = c;
	p->transport = t;
	p->timer = loop_timer_new(l, LOOP_SIP, on_timer, p);
	sip_transport_add_handler(t, &h);
	return p;
}

void prober_free(struct prober *p)
{
	if (!p)
		return;
	sip_transport_remove_handler(p->transport, p);
	while (p->count)
		probe_remove(p, p->heap[0]);
	loop_timer_free(p->timer);
	free(p->buckets);
	free(p->heap);
	free(p);
}

/* The request of facts 2.3: the contact's own bytes, a real-looking From, our reachable address. */
static void build_text(struct prober *p, struct probe *x, const struct probe_spec *s)
{
	char branch[BRANCH_DIGITS + 1], tag[13], call_id[25], via[NETADDR_STR];
	struct strbuf b = STRBUF_INIT;
	struct sip_request_head h = {.method = "OPTIONS",
				     .request_uri = s->request_uri,
				     .route = s->route,
				     .transport = s->flow.transport,
				     .branch = branch,
				     .from_uri = s->from_uri,
				     .to_uri = s->to_uri,
				     .from_tag = tag,
				     .call_id = call_id,
				     .cseq = 1};

	snprintf(branch, sizeof(branch), "%016llx", (unsigned long long)x->branch);
	random_token(tag, sizeof(tag) - 1);
	random_token(call_id, sizeof(call_id) - 1);
	if (s->flow.local.len && !netaddr_is_any(&s->flow.local))
		h.via = s->flow.local;
	else if (!sip_transport_local(p->transport, s->flow.transport, &s->flow.remote, &h.via))
		/* A connection of ours without a listener: the Via names where it comes from. */
		netaddr_local_for(&s->flow.remote, &h.via);
	sip_build_request(&b, &h);
	strbuf_addf(&b, "Contact: <sip:regtop@%s>\r\nAccept: application/sdp\r\n",
		    sip_build_sent_by(&h.via, via));
	sip_build_end(&b, SLICE_NONE);
	x->text_n = b.n;
	x->text = strbuf_take(&b);
}

uint64_t prober_start(struct prober *p, const struct probe_spec *s, probe_report_fn *fn, void *ctx)
{
	struct probe *x = xcalloc(1, sizeof(*x));

	do
		x->branch = random_u64();
	while (x->branch == 0 || table_find(p, x->branch));
	x->flow = s->flow;
	x->fn = fn;
	x->ctx = ctx;
	x->verdict_ms = s->verdict_ms ? s->verdict_ms : PROBE_VERDICT_MS;
	build_text(p, x, s);
	x->first_us = clock_mono_us(p->clock);
	send_once(p, x);
	x->due_ms = x->send_errno ? 0 : next_due_ms(x);
	probe_insert(p, x);
	arm(p);
	return x->branch;
}

void prober_cancel(struct prober *p, uint64_t id)
{
	struct probe *x = table_find(p, id);

	if (!x)
		return;
	probe_remove(p, x);
	arm(p);
}

size_t prober_open(const struct prober *p)
{
	return p->open;
}
