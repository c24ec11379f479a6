/* The detail view: everything that is known about one binding, in words. */
#include <stdio.h>
#include "base/text.h"
#include "judge/next_hop.h"
#include "ui/views.h"

#define TWINS_MAX 16 /* other bindings of an AoR that are listed */

struct detail {
	struct ui *u;
	struct sheet s;
	const struct row *r;
	struct strbuf text; /* scratch */
};

static void field(struct detail *d, const char *label, enum role role, const char *text)
{
	if (*text)
		sheet_field(&d->s, ROLE_DIM, label, role, slice_of(text));
}

/* A column in its own words; what is not known is left out. */
static void column_field(struct detail *d, const char *label, enum column_id id, const char *behind)
{
	strbuf_clear(&d->text);
	column_show(id, d->r, d->s.f->ascii_only, &d->text);
	if (slice_eq_str(strbuf_slice(&d->text), "-"))
		return;
	strbuf_add_str(&d->text, behind);
	field(d, label, ROLE_TEXT, strbuf_str(&d->text));
}

static void put_identity(struct detail *d)
{
	sheet_heading(&d->s, "Who");
	column_field(d, "AoR", COL_AOR, "");
	column_field(d, "Contact", COL_CONTACT, "");
	column_field(d, "User-Agent", COL_USER_AGENT, "");
	column_field(d, "Device", COL_INSTANCE, "");
	column_field(d, "Flow number", COL_REG_ID, " (reg-id)");
	column_field(d, "Preference", COL_Q, " (q)");
	column_field(d, "Methods", COL_METHODS, "");
	column_field(d, "Call-ID", COL_CALL_ID, "");
	column_field(d, "CSeq", COL_CSEQ, "");
	column_field(d, "Unique id", COL_RUID, "");
	column_field(d, "Node", COL_NODE, "");
	column_field(d, "Source", COL_SOURCE, "");
	column_field(d, "Differs", COL_DIFFERS, "");
}

static void put_route(struct detail *d)
{
	static const char *const from[] = {
		[HOP_NONE] = "",
		[HOP_PATH] = "the first Path of the REGISTER: requests travel back over it",
		[HOP_RECEIVED] = "the address that the REGISTER came from (received)",
		[HOP_ALIAS] = "the ;alias= that the registrar put into the contact",
		[HOP_CONTACT] = "the contact itself: the source names no other address",
	};
	struct next_hop hop;

	next_hop_find(&d->r->b, &hop);
	sheet_heading(&d->s, "Where calls go");
	if (hop.reachable)
		column_field(d, "Next hop", COL_NEXT_HOP, "");
	else
		field(d, "Next hop", ROLE_BAD, "nowhere");
	if (!hop.reachable && hop.why)
		field(d, "Why not", ROLE_BAD, hop.why);
	field(d, "Taken from", ROLE_TEXT, from[hop.from]);
	if (hop.by_flow)
		field(d, "Only by", ROLE_TEXT, "the connection that the phone opened itself");
	if (hop.nat)
		field(d, "NAT", ROLE_TEXT,
		      "yes: the contact names another address than the REGISTER came from");
	column_field(d, "Transport", COL_TRANSPORT, "");
	column_field(d, "Received", COL_RECEIVED, "");
	column_field(d, "Path", COL_PATH, "");
	column_field(d, "Socket", COL_SOCKET, " (the registrar's)");
}

static void age_field(struct detail *d, const char *label, int64_t unix_s)
{
	char when[24], age[16];

	if (unix_s <= 0)
		return;
	strbuf_clear(&d->text);
	strbuf_addf(&d->text, "%s ago, %s", text_duration(d->r->now_ms / 1000 - unix_s, age),
		    text_rfc3339(unix_s, when));
	field(d, label, ROLE_TEXT, strbuf_str(&d->text));
}

static void put_timing(struct detail *d)
{
	const struct binding_life *life = store_life(d->u->cfg.store, d->r->id);
	int64_t left = binding_left_s(&d->r->b, d->r->now_ms / 1000);

	sheet_heading(&d->s, "Time");
	column_field(d, left < 0 ? "Lapsed by" : "Left", COL_LEFT, "");
	column_field(d, "Expires", COL_EXPIRES, "");
	column_field(d, "Granted", COL_GRANTED, " at the last REGISTER");
	age_field(d, "Refreshed", d->r->b.refreshed_s);
	column_field(d, "Overdue", COL_OVERDUE, "");
	if (!life)
		return;
	age_field(d, "Seen here", life->first_seen_s);
	age_field(d, "Changed", life->changed_s);
	if (life->refreshes) {
		strbuf_clear(&d->text);
		strbuf_addf(&d->text, "%u seen since then", life->refreshes);
		field(d, "Refreshes", ROLE_TEXT, strbuf_str(&d->text));
	}
}

static const char *way_word(enum probe_path path)
{
	switch (path) {
	case PROBE_PATH_OWN:
		return "from the registrar's own socket, as a call";
	case PROBE_PATH_REGISTRAR:
		return "through the registrar, as a call";
	case PROBE_PATH_DIRECT:
		return "straight from here to the next hop";
	case PROBE_PATH_NONE:
		break;
	}
	return "";
}

static void put_probe(struct detail *d, const struct evidence *e)
{
	column_field(d, "Asked", COL_PROBED, e->pending ? ", and again now" : "");
	field(d, "Way", ROLE_TEXT, way_word(e->path));
	column_field(d, "Code", COL_CODE, e->by_registrar ? " from the registrar itself" : "");
	column_field(d, "Round trip", COL_RTT_MS, e->late ? " ms, after the verdict" : " ms");
	column_field(d, "Answered by", COL_ANSWERED_BY, "");
	/* "Because" has mostly said it already. */
	if (e->detail[0] && !strstr(d->r->j.note, e->detail)) {
		strbuf_clear(&d->text);
		text_clean(slice_of(e->detail), d->s.f->ascii_only, &d->text);
		field(d, "In words", ROLE_TEXT, strbuf_str(&d->text));
	}
	if (e->heard_ms > 0)
		age_field(d, "Last heard", e->heard_ms / 1000);
	if (e->failures)
		age_field(d, "Failing since", e->failed_first_ms / 1000);
	if (e->probes) {
		strbuf_clear(&d->text);
		strbuf_addf(&d->text, "%u of %u probes", e->answers, e->probes);
		field(d, "Answered", ROLE_TEXT, strbuf_str(&d->text));
	}
}

static void put_evidence(struct detail *d)
{
	const struct judgement *j = &d->r->j;

	sheet_heading(&d->s, "Does it answer?");
	strbuf_clear(&d->text);
	column_show(COL_VERDICT, d->r, d->s.f->ascii_only, &d->text);
	if (j->basis != BASIS_NONE)
		strbuf_addf(&d->text, " (%s)", basis_name(j->basis));
	if (j->faded)
		strbuf_add_str(&d->text, " - the evidence is old");
	field(d, "Verdict", verdict_role(j), strbuf_str(&d->text));
	field(d, "Because", ROLE_TEXT, j->note);
	field(d, "It means", ROLE_DIM, verdict_words[j->verdict].meaning);
	if (d->r->evidence && probe_was_sent(d->r->evidence->outcome))
		put_probe(d, d->r->evidence);
}

/* ---- twins -------------------------------------------------------------------------------- */

struct twins {
	binding_id of, ids[TWINS_MAX];
	size_t count;
};

static bool twin_visit(void *ctx, binding_id id)
{
	struct twins *t = ctx;

	if (id != t->of)
		t->ids[t->count++] = id;
	return t->count < TWINS_MAX;
}

static void put_twin(struct detail *d, binding_id id)
{
	struct row r;

	if (!view_row(d->u->cfg.view, id, d->r->now_ms, &r))
		return;
	strbuf_clear(&d->text);
	column_show(COL_CONTACT, &r, d->s.f->ascii_only, &d->text);
	strbuf_add_str(&d->text, ", ");
	column_show(COL_LEFT, &r, d->s.f->ascii_only, &d->text);
	strbuf_add_str(&d->text, " left, ");
	column_show(COL_USER_AGENT, &r, d->s.f->ascii_only, &d->text);
	sheet_field(&d->s, verdict_role(&r.j), verdict_words[r.j.verdict].word, ROLE_TEXT,
		    strbuf_slice(&d->text));
}

/* Newest first. */
static void put_twins(struct detail *d)
{
	struct twins t = {.of = d->r->id};

	store_each_twin(d->u->cfg.store, t.of, twin_visit, &t);
	sheet_heading(&d->s, "Other bindings of this AoR");
	if (t.count == 0) {
		sheet_text(&d->s, 1, ROLE_DIM, SLICE_LIT("None: without this one, nothing rings."));
		return;
	}
	for (size_t i = 0; i < t.count; i++)
		put_twin(d, t.ids[i]);
	if (d->r->twins > t.count + 1) {
		strbuf_clear(&d->text);
		strbuf_addf(&d->text, "and %zu more", (size_t)d->r->twins - t.count - 1);
		sheet_text(&d->s, 1, ROLE_DIM, strbuf_slice(&d->text));
	}
}

static bool detail_put(struct ui *u, struct frame *f, struct area a, int64_t now_ms)
{
	struct detail d = {.u = u, .text = STRBUF_INIT};
	struct row r;
	struct strbuf title = STRBUF_INIT, raw = STRBUF_INIT;
	ptrdiff_t at = view_index(u->cfg.view, u->detail);
	bool again;

	sheet_begin(&d.s, f, a, &u->detail_scroll, 15);
	if (!view_row(u->cfg.view, u->detail, now_ms, &r)) {
		sheet_text(&d.s, 0, ROLE_WARN,
			   SLICE_LIT("This binding is gone: the source no longer lists it."));
		return sheet_end(&d.s, "Gone");
	}
	d.r = &r;
	put_evidence(&d);
	put_identity(&d);
	put_route(&d);
	put_timing(&d);
	timeline_put(u, &d.s, u->detail, now_ms);
	put_twins(&d);
	if (at >= 0)
		strbuf_addf(&title, "Binding %zu of %zu", (size_t)at + 1, view_count(u->cfg.view));
	else
		strbuf_add_str(&title, "Binding, hidden by the filter");
	if (r.marked)
		strbuf_add_str(&title, ", marked");
	if (watch_is_marked(u->watching.watch, r.id))
		strbuf_add_str(&title, ", watched");
	strbuf_add_str(&title, ": ");
	binding_add_aor(&r.b, &raw);
	text_clean(strbuf_slice(&raw), f->ascii_only, &title);
	again = sheet_end(&d.s, strbuf_str(&title));
	strbuf_free(&title);
	strbuf_free(&raw);
	strbuf_free(&d.text);
	return again;
}

void detail_draw(struct ui *u, struct frame *f, struct area a, int64_t now_ms)
{
	if (detail_put(u, f, a, now_ms))
		detail_put(u, f, a, now_ms);
}
