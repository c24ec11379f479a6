/* Digest credentials: a challenge read, and its answer made (RFC 7616, RFC 2617, RFC 8760). */
#include "sip/digest.h"

#include <errno.h>
#include <sys/time.h>
#include <time.h>
#include <osip2/osip.h>
#include <osipparser2/osip_md5.h>
#include "base/sha256.h"
#include "sip/build.h"
#include "sip/values.h"

#define HASH_HEX (2 * SHA256_SIZE + 1)

/* ---- the challenge ------------------------------------------------------------------------- */

static bool has_token(struct slice list, const char *token)
{
	struct slice one;

	while ((one = value_list_next(&list)).n)
		if (slice_ieq_str(one, token))
			return true;
	return false;
}

static struct slice unquote(struct slice v)
{
	return v.n >= 2 && v.p[0] == '"' && v.p[v.n - 1] == '"' ? slice_make(v.p + 1, v.n - 2) : v;
}

static bool read_algorithm(struct slice v, enum digest_algorithm *out)
{
	*out = slice_ieq_str(v, "SHA-256") ? DIGEST_SHA256 : DIGEST_MD5;
	return *out == DIGEST_SHA256 || slice_ieq_str(v, "MD5");
}

int digest_read_challenge(struct slice value, struct digest_challenge *out)
{
	static const char scheme[] = "Digest";
	bool known = true, usable = true;
	struct slice rest, one, name, v;

	memset(out, 0, sizeof(*out));
	value = slice_trim(value);
	if (value.n <= sizeof(scheme) || (value.p[6] != ' ' && value.p[6] != '\t') ||
	    !slice_ieq_str(slice_make(value.p, 6), scheme))
		return -EINVAL;
	rest = slice_skip(value, 6);
	while ((one = value_list_next(&rest)).n) {
		v = unquote(slice_trim(slice_cut(one, '=', &name)));
		name = slice_trim(name);
		if (slice_ieq_str(name, "realm")) {
			out->realm = v;
		} else if (slice_ieq_str(name, "nonce")) {
			out->nonce = v;
		} else if (slice_ieq_str(name, "opaque")) {
			out->opaque = v;
			out->has_opaque = true;
		} else if (slice_ieq_str(name, "stale")) {
			out->stale = slice_ieq_str(v, "true");
		} else if (slice_ieq_str(name, "algorithm")) {
			out->named = true;
			known = read_algorithm(v, &out->algorithm);
		} else if (slice_ieq_str(name, "qop")) {
			out->qop = has_token(v, "auth");
			usable = out->qop || v.n == 0;
		}
	}
	if (!out->realm.p || out->nonce.n == 0)
		return -EINVAL;
	return known && usable ? 0 : -EPROTONOSUPPORT;
}

/* ---- the answer ---------------------------------------------------------------------------- */

static void to_hex(const unsigned char *hash, size_t n, char out[HASH_HEX])
{
	for (size_t i = 0; i < n; i++) {
		out[2 * i] = "0123456789abcdef"[hash[i] >> 4];
		out[2 * i + 1] = "0123456789abcdef"[hash[i] & 15];
	}
	out[2 * n] = '\0';
}

/* H(text) of RFC 7616 3.3, as hexadecimal digits; clears the text, which may hold a password. */
static void hash_text(enum digest_algorithm algorithm, struct strbuf *text, char out[HASH_HEX])
{
	unsigned char hash[SHA256_SIZE];
	osip_MD5_CTX md5;

	if (algorithm == DIGEST_SHA256) {
		sha256(text->p, text->n, hash);
		to_hex(hash, SHA256_SIZE, out);
	} else {
		osip_MD5Init(&md5);
		osip_MD5Update(&md5, (unsigned char *)text->p, (unsigned)text->n);
		osip_MD5Final(hash, &md5);
		to_hex(hash, 16, out);
	}
	explicit_bzero(text->p, text->n);
	strbuf_clear(text);
}

static void add_joined(struct strbuf *out, struct slice a, struct slice b)
{
	strbuf_add_slice(out, a);
	strbuf_add_char(out, ':');
	strbuf_add_slice(out, b);
}

/* RFC 7616 3.4.1 to 3.4.3; without qop RFC 2617 3.2.2.1. */
static void respond(const struct digest_challenge *c, const struct digest_request *r, uint32_t nc,
		    char out[HASH_HEX])
{
	struct strbuf text = STRBUF_INIT;
	char a1[HASH_HEX], a2[HASH_HEX];

	/* Room at once: a builder that grows would leave the password behind. */
	strbuf_reserve(&text, 256 + r->user.n + c->realm.n + r->password.n + c->nonce.n);
	add_joined(&text, r->user, c->realm);
	strbuf_add_char(&text, ':');
	strbuf_add_slice(&text, r->password);
	hash_text(c->algorithm, &text, a1);
	add_joined(&text, slice_of(r->method), r->uri);
	hash_text(c->algorithm, &text, a2);
	add_joined(&text, slice_of(a1), c->nonce);
	if (c->qop)
		strbuf_addf(&text, ":%08x:%s:auth", nc, r->cnonce);
	strbuf_add_char(&text, ':');
	strbuf_add_str(&text, a2);
	hash_text(c->algorithm, &text, out);
	strbuf_free(&text);
}

static void add_quoted(struct strbuf *out, const char *name, struct slice raw)
{
	strbuf_addf(out, "%s=\"", name);
	sip_build_add(out, raw);
	strbuf_add_char(out, '"');
}

/* A user's name from a configuration file may hold what a quoted string must escape. */
static void add_user(struct strbuf *out, struct slice user)
{
	strbuf_add_str(out, "username=\"");
	for (size_t i = 0; i < user.n; i++) {
		if (user.p[i] == '"' || user.p[i] == '\\')
			strbuf_add_char(out, '\\');
		sip_build_add(out, slice_make(user.p + i, 1));
	}
	strbuf_add_char(out, '"');
}

void digest_write_answer(struct strbuf *out, const struct digest_challenge *c,
			 const struct digest_request *r)
{
	uint32_t nc = r->nc ? r->nc : 1;
	char response[HASH_HEX];

	respond(c, r, nc, response);
	strbuf_add_str(out, "Digest ");
	add_user(out, r->user);
	add_quoted(out, ", realm", c->realm);
	add_quoted(out, ", nonce", c->nonce);
	add_quoted(out, ", uri", r->uri);
	strbuf_addf(out, ", response=\"%s\"", response);
	if (c->named)
		strbuf_addf(out, ", algorithm=%s",
			    c->algorithm == DIGEST_SHA256 ? "SHA-256" : "MD5");
	if (c->has_opaque)
		add_quoted(out, ", opaque", c->opaque);
	if (c->qop)
		strbuf_addf(out, ", qop=auth, nc=%08x, cnonce=\"%s\"", nc, r->cnonce);
}
