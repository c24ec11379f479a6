/* Tests of sip/registrar: RFC 3261 10.3 step by step, over a real socket. */
#include <fcntl.h>
#include <sqlite3.h>
#include "register_client.h"

#define ALICE "alice@acme.example"
#define HOME  "Contact: <sip:alice@192.0.2.1:5070>\r\n"
#define DESK  "Contact: <sip:alice@192.0.2.2:5070>\r\n"

/* ---- adding, refreshing, asking -------------------------------------------------------------- */

TEST(a_new_registration_is_answered_with_its_contact_and_expiry)
{
	struct client *c = client_new(NULL);

	UNUSED_STATE;
	assert_int_equal(reg(c, ALICE, "a", 1, HOME "Expires: 600\r\n"), 200);
	assert_non_null(strstr(c->answer, "Contact: <sip:alice@192.0.2.1:5070>;expires=600\r\n"));
	assert_non_null(strstr(c->answer, "\r\nDate: Thu, 09 Oct 2025 08:53:20 GMT\r\n"));
	assert_non_null(strstr(c->answer, ";received=127.0.0.1"));
	assert_null(strstr(c->answer, "Record-Route"));
	assert_int_equal(c->puts, 1);
	client_free(c);
}

TEST(a_refresh_keeps_key_and_first_time_and_renews_the_rest)
{
	struct client *c = client_new(NULL);
	struct registrar_binding b;
	char key[64];

	UNUSED_STATE;
	reg(c, ALICE, "a", 1, HOME "Expires: 600\r\n");
	slice_to_buf(only(c).key, key, sizeof(key));
	clock_fake_advance(&c->clock, 100000);
	assert_int_equal(reg(c, ALICE, "a", 2, HOME "Expires: 300\r\n"), 200);
	b = only(c);
	assert_slice_equal(b.key, key);
	assert_int_equal(b.first_ms, START_MS);
	assert_int_equal(b.refreshed_ms, START_MS + 100000);
	assert_int_equal(b.expires_ms, START_MS + 400000);
	assert_int_equal(b.granted_s, 300);
	assert_int_equal(b.cseq, 2);
	client_free(c);
}

TEST(a_query_lists_every_binding_with_the_seconds_left)
{
	struct client *c = client_new(NULL);

	UNUSED_STATE;
	reg(c, ALICE, "a", 1, HOME "Expires: 600\r\n");
	clock_fake_advance(&c->clock, 100500);
	reg(c, ALICE, "b", 1, DESK "Expires: 200\r\n");
	assert_int_equal(listed(c, ALICE), 2);
	assert_non_null(strstr(c->answer, "192.0.2.1:5070>;expires=499\r\n"));
	assert_non_null(strstr(c->answer, "192.0.2.2:5070>;expires=200\r\n"));
	assert_int_equal(listed(c, "nobody@acme.example"), 0);
	client_free(c);
}

TEST(contacts_that_are_no_sip_uri_are_kept_verbatim)
{
	struct client *c = client_new(NULL);

	UNUSED_STATE;
	assert_int_equal(
		reg(c, ALICE, "a", 1, HOME "Contact: <mailto:Alice%40home@acme.example>;q=0.3\r\n"),
		200);
	assert_non_null(
		strstr(c->answer, "<mailto:Alice%40home@acme.example>;expires=3600;q=0.300"));
	assert_int_equal(listed(c, ALICE), 2);
	client_free(c);
}

TEST(the_address_of_record_is_one_in_any_spelling_of_host_and_escapes)
{
	struct client *c = client_new(NULL);

	UNUSED_STATE;
	reg(c, "al%69ce@ACME.example", "a", 1, HOME);
	assert_int_equal(listed(c, ALICE), 1);
	assert_int_equal(listed(c, "Alice@acme.example"), 0);
	client_free(c);
}

/* ---- expiry ---------------------------------------------------------------------------------- */

TEST(too_brief_is_423_with_the_minimum_and_nothing_is_stored)
{
	struct client *c = client_new(NULL);

	UNUSED_STATE;
	assert_int_equal(reg(c, ALICE, "a", 1, HOME "Expires: 59\r\n"), 423);
	assert_non_null(strstr(c->answer, "\r\nMin-Expires: 60\r\n"));
	assert_int_equal(reg(c, ALICE, "a", 2,
			     HOME "Contact: <sip:alice@192.0.2.9>;expires=5\r\nExpires: 600\r\n"),
			 423);
	assert_int_equal(registrar_count(c->registrar), 0);
	client_free(c);
}

TEST(odd_expiries_count_as_an_hour_and_great_ones_are_cut)
{
	static const struct {
		const char *lines;
		unsigned granted;
	} cases[] = {
		{HOME "Expires: soon\r\n", 3600},
		{"Contact: <sip:alice@192.0.2.1:5070>;expires=\r\n", 3600},
		{"Contact: <sip:alice@192.0.2.1:5070>;expires=-1\r\n", 3600},
		{HOME "Expires: 99999999999999999999\r\n", 7200},
		{"Contact: <sip:alice@192.0.2.1:5070>;expires=90\r\nExpires: 600\r\n", 90},
		{HOME, 3600},
	};
	struct client *c = client_new(NULL);

	UNUSED_STATE;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(reg(c, ALICE, "a", i + 1, cases[i].lines), 200);
		assert_int_equal(only(c).granted_s, cases[i].granted);
	}
	client_free(c);
}

TEST(a_lapsed_binding_is_shown_for_a_while_but_never_told)
{
	struct client *c = client_new(NULL);

	UNUSED_STATE;
	reg(c, ALICE, "a", 1, HOME "Expires: 60\r\n");
	clock_fake_advance(&c->clock, 60000);
	assert_int_equal(listed(c, ALICE), 0);
	assert_int_equal(registrar_count(c->registrar), 1);
	assert_int_equal(c->gones, 0);
	clock_fake_advance(&c->clock, 31000);
	assert_int_equal(listed(c, ALICE), 0);
	assert_int_equal(registrar_count(c->registrar), 0);
	assert_int_equal(c->gones, 1);
	client_free(c);
}

TEST(a_lapsed_binding_comes_back_under_its_key_whatever_its_cseq_was)
{
	struct client *c = client_new(NULL);
	char key[64];

	UNUSED_STATE;
	reg(c, ALICE, "a", 9, HOME "Expires: 60\r\n");
	slice_to_buf(only(c).key, key, sizeof(key));
	clock_fake_advance(&c->clock, 70000);
	assert_int_equal(reg(c, ALICE, "a", 1, HOME "Expires: 60\r\n"), 200);
	assert_slice_equal(only(c).key, key);
	assert_int_equal(only(c).first_ms, START_MS + 70000);
	client_free(c);
}

/* ---- removing -------------------------------------------------------------------------------- */

TEST(expiry_zero_removes_one_and_star_removes_all)
{
	struct client *c = client_new(NULL);

	UNUSED_STATE;
	reg(c, ALICE, "a", 1, HOME DESK);
	assert_int_equal(reg(c, ALICE, "a", 2, HOME "Expires: 0\r\n"), 200);
	assert_int_equal(listed(c, ALICE), 1);
	assert_int_equal(reg(c, ALICE, "b", 1, "Contact: *\r\nExpires: 0\r\n"), 200);
	assert_null(strstr(c->answer, "\r\nContact:"));
	assert_int_equal(registrar_count(c->registrar), 0);
	assert_int_equal(c->gones, 2);
	client_free(c);
}

TEST(a_star_must_stand_alone_and_needs_expires_zero)
{
	static const char *const wrong[] = {
		"Contact: *\r\n",
		"Contact: *\r\nExpires: 10\r\n",
		"Contact: *\r\nExpires: never\r\n",
		"Contact: *;expires=0\r\nExpires: 0\r\n",
		"Contact: *\r\n" HOME "Expires: 0\r\n",
		HOME "Contact: *\r\nExpires: 0\r\n",
	};
	struct client *c = client_new(NULL);

	UNUSED_STATE;
	reg(c, ALICE, "a", 1, DESK);
	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(reg(c, ALICE, "b", i + 1, wrong[i]), 400);
	assert_int_equal(listed(c, ALICE), 1);
	client_free(c);
}

TEST(a_star_that_is_older_than_one_binding_removes_none)
{
	struct client *c = client_new(NULL);

	UNUSED_STATE;
	reg(c, ALICE, "other", 1, HOME);
	reg(c, ALICE, "a", 7, DESK);
	assert_int_equal(reg(c, ALICE, "a", 7, "Contact: *\r\nExpires: 0\r\n"), 400);
	assert_int_equal(listed(c, ALICE), 2);
	client_free(c);
}

/* ---- order and repetition -------------------------------------------------------------------- */

TEST(a_repeated_request_gets_the_same_answer_and_changes_nothing)
{
	struct client *c = client_new(NULL);
	char first[4096];

	UNUSED_STATE;
	assert_int_equal(reg(c, ALICE, "a", 1, HOME), 200);
	slice_to_buf(slice_of(c->answer), first, sizeof(first));
	clock_fake_advance(&c->clock, 20000);
	assert_string_equal(client_ask(c, c->sent), first);
	assert_int_equal(only(c).refreshed_ms, START_MS);
	/* After 64*T1 it is a new request, and then it is out of order. */
	clock_fake_advance(&c->clock, 13000);
	assert_int_equal(code_of(client_ask(c, c->sent)), 400);
	client_free(c);
}

TEST(an_older_request_of_the_same_call_changes_nothing_at_all)
{
	struct client *c = client_new(NULL);

	UNUSED_STATE;
	reg(c, ALICE, "a", 5, HOME);
	assert_int_equal(reg(c, ALICE, "a", 5, DESK HOME), 400);
	assert_non_null(strstr(c->answer, "SIP/2.0 400 Out of Order\r\n"));
	assert_int_equal(reg(c, ALICE, "a", 4, HOME "Expires: 0\r\n"), 400);
	assert_int_equal(listed(c, ALICE), 1);
	assert_int_equal(reg(c, ALICE, "rebooted", 1, HOME), 200);
	assert_int_equal(listed(c, ALICE), 1);
	client_free(c);
}

TEST(a_contact_named_twice_in_one_request_is_one_binding)
{
	struct client *c = client_new(NULL);

	UNUSED_STATE;
	assert_int_equal(
		reg(c, ALICE, "a", 1, HOME "Contact: <sip:alice@192.0.2.1:5070>;expires=120\r\n"),
		200);
	assert_int_equal(only(c).granted_s, 120);
	client_free(c);
}

/* ---- refusals -------------------------------------------------------------------------------- */

TEST(unknown_requirements_are_420_with_their_names)
{
	struct client *c = client_new(NULL);

	UNUSED_STATE;
	assert_int_equal(reg(c, ALICE, "a", 1, HOME "Require: path, x-one, x-two\r\n"), 420);
	assert_non_null(strstr(c->answer, "\r\nUnsupported: x-one, x-two\r\n"));
	assert_int_equal(registrar_count(c->registrar), 0);
	client_free(c);
}

TEST(foreign_domains_are_404)
{
	static const char *const ours[] = {"acme.example"};
	struct registrar_config cfg = {.domains = ours, .domains_count = 1};
	struct client *c = client_new(&cfg);

	UNUSED_STATE;
	assert_int_equal(reg(c, "alice@globex.example", "a", 1, HOME), 404);
	assert_int_equal(reg(c, ALICE, "a", 1, HOME), 200);
	client_free(c);
}

TEST(a_request_for_a_user_or_without_an_aor_is_404)
{
	struct client *c = client_new(NULL);
	const char *text = register_text(c, ALICE, "a", 1, HOME);
	char user[4096];

	UNUSED_STATE;
	slice_to_buf(slice_of("REGISTER sip:bob@acme"), user, sizeof(user));
	slice_to_buf(slice_of(strchr(text, '.')), user + strlen(user), sizeof(user) - 32);
	assert_int_equal(code_of(client_ask(c, user)), 404);
	assert_int_equal(reg(c, "@acme.example", "a", 2, HOME), 404);
	client_free(c);
}

TEST(more_contacts_than_allowed_are_403_and_none_is_stored)
{
	struct registrar_config cfg = {.max_contacts = 2};
	struct client *c = client_new(&cfg);

	UNUSED_STATE;
	reg(c, ALICE, "a", 1, HOME);
	assert_int_equal(reg(c, ALICE, "a", 2, DESK "Contact: <sip:alice@192.0.2.3>\r\n"), 403);
	assert_int_equal(listed(c, ALICE), 1);
	assert_int_equal(reg(c, ALICE, "a", 3, HOME DESK), 200);
	assert_int_equal(reg(c, ALICE, "a", 4, HOME DESK), 200);
	client_free(c);
}

TEST(other_methods_are_answered_as_their_kind_deserves)
{
	static const struct {
		const char *method;
		int code;
		bool allow;
	} cases[] = {{"OPTIONS", 200, true},
		     {"INVITE", 405, true},
		     {"CANCEL", 481, false},
		     {"DANCE", 501, true}};
	struct client *c = client_new(NULL);
	struct strbuf b = STRBUF_INIT;
	char address[NETADDR_STR];

	UNUSED_STATE;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		strbuf_clear(&b);
		strbuf_addf(
			&b,
			"%s sip:acme.example SIP/2.0\r\n"
			"Via: SIP/2.0/UDP %s;branch=z9hG4bKm%u;rport\r\n"
			"Max-Forwards: 70\r\nFrom: <sip:x@y>;tag=1\r\nTo: <sip:acme.example>\r\n"
			"Call-ID: m\r\nCSeq: 1 %s\r\nContent-Length: 0\r\n\r\n",
			cases[i].method, netaddr_format(&c->self, address), i, cases[i].method);
		assert_int_equal(code_of(client_ask(c, strbuf_str(&b))), cases[i].code);
		assert_int_equal(strstr(c->answer, "\r\nAllow: REGISTER, OPTIONS\r\n") != NULL,
				 cases[i].allow);
	}
	strbuf_free(&b);
	client_free(c);
}

/* ---- what is kept of where it came from ------------------------------------------------------ */

TEST(the_observed_source_is_kept_when_the_contact_does_not_say_it)
{
	struct client *c = client_new(NULL);
	struct netaddr source;
	char own[128], address[NETADDR_STR], wanted[96];
	struct strbuf b = STRBUF_INIT;

	UNUSED_STATE;
	netaddr_format(&c->self, address);
	strbuf_addf(&b, "Contact: <sip:alice@%s>\r\n", address);
	slice_to_buf(strbuf_slice(&b), own, sizeof(own));
	strbuf_clear(&b);
	strbuf_addf(&b, "sip:%s", address);
	slice_to_buf(strbuf_slice(&b), wanted, sizeof(wanted));
	strbuf_free(&b);
	reg(c, ALICE, "a", 1, own);
	assert_int_equal(only(c).received.n, 0);
	reg(c, ALICE, "a", 2, "Contact: *\r\nExpires: 0\r\n");
	reg(c, ALICE, "a", 3, HOME);
	assert_slice_equal(only(c).received, wanted);
	source = only(c).source;
	assert_true(netaddr_eq(&source, &c->self));
	client_free(c);
}

TEST(a_relayed_request_says_nothing_of_the_phones_address)
{
	struct client *c = client_new(NULL);

	UNUSED_STATE;
	reg(c, ALICE, "a", 1, HOME "Via: SIP/2.0/UDP 10.1.1.1;branch=z9hG4bKsecond\r\n");
	assert_int_equal(only(c).received.n, 0);
	client_free(c);
}

TEST(a_path_is_stored_always_and_told_to_those_who_know_it)
{
	struct client *c = client_new(NULL);
	const char *path = "Path: <sip:edge1.example;lr>\r\nPath: <sip:edge2.example;lr;ob>\r\n";
	char lines[512];

	UNUSED_STATE;
	slice_to_buf(slice_of(HOME), lines, sizeof(lines));
	slice_to_buf(slice_of(path), lines + strlen(lines), 256);
	reg(c, ALICE, "a", 1, lines);
	assert_slice_equal(only(c).path, "<sip:edge1.example;lr>, <sip:edge2.example;lr;ob>");
	assert_null(strstr(c->answer, "\r\nPath:"));
	slice_to_buf(slice_of("Supported: path\r\n"), lines + strlen(lines), 128);
	reg(c, ALICE, "a", 2, lines);
	assert_non_null(strstr(c->answer,
			       "\r\nPath: <sip:edge1.example;lr>, <sip:edge2.example;lr;ob>\r\n"));
	client_free(c);
}

#define FLOW(host, id)                                                                             \
	"Contact: <sip:alice@" host ">;+sip.instance=\"<urn:uuid:1>\";reg-id=" id "\r\n"

TEST(a_flow_is_known_by_instance_and_reg_id_when_the_phone_means_it)
{
	struct client *c = client_new(NULL);

	UNUSED_STATE;
	reg(c, ALICE, "a", 1, FLOW("192.0.2.1", "1") "Supported: outbound\r\n");
	assert_non_null(strstr(c->answer, "\r\nRequire: outbound\r\n"));
	reg(c, ALICE, "b", 1, FLOW("192.0.2.2", "1") "Supported: outbound\r\n");
	assert_slice_equal(only(c).contact, "sip:alice@192.0.2.2");
	assert_slice_equal(only(c).instance, "<urn:uuid:1>");
	assert_int_equal(only(c).reg_id, 1);
	reg(c, ALICE, "c", 1, FLOW("192.0.2.2", "2") "Supported: outbound\r\n");
	assert_int_equal(listed(c, ALICE), 2);
	/* Without the word it is a plain contact, stored with its instance. */
	reg(c, "bob@acme.example", "a", 1, FLOW("192.0.2.1", "1"));
	reg(c, "bob@acme.example", "b", 1, FLOW("192.0.2.2", "1"));
	assert_int_equal(listed(c, "bob@acme.example"), 2);
	client_free(c);
}

TEST(a_flow_through_a_hop_that_keeps_none_is_439)
{
	struct client *c = client_new(NULL);
	const char *via = "Via: SIP/2.0/UDP 10.1.1.1;branch=z9hG4bKsecond\r\n";
	char lines[512];

	UNUSED_STATE;
	slice_to_buf(slice_of(via), lines, sizeof(lines));
	slice_to_buf(slice_of(FLOW("192.0.2.1", "1") "Supported: outbound\r\n"),
		     lines + strlen(lines), 256);
	assert_int_equal(reg(c, ALICE, "a", 1, lines), 439);
	slice_to_buf(slice_of("Path: <sip:edge.example;lr;ob>\r\n"), lines + strlen(lines), 128);
	assert_int_equal(reg(c, ALICE, "a", 2, lines), 200);
	client_free(c);
}

TEST(a_long_list_is_sent_though_it_is_larger_than_a_packet)
{
	struct client *c = client_new(NULL);
	struct strbuf b = STRBUF_INIT;

	UNUSED_STATE;
	for (unsigned i = 0; i < 32; i++)
		strbuf_addf(&b,
			    "Contact: <sip:alice-with-a-long-name@192.0.2.%u;transport=udp>\r\n",
			    i + 1);
	assert_int_equal(reg(c, ALICE, "a", 1, strbuf_str(&b)), 200);
	assert_true(strlen(c->answer) > 2000);
	assert_int_equal(count_in(c->answer, "\r\nContact: "), 32);
	strbuf_free(&b);
	client_free(c);
}

/* ---- purging --------------------------------------------------------------------------------- */

TEST(a_purge_takes_exactly_what_was_shown)
{
	struct client *c = client_new(NULL);
	struct registrar_binding b;
	struct err e = ERR_NONE;
	char key[64];

	UNUSED_STATE;
	reg(c, ALICE, "a", 1, HOME);
	b = only(c);
	slice_to_buf(b.key, key, sizeof(key));
	reg(c, ALICE, "a", 2, HOME);
	assert_int_equal(registrar_purge(c->registrar, slice_of(key), SLICE_LIT("a"), 1, &e),
			 -EAGAIN);
	assert_int_equal(registrar_purge(c->registrar, slice_of(key), SLICE_LIT("b"), 2, &e),
			 -EAGAIN);
	assert_int_equal(registrar_purge(c->registrar, slice_of(key), SLICE_LIT("a"), 2, &e), 0);
	assert_string_equal(c->last_gone, key);
	assert_int_equal(registrar_purge(c->registrar, slice_of(key), SLICE_LIT("a"), 2, &e),
			 -ENOENT);
	assert_int_equal(listed(c, ALICE), 0);
	client_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_new_registration_is_answered_with_its_contact_and_expiry),
		T(a_refresh_keeps_key_and_first_time_and_renews_the_rest),
		T(a_query_lists_every_binding_with_the_seconds_left),
		T(contacts_that_are_no_sip_uri_are_kept_verbatim),
		T(the_address_of_record_is_one_in_any_spelling_of_host_and_escapes),
		T(too_brief_is_423_with_the_minimum_and_nothing_is_stored),
		T(odd_expiries_count_as_an_hour_and_great_ones_are_cut),
		T(a_lapsed_binding_is_shown_for_a_while_but_never_told),
		T(a_lapsed_binding_comes_back_under_its_key_whatever_its_cseq_was),
		T(expiry_zero_removes_one_and_star_removes_all),
		T(a_star_must_stand_alone_and_needs_expires_zero),
		T(a_star_that_is_older_than_one_binding_removes_none),
		T(a_repeated_request_gets_the_same_answer_and_changes_nothing),
		T(an_older_request_of_the_same_call_changes_nothing_at_all),
		T(a_contact_named_twice_in_one_request_is_one_binding),
		T(unknown_requirements_are_420_with_their_names),
		T(foreign_domains_are_404),
		T(a_request_for_a_user_or_without_an_aor_is_404),
		T(more_contacts_than_allowed_are_403_and_none_is_stored),
		T(other_methods_are_answered_as_their_kind_deserves),
		T(the_observed_source_is_kept_when_the_contact_does_not_say_it),
		T(a_relayed_request_says_nothing_of_the_phones_address),
		T(a_path_is_stored_always_and_told_to_those_who_know_it),
		T(a_flow_is_known_by_instance_and_reg_id_when_the_phone_means_it),
		T(a_flow_through_a_hop_that_keeps_none_is_439),
		T(a_long_list_is_sent_though_it_is_larger_than_a_packet),
		T(a_purge_takes_exactly_what_was_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
