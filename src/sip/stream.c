/* Streams: where one SIP message ends and the next begins in the bytes of a TCP connection. */
#include "sip/stream.h"

#include "sip/message.h"

/* Length of the head with its empty line, or 0 when that has not come yet. */
static size_t head_length(struct slice in)
{
	const char *end = memmem(in.p, in.n, "\r\n\r\n", 4);

	return end ? (size_t)(end - in.p) + 4 : 0;
}

/* Content-Length of a whole head; false when it is missing, doubled or no number. */
static bool content_length(struct slice head, uint64_t *out)
{
	struct slice line, name, value;
	bool found = false;

	while (head.n) {
		head = slice_cut(head, '\n', &line);
		value = slice_trim(slice_cut(line, ':', &name));
		name = slice_trim(name);
		if (!slice_ieq_str(name, "content-length") && !slice_ieq_str(name, "l"))
			continue;
		if (found || !slice_to_u64(value, SIP_MAX_MESSAGE, out))
			return false;
		found = true;
	}
	return found;
}

enum stream_item stream_next(struct slice in, struct slice *out, size_t *used)
{
	uint64_t body;
	size_t head;

	*used = 0;
	if (in.n == 0)
		return STREAM_MORE;
	if (in.p[0] == '\r' || in.p[0] == '\n') {
		if (in.n >= 4 && memcmp(in.p, "\r\n\r\n", 4) == 0) {
			*used = 4;
			return STREAM_PING;
		}
		/* "\r\n\r" may still become a ping. */
		if (in.n < 4 && memcmp(in.p, "\r\n\r\n", in.n) == 0 && in.n != 2)
			return STREAM_MORE;
		*used = in.n >= 2 && in.p[1] == '\n' ? 2 : 1;
		return STREAM_PONG;
	}
	head = head_length(in);
	if (!head)
		return in.n > SIP_MAX_MESSAGE ? STREAM_BROKEN : STREAM_MORE;
	if (!content_length(slice_make(in.p, head), &body) || head + body > SIP_MAX_MESSAGE)
		return STREAM_BROKEN;
	if (in.n < head + body)
		return STREAM_MORE;
	*out = slice_make(in.p, head + (size_t)body);
	*used = out->n;
	return STREAM_MESSAGE;
}
