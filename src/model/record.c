/* The record: how the store packs one binding into 32 bytes, a blob of text, and shared profiles.
 */
#include "model/record.h"

#include <stdlib.h>
#include "base/alloc.h"

/* A blob is: its length, key, numbers, contact, then what the flags say, in the order of
 * record_pack(). Lengths and numbers are LEB128. The user nearly always stands in the contact
 * ("sip:4021@…"), and the key often is the ruid: both are then kept once, as overlapping slices.
 *
 * Kamailio's ruids, "uloc-TIME-PID-COUNT", begin alike: what stands before the count is shared, and
 * the count's digits take half a byte each. Leading zeros are digits like others and capitals are
 * not taken, so that the key comes back byte for byte.
 *
 * A profile is what many bindings share word for word: numbers, socket, node, User-Agent. */

#define HEADS_MAX  1024 /* beginnings that are shared; more of them are not worth their entries */
#define DIGITS_MAX 16
#define NUMBER_MAX 10 /* bytes of a LEB128 */

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
	p->heads = intern_new();
	p->lent = xcalloc(RECORD_KEYS_LENT, sizeof(*p->lent));
}

void record_pools_free(struct record_pools *p)
{
	arena_free(&p->arena);
	intern_free(p->domains);
	intern_free(p->profiles);
	intern_free(p->paths);
	intern_free(p->heads);
	strbuf_free(&p->scratch);
	free(p->blob);
	free(p->lent);
}

size_t record_pools_bytes(const struct record_pools *p)
{
	return p->arena.used + intern_bytes(p->domains) + intern_bytes(p->profiles) +
	       intern_bytes(p->paths) + intern_bytes(p->heads);
}

/* ---- numbers and texts
 * --------------------------------------------------------------------------
 */

static void put_number(char **at, uint64_t v)
{
	while (v > 0x7f) {
		*(*at)++ = (char)(v | 0x80);
		v >>= 7;
	}
	*(*at)++ = (char)v;
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

static void put_bytes(char **at, const void *p, size_t n)
{
	if (n)
		memcpy(*at, p, n);
	*at += n;
}

static void put_text(char **at, struct slice s)
{
	put_number(at, s.n);
	put_bytes(at, s.p, s.n);
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

/* ---- keys
 * ---------------------------------------------------------------------------------------
 */

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* How many digits end a key that can be packed; 0 when it cannot. */
static size_t key_digits(struct slice key)
{
	size_t n = 0;

	if (key.n > RECORD_KEY_ROOM || !slice_starts_with(key, "uloc-"))
		return 0;
	while (n < key.n && digit_value(key.p[key.n - 1 - n]) >= 0)
		n++;
	return n <= DIGITS_MAX && key.p[key.n - 1 - n] == '-' ? n : 0;
}

static void put_key(char **at, struct slice key, size_t digits, uint32_t head)
{
	const char *d = key.p + key.n - digits;

	if (!digits) {
		put_text(at, key);
		return;
	}
	put_number(at, head);
	*(*at)++ = (char)digits;
	for (size_t i = 0; i < digits; i += 2)
		*(*at)++ = (char)(digit_value(d[i]) << 4 |
				  (i + 1 < digits ? digit_value(d[i + 1]) : 0));
}

static struct slice get_key(const char **at, uint16_t flags, const struct record_pools *p,
			    char *room)
{
	static const char letters[] = "0123456789abcdef";
	struct slice head;
	size_t digits;

	if (!(flags & RECORD_KEY_PACKED))
		return get_text(at);
	head = intern_text(p->heads, (uint32_t)get_number(at));
	digits = (unsigned char)*(*at)++;
	memcpy(room, head.p, head.n);
	for (size_t i = 0; i < digits; i++) {
		unsigned char two = (unsigned char)(*at)[i / 2];

		room[head.n + i] = letters[i & 1 ? two & 15 : two >> 4];
	}
	*at += (digits + 1) / 2;
	return slice_make(room, head.n + digits);
}

/* Returns the number of the head, 0 when the key is not packed. */
static uint32_t skip_key(const char **at, uint16_t flags)
{
	uint32_t head;

	if (!(flags & RECORD_KEY_PACKED)) {
		get_text(at);
		return 0;
	}
	head = (uint32_t)get_number(at);
	*at += 1 + ((unsigned char)**at + 1) / 2;
	return head;
}

/* ---- packing
 * ------------------------------------------------------------------------------------
 */

static bool fits_seconds(int64_t v)
{
	return v >= 0 && v < UINT32_MAX;
}

/* UINT32_MAX stands for "permanent" in expires. */
static bool times_fit(const struct binding *b)
{
	return (b->expires_s == BINDING_PERMANENT || fits_seconds(b->expires_s)) &&
	       fits_seconds(b->refreshed_s);
}

/* An edge that notes in its Path where each REGISTER came from makes one Path for each binding:
 * sharing it would only add to it. */
static bool path_is_own(struct slice path)
{
	return find_exact(path, SLICE_LIT("received=")) >= 0;
}

static uint16_t flags_of(const struct binding *b, ptrdiff_t user_at, size_t digits)
{
	unsigned f = 0;

	f |= user_at >= 0 ? RECORD_USER_IN_CONTACT : 0;
	f |= b->received.n ? RECORD_RECEIVED : 0;
	if (b->path.n)
		f |= path_is_own(b->path) ? RECORD_PATH_OWN : RECORD_PATH;
	f |= b->call_id.n ? RECORD_CALL_ID : 0;
	f |= b->instance.n ? RECORD_INSTANCE : 0;
	if (b->ruid.n)
		f |= slice_eq(b->ruid, b->key) ? RECORD_RUID_IS_KEY : RECORD_RUID;
	f |= b->connection ? RECORD_CONNECTION : 0;
	f |= times_fit(b) ? 0 : RECORD_WIDE;
	f |= digits ? RECORD_KEY_PACKED : 0;
	return (uint16_t)f;
}

static uint32_t take_profile(const struct binding *b, struct record_pools *p)
{
	struct strbuf *scratch = &p->scratch;
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

/* What a record holds references to. */
struct shared {
	uint32_t head, domain, profile, path;
};

static struct shared take_shared(const struct binding *b, uint16_t flags, size_t digits,
				 struct record_pools *p)
{
	struct slice head = slice_make(b->key.p, b->key.n - digits);

	return (struct shared){
		.head = flags & RECORD_KEY_PACKED ? intern_take(p->heads, head) : 0,
		.domain = intern_take(p->domains, b->domain),
		.profile = take_profile(b, p),
		.path = flags & RECORD_PATH ? intern_take(p->paths, b->path) : 0,
	};
}

static void drop_shared(struct shared x, struct record_pools *p)
{
	intern_drop(p->heads, x.head);
	intern_drop(p->domains, x.domain);
	intern_drop(p->profiles, x.profile);
	intern_drop(p->paths, x.path);
}

static void put_blob(char **at, uint16_t flags, const struct binding *b, ptrdiff_t user_at,
		     size_t digits, struct shared x)
{
	int64_t wide[2] = {b->expires_s, b->refreshed_s};

	put_key(at, b->key, digits, x.head);
	put_number(at, x.domain);
	put_number(at, x.profile);
	put_number(at, b->cseq);
	put_number(at, (uint64_t)b->granted_s + 1);
	if (flags & RECORD_PATH)
		put_number(at, x.path);
	put_text(at, b->contact);
	if (flags & RECORD_USER_IN_CONTACT) {
		put_number(at, (uint64_t)user_at);
		put_number(at, b->user.n);
	} else {
		put_text(at, b->user);
	}
	if (flags & RECORD_RECEIVED)
		put_text(at, b->received);
	if (flags & RECORD_PATH_OWN)
		put_text(at, b->path);
	if (flags & RECORD_CALL_ID)
		put_text(at, b->call_id);
	if (flags & RECORD_INSTANCE)
		put_text(at, b->instance);
	if (flags & RECORD_RUID)
		put_text(at, b->ruid);
	if (flags & RECORD_CONNECTION)
		put_number(at, (uint32_t)b->connection);
	if (flags & RECORD_WIDE)
		put_bytes(at, wide, sizeof(wide));
}

/* The finished blob, its length in front, in the pools' room for it. */
static struct slice make_blob(uint16_t flags, const struct binding *b, ptrdiff_t user_at,
			      size_t digits, struct shared x, struct record_pools *p)
{
	/* Every text with its length, twelve numbers more, and the wide times. */
	size_t most = b->key.n + b->contact.n + b->user.n + b->received.n + b->path.n +
		      b->call_id.n + b->instance.n + b->ruid.n + 20 * NUMBER_MAX +
		      2 * sizeof(int64_t);
	char length[NUMBER_MAX], *end, *length_end = length;
	size_t length_n;

	XGROW(p->blob, p->blob_cap, most);
	end = p->blob + NUMBER_MAX;
	put_blob(&end, flags, b, user_at, digits, x);
	put_number(&length_end, (uint64_t)(end - (p->blob + NUMBER_MAX)));
	length_n = (size_t)(length_end - length);
	memcpy(p->blob + NUMBER_MAX - length_n, length, length_n);
	return slice_make(p->blob + NUMBER_MAX - length_n,
			  (size_t)(end - p->blob) - NUMBER_MAX + length_n);
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

static struct shared shared_of(const struct record *r, const struct record_pools *p)
{
	const char *at = blob_body(r, &p->arena);
	struct shared x;

	x.head = skip_key(&at, r->flags);
	x.domain = (uint32_t)get_number(&at);
	x.profile = (uint32_t)get_number(&at);
	get_number(&at);
	get_number(&at);
	x.path = r->flags & RECORD_PATH ? (uint32_t)get_number(&at) : 0;
	return x;
}

void record_pack(struct record *r, bool had_old, const struct binding *b, struct record_pools *p)
{
	ptrdiff_t user_at = find_exact(b->contact, b->user);
	size_t digits = intern_count(p->heads) < HEADS_MAX ? key_digits(b->key) : 0;
	uint16_t flags = flags_of(b, user_at, digits);
	struct shared x = take_shared(b, flags, digits, p);
	struct slice blob = make_blob(flags, b, user_at, digits, x, p);
	bool in_place = false;

	r->expires = b->expires_s == BINDING_PERMANENT ? UINT32_MAX : (uint32_t)b->expires_s;
	r->refreshed = (uint32_t)b->refreshed_s;
	if (had_old) {
		size_t old_size = blob_size(r, &p->arena);

		drop_shared(shared_of(r, p), p);
		in_place = arena_rewrite(&p->arena, r->text, old_size, blob);
		if (!in_place)
			arena_drop(&p->arena, old_size);
	}
	if (!in_place)
		r->text = arena_add(&p->arena, blob);
	r->flags = (uint16_t)((r->flags & ~RECORD_PACKED) | flags);
}

/* ---- unpacking
 * ----------------------------------------------------------------------------------
 */

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

static void unpack_times(const struct record *r, const char *wide, struct binding *out)
{
	int64_t v[2];

	if (r->flags & RECORD_WIDE) {
		memcpy(v, wide, sizeof(v));
		out->expires_s = v[0];
		out->refreshed_s = v[1];
		return;
	}
	out->expires_s = r->expires == UINT32_MAX ? BINDING_PERMANENT : (int64_t)r->expires;
	out->refreshed_s = r->refreshed;
}

/* Room for a key that is lent: unpacking changes nothing that is stored. */
static char *lend_room(const struct record_pools *p)
{
	struct record_pools *lender = (struct record_pools *)p;

	return lender->lent[lender->lent_next++ % RECORD_KEYS_LENT];
}

/* Contact and user, which stand side by side. */
static struct slice get_contact(const char **at, uint16_t flags, struct slice *user)
{
	struct slice contact = get_text(at);

	if (flags & RECORD_USER_IN_CONTACT) {
		user->p = contact.p + get_number(at);
		user->n = (size_t)get_number(at);
	} else {
		*user = get_text(at);
	}
	return contact;
}

void record_unpack(const struct record *r, const struct record_pools *p, struct binding *out)
{
	const char *at = blob_body(r, &p->arena);
	char *room = r->flags & RECORD_KEY_PACKED ? lend_room(p) : NULL;
	uint32_t profile;

	out->key = get_key(&at, r->flags, p, room);
	out->domain = intern_text(p->domains, (uint32_t)get_number(&at));
	profile = (uint32_t)get_number(&at);
	out->cseq = (uint32_t)get_number(&at);
	out->granted_s = (int64_t)(get_number(&at) - 1);
	out->path = r->flags & RECORD_PATH ? intern_text(p->paths, (uint32_t)get_number(&at))
					   : SLICE_NONE;
	out->contact = get_contact(&at, r->flags, &out->user);
	out->received = r->flags & RECORD_RECEIVED ? get_text(&at) : SLICE_NONE;
	if (r->flags & RECORD_PATH_OWN)
		out->path = get_text(&at);
	out->call_id = r->flags & RECORD_CALL_ID ? get_text(&at) : SLICE_NONE;
	out->instance = r->flags & RECORD_INSTANCE ? get_text(&at) : SLICE_NONE;
	out->ruid = r->flags & RECORD_RUID ? get_text(&at) : SLICE_NONE;
	if (r->flags & RECORD_RUID_IS_KEY)
		out->ruid = out->key;
	out->connection = 0;
	if (r->flags & RECORD_CONNECTION)
		out->connection = (int32_t)(uint32_t)get_number(&at);
	unpack_times(r, at, out);
	unpack_profile(intern_text(p->profiles, profile), out);
	out->source = r->source;
}

int64_t record_expires(const struct record *r, const struct record_pools *p)
{
	int64_t wide[2];
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
	skip_key(&at, r->flags);
	out->domain = (uint32_t)get_number(&at);
	out->profile = (uint32_t)get_number(&at);
	get_number(&at);
	get_number(&at);
	if (r->flags & RECORD_PATH)
		get_number(&at);
	out->contact = get_contact(&at, r->flags, &out->user);
	out->all = slice_make(out->contact.p, (size_t)(end - out->contact.p));
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
	drop_shared(shared_of(r, p), p);
	arena_drop(&p->arena, blob_size(r, &p->arena));
}

struct slice record_aor(const struct record *r, const struct record_pools *p, uint32_t *domain)
{
	struct store_glance g;

	record_glance(r, p, &g);
	*domain = g.domain;
	return g.user;
}

struct slice record_key(const struct record *r, const struct record_pools *p, char *room)
{
	const char *at = blob_body(r, &p->arena);

	return get_key(&at, r->flags, p, room);
}

void record_move_text(struct record *r, const struct arena *from, struct arena *to)
{
	r->text = arena_add(to, slice_make(arena_at(from, r->text), blob_size(r, from)));
}
