/* The offer of a test call: its text, and the silent port that it names. */
#include "sip/call_sdp.h"

#include <unistd.h>

#define DISCARD_PORT 9
#define TRIES        8

static int bind_any(const struct netaddr *local, unsigned *port)
{
	struct netaddr at = *local;
	int fd = socket(local->sa.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	netaddr_set_port(&at, 0);
	if (bind(fd, &at.sa, at.len) == 0 && getsockname(fd, &at.sa, &at.len) == 0) {
		*port = netaddr_port(&at);
		return fd;
	}
	close(fd);
	return -1;
}

int call_media_open(const struct netaddr *local, unsigned *port)
{
	int fd = -1, size = 1;

	for (int i = 0; i < TRIES; i++) {
		if (fd >= 0)
			close(fd);
		fd = bind_any(local, port);
		if (fd < 0 || *port % 2 == 0)
			break;
	}
	if (fd < 0)
		*port = DISCARD_PORT;
	else
		/* Nobody reads it: the kernel keeps as little as it can. */
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	return fd;
}

void call_sdp_write(struct strbuf *out, const struct netaddr *local, unsigned port, bool quiet)
{
	char text[NETADDR_STR];
	struct slice host = slice_of(netaddr_format_host(local, text));
	const char *family = "IP4";

	/* IPv6 stands without its brackets here. */
	if (host.n > 2 && host.p[0] == '[') {
		host = slice_make(host.p + 1, host.n - 2);
		family = "IP6";
	}
	strbuf_addf(out, "v=0\r\no=regtop %u %u IN %s %.*s\r\ns=Line test\r\n", port, port, family,
		    SLICE_FMT(host));
	strbuf_addf(out, "c=IN %s %.*s\r\nt=0 0\r\n", family, SLICE_FMT(host));
	if (quiet)
		strbuf_addf(out, "m=audio %u RTP/AVP 127\r\na=rtpmap:127 x-regtop-quiet/8000\r\n",
			    port);
	else
		strbuf_addf(out,
			    "m=audio %u RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\n"
			    "a=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
			    "a=fmtp:101 0-15\r\na=ptime:20\r\n",
			    port);
	strbuf_add_str(out, "a=sendrecv\r\n");
}
