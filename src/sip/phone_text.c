/* What a simulated phone says and reads: its REGISTER, its answers, the registrar's answers. */
#include "sip/phone_text.h"

#include <limits.h>
#include <stdio.h>
#include "base/hash.h"
#include "base/sipuri.h"
#include "sip/build.h"

#define ALLOW "INVITE, ACK, CANCEL, BYE, OPTIONS, NOTIFY, REFER, UPDATE, INFO"
/* Where the private phone believes it is. Nothing is ever sent there: no route leads to it from a
 * registrar on loopback. */
#define PRIVATE_ADDRESS "10.77.0.9:5060"

void phone_call_new(struct phone_call *call, unsigned index)
{
	call->index = index;
	call->cseq = 0;
	random_token(call->id, 16);
	random_token(call->tag, 8);
}

void phone_call_next(struct phone_call *call)
{
	call->cseq++;
	random_token(call->branch, 14);
}

unsigned phone_call_index(struct slice call_id)
{
	struct slice head;
	uint64_t v;

	slice_cut(call_id, '-', &head);
	return slice_to_u64(head, UINT_MAX - 1, &v) ? (unsigned)v : UINT_MAX;
}

bool phone_call_is(const struct phone_call *call, const struct sip_msg *response)
{
	struct slice head, rest = slice_cut(sip_msg_call_id(response), '-', &head);

	slice_cut(rest, '@', &head);
	return slice_eq_str(head, call->id) && sip_msg_cseq(response) == call->cseq;
}

/* ---- REGISTER -------------------------------------------------------------------------------- */

/* The private phone stands behind an edge that relays its REGISTER without a Path and without
 * mending the Contact: all that the registrar learns is an address it cannot reach. */
static void add_via(const struct phone_role *role, const struct phone_call *call,
		    const char *address, struct strbuf *out)
{
	strbuf_addf(out, "Via: SIP/2.0/%s %s;branch=z9hG4bK%s;rport\r\n",
		    role->kind == PHONE_TCP ? "TCP" : "UDP", address, call->branch);
	if (role->kind == PHONE_PRIVATE)
		strbuf_addf(out, "Via: SIP/2.0/UDP " PRIVATE_ADDRESS ";branch=z9hG4bK%sp;rport\r\n",
			    call->branch);
}

static void add_contact(const struct phone_role *role, const struct phone_call *call,
			const char *address, struct strbuf *out)
{
	strbuf_addf(out, "Contact: <sip:%s@%s", role->user,
		    role->kind == PHONE_PRIVATE ? PRIVATE_ADDRESS : address);
	if (call->shared)
		strbuf_addf(out, ";line=%u", call->index);
	if (role->kind == PHONE_TCP)
		strbuf_add_str(out, ";transport=tcp;ob");
	if (role->kind == PHONE_PUSH)
		strbuf_addf(out,
			    ";pn-provider=apns;pn-param=ABCD1234.org.linphone.phone.voip"
			    ";pn-prid=%.8s00fc13adff78512",
			    role->instance + sizeof("<urn:uuid:") - 1);
	strbuf_addf(out, ">;+sip.instance=\"%s\"", role->instance);
	if (role->kind == PHONE_TCP)
		strbuf_add_str(out, ";reg-id=1");
	strbuf_add_str(out, "\r\n");
}

void phone_add_register(const struct phone_role *role, const struct phone_call *call,
			const struct netaddr *addr, struct strbuf *out)
{
	char address[NETADDR_STR];

	netaddr_format(addr, address);
	strbuf_addf(out, "REGISTER sip:%s SIP/2.0\r\n", role->domain);
	add_via(role, call, address, out);
	strbuf_addf(out,
		    "Max-Forwards: 70\r\n"
		    "From: <sip:%s@%s>;tag=%s\r\n"
		    "To: <sip:%s@%s>\r\n"
		    "Call-ID: %u-%s@127.0.0.1\r\n"
		    "CSeq: %u REGISTER\r\n",
		    role->user, role->domain, call->tag, role->user, role->domain, call->index,
		    call->id, call->cseq);
	add_contact(role, call, address, out);
	strbuf_addf(out,
		    "Expires: %u\r\n"
		    "User-Agent: %s\r\n"
		    "Allow: " ALLOW "\r\n"
		    "Supported: path%s\r\n",
		    role->expires_s, role->agent, role->kind == PHONE_TCP ? ", outbound" : "");
	sip_build_end(out, SLICE_NONE);
}

unsigned phone_granted(const struct sip_msg *msg, const struct phone_role *role, unsigned otherwise)
{
	struct sip_contact c;
	struct slice v;
	uint64_t s, most = 0;

	/* A twin's old contact is in the list too: the younger one has more time left. */
	for (unsigned i = 0; sip_msg_contact(msg, i, &c); i++)
		if (sip_param(c.params, "+sip.instance", &v) && slice_eq_str(v, role->instance) &&
		    sip_param(c.params, "expires", &v) && slice_to_u64(v, UINT_MAX, &s) && s > most)
			most = s;
	return most ? (unsigned)most : otherwise;
}

unsigned phone_min_expires(const struct sip_msg *msg)
{
	uint64_t s;

	return slice_to_u64(slice_trim(sip_msg_header(msg, "Min-Expires", 0)), UINT_MAX, &s)
		       ? (unsigned)s
		       : 0;
}

/* ---- answers --------------------------------------------------------------------------------- */

/* What is asked for with Require, and no phone has. */
static bool is_refused(const struct sip_msg *msg)
{
	return sip_msg_header(msg, "Require", 0).n > 0;
}

/* It rings until the caller gives up: nobody is there to answer. */
static int answer_code(const struct phone_role *role, const struct sip_msg *msg)
{
	struct slice method = sip_msg_method(msg);

	if (slice_eq_str(method, "ACK") || role->kind == PHONE_SILENT || role->kind == PHONE_PUSH ||
	    role->kind == PHONE_PRIVATE)
		return 0;
	if (role->kind == PHONE_DISOWNS)
		return 404;
	if (role->kind == PHONE_BUSY)
		return 486;
	if (slice_eq_str(method, "INVITE"))
		return is_refused(msg) ? 420 : 180;
	return slice_eq_str(method, "OPTIONS") || slice_eq_str(method, "CANCEL") ? 200 : 405;
}

static void add_answer(const struct phone_role *role, const struct sip_msg *msg,
		       const struct sip_flow *from, int code, struct strbuf *out)
{
	char tag[20];

	/* The same for all answers to one call, so that it needs no memory. */
	snprintf(tag, sizeof(tag), "%016llx",
		 (unsigned long long)hash_bytes(sip_msg_call_id(msg).p, sip_msg_call_id(msg).n));
	sip_build_response(out, msg, from, code, NULL, tag);
	if (code == 420) {
		strbuf_add_str(out, "Unsupported: ");
		sip_build_add(out, sip_msg_header(msg, "Require", 0));
		strbuf_add_str(out, "\r\n");
	}
	strbuf_addf(out,
		    "User-Agent: %s\r\n"
		    "Allow: " ALLOW "\r\n"
		    "Accept: application/sdp\r\n",
		    role->answers_as);
	sip_build_end(out, SLICE_NONE);
}

bool phone_add_answer(const struct phone_role *role, const struct sip_msg *msg,
		      const struct sip_flow *from, struct strbuf *out)
{
	int code = answer_code(role, msg);

	if (code)
		add_answer(role, msg, from, code, out);
	return code != 0;
}

/* A CANCEL is its INVITE but for the method (RFC 3261 9.1), so that it tells what to answer. */
bool phone_add_ended(const struct phone_role *role, const struct sip_msg *cancel,
		     const struct sip_flow *from, struct strbuf *out)
{
	struct slice raw = sip_msg_raw(cancel), word = SLICE_LIT(" CANCEL\r\n");
	ptrdiff_t at = slice_find_icase(raw, word);
	struct strbuf text = STRBUF_INIT;
	struct sip_msg *invite = NULL;
	bool rings = at > 0 && slice_eq_str(sip_msg_method(cancel), "CANCEL") &&
		     answer_code(role, cancel) == 200;

	if (!rings)
		return false;
	strbuf_add_str(&text, "INVITE");
	strbuf_add_slice(&text, slice_make(raw.p + 6, (size_t)at - 6));
	strbuf_add_str(&text, " INVITE\r\n");
	strbuf_add_slice(&text, slice_skip(raw, (size_t)at + word.n));
	rings = sip_msg_parse(text.p, text.n, &invite, NULL, NULL) == SIP_IN_MESSAGE;
	if (rings)
		add_answer(role, invite, from, 487, out);
	sip_msg_free(invite);
	strbuf_free(&text);
	return rings;
}

unsigned phone_line_of(struct slice request_uri)
{
	struct sip_uri uri;
	struct slice v;
	uint64_t i;

	if (sip_uri_split(request_uri, &uri) < 0 || !sip_uri_param(&uri, "line", &v) ||
	    !slice_to_u64(v, UINT_MAX - 1, &i))
		return UINT_MAX;
	return (unsigned)i;
}
