/* Next hop as a table: what a binding holds, where a request goes, and why it cannot. */
#include "test.h"

#include "judge/next_hop.h"

struct expected {
	const char *contact, *received, *path, *socket;
	const char *hop; /* as formatted; "" when nothing can arrive */
	enum hop_from from;
	const char *why; /* a part of the sentence, NULL when reachable */
	bool nat, by_flow;
	int32_t connection;
};

/* clang-format off */
static const struct expected table[] = {
	/* the contact itself */
	{"sip:a@198.51.100.9:5062", NULL, NULL, NULL, "udp:198.51.100.9:5062", HOP_CONTACT, NULL, false, false, 0},
	{"sip:a@198.51.100.9", NULL, NULL, NULL, "udp:198.51.100.9:5060", HOP_CONTACT, NULL, false, false, 0},
	{"sip:a@198.51.100.9;transport=tcp", NULL, NULL, NULL, "tcp:198.51.100.9:5060", HOP_CONTACT, NULL, false, false, 0},
	{"sips:a@198.51.100.9", NULL, NULL, NULL, "tls:198.51.100.9:5061", HOP_CONTACT, NULL, false, true, 0},
	{"sip:a@[2001:db8::7]:5070", NULL, NULL, NULL, "udp:[2001:db8::7]:5070", HOP_CONTACT, NULL, false, false, 0},
	{"sip:a@127.0.0.1:5066", NULL, NULL, NULL, "udp:127.0.0.1:5066", HOP_CONTACT, NULL, false, false, 0},
	/* names are reachable as far as the data goes */
	{"sip:a@phone.example.com:5070", NULL, NULL, NULL, "udp:phone.example.com:5070", HOP_CONTACT, NULL, false, false, 0},
	{"sip:a@phone.example.com", NULL, NULL, NULL, "udp:phone.example.com", HOP_CONTACT, NULL, false, false, 0},
	/* received goes before the contact, Path before both */
	{"sip:a@10.0.0.7:5062", "sip:203.0.113.2:40211", NULL, "udp:192.0.2.1:5060", "udp:203.0.113.2:40211", HOP_RECEIVED, NULL, true, false, 0},
	{"sip:a@203.0.113.2:5062", "sip:203.0.113.2:40211", NULL, NULL, "udp:203.0.113.2:40211", HOP_RECEIVED, NULL, false, false, 0},
	{"sip:a@10.0.0.7", "sip:203.0.113.2:40211;transport=tcp", NULL, NULL, "tcp:203.0.113.2:40211", HOP_RECEIVED, NULL, true, true, 0},
	{"sip:a@10.0.0.7", "sip:203.0.113.2:40211", "<sip:192.0.2.50:5080;lr;received=sip:10.0.0.7:1234>, <sip:b>", NULL, "udp:192.0.2.50:5080", HOP_PATH, NULL, true, false, 0},
	{"sip:a@10.0.0.7", NULL, "<sip:edge.example;transport=tls;lr>", NULL, "tls:edge.example", HOP_PATH, NULL, true, false, 0},
	{"sip:a@phone.example", "sip:203.0.113.2:5060", NULL, NULL, "udp:203.0.113.2:5060", HOP_RECEIVED, NULL, true, false, 0},
	/* Kamailio's alias */
	{"sip:a@10.0.0.7:5062;alias=203.0.113.2~40211~1", NULL, NULL, NULL, "udp:203.0.113.2:40211", HOP_ALIAS, NULL, true, false, 0},
	{"sip:a@10.0.0.7;alias=203.0.113.2~40211~3", NULL, NULL, NULL, "tls:203.0.113.2:40211", HOP_ALIAS, NULL, true, true, 0},
	{"sip:a@10.0.0.7;alias=203.0.113.2~0~1", NULL, NULL, NULL, "", HOP_NONE, "alias", false, false, 0},
	{"sip:a@10.0.0.7;alias=203.0.113.2~99999~1", NULL, NULL, NULL, "", HOP_NONE, "alias", false, false, 0},
	{"sip:a@10.0.0.7;alias=203.0.113.2~5060~9", NULL, NULL, NULL, "", HOP_NONE, "alias", false, false, 0},
	{"sip:a@10.0.0.7;alias=~~", NULL, NULL, NULL, "", HOP_NONE, "alias", false, false, 0},
	/* private contacts */
	{"sip:a@10.0.0.7", NULL, NULL, NULL, "", HOP_NONE, "private contact", true, false, 0},
	{"sip:a@100.64.1.1", NULL, NULL, "udp:198.51.100.1:5060", "", HOP_NONE, "private contact", true, false, 0},
	{"sip:a@192.168.1.7", NULL, NULL, "udp:192.168.1.1:5060", "udp:192.168.1.7:5060", HOP_CONTACT, NULL, false, false, 0},
	{"sip:a@10.0.0.7;transport=tcp", NULL, NULL, "tcp:198.51.100.1:5060", "tcp:10.0.0.7:5060", HOP_CONTACT, NULL, true, true, 17},
	{"sip:a@127.0.0.1:5066", NULL, NULL, "udp:127.0.0.1:5060", "udp:127.0.0.1:5066", HOP_CONTACT, NULL, false, false, 0},
	{"sip:a@127.0.0.1:5066", NULL, NULL, "udp:192.0.2.1:5060", "", HOP_NONE, "loopback", false, false, 0},
	{"sip:a@127.0.0.1:5066", "sip:203.0.113.2:40211", NULL, "udp:192.0.2.1:5060", "udp:203.0.113.2:40211", HOP_RECEIVED, NULL, true, false, 0},
	{"sip:a@127.0.0.1:5066", NULL, NULL, "udp:0.0.0.0:5060", "udp:127.0.0.1:5066", HOP_CONTACT, NULL, false, false, 0},
	/* the registrar's socket speaks another family */
	{"sip:a@198.51.100.9", NULL, NULL, "udp:[::]:5060", "udp:198.51.100.9:5060", HOP_CONTACT, NULL, false, false, 0},
	{"sip:a@[2001:db8::7]", NULL, NULL, "udp:192.0.2.1:5060", "", HOP_NONE, "the contact is an IPv6 address, the registrar's socket speaks IPv4", false, false, 0},
	{"sip:a@198.51.100.9", NULL, NULL, "udp:[2001:db8::1]:5060", "", HOP_NONE, "the contact is an IPv4 address, the registrar's socket speaks IPv6", false, false, 0},
	{"sip:a@[2001:db8::7]", NULL, NULL, "udp:[2001:db8::1]:5060", "udp:[2001:db8::7]:5060", HOP_CONTACT, NULL, false, false, 0},
	{"sip:a@[2001:db8::7]", "sip:203.0.113.2:40211", NULL, "udp:192.0.2.1:5060", "udp:203.0.113.2:40211", HOP_RECEIVED, NULL, true, false, 0},
	{"sip:a@[fe80::7]", NULL, NULL, "udp:[2001:db8::1]:5060", "", HOP_NONE, "link-local", true, false, 0},
	{"sip:a@[fe80::7]", NULL, NULL, "udp:[fe80::1]:5060", "udp:[fe80::7]:5060", HOP_CONTACT, NULL, false, false, 0},
	{"sip:a@169.254.3.4", NULL, NULL, "udp:192.168.1.1:5060", "", HOP_NONE, "link-local", false, false, 0},
	/* names that no name service of the registrar's can know */
	{"sip:a@snom370.local:5060", NULL, NULL, NULL, "", HOP_NONE, "only the phone's own network knows", false, false, 0},
	{"sip:a@localhost", NULL, NULL, NULL, "", HOP_NONE, "only the phone's own network knows", false, false, 0},
	{"sip:a@snom370.local", NULL, "<sip:edge.local;lr>", NULL, "udp:edge.local", HOP_PATH, NULL, false, false, 0},
	/* what the contact asks for is not what the phone registered over */
	{"sip:a@198.51.100.9;transport=tls", NULL, NULL, "udp:192.0.2.1:5060", "", HOP_NONE, "asks for TLS or WebSocket, and the phone registered over UDP", false, true, 0},
	{"sips:a@198.51.100.9", NULL, NULL, "tls:192.0.2.1:5061", "tls:198.51.100.9:5061", HOP_CONTACT, NULL, false, true, 0},
	{"sip:a@198.51.100.9;transport=tcp", NULL, NULL, "udp:192.0.2.1:5060", "tcp:198.51.100.9:5060", HOP_CONTACT, NULL, false, false, 0},
	/* browsers */
	{"sip:x@df7jal23ls0d.invalid;transport=ws", NULL, NULL, NULL, "", HOP_NONE, ".invalid", false, true, 0},
	{"sip:x@df7jal23ls0d.invalid;transport=ws", NULL, NULL, NULL, "ws:its connection", HOP_CONTACT, NULL, false, true, 12},
	{"sip:x@df7jal23ls0d.invalid;transport=ws", "sip:203.0.113.2:51000;transport=wss", NULL, NULL, "wss:203.0.113.2:51000", HOP_RECEIVED, NULL, true, true, 0},
	{"sip:x@DF7.INVALID", NULL, NULL, NULL, "", HOP_NONE, ".invalid", false, false, 0},
	/* what is none */
	{"tel:+4930444", NULL, NULL, NULL, "", HOP_NONE, "no SIP address", false, false, 0},
	{"mailto:a@example.com", NULL, NULL, NULL, "", HOP_NONE, "no SIP address", false, false, 0},
	{"", NULL, NULL, NULL, "", HOP_NONE, "cannot be understood", false, false, 0},
	{"*", NULL, NULL, NULL, "", HOP_NONE, "cannot be understood", false, false, 0},
	{"sip:a@198.51.100.9:0", NULL, NULL, NULL, "", HOP_NONE, "cannot be understood", false, false, 0},
	{"sip:a@198.51.100.9:70000", NULL, NULL, NULL, "", HOP_NONE, "cannot be understood", false, false, 0},
	{"sip:a@h\x1b[2J", NULL, NULL, NULL, "", HOP_NONE, "cannot be understood", false, false, 0},
	{"sip:a@0.0.0.0", NULL, NULL, NULL, "", HOP_NONE, "0.0.0.0", false, false, 0},
	{"sip:a@224.0.1.75", NULL, NULL, NULL, "", HOP_NONE, "multicast", false, false, 0},
	{"sip:a@[ff02::1]", NULL, NULL, NULL, "", HOP_NONE, "multicast", false, false, 0},
	{"sip:a@198.51.100.9;transport=carrier-pigeon", NULL, NULL, NULL, "", HOP_NONE, "transport", false, false, 0},
	{"sip:a@198.51.100.9", "garbage", NULL, NULL, "", HOP_NONE, "received address", false, false, 0},
	{"sip:a@198.51.100.9", NULL, "<sip:broken", NULL, "", HOP_NONE, "Path", false, false, 0},
};
/* clang-format on */

TEST(requests_go_where_the_registrar_would_send_them)
{
	UNUSED_STATE;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const struct expected *t = &table[i];
		struct binding b = {.contact = slice_of(t->contact),
				    .received = slice_of(t->received),
				    .path = slice_of(t->path),
				    .socket = slice_of(t->socket),
				    .connection = t->connection};
		struct next_hop h;
		char hop[96];

		memset(&h, 0xa5, sizeof(h));
		next_hop_find(&b, &h);
		next_hop_format(&h, hop, sizeof(hop));
		if (strcmp(hop, t->hop) != 0 || h.from != t->from || h.nat != t->nat ||
		    h.by_flow != t->by_flow || h.reachable != !t->why ||
		    (t->why && !strstr(h.why, t->why)))
			fail_msg("%zu: %s: '%s' from %d nat %d flow %d why %s", i, t->contact, hop,
				 h.from, h.nat, h.by_flow, h.why ? h.why : "-");
	}
}

/* RFC 7118: a WebSocket stands on a TCP or TLS socket of the registrar. */
TEST(a_request_leaves_from_the_socket_that_took_the_register_if_that_speaks_its_transport)
{
	static const struct {
		const char *contact, *received, *socket, *from;
	} rows[] = {
		{"sip:a@198.51.100.9", NULL, "udp:192.0.2.1:5060", "udp:192.0.2.1:5060"},
		{"sip:a@10.0.0.7", "sip:203.0.113.2:4000", "udp:192.0.2.1:5080",
		 "udp:192.0.2.1:5080"},
		{"sip:a@198.51.100.9;transport=tcp", NULL, "udp:192.0.2.1:5060", ""},
		{"sip:a@198.51.100.9", NULL, "tcp:192.0.2.1:5060", ""},
		{"sip:x@x.invalid;transport=ws", "sip:203.0.113.2:4000;transport=wss",
		 "tls:192.0.2.1:443", "tls:192.0.2.1:443"},
		{"sip:x@x.invalid;transport=ws", "sip:203.0.113.2:4000;transport=ws",
		 "tcp:192.0.2.1:80", "tcp:192.0.2.1:80"},
		{"sip:a@198.51.100.9", NULL, "", ""},
		{"sip:a@10.0.0.7", NULL, "udp:192.0.2.1:5060", ""},
	};

	UNUSED_STATE;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct binding b = {.contact = slice_of(rows[i].contact),
				    .received = slice_of(rows[i].received),
				    .socket = slice_of(rows[i].socket)};
		struct next_hop h;

		memset(&h, 0xa5, sizeof(h));
		next_hop_find(&b, &h);
		assert_slice_equal(h.socket, rows[i].from);
	}
}

TEST(a_hop_is_cut_to_its_room)
{
	struct binding b = {.contact = SLICE_LIT("sip:a@198.51.100.9:5062")};
	struct next_hop h;
	char hop[10];

	UNUSED_STATE;
	next_hop_find(&b, &h);
	next_hop_format(&h, hop, sizeof(hop));
	assert_string_equal(hop, "udp:198.5");
}

TEST(push_contacts_are_recognised)
{
	static const char *const with[] = {
		"sip:a@192.0.2.1;pn-provider=apns;pn-prid=00fc13adff78;pn-param=X",
		"sip:a@192.0.2.1;app-id=929724111839;pn-type=firebase;pn-tok=abc",
		"sip:a@192.0.2.1;transport=tls;PN-Provider=fcm",
	};
	static const char *const without[] = {
		"sip:a@192.0.2.1",
		"sip:pn-provider@192.0.2.1",
		"sip:a@app-id.example",
		"sip:a@192.0.2.1;opn-tok=1",
		"",
		"pn-provider",
	};

	UNUSED_STATE;
	for (size_t i = 0; i < sizeof(with) / sizeof(with[0]); i++)
		assert_true(contact_has_push(slice_of(with[i])));
	for (size_t i = 0; i < sizeof(without) / sizeof(without[0]); i++)
		assert_false(contact_has_push(slice_of(without[i])));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(requests_go_where_the_registrar_would_send_them),
		T(a_request_leaves_from_the_socket_that_took_the_register_if_that_speaks_its_transport),
		T(a_hop_is_cut_to_its_room),
		T(push_contacts_are_recognised),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
