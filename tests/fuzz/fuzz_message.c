/* Fuzzing of sip/message and what reads its messages: under libFuzzer, or by its own mutations. */
#include <stdio.h>
#include <stdlib.h>
#include "base/alloc.h"
#include "sip/answer.h"
#include "sip/build.h"
#include "sip/uri_compare.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned let_in, refused, scanned;

static void demand(bool ok, const char *what)
{
	if (ok)
		return;
	printf("not ok 1 - %s\n", what);
	fflush(stdout);
	abort();
}

/* Every byte of a slice is read, so that a sanitizer sees one that points elsewhere. */
static unsigned touch(struct slice s)
{
	unsigned sum = 0;

	for (size_t i = 0; i < s.n; i++)
		sum += (unsigned char)s.p[i];
	return sum;
}

static unsigned touch_contacts(const struct sip_msg *m)
{
	struct strbuf user = STRBUF_INIT, domain = STRBUF_INIT;
	struct sip_contact c;
	struct slice v;
	unsigned sum = 0;

	for (unsigned i = 0; sip_msg_contact(m, i, &c); i++) {
		demand(!c.star || c.uri.n == 0, "a wildcard has no URI");
		sum += touch(c.uri) + touch(c.params);
		if (sip_param(c.params, "expires", &v))
			sum += touch(v);
		demand(sip_uri_same(c.uri, c.uri), "a contact is itself");
		sip_uri_same(c.uri, sip_msg_request_uri(m));
		sip_uri_canonical_aor(c.uri, 5060, &user, &domain);
	}
	strbuf_free(&user);
	strbuf_free(&domain);
	return sum;
}

static unsigned touch_all(const struct sip_msg *m)
{
	static const char *const names[] = {"via", "Expires", "Supported", "Path", "User-Agent"};
	struct sip_via via;
	struct slice one;
	unsigned sum = 0;

	demand(sip_msg_via(m, &via), "what is let in has a Via");
	demand(via.host.n > 0 && sip_msg_via_count(m) > 0, "what is let in has a Via's host");
	sum += touch(via.raw) + touch(via.host) + touch(via.branch);
	sum += touch(sip_msg_method(m)) + touch(sip_msg_reason(m)) + touch(sip_msg_call_id(m));
	sum += touch(sip_msg_from_uri(m)) + touch(sip_msg_from_tag(m));
	sum += touch(sip_msg_to_uri(m)) + touch(sip_msg_to_tag(m));
	sum += touch(sip_msg_raw(m)) + touch(sip_msg_body(m)) + touch(sip_msg_request_uri(m));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		sum += touch(sip_msg_header(m, names[i], 0));
		for (unsigned k = 0; (one = sip_msg_list(m, names[i], k)).n; k++)
			sum += touch(one);
	}
	return sum + touch_contacts(m);
}

/* The answer to what was let in is a message that a peer like ourselves lets in, but for a taste of
 * osip's: it takes "branch=" at the end of a Via, not in the middle. */
static void answer(const struct sip_msg *m, bool good, int status)
{
	struct sip_flow from = {.transport = TRANSPORT_UDP}, to;
	struct strbuf b = STRBUF_INIT;
	struct sip_msg *again = NULL;
	const char *why = NULL;
	enum sip_input in;

	netaddr_parse(SLICE_LIT("127.0.0.1"), 5060, &from.remote);
	sip_response_flow(m, &from, &to);
	sip_build_response(&b, m, &from, status ? status : 200, NULL, "tag");
	sip_build_end(&b, SLICE_NONE);
	in = sip_msg_parse(b.p, b.n, &again, NULL, &why);
	if (good && b.n <= SIP_MAX_MESSAGE && !(why && strcmp(why, "the syntax is broken") == 0)) {
		demand(in == SIP_IN_MESSAGE, why);
		demand(slice_eq(sip_msg_call_id(again), sip_msg_call_id(m)) &&
			       sip_msg_cseq(again) == sip_msg_cseq(m),
		       "an answer is to its request");
	}
	sip_msg_free(again);
	strbuf_free(&b);
}

/* What the quick scanner takes, the parser takes, and both read it in the same way. */
static void compare_scan(struct slice raw, enum sip_input in, const struct sip_msg *m)
{
	struct sip_answer a;
	struct sip_via via;
	struct slice agent;

	if (!sip_answer_scan(raw, &a))
		return;
	scanned++;
	demand(in == SIP_IN_MESSAGE && !sip_msg_is_request(m), "a scanned answer is a message");
	demand(a.code == sip_msg_code(m), "the scanned code");
	demand(sip_msg_via(m, &via) && slice_eq(a.branch, via.branch), "the scanned branch");
	demand(slice_eq(a.method, sip_msg_method(m)), "the scanned method");
	demand(slice_eq(a.reason, sip_msg_reason(m)), "the scanned reason");
	agent = sip_msg_header(m, "user-agent", 0);
	if (agent.n == 0)
		agent = sip_msg_header(m, "server", 0);
	demand(slice_eq(a.agent, agent), "the scanned agent");
	demand(slice_eq(a.warning, sip_msg_header(m, "warning", 0)), "the scanned warning");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* A copy of exactly this size: a byte read beyond it is seen. */
	uint8_t *exact = xmalloc(size ? size : 1);
	struct sip_msg *m = NULL;
	const char *why = NULL;
	int status = -1;
	enum sip_input in;

	if (size)
		memcpy(exact, data, size);
	in = sip_msg_parse(exact, size, &m, &status, &why);
	compare_scan(slice_make((const char *)exact, size), in, m);
	free(exact);
	demand((m != NULL) == (in == SIP_IN_MESSAGE || in == SIP_IN_BAD_REQUEST), "the message");
	demand((status >= 400 && status < 600) == (in == SIP_IN_BAD_REQUEST), "the status");
	let_in += in == SIP_IN_MESSAGE;
	refused += in == SIP_IN_BAD_REQUEST;
	if (m) {
		touch_all(m);
		if (sip_msg_is_request(m))
			answer(m, in == SIP_IN_MESSAGE, status);
	}
	sip_msg_free(m);
	return 0;
}

/* With clang -fsanitize=fuzzer -DFUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION libFuzzer brings main().
 */
#ifndef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION

#define ROUNDS 150000

static const char *const seeds[] = {
	("REGISTER sip:acme.example SIP/2.0\r\nVia: SIP/2.0/UDP "
	 "192.0.2.1:5060;rport;branch=z9hG4bK1, "
	 "SIP/2.0/TCP [::1]:5061\r\nFrom: \"A \\\" B\" <sip:a%40b@acme.example>;tag=1\r\n"
	 "To: sip:alice@acme.example;x=y\r\nCall-ID: c1@host\r\nCSeq: 7 REGISTER\r\n"
	 "Contact: \"x, y\" <sip:a@[::1]:5070;transport=;line=abc?h=v>;expires=60;q=0.5;"
	 "+sip.instance=\"<urn:uuid:1>\", *\r\nSupported: path,\r\n outbound\r\nPath: "
	 "<sip:e;lr>\r\n"
	 "Expires: 3600\r\nMax-Forwards: 70\r\nAuthorization: Digest username=\"a\", realm=\"r\", "
	 "nonce=\"n\", uri=\"sip:x\", response=\"0\"\r\nContent-Type: "
	 "multipart/mixed;boundary=b\r\n"
	 "Content-Length: 4\r\n\r\n--b\n"),
	("SIP/2.0 200\r\nv: SIP / 2.0 / UDP h : 5060 ;branch=z9hG4bK2;received=192.0.2.9\r\n"
	 "f: <sip:a@b>;tag=1\r\nt: <sip:b@c>;tag=2\r\ni: x\r\nCSeq: 1 OPTIONS\r\nm: <sip:a@b>\r\n"
	 "Server: \xc3\xa9\x1b[31m\r\nWarning: 399 h \"w\"\r\nl: 0\r\n\r\n"),
	("OPTIONS sip:a;b=c@d:5060;lr SIP/2.0\nVia: SIP/2.0/UDP h\nFrom: x<sip:a@b>\nTo: "
	 "<sip:a@b>\n"
	 "Call-ID: y\nCSeq: 1 OPTIONS\n\n"),
	("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bK0123456789abcdef;"
	 "rport=5070;received=127.0.0.1\r\nFrom: <sip:regtop@acme.example>;tag=0123456789ab\r\n"
	 "To: <sip:4021@acme.example>;tag=x1\r\nCall-ID: 0123456789abcdef\r\nCSeq: 1 OPTIONS\r\n"
	 "User-Agent: Yealink SIP-T46U 108.86.0.20\r\nAllow: INVITE, ACK, BYE\r\nAccept: "
	 "application/sdp\r\nContact: <sip:4021@127.0.0.1:5060>\r\nContent-Length: 0\r\n\r\n"),
	("SIP/2.0 404 Not Found\r\nVia: SIP/2.0/UDP 127.0.0.1:5070;rport=5070;"
	 "branch=z9hG4bK0123456789abcdef\r\nFrom: <sip:regtop@127.0.0.1>;tag=0\r\nTo: "
	 "<sip:4021@acme.example:5060>\r\nCall-ID: a-b@127.0.0.1\r\nCSeq: 1 OPTIONS\r\n"
	 "Server: Kamailio\r\nWarning: 399 h \"w\"\r\nContent-Length: 0\r\n\r\n"),
};
#define SEEDS (sizeof(seeds) / sizeof(seeds[0]))

static uint64_t dice = 0x9e3779b97f4a7c15u;

/* xorshift64: the same run every time. */
static unsigned roll(size_t n)
{
	dice ^= dice << 13;
	dice ^= dice >> 7;
	dice ^= dice << 17;
	return n ? (unsigned)((dice >> 11) % n) : 0;
}

/* What parsers stumble over. */
static const char *const bites[] = {
	"\r\n",
	"\r",
	"\n",
	"\r\n ",
	"\r\n\r\n",
	"\"",
	"\\",
	"<",
	">",
	",",
	";",
	"=",
	":",
	"*",
	"%00",
	"%",
	"@",
	"?",
	"[",
	"]",
	"SIP/2.0",
	"  ",
	"\t",
	"-1",
	"99999999999999999999",
	"Via: ",
	"l: 9",
	"Contact: *\r\n",
	"CSeq: ",
	"\xff",
	";;;;;;;;;;;;;;;;",
	"sip:",
};

static size_t mutate(char *text, size_t n, size_t max)
{
	const char *bite = bites[roll(sizeof(bites) / sizeof(bites[0]))];
	size_t at = roll(n + 1), len, from;
	char piece[200];

	switch (roll(6)) {
	case 0: /* another byte */
		if (at < n)
			text[at] = (char)roll(256);
		return n;
	case 1: /* cut short */
		return roll(8) ? n : at;
	case 2: /* a piece left out */
		len = roll(n - at + 1) % 40;
		memmove(text + at, text + at + len, n - at - len);
		return n - len;
	case 3: /* a piece again, elsewhere */
		from = roll(n + 1);
		len = roll(n - from + 1) % sizeof(piece);
		if (n + len > max)
			return n;
		memcpy(piece, text + from, len);
		memmove(text + at + len, text + at, n - at);
		memcpy(text + at, piece, len);
		return n + len;
	default:
		len = strlen(bite);
		if (n + len > max)
			return n;
		memmove(text + at + len, text + at, n - at);
		memcpy(text + at, bite, len);
		return n + len;
	}
}

int main(void)
{
	char *text = xcalloc(1, SIP_MAX_MESSAGE + 100);

	for (size_t i = 0; i < SEEDS; i++)
		for (size_t n = 0; n <= strlen(seeds[i]); n++)
			LLVMFuzzerTestOneInput((const uint8_t *)seeds[i], n);
	for (unsigned i = 0; i < ROUNDS; i++) {
		const char *seed = seeds[roll(SEEDS)];
		size_t n = strlen(seed);

		memcpy(text, seed, n);
		for (unsigned k = roll(8) + 1; k > 0; k--)
			n = mutate(text, n, SIP_MAX_MESSAGE + 100);
		LLVMFuzzerTestOneInput((const uint8_t *)text, n);
	}
	free(text);
	demand(scanned > ROUNDS / 50, "mutations reach the quick scanner");
	demand(let_in > ROUNDS / 20 && refused > ROUNDS / 20, "mutations reach every stage");
	printf("1..1\nok 1 - of %u mutated messages %u were let in and %u refused\n", ROUNDS,
	       let_in, refused);
	return 0;
}

#endif
