/* The pre-filter: tells messages from keepalives and rubbish, and keeps osip from what hurts it. */
#include "sip/prefilter.h"

#define MAX_LINE       2048
#define MAX_SEPARATORS 256 /* in one header */
/* In all of them: walking a list by index is quadratic, and 3 700 Path elements cost 130 ms. */
#define MAX_SEPARATORS_ALL 512
#define MAX_METHOD         64

static bool is_keepalive(struct slice raw)
{
	for (size_t i = 0; i < raw.n; i++)
		if (raw.p[i] != '\r' && raw.p[i] != '\n' && raw.p[i] != '\0' && raw.p[i] != ' ')
			return false;
	return true;
}

/* RFC 5389: first two bits zero, magic cookie at offset 4. */
static bool is_stun(struct slice raw)
{
	return raw.n >= 20 && (unsigned char)raw.p[0] <= 1 &&
	       memcmp(raw.p + 4, "\x21\x12\xa4\x42", 4) == 0;
}

/* Position behind the empty line, or 0 when there is none. */
static size_t head_end(struct slice raw)
{
	for (size_t i = 0; i < raw.n; i++) {
		if (raw.p[i] != '\n')
			continue;
		if (i + 1 < raw.n && raw.p[i + 1] == '\n')
			return i + 2;
		if (i + 2 < raw.n && raw.p[i + 1] == '\r' && raw.p[i + 2] == '\n')
			return i + 3;
	}
	return 0;
}

static struct slice without_cr(struct slice line)
{
	if (line.n && line.p[line.n - 1] == '\r')
		line.n--;
	return line;
}

static bool is_status_line(struct slice line)
{
	uint64_t code;

	return line.n >= 11 && slice_starts_with(line, "SIP/2.0 ") &&
	       slice_to_u64(slice_make(line.p + 8, 3), 999, &code) &&
	       (line.n == 11 || line.p[11] == ' ');
}

/* RFC 3261 25.1. */
static bool is_token(struct slice s)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789-.!%*_+`'~";

	for (size_t i = 0; i < s.n; i++)
		if (!memchr(letters, s.p[i], sizeof(letters) - 1))
			return false;
	return s.n > 0;
}

/* METHOD SP uri SP SIP/d.d: exactly three words; the version is judged later, with an answer. */
static bool is_request_line(struct slice line)
{
	struct slice method, uri, version = slice_cut(line, ' ', &method);

	version = slice_cut(version, ' ', &uri);
	return is_token(method) && method.n <= MAX_METHOD && uri.n > 0 && version.n == 7 &&
	       slice_find_char(version, ' ') < 0 &&
	       slice_ieq(slice_make(version.p, 4), SLICE_LIT("SIP/"));
}

static bool is_folded(struct slice line)
{
	return line.n && (line.p[0] == ' ' || line.p[0] == '\t');
}

/* osip ends a line at a bare CR and we do not: a header behind one would be seen by osip alone, and
 * whoever reads our answer may see it too. */
static bool has_bare_cr(struct slice line)
{
	ptrdiff_t at = slice_find_char(line, '\r');

	return at >= 0 && (size_t)at + 1 < line.n;
}

static const char *check_lines(struct slice head)
{
	struct slice line;
	unsigned lines = 0, separators = 0, all = 0;

	while (head.n) {
		head = slice_cut(head, '\n', &line);
		if (++lines > PREFILTER_MAX_LINES)
			return "too many header lines";
		if (line.n > MAX_LINE)
			return "a header line is too long";
		if (has_bare_cr(line))
			return "a bare CR in the head";
		/* A folded line belongs to the header before it, and the first line is none. */
		if (lines == 2 && is_folded(line))
			return "the first header is folded";
		if (!is_folded(line)) {
			all += separators;
			separators = 0;
		}
		for (size_t i = 0; i < line.n; i++)
			separators += line.p[i] == ';' || line.p[i] == ',';
		if (separators > MAX_SEPARATORS || all + separators > MAX_SEPARATORS_ALL)
			return "too many parameters or list elements";
	}
	return NULL;
}

void prefilter_look(struct slice raw, struct prefilter *out)
{
	struct slice first;
	size_t end;

	memset(out, 0, sizeof(*out));
	out->input = SIP_IN_RUBBISH;
	if (is_stun(raw)) {
		out->input = SIP_IN_STUN;
		return;
	}
	if (raw.n <= 4 || is_keepalive(raw)) {
		out->input = SIP_IN_KEEPALIVE;
		return;
	}
	out->why = "larger than any message should be";
	if (raw.n > SIP_MAX_MESSAGE)
		return;
	/* A stray CRLF in front of a message is allowed (RFC 3261 7.5). */
	while (raw.n && (raw.p[0] == '\r' || raw.p[0] == '\n'))
		raw = slice_skip(raw, 1);
	end = head_end(raw);
	out->head = end ? slice_make(raw.p, end) : raw;
	out->body = end ? slice_skip(raw, end) : SLICE_NONE;
	out->why = "a NUL byte in the head";
	if (memchr(out->head.p, '\0', out->head.n))
		return;
	slice_cut(out->head, '\n', &first);
	first = without_cr(first);
	out->request = is_request_line(first);
	out->why = "the first line is neither a request nor a status";
	if (!out->request && !is_status_line(first))
		return;
	out->why = check_lines(out->head);
	if (!out->why)
		out->input = SIP_IN_MESSAGE;
}

static bool is_content(struct slice line)
{
	struct slice name;

	slice_cut(line, ':', &name);
	name = slice_trim(name);
	return slice_ieq_str(name, "content-type") || slice_ieq_str(name, "content-length") ||
	       slice_ieq_str(name, "content-encoding") || slice_ieq_str(name, "mime-version") ||
	       slice_ieq_str(name, "c") || slice_ieq_str(name, "l") || slice_ieq_str(name, "e");
}

/* A careless Contact does not make an answer less of one: to drop it would call a phone silent that
 * is there. Whoever needs the Contacts of an answer reads them one by one. */
static bool is_contact(struct slice line)
{
	struct slice name;

	slice_cut(line, ':', &name);
	name = slice_trim(name);
	return slice_ieq_str(name, "contact") || slice_ieq_str(name, "m");
}

void prefilter_copy_head(const struct prefilter *p, struct strbuf *out)
{
	struct slice rest = p->head, line;
	bool first = true, skip = false;

	while (rest.n) {
		rest = slice_cut(rest, '\n', &line);
		line = without_cr(line);
		if (line.n == 0)
			break;
		if (!first && !is_folded(line))
			skip = !p->request && is_contact(line);
		if (skip)
			continue;
		if (!first && !is_folded(line) && is_content(line))
			strbuf_add_str(out, "X-");
		strbuf_add_slice(out, line);
		/* Without the space osip takes the Via line as reason phrase. */
		if (first && !p->request && line.n == 11)
			strbuf_add_char(out, ' ');
		strbuf_add_str(out, "\r\n");
		first = false;
	}
	strbuf_add_str(out, "\r\n");
}
