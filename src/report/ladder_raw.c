/* One message as lines for a person: cleaned, without what proves an identity, redacted if wanted.
 */
#include "report/ladder_raw.h"

#include "base/text.h"
#include "report/redact.h"

#define HIDDEN "(hidden)"

/* What may be seen of a header's value. */
enum seen {
	SEEN_NOT,      /* proves an identity: never */
	SEEN_AS_IT_IS, /* tells nothing about persons */
	SEEN_TEXT,     /* without addresses and device numbers */
	SEEN_AGENT,    /* without device numbers; versions have dots as addresses have */
	SEEN_URI,      /* the first URI, redacted */
	SEEN_VIA,      /* the protocol and who sent it, without parameters */
	SEEN_OPEN,     /* nothing is known of it: not in a redacted text */
};

static const struct {
	const char *name, *compact;
	enum seen seen;
} headers[] = {
	{"Authorization", NULL, SEEN_NOT},
	{"Proxy-Authorization", NULL, SEEN_NOT},
	{"Authentication-Info", NULL, SEEN_NOT},
	{"Proxy-Authentication-Info", NULL, SEEN_NOT},
	{"Accept", NULL, SEEN_AS_IT_IS},
	{"Accept-Encoding", NULL, SEEN_AS_IT_IS},
	{"Accept-Language", NULL, SEEN_AS_IT_IS},
	{"Allow", NULL, SEEN_AS_IT_IS},
	{"Allow-Events", "u", SEEN_AS_IT_IS},
	{"Content-Length", "l", SEEN_AS_IT_IS},
	{"Content-Type", "c", SEEN_AS_IT_IS},
	{"CSeq", NULL, SEEN_AS_IT_IS},
	{"Expires", NULL, SEEN_AS_IT_IS},
	{"Max-Forwards", NULL, SEEN_AS_IT_IS},
	{"Min-SE", NULL, SEEN_AS_IT_IS},
	{"Require", NULL, SEEN_AS_IT_IS},
	{"Proxy-Require", NULL, SEEN_AS_IT_IS},
	{"Retry-After", NULL, SEEN_AS_IT_IS},
	{"RSeq", NULL, SEEN_AS_IT_IS},
	{"Session-Expires", "x", SEEN_AS_IT_IS},
	{"Supported", "k", SEEN_AS_IT_IS},
	{"Unsupported", NULL, SEEN_AS_IT_IS},
	{"Reason", NULL, SEEN_TEXT},
	{"Warning", NULL, SEEN_TEXT},
	{"Server", NULL, SEEN_AGENT},
	{"User-Agent", NULL, SEEN_AGENT},
	{"Contact", "m", SEEN_URI},
	{"From", "f", SEEN_URI},
	{"To", "t", SEEN_URI},
	{"Route", NULL, SEEN_URI},
	{"Record-Route", NULL, SEEN_URI},
	{"Path", NULL, SEEN_URI},
	{"Via", "v", SEEN_VIA},
};

static enum seen seen_of(struct slice name)
{
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		if (slice_ieq_str(name, headers[i].name) ||
		    (headers[i].compact && slice_ieq_str(name, headers[i].compact)))
			return headers[i].seen;
	return SEEN_OPEN;
}

static struct slice take_line(struct slice *rest)
{
	struct slice line;

	*rest = slice_cut(*rest, '\n', &line);
	if (line.n && line.p[line.n - 1] == '\r')
		line.n--;
	return line;
}

/* ---- redacted -------------------------------------------------------------------------------- */

/* Of "Name" <sip:x@y;a=b>;tag=z the URI; without brackets all before the first parameter. */
static struct slice first_uri(struct slice value)
{
	struct slice uri, head;
	ptrdiff_t open = slice_find_char(value, '<');

	if (open >= 0) {
		slice_cut(slice_skip(value, (size_t)open + 1), '>', &uri);
		return uri;
	}
	slice_cut(value, ';', &head);
	slice_cut(head, ',', &uri);
	return slice_trim(uri);
}

static void add_redacted(enum seen seen, struct slice value, struct strbuf *out)
{
	struct slice head;

	switch (seen) {
	case SEEN_AS_IT_IS:
		text_clean(value, false, out);
		break;
	case SEEN_TEXT:
		/* "User 4021@acme.example is away": somebody's number in free words. */
		if (slice_find_char(value, '@') >= 0 ||
		    slice_find_icase(value, SLICE_LIT("sip:")) >= 0)
			strbuf_add_str(out, HIDDEN);
		else
			redact_text(value, out);
		break;
	case SEEN_AGENT:
		redact_agent(value, out);
		break;
	case SEEN_URI:
		strbuf_add_char(out, '<');
		redact_uri(first_uri(value), out);
		strbuf_add_char(out, '>');
		break;
	case SEEN_VIA:
		slice_cut(value, ';', &head);
		redact_text(head, out);
		break;
	case SEEN_NOT:
	case SEEN_OPEN:
		strbuf_add_str(out, HIDDEN);
		break;
	}
}

/* "METHOD uri SIP/2.0" or "SIP/2.0 180 Ringing". */
static void add_first_line(struct slice line, bool redact, struct strbuf *out)
{
	struct slice method, uri, rest;

	if (!redact) {
		text_clean(line, false, out);
	} else if (slice_starts_with(line, "SIP/2.0 ")) {
		redact_text(line, out);
	} else {
		rest = slice_cut(line, ' ', &method);
		rest = slice_cut(rest, ' ', &uri);
		text_clean(method, false, out);
		strbuf_add_char(out, ' ');
		redact_uri(uri, out);
		strbuf_add_char(out, ' ');
		text_clean(rest, false, out);
	}
}

/* ---- lines ----------------------------------------------------------------------------------- */

/* A line that goes on with the header before it is shown or hidden with that. */
static void add_header(struct slice line, bool redact, enum seen *before, struct strbuf *out)
{
	bool folded = line.p[0] == ' ' || line.p[0] == '\t';
	struct slice name, value = folded ? line : slice_cut(line, ':', &name);
	enum seen seen = folded ? *before : seen_of(slice_trim(name));

	*before = seen;
	if (redact && !folded && !value.p) {
		strbuf_add_str(out, HIDDEN);
		return;
	}
	if (folded) {
		strbuf_add_char(out, ' ');
	} else {
		text_clean(slice_trim(name), false, out);
		strbuf_add_str(out, value.p ? ": " : "");
	}
	if (seen == SEEN_NOT)
		strbuf_add_str(out, HIDDEN);
	else if (redact && folded)
		/* Half a URI or parameter cannot be told. */
		strbuf_add_str(out, HIDDEN);
	else if (redact)
		add_redacted(seen, slice_trim(value), out);
	else
		text_clean(slice_trim(value), false, out);
}

/* Session descriptions (RFC 4566): keys (RFC 4568) never; redacted, only media and codecs. */
static void add_body(struct slice line, bool redact, struct strbuf *out)
{
	bool key = slice_starts_with(line, "k=") ||
		   slice_find_icase(line, SLICE_LIT("a=crypto:")) == 0 ||
		   slice_find_icase(line, SLICE_LIT("a=key-mgmt:")) == 0 ||
		   slice_find_icase(line, SLICE_LIT("a=ice-pwd:")) == 0;
	bool plain = slice_starts_with(line, "v=") || slice_starts_with(line, "t=") ||
		     slice_starts_with(line, "m=") || slice_starts_with(line, "a=rtpmap:") ||
		     slice_starts_with(line, "a=sendrecv") ||
		     slice_starts_with(line, "a=sendonly") ||
		     slice_starts_with(line, "a=recvonly") || slice_starts_with(line, "a=inactive");

	if (!key && (!redact || plain))
		text_clean(line, false, out);
	else
		strbuf_addf(out, "%.*s" HIDDEN, line.n > 1 && line.p[1] == '=' ? 2 : 0, line.p);
}

static void put_line(const struct strbuf *line, unsigned indent, bool ascii_only,
		     struct strbuf *out)
{
	strbuf_add_fill(out, ' ', indent);
	text_clean(strbuf_slice(line), ascii_only, out);
	strbuf_add_char(out, '\n');
}

void ladder_raw(struct slice message, unsigned indent, bool redact, bool ascii_only,
		struct strbuf *out)
{
	enum seen before = SEEN_NOT;
	bool first = true, body = false;
	struct strbuf text = STRBUF_INIT;
	struct slice line;

	while (message.n) {
		line = take_line(&message);
		strbuf_clear(&text);
		if (first)
			add_first_line(line, redact, &text);
		else if (body)
			add_body(line, redact, &text);
		else if (line.n)
			add_header(line, redact, &before, &text);
		else
			body = true;
		first = false;
		/* The empty line at the end of a message without a body says nothing. */
		if (line.n || message.n)
			put_line(&text, line.n ? indent : 0, ascii_only, out);
	}
	strbuf_free(&text);
}
