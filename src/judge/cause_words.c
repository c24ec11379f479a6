/* How the rules of causes put what they found into words: times, spans, places, evidence. */
#include <stdarg.h>
#include <stdio.h>
#include "base/text.h"
#include "judge/cause_facts.h"

#define WORDS      8
#define WORD_BYTES 200

/* A ring: a sentence names several of these at once. */
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

const char *fact_format(const char *fmt, ...)
{
	char words[WORD_BYTES], *w = word();
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(words, sizeof(words), fmt, ap);
	va_end(ap);
	text_clean_buf(slice_of(words), w, WORD_BYTES);
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

const char *fact_heard_at(const struct findings *f, const struct finding_binding *b)
{
	int64_t heard = fact_heard_ms(b);

	return heard ? fact_time(f, heard) : "an unknown time";
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

__attribute__((format(printf, 3, 0))) static void put(char *dst, size_t size, const char *fmt,
						      va_list ap)
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
	if (b->changed_meanwhile)
		cause_add(c, f->now_ms, "the binding changed while it was asked: ask once more");
}

void cause_add_call(struct cause *out, const struct call_found *c)
{
	static const char *const kinds[] = {
		[CALL_QUIET] = "quiet INVITE",
		[CALL_RING] = "ring test",
		[CALL_SWITCH] = "call through the switch",
		[CALL_PADDED] = "padded INVITE",
	};

	if (!c)
		return;
	if (c->code)
		cause_add(out, c->when_ms, "%s (%u bytes): %s%d %s%s%s", kinds[c->kind], c->size,
			  c->ringing ? "180, then " : "", c->code, c->reason,
			  c->agent[0] ? ", " : "", c->agent);
	else
		cause_add(out, c->when_ms, "%s (%u bytes): %s%s%s", kinds[c->kind], c->size,
			  c->ringing ? "180, then " : "", c->detail[0] ? c->detail : "nothing",
			  c->sends > 1 ? ", though it was sent again" : "");
}

void cause_add_past(struct cause *out, const struct finding_binding *b)
{
	const struct history_summary *h = &b->past;

	if (h->answered_at_age_s >= 0 && h->last_answer_ms)
		cause_add(out, h->last_answer_ms, "it answered up to %s after a refresh",
			  fact_span(h->answered_at_age_s));
	if (h->silent_at_age_s >= 0 && h->last_failure_ms)
		cause_add(out, h->last_failure_ms, "it was silent from %s after a refresh on",
			  fact_span(h->silent_at_age_s));
	if (h->recoveries)
		cause_add(out, h->last_answer_ms,
			  "it was silent before and answered after its next refresh, %u time%s",
			  h->recoveries, h->recoveries == 1 ? "" : "s");
	if (h->habit_s)
		cause_add(out, h->last_refresh_s * 1000, "it refreshes every %s as a rule",
			  fact_span(h->habit_s));
}
