/* The ticket: text about some bindings for a trouble ticket, redacted unless told otherwise. */
#include "report/ticket.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "base/alloc.h"
#include "base/sipuri.h"
#include "base/text.h"
#include "judge/next_hop.h"
#include "report/redact.h"

#define WIDTH  78
#define LABEL  10
#define MARGIN "          " /* LABEL blanks */

struct writer {
	const struct ticket *t;
	struct strbuf *out;
	struct strbuf text; /* the paragraph being put together */
};

/* ---- paragraphs -------------------------------------------------------------------------------
 */

/* Bytes of s that fit into width columns; at least one character, so that lines end. */
static size_t bytes_for(struct slice s, size_t width)
{
	size_t at = 0, used = 0;

	while (at < s.n) {
		size_t len;
		size_t w = (size_t)text_cp_width(text_decode(slice_skip(s, at), &len));

		if (at && used + w > width)
			break;
		used += w;
		at += len;
	}
	return at;
}

/* Where to end the line: at the last blank that fits, or inside a word that fits no line. */
static size_t break_at(struct slice s, size_t width)
{
	size_t fits = bytes_for(s, width);

	if (fits == s.n)
		return fits;
	for (size_t i = fits; i > 0; i--)
		if (s.p[i] == ' ')
			return i;
	return fits;
}

/* Writes label and the paragraph, cleaned once more as a whole and wrapped at WIDTH. */
static void put(struct writer *w, const char *label)
{
	struct strbuf clean = STRBUF_INIT;
	struct slice s;

	text_clean(strbuf_slice(&w->text), w->t->ascii_only, &clean);
	strbuf_clear(&w->text);
	s = strbuf_slice(&clean);
	strbuf_addf(w->out, "%-*s", LABEL, label);
	do {
		size_t n = break_at(s, WIDTH - LABEL);

		strbuf_add(w->out, s.p, n);
		strbuf_add_char(w->out, '\n');
		s = slice_skip(s, n);
		while (s.n && s.p[0] == ' ')
			s = slice_skip(s, 1);
		if (s.n)
			strbuf_add_str(w->out, MARGIN);
	} while (s.n);
	strbuf_free(&clean);
}

static void say(struct writer *w, const char *text)
{
	strbuf_add_str(&w->text, text);
}

/* ---- outside text -----------------------------------------------------------------------------
 */

typedef void redact_fn(struct slice s, struct strbuf *out);

static void add_outside(struct writer *w, redact_fn *redact, struct slice s)
{
	if (w->t->full)
		text_clean(s, false, &w->text);
	else
		redact(s, &w->text);
}

static void add_aor(struct writer *w, const struct binding *b)
{
	add_outside(w, redact_user, b->user);
	if (b->domain.n) {
		strbuf_add_char(&w->text, '@');
		add_outside(w, redact_address, b->domain);
	}
}

static void add_host(struct writer *w, const struct netaddr *a)
{
	char host[NETADDR_STR];

	netaddr_format_host(a, host);
	add_outside(w, redact_address, slice_of(host));
	if (netaddr_port(a))
		strbuf_addf(&w->text, ":%u", netaddr_port(a));
}

static void add_duration(struct writer *w, const char *before, int64_t seconds, const char *after)
{
	char words[16];

	strbuf_addf(&w->text, "%s%s%s", before, text_duration(seconds, words), after);
}

static void add_stamp(struct writer *w, int64_t ms)
{
	char stamp[24];

	text_rfc3339(ms / 1000, stamp);
	if (stamp[0])
		stamp[10] = ' ';
	say(w, stamp);
}

/* ---- the head ---------------------------------------------------------------------------------
 */

static void put_head(struct writer *w)
{
	time_t now = (time_t)(w->t->now_ms / 1000);
	char local[40] = "";
	struct tm tm;

	say(w, "regtop " PACKAGE_VERSION);
	say(w, w->t->full ? ", full: not for public places" : ", redacted");
	put(w, "ticket");
	add_stamp(w, w->t->now_ms);
	if (localtime_r(&now, &tm) && strftime(local, sizeof(local), "%Y-%m-%d %H:%M:%S %z", &tm))
		strbuf_addf(&w->text, "  (local %s)", local);
	put(w, "when");
}

static void put_source(struct writer *w, const struct source *s)
{
	const struct source_status *st = &s->status;
	int64_t age_s = (w->t->now_ms - st->read_ms) / 1000;

	/* A name may be an address that we listen on. */
	add_outside(w, redact_text, slice_of(s->name));
	strbuf_addf(&w->text, " (%s), ", s->ops->kind);
	if (st->state == SOURCE_FROZEN) {
		say(w, "taken ");
		add_stamp(w, st->read_ms);
	} else if (st->read_ms) {
		add_duration(w, "read ", age_s > 0 ? age_s : 0, " ago");
	} else {
		say(w, "not read yet");
	}
	say(w, st->complete ? ", complete" : ", INCOMPLETE");
	if ((st->state == SOURCE_TROUBLE || !st->complete) && st->trouble.what[0]) {
		say(w, ": ");
		add_outside(w, redact_text, slice_of(st->trouble.what));
	}
	put(w, "source");
}

/* ---- one binding ------------------------------------------------------------------------------
 */

static const char *hop_words(const struct next_hop *h)
{
	switch (h->from) {
	case HOP_PATH:
		return ", by its Path";
	case HOP_RECEIVED:
		return ", where its REGISTER came from";
	case HOP_ALIAS:
		return ", the alias in its contact";
	case HOP_CONTACT:
	case HOP_NONE:
		break;
	}
	return ", its contact";
}

static void put_way(struct writer *w, const struct binding *b, unsigned n)
{
	struct next_hop h;
	char label[16];

	next_hop_find(b, &h);
	snprintf(label, sizeof(label), "#%u", n);
	if (h.from == HOP_NONE) {
		say(w, "no next hop");
	} else {
		strbuf_addf(&w->text, "%s ", transport_name(h.transport));
		if (h.addr.len)
			add_host(w, &h.addr);
		else
			add_outside(w, redact_address, slice_of(h.name));
		say(w, hop_words(&h));
	}
	if (h.by_flow)
		say(w, ", only over its connection");
	if (h.why) {
		say(w, ": ");
		say(w, h.why);
	}
	put(w, label);
}

static void put_contact(struct writer *w, const struct binding *b)
{
	struct next_hop h;
	struct sip_uri u;
	struct netaddr a;

	next_hop_find(b, &h);
	say(w, "contact ");
	add_outside(w, redact_uri, b->contact);
	if (sip_uri_split(b->contact, &u) == 0 && u.is_sip && netaddr_parse(u.host, 0, &a) == 0 &&
	    netaddr_is_private(&a))
		say(w, ", private");
	if (b->received.n)
		say(w, h.nat ? ", not where it came from: NAT" : ", where it came from");
	else if (h.nat)
		say(w, ": behind NAT");
	put(w, "");
	if (b->path.n) {
		say(w, "path ");
		add_outside(w, redact_uri, sip_uri_first_of_list(b->path));
		put(w, "");
	}
	say(w, "user-agent ");
	if (b->user_agent.n)
		add_outside(w, redact_agent, b->user_agent);
	else
		say(w, "unknown");
	put(w, "");
	if (w->t->full) {
		say(w, "call-id ");
		add_outside(w, redact_text, b->call_id);
		strbuf_addf(&w->text, ", cseq %u", b->cseq);
		put(w, "");
	}
}

static int64_t column_seconds(enum column_id col, const struct row *r)
{
	struct value v;

	columns[col].get(r, &v);
	return v.type == VALUE_INT ? v.i : -1;
}

static void put_times(struct writer *w, const struct row *r)
{
	int64_t left = binding_left_s(&r->b, r->now_ms / 1000);
	int64_t habit = column_seconds(COL_HABIT, r), overdue = column_seconds(COL_OVERDUE, r);

	if (r->b.granted_s >= 0)
		strbuf_addf(&w->text, "granted %lld s, ", (long long)r->b.granted_s);
	if (r->b.expires_s == BINDING_PERMANENT)
		say(w, "never lapses");
	else if (left < 0)
		add_duration(w, "lapsed ", -left, " ago");
	else
		add_duration(w, "left ", left, "");
	if (r->b.refreshed_s > 0)
		add_duration(w, ", last refresh ", r->now_ms / 1000 - r->b.refreshed_s, " ago");
	else
		say(w, ", last refresh unknown");
	if (habit > 0)
		add_duration(w, ", usual every ", habit, "");
	if (overdue > 0)
		add_duration(w, ", OVERDUE ", overdue, "");
	put(w, "");
}

static const char *probe_path_words(enum probe_path p)
{
	switch (p) {
	case PROBE_PATH_OWN:
		return ", from the registrar's own socket";
	case PROBE_PATH_REGISTRAR:
		return ", through the registrar";
	case PROBE_PATH_DIRECT:
		return ", directly from this machine";
	case PROBE_PATH_NONE:
		break;
	}
	return "";
}

static const char *outcome_words(enum probe_outcome o)
{
	switch (o) {
	case PROBE_ANSWERED:
		return "answered";
	case PROBE_SILENT:
		return "no answer";
	case PROBE_REFUSED:
		return "refused";
	case PROBE_NO_ROUTE:
		return "no route";
	case PROBE_FLOW_GONE:
		return "the connection is gone";
	case PROBE_UNROUTABLE:
		return "not sent: nowhere to send it";
	case PROBE_ELSEWHERE:
		return "not sent: only another node reaches it";
	case PROBE_NOT_ASKED:
		break;
	}
	return "not asked";
}

static void put_probe(struct writer *w, const struct evidence *e)
{
	if (!e || e->outcome == PROBE_NOT_ASKED) {
		say(w, "probe: not asked");
		put(w, "");
		return;
	}
	strbuf_addf(&w->text, "probe: %u asked, %u answered%s; last at ", e->probes, e->answers,
		    probe_path_words(e->path));
	add_stamp(w, e->asked_ms);
	strbuf_addf(&w->text, ": %s", outcome_words(e->outcome));
	if (e->code)
		strbuf_addf(&w->text, " %d", e->code);
	if (e->detail[0]) {
		say(w, " ");
		add_outside(w, redact_text, slice_of(e->detail));
	}
	if (e->outcome == PROBE_ANSWERED)
		strbuf_addf(&w->text, " after %u.%03u ms%s", e->rtt_us / 1000, e->rtt_us % 1000,
			    e->late ? ", late" : "");
	if (e->by_registrar)
		say(w, ", by the registrar itself");
	put(w, "");
	if (e->agent[0]) {
		say(w, "answered by ");
		add_outside(w, redact_agent, slice_of(e->agent));
		put(w, "");
	}
	if (e->failures && e->heard_ms) {
		say(w, "last heard ");
		add_stamp(w, e->heard_ms);
		put(w, "");
	}
}

static void put_verdict(struct writer *w, const struct row *r)
{
	const struct judgement *j = &r->j;

	say(w, "verdict: ");
	say(w, verdict_words[j->verdict].word);
	if (j->code && (j->code < 200 || j->code > 299))
		strbuf_addf(&w->text, " %d", j->code);
	if (j->basis != BASIS_NONE)
		strbuf_addf(&w->text, " (basis %s)", basis_name(j->basis));
	if (j->faded)
		say(w, ", old evidence");
	if (j->note[0]) {
		say(w, ": ");
		add_outside(w, redact_text, slice_of(j->note));
	}
	put(w, "");
}

static void put_binding(struct writer *w, const struct row *r, unsigned n)
{
	put_way(w, &r->b, n);
	put_contact(w, &r->b);
	put_times(w, r);
	put_probe(w, r->evidence);
	put_verdict(w, r);
}

/* ---- all bindings of the named AoRs -----------------------------------------------------------
 */

/* One binding of the ticket. Those of one AoR form a family, which stands where its first named
 * binding stood; the twins that nobody named come last in it. Slices are the store's. */
struct entry {
	struct slice user, domain;
	binding_id id;
	size_t family;
	size_t place; /* among the named: as given; among twins: by age */
	uint8_t source;
	bool twin;
};

struct gathering {
	const struct ticket *t;
	struct entry
		*all; /* the first named of them are sorted by AoR while twins are looked for */
	size_t count, cap, named;
	size_t expected; /* bindings that these AoRs have, as far as the model knows */
	size_t gone;
};

static int by_aor(const void *pa, const void *pb)
{
	const struct entry *a = pa, *b = pb;
	int c = slice_cmp(a->user, b->user);

	return c ? c : slice_cmp(a->domain, b->domain);
}

static int by_aor_and_place(const void *pa, const void *pb)
{
	const struct entry *a = pa, *b = pb;
	int c = by_aor(pa, pb);

	return c ? c : (a->place > b->place) - (a->place < b->place);
}

static int by_family(const void *pa, const void *pb)
{
	const struct entry *a = pa, *b = pb;

	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	if (a->twin != b->twin)
		return a->twin ? 1 : -1;
	return (a->place > b->place) - (a->place < b->place);
}

static void gather_named(struct gathering *g)
{
	struct row r;

	for (size_t i = 0; i < g->t->count; i++) {
		if (!view_row(g->t->view, g->t->ids[i], g->t->now_ms, &r)) {
			g->gone++;
			continue;
		}
		XGROW(g->all, g->cap, g->count + 1);
		g->all[g->count++] = (struct entry){.user = r.b.user,
						    .domain = r.b.domain,
						    .id = r.id,
						    .place = i,
						    .source = r.b.source};
	}
	g->named = g->count;
	if (g->named)
		qsort(g->all, g->named, sizeof(*g->all), by_aor_and_place);
	for (size_t i = 0; i < g->named; i++) {
		bool first = i == 0 || by_aor(&g->all[i - 1], &g->all[i]) != 0;

		g->all[i].family = first ? g->all[i].place : g->all[i - 1].family;
		if (first && view_row(g->t->view, g->all[i].id, g->t->now_ms, &r))
			g->expected += r.twins;
	}
}

static void offer_twin(struct gathering *g, binding_id id, const struct binding *b)
{
	struct entry probe = {.user = b->user, .domain = b->domain, .id = id, .source = b->source};
	struct entry *found =
		g->named ? bsearch(&probe, g->all, g->named, sizeof(probe), by_aor) : NULL;
	size_t family;

	if (!found)
		return;
	family = found->family;
	while (found > g->all && by_aor(found - 1, &probe) == 0)
		found--;
	for (; found < g->all + g->named && by_aor(found, &probe) == 0; found++)
		if (found->id == id)
			return;
	XGROW(g->all, g->cap, g->count + 1);
	probe.family = family;
	probe.place = (size_t)id;
	probe.twin = true;
	g->all[g->count++] = probe;
}

static bool visit_stored(void *ctx, binding_id id)
{
	struct gathering *g = ctx;
	struct binding b;

	if (store_get(g->t->store, id, &b))
		offer_twin(g, id, &b);
	return true;
}

static void gather_twins(struct gathering *g)
{
	struct row r;

	if (g->expected <= g->named)
		return;
	if (g->t->store) {
		/* named ones only: what is gathered meanwhile stands behind them */
		for (size_t i = 0; i < g->named; i++)
			if (i == 0 || by_aor(&g->all[i - 1], &g->all[i]) != 0)
				store_each_twin(g->t->store, g->all[i].id, visit_stored, g);
		return;
	}
	for (size_t i = 0; i < view_count(g->t->view); i++)
		if (view_row(g->t->view, view_at(g->t->view, i), g->t->now_ms, &r))
			offer_twin(g, r.id, &r.b);
}

/* Every source that has a word in this ticket, once. */
static void put_sources(struct writer *w, const struct gathering *g)
{
	for (size_t s = 0; s < w->t->source_count; s++) {
		for (size_t i = 0; i < g->count; i++) {
			if (g->all[i].source == s) {
				put_source(w, w->t->sources[s]);
				break;
			}
		}
	}
}

static void put_family(struct writer *w, const struct entry *e, size_t count)
{
	struct row r;

	if (!view_row(w->t->view, e->id, w->t->now_ms, &r))
		return;
	strbuf_add_char(w->out, '\n');
	add_aor(w, &r.b);
	strbuf_addf(&w->text, ", %u binding%s", r.twins, r.twins == 1 ? "" : "s");
	if (count < r.twins)
		strbuf_addf(&w->text, ", of which %zu shown", count);
	put(w, "aor");
	for (size_t i = 0; i < count; i++) {
		if (!view_row(w->t->view, e[i].id, w->t->now_ms, &r))
			continue;
		put_binding(w, &r, (unsigned)i + 1);
	}
}

void ticket_write(const struct ticket *t, struct strbuf *out)
{
	struct writer w = {.t = t, .out = out};
	struct gathering g = {.t = t};

	gather_named(&g);
	gather_twins(&g);
	if (g.count)
		qsort(g.all, g.count, sizeof(*g.all), by_family);
	put_head(&w);
	put_sources(&w, &g);
	for (size_t i = 0, n; i < g.count; i += n) {
		for (n = 1; i + n < g.count && g.all[i + n].family == g.all[i].family;)
			n++;
		put_family(&w, &g.all[i], n);
	}
	if (g.gone) {
		strbuf_add_char(out, '\n');
		strbuf_addf(&w.text, "%zu of the named bindings no longer there", g.gone);
		put(&w, "gone");
	}
	free(g.all);
	strbuf_free(&w.text);
}
