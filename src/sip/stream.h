/* Streams: where one SIP message ends and the next begins in the bytes of a TCP connection. */
#ifndef REGTOP_SIP_STREAM_H
#define REGTOP_SIP_STREAM_H

#include "base/strbuf.h"

enum stream_item {
	STREAM_MORE,    /* not enough bytes yet */
	STREAM_MESSAGE, /* *out is one whole message */
	STREAM_PING,    /* CRLFCRLF (RFC 5626 3.5.1): answer with CRLF */
	STREAM_PONG,    /* a single CRLF */
	STREAM_BROKEN,  /* can never be framed again: close the connection */
};

/* Looks at the start of what has arrived. *used gets the bytes to remove before the next call (0
 * for MORE and BROKEN). A message needs a Content-Length (RFC 3261 18.3) and fits SIP_MAX_MESSAGE.
 */
enum stream_item stream_next(struct slice in, struct slice *out, size_t *used);

#endif
