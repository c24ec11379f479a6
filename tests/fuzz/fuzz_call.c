/* Fuzzing of sip/call: whatever comes back, every call ends, is told once, and leaves nothing open
 * that its answers say is open; under libFuzzer, or by its own mutations. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/alloc.h"
#include "sip/call_state.h"
#include "sip/transport_state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned told, answered, refused, silent;

static void demand(bool ok, const char *what)
{
	if (ok)
		return;
	printf("not ok 1 - %s\n", what);
	fflush(stdout);
	abort();
}

/* One caller for all inputs. Its socket is bound to loopback, so that no address in a mutated
 * Contact leads out of this machine: the kernel refuses it. */
static struct bench {
	struct clock_fake clock;
	struct loop *loop;
	struct sip_transport *transport;
	struct caller *caller;
	struct trace *trace;
	struct sip_flow from;
	int sink;
	unsigned reports;
} bench;

static void set_up(struct bench *b)
{
	struct netaddr any;

	clock_fake_init(&b->clock, 1000000);
	clock_fake_advance(&b->clock, 1000);
	b->loop = loop_new();
	b->transport = sip_transport_new(b->loop, &b->clock.clock);
	demand(netaddr_parse(SLICE_LIT("127.0.0.1"), 0, &any) == 0, "loopback");
	demand(sip_transport_listen(b->transport, TRANSPORT_UDP, &any, NULL) == 0, "a socket");
	b->caller = caller_new(b->loop, &b->clock.clock, b->transport);
	/* It takes what is sent and is never read: full, the kernel drops what comes. */
	b->sink = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	b->from.transport = TRANSPORT_UDP;
	b->from.remote = any;
	demand(bind(b->sink, &any.sa, any.len) == 0 &&
		       getsockname(b->sink, &b->from.remote.sa, &b->from.remote.len) == 0,
	       "a place to call");
	sip_transport_local(b->transport, TRANSPORT_UDP, &b->from.remote, &b->from.local);
}

static unsigned touch(struct slice s)
{
	unsigned sum = 0;

	for (size_t i = 0; i < s.n; i++)
		sum += (unsigned char)s.p[i];
	return sum;
}

static void on_report(void *ctx, uint64_t id, const struct call_report *r)
{
	struct bench *b = ctx;

	(void)id;
	b->reports++;
	told++;
	answered += r->end == CALL_END_ANSWERED;
	refused += r->end == CALL_END_FINAL;
	silent += r->end == CALL_END_SILENT;
	demand((r->code != 0) == (r->end == CALL_END_FINAL || r->end == CALL_END_ANSWERED ||
				  r->end == CALL_END_CANCELLED || r->code / 100 == 2),
	       "the code fits the end");
	touch(r->agent);
	touch(r->reason);
	touch(r->cause);
	touch(r->warning);
	touch(r->moved_to);
	touch(r->unsupported);
	touch(r->required);
	touch(r->min_se);
}

/* The message with what only this call knows put in for $B (branch of the last INVITE), $Y (of the
 * first dialog's BYE), $I (Call-ID) and $T (our tag). */
static void deliver(struct bench *b, const struct call *x, struct slice message)
{
	struct strbuf text = STRBUF_INIT;

	for (size_t i = 0; i < message.n; i++) {
		const char *known = NULL;

		if (message.p[i] == '$' && i + 1 < message.n)
			switch (message.p[i + 1]) {
			case 'B':
				known = x->invites[x->invite_count - 1].branch;
				break;
			case 'Y':
				known = x->dialog_count ? x->dialogs[0].bye.branch : "none";
				break;
			case 'I':
				known = x->call_id;
				break;
			case 'T':
				known = x->from_tag;
				break;
			}
		if (known) {
			strbuf_add_str(&text, known);
			i++;
		} else {
			strbuf_add_char(&text, message.p[i]);
		}
	}
	transport_deliver(b->transport, &b->from, strbuf_slice(&text));
	strbuf_free(&text);
}

static void pass(struct bench *b, int64_t ms)
{
	clock_fake_advance(&b->clock, ms);
	caller_tick(b->caller);
}

/* The first byte says what kind of call, the rest are messages with NULs between them. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bench *b = &bench;
	struct slice rest, message;
	struct call_spec s = {.request_uri = SLICE_LIT("sip:a@127.0.0.1"),
			      .to_uri = SLICE_LIT("sip:a@acme"),
			      .from_uri = SLICE_LIT("sip:b@acme")};

	if (!b->loop)
		set_up(b);
	if (size < 1)
		return 0;
	s.flow = b->from;
	s.quiet = data[0] & 1;
	if (data[0] & 2)
		s.user = s.password = SLICE_LIT("u");
	b->reports = 0;
	s.trace = trace_new(&b->clock.clock);
	demand(caller_start(b->caller, &s, on_report, b) != 0, "the call begins");
	rest = slice_make((const char *)data + 1, size - 1);
	while (rest.n && b->caller->calls) {
		rest = slice_cut(rest, '\0', &message);
		deliver(b, b->caller->calls, message);
		pass(b, data[0] & 4 ? 700 : 10);
	}
	/* 32 s from the last thing that can happen, three times: INVITE, CANCEL, a late answer. */
	for (int i = 0; i < 120; i++)
		pass(b, 1000);
	demand(b->reports == 1, "every call is told once");
	demand(b->caller->calls == NULL, "every call ends");
	trace_free(s.trace);
	return 0;
}

#ifndef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION

#define ROUNDS 12000
#define HEAD                                                                                       \
	"\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK$B;rport=9\r\nFrom: "                      \
	"<sip:b@acme>;tag=$T\r\n"
#define TAIL  "Call-ID: $I\r\nCSeq: 1 INVITE\r\n"
#define TO(t) "To: <sip:a@acme>;tag=" t "\r\n"
#define END   "Content-Length: 0\r\n\r\n"

static const char *const seeds[] = {
	"SIP/2.0 100 Trying" HEAD "To: <sip:a@acme>\r\n" TAIL END,
	"SIP/2.0 180 Ringing" HEAD TO("t1") TAIL "User-Agent: p\r\n" END,
	"SIP/2.0 183 Session Progress" HEAD TO("t2") TAIL END,
	"SIP/2.0 199 Early Dialog Terminated" HEAD TO("t2") TAIL END,
	"SIP/2.0 200 OK" HEAD TO("t1") TAIL
	"Record-Route: <sip:127.0.0.1:9;lr>, <sip:127.0.0.1:11>\r\nContact: "
	"<sip:a@127.0.0.1:10>\r\n" END,
	"SIP/2.0 200 OK" HEAD TO("t3") TAIL "Contact: <sip:a@127.0.0.1?x=y>;q=1\r\n" END,
	"SIP/2.0 302 Moved" HEAD TO("t1") TAIL "Contact: <sip:c@127.0.0.1>\r\n" END,
	"SIP/2.0 401 Unauthorized" HEAD TO("t1") TAIL
	"WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\", algorithm=SHA-256, "
	"opaque=\"\"\r\n" END,
	"SIP/2.0 407 Proxy" HEAD TO("t1") TAIL
	"Proxy-Authenticate: Digest realm=\"r\",nonce=\"n\"\r\n" END,
	"SIP/2.0 420 Bad" HEAD TO("t1") TAIL
	"Unsupported: x-regtop-quiet\r\nWarning: 3 h \"w\"\r\n" END,
	"SIP/2.0 487 Terminated" HEAD TO("t1") TAIL "Reason: Q.850;cause=16\r\n" END,
	"SIP/2.0 200 OK" HEAD TO("t1") "Call-ID: $I\r\nCSeq: 1 CANCEL\r\n" END,
	"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK$Y\r\nFrom: "
	"<sip:b@acme>;tag=$T\r\n" TO("t1") "Call-ID: $I\r\nCSeq: 2 BYE\r\n" END,
	"SIP/2.0 401 Unauthorized\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK$Y\r\nFrom: "
	"<sip:b@acme>;tag=$T\r\n" TO("t1") "Call-ID: $I\r\nCSeq: 2 BYE\r\nWWW-Authenticate: Digest "
					   "realm=\"r\",nonce=\"n\"\r\n" END,
	"BYE sip:b@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKp\r\nFrom: "
	"<sip:a@acme>;tag=t1\r\nTo: <sip:b@acme>;tag=$T\r\nCall-ID: $I\r\nCSeq: 5 BYE\r\n" END,
	"INVITE sip:b@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKq\r\nFrom: "
	"<sip:a@acme>;tag=t1\r\nTo: <sip:b@acme>;tag=$T\r\nCall-ID: $I\r\nCSeq: 6 INVITE\r\n" END,
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

static const char *const bites[] = {
	"\r\n", "\r\n ", "\"",  "\\",  "<",     ">",           ",",       ";",          "=",
	":",    "*",     "%00", "?",   "@",     "tag=",        ";lr",     "t1",         "t2",
	"$B",   "$Y",    "$I",  "$T",  "[::1]", "127.0.0.1:9", "65536",   "4294967295", "SIP/2.0 ",
	"200",  "180",   "487", "BYE", "ACK",   "CANCEL",      "z9hG4bK", "\xff",       "\t",
};

static void mutate(struct strbuf *text)
{
	const char *bite = bites[roll(sizeof(bites) / sizeof(bites[0]))];
	size_t at = roll(text->n + 1), len;
	struct strbuf out = STRBUF_INIT;

	strbuf_add(&out, text->p, at);
	switch (roll(4)) {
	case 0:
		strbuf_add_char(&out, (char)(roll(255) + 1));
		len = 1;
		break;
	case 1: /* left out */
		len = roll(40);
		break;
	case 2: /* twice */
		len = roll(60);
		if (at + len <= text->n)
			strbuf_add(&out, text->p + at, len);
		len = 0;
		break;
	default:
		strbuf_add_str(&out, bite);
		len = roll(2) * strlen(bite);
	}
	if (at + len < text->n)
		strbuf_add(&out, text->p + at + len, text->n - at - len);
	strbuf_free(text);
	*text = out;
}

/* Up to eight messages, most of them as a phone would send them. */
static void one_round(void)
{
	struct strbuf input = STRBUF_INIT, message = STRBUF_INIT;

	strbuf_add_char(&input, (char)('A' + roll(8)));
	for (unsigned n = roll(8) + 1; n > 0; n--) {
		strbuf_clear(&message);
		strbuf_add_str(&message, seeds[roll(SEEDS)]);
		for (unsigned k = roll(3) ? 0 : roll(4) + 1; k > 0; k--)
			mutate(&message);
		strbuf_add_slice(&input, strbuf_slice(&message));
		strbuf_add_char(&input, '\0');
	}
	LLVMFuzzerTestOneInput((const uint8_t *)input.p, input.n);
	strbuf_free(&message);
	strbuf_free(&input);
}

int main(void)
{
	for (unsigned i = 0; i < ROUNDS; i++)
		one_round();
	demand(told == ROUNDS, "every call was told");
	demand(answered > ROUNDS / 50 && refused > ROUNDS / 20 && silent > ROUNDS / 100,
	       "calls end in every way");
	caller_free(bench.caller);
	sip_transport_free(bench.transport);
	loop_free(bench.loop);
	close(bench.sink);
	printf("1..1\nok 1 - of %u calls %u were answered, %u refused and %u silent, and all "
	       "ended\n",
	       ROUNDS, answered, refused, silent);
	return 0;
}

#endif
