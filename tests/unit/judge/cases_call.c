/* Cases of several bindings, of what was before, and of test calls. */
#include "cause_scenes.h"

/* Another device, not behind NAT, under the same AoR. */
static struct finding_binding *another(struct scene *s)
{
	struct finding_binding *b = &s->b[s->f.count++];

	a_binding(b);
	b->row.b.key = SLICE_LIT("k2");
	b->row.b.contact = SLICE_LIT("sip:4021@203.0.113.9:5060");
	b->row.b.received = SLICE_NONE;
	b->row.b.call_id = SLICE_LIT("two@203.0.113.9");
	b->row.b.user_agent = SLICE_LIT("Linphone/5.1");
	slice_to_buf(slice_of("Linphone/5.1"), b->ways[WAY_CALL].agent, EVIDENCE_AGENT);
	return b;
}

static void former(struct finding_binding *b, const char *contact)
{
	b->row.b.key = SLICE_LIT("k0");
	b->row.b.contact = slice_of(contact);
	b->row.b.received = SLICE_LIT("sip:203.0.113.2:40001");
	b->row.b.call_id = SLICE_LIT("zero@10.0.0.2");
	b->row.b.refreshed_s = NOW_S - 2400;
	b->row.b.expires_s = NOW_S + 1200;
	is_silent(b);
}

static void serial_fork(struct scene *s)
{
	is_silent(&s->b[0]);
	s->b[0].row.b.q_milli = 1000;
	s->b[0].known.probes = 2;
	another(s)->row.b.q_milli = 500;
}

static void limit(struct scene *s)
{
	is_silent(&s->b[0]);
	is_silent(another(s));
	s->f.about = (struct source_about){.asked_ms = AGO(1), .max_contacts = 2};
}

static void twin(struct scene *s)
{
	struct finding_binding *b = &s->b[s->f.count++];

	a_binding(b);
	former(b, "sip:4021-0x7@10.0.0.2:5062");
	b->row.b.instance = s->b[0].row.b.instance = SLICE_LIT("<urn:uuid:1>");
}

/* The one that is there no more comes first. */
static void twin_in_one_second(struct scene *s)
{
	twin(s);
	s->b[1].row.b.refreshed_s = s->b[0].row.b.refreshed_s;
	s->b[1].ways[WAY_CALL] = s->b[0].ways[WAY_CALL];
	is_silent(&s->b[0]);
}

static void twin_by_looks(struct scene *s)
{
	struct finding_binding *b = &s->b[s->f.count++];

	a_binding(b);
	former(b, "sip:4021-0x7@10.0.0.2:5062");
}

static void many_stale(struct scene *s)
{
	static const char *const contacts[] = {"sip:a@10.0.0.2:5062", "sip:b@10.0.0.2:5062",
					       "sip:c@10.0.0.2:5062"};

	for (int i = 0; i < 3; i++) {
		struct finding_binding *b = &s->b[s->f.count++];

		a_binding(b);
		former(b, contacts[i]);
	}
}

static void shared(struct scene *s)
{
	s->f.past.alternations = 3;
	s->f.past.replaced_ms = AGO(30);
	slice_to_buf(slice_of("Linphone/5.1 from 198.51.100.4:5060"), s->f.past.replaced_by, 96);
	slice_to_buf(slice_of("Yealink SIP-T46U 108.86 from 203.0.113.2:42744"),
		     s->f.past.replaced_before, 96);
	s->f.past.last_refresh_s = NOW_S - 30;
	slice_to_buf(slice_of("Linphone/5.1"), s->f.past.last_agent, 64);
	slice_to_buf(slice_of("198.51.100.4:5060"), s->f.past.last_source, 64);
}

static void wiped(struct scene *s)
{
	s->f.past.wipes = 2;
	s->f.past.wiped_ms = AGO(900);
	slice_to_buf(slice_of("Linphone/5.1 from 198.51.100.4"), s->f.past.wiped_by, 96);
}

static void flapping(struct scene *s)
{
	s->b[0].past.registers_last_minute = 14;
	s->b[0].past.last_refresh_s = NOW_S - 2;
}

static void flapping_as_granted(struct scene *s)
{
	flapping(s);
	s->b[0].row.b.granted_s = 5;
	s->b[0].row.b.expires_s = NOW_S + 3;
	s->b[0].row.b.refreshed_s = NOW_S - 2;
}

static void gaps(struct scene *s)
{
	s->f.past.gaps = 3;
	s->f.past.refreshes = 4;
	s->f.past.last_refresh_s = NOW_S - 600;
}

static void rebound(struct scene *s)
{
	s->b[0].past.port_moves = 2;
	s->b[0].past.last_move_ms = AGO(600);
	slice_to_buf(slice_of("203.0.113.2:40211"), s->b[0].past.moved_from, 64);
	slice_to_buf(slice_of("203.0.113.2:42744"), s->b[0].past.moved_to, 64);
}

static void fragments(struct scene *s)
{
	call(&s->b[0], CALL_QUIET, CALL_FINAL, 488, "Not Acceptable Here");
	call(&s->b[0], CALL_PADDED, CALL_SILENT, 0, "")->size = 1600;
	s->b[0].calls[CALL_PADDED].sends = 4;
	s->b[0].pad_answered = 1300;
	s->b[0].pad_lost = 1600;
}

static void too_big(struct scene *s)
{
	call(&s->b[0], CALL_QUIET, CALL_FINAL, 488, "Not Acceptable Here");
	call(&s->b[0], CALL_SWITCH, CALL_FINAL, 477, "Send failed")->by_registrar = true;
	s->b[0].calls[CALL_SWITCH].size = 1420;
}

static void alg(struct scene *s)
{
	call(&s->b[0], CALL_QUIET, CALL_SILENT, 0, "")->sends = 4;
}

static void wrong_socket(struct scene *s)
{
	call(&s->b[0], CALL_SWITCH, CALL_FINAL, 408, "Request Timeout")->by_registrar = true;
}

static void never_called(struct scene *s)
{
	call(&s->b[0], CALL_RING, CALL_CANCELLED, 487, "Request Terminated")->ringing = true;
	s->b[0].calls[CALL_RING].ring_us = 84000;
	call(&s->b[0], CALL_SWITCH, CALL_FINAL, 404, "Not Found")->by_registrar = true;
}

static void caller_refused(struct scene *s)
{
	call(&s->b[0], CALL_SWITCH, CALL_FINAL, 403, "Forbidden")->by_registrar = true;
}

static void answers_lost(struct scene *s)
{
	struct call_found *c = call(&s->b[0], CALL_RING, CALL_CANCELLED, 487, "Request Terminated");

	c->ringing = true;
	c->ring_us = 3600000;
	c->sends = 4;
}

static void early_media(struct scene *s)
{
	call(&s->b[0], CALL_RING, CALL_CANCELLED, 487, "Request Terminated")->progress = true;
}

static void rings(struct scene *s)
{
	struct call_found *c = call(&s->b[0], CALL_RING, CALL_CANCELLED, 487, "Request Terminated");

	c->ringing = true;
	c->ring_us = 84000;
	slice_to_buf(slice_of("Yealink SIP-T46U 108.86"), c->agent, sizeof(c->agent));
}

static void well(struct scene *s)
{
	(void)s;
}

static void gaps_few(struct scene *s)
{
	s->f.past.gaps = 2;
	s->f.past.refreshes = 11;
}

static void rebound_once(struct scene *s)
{
	rebound(s);
	s->b[0].past.port_moves = 1;
	s->b[0].past.refreshes = 200;
}

static void refuses_late(struct scene *s)
{
	call(&s->b[0], CALL_RING, CALL_FINAL, 500, "Server Internal Error")->final_us = 2400000;
}

static void alg_by_ring(struct scene *s)
{
	call(&s->b[0], CALL_RING, CALL_SILENT, 0, "")->sends = 4;
}

static void rings_and_ignores(struct scene *s)
{
	rings(s);
	is_silent(&s->b[0]);
}

static void quiet_and_ignores(struct scene *s)
{
	call(&s->b[0], CALL_QUIET, CALL_FINAL, 488, "Not Acceptable Here");
	is_silent(&s->b[0]);
}

static void well_after_yesterday(struct scene *s)
{
	call(&s->b[0], CALL_RING, CALL_FINAL, 486, "Busy Here")->when_ms = AGO(86400);
}

static void forgets_later(struct scene *s)
{
	s->b[0].row.b.refreshed_s = NOW_S - 60;
	s->b[0].row.b.expires_s = NOW_S + 3540;
}

static void refused_call(struct scene *s)
{
	struct call_found *c = call(&s->b[0], CALL_RING, CALL_REFUSED, 0, "");

	put(c->detail, sizeof(c->detail), "ICMP port unreachable from 203.0.113.2");
}

static void fragments_through_registrar(struct scene *s)
{
	struct call_found *c;

	call(&s->b[0], CALL_QUIET, CALL_FINAL, 420, "Bad Extension");
	c = call(&s->b[0], CALL_PADDED, CALL_FINAL, 408, "Request Timeout");
	c->by_registrar = true;
	c->size = s->b[0].pad_lost = 1300;
}

static void alg_through_registrar(struct scene *s)
{
	call(&s->b[0], CALL_QUIET, CALL_FINAL, 408, "Request Timeout")->by_registrar = true;
}

static void flapping_one_of_two(struct scene *s)
{
	another(s)->past.registers_last_minute = 9;
	/* both together, which alone says nothing */
	s->f.past.registers_last_minute = 10;
}

static void well_after_all(struct scene *s)
{
	struct history_summary *h = &s->f.past;

	h->refreshes = 700;
	h->gaps = 2;
	h->wipes = 1;
	h->alternations = 5;
	h->removed_ms = h->wiped_ms = h->replaced_ms = AGO(8 * 86400);
	s->b[0].past.port_moves = 3;
	s->b[0].past.refreshes = 700;
	s->b[0].past.last_move_ms = AGO(5 * 3600);
}

static void alg_cancelled(struct scene *s)
{
	struct call_found *c =
		call(&s->b[0], CALL_QUIET, CALL_CANCELLED, 487, "Request Terminated");

	c->trying = c->by_registrar = true;
}

/* clang-format off */
const struct cause_case cases_of_calls[] = {
	{"serial-fork-dead-first", "q=1.0 is silent", serial_fork, true},
	{"contact-limit", "two of two are silent", limit, true},
	{"twin-after-reboot", "same instance", twin, false},
	{"twin-after-reboot", "in one second", twin_in_one_second, false},
	{"twin-after-reboot", "same looks", twin_by_looks, false},
	{"many-stale", "three former ones", many_stale, true},
	{"account-shared", "A, B, A, B", shared, false},
	{"wiped-by-other", "twice", wiped, false},
	{"register-flapping", "14 in a minute", flapping, false},
	{"register-flapping", "14 in a minute, and granted 5 s", flapping_as_granted, false},
	{"registration-gaps", "three", gaps, false},
	{"port-rebound", "two new ports", rebound, false},
	{"fragments-lost", "1300 passes, 1600 does not", fragments, false},
	{"too-big-for-udp", "477 of the switch", too_big, false},
	{"sip-alg", "no answer to INVITE", alg, false},
	{"wrong-socket", "408 through the switch", wrong_socket, false},
	{"never-called", "404 of the switch", never_called, false},
	{"caller-refused", "403 of the switch", caller_refused, false},
	{"answers-lost", "180 after four sends", answers_lost, false},
	{"early-media", "183", early_media, false},
	{"rings-unheard", "180 after 84 ms", rings, false},
	{"well", "200", well, false},
	{"registration-gaps", "two of eleven", gaps_few, false},
	{"port-rebound", "a new port a while ago", rebound_once, false},
	{"phone-refuses", "500 to a ring test, after a while", refuses_late, false},
	{"sip-alg", "no answer to a ring test", alg_by_ring, false},
	{"rings-unheard", "though no probe was answered", rings_and_ignores, false},
	{"well", "a quiet call was answered, no probe was", quiet_and_ignores, false},
	{"well", "yesterday's call says nothing of today", well_after_yesterday, false},
	{"nat-mapping-likely", "NAT, and an hour between refreshes", forgets_later, true},
	{"unexplained", "OPTIONS is answered, and a call meets a closed port", refused_call, false},
	{"fragments-lost", "the quiet call passes, 1300 through the registrar does not", fragments_through_registrar, false},
	{"sip-alg", "the registrar got no answer to a quiet call", alg_through_registrar, false},
	{"register-flapping", "one of two devices", flapping_one_of_two, false},
	{"well", "what happened long ago is no cause of today", well_after_all, false},
	{"sip-alg", "cancelled, and 487 is the registrar's own", alg_cancelled, false},
};
/* clang-format on */

const size_t cases_of_calls_count = sizeof(cases_of_calls) / sizeof(cases_of_calls[0]);
