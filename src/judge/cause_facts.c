/* What the rules of causes ask of findings, and how they put a cause into words. */
#include "judge/cause_facts.h"

#include <stdarg.h>
#include <stdio.h>
#include "base/sipuri.h"
#include "base/text.h"
#include "judge/verdict.h"

/* ---- one binding ----------------------------------------------------------------------------- */

bool fact_live(const struct findings *f, const struct finding_binding *b)
{
	return binding_left_s(&b->row.b, f->now_ms / 1000) > 0;
}

static bool same_text(struct slice a, struct slice b)
{
	return a.n && slice_eq(a, b);
}

static bool same_host(struct slice a, struct slice b)
{
	struct sip_uri x, y;

	return sip_uri_split(a, &x) == 0 && sip_uri_split(b, &y) == 0 && slice_ieq(x.host, y.host);
}

/* Its instance names a device; without one, the same model at the same inner address is it. */
static bool same_device(const struct binding *a, const struct binding *b, bool *instance)
{
	*instance = same_text(a->instance, b->instance);
	if (*instance)
		return a->reg_id == b->reg_id;
	if (a->instance.n && b->instance.n)
		return false;
	return same_text(a->user_agent, b->user_agent) && same_host(a->contact, b->contact);
}

bool fact_superseded(const struct findings *f, size_t i, bool *instance)
{
	const struct binding *b = &f->bindings[i].row.b;
	bool known;

	for (size_t j = 0; j < f->count; j++) {
		const struct binding *o = &f->bindings[j].row.b;

		if (j == i || !same_device(b, o, &known) || slice_eq(b->call_id, o->call_id) ||
		    slice_eq(b->contact, o->contact) || o->refreshed_s <= b->refreshed_s)
			continue;
		if (instance)
			*instance = known;
		return true;
	}
	return false;
}

/* Of an outsider's probe only an answer, and a failure without NAT in between, say something. */
static bool counts(const struct finding_binding *b, const struct evidence *e)
{
	if (!probe_was_sent(e->outcome))
		return false;
	if (e->path != PROBE_PATH_DIRECT)
		return e->path != PROBE_PATH_NONE;
	return e->outcome == PROBE_ANSWERED || (!b->hop.nat && !b->hop.by_flow);
}

const struct evidence *fact_asked(const struct findings *f, const struct finding_binding *b)
{
	const struct evidence *call = &b->ways[WAY_CALL], *direct = &b->ways[WAY_DIRECT];

	/* Kamailio hears no ICMP: where a packet of ours means the same, it says more. */
	if (counts(b, call) && call->outcome == PROBE_SILENT && counts(b, direct) && direct->icmp)
		return direct;
	if (counts(b, call))
		return call;
	if (counts(b, direct))
		return direct;
	if (counts(b, &b->known) && f->now_ms - b->known.asked_ms <= VERDICT_FADES_AFTER_S * 1000LL)
		return &b->known;
	return NULL;
}

bool fact_answers(const struct findings *f, const struct finding_binding *b)
{
	const struct evidence *e = fact_asked(f, b);

	return e && e->outcome == PROBE_ANSWERED && !e->by_registrar && e->code != 404 &&
	       e->code != 410 && e->code != 416;
}

/* Codes by which somebody in between says that the phone did not answer. */
static bool gave_up(const struct finding_binding *b, const struct evidence *e)
{
	return (e->by_registrar || b->row.b.path.n) &&
	       (e->code == 408 || e->code == 430 || e->code == 504);
}

bool fact_silent(const struct findings *f, const struct finding_binding *b)
{
	const struct evidence *e = fact_asked(f, b);

	return e && (e->outcome == PROBE_SILENT || (e->outcome == PROBE_ANSWERED && gave_up(b, e)));
}

bool fact_fails(const struct findings *f, const struct finding_binding *b)
{
	const struct evidence *e = fact_asked(f, b);

	return e && (e->outcome != PROBE_ANSWERED || gave_up(b, e));
}

enum icmp_meaning fact_icmp(const struct evidence *e)
{
	if (!e)
		return ICMP_NOTHING;
	if (!e->icmp)
		return e->outcome == PROBE_REFUSED ? ICMP_PORT : ICMP_NOTHING;
	if (e->icmp_type == 3)
		switch (e->icmp_code) {
		case 3:
			return ICMP_PORT;
		case 0:
		case 1:
			return ICMP_HOST;
		case 9:
		case 10:
		case 13:
			return ICMP_FILTER;
		}
	if (e->icmp_type == 1)
		switch (e->icmp_code) {
		case 4:
			return ICMP_PORT;
		case 0:
		case 3:
			return ICMP_HOST;
		case 1:
		case 5:
		case 6:
			return ICMP_FILTER;
		}
	return ICMP_OTHER;
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

int64_t fact_heard_ms(const struct finding_binding *b)
{
	int64_t heard = b->row.b.refreshed_s > 0 ? b->row.b.refreshed_s * 1000 : 0;

	heard = later(heard, b->past.last_answer_ms);
	heard = later(heard, b->known.heard_ms);
	return later(heard, b->past.last_refresh_s * 1000);
}

int64_t fact_quiet_s(const struct finding_binding *b, const struct evidence *e)
{
	int64_t heard = fact_heard_ms(b);

	if (!heard || !e || e->asked_ms < heard)
		return -1;
	return (e->asked_ms - heard) / 1000;
}

bool fact_by_contact(const struct finding_binding *b)
{
	return b->hop.from == HOP_CONTACT ||
	       (b->hop.from == HOP_NONE && !b->row.b.received.n && !b->row.b.path.n);
}

bool fact_is_stream(const struct finding_binding *b)
{
	switch (b->hop.transport) {
	case TRANSPORT_TCP:
	case TRANSPORT_TLS:
	case TRANSPORT_WS:
	case TRANSPORT_WSS:
		return true;
	default:
		return b->row.b.connection > 0;
	}
}

bool fact_overdue(const struct findings *f, const struct finding_binding *b, int64_t *by_s)
{
	struct row r = b->row;

	r.now_ms = f->now_ms;
	if (!r.habit_s)
		r.habit_s = b->past.habit_s;
	*by_s = row_overdue_s(&r);
	return *by_s > 0;
}

const struct call_found *fact_call(const struct finding_binding *b, enum call_kind kind)
{
	const struct call_found *c = &b->calls[kind];

	return c->outcome == CALL_NOT_MADE ? NULL : c;
}

bool fact_any(const struct findings *f, struct cause *out, binding_rule *rule)
{
	for (size_t i = 0; i < f->count; i++) {
		if (!fact_live(f, &f->bindings[i]) || fact_superseded(f, i, NULL))
			continue;
		out->binding = i;
		if (rule(f, i, out))
			return true;
	}
	out->binding = f->count;
	return false;
}

/* ---- words ----------------------------------------------------------------------------------- */

#define WORDS      4
#define WORD_BYTES 200

/* A ring: a sentence names up to four of these at once. */
static char *word(void)
{
	static char ring[WORDS][WORD_BYTES];
	static unsigned next;

	next = (next + 1) % WORDS;
	return ring[next];
}

const char *fact_text(struct slice raw)
{
	char *w = word();

	text_clean_buf(raw, w, WORD_BYTES);
	return w;
}

const char *fact_hop(const struct finding_binding *b)
{
	char addr[NETADDR_STR], *w = word();

	next_hop_format(&b->hop, w, WORD_BYTES);
	/* An address that nothing can be sent to has a name all the same. */
	if (!w[0] && b->hop.addr.len)
		snprintf(w, WORD_BYTES, "%s:%s", transport_name(b->hop.transport),
			 netaddr_format(&b->hop.addr, addr));
	else if (!w[0] && b->hop.by_flow)
		snprintf(w, WORD_BYTES, "its connection");
	else if (!w[0])
		text_clean_buf(b->row.b.contact, w, WORD_BYTES);
	return w;
}

const char *fact_time(const struct findings *f, int64_t when_ms)
{
	char then[24], now[24], *w = word();

	text_rfc3339(when_ms / 1000, then);
	text_rfc3339(f->now_ms / 1000, now);
	if (memcmp(then, now, 10) == 0)
		snprintf(w, WORD_BYTES, "%s", then + 11);
	else
		snprintf(w, WORD_BYTES, "%s", then);
	return w;
}

const char *fact_span(int64_t seconds)
{
	return text_duration(seconds, word());
}

const char *fact_way(enum probe_path path)
{
	switch (path) {
	case PROBE_PATH_OWN:
		return "from the registrar's own socket";
	case PROBE_PATH_REGISTRAR:
		return "through the registrar";
	case PROBE_PATH_DIRECT:
		return "straight from here";
	case PROBE_PATH_NONE:
		break;
	}
	return "";
}

static void put(char *dst, size_t size, const char *fmt, va_list ap)
{
	char words[640];

	vsnprintf(words, sizeof(words), fmt, ap);
	text_clean_buf(slice_of(words), dst, size);
}

void cause_say(struct cause *c, enum confidence how, const char *fmt, ...)
{
	va_list ap;

	c->confidence = how;
	va_start(ap, fmt);
	put(c->sentence, sizeof(c->sentence), fmt, ap);
	va_end(ap);
}

void cause_add(struct cause *c, int64_t when_ms, const char *fmt, ...)
{
	struct cause_evidence *e;
	va_list ap;

	if (c->evidence_count == CAUSE_EVIDENCE)
		return;
	e = &c->evidence[c->evidence_count++];
	e->when_ms = when_ms;
	va_start(ap, fmt);
	put(e->words, sizeof(e->words), fmt, ap);
	va_end(ap);
}

static void add_asked(struct cause *c, const struct findings *f, const struct finding_binding *b)
{
	const struct evidence *e = fact_asked(f, b);

	if (!e)
		return;
	if (e->outcome == PROBE_ANSWERED)
		cause_add(c, e->asked_ms, "OPTIONS %s: %d%s%s after %u.%u ms%s", fact_way(e->path),
			  e->code, e->agent[0] ? " from " : "", e->agent, e->rtt_us / 1000,
			  e->rtt_us / 100 % 10, e->by_registrar ? ", by the registrar itself" : "");
	else if (e->outcome == PROBE_SILENT)
		cause_add(c, e->asked_ms, "OPTIONS %s: no answer (%u in a row)", fact_way(e->path),
			  e->failures ? e->failures : 1);
	else
		cause_add(c, e->asked_ms, "OPTIONS %s: %s", fact_way(e->path),
			  e->detail[0] ? e->detail : "failed");
}

void cause_add_usual(struct cause *c, const struct findings *f, const struct finding_binding *b)
{
	const struct binding *x = &b->row.b;
	int64_t left = binding_left_s(x, f->now_ms / 1000);

	if (x->expires_s == BINDING_PERMANENT)
		cause_add(c, 0, "registered for good");
	else
		cause_add(c, x->expires_s * 1000, "registered until then (%s left)",
			  fact_span(left));
	if (x->refreshed_s > 0)
		cause_add(c, x->refreshed_s * 1000, "last REGISTER");
	add_asked(c, f, b);
}
