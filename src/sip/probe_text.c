/* The OPTIONS of a probe: its words packed while it waits, the whole text written when it is sent.
 */
#include "sip/probe_text.h"

#include "base/alloc.h"
#include "base/hash.h"
#include "sip/build.h"

enum word { WORD_URI, WORD_ROUTE, WORD_TO, WORD_FROM, WORD_SENT_BY, WORDS };

/* The lengths stand in front of the bytes. */
struct head {
	uint32_t n[WORDS];
};

char *probe_text_pack(const struct probe_spec *s, struct slice sent_by)
{
	const struct slice words[WORDS] = {s->request_uri, s->route, s->to_uri, s->from_uri,
					   sent_by};
	struct head head;
	size_t size = sizeof(head);
	char *out, *at;

	for (int i = 0; i < WORDS; i++) {
		head.n[i] = (uint32_t)words[i].n;
		size += words[i].n;
	}
	at = out = xmalloc(size);
	memcpy(at, &head, sizeof(head));
	at += sizeof(head);
	for (int i = 0; i < WORDS; i++) {
		if (words[i].n)
			memcpy(at, words[i].p, words[i].n);
		at += words[i].n;
	}
	return out;
}

static void unpack(const char *packed, struct slice words[WORDS])
{
	struct head head;

	memcpy(&head, packed, sizeof(head));
	packed += sizeof(head);
	for (int i = 0; i < WORDS; i++) {
		words[i] = slice_make(packed, head.n[i]);
		packed += head.n[i];
	}
}

static void write_hex(uint64_t v, char out[PROBE_BRANCH_DIGITS + 1])
{
	for (int i = PROBE_BRANCH_DIGITS; i-- > 0; v >>= 4)
		out[i] = "0123456789abcdef"[v & 15];
	out[PROBE_BRANCH_DIGITS] = '\0';
}

/* Tag and Call-ID follow from the id by a hash seeded at start: nothing to keep, the same in every
 * retransmission, and not to be guessed from the branch (RFC 3261 8.1.1.3, 8.1.1.4). The request
 * is that of facts 2.3: the contact's own bytes, a real-looking From, our reachable address. */
void probe_text_write(struct strbuf *out, uint64_t id, enum transport transport, const char *words)
{
	char branch[PROBE_BRANCH_DIGITS + 1], tag[PROBE_BRANCH_DIGITS + 1];
	char call_id[PROBE_BRANCH_DIGITS + 1];
	struct slice w[WORDS];
	struct sip_request_head h = {.method = "OPTIONS",
				     .transport = transport,
				     .branch = branch,
				     .from_tag = tag,
				     .call_id = call_id,
				     .cseq = 1};

	unpack(words, w);
	h.request_uri = w[WORD_URI];
	h.route = w[WORD_ROUTE];
	h.to_uri = w[WORD_TO];
	h.from_uri = w[WORD_FROM];
	h.sent_by = w[WORD_SENT_BY];
	write_hex(id, branch);
	write_hex(hash_u64(id + 1), tag);
	write_hex(hash_u64(hash_u64(id)), call_id);
	sip_build_request(out, &h);
	strbuf_add_str(out, "Contact: <sip:regtop@");
	strbuf_add_slice(out, h.sent_by);
	strbuf_add_str(out, ">\r\nAccept: application/sdp\r\n");
	sip_build_end(out, SLICE_NONE);
}

bool probe_text_read_branch(struct slice branch, uint64_t *id)
{
	uint64_t v = 0;

	if (branch.n < 7 + PROBE_BRANCH_DIGITS || !slice_starts_with(branch, "z9hG4bK"))
		return false;
	for (size_t i = 7; i < 7 + PROBE_BRANCH_DIGITS; i++) {
		int digit = slice_hex_digit(branch.p[i]);

		if (digit < 0)
			return false;
		v = v << 4 | (unsigned)digit;
	}
	*id = v;
	return true;
}
