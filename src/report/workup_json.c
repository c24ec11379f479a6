/* The workup as JSON. */
#include "base/text.h"
#include "report/listing.h"
#include "report/workup.h"

static json_t *text_json(const char *s)
{
	struct strbuf clean = STRBUF_INIT;
	json_t *j;

	if (!s[0])
		return json_null();
	text_clean(slice_of(s), false, &clean);
	j = json_string(strbuf_str(&clean));
	strbuf_free(&clean);
	return j ? j : json_null();
}

static json_t *time_json(int64_t unix_ms)
{
	char when[28];

	return unix_ms > 0 ? json_string(text_rfc3339_ms(unix_ms, when)) : json_null();
}

static json_t *count_json(int64_t n)
{
	return n > 0 ? json_integer(n) : json_null();
}

/* -1: unknown */
static json_t *age_json(int64_t s)
{
	return s >= 0 ? json_integer(s) : json_null();
}

static json_t *evidence_json(const struct evidence *e)
{
	static const char *const outcomes[] = {
		[PROBE_NOT_ASKED] = "not asked",   [PROBE_ANSWERED] = "answered",
		[PROBE_SILENT] = "silent",         [PROBE_REFUSED] = "refused",
		[PROBE_NO_ROUTE] = "no route",     [PROBE_FLOW_GONE] = "flow gone",
		[PROBE_UNROUTABLE] = "unroutable", [PROBE_ELSEWHERE] = "elsewhere",
	};
	json_t *o = json_object();

	json_object_set_new(o, "outcome", json_string(outcomes[e->outcome]));
	json_object_set_new(o, "asked", time_json(e->asked_ms));
	json_object_set_new(o, "code", count_json(e->code));
	json_object_set_new(o, "rtt_ms", e->rtt_us ? json_real(e->rtt_us / 1000.0) : json_null());
	json_object_set_new(o, "by_registrar", json_boolean(e->by_registrar));
	json_object_set_new(o, "unanswered", json_integer(e->failures));
	json_object_set_new(o, "answered_by", text_json(e->agent));
	json_object_set_new(o, "detail", text_json(e->detail));
	return o;
}

static json_t *call_json(const struct call_found *c)
{
	json_t *o = json_object();

	json_object_set_new(o, "made", time_json(c->when_ms));
	json_object_set_new(o, "bytes", json_integer(c->size));
	json_object_set_new(o, "code", count_json(c->code));
	json_object_set_new(o, "ringing", json_boolean(c->ringing));
	json_object_set_new(o, "ring_ms",
			    c->ring_us ? json_real(c->ring_us / 1000.0) : json_null());
	json_object_set_new(o, "answered_by", text_json(c->agent));
	json_object_set_new(o, "reason", text_json(c->reason));
	json_object_set_new(o, "detail", text_json(c->detail));
	return o;
}

static json_t *past_json(const struct history_summary *h)
{
	json_t *o = json_object();

	json_object_set_new(o, "first_seen", time_json(h->first_seen_s * 1000));
	json_object_set_new(o, "last_seen", time_json(h->last_seen_s * 1000));
	json_object_set_new(o, "refreshes", json_integer(h->refreshes));
	json_object_set_new(o, "habit", count_json(h->habit_s));
	json_object_set_new(o, "moves", json_integer(h->moves));
	json_object_set_new(o, "port_moves", json_integer(h->port_moves));
	json_object_set_new(o, "moved_from", text_json(h->moved_from));
	json_object_set_new(o, "moved_to", text_json(h->moved_to));
	json_object_set_new(o, "gaps", json_integer(h->gaps));
	json_object_set_new(o, "flaps", json_integer(h->flaps));
	json_object_set_new(o, "wipes", json_integer(h->wipes));
	json_object_set_new(o, "registers_last_minute", json_integer(h->registers_last_minute));
	json_object_set_new(o, "recoveries", json_integer(h->recoveries));
	json_object_set_new(o, "alternations", json_integer(h->alternations));
	json_object_set_new(o, "last_answer", time_json(h->last_answer_ms));
	json_object_set_new(o, "last_failure", time_json(h->last_failure_ms));
	json_object_set_new(o, "answered_at_age", age_json(h->answered_at_age_s));
	json_object_set_new(o, "silent_at_age", age_json(h->silent_at_age_s));
	json_object_set_new(o, "last_contact", text_json(h->last_contact));
	json_object_set_new(o, "last_source", text_json(h->last_source));
	json_object_set_new(o, "removed", time_json(h->removed_ms));
	json_object_set_new(o, "removed_by", text_json(h->removed_by));
	return o;
}

static json_t *binding_json(const struct finding_binding *b)
{
	static const char *const kinds[] = {
		[CALL_QUIET] = "quiet",
		[CALL_RING] = "ring",
		[CALL_SWITCH] = "switch",
		[CALL_PADDED] = "padded",
	};
	enum column_id all[COL_COUNT];
	json_t *asked = json_object(), *calls = json_object(), *o;

	for (int c = 0; c < COL_COUNT; c++)
		all[c] = (enum column_id)c;
	o = listing_row_json(&b->row, all, COL_COUNT);
	for (int i = 0; i < WAY_COUNT; i++)
		json_object_set_new(asked, workup_way_word((enum finding_way)i),
				    evidence_json(&b->ways[i]));
	for (int i = 0; i < CALL_KINDS; i++)
		json_object_set_new(calls, kinds[i],
				    b->calls[i].outcome == CALL_NOT_MADE ? json_null()
									 : call_json(&b->calls[i]));
	json_object_set_new(o, "asked", asked);
	json_object_set_new(o, "calls", calls);
	json_object_set_new(o, "padded_answered", count_json(b->pad_answered));
	json_object_set_new(o, "padded_lost", count_json(b->pad_lost));
	json_object_set_new(o, "history", past_json(&b->past));
	json_object_set_new(
		o, "connection",
		!b->tcp.known || !b->tcp.established
			? json_null()
			: json_string(tcp_state_half_open(&b->tcp) ? "half-open" : "stands"));
	json_object_set_new(o, "changed_meanwhile", json_boolean(b->changed_meanwhile));
	return o;
}

static json_t *group_json(const struct group_effect *g)
{
	json_t *o = json_object();

	json_object_set_new(o, "by", json_string(group_kind_name(g->kind)));
	json_object_set_new(o, "value", text_json(g->value));
	json_object_set_new(o, "host", text_json(g->host));
	json_object_set_new(o, "asked", json_integer(g->asked));
	json_object_set_new(o, "answered", json_integer(g->answered));
	json_object_set_new(o, "since", time_json(g->since_ms));
	json_object_set_new(o, "effect", json_boolean(g->effect));
	json_object_set_new(o, "words", text_json(g->words));
	return o;
}

static json_t *cause_json(const struct findings *f, const struct cause *c)
{
	json_t *o = json_object(), *list = json_array();

	json_object_set_new(o, "id", json_string(c->row->id));
	json_object_set_new(o, "title", json_string(c->row->title));
	json_object_set_new(o, "confidence", json_string(confidence_name(c->confidence)));
	json_object_set_new(o, "sentence", text_json(c->sentence));
	json_object_set_new(o, "advice", json_string(cause_advice(c)));
	json_object_set_new(o, "binding",
			    c->binding < f->count ? json_integer((json_int_t)c->binding)
						  : json_null());
	for (unsigned i = 0; i < c->evidence_count; i++) {
		json_t *e = json_object();

		json_object_set_new(e, "time", time_json(c->evidence[i].when_ms));
		json_object_set_new(e, "words", text_json(c->evidence[i].words));
		json_array_append_new(list, e);
	}
	json_object_set_new(o, "evidence", list);
	return o;
}

json_t *workup_json(const struct findings *f, const struct diagnosis *d)
{
	json_t *o = json_object(), *bindings = json_array(), *groups = json_array();
	json_t *also = json_array(), *source = json_object();

	for (size_t i = 0; i < f->count; i++)
		json_array_append_new(bindings, binding_json(&f->bindings[i]));
	for (size_t i = 0; i < f->group_count; i++)
		json_array_append_new(groups, group_json(&f->groups[i]));
	for (size_t i = 1; i < d->count; i++)
		json_array_append_new(also, cause_json(f, &d->list[i]));
	json_object_set_new(source, "name", text_json(f->source_name ? f->source_name : ""));
	json_object_set_new(source, "age_ms", age_json(f->picture_age_ms));
	json_object_set_new(source, "complete", json_boolean(f->picture_complete));
	json_object_set_new(source, "error", text_json(f->picture_trouble));
	json_object_set_new(o, "regtop", json_string(PACKAGE_VERSION));
	json_object_set_new(o, "aor", text_json(f->aor));
	json_object_set_new(o, "taken", time_json(f->now_ms));
	json_object_set_new(o, "source", source);
	json_object_set_new(o, "bindings", bindings);
	json_object_set_new(o, "history", past_json(&f->past));
	json_object_set_new(o, "groups", groups);
	json_object_set_new(o, "well", json_boolean(d->well));
	json_object_set_new(o, "verdict", text_json(d->verdict));
	json_object_set_new(o, "cause", cause_json(f, &d->list[0]));
	json_object_set_new(o, "also", also);
	json_object_set_new(o, "next", text_json(d->next_step));
	json_object_set_new(o, "stopped", json_boolean(f->cancelled));
	return o;
}
