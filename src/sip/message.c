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
#include "sip/values.h"

#define MAX_CSEQ 0x7fffffffU /* RFC 3261 8.1.1.5 */
/* Max-Forwards starts at 70, so no honest request can have travelled further. */
#define MAX_VIAS 70

struct header {
	struct slice name, value;
};

struct sip_msg {
	char *raw; /* as it came */
	struct slice all;
	char *text; /* the head with folded lines unfolded; slices point into it */
	struct slice body;
	struct header headers[PREFILTER_MAX_LINES];
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

static void split_first_line(struct sip_msg *m, struct slice line)
{
	if (m->request) {
		struct slice tail = slice_cut(line, ' ', &m->method);

		m->version = slice_cut(tail, ' ', &m->request_uri);
	} else {
		/* The pre-filter has seen "SIP/2.0 " and three digits. */
		m->code = (line.p[8] - '0') * 100 + (line.p[9] - '0') * 10 + (line.p[10] - '0');
		m->reason = slice_trim(slice_skip(line, 11));
	}
}

/* Names and values of all headers; false when a line is none, but the others are there then. */
static bool index_headers(struct sip_msg *m)
{
	struct slice rest = slice_of(m->text), line;
	bool ok = true;

	rest = slice_cut(rest, '\n', &line);
	split_first_line(m, line);
	while (rest.n && m->count < PREFILTER_MAX_LINES) {
		struct header *h = &m->headers[m->count];
		struct slice value;

		rest = slice_cut(rest, '\n', &line);
		if (line.n == 0)
			break;
		value = slice_cut(line, ':', &h->name);
		h->name = slice_trim(h->name);
		h->value = slice_trim(value);
		if (value.p && h->name.n)
			m->count++;
		else
			ok = false;
	}
	return ok;
}

struct slice sip_msg_header(const struct sip_msg *m, const char *name, unsigned i)
{
	for (unsigned k = 0; k < m->count; k++)
		if (name_is(m->headers[k].name, name) && i-- == 0)
			return m->headers[k].value;
	return SLICE_NONE;
}

struct slice sip_msg_list(const struct sip_msg *m, const char *name, unsigned i)
{
	for (unsigned k = 0; k < m->count; k++) {
		struct slice rest = m->headers[k].value, one;

		if (!name_is(m->headers[k].name, name))
			continue;
		while ((one = value_list_next(&rest)).n)
			if (i-- == 0)
				return one;
	}
	return SLICE_NONE;
}

bool sip_msg_contact(const struct sip_msg *m, unsigned i, struct sip_contact *out)
{
	struct slice v = sip_msg_list(m, "contact", i);

	memset(out, 0, sizeof(*out));
	if (v.n == 0)
		return false;
	if (slice_eq_str(v, "*")) {
		out->star = true;
		return true;
	}
	/* "*;expires=0" is no wildcard (osip would take it for one), and no URI either. */
	if (!value_split_address(v, &out->uri, &out->params) || slice_eq_str(out->uri, "*"))
		out->uri = SLICE_NONE;
	return true;
}

bool sip_msg_via(const struct sip_msg *m, struct sip_via *out)
{
	return value_split_via(sip_msg_list(m, "via", 0), out);
}

unsigned sip_msg_via_count(const struct sip_msg *m)
{
	unsigned n = 0;

	for (unsigned k = 0; k < m->count; k++) {
		struct slice rest = m->headers[k].value;

		if (!name_is(m->headers[k].name, "via"))
			continue;
		while (value_list_next(&rest).n)
			n++;
	}
	return n;
}

/* ---- our own checks, beside what osip thinks ------------------------------------------------ */

#define DROP (-1)

/* So that a check reads as one line. */
static int refuse(int status, const char *words, const char **why)
{
	*why = words;
	return status;
}

static bool fill_addresses(struct sip_msg *m)
{
	struct slice params;

	if (!value_split_address(sip_msg_header(m, "from", 0), &m->from_uri, &params))
		return false;
	sip_param(params, "tag", &m->from_tag);
	if (!value_split_address(sip_msg_header(m, "to", 0), &m->to_uri, &params))
		return false;
	sip_param(params, "tag", &m->to_tag);
	return true;
}

static bool fill_cseq(struct sip_msg *m)
{
	struct slice v = sip_msg_header(m, "cseq", 0);
	uint64_t n;
	size_t i = 0;

	while (i < v.n && v.p[i] != ' ' && v.p[i] != '\t')
		i++;
	m->cseq_method = slice_trim(slice_skip(v, i));
	if (!slice_to_u64(slice_make(v.p, i), MAX_CSEQ, &n) || m->cseq_method.n == 0)
		return false;
	m->cseq = (uint32_t)n;
	return true;
}

/* RFC 3261 18.3: what a datagram holds beyond Content-Length is not the message's. False when that
 * is no number, there twice, or more than has come. */
static bool cut_body(struct sip_msg *m)
{
	struct slice length = sip_msg_header(m, "content-length", 0);
	uint64_t n;

	if (!length.p)
		return true;
	if (!slice_to_u64(length, UINT32_MAX, &n) || n > m->body.n ||
	    sip_msg_header(m, "content-length", 1).p)
		return false;
	m->body.n = (size_t)n;
	return true;
}

static bool max_forwards_ok(const struct sip_msg *m)
{
	struct slice v = sip_msg_header(m, "max-forwards", 0);
	uint64_t n;

	return !v.p || slice_to_u64(v, 255, &n);
}

/* 0, or the status that refuses the request. */
static int check_request(const struct sip_msg *m, const char **why)
{
	struct sip_uri uri;

	if (!slice_ieq_str(m->version, "SIP/2.0"))
		return refuse(505, "the version is not SIP/2.0", why);
	if (!slice_eq(m->method, m->cseq_method))
		return refuse(400, "method and CSeq differ", why);
	if (sip_uri_split(m->request_uri, &uri) < 0)
		return refuse(400, "the Request-URI is no URI", why);
	if (!uri.is_sip)
		return refuse(416, "the Request-URI has an unknown scheme", why);
	if (uri.headers.p)
		return refuse(400, "the Request-URI carries headers", why);
	if (sip_msg_header(m, "from", 1).p || sip_msg_header(m, "to", 1).p ||
	    sip_msg_header(m, "call-id", 1).p || sip_msg_header(m, "cseq", 1).p)
		return refuse(400, "a mandatory header is there twice", why);
	if (!max_forwards_ok(m))
		return refuse(400, "Max-Forwards is no number up to 255", why);
	return 0;
}

/* osip's opinion on the syntax; its message is not kept. */
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

/* 0: well; a status: a request that can be refused with it; DROP: nothing can be answered. */
static int examine(struct sip_msg *m, const struct prefilter *p, const char **why)
{
	bool lines_ok = index_headers(m), body_ok = cut_body(m);
	struct sip_via via;
	int status;

	if (!sip_msg_via(m, &via) || sip_msg_via_count(m) > MAX_VIAS)
		return refuse(DROP, "no usable Via", why);
	m->call_id = sip_msg_header(m, "call-id", 0);
	if (m->call_id.n == 0 || sip_msg_header(m, "from", 0).n == 0 ||
	    sip_msg_header(m, "to", 0).n == 0 || sip_msg_header(m, "cseq", 0).n == 0)
		return refuse(DROP, "From, To, Call-ID or CSeq is missing", why);
	if (!m->request && (m->code < 100 || m->code > 699))
		return refuse(DROP, "the status code is none", why);
	if (!lines_ok)
		return refuse(400, "a header line without a colon", why);
	if (!fill_addresses(m))
		return refuse(400, "From or To is broken", why);
	if (!fill_cseq(m))
		return refuse(400, "CSeq is broken", why);
	/* An answer that miscounts its body still proves that somebody is there. */
	if (m->request && !body_ok)
		return refuse(400, "Content-Length does not fit the body", why);
	if (m->request && (status = check_request(m, why)) != 0)
		return status;
	return osip_accepts(p) ? 0 : refuse(400, "the syntax is broken", why);
}

enum sip_input sip_msg_parse(const void *buf, size_t n, struct sip_msg **out, int *status,
			     const char **why)
{
	const char *reason = NULL;
	struct prefilter p;
	struct sip_msg *m;
	int found;

	*out = NULL;
	if (status)
		*status = 0;
	prefilter_look(slice_make(buf, n), &p);
	if (why)
		*why = p.why;
	if (p.input != SIP_IN_MESSAGE)
		return p.input;
	sip_message_init();
	m = xcalloc(1, sizeof(*m));
	m->raw = xmalloc(n);
	memcpy(m->raw, buf, n);
	m->all = slice_make(m->raw, n);
	m->request = p.request;
	if (p.body.n)
		m->body = slice_make(m->raw + (p.body.p - (const char *)buf), p.body.n);
	unfold(m, p.head);
	found = examine(m, &p, &reason);
	if (why)
		*why = reason;
	if (found == DROP || (found && !m->request)) {
		sip_msg_free(m);
		return SIP_IN_RUBBISH;
	}
	if (!m->request)
		m->method = m->cseq_method;
	if (status)
		*status = found;
	*out = m;
	return found ? SIP_IN_BAD_REQUEST : SIP_IN_MESSAGE;
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
