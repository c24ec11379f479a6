/* Splits a SIP URI into slices without changing a byte of it. */
#ifndef REGTOP_BASE_SIPURI_H
#define REGTOP_BASE_SIPURI_H

#include "base/netaddr.h"
#include "base/slice.h"

/* All slices point into the raw URI; nothing is unescaped. */
struct sip_uri {
	struct slice scheme; /* "sip", "sips", "tel", "mailto", … without the colon */
	struct slice user;   /* may be empty */
	struct slice password;
	struct slice host;    /* IPv6 without brackets */
	struct slice params;  /* after the first ';' of the host part, without it */
	struct slice headers; /* after '?', without it */
	unsigned port;        /* 0: absent */
	bool is_sip;          /* scheme sip or sips: host, port and params mean something */
	bool is_sips;
};

/* raw: a bare URI without angle brackets. 0, or -EINVAL when there is no scheme, or a sip URI has
 * no host or a port outside 1..65535, or the text holds bytes that no URI can hold (controls,
 * blanks, quotes, angle brackets). */
int sip_uri_split(struct slice raw, struct sip_uri *out);
/* Finds ;name[=value] (name ignoring case); value may be NULL. */
bool sip_uri_param(const struct sip_uri *u, const char *name, struct slice *value);
/* The transport parameter, or the scheme's default (sip: UDP, sips: TLS). */
enum transport sip_uri_transport(const struct sip_uri *u);
/* First URI of a Path or Route value "<sip:edge;lr>, <sip:next>": what is inside the first pair of
 * angle brackets, or the trimmed text up to a comma when there is none. Empty if there is none. */
struct slice sip_uri_first_of_list(struct slice value);
/* %HH unescaped into dst (cut to fit, NUL-terminated); returns the length. */
size_t sip_uri_unescape(struct slice s, char *dst, size_t size);

#endif
