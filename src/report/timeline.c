/* The timeline: what the history remembers of a binding, in words and as JSON. */
#include "report/timeline.h"

#include "base/text.h"

static const char *const kinds[HISTORY_KINDS] = {
	[HISTORY_SEEN] = "seen",        [HISTORY_MOVED] = "moved",
	[HISTORY_CONTACT] = "contact",  [HISTORY_CALL_ID] = "call_id",
	[HISTORY_AGENT] = "user_agent", [HISTORY_LAPSED] = "lapsed",
	[HISTORY_GONE] = "gone",        [HISTORY_BACK] = "back",
	[HISTORY_GAP] = "gap",          [HISTORY_WIPED] = "wiped",
	[HISTORY_PURGED] = "purged",    [HISTORY_PROBE] = "probe",
	[HISTORY_CALL] = "call",
};

void timeline_event(const struct history_event *e, bool ascii_only, struct strbuf *out)
{
	text_clean(slice_of(e->words), ascii_only, out);
	if (e->was[0] || e->now[0])
		strbuf_add_str(out, ": ");
	text_clean(slice_of(e->was), ascii_only, out);
	/* Where it was first seen from, and as what: nothing changed. */
	if (e->was[0] && e->now[0])
		strbuf_add_str(out, e->kind == HISTORY_SEEN ? ", " : ", then ");
	text_clean(slice_of(e->now), ascii_only, out);
	if (e->us)
		strbuf_addf(out, ", %u.%u ms", e->us / 1000, e->us / 100 % 10);
}

void timeline_sum(const struct history_summary *h, struct strbuf *out)
{
	char when[24], span[16];

	if (!h->first_seen_s)
		return;
	strbuf_addf(out, "seen since %s, %u refresh%s", text_rfc3339(h->first_seen_s, when),
		    h->refreshes, h->refreshes == 1 ? "" : "es");
	if (h->habit_s)
		strbuf_addf(out, ", every %s as a rule", text_duration(h->habit_s, span));
	if (h->moves + h->port_moves)
		strbuf_addf(out, ", moved %u time%s", h->moves + h->port_moves,
			    h->moves + h->port_moves == 1 ? "" : "s");
	if (h->gaps)
		strbuf_addf(out, ", %u gap%s", h->gaps, h->gaps == 1 ? "" : "s");
}

static json_t *text_json(const char *s)
{
	json_t *j = s[0] ? json_string(s) : NULL;

	return j ? j : json_null();
}

json_t *timeline_json(const struct history_event *events, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++) {
		const struct history_event *e = &events[i];
		json_t *o = json_object();
		char when[28];

		json_object_set_new(o, "time", json_string(text_rfc3339_ms(e->when_ms, when)));
		json_object_set_new(o, "event", json_string(kinds[e->kind]));
		json_object_set_new(o, "words", text_json(e->words));
		json_object_set_new(o, "was", text_json(e->was));
		json_object_set_new(o, "now", text_json(e->now));
		json_object_set_new(o, "code", e->code ? json_integer(e->code) : json_null());
		json_object_set_new(o, "ms", e->us ? json_real(e->us / 1000.0) : json_null());
		json_array_append_new(list, o);
	}
	return list;
}
