/* What a test call sends, as text: INVITE, ACK, CANCEL, and requests inside its dialogs. */
#include "sip/call_text.h"

#include "base/sipuri.h"

/* Padding comes in lines that every parser takes. */
#define PAD_NAME     "X-Regtop-Padding: "
#define PAD_OVERHEAD (sizeof(PAD_NAME) - 1 + 2)
#define PAD_LINE_MAX 200
#define PAD_LINE_MIN (PAD_OVERHEAD + 1)

static struct sip_request_head head_of(const struct call *x, const char *method, const char *branch,
				       uint32_t cseq, char sent_by[NETADDR_STR])
{
	return (struct sip_request_head){
		.method = method,
		.request_uri = slice_of(x->request_uri),
		.route = slice_of(x->route),
		.transport = x->flow.transport,
		.sent_by = slice_of(sip_build_sent_by(&x->local, sent_by)),
		.branch = branch,
		.from_uri = slice_of(x->from_uri),
		.to_uri = slice_of(x->to_uri),
		.from_display = "Line test",
		.from_tag = x->from_tag,
		.call_id = x->call_id,
		.cseq = cseq,
	};
}

/* Our address with the user of our From, so that a call back reaches whoever that is. */
static void add_contact(struct strbuf *out, const struct call *x)
{
	char sent_by[NETADDR_STR];
	struct sip_uri from;

	strbuf_add_str(out, "Contact: <sip:");
	if (sip_uri_split(slice_of(x->from_uri), &from) == 0 && from.user.n) {
		sip_build_add(out, from.user);
		strbuf_add_char(out, '@');
	}
	strbuf_add_str(out, sip_build_sent_by(&x->local, sent_by));
	strbuf_add_str(out, x->flow.transport == TRANSPORT_TCP ? ";transport=tcp>\r\n" : ">\r\n");
}

/* So many bytes of whole header lines; n is 0 or at least PAD_LINE_MIN. */
static void add_padding(struct strbuf *out, size_t n)
{
	while (n) {
		size_t line = n > PAD_LINE_MAX ? PAD_LINE_MAX : n;

		/* What is left must be enough for a line of its own. */
		if (n > line && n - line < PAD_LINE_MIN)
			line -= PAD_LINE_MIN;
		strbuf_add_str(out, PAD_NAME);
		strbuf_add_fill(out, 'x', line - PAD_OVERHEAD);
		strbuf_add_str(out, "\r\n");
		n -= line;
	}
}

static void write_invite(struct strbuf *out, const struct call *x, const struct invite *i,
			 struct slice sdp, size_t pad)
{
	char sent_by[NETADDR_STR];
	struct sip_request_head h = head_of(x, "INVITE", i->branch, i->cseq, sent_by);

	sip_build_request(out, &h);
	add_contact(out, x);
	if (x->credentials)
		strbuf_add_str(out, x->credentials);
	/* Too little for a line of its own goes behind the subject. */
	strbuf_add_str(out, "Subject: line test");
	strbuf_add_fill(out, '.', pad < PAD_LINE_MIN ? pad : 0);
	strbuf_add_str(out, "\r\nAllow: " CALL_ALLOW "\r\nAccept: application/sdp\r\n");
	/* Neither 100rel nor timer: nobody needs PRACK, and no session is refreshed (facts 3.2). */
	strbuf_add_str(out, "Supported:\r\n");
	if (x->quiet)
		strbuf_add_str(out, "Require: " CALL_QUIET_TAG "\r\n");
	add_padding(out, pad < PAD_LINE_MIN ? 0 : pad);
	strbuf_add_str(out, "Content-Type: application/sdp\r\n");
	sip_build_end(out, sdp);
}

void call_text_invite(struct strbuf *out, const struct call *x, const struct invite *i,
		      struct slice sdp)
{
	size_t size;

	write_invite(out, x, i, sdp, 0);
	size = out->n;
	if (x->pad_to <= size)
		return;
	strbuf_clear(out);
	write_invite(out, x, i, sdp, x->pad_to - size);
}

void call_text_ack(struct strbuf *out, const struct call *x, const struct invite *i,
		   struct slice to_tag)
{
	char sent_by[NETADDR_STR];
	struct sip_request_head h = head_of(x, "ACK", i->branch, i->cseq, sent_by);

	h.to_tag = to_tag;
	sip_build_request(out, &h);
	/* RFC 3261 22.3: an ACK cannot be challenged, so it brings what the INVITE brought. */
	if (x->credentials && i->cseq > 1)
		strbuf_add_str(out, x->credentials);
	sip_build_end(out, SLICE_NONE);
}

void call_text_cancel(struct strbuf *out, const struct call *x, const struct invite *i)
{
	char sent_by[NETADDR_STR];
	struct sip_request_head h = head_of(x, "CANCEL", i->branch, i->cseq, sent_by);

	sip_build_request(out, &h);
	sip_build_end(out, SLICE_NONE);
}

void call_text_in_dialog(struct strbuf *out, const struct call *x, const struct dialog *d,
			 const char *method, const char *branch, uint32_t cseq,
			 const char *credentials)
{
	char sent_by[NETADDR_STR];
	struct sip_request_head h = head_of(x, method, branch, cseq, sent_by);

	h.request_uri = slice_of(d->target);
	h.route = slice_of(d->route);
	h.to_tag = slice_of(d->tag);
	sip_build_request(out, &h);
	if (credentials)
		strbuf_add_str(out, credentials);
	sip_build_end(out, SLICE_NONE);
}
