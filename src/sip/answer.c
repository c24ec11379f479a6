/* Final answers as most phones write them, taken apart in one pass and without a copy. */
#include "sip/answer.h"

#include <strings.h>

/* Well inside of what the pre-filter lets through. */
#define MAX_ANSWER 2048
#define MAX_LINE   500
#define MAX_LINES  40
#define MAX_COMMAS 200

enum { SEEN_VIA = 1, SEEN_FROM = 2, SEEN_TO = 4, SEEN_CALL_ID = 8, SEEN_CSEQ = 16 };
#define SEEN_ALL (SEEN_VIA | SEEN_FROM | SEEN_TO | SEEN_CALL_ID | SEEN_CSEQ)

struct scan {
	struct sip_answer *out;
	unsigned seen;
	struct slice server;
	bool has_agent, has_server, has_warning;
};

/* ---- letters ------------------------------------------------------------------------------ */

enum { DIGIT = 1, LETTER = 2, MARK = 4, COLON = 8, BRACKET = 16, LIST = 32, PRINT = 64 };

#define HOST  (DIGIT | LETTER | MARK)
#define PLACE (HOST | COLON | BRACKET)

static const unsigned char letters[256] = {
	['\t'] = PRINT,
	[' ' ... '+'] = PRINT,
	[','] = PRINT | LIST,
	['-'] = PRINT | MARK,
	['.'] = PRINT | MARK,
	['/'] = PRINT,
	['0' ... '9'] = PRINT | DIGIT,
	[':'] = PRINT | COLON,
	[';'] = PRINT | LIST,
	['<' ... '@'] = PRINT,
	['A' ... 'Z'] = PRINT | LETTER,
	['['] = PRINT | BRACKET,
	['\\'] = PRINT,
	[']'] = PRINT | BRACKET,
	['^'] = PRINT,
	['_'] = PRINT | MARK,
	['`'] = PRINT,
	['a' ... 'z'] = PRINT | LETTER,
	['{' ... '~'] = PRINT,
};

static unsigned kind(char c)
{
	return letters[(unsigned char)c];
}

static bool only(struct slice s, unsigned kinds)
{
	for (size_t i = 0; i < s.n; i++)
		if (!(kind(s.p[i]) & kinds))
			return false;
	return s.n > 0;
}

static size_t span(struct slice s, unsigned kinds)
{
	size_t i = 0;

	while (i < s.n && kind(s.p[i]) & kinds)
		i++;
	return i;
}

static bool skip(struct slice *s, const char *text, size_t n)
{
	if (s->n < n || memcmp(s->p, text, n) != 0)
		return false;
	*s = slice_make(s->p + n, s->n - n);
	return true;
}

static struct slice take(struct slice *s, unsigned kinds)
{
	struct slice head = slice_make(s->p, span(*s, kinds));

	*s = slice_make(s->p + head.n, s->n - head.n);
	return head;
}

/* ---- headers ------------------------------------------------------------------------------ */

/* ";name" or ";name=value" again and again; one called `wanted` is kept. */
static bool read_params(struct slice v, const char *wanted, unsigned kinds, struct slice *value)
{
	bool found = false;

	while (v.n) {
		struct slice name, val = SLICE_NONE;

		if (!skip(&v, ";", 1))
			return false;
		name = take(&v, HOST);
		if (name.n == 0)
			return false;
		if (skip(&v, "=", 1)) {
			val = take(&v, kinds);
			if (val.n == 0)
				return false;
		}
		if (!slice_ieq_str(name, wanted))
			continue;
		if (found || val.n == 0)
			return false;
		found = true;
		*value = val;
	}
	return true;
}

/* "host" or "host:port", without IPv6, which is left to the parser. */
static bool read_host(struct slice *v)
{
	struct slice host = take(v, HOST), port;

	if (host.n == 0 || host.n > 255)
		return false;
	if (!skip(v, ":", 1))
		return true;
	port = take(v, DIGIT);
	/* 10000 and more only as far as 59999: no need to know 65535 here. */
	return port.n > 0 && port.p[0] != '0' && (port.n < 5 || (port.n == 5 && port.p[0] <= '5'));
}

static bool read_via(struct scan *s, struct slice v)
{
	if (!skip(&v, "SIP/2.0/UDP ", 12) && !skip(&v, "SIP/2.0/TCP ", 12))
		return false;
	return read_host(&v) && read_params(v, "branch", PLACE, &s->out->branch) &&
	       s->out->branch.n > 0;
}

/* "<sip:user@host:port>;tag=x": our own From and To come back like this. */
static bool read_address(struct slice v)
{
	struct slice tag;

	if (!skip(&v, "<sip:", 5))
		return false;
	if (memchr(v.p, '@', v.n)) {
		if (take(&v, HOST).n == 0 || !skip(&v, "@", 1))
			return false;
	}
	return read_host(&v) && skip(&v, ">", 1) && read_params(v, "tag", HOST, &tag);
}

static bool read_call_id(struct slice v)
{
	if (take(&v, HOST).n == 0)
		return false;
	return v.n == 0 || (skip(&v, "@", 1) && only(v, HOST));
}

static bool read_cseq(struct scan *s, struct slice v)
{
	struct slice number = take(&v, DIGIT);

	s->out->method = slice_skip(v, 1);
	return number.n > 0 && number.n < 10 && v.n > 1 && v.p[0] == ' ' &&
	       only(s->out->method, LETTER);
}

/* The first of a name counts, as with sip_msg_header(). */
static void keep_first(bool *has, struct slice *kept, struct slice v)
{
	if (!*has)
		*kept = v;
	*has = true;
}

static bool once(struct scan *s, unsigned which)
{
	if (s->seen & which)
		return false;
	s->seen |= which;
	return true;
}

struct known {
	const char *name;
	unsigned char n;
};

#define NAME(s)                                                                                    \
	{                                                                                          \
		s, sizeof(s) - 1                                                                   \
	}

/* Headers whose values the parser does not look into, in an answer. Contact is one of them, see
 * sip/prefilter. */
static const struct known passed[] = {
	NAME("Content-Length"), NAME("Contact"),         NAME("Allow"),
	NAME("Supported"),      NAME("Accept"),          NAME("Allow-Events"),
	NAME("Date"),           NAME("Content-Type"),    NAME("Organization"),
	NAME("Max-Forwards"),   NAME("Session-ID"),      NAME("Expires"),
	NAME("X-Serialnumber"), NAME("Accept-Language"), NAME("Accept-Encoding"),
};

static bool is_passed(struct slice name, struct slice v)
{
	for (size_t i = 0; i < sizeof(passed) / sizeof(passed[0]); i++) {
		if (passed[i].n != name.n || strncasecmp(passed[i].name, name.p, name.n) != 0)
			continue;
		/* osip takes these apart: only what is plain beyond doubt. */
		if (name.n >= 6 && strncasecmp(name.p, "Accept", 6) == 0)
			return slice_eq_str(v, "application/sdp") || slice_eq_str(v, "en");
		return v.n > 0;
	}
	return false;
}

static bool name_is(struct slice name, const char *wanted, size_t n)
{
	return name.n == n && strncasecmp(name.p, wanted, n) == 0;
}

static bool read_header(struct scan *s, struct slice name, struct slice v)
{
	if (name_is(name, "Via", 3))
		return once(s, SEEN_VIA) && read_via(s, v);
	if (name_is(name, "From", 4))
		return once(s, SEEN_FROM) && read_address(v);
	if (name_is(name, "To", 2))
		return once(s, SEEN_TO) && read_address(v);
	if (name_is(name, "Call-ID", 7))
		return once(s, SEEN_CALL_ID) && read_call_id(v);
	if (name_is(name, "CSeq", 4))
		return once(s, SEEN_CSEQ) && read_cseq(s, v);
	if (name_is(name, "User-Agent", 10))
		keep_first(&s->has_agent, &s->out->agent, v);
	else if (name_is(name, "Server", 6))
		keep_first(&s->has_server, &s->server, v);
	else if (name_is(name, "Warning", 7))
		keep_first(&s->has_warning, &s->out->warning, v);
	else
		return is_passed(name, v);
	return true;
}

/* ---- lines -------------------------------------------------------------------------------- */

/* The next line without its CRLF; false when it does not end in one or holds anything but
 * printable ASCII. */
static bool next_line(struct slice *rest, struct slice *line, unsigned *commas)
{
	const char *end = memchr(rest->p, '\n', rest->n);
	size_t n;

	if (!end || end == rest->p || end[-1] != '\r')
		return false;
	n = (size_t)(end - rest->p) - 1;
	*line = slice_make(rest->p, n);
	*rest = slice_make(end + 1, rest->n - n - 2);
	for (size_t i = 0; i < n; i++) {
		unsigned k = kind(line->p[i]);

		if (!(k & PRINT))
			return false;
		*commas += (k & LIST) != 0;
	}
	return n <= MAX_LINE && *commas <= MAX_COMMAS;
}

static bool read_status(struct slice line, struct sip_answer *out)
{
	if (!skip(&line, "SIP/2.0 ", 8) || line.n < 4 || line.p[3] != ' ' ||
	    span(line, DIGIT) != 3 || line.p[0] < '1' || line.p[0] > '6')
		return false;
	out->code = (line.p[0] - '0') * 100 + (line.p[1] - '0') * 10 + (line.p[2] - '0');
	out->reason = slice_trim(slice_skip(line, 4));
	return out->reason.n > 0;
}

static bool split_header(struct slice line, struct slice *name, struct slice *value)
{
	*name = take(&line, HOST);
	if (name->n == 0 || !skip(&line, ":", 1))
		return false;
	*value = slice_trim(line);
	return true;
}

bool sip_answer_scan(struct slice raw, struct sip_answer *out)
{
	struct scan s = {.out = out};
	struct slice line, name, value;
	unsigned commas = 0;

	memset(out, 0, sizeof(*out));
	if (raw.n > MAX_ANSWER || !next_line(&raw, &line, &commas) || !read_status(line, out))
		return false;
	for (unsigned lines = 0; lines < MAX_LINES; lines++) {
		if (!next_line(&raw, &line, &commas))
			return false;
		if (line.n == 0) {
			if (out->agent.n == 0)
				out->agent = s.server;
			return s.seen == SEEN_ALL;
		}
		if (!split_header(line, &name, &value) || !read_header(&s, name, value))
			return false;
	}
	return false;
}
