/* SIP messages in: pre-filter, osip as parser, our own checks; raw bytes stay at hand. */
#include "sip/message.h"

#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
#include <osip2/osip.h>
#include <osipparser2/osip_message.h>
#include <osipparser2/osip_parser.h>
#include <osipparser2/osip_port.h>
#include "base/alloc.h"
#include "base/sipuri.h"
#include "sip/prefilter.h"

#define MAX_HEADERS 128
#define MAX_CSEQ    0x7fffffffU

struct header {
	struct slice name, value;
};

struct sip_msg {
	char *raw; /* as it came */
	struct slice all;
	char *text; /* the head with folded lines unfolded; slices point into it */
	struct slice body;
	struct header headers[MAX_HEADERS];
	unsigned count;
	bool request;
	int code;
	struct slice method, request_uri, version, reason;
	struct slice call_id, from_uri, from_tag, to_uri, to_tag, cseq_method;
	uint32_t cseq;
};

/* RFC 3261 7.3.3 and the registry of compact forms. */
static const struct {
	char letter;
	const char *name;
} compact[] = {
	{'v', "via"},
	{'f', "from"},
	{'t', "to"},
	{'i', "call-id"},
	{'m', "contact"},
	{'e', "content-encoding"},
	{'l', "content-length"},
	{'c', "content-type"},
	{'s', "subject"},
	{'k', "supported"},
	{'o', "event"},
	{'u', "allow-events"},
	{'r', "refer-to"},
	{'b', "referred-by"},
	{'x', "session-expires"},
};

static void osip_silent(const char *file, int line, osip_trace_level_t level, const char *fmt,
			va_list ap)
{
	(void)file;
	(void)line;
	(void)level;
	(void)fmt;
	(void)ap;
}

void sip_message_init(void)
{
	static bool done;

	if (done)
		return;
	done = true;
	/* Before parser_init(): by default osip traces to stdout, which is the screen. */
	osip_trace_initialize_func(OSIP_FATAL, osip_silent);
	parser_init();
}

static bool name_is(struct slice name, const char *wanted)
{
	if (slice_ieq_str(name, wanted))
		return true;
	if (name.n != 1)
		return false;
	for (size_t i = 0; i < sizeof(compact) / sizeof(compact[0]); i++)
		if ((name.p[0] | 0x20) == compact[i].letter)
			return slice_ieq_str(slice_of(compact[i].name), wanted);
	return false;
}

/* Copies the head so that every header stands on one line. */
static void unfold(struct sip_msg *m, struct slice head)
{
	size_t n = 0;

	m->text = xmalloc(head.n + 1);
	for (size_t i = 0; i < head.n; i++) {
		char c = head.p[i];

		if (c == '\r' && i + 1 < head.n && head.p[i + 1] == '\n')
			continue;
		if (c == '\n' && i + 1 < head.n && (head.p[i + 1] == ' ' || head.p[i + 1] == '\t'))
			c = ' ';
		m->text[n++] = c;
	}
	m->text[n] = '\0';
}

static bool index_headers(struct sip_msg *m)
{
	struct slice rest = slice_of(m->text), line;

	rest = slice_cut(rest, '\n', &line);
	if (m->request) {
		struct slice tail = slice_cut(line, ' ', &m->method);

		m->version = slice_cut(tail, ' ', &m->request_uri);
	} else {
		m->code = (line.p[8] - '0') * 100 + (line.p[9] - '0') * 10 + (line.p[10] - '0');
		m->reason = slice_trim(slice_skip(line, 11));
	}
	while (rest.n) {
		struct header *h = &m->headers[m->count];

		rest = slice_cut(rest, '\n', &line);
		if (line.n == 0)
			break;
		if (m->count == MAX_HEADERS || slice_find_char(line, ':') < 0)
			return false;
		h->value = slice_trim(slice_cut(line, ':', &h->name));
		h->name = slice_trim(h->name);
		if (h->name.n == 0)
			return false;
		m->count++;
	}
	return true;
}

struct slice sip_msg_header(const struct sip_msg *m, const char *name, unsigned i)
{
	for (unsigned k = 0; k < m->count; k++)
		if (name_is(m->headers[k].name, name) && i-- == 0)
			return m->headers[k].value;
	return SLICE_NONE;
}

/* First element of a comma list; *rest gets what follows the comma. */
static struct slice list_first(struct slice v, struct slice *rest)
{
	bool quoted = false, angle = false;

	for (size_t i = 0; i < v.n; i++) {
		char c = v.p[i];

		if (c == '\\' && quoted)
			i++;
		else if (c == '"' && !angle)
			quoted = !quoted;
		else if (c == '<' && !quoted)
			angle = true;
		else if (c == '>' && !quoted)
			angle = false;
		else if (c == ',' && !quoted && !angle) {
			*rest = slice_skip(v, i + 1);
			return slice_trim(slice_make(v.p, i));
		}
	}
	*rest = SLICE_NONE;
	return slice_trim(v);
}

struct slice sip_msg_list(const struct sip_msg *m, const char *name, unsigned i)
{
	for (unsigned k = 0; k < m->count; k++) {
		struct slice rest = m->headers[k].value, one;

		if (!name_is(m->headers[k].name, name))
			continue;
		while (rest.n) {
			one = list_first(rest, &rest);
			if (one.n && i-- == 0)
				return one;
		}
	}
	return SLICE_NONE;
}

/* Splits "Name" <uri>;params or uri;params; uri keeps its bytes. False when brackets are open. */
static bool split_address(struct slice v, struct slice *display, struct slice *uri,
			  struct slice *params)
{
	bool quoted = false;

	*display = SLICE_NONE;
	*params = SLICE_NONE;
	for (size_t i = 0; i < v.n; i++) {
		char c = v.p[i];

		if (c == '\\' && quoted)
			i++;
		else if (c == '"')
			quoted = !quoted;
		else if (c == '<' && !quoted) {
			struct slice in = slice_skip(v, i + 1), after;
			ptrdiff_t close = slice_find_char(in, '>');

			if (close < 0)
				return false;
			*display = slice_trim(slice_make(v.p, i));
			*uri = slice_trim(slice_make(in.p, (size_t)close));
			after = slice_trim(slice_skip(in, (size_t)close + 1));
			if (after.n && after.p[0] == ';')
				*params = slice_skip(after, 1);
			return after.n == 0 || after.p[0] == ';';
		}
	}
	if (quoted)
		return false;
	/* Without brackets all parameters are the header's (RFC 3261 20). */
	*params = slice_cut(v, ';', uri);
	*uri = slice_trim(*uri);
	return true;
}

bool sip_param(struct slice params, const char *name, struct slice *value)
{
	bool quoted = false;
	size_t start = 0;

	for (size_t i = 0; i <= params.n; i++) {
		struct slice one, key, val;

		if (i < params.n) {
			char c = params.p[i];

			if (c == '\\' && quoted) {
				i++;
				continue;
			}
			if (c == '"')
				quoted = !quoted;
			if (c != ';' || quoted)
				continue;
		}
		one = slice_make(params.p + start, (i < params.n ? i : params.n) - start);
		start = i + 1;
		val = slice_trim(slice_cut(one, '=', &key));
		if (!slice_ieq_str(slice_trim(key), name))
			continue;
		if (val.n >= 2 && val.p[0] == '"' && val.p[val.n - 1] == '"')
			val = slice_make(val.p + 1, val.n - 2);
		if (value)
			*value = val;
		return true;
	}
	return false;
}

bool sip_msg_contact(const struct sip_msg *m, unsigned i, struct sip_contact *out)
{
	struct slice v = sip_msg_list(m, "contact", i), display;

	memset(out, 0, sizeof(*out));
	if (v.n == 0)
		return false;
	if (slice_eq_str(v, "*")) {
		out->star = true;
		return true;
	}
	if (!split_address(v, &display, &out->uri, &out->params))
		out->uri = SLICE_NONE;
	/* "*;expires=0" is no wildcard (osip would take it for one), and no URI either. */
	if (out->uri.n && out->uri.p[0] == '*')
		out->uri = SLICE_NONE;
	return true;
}

bool sip_msg_via(const struct sip_msg *m, struct sip_via *out)
{
	struct slice v = sip_msg_list(m, "via", 0), proto, rest, sent_by, params, value;
	uint64_t port;

	memset(out, 0, sizeof(*out));
	out->raw = v;
	/* "SIP/2.0/UDP host:port;branch=…", with blanks allowed around the slashes. */
	params = slice_cut(v, ';', &rest);
	rest = slice_trim(rest);
	for (size_t i = rest.n; i > 0; i--) {
		if (rest.p[i - 1] == ' ' || rest.p[i - 1] == '\t') {
			proto = slice_trim(slice_make(rest.p, i));
			sent_by = slice_skip(rest, i);
			goto found;
		}
	}
	return false;
found:
	for (size_t i = proto.n; i > 0; i--) {
		if (proto.p[i - 1] == '/') {
			out->transport = transport_parse(slice_trim(slice_skip(proto, i)));
			break;
		}
	}
	if (!slice_starts_with(proto, "SIP") && !slice_starts_with(proto, "sip"))
		return false;
	out->host = sent_by;
	if (sent_by.n && sent_by.p[0] == '[') {
		ptrdiff_t close = slice_find_char(sent_by, ']');

		if (close < 0)
			return false;
		out->host = slice_make(sent_by.p + 1, (size_t)close - 1);
		value = slice_skip(sent_by, (size_t)close + 1);
		if (value.n && value.p[0] != ':')
			return false;
		value = slice_skip(value, 1);
	} else {
		value = slice_cut(sent_by, ':', &out->host);
	}
	if (value.n) {
		if (!slice_to_u64(value, 65535, &port))
			return false;
		out->port = (unsigned)port;
	}
	sip_param(params, "branch", &out->branch);
	out->rport = sip_param(params, "rport", NULL);
	return out->host.n > 0 && out->host.n < 256;
}

unsigned sip_msg_via_count(const struct sip_msg *m)
{
	unsigned n = 0;

	while (sip_msg_list(m, "via", n).n)
		n++;
	return n;
}

/* The fields without which nothing can be answered. */
static bool fill_dialog(struct sip_msg *m)
{
	struct slice display, params;
	struct slice from = sip_msg_header(m, "from", 0), to = sip_msg_header(m, "to", 0);

	m->call_id = sip_msg_header(m, "call-id", 0);
	if (from.n == 0 || to.n == 0 || m->call_id.n == 0)
		return false;
	if (!split_address(from, &display, &m->from_uri, &params))
		return false;
	sip_param(params, "tag", &m->from_tag);
	if (!split_address(to, &display, &m->to_uri, &params))
		return false;
	sip_param(params, "tag", &m->to_tag);
	return true;
}

static bool fill_cseq(struct sip_msg *m)
{
	struct slice v = sip_msg_header(m, "cseq", 0), number;
	uint64_t n;
	size_t i = 0;

	while (i < v.n && v.p[i] != ' ' && v.p[i] != '\t')
		i++;
	number = slice_make(v.p, i);
	m->cseq_method = slice_trim(slice_skip(v, i));
	if (!slice_to_u64(number, MAX_CSEQ, &n) || m->cseq_method.n == 0)
		return false;
	m->cseq = (uint32_t)n;
	return true;
}

/* 0 when the request can be served, else the status that refuses it. */
static int check_request(const struct sip_msg *m, const char **why)
{
	struct slice length = sip_msg_header(m, "content-length", 0);
	struct sip_uri uri;
	uint64_t n;

	*why = "the version is not SIP/2.0";
	if (!slice_ieq_str(m->version, "SIP/2.0"))
		return 505;
	*why = "method and CSeq differ";
	if (!slice_eq(m->method, m->cseq_method))
		return 400;
	*why = "Content-Length is no number";
	if (length.p && length.n == 0)
		return 400;
	if (length.n && !slice_to_u64(length, UINT32_MAX, &n))
		return 400;
	*why = "Content-Length is larger than the body";
	if (length.n && n > m->body.n)
		return 400;
	*why = "the Request-URI is no URI";
	if (sip_uri_split(m->request_uri, &uri) < 0)
		return 400;
	*why = "the Request-URI has an unknown scheme";
	if (!uri.is_sip)
		return 416;
	*why = "the Request-URI carries headers";
	if (uri.headers.n)
		return 400;
	*why = "a mandatory header is there twice";
	if (sip_msg_header(m, "from", 1).p || sip_msg_header(m, "to", 1).p ||
	    sip_msg_header(m, "call-id", 1).p || sip_msg_header(m, "cseq", 1).p)
		return 400;
	*why = NULL;
	return 0;
}

/* osip's opinion on the syntax; the message itself is not kept. */
static bool osip_accepts(const struct prefilter *p)
{
	struct strbuf head = STRBUF_INIT;
	osip_message_t *osip = NULL;
	bool ok = false;

	prefilter_copy_head(p, &head);
	if (osip_message_init(&osip) == 0) {
		ok = osip_message_parse(osip, strbuf_str(&head), head.n) == 0;
		osip_message_free(osip);
	}
	strbuf_free(&head);
	return ok;
}

static enum sip_input rubbish(struct sip_msg *m, const char **why, const char *words)
{
	*why = words;
	sip_msg_free(m);
	return SIP_IN_RUBBISH;
}

enum sip_input sip_msg_parse(const void *buf, size_t n, struct sip_msg **out, int *status,
			     const char **why)
{
	const char *ignored_why;
	int ignored_status, refuse = 0;
	struct prefilter p;
	struct sip_via via;
	struct sip_msg *m;

	if (!why)
		why = &ignored_why;
	if (!status)
		status = &ignored_status;
	*out = NULL;
	*status = 0;
	prefilter_look(slice_make(buf, n), &p);
	*why = p.why;
	if (p.input != SIP_IN_MESSAGE)
		return p.input;
	sip_message_init();
	m = xcalloc(1, sizeof(*m));
	m->raw = xmalloc(n + 1);
	memcpy(m->raw, buf, n);
	m->all = slice_make(m->raw, n);
	m->request = p.request;
	if (p.body.n)
		m->body = slice_make(m->raw + (p.body.p - (const char *)buf), p.body.n);
	unfold(m, p.head);
	if (!index_headers(m))
		return rubbish(m, why, "a header line without a colon");
	if (!sip_msg_via(m, &via))
		return rubbish(m, why, "no usable Via");
	if (!fill_dialog(m))
		return rubbish(m, why, "From, To or Call-ID is missing or broken");
	if (!fill_cseq(m)) {
		if (!m->request)
			return rubbish(m, why, "CSeq is missing or broken");
		*why = "CSeq is missing or broken";
		refuse = 400;
	}
	if (!m->request && (m->code < 100 || m->code > 699))
		return rubbish(m, why, "the status code is none");
	if (m->request && !refuse)
		refuse = check_request(m, why);
	if (!refuse && !osip_accepts(&p)) {
		if (!m->request)
			return rubbish(m, why, "the syntax is broken");
		*why = "the syntax is broken";
		refuse = 400;
	}
	if (!m->request)
		m->method = m->cseq_method;
	*out = m;
	*status = refuse;
	return refuse ? SIP_IN_BAD_REQUEST : SIP_IN_MESSAGE;
}

void sip_msg_free(struct sip_msg *m)
{
	if (!m)
		return;
	free(m->raw);
	free(m->text);
	free(m);
}

bool sip_msg_is_request(const struct sip_msg *m)
{
	return m->request;
}

struct slice sip_msg_method(const struct sip_msg *m)
{
	return m->method;
}

struct slice sip_msg_request_uri(const struct sip_msg *m)
{
	return m->request_uri;
}

int sip_msg_code(const struct sip_msg *m)
{
	return m->code;
}

struct slice sip_msg_reason(const struct sip_msg *m)
{
	return m->reason;
}

struct slice sip_msg_call_id(const struct sip_msg *m)
{
	return m->call_id;
}

uint32_t sip_msg_cseq(const struct sip_msg *m)
{
	return m->cseq;
}

struct slice sip_msg_from_uri(const struct sip_msg *m)
{
	return m->from_uri;
}

struct slice sip_msg_from_tag(const struct sip_msg *m)
{
	return m->from_tag;
}

struct slice sip_msg_to_uri(const struct sip_msg *m)
{
	return m->to_uri;
}

struct slice sip_msg_to_tag(const struct sip_msg *m)
{
	return m->to_tag;
}

struct slice sip_msg_raw(const struct sip_msg *m)
{
	return m->all;
}

struct slice sip_msg_body(const struct sip_msg *m)
{
	return m->body;
}
