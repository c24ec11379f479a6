/* How a probe reaches a binding: by our own flow, through its registrar, or direct. */
#include "act/ping_path.h"

#include <stdio.h>
#include "base/hash.h"
#include "base/sipuri.h"
#include "base/text.h"
#include "judge/next_hop.h"

/* Kamailio's stock configuration asks for a password when From is of a domain of its own
 * (facts/kamailio-opensips 4.2). */
#define FOREIGN_FROM "sip:regtop@regtop.invalid"

void ping_path_free(struct ping_path *p)
{
	strbuf_free(&p->request_uri);
	strbuf_free(&p->route);
	strbuf_free(&p->to_uri);
	strbuf_free(&p->from_uri);
}

static void never(struct ping_path *p, enum probe_outcome outcome, const char *why)
{
	p->never = outcome;
	text_clean_buf(slice_of(why), p->why, sizeof(p->why));
}

/* Bytes that would end a header line or a URI inside angle brackets; a database may hold any. */
static bool is_safe(struct slice s, bool in_uri)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return false;
		if (in_uri && (c == ' ' || c == '\t' || c == '<' || c == '>' || c == '"'))
			return false;
	}
	return true;
}

static bool is_host(struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		      strchr("-._:[]", c)))
			return false;
	}
	return s.n > 0;
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

/* RFC 3261 25.1: user = unreserved / escaped / user-unreserved. */
static void add_user(struct slice s, struct strbuf *out)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool escaped = c == '%' && i + 2 < s.n && is_hex(s.p[i + 1]) && is_hex(s.p[i + 2]);

		if (escaped || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
		    (c >= 'A' && c <= 'Z') || (c && strchr("-_.!~*'()&=+$,;?/", c)))
			strbuf_add_char(out, c);
		else
			strbuf_addf(out, "%%%02X", (unsigned)(unsigned char)c);
	}
}

/* The AoR's domain; a registrar without domains is named by its address. */
static void add_domain(const struct binding *b, const struct ping_path *p, struct strbuf *out)
{
	char host[NETADDR_STR];

	if (is_host(b->domain))
		strbuf_add_slice(out, b->domain);
	else if (p->flow.local.len || p->flow.remote.len)
		strbuf_add_str(out,
			       netaddr_format_host(
				       p->flow.local.len ? &p->flow.local : &p->flow.remote, host));
	else
		strbuf_add_str(out, "regtop.invalid");
}

void ping_path_name(const struct binding *b, struct ping_path *p)
{
	strbuf_clear(&p->to_uri);
	strbuf_clear(&p->from_uri);
	strbuf_add_str(&p->to_uri, "sip:");
	if (b->user.n) {
		add_user(b->user, &p->to_uri);
		strbuf_add_char(&p->to_uri, '@');
	}
	add_domain(b, p, &p->to_uri);
	if (p->path == PROBE_PATH_REGISTRAR) {
		strbuf_add_str(&p->from_uri, FOREIGN_FROM);
	} else {
		strbuf_add_str(&p->from_uri, "sip:regtop@");
		add_domain(b, p, &p->from_uri);
	}
}

static void add_words(const struct binding *b, const char *request_uri, bool use_path,
		      struct ping_path *p)
{
	if (request_uri && request_uri[0])
		strbuf_add_str(&p->request_uri, request_uri);
	else
		strbuf_add_slice(&p->request_uri, b->contact);
	if (use_path)
		strbuf_add_slice(&p->route, b->path);
	ping_path_name(b, p);
	if (slice_empty(strbuf_slice(&p->request_uri)) ||
	    !is_safe(strbuf_slice(&p->request_uri), true))
		never(p, PROBE_UNROUTABLE, "the contact is no URI that could be asked");
	else if (!is_safe(strbuf_slice(&p->route), false))
		never(p, PROBE_UNROUTABLE, "the Path holds control characters");
}

static bool is_multicast(const struct netaddr *a)
{
	if (a->sa.sa_family == AF_INET)
		return IN_MULTICAST(ntohl(a->in4.sin_addr.s_addr)) ||
		       a->in4.sin_addr.s_addr == htonl(INADDR_BROADCAST);
	return a->sa.sa_family == AF_INET6 && IN6_IS_ADDR_MULTICAST(&a->in6.sin6_addr);
}

/* An outsider's packet can only say something about a phone that takes it from outsiders. */
static void check_direct(const struct act_env *env, uint8_t source, const struct next_hop *h,
			 struct ping_path *p)
{
	char text[EVIDENCE_DETAIL];

	if (!h->reachable) {
		never(p, PROBE_UNROUTABLE, h->why ? h->why : "nothing can be sent there");
	} else if (h->by_flow) {
		never(p, PROBE_UNROUTABLE, "only the registrar's own connection reaches it");
	} else if (h->addr.len == 0) {
		snprintf(text, sizeof(text), "%.60s: names are not resolved here", h->name);
		never(p, PROBE_UNROUTABLE, text);
	} else if (is_multicast(&h->addr)) {
		never(p, PROBE_UNROUTABLE, "a group address is not asked");
	} else if (h->transport == TRANSPORT_UDP) {
		if (!sip_transport_has(env->transports[source], TRANSPORT_UDP, &h->addr))
			never(p, PROBE_UNROUTABLE,
			      h->addr.sa.sa_family == AF_INET6
				      ? "regtop has no IPv6 socket to ask from"
				      : "regtop has no IPv4 socket to ask from");
	} else if (h->transport != TRANSPORT_TCP || h->nat) {
		never(p, PROBE_UNROUTABLE, "only the registrar's own connection reaches it");
	}
}

static bool can_send(const struct act_env *env, uint8_t source)
{
	return source < env->source_count && env->probers[source] && env->transports[source];
}

void ping_path_direct(const struct act_env *env, const struct binding *b, struct ping_path *out)
{
	struct next_hop h;

	*out = PING_PATH_INIT;
	out->path = PROBE_PATH_DIRECT;
	if (!can_send(env, b->source)) {
		never(out, PROBE_UNROUTABLE, "there is no socket to ask from");
		return;
	}
	next_hop_find(b, &h);
	check_direct(env, b->source, &h, out);
	if (out->never != PROBE_NOT_ASKED)
		return;
	out->flow.transport = h.transport;
	out->flow.remote = h.addr;
	add_words(b, NULL, true, out);
}

void ping_path_to(const struct act_env *env, const struct binding *b, const struct netaddr *addr,
		  struct ping_path *out)
{
	struct next_hop there = {.transport = TRANSPORT_UDP, .addr = *addr, .reachable = true};

	*out = PING_PATH_INIT;
	out->path = PROBE_PATH_DIRECT;
	if (!can_send(env, b->source)) {
		never(out, PROBE_UNROUTABLE, "there is no socket to ask from");
		return;
	}
	check_direct(env, b->source, &there, out);
	if (out->never != PROBE_NOT_ASKED)
		return;
	out->flow.transport = TRANSPORT_UDP;
	out->flow.remote = *addr;
	add_words(b, NULL, b->path.n > 0, out);
}

/* "udp:IP:PORT": the socket that took the REGISTER, which the phone's NAT and filter know. */
static void set_local(const struct binding *b, struct sip_flow *flow)
{
	struct slice word, rest = slice_cut(b->socket, ':', &word);

	if (transport_parse(word) != flow->transport ||
	    netaddr_parse_hostport(rest, 5060, &flow->local) < 0)
		flow->local.len = 0;
}

static void take_own(const struct act_env *env, const struct binding *b,
		     const struct source_route *r, struct ping_path *out)
{
	out->path = PROBE_PATH_OWN;
	out->flow.connection = r->connection;
	if (r->flow_gone ||
	    (r->connection && !sip_transport_is_open(env->transports[b->source], r->connection)))
		never(out, PROBE_FLOW_GONE, "its connection is closed");
	else if (r->transport == TRANSPORT_UDP)
		set_local(b, &out->flow);
	else if (!r->connection)
		never(out, PROBE_FLOW_GONE, "it has no connection");
}

/* Kamailio's tm does not look at ICMP, so a closed port is silence through it. Where nothing stands
 * between us and the phone, a packet of ours may say more. */
static bool direct_says_the_same(const struct act_env *env, const struct binding *b)
{
	struct ping_path direct = PING_PATH_INIT;
	struct next_hop h;

	next_hop_find(b, &h);
	if (!h.reachable || h.nat || h.by_flow || h.from == HOP_PATH ||
	    h.transport != TRANSPORT_UDP)
		return false;
	check_direct(env, b->source, &h, &direct);
	return direct.never == PROBE_NOT_ASKED;
}

static bool by_uac(struct source *s, const struct binding *b)
{
	return s && s->ops->uac && s->ops->uac(s, b, "OPTIONS", 0, NULL, NULL) != 0;
}

void ping_path_find(const struct act_env *env, const struct binding *b, struct ping_path *out)
{
	struct source *s = b->source < env->source_count ? env->sources[b->source] : NULL;
	struct source_route r;

	memset(&r, 0, sizeof(r));
	*out = PING_PATH_INIT;
	if (!s || !s->ops->route || !can_send(env, b->source) || !s->ops->route(s, b, &r)) {
		if (by_uac(s, b)) {
			out->path = PROBE_PATH_REGISTRAR;
			out->uac = true;
			out->second = can_send(env, b->source) && direct_says_the_same(env, b);
		} else {
			ping_path_direct(env, b, out);
		}
		return;
	}
	if (!r.own && !r.addr.len) {
		never(out, PROBE_ELSEWHERE, r.why);
		return;
	}
	memcpy(out->node, r.node, sizeof(out->node));
	out->flow.transport = r.transport;
	out->flow.remote = r.addr;
	if (r.own) {
		take_own(env, b, &r, out);
	} else {
		out->path = PROBE_PATH_REGISTRAR;
		out->second = direct_says_the_same(env, b);
	}
	if (out->never == PROBE_NOT_ASKED)
		add_words(b, r.request_uri, r.use_path, out);
}

uint64_t ping_path_place(const struct ping_path *p, const struct binding *b)
{
	char text[NETADDR_STR];

	if (p->uac)
		return hash_u64((uint64_t)b->source << 32 |
				hash_bytes(b->contact.p, b->contact.n) % PING_UAC_PLACES);
	if (p->path == PROBE_PATH_REGISTRAR || p->route.n)
		return hash_bytes(b->contact.p, b->contact.n) ^ hash_u64(b->source);
	netaddr_format(&p->flow.remote, text);
	return hash_bytes(text, strlen(text)) ^ hash_u64(256 + p->flow.transport);
}

static uint64_t mix_in(uint64_t h, struct slice s)
{
	return hash_u64(h ^ hash_bytes(s.p, s.n));
}

uint64_t ping_path_fingerprint(const struct binding *b)
{
	uint64_t h = hash_u64((uint64_t)b->source << 32 | b->connection);

	h = mix_in(mix_in(h, b->contact), b->received);
	return mix_in(mix_in(h, b->path), b->socket);
}
