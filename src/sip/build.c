/* SIP messages out: requests and responses as bounded text, raw URIs kept byte for byte. */
#include "sip/build.h"

#include "sip/values.h"

/* URIs and Paths come from databases and phones: a line break in one would begin a header of its
 * author's making. Whoever sends has checked them; this is the last door. */
void sip_build_add(struct strbuf *out, struct slice s)
{
	size_t from = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] != '\r' && s.p[i] != '\n' && s.p[i] != '\0')
			continue;
		strbuf_add(out, s.p + from, i - from);
		from = i + 1;
	}
	if (s.n > from)
		strbuf_add(out, s.p + from, s.n - from);
}

static void add_number(struct strbuf *out, size_t v)
{
	char digits[24];
	size_t at = sizeof(digits);

	do
		digits[--at] = (char)('0' + v % 10);
	while (v /= 10);
	strbuf_add(out, digits + at, sizeof(digits) - at);
}

char *sip_build_sent_by(const struct netaddr *a, char out[NETADDR_STR])
{
	return netaddr_port(a) ? netaddr_format(a, out) : netaddr_format_host(a, out);
}

/* Piece by piece: a sweep writes thousands of these a second, and a format is read each time. */
void sip_build_request(struct strbuf *out, const struct sip_request_head *h)
{
	strbuf_reserve(out, 512 + h->request_uri.n + h->route.n + h->to_uri.n);
	strbuf_add_str(out, h->method);
	strbuf_add_char(out, ' ');
	sip_build_add(out, h->request_uri);
	strbuf_add_str(out, h->transport == TRANSPORT_TCP ? " SIP/2.0\r\nVia: SIP/2.0/TCP "
							  : " SIP/2.0\r\nVia: SIP/2.0/UDP ");
	sip_build_add(out, h->sent_by);
	strbuf_add_str(out, ";branch=z9hG4bK");
	strbuf_add_str(out, h->branch);
	strbuf_add_str(out, ";rport\r\n");
	if (h->route.n) {
		strbuf_add_str(out, "Route: ");
		sip_build_add(out, h->route);
		strbuf_add_str(out, "\r\n");
	}
	strbuf_add_str(out, "Max-Forwards: 70\r\nFrom: ");
	if (h->from_display) {
		strbuf_add_char(out, '"');
		strbuf_add_str(out, h->from_display);
		strbuf_add_str(out, "\" ");
	}
	strbuf_add_char(out, '<');
	sip_build_add(out, h->from_uri);
	strbuf_add_str(out, ">;tag=");
	strbuf_add_str(out, h->from_tag);
	strbuf_add_str(out, "\r\nTo: <");
	sip_build_add(out, h->to_uri);
	strbuf_add_char(out, '>');
	if (h->to_tag.n) {
		strbuf_add_str(out, ";tag=");
		sip_build_add(out, h->to_tag);
	}
	strbuf_add_str(out, "\r\nCall-ID: ");
	strbuf_add_str(out, h->call_id);
	strbuf_add_str(out, "\r\nCSeq: ");
	add_number(out, h->cseq);
	strbuf_add_char(out, ' ');
	strbuf_add_str(out, h->method);
	strbuf_add_str(out, "\r\nUser-Agent: " SIP_PRODUCT "\r\n");
}

/* The topmost Via with received and rport as we saw them; what the client put there itself is left
 * out: it would be believed by whoever reads the answer (RFC 3581 4, RFC 3261 18.2.1). */
static void add_top_via(struct strbuf *out, const struct sip_via *via, const struct sip_flow *from)
{
	struct slice rest = via->raw, one, key;
	struct netaddr sent_by;
	char host[NETADDR_STR];
	bool named;

	strbuf_add_str(out, "Via: ");
	strbuf_add_slice(out, value_param_next(&rest));
	while ((one = value_param_next(&rest)).n) {
		slice_cut(one, '=', &key);
		key = slice_trim(key);
		if (slice_ieq_str(key, "received") || slice_ieq_str(key, "rport"))
			continue;
		strbuf_add_char(out, ';');
		strbuf_add_slice(out, one);
	}
	named = netaddr_parse(via->host, 0, &sent_by) < 0;
	/* With rport, received is always there; without, only when it tells something. */
	if (via->rport || named || !netaddr_same_host(&sent_by, &from->remote)) {
		struct slice text = slice_of(netaddr_format_host(&from->remote, host));

		/* IPv6 without brackets, as RFC 3261 25.1 has it. */
		if (text.n > 2 && text.p[0] == '[')
			text = slice_make(text.p + 1, text.n - 2);
		strbuf_add_str(out, ";received=");
		strbuf_add_slice(out, text);
	}
	if (via->rport)
		strbuf_addf(out, ";rport=%u", netaddr_port(&from->remote));
	strbuf_add_str(out, "\r\n");
}

static void add_header(struct strbuf *out, const char *name, struct slice value)
{
	strbuf_addf(out, "%s: ", name);
	strbuf_add_slice(out, value);
	strbuf_add_str(out, "\r\n");
}

void sip_build_response(struct strbuf *out, const struct sip_msg *req, const struct sip_flow *from,
			int code, const char *reason, const char *to_tag)
{
	struct sip_via via;
	struct slice one;

	strbuf_addf(out, "SIP/2.0 %d %s\r\n", code, reason ? reason : sip_reason_phrase(code));
	if (sip_msg_via(req, &via))
		add_top_via(out, &via, from);
	for (unsigned i = 1; (one = sip_msg_list(req, "via", i)).n; i++)
		add_header(out, "Via", one);
	add_header(out, "From", sip_msg_header(req, "from", 0));
	strbuf_add_str(out, "To: ");
	strbuf_add_slice(out, sip_msg_header(req, "to", 0));
	if (to_tag && sip_msg_to_tag(req).n == 0)
		strbuf_addf(out, ";tag=%s", to_tag);
	strbuf_add_str(out, "\r\n");
	add_header(out, "Call-ID", sip_msg_call_id(req));
	add_header(out, "CSeq", sip_msg_header(req, "cseq", 0));
}

void sip_build_end(struct strbuf *out, struct slice body)
{
	strbuf_add_str(out, "Content-Length: ");
	add_number(out, body.n);
	strbuf_add_str(out, "\r\n\r\n");
	strbuf_add_slice(out, body);
}

const char *sip_reason_phrase(int code)
{
	static const struct {
		int code;
		const char *phrase;
	} phrases[] = {
		{100, "Trying"},
		{180, "Ringing"},
		{200, "OK"},
		{400, "Bad Request"},
		{401, "Unauthorized"},
		{403, "Forbidden"},
		{404, "Not Found"},
		{405, "Method Not Allowed"},
		{408, "Request Timeout"},
		{410, "Gone"},
		{413, "Request Entity Too Large"},
		{416, "Unsupported URI Scheme"},
		{420, "Bad Extension"},
		{423, "Interval Too Brief"},
		{439, "First Hop Lacks Outbound Support"},
		{480, "Temporarily Unavailable"},
		{481, "Call/Transaction Does Not Exist"},
		{483, "Too Many Hops"},
		{486, "Busy Here"},
		{487, "Request Terminated"},
		{488, "Not Acceptable Here"},
		{500, "Server Internal Error"},
		{501, "Not Implemented"},
		{503, "Service Unavailable"},
		{505, "Version Not Supported"},
		{513, "Message Too Large"},
	};

	for (size_t i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++)
		if (phrases[i].code == code)
			return phrases[i].phrase;
	return code < 200 ? "Progress" : code < 300 ? "OK" : code < 500 ? "Refused" : "Failed";
}

void sip_response_flow(const struct sip_msg *req, const struct sip_flow *from, struct sip_flow *out)
{
	struct sip_via via;

	*out = *from;
	if (from->transport != TRANSPORT_UDP || !sip_msg_via(req, &via) || via.rport)
		return;
	/* RFC 3261 18.2.2: to received, at the port that the Via names, or the default. maddr is
	 * not followed: it would let a stranger choose whom we write to. */
	netaddr_set_port(&out->remote, via.port ? via.port : 5060);
}
