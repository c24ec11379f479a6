/* The workup of an AoR: the ways that are asked, twins, neighbours, what changes meanwhile, and the
 * person who stops it. */
#include "test.h"

#include <sys/socket.h>
#include <unistd.h>
#include "act/workup.h"
#include "fake_source.h"
#include "judge/verdict.h"

#define VERDICT_MS 300
#define PEERS      4

/* Something on loopback that answers 200, or nothing. */
struct peer {
	int fd;
	struct loop_watch *watch;
	struct netaddr addr;
	bool silent;
	unsigned got;
	void (*on_request)(struct peer *p);
	struct world *world;
};

struct world {
	struct act_env env;
	struct fake_source source;
	struct pinger *pinger;
	struct view *view;
	struct workup_env we;
	struct workup *workup;
	struct peer peers[PEERS];
	size_t peer_count;
	unsigned told;
};

static void add_line(const char *request, const char *name, struct strbuf *out)
{
	const char *at = strstr(request, name);

	assert_non_null(at);
	strbuf_add(out, at, (size_t)(strstr(at, "\r\n") - at) + 2);
}

static void on_peer(void *arg, int fd, unsigned what)
{
	struct peer *p = arg;
	struct sockaddr_storage from;
	socklen_t len = sizeof(from);
	char request[2000];
	struct strbuf m = STRBUF_INIT;
	ssize_t n = recvfrom(fd, request, sizeof(request) - 1, 0, (struct sockaddr *)&from, &len);

	(void)what;
	if (n <= 0)
		return;
	request[n] = '\0';
	p->got++;
	if (p->on_request)
		p->on_request(p);
	if (p->silent)
		return;
	strbuf_add_str(&m, "SIP/2.0 200 OK\r\n");
	add_line(request, "Via:", &m);
	add_line(request, "From:", &m);
	add_line(request, "To:", &m);
	m.n -= 2;
	strbuf_add_str(&m, ";tag=peer\r\n");
	add_line(request, "Call-ID:", &m);
	add_line(request, "CSeq:", &m);
	strbuf_add_str(&m, "User-Agent: Yealink SIP-T46U\r\nContent-Length: 0\r\n\r\n");
	assert_int_equal(sendto(p->fd, m.p, m.n, 0, (struct sockaddr *)&from, len), (ssize_t)m.n);
	strbuf_free(&m);
}

static struct peer *peer_new(struct world *w, bool silent)
{
	struct peer *p = &w->peers[w->peer_count++];
	socklen_t len = sizeof(p->addr.ss);

	assert_true(w->peer_count <= PEERS);
	p->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_int_equal(netaddr_parse(SLICE_LIT("127.0.0.1"), 0, &p->addr), 0);
	assert_int_equal(bind(p->fd, &p->addr.sa, p->addr.len), 0);
	assert_int_equal(getsockname(p->fd, &p->addr.sa, &len), 0);
	p->watch = loop_watch_new(w->env.loop, p->fd, LOOP_READ, LOOP_SIP, on_peer, p);
	p->silent = silent;
	p->world = w;
	return p;
}

static int setup(void **state)
{
	static struct world w;
	struct netaddr any;
	struct err e = ERR_NONE;

	memset(&w, 0, sizeof(w));
	sip_message_init();
	fake_source_init(&w.source, "fake");
	w.source.base.status = (struct source_status){
		.state = SOURCE_LIVE, .complete = true, .read_ms = clock_wall_ms(&clock_system)};
	w.env.loop = loop_new();
	w.env.clock = &clock_system;
	w.env.store = store_new();
	w.env.sources[store_add_source(w.env.store, "fake")] = &w.source.base;
	w.env.source_count = 1;
	w.env.probe_timeout_ms = VERDICT_MS;
	w.env.transports[0] = sip_transport_new(w.env.loop, w.env.clock);
	assert_int_equal(netaddr_parse(SLICE_LIT("127.0.0.1"), 0, &any), 0);
	assert_int_equal(sip_transport_listen(w.env.transports[0], TRANSPORT_UDP, &any, &e), 0);
	w.env.probers[0] = prober_new(w.env.loop, w.env.clock, w.env.transports[0]);
	w.pinger = pinger_new(&w.env, 1000);
	w.view = view_new(w.env.store, verdict_judge, NULL);
	w.we = (struct workup_env){.env = &w.env, .pinger = w.pinger, .view = w.view};
	*state = &w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	workup_free(w->workup);
	pinger_free(w->pinger);
	prober_free(w->env.probers[0]);
	sip_transport_free(w->env.transports[0]);
	for (size_t i = 0; i < w->peer_count; i++) {
		loop_watch_free(w->peers[i].watch);
		close(w->peers[i].fd);
	}
	view_free(w->view);
	store_free(w->env.store);
	loop_free(w->env.loop);
	return 0;
}

/* Registered a minute ago, for an hour. */
static struct binding registered(const char *key, const char *user, const char *contact)
{
	struct binding b = fake_binding(key, user, contact);

	b.refreshed_s = clock_wall_s(&clock_system) - 60;
	b.expires_s = b.refreshed_s + 3600;
	return b;
}

static binding_id put(struct world *w, const char *key, const char *contact)
{
	struct binding b = registered(key, "4021", contact);

	return store_put(w->env.store, 0, &b, clock_wall_s(&clock_system));
}

static binding_id put_at(struct world *w, const char *key, const struct peer *p)
{
	char contact[96], addr[NETADDR_STR];

	snprintf(contact, sizeof(contact), "sip:4021@%s", netaddr_format(&p->addr, addr));
	return put(w, key, contact);
}

static void on_told(void *ctx)
{
	((struct world *)ctx)->told++;
}

static void start(struct world *w, const binding_id *ids, size_t n, struct workup_options o)
{
	w->workup = workup_start(&w->we, "4021@acme.example", ids, n, &o, on_told, w);
}

static const struct findings *finish(struct world *w)
{
	int64_t end = clock_mono_ms(&clock_system) + 20000;

	while (!workup_over(w->workup)) {
		loop_turn(w->env.loop, true);
		assert_true(clock_mono_ms(&clock_system) < end);
	}
	return workup_findings(w->workup);
}

static const struct findings *work_up(struct world *w, const binding_id *ids, size_t n)
{
	start(w, ids, n, (struct workup_options){.neighbours = 0});
	return finish(w);
}

static const char *cause(const struct world *w)
{
	return workup_diagnosis(w->workup)->list[0].row->id;
}

static void route_over(struct world *w, const struct peer *p)
{
	w->source.routes = true;
	w->source.route.transport = TRANSPORT_UDP;
	w->source.route.addr = p->addr;
	snprintf(w->source.route.request_uri, sizeof(w->source.route.request_uri),
		 "sip:uloc-1-a@acme.example;gr");
}

/* ---- ways ------------------------------------------------------------------------------------ */

TEST(where_the_registrar_offers_no_way_the_next_hop_is_asked)
{
	struct world *w = *state;
	binding_id id = put_at(w, "k1", peer_new(w, false));
	const struct findings *f = work_up(w, &id, 1);

	assert_int_equal(f->count, 1);
	assert_int_equal(f->bindings[0].ways[WAY_DIRECT].outcome, PROBE_ANSWERED);
	assert_int_equal(f->bindings[0].ways[WAY_DIRECT].code, 200);
	assert_int_equal(f->bindings[0].ways[WAY_CALL].outcome, PROBE_NOT_ASKED);
	assert_true(workup_diagnosis(w->workup)->well);
	assert_true(f->picture_complete);
	assert_string_equal(f->aor, "4021@acme.example");
	assert_true(w->told > 0);
}

TEST(the_path_of_a_call_and_the_direct_way_are_both_asked_and_told_apart)
{
	struct world *w = *state;
	struct peer *registrar = peer_new(w, false), *phone = peer_new(w, true);
	binding_id id = put_at(w, "k1", phone);
	const struct findings *f;

	route_over(w, registrar);
	f = work_up(w, &id, 1);
	assert_int_equal(f->bindings[0].ways[WAY_CALL].outcome, PROBE_ANSWERED);
	assert_int_equal(f->bindings[0].ways[WAY_CALL].path, PROBE_PATH_REGISTRAR);
	assert_int_equal(f->bindings[0].ways[WAY_DIRECT].outcome, PROBE_SILENT);
	assert_true(registrar->got > 0 && phone->got > 0);
	/* What the pinger found is in the store, as p leaves it. */
	assert_int_equal(store_evidence(w->env.store, id)->outcome, PROBE_ANSWERED);
}

TEST(the_messages_of_every_way_are_traced_each_in_its_exchange)
{
	struct world *w = *state;
	struct peer *registrar = peer_new(w, false), *phone = peer_new(w, false);
	binding_id id = put_at(w, "k1", phone);
	const struct trace *t;
	unsigned sent[2] = {0, 0}, received[2] = {0, 0};

	route_over(w, registrar);
	work_up(w, &id, 1);
	t = workup_trace(w->workup);
	assert_int_equal(trace_exchanges(t), 2);
	for (size_t i = 0; i < trace_count(t); i++) {
		const struct trace_step *s = trace_at(t, i);

		sent[s->exchange] += s->kind == TRACE_SENT;
		received[s->exchange] += s->kind == TRACE_RECEIVED;
	}
	assert_int_equal(sent[0], 1);
	assert_int_equal(sent[1], 1);
	assert_int_equal(received[0], 1);
	assert_int_equal(received[1], 1);
}

TEST(a_path_is_asked_by_itself_and_the_contact_behind_it_too)
{
	struct world *w = *state;
	struct peer *edge = peer_new(w, false), *phone = peer_new(w, true);
	char contact[96], path[96], addr[NETADDR_STR];
	const struct findings *f;
	struct binding b;
	binding_id id;

	snprintf(contact, sizeof(contact), "sip:4021@%s", netaddr_format(&phone->addr, addr));
	snprintf(path, sizeof(path), "<sip:edge@%s;lr>", netaddr_format(&edge->addr, addr));
	b = registered("k1", "4021", contact);
	b.path = slice_of(path);
	id = store_put(w->env.store, 0, &b, clock_wall_s(&clock_system));
	f = work_up(w, &id, 1);
	assert_int_equal(f->bindings[0].ways[WAY_EDGE].outcome, PROBE_ANSWERED);
	assert_int_equal(f->bindings[0].ways[WAY_CONTACT].outcome, PROBE_SILENT);
	assert_true(edge->got >= 2 && phone->got > 0);
}

TEST(an_address_behind_a_nat_is_nobodys_here_and_not_asked)
{
	struct world *w = *state;
	struct peer *phone = peer_new(w, false);
	struct binding b = registered("k1", "4021", "sip:4021@192.168.178.20:5060");
	char received[96], addr[NETADDR_STR];
	const struct findings *f;
	binding_id id;

	snprintf(received, sizeof(received), "sip:%s", netaddr_format(&phone->addr, addr));
	b.received = slice_of(received);
	id = store_put(w->env.store, 0, &b, clock_wall_s(&clock_system));
	f = work_up(w, &id, 1);
	assert_int_equal(f->bindings[0].ways[WAY_CONTACT].outcome, PROBE_NOT_ASKED);
	assert_non_null(strstr(f->bindings[0].ways[WAY_CONTACT].detail, "NAT"));
	assert_int_equal(phone->got, 1);
}

TEST(a_name_that_leads_nowhere_is_told_as_that)
{
	struct world *w = *state;
	/* No name server need be asked: a label has 63 characters at the most. */
	binding_id id = put(w, "k1",
			    "sip:4021@phone-phone-phone-phone-phone-phone-phone-phone-phone-phone-"
			    "phone.example:5060");
	const struct findings *f = work_up(w, &id, 1);

	assert_int_equal(f->bindings[0].name, NAME_FAILS);
	assert_string_equal(f->bindings[0].ways[WAY_DIRECT].detail, "its name does not resolve");
	assert_string_equal(cause(w), "name-unresolvable");
}

/* ---- twins, groups --------------------------------------------------------------------------- */

TEST(every_twin_is_asked_and_stands_newest_first)
{
	struct world *w = *state;
	struct peer *old = peer_new(w, true), *young = peer_new(w, false);
	char contact[96], addr[NETADDR_STR];
	const struct findings *f;
	struct binding b;
	binding_id ids[2];

	ids[0] = put_at(w, "k1", old);
	snprintf(contact, sizeof(contact), "sip:4021@%s", netaddr_format(&young->addr, addr));
	b = registered("k2", "4021", contact);
	b.refreshed_s += 30;
	ids[1] = store_put(w->env.store, 0, &b, clock_wall_s(&clock_system));
	f = work_up(w, ids, 2);
	assert_int_equal(f->count, 2);
	assert_true(f->bindings[0].row.id == ids[1]);
	assert_int_equal(f->bindings[0].ways[WAY_DIRECT].outcome, PROBE_ANSWERED);
	assert_int_equal(f->bindings[1].ways[WAY_DIRECT].outcome, PROBE_SILENT);
}

/* Phones of one office whose ports are closed. */
static void put_office(struct world *w, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		char key[16], user[16], contact[64];
		struct binding b;

		snprintf(key, sizeof(key), "o%u", i);
		snprintf(user, sizeof(user), "50%02u", i);
		snprintf(contact, sizeof(contact), "sip:%s@127.77.1.%u:9", user, i + 1);
		b = registered(key, user, contact);
		store_put(w->env.store, 0, &b, clock_wall_s(&clock_system));
	}
}

static const struct group_effect *network(const struct findings *f)
{
	for (size_t i = 0; i < f->group_count; i++)
		if (f->groups[i].kind == GROUP_NETWORK)
			return &f->groups[i];
	return NULL;
}

TEST(neighbours_are_asked_when_the_person_says_so_and_no_more_of_them)
{
	struct world *w = *state;
	const struct findings *f;
	binding_id id;

	put_office(w, 9);
	put(w, "far", "sip:4021@127.88.1.1:9");
	id = store_find(w->env.store, 0, SLICE_LIT("o3"));
	f = work_up(w, &id, 1);
	assert_null(network(f));
	workup_free(w->workup);
	start(w, &id, 1, (struct workup_options){.neighbours = 4});
	f = finish(w);
	assert_int_equal(network(f)->asked, 5);
	assert_int_equal(network(f)->answered, 0);
	assert_true(network(f)->effect);
	assert_string_equal(network(f)->value, "127.77.1.0/24");
	assert_null(store_evidence(w->env.store, store_find(w->env.store, 0, SLICE_LIT("far"))));
}

TEST(what_was_asked_just_before_counts_without_being_asked_again)
{
	struct world *w = *state;
	const struct findings *f;
	binding_id id;
	uint32_t probes;

	put_office(w, 6);
	for (unsigned i = 0; i < 6; i++) {
		char key[16];

		snprintf(key, sizeof(key), "o%u", i);
		pinger_ask(w->pinger, store_find(w->env.store, 0, slice_of(key)));
	}
	while (pinger_open(w->pinger))
		loop_turn(w->env.loop, true);
	id = store_find(w->env.store, 0, SLICE_LIT("o0"));
	start(w, &id, 1, (struct workup_options){.neighbours = 5});
	f = finish(w);
	probes = store_evidence(w->env.store, store_find(w->env.store, 0, SLICE_LIT("o5")))->probes;
	assert_int_equal(probes, 1);
	assert_int_equal(network(f)->asked, 6);
	assert_string_equal(cause(w), "site-down");
}

static bool remembered(void *ctx, const char *source, const struct binding *b, struct evidence *out)
{
	(void)ctx;
	(void)source;
	(void)b;
	*out = (struct evidence){.outcome = PROBE_SILENT,
				 .path = PROBE_PATH_DIRECT,
				 .asked_ms = clock_wall_ms(&clock_system) - 10000,
				 .failures = 1,
				 .probes = 1};
	return true;
}

TEST(what_history_remembers_of_the_site_counts)
{
	struct world *w = *state;
	binding_id id;

	put_office(w, 6);
	w->we.evidence = remembered;
	id = store_find(w->env.store, 0, SLICE_LIT("o0"));
	assert_int_equal(network(work_up(w, &id, 1))->asked, 6);
	assert_string_equal(cause(w), "site-down");
}

static void never_answered(void *ctx, const char *source, const char *aor, const struct binding *b,
			   struct history_summary *out)
{
	(void)ctx, (void)source, (void)aor;
	out->never_answered_agent = b != NULL;
}

TEST(silence_of_a_model_that_never_answered_here_is_no_red_word)
{
	struct world *w = *state;
	binding_id id = put_at(w, "k1", peer_new(w, true));
	const struct judgement *j;

	w->we.past = never_answered;
	j = &work_up(w, &id, 1)->bindings[0].row.j;
	assert_true(j->verdict == VERDICT_SILENT && j->tone == TONE_WARN);
	assert_non_null(strstr(j->note, "never answered"));
	assert_string_equal(cause(w), "ignores-options");
}

/* ---- time ------------------------------------------------------------------------------------ */

TEST(who_is_silent_is_asked_twice_when_it_is_to_be_thorough)
{
	struct world *w = *state;
	struct peer *p = peer_new(w, true);
	binding_id id = put_at(w, "k1", p);
	struct workup_progress progress;
	const struct findings *f;
	bool waited = false;

	start(w, &id, 1, (struct workup_options){.thorough = true, .again_ms = 400});
	while (!workup_over(w->workup)) {
		loop_turn(w->env.loop, true);
		workup_progress(w->workup, &progress);
		waited |= progress.waits_s > 0;
	}
	f = workup_findings(w->workup);
	assert_true(waited);
	assert_int_equal(f->bindings[0].known.failures, 2);
	assert_int_equal(f->bindings[0].ways[WAY_DIRECT].failures, 2);
}

TEST(once_is_enough_for_who_answers)
{
	struct world *w = *state;
	struct peer *p = peer_new(w, false);
	binding_id id = put_at(w, "k1", p);

	start(w, &id, 1, (struct workup_options){.thorough = true, .again_ms = 60000});
	finish(w);
	assert_int_equal(p->got, 1);
}

/* The phone registers from another place while its old one is asked. */
static void moves(struct peer *p)
{
	if (p->got == 1)
		put_at(p->world, "k1", &p->world->peers[1]);
}

TEST(a_binding_that_moves_meanwhile_is_asked_where_it_is_now)
{
	struct world *w = *state;
	struct peer *before = peer_new(w, true), *now = peer_new(w, false);
	binding_id id = put_at(w, "k1", before);
	const struct findings *f;

	before->on_request = moves;
	f = work_up(w, &id, 1);
	assert_int_equal(f->bindings[0].ways[WAY_DIRECT].outcome, PROBE_ANSWERED);
	assert_false(f->bindings[0].changed_meanwhile);
	assert_true(now->got > 0);
	assert_true(workup_diagnosis(w->workup)->well);
}

static void leaves(struct peer *p)
{
	store_remove(p->world->env.store, 0, SLICE_LIT("k1"));
}

TEST(a_binding_that_leaves_meanwhile_is_told_as_that)
{
	struct world *w = *state;
	struct peer *p = peer_new(w, true);
	binding_id id = put_at(w, "k1", p);
	const struct findings *f;

	p->on_request = leaves;
	f = work_up(w, &id, 1);
	assert_int_equal(f->count, 1);
	assert_true(f->bindings[0].changed_meanwhile);
}

/* ---- nothing to ask, and the person ---------------------------------------------------------- */

TEST(no_binding_is_an_answer_too)
{
	struct world *w = *state;
	const struct findings *f = work_up(w, NULL, 0);

	assert_int_equal(f->count, 0);
	assert_string_equal(cause(w), "not-registered");
	assert_false(workup_diagnosis(w->workup)->well);
}

TEST(a_snapshot_is_judged_by_what_is_stored_and_not_asked)
{
	struct world *w = *state;
	struct peer *p = peer_new(w, false);
	binding_id id = put_at(w, "k1", p);
	const struct findings *f;
	struct binding b;

	/* Taken two days ago, when it was registered. */
	assert_true(store_get(w->env.store, id, &b));
	b.refreshed_s -= 2 * 86400;
	b.expires_s -= 2 * 86400;
	store_put(w->env.store, 0, &b, b.refreshed_s);
	w->source.base.status.state = SOURCE_FROZEN;
	w->source.base.status.read_ms = (b.refreshed_s + 60) * 1000;
	f = work_up(w, &id, 1);
	assert_true(f->now_ms == w->source.base.status.read_ms);
	assert_string_not_equal(cause(w), "all-lapsed");
	assert_int_equal(p->got, 0);
	assert_non_null(strstr(f->bindings[0].ways[WAY_CALL].detail, "snapshot"));
}

TEST(a_person_who_stops_it_gets_what_was_found_until_then)
{
	struct world *w = *state;
	struct peer *silent = peer_new(w, true), *answers = peer_new(w, false);
	binding_id ids[2] = {put_at(w, "k1", silent), put_at(w, "k2", answers)};
	const struct findings *f;

	w->env.probe_timeout_ms = 30000;
	start(w, ids, 2, (struct workup_options){.neighbours = 0});
	while (!silent->got || !store_evidence(w->env.store, ids[1]) ||
	       store_evidence(w->env.store, ids[1])->outcome != PROBE_ANSWERED)
		loop_turn(w->env.loop, true);
	w->told = 0;
	workup_cancel(w->workup);
	f = workup_findings(w->workup);
	assert_true(workup_over(w->workup));
	assert_true(f->cancelled);
	assert_int_equal(w->told, 1);
	assert_true(workup_diagnosis(w->workup)->count > 0);
	workup_cancel(w->workup);
	assert_int_equal(w->told, 1);
}

TEST(one_that_is_freed_in_the_middle_leaves_nothing_behind)
{
	struct world *w = *state;
	struct peer *registrar = peer_new(w, true), *phone = peer_new(w, true);
	binding_id id = put_at(w, "k1", phone);
	int64_t end;

	route_over(w, registrar);
	start(w, &id, 1, (struct workup_options){.neighbours = 3});
	while (!registrar->got || !phone->got)
		loop_turn(w->env.loop, true);
	workup_free(w->workup);
	w->workup = NULL;
	/* What is still on its way ends by itself, and touches nothing that is gone. */
	end = clock_mono_ms(&clock_system) + 10000;
	while (pinger_open(w->pinger) && clock_mono_ms(&clock_system) < end)
		loop_turn(w->env.loop, true);
	assert_int_equal(pinger_open(w->pinger), 0);
}

#define W(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		W(where_the_registrar_offers_no_way_the_next_hop_is_asked),
		W(the_path_of_a_call_and_the_direct_way_are_both_asked_and_told_apart),
		W(the_messages_of_every_way_are_traced_each_in_its_exchange),
		W(a_path_is_asked_by_itself_and_the_contact_behind_it_too),
		W(an_address_behind_a_nat_is_nobodys_here_and_not_asked),
		W(a_name_that_leads_nowhere_is_told_as_that),
		W(every_twin_is_asked_and_stands_newest_first),
		W(neighbours_are_asked_when_the_person_says_so_and_no_more_of_them),
		W(what_was_asked_just_before_counts_without_being_asked_again),
		W(what_history_remembers_of_the_site_counts),
		W(silence_of_a_model_that_never_answered_here_is_no_red_word),
		W(who_is_silent_is_asked_twice_when_it_is_to_be_thorough),
		W(once_is_enough_for_who_answers),
		W(a_binding_that_moves_meanwhile_is_asked_where_it_is_now),
		W(a_binding_that_leaves_meanwhile_is_told_as_that),
		W(no_binding_is_an_answer_too),
		W(a_snapshot_is_judged_by_what_is_stored_and_not_asked),
		W(a_person_who_stops_it_gets_what_was_found_until_then),
		W(one_that_is_freed_in_the_middle_leaves_nothing_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
