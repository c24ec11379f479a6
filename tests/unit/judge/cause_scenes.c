/* Scenes for the causes: findings with defaults that each case changes in one point. */
#include "cause_scenes.h"

#include "judge/verdict.h"

struct evidence answered(enum probe_path path, int code)
{
	struct evidence e = {.outcome = PROBE_ANSWERED,
			     .path = path,
			     .code = code,
			     .asked_ms = AGO(1),
			     .heard_ms = AGO(1),
			     .rtt_us = 1400,
			     .probes = 1,
			     .answers = 1};

	slice_to_buf(slice_of("Yealink SIP-T46U 108.86"), e.agent, sizeof(e.agent));
	return e;
}

struct evidence failed(enum probe_path path, enum probe_outcome outcome, const char *detail)
{
	struct evidence e = {.outcome = outcome,
			     .path = path,
			     .asked_ms = AGO(5),
			     .failed_first_ms = AGO(36),
			     .failures = 2,
			     .probes = 2};

	slice_to_buf(slice_of(detail), e.detail, sizeof(e.detail));
	return e;
}

struct evidence icmp(int code, const char *offender, const char *detail)
{
	struct evidence e =
		failed(PROBE_PATH_OWN, code == 3 ? PROBE_REFUSED : PROBE_NO_ROUTE, detail);

	e.icmp = true;
	e.icmp_type = 3;
	e.icmp_code = (uint8_t)code;
	slice_to_buf(slice_of(offender), e.offender, sizeof(e.offender));
	return e;
}

void no_past(struct history_summary *h)
{
	memset(h, 0, sizeof(*h));
	h->answered_at_age_s = h->silent_at_age_s = HISTORY_AGE_UNKNOWN;
}

void a_binding(struct finding_binding *b)
{
	struct binding *x = &b->row.b;

	memset(b, 0, sizeof(*b));
	*x = (struct binding){.key = SLICE_LIT("k1"),
			      .user = SLICE_LIT("4021"),
			      .domain = SLICE_LIT("acme.example"),
			      .contact = SLICE_LIT("sip:4021@10.0.0.2:5062"),
			      .received = SLICE_LIT("sip:203.0.113.2:42744"),
			      .socket = SLICE_LIT("udp:203.0.113.10:5060"),
			      .user_agent = SLICE_LIT("Yealink SIP-T46U 108.86"),
			      .call_id = SLICE_LIT("one@10.0.0.2"),
			      .expires_s = NOW_S + 3000,
			      .refreshed_s = NOW_S - 600,
			      .granted_s = 3600,
			      .cseq = 7,
			      .methods = BINDING_METHODS_ALL,
			      .q_milli = BINDING_Q_UNSET,
			      .connection = -1};
	b->ways[WAY_CALL] = answered(PROBE_PATH_OWN, 200);
	no_past(&b->past);
}

void scene_settle(struct scene *s)
{
	s->f.bindings = s->b;
	for (size_t i = 0; i < s->f.count; i++) {
		struct finding_binding *b = &s->b[i];

		if (b->known.outcome == PROBE_NOT_ASKED && b->ways[WAY_CALL].outcome)
			b->known = b->ways[WAY_CALL];
		b->row.now_ms = NOW_MS;
		b->row.twins = (unsigned)s->f.count;
		b->row.source = "kamailio.sqlite";
		b->row.evidence = b->known.outcome ? &b->known : NULL;
		verdict_judge(NULL, &b->row);
		next_hop_find(&b->row.b, &b->hop);
	}
}

void scene_begin(struct scene *s)
{
	memset(s, 0, sizeof(*s));
	slice_to_buf(slice_of("4021@acme.example"), s->f.aor, sizeof(s->f.aor));
	s->f.now_ms = NOW_MS;
	s->f.source_name = "kamailio.sqlite";
	s->f.picture_complete = true;
	s->f.count = 1;
	no_past(&s->f.past);
	a_binding(&s->b[0]);
}

void is_silent(struct finding_binding *b)
{
	b->ways[WAY_CALL] = failed(PROBE_PATH_OWN, PROBE_SILENT, "");
}

void by_stream(struct finding_binding *b, const char *transport)
{
	if (strcmp(transport, "ws") == 0) {
		b->row.b.contact = SLICE_LIT("sip:4021@x7.invalid;transport=ws");
		b->row.b.received = SLICE_LIT("sip:203.0.113.2:42744;transport=ws");
		b->row.b.socket = SLICE_LIT("ws:203.0.113.10:8080");
	} else {
		b->row.b.contact = SLICE_LIT("sip:4021@10.0.0.2:5062;transport=tcp");
		b->row.b.received = SLICE_LIT("sip:203.0.113.2:42744;transport=tcp");
		b->row.b.socket = SLICE_LIT("tcp:203.0.113.10:5060");
	}
	b->row.b.connection = 17;
}

struct group_effect *group(struct scene *s, enum group_kind kind, const char *value, unsigned asked,
			   unsigned well)
{
	struct group_effect *g = &s->f.groups[s->f.group_count++];

	*g = (struct group_effect){.kind = kind,
				   .members = asked + 2,
				   .asked = asked,
				   .answered = well,
				   .silent = asked - well};
	slice_to_buf(slice_of(value), g->value, sizeof(g->value));
	group_effects_end(g, 1);
	return g;
}

struct call_found *call(struct finding_binding *b, enum call_kind kind, enum call_outcome outcome,
			int code, const char *reason)
{
	struct call_found *c = &b->calls[kind];

	*c = (struct call_found){.kind = kind,
				 .outcome = outcome,
				 .path = PROBE_PATH_OWN,
				 .when_ms = AGO(20),
				 .code = code,
				 .final_us = 84000,
				 .size = 730,
				 .sends = 1};
	slice_to_buf(slice_of(reason), c->reason, sizeof(c->reason));
	return c;
}

void in_the_open(struct finding_binding *b, const char *contact)
{
	b->row.b.contact = slice_of(contact);
	b->row.b.received = SLICE_NONE;
	b->row.b.call_id = SLICE_LIT("one@203.0.113.9");
}

void put(char *dst, size_t size, const char *text)
{
	slice_to_buf(slice_of(text), dst, size);
}
