/* OpenSIPS by its MI: its memory as a picture, asking for a contact, removing exactly one. */
#include <errno.h>
#include "mi_fixture.h"
#include "source/opensips_contact.h"
#include "source/opensips_memory.h"

/* As OpenSIPS 3.4.18 answers: recorded, and only addresses changed. */
#define STATISTICS(contacts, accepted)                                                             \
	"\"result\":{\"usrloc:registered_users\":2,\"usrloc:location-users\":2,"                   \
	"\"usrloc:location-contacts\":" contacts ",\"usrloc:location-expires\":0,"                 \
	"\"registrar:max_expires\":0,\"registrar:accepted_regs\":" accepted "}"
#define CONTACT(uri, id, expires, callid, cseq)                                                    \
	"{\"Contact\":\"" uri "\",\"ContactID\":\"" id "\",\"Expires\":" expires                   \
	",\"Q\":\"\",\"Callid\":\"" callid "\",\"Cseq\":" cseq                                     \
	",\"User-agent\":\"sipsak 0.9.8.1\",\"Received\":\"sip:127.0.0.1:43751\","                 \
	"\"State\":\"CS_SYNC\",\"Flags\":0,\"Cflags\":\"SIP_PING_LAT SIP_PING NAT\","              \
	"\"Socket\":\"udp:127.0.0.1:5095\",\"Methods\":4294967295,\"Attr\":\"test-attr\"}"
#define AOR(aor, contacts) "{\"AOR\":\"" aor "\",\"Contacts\":[" contacts "]}"
#define DUMP(aors)                                                                                 \
	"\"result\":{\"Domains\":[{\"name\":\"location\",\"hash_size\":512,\"AORs\":[" aors "]}]}"
#define SHOW(aor, contacts) "\"result\":" AOR(aor, contacts)
#define FAULT(code, words)  "\"error\":{\"code\":" code ",\"message\":\"" words "\"}"
#define OK                  "\"result\":\"OK\""

#define ALICE_ID "4465107924305325244"
#define BOB_ID   "932456229098241408"
#define ALICE    CONTACT("sip:alice@127.0.0.1:5071", ALICE_ID, "\"permanent\"", "a@x", "1")
#define BOB      CONTACT("sip:bob@127.0.0.1:5072", BOB_ID, "599", "b@x", "7")

static void says_two(void)
{
	mi_say("get_statistics", STATISTICS("2", "2"));
	mi_say("ul_dump", DUMP(AOR("bob", BOB) "," AOR("alice", ALICE)));
}

/* ---- what an answer means -------------------------------------------------------------------- */

static json_t *parsed(const char *text)
{
	json_t *doc = json_loads(text, 0, NULL);

	assert_non_null(doc);
	return doc;
}

TEST(a_contact_is_read_field_by_field)
{
	UNUSED_STATE;
	json_t *c =
		parsed("{\"Contact\":\"sip:q@127.0.0.1:5072;transport=tcp\",\"ContactID\":"
		       "\"8936830510572948\",\"Expires\":60,\"Q\":\"0.5\",\"Callid\":\"c\","
		       "\"Cseq\":9,\"User-agent\":\"Phone/1\",\"Received\":\"sip:127.0.0.1:9;"
		       "transport=tcp\",\"Path\":\"<sip:127.0.0.1:99;lr>\",\"State\":\"CS_NEW\","
		       "\"Flags\":0,\"Cflags\":\"\",\"Socket\":\"tcp:127.0.0.1:5095\","
		       "\"Methods\":303,\"SIP_instance\":\"<urn:uuid:1>\",\"Ping-Latency\":"
		       "54051}");
	struct binding b;

	assert_true(opensips_contact_read(c, 1000, 0, &b));
	assert_slice_equal(b.contact, "sip:q@127.0.0.1:5072;transport=tcp");
	assert_slice_equal(b.key, "8936830510572948");
	assert_int_equal(b.expires_s, 1060);
	assert_int_equal(b.q_milli, 500);
	assert_slice_equal(b.call_id, "c");
	assert_int_equal(b.cseq, 9);
	assert_slice_equal(b.user_agent, "Phone/1");
	assert_slice_equal(b.received, "sip:127.0.0.1:9;transport=tcp");
	assert_slice_equal(b.path, "<sip:127.0.0.1:99;lr>");
	assert_slice_equal(b.socket, "tcp:127.0.0.1:5095");
	assert_slice_equal(b.instance, "<urn:uuid:1>");
	assert_int_equal(opensips_contact_latency(c), 54051);
	/* A second that is known stands when the clocks agree with it. */
	assert_true(opensips_contact_read(c, 1000, 1061, &b));
	assert_int_equal(b.expires_s, 1061);
	assert_true(opensips_contact_read(c, 1000, 1100, &b));
	assert_int_equal(b.expires_s, 1060);
	json_decref(c);
}

TEST(what_only_waits_to_be_cleared_away_is_no_binding)
{
	UNUSED_STATE;
	const char *const not_there[] = {"\"deleted\"", "\"expired\"", "-1", "null", "1.5"};
	struct binding b;

	for (size_t i = 0; i < sizeof(not_there) / sizeof(*not_there); i++) {
		char text[200];
		json_t *c;

		snprintf(text, sizeof(text),
			 "{\"Contact\":\"sip:a@b\",\"ContactID\":\"1\",\"Expires\":%s}",
			 not_there[i]);
		c = parsed(text);
		assert_false(opensips_contact_read(c, 1000, 0, &b));
		json_decref(c);
	}
}

TEST(an_empty_q_is_none)
{
	UNUSED_STATE;
	const struct {
		const char *q;
		int milli;
	} cases[] = {{"", BINDING_Q_UNSET}, {"0", 0},      {"1", 1000},
		     {"0.25", 250},         {"1.0", 1000}, {"x", BINDING_Q_UNSET}};
	struct binding b;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		json_t *c = json_pack("{s:s, s:s, s:i, s:s}", "Contact", "sip:a@b", "ContactID",
				      "1", "Expires", 5, "Q", cases[i].q);

		assert_true(opensips_contact_read(c, 1000, 0, &b));
		assert_int_equal(b.q_milli, cases[i].milli);
		json_decref(c);
	}
}

TEST(the_methods_of_opensips_become_kamailio_s)
{
	UNUSED_STATE;
	struct strbuf words = STRBUF_INIT;

	assert_true(opensips_methods(UINT32_MAX) == BINDING_METHODS_ALL);
	/* Seen of a phone that allows these six. */
	binding_add_methods(opensips_methods(303), &words);
	assert_string_equal(strbuf_str(&words), "INVITE,CANCEL,ACK,BYE,MESSAGE,OPTIONS");
	strbuf_clear(&words);
	binding_add_methods(opensips_methods(64 | 128 | 512 | 1024 | 2048 | 16384), &words);
	assert_string_equal(strbuf_str(&words), "REGISTER,SUBSCRIBE,NOTIFY,PRACK,UPDATE,OTHER");
	strbuf_free(&words);
}

TEST(uris_that_opensips_may_take_for_one_are_seen)
{
	UNUSED_STATE;
	const char *const same[][2] = {
		{"sip:a@h", "sip:a@h"},           {"sip:A@h", "sip:a@H"},
		{"sip:a@h", "sip:a@h;ob"},        {"sip:a@h", "sip:a@h:5060"},
		{"sip:%61@h;x=1", "sip:a@h;y=2"}, {"tel:+1", "TEL:+1"},
	};
	const char *const different[][2] = {
		{"sip:a@h", "sip:b@h"},      {"sip:a@h", "sip:a@i"},
		{"sip:a@h", "sip:a@h:5061"}, {"sip:a@h", "sip:a@h;transport=tcp"},
		{"sip:a@h", "tel:a"},        {"tel:+1", "tel:+2"},
	};

	for (size_t i = 0; i < sizeof(same) / sizeof(*same); i++)
		assert_true(opensips_uri_may_match(slice_of(same[i][0]), slice_of(same[i][1])));
	for (size_t i = 0; i < sizeof(different) / sizeof(*different); i++)
		assert_false(opensips_uri_may_match(slice_of(different[i][0]),
						    slice_of(different[i][1])));
}

/* ---- the picture ----------------------------------------------------------------------------- */

TEST(memory_is_listed_by_a_dump_after_its_size_was_asked)
{
	UNUSED_STATE;
	struct source *s;

	says_two();
	s = started();
	WAIT(seen.complete == 1);
	assert_string_equal(mi.asked[0], "get_statistics [[\"usrloc:\",\"registrar:\"]]");
	assert_int_equal(mi_calls("ul_dump"), 1);
	assert_int_equal(rows(), 2);
	assert_non_null(row(ALICE_ID));
	assert_slice_equal(row(ALICE_ID)->user, "alice");
	assert_true(row(ALICE_ID)->expires_s == BINDING_PERMANENT);
	assert_int_equal(seen.status.state, SOURCE_LIVE);
	assert_true(seen.status.complete);
	source_free(s);
}

TEST(an_end_stays_the_same_second_from_look_to_look)
{
	UNUSED_STATE;
	struct source *s;
	int64_t first;

	says_two();
	s = started();
	WAIT(seen.complete == 1);
	first = row(BOB_ID)->expires_s;
	mi_say("ul_dump",
	       DUMP(AOR("bob", CONTACT("sip:bob@127.0.0.1:5072", BOB_ID, "598", "b@x", "7"))));
	WAIT(seen.complete == 2);
	assert_int_equal(row(BOB_ID)->expires_s, first);
	assert_null(row(ALICE_ID));
	source_free(s);
}

TEST(a_domain_in_the_aor_is_told_apart_and_a_table_is_part_of_the_key)
{
	UNUSED_STATE;
	struct source *s;

	mi_say("get_statistics", STATISTICS("1", "1"));
	mi_say("ul_dump", "\"result\":{\"Domains\":[{\"name\":\"second\",\"hash_size\":512,"
			  "\"AORs\":[" AOR("alice@example.net", ALICE) "]}]}");
	s = started();
	WAIT(seen.complete == 1);
	assert_non_null(row("second:" ALICE_ID));
	assert_slice_equal(row("second:" ALICE_ID)->domain, "example.net");
	source_free(s);
}

TEST(more_contacts_than_are_harmless_are_not_dumped)
{
	UNUSED_STATE;
	struct source *s;

	mi_say("get_statistics", STATISTICS("10000", "10000"));
	mi_say("ul_dump", DUMP(""));
	s = started();
	WAIT(seen.status.state == SOURCE_TROUBLE);
	assert_int_equal(seen.status.trouble.code, -EFBIG);
	assert_non_null(strstr(seen.status.trouble.what, "10000 contacts"));
	assert_non_null(strstr(seen.status.trouble.hint, "mysql://"));
	WAIT(mi.count >= 2);
	assert_int_equal(mi_calls("ul_dump"), 0);
	assert_int_equal(seen.begins, 0);
	source_free(s);
}

static void no_picture_of(const char *dump)
{
	struct source *s;

	says_two();
	mi_say("ul_dump", dump);
	s = started();
	WAIT(seen.status.state == SOURCE_TROUBLE);
	assert_int_equal(seen.begins, 0);
	assert_true(seen.status.trouble.what[0]);
	/* The next answer is a picture again. */
	says_two();
	WAIT(seen.status.state == SOURCE_LIVE);
	assert_int_equal(rows(), 2);
	source_free(s);
}

TEST(an_answer_that_is_cut_is_no_picture)
{
	UNUSED_STATE;
	no_picture_of("\"result\":{\"Domains\":[{\"name\":\"location\",\"AORs\":[");
}

TEST(an_answer_that_is_no_list_is_no_picture)
{
	UNUSED_STATE;
	no_picture_of("\"result\":{\"Domains\":[{\"name\":\"location\"}]}");
}

TEST(a_fault_is_no_picture)
{
	UNUSED_STATE;
	no_picture_of(FAULT("500", "Internal error"));
}

TEST(what_does_not_fit_a_datagram_is_asked_for_aor_by_aor)
{
	UNUSED_STATE;
	struct source *s;

	mi_say("get_statistics", STATISTICS("100", "100"));
	mi_say("ul_dump", DUMP("{\"AOR\":\"bob\"},{\"AOR\":\"alice\"},{\"AOR\":\"gone\"}"));
	mi_say("ul_show_contact [\"location\",\"bob\"]", SHOW("bob", BOB));
	mi_say("ul_show_contact [\"location\",\"alice\"]", SHOW("alice", ALICE));
	mi_say("ul_show_contact", FAULT("404", "AOR not found"));
	options.interval_ms = 60000;
	s = started();
	WAIT(seen.complete == 1);
	assert_int_equal(mi_calls("ul_dump"), 1);
	assert_int_equal(mi_calls("ul_show_contact"), 3);
	assert_int_equal(rows(), 2);
	assert_slice_equal(row(BOB_ID)->user, "bob");
	assert_true(seen.status.complete);
	source_free(s);
}

TEST(a_look_by_parts_that_breaks_off_takes_nothing_away)
{
	UNUSED_STATE;
	struct source *s;

	says_two();
	s = started();
	WAIT(seen.complete == 1);
	mi_say("get_statistics", STATISTICS("100", "100"));
	mi_say("ul_dump", DUMP("{\"AOR\":\"bob\"},{\"AOR\":\"alice\"}"));
	mi_say("ul_show_contact", FAULT("500", "Internal error"));
	WAIT(seen.status.state == SOURCE_TROUBLE);
	assert_false(seen.status.complete);
	assert_int_equal(rows(), 2);
	says_two();
	WAIT(seen.status.state == SOURCE_LIVE);
	assert_int_equal(rows(), 2);
	source_free(s);
}

TEST(an_empty_memory_where_phones_have_registered_is_doubted)
{
	UNUSED_STATE;
	struct source *s;

	mi_say("get_statistics", STATISTICS("0", "3"));
	mi_say("ul_dump", DUMP(""));
	s = started();
	WAIT(seen.complete == 1);
	WAIT(seen.status.state == SOURCE_LIVE);
	assert_false(seen.status.complete);
	assert_non_null(strstr(seen.status.trouble.hint, "sql-only"));
	source_free(s);
}

TEST(a_registrar_that_went_and_came_back_is_read_again)
{
	UNUSED_STATE;
	struct source *s;

	says_two();
	s = started();
	WAIT(seen.complete == 1);
	mi_end();
	WAIT(seen.status.state == SOURCE_TROUBLE);
	assert_int_equal(rows(), 2);
	assert_non_null(strstr(seen.status.trouble.what, "no control socket"));
	assert_non_null(s->ops->purge_refused(s));
	mi_begin();
	WAIT(seen.status.state == SOURCE_LIVE);
	assert_null(s->ops->purge_refused(s));
	source_free(s);
}

/* ---- nathelper's own pings ------------------------------------------------------------------- */

#define PINGED(us)                                                                                 \
	"{\"Contact\":\"sip:bob@127.0.0.1:5072\",\"ContactID\":\"" BOB_ID                          \
	"\",\"Expires\":599,\"Q\":\"\",\"Callid\":\"b@x\",\"Cseq\":7,\"Ping-Latency\":" us "}"

static void look_at_ping(const char *dump)
{
	int before = seen.complete;

	mi_say("ul_dump", dump);
	WAIT(seen.complete > before + 1);
}

TEST(the_registrar_s_own_ping_is_evidence_when_it_is_another_one)
{
	UNUSED_STATE;
	struct source *s;

	says_two();
	s = started();
	WAIT(seen.complete == 1);
	assert_int_equal(seen.proofs, 0);
	look_at_ping(DUMP(AOR("bob", PINGED("54051"))));
	assert_int_equal(seen.proofs, 1);
	assert_int_equal(seen.proof.outcome, PROBE_ANSWERED);
	assert_int_equal(seen.proof.path, PROBE_PATH_REGISTRAR);
	assert_int_equal(seen.proof.rtt_us, 54051);
	/* Half an hour is nathelper's word for silence. */
	look_at_ping(DUMP(AOR("bob", PINGED("1800000000"))));
	assert_int_equal(seen.proofs, 2);
	assert_int_equal(seen.proof.outcome, PROBE_SILENT);
	assert_true(seen.proof.by_registrar);
	assert_int_equal(seen.proof.heard_ms, 0);
	source_free(s);
}

/* ---- asking and removing --------------------------------------------------------------------- */

static struct {
	int count;
	enum source_answer answer;
	struct binding *now;
	char words[400];
} told;

static void on_answer(void *ctx, enum source_answer a, const struct binding *now,
		      const struct err *e)
{
	(void)ctx;
	told.count++;
	told.answer = a;
	free(told.now);
	told.now = now ? binding_copy(now) : NULL;
	slice_to_buf(slice_of(e ? e->what : ""), told.words, sizeof(told.words));
}

/* Asks for, or removes, alice as the picture has her. */
static enum source_answer asked(bool removal, const char *show, const char *remove_says)
{
	struct source *s;
	struct binding *b;

	says_two();
	options.interval_ms = 60000;
	mi_say("ul_show_contact", show);
	mi_say("ul_rm_contact", remove_says);
	s = started();
	WAIT(seen.complete == 1);
	b = binding_copy(row(ALICE_ID));
	free(told.now);
	memset(&told, 0, sizeof(told));
	mi.count = 0;
	assert_null(s->ops->purge_refused(s));
	(removal ? s->ops->purge : s->ops->reread)(s, b, on_answer, NULL);
	assert_int_equal(told.count, 0);
	WAIT(told.count == 1);
	source_free(s);
	free(b);
	return told.answer;
}

TEST(a_binding_is_asked_for_by_its_number)
{
	UNUSED_STATE;
	assert_int_equal(asked(false, SHOW("alice", BOB "," ALICE), NULL), SOURCE_DONE);
	assert_string_equal(mi_last(), "ul_show_contact [\"location\",\"alice\"]");
	assert_slice_equal(told.now->contact, "sip:alice@127.0.0.1:5071");
	assert_slice_equal(told.now->key, ALICE_ID);
	assert_slice_equal(told.now->user, "alice");
}

TEST(what_is_not_there_any_more_is_gone)
{
	UNUSED_STATE;
	assert_int_equal(asked(false, FAULT("404", "AOR not found"), NULL), SOURCE_GONE);
	assert_int_equal(asked(false, SHOW("alice", BOB), NULL), SOURCE_GONE);
	/* In write-back mode it waits for the timer. */
	assert_int_equal(asked(false,
			       SHOW("alice", CONTACT("sip:alice@127.0.0.1:5071", ALICE_ID,
						     "\"deleted\"", "a@x", "1")),
			       NULL),
			 SOURCE_GONE);
}

TEST(a_removal_is_checked_and_names_the_exact_contact)
{
	UNUSED_STATE;
	assert_int_equal(asked(true, SHOW("alice", ALICE "," BOB), OK), SOURCE_DONE);
	assert_int_equal(mi.count, 2);
	assert_string_equal(mi_last(),
			    "ul_rm_contact [\"location\",\"alice\",\"sip:alice@127.0.0.1:5071\"]");
}

static void nothing_is_removed(const char *show, enum source_answer expected)
{
	assert_int_equal(asked(true, show, OK), expected);
	assert_int_equal(mi_calls("ul_rm_contact"), 0);
}

TEST(what_was_refreshed_meanwhile_is_not_removed)
{
	UNUSED_STATE;
	nothing_is_removed(SHOW("alice", CONTACT("sip:alice@127.0.0.1:5071", ALICE_ID,
						 "\"permanent\"", "a@x", "2")),
			   SOURCE_CHANGED);
}

TEST(what_came_back_under_another_number_is_not_removed)
{
	UNUSED_STATE;
	nothing_is_removed(SHOW("alice", CONTACT("sip:alice@127.0.0.1:5071", "5", "\"permanent\"",
						 "a@x", "1")),
			   SOURCE_CHANGED);
}

TEST(one_of_two_contacts_that_compare_equal_is_not_removed)
{
	UNUSED_STATE;
	nothing_is_removed(SHOW("alice", ALICE
				"," CONTACT("sip:alice@127.0.0.1:5071;ob", "6", "60", "z@x", "1")),
			   SOURCE_WHOLE_AOR);
	assert_non_null(strstr(told.words, "2 contacts"));
}

TEST(a_refusal_and_a_silence_are_told_apart)
{
	UNUSED_STATE;
	assert_int_equal(asked(true, SHOW("alice", ALICE), FAULT("404", "AOR not found")),
			 SOURCE_GONE);
	assert_int_equal(asked(true, SHOW("alice", ALICE), FAULT("404", "Contact not found")),
			 SOURCE_REFUSED);
	assert_int_equal(asked(true, FAULT("404", "Table not found"), OK), SOURCE_REFUSED);
}

/* ---- a whole AoR ----------------------------------------------------------------------------- */

#define ALICE_OB CONTACT("sip:alice@127.0.0.1:5071;ob", "6", "\"permanent\"", "z@x", "1")

static struct {
	int count;
	enum source_answer answer;
	size_t n;
	char keys[100];
} all_told;

static void on_all(void *ctx, enum source_answer a, const struct binding *all, size_t n,
		   const struct err *e)
{
	struct strbuf keys = STRBUF_INIT;

	(void)ctx;
	(void)e;
	all_told.count++;
	all_told.answer = a;
	all_told.n = n;
	for (size_t i = 0; i < n; i++) {
		strbuf_add_slice(&keys, all[i].key);
		strbuf_add_char(&keys, ' ');
		assert_slice_equal(all[i].user, "alice");
	}
	slice_to_buf(strbuf_slice(&keys), all_told.keys, sizeof(all_told.keys));
	strbuf_free(&keys);
}

static struct source *two_of_alice(void)
{
	struct source *s;

	mi_say("get_statistics", STATISTICS("2", "2"));
	mi_say("ul_dump", DUMP(AOR("alice", ALICE_OB "," ALICE)));
	mi_say("ul_rm", OK);
	options.interval_ms = 60000;
	memset(&all_told, 0, sizeof(all_told));
	memset(&told, 0, sizeof(told));
	s = started();
	WAIT(seen.complete == 1);
	return s;
}

TEST(the_contacts_of_an_aor_are_told_with_the_one_that_was_asked_for_first)
{
	UNUSED_STATE;
	struct source *s = two_of_alice();

	mi_say("ul_show_contact", SHOW("alice", ALICE_OB "," ALICE));
	s->ops->read_aor(s, row(ALICE_ID), on_all, NULL);
	WAIT(all_told.count == 1);
	assert_int_equal(all_told.answer, SOURCE_DONE);
	assert_string_equal(all_told.keys, ALICE_ID " 6 ");
	mi_say("ul_show_contact", FAULT("404", "AOR not found"));
	s->ops->read_aor(s, row(ALICE_ID), on_all, NULL);
	WAIT(all_told.count == 2);
	assert_int_equal(all_told.answer, SOURCE_GONE);
	source_free(s);
}

/* Both that are shown are to go; what is there then is show. */
static enum source_answer aor_removed(const char *show)
{
	struct source *s = two_of_alice();
	const struct binding *both[] = {row(ALICE_ID), row("6")};

	mi_say("ul_show_contact", show);
	s->ops->purge_aor(s, both, 2, on_answer, NULL);
	WAIT(told.count == 1);
	source_free(s);
	return told.answer;
}

TEST(an_aor_is_removed_when_it_has_exactly_what_was_shown)
{
	UNUSED_STATE;
	assert_int_equal(aor_removed(SHOW("alice", ALICE "," ALICE_OB)), SOURCE_DONE);
	assert_string_equal(mi_last(), "ul_rm [\"location\",\"alice\"]");
}

TEST(an_aor_that_has_changed_is_not_removed)
{
	UNUSED_STATE;
	const char *const others[] = {
		SHOW("alice", ALICE),
		SHOW("alice", ALICE "," ALICE_OB "," CONTACT("sip:new@h", "7", "60", "n", "1")),
		SHOW("alice", ALICE
		     "," CONTACT("sip:alice@127.0.0.1:5071;ob", "6", "\"permanent\"", "z@x", "2")),
		SHOW("alice",
		     ALICE "," CONTACT("sip:other@127.0.0.1", "6", "\"permanent\"", "z@x", "1")),
	};

	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		assert_int_equal(aor_removed(others[i]), SOURCE_CHANGED);
		assert_int_equal(mi_calls("ul_rm"), 0);
		seen.complete = 0;
		mi.count = 0;
	}
}

/* ---- what it tells by itself ----------------------------------------------------------------- */

/* Where the source wants to be told, from its subscription. */
static struct netaddr events_socket(void)
{
	struct slice hostport;
	struct netaddr a;
	char *at = NULL;

	for (int i = 0; i < mi.count && !at; i++)
		at = strstr(mi.asked[i], "udp:");
	assert_non_null(at);
	slice_cut(slice_of(at + 4), '"', &hostport);
	assert_int_equal(netaddr_parse_hostport(hostport, 0, &a), 0);
	assert_true(netaddr_is_loopback(&a));
	return a;
}

static void tell(const char *text)
{
	struct netaddr a = events_socket();
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_int_equal(sendto(fd, text, strlen(text), 0, &a.sa, a.len), strlen(text));
	close(fd);
}

/* As OpenSIPS 3.4.18 sent it. */
#define EVENT(what, aor, uri)                                                                      \
	"{\"jsonrpc\":\"2.0\",\"method\":\"E_UL_CONTACT_" what                                     \
	"\",\"params\":{\"domain\":\"location\",\"aor\":\"" aor "\",\"uri\":\"" uri                \
	"\",\"received\":\"sip:127.0.0.1:58744\",\"path\":"                                        \
	"null,\"qval\":-1,\"user_agent\":\"testua/1\",\"socket\":\"udp:127.0.0.1:5095\","          \
	"\"bflags\":7,\"expires\":1795400405,\"callid\":\"x1\",\"cseq\":1,\"attr\":\"test-attr\"," \
	"\"latency\":0,\"shtag\":\"\"}}"

static struct source *subscribed(void)
{
	struct source *s;

	says_two();
	options.interval_ms = 60000;
	mi_say("event_subscribe", OK);
	s = started();
	WAIT(seen.complete == 1 && mi_calls("event_subscribe") == 4);
	return s;
}

TEST(events_are_subscribed_to_for_a_while)
{
	UNUSED_STATE;
	struct source *s = subscribed();
	struct strbuf how = STRBUF_INIT;

	assert_non_null(strstr(mi.asked[1], "E_UL_CONTACT_INSERT"));
	assert_non_null(strstr(mi.asked[1], ",60]"));
	for (int i = 0; i < 50; i++)
		loop_turn(loop, false);
	s->ops->purge_how(s, NULL, &how);
	assert_null(strstr(strbuf_str(&how), "events"));
	strbuf_free(&how);
	source_free(s);
}

TEST(an_event_brings_what_its_aor_has_now)
{
	UNUSED_STATE;
	int64_t now_s = clock_wall_s(&clock_system);
	struct source *s = subscribed();

	mi_say("ul_show_contact",
	       SHOW("carol", CONTACT("sip:carol@127.0.0.1:5073", "77", "300", "c@x", "1")));
	tell(EVENT("INSERT", "carol", "sip:carol@127.0.0.1:5073"));
	WAIT(rows() == 3);
	assert_string_equal(mi_last(), "ul_show_contact [\"location\",\"carol\"]");
	assert_slice_equal(row("77")->user, "carol");
	/* It was registered just now, and for so long. */
	assert_true(row("77")->refreshed_s >= now_s);
	assert_true(row("77")->granted_s == 300);
	assert_int_equal(row(BOB_ID)->refreshed_s, 0);
	assert_int_equal(seen.begins, 1);
	source_free(s);
}

TEST(an_event_takes_away_what_its_aor_has_no_more)
{
	UNUSED_STATE;
	struct source *s = subscribed();

	mi_say("ul_show_contact", FAULT("404", "AOR not found"));
	tell(EVENT("DELETE", "alice", "sip:alice@127.0.0.1:5071"));
	WAIT(rows() == 1);
	assert_non_null(row(BOB_ID));
	source_free(s);
}

TEST(a_made_up_event_changes_nothing)
{
	UNUSED_STATE;
	struct source *s = subscribed();

	mi_say("ul_show_contact", SHOW("alice", ALICE));
	tell("rubbish");
	tell("{\"method\":\"E_UL_CONTACT_DELETE\",\"params\":[1]}");
	tell("{\"method\":\"E_CORE_LOG\",\"params\":{\"domain\":\"location\",\"aor\":\"bob\"}}");
	tell(EVENT("DELETE", "alice", "sip:alice@127.0.0.1:5071"));
	WAIT(mi_calls("ul_show_contact") == 1);
	for (int i = 0; i < 50; i++)
		loop_turn(loop, false);
	assert_int_equal(rows(), 2);
	source_free(s);
}

TEST(without_its_module_looks_go_on_and_the_plan_says_so)
{
	UNUSED_STATE;
	struct source *s;
	struct strbuf how = STRBUF_INIT;

	says_two();
	mi_say("event_subscribe", FAULT("400", "Bad parameter value"));
	s = started();
	WAIT(seen.complete == 2);
	assert_int_equal(seen.status.state, SOURCE_LIVE);
	assert_false(seen.status.trouble.code);
	assert_int_equal(mi_calls("event_subscribe"), 1);
	s->ops->purge_how(s, NULL, &how);
	assert_non_null(strstr(strbuf_str(&how), "ul_rm_contact on unix:"));
	assert_non_null(strstr(strbuf_str(&how), "event_datagram"));
	strbuf_free(&how);
	source_free(s);
}

#define U(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_contact_is_read_field_by_field),
		T(what_only_waits_to_be_cleared_away_is_no_binding),
		T(an_empty_q_is_none),
		T(the_methods_of_opensips_become_kamailio_s),
		T(uris_that_opensips_may_take_for_one_are_seen),
		U(memory_is_listed_by_a_dump_after_its_size_was_asked),
		U(an_end_stays_the_same_second_from_look_to_look),
		U(a_domain_in_the_aor_is_told_apart_and_a_table_is_part_of_the_key),
		U(more_contacts_than_are_harmless_are_not_dumped),
		U(an_answer_that_is_cut_is_no_picture),
		U(an_answer_that_is_no_list_is_no_picture),
		U(a_fault_is_no_picture),
		U(what_does_not_fit_a_datagram_is_asked_for_aor_by_aor),
		U(a_look_by_parts_that_breaks_off_takes_nothing_away),
		U(an_empty_memory_where_phones_have_registered_is_doubted),
		U(a_registrar_that_went_and_came_back_is_read_again),
		U(the_registrar_s_own_ping_is_evidence_when_it_is_another_one),
		U(a_binding_is_asked_for_by_its_number),
		U(what_is_not_there_any_more_is_gone),
		U(a_removal_is_checked_and_names_the_exact_contact),
		U(what_was_refreshed_meanwhile_is_not_removed),
		U(what_came_back_under_another_number_is_not_removed),
		U(one_of_two_contacts_that_compare_equal_is_not_removed),
		U(a_refusal_and_a_silence_are_told_apart),
		U(the_contacts_of_an_aor_are_told_with_the_one_that_was_asked_for_first),
		U(an_aor_is_removed_when_it_has_exactly_what_was_shown),
		U(an_aor_that_has_changed_is_not_removed),
		U(events_are_subscribed_to_for_a_while),
		U(an_event_brings_what_its_aor_has_now),
		U(an_event_takes_away_what_its_aor_has_no_more),
		U(a_made_up_event_changes_nothing),
		U(without_its_module_looks_go_on_and_the_plan_says_so),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	free(told.now);
	return failed;
}
