/* The record: how the store packs one binding into 64 bytes, a blob of text, and shared profiles.
 */
#include "model/record.h"

#include "base/alloc.h"

/* A blob is: its length, key, contact, then what the flags say, in the order of record_pack().
 * Lengths are LEB128. The user nearly always stands in the contact ("sip:4021@…"), and the key
 * often is the ruid: both are then kept once, as overlapping slices.
 *
 * A profile is what many bindings share word for word: numbers, socket, node, User-Agent. */

struct profile_head {
	uint32_t methods, cflags;
	int32_t q_milli, reg_id;
	uint32_t socket_n, node_n; /* then socket, node, and the User-Agent up to the end */
};

void record_pools_init(struct record_pools *p)
{
	memset(p, 0, sizeof(*p));
	p->domains = intern_new();
	p->profiles = intern_new();
	p->paths = intern_new();
}

void record_pools_free(struct record_pools *p)
{
	arena_free(&p->arena);
	intern_free(p->domains);
	intern_free(p->profiles);
	intern_free(p->paths);
	strbuf_free(&p->scratch[0]);
	strbuf_free(&p->scratch[1]);
}

size_t record_pools_bytes(const struct record_pools *p)
{
	return p->arena.used + intern_bytes(p->domains) + intern_bytes(p->profiles) +
	       intern_bytes(p->paths);
}

static void add_number(struct strbuf *out, uint64_t v)
{
	do {
		unsigned char c = v & 0x7f;

		v >>= 7;
		strbuf_add_char(out, (char)(v ? c | 0x80 : c));
	} while (v);
}

static uint64_t get_number(const char **at)
{
	uint64_t v = 0;
	unsigned shift = 0;
	unsigned char c;

	do {
		c = (unsigned char)*(*at)++;
		v |= (uint64_t)(c & 0x7f) << shift;
		shift += 7;
	} while (c & 0x80);
	return v;
}

static void add_text(struct strbuf *out, struct slice s)
{
	add_number(out, s.n);
	strbuf_add(out, s.p, s.n);
}

static struct slice get_text(const char **at)
{
	size_t n = (size_t)get_number(at);
	struct slice s = slice_make(*at, n);

	*at += n;
	return s;
}

/* Where needle stands in s, byte for byte; -1 when it does not. */
static ptrdiff_t find_exact(struct slice s, struct slice needle)
{
	const char *at;

	if (needle.n == 0 || s.n == 0)
		return -1;
	at = memmem(s.p, s.n, needle.p, needle.n);
	return at ? at - s.p : -1;
}

static bool fits_seconds(int64_t v)
{
	return v >= 0 && v < UINT32_MAX;
}

/* UINT32_MAX stands for "permanent" in expires and for "unknown" in granted. */
static bool numbers_fit(const struct binding *b)
{
	return (b->expires_s == BINDING_PERMANENT || fits_seconds(b->expires_s)) &&
	       fits_seconds(b->refreshed_s) && (b->granted_s == -1 || fits_seconds(b->granted_s));
}

static uint16_t flags_of(const struct binding *b, ptrdiff_t user_at)
{
	unsigned f = 0;

	f |= user_at >= 0 ? RECORD_USER_IN_CONTACT : 0;
	f |= b->received.n ? RECORD_RECEIVED : 0;
	f |= b->path.n ? RECORD_PATH : 0;
	f |= b->call_id.n ? RECORD_CALL_ID : 0;
	f |= b->instance.n ? RECORD_INSTANCE : 0;
	if (b->ruid.n)
		f |= slice_eq(b->ruid, b->key) ? RECORD_RUID_IS_KEY : RECORD_RUID;
	f |= b->connection ? RECORD_CONNECTION : 0;
	f |= numbers_fit(b) ? 0 : RECORD_WIDE;
	return (uint16_t)f;
}

static void pack_blob(uint16_t flags, const struct binding *b, ptrdiff_t user_at, uint32_t path,
		      struct strbuf *out)
{
	int64_t wide[3] = {b->expires_s, b->refreshed_s, b->granted_s};

	add_text(out, b->key);
	add_text(out, b->contact);
	if (flags & RECORD_USER_IN_CONTACT) {
		add_number(out, (uint64_t)user_at);
		add_number(out, b->user.n);
	} else {
		add_text(out, b->user);
	}
	if (flags & RECORD_RECEIVED)
		add_text(out, b->received);
	if (flags & RECORD_PATH)
		add_number(out, path);
	if (flags & RECORD_CALL_ID)
		add_text(out, b->call_id);
	if (flags & RECORD_INSTANCE)
		add_text(out, b->instance);
	if (flags & RECORD_RUID)
		add_text(out, b->ruid);
	if (flags & RECORD_CONNECTION)
		add_number(out, (uint32_t)b->connection);
	if (flags & RECORD_WIDE)
		strbuf_add(out, wide, sizeof(wide));
}

static uint32_t take_profile(const struct binding *b, struct record_pools *p)
{
	struct strbuf *scratch = &p->scratch[0];
	struct profile_head h = {
		.methods = b->methods,
		.cflags = b->cflags,
		.q_milli = b->q_milli,
		.reg_id = b->reg_id,
		.socket_n = (uint32_t)b->socket.n,
		.node_n = (uint32_t)b->node.n,
	};

	strbuf_clear(scratch);
	strbuf_add(scratch, &h, sizeof(h));
	strbuf_add_slice(scratch, b->socket);
	strbuf_add_slice(scratch, b->node);
	strbuf_add_slice(scratch, b->user_agent);
	return intern_take(p->profiles, strbuf_slice(scratch));
}

/* The blob's whole size, its own length included. */
static size_t blob_size(const struct record *r, const struct arena *a)
{
	const char *start = arena_at(a, r->text), *at = start;
	size_t n = (size_t)get_number(&at);

	return (size_t)(at - start) + n;
}

static const char *blob_body(const struct record *r, const struct arena *a)
{
	const char *at = arena_at(a, r->text);

	get_number(&at);
	return at;
}

static uint32_t path_id(const struct record *r, const struct record_pools *p)
{
	const char *at = blob_body(r, &p->arena);

	if (!(r->flags & RECORD_PATH))
		return 0;
	get_text(&at);
	get_text(&at);
	if (r->flags & RECORD_USER_IN_CONTACT) {
		get_number(&at);
		get_number(&at);
	} else {
		get_text(&at);
	}
	if (r->flags & RECORD_RECEIVED)
		get_text(&at);
	return (uint32_t)get_number(&at);
}

/* The finished blob, its length in front, in the pools' scratch. */
static struct slice make_blob(uint16_t flags, const struct binding *b, ptrdiff_t user_at,
			      uint32_t path, struct record_pools *p)
{
	struct strbuf *body = &p->scratch[0], *blob = &p->scratch[1];

	strbuf_clear(body);
	strbuf_clear(blob);
	pack_blob(flags, b, user_at, path, body);
	add_number(blob, body->n);
	strbuf_add(blob, body->p, body->n);
	return strbuf_slice(blob);
}

void record_pack(struct record *r, bool had_old, const struct binding *b, struct record_pools *p)
{
	ptrdiff_t user_at = find_exact(b->contact, b->user);
	uint16_t flags = flags_of(b, user_at);
	uint32_t domain = intern_take(p->domains, b->domain);
	uint32_t path = intern_take(p->paths, b->path);
	uint32_t profile = take_profile(b, p);
	struct slice blob = make_blob(flags, b, user_at, path, p);
	struct record old = *r;
	bool in_place = false;

	r->expires = b->expires_s == BINDING_PERMANENT ? UINT32_MAX : (uint32_t)b->expires_s;
	r->refreshed = (uint32_t)b->refreshed_s;
	r->granted = (uint32_t)b->granted_s;
	r->cseq = b->cseq;

	if (had_old) {
		size_t old_size = blob_size(&old, &p->arena);

		intern_drop(p->paths, path_id(&old, p));
		intern_drop(p->domains, old.domain);
		intern_drop(p->profiles, old.profile);
		in_place = arena_rewrite(&p->arena, old.text, old_size, blob);
		if (!in_place)
			arena_drop(&p->arena, old_size);
	}
	if (!in_place)
		r->text = arena_add(&p->arena, blob);
	r->domain = domain;
	r->profile = profile;
	r->flags = (uint16_t)((r->flags & ~RECORD_PACKED) | flags);
}

static void unpack_profile(struct slice s, struct binding *out)
{
	struct profile_head h;

	memcpy(&h, s.p, sizeof(h));
	s = slice_skip(s, sizeof(h));
	out->methods = h.methods;
	out->cflags = h.cflags;
	out->q_milli = h.q_milli;
	out->reg_id = h.reg_id;
	out->socket = slice_make(s.p, h.socket_n);
	s = slice_skip(s, h.socket_n);
	out->node = slice_make(s.p, h.node_n);
	out->user_agent = slice_skip(s, h.node_n);
}

static void unpack_numbers(const struct record *r, const char *wide, struct binding *out)
{
	int64_t v[3];

	out->cseq = r->cseq;
	if (r->flags & RECORD_WIDE) {
		memcpy(v, wide, sizeof(v));
		out->expires_s = v[0];
		out->refreshed_s = v[1];
		out->granted_s = v[2];
		return;
	}
	out->expires_s = r->expires == UINT32_MAX ? BINDING_PERMANENT : (int64_t)r->expires;
	out->refreshed_s = r->refreshed;
	out->granted_s = r->granted == UINT32_MAX ? -1 : (int64_t)r->granted;
}

void record_unpack(const struct record *r, const struct record_pools *p, struct binding *out)
{
	const char *at = blob_body(r, &p->arena);

	out->key = get_text(&at);
	out->contact = get_text(&at);
	if (r->flags & RECORD_USER_IN_CONTACT) {
		out->user.p = out->contact.p + get_number(&at);
		out->user.n = (size_t)get_number(&at);
	} else {
		out->user = get_text(&at);
	}
	out->received = r->flags & RECORD_RECEIVED ? get_text(&at) : SLICE_NONE;
	out->path = r->flags & RECORD_PATH ? intern_text(p->paths, (uint32_t)get_number(&at))
					   : SLICE_NONE;
	out->call_id = r->flags & RECORD_CALL_ID ? get_text(&at) : SLICE_NONE;
	out->instance = r->flags & RECORD_INSTANCE ? get_text(&at) : SLICE_NONE;
	out->ruid = r->flags & RECORD_RUID ? get_text(&at) : SLICE_NONE;
	if (r->flags & RECORD_RUID_IS_KEY)
		out->ruid = out->key;
	out->connection = 0;
	if (r->flags & RECORD_CONNECTION)
		out->connection = (int32_t)(uint32_t)get_number(&at);
	unpack_numbers(r, at, out);
	unpack_profile(intern_text(p->profiles, r->profile), out);
	out->domain = intern_text(p->domains, r->domain);
	out->source = r->source;
}

int64_t record_expires(const struct record *r, const struct record_pools *p)
{
	int64_t wide[3];
	const char *at;
	size_t n;

	if (!(r->flags & RECORD_WIDE))
		return r->expires == UINT32_MAX ? BINDING_PERMANENT : (int64_t)r->expires;
	at = arena_at(&p->arena, r->text);
	n = (size_t)get_number(&at);
	memcpy(wide, at + n - sizeof(wide), sizeof(wide));
	return wide[0];
}

void record_glance(const struct record *r, const struct record_pools *p, struct store_glance *out)
{
	const char *at = arena_at(&p->arena, r->text), *end;
	size_t n = (size_t)get_number(&at);

	end = at + n;
	out->domain = r->domain;
	out->profile = r->profile;
	get_text(&at);
	out->contact = get_text(&at);
	if (r->flags & RECORD_USER_IN_CONTACT) {
		out->user.p = out->contact.p + get_number(&at);
		out->user.n = (size_t)get_number(&at);
	} else {
		out->user = get_text(&at);
	}
	out->rest = slice_make(at, (size_t)(end - at));
	out->expires_s = record_expires(r, p);
	out->asked = r->flags & RECORD_EVIDENCE;
}

struct slice record_agent(const struct record_pools *p, uint32_t profile)
{
	struct slice s = intern_text(p->profiles, profile);
	struct profile_head h;

	if (!s.n)
		return SLICE_NONE;
	memcpy(&h, s.p, sizeof(h));
	return slice_skip(s, sizeof(h) + h.socket_n + h.node_n);
}

void record_release(const struct record *r, struct record_pools *p)
{
	intern_drop(p->paths, path_id(r, p));
	intern_drop(p->domains, r->domain);
	intern_drop(p->profiles, r->profile);
	arena_drop(&p->arena, blob_size(r, &p->arena));
}

struct slice record_user(const struct record *r, const struct record_pools *p)
{
	const char *at = blob_body(r, &p->arena);
	struct slice contact, user;

	get_text(&at);
	contact = get_text(&at);
	if (r->flags & RECORD_USER_IN_CONTACT) {
		user.p = contact.p + get_number(&at);
		user.n = (size_t)get_number(&at);
	} else {
		user = get_text(&at);
	}
	return user;
}

struct slice record_key(const struct record *r, const struct record_pools *p)
{
	const char *at = blob_body(r, &p->arena);

	return get_text(&at);
}

void record_move_text(struct record *r, const struct arena *from, struct arena *to)
{
	r->text = arena_add(to, slice_make(arena_at(from, r->text), blob_size(r, from)));
}
