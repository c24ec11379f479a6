/* Kamailio's temp-GRUU: the request URI that its lookup() resolves to exactly one binding. */
#include "source/kamailio_gruu.h"

#include <ctype.h>

static uint32_t signed_byte(char c)
{
	return (uint32_t)(int32_t)(signed char)c;
}

uint32_t kamailio_aor_hash(struct slice aor)
{
	uint32_t h = 0, v;
	size_t i = 0;

	for (; i + 4 <= aor.n; i += 4) {
		v = (signed_byte(aor.p[i]) << 24) + (signed_byte(aor.p[i + 1]) << 16) +
		    (signed_byte(aor.p[i + 2]) << 8) + signed_byte(aor.p[i + 3]);
		h += v ^ (v >> 3);
	}
	v = 0;
	for (; i < aor.n; i++)
		v = (v << 8) + signed_byte(aor.p[i]);
	h += v ^ (v >> 3);
	return h + (h >> 11) + ((h >> 13) + (h >> 23));
}

/* "uloc-…" from a REGISTER, "ulcx-…" from an RPC; anything else would not survive in a URI. */
static bool is_ruid(struct slice ruid)
{
	if (!slice_starts_with(ruid, "uloc-") && !slice_starts_with(ruid, "ulcx-"))
		return false;
	for (size_t i = 5; i < ruid.n; i++)
		if (!isxdigit((unsigned char)ruid.p[i]) && ruid.p[i] != '-')
			return false;
	return true;
}

static bool is_host(struct slice host)
{
	for (size_t i = 0; i < host.n; i++)
		if (!isalnum((unsigned char)host.p[i]) && !memchr(".-:[]_", host.p[i], 6))
			return false;
	return host.n > 0;
}

bool kamailio_gruu_add(const struct binding *b, struct slice domain, struct strbuf *out)
{
	struct strbuf aor = STRBUF_INIT;
	struct slice host = slice_empty(b->domain) ? domain : b->domain;
	uint32_t hash;

	if (!is_ruid(b->ruid) || !is_host(host))
		return false;
	binding_add_aor(b, &aor);
	hash = kamailio_aor_hash(strbuf_slice(&aor));
	strbuf_free(&aor);
	strbuf_add_str(out, "sip:");
	strbuf_add_slice(out, b->ruid);
	strbuf_add_char(out, '-');
	/* Least significant digit first, without padding. */
	for (; hash; hash >>= 4)
		strbuf_add_char(out, "0123456789abcdef"[hash & 15]);
	strbuf_add_char(out, '@');
	strbuf_add_slice(out, host);
	strbuf_add_str(out, ";gr");
	return true;
}
