/* The workup on paper: evidence, then verdict, then cause, then advice, each with its time. */
#include "report/workup.h"

#include <stdarg.h>
#include <stdio.h>
#include "base/text.h"
#include "report/redact.h"

#define WIDTH_DEFAULT 80
#define WIDTH_LEAST   40
#define LABEL_WIDTH   11 /* of the names in front of what is said of a binding */
#define TIME_WIDTH    11 /* "06:12:50Z" and two blanks */

struct paper {
	const struct findings *f;
	const struct workup_style *style;
	struct strbuf *out;
	unsigned width;
	bool redacted; /* what is put is redacted already, in its own way */
};

static const struct {
	const char *word, *name;
} ways[WAY_COUNT] = {
	[WAY_CALL] = {"call", "the path of a call"},
	[WAY_DIRECT] = {"direct", "straight to the next hop"},
	[WAY_CONTACT] = {"contact", "straight to its contact"},
	[WAY_SOURCE] = {"source", "straight to where it registered from"},
	[WAY_EDGE] = {"edge", "the edge on its Path itself"},
};

const char *workup_way_word(enum finding_way way)
{
	return ways[way].word;
}

const char *workup_way_name(enum finding_way way)
{
	return ways[way].name;
}

/* ---- redaction ------------------------------------------------------------------------------- */

/* What may stand around a word and is no part of it. */
static bool is_mark(char c)
{
	return c && strchr(",.;:()\"'", c) != NULL;
}

static bool has_scheme(struct slice s)
{
	return slice_starts_with(s, "sip:") || slice_starts_with(s, "sips:") ||
	       slice_starts_with(s, "tel:");
}

static void redact_aor(struct slice aor, struct strbuf *out)
{
	struct slice user, domain = slice_cut(aor, '@', &user);

	redact_user(user, out);
	if (!domain.n)
		return;
	strbuf_add_char(out, '@');
	redact_address(domain, out);
}

static void redact_word(struct slice word, struct slice aor, struct strbuf *out)
{
	size_t tail = 0;

	while (word.n && is_mark(word.p[0])) {
		strbuf_add_char(out, word.p[0]);
		word = slice_skip(word, 1);
	}
	while (tail < word.n && is_mark(word.p[word.n - 1 - tail]))
		tail++;
	word.n -= tail;
	if (has_scheme(word))
		redact_uri(word, out);
	else if (slice_eq(word, aor) || slice_find_char(word, '@') > 0)
		redact_aor(word, out);
	else
		redact_text(word, out);
	strbuf_add(out, word.p + word.n, tail);
}

/* A sentence names AoRs, URIs and addresses as words of their own; what needs more than one word,
 * as a MAC does, redact_text() sees in the whole. */
static void redact_sentence(struct slice text, const char *aor, struct strbuf *out)
{
	struct strbuf half = STRBUF_INIT;
	struct slice word, rest;

	for (rest = text; rest.n;) {
		bool more = slice_find_char(rest, ' ') >= 0;

		rest = slice_cut(rest, ' ', &word);
		redact_word(word, slice_of(aor), &half);
		if (more)
			strbuf_add_char(&half, ' ');
	}
	redact_text(strbuf_slice(&half), out);
	strbuf_free(&half);
}

/* ---- lines ----------------------------------------------------------------------------------- */

/* Breaks text at blanks; head stands in front of the first line, the others begin below its end. */
static void put(struct paper *p, unsigned indent, const char *head, size_t head_width,
		struct slice text)
{
	struct strbuf clean = STRBUF_INIT, words = STRBUF_INIT;
	struct slice rest, one;
	size_t left = indent + head_width, at = left;

	if (p->style->redact && !p->redacted)
		redact_sentence(text, p->f->aor, &words);
	else
		strbuf_add_slice(&words, text);
	text_clean(strbuf_slice(&words), p->style->ascii_only, &clean);
	strbuf_add_fill(p->out, ' ', indent);
	strbuf_add_str(p->out, head);
	if (strlen(head) < head_width)
		strbuf_add_fill(p->out, ' ', head_width - strlen(head));
	rest = strbuf_slice(&clean);
	while (rest.n) {
		rest = slice_cut(rest, ' ', &one);
		if (at > left && at + 1 + text_width(one) > p->width) {
			strbuf_add_char(p->out, '\n');
			strbuf_add_fill(p->out, ' ', left);
			at = left;
		}
		if (at > left) {
			strbuf_add_char(p->out, ' ');
			at++;
		}
		strbuf_add_slice(p->out, one);
		at += text_width(one);
	}
	strbuf_add_char(p->out, '\n');
	strbuf_free(&clean);
	strbuf_free(&words);
}

static void heading(struct paper *p, const char *title)
{
	strbuf_addf(p->out, "\n%s\n", title);
}

static void field(struct paper *p, const char *label, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void field(struct paper *p, const char *label, const char *fmt, ...)
{
	char words[600];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(words, sizeof(words), fmt, ap);
	va_end(ap);
	put(p, 4, label, LABEL_WIDTH, slice_of(words));
}

/* "06:12:50Z", with its date when that is another than the workup's. */
static void put_time(struct paper *p, int64_t when_ms, char out[24])
{
	char now[24];

	text_rfc3339(p->f->now_ms / 1000, now);
	text_rfc3339(when_ms / 1000, out);
	if (memcmp(now, out, 10) == 0)
		memmove(out, out + 11, strlen(out + 11) + 1);
}

static void timed(struct paper *p, unsigned indent, int64_t when_ms, struct slice text)
{
	char when[24] = "";
	size_t n;

	if (when_ms)
		put_time(p, when_ms, when);
	n = strlen(when);
	put(p, indent, when, n + 2 > TIME_WIDTH ? n + 2 : TIME_WIDTH, text);
}

/* ---- one binding ----------------------------------------------------------------------------- */

static void put_address(struct paper *p, const struct finding_binding *b)
{
	put(p, 2, "", 0, b->row.b.contact);
}

static void put_hop(struct paper *p, const struct finding_binding *b)
{
	static const char *const from[] = {
		[HOP_NONE] = "",
		[HOP_PATH] = ", by its Path",
		[HOP_RECEIVED] = ", where its REGISTER came from",
		[HOP_ALIAS] = ", by the alias in the contact",
		[HOP_CONTACT] = ", its contact",
	};
	char hop[JUDGEMENT_HOP], socket[80];

	next_hop_format(&b->hop, hop, sizeof(hop));
	text_clean_buf(b->hop.socket, socket, sizeof(socket));
	if (!b->hop.reachable)
		field(p, "calls go", "nowhere: %s", b->hop.why ? b->hop.why : "no address");
	else
		field(p, "calls go", "to %s%s%s%s%s%s", hop, from[b->hop.from],
		      socket[0] ? "; from " : "", socket, b->hop.nat ? "; behind NAT" : "",
		      b->hop.by_flow ? "; only over its own connection" : "");
	if (b->name_addr[0])
		field(p, "", "%s is %s", b->hop.name, b->name_addr);
}

static void put_registration(struct paper *p, const struct finding_binding *b)
{
	const struct binding *x = &b->row.b;
	int64_t left = binding_left_s(x, p->f->now_ms / 1000);
	char when[24], span[16], granted[16], ago[16];

	if (x->user_agent.n) {
		struct strbuf agent = STRBUF_INIT;

		/* A version of four numbers is no address. */
		if (p->style->redact)
			redact_agent(x->user_agent, &agent);
		else
			strbuf_add_slice(&agent, x->user_agent);
		p->redacted = true;
		put(p, 4, "phone", LABEL_WIDTH, strbuf_slice(&agent));
		p->redacted = false;
		strbuf_free(&agent);
	}
	if (x->expires_s == BINDING_PERMANENT) {
		field(p, "expires", "never");
	} else {
		put_time(p, x->expires_s * 1000, when);
		field(p, left < 0 ? "expired" : "expires", "%s, %s%s%s%s", when,
		      text_duration(left < 0 ? -left : left, span), left < 0 ? " ago" : " left",
		      x->granted_s <= 0 ? ""
		      : left < 0        ? "; granted was "
					: " of ",
		      x->granted_s > 0 ? text_duration(x->granted_s, granted) : "");
	}
	if (x->refreshed_s > 0) {
		put_time(p, x->refreshed_s * 1000, when);
		field(p, "registered", "%s, %s ago", when,
		      text_duration(p->f->now_ms / 1000 - x->refreshed_s, ago));
	}
	if (b->row.differs == BINDING_ONLY_TABLE)
		field(p, "memory", "does not know it: only the table has it");
	else if (b->row.differs == BINDING_FIELDS)
		field(p, "memory", "differs from the table; memory is shown");
	if (b->changed_meanwhile)
		field(p, "changed", "while it was asked");
}

static void put_past(struct paper *p, const struct history_summary *h)
{
	char when[24], span[16], most[16];

	if (h->first_seen_s) {
		put_time(p, h->first_seen_s * 1000, when);
		if (h->refreshes)
			field(p, "history", "seen since %s, %u refresh%s", when, h->refreshes,
			      h->refreshes == 1 ? "" : "es");
		else
			field(p, "history", "first seen here at %s", when);
	}
	if (h->habit_s)
		field(p, "habit", "refreshes every %s (%s to %s)", text_duration(h->habit_s, span),
		      text_duration(h->habit_least_s, when), text_duration(h->habit_most_s, most));
	if (h->last_move_ms) {
		put_time(p, h->last_move_ms, when);
		field(p, "moved", "%s, from %s to %s (%u time%s)", when, h->moved_from, h->moved_to,
		      h->moves + h->port_moves, h->moves + h->port_moves == 1 ? "" : "s");
	}
	if (h->gaps)
		field(p, "gaps", "it registered too late %u time%s", h->gaps,
		      h->gaps == 1 ? "" : "s");
	if (h->flaps)
		field(p, h->gaps ? "" : "gaps", "it went and came back %u time%s", h->flaps,
		      h->flaps == 1 ? "" : "s");
	if (h->last_answer_ms) {
		put_time(p, h->last_answer_ms, when);
		field(p, "answered", "last at %s", when);
	}
}

static void add_outcome(const struct evidence *e, struct strbuf *words)
{
	switch (e->outcome) {
	case PROBE_ANSWERED:
		strbuf_addf(words, "%d%s%s, %u.%u ms%s%s%s", e->code, e->detail[0] ? " " : "",
			    e->detail, e->rtt_us / 1000, e->rtt_us / 100 % 10,
			    e->agent[0] ? ", " : "", e->agent,
			    e->by_registrar ? ", by the registrar itself" : "");
		break;
	case PROBE_SILENT:
		strbuf_addf(words, "no answer%s%s", e->detail[0] ? ": " : "", e->detail);
		if (e->failures > 1)
			strbuf_addf(words, ", %u in a row", e->failures);
		break;
	case PROBE_NOT_ASKED:
	case PROBE_UNROUTABLE:
	case PROBE_ELSEWHERE:
		strbuf_addf(words, "not asked: %s", e->detail);
		break;
	default:
		strbuf_add_str(words, e->detail[0] ? e->detail : "failed");
		break;
	}
}

/* That its own socket leaves no other way to ask needs no line. */
static bool is_only_way(const struct finding_binding *b, int way)
{
	return way == WAY_DIRECT && b->ways[WAY_CALL].path == PROBE_PATH_OWN &&
	       !probe_was_sent(b->ways[way].outcome);
}

static void put_ways(struct paper *p, const struct finding_binding *b)
{
	for (int i = 0; i < WAY_COUNT; i++) {
		const struct evidence *e = &b->ways[i];
		struct strbuf words = STRBUF_INIT;

		if ((e->outcome == PROBE_NOT_ASKED && !e->detail[0]) || is_only_way(b, i))
			continue;
		strbuf_addf(&words, "%s: ", ways[i].name);
		add_outcome(e, &words);
		timed(p, 4, probe_was_sent(e->outcome) ? e->asked_ms : 0, strbuf_slice(&words));
		strbuf_free(&words);
	}
}

static void put_connection(struct paper *p, const struct finding_binding *b)
{
	char words[TCP_STATE_WORDS];

	if (b->tcp.known && b->tcp.established)
		field(p, "connection", "%s",
		      tcp_state_half_open(&b->tcp) ? tcp_state_half_open_words(&b->tcp, words)
						   : "stands");
}

/* Of a series of calls the sizes tell, and not how the last one ended. */
static bool put_padded(struct paper *p, const struct finding_binding *b)
{
	char words[160];

	if (b->pad_answered && b->pad_lost)
		snprintf(words, sizeof(words),
			 "padded quiet INVITEs: answered up to %u bytes, none from %u bytes on",
			 b->pad_answered, b->pad_lost);
	else if (b->pad_answered)
		snprintf(words, sizeof(words),
			 "padded quiet INVITEs: answered up to %u bytes, the largest sent",
			 b->pad_answered);
	else
		return false;
	timed(p, 4, b->calls[CALL_PADDED].when_ms, slice_of(words));
	return true;
}

static void put_calls(struct paper *p, const struct finding_binding *b)
{
	static const char *const kinds[] = {
		[CALL_QUIET] = "quiet INVITE",
		[CALL_RING] = "ring test",
		[CALL_SWITCH] = "call through the switch",
		[CALL_PADDED] = "padded quiet INVITE",
	};

	for (int i = 0; i < CALL_KINDS; i++) {
		const struct call_found *c = &b->calls[i];
		struct strbuf words = STRBUF_INIT;

		if (c->outcome == CALL_NOT_MADE || (i == CALL_PADDED && put_padded(p, b)))
			continue;
		strbuf_addf(&words, "%s of %u bytes: ", kinds[i], c->size);
		if (c->ringing)
			strbuf_addf(&words, "180 after %u ms, ", c->ring_us / 1000);
		if (c->code)
			strbuf_addf(&words, "%d %s", c->code, c->reason);
		else
			strbuf_add_str(&words, c->detail[0] ? c->detail : "no answer");
		if (c->agent[0])
			strbuf_addf(&words, ", %s", c->agent);
		timed(p, 4, c->when_ms, strbuf_slice(&words));
		strbuf_free(&words);
	}
}

static bool same_past(const struct finding_binding *a, const struct finding_binding *b)
{
	return a->past.first_seen_s && memcmp(&a->past, &b->past, sizeof(a->past)) == 0;
}

static void put_binding(struct paper *p, size_t i)
{
	const struct finding_binding *b = &p->f->bindings[i];

	put_address(p, b);
	put_hop(p, b);
	put_registration(p, b);
	if (i && same_past(b, &p->f->bindings[i - 1]))
		field(p, "history", "the same device's as above");
	else
		put_past(p, &b->past);
	put_connection(p, b);
	put_ways(p, b);
	put_calls(p, b);
}

/* ---- the whole ------------------------------------------------------------------------------- */

static void put_head(struct paper *p)
{
	const struct findings *f = p->f;
	struct strbuf aor = STRBUF_INIT, source = STRBUF_INIT;
	char now[24], age[16];

	if (p->style->redact)
		redact_aor(slice_of(f->aor), &aor);
	else
		strbuf_add_str(&aor, f->aor);
	if (!p->style->untitled)
		strbuf_addf(p->out, "%s  %s%s\n", strbuf_str(&aor),
			    text_rfc3339(f->now_ms / 1000, now),
			    p->style->redact ? "  (redacted)" : "");
	strbuf_free(&aor);
	if (!f->source_name)
		return;
	strbuf_addf(&source, "%s, ", f->source_name);
	if (f->picture_frozen)
		strbuf_addf(&source, "a snapshot taken %s", text_rfc3339(f->now_ms / 1000, now));
	else if (f->picture_age_ms < 0)
		strbuf_add_str(&source, "never read");
	else
		strbuf_addf(&source, "read %s ago", text_duration(f->picture_age_ms / 1000, age));
	strbuf_addf(&source, "%s%s%s", f->picture_complete ? ", complete" : ", NOT complete",
		    f->picture_trouble[0] ? ": " : "", f->picture_trouble);
	put(p, 0, "", 0, strbuf_slice(&source));
	strbuf_free(&source);
}

/* What the phones of a site have in common besides says nothing new, unless others have it too. */
static bool says_more(const struct findings *f, const struct group_effect *g)
{
	if (g->kind == GROUP_NETWORK)
		return true;
	for (size_t i = 0; i < f->group_count; i++)
		if (f->groups[i].kind == GROUP_NETWORK && f->groups[i].asked >= g->asked)
			return false;
	return g->effect;
}

static void put_group(struct paper *p, const struct group_effect *g)
{
	char words[sizeof(g->words) + 48], since[24];

	slice_to_buf(slice_of(g->words), words, sizeof(words));
	if (g->since_ms) {
		put_time(p, g->since_ms, since);
		snprintf(words, sizeof(words), "%s; asked since %s", g->words, since);
	}
	put(p, 2, "others     ", LABEL_WIDTH + 2, slice_of(words));
}

static void put_evidence(struct paper *p)
{
	const struct findings *f = p->f;

	heading(p, f->count < 2 ? "Evidence" : "Evidence, newest binding first");
	for (size_t i = 0; i < f->count; i++)
		put_binding(p, i);
	if (!f->count)
		put_past(p, &f->past);
	if (!f->count && !f->past.first_seen_s)
		put(p, 2, "", 0, SLICE_LIT("no binding, and none is remembered"));
	for (size_t i = 0; i < f->group_count; i++)
		if (says_more(f, &f->groups[i]))
			put_group(p, &f->groups[i]);
	if (f->cancelled)
		put(p, 2, "", 0, SLICE_LIT("The workup was stopped before its end."));
}

static void put_verdict(struct paper *p, const struct diagnosis *d)
{
	const struct findings *f = p->f;
	const struct judgement *j;
	struct strbuf words = STRBUF_INIT;

	heading(p, "Verdict");
	if (d->binding < f->count) {
		j = &f->bindings[d->binding].row.j;
		strbuf_add_str(&words, verdict_words[j->verdict].word);
		if (j->code && (j->code < 200 || j->code > 299))
			strbuf_addf(&words, " %d", j->code);
		if (j->basis != BASIS_NONE)
			strbuf_addf(&words, " (%s)", basis_name(j->basis));
		strbuf_add_str(&words, ": ");
	}
	strbuf_add_str(&words, d->verdict);
	put(p, 2, "", 0, strbuf_slice(&words));
	strbuf_free(&words);
}

static void put_cause(struct paper *p, const struct diagnosis *d)
{
	const struct cause *c = &d->list[0];
	struct strbuf words = STRBUF_INIT;

	heading(p, "Cause");
	strbuf_addf(&words, "%s: %s, confidence %s", c->row->id, c->row->title,
		    confidence_name(c->confidence));
	put(p, 2, "", 0, strbuf_slice(&words));
	put(p, 2, "", 0, slice_of(c->sentence));
	for (unsigned i = 0; i < c->evidence_count; i++)
		timed(p, 4, c->evidence[i].when_ms, slice_of(c->evidence[i].words));
	heading(p, "Advice");
	put(p, 2, "", 0, slice_of(cause_advice(c)));
	strbuf_free(&words);
}

static void put_also(struct paper *p, const struct diagnosis *d)
{
	if (d->count > 1)
		heading(p, "Also");
	for (size_t i = 1; i < d->count; i++) {
		struct strbuf words = STRBUF_INIT;

		strbuf_addf(&words, "%s (%s): %s", d->list[i].row->id,
			    confidence_name(d->list[i].confidence), d->list[i].sentence);
		put(p, 2, "", 0, strbuf_slice(&words));
		strbuf_free(&words);
	}
}

void workup_write(const struct findings *f, const struct diagnosis *d,
		  const struct workup_style *style, struct strbuf *out)
{
	struct paper p = {.f = f, .style = style, .out = out, .width = style->width};

	if (!p.width)
		p.width = WIDTH_DEFAULT;
	if (p.width < WIDTH_LEAST)
		p.width = WIDTH_LEAST;
	put_head(&p);
	put_evidence(&p);
	if (!d->count)
		return;
	put_verdict(&p, d);
	put_cause(&p, d);
	put_also(&p, d);
	if (d->next_step[0]) {
		heading(&p, "Next");
		put(&p, 2, "", 0, slice_of(d->next_step));
	}
}
