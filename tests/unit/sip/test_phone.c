/* Tests of the simulated phones against the registrar: they register, and behave as they say. */
#include <stdlib.h>
#include <unistd.h>
#include "test.h"
#include "sip/registrar.h"
#include "sip/build.h"
#include "sip/phone.h"
#include "sip/phone_cast.h"
#include "sip/phone_text.h"

/* Phones live in real time; so does the registrar they meet here. */
struct stage {
	struct loop *loop;
	struct sip_transport *transport;
	struct registrar *registrar;
	struct netaddr addr;
	struct phones *phones;
};

static struct stage stage_new(unsigned n)
{
	struct stage s = {.loop = loop_new()};
	struct registrar_config cfg = {.min_s = 10, .max_s = 3600};
	struct err e = ERR_NONE;

	sip_message_init();
	s.transport = sip_transport_new(s.loop, &clock_system);
	netaddr_parse(SLICE_LIT("127.0.0.1"), 0, &s.addr);
	assert_int_equal(sip_transport_listen(s.transport, TRANSPORT_UDP, &s.addr, &e), 0);
	assert_true(sip_transport_local(s.transport, TRANSPORT_UDP, NULL, &s.addr));
	assert_int_equal(sip_transport_listen(s.transport, TRANSPORT_TCP, &s.addr, &e), 0);
	s.registrar = registrar_new(s.loop, &clock_system, s.transport, &cfg, NULL, &e);
	assert_non_null(s.registrar);
	s.phones = phones_start(s.loop, &clock_system, &s.addr, n, &e);
	assert_non_null(s.phones);
	return s;
}

static void stage_free(struct stage *s)
{
	phones_stop(s->phones);
	registrar_free(s->registrar);
	sip_transport_free(s->transport);
	loop_free(s->loop);
}

/* Until so many phones have read their 200 and so many bindings stand. */
static void turn_until(struct stage *s, unsigned phones, size_t bindings, int64_t within_ms)
{
	int64_t end = clock_mono_ms(&clock_system) + within_ms;

	while ((registrar_count(s->registrar) < bindings ||
		phones_registered(s->phones) < phones) &&
	       clock_mono_ms(&clock_system) < end) {
		loop_turn(s->loop, false);
		usleep(200);
	}
	assert_int_equal(registrar_count(s->registrar), bindings);
	assert_int_equal(phones_registered(s->phones), phones);
}

struct wanted {
	const char *user;
	struct registrar_binding found;
	unsigned count;
};

static bool look(void *ctx, const struct registrar_binding *b)
{
	struct wanted *w = ctx;

	if (slice_eq_str(b->user, w->user)) {
		w->found = *b;
		w->count++;
	}
	return true;
}

/* The binding of the phone of this kind (the first of its kind is the kind's number). */
static struct wanted binding_of(const struct stage *s, unsigned n, enum phone_kind kind)
{
	struct phone_role role;
	struct wanted w = {.user = role.user};

	phone_role(kind, n, &role);
	registrar_each(s->registrar, look, &w);
	w.user = NULL;
	return w;
}

TEST(one_of_every_kind_registers)
{
	struct stage s = stage_new(PHONE_KIND_COUNT);
	struct wanted w;

	UNUSED_STATE;
	/* The twin has two. */
	turn_until(&s, PHONE_KIND_COUNT, PHONE_KIND_COUNT + 1, 10000);
	w = binding_of(&s, PHONE_KIND_COUNT, PHONE_TWIN);
	assert_int_equal(w.count, 2);
	w = binding_of(&s, PHONE_KIND_COUNT, PHONE_LAPSING);
	assert_int_equal(w.found.granted_s, 10);
	w = binding_of(&s, PHONE_KIND_COUNT, PHONE_TCP);
	assert_int_equal(w.found.transport, TRANSPORT_TCP);
	assert_true(sip_transport_is_open(s.transport, w.found.connection));
	assert_int_equal(w.found.reg_id, 1);
	w = binding_of(&s, PHONE_KIND_COUNT, PHONE_PUSH);
	assert_true(slice_find_icase(w.found.contact, SLICE_LIT("pn-prid=")) > 0);
	stage_free(&s);
}

TEST(the_private_phone_leaves_no_address_that_anything_could_be_sent_to)
{
	struct stage s = stage_new(PHONE_KIND_COUNT);
	struct wanted w;

	UNUSED_STATE;
	turn_until(&s, PHONE_KIND_COUNT, PHONE_KIND_COUNT + 1, 10000);
	w = binding_of(&s, PHONE_KIND_COUNT, PHONE_PRIVATE);
	assert_int_equal(w.count, 1);
	assert_int_equal(w.found.received.n, 0);
	assert_int_equal(w.found.path.n, 0);
	assert_true(slice_find_icase(w.found.contact, SLICE_LIT("@10.77.0.9:5060")) > 0);
	stage_free(&s);
}

TEST(a_hostile_name_arrives_unbroken)
{
	struct stage s = stage_new(PHONE_KIND_COUNT);
	struct phone_role role;
	struct wanted w;

	UNUSED_STATE;
	turn_until(&s, PHONE_KIND_COUNT, PHONE_KIND_COUNT + 1, 10000);
	phone_role(PHONE_HOSTILE, PHONE_KIND_COUNT, &role);
	w = binding_of(&s, PHONE_KIND_COUNT, PHONE_HOSTILE);
	assert_slice_equal(w.found.user_agent, role.agent);
	stage_free(&s);
}

TEST(hundreds_of_phones_register_within_seconds)
{
	struct stage s = stage_new(500);
	size_t twins = 0;

	UNUSED_STATE;
	for (unsigned i = 0; i < 500; i++) {
		struct phone_role role;

		phone_role(i, 500, &role);
		twins += role.kind == PHONE_TWIN;
	}
	turn_until(&s, 500, 500 + twins, 20000);
	stage_free(&s);
}

TEST(the_cast_is_the_same_for_the_same_number)
{
	struct phone_role a, b;
	unsigned different = 0;

	UNUSED_STATE;
	for (unsigned i = 0; i < 100; i++) {
		phone_role(i, 100, &a);
		phone_role(i, 100, &b);
		assert_memory_equal(&a, &b, sizeof(a));
		phone_role(i, 101, &b);
		different += strcmp(a.instance, b.instance) != 0;
	}
	assert_true(different > 90);
}

/* ---- answers, without a wire ----------------------------------------------------------------- */

static struct sip_msg *request(const char *method, const char *more)
{
	struct strbuf text = STRBUF_INIT;
	struct sip_msg *msg;

	strbuf_addf(
		&text,
		"%s sip:x@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK1;rport\r\n"
		"Max-Forwards: 70\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:x@y>\r\nCall-ID: 1\r\n"
		"CSeq: 1 %s\r\n%sContent-Length: 0\r\n\r\n",
		method, method, more);
	assert_int_equal(sip_msg_parse(text.p, text.n, &msg, NULL, NULL), SIP_IN_MESSAGE);
	strbuf_free(&text);
	return msg;
}

static int code_of(const struct strbuf *answer)
{
	return (int)strtol(strbuf_str(answer) + strlen("SIP/2.0 "), NULL, 10);
}

static int answer_of(enum phone_kind kind, const char *method, struct strbuf *out)
{
	struct sip_flow from = {.transport = TRANSPORT_UDP};
	struct sip_msg *msg = request(method, "");
	struct phone_role role;
	bool said;

	netaddr_parse(SLICE_LIT("127.0.0.1"), 5060, &from.remote);
	phone_role(kind, PHONE_KIND_COUNT, &role);
	strbuf_clear(out);
	said = phone_add_answer(&role, msg, &from, out);
	sip_msg_free(msg);
	return said ? code_of(out) : 0;
}

TEST(a_quiet_call_is_refused_and_another_rings_until_it_is_cancelled)
{
	struct sip_flow from = {.transport = TRANSPORT_UDP};
	struct sip_msg *quiet = request("INVITE", "Require: x-nobody\r\n"),
		       *invite = request("INVITE", ""), *cancel = request("CANCEL", "");
	struct strbuf rings = STRBUF_INIT, out = STRBUF_INIT;
	struct phone_role role;
	const char *tag;
	char wanted[40];

	UNUSED_STATE;
	netaddr_parse(SLICE_LIT("127.0.0.1"), 5060, &from.remote);
	phone_role(PHONE_ANSWERS, PHONE_KIND_COUNT, &role);
	assert_true(phone_add_answer(&role, quiet, &from, &out));
	assert_int_equal(code_of(&out), 420);
	assert_non_null(strstr(strbuf_str(&out), "Unsupported: x-nobody\r\n"));
	assert_true(phone_add_answer(&role, invite, &from, &rings));
	assert_int_equal(code_of(&rings), 180);
	assert_false(phone_add_ended(&role, invite, &from, &out));
	strbuf_clear(&out);
	assert_true(phone_add_ended(&role, cancel, &from, &out));
	assert_non_null(strstr(strbuf_str(&out), "SIP/2.0 487 Request Terminated\r\n"));
	assert_non_null(strstr(strbuf_str(&out), "CSeq: 1 INVITE\r\n"));
	tag = strstr(strbuf_str(&rings), "<sip:x@y>;tag=");
	assert_non_null(tag);
	snprintf(wanted, sizeof(wanted), "%.30s", tag);
	assert_non_null(strstr(strbuf_str(&out), wanted));
	phone_role(PHONE_SILENT, PHONE_KIND_COUNT, &role);
	assert_false(phone_add_ended(&role, cancel, &from, &out));
	sip_msg_free(quiet);
	sip_msg_free(invite);
	sip_msg_free(cancel);
	strbuf_free(&rings);
	strbuf_free(&out);
}

TEST(every_kind_answers_as_its_name_says)
{
	static const struct {
		enum phone_kind kind;
		int code;
	} cases[] = {{PHONE_ANSWERS, 200}, {PHONE_BUSY, 486},    {PHONE_SLOW, 200},
		     {PHONE_SILENT, 0},    {PHONE_DISOWNS, 404}, {PHONE_STRANGER, 200},
		     {PHONE_PUSH, 0},      {PHONE_PRIVATE, 0},   {PHONE_TCP, 200}};
	struct strbuf out = STRBUF_INIT;
	struct phone_role role;

	UNUSED_STATE;
	sip_message_init();
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(answer_of(cases[i].kind, "OPTIONS", &out), cases[i].code);
	assert_int_equal(answer_of(PHONE_ANSWERS, "ACK", &out), 0);
	assert_int_equal(answer_of(PHONE_ANSWERS, "INVITE", &out), 180);
	assert_int_equal(answer_of(PHONE_BUSY, "INVITE", &out), 486);
	assert_int_equal(answer_of(PHONE_SILENT, "INVITE", &out), 0);
	assert_int_equal(answer_of(PHONE_ANSWERS, "CANCEL", &out), 200);
	assert_int_equal(answer_of(PHONE_ANSWERS, "MESSAGE", &out), 405);
	assert_int_equal(answer_of(PHONE_STRANGER, "OPTIONS", &out), 200);
	phone_role(PHONE_STRANGER, PHONE_KIND_COUNT, &role);
	assert_string_not_equal(role.agent, role.answers_as);
	assert_non_null(strstr(strbuf_str(&out), role.answers_as));
	strbuf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(one_of_every_kind_registers),
		T(the_private_phone_leaves_no_address_that_anything_could_be_sent_to),
		T(a_hostile_name_arrives_unbroken),
		T(hundreds_of_phones_register_within_seconds),
		T(the_cast_is_the_same_for_the_same_number),
		T(a_quiet_call_is_refused_and_another_rings_until_it_is_cancelled),
		T(every_kind_answers_as_its_name_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
