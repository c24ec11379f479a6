/* Fuzzing of what OpenSIPS's management interface says of contacts and requests, and of the headers
 * made from it: under libFuzzer, or by its own mutations of what OpenSIPS said. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/alloc.h"
#include "source/opensips_contact.h"
#include "source/uac.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned documents, contacts, requests;

static void demand(bool ok, const char *what)
{
	if (ok)
		return;
	printf("not ok 1 - %s\n", what);
	fflush(stdout);
	abort();
}

/* Lines are begun by us alone, and each ends as a line has to. */
static void look_at_headers(const char *text, bool route)
{
	unsigned lines = 0;

	for (const char *p = text; *p; p++) {
		demand((unsigned char)*p >= 0x20 || *p == '\r' || *p == '\n', "no control bytes");
		demand(*p != '\\', "nothing that OpenSIPS would unescape");
		demand(*p != '\n' || (p > text && p[-1] == '\r'), "LF after CR");
		demand(*p != '\r' || p[1] == '\n', "CR before LF");
		lines += *p == '\n';
	}
	demand(lines == (route ? 3u : 2u), "as many lines as were meant");
	demand(!strstr(text, "!!"), "nothing that a registrar would replace");
}

static void ask_for(const struct binding *b)
{
	json_t *mi = uac_parameters(CONTROL_OPENSIPS, b, "OPTIONS", true);
	json_t *rpc = uac_parameters(CONTROL_KAMAILIO, b, "OPTIONS", true);

	demand(!mi == !rpc, "both registrars can be asked, or none");
	if (mi) {
		requests++;
		look_at_headers(json_string_value(json_object_get(mi, "headers")), b->path.n);
		look_at_headers(json_string_value(json_array_get(rpc, 4)), b->path.n);
	}
	json_decref(mi);
	json_decref(rpc);
}

static void look_at_contact(const json_t *c)
{
	struct binding b;

	if (!opensips_contact_read(c, 1900000000, 1900000599, &b))
		return;
	contacts++;
	demand(b.contact.n && b.key.n, "it has an address and a number");
	demand(b.expires_s == BINDING_PERMANENT || b.expires_s >= 1900000000 - 2, "it ends later");
	demand(b.q_milli == BINDING_Q_UNSET || (b.q_milli >= 0 && b.q_milli <= 1000), "q is one");
	demand(opensips_contact_latency(c) >= 0, "no time is less than none");
	ask_for(&b);
}

static void look_at(const json_t *doc)
{
	static const struct binding alice = {.key = {"4465107924305325244", 19},
					     .contact = {"sip:alice@127.0.0.1:5071", 24}};
	struct opensips_found found = opensips_contact_find(doc, &alice);
	struct source_uac_reply r;
	const json_t *c;
	size_t i;

	demand(!found.contact || json_is_object(found.contact), "a contact is an object");
	for (unsigned f = CONTROL_KAMAILIO; f <= CONTROL_OPENSIPS; f++)
		if (uac_read((enum control_flavour)f, doc, &r))
			demand(r.code >= 100 && r.code <= 699, "a code is one");
	json_array_foreach(json_object_get(doc, "Contacts"), i, c)
	{
		look_at_contact(c);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* As the control reads it. */
	json_t *doc = json_loadb((const char *)data, size,
				 JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL | JSON_DECODE_ANY, NULL);

	if (doc) {
		documents++;
		look_at(doc);
	}
	json_decref(doc);
	return 0;
}

/* With clang -fsanitize=fuzzer -DFUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION libFuzzer brings main().
 */
#ifndef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION

#define ROUNDS 150000
#define MAX    4096

/* As OpenSIPS 3.4.18 and Kamailio 5.6.3 answered. */
static const char *const seeds[] = {
	("{\"AOR\":\"alice\",\"Contacts\":[{\"Contact\":\"sip:alice@127.0.0.1:5071\",\"ContactID\":"
	 "\"4465107924305325244\",\"Expires\":599,\"Q\":\"0.5\",\"Callid\":\"269957375@127.0.0.1\","
	 "\"Cseq\":1,\"User-agent\":\"sipsak 0.9.8.1\",\"Received\":\"sip:127.0.0.1:52347\","
	 "\"Path\":\"<sip:127.0.0.1:99;lr>\",\"State\":\"CS_SYNC\",\"Flags\":0,\"Cflags\":\"NAT\","
	 "\"Socket\":\"udp:127.0.0.1:5095\",\"Methods\":4294967295,\"Ping-Latency\":54051}]}"),
	("{\"AOR\":\"q\",\"Contacts\":[{\"Contact\":\"sip:q@127.0.0.1:5072;transport=tcp;alias="
	 "127.0.0.1~5072~2\",\"ContactID\":\"8936830510572948\",\"Expires\":\"permanent\",\"Q\":"
	 "\"\","
	 "\"Cseq\":1,\"Methods\":303}]}"),
	("{\"Status\":\"200 OK\",\"RURI\":\"sip:u@127.0.0.1:5077\",\"Message\":\"Via: SIP/2.0/UDP "
	 "127.0.0.1:5095\\r\\nUser-Agent: testua/1\\r\\n\\r\\n\"}"),
	"[408,\"Request Timeout\",\"\",\"\",\"\",\"\"]",
};

/* What a URI or a number turns bad by. */
static const char *const bits[] = {
	"!!", "\\\\r\\\\n",           "\\r\\n", "\\u0000", "%41", "\"", "~", ";alias=", "<", ">",
	"-1", "99999999999999999999", "sip:",   "@"};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static uint64_t dice = 0x9e3779b97f4a7c15u;

/* xorshift64: the same run every time. */
static unsigned roll(size_t n)
{
	dice ^= dice << 13;
	dice ^= dice >> 7;
	dice ^= dice << 17;
	return (unsigned)(dice % n);
}

static size_t change(char *text, size_t n)
{
	const char *bit = bits[roll(COUNT(bits))];
	size_t at = roll(n + 1), len = strlen(bit);

	switch (roll(4)) {
	case 0:
		if (at < n)
			text[at] = (char)roll(256);
		return n;
	case 1:
		if (at < n) {
			memmove(text + at, text + at + 1, n - at - 1);
			n--;
		}
		return n;
	case 2:
		return roll(20) == 0 ? at : n;
	default:
		if (n + len >= MAX)
			return n;
		memmove(text + at + len, text + at, n - at);
		memcpy(text + at, bit, len);
		return n + len;
	}
}

int main(void)
{
	static char text[MAX];

	for (unsigned round = 0; round < ROUNDS; round++) {
		const char *seed = seeds[roll(COUNT(seeds))];
		size_t n = strlen(seed);
		unsigned changes = roll(4);

		memcpy(text, seed, n);
		for (unsigned i = 0; i < changes; i++)
			n = change(text, n);
		LLVMFuzzerTestOneInput((const uint8_t *)text, n);
	}
	demand(documents > ROUNDS / 10 && contacts > ROUNDS / 20 && requests > ROUNDS / 40,
	       "enough of it was understood");
	printf("1..1\nok 1 - %u changed answers: %u read, %u contacts, %u requests\n", ROUNDS,
	       documents, contacts, requests);
	return 0;
}

#endif
